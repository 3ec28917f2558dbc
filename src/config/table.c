/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * table.c - tables: from lines to entries, and what a key has there.
 * Owns:      the formats of lines, and the entries.
 * Called by: whatever keeps tables up to date, and the evaluator.
 * Must not:  read a file, or know what an entry is looked up for.
 *
 * All text is kept in one block, each logical line followed by two NULs: there
 * is never a value in it without an end.
 */
#include "compat.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/pattern.h"
#include "config/table.h"

#define FAULTS_MAX	20u
#define NO_IF		SIZE_MAX

struct table_rule {
	struct network	 net;		/* of a TABLE_CIDR */
	struct pattern	*pattern;	/* of a TABLE_REGEXP */
	const char	*value;		/* NULL: an "if" */
	size_t		 end;		/* of an if: the rule behind its endif;
					   until that is read, the if around */
	unsigned	 line;
	bool		 four;		/* net is one of IPv4 */
	bool		 negated;
	bool		 expand;	/* there is a "$" in value */
};

struct table {
	enum table_kind	 kind;
	unsigned	 refs;
	size_t		 n;		/* rows */
	size_t		 ifs;		/* of them, "if" */
	char		*text;
	char		**key;		/* of lists and rows: sorted; behind
					   each and its NUL is the value */
	struct table_rule *rule;	/* of the others */
};

struct table_load {
	struct table	*t;
	void		(*report)(unsigned, const char *, void *);
	void		*arg;
	unsigned	 line;		/* where the logical line begins */
	unsigned	 faults;
	size_t		 open;		/* the innermost if without endif */
};

/* All of IPv4. */
static const struct network table_four = {
	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0 } }, 96
};

static void
table_fault(struct table_load *l, const char *why)
{
	if (++l->faults <= FAULTS_MAX)
		l->report(l->line, why, l->arg);
}

static bool
table_is_blank(char c)
{
	return (c == ' ' || (c >= '\t' && c <= '\r'));
}

static bool
table_is_name(char c)
{
	return ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' &&
	    (c | 0x20) <= 'z'));
}

static char *
table_skip(char *s)
{
	while (table_is_blank(*s))
		s++;
	return (s);
}

/* Ends the word at s; what is behind it. */
static char *
table_word(char *s)
{
	while (*s != '\0' && !table_is_blank(*s))
		s++;
	if (*s != '\0')
		*s++ = '\0';
	return (table_skip(s));
}

static void
table_list_line(struct table *t, char *key)
{
	char *value = table_word(key), *to = key + strlen(key) + 1;

	/* Both ends of a line are in the block, also behind a bare key. */
	memmove(to, value, strlen(value) + 1);
	t->key[t->n++] = key;
}

/*
 * What "$" at s is: 0 for "$$", the number of a group, or -1.  *used gets its
 * length.
 */
static int
table_dollar(const char *s, size_t *used)
{
	const char *p = s + 1;
	char close = *p == '(' ? ')' : *p == '{' ? '}' : '\0';
	int n = 0;

	*used = 2;
	if (*p == '$')
		return (0);
	for (p += close != '\0'; *p >= '0' && *p <= '9'; p++)
		if (n < PATTERN_GROUPS)
			n = n * 10 + (*p - '0');
	if (n == 0 || (close != '\0' ? *p++ != close :
	    table_is_name(*p) || *p == '_'))
		return (-1);
	*used = (size_t)(p - s);
	return (n);
}

static void
table_check_value(struct table_load *l, struct table_rule *r)
{
	char why[TABLE_WHY_MAX];
	const char *s = r->value;
	unsigned groups = 0;
	size_t used;
	int n;

	if (!r->negated)
		groups = pattern_groups(r->pattern);
	if (groups >= PATTERN_GROUPS)
		groups = PATTERN_GROUPS - 1;
	for (; (s = strchr(s, '$')) != NULL; s += used) {
		r->expand = true;
		n = table_dollar(s, &used);
		if (n >= 0 && (unsigned)n <= groups)
			continue;
		snprintf(why, sizeof(why), groups > 0 ? "behind $ in a result "
		    "is the number of a group, here 1 to %u, or $ again" :
		    "there is no group for this $: write $$ for the sign",
		    groups);
		table_fault(l, why);
		break;
	}
}

