/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_expr_load.c - expressions that are wrong: what is said, and where.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "h_expr.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define B(stage)	CONF_##stage, EXPR_BOOL
#define S(stage)	CONF_##stage, EXPR_STRING

/* "@BYTE WHY"; "R WHY": when it is tied to a configuration. */
static const struct {
	enum conf_stage	 stage;
	enum expr_type	 type;
	const char	*text;
	const char	*error;
} wrong[] = {
	{ B(CONNECT), "host",
	    "@0 host is a string, not a condition: write host == \"...\" or "
	    "=~ /.../" },
	{ B(CONNECT), "hour",
	    "@0 hour is a number, not a condition: write hour > 0" },
	{ B(CONNECT), "address",
	    "@0 address is an address, not a condition: write address in "
	    "[\"192.0.2.0/24\"]" },
	{ B(CONNECT), "hots == \"a\"",
	    "@0 unknown name hots, did you mean host?" },
	{ B(CONNECT), "sender == \"\"",
	    "@0 sender is known from envelope_from on, this is connect" },
	{ B(CONNECT), "hour in 22..6",
	    "@8 22..6 is empty: write hour >= 22 or hour <= 6" },
	{ B(CONNECT), "hour in [1,\n  3..5, # c",
	    "@8 the list is not closed, expected ]" },
	{ B(CONNECT), "hour in [1,\n  3..5,\n  9 ]  and   tls",
	    "@33 tls is known from helo on, this is connect" },
	{ B(CONNECT), "address in 10.0.0.0/8",
	    "@11 an address or network is written in quotes, a number "
	    "without a point" },
	{ B(CONNECT), "address in [\"10.0.0.1/8\"]",
	    "@12 \"10.0.0.1/8\" has bits behind its prefix, the network is "
	    "10.0.0.0/8" },
	{ B(CONNECT), "address == \"192.0.2.0/24\"",
	    "@11 expected an address in quotes, like \"192.0.2.1\", found "
	    "\"192.0.2.0/24\"" },
	{ B(CONNECT), "address =~ /a/",
	    "@0 address is an address, it has no text to match, write in "
	    "[\"192.0.2.0/24\"]" },
	{ B(CONNECT), "host in remote_network.local_addresses",
	    "@8 expected a string, a pattern or table.NAME, found "
	    "remote_network.local_addresses" },
	{ B(CONNECT), "dnsbl(\"a b\")",
	    "@6 this is none, expected a service: \"ZONE\" or "
	    "\"ZONE=NETWORK\"" },
	{ B(CONNECT), "dnsbl",
	    "@5 something is missing at the end, expected an argument: "
	    "(\"...\")" },
	{ B(CONNECT), "child(\"C\").rejected", "R there is no child \"C\"" },
	{ B(CONNECT), "child(\"A\").hot",
	    "@11 expected .rejected, .accepted, .tempfailed, .discarded or "
	    ".stopped, found hot" },
	{ B(CONNECT), "child.rejected",
	    "@14 something is missing at the end, expected an argument: "
	    "(\"...\")" },
	{ B(CONNECT), "host == 'a'",
	    "@8 a string is written in double quotes" },
	{ B(CONNECT), "host = \"a\"", "@5 = does not compare, write ==" },
	{ B(CONNECT), "1 < 2 < 3",
	    "@6 comparisons are not chained, join two of them with and" },
	{ B(CONNECT), "(host == \"a\"",
	    "@0 the parenthesis is not closed, expected )" },
	{ B(CONNECT), "host == \"a\")", "@11 a ) without its (" },
	{ B(CONNECT), "host == \"a\" and",
	    "@15 something is missing at the end, expected a value" },
	{ B(CONNECT), "host == \"a\" & hour", "@12 write and, or &&" },
	{ B(CONNECT), "/a/ =~ host",
	    "@0 a pattern stands to the right of =~, or in a list" },
	{ B(CONNECT), "host in \"abc\"",
	    "@8 a string is not in a string: write in [...], or =~ /.../" },
	{ B(CONNECT), "host =~ \"abc\"",
	    "@8 expected a pattern like /.../, found \"abc\"" },
	{ B(CONNECT), "host == hour",
	    "@8 host is a string, hour is a number: they cannot be compared" },
	{ B(CONNECT), "host =~ /(?=a)/",
	    "@9 look-ahead is not taken: match twice, with \"and\"" },
	{ B(CONNECT), "host =~ /a/q",
	    "@11 unknown flag q of a pattern, expected i, x or m" },
	{ B(CONNECT), "host =~ /a",
	    "@8 the pattern is not closed, expected / before the end of the "
	    "line" },
	{ B(CONNECT), "host == \"a\\q\"",
	    "@8 bad escape \\q in a string, a backslash is written \\\\" },
	{ B(DATA), "header_value =~ /yes/",
	    "@0 header_value is known at header only, this is data" },
	{ S(CONNECT), "\"a\" \"b\"",
	    "@4 expected and, or, or the end, found \"b\"" },
	{ B(CONNECT), "99999999999999999999 == hour",
	    "@0 this is no number, or too large, expected one like 12, 64k "
	    "or 10m" },
	{ B(CONNECT), "table.users", "@0 table.users stands behind in" },
	{ B(CONNECT), "host in table",
	    "@13 something is missing at the end, expected table.NAME" },
	{ B(CONNECT), "host in table.nope", "R there is no table.nope" },
	{ B(CONNECT), "[1] == hour", "@0 a list stands behind in" },
	{ B(CONNECT), "s25r.whitelist", "@0 s25r.whitelist stands behind in" },
	{ B(CONNECT), "host == not tls", "@8 expected a value, found not" },
	{ B(CONNECT), "::1 == address",
	    "@0 an address or network is written in quotes, a number "
	    "without a point" },
	{ B(CONNECT), "lookup(table.users) == \"a\"",
	    "@18 expected , and what to look up, found )" },
	{ B(CONNECT), "example.org == host",
	    "@0 unknown name example.org, a string is written in double "
	    "quotes" },
	{ B(CONNECT), "host in [example.org]",
	    "@9 expected a string, a pattern or table.NAME, found "
	    "example.org" },
	{ B(CONNECT), "host < \"a\"",
	    "@0 host is a string, < and > compare numbers" },
	{ B(CONNECT), "tls() ",
	    "@0 tls is known from helo on, this is connect" },
	{ B(CONNECT), "host()", "@4 host has no argument" },
	{ B(CONNECT), "macro(host) == \"\"",
	    "@6 expected a name in double quotes, found host" },
	{ B(CONNECT),
	    "((((((((((((((((((((((((((((((((((((true)))))))))))))))))))))))"
	    ")))))))))))))", "@32 this has more than 32 levels" },
	{ B(CONNECT), "postfix in [true]",
	    "@0 postfix is a condition, which is in no list" },
	{ B(CONNECT), "dnsbl([\"slow.example\",host])",
	    "@22 expected a service: \"ZONE\" or \"ZONE=NETWORK\", found "
	    "host" },
	{ B(CONNECT), "host >= hour",
	    "@8 host is a string, hour is a number: they cannot be compared" },
	{ B(CONNECT), "host in s25r.whitelists",
	    "@8 unknown name s25r.whitelists, did you mean s25r.whitelist?" },
	{ B(CONNECT), "host in recipient",
	    "@8 expected a string, a pattern or table.NAME, found recipient" },
	{ B(CONNECT), "@", "@0 expected a value, found @" },
	{ B(CONNECT), "",
	    "@0 something is missing at the end, expected a value" },
	{ B(CONNECT), "  ",
	    "@2 something is missing at the end, expected a value" },
	{ B(CONNECT), "# only a comment",
	    "@16 something is missing at the end, expected a value" },
	{ B(CONNECT), "child(\"A\")",
	    "@10 something is missing at the end, expected .rejected, "
	    ".accepted, .tempfailed, .discarded or .stopped" },
	{ B(CONNECT), "child",
	    "@5 something is missing at the end, expected an argument: "
	    "(\"...\")" },
	{ B(CONNECT), "child(A).rejected",
	    "@6 expected a name in double quotes, found A" },
	{ B(CONNECT), "child(\"\").rejected",
	    "@6 expected a name in double quotes, found \"\"" },
	{ B(CONNECT), "hour in [22..6]",
	    "@9 22..6 is empty: write hour >= 22 or hour <= 6" },
	{ B(CONNECT), "hour in [\"9\"]",
	    "@9 expected a number or a range like 8..19, found \"9\"" },
	{ B(CONNECT), "hour in [9, \"10\"]",
	    "@12 expected a number or a range like 8..19, found \"10\"" },
	{ B(CONNECT), "hour in table.users",
	    "@8 expected a number or a range like 8..19, found table.users" },
	{ B(CONNECT), "hour in s25r.whitelist",
	    "@8 expected a number or a range like 8..19, found "
	    "s25r.whitelist" },
	{ B(CONNECT), "hour in 8..",
	    "@11 something is missing at the end, expected a number" },
	{ B(CONNECT), "hour in ..8",
	    "@8 expected a number or a range like 8..19, found .." },
	{ B(CONNECT), "hour in [8 9]",
	    "@11 expected , or ] in the list, found 9" },
	{ B(CONNECT), "hour in [,9]",
	    "@9 expected a number or a range like 8..19, found ," },
	{ B(CONNECT), "hour in [9,,10]",
	    "@11 expected a number or a range like 8..19, found ," },
	{ B(CONNECT), "hour in [9", "@8 the list is not closed, expected ]" },
	{ B(CONNECT), "hour in [9,", "@8 the list is not closed, expected ]" },
	{ B(CONNECT), "hour in 9]",
	    "@9 expected and, or, or the end, found ]" },
	{ B(CONNECT), "host in [\"a\" \"b\"]",
	    "@13 expected , or ] in the list, found \"b\"" },
	{ B(CONNECT), "host in [[\"a\"]]",
	    "@9 expected a string, a pattern or table.NAME, found [" },
	{ B(CONNECT), "host in [hour]",
	    "@9 expected a string, a pattern or table.NAME, found hour" },
	{ B(CONNECT), "host in [9]",
	    "@9 expected a string, a pattern or table.NAME, found 9" },
	{ B(CONNECT), "host in (\"a\")",
	    "@8 expected a string, a pattern or table.NAME, found (" },
	{ B(CONNECT), "host in",
	    "@7 something is missing at the end, expected a string, a "
	    "pattern or table.NAME" },
	{ B(CONNECT), "host not",
	    "@8 something is missing at the end, expected in behind not" },
	{ B(CONNECT), "host not == \"a\"",
	    "@9 expected in behind not, found ==" },
	{ B(CONNECT), "host in not \"a\"",
	    "@8 expected a string, a pattern or table.NAME, found not" },
	{ B(CONNECT), "host in table.\"nope nope\"",
	    "R there is no table.\"nope nope\"" },
	{ B(CONNECT), "host in table.",
	    "@14 something is missing at the end, expected table.NAME" },
	{ B(CONNECT), "address in [/192/]",
	    "@12 expected a network in quotes or table.NAME, found /192/" },
	{ B(CONNECT), "address in [\"mail.example.jp\"]",
	    "@12 \"mail.example.jp\" is no network, expected one like "
	    "192.0.2.0/24, 2001:db8::/32 or 192.0.2.1" },
	{ B(CONNECT), "address in [\"192.0.2.0/24x\"]",
	    "@12 \"192.0.2.0/24x\" is no network, expected a number from 0 "
	    "to 32 behind the /" },
	{ B(CONNECT), "address in [192.0.2.1]",
	    "@12 an address or network is written in quotes, a number "
	    "without a point" },
	{ B(CONNECT), "address in 192.0.2.0/24",
	    "@11 an address or network is written in quotes, a number "
	    "without a point" },
	{ B(CONNECT), "address in [::1]",
	    "@12 an address or network is written in quotes, a number "
	    "without a point" },
	{ B(CONNECT), "address in s25r.whitelist",
	    "@11 expected a network in quotes or table.NAME, found "
	    "s25r.whitelist" },
	{ B(CONNECT), "address == address",
	    "@11 expected an address in quotes, like \"192.0.2.1\", found "
	    "address" },
	{ B(CONNECT), "address == host",
	    "@11 expected an address in quotes, like \"192.0.2.1\", found "
	    "host" },
	{ B(CONNECT), "address < \"192.0.2.1\"",
	    "@10 address is an address, \"192.0.2.1\" is a string: they "
	    "cannot be compared" },
	{ B(CONNECT), "\"192.0.2.7\" == address",
	    "@15 \"192.0.2.7\" is a string, address is an address: they "
	    "cannot be compared" },
	{ B(CONNECT), "address.famili == \"inet\"",
	    "@0 unknown name address.famili, did you mean address.family?" },
	{ B(CONNECT), "dnsbl()",
	    "@6 expected a service: \"ZONE\" or \"ZONE=NETWORK\", found )" },
	{ B(CONNECT), "dnsbl(host)",
	    "@6 expected a service: \"ZONE\" or \"ZONE=NETWORK\", found host" },
	{ B(CONNECT), "dnsbl(\"zen.example=127.0.0.11/31\")",
	    "@6 \"127.0.0.11/31\" has bits behind its prefix, the network "
	    "is 127.0.0.10/31" },
	{ B(CONNECT), "dnsbl(\"zen.example=\")",
	    "@6 \"\" is no network, expected one like 192.0.2.0/24, "
	    "2001:db8::/32 or 192.0.2.1" },
	{ B(CONNECT), "dnsbl(\"=127.0.0.2\")",
	    "@6 this is none, expected a service: \"ZONE\" or "
	    "\"ZONE=NETWORK\"" },
	{ B(CONNECT), "dnsbl(/a/)",
	    "@6 expected a service: \"ZONE\" or \"ZONE=NETWORK\", found /a/" },
	{ B(CONNECT), "dnsbl(table.users)",
	    "@6 expected a service: \"ZONE\" or \"ZONE=NETWORK\", found "
	    "table.users" },
	{ B(CONNECT), "dnsbl(s25r.whitelist)",
	    "@6 expected a service: \"ZONE\" or \"ZONE=NETWORK\", found "
	    "s25r.whitelist" },
	{ B(CONNECT), "dnsbl(dnsbl.service)",
	    "@6 unknown name dnsbl.service, did you mean dnsbl.services?" },
	{ B(CONNECT), "dnsbl(\"a.example\", \"b.example\")",
	    "@17 expected ), found ," },
	{ B(CONNECT), "host in dnsbl.services",
	    "@8 expected a string, a pattern or table.NAME, found "
	    "dnsbl.services" },
	{ B(ENVELOPE_FROM), "sender.param == \"a\"",
	    "@13 expected an argument: (\"...\"), found ==" },
	{ B(ENVELOPE_FROM), "sender.param(\"\") == \"a\"",
	    "@13 expected a name in double quotes, found \"\"" },
	{ B(ENVELOPE_FROM), "sender.parm(\"SIZE\") == \"a\"",
	    "@0 unknown name sender.parm, did you mean sender.param?" },
	{ B(ENVELOPE_FROM), "size =~ /1/",
	    "@0 size is a number, a pattern matches a string" },
	{ B(ENVELOPE_FROM), "size == \"1000\"",
	    "@8 size is a number, \"1000\" is a string: they cannot be "
	    "compared" },
	{ B(ENVELOPE_FROM), "recipient == \"\"",
	    "@0 recipient is known at envelope_recipient only, this is "
	    "envelope_from" },
	{ B(ENVELOPE_RECIPIENT),
	    "recipient.param(\"NOTIFY\") == \"NEVER\" and recipients >= 2x",
	    "@55 this is no number, or too large, expected one like 12, 64k "
	    "or 10m" },
	{ B(HEADER), "header(\"Subject\") == \"a\"",
	    "@0 header is known from end_of_header on, this is header" },
	{ B(HELO), "helo =~ /[/",
	    "@9 no ] for this [: write \\[ for the sign" },
	{ B(HELO), "helo =~ /*/",
	    "@9 nothing to repeat: write \\ before a sign that stands for "
	    "itself" },
	{ B(HELO), "helo =~ \"a\"",
	    "@8 expected a pattern like /.../, found \"a\"" },
	{ B(HELO), "helo =~ host",
	    "@8 expected a pattern like /.../, found host" },
	{ B(HELO), "helo =~ [/a/]",
	    "@8 expected a pattern like /.../, found [" },
	{ B(HELO), "helo =~",
	    "@7 something is missing at the end, expected a pattern like "
	    "/.../" },
	{ B(HELO), "helo =~ /mx\\./ =~ /a/",
	    "@15 comparisons are not chained, join two of them with and" },
	{ B(HELO), "helo == \"a\" == \"b\"",
	    "@12 comparisons are not chained, join two of them with and" },
	{ B(HELO), "helo === \"a\"", "@7 = does not compare, write ==" },
	{ B(HELO), "helo <> \"a\"", "@6 expected a value, found >" },
	{ B(HELO), "helo == nil",
	    "@8 unknown name nil, did you mean \"\"?" },
	/* Habits of upstream's blocks, and of other languages. */
	{ B(HELO), "host.nil? or helo == \"\"",
	    "@0 host has no .nil, compare it with ==, =~ or in" },
	{ B(HELO), "host.end_with?(\".jp\")",
	    "@0 host has no .end_with, compare it with ==, =~ or in" },
	{ B(ENVELOPE_FROM), "from == \"<>\"",
	    "@0 unknown name from, did you mean sender?" },
	{ B(CONNECT), "socket_address in \"10.0.0.0/8\"",
	    "@0 unknown name socket_address, did you mean address?" },
	{ B(CONNECT), "postfix == yes",
	    "@11 unknown name yes, did you mean true?" },
	{ B(CONNECT), "if host == \"a\"",
	    "@0 unknown name if, did you mean the condition alone?" },
	{ B(HELO), "helo == a",
	    "@8 unknown name a, a string is written in double quotes" },
	{ B(HELO), "helo == 'a'", "@8 a string is written in double quotes" },
	{ B(HELO), "helo == \"a",
	    "@8 the string is not closed, expected \" before the end of the "
	    "line" },
	{ B(HELO), "helo == \"a\" or",
	    "@14 something is missing at the end, expected a value" },
	{ B(HELO), "or helo == \"a\"", "@0 expected a value, found or" },
	{ B(HELO), "helo == \"a\" or or tls",
	    "@15 expected a value, found or" },
	{ B(HELO), "helo == \"a\" helo == \"b\"",
	    "@12 expected and, or, or the end, found helo" },
	{ B(HELO), "helo == \"a\", tls",
	    "@11 expected and, or, or the end, found ," },
	{ B(HELO), "helo | tls", "@5 write or, or ||" },
	{ B(HELO), "tls && helo",
	    "@7 helo is a string, not a condition: write helo == \"...\" or "
	    "=~ /.../" },
	{ B(HELO), "not helo",
	    "@4 helo is a string, not a condition: write helo == \"...\" or "
	    "=~ /.../" },
	{ B(HELO), "tls + 1", "@4 expected and, or, or the end, found +" },
	{ B(HELO), "tls ? 1 : 2", "@4 expected and, or, or the end, found ?" },
	{ B(HELO), "tls == 1",
	    "@7 tls is a condition, 1 is a number: they cannot be compared" },
	{ B(HELO), "-1 == 1", "@0 expected a value, found -" },
	{ B(HELO), "1.5 == 1",
	    "@0 an address or network is written in quotes, a number "
	    "without a point" },
	{ B(HELO), "0x10 == 16",
	    "@0 this is no number, or too large, expected one like 12, 64k "
	    "or 10m" },
	{ B(HELO), "1kb == 1",
	    "@0 this is no number, or too large, expected one like 12, 64k "
	    "or 10m" },
	{ B(HELO), "9223372036854775807 == 9223372036854775807",
	    "@0 this is no number, or too large, expected one like 12, 64k "
	    "or 10m" },
	{ B(HELO), "9223372036854775808 == 1",
	    "@0 this is no number, or too large, expected one like 12, 64k "
	    "or 10m" },
	{ B(HELO), "()", "@1 expected a value, found )" },
	{ B(HELO), "(tls", "@0 the parenthesis is not closed, expected )" },
	{ B(HELO), "tls)", "@3 a ) without its (" },
	{ B(HELO), "tls( )", "@3 tls has no argument" },
	{ B(HELO), "lookup == \"a\"",
	    "@7 expected lookup(table.NAME, ...), found ==" },
	{ B(HELO), "lookup() == \"a\"",
	    "@7 expected lookup(table.NAME, ...), found )" },
	{ B(HELO), "lookup(\"users\", helo) == \"a\"",
	    "@7 expected lookup(table.NAME, ...), found \"users\"" },
	{ B(HELO), "lookup(table.users, helo",
	    "@24 something is missing at the end, expected )" },
	{ B(HELO), "lookup(table.users, hour) == \"a\"",
	    "@20 hour is a number, expected a string" },
	{ B(HELO), "lookup([table.users], \"a@b\") == \"\"",
	    "@7 expected lookup(table.NAME, ...), found [" },
	{ B(HELO), "lookup(table.users, helo, helo) == \"\"",
	    "@24 expected ), found ," },
	{ B(HELO), "ptr() == \"a\"", "@4 expected a value, found )" },
	{ B(HELO), "ptr(hour) == \"a\"",
	    "@4 hour is a number, expected a string" },
	{ B(HELO), "ptr(helo == \"a\") == \"a\"",
	    "@4 helo == \"a\" is a condition, expected a string" },
	{ B(HELO), "ptr(\"a\" == \"a\"",
	    "@4 \"a\" == \"a\" is a condition, expected a string" },
	{ B(HELO), "HELO == \"a\"",
	    "@0 unknown name HELO, did you mean helo?" },
	{ B(HELO), "helo2 == \"a\"",
	    "@0 unknown name helo2, did you mean helo?" },
	{ B(HELO), "helo.domain == \"a\"",
	    "@0 helo has no .domain, compare it with ==, =~ or in" },
	{ B(HELO),
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1",
	    "@0 unknown name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaa, a string is written in double quotes" },
	{ B(HELO), "s25r.check_only_ipv4(\"a\")",
	    "@20 expected and, or, or the end, found (" },
	{ B(HELO), "s25r.check_only_ipv6",
	    "@0 unknown name s25r.check_only_ipv6, did you mean "
	    "s25r.check_only_ipv4?" },
	{ B(HELO), "s25r.whitelist == \"a\"",
	    "@0 s25r.whitelist stands behind in" },
	{ B(HELO), "table.\"a b\"", "@0 table stands behind in" },
	{ B(HELO), "tables.users",
	    "@0 unknown name tables.users, a string is written in double "
	    "quotes" },
	{ B(HELO), "\303\251 == 1", "@0 unexpected byte \\xc3" },
	{ B(HELO), "$helo == 1", "@0 expected a value, found $" },
	{ S(CONNECT), "/a/",
	    "@0 a pattern stands to the right of =~, or in a list" },
	{ S(CONNECT), "[\"a\"]", "@0 a list stands behind in" },
	{ S(CONNECT), "table.users", "@0 table.users stands behind in" },
};

