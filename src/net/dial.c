/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dial.c - one attempt to connect to a target.
 * Owns:      the socket until it leads to the destination, the deadline, what
 *            went wrong.
 * Called by: the session engine, the tools; target.c when a look-up has ended.
 * Must not:  call its owner from within dial_start(), look a name up, or choose
 *            among addresses: route.c does.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/spec.h"
#include "event/loop.h"
#include "net/sock.h"
#include "net/socks.h"
#include "net/stream_internal.h"
#include "net/target.h"
#include "net/target_internal.h"

#define DIAL_RETRY_MIN	20u	/* ms between tries at a full backlog */
#define DIAL_RETRY_MAX	320u

static loop_task_fn dial_on_task;
static loop_task_fn dial_on_hop;
static loop_timer_fn dial_on_timer;
static loop_timer_fn dial_on_retry;
static loop_io_fn dial_on_talk;

/* The address to connect to: the present one, or the proxy's for it. */
static const struct target_place *
dial_peer(const struct dial *d)
{
	return (d->target->proxy != NULL ? d->hops.place[d->hops.next] :
	    d->place);
}

/* Closes the socket under way, if there is one, and the talk on it. */
static void
dial_hang_up(struct dial *d)
{
	int fd = d->io.fd;

	if (d->socks != NULL) {
		/* There may be a password in it. */
		memset(d->socks, 0, sizeof(*d->socks));
		free(d->socks);
		d->socks = NULL;
	}
	if (d->io.loop == NULL)
		return;
	loop_io_del(&d->io);
	(void)close(fd);
}

/* The connection to the present address is over, or will not be made. */
static void
dial_leave(struct dial *d)
{
	if (d->place != NULL)
		route_leave(d->place);
	d->place = NULL;
}

/* Nothing pending is left. */
static void
dial_reset(struct dial *d)
{
	dial_hang_up(d);
	loop_timer_stop(&d->timer);
	loop_task_stop(&d->task);
	route_plan_free(&d->plan);
	route_plan_free(&d->hops);
	free(d->why);
	d->why = NULL;
	d->target = NULL;
}

/* --- what is told in the end --------------------------------------------- */

/* Adds a line's part. */
static void
dial_note(struct dial *d, const char *what, const char *said)
{
	size_t have = d->why != NULL ? strlen(d->why) + 2 : 0;
	size_t size = have + strlen(what) + 2 + strlen(said) + 1;
	char *line = realloc(d->why, size);

	if (line == NULL)
		return;
	if (have > 0)
		memcpy(line + have - 2, "; ", 2);
	(void)snprintf(line + have, size - have, "%s: %s", what, said);
	d->why = line;
}

/* An address that was not reached. */
static void
dial_note_place(struct dial *d, const struct target_place *p,
    const char *said)
{
	char text[SPEC_TEXT_MAX], proxy[SPEC_TEXT_MAX];
	char line[2 * SPEC_TEXT_MAX + 32];

	route_text(p, text);
	if (d->target->proxy == NULL) {
		dial_note(d, text, said);
		return;
	}
	(void)snprintf(line, sizeof(line), "%s through %s: SOCKS", text,
	    spec_format(&d->target->proxy->spec, proxy, sizeof(proxy)));
	dial_note(d, line, said);
}

/* The proxy itself was not. */
static void
dial_note_proxy(struct dial *d, const char *text, const char *said)
{
	char line[SPEC_TEXT_MAX + 64];

	(void)snprintf(line, sizeof(line), "%s: SOCKS: no connection to the "
	    "proxy", text);
	dial_note(d, line, said);
}

/* A name without an address. */
static void
dial_note_name(struct dial *d, const struct target_entry *e)
{
	char text[SPEC_TEXT_MAX];
	const char *why = target_is_pending(e) ?
	    "the look-up of its name takes too long" :
	    e->why != NULL ? e->why : "look-up failed";

	spec_format(&e->spec, text, sizeof(text));
	if (e == d->target->proxy)
		dial_note_proxy(d, text, why);
	else
		dial_note(d, text, why);
}

/* --- the end ------------------------------------------------------------- */

/* The one place where a dial ends with a call. */
static void
dial_finish(struct dial *d, int fd)
{
	char *why = d->why;

	d->why = NULL;
	if (fd == -1)
		dial_leave(d);
	dial_reset(d);
	if (fd != -1)
		d->fn(d, fd, NULL, d->arg);
	else
		d->fn(d, -1, why != NULL ? why : "out of memory", d->arg);
	free(why);
}

