/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_matrix_mta.h - the MTA of h_matrix.c.
 * Owns:      what is sent when, and the comparison of what comes back.
 * Called by: h_matrix.c.
 * Must not:  know what is right; the oracle does.
 */
#ifndef H_MATRIX_MTA_H
#define H_MATRIX_MTA_H

#include "h_matrix.h"
#include "h_matrix_oracle.h"

static void
mta_send(struct matrix_session *s, int code, const void *data, size_t len)
{
	struct buf b = { 0 };

	if (packet_add(&b, code, data, len) == -1 ||
	    stream_write(&s->mta, buf_ptr(&b), b.len) == -1)
		die("packet_add");
	buf_free(&b);
}

static void
mta_end_message(struct matrix_session *s, bool aborts)
{
	if (aborts) {
		mta_send(s, SMFIC_ABORT, NULL, 0);
		oracle_leaves(s, 'A');
	}
	s->next = s->message > s->in_message ? 'Q' :
	    s->redial && s->dials == 1 ? 'K' : 'M';
}

/* What an MTA does after this reply. */
static void
mta_after(struct matrix_session *s, char v)
{
	bool good = v == 'c', half = s->number % 3 == 0;

	switch (s->sent) {
	case 'C':
		s->next = v == 'a' ? 'Q' : 'H';
		break;
	case 'H':
		s->next = v == 'a' ? 'Q' : 'U';
		break;
	case 'U':
		s->next = 'M';
		break;
	case 'M':
		s->next = '1';
		if (!good)
			mta_end_message(s, half);
		break;
	case '1':
	case '2':
		if (good)
			s->rcpts++;
		s->next = s->sent == '1' ? '2' : 'T';
		if (v == 'a' || v == 'd' || (s->next == 'T' && s->rcpts == 0))
			mta_end_message(s, true);
		break;
	case 'E':
		mta_end_message(s, false);
		break;
	default:
		s->next = strchr(MATRIX_LETTERS, s->sent)[1];
		if (!good)
			mta_end_message(s, s->sent == 'T' || half);
		break;
	}
}

/* Is all of what was sent done, and may the next thing be sent? */
static bool
mta_may_go(const struct matrix_session *s)
{
	const struct matrix_child *x = &s->child[M.x];
	size_t i;

	if (s->over || s->due || s->next == '\0')
		return (false);
	if (s->sent == 'K')
		for (i = 0; i < M.n; i++)
			if (s->child[i].open)
				return (false);
	if (s->lost)
		return (!x->open);
	/* What it does not reply to has to have reached it. */
	return (!s->nr || x->got.len >= x->want.len);
}

/* A child's connection is that of the session that negotiates. */
static bool
mta_dial(struct matrix_session *s)
{
	if (M.negotiating != NULL)
		return (false);
	M.negotiating = s;
	s->holds = true;
	s->dials++;
	if (matrix_fires(s, 'O') && (s->kind == KIND_REFUSED ||
	    s->kind == KIND_ABSENT)) {
		child_deaf(M.x);
		M.deaf = true;
		if (s->kind == KIND_ABSENT)
			(void)unlink("x.sock");
	}
	oracle_dial(s);
	return (true);
}

static void
mta_dialled(struct matrix_session *s)
{
	s->holds = false;
	if (M.negotiating != s)
		return;
	M.negotiating = NULL;
	if (M.deaf)
		child_listen(M.x);
	M.deaf = false;
	session_next();
}

static void
mta_offer(struct matrix_session *s)
{
	struct option o;
	struct buf b = { 0 };

	memset(&o, 0, sizeof(o));
	o.version = 6;
	o.actions = SMFIF_ALL;
	o.protocol = 0x1fffff;
	if (option_add(&b, &o) == -1 ||
	    stream_write(&s->mta, buf_ptr(&b), b.len) == -1)
		die("option_add");
	buf_free(&b);
	s->due = true;
}

static void
mta_event(struct matrix_session *s, char letter)
{
	static const struct {
		char		 letter;
		int		 code;
		const char	*data;
		size_t		 len;
	} rows[] = {
		{ 'C', SMFIC_CONNECT, "h\0" "4\0\31" "192.0.2.1", 15 },
		{ 'H', SMFIC_HELO, "h", 2 }, { 'U', SMFIC_UNKNOWN, "X", 2 },
		{ 'M', SMFIC_MAIL, "<m@x>", 6 },
		{ '1', SMFIC_RCPT, "<1@x>", 6 },
		{ '2', SMFIC_RCPT, "<2@x>", 6 }, { 'T', SMFIC_DATA, "", 0 },
		{ 'S', SMFIC_HEADER, "S\0v", 4 },
		{ 'F', SMFIC_HEADER, "F\0v", 4 },
		{ 'N', SMFIC_EOH, "", 0 }, { 'B', SMFIC_BODY, "mbody\r\n", 7 },
		{ 'E', SMFIC_BODYEOB, "", 0 },
	};
	size_t i;

	for (i = 0; rows[i].letter != letter; i++)
		;
	s->sent = letter;
	if (letter == 'M') {
		s->message++;
		s->rcpts = 0;
	}
	s->due = (s->agreed.protocol & matrix_nr(letter)) == 0;
	s->n_got = 0;
	oracle_event(s, letter);
	mta_send(s, rows[i].code, rows[i].data, rows[i].len);
	if (!s->due)
		mta_after(s, 'c');
}

