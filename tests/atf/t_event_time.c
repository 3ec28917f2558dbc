/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_event_time.c - timers and tasks, over every back end that is built in.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/socket.h>

#include <stdint.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "h_event.h"

static uint32_t random_state;

static uint32_t
random_next(uint32_t below)
{
	random_state = random_state * 1664525u + 1013904223u;
	return ((random_state >> 8) % below);
}

/* A timer that notes when it ran. */
struct tick {
	struct loop_timer t;
	uint64_t	 start;		/* real_ns() */
	uint64_t	 delay;
	int		 calls;
	int		*order;
	int		 rank;		/* 1 for the first that ran */
	struct tick	*victim;
};

static void
on_tick(struct loop_timer *t, void *arg)
{
	struct tick *k = arg;

	ATF_REQUIRE_EQ(&k->t, t);
	ATF_CHECK(!loop_timer_running(t));
	ATF_CHECK(real_ns() - k->start >= k->delay * 1000000u);
	k->calls++;
	if (k->order != NULL)
		k->rank = ++*k->order;
	if (k->victim != NULL)
		loop_timer_stop(&k->victim->t);
}

static void
tick_start(struct loop *l, struct tick *k, uint64_t delay)
{
	k->start = real_ns();
	k->delay = delay;
	loop_timer_start(l, &k->t, delay, on_tick, k);
	ATF_CHECK(loop_timer_running(&k->t));
}

LOOP_CASE(timers, "Timers run once, in order, never early; they can be "
    "restarted and stopped, also by another one")
{
	struct tick k[6];
	int i, order = 0;

	memset(k, 0, sizeof(k));
	for (i = 0; i < 6; i++)
		k[i].order = &order;
	tick_start(l, &k[0], 40);
	tick_start(l, &k[1], 10);
	tick_start(l, &k[2], 25);
	tick_start(l, &k[3], 0);
	tick_start(l, &k[4], 5);
	tick_start(l, &k[5], 1);
	loop_timer_stop(&k[5].t);
	loop_timer_stop(&k[5].t);
	ATF_CHECK(!loop_timer_running(&k[5].t));
	tick_start(l, &k[4], 60);	/* was to be early, is now last */
	k[1].victim = &k[2];
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(1, k[3].rank);
	ATF_CHECK_EQ(2, k[1].rank);
	ATF_CHECK_EQ(3, k[0].rank);
	ATF_CHECK_EQ(4, k[4].rank);
	ATF_CHECK_EQ(0, k[2].calls);
	ATF_CHECK_EQ(0, k[5].calls);
	ATF_CHECK_EQ(1, k[0].calls);
	ATF_CHECK_EQ(1, k[4].calls);
	/* One that has run can be started again; a very long one can be too. */
	tick_start(l, &k[0], 1);
	tick_start(l, &k[1], UINT64_MAX);
	ATF_CHECK_EQ(UINT64_MAX, k[1].t.when);
	k[0].victim = &k[1];
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(2, k[0].calls);
	ATF_CHECK_EQ(1, k[1].calls);
}

LOOP_CASE(timers_busy, "Timers are not a fraction of a millisecond early in a "
    "loop that never sleeps")
{
	struct tick k;
	uint64_t until;
	int i;

	memset(&k, 0, sizeof(k));
	for (i = 1; i <= 20; i++) {
		/* Start it when the round's clock is no longer true. */
		until = real_ns() + 1300000u;
		while (real_ns() < until)
			continue;
		tick_start(l, &k, 2);
		while (k.calls < i)
			turn(l);
	}
}

static void
on_tick_again(struct loop_timer *t, void *arg)
{
	int *calls = arg;
	struct loop *l = loop_new("poll");

	/* It is out of the loop before it is called. */
	ATF_REQUIRE(l != NULL);
	ATF_CHECK_EQ(NULL, t->loop);
	loop_timer_start(l, t, 0, on_tick_again, arg);
	loop_timer_stop(t);
	loop_free(l);
	++*calls;
}

static void
on_free_tick(struct loop_timer *t, void *arg)
{
	int *calls = arg;

	++*calls;
	free(t);
}

struct hog {
	struct loop	*l;
	struct loop_timer t;
	int		 calls;
};

static void
on_hog(struct loop_timer *t, void *arg)
{
	struct hog *h = arg;

	h->calls++;
	loop_timer_start(h->l, t, 0, on_hog, h);
}

LOOP_CASE(timer_in_handler, "A timer may be freed or restarted by its own "
    "handler, and cannot keep others from their turn")
{
	struct loop_timer *t, self;
	struct seen s;
	struct hog h;
	int calls = 0, fd[2];

	t = calloc(1, sizeof(*t));
	ATF_REQUIRE(t != NULL);
	memset(&self, 0, sizeof(self));
	loop_timer_start(l, t, 1, on_free_tick, &calls);
	loop_timer_start(l, &self, 1, on_tick_again, &calls);
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(2, calls);

	memset(&h, 0, sizeof(h));
	h.l = l;
	loop_timer_start(l, &h.t, 0, on_hog, &h);
	while (h.calls < 3)
		turn(l);
	memset(&s, 0, sizeof(s));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], LOOP_WRITE,
	    on_stop_once, &s));
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(1, s.calls);
	loop_timer_stop(&h.t);
	loop_io_del(&s.io);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

