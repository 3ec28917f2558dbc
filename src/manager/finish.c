/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * finish.c - the edits of the children: onto our copy of the message, and to
 * the MTA.
 * Owns:      the form and the order in which the MTA is told.
 * Called by: content.c; session.c for the manager's own quarantine, and when
 *            the MTA has read.
 * Must not:  decide; the verdict is continue when it gets here.
 *
 * The order that Postfix and Sendmail both take: all edits but the body, in the
 * children's order and unmerged; then the last new body as one run of frames
 * (Postfix closes the body at any other frame, progress included); then the
 * verdict.
 */
#include "compat.h"

#include <errno.h>

#include "manager/session_internal.h"

/* The MTA's queue is filled up to here, then drained. */
#define FINISH_QUEUE_HIGH	(256u * 1024u)

static void
finish_log_header(const struct session *s, const struct child *c,
    const struct packet_header *h)
{
	char name[200], value[600];

	if (h->valuelen == 0 || !log_wants(LOGL_STATISTICS))
		return;
	log_escape(name, sizeof(name), h->name, h->namelen);
	log_escape(value, sizeof(value), h->value, h->valuelen);
	log_write(LOGL_STATISTICS, "[milter][header][add](%u): <%s>=<%s>: %s",
	    c->id, name, value, c->conf->name);
	log_write(LOGL_STATISTICS, "[session][header][add](%u): <%s>=<%s>",
	    s->id, name, value);
}

/* One operation on a header field.  0, or -1 when out of memory. */
static int
finish_header(struct session *s, const struct child *c,
    const struct packet *pkt)
{
	struct packet_header h;
	struct header_op in, out;
	struct buf value;
	int r;

	if (packet_get_header(pkt, &h) != PACKET_OK)
		return (0);		/* checked when it came */
	finish_log_header(s, c, &h);
	memset(&value, 0, sizeof(value));
	/*
	 * One setting holds for the MTA's whole connection: to a child that
	 * does without, the MTA itself would have added the space.
	 */
	if ((s->agreed.protocol & SMFIP_HDR_LEADSPC) != 0 &&
	    (c->option.protocol & SMFIP_HDR_LEADSPC) == 0 &&
	    !(pkt->code == SMFIR_CHGHEADER && h.valuelen == 0)) {
		if (buf_add(&value, " ", 1) == -1 ||
		    buf_add_str(&value, h.value) == -1) {
			buf_free(&value);
			return (-1);
		}
		h.value = (const char *)buf_ptr(&value);
	}
	in.code = pkt->code;
	in.index = h.index;
	in.name = h.name;
	in.value = h.value;
	if ((s->agreed.protocol & SMFIP_NOHDRS) != 0) {
		/* The fields are not known, and nobody else edits them. */
		out = in;
		r = 1;
	} else
		r = header_apply(&s->headers, &in, &out);
	if (r == 1)
		r = packet_add_header(&s->edits, out.code, out.index,
		    out.name, out.value);
	buf_free(&value);
	return (r);
}

static int
finish_edit(struct session *s, const struct child *c,
    const struct packet *pkt)
{
	switch (pkt->code) {
	case SMFIR_ADDHEADER:
	case SMFIR_INSHEADER:
	case SMFIR_CHGHEADER:
		return (finish_header(s, c, pkt));
	case SMFIR_QUARANTINE:
		s->quarantined = true;
		log_write(LOGL_STATISTICS,
		    "[reply][end-of-message][quarantine](%u)", s->id);
		break;
	default:
		break;
	}
	return (packet_add(&s->edits, pkt->code, pkt->data, pkt->len));
}

