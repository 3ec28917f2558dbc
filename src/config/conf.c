/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * conf.c - the life of a snapshot.
 * Owns:      its memory and its references.
 * Called by: daemon/, tool/, and all who hold one.
 * Must not:  change a snapshot that was handed out.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/conf.h"
#include "config/field.h"
#include "config/key.h"
#include "config/logic.h"
#include "config/parse.h"

const char *
conf_status_name(enum conf_status status)
{
	return (word_name(key_status_words, (int)status));
}

static struct conf *
conf_new(void)
{
	struct conf *conf = calloc(1, sizeof(*conf));

	if (conf == NULL)
		return (NULL);
	conf->refs = 1;
	conf->origin = calloc(key_count(key_main), sizeof(*conf->origin));
	if (conf->origin == NULL || field_defaults(key_main, conf) == -1) {
		conf_unref(conf);
		return (NULL);
	}
	return (conf);
}

struct conf *
conf_ref(struct conf *conf)
{
	conf->refs++;
	return (conf);
}

void
conf_milter_free(struct conf_milter *m)
{
	if (m == NULL)
		return;
	field_free(key_child, m);
	free(m->conditions);
	free(m->given);
	free(m->origin);
	free(m->name);
	free(m);
}

void
conf_condition_free(struct conf_condition *c)
{
	if (c == NULL)
		return;
	field_free(key_condition, c);
	free(c->origin);
	free(c->name);
	free(c);
}

void
conf_unref(struct conf *conf)
{
	size_t i;

	if (conf == NULL || --conf->refs > 0)
		return;
	for (i = 0; i < conf->n_milters; i++)
		conf_milter_free(conf->milters[i]);
	free(conf->milters);
	for (i = 0; i < conf->n_conditions; i++)
		conf_condition_free(conf->conditions[i]);
	free(conf->conditions);
	for (i = 0; i < conf->n_notes; i++)
		free(conf->notes[i].text);
	free(conf->notes);
	field_free(key_main, conf);
	free(conf->origin);
	parse_free_names(conf);
	free(conf);
}

const struct conf_milter *
conf_milter(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->n_milters; i++) {
		if (strcmp(conf->milters[i]->name, name) == 0)
			return (conf->milters[i]);
	}
	return (NULL);
}

struct conf_condition *
conf_condition_find(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->n_conditions; i++)
		if (strcmp(conf->conditions[i]->name, name) == 0)
			return (conf->conditions[i]);
	return (NULL);
}

const struct conf_table *
conf_table(const struct conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->n_tables; i++)
		if (strcmp(conf->tables[i]->name, name) == 0)
			return (conf->tables[i]);
	return (NULL);
}

struct conf *
conf_load(const struct conf_source *source,
    void (*report)(const char *line, void *arg), void *arg)
{
	struct parse ps;
	const char *dir = source->dir != NULL ? source->dir : MM_SYSCONFDIR;
	const char *path = source->file;
	char *made = NULL;
	size_t i, len;

	memset(&ps, 0, sizeof(ps));
	ps.conf = conf_new();
	ps.source = source;
	if (path == NULL) {
		len = strlen(dir) + sizeof("/milter-manager.conf");
		path = made = malloc(len);
		if (made != NULL)
			snprintf(made, len, "%s/milter-manager.conf", dir);
	}
	if (ps.conf == NULL || path == NULL) {
		ps.errors.no_memory = true;
		path = path != NULL ? path : dir;
	} else {
		parse_builtin(&ps, logic_builtin);
		if (source->text != NULL)
			parse_bytes(&ps, path, source->text, source->text_len);
		else
			parse_file(&ps, path);
		parse_custom(&ps);
		for (i = 0; i < source->n_overrides; i++)
			parse_override(&ps, source->overrides[i]);
		parse_finish(&ps);
	}
	if (errors_report(&ps.errors, path, report, arg) > 0 &&
	    !source->faulty) {
		conf_unref(ps.conf);
		ps.conf = NULL;
	}
	free(made);
	return (ps.conf);
}
