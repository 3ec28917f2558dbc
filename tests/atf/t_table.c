/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_table.c - tables: the formats of lists and of Postfix's tables, what is
 * found in them, what is wrong with one; and where Postfix is there, that it
 * finds the same.
 */
#include "compat.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "h_case.h"
#include "config/table.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Faults as "LINE:WHY\n". */
struct t_faults {
	char		 text[8192];
	size_t		 len;
	unsigned	 n;
};

static void
t_table_fault(unsigned line, const char *why, void *arg)
{
	struct t_faults *f = arg;

	f->n++;
	ATF_CHECK(why[0] != '\0' && strchr(why, '\n') == NULL);
	if (f->len < sizeof(f->text))
		f->len += (size_t)snprintf(f->text + f->len,
		    sizeof(f->text) - f->len, "%u:%s\n", line, why);
}

static struct table *
t_table_len(enum table_kind kind, const char *text, size_t len)
{
	struct t_faults f;
	struct table *t;

	memset(&f, 0, sizeof(f));
	t = table_new(kind, text, len, t_table_fault, &f);
	ATF_REQUIRE_MSG(t != NULL && f.n == 0, "%s", f.text);
	return (t);
}

static struct table *
t_table(enum table_kind kind, const char *text)
{
	return (t_table_len(kind, text, strlen(text)));
}

/* The value, or "(none)". */
static const char *
t_table_get(const struct table *t, const char *key)
{
	static char value[TABLE_VALUE_MAX];
	struct network_address a;
	bool address = network_read_address(key, &a) == 0, found;

	memset(value, 'x', sizeof(value));
	found = table_find(t, key, strlen(key), address ? &a : NULL, value);
	ATF_CHECK(found == table_find(t, key, strlen(key),
	    address ? &a : NULL, NULL));
	return (found ? value : "(none)");
}

struct t_table_row {
	const char	*key, *value;
};

static void
t_table_rows(const struct table *t, const struct t_table_row *row, size_t n)
{
	const char *got;
	size_t i;

	for (i = 0; i < n; i++) {
		got = t_table_get(t, row[i].key);
		if (strcmp(got, row[i].value) != 0)
			atf_tc_fail_nonfatal("%s: \"%s\", not \"%s\"",
			    row[i].key, got, row[i].value);
	}
}

H_CASE(rows, "Rows of a database: nothing but the first tab is special")
{
	static const char text[] =
	    "\n"
	    "\tno key\n"
	    "# no comment\tone\n"
	    "two words\tits value \n"
	    " goes on\ttwo\n"
	    "bare\n"
	    "bare\tsecond\n"
	    "empty\t\n"
	    "three\tof\tthem\n"
	    "zed\tlast";
	static const struct t_table_row row[] = {
		{ "", "(none)" },
		{ "# no comment", "one" },
		{ "two words", "its value " },
		{ "TWO WORDS", "its value " },
		{ "two", "(none)" },
		{ " goes on", "two" },
		{ "bare", "" },
		{ "empty", "" },
		{ "three", "of\tthem" },
		{ "zed", "last" },
		{ "no key", "(none)" },
	};
	struct table *t;

	t = t_table(TABLE_ROWS, text);
	t_table_rows(t, row, COUNT(row));
	ATF_CHECK_EQ(8, table_count(t));
	table_free(t);
}

