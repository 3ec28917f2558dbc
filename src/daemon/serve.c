/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * serve.c - accepting connections of MTAs, as many as there may be.
 * Owns:      the manager of this process; whether accepting is suspended.
 * Called by: daemon.c, life.c.
 * Must not:  open a listening socket, or know of signals.
 */
#include "compat.h"

#include <sys/resource.h>

#include <errno.h>
#include <stdint.h>

#include "base/log.h"
#include "control/control.h"
#include "daemon/serve.h"
#include "manager/manager.h"
#include "manager/shared.h"

/* Descriptors of our own: log, syslog, listener, loop, look-ups, last words. */
#define SERVE_DESCRIPTORS	24u
/* Connections at a time of a process that has no others beside it. */
#define SERVE_ROUND		64u

struct serve {
	struct loop		*loop;
	struct manager		*manager;
	struct listener		*listener;	/* NULL: accepts no more */
	struct listener		*old;		/* retired, ours; or NULL */
	struct loop_timer	 suspend;
	struct loop_timer	 deadline;
	struct shared		*shared;
	unsigned		 slot;		/* of shared */
	bool			 lent;		/* a worker's */
	bool			 full;		/* accepting is suspended */
	void			(*done)(void *);
	void			*done_arg;
};

/*
 * A session needs a descriptor for the MTA, one a child, and two for the spool
 * of a large message and its new body, one if it is recorded.
 */
static size_t
serve_each(const struct conf *conf)
{
	size_t i, each = 3;

	each += conf->record_directory != NULL;
	for (i = 0; i < conf->n_milters; i++)
		each += conf->milters[i]->enabled;
	return (each);
}

void
serve_check(const struct conf *conf)
{
	size_t each = serve_each(conf), need, fits;
	struct rlimit rl;

	need = each * conf->max_connections + SERVE_DESCRIPTORS;
	if (conf->max_connections == 0 || getrlimit(RLIMIT_NOFILE, &rl) == -1 ||
	    rl.rlim_cur == RLIM_INFINITY || need <= (size_t)rl.rlim_cur)
		return;
	fits = (size_t)rl.rlim_cur <= SERVE_DESCRIPTORS + each ? 1 :
	    ((size_t)rl.rlim_cur - SERVE_DESCRIPTORS) / each;
	log_write(LOGL_WARNING, "manager.max_connections: %u sessions need %zu "
	    "open files, %zu each, and %zu may be open: %zu sessions at once; "
	    "raise the limit or manager.max_file_descriptors, or lower "
	    "manager.max_connections", conf->max_connections, need, each,
	    (size_t)rl.rlim_cur, fits);
}

/*
 * How many sessions this process can have.  A session that cannot dial its
 * children for want of descriptors would be answered by their fallbacks, so
 * that whoever opens enough connections could have his mail accepted unseen:
 * such a session is not begun.  What conditions look up has descriptors of its
 * own.
 */
static size_t
serve_room(const struct serve *s)
{
	const struct conf *conf = manager_conf(s->manager);
	size_t own = SERVE_DESCRIPTORS + manager_descriptors(s->manager);
	struct rlimit rl;
	size_t room = SIZE_MAX, each = serve_each(conf);

	if (conf->control_spec_text != NULL && conf->n_workers == 0)
		own += CONTROL_CONNS + 1;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 &&
	    rl.rlim_cur != RLIM_INFINITY) {
		size_t all = (size_t)rl.rlim_cur;

		room = (all > own ? all - own : 0) / each;
	}
	return (room > 0 ? room : 1);
}

/* Why there can be no more sessions and how many there are, or NULL. */
static const char *
serve_full(const struct serve *s, size_t *n)
{
	uint32_t max = manager_conf(s->manager)->max_connections;

	*n = manager_n_sessions(s->manager);
	if (*n >= serve_room(s))
		return ("manager.max_file_descriptors");
	if (max == 0)
		return (NULL);
	*n = shared_running(s->shared);
	return (*n >= max ? "manager.max_connections" : NULL);
}

static void
serve_resume(struct serve *s)
{
	if (s->listener != NULL)
		listener_resume(s->listener);
	if (s->old != NULL)
		listener_resume(s->old);
}

static void
serve_on_suspended(struct loop_timer *t, void *arg)
{
	struct serve *s = arg;
	const struct conf *conf = manager_conf(s->manager);
	size_t n;

	(void)t;
	if (s->listener == NULL && s->old == NULL)
		return;
	if (serve_full(s, &n) != NULL) {
		loop_timer_start(s->loop, &s->suspend,
		    conf->suspend_time_on_unacceptable, serve_on_suspended,
		    s);
		return;
	}
	s->full = false;
	log_write(LOGL_MESSAGE, "accepting again");
	serve_resume(s);
}

/* Until a session of this process ends, or the time is over. */
static void
serve_suspend(struct serve *s, const char *why, size_t n)
{
	if (!s->full)
		log_write(LOGL_WARNING, "%s: %zu sessions, accepting is "
		    "suspended", why, n);
	s->full = true;
	if (s->listener != NULL)
		listener_pause(s->listener);
	if (s->old != NULL)
		listener_pause(s->old);
	loop_timer_start(s->loop, &s->suspend, manager_conf(
	    s->manager)->suspend_time_on_unacceptable, serve_on_suspended, s);
}

