/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * openbsd.c - start scripts of OpenBSD: /etc/rc.d with rc.subr(8).
 * Owns:      how rc.conf.local is read (it is no shell script there), and what
 *            rc.subr makes of daemon and daemon_flags.
 * Called by: detect.c through the table of platforms.
 * Must not:  know one script from another, or run anything.
 */
#include "compat.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/word.h"
#include "config/value.h"
#include "detect/start_internal.h"

#define OPENBSD_NAME	128	/* bytes of a variable's name */
#define OPENBSD_VALUE	4096	/* more is not known */

struct openbsd {
	struct detect_env *env;
	struct service	*sv;
	const char	*name;		/* the script's */
	bool		 reached;	/* rc_cmd */
};

static bool
openbsd_is_blank(int c)
{
	return (c == ' ' || c == '\t');
}

/*
 * One line: NAME=VALUE, blanks around both are dropped and what is behind '#',
 * also between quotes; one pair of quotes around the value goes.
 */
static void
openbsd_line(struct sh *sh, const char *p, const char *end, const char *file,
    unsigned line)
{
	char name[OPENBSD_NAME], value[OPENBSD_VALUE];
	const char *equal, *hash;
	size_t len, i;

	while (p < end && openbsd_is_blank(*p))
		p++;
	equal = p < end ? memchr(p, '=', (size_t)(end - p)) : NULL;
	if (equal == NULL || equal == p || *p == '#')
		return;
	for (len = (size_t)(equal - p); openbsd_is_blank(p[len - 1]); len--)
		;
	if (len >= sizeof(name))
		return;
	for (i = 0; i < len; i++) {
		if (!isalnum((unsigned char)p[i]) && p[i] != '_')
			return;
		name[i] = (char)tolower((unsigned char)p[i]);
	}
	name[len] = '\0';
	/* Others rc.subr does not take from rc.conf. */
	if (!word_is_end("_class _execdir _flags _logger _rtable _timeout "
	    "_user pkg_scripts", name))
		return;
	for (p = equal + 1; p < end && openbsd_is_blank(*p); p++)
		;
	hash = p < end ? memchr(p, '#', (size_t)(end - p)) : NULL;
	if (hash != NULL)
		end = hash;
	while (end > p && openbsd_is_blank(end[-1]))
		end--;
	if (end - p >= 2 && (*p == '"' || *p == '\'') && end[-1] == *p) {
		p++;
		end--;
	}
	len = (size_t)(end - p);
	if (len >= sizeof(value)) {
		/* As what a shell would have to run. */
		(void)snprintf(value, sizeof(value), "%s=$(:)", name);
		(void)sh_text(sh, file, line, value, strlen(value));
		return;
	}
	memcpy(value, p, len);
	value[len] = '\0';
	sh_set(sh, name, value, file, line);
}

/* The settings; false with a problem when they cannot be known. */
static bool
openbsd_conf(struct openbsd *ob, struct sh *sh)
{
	static const char *const path[] = { "/etc/rc.conf",
	    "/etc/rc.conf.local" };
	const struct root_file *file;
	const char *p, *end, *eol;
	unsigned i, line;
	bool good = true;

	for (i = 0; i < 2; i++) {
		file = root_read(ob->env->root, path[i]);
		if (file == NULL)
			return (false);
		if (file->text == NULL && !file->absent) {
			service_problem(ob->sv, file->path, 0, "%s",
			    file->why);
			good = false;
		}
		if (file->text == NULL)
			continue;
		end = file->text + file->len;
		for (p = file->text, line = 1; p < end; p = eol + 1, line++) {
			/* read(1) hands over no line that does not end. */
			eol = memchr(p, '\n', (size_t)(end - p));
			if (eol == NULL)
				break;
			openbsd_line(sh, p, eol, file->path, line);
		}
	}
	return (good);
}

/* NAME_flags, with the script's name. */
static struct sh_value
openbsd_flags(const struct openbsd *ob, const struct sh *sh)
{
	char name[OPENBSD_NAME];

	snprintf(name, sizeof(name), "%s_flags", ob->name);
	return (sh_get(sh, name));
}

