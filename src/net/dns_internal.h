/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns_internal.h - what dns.c, dns_try.c and resolver.c share.
 *
 * A question is one type of one name.  While it is under way it has a try, and
 * somebody who asks; then an answer, which those get who asked, each from a
 * task of its own; then, without askers, it is kept for a while, or gone.
 */
#ifndef NET_DNS_INTERNAL_H
#define NET_DNS_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"
#include "net/dns.h"
#include "net/dns_conf.h"
#include "net/dns_packet.h"

#define DNS_BUCKETS	512u

/* An answer in one piece of memory, its texts behind the records. */
struct dns_kept {
	size_t		 refs;
	size_t		 size;
	struct dns_answer answer;
	struct dns_record record[];
};

/* Questions in order: those that wait for a socket, or those that are kept. */
struct dns_list {
	struct dns_question *first, *last;
};

struct dns_question {
	struct dns	*dns;
	struct dns_question *chain;	/* of its bucket */
	struct dns_list	*list;		/* NULL: in none */
	struct dns_question *next, *prev;
	struct dns_query *askers;
	struct dns_try	*try;		/* NULL: answered */
	struct dns_kept	*kept;		/* NULL: not answered yet */
	uint64_t	 expires;
	size_t		 size;		/* with the answer */
	int		 type;
	size_t		 namelen;
	unsigned char	 name[];
};

struct dns {
	struct loop	*loop;
	char		*path;		/* of resolv.conf; NULL: not read */
	uint64_t	 checked;	/* when its status was looked at */
	long long	 stamp[4];	/* and what that was */
	struct dns_conf	 conf;
	bool		 plain[DNS_SERVERS_MAX];	/* no EDNS there */
	size_t		 best;		/* the server to begin with */
	uint64_t	 best_until;
	unsigned	 timeout_ms;
	unsigned	 keep_max;
	size_t		 open;		/* tries that have a socket */
	struct loop_task task;		/* there is room for those waiting */
	struct dns_list	 waiting;
	struct dns_list	 old;		/* kept ones, the oldest first */
	size_t		 n, size;	/* of old */
	struct dns_question *bucket[DNS_BUCKETS];
};

/* --- dns.c --------------------------------------------------------------- */

/* Its configuration, read again when the file has changed. */
const struct dns_conf *dns_conf_now(struct dns *);
/*
 * The question has its answer: FOUND or NONE with what was read; otherwise
 * answer is NULL, and why one line.  Its try is freed, and without memory the
 * question, too.
 */
void	dns_answered(struct dns_question *, enum dns_status,
	    const struct dns_packet_answer *, const char *why);
void	dns_list_add(struct dns_list *, struct dns_question *);
void	dns_list_del(struct dns_question *);

/* --- dns_try.c ----------------------------------------------------------- */

/*
 * Starts asking the servers, or waits for its turn.  Ends in dns_answered(),
 * which may come from within this call.
 */
void	dns_try_new(struct dns_question *);
void	dns_try_free(struct dns_question *);	/* without one: no effect */

#endif /* NET_DNS_INTERNAL_H */
