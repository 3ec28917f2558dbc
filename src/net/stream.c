/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stream.c - a connected non-blocking socket with buffers on both sides.
 * Owns:      reading, writing and ending of connections; one block of memory
 *            that every connection of the process is read into.
 * Called by: every file that talks to a peer; the loop.
 * Must not:  call its owner from within a stream_ function, or touch a stream
 *            after a callback that closed it.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "event/loop.h"
#include "net/sock.h"
#include "net/stream.h"
#include "net/stream_internal.h"

/* Reads a connection may have before others get their turn. */
#define STREAM_READS	4
/* The same, times STREAM_READS, for what is left behind by a dead one. */
#define STREAM_LAST	8
/* Pieces of unread input that are thrown away at the end. */
#define STREAM_DROPS	32

/* struct stream's flags */
#define STREAM_PAUSED	0x01u	/* the owner wants no input */
#define STREAM_SHOW	0x02u	/* kept bytes are due to be shown again */
#define STREAM_ENDED	0x04u	/* reading met end of file or an error */
#define STREAM_FAILED	0x08u	/* writing failed; implies out is empty */
#define STREAM_REPORTED	0x10u	/* closed() was called: no more callbacks */
#define STREAM_WAIT	0x20u	/* the kernel's buffer is full */
#define STREAM_QUEUED	0x40u	/* out is, or has just been, not empty */
#define STREAM_DRAINED	0x80u	/* drained() is due */

unsigned char stream_scratch[STREAM_SCRATCH];

static loop_io_fn stream_on_ready;
static loop_task_fn stream_on_task;

/* --- writing ------------------------------------------------------------- */

ssize_t
stream_send(int fd, const void *data, size_t len)
{
	ssize_t n;

	do {
#ifdef MSG_NOSIGNAL
		n = send(fd, data, len, MSG_NOSIGNAL);
#else
		n = send(fd, data, len, 0);
#endif
	} while (n == -1 && errno == EINTR);
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return (0);
	return (n);
}

/* Writing is over; closed() follows from the task. */
static void
stream_fail(struct stream *s, int err)
{
	if ((s->flags & STREAM_FAILED) != 0)
		return;
	s->flags |= STREAM_FAILED;
	s->flags &= ~(STREAM_WAIT | STREAM_QUEUED | STREAM_DRAINED);
	s->err = err;
	buf_clear(&s->out);
	loop_task_start(s->loop, &s->task, stream_on_task, s);
}

/* Tells the loop what the flags mean for it. */
static void
stream_arm(struct stream *s)
{
	unsigned want = 0;

	if ((s->flags & STREAM_FAILED) == 0) {
		if ((s->flags & (STREAM_PAUSED | STREAM_ENDED)) == 0)
			want |= LOOP_READ;
		if ((s->flags & STREAM_WAIT) != 0)
			want |= LOOP_WRITE;
	}
	if (loop_io_want(&s->io, want) == -1)
		stream_fail(s, errno);
}

void
stream_flush(struct stream *s)
{
	ssize_t n;

	if (s->loop == NULL)
		return;
	while (s->out.len > 0 && (s->flags & STREAM_WAIT) == 0) {
		n = stream_send(s->io.fd, buf_ptr(&s->out), s->out.len);
		if (n == -1) {
			stream_fail(s, errno);
			break;
		}
		buf_consume(&s->out, (size_t)n);
		/* It took less than all: it is full. */
		if (s->out.len > 0)
			s->flags |= STREAM_WAIT;
	}
	if (s->out.len == 0 && (s->flags & STREAM_QUEUED) != 0) {
		s->flags &= ~STREAM_QUEUED;
		if (s->ops->drained != NULL) {
			s->flags |= STREAM_DRAINED;
			loop_task_start(s->loop, &s->task, stream_on_task, s);
		}
	}
	stream_arm(s);
}

int
stream_write2(struct stream *s, const void *a, size_t alen, const void *b,
    size_t blen)
{
	if (s->loop == NULL || (s->flags & STREAM_FAILED) != 0 ||
	    ((s->flags & STREAM_ENDED) != 0 && s->err != 0))
		return (0);
	if (alen > SIZE_MAX - blen)
		return (-1);
	if (alen + blen == 0)
		return (0);
	if (buf_reserve(&s->out, alen + blen) == NULL)
		return (-1);
	/* There is room: these do not fail. */
	(void)buf_add(&s->out, a, alen);
	(void)buf_add(&s->out, b, blen);
	s->flags |= STREAM_QUEUED;
	loop_task_start(s->loop, &s->task, stream_on_task, s);
	if (s->tap != NULL)
		s->tap(s, a, alen, b, blen);
	return (0);
}

