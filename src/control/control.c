/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control.c - the control socket's connections, and who may ask.
 * Owns:      how many connections there are and for how long, the token.
 * Called by: daemon/; the loop.
 * Must not:  know what is asked for (route.c), or let a client's manners cost
 *            more than one of a fixed number of connections.
 *
 * A connection is read, then paused until its answer is made and taken, then
 * read again: so requests are answered in their order, and what a client does
 * not read it cannot ask for.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <strings.h>
#include <unistd.h>

#include "control/control_internal.h"

#define CONTROL_BUSY	10000u	/* ms for a request, and for its answer */
#define CONTROL_IDLE	60000u	/* ms between two of them */
#define CONTROL_END	1000u	/* ms that the client may take to hang up */
#define CONTROL_GRACE	1000u	/* ms that each one has if others wait */

static listen_fn control_on_accept;

static void
control_unlink(struct control_conn *c)
{
	struct control *k = c->control;

	*(c->prev != NULL ? &c->prev->next : &k->first) = c->next;
	*(c->next != NULL ? &c->next->prev : &k->last) = c->prev;
}

/* It has done something: others go before it does. */
static void
control_link(struct control_conn *c)
{
	struct control *k = c->control;

	c->since = loop_now(k->loop);
	c->next = NULL;
	c->prev = k->last;
	*(k->last != NULL ? &k->last->next : &k->first) = c;
	k->last = c;
}

static void
control_end(struct control_conn *c)
{
	struct control *k = c->control;

	if (c->waiting)
		k->ops->cancel(k->arg, c);
	control_unlink(c);
	loop_timer_stop(&c->timer);
	stream_close(&c->stream);
	buf_free(&c->body);
	free(c);
	k->n--;
	if (k->listener != NULL) {
		loop_timer_stop(&k->room);
		listener_resume(k->listener);
	}
}

static void
control_on_timer(struct loop_timer *timer, void *arg)
{
	struct control_conn *c = arg;

	(void)timer;
	if (c->waiting) {
		c->control->ops->cancel(c->control->arg, c);
		control_say(c, 503, "it takes too long");
	} else if (c->begun && !c->ending) {
		c->close = true;
		c->head = false;
		control_say(c, 408, "the request was not all here within %u "
		    "seconds", CONTROL_BUSY / 1000);
	} else
		control_end(c);
}

static void
control_timer(struct control_conn *c, unsigned ms)
{
	loop_timer_start(c->control->loop, &c->timer, ms, control_on_timer, c);
}

/* --- answers ------------------------------------------------------------- */

void
control_answer(struct control_conn *c, unsigned status, const char *type,
    const char *fields)
{
	struct buf head;

	memset(&head, 0, sizeof(head));
	c->waiting = c->begun = c->continued = false;
	stream_pause(&c->stream);
	control_timer(c, CONTROL_BUSY);
	if (http_answer(&head, status, type, fields, c->close, NULL,
	    c->body.len) == -1 || stream_write2(&c->stream, buf_ptr(&head),
	    head.len, buf_ptr(&c->body), c->head ? 0 : c->body.len) == -1)
		/* Without memory: hang up, from the loop. */
		control_timer(c, 0);
	buf_free(&head);
	buf_free(&c->body);
	if (!c->close)
		return;
	c->ending = true;
	/* What it still sends is thrown away, so that it gets its answer. */
	stream_resume(&c->stream);
}

void
control_say(struct control_conn *c, unsigned status, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_clear(&c->body);
	(void)buf_printf(&c->body, "%s\n", line);
	control_answer(c, status, NULL, status != 401 ? NULL :
	    "WWW-Authenticate: Bearer realm=\"milter-manager\"\r\n");
}

/* --- who may ask --------------------------------------------------------- */

/* In a time that does not tell how much of it is right. */
static bool
control_same(const char *said, const char *token)
{
	size_t len = strlen(token), n = strlen(said), i;
	unsigned differ = n != len;

	for (i = 0; i < n; i++)
		differ |= (unsigned)(said[i] ^ token[i < len ? i : 0]);
	return (differ == 0);
}

