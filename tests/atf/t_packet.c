/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_packet.c - frames and payloads, both ways.
 * Owns:      how frames are cut, corrupted, made up, and put through.
 * Called by: kyua(1).
 * Must not:  open a socket.
 */
#include "compat.h"

#include <sys/types.h>

#include <atf-c.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "milter/packet.h"

#include "d_packet.h"

/* A packet over a copy of its own, so that sanitizers see one byte too far. */
static struct packet
packet_of(int code, const void *data, size_t len)
{
	struct packet p;
	unsigned char *copy = malloc(len > 0 ? len : 1);

	ATF_REQUIRE(copy != NULL);
	if (len > 0)
		memcpy(copy, data, len);
	p.code = (unsigned char)code;
	p.data = copy;
	p.len = len;
	p.size = len + 5;
	return (p);
}

static void
packet_drop(struct packet *p)
{
	free((void *)(uintptr_t)p->data);
}

/* All decoders on any packet: they must stay inside and say something. */
static void
decode_all(const struct packet *p)
{
	struct packet_connect connect;
	struct packet_header header;
	const char *s;
	enum packet_error error;
	size_t pos, total = 0;
	int n;

	error = packet_check_command(p);
	ATF_REQUIRE(error <= PACKET_UNKNOWN && error != PACKET_MORE);
	error = packet_check_reply(p);
	ATF_REQUIRE(error <= PACKET_UNKNOWN && error != PACKET_MORE);
	if (packet_get_connect(p, &connect) == PACKET_OK)
		total += strlen(connect.host) + strlen(connect.address);
	if (packet_get_string(p, &s) == PACKET_OK)
		total += strlen(s);
	if (packet_get_header(p, &header) == PACKET_OK) {
		ATF_REQUIRE_EQ(header.namelen, strlen(header.name));
		ATF_REQUIRE_EQ(header.valuelen, strlen(header.value));
	}
	if (packet_get_replycode(p, &n) == PACKET_OK)
		ATF_REQUIRE(n >= 400 && n <= 599);
	if (packet_get_macro(p, &n) == PACKET_OK)
		ATF_REQUIRE_EQ(n, p->data[0]);
	pos = 0;
	while ((s = packet_next_string(p, &pos)) != NULL)
		total += strlen(s);
	ATF_REQUIRE_EQ(pos, p->len);
	ATF_REQUIRE(total <= 3 * p->len);
}

static void
check_rows(const struct packet_row *rows, size_t n,
    enum packet_error (*check)(const struct packet *))
{
	struct packet p;
	enum packet_error error;
	size_t i;

	for (i = 0; i < n; i++) {
		p = packet_of(rows[i].code, rows[i].data, rows[i].len);
		error = check(&p);
		ATF_CHECK_MSG(error == rows[i].error,
		    "row %u code 0x%02x: %s, expected %s", (unsigned)i,
		    (unsigned)rows[i].code, packet_strerror(error),
		    packet_strerror(rows[i].error));
		decode_all(&p);
		packet_drop(&p);
	}
}

/* Every good row as a frame, one behind the other. */
static void
add_corpus(struct buf *b)
{
	size_t i;

	for (i = 0; i < COUNT(commands); i++)
		if (commands[i].error == PACKET_OK)
			ATF_REQUIRE_EQ(0, packet_add(b, commands[i].code,
			    commands[i].data, commands[i].len));
	for (i = 0; i < COUNT(replies); i++)
		if (replies[i].error == PACKET_OK)
			ATF_REQUIRE_EQ(0, packet_add(b, replies[i].code,
			    replies[i].data, replies[i].len));
	for (i = 0; i < COUNT(texts); i++)
		if (texts[i].error == PACKET_OK)
			ATF_REQUIRE_EQ(0, packet_add(b, SMFIR_REPLYCODE,
			    texts[i].data, texts[i].len));
}