#undef B
#undef S

H_CASE(errors, "Each mistake gets one line, and the byte it is about")
{
	char why[EXPR_WHY_MAX], said[EXPR_WHY_MAX + 20];
	struct h_expr h;
	struct expr *e;
	size_t at, i;

	h_expr_open(&h);
	for (i = 0; i < COUNT(wrong); i++) {
		e = expr_new(wrong[i].text, strlen(wrong[i].text),
		    wrong[i].type, wrong[i].stage, &at, why);
		if (e == NULL)
			snprintf(said, sizeof(said), "@%zu %s", at, why);
		else if (expr_resolve(e, &h.conf, why) == -1)
			snprintf(said, sizeof(said), "R %s", why);
		else
			strlcpy(said, "it is taken", sizeof(said));
		if (strcmp(said, wrong[i].error) != 0)
			atf_tc_fail_nonfatal("%s: \"%s\", not \"%s\"",
			    wrong[i].text, said, wrong[i].error);
		expr_free(e);
	}
	h_expr_close(&h);
}

H_CASE(stages, "Each fact at each stage: known, or the stage is told")
{
	enum { C, H, F, R, D, HD, EH, BD, EM };
	static const struct {
		const char *text;
		int first, last;
	} t[] = {
		{ "host", C, EM },
		{ "address", C, EM },
		{ "address.local", C, EM },
		{ "address.family", C, EM },
		{ "address.port", C, EM },
		{ "ptr", C, EM },
		{ "dnsbl(\"a\")", C, EM },
		{ "helo", H, EM },
		{ "tls", H, EM },
		{ "sender", F, EM },
		{ "sender.user", F, EM },
		{ "sender.domain", F, EM },
		{ "sender.param(\"A\")", F, EM },
		{ "authenticated", F, EM },
		{ "recipient", R, R },
		{ "recipient.user", R, R },
		{ "recipient.domain", R, R },
		{ "recipient.param(\"A\")", R, R },
		{ "recipients", R, EM },
		{ "size", F, EM },
		{ "header(\"A\")", EH, EM },
		{ "header_name", HD, HD },
		{ "header_value", HD, HD },
		{ "body", BD, BD },
		{ "macro(\"j\")", C, EM },
		{ "note(\"a\")", C, EM },
		{ "child(\"A\").rejected", C, EM },
		{ "child(\"A\").accepted", C, EM },
		{ "child(\"A\").tempfailed", C, EM },
		{ "child(\"A\").discarded", C, EM },
		{ "child(\"A\").stopped", C, EM },
		{ "postfix", C, EM },
		{ "connections", C, EM },
		{ "stressed", C, EM },
		{ "hour", C, EM },
		{ "minute", C, EM },
		{ "weekday", C, EM },
		{ "client_state", CONF_CHECK, CONF_CHECK },
	};
	char why[EXPR_WHY_MAX], expected[100];
	struct expr *e;
	size_t at, i, s;

	ATF_REQUIRE_EQ(COUNT(t), FACT_N);
	for (i = 0; i < COUNT(t); i++)
		for (s = 0; s <= CONF_CHECK; s++) {
			e = expr_new(t[i].text, strlen(t[i].text), EXPR_STRING,
			    (enum conf_stage)s, &at, why);
			/* The checker's own stage is that of what stays. */
			if ((e != NULL) != ((int)s >= t[i].first &&
			    ((int)s <= t[i].last || (s == CONF_CHECK &&
			    t[i].last == EM))))
				atf_tc_fail_nonfatal("%s at %s", t[i].text,
				    conf_stage_name((enum conf_stage)s));
			if (e == NULL) {
				ATF_CHECK_EQ(at, 0);
				snprintf(expected, sizeof(expected),
				    "%.*s is known ",
				    (int)strcspn(t[i].text, "("), t[i].text);
				ATF_CHECK_MSG(strncmp(why, expected,
				    strlen(expected)) == 0, "%s", why);
				snprintf(expected, sizeof(expected),
				    "this is %s",
				    conf_stage_name((enum conf_stage)s));
				ATF_CHECK(strstr(why, expected) != NULL);
			}
			expr_free(e);
		}
}

