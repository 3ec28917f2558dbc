/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * client_session.c - one conversation of the test client with an MTA.
 * Owns:      what is printed of it, its answers, and the order of commands that
 *            a milter may rely on.
 * Called by: client.c for each connection.
 * Must not:  know other sessions.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tool/client.h"

#define CLIENT_FNV_START	UINT64_C(0xcbf29ce484222325)
#define CLIENT_FNV_PRIME	UINT64_C(0x100000001b3)

/* --- what is printed of it --------------------------------------------- */

static void
client_print_prefix(const struct client_session *s)
{
	if (s->cfg->session_prefix)
		printf("[%u] ", s->number);
}

static void
client_print_line(const struct client_session *s, const char *before,
    const void *text, size_t len, const char *after)
{
	if (s->cfg->quiet)
		return;
	client_print_prefix(s);
	fputs(before, stdout);
	text_escape(stdout, text, len);
	puts(after);
}

static void
client_print_macros(const struct client_session *s, int stage)
{
	const struct buf *b = &s->macros[stage];
	const char *p = (const char *)buf_ptr(b), *end = p + b->len;
	const char *name, *value;
	size_t n;

	if (s->cfg->quiet || b->len == 0)
		return;
	client_print_prefix(s);
	printf("macros:\n");
	for (; p < end; p = value + strlen(value) + 1) {
		name = p;
		n = strlen(p);
		value = p + n + 1;
		if (value >= end)
			break;
		if (n > 2 && *name == '{' && name[n - 1] == '}')
			name++, n -= 2;
		client_print_prefix(s);
		printf("  ");
		text_escape(stdout, name, n);
		putchar('=');
		text_escape(stdout, value, strlen(value));
		putchar('\n');
	}
}

static void
client_print_negotiation(const struct client_session *s,
    const struct option *offer)
{
	if (s->cfg->quiet)
		return;
	client_print_prefix(s);
	printf("negotiate: version=<%lu>, action=<",
	    (unsigned long)offer->version);
	text_actions(stdout, offer->actions);
	printf(">, step=<");
	text_protocol(stdout, offer->protocol);
	printf(">\n");
}

static void
client_print_connect(const struct client_session *s, const struct packet *p)
{
	struct packet_connect c;

	if (s->cfg->quiet || packet_get_connect(p, &c) != PACKET_OK)
		return;
	client_print_prefix(s);
	printf("connect: host=<");
	text_escape(stdout, c.host, strlen(c.host));
	printf(">, address=<");
	if (c.family == SMFIA_UNIX)
		printf("unix:");
	else if (c.family == SMFIA_UNKNOWN)
		printf("unknown");
	else
		printf("inet%s:%u@[", c.family == SMFIA_INET6 ? "6" : "",
		    c.port);
	text_escape(stdout, c.address, strlen(c.address));
	printf("%s>\n", c.family == SMFIA_INET || c.family == SMFIA_INET6 ?
	    "]" : "");
}

/* An address and its parameters. */
static void
client_print_envelope(const struct client_session *s, const char *word,
    const struct packet *p)
{
	const char *text;
	size_t pos = 0;
	bool first = true;

	if (s->cfg->quiet)
		return;
	client_print_prefix(s);
	fputs(word, stdout);
	while ((text = packet_next_string(p, &pos)) != NULL) {
		printf(first ? ": <" : " ");
		text_escape(stdout, text, strlen(text));
		if (first)
			putchar('>');
		first = false;
	}
	putchar('\n');
}

static void
client_print_header(const struct client_session *s, const struct packet *p)
{
	struct packet_header h;

	if (s->cfg->quiet || packet_get_header(p, &h) != PACKET_OK)
		return;
	client_print_prefix(s);
	printf("header: <");
	text_escape(stdout, h.name, h.namelen);
	printf(": ");
	text_escape(stdout, h.value, h.valuelen);
	printf(">\n");
}

