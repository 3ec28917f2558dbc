/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_record.c - the form of recorded sessions: what is written is read, and
 * nothing else is.
 */
#include "compat.h"

#include <stdio.h>

#include "h_case.h"
#include "milter/trace.h"
#include "milter/wire.h"

#define MAGIC_LEN	(sizeof(TRACE_MAGIC) - 1)

static const char pairs[] = "session\0" "17\0" "spec\0" "unix:/run/mm";
static const char child_a[] = "a\0unix:a.sock";

static void
begin(struct buf *b)
{
	memset(b, 0, sizeof(*b));
	ATF_REQUIRE_EQ(0, trace_add_magic(b));
	ATF_REQUIRE_EQ(0, trace_add(b, TRACE_SESSION, TRACE_WHOLE, 0, 0, pairs,
	    sizeof(pairs), NULL, 0));
	ATF_REQUIRE_EQ(0, trace_add(b, TRACE_CHILD, TRACE_WHOLE, 1, 0, child_a,
	    sizeof(child_a), NULL, 0));
}

static void
add(struct buf *b, enum trace_kind kind, unsigned side, uint64_t usec,
    int code, const char *payload)
{
	unsigned char c = (unsigned char)code;

	ATF_REQUIRE_EQ(0, trace_add(b, kind, TRACE_WHOLE, side, usec, &c, 1,
	    payload, strlen(payload)));
}

/* A whole session with a frame of each form. */
static void
sample(struct buf *b)
{
	begin(b);
	add(b, TRACE_FROM, 0, 10, SMFIC_HELO, "mail");
	ATF_REQUIRE_EQ(0, trace_add_same(b, TRACE_TO, 1, 20, SMFIC_HELO,
	    0));
	ATF_REQUIRE_EQ(0, trace_add_short(b, TRACE_FROM, 0, 30, SMFIC_BODY,
	    "abc", 3, 100000, 0x1122334455667788u));
	ATF_REQUIRE_EQ(0, trace_add_same(b, TRACE_TO, 1, 40, SMFIR_REPLBODY,
	    2));
	ATF_REQUIRE_EQ(0, trace_add(b, TRACE_NOTE, TRACE_WHOLE, 1, 50, "late",
	    4, NULL, 0));
	ATF_REQUIRE_EQ(0, trace_add(b, TRACE_END, TRACE_WHOLE, 0, 60, "quit",
	    4, NULL, 0));
}

/* All records; how it ends.  Bytes beyond the end must not be looked at. */
static enum trace_error
read_all(const void *data, size_t len, size_t *n)
{
	struct trace_reader r;
	struct trace_record rec;
	enum trace_error error;
	unsigned char *copy = malloc(len + 1);
	volatile unsigned char byte = 0;
	uint64_t last = 0;
	size_t i;

	ATF_REQUIRE(copy != NULL);
	/* At the end of the block, where the sanitizer sees one byte more. */
	memcpy(copy + 1, data, len);
	*n = 0;
	error = trace_open(&r, copy + 1, len);
	while (error == TRACE_OK) {
		error = trace_next(&r, &rec);
		if (error != TRACE_OK)
			break;
		++*n;
		ATF_REQUIRE(rec.usec >= last);
		last = rec.usec;
		ATF_REQUIRE(rec.data >= copy + 1 &&
		    rec.data + rec.len <= copy + 1 + len);
		for (i = 0; i < rec.len; i++)
			byte = rec.data[i];
		ATF_REQUIRE(rec.kind == TRACE_CUT ||
		    rec.side <= r.n_children);
		if (rec.kind == TRACE_FROM || rec.kind == TRACE_TO)
			ATF_REQUIRE(rec.full >= rec.len);
	}
	ATF_REQUIRE((error == TRACE_BAD) == (r.why != NULL));
	/* Nothing more comes. */
	if (error == TRACE_DONE || error == TRACE_BAD ||
	    error == TRACE_UNFINISHED)
		ATF_REQUIRE_EQ(error, trace_next(&r, &rec));
	trace_close(&r);
	free(copy);
	(void)byte;
	return (error);
}

