/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * negotiate.c - the option exchange with the MTA and with all children.
 * Owns:      when children are dialled, and what the MTA is answered.
 * Called by: session.c.
 * Must not:  know the rules of the merge; they are milter/option.c's.
 */
#include "compat.h"

#include "manager/session_internal.h"

static bool
negotiate_pending(const struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->child[i].state == CHILD_DIALLING ||
		    s->child[i].state == CHILD_NEGOTIATING)
			return (true);
	return (false);
}

static void
negotiate_dial(struct session *s)
{
	size_t i;

	s->mode = SESSION_NEGOTIATE;
	s->stage = STAGE_NEGOTIATE;
	deadline_start(s);
	for (i = 0; i < s->n; i++)
		child_start(&s->child[i]);
}

/*
 * A failed child whose fallback refuses mail must be able to say so at every
 * stage: it counts as one that declined nothing.
 */
static int
negotiate_merge(struct session *s)
{
	static const struct option wants_all = { MILTER_VERSION_MAX, 0, 0,
	    { NULL } };
	const struct option **list;
	size_t i, n = 0, editors = 0;
	int r;

	list = calloc(s->n + 1, sizeof(*list));
	if (list == NULL)
		return (-1);
	for (i = 0; i < s->n; i++) {
		const struct child *c = &s->child[i];

		if (c->state == CHILD_READY) {
			list[n++] = &c->option;
			if ((c->option.actions &
			    (SMFIF_ADDHDRS | SMFIF_CHGHDRS)) != 0)
				editors++;
		} else if (fallback_may_refuse(c))
			list[n++] = &wants_all;
	}
	/*
	 * Nobody is there: the event that gets the manager's own fallback has
	 * to come.
	 */
	if (n == 0)
		list[n++] = &wants_all;
	/* Operations of two children on fields need the fields themselves. */
	r = option_merge(&s->offer, list, n, editors > 1, &s->agreed);
	free(list);
	fallback_claim(s);
	plan_claim(s);
	limit_claim(s);
	return (r);
}

void
negotiate_begin(struct session *s, const struct packet *pkt)
{
	enum packet_error err;

	if (s->negotiated) {
		/* libmilter ignores a second one, too. */
		session_log(s, LOGL_DEBUG, "second SMFIC_OPTNEG ignored");
		return;
	}
	err = option_read_offer(pkt, &s->offer);
	if (err != PACKET_OK) {
		session_log(s, LOGL_WARNING, "stage=negotiate reason=%s",
		    packet_strerror(err));
		session_end(s, "bad negotiation");
		return;
	}
	s->negotiated = true;
	session_log(s, LOGL_INFO, "session opened mta=%s", s->peer);
	option_offer(&s->offer, &s->child_offer);
	negotiate_dial(s);
	negotiate_step(s);
}

/*
 * Whether the MTA, which is not asked again, will do what this child wants: one
 * that is only there now may want more than those who were there at first.
 */
static bool
negotiate_covers(const struct option *agreed, const struct option *want)
{
	int i;

	if ((want->actions & ~(agreed->actions | SMFIF_SETSYMLIST)) != 0 ||
	    (want->protocol & ~agreed->protocol & SMFIP_HDR_LEADSPC) != 0)
		return (false);
	for (i = 0; i < STAGE_N; i++) {
		const struct stage_row *row = &stage_table[i];

		if ((want->protocol & row->no_bit) != 0)
			continue;
		if ((agreed->protocol & row->no_bit) != 0 ||
		    (agreed->protocol & row->nr_bit & ~want->protocol) != 0)
			return (false);
	}
	return (true);
}

void
negotiate_redial(struct session *s)
{
	s->redial = false;
	negotiate_dial(s);
}

void
negotiate_step(struct session *s)
{
	struct buf out;
	size_t i;

	if (negotiate_pending(s))
		return;
	if (s->agreed.version != 0) {
		/* Dialled again behind QUIT_NC: the MTA has its answer. */
		for (i = 0; i < s->n; i++)
			if (s->child[i].state == CHILD_READY &&
			    !negotiate_covers(&s->agreed,
			    &s->child[i].option)) {
				s->child[i].blameless = true;
				child_fail(&s->child[i], "more than the MTA "
				    "was told of before QUIT_NC");
			}
		session_idle(s);
		return;
	}
	memset(&out, 0, sizeof(out));
	if (negotiate_merge(s) == -1 || option_add(&out, &s->agreed) == -1 ||
	    stream_write(&s->mta, buf_ptr(&out), out.len) == -1) {
		buf_free(&out);
		session_end(s, "out of memory");
		return;
	}
	buf_free(&out);
	session_log(s, LOGL_DEBUG, "stage=negotiate version=%u actions=%#x "
	    "protocol=%#x", (unsigned)s->agreed.version,
	    (unsigned)s->agreed.actions, (unsigned)s->agreed.protocol);
	session_idle(s);
}