static uint64_t
dial_left(const struct dial *d, uint64_t when)
{
	uint64_t now = loop_now(d->target->loop);

	return (when > now ? when - now : 0);
}

/* On to the next address. */
static void
dial_next(struct dial *d)
{
	dial_leave(d);
	d->plan.next++;
	loop_task_start(d->target->loop, &d->task, dial_on_task, d);
}

/* The proxy says no, or nothing; whatever is this address's own affair. */
static void
dial_refused(struct dial *d)
{
	bool proxy = d->socks->proxy;

	dial_note_place(d, d->place, d->socks->why);
	if (!proxy)
		route_failed(d->place, d->socks->why);
	dial_hang_up(d);
	loop_timer_stop(&d->timer);
	if (proxy)
		dial_finish(d, -1);
	else
		dial_next(d);
}

/* The connection under way failed. */
static void
dial_failed(struct dial *d, const char *said)
{
	struct target_place *hop;
	char text[SPEC_TEXT_MAX];

	if (d->socks != NULL) {
		socks_cut(d->socks, said);
		dial_refused(d);
		return;
	}
	dial_hang_up(d);
	loop_timer_stop(&d->timer);
	if (d->target->proxy == NULL) {
		dial_note_place(d, d->place, said);
		route_failed(d->place, said);
		dial_next(d);
		return;
	}
	hop = d->hops.place[d->hops.next];
	dial_note_proxy(d, route_text(hop, text), said);
	route_failed(hop, said);
	if (++d->hops.next < d->hops.n)
		loop_task_start(d->target->loop, &d->task, dial_on_hop, d);
	else
		dial_finish(d, -1);
}

/* --- through a proxy ----------------------------------------------------- */

/* The proxy is connected: says what is wanted of it. */
static void
dial_greet(struct dial *d, int fd)
{
	const struct target *t = d->target;
	const struct target_place *p = d->place;
	const struct sockaddr *sa = p->addr.len == 0 ? NULL :
	    (const struct sockaddr *)&p->addr.ss;
	int bad;

	route_works(d->hops.place[d->hops.next]);
	d->socks = malloc(sizeof(*d->socks));
	if (d->socks == NULL) {
		(void)close(fd);
		dial_failed(d, "out of memory");
		return;
	}
	bad = socks_begin(d->socks, sa, p->entry->spec.host,
	    p->entry->spec.port, t->user, t->password);
	if (bad == -1) {
		(void)close(fd);
		socks_cut(d->socks, "");
		d->socks->proxy = false;
		(void)strlcpy(d->socks->why, "nothing that it can reach",
		    sizeof(d->socks->why));
		dial_refused(d);
		return;
	}
	if (loop_io_add(t->loop, &d->io, fd, LOOP_WRITE, dial_on_talk, d) ==
	    -1) {
		(void)close(fd);
		dial_failed(d, strerror(errno));
		return;
	}
	loop_timer_start(t->loop, &d->timer, dial_left(d, d->share),
	    dial_on_timer, d);
}

/*
 * Takes what the proxy sends, no more than it has to send: what comes behind it
 * is the destination's.  Returns false when nothing is there now.
 */
static bool
dial_hear(struct dial *d)
{
	unsigned char data[sizeof(d->socks->in)];
	ssize_t n;

	do
		n = recv(d->io.fd, data, d->socks->want, 0);
	while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (false);
	if (n > 0)
		socks_feed(d->socks, data, (size_t)n);
	else
		socks_cut(d->socks, n == 0 ? "the proxy closed the connection" :
		    strerror(errno));
	return (true);
}

static void
dial_on_talk(struct loop_io *io, unsigned ready, void *arg)
{
	struct dial *d = arg;
	struct socks *s = d->socks;
	const unsigned char *out;
	ssize_t n;
	size_t len;
	int fd = io->fd;

	(void)ready;
	for (;;) {
		out = socks_out(s, &len);
		if (len > 0) {
			n = stream_send(fd, out, len);
			if (n == -1)
				socks_cut(s, strerror(errno));
			else if (n == 0)
				break;
			else
				socks_sent(s, (size_t)n);
		} else if (s->want > 0 && !dial_hear(d))
			break;
		if (s->state == SOCKS_FAILED) {
			dial_refused(d);
			return;
		}
		if (s->state == SOCKS_DONE) {
			loop_io_del(io);
			dial_finish(d, fd);
			return;
		}
	}
	if (loop_io_want(io, len > 0 ? LOOP_WRITE : LOOP_READ) == -1)
		dial_failed(d, strerror(errno));
}

