/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * envelope.c - connect, helo, mail, rcpt, data and unknown: one child after the
 * other, up to the first deciding verdict.
 * Owns:      the walk over the children at one such event, and what a verdict
 *            does to the child that gave it and to the others.
 * Called by: session.c; plan*.c, which ask what has become of a recipient.
 * Must not:  know the content of a message, or how a verdict is ranked.
 *
 * This is what Postfix and Sendmail do with filters of their own: later ones do
 * not see an event that an earlier one has decided.  Parallel children are all
 * asked at once, when the event begins; their answers have their place in the
 * order all the same.  So have those that are asked while an earlier one's
 * conditions wait for an answer.
 */
#include "compat.h"

#include "manager/session_internal.h"

/*
 * A recipient that the MTA itself refuses is shown only to children that asked
 * for it, and nothing that they say can save it.
 */
bool
envelope_rejected_rcpt(const struct session *s)
{
	const char *mailer;

	if (s->stage != STAGE_RCPT ||
	    (s->agreed.protocol & SMFIP_RCPT_REJ) == 0)
		return (false);
	mailer = macros_value(s, SMFIC_RCPT, "rcpt_mailer");
	return (mailer != NULL && strcmp(mailer, "error") == 0);
}

static bool
envelope_stage_in_message(enum stage stage)
{
	return (stage == STAGE_MAIL || stage == STAGE_RCPT ||
	    stage == STAGE_DATA);
}

/* Sends the event to a child if it is to have it. */
static void
envelope_ask(struct session *s, struct child *c)
{
	if (s->stage == STAGE_DATA && c->in_message && c->rcpt_taken == 0 &&
	    (c->rcpt_asked > 0 || child_wants(c, STAGE_RCPT))) {
		/* It refused every recipient, or those before it did. */
		child_abort(c);
		return;
	}
	if (!child_wants(c, s->stage))
		return;
	if ((s->stage == STAGE_RCPT || s->stage == STAGE_DATA) &&
	    !c->in_message)
		return;
	if (s->stage == STAGE_UNKNOWN && (c->done || c->stopped ||
	    (c->in_message && s->data)))
		return;		/* out, or its state does not allow it now */
	if (s->stage == STAGE_RCPT && envelope_rejected_rcpt(s)) {
		if ((c->option.protocol & SMFIP_RCPT_REJ) == 0) {
			macros_pass_by(c, SMFIC_RCPT);
			return;
		}
	} else if (s->stage == STAGE_RCPT)
		c->rcpt_asked++;
	child_command(c, s->stage, buf_ptr(&s->event), s->event.len);
}

static void
envelope_taken(const struct session *s, struct child *c)
{
	if (s->stage == STAGE_RCPT && !envelope_rejected_rcpt(s))
		c->rcpt_taken++;
}

/* What the verdict means for the child itself. */
static void
envelope_effect(struct session *s, struct child *c, enum verdict v,
    struct verdict_slot *slot)
{
	bool evaluated = c->conf->evaluation_mode;

	switch (verdict_effect(s->stage, v)) {
	case EFFECT_CONTINUE:
		slot->verdict = VERDICT_CONTINUE;
		envelope_taken(s, c);
		break;
	case EFFECT_WARN:
		session_log(s, LOGL_WARNING, "child=%s stage=%s verdict=%s "
		    "means nothing here: taken as continue", c->conf->name,
		    stage_table[s->stage].name, verdict_name(v));
		slot->verdict = VERDICT_CONTINUE;
		break;
	case EFFECT_SKIP:
		c->skip |= 1u << s->stage;
		slot->verdict = VERDICT_CONTINUE;
		envelope_taken(s, c);
		break;
	case EFFECT_OUT_SESSION:
		c->fate = c->status = "accept";
		child_quit(c);
		break;
	case EFFECT_OUT_MESSAGE:
		c->fate = c->status = "accept";
		c->in_message = false;
		c->done = true;
		break;
	case EFFECT_RECIPIENT:
	case EFFECT_COMMAND:
		break;
	case EFFECT_SESSION:
		if (evaluated)
			child_quit(c);
		break;
	case EFFECT_MESSAGE:
		/*
		 * By its own verdict it is out: no ABORT is due to it.  But
		 * what it says to a recipient leaves libmilter in the message.
		 */
		if (s->stage == STAGE_RCPT)
			child_abort(c);
		c->in_message = false;
		break;
	}
}