H_CASE(layout, "A file has the bytes that the header describes")
{
	static const unsigned char want[] =
	    "milter-manager record 1\n"
	    "S\0\0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\4" "a\0b\0"
	    "P\0\0\1" "\0\0\0\0\0\0\0\0" "\0\0\0\4" "c\0d\0"
	    "F\0\0\0" "\0\0\1\2\3\4\5\6" "\0\0\0\3" "Hx\0"
	    "T\1\0\1" "\0\0\1\2\3\4\5\7" "\0\0\0\16" "\0\1\0\1"
	    "\1\2\3\4\5\6\7\10" "Bz"
	    "T\2\0\1" "\0\0\1\2\3\4\5\7" "\0\0\0\5" "\0\0\0\0b"
	    "C\0\0\0" "\0\0\1\2\3\4\5\10" "\0\0\0\0";
	struct buf b;

	memset(&b, 0, sizeof(b));
	ATF_REQUIRE_EQ(0, trace_add_magic(&b));
	ATF_REQUIRE_EQ(0, trace_add(&b, TRACE_SESSION, TRACE_WHOLE, 0, 0,
	    "a\0b", 4, NULL, 0));
	ATF_REQUIRE_EQ(0, trace_add(&b, TRACE_CHILD, TRACE_WHOLE, 1, 0, "c", 2,
	    "d", 2));
	ATF_REQUIRE_EQ(0, trace_add(&b, TRACE_FROM, TRACE_WHOLE, 0,
	    0x10203040506u, "H", 1, "x", 2));
	ATF_REQUIRE_EQ(0, trace_add_short(&b, TRACE_TO, 1, 0x10203040507u,
	    SMFIC_BODY, "z", 1, 0x10000, 0x102030405060708u));
	ATF_REQUIRE_EQ(0, trace_add_same(&b, TRACE_TO, 1, 0x10203040507u,
	    'b', 0));
	ATF_REQUIRE_EQ(0, trace_add(&b, TRACE_CUT, TRACE_WHOLE, 0,
	    0x10203040508u, NULL, 0, NULL, 0));
	ATF_REQUIRE_EQ(sizeof(want) - 1, b.len);
	ATF_REQUIRE(memcmp(want, buf_ptr(&b), b.len) == 0);
	buf_free(&b);
}

H_CASE(there_and_back, "What is written is what is read")
{
	struct trace_reader r;
	struct trace_record rec;
	const char *name, *spec;
	struct buf b;

	sample(&b);
	ATF_REQUIRE_EQ(TRACE_OK, trace_open(&r, buf_ptr(&b), b.len));
	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE_EQ(TRACE_SESSION, rec.kind);
	ATF_REQUIRE_STREQ("17", trace_value(&rec, "session"));
	ATF_REQUIRE_STREQ("unix:/run/mm", trace_value(&rec, "spec"));
	ATF_REQUIRE(trace_value(&rec, "17") == NULL);
	ATF_REQUIRE(trace_value(&rec, "peer") == NULL);

	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE_EQ(TRACE_CHILD, rec.kind);
	trace_child(&rec, &name, &spec);
	ATF_REQUIRE_STREQ("a", name);
	ATF_REQUIRE_STREQ("unix:a.sock", spec);

	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE(rec.kind == TRACE_FROM && rec.side == 0 && rec.usec == 10);
	ATF_REQUIRE(rec.code == SMFIC_HELO && rec.len == 4 && rec.full == 4);
	ATF_REQUIRE(memcmp(rec.data, "mail", 4) == 0);

	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE(rec.kind == TRACE_TO && rec.side == 1 && rec.usec == 20);
	ATF_REQUIRE(rec.code == SMFIC_HELO && rec.len == 4 && rec.full == 4);
	ATF_REQUIRE(memcmp(rec.data, "mail", 4) == 0);

	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE(rec.code == SMFIC_BODY && rec.len == 3);
	ATF_REQUIRE_EQ(100000, rec.full);
	ATF_REQUIRE(rec.hash == 0x1122334455667788u);
	ATF_REQUIRE(memcmp(rec.data, "abc", 3) == 0);

	/* A reference to a shortened one is as short. */
	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE(rec.side == 1 && rec.len == 3 && rec.full == 100000 &&
	    rec.hash == 0x1122334455667788u && rec.code == SMFIR_REPLBODY);

	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE(rec.kind == TRACE_NOTE && rec.side == 1 && rec.len == 4 &&
	    memcmp(rec.data, "late", 4) == 0);
	ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	ATF_REQUIRE_EQ(TRACE_END, rec.kind);
	ATF_REQUIRE_EQ(TRACE_DONE, trace_next(&r, &rec));
	ATF_REQUIRE_EQ(TRACE_DONE, trace_next(&r, &rec));
	trace_close(&r);
	buf_free(&b);
}

