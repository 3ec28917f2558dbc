/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_dns_packet.c - what dns_packet.h promises, whatever a server sends.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "h_case.h"
#include "h_nameserver.h"

static struct ns ns;
static struct dns_packet_answer answer;

/* A question of ours; the answer to it begins. */
static void
ask(int type, const char *text)
{
	unsigned char name[DNS_PACKET_NAME];
	size_t len = dns_packet_name(text, name);

	ATF_REQUIRE(len > 0);
	memset(&ns, 0, sizeof(ns));
	ns.qlen = dns_packet_ask(ns.q, 0x1234, type, name, len, true);
	ns_begin(&ns, 0);
}

/* A copy that ends where it ends, for the sanitizer. */
static enum dns_packet
read_exactly(size_t len)
{
	unsigned char *copy = malloc(len + (len == 0));
	enum dns_packet rc;

	ATF_REQUIRE(copy != NULL);
	memcpy(copy, ns.msg, len);
	rc = dns_packet_read(copy, len, ns.q, &answer);
	free(copy);
	return (rc);
}

/* Reads it; cut at whatever byte it is no answer. */
static enum dns_packet
read_whole(void)
{
	size_t i;

	for (i = 0; i < ns.len; i++)
		ATF_CHECK_MSG(read_exactly(i) < DNS_PACKET_TRUNCATED,
		    "%zu of %zu", i, ns.len);
	return (read_exactly(ns.len));
}

H_CASE(name, "A name becomes its labels in lower case, or is none")
{
	static const struct {
		const char	*text;
		size_t		 len;
		const char	*wire;
	} good[] = {
		{ "a", 3, "\1a" },
		{ "a.", 3, "\1a" },
		{ "WWW.Example", 13, "\3www\7example" },
		{ "_x-1.b", 8, "\4_x-1\1b" },
	};
	static const char *const bad[] = { "", ".", "..", ".a", "a..b",
	    "a.." };
	unsigned char name[DNS_PACKET_NAME];
	char text[300];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ATF_CHECK_EQ(good[i].len, dns_packet_name(good[i].text, name));
		ATF_CHECK_EQ(0, memcmp(name, good[i].wire, good[i].len));
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ATF_CHECK_EQ_MSG(0, dns_packet_name(bad[i], name), "'%s'",
		    bad[i]);
	memset(text, 'x', sizeof(text));
	text[63] = '\0';
	ATF_CHECK_EQ(65, dns_packet_name(text, name));
	text[63] = 'x';
	text[64] = '\0';
	ATF_CHECK_EQ(0, dns_packet_name(text, name));
	text[64] = 'x';
	/* 253 bytes of text are 255. */
	for (i = 50; i < sizeof(text); i += 51)
		text[i] = '.';
	for (i = 250; i < sizeof(text) - 1; i++) {
		text[i] = 'x';
		text[i + 1] = '\0';
		if (text[i - 46] == '.' && i > 254)
			break;
		ATF_CHECK_EQ_MSG(i + 1 <= 253 ? i + 3 : 0,
		    dns_packet_name(text, name), "%zu", i + 1);
	}
}

H_CASE(question, "A question has its id, one name, and an OPT record")
{
	static const unsigned char want[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0,
	    0, 0, 1, 1, 'a', 1, 'b', 0, 0, 28, 0, 1, 0, 0, 41, 4, 0xd0, 0, 0,
	    0, 0, 0, 0 };
	unsigned char name[DNS_PACKET_NAME], dst[DNS_PACKET_MAX];
	size_t len = dns_packet_name("A.b", name);

	ATF_REQUIRE_EQ(sizeof(want), dns_packet_ask(dst, 0x1234, DNS_AAAA,
	    name, len, true));
	ATF_CHECK_EQ(0, memcmp(dst, want, sizeof(want)));
	ATF_REQUIRE_EQ(sizeof(want) - 11, dns_packet_ask(dst, 0x1234, DNS_AAAA,
	    name, len, false));
	ATF_CHECK_EQ(0, dst[11]);
}

