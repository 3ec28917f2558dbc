/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dial.c - one attempt to connect to a target.
 * Owns:      the socket while it connects, the deadline, what went wrong.
 * Called by: the session engine, the tools; target.c when a name is known.
 * Must not:  call its owner from within dial_start(), or look a name up.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/spec.h"
#include "event/loop.h"
#include "net/sock.h"
#include "net/target.h"
#include "net/target_internal.h"

#define DIAL_RETRY_MIN	20u	/* ms between tries at a full backlog */
#define DIAL_RETRY_MAX	320u

static void dial_next(struct dial *);
static loop_timer_fn dial_on_timer;
static loop_timer_fn dial_on_retry;

/* The address whose turn it is. */
static const struct target_addr *
dial_addr(const struct dial *d)
{
	return (&d->answer->addr[(d->answer->first + d->index) %
	    d->answer->n]);
}

/* Closes the socket under way, if there is one. */
static void
dial_hang_up(struct dial *d)
{
	int fd = d->io.fd;

	if (d->io.loop == NULL)
		return;
	loop_io_del(&d->io);
	(void)close(fd);
}

/* Nothing pending is left; d can be used again. */
static void
dial_reset(struct dial *d)
{
	dial_hang_up(d);
	loop_timer_stop(&d->timer);
	loop_task_stop(&d->task);
	target_answer_unref(d->answer);
	d->answer = NULL;
	free(d->why);
	d->why = NULL;
	d->target = NULL;
}

/* Adds a line's part to what is told in the end. */
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

static void
dial_note_addr(struct dial *d, const char *said)
{
	const struct target_addr *a = dial_addr(d);
	char text[SPEC_TEXT_MAX];

	/* A path as it was configured. */
	if (a->ss.ss_family == AF_UNIX)
		spec_format(&d->target->spec, text, sizeof(text));
	else
		addr_format((const struct sockaddr *)&a->ss, a->len, text,
		    sizeof(text));
	dial_note(d, text, said);
}

/* The one place where a dial ends with a call. */
static void
dial_finish(struct dial *d, int fd)
{
	char *why = d->why;

	d->why = NULL;
	dial_reset(d);
	if (fd != -1)
		d->fn(d, fd, NULL, d->arg);
	else
		d->fn(d, -1, why != NULL ? why : "out of memory", d->arg);
	free(why);
}

/* The address accepted. */
static void
dial_connected(struct dial *d, int fd)
{
	d->answer->first = (d->answer->first + d->index) % d->answer->n;
	dial_finish(d, fd);
}

static uint64_t
dial_left(const struct dial *d, uint64_t when)
{
	uint64_t now = loop_now(d->target->loop);

	return (when > now ? when - now : 0);
}

/* The present address failed: on to the next one. */
static void
dial_failed(struct dial *d, const char *said)
{
	dial_hang_up(d);
	loop_timer_stop(&d->timer);
	dial_note_addr(d, said);
	d->index++;
	dial_next(d);
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
	const struct target_addr *a = dial_addr(d);
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

/* The task, so that addresses which fail at once need no deep stack. */
static void
dial_on_task(struct loop_task *task, void *arg)
{
	struct dial *d = arg;
	size_t left = d->answer->n - d->index;

	(void)task;
	if (d->index > 0 && dial_left(d, d->deadline) == 0) {
		dial_note_addr(d, "no time left to try it");
		dial_finish(d, -1);
		return;
	}
	d->until = loop_now(d->target->loop) + dial_left(d, d->deadline) /
	    left;
	d->retry_ms = DIAL_RETRY_MIN;
	dial_try(d);
}

/* Goes on with the next address, or gives up. */
static void
dial_next(struct dial *d)
{
	if (d->index >= d->answer->n)
		dial_finish(d, -1);
	else
		loop_task_start(d->target->loop, &d->task, dial_on_task, d);
}

/* Fails for the whole target, with the reason that the target has. */
static void
dial_on_no_answer(struct loop_task *task, void *arg)
{
	struct dial *d = arg;
	char text[SPEC_TEXT_MAX];

	(void)task;
	dial_note(d, spec_format(&d->target->spec, text, sizeof(text)),
	    d->target->why != NULL ? d->target->why : "look-up failed");
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
	char text[SPEC_TEXT_MAX];

	(void)timer;
	dial_stop_waiting(d);
	dial_note(d, spec_format(&d->target->spec, text, sizeof(text)),
	    "the look-up of its name takes too long");
	dial_finish(d, -1);
}

void
dial_wake(struct dial *d)
{
	struct target *t = d->target;

	loop_timer_stop(&d->timer);
	if (t->answer != NULL) {
		d->answer = t->answer;
		d->answer->refs++;
		loop_task_start(t->loop, &d->task, dial_on_task, d);
	} else
		loop_task_start(t->loop, &d->task, dial_on_no_answer, d);
}

void
dial_start(struct dial *d, struct target *t, unsigned timeout_ms, dial_fn *fn,
    void *arg)
{
	memset(d, 0, sizeof(*d));
	d->target = t;
	d->fn = fn;
	d->arg = arg;
	d->deadline = loop_now(t->loop) + timeout_ms;
	if (t->answer != NULL || t->why != NULL || t->query == NULL) {
		dial_wake(d);
		return;
	}
	d->next = t->waiting;
	t->waiting = d;
	loop_timer_start(t->loop, &d->timer, timeout_ms, dial_on_no_name, d);
}

void
dial_cancel(struct dial *d)
{
	if (d->target == NULL)
		return;
	dial_stop_waiting(d);
	dial_reset(d);
}

#undef DIAL_RETRY_MIN
#undef DIAL_RETRY_MAX
