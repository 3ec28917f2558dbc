/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * http.h - HTTP/1.1 (RFC 9112) on buffers: requests are read, answers written.
 *
 * What could be understood in two ways by two readers is refused, and the
 * connection is to be closed then: both Content-Length and Transfer-Encoding,
 * one of them twice, a line that ends without CR, a folded line, NUL, space
 * before a colon.  A body has a Content-Length or does not exist; chunks are
 * refused with 411.
 */
#ifndef CONTROL_HTTP_H
#define CONTROL_HTTP_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define HTTP_LINE_MAX	4096	/* the request line */
#define HTTP_HEAD_MAX	(HTTP_LINE_MAX + 8192)
#define HTTP_FIELDS_MAX	64
#define HTTP_BODY_MAX	((size_t)1 << 30)	/* that is counted at all */

/* Bits, for lists of what is allowed. */
enum http_method {
	HTTP_GET = 1, HTTP_HEAD = 2, HTTP_POST = 4, HTTP_PUT = 8
};

/* Those that matter. */
enum http_field {
	HTTP_HOST, HTTP_LENGTH, HTTP_ENCODING, HTTP_EXPECT, HTTP_ORIGIN,
	HTTP_AUTHORIZATION,
	HTTP_ONCE,		/* all above: twice is a fault */
	HTTP_CONNECTION = HTTP_ONCE,
	HTTP_FIELD_N
};

struct http_request {
	unsigned	 status;	/* 0, or what is wrong: 4xx, 5xx; then
					   only close counts */
	unsigned	 method;	/* 0: one that is not known */
	bool		 close;		/* behind the answer */
	bool		 expect;	/* 100-continue */
	bool		 sized;		/* it has a Content-Length */
	size_t		 length;	/* of the body; _MAX: or more */
	char		*path;		/* as sent, begins with a slash */
	char		*query;		/* NULL: none */
	/* NULL: not there; HTTP_HOST is that of the target first. */
	char		*field[HTTP_FIELD_N];
	char		 text[HTTP_HEAD_MAX + 1];	/* they are in it */
};

/*
 * Reads the head of a request from the first len bytes.  Returns 0 when it is
 * not all there and has no fault so far, else how long it is; the body follows.
 */
size_t	http_read(struct http_request *, const void *data, size_t len);

/* Decodes %XX in place; false when that is none, or a NUL. */
bool	http_decode(char *text);
/*
 * The value of NAME=VALUE in a query, decoded, or NULL.  The query is of no
 * use any more then.
 */
char	*http_query(char *query, const char *name);

/* "Not Found"; NULL for a status that is never sent. */
const char *http_reason(unsigned status);
/*
 * Adds an answer.  type and fields (whole lines) may be NULL; of a body that is
 * not to be sent (HEAD) body is NULL and len what it would be.  0 or -1.
 */
int	http_answer(struct buf *, unsigned status, const char *type,
	    const char *fields, bool close, const void *body, size_t len);

#endif /* CONTROL_HTTP_H */
