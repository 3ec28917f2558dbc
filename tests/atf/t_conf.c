/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf.c - the configuration language: what is right, and what is said of
 * the rest.
 */
#include "d_conf.h"

#include <syslog.h>

#include "base/log.h"

#define DURATION(min, max) "expected a duration from " min " to " max ", " \
	"like 7, 7.5, 500ms, 5s, 10m, 2h or 1d\n"

H_CASE(defaults, "An empty configuration has the documented defaults")
{
	const struct conf_milter *m;
	struct conf *c = conf_load_text("milter.a.enabled = false\n");

	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(c->log_levels, LOGL_DEFAULT);
	ATF_CHECK(c->log_path == NULL);
	ATF_CHECK(c->log_use_syslog);
	ATF_CHECK_EQ(c->log_facility, LOG_MAIL);
	ATF_CHECK_STREQ(c->spec_text, "inet:10025@[127.0.0.1]");
	ATF_CHECK_EQ(c->spec.family, AF_INET);
	ATF_CHECK_EQ(c->spec.port, 10025);
	ATF_CHECK_STREQ(c->spec.host, "127.0.0.1");
	ATF_CHECK_EQ(c->socket_mode, 0660);
	ATF_CHECK(c->socket_group == NULL);
	ATF_CHECK(c->socket_remove_on_create);
	ATF_CHECK(c->socket_remove_on_close);
	ATF_CHECK(!c->daemon);
	ATF_CHECK(c->pid_file == NULL);
	ATF_CHECK_STREQ(c->event_loop_backend, "auto");
	ATF_CHECK_EQ(c->fallback_status, CONF_ACCEPT);
	ATF_CHECK_EQ(c->mta, CONF_MTA_AUTO);
	ATF_CHECK_EQ(c->max_connections, 0);
	ATF_CHECK_EQ(c->max_file_descriptors, 0);
	ATF_CHECK_EQ(c->suspend_time_on_unacceptable, 5000);
	ATF_CHECK_EQ(c->idle_timeout, 7210000);
	ATF_CHECK_EQ(c->progress_interval, 5000);
	ATF_CHECK_EQ(c->shutdown_timeout, 30000);
	ATF_CHECK_EQ(c->chunk_size, 65535);
	ATF_CHECK_EQ(c->max_packet_size, 1048576);
	ATF_CHECK_EQ(c->max_header_size, 4194304);
	ATF_CHECK_EQ(c->body_memory_limit, 262144);
	ATF_CHECK_STREQ(c->spool_directory, "/tmp");
	ATF_CHECK(c->origin[0].file == NULL);

	m = conf_milter(c, "a");
	ATF_REQUIRE(m != NULL && m == c->milters[0] && c->n_milters == 1);
	ATF_CHECK(conf_milter(c, "b") == NULL);
	ATF_CHECK_STREQ(m->name, "a");
	ATF_CHECK_EQ(m->index, 0);
	ATF_CHECK(!m->enabled);
	ATF_CHECK(m->description == NULL);
	ATF_CHECK_EQ(0, m->specs.text.n);
	ATF_CHECK_EQ(m->fallback_status, CONF_ACCEPT);
	ATF_CHECK_EQ(m->fallback_status_local, CONF_UNSET);
	ATF_CHECK_EQ(m->fallback_status_authenticated, CONF_UNSET);
	ATF_CHECK(!m->evaluation_mode);
	ATF_CHECK_EQ(m->applicable_conditions.n, 0);
	ATF_CHECK(m->command == NULL);
	ATF_CHECK_EQ(m->command_options.n, 0);
	ATF_CHECK(m->user_name == NULL);
	ATF_CHECK_EQ(m->connection_timeout, 297000);
	ATF_CHECK_EQ(m->writing_timeout, 7000);
	ATF_CHECK_EQ(m->reading_timeout, 7000);
	ATF_CHECK_EQ(m->end_of_message_timeout, 297000);
	conf_unref(c);

	ATF_CHECK_STREQ(conf_status_name(CONF_ACCEPT), "accept");
	ATF_CHECK_STREQ(conf_status_name(CONF_TEMPFAIL), "temporary-failure");
	ATF_CHECK_STREQ(conf_status_name(CONF_REJECT), "reject");
	ATF_CHECK_STREQ(conf_status_name(CONF_DISCARD), "discard");
}

