/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_random_mta.h - the MTA of h_random.c, and the course of a session.
 * Owns:      what is sent when, and what may come back.
 * Called by: h_random.c.
 * Must not:  know what the children do; the oracle does.
 */
#ifndef H_RANDOM_MTA_H
#define H_RANDOM_MTA_H

#include "h_random.h"
#include "h_random_oracle.h"

static void	mta_on_task(struct loop_task *, void *);

/* Sends frames, now and then in two pieces; they keep their order. */
static void
mta_write(struct buf *b)
{
	size_t n = b->len;

	if (R.rest.len > 0)
		n = 0;
	else if (one_in(10))
		n = below((unsigned)b->len);
	if (stream_write(&R.mta, buf_ptr(b), n) == -1 ||
	    buf_add(&R.rest, buf_ptr(b) + n, b->len - n) == -1)
		bad("out of memory");
	if (R.rest.len > 0)
		stream_flush(&R.mta);
	buf_free(b);
}

static void
mta_rest(void)
{
	if (R.rest.len > 0 && R.mta_open &&
	    stream_write(&R.mta, buf_ptr(&R.rest), R.rest.len) == -1)
		bad("out of memory");
	buf_free(&R.rest);
}

static void
mta_plain(int code)
{
	struct buf b = { 0 };

	trace("> %c", code);
	(void)packet_add_empty(&b, code);
	mta_write(&b);
}

static void
mta_macros(struct buf *b, int code)
{
	const char *pairs[6];
	char number[20];
	size_t n = 1;

	R.macro[code] = 0;
	if ((strchr("LBU", code) != NULL && !R.postfix) ||
	    (code != 'C' && code != 'R' && one_in(10)))
		return;
	R.macro[code] = ++R.macro_serial;
	(void)snprintf(number, sizeof(number), "%u", R.macro[code]);
	pairs[0] = "{number}";
	pairs[1] = number;
	if (code == 'C' || code == 'R') {
		pairs[2] = code == 'C' ? "v" : "{rcpt_mailer}";
		pairs[3] = code == 'R' ? (R.rejected ? "error" : "esmtp") :
		    R.postfix ? "Postfix 3.7.11" : "8.17.1.9";
		n++;
	}
	(void)packet_add_macros(b, code, pairs, n);
}

static void
mta_field(struct buf *b)
{
	static const char *const values[] = {
		"v", " v", "  two", "\ttab", "", " ", " a\n\tb",
	};
	char name[40];
	size_t n;

	(void)snprintf(name, sizeof(name), "X-M-%u", ++R.serial);
	(void)buf_add_str(b, name);
	if (one_in(100)) {
		/* Sometimes more than a milter takes. */
		for (n = one_in(5) ? 65530 : below(5000); n > 0; n--)
			(void)buf_add(b, "x", 1);
		(void)buf_add_u8(b, 0);
	} else
		(void)buf_add_str(b, values[below(7)]);
}

static void
mta_payload(struct buf *b, int code)
{
	unsigned k = ++R.serial;
	size_t i, n;

	switch (code) {
	case 'C':
		(void)buf_add(b, "h\0" "4\0\31" "192.0.2.1", 15);
		break;
	case 'H':
	case 'U':
		(void)buf_printf(b, "h%u%c", k, 0);
		break;
	case 'M':
	case 'R':
		(void)buf_printf(b, "<a%u@e.x>%c", k, 0);
		if (one_in(4))
			(void)buf_add_str(b, "SIZE=1");
		break;
	case 'L':
		mta_field(b);
		break;
	case 'B':
	case 'E':
		n = code == 'E' ? (one_in(10) ? below(500) : 0) :
		    1 + below(one_in(8) ? 200000 : 1000);
		for (i = 0; i < n; i++)
			(void)buf_add_u8(b, body_byte(R.body, R.body_len + i));
		break;
	default:
		break;
	}
}

static bool
mta_stray_rcpt(void)
{
	return ((R.agreed.protocol & SMFIP_RCPT_REJ) != 0 && one_in(4));
}

