/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launcher.c - the launcher's process: who asks it, for what, and its end.
 * Owns:      its askers; which of them may ask for what.
 * Called by: daemon.c, which forks it.
 * Must not:  trust a byte of what it is asked; open what a path tells that its
 *            askers could have made (so it has no log of its own).
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/launcher.h"
#include "daemon/launcher_internal.h"

#define LAUNCHER_ASKERS	1100	/* workers, and those that are ending */
#define LAUNCHER_OUT	(64u * 1024u)	/* an asker that does not listen */

/* --- what is told to askers ---------------------------------------------- */

/* Queued, or the asker is none any more. */
static void
launcher_put(struct launcher_asker *a, const struct launch_record *r)
{
	int n = 0;

	if (a->ended)
		return;
	if (a->out.len == 0) {
		n = launch_send(a->io.fd, r, sizeof(*r), NULL, 0);
		if (n == -1 && errno != EAGAIN)
			return;		/* its end is about to be read */
		if (n == -1)
			n = 0;
		if (n == (int)sizeof(*r))
			return;
	}
	if (a->out.len > LAUNCHER_OUT || buf_add(&a->out,
	    (const unsigned char *)r + n, sizeof(*r) - (size_t)n) == -1) {
		(void)shutdown(a->io.fd, SHUT_RDWR);
		return;
	}
	(void)loop_io_want(&a->io, LOOP_READ | LOOP_WRITE);
}

void
launcher_answer(struct launcher_asker *a, uint32_t seq,
    enum launch_state state, int status, const char *text)
{
	struct launch_record r;

	memset(&r, 0, sizeof(r));
	r.magic = LAUNCH_MAGIC;
	r.what = state;
	r.seq = seq;
	r.status = status;
	(void)strlcpy(r.text, text, sizeof(r.text));
	launcher_put(a, &r);
}

void
launcher_log(struct launcher *l, unsigned level, const char *fmt, ...)
{
	char text[LAUNCH_TEXT_MAX];
	va_list ap;

	/* A daemon that does not keep up has answers to read first. */
	if (l->first == NULL || l->first->out.len > LAUNCHER_OUT / 2)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	launcher_answer(l->first, 0, LAUNCH_LINE, (int)level, text);
}

/* --- its end ------------------------------------------------------------- */

static void
launcher_on_end(struct loop_timer *timer, void *arg)
{
	struct launcher *l = arg;

	(void)timer;
	if (launcher_signal_all(l, SIGKILL) > 0)
		launcher_log(l, LOGL_WARNING, "commands that have not ended "
		    "in %u ms are killed", LAUNCHER_END_MS);
	loop_stop(l->loop);
}

void
launcher_finish(struct launcher *l)
{
	if (l->ending)
		return;
	l->ending = true;
	if (launcher_signal_all(l, SIGTERM) == 0)
		loop_stop(l->loop);
	else
		loop_timer_start(l->loop, &l->end, LAUNCHER_END_MS,
		    launcher_on_end, l);
}

/* --- askers -------------------------------------------------------------- */

static void
launcher_drop_fds(struct launcher_asker *a)
{
	while (a->n_fds > 0)
		(void)close(a->fds[--a->n_fds]);
}

/* The daemon may still be told what its end makes of the commands. */
static void
launcher_end_asker(struct launcher_asker *a, bool may_write)
{
	struct launcher *l = a->launcher;
	struct launcher_asker **p;
	bool keep = false;

	launcher_drop_fds(a);
	launcher_forsake(a);
	/* Another daemon has taken over: what runs is for that one. */
	if (a == l->first && l->lifeline.loop != NULL)
		keep = launcher_signal_all(l, 0) > 0;
	if (a == l->first && may_write && !l->ending && !keep) {
		(void)loop_io_want(&a->io, a->out.len > 0 ? LOOP_WRITE : 0);
		launcher_finish(l);
		return;
	}
	loop_io_del(&a->io);
	(void)close(a->io.fd);
	buf_free(&a->out);
	for (p = &l->askers; *p != a; p = &(*p)->next)
		continue;
	*p = a->next;
	if (a == l->first) {
		l->first = NULL;
		if (!keep)
			launcher_finish(l);
	}
	free(a);
}

static loop_io_fn launcher_on_ready;

static struct launcher_asker *
launcher_new_asker(struct launcher *l, int fd)
{
	struct launcher_asker *a;
	size_t n = 0;

	for (a = l->askers; a != NULL; a = a->next)
		n++;
	a = n < LAUNCHER_ASKERS ? calloc(1, sizeof(*a)) : NULL;
	if (a == NULL || fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    loop_io_add(l->loop, &a->io, fd, LOOP_READ, launcher_on_ready,
	    a) == -1) {
		(void)close(fd);
		free(a);
		return (NULL);
	}
	a->launcher = l;
	a->next = l->askers;
	l->askers = a;
	return (a);
}

