/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * pattern.c - patterns: from text to a small program.
 * Owns:      how a pattern is written, and what is wrong with one.
 * Called by: whatever reads rules and expressions, and table.c.
 * Must not:  ask the locale, or go deeper than NEST_MAX.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "config/pattern_internal.h"

#define SET_MAX		255u	/* different sets of bytes */
#define NEST_MAX	50u	/* groups in groups */
#define REPEAT_MAX	999u
#define ENDLESS		(REPEAT_MAX + 1)
#define SLOTS		(2 * PATTERN_GROUPS)

typedef unsigned char pattern_set[PATTERN_SET_SIZE];

struct pattern_read {
	const char	*p, *end;
	unsigned	 flags, n, sets, groups;
	const char	*why;		/* of the first fault, or NULL */
	const char	*at;
};

/* One pattern is read at a time. */
static struct pattern_code pattern_code[PATTERN_CODE_MAX + 1];
static pattern_set pattern_sets[SET_MAX];

/*
 * Names of classes, each with its ranges, both ends with the highest bit set.
 * The ones of a single letter are \d, \h, \s and \w.
 */
static const unsigned char pattern_classes[] =
    "alnum\260\271\301\332\341\372"
    "alpha\301\332\341\372"
    "blank\211\211\240\240"
    "cntrl\200\237\377\377"
    "d\260\271"
    "digit\260\271"
    "graph\241\376"
    "h\260\271\301\306\341\346"
    "lower\341\372"
    "print\240\376"
    "punct\241\257\272\300\333\340\373\376"
    "s\211\215\240\240"
    "space\211\215\240\240"
    "upper\301\332"
    "w\260\271\301\332\337\337\341\372"
    "word\260\271\301\332\337\337\341\372"
    "xdigit\260\271\301\306\341\346";

/* What may be meant by what is behind "(?". */
static const struct {
	char		 first[3];
	const char	*why;
} pattern_groups_not[] = {
	{ "=", "look-ahead is not taken: match twice, with \"and\"" },
	{ "!", "look-ahead is not taken: match twice, with \"and not\"" },
	{ "<=", "look-behind is not taken: match twice, with \"and\"" },
	{ "<!", "look-behind is not taken: match twice, with \"and not\"" },
	{ "<", "a group has no name here: write (...)" },
	{ "'", "a group has no name here: write (...)" },
	{ "P", "a group has no name here: write (...)" },
	{ ">", "atomic groups are not taken: write (?:...)" },
	{ "#", "no comment in a pattern: leave it out" },
	{ "", "no options in a pattern: write /.../i for all of it" }
};

static const char pattern_nothing[] = "nothing to repeat: write \\ before a "
    "sign that stands for itself";

/* Notes the first fault, and ends the reading. */
static void
pattern_fail(struct pattern_read *r, const char *at, const char *why)
{
	if (r->why == NULL) {
		r->why = why;
		r->at = at;
	}
	r->p = r->end;
}

bool
pattern_has(const unsigned char *set, unsigned c)
{
	return ((set[c >> 3] >> (c & 7) & 1) != 0);
}

static void
pattern_add(unsigned char *set, unsigned from, unsigned to)
{
	for (; from <= to; from++)
		set[from >> 3] |= (unsigned char)(1u << (from & 7));
}

static void
pattern_invert(unsigned char *set)
{
	unsigned i;

	for (i = 0; i < PATTERN_SET_SIZE; i++)
		set[i] ^= 0xff;
}

/* Adds a class; whether there is one. */
static bool
pattern_class(unsigned char *set, const char *name, size_t len)
{
	const unsigned char *p = pattern_classes, *q;
	bool found = false;

	for (; *p != '\0' && !found; p = q) {
		for (q = p; *q < 0x80; q++)
			continue;
		found = (size_t)(q - p) == len && memcmp(p, name, len) == 0;
		for (; *q >= 0x80; q += 2)
			if (found)
				pattern_add(set, q[0] & 0x7f, q[1] & 0x7f);
	}
	return (found);
}

/*
 * Makes room for count instructions at index; the one that is first there, or
 * one that does no harm.
 */
static struct pattern_code *
pattern_open(struct pattern_read *r, unsigned index, unsigned count)
{
	if (count > PATTERN_CODE_MAX - r->n) {
		pattern_fail(r, r->p, "the pattern is too large: smaller "
		    "repeats, or several patterns");
		return (&pattern_code[PATTERN_CODE_MAX]);
	}
	memmove(pattern_code + index + count, pattern_code + index,
	    (r->n - index) * sizeof(pattern_code[0]));
	r->n += count;
	return (&pattern_code[index]);
}

