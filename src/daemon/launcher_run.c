/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launcher_run.c - what the launcher runs.
 * Owns:      which command a request means; when it may run again; what of its
 *            output is logged; who is told of its end.
 * Called by: launcher.c; the loop.
 * Must not:  run anything that does not stand in the launcher's configuration.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/launcher_internal.h"
#include "net/sock.h"

/* A command whose run was shorter has ended at once. */
#define LAUNCHER_SHORT		10000u
/* How long it is left alone then: from, to; and as long again forgets it. */
#define LAUNCHER_PAUSE_MIN	1000u
#define LAUNCHER_PAUSE_MAX	60000u
/* Between two runs of a timer, whatever its asker says. */
#define LAUNCHER_TIMER_MIN	500u
/* A table's program: its asker has a shorter limit. */
#define LAUNCHER_TABLE_MS	60000u
#define LAUNCHER_TABLE_RUNS	4u	/* of one asker, as after reloads */
/* Lines of output in so many ms. */
#define LAUNCHER_LINES		100u
#define LAUNCHER_LINES_MS	10000u

/* --- output -------------------------------------------------------------- */

static void
launcher_say_lost(struct launcher_job *j)
{
	if (j->lost > 0)
		launcher_log(j->launcher, LOGL_MESSAGE, "%s: %u lines of its "
		    "output are not logged", j->name, j->lost);
	j->lost = 0;
}

static void
launcher_say(struct launcher_output *o)
{
	struct launcher_job *j = o->job;
	uint64_t now = loop_now(j->launcher->loop);
	char text[LAUNCHER_LINE];

	if (now - j->lines_since >= LAUNCHER_LINES_MS) {
		launcher_say_lost(j);
		j->lines_since = now;
		j->lines = 0;
	}
	if (++j->lines > LAUNCHER_LINES)
		j->lost++;
	else
		launcher_log(j->launcher, o->level, "%s: %s", j->name,
		    log_escape(text, sizeof(text), o->line, o->len));
	o->len = 0;
}

static void
launcher_close_output(struct launcher_output *o)
{
	if (o->io.loop == NULL)
		return;
	if (o->len > 0)
		launcher_say(o);
	loop_io_del(&o->io);
	(void)close(o->io.fd);
}

/* Up to so many pieces of it. */
static void
launcher_read(struct launcher_output *o, unsigned times)
{
	char data[2048];
	ssize_t n = 0, i;

	while (o->io.loop != NULL && times-- > 0) {
		n = read(o->io.fd, data, sizeof(data));
		if (n == -1 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			launcher_close_output(o);
			return;
		}
		for (i = 0; i < n; i++) {
			if (data[i] == '\n' || o->len == sizeof(o->line))
				launcher_say(o);
			if (data[i] != '\n')
				o->line[o->len++] = data[i];
		}
	}
}

static void
launcher_on_output(struct loop_io *io, unsigned ready, void *arg)
{
	(void)io;
	(void)ready;
	launcher_read(arg, 1);
}

/* --- jobs ---------------------------------------------------------------- */

/* Is its output the asker's, and not for the log? */
static bool
launcher_feeds(const struct launcher_job *j)
{
	return (j->kind == LAUNCH_TABLE || j->kind == LAUNCH_NETSTAT);
}

static void
launcher_free_job(struct launcher_job *j)
{
	struct launcher_job **p;

	for (p = &j->launcher->jobs; *p != j; p = &(*p)->next)
		continue;
	*p = j->next;
	loop_timer_stop(&j->timer);
	loop_child_del(&j->child);
	launcher_close_output(&j->output[0]);
	launcher_close_output(&j->output[1]);
	free(j);
}

static struct launcher_job *
launcher_new_job(struct launcher *l, uint32_t kind, uint64_t digest)
{
	struct launcher_job *j = calloc(1, sizeof(*j));

	if (j == NULL)
		return (NULL);
	j->launcher = l;
	j->kind = kind;
	j->digest = digest;
	j->output[0].job = j->output[1].job = j;
	j->output[0].level = LOGL_INFO;
	j->output[1].level = LOGL_MESSAGE;
	j->next = l->jobs;
	l->jobs = j;
	return (j);
}

static void
launcher_tell(struct launcher_job *j, enum launch_state state, int status,
    const char *text)
{
	if (j->asker != NULL)
		launcher_answer(j->asker, j->seq, state, status, text);
	if (state != LAUNCH_STARTED)
		j->asker = NULL;
}

