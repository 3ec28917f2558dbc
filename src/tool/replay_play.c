/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * replay_play.c - one side of a recorded session, said again to a manager or a
 * milter, and what is answered.
 * Owns:      what is sent when, and what is left out because an answer today
 *            is another one than it was.
 * Called by: replay.c.
 * Must not:  compare answers (replay_compare.c) or touch a socket
 *            (replay_conn.c).
 *
 * The record says what the MTA said; whether a reply is waited for, and which
 * commands are said at all, is up to what is negotiated today.  As long as the
 * answers are those of the record, so is everything that is sent.
 */
#include "compat.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "tool/replay.h"

/* The most that a milter may answer to one command. */
#define REPLAY_ANSWER_MAX	((size_t)256 * 1024 * 1024)

enum replay_skip {
	REPLAY_ALL,			/* everything is played */
	REPLAY_TO_MESSAGE,		/* not before the next message */
	REPLAY_TO_SESSION		/* not in this session */
};

struct replay_play {
	const struct replay_file *file;
	const struct replay_config *cfg;
	unsigned	 side;
	struct replay_conn conn;
	struct trace_reader reader;
	struct trace_record next;	/* the next command */
	bool		 have_next;
	uint64_t	 last;		/* us of the event before it */
	uint64_t	 pause;		/* us to wait before it is sent */
	char		 note[256];	/* why an answer lacks in the record */
	struct replay_list expected, found;
	struct buf	 macros;	/* frames that go before it */
	struct buf	 answers;	/* what found points to */
	struct option	 option;	/* today's */
	struct option	 then;		/* the record's */
	bool		 negotiated;
	bool		 over;		/* the connection is */
	bool		 broken;	/* out of memory */
	bool		 left;		/* QUIT has been said */
	enum replay_skip skip;
	unsigned	 skip_stages;	/* bits: SMFIR_SKIP was answered */
	bool		 in_message;
	unsigned	 message;
	unsigned	 rcpt_said, rcpt_taken, rcpt_taken_then;
	struct replay_count count;
	unsigned long	 left_out;
};

/* --- the record ---------------------------------------------------------- */

/*
 * Goes on to the next command of our side; what was answered to the one before
 * is added to expected.
 */
static void
replay_advance(struct replay_play *p)
{
	enum trace_kind command = p->side == 0 ? TRACE_FROM : TRACE_TO;
	struct trace_record rec;

	p->have_next = false;
	while (trace_next(&p->reader, &rec) == TRACE_OK) {
		if (rec.kind == TRACE_END && p->note[0] == '\0')
			log_escape(p->note, sizeof(p->note), rec.data,
			    rec.len);
		if (rec.side != p->side)
			continue;
		if (rec.kind == TRACE_NOTE)
			log_escape(p->note, sizeof(p->note), rec.data,
			    rec.len);
		if (rec.kind != TRACE_FROM && rec.kind != TRACE_TO)
			continue;
		if (rec.kind == command) {
			p->next = rec;
			p->have_next = true;
			return;
		}
		p->last = rec.usec;
		if (rec.code != SMFIR_PROGRESS &&
		    replay_list_add(&p->expected, &rec) == -1)
			p->broken = p->over = true;
	}
}

/* Is it the last one that comes after a command? */
static bool
replay_is_last(int command, int code)
{
	return (command == SMFIC_OPTNEG || code == '\0' ||
	    strchr("+-2behimq", code) == NULL);
}

/* The verdict of a list, or 0. */
static int
replay_verdict(const struct replay_list *l)
{
	if (l->n == 0 || !replay_is_last(0, l->frame[l->n - 1].code))
		return (0);
	return (l->frame[l->n - 1].code);
}

/* --- sending and receiving ----------------------------------------------- */

static int
replay_stage(int command)
{
	int i;

	for (i = 0; i < TEXT_N; i++)
		if (text_stages[i].command == command)
			return (i);
	return (-1);
}

