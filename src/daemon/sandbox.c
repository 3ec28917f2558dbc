/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sandbox.c - which folders a configuration needs, and for what.
 * Owns:      the list of those that are in force.
 * Called by: the start of each process with sessions, prepare.c at a reload.
 * Must not:  know what the system does with it: compat/compat_sandbox.h does.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/log.h"
#include "daemon/daemon_internal.h"
#include "daemon/sandbox.h"
#include "compat_sandbox.h"

#define SANDBOX_TEXT	512

static struct {
	struct compat_place *place;
	size_t		 n;
	unsigned	 limited;	/* COMPAT_MAY_* */
	bool		 entered;
	bool		 exec;
} sandbox;

/* --- what is needed ------------------------------------------------------ */

/* What is done with each place; real is as realpath(3) has it. */
typedef void sandbox_fn(const char *key, const char *real, unsigned may,
	    const void *arg);

/* Folders, and files which are made anew: their folders are what is needed. */
static const struct {
	const char	*key;
	uint16_t	 offset;
	uint8_t		 may;
	bool		 file;
} sandbox_rows[] = {
	{ "log.path", offsetof(struct conf, log_path), COMPAT_MAY_WRITE,
	    true },
	{ "manager.spool_directory", offsetof(struct conf, spool_directory),
	    COMPAT_MAY_WRITE, false },
	{ "manager.record_directory", offsetof(struct conf, record_directory),
	    COMPAT_MAY_WRITE, false },
	/* From here on not in a worker. */
	{ "manager.pid_file", offsetof(struct conf, pid_file),
	    COMPAT_MAY_WRITE, true },
	{ "manager.connection_spec", offsetof(struct conf, spec.path),
	    COMPAT_MAY_LISTEN, true },
	{ "controller.connection_spec", offsetof(struct conf,
	    control_spec.path), COMPAT_MAY_LISTEN, true },
	{ "manager.custom_configuration_directory", offsetof(struct conf,
	    custom_directory), COMPAT_MAY_WRITE, false },
};

#define SANDBOX_ROWS	(sizeof(sandbox_rows) / sizeof(sandbox_rows[0]))
#define SANDBOX_WORKERS	3	/* of them */

static void
sandbox_real(const char *key, const char *path, unsigned may, sandbox_fn *fn,
    const void *arg)
{
	char *real = realpath(path, NULL);

	if (real != NULL)
		fn(key, real, may, arg);
	free(real);
}

/* Up to its last name; path is cut. */
static const char *
sandbox_folder(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash == NULL)
		return (".");
	slash[slash == path] = '\0';
	return (path);
}

/*
 * The folder of the name, and that of the file behind a symbolic link; of what
 * is neither file nor socket, such as a device, only itself.
 */
static void
sandbox_file(const char *key, const char *path, unsigned may, sandbox_fn *fn,
    const void *arg)
{
	struct stat st;
	char *name, *real;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	    !S_ISSOCK(st.st_mode)) {
		sandbox_real(key, path, may, fn, arg);
		return;
	}
	name = strdup(path);
	if (name != NULL)
		sandbox_real(key, sandbox_folder(name), may, fn, arg);
	free(name);
	real = realpath(path, NULL);
	if (real != NULL)
		sandbox_real(key, sandbox_folder(real), may, fn, arg);
	free(real);
}

/* Sockets that are connected to. */
static void
sandbox_sockets(const struct conf *conf, sandbox_fn *fn,
    const void *arg)
{
	const struct conf_milter *m;
	size_t i, j;

	for (i = 0; i < conf->n_milters; i++) {
		m = conf->milters[i];
		for (j = 0; m->enabled && j < m->specs.text.n; j++)
			if (m->specs.spec[j].path != NULL)
				sandbox_file(m->name, m->specs.spec[j].path,
				    COMPAT_MAY_CONNECT, fn, arg);
		if (m->enabled && m->socks.path != NULL)
			sandbox_file(m->name, m->socks.path,
			    COMPAT_MAY_CONNECT, fn, arg);
	}
	for (i = 0; i < conf->n_tables; i++)
		if (conf->tables[i]->spec.path != NULL)
			sandbox_file(conf->tables[i]->name,
			    conf->tables[i]->spec.path, COMPAT_MAY_CONNECT,
			    fn, arg);
}

static void
sandbox_needs(const struct conf *conf, bool worker, sandbox_fn *fn,
    const void *arg)
{
	size_t i;

	for (i = 0; i < (worker ? SANDBOX_WORKERS : SANDBOX_ROWS); i++) {
		const void *at = (const char *)conf + sandbox_rows[i].offset;
		const char *path = *(const char *const *)at;

		if (path == NULL || strcmp(path, "-") == 0)
			continue;
		(sandbox_rows[i].file ? sandbox_file : sandbox_real)
		    (sandbox_rows[i].key, path, sandbox_rows[i].may, fn, arg);
	}
	sandbox_sockets(conf, fn, arg);
}

