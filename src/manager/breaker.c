/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * breaker.c - whether a child may be dialled, after it has failed in a row.
 * Owns:      which failures count in a row, what makes them good, who probes.
 * Called by: child.c; manager.c makes and frees.
 * Must not:  dial, or answer for the child: its fallback does.
 */
#include "compat.h"

#include <stdio.h>

#include "manager/breaker.h"
#include "manager/session_internal.h"

struct breaker {
	unsigned	 refs;
	unsigned	 failures;	/* in a row */
	bool		 bad_dial;	/* one of them was before any reply */
	enum stage	 bad_stage;	/* the latest of the others' stages;
					   STAGE_NEGOTIATE: none */
	bool		 open;
	uint64_t	 since;		/* opened, or the last probe began or
					   failed */
	bool		 due;		/* a probe ended without a result */
	struct child	*probe;		/* NULL: nobody tries it now */
	uint32_t	*flag;		/* NULL: nobody looks */
};

struct breaker *
breaker_new(void)
{
	struct breaker *b = calloc(1, sizeof(*b));

	if (b != NULL) {
		b->refs = 1;
		b->bad_stage = STAGE_NEGOTIATE;
	}
	return (b);
}

struct breaker *
breaker_ref(struct breaker *b)
{
	b->refs++;
	return (b);
}

void
breaker_unref(struct breaker *b)
{
	if (b != NULL && --b->refs == 0)
		free(b);
}

void
breaker_show(struct breaker *b, uint32_t *flag)
{
	if (b->flag != NULL)
		*b->flag = 0;
	b->flag = flag;
	*flag = b->open;
}

void
breaker_hide(struct breaker *b, const uint32_t *flag)
{
	if (b->flag == flag)
		b->flag = NULL;
}

static void
breaker_set(struct breaker *b, bool open)
{
	b->open = open;
	if (b->flag != NULL)
		*b->flag = open;
}

static uint64_t
breaker_now(const struct child *c)
{
	return (loop_now(c->session->mta.loop));
}

/* Is anything wanted of it at this moment? */
static bool
breaker_is_wanted(const struct child *c)
{
	return (c->state == CHILD_DIALLING || c->state == CHILD_NEGOTIATING ||
	    c->waiting != STAGE_N || stream_queued(&c->stream) > 0);
}

static void
breaker_close(struct breaker *b, const struct child *c, const char *why)
{
	b->failures = 0;
	b->bad_dial = false;
	b->bad_stage = STAGE_NEGOTIATE;
	b->probe = NULL;
	if (b->open)
		log_write(LOGL_MESSAGE, "child=%s breaker=closed: %s",
		    c->conf->name, why);
	breaker_set(b, false);
}

bool
breaker_enter(struct breaker *b, struct child *c, char *why, size_t size)
{
	uint64_t now = breaker_now(c);
	uint64_t until = b->due ? now : b->since + c->conf->retry_interval;

	if (b->open && c->conf->max_failures == 0)
		breaker_close(b, c, "max_failures is 0 now");
	if (!b->open)
		return (true);
	if (now < until || (b->probe != NULL && breaker_is_wanted(b->probe))) {
		if (b->probe != NULL)
			(void)snprintf(why, size, "not dialled, %u failure%s "
			    "in a row, another session tries it", b->failures,
			    b->failures == 1 ? "" : "s");
		else
			(void)snprintf(why, size, "not dialled, %u failure%s "
			    "in a row, next try in %llu ms", b->failures,
			    b->failures == 1 ? "" : "s",
			    (unsigned long long)(until - now));
		return (false);
	}
	b->probe = c;
	b->since = now;
	b->due = false;
	session_log(c->session, LOGL_INFO, "child=%s breaker=probe failures=%u",
	    c->conf->name, b->failures);
	return (true);
}

void
breaker_good(struct breaker *b, struct child *c, enum stage stage)
{
	if (stage == STAGE_NEGOTIATE)
		b->bad_dial = false;
	else if (stage >= b->bad_stage)
		b->bad_stage = STAGE_NEGOTIATE;
	if (b->failures > 0 && !b->bad_dial &&
	    b->bad_stage == STAGE_NEGOTIATE)
		breaker_close(b, c, "it works again");
}

void
breaker_bad(struct breaker *b, struct child *c, enum stage stage)
{
	bool probe = b->probe == c;

	breaker_leave(b, c);
	if (c->blameless || (!breaker_is_wanted(c) && !c->in_message))
		return;
	if (b->failures < UINT32_MAX)
		b->failures++;
	if (stage == STAGE_NEGOTIATE)
		b->bad_dial = true;
	else if (stage > b->bad_stage && stage < STAGE_N)
		b->bad_stage = stage;
	if (b->open) {
		if (probe) {
			b->since = breaker_now(c);
			b->due = false;
		}
	} else if (c->conf->max_failures > 0 &&
	    b->failures >= c->conf->max_failures) {
		breaker_set(b, true);
		b->since = breaker_now(c);
		b->due = false;
		log_write(LOGL_WARNING, "child=%s breaker=open: %u failure%s "
		    "in a row, next try in %llu ms", c->conf->name,
		    b->failures, b->failures == 1 ? "" : "s",
		    (unsigned long long)c->conf->retry_interval);
	}
}

void
breaker_leave(struct breaker *b, const struct child *c)
{
	if (b->probe == c) {
		b->probe = NULL;
		b->due = true;
	}
}
