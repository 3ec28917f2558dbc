/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_net_stream.c - what stream.h promises, over every back end, over unix
 * sockets and loopback TCP.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "net/stream.h"

#include "h_net.h"

#define MIB	((size_t)1024 * 1024)
#define FULL	((size_t)64 * 1024)	/* more queued: back-pressure */

/* The byte that belongs at place i of every test stream. */
static unsigned char
pattern(size_t i)
{
	return ((unsigned char)((i * 7 + i / 251) & 0xff));
}

/* One end of a connection; what its callbacks do is told by its fields. */
struct end {
	struct stream	 s;
	struct loop	*l;
	struct end	*echo_to;	/* pass input on to this one */
	size_t		 got;		/* bytes used up */
	size_t		 sent;		/* bytes written */
	size_t		 to_send;
	size_t		 stop_at;	/* loop_stop() when got is that */
	size_t		 most_queued;
	size_t		 take;		/* used up a call, 0: all */
	size_t		 last_len;	/* what the last input() was shown */
	unsigned	 inputs, drains, closes;
	unsigned	 close_in;	/* CLOSE_* */
	int		 err;
	bool		 pause_in;	/* pause in input() */
	bool		 busy;		/* a stream_ call is under way */
};
#define CLOSE_INPUT	1u
#define CLOSE_DRAINED	2u
#define CLOSE_CLOSED	3u

/* Writes the pattern until there is back-pressure. */
static void
end_pump(struct end *e)
{
	unsigned char block[16 * 1024 - 3];
	size_t i, n;

	while (e->sent < e->to_send && stream_queued(&e->s) < FULL) {
		n = e->to_send - e->sent;
		n = n < sizeof(block) ? n : sizeof(block);
		for (i = 0; i < n; i++)
			block[i] = pattern(e->sent + i);
		ATF_REQUIRE_EQ(0, stream_write2(&e->s, block, n / 3,
		    block + n / 3, n - n / 3));
		e->sent += n;
		if (stream_queued(&e->s) > e->most_queued)
			e->most_queued = stream_queued(&e->s);
	}
}

static size_t
end_on_input(struct stream *s, const unsigned char *data, size_t len, void *arg)
{
	struct end *e = arg;
	size_t i, n = len;

	ATF_REQUIRE(s == &e->s && len > 0 && !e->busy);
	e->inputs++;
	e->last_len = len;
	if (e->close_in == CLOSE_INPUT) {
		stream_close(s);
		/* Whoever looks at it now is found out. */
		memset(e, 0xee, sizeof(*e));
		free(e);
		return (len + 17);
	}
	if (e->take > 0)
		n = e->take <= len ? e->take : 0;
	for (i = 0; i < n; i++)
		ATF_REQUIRE_EQ_MSG(data[i], pattern(e->got + i),
		    "at %zu", e->got + i);
	e->got += n;
	if (e->pause_in)
		stream_pause(s);
	if (e->echo_to != NULL) {
		struct end *to = e->echo_to;

		ATF_REQUIRE_EQ(0, stream_write(&to->s, data, n));
		if (stream_queued(&to->s) > to->most_queued)
			to->most_queued = stream_queued(&to->s);
		stream_flush(&to->s);
		if (stream_queued(&to->s) >= FULL)
			stream_pause(s);
	}
	if (e->stop_at > 0 && e->got >= e->stop_at)
		loop_stop(e->l);
	return (n);
}

static void
end_on_drained(struct stream *s, void *arg)
{
	struct end *e = arg;

	ATF_REQUIRE(s == &e->s && !e->busy);
	ATF_REQUIRE_EQ(0, stream_queued(s));
	e->drains++;
	if (e->close_in == CLOSE_DRAINED) {
		stream_close(s);
		memset(e, 0xee, sizeof(*e));
		free(e);
		return;
	}
	if (e->echo_to != NULL)
		stream_resume(&e->echo_to->s);
	end_pump(e);
}

static void
end_on_closed(struct stream *s, int err, void *arg)
{
	struct end *e = arg;

	ATF_REQUIRE(s == &e->s && !e->busy);
	ATF_REQUIRE_EQ(0, e->closes);
	e->closes++;
	e->err = err;
	loop_stop(e->l);
	if (e->close_in == CLOSE_CLOSED) {
		stream_close(s);
		memset(e, 0xee, sizeof(*e));
		free(e);
	}
}

static const struct stream_ops end_ops = {
	end_on_input, end_on_drained, end_on_closed
};

