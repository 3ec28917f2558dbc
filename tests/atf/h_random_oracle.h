/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_random_oracle.h - what the children and the MTA have to be told, from what
 * the MTA and the children say.
 * Owns:      the protocol as one MTA with these filters would carry it out,
 *            written down a second time, without any input or output.
 * Called by: h_random.c: oracle_event() when the MTA sends an event,
 *            oracle_replied() and oracle_failed() when a child has answered.
 * Must not:  look at what the manager does.
 */
#ifndef H_RANDOM_ORACLE_H
#define H_RANDOM_ORACLE_H

#include "h_random.h"
#include "h_random_stop.h"

static inline bool
oracle_wants(const struct random_child *c, int code)
{
	return (c->state == RANDOM_READY && (c->skip & 1u << (code - 'A')) ==
	    0 && (c->option.protocol & kind(code)->no) == 0);
}

static inline char
oracle_fallback(const struct random_child *c)
{
	return (c->evaluated || c->done || c->stopped || c->now ? 'a' :
	    c->fallback);
}

/* The manager's own, as far as it means something there. */
static inline char
oracle_own(int code)
{
	if ((R.fallback == 'd' && strchr("CHU", code) != NULL) ||
	    (R.fallback == 'a' && code == 'U'))
		return ('c');
	return (R.fallback);
}

static inline bool
oracle_refuses(char v)
{
	return (v != 0 && strchr("rty4", v) != NULL);
}

static inline void
oracle_lose(struct random_child *c)
{
	c->state = RANDOM_FAILED;
	c->in_message = false;
	c->leaving = true;
	while (c->first != NULL)
		item_drop(c);
}

/* A command for a child.  False when none is due or it cannot be sent. */
static inline bool
oracle_send(struct random_child *c, int code, const void *data, size_t len,
    bool macro)
{
	struct random_item *it;

	if (len > MILTER_CHUNK_SIZE && code != 'B') {
		oracle_lose(c);
		return (false);
	}
	if (code == 'B' && c->last != NULL && c->last->code == 'B')
		(it = c->last)->len += len;
	else
		it = item_new(c, code, data, len);
	it->silent = (c->option.protocol & kind(code)->nr) != 0;
	it->macro = macro ? R.macro[code] : 0;
	if (!it->silent)
		R.await = c;
	return (!it->silent);
}

static inline void
oracle_fields_free(void)
{
	while (R.n_fields > 0) {
		free(R.field[--R.n_fields].name);
		free(R.field[R.n_fields].raw);
	}
}

static inline void
oracle_message_end(void)
{
	size_t i;

	for (i = 0; i < R.n; i++) {
		struct random_child *c = &R.child[i];

		if (c->state == RANDOM_READY && c->in_message)
			item_new(c, 'A', NULL, 0);
		c->in_message = c->done = false;
		stop_message(c);
	}
	oracle_fields_free();
	buf_free(&R.want_edits);
	R.in_message = R.rcpt = R.data = R.content = R.eoh = R.eom = false;
	R.quarantined = R.replaced = false;
	R.body_len = 0;
}

static inline void
oracle_decide(char v, const char *text, bool session)
{
	char *keep = copy(text);

	free(R.decided_text);
	R.decided_text = keep;
	R.decided = v;
	R.decided_session = session;
}

static inline void
oracle_forget(void)
{
	oracle_message_end();
	if (!R.decided_session)
		oracle_decide(0, NULL, false);
}

/* What the MTA has to be told, unless it agreed to hear nothing. */
static inline void
oracle_answer(char v, const char *text)
{
	char *keep = copy(v == '4' ?
	    "421 4.7.0 Service not available - closing connection" : text);

	free(R.want_text);
	R.want_text = keep;
	R.known = true;
	R.want = v == '4' ? 'y' : v;
	if ((R.agreed.protocol & kind(R.sent)->nr) != 0)
		R.want = 0;
	trace("    = %c", R.want == 0 ? '-' : R.want);
}

/* --- connect, helo, mail, rcpt, data, unknown --------------------------- */

