/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * target_internal.h - what target.c, dial.c and resolver.c share.
 */
#ifndef NET_TARGET_INTERNAL_H
#define NET_TARGET_INTERNAL_H

#include <sys/socket.h>

#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"
#include "net/target.h"

#define TARGET_ADDR_MAX	32	/* addresses of one name that are used */

struct target_addr {
	struct sockaddr_storage	 ss;
	socklen_t		 len;
};

/* What a look-up gave; shared by the target and the dials that use it. */
struct target_answer {
	size_t			 refs;
	size_t			 first;		/* dial this one first */
	size_t			 n;
	struct target_addr	 addr[];
};

struct target {
	struct loop		*loop;
	struct spec		 spec;
	unsigned		 refresh_ms;
	struct loop_timer	 timer;		/* the next look-up */
	struct target_answer	*answer;	/* NULL: none yet */
	char			*why;		/* the last look-up failed */
	struct dial		*waiting;	/* for the first look-up */
	struct resolver		*resolver;
	struct resolver_query	*query;		/* NULL: none under way */
};

/* An answer of n addresses, not filled, with one reference; or NULL. */
struct target_answer *target_answer_new(size_t n);
void	target_answer_unref(struct target_answer *);	/* NULL: no effect */
/* Gives the target a new answer (and the reference), wakes its dials. */
void	target_set_answer(struct target *, struct target_answer *);

/* The target has an answer, or why it has none: goes on with the dial. */
void	dial_wake(struct dial *);

/*
 * Asks for a host's addresses of one family.  fn gets, once and from the loop,
 * an answer (and its reference) with that port in it, or NULL and why.
 * Returns NULL when out of memory.
 */
typedef void resolver_fn(struct target_answer *, const char *why, void *arg);
struct resolver_query *resolver_ask(struct resolver *, int family,
	    const char *host, unsigned port, resolver_fn *, void *arg);
/* No call will come. */
void	resolver_cancel(struct resolver *, struct resolver_query *);
/* The helper's process, 0 when there is none at the moment. */
pid_t	resolver_pid(const struct resolver *);

#endif /* NET_TARGET_INTERNAL_H */
