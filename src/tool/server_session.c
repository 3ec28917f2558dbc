/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_session.c - one conversation of the test server with a milter: what
 * is sent when.
 * Owns:      the order of commands, and when a session ends and how.
 * Called by: server.c to start it; server_reply.c when a verdict came.
 * Must not:  judge replies (server_reply.c), or print anything but frames and
 *            the one line of a failure.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tool/server_internal.h"

#define SERVER_QUEUE_MAX	(256 * 1024)	/* then wait for the kernel */

static void	server_go(struct server_session *);

static void
server_on_over(struct loop_task *task, void *arg)
{
	struct server_session *s = arg;

	(void)task;
	s->ended(s, s->arg);
}

/* The session is done: nothing more is sent; the owner hears of it. */
static void
server_over(struct server_session *s)
{
	s->over = true;
	s->waiting = false;
	loop_timer_stop(&s->timer);
	loop_task_start(s->cfg->loop, &s->task, server_on_over, s);
}

const char *
server_stage_name(const struct server_session *s)
{
	return (s->dial.target != NULL ? "dialling" : s->raw ? "raw bytes" :
	    text_stages[s->stage].name);
}

void
server_fail(struct server_session *s, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	if (s->over)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "%s: ", s->cfg->program);
	if (s->cfg->sessions > 1)
		fprintf(stderr, "session %u: ", s->number);
	fprintf(stderr, "%s\n", text);
	s->failed = true;
	s->result.status = SERVER_ERROR;
	stream_close(&s->stream);
	server_over(s);
}

static void
server_on_timeout(struct loop_timer *timer, void *arg)
{
	struct server_session *s = arg;

	(void)timer;
	server_fail(s, s->blocked ? "timeout: writing at %s" :
	    "timeout: no reply at %s", server_stage_name(s));
}

/*
 * The patience for the next frame.  Sendmail counts the whole end of message
 * and each frame in it; Postfix only each frame of the content.
 */
void
server_start_timer(struct server_session *s)
{
	const struct server_config *cfg = s->cfg;
	uint64_t now = loop_now(cfg->loop), ms = cfg->reading_timeout;

	if (s->blocked)
		ms = cfg->writing_timeout;
	else if (cfg->mta == SERVER_POSTFIX && s->stage >= TEXT_HEADER)
		ms = cfg->eom_timeout;
	else if (cfg->mta == SERVER_SENDMAIL && s->stage == TEXT_EOM &&
	    s->deadline < now + ms)
		ms = s->deadline > now ? s->deadline - now : 0;
	loop_timer_start(cfg->loop, &s->timer, ms, server_on_timeout, s);
}

/* Prints frames when there is a transcript. */
static void
server_show(const struct server_session *s, bool sent, const void *frames,
    size_t len)
{
	const unsigned char *p = frames;
	struct packet pkt;

	if (!s->cfg->transcript)
		return;
	while (packet_next(p, len, len, &pkt) == PACKET_OK) {
		if (s->cfg->sessions > 1)
			printf("[%u] ", s->number);
		text_frame(stdout, sent ? "> " : "< ", sent, &pkt);
		p += pkt.size;
		len -= pkt.size;
	}
}

/* Sends frames (and frees them); false when the session had to end. */
static bool
server_send(struct server_session *s, struct buf *b)
{
	bool good = stream_write(&s->stream, buf_ptr(b), b->len) == 0;

	if (good)
		server_show(s, true, buf_ptr(b), b->len);
	buf_free(b);
	if (!good)
		server_fail(s, "%s", strerror(ENOMEM));
	return (good);
}

static void
server_send_empty(struct server_session *s, int code)
{
	struct buf b = { 0 };

	if (!s->over && packet_add_empty(&b, code) == 0)
		server_send(s, &b);
}

void
server_quit(struct server_session *s)
{
	if (s->over)
		return;
	/* Postfix resets once more before it leaves. */
	if (s->cfg->mta == SERVER_POSTFIX && s->ever_mailed)
		server_send_empty(s, SMFIC_ABORT);
	server_send_empty(s, SMFIC_QUIT);
	server_leave(s);
}

void
server_leave(struct server_session *s)
{
	if (s->over)
		return;
	stream_close_flushed(&s->stream, (unsigned)s->cfg->writing_timeout);
	server_over(s);
}

static bool
server_plan_hit(const struct server_plan *plan, size_t n, int stage,
    unsigned message)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (plan[i].stage == stage && plan[i].k == message)
			return (true);
	return (false);
}

