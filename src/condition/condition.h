/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * condition.h - which child runs: the conditions of a child at a stage, held
 * against what is known of the session.
 *
 * The manager and "milter-manager explain" both ask here, so that they cannot
 * differ.
 */
#ifndef CONDITION_CONDITION_H
#define CONDITION_CONDITION_H

#include "compat.h"

#include "condition/facts.h"
#include "config/conf.h"

enum condition_answer {
	CONDITION_RUN,		/* none of them stops it here */
	CONDITION_STOP,
	CONDITION_PENDING	/* facts->lookups calls when to ask again */
};

/* Who has stopped it, and why. */
struct condition_stop {
	const struct conf_condition *condition;
	char		 rule[200];
	struct conf_origin origin;	/* of the rule; else of the condition;
					   of one built in, of the line that
					   gave it to the child */
};

/*
 * Asks the child's conditions in order; what each one sets at this stage is
 * handed to set (macro or note, name, value) before it is asked whether to
 * stop; the first that stops is the last one asked.  A condition that cannot be
 * answered (a table's server is down) does not stop: failed is told then, in
 * one line.  Either function may be NULL.  After PENDING ask again from the
 * beginning: what was set is set again.
 */
struct condition_hooks {
	void	(*set)(void *, bool note, const char *name, const char *value);
	void	(*failed)(void *, const struct conf_condition *,
		    const char *why);
	void	*arg;
};
enum condition_answer condition_ask(const struct conf_milter *,
	    enum conf_stage, struct facts *, const struct condition_hooks *,
	    struct condition_stop *);

/*
 * The log's words: condition="S25R" rule="whitelist /\.google\.com\z/"
 * file:line.  Always terminated.
 */
char	*condition_format(const struct condition_stop *, char *dst,
	    size_t size);

/*
 * What a child's conditions go by; a stage is the bit 1 << CONF_*, a fact the
 * bit 1 << FACT_*.
 */
struct condition_needs {
	unsigned	 asks;		/* stages: they ask or do something */
	unsigned	 events;	/* stages they have to hear of for it */
	uint64_t	 facts;
	bool		 in_turn;	/* they go by, or say, what children
					   before this one do at one event */
};
/* macro, unless NULL, is called for each one that they read. */
void	condition_look(const struct conf_milter *, struct condition_needs *,
	    void (*macro)(const char *name, void *arg), void *arg);

#endif /* CONDITION_CONDITION_H */