/* One line in; one line of conf_show(), or the same. */
static const struct {
	const char	*text, *shown;
} good[] = {
	/* booleans */
	{ "manager.daemon = true", NULL },
	{ "manager.daemon=true", "manager.daemon = true" },
	{ "\t manager.daemon\t =  true \t# yes", "manager.daemon = true" },
	{ "manager.daemon = true#", "manager.daemon = true" },
	{ "\"manager\".\"daemon\" = true", "manager.daemon = true" },
	/* numbers, octal */
	{ "manager.max_connections = 1000000", NULL },
	{ "manager.max_connections = 010",
	    "manager.max_connections = 8" },
	{ "manager.unix_socket_mode = 0", "manager.unix_socket_mode = 0660" },
	{ "manager.unix_socket_mode = 07", "manager.unix_socket_mode = 0007" },
	{ "manager.unix_socket_mode = 0777", NULL },
	/* durations */
	{ "manager.idle_timeout = 7", "manager.idle_timeout = 7s" },
	{ "manager.idle_timeout = 297.0", "manager.idle_timeout = 297s" },
	{ "manager.idle_timeout = 7.5", "manager.idle_timeout = 7.5s" },
	{ "manager.idle_timeout = 500ms", "manager.idle_timeout = 0.5s" },
	{ "manager.idle_timeout = 1ms", "manager.idle_timeout = 0.001s" },
	{ "manager.idle_timeout = 7.05s", NULL },
	{ "manager.idle_timeout = 10m", "manager.idle_timeout = 600s" },
	{ "manager.idle_timeout = 1.5h", "manager.idle_timeout = 5400s" },
	{ "manager.idle_timeout = 30d", "manager.idle_timeout = 2592000s" },
	{ "manager.progress_interval = 0", "manager.progress_interval = 0s" },
	/* sizes */
	{ "manager.body_memory_limit = 0", NULL },
	{ "manager.body_memory_limit = 1000", NULL },
	{ "manager.body_memory_limit = 1024",
	    "manager.body_memory_limit = 1k" },
	{ "manager.body_memory_limit = 1g", NULL },
	{ "manager.max_packet_size = 64m", NULL },
	/* words */
	{ "manager.fallback_status = \"temporary-failure\"", NULL },
	{ "manager.fallback_status = \"Temporary_Failure\"",
	    "manager.fallback_status = \"temporary-failure\"" },
	{ "manager.fallback_status = \"quarantine\"", NULL },
	{ "manager.fallback_status = \"shutdown\"", NULL },
	{ "milter.a.enabled = false\nmilter.a.fallback_status_local = "
	    "\"reject\"\nmilter.a.fallback_status_local = nil",
	    "milter.a.fallback_status_local = nil" },
	{ "manager.mta = \"sendmail\"", NULL },
	{ "log.syslog_facility = \"local3\"", NULL },
	{ "log.level = \"all\"", NULL },
	{ "log.level = \"none\"", NULL },
	{ "log.level = \"+debug\"", "log.level = \"critical|error|warning|"
	    "message|debug|statistics\"" },
	{ "log.level = \"info | error\"", "log.level = \"error|info\"" },
	{ "manager.event_loop_backend = \"poll\"", NULL },
	{ "manager.event_loop_backend = \"glib\"", NULL },
	{ "manager.event_loop_backend = \"libev\"", NULL },
	/* strings */
	{ "log.path = \"-\"", NULL },
	{ "log.path = \"a # b\"", NULL },
	{ "log.path = \"\\n\\t\\r\\a\\b\\f\\v\\\\\\\"\"", NULL },
	{ "log.path = \"\\x41\\102\\7\\x7F\"",
	    "log.path = \"AB\\a\\x7f\"" },
	{ "log.path = \"\\1012\\x414\"", "log.path = \"A2A4\"" },
	{ "log.path = \"Gr\xc3\xbc\xc3\x9f""e \\xff\"",
	    "log.path = \"Gr\xc3\xbc\xc3\x9f""e \xff\"" },
	{ "log.path = \"x\"\nlog.path = nil", "log.path = nil" },
	{ "manager.connection_spec = \"unix:/run/x\"", NULL },
	{ "manager.connection_spec = \"inet:0@[127.0.0.1]\"", NULL },
	{ "manager.connection_spec = \"inet:1\"\n"
	    "manager.connection_spec = nil",
	    "manager.connection_spec = \"inet:10025@[127.0.0.1]\"" },
	/* lists */
	{ "milter.a.enabled = false\nmilter.a.command_options = [\"x\", "
	    "\"y\"]", "milter.a.command_options = [\"x\", \"y\"]" },
	{ "milter.a.enabled = false\nmilter.a.command_options = [ # one\n"
	    "\n  \"#x\", # two ]\n\"y\"\n,\n]# end",
	    "milter.a.command_options = [\"#x\", \"y\"]" },
	{ "milter.a.enabled = false\nmilter.a.command_options = []",
	    "milter.a.command_options = []" },
	{ "milter.a.enabled = false\nmilter.a.command_options = [\"x\"]\n"
	    "milter.a.command_options += [\"y\", \"\"]\n"
	    "milter.a.command_options += \"z\"",
	    "milter.a.command_options = [\"x\", \"y\", \"\", \"z\"]" },
	{ "milter.a.enabled = false\nmilter.a.command_options = [\"x\"]\n"
	    "milter.a.command_options = nil",
	    "milter.a.command_options = []" },
	{ "milter.a.enabled = false\nmilter.a.applicable_conditions = []",
	    "milter.a.applicable_conditions = []" },
	/* names */
	{ "milter.\"my milter\".enabled = false",
	    "milter.\"my milter\".enabled = false" },
	{ "milter.\"plain\".enabled = false", "milter.plain.enabled = false" },
	{ "milter.7.enabled = false", "milter.7.enabled = false" },
	{ "milter.\"a.b\\\"\\\\\".enabled = false",
	    "milter.\"a.b\\\"\\\\\".enabled = false" },
	{ "milter.\"\xc3\xbc\".enabled = false",
	    "milter.\"\xc3\xbc\".enabled = false" },
	{ "milter.a.connection_spec = \"inet6:1@[::1]\"",
	    "milter.a.connection_spec = \"inet6:1@[::1]\"" },
	/* the form of the file */
	{ "\xef\xbb\xbfmanager.daemon = true", "manager.daemon = true" },
	{ "#x\r\n\r\nmanager.daemon = true\r\nlog.path = \"x\"\r\n",
	    "manager.daemon = true" },
	{ "milter.a.enabled = false\r\nmilter.a.command_options = [\r\n"
	    "\"x\",\r\n]\r\n", "milter.a.command_options = [\"x\"]" },
	{ "manager.daemon = false\nmanager.daemon = true",
	    "manager.daemon = true" },
};

