/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_pattern_random.c - patterns made at random find what a matcher finds that
 * tries one way after the other.  It never sees the text of the pattern: that
 * is written from the tree from which it matches.
 */
#include "compat.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "config/pattern.h"

#define NODES		64
#define ENDLESS		99u
#define STEPS		20000u
#define NONE		(size_t)-1

enum t_kind {
	T_BYTE, T_SET, T_DOT, T_ANCHOR, T_EMPTY,	/* leaves */
	T_CAT, T_ALT, T_GROUP, T_PLAIN, T_REPEAT
};

struct t_node {
	enum t_kind	 kind;
	char		 c;		/* byte, anchor, index of a set */
	unsigned	 group, min, max;
	const struct t_node *left, *right;
};

/* What is to be done behind a node. */
struct t_rest {
	const struct t_node *node;
	const struct t_rest *next;
	unsigned	 count;		/* of a repeat: rounds so far */
	size_t		 from;		/* where the last one began */
	bool		 within;	/* behind a part of node */
};

static struct t_node t_nodes[NODES];
static unsigned t_n, t_groups;
static uint32_t t_seed;

static const struct t_set {
	const char	*text;
	const char	*has;		/* of the bytes in t_alphabet */
	bool		 inverted;
} t_sets[] = {
	{ "[ab]", "ab", false },
	{ "[^a]", "a", true },
	{ "[^\\n_]", "\n_", true },
	{ "[a-c_]", "ab_", false },
	{ "[]a]", "a", false },
	{ "[[:upper:]1]", "AB1", false },
	{ "\\d", "1", false },
	{ "\\W", "aA1b_", true },
	{ "\\s", "\n ", false },
};
static const char t_alphabet[] = "aaabbA1_\n ";

static struct {
	const char	*s;
	size_t		 len, start;
	unsigned	 flags, steps;
	bool		 found;
	struct pattern_span group[PATTERN_GROUPS], best[PATTERN_GROUPS];
} t_run;

static unsigned
t_random(unsigned n)
{
	t_seed = t_seed * 1664525u + 1013904223u;
	return ((unsigned)((t_seed >> 8) % n));
}

static const struct t_node *
t_tree(unsigned depth)
{
	struct t_node *n;
	unsigned what;

	ATF_REQUIRE(t_n < NODES);
	n = &t_nodes[t_n++];
	memset(n, 0, sizeof(*n));
	what = t_random(depth == 0 || t_n > NODES / 2 ? 8 : 16);
	if (what < 4) {
		n->kind = T_BYTE;
		n->c = t_alphabet[t_random(sizeof(t_alphabet) - 1)];
	} else if (what == 4) {
		n->kind = T_SET;
		n->c = (char)t_random(sizeof(t_sets) / sizeof(t_sets[0]));
	} else if (what == 5)
		n->kind = T_DOT;
	else if (what == 6) {
		n->kind = T_ANCHOR;
		n->c = "AzZbB^$"[t_random(7)];
	} else if (what == 7)
		n->kind = t_random(3) == 0 ? T_EMPTY : T_DOT;
	else if (what < 11) {
		n->kind = T_CAT;
		n->left = t_tree(depth - 1);
		n->right = t_tree(depth - 1);
	} else if (what == 11) {
		n->kind = T_ALT;
		n->left = t_tree(depth - 1);
		n->right = t_tree(depth - 1);
	} else if (what < 14) {
		n->kind = T_REPEAT;
		n->min = t_random(3);
		n->max = t_random(2) == 0 ? ENDLESS : n->min + t_random(3);
		n->left = t_tree(depth - 1);
	} else {
		n->kind = t_groups == PATTERN_GROUPS - 1 ? T_PLAIN : T_GROUP;
		n->group = n->kind == T_GROUP ? ++t_groups : 0;
		n->left = t_tree(depth - 1);
	}
	return (n);
}

