/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_value.c - Ruby's literals as ours, and what variables stand for.
 * Owns:      escapes, numbers, patterns.
 * Called by: import.c, import_expr.c.
 * Must not:  know a key or a condition.
 */
#include "compat.h"

#include "base/number.h"
#include "tool/import.h"

bool
import_no(struct import *im, const char *why)
{
	/* What is wrong first is told. */
	if (im->why == NULL)
		im->why = why;
	return (false);
}

void
import_add(struct import *im, struct buf *to, const void *data, size_t len)
{
	if (buf_add(to, data, len) == -1)
		im->fatal = "out of memory";
}

void
import_put(struct import *im, const char *text)
{
	import_add(im, &im->line_out, text, strlen(text));
}

void
import_put_quoted(struct import *im, const char *text)
{
	import_put(im, lex_quote(im->quoted, sizeof(im->quoted), text));
}

void
import_put_key(struct import *im, const char *text, uint32_t token)
{
	size_t n;

	for (;; text++) {
		n = strcspn(text, "@");
		import_add(im, &im->line_out, text, n);
		text += n;
		if (*text == '\0')
			return;
		if (token == 0)
			import_put(im, "*");
		else if (import_string(im, token))
			import_put(im, lex_part(im->quoted,
			    sizeof(im->quoted), im->string));
	}
}

bool
import_is(const struct import *im, uint32_t token, const char *text)
{
	const struct import_token *t = &im->tok[token];
	size_t len = strlen(text);

	return ((t->kind == IMPORT_WORD || t->kind == IMPORT_SIGN) &&
	    t->len == len && memcmp(im->text + t->body, text, len) == 0);
}

bool
import_take(struct import *im, const char *text)
{
	if (im->at >= im->to || !import_is(im, im->at, text))
		return (false);
	im->at++;
	return (true);
}

const struct import_name *
import_name(const struct import *im, uint32_t token)
{
	const struct import_token *t = &im->tok[token], *n;
	unsigned i;

	for (i = im->n_names; i-- > 0 && t->kind == IMPORT_WORD;) {
		n = &im->tok[im->name[i].token];
		if (n->to - n->from == t->to - t->from &&
		    memcmp(im->text + n->from, im->text + t->from,
		    t->to - t->from) == 0)
			return (&im->name[i]);
	}
	return (NULL);
}

uint32_t
import_literal(const struct import *im, uint32_t token, bool *all)
{
	const struct import_name *name = import_name(im, token);
	unsigned kind;

	if (all != NULL)
		*all = false;
	if (name != NULL && name->role == IMPORT_R_VALUE) {
		token = name->value;
		if (all != NULL)
			*all = token == 0;
	}
	kind = im->tok[token].kind;
	return (kind == IMPORT_STRING || kind == IMPORT_SYMBOL ? token : 0);
}

/* The byte that an escape in "..." stands for, or -1; p is behind the \. */
static int
import_escape(const char **p, const char *end)
{
	static const char signs[] = "n\nt\tr\rv\vf\fa\ab\be\033s ";
	size_t i;
	int n, value = 0, base = 8, most = 3;
	char c = **p;

	for (i = 0; signs[i] != '\0'; i += 2) {
		if (signs[i] == c) {
			++*p;
			return (signs[i + 1]);
		}
	}
	/* Code points, keys, a line that goes on. */
	if (strchr("uCMc\n", c) != NULL)
		return (-1);
	if (c == 'x') {
		++*p;
		base = 16;
		most = 2;
	} else if (c < '0' || c > '7') {
		++*p;
		return ((unsigned char)c);
	}
	for (n = 0; n < most && *p < end && number_digit(**p) != -1 &&
	    number_digit(**p) < base; n++)
		value = value * base + number_digit(*(*p)++);
	return (value > 255 ? -1 : value);
}

bool
import_string(struct import *im, uint32_t token)
{
	const struct import_token *t = &im->tok[token];
	const char *p = im->text + t->body, *end = p + t->len;
	size_t n = 0;
	int c;

	if (t->live)
		return (import_no(im, "#{...} is worked out when Ruby runs; "
		    "write the text itself"));
	while (p < end) {
		c = (unsigned char)*p++;
		if (c == '\\' && p < end) {
			if (t->escapes)
				c = import_escape(&p, end);
			else if (*p == '\\' || *p == *end)
				c = (unsigned char)*p++;
		}
		if (c <= 0)
			return (import_no(im, "an escape that has no place "
			    "here"));
		if (n == LEX_TEXT_MAX)
			return (import_no(im, "longer than 4096 bytes"));
		im->string[n++] = (char)c;
	}
	im->string[n] = '\0';
	return (true);
}

