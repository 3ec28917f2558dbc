/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * timer.c - commands that are run every so often, and maintenance.
 * Owns:      when they are due.
 * Called by: daemon.c, life.c; the loop.
 * Must not:  run anything: the launcher is asked, and whether one of them still
 *            runs it knows.
 */
#include "compat.h"

#include <limits.h>

#include "base/log.h"
#include "daemon/timer.h"
#include "manager/shared.h"

/* How often sessions are counted. */
#define TIMERS_LOOK_MS	1000u

struct timers_job {
	struct timers	*timers;
	const struct conf_timer *conf;	/* NULL: maintenance */
	struct loop_timer timer;
	struct launch_query query;
	bool		 told;		/* that it is not run */
};

struct timers {
	struct loop	*loop;
	struct launch	*launch;
	struct conf	*conf;
	struct timers_job *job;		/* one a timer */
	size_t		 n;
	struct timers_job maintenance;
	const struct shared *shared;
	uint32_t	 ended;		/* sessions, when it was due */
};

static void
timers_on_answer(struct launch_query *q, enum launch_state state, int status,
    const char *why, void *arg)
{
	struct timers_job *j = arg;
	bool runs = state == LAUNCH_STARTED || state == LAUNCH_ENDED;

	(void)q;
	(void)status;		/* the launcher has told it */
	if (!runs && !j->told && (j->conf != NULL || state != LAUNCH_RUNNING))
		log_write(LOGL_WARNING, "%s%s: it is not run: %s",
		    j->conf != NULL ? "timer=" : "maintenance",
		    j->conf != NULL ? j->conf->name : "",
		    state == LAUNCH_RUNNING ? "its command has not ended yet" :
		    why);
	j->told = !runs;
}

static void
timers_ask(struct timers_job *j)
{
	const struct timers *t = j->timers;
	enum launch_kind kind = j->conf != NULL ? LAUNCH_TIMER :
	    LAUNCH_MAINTENANCE;
	size_t number = j->conf != NULL ? j->conf->index : 0;

	/* Of one that still runs no end is told any more. */
	launch_cancel(&j->query);
	launch_ask(t->launch, &j->query, kind, (uint32_t)number,
	    launch_digest(t->conf, kind, number), NULL, 0, timers_on_answer,
	    j);
}

static void
timers_on_due(struct loop_timer *timer, void *arg)
{
	struct timers_job *j = arg;

	(void)timer;
	loop_timer_start(j->timers->loop, &j->timer, j->conf->interval,
	    timers_on_due, j);
	timers_ask(j);
}

static void
timers_drop(struct timers_job *job, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		loop_timer_stop(&job[i].timer);
		launch_cancel(&job[i].query);
	}
	free(job);
}

/* When the one of that name is due, in ms from now, if that is earlier. */
static uint64_t
timers_left(const struct timers *t, const struct conf_timer *conf)
{
	uint64_t left, now = loop_now(t->loop);
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (!loop_timer_running(&t->job[i].timer) ||
		    strcmp(t->job[i].conf->name, conf->name) != 0)
			continue;
		left = t->job[i].timer.when > now ?
		    t->job[i].timer.when - now : 0;
		return (left < conf->interval ? left : conf->interval);
	}
	return (conf->interval);
}

static loop_timer_fn timers_on_look;

static void
timers_look(struct timers *t)
{
	unsigned interval = t->conf->maintenance_interval;

	/* From when it is wanted. */
	if (!loop_timer_running(&t->maintenance.timer))
		t->ended = shared_finished(t->shared);
	if (interval == 0 || interval == UINT_MAX ||
	    t->conf->maintenance_command.n == 0)
		loop_timer_stop(&t->maintenance.timer);
	else
		loop_timer_start(t->loop, &t->maintenance.timer,
		    TIMERS_LOOK_MS, timers_on_look, t);
}

static void
timers_on_look(struct loop_timer *timer, void *arg)
{
	struct timers *t = arg;
	unsigned interval = t->conf->maintenance_interval;
	uint32_t n = shared_finished(t->shared) - t->ended, now = t->ended;

	(void)timer;
	timers_look(t);
	t->ended = now;
	if (n < interval)
		return;
	t->ended += n - n % interval;
	timers_ask(&t->maintenance);
}

int
timers_set(struct timers *t, struct conf *conf)
{
	struct timers_job *job = calloc(conf->n_timers + 1, sizeof(*job));
	size_t i;

	if (job == NULL)
		return (-1);
	for (i = 0; i < conf->n_timers; i++) {
		job[i].timers = t;
		job[i].conf = conf->timers[i];
		if (job[i].conf->command.n > 0)
			loop_timer_start(t->loop, &job[i].timer,
			    timers_left(t, job[i].conf), timers_on_due,
			    &job[i]);
	}
	timers_drop(t->job, t->n);
	t->job = job;
	t->n = conf->n_timers;
	conf_unref(t->conf);
	t->conf = conf_ref(conf);
	timers_look(t);
	return (0);
}

struct timers *
timers_new(struct loop *loop, struct launch *launch, struct conf *conf,
    const struct shared *shared)
{
	struct timers *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return (NULL);
	t->loop = loop;
	t->launch = launch;
	t->shared = shared;
	t->maintenance.timers = t;
	if (timers_set(t, conf) == -1) {
		free(t);
		return (NULL);
	}
	return (t);
}

void
timers_free(struct timers *t)
{
	if (t == NULL)
		return;
	timers_drop(t->job, t->n);
	loop_timer_stop(&t->maintenance.timer);
	launch_cancel(&t->maintenance.query);
	conf_unref(t->conf);
	free(t);
}

#undef TIMERS_LOOK_MS
