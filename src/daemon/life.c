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
#include "daemon/daemon_internal.h"
#include "daemon/serve.h"
#include "daemon/timer.h"
#include "net/launch.h"

void
life_hold_signals(bool all)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
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
static bool
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
	return (-1);
}

int
life_reload(struct daemon *d, daemon_report_fn *fn, void *arg)
{
	struct life_report r = { fn, arg };
	struct conf *conf, *old = d->conf;
	char now[SPEC_TEXT_MAX], then[SPEC_TEXT_MAX], why[1024];

	if (!life_can_read_again(d->cmdline.source.file)) {
		(void)snprintf(why, sizeof(why), "%s cannot be read again, it "
		    "is not a regular file", d->cmdline.source.file);
		return (life_stays(&r, why));
	}
	conf = prepare_conf(d, life_report, &r);
	if (conf == NULL)
		return (life_stays(&r, "the new one has errors"));
	if (strcmp(spec_format(&old->spec, then, sizeof(then)),
	    spec_format(&conf->spec, now, sizeof(now))) != 0)
		log_write(LOGL_WARNING, "manager.connection_spec: %s takes "
		    "effect at the next start, until then it is %s", now,
		    then);
	if (prepare_log(d, conf) == -1)
		log_write(LOGL_ERROR, "log.path: %s: %s", conf->log_path,
		    strerror(errno));
	prepare_limits(d, conf);
	prepare(d, conf, old);
	if (serve_set_conf(d->serve, conf) == -1) {
		conf_unref(conf);
		return (life_stays(&r, strerror(errno)));
	}
	d->conf = conf;
	conf_unref(old);
	/* Before anybody asks for a command of the new one. */
	launch_ask(d->launch, NULL, LAUNCH_RELOAD, 0, 0, NULL, 0, NULL, NULL);
	if (timers_set(d->timers, conf) == -1)
		log_write(LOGL_ERROR, "the timers stay as they were: %s",
		    strerror(errno));
	log_write(LOGL_MESSAGE, "configuration reloaded");
	return (0);
}

void
life_reopen(struct daemon *d)
{
	(void)d;
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
	if (d->stopping) {
		serve_end(d->serve, "the manager ends at once");
		loop_stop(d->loop);
		return;
	}
	d->stopping = true;
	log_write(LOGL_MESSAGE, "%s: ending, %zu sessions to go", why,
	    serve_sessions(d->serve));
	listener_free(d->listener);
	d->listener = NULL;
	serve_stop(d->serve, d->conf->shutdown_timeout, life_on_done, d);
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

int
life_begin(struct daemon *d)
{
	return (loop_signal_add(d->loop, &d->term, SIGTERM, life_on_term,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->intr, SIGINT, life_on_term,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->hup, SIGHUP, life_on_hup, d) == -1 ||
	    loop_signal_add(d->loop, &d->usr1, SIGUSR1, life_on_usr1,
	    d) == -1 ? -1 : 0);
}

void
life_end(struct daemon *d)
{
	loop_signal_del(&d->term);
	loop_signal_del(&d->intr);
	loop_signal_del(&d->hup);
	loop_signal_del(&d->usr1);
}
