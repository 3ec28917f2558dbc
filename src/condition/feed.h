/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed.h - the tables of a configuration at work: files that change, programs
 * and databases that are asked every so often, servers that are asked each
 * time.
 *
 * A table's entries are taken whole or not at all: when a file cannot be read
 * or has a fault, or a program fails, is late, or says too much, the old entries
 * stay, and one line says so (and one when it works again).  No program is
 * started on the mail path: that is a timer's work, and a session never waits
 * for one but for the first run of all.
 */
#ifndef CONDITION_FEED_H
#define CONDITION_FEED_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "config/expr.h"
#include "event/loop.h"

struct feeds;

/*
 * For all tables of conf, which must stay.  What old (or NULL) has read from
 * the same source is taken over, so that a reload loses nothing; old itself
 * goes on for the sessions that began with it.  NULL: out of memory.
 */
struct feeds *feeds_new(struct loop *, const struct conf *, struct feeds *old);
void	feeds_free(struct feeds *);		/* NULL: no effect */

/* One who asks.  Zeroed before its first use. */
struct feed_query;
/*
 * state is OK (found, value: "" when not found), or FAILED (value: why, in one
 * line).  value is valid during the call only.
 */
typedef void feed_fn(struct feed_query *, enum eval_state, bool found,
	    const char *value, void *arg);

/*
 * Looks up a key (of a list) or an address (of a cidr: table).  A table whose
 * entries are here answers at once: returns OK or FAILED, with *found and, when
 * found, the value in value (TABLE_VALUE_MAX bytes).  Otherwise returns PENDING,
 * and fn is called once, from the loop: query is the caller's until then.
 */
enum eval_state feed_find(struct feeds *, const struct conf_table *,
	    const struct eval_value *key, bool *found, char *value,
	    struct feed_query *, feed_fn *, void *arg);
void	feed_cancel(struct feed_query *);	/* no call comes; safe twice */

#endif /* CONDITION_FEED_H */
