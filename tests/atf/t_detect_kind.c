/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_detect_kind.c - where each kind of milter says its socket.
 */
#include "h_kind.h"

#include "base/spec.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

ATF_TC(listeners);
ATF_TC_HEAD(listeners, tc)
{
	atf_tc_set_md_var(tc, "descr", "what a milter listens on becomes what "
	    "is dialled, and placeholders are never dialled");
}
ATF_TC_BODY(listeners, tc)
{
	static const struct {
		const char *text;
		const char *spec;	/* NULL: wrong */
		const char *why;
	} cases[] = {
		{ "/run/x.sock", "unix:/run/x.sock", NULL },
		{ " \t/run/x.sock \t", "unix:/run/x.sock", NULL },
		{ "unix:/run/x.sock", "unix:/run/x.sock", NULL },
		{ "local:/run/x.sock", "unix:/run/x.sock", NULL },
		{ "LOCAL:/run/x.sock", "unix:/run/x.sock", NULL },
		{ "local:unix:/run/x.sock", "unix:/run/x.sock", NULL },
		{ "unix:unix:local:/x", "unix:/x", NULL },
		{ "unix:///run/x.sock", "unix:/run/x.sock", NULL },
		{ "///run//x.sock", "unix:/run//x.sock", NULL },
		{ "/run/with:colon@at", "unix:/run/with:colon@at", NULL },
		{ "8891", "inet:8891", NULL },
		{ "inet:8891", "inet:8891", NULL },
		{ "Inet:8891@localhost", "inet:8891@localhost", NULL },
		{ "inet:8891@0.0.0.0", "inet:8891", NULL },
		{ "inet:8891@*", "inet:8891", NULL },
		{ "inet:8891@", "inet:8891", NULL },
		{ "inet:8891@127.0.0.1", "inet:8891@[127.0.0.1]", NULL },
		{ "inet:8891@[127.0.0.1]", "inet:8891@[127.0.0.1]", NULL },
		{ "8891@localhost", "inet:8891@localhost", NULL },
		{ "127.0.0.1:8891", "inet:8891@[127.0.0.1]", NULL },
		{ "localhost:8891", "inet:8891@localhost", NULL },
		{ "inet:localhost:8891", "inet:8891@localhost", NULL },
		{ "inet://10.1.2.3:8891", "inet:8891@[10.1.2.3]", NULL },
		{ "tcp:localhost:8891", "inet:8891@localhost", NULL },
		{ "*:8891", "inet:8891", NULL },
		{ "0.0.0.0:8891", "inet:8891", NULL },
		{ "[::1]:8891", "inet6:8891@[::1]", NULL },
		{ "inet6:8891", "inet6:8891", NULL },
		{ "inet6:8891@[::1]", "inet6:8891@[::1]", NULL },
		{ "inet6:8891@::1", "inet6:8891@[::1]", NULL },
		{ "inet6:8891@[::]", "inet6:8891", NULL },
		{ "[::]:8891", "inet6:8891", NULL },
		{ "inet:8891@[::1]", "inet6:8891@[::1]", NULL },
		{ "inet6:8891@localhost", "inet6:8891@localhost", NULL },
		{ "", NULL, "no socket" },
		{ "   ", NULL, "no socket" },
		{ "nonsense", NULL, "neither a path nor a port" },
		{ "unix:", NULL, "neither a path nor a port" },
		{ "unix:relative/x", NULL, "neither a path nor a port" },
		{ "local:8891", NULL, "neither a path nor a port" },
		{ "inet:smtp@localhost", NULL, "neither a path nor a port" },
		{ "inet:0@localhost", NULL, "neither a path nor a port" },
		{ "inet:65536", NULL, "neither a path nor a port" },
		{ "inet:-1", NULL, "neither a path nor a port" },
		{ "inet:8891@[::1", NULL, "neither a path nor a port" },
		{ "inet:8891@a b", NULL, "neither a name nor an address" },
		{ "/run/x\001y", NULL, "control character" },
		{ "@SOCKETPATH@", NULL, "a placeholder" },
		{ "local:@localstatedir@/x.sock", NULL, "a placeholder" },
		{ "%%RUNDIR%%/x.sock", NULL, "a placeholder" },
		{ "inet:port@localhost", NULL, "a placeholder" },
		{ "inet:PORT@HOST", NULL, "a placeholder" },
		{ "unix:/path/to/socket", NULL, "a placeholder" },
		{ "/some/socket", NULL, "a placeholder" },
		{ "local:/your/socket", NULL, "a placeholder" },
		{ "<path>", NULL, "a placeholder" },
		{ "${SOCKET}", NULL, "a placeholder" },
		{ "fd:3", NULL, "the start system" },
		{ "systemd:0", NULL, "the start system" },
	};
	char spec[SPEC_TEXT_MAX], why[160], big[5000];
	size_t i;
	int rc;

	for (i = 0; i < COUNT(cases); i++) {
		why[0] = '\0';
		rc = service_spec(cases[i].text, spec, sizeof(spec), why,
		    sizeof(why));
		ATF_CHECK_EQ_MSG(rc, cases[i].spec != NULL ? 0 : -1, "%s: %s",
		    cases[i].text, rc == 0 ? spec : why);
		if (rc == 0 && cases[i].spec != NULL)
			ATF_CHECK_STREQ(spec, cases[i].spec);
		if (rc == -1 && cases[i].why != NULL)
			ATF_CHECK_MSG(strstr(why, cases[i].why) != NULL,
			    "%s: %s", cases[i].text, why);
	}
	/* Of any length there is an answer that fits. */
	memset(big, 'a', sizeof(big));
	big[0] = '/';
	for (i = 90; i < sizeof(big); i += i < 1200 ? 1 : 971) {
		char saved = big[i];

		big[i] = '\0';
		rc = service_spec(big, spec, sizeof(spec), why, sizeof(why));
		ATF_CHECK_EQ(rc, i < 108 ? 0 : -1);
		big[i] = saved;
	}
}