#define TIMERS	100000

struct many {
	struct loop	*l;
	struct loop_timer *t;
	unsigned char	*ran;
	uint64_t	 last;		/* deadline of the last that ran */
	uint64_t	 round;		/* its round */
	size_t		 n_ran;
};

static void
on_many(struct loop_timer *t, void *arg)
{
	struct many *m = arg;
	size_t i = (size_t)(t - m->t);
	uint64_t now = loop_now(m->l);

	ATF_REQUIRE(m->ran[i] == 0);
	ATF_REQUIRE(t->when <= now);
	if (m->round == now)
		ATF_REQUIRE(t->when >= m->last);
	else
		ATF_REQUIRE(t->when > m->round);
	m->round = now;
	m->last = t->when;
	m->ran[i] = 1;
	m->n_ran++;
	/* Stops and restarts of others from within. */
	i = random_next(TIMERS);
	if (m->ran[i] == 0 && random_next(4) == 0)
		loop_timer_start(m->l, &m->t[i], random_next(300), on_many, m);
}

LOOP_CASE(many_timers, "100,000 timers with random restarts and stops run in "
    "the order of their deadlines")
{
	struct many m;
	size_t i, stopped = 0;
	int n;

	memset(&m, 0, sizeof(m));
	m.l = l;
	m.t = calloc(TIMERS, sizeof(*m.t));
	m.ran = calloc(TIMERS, 1);
	ATF_REQUIRE(m.t != NULL && m.ran != NULL);
	random_state = 815;
	for (i = 0; i < TIMERS; i++)
		loop_timer_start(l, &m.t[i], random_next(300), on_many, &m);
	for (n = 0; n < TIMERS; n++) {
		i = random_next(TIMERS);
		if (random_next(4) == 0)
			loop_timer_stop(&m.t[i]);
		else
			loop_timer_start(l, &m.t[i], random_next(300),
			    on_many, &m);
	}
	ATF_CHECK_EQ(0, loop_run(l));
	for (i = 0; i < TIMERS; i++) {
		ATF_REQUIRE(!loop_timer_running(&m.t[i]));
		if (m.ran[i] == 0)
			stopped++;
	}
	ATF_CHECK_EQ(TIMERS, m.n_ran + stopped);
	ATF_CHECK(stopped < TIMERS / 2);
	free(m.t);
	free(m.ran);
}

struct job {
	struct loop_task t;
	struct loop	*l;
	char		*log;
	char		 name;
	struct job	*start;		/* queued by the handler */
	struct job	*stop;
	bool		 again;
};

static void
on_job(struct loop_task *t, void *arg)
{
	struct job *j = arg;
	size_t len = strlen(j->log);

	ATF_CHECK_EQ(NULL, t->loop);
	j->log[len] = j->name;
	j->log[len + 1] = '\0';
	if (j->again) {
		j->again = false;
		loop_task_start(j->l, t, on_job, j);
	}
	if (j->start != NULL)
		loop_task_start(j->l, &j->start->t, on_job, j->start);
	if (j->stop != NULL)
		loop_task_stop(&j->stop->t);
}

struct io_job {
	struct loop_io	 io;
	char		*log;
};

static void
on_io_job(struct loop_io *io, unsigned ready, void *arg)
{
	struct io_job *j = arg;
	size_t len = strlen(j->log);

	(void)ready;
	j->log[len] = 'i';
	j->log[len + 1] = '\0';
	/* The second time is enough. */
	if (strchr(j->log, 'i') != j->log + len)
		loop_io_del(io);
}

LOOP_CASE(tasks, "Tasks run once and in order; what a task queues waits until "
    "descriptors had their turn")
{
	struct io_job ij;
	struct job j[5];
	char log[32] = "";
	int fd[2], i;

	memset(j, 0, sizeof(j));
	for (i = 0; i < 5; i++) {
		j[i].l = l;
		j[i].log = log;
		j[i].name = (char)('a' + i);
	}
	loop_task_start(l, &j[0].t, on_job, &j[0]);
	loop_task_start(l, &j[1].t, on_job, &j[1]);
	loop_task_start(l, &j[0].t, on_job, &j[0]);
	loop_task_start(l, &j[2].t, on_job, &j[2]);
	loop_task_start(l, &j[3].t, on_job, &j[3]);
	loop_task_stop(&j[2].t);
	loop_task_stop(&j[2].t);
	j[1].stop = &j[3];
	j[0].start = &j[4];
	j[0].again = true;
	memset(&ij, 0, sizeof(ij));
	ij.log = log;
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &ij.io, fd[0], LOOP_WRITE, on_io_job,
	    &ij));
	ATF_CHECK_EQ(0, loop_run(l));
	/* No c, no d: stopped.  One e: the second a found it queued. */
	ATF_CHECK_STREQ("iabiae", log);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, timers);
	ATF_TP_ADD_TC(tp, timers_busy);
	ATF_TP_ADD_TC(tp, timer_in_handler);
	ATF_TP_ADD_TC(tp, many_timers);
	ATF_TP_ADD_TC(tp, tasks);
	return (atf_no_error());
}