static struct end *
end_new(struct loop *l, int fd)
{
	struct end *e = calloc(1, sizeof(*e));

	ATF_REQUIRE(e != NULL);
	e->l = l;
	ATF_REQUIRE_EQ(0, stream_open(&e->s, l, fd, &end_ops, e));
	ATF_REQUIRE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	ATF_REQUIRE((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	return (e);
}

static void
end_free(struct end *e)
{
	stream_close(&e->s);
	stream_close(&e->s);
	free(e);
}

/* Two connected sockets. */
static void
pair_unix(int fd[2])
{
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
}

static void
pair_tcp(int fd[2])
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	int door = socket(AF_INET, SOCK_STREAM, 0);

	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ATF_REQUIRE(door != -1);
	ATF_REQUIRE_EQ(0, bind(door, (struct sockaddr *)&in, len));
	ATF_REQUIRE_EQ(0, listen(door, 1));
	ATF_REQUIRE_EQ(0, getsockname(door, (struct sockaddr *)&in, &len));
	ATF_REQUIRE((fd[0] = socket(AF_INET, SOCK_STREAM, 0)) != -1);
	ATF_REQUIRE_EQ(0, connect(fd[0], (struct sockaddr *)&in, len));
	ATF_REQUIRE((fd[1] = accept(door, NULL, NULL)) != -1);
	(void)close(door);
}

static void (*const pairs[])(int[2]) = { pair_unix, pair_tcp };
#define PAIRS	(sizeof(pairs) / sizeof(pairs[0]))

/* Two ends over the i-th kind of pair. */
static void
ends_new(struct loop *l, size_t i, struct end **a, struct end **b)
{
	int fd[2];

	pairs[i](fd);
	*a = end_new(l, fd[0]);
	*b = end_new(l, fd[1]);
}

/* --- bytes ---------------------------------------------------------------- */

NET_CASE(echo, "ten megabytes come back unchanged, and neither side queues "
    "more than its limit")
{
	struct end *client, *server;
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		ends_new(l, i, &client, &server);
		server->echo_to = server;
		client->to_send = client->stop_at = 10 * MIB;
		end_pump(client);
		net_run(l);
		ATF_CHECK_EQ(10 * MIB, client->got);
		ATF_CHECK_EQ(10 * MIB, server->got);
		ATF_CHECK(client->most_queued <= FULL + 16 * 1024);
		ATF_CHECK(server->most_queued <= FULL + 128 * 1024);
		ATF_CHECK_EQ(0, client->s.in.cap);
		ATF_CHECK_EQ(0, server->s.in.cap);
		net_turn(l);
		ATF_CHECK_EQ(0, client->s.out.cap);
		ATF_CHECK_EQ(0, server->s.out.cap);
		end_free(client);
		end_free(server);
	}
}

NET_CASE(paused, "a paused stream reads nothing, and its peer's bytes wait "
    "with the peer")
{
	struct end *from, *to;
	size_t i, queued;

	for (i = 0; i < PAIRS; i++) {
		ends_new(l, i, &from, &to);
		stream_pause(&to->s);
		stream_pause(&to->s);
		ATF_CHECK(stream_paused(&to->s));
		to->stop_at = from->to_send = 10 * MIB;
		end_pump(from);
		/* TCP moves on its own: until nothing more leaves. */
		do {
			queued = from->sent - stream_queued(&from->s);
			net_turn(l);
		} while (queued != from->sent - stream_queued(&from->s));
		ATF_CHECK(from->sent < 10 * MIB);
		ATF_CHECK(stream_queued(&from->s) > 0);
		ATF_CHECK_EQ(0, to->inputs);
		ATF_CHECK_EQ(0, to->s.in.cap);
		stream_resume(&to->s);
		stream_resume(&to->s);
		ATF_CHECK(!stream_paused(&to->s));
		net_run(l);
		ATF_CHECK_EQ(10 * MIB, to->got);
		ATF_CHECK_EQ(0, stream_queued(&from->s));
		end_free(from);
		end_free(to);
	}
}

NET_CASE(parts, "bytes that input() leaves are shown again with the ones "
    "behind them, whatever the size of its bites")
{
	static const size_t bites[] = { 1, 7, 4096, 300000, 1048576 };
	struct end *from, *to;
	size_t i;

	for (i = 0; i < sizeof(bites) / sizeof(bites[0]); i++) {
		ends_new(l, 0, &from, &to);
		to->take = bites[i];
		from->to_send = bites[i] < 100 ? 7000 : 2 * MIB;
		to->stop_at = from->to_send / bites[i] * bites[i];
		end_pump(from);
		net_run(l);
		ATF_CHECK_EQ(to->stop_at, to->got);
		/* What is left over stays, and is not shown for nothing. */
		net_turn(l);
		to->inputs = 0;
		net_turn(l);
		ATF_CHECK_EQ(0, to->inputs);
		ATF_CHECK_EQ(from->to_send - to->stop_at, to->s.in.len);
		end_free(from);
		end_free(to);
	}
}

