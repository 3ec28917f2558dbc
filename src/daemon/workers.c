/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * workers.c - the daemon's table of the processes that have the sessions.
 * Owns:      how many there are, when one follows another, what those have
 *            counted that are gone.
 * Called by: daemon.c, life.c, office.c; the loop when one speaks or dies.
 * Must not:  touch a session, or wait for a worker.
 */
#include "compat.h"

#include <sys/wait.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/channel.h"
#include "daemon/daemon_internal.h"
#include "daemon/worker.h"
#include "daemon/worker_internal.h"
#include "manager/shared.h"
#include "net/launch.h"

#define WORKERS_LIVED	10000u	/* ms; who dies earlier died at once */
#define WORKERS_PAUSE	100u	/* ms, then twice as long each time */
#define WORKERS_PAUSE_MAX 30000u
#define WORKERS_LATE	5000u	/* ms, for one that should be gone */
#define WORKERS_ANSWER	1000u	/* ms, for a list of sessions */
#define WORKERS_LIST_MAX (4u * CHANNEL_LIST_MAX)

struct worker {
	struct worker	*next;
	struct workers	*all;
	struct loop_child child;
	struct loop_timer late;		/* it is killed then */
	struct channel	 channel;
	struct conf	*conf;		/* a reference */
	struct stats	*stats;
	const struct listener *listener;	/* compared only */
	uint64_t	 since;
	unsigned	 slot;
	unsigned	 round;		/* of reloads */
	bool		 ready;
	bool		 ending;	/* told to */
	bool		 asked;		/* for its sessions */
};

/* Who wants the sessions. */
struct workers_ask {
	struct workers_ask *next;
	void		(*fn)(const char *, size_t, void *);
	void		*arg;
};

struct workers {
	struct daemon	*daemon;
	struct worker	*first;
	size_t		 wanted;
	unsigned	 round;
	struct conf	*conf;		/* a reference; what new ones get */
	struct listener	*listener;
	struct stats	*flags;		/* of it, which children are off */
	struct loop_timer again;
	uint64_t	 pause;
	bool		 stopping;
	void		(*done)(void *);
	void		*done_arg;
	struct stats_view gone;
	struct workers_ask *asks;	/* for the list that is being made */
	struct buf	 list;
	struct loop_timer answer;
};

static void workers_check_list(struct workers *);
static void workers_on_again(struct loop_timer *, void *);

/* Those that have the configuration in force and are not to end. */
static size_t
workers_current(const struct workers *all, size_t *ready)
{
	const struct worker *w;
	size_t n = 0;

	*ready = 0;
	for (w = all->first; w != NULL; w = w->next)
		if (!w->ending && w->round == all->round) {
			n++;
			*ready += w->ready;
		}
	return (n);
}

/* Tells one to end. */
static void
workers_on_late(struct loop_timer *t, void *arg)
{
	struct worker *w = arg;

	(void)t;
	log_write(LOGL_ERROR, "worker %ld does not end: it is killed",
	    (long)w->child.pid);
	(void)kill(w->child.pid, SIGKILL);
}

static void
workers_tell_stop(struct worker *w, uint64_t timeout_ms)
{
	struct loop *loop = w->all->daemon->loop;

	w->ending = true;
	(void)channel_send(&w->channel, CHANNEL_STOP, timeout_ms >=
	    CHANNEL_NEVER ? CHANNEL_NEVER : (uint32_t)timeout_ms);
	if (timeout_ms < CHANNEL_NEVER)
		loop_timer_start(loop, &w->late, timeout_ms + WORKERS_LATE,
		    workers_on_late, w);
}

/* --- messages ------------------------------------------------------------ */

/* All new ones accept: the old ones need not. */
static void
workers_on_ready(struct worker *ready)
{
	struct workers *all = ready->all;
	struct worker *w;
	size_t n, accepting, old = 0;

	ready->ready = true;
	n = workers_current(all, &accepting);
	if (all->stopping || accepting < n)
		return;
	for (w = all->first; w != NULL; w = w->next)
		if (w->round != all->round && !w->ending) {
			/* Whoever waits at a socket that goes is served. */
			if (w->listener != all->listener)
				workers_tell_stop(w, UINT64_MAX);
			else if (channel_send(&w->channel, CHANNEL_LEAVE,
			    0) == 0)
				w->ending = true;
			old++;
		}
	log_write(LOGL_INFO, "%zu workers accept%s", n, old > 0 ? ", those "
	    "before them end with their last session" : "");
}

