/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed_command.c - the program of a table.
 * Owns:      what is run for exec: and where client programs are looked for.
 * Called by: feed.c, feed_program.c; daemon/launcher_run.c.
 * Must not:  run anything.
 */
#include "compat.h"

#include "condition/feed_command.h"
#include "condition/feed_internal.h"

int
feed_command(const struct conf *conf, const struct conf_table *t,
    struct feed_command *c, char why[FEED_WHY_MAX])
{
	why[0] = '\0';
	if (t->source == CONF_TABLE_EXEC)
		return (buf_printf(&c->args, "/bin/sh%c-c%c%s%c", '\0', '\0',
		    t->where, '\0'));
	return (feed_database_command(conf, t->where, c, why));
}

void
feed_command_free(struct feed_command *c)
{
	buf_free(&c->args);
	buf_free(&c->input);
	buf_free(&c->env);
}

/* In PATH and where databases are installed. */
bool
feed_command_path(const struct feed_command *c, size_t i,
    char path[FEED_PATH_MAX])
{
	static const char *const folders[] = {
		"", "/usr/local/bin/", "/usr/pkg/bin/", "/opt/homebrew/bin/",
	};
	const size_t n = sizeof(folders) / sizeof(folders[0]);
	const char *name = i < n ? (const char *)buf_ptr(&c->args) : c->other;

	if (i >= 2 * n || name == NULL)
		return (false);
	strlcpy(path, folders[i % n], FEED_PATH_MAX);
	strlcat(path, name, FEED_PATH_MAX);
	return (true);
}

char **
feed_command_vector(const struct buf *b, char **rest)
{
	char *s = (char *)buf_ptr(b), *end = s + b->len, **v;
	size_t n = 1, i;

	for (i = 0; i < b->len; i++)
		n += s[i] == '\0';
	for (i = 0; rest != NULL && rest[i] != NULL; i++)
		n++;
	v = calloc(n, sizeof(*v));
	if (v == NULL)
		return (NULL);
	for (n = 0; s < end; s += strlen(s) + 1)
		v[n++] = s;
	for (i = 0; rest != NULL && rest[i] != NULL; i++)
		v[n++] = rest[i];
	return (v);
}
