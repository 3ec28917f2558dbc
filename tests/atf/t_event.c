/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_event.c - descriptors: what loop.h promises, over every back end.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "h_event.h"

ATF_TC(names);
ATF_TC_HEAD(names, tc)
{
	atf_tc_set_md_var(tc, "descr", "%s", "Back ends are chosen by name, "
	    "upstream's words included, and an unknown name is EINVAL");
}
ATF_TC_BODY(names, tc)
{
	static const char *const bad[] = { "", "select", "Epoll", "autox" };
	const char *const *b;
	struct loop *l;
	size_t i;

	(void)tc;
	b = loop_backends();
	ATF_REQUIRE(b[0] != NULL);
	for (i = 0; b[i] != NULL; i++)
		ATF_CHECK(loop_backend_known(b[i]));
	ATF_CHECK_STREQ("poll", b[i - 1]);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ATF_CHECK(!loop_backend_known(bad[i]));
		ATF_CHECK_EQ(NULL, loop_new(bad[i]));
		ATF_CHECK_EQ(EINVAL, errno);
	}
	ATF_CHECK(!loop_backend_known(NULL));
	l = loop_new(NULL);
	ATF_REQUIRE(l != NULL);
	ATF_CHECK_STREQ(b[0], loop_backend(l));
	loop_free(l);
	ATF_CHECK(loop_backend_known("auto"));
	l = loop_new("auto");
	ATF_REQUIRE(l != NULL);
	ATF_CHECK_STREQ(b[0], loop_backend(l));
	loop_free(l);
	ATF_CHECK(loop_backend_known("libev"));
	l = loop_new("libev");
	ATF_REQUIRE(l != NULL);
	ATF_CHECK_STREQ(b[0], loop_backend(l));
	loop_free(l);
	ATF_CHECK(loop_backend_known("glib"));
	l = loop_new("glib");
	ATF_REQUIRE(l != NULL);
	ATF_CHECK_STREQ("poll", loop_backend(l));
	loop_free(l);
	loop_free(NULL);
}

LOOP_CASE(run_and_stop, "The loop runs while something is left to wait for, "
    "and until it is stopped")
{
	struct loop_signal sig;
	struct loop_task next, t;
	struct seen s;
	int fd[2];

	memset(&sig, 0, sizeof(sig));
	memset(&t, 0, sizeof(t));
	memset(&next, 0, sizeof(next));
	memset(&s, 0, sizeof(s));
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_REQUIRE_EQ(0, loop_signal_add(l, &sig, SIGUSR1, NULL, NULL));
	ATF_CHECK_EQ(0, loop_run(l));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], 0, on_seen, &s));
	/* Would wait for ever, but for the stop. */
	loop_stop(l);
	ATF_CHECK_EQ(0, loop_run(l));
	loop_task_start(l, &t, on_task_stop, l);
	loop_task_start(l, &next, on_task_stop, l);
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(NULL, t.loop);
	/* The next one has its turn when the loop runs again. */
	ATF_CHECK_EQ(l, next.loop);
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(NULL, next.loop);
	loop_io_del(&s.io);
	loop_io_del(&s.io);
	ATF_CHECK_EQ(0, loop_run(l));
	loop_signal_del(&sig);
	loop_signal_del(&sig);
	ATF_CHECK_EQ(0, s.calls);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

LOOP_CASE(misuse, "A bad descriptor and a watcher that is added twice are "
    "refused")
{
	struct seen s;
	int fd[2];

	memset(&s, 0, sizeof(s));
	ATF_CHECK_EQ(-1, loop_io_add(l, &s.io, -1, LOOP_READ, on_seen, &s));
	ATF_CHECK_EQ(EBADF, errno);
	ATF_CHECK_EQ(NULL, s.io.loop);
	ATF_CHECK_EQ(-1, loop_io_want(&s.io, LOOP_READ));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], LOOP_READ, on_seen,
	    &s));
	ATF_CHECK_EQ(-1, loop_io_add(l, &s.io, fd[1], LOOP_READ, on_seen, &s));
	ATF_CHECK_EQ(EEXIST, errno);
	ATF_CHECK_EQ(fd[0], s.io.fd);
	loop_io_del(&s.io);
	(void)close(fd[0]);
	(void)close(fd[1]);
	ATF_CHECK_EQ(0, loop_run(l));
}

