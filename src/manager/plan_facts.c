/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * plan_facts.c - what the conditions of a session's children are told of it.
 * Owns:      struct session_plan: its facts, from the first event to the last.
 * Called by: session.c at the beginning and end, envelope.c at each event; the
 *            facts themselves, for what changes from child to child.
 * Must not:  ask a condition (plan.c does).
 */
#include "compat.h"

#include <strings.h>

#include "manager/manager_internal.h"
#include "manager/plan_internal.h"

static const char *
plan_facts_macro(void *arg, const char *name)
{
	struct session_plan *p = arg;

	return (macros_known(p->child, name));
}

const char *
plan_value(const struct session *s, const char *value)
{
	return ((s->agreed.protocol & SMFIP_HDR_LEADSPC) != 0 &&
	    value[0] == ' ' ? value + 1 : value);
}

/* The first field of that name, as the child has them. */
static const char *
plan_facts_header(void *arg, const char *name)
{
	struct session_plan *p = arg;
	const struct session *s = p->child->session;
	const struct header_list *list = original_headers(s, p->child);
	struct header_field f;
	size_t pos = 0;

	while (header_next(list, &pos, &f))
		if (strcasecmp(f.name, name) == 0)
			return (plan_value(s, f.value));
	return (NULL);
}

/* Upstream's words for what has become of a child. */
static enum facts_child
plan_facts_child(void *arg, const struct conf_milter *m)
{
	static const char *const words[] = {
		[FACTS_CHILD_ACCEPTED] = "accept",
		[FACTS_CHILD_REJECTED] = "reject",
		[FACTS_CHILD_TEMPFAILED] = "temporary-failure",
		[FACTS_CHILD_DISCARDED] = "discard",
		[FACTS_CHILD_STOPPED] = "stop"
	};
	const struct session_plan *p = arg;
	const struct session *s = p->child->session;
	size_t i, k;

	for (i = 0; i < s->n; i++)
		if (s->child[i].conf == m && s->child[i].fate != NULL)
			for (k = 1; k < sizeof(words) / sizeof(words[0]); k++)
				if (strcmp(s->child[i].fate, words[k]) == 0)
					return ((enum facts_child)k);
	return (FACTS_CHILD_NONE);
}

static void
plan_facts_changed(void *arg)
{
	struct session_plan *p = arg;

	session_child_changed(p->child->session, NULL);
}

static void
plan_facts_forget(struct session_plan *p)
{
	facts_free(&p->facts);
	free(p->host);
	free(p->address);
	free(p->helo);
	free(p->sender);
}

static void
plan_facts_init(struct session *s)
{
	struct session_plan *p = s->plan;
	struct facts *f = &p->facts;

	memset(p, 0, sizeof(*p));
	p->child = &s->child[0];
	facts_init(f);
	f->conf = s->conf;
	f->loop = s->manager->loop;
	f->dns = s->gen->dns != NULL ? s->gen->dns->dns : NULL;
	f->feeds = s->gen->feeds;
	f->macro = plan_facts_macro;
	f->header = plan_facts_header;
	f->child = plan_facts_child;
	f->changed = plan_facts_changed;
	f->arg = p;
}

int
plan_begin(struct session *s)
{
	if (!s->gen->conditions)
		return (0);
	s->plan = malloc(sizeof(*s->plan));
	if (s->plan == NULL)
		return (-1);
	plan_facts_init(s);
	return (0);
}

void
plan_end(struct session *s)
{
	size_t i;

	if (s->plan == NULL)
		return;
	plan_facts_forget(s->plan);
	plan_facts_init(s);
	for (i = 0; i < s->n; i++) {
		struct child *c = &s->child[i];

		macros_unset(c, SMFIC_CONNECT, SMFIC_BODYEOB);
		c->plan = PLAN_OPEN;
		c->kept_out = c->stopped = false;
		c->fate = NULL;
	}
}

void
plan_message_end(struct session *s)
{
	struct session_plan *p = s->plan;
	size_t i;

	if (p == NULL)
		return;
	facts_new_message(&p->facts);
	free(p->sender);
	p->sender = NULL;
	p->facts.sender = p->facts.recipient = NULL;
	p->facts.recipients = 0;
	for (i = 0; i < s->n; i++) {
		struct child *c = &s->child[i];

		macros_unset(c, SMFIC_MAIL, SMFIC_BODYEOB);
		c->stopped = c->rcpt_shown = c->rcpt_hidden = false;
		if (c->plan == PLAN_STOP)
			c->plan = PLAN_RUN;
		if (c->state != CHILD_DONE && !c->kept_out)
			c->fate = NULL;
	}
}

/* CONNECT tells who the client is.  0 or -1. */
static int
plan_facts_client(struct session_plan *p, const struct packet *pkt)
{
	struct packet_connect client;
	enum eval_family family;

	if (packet_get_connect(pkt, &client) != PACKET_OK)
		return (0);		/* checked before; cannot be */
	free(p->host);
	free(p->address);
	p->host = strdup(client.host);
	p->address = strdup(client.address);
	if (p->host == NULL || p->address == NULL)
		return (-1);
	family = client.family == SMFIA_UNIX ? EVAL_UNIX :
	    client.family == SMFIA_UNKNOWN ? EVAL_UNKNOWN : EVAL_INET;
	p->facts.host = p->host;
	p->facts.client_port = client.port;
	facts_set_client(&p->facts, family, p->address);
	return (0);
}

int
plan_event(struct session *s, const struct packet *pkt)
{
	struct session_plan *p = s->plan;
	struct facts *f;
	size_t i;
	int command = stage_table[s->stage].command, r = 0;

	if (p == NULL)
		return (0);
	f = &p->facts;
	facts_next_event(f);
	switch (s->stage) {
	case STAGE_CONNECT:
		r = plan_facts_client(p, pkt);
		break;
	case STAGE_HELO:
		free(p->helo);
		p->helo = strndup((const char *)pkt->data, pkt->len);
		f->helo = p->helo;
		r = p->helo == NULL ? -1 : 0;
		break;
	case STAGE_MAIL:
		free(p->sender);
		f->sender = p->sender = malloc(pkt->len);
		f->sender_len = pkt->len;
		if (p->sender == NULL)
			return (-1);
		memcpy(p->sender, pkt->data, pkt->len);
		break;
	case STAGE_RCPT:
		if (!envelope_rejected_rcpt(s))
			f->recipients++;
		break;
	default:
		break;
	}
	/* It stays as long as the event does. */
	f->recipient = s->stage == STAGE_RCPT ?
	    (const char *)buf_ptr(&s->event) : NULL;
	f->recipient_len = s->event.len;
	for (i = 0; i < s->n; i++) {
		struct child *c = &s->child[i];

		c->plan = PLAN_OPEN;
		macros_unset(c, command, command);
		/* What was said of the last recipient. */
		if (c->in_message)
			c->fate = NULL;
	}
	/* Side by side: what they look up takes as long as the slowest. */
	for (i = 0; i < s->n && s->stage == STAGE_CONNECT; i++)
		(void)plan_ask(&s->child[i]);
	return (r);
}

void
plan_refused(struct session *s)
{
	if (s->plan != NULL)
		s->plan->facts.recipients--;
}