/* Looks at a frame in a block of exactly its size. */
static enum packet_error
look(const unsigned char *from, size_t n, size_t max)
{
	struct packet p;
	enum packet_error error;
	unsigned char *copy = malloc(n > 0 ? n : 1);

	ATF_REQUIRE(copy != NULL);
	if (n > 0)
		memcpy(copy, from, n);
	error = packet_next(copy, n, max, &p);
	switch (error) {
	case PACKET_OK:
		ATF_REQUIRE(p.size <= n && p.len + 5 == p.size);
		decode_all(&p);
		break;
	case PACKET_MORE:
		ATF_REQUIRE(p.size == 0 ? n < 4 : p.size > n);
		break;
	default:
		ATF_REQUIRE(error == PACKET_LEN_ZERO ||
		    error == PACKET_LEN_LIMIT);
		ATF_REQUIRE_EQ(p.size, 0);
	}
	free(copy);
	return (error);
}

static uint32_t seed = 20240607;

static uint32_t
next_random(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (seed);
}

ATF_TC_WITHOUT_HEAD(frames);
ATF_TC_BODY(frames, tc)
{
	static const struct {
		const char		*data;
		size_t			 n;
		size_t			 max;
		enum packet_error	 error;
		size_t			 size;
	} rows[] = {
		{ BYTES(""), 100, PACKET_MORE, 0 },
		{ BYTES("\0\0\0"), 100, PACKET_MORE, 0 },
		{ BYTES("\xff\xff\xff"), 100, PACKET_MORE, 0 },
		{ BYTES("\0\0\0\1"), 100, PACKET_MORE, 5 },
		{ BYTES("\0\0\0\1c"), 100, PACKET_OK, 5 },
		{ BYTES("\0\0\0\1c"), 0, PACKET_OK, 5 },
		{ BYTES("\0\0\0\1cmore"), 0, PACKET_OK, 5 },
		{ BYTES("\0\0\0\2H"), 100, PACKET_MORE, 6 },
		{ BYTES("\0\0\0\2H"), 0, PACKET_LEN_LIMIT, 0 },
		{ BYTES("\0\0\0\0"), 100, PACKET_LEN_ZERO, 0 },
		{ BYTES("\0\0\0\0c"), 100, PACKET_LEN_ZERO, 0 },
		{ BYTES("\0\0\0\x65"), 100, PACKET_MORE, 105 },
		{ BYTES("\0\0\0\x66"), 100, PACKET_LEN_LIMIT, 0 },
		{ BYTES("\0\1\0\0"), 65535, PACKET_MORE, 65540 },
		{ BYTES("\0\1\0\1"), 65535, PACKET_LEN_LIMIT, 0 },
		{ BYTES("\x80\0\0\0"), 65535, PACKET_LEN_LIMIT, 0 },
		{ BYTES("\xff\xff\xff\xff"), 65535, PACKET_LEN_LIMIT, 0 },
		{ BYTES("\xff\xff\xff\xff""B"), 65535, PACKET_LEN_LIMIT, 0 }
	};
	struct packet p;
	enum packet_error error;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		error = packet_next(rows[i].data, rows[i].n, rows[i].max, &p);
		ATF_CHECK_MSG(error == rows[i].error && p.size == rows[i].size,
		    "row %u: %s, size %u", (unsigned)i,
		    packet_strerror(error), (unsigned)p.size);
		(void)look((const unsigned char *)rows[i].data, rows[i].n,
		    rows[i].max);
	}
	/* The largest length word is told from a sum that wraps around. */
	error = packet_next("\xff\xff\xff\xff", 4, SIZE_MAX, &p);
	ATF_CHECK(error == PACKET_MORE ? p.size - 4 == 0xffffffffu :
	    error == PACKET_LEN_LIMIT);
}

ATF_TC(check_command);
ATF_TC_HEAD(check_command, tc)
{
	atf_tc_set_md_var(tc, "descr", "Commands are as libmilter takes them");
}
ATF_TC_BODY(check_command, tc)
{
	check_rows(commands, COUNT(commands), packet_check_command);
}

ATF_TC(check_reply);
ATF_TC_HEAD(check_reply, tc)
{
	atf_tc_set_md_var(tc, "descr", "Replies are as Postfix takes them");
}
ATF_TC_BODY(check_reply, tc)
{
	check_rows(replies, COUNT(replies), packet_check_reply);
}

