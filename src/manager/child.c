/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * child.c - one child of one session: its connection, its replies, its timers.
 * Owns:      struct child; the child's four timeouts; what counts as failure.
 * Called by: the other files of manager/, and the loop through its stream.
 * Must not:  decide anything about the message or answer the MTA; it tells
 *            session_child_changed() and leaves it at that.
 */
#include "compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "manager/record.h"
#include "manager/session_internal.h"
#include "milter/stranger.h"

/* Above this many queued bytes a child is given nothing more. */
#define CHILD_QUEUE_HIGH	(256u * 1024u)
/* A new body may be so much larger than four times the old one. */
#define CHILD_BODY_MORE		(64u * 1024u * 1024u)
/* How long a child may take to read its last words. */
#define CHILD_LINGER_MS		2000u

static void child_on_timeout(struct loop_timer *, void *);
static size_t child_on_input(struct stream *, const unsigned char *, size_t,
    void *);
static void child_on_drained(struct stream *, void *);
static void child_on_closed(struct stream *, int, void *);

static const struct stream_ops child_ops = {
	child_on_input, child_on_drained, child_on_closed
};

static struct loop *
child_loop(const struct child *c)
{
	return (c->session->mta.loop);
}

static void
child_timer(struct child *c, uint64_t ms)
{
	loop_timer_start(child_loop(c), &c->timer, ms, child_on_timeout, c);
}

/* What the child is waited for now, as a duration; 0: nothing. */
static uint64_t
child_patience(const struct child *c)
{
	if (c->first.verdict != VERDICT_PENDING)
		return (manners_grace(c));
	if (stream_queued(&c->stream) > 0)
		return (c->conf->writing_timeout);
	if (c->state == CHILD_NEGOTIATING)
		return (c->conf->reading_timeout);
	/* What it still works on may be a message that is over for us. */
	if (c->waiting == STAGE_EOM || (c->waiting != STAGE_N && c->stale > 0))
		return (c->conf->end_of_message_timeout);
	if (c->waiting != STAGE_N)
		return (c->conf->reading_timeout);
	return (0);
}

void
child_restart_timer(struct child *c)
{
	uint64_t ms = child_patience(c);

	c->taken = c->written - stream_queued(&c->stream);
	if (ms > 0)
		child_timer(c, ms);
	else
		loop_timer_stop(&c->timer);
}

static void
child_waited(struct child *c)
{
	c->waited_ms += account_waiting(c);
	c->waiting = STAGE_N;
}

void
child_verdict_drop(struct session_verdict *v)
{
	free(v->text);
	v->text = NULL;
	v->verdict = VERDICT_PENDING;
}

static void
child_drop_edits(struct child *c)
{
	buf_free(&c->edits);
	c->n_edits = 0;
	if (c->body != NULL) {
		body_clear(c->body);
		free(c->body);
		c->body = NULL;
	}
	child_verdict_drop(&c->reply);
	child_verdict_drop(&c->first);
	c->held = false;
}

/* Cuts the connection; the state is the caller's affair. */
static void
child_disconnect(struct child *c)
{
	child_waited(c);
	breaker_leave(c->run->breaker, c);
	dial_cancel(&c->dial);
	stream_close(&c->stream);
	c->run->stats->open -= c->open;
	c->open = false;
	loop_timer_stop(&c->timer);
	child_drop_edits(c);
	c->in_message = c->lost = false;
	free(c->lost_why);
	c->lost_why = NULL;
}

/* It is of no use any more, but what it has said counts at its turn. */
static void
child_lose(struct child *c, const char *why)
{
	if (!c->lost)
		c->lost_why = strdup(why);
	c->lost = true;
	stream_close(&c->stream);
	loop_timer_stop(&c->timer);
}

/* From now on its fallback answers for it. */
static void
child_give_up(struct child *c, unsigned level, enum stage stage,
    const char *reason)
{
	c->state = CHILD_FAILED;
	c->status = "error";
	c->last_stage = stage;
	fallback_log(c, level, stage, reason);
	account_failed(c, reason);
}