H_CASE(values, "Every form of a value is read and shown again")
{
	char text[512];
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		conf_expect(good[i].text, good[i].shown != NULL ?
		    good[i].shown : good[i].text);
		snprintf(text, sizeof(text), "%s\n", good[i].text);
		conf_expect(text, good[i].shown != NULL ?
		    good[i].shown : good[i].text);
	}
}

static const struct {
	const char	*text, *said;
} bad[] = {
	/* keys */
	{ "manager.deamon = true", "c:1: manager.deamon: unknown key, did you "
	    "mean manager.daemon?\n" },
	{ "manger.daemon = true", "c:1: manger.daemon: unknown key, did you "
	    "mean manager.daemon?\n" },
	{ "daemon = true", "c:1: daemon: unknown key, did you mean "
	    "manager.daemon?\n" },
	{ "log.daemon = true", "c:1: log.daemon: unknown key, did you mean "
	    "manager.daemon?\n" },
	{ "laod = \"x\"", "c:1: laod: unknown key, did you mean load?\n" },
	{ "x.y.z = 1", "c:1: x.y.z: unknown key, expected one of "
	    "milter-manager.conf(5)\n" },
	{ "a.b.c.d = 1", "c:1: a.b.c.d: unknown key, expected one of "
	    "milter-manager.conf(5)\n" },
	{ "milter.\"a b\".conection_spec = \"inet:1\"", "c:1: milter.\"a b\"."
	    "conection_spec: unknown key, did you mean milter.\"a b\"."
	    "connection_spec?\n" },
	{ "milters.a.enabled = false", "c:1: milters.a.enabled: unknown key, "
	    "did you mean milter.a.enabled?\n" },
	{ "milter.enabled = false", "c:1: milter.enabled: a key of a milter "
	    "is written milter.NAME.KEY, a NAME with dots or spaces in "
	    "quotes\n" },
	{ "milter.a.b.enabled = false", "c:1: milter.a.b.enabled: a key of a "
	    "milter is written milter.NAME.KEY, a NAME with dots or spaces in "
	    "quotes\n" },
	{ "milter.\"\".enabled = false", "c:1: milter.\"\".enabled: the "
	    "milter's name must have 1 to 64 characters\n" },
	{ "milter.\"*\".enabled = false", "c:1: milter.\"*\".enabled: a milter "
	    "cannot have the name \"*\"; without quotes it stands for every "
	    "milter\n" },
	{ "milter.\"a\\n\".enabled = false", "c:1: milter.\"a\\\\n\".enabled: "
	    "a control character in the milter's name\n" },
	{ "milter.*.enabled = false", "c:1: milter.*.enabled: no milter is "
	    "defined yet; * stands for those that are named above\n" },
	/* statements */
	{ "manager.daemon", "c:1: manager.daemon: expected = or += behind the "
	    "key\n" },
	{ "manager.daemon true", "c:1: manager.daemon: expected = or += "
	    "behind the key\n" },
	{ "manager.daemon: true", "c:1: manager.daemon: unexpected :, "
	    "expected = or += behind the key\n" },
	{ "load(\"x\")", "c:1: load: unexpected (, expected = or += behind "
	    "the key; upstream's Ruby is translated by milter-manager "
	    "import\n" },
	{ "milter.my av.enabled = false", "c:1: milter.my: expected = or += "
	    "behind the key; a name with spaces is written in quotes\n" },
	{ "manager. = 1", "c:1: manager: expected a key\n" },
	{ "= 1", "c:1: expected a key\n" },
	{ "manager.daemon =", "c:1: manager.daemon: a value is missing, "
	    "expected true or false\n" },
	{ "manager.daemon = # true\n", "c:1: manager.daemon: a value is "
	    "missing, expected true or false\n" },
	{ "manager.daemon += true", "c:1: manager.daemon: += appends to a "
	    "list, and this is none; write =\n" },
	{ "log.path = \"a\" \"b\"", "c:1: log.path: text behind the value, "
	    "expected the end of the line or a # comment\n" },
	{ "milter.a.command_options = [\"a\"] b", "c:1: milter.a."
	    "command_options: text behind the value, expected the end of the "
	    "line or a # comment\n" },
	/* types */
	{ "manager.daemon = yes", "c:1: manager.daemon: found yes, expected "
	    "true or false\n" },
	{ "manager.daemon = \"true\"", "c:1: manager.daemon: found \"true\", "
	    "expected true or false\n" },
	{ "manager.daemon = nil", "c:1: manager.daemon: found nil, expected "
	    "true or false\n" },
	{ "manager.daemon = [\"x\"]", "c:1: manager.daemon: found a list, "
	    "expected true or false\n" },
	{ "manager.max_connections = -1", "c:1: manager.max_connections: "
	    "found -1, expected a number from 0 to 1000000\n" },
	{ "manager.max_connections = 1000001", "c:1: manager.max_connections: "
	    "found 1000001, expected a number from 0 to 1000000\n" },
	{ "manager.max_connections = 99999999999999999999999", "c:1: manager."
	    "max_connections: found 99999999999999999999999, expected a number "
	    "from 0 to 1000000\n" },
	{ "manager.max_connections = 08", "c:1: manager.max_connections: "
	    "found 08, expected a number from 0 to 1000000\n" },
	{ "manager.unix_socket_mode = 660", "c:1: manager.unix_socket_mode: "
	    "found 660, expected an octal mode from 0000 to 0777, like "
	    "0660\n" },
	{ "manager.unix_socket_mode = 01777", "c:1: manager.unix_socket_mode: "
	    "found 01777, expected an octal mode from 0000 to 0777, like "
	    "0660\n" },
	{ "manager.idle_timeout = soon", "c:1: manager.idle_timeout: found "
	    "soon, " DURATION("1ms", "30d") },
	{ "manager.idle_timeout = 5 s", "c:1: manager.idle_timeout: found "
	    "5 s, " DURATION("1ms", "30d") },
	{ "manager.idle_timeout = 0", "c:1: manager.idle_timeout: found 0, "
	    DURATION("1ms", "30d") },
	{ "manager.idle_timeout = 31d", "c:1: manager.idle_timeout: found "
	    "31d, " DURATION("1ms", "30d") },
	{ "manager.idle_timeout = 1.0005", "c:1: manager.idle_timeout: found "
	    "1.0005, " DURATION("1ms", "30d") },
	{ "manager.idle_timeout = .5", "c:1: manager.idle_timeout: found "
	    ".5, " DURATION("1ms", "30d") },
	{ "manager.progress_interval = 1.", "c:1: manager.progress_interval: "
	    "found 1., " DURATION("0", "1d") },
	{ "manager.shutdown_timeout = 18446744073709551615d", "c:1: manager."
	    "shutdown_timeout: found 18446744073709551615d, "
	    DURATION("0", "1d") },
	{ "manager.chunk_size = 64k", "c:1: manager.chunk_size: found 64k, "
	    "expected a size from 1 to 65535, like 4096, 64k, 1m or 1g\n" },
	{ "manager.max_packet_size = 1mb", "c:1: manager.max_packet_size: "
	    "found 1mb, expected a size from 65535 to 1g, like 4096, 64k, 1m "
	    "or 1g\n" },
	{ "manager.fallback_status = accept", "c:1: manager.fallback_status: "
	    "a bare word is not a string, write \"accept\"\n" },
	{ "manager.fallback_status = \"acept\"", "c:1: manager."
	    "fallback_status: found \"acept\", expected \"accept\", "
	    "\"temporary-failure\", \"reject\", \"discard\", "
	    "\"quarantine\" or \"shutdown\"; did you mean \"accept\"?\n" },
	{ "milter.a.fallback_status_local = false", "c:1: milter.a."
	    "fallback_status_local: found false, expected \"accept\", "
	    "\"temporary-failure\", \"reject\", \"discard\", "
	    "\"quarantine\" or \"shutdown\", or nil\n" },
	{ "manager.fallback_status = tempfail", "c:1: manager."
	    "fallback_status: found tempfail, expected \"accept\", "
	    "\"temporary-failure\", \"reject\", \"discard\", "
	    "\"quarantine\" or \"shutdown\"; did you mean "
	    "\"temporary-failure\"?\n" },
	{ "manager.fallback_status = \"Hold\"", "c:1: manager."
	    "fallback_status: found \"Hold\", expected \"accept\", "
	    "\"temporary-failure\", \"reject\", \"discard\", "
	    "\"quarantine\" or \"shutdown\"; did you mean "
	    "\"quarantine\"?\n" },
	{ "manager.mta = \"tempfail\"", "c:1: manager.mta: found "
	    "\"tempfail\", expected \"auto\", \"postfix\" or "
	    "\"sendmail\"\n" },
	{ "manager.mta = \"exim\"", "c:1: manager.mta: found \"exim\", "
	    "expected \"auto\", \"postfix\" or \"sendmail\"\n" },
	{ "log.level = \"info|debgu\"", "c:1: log.level: found "
	    "\"info|debgu\", expected words joined by |, of \"critical\", "
	    "\"error\", \"warning\", \"message\", \"info\", \"debug\", "
	    "\"trace\", \"statistics\", \"profile\", \"default\", \"all\" or "
	    "\"none\"; did you mean \"debug\"?\n" },
	{ "log.path = My file # x", "c:1: log.path: a bare word is not a "
	    "string, write \"My file\"\n" },
	{ "log.path = a \"b\"", "c:1: log.path: a bare word is not a string, "
	    "write \"a \\\"b\\\"\"\n" },
	{ "log.path = Gr\xc3\xbc\xc3\x9f""e", "c:1: log.path: a bare word is "
	    "not a string, write \"Gr\\xc3\\xbc\\xc3\\x9fe\"\n" },
	{ "log.path = \"\"", "c:1: log.path: the string is empty, write nil "
	    "for none\n" },
	{ "log.path = [\"a\"]", "c:1: log.path: found a list, expected a "
	    "string in quotes, or nil for the default\n" },
	{ "manager.spool_directory = \"tmp\"", "c:1: manager."
	    "spool_directory: found \"tmp\", expected an absolute path in "
	    "quotes\n" },
	{ "manager.connection_spec = inet:1@[::1]", "c:1: manager."
	    "connection_spec: a bare word is not a string, write "
	    "\"inet:1@[::1]\"\n" },
	{ "milter.a.connection_spec = \"inet:0\"", "c:1: milter.a."
	    "connection_spec: nothing can listen on port 0, expected one from "
	    "1 to 65535\n" },
	{ "milter.a.enabled = true", "c:1: milter.a.connection_spec: missing, "
	    "an enabled milter must have it\n" },
	{ "milter.clamav.connection_spec = \"inet:1\"\n"
	    "milter.clmav.reading_timeout = 3", "c:2: milter.clmav."
	    "connection_spec: missing, an enabled milter must have it; did you "
	    "mean milter.clamav?\n" },
	{ "milter.a.enabled = false\n"
	    "milter.a.applicable_conditions = [\"S25\"]", "c:2: milter.a."
	    "applicable_conditions: no condition of the name \"S25\" is "
	    "defined, did you mean \"S25R\"?\n" },
	/* strings and lists */
	{ "log.path = \"abc", "c:1: log.path: the string is not closed, "
	    "expected \" before the end of the line\n" },
	{ "log.path = \"abc\\\nlog.path = \"x\"", "c:1: log.path: the string "
	    "is not closed, expected \" before the end of the line\n" },
	{ "log.path = \"a\\qb\"", "c:1: log.path: bad escape \\q in a string, "
	    "a backslash is written \\\\\n" },
	{ "log.path = \"a\\0b\"", "c:1: log.path: bad escape \\0 in a string, "
	    "a backslash is written \\\\\n" },
	{ "log.path = \"a\\x4\"", "c:1: log.path: bad escape \\x in a string, "
	    "a backslash is written \\\\\n" },
	{ "log.path = \"a\\400\"", "c:1: log.path: bad escape \\4 in a "
	    "string, a backslash is written \\\\\n" },
	{ "log.path = \"a\tb\"", "c:1: log.path: control character in a "
	    "string, write it as \\x09\n" },
	{ "\"manager.daemon = 1", "c:1: the string is not closed, expected \" "
	    "before the end of the line\n" },
	{ "milter.a.command_options = \"x\"", "c:1: milter.a."
	    "command_options: found \"x\", expected a list of strings, like "
	    "[\"a\", \"b\"], or nil for the default\n" },
	{ "milter.a.command_options = x y", "c:1: milter.a.command_options: "
	    "a bare word is not a string, write [\"x y\"]\n" },
	{ "milter.a.command_options = [\"x\"\n\"y\"]", "c:2: milter.a."
	    "command_options: expected , or ] behind a string of the list\n" },
	{ "milter.a.command_options = [x]", "c:1: milter.a.command_options: "
	    "a bare word is not a string, write \"x\"\n" },
	{ "milter.a.command_options = [[\"x\"]]", "c:1: milter.a."
	    "command_options: expected a string or ] in the list\n" },
	{ "milter.a.command_options = [,]", "c:1: milter.a.command_options: "
	    "expected a string or ] in the list\n" },
	{ "#\nmilter.a.command_options = [\n\"x\",", "c:2: milter.a."
	    "command_options: the list is not closed, expected ]\n" },
	{ "milter.a.command_options = [\"x\",\n\"y\"\n  manager.daemon = 1\n",
	    "c:1: milter.a.command_options: the list is not closed, expected "
	    "]\nc:3: manager.daemon: found 1, expected true or false\n" },
};