static void
launcher_report(const char *line, void *arg)
{
	launcher_log(arg, LOGL_ERROR, "the launcher: %s", line);
}

/* It has been checked by the daemon; what we have read is what counts. */
static void
launcher_reload(struct launcher *l)
{
	struct conf_source source = l->daemon->cmdline.source;
	struct conf *conf;

	/* That one the daemon's user can write: there is no command in it. */
	source.no_custom = true;
	conf = conf_load(&source, launcher_report, l);

	if (conf == NULL) {
		launcher_log(l, LOGL_ERROR, "the launcher: the commands of "
		    "the configuration before stay");
		return;
	}
	conf_unref(l->conf);
	l->conf = conf;
	launcher_forget(l, false);
}

/* A whole record.  -1: it makes no sense. */
static int
launcher_take(struct launcher_asker *a)
{
	/* How many descriptors come with it; -1: any number. */
	static const int n_fds[LAUNCH_KIND_N] = { 0, 0, 2, 2, 0, 0, 1, 0,
	    -1 };
	struct launcher *l = a->launcher;
	const struct launch_record *r = &a->in;

	if (r->magic != LAUNCH_MAGIC || r->what >= LAUNCH_KIND_N ||
	    r->n_fds != a->n_fds || (n_fds[r->what] >= 0 &&
	    (size_t)n_fds[r->what] != a->n_fds) ||
	    (r->what > LAUNCH_NETSTAT && a != l->first))
		return (-1);
	switch ((enum launch_kind)r->what) {
	case LAUNCH_KILL:
		launcher_kill(a, r->number);
		if (a == l->first)
			launcher_kill_upgrade(l, r->number);
		break;
	case LAUNCH_UPGRADE:
		launcher_upgrade(a, r);
		break;
	case LAUNCH_ASKER:
		a->n_fds = 0;
		(void)launcher_new_asker(l, a->fds[0]);
		break;
	case LAUNCH_RELOAD:
		launcher_reload(l);
		break;
	default:
		launcher_run(a, r);
		break;
	}
	launcher_drop_fds(a);
	return (0);
}

/* musl's macro compares numbers of different signs. */
#ifdef __GNUC__
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wsign-compare"
#endif
static struct cmsghdr *
launcher_next(struct msghdr *msg, struct cmsghdr *c)
{
	return (CMSG_NXTHDR(msg, c));
}
#ifdef __GNUC__
#pragma GCC diagnostic pop
#endif

/* As read(2), and keeps the descriptors that came with it. */
static ssize_t
launcher_receive(struct launcher_asker *a)
{
	union {
		struct cmsghdr	 align;
		unsigned char	 room[CMSG_SPACE(LAUNCH_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr msg;
	struct cmsghdr *c;
	size_t n, i;
	ssize_t len;
	int fd;

	memset(&msg, 0, sizeof(msg));
	iov.iov_base = (unsigned char *)&a->in + a->in_len;
	iov.iov_len = sizeof(a->in) - a->in_len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.room;
	msg.msg_controllen = sizeof(control.room);
	len = recvmsg(a->io.fd, &msg, 0);
	if (len == -1)
		return (len);
	for (c = CMSG_FIRSTHDR(&msg); c != NULL; c = launcher_next(&msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (i = 0; i < n; i++) {
			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int),
			    sizeof(fd));
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
			if (a->n_fds < LAUNCH_FDS_MAX)
				a->fds[a->n_fds++] = fd;
			else {
				(void)close(fd);
				msg.msg_flags |= MSG_CTRUNC;
			}
		}
	}
	if ((msg.msg_flags & MSG_CTRUNC) != 0) {
		errno = EMSGSIZE;
		return (-1);
	}
	return (len);
}

static void
launcher_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct launcher_asker *a = arg;
	struct launcher *l = a->launcher;
	ssize_t n;

	if ((ready & LOOP_WRITE) != 0) {
		n = launch_send(io->fd, buf_ptr(&a->out), a->out.len, NULL, 0);
		if (n > 0)
			buf_consume(&a->out, (size_t)n);
		else if (n == -1 && errno != EAGAIN) {
			launcher_end_asker(a, false);
			return;
		}
		if (a->out.len == 0)
			(void)loop_io_want(io, io->want & LOOP_READ);
	}
	if ((ready & LOOP_READ) == 0)
		return;
	n = launcher_receive(a);
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		a->in_len += (size_t)n;
		if (a->in_len < sizeof(a->in))
			return;
		a->in_len = 0;
		if (launcher_take(a) == 0)
			return;
	}
	if (n != 0)
		launcher_log(l, LOGL_ERROR, "the launcher: what %s asks makes "
		    "no sense; it is not listened to any more", a == l->first ?
		    "the manager" : "a worker");
	launcher_end_asker(a, n == 0);
}