H_CASE(list, "A list: keys and values, comments, lines that go on")
{
	static const char text[] =
	    "# comment\n"
	    "\n"
	    "  \t \n"
	    "  # another\n"
	    "Alice@Example.ORG\n"
	    "bob   yes  sir \t\n"
	    "carol\tone\n"
	    "  two\n"
	    "# not the end of carol\n"
	    "\n"
	    "\tthree\n"
	    "dave\r\n"
	    "bob the second bob\n"
	    "BOB third\n"
	    "\xe4 latin\n"
	    "eve\n"
	    "   late\n"
	    "a b\n"
	    "aa c\n"
	    "zed last";
	static const struct t_table_row row[] = {
		{ "alice@example.org", "" },
		{ "ALICE@EXAMPLE.ORG", "" },
		{ "alice@example.or", "(none)" },
		{ "alice@example.orgs", "(none)" },
		{ "bob", "yes  sir" },
		{ "carol", "one  two\tthree" },
		{ "dave", "" },
		{ "\xe4", "latin" },
		{ "\xc4", "(none)" },
		{ "eve", "late" },
		{ "a", "b" },
		{ "aa", "c" },
		{ "aaa", "(none)" },
		{ "zed", "last" },
		{ "zeda", "(none)" },
		{ "", "(none)" },
		{ "#", "(none)" },
		{ "second", "(none)" },
	};
	struct table *t = t_table(TABLE_LIST, text);
	char value[TABLE_VALUE_MAX];

	ATF_CHECK_EQ(11, table_count(t));
	t_table_rows(t, row, COUNT(row));
	/* A key with a NUL is none; neither is what is behind its end. */
	ATF_CHECK(!table_find(t, "bob\0", 4, NULL, value));
	ATF_CHECK(!table_find(t, "bob\0yes", 7, NULL, value));
	ATF_CHECK(table_find(t, "bobby", 3, NULL, value));
	/* It lives as long as someone has it. */
	ATF_CHECK(table_ref(t) == t);
	table_free(t);
	t_table_rows(t, row, COUNT(row));
	table_free(t);
	table_free(NULL);

	t = t_table(TABLE_LIST, "");
	ATF_CHECK_EQ(0, table_count(t));
	ATF_CHECK_STREQ("(none)", t_table_get(t, "a"));
	ATF_CHECK_STREQ("(none)", t_table_get(t, ""));
	table_free(t);
	t = t_table(TABLE_LIST, "a");
	ATF_CHECK_STREQ("", t_table_get(t, "A"));
	table_free(t);
}

H_CASE(cidr, "Postfix's cidr_table(5), the first line that has the address")
{
	static const struct t_table_row row[] = {
		{ "192.168.1.1", "OK" },
		{ "192.168.1.2", "REJECT" },
		{ "::ffff:192.168.1.1", "OK" },
		{ "2001:db8::1", "OK    six" },
		{ "2001:0DB8:0::0001", "OK    six" },
		{ "2001:db8::2", "REJECT six" },
		{ "10.1.2.3", "inner" },
		{ "10.1.2.4", "middle" },
		{ "10.2.0.1", "not 10.1" },
		{ "10.200.0.1", "not 10.1" },
		{ "192.0.2.9", "brackets" },
		{ "192.0.2.140", "brackets, too" },
		{ "172.16.0.1", "twice not" },
		{ "fd00::1", "out of 2000::/3" },
		{ "2003::1", "" },
		{ "203.0.113.1", "$1 $$" },
		{ "mail.example.org", "(none)" },
		{ "", "(none)" },
		{ "8.8.8.8", "the rest" },
	};
	struct table *t = t_table(TABLE_CIDR,
	    "# Rule order matters. Put more specific allowlist entries\n"
	    "# before more general denylist entries.\n"
	    "192.168.1.1             OK\n"
	    "192.168.0.0/16          REJECT\n"
	    "2001:db8::1             OK\n"
	    "    six\n"
	    "2001:db8::/32           REJECT six\n"
	    "if 10.0.0.0/8\n"
	    "IF 10.1.0.0/16\n"
	    "if 192.0.2.0/24\n"
	    "10.0.0.0/8 never\n"
	    "endif\n"
	    "10.1.2.3 inner\n"
	    "10.1.0.0/16 middle\n"
	    "ENDIF\n"
	    "if !10.1.0.0/16\n"
	    "!10.1.0.0/16 not 10.1\n"
	    "endif\n"
	    "endif\n"
	    "if !2000::/3\n"
	    "if !::/128\n"
	    "::/0 out of 2000::/3\n"
	    "endif\n"
	    "endif\n"
	    "[192.0.2.0/25] brackets\n"
	    "[192.0.2.128]/25 brackets, too\n"
	    "!!172.16.0.1/32 twice not\n"
	    "203.0.113.1 $1 $$\n"
	    "2003::1\n"
	    "! 192.168.0.0/16 the rest\n");

	ATF_CHECK_EQ(15, table_count(t));
	t_table_rows(t, row, COUNT(row));
	table_free(t);
	/* "!" of the other family is nothing, as in Postfix. */
	t = t_table(TABLE_CIDR, "!192.168.0.0/16 four\n!2001:db8::/32 six\n");
	ATF_CHECK_STREQ("six", t_table_get(t, "::1"));
	ATF_CHECK_STREQ("four", t_table_get(t, "1.2.3.4"));
	ATF_CHECK_STREQ("(none)", t_table_get(t, "192.168.0.1"));
	table_free(t);
	/* Every length of a prefix. */
	t = t_table(TABLE_CIDR, "128.0.0.0/1 1\n96.0.0.0/3 3\n0.0.0.0/7 7\n"
	    "2.2.0.0/15 15\n2.4.4.4/31 31\n8000::/1 six\n0.0.0.0/0 0\n");
	ATF_CHECK_STREQ("1", t_table_get(t, "255.255.255.255"));
	ATF_CHECK_STREQ("1", t_table_get(t, "128.0.0.0"));
	ATF_CHECK_STREQ("3", t_table_get(t, "127.0.0.1"));
	ATF_CHECK_STREQ("0", t_table_get(t, "95.0.0.1"));
	ATF_CHECK_STREQ("7", t_table_get(t, "1.255.255.255"));
	ATF_CHECK_STREQ("15", t_table_get(t, "2.3.9.9"));
	ATF_CHECK_STREQ("31", t_table_get(t, "2.4.4.5"));
	ATF_CHECK_STREQ("0", t_table_get(t, "2.4.4.6"));
	ATF_CHECK_STREQ("six", t_table_get(t, "ffff::"));
	ATF_CHECK_STREQ("(none)", t_table_get(t, "7fff::"));
	table_free(t);
}

