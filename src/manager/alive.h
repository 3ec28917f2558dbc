/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * alive.h - ending sessions whose SMTP client has left while the MTA waits.
 */
#ifndef MANAGER_ALIVE_H
#define MANAGER_ALIVE_H

struct alive;
struct manager;

/*
 * A session has begun, or another configuration is in force: makes sure that
 * clients are looked after if manager.connection_check_interval says so.  Where
 * memory ends, or the system has no table, they are not.
 */
void	alive_start(struct manager *);
void	alive_free(struct alive *);	/* NULL: no effect */

#endif /* MANAGER_ALIVE_H */
