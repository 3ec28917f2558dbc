/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_feed_program.c - programs as they are run for tables, the arguments of
 * databases' clients, and what those print.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  assert that anything happens soon, or need a database.
 */
#include "compat.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "condition/feed_internal.h"

#include "h_net.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct run {
	struct loop	*loop;
	int		 calls;
	char		 text[2048];
	char		 why[FEED_WHY_MAX];
};

static void
on_run(char *text, size_t len, const char *why, void *arg)
{
	struct run *r = arg;

	r->calls++;
	snprintf(r->text, sizeof(r->text), "%.*s", (int)len, text);
	strlcpy(r->why, why != NULL ? why : "", sizeof(r->why));
	loop_stop(r->loop);
}

static void
start(struct run *r, struct feed_program *p, struct loop *l,
    const char *command, const char *input, unsigned limit)
{
	struct feed_command c;
	char why[FEED_WHY_MAX];

	memset(&c, 0, sizeof(c));
	memset(r, 0, sizeof(*r));
	r->loop = l;
	ATF_REQUIRE_EQ(0, buf_printf(&c.args, "/bin/sh%c-c%c%s%c", '\0', '\0',
	    command, '\0'));
	if (input != NULL)
		ATF_REQUIRE_EQ(0, buf_printf(&c.input, "%s", input));
	ATF_REQUIRE_EQ(0, buf_add_str(&c.env, "FEED_SECRET=s e c"));
	ATF_REQUIRE_EQ(0, feed_program_start(p, l, &c, limit, on_run, r, why));
	feed_command_free(&c);
}

/* All processes that have the other end of the pipe are gone. */
static void
require_gone(int fd)
{
	char c;

	ATF_REQUIRE_EQ(0, read(fd, &c, 1));
	ATF_REQUIRE_EQ(0, close(fd));
}

NET_CASE(program_slow, "a program that is late is ended with all that it has "
    "started")
{
	static const char slow[] = "echo a; sleep 1000 & sleep 1000";
	struct feed_program p;
	struct run r;
	int fd[2];

	memset(&p, 0, sizeof(p));
	ATF_REQUIRE(pipe(fd) != -1);
	start(&r, &p, l, slow, NULL, 100);
	ATF_REQUIRE_EQ(0, close(fd[1]));
	net_run(l);
	ATF_CHECK_EQ(1, r.calls);
	ATF_CHECK_STREQ("it took too long", r.why);
	require_gone(fd[0]);
	/* The same when it is stopped. */
	ATF_REQUIRE(pipe(fd) != -1);
	start(&r, &p, l, slow, NULL, 100000);
	ATF_REQUIRE_EQ(0, close(fd[1]));
	net_turn(l);
	feed_program_stop(&p);
	feed_program_stop(&p);
	ATF_CHECK_EQ(0, r.calls);
	require_gone(fd[0]);
}

static int
count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what)) != NULL) {
		text++;
		n++;
	}
	return (n);
}

/* Those that whoever started us has left open for everybody. */
static int
inherited(void)
{
	struct stat st;
	int fd, flags, n = 0;

	for (fd = 3; fd < 1024; fd++) {
		flags = fcntl(fd, F_GETFD);
		if (flags != -1 && (flags & FD_CLOEXEC) == 0 &&
		    fstat(fd, &st) == 0)
			n += S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
	}
	return (n);
}

NET_CASE(program, "a program has what it is given, and nothing else")
{
	struct feed_program p;
	struct run r;

	memset(&p, 0, sizeof(p));
	start(&r, &p, l, "cat; echo \"$FEED_SECRET\"", "in\n", 100000);
	net_run(l);
	ATF_CHECK_STREQ("", r.why);
	ATF_CHECK_STREQ("in\ns e c\n", r.text);
	/* Without anything its input is at its end. */
	start(&r, &p, l, "cat; echo end", NULL, 100000);
	net_run(l);
	ATF_CHECK_STREQ("end\n", r.text);
	/* Its output may block, ours not. */
	start(&r, &p, l, "head -c 1000000 /dev/zero | tr '\\0' x | wc -c | "
	    "tr -d ' '; head -c 3000000 /dev/zero >&2", NULL, 100000);
	net_run(l);
	ATF_CHECK_STREQ("", r.why);
	ATF_CHECK_STREQ("1000000\n", r.text);
	/* What it leaves behind is not waited for. */
	start(&r, &p, l, "sleep 3 & echo here", NULL, 100000);
	net_run(l);
	ATF_CHECK_STREQ("here\n", r.text);
	/* The first line only, and nothing that could harm a terminal. */
	start(&r, &p, l, "printf 'a\\033[1mb\\nc\\n' >&2; exit 2", NULL,
	    100000);
	net_run(l);
	ATF_CHECK_STREQ("exit status 2: a\\x1b[1mb", r.why);
	/* Nothing of other programs, of the network, or of the loop. */
	if (access("/proc/self/fd", X_OK) == 0) {
		start(&r, &p, l, "ls -l /proc/self/fd", NULL, 100000);
		net_run(l);
		ATF_CHECK_EQ_MSG(3 + inherited(), count(r.text, "pipe:") +
		    count(r.text, "anon_inode:") + count(r.text, "socket:"),
		    "%s", r.text);
	}
}

