/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * content.c - header, eoh, body and eom: each child in turn is given the whole
 * message, as the ones before it have left it.
 * Owns:      the cursor of the current child, the spooling of the body, and the
 *            way from one child to the next.
 * Called by: session.c.
 * Must not:  know how edits are carried out or sent (finish.c, message/).
 *
 * The current child (session->walk) is fed from its cursor as far as the MTA
 * has come: while the message arrives that is a plain pass-through, later it is
 * a replay.  Parallel children are fed beside it, from the message as it came;
 * when one of them is through, its verdict is held until it is the current one.
 * The body is kept only if a child behind the current one wants it, or one that
 * is fed lags.
 */
#include "compat.h"

#include <errno.h>

#include "manager/session_internal.h"

/* Has it more to be given of this message? */
static bool
content_is_open(const struct child *c)
{
	return (c->state == CHILD_READY && c->in_message);
}

static bool
content_takes_part(const struct child *c)
{
	return (content_is_open(c) || c->held);
}

/* Is it given the message now?  The current one is, and all parallel ones. */
static bool
content_is_fed(const struct session *s, size_t i)
{
	return ((i == s->walk || s->child[i].conf->parallel) &&
	    content_is_open(&s->child[i]));
}

static void
content_rewind(struct child *c)
{
	c->cursor = STAGE_HEADER;
	c->header_pos = 0;
	c->body_off = 0;
	c->reply.verdict = VERDICT_PENDING;
	c->plan = PLAN_OPEN;
}

/* Places the current child, if there is one, before the first header. */
static void
content_enter(struct session *s)
{
	struct child *c;

	while (s->walk < s->n) {
		c = &s->child[s->walk];
		if (content_takes_part(c)) {
			header_next_child(&s->headers,
			    child_wants(c, STAGE_HEADER));
			if (!c->conf->parallel)
				content_rewind(c);
			return;
		}
		if (fallback_decides(c))
			return;		/* its fallback has the word */
		s->walk++;
	}
}

/* Goes on to the next child when the current one is through. */
static void
content_leave(struct session *s)
{
	const struct child *c;

	if (s->walk >= s->n)
		return;
	c = &s->child[s->walk];
	if (content_takes_part(c) || fallback_decides(c))
		return;
	s->walk++;
	content_enter(s);
}

static bool
content_begin(struct session *s)
{
	size_t i;

	if (s->mta_kind == CONF_MTA_AUTO)
		s->mta_kind = CONF_MTA_SENDMAIL;
	s->content = s->data = true;
	s->walk = 0;
	body_init(&s->body, s->conf->body_memory_limit,
	    s->conf->spool_directory);
	if (header_init(&s->headers, session_is_postfix(s) ? HEADER_POSTFIX :
	    HEADER_SENDMAIL) == -1 || original_begin(s) == -1)
		return (false);
	for (i = 0; i < s->n; i++)
		if (s->child[i].conf->parallel)
			content_rewind(&s->child[i]);
	plan_recipients(s);
	content_enter(s);
	return (true);
}

/*
 * The message is decided: by a child (who), or by the manager (NULL).
 */
static void
content_decide(struct session *s, struct child *who, enum verdict v,
    const char *text)
{
	const char *status = verdict_status(v, text);
	enum stage stage = s->stage;

	if (v != VERDICT_ACCEPT)
		envelope_log(s, who, stage, v, text);
	else
		session_log(s, LOGL_INFO, "stage=%s verdict=accept",
		    stage_table[stage].name);
	s->status = status != NULL ? status : s->status;
	session_decide(s, v, text, false);
	if (who != NULL && who->state == CHILD_READY) {
		who->fate = who->status = who->said = s->status;
		who->in_message = false;	/* by its own verdict */
	}
	account_verdict(s, who, stage, v, text);
	loop_timer_stop(&s->progress);
	session_message_end(s);
	(void)session_reply(s, stage, v, s->decided.text);
	if (stage == STAGE_EOM)
		session_decide(s, VERDICT_PENDING, NULL, false);
	session_idle(s);
}

/* The manager itself cannot go on with this message. */
static void
content_give_up(struct session *s, const char *why)
{
	session_log(s, LOGL_ERROR, "stage=%s fallback=%s reason=%s",
	    stage_table[s->stage].name,
	    conf_status_name(s->conf->fallback_status), why);
	s->status = "error";
	content_decide(s, NULL, fallback_of_manager(s, s->stage), NULL);
}

/* Does it, or do its conditions, want the body? */
static bool
content_wants_body(const struct child *c)
{
	return (child_wants(c, STAGE_BODY) || plan_has(c, STAGE_BODY));
}

