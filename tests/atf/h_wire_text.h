/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_wire_text.h - the frames and data of a conversation's script, as bytes.
 * Owns:      the notation that h_wire.c describes.
 * Called by: h_wire.c, which includes it once.
 * Must not:  know of parties and connections.
 */
#ifndef H_WIRE_TEXT_H
#define H_WIRE_TEXT_H

#include <ctype.h>
#include <err.h>
#include <stdint.h>

#include "base/buf.h"

/* The script is wrong: says so with its line, and exits. */
static void	wire_bad_script(const char *);

static void
wire_add(struct buf *b, const void *data, size_t len)
{
	if (buf_add(b, data, len) == -1)
		err(1, NULL);
}

static int
wire_hex(int c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p = c != '\0' ? strchr(digits, tolower(c)) : NULL;

	return (p == NULL ? -1 : (int)(p - digits));
}

static const char *
wire_skip(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return (p);
}

/* One character of a text; returns what follows it. */
static const char *
wire_char(const char *p, unsigned char *c)
{
	static const char from[] = "0rnt\\\"'", to[] = "\0\r\n\t\\\"'";
	const char *e = NULL;

	if (*p != '\\') {
		*c = (unsigned char)*p;
		return (p + 1);
	}
	if (p[1] == 'x' && wire_hex(p[2]) != -1 && wire_hex(p[3]) != -1) {
		*c = (unsigned char)(wire_hex(p[2]) * 16 + wire_hex(p[3]));
		return (p + 4);
	}
	if (p[1] != '\0')
		e = strchr(from, p[1]);
	if (e == NULL) {
		wire_bad_script("bad escape");
		return (p);
	}
	*c = (unsigned char)to[e - from];
	return (p + 2);
}

static const char *
wire_quoted(const char *p, struct buf *out)
{
	struct buf text = { 0 };
	unsigned long times = 1;
	unsigned char c;
	char quote = *p++, *end;

	while (*p != quote) {
		if (*p == '\0')
			wire_bad_script("no closing quote");
		p = wire_char(p, &c);
		wire_add(&text, &c, 1);
	}
	p++;
	if (*p == '*') {
		times = strtoul(p + 1, &end, 10);
		p = end;
	}
	for (; times > 0; times--)
		wire_add(out, buf_ptr(&text), text.len);
	if (quote == '"')
		wire_add(out, "", 1);
	buf_free(&text);
	return (p);
}

static void
wire_data(const char *p, struct buf *out)
{
	unsigned char c;

	for (p = wire_skip(p); *p != '\0'; p = wire_skip(p)) {
		if (*p == '"' || *p == '\'') {
			p = wire_quoted(p, out);
			continue;
		}
		for (; *p != '\0' && *p != ' ' && *p != '\t'; p += 2) {
			if (wire_hex(p[0]) == -1 || wire_hex(p[1]) == -1)
				wire_bad_script("neither a text nor hex");
			c = (unsigned char)(wire_hex(p[0]) * 16 +
			    wire_hex(p[1]));
			wire_add(out, &c, 1);
		}
	}
}

static void
wire_usual(int code, struct buf *out)
{
	static const struct {
		int		 code;
		const char	*data;
	} usual[] = {
		{ 'C', "\"client.example.org\" '4' 8000 \"192.0.2.1\"" },
		{ 'H', "\"client.example.org\"" },
		{ 'M', "\"<s@example.org>\"" }, { 'R', "\"<r@example.org>\"" },
		{ 'L', "\"Subject\" \"s\"" }, { 'B', "'body\\r\\n'" },
		{ 'U', "\"FROB\"" },
	};
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].code == code)
			wire_data(usual[i].data, out);
}

/* Appends the whole frame that CODE [DATA] stands for. */
static void
wire_frame(const char *p, struct buf *out)
{
	struct buf payload = { 0 };
	unsigned char code;

	p = wire_skip(wire_char(wire_skip(p), &code));
	if (*p == '\0')
		wire_usual(code, &payload);
	else
		wire_data(p, &payload);
	if (buf_add_u32(out, (uint32_t)payload.len + 1) == -1)
		err(1, NULL);
	wire_add(out, &code, 1);
	wire_add(out, buf_ptr(&payload), payload.len);
	buf_free(&payload);
}

#endif /* H_WIRE_TEXT_H */