H_CASE(faults,
    "Each fault is told with its file, line, key and the right spelling")
{
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		conf_expect_fault(bad[i].text, bad[i].said);
}

H_CASE(spec_advice,
    "Wrong addresses and back ends are answered with the right ones")
{
	ATF_REQUIRE(conf_load_text("manager.connection_spec = "
	    "\"inet:127.0.0.1:10025\"") == NULL);
	ATF_CHECK(strstr(conf_said, "c:1: manager.connection_spec: ") ==
	    conf_said);
	ATF_CHECK(strstr(conf_said, "inet:10025@[127.0.0.1]") != NULL);
	ATF_REQUIRE(conf_load_text("manager.event_loop_backend = \"epol\"") ==
	    NULL);
	ATF_CHECK(strstr(conf_said, "c:1: manager.event_loop_backend: "
	    "\"epol\" is not built in, expected \"auto\"") == conf_said);
	ATF_CHECK(strstr(conf_said, " or \"poll\"\n") != NULL);
}

H_CASE(goes_on_behind_a_fault,
    "All faults are told, in the order of the file")
{
	/* The milter without a specification is told where it was named. */
	conf_expect_fault(
	    "manager.deamon = true\n"
	    "milter.b.enabled = true\n"
	    "foo bar = [\n"
	    "  \"a ]\", # ]\n"
	    "  b = 3 ]\n"
	    "milter.a.description = \"x\n"
	    "milter.a.reading_timeout = 1x\n"
	    "manager.daemon = true\n"
	    "log.use_syslog = maybe",
	    "c:1: manager.deamon: unknown key, did you mean manager.daemon?\n"
	    "c:2: milter.b.connection_spec: missing, an enabled milter must "
	    "have it\n"
	    "c:3: foo: expected = or += behind the key\n"
	    "c:5: b: unknown key, expected one of milter-manager.conf(5)\n"
	    "c:6: milter.a.description: the string is not closed, expected \" "
	    "before the end of the line\n"
	    "c:7: milter.a.reading_timeout: found 1x, "
	    DURATION("1ms", "30d")
	    "c:9: log.use_syslog: found maybe, expected true or false\n");
}