/* The event is over for the MTA: what it does next in the ordinary way. */
static void
mta_after(int code, char v)
{
	bool refused = R.rejected;
	bool good = v == 0 || v == 'c';
	bool end = false;

	R.rejected = false;
	switch (code) {
	case 'C':
	case 'H':
		if (!good && below(10) < 8)
			R.left = 0;
		R.next = code == 'C' ? 'H' : 'M';
		break;
	case 'M':
		R.rcpts = 0;
		R.next = 'R';
		end = !good && below(10) < 8;
		break;
	case 'R':
		if (good && !refused)
			R.rcpts++;
		R.next = one_in(2) || R.rcpts == 0 ? 'R' : 'T';
		end = (v == 'a' || v == 'd') && below(10) < 8;
		end = end || (!good && one_in(3));
		break;
	case 'T':
		R.next = good ? 'L' : 'T';
		end = !good && below(10) < 6;
		break;
	case 'L':
		R.next = one_in(4) ? 'N' : 'L';
		end = !good && below(10) < 9;
		break;
	case 'N':
		R.next = one_in(8) ? 'E' : 'B';
		end = !good && below(10) < 9;
		break;
	case 'B':
		R.next = one_in(3) || v == 's' ? 'E' : 'B';
		end = !good && v != 's' && below(10) < 9;
		break;
	case 'E':
		end = true;
		break;
	default:
		return;
	}
	if (!end || R.over)
		return;
	if (code == 'M' || code == 'R' || code == 'T' ? one_in(2) :
	    one_in(R.postfix ? 1 : 6)) {
		mta_plain('A');
		oracle_forget();
	}
	R.next = 'M';
	if (R.left > 0)
		R.left--;
}

/* The children are there: what they and the MTA have to be told now. */
static void
mta_dialled(void)
{
	if (!R.chaos)
		oracle_event();
	if (R.due)
		return;
	/* In front of it a child may have been given what it replies to. */
	R.held = !R.chaos && !R.known;
	if (!R.held)
		mta_after(R.sent, 0);
	mta_go();
}

static void
mta_event(int code)
{
	const struct random_kind *k = kind(code);
	bool declined = (R.agreed.protocol & k->no) != 0;
	struct buf b = { 0 };

	if ((code == 'T' && R.agreed.version < 4) ||
	    (code == 'U' && R.agreed.version < 3)) {
		mta_after(code, 0);
		return;
	}
	R.rejected = code == 'R' && mta_stray_rcpt();
	if (!declined || strchr("CHMRT", code) != NULL)
		mta_macros(&b, code);
	if (declined) {
		if (b.len > 0)
			mta_write(&b);
		mta_after(code, 0);
		return;
	}
	buf_clear(&R.event);
	mta_payload(&R.event, code);
	(void)packet_add(&b, code, buf_ptr(&R.event), R.event.len);
	trace("> %c (%zu)%s", code, R.event.len, R.rejected ? " refused" : "");
	mta_write(&b);
	R.sent = code;
	R.got_body = false;
	R.got_len = 0;
	buf_free(&R.got);
	R.due = (R.agreed.protocol & k->nr) == 0;
	if (R.again) {
		size_t i;

		/* Children of their own for what follows QUIT_NC. */
		R.again = false;
		R.dialling = R.n > 0;
		for (i = 0; i < R.n; i++)
			R.child[i].state = RANDOM_NEW;
		if (R.dialling)
			return;
	}
	mta_dialled();
}

static void
children_leave(void)
{
	size_t i;

	for (i = 0; i < R.n; i++) {
		if (R.child[i].state == RANDOM_READY)
			item_new(&R.child[i], 'Q', NULL, 0);
		R.child[i].state = RANDOM_DONE;
		R.child[i].in_message = R.child[i].done = false;
		stop_message(&R.child[i]);
		R.child[i].skip = 0;
	}
}

static void
mta_quit_nc(void)
{
	mta_plain('K');
	if (R.chaos) {
		size_t i;

		for (i = 0; i < R.n; i++)
			R.child[i].leaving = true;
	} else {
		oracle_message_end();
		oracle_decide(0, NULL, false);
		children_leave();
	}
	memset(R.macro, 0, sizeof(R.macro));
	R.connected = false;
	R.again = true;
	R.next = 'C';
}

static void
mta_leave(bool quit)
{
	if (quit)
		mta_plain('Q');
	R.over = true;
	if (!R.chaos)
		children_leave();
	mta_rest();
	if (!quit) {
		trace("> (gone)");
		if (R.chaos && one_in(2))
			stream_close(&R.mta);
		else
			stream_close_flushed(&R.mta, 1000);
		R.mta_open = false;
		session_check();
	}
}

/* Bytes that are a frame, or not. */
static void
mta_garbage(void)
{
	static const char codes[] = "ABCDEHKLMNOQRTUz";
	struct buf b = { 0 };
	size_t n = below(30);

	(void)buf_add_u32(&b, one_in(3) ? below(1u << 30) : (uint32_t)n + 1);
	(void)buf_add_u8(&b, (unsigned char)codes[below(16)]);
	for (; n > 0; n--)
		(void)buf_add_u8(&b, one_in(3) ? 0 : below(256));
	mta_write(&b);
}

