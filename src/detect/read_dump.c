/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * read_dump.c - what rspamd's own tool prints of its configuration.
 * Owns:      the process, its time and the size of what it prints.
 * Called by: read_blocks.c, and only with a program that the administrator
 *            named.
 * Must not:  run a shell, or leave a process behind.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "detect/read.h"

#define READ_DUMP_TIME	5000	/* ms */
#define READ_DUMP_MAX	(4 * 1024 * 1024)

extern char **environ;	/* NOLINT: not in every <unistd.h> */

static int64_t
read_dump_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return (0);
	return ((int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* Starts it with its standard output in fd; an errno value. */
static int
read_dump_start(const char *program, int fd, pid_t *pid)
{
	char name[] = "rspamadm", dump[] = "configdump", json[] = "--json";
	char *argv[] = { name, dump, json, NULL };
	posix_spawn_file_actions_t actions;
	int error;

	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return (error);
	if ((error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null",
	    O_RDONLY, 0)) == 0 &&
	    (error = posix_spawn_file_actions_adddup2(&actions, fd, 1)) == 0 &&
	    (error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null",
	    O_WRONLY, 0)) == 0)
		error = posix_spawn(pid, program, &actions, NULL, argv,
		    environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return (error);
}

/* Reads all of it into b; NULL, or why that failed. */
static const char *
read_dump_all(int fd, int64_t end, struct buf *b)
{
	int64_t left;
	struct pollfd p;
	unsigned char *room;
	ssize_t n;

	p.fd = fd;
	p.events = POLLIN;
	for (;;) {
		left = end - read_dump_now();
		if (left <= 0)
			return ("it took longer than 5 s");
		if (poll(&p, 1, (int)left) <= 0)
			continue;
		if ((room = buf_reserve(b, 65536)) == NULL)
			return ("out of memory");
		n = read(fd, room, 65536);
		if (n == 0)
			return (NULL);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return (strerror(errno));
		if (n > 0)
			buf_commit(b, (size_t)n);
		if (b->len > READ_DUMP_MAX)
			return ("it prints more than 4 MiB");
	}
}

/* Its status; it ends now, or is ended when its time is over. */
static int
read_dump_end(pid_t pid, int64_t end)
{
	int status = 0;
	pid_t got;

	while ((got = waitpid(pid, &status, WNOHANG)) == 0 ||
	    (got == -1 && errno == EINTR)) {
		if (read_dump_now() >= end)
			(void)kill(pid, SIGKILL);
		(void)poll(NULL, 0, 5);
	}
	return (got == pid ? status : 0);
}

char *
read_dump(const char *program, char *why, size_t whysize)
{
	struct buf b;
	const char *fault = NULL;
	char *text = NULL;
	int64_t end = read_dump_now() + READ_DUMP_TIME;
	int fd[2], error;
	pid_t pid = -1;

	memset(&b, 0, sizeof(b));
	if (pipe(fd) == -1) {
		strlcpy(why, strerror(errno), whysize);
		return (NULL);
	}
	(void)fcntl(fd[0], F_SETFD, FD_CLOEXEC);
	(void)fcntl(fd[1], F_SETFD, FD_CLOEXEC);
	error = read_dump_start(program, fd[1], &pid);
	(void)close(fd[1]);
	fault = error != 0 ? strerror(error) :
	    read_dump_all(fd[0], end, &b);
	(void)close(fd[0]);
	if (error == 0 && read_dump_end(pid, fault == NULL ? end : 0) != 0 &&
	    fault == NULL)
		fault = "it failed";
	if (fault == NULL && memchr(buf_ptr(&b), '\0', b.len) != NULL)
		fault = "there is a NUL byte in what it prints";
	if (fault == NULL && (text = strndup((const char *)buf_ptr(&b),
	    b.len)) == NULL)
		fault = "out of memory";
	buf_free(&b);
	if (fault != NULL)
		strlcpy(why, fault, whysize);
	return (text);
}

#undef READ_DUMP_TIME
#undef READ_DUMP_MAX
