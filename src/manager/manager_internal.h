/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * manager_internal.h - what manager.c and session.c share.
 */
#ifndef MANAGER_MANAGER_INTERNAL_H
#define MANAGER_MANAGER_INTERNAL_H

#include "manager/manager.h"

struct manager {
	struct loop		*loop;
	struct resolver		*resolver;	/* NULL: not needed so far */
	struct generation	*gen;
	struct session		*sessions;
	size_t			 n_sessions;
	unsigned		 next_id;
	void			(*on_end)(struct manager *, void *);
	void			*on_end_arg;
};

/* A session is about to be freed. */
void	manager_session_gone(struct manager *, struct session *);

#endif /* MANAGER_MANAGER_INTERNAL_H */
