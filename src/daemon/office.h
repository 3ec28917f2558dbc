/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * office.h - the daemon's side of the control socket: what its clients ask for
 * is done here.
 */
#ifndef DAEMON_OFFICE_H
#define DAEMON_OFFICE_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"
#include "net/listen.h"

struct daemon;
struct office;

/*
 * Reads the token and opens the control socket of d->conf, with the rights of
 * the start; d->office is made also when there is none.  0, or -1 with what is
 * wrong told.
 */
int	office_open(struct daemon *);
/* Answers from now on, on d->loop.  0, or -1 and errno. */
int	office_begin(struct daemon *);
/*
 * What conf needs other than the one in force is opened beside the old; 0, or
 * -1 and why.  Then, when all else of it has come into force, or has not:
 * office_commit().
 */
int	office_prepare(struct daemon *, const struct conf *, char *why,
	    size_t whysize);
void	office_commit(struct daemon *, bool good);
/*
 * In a forked process: closes the socket that is not in the loop yet, whose
 * path is left alone.
 */
void	office_forked(const struct daemon *);
/* The control socket's, to hand it on; NULL: none. */
struct listener *office_listener(const struct daemon *);
/* No new clients; those that are there are served until the end. */
void	office_close(struct daemon *);
/* Frees d->office; no effect when it is NULL. */
void	office_end(struct daemon *);

#endif /* DAEMON_OFFICE_H */
