/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * office.c - what clients of the control socket ask for.
 * Owns:      the control socket and its token, over reloads; the custom file.
 * Called by: daemon.c, life.c; control/ through struct control_ops.
 * Must not:  know HTTP.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "config/source.h"
#include "control/control.h"
#include "daemon/daemon_internal.h"
#include "daemon/office.h"
#include "daemon/serve.h"
#include "daemon/upgrade.h"
#include "daemon/worker.h"
#include "manager/manager.h"

#define OFFICE_TOKEN_MIN	16u	/* nobody guesses that */
#define OFFICE_TOKEN_MAX	512u

/* Of one configuration. */
struct office_socket {
	struct listener	*listener;	/* until the control has it */
	char		*token;
	bool		 same;		/* the control's own one stays */
};

struct office {
	struct daemon	*daemon;
	struct control	*control;	/* NULL: none */
	struct control	*gone;		/* its last answer is being made */
	struct loop_task task;
	struct listener	*listener;	/* the control's, not ours to free */
	struct office_socket next;	/* not yet in force */
	uint64_t	 started;	/* seconds since 1970 */
	uint64_t	 since;		/* the same on the loop's clock */
	unsigned	 levels;	/* of the log */
};

/* --- the socket and its token -------------------------------------------- */

/* The first line of the token's file; NULL and why. */
static char *
office_read_token(const char *path, char *why, size_t whysize)
{
	struct source_text text;
	struct stat st;
	char wrong[VALUE_WHY_MAX];
	size_t n;

	if (stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0) {
		(void)snprintf(why, whysize, "controller.token_file: %s: "
		    "everybody can read it, expected mode 0600 or 0640", path);
		return (NULL);
	}
	if (source_read(path, 0, &text, wrong) == -1) {
		(void)snprintf(why, whysize, "controller.token_file: %s: %s",
		    path, wrong);
		return (NULL);
	}
	for (n = 0; n < text.len && text.text[n] > ' ' && text.text[n] <= '~';)
		n++;
	if (n >= OFFICE_TOKEN_MIN && n <= OFFICE_TOKEN_MAX &&
	    strchr("\r\n", text.text[n]) != NULL) {
		text.text[n] = '\0';
		return (text.text);
	}
	free(text.text);
	(void)snprintf(why, whysize, "controller.token_file: %s: expected one "
	    "line of %u to %u characters without blanks", path,
	    OFFICE_TOKEN_MIN, OFFICE_TOKEN_MAX);
	return (NULL);
}

static void
office_drop(struct office_socket *s)
{
	listener_free(s->listener);
	free(s->token);
	memset(s, 0, sizeof(*s));
}

/* old NULL: at the start.  0, or -1 and why; 0 and why: a warning. */
static int
office_socket_open(const struct daemon *d, struct office_socket *s,
    const struct conf *conf, const struct conf *old, char *why,
    size_t whysize)
{
	char now[SPEC_TEXT_MAX], then[SPEC_TEXT_MAX];
	struct listen_options opt;

	memset(s, 0, sizeof(*s));
	why[0] = '\0';
	if (conf->control_spec_text == NULL)
		return (0);
	if (conf->control_spec.family != AF_UNIX) {
		s->token = office_read_token(conf->control_token_file, why,
		    whysize);
		if (s->token == NULL)
			return (-1);
	}
	if (old != NULL && old->control_spec_text != NULL &&
	    strcmp(spec_format(&conf->control_spec, now, sizeof(now)),
	    spec_format(&old->control_spec, then, sizeof(then))) == 0) {
		s->same = true;
		return (0);
	}
	memset(&opt, 0, sizeof(opt));
	opt.mode = conf->control_socket_mode;
	opt.group = conf->control_socket_group;
	opt.remove_on_create = conf->control_socket_remove_on_create;
	opt.remove_on_close = conf->control_socket_remove_on_close;
	opt.lend = privilege_may_lend(&d->privilege);
	opt.owner = d->privilege.uid;
	s->listener = upgrade_adopt(&conf->control_spec, &opt);
	if (s->listener == NULL)
		s->listener = listener_new(&conf->control_spec, &opt, why,
		    whysize);
	if (s->listener != NULL)
		return (0);
	office_drop(s);
	return (-1);
}

