/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * plan.c - which children are to have an event: their conditions are asked, and
 * what these say is done.
 * Owns:      what a stop does to the child at each stage.
 * Called by: envelope.c and content.c before a child is sent anything;
 *            fallback.c, negotiate.c, plan_facts.c.
 * Must not:  know how a condition is evaluated (condition/), or answer the MTA.
 */
#include "compat.h"

#include <stdio.h>

#include "condition/condition.h"
#include "manager/manager_internal.h"
#include "manager/plan_internal.h"
#include "manager/shared.h"

/* ms of a round that one session's conditions may have. */
#define PLAN_TURN	10u

/* The stage as conditions have it, or -1. */
static int
plan_stage(enum stage stage)
{
	if (stage == STAGE_UNKNOWN)
		return (-1);
	return (stage < STAGE_UNKNOWN ? (int)stage - (int)STAGE_CONNECT :
	    (int)stage - (int)STAGE_HEADER + (int)CONF_HEADER);
}

bool
plan_has(const struct child *c, enum stage stage)
{
	int at = plan_stage(stage);

	return (at >= 0 && (c->run->needs.asks & 1u << at) != 0);
}

bool
plan_hears(const struct child *c, enum stage stage)
{
	int at = plan_stage(stage);

	return (at >= 0 && (c->run->needs.events & 1u << at) != 0);
}

bool
plan_is_stopped(const struct child *c)
{
	return (c->stopped || c->kept_out || c->plan == PLAN_STOP);
}

/* Bytes of the message as this child has it. */
static long
plan_size(struct session *s, const struct child *c)
{
	const struct header_list *list = original_headers(s, c);
	struct header_field f;
	uint64_t base, seen;
	size_t pos = 0;

	(void)original_body(s, c, &base, &seen);
	/* Each field with its colon, blank and line end; one blank line. */
	while (header_next(list, &pos, &f))
		seen += strlen(f.name) + strlen(plan_value(s, f.value)) + 4;
	return ((long)(seen + 2));
}

static void
plan_on_set(void *arg, bool note, const char *name, const char *value)
{
	struct child *c = arg;
	struct session *s = c->session;
	int r;

	if (note)
		r = facts_set_note(&s->plan->facts, name, value);
	else
		r = macros_set(c, stage_table[s->plan->stage].command, name,
		    value);
	if (r != 0)
		session_log(s, LOGL_ERROR, "child=%s %s is not set: %s",
		    c->conf->name, name, r == 1 ? "those of one stage have "
		    "more than 16 KiB" : "out of memory");
}

static void
plan_on_failed(void *arg, const struct conf_condition *condition,
    const char *why)
{
	const struct child *c = arg;
	char name[200], text[500];

	session_log(c->session, LOGL_WARNING, "child=%s condition=\"%s\" has "
	    "no answer: %s", c->conf->name, log_escape(name, sizeof(name),
	    condition->name, strlen(condition->name)), log_escape(text,
	    sizeof(text), why, strlen(why)));
}

static void
plan_log(const struct child *c, enum stage stage,
    const struct condition_stop *stop)
{
	const struct session *s = c->session;
	char text[900], who[200];
	const char *rcpt = stage == STAGE_RCPT ?
	    (const char *)buf_ptr(&s->event) : "";

	if (!log_wants(LOGL_MESSAGE))
		return;
	session_log(s, LOGL_MESSAGE, "child=%s state=stopped stage=%s%s%s %s",
	    c->conf->name, stage_table[stage].name,
	    stage == STAGE_RCPT ? " rcpt=" : "",
	    log_escape(who, sizeof(who), rcpt, strlen(rcpt)),
	    condition_format(stop, text, sizeof(text)));
}

/*
 * A sender can make a message of which thousands of header fields are held
 * against long lists: others get their turn in between.
 */
static bool
plan_is_over_time(struct session_plan *p)
{
	uint64_t now = loop_now(p->facts.loop);
	uint64_t behind = loop_behind(p->facts.loop);

	if (p->round != now) {
		p->round = now;
		p->until = behind + PLAN_TURN;
	}
	return (behind >= p->until);
}

