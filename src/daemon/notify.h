/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * notify.h - the word to a service manager that asked for it (sd_notify(3)): a
 * datagram to the socket that NOTIFY_SOCKET names.
 */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include "event/loop.h"

#define NOTIFY_READY		"READY=1"
#define NOTIFY_RELOADING	"RELOADING=1"
#define NOTIFY_STOPPING		"STOPPING=1"

/*
 * Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment
 * and connects, in the process that was called: the last one is its number.  0,
 * also when nobody asked; -1 and errno: nobody will hear.
 */
int	notify_begin(void);
/*
 * Sends one of the words above, with the time, and with our number if it is not
 * the one that was called.  Never waits; what cannot be sent is lost.
 */
void	notify(const char *word);
/* From now on pings from the loop, if that was asked for. */
void	notify_watch(struct loop *);
/* Sends no more, and closes; also in a forked process, which is not heard. */
void	notify_end(void);

#endif /* DAEMON_NOTIFY_H */