/* before, n times middle, n times behind. */
static bool
taken(const char *before, const char *middle, const char *behind, size_t n,
    const char *end, const char **error)
{
	static char why[EXPR_WHY_MAX];
	size_t max = strlen(before) + n * (strlen(middle) + strlen(behind)) +
	    strlen(end) + 1, at, i;
	char *text = malloc(max);
	struct expr *e;

	ATF_REQUIRE(text != NULL);
	strlcpy(text, before, max);
	for (i = 0; i < n; i++)
		strlcat(text, middle, max);
	strlcat(text, end, max);
	for (i = 0; i < n; i++)
		strlcat(text, behind, max);
	e = expr_new(text, strlen(text), EXPR_BOOL, CONF_CONNECT, &at, why);
	free(text);
	*error = why;
	if (e == NULL)
		return (false);
	expr_free(e);
	return (true);
}

H_CASE(bounds, "Length, parts and depth have bounds, which are told")
{
	static const char deep[] = "this has more than 32 levels";
	const char *why;

	ATF_CHECK(taken("", "(", ")", 32, "true", &why));
	ATF_CHECK(!taken("", "(", ")", 33, "true", &why));
	ATF_CHECK_STREQ(why, deep);
	ATF_CHECK(!taken("", "(", "", 4000, "", &why));
	ATF_CHECK_STREQ(why, deep);
	ATF_CHECK(taken("", "not ", "", 32, "true", &why));
	ATF_CHECK(!taken("", "!", "", 33, "true", &why));
	ATF_CHECK_STREQ(why, deep);
	ATF_CHECK(taken("\"\" == ", "ptr(", ")", 32, "ptr", &why));
	ATF_CHECK(!taken("\"\" == ", "ptr(", ")", 33, "ptr", &why));
	ATF_CHECK_STREQ(why, deep);
	ATF_CHECK(taken("\"\" == ", "lookup(table.x, ", ")", 32, "ptr",
	    &why));
	ATF_CHECK(!taken("\"\" == ", "lookup(table.x, ", ")", 33, "ptr",
	    &why));
	ATF_CHECK_STREQ(why, deep);
	/* Beside each other is not in each other. */
	ATF_CHECK(taken("(true)", " or (true) and ((true))", "", 84, "",
	    &why));
	/* Two parts for each: 511 in all. */
	ATF_CHECK(taken("true", " or true", "", 255, "", &why));
	ATF_CHECK(!taken("true", " or true", "", 256, "", &why));
	ATF_CHECK_STREQ(why, "this has more than 511 parts");
	ATF_CHECK(taken("true", " ", "", 4092, "", &why));
	ATF_CHECK(!taken("true", " ", "", 4093, "", &why));
	ATF_CHECK_STREQ(why, "this has more than 4096 bytes");
	ATF_CHECK(taken("host in [", "\"\",", "", 1362, "]", &why));
	ATF_CHECK(taken("host == \"", "x", "", 4086, "\"", &why));
	ATF_CHECK(!taken("", "\"x\"", "", 1000, "", &why));
}

