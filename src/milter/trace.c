/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * trace.c - the form of the files that hold recorded sessions.
 * Owns:      the layout of a record, and what makes a file a good one.
 * Called by: manager/record.c, which writes; tool/replay*.c, which read.
 * Must not:  open files, or know what the frames mean.
 */
#include "compat.h"

#include "milter/trace.h"

/* A text of a note or a reason, and a session's strings. */
#define TRACE_TEXT_MAX	65536u

static void
trace_put32(unsigned char *p, uint32_t v)
{
	p[0] = (unsigned char)(v >> 24);
	p[1] = (unsigned char)(v >> 16);
	p[2] = (unsigned char)(v >> 8);
	p[3] = (unsigned char)v;
}

static void
trace_put64(unsigned char *p, uint64_t v)
{
	trace_put32(p, (uint32_t)(v >> 32));
	trace_put32(p + 4, (uint32_t)v);
}

static uint32_t
trace_get32(const unsigned char *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3]);
}

static uint64_t
trace_get64(const unsigned char *p)
{
	return ((uint64_t)trace_get32(p) << 32 | trace_get32(p + 4));
}

/* --- writing -------------------------------------------------------------- */

int
trace_add_magic(struct buf *b)
{
	return (buf_add(b, TRACE_MAGIC, sizeof(TRACE_MAGIC) - 1));
}

int
trace_add(struct buf *b, enum trace_kind kind, enum trace_form form,
    unsigned side, uint64_t usec, const void *a, size_t alen, const void *c,
    size_t clen)
{
	unsigned char *p;

	if (alen > TRACE_FRAME_MAX || clen > TRACE_FRAME_MAX)
		return (-1);
	p = buf_reserve(b, TRACE_HEAD + alen + clen);
	if (p == NULL)
		return (-1);
	p[0] = (unsigned char)kind;
	p[1] = (unsigned char)form;
	p[2] = (unsigned char)(side >> 8);
	p[3] = (unsigned char)side;
	trace_put64(p + 4, usec);
	trace_put32(p + 12, (uint32_t)(alen + clen));
	if (alen > 0)
		memcpy(p + TRACE_HEAD, a, alen);
	if (clen > 0)
		memcpy(p + TRACE_HEAD + alen, c, clen);
	buf_commit(b, TRACE_HEAD + alen + clen);
	return (0);
}

int
trace_add_short(struct buf *b, enum trace_kind kind, unsigned side,
    uint64_t usec, int code, const void *data, size_t len, size_t full,
    uint64_t hash)
{
	unsigned char head[TRACE_SHORT + 1];

	trace_put32(head, (uint32_t)full + 1);
	trace_put64(head + 4, hash);
	head[TRACE_SHORT] = (unsigned char)code;
	return (trace_add(b, kind, TRACE_SHORTENED, side, usec, head,
	    sizeof(head), data, len));
}

int
trace_add_same(struct buf *b, enum trace_kind kind, unsigned side,
    uint64_t usec, int code, uint32_t number)
{
	unsigned char p[5];

	trace_put32(p, number);
	p[4] = (unsigned char)code;
	return (trace_add(b, kind, TRACE_SAME, side, usec, p, sizeof(p), NULL,
	    0));
}

uint64_t
trace_hash(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return (h);
}

/* --- reading -------------------------------------------------------------- */

enum trace_error
trace_open(struct trace_reader *r, const void *data, size_t len)
{
	static const char magic[] = TRACE_MAGIC;
	/* All but the number of the version and the end of the line. */
	const size_t name = sizeof(magic) - 3;

	memset(r, 0, sizeof(*r));
	r->data = data;
	r->len = len;
	if (len < name || memcmp(data, magic, name) != 0)
		return (TRACE_NO_MAGIC);
	if (len < sizeof(magic) - 1 ||
	    memcmp(data, magic, sizeof(magic) - 1) != 0)
		return (TRACE_VERSION);
	r->off = sizeof(magic) - 1;
	return (TRACE_OK);
}

void
trace_close(struct trace_reader *r)
{
	free(r->frame);
	memset(r, 0, sizeof(*r));
}

static enum trace_error
trace_bad(struct trace_reader *r, const char *why)
{
	r->why = why;
	r->ended = true;
	return (TRACE_BAD);
}

/* Whether these are strings, each with its NUL; *n is their number. */
static bool
trace_strings(const unsigned char *p, size_t len, size_t *n)
{
	size_t i;

	*n = 0;
	for (i = 0; i < len; i++)
		*n += p[i] == '\0';
	return (len > 0 && len <= TRACE_TEXT_MAX && p[len - 1] == '\0');
}

static enum trace_error
trace_keep_frame(struct trace_reader *r)
{
	size_t *frame, room;

	if (r->n_frames == r->room) {
		room = r->room == 0 ? 64 : r->room * 2;
		frame = realloc(r->frame, room * sizeof(*frame));
		if (frame == NULL)
			return (TRACE_NO_MEMORY);
		r->frame = frame;
		r->room = room;
	}
	r->frame[r->n_frames++] = r->off;
	return (TRACE_OK);
}