H_CASE(records, "Records of all types are read, in their order")
{
	static const unsigned char six[16] = { 0x20, 1, 0xd, 0xb8, [15] = 1 };
	unsigned char ptr[] = "\2a.\4\1b\x80 \0";
	char text[600], want[DNS_TEXT_MAX];
	int i;

	ask(DNS_A, "www.example");
	ns_add(&ns, "", DNS_A, 300, "\177\0\0\2", 4);
	ns_add(&ns, "WWW.EXAMPLE", DNS_A, 60, "\177\0\0\3", 4);
	/* What is somebody else's, or something else. */
	ns_add(&ns, "mail.example", DNS_A, 1, "\177\0\0\4", 4);
	ns_add(&ns, "", DNS_TXT, 1, "\1x", 2);
	ATF_REQUIRE_EQ(DNS_PACKET_FOUND, read_whole());
	ATF_REQUIRE_EQ(2, answer.n);
	ATF_CHECK_EQ(60, answer.ttl);
	ATF_CHECK_EQ(0, memcmp(answer.record[0].address, "\177\0\0\2", 4));
	ATF_CHECK_EQ(0, memcmp(answer.record[1].address, "\177\0\0\3", 4));
	ATF_CHECK(answer.record[0].text == NULL);

	ask(DNS_AAAA, "six.example");
	ns_add(&ns, "", DNS_AAAA, 1, six, 16);
	ATF_REQUIRE_EQ(DNS_PACKET_FOUND, read_whole());
	ATF_CHECK_EQ(0, memcmp(answer.record[0].address, six, 16));

	/* A name is text that nothing can hide in. */
	ask(DNS_PTR, "1.0.0.127.in-addr.arpa");
	ns_add_name(&ns, "", DNS_PTR, 1, "host.example");
	ns_add(&ns, "", DNS_PTR, 1, ptr, sizeof(ptr) - 1);
	ns_add(&ns, "", DNS_PTR, 1, "\1x\xc0\x16", 4);
	ns_add(&ns, "", DNS_PTR, 1, "", 1);
	ATF_REQUIRE_EQ(DNS_PACKET_FOUND, read_whole());
	ATF_REQUIRE_EQ(4, answer.n);
	ATF_CHECK_STREQ("host.example", answer.record[0].text);
	ATF_CHECK_STREQ("a?.?b??", answer.record[1].text);
	ATF_CHECK_STREQ("x.in-addr.arpa", answer.record[2].text);
	ATF_CHECK_STREQ("", answer.record[3].text);

	/* The strings of a TXT are one, cut where there is no room. */
	ask(DNS_TXT, "t.example");
	ns_add(&ns, "", DNS_TXT, 1, "\2a\n\0\3b c", 8);
	memset(text, 'x', sizeof(text));
	text[0] = (char)255;
	text[256] = (char)255;
	text[512] = 20;
	ns_add(&ns, "", DNS_TXT, 1, text, 533);
	ns_add(&ns, "", DNS_TXT, 1, "", 0);
	ATF_REQUIRE_EQ(DNS_PACKET_FOUND, read_whole());
	ATF_REQUIRE_EQ(3, answer.n);
	ATF_CHECK_STREQ("a?b c", answer.record[0].text);
	memset(want, 'x', sizeof(want));
	want[sizeof(want) - 1] = '\0';
	ATF_CHECK_STREQ(want, answer.record[1].text);
	ATF_CHECK_STREQ("", answer.record[2].text);

	/* More than there is room for; a time that would be before 1970. */
	ask(DNS_A, "many.example");
	for (i = 0; i < 40; i++)
		ns_add(&ns, "", DNS_A, i == 39 ? 0x80000000u : 5,
		    "\177\0\0\1", 4);
	ATF_REQUIRE_EQ(DNS_PACKET_FOUND, read_whole());
	ATF_CHECK_EQ(DNS_RECORDS_MAX, answer.n);
	ATF_CHECK_EQ(0, answer.ttl);
}

H_CASE(aliases, "Eight CNAMEs are followed, in any order; nine, and loops, "
    "make no sense")
{
	char from[32], to[32];
	int i, n;

	for (n = 1; n <= 9; n++) {
		ask(DNS_A, "a0.example");
		(void)snprintf(to, sizeof(to), "a%d.example", n);
		ns_add(&ns, to, DNS_A, 300, "\177\0\0\2", 4);
		for (i = n; i > 0; i--) {
			(void)snprintf(from, sizeof(from), "a%d.example",
			    i - 1);
			(void)snprintf(to, sizeof(to), "A%d.example", i);
			ns_add_name(&ns, from, NS_TYPE_CNAME,
			    200 - (unsigned)i, to);
		}
		ATF_REQUIRE_EQ_MSG(n <= 8 ? DNS_PACKET_FOUND :
		    DNS_PACKET_GARBLED, read_exactly(ns.len), "%d", n);
		if (n <= 8)
			ATF_CHECK_EQ(200 - (unsigned)n, answer.ttl);
	}
	ask(DNS_A, "a.example");
	ns_add_name(&ns, "", NS_TYPE_CNAME, 1, "b.example");
	ns_add_name(&ns, "b.example", NS_TYPE_CNAME, 1, "a.example");
	ATF_CHECK_EQ(DNS_PACKET_GARBLED, read_whole());
	/* One that leads nowhere, which is said. */
	ask(DNS_A, "a.example");
	ns_begin(&ns, DNS_NXDOMAIN);
	ns_add_name(&ns, "", NS_TYPE_CNAME, 100, "b.example");
	ns_add_soa(&ns, 50, 40);
	ATF_CHECK_EQ(DNS_PACKET_NONE, read_whole());
	ATF_CHECK_EQ(40, answer.ttl);
}