static void
t_add(char *dst, size_t size, const char *text)
{
	ATF_REQUIRE(strlcat(dst, text, size) < size);
}

static void
t_print(const struct t_node *n, char *dst, size_t size)
{
	char text[32];
	bool wrap;

	switch (n->kind) {
	case T_BYTE:
		snprintf(text, sizeof(text), n->c == '\n' && t_random(2) == 0 ?
		    "\\n" : "%c", n->c);
		t_add(dst, size, text);
		break;
	case T_SET:
		t_add(dst, size, t_sets[(int)n->c].text);
		break;
	case T_DOT:
		t_add(dst, size, ".");
		break;
	case T_ANCHOR:
		snprintf(text, sizeof(text), n->c == '^' || n->c == '$' ?
		    "%c" : "\\%c", n->c);
		t_add(dst, size, text);
		break;
	case T_EMPTY:
		break;
	case T_CAT:
	case T_ALT:
		wrap = n->kind == T_CAT && n->left->kind == T_ALT;
		t_add(dst, size, wrap ? "(?:" : "");
		t_print(n->left, dst, size);
		t_add(dst, size, wrap ? ")" : n->kind == T_ALT ? "|" : "");
		wrap = n->kind == T_CAT && n->right->kind == T_ALT;
		t_add(dst, size, wrap ? "(?:" : "");
		t_print(n->right, dst, size);
		t_add(dst, size, wrap ? ")" : "");
		break;
	case T_GROUP:
	case T_PLAIN:
		t_add(dst, size, n->kind == T_GROUP ? "(" : "(?:");
		t_print(n->left, dst, size);
		t_add(dst, size, ")");
		break;
	case T_REPEAT:
		wrap = n->left->kind > T_DOT && n->left->kind != T_GROUP &&
		    n->left->kind != T_PLAIN;
		t_add(dst, size, wrap ? "(?:" : "");
		t_print(n->left, dst, size);
		t_add(dst, size, wrap ? ")" : "");
		if (n->max == ENDLESS && n->min < 2)
			t_add(dst, size, n->min == 0 ? "*" : "+");
		else if (n->min == 0 && n->max == 1)
			t_add(dst, size, "?");
		else {
			if (n->max == ENDLESS)
				snprintf(text, sizeof(text), "{%u,}", n->min);
			else if (n->max == n->min)
				snprintf(text, sizeof(text), "{%u}", n->min);
			else
				snprintf(text, sizeof(text), "{%u,%u}", n->min,
				    n->max);
			t_add(dst, size, text);
		}
		break;
	}
}

static bool
t_word(size_t at)
{
	return (at < t_run.len && strchr("aAb1_", t_run.s[at]) != NULL);
}

static char
t_other(char c)
{
	return (strchr("aAbB", c) != NULL ? (char)(c ^ 0x20) : c);
}

static bool
t_takes(const struct t_node *n, char c)
{
	const struct t_set *set;
	bool icase = (t_run.flags & PATTERN_ICASE) != 0, has;

	if (n->kind == T_DOT)
		return (c != '\n' || (t_run.flags & PATTERN_DOT_ALL) != 0);
	if (n->kind == T_BYTE)
		return (c == n->c || (icase && t_other(c) == n->c));
	set = &t_sets[(int)n->c];
	has = strchr(set->has, c) != NULL ||
	    (icase && strchr(set->has, t_other(c)) != NULL);
	if (set->inverted && set->text[0] == '[' && c == '\n' &&
	    (t_run.flags & (PATTERN_POSIX | PATTERN_DOT_ALL)) == PATTERN_POSIX)
		return (false);
	return (has != set->inverted);
}

