/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launcher_internal.h - the inside of the launcher's process.
 *
 *	launcher.c	its askers, what they may ask, its end
 *	launcher_run.c	what is run: when, as whom, what it prints
 *	launcher_exec.c	becoming a command
 *	launcher_upgrade.c  the program itself, anew
 */
#ifndef DAEMON_LAUNCHER_INTERNAL_H
#define DAEMON_LAUNCHER_INTERNAL_H

#include "compat.h"

#include <sys/resource.h>
#include <sys/types.h>

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "condition/feed_command.h"
#include "daemon/daemon_internal.h"
#include "event/loop.h"
#include "net/launch.h"

#define LAUNCHER_LINE	400	/* bytes of output in one line of the log */

struct launcher_asker {
	struct launcher	*launcher;
	struct launcher_asker *next;
	struct loop_io	 io;
	struct launch_record in;
	size_t		 in_len;
	int		 fds[LAUNCH_FDS_MAX];	/* that came with it */
	size_t		 n_fds;
	struct buf	 out;
	bool		 ended;
};

/* Who is to run it. */
struct launcher_user {
	char		 name[64];
	char		 home[256];
	uid_t		 uid;
	gid_t		 gid;
	bool		 change;	/* it is another one than we are */
};

/* Standard output or error of a command, line by line. */
struct launcher_output {
	struct launcher_job *job;
	struct loop_io	 io;
	unsigned	 level;
	size_t		 len;
	char		 line[LAUNCHER_LINE];
};

/*
 * A command that was run: one a kind and digest, which goes on after its end
 * for the sake of what was; of a table's program one a run.
 */
struct launcher_job {
	struct launcher	*launcher;
	struct launcher_job *next;
	uint32_t	 kind;
	uint64_t	 digest;
	char		 name[256];	/* for the log */
	struct loop_child child;	/* loop NULL: it does not run */
	struct launcher_output output[2];
	struct loop_timer timer;	/* of a table's program */
	struct launcher_asker *asker;	/* who waits for its end, or NULL */
	uint32_t	 seq;
	uint64_t	 began;
	uint64_t	 pause;		/* ms; 0: its last run was no short */
	uint64_t	 not_before;
	uint64_t	 lines_since;
	unsigned	 lines;		/* in that time */
	unsigned	 lost;		/* that were not logged */
};

struct launcher {
	struct daemon	*daemon;
	struct conf	*conf;
	struct loop	*loop;
	struct launcher_asker *askers;
	struct launcher_asker *first;	/* the daemon's own; NULL: it ends */
	struct launcher_job *jobs;
	size_t		 n_jobs;
	struct loop_timer end;
	struct loop_child upgrade;	/* the next daemon, not ready yet */
	uint32_t	 upgrade_seq;
	struct loop_io	 lifeline;	/* loop NULL: none has taken over */
	struct rlimit	 descriptors;	/* as it was started with */
	bool		 ending;
};

/* A line for the log, which the daemon writes. */
void	launcher_log(struct launcher *, unsigned level, const char *fmt, ...)
	    COMPAT_PRINTF(3, 4);
/* An answer to that request. */
void	launcher_answer(struct launcher_asker *, uint32_t seq,
	    enum launch_state, int status, const char *text);

/* What runs is ended, and then the launcher ends. */
void	launcher_finish(struct launcher *);

/* --- launcher_upgrade.c -------------------------------------------------- */

/* Starts it with the descriptors that came; it is answered. */
void	launcher_upgrade(struct launcher_asker *, const struct launch_record *);
/* Kills it, if it was that request's and has not ended. */
void	launcher_kill_upgrade(struct launcher *, uint32_t seq);

/* --- launcher_run.c ------------------------------------------------------ */

/*
 * Does what a request asks for that is to be run; it is answered.  The
 * descriptors are the caller's.
 */
void	launcher_run(struct launcher_asker *, const struct launch_record *);
/* Kills what runs for that request of a table. */
void	launcher_kill(struct launcher_asker *, uint32_t seq);
/* Nobody waits any more: programs of tables are killed. */
void	launcher_forsake(struct launcher_asker *);
/* A signal for what runs; how many there are. */
size_t	launcher_signal_all(struct launcher *, int signo);
/* The configuration is another one: forgets what can not be asked for. */
void	launcher_forget(struct launcher *, bool all);

/* --- launcher_exec.c ----------------------------------------------------- */

/* A command, when all of it is known. */
struct launcher_command {
	char		**argv;
	const struct feed_command *feed; /* NULL, or a table's program */
	struct launcher_user user;
	int		 fd[3];		/* its 0, 1 and 2; -1: /dev/null */
};

/*
 * Who that is: name NULL: the daemon from its drop of rights on; root: who we
 * are.  0, or -1 with why.
 */
int	launcher_user(const struct launcher *, const char *name, bool root,
	    struct launcher_user *, char *why, size_t whysize);
/* In a forked process: as a program expects them. */
void	launcher_default_signals(void);
/* Forks and becomes it.  Its number, or -1 and errno of what has failed. */
pid_t	launcher_exec(const struct launcher_command *,
	    const struct rlimit *descriptors);

#endif /* DAEMON_LAUNCHER_INTERNAL_H */