H_CASE(negative, "That there is nothing is known as long as the SOA says")
{
	ask(DNS_A, "a.example");
	ATF_CHECK_EQ(DNS_PACKET_NONE, read_whole());
	ATF_CHECK_EQ(0, answer.ttl);
	ns_add_soa(&ns, 20, 30);
	ATF_CHECK_EQ(DNS_PACKET_NONE, read_whole());
	ATF_CHECK_EQ(20, answer.ttl);
	/* Who says that the name does not exist has no address of it. */
	ask(DNS_A, "a.example");
	ns_begin(&ns, DNS_NXDOMAIN);
	ns_add(&ns, "", DNS_A, 300, "\177\0\0\2", 4);
	ATF_CHECK_EQ(DNS_PACKET_NONE, read_whole());
	ATF_CHECK_EQ(0, answer.ttl);
}

/* Changes one byte of a good answer; what then? */
static enum dns_packet
changed(size_t at, unsigned char to)
{
	ask(DNS_A, "ab.example");
	ns_add(&ns, "", DNS_A, 300, "\177\0\0\2", 4);
	ns.msg[at] = to;
	return (read_whole());
}

H_CASE(others, "An answer to something else is for somebody else")
{
	unsigned rcode;

	ATF_CHECK_EQ(DNS_PACKET_FOUND, changed(0, 0x12));
	ATF_CHECK_EQ(DNS_PACKET_FOUND, changed(13, 'A'));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(0, 0x13));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(1, 0x35));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(2, 0x01));	/* a question */
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(2, 0xa1));	/* a notify */
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(4, 1));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(5, 0));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(5, 2));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(12, 1));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(13, 'b'));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(12, 0xc0));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(25, DNS_TXT));
	ATF_CHECK_EQ(DNS_PACKET_ALIEN, changed(27, 3));
	for (rcode = 1; rcode < 16; rcode++) {
		ask(DNS_A, "a.example");
		ns_begin(&ns, rcode);
		ATF_CHECK_EQ(rcode == DNS_NXDOMAIN ? DNS_PACKET_NONE :
		    DNS_PACKET_ERROR, read_whole());
		ATF_CHECK_EQ(rcode, answer.rcode);
		/* Without a question. */
		ns.msg[5] = 0;
		ns.len = 12;
		ATF_CHECK_EQ(rcode == DNS_NXDOMAIN ? DNS_PACKET_ALIEN :
		    DNS_PACKET_ERROR, read_exactly(ns.len));
	}
	ask(DNS_A, "a.example");
	ns.msg[2] |= 2;
	ATF_CHECK_EQ(DNS_PACKET_TRUNCATED, read_exactly(ns.len));
}

/* One record whose name, or what is behind it, is this. */
static enum dns_packet
garbled(int type, const void *data, size_t len)
{
	ask(type, "a.example");
	ns.msg[7] = 1;
	ns_put(&ns, data, len);
	return (read_whole());
}

#define GARBLED(type, bytes) ATF_CHECK_EQ(DNS_PACKET_GARBLED,		\
	    garbled(type, bytes, sizeof(bytes) - 1))

