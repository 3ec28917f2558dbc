/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * daemon.c - the life of the daemon: start, run, reload, stop.
 * Owns:      the order of the start, the signals, the listening socket, what is
 *            asked of the system and of paths.
 * Called by: main.c.
 * Must not:  know the milter protocol.
 *
 *	command line, configuration	(errors: EX_USAGE, EX_CONFIG)
 *	-n, --show-config		(end here)
 *	log, descriptors, listen	(errors: EX_CANTCREAT, EX_UNAVAILABLE)
 *	background, loop		(errors: EX_OSERR)
 *	process number			(errors: EX_TEMPFAIL, EX_CANTCREAT)
 *	sessions			until TERM or INT
 */
#include "compat.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "config/chain.h"
#include "config/conf.h"
#include "daemon/cmdline.h"
#include "daemon/daemon.h"
#include "daemon/detach.h"
#include "detect/detect.h"
#include "event/loop.h"
#include "manager/manager.h"
#include "net/listen.h"
#include "net/stream.h"

/* Descriptors of our own: log, syslog, listener, loop, look-ups, last words. */
#define DAEMON_DESCRIPTORS	24u

struct daemon {
	struct cmdline		 cmdline;
	struct loop		*loop;
	struct listener		*listener;
	struct manager		*manager;
	struct loop_signal	 term, intr, hup, usr1;
	struct loop_timer	 deadline;
	struct loop_timer	 suspend;
	bool			 background;	/* manager.daemon at start */
	bool			 starting;	/* stderr is still read */
	bool			 full;		/* max_connections reached */
	bool			 stopping;
};

static void
daemon_report(const char *line, void *arg)
{
	(void)arg;
	(void)fprintf(stderr, "%s\n", line);
}

static void
daemon_report_log(const char *line, void *arg)
{
	(void)arg;
	log_write(LOGL_ERROR, "%s", line);
}

static void
daemon_warn_log(const char *line, void *arg)
{
	(void)arg;
	log_write(LOGL_WARNING, "%s", line);
}

/*
 * To the log, and at the start to standard error too: syslog alone would leave
 * the caller without a reason.  One line there with -d, which logs to it.
 */
static void daemon_tell(const struct daemon *, unsigned, const char *, ...)
    COMPAT_PRINTF(3, 4);

static void
daemon_tell(const struct daemon *d, unsigned level, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_write(level, "%s", line);
	if (d->starting && (!d->cmdline.debug || !log_wants(level)))
		(void)fprintf(stderr, "milter-manager: %s\n", line);
}

/*
 * Outside of the loop our signals would do what they do to any process.  At
 * the start HUP and USR1 wait until loop_signal_add() lets them in, while TERM
 * and INT end it at once; at the end none of the four may cut the clearing up
 * short.
 */
static void
daemon_hold_signals(bool all)
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

/* --- what a configuration needs of its surroundings ---------------------- */

static bool
daemon_check_path(const char *key, const char *path,
    void (*report)(const char *, void *))
{
	char line[1024];

	if (path == NULL || path[0] == '/')
		return (true);
	(void)snprintf(line, sizeof(line), "%s: found \"%s\", expected a path "
	    "that begins with a slash: with manager.daemon the working folder "
	    "is the root", key, path);
	report(line, NULL);
	return (false);
}

/*
 * In the background a relative path would be another one than the
 * administrator sees in his shell, and another one after the start than at it.
 */
static bool
daemon_check_paths(const struct conf *conf,
    void (*report)(const char *, void *))
{
	char key[128];
	size_t i, j;
	bool good = true;

	if (conf->log_path != NULL && strcmp(conf->log_path, "-") != 0)
		good &= daemon_check_path("log.path", conf->log_path, report);
	good &= daemon_check_path("manager.pid_file", conf->pid_file, report);
	if (conf->spec.family == AF_UNIX)
		good &= daemon_check_path("manager.connection_spec",
		    conf->spec.path, report);
	for (i = 0; i < conf->n_milters; i++) {
		const struct conf_milter *m = conf->milters[i];

		if (!m->enabled)
			continue;
		/* A path is what only unix sockets have. */
		(void)snprintf(key, sizeof(key), "milter.%s.connection_spec",
		    m->name);
		for (j = 0; j < m->specs.text.n; j++)
			good &= daemon_check_path(key, m->specs.spec[j].path,
			    report);
		(void)snprintf(key, sizeof(key), "milter.%s.socks", m->name);
		good &= daemon_check_path(key, m->socks.path, report);
	}
	return (good);
}