/* Asks its conditions. */
static enum plan
plan_evaluate(struct child *c, enum stage stage)
{
	struct session *s = c->session;
	struct session_plan *p = s->plan;
	struct facts *f = &p->facts;
	struct condition_hooks hooks = { plan_on_set, plan_on_failed, c };
	struct condition_stop stop;
	const char *tls;

	if (plan_is_over_time(p)) {
		facts_ask_again(f);
		return (PLAN_PENDING);
	}
	p->child = c;
	p->stage = stage;
	tls = macros_known(c, "tls_version");
	f->tls = tls != NULL && tls[0] != '\0';
	f->authenticated = fallback_authenticated(s);
	f->postfix = session_is_postfix(s);
	f->connections = (long)shared_running(s->manager->shared);
	f->stressed = s->gen->stress > 0 &&
	    f->connections >= (long)s->gen->stress;
	switch (condition_ask(c->conf, (enum conf_stage)plan_stage(stage), f,
	    &hooks, &stop)) {
	case CONDITION_PENDING:
		return (PLAN_PENDING);
	case CONDITION_STOP:
		plan_log(c, stage, &stop);
		return (PLAN_STOP);
	case CONDITION_RUN:
		break;
	}
	return (PLAN_RUN);
}

/* Would it have the event, or its fallback a word? */
static bool
plan_concerns(const struct child *c)
{
	const struct session *s = c->session;

	if (!plan_has(c, s->stage) || c->kept_out || c->stopped ||
	    envelope_rejected_rcpt(s))
		return (false);
	if (c->state == CHILD_READY)
		return (c->in_message || (s->stage != STAGE_RCPT &&
		    s->stage != STAGE_DATA));
	/* Where it would not run nobody needs to answer for it. */
	return (c->state == CHILD_FAILED && !c->done);
}

enum plan
plan_ask(struct child *c)
{
	struct session *s = c->session;

	if (c->plan == PLAN_RUN || c->plan == PLAN_STOP)
		return (c->plan);
	if (!plan_concerns(c))
		c->plan = PLAN_RUN;
	else if (c->run->needs.in_turn && c != &s->child[s->walk])
		return (PLAN_PENDING);
	else
		c->plan = plan_evaluate(c, s->stage);
	return (c->plan);
}

void
plan_stop(struct child *c)
{
	c->fate = "stop";
	if (c->session->stage == STAGE_RCPT) {
		macros_pass_by(c, SMFIC_RCPT);
		return;
	}
	/* Of one that has failed the line is written. */
	if (c->state == CHILD_READY)
		c->status = c->fate;
	switch (c->session->stage) {
	case STAGE_CONNECT:
	case STAGE_HELO:
		c->kept_out = true;
		child_quit(c);
		break;
	case STAGE_MAIL:
		macros_pass_by(c, SMFIC_MAIL);
		/* FALLTHROUGH */
	default:
		c->stopped = true;
		child_abort(c);
		break;
	}
}

enum plan
plan_ask_piece(struct child *c, enum stage stage,
    const struct plan_piece *piece)
{
	struct session *s = c->session;
	struct facts *f;
	int command = stage_table[stage].command;

	if (!plan_has(c, stage))
		return (PLAN_RUN);
	f = &s->plan->facts;
	if (c->plan != PLAN_PENDING) {
		facts_next_event(f);
		macros_unset(c, command, command);
	}
	if (stage == STAGE_HEADER) {
		f->header_name = piece->name;
		f->header_value = plan_value(s, piece->value);
	} else if (stage == STAGE_BODY) {
		f->body = (const char *)piece->body;
		f->body_len = piece->len;
	} else if (stage == STAGE_EOM)
		f->size = plan_size(s, c);
	c->plan = plan_evaluate(c, stage);
	f->header_name = f->header_value = f->body = NULL;
	f->size = -1;
	if (c->plan == PLAN_PENDING)
		return (PLAN_PENDING);
	if (c->plan == PLAN_STOP) {
		c->fate = c->status = "stop";
		c->stopped = true;
		child_abort(c);
	}
	return (c->plan);
}

void
plan_taken(struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->child[i].plan == PLAN_STOP)
			s->child[i].rcpt_hidden = true;
		else
			s->child[i].rcpt_shown = true;
}

void
plan_recipients(struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		struct child *c = &s->child[i];

		c->plan = PLAN_OPEN;
		if (!c->rcpt_hidden || c->rcpt_shown)
			continue;
		c->rcpt_hidden = false;
		c->stopped = true;
		if (c->in_message)
			c->status = "stop";
		c->fate = "stop";
		child_abort(c);
	}
}

/* --- negotiation ---------------------------------------------------------- */

static void
plan_want(const char *name, void *arg)
{
	struct session *s = arg;

	/* Where memory ends, the MTA is not asked for it. */
	(void)option_want(&s->agreed, name);
}

void
plan_claim(struct session *s)
{
	struct condition_needs needs;
	size_t i, stage;

	for (i = 0; i < s->n; i++) {
		const struct child *c = &s->child[i];

		for (stage = 0; stage < STAGE_N; stage++)
			if (plan_hears(c, (enum stage)stage))
				s->agreed.protocol &=
				    ~stage_table[stage].no_bit;
		condition_look(c->conf, &needs, plan_want, s);
	}
}

#undef PLAN_TURN