/* Must the rest of the body come, for the current child or one behind it? */
static bool
content_body_needed(const struct session *s)
{
	size_t i;

	for (i = s->walk; i < s->n; i++)
		if (content_is_open(&s->child[i]) &&
		    (content_wants_body(&s->child[i]) ||
		    plan_hears(&s->child[i], STAGE_BODY)))
			return (true);
	return (false);
}

static bool
content_spool(struct session *s, const unsigned char *data, size_t len)
{
	if (s->body.size == 0)
		s->body_base = s->body_seen;
	if (body_append(&s->body, data, len) == -1) {
		content_give_up(s, strerror(errno));
		return (false);
	}
	return (true);
}

/* Can a piece of the MTA's body go straight to this child? */
static bool
content_is_direct(const struct session *s, const struct child *c, size_t len)
{
	return (len <= MILTER_CHUNK_SIZE && c->cursor == STAGE_BODY &&
	    c->waiting == STAGE_N && c->body_off == s->body_seen &&
	    !plan_has(c, STAGE_BODY));
}

/*
 * A piece of body from the MTA: straight to those that are fed and have all
 * that came before, into the spool when one has not or others need it, too.
 */
static bool
content_body(struct session *s, const unsigned char *data, size_t len)
{
	bool keep = false;
	struct child *c;
	size_t i;

	account_body(s, len);
	for (i = s->walk; i < s->n && !keep; i++) {
		c = &s->child[i];
		keep = content_is_open(c) && content_wants_body(c) &&
		    (!content_is_fed(s, i) || !content_is_direct(s, c, len));
	}
	if (!keep)
		body_clear(&s->body);
	else if (!content_spool(s, data, len))
		return (false);
	for (i = s->walk; i < s->n; i++) {
		c = &s->child[i];
		if (content_is_fed(s, i) && child_wants(c, STAGE_BODY) &&
		    content_is_direct(s, c, len)) {
			c->body_off += len;
			child_command(c, STAGE_BODY, data, len);
		}
	}
	s->body_seen += len;
	return (true);
}

/* What content_feed() and its parts return. */
enum { CONTENT_NONE, CONTENT_SENT, CONTENT_WAITS };

/* May it be given that piece?  SENT: it has been stopped. */
static int
content_ask(struct child *c, enum stage stage, const struct plan_piece *piece)
{
	switch (plan_ask_piece(c, stage, piece)) {
	case PLAN_PENDING:
		return (CONTENT_WAITS);
	case PLAN_STOP:
		return (CONTENT_SENT);
	case PLAN_OPEN:
	case PLAN_RUN:
		break;
	}
	return (CONTENT_NONE);
}

/* One header field. */
static int
content_feed_header(struct session *s, struct child *c)
{
	const struct header_list *list = original_headers(s, c);
	bool wants = child_wants(c, STAGE_HEADER);
	size_t pos = c->header_pos;
	struct plan_piece piece;
	struct header_field f;
	struct buf out;
	int r;

	if (!wants && !plan_has(c, STAGE_HEADER)) {
		c->header_pos = list->n;
		return (CONTENT_NONE);
	}
	if (!header_next(list, &pos, &f)) {
		c->header_pos = pos;
		return (CONTENT_NONE);
	}
	memset(&piece, 0, sizeof(piece));
	piece.name = f.name;
	piece.value = f.value;
	r = content_ask(c, STAGE_HEADER, &piece);
	if (r != CONTENT_NONE)
		return (r);
	c->header_pos = pos;
	if (!wants)
		return (CONTENT_SENT);
	/* The value as the MTA would have sent it to this one alone. */
	if ((s->agreed.protocol & SMFIP_HDR_LEADSPC) != 0 &&
	    (c->option.protocol & SMFIP_HDR_LEADSPC) == 0 && f.value[0] == ' ')
		f.value++;
	memset(&out, 0, sizeof(out));
	if (buf_add_str(&out, f.name) == -1 || buf_add_str(&out, f.value) == -1)
		child_fail(c, "out of memory");
	else
		child_command(c, STAGE_HEADER, buf_ptr(&out), out.len);
	buf_free(&out);
	return (CONTENT_SENT);
}