int
office_open(struct daemon *d)
{
	struct office *o = calloc(1, sizeof(*o));
	char why[1200];

	if (o == NULL) {
		daemon_tell(d, LOGL_ERROR, "controller: out of memory");
		return (-1);
	}
	o->daemon = d;
	o->started = (uint64_t)time(NULL);
	o->levels = d->conf->log_levels;
	d->office = o;
	if (office_socket_open(d, &o->next, d->conf, NULL, why, sizeof(why)) ==
	    -1) {
		daemon_tell(d, LOGL_ERROR, "controller: %s", why);
		return (-1);
	}
	if (why[0] != '\0')
		daemon_tell(d, LOGL_WARNING, "controller: %s", why);
	return (0);
}

int
office_prepare(struct daemon *d, const struct conf *conf, char *why,
    size_t whysize)
{
	struct office *o = d->office;

	office_drop(&o->next);
	if (office_socket_open(d, &o->next, conf, o->control != NULL ? d->conf :
	    NULL, why, whysize) == -1)
		return (-1);
	if (why[0] != '\0')
		log_write(LOGL_WARNING, "controller: %s", why);
	return (0);
}

/* --- what is asked for --------------------------------------------------- */

static const struct conf *
office_conf(void *arg)
{
	const struct office *o = arg;

	return (o->daemon->conf);
}

static bool
office_accepting(void *arg)
{
	const struct office *o = arg;

	return (!o->daemon->stopping);
}

static int
office_reload(void *arg, control_report_fn *report, void *report_arg)
{
	const struct office *o = arg;

	log_write(LOGL_MESSAGE, "control: reload");
	return (life_reload(o->daemon, report, report_arg));
}

static void
office_stop(void *arg)
{
	const struct office *o = arg;

	life_stop(o->daemon, "control");
}

/* Into fd, and to the disk.  0, or -1 and errno. */
static int
office_write(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, text, len);
		if (n == -1 && errno != EINTR)
			return (-1);
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return (fsync(fd));
}

/* In place of the file that is there, whole or not at all.  0 or -1. */
static int
office_replace(const char *dir, const char *text, size_t len)
{
	char path[SPEC_TEXT_MAX], temporary[SPEC_TEXT_MAX];
	int fd, r, saved;

	if ((size_t)snprintf(path, sizeof(path), "%s/" CONF_CUSTOM_NAME,
	    dir) >= sizeof(path) || (size_t)snprintf(temporary,
	    sizeof(temporary), "%s/." CONF_CUSTOM_NAME ".new", dir) >=
	    sizeof(temporary)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	(void)unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd == -1)
		return (-1);
	r = office_write(fd, text, len);
	if (close(fd) == -1)
		r = -1;
	if (r == -1 || rename(temporary, path) == -1) {
		saved = errno;
		(void)unlink(temporary);
		errno = saved;
		return (-1);
	}
	/* The name, too, is on the disk, where that can be had. */
	fd = open(dir, O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		(void)fsync(fd);
		(void)close(fd);
	}
	return (0);
}

