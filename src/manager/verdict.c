/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * verdict.c - turn the children's replies at one stage into one verdict.
 * Owns:      what each reply means at each stage, and the rule of the merge.
 * Called by: the session when a child has replied; tests/atf/t_verdict.c.
 * Must not:  do I/O, look at the clock, or know which stage comes next.
 */
#include "compat.h"

#include "manager/verdict.h"
#include "milter/wire.h"

const char *
verdict_name(enum verdict v)
{
	static const char *const names[VERDICT_N] = {
		"pending", "continue", "accept", "skip", "reject", "tempfail",
		"replycode", "shutdown", "discard", "quarantine",
	};

	return (v < VERDICT_N ? names[v] : "none");
}

const char *
verdict_status(enum verdict v, const char *text)
{
	switch (v) {
	case VERDICT_ACCEPT:
		return ("accept");
	case VERDICT_REPLYCODE:
		if (text == NULL || text[0] != '4')
			return ("reject");
		/* FALLTHROUGH */
	case VERDICT_TEMPFAIL:
	case VERDICT_SHUTDOWN:
		return ("temporary-failure");
	case VERDICT_REJECT:
		return ("reject");
	case VERDICT_DISCARD:
		return ("discard");
	case VERDICT_QUARANTINE:
		return ("quarantine");
	case VERDICT_PENDING:
	case VERDICT_CONTINUE:
	case VERDICT_SKIP:
	case VERDICT_N:
		break;
	}
	return (NULL);
}

enum verdict
verdict_of_reply(int reply)
{
	switch (reply) {
	case SMFIR_CONTINUE:
		return (VERDICT_CONTINUE);
	case SMFIR_ACCEPT:
		return (VERDICT_ACCEPT);
	case SMFIR_SKIP:
		return (VERDICT_SKIP);
	case SMFIR_REJECT:
		return (VERDICT_REJECT);
	case SMFIR_TEMPFAIL:
		return (VERDICT_TEMPFAIL);
	case SMFIR_REPLYCODE:
		return (VERDICT_REPLYCODE);
	case SMFIR_SHUTDOWN:
		return (VERDICT_SHUTDOWN);
	case SMFIR_DISCARD:
		return (VERDICT_DISCARD);
	default:
		return (VERDICT_N);
	}
}

/*
 * Columns: accept, skip, refusal (reject, tempfail, reply code, shutdown),
 * discard.  Continue is continue everywhere.
 */
static const unsigned char verdict_effects[STAGE_N][4] = {
	[STAGE_NEGOTIATE] = { EFFECT_CONTINUE, EFFECT_CONTINUE,
	    EFFECT_SESSION, EFFECT_CONTINUE },
	/*
	 * Discard: Sendmail would stop filtering the session, Postfix takes
	 * it as continue with a warning.  We do as Postfix, to both.
	 */
	[STAGE_CONNECT] = { EFFECT_OUT_SESSION, EFFECT_SKIP,
	    EFFECT_SESSION, EFFECT_WARN },
	[STAGE_HELO] = { EFFECT_OUT_SESSION, EFFECT_SKIP,
	    EFFECT_SESSION, EFFECT_WARN },
	[STAGE_MAIL] = { EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_MESSAGE, EFFECT_MESSAGE },
	[STAGE_RCPT] = { EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_RECIPIENT, EFFECT_MESSAGE },
	[STAGE_DATA] = { EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_MESSAGE, EFFECT_MESSAGE },
	/*
	 * Accept and discard of an unknown command must not reach the MTA:
	 * Postfix may panic on the one, Sendmail discards the next message
	 * unseen on the other.  A libmilter child that accepts is done with
	 * the message: it would not even reply to DATA.
	 */
	[STAGE_UNKNOWN] = { EFFECT_OUT_MESSAGE, EFFECT_CONTINUE,
	    EFFECT_COMMAND, EFFECT_CONTINUE },
	[STAGE_HEADER] = { EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_MESSAGE, EFFECT_MESSAGE },
	[STAGE_EOH] = { EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_MESSAGE, EFFECT_MESSAGE },
	[STAGE_BODY] = { EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_MESSAGE, EFFECT_MESSAGE },
	[STAGE_EOM] = { EFFECT_OUT_MESSAGE, EFFECT_OUT_MESSAGE,
	    EFFECT_MESSAGE, EFFECT_MESSAGE },
};

enum verdict_effect
verdict_effect(enum stage stage, enum verdict v)
{
	switch (v) {
	case VERDICT_ACCEPT:
		return ((enum verdict_effect)verdict_effects[stage][0]);
	case VERDICT_SKIP:
		return ((enum verdict_effect)verdict_effects[stage][1]);
	case VERDICT_REJECT:
	case VERDICT_TEMPFAIL:
	case VERDICT_REPLYCODE:
	case VERDICT_SHUTDOWN:
		return ((enum verdict_effect)verdict_effects[stage][2]);
	case VERDICT_DISCARD:
		return ((enum verdict_effect)verdict_effects[stage][3]);
	case VERDICT_PENDING:
	case VERDICT_CONTINUE:
	case VERDICT_QUARANTINE:
	case VERDICT_N:
		break;
	}
	/* At end of message continue and accept are the same. */
	return (stage == STAGE_EOM ? EFFECT_OUT_MESSAGE : EFFECT_CONTINUE);
}

bool
verdict_decides(enum stage stage, enum verdict v)
{
	switch (verdict_effect(stage, v)) {
	case EFFECT_RECIPIENT:
	case EFFECT_COMMAND:
	case EFFECT_MESSAGE:
	case EFFECT_SESSION:
		return (true);
	case EFFECT_CONTINUE:
	case EFFECT_OUT_SESSION:
	case EFFECT_OUT_MESSAGE:
	case EFFECT_SKIP:
	case EFFECT_WARN:
		break;
	}
	return (false);
}

enum verdict
verdict_merge(enum stage stage, const struct verdict_slot *slot, size_t n,
    size_t *who)
{
	size_t i, out = 0, skip = 0;

	for (i = 0; i < n; i++) {
		if (slot[i].verdict == VERDICT_PENDING) {
			*who = i;
			return (VERDICT_PENDING);
		}
		if (slot[i].out)
			out++;
		else if (slot[i].verdict == VERDICT_SKIP)
			skip++;
		else if (!slot[i].evaluated &&
		    verdict_decides(stage, slot[i].verdict)) {
			*who = i;
			return (slot[i].verdict);
		}
	}
	*who = n;
	if (n > 0 && out == n && stage != STAGE_UNKNOWN)
		return (VERDICT_ACCEPT);
	if (stage == STAGE_BODY && skip > 0 && skip + out == n)
		return (VERDICT_SKIP);
	return (VERDICT_CONTINUE);
}
