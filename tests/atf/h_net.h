/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_net.h - what the tests of src/net share: a case over every back end, and
 * loops that cannot hang.
 */
#ifndef H_NET_H
#define H_NET_H

#include <stdio.h>

#include <atf-c.h>

#include "event/loop.h"
#include "net/stream.h"

/* A case that is run with a new loop for each back end in turn. */
#define NET_CASE(name, text)						\
static void name##_over(struct loop *);					\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)							\
{									\
	const char *const *backend_;					\
	struct loop *loop_;						\
									\
	(void)tc;							\
	for (backend_ = loop_backends(); *backend_ != NULL;		\
	    backend_++) {						\
		printf("back end: %s\n", *backend_);			\
		(void)fflush(stdout);					\
		loop_ = loop_new(*backend_);				\
		ATF_REQUIRE(loop_ != NULL);				\
		name##_over(loop_);					\
		linger_end_all(loop_);					\
		loop_free(loop_);					\
	}								\
}									\
static void								\
name##_over(struct loop *l)

static inline void
net_on_late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	atf_tc_fail("nothing happened for two minutes");
}

/* Runs until somebody calls loop_stop(). */
static inline void
net_run(struct loop *l)
{
	struct loop_timer late;

	memset(&late, 0, sizeof(late));
	loop_timer_start(l, &late, 120000, net_on_late, NULL);
	ATF_REQUIRE_EQ(0, loop_run(l));
	loop_timer_stop(&late);
}

static inline void
net_on_stop(struct loop_task *task, void *arg)
{
	(void)task;
	loop_stop(arg);
}

/* Some rounds without waiting: all that is ready is done. */
static inline void
net_turn(struct loop *l)
{
	struct loop_task task;
	int i;

	for (i = 0; i < 10; i++) {
		memset(&task, 0, sizeof(task));
		loop_task_start(l, &task, net_on_stop, l);
		ATF_REQUIRE_EQ(0, loop_run(l));
		/* Somebody else may have stopped it. */
		loop_task_stop(&task);
	}
}

#endif /* H_NET_H */