static void
pattern_emit(struct pattern_read *r, enum pattern_op op, unsigned arg,
    unsigned to)
{
	struct pattern_code *c = pattern_open(r, r->n, 1);

	c->op = (uint8_t)op;
	c->arg = (uint8_t)arg;
	c->to = (int16_t)to;
}

/* Makes a fork of code[at], to code[to]. */
static void
pattern_fork(unsigned at, unsigned to)
{
	pattern_code[at].op = PATTERN_FORK;
	pattern_code[at].to = (int16_t)((int)to - (int)at);
}

/* Of each letter both cases; does nothing to a set for the second time. */
static void
pattern_fold(const struct pattern_read *r, unsigned char *set)
{
	unsigned i, other;

	if ((r->flags & PATTERN_ICASE) == 0)
		return;
	for (i = 'a'; i <= 'z'; i++) {
		other = i ^ 0x20;
		if (pattern_has(set, i) || pattern_has(set, other)) {
			pattern_add(set, i, i);
			pattern_add(set, other, other);
		}
	}
}

static void
pattern_emit_set(struct pattern_read *r, unsigned char *set)
{
	unsigned i;

	pattern_fold(r, set);
	for (i = 0; i < r->sets; i++)
		if (memcmp(pattern_sets[i], set, PATTERN_SET_SIZE) == 0)
			break;
	if (i == SET_MAX) {
		pattern_fail(r, r->p, "too many different brackets");
		return;
	}
	if (i == r->sets)
		memcpy(pattern_sets[r->sets++], set, PATTERN_SET_SIZE);
	pattern_emit(r, PATTERN_SET, i, 0);
}

static bool
pattern_is_letter(unsigned char c)
{
	c |= 0x20;
	return (c >= 'a' && c <= 'z');
}

bool
pattern_is_word(unsigned char c)
{
	return (pattern_is_letter(c) || (c >= '0' && c <= '9') || c == '_');
}

static void
pattern_emit_byte(struct pattern_read *r, unsigned char c)
{
	pattern_set set;

	if ((r->flags & PATTERN_ICASE) == 0 || !pattern_is_letter(c)) {
		pattern_emit(r, PATTERN_BYTE, c, 0);
		return;
	}
	memset(set, 0, sizeof(set));
	pattern_add(set, c, c);
	pattern_emit_set(r, set);
}

/* Behind a backslash: its byte; or -1, and a class is added to the set. */
static int
pattern_escape(struct pattern_read *r, unsigned char *set)
{
	static const char plain[] = "t\tn\nr\rf\fv\va\ae\33";
	const char *at = r->p - 1, *p;
	pattern_set class;
	char lower;
	unsigned i;
	int c, digit;

	if (r->p == r->end) {
		pattern_fail(r, at, "nothing behind the backslash: write "
		    "\\\\ for a backslash");
		return (0);
	}
	c = (unsigned char)*r->p++;
	if (!pattern_is_word((unsigned char)c) || c == '_')
		return (c);
	for (p = plain; *p != '\0'; p += 2)
		if (*p == c)
			return (p[1]);
	lower = (char)(c | 0x20);
	memset(class, 0, sizeof(class));
	if (pattern_is_letter((unsigned char)c) &&
	    pattern_class(class, &lower, 1)) {
		if (c != lower)
			pattern_invert(class);
		for (i = 0; i < PATTERN_SET_SIZE; i++)
			set[i] |= class[i];
		return (-1);
	}
	if (c == '0' || c == 'x') {
		digit = r->p < r->end ? number_digit(*r->p) : -1;
		if (c == '0' && (digit == -1 || digit > 9))
			return (0);
		if (c == 'x' && digit != -1) {
			c = digit;
			if (++r->p < r->end &&
			    (digit = number_digit(*r->p)) != -1) {
				c = c * 16 + digit;
				r->p++;
			}
			return (c);
		}
		pattern_fail(r, at, "a byte by its number is written as "
		    "\\x and two hexadecimal digits");
	} else if (lower == 'p')
		pattern_fail(r, at, "\\p is not taken: write [[:alpha:]], "
		    "[[:digit:]] and so on");
	else if ((c >= '1' && c <= '9') || c == 'k' || c == 'g')
		pattern_fail(r, at, "back references are not taken: write "
		    "out what is to be there");
	else
		pattern_fail(r, at, "no such escape: a letter that stands "
		    "for itself has no \\ before it");
	return (0);
}

