/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launcher.h - the process that runs commands: it keeps the rights that the
 * daemon was started with, reads nothing from the network, and runs only what
 * stands in the configuration that it has read itself.
 *
 * It is forked before anything is listened on and ends with the daemon, whose
 * end it sees as that of its socket.  What it has running in the foreground is
 * ended with it: SIGTERM, and SIGKILL when that does not help.
 */
#ifndef DAEMON_LAUNCHER_H
#define DAEMON_LAUNCHER_H

#include "daemon/daemon_internal.h"

/* How long its commands may take to end, when it ends; and a little more. */
#define LAUNCHER_END_MS		5000u
#define LAUNCHER_WAIT_MS	6000

/*
 * Forks it: d->launcher is the socket then and d->launcher_pid the process.  0,
 * or -1 and errno.  Returns only in the daemon.
 */
int	launcher_fork(struct daemon *);
/*
 * Once there is a loop: d->launch asks it, and its end is noticed.  0, or -1
 * and errno.
 */
int	launcher_begin(struct daemon *);
/* Lets it end, and waits for that. */
void	launcher_end(struct daemon *);

#endif /* DAEMON_LAUNCHER_H */