ATF_TC(replycode);
ATF_TC_HEAD(replycode, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Only a well-formed SMTP reply of one or many lines has a code");
}
ATF_TC_BODY(replycode, tc)
{
	struct packet p;
	enum packet_error error;
	size_t i;
	int code;

	for (i = 0; i < COUNT(texts); i++) {
		p = packet_of(SMFIR_REPLYCODE, texts[i].data, texts[i].len);
		code = 0;
		error = packet_get_replycode(&p, &code);
		ATF_CHECK_MSG(error == texts[i].error, "row %u: %s",
		    (unsigned)i, packet_strerror(error));
		ATF_CHECK_EQ(error, packet_check_reply(&p));
		if (error == PACKET_OK)
			ATF_CHECK_EQ(code, texts[i].code);
		packet_drop(&p);
	}
}

ATF_TC(connect_forms);
ATF_TC_HEAD(connect_forms, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "CONNECT of each family comes out as it went in");
}
ATF_TC_BODY(connect_forms, tc)
{
	static const struct packet_connect rows[] = {
		{ "mx.example.org", '4', 25, "192.0.2.1" },
		{ "[192.0.2.1]", '4', 65535, "192.0.2.1" },
		{ "unknown", '4', 0, "192.0.2.1" },
		{ "[::1]", '6', 0x1234, "::1" },
		{ "x", '6', 1, "IPv6:0:0:0:0:0:0:0:1" },
		{ "localhost", 'L', 0, "" },
		{ "localhost", 'L', 0, "/run/client" },
		{ "localhost", 'U', 0, "" },
		{ "", 'U', 0, "" }
	};
	struct packet_connect got;
	struct packet p;
	struct buf b;
	size_t i;

	memset(&b, 0, sizeof(b));
	for (i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		ATF_REQUIRE_EQ(0, packet_add_connect(&b, &rows[i]));
		ATF_REQUIRE_EQ(PACKET_OK,
		    packet_next(buf_ptr(&b), b.len, 100, &p));
		ATF_CHECK_EQ(p.size, b.len);
		ATF_CHECK_EQ(p.code, SMFIC_CONNECT);
		ATF_CHECK_EQ(PACKET_OK, packet_check_command(&p));
		ATF_REQUIRE_EQ(PACKET_OK, packet_get_connect(&p, &got));
		ATF_CHECK_STREQ(got.host, rows[i].host);
		ATF_CHECK_EQ(got.family, rows[i].family);
		ATF_CHECK_EQ(got.port, rows[i].port);
		ATF_CHECK_STREQ(got.address, rows[i].address);
	}
	buf_free(&b);
	/* The port is big-endian; bytes behind 'U' are ignored. */
	p = packet_of('C', BYTES("h\0" "4\x12\x34" "1.2.3.4\0"));
	ATF_REQUIRE_EQ(PACKET_OK, packet_get_connect(&p, &got));
	ATF_CHECK_EQ(got.port, 0x1234);
	packet_drop(&p);
	p = packet_of('C', BYTES("h\0U\x12\x34" "1.2.3.4"));
	ATF_REQUIRE_EQ(PACKET_OK, packet_get_connect(&p, &got));
	ATF_CHECK_EQ(got.port, 0);
	ATF_CHECK_STREQ(got.address, "");
	packet_drop(&p);
}

ATF_TC(headers);
ATF_TC_HEAD(headers, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Name, value and index of header frames survive a round trip");
}
ATF_TC_BODY(headers, tc)
{
	static const char codes[] = { 'L', 'h', 'i', 'm' };
	static const struct packet_header rows[] = {
		{ 0, "X", "", 1, 0 },
		{ 1, "Subject", "hello", 7, 5 },
		{ 0x01020304, "X-Fold", " a\n\tb", 6, 5 },
		{ 0xffffffff, "X", "\xe2\x82\xac", 1, 3 }
	};
	struct packet_header got;
	struct packet p;
	struct buf b;
	size_t i, j;

	memset(&b, 0, sizeof(b));
	for (i = 0; i < COUNT(codes); i++)
		for (j = 0; j < COUNT(rows); j++) {
			buf_clear(&b);
			ATF_REQUIRE_EQ(0, packet_add_header(&b, codes[i],
			    rows[j].index, rows[j].name, rows[j].value));
			ATF_REQUIRE_EQ(PACKET_OK,
			    packet_next(buf_ptr(&b), b.len, 100, &p));
			ATF_CHECK_EQ(p.size, b.len);
			ATF_REQUIRE_EQ(PACKET_OK, packet_get_header(&p, &got));
			ATF_CHECK_EQ(got.index, i < 2 ? 0 : rows[j].index);
			ATF_CHECK_STREQ(got.name, rows[j].name);
			ATF_CHECK_STREQ(got.value, rows[j].value);
			ATF_CHECK_EQ(got.namelen, rows[j].namelen);
			ATF_CHECK_EQ(got.valuelen, rows[j].valuelen);
		}
	buf_clear(&b);
	ATF_REQUIRE_EQ(0, packet_add_header(&b, 'm', 0x01020304, "X", ""));
	ATF_CHECK_EQ(b.len, 12);
	ATF_CHECK(memcmp(buf_ptr(&b), "\0\0\0\10m\1\2\3\4X\0", 12) == 0);
	buf_free(&b);
}

