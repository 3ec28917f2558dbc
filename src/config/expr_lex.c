/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * expr_lex.c - cut an expression into words.
 * Owns:      what a word is, and the first fault of an expression.
 * Called by: expr.c, term.c, rules.c.
 * Must not:  know a fact, or what may follow what.
 */
#include "compat.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "base/number.h"
#include "config/expr_internal.h"

/* The longer one of two that begin alike comes first. */
static const struct {
	char	 sign[6];
	uint8_t	 kind;
} expr_words[] = {
	{ "||", NODE_OR }, { "&&", NODE_AND }, { "==", NODE_EQ },
	{ "!=", NODE_NE }, { "<=", NODE_LE }, { ">=", NODE_GE },
	{ "=~", NODE_MATCH }, { "!~", NODE_NOT_MATCH }, { "..", WORD_RANGE },
	{ "<", NODE_LT }, { ">", NODE_GT }, { "!", NODE_NOT },
	{ "or", NODE_OR }, { "and", NODE_AND }, { "not", NODE_NOT },
	{ "in", NODE_IN }, { "true", WORD_TRUE }, { "false", WORD_FALSE },
};

static const char expr_quotes[] = "an address or network is written in "
    "quotes, a number without a point";

/* What is written another way. */
static const struct {
	char	 sign;
	const char *why;
} expr_hints[] = {
	{ '=', "= does not compare, write ==" },
	{ '&', "write and, or &&" },
	{ '|', "write or, or ||" },
	{ '\'', "a string is written in double quotes" },
	{ ':', expr_quotes },
};

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

bool
expr_fail(struct expr_read *p, size_t at, const char *fmt, ...)
{
	va_list ap;

	if (!p->failed) {
		p->failed = true;
		*p->fault_at = at;
		va_start(ap, fmt);
		vsnprintf(p->why, EXPR_WHY_MAX, fmt, ap);
		va_end(ap);
	}
	p->kind = WORD_BAD;
	return (false);
}

bool
expr_no_memory(struct expr_read *p)
{
	return (expr_fail(p, (size_t)-1, "out of memory"));
}

bool
expr_expected(struct expr_read *p, const char *what)
{
	char found[32];

	if (p->kind == WORD_END)
		return (expr_fail(p, p->at, "something is missing at the end, "
		    "expected %s", what));
	log_escape(found, sizeof(found), p->text + p->at, p->pos - p->at);
	return (expr_fail(p, p->at, "expected %s, found %s", what, found));
}

bool
expr_bound(struct expr_read *p, int max, const char *of)
{
	return (expr_fail(p, p->at, "this has more than %d %s", max, of));
}

struct expr_read *
expr_begin(const char *text, size_t len, size_t *at, char why[EXPR_WHY_MAX])
{
	struct expr_read *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		*at = (size_t)-1;
		strlcpy(why, "out of memory", EXPR_WHY_MAX);
		return (NULL);
	}
	p->text = text;
	p->len = len;
	p->fault_at = at;
	p->why = why;
	return (p);
}

/* The byte that is i behind the position; 0 at the end. */
static char
expr_peek(const struct expr_read *p, size_t i)
{
	return (i < p->len - p->pos ? p->text[p->pos + i] : '\0');
}

/* Blanks, line ends and comments. */
static void
expr_skip(struct expr_read *p)
{
	char c;

	for (; p->pos < p->len; p->pos++) {
		c = p->text[p->pos];
		if (c == '#') {
			while (p->pos + 1 < p->len &&
			    p->text[p->pos + 1] != '\n')
				p->pos++;
		} else if (c != ' ' && c != '\t' && c != '\n' && c != '\r')
			break;
	}
}

static void
expr_string(struct expr_read *p)
{
	struct lex *lx = &p->lx;

	lex_init(lx, p->text + p->pos, p->len - p->pos);
	lex_start(lx);
	lex_next(lx, LEX_VALUE);
	if (lx->kind != LEX_STRING) {
		expr_fail(p, p->at, "%s", lx->why);
		return;
	}
	p->kind = NODE_STRING;
	p->pos += (size_t)(lx->p - lx->from);
}

static void
expr_slashes(struct expr_read *p)
{
	char c;

	for (;;) {
		p->pos++;
		c = expr_peek(p, 0);
		if (c == '/')
			break;
		if (c == '\\' && expr_peek(p, 1) >= ' ')
			p->pos++;
		else if ((c >= '\0' && c < ' ') || c == 0x7f) {
			if (c == '\0' || c == '\n' || c == '\r')
				expr_fail(p, p->at, "the pattern is not "
				    "closed, expected / before the end of the "
				    "line");
			else
				expr_fail(p, p->at, "control character in a "
				    "pattern, write it as \\x%02x",
				    (unsigned)(unsigned char)c);
			return;
		}
	}
	do
		p->pos++;
	while (lex_is_name(expr_peek(p, 0)));
	p->kind = WORD_PATTERN;
}