/* The frame in the len bytes at p, of that form.  NULL, or what is wrong. */
static const char *
trace_frame(const struct trace_reader *r, unsigned form,
    const unsigned char *p, size_t len, struct trace_record *out)
{
	const unsigned char *q;
	const char *why;

	switch (form) {
	case TRACE_WHOLE:
		if (len == 0 || len > TRACE_FRAME_MAX)
			return ("a frame without a code, or too large");
		out->full = len - 1;
		break;
	case TRACE_SHORTENED:
		if (len <= TRACE_SHORT)
			return ("a shortened frame without a code");
		out->full = trace_get32(p);
		out->hash = trace_get64(p + 4);
		p += TRACE_SHORT;
		len -= TRACE_SHORT;
		if (out->full <= len || out->full > TRACE_FRAME_MAX)
			return ("a shortened frame of a wrong length");
		out->full--;
		break;
	case TRACE_SAME:
		if (len != 5)
			return ("a reference of a wrong length");
		if (trace_get32(p) >= r->n_frames)
			return ("a reference to no earlier frame");
		q = r->data + r->frame[trace_get32(p)];
		if (q[1] == TRACE_SAME)
			return ("a reference to a reference");
		why = trace_frame(r, q[1], q + TRACE_HEAD,
		    trace_get32(q + 12), out);
		out->code = p[4];
		return (why);
	default:
		return ("an unknown form of a frame");
	}
	out->code = p[0];
	out->data = p + 1;
	out->len = len - 1;
	return (NULL);
}

/* What must be where in the file.  NULL, or what is wrong. */
static const char *
trace_order(struct trace_reader *r, const struct trace_record *rec)
{
	size_t n;

	if (!r->begun != (rec->kind == TRACE_SESSION))
		return ("a session does not begin, or begins twice");
	if (rec->usec < r->usec)
		return ("time goes back");
	switch (rec->kind) {
	case TRACE_SESSION:
		r->begun = true;
		if (rec->side != 0 ||
		    !trace_strings(rec->data, rec->len, &n) || n % 2 != 0)
			return ("a session's strings are not pairs");
		break;
	case TRACE_CHILD:
		if (r->framed || rec->side != r->n_children + 1 ||
		    rec->side >= TRACE_SIDES)
			return ("a child out of order");
		if (!trace_strings(rec->data, rec->len, &n) || n != 2)
			return ("a child needs two strings");
		r->n_children++;
		break;
	case TRACE_FROM:
	case TRACE_TO:
	case TRACE_NOTE:
	case TRACE_END:
		r->framed = true;
		if (rec->side > r->n_children)
			return ("a side that is not there");
		if ((rec->kind == TRACE_NOTE || rec->kind == TRACE_END) &&
		    rec->len > TRACE_TEXT_MAX)
			return ("a text that is too long");
		break;
	case TRACE_CUT:
		break;
	}
	return (NULL);
}

static bool
trace_known(int kind)
{
	return (kind != '\0' && strchr("SPFTNCE", kind) != NULL);
}

enum trace_error
trace_next(struct trace_reader *r, struct trace_record *out)
{
	const unsigned char *p = r->data + r->off;
	const char *why;
	size_t left = r->len - r->off, len;

	memset(out, 0, sizeof(*out));
	if (r->ended)
		return (r->why != NULL ? TRACE_BAD : left == 0 ? TRACE_DONE :
		    trace_bad(r, "bytes behind the end"));
	if (left > 0 && !trace_known(p[0]))
		return (trace_bad(r, "no record"));
	if (left < TRACE_HEAD || trace_get32(p + 12) > left - TRACE_HEAD)
		return (TRACE_UNFINISHED);
	len = trace_get32(p + 12);
	out->kind = (enum trace_kind)p[0];
	out->side = (unsigned)p[2] << 8 | p[3];
	out->usec = trace_get64(p + 4);
	out->at = r->off;
	out->data = p + TRACE_HEAD;
	out->len = len;
	why = trace_order(r, out);
	if (why == NULL && (out->kind == TRACE_FROM || out->kind == TRACE_TO))
		why = trace_frame(r, p[1], p + TRACE_HEAD, len, out);
	else if (why == NULL && p[1] != 0)
		why = "a form where there is no frame";
	if (why != NULL)
		return (trace_bad(r, why));
	if ((out->kind == TRACE_FROM || out->kind == TRACE_TO) &&
	    trace_keep_frame(r) != TRACE_OK)
		return (TRACE_NO_MEMORY);
	r->usec = out->usec;
	r->off += TRACE_HEAD + len;
	r->ended = out->kind == TRACE_END || out->kind == TRACE_CUT;
	return (TRACE_OK);
}

const char *
trace_value(const struct trace_record *rec, const char *name)
{
	const char *p = (const char *)rec->data, *end = p + rec->len, *value;

	while (p < end) {
		value = p + strlen(p) + 1;
		if (strcmp(p, name) == 0)
			return (value);
		p = value + strlen(value) + 1;
	}
	return (NULL);
}

void
trace_child(const struct trace_record *rec, const char **name,
    const char **spec)
{
	*name = (const char *)rec->data;
	*spec = *name + strlen(*name) + 1;
}

#undef TRACE_TEXT_MAX