ATF_TC(strings);
ATF_TC_HEAD(strings, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "All strings of a frame come out in their order, empty ones too");
}
ATF_TC_BODY(strings, tc)
{
	static const char *const mail[] = { "", "SIZE=1", "", "SMTPUTF8" };
	struct packet p;
	struct buf b;
	const char *s;
	size_t i, n, pos;

	memset(&b, 0, sizeof(b));
	for (n = 0; n <= COUNT(mail); n++) {
		buf_clear(&b);
		ATF_REQUIRE_EQ(0, packet_add_strings(&b, 'M', mail, n));
		ATF_REQUIRE_EQ(PACKET_OK,
		    packet_next(buf_ptr(&b), b.len, 100, &p));
		ATF_CHECK_EQ(n > 0 ? PACKET_OK : PACKET_EMPTY,
		    packet_check_command(&p));
		for (i = pos = 0;
		    (s = packet_next_string(&p, &pos)) != NULL; i++) {
			ATF_REQUIRE(i < n);
			ATF_CHECK_STREQ(s, mail[i]);
		}
		ATF_CHECK_EQ(i, n);
		ATF_CHECK(packet_next_string(&p, &pos) == NULL);
	}
	buf_clear(&b);
	ATF_REQUIRE_EQ(0, packet_add_string(&b, 'H', "helo"));
	ATF_REQUIRE_EQ(0, packet_add_empty(&b, 'N'));
	ATF_CHECK_EQ(b.len, 15);
	ATF_CHECK(memcmp(buf_ptr(&b), "\0\0\0\6Hhelo\0\0\0\0\1N", 15) == 0);
	buf_free(&b);
	p = packet_of('q', NULL, 0);
	ATF_CHECK_EQ(PACKET_OK, packet_get_string(&p, &s));
	ATF_CHECK_STREQ(s, "");
	packet_drop(&p);
}

ATF_TC(macros);
ATF_TC_HEAD(macros, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Macro frames hold pairs; a bad one has a name and can be walked");
}
ATF_TC_BODY(macros, tc)
{
	static const char *const pairs[] = { "j", "mail", "{x}", "" };
	static const struct packet_row rows[] = {
		{ 'C', BYTES("C"), PACKET_OK },
		{ 'L', BYTES("L"), PACKET_OK },
		{ '?', BYTES("?j\0m\0"), PACKET_OK },
		{ 0xff, BYTES("\xff"), PACKET_OK },
		{ 0, BYTES(""), PACKET_EMPTY },
		{ 0, BYTES("Cj"), PACKET_NO_NUL },
		{ 0, BYTES("Cj\0m"), PACKET_NO_NUL },
		{ 0, BYTES("Cj\0"), PACKET_SHORT },
		{ 0, BYTES("Cj\0m\0i\0"), PACKET_SHORT },
		{ 0, BYTES("C\0m\0"), PACKET_NAME_EMPTY }
	};
	struct packet p;
	struct buf b;
	enum packet_error error;
	size_t i, pos;
	int stage;

	for (i = 0; i < COUNT(rows); i++) {
		p = packet_of('D', rows[i].data, rows[i].len);
		stage = -1;
		error = packet_get_macro(&p, &stage);
		ATF_CHECK_MSG(error == rows[i].error, "row %u: %s",
		    (unsigned)i, packet_strerror(error));
		ATF_CHECK_EQ(stage, error == PACKET_OK ? rows[i].code : -1);
		decode_all(&p);
		packet_drop(&p);
	}
	memset(&b, 0, sizeof(b));
	ATF_REQUIRE_EQ(0, packet_add_macros(&b, 'C', pairs, 2));
	ATF_REQUIRE_EQ(0, packet_add_macros(&b, 'H', NULL, 0));
	ATF_REQUIRE_EQ(PACKET_OK, packet_next(buf_ptr(&b), b.len, 100, &p));
	ATF_REQUIRE_EQ(PACKET_OK, packet_get_macro(&p, &stage));
	ATF_CHECK_EQ(stage, 'C');
	pos = 1;
	for (i = 0; i < COUNT(pairs); i++)
		ATF_CHECK_STREQ(packet_next_string(&p, &pos), pairs[i]);
	ATF_CHECK(packet_next_string(&p, &pos) == NULL);
	buf_consume(&b, p.size);
	ATF_CHECK_EQ(b.len, 6);
	ATF_CHECK(memcmp(buf_ptr(&b), "\0\0\0\2DH", 6) == 0);
	buf_free(&b);
}