/* The one program that the daemon runs itself, while it reads a file. */
static bool
sandbox_execs(const struct conf *conf)
{
	return (conf->detect_rspamadm != NULL);
}

/* --- into it ------------------------------------------------------------- */

/* sandbox_fn: one more place, or more rights at one that is there. */
static void
sandbox_add(const char *key, const char *real, unsigned may,
    const void *arg)
{
	struct compat_place *grown;
	char *path;
	size_t i;

	(void)key;
	(void)arg;
	for (i = 0; i < sandbox.n; i++)
		if (strcmp(sandbox.place[i].path, real) == 0) {
			sandbox.place[i].may |= may;
			return;
		}
	/* Without memory it is left out, which is told at its first use. */
	path = strdup(real);
	grown = path == NULL ? NULL : realloc(sandbox.place,
	    (sandbox.n + 1) * sizeof(*grown));
	if (grown == NULL) {
		free(path);
		return;
	}
	sandbox.place = grown;
	grown[sandbox.n].path = path;
	grown[sandbox.n++].may = may;
}

void
sandbox_enter(const struct conf *conf, enum sandbox_who who)
{
	const char *notify = getenv("NOTIFY_SOCKET");
	char text[SANDBOX_TEXT];
	unsigned flags = 0;

	if (!conf->sandbox) {
		log_write(LOGL_INFO, "sandbox: off");
		return;
	}
	sandbox_end();
	sandbox_needs(conf, who == SANDBOX_WORKER, sandbox_add, NULL);
	if (who != SANDBOX_WORKER)
		flags |= COMPAT_SANDBOX_BIND;
	if (who == SANDBOX_MASTER)
		flags |= COMPAT_SANDBOX_FORK;
	if (notify != NULL && notify[0] == '@')
		flags |= COMPAT_SANDBOX_ABSTRACT;
	sandbox.exec = sandbox_execs(conf);
	if (sandbox.exec)
		flags |= COMPAT_SANDBOX_EXEC | COMPAT_SANDBOX_FORK;
	sandbox.entered = true;
	sandbox.limited = compat_sandbox(sandbox.place, sandbox.n, flags,
	    text, sizeof(text));
	log_write(who == SANDBOX_WORKER ? LOGL_DEBUG : LOGL_INFO,
	    "sandbox: %s", text);
}

void
sandbox_end(void)
{
	while (sandbox.n > 0)
		free(sandbox.place[--sandbox.n].path);
	free(sandbox.place);
	memset(&sandbox, 0, sizeof(sandbox));
}

/* --- a reload ------------------------------------------------------------ */

/* Is path the folder, or below it? */
static bool
sandbox_below(const char *folder, const char *path)
{
	size_t len = strlen(folder);

	if (strncmp(folder, path, len) != 0)
		return (false);
	return (path[len] == '\0' || path[len] == '/' ||
	    strcmp(folder, "/") == 0);
}

/* sandbox_fn */
static void
sandbox_check(const char *key, const char *real, unsigned may,
    const void *arg)
{
	unsigned have = ~sandbox.limited;
	size_t i;

	for (i = 0; i < sandbox.n; i++)
		if (sandbox_below(sandbox.place[i].path, real))
			have |= sandbox.place[i].may;
	if (may & ~have)
		daemon_tell(arg, LOGL_WARNING, "%s: %s is outside of the "
		    "sandbox until the next start: security.sandbox", key,
		    real);
}

void
sandbox_compare(const struct daemon *d, const struct conf *conf)
{
	if (conf->sandbox != sandbox.entered)
		daemon_tell(d, LOGL_WARNING, "security.sandbox: %s takes "
		    "effect at the next start", conf->sandbox ? "true" :
		    "false");
	if (!sandbox.entered)
		return;
	if (!sandbox.exec && sandbox_execs(conf))
		daemon_tell(d, LOGL_WARNING, "security.sandbox: "
		    "detect.rspamadm cannot be run until the next start");
	sandbox_needs(conf, false, sandbox_check, d);
}

void
sandbox_show(const struct conf *conf, FILE *fp)
{
	char text[SANDBOX_TEXT];

	compat_sandbox_offer(text, sizeof(text));
	(void)fprintf(fp, "\n## security.sandbox on this system: %s\n",
	    conf->sandbox ? text : "off");
}

#undef SANDBOX_TEXT
#undef SANDBOX_ROWS
#undef SANDBOX_WORKERS
