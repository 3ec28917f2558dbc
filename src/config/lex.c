/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * lex.c - cut the text of a configuration into words.
 * Owns:      what a word is: quotes, escapes, comments, where a line ends.
 * Called by: parse.c, value.c and expr_lex.c for words; whoever quotes what an
 *            administrator has written.
 * Must not:  know a key, or what a value means.
 */
#include "compat.h"

#include <stdio.h>

#include "base/number.h"
#include "config/lex.h"

static const char lex_escapes[] = "n\nt\tr\rv\vf\fa\ab\b\\\\\"\"";

void
lex_init(struct lex *lx, const char *text, size_t len)
{
	memset(lx, 0, sizeof(*lx));
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	lx->p = text;
	lx->end = text + len;
	lx->line = 1;
}

void
lex_start(struct lex *lx)
{
	lx->start = lx->p;
	lx->start_line = lx->line;
}

/* 1 or 2: the length of the line end at p; else 0. */
static size_t
lex_eol(const struct lex *lx, const char *p)
{
	if (p < lx->end && *p == '\n')
		return (1);
	if (lx->end - p >= 2 && p[0] == '\r' && p[1] == '\n')
		return (2);
	return (0);
}

static const char *
lex_line_end(const struct lex *lx, const char *p)
{
	while (p < lx->end && lex_eol(lx, p) == 0)
		p++;
	return (p);
}

bool
lex_is_name(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-');
}

/* The byte a backslash at lx->p stands for; 0 when it stands for none. */
static int
lex_escape(struct lex *lx)
{
	const char *p = lx->p + 1;
	size_t i;
	int n = 0, value = 0;

	if (p < lx->end && *p == 'x') {
		for (p++; n < 2 && p < lx->end && number_digit(*p) != -1; n++)
			value = value * 16 + number_digit(*p++);
		if (n < 2)
			value = 0;
	} else if (p < lx->end && *p >= '0' && *p <= '7') {
		for (; n < 3 && p < lx->end && *p >= '0' && *p <= '7'; n++)
			value = value * 8 + (*p++ - '0');
		if (value > 255)
			value = 0;
	} else if (p < lx->end) {
		for (i = 0; lex_escapes[i] != '\0'; i += 2) {
			if (lex_escapes[i] == *p)
				value = (unsigned char)lex_escapes[i + 1];
		}
		/* A line end is left for the caller to stumble on. */
		if (lex_eol(lx, p) == 0)
			p++;
	}
	lx->p = p;
	return (value);
}

/* The first fault of a word; reading goes on to its end. */
static void
lex_fault(struct lex *lx, const char *why)
{
	if (lx->kind == LEX_BAD)
		return;
	lx->kind = LEX_BAD;
	strlcpy(lx->why, why, sizeof(lx->why));
}

static void
lex_string(struct lex *lx)
{
	char why[64];
	const char *esc;
	int c;

	lx->kind = LEX_STRING;
	lx->p++;
	for (;;) {
		if (lx->p == lx->end || lex_eol(lx, lx->p) != 0) {
			/* This one hides the others. */
			lx->kind = LEX_WORD;
			lex_fault(lx, "the string is not closed, expected \" "
			    "before the end of the line");
			break;
		}
		c = (unsigned char)*lx->p;
		if (c == '"') {
			lx->p++;
			break;
		}
		if (c == '\\') {
			esc = lx->p;
			c = lex_escape(lx);
			if (c == 0) {
				snprintf(why, sizeof(why), "bad escape \\%c in "
				    "a string, a backslash is written \\\\",
				    lx->p - esc > 1 && esc[1] > ' ' &&
				    esc[1] < 0x7f ? esc[1] : ' ');
				lex_fault(lx, why);
			}
		} else {
			lx->p++;
			if (c < ' ' || c == 0x7f) {
				snprintf(why, sizeof(why), "control character "
				    "in a string, write it as \\x%02x",
				    (unsigned)c);
				lex_fault(lx, c != 0 ? why :
				    "NUL byte in a string");
			}
		}
		if (lx->len < LEX_TEXT_MAX)
			lx->text[lx->len++] = (char)c;
		else
			lex_fault(lx, "the string is longer than 4096 bytes");
	}
}