H_CASE(regexp, "Postfix's regexp_table(5), with the examples of its manual")
{
	static const struct t_table_row row[] = {
		{ "a%b@example.org", "(none)" },
		{ "a%b!c", "550 Sender-specified routing rejected" },
		{ "PostMaster@example.org", "OK" },
		{ "list-outgoing@example.org", "550 Use list@example.org "
		    "instead" },
		{ "owner-list-outgoing@example.org", "(none)" },
		{ "subject: MAKE money fast now", "REJECT" },
		{ "To: friend@public.com", "REJECT" },
		{ "To: friend@publicXcom", "(none)" },
		{ "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz01234567"
		    "89+/", "BASE64" },
		{ "Case", "exact" },
		{ "case", "(none)" },
		{ "lines\nof text", "line" },
		{ "dot\nall", "all" },
		{ "price", "costs $5 $$    5$" },
		{ "groups-a-b", "[b][a][][groups]" },
		{ "slash/in", "slash" },
		{ "bar|in", "bar" },
		{ "inner one", "1" },
		{ "inner two", "2" },
		{ "inner three", "neither 1 nor 2" },
		{ "empty", "" },
		{ "back\\slash", "in brackets" },
	};
	static const char postfix[] =
	    "# Disallow sender-specified routing.\n"
	    "/[%!].*[%!]/       550 Sender-specified routing rejected\n"
	    "/^postmaster@/       OK\n"
	    "if !/^owner-/\n"
	    "/^(.*)-outgoing@(.*)$/  550 Use ${1}@${2} instead\n"
	    "endif\n"
	    "/^Subject: make money fast/     REJECT\n"
	    "/^To: friend@public\\.com/       REJECT\n"
	    "~^[[:alnum:]+/]{60,}$~          BASE64\n"
	    "/^Case$/i exact\n"
	    "/^of text$/m line\n"
	    "/^dot.all$/ all\n"
	    "/^price$/ costs $$5 $$$$\n"
	    "    5$$\n"
	    "/^(GROUPS)(-a)?-(b)(c)?$/ [$3][a][$4][$(1)]\n"
	    "/slash\\/in/ slash\n"
	    "|bar\\|in| bar\n"
	    "IF /^inner/\n"
	    "if /one$/ii\n"
	    "/./ 1\n"
	    "endif\n"
	    "if /two$/\n"
	    "!/one$/ 2\n"
	    "!/two$/ never\n"
	    "endif\n"
	    "! /(one|two)$/ neither 1 nor 2\n"
	    "ENDIF\n"
	    "/^empty$/\n"
	    "/[\\]slash/ in brackets\n";
	struct table *t = t_table(TABLE_REGEXP, postfix);

	ATF_CHECK_EQ(19, table_count(t));
	t_table_rows(t, row, COUNT(row));
	table_free(t);
}

