/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * session.c - one connection of an MTA, from accept to close.
 * Owns:      struct session; the order in which frames are taken; replies to
 *            the MTA; the end.
 * Called by: manager.c, and the loop through the MTA's stream.
 * Must not:  know what happens inside of a stage; negotiate.c, envelope.c,
 *            content.c and finish.c do.
 */
#include "compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "manager/manager_internal.h"
#include "manager/record.h"
#include "manager/session_internal.h"
#include "manager/shared.h"
#include "milter/stranger.h"

/* Bytes of an MTA that does not wait for us are kept up to here. */
#define SESSION_KEPT_HIGH	(256u * 1024u)
#define SESSION_LINGER_MS	2000u
/* An MTA with so many unread replies has to read before it may go on. */
#define SESSION_QUEUE_HIGH	(64u * 1024u)
/* An MTA that does not read is not sent more progress than this. */
#define SESSION_PROGRESS_HIGH	1024u

static size_t session_on_input(struct stream *, const unsigned char *, size_t,
    void *);
static void session_on_drained(struct stream *, void *);
static void session_on_closed(struct stream *, int, void *);

static const struct stream_ops session_ops = {
	session_on_input, session_on_drained, session_on_closed
};

void
session_log(const struct session *s, unsigned level, const char *fmt, ...)
{
	char line[1200];
	va_list ap;

	if (!log_wants(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_write(level, "%u %s", s->id, line);
}

static void session_on_idle(struct loop_timer *, void *);

static void
session_restart_idle(struct session *s)
{
	if (s->conf->idle_timeout > 0)
		loop_timer_start(s->mta.loop, &s->idle, s->conf->idle_timeout,
		    session_on_idle, s);
}

static void
session_on_idle(struct loop_timer *t, void *arg)
{
	struct session *s = arg;

	(void)t;
	if (s->mode == SESSION_IDLE || s->mode == SESSION_FINISH)
		session_end(s, "the MTA was silent for too long");
	else
		session_restart_idle(s);	/* it waits for us */
}

struct session *
session_new(struct manager *m, struct generation *gen, int fd, unsigned id,
    const char *peer)
{
	struct session *s = calloc(1, sizeof(*s));
	size_t i;

	if (s == NULL)
		return (NULL);
	s->manager = m;
	s->gen = gen;
	s->conf = gen->conf;
	s->n = gen->n;
	/* One more than needed: malloc(0) may be NULL. */
	s->child = calloc(s->n + 1, sizeof(*s->child));
	s->slot = calloc(s->n + 1, sizeof(*s->slot));
	s->peer = strdup(peer);
	if (s->child == NULL || s->slot == NULL || s->peer == NULL ||
	    plan_begin(s) == -1 ||
	    stream_open(&s->mta, m->loop, fd, &session_ops, s) == -1) {
		plan_end(s);
		free(s->plan);
		free(s->child);
		free(s->slot);
		free(s->peer);
		free(s);
		return (NULL);
	}
	gen->refs++;
	s->id = id;
	s->since = s->waits_since = loop_now(m->loop);
	s->mode = SESSION_IDLE;
	s->status = "pass";
	s->mta_kind = s->conf->mta;
	body_init(&s->body, s->conf->body_memory_limit,
	    s->conf->spool_directory);
	for (i = s->n = 0; i < gen->n; i++) {
		struct child *c = &s->child[s->n];

		/* Taken out by hand, as if enabled were false. */
		if (gen->run[i].stats->disabled != 0)
			continue;
		s->n++;
		c->session = s;
		c->run = &gen->run[i];
		c->conf = gen->run[i].conf;
		s->parallel = s->parallel || c->conf->parallel;
		c->waiting = STAGE_N;
		c->status = "pass";
		c->id = shared_id(m->shared);
	}
	record_begin(s);
	session_restart_idle(s);
	return (s);
}

static void
session_free(struct loop_task *t, void *arg)
{
	struct session *s = arg;
	struct manager *m = s->manager;
	size_t i;

	(void)t;
	for (i = 0; i < s->n; i++)
		option_free(&s->child[i].option);
	free(s->plan);
	free(s->child);
	free(s->slot);
	free(s->peer);
	option_free(&s->offer);
	option_free(&s->child_offer);
	option_free(&s->agreed);
	macros_free(s);
	buf_free(&s->event);
	free(s->decided.text);
	manager_session_gone(m, s);
	free(s);
}

void
session_end(struct session *s, const char *reason)
{
	struct loop *loop = s->mta.loop;
	uint64_t ms;
	size_t i;

	if (s->mode == SESSION_ENDED)
		return;
	s->mode = SESSION_ENDED;
	ms = loop_now(loop) - s->since;
	loop_timer_stop(&s->idle);
	loop_timer_stop(&s->progress);
	deadline_stop(s);
	for (i = 0; i < s->n; i++)
		child_end(&s->child[i]);
	envelope_drop_texts(s);
	session_message_end(s);
	plan_end(s);
	account_end(s);
	limit_end(s);
	/* Read by upstream's log analyzer: the form is fixed. */
	if (s->negotiated) {
		log_write(LOGL_STATISTICS,
		    "[session][end][%s][%s][%llu.%03llu](%u)",
		    stage_table[s->last_stage].upstream, s->status,
		    (unsigned long long)(ms / 1000),
		    (unsigned long long)(ms % 1000), s->id);
		session_log(s, LOGL_INFO, "session closed reason=%s", reason);
	} else
		session_log(s, LOGL_DEBUG, "no session mta=%s reason=%s",
		    s->peer, reason);
	stream_close_flushed(&s->mta, SESSION_LINGER_MS);
	record_end(s, reason);
	loop_task_start(loop, &s->task, session_free, s);
}

void
session_shut(struct session *s, const char *reason)
{
	/*
	 * An MTA that waits is told to come back, also when it has some of the
	 * edits already; the others find out.
	 */
	if (s->mode == SESSION_ENVELOPE || s->mode == SESSION_CONTENT ||
	    s->mode == SESSION_FINISH)
		(void)session_reply(s, s->stage, VERDICT_TEMPFAIL, NULL);
	session_end(s, reason);
}

void
session_reap(struct session *s)
{
	session_end(s, "freed");
	loop_task_stop(&s->task);
	session_free(&s->task, s);
}

void
session_idle(struct session *s)
{
	if (s->mode == SESSION_ENDED)
		return;
	s->mode = SESSION_IDLE;
	s->waits_since = loop_now(s->mta.loop);
	deadline_stop(s);
	/* Frames that came meanwhile are shown again from the loop. */
	stream_resume(&s->mta);
}

void
session_decide(struct session *s, enum verdict v, const char *text,
    bool for_session)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	free(s->decided.text);
	s->decided.text = copy;
	s->decided_session = for_session;
	s->decided.verdict = v;
	if (v == VERDICT_REPLYCODE && copy == NULL)
		s->decided.verdict = VERDICT_TEMPFAIL;	/* out of memory */
}

void
session_message_end(struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		child_abort(&s->child[i]);
		s->child[i].done = false;
	}
	plan_message_end(s);
	account_message_end(s);
	loop_timer_stop(&s->progress);
	header_free(&s->headers);
	body_clear(&s->body);
	original_end(s);
	buf_free(&s->edits);
	s->body_base = s->body_seen = 0;
	s->in_message = s->rcpt = s->data = s->content = false;
	s->have_eoh = s->have_eom = false;
	s->quarantined = s->body_replaced = false;
}