NET_CASE(kept, "kept bytes are shown again at stream_resume(), though no "
    "more have come")
{
	struct end *from, *to;

	ends_new(l, 0, &from, &to);
	to->take = 3;
	to->pause_in = true;
	from->to_send = 10;
	end_pump(from);
	net_turn(l);
	ATF_CHECK_EQ(1, to->inputs);
	ATF_CHECK_EQ(10, to->last_len);
	ATF_CHECK_EQ(3, to->got);
	/* Resume and pause again before the loop runs: nothing is shown. */
	stream_resume(&to->s);
	stream_pause(&to->s);
	net_turn(l);
	ATF_CHECK_EQ(1, to->inputs);
	to->busy = true;
	stream_resume(&to->s);
	to->busy = false;
	net_turn(l);
	ATF_CHECK_EQ(2, to->inputs);
	ATF_CHECK_EQ(7, to->last_len);
	ATF_CHECK_EQ(6, to->got);
	/* With more behind them. */
	from->to_send = 12;
	end_pump(from);
	net_turn(l);
	ATF_CHECK_EQ(2, to->inputs);
	to->pause_in = false;
	stream_resume(&to->s);
	net_turn(l);
	ATF_CHECK_EQ(12, to->got);
	ATF_CHECK_EQ(0, to->s.in.len);
	ATF_CHECK_EQ(0, to->s.in.cap);
	end_free(from);
	end_free(to);
}

NET_CASE(drained, "drained() is called once for each time the queue empties, "
    "and never from within a stream_ call")
{
	struct end *from, *to;

	ends_new(l, 0, &from, &to);
	from->busy = true;
	ATF_REQUIRE_EQ(0, stream_write(&from->s, "", 0));
	from->busy = false;
	net_turn(l);
	ATF_CHECK_EQ(0, from->drains);
	from->to_send = 100;
	from->busy = true;
	end_pump(from);
	ATF_CHECK_EQ(100, stream_queued(&from->s));
	stream_flush(&from->s);
	ATF_CHECK_EQ(0, stream_queued(&from->s));
	from->busy = false;
	net_turn(l);
	ATF_CHECK_EQ(1, from->drains);
	/* Without a flush the loop sees to it. */
	from->to_send = 200;
	end_pump(from);
	net_turn(l);
	ATF_CHECK_EQ(2, from->drains);
	ATF_CHECK_EQ(200, to->got);
	end_free(from);
	end_free(to);
}

/* --- ends ----------------------------------------------------------------- */

NET_CASE(end_of_file, "an orderly end is told once, after all bytes, and "
    "waits for a paused owner")
{
	struct end *from, *to;
	size_t i;

	for (i = 0; i < PAIRS; i++) {
		ends_new(l, i, &from, &to);
		to->pause_in = true;
		from->to_send = 1000;
		end_pump(from);
		stream_flush(&from->s);
		end_free(from);
		while (to->inputs == 0)
			net_turn(l);
		net_turn(l);
		ATF_CHECK_EQ(0, to->closes);
		to->pause_in = false;
		stream_resume(&to->s);
		net_run(l);
		ATF_CHECK_EQ(1, to->closes);
		ATF_CHECK_EQ(0, to->err);
		ATF_CHECK_EQ(1000, to->got);
		/* Nothing follows, though it stays open. */
		net_turn(l);
		ATF_CHECK_EQ(1, to->closes);
		end_free(to);
	}
}

NET_CASE(half_closed, "after the peer's end of file there can still be "
    "written")
{
	unsigned char byte[4];
	struct end *e;
	int fd[2];

	pair_unix(fd);
	e = end_new(l, fd[0]);
	ATF_REQUIRE_EQ(0, shutdown(fd[1], SHUT_WR));
	net_run(l);
	ATF_CHECK_EQ(1, e->closes);
	ATF_CHECK_EQ(0, e->err);
	ATF_REQUIRE_EQ(0, stream_write(&e->s, "bye", 3));
	stream_close_flushed(&e->s, 60000);
	ATF_CHECK_EQ(3, read(fd[1], byte, sizeof(byte)));
	ATF_CHECK_EQ(0, read(fd[1], byte, sizeof(byte)));
	(void)close(fd[1]);
	end_free(e);
}

