/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_matrix_child.h - the children of h_matrix.c: two that do as they are told,
 * and x with its faults.
 * Owns:      what each fault looks like on the wire.
 * Called by: h_matrix.c.
 * Must not:  know what the daemon should make of it.
 */
#ifndef H_MATRIX_CHILD_H
#define H_MATRIX_CHILD_H

#include "h_matrix.h"

static void
child_say(struct matrix_child *c, int code, const void *data, size_t len)
{
	struct buf b = { 0 };

	if (packet_add(&b, code, data, len) == -1 ||
	    stream_write(&c->stream, buf_ptr(&b), b.len) == -1)
		die("packet_add");
	buf_free(&b);
}

static void
child_raw(struct matrix_child *c, const char *bytes, size_t len)
{
	if (stream_write(&c->stream, bytes, len) == -1)
		die("stream_write");
}

/* Now and then all of it; the daemon is then not seen to close its side. */
static void
child_close(struct matrix_child *c)
{
	struct matrix_session *s = c->session;

	stream_flush(&c->stream);
	if (s->number % 2 == 0 && s->kind != KIND_LATER && !s->nr) {
		stream_close(&c->stream);
		c->open = false;
	} else
		(void)shutdown(c->stream.io.fd, SHUT_WR);
}

static void
child_edits(struct matrix_child *c)
{
	char field[] = { c->name, '\0', 'v', '\0' };

	child_say(c, SMFIR_ADDHEADER, field, sizeof(field));
	if (c->name == 'x')
		child_say(c, SMFIR_REPLBODY, "xbody\r\n", 7);
}

static void
child_negotiate(struct matrix_child *c, const struct packet *p, int ahead)
{
	struct option o, offer;
	struct buf b = { 0 };

	if (option_read_offer(p, &offer) != PACKET_OK) {
		bad(c->session, "a malformed offer");
		return;
	}
	memset(&o, 0, sizeof(o));
	o.version = offer.version + (uint32_t)ahead;
	o.actions = offer.actions & ~(uint32_t)SMFIF_SETSYMLIST;
	if (c->name == 'x' && c->session->nr)
		o.protocol = offer.protocol & SMFIP_NR_MASK;
	if (option_add(&b, &o) == -1)
		die("option_add");
	child_raw(c, (const char *)buf_ptr(&b), b.len);
	buf_free(&b);
}

static void
child_behave(struct matrix_child *c, char letter, const struct packet *p)
{
	if (letter == 'O') {
		child_negotiate(c, p, 0);
		return;
	}
	if (letter == 'E')
		child_edits(c);
	if (c->name == 'x' && c->session->nr && matrix_nr(letter) != 0)
		return;
	child_say(c, M.chain[c->place] == 'A' && letter == 'S' ?
	    SMFIR_ACCEPT : SMFIR_CONTINUE, NULL, 0);
}

static void
child_misbehave(struct matrix_child *c, char letter, const struct packet *p)
{
	bool closes = true;

	switch (c->session->kind) {
	case KIND_CLOSE:
		break;
	case KIND_GARBAGE:
		child_raw(c, "\0\0\0\1z", 5);
		closes = false;
		break;
	case KIND_TEXT:
		child_raw(c, "220 a.example ESMTP\r\n", 21);
		closes = false;
		break;
	case KIND_ZERO:
		child_raw(c, "\0\0\0\0c", 5);
		closes = false;
		break;
	case KIND_CUT:
		if (letter == 'E')
			child_edits(c);
		child_raw(c, "\0\0\0\15O\0", 6);
		break;
	case KIND_LARGE:
		child_raw(c, "\177\377\377\377c", 5);
		closes = false;
		break;
	case KIND_WRONG:
		if (letter == 'O')
			child_say(c, SMFIR_CONTINUE, NULL, 0);
		else if (letter == 'E') {
			child_edits(c);
			child_say(c, SMFIR_CONN_FAIL, NULL, 0);
		} else
			child_edits(c);
		closes = false;
		break;
	case KIND_PAYLOAD:
		if (letter == 'O')
			child_negotiate(c, p, 1);
		else
			child_say(c, SMFIR_CONTINUE, "", 1);
		closes = false;
		break;
	case KIND_EDITS:
		child_edits(c);
		break;
	case KIND_PROGRESS:
		child_edits(c);
		child_say(c, SMFIR_PROGRESS, NULL, 0);
		break;
	case KIND_LATER:
		child_behave(c, letter, p);
		break;
	case KIND_TWICE:
		child_behave(c, letter, p);
		child_say(c, SMFIR_CONTINUE, NULL, 0);
		closes = false;
		break;
	case KIND_STRAY:
		child_say(c, SMFIR_REJECT, NULL, 0);
		closes = false;
		break;
	case KIND_STALL:
		child_raw(c, "\0\0\0\15O\0", 6);
		closes = false;
		break;
	case KIND_HANG_EDITS:
		child_edits(c);
		closes = false;
		break;
	case KIND_HANG_PROGRESS:
		child_say(c, SMFIR_PROGRESS, NULL, 0);
		closes = false;
		break;
	default:
		closes = false;
		break;
	}
	if (closes)
		child_close(c);
}

