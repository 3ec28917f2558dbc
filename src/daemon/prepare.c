/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * prepare.c - what a configuration needs of its surroundings.
 * Owns:      what is asked of the system and of paths for a configuration that
 *            is to come into force.
 * Called by: daemon.c at the start, life.c at a reload.
 * Must not:  change anything before the configuration is known to be good.
 */
#include "compat.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "config/chain.h"
#include "daemon/daemon_internal.h"
#include "daemon/sandbox.h"
#include "daemon/upgrade.h"
#include "daemon/serve.h"

static void
prepare_warn(const char *line, void *arg)
{
	(void)arg;
	log_write(LOGL_WARNING, "%s", line);
}

static bool
prepare_path(const char *key, const char *path,
    daemon_report_fn *report, void *arg)
{
	char line[1024];

	if (path == NULL || path[0] == '/')
		return (true);
	(void)snprintf(line, sizeof(line), "%s: found \"%s\", expected a path "
	    "that begins with a slash: with manager.daemon the working folder "
	    "is the root", key, path);
	report(line, arg);
	return (false);
}

/*
 * In the background a relative path would be another one than the
 * administrator sees in his shell, and another one after the start than at it.
 */
static bool
prepare_paths(const struct conf *conf, daemon_report_fn *report, void *arg)
{
	char key[128];
	size_t i, j;
	bool good = true;

	if (conf->log_path != NULL && strcmp(conf->log_path, "-") != 0)
		good &= prepare_path("log.path", conf->log_path, report, arg);
	good &= prepare_path("manager.pid_file", conf->pid_file, report, arg);
	if (conf->spec.family == AF_UNIX)
		good &= prepare_path("manager.connection_spec",
		    conf->spec.path, report, arg);
	for (i = 0; i < conf->n_milters; i++) {
		const struct conf_milter *m = conf->milters[i];

		if (!m->enabled)
			continue;
		/* A path is what only unix sockets have. */
		(void)snprintf(key, sizeof(key), "milter.%s.connection_spec",
		    m->name);
		for (j = 0; j < m->specs.text.n; j++)
			good &= prepare_path(key, m->specs.spec[j].path,
			    report, arg);
		(void)snprintf(key, sizeof(key), "milter.%s.socks", m->name);
		good &= prepare_path(key, m->socks.path, report, arg);
	}
	return (good);
}

/*
 * What was detected, and what is wrong with it.  After a reload only what is
 * new: a fault that stays is not told with each one.
 */
static void
prepare_notes(const struct conf *conf, const struct conf *old)
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

struct conf *
prepare_conf(const struct daemon *d, daemon_report_fn *report, void *arg)
{
	struct conf *conf = conf_load(&d->cmdline.source, report, arg);

	if (conf != NULL && !d->cmdline.debug &&
	    (d->background || (d->loop == NULL && conf->daemon)) &&
	    !prepare_paths(conf, report, arg)) {
		conf_unref(conf);
		conf = NULL;
	}
	return (conf);
}

int
prepare_log(const struct daemon *d, const struct conf *conf)
{
	struct log_settings set;
	int rc;

	memset(&set, 0, sizeof(set));
	set.ident = "milter-manager";
	set.path = conf->log_path;
	set.levels = conf->log_levels;
	set.facility = conf->log_facility;
	set.use_syslog = conf->log_use_syslog && !d->cmdline.debug;
	set.to_stderr = d->cmdline.debug;
	set.no_file = d->background;
	privilege_lend(&d->privilege, true);
	rc = log_open(&set);
	privilege_lend(&d->privilege, false);
	if (rc == -1 && errno == EACCES && privilege_may_lend(&d->privilege) &&
	    privilege_trusts(&d->privilege, conf->log_path)) {
		rc = log_open(&set);
		if (rc == 0)
			rc = log_give(d->privilege.uid, d->privilege.gid);
	}
	return (rc);
}

/*
 * Every session takes a descriptor for itself and one a child, so a low soft
 * limit is raised: to what was asked for, or as far as we may.
 */
void
prepare_limits(const struct daemon *d, const struct conf *conf)
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
prepare_spool(const struct daemon *d, const struct conf *conf)
{
	if (access(conf->spool_directory, W_OK | X_OK) == -1)
		daemon_tell(d, LOGL_WARNING, "manager.spool_directory: %s: %s; "
		    "messages above manager.body_memory_limit will fail",
		    conf->spool_directory, strerror(errno));
}

/* Nothing else would tell before the fault that one wanted to record. */
static void
prepare_records(const struct daemon *d, const struct conf *conf)
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

/*
 * What was opened as root, and is to be opened again by the other user: said
 * now, while somebody looks.
 */
void
prepare_again(const struct daemon *d)
{
	const struct conf *conf = d->conf;
	const struct conf_source *source = &d->cmdline.source;
	const char *path = source->file;
	char made[1024];

	if (!d->privilege.change)
		return;
	if (path == NULL) {
		(void)snprintf(made, sizeof(made), "%s/milter-manager.conf",
		    source->dir != NULL ? source->dir : MM_SYSCONFDIR);
		path = made;
	}
	if (access(path, R_OK) == -1)
		daemon_tell(d, LOGL_WARNING, "%s: %s; it cannot be read again "
		    "by a reload", path, strerror(errno));
	path = conf->log_path;
	if (path != NULL && !d->cmdline.debug && strcmp(path, "-") != 0 &&
	    access(path, W_OK) == -1)
		daemon_tell(d, LOGL_WARNING, "log.path: %s: %s; it cannot be "
		    "opened again", path, strerror(errno));
}

void
prepare(const struct daemon *d, const struct conf *conf,
    const struct conf *old)
{
	prepare_notes(conf, old);
	chain_check(conf, prepare_warn, NULL);
	serve_check(conf);
	prepare_spool(d, conf);
	prepare_records(d, conf);
	if (old != NULL)
		sandbox_compare(d, conf);
}

void
prepare_listening(const struct daemon *d, const struct conf *conf,
    struct listen_options *opt)
{
	memset(opt, 0, sizeof(*opt));
	opt->mode = conf->socket_mode;
	opt->group = conf->socket_group;
	opt->lend = privilege_may_lend(&d->privilege);
	opt->owner = d->privilege.uid;
	opt->remove_on_create = conf->socket_remove_on_create;
	opt->remove_on_close = conf->socket_remove_on_close;
	opt->pause_ms = conf->suspend_time_on_unacceptable > UINT32_MAX ?
	    UINT32_MAX : (unsigned)conf->suspend_time_on_unacceptable;
}

struct listener *
prepare_socket(const struct daemon *d, const struct conf *conf, char *why,
    size_t whysize)
{
	struct listen_options opt;
	struct listener *l;

	why[0] = '\0';
	prepare_listening(d, conf, &opt);
	l = upgrade_adopt(&conf->spec, &opt);
	return (l != NULL ? l : listener_new(&conf->spec, &opt, why, whysize));
}

struct listener *
prepare_listener(const struct daemon *d, const struct conf *conf)
{
	struct listener *l;
	char why[256];

	l = prepare_socket(d, conf, why, sizeof(why));
	if (why[0] != '\0')
		daemon_tell(d, l == NULL ? LOGL_ERROR : LOGL_WARNING, "%s",
		    why);
	return (l);
}
