/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fact.h - what an expression may ask of a session, and from which stage on it
 * is known: one table for the checker, the evaluator and the manual.
 */
#ifndef CONFIG_FACT_H
#define CONFIG_FACT_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

/* The stages at which a condition can do something, in a session's order. */
enum conf_stage {
	CONF_CONNECT,
	CONF_HELO,
	CONF_ENVELOPE_FROM,
	CONF_ENVELOPE_RECIPIENT,
	CONF_DATA,
	CONF_HEADER,
	CONF_END_OF_HEADER,
	CONF_BODY,
	CONF_END_OF_MESSAGE,
	CONF_STAGE_N,
	CONF_CHECK = CONF_STAGE_N	/* none: of manager.connection_checker,
					   at any time from CONNECT on */
};
const char *conf_stage_name(enum conf_stage);	/* "envelope_from" */

enum expr_type {
	EXPR_BOOL,
	EXPR_NUMBER,
	EXPR_STRING,	/* one that is not there is the empty one */
	EXPR_ADDRESS,
	EXPR_LIST,	/* the right side of in, an argument of dnsbl() */
	EXPR_PATTERN,	/* the right side of =~ */
	EXPR_TABLE	/* the right side of in, an argument of lookup() */
};

/*
 * .A is written behind the name: "address.local".  A fact with an argument is
 * written as a call: macro("j").
 */
enum fact {
	FACT_HOST,
	FACT_ADDRESS,
	FACT_ADDRESS_LOCAL,
	FACT_ADDRESS_FAMILY,	/* "inet", "inet6", "unix", "unknown" */
	FACT_ADDRESS_PORT,
	FACT_PTR,		/* of the client, or of ptr("192.0.2.1") */
	FACT_DNSBL,		/* is the client in dnsbl("ZONE[=NETWORK]")? */
	FACT_HELO,
	FACT_TLS,
	FACT_SENDER,
	FACT_SENDER_USER,
	FACT_SENDER_DOMAIN,	/* in lower case */
	FACT_SENDER_PARAM,	/* sender.param("SIZE") */
	FACT_AUTHENTICATED,
	FACT_RECIPIENT,
	FACT_RECIPIENT_USER,
	FACT_RECIPIENT_DOMAIN,
	FACT_RECIPIENT_PARAM,
	FACT_RECIPIENTS,	/* how many the message has so far */
	FACT_SIZE,
	FACT_HEADER,		/* header("Subject"): the first one */
	FACT_HEADER_NAME,	/* of the one at hand */
	FACT_HEADER_VALUE,
	FACT_BODY,		/* the piece at hand */
	FACT_MACRO,
	FACT_NOTE,
	FACT_CHILD_REJECTED,	/* child("NAME").rejected */
	FACT_CHILD_ACCEPTED,
	FACT_CHILD_TEMPFAILED,
	FACT_CHILD_DISCARDED,
	FACT_CHILD_STOPPED,
	FACT_POSTFIX,
	FACT_CONNECTIONS,
	FACT_STRESSED,
	FACT_HOUR,
	FACT_MINUTE,
	FACT_WEEKDAY,		/* 0 is Sunday */
	FACT_CLIENT_STATE,	/* what the table of connections says */
	FACT_N
};

enum fact_argument {
	FACT_PLAIN,		/* none */
	FACT_NAME,		/* one string, known at load */
	FACT_MAYBE,		/* ptr: none, or any string */
	FACT_SERVICES		/* dnsbl: a string or a list of services */
};

struct fact_row {
	const char	*name;		/* "address.local"; of a child's and a
					   param's, what is behind the ) too */
	uint8_t		 type;		/* enum expr_type */
	uint8_t		 argument;	/* enum fact_argument */
	uint8_t		 first, last;	/* enum conf_stage */
};
extern const struct fact_row fact_table[FACT_N];

#endif /* CONFIG_FACT_H */
