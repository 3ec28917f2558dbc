/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * http.c - HTTP/1.1 on buffers: requests are read, answers written.
 * Owns:      what a request may look like, and how much of it there may be.
 * Called by: control.c; the fuzzer.
 * Must not:  know a socket, or what is asked for.
 */
#include "compat.h"

#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/number.h"
#include "base/word.h"
#include "control/http.h"

static const struct word http_methods[] = {
	{ "GET", HTTP_GET },
	{ "HEAD", HTTP_HEAD },
	{ "POST", HTTP_POST },
	{ "PUT", HTTP_PUT },
};

/* In the order of enum http_field. */
static const char *const http_names[] = {
	"host", "content-length", "transfer-encoding", "expect", "origin",
	"authorization", "connection"
};

static const struct word http_reasons[] = {
	{ "OK", 200 },
	{ "Bad Request", 400 },
	{ "Unauthorized", 401 },
	{ "Forbidden", 403 },
	{ "Not Found", 404 },
	{ "Method Not Allowed", 405 },
	{ "Request Timeout", 408 },
	{ "Conflict", 409 },
	{ "Length Required", 411 },
	{ "Content Too Large", 413 },
	{ "URI Too Long", 414 },
	{ "Expectation Failed", 417 },
	{ "Misdirected Request", 421 },
	{ "Unprocessable Content", 422 },
	{ "Request Header Fields Too Large", 431 },
	{ "Internal Server Error", 500 },
	{ "Not Implemented", 501 },
	{ "Service Unavailable", 503 },
	{ "HTTP Version Not Supported", 505 },
	{ NULL, 0 }
};

/* --- reading ------------------------------------------------------------- */

static bool
http_is_token(const char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		char c = p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		    (c >= 'a' && c <= 'z') ||
		    (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL)))
			return (false);
	}
	return (len > 0);
}

/*
 * How long the head is, with the empty line at its end; 0 when that is not
 * there yet.  A fault that shows before the end is in *status, and the length
 * how far it was read.
 */
static size_t
http_head(const unsigned char *p, size_t len, unsigned *status)
{
	size_t i, begin = 0;
	bool first = true;

	for (i = 0; i < len; i++) {
		if (i == HTTP_LINE_MAX && first) {
			*status = 414;
			return (i);
		}
		if (i == HTTP_HEAD_MAX) {
			*status = 431;
			return (i);
		}
		if (p[i] == '\0' || (p[i] == '\n') != (i > 0 &&
		    p[i - 1] == '\r')) {
			*status = 400;
			return (i + 1);
		}
		if (p[i] != '\n')
			continue;
		/* One empty line before a request is left over by some. */
		if (i == begin + 1 && i > 1)
			return (i + 1);
		first = first && i == 1;
		begin = i + 1;
	}
	return (0);
}

/* The request line; 0 or a status. */
static unsigned
http_request_line(struct http_request *r, char *line, bool *old)
{
	char *target = strchr(line, ' '), *version, *p;
	size_t i;

	version = target != NULL ? strchr(target + 1, ' ') : NULL;
	if (version == NULL || !http_is_token(line, (size_t)(target - line)))
		return (400);
	*target++ = *version++ = '\0';
	for (i = 0; i < sizeof(http_methods) / sizeof(http_methods[0]); i++)
		if (strcmp(line, http_methods[i].name) == 0)
			r->method = (unsigned)http_methods[i].value;
	if (strncmp(version, "HTTP/", 5) != 0 || number_digit(version[5]) < 0 ||
	    version[6] != '.' || number_digit(version[7]) < 0 ||
	    version[5] > '9' || version[7] > '9' || version[8] != '\0')
		return (400);
	if (version[5] != '1')
		return (505);
	*old = version[7] == '0';
	for (p = target; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '#')
			return (400);
	if (strncasecmp(target, "http://", 7) == 0) {
		r->field[HTTP_HOST] = target + 7;
		target += 7 + strcspn(target + 7, "/?");
		/* The host ends where the path begins. */
		memmove(r->field[HTTP_HOST] - 1, r->field[HTTP_HOST],
		    (size_t)(target - r->field[HTTP_HOST]));
		target[-1] = '\0';
		r->field[HTTP_HOST]--;
	}
	r->path = target;
	r->query = strchr(target, '?');
	if (r->query != NULL)
		*r->query++ = '\0';
	return (target[0] == '/' ? 0 : 400);
}

/* Whether a list, with commas, has that word. */
static bool
http_has_word(const char *list, const char *word)
{
	size_t len = strlen(word), n;

	for (;;) {
		list += strspn(list, " \t,");
		n = strcspn(list, " \t,");
		if (n == 0)
			return (false);
		if (n == len && strncasecmp(list, word, n) == 0)
			return (true);
		list += n;
	}
}