static void
client_print_hash(struct client_session *s, int tag, const unsigned char *p,
    size_t len)
{
	uint64_t h = s->hash;
	size_t i;

	if (tag != 0)
		h = (h ^ (unsigned char)tag) * CLIENT_FNV_PRIME;
	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * CLIENT_FNV_PRIME;
	s->hash = h;
}

static void
client_print_reset(struct client_session *s)
{
	s->hash = CLIENT_FNV_START;
	s->body_size = 0;
	s->n_rcpts = s->n_headers = 0;
}

static void
client_print_digest(struct client_session *s)
{
	if (s->cfg->digest) {
		client_print_prefix(s);
		printf("digest: %08lx%08lx recipients=%u headers=%u "
		    "body=%lu\n", (unsigned long)(s->hash >> 32),
		    (unsigned long)(s->hash & 0xffffffffu), s->n_rcpts,
		    s->n_headers, (unsigned long)s->body_size);
	}
	client_print_reset(s);
}

static void
client_print_clear(struct client_session *s, int above)
{
	int i;

	for (i = above + 1; i < TEXT_N; i++)
		buf_free(&s->macros[i]);
}

static int
client_print_keep(struct client_session *s, const struct packet *p)
{
	int code, i;

	if (s->cfg->quiet || packet_get_macro(p, &code) != PACKET_OK)
		return (0);
	for (i = TEXT_CONNECT; i < TEXT_N; i++)
		if (text_stages[i].command == code) {
			buf_clear(&s->macros[i]);
			/* Pairs without the last NUL are no pairs. */
			if (p->len > 1 && p->data[p->len - 1] == '\0' &&
			    buf_add(&s->macros[i], p->data + 1,
			    p->len - 1) != 0)
				return (-1);
		}
	return (0);
}

static void
client_print_command(struct client_session *s, int stage,
    const struct packet *p)
{
	const char *text = "";
	size_t n = p->len;

	switch (stage) {
	case TEXT_CONNECT:
		client_print_connect(s, p);
		break;
	case TEXT_HELO:
	case TEXT_UNKNOWN:
		if (packet_get_string(p, &text) != PACKET_OK)
			text = "";
		client_print_line(s, stage == TEXT_HELO ? "helo: <" :
		    "unknown: <", text, strlen(text), ">");
		break;
	case TEXT_MAIL:
		client_print_reset(s);
		client_print_hash(s, SMFIC_MAIL, p->data, n);
		client_print_envelope(s, "envelope-from", p);
		break;
	case TEXT_RCPT:
		s->n_rcpts++;
		client_print_hash(s, SMFIC_RCPT, p->data, n);
		client_print_envelope(s, "envelope-recipient", p);
		break;
	case TEXT_DATA:
		client_print_line(s, "data", NULL, 0, "");
		break;
	case TEXT_HEADER:
		s->n_headers++;
		client_print_hash(s, SMFIC_HEADER, p->data, n);
		client_print_header(s, p);
		break;
	case TEXT_EOH:
		client_print_line(s, "end-of-header", NULL, 0, "");
		break;
	case TEXT_BODY:
		s->body_size += n;
		client_print_hash(s, 0, p->data, n);
		client_print_line(s, "body: <", p->data, n, ">");
		break;
	default:
		s->body_size += n;
		client_print_hash(s, 0, p->data, n);
		client_print_line(s, n > 0 ? "end-of-message: <" :
		    "end-of-message", p->data, n, n > 0 ? ">" : "");
		break;
	}
	client_print_macros(s, stage);
	if (stage == TEXT_EOM)
		client_print_digest(s);
}

/* --- its end ----------------------------------------------------------- */

static void
client_on_over(struct loop_task *task, void *arg)
{
	struct client_session *s = arg;

	(void)task;
	s->ended(s, s->arg);
}

static void
client_over(struct client_session *s)
{
	if (s->over)
		return;
	s->over = true;
	loop_timer_stop(&s->timer);
	loop_task_start(s->cfg->loop, &s->task, client_on_over, s);
}

static void
client_fail(struct client_session *s, const char *fmt, ...)
    COMPAT_PRINTF(2, 3);

