/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * rc.c - start scripts that use rc.subr(8): FreeBSD, DragonFly and NetBSD.
 * Owns:      which files load_rc_config reads and in which order, what
 *            run_rc_command makes of a script's variables, profiles.
 * Called by: detect.c through the table of platforms.
 * Must not:  know one script from another, or run anything.
 *
 * A script is followed as at boot: with what rc.conf says already there, and
 * the argument "start".
 */
#include "compat.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/word.h"
#include "config/value.h"
#include "detect/start_internal.h"

#define RC_PATH		1024	/* bytes of a path that is put together */
#define RC_NAME		64	/* bytes of a service's name */
#define RC_PROFILES_MAX	32
#define RC_EXAMPLES	"/share/examples"

struct rc {
	struct detect_env *env;
	struct sh	*sh;
	struct service	*sv;		/* NULL: only rc.conf is wanted */
	bool		 netbsd;	/* its rc.subr, with pkgsrc */
	bool		 loaded;	/* rc.conf was read */
	bool		 reached;	/* run_rc_command */
	bool		 starting;	/* what it does is being followed */
	bool		 fault;		/* of a file of settings */
	bool		 profiles;	/* it may have some */
	struct sh_value	 set;		/* NAME_enable by the settings */
	int		 set_yes;	/* rc_yesno() of it */
	struct sh_words	 argv;		/* of a start_cmd */
	char		 output[RC_NAME + sizeof("_enable")];
};

static const char *
rc_text(const struct sh *sh, const char *name)
{
	return (sh_get(sh, name).text);
}

/* A variable of the service: NAME_flags. */
static struct sh_value
rc_var(const struct sh *sh, const char *suffix)
{
	char full[3 * RC_NAME];

	snprintf(full, sizeof(full), "%s_%s", rc_text(sh, "name"), suffix);
	return (sh_get(sh, full));
}

/* --- settings ------------------------------------------------------------ */

/*
 * Follows a file that need not be there, unless must.  What is wrong with it is
 * the service's problem, and a fault: whatever it sets, nobody knows.
 */
static void
rc_source(struct rc *rc, const char *path, bool must)
{
	const struct root_file *file = root_read(rc->env->root, path);
	const char *why = NULL;

	if (file == NULL || (file->absent && !must))
		return;
	if (file->text == NULL)
		why = file->why;
	else if (memchr(file->text, '\r', file->len) != NULL)
		why = "its lines end in CR LF, sh takes CR for a part of them";
	else if (sh_source(rc->sh, path) == -1)
		rc->env->no_memory = true;
	else if (!rc->reached && (why = sh_fault(rc->sh)) != NULL)
		path = NULL;
	if (why == NULL)
		return;
	rc->fault = true;
	if (rc->sv != NULL)
		service_problem(rc->sv, path, 0, "%s", why);
}

/* The words of a list in a variable, each once. */
static void
rc_list(struct detect_env *env, struct sh *sh, const char *name,
    struct conf_list *out)
{
	struct sh_value v = sh_get(sh, name);
	struct sh_words words = { NULL, 0 };
	size_t i, j;

	sh_split(sh, &v, false, &words);
	for (i = 0; i < words.n; i++) {
		for (j = 0; j < out->n && words.item[i].text != NULL; j++)
			if (strcmp(words.item[i].text, out->item[j]) == 0)
				break;
		if (words.item[i].text != NULL && j == out->n &&
		    value_list_add(out, words.item[i].text) == -1)
			env->no_memory = true;
	}
	sh_words_free(&words);
}

/* What is the same for all services. */
static void
rc_load(struct rc *rc)
{
	struct conf_list files = { NULL, 0 };
	size_t done = 0;
	unsigned turn;

	rc->loaded = true;
	if (rc->netbsd) {
		/* It reads /etc/defaults/rc.conf itself. */
		rc_source(rc, "/etc/rc.conf", false);
		return;
	}
	rc_source(rc, "/etc/defaults/rc.conf", false);
	rc_source(rc, "/etc/defaults/vendor.conf", false);
	/* What they say of rc_conf_files counts as well. */
	for (turn = 0; turn < 2; turn++) {
		rc_list(rc->env, rc->sh, "rc_conf_files", &files);
		for (; done < files.n; done++)
			rc_source(rc, files.item[done], false);
	}
	value_list_free(&files);
}