ATF_TC_WITHOUT_HEAD(names);
ATF_TC_BODY(names, tc)
{
	const char *z;
	int code;

	ATF_CHECK_STREQ(packet_command_name('B'), "SMFIC_BODY");
	ATF_CHECK_STREQ(packet_command_name('c'), "0x63");
	ATF_CHECK_STREQ(packet_reply_name('c'), "SMFIR_CONTINUE");
	ATF_CHECK_STREQ(packet_reply_name('f'), "SMFIR_CONN_FAIL");
	ATF_CHECK_STREQ(packet_reply_name('O'), "SMFIC_OPTNEG");
	z = packet_reply_name(0);
	ATF_CHECK_STREQ(packet_reply_name(0xff), "0xff");
	ATF_CHECK_STREQ(z, "0x00");
	for (code = 0; code < 256; code++) {
		ATF_CHECK(strlen(packet_command_name(code)) >= 4);
		ATF_CHECK(strlen(packet_reply_name(code)) >= 4);
	}
	for (code = PACKET_OK; code <= PACKET_UNKNOWN; code++)
		ATF_CHECK(strlen(packet_strerror((enum packet_error)code)) > 0);
	ATF_CHECK_STREQ(packet_strerror((enum packet_error)99),
	    "unknown error");
}

ATF_TC(cut);
ATF_TC_HEAD(cut, tc)
{
	atf_tc_set_md_var(tc, "descr", "A frame cut at any byte asks for more,"
	    " a payload cut at any byte is good or has a named error");
}
ATF_TC_BODY(cut, tc)
{
	struct packet p, shorter;
	struct buf b;
	size_t n;

	memset(&b, 0, sizeof(b));
	add_corpus(&b);
	while (b.len > 0) {
		ATF_REQUIRE_EQ(PACKET_OK,
		    packet_next(buf_ptr(&b), b.len, 1000, &p));
		for (n = 0; n < p.size; n++)
			ATF_CHECK_EQ(PACKET_MORE, look(buf_ptr(&b), n, 1000));
		ATF_CHECK_EQ(PACKET_OK, look(buf_ptr(&b), n, 1000));
		for (n = 0; n <= p.len; n++) {
			shorter = packet_of(p.code, p.data, n);
			decode_all(&shorter);
			packet_drop(&shorter);
		}
		buf_consume(&b, p.size);
	}
	buf_free(&b);
}

ATF_TC(split);
ATF_TC_HEAD(split, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Many frames in one read and one byte a read give the same frames");
}
ATF_TC_BODY(split, tc)
{
	struct packet p, q;
	struct buf all, some;
	size_t fed = 0, frames = 0;

	memset(&all, 0, sizeof(all));
	memset(&some, 0, sizeof(some));
	add_corpus(&all);
	while (fed < all.len) {
		ATF_REQUIRE_EQ(0, buf_add(&some, buf_ptr(&all) + fed, 1));
		fed++;
		if (packet_next(buf_ptr(&some), some.len, 1000, &p) !=
		    PACKET_OK)
			continue;
		ATF_REQUIRE_EQ(PACKET_OK, packet_next(buf_ptr(&all) + fed -
		    some.len, all.len - (fed - some.len), 1000, &q));
		ATF_CHECK_EQ(p.code, q.code);
		ATF_CHECK_EQ(p.len, q.len);
		ATF_CHECK(memcmp(p.data, q.data, p.len) == 0);
		buf_consume(&some, p.size);
		ATF_CHECK_EQ(some.len, 0);
		frames++;
	}
	ATF_CHECK_EQ(some.len, 0);
	ATF_CHECK(frames > 60);
	buf_free(&all);
	buf_free(&some);
}