/*
 * What was detected, and what is wrong with it.  After a reload only what is
 * new: a fault that stays is not told with each one.
 */
static void
daemon_tell_notes(const struct conf *conf, const struct conf *old)
{
	size_t i, j;

	for (i = 0; i < conf->n_notes; i++) {
		const struct conf_note *note = &conf->notes[i];

		for (j = 0; old != NULL && j < old->n_notes; j++)
			if (strcmp(old->notes[j].text, note->text) == 0)
				break;
		if (old == NULL || j == old->n_notes)
			log_write(note->fault ? LOGL_WARNING : LOGL_MESSAGE,
			    "%s", note->text);
	}
}

/* A configuration without a fault, or NULL and all faults told. */
static struct conf *
daemon_load(const struct daemon *d, void (*report)(const char *, void *))
{
	struct conf *conf = conf_load(&d->cmdline.source, report, NULL);

	if (conf != NULL && !d->cmdline.debug &&
	    (d->background || (d->loop == NULL && conf->daemon)) &&
	    !daemon_check_paths(conf, report)) {
		conf_unref(conf);
		conf = NULL;
	}
	return (conf);
}

static int
daemon_open_log(const struct daemon *d, const struct conf *conf)
{
	struct log_settings set;

	memset(&set, 0, sizeof(set));
	set.ident = "milter-manager";
	set.path = conf->log_path;
	set.levels = conf->log_levels;
	set.facility = conf->log_facility;
	set.use_syslog = conf->log_use_syslog && !d->cmdline.debug;
	set.to_stderr = d->cmdline.debug;
	set.no_file = d->background;
	return (log_open(&set));
}

/*
 * Every session takes a descriptor for itself and one a child, so a low soft
 * limit is raised: to what was asked for, or as far as we may.
 */
static void
daemon_limits(const struct daemon *d, const struct conf *conf)
{
	struct rlimit rl;
	rlim_t hard;

	if (getrlimit(RLIMIT_NOFILE, &rl) == -1)
		return;
	hard = rl.rlim_max;
	if (conf->max_file_descriptors > 0) {
		rl.rlim_cur = conf->max_file_descriptors;
		if (rl.rlim_max < rl.rlim_cur)
			rl.rlim_max = rl.rlim_cur;
		if (setrlimit(RLIMIT_NOFILE, &rl) == 0)
			return;
		daemon_tell(d, LOGL_WARNING, "manager.max_file_descriptors: "
		    "%u cannot be set: %s; it will be as many as the system "
		    "lets us have", conf->max_file_descriptors,
		    strerror(errno));
	}
	rl.rlim_cur = rl.rlim_max = hard;
	(void)setrlimit(RLIMIT_NOFILE, &rl);
}

/* Found out now and not by the first large message. */
static void
daemon_check_spool(const struct daemon *d, const struct conf *conf)
{
	if (access(conf->spool_directory, W_OK | X_OK) == -1)
		daemon_tell(d, LOGL_WARNING, "manager.spool_directory: %s: %s; "
		    "messages above manager.body_memory_limit will fail",
		    conf->spool_directory, strerror(errno));
}

/* Nothing else would tell before the fault that one wanted to record. */
static void
daemon_check_records(const struct daemon *d, const struct conf *conf)
{
	struct stat st;
	int bad;

	if (conf->record_directory == NULL)
		return;
	bad = stat(conf->record_directory, &st);
	if (bad == 0 && !S_ISDIR(st.st_mode)) {
		errno = ENOTDIR;
		bad = -1;
	}
	if (bad == 0)
		bad = access(conf->record_directory, R_OK | W_OK | X_OK);
	if (bad == -1)
		daemon_tell(d, LOGL_WARNING, "manager.record_directory: %s: "
		    "%s; sessions will not be recorded",
		    conf->record_directory, strerror(errno));
}

/* --- accepting ----------------------------------------------------------- */