/* 0: it has none. */
static char
child_letter(const struct packet *p)
{
	switch (p->code) {
	case SMFIC_RCPT:
		return (p->len > 1 ? (char)p->data[1] : '?');
	case SMFIC_HEADER:
		return (p->len > 0 ? (char)p->data[0] : '?');
	default:
		return ((char)p->code);
	}
}

static void
child_command(struct matrix_child *c, const struct packet *p)
{
	struct matrix_session *s = c->session;
	char letter = child_letter(p), whose;

	if (p->code == SMFIC_MACRO)
		return;		/* the MTA has sent none */
	(void)buf_add(&c->got, &letter, 1);
	if (letter == 'B') {
		whose = p->len == 7 && memcmp(p->data + 1, "body\r\n", 6) == 0 ?
		    (char)p->data[0] : '?';
		(void)buf_add(&c->got, &whose, 1);
	}
	if (letter == 'Q') {
		stream_close(&c->stream);
		c->open = false;
	} else if (letter == 'A' || (c->name == 'x' && s->fired && s->lost)) {
		/* There is no reply, or nobody left to send it. */
	} else if (c->name == 'x' && !s->fired && matrix_fires(s, letter)) {
		s->fired = true;
		child_misbehave(c, letter, p);
	} else
		child_behave(c, letter, p);
	mta_go(s);
}

static size_t
child_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct matrix_child *c = arg;
	struct packet p;
	enum packet_error e;

	(void)st;
	progress();
	e = packet_next(data, len, MILTER_CHUNK_SIZE, &p);
	if (e == PACKET_MORE)
		return (0);
	if (e == PACKET_OK && p.code != SMFIC_OPTNEG)
		e = packet_check_command(&p);
	if (e != PACKET_OK) {
		bad(c->session, "%c gets: %s", c->name, packet_strerror(e));
		return (len);
	}
	child_command(c, &p);
	return (p.size);
}

static void
child_on_closed(struct stream *st, int error, void *arg)
{
	struct matrix_child *c = arg;

	(void)error;
	progress();
	stream_close(st);
	c->open = false;
	mta_go(c->session);
}

static const struct stream_ops child_ops = {
	child_on_input, NULL, child_on_closed
};

static void
child_on_accept(struct loop_io *io, unsigned ready, void *arg)
{
	size_t place = (size_t)(io - M.listen);
	struct matrix_session *s = M.negotiating;
	int fd = accept(io->fd, NULL, NULL);

	(void)ready;
	(void)arg;
	if (fd == -1)
		return;
	if (s == NULL || s->child[place].open) {
		/* Of a session that was given up. */
		(void)close(fd);
		if (s != NULL)
			bad(s, "child %zu is dialled twice", place);
		else if (M.bad == 0)
			die("a child is dialled for nobody");
		return;
	}
	if (stream_open(&s->child[place].stream, M.loop, fd, &child_ops,
	    &s->child[place]) == -1)
		die("stream_open");
	s->child[place].open = true;
}

static void
child_listen(size_t place)
{
	struct sockaddr_un sun;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "%c.sock",
	    M.chain[place]);
	(void)unlink(sun.sun_path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 64) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    loop_io_add(M.loop, &M.listen[place], fd, LOOP_READ,
	    child_on_accept, NULL) == -1)
		die(sun.sun_path);
}

static void
child_deaf(size_t place)
{
	int fd = M.listen[place].fd;

	loop_io_del(&M.listen[place]);
	(void)close(fd);
}

#endif /* H_MATRIX_CHILD_H */