void
session_forget(struct session *s)
{
	session_message_end(s);
	if (!s->decided_session)
		session_decide(s, VERDICT_PENDING, NULL, false);
}

bool
session_has_rcpt(const struct session *s)
{
	return (s->in_message && (s->rcpt ||
	    (s->agreed.protocol & SMFIP_NORCPT) != 0));
}

bool
session_is_postfix(const struct session *s)
{
	return (s->mta_kind == CONF_MTA_POSTFIX);
}

bool
session_reply(struct session *s, enum stage stage, enum verdict v,
    const char *text)
{
	/* Our own text; the class and the code are what Postfix sends. */
	static const char shutdown[] =
	    "421 4.7.0 Service not available - closing connection";
	unsigned char head[MILTER_LEN_BYTES + 1] = { 0, 0, 0, 1, 0 };
	size_t len = 0;
	int code = SMFIR_CONTINUE;

	session_restart_idle(s);
	if ((s->agreed.protocol & stage_table[stage].nr_bit) != 0)
		return (false);
	switch (v) {
	case VERDICT_ACCEPT:
		code = SMFIR_ACCEPT;
		break;
	case VERDICT_SKIP:
		code = SMFIR_SKIP;
		break;
	case VERDICT_REJECT:
		code = SMFIR_REJECT;
		break;
	case VERDICT_TEMPFAIL:
		code = SMFIR_TEMPFAIL;
		break;
	case VERDICT_DISCARD:
		code = SMFIR_DISCARD;
		break;
	case VERDICT_QUARANTINE:
		/* It goes on, and is held at its end. */
		if (stage == STAGE_EOM && finish_hold(s, true) == -1)
			code = SMFIR_TEMPFAIL;
		text = NULL;
		break;
	case VERDICT_SHUTDOWN:
		text = shutdown;
		/* FALLTHROUGH */
	case VERDICT_REPLYCODE:
		if (text == NULL)
			code = SMFIR_TEMPFAIL;
		else {
			code = SMFIR_REPLYCODE;
			len = strlen(text) + 1;
		}
		break;
	default:
		break;
	}
	head[0] = (unsigned char)((len + 1) >> 24);
	head[1] = (unsigned char)((len + 1) >> 16);
	head[2] = (unsigned char)((len + 1) >> 8);
	head[3] = (unsigned char)(len + 1);
	head[4] = (unsigned char)code;
	if (stream_write2(&s->mta, head, sizeof(head), text, len) == -1)
		session_end(s, "out of memory");
	if (log_wants(LOGL_TRACE))
		session_log(s, LOGL_TRACE, "mta <- %s at %s",
		    packet_reply_name(code), stage_table[stage].name);
	return (true);
}

