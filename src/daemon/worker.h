/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * worker.h - the processes that have the sessions, when there are several.
 *
 * The daemon forks conf->n_workers of them, each with the configuration in its
 * memory and the listening socket; they accept side by side.  One that dies is
 * followed by another one, after a pause that grows when they die young.  A
 * reload forks new ones and lets the old ones end with their last session.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "manager/stats.h"

struct daemon;
struct listener;
struct workers;

/*
 * Forks the first ones for d->conf and d->listener, on d->loop and d->shared;
 * signals have to be caught by then (life_begin).  NULL and errno when not one could
 * be forked.
 */
struct workers *workers_new(struct daemon *);
/*
 * Forks new ones for that configuration (a reference is taken) and listener
 * (NULL: the same one; it stays the caller's, who may free the one before).
 * The others are told to accept no more as soon as all of the new ones accept.
 * A number of 0 keeps the one before.  0, or -1 and errno: none could be forked
 * and nothing has changed.
 */
int	workers_reload(struct workers *, struct conf *, struct listener *);
/*
 * All end, those that are busy after timeout_ms (UINT64_MAX: when they like).
 * done is called from the loop when none is left.  One that does not listen is
 * killed a few seconds later.
 */
void	workers_stop(struct workers *, uint64_t timeout_ms,
	    void (*done)(void *arg), void *arg);
/* After workers_stop(): they end now; done is still called. */
void	workers_end(struct workers *, const char *why);
/* Ends what is still there, without waiting.  NULL: no effect. */
void	workers_free(struct workers *);

/* Their log's file anew; its levels. */
void	workers_reopen(struct workers *);
void	workers_levels(struct workers *, unsigned levels);
/*
 * New sessions do without that child, or with it again: that of the
 * newest configuration with that index.
 */
void	workers_child(struct workers *, size_t index, bool on);

/* How many accept, and how many are ending. */
size_t	workers_count(const struct workers *, size_t *ending);
/* What they and those that are gone have counted.  0, or -1 (memory). */
int	workers_view(const struct workers *, struct stats_view *);
/*
 * Asks all of them for their sessions, at most max together: fn is called once,
 * from the loop, with a JSON array; of those that do not answer within a
 * second it has nothing.  cancel forgets the one with that argument.
 */
void	workers_sessions(struct workers *, size_t max,
	    void (*fn)(const char *json, size_t len, void *arg), void *arg);
void	workers_cancel(struct workers *, void *arg);

#endif /* DAEMON_WORKER_H */