/* --- one connection ------------------------------------------------------ */

static void
dial_connected(struct dial *d, int fd)
{
	loop_timer_stop(&d->timer);
	if (d->target->proxy != NULL)
		dial_greet(d, fd);
	else
		dial_finish(d, fd);
}

/*
 * Why a connection that is no longer being made does not exist, or 0 when it
 * does.
 */
static int
dial_error(int fd)
{
	struct sockaddr_storage peer, self;
	socklen_t len = sizeof(int);
	socklen_t selflen = sizeof(self);
	int err = 0;

	memset(&peer, 0, sizeof(peer));
	memset(&self, 0, sizeof(self));
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1)
		return (errno);
	if (err != 0)
		return (err);
	/* libkqueue has eaten the error by now; its absence proves nothing. */
	len = sizeof(peer);
	if (getpeername(fd, (struct sockaddr *)&peer, &len) == -1)
		return (errno == EINVAL ? ENOTCONN : errno);
	/*
	 * TCP may choose the very port that is dialled as our own, and then
	 * connects us to ourselves: nobody listens there.
	 */
	if (peer.ss_family != AF_UNIX &&
	    getsockname(fd, (struct sockaddr *)&self, &selflen) == 0 &&
	    selflen == len && memcmp(&self, &peer, (size_t)len) == 0)
		return (ECONNREFUSED);
	return (0);
}

static void
dial_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct dial *d = arg;
	int fd = io->fd;
	int err;

	(void)ready;
	if ((err = dial_error(fd)) != 0) {
		dial_failed(d, strerror(err));
		return;
	}
	loop_io_del(io);
	dial_connected(d, fd);
}

/*
 * Opens a socket to the present address.  Returns the connected socket, or -1:
 * then it is under way, will be tried again, or has failed with errno.
 */
static int
dial_connect(struct dial *d, bool *failed)
{
	const struct target_addr *a = &dial_peer(d)->addr;
	struct loop *loop = d->target->loop;
	uint64_t left = dial_left(d, d->until);
	int fd, err;

	*failed = true;
	if ((fd = sock_new(a->ss.ss_family)) == -1)
		return (-1);
	if (connect(fd, (const struct sockaddr *)&a->ss, a->len) == 0)
		return (fd);
	err = errno;
	if (err == EAGAIN && a->ss.ss_family == AF_UNIX && left > 0) {
		/* Its backlog is full: there is nothing to wait for. */
		(void)close(fd);
		loop_timer_start(loop, &d->timer,
		    d->retry_ms < left ? d->retry_ms : left, dial_on_retry, d);
		if (d->retry_ms < DIAL_RETRY_MAX)
			d->retry_ms *= 2;
		*failed = false;
		return (-1);
	}
	/* After EINTR the connection goes on being made. */
	if (err == EINPROGRESS || err == EINTR) {
		if (loop_io_add(loop, &d->io, fd, LOOP_WRITE, dial_on_ready,
		    d) == 0) {
			loop_timer_start(loop, &d->timer, left, dial_on_timer,
			    d);
			*failed = false;
			return (-1);
		}
		err = errno;
	}
	(void)close(fd);
	errno = err;
	return (-1);
}

/* Tries the present address. */
static void
dial_try(struct dial *d)
{
	bool failed;
	int fd = dial_connect(d, &failed);

	if (fd != -1)
		dial_connected(d, fd);
	else if (failed)
		dial_failed(d, strerror(errno));
}

/* Its share of the time is over. */
static void
dial_on_timer(struct loop_timer *timer, void *arg)
{
	(void)timer;
	dial_failed(arg, strerror(ETIMEDOUT));
}

static void
dial_on_retry(struct loop_timer *timer, void *arg)
{
	struct dial *d = arg;

	(void)timer;
	if (dial_left(d, d->until) == 0)
		dial_failed(d, "its backlog stayed full");
	else
		dial_try(d);
}