/* Fills the slot of a child that owes no reply any more. */
static void
envelope_outcome(struct session *s, struct child *c, struct verdict_slot *slot)
{
	enum verdict v = c->reply.verdict;
	bool was_in = c->in_message;

	slot->evaluated = c->conf->evaluation_mode;
	slot->verdict = VERDICT_CONTINUE;
	if (c->plan == PLAN_STOP) {
		/* Of a message it is found out by the next event. */
		slot->out = s->stage != STAGE_MAIL && s->stage != STAGE_RCPT;
		return;
	}
	if (c->state == CHILD_FAILED) {
		v = fallback_of_child(c);
		slot->verdict = verdict_effect(s->stage, v) == EFFECT_WARN ?
		    VERDICT_CONTINUE : v;
		slot->out = v == VERDICT_ACCEPT;
		if (envelope_rejected_rcpt(s))
			slot->verdict = VERDICT_CONTINUE;
		return;
	}
	if (s->stage == STAGE_MAIL && c->state == CHILD_READY)
		was_in = c->in_message = true;
	if (v != VERDICT_PENDING) {
		if (envelope_rejected_rcpt(s) && v != VERDICT_ACCEPT)
			v = VERDICT_CONTINUE;
		slot->verdict = v;
		/* It may be gone before the MTA is answered. */
		slot->text = c->reply.text;
		c->reply.text = NULL;
		if (verdict_decides(s->stage, v))
			c->fate = c->status = verdict_status(v, slot->text);
		if (slot->evaluated && verdict_decides(s->stage, v))
			session_log(s, LOGL_INFO, "child=%s stage=%s "
			    "verdict=%s evaluated only", c->conf->name,
			    stage_table[s->stage].name, verdict_name(v));
		envelope_effect(s, c, v, slot);
		c->reply.verdict = VERDICT_PENDING;
	} else if (was_in && child_wants(c, STAGE_RCPT))
		envelope_taken(s, c);	/* it does not reply to recipients */
	slot->out = c->state != CHILD_READY ||
	    (envelope_stage_in_message(s->stage) && !c->in_message);
	/* A decision stands even though the one who made it is out. */
	if (!slot->evaluated && verdict_decides(s->stage, slot->verdict))
		slot->out = false;
}

void
envelope_log(const struct session *s, const struct child *c, enum stage stage,
    enum verdict v, const char *text)
{
	char safe[400];
	const char *rcpt = stage == STAGE_RCPT && s->event.len > 0 ?
	    (const char *)buf_ptr(&s->event) : "";
	char who[200];

	if (!log_wants(LOGL_MESSAGE))
		return;
	session_log(s, LOGL_MESSAGE, "child=%s stage=%s verdict=%s%s%s%s%s%s",
	    c != NULL ? c->conf->name : "-", stage_table[stage].name,
	    verdict_name(v), rcpt[0] != '\0' ? " rcpt=" : "",
	    log_escape(who, sizeof(who), rcpt, strlen(rcpt)),
	    text != NULL ? " text=" : "",
	    text == NULL ? "" : log_escape(safe, sizeof(safe), text,
	    strlen(text)),
	    c != NULL && c->state == CHILD_FAILED ? " reason=fallback" : "");
}

void
envelope_drop_texts(struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->slot[i].text);
		s->slot[i].text = NULL;
	}
}

