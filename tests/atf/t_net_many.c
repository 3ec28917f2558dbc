/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_net_many.c - streams of one process share a block of memory and a loop;
 * none of them disturbs another.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "net/stream.h"

#include "h_net.h"

/* --- a stream is ended from another one's input() ------------------------ */

struct reader {
	struct stream	 s;
	struct stream	 other;
	struct loop	*l;
	char		 got[64];
	size_t		 n;
};

/* One byte a call; the first one ends the other stream. */
static size_t
reader_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	struct reader *r = arg;

	(void)len;
	ATF_REQUIRE(s == &r->s && r->n < sizeof(r->got) - 1);
	stream_close_flushed(&r->other, 1000);
	r->got[r->n++] = (char)data[0];
	return (1);
}

static size_t
other_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	(void)s;
	(void)data;
	(void)len;
	(void)arg;
	atf_tc_fail("the other one was paused");
	return (0);
}

static void
reader_on_closed(struct stream *s, int err, void *arg)
{
	struct reader *r = arg;

	ATF_REQUIRE(s == &r->s);
	ATF_CHECK_EQ(0, err);
	loop_stop(r->l);
}

static const struct stream_ops reader_ops = {
	reader_on_input, NULL, reader_on_closed
};
static const struct stream_ops other_ops = {
	other_on_input, NULL, reader_on_closed
};

NET_CASE(ended_in_input, "what input() has been shown stays as it is when it "
    "ends another stream whose peer has said something")
{
	static struct reader r;
	int a[2], b[2];

	memset(&r, 0, sizeof(r));
	r.l = l;
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, a));
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, b));
	ATF_REQUIRE_EQ(0, stream_open(&r.s, l, a[0], &reader_ops, &r));
	ATF_REQUIRE_EQ(0, stream_open(&r.other, l, b[0], &other_ops, &r));
	stream_pause(&r.other);
	ATF_REQUIRE_EQ(5, write(b[1], "XXXXX", 5));
	ATF_REQUIRE_EQ(5, write(a[1], "abcde", 5));
	ATF_REQUIRE_EQ(0, close(a[1]));
	net_run(l);
	ATF_CHECK_STREQ("abcde", r.got);
	stream_close(&r.s);
	(void)close(b[1]);
}

/* --- one peer floods ----------------------------------------------------- */

#define CROWD	20

struct crowd {
	struct loop	*l;
	struct stream	 flood;
	struct loop_io	 tap;		/* the flood's other end */
	struct stream	 quiet[CROWD];
	size_t		 drunk, heard;
	struct loop_timer timer;
	unsigned	 ticks;
};

static size_t
flood_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	struct crowd *c = arg;

	(void)s;
	(void)data;
	c->drunk += len;
	return (len);
}

static size_t
quiet_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	struct crowd *c = arg;

	(void)s;
	(void)data;
	c->heard++;
	if (c->heard == CROWD && c->ticks >= 3)
		loop_stop(c->l);
	return (len);
}

static void
crowd_on_closed(struct stream *s, int err, void *arg)
{
	(void)s;
	(void)err;
	(void)arg;
	atf_tc_fail("nobody closed anything");
}

static const struct stream_ops flood_ops = {
	flood_on_input, NULL, crowd_on_closed
};
static const struct stream_ops quiet_ops = {
	quiet_on_input, NULL, crowd_on_closed
};

/* Fills it up whenever there is room, so that the flood never ends. */
static void
tap_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	static char block[64 * 1024];

	(void)ready;
	(void)arg;
	while (send(io->fd, block, sizeof(block), 0) > 0)
		continue;
}

static void
crowd_on_timer(struct loop_timer *timer, void *arg)
{
	struct crowd *c = arg;

	if (++c->ticks < 3)
		loop_timer_start(c->l, timer, 1, crowd_on_timer, c);
	else if (c->heard == CROWD)
		loop_stop(c->l);
}

NET_CASE(flood, "a peer that never stops talking keeps neither the others nor "
    "the timers from their turn")
{
	static struct crowd c;
	int fd[CROWD + 1][2];
	size_t i;

	memset(&c, 0, sizeof(c));
	c.l = l;
	for (i = 0; i <= CROWD; i++)
		ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd[i]));
	ATF_REQUIRE_EQ(0, stream_open(&c.flood, l, fd[CROWD][0], &flood_ops,
	    &c));
	ATF_REQUIRE_EQ(0, fcntl(fd[CROWD][1], F_SETFL, O_NONBLOCK));
	ATF_REQUIRE_EQ(0, loop_io_add(l, &c.tap, fd[CROWD][1], LOOP_WRITE,
	    tap_on_ready, &c));
	for (i = 0; i < CROWD; i++) {
		ATF_REQUIRE_EQ(0, stream_open(&c.quiet[i], l, fd[i][0],
		    &quiet_ops, &c));
		ATF_REQUIRE_EQ(1, write(fd[i][1], "x", 1));
	}
	loop_timer_start(l, &c.timer, 1, crowd_on_timer, &c);
	net_run(l);
	ATF_CHECK_EQ(CROWD, c.heard);
	ATF_CHECK(c.drunk > 0);
	loop_timer_stop(&c.timer);
	loop_io_del(&c.tap);
	stream_close(&c.flood);
	(void)close(fd[CROWD][1]);
	for (i = 0; i < CROWD; i++) {
		stream_close(&c.quiet[i]);
		(void)close(fd[i][1]);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, ended_in_input);
	ATF_TP_ADD_TC(tp, flood);
	return (atf_no_error());
}
