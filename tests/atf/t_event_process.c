/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_event_process.c - signals and processes, over every back end.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/types.h>
#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "h_event.h"

struct heard {
	struct loop_signal s;
	int		 calls;
	struct heard	*mate;		/* taken out and freed by the handler */
	struct heard	**survivor;	/* gets the one that was called */
};

static void
on_heard(struct loop_signal *s, void *arg)
{
	struct heard *h = arg;

	ATF_CHECK_EQ(&h->s, s);
	h->calls++;
	if (h->mate != NULL) {
		*h->survivor = h;
		loop_signal_del(&h->mate->s);
		free(h->mate);
		h->mate = NULL;
	}
}

LOOP_CASE(signals, "Signals are handled from the loop, several arrivals at "
    "least once, and SIG_DFL is back afterwards")
{
	struct sigaction sa;
	struct heard h[2], other, *heap[2];
	sigset_t set;
	int i;

	memset(h, 0, sizeof(h));
	memset(&other, 0, sizeof(other));
	ATF_CHECK_EQ(-1, loop_signal_add(l, &other.s, SIGCHLD, on_heard,
	    &other));
	ATF_CHECK_EQ(EINVAL, errno);
	ATF_CHECK_EQ(-1, loop_signal_add(l, &other.s, SIGKILL, on_heard,
	    &other));
	ATF_CHECK_EQ(-1, loop_signal_add(l, &other.s, 0, on_heard, &other));
	ATF_CHECK_EQ(-1, loop_signal_add(l, &other.s, 10000, on_heard,
	    &other));
	/* Also one that was blocked when we were started. */
	ATF_REQUIRE_EQ(0, sigemptyset(&set));
	ATF_REQUIRE_EQ(0, sigaddset(&set, SIGUSR1));
	ATF_REQUIRE_EQ(0, sigprocmask(SIG_BLOCK, &set, NULL));
	ATF_REQUIRE_EQ(0, loop_signal_add(l, &h[0].s, SIGUSR1, on_heard,
	    &h[0]));
	ATF_REQUIRE_EQ(0, loop_signal_add(l, &h[1].s, SIGUSR2, on_heard,
	    &h[1]));
	ATF_CHECK_EQ(-1, loop_signal_add(l, &other.s, SIGUSR2, on_heard,
	    &other));
	ATF_CHECK_EQ(EEXIST, errno);
	turn(l);
	ATF_CHECK_EQ(0, h[0].calls);
	for (i = 0; i < 5; i++)
		ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR1));
	ATF_CHECK_EQ(0, h[0].calls);
	turn(l);
	ATF_CHECK_EQ(1, h[0].calls);
	ATF_CHECK_EQ(0, h[1].calls);
	ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR2));
	ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR1));
	turn(l);
	ATF_CHECK_EQ(2, h[0].calls);
	ATF_CHECK_EQ(1, h[1].calls);
	loop_signal_del(&h[0].s);
	loop_signal_del(&h[1].s);
	ATF_REQUIRE_EQ(0, sigaction(SIGUSR1, NULL, &sa));
	ATF_CHECK(sa.sa_handler == SIG_DFL);
	ATF_REQUIRE_EQ(0, sigaction(SIGUSR2, NULL, &sa));
	ATF_CHECK(sa.sa_handler == SIG_DFL);
	/* Each takes the other out and frees it: one of the two is called. */
	for (i = 0; i < 2; i++) {
		heap[i] = calloc(1, sizeof(*heap[i]));
		ATF_REQUIRE(heap[i] != NULL);
		ATF_REQUIRE_EQ(0, loop_signal_add(l, &heap[i]->s,
		    i == 0 ? SIGUSR1 : SIGUSR2, on_heard, heap[i]));
	}
	heap[0]->mate = heap[1];
	heap[1]->mate = heap[0];
	heap[0]->survivor = heap[1]->survivor = &heap[0];
	ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR1));
	ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR2));
	turn(l);
	turn(l);
	ATF_CHECK_EQ(1, heap[0]->calls);
	loop_signal_del(&heap[0]->s);
	free(heap[0]);
	/* And again. */
	ATF_REQUIRE_EQ(0, loop_signal_add(l, &h[0].s, SIGUSR1, on_heard,
	    &h[0]));
	h[0].calls = 0;
	ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR1));
	turn(l);
	ATF_CHECK_EQ(1, h[0].calls);
	loop_signal_del(&h[0].s);
}

