/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed_program.c - run a program and collect what it prints.
 * Owns:      how a program is started, bounded in time and bytes, and ended.
 * Called by: feed.c; the loop.
 * Must not:  fork (this process may be large), or wait.  Where there is a
 *            launcher, the process may not even spawn.
 *
 * It is over when it has ended, not when its output is closed: what it has left
 * running in the background may keep that open for ever.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "condition/feed_internal.h"
#include "config/table.h"
#include "net/sock.h"

#define FEED_PROGRAM_READ	16384
#define FEED_PROGRAM_SAID	160	/* bytes of its error output */

extern char **environ;	/* NOLINT: not in every <unistd.h> */

/* All that is watched, and the descriptors. */
static void
feed_program_end(struct feed_program *p)
{
	struct loop_io *io[2];
	size_t i;

	io[0] = &p->out;
	io[1] = &p->err;
	for (i = 0; i < 2; i++)
		if (io[i]->loop != NULL) {
			loop_io_del(io[i]);
			(void)close(io[i]->fd);
		}
	loop_timer_stop(&p->timer);
	loop_child_del(&p->child);
	launch_cancel(&p->query);
}

void
feed_program_stop(struct feed_program *p)
{
	if (p->child.loop != NULL)
		(void)kill(-p->child.pid, SIGKILL);
	launch_kill(&p->query);
	feed_program_end(p);
	buf_free(&p->text);
	buf_free(&p->said);
}

/* why NULL: with success. */
static void
feed_program_finish(struct feed_program *p, const char *why)
{
	struct buf text = p->text;

	memset(&p->text, 0, sizeof(p->text));
	feed_program_stop(p);
	p->fn((char *)buf_ptr(&text), text.len, why, p->arg);
	buf_free(&text);
}

static void
feed_program_on_late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	feed_program_finish(arg, "it took too long");
}

/* Reads what there is, at most so many times.  -1: that was the end of it. */
static int
feed_program_read(struct feed_program *p, const struct loop_io *io,
    size_t times)
{
	char data[FEED_PROGRAM_READ];
	ssize_t n;

	while (times-- > 0 && !p->full) {
		n = read(io->fd, data, sizeof(data));
		if (n <= 0)
			return (n == -1 && (errno == EAGAIN ||
			    errno == EINTR) ? 0 : -1);
		if (io == &p->out)
			p->full = p->text.len + (size_t)n > TABLE_BYTES_MAX ||
			    buf_add(&p->text, data, (size_t)n) == -1;
		else if (p->said.len < FEED_PROGRAM_SAID)
			(void)buf_add(&p->said, data, (size_t)n);
	}
	return (0);
}

static void
feed_program_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct feed_program *p = arg;

	(void)ready;
	if (feed_program_read(p, io, 4) == -1)
		(void)loop_io_want(io, 0);
	if (p->full)
		feed_program_finish(p, "it prints too much");
}

static void
feed_program_over(struct feed_program *p, int status)
{
	char why[FEED_WHY_MAX], said[FEED_PROGRAM_SAID + 1];
	const unsigned char *line, *end;
	size_t len;
	int n;

	(void)feed_program_read(p, &p->out, SIZE_MAX);
	(void)feed_program_read(p, &p->err, 16);
	if (p->full) {
		feed_program_finish(p, "it prints too much");
		return;
	}
	if (status == 0) {
		feed_program_finish(p, NULL);
		return;
	}
	line = buf_ptr(&p->said);
	end = memchr(line, '\n', p->said.len);
	len = end != NULL ? (size_t)(end - line) : p->said.len;
	n = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	snprintf(why, sizeof(why), "%s %d%s%s", WIFSIGNALED(status) ?
	    "killed by signal" : "exit status", n, len > 0 ? ": " : "",
	    log_escape(said, sizeof(said), line, len));
	feed_program_finish(p, why);
}

static void
feed_program_on_end(struct loop_child *child, int status, void *arg)
{
	(void)child;
	feed_program_over(arg, status);
}

static void
feed_program_on_answer(struct launch_query *q, enum launch_state state,
    int status, const char *why, void *arg)
{
	(void)q;
	if (state == LAUNCH_ENDED)
		feed_program_over(arg, status);
	else if (state != LAUNCH_STARTED)
		feed_program_finish(arg, why);
}

/* --- start --------------------------------------------------------------- */

/* What a pipe is of a program's 0, 1 and 2. */
struct feed_program_pipes {
	int		 fd[3][2];
};