/* It has ended, or could not even be started. */
static void
launcher_pause(struct launcher_job *j)
{
	uint64_t now = loop_now(j->launcher->loop);

	if (j->kind != LAUNCH_CHILD) {
		j->not_before = j->began + LAUNCHER_TIMER_MIN;
		return;
	}
	if (now - j->began >= LAUNCHER_SHORT) {
		j->pause = 0;
		return;
	}
	j->pause = j->pause == 0 ? LAUNCHER_PAUSE_MIN :
	    j->pause > LAUNCHER_PAUSE_MAX / 2 ? LAUNCHER_PAUSE_MAX :
	    j->pause * 2;
	j->not_before = now + j->pause;
}

size_t
launcher_signal_all(struct launcher *l, int signo)
{
	struct launcher_job *j;
	size_t n = 0;

	for (j = l->jobs; j != NULL; j = j->next)
		if (j->child.loop != NULL) {
			(void)kill(-j->child.pid, signo);
			n++;
		}
	return (n);
}

static void
launcher_on_over(struct loop_child *child, int status, void *arg)
{
	struct launcher_job *j = arg;
	struct launcher *l = j->launcher;
	bool table = launcher_feeds(j);
	char pause[64] = "";

	(void)child;
	launcher_read(&j->output[0], 64);
	launcher_read(&j->output[1], 64);
	launcher_say_lost(j);
	launcher_pause(j);
	if (j->pause > 0 && !l->ending)
		(void)snprintf(pause, sizeof(pause), "; it is not started "
		    "again for %llu ms", (unsigned long long)j->pause);
	launcher_log(l, table ? LOGL_DEBUG : status != 0 && !l->ending ?
	    LOGL_WARNING : j->kind == LAUNCH_CHILD ? LOGL_MESSAGE : LOGL_INFO,
	    "%s: its command has ended, %s %d%s", j->name,
	    WIFSIGNALED(status) ? "killed by signal" : "exit status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
	    pause);
	launcher_tell(j, LAUNCH_ENDED, status, "");
	if (table)
		launcher_free_job(j);
	if ((l->ending || l->first == NULL) && launcher_signal_all(l, 0) == 0)
		loop_stop(l->loop);
}

static void
launcher_on_late(struct loop_timer *timer, void *arg)
{
	struct launcher_job *j = arg;

	(void)timer;
	(void)kill(-j->child.pid, SIGKILL);
}

void
launcher_kill(struct launcher_asker *a, uint32_t seq)
{
	struct launcher_job *j;

	for (j = a->launcher->jobs; j != NULL; j = j->next)
		if (launcher_feeds(j) && j->asker == a &&
		    j->seq == seq && j->child.loop != NULL)
			(void)kill(-j->child.pid, SIGKILL);
}

void
launcher_forsake(struct launcher_asker *a)
{
	struct launcher_job *j;

	for (j = a->launcher->jobs; j != NULL; j = j->next)
		if (j->asker == a) {
			launcher_kill(a, j->seq);
			j->asker = NULL;
		}
}

/* --- what a request means ------------------------------------------------ */

/* Its place in our configuration: the number is where to look first. */
static bool
launcher_find(const struct launcher *l, const struct launch_record *r,
    size_t *number)
{
	const struct conf *conf = l->conf;
	size_t i, n = conf->n_milters + conf->n_tables + conf->n_timers + 1;

	*number = r->number;
	if (r->digest == 0)
		return (false);
	for (i = 0; i <= n; i++) {
		if (launch_digest(conf, (enum launch_kind)r->what, *number) ==
		    r->digest)
			return (true);
		*number = i;
	}
	return (false);
}

static struct launcher_job *
launcher_same(const struct launcher *l, const struct launch_record *r)
{
	struct launcher_job *j;

	for (j = l->jobs; j != NULL; j = j->next)
		if (j->kind == r->what && j->digest == r->digest)
			return (j);
	return (NULL);
}

void
launcher_forget(struct launcher *l, bool all)
{
	struct launcher_job *j, *next;

	for (j = l->jobs; j != NULL; j = next) {
		next = j->next;
		if (all || (j->child.loop == NULL &&
		    j->output[0].io.loop == NULL &&
		    j->output[1].io.loop == NULL &&
		    loop_now(l->loop) >= j->not_before))
			launcher_free_job(j);
	}
}

/* --- start --------------------------------------------------------------- */

/* Everything of a start, as far as it has been made. */
struct launcher_try {
	struct launcher_command	 command;
	struct feed_command	 feed;
	struct buf		 args;
	int			 ours[3];	/* ends of its 0, 1, 2 */
	char			 why[FEED_WHY_MAX];
};

