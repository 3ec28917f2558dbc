/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_tool.c - milter-manager-detect: what is installed, and what becomes
 * of it in the daemon.
 * Owns:      its command line; what found and configured is put beside.
 * Called by: main.c.
 * Must not:  print but faults, or know where a milter says its socket.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/log.h"
#include "base/number.h"
#include "base/options.h"
#include "config/key.h"
#include "config/lex.h"
#include "tool/detect_tool.h"
#include "tool/tool.h"

#define DETECT_TIMEOUT_MAX	((uint64_t)3600 * 1000)	/* ms */
#define DETECT_EXIT_BAD		1

enum detect_tool_option {
	DETECT_O_FILE = 1, DETECT_O_DIR, DETECT_O_SET, DETECT_O_PROBE,
	DETECT_O_TIMEOUT, DETECT_O_CONFIG, DETECT_O_JSON, DETECT_O_VERBOSE,
	DETECT_O_VERSION, DETECT_O_HELP,
	DETECT_O_KEY		/* this and all above: DETECT_ROOT and on */
};

static const struct option_def detect_tool_options[] = {
	{ 'f', DETECT_O_FILE, NULL, "FILE", "read this configuration file" },
	{ 'c', DETECT_O_DIR, "config-dir", "DIR",
	    "read milter-manager.conf there" },
	{ 's', DETECT_O_SET, "set", "KEY=VALUE",
	    "one more line of the configuration (repeat)" },
	{ 'r', DETECT_O_KEY + DETECT_ROOT, "root", "DIR", "as detect.root" },
	{ 'p', DETECT_O_KEY + DETECT_PLATFORM, "platform", "NAME",
	    "as package.platform" },
	{ 'o', DETECT_O_KEY + DETECT_OPTIONS, "options", "TEXT",
	    "as package.options" },
	{ 0, DETECT_O_KEY + DETECT_RSPAMADM, "rspamadm", "FILE",
	    "as detect.rspamadm" },
	{ 0, DETECT_O_PROBE, "probe", NULL, "connect to each milter" },
	{ 't', DETECT_O_TIMEOUT, "timeout", "SECONDS",
	    "of a probe, to connect and for the answer (5)" },
	{ 0, DETECT_O_CONFIG, "config", NULL,
	    "print it as lines of a configuration" },
	{ 0, DETECT_O_JSON, "json", NULL, "print it as JSON" },
	{ 'v', DETECT_O_VERBOSE, "verbose", NULL,
	    "print more, and each file that was asked for" },
	{ 0, DETECT_O_VERSION, "version", NULL, "print the version" },
	{ 0, DETECT_O_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

/* --- what found and configured say together ------------------------------- */

const struct conf_origin *
detect_tool_origin(const struct detect_line *l, const char *key)
{
	const struct conf_origin *o;

	if (l->m == NULL)
		return (NULL);
	o = &l->m->origin[key_find(key_child, key) - key_child];
	return (o->file != NULL ? o : NULL);
}

bool
detect_tool_decided(const struct detect_line *l)
{
	const struct conf_origin *o = detect_tool_origin(l, "enabled");
	const struct detect_fact *by;

	if (o == NULL || l->d == NULL)
		return (o != NULL);
	by = &l->d->enabled_by;
	if (by->file != NULL)
		return (strcmp(o->file, by->file) != 0 || o->line != by->line);
	return (l->d->script == NULL || strcmp(o->file, l->d->script) != 0 ||
	    o->line != 0);
}

size_t
detect_tool_sockets(const struct detect_line *l)
{
	if (l->m != NULL)
		return (l->m->specs.text.n);
	return (l->d->spec.text != NULL);
}

const char *
detect_tool_socket(const struct detect_line *l, size_t i)
{
	return (l->m != NULL ? l->m->specs.text.item[i] : l->d->spec.text);
}

const char *
detect_tool_condition(const struct detect_line *l, size_t i)
{
	if (l->m != NULL)
		return (i < l->m->applicable_conditions.n ?
		    l->m->applicable_conditions.item[i] : NULL);
	return (l->d->conditions != NULL ? l->d->conditions[i] : NULL);
}

bool
detect_tool_used(const struct detect_line *l)
{
	return (l->m != NULL && l->m->enabled);
}

/* It should work, and does not. */
static bool
detect_tool_bad(const struct detect_line *l)
{
	size_t i;

	if (!detect_tool_used(l)) {
		if (l->d == NULL || !l->d->installed ||
		    l->d->enabled != DETECT_YES)
			return (false);
		/* Somebody knows of it. */
		if (l->m != NULL && detect_tool_decided(l))
			return (false);
		if (!detect_usable(l->d))
			return (true);
	}
	for (i = 0; i < l->n_probes; i++)
		if (l->probe[i].outcome != PROBE_WORKS)
			return (true);
	return (false);
}

/* --- the command line ----------------------------------------------------- */

/* -1: go on; else the exit status. */
static int
detect_tool_option(struct detect_tool *t, int id, const char *arg)
{
	switch (id) {
	case DETECT_O_FILE:
		t->source.file = arg;
		break;
	case DETECT_O_DIR:
		t->source.dir = arg;
		break;
	case DETECT_O_SET:
		t->override[t->source.n_overrides++] = arg;
		break;
	case DETECT_O_PROBE:
		t->probe = true;
		break;
	case DETECT_O_TIMEOUT:
		if (number_read_time(arg, &t->timeout) == -1 ||
		    t->timeout == 0 || t->timeout > DETECT_TIMEOUT_MAX) {
			fprintf(stderr, "%s: --timeout: a duration up to an "
			    "hour is needed (see --help)\n", t->program);
			return (EX_USAGE);
		}
		break;
	case DETECT_O_CONFIG:
		t->form = DETECT_CONFIG;
		break;
	case DETECT_O_JSON:
		t->form = DETECT_JSON;
		break;
	case DETECT_O_VERBOSE:
		t->verbose = true;
		break;
	case DETECT_O_HELP:
		printf("usage: %s [option ...] [NAME ...]\n", t->program);
		options_usage(stdout, detect_tool_options);
		return (EX_OK);
	case DETECT_O_VERSION:
		printf("%s %s\n", t->program, MM_VERSION);
		return (EX_OK);
	default:
		t->value[id - DETECT_O_KEY] = arg;
		break;
	}
	return (-1);
}

static int
detect_tool_read_options(struct detect_tool *t, int argc, char **argv)
{
	struct options o;
	int id, status;
	unsigned forms = 0;

	t->override = calloc((size_t)argc, sizeof(*t->override));
	if (t->override == NULL)
		return (EX_OSERR);
	options_init(&o, detect_tool_options, argc, argv);
	while ((id = options_next(&o)) > 0) {
		status = detect_tool_option(t, id, o.arg);
		if (status != -1)
			return (status);
		forms |= id == DETECT_O_CONFIG ? 1u : id == DETECT_O_JSON ?
		    2u : 0u;
	}
	if (id < 0)
		return (EX_USAGE);
	if (forms == 3 || (forms == 1 && t->probe)) {
		fprintf(stderr, "%s: --config goes neither with --json nor "
		    "with --probe (see --help)\n", t->program);
		return (EX_USAGE);
	}
	t->name = argv + o.next;
	t->n_names = (size_t)(argc - o.next);
	return (-1);
}

/* --- the configuration ---------------------------------------------------- */

/* conf_source.detect has no argument of its own. */
static struct detect_tool *detect_tool_now;

static void
detect_tool_report(const char *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* What the command line has counts. */
static void
detect_tool_choose(struct detect_tool *t, struct conf_detect *to)
{
	const char **text[DETECT_KEYS];
	int i;

	text[DETECT_ROOT] = &to->root;
	text[DETECT_PLATFORM] = &to->platform;
	text[DETECT_OPTIONS] = &to->options;
	text[DETECT_RSPAMADM] = &to->rspamadm;
	for (i = 0; i < DETECT_KEYS; i++)
		if (t->value[i] != NULL)
			*text[i] = t->value[i];
		else
			t->value[i] = *text[i];
}

static int
detect_tool_load(const struct conf_detect *asked, char *why, size_t whysize)
{
	struct detect_tool *t = detect_tool_now;
	struct conf_detect to = *asked;

	/* They stay as they are: nothing may set them behind load_default. */
	t->loaded = true;
	detect_tool_choose(t, &to);
	return (detect_load(&to, why, whysize));
}

/* Where the file is; none, and nobody has asked for it: as if it were new. */
static void
detect_tool_path(struct detect_tool *t)
{
	static const char fresh[] = "load_default = true\n";
	const char *dir = t->source.dir != NULL ? t->source.dir :
	    MM_SYSCONFDIR;
	struct stat st;
	size_t size = strlen(dir) + sizeof("/milter-manager.conf");

	if (t->source.file != NULL)
		t->path = strdup(t->source.file);
	else if ((t->path = malloc(size)) != NULL)
		(void)snprintf(t->path, size, "%s/milter-manager.conf", dir);
	if (t->path == NULL) {
		t->no_memory = true;
		return;
	}
	if (t->source.file == NULL && t->source.dir == NULL &&
	    stat(t->path, &st) == -1 && errno == ENOENT) {
		free(t->path);
		t->path = NULL;
		t->source.text = fresh;
		t->source.text_len = sizeof(fresh) - 1;
	}
}

static int
detect_tool_configure(struct detect_tool *t)
{
	detect_tool_path(t);
	detect_tool_now = t;
	t->source.detect = detect_tool_load;
	t->source.known = detect_known;
	t->source.overrides = t->override;
	t->conf = conf_load(&t->source, detect_tool_report, NULL);
	if (t->conf == NULL)
		return (EX_CONFIG);
	if (!t->loaded) {
		/* What it would be. */
		struct conf_detect to;

		to.root = t->conf->detect_root;
		to.platform = t->conf->package_platform;
		to.options = t->conf->package_options;
		to.rspamadm = t->conf->detect_rspamadm;
		detect_tool_choose(t, &to);
	}
	return (EX_OK);
}

/* --- the rows ------------------------------------------------------------- */

/* One of those that are asked for; none is: all. */
static bool
detect_tool_named(const struct detect_tool *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->n_names; i++)
		if (strcmp(t->name[i], name) == 0)
			return (true);
	return (t->n_names == 0);
}

static void
detect_tool_add(struct detect_tool *t, const char *name,
    const struct detect_milter *d, const struct conf_milter *m)
{
	struct detect_line *l = &t->line[t->n];

	if (!detect_tool_named(t, name))
		return;
	l->name = name;
	l->d = d;
	l->m = m;
	t->n++;
}

/* The chain, in its order, then what is not in it. */
static int
detect_tool_rows(struct detect_tool *t)
{
	const struct conf *conf = t->conf;
	const struct detect *d = &t->detect;
	size_t i, k;

	t->line = calloc(conf->n_milters + d->n + 1, sizeof(*t->line));
	if (t->line == NULL)
		return (EX_OSERR);
	for (i = 0; i < conf->n_milters; i++) {
		const struct conf_milter *m = conf->milters[i];

		for (k = 0; k < d->n; k++)
			if (strcmp(d->item[k].name, m->name) == 0)
				break;
		/* One of the same name may have come without a package. */
		detect_tool_add(t, m->name, k < d->n && (m->specs.text.n == 0 ||
		    d->item[k].installed) ? &d->item[k] : NULL, m);
	}
	for (i = 0; i < d->n; i++)
		if (conf_milter(conf, d->item[i].name) == NULL)
			detect_tool_add(t, d->item[i].name, &d->item[i], NULL);
	for (i = 0; i < t->n_names; i++) {
		for (k = 0; k < t->n; k++)
			if (t->line[k].name != NULL &&
			    strcmp(t->line[k].name, t->name[i]) == 0)
				break;
		if (k == t->n) {
			char name[80];

			fprintf(stderr, "%s: %s: neither a milter that %s may "
			    "have, nor one of the configuration\n", t->program,
			    log_escape(name, sizeof(name), t->name[i],
			    strlen(t->name[i])), d->platform);
			return (EX_USAGE);
		}
	}
	return (EX_OK);
}

/* --- --config ------------------------------------------------------------- */

static void
detect_tool_comment(const char *text, const char *end)
{
	for (fputs("# ", stdout); *text != '\0'; text++)
		if (*text >= ' ' && *text < 0x7f)
			(void)putchar(*text);
		else
			printf("\\x%02x", (unsigned char)*text);
	fputs(end, stdout);
}

/* "milter.NAME.": of one that is asked for? */
static bool
detect_tool_about(const struct detect_tool *t, const char *text)
{
	char part[4 * 64 + 8];
	size_t i, len;

	for (i = 0; i < t->n_names; i++) {
		(void)lex_part(part, sizeof(part), t->name[i]);
		len = strlen(part);
		if (strncmp(text, "milter.", 7) == 0 &&
		    strncmp(text + 7, part, len) == 0 && text[7 + len] == '.')
			return (true);
	}
	return (t->n_names == 0);
}

static void
detect_tool_statement(void *arg, const char *file, unsigned line,
    const char *text)
{
	char place[16];

	if (!detect_tool_about(arg, text))
		return;
	(void)snprintf(place, sizeof(place), line > 0 ? ":%u\n" : "\n", line);
	detect_tool_comment(file != NULL ? file : "", place);
	printf("%s\n", text);
}

/* The end of what is said of one. */
static void
detect_tool_note(void *arg, bool fault, const char *text)
{
	const struct detect_tool *t = arg;

	(void)fault;
	if (t->n_names == 0)
		detect_tool_comment(text, "\n\n");
}

static int
detect_tool_config(struct detect_tool *t)
{
	struct conf_detect to;
	char why[256];

	memset(&to, 0, sizeof(to));
	detect_tool_choose(t, &to);
	to.statement = detect_tool_statement;
	to.note = detect_tool_note;
	to.arg = t;
	if (detect_load(&to, why, sizeof(why)) == 0)
		return (EX_OK);
	fprintf(stderr, "%s: %s\n", t->program, why);
	return (EX_CONFIG);
}

/* --- the run -------------------------------------------------------------- */

static int
detect_tool_find(struct detect_tool *t)
{
	struct detect_request request;
	char why[256];

	request.root = t->value[DETECT_ROOT];
	request.platform = t->value[DETECT_PLATFORM];
	request.options = t->value[DETECT_OPTIONS];
	request.rspamadm = t->value[DETECT_RSPAMADM];
	if (detect_run(&request, &t->detect, why, sizeof(why)) == 0)
		return (detect_tool_rows(t));
	fprintf(stderr, "%s: %s\n", t->program, why);
	return (EX_CONFIG);
}

static int
detect_tool_run(struct detect_tool *t)
{
	int status = detect_tool_configure(t);
	size_t i;

	if (status == EX_OK && !t->no_memory)
		status = detect_tool_find(t);
	if (status != EX_OK)
		return (status);
	(void)signal(SIGPIPE, SIG_IGN);
	if (t->probe && detect_probe(t) == -1)
		t->no_memory = true;
	if (t->no_memory)
		return (EX_OSERR);
	if (t->form == DETECT_CONFIG)
		status = detect_tool_config(t);
	else
		detect_print(t);
	if (t->verbose)
		detect_print_files(t, t->form == DETECT_TABLE ? stdout :
		    stderr);
	if (detect_incomplete(&t->detect) != NULL) {
		fprintf(stderr, "%s: %s\n", t->program,
		    detect_incomplete(&t->detect));
		status = DETECT_EXIT_BAD;
	}
	for (i = 0; status == EX_OK && i < t->n; i++)
		if (detect_tool_bad(&t->line[i]))
			status = DETECT_EXIT_BAD;
	return (fflush(stdout) == 0 && !ferror(stdout) ? status : EX_IOERR);
}

int
tool_detect(int argc, char **argv)
{
	struct detect_tool t;
	int status;

	memset(&t, 0, sizeof(t));
	t.program = argv[0];
	t.timeout = 5000;
	status = detect_tool_read_options(&t, argc, argv);
	if (status == -1)
		status = t.no_memory ? EX_OSERR : detect_tool_run(&t);
	if (status == EX_OSERR)
		fprintf(stderr, "%s: %s\n", t.program, strerror(errno));
	detect_probe_free(&t);
	detect_free(&t.detect);
	conf_unref(t.conf);
	free(t.override);
	free(t.line);
	free(t.path);
	return (status);
}

#undef DETECT_TIMEOUT_MAX
#undef DETECT_EXIT_BAD
