/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * replay_conn.c - one connection of the player, with calls that wait.
 * Owns:      the socket, its timeouts, and what came and was not read.
 * Called by: replay_play.c.
 * Must not:  know what is said over it.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "event/loop.h"
#include "net/target.h"
#include "tool/replay.h"

/* Largest frame, and the most that is kept while we send. */
#define REPLAY_FRAME_MAX	((size_t)64 * 1024 * 1024)

struct replay_dialling {
	struct replay_conn	*conn;
	struct loop		*loop;
};

static void
replay_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	struct replay_dialling *dialling = arg;

	(void)d;
	dialling->conn->fd = fd;
	if (fd == -1)
		fprintf(stderr, "%s: cannot connect to %s\n",
		    dialling->conn->cfg->program, why);
	loop_stop(dialling->loop);
}

int
replay_dial(struct replay_conn *conn, const struct spec *spec)
{
	struct replay_dialling dialling;
	struct resolver *resolver = NULL;
	struct target *target = NULL;
	struct dial dial;

	memset(&dial, 0, sizeof(dial));
	conn->fd = -1;
	conn->shown = 0;
	conn->ended = false;
	buf_clear(&conn->in);
	dialling.conn = conn;
	dialling.loop = loop_new("auto");
	if (dialling.loop != NULL && (!target_needs_resolver(spec) ||
	    (resolver = resolver_new(dialling.loop)) != NULL))
		target = target_new(dialling.loop, resolver, spec, 0);
	if (target == NULL)
		fprintf(stderr, "%s: %s\n", conn->cfg->program,
		    strerror(errno));
	else {
		dial_start(&dial, target, (unsigned)conn->cfg->timeout,
		    replay_on_dialled, &dialling);
		if (loop_run(dialling.loop) == -1)
			fprintf(stderr, "%s: %s\n", conn->cfg->program,
			    strerror(errno));
		dial_cancel(&dial);
		target_free(target);
	}
	resolver_free(resolver);
	if (dialling.loop != NULL)
		loop_free(dialling.loop);
	return (conn->fd == -1 ? -1 : 0);
}

void
replay_close(struct replay_conn *conn)
{
	if (conn->fd != -1)
		(void)close(conn->fd);
	conn->fd = -1;
	buf_free(&conn->in);
}

/* Waits for events until the time is over.  What has happened, or 0. */
static int
replay_poll(struct replay_conn *conn, short events, uint64_t until)
{
	struct pollfd pfd;
	struct timespec ts;
	uint64_t now;
	int n;

	for (;;) {
		now = 0;
		if (clock_gettime(CLOCK_MONOTONIC, &ts) == 0)
			now = (uint64_t)ts.tv_sec * 1000 +
			    (uint64_t)ts.tv_nsec / 1000000;
		pfd.fd = conn->fd;
		pfd.events = events;
		pfd.revents = 0;
		n = poll(&pfd, 1, until > now ? (int)(until - now) : 0);
		if (n > 0)
			return (pfd.revents);
		if (n == 0 && until <= now)
			return (0);
		if (n == -1 && errno != EINTR)
			return (0);
	}
}

static uint64_t
replay_until(const struct replay_conn *conn)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000 +
	    conn->cfg->timeout);
}

/* Takes what has come.  0, or -1: nothing more will. */
static int
replay_take(struct replay_conn *conn)
{
	unsigned char *p;
	ssize_t n;

	if (conn->ended)
		return (-1);
	p = buf_reserve(&conn->in, 65536);
	if (p == NULL) {
		strlcpy(conn->why, strerror(ENOMEM), sizeof(conn->why));
		conn->ended = true;
		return (-1);
	}
	n = read(conn->fd, p, 65536);
	if (n > 0) {
		buf_commit(&conn->in, (size_t)n);
		return (0);
	}
	if (n == -1 && (errno == EAGAIN || errno == EWOULDBLOCK ||
	    errno == EINTR))
		return (0);
	conn->ended = true;
	if (n == 0)
		strlcpy(conn->why, "the connection was closed",
		    sizeof(conn->why));
	else
		snprintf(conn->why, sizeof(conn->why),
		    "the connection was lost: %s", strerror(errno));
	return (-1);
}

int
replay_send(struct replay_conn *conn, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t until = replay_until(conn);
	ssize_t n;
	int ready;

	while (len > 0) {
		n = write(conn->fd, p, len);
		if (n > 0) {
			p += n;
			len -= (size_t)n;
			until = replay_until(conn);
			continue;
		}
		if (n == -1 && errno != EAGAIN && errno != EWOULDBLOCK &&
		    errno != EINTR) {
			snprintf(conn->why, sizeof(conn->why),
			    "the connection was lost: %s", strerror(errno));
			/* What it said before it went is still to be read. */
			while (replay_take(conn) == 0 &&
			    conn->in.len < REPLAY_FRAME_MAX &&
			    replay_poll(conn, POLLIN, 0) != 0)
				continue;
			conn->ended = true;
			return (-1);
		}
		/* It may be waiting for us to read. */
		ready = replay_poll(conn, !conn->ended &&
		    conn->in.len < REPLAY_FRAME_MAX ? POLLOUT | POLLIN :
		    POLLOUT, until);
		if (ready == 0) {
			snprintf(conn->why, sizeof(conn->why),
			    "it did not read for %llu ms",
			    (unsigned long long)conn->cfg->timeout);
			return (-1);
		}
		if ((ready & POLLIN) != 0)
			(void)replay_take(conn);
	}
	return (0);
}

/* Looks for a frame in what has come.  1, 0: not whole yet, -1. */
static int
replay_frame(struct replay_conn *conn, struct packet *pkt)
{
	enum packet_error error;

	if (conn->shown > 0)
		buf_consume(&conn->in, conn->shown);
	conn->shown = 0;
	error = packet_next(buf_ptr(&conn->in), conn->in.len,
	    REPLAY_FRAME_MAX, pkt);
	if (error == PACKET_MORE)
		return (0);
	if (error != PACKET_OK) {
		snprintf(conn->why, sizeof(conn->why), "no milter frame: %s",
		    packet_strerror(error));
		return (-1);
	}
	conn->shown = pkt->size;
	return (1);
}

int
replay_read(struct replay_conn *conn, struct packet *pkt)
{
	uint64_t until = replay_until(conn);
	int r;

	while ((r = replay_frame(conn, pkt)) == 0) {
		if (replay_poll(conn, POLLIN, until) == 0) {
			snprintf(conn->why, sizeof(conn->why),
			    "no reply within %llu ms",
			    (unsigned long long)conn->cfg->timeout);
			return (-1);
		}
		if (replay_take(conn) == -1)
			return (-1);
	}
	return (r == 1 ? 0 : -1);
}

bool
replay_stray(struct replay_conn *conn, struct packet *pkt)
{
	if (!conn->ended && replay_poll(conn, POLLIN, 0) != 0)
		(void)replay_take(conn);
	return (replay_frame(conn, pkt) == 1);
}

#undef REPLAY_FRAME_MAX