H_CASE(order, "The first statement about a milter fixes its place")
{
	struct conf *c = conf_load_text(
	    "milter.b.connection_spec = \"inet:1\"\n"
	    "milter.a.connection_spec = \"inet:2\"\n"
	    "milter.b.fallback_status = \"reject\"\n"
	    "milter.*.reading_timeout = 15\n"
	    "milter.*.command_options += \"x\"\n"
	    "milter.c.connection_spec = \"inet:3\"\n"
	    "milter.a.reading_timeout = 16\n"
	    "milter.b.connection_spec = \"inet:1\"\n");

	ATF_REQUIRE(c != NULL && c->n_milters == 3);
	ATF_CHECK_STREQ(c->milters[0]->name, "b");
	ATF_CHECK_STREQ(c->milters[1]->name, "a");
	ATF_CHECK_STREQ(c->milters[2]->name, "c");
	ATF_CHECK_EQ(c->milters[2]->index, 2);
	ATF_CHECK_EQ(c->milters[0]->fallback_status, CONF_REJECT);
	ATF_CHECK_EQ(c->milters[0]->reading_timeout, 15000);
	ATF_CHECK_EQ(c->milters[1]->reading_timeout, 16000);
	ATF_CHECK_EQ(c->milters[2]->reading_timeout, 7000);
	ATF_CHECK_EQ(c->milters[1]->command_options.n, 1);
	ATF_CHECK_EQ(c->milters[2]->command_options.n, 0);
	/* A reference more. */
	ATF_CHECK(conf_ref(c) == c);
	conf_unref(c);
	ATF_CHECK_STREQ(c->milters[0]->specs.text.item[0], "inet:1");
	conf_unref(c);
	conf_unref(NULL);
}