int
finish_apply(struct session *s, struct child *c)
{
	struct packet pkt;
	size_t off = 0;

	/* Postfix ends the last line of a new body, Sendmail does not. */
	if (c->body != NULL && c->body->size > 0 && c->body->last != '\n' &&
	    session_is_postfix(s) && body_append(c->body, "\r\n", 2) == -1)
		return (-1);
	while (packet_next(buf_ptr(&c->edits) + off, c->edits.len - off,
	    SIZE_MAX - 8, &pkt) == PACKET_OK) {
		if (finish_edit(s, c, &pkt) == -1)
			return (-1);
		if (pkt.code == SMFIR_QUARANTINE)
			c->status = "quarantine";
		off += pkt.size;
		session_log(s, LOGL_DEBUG, "child=%s stage=eom edit=%s",
		    c->conf->name, packet_reply_name(pkt.code));
	}
	if (c->body != NULL) {
		if (s->body_replaced && c->conf->parallel)
			session_log(s, LOGL_INFO, "child=%s stage=eom new body "
			    "of the original one, in place of what others "
			    "before it made", c->conf->name);
		original_keep_body(s);
		s->body = *c->body;
		free(c->body);
		c->body = NULL;
		s->body_base = 0;
		s->body_seen = s->body.size;
		s->body_replaced = true;
		session_log(s, LOGL_DEBUG,
		    "child=%s stage=eom edit=SMFIR_REPLBODY size=%llu",
		    c->conf->name, (unsigned long long)s->body.size);
	}
	return (0);
}

static void
finish_end(struct session *s)
{
	session_log(s, LOGL_INFO, "stage=eom verdict=%s%s",
	    s->quarantined ? "quarantine" : "continue",
	    s->body_replaced ? " body=replaced" : "");
	if (s->quarantined)
		s->status = "quarantine";
	session_message_end(s);
	(void)session_reply(s, STAGE_EOM, VERDICT_CONTINUE, NULL);
	session_idle(s);
}

/* Some of the edits are at the MTA: they must not be used. */
static void
finish_fail(struct session *s, const char *why)
{
	session_log(s, LOGL_ERROR, "stage=eom verdict=tempfail reason=%s", why);
	s->status = "temporary-failure";
	session_message_end(s);
	(void)session_reply(s, STAGE_EOM, VERDICT_TEMPFAIL, NULL);
	session_idle(s);
}

void
finish_step(struct session *s)
{
	const unsigned char *data;
	struct buf frame;
	ssize_t n;

	while (s->finish_off < s->body.size) {
		if (stream_queued(&s->mta) > FINISH_QUEUE_HIGH)
			return;
		n = body_read(&s->body, s->finish_off, s->conf->chunk_size,
		    &data);
		if (n == -1) {
			finish_fail(s, strerror(errno));
			return;
		}
		memset(&frame, 0, sizeof(frame));
		if (packet_add(&frame, SMFIR_REPLBODY, data, (size_t)n) == -1 ||
		    stream_write(&s->mta, buf_ptr(&frame), frame.len) == -1) {
			buf_free(&frame);
			finish_fail(s, "out of memory");
			return;
		}
		buf_free(&frame);
		s->finish_off += (uint64_t)n;
	}
	finish_end(s);
}

int
finish_hold(struct session *s, bool all)
{
	char reason[FALLBACK_REASON_MAX];
	struct buf frame;
	int r;

	fallback_reason(s, all, reason, sizeof(reason));
	memset(&frame, 0, sizeof(frame));
	r = packet_add_string(&frame, SMFIR_QUARANTINE, reason);
	if (r == 0)
		r = stream_write(&s->mta, buf_ptr(&frame), frame.len);
	buf_free(&frame);
	if (r == -1)
		return (-1);
	session_log(s, LOGL_MESSAGE, "stage=eom verdict=quarantine "
	    "reason=%s", reason);
	log_write(LOGL_STATISTICS, "[reply][end-of-message][quarantine](%u)",
	    s->id);
	return (0);
}

void
finish_begin(struct session *s)
{
	static const unsigned char empty[] = { 0, 0, 0, 1, SMFIR_REPLBODY };
	int r = 0;

	loop_timer_stop(&s->progress);
	s->mode = SESSION_FINISH;
	s->waits_since = loop_now(s->mta.loop);
	deadline_stop(s);
	s->finish_off = 0;
	/* The reason that Sendmail keeps is the last: a child's own. */
	if (fallback_held(s)) {
		s->quarantined = true;
		r = finish_hold(s, false);
	}
	if (r == 0 && s->edits.len > 0)
		r = stream_write(&s->mta, buf_ptr(&s->edits), s->edits.len);
	buf_free(&s->edits);
	if (r == 0 && s->body_replaced && s->body.size == 0)
		r = stream_write(&s->mta, empty, sizeof(empty));
	if (r == -1)
		finish_fail(s, "out of memory");
	else if (s->body_replaced)
		finish_step(s);
	else
		finish_end(s);
}

#undef FINISH_QUEUE_HIGH
