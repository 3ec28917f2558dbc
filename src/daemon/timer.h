/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * timer.h - commands that are run every so often, and maintenance: the one that
 * is run after every so many sessions of the whole daemon.  For the process in
 * charge alone.
 */
#ifndef DAEMON_TIMER_H
#define DAEMON_TIMER_H

#include <stddef.h>

#include "config/conf.h"
#include "event/loop.h"
#include "net/launch.h"

struct shared;
struct timers;

/*
 * The launcher and the loop outlive it; takes a reference of conf.  NULL: out
 * of memory.
 */
struct timers *timers_new(struct loop *, struct launch *, struct conf *,
	    const struct shared *);
/*
 * Another configuration.  A timer of a name that was there goes on: its next
 * run is when it was to be, or an interval from now if that is earlier.  0, or
 * -1 without memory and nothing changed.
 */
int	timers_set(struct timers *, struct conf *);
void	timers_free(struct timers *);	/* NULL: no effect */

#endif /* DAEMON_TIMER_H */