/* One thing in brackets: its byte, or -1 for a class that is added. */
static int
pattern_item(struct pattern_read *r, unsigned char *set)
{
	const char *at = r->p, *p;
	int c = (unsigned char)*r->p++, next = r->p < r->end ? *r->p : 0;

	if (c == '[' && (next == ':' || next == '=' || next == '.')) {
		for (p = ++r->p; r->end - p > 1; p++)
			if (p[0] == ':' && p[1] == ']')
				break;
		/* Single letters are not written that way. */
		if (next != ':' || r->end - p < 2 || p - r->p < 2 ||
		    !pattern_class(set, r->p, (size_t)(p - r->p)))
			pattern_fail(r, at, "no such class: there are "
			    "[:alpha:] [:digit:] [:alnum:] [:space:] ...");
		else
			r->p = p + 2;
		return (-1);
	}
	if ((r->flags & PATTERN_POSIX) != 0)
		return (c);
	if (c == '\\')
		return (pattern_escape(r, set));
	if (c == '[' || (c == '&' && next == '&'))
		pattern_fail(r, at, "no brackets in brackets and no &&: write "
		    "\\[ or \\& for the sign itself");
	return (c);
}

/* Behind "[". */
static void
pattern_bracket(struct pattern_read *r)
{
	const char *at = r->p - 1, *first, *item;
	pattern_set set;
	bool invert;
	int low, high;

	memset(set, 0, sizeof(set));
	invert = r->p < r->end && *r->p == '^';
	r->p += invert;
	for (first = r->p; r->p < r->end; ) {
		if (*r->p == ']' && r->p > first)
			break;
		item = r->p;
		low = pattern_item(r, set);
		if (low == -1)
			continue;
		high = low;
		if (r->end - r->p > 1 && r->p[0] == '-' && r->p[1] != ']') {
			r->p++;
			high = pattern_item(r, set);
			if (high < low) {
				pattern_fail(r, item, "a range goes from the "
				    "lower to the higher: write [a-z]");
				return;
			}
		}
		pattern_add(set, (unsigned)low, (unsigned)high);
	}
	if (r->p == r->end) {
		pattern_fail(r, at, "no ] for this [: write \\[ for the sign");
		return;
	}
	r->p++;
	if (invert) {
		pattern_fold(r, set);
		pattern_invert(set);
		/* regcomp(3)'s REG_NEWLINE. */
		if ((r->flags & (PATTERN_POSIX | PATTERN_DOT_ALL)) ==
		    PATTERN_POSIX)
			set['\n' >> 3] &= (unsigned char)~(1u << ('\n' & 7));
	}
	pattern_emit_set(r, set);
}

/* In an extended pattern, over what is none of it. */
static void
pattern_space(struct pattern_read *r)
{
	if ((r->flags & PATTERN_EXTENDED) == 0)
		return;
	for (; r->p < r->end; r->p++) {
		if (*r->p == '#')
			while (r->p < r->end && *r->p != '\n')
				r->p++;
		else if (*r->p != ' ' && (*r->p < '\t' || *r->p > '\r'))
			break;
		if (r->p == r->end)
			break;
	}
}

/* The number at p, cut where it is too large anyway; whether there is one. */
static bool
pattern_number(const struct pattern_read *r, const char **p, unsigned *out)
{
	const char *first = *p;
	unsigned n = 0;

	for (; *p < r->end && **p >= '0' && **p <= '9'; ++*p)
		if (n <= REPEAT_MAX)
			n = n * 10 + (unsigned)(**p - '0');
	if (*p > first)
		*out = n;
	return (*p > first);
}

/* Takes a repeat and how often that is; false: none is here. */
static bool
pattern_count(struct pattern_read *r, unsigned *min, unsigned *max)
{
	const char *p = r->p;
	bool low, comma = false;

	pattern_space(r);
	if (r->p == r->end || memchr("*+?{", *r->p, 4) == NULL)
		return (false);
	p = r->p + 1;
	*min = *r->p == '+';
	*max = *r->p == '?' ? 1 : ENDLESS;
	if (*r->p == '{') {
		low = pattern_number(r, &p, min);
		if (low)
			*max = *min;
		if (p < r->end && *p == ',') {
			p++;
			comma = true;
			*max = ENDLESS;
			low |= pattern_number(r, &p, max);
		}
		/* {,n} is {0,n} to Ruby and glibc; anything else are signs. */
		if (!low || p == r->end || *p++ != '}')
			return (false);
		if (*min > REPEAT_MAX || (*max > REPEAT_MAX &&
		    !(comma && p[-2] == ',')))
			pattern_fail(r, r->p, "more than 999 repeats: write a "
			    "smaller number, or {n,}");
		else if (*max < *min)
			pattern_fail(r, r->p, "less at most than at least: "
			    "write {m,n} with the smaller number first");
		if (r->why != NULL)
			return (true);
	}
	r->p = p;
	return (true);
}

