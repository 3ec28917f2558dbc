/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * launch.c - the asking side of the launcher.
 * Owns:      the requests that are under way; what a digest is made of.
 * Called by: daemon/, manager/, condition/feed_program.c; daemon/launcher.c for
 *            the digest and for sending.
 * Must not:  run anything, or wait.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "net/launch.h"
#include "net/sock.h"

/* Requests that the launcher has not taken yet: no asker has so many. */
#define LAUNCH_QUEUE_MAX (64u * 1024u)

struct launch {
	struct loop	*loop;
	struct loop_io	 io;
	struct launch_query *queries;
	struct buf	 out;
	uint32_t	 seq;
	struct launch_record in;
	size_t		 in_len;
	bool		 finishing;
};

static loop_io_fn launch_on_ready;

/* --- digest -------------------------------------------------------------- */

/* FNV-1a of the bytes with the NUL behind them; NULL is not "". */
static uint64_t
launch_mix(uint64_t hash, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	do {
		hash ^= p != NULL ? *p : 0x100u;
		hash *= 0x100000001b3u;
	} while (p != NULL && *p++ != '\0');
	return (hash);
}

static uint64_t
launch_mix_list(uint64_t hash, const struct conf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		hash = launch_mix(hash, list->item[i]);
	return (launch_mix(hash, NULL));
}

static uint64_t
launch_mix_table(uint64_t hash, const struct conf *conf,
    const struct conf_table *t)
{
	char port[16];

	hash = launch_mix(launch_mix(hash, t->name), t->where);
	if (t->source != CONF_TABLE_DATABASE)
		return (hash);
	(void)snprintf(port, sizeof(port), "%u", conf->database_port);
	hash = launch_mix(launch_mix(hash, conf->database_type), port);
	hash = launch_mix(hash, conf->database_name);
	hash = launch_mix(hash, conf->database_host);
	hash = launch_mix(hash, conf->database_path);
	hash = launch_mix(hash, conf->database_user);
	hash = launch_mix(hash, conf->database_password);
	return (launch_mix_list(hash, &conf->database_options));
}

uint64_t
launch_digest(const struct conf *conf, enum launch_kind kind, size_t number)
{
	uint64_t hash = (0xcbf29ce484222325u ^ (uint64_t)kind) *
	    0x100000001b3u;

	if (kind == LAUNCH_CHILD && number < conf->n_milters) {
		const struct conf_milter *m = conf->milters[number];

		if (!conf->privilege_mode || m->command == NULL)
			return (0);
		hash = launch_mix(launch_mix(hash, m->name), m->command);
		hash = launch_mix(hash, m->user_name);
		return (launch_mix_list(hash, &m->command_options));
	}
	if (kind == LAUNCH_TABLE && number < conf->n_tables) {
		const struct conf_table *t = conf->tables[number];

		return (t->source == CONF_TABLE_EXEC ||
		    t->source == CONF_TABLE_DATABASE ?
		    launch_mix_table(hash, conf, t) : 0);
	}
	if (kind == LAUNCH_NETSTAT && number == 0 &&
	    conf->connection_check_interval > 0)
		return (hash);
	if (kind == LAUNCH_TIMER && number < conf->n_timers) {
		const struct conf_timer *t = conf->timers[number];

		if (t->command.n == 0)
			return (0);
		hash = launch_mix(launch_mix(hash, t->name), t->user_name);
		return (launch_mix_list(hash, &t->command));
	}
	if (kind == LAUNCH_MAINTENANCE && conf->maintenance_command.n > 0)
		return (launch_mix_list(hash, &conf->maintenance_command));
	return (0);
}

/* --- the socket ---------------------------------------------------------- */

int
launch_pair(int fd[2])
{
	int saved;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		return (-1);
	if (sock_prepare(fd[0]) == 0 && sock_prepare(fd[1]) == 0)
		return (0);
	saved = errno;
	(void)close(fd[0]);
	(void)close(fd[1]);
	errno = saved;
	return (-1);
}

