/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_http.c - the input is what a client of the control socket sends: several
 * requests, one behind the other; and what JSON its own client reads.
 * Owns:      the invariants of requests and of JSON that is read.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/json.h"
#include "control/http.h"
#include "fuzz.h"

static struct http_request fuzz_http_request;

static bool
fuzz_http_inside(const struct http_request *r, const char *p)
{
	return (p >= r->text && p < r->text + sizeof(r->text) &&
	    memchr(p, '\0', (size_t)(r->text + sizeof(r->text) - p)) != NULL);
}

/* A request without a fault. */
static void
fuzz_http_good(struct http_request *r, size_t n)
{
	unsigned i;
	char *value;

	FUZZ_REQUIRE(n <= HTTP_HEAD_MAX);
	FUZZ_REQUIRE(fuzz_http_inside(r, r->path) && r->path[0] == '/');
	FUZZ_REQUIRE(r->query == NULL || fuzz_http_inside(r, r->query));
	for (i = 0; i < HTTP_FIELD_N; i++)
		FUZZ_REQUIRE(r->field[i] == NULL ||
		    fuzz_http_inside(r, r->field[i]));
	FUZZ_REQUIRE(r->field[HTTP_ENCODING] == NULL);
	FUZZ_REQUIRE(r->length <= HTTP_BODY_MAX);
	FUZZ_REQUIRE(r->sized || r->length == 0);
	value = http_query(r->query, "level");
	FUZZ_REQUIRE(value == NULL || fuzz_http_inside(r, value));
	i = (unsigned)strlen(r->path);
	FUZZ_REQUIRE(!http_decode(r->path) || strlen(r->path) <= i);
}

static void
fuzz_http_all(const uint8_t *data, size_t len)
{
	struct http_request *r = &fuzz_http_request;
	size_t n, i, first;
	unsigned status;

	for (;;) {
		n = http_read(r, data, len);
		FUZZ_REQUIRE(n <= len);
		if (n == 0) {
			FUZZ_REQUIRE(r->status == 0 && len <= HTTP_HEAD_MAX);
			return;
		}
		status = r->status;
		if (status != 0) {
			FUZZ_REQUIRE(r->close && http_reason(status) != NULL);
			return;
		}
		fuzz_http_good(r, n);
		/* Not before its last byte, whatever comes behind. */
		first = n;
		for (i = n > 64 ? n - 64 : 0; i < n; i++)
			FUZZ_REQUIRE(http_read(r, data, i) == 0);
		FUZZ_REQUIRE(http_read(r, data, n) == first);
		if (r->length > len - n)
			return;
		n += r->length;
		data += n;
		len -= n;
		if (len == 0)
			return;
	}
}

/* Every value below one, and what is written of it. */
static void
fuzz_http_json(const char *value, unsigned depth)
{
	const char *at = NULL;
	char text[16];

	FUZZ_REQUIRE(depth <= 33);
	FUZZ_REQUIRE(strlen(json_read(value, text, sizeof(text))) <
	    sizeof(text));
	for (at = text; *at != '\0'; at++)
		FUZZ_REQUIRE(*at >= ' ' && *at <= '~');
	(void)json_get(value, "name");
	for (at = NULL; (at = json_next(value, at)) != NULL;)
		fuzz_http_json(at, depth + 1);
}

static void
fuzz_http_text(const char *text)
{
	struct buf b;
	const char *end;

	memset(&b, 0, sizeof(b));
	if (json_skip(text) != NULL)
		fuzz_http_json(text, 0);
	/* Whatever is written can be read. */
	FUZZ_REQUIRE(json_add(&b, text) == 0 && buf_add_u8(&b, '\0') == 0);
	end = json_skip((const char *)buf_ptr(&b));
	FUZZ_REQUIRE(end != NULL && *end == '\0');
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text;

	fuzz_http_all(data, n);
	text = malloc(n + 1);
	if (text == NULL)
		return (0);
	if (n > 0)
		memcpy(text, data, n);
	text[n] = '\0';
	fuzz_http_text(text);
	free(text);
	return (0);
}