H_CASE(hundred_faults, "A hundred faults are shown, the others counted")
{
	static char text[16384], want[16384];
	unsigned i;
	char line[80];

	/* Found last, and nevertheless the first. */
	strlcpy(text, "milter.m.enabled = true\n", sizeof(text));
	strlcpy(want, "c:1: milter.m.connection_spec: missing, an enabled "
	    "milter must have it\n", sizeof(want));
	for (i = 2; i <= 120; i++) {
		strlcat(text, "manager.daemon = 2\n", sizeof(text));
		snprintf(line, sizeof(line), "c:%u: manager.daemon: found 2, "
		    "expected true or false\n", i);
		if (i <= 100)
			strlcat(want, line, sizeof(want));
	}
	strlcat(want, "c: 20 more errors are not shown\n", sizeof(want));
	conf_expect_fault(text, want);
}

H_CASE(limits, "Statements, strings, lists and names have limits")
{
	const size_t size = 1024 * 1024;
	char *text = malloc(size + 4096), *p;
	struct conf *c;
	size_t i;

	ATF_REQUIRE(text != NULL);
	/* A comment of a megabyte is none of our business. */
	memset(text, 'x', size);
	text[0] = '#';
	memcpy(text + size, "\nmanager.daemon = 2", 20);
	conf_expect_fault(text, "c:2: manager.daemon: found 2, expected true "
	    "or false\n");
	/* A line of a megabyte is. */
	memcpy(text, "log.path = \"", 12);
	conf_expect_fault(text, "c:1: log.path: the statement is longer than "
	    "65536 bytes\nc:2: manager.daemon: found 2, expected true or "
	    "false\n");
	text[0] = 'x';
	memset(text, 'x', size);
	ATF_REQUIRE(conf_load_text(text) == NULL);
	ATF_CHECK(strstr(conf_said, "the statement is longer than 65536 "
	    "bytes\nc:2: manager") != NULL);
	/* A list of many lines. */
	p = text + sprintf(text, "milter.a.command_options = [\n");
	for (i = 0; i < 7000; i++)
		p += sprintf(p, "  \"xxxx\",\n");
	sprintf(p, "]\nmanager.daemon = 2\n");
	conf_expect_fault(text, "c:1002: milter.a.command_options: the list "
	    "has more than 1000 strings\nc:7003: manager.daemon: found 2, "
	    "expected true or false\n");
	/* A string of 4096 bytes is the longest. */
	p = text + sprintf(text, "log.path = \"");
	memset(p, 'x', 4096);
	strcpy(p + 4096, "\"\n");
	c = conf_load_text(text);
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(strlen(c->log_path), 4096);
	conf_unref(c);
	strcpy(p + 4096, "x\"\n");
	conf_expect_fault(text, "c:1: log.path: the string is longer than 4096 "
	    "bytes\n");
	/* A name has 64 characters, not bytes. */
	p = text + sprintf(text, "milter.\"");
	for (i = 0; i < 64; i++)
		p += sprintf(p, "\xc3\xa4");
	strcpy(p, "\".enabled = false\n");
	c = conf_load_text(text);
	ATF_REQUIRE(c != NULL);
	conf_unref(c);
	strcpy(p, "x\".enabled = false\n");
	ATF_REQUIRE(conf_load_text(text) == NULL);
	ATF_CHECK(strstr(conf_said, "the milter's name must have 1 to 64 "
	    "characters") != NULL);
	/* A thousand milters. */
	for (i = 0, p = text; i <= 1000; i++)
		p += sprintf(p, "milter.m%zu.enabled = false\n", i);
	conf_expect_fault(text, "c:1001: milter.m1000.enabled: there are more "
	    "than 1000 milters\n");
	free(text);
}