int
launch_send(int fd, const void *data, size_t len, const int *fds, size_t n_fds)
{
	union {
		struct cmsghdr	 align;
		unsigned char	 room[CMSG_SPACE(LAUNCH_FDS_MAX * sizeof(int))];
	} control;
	struct iovec iov;
	struct msghdr msg;
	struct cmsghdr *c;
	ssize_t n;

	memset(&msg, 0, sizeof(msg));
	memset(&control, 0, sizeof(control));
	iov.iov_base = (void *)(uintptr_t)data;
	iov.iov_len = len;
	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (n_fds > 0) {
		msg.msg_control = control.room;
		msg.msg_controllen = (socklen_t)CMSG_SPACE(n_fds *
		    sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = (socklen_t)CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	do
		n = sendmsg(fd, &msg, 0);
	while (n == -1 && errno == EINTR);
	return ((int)n);
}

/* --- requests ------------------------------------------------------------ */

static void
launch_on_task(struct loop_task *task, void *arg)
{
	struct launch_query *q = arg;
	const char *why = q->why;

	(void)task;
	launch_cancel(q);
	q->fn(q, LAUNCH_REFUSED, 0, why, q->arg);
}

/* The call comes when whoever asks has returned. */
static void
launch_refuse(struct launch_query *q, const char *why)
{
	q->why = why;
	loop_task_start(q->launch->loop, &q->task, launch_on_task, q);
}

static void
launch_lost(struct launch *l, const char *why)
{
	struct launch_query *q;

	if (!l->finishing)
		log_write(LOGL_ERROR, "the launcher is lost (%s): no command "
		    "can be started until the manager is started again", why);
	loop_io_del(&l->io);
	(void)close(l->io.fd);
	buf_free(&l->out);
	for (q = l->queries; q != NULL; q = q->next)
		launch_refuse(q, "the launcher is lost");
}

/* 0, or -1 with the reason in *why. */
static int
launch_put(struct launch *l, const struct launch_record *r, const int *fds,
    const char **why)
{
	const unsigned char *p = (const unsigned char *)r;
	int n = 0;

	*why = "the launcher is lost";
	if (!launch_there(l))
		return (-1);
	*why = "the launcher is too busy";
	/* Descriptors go with a first byte, which goes now or never. */
	if (l->out.len > 0 && (r->n_fds > 0 || l->out.len > LAUNCH_QUEUE_MAX))
		return (-1);
	if (l->out.len == 0)
		n = launch_send(l->io.fd, r, sizeof(*r), fds, r->n_fds);
	if (n == -1 && (errno != EAGAIN || r->n_fds > 0)) {
		/* That it is lost is told when its end is read. */
		*why = errno == EAGAIN ? *why : "the launcher cannot be asked";
		return (-1);
	}
	if (n == -1)
		n = 0;
	if ((size_t)n == sizeof(*r))
		return (0);
	if (buf_add(&l->out, p + n, sizeof(*r) - (size_t)n) == -1) {
		launch_lost(l, "out of memory");
		return (-1);
	}
	(void)loop_io_want(&l->io, LOOP_READ | LOOP_WRITE);
	return (0);
}

void
launch_ask(struct launch *l, struct launch_query *q, enum launch_kind kind,
    uint32_t number, uint64_t digest, const int *fd, size_t n_fds,
    launch_fn *fn, void *arg)
{
	struct launch_record r;
	const char *why;

	memset(&r, 0, sizeof(r));
	r.magic = LAUNCH_MAGIC;
	r.what = kind;
	r.seq = ++l->seq;
	r.number = number;
	r.digest = digest;
	r.n_fds = (uint32_t)n_fds;
	if (fn != NULL) {
		q->why = NULL;
		q->launch = l;
		q->seq = r.seq;
		q->fn = fn;
		q->arg = arg;
		q->next = l->queries;
		l->queries = q;
	}
	if (launch_put(l, &r, fd, &why) == -1 && fn != NULL)
		launch_refuse(q, why);
}

void
launch_cancel(struct launch_query *q)
{
	struct launch_query **p;

	if (q->launch == NULL)
		return;
	for (p = &q->launch->queries; *p != q; p = &(*p)->next)
		continue;
	*p = q->next;
	loop_task_stop(&q->task);
	q->launch = NULL;
}

void
launch_kill(struct launch_query *q)
{
	if (q->launch != NULL)
		launch_ask(q->launch, NULL, LAUNCH_KILL, q->seq, 0, NULL, 0,
		    NULL, NULL);
}

int
launch_asker(struct launch *l)
{
	struct launch_record r;
	const char *why;
	int fd[2];

	memset(&r, 0, sizeof(r));
	r.magic = LAUNCH_MAGIC;
	r.what = LAUNCH_ASKER;
	r.seq = ++l->seq;
	r.n_fds = 1;
	if (launch_pair(fd) == -1)
		return (-1);
	if (launch_put(l, &r, &fd[1], &why) == -1) {
		(void)close(fd[0]);
		fd[0] = -1;
		errno = EAGAIN;
	}
	(void)close(fd[1]);
	return (fd[0]);
}

/* --- answers ------------------------------------------------------------- */

static void
launch_answer(struct launch *l, struct launch_record *r)
{
	struct launch_query *q;

	for (q = l->queries; q != NULL; q = q->next)
		if (q->seq == r->seq && q->why == NULL)
			break;
	if (q == NULL)
		return;		/* nobody waits for it any more */
	if (r->what != LAUNCH_STARTED)
		launch_cancel(q);
	q->fn(q, (enum launch_state)r->what, (int)r->status, r->text, q->arg);
}

/* One answer at most, as the handler may free all of this. */
static void
launch_read(struct launch *l)
{
	ssize_t n = read(l->io.fd, (unsigned char *)&l->in + l->in_len,
	    sizeof(l->in) - l->in_len);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		launch_lost(l, n == 0 ? "it has ended" : strerror(errno));
		return;
	}
	l->in_len += (size_t)n;
	if (l->in_len < sizeof(l->in))
		return;
	l->in_len = 0;
	l->in.text[sizeof(l->in.text) - 1] = '\0';
	if (l->in.magic != LAUNCH_MAGIC || l->in.what > LAUNCH_LINE)
		launch_lost(l, "its answer makes no sense");
	else if (l->in.what == LAUNCH_LINE)
		log_write((unsigned)l->in.status & LOGL_ALL, "%s", l->in.text);
	else
		launch_answer(l, &l->in);
}

static void
launch_on_ready(struct loop_io *io, unsigned ready, void *arg)
{
	struct launch *l = arg;
	int n;

	if ((ready & LOOP_WRITE) != 0) {
		n = launch_send(io->fd, buf_ptr(&l->out), l->out.len, NULL, 0);
		if (n > 0)
			buf_consume(&l->out, (size_t)n);
		if (l->out.len == 0)
			(void)loop_io_want(io, LOOP_READ);
	}
	if ((ready & LOOP_READ) != 0)
		launch_read(l);
}

/* --- its life ------------------------------------------------------------ */

struct launch *
launch_new(struct loop *loop, int fd)
{
	struct launch *l = calloc(1, sizeof(*l));
	int saved;

	if (l != NULL && (fd == -1 || loop_io_add(loop, &l->io, fd, LOOP_READ,
	    launch_on_ready, l) == 0)) {
		l->loop = loop;
		return (l);
	}
	saved = errno;
	if (fd != -1)
		(void)close(fd);
	free(l);
	errno = saved;
	return (NULL);
}

void
launch_free(struct launch *l)
{
	if (l == NULL)
		return;
	while (l->queries != NULL)
		launch_cancel(l->queries);
	if (launch_there(l)) {
		loop_io_del(&l->io);
		(void)close(l->io.fd);
	}
	buf_free(&l->out);
	free(l);
}

void
launch_finish(struct launch *l, int ms)
{
	struct pollfd pfd;

	if (!launch_there(l))
		return;
	while (l->queries != NULL)
		launch_cancel(l->queries);
	l->finishing = true;
	(void)shutdown(l->io.fd, SHUT_WR);
	pfd.fd = l->io.fd;
	pfd.events = POLLIN;
	while (launch_there(l) && poll(&pfd, 1, ms) == 1)
		launch_read(l);
}

bool
launch_there(const struct launch *l)
{
	return (l != NULL && l->io.loop != NULL);
}

#undef LAUNCH_QUEUE_MAX