/* A bare word; spaces belong to it, they show better what was meant. */
static void
lex_bare(struct lex *lx, enum lex_mode mode)
{
	const char *p = lx->p;
	int depth = 0;

	lx->kind = LEX_WORD;
	for (; p < lx->end && *p != '#' && lex_eol(lx, p) == 0; p++) {
		if (mode == LEX_ITEM) {
			if (*p == ',' || (*p == ']' && depth == 0))
				break;
			depth += (*p == '[') - (*p == ']');
		}
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 0x7f) {
			snprintf(lx->why, sizeof(lx->why),
			    "control character \\x%02x",
			    (unsigned)(unsigned char)*p);
			lx->kind = LEX_BAD;
		}
	}
	lx->len = (size_t)(p - lx->p);
	while (lx->len > 0 && (lx->p[lx->len - 1] == ' ' ||
	    lx->p[lx->len - 1] == '\t'))
		lx->len--;
	/* A too long one is wrong in any case: its beginning is enough. */
	if (lx->len > LEX_TEXT_MAX)
		lx->len = LEX_TEXT_MAX;
	memcpy(lx->text, lx->p, lx->len);
	lx->p = p;
}

static void
lex_key_word(struct lex *lx)
{
	if (*lx->p == '+' && lx->end - lx->p >= 2 && lx->p[1] == '=') {
		lx->kind = LEX_APPEND;
		lx->p += 2;
		return;
	}
	if (strchr("=.*", *lx->p) != NULL && *lx->p != '\0') {
		lx->kind = LEX_PUNCT;
		lx->punct = *lx->p++;
		return;
	}
	for (; lx->p < lx->end && lex_is_name(*lx->p); lx->p++) {
		if (lx->len < LEX_TEXT_MAX)
			lx->text[lx->len++] = *lx->p;
	}
	lx->kind = LEX_WORD;
	if (lx->len > 0)
		return;
	lx->kind = LEX_BAD;
	if (*lx->p > ' ' && *lx->p < 0x7f)
		snprintf(lx->why, sizeof(lx->why), "unexpected %c", *lx->p);
	else
		snprintf(lx->why, sizeof(lx->why), "unexpected byte \\x%02x",
		    (unsigned)(unsigned char)*lx->p);
	lx->p++;
}

enum lex_kind
lex_next(struct lex *lx, enum lex_mode mode)
{
	size_t n;

	lx->len = 0;
	for (;;) {
		while (lx->p < lx->end && (*lx->p == ' ' || *lx->p == '\t'))
			lx->p++;
		if (lx->p < lx->end && *lx->p == '#')
			lx->p = lex_line_end(lx, lx->p);
		lx->from = lx->p;
		lx->from_line = lx->line;
		if (lx->p == lx->end) {
			lx->kind = LEX_END;
			return (lx->kind);
		}
		n = lex_eol(lx, lx->p);
		if (n == 0)
			break;
		lx->p += n;
		lx->line++;
		if (mode != LEX_ITEM) {
			lx->kind = LEX_EOL;
			return (lx->kind);
		}
	}

	if (*lx->p == '"')
		lex_string(lx);
	else if (mode == LEX_KEY)
		lex_key_word(lx);
	else if (*lx->p == '[' ||
	    (mode == LEX_ITEM && (*lx->p == ']' || *lx->p == ','))) {
		lx->kind = LEX_PUNCT;
		lx->punct = *lx->p++;
	} else
		lex_bare(lx, mode);
	lx->text[lx->len] = '\0';
	if (lx->p - lx->start > LEX_STATEMENT_MAX) {
		lx->kind = LEX_BAD;
		strlcpy(lx->why, "the statement is longer than 65536 bytes",
		    sizeof(lx->why));
	}
	return (lx->kind);
}

/* Text at p is "KEY =" or "KEY +=". */
static bool
lex_is_statement(const struct lex *lx, const char *p)
{
	const char *from = p;

	for (; p < lx->end && lex_eol(lx, p) == 0; p++) {
		/* Not the comparisons of an expression. */
		if (*p == '=')
			return (p > from && strchr("!<>", p[-1]) == NULL &&
			    (lx->end - p < 2 || (p[1] != '=' && p[1] != '~')));
		if (*p == ',' || *p == '[' || *p == ']' || *p == '#')
			break;
		/* A list's own strings may hold a '='. */
		if (*p == '"' && p == from)
			break;
	}
	return (false);
}