/* A piece of the body; -1: the spool cannot be read. */
static int
content_feed_body(struct session *s, struct child *c)
{
	const unsigned char *data;
	uint64_t base, seen;
	struct body *body = original_body(s, c, &base, &seen);
	struct plan_piece piece;
	ssize_t n;
	int r;

	if (!content_wants_body(c))
		c->body_off = seen;
	if (c->body_off >= seen)
		return (CONTENT_NONE);
	n = body_read(body, c->body_off - base, s->conf->chunk_size, &data);
	if (n == -1)
		return (-1);
	memset(&piece, 0, sizeof(piece));
	piece.body = data;
	piece.len = (size_t)n;
	r = content_ask(c, STAGE_BODY, &piece);
	if (r != CONTENT_NONE)
		return (r);
	c->body_off += (uint64_t)n;
	if (child_wants(c, STAGE_BODY))
		child_command(c, STAGE_BODY, data, (size_t)n);
	return (CONTENT_SENT);
}

/*
 * Gives a child the next thing that it lacks.  SENT: did; NONE: it has all that
 * the MTA has sent so far; WAITS: for its conditions; -1: the manager cannot go
 * on.
 */
static int
content_feed(struct session *s, struct child *c)
{
	bool behind = s->have_eoh || s->body_seen > 0 || s->have_eom;
	int r;

	switch (c->cursor) {
	case STAGE_HEADER:
		r = content_feed_header(s, c);
		if (r != CONTENT_NONE || !behind)
			return (r);
		c->cursor = STAGE_EOH;
		/* FALLTHROUGH */
	case STAGE_EOH:
		r = content_ask(c, STAGE_EOH, NULL);
		if (r != CONTENT_NONE)
			return (r);
		c->cursor = STAGE_BODY;
		if (child_wants(c, STAGE_EOH)) {
			child_command(c, STAGE_EOH, NULL, 0);
			return (CONTENT_SENT);
		}
		/* FALLTHROUGH */
	case STAGE_BODY:
		r = content_feed_body(s, c);
		if (r != CONTENT_NONE || !s->have_eom)
			return (r);
		r = content_ask(c, STAGE_EOM, NULL);
		if (r != CONTENT_NONE)
			return (r);
		c->cursor = STAGE_EOM;
		child_command(c, STAGE_EOM, NULL, 0);
		return (CONTENT_SENT);
	default:
		return (CONTENT_NONE);
	}
}

/*
 * The reply of a child that is fed: either it goes on, or its verdict on the
 * message is held until it is the current one.
 */
static void
content_replied(struct child *c)
{
	enum verdict_effect effect;

	effect = verdict_effect(c->replied, c->reply.verdict);
	if (effect == EFFECT_OUT_MESSAGE || effect == EFFECT_MESSAGE) {
		c->held = true;
		c->in_message = false;	/* by its own verdict */
		return;
	}
	if (effect == EFFECT_SKIP)
		c->skip |= 1u << c->replied;
	child_verdict_drop(&c->reply);
	child_check_lost(c);
}

/*
 * The current child's verdict on the message.  Returns false when that is
 * decided.
 */
static bool
content_heard(struct session *s, struct child *c)
{
	enum verdict v = c->reply.verdict;
	char *text = c->reply.text;
	bool go_on = true;

	c->reply.verdict = VERDICT_PENDING;
	c->reply.text = NULL;
	c->held = false;
	if (verdict_effect(c->replied, v) == EFFECT_OUT_MESSAGE) {
		if (v == VERDICT_ACCEPT)
			c->status = "accept";
		c->said = v == VERDICT_ACCEPT ? "accept" : "pass";
		c->fate = "accept";
		c->done = true;
		if (c->replied == STAGE_EOM && !c->conf->evaluation_mode &&
		    finish_apply(s, c) == -1) {
			content_give_up(s, "out of memory");
			go_on = false;
		}
	} else if (c->conf->evaluation_mode) {
		c->fate = c->status = c->said = verdict_status(v, text);
		session_log(s, LOGL_INFO, "child=%s stage=%s verdict=%s "
		    "evaluated only", c->conf->name,
		    stage_table[c->replied].name, verdict_name(v));
	} else {
		content_decide(s, c, v, text);
		go_on = false;
	}
	if (go_on)
		child_abort(c);		/* nothing of it is left here */
	free(text);
	return (go_on);
}

/*
 * Feeds a child as far as it can be fed.  1: it is waited for; 0: it has all
 * that there is, or is through; -1: the manager cannot go on.
 */
static int
content_advance(struct session *s, struct child *c)
{
	int r = CONTENT_SENT;

	while (r == CONTENT_SENT && content_is_open(c)) {
		if (c->waiting != STAGE_N)
			return (1);
		if (c->reply.verdict != VERDICT_PENDING)
			content_replied(c);
		else if (child_full(c))
			return (1);
		else
			r = content_feed(s, c);
	}
	return (r == -1 ? -1 : r == CONTENT_WAITS);
}