H_CASE(binary, "Binary junk is refused in printable words")
{
	static const char nul[] = "manager.daemon = t\0rue\nlog.path = \"\0\"\n"
	    "\0\0\nlog.path = \x01\nlog\x7f = 1\n\xff\xfel\0o\0g\0\n#\0\n"
	    "log.path = \"a\"\rlog.path = \"b\"\n";
	char junk[4096];
	uint32_t x = 1;
	size_t i, round;
	struct conf *c;

	conf_write("c", nul, sizeof(nul) - 1);
	ATF_REQUIRE(conf_load_path("c") == NULL);
	conf_check_said(
	    "c:1: manager.daemon: control character \\x00\n"
	    "c:2: log.path: NUL byte in a string\n"
	    "c:3: unexpected byte \\x00, expected a key\n"
	    "c:4: log.path: control character \\x01\n"
	    "c:5: log: unexpected byte \\x7f, expected = or += behind the "
	    "key\n"
	    "c:6: unexpected byte \\xff, expected a key\n"
	    "c:8: log.path: control character \\x0d\n");

	for (round = 0; round < 50; round++) {
		for (i = 0; i < sizeof(junk); i++) {
			x = x * 1103515245u + 12345u;
			junk[i] = (char)(x >> 16);
		}
		conf_write("c", junk, sizeof(junk));
		c = conf_load_path("c");
		ATF_CHECK(c == NULL);
		/* What is told can be printed anywhere. */
		for (i = 0; conf_said[i] != '\0'; i++)
			ATF_REQUIRE(conf_said[i] == '\n' ||
			    (conf_said[i] >= ' ' && conf_said[i] < 0x7f));
	}
}