LOOP_CASE(close_on_exec, "No descriptor of a loop survives an exec")
{
	struct loop_signal sig;
	int before[64], fd;

	(void)l;
	memset(&sig, 0, sizeof(sig));
	for (fd = 0; fd < 64; fd++)
		before[fd] = fcntl(fd, F_GETFD);
	l = loop_new(loop_backend(l));
	ATF_REQUIRE(l != NULL);
	ATF_REQUIRE_EQ(0, loop_signal_add(l, &sig, SIGUSR1, NULL, NULL));
	for (fd = 0; fd < 64; fd++)
		if (before[fd] == -1 && fcntl(fd, F_GETFD) != -1)
			ATF_CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	loop_signal_del(&sig);
	loop_free(l);
	for (fd = 0; fd < 64; fd++)
		ATF_CHECK_EQ(before[fd], fcntl(fd, F_GETFD));
}

LOOP_CASE(readiness, "What is ready and wanted is reported, level-triggered, "
    "and a change of what is wanted holds at once")
{
	struct seen s;
	char c;
	int fd[2];

	memset(&s, 0, sizeof(s));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], LOOP_READ, on_seen,
	    &s));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_REQUIRE_EQ(1, write(fd[1], "x", 1));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, RW));
	ATF_CHECK_EQ(RW, look(l, &s));
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_WRITE));
	ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
	ATF_CHECK_EQ(LOOP_WRITE, s.io.armed);
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, 0));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_READ));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_REQUIRE_EQ(1, read(fd[0], &c, 1));
	ATF_CHECK_EQ(0, look(l, &s));
	/* Paused with nothing to read, then something comes. */
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, 0));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_REQUIRE_EQ(1, write(fd[1], "x", 1));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_CHECK_EQ(0, s.io.armed);
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_READ));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	/* The send buffer is full. */
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_WRITE));
	while (write(fd[0], "y", 1) == 1)
		continue;
	ATF_CHECK_EQ(0, look(l, &s));
	loop_io_del(&s.io);
	s.calls = 0;
	turn(l);
	ATF_CHECK_EQ(0, s.calls);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

LOOP_CASE(end_of_file, "End of file is readable, with unread data before it, "
    "and reported to nobody who wants nothing")
{
	struct seen s;
	char c[8];
	int fd[2];

	memset(&s, 0, sizeof(s));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], LOOP_READ, on_seen,
	    &s));
	ATF_REQUIRE_EQ(3, write(fd[1], "abc", 3));
	ATF_REQUIRE_EQ(0, close(fd[1]));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_CHECK_EQ(3, read(fd[0], c, sizeof(c)));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_CHECK_EQ(0, read(fd[0], c, sizeof(c)));
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, 0));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_CHECK_EQ(0, s.io.armed);
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, RW));
	ATF_CHECK_EQ(RW, look(l, &s));
	loop_io_del(&s.io);
	ATF_REQUIRE_EQ(0, close(fd[0]));

	/* The same on a pipe. */
	ATF_REQUIRE_EQ(0, pipe(fd));
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], LOOP_READ, on_seen,
	    &s));
	ATF_CHECK_EQ(0, look(l, &s));
	ATF_REQUIRE_EQ(1, write(fd[1], "a", 1));
	ATF_REQUIRE_EQ(0, close(fd[1]));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_CHECK_EQ(1, read(fd[0], c, sizeof(c)));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_CHECK_EQ(0, read(fd[0], c, sizeof(c)));
	loop_io_del(&s.io);
	ATF_REQUIRE_EQ(0, close(fd[0]));
}

LOOP_CASE(half_close, "After the peer's half-close the unread data comes, "
    "then the end of file, and writing goes on")
{
	struct seen s;
	char c[8];
	int fd[2];

	memset(&s, 0, sizeof(s));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], RW, on_seen, &s));
	ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
	ATF_REQUIRE_EQ(3, write(fd[1], "abc", 3));
	ATF_REQUIRE_EQ(0, shutdown(fd[1], SHUT_WR));
	ATF_CHECK_EQ(RW, look(l, &s));
	ATF_CHECK_EQ(2, read(fd[0], c, 2));
	ATF_CHECK_EQ(RW, look(l, &s));
	ATF_CHECK_EQ(1, read(fd[0], c, 2));
	ATF_CHECK_EQ(RW, look(l, &s));
	ATF_CHECK_EQ(0, read(fd[0], c, 2));
	ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_WRITE));
	ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
	ATF_CHECK_EQ(2, write(fd[0], "de", 2));
	ATF_CHECK_EQ(2, read(fd[1], c, sizeof(c)));
	loop_io_del(&s.io);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