/* All that is to be said about this event has been said. */
static void
envelope_finish(struct session *s, enum verdict v, size_t who)
{
	struct child *c = who < s->n ? &s->child[who] : NULL;
	const char *text = c != NULL ? s->slot[who].text : NULL;
	enum verdict_effect effect;
	enum verdict own = fallback_of_manager(s, s->stage);
	size_t i;

	/* Those that were sent it, too, have its macros. */
	for (i = who + 1; i < s->n; i++)
		macros_pass_by(&s->child[i], stage_table[s->stage].command);
	/* One that is only evaluated may still be there: that one goes on. */
	if ((v == VERDICT_ACCEPT || (!verdict_decides(s->stage, v) &&
	    verdict_decides(s->stage, own))) && fallback_all_failed(s))
		v = own;
	/* Accept would end the message, whatever other recipients it has. */
	if (envelope_rejected_rcpt(s))
		v = VERDICT_CONTINUE;
	if (verdict_decides(s->stage, v)) {
		envelope_log(s, c, s->stage, v, text);
		effect = verdict_effect(s->stage, v);
		s->status = verdict_status(v, text);
		if (effect == EFFECT_RECIPIENT)
			plan_refused(s);
		if (effect == EFFECT_SESSION)
			session_decide(s, v, text, true);
		else if (effect == EFFECT_MESSAGE) {
			session_decide(s, v, text, false);
			text = s->decided.text;
			/*
			 * Behind a refused DATA neither MTA resets the
			 * transaction; they say ABORT themselves.
			 */
			if (s->stage != STAGE_DATA || v == VERDICT_DISCARD)
				session_message_end(s);
		}
	} else if (v == VERDICT_ACCEPT)
		session_log(s, LOGL_INFO, "stage=%s verdict=accept",
		    stage_table[s->stage].name);
	if (s->stage == STAGE_RCPT && !verdict_decides(s->stage, v) &&
	    !envelope_rejected_rcpt(s)) {
		plan_taken(s);
		account_taken(s);
	}
	(void)session_reply(s, s->stage, v, text);
	buf_free(&s->event);
	envelope_drop_texts(s);
	for (i = 0; i < s->n; i++)
		child_check_lost(&s->child[i]);
	session_idle(s);
}

/* Asks it, unless that is done.  Returns whether it has been asked. */
static bool
envelope_ask_once(struct session *s, struct child *c)
{
	if (!c->asked && !child_full(c) && plan_ask(c) != PLAN_PENDING) {
		c->asked = true;
		c->reply.verdict = VERDICT_PENDING;
		if (c->plan == PLAN_STOP)
			plan_stop(c);
		else
			envelope_ask(s, c);
	}
	return (c->asked);
}

/*
 * The child whose turn it is waits for an answer to its conditions: those
 * behind it need not.  They are asked one after the other, up to one that
 * decides.
 */
static void
envelope_ahead(struct session *s)
{
	size_t i;

	for (i = s->walk + 1; i < s->n; i++) {
		struct child *c = &s->child[i];

		if (!envelope_ask_once(s, c)) {
			if (child_full(c))
				return;
			continue;	/* it waits, too */
		}
		if (c->conf->parallel)
			continue;
		if (c->waiting != STAGE_N || fallback_decides(c) ||
		    (!c->conf->evaluation_mode &&
		    verdict_decides(s->stage, c->reply.verdict)))
			return;
	}
}

/*
 * An earlier child has decided, and some behind it have been asked, too.  What
 * they say of a recipient or a command counts for themselves; of a message that
 * is over it does not.  Returns false while one is waited for.
 */
static bool
envelope_settle(struct session *s, enum verdict v, size_t who)
{
	enum verdict_effect effect = verdict_effect(s->stage, v);
	bool over = effect == EFFECT_MESSAGE || effect == EFFECT_SESSION;
	struct verdict_slot none;
	size_t i;

	for (i = who + 1; i < s->n && !over; i++)
		if (s->child[i].asked && s->child[i].waiting != STAGE_N)
			return (false);
	for (i = who + 1; i < s->n; i++) {
		struct child *c = &s->child[i];

		if (!c->asked)
			continue;
		if (!over) {
			/* Discard is none of the message: others go on. */
			if (s->stage == STAGE_RCPT &&
			    c->reply.verdict == VERDICT_DISCARD)
				c->reply.verdict = VERDICT_REJECT;
			memset(&none, 0, sizeof(none));
			envelope_outcome(s, c, &none);
			free(none.text);
			continue;
		}
		/* ABORT is due to it unless its own verdict was one, too. */
		effect = verdict_effect(s->stage, c->reply.verdict);
		if (effect == EFFECT_OUT_MESSAGE || (s->stage != STAGE_RCPT &&
		    effect == EFFECT_MESSAGE))
			c->in_message = false;
		else if (s->stage == STAGE_MAIL && c->state == CHILD_READY &&
		    c->plan != PLAN_STOP)
			c->in_message = true;
		child_forsake(c);
		child_check_lost(c);
	}
	return (true);
}

