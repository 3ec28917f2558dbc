/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_option.c - negotiation: offers, answers, their merge, macro lists.
 * Owns:      the rows for one frame or one child; d_option.h has the merges.
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
#include "milter/option.h"

#include "d_option.h"

static char *
copy(const char *s)
{
	size_t n;
	char *c;

	if (s == NULL)
		return (NULL);
	n = strlen(s) + 1;
	c = malloc(n);
	ATF_REQUIRE(c != NULL);
	memcpy(c, s, n);
	return (c);
}

static struct option
option_of(const struct option_numbers *numbers)
{
	struct option o;

	memset(&o, 0, sizeof(o));
	o.version = numbers->version;
	o.actions = numbers->actions;
	o.protocol = numbers->protocol;
	return (o);
}

static bool
same_text(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

static struct packet
packet_of(const void *data, size_t len)
{
	struct packet p;
	unsigned char *c = malloc(len > 0 ? len : 1);

	ATF_REQUIRE(c != NULL);
	if (len > 0)
		memcpy(c, data, len);
	p.code = SMFIC_OPTNEG;
	p.data = c;
	p.len = len;
	p.size = len + 5;
	return (p);
}

static void
packet_drop(struct packet *p)
{
	free((void *)(uintptr_t)p->data);
}

ATF_TC(merge);
ATF_TC_HEAD(merge, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Each worked case of the merge gives the answer that it should");
}
ATF_TC_BODY(merge, tc)
{
	const struct option_merge_row *row;
	const struct option *pointers[3];
	struct option child[3], mta, out;
	size_t i, j;

	for (i = 0; i < COUNT(merges); i++) {
		row = &merges[i];
		mta = option_of(&row->mta);
		for (j = 0; j < row->n; j++) {
			child[j] = option_of(&row->child[j]);
			pointers[j] = &child[j];
		}
		ATF_REQUIRE_EQ(0, option_merge(&mta, pointers, row->n,
		    row->keep_headers, &out));
		ATF_CHECK_MSG(out.version == row->merged.version &&
		    out.actions == row->merged.actions &&
		    out.protocol == row->merged.protocol,
		    "%s: %u %#x %#x, expected %u %#x %#x", row->what,
		    (unsigned)out.version, (unsigned)out.actions,
		    (unsigned)out.protocol, (unsigned)row->merged.version,
		    (unsigned)row->merged.actions,
		    (unsigned)row->merged.protocol);
		for (j = 0; j < SMFIM_N; j++)
			ATF_CHECK(out.macros[j] == NULL);
		option_free(&out);
	}
}

/*
 * Every event alone: n children that each decline it (0), take it with a
 * reply (1), or without (2), in all combinations.
 */
ATF_TC(merge_events);
ATF_TC_HEAD(merge_events, tc)
{
	atf_tc_set_md_var(tc, "descr", "An event is declined when all decline"
	    " it, and unanswered when all who get it are silent");
}
ATF_TC_BODY(merge_events, tc)
{
	static const struct option_numbers today = TODAY;
	static const struct {
		uint32_t no, nr;
	} events[] = {
		{ SMFIP_NOCONNECT, SMFIP_NR_CONN },
		{ SMFIP_NOHELO, SMFIP_NR_HELO },
		{ SMFIP_NORCPT, SMFIP_NR_RCPT },
		{ SMFIP_NODATA, SMFIP_NR_DATA },
		{ SMFIP_NOUNKNOWN, SMFIP_NR_UNKN },
		{ SMFIP_NOHDRS, SMFIP_NR_HDR },
		{ SMFIP_NOEOH, SMFIP_NR_EOH },
		{ SMFIP_NOBODY, SMFIP_NR_BODY }
	};
	const struct option *pointers[3];
	struct option child[3], mta = option_of(&today), out;
	uint32_t expected;
	size_t i, j;
	unsigned mix, kind, seen;

	for (i = 0; i < COUNT(events); i++)
		for (mix = 0; mix < 27; mix++) {
			seen = 0;
			for (j = 0; j < 3; j++) {
				kind = j == 0 ? mix % 3 : j == 1 ?
				    mix / 3 % 3 : mix / 9;
				seen |= 1u << kind;
				child[j] = option_of(&today);
				child[j].protocol = kind == 0 ? events[i].no :
				    kind == 1 ? 0 : events[i].nr;
				pointers[j] = &child[j];
			}
			expected = seen == 1 ? events[i].no :
			    (seen & 2) == 0 ? events[i].nr : 0;
			ATF_REQUIRE_EQ(0, option_merge(&mta, pointers, 3,
			    false, &out));
			ATF_CHECK_EQ(out.protocol, expected | SMFIP_SKIP);
			option_free(&out);
		}
}

ATF_TC(merge_lists);
ATF_TC_HEAD(merge_lists, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Macro lists are joined so that every child gets its names");
}
ATF_TC_BODY(merge_lists, tc)
{
	static const struct option_numbers none = { 6, 0, 0 };
	const struct option_list_row *row;
	const struct option *pointers[3];
	struct option child[3], mta, out;
	size_t i, j, k;
	bool any;

	for (i = 0; i < COUNT(lists); i++) {
		row = &lists[i];
		mta = option_of(&none);
		mta.actions = row->offered;
		for (j = 0; j < row->n; j++) {
			child[j] = option_of(&none);
			for (k = 0; k < LISTS; k++)
				child[j].macros[list_stages[k]] =
				    copy(row->child[j][k]);
			pointers[j] = &child[j];
		}
		ATF_REQUIRE_EQ(0, option_merge(&mta, pointers, row->n, false,
		    &out));
		any = false;
		for (k = 0; k < LISTS; k++) {
			if (row->merged[k] != NULL)
				any = true;
			ATF_CHECK_MSG(same_text(out.macros[list_stages[k]],
			    row->merged[k]), "%s, list %u: %s", row->what,
			    (unsigned)k, out.macros[list_stages[k]] != NULL ?
			    out.macros[list_stages[k]] : "(none)");
		}
		ATF_CHECK_EQ(out.actions, any ? SMFIF_SETSYMLIST : 0);
		ATF_CHECK(out.macros[SMFIM_HELO] == NULL);
		ATF_CHECK(out.macros[SMFIM_ENVFROM] == NULL);
		ATF_CHECK(out.macros[SMFIM_DATA] == NULL);
		option_free(&out);
		for (j = 0; j < row->n; j++)
			option_free(&child[j]);
	}
}

ATF_TC(merge_lists_limit);
ATF_TC_HEAD(merge_lists_limit, tc)
{
	atf_tc_set_md_var(tc, "descr", "A joined list has at most 50 names, no"
	    " overlong one, and still marks refused recipients");
}
ATF_TC_BODY(merge_lists_limit, tc)
{
	static const struct option_numbers today = TODAY;
	const struct option *pointers[1];
	struct option child = option_of(&today), mta = child, out;
	struct buf b, frame;
	const char *s;
	size_t spaces = 0, stage;
	unsigned i;

	memset(&b, 0, sizeof(b));
	memset(&frame, 0, sizeof(frame));
	for (i = 0; i < 200; i++)
		ATF_REQUIRE_EQ(0, buf_printf(&b, "{n%u%0*u} ", i,
		    i % 2 == 0 ? 100 : 200, i));
	ATF_REQUIRE_EQ(0, buf_add(&b, "", 1));
	for (stage = 0; stage < SMFIM_N; stage++)
		child.macros[stage] = copy((const char *)buf_ptr(&b));
	pointers[0] = &child;
	ATF_REQUIRE_EQ(0, option_merge(&mta, pointers, 1, false, &out));
	for (s = out.macros[SMFIM_ENVRCPT]; *s != '\0'; s++)
		if (*s == ' ')
			spaces++;
	ATF_CHECK_EQ(spaces, 49);
	ATF_CHECK(option_macro_listed(out.macros[SMFIM_ENVRCPT],
	    "{rcpt_mailer}"));
	ATF_CHECK(strstr(out.macros[SMFIM_ENVRCPT], "{n10") != NULL);
	ATF_CHECK(strstr(out.macros[SMFIM_ENVRCPT], "{n11") == NULL);
	ATF_CHECK(option_macro_listed(out.macros[SMFIM_CONNECT], "v"));
	/* All seven lists together still fit into one frame for libmilter. */
	ATF_REQUIRE_EQ(0, option_add(&frame, &out));
	ATF_CHECK(frame.len <= 5 + MILTER_CHUNK_SIZE);
	buf_free(&frame);
	buf_free(&b);
	option_free(&out);
	option_free(&child);
}

ATF_TC(offer);
ATF_TC_HEAD(offer, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "A child is offered what the MTA has and what we can make up");
}
ATF_TC_BODY(offer, tc)
{
	static const struct {
		struct option_numbers mta, offered;
	} rows[] = {
		{ TODAY, TODAY },
		{ { 7, 0x1ff, 0x1fffff }, { 6, 0x1ff, 0x1fffff } },
		{ { 2, 0x3f, 0x7f }, { 2, 0x3f, 0x7f } },
		{ { 3, 0x1ff, 0x17f }, { 3, 0x1ff, 0x17f } },
		{ { 4, 0x1ff, 0x3ff }, { 4, 0x1ff, 0x3ff } },
		{ { 6, 0x1ff, 0x37f }, { 6, 0x1ff, 0x0ff7ff } },
		{ { 6, 0x0ff, 0x100b7f }, { 6, 0x0ff, 0x1fffff } },
		{ { 6, 0xffffffff, 0xffffffff }, TODAY },
		{ { 2, 0x20f, 0x7000003f }, { 2, 0x0f, 0x3f } }
	};
	struct option mta, out;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		mta = option_of(&rows[i].mta);
		option_offer(&mta, &out);
		ATF_CHECK_MSG(out.version == rows[i].offered.version &&
		    out.actions == rows[i].offered.actions &&
		    out.protocol == rows[i].offered.protocol,
		    "row %u: %u %#x %#x", (unsigned)i, (unsigned)out.version,
		    (unsigned)out.actions, (unsigned)out.protocol);
	}
}