static inline void
oracle_envelope_end(char v, const char *text)
{
	int code = R.sent;

	if (R.rejected)
		v = 'c';
	if (oracle_refuses(v) || v == 'd') {
		R.n_verdicts++;
		if (code == 'C' || code == 'H')
			oracle_decide(v, text, true);
		else if (v == 'd' || code == 'M' || code == 'T') {
			oracle_decide(v, text, false);
			if (code != 'T' || v == 'd')
				oracle_message_end();
			text = R.decided_text;
		}
	} else if (v == 'a')
		R.n_verdicts++;
	if (code == 'R' && !R.rejected && !oracle_refuses(v) && v != 'd')
		stop_taken();
	oracle_answer(v, text);
}

static inline bool
oracle_asks(struct random_child *c)
{
	int code = R.sent;

	if (stop_asked(c))
		return (false);
	if (code == 'T' && c->in_message && c->taken == 0 &&
	    (c->asked > 0 || oracle_wants(c, 'R'))) {
		item_new(c, 'A', NULL, 0);
		c->in_message = false;
		return (false);
	}
	if (!oracle_wants(c, code))
		return (false);
	if ((code == 'R' || code == 'T') && !c->in_message)
		return (false);
	if (code == 'U' && (c->done || c->stopped || (c->in_message && R.data)))
		return (false);
	if (code == 'R' && R.rejected)
		return ((c->option.protocol & SMFIP_RCPT_REJ) != 0);
	if (code == 'R')
		c->asked++;
	return (true);
}

/* What a reply means; true when it decides. */
static inline bool
oracle_effect(struct random_child *c, char v)
{
	int code = R.sent;

	if (R.rejected && v != 'a')
		return (false);
	if (strchr("CHU", code) != NULL && v == 'd')
		return (false);
	switch (v) {
	case 'c':
		c->taken += code == 'R';
		return (false);
	case 's':
		if (code != 'U')
			c->skip |= 1u << (code - 'A');
		c->taken += code == 'R';
		return (false);
	case 'a':
		if (code == 'C' || code == 'H') {
			c->state = RANDOM_DONE;
			item_new(c, 'Q', NULL, 0);
		} else
			c->done = true;
		c->in_message = false;
		return (false);
	default:
		break;
	}
	/* Not by what it says to a recipient: ABORT is due then. */
	if (code == 'M' || code == 'T')
		c->in_message = false;
	else if (v == 'd' && c->evaluated) {
		item_new(c, 'A', NULL, 0);
		c->in_message = false;
	}
	if (c->evaluated && (code == 'C' || code == 'H')) {
		c->state = RANDOM_DONE;
		item_new(c, 'Q', NULL, 0);
	}
	return (!c->evaluated);
}

static inline bool
oracle_outcome(struct random_child *c)
{
	char v = R.reply;

	if (c->now)
		return (false);
	if (c->state == RANDOM_FAILED) {
		v = oracle_fallback(c);
		R.reply = v;
		if (v == 'a' || R.rejected)
			return (false);
		return (v != 'd' || strchr("CHU", R.sent) == NULL);
	}
	if (c->state != RANDOM_READY)
		return (false);
	if (R.sent == 'M')
		c->in_message = true;
	if (v != 0)
		return (oracle_effect(c, v));
	if (R.sent == 'R' && c->in_message && oracle_wants(c, 'R') &&
	    !R.rejected)
		c->taken++;
	return (false);
}

/*
 * Has a child that counts a word in it?  One that is only evaluated does not
 * count, and where there is no other, nobody had to be heard.
 */
static inline bool
oracle_heard(void)
{
	size_t i, n = 0;

	for (i = 0; i < R.n; i++) {
		const struct random_child *c = &R.child[i];

		if (c->evaluated || c->stopped || c->now)
			continue;
		if (c->state != RANDOM_FAILED || c->done ||
		    c->fallback != 'a')
			return (true);
		n++;
	}
	return (n == 0 && R.n > 0);
}