static void
server_begin_message(struct server_session *s)
{
	const struct server_config *cfg = s->cfg;

	s->message++;
	s->stage = TEXT_MAIL;
	s->index = 0;
	s->accepted = 0;
	s->skip_body = s->inside = s->mailed = false;
	s->body_begun = s->body_ended = false;
	memset(&s->body, 0, sizeof(s->body));
	if (server_result_begin(&s->result, cfg,
	    cfg->write_message != NULL || cfg->output_message) != 0)
		server_fail(s, "%s", strerror(ENOMEM));
}

void
server_end_message(struct server_session *s, enum server_status status,
    bool reset)
{
	const struct server_config *cfg = s->cfg;

	s->waiting = false;
	loop_timer_stop(&s->timer);
	s->result.status = status;
	if (status != SERVER_REJECT && status != SERVER_TEMPFAIL) {
		/* What is left there was said to one recipient only. */
		free(s->result.text);
		s->result.text = NULL;
		s->result.code = 0;
	} else {
		free(s->result.quarantine);
		s->result.quarantine = NULL;
	}
	s->verdict(s, s->arg);
	/* Postfix resets after each transaction, however it ended. */
	if (reset || (cfg->mta == SERVER_POSTFIX && s->mailed))
		server_send_empty(s, SMFIC_ABORT);
	if (s->result.code == 421 || status == SERVER_SHUTDOWN ||
	    s->message >= cfg->messages) {
		server_quit(s);
		return;
	}
	server_begin_message(s);
	if (cfg->quit_nc) {
		server_send_empty(s, SMFIC_QUIT_NC);
		s->stage = TEXT_CONNECT;
	}
}

/* One item of a stage was dealt with: what the plans say about that. */
static void
server_planned(struct server_session *s)
{
	const struct server_config *cfg = s->cfg;

	if (server_plan_hit(cfg->closing, cfg->n_closings, s->stage,
	    s->message)) {
		s->result.status = SERVER_CLOSED;
		s->verdict(s, s->arg);
		server_leave(s);
	} else if (server_plan_hit(cfg->abort, cfg->n_aborts, s->stage,
	    s->message))
		server_end_message(s, SERVER_ABORT, true);
}

/*
 * The current item is through.  At EOM the message has ended already and the
 * stage is another one.
 */
void
server_item_done(struct server_session *s)
{
	unsigned message = s->message;

	s->waiting = false;
	loop_timer_stop(&s->timer);
	if (++s->index == 1)
		server_planned(s);
	if (!s->over && s->message == message && s->stage == TEXT_EOM)
		server_end_message(s, s->result.quarantine != NULL ?
		    SERVER_QUARANTINE : SERVER_PASS, false);
}

static bool
server_has_item(const struct server_session *s)
{
	const struct server_config *cfg = s->cfg;

	switch (s->stage) {
	case TEXT_RCPT:
		return (s->index < cfg->n_rcpts);
	case TEXT_UNKNOWN:
		return (s->index == 0 && cfg->unknown != NULL &&
		    s->option.version >= 3);
	case TEXT_DATA:
		return (s->index == 0 && s->option.version >= 4);
	case TEXT_HEADER:
		return ((s->option.protocol & SMFIP_NOHDRS) == 0 &&
		    s->index < cfg->mail.n_fields);
	case TEXT_BODY:
		return ((s->option.protocol & SMFIP_NOBODY) == 0 &&
		    !s->skip_body);
	default:
		return (s->index == 0);
	}
}

static void
server_next_stage(struct server_session *s)
{
	if (s->stage == TEXT_RCPT && s->accepted == 0 &&
	    (s->option.protocol & SMFIP_NORCPT) == 0) {
		/* Nobody is left: the client gives up. */
		server_end_message(s, s->result.status == SERVER_TEMPFAIL ?
		    SERVER_TEMPFAIL : SERVER_REJECT, s->inside);
		return;
	}
	s->stage++;
	s->index = 0;
}

/* "address PARAM PARAM" as the strings of MAIL or RCPT. */
static int
server_add_envelope(struct buf *b, int code, const char *text)
{
	struct buf payload = { 0 };
	size_t n;
	int error = 0;

	do {
		n = strcspn(text, " ");
		if (payload.len == 0 && *text != '<') {
			if (buf_add_u8(&payload, '<') != 0 ||
			    buf_add(&payload, text, n) != 0 ||
			    buf_add(&payload, ">", 2) != 0)
				error = -1;
		} else if (buf_add(&payload, text, n) != 0 ||
		    buf_add_u8(&payload, 0) != 0)
			error = -1;
		text += n + strspn(text + n, " ");
	} while (*text != '\0' && error == 0);
	if (error == 0)
		error = packet_add(b, code, buf_ptr(&payload), payload.len);
	buf_free(&payload);
	return (error);
}