H_CASE(faults, "What is wrong with a table is told with its line")
{
	static const struct {
		enum table_kind kind;
		const char *text, *fault;	/* begins and goes on with */
		const char *part;
	} t[] = {
		{ TABLE_LIST, " a\n", "1:", "blank" },
		{ TABLE_LIST, "# x\n\n\ta\n", "3:", "blank" },
		{ TABLE_CIDR, "10.0.0.0/8 x\nfoo y\n", "2:", "foo" },
		{ TABLE_CIDR, "10.0.0.1/8 x\n", "1:", "10.0.0.0/8" },
		{ TABLE_CIDR, "10.0.0.0/33 x\n", "1:", "32" },
		{ TABLE_CIDR, "[10.0.0.0 x\n", "1:", "network" },
		{ TABLE_CIDR, "[10.0.0.]0 x\n", "1:", "network" },
		{ TABLE_CIDR, "! x\n", "1:", "network" },
		{ TABLE_CIDR, "!\n", "1:", "network" },
		{ TABLE_CIDR, "if\nendif\n", "1:", "network" },
		{ TABLE_CIDR, "if 10.0.0.0/8 x\nendif\n", "1:", "behind" },
		{ TABLE_CIDR, "if 10.0.0.0/8\nendif x\n", "2:", "behind" },
		{ TABLE_CIDR, "\nif 10.0.0.0/8\n# x\n", "2:", "endif" },
		{ TABLE_CIDR, "1.2.3.4 x\nendif\n", "2:", "without" },
		{ TABLE_CIDR, "if 10.0.0.0/8\nendif\nendif\n", "3:",
		    "without" },
		{ TABLE_REGEXP, "/a/ b\nfoo bar\n", "2:", "/PATTERN/" },
		{ TABLE_REGEXP, "!\n", "1:", "/PATTERN/" },
		{ TABLE_REGEXP, "if\nendif\n", "1:", "/PATTERN/" },
		{ TABLE_REGEXP, "ifs /a/\nendif\n", "1:", "/PATTERN/" },
		{ TABLE_REGEXP, "/a\n", "1:", "no end" },
		{ TABLE_REGEXP, "/a\\/\n", "1:", "no end" },
		{ TABLE_REGEXP, "/a\\\n", "1:", "no end" },
		{ TABLE_REGEXP, "/\n", "1:", "no end" },
		{ TABLE_REGEXP, "/a/x b\n", "1:", "flag x" },
		{ TABLE_REGEXP, "/a/q b\n", "1:", "flags" },
		{ TABLE_REGEXP, "/a/!/b/ c\n", "1:", "two patterns" },
		{ TABLE_REGEXP, "/ab(/ b\n", "1:", "byte 3 of the pattern" },
		{ TABLE_REGEXP, "/(?=a)/ b\n", "1:", "look-ahead" },
		{ TABLE_REGEXP, "/a/ $1\n", "1:", "$$" },
		{ TABLE_REGEXP, "/(a)/ $2\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ $0\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ $\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ $1 $ 1\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ $1a\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ ${1\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ ${1)\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ ${}\n", "1:", "1 to 1" },
		{ TABLE_REGEXP, "/(a)/ $99999999999999999999\n", "1:",
		    "1 to 1" },
		{ TABLE_REGEXP, "!/(a)/ $1\n", "1:", "$$" },
		{ TABLE_REGEXP, "if /a/ b\nendif\n", "1:", "behind" },
		{ TABLE_REGEXP, "if /a/\nif /b/\nendif\n", "1:", "endif" },
		{ TABLE_REGEXP, "if /a/\nif /b/\n", "2:", "endif" },
	};
	struct t_faults f;
	struct table *table;
	char text[200];
	size_t i;

	for (i = 0; i < COUNT(t); i++) {
		memset(&f, 0, sizeof(f));
		table = table_new(t[i].kind, t[i].text, strlen(t[i].text),
		    t_table_fault, &f);
		if (table != NULL || f.n == 0 || strncmp(f.text, t[i].fault,
		    strlen(t[i].fault)) != 0 ||
		    strstr(f.text, t[i].part) == NULL)
			atf_tc_fail_nonfatal("%s: %s", t[i].text, f.text);
		table_free(table);
	}
	/* A NUL ends the reading, with its line. */
	memset(&f, 0, sizeof(f));
	ATF_CHECK(table_new(TABLE_LIST, "a\nb\0c\nd", 7, t_table_fault, &f) ==
	    NULL);
	ATF_CHECK(f.n == 1 && strncmp(f.text, "2:a NUL", 7) == 0);
	/* Twenty faults, and how many more. */
	for (i = 0; i < 30; i++)
		memcpy(text + 2 * i, "x\n", 2);
	memset(&f, 0, sizeof(f));
	ATF_CHECK(table_new(TABLE_CIDR, text, 40, t_table_fault, &f) == NULL);
	ATF_CHECK_EQ(20, f.n);
	memset(&f, 0, sizeof(f));
	ATF_CHECK(table_new(TABLE_CIDR, text, 60, t_table_fault, &f) == NULL);
	ATF_CHECK_EQ(21, f.n);
	ATF_CHECK(strstr(f.text, "0:and 10 more\n") != NULL);
}