ATF_TC_WITHOUT_HEAD(options);
ATF_TC_BODY(options, tc)
{
	static const struct {
		const char *argv, *options;
		char letter;
		const char *long_name;
		const char *value;	/* NULL: not there; "?": not known */
	} cases[] = {
		{ "d -p X", NULL, 'p', NULL, "X" },
		{ "d -pX", NULL, 'p', NULL, "X" },
		{ "d -lp X", NULL, 'p', NULL, NULL },
		{ "d -lp X", "lp:", 'p', NULL, "X" },
		{ "d -lpX", "lp:", 'p', NULL, "X" },
		{ "d -x -p -p X", "x:p:", 'p', NULL, "X" },
		{ "d -xp -p X", "x:p:", 'p', NULL, "X" },
		{ "d -xp", "x:p:", 'p', NULL, NULL },
		{ "d -p A -p B", "p:", 'p', NULL, "B" },
		{ "d -p", "p:", 'p', NULL, NULL },
		{ "d -- -p X", "p:", 'p', NULL, NULL },
		{ "d -o -p X", "o::p:", 'p', NULL, "X" },
		{ "d -ov -p X", "o::p:v", 'p', NULL, "X" },
		{ "d word -p X", "p:", 'p', NULL, "X" },
		{ "d --socket=X", NULL, 's', "socket", "X" },
		{ "d --socket X", NULL, 's', "socket", "X" },
		{ "d --socket= -s Y", NULL, 's', "socket", "Y" },
		{ "d --socketmode 1", NULL, 's', "socket", NULL },
		{ "d --socket", NULL, 's', "socket", NULL },
		{ "d - -p X", NULL, 'p', NULL, "X" },
		{ "d ?", NULL, 'p', NULL, "?" },
		{ "d ? -p X", NULL, 'p', NULL, "X" },
		{ "d -p X ?", NULL, 'p', NULL, "?" },
		{ "d -p ?", "p:", 'p', NULL, "?" },
		{ "d -u ? -p X", NULL, 'p', NULL, "X" },
		{ "d -p X -u ?", "p:u:", 'p', NULL, "X" },
		{ "d", NULL, 'p', NULL, NULL },
		{ "", NULL, 'p', NULL, NULL },
	};
	struct service sv;
	struct sh_word out;
	const char *p;
	char word[64];
	bool found;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		memset(&sv, 0, sizeof(sv));
		for (p = cases[i].argv; kind_word(&p, word, sizeof(word)); )
			ATF_REQUIRE(sh_words_add(&sv.argv,
			    strcmp(word, "?") == 0 ? NULL : word, NULL, 0) ==
			    0);
		memset(&out, 0, sizeof(out));
		found = service_option(&sv, cases[i].options, cases[i].letter,
		    cases[i].long_name, &out);
		kind_is(cases[i].argv, "the value", !found ? NULL :
		    out.text == NULL ? "?" : out.text, cases[i].value, false);
		sh_words_free(&sv.argv);
	}
}

ATF_TC_WITHOUT_HEAD(service);
ATF_TC_BODY(service, tc)
{
	struct detect_env env;
	struct service *sv;

	memset(&env, 0, sizeof(env));
	ATF_REQUIRE((env.root = root_new(".")) != NULL);
	ATF_REQUIRE(service_add(&env, NULL, "one") != NULL);
	ATF_REQUIRE((sv = service_add(&env, NULL, "two")) != NULL);
	ATF_CHECK_STREQ(env.service[0].name, "one");
	ATF_REQUIRE((sv->vars = sh_new(env.root)) != NULL);
	sh_set(sv->vars, "a_two_socket", "1", "f", 1);
	sh_set(sv->vars, "a_socket", "2", "f", 2);
	sh_set(sv->vars, "socket", "3", "f", 3);
	ATF_CHECK_EQ(service_var(sv, "socket").known, SH_UNSET);
	ATF_REQUIRE_EQ(service_prefix(sv, "a_three_"), 0);
	ATF_REQUIRE_EQ(service_prefix(sv, "a_"), 0);
	ATF_REQUIRE_EQ(service_prefix(sv, ""), 0);
	ATF_CHECK_STREQ(service_var(sv, "socket").text, "2");
	ATF_CHECK_EQ(service_var(sv, "socket").line, 2);
	ATF_CHECK_EQ(service_var(sv, "nothing").known, SH_UNSET);
	ATF_REQUIRE_EQ(service_prefix(sv, "b"), 0);
	ATF_CHECK_EQ(service_prefix(sv, "c"), -1);

	/* The first problem stays, and is one line whatever is in it. */
	service_problem(sv, "/etc/\nx", 5, "%s", "bad\n\033word");
	service_problem(sv, "/etc/y", 6, "another");
	ATF_CHECK_STREQ(sv->problem, "/etc/\\x0ax:5: bad\\x0a\\x1bword");
	service_problem(&env.service[0], NULL, 0, "why");
	ATF_CHECK_STREQ(env.service[0].problem, "why");
	service_free(&env.service[0]);
	service_free(&env.service[1]);
	free(env.service);
	root_free(env.root);
}