static void
workers_on_sessions(struct worker *w, const struct channel_message *m)
{
	struct buf *list = &w->all->list;

	if (!w->asked)
		return;
	w->asked = false;
	/* Its brackets are left out. */
	if (m->len > 2 && m->text[0] == '[' && m->text[m->len - 1] == ']' &&
	    list->len + m->len < WORKERS_LIST_MAX) {
		size_t len = list->len;

		if ((len > 1 && buf_add(list, ",", 1) == -1) ||
		    buf_add(list, m->text + 1, m->len - 2) == -1)
			list->len = len;
	}
	workers_check_list(w->all);
}

static void
workers_on_message(struct channel *c, const struct channel_message *m,
    void *arg)
{
	(void)c;
	if (m->kind == CHANNEL_READY)
		workers_on_ready(arg);
	else if (m->kind == CHANNEL_SESSIONS)
		workers_on_sessions(arg, m);
}

/* It ends, or has lost its mind. */
static void
workers_on_lost(struct channel *c, void *arg)
{
	struct worker *w = arg;

	(void)c;
	w->asked = false;
	loop_timer_start(w->all->daemon->loop, &w->late, WORKERS_LATE,
	    workers_on_late, w);
	workers_check_list(w->all);
}

/* --- births and deaths --------------------------------------------------- */

/* Takes it out; what it has counted stays. */
static void
workers_forget(struct worker *w)
{
	struct workers *all = w->all;
	struct worker **p;

	for (p = &all->first; *p != NULL; p = &(*p)->next)
		if (*p == w) {
			*p = w->next;
			break;
		}
	loop_child_del(&w->child);
	loop_timer_stop(&w->late);
	channel_close(&w->channel);
	if (w->stats != NULL)
		(void)stats_view_add(&all->gone, w->stats, w->conf, true);
	stats_free(w->stats);
	if (w->slot < SHARED_SLOTS)
		shared_slot_put(all->daemon->shared, w->slot);
	conf_unref(w->conf);
	free(w);
}

/* How long to wait before the next one; young deaths make it longer. */
static void
workers_fork_later(struct workers *all, bool young)
{
	if (!young)
		all->pause = 0;
	else if (all->pause == 0)
		all->pause = WORKERS_PAUSE;
	else if (!loop_timer_running(&all->again))
		all->pause = all->pause < WORKERS_PAUSE_MAX / 2 ?
		    all->pause * 2 : WORKERS_PAUSE_MAX;
	if (!loop_timer_running(&all->again))
		loop_timer_start(all->daemon->loop, &all->again, all->pause,
		    workers_on_again, all);
}

static void
workers_on_end(struct loop_child *child, int status, void *arg)
{
	struct worker *w = arg;
	struct workers *all = w->all;
	const struct shared *shared = all->daemon->shared;
	uint64_t lived = loop_now(all->daemon->loop) - w->since;
	bool ending = w->ending, old = w->round != all->round;
	char how[64], next[64] = "";

	(void)child;
	if (status != -1 && WIFSIGNALED(status))
		(void)snprintf(how, sizeof(how), "signal %d", WTERMSIG(status));
	else
		(void)snprintf(how, sizeof(how), "exit status %d",
		    status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) :
		    -1);
	if (!ending && !old) {
		workers_fork_later(all, lived < WORKERS_LIVED);
		(void)snprintf(next, sizeof(next), "; the next one in %llu ms",
		    (unsigned long long)all->pause);
	}
	log_write(ending ? LOGL_INFO : LOGL_ERROR, "worker %ld has ended "
	    "(%s) after %u sessions, %u were cut%s", (long)w->child.pid, how,
	    (unsigned)shared_slot_finished(shared, w->slot),
	    (unsigned)shared_slot_running(shared, w->slot), next);
	workers_forget(w);
	workers_check_list(all);
	if (all->stopping && all->first == NULL)
		all->done(all->done_arg);
}