/* Nobody decided: has everybody let it pass? */
static inline char
oracle_nobody(void)
{
	char own = oracle_own(R.sent);
	size_t i, out = 0;

	for (i = 0; i < R.n; i++) {
		const struct random_child *c = &R.child[i];

		if (c->now)
			out += R.sent == 'T';
		else if (c->state == RANDOM_FAILED)
			out += oracle_fallback(c) == 'a';
		else if (c->state != RANDOM_READY ||
		    (strchr("MRT", R.sent) != NULL && !c->in_message))
			out++;
	}
	if (R.sent == 'U')
		out = 0;	/* never accepted */
	if (R.n == 0 || (!oracle_heard() && (out == R.n ||
	    strchr("ac", own) == NULL)))
		return (own);
	return (out < R.n ? 'c' : 'a');
}

static inline void
oracle_envelope(void)
{
	for (; R.walk < R.n; R.walk++, R.asked = false) {
		struct random_child *c = &R.child[R.walk];

		if (!R.asked) {
			R.asked = true;
			R.reply = 0;
			if (oracle_asks(c) && oracle_send(c, R.sent,
			    buf_ptr(&R.event), R.event.len, true))
				return;
		}
		if (oracle_outcome(c)) {
			oracle_envelope_end(R.reply, R.reply_text);
			return;
		}
	}
	oracle_envelope_end(oracle_nobody(), NULL);
}

/* --- header, end of header, body, end of message ------------------------ */

static inline const char *
oracle_view(const char *raw, bool leadspc)
{
	return (!leadspc && raw[0] == ' ' ? raw + 1 : raw);
}

static inline void
oracle_field_add(size_t at, const char *name, const char *raw)
{
	struct random_field *f;

	f = realloc(R.field, (R.n_fields + 1) * sizeof(*f));
	if (f == NULL)
		bad("out of memory");
	R.field = f;
	memmove(f + at + 1, f + at, (R.n_fields - at) * sizeof(*f));
	f[at].name = copy(name);
	f[at].raw = copy(raw);
	f[at].touched = false;
	R.n_fields++;
}

/* The edits of a child that has let the message pass, onto ours. */
static inline void
oracle_apply(struct random_child *c)
{
	bool up = (R.agreed.protocol & SMFIP_HDR_LEADSPC) != 0;
	bool own = (c->option.protocol & SMFIP_HDR_LEADSPC) != 0;
	struct packet p;
	struct packet_header h;
	size_t off, i;
	char *raw;

	for (off = 0; packet_next(buf_ptr(&c->edits) + off, c->edits.len - off,
	    1u << 30, &p) == PACKET_OK; off += p.size) {
		if (strchr("him", p.code) == NULL) {
			R.quarantined = R.quarantined || p.code == 'q';
			(void)packet_add(&R.want_edits, p.code, p.data, p.len);
			continue;
		}
		(void)packet_get_header(&p, &h);
		if ((raw = malloc(h.valuelen + 2)) == NULL)
			bad("out of memory");
		(void)sprintf(raw, "%s%s", own || (p.code == 'm' &&
		    h.valuelen == 0) ? "" : " ", h.value);
		(void)packet_add_header(&R.want_edits, p.code, h.index, h.name,
		    oracle_view(raw, up));
		for (i = 0; i < R.n_fields; i++)
			if (strcmp(R.field[i].name, h.name) == 0)
				break;
		if (p.code != 'm')
			oracle_field_add(p.code == 'i' ? 0 : R.n_fields,
			    h.name, raw);
		else if (i < R.n_fields) {
			free(R.field[i].raw);
			R.field[i].raw = copy(raw);
			if (raw[0] == '\0') {
				free(R.field[i].name);
				free(R.field[i].raw);
				memmove(&R.field[i], &R.field[i + 1],
				    (--R.n_fields - i) * sizeof(*R.field));
			}
		}
		free(raw);
	}
	if (c->replaces) {
		R.body = c->body;
		R.body_len = c->body_len;
		R.replaced = true;
	}
}

static inline void
oracle_content_decide(char v, const char *text)
{
	R.n_verdicts++;
	oracle_decide(v, text, false);
	oracle_message_end();
	oracle_answer(v, R.decided_text);
	if (R.sent == 'E')
		oracle_decide(0, NULL, false);
}

static inline void
oracle_finish(void)
{
	struct buf edits = R.want_edits;

	memset(&R.want_edits, 0, sizeof(R.want_edits));
	R.want_body = R.replaced;
	R.want_body_id = R.body;
	R.want_body_len = R.body_len;
	R.n_verdicts++;
	oracle_message_end();
	R.want_edits = edits;
	oracle_answer('c', NULL);
}

