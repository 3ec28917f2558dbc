/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * original.c - the message as the MTA sent it, for parallel children.
 * Owns:      struct original: a second list of the header fields, and the body
 *            from the moment when an earlier child's new one takes its place.
 * Called by: content.c, finish.c, plan.c, plan_facts.c, session.c.
 * Must not:  cost anything in a session without a parallel child.
 *
 * Until a body is replaced the session's spool is the original, and both kinds
 * of children read from it.
 */
#include "compat.h"

#include "manager/session_internal.h"

int
original_begin(struct session *s)
{
	if (!s->parallel)
		return (0);
	return (header_init(&s->original.headers, s->headers.model));
}

int
original_header(struct session *s, const char *name, const char *value)
{
	if (!s->parallel)
		return (0);
	return (header_append(&s->original.headers, name, value));
}

const struct header_list *
original_headers(const struct session *s, const struct child *c)
{
	return (c->conf->parallel ? &s->original.headers : &s->headers);
}

struct body *
original_body(struct session *s, const struct child *c, uint64_t *base,
    uint64_t *seen)
{
	if (c->conf->parallel && s->original.own_body) {
		*base = s->original.base;
		*seen = s->original.seen;
		return (&s->original.body);
	}
	*base = s->body_base;
	*seen = s->body_seen;
	return (&s->body);
}

/* Is there a parallel child that has not got all of the body yet? */
static bool
original_wanted(const struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct child *c = &s->child[i];

		if (c->conf->parallel && c->state == CHILD_READY &&
		    c->in_message && c->cursor != STAGE_EOM)
			return (true);
	}
	return (false);
}

void
original_keep_body(struct session *s)
{
	if (s->original.own_body || s->body_replaced || !original_wanted(s)) {
		body_clear(&s->body);
		return;
	}
	s->original.own_body = true;
	s->original.body = s->body;
	s->original.base = s->body_base;
	s->original.seen = s->body_seen;
	body_init(&s->body, s->conf->body_memory_limit,
	    s->conf->spool_directory);
}

void
original_end(struct session *s)
{
	header_free(&s->original.headers);
	if (s->original.own_body)
		body_clear(&s->original.body);
	s->original.own_body = false;
}
