/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_expr.c - expressions: what comes out, why, and what was asked for it.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "h_expr.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

#define B(stage)	CONF_##stage, EXPR_BOOL
#define S(stage)	CONF_##stage, EXPR_STRING

/* "RESULT | WHY | ORIGIN of the rule", and the facts and tables in order. */
static const struct {
	enum conf_stage	 stage;
	enum expr_type	 type;
	const char	*text;
	const char	*result;
	const char	*asked;
} t[] = {
	{ B(CONNECT), "host == \"mail.example.jp\"",
	    "true | host == \"mail.example.jp\"", "host" },
	{ B(CONNECT), "host in s25r.whitelist", "false | not in whitelist",
	    "host" },
	{ B(CONNECT), "host not in s25r.blacklist", "true | not in blacklist",
	    "host" },
	{ B(CONNECT),
	    "s25r.check_only_ipv4 and address.family != \"inet\" or host in "
	    "s25r.whitelist or host not in s25r.blacklist",
	    "true | not in blacklist", "address.family host host" },
	{ B(ENVELOPE_FROM), "sender == \"User@Example.org\"",
	    "true | sender == \"User@Example.org\"", "sender" },
	{ B(CONNECT), "hour in 8..19 and host =~ /\\.jp\\z/",
	    "true | host =~ /\\.jp\\z/", "hour host" },
	{ B(CONNECT), "hour in [1, 3..5, 9]", "true | hour in [1, 3..5, 9]",
	    "hour" },
	{ B(HELO), "hour in [1,\n  3..5,\n  9 ]  and   tls", "true | tls",
	    "hour tls" },
	{ B(CONNECT), "address in \"10.0.0.0/8\"",
	    "false | not address in \"10.0.0.0/8\"", "address" },
	{ B(CONNECT), "address in [\"10.0.0.0/8\", \"192.0.2.0/24\"]",
	    "true | address in [\"10.0.0.0/8\", \"192.0.2.0/24\"]", "address" },
	{ B(CONNECT), "address == \"192.0.2.7\"",
	    "true | address == \"192.0.2.7\"", "address" },
	{ B(CONNECT), "address != \"192.0.2.7\"",
	    "false | not address != \"192.0.2.7\"", "address" },
	{ B(CONNECT), "address in remote_network.remote_addresses",
	    "true | remote_addresses \"192.0.2.7\" | test.conf:7", "address" },
	{ B(CONNECT), "address in remote_network.local_addresses",
	    "true | local_addresses table.nets | test.conf:7", "address nets" },
	{ B(CONNECT), "dnsbl(dnsbl.services)",
	    "true | bl.example=127.0.0.2 | test.conf:7",
	    "dnsblslow.example dnsblbl.example=127.0.0.2" },
	{ B(CONNECT), "dnsbl(\"slow.example\") or dnsbl(\"listed.example\")",
	    "PENDING | ", "dnsblslow.example" },
	{ B(CONNECT), "dnsbl([\"slow.example\", \"down.example\"])",
	    "PENDING | ", "dnsblslow.example dnsbldown.example" },
	{ B(CONNECT), "dnsbl(\"down.example\")",
	    "false | not dnsbl(\"down.example\")", "dnsbldown.example" },
	{ B(CONNECT), "macro(\"{j}\") == \"mx.example.net\"",
	    "true | macro(\"{j}\") == \"mx.example.net\"", "macroj" },
	{ B(CONNECT), "macro(\"j\") =~ /\\Amx\\./ && !postfix",
	    "false | postfix", "macroj postfix" },
	{ B(CONNECT), "not postfix", "false | postfix", "postfix" },
	{ B(CONNECT), "child(\"A\").rejected", "true | child(\"A\").rejected",
	    "child.rejectedA" },
	{ B(CONNECT), "ptr == \"mail.example.jp\"",
	    "true | ptr == \"mail.example.jp\"", "ptr" },
	{ B(CONNECT), "ptr(macro(\"daemon_addr\")) == \"other.example.net\"",
	    "true | ptr(macro(\"daemon_addr\")) == \"other.example.net\"",
	    "macrodaemon_addr ptr198.51.100.1" },
	{ B(CONNECT), "ptr(address) == \"back.example.jp\"",
	    "true | ptr(address) == \"back.example.jp\"",
	    "address ptr192.0.2.7" },
	{ S(CONNECT), "lookup(table.users, macro(\"j\"))",
	    " | lookup(table.users, macro(\"j\"))", "macroj users" },
	{ B(ENVELOPE_RECIPIENT), "recipient in table.users",
	    "true | recipient in table.users", "recipient users" },
	{ B(ENVELOPE_RECIPIENT), "not recipient in table.down",
	    "FAILED | recipient in table.down: no server", "recipient down" },
	{ B(ENVELOPE_RECIPIENT), "recipient in table.down or hour == 9",
	    "true | hour == 9", "recipient down hour" },
	{ B(ENVELOPE_RECIPIENT), "recipient in table.down or hour == 8",
	    "FAILED | recipient in table.down: no server",
	    "recipient down hour" },
	{ B(ENVELOPE_RECIPIENT), "recipient in table.down and hour == 8",
	    "false | not hour == 8", "recipient down hour" },
	{ B(ENVELOPE_RECIPIENT), "recipient in table.slow or hour == 9",
	    "PENDING | ", "recipient slow" },
	{ B(ENVELOPE_RECIPIENT),
	    "recipient in [table.down, \"rcpt@example.net\"]",
	    "true | recipient in [table.down, \"rcpt@example.net\"]",
	    "recipient down" },
	{ B(ENVELOPE_RECIPIENT), "recipient in restrict_accounts.accounts",
	    "true | accounts table.\"a b\" | test.conf:7", "recipient a b" },
	{ B(ENVELOPE_RECIPIENT), "recipient in [\"a\", /net\\z/i]",
	    "true | recipient in [\"a\", /net\\z/i]", "recipient" },
	{ B(ENVELOPE_RECIPIENT), "lookup(table.users, recipient) =~ /^OK/",
	    "true | lookup(table.users, recipient) =~ /^OK/",
	    "recipient users" },
	{ B(CONNECT), "host =~ /a\\/b/", "false | not host =~ /a\\/b/",
	    "host" },
	{ B(HEADER), "header_value =~ /yes/i and header_name == \"X-Spam\"",
	    "true | header_name == \"X-Spam\"", "header_value header_name" },
	{ S(CONNECT), "64k", "65536 | 64k", "" },
	{ S(CONNECT), "host", "mail.example.jp | host", "host" },
	{ S(CONNECT), "address", "192.0.2.7 | address", "address" },
	{ S(CONNECT), "hour in 1..10", "true | hour in 1..10", "hour" },
	{ B(CONNECT), "host in table.\"a b\"",
	    "false | not host in table.\"a b\"", "host a b" },
	{ B(BODY), "body =~ /one.line/m", "true | body =~ /one.line/m",
	    "body" },
	{ B(BODY), "body =~ /one.line/", "false | not body =~ /one.line/",
	    "body" },
	{ B(CONNECT), "true", "true | true", "" },
	{ B(CONNECT), "postfix == true", "true | postfix == true", "postfix" },
	{ B(CONNECT), "\"a\" == \"a\"", "true | \"a\" == \"a\"", "" },
	{ B(CONNECT), "\"a\\x62\\\"\" == \"ab\\\"\"",
	    "true | \"a\\x62\\\"\" == \"ab\\\"\"", "" },
	{ B(CONNECT), "\"a\" != \"a\"", "false | not \"a\" != \"a\"", "" },
	{ B(CONNECT), "64k == 65536", "true | 64k == 65536", "" },
	{ B(CONNECT), "1k < 1m and 1m < 1g", "true | 1m < 1g", "" },
	{ B(CONNECT), "2 >= 2 and 2 <= 2 and not 2 > 2 and not 2 < 2",
	    "true | not 2 < 2", "" },
	{ B(CONNECT), "false or true", "true | true", "" },
	{ B(CONNECT), "false || true && false", "false | not false", "" },
	{ B(CONNECT), "true and not false", "true | not false", "" },
	{ B(CONNECT), "not not true", "true | true", "" },
	{ B(CONNECT), "! false", "true | not false", "" },
	{ B(CONNECT), "not (true and false)", "true | not false", "" },
	{ B(CONNECT), "not host == \"a\"", "true | not host == \"a\"", "host" },
	{ B(CONNECT), "true or macro(\"down\") == \"\"", "true | true", "" },
	{ B(CONNECT), "macro(\"down\") == \"\" or true", "true | true",
	    "macrodown" },
	{ B(CONNECT), "false and macro(\"down\") == \"\"", "false | not false",
	    "" },
	{ B(CONNECT), "macro(\"down\") == \"\" and false", "false | not false",
	    "macrodown" },
	{ B(CONNECT), "macro(\"down\") == \"\" and true",
	    "FAILED | macro(\"down\")", "macrodown" },
	{ B(CONNECT), "macro(\"down\") == \"\" or false",
	    "FAILED | macro(\"down\")", "macrodown" },
	{ B(CONNECT), "not macro(\"down\") == \"\"", "FAILED | macro(\"down\")",
	    "macrodown" },
	{ B(CONNECT), "macro(\"slow\") == \"\" or true", "PENDING | ",
	    "macroslow" },
	{ B(CONNECT), "true or macro(\"slow\") == \"\"", "true | true", "" },
	{ B(CONNECT), "false and macro(\"slow\") == \"\"", "false | not false",
	    "" },
	{ B(CONNECT), "(macro(\"down\") == \"\" and true) or postfix",
	    "true | postfix", "macrodown postfix" },
	{ B(CONNECT), "macro(\"down\") == macro(\"slow\")",
	    "FAILED | macro(\"down\")", "macrodown" },
	{ B(CONNECT), "ptr(\"slow\") == \"a\"", "PENDING | ", "ptrslow" },
	{ B(CONNECT), "ptr(\"down\") == \"a\" or hour == 9", "true | hour == 9",
	    "ptrdown hour" },
	{ B(CONNECT), "ptr(macro(\"down\")) == \"a\"",
	    "FAILED | macro(\"down\")", "macrodown" },
	{ B(CONNECT), "ptr(ptr(ptr(\"198.51.100.1\"))) == \"\"",
	    "true | ptr(ptr(ptr(\"198.51.100.1\"))) == \"\"",
	    "ptr198.51.100.1 ptrother.example.net ptr" },
	{ B(CONNECT), "macro(\"none\") == \"\"",
	    "true | macro(\"none\") == \"\"", "macronone" },
	{ B(CONNECT), "macro(\"{none}\") =~ /\\A\\z/",
	    "true | macro(\"{none}\") =~ /\\A\\z/", "macronone" },
	{ B(CONNECT), "note(\"seen\") == \"1\" and note(\"other\") == \"\"",
	    "true | note(\"other\") == \"\"", "noteseen noteother" },
	{ B(CONNECT), "child(\"B b\").accepted and not child(\"B b\").stopped",
	    "true | not child(\"B b\").stopped",
	    "child.acceptedB b child.stoppedB b" },
	{ B(CONNECT), "child(\"A\").tempfailed or child(\"A\").discarded",
	    "false | not child(\"A\").discarded",
	    "child.tempfailedA child.discardedA" },
	{ B(CONNECT), "child(\"A\") .rejected", "true | child(\"A\") .rejected",
	    "child.rejectedA" },
	{ B(CONNECT), "connections > 5 and not stressed", "true | not stressed",
	    "connections stressed" },
	{ B(CONNECT), "hour in 8..9 and minute in [0, 30] and weekday in 1..5",
	    "true | weekday in 1..5", "hour minute weekday" },
	{ B(CONNECT), "hour not in [0..8, 10..23]",
	    "true | hour not in [0..8, 10..23]", "hour" },
	{ B(CONNECT), "not hour in 9", "false | hour in 9", "hour" },
	{ B(CONNECT), "hour in 8 .. 9", "true | hour in 8 .. 9", "hour" },
	{ B(CONNECT), "hour in []", "false | not hour in []", "hour" },
	{ B(CONNECT), "hour in [9,]", "true | hour in [9,]", "hour" },
	{ B(CONNECT), "host in []", "false | not host in []", "host" },
	{ B(CONNECT), "host in [\"a\", \"mail.example.jp\"]",
	    "true | host in [\"a\", \"mail.example.jp\"]", "host" },
	{ B(CONNECT), "host in [\"MAIL.example.jp\"]",
	    "false | not host in [\"MAIL.example.jp\"]", "host" },
	{ B(CONNECT), "host in /jp/", "true | host in /jp/", "host" },
	{ B(CONNECT), "host in [/jp\\z/]", "true | host in [/jp\\z/]", "host" },
	{ B(CONNECT), "host in [/JP\\z/i, \"b\"]",
	    "true | host in [/JP\\z/i, \"b\"]", "host" },
	{ B(CONNECT), "host not in [\"a\"]", "true | host not in [\"a\"]",
	    "host" },
	{ B(CONNECT), "host !in [\"a\"]", "true | host !in [\"a\"]", "host" },
	{ B(CONNECT), "host in table.users", "false | not host in table.users",
	    "host users" },
	{ B(CONNECT), "host in [\"a\", table.nets, table.\"a b\"]",
	    "false | not host in [\"a\", table.nets, table.\"a b\"]",
	    "host nets a b" },
	{ B(CONNECT), "host in table.users or host == \"mail.example.jp\"",
	    "true | host == \"mail.example.jp\"", "host users host" },
	{ B(CONNECT), "address in table.nets", "true | address in table.nets",
	    "address nets" },
	{ B(CONNECT), "address in [table.slow]", "PENDING | ", "address slow" },
	{ B(CONNECT), "address in [table.down, \"192.0.2.7\"]",
	    "true | address in [table.down, \"192.0.2.7\"]", "address down" },
	{ B(CONNECT), "address in [table.down, \"192.0.2.8\"]",
	    "FAILED | address in [table.down, \"192.0.2.8\"]: no server",
	    "address down" },
	{ B(CONNECT), "address in [\"192.0.2.7\", table.down]",
	    "true | address in [\"192.0.2.7\", table.down]", "address" },
	{ B(CONNECT), "address in [\"::ffff:192.0.2.7\"]",
	    "true | address in [\"::ffff:192.0.2.7\"]", "address" },
	{ B(CONNECT), "address not in remote_network.remote_addresses and "
	    "(address.local or address in remote_network.local_addresses)",
	    "false | remote_addresses \"192.0.2.7\" | test.conf:7", "address" },
	{ B(CONNECT), "address == \"IPv6:::ffff:192.0.2.7\"",
	    "true | address == \"IPv6:::ffff:192.0.2.7\"", "address" },
	{ B(CONNECT), "address.port > 1024 and not address.local",
	    "true | not address.local", "address.port address.local" },
	{ B(CONNECT), "address.family in [\"inet\", \"inet6\"]",
	    "true | address.family in [\"inet\", \"inet6\"]",
	    "address.family" },
	{ B(CONNECT), "dnsbl(\"listed.example\")", "true | listed.example",
	    "dnsbllisted.example" },
	{ B(CONNECT), "not dnsbl(\"listed.example\")", "false | listed.example",
	    "dnsbllisted.example" },
	{ B(CONNECT), "dnsbl([\"down.example\", \"listed.example\"])",
	    "true | listed.example", "dnsbldown.example dnsbllisted.example" },
	{ B(CONNECT), "dnsbl([\"slow.example\", \"listed.example\"])",
	    "true | listed.example", "dnsblslow.example dnsbllisted.example" },
	{ B(CONNECT), "dnsbl([\"slow.example\"]) or true", "PENDING | ",
	    "dnsblslow.example" },
	{ B(CONNECT), "true or dnsbl(\"slow.example\")", "true | true", "" },
	{ B(CONNECT), "dnsbl([])", "false | not dnsbl([])", "" },
	{ B(CONNECT), "dnsbl(\"zen.example=127.0.0.10/31\")",
	    "false | not dnsbl(\"zen.example=127.0.0.10/31\")",
	    "dnsblzen.example=127.0.0.10/31" },
	{ B(CONNECT), "dnsbl(dnsbl.services) == true",
	    "true | dnsbl(dnsbl.services) == true",
	    "dnsblslow.example dnsblbl.example=127.0.0.2" },
	{ B(ENVELOPE_FROM), "sender.domain in trust.envelope_from_domains",
	    "true | envelope_from_domains \"example.org\" | test.conf:7",
	    "sender.domain" },
	{ B(ENVELOPE_FROM),
	    "sender.domain in [\"example.org\", /\\.example\\.net\\z/]",
	    "true | sender.domain in [\"example.org\", "
	    "/\\.example\\.net\\z/]", "sender.domain" },
	{ B(ENVELOPE_FROM),
	    "sender.user == \"User\" and sender.param(\"SIZE\") == \"1000\"",
	    "true | sender.param(\"SIZE\") == \"1000\"",
	    "sender.user sender.paramSIZE" },
	{ B(ENVELOPE_FROM), "not authenticated", "true | not authenticated",
	    "authenticated" },
	{ B(ENVELOPE_FROM), "size > 64k", "false | not size > 64k", "size" },
	{ B(ENVELOPE_RECIPIENT),
	    "recipient.user == \"rcpt\" and recipient.domain == "
	    "\"example.net\"", "true | recipient.domain == \"example.net\"",
	    "recipient.user recipient.domain" },
	{ B(ENVELOPE_RECIPIENT),
	    "recipient.param(\"NOTIFY\") == \"NEVER\" and recipients >= 2",
	    "true | recipients >= 2", "recipient.paramNOTIFY recipients" },
	{ B(END_OF_HEADER), "header(\"Subject\") =~ /\\Ahe/",
	    "true | header(\"Subject\") =~ /\\Ahe/", "headerSubject" },
	{ B(END_OF_HEADER), "header(\"From\") == \"\" and size < 1m",
	    "true | size < 1m", "headerFrom size" },
	{ B(HEADER), "header_value =~ /yes.*is/",
	    "false | not header_value =~ /yes.*is/", "header_value" },
	{ B(HEADER), "header_value =~ /yes.*is/im",
	    "true | header_value =~ /yes.*is/im", "header_value" },
	{ B(HEADER), "header_value !~ /yes/", "true | header_value !~ /yes/",
	    "header_value" },
	{ B(BODY), "body !~ /l i n e/x", "false | not body !~ /l i n e/x",
	    "body" },
	{ B(HELO), "helo =~ //", "true | helo =~ //", "helo" },
	{ B(HELO), "helo =~ /a/ii", "true | helo =~ /a/ii", "helo" },
	{ B(HELO), "helo =~ /a/ and helo =~ /x/", "true | helo =~ /x/",
	    "helo helo" },
	{ B(HELO), "(helo == \"a\") == false",
	    "true | (helo == \"a\") == false", "helo" },
	{ B(HELO), "010 == 10", "true | 010 == 10", "" },
	{ B(HELO), "((tls) and (tls or stressed))", "true | tls", "tls tls" },
	{ B(HELO), "lookup(table.users, \"a@b\") == \"OK, one\"",
	    "true | lookup(table.users, \"a@b\") == \"OK, one\"", "users" },
	{ B(HELO), "lookup(table.nets, address) == \"\"",
	    "true | lookup(table.nets, address) == \"\"", "address nets" },
	{ B(HELO), "lookup(table.down, helo) == \"\"",
	    "FAILED | lookup(table.down, helo): no server", "helo down" },
	{ B(HELO), "lookup(table.slow, helo) == \"\"", "PENDING | ",
	    "helo slow" },
	{ B(HELO), "lookup(table.users, lookup(table.users, \"a@b\")) == \"\"",
	    "true | lookup(table.users, lookup(table.users, \"a@b\")) == "
	    "\"\"", "users users" },
	{ B(HELO), "s25r.check_only_ipv4", "true | s25r.check_only_ipv4", "" },
	{ B(HELO), "s25r.check_only_ipv4 == false",
	    "false | not s25r.check_only_ipv4 == false", "" },
	{ B(HELO), "host in restrict_accounts.accounts",
	    "false | not in accounts", "host a b" },
	{ B(HELO), "helo == \"\303\251\" or tls == false",
	    "false | not tls == false", "helo tls" },
	{ S(CONNECT), "\"a b\"", "a b | \"a b\"", "" },
	{ S(CONNECT), "host == \"a\"", "false | not host == \"a\"", "host" },
	{ S(CONNECT), "0", "0 | 0", "" },
	{ S(CONNECT), "false", "false | not false", "" },
	{ S(CONNECT), "lookup(table.users, \"a@b\")",
	    "OK, one | lookup(table.users, \"a@b\")", "users" },
	{ S(CONNECT), "macro(\"none\")", " | macro(\"none\")", "macronone" },
	{ S(CONNECT), "macro(\"slow\")", "PENDING | ", "macroslow" },
	{ S(CONNECT), "macro(\"down\")", "FAILED | macro(\"down\")",
	    "macrodown" },
	{ S(CONNECT), "address.port", "25252 | address.port", "address.port" },
};