static int
office_keep(void *arg, const char *text, size_t len, control_report_fn *report,
    void *report_arg)
{
	const struct office *o = arg;
	struct daemon *d = o->daemon;
	struct conf *conf;
	char line[SPEC_TEXT_MAX + 256];
	int r = 0;

	if (d->conf->custom_directory == NULL) {
		report("there is no place for it: set "
		    "manager.custom_configuration_directory", report_arg);
		return (409);
	}
	if (!life_can_read_again(d->cmdline.source.file)) {
		report("the main configuration cannot be read again, and so "
		    "not checked with it", report_arg);
		return (409);
	}
	d->cmdline.source.custom = text;
	d->cmdline.source.custom_len = len;
	conf = prepare_conf(d, report, report_arg);
	d->cmdline.source.custom = NULL;
	if (conf == NULL)
		return (-1);
	/* It may have been moved meanwhile: where a reload would look. */
	if (conf->custom_directory == NULL) {
		report("manager.custom_configuration_directory is not set any "
		    "more", report_arg);
		r = 409;
	} else if (office_replace(conf->custom_directory, text, len) == -1) {
		(void)snprintf(line, sizeof(line), "manager.custom_"
		    "configuration_directory: %s: %s", conf->custom_directory,
		    strerror(errno));
		report(line, report_arg);
		r = 500;
	} else
		log_write(LOGL_MESSAGE, "control: %s/" CONF_CUSTOM_NAME
		    " is written", conf->custom_directory);
	conf_unref(conf);
	return (r);
}

static int
office_child(void *arg, const char *name, bool on)
{
	const struct office *o = arg;
	const struct daemon *d = o->daemon;
	const struct conf_milter *m = conf_milter(d->conf, name);

	if (m == NULL || !m->enabled)
		return (-1);
	if (d->workers != NULL)
		workers_child(d->workers, m->index, on);
	else
		stats_child(manager_stats(serve_manager(d->serve)),
		    m->index)->disabled = !on;
	log_write(LOGL_MESSAGE, "control: child=%s is %s", m->name, on ?
	    "enabled" : "disabled");
	return (0);
}

static int
office_levels(void *arg, const char *text, char *word, size_t wordsize)
{
	struct office *o = arg;
	char shown[96];

	if (log_parse_levels(text, &o->levels, word, wordsize) == -1)
		return (-1);
	log_set_levels(o->levels);
	if (o->daemon->workers != NULL)
		workers_levels(o->daemon->workers, o->levels);
	log_write(LOGL_MESSAGE, "control: log.level is \"%s\"",
	    log_format_levels(o->levels, shown, sizeof(shown)));
	return (0);
}

static int
office_view(void *arg, struct stats_view *v)
{
	const struct daemon *d = ((const struct office *)arg)->daemon;

	return (d->workers != NULL ? workers_view(d->workers, v) :
	    manager_view(serve_manager(d->serve), v));
}

static uint64_t
office_started(void *arg)
{
	const struct office *o = arg;

	return (o->started);
}

static void
office_about(void *arg, struct json *j)
{
	const struct office *o = arg;
	const struct daemon *d = o->daemon;
	const struct conf *conf = d->conf;
	const char *dir = d->cmdline.source.dir;
	char text[SPEC_TEXT_MAX];
	struct spec spec = conf->spec;
	size_t workers = 0, ending = 0;

	json_number(j, "uptime", (loop_now(d->loop) - o->since) / 1000);
	json_number(j, "pid", (uint64_t)getpid());
	if (d->cmdline.source.file != NULL)
		json_text(j, "configuration", d->cmdline.source.file);
	else {
		(void)snprintf(text, sizeof(text), "%s/milter-manager.conf",
		    dir != NULL ? dir : MM_SYSCONFDIR);
		json_text(j, "configuration", text);
	}
	json_text(j, "custom_configuration_directory",
	    conf->custom_directory);
	if (spec.family != AF_UNIX && d->listener != NULL)
		spec.port = (uint16_t)listener_port(d->listener);
	json_text(j, "listening", d->listener == NULL ? NULL :
	    spec_format(&spec, text, sizeof(text)));
	json_text(j, "event_loop", loop_backend(d->loop));
	json_text(j, "log_level", log_format_levels(o->levels, text,
	    sizeof(text)));
	if (d->workers != NULL)
		workers = workers_count(d->workers, &ending);
	json_number(j, "workers", workers);
	json_number(j, "workers_ending", ending);
}