/* A path and its arguments. */
static int
launcher_argv(struct launcher_try *t, const char *path,
    const struct conf_list *list)
{
	size_t i;
	int r = path == NULL ? 0 : buf_add_str(&t->args, path);

	for (i = 0; i < list->n; i++)
		r |= buf_add_str(&t->args, list->item[i]);
	t->command.argv = r == 0 ? feed_command_vector(&t->args, NULL) : NULL;
	return (t->command.argv != NULL ? 0 : -1);
}

/* The command and whose it is. */
static int
launcher_look(struct launcher *l, struct launcher_job *j, size_t number,
    struct launcher_try *t)
{
	const struct conf *conf = l->conf;
	const char *user = NULL, *name = NULL, *what = "maintenance";
	int r = -1;

	switch ((enum launch_kind)j->kind) {
	case LAUNCH_CHILD:
		what = "child=";
		name = conf->milters[number]->name;
		user = conf->milters[number]->user_name;
		r = launcher_argv(t, conf->milters[number]->command,
		    &conf->milters[number]->command_options);
		break;
	case LAUNCH_TIMER:
		what = "timer=";
		name = conf->timers[number]->name;
		user = conf->timers[number]->user_name;
		r = launcher_argv(t, NULL, &conf->timers[number]->command);
		break;
	case LAUNCH_TABLE:
		what = "table=";
		name = conf->tables[number]->name;
		t->command.feed = &t->feed;
		r = feed_command(conf, conf->tables[number], &t->feed, t->why);
		if (r == 0)
			t->command.argv = feed_command_vector(&t->feed.args,
			    NULL);
		r = t->command.argv != NULL ? r : -1;
		break;
	case LAUNCH_NETSTAT:
		what = "netstat";
		t->command.feed = &t->feed;
		/* Addresses as numbers, and whole. */
		r = buf_add(&t->feed.args, "netstat\0-n\0-W", 14);
		if (r == 0)
			t->command.argv = feed_command_vector(&t->feed.args,
			    NULL);
		r = t->command.argv != NULL ? r : -1;
		break;
	default:
		r = launcher_argv(t, NULL, &conf->maintenance_command);
		break;
	}
	(void)snprintf(j->name, sizeof(j->name), "%s%s", what,
	    name != NULL ? name : "");
	if (r == -1) {
		if (t->why[0] == '\0')
			(void)strlcpy(t->why, strerror(ENOMEM),
			    sizeof(t->why));
		return (-1);
	}
	return (launcher_user(l, user, j->kind == LAUNCH_CHILD,
	    &t->command.user, t->why, sizeof(t->why)));
}

static void
launcher_shut(int *fd)
{
	if (*fd != -1)
		(void)close(*fd);
	*fd = -1;
}

/* Its end n, with ours on the other side.  0, or -1 and errno. */
static int
launcher_pipe(struct launcher_try *t, int n)
{
	int fd[2];

	if (pipe(fd) == -1)
		return (-1);
	t->ours[n] = fd[n == 0];
	t->command.fd[n] = fd[n != 0];
	return (sock_prepare(t->ours[n]));
}

/* 0, or -1 and errno. */
static int
launcher_pipes(struct launcher_asker *a, struct launcher_job *j,
    struct launcher_try *t)
{
	const struct buf *input = &t->feed.input;
	int i;

	if (!launcher_feeds(j)) {
		for (i = 1; i < 3; i++)
			if (launcher_pipe(t, i) == -1)
				return (-1);
		return (0);
	}
	t->command.fd[1] = dup(a->fds[0]);
	t->command.fd[2] = dup(a->fds[1]);
	if (t->command.fd[1] == -1 || t->command.fd[2] == -1 ||
	    (input->len > 0 && launcher_pipe(t, 0) == -1))
		return (-1);
	errno = E2BIG;
	/* It is short enough to be taken whole. */
	return (input->len > 0 && write(t->ours[0], buf_ptr(input),
	    input->len) != (ssize_t)input->len ? -1 : 0);
}

/* What it prints, and its end, are waited for.  0, or -1 and errno. */
static int
launcher_watch(struct launcher_job *j, struct launcher_try *t, pid_t pid)
{
	struct loop *loop = j->launcher->loop;
	int i;

	if (loop_child_add(loop, &j->child, pid, launcher_on_over, j) == -1)
		return (-1);
	if (launcher_feeds(j))
		loop_timer_start(loop, &j->timer, LAUNCHER_TABLE_MS,
		    launcher_on_late, j);
	for (i = 0; i < 2; i++) {
		launcher_close_output(&j->output[i]);
		if (t->ours[i + 1] != -1 && loop_io_add(loop,
		    &j->output[i].io, t->ours[i + 1], LOOP_READ,
		    launcher_on_output, &j->output[i]) == 0)
			t->ours[i + 1] = -1;
	}
	return (0);
}

