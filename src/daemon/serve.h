/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * serve.h - a process with sessions: it accepts as many as there may be.
 */
#ifndef DAEMON_SERVE_H
#define DAEMON_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "event/loop.h"
#include "net/launch.h"
#include "net/listen.h"

struct manager;
struct serve;
struct shared;
struct stats;

/* Says so when max_connections needs more descriptors than there are. */
void	serve_check(const struct conf *);
/*
 * A manager on that loop; takes a reference of conf.  The launcher, or NULL,
 * outlives it.  Its sessions are counted in that slot of shared, and in stats,
 * which are lent (NULL: in its own).  NULL and errno.
 */
struct serve *serve_new(struct loop *, struct conf *, struct launch *,
	    struct shared *, unsigned slot, struct stats *);
struct manager *serve_manager(const struct serve *);
/*
 * Accepts on l, which stays its owner's, until serve_stop() or until it gets
 * another one.  The one before belongs to this one then: what has been
 * connected to it by now is served, too, if need be later.  0, or -1 with errno
 * and nothing changed; EBUSY: that is still so with an earlier one.
 */
int	serve_listen(struct serve *, struct listener *l);
/*
 * Accepts no more on it: what waits there is for others.  It is its owner's
 * still, to be freed at once.
 */
void	serve_leave(struct serve *);
/* New sessions use conf (a reference is taken).  0, or -1 and errno. */
int	serve_set_conf(struct serve *, struct conf *);
size_t	serve_sessions(const struct serve *);
/*
 * Accepts what has been connected, and then no more: the listener is this one's
 * and is freed.  done is called from the loop, or at once, when the last
 * session is over; those that are there after timeout_ms are ended (UINT64_MAX:
 * never).  May be called again.
 */
void	serve_stop(struct serve *, uint64_t timeout_ms,
	    void (*done)(void *arg), void *arg);
/* Ends every session now: waiting MTAs are told tempfail where they may be. */
void	serve_end(struct serve *, const char *why);
void	serve_free(struct serve *);	/* NULL: no effect */

#endif /* DAEMON_SERVE_H */
