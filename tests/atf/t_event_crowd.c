/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_event_crowd.c - many descriptors, odd ones, and none that spins.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "h_event.h"

LOOP_CASE(regular_file, "A regular file and the null device are always ready, "
    "also at the end of the file")
{
	static const char *const path[] = { "file", "/dev/null" };
	struct seen s, other;
	int fd, p[2];
	size_t i;
	char c;

	memset(&other, 0, sizeof(other));
	pair(p);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &other.io, p[0], LOOP_READ, on_seen,
	    &other));
	for (i = 0; i < 2; i++) {
		memset(&s, 0, sizeof(s));
		fd = open(path[i], O_RDWR | O_CREAT, 0600);
		ATF_REQUIRE(fd != -1);
		ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd, LOOP_READ, on_seen,
		    &s));
		ATF_CHECK_EQ(LOOP_READ, look(l, &s));
		ATF_CHECK_EQ(0, read(fd, &c, 1));
		ATF_CHECK_EQ(LOOP_READ, look(l, &s));
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, RW));
		ATF_CHECK_EQ(RW, look(l, &s));
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_WRITE));
		ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_READ));
		ATF_CHECK_EQ(LOOP_READ, look(l, &s));
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, 0));
		ATF_CHECK_EQ(0, look(l, &s));
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_WRITE));
		ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
		/* Others have their turn meanwhile. */
		ATF_CHECK_EQ(0, look(l, &other));
		ATF_REQUIRE_EQ(1, write(p[1], "x", 1));
		ATF_CHECK_EQ(LOOP_READ, look(l, &other));
		ATF_REQUIRE_EQ(1, read(p[0], &c, 1));
		loop_io_del(&s.io);
		s.calls = 0;
		turn(l);
		ATF_CHECK_EQ(0, s.calls);
		(void)close(fd);
		/* Its slot's next tenant is not always ready. */
		ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, p[1], LOOP_READ,
		    on_seen, &s));
		ATF_CHECK_EQ(0, look(l, &s));
		loop_io_del(&s.io);
	}
	loop_io_del(&other.io);
	(void)close(p[0]);
	(void)close(p[1]);
}

#define CROWD	2000

/* Read on the one side, written on the other. */
static void
on_crowd(struct loop_io *io, unsigned ready, void *arg)
{
	int *left = arg;
	char c;

	ATF_REQUIRE_EQ(LOOP_READ, ready);
	ATF_REQUIRE_EQ(1, read(io->fd, &c, 1));
	--*left;
	if (*left % 2 == 0)
		loop_io_del(io);
}

LOOP_CASE(crowd, "2,000 descriptors are watched and served, each once")
{
	struct rlimit rl;
	struct loop_io *io;
	int fd[2], i, left = CROWD, round;

	ATF_REQUIRE_EQ(0, getrlimit(RLIMIT_NOFILE, &rl));
	if (rl.rlim_cur < CROWD + 100) {
		rl.rlim_cur = CROWD + 100;
		if (rl.rlim_max != RLIM_INFINITY && rl.rlim_max < rl.rlim_cur)
			atf_tc_skip("not enough descriptors allowed");
		ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &rl));
	}
	io = calloc(CROWD, sizeof(*io));
	ATF_REQUIRE(io != NULL);
	for (i = 0; i < CROWD; i += 2) {
		pair(fd);
		ATF_REQUIRE_EQ(0, loop_io_add(l, &io[i], fd[0], LOOP_READ,
		    on_crowd, &left));
		ATF_REQUIRE_EQ(0, loop_io_add(l, &io[i + 1], fd[1], LOOP_READ,
		    on_crowd, &left));
	}
	for (i = 0; i < CROWD; i++)
		ATF_REQUIRE_EQ(1, write(io[i].fd, "x", 1));
	while (left > 0)
		turn(l);
	for (round = 0; round < 2; round++) {
		/* Half of them went out; the others still work. */
		for (left = 0, i = 0; i < CROWD; i++)
			if (io[i ^ 1].loop != NULL) {
				ATF_REQUIRE_EQ(1, write(io[i].fd, "x", 1));
				left++;
			}
		while (left > 0)
			turn(l);
	}
	for (i = 0; i < CROWD; i++) {
		loop_io_del(&io[i]);
		(void)close(io[i].fd);
	}
	free(io);
	ATF_CHECK_EQ(0, loop_run(l));
}

static uint32_t random_state;

static uint32_t
random_next(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return ((random_state >> 8) % below);
}

#define MODEL	40

