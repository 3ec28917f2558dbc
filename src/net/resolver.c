/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * resolver.c - host names, looked up by a process that may block.
 * Owns:      the helper process, the queue of questions to it.
 * Called by: the daemon (new, free), target.c.
 * Must not:  trust a byte of what the helper says, or wait for it.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "event/loop.h"
#include "net/resolver_internal.h"
#include "net/stream.h"
#include "net/target.h"
#include "net/target_internal.h"

#define RESOLVER_PAUSE	1000u		/* ms between two helpers' starts */
#define RESOLVER_PATIENCE 120000u	/* ms for one look-up */
#define RESOLVER_TRIES	2u		/* helpers that one name may cost */

struct resolver_query {
	struct resolver_query	*next;
	resolver_fn		*fn;
	void			*arg;
	unsigned		 port;
	unsigned		 tries;
	int			 family;
	char			 host[RESOLVER_HOST_SIZE];
};

struct resolver {
	struct loop		*loop;
	struct stream		 stream;
	struct loop_child	 child;
	struct loop_timer	 timer;		/* patience, or pause */
	uint64_t		 started;	/* the last helper */
	pid_t			 pid;		/* 0: no helper */
	uint32_t		 id;		/* of the last question */
	bool			 busy;		/* a reply is awaited */
	struct resolver_query	*current;	/* whose; NULL: cancelled */
	struct resolver_query	*queue;
};

static void resolver_kick(struct resolver *);
static void resolver_down(struct resolver *, const char *);

/* --- what the helper says ------------------------------------------------ */

/* The addresses of a reply with the query's port; NULL: out of memory. */
static struct target_answer *
resolver_answer(const struct resolver_query *q,
    const struct resolver_reply *reply)
{
	struct target_answer *a = target_answer_new(reply->n);
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	size_t i;

	for (i = 0; a != NULL && i < reply->n; i++) {
		const struct resolver_entry *e = &reply->entry[i];

		if (q->family == AF_INET) {
			memset(&in, 0, sizeof(in));
			in.sin_family = AF_INET;
			in.sin_port = htons((uint16_t)q->port);
			memcpy(&in.sin_addr, e->addr, 4);
			memcpy(&a->addr[i].ss, &in, sizeof(in));
			a->addr[i].len = sizeof(in);
		} else {
			memset(&in6, 0, sizeof(in6));
			in6.sin6_family = AF_INET6;
			in6.sin6_port = htons((uint16_t)q->port);
			in6.sin6_scope_id = e->scope;
			memcpy(&in6.sin6_addr, e->addr, 16);
			memcpy(&a->addr[i].ss, &in6, sizeof(in6));
			a->addr[i].len = sizeof(in6);
		}
	}
	return (a);
}

static void
resolver_on_reply(struct resolver *r, const struct resolver_reply *reply)
{
	struct resolver_query *q = r->current;
	struct target_answer *answer = NULL;
	const char *why = "the name has no address of this family";

	r->busy = false;
	r->current = NULL;
	loop_timer_stop(&r->timer);
	resolver_kick(r);
	if (q == NULL)
		return;
	if (reply->gai == EAI_SYSTEM)
		why = strerror(reply->err);
	else if (reply->gai != 0)
		why = gai_strerror(reply->gai);
	else if (reply->n > 0 &&
	    (answer = resolver_answer(q, reply)) == NULL)
		why = "out of memory";
	q->fn(answer, why, q->arg);
	free(q);
}

static size_t
resolver_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	struct resolver *r = arg;
	struct resolver_reply reply;

	(void)s;
	if (len < sizeof(reply))
		return (0);
	memcpy(&reply, data, sizeof(reply));
	if (!r->busy || reply.id != r->id || reply.n > TARGET_ADDR_MAX)
		resolver_down(r, "it talks nonsense");
	else
		resolver_on_reply(r, &reply);
	return (sizeof(reply));
}

static void
resolver_on_closed(struct stream *s, int err, void *arg)
{
	(void)s;
	resolver_down(arg, err == 0 ? "it ended" : strerror(err));
}

static void
resolver_on_child(struct loop_child *child, int status, void *arg)
{
	struct resolver *r = arg;

	(void)child;
	(void)status;
	r->pid = 0;
	resolver_down(r, "it ended");
}

static const struct stream_ops resolver_ops = {
	resolver_on_input, NULL, resolver_on_closed
};

/* --- the helper's life --------------------------------------------------- */