LOOP_CASE(write_error, "A peer that is gone makes a descriptor ready, so that "
    "the owner's call finds the error")
{
	struct seen s;
	int fd[2], i;

	memset(&s, 0, sizeof(s));
	(void)signal(SIGPIPE, SIG_IGN);
	/* The reader goes before (0) or while (1) we watch. */
	for (i = 0; i < 2; i++) {
		ATF_REQUIRE_EQ(0, pipe(fd));
		set_nonblock(fd[1]);
		while (write(fd[1], "y", 1) == 1)
			continue;
		if (i == 0)
			ATF_REQUIRE_EQ(0, close(fd[0]));
		ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[1], LOOP_WRITE,
		    on_seen, &s));
		if (i == 1) {
			ATF_CHECK_EQ(0, look(l, &s));
			ATF_REQUIRE_EQ(0, close(fd[0]));
		}
		ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
		ATF_CHECK_EQ(-1, write(fd[1], "y", 1));
		ATF_CHECK_EQ(EPIPE, errno);
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, 0));
		ATF_CHECK_EQ(0, look(l, &s));
		ATF_REQUIRE_EQ(0, loop_io_want(&s.io, LOOP_WRITE));
		ATF_CHECK_EQ(LOOP_WRITE, look(l, &s));
		loop_io_del(&s.io);
		ATF_CHECK_EQ(0, look(l, &s));
		ATF_REQUIRE_EQ(0, close(fd[1]));
	}
}

static void
on_connected(struct loop_io *io, unsigned ready, void *arg)
{
	struct seen *s = arg;

	s->calls++;
	s->ready = ready;
	loop_io_del(io);
}

LOOP_CASE(refused_connection, "A refused connection is reported, and SO_ERROR "
    "is left for the owner")
{
	struct sockaddr_in sin;
	struct seen s;
	socklen_t len = sizeof(sin);
	int error = 0, fd, rc;

	/* A port that was free a moment ago and has no listener. */
	memset(&s, 0, sizeof(s));
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)(void *)&sin,
	    sizeof(sin)));
	ATF_REQUIRE_EQ(0, getsockname(fd, (struct sockaddr *)(void *)&sin,
	    &len));
	ATF_REQUIRE_EQ(0, close(fd));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ATF_REQUIRE(fd != -1);
	set_nonblock(fd);
	rc = connect(fd, (struct sockaddr *)(void *)&sin, sizeof(sin));
	ATF_REQUIRE(rc == -1);
	if (errno == EINPROGRESS) {
		ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd, LOOP_WRITE,
		    on_connected, &s));
		ATF_CHECK_EQ(0, loop_run(l));
		ATF_CHECK_EQ(1, s.calls);
		ATF_CHECK_EQ(LOOP_WRITE, s.ready);
		len = sizeof(error);
		ATF_REQUIRE_EQ(0, getsockopt(fd, SOL_SOCKET, SO_ERROR, &error,
		    &len));
		ATF_CHECK_EQ(ECONNREFUSED, error);
	}
	ATF_REQUIRE_EQ(0, close(fd));
}

static void
on_free_self(struct loop_io *io, unsigned ready, void *arg)
{
	(void)ready;
	(void)arg;
	loop_io_del(io);
	(void)close(io->fd);
	free(io);
}

LOOP_CASE(free_in_own_handler, "A watcher may be freed by its own handler")
{
	struct loop_io *io;
	int fd[2], i;

	for (i = 0; i < 20; i++) {
		io = calloc(1, sizeof(*io));
		ATF_REQUIRE(io != NULL);
		pair(fd);
		ATF_REQUIRE_EQ(1, write(fd[1], "x", 1));
		ATF_REQUIRE_EQ(0, loop_io_add(l, io, fd[0], RW, on_free_self,
		    NULL));
		(void)close(fd[1]);
	}
	ATF_CHECK_EQ(0, loop_run(l));
}

/* The first of a set to be called takes all others out. */
struct rivals {
	struct loop_io	*io[8];		/* NULL when freed */
	int		 peer[8];
	int		 calls;
	bool		 reuse;
	struct seen	*heir;		/* gets number and memory of a loser */
	int		 heir_peer;
};

