/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launch.h - asking the launcher: the process that runs commands, so that
 * nobody else has to (daemon/launcher.h).
 *
 * What is to be run is told by a kind, a number, and a digest of what the asker
 * believes to stand there.  The launcher has read the configuration itself and
 * runs what it has found, never what it is told.
 */
#ifndef NET_LAUNCH_H
#define NET_LAUNCH_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "event/loop.h"

enum launch_kind {
	/* Any asker may ask for these. */
	LAUNCH_KILL,		/* the program of the request of that number */
	LAUNCH_CHILD,		/* command of milter number */
	LAUNCH_TABLE,		/* program of table number; descriptors: its
				   standard output, its standard error */
	LAUNCH_NETSTAT,		/* netstat(1); the same */
	/* The daemon alone may ask for these. */
	LAUNCH_TIMER,		/* command of timer number */
	LAUNCH_MAINTENANCE,	/* manager.maintenance_command */
	LAUNCH_ASKER,		/* descriptor: the socket of one more asker */
	LAUNCH_RELOAD,		/* read the configuration anew */
	LAUNCH_UPGRADE,		/* descriptors: the listening sockets */
	LAUNCH_KIND_N
};

enum launch_state {
	LAUNCH_STARTED,		/* it runs; one more call tells of its end */
	LAUNCH_RUNNING,		/* it runs since an earlier request */
	LAUNCH_ENDED,		/* status is what wait(2) has told */
	LAUNCH_REFUSED,		/* why is one line */
	LAUNCH_LINE		/* for the log; no answer */
};

#define LAUNCH_FDS_MAX	16
#define LAUNCH_TEXT_MAX	480

/* What goes over the socket, in both directions; of one program, so as it is
 * in memory. */
struct launch_record {
	uint32_t	 magic;		/* LAUNCH_MAGIC */
	uint32_t	 what;		/* launch_kind, or launch_state */
	uint32_t	 seq;		/* the asker's number of the request */
	uint32_t	 number;
	uint64_t	 digest;
	int32_t		 status;	/* of answers; of a line: level */
	uint32_t	 n_fds;		/* of requests */
	char		 text[LAUNCH_TEXT_MAX];	/* of answers: one line */
};
#define LAUNCH_MAGIC	0x4d4d4c31u

/*
 * What stands at that place of a configuration: milter, table, timer, or the
 * maintenance command.  0: nothing that could be run.
 */
uint64_t launch_digest(const struct conf *, enum launch_kind, size_t number);

struct launch;
struct launch_query;
/*
 * Called from the loop: with STARTED and later ENDED, or once with RUNNING or
 * REFUSED; with REFUSED, too, when the launcher is lost meanwhile.  The query
 * is free again before the last call.  why is "" unless it is refused.
 */
typedef void launch_fn(struct launch_query *, enum launch_state, int status,
	    const char *why, void *arg);

/* One request; zeroed before its first use, the rest is launch.c's. */
struct launch_query {
	struct launch	*launch;	/* NULL: nothing is asked */
	uint32_t	 seq;
	launch_fn	*fn;
	void		*arg;
	const char	*why;		/* it could not be sent */
	struct loop_task task;
	struct launch_query *next;
};

/*
 * The asker with that socket, which is taken over also on failure (-1: of a
 * launcher that is lost already).  NULL and errno.  When the launcher is lost,
 * one error line says so and all requests are refused from then on.
 */
struct launch *launch_new(struct loop *, int fd);
/* Queries that are under way get no call.  NULL: no effect. */
void	launch_free(struct launch *);
/*
 * The daemon ends, and the launcher with it: writes its last lines to the log,
 * for as long as it takes, or for at most so many milliseconds.
 */
void	launch_finish(struct launch *, int ms);
/* Whether there is one that could be asked; NULL: no. */
bool	launch_there(const struct launch *);

/*
 * Asks.  The descriptors, at most LAUNCH_FDS_MAX, stay the caller's.  fn NULL:
 * no answer is wanted, and query may be NULL.  What cannot be sent is refused,
 * also by a call from the loop.
 */
void	launch_ask(struct launch *, struct launch_query *, enum launch_kind,
	    uint32_t number, uint64_t digest, const int *fd, size_t n_fds,
	    launch_fn *, void *arg);
/*
 * No call will come; what runs for it goes on.  Before it: launch_kill(), which
 * has its process group killed.  Nothing is asked: no effect.
 */
void	launch_cancel(struct launch_query *);
void	launch_kill(struct launch_query *);

/* A socket for one more asker, for launch_new() in a process that is to be
 * forked; or -1 and errno. */
int	launch_asker(struct launch *);

/*
 * A socket pair for an asker and the launcher: close-on-exec, does not block.
 * 0, or -1 and errno.
 */
int	launch_pair(int fd[2]);
/*
 * sendmsg(2) of so many bytes with descriptors.  Both processes use it; the
 * number of bytes taken, or -1 and errno.
 */
int	launch_send(int fd, const void *data, size_t len, const int *fds,
	    size_t n_fds);

#endif /* NET_LAUNCH_H */
