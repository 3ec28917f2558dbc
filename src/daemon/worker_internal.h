/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * worker_internal.h - what workers.c gives to the process that it has forked.
 */
#ifndef DAEMON_WORKER_INTERNAL_H
#define DAEMON_WORKER_INTERNAL_H

#include "compat.h"

#include <signal.h>

#include "config/conf.h"
#include "manager/stats.h"

struct daemon;

struct worker_start {
	struct daemon	*daemon;	/* its shared, loop */
	struct conf	*conf;
	struct listener	*listener;
	struct stats	*stats;
	unsigned	 slot;		/* of daemon->shared */
	int		 channel;	/* its end */
	int		 launch;	/* its own to the launcher; or -1 */
	sigset_t	 mask;		/* from when it is ready for signals */
};

/* The process, with all signals blocked.  Does not return. */
COMPAT_NORETURN void worker_main(const struct worker_start *);

#endif /* DAEMON_WORKER_INTERNAL_H */
