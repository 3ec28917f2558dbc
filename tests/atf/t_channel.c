/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_channel.c - messages between daemon and worker, good and bad ones.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep.
 */
#include "compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "daemon/channel.h"

#define CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)

/* One end, and what came there. */
struct end {
	struct channel	 c;
	struct loop	*loop;
	int		 peer;		/* the other end, raw */
	unsigned	 n, lost;
	enum channel_kind kind;
	uint32_t	 number;
	size_t		 len;
	char		 text[256];
	bool		 close;		/* in the call */
};

static void
on_got(struct channel *c, const struct channel_message *m, void *arg)
{
	struct end *e = arg;

	ATF_REQUIRE(c == &e->c);
	ATF_REQUIRE_EQ(0, e->lost);
	e->n++;
	e->kind = m->kind;
	e->number = m->number;
	e->len = m->len;
	memcpy(e->text, m->text, m->len < sizeof(e->text) ? m->len :
	    sizeof(e->text));
	if (e->close)
		channel_close(c);
}

static void
on_lost(struct channel *c, void *arg)
{
	struct end *e = arg;

	ATF_REQUIRE(c == &e->c);
	e->lost++;
}

static void
on_stop(struct loop_timer *t, void *arg)
{
	(void)t;
	loop_stop(arg);
}

/* All that is there is read; more than a round, since input comes in pieces. */
static void
turn(struct end *e)
{
	struct loop_timer t;

	memset(&t, 0, sizeof(t));
	loop_timer_start(e->loop, &t, 20, on_stop, e->loop);
	ATF_REQUIRE_EQ(0, loop_run(e->loop));
}

static void
begin(struct end *e)
{
	int fd[2];

	memset(e, 0, sizeof(*e));
	e->loop = loop_new(NULL);
	ATF_REQUIRE(e->loop != NULL);
	ATF_REQUIRE_EQ(0, channel_pair(fd));
	ATF_CHECK(fcntl(fd[0], F_GETFD) & FD_CLOEXEC);
	ATF_CHECK(fcntl(fd[1], F_GETFL) & O_NONBLOCK);
	e->c.got = on_got;
	e->c.lost = on_lost;
	e->c.arg = e;
	e->peer = fd[1];
	ATF_REQUIRE_EQ(0, channel_open(&e->c, e->loop, fd[0]));
}

static void
end(struct end *e)
{
	channel_close(&e->c);
	if (e->peer != -1)
		(void)close(e->peer);
	loop_free(e->loop);
}

static void
put(const struct end *e, const void *data, size_t len)
{
	ATF_REQUIRE_EQ((ssize_t)len, write(e->peer, data, len));
}

CASE(whole, "Each kind arrives as it was sent, in one piece or in many")
{
	static const char stop[] = "\0\0\0\5\3\0\0\x30\x39";
	static const char three[] = "\0\0\0\1\1" "\0\0\0\4\4why" "\0\0\0\1\5";
	struct end a, b;
	size_t i;
	int fd;

	(void)tc;
	begin(&a);
	put(&a, stop, 9);
	turn(&a);
	ATF_CHECK_EQ(1, a.n);
	ATF_CHECK_EQ(CHANNEL_STOP, a.kind);
	ATF_CHECK_EQ(12345, a.number);
	for (i = 0; i < 9; i++) {
		ATF_CHECK_EQ(1, a.n);
		put(&a, stop + i, 1);
		if (i >= 3)
			turn(&a);
	}
	ATF_CHECK_EQ(2, a.n);
	put(&a, three, 5 + 8 + 5);
	turn(&a);
	ATF_CHECK_EQ(5, a.n);
	ATF_CHECK_EQ(CHANNEL_REOPEN, a.kind);
	/* And between two of them. */
	begin(&b);
	(void)close(b.peer);
	b.peer = -1;
	channel_close(&b.c);
	fd = dup(a.peer);
	ATF_REQUIRE_EQ(0, channel_open(&b.c, b.loop, fd));
	ATF_CHECK_EQ(0, channel_send(&a.c, CHANNEL_STOP, CHANNEL_NEVER));
	turn(&b);
	ATF_CHECK_EQ(CHANNEL_STOP, b.kind);
	ATF_CHECK_EQ(CHANNEL_NEVER, b.number);
	ATF_CHECK_EQ(0, channel_send_text(&a.c, CHANNEL_END, "the end", 7));
	turn(&b);
	ATF_CHECK_EQ(CHANNEL_END, b.kind);
	ATF_CHECK_EQ(7, b.len);
	ATF_CHECK_EQ(0, memcmp(b.text, "the end", 7));
	ATF_CHECK_EQ(0, channel_send(&b.c, CHANNEL_READY, 0));
	turn(&a);
	ATF_CHECK_EQ(CHANNEL_READY, a.kind);
	ATF_CHECK_EQ(0, a.lost + b.lost);
	end(&b);
	end(&a);
}