static inline bool
oracle_body_later(void)
{
	size_t i;

	for (i = R.walk + 1; i < R.n; i++)
		if (R.child[i].in_message && oracle_wants(&R.child[i], 'B'))
			return (true);
	return (false);
}

/* Gives the child what it lacks; false when the MTA has to go on first. */
static inline bool
oracle_feed(struct random_child *c)
{
	bool own = (c->option.protocol & SMFIP_HDR_LEADSPC) != 0;
	const struct random_field *f;
	struct buf b = { 0 };

	if (c->cursor == 'L') {
		if (oracle_wants(c, 'L') && c->header < R.n_fields) {
			f = &R.field[c->header++];
			(void)buf_add_str(&b, f->name);
			(void)buf_add_str(&b, oracle_view(f->raw, own));
			(void)oracle_send(c, 'L', buf_ptr(&b), b.len, false);
			buf_free(&b);
			return (true);
		}
		if (!oracle_wants(c, 'L'))
			c->header = R.n_fields;
		if (!R.eoh && R.body_len == 0 && !R.eom)
			return (false);
		if (stop_content(c, 'N'))
			return (true);
		c->cursor = 'B';
		if (oracle_wants(c, 'N')) {
			(void)oracle_send(c, 'N', NULL, 0, true);
			return (true);
		}
	}
	if (oracle_wants(c, 'B') && c->off < R.body_len) {
		(void)oracle_send(c, 'B', NULL,
		    (size_t)(R.body_len - c->off), false);
		/* Unless it is joined to what is under way. */
		if (c->last->len == R.body_len - c->off) {
			c->last->body = R.body;
			c->last->off = c->off;
		}
		c->off = R.body_len;
		return (true);
	}
	if (!R.eom)
		return (false);
	if (!stop_content(c, 'E'))
		(void)oracle_send(c, 'E', NULL, 0, true);
	return (true);
}

/* The reply of the current child.  True when it decides. */
static inline bool
oracle_content_reply(struct random_child *c, int code)
{
	char v = R.reply;

	R.reply = 0;
	if (v == 's' && code != 'E') {
		c->skip |= 1u << (code - 'A');
		return (false);
	}
	if (v == 'c' && code != 'E')
		return (false);
	if (v == 'c' || v == 's' || v == 'a') {
		c->done = true;
		c->in_message = false;
		if (code == 'E' && !c->evaluated)
			oracle_apply(c);
		return (false);
	}
	c->in_message = false;
	if (c->evaluated)
		return (false);
	oracle_content_decide(v, R.reply_text);
	return (true);
}

static inline void
oracle_content_answer(void)
{
	const struct random_child *c = &R.child[R.walk];
	char v = 'c';

	if (R.walk >= R.n) {
		oracle_content_decide(oracle_heard() ? 'a' :
		    oracle_own(R.sent), NULL);
		return;
	}
	if (R.sent == 'B' && !oracle_body_later() && !oracle_wants(c, 'B') &&
	    (R.offer.protocol & SMFIP_SKIP) != 0)
		v = 's';
	oracle_answer(v, NULL);
}

static inline void
oracle_content(void)
{
	struct random_child *c;

	for (;;) {
		while (R.walk < R.n) {
			c = &R.child[R.walk];
			if (c->state == RANDOM_READY && c->in_message)
				break;
			if (c->state == RANDOM_FAILED &&
			    oracle_fallback(c) != 'a')
				break;
			R.walk++;
			R.asked = false;
		}
		if (R.walk >= R.n || (R.quarantined && R.postfix)) {
			if (R.eom && oracle_heard())
				oracle_finish();
			else
				oracle_content_answer();
			return;
		}
		if (c->state == RANDOM_FAILED) {
			oracle_content_decide(oracle_fallback(c), NULL);
			return;
		}
		if (!R.asked) {
			c->cursor = 'L';
			c->header = 0;
			c->off = 0;
			R.asked = true;
		}
		if (!oracle_feed(c)) {
			oracle_content_answer();
			return;
		}
		if (R.await != NULL)
			return;
	}
}