static void
on_rival(struct loop_io *io, unsigned ready, void *arg)
{
	struct rivals *r = arg;
	int fd[2], i, lost = -1;

	(void)ready;
	r->calls++;
	for (i = 0; i < 8; i++) {
		if (r->io[i] == NULL || r->io[i] == io)
			continue;
		lost = r->io[i]->fd;
		loop_io_del(r->io[i]);
		(void)close(lost);
		free(r->io[i]);
		r->io[i] = NULL;
	}
	if (!r->reuse || r->heir != NULL)
		return;
	pair(fd);
	if (fd[0] != lost) {
		if (fd[1] == lost)
			ATF_REQUIRE((fd[1] = dup(fd[1])) != -1);
		ATF_REQUIRE_EQ(lost, dup2(fd[0], lost));
		(void)close(fd[0]);
	}
	r->heir_peer = fd[1];
	r->heir = calloc(1, sizeof(*r->heir));
	ATF_REQUIRE(r->heir != NULL);
	ATF_REQUIRE_EQ(0, loop_io_add(io->loop, &r->heir->io, lost, LOOP_READ,
	    on_seen, r->heir));
}

static void
rivals_start(struct loop *l, struct rivals *r, bool reuse)
{
	int fd[2], i;

	memset(r, 0, sizeof(*r));
	r->reuse = reuse;
	for (i = 0; i < 8; i++) {
		pair(fd);
		r->peer[i] = fd[1];
		r->io[i] = calloc(1, sizeof(*r->io[i]));
		ATF_REQUIRE(r->io[i] != NULL);
		ATF_REQUIRE_EQ(0, loop_io_add(l, r->io[i], fd[0], RW,
		    on_rival, r));
		ATF_REQUIRE_EQ(1, write(fd[1], "x", 1));
	}
}

static void
rivals_end(struct rivals *r)
{
	int i;

	for (i = 0; i < 8; i++) {
		(void)close(r->peer[i]);
		if (r->io[i] == NULL)
			continue;
		loop_io_del(r->io[i]);
		(void)close(r->io[i]->fd);
		free(r->io[i]);
	}
}

LOOP_CASE(delete_pending, "A watcher that is taken out in a round is not "
    "called, though its event was reported already")
{
	struct rivals r;

	rivals_start(l, &r, false);
	turn(l);
	ATF_CHECK_EQ(1, r.calls);
	rivals_end(&r);
	ATF_CHECK_EQ(0, loop_run(l));
}

LOOP_CASE(reuse_number, "A descriptor number that is reused in a round does "
    "not inherit the event of its predecessor")
{
	struct rivals r;

	rivals_start(l, &r, true);
	turn(l);
	ATF_CHECK_EQ(1, r.calls);
	ATF_REQUIRE(r.heir != NULL);
	ATF_CHECK_EQ(0, r.heir->calls);
	turn(l);
	ATF_CHECK_EQ(2, r.calls);
	ATF_CHECK_EQ(0, r.heir->calls);
	ATF_REQUIRE_EQ(1, write(r.heir_peer, "x", 1));
	turn(l);
	ATF_CHECK_EQ(1, r.heir->calls);
	loop_io_del(&r.heir->io);
	(void)close(r.heir->io.fd);
	(void)close(r.heir_peer);
	free(r.heir);
	rivals_end(&r);
	ATF_CHECK_EQ(0, loop_run(l));
}

LOOP_CASE(stop_keeps_events, "What was ready when the loop was stopped is "
    "served when it runs again")
{
	struct seen s[2];
	int fd[2], i;

	memset(s, 0, sizeof(s));
	pair(fd);
	for (i = 0; i < 2; i++)
		ATF_REQUIRE_EQ(0, loop_io_add(l, &s[i].io, fd[i], LOOP_WRITE,
		    on_stop_once, &s[i]));
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(1, s[0].calls + s[1].calls);
	loop_io_del(s[0].calls == 1 ? &s[0].io : &s[1].io);
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_CHECK_EQ(1, s[0].calls);
	ATF_CHECK_EQ(1, s[1].calls);
	for (i = 0; i < 2; i++) {
		loop_io_del(&s[i].io);
		(void)close(fd[i]);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, run_and_stop);
	ATF_TP_ADD_TC(tp, misuse);
	ATF_TP_ADD_TC(tp, close_on_exec);
	ATF_TP_ADD_TC(tp, readiness);
	ATF_TP_ADD_TC(tp, end_of_file);
	ATF_TP_ADD_TC(tp, half_close);
	ATF_TP_ADD_TC(tp, write_error);
	ATF_TP_ADD_TC(tp, refused_connection);
	ATF_TP_ADD_TC(tp, free_in_own_handler);
	ATF_TP_ADD_TC(tp, delete_pending);
	ATF_TP_ADD_TC(tp, reuse_number);
	ATF_TP_ADD_TC(tp, stop_keeps_events);
	return (atf_no_error());
}
