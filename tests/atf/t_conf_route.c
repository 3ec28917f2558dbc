/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_route.c - where a child is: one address or several, and the proxy.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  open a socket.
 */
#include "d_conf.h"

#define SPECS	"\"unix:PATH\", \"inet:PORT@HOST\", \"inet6:PORT@HOST\" or a " \
		"list of them, or nil for the default"

/* Shows the same when what is shown is read back. */
static void
expect_back(const char *text, const char *line)
{
	struct conf *c;
	char *shown;

	conf_expect(text, line);
	c = conf_load_text(text);
	ATF_REQUIRE(c != NULL);
	shown = conf_shown(c);
	conf_unref(c);
	conf_expect(shown, line);
	free(shown);
}

H_CASE(specs, "One address is a string, several are a list, and both are "
    "shown so that they read back")
{
	struct conf *c;

	expect_back("milter.a.connection_spec = \"inet:1@h\"",
	    "milter.a.connection_spec = \"inet:1@h\"");
	expect_back("milter.a.connection_spec = [\"inet:1@h\"]",
	    "milter.a.connection_spec = \"inet:1@h\"");
	expect_back("milter.a.connection_spec = [\"inet:1@h\", \"unix:/x\",\n"
	    " \"inet6:2@[::1]\"]",
	    "milter.a.connection_spec = [\"inet:1@h\", \"unix:/x\", "
	    "\"inet6:2@[::1]\"]");
	expect_back("milter.a.connection_spec = \"inet:1\"\n"
	    "milter.a.connection_spec += \"inet:2\"\n"
	    "milter.a.connection_spec += [\"inet:3\", \"inet:4\"]",
	    "milter.a.connection_spec = [\"inet:1\", \"inet:2\", \"inet:3\", "
	    "\"inet:4\"]");
	expect_back("milter.a.connection_spec += \"inet:2\"",
	    "milter.a.connection_spec = \"inet:2\"");
	expect_back("milter.a.enabled = false\n"
	    "milter.a.connection_spec = [\"inet:1\", \"inet:2\"]\n"
	    "milter.a.connection_spec = nil",
	    "milter.a.connection_spec = nil");
	c = conf_load_text("milter.a.connection_spec = "
	    "[\"inet:1@h\", \"unix:/x\"]");
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(2, c->milters[0]->specs.text.n);
	ATF_CHECK_STREQ("h", c->milters[0]->specs.spec[0].host);
	ATF_CHECK_STREQ("/x", c->milters[0]->specs.spec[1].path);
	conf_unref(c);
}

H_CASE(specs_faults, "The entry at fault is named, and nothing of the list "
    "is taken")
{
	char text[4096];
	size_t i;

	conf_expect_fault("milter.a.connection_spec = "
	    "[\"inet:1@h\", \"inet:0@h\"]",
	    "c:1: milter.a.connection_spec: entry \"inet:0@h\": nothing can "
	    "listen on port 0, expected one from 1 to 65535\n");
	conf_expect_fault("milter.a.connection_spec = \"inet:1\"\n"
	    "milter.a.connection_spec += [\"inet:2\", \"\"]",
	    "c:2: milter.a.connection_spec: entry \"\": it is empty; write "
	    "unix:PATH, inet:PORT@HOST or inet6:PORT@HOST\n");
	conf_expect_fault("milter.a.connection_spec = \"inet:0\"",
	    "c:1: milter.a.connection_spec: nothing can listen on port 0, "
	    "expected one from 1 to 65535\n");
	conf_expect_fault("milter.a.connection_spec = "
	    "\"unix:/run/a, unix:/run/b\"",
	    "c:1: milter.a.connection_spec: there are several addresses in one "
	    "string, write a list: [\"inet:1@a\", \"inet:1@b\"]\n");
	conf_expect_fault("milter.a.connection_spec += "
	    "\"inet:1@[127.0.0.1] inet6:1@[::1]\"",
	    "c:1: milter.a.connection_spec: there are several addresses in one "
	    "string, write a list: [\"inet:1@a\", \"inet:1@b\"]\n");
	conf_expect_fault("milter.a.connection_spec = []",
	    "c:1: milter.a.connection_spec: missing, an enabled milter must "
	    "have it\n");
	conf_expect_fault("milter.a.connection_spec = 25",
	    "c:1: milter.a.connection_spec: a bare word is not a string, "
	    "write \"25\"\n");
	conf_expect_fault("milter.a.connection_spec += nil",
	    "c:1: milter.a.connection_spec: found nil, expected " SPECS "\n");
	conf_expect_fault("manager.connection_spec = [\"inet:1\"]",
	    "c:1: manager.connection_spec: found a list, expected "
	    "\"unix:PATH\", \"inet:PORT@HOST\" or \"inet6:PORT@HOST\", or nil "
	    "for the default\n");
	conf_expect_fault("milter.a.connection_spec = \"inet:1\"\n"
	    "milter.a.balance = \"roundrobin\"",
	    "c:2: milter.a.balance: found \"roundrobin\", expected "
	    "\"failover\", \"round-robin\" or \"least-busy\"; did you mean "
	    "\"round-robin\"?\n");

	for (i = 0; i < 2; i++) {
		size_t n;

		strlcpy(text, "milter.a.connection_spec = [", sizeof(text));
		for (n = 0; n < 64 + i; n++)
			strlcat(text, "\"inet:1\",", sizeof(text));
		strlcat(text, "]", sizeof(text));
		if (i == 0)
			conf_unref(conf_load_text(text));
		else
			conf_expect_fault(text, "c:1: "
			    "milter.a.connection_spec: there are more than 64 "
			    "addresses\n");
		conf_check_said(i == 0 ? "" : conf_said);
	}
}