/* Forks a helper.  0, or -1 and errno. */
static int
resolver_spawn(struct resolver *r)
{
	sigset_t all, old;
	pid_t pid;
	int fds[2], err;

	r->started = loop_now(r->loop);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1)
		return (-1);
	if (fcntl(fds[1], F_SETFD, FD_CLOEXEC) == -1 ||
	    stream_open(&r->stream, r->loop, fds[0], &resolver_ops, r) == -1) {
		err = errno;
		(void)close(fds[0]);
		(void)close(fds[1]);
		errno = err;
		return (-1);
	}
	/* No handler of ours may run in there: they write to our pipes. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	if ((pid = fork()) == 0)
		helper_run(fds[1]);
	err = errno;
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)close(fds[1]);
	if (pid != -1) {
		r->pid = pid;
		if (loop_child_add(r->loop, &r->child, pid, resolver_on_child,
		    r) == 0)
			return (0);
		err = errno;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		r->pid = 0;
	}
	stream_close(&r->stream);
	errno = err;
	return (-1);
}

/* The helper is of no more use; its question is asked again, or fails. */
static void
resolver_down(struct resolver *r, const char *why)
{
	struct resolver_query *q = r->current;

	log_write(LOGL_WARNING, "resolver helper lost: %s", why);
	if (r->pid != 0)
		(void)kill(r->pid, SIGKILL);
	loop_child_del(&r->child);
	r->pid = 0;
	stream_close(&r->stream);
	loop_timer_stop(&r->timer);
	r->busy = false;
	r->current = NULL;
	if (q != NULL && ++q->tries < RESOLVER_TRIES) {
		q->next = r->queue;
		r->queue = q;
		q = NULL;
	}
	resolver_kick(r);
	if (q != NULL) {
		q->fn(NULL, "the resolver gave no answer", q->arg);
		free(q);
	}
}

static void
resolver_on_timer(struct loop_timer *timer, void *arg)
{
	struct resolver *r = arg;

	(void)timer;
	if (r->busy) {
		/* One name must not hold up the others twice. */
		if (r->current != NULL)
			r->current->tries = RESOLVER_TRIES;
		resolver_down(r, "a look-up takes too long");
	} else
		resolver_kick(r);
}

/* Has a helper for the next question.  False: later, by the timer. */
static bool
resolver_ready(struct resolver *r)
{
	uint64_t age = loop_now(r->loop) - r->started;

	if (r->pid != 0)
		return (true);
	if (age >= RESOLVER_PAUSE) {
		if (resolver_spawn(r) == 0)
			return (true);
		log_write(LOGL_ERROR, "resolver helper cannot start: %s",
		    strerror(errno));
		age = 0;
	}
	loop_timer_start(r->loop, &r->timer, RESOLVER_PAUSE - age,
	    resolver_on_timer, r);
	return (false);
}

/* Asks the next question, when there is one and nothing is under way. */
static void
resolver_kick(struct resolver *r)
{
	struct resolver_request request;
	struct resolver_query *q = r->queue;

	if (r->busy || q == NULL || !resolver_ready(r))
		return;
	memset(&request, 0, sizeof(request));
	request.id = ++r->id;
	request.family = q->family;
	(void)strlcpy(request.host, q->host, sizeof(request.host));
	if (stream_write(&r->stream, &request, sizeof(request)) == -1) {
		loop_timer_start(r->loop, &r->timer, RESOLVER_PAUSE,
		    resolver_on_timer, r);
		return;
	}
	r->queue = q->next;
	q->next = NULL;
	r->current = q;
	r->busy = true;
	loop_timer_start(r->loop, &r->timer, RESOLVER_PATIENCE,
	    resolver_on_timer, r);
}

/* --- the owner's side ---------------------------------------------------- */

struct resolver *
resolver_new(struct loop *loop)
{
	struct resolver *r = calloc(1, sizeof(*r));
	int err;

	if (r == NULL)
		return (NULL);
	r->loop = loop;
	if (resolver_spawn(r) == -1) {
		err = errno;
		free(r);
		errno = err;
		return (NULL);
	}
	return (r);
}

void
resolver_free(struct resolver *r)
{
	struct resolver_query *q;

	if (r == NULL)
		return;
	loop_timer_stop(&r->timer);
	stream_close(&r->stream);
	if (r->pid != 0) {
		/* It cannot resist, so this wait is short. */
		(void)kill(r->pid, SIGKILL);
		(void)waitpid(r->pid, NULL, 0);
	}
	loop_child_del(&r->child);
	free(r->current);
	while ((q = r->queue) != NULL) {
		r->queue = q->next;
		free(q);
	}
	free(r);
}

struct resolver_query *
resolver_ask(struct resolver *r, int family, const char *host, unsigned port,
    resolver_fn *fn, void *arg)
{
	struct resolver_query *q = calloc(1, sizeof(*q));
	struct resolver_query **link;

	if (q == NULL)
		return (NULL);
	if (strlcpy(q->host, host, sizeof(q->host)) >= sizeof(q->host)) {
		free(q);
		return (NULL);
	}
	q->family = family;
	q->port = port;
	q->fn = fn;
	q->arg = arg;
	for (link = &r->queue; *link != NULL; link = &(*link)->next)
		continue;
	*link = q;
	resolver_kick(r);
	return (q);
}

void
resolver_cancel(struct resolver *r, struct resolver_query *q)
{
	struct resolver_query **link;

	if (r->current == q)
		r->current = NULL;
	for (link = &r->queue; *link != NULL; link = &(*link)->next) {
		if (*link == q) {
			*link = q->next;
			break;
		}
	}
	free(q);
}

pid_t
resolver_pid(const struct resolver *r)
{
	return (r->pid);
}

#undef RESOLVER_PAUSE
#undef RESOLVER_PATIENCE
#undef RESOLVER_TRIES