/* The present address, through the proxy's present one if there is one. */
static void
dial_on_hop(struct loop_task *task, void *arg)
{
	struct dial *d = arg;
	uint64_t left = dial_left(d, d->share);

	(void)task;
	if (d->target->proxy != NULL)
		left /= d->hops.n - d->hops.next;
	d->until = loop_now(d->target->loop) + left;
	d->retry_ms = DIAL_RETRY_MIN;
	dial_try(d);
}

/* --- the whole ----------------------------------------------------------- */

/* How many names are still looked up. */
static size_t
dial_pending(const struct dial *d)
{
	const struct target *t = d->target;
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += target_is_pending(&t->entry[i]);
	return (n);
}

static void
dial_begin(struct dial *d)
{
	uint64_t left = dial_left(d, d->deadline);
	struct target_place *p = d->plan.place[d->plan.next];

	if (d->plan.next > 0 && left == 0) {
		dial_note_place(d, p, "no time left to try it");
		dial_finish(d, -1);
		return;
	}
	route_enter(p);
	d->place = p;
	d->share = loop_now(d->target->loop) +
	    left / (d->plan.n - d->plan.next + dial_pending(d));
	dial_on_hop(&d->task, d);
}

/* Every address failed; those without one are told, too. */
static void
dial_give_up(struct dial *d)
{
	const struct target *t = d->target;
	size_t i;

	if (t->proxy != NULL && t->proxy->n == 0)
		dial_note_name(d, t->proxy);
	for (i = 0; i < t->n; i++)
		if (t->entry[i].n == 0)
			dial_note_name(d, &t->entry[i]);
	dial_finish(d, -1);
}

/* Takes itself out of the list of those who wait for a name. */
static void
dial_stop_waiting(struct dial *d)
{
	struct dial **link;

	for (link = &d->target->waiting; *link != NULL;
	    link = &(*link)->next) {
		if (*link == d) {
			*link = d->next;
			d->next = NULL;
			return;
		}
	}
}

static void
dial_on_no_name(struct loop_timer *timer, void *arg)
{
	struct dial *d = arg;

	(void)timer;
	dial_stop_waiting(d);
	dial_give_up(d);
}

static void
dial_wait(struct dial *d)
{
	d->next = d->target->waiting;
	d->target->waiting = d;
	loop_timer_start(d->target->loop, &d->timer, dial_left(d, d->deadline),
	    dial_on_no_name, d);
}

/* The task, so that addresses which fail at once need no deep stack. */
static void
dial_on_task(struct loop_task *task, void *arg)
{
	struct dial *d = arg;
	struct target *t = d->target;

	(void)task;
	if ((d->plan.next == d->plan.n && route_plan(&d->plan, t->entry, t->n,
	    t->balance, d->turn) == -1) ||
	    (d->hops.n == 0 && t->proxy != NULL &&
	    route_plan(&d->hops, t->proxy, 1, TARGET_FAILOVER, 0) == -1)) {
		dial_finish(d, -1);
		return;
	}
	if (t->proxy != NULL && d->hops.n == 0) {
		if (target_is_pending(t->proxy))
			dial_wait(d);
		else
			dial_give_up(d);
	} else if (d->plan.next < d->plan.n)
		dial_begin(d);
	else if (dial_pending(d) > 0)
		dial_wait(d);
	else
		dial_give_up(d);
}

void
dial_wake(struct dial *d)
{
	loop_timer_stop(&d->timer);
	loop_task_start(d->target->loop, &d->task, dial_on_task, d);
}

void
dial_start(struct dial *d, struct target *t, unsigned timeout_ms, dial_fn *fn,
    void *arg)
{
	memset(d, 0, sizeof(*d));
	d->target = t;
	d->fn = fn;
	d->arg = arg;
	d->turn = t->turn++;
	d->deadline = loop_now(t->loop) + timeout_ms;
	dial_wake(d);
}

void
dial_cancel(struct dial *d)
{
	dial_leave(d);
	if (d->target == NULL)
		return;
	dial_stop_waiting(d);
	dial_reset(d);
}

void
dial_bad(struct dial *d)
{
	if (d->place != NULL)
		route_failed(d->place, "did not negotiate");
}

void
dial_good(struct dial *d)
{
	if (d->place != NULL)
		route_works(d->place);
}

#undef DIAL_RETRY_MIN
#undef DIAL_RETRY_MAX