/* Repeats the code from start on. */
static void
pattern_repeat(struct pattern_read *r, unsigned start, unsigned min,
    unsigned max)
{
	unsigned body = start + (min == 0), len = r->n - start, i, n, at;
	/* How often the body stands there: x{2,} is xx+, x* is (x+)?. */
	unsigned copies = max != ENDLESS ? max : min > 0 ? min : 1;

	if (max == 0) {
		r->n = start;
		return;
	}
	if (min == 0)
		(void)pattern_open(r, start, 1);
	for (i = 1; i < copies && r->why == NULL; i++) {
		n = r->n + (i >= min);
		if (pattern_open(r, r->n, len + (i >= min)) !=
		    &pattern_code[PATTERN_CODE_MAX])
			memcpy(pattern_code + n, pattern_code + body,
			    len * sizeof(pattern_code[0]));
	}
	if (max == ENDLESS) {
		pattern_emit(r, PATTERN_FORK, 0, 0);
		pattern_fork(r->n - 1, r->n - 1 - len);
	}
	/* A copy that need not be is one that can be gone around. */
	for (i = min; i < copies && r->why == NULL; i++) {
		at = start + min * len + (i - min) * (len + 1);
		pattern_fork(at, r->n);
	}
}

static void	pattern_branches(struct pattern_read *, unsigned);

/* Behind "(". */
static void
pattern_group(struct pattern_read *r, unsigned depth)
{
	const char *at = r->p - 1;
	unsigned slot = SLOTS;
	size_t i = 0, left = (size_t)(r->end - r->p), len;

	if (depth == NEST_MAX)
		pattern_fail(r, at, "more than 50 groups in one another");
	else if (left == 0 || *r->p != '?')
		slot = 2 * ++r->groups;
	else if (left > 1 && r->p[1] == ':')
		r->p += 2;
	else {
		for (;; i++) {
			len = strlen(pattern_groups_not[i].first);
			if (len < left && memcmp(r->p + 1,
			    pattern_groups_not[i].first, len) == 0)
				break;
		}
		pattern_fail(r, at, pattern_groups_not[i].why);
	}
	if (slot < SLOTS)
		pattern_emit(r, PATTERN_SAVE, slot, 0);
	pattern_branches(r, depth + 1);
	if (r->p == r->end)
		pattern_fail(r, at, "no ) for this (: write \\( for the sign");
	else
		r->p++;
	if (slot < SLOTS)
		pattern_emit(r, PATTERN_SAVE, slot + 1, 0);
}

/* An escape outside of brackets, "^" or "$": whether it is an anchor. */
static bool
pattern_anchor(struct pattern_read *r, char c)
{
	if (c == '\\' && r->p < r->end && memchr("AzZbB", *r->p, 5) != NULL)
		c = *r->p++;
	else if (c != '^' && c != '$')
		return (false);
	else if ((r->flags & PATTERN_ONE_LINE) != 0)
		c = c == '^' ? 'A' : 'z';
	pattern_emit(r, PATTERN_ASSERT, (unsigned char)c, 0);
	return (true);
}

/* What can be repeated, and how often it is. */
static void
pattern_piece(struct pattern_read *r, unsigned depth)
{
	const char *at = r->p;
	unsigned start = r->n, min, max;
	pattern_set set;
	bool anchor;
	int c;

	if (pattern_count(r, &min, &max)) {
		pattern_fail(r, at, pattern_nothing);
		return;
	}
	c = (unsigned char)*r->p++;
	memset(set, 0, sizeof(set));
	anchor = pattern_anchor(r, (char)c);
	if (c == '(')
		pattern_group(r, depth);
	else if (c == '[')
		pattern_bracket(r);
	else if (c == '.') {
		if ((r->flags & PATTERN_DOT_ALL) == 0)
			pattern_add(set, '\n', '\n');
		pattern_invert(set);
		pattern_emit_set(r, set);
	} else if (!anchor) {
		if (c == '\\')
			c = pattern_escape(r, set);
		if (c == -1)
			pattern_emit_set(r, set);
		else
			pattern_emit_byte(r, (unsigned char)c);
	}
	pattern_space(r);
	at = r->p;
	if (!pattern_count(r, &min, &max))
		return;
	if (anchor)
		pattern_fail(r, at, pattern_nothing);
	pattern_repeat(r, start, min, max);
	pattern_space(r);
	at = r->p;
	if (r->why == NULL && pattern_count(r, &min, &max))
		pattern_fail(r, at, *at == '?' ? "lazy repeats are not taken: "
		    "leave the ? out, or write [^x]* for .*?x" : *at == '+' ?
		    "possessive repeats are not taken: leave the + out" :
		    "a repeat of a repeat: write (?:...) around the first");
}

