/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control_ask.c - one request to the control socket.
 * Owns:      the client's side of HTTP.
 * Called by: control_tool.c.
 * Must not:  believe how much will come, or wait for ever.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/word.h"
#include "tool/control_tool.h"

#define CONTROL_ASK_SECONDS	60	/* an upgrade takes its time */
#define CONTROL_ASK_MAX		((size_t)16 * 1024 * 1024)

/* A connected socket that waits, but not for ever; -1 and errno. */
static int
control_ask_connect(const struct spec *spec)
{
	struct timeval tv = { CONTROL_ASK_SECONDS, 0 };
	struct sockaddr_storage ss;
	socklen_t len;
	int fd, saved;

	if (spec_sockaddr(spec, false, &ss, &len) == -1) {
		errno = EADDRNOTAVAIL;
		return (-1);
	}
	fd = socket(ss.ss_family, SOCK_STREAM, 0);
	if (fd == -1)
		return (-1);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&ss, len) == 0)
		return (fd);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return (-1);
}

/*
 * 0, or -1 and errno.  An answer may come before all is sent, from one who then
 * hears no more.
 */
static int
control_ask_send(int fd, const struct buf *b)
{
	const unsigned char *p = buf_ptr(b);
	size_t left = b->len;
	ssize_t n;

	while (left > 0) {
		n = write(fd, p, left);
		if (n == -1 && (errno == EPIPE || errno == ECONNRESET))
			return (0);
		if (n == -1 && errno != EINTR)
			return (-1);
		if (n > 0) {
			p += n;
			left -= (size_t)n;
		}
	}
	return (0);
}

/* All that comes.  0, or -1 and errno. */
static int
control_ask_receive(int fd, struct buf *b)
{
	unsigned char *p;
	ssize_t n;

	do {
		p = buf_reserve(b, 16384);
		if (p == NULL)
			return (-1);
		n = read(fd, p, 16384);
		if (n > 0)
			buf_commit(b, (size_t)n);
		if (b->len > CONTROL_ASK_MAX) {
			errno = EMSGSIZE;
			return (-1);
		}
	} while (n > 0 || (n == -1 && errno == EINTR));
	return (n == -1 && b->len == 0 ? -1 : 0);
}

/* The status of an answer, whose body is left; 0: it is none. */
static unsigned
control_ask_answer(struct buf *b)
{
	const char *text, *end;
	unsigned status;

	if (memchr(buf_ptr(b), '\0', b->len) != NULL ||
	    buf_add_u8(b, '\0') == -1)
		return (0);
	text = (const char *)buf_ptr(b);
	end = word_search(text, "\r\n\r\n");
	if (end == NULL || strncmp(text, "HTTP/1.", 7) != 0 ||
	    strlen(text) < 12 || strspn(text + 9, "0123456789") != 3)
		return (0);
	status = (unsigned)strtoul(text + 9, NULL, 10);
	buf_consume(b, (size_t)(end + 4 - text));
	return (status);
}

unsigned
control_ask(const struct control_tool *t, const char *method, const char *path,
    const void *data, size_t len, struct buf *body, char *why, size_t whysize)
{
	char where[SPEC_TEXT_MAX];
	unsigned status = 0;
	struct buf b;
	int fd, r;

	memset(&b, 0, sizeof(b));
	buf_clear(body);
	spec_format(&t->spec, where, sizeof(where));
	r = buf_printf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n"
	    "Connection: close\r\nContent-Length: %zu\r\n", method, path,
	    t->host != NULL ? t->host : "localhost", len);
	if (t->token != NULL)
		r |= buf_printf(&b, "Authorization: Bearer %s\r\n", t->token);
	r |= buf_add(&b, "\r\n", 2);
	r |= buf_add(&b, data, len);
	fd = r == -1 ? -1 : control_ask_connect(&t->spec);
	if (fd == -1 || control_ask_send(fd, &b) == -1 ||
	    control_ask_receive(fd, body) == -1)
		(void)snprintf(why, whysize, "%s: %s", where, errno == EAGAIN ?
		    "no answer" : strerror(errno));
	else if ((status = control_ask_answer(body)) == 0)
		(void)snprintf(why, whysize, "%s: what came is not an answer "
		    "of milter-manager", where);
	if (fd != -1)
		(void)close(fd);
	buf_free(&b);
	return (status);
}

#undef CONTROL_ASK_SECONDS
#undef CONTROL_ASK_MAX