void
child_fail(struct child *c, const char *fmt, ...)
{
	char reason[512];
	enum stage stage;
	va_list ap;

	if (c->state == CHILD_FAILED || c->state == CHILD_DONE)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	if (c->reply.verdict != VERDICT_PENDING) {
		child_lose(c, reason);
		return;
	}
	stage = c->waiting != STAGE_N ? c->waiting :
	    c->state == CHILD_READY ? c->session->stage : STAGE_NEGOTIATE;
	record_note(c->session, c, reason);
	if (c->state == CHILD_DIALLING || c->state == CHILD_NEGOTIATING)
		dial_bad(&c->dial);
	breaker_bad(c->run->breaker, c, stage);
	child_disconnect(c);
	child_give_up(c, LOGL_WARNING, stage, reason);
}

/* What came in place of the answer to our offer is not milter: who is it? */
static bool
child_is_stranger(struct child *c, const void *data, size_t len)
{
	char words[STRANGER_SIZE];

	if (c->state != CHILD_NEGOTIATING ||
	    !stranger_server(words, sizeof(words), data, len))
		return (false);
	child_fail(c, "%s", words);
	return (true);
}

static void
child_on_timeout(struct loop_timer *t, void *arg)
{
	struct child *c = arg;
	size_t queued = stream_queued(&c->stream);

	(void)t;
	if (c->first.verdict != VERDICT_PENDING) {
		manners_take_first(c);
		session_child_changed(c->session, c);
		return;
	}
	/* A whole frame in that time is all that an MTA asks for. */
	if (queued > 0 && c->written - queued - c->taken >= MILTER_CHUNK_SIZE) {
		child_restart_timer(c);
		return;
	}
	if (queued > 0)
		child_fail(c, "writing timed out after %llu ms",
		    (unsigned long long)c->conf->writing_timeout);
	else if (!child_is_stranger(c, buf_ptr(&c->stream.in),
	    c->stream.in.len))
		child_fail(c, "no reply within %llu ms%s",
		    (unsigned long long)child_patience(c),
		    c->state == CHILD_NEGOTIATING && c->stream.in.len == 0 ?
		    ", not a byte: is connection_spec the milter's socket?" :
		    "");
	session_child_changed(c->session, c);
}

static void
child_on_drained(struct stream *st, void *arg)
{
	struct child *c = arg;

	(void)st;
	child_restart_timer(c);
	/* Content may be held back by a full queue. */
	if (c->state == CHILD_READY && c->waiting == STAGE_N)
		session_child_changed(c->session, c);
}

static void
child_on_closed(struct stream *st, int err, void *arg)
{
	struct child *c = arg;

	if (c->first.verdict != VERDICT_PENDING)
		manners_take_first(c);	/* no second one can come */
	if (c->reply.verdict != VERDICT_PENDING)
		child_lose(c, "closed the connection");
	else if (!child_is_stranger(c, buf_ptr(&st->in), st->in.len)) {
		if (err == 0)
			child_fail(c, "closed the connection%s",
			    c->state == CHILD_NEGOTIATING &&
			    st->in.len == 0 ? " without a word" : "");
		else
			child_fail(c, "connection lost: %s", strerror(err));
	}
	session_child_changed(c->session, c);
}

static int
child_put(struct child *c, const void *a, size_t alen, const void *b,
    size_t blen)
{
	if (stream_write2(&c->stream, a, alen, b, blen) == -1)
		return (-1);
	c->written += alen + blen;
	return (0);
}

static void
child_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	struct child *c = arg;
	struct buf out;

	(void)d;
	if (fd == -1) {
		child_fail(c, "cannot connect to %s", why);
		session_child_changed(c->session, c);
		return;
	}
	if (stream_open(&c->stream, child_loop(c), fd, &child_ops, c) == -1) {
		(void)close(fd);
		child_fail(c, "cannot watch the connection");
		session_child_changed(c->session, c);
		return;
	}
	record_child(c);
	c->open = true;
	c->run->stats->open++;
	memset(&out, 0, sizeof(out));
	c->state = CHILD_NEGOTIATING;
	c->wait_since = loop_now(child_loop(c));
	if (option_add(&out, &c->session->child_offer) == -1 ||
	    child_put(c, buf_ptr(&out), out.len, NULL, 0) == -1) {
		child_fail(c, "out of memory");
		session_child_changed(c->session, c);
	} else
		child_restart_timer(c);
	buf_free(&out);
}