H_CASE(truncated, "A file that ends anywhere is good up to there")
{
	size_t i, n, before = 0;
	struct buf b;

	sample(&b);
	for (i = 0; i < b.len; i++) {
		enum trace_error error = read_all(buf_ptr(&b), i, &n);

		ATF_CHECK_EQ_MSG(i + 2 < MAGIC_LEN ? TRACE_NO_MAGIC :
		    i < MAGIC_LEN ? TRACE_VERSION : TRACE_UNFINISHED, error,
		    "%zu bytes: %d", i, error);
		ATF_CHECK(n >= before && n <= before + 1);
		before = n;
	}
	ATF_CHECK_EQ(TRACE_DONE, read_all(buf_ptr(&b), b.len, &n));
	ATF_CHECK_EQ(before + 1, n);
	buf_free(&b);
}

H_CASE(changed, "A byte changed anywhere does no harm")
{
	unsigned char *p;
	size_t i, n;
	unsigned bit;
	struct buf b;

	sample(&b);
	p = buf_ptr(&b);
	for (i = 0; i < b.len; i++)
		for (bit = 0; bit < 8; bit++) {
			p[i] ^= (unsigned char)(1u << bit);
			(void)read_all(p, b.len, &n);
			p[i] ^= (unsigned char)(1u << bit);
		}
	ATF_CHECK_EQ(TRACE_DONE, read_all(p, b.len, &n));
	buf_free(&b);
}

H_CASE(versions, "Other files, and those of other versions, are told")
{
	static const struct {
		const char *text;
		enum trace_error want;
	} t[] = {
		{ "", TRACE_NO_MAGIC },
		{ "From alice@example.com", TRACE_NO_MAGIC },
		{ "milter-manager record", TRACE_NO_MAGIC },
		{ "milter-manager record ", TRACE_VERSION },
		{ "milter-manager record 2\n", TRACE_VERSION },
		{ "milter-manager record 10\n", TRACE_VERSION },
		{ "milter-manager record 1 ", TRACE_VERSION },
		{ "milter-manager record 1\n", TRACE_UNFINISHED },
	};
	size_t i, n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++)
		ATF_CHECK_EQ_MSG(t[i].want, read_all(t[i].text,
		    strlen(t[i].text), &n), "%s", t[i].text);
}