#undef B
#undef S

H_CASE(values, "Each operator, fact and list: its value, why, what was asked")
{
	char why[EXPR_WHY_MAX], text[600];
	struct h_expr h;
	struct expr *e, *again;
	size_t at, i;

	h_expr_open(&h);
	for (i = 0; i < COUNT(t); i++) {
		e = expr_new(t[i].text, strlen(t[i].text), t[i].type,
		    t[i].stage, &at, why);
		if (e == NULL) {
			atf_tc_fail_nonfatal("%s: %zu: %s", t[i].text, at,
			    why);
			continue;
		}
		if (expr_resolve(e, &h.conf, why) == -1)
			atf_tc_fail_nonfatal("%s: %s", t[i].text, why);
		(void)h_expr_eval(&h, e, text, sizeof(text));
		if (strcmp(text, t[i].result) != 0)
			atf_tc_fail_nonfatal("%s: \"%s\", not \"%s\"",
			    t[i].text, text, t[i].result);
		if (strcmp(h.asked, t[i].asked) != 0)
			atf_tc_fail_nonfatal("%s: asked \"%s\", not \"%s\"",
			    t[i].text, h.asked, t[i].asked);
		/* A second time is the same: nothing is kept. */
		(void)h_expr_eval(&h, e, text, sizeof(text));
		ATF_CHECK_STREQ(text, t[i].result);
		/* And so is what was kept as text, one line. */
		ATF_CHECK(strchr(expr_text(e), '\n') == NULL);
		again = expr_new(expr_text(e), strlen(expr_text(e)), t[i].type,
		    t[i].stage, &at, why);
		ATF_REQUIRE(again != NULL);
		ATF_CHECK_STREQ(expr_text(e), expr_text(again));
		expr_free(again);
		expr_free(e);
	}
	h_expr_close(&h);
}