static int
openbsd_on_command(struct sh *sh, const struct sh_words *words, void *arg)
{
	struct openbsd *ob = arg;
	const char *name = words->item[0].text;
	struct sh_value v;

	if (words->n > 1 && words->item[1].text != NULL &&
	    strcmp(name, ".") == 0 &&
	    strcmp(words->item[1].text, "/etc/rc.d/rc.subr") == 0) {
		/* Flags of rc.conf.local take the place of the script's. */
		v = openbsd_flags(ob, sh);
		if (v.text[0] != '\0' && strcmp(v.text, "NO") != 0)
			sh_set(sh, "daemon_flags", v.text, v.file, v.line);
		return (0);
	}
	if (strcmp(name, "rc_cmd") == 0) {
		ob->reached = true;
		return (SH_STATUS_END);
	}
	if (strcmp(name, "rc_exec") != 0 || words->n < 2)
		return (SH_STATUS_NOT_MINE);
	memset(&v, 0, sizeof(v));
	v.known = words->item[1].text != NULL ? SH_KNOWN : SH_UNKNOWN;
	v.text = v.known == SH_KNOWN ? words->item[1].text : "";
	v.file = words->item[1].file;
	v.line = words->item[1].line;
	if (ob->sv->argv.n == 0)
		sh_split(sh, &v, true, &ob->sv->argv);
	return (0);
}

/* Whether /etc/rc starts it: a word of pkg_scripts, and no flags of NO. */
static void
openbsd_enabled(struct openbsd *ob, struct sh *sh, bool good)
{
	struct sh_value v = sh_get(sh, "pkg_scripts"), flags;
	enum detect_enabled enabled = DETECT_NO;
	struct sh_words words = { NULL, 0 };
	const char *text = "not in pkg_scripts";
	struct service *sv = ob->sv;
	size_t i;

	sh_split(sh, &v, false, &words);
	for (i = 0; i < words.n && enabled != DETECT_YES; i++)
		if (words.item[i].text == NULL)
			enabled = DETECT_MAYBE;
		else if (strcmp(words.item[i].text, ob->name) == 0)
			enabled = DETECT_YES;
	sh_words_free(&words);
	if (enabled == DETECT_YES)
		text = "in pkg_scripts";
	else if (enabled == DETECT_MAYBE)
		text = "pkg_scripts is not known";
	flags = openbsd_flags(ob, sh);
	if (strcmp(flags.text, "NO") == 0) {
		enabled = DETECT_NO;
		text = "flags=NO";
		v = flags;
	} else if (enabled == DETECT_YES &&
	    !root_executable(ob->env->root, sv->script)) {
		service_problem(sv, sv->script, 0, "it cannot be executed");
		enabled = DETECT_NO;
	}
	start_enabled(ob->env, sv, good ? enabled : DETECT_MAYBE, text, v.file,
	    v.line);
}

void
openbsd_look(struct detect_env *env, const struct detect_row *row)
{
	static const char *const daemon[] = { "daemon", NULL };
	static const char *const flags[] = { "daemon_flags", NULL };
	const struct root_file *file;
	struct openbsd ob = { env, NULL, row->script, false };
	struct service *sv;
	char path[sizeof(env->rcddir) + OPENBSD_NAME];
	const char *why;
	const char *const argument[2] = { path, "start" };
	bool good;

	snprintf(path, sizeof(path), "%s/%s", env->rcddir[0] != '\0' ?
	    env->rcddir : "/etc/rc.d", row->script);
	file = root_read(env->root, path);
	if (file == NULL || file->absent ||
	    (sv = start_service(env, row, row->script, path)) == NULL)
		return;
	ob.sv = sv;
	start_by(env, sv, "/usr/sbin/rcctl", "start", row->script);
	sh_commands(sv->vars, openbsd_on_command, &ob);
	good = openbsd_conf(&ob, sv->vars);
	/* Before the script, which has no say in it. */
	openbsd_enabled(&ob, sv->vars, good);
	sh_arguments(sv->vars, 2, argument);
	start_source(env, sv, path);
	if (!ob.reached && (why = sh_fault(sv->vars)) != NULL)
		service_problem(sv, NULL, 0, "%s", why);
	else if (!ob.reached)
		service_problem(sv, path, 0, "it ends before rc_cmd");
	/* Most have no function of that name, then it does nothing. */
	start_text(sv, file->path, 0, "rc_start\n");
	start_variables(env, sv, daemon, flags);
	sh_commands(sv->vars, NULL, NULL);
}

void
openbsd_scripts(struct detect_env *env, struct conf_list *names)
{
	root_list(env->root, env->rcddir[0] != '\0' ? env->rcddir :
	    "/etc/rc.d", names);
}

#undef OPENBSD_NAME
#undef OPENBSD_VALUE