/* Something that does not come next. */
static void
mta_odd(void)
{
	static const char any[] = "CRTLNBE";

	switch (below(24)) {
	case 0:
	case 1:
	case 2:
		mta_plain('A');
		oracle_forget();
		R.next = 'M';
		break;
	case 3:
	case 4:
		mta_event('H');
		break;
	case 5:
	case 6:
		mta_event('M');
		break;
	case 7:
		mta_quit_nc();
		break;
	case 8:
		if (R.chaos && one_in(2)) {
			mta_garbage();
			mta_leave(false);
		} else
			mta_leave(one_in(2));
		break;
	case 9:
	case 10:
	case 11:
		/* No MTA goes on with a message that is to nobody. */
		mta_event(R.rcpts > 0 ? any[below(7)] : 'R');
		break;
	default:
		/* One who accepts it before CONNECT is deaf to that, then. */
		mta_event(R.connected ? 'U' : 'C');
		break;
	}
}

static void
mta_act(void)
{
	if (R.left == 0)
		mta_leave(!one_in(5));
	else if (one_in(30))
		mta_odd();
	else
		mta_event(R.next);
}

/* All that can be sent before something has to come back. */
static void
mta_go(void)
{
	loop_task_start(R.loop, &R.task, mta_on_task, NULL);
}

static void
mta_on_task(struct loop_task *t, void *arg)
{
	(void)t;
	(void)arg;
	if (!R.mta_open)
		return;
	mta_rest();
	if (R.held && R.known) {
		R.held = false;
		mta_after(R.sent, 0);
	}
	while (!R.over && !R.due && !R.held && !R.dialling &&
	    R.agreed.version != 0)
		mta_act();
	if (R.rest.len > 0)
		mta_go();
}

/* --- what comes back ----------------------------------------------------- */

static void
mta_edit(const struct packet *p)
{
	size_t i;

	if (R.sent != 'E')
		bad("%c at %c", p->code, R.sent);
	if (p->code != 'b') {
		if (R.got_body)
			bad("%c behind the new body", p->code);
		(void)packet_add(&R.got, p->code, p->data, p->len);
		return;
	}
	if (R.got_body && p->len == 0)
		bad("an empty piece of body");
	R.got_body = true;
	for (i = 0; i < p->len && !R.chaos; i++)
		if (p->data[i] != body_byte(R.want_body_id, R.got_len + i))
			bad("another new body");
	R.got_len += p->len;
}

/* Is it the verdict that the oracle has foreseen? */
static void
mta_compare(const struct packet *p)
{
	if (!R.known)
		bad("%c at %c before the children are through", p->code,
		    R.sent);
	if (p->code != R.want)
		bad("%c at %c, foreseen was %c", p->code, R.sent, R.want);
	if (p->code == 'y' && strcmp((const char *)p->data, R.want_text) != 0)
		bad("another text: %s", (const char *)p->data);
	if (R.got.len != R.want_edits.len || memcmp(buf_ptr(&R.got),
	    buf_ptr(&R.want_edits), R.got.len) != 0)
		bad("%zu bytes of edits, foreseen were %zu", R.got.len,
		    R.want_edits.len);
	if (R.got_body != R.want_body || (R.got_body &&
	    R.got_len != R.want_body_len))
		bad("a new body of %lu bytes", (unsigned long)R.got_len);
}

static void
mta_verdict(const struct packet *p)
{
	int code = R.sent;

	trace("< %c at %c", p->code, code);
	if (strchr("acdrsty", p->code) == NULL ||
	    (p->code == 's' && (code != 'B' ||
	    (R.offer.protocol & SMFIP_SKIP) == 0)) ||
	    (p->code == 'd' && strchr("CHU", code) != NULL) ||
	    (p->code == 'a' && code == 'U'))
		bad("%c is no reply to %c", p->code, code);
	if (!R.chaos)
		mta_compare(p);
	buf_free(&R.want_edits);
	R.want_body = R.due = R.dialling = false;
	mta_after(code, (char)p->code);
	mta_go();
}

static void
mta_negotiated(const struct packet *p)
{
	enum packet_error e = option_read_answer(p, &R.agreed);

	if (e != PACKET_OK)
		bad("negotiation: %s", packet_strerror(e));
	trace("agreed: version %u actions %x protocol %x", R.agreed.version,
	    R.agreed.actions, R.agreed.protocol);
	if (R.agreed.version > R.offer.version ||
	    (R.agreed.actions & ~R.offer.actions) != 0 ||
	    (R.agreed.protocol & ~R.offer.protocol) != 0)
		bad("negotiation: more than was offered");
	mta_go();
}