static void
office_sessions(void *arg, size_t max, void (*fn)(const char *, size_t,
    void *), void *fn_arg)
{
	const struct daemon *d = ((const struct office *)arg)->daemon;
	struct buf b;

	if (d->workers != NULL) {
		workers_sessions(d->workers, max, fn, fn_arg);
		return;
	}
	memset(&b, 0, sizeof(b));
	if (manager_list(serve_manager(d->serve), &b, max) == 0)
		fn((const char *)buf_ptr(&b), b.len, fn_arg);
	else
		fn("null", 4, fn_arg);
	buf_free(&b);
}

static void
office_cancel(void *arg, void *fn_arg)
{
	struct daemon *d = ((const struct office *)arg)->daemon;

	if (d->workers != NULL)
		workers_cancel(d->workers, fn_arg);
	if (d->upgrade.running && d->upgrade.arg == fn_arg)
		d->upgrade.done = NULL;
}

static void
office_upgrade(void *arg, control_done_fn *done, void *done_arg)
{
	upgrade_begin(((const struct office *)arg)->daemon, done, done_arg);
}

static const struct control_ops office_ops = {
	office_conf, office_accepting, office_reload, office_keep, office_stop,
	office_upgrade, office_child, office_levels, office_view,
	office_started, office_about, office_sessions, office_cancel
};

/* --- its life ------------------------------------------------------------ */

static void
office_on_gone(struct loop_task *task, void *arg)
{
	struct office *o = arg;

	(void)task;
	control_free(o->gone);
	o->gone = NULL;
}

/* What was prepared is used.  0, or -1 and errno with nothing changed. */
static int
office_use(struct office *o)
{
	struct daemon *d = o->daemon;
	struct spec spec = d->conf->control_spec;
	struct listener *l = o->next.listener;
	char text[SPEC_TEXT_MAX];

	o->next.listener = NULL;
	if (l == NULL && !o->next.same) {
		/* It may be one of its clients who wants that. */
		control_close(o->control);
		if (o->control != NULL) {
			o->gone = o->control;
			loop_task_start(d->loop, &o->task, office_on_gone, o);
		}
		o->control = NULL;
		o->listener = NULL;
	} else if (o->control == NULL) {
		o->control = control_new(d->loop, l, o->next.token,
		    &office_ops, o);
		if (o->control == NULL)
			return (-1);
	} else if (control_set(o->control, l, o->next.token) == -1) {
		listener_free(l);
		return (-1);
	}
	if (l == NULL)
		return (0);
	o->listener = l;
	if (spec.family != AF_UNIX)
		spec.port = (uint16_t)listener_port(l);
	log_write(LOGL_MESSAGE, "control socket on %s", spec_format(&spec,
	    text, sizeof(text)));
	return (0);
}

int
office_begin(struct daemon *d)
{
	struct office *o = d->office;
	int r;

	o->since = loop_now(d->loop);
	r = office_use(o);
	office_drop(&o->next);
	return (r);
}

void
office_commit(struct daemon *d, bool good)
{
	struct office *o = d->office;

	if (good) {
		o->levels = d->conf->log_levels;
		if (office_use(o) == -1)
			log_write(LOGL_ERROR, "controller: %s",
			    strerror(errno));
	}
	office_drop(&o->next);
}

void
office_forked(const struct daemon *d)
{
	if (d->office != NULL && d->office->next.listener != NULL)
		(void)close(listener_fd(d->office->next.listener));
}

struct listener *
office_listener(const struct daemon *d)
{
	return (d->office->listener);
}

void
office_close(struct daemon *d)
{
	d->office->listener = NULL;
	control_close(d->office->control);
}

void
office_end(struct daemon *d)
{
	struct office *o = d->office;

	d->office = NULL;
	if (o == NULL)
		return;
	office_drop(&o->next);
	loop_task_stop(&o->task);
	control_free(o->gone);
	control_free(o->control);
	free(o);
}

#undef OFFICE_TOKEN_MIN
#undef OFFICE_TOKEN_MAX
