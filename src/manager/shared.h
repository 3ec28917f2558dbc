/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * shared.h - what all processes of the daemon count together.
 *
 * A piece of memory that is made before the first fork.  Each process with
 * sessions has a slot, which it alone writes; the one in charge clears it when
 * the process is gone, so that whatever it was doing when it was killed counts
 * no longer.  Without workers the one process has slot 0.
 */
#ifndef MANAGER_SHARED_H
#define MANAGER_SHARED_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/network.h"

#define SHARED_SLOTS	4096u	/* processes at a time */

struct shared;

/* All zero.  NULL and errno. */
struct shared *shared_new(void);
void	shared_free(struct shared *);	/* this process's view; NULL: none */

/* --- slots: the process in charge ---------------------------------------- */

/* A free one, now in use; SHARED_SLOTS when there is none. */
unsigned shared_slot_get(struct shared *);
/* Its process is gone: all that it had is taken back. */
void	shared_slot_put(struct shared *, unsigned slot);

/* --- counting ------------------------------------------------------------ */

/* A number for a session or a child's connection that no other one has. */
uint32_t shared_id(struct shared *);
/*
 * A place for one more session of that slot.  False when the whole daemon has
 * max of them (0: no limit).
 */
bool	shared_enter(struct shared *, unsigned slot, uint32_t max);
/* It is over; finished: it was one. */
void	shared_leave(struct shared *, unsigned slot, bool finished);
/* Sessions now, of the whole daemon and of a slot; those that are over. */
uint32_t shared_running(const struct shared *);
uint32_t shared_slot_running(const struct shared *, unsigned slot);
uint32_t shared_slot_finished(const struct shared *, unsigned slot);
/* Those that are over, of all processes that there have been: of the one in
 * charge. */
uint32_t shared_finished(const struct shared *);

/*
 * A place for one more connection of the client at that address.  Of IPv6 the
 * network counts, its first 64 bits: a client has as many addresses there as
 * it likes.  False when the whole daemon has max of them.  *place is for
 * shared_client_leave(), which makes it 0; it is 0 when there was no room to
 * count this one.
 */
bool	shared_client_enter(struct shared *, unsigned slot,
	    const struct network_address *, uint32_t max, uint32_t *place);
void	shared_client_leave(struct shared *, unsigned slot, uint32_t *place);

#endif /* MANAGER_SHARED_H */
