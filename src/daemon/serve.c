/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * serve.c - accepting connections of MTAs, as many as there may be.
 * Owns:      the manager of this process; whether accepting is suspended.
 * Called by: daemon.c, life.c.
 * Must not:  open or close a listening socket, or know of signals.
 */
#include "compat.h"

#include <sys/resource.h>

#include <errno.h>
#include <stdint.h>

#include "base/log.h"
#include "daemon/serve.h"
#include "manager/manager.h"

/* Descriptors of our own: log, syslog, listener, loop, look-ups, last words. */
#define SERVE_DESCRIPTORS	24u

struct serve {
	struct loop		*loop;
	struct manager		*manager;
	struct listener		*listener;	/* NULL: accepts no more */
	struct loop_timer	 suspend;
	struct loop_timer	 deadline;
	bool			 full;		/* max_connections reached */
	bool			 stopping;
	void			(*ended)(void *);
	void			*ended_arg;
	void			(*done)(void *);
	void			*done_arg;
};

/*
 * How many sessions there may be.  A session that cannot dial its children for
 * want of descriptors would be answered by their fallbacks, so that whoever
 * opens enough connections could have his mail accepted unseen: such a session
 * is not begun.  It needs a descriptor for the MTA, one a child, and two for
 * the spool of a large message and its new body, one if it is recorded; and
 * what conditions look up has its own.
 */
static size_t
serve_room(const struct serve *s, const char **why)
{
	const struct conf *conf = manager_conf(s->manager);
	size_t own = SERVE_DESCRIPTORS + manager_descriptors(s->manager);
	struct rlimit rl;
	size_t i, room = SIZE_MAX, each = 3;

	*why = "manager.max_connections";
	if (conf->max_connections > 0)
		room = conf->max_connections;
	each += conf->record_directory != NULL;
	for (i = 0; i < conf->n_milters; i++)
		each += conf->milters[i]->enabled;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 &&
	    rl.rlim_cur != RLIM_INFINITY) {
		size_t all = (size_t)rl.rlim_cur;
		size_t fds = all > own ? all - own : 0;

		if (fds / each < room) {
			room = fds / each;
			*why = "manager.max_file_descriptors";
		}
	}
	return (room > 0 ? room : 1);
}

static void
serve_on_suspended(struct loop_timer *t, void *arg)
{
	struct serve *s = arg;
	const struct conf *conf = manager_conf(s->manager);
	const char *why;

	(void)t;
	if (s->listener == NULL)
		return;
	if (manager_n_sessions(s->manager) >= serve_room(s, &why)) {
		loop_timer_start(s->loop, &s->suspend,
		    conf->suspend_time_on_unacceptable, serve_on_suspended,
		    s);
		return;
	}
	s->full = false;
	log_write(LOGL_MESSAGE, "accepting again");
	listener_resume(s->listener);
}

static void
serve_on_accept(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	struct serve *s = arg;
	const struct conf *conf = manager_conf(s->manager);
	char peer[SPEC_TEXT_MAX];
	const char *why;

	addr_format(sa, len, peer, sizeof(peer));
	manager_accept(s->manager, fd, peer);
	if (!s->full &&
	    manager_n_sessions(s->manager) >= serve_room(s, &why)) {
		s->full = true;
		log_write(LOGL_WARNING, "%s: %zu sessions, accepting is "
		    "suspended", why, manager_n_sessions(s->manager));
		listener_pause(l);
		loop_timer_start(s->loop, &s->suspend,
		    conf->suspend_time_on_unacceptable, serve_on_suspended,
		    s);
	}
}

/* --- its end ------------------------------------------------------------- */

static void
serve_on_deadline(struct loop_timer *t, void *arg)
{
	struct serve *s = arg;

	(void)t;
	log_write(LOGL_WARNING, "%zu sessions are ended before their time",
	    manager_n_sessions(s->manager));
	manager_end_all(s->manager, "the manager ends");
}

static void
serve_on_end(struct manager *m, void *arg)
{
	struct serve *s = arg;

	if (s->ended != NULL)
		s->ended(s->ended_arg);
	if (s->stopping) {
		if (manager_n_sessions(m) == 0)
			s->done(s->done_arg);
	} else if (s->full) {
		loop_timer_stop(&s->suspend);
		serve_on_suspended(&s->suspend, s);
	} else if (s->listener != NULL)
		/* It may have waited for the descriptors of this one. */
		listener_resume(s->listener);
}

void
serve_stop(struct serve *s, uint64_t timeout_ms, void (*done)(void *),
    void *arg)
{
	s->stopping = true;
	s->done = done;
	s->done_arg = arg;
	s->listener = NULL;
	loop_timer_stop(&s->suspend);
	if (manager_n_sessions(s->manager) == 0)
		done(arg);
	else if (timeout_ms != UINT64_MAX)
		loop_timer_start(s->loop, &s->deadline, timeout_ms,
		    serve_on_deadline, s);
}

void
serve_end(struct serve *s, const char *why)
{
	manager_end_all(s->manager, why);
}

/* --- its making ---------------------------------------------------------- */

struct serve *
serve_new(struct loop *loop, struct conf *conf, struct launch *launch)
{
	struct serve *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return (NULL);
	s->loop = loop;
	s->manager = manager_new(loop, conf_ref(conf), launch);
	if (s->manager == NULL) {
		free(s);
		return (NULL);
	}
	manager_on_end(s->manager, serve_on_end, s);
	return (s);
}

int
serve_listen(struct serve *s, struct listener *l)
{
	if (listener_start(l, s->loop, serve_on_accept, s) == -1)
		return (-1);
	s->listener = l;
	if (s->full)
		listener_pause(l);
	return (0);
}

int
serve_set_conf(struct serve *s, struct conf *conf)
{
	return (manager_set_conf(s->manager, conf_ref(conf)));
}

void
serve_on_ended(struct serve *s, void (*fn)(void *), void *arg)
{
	s->ended = fn;
	s->ended_arg = arg;
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
	loop_timer_stop(&s->suspend);
	loop_timer_stop(&s->deadline);
	manager_free(s->manager);
	free(s);
}

#undef SERVE_DESCRIPTORS