/* One field; 0 or a status.  *said: the bits of those that were there. */
static unsigned
http_field_line(struct http_request *r, char *line, unsigned *said)
{
	char *value = strchr(line, ':'), *end;
	unsigned i;

	if (value == NULL || !http_is_token(line, (size_t)(value - line)))
		return (400);
	*value++ = '\0';
	value += strspn(value, " \t");
	for (end = value; *end != '\0'; end++)
		if (((unsigned char)*end < ' ' && *end != '\t') || *end == 0x7f)
			return (400);
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	for (i = 0; i < HTTP_FIELD_N; i++) {
		if (strcasecmp(line, http_names[i]) != 0)
			continue;
		if (i < HTTP_ONCE && (*said & 1u << i) != 0)
			return (400);
		*said |= 1u << i;
		if (r->field[i] == NULL)
			r->field[i] = value;
		if (i == HTTP_CONNECTION && http_has_word(value, "close"))
			r->close = true;
	}
	return (0);
}

/* What the fields say of the body; 0 or a status. */
static unsigned
http_body(struct http_request *r, bool old)
{
	const char *length = r->field[HTTP_LENGTH];
	const char *encoding = r->field[HTTP_ENCODING];
	uint64_t n;

	if (encoding != NULL)
		return (length != NULL || old ? 400 :
		    strcasecmp(encoding, "chunked") == 0 ? 411 : 501);
	r->sized = length != NULL;
	if (r->sized) {
		if (length[0] == '\0' ||
		    length[strspn(length, "0123456789")] != '\0')
			return (400);
		if (number_read(length, 10, HTTP_BODY_MAX, &n) == -1)
			n = HTTP_BODY_MAX;
		r->length = (size_t)n;
	}
	if (r->field[HTTP_EXPECT] != NULL && !old) {
		if (strcasecmp(r->field[HTTP_EXPECT], "100-continue") != 0)
			return (417);
		r->expect = true;
	}
	return (0);
}

/* The whole head is in r->text; 0 or a status. */
static unsigned
http_lines(struct http_request *r, size_t len)
{
	char *line = r->text, *end, *stop = r->text + len;
	unsigned status = 0, n = 0, said = 0;
	bool old = false, first = true;

	if (line[0] == '\r')
		line += 2;
	for (; status == 0 && (end = memchr(line, '\r',
	    (size_t)(stop - line))) != NULL; line = end + 2) {
		if (end == line)
			break;
		*end = '\0';
		if (first)
			status = http_request_line(r, line, &old);
		else if (n++ == HTTP_FIELDS_MAX)
			status = 431;
		else
			status = http_field_line(r, line, &said);
		first = false;
	}
	if (status == 0 && !old && (said & 1u << HTTP_HOST) == 0)
		status = 400;
	if (status == 0)
		status = http_body(r, old);
	if (old)
		r->close = true;
	return (status);
}

size_t
http_read(struct http_request *r, const void *data, size_t len)
{
	size_t n;

	memset(r, 0, offsetof(struct http_request, text));
	n = http_head(data, len, &r->status);
	if (n > 0 && r->status == 0) {
		memcpy(r->text, data, n);
		r->text[n] = '\0';
		r->status = http_lines(r, n);
	}
	if (r->status != 0)
		r->close = true;
	return (n);
}

bool
http_decode(char *text)
{
	const char *p;
	int high, low;

	for (p = text; *p != '\0'; p++) {
		if (*p != '%') {
			*text++ = *p;
			continue;
		}
		high = number_digit(p[1]);
		low = high < 0 ? -1 : number_digit(p[2]);
		if (low < 0 || (high == 0 && low == 0))
			return (false);
		*text++ = (char)(high << 4 | low);
		p += 2;
	}
	*text = '\0';
	return (true);
}

char *
http_query(char *query, const char *name)
{
	size_t len = strlen(name);
	char *next;

	for (; query != NULL; query = next) {
		next = strchr(query, '&');
		if (next != NULL)
			*next++ = '\0';
		if (strncmp(query, name, len) == 0 && query[len] == '=')
			return (http_decode(query + len + 1) ?
			    query + len + 1 : NULL);
	}
	return (NULL);
}

/* --- writing ------------------------------------------------------------- */

const char *
http_reason(unsigned status)
{
	return (word_name(http_reasons, (int)status));
}

/* Not strftime(3): with it comes all that is local. */
static int
http_date(struct buf *b)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t now = time(NULL);
	struct tm tm;

	/* Without a clock there is none. */
	if (gmtime_r(&now, &tm) == NULL)
		return (0);
	return (buf_printf(b, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n",
	    days + 3 * tm.tm_wday, tm.tm_mday, months + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec));
}

int
http_answer(struct buf *b, unsigned status, const char *type,
    const char *fields, bool close, const void *body, size_t len)
{
	size_t before = b->len;

	if (buf_printf(b, "HTTP/1.1 %u %s\r\n", status,
	    http_reason(status)) == 0 && http_date(b) == 0 &&
	    buf_printf(b, "Content-Type: %s\r\nContent-Length: %zu\r\n"
	    "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
	    "%s%s\r\n", type != NULL ? type : "text/plain; charset=utf-8", len,
	    close ? "Connection: close\r\n" : "",
	    fields != NULL ? fields : "") == 0 &&
	    (body == NULL || buf_add(b, body, len) == 0))
		return (0);
	/* No part of one. */
	b->len = before;
	return (-1);
}
