/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * facts.h - what is known of a session, and the look-ups that take time.
 *
 * The owner fills the struct in as the session goes on; what it points to stays
 * the owner's.  A question to the DNS or to a table's server is asked once an
 * event: its answer stays at least until facts_next_event(), so that asking
 * again gives the same.
 *
 * What a fact is where that is not plain: sender and recipient are without
 * their angle brackets; the user part is what is in front of the last @ (all,
 * without one), the domain what is behind it, in lower case; of a parameter
 * without a value (SMTPUTF8) the value is its name; address.local is that of
 * network_is_private(), and every client on a unix socket; of a block list's
 * answer one address has to be in the expected network, and where none is given
 * in 127.0.0.0/8 but not in 127.255.255.0/24, with which lists say that they do
 * not answer (RFC 5782 and Spamhaus).
 */
#ifndef CONDITION_FACTS_H
#define CONDITION_FACTS_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "condition/feed.h"
#include "config/conf.h"
#include "config/expr.h"
#include "net/dns.h"

#define FACTS_LOOKUPS_MAX	200	/* of one event; more have failed */
#define FACTS_DOMAIN_MAX	256	/* a longer domain is none */

/* What has become of a child in this message, or in this session. */
enum facts_child {
	FACTS_CHILD_NONE,
	FACTS_CHILD_REJECTED,	/* from here on as in enum fact */
	FACTS_CHILD_ACCEPTED,
	FACTS_CHILD_TEMPFAILED,
	FACTS_CHILD_DISCARDED,
	FACTS_CHILD_STOPPED
};

struct lookup;
struct facts_note;

struct facts {
	const struct conf *conf;
	struct loop	*loop;
	struct dns	*dns;
	struct feeds	*feeds;

	const char	*host;		/* NULL: not known, all of them */
	struct eval_value client;	/* type EXPR_ADDRESS */
	long		 client_port;
	const char	*helo;
	/* The payload of MAIL and RCPT: "<a@b>" NUL "SIZE=1" NUL ... */
	const char	*sender;
	size_t		 sender_len;
	const char	*recipient;
	size_t		 recipient_len;
	long		 recipients;
	long		 size;		/* bytes of the content; -1: not yet,
					   then what SIZE= says counts */
	const char	*header_name, *header_value;
	const char	*body;
	size_t		 body_len;
	bool		 authenticated;
	bool		 tls;
	long		 connections;
	bool		 stressed;
	bool		 postfix;
	const char	*client_state;	/* while its checker is asked */
	time_t		 now;		/* 0: what the clock says */

	/* NULL results: not there. */
	const char	*(*macro)(void *, const char *name);
	const char	*(*header)(void *, const char *name);
	enum facts_child (*child)(void *, const struct conf_milter *);
	/* Whether a fact is known; NULL: all of them are.  What is not makes an
	 * expression fail unless the rest of it decides. */
	bool		(*known)(void *, enum fact, const char *name);
	/* An answer that a question waited for is here: ask again. */
	void		(*changed)(void *);
	void		*arg;

	/* private */
	struct lookup	*lookups;
	size_t		 n_lookups;
	struct facts_note *notes;
	struct loop_task task;
	unsigned	 event;
	const char	*why;		/* of the last look-up that failed */
};

/*
 * The resolver as dnsbl.* has it, with at most so many sockets (0: its own
 * default).  NULL: out of memory.
 */
struct dns *facts_dns(struct loop *, const struct conf *, unsigned sockets);

/* Zeroed, with everything above filled in or 0. */
void	facts_init(struct facts *);
/*
 * The client as text; UNIX and UNKNOWN as they are, of the others UNKNOWN when
 * it is no address.  The text stays the owner's.
 */
void	facts_set_client(struct facts *, enum eval_family, const char *text);
/* An event of the session begins: older answers may make room for new ones. */
void	facts_next_event(struct facts *);
/* The message is over: its notes go, and all answers. */
void	facts_new_message(struct facts *);
/* All questions are over; notes and answers go. */
void	facts_free(struct facts *);

/*
 * A note for all children's conditions: of this message, or of the session when
 * there is no sender yet.  NULL value: none.  0, or -1 when out of memory.
 */
int	facts_set_note(struct facts *, const char *name, const char *value);
/* changed() is called from the loop, though no answer has come. */
void	facts_ask_again(struct facts *);
/* Why the last question that failed did, once; NULL: none has. */
const char *facts_failure(struct facts *);

/* For expr_eval(): env->arg is the struct. */
void	facts_env(struct facts *, struct eval_env *);

#endif /* CONDITION_FACTS_H */