/* Whether a browser was led here by a name that is not ours. */
static bool
control_knows_host(const struct conf *conf, const char *host)
{
	const struct conf_list *list = &conf->control_hosts;
	size_t i, len;

	for (i = 0; host != NULL && i < list->n; i++) {
		len = strlen(list->item[i]);
		if (strncasecmp(host, list->item[i], len) == 0 &&
		    (host[len] == '\0' || (host[len] == ':' &&
		    host[len + 1 + strspn(host + len + 1, "0123456789")] ==
		    '\0')))
			return (true);
	}
	return (false);
}

/* 0, or the status of what is not for this client; then it was answered. */
static unsigned
control_refuse(struct control_conn *c, const struct http_request *r)
{
	const struct control *k = c->control;
	const char *said = r->field[HTTP_AUTHORIZATION];
	const char *origin = r->field[HTTP_ORIGIN];
	const char *host = r->field[HTTP_HOST];

	if (k->token != NULL && !control_knows_host(k->ops->conf(k->arg),
	    host)) {
		control_say(c, 421, "this host is none of controller.hosts");
		return (421);
	}
	if (k->token != NULL && (said == NULL ||
	    strncasecmp(said, "Bearer ", 7) != 0 ||
	    !control_same(said + 7 + strspn(said + 7, " "), k->token))) {
		control_say(c, 401, "the token of controller.token_file is "
		    "needed");
		return (401);
	}
	/* A page of another host may send, though it never sees the answer. */
	if (origin != NULL && (r->method & (HTTP_GET | HTTP_HEAD)) == 0 &&
	    (host == NULL || strncasecmp(origin, "http://", 7) != 0 ||
	    strcasecmp(origin + 7, host) != 0)) {
		control_say(c, 403, "a change that a page of another host asks "
		    "for");
		return (403);
	}
	return (0);
}

/* 405 has a list of what is right. */
static void
control_not_allowed(struct control_conn *c, unsigned allow)
{
	char fields[64];

	(void)snprintf(fields, sizeof(fields), "Allow: %s%s%s\r\n",
	    (allow & HTTP_GET) != 0 ? "GET, HEAD" : "",
	    (allow & HTTP_PUT) != 0 ? ", PUT" : "",
	    (allow & HTTP_POST) != 0 ? "POST" : "");
	(void)buf_printf(&c->body, "not with this method\n");
	control_answer(c, 405, NULL, fields);
}

/*
 * What can be said before the body is here; true when it was said, and there is
 * an answer.
 */
static bool
control_check(struct control_conn *c, const struct http_request *r,
    size_t have)
{
	unsigned allow = 0, status;
	size_t max = 0;

	c->head = r->method == HTTP_HEAD;
	/* A body that is not wanted is not waited for. */
	c->close = r->close || have < r->length;
	if (r->status != 0) {
		control_say(c, r->status, "%s", http_reason(r->status));
		return (true);
	}
	if (control_refuse(c, r) != 0)
		return (true);
	status = route_check(r, &allow, &max);
	if (status == 0 && r->length > max)
		status = 413;
	if (status == 405)
		control_not_allowed(c, allow);
	else if (status != 0)
		control_say(c, status, "%s", http_reason(status));
	else
		c->close = r->close;
	return (status != 0);
}

/* --- a connection -------------------------------------------------------- */

static size_t
control_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	/* One is read at a time, and none is kept. */
	static struct http_request request;
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	struct control_conn *c = arg;
	struct http_request *r = &request;
	size_t n;

	if (c->ending)
		return (len);
	if (!c->begun)
		control_timer(c, CONTROL_BUSY);
	c->begun = true;
	n = http_read(r, data, len);
	if (n == 0)
		return (0);
	if (control_check(c, r, len - n))
		return (c->ending ? len : n + r->length);
	if (len - n < r->length) {
		if (r->expect && !c->continued)
			(void)stream_write(s, go_on, sizeof(go_on) - 1);
		c->continued = true;
		return (0);
	}
	control_unlink(c);
	control_link(c);
	/* The timer runs on, for what is waited for. */
	stream_pause(s);
	c->waiting = true;
	route_do(c, r, (const char *)data + n, r->length);
	return (n + r->length);
}

