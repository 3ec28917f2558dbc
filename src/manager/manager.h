/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * manager.h - what all sessions of a process share: the configuration in
 * force, where the children are, how many sessions there are.
 */
#ifndef MANAGER_MANAGER_H
#define MANAGER_MANAGER_H

#include "condition/condition.h"
#include "base/buf.h"
#include "config/conf.h"
#include "event/loop.h"
#include "manager/breaker.h"
#include "manager/stats.h"
#include "net/launch.h"
#include "net/target.h"

struct manager;
struct session;
struct shared;

/*
 * What is known of a child that asked not to be waited for at some events:
 * whether it is silent there, as it should be.  Learned once, see manners.c.
 */
enum child_manners { MANNERS_UNKNOWN, MANNERS_SILENT, MANNERS_CHATTY };

/* What has become of a child's command, see starter.c. */
struct starter {
	struct launch_query	 query;
	enum {
		STARTER_NONE,		/* it was not asked for */
		STARTER_ASKED,
		STARTER_STARTED,
		STARTER_FAILED
	}			 state;
	uint64_t		 since;		/* it was asked for */
	uint64_t		 again;		/* started: may be asked for
						   anew; 0: not */
	char			 why[128];	/* failed */
};

/*
 * One enabled child of a configuration, shared by all sessions on it.  Its
 * target and its breaker go on to the next configuration when the child is at
 * the same addresses there, reached in the same way.
 */
struct child_run {
	const struct conf_milter *conf;
	struct target		 *target;
	struct breaker		 *breaker;
	enum child_manners	  manners;
	struct condition_needs	  needs;
	struct starter		  starter;
	struct stats_child	 *stats;
};

/*
 * A configuration at work: counted by the sessions that began with it, so that
 * a reload leaves them alone.
 */
struct generation {
	struct manager	 *manager;
	struct generation *next;	/* all of the manager's */
	unsigned	  refs;
	struct conf	 *conf;
	struct child_run *run;		/* the enabled children, in order */
	size_t		  n;
	struct record_folder *records;	/* NULL: nothing is recorded */
	bool		  conditions;	/* one of the children has some */
	struct supply_dns *dns;		/* these two: NULL when not needed */
	struct feeds	 *feeds;
	size_t		  descriptors;	/* of these two, at most */
	unsigned	  stress;	/* connections; 0: never */
	struct stats	 *stats;	/* what its sessions count */
	bool		  lent;		/* they are somebody else's */
};

/*
 * Makes a manager on a loop.  conf's reference is taken over, also on failure.
 * Its sessions have their numbers and their clients from shared, and are
 * counted in that slot of it.  Starts a resolver if a child's host is a name.
 * What has to be run is run by the launcher, which outlives the manager; NULL:
 * tables run their programs themselves, and no child is started.  NULL and
 * errno on failure.
 */
struct manager *manager_new(struct loop *, struct conf *, struct shared *,
	    unsigned slot, struct launch *);
/* Ends every session at once, then frees it.  The loop must still be there. */
void	manager_free(struct manager *);

/*
 * New sessions use conf from now on (its reference is taken over).  0, or -1
 * with the old configuration still in force.
 */
int	manager_set_conf(struct manager *, struct conf *);
const struct conf *manager_conf(const struct manager *);

/*
 * A connection from an MTA, for which there is a place (shared_enter): both
 * become the manager's.  peer is for the log.  0, or -1 and errno: no memory
 * for it, it is closed.
 */
int	manager_accept(struct manager *, int fd, const char *peer);

size_t	manager_n_sessions(const struct manager *);

/*
 * Where sessions of the configuration in force count: what was made with it, or
 * was lent.  A lent one is for a manager that has had no session yet; it
 * stays the lender's and must live as long as the manager.
 */
struct stats *manager_stats(const struct manager *);
void	manager_lend_stats(struct manager *, struct stats *);
/*
 * Adds what was counted in this process, by earlier configurations, too, to a
 * view; lent ones are left out.  0, or -1 when out of memory.
 */
int	manager_view(const struct manager *, struct stats_view *);
/*
 * Appends the sessions, the oldest first and max at most, as a JSON array.  0,
 * or -1 when out of memory (with a part of it appended).
 */
int	manager_list(const struct manager *, struct buf *json, size_t max);
/* How many descriptors the look-ups of conditions may take at a time. */
size_t	manager_descriptors(const struct manager *);

/*
 * fn is called from the loop each time a session has ended: the place to resume
 * accepting, or to notice that the last one is gone.
 */
void	manager_on_end(struct manager *, void (*fn)(struct manager *, void *),
	    void *arg);

/* Ends every session now: waiting MTAs are told tempfail where they may be. */
void	manager_end_all(struct manager *, const char *reason);

#endif /* MANAGER_MANAGER_H */
