/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * target.h - where to dial: one or more specs, whose host names are looked up
 * in the background, never on the mail path; directly or through a SOCKS5
 * proxy.
 */
#ifndef NET_TARGET_H
#define NET_TARGET_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spec.h"
#include "event/loop.h"

/*
 * Host names: what /etc/hosts has, read at each look-up, or else the DNS, with
 * the servers, search list and ndots of /etc/resolv.conf, which is read again
 * when it changes; nothing else of the system (nsswitch) is asked.  "localhost"
 * and names below it are the loopback address, those below "invalid" are none,
 * unless /etc/hosts knows better (RFC 6761).  NULL: out of memory.  Targets
 * that use it must be freed before it.
 */
struct resolver;
struct resolver *resolver_new(struct loop *);
void	resolver_free(struct resolver *);

struct target;

#define TARGET_LIST_MAX	64	/* specs of one target */

/*
 * The order in which a dial tries the addresses of a target.  A name that has
 * several stands for all of them, in its place of the list.
 *
 * TARGET_FAILOVER	as written
 * TARGET_ROUND_ROBIN	the same, each dial begins with the one behind that
 *			with which the last dial began
 * TARGET_LEAST_BUSY	those first that have the fewest connections of this
 *			target, under way and open; as written where equal
 *
 * In each of them an address that has just failed comes behind all that have
 * not: for 5 s, and twice as long with each further failure in a row, up to
 * 60 s.  So it is tried even then when no other one accepts.
 */
enum target_balance {
	TARGET_FAILOVER,
	TARGET_ROUND_ROBIN,
	TARGET_LEAST_BUSY
};

struct target_options {
	const struct spec	*spec;
	size_t			 n;		/* 1..TARGET_LIST_MAX */
	enum target_balance	 balance;
	const struct spec	*socks;		/* the proxy; NULL: none */
	const char		*socks_user;	/* NULL: none */
	const char		*socks_password; /* with a user only */
	unsigned		 refresh_ms;
};

/*
 * A target of its own copies.  resolver may be NULL when needs_resolver is
 * false.  A name is asked for at once, again every refresh_ms (60 s when 0),
 * and after a failure every 5 s; the last good answer stays in use.  With a
 * proxy only the proxy's own name is looked up: the others are left to it.  A
 * unix socket cannot be reached through one: such a spec's dials fail.
 * NULL: out of memory, or a list that is empty or too long.
 */
bool	target_needs_resolver(const struct spec *);
bool	target_list_needs_resolver(const struct target_options *);
struct target *target_new(struct loop *, struct resolver *,
	    const struct spec *, unsigned refresh_ms);
struct target *target_new_list(struct loop *, struct resolver *,
	    const struct target_options *);
/* One more owner: each calls target_free(). */
struct target *target_ref(struct target *);
/* The last one; NULL: no effect.  No dial may be under way on it. */
void	target_free(struct target *);
/* Asks for its names at once, as a new one does. */
void	target_refresh(struct target *);
/* From the next dial on. */
void	target_set_balance(struct target *, enum target_balance);
const struct spec *target_spec(const struct target *);	/* the first one */

/*
 * Dials the target's addresses in turn until one accepts.  An address that does
 * not answer may take its share of the time that is left: one of two gets half
 * of it.  A name that is still being looked up is waited for only when nothing
 * else is left to try.  At most 256 addresses are tried.
 */
struct target_place;
struct socks;
struct dial;
typedef void dial_fn(struct dial *, int fd, const char *why, void *arg);

/* Addresses in the order in which they are tried. */
struct dial_plan {
	struct target_place	**place;
	size_t			 n;
	size_t			 next;
	uint64_t		 planned;	/* whose addresses are in it */
};

struct dial {
	struct target		*target;	/* NULL when not under way */
	dial_fn			*fn;
	void			*arg;
	struct loop_io		 io;
	struct loop_timer	 timer;
	struct loop_task	 task;
	struct dial		*next;		/* those that wait for a name */
	struct dial_plan	 plan;		/* the addresses it goes by */
	struct dial_plan	 hops;		/* those of the proxy */
	struct target_place	*place;		/* the present one */
	struct socks		*socks;		/* the talk to the proxy */
	size_t			 turn;
	uint64_t		 deadline;
	char			*why;
	uint64_t		 share;		/* the present one's end */
	uint64_t		 until;		/* that of its connection */
	unsigned		 retry_ms;
};

/*
 * d must be zeroed or cancelled.  fn is called exactly once, from the loop,
 * with a connected non-blocking close-on-exec fd (now the callee's) and why
 * NULL, or with -1 and one line that names every address tried and what it said
 * ("unix:/run/x.sock: No such file or directory").  timeout_ms covers all of
 * it, the wait for a first look-up and all talk to a proxy included; when the
 * last look-up failed and none ever succeeded, a name is given up at once.  A
 * unix socket whose backlog is full (Linux) is tried again until the time is
 * over.
 *
 * What a proxy says reads "WHERE through PROXY: SOCKS: connection refused by
 * the destination".  A proxy that cannot be reached, is none, or does not let
 * us in ends the dial at once: it would be the same with the next address.
 */
void	dial_start(struct dial *d, struct target *, unsigned timeout_ms,
	    dial_fn *, void *arg);
/*
 * No call will come.  After a dial that succeeded: its connection is over and
 * counts no more; each success needs this once.  Else: no effect.
 */
void	dial_cancel(struct dial *d);
/*
 * Before dial_cancel(): the address that was reached, or is being tried, is of
 * no use, which is as bad as if it had not accepted; or it is good, and no
 * failure of this address before now counts any more.
 */
void	dial_bad(struct dial *d);
void	dial_good(struct dial *d);

#endif /* NET_TARGET_H */
