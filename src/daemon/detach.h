/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detach.h - the background, and the file with the process number.
 */
#ifndef DAEMON_DETACH_H
#define DAEMON_DETACH_H

#include <sys/types.h>

#include <stdbool.h>

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
 * Opens the file for our number and locks it as long as we live; a file that
 * nobody has locked is stale and taken over.  Its text stays until
 * pidfile_write().  Without lock that one locks it, because until then another
 * process has it.  0, or -1 with errno; EAGAIN or EACCES and *other > 0 when
 * that process runs; ELOOP or EINVAL for a link, or what is no file.
 */
int	pidfile_open(const char *path, bool lock, pid_t *other);
/* Writes our number, if it is open.  0, or -1 and errno. */
int	pidfile_write(void);
/*
 * Another file (NULL: none) with our number instead of the one that is open.
 * 0, or -1 as pidfile_open() with all as before.
 */
int	pidfile_move(const char *path, pid_t *other);
/* Another process may write its number there. */
void	pidfile_let_go(void);
/*
 * Removes it, if it is open and has our number or none; where it cannot be
 * removed, or is no more of that name, it is left empty.
 */
void	pidfile_remove(void);

/*
 * In a process forked from the daemon: closes the pipe to the caller, who would
 * wait for this one, too, and the file.  The lock is not this one's.
 */
void	detach_forget(void);

#endif /* DAEMON_DETACH_H */