struct kid {
	struct loop_child c;
	int		 status;
	int		 calls;
};

static void
on_kid(struct loop_child *c, int status, void *arg)
{
	struct kid *k = arg;

	ATF_CHECK_EQ(&k->c, c);
	ATF_CHECK_EQ(NULL, c->loop);
	k->status = status;
	k->calls++;
}

/* A process that ends with code, or when it is killed for code -1. */
static pid_t
spawn(int code)
{
	pid_t pid;

	pid = fork();
	ATF_REQUIRE(pid != -1);
	if (pid == 0) {
		while (code == -1)
			(void)pause();
		_exit(code);
	}
	return (pid);
}

/* Waits until pid has ended, but leaves it to be reaped. */
static void
wait_ended(pid_t pid)
{
	siginfo_t si;
	int rc;

	do
		rc = waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT);
	while (rc == -1 && errno == EINTR);
	ATF_REQUIRE_EQ(0, rc);
}

static bool
is_known(pid_t pid)
{
	siginfo_t si;

	return (waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT | WNOHANG) ==
	    0);
}

LOOP_CASE(processes, "Each registered process is reported once with its "
    "status, also when it ended before; others are left alone")
{
	struct kid k[4];
	pid_t foreign, pid;
	int status;

	memset(k, 0, sizeof(k));
	ATF_CHECK_EQ(-1, loop_child_add(l, &k[0].c, 0, on_kid, &k[0]));
	foreign = spawn(9);
	wait_ended(foreign);

	/* Ended before. */
	pid = spawn(7);
	wait_ended(pid);
	ATF_REQUIRE_EQ(0, loop_child_add(l, &k[0].c, pid, on_kid, &k[0]));
	turn(l);
	ATF_REQUIRE_EQ(1, k[0].calls);
	ATF_CHECK(WIFEXITED(k[0].status));
	ATF_CHECK_EQ(7, WEXITSTATUS(k[0].status));
	loop_child_del(&k[0].c);

	/* Ends while we wait; killed; one that goes on. */
	pid = spawn(-1);
	ATF_REQUIRE_EQ(0, loop_child_add(l, &k[1].c, pid, on_kid, &k[1]));
	pid = spawn(3);
	ATF_REQUIRE_EQ(0, loop_child_add(l, &k[2].c, pid, on_kid, &k[2]));
	pid = spawn(-1);
	ATF_REQUIRE_EQ(0, loop_child_add(l, &k[3].c, pid, on_kid, &k[3]));
	ATF_CHECK_EQ(0, loop_run(l));
	ATF_REQUIRE_EQ(0, kill(k[1].c.pid, SIGTERM));
	while (k[1].calls == 0 || k[2].calls == 0)
		turn(l);
	ATF_CHECK(WIFSIGNALED(k[1].status));
	ATF_CHECK_EQ(SIGTERM, WTERMSIG(k[1].status));
	ATF_CHECK(WIFEXITED(k[2].status));
	ATF_CHECK_EQ(3, WEXITSTATUS(k[2].status));
	ATF_CHECK_EQ(0, k[3].calls);

	/* Forgotten before it ends. */
	pid = k[3].c.pid;
	loop_child_del(&k[3].c);
	ATF_REQUIRE_EQ(0, kill(pid, SIGKILL));
	while (is_known(pid))
		turn(l);
	ATF_CHECK_EQ(0, k[3].calls);

	/* Forgotten after it ended, before that was told. */
	pid = spawn(1);
	ATF_REQUIRE_EQ(0, loop_child_add(l, &k[3].c, pid, on_kid, &k[3]));
	wait_ended(pid);
	loop_child_del(&k[3].c);
	ATF_CHECK(!is_known(pid));
	turn(l);
	ATF_CHECK_EQ(0, k[3].calls);

	/* Not ours any more. */
	ATF_REQUIRE_EQ(0, loop_child_add(l, &k[3].c, pid, on_kid, &k[3]));
	turn(l);
	ATF_CHECK_EQ(1, k[3].calls);
	ATF_CHECK_EQ(-1, k[3].status);

	ATF_REQUIRE_EQ(foreign, waitpid(foreign, &status, 0));
	ATF_CHECK(WIFEXITED(status));
	ATF_CHECK_EQ(9, WEXITSTATUS(status));
	ATF_CHECK_EQ(1, k[0].calls);
	ATF_CHECK_EQ(1, k[1].calls);
	ATF_CHECK_EQ(1, k[2].calls);
}