static void
control_on_drained(struct stream *s, void *arg)
{
	struct control_conn *c = arg;

	/* It may be but the 100. */
	if (c->waiting || c->begun)
		return;
	if (c->ending) {
		(void)shutdown(s->io.fd, SHUT_WR);
		control_timer(c, CONTROL_END);
		return;
	}
	control_timer(c, CONTROL_IDLE);
	stream_resume(s);
}

static void
control_on_closed(struct stream *s, int err, void *arg)
{
	(void)s;
	(void)err;
	control_end(arg);
}

static const struct stream_ops control_stream_ops = {
	control_on_input, control_on_drained, control_on_closed
};

/* --- all of them --------------------------------------------------------- */

static void
control_on_room(struct loop_timer *timer, void *arg)
{
	struct control *k = arg;

	(void)timer;
	if (k->listener != NULL)
		listener_resume(k->listener);
}

/*
 * At the limit the one that has asked for nothing the longest makes room, if it
 * had time to ask; until then the others wait in the backlog.
 */
static void
control_make_room(struct control *k)
{
	uint64_t left;

	if (k->n < CONTROL_CONNS)
		return;
	left = loop_now(k->loop) - k->first->since;
	if (left >= CONTROL_GRACE)
		return;
	listener_pause(k->listener);
	loop_timer_start(k->loop, &k->room, CONTROL_GRACE - left,
	    control_on_room, k);
}

static void
control_on_accept(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	struct control *k = arg;
	struct control_conn *c;

	(void)l;
	(void)sa;
	(void)len;
	if (k->n == CONTROL_CONNS)
		control_end(k->first);
	c = calloc(1, sizeof(*c));
	if (c == NULL || stream_open(&c->stream, k->loop, fd,
	    &control_stream_ops, c) == -1) {
		(void)close(fd);
		free(c);
		return;
	}
	c->control = k;
	control_link(c);
	k->n++;
	control_timer(c, CONTROL_BUSY);
	control_make_room(k);
}

int
control_set(struct control *k, struct listener *l, const char *token)
{
	char *copy = token != NULL ? strdup(token) : NULL;

	if ((token != NULL && copy == NULL) || (l != NULL &&
	    listener_start(l, k->loop, control_on_accept, k) == -1)) {
		free(copy);
		return (-1);
	}
	free(k->token);
	k->token = copy;
	if (l != NULL) {
		listener_free(k->listener);
		k->listener = l;
		control_make_room(k);
	}
	return (0);
}

struct control *
control_new(struct loop *loop, struct listener *l, const char *token,
    const struct control_ops *ops, void *arg)
{
	struct control *k = calloc(1, sizeof(*k));
	int saved;

	if (k != NULL) {
		k->loop = loop;
		k->ops = ops;
		k->arg = arg;
		if (control_set(k, l, token) == 0)
			return (k);
	}
	saved = errno;
	listener_free(l);
	free(k);
	errno = saved;
	return (NULL);
}

void
control_close(struct control *k)
{
	if (k == NULL)
		return;
	listener_free(k->listener);
	k->listener = NULL;
	loop_timer_stop(&k->room);
}

void
control_free(struct control *k)
{
	struct control_conn *c, *next;

	if (k == NULL)
		return;
	control_close(k);
	for (c = k->first; c != NULL; c = next) {
		next = c->next;
		stream_flush(&c->stream);
		control_end(c);
	}
	free(k->token);
	free(k);
}

#undef CONTROL_BUSY
#undef CONTROL_IDLE
#undef CONTROL_END
#undef CONTROL_GRACE
