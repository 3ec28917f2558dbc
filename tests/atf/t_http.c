/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_http.c - requests and answers of the control socket, and JSON, on buffers.
 */
#include "compat.h"

#include <stdio.h>

#include "base/json.h"
#include "control/http.h"
#include "h_case.h"

static struct http_request	http;

/* Cut anywhere it is not there yet; whole it has that status. */
static void
http_expect(const char *text, unsigned status)
{
	size_t len = strlen(text), i, n;
	char *copy;

	for (i = 0; i < len; i++) {
		/* A copy of its own lets sanitizers see a byte too far. */
		copy = malloc(i > 0 ? i : 1);
		ATF_REQUIRE(copy != NULL);
		memcpy(copy, text, i);
		n = http_read(&http, copy, i);
		ATF_CHECK_MSG(n == 0 || http.status != 0, "%zu of %s", i,
		    text);
		ATF_CHECK(n <= i);
		free(copy);
		if (n > 0)
			break;
	}
	n = http_read(&http, text, len);
	ATF_CHECK_MSG(n > 0, "%s", text);
	ATF_CHECK_MSG(http.status == status, "%u, expected %u: %s",
	    http.status, status, text);
	ATF_CHECK(status == 0 || http.close);
}

H_CASE(good, "What is asked for is read as it was sent")
{
	http_expect("GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n", 0);
	ATF_CHECK_EQ(http.method, HTTP_GET);
	ATF_CHECK_STREQ(http.path, "/status");
	ATF_CHECK(http.query == NULL && !http.close && !http.sized);
	ATF_CHECK_STREQ(http.field[HTTP_HOST], "localhost");

	http_expect("\r\nPUT /config?reload=1&x=%41%2f HTTP/1.1\r\nhost:a:1\r\n"
	    "Content-Length:  12  \r\nEXPECT: 100-continue\r\n"
	    "Authorization: Bearer t\r\nOrigin: null\r\n"
	    "Connection: x, Close\r\nConnection: y\r\n\r\n", 0);
	ATF_CHECK_EQ(http.method, HTTP_PUT);
	ATF_CHECK(http.expect && http.sized && http.close);
	ATF_CHECK_EQ(http.length, 12);
	ATF_CHECK_STREQ(http.field[HTTP_AUTHORIZATION], "Bearer t");
	ATF_CHECK_STREQ(http.field[HTTP_ORIGIN], "null");
	ATF_CHECK_STREQ(http.query, "reload=1&x=%41%2f");
	ATF_CHECK_STREQ(http_query(http.query, "x"), "A/");

	http_expect("POST http://other:80/a?b HTTP/1.1\r\nHost: h\r\n\r\n", 0);
	ATF_CHECK_STREQ(http.field[HTTP_HOST], "other:80");
	ATF_CHECK_STREQ(http.path, "/a");
	ATF_CHECK_STREQ(http.query, "b");

	http_expect("BREW / HTTP/1.7\r\nHost:\r\nX:\r\n\r\n", 0);
	ATF_CHECK_EQ(http.method, 0);
	ATF_CHECK(!http.close);
	http_expect("GET / HTTP/1.0\r\n\r\n", 0);
	ATF_CHECK(http.close);
	/* The one behind it is not touched. */
	ATF_CHECK_EQ(http_read(&http, "GET / HTTP/1.0\r\n\r\nGET", 21), 18);
}

