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

#include <stdio.h>

#include "base/json.h"
#include "manager/session_internal.h"

/* Of foreign text so many bytes are kept, and of all recipients together. */
#define ACCOUNT_TEXT_MAX	256u
#define ACCOUNT_RCPTS_MAX	1024u
/* And so many bytes of each are written, at the most. */
#define ACCOUNT_WORD		48u	/* queue id, address */
#define ACCOUNT_NAME		100u	/* of a host, a child, a condition */
#define ACCOUNT_MAIL		120u	/* an address */
#define ACCOUNT_REASON		200u
#define ACCOUNT_RCPTS		256u	/* all that are named */

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
	size_t pos = 0, i;

	if (s->stage == STAGE_CONNECT)
		account_client(a, pkt);
	else if (s->stage == STAGE_MAIL) {
		text = packet_next_string(pkt, &pos);
		account_keep(&a->sender, text != NULL ? text : "");
		a->open = true;
		a->since = loop_now(s->mta.loop);
		for (i = 0; i < s->n; i++) {
			s->child[i].said = NULL;
			s->child[i].message_ms = s->child[i].waited_ms;
		}
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

/* --- the line ------------------------------------------------------------ */

/* The beginning of a member, or of an entry of a list. */
static void
account_key(struct buf *b, const char *key)
{
	if (log_format() == LOG_TEXT)
		(void)buf_printf(b, " %s=", key);
	else
		(void)buf_printf(b, "%s\"%s\": ", b->len > 0 &&
		    buf_ptr(b)[b->len - 1] != '{' ? ", " : "", key);
}

/* Nothing for NULL. */
static void
account_text(struct buf *b, const char *key, const char *value, size_t max)
{
	if (value == NULL)
		return;
	account_key(b, key);
	(void)log_value(b, value, max);
}

static void
account_number(struct buf *b, const char *key, uint64_t value)
{
	account_key(b, key);
	(void)buf_printf(b, "%llu", (unsigned long long)value);
}

/* The recipients: how many, and the first ones by name. */
static void
account_recipients(struct buf *b, const struct account *a)
{
	const char *p = (const char *)buf_ptr(&a->rcpts);
	bool json = log_format() == LOG_JSON;
	size_t at = 0, start;

	account_number(b, "recipients", a->n_rcpts);
	if (a->rcpts.len == 0)
		return;
	account_key(b, "rcpt");
	start = b->len;
	(void)buf_add(b, "[", json);
	while (at < a->rcpts.len && b->len - start < ACCOUNT_RCPTS) {
		if (at > 0)
			(void)buf_add(b, ", ", json ? 2 : 1);
		(void)log_value(b, p + at, ACCOUNT_MAIL);
		at += strlen(p + at) + 1;
	}
	(void)buf_add(b, "]", json);
}

/* What it has said of the message that is about to end. */
static const char *
account_said(const struct child *c)
{
	if (c->kept_out || c->stopped)
		return ("stop");
	if (c->said != NULL)
		return (c->said);
	if (c->state == CHILD_FAILED)
		return ("error");
	if (c->state == CHILD_DONE)
		return (c->status);
	return (c->in_message ? "abort" : "none");
}

static void
account_child(struct buf *b, const struct child *c)
{
	const char *said = account_said(c);
	const char *fallback;

	account_text(b, log_format() == LOG_JSON ? "name" : "child",
	    c->conf->name, ACCOUNT_NAME);
	account_text(b, "verdict", said, ACCOUNT_WORD);
	account_number(b, "ms", c->waited_ms + account_waiting(c) -
	    c->message_ms);
	if (c->conf->evaluation_mode)
		account_text(b, "evaluated", "yes", ACCOUNT_WORD);
	if (strcmp(said, "stop") == 0 && c->stopped_by != NULL)
		account_text(b, "condition", c->stopped_by->name,
		    ACCOUNT_NAME);
	if (strcmp(said, "error") == 0) {
		fallback = verdict_status(fallback_of_child(c), NULL);
		account_text(b, "reason", c->why, ACCOUNT_REASON);
		account_text(b, "fallback", fallback, ACCOUNT_WORD);
	}
}

/* All of them, or as many as there is room for. */
static void
account_children(struct buf *b, const struct session *s)
{
	bool json = log_format() == LOG_JSON;
	struct buf one;
	size_t i, room = LOG_MEMBERS_MAX - 32;	/* "more", and brackets */

	memset(&one, 0, sizeof(one));
	if (json) {
		account_key(b, "children");
		(void)buf_add_u8(b, '[');
	}
	for (i = 0; i < s->n; i++) {
		buf_clear(&one);
		if (json)
			(void)buf_printf(&one, "%s{", i > 0 ? ", " : "");
		account_child(&one, &s->child[i]);
		(void)buf_add(&one, "}", json);
		if (b->len + one.len > room)
			break;
		(void)buf_add(b, buf_ptr(&one), one.len);
	}
	(void)buf_add(b, "]", json);
	if (i < s->n)
		account_number(b, "more", s->n - i);
	buf_free(&one);
}

/*
 * Who has decided, and with what reply, is told first.  Where memory ends there
 * is less of it, but one line.
 */
static void
account_line(const struct session *s, unsigned level, const char *verdict,
    const char *by, enum stage stage, const char *text)
{
	const struct account *a = &s->account;
	struct buf b;

	if (!log_wants(level))
		return;
	memset(&b, 0, sizeof(b));
	account_text(&b, "verdict", verdict, ACCOUNT_WORD);
	account_text(&b, "stage", stage_table[stage].name, ACCOUNT_WORD);
	account_text(&b, "by", by, ACCOUNT_NAME);
	account_text(&b, "text", text, ACCOUNT_REASON);
	account_text(&b, "queue_id", account_queue_id(s), ACCOUNT_WORD);
	account_text(&b, "client", a->address, ACCOUNT_WORD);
	account_text(&b, "name", a->name, ACCOUNT_NAME);
	account_text(&b, "sender", a->sender, ACCOUNT_MAIL);
	account_recipients(&b, a);
	account_number(&b, "size", a->bytes);
	account_number(&b, "ms", loop_now(s->mta.loop) - a->since);
	account_children(&b, s);
	if (buf_add_u8(&b, 0) == 0)
		log_members(level, s->id, "message",
		    (const char *)buf_ptr(&b));
	buf_free(&b);
}

/* Counted once, told once. */
static bool
account_close(struct session *s, const char *status)
{
	struct account *a = &s->account;

	if (!a->open)
		return (false);
	a->open = false;
	stats_total(s->gen->stats)->messages[stats_status(status)]++;
	return (true);
}

/* Who has it held: the last one by an edit, or the first by its fallback. */
static const struct child *
account_holder(const struct session *s)
{
	const struct child *c;
	size_t i;

	for (i = s->n; i-- > 0; ) {
		c = &s->child[i];
		if (c->said != NULL && strcmp(c->said, "quarantine") == 0)
			return (c);
	}
	for (i = 0; i < s->n; i++) {
		c = &s->child[i];
		if (c->state == CHILD_FAILED &&
		    fallback_of_child(c) == VERDICT_QUARANTINE)
			return (c);
	}
	return (NULL);
}

void
account_held(struct session *s, const char *reason)
{
	account_keep(&s->account.held, reason);
}

void
account_verdict(struct session *s, const struct child *who, enum stage stage,
    enum verdict v, const char *text)
{
	const char *status = v == VERDICT_SHUTDOWN ? "shutdown" :
	    verdict_status(v, text);
	const char *by = NULL;

	if (status == NULL)
		status = "pass";
	if (!account_close(s, status))
		return;
	if (v == VERDICT_QUARANTINE) {
		who = account_holder(s);
		text = s->account.held;
	}
	if (who != NULL)
		by = who->conf->name;
	else if (v == VERDICT_QUARANTINE || verdict_decides(stage, v))
		by = "milter-manager";
	account_line(s, LOGL_MESSAGE, status, by, stage, text);
}

void
account_message_end(struct session *s)
{
	struct account *a = &s->account;

	if (account_close(s, "abort"))
		account_line(s, LOGL_INFO, "abort", NULL, s->last_stage, NULL);
	free(a->sender);
	free(a->held);
	a->sender = a->held = NULL;
	buf_free(&a->rcpts);
	a->n_rcpts = 0;
	a->bytes = 0;
}

/* --- statistics ---------------------------------------------------------- */

char *
account_seconds(uint64_t ms, char dst[ACCOUNT_SECONDS])
{
	unsigned long long whole = ms / 1000;
	char *end;

	(void)snprintf(dst, ACCOUNT_SECONDS, "%llu.%03u", whole,
	    (unsigned)(ms % 1000));
	/* No zeros at its end, and no point behind which there is nothing. */
	for (end = dst + strlen(dst); end[-1] == '0'; end--)
		continue;
	end[end[-1] == '.' ? -1 : 0] = '\0';
	return (dst);
}

/*
 * "[statistics] [milter][end][STAGE][STATUS][SECONDS](ID): NAME" is read by
 * upstream's log analyzer: the form is fixed.
 */
void
account_child_end(struct child *c)
{
	char seconds[ACCOUNT_SECONDS];

	c->run->stats->status[stats_status(c->status)]++;
	log_write(LOGL_STATISTICS, "[milter][end][%s][%s][%s](%u): %s",
	    stage_table[c->last_stage].upstream, c->status,
	    account_seconds(c->waited_ms, seconds), c->id, c->conf->name);
}

void
account_failed(struct child *c, const char *reason)
{
	free(c->why);
	c->why = strdup(reason);
	c->run->stats->failures++;
	account_child_end(c);
}

uint64_t
account_waiting(const struct child *c)
{
	return (c->waiting == STAGE_N ? 0 :
	    loop_now(c->session->mta.loop) - c->wait_since);
}

void
account_reply(struct child *c)
{
	stats_reply(c->run->stats, loop_now(c->session->mta.loop) -
	    c->wait_since);
}

void
account_session_end(struct session *s)
{
	struct stats_total *total = stats_total(s->gen->stats);
	char seconds[ACCOUNT_SECONDS];

	total->sessions++;
	total->status[stats_status(s->status)]++;
	log_write(LOGL_STATISTICS, "[session][end][%s][%s][%s](%u)",
	    stage_table[s->last_stage].upstream, s->status,
	    account_seconds(loop_now(s->mta.loop) - s->since, seconds), s->id);
}

void
account_body(struct session *s, size_t n)
{
	s->account.bytes += n;
	stats_total(s->gen->stats)->bytes += n;
}

void
account_header(const struct session *s, const struct child *c,
    const struct packet *pkt)
{
	char name[200], value[600];
	struct packet_header h;

	if (!log_wants(LOGL_STATISTICS) || (pkt->code != SMFIR_ADDHEADER &&
	    pkt->code != SMFIR_INSHEADER && pkt->code != SMFIR_CHGHEADER) ||
	    packet_get_header(pkt, &h) != PACKET_OK || h.valuelen == 0)
		return;
	log_escape(name, sizeof(name), h.name, h.namelen);
	log_escape(value, sizeof(value), h.value, h.valuelen);
	if (c != NULL)
		log_write(LOGL_STATISTICS, "[milter][header][add](%u): "
		    "<%s>=<%s>: %s", c->id, name, value, c->conf->name);
	else
		log_write(LOGL_STATISTICS, "[session][header][add](%u): "
		    "<%s>=<%s>", s->id, name, value);
}

void
account_end(struct session *s)
{
	struct account *a = &s->account;
	size_t i;

	free(a->address);
	free(a->name);
	a->address = a->name = NULL;
	for (i = 0; i < s->n; i++) {
		free(s->child[i].why);
		s->child[i].why = NULL;
	}
}

#undef ACCOUNT_TEXT_MAX
#undef ACCOUNT_RCPTS_MAX
#undef ACCOUNT_WORD
#undef ACCOUNT_NAME
#undef ACCOUNT_MAIL
#undef ACCOUNT_REASON
#undef ACCOUNT_RCPTS