/* One more, for the configuration in force.  0, or -1 and errno. */
static int
workers_fork(struct workers *all)
{
	struct daemon *d = all->daemon;
	struct worker *w = calloc(1, sizeof(*w));
	struct worker_start start;
	sigset_t set;
	pid_t pid;
	int fd[2], saved;

	if (w == NULL)
		return (-1);
	w->all = all;
	w->round = all->round;
	w->since = loop_now(d->loop);
	w->conf = conf_ref(all->conf);
	w->listener = all->listener;
	w->channel.got = workers_on_message;
	w->channel.lost = workers_on_lost;
	w->channel.arg = w;
	w->slot = shared_slot_get(d->shared);
	w->stats = stats_new(w->conf);
	errno = w->slot == SHARED_SLOTS ? EAGAIN : errno;
	if (w->slot == SHARED_SLOTS || w->stats == NULL ||
	    channel_pair(fd) == -1)
		goto fail;
	stats_inherit(w->stats, w->conf, all->flags, all->conf);
	/* In the loop it is closed in the forked process with all others. */
	if (channel_open(&w->channel, d->loop, fd[0]) == -1) {
		saved = errno;
		(void)close(fd[0]);
		(void)close(fd[1]);
		errno = saved;
		goto fail;
	}
	memset(&start, 0, sizeof(start));
	start.daemon = d;
	start.conf = w->conf;
	start.listener = all->listener;
	start.stats = w->stats;
	start.slot = w->slot;
	start.channel = fd[1];
	start.launch = launch_asker(d->launch);
	(void)fflush(NULL);
	(void)sigfillset(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &start.mask);
	pid = fork();
	if (pid == 0)
		worker_main(&start);
	saved = errno;
	(void)sigprocmask(SIG_SETMASK, &start.mask, NULL);
	(void)close(fd[1]);
	if (start.launch != -1)
		(void)close(start.launch);
	errno = saved;
	if (pid == -1)
		goto fail;
	if (loop_child_add(d->loop, &w->child, pid, workers_on_end, w) == -1) {
		saved = errno;
		(void)kill(pid, SIGKILL);
		while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
			continue;
		errno = saved;
		goto fail;
	}
	w->next = all->first;
	all->first = w;
	return (0);
fail:
	saved = errno;
	workers_forget(w);
	errno = saved;
	return (-1);
}

/* As many as are wanted.  0, or -1 and errno when it was not one. */
static int
workers_fork_all(struct workers *all)
{
	size_t ready, n = workers_current(all, &ready);
	bool one = false;

	for (; n < all->wanted; n++) {
		if (workers_fork(all) == 0) {
			one = true;
			continue;
		}
		if (!one)
			return (-1);
		log_write(LOGL_ERROR, "worker: %s; %zu of %zu are there",
		    strerror(errno), n, all->wanted);
		workers_fork_later(all, true);
		break;
	}
	return (0);
}

static void
workers_on_again(struct loop_timer *t, void *arg)
{
	struct workers *all = arg;

	(void)t;
	if (workers_fork_all(all) == -1) {
		log_write(LOGL_ERROR, "worker: %s", strerror(errno));
		workers_fork_later(all, true);
	}
}

/* --- what the daemon wants ----------------------------------------------- */

struct workers *
workers_new(struct daemon *d)
{
	struct workers *all = calloc(1, sizeof(*all));
	int saved;

	if (all == NULL)
		return (NULL);
	all->daemon = d;
	all->wanted = d->conf->n_workers;
	all->conf = conf_ref(d->conf);
	all->listener = d->listener;
	all->flags = stats_new(d->conf);
	if (all->flags == NULL || workers_fork_all(all) == -1) {
		saved = errno;
		workers_free(all);
		errno = saved;
		return (NULL);
	}
	return (all);
}

int
workers_reload(struct workers *all, struct conf *conf,
    struct listener *listener)
{
	struct workers old = *all;
	struct stats *flags = stats_new(conf);
	int saved;

	if (flags == NULL)
		return (-1);
	/* A child stays off under its name. */
	stats_inherit(flags, conf, all->flags, all->conf);
	all->conf = conf;
	all->flags = flags;
	if (listener != NULL)
		all->listener = listener;
	if (conf->n_workers > 0)
		all->wanted = conf->n_workers;
	all->round++;
	if (workers_fork_all(all) == -1) {
		saved = errno;
		stats_free(flags);
		all->conf = old.conf;
		all->flags = old.flags;
		all->listener = old.listener;
		all->wanted = old.wanted;
		all->round = old.round;
		errno = saved;
		return (-1);
	}
	(void)conf_ref(conf);
	conf_unref(old.conf);
	stats_free(old.flags);
	return (0);
}

void
workers_stop(struct workers *all, uint64_t timeout_ms, void (*done)(void *),
    void *arg)
{
	struct worker *w;

	all->stopping = true;
	all->done = done;
	all->done_arg = arg;
	loop_timer_stop(&all->again);
	for (w = all->first; w != NULL; w = w->next)
		workers_tell_stop(w, timeout_ms);
	if (all->first == NULL)
		done(arg);
}

void
workers_end(struct workers *all, const char *why)
{
	struct worker *w;

	for (w = all->first; w != NULL; w = w->next) {
		(void)channel_send_text(&w->channel, CHANNEL_END, why,
		    strlen(why));
		loop_timer_start(all->daemon->loop, &w->late, WORKERS_LATE,
		    workers_on_late, w);
	}
}

void
workers_free(struct workers *all)
{
	struct workers_ask *ask;

	if (all == NULL)
		return;
	/* They end when they find their channels closed. */
	while (all->first != NULL)
		workers_forget(all->first);
	while ((ask = all->asks) != NULL) {
		all->asks = ask->next;
		free(ask);
	}
	loop_timer_stop(&all->again);
	loop_timer_stop(&all->answer);
	buf_free(&all->list);
	stats_view_free(&all->gone);
	stats_free(all->flags);
	conf_unref(all->conf);
	free(all);
}

