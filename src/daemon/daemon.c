/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * daemon.c - the start of the daemon, and its end.
 * Owns:      the order of the start.
 * Called by: main.c.
 * Must not:  know the milter protocol.
 *
 *	command line, configuration	(errors: EX_USAGE, EX_CONFIG)
 *	-n, --show-config		(end here)
 *	the user it is to become	(errors: EX_NOUSER, EX_NOPERM)
 *	log				(errors: EX_CANTCREAT)
 *	service manager, background	(errors: EX_OSERR)
 *	launcher, limit of descriptors	(errors: EX_OSERR)
 *	process number, locked		(errors: EX_TEMPFAIL, EX_CANTCREAT)
 *	folders, sockets		(errors: EX_UNAVAILABLE)
 *	groups, root, group, user	(errors: EX_NOPERM, EX_OSERR)
 *	paths, loop, sessions		(errors: EX_OSERR)
 *	process number, written; the process that was called ends
 *	sandbox
 *	sessions			until TERM or INT
 */
#include "compat.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "config/chain.h"
#include "daemon/daemon.h"
#include "daemon/daemon_internal.h"
#include "daemon/detach.h"
#include "daemon/launcher.h"
#include "daemon/notify.h"
#include "daemon/office.h"
#include "daemon/sandbox.h"
#include "daemon/serve.h"
#include "daemon/timer.h"
#include "daemon/worker.h"
#include "detect/detect.h"
#include "manager/shared.h"
#include "net/stream.h"

static void
daemon_report(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
	upgrade_tell(line);
}

void
daemon_tell(const struct daemon *d, unsigned level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_write(level, "%s", line);
	if (level == LOGL_ERROR)
		upgrade_tell(line);
	if (d->starting && (!d->cmdline.debug || !log_wants(level)))
		(void)fprintf(stderr, "milter-manager: %s\n", line);
}

static int
daemon_pid_file(const struct daemon *d)
{
	const char *path = d->conf->pid_file;
	pid_t other;

	if (path == NULL || pidfile_open(path, !upgrade_is(), &other) == 0)
		return (EX_OK);
	if (other > 0) {
		daemon_tell(d, LOGL_ERROR, "manager.pid_file: %s: process %ld "
		    "runs already", path, (long)other);
		return (EX_TEMPFAIL);
	}
	daemon_tell(d, LOGL_ERROR, "manager.pid_file: %s: %s", path,
	    errno == ELOOP || errno == EINVAL ? "this is no regular file with "
	    "one name; it is left alone" : strerror(errno));
	return (EX_CANTCREAT);
}

void
daemon_tell_listening(const struct daemon *d)
{
	char text[SPEC_TEXT_MAX];
	struct spec spec = d->conf->spec;

	if (spec.family != AF_UNIX)
		spec.port = (uint16_t)listener_port(d->listener);
	log_write(LOGL_MESSAGE, "listening on %s (%s)",
	    spec_format(&spec, text, sizeof(text)), loop_backend(d->loop));
}

/* A memory disk may have lost it; where it cannot be, its user will tell. */
static void
daemon_folder(const struct daemon *d, const char *path)
{
	int made = path == NULL ? 0 : privilege_folder(&d->privilege, path);

	if (made == 1)
		log_write(LOGL_MESSAGE, "the folder of %s is made", path);
}

/* What root alone may do, if it is root; after it the user is the other. */
static int
daemon_take(struct daemon *d)
{
	char why[256];
	int status;

	/* It has no socket, all rights, and the limits that we were given. */
	if (launcher_fork(d) == -1) {
		daemon_tell(d, LOGL_ERROR, "launcher: %s", strerror(errno));
		return (EX_OSERR);
	}
	prepare_limits(d, d->conf);
	daemon_folder(d, d->conf->pid_file);
	status = daemon_pid_file(d);
	if (status != EX_OK)
		return (status);
	daemon_folder(d, d->conf->spec.path);
	d->listener = prepare_listener(d, d->conf);
	if (d->listener == NULL)
		return (EX_UNAVAILABLE);
	if (d->conf->control_spec_text != NULL)
		daemon_folder(d, d->conf->control_spec.path);
	if (office_open(d) == -1)
		return (EX_UNAVAILABLE);
	upgrade_close_others(d);
	status = privilege_drop(&d->privilege, why, sizeof(why));
	if (status != EX_OK)
		daemon_tell(d, LOGL_ERROR, "%s", why);
	else
		sandbox_enter(d->conf, d->conf->n_workers > 0 ?
		    SANDBOX_MASTER : SANDBOX_DAEMON);
	return (status);
}

/* The sessions are this process's.  0, or -1 and errno. */
static int
daemon_serve(struct daemon *d)
{
	d->serve = serve_new(d->loop, d->conf, d->launch, d->shared,
	    shared_slot_get(d->shared), NULL);
	return (d->serve == NULL ? -1 : 0);
}

/* What can only be made in the process that stays. */
static int
daemon_assemble(struct daemon *d)
{
	d->loop = loop_new(d->conf->event_loop_backend);
	if (d->loop == NULL) {
		daemon_tell(d, LOGL_ERROR, "manager.event_loop_backend: %s: "
		    "%s", d->conf->event_loop_backend, strerror(errno));
		return (EX_OSERR);
	}
	d->shared = shared_new();
	if (d->shared == NULL || launcher_begin(d) == -1 ||
	    (d->timers = timers_new(d->loop, d->launch, d->conf,
	    d->shared)) == NULL || life_begin(d) == -1 ||
	    (d->conf->n_workers == 0 && daemon_serve(d) == -1)) {
		daemon_tell(d, LOGL_ERROR, "start: %s", strerror(errno));
		return (EX_OSERR);
	}
	return (EX_OK);
}

