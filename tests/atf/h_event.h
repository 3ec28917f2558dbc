/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_event.h - what the tests of the event loop share.
 * Owns:      LOOP_CASE, turn() and a watcher that counts.
 * Called by: t_event*.c.
 * Must not:  wait.
 */
#ifndef H_EVENT_H
#define H_EVENT_H

#include "compat.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"

#define RW	(LOOP_READ | LOOP_WRITE)

/* A case that is run with a new loop for each back end in turn. */
#define LOOP_CASE(name, text)						\
static void name##_over(struct loop *);					\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)							\
{									\
	const char *const *b;						\
	struct loop *loop_;						\
									\
	(void)tc;							\
	for (b = loop_backends(); *b != NULL; b++) {			\
		printf("back end: %s\n", *b);				\
		(void)fflush(stdout);					\
		loop_ = loop_new(*b);					\
		ATF_REQUIRE(loop_ != NULL);				\
		ATF_REQUIRE_STREQ(*b, loop_backend(loop_));		\
		name##_over(loop_);					\
		loop_free(loop_);					\
	}								\
}									\
static void								\
name##_over(struct loop *l)

static inline void
on_task_stop(struct loop_task *t, void *arg)
{
	(void)t;
	loop_stop(arg);
}

/* One round without waiting. */
static inline void
turn(struct loop *l)
{
	struct loop_task t;

	memset(&t, 0, sizeof(t));
	loop_task_start(l, &t, on_task_stop, l);
	ATF_REQUIRE_EQ(0, loop_run(l));
	loop_task_stop(&t);
}

static inline void
set_nonblock(int fd)
{
	ATF_REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) != -1);
}

static inline void
pair(int fd[2])
{
	ATF_REQUIRE_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	set_nonblock(fd[0]);
	set_nonblock(fd[1]);
}

static inline uint64_t
real_ns(void)
{
	struct timespec ts;

	ATF_REQUIRE_EQ(0, clock_gettime(CLOCK_MONOTONIC, &ts));
	return ((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec);
}

/* A watcher that counts. */
struct seen {
	struct loop_io	 io;
	int		 calls;
	unsigned	 ready;		/* of the last call */
};

static inline void
on_seen(struct loop_io *io, unsigned ready, void *arg)
{
	struct seen *s = arg;

	ATF_REQUIRE_EQ(&s->io, io);
	ATF_REQUIRE((ready & ~io->want) == 0);
	s->calls++;
	s->ready = ready;
}

/* What one round reports of s. */
static inline unsigned
look(struct loop *l, struct seen *s)
{
	s->ready = 0;
	turn(l);
	return (s->ready);
}

static inline void
on_stop_once(struct loop_io *io, unsigned ready, void *arg)
{
	struct seen *s = arg;

	(void)ready;
	s->calls++;
	loop_stop(io->loop);
}

#endif /* H_EVENT_H */