/* Those of one service, in FOLDER/rc.conf.d. */
static void
rc_load_folder(struct rc *rc, const char *folder, const char *name)
{
	struct conf_list files = { NULL, 0 };
	char path[RC_PATH];
	size_t i;

	if ((size_t)snprintf(path, sizeof(path), "%s/rc.conf.d/%s", folder,
	    name) >= sizeof(path) - 2)
		return;
	if (rc->netbsd || root_kind(rc->env->root, path) != ROOT_FOLDER) {
		rc_source(rc, path, false);
		return;
	}
	strlcat(path, "/*", sizeof(path));
	root_glob(rc->env->root, path, &files);
	for (i = 0; i < files.n; i++)
		if (root_kind(rc->env->root, files.item[i]) == ROOT_FILE)
			rc_source(rc, files.item[i], false);
	value_list_free(&files);
}

static void
rc_load_service(struct rc *rc, const char *name)
{
	struct conf_list folders = { NULL, 0 };
	char folder[RC_PATH];
	size_t i, len;

	if (!rc->loaded)
		rc_load(rc);
	if (name[0] == '\0' || strchr(name, '/') != NULL)
		return;
	rc_load_folder(rc, "/etc", name);
	if (!rc->netbsd)
		rc_list(rc->env, rc->sh, "local_startup", &folders);
	for (i = 0; i < folders.n; i++) {
		len = strlcpy(folder, folders.item[i], sizeof(folder));
		if (len < sizeof(folder) && len > 5 &&
		    strcmp(folder + len - 5, "/rc.d") == 0)
			folder[len - 5] = '\0';
		rc_load_folder(rc, folder, name);
	}
	value_list_free(&folders);
}

/* --- what rc.subr has ---------------------------------------------------- */

/* As checkyesno: 1, 0, or -1 when it is neither. */
static int
rc_yesno(const char *text)
{
	static const char *const words[] = { "no", "yes", "false", "true",
	    "off", "on", "0", "1" };
	int i;

	for (i = 0; i < 8; i++)
		if (strcasecmp(text, words[i]) == 0)
			return (i & 1);
	return (-1);
}

/* Functions of rc.subr: those that do nothing here, behind the others. */
static const char *const rc_functions[] = {
	"load_rc_config", "run_rc_command", "checkyesno", "err", "set_rcvar",
	"warn", "info", "debug", "startmsg", NULL
};

static int
rc_function(const char *name)
{
	int i;

	for (i = 0; rc_functions[i] != NULL; i++)
		if (strcmp(name, rc_functions[i]) == 0)
			return (i);
	return (-1);
}

/* Keeps the words from the daemon's path on: before it are daemon(8) etc. */
static void
rc_capture(struct rc *rc, const struct sh_words *words)
{
	const char *command = rc_text(rc->sh, "command");
	size_t i;

	if (command[0] == '\0' || rc->argv.n > 0)
		return;
	for (i = 0; i < words->n; i++)
		if (words->item[i].text != NULL &&
		    strcmp(words->item[i].text, command) == 0)
			break;
	for (; i < words->n; i++)
		if (sh_words_add(&rc->argv, words->item[i].text,
		    words->item[i].file, words->item[i].line) == -1)
			rc->env->no_memory = true;
}

