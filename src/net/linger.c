/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * linger.c - connections that nobody wants any more but their last bytes.
 * Owns:      sockets handed over by stream_close_flushed(), and their output.
 * Called by: stream.c; the daemon, before it frees its loop.
 * Must not:  call anybody back.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "event/loop.h"
#include "net/stream.h"
#include "net/stream_internal.h"

struct linger_conn {
	struct loop_io		 io;
	struct loop_timer	 timer;
	struct buf		 out;
	struct linger_conn	*next, **link;	/* *link is this one */
};

static struct linger_conn *linger_all;

static void
linger_end(struct linger_conn *c)
{
	int fd = c->io.fd;

	loop_io_del(&c->io);
	loop_timer_stop(&c->timer);
	(void)close(fd);
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	buf_free(&c->out);
	free(c);
}

static void
linger_on_timer(struct loop_timer *timer, void *arg)
{
	(void)timer;
	linger_end(arg);
}

/* Throws input away; false when no more will come. */
static bool
linger_discard(int fd)
{
	ssize_t n = read(fd, stream_scratch, STREAM_SCRATCH);

	return (n > 0 || (n == -1 && (errno == EAGAIN ||
	    errno == EWOULDBLOCK || errno == EINTR)));
}

static void
linger_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct linger_conn *c = arg;
	unsigned want = io->want;
	ssize_t n;

	if ((ready & LOOP_READ) != 0 && !linger_discard(io->fd))
		want &= ~LOOP_READ;
	if ((ready & LOOP_WRITE) != 0) {
		n = stream_send(io->fd, buf_ptr(&c->out), c->out.len);
		if (n == -1) {
			linger_end(c);
			return;
		}
		buf_consume(&c->out, (size_t)n);
		if (c->out.len == 0) {
			buf_trim(&c->out);
			want &= ~LOOP_WRITE;
			if (shutdown(io->fd, SHUT_WR) == -1)
				want = 0;
		}
	}
	/* All is written and the peer has ended, too. */
	if (want == 0 || loop_io_want(io, want) == -1)
		linger_end(c);
}

int
linger_start(struct loop *loop, int fd, struct buf *out, unsigned ms)
{
	struct linger_conn *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (-1);
	if (loop_io_add(loop, &c->io, fd, LOOP_READ | LOOP_WRITE,
	    linger_on_ready, c) == -1) {
		free(c);
		return (-1);
	}
	loop_timer_start(loop, &c->timer, ms, linger_on_timer, c);
	c->out = *out;
	memset(out, 0, sizeof(*out));
	c->next = linger_all;
	c->link = &linger_all;
	if (c->next != NULL)
		c->next->link = &c->next;
	linger_all = c;
	return (0);
}

void
linger_end_all(struct loop *loop)
{
	struct linger_conn *c, *next;

	for (c = linger_all; c != NULL; c = next) {
		next = c->next;
		if (c->io.loop == loop)
			linger_end(c);
	}
}