H_CASE(bad, "What could be understood in two ways is refused")
{
#define BAD_HEAD	"PUT / HTTP/1.1\r\nHost: h\r\n"
	static const char *const bad[] = {
		"GET / HTTP/1.1\nHost: h\n\n",
		"GET / HTTP/1.1\r\nHost: h\n\r\n",
		"GET / HTTP/1.1\rHost: h\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n",
		"GET /\r\n\r\n", "GET\r\n\r\n", " GET / HTTP/1.1\r\n\r\n",
		"\r\n\r\n", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
		"GET / HTTP/11\r\nHost: h\r\n\r\n",
		"GET / HTTP/a.1\r\nHost: h\r\n\r\n",
		"GET / http/1.1\r\nHost: h\r\n\r\n",
		"G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET status HTTP/1.1\r\nHost: h\r\n\r\n",
		"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http://h HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /#x HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /\x80 HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n",
		BAD_HEAD "Host: i\r\n\r\n",
		BAD_HEAD "Content-Length: 1\r\nContent-Length: 1\r\n\r\n",
		BAD_HEAD "Content-Length: 1, 1\r\n\r\n",
		BAD_HEAD "Content-Length: +1\r\n\r\n",
		BAD_HEAD "Content-Length: 0x1\r\n\r\n",
		BAD_HEAD "Content-Length: \r\n\r\n",
		BAD_HEAD "Content-Length: -1\r\n\r\n",
		BAD_HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"
		    "\r\n",
		BAD_HEAD "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"
		    "\r\n",
		BAD_HEAD "Transfer-Encoding: chunked\r\n"
		    "Transfer-Encoding: x\r\n\r\n",
		"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
		BAD_HEAD "X: 1\r\n folded\r\n\r\n",
		BAD_HEAD "X : 1\r\n\r\n", BAD_HEAD ": 1\r\n\r\n",
		BAD_HEAD "X\r\n\r\n", BAD_HEAD "X: \x01\r\n\r\n",
		BAD_HEAD "X: \x7f\r\n\r\n",
		BAD_HEAD "X: a\rb\r\n\r\n",
	};
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		http_expect(bad[i], 400);
	ATF_CHECK(http_read(&http, "GET / HTTP/1.1\r\nHost: \0\r\n\r\n", 28) >
	    0);
	ATF_CHECK_EQ(http.status, 400);
	http_expect(BAD_HEAD "Transfer-Encoding: Chunked\r\n\r\n", 411);
	http_expect(BAD_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n", 501);
	http_expect(BAD_HEAD "Expect: much\r\n\r\n", 417);
	http_expect("GET / HTTP/2.0\r\n\r\n", 505);
	http_expect("GET / HTTP/0.9\r\n\r\n", 505);
}

H_CASE(limits, "A line, a head, a number has an end")
{
	static char text[2 * HTTP_HEAD_MAX];
	size_t i, n;

	/* The longest path that is let through, and one more. */
	n = HTTP_LINE_MAX - strlen("GET / HTTP/1.1\r\n");
	snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: h\r\n\r\n",
	    (int)n, 0);
	http_expect(text, 0);
	snprintf(text, sizeof(text), "GET /%0*d HTTP/1.1\r\nHost: h\r\n\r\n",
	    (int)n + 1, 0);
	http_expect(text, 414);

	memset(text, 'a', sizeof(text));
	ATF_CHECK_EQ(http_read(&http, text, HTTP_LINE_MAX), 0);
	ATF_CHECK(http_read(&http, text, HTTP_LINE_MAX + 1) > 0);
	ATF_CHECK_EQ(http.status, 414);
	memcpy(text, "GET / HTTP/1.1\r\nX: ", 19);
	ATF_CHECK_EQ(http_read(&http, text, HTTP_HEAD_MAX), 0);
	ATF_CHECK(http_read(&http, text, HTTP_HEAD_MAX + 1) > 0);
	ATF_CHECK_EQ(http.status, 431);

	for (i = HTTP_FIELDS_MAX - 1; i <= HTTP_FIELDS_MAX; i++) {
		strlcpy(text, "GET / HTTP/1.1\r\nHost: h\r\n", sizeof(text));
		for (n = 0; n < i; n++)
			strlcat(text, "X: y\r\n", sizeof(text));
		strlcat(text, "\r\n", sizeof(text));
		http_expect(text, i < HTTP_FIELDS_MAX ? 0 : 431);
	}
	http_expect("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: "
	    "99999999999999999999999999\r\n\r\n", 0);
	ATF_CHECK_EQ(http.length, HTTP_BODY_MAX);
}

H_CASE(decode, "Percent signs are decoded once, and no NUL comes of them")
{
	static const char *const bad[] = { "%", "%4", "%4g", "%g4", "%00",
		"a%", "a%4" };
	char text[32];
	size_t i;

	strlcpy(text, "a%20b%2Fc%2525+", sizeof(text));
	ATF_CHECK(http_decode(text));
	ATF_CHECK_STREQ(text, "a b/c%25+");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		strlcpy(text, bad[i], sizeof(text));
		ATF_CHECK(!http_decode(text));
	}
	strlcpy(text, "ab=1&a=2&a=3", sizeof(text));
	ATF_CHECK_STREQ(http_query(text, "a"), "2");
	strlcpy(text, "a", sizeof(text));
	ATF_CHECK(http_query(text, "a") == NULL);
	ATF_CHECK(http_query(NULL, "a") == NULL);
}

