/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sysv.c - milters that a script in init.d starts.
 * Owns:      where Debian and Red Hat have these scripts, their variables and
 *            the links of the runlevels.
 * Called by: systemd.c, for what has no unit; through the table of platforms
 *            for the names of what is in init.d.
 * Must not:  know units.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/word.h"
#include "config/value.h"
#include "detect/start_internal.h"

#define SYSV_PATH	512

static const char *const sysv_folders[] = { "/etc/init.d", "/etc/rc.d/init.d",
    NULL };

static bool
sysv_find(struct detect_env *env, const char *script, char path[SYSV_PATH])
{
	size_t i;

	for (i = 0; sysv_folders[i] != NULL; i++) {
		if ((size_t)snprintf(path, SYSV_PATH, "%s/%s",
		    sysv_folders[i], script) >= SYSV_PATH)
			continue;
		if (start_is_there(env, path))
			return (true);
	}
	return (false);
}

bool
sysv_exists(struct detect_env *env, const char *script)
{
	char path[SYSV_PATH];

	return (sysv_find(env, script, path));
}

/* The first S link of a runlevel that has services, kept by the root. */
static const char *
sysv_link(struct detect_env *env, const char *script)
{
	struct conf_list links = { NULL, 0 };
	const char *found = NULL;
	int level;

	for (level = '2'; level <= '5'; level++)
		start_glob(env, &links, "/etc/rc%c.d/S[0-9][0-9]%s", level,
		    script);
	if (links.n > 0)
		found = root_keep(env->root, links.item[0]);
	value_list_free(&links);
	return (found);
}

/* "# Description: ..." of the script's head, which has no variable. */
static void
sysv_description(struct detect_env *env, struct service *sv)
{
	static const char *const head[] = { "short-description:",
	    "description:", NULL };
	const struct root_file *f = root_read(env->root, sv->script);
	struct sh_value v = service_var(sv, "DESC");
	const char *p, *end;
	char text[200];
	unsigned line;
	size_t i;

	if (v.known == SH_KNOWN)
		fact_set(env, &sv->description, v.text, v.file, v.line);
	if (f == NULL || f->text == NULL)
		return;
	for (p = f->text, line = 1; *p == '#' || *p == '\n'; p = end + 1,
	    line++) {
		end = p + strcspn(p, "\n");
		p += strspn(p, "# \t");
		for (i = 0; head[i] != NULL; i++) {
			if (strncasecmp(p, head[i], strlen(head[i])) != 0)
				continue;
			p += strlen(head[i]);
			p += strspn(p, " \t");
			(void)snprintf(text, sizeof(text), "%.*s",
			    (int)strcspn(p, "\r\n"), p);
			fact_set(env, &sv->description, text, f->path, line);
			return;
		}
		if (*end == '\0')
			break;
	}
}

static void
sysv_enabled(struct detect_env *env, struct service *sv, const char *mask)
{
	const struct sh_value v = service_var(sv, "ENABLED");
	const char *link = sysv_link(env, sv->row->script);

	if (mask != NULL)
		start_enabled(env, sv, DETECT_NO, "masked", mask, 0);
	else if (link == NULL)
		start_enabled(env, sv, DETECT_NO, "no link in rc[2-5].d",
		    sv->script, 0);
	else if (v.known == SH_UNKNOWN)
		start_enabled(env, sv, DETECT_MAYBE, "ENABLED", v.file,
		    v.line);
	else if (word_is_in("0 no false", v.text, strlen(v.text), true))
		start_enabled(env, sv, DETECT_NO, "ENABLED", v.file, v.line);
	else
		start_enabled(env, sv, DETECT_YES, "a link", link, 0);
}

void
sysv_look(struct detect_env *env, const struct detect_row *row,
    const char *mask)
{
	static const char *const folder[] = { "/etc/default/",
	    "/etc/sysconfig/", NULL };
	static const char *const command[] = { "DAEMON", "PROG", NULL };
	static const char *const options[] = { "DAEMON_ARGS", "DAEMON_OPTS",
	    "OPTARGS", "OPTIONS", "PARAMS", "EXTRA_FLAGS", NULL };
	struct service *sv;
	char path[SYSV_PATH], file[SYSV_PATH];
	size_t i;

	if (!sysv_find(env, row->script, path))
		return;
	sv = start_service(env, row, row->script, path);
	if (sv == NULL)
		return;
	/* Where the script does not read it, it does no harm. */
	for (i = 0; folder[i] != NULL; i++)
		if ((size_t)snprintf(file, sizeof(file), "%s%s", folder[i],
		    row->script) < sizeof(file))
			start_source(env, sv, file);
	/* Before a script forgets them, as clamav-milter's. */
	sysv_enabled(env, sv, mask);
	start_script(env, sv, path, "start");
	start_variables(env, sv, command, options);
	sysv_description(env, sv);
	start_by(env, sv, path, "start", NULL);
}

void
sysv_scripts(struct detect_env *env, struct conf_list *names)
{
	size_t i;

	for (i = 0; sysv_folders[i] != NULL; i++)
		root_list(env->root, sysv_folders[i], names);
}

#undef SYSV_PATH