LOOP_CASE(model, "Random adding, changing, deleting and closing reports "
    "exactly what a simple model says")
{
	struct seen s[MODEL];
	unsigned want[MODEL], expect;
	int fd[2], i, peer[MODEL], step;
	bool data[MODEL], eof[MODEL];
	char c;

	memset(s, 0, sizeof(s));
	random_state = 4711;
	for (i = 0; i < MODEL; i++)
		peer[i] = -1;
	for (step = 0; step < 6000; step++) {
		i = (int)random_next(MODEL);
		if (peer[i] == -1) {
			pair(fd);
			peer[i] = fd[1];
			data[i] = eof[i] = false;
			want[i] = random_next(4);
			ATF_REQUIRE_EQ(0, loop_io_add(l, &s[i].io, fd[0],
			    want[i], on_seen, &s[i]));
		} else switch (random_next(8)) {
		case 0:
			loop_io_del(&s[i].io);
			(void)close(s[i].io.fd);
			(void)close(peer[i]);
			peer[i] = -1;
			break;
		case 1:
			if (!eof[i])
				ATF_REQUIRE_EQ(0, shutdown(peer[i], SHUT_WR));
			eof[i] = true;
			break;
		case 2:
		case 3:
			if (!data[i] && !eof[i]) {
				ATF_REQUIRE_EQ(1, write(peer[i], "x", 1));
				data[i] = true;
			} else if (data[i]) {
				ATF_REQUIRE_EQ(1, read(s[i].io.fd, &c, 1));
				data[i] = false;
			}
			break;
		default:
			want[i] = random_next(4);
			ATF_REQUIRE_EQ(0, loop_io_want(&s[i].io, want[i]));
			break;
		}
		/* Several changes between two rounds now and then. */
		if (random_next(3) == 0)
			continue;
		for (i = 0; i < MODEL; i++)
			s[i].ready = 0;
		turn(l);
		for (i = 0; i < MODEL; i++) {
			if (peer[i] == -1) {
				ATF_REQUIRE_EQ(0, s[i].ready);
				continue;
			}
			expect = LOOP_WRITE;
			if (data[i] || eof[i])
				expect |= LOOP_READ;
			ATF_REQUIRE_EQ(expect & want[i], s[i].ready);
		}
	}
	for (i = 0; i < MODEL; i++)
		if (peer[i] != -1) {
			loop_io_del(&s[i].io);
			(void)close(s[i].io.fd);
			(void)close(peer[i]);
		}
}

static void
on_tick_stop(struct loop_timer *t, void *arg)
{
	(void)t;
	loop_stop(arg);
}

LOOP_CASE(no_spin, "The loop sleeps while nothing is ready that is wanted")
{
	struct loop_timer t;
	struct seen s[6];
	uint64_t start;
	clock_t cpu;
	int fd[2], file, i, peer[5];

	memset(s, 0, sizeof(s));
	memset(&t, 0, sizeof(t));
	for (i = 0; i < 5; i++) {
		pair(fd);
		peer[i] = fd[1];
		ATF_REQUIRE_EQ(0, loop_io_add(l, &s[i].io, fd[0],
		    i == 2 ? RW : LOOP_READ, on_seen, &s[i]));
	}
	file = open("file", O_RDWR | O_CREAT, 0600);
	ATF_REQUIRE(file != -1);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s[5].io, file, RW, on_seen, &s[5]));
	turn(l);
	/* Paused with data; paused with the peer gone; done with writing. */
	ATF_REQUIRE_EQ(1, write(peer[0], "x", 1));
	ATF_REQUIRE_EQ(0, loop_io_want(&s[0].io, 0));
	ATF_REQUIRE_EQ(0, close(peer[1]));
	ATF_REQUIRE_EQ(0, loop_io_want(&s[1].io, 0));
	ATF_REQUIRE_EQ(0, loop_io_want(&s[2].io, LOOP_READ));
	/* Taken out, but open, with data; with the peer gone; a file. */
	ATF_REQUIRE_EQ(1, write(peer[3], "x", 1));
	loop_io_del(&s[3].io);
	ATF_REQUIRE_EQ(0, close(peer[4]));
	loop_io_del(&s[4].io);
	ATF_REQUIRE_EQ(0, loop_io_want(&s[5].io, 0));
	for (i = 0; i < 6; i++)
		s[i].calls = 0;

	/* A share of this run's own time, not a limit to it. */
	loop_timer_start(l, &t, 200, on_tick_stop, l);
	start = real_ns();
	cpu = clock();
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK((uint64_t)(clock() - cpu) * (1000000000u / CLOCKS_PER_SEC) <
	    (real_ns() - start) / 3);
	for (i = 0; i < 6; i++) {
		ATF_CHECK_EQ(0, s[i].calls);
		loop_io_del(&s[i].io);
		(void)close(s[i].io.fd);
	}
	(void)close(peer[0]);
	(void)close(peer[2]);
	(void)close(peer[3]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, regular_file);
	ATF_TP_ADD_TC(tp, crowd);
	ATF_TP_ADD_TC(tp, model);
	ATF_TP_ADD_TC(tp, no_spin);
	return (atf_no_error());
}
