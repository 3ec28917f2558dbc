/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * manager_internal.h - what manager.c, supply.c and session.c share.
 */
#ifndef MANAGER_MANAGER_INTERNAL_H
#define MANAGER_MANAGER_INTERNAL_H

#include "manager/manager.h"

struct manager {
	struct loop		*loop;
	struct resolver		*resolver;	/* NULL: not needed so far */
	struct launch		*launch;	/* NULL: there is none */
	struct generation	*gen;		/* in force */
	struct generation	*generations;	/* the newest first */
	struct stats_view	 past;		/* of those that are gone */
	struct session		*sessions;
	size_t			 n_sessions;
	struct shared		*shared;
	unsigned		 slot;		/* of shared */
	uint64_t		 refused_at;	/* loop_now() of the last line
						   about a client */
	unsigned		 refused;	/* since then */
	void			(*on_end)(struct manager *, void *);
	void			*on_end_arg;
};

/* A resolver for all configurations with the same settings of it. */
struct supply_dns {
	unsigned	 refs;
	struct dns	*dns;
	unsigned	 sockets;	/* that it may have */
};

/*
 * Gets what the conditions of a new generation need, and only that; what the
 * one in force has is shared.  0, or -1 when out of memory.
 */
int	supply_get(struct manager *, struct generation *, struct conf *);
void	supply_drop(struct generation *);

/* A session is about to be freed. */
void	manager_session_gone(struct manager *, struct session *);

#endif /* MANAGER_MANAGER_INTERNAL_H */
