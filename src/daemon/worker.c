/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * worker.c - a process that has sessions, and nothing else to do.
 * Owns:      the life of that process, from the fork to its exit.
 * Called by: workers.c, in the forked process.
 * Must not:  touch what it has from the daemon: the loop and all that is in it.
 */
#include "compat.h"

#include <errno.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/channel.h"
#include "daemon/daemon_internal.h"
#include "daemon/detach.h"
#include "daemon/notify.h"
#include "daemon/office.h"
#include "daemon/sandbox.h"
#include "daemon/serve.h"
#include "daemon/worker_internal.h"
#include "manager/manager.h"
#include "net/launch.h"
#include "net/stream.h"

#define WORKER_SIGNALS	5

/* There is one, as long as the process lives. */
struct worker_self {
	struct loop		*loop;
	struct serve		*serve;
	struct listener		*listener;	/* NULL: accepts no more */
	const struct conf	*conf;
	struct launch		*launch;
	bool			 ending;
	struct channel		 channel;
	struct loop_signal	 signal[WORKER_SIGNALS];
};

static void
worker_on_done(void *arg)
{
	struct worker_self *w = arg;

	loop_stop(w->loop);
}

/* Called again: with another time. */
static void
worker_stop(struct worker_self *w, uint64_t timeout_ms, const char *why)
{
	if (!w->ending)
		log_write(LOGL_INFO, "worker %ld: %s: accepts no more, %zu "
		    "sessions to go", (long)getpid(), why,
		    serve_sessions(w->serve));
	w->ending = true;
	w->listener = NULL;		/* the next call frees it */
	serve_stop(w->serve, timeout_ms, worker_on_done, w);
}

/* The daemon tells what is to be done; a signal to a group of processes may
 * come here, too. */
static void
worker_on_signal(struct loop_signal *sig, void *arg)
{
	struct worker_self *w = arg;

	if (sig->signo == SIGTERM)
		worker_stop(w, w->conf->shutdown_timeout, "signal");
}

/* As many of them as fit in an answer. */
static void
worker_list(struct worker_self *w, size_t max)
{
	struct buf b;
	int r;

	memset(&b, 0, sizeof(b));
	do {
		buf_clear(&b);
		r = manager_list(serve_manager(w->serve), &b, max);
		max /= 2;
	} while (r == 0 && b.len > CHANNEL_LIST_MAX);
	if (r == -1)
		(void)channel_send_text(&w->channel, CHANNEL_SESSIONS, "[]", 2);
	else
		(void)channel_send_text(&w->channel, CHANNEL_SESSIONS,
		    (const char *)buf_ptr(&b), b.len);
	buf_free(&b);
}

static void
worker_on_message(struct channel *c, const struct channel_message *m,
    void *arg)
{
	struct worker_self *w = arg;
	char why[CHANNEL_TEXT_MAX * 4 + 1];

	(void)c;
	switch (m->kind) {
	case CHANNEL_LEAVE:
		serve_leave(w->serve);
		listener_free(w->listener);
		w->listener = NULL;
		worker_stop(w, UINT64_MAX, "another one follows");
		break;
	case CHANNEL_STOP:
		worker_stop(w, m->number == CHANNEL_NEVER ? UINT64_MAX :
		    m->number, "told to end");
		break;
	case CHANNEL_END:
		serve_end(w->serve, log_escape(why, sizeof(why), m->text,
		    m->len));
		loop_stop(w->loop);
		break;
	case CHANNEL_REOPEN:
		if (log_reopen() == -1)
			log_write(LOGL_ERROR, "the log cannot be opened again: "
			    "%s", strerror(errno));
		break;
	case CHANNEL_LEVELS:
		log_set_levels(m->number);
		break;
	case CHANNEL_LIST:
		worker_list(w, m->number);
		break;
	default:
		break;
	}
}

static void
worker_on_lost(struct channel *c, void *arg)
{
	(void)c;
	log_write(LOGL_WARNING, "worker %ld: the daemon is gone",
	    (long)getpid());
	worker_stop(arg, UINT64_MAX, "alone");
}

static int
worker_begin(struct worker_self *w, const struct worker_start *start)
{
	static const int signals[WORKER_SIGNALS] = { SIGTERM, SIGINT, SIGHUP,
	    SIGUSR1, SIGUSR2 };
	size_t i;

	sandbox_enter(w->conf, SANDBOX_WORKER);
	w->loop = loop_new(w->conf->event_loop_backend);
	if (w->loop == NULL)
		return (-1);
	w->channel.got = worker_on_message;
	w->channel.lost = worker_on_lost;
	w->channel.arg = w;
	if (start->launcher != -1)
		w->launch = launch_new(w->loop, start->launcher);
	w->serve = serve_new(w->loop, start->conf, w->launch,
	    start->daemon->shared, start->slot, start->stats);
	if (w->serve == NULL ||
	    serve_listen(w->serve, w->listener) == -1 ||
	    channel_open(&w->channel, w->loop, start->channel) == -1)
		return (-1);
	for (i = 0; i < WORKER_SIGNALS; i++)
		if (loop_signal_add(w->loop, &w->signal[i], signals[i],
		    worker_on_signal, w) == -1)
			return (-1);
	(void)sigprocmask(SIG_SETMASK, &start->mask, NULL);
	return (channel_send(&w->channel, CHANNEL_READY, 0));
}

void
worker_main(const struct worker_start *start)
{
	struct worker_self w;
	size_t i;
	int status = EX_OK;

	memset(&w, 0, sizeof(w));
	compat_process_title("milter-worker");
	notify_end();
	loop_leave(start->daemon->loop);
	office_forked(start->daemon);
	/* What the daemon has until all is well; -d logs there. */
	if (start->daemon->background)
		(void)dup2(STDOUT_FILENO, STDERR_FILENO);
	detach_forget();
	w.conf = start->conf;
	w.listener = start->listener;
	listener_let_go(w.listener);
	if (worker_begin(&w, start) == -1 || loop_run(w.loop) == -1) {
		log_write(LOGL_CRITICAL, "worker %ld: %s", (long)getpid(),
		    strerror(errno));
		status = EX_OSERR;
	}
	if (w.loop != NULL) {
		serve_free(w.serve);
		listener_free(w.listener);
		channel_close(&w.channel);
		launch_free(w.launch);
		for (i = 0; i < WORKER_SIGNALS; i++)
			loop_signal_del(&w.signal[i]);
		linger_end_all(w.loop);
		loop_free(w.loop);
	}
	sandbox_end();
	log_close();
	exit(status);
}

#undef WORKER_SIGNALS