/* NETWORK: what is behind it. */
static char *
table_read_network(struct table_load *l, struct table_rule *r, char *s)
{
	char why[TABLE_WHY_MAX], *rest = table_word(s), *end = strchr(s, ']');

	/* Brackets may be around all of it or around the address. */
	if (*s == '[' && end != NULL && (end[1] == '\0' || end[1] == '/')) {
		memmove(end, end + 1, strlen(end));
		s++;
	}
	if (network_read(s, &r->net, why, sizeof(why)) == -1)
		table_fault(l, why);
	r->four = r->net.prefix >= table_four.prefix &&
	    network_has(&table_four, &r->net.base);
	return (rest);
}

/* /PATTERN/flags: what is behind it. */
static char *
table_read_pattern(struct table_load *l, struct table_rule *r, char *s)
{
	unsigned flags = PATTERN_ICASE | PATTERN_POSIX | PATTERN_ONE_LINE |
	    PATTERN_DOT_ALL;
	char why[PATTERN_WHY_MAX], text[TABLE_WHY_MAX], sign = *s, *p;
	const char *fault = NULL;
	size_t at;

	if (sign == '\0' || table_is_name(sign))
		fault = "no pattern: expected /PATTERN/ RESULT, "
		    "if /PATTERN/ or endif";
	for (p = ++s; fault == NULL && *p != sign; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p == '\0')
			fault = "the pattern has no end: write its first sign "
			    "behind it, too";
	}
	if (fault != NULL) {
		table_fault(l, fault);
		return (s - 1 + strlen(s - 1));
	}
	at = (size_t)(p++ - s);
	for (; *p != '\0' && !table_is_blank(*p) && fault == NULL; p++) {
		if (*p == 'i')
			flags ^= PATTERN_ICASE;
		else if (*p == 'm')
			flags ^= PATTERN_ONE_LINE | PATTERN_DOT_ALL;
		else
			fault = *p == 'x' ? "basic patterns (flag x) are not "
			    "taken: write an extended one" : *p == '!' ?
			    "two patterns in a line are not taken: write an "
			    "if around it" : "behind a pattern are the flags "
			    "i and m or a blank";
	}
	if (fault != NULL) {
		table_fault(l, fault);
		return (p + strlen(p));
	}
	r->pattern = pattern_new(s, at, flags, &at, why);
	if (r->pattern == NULL) {
		snprintf(text, sizeof(text), "byte %u of the pattern: %s",
		    (unsigned)at + 1, why);
		table_fault(l, at == (size_t)-1 ? why : text);
	}
	return (p);
}

/* Whether it begins with that word and something else. */
static bool
table_begins(const char *s, const char *word)
{
	size_t len = strlen(word);

	return (strncasecmp(s, word, len) == 0 && !table_is_name(s[len]));
}

static void
table_rule_line(struct table_load *l, char *s)
{
	struct table *t = l->t;
	struct table_rule *r = &t->rule[t->n], *around;
	bool is_if = table_begins(s, "if");

	if (table_begins(s, "endif")) {
		if (l->open == NO_IF) {
			table_fault(l, "endif without an if");
			return;
		}
		around = &t->rule[l->open];
		l->open = around->end;
		around->end = t->n;
		if (*table_skip(s + 5) != '\0')
			table_fault(l, "nothing is behind an endif");
		return;
	}
	/* It counts with its faults: the table will not be used anyway. */
	t->n++;
	r->line = l->line;
	for (s += is_if ? 2 : 0; table_is_blank(*s) || *s == '!'; s++)
		r->negated ^= *s == '!';
	s = table_skip(t->kind == TABLE_CIDR ? table_read_network(l, r, s) :
	    table_read_pattern(l, r, s));
	if (!is_if) {
		r->value = s;
		if (r->pattern != NULL)
			table_check_value(l, r);
		return;
	}
	t->ifs++;
	r->end = l->open;
	l->open = (size_t)(r - t->rule);
	if (*s != '\0')
		table_fault(l, "nothing is behind an if and what it asks");
}

