/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * starter.c - a child that cannot be reached is started by the launcher.
 * Owns:      when it is asked for, once for all sessions; how long they wait.
 * Called by: child.c; the loop, with the launcher's answers.
 * Must not:  run anything, or fail a child: what it takes too long for is the
 *            affair of the timeouts that are there without it.
 */
#include "compat.h"

#include <sys/wait.h>

#include <stdio.h>

#include "manager/manager_internal.h"
#include "manager/session_internal.h"
#include "net/launch.h"

/* From one dial to the next. */
#define STARTER_WAIT_MIN	50u
#define STARTER_WAIT_MAX	1000u
/*
 * A command that puts itself into the background, or that was started for
 * another process: so long it is not asked for again.
 */
#define STARTER_AGAIN_MS	30000u

static uint64_t
starter_now(const struct child *c)
{
	return (loop_now(c->session->mta.loop));
}

/*
 * The chain's deadline leaves no time to a second address when the first one
 * has connection_timeout to say nothing.
 */
unsigned
starter_time(const struct child *c)
{
	uint64_t ms = c->conf->connection_timeout;
	uint64_t most = c->session->conf->command_deadline / 5 * 4;

	if (most > 0 && ms > most && (c->conf->specs.text.n > 1 ||
	    target_needs_resolver(&c->conf->specs.spec[0])))
		ms = most;
	return (ms > UINT32_MAX ? UINT32_MAX : (unsigned)ms);
}

static void
starter_on_answer(struct launch_query *q, enum launch_state state, int status,
    const char *why, void *arg)
{
	struct child_run *run = arg;
	struct starter *st = &run->starter;

	(void)q;
	/* It has been there since: how it ends is not of interest. */
	if (st->state == STARTER_NONE)
		return;
	st->state = STARTER_STARTED;
	st->again = 0;
	if (state == LAUNCH_REFUSED) {
		st->state = STARTER_FAILED;
		(void)snprintf(st->why, sizeof(st->why), "; %s", why);
	} else if (state == LAUNCH_ENDED && status != 0) {
		st->state = STARTER_FAILED;
		(void)snprintf(st->why, sizeof(st->why), "; its command "
		    "has ended, %s %d", WIFSIGNALED(status) ?
		    "killed by signal" : "exit status", WIFSIGNALED(status) ?
		    WTERMSIG(status) : WEXITSTATUS(status));
	} else if (state != LAUNCH_STARTED)
		st->again = st->since + STARTER_AGAIN_MS;
}

static void
starter_ask(struct child *c, struct launch *launch, uint64_t digest)
{
	struct starter *st = &c->run->starter;

	launch_cancel(&st->query);
	st->state = STARTER_ASKED;
	st->since = starter_now(c);
	c->run->stats->starts++;
	launch_ask(launch, &st->query, LAUNCH_CHILD, (uint32_t)c->conf->index,
	    digest, NULL, 0, starter_on_answer, c->run);
}

static void
starter_on_timer(struct loop_timer *timer, void *arg)
{
	struct child *c = arg;

	(void)timer;
	child_dial(c);
}

bool
starter_waits(struct child *c)
{
	struct starter *st = &c->run->starter;
	struct launch *launch = c->session->manager->launch;
	uint64_t digest, now = starter_now(c);

	if (!launch_there(launch))
		return (false);
	digest = launch_digest(c->session->conf, LAUNCH_CHILD, c->conf->index);
	if (digest == 0)
		return (false);
	/* One that has waited for it has asked enough. */
	if (st->state == STARTER_FAILED && c->redial_ms > 0)
		return (false);
	if (st->state == STARTER_NONE || st->state == STARTER_FAILED ||
	    (st->state == STARTER_STARTED && st->again > 0 &&
	    now >= st->again))
		starter_ask(c, launch, digest);
	/* It has had its time: nobody is held up by one that hangs. */
	if (now - st->since >= STARTER_AGAIN_MS)
		return (false);
	c->redial_ms = c->redial_ms == 0 ? STARTER_WAIT_MIN :
	    c->redial_ms > STARTER_WAIT_MAX / 2 ? STARTER_WAIT_MAX :
	    c->redial_ms * 2;
	if (now + c->redial_ms >= c->until)
		return (false);
	dial_cancel(&c->dial);
	loop_timer_start(c->session->mta.loop, &c->timer, c->redial_ms,
	    starter_on_timer, c);
	return (true);
}

const char *
starter_why(const struct child *c)
{
	const struct starter *st = &c->run->starter;

	return (c->redial_ms == 0 || st->state == STARTER_NONE ? "" :
	    st->state == STARTER_FAILED ? st->why :
	    "; its command has been started");
}

void
starter_there(struct child *c)
{
	struct starter *st = &c->run->starter;

	if (st->state == STARTER_STARTED)
		log_write(LOGL_MESSAGE, "child=%s is there, %llu ms after it "
		    "was asked for", c->conf->name,
		    (unsigned long long)(starter_now(c) - st->since));
	st->state = STARTER_NONE;
}

#undef STARTER_WAIT_MIN
#undef STARTER_WAIT_MAX
#undef STARTER_AGAIN_MS
