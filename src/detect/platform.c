/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * platform.c - the systems that packages are looked for on.
 * Owns:      their names, which of them a tree of files is of, and what
 *            package.options may say.
 * Called by: detect.c, the daemon, the tools.
 * Must not:  read a script.
 */
#include "compat.h"

#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "config/lex.h"
#include "detect/detect.h"
#include "detect/detect_internal.h"

const struct detect_platform detect_platform_table[] = {
	{ "freebsd", "/usr/local", detect_rows_freebsd, rc_look, rc_scripts },
	{ "pkgsrc", "/usr/pkg", detect_rows_pkgsrc, rc_look, rc_scripts },
	{ "dragonfly", "/usr/local", detect_rows_freebsd, rc_look, rc_scripts },
	{ "openbsd", "/usr/local", detect_rows_openbsd, openbsd_look,
	    openbsd_scripts },
	{ "debian", "/usr", detect_rows_debian, linux_look, linux_scripts },
	{ "redhat", "/usr", detect_rows_redhat, linux_look, linux_scripts },
	{ "alpine", "/usr", detect_rows_alpine, openrc_look, sysv_scripts },
	{ "openwrt", "/usr", detect_rows_openwrt, openwrt_look, sysv_scripts },
	{ NULL, NULL, NULL, NULL, NULL }
};

/* A file that only one of them has. */
static const char *const platform_file[][2] = {
	{ "/etc/openwrt_release",	"openwrt" },
	{ "/etc/alpine-release",	"alpine" },
	{ "/etc/redhat-release",	"redhat" },
	{ "/etc/debian_version",	"debian" }
};

/* What the words of ID and ID_LIKE in os-release(5) stand for. */
static const char *const platform_id[][2] = {
	{ "ubuntu",	"debian" },
	{ "rhel",	"redhat" },
	{ "fedora",	"redhat" },
	{ "centos",	"redhat" },
	{ "suse",	"redhat" },
	{ "netbsd",	"pkgsrc" },
	{ "illumos",	"pkgsrc" }
};

/* The platform of that name; of "redhat9", as upstream has it, too. */
const struct detect_platform *
platform_find(const char *name)
{
	const struct detect_platform *p;
	size_t len;

	for (p = detect_platform_table; p->name != NULL; p++) {
		len = strlen(p->name);
		if (strcasecmp(name, p->name) == 0 ||
		    (strcmp(p->name, "redhat") == 0 &&
		    strncasecmp(name, p->name, len) == 0 &&
		    isdigit((unsigned char)name[len]) &&
		    name[len + 1] == '\0'))
			return (p);
	}
	return (NULL);
}

static const char *
platform_of_words(const char *text)
{
	const struct detect_platform *p;
	char word[32];
	size_t i, len;

	for (; *text != '\0'; text += len) {
		text += strspn(text, " \t");
		len = strcspn(text, " \t");
		if (len >= sizeof(word))
			continue;
		memcpy(word, text, len);
		word[len] = '\0';
		for (i = 0; i < sizeof(platform_id) / sizeof(platform_id[0]);
		    i++)
			if (strcmp(word, platform_id[i][0]) == 0)
				return (platform_id[i][1]);
		p = platform_find(word);
		if (p != NULL)
			return (p->name);
	}
	return (NULL);
}

const char *
detect_platform(struct root *root)
{
	static const char *const variable[] = { "ID", "ID_LIKE" };
	const char *name = NULL;
	struct sh *sh;
	size_t i;

	for (i = 0; i < sizeof(platform_file) / sizeof(platform_file[0]); i++)
		if (root_kind(root, platform_file[i][0]) == ROOT_FILE)
			return (platform_file[i][1]);
	sh = sh_new(root);
	if (sh != NULL && sh_source(sh, "/etc/os-release") == 0)
		for (i = 0; i < 2 && name == NULL; i++)
			name = platform_of_words(sh_get(sh, variable[i]).text);
	sh_free(sh);
	return (name != NULL ? name : COMPAT_PLATFORM);
}

/* One "name=/path" of package.options, which may have spaces around it. */
static int
platform_option(struct detect_env *env, const char *text, size_t len,
    char *why, size_t whysize)
{
	const char *value = memchr(text, '=', len);
	char name[16], quoted[120], given[sizeof(env->prefix)];
	size_t n = value != NULL ? (size_t)(value - text) : 0;

	while (n > 0 && isblank((unsigned char)text[n - 1]))
		n--;
	snprintf(name, sizeof(name), "%.*s", (int)(n < 15 ? n : 15), text);
	if (value == NULL || (strcmp(name, "prefix") != 0 &&
	    strcmp(name, "rcddir") != 0))
		goto wrong;
	for (value++; value < text + len && isblank((unsigned char)*value);
	    value++)
		;
	n = len - (size_t)(value - text);
	/* "/" alone stays. */
	while (n > 1 && value[n - 1] == '/')
		n--;
	/* Upstream's prefix was the folder of the configuration files. */
	if (name[0] == 'p' && n > 4 && strncmp(value + n - 4, "/etc", 4) == 0)
		n -= 4;
	if (n == 0 || value[0] != '/' || n >= sizeof(env->prefix))
		goto wrong;
	snprintf(name[0] == 'p' ? env->prefix : env->rcddir,
	    sizeof(env->prefix), "%.*s", (int)n, value);
	return (0);

wrong:
	snprintf(given, sizeof(given), "%.*s", (int)(len < 100 ? len : 100),
	    text);
	snprintf(why, whysize, "found %s, expected \"prefix=/FOLDER\", "
	    "\"rcddir=/FOLDER\" or both with a comma between them",
	    lex_quote(quoted, sizeof(quoted), given));
	return (-1);
}

int
platform_options(struct detect_env *env, const char *options, char *why,
    size_t whysize)
{
	size_t len, n;

	snprintf(env->prefix, sizeof(env->prefix), "%s",
	    env->platform->prefix);
	for (; options != NULL && *options != '\0'; options += len) {
		options += strspn(options, " \t,");
		len = n = strcspn(options, ",");
		while (n > 0 && isblank((unsigned char)options[n - 1]))
			n--;
		if (n > 0 && platform_option(env, options, n, why, whysize) ==
		    -1)
			return (-1);
	}
	return (0);
}

enum conf_known
detect_known(const char *name)
{
	const struct detect_platform *p;
	const struct detect_row *row;
	size_t len;

	for (p = detect_platform_table; p->name != NULL; p++)
		for (row = p->rows; row->script != NULL; row++) {
			len = strlen(row->script);
			/* That of a profile or an instance goes on. */
			if (strncmp(name, row->script, len) == 0 &&
			    (name[len] == '\0' ||
			    strchr("_-@", name[len]) != NULL))
				return (CONF_KNOWN);
		}
	return (detect_may_be(name) ? CONF_KNOWN_MAYBE : CONF_KNOWN_NOT);
}