H_CASE(cut_anywhere, "A file cut or changed anywhere does no harm")
{
	static const char text[] = "\xef\xbb\xbf# x\r\n"
	    "milter.\"a b\".connection_spec = \"unix:/x\\x41\"\n"
	    "milter.\"a b\".command_options = [ \"x\", # y\n\t\"z\\n\", ]\n"
	    "milter.*.reading_timeout = 7.5s\nload_if_exist = \"none/*\"\n"
	    "log.level = \"+debug\"\nmanager.unix_socket_mode = 0600\n";
	char copy[sizeof(text)];
	size_t i;

	for (i = 0; i < sizeof(text); i++) {
		conf_write("c", text, i);
		conf_unref(conf_load_path("c"));
		memcpy(copy, text, sizeof(text));
		copy[i] = (char)(copy[i] ^ 0x10);
		conf_write("c", copy, sizeof(text) - 1);
		conf_unref(conf_load_path("c"));
	}
}

H_CASE(long_list, "A list may be made of very many statements")
{
	static const char line[] = "milter.a.command_options += \"x\"\n";
	const size_t n = 20000;
	char *text = malloc(n * (sizeof(line) - 1) + 1);
	struct conf *c;
	size_t i;

	ATF_REQUIRE(text != NULL);
	for (i = 0; i < n; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line));
	memcpy(text, "milter.a.enabled = false       \n",
	    sizeof(line) - 1);
	c = conf_load_text(text);
	ATF_REQUIRE_MSG(c != NULL, "%s", conf_said);
	ATF_CHECK_EQ(n - 1, c->milters[0]->command_options.n);
	conf_unref(c);
	free(text);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, defaults);
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, spec_advice);
	ATF_TP_ADD_TC(tp, goes_on_behind_a_fault);
	ATF_TP_ADD_TC(tp, order);
	ATF_TP_ADD_TC(tp, hundred_faults);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, binary);
	ATF_TP_ADD_TC(tp, cut_anywhere);
	ATF_TP_ADD_TC(tp, long_list);
	return (atf_no_error());
}