/*
 * How long dialling may take.  The chain's deadline leaves no time to a second
 * address when the first one has connection_timeout to say nothing.
 */
static unsigned
child_dial_time(const struct child *c)
{
	uint64_t ms = c->conf->connection_timeout;
	uint64_t most = c->session->conf->command_deadline / 5 * 4;

	if (most > 0 && ms > most && (c->conf->specs.text.n > 1 ||
	    target_needs_resolver(&c->conf->specs.spec[0])))
		ms = most;
	return (ms > UINT32_MAX ? UINT32_MAX : (unsigned)ms);
}

void
child_start(struct child *c)
{
	char why[128];

	c->state = CHILD_DIALLING;
	c->stale = c->unasked = 0;
	c->blameless = false;
	memset(c->macro_gen, 0, sizeof(c->macro_gen));
	option_free(&c->option);
	if (!breaker_enter(c->run->breaker, c, why, sizeof(why))) {
		child_give_up(c, LOGL_INFO, STAGE_NEGOTIATE, why);
		return;
	}
	c->run->stats->connections++;
	dial_start(&c->dial, c->run->target, child_dial_time(c),
	    child_on_dialled, c);
}

bool
child_wants(const struct child *c, enum stage stage)
{
	if (c->state != CHILD_READY || (c->skip & 1u << stage) != 0)
		return (false);
	return ((c->option.protocol & stage_table[stage].no_bit) == 0);
}

bool
child_full(const struct child *c)
{
	return (stream_queued(&c->stream) > CHILD_QUEUE_HIGH);
}

static int
child_write(struct child *c, int command, const void *payload, size_t len)
{
	unsigned char head[MILTER_LEN_BYTES + 1];
	size_t n = len + 1;

	head[0] = (unsigned char)(n >> 24);
	head[1] = (unsigned char)(n >> 16);
	head[2] = (unsigned char)(n >> 8);
	head[3] = (unsigned char)n;
	head[4] = (unsigned char)command;
	return (child_put(c, head, sizeof(head), payload, len));
}

void
child_command(struct child *c, enum stage stage, const void *payload,
    size_t len)
{
	struct buf macros;
	int command = stage_table[stage].command;
	bool late = stream_queued(&c->stream) > 0;
	int r;

	c->last_stage = stage;
	if (len > MILTER_CHUNK_SIZE) {
		/* libmilter closes the connection on such a frame. */
		child_fail(c, "%s of %zu bytes, a milter takes %d at most",
		    packet_command_name(command), len, MILTER_CHUNK_SIZE);
		return;
	}
	memset(&macros, 0, sizeof(macros));
	r = macros_add(c, command, &macros);
	if (r == 1) {
		buf_free(&macros);
		child_fail(c, "macros of more than %d bytes",
		    MILTER_CHUNK_SIZE);
		return;
	}
	if (r == -1 ||
	    child_put(c, buf_ptr(&macros), macros.len, NULL, 0) == -1 ||
	    child_write(c, command, payload, len) == -1) {
		buf_free(&macros);
		child_fail(c, "out of memory");
		return;
	}
	buf_free(&macros);
	if ((c->option.protocol & stage_table[stage].nr_bit) == 0) {
		c->waiting = stage;
		c->wait_since = loop_now(child_loop(c));
	} else {
		c->unasked++;
		if (late)
			return;	/* the time for what is queued runs already */
	}
	child_restart_timer(c);
}

void
child_forsake(struct child *c)
{
	bool due = c->waiting != STAGE_N;

	child_waited(c);
	/* Behind one that was held back only unasked ones may come. */
	if (due && c->first.verdict == VERDICT_PENDING)
		c->stale++;
	child_drop_edits(c);
	if (due)
		child_restart_timer(c);
}

void
child_abort(struct child *c)
{
	bool late = stream_queued(&c->stream) > 0;

	child_forsake(c);
	if (c->state == CHILD_READY && c->in_message) {
		if (strcmp(c->status, "pass") == 0)
			c->status = "abort";
		if (child_write(c, SMFIC_ABORT, NULL, 0) == -1)
			child_fail(c, "out of memory");
		else if (!late)
			child_restart_timer(c);
	}
	c->in_message = false;
	child_check_lost(c);
}

