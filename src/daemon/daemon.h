/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * daemon.h - the daemon's life, from its command line to its exit status.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

/* main()'s arguments and result (sysexits(3)). */
int	daemon_main(int argc, char **argv);

#endif /* DAEMON_DAEMON_H */