static bool
t_anchored(char what, size_t at)
{
	const char *s = t_run.s;

	if ((t_run.flags & PATTERN_ONE_LINE) != 0)
		what = what == '^' ? 'A' : what == '$' ? 'z' : what;
	switch (what) {
	case 'A':
		return (at == 0);
	case 'z':
		return (at == t_run.len);
	case 'Z':
		return (at == t_run.len || (at == t_run.len - 1 &&
		    s[at] == '\n'));
	case '^':
		return (at == 0 || (at < t_run.len && s[at - 1] == '\n'));
	case '$':
		return (at == t_run.len || s[at] == '\n');
	case 'b':
		return ((at > 0 && t_word(at - 1)) != t_word(at));
	default:
		return ((at > 0 && t_word(at - 1)) == t_word(at));
	}
}

static bool	t_node(const struct t_node *, size_t, const struct t_rest *);

/* All of it is matched: take it, or see whether there is a longer one. */
static bool
t_end(size_t at)
{
	if (t_run.found && at <= t_run.best[0].to)
		return (false);
	t_run.found = true;
	t_run.group[0].from = t_run.start;
	t_run.group[0].to = at;
	memcpy(t_run.best, t_run.group, sizeof(t_run.best));
	return ((t_run.flags & PATTERN_POSIX) == 0);
}

static bool	t_rest(const struct t_rest *, size_t);

static bool
t_repeat(const struct t_node *n, unsigned count, size_t at,
    const struct t_rest *next)
{
	struct t_rest r;

	if (count < n->max) {
		r.node = n;
		r.next = next;
		r.count = count + 1;
		r.from = at;
		r.within = true;
		if (t_node(n->left, at, &r))
			return (true);
	}
	return (count >= n->min && t_rest(next, at));
}

static bool
t_rest(const struct t_rest *r, size_t at)
{
	struct pattern_span was, *g;

	if (r == NULL)
		return (t_end(at));
	if (!r->within)
		return (t_node(r->node, at, r->next));
	if (r->node->kind == T_GROUP) {
		g = &t_run.group[r->node->group];
		was = *g;
		g->from = r->from;
		g->to = at;
		if (t_rest(r->next, at))
			return (true);
		*g = was;
		return (false);
	}
	/* A round that took nothing is the last one. */
	if (r->node->max == ENDLESS && at == r->from &&
	    r->count >= r->node->min)
		return (t_rest(r->next, at));
	return (t_repeat(r->node, r->count, at, r->next));
}

static bool
t_node(const struct t_node *n, size_t at, const struct t_rest *next)
{
	struct t_rest r;

	if (++t_run.steps > STEPS)
		return (true);
	memset(&r, 0, sizeof(r));
	r.next = next;
	switch (n->kind) {
	case T_BYTE:
	case T_SET:
	case T_DOT:
		return (at < t_run.len && t_takes(n, t_run.s[at]) &&
		    t_rest(next, at + 1));
	case T_ANCHOR:
		return (t_anchored(n->c, at) && t_rest(next, at));
	case T_EMPTY:
		return (t_rest(next, at));
	case T_CAT:
		r.node = n->right;
		return (t_node(n->left, at, &r));
	case T_ALT:
		return (t_node(n->left, at, next) ||
		    t_node(n->right, at, next));
	case T_PLAIN:
		return (t_node(n->left, at, next));
	case T_GROUP:
		r.node = n;
		r.from = at;
		r.within = true;
		return (t_node(n->left, at, &r));
	default:
		return (t_repeat(n, 0, at, next));
	}
}

/* Whether it can match without a byte. */
static bool
t_nullable(const struct t_node *n)
{
	switch (n->kind) {
	case T_BYTE:
	case T_SET:
	case T_DOT:
		return (false);
	case T_ANCHOR:
	case T_EMPTY:
		return (true);
	case T_CAT:
		return (t_nullable(n->left) && t_nullable(n->right));
	case T_ALT:
		return (t_nullable(n->left) || t_nullable(n->right));
	case T_REPEAT:
		return (n->min == 0 || t_nullable(n->left));
	default:
		return (t_nullable(n->left));
	}
}