bool
import_put_string(struct import *im, bool status)
{
	uint32_t token = import_literal(im, im->at, NULL);
	size_t n;
	char *p;

	if (token == 0)
		return (import_no(im, "only literals can be translated"));
	if (!import_string(im, token))
		return (false);
	p = im->string;
	n = strlen(p);
	if (im->angles) {
		if (n < 2 || p[0] != '<' || p[n - 1] != '>')
			return (import_no(im, "no address with its < and >, "
			    "so upstream never finds it; drop it"));
		p[n - 1] = '\0';
		p++;
	}
	for (n = 0; status && p[n] != '\0'; n++)
		p[n] = p[n] == '_' ? '-' : p[n] >= 'A' && p[n] <= 'Z' ?
		    (char)(p[n] + ('a' - 'A')) : p[n];
	import_put_quoted(im, p);
	im->at++;
	return (true);
}

bool
import_put_number(struct import *im, bool octal)
{
	const struct import_token *t = &im->tok[im->at];
	char digits[32];
	uint64_t value = 0;
	size_t n = 0, i;
	unsigned base = 10;
	int digit;
	bool point = false;

	for (i = t->from; i < t->to; i++) {
		if (im->text[i] == '_')
			continue;
		if (n == 18)
			return (import_no(im, "the number is too long"));
		digits[n++] = im->text[i];
	}
	digits[n] = '\0';
	i = 0;
	if (n > 1 && digits[0] == '0' && digits[1] != '.') {
		base = digits[1] == 'x' ? 16 : digits[1] == 'b' ? 2 : 8;
		i = base == 8 && digits[1] != 'o' ? 1 : 2;
	}
	for (; i < n; i++) {
		digit = number_digit(digits[i]);
		if (digits[i] == '.' && base == 10 && !point && !octal)
			point = true;
		else if (digit == -1 || (unsigned)digit >= base)
			return (import_no(im, "a number in a form that has "
			    "no place here"));
		else
			value = value * base + (unsigned)digit;
	}
	if (!point)
		snprintf(digits, sizeof(digits), octal ? "%04llo" : "%llu",
		    (unsigned long long)value);
	import_put(im, digits);
	im->at++;
	return (true);
}

/*
 * A pattern that is held against an address without its < and > must not have
 * to do with either: they are where upstream's text begins and ends.
 */
static bool
import_pattern_touches(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (strchr("<>^$", *p) != NULL)
			return (true);
		if (*p == '\\' && ++p < end && strchr("AzZ", *p) != NULL)
			return (true);
	}
	return (false);
}

bool
import_put_pattern(struct import *im)
{
	const struct import_token *t = &im->tok[im->at];
	const char *p = im->text + t->body, *end = p + t->len;
	const char *flags = end + 1;
	size_t n = 0;

	if (t->live)
		return (import_no(im, "#{...} is worked out when Ruby runs; "
		    "write the text itself"));
	if (im->angles && import_pattern_touches(p, end))
		return (import_no(im, "addresses have no < and > here; write "
		    "the pattern without them"));
	im->quoted[n++] = '/';
	for (; p < end; p++) {
		if ((unsigned char)*p < ' ' || n > LEX_TEXT_MAX)
			return (import_no(im, "a pattern has to be on one "
			    "line here"));
		if (*p == '/')
			im->quoted[n++] = '\\';
		else if (*p == '\\' && p + 1 < end && p[1] > ' ')
			im->quoted[n++] = *p++;
		im->quoted[n++] = *p;
	}
	im->quoted[n++] = '/';
	for (; flags < im->text + t->to; flags++) {
		if (strchr("imx", *flags) == NULL)
			return (import_no(im, "a flag of the pattern that "
			    "has no place here"));
		im->quoted[n++] = *flags;
		if (n > LEX_TEXT_MAX + 8)
			return (import_no(im, "too many flags"));
	}
	im->quoted[n] = '\0';
	import_put(im, im->quoted);
	im->at++;
	return (true);
}