/* Sends all that may be sent now. */
static void
mta_go(struct matrix_session *s)
{
	while (mta_may_go(s)) {
		char letter = s->next;

		if (s->holds && s->sent == 'C') {
			mta_dialled(s);
			continue;	/* that may have gone on already */
		}
		if (letter == 'O' || (s->sent == 'K' && letter == 'C')) {
			if (!mta_dial(s))
				return;
		}
		s->next = '\0';
		switch (letter) {
		case 'O':
			s->sent = 'O';
			mta_offer(s);
			break;
		case 'Q':
			s->leaving = true;
			oracle_leaves(s, 'Q');
			mta_send(s, SMFIC_QUIT, NULL, 0);
			break;
		case 'K':
			oracle_leaves(s, 'K');
			mta_send(s, SMFIC_QUIT_NC, NULL, 0);
			s->sent = 'K';
			s->next = 'C';
			break;
		default:
			mta_event(s, letter);
			break;
		}
	}
	session_check(s);
}

static void
mta_negotiated(struct matrix_session *s, const struct packet *p)
{
	if (option_read_answer(p, &s->agreed) != PACKET_OK) {
		bad(s, "the MTA gets %c as the answer to its offer", p->code);
		return;
	}
	s->due = false;
	s->next = 'C';
	mta_dialled(s);
	mta_go(s);
}

static void
mta_reply(struct matrix_session *s, const struct packet *p)
{
	char c = (char)p->code;

	if (c == 'p' && s->sent == 'E')
		return;
	if (s->n_got + 2 > sizeof(s->got)) {
		bad(s, "too many edits");
		return;
	}
	switch (p->code) {
	case SMFIR_ADDHEADER:
		c = (char)p->data[0];
		break;
	case SMFIR_REPLBODY:
		if (p->len != 7 || memcmp(p->data, "xbody\r\n", 7) != 0)
			c = '?';
		break;
	case SMFIR_QUARANTINE:
		/* Wherever among the edits it is. */
		memmove(s->got + 1, s->got, s->n_got++);
		s->got[0] = 'q';
		return;
	case SMFIR_REPLYCODE:
		if (strncmp((const char *)p->data, "421", 3) != 0)
			c = '?';
		break;
	default:
		break;
	}
	s->got[s->n_got++] = c;
	s->got[s->n_got] = '\0';
	if (strchr("axzb", c) != NULL && p->code != SMFIR_ACCEPT)
		return;
	if (strcmp(s->got, s->want) != 0) {
		bad(s, "the MTA gets \"%s\" at %c of message %d, not \"%s\"",
		    s->got, s->sent, s->message, s->want);
		return;
	}
	s->due = false;
	mta_after(s, c);
	mta_go(s);
}

static size_t
mta_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct matrix_session *s = arg;
	struct packet p;
	enum packet_error e;

	(void)st;
	progress();
	e = packet_next(data, len, MILTER_CHUNK_SIZE, &p);
	if (e == PACKET_MORE)
		return (0);
	if (e == PACKET_OK && p.code != SMFIC_OPTNEG)
		e = packet_check_reply(&p);
	if (e != PACKET_OK)
		bad(s, "the MTA gets: %s", packet_strerror(e));
	else if (!s->due)
		bad(s, "the MTA gets %c behind %c", p.code, s->sent);
	else if (s->sent == 'O')
		mta_negotiated(s, &p);
	else
		mta_reply(s, &p);
	return (e == PACKET_OK ? p.size : len);
}

static void
mta_on_closed(struct stream *st, int error, void *arg)
{
	struct matrix_session *s = arg;

	progress();
	stream_close(st);
	if (!s->leaving)
		bad(s, "the daemon closed behind %c: %s", s->sent,
		    error == 0 ? "end of file" : strerror(error));
	session_check(s);
}

static const struct stream_ops mta_ops = {
	mta_on_input, NULL, mta_on_closed
};

#endif /* H_MATRIX_MTA_H */
