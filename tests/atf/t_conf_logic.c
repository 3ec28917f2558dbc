/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_logic.c - conditions, lists of rules and tables as keys.
 */
#include "d_conf.h"

static const struct {
	const char	*text, *shown;
} good[] = {
	{ "condition.a.stop_on_connect = host == \"x\"",
	    "condition.a.stop_on_connect = host == \"x\"" },
	{ "condition.\"a b\".stop_on_connect = host==\"#\"   # host is it",
	    "condition.\"a b\".stop_on_connect = host==\"#\"" },
	{ "condition.a.stop_on_connect = host =~ /a#\\/b/i # c\n",
	    "condition.a.stop_on_connect = host =~ /a#\\/b/i" },
	{ "condition.a.stop_on_connect = (host == \"x\" # one\n"
	    "  or host == \"y\" # ), two\n\n)\nmilter.m.enabled = false",
	    "milter.m.enabled = false" },
	{ "condition.a.stop_on_connect = host in [\"x\",\n \"y\"\n]\n"
	    "condition.a.description = \"d\"",
	    "condition.a.description = \"d\"" },
	{ "condition.a.stop_on_connect = stressed\n"
	    "condition.a.stop_on_connect = hour == 3",
	    "condition.a.stop_on_connect = hour == 3" },
	{ "condition.a.stop_on_connect = stressed\n"
	    "condition.a.stop_on_connect = nil",
	    "condition.a.stop_on_connect = nil" },
	{ "condition.a.set_macro.\"{xy}\" = connect: \"if\" if "
	    "host == \" if \"",
	    "condition.a.set_macro.\"{xy}\" = connect: \"if\" if "
	    "host == \" if \"" },
	{ "condition.a.set_macro.x = envelope_from :sender.domain",
	    "condition.a.set_macro.x = envelope_from: sender.domain" },
	{ "condition.a.set_macro.x = helo: hour if(stressed)",
	    "condition.a.set_macro.x = helo: hour if (stressed)" },
	{ "condition.a.set_note.\"a b\" = connect: \"x\"\n"
	    "condition.a.set_note.c = connect: \"y\"\n"
	    "condition.a.set_note.c = nil",
	    "condition.a.set_note.\"a b\" = connect: \"x\"" },
	/* What is built in can be changed, a key at a time. */
	{ "condition.S25R.stop_on_connect = false",
	    "condition.S25R.stop_on_connect = false" },
	{ "s25r.whitelist = [\"a\", /b/i,\n\t# none\n /\\.c\\z/]",
	    "s25r.whitelist = [\"a\", /b/i, /\\.c\\z/]" },
	{ "s25r.whitelist = []\ns25r.whitelist += /x/ # y",
	    "s25r.whitelist = [/x/]" },
	{ "s25r.whitelist = []\ns25r.whitelist += \"x\"\n"
	    "s25r.whitelist += [\"y\", \"z\"]",
	    "s25r.whitelist = [\"x\", \"y\", \"z\"]" },
	{ "s25r.whitelist = []\ns25r.whitelist = nil",
	    "s25r.whitelist = [/\\.google\\.com\\z/, /\\.obsmtp\\.com\\z/, "
	    "/\\.smtp-out\\.amazonses\\.com\\z/, /\\.slack\\.com\\z/, "
	    "/\\.mg\\.gitlab\\.com\\z/, /\\.sendgrid\\.net\\z/]" },
	{ "s25r.only_check_ipv4 = false", "s25r.check_only_ipv4 = false" },
	{ "remote_network.local_addresses = [\"192.0.2.0/24\", "
	    "\"2001:db8::1\"]", "remote_network.local_addresses = "
	    "[\"192.0.2.0/24\", \"2001:db8::1\"]" },
	{ "dnsbl.services = [\"a.example=127.0.0.2\", \"b.example\"]",
	    "dnsbl.services = [\"a.example=127.0.0.2\", \"b.example\"]" },
	{ "dnsbl.name_server = [\"127.0.0.1\", \"[::1]:5300\"]",
	    "dnsbl.name_servers = [\"127.0.0.1\", \"[::1]:5300\"]" },
	{ "detect.root = \"/jail\"", "detect.root = \"/jail\"" },
	{ "stress.threshold_n_connections = 75",
	    "stress.threshold_n_connections = 75" },
	{ "stress.threshold_n_connections = 75\n"
	    "stress.threshold_n_connections = nil",
	    "stress.threshold_n_connections = nil" },
	{ "database.type = \"sqlite3\"\ntable.t = \"database:SELECT a FROM b\"",
	    "table.t = \"database:SELECT a FROM b\"" },
	{ "table.\"t u\" = \"exec:cat /x\"\ntable.\"t u\" = nil\n"
	    "table.v = \"exec:echo 'a b'\"", "table.v = \"exec:echo 'a b'\"" },
	{ "table.t = \"socketmap:unix:/run/x:map\"",
	    "table.t = \"socketmap:unix:/run/x:map\"" },
	{ "table.t = \"socketmap:inet:[::1]:99:map\"",
	    "table.t = \"socketmap:inet:[::1]:99:map\"" },
	{ "table.t = \"list:/etc/passwd\"\n"
	    "condition.a.stop_on_connect = host in table.t",
	    "condition.a.stop_on_connect = host in table.t" },
};

