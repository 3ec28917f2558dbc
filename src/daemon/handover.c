/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * handover.c - the new process that is to take over from this one.
 * Owns:      its start, how long it may take, and what is let go of when.
 * Called by: life.c; the loop.
 * Must not:  let go of anything before the new one is ready.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "daemon/daemon_internal.h"
#include "daemon/office.h"
#include "daemon/upgrade.h"
#include "net/launch.h"

static void
handover_finish(struct upgrade *u, const char *why)
{
	loop_io_del(&u->io);
	loop_timer_stop(&u->timer);
	if (u->fd != -1)
		(void)close(u->fd);
	u->fd = -1;
	u->running = false;
	if (why != NULL)
		log_write(LOGL_ERROR, "upgrade: %s; this process goes on",
		    why);
	if (u->done != NULL)
		u->done(why, u->arg);
}

void
upgrade_cancel(struct daemon *d, const char *why)
{
	struct upgrade *u = &d->upgrade;

	if (!u->running)
		return;
	/* It may be in the background by now, where the word finds it. */
	(void)write(u->fd, "stop\n", 5);
	launch_kill(&u->query);
	handover_finish(u, why);
}

static void
handover_on_timer(struct loop_timer *t, void *arg)
{
	(void)t;
	upgrade_cancel(arg, "the new process was not ready within 30 seconds");
}

/* "ready PID TAKEN", and nothing else.  0 or -1. */
static int
handover_read_ready(const char *line, uint64_t *pid, uint64_t *taken)
{
	char text[32];
	const char *space;

	if (strncmp(line, "ready ", 6) != 0)
		return (-1);
	line += 6;
	space = strchr(line, ' ');
	if (space == NULL || (size_t)(space - line) >= sizeof(text))
		return (-1);
	memcpy(text, line, (size_t)(space - line));
	text[space - line] = '\0';
	return (number_read(text, 10, INT32_MAX, pid) == 0 &&
	    number_read(space + 1, 10, (1u << UPGRADE_SOCKETS) - 1,
	    taken) == 0 ? 0 : -1);
}

/* It has ended, or closed the stream. */
static void
handover_failed(struct daemon *d, int status)
{
	struct upgrade *u = &d->upgrade;

	if (u->why[0] == '\0')
		(void)snprintf(u->why, sizeof(u->why), "the new process has "
		    "ended with status %d", WIFEXITED(status) ?
		    WEXITSTATUS(status) : 128 + WTERMSIG(status));
	upgrade_cancel(d, u->why);
}

static void
handover_line(struct daemon *d, const char *line, size_t len)
{
	struct upgrade *u = &d->upgrade;
	uint64_t pid, taken;
	char text[512];

	log_escape(text, sizeof(text), line, len);
	if (handover_read_ready(text, &pid, &taken) == 0) {
		/* In this order: the number's file is free at the word. */
		life_leave(d, (pid_t)pid, (unsigned)taken);
		(void)write(u->fd, "go\n", 3);
		handover_finish(u, NULL);
		return;
	}
	log_write(LOGL_ERROR, "upgrade: %s", text);
	if (u->why[0] == '\0')
		(void)strlcpy(u->why, text, sizeof(u->why));
}

/* As read(2). */
static ssize_t
handover_read(struct daemon *d)
{
	struct upgrade *u = &d->upgrade;
	char *end;
	size_t len;
	ssize_t n;

	n = read(u->fd, u->line + u->len, sizeof(u->line) - u->len);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return (n);
	if (n <= 0) {
		/* How it has ended is told by the launcher. */
		loop_io_del(&u->io);
		if (u->query.launch == NULL)
			handover_failed(d, 0);
		return (n);
	}
	u->len += (size_t)n;
	while (u->running && u->len > 0) {
		end = memchr(u->line, '\n', u->len);
		if (end == NULL && u->len < sizeof(u->line))
			break;
		len = end == NULL ? u->len : (size_t)(end - u->line);
		handover_line(d, u->line, len);
		if (end != NULL)
			len++;
		u->len -= len;
		memmove(u->line, u->line + len, u->len);
	}
	return (n);
}

static void
handover_on_line(struct loop_io *io, unsigned ready, void *arg)
{
	(void)io;
	(void)ready;
	(void)handover_read(arg);
}

static void
handover_on_launch(struct launch_query *q, enum launch_state state, int status,
    const char *why, void *arg)
{
	struct daemon *d = arg;

	(void)q;
	if (!d->upgrade.running || state == LAUNCH_STARTED)
		return;
	if (state != LAUNCH_ENDED) {
		handover_finish(&d->upgrade, why);
		return;
	}
	/* What it said at its end comes before that. */
	while (status != 0 && d->upgrade.io.loop != NULL &&
	    handover_read(d) > 0)
		continue;
	/* In the background the one that was started ends when all is well. */
	if (d->upgrade.running && (status != 0 || d->upgrade.io.loop == NULL))
		handover_failed(d, status);
}

/* The launcher alone may start a program.  0, or -1 and errno. */
static int
handover_start(struct daemon *d, int stream)
{
	struct upgrade *u = &d->upgrade;
	int fd[UPGRADE_FDS], null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	unsigned lent = 0;
	size_t n = 1;

	if (null == -1 || loop_io_add(d->loop, &u->io, u->fd, LOOP_READ,
	    handover_on_line, d) == -1) {
		if (null != -1)
			(void)close(null);
		return (-1);
	}
	fd[0] = STDOUT_FILENO;
	fd[1] = STDERR_FILENO;
	fd[UPGRADE_STREAM] = stream;
	upgrade_lines(fd, null);
	fd[UPGRADE_SOCKET] = listener_fd(d->listener);
	if (listener_lent(d->listener))
		lent = 1;
	if (office_listener(d) != NULL) {
		fd[UPGRADE_SOCKET + n] = listener_fd(office_listener(d));
		if (listener_lent(office_listener(d)))
			lent |= 1u << n;
		n++;
	}
	u->running = true;
	launch_cancel(&u->query);
	launch_ask(d->launch, &u->query, LAUNCH_UPGRADE, lent, 0, fd,
	    UPGRADE_SOCKET + n, handover_on_launch, d);
	(void)close(null);
	loop_timer_start(d->loop, &u->timer, UPGRADE_PATIENCE,
	    handover_on_timer, d);
	return (0);
}

void
upgrade_begin(struct daemon *d, void (*done)(const char *, void *), void *arg)
{
	struct upgrade *u = &d->upgrade;
	int pair[2];

	if (u->running || d->stopping) {
		if (done != NULL)
			done(d->stopping ? "the manager is ending" :
			    "an upgrade is under way", arg);
		return;
	}
	u->fd = -1;
	u->done = done;
	u->arg = arg;
	u->len = 0;
	u->why[0] = '\0';
	log_write(LOGL_MESSAGE, "upgrade: a new process is started");
	if (launch_pair(pair) == -1) {
		handover_finish(u, strerror(errno));
		return;
	}
	u->fd = pair[0];
	if (handover_start(d, pair[1]) == -1)
		handover_finish(u, strerror(errno));
	(void)close(pair[1]);
}
