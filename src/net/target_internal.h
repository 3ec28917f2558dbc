/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * target_internal.h - what target.c, route.c, dial.c and resolver.c share;
 * listen.c waits for names with the latter.
 */
#ifndef NET_TARGET_INTERNAL_H
#define NET_TARGET_INTERNAL_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"
#include "net/target.h"

#define TARGET_ADDR_MAX	32	/* addresses of one name that are used */

struct target_addr {
	struct sockaddr_storage	 ss;
	socklen_t		 len;
};

/* What a look-up gave; free() it. */
struct target_answer {
	size_t			 n;
	struct target_addr	 addr[];
};

/* An address of a target and what is known of it. */
struct target_place {
	size_t			 refs;
	const struct target_entry *entry;	/* whose it is or was */
	struct target_addr	 addr;	/* len 0: the proxy looks it up */
	size_t			 open;		/* connections of ours */
	unsigned		 failures;	/* in a row */
	uint64_t		 shun;		/* until then it comes last */
};

/* One spec of a target's list. */
struct target_entry {
	struct target		*target;
	struct spec		 spec;
	struct loop_timer	 timer;		/* the next look-up */
	struct resolver_query	*query;		/* NULL: none under way */
	char			*why;		/* the last look-up failed */
	struct target_place	**place;	/* none yet, or the last good */
	size_t			 n;
};

struct target {
	struct loop		*loop;
	struct resolver		*resolver;
	size_t			 refs;
	unsigned		 refresh_ms;
	enum target_balance	 balance;
	size_t			 turn;		/* grows with each dial */
	struct dial		*waiting;	/* for a look-up */
	struct target_entry	*entry;
	size_t			 n;
	struct target_entry	*proxy;		/* NULL: none; behind entry */
	char			*user;
	char			*password;
};

/* An answer of n addresses, not filled; or NULL. */
struct target_answer *target_answer_new(size_t n);
/* Gives the entry a new answer (and frees that), wakes the dials. */
void	target_set_answer(struct target_entry *, struct target_answer *);
/* Its first look-up is still under way. */
bool	target_is_pending(const struct target_entry *);

/* NULL: no effect. */
void	target_place_unref(struct target_place *);

/* --- route.c ------------------------------------------------------------- */

/*
 * Appends to plan the addresses of those of n entries (at most 64) that have
 * some and are not in it yet, in the order in which a dial of that turn is to
 * try them.  The plan holds a reference to each.  0, or -1 when out of memory.
 */
int	route_plan(struct dial_plan *, const struct target_entry *, size_t n,
	    enum target_balance, size_t turn);
void	route_plan_free(struct dial_plan *);
/* A connection to it begins, or what dial_start() made of it is over. */
void	route_enter(struct target_place *);
void	route_leave(struct target_place *);
/*
 * It did not accept, or not negotiate, or did both.  The first failure in a row
 * and the end of the row are logged where there are other addresses.
 */
void	route_failed(struct target_place *, const char *why);
void	route_works(struct target_place *);
/* As the log writes it: text. */
const char *route_text(const struct target_place *, char text[SPEC_TEXT_MAX]);

/* --- dial.c -------------------------------------------------------------- */

/* A look-up has ended, whatever it gave: goes on with the dial. */
void	dial_wake(struct dial *);

/* --- resolver.c ---------------------------------------------------------- */

/* The same with other files, whose names must outlive it. */
struct resolver *resolver_new_files(struct loop *, const char *hosts,
	    const char *resolv_conf);
/*
 * Asks for a host's addresses of one family.  fn gets, once and from the loop,
 * an answer (now its own) with that port in it, or NULL and why.
 * Returns NULL when out of memory.
 */
typedef void resolver_fn(struct target_answer *, const char *why, void *arg);
struct resolver_query *resolver_ask(struct resolver *, int family,
	    const char *host, unsigned port, resolver_fn *, void *arg);
/* No call will come. */
void	resolver_cancel(struct resolver_query *);
/*
 * The same for one who can do nothing else meanwhile: it waits, in a loop of
 * its own.  NULL and why; else the caller frees the answer.
 */
struct target_answer *resolver_wait(int family, const char *host,
	    unsigned port, char *why, size_t whysize);

#endif /* NET_TARGET_INTERNAL_H */
