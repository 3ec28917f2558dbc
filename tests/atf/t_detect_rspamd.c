/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_detect_rspamd.c - the proxy worker in the files of rspamd.
 */
#include "h_kind.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define CONF		"/etc/rspamd/rspamd.conf"

/* How rspamd's own file has its proxy, and what administrators add. */
#define PROXY(inside)							\
	"worker \"rspamd_proxy\" {\n"					\
	"    bind_socket = \"localhost:11332\";\n"			\
	"    .include \"$CONFDIR/worker-proxy.inc\"\n"			\
	"    .include(try=true; priority=1,duplicate=merge) "		\
	"\"$LOCAL_CONFDIR/local.d/worker-proxy.inc\"\n"			\
	"    .include(try=true; priority=10) "				\
	"\"${LOCAL_CONFDIR}/override.d/worker-proxy.inc\"\n" inside "}\n"
#define INC	"/etc/rspamd/worker-proxy.inc", \
	"# the proxy\nmilter = yes; # Enable\ntimeout = 120s;\n" \
	"upstream \"local\" {\n  default = yes;\n  hosts = \"x\";\n}\n" \
	"count = 1;\n"
#define LOCAL	"/etc/rspamd/local.d/worker-proxy.inc"
#define OVERRIDE "/etc/rspamd/override.d/worker-proxy.inc"


