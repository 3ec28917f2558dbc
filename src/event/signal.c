/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * signal.c - signals and ended processes, as one more readable descriptor.
 * Owns:      the process's signal handlers, the self-pipe, waitpid(2).
 * Called by: daemon/ and tool/; loop.c at the end.
 * Must not:  reap a process that nobody registered.
 *
 * A pipe and not what kqueue and signalfd offer: those differ between systems
 * in what they do to the mask and to the disposition, and a pipe is the same
 * with each back end.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "event/loop.h"
#include "event/loop_internal.h"

#define SIGNAL_MAX	128	/* above every system's last signal */

/* All that the handler touches. */
static volatile sig_atomic_t signal_seen[SIGNAL_MAX];
static volatile sig_atomic_t signal_wake_fd = -1;

/* The signal handler; also called to pretend that signo has come. */
static void
signal_on_arrival(int signo)
{
	int saved = errno;
	ssize_t n;

	signal_seen[signo] = 1;
	n = write((int)signal_wake_fd, "", 1);
	(void)n;	/* a full pipe is as good: it wakes the loop already */
	errno = saved;
}

static int
signal_catch(int signo)
{
	struct sigaction sa;
	sigset_t set;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = signal_on_arrival;
	sa.sa_flags = SA_RESTART | SA_NOCLDSTOP;
	(void)sigemptyset(&sa.sa_mask);
	if (sigaction(signo, &sa, NULL) == -1)
		return (-1);
	/* Whoever started us may have left it blocked. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, signo);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	return (0);
}

static void
signal_release(int signo)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = SIG_DFL;
	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(signo, &sa, NULL);
	signal_seen[signo] = 0;
}

/* Reaps the processes whose watchers went before them. */
static void
signal_reap_orphans(struct loop *l)
{
	size_t i;
	int status;

	for (i = 0; i < l->n_orphans; ) {
		if (waitpid(l->orphans[i], &status, WNOHANG) == 0)
			i++;
		else
			l->orphans[i] = l->orphans[--l->n_orphans];
	}
}

static void
signal_reap(struct loop *l)
{
	struct loop_child *c;
	pid_t pid;
	int status;

	signal_reap_orphans(l);
	for (c = l->children; c != NULL; c = l->child_cursor) {
		l->child_cursor = c->next;
		if (l->stop) {
			/* The rest has its turn when the loop runs again. */
			signal_on_arrival(SIGCHLD);
			break;
		}
		pid = waitpid(c->pid, &status, WNOHANG);
		if (pid == 0)
			continue;
		if (pid == -1)
			status = -1;
		/* So that loop_child_del() does not take it for alive. */
		c->pid = -1;
		loop_child_del(c);
		c->fn(c, status, c->arg);
	}
	l->child_cursor = NULL;
}

static void
signal_on_wake(struct loop_io *io, unsigned ready, void *arg)
{
	struct loop *l = arg;
	struct loop_signal *s;
	char drain[64];

	(void)ready;
	/* Drain first, look second: what comes in between wakes us again. */
	while (read(io->fd, drain, sizeof(drain)) > 0)
		continue;
	for (s = l->signals; s != NULL; s = l->signal_cursor) {
		l->signal_cursor = s->next;
		if (signal_seen[s->signo] == 0)
			continue;
		if (l->stop) {
			signal_on_arrival(s->signo);
			break;
		}
		signal_seen[s->signo] = 0;
		s->fn(s, s->arg);
	}
	l->signal_cursor = NULL;
	if (signal_seen[SIGCHLD] != 0) {
		signal_seen[SIGCHLD] = 0;
		signal_reap(l);
	}
}

/* Opens the self-pipe at the first need. */
static int
signal_open(struct loop *l)
{
	int i, p[2], saved;

	if (l->signal_io.loop != NULL)
		return (0);
	if (pipe(p) == -1)
		return (-1);
	for (i = 0; i < 2; i++)
		if (fcntl(p[i], F_SETFD, FD_CLOEXEC) == -1 ||
		    fcntl(p[i], F_SETFL, O_NONBLOCK) == -1)
			goto fail_close;
	if (loop_io_add(l, &l->signal_io, p[0], LOOP_READ, signal_on_wake,
	    l) == -1)
		goto fail_close;
	l->n_io--;		/* it does not keep loop_run() alive */
	signal_wake_fd = p[1];
	return (0);

fail_close:
	saved = errno;
	(void)close(p[0]);
	(void)close(p[1]);
	errno = saved;
	return (-1);
}

void
loop_signals_end(struct loop *l)
{
	while (l->signals != NULL)
		loop_signal_del(l->signals);
	if (l->sigchld)
		signal_release(SIGCHLD);
	if (l->signal_io.loop != NULL) {
		l->n_io++;
		loop_io_del(&l->signal_io);
		(void)close(l->signal_io.fd);
		(void)close((int)signal_wake_fd);
		signal_wake_fd = -1;
	}
	free(l->orphans);
}

void
loop_signals_leave(struct loop *l)
{
	const struct loop_signal *s;

	for (s = l->signals; s != NULL; s = s->next)
		signal_release(s->signo);
	if (l->sigchld)
		signal_release(SIGCHLD);
	/* The other end is among what the loop watches. */
	if (signal_wake_fd != -1)
		(void)close((int)signal_wake_fd);
	signal_wake_fd = -1;
}

int
loop_signal_add(struct loop *l, struct loop_signal *s, int signo,
    loop_signal_fn *fn, void *arg)
{
	const struct loop_signal *other;

	if (signo <= 0 || signo >= SIGNAL_MAX || signo == SIGCHLD) {
		errno = EINVAL;
		return (-1);
	}
	for (other = l->signals; other != NULL; other = other->next)
		if (other == s || other->signo == signo) {
			errno = EEXIST;
			return (-1);
		}
	if (signal_open(l) == -1)
		return (-1);
	signal_seen[signo] = 0;
	if (signal_catch(signo) == -1)
		return (-1);
	s->signo = signo;
	s->fn = fn;
	s->arg = arg;
	s->loop = l;
	s->next = l->signals;
	l->signals = s;
	return (0);
}

void
loop_signal_del(struct loop_signal *s)
{
	struct loop *l = s->loop;
	struct loop_signal **p;

	if (l == NULL)
		return;
	signal_release(s->signo);
	for (p = &l->signals; *p != s; p = &(*p)->next)
		continue;
	*p = s->next;
	if (l->signal_cursor == s)
		l->signal_cursor = s->next;
	s->loop = NULL;
	s->next = NULL;
}

/* Room for one more, so that loop_child_del() needs no memory. */
static int
signal_reserve(struct loop *l)
{
	pid_t *orphans;
	size_t n = l->n_orphans + l->n_children + 1;

	if (n <= l->cap_orphans)
		return (0);
	n += 8;
	orphans = realloc(l->orphans, n * sizeof(*orphans));
	if (orphans == NULL)
		return (-1);
	l->orphans = orphans;
	l->cap_orphans = n;
	return (0);
}

int
loop_child_add(struct loop *l, struct loop_child *c, pid_t pid,
    loop_child_fn *fn, void *arg)
{
	if (pid <= 0 || c->loop != NULL) {
		errno = pid <= 0 ? EINVAL : EEXIST;
		return (-1);
	}
	if (signal_open(l) == -1 || signal_reserve(l) == -1)
		return (-1);
	if (!l->sigchld) {
		if (signal_catch(SIGCHLD) == -1)
			return (-1);
		l->sigchld = true;
	}
	c->pid = pid;
	c->fn = fn;
	c->arg = arg;
	c->loop = l;
	c->next = l->children;
	l->children = c;
	l->n_children++;
	/* It may have ended before this. */
	signal_on_arrival(SIGCHLD);
	return (0);
}

void
loop_child_del(struct loop_child *c)
{
	struct loop *l = c->loop;
	struct loop_child **p;
	int status;

	if (l == NULL)
		return;
	for (p = &l->children; *p != c; p = &(*p)->next)
		continue;
	*p = c->next;
	l->n_children--;
	if (l->child_cursor == c)
		l->child_cursor = c->next;
	c->loop = NULL;
	c->next = NULL;
	if (c->pid > 0 && waitpid(c->pid, &status, WNOHANG) == 0)
		l->orphans[l->n_orphans++] = c->pid;
}

#undef SIGNAL_MAX