NET_CASE(reset, "a reset connection is told with its errno")
{
	struct linger now = { 1, 0 };
	struct end *e;
	int fd[2];

	pair_tcp(fd);
	e = end_new(l, fd[0]);
	ATF_REQUIRE_EQ(0, setsockopt(fd[1], SOL_SOCKET, SO_LINGER, &now,
	    sizeof(now)));
	(void)close(fd[1]);
	net_run(l);
	ATF_CHECK_EQ(1, e->closes);
	ATF_CHECK_EQ(ECONNRESET, e->err);
	ATF_CHECK_EQ(0, stream_write(&e->s, "x", 1));
	ATF_CHECK_EQ(0, stream_queued(&e->s));
	net_turn(l);
	ATF_CHECK_EQ(1, e->closes);
	end_free(e);
}

NET_CASE(gone_peer, "writing to a peer that is gone ends in closed(), from "
    "the loop, after its last words, also while paused")
{
	struct end *e;
	size_t i;
	int fd[2], paused;

	for (i = 0; i < 2 * PAIRS; i++) {
		paused = (int)(i & 1);
		pairs[i / 2](fd);
		e = end_new(l, fd[0]);
		if (paused)
			stream_pause(&e->s);
		ATF_REQUIRE_EQ(1, write(fd[1], "\0", 1));
		(void)close(fd[1]);
		/* TCP needs one write to learn, and one to be told. */
		while (e->closes == 0) {
			e->busy = true;
			ATF_REQUIRE_EQ(0, stream_write(&e->s, "x", 1));
			stream_flush(&e->s);
			e->busy = false;
			net_turn(l);
		}
		ATF_CHECK_EQ(1, e->closes);
		ATF_CHECK_EQ(paused ? 0 : 1, e->got);
		if (paused)
			ATF_CHECK_MSG(e->err == EPIPE || e->err == ECONNRESET,
			    "%s", strerror(e->err));
		ATF_CHECK_EQ(0, stream_write(&e->s, "x", 1));
		stream_flush(&e->s);
		net_turn(l);
		ATF_CHECK_EQ(1, e->closes);
		end_free(e);
	}
}

NET_CASE(last_words, "what the peer said before it was gone is shown, when "
    "writing is what finds out")
{
	struct end *e;
	unsigned char block[1000];
	size_t i;
	int fd[2];

	for (i = 0; i < sizeof(block); i++)
		block[i] = pattern(i);
	pair_unix(fd);
	e = end_new(l, fd[0]);
	ATF_REQUIRE_EQ(1000, write(fd[1], block, sizeof(block)));
	(void)close(fd[1]);
	ATF_REQUIRE_EQ(0, stream_write(&e->s, "x", 1));
	e->busy = true;
	stream_flush(&e->s);
	e->busy = false;
	net_run(l);
	ATF_CHECK_EQ(1000, e->got);
	ATF_CHECK_EQ(1, e->closes);
	ATF_CHECK_EQ(EPIPE, e->err);
	end_free(e);
}

NET_CASE(close_in_callbacks, "a stream may be closed and its memory freed in "
    "each of its callbacks")
{
	struct end *a, *b;
	unsigned where;
	size_t i;
	int fd[2];

	for (i = 0; i < PAIRS; i++) {
		for (where = CLOSE_INPUT; where <= CLOSE_CLOSED; where++) {
			ends_new(l, i, &a, &b);
			a->close_in = where;
			if (where == CLOSE_INPUT) {
				b->to_send = 5000;
				end_pump(b);
				net_run(l);
				ATF_CHECK_EQ(1, b->closes);
				end_free(b);
			} else if (where == CLOSE_DRAINED) {
				a->to_send = 5000;
				end_pump(a);
				net_run(l);
				ATF_CHECK_EQ(1, b->closes);
				ATF_CHECK_EQ(5000, b->got);
				end_free(b);
			} else {
				end_free(b);
				net_run(l);
			}
		}
	}
	/* Both closed() by a failed write, and input() in the last words. */
	for (where = CLOSE_INPUT; where <= CLOSE_CLOSED; where += 2) {
		pair_unix(fd);
		a = end_new(l, fd[0]);
		a->close_in = where;
		if (where == CLOSE_INPUT)
			ATF_REQUIRE_EQ(3, write(fd[1], "abc", 3));
		(void)close(fd[1]);
		ATF_REQUIRE_EQ(0, stream_write(&a->s, "x", 1));
		stream_flush(&a->s);
		net_turn(l);
	}
	/* input() of kept bytes. */
	ends_new(l, 0, &a, &b);
	a->take = 3;
	a->pause_in = true;
	b->to_send = 10;
	end_pump(b);
	net_turn(l);
	a->close_in = CLOSE_INPUT;
	stream_resume(&a->s);
	net_run(l);
	ATF_CHECK_EQ(1, b->closes);
	end_free(b);
}