ATF_TC(check_answer);
ATF_TC_HEAD(check_answer, tc)
{
	atf_tc_set_md_var(tc, "descr", "A version or an action that was not"
	    " offered is refused, a protocol bit is masked");
}
ATF_TC_BODY(check_answer, tc)
{
	static const struct {
		struct option_numbers	offered, answer;
		bool		good;
		uint32_t	protocol;
	} rows[] = {
		{ TODAY, TODAY, true, 0x1fffff },
		{ TODAY, { 6, 0, 0 }, true, 0 },
		{ TODAY, { 7, 0, 0 }, false, 0 },
		{ TODAY, { 1, 0, 0 }, false, 0 },
		{ TODAY, { 0, 0, 0 }, false, 0 },
		{ TODAY, { 6, 0x200, 0 }, false, 0 },
		{ { 2, 0x3f, 0x7f }, { 2, 0x40, 0 }, false, 0 },
		{ { 2, 0x3f, 0x7f }, { 3, 0, 0 }, false, 0 },
		{ TODAY, { 6, 1, 0xf0000001 }, true, 1 },
		{ { 6, 0x1ff, 0x7f }, { 6, 1, 0x1fffff }, true, 0x7f },
		{ TODAY, { 5, 0, 1 }, true, 1 },
		{ TODAY, { 4, 0, 1 }, true, 1 },
		{ TODAY, { 3, 0, 1 }, true, 0x201 },
		{ TODAY, { 2, 0, 1 }, true, 0x301 },
		{ { 2, 0x3f, 0x7f }, { 2, 0x3f, 0x7f }, true, 0x37f }
	};
	static const struct option_numbers old = { 6, 0xff, 0x1fffff };
	struct option answer, offered;
	const char *why;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		offered = option_of(&rows[i].offered);
		answer = option_of(&rows[i].answer);
		why = option_check_answer(&offered, &answer);
		ATF_CHECK_MSG((why == NULL) == rows[i].good, "row %u: %s",
		    (unsigned)i, why != NULL ? why : "good");
		ATF_CHECK_EQ(answer.protocol, why == NULL ?
		    rows[i].protocol : rows[i].answer.protocol);
	}
	/* Lists are for an MTA that takes lists. */
	offered = option_of(&rows[0].offered);
	answer = option_of(&rows[1].answer);
	answer.macros[SMFIM_DATA] = copy("i");
	ATF_CHECK(option_check_answer(&offered, &answer) == NULL);
	ATF_CHECK_STREQ(answer.macros[SMFIM_DATA], "i");
	offered = option_of(&old);
	ATF_CHECK(option_check_answer(&offered, &answer) == NULL);
	ATF_CHECK(answer.macros[SMFIM_DATA] == NULL);
	option_free(&answer);
}