int
stream_write(struct stream *s, const void *data, size_t len)
{
	return (stream_write2(s, data, len, NULL, 0));
}

size_t
stream_queued(const struct stream *s)
{
	return (s->out.len);
}

/* --- reading ------------------------------------------------------------- */

/*
 * Shows len bytes until the owner wants no more of them; *left is what it did
 * not use.  Returns -1 when the stream is gone.
 */
static int
stream_offer(struct stream *s, const unsigned char *data, size_t len,
    size_t *left, const bool *gone)
{
	size_t used;

	*left = len;
	while (*left > 0 && (s->flags & STREAM_PAUSED) == 0) {
		used = s->ops->input(s, data + (len - *left), *left, s->arg);
		if (*gone)
			return (-1);
		if (used == 0)
			break;
		*left -= used < *left ? used : *left;
	}
	return (0);
}

/* Shows the kept bytes.  -1: gone. */
static int
stream_show_kept(struct stream *s, const bool *gone)
{
	size_t len = s->in.len;
	size_t left;

	s->flags &= ~STREAM_SHOW;
	if (stream_offer(s, buf_ptr(&s->in), len, &left, gone) == -1)
		return (-1);
	buf_consume(&s->in, len - left);
	return (0);
}

/* n bytes are in the scratch buffer.  -1: gone. */
static int
stream_take(struct stream *s, size_t n, const bool *gone)
{
	size_t left = n;
	bool kept = s->in.len > 0;

	/* With nothing kept they are shown where they are. */
	if (!kept && stream_offer(s, stream_scratch, n, &left, gone) == -1)
		return (-1);
	if (left > 0 &&
	    buf_add(&s->in, stream_scratch + (n - left), left) == -1) {
		s->flags |= STREAM_ENDED;
		s->err = ENOMEM;
		return (0);
	}
	return (kept ? stream_show_kept(s, gone) : 0);
}

/*
 * Reads for a while.  Returns 1 when there may be more, 0 when not, -1 when the
 * stream is gone.
 */
static int
stream_read(struct stream *s, const bool *gone)
{
	ssize_t n;
	int i;

	for (i = 0; i < STREAM_READS; i++) {
		if ((s->flags & (STREAM_PAUSED | STREAM_ENDED)) != 0)
			return (0);
		n = read(s->io.fd, stream_scratch, sizeof(stream_scratch));
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return (0);
		if (n <= 0) {
			s->flags |= STREAM_ENDED;
			/* The error of writing came first. */
			if ((s->flags & STREAM_FAILED) == 0)
				s->err = n == 0 ? 0 : errno;
			return (0);
		}
		if (stream_take(s, (size_t)n, gone) == -1)
			return (-1);
		/* The next read would only say so. */
		if ((size_t)n < sizeof(stream_scratch))
			return (1);
	}
	return (1);
}

/* The last call of all. */
static void
stream_report(struct stream *s)
{
	s->flags |= STREAM_REPORTED;
	s->flags &= ~(STREAM_SHOW | STREAM_DRAINED);
	stream_arm(s);
	s->ops->closed(s, s->err, s->arg);
}

/* --- the loop's side ----------------------------------------------------- */

/* A handler of the loop is over, and the stream still there. */
static void
stream_leave(struct stream *s)
{
	buf_trim(&s->in);
	buf_trim(&s->out);
	s->gone = NULL;
}

static void
stream_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct stream *s = arg;
	bool gone = false;

	(void)io;
	/* A failed one is the task's. */
	if ((s->flags & STREAM_FAILED) != 0)
		return;
	if ((ready & LOOP_WRITE) != 0) {
		s->flags &= ~STREAM_WAIT;
		stream_flush(s);
		if ((s->flags & STREAM_FAILED) != 0)
			return;
	}
	s->gone = &gone;
	if ((ready & LOOP_READ) != 0 && (s->flags & STREAM_REPORTED) == 0) {
		if ((s->flags & STREAM_SHOW) != 0 &&
		    stream_show_kept(s, &gone) == -1)
			return;
		if (stream_read(s, &gone) == -1)
			return;
		if ((s->flags & STREAM_ENDED) != 0 &&
		    (s->flags & STREAM_FAILED) == 0) {
			stream_report(s);
			if (gone)
				return;
		}
	}
	stream_leave(s);
}

