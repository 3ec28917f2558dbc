/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * start.c - what start scripts start.
 * Owns:      which commands start a daemon, and which words are its own.
 * Called by: systemd.c, sysv.c, openrc.c, openwrt.c; openbsd.c and rc.c, for
 *            what is the same there.
 * Must not:  know where a platform has its scripts.
 */
#include "compat.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/word.h"
#include "config/value.h"
#include "detect/start_internal.h"

struct service *
start_service(struct detect_env *env, const struct detect_row *row,
    const char *name, const char *script)
{
	struct service *sv = service_add(env, row, name);

	if (sv == NULL)
		return (NULL);
	sv->vars = sh_new(env->root);
	sv->script = strdup(script);
	if (sv->vars != NULL && sv->script != NULL &&
	    service_prefix(sv, "") == 0)
		return (sv);
	env->no_memory = true;
	return (NULL);
}

void
start_glob(struct detect_env *env, struct conf_list *out, const char *format,
    ...)
{
	char path[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(path, sizeof(path), format, ap);
	va_end(ap);
	if ((size_t)n < sizeof(path))
		root_glob(env->root, path, out);
}

bool
start_is_there(struct detect_env *env, const char *path)
{

	return (root_kind(env->root, path) == ROOT_FILE ||
	    root_is_link(env->root, path));
}

static void
start_argv(struct service *sv, const struct sh_words *words, size_t first)
{
	const struct sh_word *w;

	for (; first < words->n; first++) {
		w = &words->item[first];
		if (sh_words_add(&sv->argv, w->text, w->file, w->line) == -1)
			return;
	}
}

static bool
start_is(const struct sh_word *w, const char *a, const char *b)
{

	return (w->text != NULL && (strcmp(w->text, a) == 0 ||
	    strcmp(w->text, b) == 0));
}

/* start-stop-daemon --start --exec DAEMON -- OPTION ... */
static void
start_daemon(struct service *sv, const struct sh_words *words)
{
	const struct sh_word *w;
	struct sh_words daemon = { NULL, 0 };
	size_t i, exec = 0, end = 0;

	for (i = 1; i < words->n && end == 0; i++) {
		w = &words->item[i];
		if (start_is(w, "--stop", "-K") || start_is(w, "--signal",
		    "--status"))
			return;
		if (start_is(w, "--exec", "-x") || start_is(w, "--startas",
		    "-a"))
			exec = ++i;
		else if (start_is(w, "--", "--"))
			end = i;
	}
	/* It may be there without a name, too. */
	if (exec == 0 && end > 1)
		exec = end - 1;
	if (exec == 0 || exec >= words->n)
		return;
	daemon.item = &words->item[exec];
	daemon.n = 1;
	start_argv(sv, &daemon, 0);
	if (end > 0)
		start_argv(sv, words, end + 1);
	/* What is no option of its own is the daemon's. */
	for (i = exec + 1; end == 0 && i < words->n; i++) {
		daemon.item = &words->item[i];
		if (daemon.item->text != NULL && daemon.item->text[0] == '-')
			break;
		start_argv(sv, &daemon, 0);
	}
}

/*
 * A sh_command with the service as its argument: the first that starts a daemon
 * sets its argv.
 */
static int
start_command(struct sh *sh, const struct sh_words *words, void *arg)
{
	/* What a script does before, and ends when it does not succeed. */
	static const char helper[] = "checkpath chmod chown ebegin echo eend "
	    "einfo install log_daemon_msg mkdir rm sleep touch";
	struct service *sv = arg;
	const char *name = words->n > 0 ? words->item[0].text : NULL;
	const char *base;
	size_t i = 1;

	(void)sh;
	if (name == NULL)
		return (SH_STATUS_NOT_MINE);
	for (base = name; strchr(base, '/') != NULL;)
		base = strchr(base, '/') + 1;
	if (strcmp(base, "start-stop-daemon") == 0 ||
	    strcmp(base, "supervise-daemon") == 0) {
		if (sv->argv.n == 0)
			start_daemon(sv, words);
		return (0);
	}
	if (strcmp(name, "exec") == 0 || strcmp(name, "daemon") == 0 ||
	    strcmp(name, "service_start") == 0) {
		/* daemon(): "--user=x", "+5" */
		while (*name != 'e' && i < words->n && words->item[i].text !=
		    NULL && strchr("-+", words->item[i].text[0]) != NULL)
			i++;
		/* "exec 2>/dev/null" starts nothing. */
		if (i >= words->n)
			return (0);
		if (sv->argv.n == 0)
			start_argv(sv, words, i);
		return (*name == 'e' ? SH_STATUS_END : 0);
	}
	if (strcmp(name, "procd_set_param") == 0 && words->n > 1 &&
	    start_is(&words->item[1], "command", "command")) {
		start_argv(sv, words, 2);
		return (0);
	}
	if (base > name && strcmp(base, sv->row->script) == 0) {
		if (sv->argv.n == 0)
			start_argv(sv, words, 0);
		return (0);
	}
	return (word_is_in(helper, base, strlen(base), false) ? 0 :
	    SH_STATUS_NOT_MINE);
}

void
start_source(struct detect_env *env, struct service *sv, const char *path)
{
	const struct root_file *f = root_read(env->root, path);

	if (f == NULL)
		return;
	if (sh_source(sv->vars, path) == -1 && f->text != NULL)
		env->no_memory = true;
	else if (f->text == NULL && !f->absent)
		service_problem(sv, path, 0, "%s", f->why);
	/* Whoever has started something before has been understood. */
	else if (sv->argv.n == 0 && sh_fault(sv->vars) != NULL)
		service_problem(sv, NULL, 0, "%s", sh_fault(sv->vars));
}

void
start_script(struct detect_env *env, struct service *sv, const char *path,
    const char *argument)
{
	const char *const arguments[2] = { path, argument };

	sh_arguments(sv->vars, 1 + (argument != NULL), arguments);
	sh_commands(sv->vars, start_command, sv);
	start_source(env, sv, path);
	sh_commands(sv->vars, NULL, NULL);
}

void
start_text(struct service *sv, const char *file, unsigned line,
    const char *text)
{

	sh_commands(sv->vars, start_command, sv);
	(void)sh_text(sv->vars, file, line, text, strlen(text));
	sh_commands(sv->vars, NULL, NULL);
}

void
start_variables(struct detect_env *env, struct service *sv,
    const char *const *command, const char *const *options)
{
	struct sh_value v;

	for (; sv->argv.n == 0 && *command != NULL; command++) {
		v = service_var(sv, *command);
		if (v.known == SH_KNOWN && v.text[0] != '\0' &&
		    sh_words_add(&sv->argv, v.text, v.file, v.line) == -1)
			env->no_memory = true;
	}
	for (; sv->argv.n > 0 && *options != NULL; options++) {
		v = service_var(sv, *options);
		if (v.known != SH_UNSET)
			sh_split(sv->vars, &v, true, &sv->argv);
	}
}

void
start_by(struct detect_env *env, struct service *sv, const char *command,
    const char *first, const char *second)
{
	sv->command = strdup(command);
	if (sv->command == NULL ||
	    value_list_add(&sv->command_options, first) == -1 || (second !=
	    NULL && value_list_add(&sv->command_options, second) == -1))
		env->no_memory = true;
}

void
start_enabled(struct detect_env *env, struct service *sv,
    enum detect_enabled enabled, const char *text, const char *path,
    unsigned line)
{

	sv->enabled = enabled;
	if (path != NULL)
		path = root_keep(env->root, path);
	fact_set(env, &sv->enabled_by, text, path, line);
}
