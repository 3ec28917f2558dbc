/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * daemon_internal.h - what the files of daemon/ share: the process in charge.
 *
 *	daemon.c	the order of the start
 *	prepare.c	what a configuration needs of the system: log, limits,
 *			paths; told at the start and at each reload
 *	life.c		signals, reload, stop, log files: what is done to it
 *	serve.c		a process with sessions: accepting, limits
 *	launcher*.c	the process that runs commands
 *	privilege.c	the change of user, and what it needs before
 *	timer.c		what is run every so often, and maintenance
 *	workers.c	the table of those that are only that, worker.c
 *	notify.c	the word to a service manager
 *	detach.c	the background, the file with the process number
 *	sandbox.c	what the processes give away for good
 *	upgrade.c	sockets that another process hands to this one
 *	handover.c	this one handing them to the next
 */
#ifndef DAEMON_DAEMON_INTERNAL_H
#define DAEMON_DAEMON_INTERNAL_H

#include "compat.h"

#include <stdbool.h>

#include "config/conf.h"
#include "daemon/cmdline.h"
#include "daemon/upgrade.h"
#include "daemon/privilege.h"
#include "event/loop.h"
#include "net/listen.h"

struct launch;
struct serve;
struct shared;
struct timers;
struct workers;

struct daemon {
	struct cmdline		 cmdline;
	struct conf		*conf;		/* in force, one reference */
	struct loop		*loop;		/* NULL before the background */
	struct listener		*listener;	/* NULL: accepting has ended */
	int			 launcher;	/* socket; -1: it is launch's */
	pid_t			 launcher_pid;	/* 0: there is none */
	struct loop_child	 launcher_child;
	struct launch		*launch;	/* NULL: not asked yet */
	struct timers		*timers;
	struct privilege	 privilege;	/* who it becomes */
	struct shared		*shared;	/* what all processes count */
	struct serve		*serve;		/* sessions of this process, */
	struct workers		*workers;	/* or who has them; one is
						   NULL */
	struct loop_signal	 term, intr, hup, usr1, usr2;
	struct upgrade		 upgrade;	/* the next process */
	struct loop_timer	 leaving;
	bool			 background;	/* manager.daemon at start */
	bool			 starting;	/* stderr is still read */
	bool			 stopping;
	bool			 left;		/* another one has taken over */
	bool			 upgraded;	/* we have taken over */
	int			 inherited;	/* descriptors below are ours */
	int			 status;	/* of the process, at its end */
};

/* Where lines about a configuration go. */
typedef void daemon_report_fn(const char *line, void *arg);

/*
 * To the log, and at the start to standard error too: syslog alone would leave
 * the caller without a reason.  One line there with -d, which logs to it.
 */
void	daemon_tell(const struct daemon *, unsigned level, const char *fmt,
	    ...) COMPAT_PRINTF(3, 4);

/* That and where it listens; the port may have been left to the kernel. */
void	daemon_tell_listening(const struct daemon *);

/* --- prepare.c ----------------------------------------------------------- */

/* A configuration without a fault, or NULL and all faults told. */
struct conf *prepare_conf(const struct daemon *, daemon_report_fn *, void *);
/* Opens the log it asks for.  0, or -1 and errno with the old one in force. */
int	prepare_log(const struct daemon *, const struct conf *);
/* Sets the limit of descriptors, as far as we may. */
void	prepare_limits(const struct daemon *, const struct conf *);
/* After the change of user: whether what it will open again can be. */
void	prepare_again(const struct daemon *);
/*
 * All that is told for a configuration that comes into force: notes of what was
 * detected (old NULL: all of them), chains that break, folders that cannot be
 * written.  By the user that it runs as.
 */
void	prepare(const struct daemon *, const struct conf *,
	    const struct conf *old);
/* How its socket is to be. */
void	prepare_listening(const struct daemon *, const struct conf *,
	    struct listen_options *);
/* Its socket, and why as at listener_new(). */
struct listener *prepare_socket(const struct daemon *, const struct conf *,
	    char *why, size_t whysize);
/* The same with what is wrong told; NULL on failure. */
struct listener *prepare_listener(const struct daemon *,
	    const struct conf *);

/* --- life.c -------------------------------------------------------------- */

/*
 * Outside of the loop our signals would do what they do to any process.  At
 * the start HUP, USR1 and USR2 wait until loop_signal_add() lets them in, while
 * TERM and INT end it at once; at the end none of them may cut the clearing up
 * short.
 */
void	life_hold_signals(bool all);
/* Lets them in.  0, or -1 and errno. */
int	life_begin(struct daemon *);
void	life_end(struct daemon *);

/*
 * Reads the whole configuration anew and puts it into force.  -1: it has faults
 * or cannot be had, which is told to report, and the old one stays wholly.
 */
int	life_reload(struct daemon *, daemon_report_fn *, void *arg);
/*
 * No new sessions but those that wait already, the running ones may end; called
 * again: now.
 */
void	life_stop(struct daemon *, const char *why);
/*
 * Process pid has taken over, and those sockets: accepts no more, and ends with
 * the last session, however long it takes.
 */
void	life_leave(struct daemon *, pid_t pid, unsigned taken);
/* Opens the log's file anew. */
void	life_reopen(struct daemon *);

#endif /* DAEMON_DAEMON_INTERNAL_H */