static int
rc_on_command(struct sh *sh, const struct sh_words *words, void *arg)
{
	const char *word[3] = { "", "", "" };
	struct rc *rc = arg;
	struct sh_value v;
	size_t i;

	for (i = 0; i < 3 && i < words->n; i++)
		if (words->item[i].text != NULL)
			word[i] = words->item[i].text;
	if (strcmp(word[0], "type") == 0 && rc_function(word[1]) != -1)
		return (0);
	switch (rc_function(word[0])) {
	case -1:
		if (rc->starting)
			rc_capture(rc, words);
		return (SH_STATUS_NOT_MINE);
	case 0:
		/* "-s" and "-v" are ways of reading. */
		rc_load_service(rc, word[1][0] == '-' ? word[2] : word[1]);
		v = rc_var(sh, "enable");
		rc->set = v;
		rc->set.text = NULL;
		rc->set_yes = rc_yesno(v.text);
		return (0);
	case 1:
		rc->reached = true;
		return (SH_STATUS_END);
	case 2:
		v = sh_get(sh, word[1]);
		return (v.known == SH_UNKNOWN ? SH_STATUS_UNKNOWN :
		    rc_yesno(v.text) != 1);
	case 3:
		return (SH_STATUS_END);
	case 4:
		v = sh_get(sh, word[1]);
		if (words->n > 2 && v.known != SH_UNKNOWN && v.text[0] == '\0')
			sh_set(sh, word[1], word[2], words->item[2].file,
			    words->item[2].line);
		return (0);
	default:
		return (0);
	}
}

static const char *
rc_on_output(struct sh *sh, const struct sh_words *words, void *arg)
{
	struct rc *rc = arg;
	const char *name = sh_get(sh, "name").text;

	if (words->n == 0 || words->n > 2 || words->item[0].text == NULL ||
	    strcmp(words->item[0].text, "set_rcvar") != 0)
		return (NULL);
	if (words->n == 2 && (name = words->item[1].text) == NULL)
		return (NULL);
	snprintf(rc->output, sizeof(rc->output), "%s_enable", name);
	return (rc->output);
}

/* --- a script ------------------------------------------------------------ */

/* With the settings that all services have; false without memory. */
static bool
rc_open(struct rc *rc, struct detect_env *env, struct service *sv)
{
	char folder[sizeof(env->prefix) + 16];

	memset(rc, 0, sizeof(*rc));
	rc->env = env;
	rc->sv = sv;
	rc->netbsd = strcmp(env->platform->name, "pkgsrc") == 0;
	if ((rc->sh = sh_new(env->root)) == NULL)
		return (false);
	sh_commands(rc->sh, rc_on_command, rc);
	sh_outputs(rc->sh, rc_on_output, rc);
	snprintf(folder, sizeof(folder), "%s/etc/rc.d", env->prefix);
	sh_set(rc->sh, "local_startup", folder, NULL, 0);
	sh_set(rc->sh, "rc_directories", "/etc/rc.d", NULL, 0);
	sh_set(rc->sh, "rc_conf_files", "/etc/rc.conf /etc/rc.conf.local", NULL,
	    0);
	/* As NetBSD's has it at boot: "$_rc_subr_loaded . /etc/rc.subr". */
	sh_set(rc->sh, "_rc_subr_loaded", ":", NULL, 0);
	rc_load(rc);
	return (true);
}

/*
 * The folders that scripts are started from, as words; the last one of pkgsrc
 * is where packages have them, from where the administrator copies them.
 */
static const char *
rc_folders(struct detect_env *env)
{
	const char *prefix = env->prefix;
	char text[RC_PATH + 4 * sizeof(env->prefix)];
	struct rc rc;

	if (env->rcddir[0] != '\0')
		return (env->rcddir);
	if (env->folders == NULL && rc_open(&rc, env, NULL)) {
		if (rc.netbsd)
			snprintf(text, sizeof(text), "%s %s/etc/rc.d %s%s/rc.d",
			    rc_text(rc.sh, "rc_directories"), prefix, prefix,
			    RC_EXAMPLES);
		else
			snprintf(text, sizeof(text), "%s /etc/rc.d %s/etc/rc.d",
			    rc_text(rc.sh, "local_startup"), strcmp(prefix,
			    env->platform->prefix) != 0 ? prefix : "");
		sh_free(rc.sh);
		env->folders = root_keep(env->root, text);
	}
	return (env->folders != NULL ? env->folders : "");
}