static const struct kind_case cases[] = {
	{ "as it is shipped", KIND_RSPAMD, CONF, { CONF,
	    ".include \"$CONFDIR/common.conf\"\n"
	    "options {\n  pidfile = \"$RUNDIR/rspamd.pid\";\n"
	    "  .include \"$CONFDIR/options.inc\"\n}\n"
	    "worker \"normal\" {\n  bind_socket = \"localhost:11333\";\n}\n"
	    PROXY(""), "/etc/rspamd/common.conf",
	    "lua = \"$RULESDIR/rspamd.lua\"\n"
	    ".include(try=true) \"$LOCAL_CONFDIR/rspamd.conf.local\"\n"
	    ".include(glob=true) \"${CONFDIR}/modules.d/*.conf\"\n"
	    "modules {\n  path = \"${PLUGINSDIR}\";\n}\n",
	    "/etc/rspamd/modules.d/a.conf",
	    "a {\n  rules = [\"x\", {\n y = 1 }, 'z'];\n  re = /a{3}/;\n"
	    "  net = [10.0.0.0/8, fd00::/8];\n  t = <<EOD\n}}} \"\n"
	    "EOD\n  q = \"a \\\" } b\";\n}\n", INC },
	    "rspamd -c " CONF " -f", NULL, NULL, "inet:11332@localhost",
	    CONF ":10", NULL, NULL, PLACE_SPAM, 0 },
	{ "local.d", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, LOCAL,
	    "\nbind_socket = \"/run/r/p.sock mode=0660 owner=_rspamd\";\n" },
	    NULL, NULL, NULL, "unix:/run/r/p.sock", LOCAL ":2", NULL, NULL, 0,
	    0 },
	{ "override.d before local.d", KIND_RSPAMD, CONF, { CONF, PROXY(""),
	    INC, LOCAL, "bind_socket = \"*:1\"", OVERRIDE,
	    "bind_socket = \"*:2\"" },
	    NULL, NULL, NULL, "inet:2", OVERRIDE ":1", NULL, NULL, 0, 0 },
	{ "a list", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, LOCAL,
	    "bind_socket = [\n  \"[::1]:11332\",\n  \"*:11332\"\n];\n" },
	    NULL, NULL, NULL, "inet6:11332@[::1]", LOCAL ":2", NULL, NULL, 0,
	    0 },
	{ "a list of names", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, LOCAL,
	    "bind_socket = \"127.0.0.1:11332\";\n"
	    "bind_socket = \"192.0.2.1:11332\";\n" },
	    NULL, NULL, NULL, "inet:11332@[127.0.0.1]", LOCAL ":1", NULL,
	    NULL, 0, 0 },
	{ "RUNDIR", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, LOCAL,
	    "bind_socket = \"$RUNDIR/milter.sock mode=0666\";\n" },
	    NULL, NULL, NULL, "unix:/var/run/rspamd/milter.sock", NULL, NULL,
	    NULL, 0, 0 },
	{ "a variable that is not known", KIND_RSPAMD, CONF, { CONF, PROXY(""),
	    INC, LOCAL, "bind_socket = \"${DBDIR}/milter.sock\";\n" },
	    NULL, NULL, NULL, NULL, NULL, LOCAL ":1: ", NULL, 0, 0 },
	{ "milter = no", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, LOCAL,
	    "milter = no;\n" }, NULL, NULL, NULL, NULL, NULL, NULL,
	    "no milter = yes", 0, 0 },
	{ "enabled = false", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, LOCAL,
	    "enabled = false;\n" }, NULL, NULL, NULL, NULL, NULL, NULL,
	    "no milter = yes", 0, 0 },
	{ "count = 0", KIND_RSPAMD, CONF, { CONF, PROXY(""), INC, OVERRIDE,
	    "count = -1" }, NULL, NULL, NULL, NULL, NULL, NULL,
	    "no milter = yes", 0, 0 },
	{ "milter = on", KIND_RSPAMD, CONF, { CONF, PROXY("milter: on") },
	    NULL, NULL, NULL, "inet:11332@localhost", NULL, NULL, NULL, 0,
	    0 },
	{ "no proxy", KIND_RSPAMD, CONF, { CONF,
	    "worker \"normal\" { bind_socket = \"localhost:11333\"; "
	    "milter = yes }\n" }, NULL, NULL, NULL, NULL, NULL, NULL,
	    "no milter = yes", 0, 0 },
	{ "an old style", KIND_RSPAMD, CONF, { CONF,
	    "worker {\n type = normal; bind_socket = \"*:1\"; }\n"
	    "worker {\n type = \"rspamd_proxy\"\n milter = true\n"
	    " bind_socket = \"*:2\"\n}\n" }, NULL, NULL, NULL, "inet:2",
	    CONF ":6", NULL, NULL, 0, 0 },
	{ "with = and names without quotes", KIND_RSPAMD, CONF, { CONF,
	    "worker = {\n rspamd_proxy = { milter = 1, "
	    "bind_socket = /run/p.sock, }\n normal {}\n}\n" }, NULL, NULL,
	    NULL, "unix:/run/p.sock", NULL, NULL, NULL, 0, 0 },
	{ "two proxies, the first is no milter", KIND_RSPAMD, CONF, { CONF,
	    "worker rspamd_proxy { bind_socket = \"*:1\"; }\n"
	    "worker rspamd_proxy { bind_socket = \"*:2\"; milter = yes }\n" },
	    NULL, NULL, NULL, "inet:2", NULL, NULL, NULL, 0, 0 },
	{ "an override of the whole worker", KIND_RSPAMD, CONF, { CONF,
	    ".include(try=true,priority=10) \"$LOCAL_CONFDIR/o\"\n" PROXY(""),
	    INC, "/etc/rspamd/o",
	    "worker \"rspamd_proxy\" { milter = yes; bind_socket = \"*:9\" }"
	    }, NULL, NULL, NULL, "inet:9", NULL, NULL, NULL, 0, 0 },
	{ "JSON", KIND_RSPAMD, CONF, { CONF,
	    "{\n  \"worker\": [\n    { \"normal\": { \"count\": 1 } },\n"
	    "    { \"rspamd_proxy\": { \"milter\": true,\n"
	    "      \"bind_socket\": [ \"localhost:11332\" ],\n"
	    "      \"x\": null, \"y\": -1.5e3, \"z\": {} } }\n  ]\n}\n" },
	    NULL, NULL, NULL, "inet:11332@localhost", CONF ":5", NULL, NULL,
	    0, 0 },
	{ "systemd with a unit", KIND_RSPAMD, CONF, { CONF,
	    PROXY("milter = yes;"), LOCAL, "bind_socket = \"systemd:0\"" },
	    NULL, NULL, "/run/rspamd/milter", "unix:/run/rspamd/milter",
	    "/lib/x.socket:2", NULL, NULL, 0, 0 },
	{ "systemd", KIND_RSPAMD, CONF, { CONF, PROXY("milter = yes;"), LOCAL,
	    "bind_socket = \"systemd:0\"" }, NULL, NULL, NULL, NULL, NULL,
	    "opened by the start system", NULL, 0, 0 },
	{ "no bind_socket", KIND_RSPAMD, CONF, { CONF,
	    "worker rspamd_proxy { milter = yes; }" }, NULL, NULL, NULL, NULL,
	    NULL, CONF ": nothing says where it listens", NULL, 0, 0 },
	{ "comments", KIND_RSPAMD, CONF, { CONF,
	    "/* worker rspamd_proxy { /* milter */ = yes } */ # {\n"
	    "worker /**/ \"rspamd_proxy\"/* x */{ milter /* */=/**/yes;\n"
	    "#bind_socket = \"*:1\";\n/* bind_socket = \"*:2\"; */"
	    "bind_socket = \"*:3\" }\n" }, NULL, NULL, NULL, "inet:3",
	    CONF ":4", NULL, NULL, 0, 0 },
	{ "CRLF", KIND_RSPAMD, CONF, { CONF,
	    "worker \"rspamd_proxy\" {\r\n  milter = yes\r\n"
	    "  bind_socket = *:7\r\n}\r\n" }, NULL, NULL, NULL, "inet:7",
	    NULL, NULL, NULL, 0, 0 },
	{ "elsewhere nothing counts", KIND_RSPAMD, CONF, { CONF,
	    "x { worker rspamd_proxy { milter = yes; bind_socket = *:1 } }\n"
	    "bind_socket = *:2; milter = yes\n"
	    "worker rspamd_proxy { y { milter = yes; bind_socket = *:1 } }\n"
	    }, NULL, NULL, NULL, NULL, NULL, NULL, "no milter = yes", 0, 0 },
	{ "another file", KIND_RSPAMD, CONF, { CONF, "x {",
	    "/opt/r.conf", PROXY("milter = yes") },
	    "rspamd -f --config=/opt/r.conf", NULL, NULL,
	    "inet:11332@localhost", "/opt/r.conf:2", NULL, NULL, 0, 0 },
	{ "files that are not there", KIND_RSPAMD, CONF, { CONF,
	    ".include \"$CONFDIR/none\"\n.include(try=true) \"/etc/rspamd\"\n"
	    ".try_include \"/etc/rspamd\"\n.lua \"x\"\n.priority 5\n"
	    PROXY("milter = yes") }, NULL, NULL, NULL, "inet:11332@localhost",
	    NULL, NULL, NULL, 0, 0 },
	{ "no file", KIND_RSPAMD, CONF, { NULL }, NULL, NULL, NULL, NULL, NULL,
	    "/etc/rc.d/x: nothing says where it listens", NULL, 0, 0 },
	{ "no file where one must be", KIND_RSPAMD, NULL, { NULL },
	    "rspamd -c /etc/no", NULL, NULL, NULL, NULL,
	    "/etc/no: No such file", NULL, 0, 0 },

	/* faults */
	{ "open brace", KIND_RSPAMD, CONF, { CONF, "\nworker x {\n\n" }, NULL,
	    NULL, NULL, NULL, NULL, CONF ":2: a '{' is not closed", NULL, 0,
	    0 },
	{ "open brace in an include", KIND_RSPAMD, CONF, { CONF, PROXY(""),
	    "/etc/rspamd/worker-proxy.inc", "milter = yes;\nx {\n" }, NULL,
	    NULL, NULL, "inet:11332@localhost", NULL,
	    "worker-proxy.inc:2: a '{' is not closed", NULL, 0, 0 },
	{ "brace too many", KIND_RSPAMD, CONF, { CONF, "a = 1;\n}\nb = 2;\n" },
	    NULL, NULL, NULL, NULL, NULL, CONF ":2: there is no '{'", NULL, 0,
	    0 },
	{ "open bracket", KIND_RSPAMD, CONF, { CONF, "a = [\n1,\n2\n" }, NULL,
	    NULL, NULL, NULL, NULL, CONF ":1: a '[' is not closed", NULL, 0,
	    0 },
	{ "open quote", KIND_RSPAMD, CONF, { CONF, "a = 1;\nb = \"x;\n\n" },
	    NULL, NULL, NULL, NULL, NULL, CONF ":2: a quote is not closed",
	    NULL, 0, 0 },
	{ "open quote at a backslash", KIND_RSPAMD, CONF, { CONF,
	    "b = \"x\\" }, NULL, NULL, NULL, NULL, NULL,
	    CONF ":1: a quote is not closed", NULL, 0, 0 },
	{ "open comment", KIND_RSPAMD, CONF, { CONF, "\n/* /* */\n" }, NULL,
	    NULL, NULL, NULL, NULL, CONF ":2: a comment is not closed", NULL,
	    0, 0 },
	{ "open text", KIND_RSPAMD, CONF, { CONF, "a = <<EOD\nx\n" }, NULL,
	    NULL, NULL, NULL, NULL, CONF ":1: a text is not closed", NULL, 0,
	    0 },
	{ "open parenthesis", KIND_RSPAMD, CONF, { CONF,
	    ".include(try=true \"x\"\n" }, NULL, NULL, NULL, NULL, NULL,
	    "a '(' is not closed", NULL, 0, 0 },
	{ "no name", KIND_RSPAMD, CONF, { CONF, "= 1;\n" }, NULL, NULL, NULL,
	    NULL, NULL, CONF ":1: there is no name", NULL, 0, 0 },
	{ "no value", KIND_RSPAMD, CONF, { CONF, "a = }\n" }, NULL, NULL, NULL,
	    NULL, NULL, CONF ":1: there is no value", NULL, 0, 0 },
	{ "no value at the end", KIND_RSPAMD, CONF, { CONF, "a" }, NULL, NULL,
	    NULL, NULL, NULL, "there is no value", NULL, 0, 0 },
	{ "an include of itself", KIND_RSPAMD, CONF, { CONF,
	    ".include \"" CONF "\"\n" }, NULL, NULL, NULL, NULL, NULL,
	    CONF ":1: it is nested too deep", NULL, 0, 0 },
};