void
workers_reopen(struct workers *all)
{
	struct worker *w;

	for (w = all->first; w != NULL; w = w->next)
		(void)channel_send(&w->channel, CHANNEL_REOPEN, 0);
}

void
workers_levels(struct workers *all, unsigned levels)
{
	struct worker *w;

	for (w = all->first; w != NULL; w = w->next)
		(void)channel_send(&w->channel, CHANNEL_LEVELS, levels);
}

void
workers_child(struct workers *all, size_t index, bool on)
{
	struct worker *w;

	stats_child(all->flags, index)->disabled = !on;
	for (w = all->first; w != NULL; w = w->next)
		if (w->conf == all->conf)
			stats_child(w->stats, index)->disabled = !on;
}

size_t
workers_count(const struct workers *all, size_t *ending)
{
	const struct worker *w;
	size_t n = 0;

	*ending = 0;
	for (w = all->first; w != NULL; w = w->next)
		if (w->ending)
			++*ending;
		else
			n++;
	return (n);
}

int
workers_view(const struct workers *all, struct stats_view *view)
{
	const struct worker *w;

	if (stats_view_add_view(view, &all->gone) == -1)
		return (-1);
	for (w = all->first; w != NULL; w = w->next)
		if (stats_view_add(view, w->stats, w->conf, false) == -1)
			return (-1);
	return (0);
}

/* --- the list of sessions ------------------------------------------------ */

static void
workers_list_done(struct workers *all)
{
	struct workers_ask *ask;
	struct worker *w;
	struct buf list = all->list;

	memset(&all->list, 0, sizeof(all->list));
	loop_timer_stop(&all->answer);
	/* An answer that comes later is to a question of the past. */
	for (w = all->first; w != NULL; w = w->next)
		w->asked = false;
	if (buf_add(&list, "]", 1) == -1)
		buf_clear(&list);
	while ((ask = all->asks) != NULL) {
		all->asks = ask->next;
		if (list.len > 0)
			ask->fn((const char *)buf_ptr(&list), list.len,
			    ask->arg);
		else
			ask->fn("[]", 2, ask->arg);
		free(ask);
	}
	buf_free(&list);
}

/* Whether all have answered. */
static void
workers_check_list(struct workers *all)
{
	const struct worker *w;

	if (all->asks == NULL)
		return;
	for (w = all->first; w != NULL; w = w->next)
		if (w->asked)
			return;
	workers_list_done(all);
}

static void
workers_on_answer(struct loop_timer *t, void *arg)
{
	(void)t;
	workers_list_done(arg);
}

void
workers_sessions(struct workers *all, size_t max,
    void (*fn)(const char *, size_t, void *), void *arg)
{
	const struct shared *shared = all->daemon->shared;
	struct workers_ask *ask = malloc(sizeof(*ask)), **p;
	struct worker *w;
	bool asking = all->asks != NULL;

	if (ask == NULL || (!asking && buf_add(&all->list, "[", 1) == -1)) {
		free(ask);
		fn("[]", 2, arg);
		return;
	}
	ask->next = NULL;
	ask->fn = fn;
	ask->arg = arg;
	for (p = &all->asks; *p != NULL; p = &(*p)->next)
		continue;
	*p = ask;
	if (asking)
		return;		/* the answer is on its way */
	for (w = all->first; w != NULL && max > 0; w = w->next) {
		size_t n = shared_slot_running(shared, w->slot);

		n = n < max ? n : max;
		if (n == 0 || channel_send(&w->channel, CHANNEL_LIST,
		    (uint32_t)n) == -1)
			continue;
		w->asked = true;
		max -= n;
	}
	/* Not from within this call. */
	for (w = all->first; w != NULL && !w->asked; w = w->next)
		continue;
	loop_timer_start(all->daemon->loop, &all->answer, w == NULL ? 0 :
	    WORKERS_ANSWER, workers_on_answer, all);
}

void
workers_cancel(struct workers *all, void *arg)
{
	struct workers_ask **p, *ask;

	for (p = &all->asks; (ask = *p) != NULL; )
		if (ask->arg == arg) {
			*p = ask->next;
			free(ask);
		} else
			p = &ask->next;
	if (all->asks == NULL && all->list.len > 0)
		workers_list_done(all);
}

#undef WORKERS_LIVED
#undef WORKERS_PAUSE
#undef WORKERS_PAUSE_MAX
#undef WORKERS_LATE
#undef WORKERS_ANSWER
#undef WORKERS_LIST_MAX