H_CASE(failure, "When nothing can be known only what needs nothing is known")
{
	char why[EXPR_WHY_MAX], text[600];
	enum eval_state state;
	struct h_expr h;
	struct expr *e;
	size_t at, i;

	h_expr_open(&h);
	h.fail = true;
	for (i = 0; i < COUNT(t); i++) {
		e = expr_new(t[i].text, strlen(t[i].text), t[i].type,
		    t[i].stage, &at, why);
		ATF_REQUIRE(e != NULL);
		ATF_REQUIRE(expr_resolve(e, &h.conf, why) == 0);
		state = h_expr_eval(&h, e, text, sizeof(text));
		ATF_CHECK(state != EVAL_PENDING);
		if (h.asked[0] == '\0')
			ATF_CHECK_MSG(state == EVAL_OK, "%s: %s", t[i].text,
			    text);
		expr_free(e);
	}
	h_expr_close(&h);
}

static char *
evaluate(struct h_expr *h, const char *text, char *out, size_t size)
{
	char why[EXPR_WHY_MAX] = "";
	size_t at = 0;
	struct expr *e = expr_new(text, strlen(text), EXPR_BOOL, CONF_CONNECT,
	    &at, why);

	ATF_REQUIRE_MSG(e != NULL, "%zu: %s", at, why);
	(void)h_expr_eval(h, e, out, size);
	expr_free(e);
	return (out);
}