/* The same for all that are fed. */
static int
content_advance_all(struct session *s)
{
	int r, busy = 0;
	size_t i;

	for (i = s->walk; i < s->n; i++) {
		if (!content_is_fed(s, i))
			continue;
		r = content_advance(s, &s->child[i]);
		if (r == -1)
			return (-1);
		busy |= r;
	}
	return (busy);
}

/* Nothing more can be done before the MTA goes on: answer its event. */
static void
content_answer(struct session *s)
{
	enum verdict v = VERDICT_CONTINUE;

	if (s->walk >= s->n)
		v = fallback_all_failed(s) ? fallback_of_manager(s, s->stage) :
		    fallback_held(s) ? VERDICT_CONTINUE : VERDICT_ACCEPT;
	else if (s->stage == STAGE_BODY && !content_body_needed(s) &&
	    (s->offer.protocol & SMFIP_SKIP) != 0)
		v = VERDICT_SKIP;
	if (v == VERDICT_ACCEPT || v == VERDICT_QUARANTINE ||
	    verdict_decides(s->stage, v)) {
		content_decide(s, NULL, v, NULL);
		return;
	}
	(void)session_reply(s, s->stage, v, NULL);
	session_idle(s);
}

void
content_step(struct session *s)
{
	for (;;) {
		struct child *c;
		int busy;

		content_leave(s);
		if (s->walk >= s->n || (s->quarantined &&
		    session_is_postfix(s))) {
			if (s->have_eom && !fallback_all_failed(s))
				finish_begin(s);
			else
				content_answer(s);
			return;
		}
		c = &s->child[s->walk];
		if (c->state == CHILD_FAILED) {
			content_decide(s, c, fallback_of_child(c), NULL);
			return;
		}
		busy = content_advance_all(s);
		if (busy == -1) {
			content_give_up(s, strerror(errno));
			return;
		}
		if (c->held) {
			if (!content_heard(s, c))
				return;
			continue;
		}
		if (!content_is_open(c))
			continue;	/* it has failed */
		if (busy == 0)
			content_answer(s);
		return;
	}
}

/* Keeps a header field.  Returns false when the message is decided. */
static bool
content_header(struct session *s, const struct packet *pkt)
{
	struct packet_header h;

	if (packet_get_header(pkt, &h) != PACKET_OK)
		return (true);		/* checked before; cannot be */
	s->account.bytes += h.namelen + h.valuelen + 4;
	if (s->headers.bytes + h.namelen + h.valuelen >
	    s->conf->max_header_size) {
		content_give_up(s, "more header than manager.max_header_size");
		return (false);
	}
	if (s->headers.n >= HEADER_FIELDS_MAX) {
		content_give_up(s, "too many header fields");
		return (false);
	}
	if (header_append(&s->headers, h.name, h.value) == -1 ||
	    original_header(s, h.name, h.value) == -1) {
		content_give_up(s, "out of memory");
		return (false);
	}
	return (true);
}

static void
content_on_progress(struct loop_timer *t, void *arg)
{
	struct session *s = arg;

	session_progress(s);
	loop_timer_start(s->mta.loop, t, s->conf->progress_interval,
	    content_on_progress, s);
}

void
content_event(struct session *s, enum stage stage, const struct packet *pkt)
{
	s->stage = s->last_stage = stage;
	if (s->decided.verdict != VERDICT_PENDING) {
		(void)session_reply(s, stage, s->decided.verdict,
		    s->decided.text);
		if (stage == STAGE_EOM)
			session_forget(s);
		return;
	}
	if (!session_has_rcpt(s)) {
		session_log(s, LOGL_WARNING, "stage=%s out of order",
		    stage_table[stage].name);
		(void)session_reply(s, stage, fallback_of_manager(s, stage),
		    NULL);
		return;
	}
	s->mode = SESSION_CONTENT;
	deadline_start(s);
	if (!s->content && !content_begin(s)) {
		content_give_up(s, "out of memory");
		return;
	}
	switch (stage) {
	case STAGE_HEADER:
		if (!content_header(s, pkt))
			return;
		break;
	case STAGE_EOH:
		s->have_eoh = true;
		break;
	case STAGE_EOM:
		/*
		 * A payload here is the last piece of the body.  Children get
		 * it as a piece of its own: libmilter replies twice to the
		 * other form.
		 */
		s->have_eom = true;
		if (s->conf->progress_interval > 0)
			loop_timer_start(s->mta.loop, &s->progress,
			    s->conf->progress_interval, content_on_progress,
			    s);
		/* FALLTHROUGH */
	case STAGE_BODY:
		if (pkt->len > 0 && !content_body(s, pkt->data, pkt->len))
			return;
		break;
	default:
		break;
	}
	content_step(s);
}
