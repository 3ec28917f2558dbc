/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * verdict.h - what a reply means at a stage, and how the children's replies
 * become one.  Pure: tables and two functions.
 */
#ifndef MANAGER_VERDICT_H
#define MANAGER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

#include "manager/stage.h"

enum verdict {
	VERDICT_PENDING,	/* no reply yet, or not asked yet */
	VERDICT_CONTINUE,
	VERDICT_ACCEPT,
	VERDICT_SKIP,
	VERDICT_REJECT,
	VERDICT_TEMPFAIL,
	VERDICT_REPLYCODE,	/* with a text */
	VERDICT_SHUTDOWN,	/* 421 and hang up */
	VERDICT_DISCARD,
	VERDICT_QUARANTINE,	/* of a fallback: go on, held at the end */
	VERDICT_N
};
const char *verdict_name(enum verdict);
/*
 * Upstream's word for one that ends something, as its statistics lines have it:
 * a reply code (with its text) counts by its class.  NULL for the others.
 */
const char *verdict_status(enum verdict, const char *text);

/* The verdict of a reply code (SMFIR_*), or VERDICT_N when it is none. */
enum verdict verdict_of_reply(int reply);

enum verdict_effect {
	EFFECT_CONTINUE,	/* the next child's turn */
	EFFECT_OUT_SESSION,	/* this child is done with the session */
	EFFECT_OUT_MESSAGE,	/* this child is done with the message */
	EFFECT_SKIP,		/* no more of this stage in this message */
	EFFECT_RECIPIENT,	/* decides, for this recipient only */
	EFFECT_COMMAND,		/* decides, for this command only */
	EFFECT_MESSAGE,		/* decides, and the message is over */
	EFFECT_SESSION,		/* decides, for the rest of the session */
	EFFECT_WARN		/* means nothing here: as continue, with a
				   warning (discard at connect and helo) */
};
/* What a verdict does at a stage; milter-protocol 5.1 and 5.2. */
enum verdict_effect verdict_effect(enum stage, enum verdict);
bool	verdict_decides(enum stage, enum verdict);

/* A child's place in the order at one event. */
struct verdict_slot {
	enum verdict	 verdict;	/* PENDING, CONTINUE: also not asked */
	bool		 out;		/* done with message or session */
	bool		 evaluated;	/* evaluation_mode: never decides */
	char		*text;		/* of REPLYCODE; not merged */
};

/*
 * Merges the n slots of one event, in order: the first deciding one wins and
 * those behind it do not matter; a pending one before any that decides leaves
 * it open.  Otherwise ACCEPT when every child is out (and n > 0), SKIP at the
 * body when every child that is not out skips, else CONTINUE.
 * *who is the slot that decided, or n.
 */
enum verdict verdict_merge(enum stage, const struct verdict_slot *, size_t n,
	    size_t *who);

#endif /* MANAGER_VERDICT_H */
