/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * deadline.c - how long the MTA is made to wait for the whole chain.
 * Owns:      the session's deadline timer.
 * Called by: the files that begin an event; session_idle() and session_end().
 * Must not:  answer the MTA: it only fails children, and their fallbacks do.
 *
 * Each child has its own timeouts, but the MTA has one patience for all of them
 * (Postfix 3.7: 30 s a command, 300 s at content and end of message), and what
 * it does when that ends is not what the children's fallbacks say.
 */
#include "compat.h"

#include "manager/session_internal.h"

/*
 * The longer one is for all of the content: any piece of it may be the one at
 * which the next child is given all that came before.
 */
static bool
deadline_is_long(const struct session *s)
{
	return (s->stage == STAGE_HEADER || s->stage == STAGE_EOH ||
	    s->stage == STAGE_BODY || s->stage == STAGE_EOM);
}

static const char *
deadline_key(const struct session *s)
{
	return (deadline_is_long(s) ? "manager.end_of_message_deadline" :
	    "manager.command_deadline");
}

/* Is this child one that the event in hand still waits for? */
static bool
deadline_concerns(const struct session *s, size_t i)
{
	const struct child *c = &s->child[i];

	switch (s->mode) {
	case SESSION_NEGOTIATE:
		return (c->state == CHILD_DIALLING ||
		    c->state == CHILD_NEGOTIATING);
	case SESSION_ENVELOPE:
		if (c->plan == PLAN_PENDING)
			return (true);
		if (i < s->walk || c->asked || !child_wants(c, s->stage))
			return (c->waiting != STAGE_N);
		return (c->in_message || s->stage == STAGE_CONNECT ||
		    s->stage == STAGE_HELO || s->stage == STAGE_MAIL ||
		    (s->stage == STAGE_UNKNOWN && !c->done && !c->stopped));
	case SESSION_CONTENT:
		/*
		 * Before E those behind the current one are not due yet, nor
		 * is one that has what has come, and is not what is waited for.
		 */
		return (c->state == CHILD_READY && c->in_message &&
		    (s->stage == STAGE_EOM ? i >= s->walk : child_full(c) ||
		    c->waiting != STAGE_N || c->plan == PLAN_PENDING));
	case SESSION_IDLE:
	case SESSION_FINISH:
	case SESSION_ENDED:
		break;
	}
	return (false);
}

static void deadline_restart(struct session *);

static void
deadline_on_timer(struct loop_timer *t, void *arg)
{
	struct session *s = arg;
	size_t i;

	(void)t;
	for (i = 0; i < s->n; i++)
		if (deadline_concerns(s, i)) {
			struct child *c = &s->child[i];

			/* Others took the time before it was its turn. */
			c->blameless = c->state == CHILD_READY &&
			    c->waiting == STAGE_N &&
			    stream_queued(&c->stream) == 0;
			child_fail(c, "%s within %s", c->plan == PLAN_PENDING ?
			    "its conditions had no answer" : "not done",
			    deadline_key(s));
			/* Of one that failed before they are not known. */
			if (c->plan == PLAN_PENDING)
				c->plan = PLAN_RUN;
		}
	/* What a fallback lets pass may make the next one work. */
	deadline_restart(s);
	session_child_changed(s, NULL);
}

static void
deadline_restart(struct session *s)
{
	uint64_t ms = deadline_is_long(s) ?
	    s->conf->end_of_message_deadline : s->conf->command_deadline;

	if (ms > 0 && s->n > 0)
		loop_timer_start(s->mta.loop, &s->deadline, ms,
		    deadline_on_timer, s);
}

void
deadline_start(struct session *s)
{
	s->waits_since = loop_now(s->mta.loop);
	deadline_restart(s);
}

void
deadline_stop(struct session *s)
{
	loop_timer_stop(&s->deadline);
}
