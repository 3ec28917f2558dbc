/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * account.c - what is told of a session and of each message in it.
 * Owns:      struct account.
 * Called by: the other files of manager/, when something is known.
 * Must not:  change what becomes of a message.
 */
#include "compat.h"

#include "manager/session_internal.h"

/* Of foreign text so many bytes are kept, and of all recipients together. */
#define ACCOUNT_TEXT_MAX	256u
#define ACCOUNT_RCPTS_MAX	1024u

/* Where memory ends it is not told. */
static void
account_keep(char **to, const char *text)
{
	free(*to);
	*to = strndup(text, ACCOUNT_TEXT_MAX);
}

static void
account_client(struct account *a, const struct packet *pkt)
{
	struct packet_connect client;

	if (packet_get_connect(pkt, &client) != PACKET_OK)
		return;			/* checked before; cannot be */
	account_keep(&a->address, client.address);
	account_keep(&a->name, client.host);
}

void
account_event(struct session *s, const struct packet *pkt)
{
	struct account *a = &s->account;
	const char *text;
	size_t pos = 0;

	if (s->stage == STAGE_CONNECT)
		account_client(a, pkt);
	else if (s->stage == STAGE_MAIL) {
		text = packet_next_string(pkt, &pos);
		account_keep(&a->sender, text != NULL ? text : "");
		a->open = true;
		a->since = loop_now(s->mta.loop);
	}
}

void
account_taken(struct session *s)
{
	struct account *a = &s->account;
	const char *text = (const char *)buf_ptr(&s->event);
	size_t len = strnlen(text, ACCOUNT_TEXT_MAX);

	a->n_rcpts++;
	if (s->event.len > 0 && a->rcpts.len + len < ACCOUNT_RCPTS_MAX &&
	    buf_reserve(&a->rcpts, len + 1) != NULL) {
		(void)buf_add(&a->rcpts, text, len);
		(void)buf_add_u8(&a->rcpts, 0);
	}
}

const char *
account_queue_id(const struct session *s)
{
	static const char commands[] = "EBNLTRM";
	const char *value = NULL;
	size_t i;

	for (i = 0; commands[i] != '\0' && value == NULL; i++)
		if (commands[i] != SMFIC_MAIL || macros_of_message(s))
			value = macros_value(s, commands[i], "i");
	return (value);
}

void
account_message_end(struct session *s)
{
	struct account *a = &s->account;

	free(a->sender);
	a->sender = NULL;
	buf_free(&a->rcpts);
	a->n_rcpts = 0;
	a->bytes = 0;
	a->open = false;
}

void
account_end(struct session *s)
{
	struct account *a = &s->account;

	free(a->address);
	free(a->name);
	a->address = a->name = NULL;
}

#undef ACCOUNT_TEXT_MAX
#undef ACCOUNT_RCPTS_MAX