NET_CASE(program_none, "a program that is not there is told at once")
{
	struct feed_program p;
	struct feed_command c;
	char why[FEED_WHY_MAX];

	memset(&p, 0, sizeof(p));
	memset(&c, 0, sizeof(c));
	c.other = "no-such-program-2";
	ATF_REQUIRE_EQ(0, buf_add_str(&c.args, "no-such-program-1"));
	ATF_CHECK_EQ(-1, feed_program_start(&p, l, &c, 1000, on_run, NULL,
	    why));
	ATF_CHECK_STREQ("no-such-program-1: No such file or directory", why);
	feed_command_free(&c);
	feed_program_stop(&p);
}

ATF_TC(rows);
ATF_TC_HEAD(rows, tc)
{
	atf_tc_set_md_var(tc, "descr", "%s", "what a client prints becomes "
	    "rows, and no value becomes two");
}
ATF_TC_BODY(rows, tc)
{
	static const struct {
		bool escaped;
		const char *text, *rows;
	} all[] = {
		{ true, "", "" },
		{ true, "a\tb\n", "a\tb\n" },
		{ true, "a\n", "a\n" },
		{ true, "a\tb\tc\td\ne\tf\n", "a\tb\ne\tf\n" },
		{ true, "a\\tb\\nc\\\\d\\0\t\\N\n", "a b c\\d \t\n" },
		{ true, "a\tb\\", "a\tb\\" },
		{ true, "\\N\tb\n", "\tb\n" },
		{ true, "a\001b\r\tc\033\n", "a b \tc \n" },
		{ false, "a\037b\036", "a\tb\n" },
		{ false, "a\tx\037b\nc\td\036e\036", "a x\tb c d\ne\n" },
		{ false, "a\037b\\n\037c\036", "a\tb\\n\n" },
	};
	char text[64];
	size_t i, n;

	(void)tc;
	for (i = 0; i < COUNT(all); i++) {
		strlcpy(text, all[i].text, sizeof(text));
		n = feed_database_rows(text, strlen(text), all[i].escaped);
		ATF_REQUIRE_EQ(strlen(all[i].rows), n);
		ATF_CHECK_EQ_MSG(0, memcmp(all[i].rows, text, n), "%s",
		    all[i].text);
	}
}

ATF_TC(database_command);
ATF_TC_HEAD(database_command, tc)
{
	atf_tc_set_md_var(tc, "descr", "%s", "how each client is asked; a "
	    "password is no argument");
}
ATF_TC_BODY(database_command, tc)
{
	static struct {
		char type[8];
		const char *args, *input, *env;
	} all[] = {
		{ "sqlite3", "sqlite3|-batch|-bail|-readonly|-ascii|-init|"
		    "/dev/null|-cmd|.timeout 5000|-cmd|.x y'z|-cmd|.flag |"
		    "/db name|SELECT 1 -- x;\n|", "", "" },
		{ "mysql2", "mariadb|--defaults-file=/dev/stdin|--batch|"
		    "--skip-column-names|-e|SELECT 1 -- x;\n|",
		    "[client]\ndatabase=\"/db name\"\nsocket=\"/so'ck\"\n"
		    "user=\"me\"\npassword=\"s'e\\\"c\\\\r\\net\"\n"
		    "port=\"1234\"\nx=\"y'z\"\nflag=\"\"\n", "" },
		{ "pg", "psql|-X|-q|-w|-v|ON_ERROR_STOP=1|-d|"
		    "dbname='/db name' host='/so\\'ck' user='me' port='1234' "
		    "x='y\\'z' flag='' |-c|COPY (SELECT 1 -- x\n) TO STDOUT|",
		    "", "PGPASSWORD=s'e\"c\\r\net|" },
	};
	char name[] = "/db name", path[] = "/so'ck", user[] = "me";
	char password[] = "s'e\"c\\r\net", x[] = "x=y'z", flag[] = "flag";
	char *options[] = { x, flag };
	struct feed_command c;
	struct conf conf;
	char why[FEED_WHY_MAX];
	size_t i, n;

	(void)tc;
	memset(&conf, 0, sizeof(conf));
	conf.database_name = name;
	conf.database_path = path;
	conf.database_user = user;
	conf.database_password = password;
	conf.database_port = 1234;
	conf.database_options.item = options;
	conf.database_options.n = 2;
	for (i = 0; i < COUNT(all); i++) {
		const char *want[3];
		struct buf *got[3];
		size_t k;

		memset(&c, 0, sizeof(c));
		conf.database_type = all[i].type;
		ATF_REQUIRE_EQ(0, feed_database_command(&conf,
		    "SELECT 1 -- x;\n", &c, why));
		want[0] = all[i].args;
		want[1] = all[i].input;
		want[2] = all[i].env;
		got[0] = &c.args;
		got[1] = &c.input;
		got[2] = &c.env;
		for (k = 0; k < 3; k++) {
			for (n = 0; n < got[k]->len; n++)
				if (buf_ptr(got[k])[n] == '\0')
					buf_ptr(got[k])[n] = '|';
			ATF_REQUIRE_EQ(0, buf_add_str(got[k], ""));
			ATF_CHECK_STREQ(want[k],
			    (const char *)buf_ptr(got[k]));
		}
		feed_command_free(&c);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, program_slow);
	ATF_TP_ADD_TC(tp, program);
	ATF_TP_ADD_TC(tp, program_none);
	ATF_TP_ADD_TC(tp, rows);
	ATF_TP_ADD_TC(tp, database_command);
	return (atf_no_error());
}