/*
 * A line of a TABLE_ROWS, where nothing but its first tab is special; room as
 * for others.
 */
static void
table_row(struct table_load *l, char *start, char *end)
{
	char *tab = memchr(start, '\t', (size_t)(end - start));

	end[0] = end[1] = '\0';
	if (tab != NULL)
		*tab = '\0';
	if (end - start > TABLE_LINE_MAX)
		table_fault(l, "the line is too long: 65536 bytes are taken");
	else if (*start != '\0')
		l->t->key[l->t->n++] = start;
}

/* A logical line from start to end, where there is room for two NULs. */
static void
table_line(struct table_load *l, char *start, char *end)
{
	while (table_is_blank(end[-1]))
		end--;
	end[0] = end[1] = '\0';
	if (end - start > TABLE_LINE_MAX)
		table_fault(l, "the line is too long: 65536 bytes are taken");
	else if (l->t->kind == TABLE_LIST)
		table_list_line(l->t, start);
	else
		table_rule_line(l, start);
}

/* Cuts the text into logical lines, in the block. */
static void
table_lines(struct table_load *l, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *eol, *q;
	char *to = l->t->text, *start = NULL;
	unsigned line;

	for (line = 1; p < end; p = eol + 1, line++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		if (l->t->kind == TABLE_ROWS) {
			l->line = line;
			memcpy(to, p, (size_t)(eol - p));
			table_row(l, to, to + (eol - p));
			to += eol - p + 2;
			continue;
		}
		for (q = p; q < eol && table_is_blank(*q); q++)
			continue;
		if (q == eol || *q == '#')
			continue;
		if (q == p) {
			if (start != NULL) {
				table_line(l, start, to);
				to += 2;
			}
			start = to;
			l->line = line;
		} else if (start == NULL) {
			l->line = line;
			table_fault(l, "a blank at the beginning continues "
			    "the line before, and there is none");
			continue;
		}
		memcpy(to, p, (size_t)(eol - p));
		to += eol - p;
	}
	if (start != NULL)
		table_line(l, start, to);
	for (; l->open != NO_IF; l->open = l->t->rule[l->open].end) {
		l->line = l->t->rule[l->open].line;
		table_fault(l, "an if without its endif");
	}
}

/* How many logical lines there are, at most; l->line is at a NUL if any. */
static size_t
table_size(struct table_load *l, enum table_kind kind, const char *text,
    size_t len)
{
	size_t i, n = 0;
	char before = '\n';

	for (i = 0; i < len; before = text[i++]) {
		if (before == '\n') {
			l->line++;
			if (kind == TABLE_ROWS || (text[i] != '#' &&
			    !table_is_blank(text[i])))
				n++;
		}
		if (text[i] == '\0') {
			table_fault(l, "a NUL byte: this is no text");
			return (0);
		}
	}
	l->line = 0;
	return (n);
}

static int
table_compare(const void *a, const void *b)
{
	const char *one = *(char *const *)a, *two = *(char *const *)b;
	int order = strcasecmp(one, two);

	/* Of the same ones the first, and all are in one block. */
	return (order != 0 ? order : one < two ? -1 : 1);
}

struct table *
table_new(enum table_kind kind, const char *text, size_t len,
    void (*report)(unsigned, const char *, void *), void *arg)
{
	struct table_load l;
	struct table *t = NULL;
	char why[TABLE_WHY_MAX];
	size_t n = 0;

	memset(&l, 0, sizeof(l));
	l.report = report;
	l.arg = arg;
	l.open = NO_IF;
	if (len > TABLE_BYTES_MAX)
		table_fault(&l, "the table is too large: 64 MB are taken");
	else
		n = table_size(&l, kind, text, len);
	if (l.faults == 0 && (t = calloc(1, sizeof(*t))) != NULL) {
		t->refs = 1;
		t->kind = kind;
		t->text = malloc(len + n + 2);
		if (kind == TABLE_LIST || kind == TABLE_ROWS)
			t->key = calloc(n + 1, sizeof(t->key[0]));
		else
			t->rule = calloc(n + 1, sizeof(t->rule[0]));
	}
	if (t != NULL && t->text != NULL &&
	    (t->key != NULL || t->rule != NULL)) {
		l.t = t;
		table_lines(&l, text, len);
	} else if (l.faults == 0)
		table_fault(&l, "out of memory");
	if (l.faults > FAULTS_MAX) {
		snprintf(why, sizeof(why), "and %u more",
		    l.faults - FAULTS_MAX);
		report(0, why, arg);
	}
	if (l.faults > 0) {
		table_free(t);
		return (NULL);
	}
	if (t->key != NULL)
		qsort(t->key, t->n, sizeof(t->key[0]), table_compare);
	return (t);
}