void
child_check_lost(struct child *c)
{
	if (c->lost)
		child_fail(c, "%s", c->lost_why != NULL ? c->lost_why :
		    "closed the connection");
}

void
child_quit(struct child *c)
{
	if (c->state == CHILD_DONE || c->state == CHILD_FAILED)
		return;
	if (c->state == CHILD_READY || c->state == CHILD_NEGOTIATING) {
		(void)child_write(c, SMFIC_QUIT, NULL, 0);
		stream_close_flushed(&c->stream, CHILD_LINGER_MS);
	}
	child_disconnect(c);
	if (c->state != CHILD_NEW)
		account_child_end(c);
	c->state = CHILD_DONE;
}

void
child_end(struct child *c)
{
	child_quit(c);
	child_disconnect(c);
	option_free(&c->option);
}

/* The answer to our offer. */
static void
child_on_answer(struct child *c, const struct packet *pkt)
{
	enum packet_error err;
	const char *why;

	if (pkt->code != SMFIC_OPTNEG) {
		child_fail(c, "negotiation answered by %s",
		    packet_reply_name(pkt->code));
		return;
	}
	err = option_read_answer(pkt, &c->option);
	if (err != PACKET_OK) {
		child_fail(c, "malformed negotiation: %s",
		    packet_strerror(err));
		return;
	}
	why = option_check_answer(&c->session->child_offer, &c->option);
	if (why != NULL) {
		child_fail(c, "negotiation: %s", why);
		return;
	}
	account_reply(c);
	c->waited_ms += loop_now(child_loop(c)) - c->wait_since;
	c->state = CHILD_READY;
	dial_good(&c->dial);
	breaker_good(c->run->breaker, c, STAGE_NEGOTIATE);
	child_restart_timer(c);
	session_log(c->session, LOGL_DEBUG, "child=%s stage=negotiate "
	    "version=%u actions=%#x protocol=%#x", c->conf->name,
	    (unsigned)c->option.version, (unsigned)c->option.actions,
	    (unsigned)c->option.protocol);
}

/* A modification: kept until the verdict says whether it counts. */
static void
child_on_edit(struct child *c, const struct packet *pkt)
{
	const struct conf *conf = c->session->conf;
	uint64_t max;

	if (c->stale > 0)
		return;		/* of a message that is over */
	manners_on_edit(c);
	if (c->waiting != STAGE_EOM) {
		child_fail(c, "%s outside of the end of message",
		    packet_reply_name(pkt->code));
		return;
	}
	account_header(c->session, c, pkt);
	if (pkt->code != SMFIR_REPLBODY) {
		if (++c->n_edits > HEADER_EDITS_MAX)
			child_fail(c, "more than %d edits", HEADER_EDITS_MAX);
		else if (c->edits.len + pkt->size > conf->max_header_size)
			child_fail(c, "edits of more than %zu bytes",
			    conf->max_header_size);
		else if (packet_add(&c->edits, pkt->code, pkt->data,
		    pkt->len) == -1)
			child_fail(c, "out of memory");
		return;
	}
	if (c->body == NULL) {
		c->body = malloc(sizeof(*c->body));
		if (c->body == NULL) {
			child_fail(c, "out of memory");
			return;
		}
		body_init(c->body, conf->body_memory_limit,
		    conf->spool_directory);
	}
	max = c->session->body_seen * 4 + CHILD_BODY_MORE;
	if (c->body->size + pkt->len > max)
		child_fail(c, "a new body of more than %llu bytes",
		    (unsigned long long)max);
	else if (body_append_lines(c->body, pkt->data, pkt->len) == -1)
		child_fail(c, "its new body cannot be kept: %s",
		    strerror(errno));
}

static void
child_on_progress(struct child *c)
{
	/* Behind a reply that is held back it may belong to either event. */
	if (c->first.verdict == VERDICT_PENDING)
		child_restart_timer(c);
	else if (c->waiting == STAGE_EOM)
		child_timer(c, c->conf->end_of_message_timeout);
	if (c->waiting == STAGE_EOM && c->stale == 0)
		session_progress(c->session);
}