H_CASE(cut, "A text that ends anywhere is never taken for more than it is")
{
	static const char text[] = "lookup(table.\"a b\", macro(\"{j}\")) "
	    "=~ /\\Ax/i and address not in [\"10.0.0.0/8\", table.x] or "
	    "hour in [1..3, 5] && !(child(\"A\").rejected or "
	    "dnsbl([\"a=127.0.0.2\"]))";
	char why[EXPR_WHY_MAX], *copy;
	struct expr *e;
	size_t n, at, good = 0;

	for (n = 0; n < sizeof(text); n++) {
		/* Its own memory: a byte too far is seen by a sanitizer. */
		copy = malloc(n + (n == 0));
		ATF_REQUIRE(copy != NULL);
		memcpy(copy, text, n);
		why[0] = '\0';
		e = expr_new(copy, n, EXPR_BOOL, CONF_CONNECT, &at, why);
		if (e != NULL)
			good++;
		else
			ATF_CHECK(at <= n && why[0] != '\0');
		expr_free(e);
		free(copy);
	}
	/* Behind /x/; its i and each list, with and without a blank; all. */
	ATF_CHECK_EQ(good, 8);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, errors);
	ATF_TP_ADD_TC(tp, stages);
	ATF_TP_ADD_TC(tp, bounds);
	ATF_TP_ADD_TC(tp, cut);
	return (atf_no_error());
}