static void
feed_program_close(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/*
 * Our ends do not block, the program's have to.  Neither is seen by another
 * program.  0 or an errno value.
 */
static int
feed_program_pipe(struct feed_program_pipes *pipes, const struct buf *input)
{
	int *fd, i;

	for (i = 0; i < 3; i++) {
		fd = pipes->fd[i];
		if (pipe(fd) == -1 || fcntl(fd[i != 0], F_SETFD,
		    FD_CLOEXEC) == -1 || sock_prepare(fd[i == 0]) == -1)
			return (errno);
	}
	/* It is short enough to be taken whole. */
	if (input->len > 0 && write(pipes->fd[0][1], buf_ptr(input),
	    input->len) != (ssize_t)input->len)
		return (E2BIG);
	feed_program_close(&pipes->fd[0][1]);
	return (0);
}

/* 0, or an errno value. */
static int
feed_program_search(const posix_spawn_file_actions_t *actions,
    const posix_spawnattr_t *attr, const struct feed_command *c, char *argv[],
    char *envp[], pid_t *pid)
{
	char path[FEED_PATH_MAX];
	size_t i;
	int error = ENOENT;

	for (i = 0; error == ENOENT && feed_command_path(c, i, path); i++)
		error = posix_spawnp(pid, path, actions, attr, argv, envp);
	return (error);
}

static int
feed_program_spawn(const struct feed_program_pipes *pipes,
    const struct feed_command *c, char *argv[], char *envp[], pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t set;
	int error, i;

	if ((error = posix_spawn_file_actions_init(&actions)) != 0)
		return (error);
	if ((error = posix_spawnattr_init(&attr)) != 0)
		goto fail_actions;
	for (i = 0; i < 3 && error == 0; i++)
		error = posix_spawn_file_actions_adddup2(&actions,
		    pipes->fd[i][i != 0], i);
	(void)sigemptyset(&set);
	(void)posix_spawnattr_setsigmask(&attr, &set);
	(void)sigaddset(&set, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &set);
	(void)posix_spawnattr_setpgroup(&attr, 0);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
	    POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (error == 0)
		error = feed_program_search(&actions, &attr, c, argv, envp,
		    pid);
	(void)posix_spawnattr_destroy(&attr);
fail_actions:
	(void)posix_spawn_file_actions_destroy(&actions);
	return (error);
}

/* Ends as feed_program_end() takes them away.  0 or -1. */
static int
feed_program_watch(struct feed_program *p, struct loop *l,
    struct feed_program_pipes *pipes, unsigned limit_ms)
{
	struct loop_io *io[2];
	int i;

	io[0] = &p->out;
	io[1] = &p->err;
	for (i = 0; i < 2; i++) {
		if (loop_io_add(l, io[i], pipes->fd[i + 1][0], LOOP_READ,
		    feed_program_on_ready, p) == -1)
			return (-1);
		pipes->fd[i + 1][0] = -1;
	}
	loop_timer_start(l, &p->timer, limit_ms, feed_program_on_late, p);
	return (0);
}

static void
feed_program_begin(struct feed_program *p, struct feed_program_pipes *pipes,
    feed_program_fn *fn, void *arg)
{
	memset(pipes, -1, sizeof(*pipes));
	p->full = false;
	p->fn = fn;
	p->arg = arg;
}

int
feed_program_launch(struct feed_program *p, struct loop *l,
    struct launch *launch, const struct conf *conf,
    const struct conf_table *t, unsigned limit_ms, feed_program_fn *fn,
    void *arg, char why[FEED_WHY_MAX])
{
	struct feed_program_pipes pipes;
	enum launch_kind kind = t != NULL ? LAUNCH_TABLE : LAUNCH_NETSTAT;
	uint32_t number = t != NULL ? (uint32_t)t->index : 0;
	const struct buf nothing = { NULL, 0, 0, 0 };
	int error, fd[2], i;

	feed_program_begin(p, &pipes, fn, arg);
	error = feed_program_pipe(&pipes, &nothing);
	if (error == 0 && feed_program_watch(p, l, &pipes, limit_ms) == -1) {
		error = errno;
		feed_program_stop(p);
	}
	if (error == 0) {
		fd[0] = pipes.fd[1][1];
		fd[1] = pipes.fd[2][1];
		launch_ask(launch, &p->query, kind, number,
		    launch_digest(conf, kind, number), fd, 2,
		    feed_program_on_answer, p);
	} else
		snprintf(why, FEED_WHY_MAX, "run: %s", strerror(error));
	for (i = 0; i < 6; i++)
		feed_program_close(&pipes.fd[i / 2][i % 2]);
	return (error != 0 ? -1 : 0);
}

int
feed_program_start(struct feed_program *p, struct loop *l,
    const struct feed_command *c, unsigned limit_ms, feed_program_fn *fn,
    void *arg, char why[FEED_WHY_MAX])
{
	struct feed_program_pipes pipes;
	char **argv = feed_command_vector(&c->args, NULL);
	/* The first of two variables of one name is the one that counts. */
	char **envp = feed_command_vector(&c->env, environ);
	pid_t pid = -1;
	int error = ENOMEM, i;

	feed_program_begin(p, &pipes, fn, arg);
	if (argv == NULL || envp == NULL ||
	    (error = feed_program_pipe(&pipes, &c->input)) != 0 ||
	    (error = feed_program_spawn(&pipes, c, argv, envp, &pid)) != 0)
		goto done;
	if (feed_program_watch(p, l, &pipes, limit_ms) == 0 &&
	    loop_child_add(l, &p->child, pid, feed_program_on_end, p) == 0)
		goto done;
	error = errno;
	(void)kill(-pid, SIGKILL);
	(void)waitpid(pid, &i, 0);
	feed_program_stop(p);
done:
	for (i = 0; i < 6; i++)
		feed_program_close(&pipes.fd[i / 2][i % 2]);
	if (error != 0)
		snprintf(why, FEED_WHY_MAX, "%s: %s", argv != NULL ? argv[0] :
		    "run", strerror(error));
	free(argv);
	free(envp);
	return (error != 0 ? -1 : 0);
}

#undef FEED_PROGRAM_READ
#undef FEED_PROGRAM_SAID