/*
 * How many sessions there may be.  A session that cannot dial its children for
 * want of descriptors would be answered by their fallbacks, so that whoever
 * opens enough connections could have his mail accepted unseen: such a session
 * is not begun.  It needs a descriptor for the MTA, one a child, and two for
 * the spool of a large message and its new body, one if it is recorded; and
 * what conditions look up has its own.
 */
static size_t
daemon_room(const struct daemon *d, const char **why)
{
	const struct conf *conf = manager_conf(d->manager);
	size_t own = DAEMON_DESCRIPTORS + manager_descriptors(d->manager);
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
daemon_on_suspended(struct loop_timer *t, void *arg)
{
	struct daemon *d = arg;
	const struct conf *conf = manager_conf(d->manager);
	const char *why;

	(void)t;
	if (d->listener == NULL)
		return;
	if (manager_n_sessions(d->manager) >= daemon_room(d, &why)) {
		loop_timer_start(d->loop, &d->suspend,
		    conf->suspend_time_on_unacceptable, daemon_on_suspended,
		    d);
		return;
	}
	d->full = false;
	log_write(LOGL_MESSAGE, "accepting again");
	listener_resume(d->listener);
}

static void
daemon_on_accept(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	struct daemon *d = arg;
	const struct conf *conf = manager_conf(d->manager);
	char peer[SPEC_TEXT_MAX];
	const char *why;

	addr_format(sa, len, peer, sizeof(peer));
	manager_accept(d->manager, fd, peer);
	if (!d->full &&
	    manager_n_sessions(d->manager) >= daemon_room(d, &why)) {
		d->full = true;
		log_write(LOGL_WARNING, "%s: %zu sessions, accepting is "
		    "suspended", why, manager_n_sessions(d->manager));
		listener_pause(l);
		loop_timer_start(d->loop, &d->suspend,
		    conf->suspend_time_on_unacceptable, daemon_on_suspended,
		    d);
	}
}

/* --- reload and stop ----------------------------------------------------- */

/*
 * A pipe or terminal gives its text once, and the next open of it may wait for
 * ever; /dev/null serves those who say all on the command line.
 */
static bool
daemon_can_read_again(const char *path)
{
	struct stat st;

	return (path == NULL || strcmp(path, "/dev/null") == 0 ||
	    stat(path, &st) == -1 || S_ISREG(st.st_mode));
}

static void
daemon_on_hup(struct loop_signal *sig, void *arg)
{
	struct daemon *d = arg;
	const struct conf *old = manager_conf(d->manager);
	struct conf *conf;
	char now[SPEC_TEXT_MAX], then[SPEC_TEXT_MAX];

	(void)sig;
	if (!daemon_can_read_again(d->cmdline.source.file)) {
		log_write(LOGL_ERROR, "the configuration in force stays: %s "
		    "cannot be read again, it is not a regular file",
		    d->cmdline.source.file);
		return;
	}
	conf = daemon_load(d, daemon_report_log);
	if (conf == NULL) {
		log_write(LOGL_ERROR, "the configuration in force stays: the "
		    "new one has errors");
		return;
	}
	if (strcmp(spec_format(&old->spec, then, sizeof(then)),
	    spec_format(&conf->spec, now, sizeof(now))) != 0)
		log_write(LOGL_WARNING, "manager.connection_spec: %s takes "
		    "effect at the next start, until then it is %s", now,
		    then);
	if (daemon_open_log(d, conf) == -1)
		log_write(LOGL_ERROR, "log.path: %s: %s", conf->log_path,
		    strerror(errno));
	daemon_tell_notes(conf, old);
	chain_check(conf, daemon_warn_log, NULL);
	daemon_limits(d, conf);
	daemon_check_spool(d, conf);
	daemon_check_records(d, conf);
	if (manager_set_conf(d->manager, conf) == -1)
		log_write(LOGL_ERROR, "the configuration in force stays: %s",
		    strerror(errno));
	else
		log_write(LOGL_MESSAGE, "configuration reloaded");
}

static void
daemon_on_usr1(struct loop_signal *sig, void *arg)
{
	(void)sig;
	(void)arg;
	if (log_reopen() == -1)
		log_write(LOGL_ERROR, "the log cannot be opened again: %s",
		    strerror(errno));
}

static void
daemon_on_deadline(struct loop_timer *t, void *arg)
{
	struct daemon *d = arg;

	(void)t;
	log_write(LOGL_WARNING, "%zu sessions are ended before their time",
	    manager_n_sessions(d->manager));
	manager_end_all(d->manager, "the manager ends");
}

static void
daemon_on_end(struct manager *m, void *arg)
{
	struct daemon *d = arg;

	if (d->stopping) {
		if (manager_n_sessions(m) == 0)
			loop_stop(d->loop);
	} else if (d->full) {
		loop_timer_stop(&d->suspend);
		daemon_on_suspended(&d->suspend, d);
	} else
		/* It may have waited for the descriptors of this one. */
		listener_resume(d->listener);
}

/* The first one: no new sessions, the running ones may end; the second: now. */
static void
daemon_on_term(struct loop_signal *sig, void *arg)
{
	struct daemon *d = arg;

	if (d->stopping) {
		manager_end_all(d->manager, "the manager ends at once");
		loop_stop(d->loop);
		return;
	}
	d->stopping = true;
	log_write(LOGL_MESSAGE, "signal %d: ending, %zu sessions to go",
	    sig->signo, manager_n_sessions(d->manager));
	listener_free(d->listener);
	d->listener = NULL;
	loop_timer_stop(&d->suspend);
	if (manager_n_sessions(d->manager) == 0)
		loop_stop(d->loop);
	else
		loop_timer_start(d->loop, &d->deadline,
		    manager_conf(d->manager)->shutdown_timeout,
		    daemon_on_deadline, d);
}

/* --- start --------------------------------------------------------------- */

static struct listener *
daemon_listen(const struct daemon *d, const struct conf *conf)
{
	struct listen_options opt;
	struct listener *l;
	char why[256];

	memset(&opt, 0, sizeof(opt));
	opt.mode = conf->socket_mode;
	opt.group = conf->socket_group;
	opt.remove_on_create = conf->socket_remove_on_create;
	opt.remove_on_close = conf->socket_remove_on_close;
	opt.pause_ms = conf->suspend_time_on_unacceptable > UINT32_MAX ?
	    UINT32_MAX : (unsigned)conf->suspend_time_on_unacceptable;
	why[0] = '\0';
	l = listener_new(&conf->spec, &opt, why, sizeof(why));
	if (why[0] != '\0')
		daemon_tell(d, l == NULL ? LOGL_ERROR : LOGL_WARNING, "%s",
		    why);
	return (l);
}

static int
daemon_pid_file(const struct daemon *d, const struct conf *conf)
{
	pid_t other;

	if (conf->pid_file == NULL || pidfile_write(conf->pid_file,
	    &other) == 0)
		return (EX_OK);
	if (other > 0) {
		daemon_tell(d, LOGL_ERROR, "manager.pid_file: %s: process %ld "
		    "runs already", conf->pid_file, (long)other);
		return (EX_TEMPFAIL);
	}
	daemon_tell(d, LOGL_ERROR, "manager.pid_file: %s: %s", conf->pid_file,
	    strerror(errno));
	return (EX_CANTCREAT);
}

/* What can only be made in the process that stays.  conf is taken over. */
static int
daemon_assemble(struct daemon *d, struct conf *conf)
{
	d->loop = loop_new(conf->event_loop_backend);
	if (d->loop == NULL) {
		daemon_tell(d, LOGL_ERROR, "manager.event_loop_backend: %s: "
		    "%s", conf->event_loop_backend, strerror(errno));
		conf_unref(conf);
		return (EX_OSERR);
	}
	d->manager = manager_new(d->loop, conf);
	if (d->manager == NULL ||
	    listener_start(d->listener, d->loop, daemon_on_accept, d) == -1 ||
	    loop_signal_add(d->loop, &d->term, SIGTERM, daemon_on_term,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->intr, SIGINT, daemon_on_term,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->hup, SIGHUP, daemon_on_hup,
	    d) == -1 ||
	    loop_signal_add(d->loop, &d->usr1, SIGUSR1, daemon_on_usr1,
	    d) == -1) {
		daemon_tell(d, LOGL_ERROR, "start: %s", strerror(errno));
		return (EX_OSERR);
	}
	manager_on_end(d->manager, daemon_on_end, d);
	return (EX_OK);
}

static void
daemon_disassemble(struct daemon *d)
{
	listener_free(d->listener);
	d->listener = NULL;
	if (d->loop == NULL)
		return;
	daemon_hold_signals(true);
	loop_timer_stop(&d->deadline);
	loop_timer_stop(&d->suspend);
	manager_free(d->manager);
	loop_signal_del(&d->term);
	loop_signal_del(&d->intr);
	loop_signal_del(&d->hup);
	loop_signal_del(&d->usr1);
	linger_end_all(d->loop);
	loop_free(d->loop);
}

static int
daemon_run(struct daemon *d, struct conf *conf)
{
	char text[SPEC_TEXT_MAX];
	struct spec spec;
	int status;

	status = daemon_assemble(d, conf);
	if (status != EX_OK)
		return (status);
	status = daemon_pid_file(d, manager_conf(d->manager));
	if (status != EX_OK)
		return (status);
	/* The port may have been left to the kernel. */
	spec = manager_conf(d->manager)->spec;
	if (spec.family != AF_UNIX)
		spec.port = (uint16_t)listener_port(d->listener);
	log_write(LOGL_MESSAGE, "listening on %s (%s)",
	    spec_format(&spec, text, sizeof(text)), loop_backend(d->loop));
	d->starting = false;
	detach_ready();
	if (loop_run(d->loop) == -1) {
		log_write(LOGL_CRITICAL, "the event loop has failed: %s",
		    strerror(errno));
		status = EX_OSERR;
	}
	log_write(LOGL_MESSAGE, "ended");
	return (status);
}

static int
daemon_start(struct daemon *d, struct conf *conf)
{
	int status;

	(void)signal(SIGPIPE, SIG_IGN);
	daemon_hold_signals(false);
	d->background = conf->daemon && !d->cmdline.debug;
	/* A pipe that the caller reads to its end would never end. */
	if (d->background)
		closefrom(STDERR_FILENO + 1);
	if (daemon_open_log(d, conf) == -1) {
		(void)fprintf(stderr, "milter-manager: log.path: %s: %s\n",
		    conf->log_path, strerror(errno));
		conf_unref(conf);
		return (EX_CANTCREAT);
	}
	d->starting = true;
	daemon_tell_notes(conf, NULL);
	chain_check(conf, daemon_warn_log, NULL);
	daemon_limits(d, conf);
	daemon_check_spool(d, conf);
	daemon_check_records(d, conf);
	d->listener = daemon_listen(d, conf);
	if (d->listener == NULL) {
		conf_unref(conf);
		return (EX_UNAVAILABLE);
	}
	if (d->background && detach() == -1) {
		daemon_tell(d, LOGL_ERROR, "background: %s", strerror(errno));
		listener_free(d->listener);
		conf_unref(conf);
		return (EX_OSERR);
	}
	status = daemon_run(d, conf);
	daemon_disassemble(d);
	pidfile_remove();
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

int
daemon_main(int argc, char **argv)
{
	static struct daemon d;
	struct conf *conf;
	int status;

	/* Else a socket or the log gets a number that others write to. */
	if (detach_stdio() == -1)
		return (EX_OSERR);
	status = cmdline_parse(&d.cmdline, argc, argv);
	if (status != -1) {
		cmdline_free(&d.cmdline);
		return (status);
	}
	d.cmdline.source.detect = detect_load;
	d.cmdline.source.known = detect_known;
	conf = daemon_load(&d, daemon_report);
	if (conf == NULL)
		status = EX_CONFIG;
	else if (d.cmdline.show_config || d.cmdline.check) {
		if (d.cmdline.show_config)
			conf_show(conf, stdout);
		else {
			daemon_warn_notes(conf);
			chain_check(conf, daemon_report, NULL);
			(void)fputs("milter-manager: the configuration is "
			    "good\n", stderr);
		}
		status = fflush(stdout) == 0 && !ferror(stdout) ? EX_OK :
		    EX_IOERR;
		conf_unref(conf);
	} else
		status = daemon_start(&d, conf);
	log_close();
	cmdline_free(&d.cmdline);
	return (status);
}

#undef DAEMON_DESCRIPTORS