/* Writing failed: shows what the peer said before, then reports. -1: gone. */
static int
stream_last_words(struct stream *s, const bool *gone)
{
	int i, rc;

	for (i = 0; i < STREAM_LAST; i++) {
		rc = stream_read(s, gone);
		if (rc == -1)
			return (-1);
		if (rc == 0)
			break;
	}
	stream_report(s);
	return (*gone ? -1 : 0);
}

static void
stream_on_task(struct loop_task *task, void *arg)
{
	struct stream *s = arg;
	bool gone = false;

	(void)task;
	s->gone = &gone;
	if (s->out.len > 0)
		stream_flush(s);
	if ((s->flags & STREAM_DRAINED) != 0) {
		s->flags &= ~STREAM_DRAINED;
		if ((s->flags & STREAM_REPORTED) == 0)
			s->ops->drained(s, s->arg);
		if (gone)
			return;
	}
	if ((s->flags & STREAM_SHOW) != 0 &&
	    (s->flags & (STREAM_PAUSED | STREAM_REPORTED)) == 0 &&
	    stream_show_kept(s, &gone) == -1)
		return;
	if ((s->flags & STREAM_FAILED) != 0 &&
	    (s->flags & STREAM_REPORTED) == 0 &&
	    stream_last_words(s, &gone) == -1)
		return;
	stream_leave(s);
}

/* --- the owner's side ---------------------------------------------------- */

int
stream_open(struct stream *s, struct loop *loop, int fd,
    const struct stream_ops *ops, void *arg)
{
	const int on = 1;

	memset(s, 0, sizeof(*s));
	if (sock_prepare(fd) == -1 ||
	    loop_io_add(loop, &s->io, fd, LOOP_READ, stream_on_ready, s) == -1)
		return (-1);
	/* Fails where it does not apply. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
#if !defined(MSG_NOSIGNAL) && defined(SO_NOSIGPIPE)
	(void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#endif
	s->loop = loop;
	s->ops = ops;
	s->arg = arg;
	return (0);
}

void
stream_pause(struct stream *s)
{
	if (s->loop == NULL || (s->flags & STREAM_PAUSED) != 0)
		return;
	s->flags |= STREAM_PAUSED;
	stream_arm(s);
}

void
stream_resume(struct stream *s)
{
	if (s->loop == NULL)
		return;
	s->flags &= ~STREAM_PAUSED;
	if (s->in.len > 0 && (s->flags & STREAM_REPORTED) == 0) {
		s->flags |= STREAM_SHOW;
		loop_task_start(s->loop, &s->task, stream_on_task, s);
	}
	stream_arm(s);
}

bool
stream_paused(const struct stream *s)
{
	return ((s->flags & STREAM_PAUSED) != 0);
}

/* Takes the socket out of the stream, which is then closed. */
static int
stream_detach(struct stream *s)
{
	int fd = s->io.fd;

	loop_io_del(&s->io);
	loop_task_stop(&s->task);
	buf_free(&s->in);
	buf_free(&s->out);
	if (s->gone != NULL)
		*s->gone = true;
	memset(s, 0, sizeof(*s));
	return (fd);
}

void
stream_close(struct stream *s)
{
	if (s->loop != NULL)
		(void)close(stream_detach(s));
}

/*
 * Throws unread input away: with it, TCP would forget our output.  Not into the
 * scratch buffer, which another stream's input() may be looking at.
 */
static void
stream_drop_input(int fd)
{
	char drop[4096];
	int i;

	for (i = 0; i < STREAM_DROPS; i++) {
		if (recv(fd, drop, sizeof(drop), 0) < (ssize_t)sizeof(drop))
			break;
	}
}

void
stream_close_flushed(struct stream *s, unsigned linger_ms)
{
	struct loop *loop = s->loop;
	struct buf out;
	int fd;

	if (loop == NULL)
		return;
	stream_flush(s);
	out = s->out;
	memset(&s->out, 0, sizeof(s->out));
	fd = stream_detach(s);
	if (out.len == 0 || linger_start(loop, fd, &out, linger_ms) == -1) {
		stream_drop_input(fd);
		(void)close(fd);
	}
	buf_free(&out);
}

#undef STREAM_READS
#undef STREAM_LAST
#undef STREAM_DROPS
#undef STREAM_PAUSED
#undef STREAM_SHOW
#undef STREAM_ENDED
#undef STREAM_FAILED
#undef STREAM_REPORTED
#undef STREAM_WAIT
#undef STREAM_QUEUED
#undef STREAM_DRAINED
