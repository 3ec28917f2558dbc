/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed.h - the tables of a configuration at work: files that change, programs
 * and databases that are asked every so often, servers that are asked each
 * time.
 *
 * A table's entries are taken whole or not at all: when a file cannot be read
 * or has a fault, or a program fails, is late, or says too much, the old ones
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
#include "net/launch.h"
#include "net/socketmap.h"

struct feeds;
struct feed;

/*
 * Files are looked at every conf->table_interval, at least every 5 s, and read
 * again when they have changed and then been left alone for a second or two.
 * Programs (exec:, database:) are run at once and then every table_interval; as
 * long as none has worked, at least every 10 s.  A program may take 30 s, and
 * is ended with all that it has started in its process group.
 *
 * For all tables of conf, which must stay.  What old (or NULL) has read from
 * the same source is taken over, so that a reload loses nothing; old itself
 * goes on for the sessions that began with it.  NULL: out of memory.
 */
struct feeds *feeds_new(struct loop *, const struct conf *, struct feeds *old);
/*
 * From now on programs are run by the launcher, which outlives this; at once
 * after feeds_new() none has run yet.
 */
void	feeds_launch(struct feeds *, struct launch *);
/* All questions are over before.  NULL: no effect. */
void	feeds_free(struct feeds *);

struct feed_query;
/*
 * state is OK (found, value: "" when not found), or FAILED (value: why, in one
 * line).  value is valid during the call only.
 */
typedef void feed_fn(struct feed_query *, enum eval_state, bool found,
	    const char *value, void *arg);

/* One who asks.  Zeroed before its first use; the rest is feed.c's. */
struct feed_query {
	struct feed	*feed;		/* NULL: nothing is asked */
	feed_fn		*fn;
	void		*arg;
	char		*key;		/* with len */
	size_t		 len;
	struct loop_task task;
	struct feed_query *next;
	struct socketmap_query socketmap;
};

/*
 * Looks up a key (of a list) or an address (of a cidr: table).  A table whose
 * entries are here answers at once: returns OK or FAILED, with *found and the
 * value in value (TABLE_VALUE_MAX bytes): "" when not found, why when failed.
 * Otherwise returns PENDING, and fn is called once, from the loop; until then
 * query must stay.  key is needed during the call only.  A string is looked up
 * in a cidr: table when it reads as an address.
 */
enum eval_state feed_find(struct feeds *, const struct conf_table *,
	    const struct eval_value *key, bool *found, char *value,
	    struct feed_query *, feed_fn *, void *arg);
void	feed_cancel(struct feed_query *);	/* no call comes; safe twice */

#endif /* CONDITION_FEED_H */