struct pattern *
expr_pattern(struct expr_read *p)
{
	static const char letters[] = "ixm";	/* the bits 0, 1, 2 */
	struct pattern *pattern;
	const char *bit;
	unsigned flags = 0;
	size_t end = p->pos, at;

	while (p->text[end - 1] != '/') {
		bit = strchr(letters, p->text[--end]);
		if (bit == NULL) {
			expr_fail(p, end, "unknown flag %c of a pattern, "
			    "expected i, x or m", p->text[end]);
			return (NULL);
		}
		flags |= 1u << (bit - letters);
	}
	pattern = pattern_new(p->text + p->at + 1, end - p->at - 2, flags,
	    &at, p->why);
	if (pattern == NULL && !p->failed) {
		p->failed = true;
		*p->fault_at = at == (size_t)-1 ? at : p->at + 1 + at;
	}
	return (pattern);
}

static void
expr_number(struct expr_read *p)
{
	char copy[24];
	uint64_t n;
	size_t len = 0;

	while (lex_is_name(expr_peek(p, len)))
		len++;
	p->pos += len;
	if (expr_peek(p, 0) == ':' ||
	    (expr_peek(p, 0) == '.' && expr_peek(p, 1) != '.')) {
		expr_fail(p, p->at, "%s", expr_quotes);
		return;
	}
	memcpy(copy, p->text + p->at, len < sizeof(copy) ? len : 0);
	copy[len < sizeof(copy) ? len : 0] = '\0';
	if (number_read_size(copy, &n) == -1 || n > LONG_MAX) {
		expr_fail(p, p->at, "this is no number, or too large, expected "
		    "one like 12, 64k or 10m");
		return;
	}
	p->number = (long)n;
	p->kind = NODE_NUMBER;
}

static void
expr_name(struct expr_read *p)
{
	size_t len = 0, i;

	while (lex_is_name(expr_peek(p, len)) ||
	    (expr_peek(p, len) == '.' && lex_is_name(expr_peek(p, len + 1))))
		len++;
	p->pos += len;
	p->kind = WORD_NAME;
	if (len >= sizeof(p->name))
		len = sizeof(p->name) - 1;
	memcpy(p->name, p->text + p->at, len);
	p->name[len] = '\0';
	for (i = 0; i < COUNT(expr_words); i++)
		if (strcmp(p->name, expr_words[i].sign) == 0)
			p->kind = expr_words[i].kind;
}

static void
expr_other(struct expr_read *p, char c)
{
	size_t i, n;

	for (i = 0; i < COUNT(expr_words); i++) {
		n = strlen(expr_words[i].sign);
		if (n <= p->len - p->pos &&
		    memcmp(p->text + p->pos, expr_words[i].sign, n) == 0) {
			p->pos += n;
			p->kind = expr_words[i].kind;
			return;
		}
	}
	for (i = 0; i < COUNT(expr_hints); i++)
		if (expr_hints[i].sign == c)
			expr_fail(p, p->at, "%s", expr_hints[i].why);
	if (c > ' ' && c < 0x7f) {
		p->pos++;
		p->kind = WORD_SIGN + c;
	} else
		expr_fail(p, p->at, "unexpected byte \\x%02x",
		    (unsigned)(unsigned char)c);
}

void
expr_next(struct expr_read *p)
{
	size_t was = p->pos, n;
	char c;

	p->done = p->out_len;
	expr_skip(p);
	p->at = p->pos;
	if (p->failed) {
		p->kind = WORD_BAD;
		return;
	}
	if (p->pos == p->len) {
		p->kind = WORD_END;
		return;
	}
	c = p->text[p->pos];
	if (c == '"')
		expr_string(p);
	else if (c == '/')
		expr_slashes(p);
	else if (c >= '0' && c <= '9')
		expr_number(p);
	else if (lex_is_name(c) && c != '-')
		expr_name(p);
	else
		expr_other(p, c);
	if (p->failed)
		p->kind = WORD_BAD;
	if (p->kind == WORD_BAD || !p->keep)
		return;
	/* One blank for any number of them: it cannot get longer. */
	if (p->at > was && p->out_len > 0)
		p->out[p->out_len++] = ' ';
	n = p->pos - p->at;
	p->mark.at = (uint16_t)p->at;
	p->mark.from = (uint16_t)p->out_len;
	memcpy(p->out + p->out_len, p->text + p->at, n);
	p->out_len += (unsigned)n;
}

bool
expr_sign(struct expr_read *p, char sign)
{
	if (p->kind != WORD_SIGN + sign)
		return (false);
	expr_next(p);
	return (true);
}

#undef COUNT
