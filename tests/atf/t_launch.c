/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_launch.c - the launcher and those who ask it what they must not, and the
 * asking side with a launcher that is none.
 * Owns:      the cases below; each has a launcher of its own.
 * Called by: kyua.
 * Must not:  need to be root.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/log.h"
#include "daemon/launcher.h"
#include "net/launch.h"

#include "h_net.h"

/* What it may run: 0 and 1 are children, 2 is none. */
static const char text[] =
    "security.privilege_mode = true\n"
    "milter.a.connection_spec = \"unix:/a\"\n"
    "milter.a.command = \"/bin/sh\"\n"
    "milter.a.command_options = [\"-c\", \"sleep 1000\"]\n"
    "milter.b.connection_spec = \"unix:/b\"\n"
    "milter.b.command = \"/bin/sh\"\n"
    "milter.b.command_options = [\"-c\", \"cd $OLDPWD; exit 3\"]\n"
    "milter.c.connection_spec = \"unix:/c\"\n"
    "table.slow = \"exec:echo x; sleep 1000\"\n"
    "table.good = \"exec:echo good; echo bad >&2; exit 7\"\n"
    "table.map = \"socketmap:unix:/s:m\"\n"
    "timer.t.command = [\"/bin/true\"]\n";

static struct daemon d;

