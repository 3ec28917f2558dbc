/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * breaker.h - a child that has failed several times in a row is left alone for
 * a while (milter.NAME.max_failures, milter.NAME.retry_interval).
 *
 * There is one breaker for each child of the process, which all sessions share;
 * it lives on over a reload as long as the child stays where it is.
 *
 * A failure is one session in which the child could not be dialled, failed in
 * its negotiation, or failed while something was wanted of it: a reply, that it
 * takes what is sent to it, or while it was inside of a message.  It counts
 * once a session.  No failure of the child is
 * - that it closes an idle connection (it may have been restarted),
 * - that the chain's deadline passes before it was its turn,
 * - that it wants more than the MTA has agreed to before QUIT_NC.
 *
 * "In a row" is until it has proved that what failed works again.  A failed
 * dial or negotiation is made good by a negotiation; a failure at a later stage
 * by a reply at that stage or a later one.  So a child that negotiates, answers
 * the envelope and then always times out at the end of message has its failures
 * counted, whatever it answers before; only the end of a message is the proof.
 * When all that failed since is made good, the count is 0 again and the breaker
 * closes.
 *
 * Open, it lets no session dial the child.  When retry_interval has passed, it
 * lets one: the probe.  The others wait no more than before until that one
 * knows.  Its failure opens the breaker for another retry_interval.  A probe
 * that ends before it knows leaves its place to the next session; so does one
 * whose MTA does not go on: after a retry_interval in which nothing is wanted
 * of the child the next session probes as well.
 */
#ifndef MANAGER_BREAKER_H
#define MANAGER_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#include "manager/stage.h"

struct child;
struct breaker;

/* One reference; NULL when out of memory. */
struct breaker *breaker_new(void);
struct breaker *breaker_ref(struct breaker *);
void	breaker_unref(struct breaker *);	/* NULL: no effect */
/*
 * Whether it is open is written to *flag, 1 or 0, now and from now on, instead
 * of where it was written before (which is 0 then); until breaker_hide() of
 * that flag.
 */
void	breaker_show(struct breaker *, uint32_t *flag);
void	breaker_hide(struct breaker *, const uint32_t *flag);

/*
 * Whether the child may be dialled now (it may be the probe then); else *why,
 * of size bytes, has the reason.
 */
bool	breaker_enter(struct breaker *, struct child *, char *why, size_t size);
/* It negotiated (STAGE_NEGOTIATE), or replied to that stage. */
void	breaker_good(struct breaker *, struct child *, enum stage);
/*
 * It is about to be given up at that stage; its state, what it waits for and
 * its queue are still those at the failure.
 */
void	breaker_bad(struct breaker *, struct child *, enum stage);
/* The child's connection is over.  Twice, or behind breaker_bad(), is fine. */
void	breaker_leave(struct breaker *, const struct child *);

#endif /* MANAGER_BREAKER_H */