static int
server_add_header(struct server_session *s, struct buf *b)
{
	const struct server_field *f = &s->cfg->mail.field[s->index];
	const char *value = f->raw;

	if ((s->option.protocol & SMFIP_HDR_LEADSPC) == 0 && *value == ' ')
		value++;
	if (s->cfg->mta == SERVER_SENDMAIL)
		s->inside = true;
	return (packet_add_header(b, SMFIC_HEADER, 0, f->name, value));
}

/* The next chunk of the body as a frame, read straight into it. */
static int
server_add_body(struct server_session *s, struct buf *b)
{
	const struct server_config *cfg = s->cfg;
	unsigned char *p = buf_reserve(b, MILTER_LEN_BYTES + 1 +
	    cfg->chunk_size);
	ssize_t n;
	size_t len;

	if (p == NULL)
		return (-1);
	n = server_mail_read(&cfg->mail, &s->body, p + MILTER_LEN_BYTES + 1,
	    cfg->chunk_size);
	if (n <= 0)
		return ((int)n);
	len = (size_t)n + 1;
	p[0] = (unsigned char)(len >> 24);
	p[1] = (unsigned char)(len >> 16);
	p[2] = (unsigned char)(len >> 8);
	p[3] = (unsigned char)len;
	p[4] = SMFIC_BODY;
	buf_commit(b, MILTER_LEN_BYTES + len);
	return (1);
}

/* The current item as a frame.  1, 0 when a body is at its end, or -1. */
static int
server_add_item(struct server_session *s, struct buf *b)
{
	const struct server_config *cfg = s->cfg;
	int error;

	switch (s->stage) {
	case TEXT_CONNECT:
		error = packet_add_connect(b, &cfg->connect);
		break;
	case TEXT_HELO:
		error = packet_add_string(b, SMFIC_HELO, cfg->helo);
		break;
	case TEXT_MAIL:
		error = server_add_envelope(b, SMFIC_MAIL, cfg->from);
		break;
	case TEXT_RCPT:
		error = server_add_envelope(b, SMFIC_RCPT,
		    cfg->rcpt[s->index].text);
		break;
	case TEXT_UNKNOWN:
		error = packet_add_string(b, SMFIC_UNKNOWN, cfg->unknown);
		break;
	case TEXT_HEADER:
		error = server_add_header(s, b);
		break;
	case TEXT_BODY:
		return (server_add_body(s, b));
	default:
		error = packet_add_empty(b, text_stages[s->stage].command);
		break;
	}
	return (error == 0 ? 1 : -1);
}

static void
server_send_item(struct server_session *s)
{
	const struct text_stage_info *info = &text_stages[s->stage];
	bool declined = (s->option.protocol & info->no) != 0;
	struct buf b = { 0 };
	int got = 1;

	if (s->stage == TEXT_MAIL)
		s->mailed = s->ever_mailed = true;
	if (s->stage == TEXT_RCPT && s->cfg->rcpt[s->index].rejected &&
	    (s->option.protocol & SMFIP_RCPT_REJ) == 0) {
		server_item_done(s);
		return;
	}
	/* The macros of a declined envelope command are sent all the same. */
	if (!declined || s->stage < TEXT_HEADER)
		got = server_macro_add(&b, s, s->stage) == 0 ? 1 : -1;
	if (got > 0 && !declined)
		got = server_add_item(s, &b);
	if (got <= 0) {
		buf_free(&b);
		if (got < 0)
			server_fail(s, "%s", strerror(errno));
		s->skip_body = true;		/* the body is at its end */
		return;
	}
	if (!server_send(s, &b))
		return;
	if (s->stage == TEXT_EOM)
		s->deadline = loop_now(s->cfg->loop) + s->cfg->eom_timeout;
	if (declined || (s->option.protocol & info->nr) != 0) {
		if (s->stage == TEXT_RCPT)
			s->accepted++;
		server_item_done(s);
		return;
	}
	s->waiting = true;
	server_start_timer(s);
}

/* Sends until a reply is owed, the queue is full, or all is said. */
static void
server_go(struct server_session *s)
{
	while (!s->over && !s->waiting && !s->blocked && !s->raw) {
		if (!server_has_item(s))
			server_next_stage(s);
		else
			server_send_item(s);
		if (!s->over && !s->waiting &&
		    stream_queued(&s->stream) > SERVER_QUEUE_MAX) {
			s->blocked = true;
			server_start_timer(s);
		}
	}
}