/* In the forked process: its own loop, and nothing of the parent's. */
static int
leave_in_child(struct loop *l, const char *backend, int watched, int other)
{
	struct loop_signal term;
	struct seen s;
	struct sigaction sa;
	struct loop *mine;
	int fd[2];
	char c;

	loop_leave(l);
	if (sigaction(SIGUSR1, NULL, &sa) == -1 || sa.sa_handler != SIG_DFL ||
	    sigaction(SIGCHLD, NULL, &sa) == -1 || sa.sa_handler != SIG_DFL)
		return (1);
	if (fcntl(watched, F_GETFD) != -1 || fcntl(other, F_GETFD) == -1)
		return (2);
	memset(&term, 0, sizeof(term));
	memset(&s, 0, sizeof(s));
	mine = loop_new(backend);
	if (mine == NULL || loop_signal_add(mine, &term, SIGUSR1, on_heard,
	    NULL) == -1)
		return (3);
	pair(fd);
	if (loop_io_add(mine, &s.io, fd[0], LOOP_READ, on_stop_once, &s) ==
	    -1 || write(fd[1], "x", 1) != 1 || loop_run(mine) == -1 ||
	    s.calls != 1 || read(fd[0], &c, 1) != 1)
		return (4);
	loop_io_del(&s.io);
	loop_signal_del(&term);
	loop_free(mine);
	return (0);
}

static void
on_left(struct loop_child *child, int status, void *arg)
{
	(void)child;
	*(int *)arg = status;
}

LOOP_CASE(leave, "A forked process leaves the loop and the parent's goes on")
{
	struct heard h;
	struct loop_child child;
	struct seen s;
	int fd[2], status = -2;
	pid_t pid;

	memset(&h, 0, sizeof(h));
	memset(&child, 0, sizeof(child));
	memset(&s, 0, sizeof(s));
	pair(fd);
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s.io, fd[0], LOOP_READ, on_seen,
	    &s));
	ATF_REQUIRE_EQ(0, loop_signal_add(l, &h.s, SIGUSR1, on_heard, &h));
	turn(l);
	pid = fork();
	ATF_REQUIRE(pid != -1);
	if (pid == 0)
		_exit(leave_in_child(l, loop_backend(l), fd[0], fd[1]));
	ATF_REQUIRE_EQ(0, loop_child_add(l, &child, pid, on_left, &status));
	while (status == -2)
		turn(l);
	ATF_CHECK_EQ(0, status);
	/* What it watches is watched still. */
	ATF_CHECK_EQ(0, s.calls);
	ATF_REQUIRE_EQ(1, write(fd[1], "x", 1));
	ATF_CHECK_EQ(LOOP_READ, look(l, &s));
	ATF_REQUIRE_EQ(0, kill(getpid(), SIGUSR1));
	turn(l);
	ATF_CHECK_EQ(1, h.calls);
	loop_io_del(&s.io);
	loop_signal_del(&h.s);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, signals);
	ATF_TP_ADD_TC(tp, processes);
	ATF_TP_ADD_TC(tp, leave);
	return (atf_no_error());
}