ATF_TC(corrupted);
ATF_TC_HEAD(corrupted, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "A frame with one wrong byte is good or has a named error");
}
ATF_TC_BODY(corrupted, tc)
{
	struct packet p;
	struct buf b;
	unsigned char *frame;
	unsigned flip;
	size_t i;

	memset(&b, 0, sizeof(b));
	add_corpus(&b);
	while (b.len > 0) {
		ATF_REQUIRE_EQ(PACKET_OK,
		    packet_next(buf_ptr(&b), b.len, 1000, &p));
		frame = buf_ptr(&b);
		for (i = 0; i < p.size; i++)
			for (flip = 1; flip < 256; flip++) {
				frame[i] = (unsigned char)(frame[i] ^ flip);
				(void)look(frame, p.size, 1000);
				frame[i] = (unsigned char)(frame[i] ^ flip);
			}
		buf_consume(&b, p.size);
	}
	buf_free(&b);
}

ATF_TC(random_frames);
ATF_TC_HEAD(random_frames, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Random frames are good or have a named error");
}
ATF_TC_BODY(random_frames, tc)
{
	static const char codes[] = "ABCDEHKLMNOQRTU+-24abcdefhilmpqrsty?";
	static const char bytes[] = "\0\0\0\0\1\377 \r\n-45.0UL6ijX{}%";
	struct packet p;
	unsigned char data[64];
	size_t i, j, len;

	for (i = 0; i < 100000; i++) {
		len = next_random() % sizeof(data);
		for (j = 0; j < len; j++)
			data[j] = (unsigned char)((next_random() & 7) == 0 ?
			    next_random() & 0xff :
			    (unsigned char)bytes[next_random() %
			    (sizeof(bytes) - 1)]);
		p = packet_of(codes[next_random() % (sizeof(codes) - 1)],
		    data, len);
		decode_all(&p);
		packet_drop(&p);
		data[0] = data[1] = 0;
		data[2] &= 1;
		(void)look(data, len, 200);
	}
}

ATF_TC_WITHOUT_HEAD(add_limits);
ATF_TC_BODY(add_limits, tc)
{
	static char chunk[MILTER_CHUNK_SIZE];
	struct packet p;
	struct buf b;

	memset(&b, 0, sizeof(b));
	ATF_REQUIRE_EQ(0, packet_add(&b, 'B', chunk, sizeof(chunk)));
	ATF_CHECK(memcmp(buf_ptr(&b), "\0\1\0\0B", 5) == 0);
	ATF_CHECK_EQ(PACKET_OK,
	    packet_next(buf_ptr(&b), b.len, MILTER_CHUNK_SIZE, &p));
	ATF_CHECK_EQ(PACKET_LEN_LIMIT,
	    packet_next(buf_ptr(&b), b.len, MILTER_CHUNK_SIZE - 1, &p));
	/* A length that no peer takes is refused before any byte is read. */
	ATF_CHECK_EQ(-1, packet_add(&b, 'B', chunk, (size_t)0x80000000u));
	ATF_CHECK_EQ(-1, packet_add(&b, 'B', chunk, SIZE_MAX));
	ATF_CHECK_EQ(b.len, sizeof(chunk) + 5);
	buf_free(&b);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, frames);
	ATF_TP_ADD_TC(tp, check_command);
	ATF_TP_ADD_TC(tp, check_reply);
	ATF_TP_ADD_TC(tp, replycode);
	ATF_TP_ADD_TC(tp, connect_forms);
	ATF_TP_ADD_TC(tp, headers);
	ATF_TP_ADD_TC(tp, strings);
	ATF_TP_ADD_TC(tp, macros);
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, cut);
	ATF_TP_ADD_TC(tp, split);
	ATF_TP_ADD_TC(tp, corrupted);
	ATF_TP_ADD_TC(tp, random_frames);
	ATF_TP_ADD_TC(tp, add_limits);
	return (atf_no_error());
}
