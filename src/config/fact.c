/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fact.c - every fact: name, type, argument, and when it is known.
 * Owns:      the table.
 * Called by: expr*.c, eval.c and what documents the language.
 * Must not:  hold behaviour.
 */
#include "compat.h"

#include "config/fact.h"

#define ALWAYS		CONF_CONNECT, CONF_END_OF_MESSAGE
#define SINCE(stage)	CONF_##stage, CONF_END_OF_MESSAGE
#define ONLY(stage)	CONF_##stage, CONF_##stage

/* In the order of enum fact. */
const struct fact_row fact_table[FACT_N] = {
	{ "host",		EXPR_STRING,	FACT_PLAIN,	ALWAYS },
	{ "address",		EXPR_ADDRESS,	FACT_PLAIN,	ALWAYS },
	{ "address.local",	EXPR_BOOL,	FACT_PLAIN,	ALWAYS },
	{ "address.family",	EXPR_STRING,	FACT_PLAIN,	ALWAYS },
	{ "address.port",	EXPR_NUMBER,	FACT_PLAIN,	ALWAYS },
	{ "ptr",		EXPR_STRING,	FACT_MAYBE,	ALWAYS },
	{ "dnsbl",		EXPR_BOOL,	FACT_SERVICES,	ALWAYS },
	{ "helo",		EXPR_STRING,	FACT_PLAIN,	SINCE(HELO) },
	{ "tls",		EXPR_BOOL,	FACT_PLAIN,	SINCE(HELO) },
	{ "sender",		EXPR_STRING,	FACT_PLAIN,
	    SINCE(ENVELOPE_FROM) },
	{ "sender.user",	EXPR_STRING,	FACT_PLAIN,
	    SINCE(ENVELOPE_FROM) },
	{ "sender.domain",	EXPR_STRING,	FACT_PLAIN,
	    SINCE(ENVELOPE_FROM) },
	{ "sender.param",	EXPR_STRING,	FACT_NAME,
	    SINCE(ENVELOPE_FROM) },
	{ "authenticated",	EXPR_BOOL,	FACT_PLAIN,
	    SINCE(ENVELOPE_FROM) },
	{ "recipient",		EXPR_STRING,	FACT_PLAIN,
	    ONLY(ENVELOPE_RECIPIENT) },
	{ "recipient.user",	EXPR_STRING,	FACT_PLAIN,
	    ONLY(ENVELOPE_RECIPIENT) },
	{ "recipient.domain",	EXPR_STRING,	FACT_PLAIN,
	    ONLY(ENVELOPE_RECIPIENT) },
	{ "recipient.param",	EXPR_STRING,	FACT_NAME,
	    ONLY(ENVELOPE_RECIPIENT) },
	{ "recipients",		EXPR_NUMBER,	FACT_PLAIN,
	    SINCE(ENVELOPE_RECIPIENT) },
	{ "size",		EXPR_NUMBER,	FACT_PLAIN,
	    SINCE(ENVELOPE_FROM) },
	{ "header",		EXPR_STRING,	FACT_NAME,
	    SINCE(END_OF_HEADER) },
	{ "header_name",	EXPR_STRING,	FACT_PLAIN,	ONLY(HEADER) },
	{ "header_value",	EXPR_STRING,	FACT_PLAIN,	ONLY(HEADER) },
	{ "body",		EXPR_STRING,	FACT_PLAIN,	ONLY(BODY) },
	{ "macro",		EXPR_STRING,	FACT_NAME,	ALWAYS },
	{ "note",		EXPR_STRING,	FACT_NAME,	ALWAYS },
	{ "child.rejected",	EXPR_BOOL,	FACT_NAME,	ALWAYS },
	{ "child.accepted",	EXPR_BOOL,	FACT_NAME,	ALWAYS },
	{ "child.tempfailed",	EXPR_BOOL,	FACT_NAME,	ALWAYS },
	{ "child.discarded",	EXPR_BOOL,	FACT_NAME,	ALWAYS },
	{ "child.stopped",	EXPR_BOOL,	FACT_NAME,	ALWAYS },
	{ "postfix",		EXPR_BOOL,	FACT_PLAIN,	ALWAYS },
	{ "connections",	EXPR_NUMBER,	FACT_PLAIN,	ALWAYS },
	{ "stressed",		EXPR_BOOL,	FACT_PLAIN,	ALWAYS },
	{ "hour",		EXPR_NUMBER,	FACT_PLAIN,	ALWAYS },
	{ "minute",		EXPR_NUMBER,	FACT_PLAIN,	ALWAYS },
	{ "weekday",		EXPR_NUMBER,	FACT_PLAIN,	ALWAYS },
	{ "client_state",	EXPR_STRING,	FACT_PLAIN,	ONLY(CHECK) },
};

#undef ALWAYS
#undef SINCE
#undef ONLY

const char *
conf_stage_name(enum conf_stage stage)
{
	static const char *const name[CONF_CHECK + 1] = {
		"connect", "helo", "envelope_from", "envelope_recipient",
		"data", "header", "end_of_header", "body", "end_of_message",
		"connection_checker"
	};

	return (name[stage]);
}