H_CASE(socks, "A proxy goes with inet: and inet6: only, a user with a "
    "password, and they read back")
{
	char text[1024];

#define HERE	"milter.a.connection_spec = \"inet:1@h\"\n"
	expect_back(HERE "milter.a.socks = \"inet:1080@p\"",
	    "milter.a.socks = \"inet:1080@p\"");
	expect_back(HERE "milter.a.socks_user = \"u\"\n"
	    "milter.a.socks_password = \"p\\\"w#\"",
	    "milter.a.socks_password = \"p\\\"w#\"");
	conf_expect_fault("milter.a.connection_spec = [\"inet:1\", "
	    "\"unix:/x\"]\n"
	    "milter.a.socks = \"inet:1080@p\"",
	    "c:2: milter.a.socks: no proxy can reach a unix socket, as "
	    "\"unix:/x\" in connection_spec is; expected inet: or inet6: "
	    "there\n");
	/* One that takes no part may be anything. */
	expect_back("milter.a.enabled = false\n"
	    "milter.a.connection_spec = \"unix:/x\"\n"
	    "milter.a.socks = \"inet:1080@p\"",
	    "milter.a.socks = \"inet:1080@p\"");
	conf_expect_fault(HERE "milter.a.socks_user = \"u\"",
	    "c:2: milter.a.socks_user: there is no socks_password that goes "
	    "with it\n");
	conf_expect_fault(HERE "milter.a.socks_password = \"geheim\"",
	    "c:2: milter.a.socks_password: there is no socks_user that it "
	    "goes with\n");
	/* What might be a password is not repeated. */
	conf_expect_fault(HERE "milter.a.socks_password = geheim",
	    "c:2: milter.a.socks_password: found something else, expected a "
	    "string in quotes, or nil for the default\n");
	conf_expect_fault(HERE "milter.a.socks_password = [\"geheim\"]",
	    "c:2: milter.a.socks_password: found a list, expected a string in "
	    "quotes, or nil for the default\n");
	conf_expect_fault(HERE "milter.a.socks_password = [geheim]",
	    "c:2: milter.a.socks_password: found a list, expected a string in "
	    "quotes, or nil for the default\n");
	conf_expect_fault(HERE "milter.a.socks_password = \"geheim",
	    "c:2: milter.a.socks_password: the string is not closed, "
	    "expected \" before the end of the line\n");
	conf_expect_fault(HERE "milter.a.socks_password = \"\"",
	    "c:2: milter.a.socks_password: the string is empty, write nil for "
	    "none\n");
	snprintf(text, sizeof(text), "%smilter.a.socks_user = \"%0256d\"",
	    HERE, 1);
	conf_expect_fault(text, "c:2: milter.a.socks_user: the string is "
	    "longer than 255 bytes\n");
	snprintf(text, sizeof(text), "%smilter.a.socks_user = \"%0255d\"\n"
	    "milter.a.socks_password = \"%0255d\"", HERE, 1, 1);
	conf_unref(conf_load_text(text));
	conf_check_said("");
#undef HERE
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, specs);
	ATF_TP_ADD_TC(tp, specs_faults);
	ATF_TP_ADD_TC(tp, socks);
	return (atf_no_error());
}
