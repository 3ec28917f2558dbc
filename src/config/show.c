/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * show.c - print a snapshot.
 * Owns:      the layout of --show-config.
 * Called by: daemon/.
 * Must not:  know one key by its name.
 */
#include "compat.h"

#include <stdio.h>

#include "base/log.h"
#include "config/conf.h"
#include "config/field.h"
#include "config/key.h"
#include "config/lex.h"

static void
show_origin(const struct conf_origin *origin, FILE *fp)
{
	char file[1024];

	if (origin->file == NULL) {
		fputs("# default\n", fp);
		return;
	}
	log_escape(file, sizeof(file), origin->file, strlen(origin->file));
	if (origin->line != 0)
		fprintf(fp, "# %s:%u\n", file, origin->line);
	else
		fprintf(fp, "# %s\n", file);
}

/* Entry by entry; none at all is the default. */
static void
show_map(const struct key *key, const struct conf_map *map, const char *name,
    FILE *fp)
{
	char part[1040], value[LEX_TEXT_MAX * 4 + 3];
	size_t i;

	for (i = 0; i < map->n; i++) {
		show_origin(&map->item[i].origin, fp);
		fprintf(fp, "milter.%s.", lex_part(part, sizeof(part), name));
		fprintf(fp, "%.*s.%s = %s\n", (int)strcspn(key->name, "."),
		    key->name, lex_part(part, sizeof(part), map->item[i].name),
		    lex_quote(value, sizeof(value), map->item[i].value));
	}
}

static void
show_table(const struct key *table, const void *base, const char *name,
    const struct conf_origin *origin, FILE *fp)
{
	const struct key *key;
	char part[1040];
	const char *op;
	size_t at;

	for (key = table; key->name != NULL; key++, origin++) {
		if (key->type == KEY_MACROS) {
			show_map(key, (const void *)((const char *)base +
			    key->offset), name, fp);
			continue;
		}
		show_origin(origin, fp);
		/* A list may need more than one statement. */
		at = 0;
		op = "=";
		do {
			if (name != NULL)
				fprintf(fp, "milter.%s.",
				    lex_part(part, sizeof(part), name));
			fprintf(fp, "%s %s ", key->name, op);
			field_print(key, base, &at, fp);
			fputc('\n', fp);
			op = "+=";
		} while (field_more(key, base, at));
	}
}

void
conf_show(const struct conf *conf, FILE *fp)
{
	const struct conf_milter *m;
	size_t i;

	show_table(key_main, conf, NULL, conf->origin, fp);
	for (i = 0; i < conf->n_milters; i++) {
		m = conf->milters[i];
		fputc('\n', fp);
		show_table(key_child, m, m->name, m->origin, fp);
	}
}