H_CASE(answer, "An answer has its length, and says when it is the last one")
{
	struct buf b;
	const char *text;

	memset(&b, 0, sizeof(b));
	ATF_REQUIRE(http_answer(&b, 405, NULL, "Allow: GET\r\n", true, "no\n",
	    3) == 0 && buf_add_u8(&b, '\0') == 0);
	text = (const char *)buf_ptr(&b);
	ATF_CHECK(strncmp(text, "HTTP/1.1 405 Method Not Allowed\r\nDate: ",
	    39) == 0);
	ATF_CHECK(strstr(text, "\r\nContent-Length: 3\r\n") != NULL);
	ATF_CHECK(strstr(text, "\r\nConnection: close\r\n") != NULL);
	ATF_CHECK(strstr(text, "\r\nAllow: GET\r\n\r\nno\n") != NULL);
	buf_clear(&b);
	ATF_REQUIRE(http_answer(&b, 200, "a/b", NULL, false, NULL, 7) == 0 &&
	    buf_add_u8(&b, '\0') == 0);
	text = (const char *)buf_ptr(&b);
	ATF_CHECK(strstr(text, "\r\nContent-Type: a/b\r\n"
	    "Content-Length: 7\r\n") != NULL);
	ATF_CHECK(strstr(text, "close") == NULL);
	ATF_CHECK_STREQ(text + strlen(text) - 4, "\r\n\r\n");
	buf_free(&b);
}

H_CASE(json, "JSON that was written is read again, cut anywhere it is none")
{
	static const char want[] = "{\"a\": [1, \"x\\u0022\\u005c\\u00e9"
	    "\\ufffd\\ud83d\\ude00\\u000a\", null, true], \"b\": {}, \"c\": "
	    "18446744073709551615}";
	static const char *const bad[] = { "", "{", "{\"a\"}", "{\"a\":}",
		"{a: 1}", "[1,]", "[1 2]", "[}", "{1: 2}", "\"a", "\"\\", "]",
		"\"\n\"" };
	char text[128], deep[128];
	struct buf b;
	struct json j = { &b, false, false };
	const char *at;
	size_t i;

	memset(&b, 0, sizeof(b));
	json_open(&j, NULL, '{');
	json_open(&j, "a", '[');
	json_number(&j, NULL, 1);
	json_text(&j, NULL, "x\"\\\xc3\xa9\xff\xf0\x9f\x98\x80\n");
	json_text(&j, NULL, NULL);
	json_bool(&j, NULL, true);
	json_close(&j, ']');
	json_open(&j, "b", '{');
	json_close(&j, '}');
	json_number(&j, "c", UINT64_MAX);
	json_close(&j, '}');
	ATF_REQUIRE(!j.failed && buf_add_u8(&b, '\0') == 0);
	ATF_CHECK_STREQ((char *)buf_ptr(&b), want);
	buf_free(&b);

	ATF_REQUIRE((at = json_skip(want)) != NULL && *at == '\0');
	for (i = 0; i < sizeof(want) - 1; i++) {
		strlcpy(deep, want, i + 1);
		ATF_CHECK(json_skip(deep) == NULL);
	}
	ATF_CHECK_STREQ(json_read(json_get(want, "c"), text, sizeof(text)),
	    "18446744073709551615");
	ATF_CHECK(json_get(want, "d") == NULL);
	ATF_CHECK(json_next(json_get(want, "b"), NULL) == NULL);
	at = json_next(json_get(want, "a"), NULL);
	ATF_CHECK_STREQ(json_read(at, text, sizeof(text)), "1");
	at = json_next(json_get(want, "a"), at);
	ATF_CHECK_STREQ(json_read(at, text, sizeof(text)), "x\"\\?????");
	ATF_CHECK_STREQ(json_read(at, text, 3), "x\"");
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ATF_CHECK_MSG(json_skip(bad[i]) == NULL, "%s", bad[i]);
	memset(deep, '[', 64);
	memset(deep + 64, ']', 63);
	deep[127] = '\0';
	ATF_CHECK(json_skip(deep) == NULL);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, good);
	ATF_TP_ADD_TC(tp, bad);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, decode);
	ATF_TP_ADD_TC(tp, answer);
	ATF_TP_ADD_TC(tp, json);
	return (atf_no_error());
}