static const struct kind_case kind_cases[] = {
	/* OpenDKIM and its like */
	{ "opendkim", KIND_OPENDKIM, "etc/opendkim.conf",
	    { "/usr/local/etc/opendkim.conf",
	    "# Socket inet:1@x\n\nSocket\t\tinet:8891@localhost # here\n" },
	    "/usr/sbin/opendkim", NULL, NULL, "inet:8891@localhost",
	    "/usr/local/etc/opendkim.conf:3", NULL, NULL, PLACE_SIGNATURE, 0 },
	{ "opendkim, absolute", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "SOCKET local:/run/o.sock\r\n" },
	    NULL, NULL, NULL, "unix:/run/o.sock", "/etc/opendkim.conf:1", NULL,
	    NULL, 0, 0 },
	{ "opendkim -p", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Socket inet:1\nMode s\n" },
	    "opendkim -lp unix:/p -x /etc/opendkim.conf", NULL, NULL, "unix:/p",
	    "/etc/rc.d/x:7", NULL, NULL, PLACE_SIGN, 0 },
	{ "opendkim -x", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Socket inet:1\n", "/etc/o2.conf",
	    "Socket inet:2\nSocket inet:3\n" },
	    "opendkim -x /etc/o2.conf", NULL, NULL, "inet:3",
	    "/etc/o2.conf:2", NULL, NULL, 0, 0 },
	{ "opendkim cfgfile", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Socket inet:1\n", "/etc/o2.conf",
	    "Socket inet:2\n" }, NULL, "x_cfgfile=/etc/o2.conf", NULL,
	    "inet:2", "/etc/o2.conf:1", NULL, NULL, 0, 0 },
	{ "opendkim, a variable is behind the file", KIND_OPENDKIM,
	    "/etc/opendkim.conf", { "/etc/opendkim.conf", "Socket inet:1\n" },
	    NULL, "SOCKET=inet:2", NULL, "inet:1", NULL, NULL, NULL, 0, 0 },
	{ "opendkim, a variable", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "#Socket inet:1\n" }, "opendkim -P /x",
	    "SOCKET=inet:2", NULL, "inet:2", "/etc/rc.conf:3", NULL, NULL, 0,
	    0 },
	{ "opendkim, an own variable first", KIND_OPENDKIM, NULL, { NULL },
	    NULL, "socket=inet:1 x_socket=inet:2", NULL, "inet:2", NULL, NULL,
	    NULL, 0, 0 },
	{ "opendkim includes", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Socket inet:1\nInclude /etc/o/a\n",
	    "/etc/o/a", "socket inet:2\n\ninclude /etc/o/b",
	    "/etc/o/b", "\n\nSocket inet:3" }, NULL, NULL, NULL, "inet:3",
	    "/etc/o/b:3", NULL, NULL, 0, 0 },
	{ "opendkim includes itself", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Include /etc/opendkim.conf\n" }, NULL,
	    NULL, NULL, NULL, NULL, "/etc/opendkim.conf:1: files include one "
	    "another too deep", NULL, 0, 0 },
	{ "opendkim includes nothing", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Socket inet:1\nInclude /etc/no\n" }, NULL,
	    NULL, NULL, "inet:1", NULL, "/etc/no: No such file", NULL, 0, 0 },
	{ "opendkim includes a relative path", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "\nInclude p\n", "/etc/p", "Socket inet:1\n" }, NULL,
	    NULL, NULL, NULL, NULL, "/etc/o:2: what is included has no full",
	    NULL, 0, 0 },
	{ "opendkim, placeholder", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "\nSocket inet:port@localhost\n" }, NULL,
	    NULL, NULL, NULL, NULL, "/etc/opendkim.conf:2: 'inet:port@"
	    "localhost' is a placeholder of the package", NULL, 0, 0 },
	{ "opendkim, nothing", KIND_OPENDKIM, "/etc/opendkim.conf",
	    { "/etc/opendkim.conf", "Mode sv\n" }, NULL, NULL, NULL, NULL,
	    NULL, "/etc/opendkim.conf: nothing says where it listens", NULL,
	    PLACE_SIGNATURE, 0 },
	{ "opendkim, no file", KIND_OPENDKIM, "/etc/opendkim.conf", { NULL },
	    NULL, NULL, NULL, NULL, NULL,
	    "/etc/rc.d/x: nothing says where it listens", NULL, 0, 0 },
	{ "opendkim, a file that must be there", KIND_OPENDKIM, NULL, { NULL },
	    "opendkim -x /etc/none.conf", NULL, NULL, NULL, NULL,
	    "/etc/none.conf: No such file", NULL, 0, 0 },
	{ "opendkim, options not known", KIND_OPENDKIM, NULL, { NULL },
	    "opendkim ?", NULL, NULL, NULL, NULL,
	    "/etc/rc.d/x:7: where it listens is not known: its command line "
	    "is not known", NULL, 0, 0 },
	{ "opendkim, options not known but the file is", KIND_OPENDKIM,
	    "/etc/o", { "/etc/o", "Socket inet:1" }, "opendkim ?", NULL, NULL,
	    "inet:1", NULL, NULL, NULL, 0, 0 },
	{ "opendkim, fd", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "Socket fd:3\n" }, NULL, NULL, "/run/o.sock",
	    "unix:/run/o.sock", "/lib/x.socket:2", NULL, NULL, 0, 0 },
	{ "opendkim, fd and no unit", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "Socket fd:3\n" }, NULL, NULL, NULL, NULL, NULL,
	    "/etc/o:1: 'fd:3' is opened by the start system", NULL, 0, 0 },
	{ "opendkim signs", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "Mode\ts\nSocket inet:1\n" }, NULL, NULL, NULL,
	    "inet:1", NULL, NULL, NULL, PLACE_SIGN, 0 },
	{ "opendkim -b s", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "Mode sv\nSocket inet:1\n" }, "opendkim -b s", NULL,
	    NULL, "inet:1", NULL, NULL, NULL, PLACE_SIGN, 0 },
	{ "opendkim verifies", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "Mode v\nSocket inet:1\n" }, NULL, NULL, NULL,
	    "inet:1", NULL, NULL, NULL, PLACE_SIGNATURE, 0 },
	{ "opendkim, open quote", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "\nSocket \"inet:1\n" }, NULL, NULL, NULL, NULL, NULL,
	    "/etc/o:2: a quote is not closed", NULL, 0, 0 },
	{ "opendkim, name without value", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "Socket" }, NULL, NULL, NULL, NULL, NULL,
	    "/etc/o:1: '' is no socket", NULL, 0, 0 },
	{ "opendkim, a longer name", KIND_OPENDKIM, "/etc/o",
	    { "/etc/o", "SocketX inet:1\nSock inet:2\n" }, NULL, NULL, NULL,
	    NULL, NULL, "nothing says", NULL, 0, 0 },
	{ "opendmarc", KIND_OPENDMARC, "/etc/m",
	    { "/etc/m", "##  Socket socketspec\nSocket local:/run/m.sock\n" },
	    "opendmarc -c /etc/m", NULL, NULL, "unix:/run/m.sock", "/etc/m:2",
	    NULL, NULL, PLACE_POLICY, 0 },
	{ "opendmarc -p", KIND_OPENDMARC, NULL, { NULL },
	    "opendmarc -l -p inet:8893@localhost -u opendmarc", NULL, NULL,
	    "inet:8893@localhost", NULL, NULL, NULL, 0, 0 },
	{ "openarc", KIND_OPENARC, "/etc/a",
	    { "/etc/a", "Mode s\nSocket inet:8894@localhost\n" }, NULL, NULL,
	    NULL, "inet:8894@localhost", NULL, NULL, NULL, PLACE_SIGN, 0 },
	{ "dkim-filter", KIND_DKIM_FILTER, NULL,
	    { "/etc/d", "Socket inet:8891\n" }, "dkim-filter -x /etc/d", NULL,
	    NULL, "inet:8891", NULL, NULL, NULL, PLACE_SIGNATURE, 0 },
	{ "dk-filter", KIND_DK, NULL, { NULL },
	    "dk-filter -b s -p local:/run/dk", NULL, NULL, "unix:/run/dk",
	    NULL, NULL, NULL, PLACE_SIGN, 0 },
	{ "dkimpy", KIND_DKIMPY, NULL,
	    { "/etc/d.conf", "socket inet:1\nSocket inet:8892@localhost\n" },
	    "dkimpy-milter /etc/d.conf -P /run/d.pid", NULL, NULL,
	    "inet:8892@localhost", "/etc/d.conf:2", NULL, NULL,
	    PLACE_SIGNATURE, 0 },
	{ "dkimpy by its interpreter", KIND_DKIMPY, "/etc/no",
	    { "/etc/d.conf", "Socket inet:8892@localhost\nMode s\n" },
	    "/bin/python3 /bin/dkimpy-milter /etc/d.conf", NULL, NULL,
	    "inet:8892@localhost", "/etc/d.conf:1", NULL, NULL, PLACE_SIGN,
	    0 },
	{ "dkimpy by default", KIND_DKIMPY, "/etc/d.conf",
	    { "/etc/d.conf", "Mode sv\n" }, NULL, NULL, NULL,
	    "unix:/var/run/dkimpy-milter/dkimpy-milter.sock", ":0", NULL, NULL,
	    0, 0 },
	{ "dkimpy with a socket unit", KIND_DKIMPY, "/etc/d.conf",
	    { "/etc/d.conf", "Mode sv\n" }, NULL, NULL, "8892", "inet:8892",
	    "/lib/x.socket:2", NULL, NULL, 0, 0 },
	{ "sid", KIND_SID, NULL, { NULL }, "sid-filter -l -p inet:1@localhost",
	    NULL, NULL, "inet:1@localhost", NULL, NULL, NULL, PLACE_SENDER,
	    0 },
	{ "smf-spf", KIND_SMF_SPF, "/etc/mail/smfs/smf-spf.conf",
	    { "/etc/mail/smfs/smf-spf.conf",
	    "# Socket unix:/x\nsocket\tinet:8890@localhost\n" }, NULL, NULL,
	    NULL, "inet:8890@localhost", NULL, NULL, NULL, PLACE_SENDER, 0 },
	{ "smf-spf by default", KIND_SMF_SPF, "/etc/s",
	    { "/etc/s", "User smfs\n" }, NULL, NULL, NULL,
	    "unix:/var/run/smfs/smf-spf.sock", NULL, NULL, NULL, 0, 0 },
	{ "pyspf", KIND_PYSPF, NULL,
	    { "/etc/p.conf", "#Socket = inet:1\nSocket = inet:8893@localhost\n"
	    }, "/usr/bin/pyspf-milter /etc/p.conf", NULL, NULL,
	    "inet:8893@localhost", "/etc/p.conf:2", NULL, NULL, PLACE_SENDER,
	    0 },
	{ "spfmilter", KIND_SPFMILTER, NULL, { NULL },
	    "spfmilter -m -X unix:/run/spf.sock", NULL, NULL,
	    "unix:/run/spf.sock", NULL, NULL, NULL, PLACE_SENDER, 0 },
	{ "spfmilter and a file of an option", KIND_SPFMILTER, NULL, { NULL },
	    "spfmilter -t -p /run/spf.pid", NULL, NULL, NULL, NULL,
	    "nothing says", NULL, 0, 0 },
	{ "spfmilter, a path", KIND_SPFMILTER, NULL, { NULL },
	    "spfmilter /run/spf.sock", NULL, NULL, "unix:/run/spf.sock", NULL,
	    NULL, NULL, 0, 0 },
	{ "enma", KIND_ENMA, "etc/enma.conf",
	    { "/usr/local/etc/enma.conf",
	    "## Milter ##\nmilter.socket:  inet:10025@127.0.0.1\n" },
	    "enma -c /usr/local/etc/enma.conf", NULL, NULL,
	    "inet:10025@[127.0.0.1]", "/usr/local/etc/enma.conf:2", NULL,
	    NULL, PLACE_SENDER, 0 },
	{ "enma, a word", KIND_ENMA, NULL,
	    { "/etc/e", "milter.socket:inet:10025\n" },
	    "/usr/local/bin/enma /etc/e", NULL, NULL, "inet:10025", NULL, NULL,
	    NULL, 0, 0 },

	/* clamav-milter */
	{ "clamav", KIND_CLAMAV, "etc/clamav-milter.conf",
	    { "/usr/local/etc/clamav-milter.conf",
	    "#Example\nMilterSocket /run/c.sock\nMilterSocketMode 660\n" },
	    NULL, NULL, NULL, "unix:/run/c.sock", NULL, NULL, NULL,
	    PLACE_VIRUS, 0 },
	{ "clamav -c", KIND_CLAMAV, NULL,
	    { "/etc/c.conf", "MilterSocket \"unix:/run/c #1\"\n" },
	    "clamav-milter -c /etc/c.conf", NULL, NULL, "unix:/run/c #1", NULL,
	    NULL, NULL, 0, 0 },
	{ "clamav --config-file", KIND_CLAMAV, "/etc/no",
	    { "/etc/c.conf", "MilterSocket inet:7357\n" },
	    "clamav-milter --config-file=/etc/c.conf", NULL, NULL,
	    "inet:7357", NULL, NULL, NULL, 0, 0 },
	{ "clamav, Example", KIND_CLAMAV, "/etc/c.conf",
	    { "/etc/c.conf", "##\n\nExample\nMilterSocket /run/c.sock\n" },
	    NULL, NULL, NULL, "unix:/run/c.sock", NULL, NULL,
	    "a line \"Example\"", 0, 0 },
	{ "clamav, Example and no socket", KIND_CLAMAV, "/etc/c.conf",
	    { "/etc/c.conf", "Example\n#MilterSocket /run/c.sock\n" },
	    NULL, NULL, NULL, NULL, NULL, NULL, "a line \"Example\"", 0, 0 },
	{ "clamav, CLAMAVMILTERCONF", KIND_CLAMAV, NULL,
	    { "/etc/c.conf", "MilterSocket inet:7357\n" }, NULL,
	    "CLAMAVCONF=/etc/clamd.conf CLAMAVMILTERCONF=/etc/c.conf", NULL,
	    "inet:7357", NULL, NULL, NULL, 0, 0 },

	/* the command line only */
	{ "spamass", KIND_SPAMASS, NULL, { NULL },
	    "spamass-milter -fp /run/s.sock -i 127.0.0.1 -- -d localhost",
	    NULL, NULL, "unix:/run/s.sock", NULL, NULL, NULL, PLACE_SPAM, 0 },
	{ "spamass, a variable", KIND_SPAMASS, NULL, { NULL }, NULL,
	    "SOCKET=/run/s.sock", NULL, "unix:/run/s.sock", NULL, NULL, NULL,
	    0, 0 },
	{ "amavisd-milter", KIND_AMAVISD_MILTER, NULL, { NULL },
	    "amavisd-milter -p /run/a.pid -s local:/run/a.sock -S /run/b",
	    NULL, NULL, "unix:/run/a.sock", NULL, NULL, NULL, PLACE_SPAM, 0 },
	{ "amavisd-milter, MILTERSOCKET", KIND_AMAVISD_MILTER, NULL, { NULL },
	    NULL, "MILTERSOCKET=inet:60001@127.0.0.1 SOCKET=/x", NULL,
	    "inet:60001@[127.0.0.1]", NULL, NULL, NULL, 0, 0 },
	{ "amavisd-milter, no default is sure", KIND_AMAVISD_MILTER, NULL,
	    { NULL }, "amavisd-milter", NULL, NULL, NULL, NULL, "nothing says",
	    NULL, 0, 0 },
	{ "amavisd alone", KIND_AMAVISD, NULL, { NULL },
	    "amavisd -p 10024", "SOCKET=/run/amavisd.sock", NULL, NULL, NULL,
	    NULL, "no milter", PLACE_SPAM, 0 },
	{ "amavisd's helper", KIND_AMAVISD, NULL, { NULL },
	    "amavis-milter -p local:/run/h.sock", NULL, NULL,
	    "unix:/run/h.sock", NULL, NULL, NULL, PLACE_SPAM, 0 },
	{ "mimedefang", KIND_MIMEDEFANG, NULL, { NULL },
	    "mimedefang -P /run/m.pid -m /run/mx.sock -p /run/m.sock", NULL,
	    NULL, "unix:/run/m.sock", NULL, NULL, NULL, PLACE_VIRUS, 0 },
	{ "mimedefang, SOCKET", KIND_MIMEDEFANG, NULL, { NULL },
	    "/bin/sh -c ?", "MX_SOCKET=/run/mx.sock SOCKET=/run/m.sock", NULL,
	    "unix:/run/m.sock", NULL, NULL, NULL, 0, 0 },
	{ "mimedefang, SPOOLDIR", KIND_MIMEDEFANG, NULL, { NULL }, NULL,
	    "SPOOLDIR=/spool", NULL, "unix:/spool/mimedefang.sock",
	    "/etc/rc.conf:3", NULL, NULL, 0, 0 },
	{ "mimedefang by default", KIND_MIMEDEFANG, NULL, { NULL }, NULL,
	    NULL, NULL, "unix:/var/spool/MIMEDefang/mimedefang.sock", ":0",
	    NULL, NULL, 0, 0 },
	{ "regex", KIND_REGEX, NULL, { NULL },
	    "milter-regex -d -p unix:/run/r.sock", NULL, NULL,
	    "unix:/run/r.sock", NULL, NULL, NULL, PLACE_FILTER, 0 },
	{ "regex, spooldir", KIND_REGEX, NULL, { NULL }, NULL,
	    "spooldir=/var/run/milter-regex", NULL,
	    "unix:/var/run/milter-regex/sock", NULL, NULL, NULL, 0, 0 },
	{ "regex by default", KIND_REGEX, NULL, { NULL }, NULL, NULL, NULL,
	    "unix:/var/spool/milter-regex/sock", ":0", NULL, NULL, 0, 0 },
	{ "bcc", KIND_BCC, NULL, { NULL },
	    "milter-bcc +daemon milter-socket=unix:/run/b.sock", NULL, NULL,
	    "unix:/run/b.sock", NULL, NULL, NULL, PLACE_CHANGE, 0 },
	{ "generic -p", KIND_GENERIC, NULL, { NULL }, "d -p inet:1@localhost",
	    NULL, NULL, "inet:1@localhost", NULL, NULL, NULL, PLACE_OTHER,
	    0 },
	{ "generic -s", KIND_GENERIC, NULL, { NULL },
	    "d -p /run/d.pid -s /run/d.sock", NULL, NULL, "unix:/run/d.sock",
	    NULL, NULL, NULL, 0, 0 },
	{ "generic variables", KIND_GENERIC, NULL, { NULL }, NULL,
	    "SOCKET= connection_spec=inet:5", NULL, "inet:5", NULL, NULL, NULL,
	    0, 0 },
	{ "generic MILTER_SOCKET", KIND_GENERIC, NULL, { NULL }, NULL,
	    "SOCKET=inet:5 MILTER_SOCKET=inet:6", NULL, "inet:6", NULL, NULL,
	    NULL, 0, 0 },

	/* files of other kinds */
	{ "limit", KIND_LIMIT, "/etc/l",
	    { "/etc/l", "name = x\nconnection = unix:/tmp/l.sock\n[driver]\n"
	    "connection = inet:1\n" }, NULL, NULL, NULL, "unix:/tmp/l.sock",
	    "/etc/l:2", NULL, NULL, PLACE_LIMIT, 0 },
	{ "postsrsd", KIND_POSTSRSD, "/etc/p",
	    { "/etc/p", "socketmap = \"unix:/srs\"\n"
	    "milter = \"inet:localhost:9997\" # x\n" },
	    NULL, NULL, NULL, "inet:9997@localhost", "/etc/p:2", NULL, NULL,
	    PLACE_CHANGE, 0 },
	{ "postsrsd, no milter", KIND_POSTSRSD, "/etc/p",
	    { "/etc/p", "#milter = unix:/x\nsocketmap = unix:/srs\n" },
	    NULL, NULL, NULL, NULL, NULL, NULL, "no milter", 0, 0 },
	{ "mailfromd", KIND_MAILFROMD, "/etc/mailfromd.conf",
	    { "/etc/mailfromd.conf",
	    "// listen inet://1.2.3.4:1;\n/* server milter {\n listen x; } */\n"
	    "logging { facility mail; }\n"
	    "server callout {\n  listen inet://127.0.0.1:2;\n}\n"
	    "server milter {\n  id main;\n  listen inet://127.0.0.1:3331;\n"
	    "  backlog 16;\n}\n" },
	    NULL, NULL, NULL, "inet:3331@[127.0.0.1]",
	    "/etc/mailfromd.conf:10", NULL, NULL, PLACE_FILTER, 0 },
	{ "mailfromd, quotes and an include", KIND_MAILFROMD, "/etc/mf.conf",
	    { "/etc/mf.conf", "include /etc/mf.inc;\n", "/etc/mf.inc",
	    "server milter { listen \"unix:///run/m.sock\"; }" },
	    NULL, NULL, NULL, "unix:/run/m.sock", "/etc/mf.inc:1", NULL,
	    NULL, 0, 0 },
	{ "mailfromd, programs", KIND_MAILFROMD, "/etc/mf.conf",
	    { "/etc/mf.conf", "program pmult { server milter { listen 1; } }\n"
	    "program mailfromd { server milter { listen inet:2; } }\n" },
	    NULL, NULL, NULL, "inet:2", "/etc/mf.conf:2", NULL, NULL, 0, 0 },
	{ "mailfromd --port", KIND_MAILFROMD, NULL, { NULL },
	    "mailfromd --pidfile /x --port inet:5@localhost", NULL, NULL,
	    "inet:5@localhost", NULL, NULL, NULL, 0, 0 },
	{ "mailfromd --milter-socket", KIND_MAILFROMD, NULL, { NULL },
	    "mailfromd --milter-socket=unix:/run/m", NULL, NULL, "unix:/run/m",
	    NULL, NULL, NULL, 0, 0 },
	{ "mailfromd, open brace", KIND_MAILFROMD, "/etc/mf.conf",
	    { "/etc/mf.conf", "\nserver milter {\n listen inet:5;\n" }, NULL,
	    NULL, NULL, "inet:5", NULL, "/etc/mf.conf:2: a '{' is not closed",
	    NULL, 0, 0 },
};