static void
client_fail(struct client_session *s, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fprintf(stderr, "%s: session %u: %s\n", s->cfg->program, s->number,
	    text);
	s->failed = true;
	stream_close(&s->stream);
	client_over(s);
}

/* --- the order of commands --------------------------------------------- */

/* libmilter's table: which command may follow which. */
static const struct {
	char		 after;
	const char	*allowed;
} client_order[] = {
	{ 'O', "CU" }, { 'C', "HMU" }, { 'H', "HMU" }, { 'M', "RAU" },
	{ 'R', "RTLNBEAU" }, { 'T', "LNA" }, { 'L', "LNA" }, { 'N', "BEA" },
	{ 'B', "BEA" }, { 'E', "MUQK" }, { 'A', "" }, { 'U', "HMRTBUAQK" },
};

static uint32_t
client_declined(const struct client_session *s, int code)
{
	int i;

	for (i = 0; i < TEXT_N; i++)
		if (text_stages[i].command == code)
			return (s->option.protocol & text_stages[i].no);
	return (0);
}

/* Whether a command may follow, jumping over what was declined. */
static bool
client_follows(const struct client_session *s, int after, int code,
    int depth)
{
	const char *p = "";
	size_t i;

	for (i = 0; i < sizeof(client_order) / sizeof(client_order[0]); i++)
		if (client_order[i].after == after)
			p = client_order[i].allowed;
	if (strchr(p, code) != NULL)
		return (true);
	for (; *p != '\0' && depth > 0; p++)
		if (*p != after && client_declined(s, *p) != 0 &&
		    client_follows(s, *p, code, depth - 1))
			return (true);
	return (false);
}

/* As libmilter: what does not fit is tried again as if after HELO. */
static bool
client_in_order(struct client_session *s, int code)
{
	if (code == SMFIC_ABORT || code == SMFIC_QUIT ||
	    code == SMFIC_QUIT_NC)
		return (true);
	if (!client_follows(s, s->state, code, 8) &&
	    (s->state == SMFIC_OPTNEG || s->state == SMFIC_CONNECT ||
	    !client_follows(s, SMFIC_HELO, code, 8)))
		return (false);
	if (code != SMFIC_UNKNOWN)
		s->state = code;
	return (true);
}

/* --- what is answered -------------------------------------------------- */

static void
client_send(struct client_session *s, const struct buf *b)
{
	const unsigned char *p = buf_ptr(b);
	size_t left = b->len;
	struct packet pkt;

	if (stream_write(&s->stream, p, left) != 0) {
		client_fail(s, "%s", strerror(ENOMEM));
		return;
	}
	while (s->cfg->verbose &&
	    packet_next(p, left, left, &pkt) == PACKET_OK) {
		client_print_prefix(s);
		text_frame(stdout, "< ", false, &pkt);
		p += pkt.size;
		left -= pkt.size;
	}
}

static int
client_add_option(struct client_session *s, struct buf *b)
{
	const struct client_config *cfg = s->cfg;
	struct option *o = &s->option;
	uint32_t offered = o->actions;
	int i, error = 0;

	/* s->option is the offer up to here, and then our answer. */
	if (cfg->version != 0)
		o->version = cfg->version;
	else if (o->version > MILTER_VERSION_MAX)
		o->version = MILTER_VERSION_MAX;
	o->actions = cfg->has_actions ? cfg->actions : offered & SMFIF_ALL;
	o->protocol = cfg->has_protocol ? cfg->protocol :
	    o->protocol & SMFIP_SKIP;
	for (i = 0; i < SMFIM_N && error == 0; i++) {
		if (cfg->macros[i] == NULL)
			continue;
		o->actions |= offered & SMFIF_SETSYMLIST;
		if ((o->macros[i] = strdup(cfg->macros[i])) == NULL)
			error = -1;
	}
	return (error == 0 ? option_add(b, o) : -1);
}

static bool
client_rule_continues(const struct client_rule *r)
{
	return (r == NULL || (r->answer == CLIENT_FRAME &&
	    r->bytes.len == 5 && buf_ptr(&r->bytes)[4] == SMFIR_CONTINUE));
}