/* A connection that is accepted must have its place: other processes accept,
 * too. */
static bool
serve_take(struct listener *l, void *arg)
{
	struct serve *s = arg;
	const char *why;
	size_t n;

	(void)l;
	why = serve_full(s, &n);
	if (why == NULL && !shared_enter(s->shared, s->slot,
	    manager_conf(s->manager)->max_connections))
		why = "manager.max_connections";
	if (why != NULL)
		serve_suspend(s, why, n);
	return (why == NULL);
}

static void
serve_on_accept(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	struct serve *s = arg;
	char peer[SPEC_TEXT_MAX];
	const char *why;
	size_t n;

	(void)l;
	if (fd == -1) {
		shared_leave(s->shared, s->slot, false);
		return;
	}
	addr_format(sa, len, peer, sizeof(peer));
	if (manager_accept(s->manager, fd, peer) == -1)
		serve_suspend(s, strerror(errno),
		    manager_n_sessions(s->manager));
	else if ((why = serve_full(s, &n)) != NULL)
		serve_suspend(s, why, n);
}

/* --- its end ------------------------------------------------------------- */

static void
serve_drop_old(struct serve *s)
{
	listener_free(s->old);
	s->old = NULL;
}

/* Once for each serve_stop(). */
static void
serve_check_done(struct serve *s)
{
	void (*done)(void *) = s->done;

	if (done == NULL || s->old != NULL ||
	    manager_n_sessions(s->manager) > 0)
		return;
	s->done = NULL;
	loop_timer_stop(&s->deadline);
	done(s->done_arg);
}

static void
serve_on_retired(void *arg)
{
	struct serve *s = arg;

	serve_drop_old(s);
	serve_check_done(s);
}

/* It is ours from now on; what waits in its backlog is served. */
static void
serve_retire(struct serve *s)
{
	s->old = s->listener;
	s->listener = NULL;
	listener_retire(s->old, serve_on_retired, s);
}

static void
serve_on_deadline(struct loop_timer *t, void *arg)
{
	struct serve *s = arg;

	(void)t;
	serve_drop_old(s);
	log_write(LOGL_WARNING, "%zu sessions are ended before their time",
	    manager_n_sessions(s->manager));
	manager_end_all(s->manager, "the manager ends");
	serve_check_done(s);
}

static void
serve_on_end(struct manager *m, void *arg)
{
	struct serve *s = arg;

	(void)m;
	if (s->full) {
		loop_timer_stop(&s->suspend);
		serve_on_suspended(&s->suspend, s);
	} else
		/* They may have waited for the descriptors of this one. */
		serve_resume(s);
	serve_check_done(s);
}

void
serve_stop(struct serve *s, uint64_t timeout_ms, void (*done)(void *),
    void *arg)
{
	s->done = done;
	s->done_arg = arg;
	if (timeout_ms != UINT64_MAX)
		loop_timer_start(s->loop, &s->deadline, timeout_ms,
		    serve_on_deadline, s);
	if (s->listener != NULL && s->old == NULL)
		serve_retire(s);
	else {
		listener_free(s->listener);
		s->listener = NULL;
	}
	serve_check_done(s);
}

void
serve_end(struct serve *s, const char *why)
{
	serve_drop_old(s);
	manager_end_all(s->manager, why);
}

/* --- its making ---------------------------------------------------------- */

struct serve *
serve_new(struct loop *loop, struct conf *conf, struct launch *launch,
    struct shared *shared, unsigned slot, struct stats *stats)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (NULL);
	s->loop = loop;
	s->shared = shared;
	s->slot = slot;
	s->manager = manager_new(loop, conf_ref(conf), launch, shared,
	    slot);
	if (s->manager == NULL) {
		free(s);
		return (NULL);
	}
	s->lent = stats != NULL;
	if (s->lent)
		manager_lend_stats(s->manager, stats);
	manager_on_end(s->manager, serve_on_end, s);
	return (s);
}

int
serve_listen(struct serve *s, struct listener *l)
{
	if (s->old != NULL) {
		errno = EBUSY;
		return (-1);
	}
	if (listener_start(l, s->loop, serve_on_accept, s) == -1)
		return (-1);
	listener_ask(l, serve_take, s->lent ? 1 : SERVE_ROUND);
	if (s->listener != NULL)
		serve_retire(s);
	s->listener = l;
	if (s->full)
		listener_pause(l);
	return (0);
}

void
serve_leave(struct serve *s)
{
	s->listener = NULL;
}

int
serve_set_conf(struct serve *s, struct conf *conf)
{
	return (manager_set_conf(s->manager, conf_ref(conf)));
}

struct manager *
serve_manager(const struct serve *s)
{
	return (s->manager);
}

size_t
serve_sessions(const struct serve *s)
{
	return (manager_n_sessions(s->manager));
}

void
serve_free(struct serve *s)
{
	if (s == NULL)
		return;
	serve_drop_old(s);
	loop_timer_stop(&s->suspend);
	loop_timer_stop(&s->deadline);
	manager_free(s->manager);
	free(s);
}

#undef SERVE_DESCRIPTORS
#undef SERVE_ROUND