#define SIX	"\0\0\0\6"
#define NUMBERS	SIX "\0\0\1\xff\0\x1f\xff\xff"

ATF_TC(read_frames);
ATF_TC_HEAD(read_frames, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Option frames of both sides are read, or refused with a name");
}
ATF_TC_BODY(read_frames, tc)
{
	static const struct {
		const char		*data;
		size_t			 len;
		enum packet_error	 offer, answer;
	} rows[] = {
		{ BYTES(NUMBERS), PACKET_OK, PACKET_OK },
		{ BYTES(""), PACKET_EMPTY, PACKET_EMPTY },
		{ BYTES("\0\0\0\6\0\0\0\1\0\0\0"), PACKET_SHORT, PACKET_SHORT },
		{ BYTES("\0\0\0\1\0\0\0\1\0\0\0\1"), PACKET_VERSION,
		    PACKET_OK },
		{ BYTES("\0\0\0\0\0\0\0\1\0\0\0\1"), PACKET_VERSION,
		    PACKET_OK },
		{ BYTES("\0\0\0\2\0\0\0\1\0\0\0\1"), PACKET_OK, PACKET_OK },
		{ BYTES("\xff\0\0\2\0\0\0\1\0\0\0\1"), PACKET_OK, PACKET_OK },
		{ BYTES(NUMBERS "\0"), PACKET_OK, PACKET_SHORT },
		{ BYTES(NUMBERS "\0\0\0"), PACKET_OK, PACKET_SHORT },
		{ BYTES(NUMBERS "\0\0\0\0"), PACKET_OK, PACKET_NO_NUL },
		{ BYTES(NUMBERS "\0\0\0\0i"), PACKET_OK, PACKET_NO_NUL },
		{ BYTES(NUMBERS "\0\0\0\0i\0"), PACKET_OK, PACKET_OK },
		{ BYTES(NUMBERS "\0\0\0\0i\0\0\0"), PACKET_OK, PACKET_SHORT },
		{ BYTES(NUMBERS "\0\0\0\7i\0\0\0\0\1j\0"), PACKET_OK,
		    PACKET_OK }
	};
	struct option o;
	struct packet p;
	size_t i;

	for (i = 0; i < COUNT(rows); i++) {
		p = packet_of(rows[i].data, rows[i].len);
		ATF_CHECK_MSG(option_read_offer(&p, &o) == rows[i].offer,
		    "offer %u", (unsigned)i);
		ATF_CHECK_MSG(option_read_answer(&p, &o) == rows[i].answer,
		    "answer %u", (unsigned)i);
		if (rows[i].answer == PACKET_OK)
			option_free(&o);
		packet_drop(&p);
	}
	p = packet_of(BYTES(NUMBERS));
	p.code = SMFIR_CONTINUE;
	ATF_CHECK_EQ(PACKET_UNKNOWN, option_read_offer(&p, &o));
	ATF_CHECK_EQ(PACKET_UNKNOWN, option_read_answer(&p, &o));
	packet_drop(&p);
	/* The first MTAs had nothing to say, and meant the first bits. */
	p = packet_of(BYTES("\0\0\0\2\0\0\0\0\0\0\0\0"));
	ATF_REQUIRE_EQ(PACKET_OK, option_read_offer(&p, &o));
	ATF_CHECK_EQ(o.actions, 0x0f);
	ATF_CHECK_EQ(o.protocol, 0x3f);
	ATF_REQUIRE_EQ(PACKET_OK, option_read_answer(&p, &o));
	ATF_CHECK_EQ(o.actions, 0);
	ATF_CHECK_EQ(o.protocol, 0);
	packet_drop(&p);
	/* Each byte is in its place. */
	p = packet_of(BYTES("\1\2\3\4\5\6\7\10\11\12\13\14"));
	ATF_REQUIRE_EQ(PACKET_OK, option_read_offer(&p, &o));
	ATF_CHECK_EQ(o.version, 0x01020304);
	ATF_CHECK_EQ(o.actions, 0x05060708);
	ATF_CHECK_EQ(o.protocol, 0x090a0b0c);
	packet_drop(&p);
}