CASE(hostile, "What is none, or too long, or not of its kind ends the channel")
{
	static const struct {
		const char *bytes;
		size_t	 len;
	} rows[] = {
		{ "\0\0\0\0\1", 5 },			/* no kind */
		{ "\0\0\0\1\0", 5 },			/* no such kinds */
		{ "\0\0\0\1\xa", 5 },
		{ "\0\0\0\1\xff", 5 },
		{ "\0\0\0\2\1x", 6 },			/* READY and more */
		{ "\0\0\0\1\3", 5 },			/* numbers of 0, 3, 5 */
		{ "\0\0\0\4\3\0\0\1", 8 },
		{ "\0\0\0\6\3\0\0\0\0\1", 10 },
		{ "\0\0\0\x82\4", 5 },			/* 129 bytes of text */
		{ "\0\x10\0\2\x8", 5 },			/* 1 MiB and a byte */
		{ "\xff\xff\xff\xff\x8", 5 },
		{ "\x7f\xff\xff\xff\1", 5 },
		{ "GET / HTTP/1.1\r\n\r\n", 18 },
	};
	struct end e;
	size_t i;

	(void)tc;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("row %zu\n", i);
		begin(&e);
		put(&e, rows[i].bytes, rows[i].len);
		put(&e, "\0\0\0\1\1", 5);
		turn(&e);
		ATF_CHECK_EQ(0, e.n);
		ATF_CHECK_EQ(1, e.lost);
		ATF_CHECK_EQ(-1, channel_send(&e.c, CHANNEL_READY, 0));
		end(&e);
	}
}

CASE(truncated, "A message that is cut off never arrives")
{
	static const char stop[] = "\0\0\0\5\3\0\0\x30\x39";
	struct end e;
	size_t i;

	(void)tc;
	for (i = 0; i < 9; i++) {
		begin(&e);
		put(&e, stop, i);
		(void)close(e.peer);
		e.peer = -1;
		turn(&e);
		ATF_CHECK_EQ(0, e.n);
		ATF_CHECK_EQ(1, e.lost);
		end(&e);
	}
}

CASE(limits, "What is too long is not sent, and what nobody reads is not kept")
{
	static char text[CHANNEL_LIST_MAX + 1];
	static unsigned char drain[65536];
	struct end e;
	size_t n, sum = 0;
	ssize_t got;

	(void)tc;
	begin(&e);
	ATF_CHECK_EQ(-1, channel_send_text(&e.c, CHANNEL_END, text,
	    CHANNEL_TEXT_MAX + 1));
	ATF_CHECK_EQ(-1, channel_send_text(&e.c, CHANNEL_SESSIONS, text,
	    CHANNEL_LIST_MAX + 1));
	ATF_CHECK_EQ(0, channel_send_text(&e.c, CHANNEL_SESSIONS, text,
	    CHANNEL_LIST_MAX));
	/* That one may wait in full; behind it nothing does. */
	ATF_CHECK_EQ(-1, channel_send(&e.c, CHANNEL_LEVELS, 1));
	for (n = 0; sum < CHANNEL_LIST_MAX + 5 && n < 1000; n++) {
		while ((got = read(e.peer, drain, sizeof(drain))) > 0)
			sum += (size_t)got;
		turn(&e);
	}
	ATF_CHECK_EQ(CHANNEL_LIST_MAX + 5, sum);
	ATF_CHECK_EQ(0, channel_send(&e.c, CHANNEL_LEVELS, 1));
	for (n = 0; channel_send(&e.c, CHANNEL_LEVELS, 1) == 0; n++)
		ATF_REQUIRE(n < 1000000);
	ATF_CHECK_EQ(0, e.lost);
	end(&e);
}

CASE(large, "The largest answer arrives")
{
	static char text[CHANNEL_LIST_MAX];
	struct end a, b;

	(void)tc;
	begin(&a);
	begin(&b);
	channel_close(&b.c);
	ATF_REQUIRE_EQ(0, channel_open(&b.c, a.loop, dup(a.peer)));
	memset(text, 'x', sizeof(text));
	ATF_CHECK_EQ(0, channel_send_text(&b.c, CHANNEL_SESSIONS, text,
	    sizeof(text)));
	while (a.n == 0 && a.lost == 0)
		turn(&a);
	ATF_CHECK_EQ(1, a.n);
	ATF_CHECK_EQ(sizeof(text), a.len);
	channel_close(&b.c);
	end(&a);
	end(&b);
}

CASE(closed_in_call, "A channel may be closed by the message that it brings")
{
	struct end e;

	(void)tc;
	begin(&e);
	e.close = true;
	put(&e, "\0\0\0\1\1\0\0\0\1\1", 10);
	turn(&e);
	ATF_CHECK_EQ(1, e.n);
	ATF_CHECK_EQ(0, e.lost);
	channel_close(&e.c);
	end(&e);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, whole);
	ATF_TP_ADD_TC(tp, hostile);
	ATF_TP_ADD_TC(tp, truncated);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, large);
	ATF_TP_ADD_TC(tp, closed_in_call);
	return (atf_no_error());
}
