/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_record.c - the input is the file of a recorded session.
 * Owns:      the invariants of its reader, and of what prints frames.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "fuzz.h"
#include "milter/trace.h"
#include "tool/replay.h"

static void
fuzz_record_strings(const struct trace_record *rec)
{
	const char *end = (const char *)rec->data + rec->len;
	const char *name, *value;

	if (rec->kind == TRACE_SESSION) {
		value = trace_value(rec, "spec");
		FUZZ_REQUIRE(value == NULL || value + strlen(value) < end);
		FUZZ_REQUIRE(trace_value(rec, "no such name") == NULL ||
		    rec->len > sizeof("no such name"));
		return;
	}
	trace_child(rec, &name, &value);
	FUZZ_REQUIRE(name == (const char *)rec->data);
	FUZZ_REQUIRE(value + strlen(value) + 1 == end);
}

/* Written again it is read again; all that prints it takes it. */
static void
fuzz_record_frame(const struct trace_record *rec, struct buf *b, FILE *null)
{
	unsigned char code = (unsigned char)rec->code;
	struct trace_reader r;
	struct trace_record again;
	struct replay_list list;
	struct replay_count count = { 0, 0 };
	const char *const nothing[2] = { NULL, NULL };
	unsigned side = rec->side, i;

	replay_show(null, true, rec, true);
	replay_show(null, false, rec, false);
	/* A frame is like itself, unless a part of it is not there. */
	if (rec->len == rec->full) {
		memset(&list, 0, sizeof(list));
		FUZZ_REQUIRE(replay_list_add(&list, rec) == 0);
		FUZZ_REQUIRE(replay_compare("", &list, &list, nothing,
		    &count) == 0);
		FUZZ_REQUIRE(count.same == 1 && count.different == 0);
		replay_list_free(&list);
	}
	buf_clear(b);
	FUZZ_REQUIRE(trace_add_magic(b) == 0);
	FUZZ_REQUIRE(trace_add(b, TRACE_SESSION, TRACE_WHOLE, 0, 0, "a\0b", 4,
	    NULL, 0) == 0);
	/* As many children as it needs, within reason. */
	side = side > 3 ? 3 : side;
	for (i = 1; i <= side; i++)
		FUZZ_REQUIRE(trace_add(b, TRACE_CHILD, TRACE_WHOLE, i, 0,
		    "a\0b", 4, NULL, 0) == 0);
	if (rec->len == rec->full)
		FUZZ_REQUIRE(trace_add(b, rec->kind, TRACE_WHOLE, side,
		    rec->usec, &code, 1, rec->data, rec->len) == 0);
	else
		FUZZ_REQUIRE(trace_add_short(b, rec->kind, side, rec->usec,
		    rec->code, rec->data, rec->len, rec->full, rec->hash) ==
		    0);
	FUZZ_REQUIRE(trace_open(&r, buf_ptr(b), b->len) == TRACE_OK);
	for (i = 0; i < side + 2; i++)
		FUZZ_REQUIRE(trace_next(&r, &again) == TRACE_OK);
	FUZZ_REQUIRE(again.kind == rec->kind && again.code == rec->code);
	FUZZ_REQUIRE(again.len == rec->len && again.full == rec->full);
	FUZZ_REQUIRE(again.usec == rec->usec && again.hash == rec->hash);
	FUZZ_REQUIRE(memcmp(again.data, rec->data, rec->len) == 0);
	FUZZ_REQUIRE(trace_next(&r, &again) == TRACE_UNFINISHED);
	trace_close(&r);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static FILE *null;
	struct trace_reader r;
	struct trace_record rec;
	enum trace_error error;
	uint64_t usec = 0;
	size_t frames = 0;
	struct buf b;

	if (null == NULL)
		null = fopen("/dev/null", "w");
	FUZZ_REQUIRE(null != NULL);
	memset(&b, 0, sizeof(b));
	error = trace_open(&r, data, n);
	FUZZ_REQUIRE(error == TRACE_OK || error == TRACE_NO_MAGIC ||
	    error == TRACE_VERSION);
	while (error == TRACE_OK) {
		error = trace_next(&r, &rec);
		if (error != TRACE_OK)
			break;
		FUZZ_REQUIRE(rec.at >= sizeof(TRACE_MAGIC) - 1 &&
		    rec.at + TRACE_HEAD <= r.off && r.off <= n);
		FUZZ_REQUIRE(rec.data >= data && rec.data + rec.len <=
		    data + n);
		FUZZ_REQUIRE(rec.usec >= usec);
		usec = rec.usec;
		if (rec.kind == TRACE_SESSION || rec.kind == TRACE_CHILD)
			fuzz_record_strings(&rec);
		if (rec.kind != TRACE_FROM && rec.kind != TRACE_TO)
			continue;
		FUZZ_REQUIRE(rec.side <= r.n_children);
		FUZZ_REQUIRE(rec.full >= rec.len &&
		    rec.full < TRACE_FRAME_MAX);
		FUZZ_REQUIRE(++frames == r.n_frames);
		fuzz_record_frame(&rec, &b, null);
	}
	FUZZ_REQUIRE((error == TRACE_BAD) == (r.why != NULL));
	if (error == TRACE_DONE)
		FUZZ_REQUIRE(r.off == n);
	trace_close(&r);
	buf_free(&b);
	return (0);
}