ATF_TC(read_lists);
ATF_TC_HEAD(read_lists, tc)
{
	atf_tc_set_md_var(tc, "descr", "Of two lists the later wins, commas are"
	    " spaces, unknown stages are skipped, an empty list is none");
}
ATF_TC_BODY(read_lists, tc)
{
	struct packet p = packet_of(BYTES(NUMBERS
	    "\0\0\0\0j,{if_name}\0"
	    "\0\0\0\7x\0"
	    "\xff\xff\xff\xffy\0"
	    "\0\0\0\5{msg_id}\0"
	    "\0\0\0\6i\0"
	    "\0\0\0\1{cipher}\0\0\0\0\1\0"
	    "\0\0\0\4\0"
	    "\0\0\0\2 , ,\0"
	    "\0\0\0\5i {msg_id}\0"));
	struct option o;

	ATF_REQUIRE_EQ(PACKET_OK, option_read_answer(&p, &o));
	ATF_CHECK_STREQ(o.macros[SMFIM_CONNECT], "j {if_name}");
	ATF_CHECK(o.macros[SMFIM_HELO] == NULL);
	ATF_CHECK(o.macros[SMFIM_ENVFROM] == NULL);
	ATF_CHECK(o.macros[SMFIM_ENVRCPT] == NULL);
	ATF_CHECK(o.macros[SMFIM_DATA] == NULL);
	ATF_CHECK_STREQ(o.macros[SMFIM_EOM], "i {msg_id}");
	ATF_CHECK_STREQ(o.macros[SMFIM_EOH], "i");
	option_free(&o);
	packet_drop(&p);
}

