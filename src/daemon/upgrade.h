/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * upgrade.h - listening sockets that one process hands to the next one.
 *
 * What is handed over stands in the environment as systemd does it
 * (LISTEN_PID, LISTEN_FDS: so many descriptors from 3 on), and which socket is
 * which is found by its address.  With MILTER_MANAGER_UPGRADE the giver is a
 * daemon of ours that goes on until we are ready; behind the sockets comes a
 * stream socket to it, and the lifelines: pipes that we only hold, whose end
 * tells launchers of daemons before this one that nobody is left to whom the
 * commands matter that they have running.  Over the stream,
 *
 *	new -> old	TEXT			why the start fails
 *			ready PID TAKEN		bits: the sockets it has adopted
 *	old -> new	go			it has let go of all; end of
 *						file, too: it has died
 *			stop			it goes on itself
 *
 * each a line.
 */
#ifndef DAEMON_UPGRADE_H
#define DAEMON_UPGRADE_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "event/loop.h"
#include "net/launch.h"
#include "net/listen.h"

#define UPGRADE_SOCKETS	4	/* that one daemon listens on, at most */
#define UPGRADE_LINES	4	/* launchers before, with commands that run */

struct daemon;

/* --- at the start -------------------------------------------------------- */

/*
 * Remembers how we were called: the program's path, its arguments (of which
 * the first may be changed later, the array not), the working folder.
 */
void	upgrade_remember(char **argv);
/*
 * Takes what the environment tells of, and out of it.  The number above that
 * of the last descriptor, or 3: what else is open may be closed from there on.
 */
int	upgrade_inherit(void);
/* One that fits the spec as a listener, or NULL. */
struct listener *upgrade_adopt(const struct spec *,
	    const struct listen_options *);
/* Closes those that nobody has adopted, and tells so. */
void	upgrade_close_others(const struct daemon *);
/* Whether there is an old one that waits for us. */
bool	upgrade_is(void);
/* Tells it why the start fails; else no effect. */
void	upgrade_tell(const char *line);
/*
 * We are ready: go is called from the loop when the old one has let go.  When
 * it goes on itself the loop is stopped.
 */
int	upgrade_ready(struct daemon *, void (*go)(struct daemon *));
void	upgrade_end(void);	/* closes all that is left */
void	upgrade_forget(void);	/* the same, and what was remembered */

/* --- handing over -------------------------------------------------------- */

/*
 * Descriptors of a request: standard output, error, the stream, the lifelines
 * of launchers before (/dev/null in place of each that is not there), sockets.
 */
#define UPGRADE_STREAM	2
#define UPGRADE_SOCKET	(UPGRADE_STREAM + 1 + UPGRADE_LINES)
#define UPGRADE_FDS	(UPGRADE_SOCKET + UPGRADE_SOCKETS)

/*
 * In a process that was forked for it: becomes the program as it was called.
 * lent: bits of the sockets whose path is another one's.  line: the launcher's
 * own lifeline.
 */
void	upgrade_exec(const int *fd, size_t n, unsigned lent,
	    int line) COMPAT_NORETURN;
/* Adds those lifelines to a request that are still of use. */
void	upgrade_lines(int fd[UPGRADE_FDS], int null);

#define UPGRADE_PATIENCE	30000	/* ms until it is ready */

struct upgrade {
	int			 fd;		/* of the stream */
	struct loop_io		 io;
	struct loop_timer	 timer;
	struct launch_query	 query;
	char			 line[512];
	size_t			 len;
	char			 why[512];	/* its first line */
	void			(*done)(const char *why, void *arg);
	void			*arg;
	bool			 running;
};

/*
 * Starts the new one.  done is called once, from the loop or at once: why NULL,
 * it has taken over, and we accept no more and end with our last session.  Else
 * all is as before.
 */
void	upgrade_begin(struct daemon *, void (*done)(const char *why, void *arg),
	    void *arg);
/* We end: so does the new one, if it is not ready. */
void	upgrade_cancel(struct daemon *, const char *why);

#endif /* DAEMON_UPGRADE_H */
