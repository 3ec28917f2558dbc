/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * channel.c - messages between the daemon and a worker.
 * Owns:      their form and their limits.
 * Called by: worker.c, both sides of it.
 * Must not:  know what a message makes its receiver do.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <unistd.h>

#include "daemon/channel.h"
#include "net/sock.h"

#define CHANNEL_HEAD	5u		/* bytes: length, kind */
#define CHANNEL_QUEUE	(256u * 1024u)	/* one who reads has less waiting */

/* What of each kind may follow it; a number has four bytes. */
static const struct {
	bool		 number;
	uint32_t	 max;
} channel_form[CHANNEL_KIND_N] = {
	[CHANNEL_READY] = { false, 0 },
	[CHANNEL_LEAVE] = { false, 0 },
	[CHANNEL_STOP] = { true, 4 },
	[CHANNEL_END] = { false, CHANNEL_TEXT_MAX },
	[CHANNEL_REOPEN] = { false, 0 },
	[CHANNEL_LEVELS] = { true, 4 },
	[CHANNEL_LIST] = { true, 4 },
	[CHANNEL_SESSIONS] = { false, CHANNEL_LIST_MAX }
};

static uint32_t
channel_u32(const unsigned char *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

static void
channel_put(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

int
channel_pair(int fd[2])
{
	int saved;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		return (-1);
	if (sock_prepare(fd[0]) == 0 && sock_prepare(fd[1]) == 0)
		return (0);
	saved = errno;
	(void)close(fd[0]);
	(void)close(fd[1]);
	errno = saved;
	return (-1);
}

/* The next message; more: it is not whole yet.  False when it is none. */
static bool
channel_next(const unsigned char *data, size_t len, struct channel_message *m,
    size_t *size)
{
	uint32_t n;

	*size = 0;
	if (len < CHANNEL_HEAD)
		return (true);
	n = channel_u32(data);
	if (n < 1 || data[4] >= CHANNEL_KIND_N || data[4] < CHANNEL_READY ||
	    --n > channel_form[data[4]].max ||
	    (channel_form[data[4]].number && n != 4))
		return (false);
	if (len < CHANNEL_HEAD + n)
		return (true);
	m->kind = (enum channel_kind)data[4];
	m->text = (const char *)data + CHANNEL_HEAD;
	m->len = n;
	m->number = channel_form[m->kind].number ?
	    channel_u32(data + CHANNEL_HEAD) : 0;
	*size = CHANNEL_HEAD + n;
	return (true);
}

static void
channel_on_closed(struct stream *st, int err, void *arg)
{
	struct channel *c = arg;

	(void)err;
	stream_close(st);
	c->lost(c, c->arg);
}

static size_t
channel_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct channel *c = arg;
	struct channel_message m;
	size_t size;

	/* One a call: it may have closed the channel, or freed it. */
	if (!channel_next(data, len, &m, &size))
		channel_on_closed(st, EPROTO, c);
	else if (size > 0)
		c->got(c, &m, c->arg);
	return (size);
}

static const struct stream_ops channel_ops = {
	channel_on_input, NULL, channel_on_closed
};

int
channel_open(struct channel *c, struct loop *loop, int fd)
{
	return (stream_open(&c->stream, loop, fd, &channel_ops, c));
}

static int
channel_write(struct channel *c, enum channel_kind kind, const void *data,
    size_t len)
{
	unsigned char head[CHANNEL_HEAD];

	if (c->stream.loop == NULL || len > channel_form[kind].max ||
	    stream_queued(&c->stream) > CHANNEL_QUEUE)
		return (-1);
	channel_put(head, (uint32_t)len + 1);
	head[4] = (unsigned char)kind;
	if (stream_write2(&c->stream, head, sizeof(head), data, len) == -1)
		return (-1);
	/* The loop may be about to end. */
	stream_flush(&c->stream);
	return (0);
}

int
channel_send(struct channel *c, enum channel_kind kind, uint32_t number)
{
	unsigned char data[4];

	channel_put(data, number);
	return (channel_write(c, kind, data, channel_form[kind].number ? 4 :
	    0));
}

int
channel_send_text(struct channel *c, enum channel_kind kind, const char *text,
    size_t len)
{
	return (channel_write(c, kind, text, len));
}

void
channel_close(struct channel *c)
{
	stream_close(&c->stream);
}

#undef CHANNEL_HEAD
#undef CHANNEL_QUEUE
