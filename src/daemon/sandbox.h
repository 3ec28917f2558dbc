/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sandbox.h - what a configuration needs, and no more, for each process.
 *
 * What is put into force stays for good, and a process that is forked has it,
 * too: a later configuration that needs a folder which this one did not is
 * served as far as it goes without, and told about.
 */
#ifndef DAEMON_SANDBOX_H
#define DAEMON_SANDBOX_H

#include <stdio.h>

#include "config/conf.h"

struct daemon;

enum sandbox_who {
	SANDBOX_DAEMON,		/* that has the sessions itself */
	SANDBOX_MASTER,		/* that forks workers */
	SANDBOX_WORKER		/* one of those; its parent is in it already */
};

/*
 * Puts this process into it, if security.sandbox says so, and logs what is in
 * force.  After the change of the root folder and the user, before anything is
 * read from a socket.
 */
void	sandbox_enter(const struct daemon *, const struct conf *,
	    enum sandbox_who);
/* Tells what of a new configuration has to wait for the next start. */
void	sandbox_compare(const struct daemon *, const struct conf *);
/* A comment: what would be in force here. */
void	sandbox_show(const struct conf *, FILE *);
void	sandbox_end(void);	/* frees what it knows; nothing is given back */

#endif /* DAEMON_SANDBOX_H */