/* FOLDER/NAME of the first word of *p, which goes on; false: no word. */
static bool
rc_folder(const char **p, const char *name, char path[RC_PATH])
{
	size_t n;

	*p += strspn(*p, " \t\n");
	n = strcspn(*p, " \t\n");
	if ((size_t)snprintf(path, RC_PATH, "%.*s/%s", (int)(n < RC_PATH ? n :
	    RC_PATH), *p, name) >= RC_PATH)
		path[0] = '\0';
	*p += n;
	return (n > 0);
}

/* Flags as words; "&" behind them is for the shell. */
static void
rc_words(struct rc *rc, const struct sh_value *v)
{
	struct sh_words *argv = &rc->argv;
	size_t len = strlen(v->text), n = argv->n;

	sh_split(rc->sh, v, true, argv);
	while (len > 0 && isspace((unsigned char)v->text[len - 1]))
		len--;
	if (len > 0 && v->text[len - 1] == '&' && argv->n > n &&
	    argv->item[argv->n - 1].text == NULL)
		argv->n--;
}

/* Drops what is before the daemon's own path: "daemon -f DAEMON FLAGS". */
static void
rc_drop_wrapper(struct rc *rc)
{
	const char *daemon = rc_text(rc->sh, "procname");
	struct sh_words *argv = &rc->argv;
	size_t i;

	for (i = 1; i < argv->n && daemon[0] != '\0'; i++) {
		if (argv->item[i].text == NULL ||
		    strcmp(argv->item[i].text, daemon) != 0)
			continue;
		for (; i > 0; i--) {
			free(argv->item[0].text);
			memmove(argv->item, argv->item + 1,
			    --argv->n * sizeof(argv->item[0]));
		}
		return;
	}
}

/*
 * A word that is what a setting says was said there, not where the script puts
 * its flags together; and one that is not known is not known because of it.
 */
static void
rc_on_variable(const char *name, const struct sh_value *v, void *arg)
{
	const char *prefix, *script;
	struct rc *rc = arg;
	struct sh_word *w;
	size_t i, len;

	prefix = rc_text(rc->sh, "name");
	script = rc->sv->script;
	len = strlen(prefix);
	if (v->file == NULL || strcmp(v->file, script) == 0 ||
	    strncmp(name, prefix, len) != 0)
		return;
	for (i = 0; i < rc->argv.n; i++) {
		w = &rc->argv.item[i];
		if (w->file == NULL || strcmp(w->file, script) != 0 ||
		    (w->text == NULL) != (v->known == SH_UNKNOWN) ||
		    (w->text != NULL && strcmp(w->text, v->text) != 0))
			continue;
		w->file = v->file;
		w->line = v->line;
	}
}