H_CASE(values, "Expressions, lists of rules and tables are taken and shown")
{
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		conf_expect(good[i].text, good[i].shown);
}

static const struct {
	const char	*text, *part;
} bad[] = {
	{ "condition.a.stop_on_connect =", "c:1: condition.a.stop_on_connect: "
	    "a value is missing, expected an expression" },
	{ "condition.a.stop_on_connect = host", "c:1: "
	    "condition.a.stop_on_connect: " },
	{ "condition.a.stop_on_connect += stressed", "+= appends to a list" },
	{ "condition.a.stop_on_connect = (stressed\nmilter.a.enabled = false",
	    "c:1: condition.a.stop_on_connect: a bracket is not closed" },
	{ "condition.a.stop_on_connect = (stressed",
	    "a bracket is not closed" },
	/* The line of the fault, not of the statement. */
	{ "condition.a.stop_on_connect = (stressed or\n\n hots == \"x\")",
	    "c:3: condition.a.stop_on_connect: " },
	{ "condition.a.stop_on_connect = stressed \x01", "c:1: " },
	{ "condition.a.stop_on_conect = stressed",
	    "did you mean condition.a.stop_on_connect?" },
	{ "conditions.a.stop_on_connect = stressed",
	    "did you mean condition.a.stop_on_connect?" },
	{ "condition.Office hours.stop_on_connect = stressed",
	    "a name with spaces is written in quotes" },
	/* Its name is known, even if nothing else is right. */
	{ "condition.a.stop_on_conect = stressed\nmilter.b.enabled = false\n"
	    "milter.b.applicable_conditions = [\"a\", \"b\"]",
	    "did you mean condition.a.stop_on_connect?\n"
	    "c:3: milter.b.applicable_conditions: no condition of the name "
	    "\"b\" is " },
	{ "condition.a = stressed", "a key of a condition is written "
	    "condition.NAME.KEY" },
	{ "condition.*.stop_on_connect = stressed",
	    "cannot have the name \"*\"" },
	{ "condition.a.set_macro = \"x\"", "this key has entries, and one is "
	    "written condition.NAME.set_macro.\"{name}\"" },
	{ "condition.a.set_macro.long = connect: \"x\"",
	    "write \"{long}\"" },
	{ "condition.a.set_macro.x = \"x\"", "expected a stage and a value" },
	{ "condition.a.set_macro.x = conect: \"x\"",
	    "this is no stage, expected connect, helo, envelope_from, " },
	{ "condition.a.set_macro.x = mail: \"x\"", "body or end_of_message" },
	{ "condition.a.set_macro.x = \"a: b\"",
	    "expected a stage and a value" },
	{ "condition.a.set_macro.x = connect \"x\"",
	    "expected a stage and a value" },
	{ "condition.a.set_macro.x = connect: ", "c:1: condition.a" },
	{ "condition.a.set_macro.x = connect: if stressed",
	    "c:1: condition.a" },
	{ "condition.a.set_macro.x = connect: \"x\" if", "c:1: condition.a" },
	{ "condition.a.set_macro.x = connect: \"x\" if \"y\"",
	    "c:1: condition.a.set_macro.x: " },
	{ "condition.a.set_macro.x = connect: sender", "sender is known from "
	    "envelope_from on, this is connect" },
	{ "condition.a.set_note.\"a\\nb\" = connect: \"x\"",
	    "a name has 1 to 64 bytes" },
	{ "condition.a.stop_on_connect = host in table.nix",
	    "c:1: condition.a.stop_on_connect: " },
	{ "condition.a.stop_on_connect = child(\"nix\").stopped",
	    "c:1: condition.a.stop_on_connect: " },
	{ "condition.a.set_note.x = connect: \"1\" if host in table.nix",
	    "c:1: condition.a.set_note.\"x\": " },
	{ "s25r.whitelist += table.nix", "c:1: s25r.whitelist: " },
	{ "s25r.whitelist = /x/", "expected a list in brackets" },
	{ "s25r.whitelist = [/(/]", "c:1: s25r.whitelist: " },
	{ "s25r.whitelist += /(?=a)/", "c:1: s25r.whitelist: " },
	{ "s25r.whitelist = [\"a\",\n\"b\",\nc]", "c:3: s25r.whitelist: " },
	{ "remote_network.local_addresses += \"10.0.0.1/8\"",
	    "c:1: remote_network.local_addresses: " },
	{ "remote_network.local_addresses += /x/",
	    "c:1: remote_network.local_addresses: " },
	{ "dnsbl.services += \"a=b\"", "c:1: dnsbl.services: " },
	{ "dnsbl.name_servers = [\"ns.example.com\"]", "c:1: "
	    "dnsbl.name_servers: found \"ns.example.com\", expected "
	    "\"ADDRESS\"" },
	{ "dnsbl.name_servers = [\"[::1\"]", "c:1: dnsbl.name_servers" },
	{ "dnsbl.name_servers = [\"127.0.0.1:0\"]", "dnsbl.name_servers" },
	{ "dnsbl.name_servers = [\"127.0.0.1:99999\"]", "dnsbl.name_servers" },
	{ "detect.root = \"jail\"", "c:1: detect.root: found \"jail\", "
	    "expected an absolute path" },
	{ "database.type = \"oracle\"", "c:1: database.type: found \"oracle\", "
	    "expected \"sqlite3\"" },
	{ "table.t = \"database:SELECT 1\"", "c:1: table.t: there is no "
	    "database.type" },
	{ "database.type = \"pg\"\ntable.t = \"database:DELETE FROM x\"",
	    "c:2: table.t: expected a SELECT" },
	{ "table.t = \"/etc/passwd\"", "c:1: table.t: found \"/etc/passwd\", "
	    "expected \"list:/PATH\"" },
	{ "table.t = \"list:users\"", "expected an absolute path" },
	{ "table.t = \"list:/nix/nix\"", "c:1: table.t: /nix/nix: cannot be "
	    "read: " },
	{ "table.t = \"list:/\"", "c:1: table.t: " },
	{ "table.t = \"exec:\"", "expected a command" },
	{ "table.t = \"socketmap:unix:/run/x\"", "c:1: table.t: " },
	{ "table.t = \"socketmap:inet:host\"", "a socketmap is written" },
	{ "table.t = \"socketmap:inet:127.0.0.1:0x:m\"", "c:1: table.t: " },
	{ "table.t = [\"a\"]", "expected a string in quotes" },
	{ "table = \"a\"", "c:1: table: " },
	{ "table.a.b = \"list:/x\"", "c:1: table.a.b: unknown key" },
	{ "trust.load_envelope_from_domains = \"/nix/nix\"",
	    "there is no such file" },
};