static size_t
mta_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct packet p;
	enum packet_error e;
	size_t used = 0;

	(void)st;
	(void)arg;
	while (R.mta_open && (e = packet_next(data + used, len - used,
	    1u << 24, &p)) != PACKET_MORE) {
		progress();
		if (e != PACKET_OK)
			bad("the MTA gets: %s", packet_strerror(e));
		used += p.size;
		if (R.chaos && R.over)
			continue;	/* to what was garbage */
		if (R.agreed.version == 0) {
			mta_negotiated(&p);
			continue;
		}
		if (!R.due)
			bad("the MTA gets %c where nothing is due", p.code);
		if (packet_check_reply(&p) != PACKET_OK)
			bad("the MTA gets a malformed %c", p.code);
		if (p.code == 'p') {
			if (R.sent != 'E' || R.got.len > 0 || R.got_body)
				bad("progress at %c", R.sent);
		} else if (strchr("him+-2eqb", p.code) != NULL)
			mta_edit(&p);
		else
			mta_verdict(&p);
	}
	return (used);
}

static void
mta_on_closed(struct stream *st, int error, void *arg)
{
	(void)st;
	(void)arg;
	if (!R.over)
		bad("the manager closed: %s", strerror(error));
	stream_close(&R.mta);
	R.mta_open = false;
	session_check();
}

static const struct stream_ops mta_ops = {
	mta_on_input, NULL, mta_on_closed
};

static void
mta_on_hang(struct loop_timer *t, void *arg)
{
	(void)t;
	(void)arg;
	bad("no progress at %c", R.sent);
}

/* --- a session ----------------------------------------------------------- */

static void
session_check(void)
{
	size_t i;

	for (i = 0; i < R.n; i++)
		if (R.child[i].open)
			return;
	if (R.over && !R.mta_open)
		loop_stop(R.loop);
}

static void
session_reset(void)
{
	size_t i;

	buf_clear(&R.trace);
	option_free(&R.agreed);
	oracle_fields_free();
	oracle_decide(0, NULL, false);
	free(R.want_text);
	free(R.reply_text);
	R.want_text = R.reply_text = NULL;
	buf_free(&R.want_edits);
	buf_free(&R.rest);
	R.over = R.due = R.again = R.dialling = R.rejected = R.held = false;
	R.connected = R.in_message = R.rcpt = R.data = R.content = false;
	R.eoh = R.eom = R.quarantined = R.replaced = R.want_body = false;
	R.body_len = 0;
	memset(R.macro, 0, sizeof(R.macro));
	for (i = 0; i < R.n; i++) {
		struct random_child *c = &R.child[i];

		while (c->first != NULL)
			item_drop(c);
		c->state = RANDOM_NEW;
		c->in_message = c->done = c->leaving = false;
		stop_message(c);
		c->skip = c->asked = c->taken = 0;
	}
}

static void
session_run(unsigned long number, unsigned i)
{
	static const unsigned wild[] = { 1000, 60, 20, 6 };
	static const uint32_t protocols[] = { 0x7f, 0x17f, 0x37f, 0x1fffff };
	struct sockaddr_un sun;
	struct buf b = { 0 };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	unsigned v;

	R.number = i;
	seed(number, i + 1);
	session_reset();
	R.wild = wild[below(4)];
	R.left = 1 + below(4);
	R.postfix = one_in(2);
	R.next = 'C';
	v = one_in(3) ? below(3) : 3;
	memset(&R.offer, 0, sizeof(R.offer));
	R.offer.version = v == 3 ? 6 : v + 2;
	R.offer.actions = one_in(3) ? 0x3f : 0x1ff;
	R.offer.protocol = protocols[v];
	if (one_in(3))
		R.offer.protocol &= below(1u << 21) | 1;
	if (one_in(8))
		R.offer.actions &= below(512) | 1;
	trace("session %u offers %u %x %x", i, R.offer.version,
	    R.offer.actions, R.offer.protocol);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "mm.sock");
	if (fd == -1 || connect(fd, (struct sockaddr *)&sun,
	    sizeof(sun)) == -1 || stream_open(&R.mta, R.loop, fd, &mta_ops,
	    NULL) == -1)
		bad("mm.sock: %s", strerror(errno));
	R.mta_open = true;
	(void)option_add(&b, &R.offer);
	mta_write(&b);
	mta_go();
	loop_timer_start(R.loop, &R.patience, RANDOM_PATIENCE, mta_on_hang,
	    NULL);
	if (loop_run(R.loop) == -1)
		bad("loop: %s", strerror(errno));
	loop_timer_stop(&R.patience);
	loop_task_stop(&R.task);
}

#endif /* H_RANDOM_MTA_H */