/* --- the process --------------------------------------------------------- */

/* All but standard input, output and error, and the socket. */
static int
launcher_close(int fd)
{
	int null = open("/dev/null", O_RDWR);

	if (null == -1 || dup2(null, STDIN_FILENO) == -1)
		return (-1);
	/* Who reads our caller's output would else read it for ever. */
	if (dup2(null, STDOUT_FILENO) == -1 || dup2(null, STDERR_FILENO) == -1)
		return (-1);
	if (fd != STDERR_FILENO + 1) {
		if (dup2(fd, STDERR_FILENO + 1) == -1)
			return (-1);
		fd = STDERR_FILENO + 1;
	}
	closefrom(fd + 1);
	return (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ? -1 : fd);
}

/* Its end is the daemon's, not that of who ends all of a group or service. */
static void
launcher_ignore_signals(void)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
	    SIGUSR1, SIGUSR2, SIGPIPE };
	sigset_t set;
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)signal(signals[i], SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
}

static int
launcher_main(struct daemon *d, int fd)
{
	struct launcher l;
	struct launcher_asker *a, *next;
	struct rlimit all;
	int status = 1;

	memset(&l, 0, sizeof(l));
	/* Each worker has a socket here; commands get what we were given. */
	if (getrlimit(RLIMIT_NOFILE, &l.descriptors) == 0) {
		all = l.descriptors;
		all.rlim_cur = all.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &all);
	}
	compat_process_title("milter-launcher");
	launcher_ignore_signals();
	log_close();
	fd = launcher_close(fd);
	l.daemon = d;
	l.conf = conf_ref(d->conf);
	if (fd != -1)
		l.loop = loop_new(NULL);
	if (l.loop != NULL)
		l.first = launcher_new_asker(&l, fd);
	if (l.first != NULL && loop_run(l.loop) == 0)
		status = 0;
	l.ending = true;
	for (a = l.askers; a != NULL; a = next) {
		next = a->next;
		launcher_end_asker(a, false);
	}
	launcher_forget(&l, true);
	loop_child_del(&l.upgrade);
	loop_io_del(&l.lifeline);
	if (l.loop != NULL) {
		loop_timer_stop(&l.end);
		loop_free(l.loop);
	}
	conf_unref(l.conf);
	conf_unref(d->conf);
	cmdline_free(&d->cmdline);
	return (status);
}

/* --- the daemon's side --------------------------------------------------- */

int
launcher_fork(struct daemon *d)
{
	int fd[2], there[2], saved;
	pid_t pid;
	char c;

	if (launch_pair(fd) == -1)
		return (-1);
	if (pipe(there) == -1) {
		saved = errno;
		(void)close(fd[0]);
		(void)close(fd[1]);
		errno = saved;
		return (-1);
	}
	pid = fork();
	if (pid == 0) {
		(void)close(fd[0]);
		_exit(launcher_main(d, fd[1]));
	}
	saved = errno;
	(void)close(fd[1]);
	(void)close(there[1]);
	/* When it closes what it does not need it has its name, and ignores
	 * the signals that are for us. */
	while (pid != -1 && read(there[0], &c, 1) == -1 && errno == EINTR)
		continue;
	(void)close(there[0]);
	if (pid == -1) {
		(void)close(fd[0]);
		errno = saved;
		return (-1);
	}
	d->launcher = fd[0];
	d->launcher_pid = pid;
	return (0);
}

static void
launcher_on_gone(struct loop_child *child, int status, void *arg)
{
	struct daemon *d = arg;

	(void)child;
	(void)status;		/* that it is lost is told by its socket */
	d->launcher_pid = 0;
}

int
launcher_begin(struct daemon *d)
{
	int fd = d->launcher;

	d->launcher = -1;
	d->launch = launch_new(d->loop, fd);
	return (d->launch == NULL || loop_child_add(d->loop,
	    &d->launcher_child, d->launcher_pid, launcher_on_gone, d) == -1 ?
	    -1 : 0);
}

void
launcher_end(struct daemon *d)
{
	const struct timespec moment = { 0, 10000000 };
	int i;

	loop_child_del(&d->launcher_child);
	if (d->launch != NULL)
		launch_finish(d->launch, LAUNCHER_WAIT_MS);
	launch_free(d->launch);
	d->launch = NULL;
	if (d->launcher_pid > 0 && d->launcher != -1)
		(void)close(d->launcher);
	/* It closes its socket as nearly the last thing it does. */
	for (i = 0; i < 100 && d->launcher_pid > 0 &&
	    waitpid(d->launcher_pid, NULL, WNOHANG) == 0; i++)
		(void)nanosleep(&moment, NULL);
	d->launcher_pid = 0;
}

#undef LAUNCHER_ASKERS
#undef LAUNCHER_OUT
