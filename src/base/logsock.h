/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * logsock.h - lines to the syslog daemon, without ever waiting for it.
 *
 * In most systems syslog(3) waits when the daemon is stuck, and the mail with
 * it.  There is one connection in a process.
 */
#ifndef BASE_LOGSOCK_H
#define BASE_LOGSOCK_H

#include <stdbool.h>

/*
 * Connects, unless it is connected: logsock_close() comes before another path.
 * A failure shows in logsock_send(), which tries again.  path NULL is
 * the system's socket.  Both strings must live until logsock_close().
 */
void	logsock_open(const char *path, const char *ident, int facility);
void	logsock_close(void);

/*
 * Sends one line with a syslog LOG_* level.  False when the daemon does not
 * take it now; the line is lost then.
 */
bool	logsock_send(int level, const char *text);

#endif /* BASE_LOGSOCK_H */