ATF_TC(files);
ATF_TC_HEAD(files, tc)
{
	atf_tc_set_md_var(tc, "descr", "each kind of milter is found where it "
	    "says that it listens");
}
ATF_TC_BODY(files, tc)
{
	size_t i;

	for (i = 0; i < COUNT(kind_cases); i++)
		kind_check(&kind_cases[i], i, NULL);
}

ATF_TC_WITHOUT_HEAD(tarpits);
ATF_TC_BODY(tarpits, tc)
{
	static const struct {
		const char *text, *spec, *problem;
		uint64_t extra;
	} cases[] = {
		{ "socket \"/g.sock\" 660\n", "unix:/g.sock", NULL, 0 },
		{ "Socket: \"/g.sock\"\n", "unix:/g.sock", NULL, 0 },
		{ "socket /g.sock # x\n", "unix:/g.sock", NULL, 0 },
		{ "socket \"inet:7@localhost\"", "inet:7@localhost", NULL, 0 },
		{ "#socket \"/a\"\nsocket \"/b\"\n", "unix:/b", NULL, 0 },
		{ "socket \"/a\"\nracl whitelist default tarpit 30\n",
		    "unix:/a", NULL, 30000 },
		{ "racl greylist default delay 5m tarpit 125s autowhite 3d\n"
		    "acl blacklist addr 1.2.3.4 tarpit 1m\nsocket \"/a\"",
		    "unix:/a", NULL, 125000 },
		{ "dacl greylist default tarpit 2m\nsocket \"/a\"", "unix:/a",
		    NULL, 120000 },
		{ "racl greylist \\\n  default \\\n\ttarpit \\\n  1h\n"
		    "socket \"/a\"\n", "unix:/a", NULL, 3600000 },
		{ "racl greylist default # tarpit 1h\nsocket \"/a\"\n",
		    "unix:/a", NULL, 0 },
		{ "racl greylist msg \"tarpit 1h\" default\nsocket \"/a\"\n",
		    "unix:/a", NULL, 0 },
		{ "racl whitelist from /tarpit 1h#/ tarpit 2s\n"
		    "socket \"/a\"\n", "unix:/a", NULL, 2000 },
		{ "list \"tarpit\" addr { 1.2.3.4 }\ntarpit 1h\n"
		    "socket \"/a\"\n", "unix:/a", NULL, 0 },
		{ "racl greylist default tarpit 2x\nsocket \"/a\"\n", NULL,
		    "greylist.conf:1: '2x' is no time", 0 },
		{ "socket \"/a\"\n\nracl x tarpit 25h\n", "unix:/a",
		    "greylist.conf:3: '25h' is no time", 0 },
		{ "racl x tarpit 99999999999999999999\n", NULL,
		    "is no time of a tarpit up to a day", 0 },
		{ "racl x tarpit -1\n", NULL, "'-1' is no time", 0 },
		{ "racl x tarpit\nsocket \"/a\"", "unix:/a", NULL, 0 },
		{ "socket \"/a\n", NULL, "greylist.conf:1: a quote is not", 0 },
		{ "\n\nsocket \"", NULL, "greylist.conf:3: a quote is not",
		    0 },
		{ "socket \"\"\n", NULL, "'' is no socket", 0 },
		{ "socket", NULL, "nothing says where", 0 },
		{ "\\\n\\\n\\", NULL, "nothing says where", 0 },
		{ "", NULL, "nothing says where", 0 },
	};
	struct kind_case c;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		memset(&c, 0, sizeof(c));
		c.name = cases[i].text;
		c.kind = KIND_GREYLIST;
		c.row_file = "/etc/greylist.conf";
		c.files[0] = "/etc/greylist.conf";
		c.files[1] = cases[i].text;
		c.spec = cases[i].spec;
		c.problem = cases[i].problem;
		c.extra = cases[i].extra;
		kind_check(&c, i, NULL);
	}
	/* The command line is before the file, whose tarpits count still. */
	c.files[1] = "socket \"/a\"\nracl x tarpit 5s\n";
	c.argv = "milter-greylist -p /p -f /etc/greylist.conf";
	c.spec = "unix:/p";
	c.problem = NULL;
	c.extra = 5000;
	kind_check(&c, i, NULL);
}

