/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * life.c - what is done to the daemon while it runs: signals, reload, stop.
 * Owns:      the order in which a new configuration comes into force.
 * Called by: daemon.c; the loop through the signals.
 * Must not:  touch a session: serve.h has what may be done to them.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>

#include "base/log.h"
#include "config/key.h"
#include "daemon/daemon_internal.h"
#include "daemon/detach.h"
#include "daemon/notify.h"
#include "daemon/office.h"
#include "daemon/sandbox.h"
#include "daemon/serve.h"
#include "daemon/timer.h"
#include "daemon/worker.h"
#include "manager/shared.h"
#include "net/launch.h"

#define LIFE_LEAVING	1000	/* ms */

void
life_hold_signals(bool all)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGUSR2);
	if (all) {
		(void)sigaddset(&set, SIGTERM);
		(void)sigaddset(&set, SIGINT);
	}
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
}

/* --- reload -------------------------------------------------------------- */

/*
 * A pipe or terminal gives its text once, and the next open of it may wait for
 * ever; /dev/null serves those who say all on the command line.
 */
bool
life_can_read_again(const char *path)
{
	struct stat st;

	return (path == NULL || strcmp(path, "/dev/null") == 0 ||
	    stat(path, &st) == -1 || S_ISREG(st.st_mode));
}

/* To the log, and to who asked for it. */
struct life_report {
	daemon_report_fn	*fn;
	void			*arg;
};

static void
life_report(const char *line, void *arg)
{
	const struct life_report *r = arg;

	log_write(LOGL_ERROR, "%s", line);
	if (r->fn != NULL)
		r->fn(line, r->arg);
}

/* The new one cannot be put into force. */
static int
life_stays(struct life_report *r, const char *why)
{
	char line[1024];

	(void)snprintf(line, sizeof(line), "the configuration in force stays: "
	    "%s", why);
	life_report(line, r);
	notify(NOTIFY_READY);
	return (-1);
}