/* 0, or -1 with t->why. */
static int
launcher_start(struct launcher_asker *a, struct launcher_job *j,
    size_t number, struct launcher_try *t)
{
	struct launcher *l = a->launcher;
	pid_t pid = -1;

	if (launcher_look(l, j, number, t) == -1)
		return (-1);
	if (launcher_pipes(a, j, t) == -1 ||
	    (pid = launcher_exec(&t->command, &l->descriptors)) == -1 ||
	    launcher_watch(j, t, pid) == -1) {
		(void)snprintf(t->why, sizeof(t->why), "%.200s: %s",
		    t->command.argv[0], strerror(errno));
		if (pid > 0) {
			(void)kill(-pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
		}
		return (-1);
	}
	if (j->kind == LAUNCH_CHILD)
		launcher_log(l, LOGL_MESSAGE, "%s started by the launcher "
		    "(%.200s, process %ld)", j->name, t->command.argv[0],
		    (long)pid);
	else
		launcher_log(l, launcher_feeds(j) ? LOGL_DEBUG :
		    LOGL_INFO, "%s: %.200s runs as process %ld", j->name,
		    t->command.argv[0], (long)pid);
	return (0);
}

/* Makes the job if it may run now; else the request is answered. */
static struct launcher_job *
launcher_may(struct launcher_asker *a, const struct launch_record *r)
{
	struct launcher *l = a->launcher;
	struct launcher_job *j = launcher_same(l, r);
	uint64_t now = loop_now(l->loop);
	char why[80];
	unsigned n = 0;

	if (r->what == LAUNCH_TABLE || r->what == LAUNCH_NETSTAT) {
		for (; j != NULL; j = j->next)
			n += j->kind == r->what && j->digest == r->digest &&
			    j->asker == a;
		j = n < LAUNCHER_TABLE_RUNS ? launcher_new_job(l, r->what,
		    r->digest) : NULL;
	} else if (j == NULL)
		j = launcher_new_job(l, r->what, r->digest);
	if (j == NULL) {
		launcher_answer(a, r->seq, LAUNCH_REFUSED, 0, n > 0 ?
		    "its program runs already, and does not end" :
		    strerror(ENOMEM));
		return (NULL);
	}
	if (j->child.loop != NULL ||
	    (now < j->not_before && r->what != LAUNCH_CHILD)) {
		launcher_answer(a, r->seq, LAUNCH_RUNNING, 0, "");
		return (NULL);
	}
	if (now < j->not_before) {
		(void)snprintf(why, sizeof(why), "its command has ended at "
		    "once, and is left alone for %llu ms",
		    (unsigned long long)(j->not_before - now));
		launcher_answer(a, r->seq, LAUNCH_REFUSED, 0, why);
		return (NULL);
	}
	if (now - j->not_before > LAUNCHER_PAUSE_MAX)
		j->pause = 0;
	j->began = now;
	j->asker = a;
	j->seq = r->seq;
	return (j);
}

void
launcher_run(struct launcher_asker *a, const struct launch_record *r)
{
	struct launcher *l = a->launcher;
	struct launcher_job *j;
	struct launcher_try t;
	size_t number;
	int i;

	if (l->ending || !launcher_find(l, r, &number)) {
		launcher_answer(a, r->seq, LAUNCH_REFUSED, 0, l->ending ?
		    "the launcher ends" : "the configuration that the "
		    "launcher has read has no such command");
		return;
	}
	j = launcher_may(a, r);
	if (j == NULL)
		return;
	memset(&t, 0, sizeof(t));
	for (i = 0; i < 3; i++)
		t.command.fd[i] = t.ours[i] = -1;
	if (launcher_start(a, j, number, &t) == 0)
		launcher_tell(j, LAUNCH_STARTED, 0, "");
	else {
		/* Who has asked says so, if it is news. */
		launcher_pause(j);
		launcher_tell(j, LAUNCH_REFUSED, 0, t.why);
		if (launcher_feeds(j) && j->child.loop == NULL)
			launcher_free_job(j);
	}
	for (i = 0; i < 6; i++)
		launcher_shut(i < 3 ? &t.ours[i] : &t.command.fd[i - 3]);
	free(t.command.argv);
	buf_free(&t.args);
	feed_command_free(&t.feed);
}

#undef LAUNCHER_SHORT
#undef LAUNCHER_PAUSE_MIN
#undef LAUNCHER_PAUSE_MAX
#undef LAUNCHER_TIMER_MIN
#undef LAUNCHER_TABLE_MS
#undef LAUNCHER_TABLE_RUNS
#undef LAUNCHER_LINES
#undef LAUNCHER_LINES_MS