void
envelope_step(struct session *s)
{
	enum verdict v;
	size_t i, who;

	v = verdict_merge(s->stage, s->slot, s->n, &who);
	for (i = s->walk; i < s->n && v == VERDICT_PENDING; i++)
		if (s->child[i].conf->parallel)
			(void)envelope_ask_once(s, &s->child[i]);
	while (s->walk < s->n) {
		struct child *c = &s->child[s->walk];

		v = verdict_merge(s->stage, s->slot, s->n, &who);
		if (v != VERDICT_PENDING)
			break;
		if (!envelope_ask_once(s, c)) {
			if (c->plan == PLAN_PENDING)
				envelope_ahead(s);
			return;
		}
		if (c->waiting != STAGE_N)
			return;
		envelope_outcome(s, c, &s->slot[s->walk]);
		s->walk++;
	}
	v = verdict_merge(s->stage, s->slot, s->n, &who);
	/* No child at all: the manager's own word. */
	if (s->n == 0)
		envelope_finish(s, fallback_of_manager(s, s->stage), 0);
	else if (envelope_settle(s, v, who))
		envelope_finish(s, v, who);
}

/* May the MTA send this now?  libmilter would not even reply otherwise. */
static bool
envelope_in_order(const struct session *s, enum stage stage)
{
	switch (stage) {
	case STAGE_CONNECT:
		return (!s->connected);
	case STAGE_HELO:
	case STAGE_MAIL:
		return (s->connected ||
		    (s->agreed.protocol & SMFIP_NOCONNECT) != 0);
	case STAGE_RCPT:
		return (s->in_message && !s->data);
	case STAGE_DATA:
		return (session_has_rcpt(s) && !s->data);
	default:
		return (true);
	}
}

void
envelope_begin(struct session *s, enum stage stage, const struct packet *pkt)
{
	bool in_order = envelope_in_order(s, stage);
	size_t i;

	s->stage = s->last_stage = stage;
	/* The MTA forgot to say ABORT; Postfix says it behind a new HELO. */
	if (in_order && (stage == STAGE_HELO || stage == STAGE_MAIL))
		session_forget(s);
	/* A message's verdict is none on what does not belong to it. */
	if (s->decided.verdict != VERDICT_PENDING && (s->decided_session ||
	    stage == STAGE_RCPT || stage == STAGE_DATA)) {
		(void)session_reply(s, stage, s->decided.verdict,
		    s->decided.text);
		return;
	}
	if (!in_order) {
		session_log(s, LOGL_WARNING, "stage=%s out of order",
		    stage_table[stage].name);
		(void)session_reply(s, stage, fallback_of_manager(s, stage),
		    NULL);
		return;
	}
	if (stage == STAGE_UNKNOWN && s->content) {
		/* No child may have it, and the content has the walk. */
		(void)session_reply(s, stage, VERDICT_CONTINUE, NULL);
		return;
	}
	if (stage == STAGE_CONNECT) {
		s->connected = true;
		fallback_client(s, pkt);
	} else if (stage == STAGE_RCPT && !envelope_rejected_rcpt(s)) {
		s->rcpt = true;
	} else if (stage == STAGE_DATA) {
		s->data = true;
		plan_recipients(s);
	} else if (stage == STAGE_MAIL) {
		s->in_message = true;
		macros_new_message(s);
		for (i = 0; i < s->n; i++) {
			s->child[i].skip &= 1u << STAGE_CONNECT |
			    1u << STAGE_HELO;
			s->child[i].rcpt_asked = 0;
			s->child[i].rcpt_taken = 0;
			s->child[i].rcpt_shown = false;
			s->child[i].rcpt_hidden = false;
		}
	}
	buf_clear(&s->event);
	if (macros_complete(s, pkt) == -1 ||
	    buf_add(&s->event, pkt->data, pkt->len) == -1) {
		session_end(s, "out of memory");
		return;
	}
	for (i = 0; i < s->n; i++) {
		s->slot[i].verdict = VERDICT_PENDING;
		s->slot[i].out = s->slot[i].evaluated = false;
		s->child[i].asked = false;
	}
	s->walk = 0;
	account_event(s, pkt);
	if (stage == STAGE_CONNECT && limit_refuses(s, pkt)) {
		buf_free(&s->event);
		return;
	}
	if (plan_event(s, pkt) == -1) {
		session_end(s, "out of memory");
		return;
	}
	s->mode = SESSION_ENVELOPE;
	deadline_start(s);
	envelope_step(s);
}