H_CASE(hostile, "Loops, lengths and counts that lie make no sense, and do no "
    "harm")
{
	char text[300];
	int i;

	/* The record begins at 27. */
	GARBLED(DNS_A, "");
	GARBLED(DNS_A, "\xc0");
	GARBLED(DNS_A, "\xc0\x1b\0\1\0\1\0\0\0\1\0\4\177\0\0\1");
	GARBLED(DNS_A, "\xc0\x1d\0\1\0\1\0\0\0\1\0\4\177\0\0\1");
	GARBLED(DNS_A, "\xff\xff\0\1\0\1\0\0\0\1\0\4\177\0\0\1");
	GARBLED(DNS_A, "\1a\xc0\x1b\0\1\0\1\0\0\0\1\0\4\177\0\0\1");
	GARBLED(DNS_A, "\x40""a\0\1\0\1\0\0\0\1\0\4\177\0\0\1");
	GARBLED(DNS_A, "\x80""a\0\1\0\1\0\0\0\1\0\4\177\0\0\1");
	GARBLED(DNS_A, "\xc0\xc\0\1\0\1\0\0\0\1\0\5\177\0\0\1");
	GARBLED(DNS_A, "\xc0\xc\0\1\0\1\0\0\0\1\0\3\177\0\0");
	GARBLED(DNS_A, "\xc0\xc\0\1\0\1\0\0\0\1\0\0");
	GARBLED(DNS_A, "\xc0\xc\0\1\0\1\0\0\0\1\xff\xff\177\0\0\1");
	GARBLED(DNS_AAAA, "\xc0\xc\0\x1c\0\1\0\0\0\1\0\4\177\0\0\1");
	/* Targets that end before or behind their record. */
	GARBLED(DNS_PTR, "\xc0\xc\0\xc\0\1\0\0\0\1\0\0");
	GARBLED(DNS_PTR, "\xc0\xc\0\xc\0\1\0\0\0\1\0\2\1a\0");
	GARBLED(DNS_PTR, "\xc0\xc\0\xc\0\1\0\0\0\1\0\4\1a\0x");
	GARBLED(DNS_PTR, "\xc0\xc\0\xc\0\1\0\0\0\1\0\2\xc0\x27");
	GARBLED(DNS_A, "\xc0\xc\0\5\0\1\0\0\0\1\0\1\1");
	GARBLED(DNS_TXT, "\xc0\xc\0\x10\0\1\0\0\0\1\0\2\2a");
	GARBLED(DNS_TXT, "\xc0\xc\0\x10\0\1\0\0\0\1\0\1\xff");
	/* More records than there are, in each section that is read. */
	ask(DNS_A, "a.example");
	ns_add(&ns, "", DNS_A, 300, "\177\0\0\2", 4);
	ns.msg[6] = ns.msg[7] = 0xff;
	ATF_CHECK_EQ(DNS_PACKET_GARBLED, read_whole());
	ask(DNS_A, "a.example");
	ns_add_soa(&ns, 1, 1);
	ns.msg[8] = ns.msg[9] = 0xff;
	ATF_CHECK_EQ(DNS_PACKET_GARBLED, read_whole());
	/* An SOA with no room for its numbers is none. */
	ask(DNS_A, "a.example");
	ns_add_to(&ns, 8, "", NS_TYPE_SOA, 9, "\0\0\0\0\0", 5);
	ATF_CHECK_EQ(DNS_PACKET_NONE, read_whole());
	ATF_CHECK_EQ(0, answer.ttl);
	/* A name that grows with each pointer, beyond 255 bytes. */
	ask(DNS_A, "a.example");
	text[0] = 63;
	memset(text + 1, 'x', 63);
	ns_put(&ns, text, 64);
	for (i = 0; i < 5; i++) {
		ns_put(&ns, text, 64);
		ns_put16(&ns, 0xc000u + 27 + (i == 0 ? 0 : 64 + 66 *
		    ((unsigned)i - 1)));
	}
	ns.msg[7] = 1;
	ATF_CHECK_EQ(DNS_PACKET_GARBLED, read_exactly(ns.len));
	/* Pointers without end, each one to the one before, many times. */
	ask(DNS_A, "a.example");
	ns_put(&ns, "\0\0\1\0\1\0\0\0\0\x2e\xe1", 11);
	ns_put(&ns, "", 1);
	for (i = 0; i < 6000; i++)
		ns_put16(&ns, i == 0 ? 0xc00c :
		    0xc000u + (unsigned)ns.len - 2);
	while (ns.len < 60000) {
		ns_put16(&ns, 0xc000u + 27 + 11 + 1 + 2 * 5999);
		ns_put(&ns, "\0\1\0\1\0\0\0\0\0\0", 10);
	}
	ns.msg[6] = 0x0f;
	ATF_CHECK_EQ(DNS_PACKET_GARBLED, read_exactly(ns.len));
}

H_CASE(reverse, "An address is looked up backwards, if there is room")
{
	static const unsigned char four[] = { 192, 0, 2, 255 };
	static const unsigned char six[16] = { 0x20, 1, 0xd, 0xb8, [15] = 0xf };
	char name[DNS_NAME_MAX], zone[DNS_NAME_MAX];
	size_t i;

	ATF_CHECK_STREQ("255.2.0.192.bl.example", dns_reverse(four, false,
	    "bl.example", name));
	ATF_CHECK_STREQ("f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
	    "8.b.d.0.1.0.0.2.ip6.arpa", dns_reverse(six, true, "ip6.arpa",
	    name));
	memset(zone, 'x', sizeof(zone));
	for (i = 150; i < sizeof(zone); i++) {
		zone[i] = '\0';
		ATF_CHECK_EQ_MSG(64 + i < DNS_NAME_MAX, dns_reverse(six, true,
		    zone, name) != NULL, "%zu", i);
		ATF_CHECK_EQ(12 + i < DNS_NAME_MAX, dns_reverse(four, false,
		    zone, name) != NULL);
		zone[i] = 'x';
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, name);
	ATF_TP_ADD_TC(tp, question);
	ATF_TP_ADD_TC(tp, records);
	ATF_TP_ADD_TC(tp, aliases);
	ATF_TP_ADD_TC(tp, negative);
	ATF_TP_ADD_TC(tp, others);
	ATF_TP_ADD_TC(tp, hostile);
	ATF_TP_ADD_TC(tp, reverse);
	return (atf_no_error());
}
