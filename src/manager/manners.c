/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * manners.c - to which command of ours a child's reply belongs.
 * Owns:      child->first; what is known of a child's manners
 *            (child_run->manners); how stale and unasked replies are told from
 *            the one that is waited for.  child.c counts both as it sends.
 * Called by: child.c.
 * Must not:  look at a verdict for more than whether it lets the message pass.
 *
 * A reply belongs to the oldest command that is owed one.  That is plain but
 * for children that said at negotiation that they would not reply to some
 * events (no-reply bits) and then do: whether a reply is the one that is waited
 * for depends on the child's manners, and its first session finds them out,
 *
 * - from a reply that comes while none is due,
 * - from two where one was due: the first is held back for a moment to see
 *   whether there is a second one,
 * - from an edit: the child is through then with all before the end of message.
 *
 * One that is silent is not held back any more; of one that is not, a reply is
 * held back only as long as not all that may come have come.  At the end of
 * message that is for its reading_timeout: it takes its time there, and an old
 * continue in place of its verdict would let the message pass unseen.
 *
 * libmilter writes no such replies; rspamd and libraries of other languages
 * have been seen to set these bits whatever they are offered.
 */
#include "compat.h"

#include "manager/session_internal.h"

static void
manners_is_chatty(struct child *c)
{
	if (c->run->manners != MANNERS_CHATTY)
		session_log(c->session, LOGL_WARNING, "child=%s replies to "
		    "what it said it would not: ignored from now on",
		    c->conf->name);
	c->run->manners = MANNERS_CHATTY;
	if (c->unasked > 0)
		c->unasked--;
	child_verdict_drop(&c->first);
}

uint64_t
manners_grace(const struct child *c)
{
	/* It may be at work on the message: that it passes is not said yet. */
	if (c->waiting == STAGE_EOM && c->run->manners == MANNERS_CHATTY &&
	    c->first.verdict == VERDICT_CONTINUE)
		return (c->conf->reading_timeout);
	return (MANNERS_GRACE_MS);
}

void
manners_take_first(struct child *c)
{
	if (c->run->manners == MANNERS_UNKNOWN)
		c->run->manners = MANNERS_SILENT;
	c->unasked = 0;
	c->reply = c->first;
	memset(&c->first, 0, sizeof(c->first));
	child_take_reply(c);
}

void
manners_on_edit(struct child *c)
{
	if (c->waiting != STAGE_EOM || c->unasked == 0)
		return;
	if (c->first.verdict != VERDICT_PENDING)
		manners_is_chatty(c);
	else if (c->run->manners == MANNERS_UNKNOWN)
		c->run->manners = MANNERS_SILENT;
	c->unasked = 0;
	child_restart_timer(c);
}

struct session_verdict *
manners_place(struct child *c, int code)
{
	if (c->stale > 0) {
		c->stale--;
		child_restart_timer(c);
		return (NULL);
	}
	if (c->waiting == STAGE_N) {
		if ((c->option.protocol & SMFIP_NR_MASK) != 0)
			manners_is_chatty(c);
		else
			child_fail(c, "%s although no reply was due",
			    packet_reply_name(code));
		return (NULL);
	}
	if (c->first.verdict != VERDICT_PENDING)
		manners_is_chatty(c);
	if (c->unasked == 0 || c->run->manners == MANNERS_SILENT) {
		c->unasked = 0;
		return (&c->reply);
	}
	return (&c->first);
}
