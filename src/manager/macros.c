/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * macros.c - the macro sets of a session, and which of them a child has.
 * Owns:      session->macros and child->macro_gen.
 * Called by: session.c when a frame comes, child.c before each command.
 * Must not:  send anything.
 *
 * The last frame of each command is kept whole.  A child gets a set under its
 * own command before the command it belongs to, also when content is replayed
 * to it, and also when it declined that command (then before the next one that
 * it does not decline).  It does not get the set of an event that never reached
 * it, because an earlier child had decided: the MTA would not have sent that
 * either, and a child must not take a refused recipient's for its own.
 */
#include "compat.h"

#include "manager/session_internal.h"

static size_t
macros_index(int command)
{
	const char *p = command == 0 ? NULL : strchr(SESSION_MACROS, command);

	return (p == NULL ? SESSION_MACRO_N : (size_t)(p - SESSION_MACROS));
}

int
macros_keep(struct session *s, const struct packet *pkt)
{
	struct session_macros *m;
	unsigned char *copy;
	size_t i;
	int stage;

	/* Frames of an odd stage or shape are dropped, as libmilter does. */
	if (packet_get_macro(pkt, &stage) != PACKET_OK)
		return (0);
	i = macros_index(stage);
	if (i == SESSION_MACRO_N)
		return (0);
	if (pkt->len > 1 && pkt->data[pkt->len - 1] != '\0')
		return (0);
	m = &s->macros[i];
	if (m->payload == NULL || m->len != pkt->len) {
		copy = malloc(pkt->len);
		if (copy == NULL)
			return (-1);
		free(m->payload);
		m->payload = copy;
		m->len = pkt->len;
	}
	memcpy(m->payload, pkt->data, pkt->len);
	/* Never the same number twice, so that 0 can be "none" again. */
	m->gen = ++s->macro_seq;
	/* Only Postfix sends macros before headers and body chunks. */
	if (s->mta_kind == CONF_MTA_AUTO &&
	    (stage == SMFIC_HEADER || stage == SMFIC_BODY))
		s->mta_kind = CONF_MTA_POSTFIX;
	return (0);
}

const char *
macros_value(const struct session *s, int command, const char *name)
{
	size_t i = macros_index(command), pos = 1;
	const struct session_macros *m;
	const char *key, *value;
	struct packet pkt;

	if (i == SESSION_MACRO_N || s->macros[i].gen == 0)
		return (NULL);
	m = &s->macros[i];
	memset(&pkt, 0, sizeof(pkt));
	pkt.code = SMFIC_MACRO;
	pkt.data = m->payload;
	pkt.len = m->len;
	while ((key = packet_next_string(&pkt, &pos)) != NULL &&
	    (value = packet_next_string(&pkt, &pos)) != NULL)
		if (option_macro_listed(name, key))
			return (value);
	return (NULL);
}

static int
macros_add_one(struct child *c, size_t i, struct buf *out)
{
	const struct session_macros *m = &c->session->macros[i];
	int stage = option_macro_stage(SESSION_MACROS[i]);
	const char *list = stage == -1 ? NULL : c->option.macros[stage];
	size_t before = out->len;

	c->macro_gen[i] = m->gen;
	/* An empty list: Sendmail sends no frame for that stage then. */
	if (list != NULL && list[0] == '\0' && !session_is_postfix(c->session))
		return (0);
	if (list != NULL && list[0] == '\0')
		list = NULL;
	if (option_add_macros(out, m->payload, m->len, list) == -1)
		return (-1);
	return (out->len - before > MILTER_LEN_BYTES + 1 + MILTER_CHUNK_SIZE);
}

int
macros_add(struct child *c, int command, struct buf *out)
{
	const struct session *s = c->session;
	size_t i, own = macros_index(command);
	bool each = command == SMFIC_HEADER || command == SMFIC_BODY;
	int r;

	for (i = 0; i < SESSION_MACRO_N && i <= own; i++) {
		/* Content sets belong to their own command only. */
		if (i != own && strchr("LNBE", SESSION_MACROS[i]) != NULL)
			continue;
		if (s->macros[i].gen == 0)
			continue;
		if (s->macros[i].gen == c->macro_gen[i] && !(each && i == own))
			continue;
		if ((r = macros_add_one(c, i, out)) != 0)
			return (r);
	}
	return (0);
}

void
macros_pass_by(struct child *c, int command)
{
	size_t i = macros_index(command);

	if (i < SESSION_MACRO_N)
		c->macro_gen[i] = c->session->macros[i].gen;
}

void
macros_new_message(struct session *s)
{
	size_t i;

	for (i = macros_index(SMFIC_RCPT); i < SESSION_MACRO_N; i++)
		s->macros[i].gen = 0;
}

void
macros_free(struct session *s)
{
	size_t i;

	for (i = 0; i < SESSION_MACRO_N; i++) {
		free(s->macros[i].payload);
		memset(&s->macros[i], 0, sizeof(s->macros[i]));
	}
}
