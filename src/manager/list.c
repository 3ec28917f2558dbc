/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * list.c - the sessions of now, for whoever asks the control socket.
 * Owns:      the form of the list, and the words for what is waited for.
 * Called by: daemon/.
 * Must not:  change anything.
 */
#include "compat.h"

#include "base/json.h"
#include "manager/manager_internal.h"
#include "manager/session_internal.h"

static uint64_t
list_ms(const struct session *s, uint64_t since)
{
	return (loop_now(s->mta.loop) - since);
}

static void
list_wait(struct json *j, const struct session *s, const char *what,
    const struct child *c, uint64_t since)
{
	json_open(j, NULL, '{');
	json_text(j, "for", what);
	if (c != NULL)
		json_text(j, "child", c->conf->name);
	json_number(j, "ms", list_ms(s, since));
	json_close(j, '}');
}

/* Whom or what of that child the MTA waits for; NULL: not for it. */
static const char *
list_waits(const struct session *s, const struct child *c)
{
	if (c->state == CHILD_DIALLING)
		return ("connection");
	if (c->state == CHILD_NEGOTIATING || c->waiting != STAGE_N)
		return ("reply");
	if (c->plan == PLAN_PENDING)
		return ("condition");
	/* It does not read what it is sent. */
	if (s->mode == SESSION_CONTENT && c->state == CHILD_READY &&
	    child_full(c))
		return ("reading");
	return (NULL);
}

static void
list_waits_for(struct json *j, const struct session *s)
{
	/* To go on, or to read what it is told. */
	bool mta = s->mode == SESSION_IDLE || s->mode == SESSION_FINISH;
	const char *what;
	size_t i;

	json_open(j, "waits_for", '[');
	if (mta)
		list_wait(j, s, "mta", NULL, s->waits_since);
	for (i = 0; i < s->n && !mta; i++) {
		const struct child *c = &s->child[i];

		what = list_waits(s, c);
		if (what != NULL)
			list_wait(j, s, what, c, c->waiting != STAGE_N ?
			    c->wait_since : s->waits_since);
	}
	json_close(j, ']');
}

static void
list_session(struct json *j, const struct session *s)
{
	const struct account *a = &s->account;

	json_open(j, NULL, '{');
	json_number(j, "id", s->id);
	json_text(j, "mta", s->peer);
	json_text(j, "client", a->address);
	json_text(j, "name", a->name);
	json_number(j, "age_ms", list_ms(s, s->since));
	/* Before the first event there is none. */
	json_text(j, "stage", s->negotiated ? stage_table[s->stage].name :
	    NULL);
	list_waits_for(j, s);
	json_text(j, "queue_id", account_queue_id(s));
	json_text(j, "sender", a->sender);
	json_number(j, "recipients", a->n_rcpts);
	json_close(j, '}');
}

int
manager_list(const struct manager *m, struct buf *json, size_t max)
{
	const struct session *s = m->sessions;
	struct json j;

	memset(&j, 0, sizeof(j));
	j.out = json;
	json_open(&j, NULL, '[');
	while (s != NULL && s->next != NULL)
		s = s->next;
	for (; s != NULL && max > 0; s = s->prev) {
		if (s->mode == SESSION_ENDED)
			continue;
		list_session(&j, s);
		max--;
	}
	json_close(&j, ']');
	return (j.failed ? -1 : 0);
}