NET_CASE(open_fails, "a descriptor that cannot be watched is refused and "
    "stays the caller's")
{
	struct stream s;
	int fd[2];

	ATF_CHECK_EQ(-1, stream_open(&s, l, -1, &end_ops, NULL));
	ATF_CHECK(s.loop == NULL);
	pair_unix(fd);
	(void)close(fd[0]);
	ATF_CHECK_EQ(-1, stream_open(&s, l, fd[0], &end_ops, NULL));
	ATF_CHECK_EQ(EBADF, errno);
	/* All calls are harmless on what is not open. */
	ATF_CHECK_EQ(0, stream_write(&s, "x", 1));
	stream_flush(&s);
	stream_pause(&s);
	stream_resume(&s);
	stream_close(&s);
	stream_close_flushed(&s, 1000);
	(void)close(fd[1]);
}

/* --- closing with bytes in the queue -------------------------------------- */

NET_CASE(close_flushed, "five megabytes that were queued before the close "
    "arrive, though the peer was sending")
{
	struct end *from, *to;
	size_t i;
	unsigned char *all = malloc(5 * MIB);

	ATF_REQUIRE(all != NULL);
	for (i = 0; i < 5 * MIB; i++)
		all[i] = pattern(i);
	for (i = 0; i < PAIRS; i++) {
		ends_new(l, i, &from, &to);
		to->to_send = 100000;
		end_pump(to);
		stream_flush(&to->s);
		ATF_REQUIRE_EQ(0, stream_write(&from->s, all, 5 * MIB));
		stream_close_flushed(&from->s, 600000);
		ATF_CHECK(from->s.loop == NULL);
		free(from);
		net_run(l);
		ATF_CHECK_EQ(1, to->closes);
		ATF_CHECK_EQ(0, to->err);
		ATF_CHECK_EQ(5 * MIB, to->got);
		end_free(to);
		/* Nothing is left in the loop. */
		ATF_CHECK_EQ(0, loop_run(l));
	}
	free(all);
}

NET_CASE(close_flushed_late, "a peer that does not read is given up when the "
    "time is over, or before the loop ends")
{
	struct end *from;
	unsigned char *all = calloc(1, 5 * MIB);
	unsigned i;
	int fd[2];

	ATF_REQUIRE(all != NULL);
	for (i = 0; i < 2; i++) {
		pair_unix(fd);
		from = end_new(l, fd[0]);
		ATF_REQUIRE_EQ(0, stream_write(&from->s, all, 5 * MIB));
		stream_close_flushed(&from->s, i == 0 ? 1 : 3600000);
		free(from);
		if (i == 0) {
			/* Ends when nothing is left to wait for. */
			ATF_CHECK_EQ(0, loop_run(l));
		} else {
			net_turn(l);
			linger_end_all(l);
			ATF_CHECK_EQ(0, loop_run(l));
		}
		while (read(fd[1], all, 5 * MIB) > 0)
			continue;
		(void)close(fd[1]);
	}
	free(all);
}

NET_CASE(close_flushed_gone, "a peer that goes before the end disturbs "
    "nobody")
{
	struct end *from;
	unsigned char *all = calloc(1, 5 * MIB);
	size_t i;
	int fd[2];

	ATF_REQUIRE(all != NULL);
	for (i = 0; i < PAIRS; i++) {
		pairs[i](fd);
		from = end_new(l, fd[0]);
		ATF_REQUIRE_EQ(0, stream_write(&from->s, all, 5 * MIB));
		stream_close_flushed(&from->s, 3600000);
		free(from);
		net_turn(l);
		(void)close(fd[1]);
		ATF_CHECK_EQ(0, loop_run(l));
	}
	free(all);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, echo);
	ATF_TP_ADD_TC(tp, paused);
	ATF_TP_ADD_TC(tp, parts);
	ATF_TP_ADD_TC(tp, kept);
	ATF_TP_ADD_TC(tp, drained);
	ATF_TP_ADD_TC(tp, end_of_file);
	ATF_TP_ADD_TC(tp, half_closed);
	ATF_TP_ADD_TC(tp, reset);
	ATF_TP_ADD_TC(tp, gone_peer);
	ATF_TP_ADD_TC(tp, last_words);
	ATF_TP_ADD_TC(tp, close_in_callbacks);
	ATF_TP_ADD_TC(tp, open_fails);
	ATF_TP_ADD_TC(tp, close_flushed);
	ATF_TP_ADD_TC(tp, close_flushed_late);
	ATF_TP_ADD_TC(tp, close_flushed_gone);
	return (atf_no_error());
}
