/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns_packet.h - questions to name servers, and their answers, as bytes.
 * Nothing here knows a socket, a clock, or memory of its own.
 */
#ifndef NET_DNS_PACKET_H
#define NET_DNS_PACKET_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/dns.h"

#define DNS_PACKET_NAME	255	/* bytes of a name, its last 0 included */
#define DNS_PACKET_MAX	(12 + DNS_PACKET_NAME + 4 + 11)	/* of a question */
#define DNS_PACKET_UDP	1232	/* of an answer over UDP, as we ask for it */

/* Some of the values of an answer's rcode. */
#define DNS_FORMERR	1u
#define DNS_NXDOMAIN	3u
#define DNS_NOTIMP	4u

/*
 * A name as text ("a.example", one dot more at its end is fine) as bytes, in
 * lower case.  Returns how many, or 0 when it cannot be a name.
 */
size_t	dns_packet_name(const char *text,
	    unsigned char name[DNS_PACKET_NAME]);

/*
 * Writes a question that asks for recursion; edns: and says that more than 512
 * bytes may come.  name is what dns_packet_name() made, type below 65536.
 * Returns its length.
 */
size_t	dns_packet_ask(unsigned char dst[DNS_PACKET_MAX], unsigned id,
	    int type, const unsigned char *name, size_t namelen, bool edns);

enum dns_packet {
	DNS_PACKET_ALIEN,	/* no answer to this question: not for us */
	DNS_PACKET_GARBLED,	/* one that makes no sense */
	DNS_PACKET_ERROR,	/* the server says rcode */
	DNS_PACKET_TRUNCATED,
	DNS_PACKET_NONE,	/* ttl 0: it does not say how long */
	DNS_PACKET_FOUND
};

struct dns_packet_answer {
	unsigned	 rcode;
	uint32_t	 ttl;		/* seconds, the least of all */
	size_t		 n;
	struct dns_record record[DNS_RECORDS_MAX];	/* texts are in text */
	char		 text[DNS_RECORDS_MAX][DNS_TEXT_MAX];
};

/*
 * Reads what came in answer to a question that dns_packet_ask() wrote.  The
 * answer is filled as far as the result says; records of it are for
 * DNS_PACKET_FOUND alone.
 */
enum dns_packet dns_packet_read(const unsigned char *msg, size_t len,
	    const unsigned char *question, struct dns_packet_answer *);

#endif /* NET_DNS_PACKET_H */