void
session_progress(struct session *s)
{
	static const unsigned char frame[] = { 0, 0, 0, 1, SMFIR_PROGRESS };

	/*
	 * Anywhere but after E Sendmail takes it for a fault, and Postfix
	 * between the frames of a new body.
	 */
	if (s->mode == SESSION_CONTENT && s->stage == STAGE_EOM &&
	    stream_queued(&s->mta) < SESSION_PROGRESS_HIGH)
		(void)stream_write(&s->mta, frame, sizeof(frame));
}

void
session_child_changed(struct session *s, struct child *c)
{
	(void)c;
	switch (s->mode) {
	case SESSION_NEGOTIATE:
		negotiate_step(s);
		break;
	case SESSION_ENVELOPE:
		envelope_step(s);
		break;
	case SESSION_CONTENT:
		content_step(s);
		break;
	case SESSION_IDLE:
	case SESSION_FINISH:
	case SESSION_ENDED:
		break;
	}
}

static void
session_abort(struct session *s)
{
	s->last_stage = s->stage;
	if (s->in_message)
		s->status = "abort";
	session_forget(s);
}

/* QUIT_NC: the children go, the MTA's connection stays for a new CONNECT. */
static void
session_quit_nc(struct session *s)
{
	size_t i;

	session_message_end(s);
	session_decide(s, VERDICT_PENDING, NULL, false);
	plan_end(s);
	account_end(s);
	limit_end(s);
	macros_free(s);
	for (i = 0; i < s->n; i++) {
		struct child *c = &s->child[i];

		child_end(c);
		memset(c->macro_gen, 0, sizeof(c->macro_gen));
		c->skip = 0;
		c->waited_ms = 0;
		c->state = CHILD_NEW;
		c->status = "pass";
	}
	if (s->conf->mta == CONF_MTA_AUTO)
		s->mta_kind = CONF_MTA_AUTO;
	s->connected = false;
	s->redial = true;
}

/* Postfix says who it is in the macro {v} at connect. */
static void
session_recognise(struct session *s)
{
	const char *v;

	if (s->mta_kind != CONF_MTA_AUTO)
		return;
	v = macros_value(s, SMFIC_CONNECT, "v");
	if (v != NULL)
		s->mta_kind = strncmp(v, "Postfix", 7) == 0 ?
		    CONF_MTA_POSTFIX : CONF_MTA_SENDMAIL;
}