static void
client_drop(struct client_session *s, bool reset)
{
	struct linger now = { 1, 0 };

	if (reset) {
		/* A lingering time of 0 makes close(2) a reset in TCP. */
		(void)setsockopt(s->stream.io.fd, SOL_SOCKET, SO_LINGER, &now,
		    sizeof(now));
		stream_close(&s->stream);
	} else
		stream_close_flushed(&s->stream, 10000);
	client_over(s);
}

/* The answer to the current command is due now. */
static void
client_answer_now(struct client_session *s, int stage,
    const struct client_rule *r)
{
	struct buf b = { 0 };
	int code, error = 0;

	if (stage == TEXT_EOM)
		error = client_script_add_edits(&b, &s->cfg->script,
		    (s->option.protocol & SMFIP_HDR_LEADSPC) != 0);
	if (error == 0 && stage == TEXT_NEGOTIATE && client_rule_continues(r))
		error = client_add_option(s, &b);
	else if (error == 0 && r == NULL)
		error = packet_add_empty(&b, SMFIR_CONTINUE);
	else if (error == 0)
		error = buf_add(&b, buf_ptr(&r->bytes), r->bytes.len);
	if (error != 0)
		client_fail(s, "%s", strerror(ENOMEM));
	else if (b.len > 0)
		client_send(s, &b);
	buf_free(&b);
	if (s->over)
		return;
	if (r != NULL && r->answer != CLIENT_FRAME) {
		if (r->answer != CLIENT_NONE)
			client_drop(s, r->answer == CLIENT_RESET);
		return;
	}
	/* A message that is decided is over for libmilter, too. */
	code = r != NULL && r->bytes.len >= 5 ? buf_ptr(&r->bytes)[4] : 0;
	if (stage != TEXT_NEGOTIATE && (code == SMFIR_ACCEPT ||
	    (stage != TEXT_RCPT && stage != TEXT_UNKNOWN &&
	    (code == SMFIR_REJECT || code == SMFIR_TEMPFAIL ||
	    code == SMFIR_DISCARD || code == SMFIR_REPLYCODE))))
		s->state = SMFIC_HELO;
}

static void
client_on_delay(struct loop_timer *timer, void *arg)
{
	struct client_session *s = arg;
	const struct client_rule *r = s->rule;
	struct buf b = { 0 };

	(void)timer;
	if (s->progressed < r->n_progress) {
		s->progressed++;
		if (packet_add_empty(&b, SMFIR_PROGRESS) == 0)
			client_send(s, &b);
		buf_free(&b);
	}
	if (s->over)
		return;
	if (s->progressed < r->n_progress) {
		loop_timer_start(s->cfg->loop, &s->timer, r->delay,
		    client_on_delay, s);
	} else {
		s->rule = NULL;
		client_answer_now(s, r->stage, r);
		if (!s->over)
			stream_resume(&s->stream);
	}
	fflush(stdout);
}

static void
client_answer(struct client_session *s, int stage)
{
	const struct client_rule *r;

	s->times[stage]++;
	r = client_script_find(&s->cfg->script, stage, s->times[stage]);
	/* A command that needs no reply gets one only by the script. */
	if (r == NULL && s->negotiated &&
	    (s->option.protocol & text_stages[stage].nr) != 0)
		return;
	if (r == NULL || (r->delay == 0 && r->n_progress == 0)) {
		client_answer_now(s, stage, r);
		return;
	}
	/* What comes meanwhile waits. */
	s->rule = r;
	s->progressed = 0;
	stream_pause(&s->stream);
	loop_timer_start(s->cfg->loop, &s->timer, r->delay, client_on_delay,
	    s);
}

/* --- commands ---------------------------------------------------------- */

static void
client_on_negotiate(struct client_session *s, const struct packet *p)
{
	enum packet_error error;

	if (s->negotiated) {
		client_fail(s, "a second SMFIC_OPTNEG");
		return;
	}
	if ((error = option_read_offer(p, &s->option)) != PACKET_OK) {
		client_fail(s, "SMFIC_OPTNEG: %s", packet_strerror(error));
		return;
	}
	client_print_negotiation(s, &s->option);
	s->state = SMFIC_OPTNEG;
	client_answer(s, TEXT_NEGOTIATE);
	s->negotiated = true;
}