static void
daemon_disassemble(struct daemon *d)
{
	listener_free(d->listener);
	d->listener = NULL;
	office_end(d);
	if (d->loop == NULL) {
		launcher_end(d);
		return;
	}
	life_hold_signals(true);
	notify_end();
	serve_free(d->serve);
	timers_free(d->timers);
	workers_free(d->workers);
	life_end(d);
	linger_end_all(d->loop);
	launcher_end(d);
	loop_free(d->loop);
	shared_free(d->shared);
}

/* Serves from now on. */
static int
daemon_go(struct daemon *d)
{
	bool serves = d->serve != NULL;

	if (!serves)
		d->workers = workers_new(d);
	if ((serves ? serve_listen(d->serve, d->listener) == -1 :
	    d->workers == NULL) || office_begin(d) == -1) {
		daemon_tell(d, LOGL_ERROR, "start: %s", strerror(errno));
		return (EX_OSERR);
	}
	if (pidfile_write() == -1) {
		daemon_tell(d, LOGL_ERROR, "manager.pid_file: %s: %s",
		    d->conf->pid_file, strerror(errno));
		/* After an upgrade nobody else is left to serve. */
		if (!d->upgraded)
			return (EX_CANTCREAT);
	}
	daemon_tell_listening(d);
	if (geteuid() == 0)
		log_write(LOGL_WARNING, "it runs as root, and only needs the "
		    "right to reach its children: security.effective_user");
	d->starting = false;
	notify(NOTIFY_READY);
	notify_watch(d->loop);
	detach_ready();
	return (EX_OK);
}

/* The one before us has let go. */
static void
daemon_take_over(struct daemon *d)
{
	d->upgraded = true;
	d->status = daemon_go(d);
	if (d->status != EX_OK)
		loop_stop(d->loop);
}

static int
daemon_run(struct daemon *d)
{
	int status;

	status = daemon_take(d);
	if (status != EX_OK)
		return (status);
	prepare_again(d);
	prepare(d, d->conf, NULL);
	status = daemon_assemble(d);
	if (status != EX_OK)
		return (status);
	status = upgrade_is() ? upgrade_ready(d, daemon_take_over) :
	    daemon_go(d);
	if (status != EX_OK)
		return (status);
	if (loop_run(d->loop) == -1) {
		log_write(LOGL_CRITICAL, "the event loop has failed: %s",
		    strerror(errno));
		d->status = EX_OSERR;
	}
	log_write(LOGL_MESSAGE, "ended");
	return (d->status);
}

/* Owns d->conf as long as it runs. */
static int
daemon_start(struct daemon *d)
{
	char why[256];
	int status;

	(void)signal(SIGPIPE, SIG_IGN);
	life_hold_signals(false);
	d->background = d->conf->daemon && !d->cmdline.debug;
	/* A pipe that the caller reads to its end would never end. */
	if (d->background)
		closefrom(d->inherited);
	status = privilege_find(&d->privilege, d->conf, false, why,
	    sizeof(why));
	if (status != EX_OK) {
		(void)fprintf(stderr, "milter-manager: %s\n", why);
		return (status);
	}
	if (prepare_log(d, d->conf) == -1) {
		(void)fprintf(stderr, "milter-manager: log.path: %s: %s\n",
		    d->conf->log_path, strerror(errno));
		return (EX_CANTCREAT);
	}
	d->starting = true;
	if (notify_begin() == -1)
		daemon_tell(d, LOGL_WARNING, "NOTIFY_SOCKET: %s",
		    strerror(errno));
	if (d->background && detach() == -1) {
		daemon_tell(d, LOGL_ERROR, "background: %s", strerror(errno));
		return (EX_OSERR);
	}
	status = daemon_run(d);
	daemon_disassemble(d);
	pidfile_remove();
	sandbox_end();
	return (status);
}

static void
daemon_warn_notes(const struct conf *conf)
{
	size_t i;

	for (i = 0; i < conf->n_notes; i++)
		if (conf->notes[i].fault)
			daemon_report(conf->notes[i].text, NULL);
}

/* -n and --show-config. */
static int
daemon_show(struct daemon *d)
{
	char why[256];
	int status;

	if (d->cmdline.show_config) {
		conf_show(d->conf, stdout);
		sandbox_show(d->conf, stdout);
	} else {
		daemon_warn_notes(d->conf);
		chain_check(d->conf, daemon_report, NULL);
		status = privilege_find(&d->privilege, d->conf, true, why,
		    sizeof(why));
		if (status != EX_OK) {
			(void)fprintf(stderr, "milter-manager: %s\n", why);
			return (status);
		}
		(void)fputs("milter-manager: the configuration is good\n",
		    stderr);
	}
	return (fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR);
}

int
daemon_main(int argc, char **argv)
{
	static struct daemon d;
	int status;

	/* Else a socket or the log gets a number that others write to. */
	if (detach_stdio() == -1)
		return (EX_OSERR);
	upgrade_remember(argv);
	d.inherited = upgrade_inherit();
	status = cmdline_parse(&d.cmdline, argc, argv);
	if (status != -1) {
		cmdline_free(&d.cmdline);
		return (status);
	}
	d.cmdline.source.detect = detect_load;
	d.cmdline.source.known = detect_known;
	d.conf = prepare_conf(&d, daemon_report, NULL);
	if (d.conf == NULL)
		status = EX_CONFIG;
	else {
		status = d.cmdline.show_config || d.cmdline.check ?
		    daemon_show(&d) : daemon_start(&d);
		conf_unref(d.conf);
	}
	upgrade_forget();
	log_close();
	cmdline_free(&d.cmdline);
	return (status);
}