const char *
lex_quoted_end(const char *p, const char *end)
{
	char mark = *p++;

	for (; p < end && *p != '\n'; p++) {
		if (*p == mark)
			return (p + 1);
		if (*p == '\\' && end - p > 1 && p[1] != '\n')
			p++;
	}
	return (p);
}

enum lex_kind
lex_raw(struct lex *lx)
{
	unsigned depth = 0;
	const char *p;
	size_t n;

	for (p = lx->p; p < lx->end && (*p == ' ' || *p == '\t'); p++)
		;
	lx->from = p;
	lx->from_line = lx->line;
	lx->kind = LEX_RAW;
	while (p < lx->end) {
		n = lex_eol(lx, p);
		if (n != 0) {
			if (depth == 0)
				break;
			p += n;
			lx->line++;
			while (p < lx->end && (*p == ' ' || *p == '\t'))
				p++;
			if (!lex_is_statement(lx, p))
				continue;
			lx->kind = LEX_BAD;
		} else if (*p == '#') {
			if (depth == 0)
				break;
			p = lex_line_end(lx, p);
		} else if (*p == '"' || *p == '/')
			p = lex_quoted_end(p, lx->end);
		else {
			depth += strchr("[(", *p) != NULL && *p != '\0';
			depth -= depth > 0 && strchr("])", *p) != NULL &&
			    *p != '\0';
			p++;
		}
		if (lx->kind == LEX_BAD)
			break;
	}
	if (lx->kind == LEX_BAD || depth > 0) {
		lx->kind = LEX_BAD;
		strlcpy(lx->why, "a bracket is not closed", sizeof(lx->why));
	} else if (p - lx->start > LEX_STATEMENT_MAX) {
		lx->kind = LEX_BAD;
		strlcpy(lx->why, "the statement is longer than 65536 bytes",
		    sizeof(lx->why));
	}
	lx->raw = (size_t)(p - lx->from);
	lx->p = p;
	return (lx->kind);
}

bool
lex_at_statement(const struct lex *lx)
{
	const char *p = lx->from;

	while (p > lx->start && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return (p > lx->start && p[-1] == '\n' &&
	    lex_is_statement(lx, lx->from));
}

void
lex_skip(struct lex *lx)
{
	const char *p = lx->start;
	unsigned depth = 0;
	size_t n;

	lx->line = lx->start_line;
	while (p < lx->end) {
		n = lex_eol(lx, p);
		if (n != 0) {
			p += n;
			lx->line++;
			while (p < lx->end && (*p == ' ' || *p == '\t'))
				p++;
			if (depth == 0 || lex_is_statement(lx, p))
				break;
			continue;
		}
		switch (*p++) {
		case '#':
			p = lex_line_end(lx, p);
			break;
		case '[':
		case '(':
			depth++;
			break;
		case ']':
		case ')':
			if (depth > 0)
				depth--;
			break;
		case '"':
			p = lex_quoted_end(p - 1, lx->end);
			break;
		default:
			break;
		}
	}
	lx->p = p;
}

char *
lex_quote(char *dst, size_t size, const char *text)
{
	char piece[5];
	size_t at = 0, fits = 0, i, n;
	unsigned char c;

	dst[at++] = '"';
	for (; *text != '\0'; text++) {
		/* The last place from which ..." still fits. */
		if (at + 5 <= size)
			fits = at;
		c = (unsigned char)*text;
		n = 1;
		piece[0] = (char)c;
		for (i = 0; lex_escapes[i] != '\0'; i += 2) {
			if (lex_escapes[i + 1] == (char)c) {
				piece[0] = '\\';
				piece[1] = lex_escapes[i];
				n = 2;
			}
		}
		if (n == 1 && (c < ' ' || c == 0x7f))
			n = (size_t)snprintf(piece, sizeof(piece), "\\x%02x",
			    (unsigned)c);
		if (at + n + 2 > size) {
			strlcpy(dst + fits, "...\"", size - fits);
			return (dst);
		}
		memcpy(dst + at, piece, n);
		at += n;
	}
	dst[at++] = '"';
	dst[at] = '\0';
	return (dst);
}

char *
lex_part(char *dst, size_t size, const char *text)
{
	size_t n = 0;

	while (lex_is_name(text[n]))
		n++;
	if (n == 0 || text[n] != '\0' || n >= size)
		return (lex_quote(dst, size, text));
	memcpy(dst, text, n + 1);
	return (dst);
}
