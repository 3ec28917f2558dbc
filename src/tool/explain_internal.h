/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * explain_internal.h - what explain.c, the command line, and explain_ask.c, the
 * session that it describes, share.
 */
#ifndef TOOL_EXPLAIN_INTERNAL_H
#define TOOL_EXPLAIN_INTERNAL_H

#include "compat.h"

#include <netinet/in.h>

#include <stdbool.h>

#include "base/buf.h"
#include "condition/condition.h"

enum explain_option {
	EXPLAIN_O_FILE = 1, EXPLAIN_O_DIR, EXPLAIN_O_HOST, EXPLAIN_O_ADDRESS,
	EXPLAIN_O_HELO, EXPLAIN_O_FROM, EXPLAIN_O_PARAM, EXPLAIN_O_TO,
	EXPLAIN_O_AUTH, EXPLAIN_O_TLS, EXPLAIN_O_MACRO, EXPLAIN_O_HEADER,
	EXPLAIN_O_BODY, EXPLAIN_O_SIZE, EXPLAIN_O_CONNECTIONS, EXPLAIN_O_MTA,
	EXPLAIN_O_TIME, EXPLAIN_O_VERSION, EXPLAIN_O_HELP
};

/* A macro with its stage; a header; an envelope address with stage 0. */
struct explain_item {
	int		 option;
	int		 stage;
	const struct explain_child *owner;	/* whose conditions set it */
	const char	*name;		/* inside of data */
	const char	*value;
	struct buf	 data;
};

struct explain_child {
	const struct conf_milter *m;
	struct buf	 text;
	bool		 stopped;
	bool		 unknown;	/* may have been stopped */
	bool		 macros_unknown;	/* those that conditions set */
	size_t		 hidden;	/* recipients */
};

struct explain {
	const char	*program;
	struct conf_source source;
	struct conf	*conf;
	struct loop	*loop;
	struct facts	 facts;
	const char	*from;
	struct buf	 params;	/* more of it */
	struct buf	 body;
	unsigned	 given;		/* 1 << enum explain_option */
	char		 address[INET6_ADDRSTRLEN];
	struct explain_item *item;
	size_t		 n_items;
	struct explain_child *child;
	size_t		 n;

	/* the question at hand */
	enum conf_stage	 stage;
	const struct explain_item *at;	/* recipient or header, or NULL */
	struct explain_child *asked;
	unsigned	 missing;	/* an option, 0: none is */
	bool		 lost;		/* something of it is not known, */
	bool		 unsure;	/* which dnsbl() takes for a no, */
	bool		 unknown;	/* and so the answer is not */
	bool		 notes_unknown;
	bool		 no_memory;
};

/* Keeps a name of len bytes and a value.  0, or -1: out of memory. */
int	explain_add(struct explain *, int option, int stage, const char *name,
	    size_t len, const char *value);
/* Takes all but the first n away. */
void	explain_drop(struct explain *, size_t n);
/* "--helo" without its dashes. */
const char *explain_option_name(unsigned id);

/* explain_ask.c: sets what is asked of a session in x->facts. */
void	explain_prepare(struct explain *);
/* All stages, into the children's texts. */
void	explain_session(struct explain *);

#endif /* TOOL_EXPLAIN_INTERNAL_H */