void
server_negotiated(struct server_session *s)
{
	const struct server_config *cfg = s->cfg;

	s->waiting = false;
	loop_timer_stop(&s->timer);
	server_begin_message(s);
	if (s->over)
		return;
	s->stage = TEXT_NEGOTIATE;
	if (cfg->has_raw) {
		s->raw = true;
		if (cfg->raw.len == 0)
			(void)shutdown(s->stream.io.fd, SHUT_WR);
		else if (stream_write(&s->stream, buf_ptr(&cfg->raw),
		    cfg->raw.len) != 0)
			server_fail(s, "%s", strerror(ENOMEM));
		server_start_timer(s);
		return;
	}
	server_planned(s);
	s->stage = TEXT_CONNECT;
}

/* --- the connection ---------------------------------------------------- */

static size_t
server_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct server_session *s = arg;
	struct packet p;
	enum packet_error error;
	const char *at;
	size_t used = 0;

	(void)st;
	while (!s->over && used < len) {
		at = server_stage_name(s);
		/* A frame may be as large as Postfix allows. */
		error = packet_next(data + used, len - used, 0x3ffffffe, &p);
		if (error == PACKET_MORE)
			break;
		if (error != PACKET_OK) {
			server_fail(s, "bad frame at %s: %s", at,
			    packet_strerror(error));
			break;
		}
		server_show(s, false, data + used, p.size);
		used += p.size;
		if (s->raw)
			continue;
		server_reply(s, &p);
		if (!s->over && !s->waiting && used < len)
			server_fail(s, "%lu bytes behind %s at %s",
			    (unsigned long)(len - used),
			    packet_reply_name(p.code), at);
	}
	server_go(s);
	return (used);
}

static void
server_on_drained(struct stream *st, void *arg)
{
	struct server_session *s = arg;

	if (s->raw)
		/* Nothing more will come from us: the milter may end it. */
		(void)shutdown(st->io.fd, SHUT_WR);
	if (!s->blocked)
		return;
	s->blocked = false;
	loop_timer_stop(&s->timer);
	server_go(s);
}

static void
server_on_closed(struct stream *st, int error, void *arg)
{
	struct server_session *s = arg;

	(void)st;
	if (s->raw) {
		s->result.status = SERVER_CLOSED;
		s->verdict(s, s->arg);
		stream_close(&s->stream);
		server_over(s);
		return;
	}
	server_fail(s, error == 0 ?
	    "the milter closed the connection at %s%s%s" :
	    "connection lost at %s%s%s", server_stage_name(s),
	    error == 0 ? "" : ": ", error == 0 ? "" : strerror(error));
}

static const struct stream_ops server_stream_ops = {
	server_on_input, server_on_drained, server_on_closed
};

static void
server_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	struct server_session *s = arg;
	const struct server_config *cfg = s->cfg;
	struct buf b = { 0 };
	struct option offer;

	(void)d;
	if (fd < 0) {
		server_fail(s, "Failed to connect to %s", why);
		return;
	}
	if (stream_open(&s->stream, cfg->loop, fd, &server_stream_ops, s) !=
	    0) {
		server_fail(s, "%s", strerror(errno));
		return;
	}
	if (cfg->version == 0) {
		/* No negotiation at all: for raw bytes. */
		server_negotiated(s);
		server_go(s);
		return;
	}
	memset(&offer, 0, sizeof(offer));
	offer.version = cfg->version;
	offer.actions = cfg->actions;
	offer.protocol = cfg->protocol;
	if (option_add(&b, &offer) != 0) {
		server_fail(s, "%s", strerror(ENOMEM));
		return;
	}
	if (!server_send(s, &b))
		return;
	s->waiting = true;
	server_start_timer(s);
}

void
server_session_start(struct server_session *s)
{
	s->began = loop_now(s->cfg->loop);
	dial_start(&s->dial, s->cfg->target,
	    (unsigned)s->cfg->connection_timeout, server_on_dialled, s);
}

void
server_session_free(struct server_session *s)
{
	loop_task_stop(&s->task);
	loop_timer_stop(&s->timer);
	dial_cancel(&s->dial);
	stream_close(&s->stream);
	server_result_free(&s->result);
	option_free(&s->option);
	free(s);
}

#undef SERVER_QUEUE_MAX