/* --- what h_random.c calls ---------------------------------------------- */

static inline bool
oracle_in_order(int code)
{
	bool some = R.in_message && (R.rcpt ||
	    (R.agreed.protocol & SMFIP_NORCPT) != 0);

	switch (code) {
	case 'C':
		return (!R.connected);
	case 'H':
	case 'M':
		return (R.connected ||
		    (R.agreed.protocol & SMFIP_NOCONNECT) != 0);
	case 'R':
		return (R.in_message && !R.data);
	case 'T':
		return (some && !R.data);
	case 'U':
		return (true);
	default:
		return (some);
	}
}

static inline void
oracle_mail(void)
{
	const char *p;
	size_t i;

	/* These belong to the last message. */
	for (p = "RTULNBE"; *p != '\0'; p++)
		R.macro[(int)*p] = 0;
	R.in_message = true;
	R.n_messages++;
	R.body = ++R.serial;
	for (i = 0; i < R.n; i++) {
		R.child[i].skip &= 1u << ('C' - 'A') | 1u << ('H' - 'A');
		R.child[i].asked = R.child[i].taken = 0;
	}
}

static inline void
oracle_header(void)
{
	bool up = (R.agreed.protocol & SMFIP_HDR_LEADSPC) != 0;
	const char *name = (const char *)buf_ptr(&R.event);
	const char *value = name + strlen(name) + 1;
	char *raw = malloc(strlen(value) + 2);

	if (raw == NULL)
		bad("out of memory");
	(void)sprintf(raw, "%s%s", up ? "" : " ", value);
	oracle_field_add(R.n_fields, name, raw);
	free(raw);
}

/* The MTA sends R.sent with the payload in R.event. */
static inline void
oracle_event(void)
{
	bool in_order = oracle_in_order(R.sent);
	bool content = strchr("LNBE", R.sent) != NULL;

	R.known = R.want_body = false;
	R.await = NULL;
	if (in_order && (R.sent == 'H' || R.sent == 'M'))
		oracle_forget();
	if (R.decided != 0 && (R.decided_session ||
	    strchr("CU", R.sent) == NULL)) {
		oracle_answer(R.decided, R.decided_text);
		if (R.sent == 'E')
			oracle_forget();
		return;
	}
	if (!in_order) {
		oracle_answer(oracle_own(R.sent), NULL);
		return;
	}
	if (R.sent == 'U' && R.content) {
		oracle_answer('c', NULL);
		return;
	}
	if (!content) {
		R.connected = R.connected || R.sent == 'C';
		R.rcpt = R.rcpt || (R.sent == 'R' && !R.rejected);
		R.data = R.data || R.sent == 'T';
		if (R.sent == 'M')
			oracle_mail();
		stop_event(R.sent);
		R.walk = 0;
		R.asked = false;
		oracle_envelope();
		return;
	}
	if (!R.content) {
		stop_event('T');
		R.content = R.data = true;
		R.walk = 0;
		R.asked = false;
	}
	R.eoh = R.eoh || R.sent == 'N';
	R.eom = R.eom || R.sent == 'E';
	if (R.sent == 'B' || R.sent == 'E')
		R.body_len += R.event.len;
	else if (R.sent == 'L')
		oracle_header();
	oracle_content();
}

static inline void
oracle_go_on(int code)
{
	R.await = NULL;
	if (strchr("LNBE", code) == NULL) {
		oracle_envelope();
	} else if (R.reply == 0 ||
	    !oracle_content_reply(&R.child[R.walk], code))
		oracle_content();
}

/* The child that is awaited has answered a command. */
static inline void
oracle_replied(int code, char v, const char *text)
{
	free(R.reply_text);
	R.reply_text = v == 'y' ? copy(text) : NULL;
	R.reply = v;
	oracle_go_on(code);
}

/* It has failed instead. */
static inline void
oracle_failed(struct random_child *c, int code)
{
	oracle_lose(c);
	R.reply = 0;
	free(R.reply_text);
	R.reply_text = NULL;
	oracle_go_on(code);
}

#endif /* H_RANDOM_ORACLE_H */