static bool
life_same_text(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

static bool
life_same_value(const struct key *key, const struct conf *a,
    const struct conf *b)
{
	const void *p = (const char *)a + key->offset;
	const void *q = (const char *)b + key->offset;

	switch (key->type) {
	case KEY_BOOL:
		return (*(const bool *)p == *(const bool *)q);
	case KEY_NUMBER:	/* none or some */
		return ((*(const unsigned *)p == 0) ==
		    (*(const unsigned *)q == 0));
	case KEY_WORD:
		return (memcmp(p, q, sizeof(int)) == 0);
	default:
		return (life_same_text(*(char *const *)p, *(char *const *)q));
	}
}

/* What only a start can change, by one line each that did. */
static void
life_tell_fixed(const struct conf *conf, const struct conf *old)
{
	static const char *const fixed[] = {
		"manager.daemon", "manager.event_loop_backend",
		"manager.n_workers", "security.effective_user",
		"security.effective_group", "security.chroot",
		"security.sandbox",
	};
	const struct key *key;
	size_t i;

	for (i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
		key = key_find(key_main, fixed[i]);
		if (!life_same_value(key, conf, old))
			log_write(LOGL_WARNING, "%s has changed: this takes "
			    "effect at the next start", key->name);
	}
}

/* How far a new configuration has come into force. */
struct life_change {
	struct conf		*conf;
	struct listener		*listener;	/* NULL: the old one stays */
	bool			 access, log, sessions, pid;	/* these have */
};

/* The socket: a new one, or the old one as it is to be.  0, or -1 and why. */
static int
life_socket(struct daemon *d, struct life_change *c, char *why, size_t whysize)
{
	const struct conf *old = d->conf, *conf = c->conf;
	char now[SPEC_TEXT_MAX], then[SPEC_TEXT_MAX];
	struct listen_options opt;

	if (strcmp(spec_format(&old->spec, then, sizeof(then)),
	    spec_format(&conf->spec, now, sizeof(now))) != 0) {
		c->listener = prepare_socket(d, conf, why, whysize);
		return (c->listener == NULL ? -1 : 0);
	}
	prepare_listening(d, conf, &opt);
	c->access = old->socket_mode != conf->socket_mode ||
	    !life_same_text(old->socket_group, conf->socket_group);
	return (listener_set(d->listener, &opt, c->access, why, whysize));
}

/* All that can fail, one after the other.  0, or -1 and why. */
static int
life_change(struct daemon *d, struct life_change *c, char *why, size_t whysize)
{
	pid_t other;

	if (office_prepare(d, c->conf, why, whysize) == -1)
		return (-1);
	why[0] = '\0';
	if (life_socket(d, c, why, whysize) == -1)
		return (-1);
	if (why[0] != '\0')
		log_write(LOGL_WARNING, "%s", why);
	if (prepare_log(d, c->conf) == -1) {
		(void)snprintf(why, whysize, "log.path: %s: %s",
		    c->conf->log_path, strerror(errno));
		return (-1);
	}
	c->log = true;
	c->sessions = d->serve == NULL ||
	    serve_set_conf(d->serve, c->conf) == 0;
	if (!c->sessions || timers_set(d->timers, c->conf) == -1) {
		(void)snprintf(why, whysize, "%s", strerror(errno));
		return (-1);
	}
	if (!life_same_text(c->conf->pid_file, d->conf->pid_file)) {
		if (pidfile_move(c->conf->pid_file, &other) == -1) {
			(void)snprintf(why, whysize, "manager.pid_file: %s: "
			    "%s", c->conf->pid_file, strerror(errno));
			return (-1);
		}
		c->pid = true;
	}
	/* Before anybody asks for a command of the new one. */
	launch_ask(d->launch, NULL, LAUNCH_RELOAD, 0, 0, NULL, 0, NULL, NULL);
	/* Last, because what they accepted cannot be given back. */
	if (d->workers != NULL) {
		prepare_limits(d, c->conf);
		if (workers_reload(d->workers, c->conf, c->listener) == 0)
			return (0);
		(void)snprintf(why, whysize, "manager.n_workers: none can be "
		    "made: %s", strerror(errno));
		return (-1);
	}
	if (c->listener != NULL && serve_listen(d->serve, c->listener) == -1) {
		(void)snprintf(why, whysize, "manager.connection_spec: %s",
		    errno == EBUSY ? "connections still wait at the socket "
		    "before this one" : strerror(errno));
		return (-1);
	}
	return (0);
}

/* Back again. */
static void
life_undo(struct daemon *d, struct life_change *c)
{
	struct listen_options opt;
	char why[256];
	pid_t other;

	office_commit(d, false);
	if (c->pid)
		(void)pidfile_move(d->conf->pid_file, &other);
	if (c->sessions) {
		if (d->serve != NULL)
			(void)serve_set_conf(d->serve, d->conf);
		(void)timers_set(d->timers, d->conf);
	}
	if (c->log)
		(void)prepare_log(d, d->conf);
	if (c->listener == NULL) {
		prepare_listening(d, d->conf, &opt);
		(void)listener_set(d->listener, &opt, c->access, why,
		    sizeof(why));
	}
	listener_free(c->listener);
	conf_unref(c->conf);
}

int
life_reload(struct daemon *d, daemon_report_fn *fn, void *arg)
{
	struct life_report r = { fn, arg };
	struct life_change c;
	struct conf *old = d->conf;
	char why[1200];

	if (d->stopping || d->upgrade.running)
		return (life_stays(&r, d->stopping ? "the manager is ending" :
		    "an upgrade is under way"));
	notify(NOTIFY_RELOADING);
	if (!life_can_read_again(d->cmdline.source.file)) {
		(void)snprintf(why, sizeof(why), "%s cannot be read again, it "
		    "is not a regular file", d->cmdline.source.file);
		return (life_stays(&r, why));
	}
	memset(&c, 0, sizeof(c));
	c.conf = prepare_conf(d, life_report, &r);
	if (c.conf == NULL)
		return (life_stays(&r, "the new one has errors"));
	sandbox_compare(d, c.conf);
	if (life_change(d, &c, why, sizeof(why)) == -1) {
		life_undo(d, &c);
		return (life_stays(&r, why));
	}
	d->conf = c.conf;
	if (c.listener != NULL) {
		if (d->workers != NULL)
			listener_free(d->listener);
		d->listener = c.listener;
		daemon_tell_listening(d);
	}
	office_commit(d, true);
	if (d->workers == NULL)
		prepare_limits(d, d->conf);
	prepare(d, d->conf, old);
	life_tell_fixed(d->conf, old);
	conf_unref(old);
	log_write(LOGL_MESSAGE, "configuration reloaded");
	notify(NOTIFY_READY);
	return (0);
}

void
life_reopen(struct daemon *d)
{
	if (d->workers != NULL)
		workers_reopen(d->workers);
	if (log_reopen() == -1)
		log_write(LOGL_ERROR, "the log cannot be opened again: %s",
		    strerror(errno));
}

/* --- stop ---------------------------------------------------------------- */

static void
life_on_done(void *arg)
{
	struct daemon *d = arg;

	loop_stop(d->loop);
}

void
life_stop(struct daemon *d, const char *why)
{
	upgrade_cancel(d, why);
	if (d->stopping && !d->left && d->workers != NULL) {
		workers_end(d->workers, "the manager ends at once");
		return;
	}
	if (d->stopping && !d->left) {
		serve_end(d->serve, "the manager ends at once");
		loop_stop(d->loop);
		return;
	}
	d->stopping = true;
	d->left = false;
	loop_timer_stop(&d->leaving);
	notify(NOTIFY_STOPPING);
	log_write(LOGL_MESSAGE, "%s: ending, %u sessions to go", why,
	    (unsigned)shared_running(d->shared));
	if (d->workers != NULL) {
		listener_free(d->listener);
		d->listener = NULL;
		workers_stop(d->workers, d->conf->shutdown_timeout,
		    life_on_done, d);
		return;
	}
	d->listener = NULL;
	serve_stop(d->serve, d->conf->shutdown_timeout, life_on_done, d);
}

static void
life_on_leaving(struct loop_timer *t, void *arg)
{
	(void)t;
	life_on_done(arg);
}

/* The answer to who has asked for the upgrade is still on its way. */
static void
life_on_left(void *arg)
{
	struct daemon *d = arg;

	loop_timer_start(d->loop, &d->leaving, LIFE_LEAVING, life_on_leaving,
	    d);
}

void
life_leave(struct daemon *d, pid_t pid, unsigned taken)
{
	d->stopping = d->left = true;
	log_write(LOGL_MESSAGE, "upgrade: process %ld has taken over, %u "
	    "sessions to go", (long)pid, (unsigned)shared_running(d->shared));
	pidfile_let_go();
	notify_pass(pid);
	timers_free(d->timers);
	d->timers = NULL;
	if ((taken & 1) != 0)
		listener_let_go(d->listener);
	if ((taken & 2) != 0)
		listener_let_go(office_listener(d));
	office_close(d);
	if (d->workers != NULL) {
		listener_free(d->listener);
		d->listener = NULL;
		workers_leave(d->workers, (taken & 1) != 0, life_on_left, d);
		return;
	}
	d->listener = NULL;
	serve_stop(d->serve, UINT64_MAX, life_on_left, d);
}

/* --- signals ------------------------------------------------------------- */

static void
life_on_hup(struct loop_signal *sig, void *arg)
{
	(void)sig;
	(void)life_reload(arg, NULL, NULL);
}

static void
life_on_usr1(struct loop_signal *sig, void *arg)
{
	(void)sig;
	life_reopen(arg);
}

static void
life_on_term(struct loop_signal *sig, void *arg)
{
	char why[32];

	(void)snprintf(why, sizeof(why), "signal %d", sig->signo);
	life_stop(arg, why);
}

static void
life_on_usr2(struct loop_signal *sig, void *arg)
{
	(void)sig;
	upgrade_begin(arg, NULL, NULL);
}

int
life_begin(struct daemon *d)
{
	return (loop_signal_add(d->loop, &d->term, SIGTERM, life_on_term,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->intr, SIGINT, life_on_term,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->hup, SIGHUP, life_on_hup, d) == -1 ||
	    loop_signal_add(d->loop, &d->usr1, SIGUSR1, life_on_usr1,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->usr2, SIGUSR2, life_on_usr2,
	    d) == -1 ? -1 : 0);
}

void
life_end(struct daemon *d)
{
	loop_signal_del(&d->term);
	loop_signal_del(&d->intr);
	loop_signal_del(&d->hup);
	loop_signal_del(&d->usr1);
	loop_signal_del(&d->usr2);
	loop_timer_stop(&d->leaving);
}

#undef LIFE_LEAVING
