/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * json.c - JSON, written into a buffer and read from one.
 * Owns:      that no byte gets into JSON that it does not have, nor one out of
 *            it that a terminal obeys.
 * Called by: control/, tool/, and what writes a log of it.
 * Must not:  know what is written.
 */
#include "compat.h"

#include <stdio.h>

#include "base/json.h"
#include "base/number.h"

#define JSON_DEPTH_MAX	32

/* The next character, or U+FFFD for a byte that is none. */
static uint32_t
json_character(const unsigned char **text)
{
	const unsigned char *p = *text;
	uint32_t c = *p++, least;
	unsigned more;

	*text = p;
	if (c < 0x80)
		return (c);
	more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	if (c < 0xc2 || c > 0xf4)
		return (0xfffd);
	least = more == 3 ? 0x10000 : more == 2 ? 0x800 : 0x80;
	c &= 0x3fu >> more;
	for (; more > 0; more--, p++) {
		if ((*p & 0xc0) != 0x80)
			return (0xfffd);
		c = c << 6 | (*p & 0x3fu);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return (0xfffd);
	*text = p;
	return (c);
}

int
json_add(struct buf *b, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c;
	int r;

	if (text == NULL)
		return (buf_add(b, "null", 4));
	r = buf_add_u8(b, '"');
	while (*p != '\0' && r == 0) {
		c = json_character(&p);
		if (c > 0xffff) {
			r = buf_printf(b, "\\u%04x",
			    (unsigned)(0xd7c0 + (c >> 10)));
			c = 0xdc00 | (c & 0x3ff);
		}
		if (c < ' ' || c > '~' || c == '"' || c == '\\')
			r |= buf_printf(b, "\\u%04x", (unsigned)c);
		else
			r |= buf_add_u8(b, c);
	}
	return (r | buf_add_u8(b, '"'));
}

/* What comes before a value. */
static void
json_begin(struct json *j, const char *name)
{
	if (j->more)
		j->failed |= buf_add(j->out, ", ", 2) == -1;
	j->more = true;
	if (name != NULL)
		j->failed |= json_add(j->out, name) == -1 ||
		    buf_add(j->out, ": ", 2) == -1;
}

void
json_raw(struct json *j, const char *name, const char *value, size_t len)
{
	if (j->failed)
		return;
	json_begin(j, name);
	j->failed |= buf_add(j->out, value, len) == -1;
}

void
json_open(struct json *j, const char *name, char bracket)
{
	json_raw(j, name, &bracket, 1);
	j->more = false;
}

void
json_close(struct json *j, char bracket)
{
	j->more = false;
	json_raw(j, NULL, &bracket, 1);
}

void
json_text(struct json *j, const char *name, const char *value)
{
	json_raw(j, name, "", 0);
	if (!j->failed)
		j->failed = json_add(j->out, value) == -1;
}

void
json_number(struct json *j, const char *name, uint64_t value)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu",
	    (unsigned long long)value);

	json_raw(j, name, text, (size_t)n);
}

void
json_bool(struct json *j, const char *name, bool value)
{
	json_raw(j, name, value ? "true" : "false", value ? 4 : 5);
}

/* --- reading ------------------------------------------------------------- */

static const char *
json_space(const char *p)
{
	return (p + strspn(p, " \t\r\n"));
}

/* Behind the string at p, or NULL. */
static const char *
json_behind(const char *p)
{
	for (p++; *p != '"'; p++) {
		if (*p == '\\')
			p++;
		if ((unsigned char)*p < ' ')
			return (NULL);
	}
	return (p + 1);
}

static const char *
json_skip_at(const char *p, unsigned depth)
{
	char close;
	size_t n;

	p = json_space(p);
	if (*p == '"') {
		p = json_behind(p);
		return (p != NULL ? json_space(p) : NULL);
	}
	if (*p != '{' && *p != '[') {
		n = strspn(p, "+-.0123456789abcdefghijklmnopqrstuvwxyzE");
		return (n > 0 ? json_space(p + n) : NULL);
	}
	if (depth == JSON_DEPTH_MAX)
		return (NULL);
	close = *p == '{' ? '}' : ']';
	p = json_space(p + 1);
	if (*p == close)
		return (json_space(p + 1));
	for (;;) {
		if (close == '}') {
			p = json_space(p);
			p = *p == '"' ? json_skip_at(p, depth) : NULL;
			if (p == NULL || *p++ != ':')
				return (NULL);
		}
		p = json_skip_at(p, depth + 1);
		if (p == NULL || (*p != ',' && *p != close))
			return (NULL);
		if (*p++ == close)
			return (json_space(p));
	}
}

const char *
json_skip(const char *text)
{
	return (json_skip_at(text, 0));
}

const char *
json_next(const char *in, const char *at)
{
	in = json_space(in);
	if (*in != '{' && *in != '[')
		return (NULL);
	if (at == NULL) {
		at = json_space(in + 1);
		if (*at == '}' || *at == ']')
			return (NULL);
	} else {
		at = json_skip(at);
		if (*at != ',')
			return (NULL);
		at++;
	}
	/* Over the name. */
	if (*in == '{')
		at = json_skip(at) + 1;
	return (json_space(at));
}

const char *
json_get(const char *object, const char *name)
{
	const char *at = json_space(object), *value;
	size_t len = strlen(name);

	if (*at != '{')
		return (NULL);
	for (value = NULL; (value = json_next(object, value)) != NULL;
	    at = json_skip(value)) {
		at = json_space(at + 1);
		if (strncmp(at + 1, name, len) == 0 && at[len + 1] == '"')
			return (value);
	}
	return (NULL);
}

/* The character that four digits stand for. */
static unsigned
json_hex(const char *p)
{
	unsigned c = 0, i;
	int digit;

	for (i = 0; i < 4; i++) {
		digit = number_digit(p[i]);
		if (digit == -1)
			return (0xfffd);
		c = c << 4 | (unsigned)digit;
	}
	return (c);
}

char *
json_read(const char *value, char *dst, size_t size)
{
	const char *p = json_space(value), *end;
	size_t n = 0;
	unsigned c;

	if (*p == '{' || *p == '[') {
		dst[0] = '\0';
		return (dst);
	}
	end = *p == '"' ? json_behind(p) - 1 : p + strcspn(p, " \t\r\n,]}");
	for (p += *p == '"'; p < end && n + 1 < size; p++) {
		c = (unsigned char)*p;
		if (c == '\\') {
			c = (unsigned char)*++p;
			if (c == 'u' && end - p > 4) {
				c = json_hex(p + 1);
				p += 4;
			} else if (strchr("\"\\/", (int)c) == NULL)
				c = '?';
		}
		dst[n++] = c < ' ' || c > '~' ? '?' : (char)c;
	}
	dst[n] = '\0';
	return (dst);
}

#undef JSON_DEPTH_MAX