H_CASE(cut, "A table cut anywhere, and with any byte in it, is one or none")
{
	static const char text[] = "# c\nif !/^ab$/i\n/(a)|b/im x$1y${1}$$\n"
	    "  more\n!/[[:alpha:]]+/ z\nendif\n[10.0.0.0]/8 a\n::/0 b\n";
	char copy[sizeof(text)], value[TABLE_VALUE_MAX];
	struct network_address a;
	struct t_faults f;
	struct table *t;
	unsigned kind, c;
	size_t len, i;

	ATF_REQUIRE(network_read_address("10.1.1.1", &a) == 0);
	for (kind = TABLE_LIST; kind <= TABLE_REGEXP; kind++)
		for (len = 0; len < sizeof(text); len++)
			for (c = 0; c < 256; c += kind == TABLE_REGEXP ? 1 :
			    5) {
				i = len * 7 % (len + 1);
				memcpy(copy, text, sizeof(text));
				copy[i] = (char)c;
				memset(&f, 0, sizeof(f));
				t = table_new(kind, copy, len, t_table_fault,
				    &f);
				ATF_REQUIRE((t == NULL) == (f.n > 0));
				if (t == NULL)
					continue;
				(void)table_find(t, "a", 1, &a, value);
				(void)table_find(t, "xyz", 3, NULL, value);
				table_free(t);
			}
}

