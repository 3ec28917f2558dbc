/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * timer.c - one-shot timers in a pairing heap made of the timers themselves.
 * Owns:      the order of deadlines.
 * Called by: everyone with a time limit; loop.c each round.
 * Must not:  allocate, or call a handler outside loop_timers_run().
 *
 * In the heap, t->child is the first of t's children, t->next the next sibling,
 * t->prev the previous sibling or, for a first child, the parent.  The top has
 * neither next nor prev.  No timer is due before its parent.
 */
#include "compat.h"

#include <stdint.h>

#include "event/loop.h"
#include "event/loop_internal.h"

/* Longer waits are cut: some kernels refuse large ones. */
#define TIMER_WAIT_MAX	3600000u

/* Makes one heap of two; either may be NULL.  Both tops stand alone. */
static struct loop_timer *
timer_meld(struct loop_timer *a, struct loop_timer *b)
{
	struct loop_timer *t;

	if (a == NULL)
		return (b);
	if (b == NULL)
		return (a);
	if (b->when < a->when) {
		t = a;
		a = b;
		b = t;
	}
	b->prev = a;
	b->next = a->child;
	if (b->next != NULL)
		b->next->prev = b;
	a->child = b;
	return (a);
}

/* Makes one heap of a list of siblings: in pairs, then from last to first. */
static struct loop_timer *
timer_meld_list(struct loop_timer *t)
{
	struct loop_timer *a, *b, *next, *pairs, *top;

	pairs = NULL;
	while ((a = t) != NULL) {
		b = a->next;
		t = b != NULL ? b->next : NULL;
		a->next = a->prev = NULL;
		if (b != NULL)
			b->next = b->prev = NULL;
		a = timer_meld(a, b);
		a->next = pairs;
		pairs = a;
	}
	top = NULL;
	for (; pairs != NULL; pairs = next) {
		next = pairs->next;
		pairs->next = NULL;
		top = timer_meld(top, pairs);
	}
	return (top);
}

/* Takes t out of its heap. */
static void
timer_remove(struct loop *l, struct loop_timer *t)
{
	struct loop_timer *below;

	below = timer_meld_list(t->child);
	if (t->prev == NULL) {
		l->timers = below;
	} else {
		if (t->prev->child == t)
			t->prev->child = t->next;
		else
			t->prev->next = t->next;
		if (t->next != NULL)
			t->next->prev = t->prev;
		l->timers = timer_meld(l->timers, below);
	}
	t->child = t->next = t->prev = NULL;
	t->loop = NULL;
}

/*
 * "Never early" is meant against the real clock, and a round may have lasted a
 * while: so the start is read afresh and rounded up, while loop_now() is
 * rounded down.  A deadline is always behind the current round, so that a timer
 * which restarts itself cannot keep the others from their turn.
 */
void
loop_timer_start(struct loop *l, struct loop_timer *t, uint64_t delay_ms,
    loop_timer_fn *fn, void *arg)
{
	uint64_t start;

	loop_timer_stop(t);
	start = (loop_clock() + 999999u) / 1000000u;
	if (start <= l->now)
		start = l->now + 1;
	t->when = delay_ms < UINT64_MAX - start ? start + delay_ms :
	    UINT64_MAX;
	t->fn = fn;
	t->arg = arg;
	t->loop = l;
	t->child = t->next = t->prev = NULL;
	l->timers = timer_meld(l->timers, t);
}

void
loop_timer_stop(struct loop_timer *t)
{
	if (t->loop != NULL)
		timer_remove(t->loop, t);
}

bool
loop_timer_running(const struct loop_timer *t)
{
	return (t->loop != NULL);
}

void
loop_timers_run(struct loop *l)
{
	struct loop_timer *t;

	while (!l->stop && (t = l->timers) != NULL && t->when <= l->now) {
		timer_remove(l, t);
		t->fn(t, t->arg);
	}
}

int
loop_timers_wait(const struct loop *l)
{
	uint64_t now;

	if (l->timers == NULL)
		return (-1);
	now = loop_clock() / 1000000u;
	if (l->timers->when <= now)
		return (0);
	if (l->timers->when - now > TIMER_WAIT_MAX)
		return ((int)TIMER_WAIT_MAX);
	return ((int)(l->timers->when - now));
}

#undef TIMER_WAIT_MAX