/* The reply that was waited for is in. */
void
child_take_reply(struct child *c)
{
	c->replied = c->waiting;
	breaker_good(c->run->breaker, c, c->replied);
	account_reply(c);
	child_waited(c);
	child_restart_timer(c);
	if (log_wants(LOGL_DEBUG)) {
		char text[200];

		session_log(c->session, LOGL_DEBUG,
		    "child=%s stage=%s verdict=%s%s%s", c->conf->name,
		    stage_table[c->replied].name,
		    verdict_name(c->reply.verdict),
		    c->reply.text != NULL ? " text=" : "",
		    c->reply.text == NULL ? "" : log_escape(text,
		    sizeof(text), c->reply.text, strlen(c->reply.text)));
	}
}

static void
child_on_verdict(struct child *c, const struct packet *pkt, enum verdict v)
{
	struct session_verdict *to = manners_place(c, pkt->code);

	if (to == NULL)
		return;
	child_verdict_drop(to);
	if (v == VERDICT_REPLYCODE) {
		to->text = malloc(pkt->len);
		if (to->text == NULL) {
			child_fail(c, "out of memory");
			return;
		}
		memcpy(to->text, pkt->data, pkt->len);
	}
	to->verdict = v;
	if (to == &c->first)
		child_restart_timer(c);
	else
		child_take_reply(c);
}

static void
child_on_packet(struct child *c, const struct packet *pkt)
{
	enum packet_error err;
	enum verdict v;

	if (log_wants(LOGL_TRACE))
		session_log(c->session, LOGL_TRACE, "child=%s <- %s %zu",
		    c->conf->name, packet_reply_name(pkt->code), pkt->len);
	if (c->state == CHILD_NEGOTIATING) {
		child_on_answer(c, pkt);
		return;
	}
	err = packet_check_reply(pkt);
	if (err != PACKET_OK) {
		child_fail(c, "malformed %s: %s",
		    packet_reply_name(pkt->code), packet_strerror(err));
		return;
	}
	v = verdict_of_reply(pkt->code);
	if (v != VERDICT_N) {
		child_on_verdict(c, pkt, v);
		return;
	}
	switch (pkt->code) {
	case SMFIR_PROGRESS:
		child_on_progress(c);
		break;
	case SMFIR_ADDHEADER:
	case SMFIR_INSHEADER:
	case SMFIR_CHGHEADER:
	case SMFIR_ADDRCPT:
	case SMFIR_ADDRCPT_PAR:
	case SMFIR_DELRCPT:
	case SMFIR_CHGFROM:
	case SMFIR_QUARANTINE:
	case SMFIR_REPLBODY:
		child_on_edit(c, pkt);
		break;
	default:
		child_fail(c, "unexpected %s", packet_reply_name(pkt->code));
		break;
	}
}

static size_t
child_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct child *c = arg;
	struct session *s = c->session;
	size_t used = 0;

	(void)st;
	for (;;) {
		struct packet pkt;
		enum packet_error err;
		enum child_state before = c->state;

		/*
		 * Text makes a long frame, which would never be whole; and the
		 * lists of an answer are looked through for each macro.
		 */
		err = packet_next(data + used, len - used,
		    before == CHILD_NEGOTIATING ? MILTER_CHUNK_SIZE :
		    s->conf->max_packet_size, &pkt);
		if (err == PACKET_MORE)
			return (used);
		if (err != PACKET_OK) {
			if (!child_is_stranger(c, data + used, len - used))
				child_fail(c, "not a milter frame: %s",
				    packet_strerror(err));
		} else {
			used += pkt.size;
			record_frame(s, c, &pkt);
			child_on_packet(c, &pkt);
		}
		if (c->state != before || c->reply.verdict != VERDICT_PENDING)
			session_child_changed(s, c);
		if (s->mode == SESSION_ENDED || c->lost ||
		    (c->state != CHILD_READY && c->state != CHILD_NEGOTIATING))
			return (len);
	}
}

#undef CHILD_QUEUE_HIGH
#undef CHILD_BODY_MORE
#undef CHILD_LINGER_MS
