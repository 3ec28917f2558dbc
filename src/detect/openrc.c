/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * openrc.c - milters that OpenRC starts: Alpine and its like.
 * Owns:      which files a service has, and the runlevels.
 * Called by: detect.c, through the table of platforms.
 * Must not:  know a milter.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"
#include "detect/start_internal.h"

#define OPENRC_PATH		512
#define OPENRC_INSTANCES_MAX	50

/* "opendkim.two" is a link to "opendkim", and has the variables of both. */
static void
openrc_service(struct detect_env *env, const struct detect_row *row,
    const char *name)
{
	static const char *const command[] = { "command", NULL };
	static const char *const options[] = { "command_args",
	    "command_args_foreground", NULL };
	struct conf_list levels = { NULL, 0 };
	struct service *sv;
	struct sh_value v;
	char path[OPENRC_PATH], child[256];
	const char *dot = strchr(name, '.'), *link = NULL;
	size_t i;

	(void)snprintf(child, sizeof(child), "%s%s%s", row->script,
	    dot != NULL ? "-" : "", dot != NULL ? dot + 1 : "");
	(void)snprintf(path, sizeof(path), "/etc/init.d/%s", name);
	sv = start_service(env, row, child, path);
	if (sv == NULL)
		return;
	sh_set(sv->vars, "RC_SVCNAME", name, NULL, 0);
	sh_set(sv->vars, "SVCNAME", name, NULL, 0);
	sh_set(sv->vars, "RC_CMD", "start", NULL, 0);
	/* In the order of openrc-run(8). */
	(void)snprintf(path, sizeof(path), "/etc/conf.d/%s", row->script);
	start_source(env, sv, path);
	if (dot != NULL) {
		(void)snprintf(path, sizeof(path), "/etc/conf.d/%s", name);
		start_source(env, sv, path);
	}
	start_source(env, sv, "/etc/rc.conf");
	start_script(env, sv, sv->script, "start");
	start_text(sv, sv->script, 0, "start_pre\n");
	sh_words_free(&sv->argv);
	start_text(sv, sv->script, 0, "start\n");
	start_variables(env, sv, command, options);
	v = service_var(sv, "description");
	if (v.known == SH_KNOWN)
		fact_set(env, &sv->description, v.text, v.file, v.line);
	start_glob(env, &levels, "/etc/runlevels/*");
	for (i = 0; i < levels.n && link == NULL; i++) {
		if (strcmp(levels.item[i], "/etc/runlevels/shutdown") != 0 &&
		    (size_t)snprintf(path, sizeof(path), "%s/%s",
		    levels.item[i], name) < sizeof(path) &&
		    start_is_there(env, path))
			link = path;
	}
	start_enabled(env, sv, link != NULL ? DETECT_YES : DETECT_NO,
	    link != NULL ? "a link" : "in no runlevel", link != NULL ? link :
	    sv->script, 0);
	value_list_free(&levels);
	start_by(env, sv, "/sbin/rc-service", name, "start");
}

void
openrc_look(struct detect_env *env, const struct detect_row *row)
{
	struct conf_list more = { NULL, 0 };
	char path[OPENRC_PATH];
	size_t i;

	(void)snprintf(path, sizeof(path), "/etc/init.d/%s", row->script);
	if (start_is_there(env, path))
		openrc_service(env, row, row->script);
	start_glob(env, &more, "/etc/init.d/%s.?*", row->script);
	for (i = 0; i < more.n && i < OPENRC_INSTANCES_MAX; i++)
		if (root_is_link(env->root, more.item[i]))
			openrc_service(env, row, strrchr(more.item[i], '/') +
			    1);
	value_list_free(&more);
}

#undef OPENRC_PATH
#undef OPENRC_INSTANCES_MAX
