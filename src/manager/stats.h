/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stats.h - what is counted: of the whole daemon, a child, a condition.
 *
 * A struct stats is a piece of memory that a process and the one in charge
 * share: the process with the sessions alone writes, the other one reads and
 * adds up what all of them have (stats_view).  It is made for one
 * configuration, before the process is forked that counts in it.  Nothing in
 * it is trusted by the reader: it never goes beyond its own sizes.
 */
#ifndef MANAGER_STATS_H
#define MANAGER_STATS_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "config/conf.h"

/*
 * How something ended, in the words of upstream's statistics lines, and those
 * of ours behind them.
 */
enum stats_status {
	STATS_PASS, STATS_ACCEPT, STATS_REJECT, STATS_DISCARD,
	STATS_TEMPFAIL, STATS_QUARANTINE, STATS_STOP, STATS_ABORT,
	STATS_ERROR, STATS_SHUTDOWN,
	STATS_STATUS_N
};
const char *stats_status_name(enum stats_status);	/* "pass" ... */
/* That of a word; STATS_ERROR for one that is none. */
enum stats_status stats_status(const char *word);

/* Reply times: bucket i counts those of more than 2^(i-1) and at most 2^i ms,
 * the first one those of 0 and 1, the last one all that are longer. */
#define STATS_BUCKETS	18

struct stats_child {
	uint32_t	 disabled;	/* written by the one in charge: new
					   sessions do without it */
	uint32_t	 open;		/* connections now */
	uint32_t	 broken;	/* its breaker keeps it out now */
	uint64_t	 connections;	/* dials that were begun */
	uint64_t	 failures;	/* times a fallback came to answer */
	uint64_t	 starts;	/* times the launcher was asked for it */
	uint64_t	 status[STATS_STATUS_N];	/* connections' ends */
	uint64_t	 edits;		/* that counted */
	uint64_t	 replies;	/* that were waited for and came */
	uint64_t	 waited_ms;	/* for all of them */
	uint64_t	 bucket[STATS_BUCKETS];
};

struct stats_condition {
	uint64_t	 asked;		/* times it was asked at a stage */
	uint64_t	 stopped;	/* times it kept a child out */
};

struct stats_total {
	uint32_t	 running;	/* connections of MTAs now */
	uint64_t	 sessions;	/* that ended, strangers aside */
	uint64_t	 status[STATS_STATUS_N];	/* their ends */
	uint64_t	 messages[STATS_STATUS_N];	/* verdicts on them */
	uint64_t	 refused;	/* by max_connections_per_client */
	uint64_t	 disconnected;	/* the client was found gone */
	uint64_t	 bytes;		/* of bodies from MTAs */
};

struct stats;

/* All zero; children and conditions as in conf.  NULL and errno. */
struct stats *stats_new(const struct conf *);
void	stats_free(struct stats *);	/* NULL: no effect */
/* A child that was disabled before is disabled, when there is one of its
 * name. */
void	stats_inherit(struct stats *, const struct conf *,
	    const struct stats *before, const struct conf *before_conf);

/* Where to count. */
struct stats_total *stats_total(struct stats *);
/* By the index of the child or condition in its configuration (conf_milter's,
 * conf_condition's), enabled or not. */
struct stats_child *stats_child(struct stats *, size_t index);
struct stats_condition *stats_condition(struct stats *, size_t index);
/* A reply that took so long. */
void	stats_reply(struct stats_child *, uint64_t ms);

/* --- reading ------------------------------------------------------------- */

/*
 * What is beyond so many names of children, or of conditions, is added up
 * under the name "*", which is one of them.
 */
#define STATS_NAMES_MAX	1024

struct stats_named_child {
	char		  *name;
	struct stats_child sum;		/* disabled, broken: of any, 1 or 0 */
};

struct stats_named_condition {
	char		  *name;
	struct stats_condition sum;
};

/* Sums by name, in the order in which names were first seen. */
struct stats_view {
	struct stats_total total;
	struct stats_named_child *child;
	size_t		 n_children;
	struct stats_named_condition *condition;
	size_t		 n_conditions;
};

/*
 * Adds what was counted for conf, the one that it was made for, to a view that
 * is zeroed or has something.  gone: its process is over, so nothing of it is
 * open, running, broken or disabled any more, and of children and conditions
 * only those are added that have counted something.  0, or -1 when out of
 * memory; the view may have some of it then, and can be used and freed.
 */
int	stats_view_add(struct stats_view *, const struct stats *,
	    const struct conf *conf, bool gone);
/* The same with what another view has: totals of those that are gone. */
int	stats_view_add_view(struct stats_view *, const struct stats_view *);
void	stats_view_free(struct stats_view *);	/* zeroed then */

#endif /* MANAGER_STATS_H */