ATF_TC(round_trip);
ATF_TC_HEAD(round_trip, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "What is written is what was read, cut or changed anywhere or not");
}
ATF_TC_BODY(round_trip, tc)
{
	static const char wire[] = "\0\0\0\x30O" NUMBERS
	    "\0\0\0\0j {if_name}\0"
	    "\0\0\0\5{msg_id}\0"
	    "\0\0\0\6i\0";
	struct option o;
	struct packet p, q;
	struct buf b;
	unsigned char *c;
	unsigned flip;
	size_t i;

	memset(&b, 0, sizeof(b));
	ATF_REQUIRE_EQ(PACKET_OK, packet_next(wire, sizeof(wire) - 1, 99, &p));
	ATF_REQUIRE_EQ(p.size, sizeof(wire) - 1);
	ATF_REQUIRE_EQ(PACKET_OK, option_read_answer(&p, &o));
	ATF_REQUIRE_EQ(0, option_add(&b, &o));
	ATF_CHECK_EQ(b.len, sizeof(wire) - 1);
	ATF_CHECK(memcmp(buf_ptr(&b), wire, sizeof(wire) - 1) == 0);
	/* Without the action bit the lists are not sent. */
	o.actions &= ~SMFIF_SETSYMLIST;
	buf_clear(&b);
	ATF_REQUIRE_EQ(0, option_add(&b, &o));
	ATF_CHECK_EQ(b.len, 17);
	option_free(&o);
	ATF_CHECK_EQ(0, o.version);
	buf_free(&b);
	for (i = 0; i <= p.len; i++) {
		q = packet_of(p.data, i);
		if (option_read_offer(&q, &o) == PACKET_OK)
			ATF_CHECK(i >= MILTER_OPTLEN);
		if (option_read_answer(&q, &o) == PACKET_OK)
			option_free(&o);
		packet_drop(&q);
	}
	for (i = 0; i < p.len; i++)
		for (flip = 1; flip < 256; flip++) {
			q = packet_of(p.data, p.len);
			c = (unsigned char *)(uintptr_t)q.data;
			c[i] = (unsigned char)(c[i] ^ flip);
			if (option_read_answer(&q, &o) == PACKET_OK)
				option_free(&o);
			packet_drop(&q);
		}
}

ATF_TC(macro_stage);
ATF_TC_HEAD(macro_stage, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "Each macro frame is governed by the list of its stage; L and B"
	    " by those of EOH and EOM");
}
ATF_TC_BODY(macro_stage, tc)
{
	static const char codes[] = "CHMRTENLBU?DA";
	static const int stages[] = {
		0, 1, 2, 3, 4, 5, 6, 6, 5, -1, -1, -1, -1
	};
	size_t i;

	for (i = 0; i < COUNT(stages); i++)
		ATF_CHECK_EQ(option_macro_stage(codes[i]), stages[i]);
	ATF_CHECK_EQ(option_macro_stage(0), -1);
}