/* Up to a ")" or the end. */
static void
pattern_branches(struct pattern_read *r, unsigned depth)
{
	unsigned start = r->n, jump = 0, last;

	for (;;) {
		pattern_space(r);
		if (r->p == r->end || *r->p == ')')
			break;
		if (*r->p != '|') {
			pattern_piece(r, depth);
			continue;
		}
		r->p++;
		/* Until the end is known, each jump has the one before it. */
		(void)pattern_open(r, start, 1);
		pattern_emit(r, PATTERN_JUMP, 0, jump);
		if (r->why != NULL)
			break;
		jump = r->n - 1;
		pattern_fork(start, r->n);
		start = r->n;
	}
	for (; jump != 0 && r->why == NULL; jump = last) {
		last = (unsigned)pattern_code[jump].to;
		pattern_code[jump].to = (int16_t)(r->n - jump);
	}
}

/* What a match may begin with, so that most of a subject is soon gone over. */
static void
pattern_begin(struct pattern *p)
{
	static uint16_t stack[PATTERN_CODE_MAX + 1];
	static bool seen[PATTERN_CODE_MAX + 1];
	const struct pattern_code *c;
	unsigned depth = 0, pc, i;

	p->once = p->code[0].op == PATTERN_ASSERT && p->code[0].arg == 'A';
	memset(p->first, 0, sizeof(p->first));
	memset(seen, 0, sizeof(seen));
	for (stack[depth++] = 0; depth > 0; ) {
		pc = stack[--depth];
		/* Each one leaves one more, at most, and is come by once. */
		while (!seen[pc]) {
			seen[pc] = true;
			c = &p->code[pc];
			if (c->op == PATTERN_BYTE)
				pattern_add(p->first, c->arg, c->arg);
			else if (c->op == PATTERN_END)
				pattern_add(p->first, 0, 255);
			else if (c->op == PATTERN_SET)
				for (i = 0; i < PATTERN_SET_SIZE; i++)
					p->first[i] |=
					    pattern_sets[c->arg][i];
			else if (c->op == PATTERN_JUMP)
				pc += (unsigned)c->to;
			else {
				if (c->op == PATTERN_FORK)
					stack[depth++] = (uint16_t)(pc +
					    (unsigned)c->to);
				pc++;
			}
		}
	}
}

struct pattern *
pattern_new(const char *text, size_t len, unsigned flags, size_t *at,
    char why[PATTERN_WHY_MAX])
{
	struct pattern_read r;
	struct pattern *p;
	size_t codes;

	memset(&r, 0, sizeof(r));
	r.p = text;
	r.flags = flags;
	r.end = text + len;
	if (len > PATTERN_TEXT_MAX)
		pattern_fail(&r, text + PATTERN_TEXT_MAX,
		    "more than 1024 bytes: write several patterns");
	pattern_branches(&r, 0);
	if (r.p < r.end)
		pattern_fail(&r, r.p, "no ( for this ): write \\) for the "
		    "sign");
	pattern_emit(&r, PATTERN_END, 0, 0);
	codes = r.n * sizeof(pattern_code[0]);
	p = NULL;
	if (r.why == NULL) {
		p = malloc(sizeof(*p) + codes + r.sets * PATTERN_SET_SIZE);
		if (p == NULL)
			r.why = "out of memory";
	}
	if (p == NULL) {
		*at = r.at != NULL ? (size_t)(r.at - text) : (size_t)-1;
		snprintf(why, PATTERN_WHY_MAX, "%s", r.why);
		return (NULL);
	}
	p->n = r.n;
	p->flags = flags;
	p->groups = r.groups;
	memcpy(p->code, pattern_code, codes);
	memcpy(p->code + r.n, pattern_sets, r.sets * PATTERN_SET_SIZE);
	pattern_begin(p);
	return (p);
}

void
pattern_free(struct pattern *p)
{
	free(p);
}

unsigned
pattern_groups(const struct pattern *p)
{
	return (p->groups);
}

#undef SET_MAX
#undef NEST_MAX
#undef REPEAT_MAX
#undef ENDLESS
#undef SLOTS