static void
session_on_command(struct session *s, const struct packet *pkt)
{
	int stage = stage_of_command(pkt->code);

	switch (pkt->code) {
	case SMFIC_OPTNEG:
		negotiate_begin(s, pkt);
		break;
	case SMFIC_MACRO:
		if (macros_keep(s, pkt) == -1)
			session_end(s, "out of memory");
		break;
	case SMFIC_CONNECT:
	case SMFIC_HELO:
	case SMFIC_MAIL:
	case SMFIC_RCPT:
	case SMFIC_DATA:
	case SMFIC_UNKNOWN:
		/* CONNECT itself may not have been asked for. */
		if (pkt->code == SMFIC_CONNECT || pkt->code == SMFIC_MAIL)
			session_recognise(s);
		envelope_begin(s, (enum stage)stage, pkt);
		break;
	case SMFIC_HEADER:
	case SMFIC_EOH:
	case SMFIC_BODY:
	case SMFIC_BODYEOB:
		content_event(s, (enum stage)stage, pkt);
		break;
	case SMFIC_ABORT:
		session_abort(s);
		break;
	case SMFIC_QUIT:
		session_end(s, "quit");
		break;
	case SMFIC_QUIT_NC:
		session_quit_nc(s);
		break;
	default:
		session_log(s, LOGL_WARNING, "unknown command %s",
		    packet_command_name(pkt->code));
		session_end(s, "unknown command");
		break;
	}
}

/*
 * It ends before it was one: a check whether the port is open, or a client of
 * something else.  That is no news, and no session for the statistics.
 */
static void
session_end_stranger(struct session *s, const void *data, size_t len,
    const char *otherwise)
{
	char words[STRANGER_SIZE];

	session_end(s, stranger_client(words, sizeof(words), data, len) ?
	    words : otherwise);
}

static size_t
session_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct session *s = arg;
	size_t used = 0;

	while (s->mode == SESSION_IDLE) {
		struct packet pkt;
		enum packet_error err;

		if (stream_queued(st) > SESSION_QUEUE_HIGH) {
			stream_pause(st);
			return (used);
		}
		/* Text makes a long frame, which would never be whole. */
		err = packet_next(data + used, len - used, s->negotiated ?
		    s->conf->max_packet_size : MILTER_CHUNK_SIZE, &pkt);
		if (err == PACKET_MORE)
			return (used);
		if (!s->negotiated && (err != PACKET_OK ||
		    pkt.code != SMFIC_OPTNEG)) {
			session_end_stranger(s, data + used, len - used,
			    "not a milter client");
			return (len);
		}
		if (err == PACKET_OK)
			err = packet_check_command(&pkt);
		if (err != PACKET_OK && err != PACKET_UNKNOWN) {
			session_log(s, LOGL_WARNING,
			    "bad frame from the MTA: %s",
			    packet_strerror(err));
			if (pkt.data != NULL)
				record_frame(s, NULL, &pkt);
			session_end(s, "bad frame");
			return (len);
		}
		if (s->redial && stage_of_command(pkt.code) >
		    STAGE_NEGOTIATE) {
			/* The frame is shown again when they are there. */
			negotiate_redial(s);
			negotiate_step(s);
			continue;
		}
		used += pkt.size;
		record_frame(s, NULL, &pkt);
		if (log_wants(LOGL_TRACE))
			session_log(s, LOGL_TRACE, "mta -> %s %zu",
			    packet_command_name(pkt.code), pkt.len);
		session_on_command(s, &pkt);
	}
	if (s->mode == SESSION_ENDED)
		return (len);
	/* We are slower than the MTA: it has to wait. */
	if (len - used > SESSION_KEPT_HIGH)
		stream_pause(st);
	return (used);
}

static void
session_on_drained(struct stream *st, void *arg)
{
	struct session *s = arg;

	if (s->mode == SESSION_FINISH) {
		session_restart_idle(s);
		finish_step(s);
	} else if (s->mode == SESSION_IDLE && stream_paused(st))
		stream_resume(st);
}

static void
session_on_closed(struct stream *st, int err, void *arg)
{
	struct session *s = arg;

	if (!s->negotiated)
		session_end_stranger(s, buf_ptr(&st->in), st->in.len,
		    st->in.len == 0 ? "connected and said nothing" :
		    "closed in its first frame");
	else
		session_end(s, err == 0 ? "the MTA closed" : strerror(err));
}

#undef SESSION_KEPT_HIGH
#undef SESSION_LINGER_MS
#undef SESSION_QUEUE_HIGH
#undef SESSION_PROGRESS_HIGH