ATF_TC(macro_listed);
ATF_TC_HEAD(macro_listed, tc)
{
	atf_tc_set_md_var(tc, "descr", "Braces make no difference to a name");
}
ATF_TC_BODY(macro_listed, tc)
{
	static const struct {
		const char	*list, *name;
		bool		 listed;
	} rows[] = {
		{ "i", "i", true },
		{ "i", "{i}", true },
		{ "{i}", "i", true },
		{ " j,{i} ", "i", true },
		{ "j {rcpt_addr}", "rcpt_addr", true },
		{ "j rcpt_addr", "{rcpt_addr}", true },
		{ "j {rcpt_addr}", "{rcpt_add}", false },
		{ "j {rcpt_addr}", "{rcpt_addrs}", false },
		{ "j {rcpt_addr}", "I", false },
		{ "", "i", false },
		{ ", ,", "i", false },
		{ "i", "", false },
		{ "{}", "", false }
	};
	size_t i;

	for (i = 0; i < COUNT(rows); i++)
		ATF_CHECK_MSG(option_macro_listed(rows[i].list,
		    rows[i].name) == rows[i].listed, "%s in %s",
		    rows[i].name, rows[i].list);
}

ATF_TC(macro_filter);
ATF_TC_HEAD(macro_filter, tc)
{
	atf_tc_set_md_var(tc, "descr",
	    "A child with a list gets its names only; one without gets the"
	    " frame as it came");
}
ATF_TC_BODY(macro_filter, tc)
{
	static const struct {
		const char	*payload;
		size_t		 len;
		const char	*list;
		const char	*frame;
		size_t		 framelen;
	} rows[] = {
		{ BYTES("Cj\0m\0{v}\0P\0"), NULL,
		    BYTES("\0\0\0\14DCj\0m\0{v}\0P\0") },
		{ BYTES("Cj\0m\0{v}\0P\0"), "v",
		    BYTES("\0\0\0\10DC{v}\0P\0") },
		{ BYTES("Cj\0m\0{v}\0P\0"), "{j}",
		    BYTES("\0\0\0\6DCj\0m\0") },
		{ BYTES("Cj\0m\0{v}\0P\0"), "{x}", BYTES("\0\0\0\2DC") },
		{ BYTES("Hj\0\0"), "j", BYTES("\0\0\0\5DHj\0\0") },
		{ BYTES("H"), NULL, BYTES("\0\0\0\2DH") },
		{ BYTES("H"), "j", BYTES("\0\0\0\2DH") },
		{ BYTES(""), NULL, BYTES("") },
		{ BYTES(""), "j", BYTES("") },
		{ BYTES("Cj\0m\0i"), "i j", BYTES("\0\0\0\6DCj\0m\0") },
		{ BYTES("Cj\0m\0i\0"), "i j", BYTES("\0\0\0\6DCj\0m\0") },
		{ BYTES("Cj\0m\0i\0x"), "i j", BYTES("\0\0\0\6DCj\0m\0") },
		{ BYTES("Cj\0m\0i"), NULL, BYTES("\0\0\0\7DCj\0m\0i") }
	};
	struct packet p;
	struct buf b;
	size_t i;

	memset(&b, 0, sizeof(b));
	for (i = 0; i < COUNT(rows); i++) {
		p = packet_of(rows[i].payload, rows[i].len);
		buf_clear(&b);
		ATF_REQUIRE_EQ(0, option_add_macros(&b, p.data, p.len,
		    rows[i].list));
		ATF_CHECK_MSG(b.len == rows[i].framelen &&
		    memcmp(buf_ptr(&b), rows[i].frame, b.len) == 0,
		    "row %u: %u bytes", (unsigned)i, (unsigned)b.len);
		packet_drop(&p);
	}
	ATF_CHECK_EQ(0, option_add_macros(&b, NULL, 0, "j"));
	buf_free(&b);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, merge);
	ATF_TP_ADD_TC(tp, merge_events);
	ATF_TP_ADD_TC(tp, merge_lists);
	ATF_TP_ADD_TC(tp, merge_lists_limit);
	ATF_TP_ADD_TC(tp, offer);
	ATF_TP_ADD_TC(tp, check_answer);
	ATF_TP_ADD_TC(tp, read_frames);
	ATF_TP_ADD_TC(tp, read_lists);
	ATF_TP_ADD_TC(tp, round_trip);
	ATF_TP_ADD_TC(tp, macro_stage);
	ATF_TP_ADD_TC(tp, macro_listed);
	ATF_TP_ADD_TC(tp, macro_filter);
	return (atf_no_error());
}
