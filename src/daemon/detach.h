/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detach.h - the background, and the file with the process number.
 */
#ifndef DAEMON_DETACH_H
#define DAEMON_DETACH_H

#include <sys/types.h>

/*
 * Opens the null device on those of 0, 1 and 2 that the caller has left closed.
 * 0, or -1 and errno.
 */
int	detach_stdio(void);
/*
 * Goes to the background: returns in a process of its own session with stdio on
 * /dev/null, while the process that was called waits for detach_ready() or the
 * end of this one and exits with 0 or that one's status.  0, or -1 and errno.
 */
int	detach(void);
/* The service is there: lets the caller's process exit with 0. */
void	detach_ready(void);

/*
 * Writes our number to path, locked as long as we live; a file that nobody has
 * locked is stale and taken over.  0, or -1 with errno; EAGAIN or EACCES and
 * *other > 0 when that process runs.
 */
int	pidfile_write(const char *path, pid_t *other);
/* Removes it, if it was written and is still ours. */
void	pidfile_remove(void);

#endif /* DAEMON_DETACH_H */