H_CASE(limits, "Lines, values and tables at their limits")
{
	static const char head[] = "/^(.*)$/ ";
	size_t size = (size_t)TABLE_BYTES_MAX + 1, i, len;
	struct t_faults f;
	struct table *t;
	char *text = malloc(size), value[TABLE_VALUE_MAX];

	ATF_REQUIRE(text != NULL);
	/* A value is cut where its room ends, expanded or not. */
	memset(text, 'v', 5000);
	memcpy(text, "key ", 4);
	t = t_table_len(TABLE_LIST, text, 5000);
	ATF_CHECK(table_find(t, "key", 3, NULL, value));
	ATF_CHECK_EQ(TABLE_VALUE_MAX - 1, strlen(value));
	table_free(t);
	len = sizeof(head) - 1;
	memcpy(text, head, len);
	for (i = 0; i < 600; i++, len += 2)
		memcpy(text + len, "$1", 2);
	t = t_table_len(TABLE_REGEXP, text, len);
	ATF_CHECK(table_find(t, "x", 1, NULL, value));
	ATF_CHECK_EQ(600, strlen(value));
	ATF_CHECK(table_find(t, "xyz", 3, NULL, value));
	ATF_CHECK_EQ(TABLE_VALUE_MAX - 1, strlen(value));
	ATF_CHECK(table_find(t, "", 0, NULL, value));
	ATF_CHECK_STREQ("", value);
	table_free(t);
	/* The longest line, and one byte more, in two pieces. */
	for (i = 0; i < 2; i++) {
		memset(&f, 0, sizeof(f));
		memset(text, 'k', TABLE_LINE_MAX + 2);
		text[1000] = '\n';
		text[1001] = ' ';
		t = table_new(TABLE_LIST, text, TABLE_LINE_MAX + 1 + i,
		    t_table_fault, &f);
		ATF_CHECK((t != NULL) == (i == 0));
		ATF_CHECK(i == 0 || strncmp(f.text, "1:", 2) == 0);
		table_free(t);
	}
	/* The largest table, of lines as short and as long as can be. */
	memset(&f, 0, sizeof(f));
	ATF_CHECK(table_new(TABLE_LIST, text, size, t_table_fault, &f) == NULL);
	ATF_CHECK(strncmp(f.text, "0:", 2) == 0);
	memset(text, 'a', size);
	for (i = 65535; i < size; i += 65536)
		text[i] = '\n';
	t = t_table_len(TABLE_LIST, text, size - 1);
	ATF_CHECK_EQ(1024, table_count(t));
	table_free(t);
	free(text);
	/* Nests as deep as lines go: nothing recurses. */
	len = 0;
	text = malloc(200000 * 16);
	ATF_REQUIRE(text != NULL);
	for (i = 0; i < 100000; i++, len += 13)
		memcpy(text + len, "if 0.0.0.0/0\n", 13);
	memcpy(text + len, "1.2.3.4 deep\n", 13);
	len += 13;
	for (i = 0; i < 100000; i++, len += 6)
		memcpy(text + len, "endif\n", 6);
	t = t_table_len(TABLE_CIDR, text, len);
	ATF_CHECK_STREQ("deep", t_table_get(t, "1.2.3.4"));
	ATF_CHECK_STREQ("(none)", t_table_get(t, "1.2.3.5"));
	ATF_CHECK_STREQ("(none)", t_table_get(t, "::1"));
	table_free(t);
	free(text);
}

H_CASE(large, "A million entries: each is found, with its value")
{
	size_t size = 64 * 1000 * 1000, len = 0, i;
	unsigned n = case_times(1000000);
	char *text = malloc(size), key[40], value[TABLE_VALUE_MAX];
	struct table *t;

	ATF_REQUIRE(text != NULL);
	for (i = 0; i < n; i++)
		len += (size_t)snprintf(text + len, size - len,
		    "User%u@example.org value %u\n",
		    (unsigned)(i * 2654435761u % 1000003u), (unsigned)i);
	t = t_table_len(TABLE_LIST, text, len);
	free(text);
	ATF_CHECK_EQ(n, table_count(t));
	for (i = 0; i < n; i += 7) {
		snprintf(key, sizeof(key), "uSER%u@example.org",
		    (unsigned)(i * 2654435761u % 1000003u));
		if (!table_find(t, key, strlen(key), NULL, value) ||
		    strncmp(value, "value ", 6) != 0)
			atf_tc_fail("%s is not there", key);
	}
	ATF_CHECK(!table_find(t, "user1000003@example.org", 23, NULL, NULL));
	table_free(t);
}

static uint32_t t_seed = 1;

static unsigned
t_random(unsigned n)
{
	t_seed = t_seed * 1664525u + 1013904223u;
	return ((unsigned)((t_seed >> 8) % n));
}