H_CASE(long_why, "A long reason is cut, and is one printable line")
{
	char text[2000], out[600];
	struct eval_why *why = NULL;
	struct h_expr h;
	size_t n;

	h_expr_open(&h);
	snprintf(text, sizeof(text), "host == \"%0900d\"", 0);
	evaluate(&h, text, out, sizeof(out));
	n = strlen("false | ") + sizeof(why->rule) - 1;
	ATF_CHECK_EQ(strlen(out), n);
	ATF_CHECK_STREQ(out + n - 6, "000...");
	evaluate(&h, "host == \"\303\251\"", out, sizeof(out));
	ATF_CHECK_STREQ(out, "false | not host == \"??\"");
	/* A rule of a key, too, and there the quote is closed. */
	snprintf(text, sizeof(text), "[\"%0900d\", /\\Amail/]", 0);
	h_expr_rules(&h.conf.s25r_whitelist, RULES_STRINGS, text);
	ATF_CHECK_STREQ(evaluate(&h, "host in s25r.whitelist", out,
	    sizeof(out)), "true | whitelist /\\Amail/ | test.conf:7");
	h_expr_close(&h);
}

/* Asks for what is longer than the scratch. */
static enum eval_state
long_fact(void *arg, enum fact fact, const char *name, struct eval_value *out)
{
	static char text[EXPR_SCRATCH];

	ATF_CHECK(fact == FACT_HOST || fact == FACT_PTR);
	if (fact == FACT_PTR)
		ATF_CHECK(name != NULL && strlen(name) == *(size_t *)arg);
	memset(text, 'x', sizeof(text));
	out->text = text;
	out->len = *(size_t *)arg;
	return (EVAL_OK);
}