static void
t_compare(const struct pattern *p, const char *text, unsigned groups)
{
	struct pattern_span got[PATTERN_GROUPS];
	bool found, plain;
	unsigned i;

	found = pattern_match(p, t_run.s, t_run.len, got);
	plain = pattern_match(p, t_run.s, t_run.len, NULL);
	if (found != t_run.found || plain != t_run.found) {
		atf_tc_fail_nonfatal("/%s/ (%#x) in \"%.*s\": %d %d, not %d",
		    text, t_run.flags, (int)t_run.len, t_run.s, found, plain,
		    t_run.found);
		return;
	}
	for (i = 0; found && i < groups; i++)
		if (got[i].from != t_run.best[i].from ||
		    got[i].to != t_run.best[i].to)
			atf_tc_fail_nonfatal("/%s/ (%#x) in \"%.*s\": group "
			    "%u is %d-%d, not %d-%d", text, t_run.flags,
			    (int)t_run.len, t_run.s, i, (int)got[i].from,
			    (int)got[i].to, (int)t_run.best[i].from,
			    (int)t_run.best[i].to);
}

static void
t_try(const struct pattern *p, const struct t_node *tree, const char *text,
    unsigned groups)
{
	char subject[16];
	size_t i;

	t_run.len = t_random(sizeof(subject));
	for (i = 0; i < t_run.len; i++)
		subject[i] = t_alphabet[t_random(sizeof(t_alphabet) - 1)];
	t_run.s = subject;
	t_run.found = false;
	t_run.steps = 0;
	for (t_run.start = 0; t_run.start <= t_run.len && !t_run.found;
	    t_run.start++) {
		memset(t_run.group, 0xff, sizeof(t_run.group));
		(void)t_node(tree, t_run.start, NULL);
	}
	if (t_run.steps <= STEPS)
		t_compare(p, text, groups);
}

H_CASE(same, "All ways at once find what one way after the other finds")
{
	static const unsigned flags[] = {
		0, 0, PATTERN_ICASE, PATTERN_DOT_ALL, PATTERN_ONE_LINE,
		PATTERN_POSIX | PATTERN_ONE_LINE | PATTERN_DOT_ALL,
		PATTERN_POSIX | PATTERN_ICASE
	};
	char text[PATTERN_TEXT_MAX + 1], why[PATTERN_WHY_MAX];
	const struct t_node *tree;
	struct pattern *p;
	unsigned round, groups, i, compared = 0;
	size_t at;

	for (round = 0; round < 60000; round++) {
		t_seed = round * 2654435761u;
		t_n = t_groups = 0;
		text[0] = '\0';
		tree = t_tree(6);
		t_print(tree, text, sizeof(text));
		t_run.flags = flags[t_random(sizeof(flags) / sizeof(flags[0]))];
		/* In brackets a backslash is none there. */
		if ((t_run.flags & PATTERN_POSIX) != 0 &&
		    strstr(text, "[^\\n_]") != NULL)
			continue;
		p = pattern_new(text, strlen(text), t_run.flags, &at, why);
		if (p == NULL) {
			if (strstr(why, "too large") == NULL)
				atf_tc_fail_nonfatal("/%s/: byte %u: %s", text,
				    (unsigned)at, why);
			continue;
		}
		ATF_CHECK_EQ(t_groups, pattern_groups(p));
		/*
		 * What a group has after rounds that take nothing is of no
		 * use to anyone, and different in every matcher.
		 */
		groups = PATTERN_GROUPS;
		for (i = 0; i < t_n; i++)
			if (t_nodes[i].kind == T_REPEAT &&
			    t_nullable(t_nodes[i].left))
				groups = 1;
		for (i = 0; i < 8; i++)
			t_try(p, tree, text, groups);
		compared++;
		pattern_free(p);
	}
	ATF_CHECK(compared > 50000);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, same);
	return (atf_no_error());
}