/* The daemon's command line: what run_rc_command does with "start". */
static void
rc_start(struct rc *rc, const char *path)
{
	const char *name = rc_text(rc->sh, "name");
	struct sh_value v, flags;
	char text[4 * RC_NAME + 160];
	size_t i;

	for (i = 0; isalnum((unsigned char)name[i]) || name[i] == '_'; i++)
		;
	if (name[i] != '\0' || i == 0 || i >= RC_NAME) {
		service_problem(rc->sv, path, 0, "its name is not known");
		return;
	}
	rc->starting = true;
	snprintf(text, sizeof(text), "rc_arg=start\n"
	    "command=${%s_program:-$command}\nrc_flags=${flags:-$%s_flags}\n"
	    "eval $start_precmd\n", name, name);
	(void)sh_text(rc->sh, path, 0, text, strlen(text));
	sh_words_free(&rc->argv);
	(void)sh_text(rc->sh, path, 0, "eval $start_cmd\n", 16);
	rc->starting = false;
	if (rc->argv.n == 0) {
		v = sh_get(rc->sh, "command");
		if (sh_words_add(&rc->argv, v.known == SH_KNOWN ? v.text : NULL,
		    v.file, v.line) == -1)
			rc->env->no_memory = true;
		/* The same text was said where the flags were set. */
		v = sh_get(rc->sh, "rc_flags");
		flags = rc_var(rc->sh, "flags");
		if (v.known == SH_KNOWN && flags.known == SH_KNOWN &&
		    strcmp(v.text, flags.text) == 0)
			v = flags;
		rc_words(rc, &v);
		v = sh_get(rc->sh, "command_args");
		rc_words(rc, &v);
		rc_drop_wrapper(rc);
	}
	sh_each(rc->sh, rc_on_variable, rc);
	rc->sv->argv = rc->argv;
	memset(&rc->argv, 0, sizeof(rc->argv));
	v = rc_var(rc->sh, "chroot");
	if (v.text[0] != '\0' && strcmp(v.text, "/") != 0)
		service_problem(rc->sv, v.file, v.line,
		    "it runs in a chroot, its paths are those of %s", v.text);
}

/* Whether the system starts it. */
static void
rc_enabled(struct rc *rc, const char *path, const char *profile)
{
	struct sh_value var = sh_get(rc->sh, "rcvar"), v, first;
	struct service *sv = rc->sv;
	char text[2 * RC_NAME + 64], own[2 * RC_NAME];
	int yes;

	v = var;
	if (var.known == SH_KNOWN && var.text[0] != '\0')
		v = sh_get(rc->sh, var.text);
	sv->enabled = DETECT_MAYBE;
	if (!rc->reached || rc->fault) {
		service_problem(sv, path, 0, "it ends before run_rc_command");
		return;
	}
	if (v.known == SH_UNKNOWN) {
		service_problem(sv, v.file, v.line, "whether it is enabled "
		    "is %s", v.why);
		return;
	}
	yes = rc_yesno(v.text);
	snprintf(text, sizeof(text), v.known == SH_UNSET ? "%s is not set" :
	    "%s=%s", var.text, v.text);
	if (var.text[0] == '\0') {
		yes = 1;
		v.file = path;
		snprintf(text, sizeof(text), "no rcvar");
	}
	/* A profile's own one says where it comes from, or the common one. */
	if (profile != NULL) {
		snprintf(own, sizeof(own), "%s_enable", profile);
		first = rc_var(rc->sh, own);
		if (first.text[0] != '\0')
			v = first;
		else if (rc->set.file != NULL && rc->set_yes == yes) {
			v.file = rc->set.file;
			v.line = rc->set.line;
		}
	}
	if (yes == -1 && v.text[0] != '\0')
		service_problem(sv, v.file, v.line, "%s is neither YES nor NO",
		    text);
	start_enabled(rc->env, sv, yes == 1 ? DETECT_YES : DETECT_NO, text,
	    v.file, v.line);
}

/* What the system would not start although a setting says so. */
static void
rc_refuse(struct service *sv, const char *path, const char *why)
{
	if (sv->enabled != DETECT_NO)
		service_problem(sv, path, 0, "%s", why);
	sv->enabled = DETECT_NO;
}