/* What follows a good beginning, and must be refused. */
static const struct {
	const char *what;
	const char *bytes;
	size_t len;
} bad[] = {
#define BAD(what, bytes)	{ what, bytes, sizeof(bytes) - 1 }
#define ZERO8	"\0\0\0\0\0\0\0\0"
	BAD("an unknown kind", "X\0\0\0" ZERO8 "\0\0\0\0"),
	BAD("a kind of zero", "\0\0\0\0" ZERO8 "\0\0\0\0"),
	BAD("one byte of an unknown kind", "X"),
	BAD("a second session", "S\0\0\0" ZERO8 "\0\0\0\4" "a\0b\0"),
	BAD("a child too far", "P\0\0\3" ZERO8 "\0\0\0\4" "a\0b\0"),
	BAD("a child again", "P\0\0\1" ZERO8 "\0\0\0\4" "a\0b\0"),
	BAD("a child with one string", "P\0\0\2" ZERO8 "\0\0\0\2" "a\0"),
	BAD("a child with three strings",
	    "P\0\0\2" ZERO8 "\0\0\0\6" "a\0b\0c\0"),
	BAD("a child without an end", "P\0\0\2" ZERO8 "\0\0\0\3" "a\0b"),
	BAD("a child without anything", "P\0\0\2" ZERO8 "\0\0\0\0"),
	BAD("a child behind frames", "F\0\0\0" ZERO8 "\0\0\0\1" "A"
	    "P\0\0\2" ZERO8 "\0\0\0\4" "a\0b\0"),
	BAD("a side that is not there", "F\0\0\2" ZERO8 "\0\0\0\1" "A"),
	BAD("a note of nobody", "N\0\0\2" ZERO8 "\0\0\0\1" "A"),
	BAD("an end of another side", "E\0\0\2" ZERO8 "\0\0\0\0"),
	BAD("a frame without a code", "F\0\0\0" ZERO8 "\0\0\0\0"),
	BAD("an unknown form", "F\3\0\0" ZERO8 "\0\0\0\4" "\0\0\0\0"),
	BAD("a form of a note", "N\1\0\0" ZERO8 "\0\0\0\1" "A"),
	BAD("a form of a cut", "C\2\0\0" ZERO8 "\0\0\0\4" "\0\0\0\0"),
	BAD("a reference to itself", "F\2\0\0" ZERO8 "\0\0\0\5" "\0\0\0\0A"),
	BAD("a reference ahead", "F\0\0\0" ZERO8 "\0\0\0\1" "A"
	    "F\2\0\0" ZERO8 "\0\0\0\5" "\0\0\0\1A"),
	BAD("a reference far ahead", "F\0\0\0" ZERO8 "\0\0\0\1" "A"
	    "F\2\0\0" ZERO8 "\0\0\0\5" "\377\377\377\377A"),
	BAD("a reference to a reference", "F\0\0\0" ZERO8 "\0\0\0\1" "A"
	    "F\2\0\0" ZERO8 "\0\0\0\5" "\0\0\0\0A"
	    "F\2\0\0" ZERO8 "\0\0\0\5" "\0\0\0\1A"),
	BAD("a short reference", "F\0\0\0" ZERO8 "\0\0\0\1" "A"
	    "F\2\0\0" ZERO8 "\0\0\0\4" "\0\0\0\0"),
	BAD("a shortened one without a code", "F\1\0\0" ZERO8 "\0\0\0\14"
	    "\0\0\0\1" ZERO8),
	BAD("a shortened one of nothing", "F\1\0\0" ZERO8 "\0\0\0\0"),
	BAD("a shortened one that is whole", "F\1\0\0" ZERO8 "\0\0\0\15"
	    "\0\0\0\1" ZERO8 "B"),
	BAD("a shortened one that is longer", "F\1\0\0" ZERO8 "\0\0\0\16"
	    "\0\0\0\1" ZERO8 "Bx"),
	BAD("a shortened one of 4 GiB", "F\1\0\0" ZERO8 "\0\0\0\15"
	    "\377\377\377\377" ZERO8 "B"),
	BAD("time that goes back", "F\0\0\0" "\0\0\0\0\0\0\0\2"
	    "\0\0\0\1" "A" "F\0\0\0" "\0\0\0\0\0\0\0\1" "\0\0\0\1" "A"),
	BAD("a byte behind the end", "E\0\0\0" ZERO8 "\0\0\0\0" "E"),
	BAD("a record behind the cut", "C\0\0\0" ZERO8 "\0\0\0\0"
	    "E\0\0\0" ZERO8 "\0\0\0\0"),
};

H_CASE(refused, "What the form does not allow is refused where it stands")
{
	struct buf b;
	size_t i, n;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		begin(&b);
		ATF_REQUIRE_EQ(0, buf_add(&b, bad[i].bytes, bad[i].len));
		ATF_CHECK_EQ_MSG(TRACE_BAD, read_all(buf_ptr(&b), b.len, &n),
		    "%s", bad[i].what);
		buf_free(&b);
	}
}

