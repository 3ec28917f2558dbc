/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns.h - a stub resolver in the event loop: A, AAAA, PTR, TXT.
 *
 * Each question goes out from a socket (and so a port) of its own, with a
 * random id, to the first server; without an answer in time, or with one that
 * says that the server failed, to the next one, in turn, until the time of the
 * question is over, or all of them have failed in a row.  The one that has
 * answered instead of the first one comes first for a minute.  An answer counts
 * only when it comes from the server that was asked, with the id and exactly
 * the question.  A truncated one is asked for again over TCP.  CNAMEs in an
 * answer are followed, at most eight.  At most 500 sockets are open at a time;
 * more questions wait for their turn, which is part of their time.
 *
 * Answers, also negative ones (RFC 2308), are kept as long as they say, within
 * bounds (5 s to an hour, unless they say 0; 2048 of them, 512 KiB); failures
 * for 5 s, so that a dead server is not waited for by each session again.
 * Questions that are already under way are asked once.
 */
#ifndef NET_DNS_H
#define NET_DNS_H

#include "compat.h"

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"

#define DNS_NAME_MAX	256	/* a name as text, with its NUL */
#define DNS_TEXT_MAX	512	/* of a TXT, with its NUL; cut there */
#define DNS_RECORDS_MAX	16	/* of one answer; more are left out */
#define DNS_SERVERS_MAX	8
#define DNS_SOCKETS_MAX	500u

/* Types of questions, RFC 1035 and 3596. */
#define DNS_A		1
#define DNS_PTR		12
#define DNS_TXT		16
#define DNS_AAAA	28

enum dns_status {
	DNS_FOUND,	/* n records */
	DNS_NONE,	/* the name, or such a record of it, does not exist */
	DNS_FAILED	/* no answer in time, or none that is any good: why */
};

struct dns_record {
	unsigned char	 address[16];	/* A: the first 4; AAAA: all */
	char		*text;		/* PTR: a name without the last dot;
					   TXT: its strings put together.
					   Bytes that are not printable ASCII
					   are '?' there */
};

struct dns_answer {
	enum dns_status	 status;
	size_t		 n;
	const struct dns_record *record;
	const char	*why;		/* of DNS_FAILED, one line */
};

struct dns;

struct dns_options {
	/* Copied; of more than DNS_SERVERS_MAX the first ones.  NULL, 0: those
	 * of resolv.conf, which is read again when it changes; without any,
	 * 127.0.0.1 and ::1, port 53. */
	const struct sockaddr_storage *server;
	size_t		 n_servers;
	const char	*resolv_conf;	/* NULL: /etc/resolv.conf; copied */
	unsigned	 timeout_ms;	/* of a question, all in all; 0: 5 s */
	unsigned	 keep_max;	/* s that an answer is kept; 0: 3600 */
	unsigned	 sockets;	/* at a time; 0: DNS_SOCKETS_MAX */
};

/* Opens nothing yet.  NULL: out of memory. */
struct dns *dns_new(struct loop *, const struct dns_options *);
/* Questions must have been answered or cancelled.  NULL: no effect. */
void	dns_free(struct dns *);

struct dns_query;
typedef void dns_fn(struct dns_query *, const struct dns_answer *, void *arg);

/* One who asks.  Zeroed before its first use; the rest is dns.c's. */
struct dns_query {
	struct dns	*dns;		/* NULL: nothing is asked */
	dns_fn		*fn;
	void		*arg;
	struct dns_question *question;
	struct dns_query *next, *prev;
	struct loop_task task;
};

/*
 * Asks; fn is called once, from the loop, never from within this call, also
 * when the answer is known.  The answer is valid during fn only.  A name that
 * cannot be one (empty, too long, a label of more than 63 bytes) is DNS_NONE.
 * It is taken as written, to be read from the root: no search list.
 */
void	dns_ask(struct dns *, struct dns_query *, int type, const char *name,
	    dns_fn *, void *arg);
void	dns_cancel(struct dns_query *);		/* no call comes; safe twice */

/*
 * The name under which an address is looked up: with suffix "in-addr.arpa" for
 * PTR ("ip6.arpa" for IPv6), or with the zone of a block list.  v6: nibbles of
 * 16 bytes, else the first 4 bytes.  Returns dst, or NULL when it is too long.
 */
char	*dns_reverse(const unsigned char *address, bool v6, const char *suffix,
	    char dst[DNS_NAME_MAX]);

#endif /* NET_DNS_H */