static FILE *
t_create(const char *name)
{
	FILE *f = fopen(name, "w");

	ATF_REQUIRE(f != NULL);
	return (f);
}

/*
 * What postmap finds of the keys in the file "keys" is what we find, key after
 * key: it says "KEY\tVALUE" of each one that is there.  How many are not.
 */
static unsigned
t_postmap_compare(enum table_kind kind, const char *name)
{
	char command[200], key[100], want[300], line[400], *text;
	struct table *t;
	unsigned n = 0, hits = 0;
	FILE *keys, *out, *f;
	size_t len;

	f = fopen("table", "r");
	text = malloc(1 << 20);
	ATF_REQUIRE(f != NULL && text != NULL);
	len = fread(text, 1, 1 << 20, f);
	fclose(f);
	t = t_table_len(kind, text, len);
	free(text);
	snprintf(command, sizeof(command),
	    "postmap -q - %s:$PWD/table <keys 2>errors", name);
	out = popen(command, "r");
	keys = fopen("keys", "r");
	ATF_REQUIRE(out != NULL && keys != NULL);
	if (fgets(line, sizeof(line), out) == NULL)
		line[0] = '\0';
	for (; fgets(key, sizeof(key), keys) != NULL; n++) {
		key[strcspn(key, "\n")] = '\0';
		snprintf(want, sizeof(want), "%s\t%s\n", key,
		    t_table_get(t, key));
		if (strcmp(t_table_get(t, key), "(none)") == 0)
			snprintf(want, sizeof(want), "%s\t", key);
		else if (strcmp(want, line) == 0) {
			hits++;
			if (fgets(line, sizeof(line), out) == NULL)
				line[0] = '\0';
			continue;
		}
		if (strstr(want, "\n") != NULL ||
		    strncmp(want, line, strlen(want)) == 0)
			atf_tc_fail("here %s, there %s", want, line);
	}
	ATF_CHECK_MSG(line[0] == '\0', "there also %s", line);
	fclose(keys);
	pclose(out);
	ATF_CHECK(hits > n / 10);
	/* Postfix found nothing to complain of. */
	f = fopen("errors", "r");
	ATF_REQUIRE(f != NULL);
	ATF_CHECK_MSG(fgets(line, sizeof(line), f) == NULL, "%s", line);
	fclose(f);
	table_free(t);
	return (n - hits);
}

static void
t_postmap_need(void)
{
	FILE *f = t_create("probe");

	fputs("1.2.3.4 there\n", f);
	fclose(f);
	if (system("test \"$(postmap -q 1.2.3.4 cidr:$PWD/probe 2>&1)\" = "
	    "there") != 0)
		atf_tc_skip("no working postmap here");
}

static void
t_put_four(FILE *f, unsigned prefix)
{
	unsigned a = t_random(4) << 30 | t_random(4) << 22 | t_random(4) << 8 |
	    t_random(4);

	a = prefix == 0 ? 0 : a >> (32 - prefix) << (32 - prefix);
	fprintf(f, "%u.%u.%u.%u", a >> 24, a >> 16 & 255, a >> 8 & 255,
	    a & 255);
}