H_CASE(first, "A session comes first, of pairs of strings")
{
	static const struct {
		const char *bytes;
		size_t len;
	} t[] = {
		{ "E\0\0\0" ZERO8 "\0\0\0\0", 16 },
		{ "P\0\0\1" ZERO8 "\0\0\0\4" "a\0b\0", 20 },
		{ "S\0\0\1" ZERO8 "\0\0\0\4" "a\0b\0", 20 },
		{ "S\0\0\0" ZERO8 "\0\0\0\2" "a\0", 18 },
		{ "S\0\0\0" ZERO8 "\0\0\0\3" "a\0b", 19 },
		{ "S\0\0\0" ZERO8 "\0\0\0\0", 16 },
	};
	struct buf b;
	size_t i, n;

	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		memset(&b, 0, sizeof(b));
		ATF_REQUIRE_EQ(0, trace_add_magic(&b));
		ATF_REQUIRE_EQ(0, buf_add(&b, t[i].bytes, t[i].len));
		ATF_CHECK_EQ_MSG(TRACE_BAD, read_all(buf_ptr(&b), b.len, &n),
		    "%zu", i);
		ATF_CHECK_EQ(0, n);
		buf_free(&b);
	}
}

H_CASE(oversized, "A length beyond the end of the file is its end")
{
	static const char *const lengths[] = { "\0\0\0\2", "\177\377\377\377",
	    "\377\377\377\377", "\377\377\377\360" };
	struct buf b;
	size_t i, n;

	for (i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		begin(&b);
		ATF_REQUIRE_EQ(0, buf_add(&b, "F\0\0\0" ZERO8, 12));
		ATF_REQUIRE_EQ(0, buf_add(&b, lengths[i], 4));
		ATF_REQUIRE_EQ(0, buf_add(&b, "A", 1));
		ATF_CHECK_EQ(TRACE_UNFINISHED, read_all(buf_ptr(&b), b.len,
		    &n));
		ATF_CHECK_EQ(2, n);
		buf_free(&b);
	}
}

H_CASE(many, "As many frames as there are can be referred to")
{
	struct trace_reader r;
	struct trace_record rec;
	struct buf b;
	char text[16];
	unsigned i, n = 1000;

	begin(&b);
	for (i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "%u", i);
		add(&b, TRACE_FROM, 0, i, SMFIC_HELO, text);
	}
	for (i = 0; i < n; i++)
		ATF_REQUIRE_EQ(0, trace_add_same(&b, TRACE_TO, 1, n,
		    SMFIC_HELO, n - 1 - i));
	ATF_REQUIRE_EQ(TRACE_OK, trace_open(&r, buf_ptr(&b), b.len));
	for (i = 0; i < n + 2; i++)
		ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
	for (i = 0; i < n; i++) {
		ATF_REQUIRE_EQ(TRACE_OK, trace_next(&r, &rec));
		(void)snprintf(text, sizeof(text), "%u", n - 1 - i);
		ATF_REQUIRE(rec.len == strlen(text) &&
		    memcmp(rec.data, text, rec.len) == 0);
	}
	ATF_REQUIRE_EQ(TRACE_UNFINISHED, trace_next(&r, &rec));
	trace_close(&r);
	buf_free(&b);
}

H_CASE(hash, "Payloads are told apart by length and bytes")
{
	uint64_t h = trace_hash("abc", 3);

	/* As published: the files of today are read tomorrow. */
	ATF_CHECK(trace_hash("foobar", 6) == 0x85944171f73967e8u);
	ATF_CHECK(trace_hash("", 0) == 0xcbf29ce484222325u);
	ATF_CHECK(h == trace_hash("abcd", 3));
	ATF_CHECK(h != trace_hash("abd", 3));
	ATF_CHECK(h != trace_hash("abcd", 4));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, layout);
	ATF_TP_ADD_TC(tp, there_and_back);
	ATF_TP_ADD_TC(tp, truncated);
	ATF_TP_ADD_TC(tp, changed);
	ATF_TP_ADD_TC(tp, versions);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, first);
	ATF_TP_ADD_TC(tp, oversized);
	ATF_TP_ADD_TC(tp, many);
	ATF_TP_ADD_TC(tp, hash);
	return (atf_no_error());
}