/* "message 2 rcpt <a@example.org>", for the lines about differences. */
static void
replay_where(const struct replay_play *p, const struct trace_record *cmd,
    char *dst, size_t size)
{
	int stage = replay_stage(cmd->code);
	char text[100];
	size_t n = 0;

	dst[0] = '\0';
	if (stage >= TEXT_MAIL && p->message > 0)
		(void)snprintf(dst, size, "message %u ", p->message);
	strlcat(dst, stage >= 0 ? text_stages[stage].name :
	    packet_command_name(cmd->code), size);
	if (stage != TEXT_MAIL && stage != TEXT_RCPT && stage != TEXT_HEADER &&
	    stage != TEXT_HELO && stage != TEXT_UNKNOWN)
		return;
	while (n < cmd->len && cmd->data[n] != '\0')
		n++;
	log_escape(text, sizeof(text), cmd->data, n);
	strlcat(dst, " ", size);
	strlcat(dst, text, size);
}

/* The rest of a body that the record has shortened: lines of x. */
static int
replay_send_filler(struct replay_play *p, size_t len)
{
	unsigned char line[64 * 64];
	size_t i, n;

	for (i = 0; i < sizeof(line); i++)
		line[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
	for (; len > 0; len -= n) {
		n = len < sizeof(line) ? len : sizeof(line);
		if (replay_send(&p->conn, line, n) == -1)
			return (-1);
	}
	return (0);
}

static void
replay_wait(struct replay_play *p)
{
	uint64_t ms = p->pause / 1000;

	p->pause = 0;
	while (p->cfg->timing && ms > 0) {
		int piece = ms > 1000000 ? 1000000 : (int)ms;

		(void)poll(NULL, 0, piece);
		ms -= (uint64_t)piece;
	}
}

/* Macros that wait, then the command.  0 or -1. */
static int
replay_say(struct replay_play *p, const struct trace_record *cmd)
{
	unsigned char head[MILTER_LEN_BYTES + 1];
	size_t n = cmd->full + 1;
	int error;

	replay_wait(p);
	head[0] = (unsigned char)(n >> 24);
	head[1] = (unsigned char)(n >> 16);
	head[2] = (unsigned char)(n >> 8);
	head[3] = (unsigned char)n;
	head[4] = (unsigned char)cmd->code;
	if (buf_add(&p->macros, head, sizeof(head)) == -1 ||
	    buf_add(&p->macros, cmd->data, cmd->len) == -1) {
		p->broken = true;
		return (-1);
	}
	error = replay_send(&p->conn, buf_ptr(&p->macros), p->macros.len);
	buf_clear(&p->macros);
	if (error == 0 && cmd->full > cmd->len)
		error = replay_send_filler(p, cmd->full - cmd->len);
	return (error);
}

static int
replay_say_empty(struct replay_play *p, int code)
{
	struct trace_record cmd;

	memset(&cmd, 0, sizeof(cmd));
	cmd.code = code;
	buf_clear(&p->macros);
	return (replay_say(p, &cmd));
}

/* answers as a list. */
static int
replay_list_answers(struct replay_play *p)
{
	struct trace_record rec;
	struct packet pkt;
	size_t off = 0;

	memset(&rec, 0, sizeof(rec));
	p->found.n = 0;
	while (packet_next(buf_ptr(&p->answers) + off, p->answers.len - off,
	    SIZE_MAX - 8, &pkt) == PACKET_OK) {
		rec.code = pkt.code;
		rec.data = pkt.data;
		rec.len = rec.full = pkt.len;
		if (replay_list_add(&p->found, &rec) == -1)
			return (-1);
		off += pkt.size;
	}
	return (0);
}

/* All that is answered to a command.  0, or -1 and conn.why. */
static int
replay_listen(struct replay_play *p, int command)
{
	struct packet pkt;
	int error;

	buf_clear(&p->answers);
	while ((error = replay_read(&p->conn, &pkt)) == 0) {
		if (pkt.code == SMFIR_PROGRESS)
			continue;
		if (p->answers.len + pkt.size > REPLAY_ANSWER_MAX ||
		    packet_add(&p->answers, pkt.code, pkt.data,
		    pkt.len) == -1) {
			strlcpy(p->conn.why, "more than can be kept",
			    sizeof(p->conn.why));
			error = -1;
			break;
		}
		if (replay_is_last(command, pkt.code))
			break;
	}
	if (replay_list_answers(p) == -1)
		p->broken = true;
	return (error);
}

static void
replay_judge(struct replay_play *p, const struct trace_record *cmd, int error)
{
	const char *nothing[2];
	char where[200];

	nothing[0] = p->note[0] != '\0' ? p->note : NULL;
	nothing[1] = error == -1 ? p->conn.why : NULL;
	replay_where(p, cmd, where, sizeof(where));
	if (p->expected.n == 0 && p->found.n == 0)
		p->count.same++;		/* no answer, as then */
	else if (replay_compare(where, &p->expected, &p->found, nothing,
	    &p->count) == -1)
		p->broken = true;
	if (error == -1 || p->broken)
		p->over = true;
}

/* What came although nothing is due. */
static void
replay_strays(struct replay_play *p, const struct trace_record *cmd)
{
	static const char *const nothing[2] = { NULL, NULL };
	struct packet pkt;
	char where[200];

	buf_clear(&p->answers);
	while (replay_stray(&p->conn, &pkt))
		if (pkt.code != SMFIR_PROGRESS &&
		    p->answers.len + pkt.size <= REPLAY_ANSWER_MAX &&
		    packet_add(&p->answers, pkt.code, pkt.data,
		    pkt.len) == -1)
			p->broken = p->over = true;
	if (p->answers.len == 0)
		return;
	strlcpy(where, "before ", sizeof(where));
	replay_where(p, cmd, where + strlen(where),
	    sizeof(where) - strlen(where));
	p->expected.n = 0;
	if (replay_list_answers(p) == -1 || replay_compare(where, &p->expected,
	    &p->found, nothing, &p->count) == -1)
		p->broken = p->over = true;
}

/* --- the course of the session ------------------------------------------- */

static void
replay_new_message(struct replay_play *p)
{
	p->message++;
	p->rcpt_said = p->rcpt_taken = p->rcpt_taken_then = 0;
	p->skip_stages = 0;
	p->in_message = true;
}

/* What today's verdict means for what may be said next. */
static void
replay_follow(struct replay_play *p, int stage)
{
	int then = replay_verdict(&p->expected);
	int now = replay_verdict(&p->found);
	bool refused, ends;

	refused = now != 0 && strchr("rty4", now) != NULL;
	ends = refused || now == SMFIR_ACCEPT || now == SMFIR_DISCARD;
	switch (stage) {
	case TEXT_CONNECT:
	case TEXT_HELO:
		if ((refused || now == SMFIR_ACCEPT) && now != then)
			p->skip = REPLAY_TO_SESSION;
		return;
	case TEXT_RCPT:
		p->rcpt_taken += !refused;
		p->rcpt_taken_then += then == 0 || strchr("rty4", then) ==
		    NULL;
		ends = ends && !refused;
		break;
	case TEXT_UNKNOWN:
		return;
	case TEXT_EOM:
		p->in_message = false;
		return;
	default:
		if (now == SMFIR_SKIP)
			p->skip_stages |= 1u << stage;
		break;
	}
	if (!ends)
		return;
	p->in_message = false;
	if (now != then)
		p->skip = REPLAY_TO_MESSAGE;
}

/* Whether a command is left out because of what was answered before. */
static bool
replay_leaves_out(struct replay_play *p, int stage)
{
	if (p->skip == REPLAY_TO_MESSAGE && (stage == TEXT_CONNECT ||
	    stage == TEXT_HELO || stage == TEXT_MAIL))
		p->skip = REPLAY_ALL;
	if (p->skip == REPLAY_ALL && stage >= TEXT_DATA && p->in_message &&
	    p->rcpt_said > 0 && p->rcpt_taken == 0 && p->rcpt_taken_then > 0) {
		/* Nobody is left: the MTA would give up, too. */
		(void)replay_say_empty(p, SMFIC_ABORT);
		p->in_message = false;
		p->skip = REPLAY_TO_MESSAGE;
	}
	if (p->skip == REPLAY_ALL && (p->skip_stages & 1u << stage) == 0)
		return (false);
	if (p->skip != REPLAY_ALL)
		p->left_out++;
	buf_clear(&p->macros);
	return (true);
}

static bool
replay_declined(const struct replay_play *p, int stage)
{
	return ((p->option.protocol & text_stages[stage].no) != 0 ||
	    (stage == TEXT_DATA && p->option.version < 4) ||
	    (stage == TEXT_UNKNOWN && p->option.version < 3));
}

static void
replay_command(struct replay_play *p, const struct trace_record *cmd)
{
	int stage = replay_stage(cmd->code), error;

	if (!p->negotiated)
		return;		/* nothing can be said yet */
	if (replay_leaves_out(p, stage))
		return;
	if (stage == TEXT_MAIL && p->in_message)
		(void)replay_say_empty(p, SMFIC_ABORT);
	if (stage == TEXT_MAIL)
		replay_new_message(p);
	if (replay_declined(p, stage)) {
		/* Its macros are the next one's, but for the content. */
		if (stage >= TEXT_HEADER)
			buf_clear(&p->macros);
		return;
	}
	p->rcpt_said += stage == TEXT_RCPT;
	error = replay_say(p, cmd);
	if (error == 0 && (p->option.protocol & text_stages[stage].nr) != 0) {
		p->rcpt_taken += stage == TEXT_RCPT;
		p->rcpt_taken_then += stage == TEXT_RCPT;
		return;
	}
	/* It may have spoken before it went. */
	if (replay_listen(p, cmd->code) == -1)
		error = -1;
	/* Where no reply was agreed then, one that changes nothing is due. */
	if (error == 0 && p->expected.n == 0 &&
	    (p->then.protocol & text_stages[stage].nr) != 0 &&
	    (replay_verdict(&p->found) == SMFIR_CONTINUE ||
	    replay_verdict(&p->found) == SMFIR_SKIP))
		p->found.n = 0;
	replay_judge(p, cmd, error);
	replay_follow(p, stage);
}

/* Reads the answer to an offer, in a list of one.  What is wrong, or NULL. */
static const char *
replay_read_option(const struct replay_list *l, struct option *out)
{
	enum packet_error error;
	struct packet pkt;

	option_free(out);
	if (l->n == 0)
		return ("there is none");
	memset(&pkt, 0, sizeof(pkt));
	pkt.code = (unsigned char)l->frame->code;
	pkt.data = l->frame->data;
	pkt.len = l->frame->len;
	error = option_read_answer(&pkt, out);
	return (error == PACKET_OK ? NULL : packet_strerror(error));
}

static void
replay_negotiate(struct replay_play *p, const struct trace_record *cmd,
    const struct spec *spec)
{
	const char *why;
	int error;

	if (p->side == 0 && p->negotiated && !p->left) {
		/* A second one, which nobody answers. */
		(void)replay_say(p, cmd);
		return;
	}
	replay_close(&p->conn);
	if (replay_dial(&p->conn, spec) == -1) {
		p->over = true;
		return;
	}
	p->negotiated = p->left = p->in_message = false;
	p->skip = REPLAY_ALL;
	error = replay_say(p, cmd);
	if (replay_listen(p, SMFIC_OPTNEG) == -1)
		error = -1;
	replay_judge(p, cmd, error);
	(void)replay_read_option(&p->expected, &p->then);
	if (p->over)
		return;
	why = replay_read_option(&p->found, &p->option);
	if (why == NULL) {
		p->negotiated = true;
		return;
	}
	fflush(stdout);
	fprintf(stderr, "%s: no negotiation: %s\n", p->cfg->program, why);
	p->over = true;
}

static void
replay_one(struct replay_play *p, const struct trace_record *cmd,
    const struct spec *spec)
{
	if (p->negotiated && !p->left)
		replay_strays(p, cmd);
	switch (cmd->code) {
	case SMFIC_OPTNEG:
		replay_negotiate(p, cmd, spec);
		break;
	case SMFIC_ABORT:
		if (p->negotiated)
			(void)replay_say_empty(p, cmd->code);
		p->in_message = false;
		break;
	case SMFIC_QUIT:
	case SMFIC_QUIT_NC:
		if (p->negotiated)
			(void)replay_say_empty(p, cmd->code);
		p->in_message = false;
		p->skip = REPLAY_ALL;
		p->left = cmd->code == SMFIC_QUIT;
		break;
	default:
		if (replay_stage(cmd->code) >= 0)
			replay_command(p, cmd);
		else if (p->negotiated)
			(void)replay_say(p, cmd);	/* nobody knows it */
		break;
	}
}

/* A macro frame is kept for the command that it belongs to. */
static void
replay_macro(struct replay_play *p, const struct trace_record *cmd)
{
	if (cmd->len != cmd->full)
		return;
	if (packet_add(&p->macros, cmd->code, cmd->data, cmd->len) == -1)
		p->broken = p->over = true;
}

static void
replay_course(struct replay_play *p, const struct spec *spec)
{
	bool whole = p->file->end == TRACE_DONE && !p->file->cut;
	struct trace_record cmd;

	replay_advance(p);
	while (p->have_next && !p->over) {
		cmd = p->next;
		if (cmd.usec > p->last)
			p->pause += cmd.usec - p->last;
		p->last = cmd.usec;
		if (cmd.code != SMFIC_MACRO) {
			p->expected.n = 0;
			p->note[0] = '\0';
		}
		replay_advance(p);
		/* The answers to the last one may lack. */
		if (!p->have_next && !whole)
			break;
		if (cmd.code == SMFIC_MACRO)
			replay_macro(p, &cmd);
		else
			replay_one(p, &cmd, spec);
	}
	if (p->over || p->conn.fd == -1 || p->left)
		return;
	if (p->in_message)
		(void)replay_say_empty(p, SMFIC_ABORT);
	(void)replay_say_empty(p, SMFIC_QUIT);
}

/* Bytes of commands that the record lacks. */
static unsigned long long
replay_lacks(const struct replay_file *f, unsigned side)
{
	struct trace_reader r;
	struct trace_record rec;
	unsigned long long n = 0;

	if (trace_open(&r, buf_ptr(&f->bytes), f->bytes.len) == TRACE_OK)
		while (trace_next(&r, &rec) == TRACE_OK)
			if (rec.side == side && rec.kind == (side == 0 ?
			    TRACE_FROM : TRACE_TO))
				n += rec.full - rec.len;
	trace_close(&r);
	return (n);
}

int
replay_play(const struct replay_file *f, const struct replay_config *cfg,
    int side, const struct spec *spec)
{
	struct replay_play p;
	unsigned long long lacks = replay_lacks(f, (unsigned)side);
	bool dialled;

	memset(&p, 0, sizeof(p));
	p.file = f;
	p.cfg = p.conn.cfg = cfg;
	p.conn.fd = -1;
	p.side = (unsigned)side;
	if (lacks > 0)
		fprintf(stderr, "%s: %s: %llu bytes of bodies were not kept: "
		    "others are sent, and the answers may differ for that\n",
		    cfg->program, cfg->path, lacks);
	(void)trace_open(&p.reader, buf_ptr(&f->bytes), f->bytes.len);
	replay_course(&p, spec);
	dialled = p.conn.fd != -1;
	replay_close(&p.conn);
	trace_close(&p.reader);
	replay_list_free(&p.expected);
	replay_list_free(&p.found);
	buf_free(&p.macros);
	buf_free(&p.answers);
	option_free(&p.option);
	option_free(&p.then);
	if (p.broken) {
		fprintf(stderr, "%s: %s\n", cfg->program, strerror(ENOMEM));
		return (EX_OSERR);
	}
	if (!dialled) {
		if (p.over)
			return (EX_UNAVAILABLE);
		fprintf(stderr, "%s: %s: nothing was said to %s\n",
		    cfg->program, cfg->path, cfg->child != NULL ? cfg->child :
		    "the manager");
		return (EX_DATAERR);
	}
	printf("%lu answers as recorded, %lu different", p.count.same,
	    p.count.different);
	if (p.left_out > 0)
		printf(", %lu commands left out for that", p.left_out);
	putchar('\n');
	if (fflush(stdout) != 0) {
		fprintf(stderr, "%s: %s\n", cfg->program, strerror(errno));
		return (EX_IOERR);
	}
	return (p.count.different > 0 ? EXIT_FAILURE : EXIT_SUCCESS);
}

#undef REPLAY_ANSWER_MAX