/* Follows the script; the service is at the end of the environment's. */
static void
rc_run(struct rc *rc, const char *path, const char *profile)
{
	const char *argument[3] = { path, "start", profile };
	const struct root_file *file = root_read(rc->env->root, path);
	struct service *sv = rc->sv;
	struct sh_value v;
	char text[2 * RC_NAME + 2];

	start_by(rc->env, sv, path, "start", profile);
	sh_arguments(rc->sh, profile != NULL ? 3 : 2, argument);
	if ((sv->script = strdup(path)) == NULL)
		rc->env->no_memory = true;
	if (sv->script == NULL || file == NULL)
		return;
	rc_source(rc, path, true);
	rc_enabled(rc, file->path, profile);
	/* Whatever it runs when it starts is too late for them. */
	rc->profiles = rc_var(rc->sh, "profiles").known != SH_UNSET;
	rc_start(rc, file->path);
	v = sh_get(rc->sh, "desc");
	if (v.text[0] != '\0')
		fact_set(rc->env, &sv->description, v.text, v.file, v.line);
	if (profile != NULL) {
		snprintf(text, sizeof(text), "%s_%s_", rc_text(rc->sh, "name"),
		    profile);
		(void)service_prefix(sv, text);
	}
	snprintf(text, sizeof(text), "%s_", rc_text(rc->sh, "name"));
	(void)service_prefix(sv, text);
	(void)service_prefix(sv, "");
	sv->vars = rc->sh;
	sh_commands(rc->sh, NULL, NULL);
	sh_outputs(rc->sh, NULL, NULL);
	rc->sh = NULL;
}

static void	rc_service(struct detect_env *, const struct detect_row *,
		    const char *path, const char *profile, bool example);

/* One service for each word of NAME_profiles, instead of the last one. */
static void
rc_profiles(struct detect_env *env, const struct detect_row *row,
    const char *path, bool example)
{
	struct service *sv = &env->service[env->n_services - 1];
	struct conf_list profiles = { NULL, 0 };
	struct sh_value v = rc_var(sv->vars, "profiles");
	char name[2 * RC_NAME];
	size_t i;

	if (v.known == SH_UNKNOWN)
		service_problem(sv, v.file, v.line, "which profiles it has is "
		    "%s", v.why);
	if (v.known != SH_KNOWN)
		return;
	snprintf(name, sizeof(name), "%s_profiles", rc_text(sv->vars, "name"));
	rc_list(env, sv->vars, name, &profiles);
	if (profiles.n > 0) {
		service_free(sv);
		env->n_services--;
	}
	for (i = 0; i < profiles.n && i < RC_PROFILES_MAX; i++)
		rc_service(env, row, path, profiles.item[i], example);
	value_list_free(&profiles);
}

static void
rc_service(struct detect_env *env, const struct detect_row *row,
    const char *path, const char *profile, bool example)
{
	char name[2 * RC_NAME];
	struct service *sv;
	struct rc rc;

	snprintf(name, sizeof(name), "%s%s%s", row->script,
	    profile != NULL ? "-" : "", profile != NULL ? profile : "");
	if ((sv = service_add(env, row, name)) == NULL ||
	    !rc_open(&rc, env, sv))
		return;
	rc_run(&rc, path, profile);
	sh_free(rc.sh);
	if (example)
		rc_refuse(sv, path, "an example, not where scripts are "
		    "started from");
	else if (!root_executable(env->root, path))
		rc_refuse(sv, path, "it cannot be executed");
	/* Without memory it has no variables. */
	if (profile == NULL && sv->vars != NULL && rc.profiles)
		rc_profiles(env, row, path, example);
}

void
rc_look(struct detect_env *env, const struct detect_row *row)
{
	const char *folders = rc_folders(env);
	const struct root_file *file;
	char path[RC_PATH];

	while (rc_folder(&folders, row->script, path)) {
		file = root_read(env->root, path);
		if (file != NULL && !file->absent) {
			rc_service(env, row, path, NULL,
			    word_search(path, RC_EXAMPLES) != NULL);
			return;
		}
	}
}

void
rc_scripts(struct detect_env *env, struct conf_list *names)
{
	const char *folders = rc_folders(env);
	char path[RC_PATH];
	size_t i;

	while (rc_folder(&folders, "", path))
		root_list(env->root, path, names);
	/* As run_rc_script: what an editor or a package left behind is none. */
	for (i = 0; i < names->n; i++)
		if (word_is_end("~ # .OLD .bak .orig ,v .sample .pkgsave",
		    names->item[i]))
			names->item[i][0] = '\0';
}

#undef RC_EXAMPLES
#undef RC_PATH
#undef RC_NAME
#undef RC_PROFILES_MAX