ATF_TC(files);
ATF_TC_HEAD(files, tc)
{
	atf_tc_set_md_var(tc, "descr", "the proxy worker that speaks the "
	    "milter protocol is found however the files are written");
}
ATF_TC_BODY(files, tc)
{
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		kind_check(&cases[i], i, NULL);
}

/* Deeper than any file is, and more files than there can be. */
ATF_TC_WITHOUT_HEAD(absurd);
ATF_TC_BODY(absurd, tc)
{
	static const char *const open[] = { "{", "[", "a {", "a = [", "a b {",
	    "/*", ".x(" };
	static char text[600000];
	struct kind_case c;
	size_t i, j, n;

	memset(&c, 0, sizeof(c));
	c.kind = KIND_RSPAMD;
	c.row_file = CONF;
	c.problem = CONF ":1: ";
	for (i = 0; i < COUNT(open); i++) {
		c.name = open[i];
		for (j = n = 0; j < 100000; j++)
			n += strlcpy(text + n, open[i], sizeof(text) - n);
		kind_write("root0", CONF, text, n);
		kind_check(&c, 0, NULL);
	}
	c.name = "many includes";
	c.problem = "too many files include one another";
	for (j = n = 0; j < 10000; j++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    ".include \"/etc/rspamd/e%zu\"\n", j % 3);
	kind_write("root0", CONF, text, n);
	kind_write("root0", "/etc/rspamd/e0", "", 0);
	kind_check(&c, 0, NULL);
	c.name = "many workers";
	c.problem = "there are too many sections";
	for (j = n = 0; j < 1000; j++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "worker rspamd_proxy { milter = no }\n");
	kind_write("root0", CONF, text, n);
	kind_check(&c, 0, NULL);
	/* Of others there may be as many as one likes. */
	c.name = "many other workers";
	c.problem = NULL;
	c.off = "no milter = yes";
	for (j = n = 0; j < 1000; j++)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		    "worker w%zu { milter = no }\n", j);
	kind_write("root0", CONF, text, n);
	kind_check(&c, 0, NULL);
}

