/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_feed.h - configurations of tables, made by hand.
 * Owns:      conf_begin, conf_table_add, conf_end, of one configuration each.
 * Called by: t_feed.c, h_feed.c.
 * Must not:  read a configuration file.
 */
#ifndef H_FEED_H
#define H_FEED_H

#include "compat.h"

#include <err.h>
#include <stdio.h>

#include "base/spec.h"
#include "condition/feed.h"
#include "config/conf.h"
#include "config/source.h"
#include "config/table.h"

#define H_TABLES_MAX	16

struct h_conf {
	struct conf	 conf;
	struct conf_table table[H_TABLES_MAX];
	struct conf_table *tables[H_TABLES_MAX];
};

static inline void
h_conf_fault(unsigned line, const char *why, void *arg)
{
	errx(1, "%s:%u: %s", (const char *)arg, line, why);
}

/* The interval in milliseconds. */
static inline void
h_conf_begin(struct h_conf *h, unsigned interval)
{
	memset(h, 0, sizeof(*h));
	h->conf.table_interval = interval;
	h->conf.tables = h->tables;
}

/*
 * text is "list:path" and so on, also of the work folder, which a configuration
 * does not take; it must stay.
 */
static inline struct conf_table *
h_conf_table(struct h_conf *h, char *text)
{
	static const struct {
		const char *prefix;
		enum conf_table_source source;
		enum table_kind kind;
	} sources[] = {
		{ "list:", CONF_TABLE_FILE, TABLE_LIST },
		{ "cidr:", CONF_TABLE_FILE, TABLE_CIDR },
		{ "regexp:", CONF_TABLE_FILE, TABLE_REGEXP },
		{ "exec:", CONF_TABLE_EXEC, TABLE_LIST },
		{ "database:", CONF_TABLE_DATABASE, TABLE_ROWS },
		{ "socketmap:", CONF_TABLE_SOCKETMAP, TABLE_LIST },
	};
	struct conf_table *t = &h->table[h->conf.n_tables];
	struct source_text source;
	char why[VALUE_WHY_MAX], server[256];
	size_t i;

	for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
		if (strncmp(text, sources[i].prefix,
		    strlen(sources[i].prefix)) == 0)
			break;
	if (i == sizeof(sources) / sizeof(sources[0]) ||
	    h->conf.n_tables == H_TABLES_MAX)
		errx(1, "%s: no such table", text);
	t->index = h->conf.n_tables;
	t->text = text;
	t->name = text;
	t->source = sources[i].source;
	t->kind = (int)sources[i].kind;
	t->where = text + strlen(sources[i].prefix);
	if (t->source == CONF_TABLE_SOCKETMAP) {
		strlcpy(server, t->where, sizeof(server));
		*strrchr(server, ':') = '\0';
		t->where = strrchr(t->where, ':') + 1;
		if (spec_parse(server, &t->spec, why, sizeof(why)) == -1)
			errx(1, "%s", why);
	} else if (t->source == CONF_TABLE_FILE) {
		if (source_read(t->where, 0, &source, why) == -1)
			errx(1, "%s: %s", t->where, why);
		t->data = table_new((enum table_kind)t->kind, source.text,
		    source.len, h_conf_fault, t->where);
		free(source.text);
		if (t->data == NULL)
			errx(1, "%s: no table", t->where);
	}
	h->tables[h->conf.n_tables++] = t;
	return (t);
}

static inline void
h_conf_end(struct h_conf *h)
{
	size_t i;

	for (i = 0; i < h->conf.n_tables; i++) {
		table_free(h->table[i].data);
		spec_free(&h->table[i].spec);
	}
}

#endif /* H_FEED_H */