struct table *
table_ref(struct table *t)
{
	t->refs++;
	return (t);
}

void
table_free(struct table *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	if (t->rule != NULL)
		while (t->n > 0)
			pattern_free(t->rule[--t->n].pattern);
	free(t->rule);
	free(t->key);
	free(t->text);
	free(t);
}

size_t
table_count(const struct table *t)
{
	return (t->n - t->ifs);
}

/* The value of the first entry with that key. */
static const char *
table_find_key(const struct table *t, const char *key, size_t len)
{
	size_t low = 0, high = t->n, middle;

	if (memchr(key, '\0', len) != NULL)
		return (NULL);
	while (low < high) {
		middle = low + (high - low) / 2;
		if (strncasecmp(t->key[middle], key, len) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == t->n || strncasecmp(t->key[low], key, len) != 0 ||
	    t->key[low][len] != '\0')
		return (NULL);
	return (t->key[low] + len + 1);
}

/* As network_has(), but soon done: this is asked of one rule after another. */
static bool
table_is_in(const struct table_rule *r, const struct network_address *a)
{
	const unsigned char *byte = r->net.base.byte;
	size_t whole = r->net.prefix / 8;
	unsigned bits = r->net.prefix % 8;

	return (memcmp(byte, a->byte, whole) == 0 && (bits == 0 ||
	    (byte[whole] ^ a->byte[whole]) >> (8 - bits) == 0));
}

static void
table_expand(const struct table_rule *r, const char *key,
    const struct pattern_span *group, char *dst)
{
	const char *s = r->value, *from;
	size_t n = 0, used, len;
	int which;

	for (; *s != '\0'; s += used) {
		used = 1;
		from = s;
		len = 1;
		if (*s == '$' && (which = table_dollar(s, &used)) > 0) {
			len = group[which].to - group[which].from;
			from = len > 0 ? key + group[which].from : s;
		}
		if (len > TABLE_VALUE_MAX - 1 - n)
			len = TABLE_VALUE_MAX - 1 - n;
		memcpy(dst + n, from, len);
		n += len;
	}
	dst[n] = '\0';
}

bool
table_find(const struct table *t, const char *key, size_t len,
    const struct network_address *address, char value[TABLE_VALUE_MAX])
{
	struct pattern_span group[PATTERN_GROUPS];
	const struct table_rule *r = NULL;
	const char *found = NULL;
	bool four = address != NULL && network_has(&table_four, address), hit;
	size_t i = 0;

	if (t->key != NULL)
		found = table_find_key(t, key, len);
	else if (t->kind == TABLE_REGEXP || address != NULL)
		while (i < t->n && found == NULL) {
			r = &t->rule[i++];
			/* No rule says anything of the other family. */
			hit = t->kind == TABLE_CIDR ? r->four == four &&
			    table_is_in(r, address) != r->negated :
			    pattern_match(r->pattern, key, len,
			    r->expand ? group : NULL) != r->negated;
			if (hit)
				found = r->value;
			else if (r->value == NULL)
				i = r->end;
		}
	if (found == NULL || value == NULL)
		return (found != NULL);
	if (r != NULL && r->expand)
		table_expand(r, key, group, value);
	else
		snprintf(value, TABLE_VALUE_MAX, "%s", found);
	return (true);
}

#undef FAULTS_MAX
#undef NO_IF