H_CASE(scratch, "What has no room has failed, and nothing is overrun")
{
	static const char text[] = "ptr(host) == \"a\"";
	char why[EXPR_WHY_MAX];
	struct eval_env env;
	struct eval eval;
	struct expr *e;
	size_t at, len;

	memset(&env, 0, sizeof(env));
	env.fact = long_fact;
	env.arg = &len;
	eval.env = &env;
	e = expr_new(text, sizeof(text) - 1, EXPR_BOOL, CONF_CONNECT, &at,
	    why);
	ATF_REQUIRE(e != NULL);
	for (len = EXPR_SCRATCH - 2; len <= EXPR_SCRATCH; len++)
		ATF_CHECK_EQ(expr_eval(e, &eval) == EVAL_OK,
		    len < EXPR_SCRATCH);
	ATF_CHECK_STREQ(eval.why.rule, "ptr(host): too long");
	expr_free(e);
}

static void
note_fact(enum fact fact, const char *name, void *arg)
{
	h_expr_note(arg, fact_table[fact].name, name);
}

H_CASE(facts, "All facts that may be asked are told, with their names")
{
	static const char text[] = "macro(\"{j}\") == \"a\" or "
	    "child(\"A\").stopped and ptr(host) == ptr or "
	    "sender.param(\"SIZE\") in table.users or dnsbl(\"b\")";
	char why[EXPR_WHY_MAX];
	struct h_expr h;
	struct expr *e;
	size_t at;

	memset(&h, 0, sizeof(h));
	e = expr_new(text, sizeof(text) - 1, EXPR_BOOL, CONF_DATA, &at, why);
	ATF_REQUIRE(e != NULL);
	expr_facts(e, note_fact, &h);
	ATF_CHECK_STREQ(h.asked, "macroj child.stoppedA host ptr ptr "
	    "sender.paramSIZE dnsbl");
	expr_free(e);
	expr_free(NULL);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, failure);
	ATF_TP_ADD_TC(tp, long_why);
	ATF_TP_ADD_TC(tp, scratch);
	ATF_TP_ADD_TC(tp, facts);
	return (atf_no_error());
}