H_CASE(postmap_cidr, "Postfix's own cidr: finds the same")
{
	unsigned round, i, open, prefix, none = 0;
	FILE *f;

	t_postmap_need();
	for (round = 0; round < 5; round++) {
		f = t_create("table");
		for (i = 0, open = 0; i < 150; i++) {
			if (open > 0 && t_random(4) == 0) {
				fputs("endif\n", f);
				open--;
				continue;
			}
			if (open < 5 && t_random(6) == 0) {
				fputs("if ", f);
				open++;
				fputs(t_random(3) == 0 ? "!" : "", f);
				if (t_random(2) == 0)
					fputs("2001:db8::/32\n", f);
				else {
					prefix = t_random(12);
					t_put_four(f, prefix);
					fprintf(f, "/%u\n", prefix);
				}
				continue;
			}
			fputs(t_random(40) == 0 ? "!" : "", f);
			prefix = 32 - t_random(16);
			if (t_random(4) == 0)
				fprintf(f, "2001:db8:%u::/48", t_random(9));
			else {
				t_put_four(f, prefix);
				fprintf(f, "/%u", prefix);
			}
			fprintf(f, " value%s%u\n",
			    t_random(3) == 0 ? "\n  more " : " ", i);
		}
		for (; open > 0; open--)
			fputs("endif\n", f);
		fclose(f);
		f = t_create("keys");
		for (i = 0; i < 1000; i++) {
			if (t_random(4) == 0)
				fprintf(f, "2001:db8:%u::%u", t_random(12), i);
			else
				t_put_four(f, 32);
			fputc('\n', f);
		}
		/* At least one that is in none, and one that is no address. */
		fputs("3ffe::1\nmail.example.org\n", f);
		fclose(f);
		none += t_postmap_compare(TABLE_CIDR, "cidr");
	}
	ATF_CHECK(none > 100);
}

/* A pattern in which no two ways take the same differently. */
static void
t_put_pattern(FILE *f, unsigned pieces, const char *open, const char *close)
{
	static const char *const piece[] = {
		"a", "b", ".", "[ab]", "[^a]", "a*", "b+", "[^b.]{2,3}", "c?",
		"\\.", "[[:digit:]]+", "(a|bc)", "(ab|c)+", "x{2}", "[]a]",
		"[a-c-]", "(b|ab|abc)", "A", "[0-9.]", "(b*|c)", "[\\.]"
	};
	unsigned i, n = (unsigned)COUNT(piece);

	fputs(open, f);
	for (i = 0; i < pieces; i++)
		fputs(piece[t_random(n)], f);
	fputs(close, f);
}

H_CASE(postmap_regexp, "Postfix's own regexp: finds the same")
{
	static const char *const flag[] = { "", "", "i", "m", "im", "ii" };
	unsigned round, i, k, open, none = 0;
	FILE *f;

	t_postmap_need();
	for (round = 0; round < 10; round++) {
		f = t_create("table");
		for (i = 0, open = 0; i < 100; i++) {
			if (open > 0 && t_random(4) == 0) {
				fputs("endif\n", f);
				open--;
				continue;
			}
			if (open < 5 && t_random(6) == 0) {
				fputs(t_random(3) == 0 ? "if !/" : "if /", f);
				t_put_pattern(f, 1 + t_random(2), "", "");
				fputs("/\n", f);
				open++;
				continue;
			}
			if (t_random(3) == 0) {
				/* First the one, then the other, of all. */
				t_put_pattern(f, 2 + t_random(3), "/^(", ")");
				fprintf(f, "([^a]*)$/%s all $$ ${%u}%s$(1)\n",
				    flag[t_random(6)], t_random(2) + 1,
				    t_random(2) == 0 ? "\n  " : "-");
				continue;
			}
			fputs(t_random(60) == 0 ? "!" : "", f);
			t_put_pattern(f, 3 + t_random(3),
			    t_random(4) == 0 ? "/" : "/^",
			    t_random(2) == 0 ? "/" : "$/");
			fprintf(f, "%s value %u\n", flag[t_random(6)], i);
		}
		for (; open > 0; open--)
			fputs("endif\n", f);
		fclose(f);
		f = t_create("keys");
		fputs("~\n", f);
		for (i = 0; i < 1000; i++) {
			for (k = 1 + t_random(9); k > 0; k--)
				fputc("aaabbbcccABC.01x]-\\"[t_random(18)], f);
			fputc('\n', f);
		}
		fclose(f);
		none += t_postmap_compare(TABLE_REGEXP, "regexp");
	}
	ATF_CHECK(none > 100);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, list);
	ATF_TP_ADD_TC(tp, rows);
	ATF_TP_ADD_TC(tp, cidr);
	ATF_TP_ADD_TC(tp, regexp);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, cut);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, large);
	ATF_TP_ADD_TC(tp, postmap_cidr);
	ATF_TP_ADD_TC(tp, postmap_regexp);
	return (atf_no_error());
}
