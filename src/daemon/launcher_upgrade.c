/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launcher_upgrade.c - the launcher starts the program anew, as it was called.
 * Owns:      that process until it takes over; the lifeline, a pipe whose end
 *            it holds: while it lives, what runs here goes on.
 * Called by: launcher.c.
 * Must not:  read what the sockets have: they go from one to the other.
 */
#include "compat.h"

#include <sys/resource.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "daemon/launcher_internal.h"
#include "daemon/upgrade.h"

static void
launcher_on_upgraded(struct loop_child *child, int status, void *arg)
{
	struct launcher *l = arg;

	(void)child;
	if (l->first != NULL)
		launcher_answer(l->first, l->upgrade_seq, LAUNCH_ENDED, status,
		    "");
}

static void
launcher_on_lifeline(struct loop_io *io, unsigned ready, void *arg)
{
	struct launcher *l = arg;

	(void)ready;
	loop_io_del(io);
	(void)close(io->fd);
	if (l->first == NULL)
		launcher_finish(l);
}

/* Its end is the lifeline's, too: a new one in place of an old one. */
static int
launcher_lifeline(struct launcher *l)
{
	int fd[2];

	if (pipe(fd) == -1)
		return (-1);
	if (l->lifeline.loop != NULL) {
		loop_io_del(&l->lifeline);
		(void)close(l->lifeline.fd);
	}
	(void)fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	if (loop_io_add(l->loop, &l->lifeline, fd[0], LOOP_READ,
	    launcher_on_lifeline, l) == 0)
		return (fd[1]);
	(void)close(fd[0]);
	(void)close(fd[1]);
	return (-1);
}

void
launcher_upgrade(struct launcher_asker *a, const struct launch_record *r)
{
	struct launcher *l = a->launcher;
	int line = -1;
	pid_t pid = -1;

	errno = EINVAL;
	if (a->n_fds > UPGRADE_SOCKET && a->n_fds <= UPGRADE_FDS &&
	    l->upgrade.loop == NULL)
		line = launcher_lifeline(l);
	if (line != -1)
		pid = fork();
	if (pid == 0) {
		launcher_default_signals();
		(void)setrlimit(RLIMIT_NOFILE, &l->descriptors);
		upgrade_exec(a->fds, a->n_fds, r->number, line);
	}
	if (line != -1)
		(void)close(line);
	if (pid == -1) {
		launcher_answer(a, r->seq, LAUNCH_REFUSED, 0, strerror(errno));
		return;
	}
	l->upgrade_seq = r->seq;
	(void)loop_child_add(l->loop, &l->upgrade, pid, launcher_on_upgraded,
	    l);
	launcher_answer(a, r->seq, LAUNCH_STARTED, 0, "");
}

void
launcher_kill_upgrade(struct launcher *l, uint32_t seq)
{
	if (l->upgrade.loop != NULL && l->upgrade_seq == seq)
		(void)kill(l->upgrade.pid, SIGKILL);
}