static void
client_on_command(struct client_session *s, const struct packet *p)
{
	const char *name = packet_command_name(p->code);
	enum packet_error error;
	int stage;

	if (s->cfg->verbose) {
		client_print_prefix(s);
		text_frame(stdout, "> ", true, p);
	}
	if (p->code == SMFIC_OPTNEG) {
		client_on_negotiate(s, p);
		return;
	}
	if ((error = packet_check_command(p)) != PACKET_OK) {
		client_fail(s, "%s: %s", name, packet_strerror(error));
		return;
	}
	if (!s->negotiated) {
		client_fail(s, "%s before SMFIC_OPTNEG", name);
		return;
	}
	if (p->code == SMFIC_MACRO) {
		if (client_print_keep(s, p) != 0)
			client_fail(s, "%s", strerror(ENOMEM));
		return;
	}
	if (!client_in_order(s, p->code)) {
		client_fail(s, "%s after %s", name,
		    packet_command_name(s->state));
		return;
	}
	switch (p->code) {
	case SMFIC_ABORT:
		client_print_line(s, "abort", NULL, 0, "");
		s->state = SMFIC_HELO;
		client_print_reset(s);
		return;
	case SMFIC_QUIT:
		client_drop(s, false);
		return;
	case SMFIC_QUIT_NC:
		client_print_line(s, "quit-nc", NULL, 0, "");
		client_print_clear(s, TEXT_NEGOTIATE);
		s->state = SMFIC_OPTNEG;
		return;
	default:
		break;
	}
	if (client_declined(s, p->code) != 0) {
		client_fail(s, "%s, which was declined", name);
		return;
	}
	for (stage = TEXT_CONNECT; stage < TEXT_EOM; stage++)
		if (text_stages[stage].command == p->code)
			break;
	if (stage <= TEXT_RCPT)
		client_print_clear(s, stage);
	client_print_command(s, stage, p);
	client_answer(s, stage);
}

/* --- the connection ---------------------------------------------------- */

static size_t
client_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct client_session *s = arg;
	struct packet p;
	enum packet_error error;
	size_t used = 0;

	(void)st;
	while (!s->over && s->rule == NULL && used < len) {
		/* libmilter's limit. */
		error = packet_next(data + used, len - used,
		    MILTER_CHUNK_SIZE, &p);
		if (error == PACKET_MORE)
			break;
		if (error != PACKET_OK) {
			client_fail(s, "bad frame: %s",
			    packet_strerror(error));
			break;
		}
		used += p.size;
		client_on_command(s, &p);
	}
	fflush(stdout);
	return (used);
}

static void
client_on_closed(struct stream *st, int error, void *arg)
{
	struct client_session *s = arg;

	(void)st;
	/* An end without QUIT is normal (Postfix), a lost peer is told. */
	if (error != 0 && s->cfg->verbose) {
		client_print_prefix(s);
		printf("connection lost: %s\n", strerror(error));
	}
	stream_close(&s->stream);
	client_over(s);
}

static const struct stream_ops client_stream_ops = {
	client_on_input, NULL, client_on_closed
};

int
client_session_start(struct client_session *s, int fd)
{
	client_print_reset(s);
	return (stream_open(&s->stream, s->cfg->loop, fd, &client_stream_ops,
	    s));
}

void
client_session_free(struct client_session *s)
{
	int i;

	client_print_line(s, "finished", NULL, 0, "");
	fflush(stdout);
	loop_task_stop(&s->task);
	loop_timer_stop(&s->timer);
	stream_close(&s->stream);
	option_free(&s->option);
	for (i = 0; i < TEXT_N; i++)
		buf_free(&s->macros[i]);
	free(s);
}

#undef CLIENT_FNV_START
#undef CLIENT_FNV_PRIME