H_CASE(faults, "What is wrong is told with its line")
{
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		ATF_CHECK_EQ_MSG(conf_load_text(bad[i].text), NULL, "%s",
		    bad[i].text);
		ATF_CHECK_MSG(strstr(conf_said, bad[i].part) != NULL,
		    "%s\nsaid: %sexpected: %s", bad[i].text, conf_said,
		    bad[i].part);
	}
}

H_CASE(trust_file, "Domains that are trusted come from a file, too")
{
	static const char domains[] = "# trusted\nExample.ORG\n\n"
	    "  b.example  \r\n/\\.Sub\\.example\\z/\nc\\d.example";
	static const char text[] = "trust.envelope_from_domains = [\"x\"]\n"
	    "trust.load_envelope_from_domains = \"domains\"\n";

	conf_write("domains", domains, sizeof(domains) - 1);
	conf_expect(text, "trust.envelope_from_domains = [\"x\", "
	    "\"example.org\", \"b.example\", /\\.Sub\\.example\\z/i, "
	    "\"c\\\\d.example\"]");
	conf_write("domains", "a\n/(/\n", 6);
	ATF_CHECK_EQ(conf_load_text(text), NULL);
	ATF_CHECK_MSG(strstr(conf_said, "domains:2: ") != NULL, "%s",
	    conf_said);
}

H_CASE(many, "Names, entries and tables have their limits")
{
	static char text[200000];
	size_t i, n = 0;
	struct conf *c;

	for (i = 0; i < 1100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "condition.c%zu.stop_on_connect = stressed\n", i);
	ATF_CHECK_EQ(conf_load_text(text), NULL);
	ATF_CHECK(strstr(conf_said, "more than 1000 conditions") != NULL);
	for (i = n = 0; i < 201; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "table.t%zu = \"exec:x\"\n", i);
	ATF_CHECK_EQ(conf_load_text(text), NULL);
	ATF_CHECK(strstr(conf_said, "more than 200 tables") != NULL);
	for (i = n = 0; i < 101; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "condition.a.set_note.n%zu = connect: \"1\"\n", i);
	ATF_CHECK_EQ(conf_load_text(text), NULL);
	ATF_CHECK(strstr(conf_said, "more than 100") != NULL);
	/* A long list is shown in more than one statement. */
	n = (size_t)snprintf(text, sizeof(text), "s25r.whitelist = []\n");
	for (i = 0; i < 2000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "s25r.whitelist += \"host-%zu.an.example.org\"\n", i);
	c = conf_load_text(text);
	ATF_REQUIRE_MSG(c != NULL, "%s", conf_said);
	ATF_CHECK_EQ(c->s25r_whitelist.n, 2000);
	conf_unref(c);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, trust_file);
	ATF_TP_ADD_TC(tp, many);
	return (atf_no_error());
}