/* With what the programs were run, a line each. */
static void
check_arguments(const char *want)
{
	char got[200];
	FILE *f = fopen("arguments", "r");
	size_t n;

	ATF_REQUIRE(f != NULL);
	n = fread(got, 1, sizeof(got) - 1, f);
	got[n] = '\0';
	(void)fclose(f);
	ATF_CHECK_STREQ(got, want);
}

static void
write_program(const char *name, const char *text)
{
	kind_write(".", name, text, strlen(text));
	ATF_REQUIRE(chmod(name + 1, 0755) == 0);
}

/* The administrator's program is asked only when the files leave it open. */
ATF_TC(program);
ATF_TC_HEAD(program, tc)
{
	atf_tc_set_md_var(tc, "timeout", "60");
}
ATF_TC_BODY(program, tc)
{
	char path[1024];
	struct kind_case c;

	ATF_REQUIRE(getcwd(path, sizeof(path) - 20) != NULL);
	strlcat(path, "/rspamadm", sizeof(path));
	memset(&c, 0, sizeof(c));
	c.name = "program";
	c.kind = KIND_RSPAMD;
	c.row_file = CONF;
	c.files[0] = CONF;
	c.files[1] = "worker rspamd_proxy { milter = yes; "
	    "bind_socket = \"${DBDIR}/x\" }";
	write_program("/rspamadm", "#!/bin/sh\necho \"$*\" >>arguments\n"
	    "echo '{\"worker\":[{\"rspamd_proxy\":{\"milter\":true,'\n"
	    "echo '\"bind_socket\":\"/run/x.sock mode=0600\"}}]}'\n");
	c.spec = "unix:/run/x.sock";
	kind_check(&c, 0, path);
	check_arguments("configdump --json\n");

	/* Not when they say it. */
	c.files[1] = "worker rspamd_proxy { milter = yes; bind_socket = *:1 }";
	c.spec = "inet:1";
	kind_check(&c, 0, path);
	check_arguments("configdump --json\n");

	/* And whatever it does, it is one line. */
	c.files[1] = "";
	c.spec = NULL;
	write_program("/rspamadm", "#!/bin/sh\nexit 1\n");
	c.problem = "rspamadm: it failed";
	kind_check(&c, 0, path);
	write_program("/rspamadm", "#!/bin/sh\nkill -9 $$\n");
	kind_check(&c, 0, path);
	write_program("/rspamadm", "#!/bin/sh\nprintf 'a\\0b'\n");
	c.problem = "rspamadm: there is a NUL byte";
	kind_check(&c, 0, path);
	write_program("/rspamadm", "#!/bin/sh\necho 'a = {'\n");
	c.problem = "rspamadm:1: a '{' is not closed";
	kind_check(&c, 0, path);
	write_program("/rspamadm", "#!/bin/sh\nexec cat /dev/zero\n");
	c.problem = "rspamadm: it prints more than 4 MiB";
	kind_check(&c, 0, path);
	write_program("/rspamadm", "#!/bin/sh\nexec sleep 600\n");
	c.problem = "rspamadm: it took longer than 5 s";
	kind_check(&c, 0, path);
	/* It closes its output and does not end. */
	write_program("/rspamadm", "#!/bin/sh\nexec >/dev/null\n"
	    "exec sleep 600\n");
	c.problem = "rspamadm: it failed";
	kind_check(&c, 0, path);
	(void)unlink("rspamadm");
	c.problem = "rspamadm: No such file";
	kind_check(&c, 0, path);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, files);
	ATF_TP_ADD_TC(tp, absurd);
	ATF_TP_ADD_TC(tp, program);
	return (atf_no_error());
}