/* Files that no daemon would read: each is one problem, quickly. */
ATF_TC_WITHOUT_HEAD(absurd);
ATF_TC_BODY(absurd, tc)
{
	static const struct {
		unsigned kind;
		const char *line;	/* of the socket */
	} kinds[] = {
		{ KIND_OPENDKIM, "Socket inet:1\n" },
		{ KIND_CLAMAV, "MilterSocket inet:1\n" },
		{ KIND_ENMA, "milter.socket: inet:1\n" },
		{ KIND_GREYLIST, "socket \"inet:1\"\n" },
		{ KIND_PYSPF, "Socket = inet:1\n" },
		{ KIND_MAILFROMD, "server milter { listen inet:1; }\n" },
		{ KIND_RSPAMD, "worker \"rspamd_proxy\" { milter = yes;\n"
		    "bind_socket = \"localhost:1\" }\n" },
	};
	static char text[ROOT_FILE_MAX + 4096];
	struct kind_case c;
	size_t i, n, number = 0;

	memset(&c, 0, sizeof(c));
	c.row_file = "/etc/f";
	for (i = 0; i < COUNT(kinds); i++) {
		c.kind = kinds[i].kind;
		n = strlen(kinds[i].line);
		memcpy(text, kinds[i].line, n);

		/* A NUL byte. */
		text[n] = '\0';
		text[n + 1] = '\n';
		kind_write("root0", "/etc/f", text, n + 2);
		c.name = "NUL";
		c.problem = "there is a NUL byte in it";
		kind_check(&c, 0, NULL);
		(void)unlink("root0/etc/f");

		/* Too large. */
		memset(text + n, '#', sizeof(text) - n);
		kind_write("root0", "/etc/f", text, sizeof(text));
		c.name = "too large";
		c.problem = "/etc/f: larger than 1 MiB";
		kind_check(&c, 0, NULL);

		/* A comment of nearly 1 MiB is one. */
		c.name = "long line";
		c.spec = kinds[i].kind == KIND_RSPAMD ? "inet:1@localhost" :
		    "inet:1";
		c.problem = NULL;
		kind_write("root0", "/etc/f", text, ROOT_FILE_MAX - 1);
		kind_check(&c, 0, NULL);
		c.spec = NULL;

		/* A link to itself, a folder. */
		(void)unlink("root0/etc/f");
		ATF_REQUIRE(symlink("f", "root0/etc/f") == 0);
		c.name = "link";
		c.problem = "/etc/f: ";
		kind_check(&c, 0, NULL);
		(void)unlink("root0/etc/f");
		ATF_REQUIRE(mkdir("root0/etc/f", 0755) == 0);
		c.problem = "/etc/f: a folder";
		kind_check(&c, 0, NULL);
		(void)rmdir("root0/etc/f");
	}

	/* A value of 1 MB. */
	memset(text, 'a', ROOT_FILE_MAX);
	memcpy(text, "Socket /", 8);
	kind_write("root0", "/etc/f", text, ROOT_FILE_MAX - 1);
	c.kind = KIND_OPENDKIM;
	c.problem = "/etc/f:1: the name of the socket is too long";
	kind_check(&c, 0, NULL);

	/* 10,000 files, none of them deep. */
	for (n = i = 0; i < 10000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "Include /etc/g\n");
	kind_write("root0", "/etc/f", text, n);
	kind_write("root0", "/etc/g", "", 0);
	c.problem = "too many files include one another";
	kind_check(&c, number, NULL);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, listeners);
	ATF_TP_ADD_TC(tp, options);
	ATF_TP_ADD_TC(tp, service);
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, tarpits);
	ATF_TP_ADD_TC(tp, absurd);
	return (atf_no_error());
}