static void
report(const char *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* A launcher whose asker is d.launcher. */
static void
start(void)
{
	memset(&d, 0, sizeof(d));
	d.privilege.uid = geteuid();
	d.privilege.gid = getegid();
	d.cmdline.source.file = "/c";
	d.cmdline.source.text = text;
	d.cmdline.source.text_len = strlen(text);
	d.conf = conf_load(&d.cmdline.source, report, NULL);
	ATF_REQUIRE(d.conf != NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	ATF_REQUIRE_EQ(0, launcher_fork(&d));
	ATF_REQUIRE_EQ(0, fcntl(d.launcher, F_SETFL, 0));
}

/* It has ended by itself, in an orderly way. */
static void
require_end(void)
{
	int status;

	ATF_REQUIRE_EQ(d.launcher_pid, waitpid(d.launcher_pid, &status, 0));
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	(void)close(d.launcher);
	conf_unref(d.conf);
}

static void
ask(int fd, enum launch_kind kind, uint32_t seq, uint32_t number,
    uint64_t digest, const int *fds, size_t n_fds)
{
	struct launch_record r;

	memset(&r, 0, sizeof(r));
	r.magic = LAUNCH_MAGIC;
	r.what = kind;
	r.seq = seq;
	r.number = number;
	r.digest = digest;
	r.n_fds = (uint32_t)n_fds;
	ATF_REQUIRE_EQ((int)sizeof(r), launch_send(fd, &r, sizeof(r), fds,
	    n_fds));
}

/* The next answer, lines of the log left out.  False: it was hung up. */
static bool
answer(int fd, struct launch_record *r)
{
	size_t len;
	ssize_t n;

	do {
		for (len = 0; len < sizeof(*r); len += (size_t)n) {
			n = read(fd, (char *)r + len, sizeof(*r) - len);
			if (n <= 0) {
				ATF_CHECK_EQ(0, len);
				return (false);
			}
		}
		ATF_CHECK_EQ(LAUNCH_MAGIC, r->magic);
		if (r->what == LAUNCH_LINE)
			printf("log: %s\n", r->text);
	} while (r->what == LAUNCH_LINE);
	return (true);
}

/* A second asker, as a worker is one. */
static int
second(void)
{
	int fd[2];

	ATF_REQUIRE_EQ(0, launch_pair(fd));
	ask(d.launcher, LAUNCH_ASKER, 1, 0, 0, &fd[1], 1);
	(void)close(fd[1]);
	ATF_REQUIRE_EQ(0, fcntl(fd[0], F_SETFL, 0));
	return (fd[0]);
}

ATF_TC_WITHOUT_HEAD(refused);
ATF_TC_BODY(refused, tc)
{
	const struct {
		enum launch_kind kind;
		uint32_t number;
		uint64_t digest;
	} rows[] = {
		{ LAUNCH_CHILD, 0, 0 },
		{ LAUNCH_CHILD, 0, 1 },
		{ LAUNCH_CHILD, 2, 0 },
		{ LAUNCH_CHILD, UINT32_MAX, 1 },
		{ LAUNCH_TIMER, 0, 1 },
		{ LAUNCH_TIMER, 77, 0 },
		{ LAUNCH_MAINTENANCE, 0, 0 },
		{ LAUNCH_MAINTENANCE, 0, 0xcbf29ce484222325u },
	};
	struct launch_record r;
	uint64_t a;
	uint32_t i;

	(void)tc;
	start();
	a = launch_digest(d.conf, LAUNCH_CHILD, 0);
	ATF_CHECK(a != 0);
	ATF_CHECK(a != launch_digest(d.conf, LAUNCH_CHILD, 1));
	ATF_CHECK_EQ(0, launch_digest(d.conf, LAUNCH_CHILD, 2));
	ATF_CHECK_EQ(0, launch_digest(d.conf, LAUNCH_TABLE, 2));
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ask(d.launcher, rows[i].kind, i, rows[i].number,
		    rows[i].digest, NULL, 0);
		ATF_REQUIRE(answer(d.launcher, &r));
		ATF_CHECK_EQ(LAUNCH_REFUSED, r.what);
		ATF_CHECK_EQ(i, r.seq);
		ATF_CHECK_STREQ("the configuration that the launcher has read "
		    "has no such command", r.text);
	}
	/* A child's digest is none of a timer's. */
	ask(d.launcher, LAUNCH_TIMER, 9, 0, a, NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(LAUNCH_REFUSED, r.what);
	/* With a wrong number it is the one of the digest, and only once. */
	ask(d.launcher, LAUNCH_CHILD, 10, 1, a, NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(LAUNCH_STARTED, r.what);
	ask(d.launcher, LAUNCH_CHILD, 11, 0, a, NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(LAUNCH_RUNNING, r.what);
	ATF_CHECK_EQ(11, r.seq);
	/* Its end is told to who has asked, then there is a pause. */
	a = launch_digest(d.conf, LAUNCH_CHILD, 1);
	ask(d.launcher, LAUNCH_CHILD, 12, 1, a, NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(LAUNCH_STARTED, r.what);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(LAUNCH_ENDED, r.what);
	ATF_CHECK_EQ(12, r.seq);
	ATF_CHECK(WIFEXITED(r.status));
	ask(d.launcher, LAUNCH_CHILD, 13, 1, a, NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(LAUNCH_REFUSED, r.what);
	(void)shutdown(d.launcher, SHUT_WR);
	while (answer(d.launcher, &r))
		continue;
	require_end();
}

/* A whole record that makes no sense, or as much of one. */
static void
garbage(int fd, unsigned what)
{
	struct launch_record r;
	int i, fds[LAUNCH_FDS_MAX];
	uint32_t n_fds = 0;
	unsigned char *p = (unsigned char *)&r;

	memset(&r, 0, sizeof(r));
	r.magic = LAUNCH_MAGIC;
	r.what = LAUNCH_CHILD;
	switch (what) {
	case 0:
		r.magic++;
		break;
	case 1:
		r.what = LAUNCH_KIND_N;
		break;
	case 2:
		r.what = UINT32_MAX;
		break;
	case 3:
		r.n_fds = 1;		/* and none comes */
		break;
	case 4:
		n_fds = 1;		/* one comes that is not told */
		break;
	case 5:
		r.n_fds = n_fds = LAUNCH_FDS_MAX;
		break;
	case 6:
		r.what = LAUNCH_TABLE;
		r.n_fds = n_fds = 1;
		break;
	case 7:
		memset(p, 0xff, sizeof(r));
		break;
	/* What only the daemon may. */
	case 8:
		r.what = LAUNCH_RELOAD;
		break;
	case 9:
		r.what = LAUNCH_ASKER;
		r.n_fds = n_fds = 1;
		break;
	case 10:
		r.what = LAUNCH_TIMER;
		r.digest = launch_digest(d.conf, LAUNCH_TIMER, 0);
		break;
	case 11:
		r.what = LAUNCH_MAINTENANCE;
		break;
	case 12:
		r.what = LAUNCH_UPGRADE;
		r.n_fds = n_fds = 2;
		break;
	default:
		for (i = 0; i < (int)sizeof(r); i++)
			p[i] = (unsigned char)(i * (int)what);
		break;
	}
	for (i = 0; i < LAUNCH_FDS_MAX; i++)
		fds[i] = STDERR_FILENO;
	/* In two pieces, the descriptors with either. */
	ATF_REQUIRE_EQ(7, launch_send(fd, p, 7, fds, what % 2 == 0 ? n_fds :
	    0));
	ATF_REQUIRE_EQ((int)sizeof(r) - 7, launch_send(fd, p + 7,
	    sizeof(r) - 7, fds, what % 2 == 0 ? 0 : n_fds));
}

ATF_TC_WITHOUT_HEAD(malformed);
ATF_TC_BODY(malformed, tc)
{
	struct launch_record r;
	unsigned what;
	int fd;

	(void)tc;
	start();
	for (what = 0; what < 30; what++) {
		fd = second();
		garbage(fd, what);
		ATF_CHECK(!answer(fd, &r));
		(void)close(fd);
	}
	/* One that ends in the midst of a record is no fault. */
	fd = second();
	ATF_REQUIRE_EQ(9, launch_send(fd, &r, 9, NULL, 0));
	(void)close(fd);
	/* None of them is of concern to others. */
	fd = second();
	ask(fd, LAUNCH_CHILD, 5, 0, 1, NULL, 0);
	ATF_REQUIRE(answer(fd, &r));
	ATF_CHECK_EQ(LAUNCH_REFUSED, r.what);
	(void)close(fd);
	ask(d.launcher, LAUNCH_TIMER, 3, 0, launch_digest(d.conf,
	    LAUNCH_TIMER, 0), NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(3, r.seq);
	ATF_CHECK_EQ(LAUNCH_STARTED, r.what);
	/* The daemon's own ends all. */
	garbage(d.launcher, 7);
	while (answer(d.launcher, &r))
		continue;
	require_end();
}

/* Never read, it is not waited for. */
ATF_TC_WITHOUT_HEAD(deaf);
ATF_TC_BODY(deaf, tc)
{
	struct launch_record r;
	unsigned i;
	int fd;

	(void)tc;
	start();
	fd = second();
	ATF_REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) != -1);
	memset(&r, 0, sizeof(r));
	r.magic = LAUNCH_MAGIC;
	r.what = LAUNCH_CHILD;
	for (i = 0; i < 1000000; i++)
		if (launch_send(fd, &r, sizeof(r), NULL, 0) == -1 &&
		    errno != EAGAIN)
			break;
	ATF_CHECK(i < 1000000);
	(void)close(fd);
	ask(d.launcher, LAUNCH_CHILD, 3, 0, 1, NULL, 0);
	ATF_REQUIRE(answer(d.launcher, &r));
	ATF_CHECK_EQ(3, r.seq);
	(void)shutdown(d.launcher, SHUT_WR);
	while (answer(d.launcher, &r))
		continue;
	require_end();
}

/* --- the asking side ----------------------------------------------------- */

struct told {
	struct loop	*loop;
	int		 n;
	int		 stop_at;
	enum launch_state state[8];
	int		 status;
	char		 why[LAUNCH_TEXT_MAX];
};

static void
on_told(struct launch_query *q, enum launch_state state, int status,
    const char *why, void *arg)
{
	struct told *t = arg;

	(void)q;
	ATF_REQUIRE(t->n < 8);
	t->state[t->n++] = state;
	t->status = status;
	strlcpy(t->why, why, sizeof(t->why));
	if (t->n == t->stop_at)
		loop_stop(t->loop);
}

NET_CASE(asks, "requests are answered each, also those of a table, that is "
    "killed")
{
	struct launch_query q[4];
	struct told t[4];
	struct launch *launch;
	char data[64];
	int fd[2], err[2], both[2], i;

	start();
	memset(q, 0, sizeof(q));
	memset(t, 0, sizeof(t));
	for (i = 0; i < 4; i++)
		t[i].loop = l;
	launch = launch_new(l, d.launcher);
	ATF_REQUIRE(launch != NULL);
	ATF_CHECK(launch_there(launch));
	ATF_REQUIRE(pipe(fd) != -1 && pipe(err) != -1);
	both[0] = fd[1];
	both[1] = err[1];
	/* A table's program, and one that is killed. */
	t[0].stop_at = 2;
	launch_ask(launch, &q[0], LAUNCH_TABLE, 1, launch_digest(d.conf,
	    LAUNCH_TABLE, 1), both, 2, on_told, &t[0]);
	net_run(l);
	ATF_CHECK_EQ(LAUNCH_STARTED, t[0].state[0]);
	ATF_CHECK_EQ(LAUNCH_ENDED, t[0].state[1]);
	ATF_CHECK_EQ(7, WEXITSTATUS(t[0].status));
	ATF_CHECK_EQ(5, read(fd[0], data, sizeof(data)));
	ATF_CHECK_EQ(0, memcmp(data, "good\n", 5));
	ATF_CHECK_EQ(4, read(err[0], data, sizeof(data)));
	t[1].stop_at = 1;
	launch_ask(launch, &q[1], LAUNCH_TABLE, 0, launch_digest(d.conf,
	    LAUNCH_TABLE, 0), both, 2, on_told, &t[1]);
	net_run(l);
	ATF_CHECK_EQ(2, read(fd[0], data, sizeof(data)));
	t[1].stop_at = 2;
	launch_kill(&q[1]);
	net_run(l);
	ATF_CHECK_EQ(LAUNCH_ENDED, t[1].state[1]);
	ATF_CHECK(WIFSIGNALED(t[1].status));
	/* One that is cancelled, before one that is refused. */
	launch_ask(launch, &q[2], LAUNCH_CHILD, 0, 4711, NULL, 0, on_told,
	    &t[2]);
	launch_cancel(&q[2]);
	launch_cancel(&q[2]);
	t[3].stop_at = 1;
	launch_ask(launch, &q[3], LAUNCH_CHILD, 0, 4711, NULL, 0, on_told,
	    &t[3]);
	net_run(l);
	ATF_CHECK_EQ(0, t[2].n);
	ATF_CHECK_EQ(LAUNCH_REFUSED, t[3].state[0]);
	/* It is lost: what is under way, and all that comes, is refused. */
	memset(t, 0, sizeof(t));
	t[0].loop = t[3].loop = l;
	launch_ask(launch, &q[0], LAUNCH_TABLE, 0, launch_digest(d.conf,
	    LAUNCH_TABLE, 0), both, 2, on_told, &t[0]);
	t[0].stop_at = 1;
	net_run(l);
	ATF_REQUIRE_EQ(0, kill(d.launcher_pid, SIGKILL));
	t[0].stop_at = 2;
	net_run(l);
	ATF_CHECK_EQ(LAUNCH_REFUSED, t[0].state[1]);
	ATF_CHECK_STREQ("the launcher is lost", t[0].why);
	ATF_CHECK(!launch_there(launch));
	t[3].stop_at = 1;
	launch_ask(launch, &q[3], LAUNCH_CHILD, 0, 1, NULL, 0, on_told, &t[3]);
	net_run(l);
	ATF_CHECK_EQ(LAUNCH_REFUSED, t[3].state[0]);
	ATF_CHECK_EQ(-1, launch_asker(launch));
	launch_free(launch);
	launch_free(NULL);
	ATF_CHECK(!launch_there(NULL));
	for (i = 0; i < 2; i++) {
		(void)close(fd[i]);
		(void)close(err[i]);
	}
	ATF_REQUIRE_EQ(d.launcher_pid, waitpid(d.launcher_pid, &i, 0));
	conf_unref(d.conf);
}

NET_CASE(nonsense, "a launcher whose answers make no sense is lost")
{
	struct launch_query q;
	struct launch_record r;
	struct launch *launch;
	struct told t;
	unsigned what;
	int fd[2];

	for (what = 0; what < 4; what++) {
		memset(&q, 0, sizeof(q));
		memset(&t, 0, sizeof(t));
		t.loop = l;
		t.stop_at = 1;
		ATF_REQUIRE_EQ(0, launch_pair(fd));
		launch = launch_new(l, fd[0]);
		ATF_REQUIRE(launch != NULL);
		launch_ask(launch, &q, LAUNCH_CHILD, 0, 1, NULL, 0, on_told,
		    &t);
		/* One that nobody has asked for, and one without an end. */
		memset(&r, 'x', sizeof(r));
		r.magic = LAUNCH_MAGIC;
		r.what = LAUNCH_REFUSED;
		r.seq = what == 0 ? 1 : 99;
		ATF_REQUIRE(write(fd[1], &r, sizeof(r)) == sizeof(r));
		if (what == 1)
			r.magic = 0;
		else
			r.what = what == 2 ? LAUNCH_LINE + 1 : UINT32_MAX;
		if (what > 0)
			ATF_REQUIRE(write(fd[1], &r, sizeof(r)) == sizeof(r));
		net_run(l);
		ATF_CHECK_EQ(1, t.n);
		ATF_CHECK_EQ(LAUNCH_REFUSED, t.state[0]);
		ATF_CHECK_EQ(what == 0, launch_there(launch));
		ATF_CHECK_EQ(what == 0 ? LAUNCH_TEXT_MAX - 1 :
		    strlen("the launcher is lost"), strlen(t.why));
		launch_free(launch);
		(void)close(fd[1]);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, malformed);
	ATF_TP_ADD_TC(tp, deaf);
	ATF_TP_ADD_TC(tp, asks);
	ATF_TP_ADD_TC(tp, nonsense);
	return (atf_no_error());
}
