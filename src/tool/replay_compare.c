/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * replay_compare.c - recorded answers beside those of today.
 * Owns:      what counts as the same, and the line about what does not.
 * Called by: replay_play.c.
 * Must not:  know which answers belong together; it is given the two lists.
 *
 * A new body is one thing, however it is cut into frames; everything else is
 * compared frame by frame, in order.
 */
#include "compat.h"

#include <stdio.h>

#include "tool/replay.h"

/* How far to look for where two lists agree again. */
#define REPLAY_AHEAD	32

/* One thing in a list: a frame, or the frames of a body. */
struct replay_item {
	const struct trace_record *frame;
	size_t		 n;		/* 0: nothing */
};

int
replay_list_add(struct replay_list *l, const struct trace_record *rec)
{
	struct trace_record *frame;
	size_t room;

	if (l->n == l->room) {
		room = l->room == 0 ? 16 : l->room * 2;
		frame = realloc(l->frame, room * sizeof(*frame));
		if (frame == NULL)
			return (-1);
		l->frame = frame;
		l->room = room;
	}
	l->frame[l->n++] = *rec;
	return (0);
}

void
replay_list_free(struct replay_list *l)
{
	free(l->frame);
	memset(l, 0, sizeof(*l));
}

static struct replay_item
replay_item_at(const struct replay_list *l, size_t i)
{
	struct replay_item item = { NULL, 0 };

	if (i >= l->n)
		return (item);
	item.frame = &l->frame[i];
	item.n = 1;
	if (item.frame->code == SMFIR_REPLBODY)
		while (i + item.n < l->n &&
		    l->frame[i + item.n].code == SMFIR_REPLBODY)
			item.n++;
	return (item);
}

static size_t
replay_item_size(const struct replay_item *item)
{
	size_t i, size = 0;

	for (i = 0; i < item->n; i++)
		size += item->frame[i].full;
	return (size);
}

/* All of it in one piece, which is there in full.  0 or -1. */
static int
replay_item_join(const struct replay_item *item, struct buf *b)
{
	size_t i;

	for (i = 0; i < item->n; i++)
		if (buf_add(b, item->frame[i].data, item->frame[i].len) == -1)
			return (-1);
	return (0);
}

/*
 * Where a recorded thing differs from one of today: an offset, or SIZE_MAX when
 * it does not.  What was shortened in the record is known by its hash.
 */
static size_t
replay_item_differ(const struct replay_item *item, const unsigned char *p,
    size_t len)
{
	size_t i, k, off = 0;

	for (i = 0; i < item->n; i++) {
		const struct trace_record *rec = &item->frame[i];

		for (k = 0; k < rec->len; k++)
			if (off + k >= len || rec->data[k] != p[off + k])
				return (off + k);
		if (rec->len < rec->full && (len - off < rec->full ||
		    trace_hash(p + off, rec->full) != rec->hash))
			return (off + rec->len);
		off += rec->full;
	}
	return (off == len ? SIZE_MAX : off);
}

/* 1: the same, 0: not, -1: out of memory.  *at is where they differ. */
static int
replay_item_same(const struct replay_item *expected,
    const struct replay_item *found, size_t *at)
{
	struct buf b;

	*at = 0;
	if (expected->n == 0 || found->n == 0 ||
	    expected->frame->code != found->frame->code)
		return (0);
	memset(&b, 0, sizeof(b));
	if (replay_item_join(found, &b) == -1) {
		buf_free(&b);
		return (-1);
	}
	*at = replay_item_differ(expected, buf_ptr(&b), b.len);
	buf_free(&b);
	return (*at == SIZE_MAX);
}

static void
replay_item_show(const struct replay_item *item, const char *nothing)
{
	struct trace_record rec;

	if (item->n == 0) {
		fputs("nothing", stdout);
		if (nothing != NULL) {
			fputs(" (", stdout);
			text_escape(stdout, nothing, strlen(nothing));
			putchar(')');
		}
		return;
	}
	rec = *item->frame;
	rec.full = replay_item_size(item);
	replay_show(stdout, false, &rec, false);
}

static void
replay_differ(const char *where, const struct replay_item *expected,
    const struct replay_item *found, size_t at,
    const char *const nothing[2], struct replay_count *count)
{
	count->different++;
	printf("%s: expected ", where);
	replay_item_show(expected, nothing[0]);
	fputs(", found ", stdout);
	replay_item_show(found, nothing[1]);
	if (expected->n > 0 && found->n > 0 &&
	    expected->frame->code == found->frame->code &&
	    expected->frame->code == SMFIR_REPLBODY)
		printf(", different from byte %zu on", at);
	putchar('\n');
}

/*
 * How many things of a list come before one that is like item, or is at least
 * of its code; 0 when none of the next ones is.  forward: item is a found one,
 * the list the expected one.
 */
static size_t
replay_ahead(const struct replay_list *list, size_t i,
    const struct replay_item *item, bool forward, bool code)
{
	struct replay_item other;
	size_t n, at;

	for (n = 0; n < REPLAY_AHEAD && i < list->n; n++) {
		other = replay_item_at(list, i);
		if (n > 0 && (code ?
		    other.frame->code == item->frame->code :
		    replay_item_same(forward ? &other : item,
		    forward ? item : &other, &at) == 1))
			return (n);
		i += other.n;
	}
	return (0);
}

/*
 * e and f, at i and j, are not the same: which of them the other list lacks.
 * That one stays, the other becomes nothing; both stay when neither does.
 */
static void
replay_align(const struct replay_list *expected, size_t i,
    struct replay_item *e, const struct replay_list *found, size_t j,
    struct replay_item *f)
{
	size_t lacks, more;
	bool code = false;

	do {
		lacks = replay_ahead(expected, i, f, true, code);
		more = replay_ahead(found, j, e, false, code);
		code = !code && e->frame->code != f->frame->code;
	} while (code && lacks == 0 && more == 0);
	if (lacks > 0 && (more == 0 || lacks <= more))
		f->n = 0;
	else if (more > 0)
		e->n = 0;
}

int
replay_compare(const char *where, const struct replay_list *expected,
    const struct replay_list *found, const char *const nothing[2],
    struct replay_count *count)
{
	struct replay_item e, f;
	size_t i = 0, j = 0, at;
	int same;

	while (i < expected->n || j < found->n) {
		e = replay_item_at(expected, i);
		f = replay_item_at(found, j);
		same = replay_item_same(&e, &f, &at);
		if (same == -1)
			return (-1);
		if (same == 0 && e.n > 0 && f.n > 0)
			replay_align(expected, i, &e, found, j, &f);
		if (same == 1)
			count->same++;
		else
			replay_differ(where, &e, &f, at, nothing, count);
		i += e.n;
		j += f.n;
	}
	return (0);
}

#undef REPLAY_AHEAD
