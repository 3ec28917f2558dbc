/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * show.c - print a snapshot, and the table of keys as documents.
 * Owns:      the layout of --show-config, of the sample file and of the
 *            manual's list.
 * Called by: daemon/ and the makers of the documents.
 * Must not:  know one key by its name.
 */
#include "compat.h"

#include <stdio.h>

#include "base/log.h"
#include "config/conf.h"
#include "config/field.h"
#include "config/key.h"
#include "config/lex.h"

#define SHOW_WIDTH	76

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

/*
 * Prints text in lines that fit, each behind start; in a manual every sentence
 * begins a line.
 */
static void
show_fill(const char *text, const char *start, bool manual, FILE *fp)
{
	size_t column = 0, n;

	while (*text != '\0') {
		n = strcspn(text, " ");
		if (column > 0 && column + n + 1 > SHOW_WIDTH) {
			fputc('\n', fp);
			column = 0;
		}
		column += (size_t)fprintf(fp, "%s%.*s",
		    column == 0 ? start : " ", (int)n, text);
		if (manual && n > 0 && text[n - 1] == '.')
			column = SHOW_WIDTH;
		text += n;
		text += strspn(text, " ");
	}
	fputc('\n', fp);
}

static void
show_sample_table(const struct key *table, const char *prefix, FILE *fp)
{
	const struct key *key;
	char value[320] = "Value: ";

	for (key = table; key->name != NULL; key++) {
		fputc('\n', fp);
		show_fill(key->help, "# ", false, fp);
		field_expected(key, value + 7, sizeof(value) - 8);
		strlcat(value, ".", sizeof(value));
		show_fill(value, "# ", false, fp);
		fprintf(fp, "#%s%s = %s\n", prefix, key->name, key->def);
	}
}

void
conf_show_sample(FILE *fp)
{
	fputs("# Every key of milter-manager.conf(5), its default commented "
	    "out.\n", fp);
	show_sample_table(key_main, "", fp);
	fputs("\n# Each milter has a NAME; they run in the order in which "
	    "they are first named.\n", fp);
	show_sample_table(key_child, "milter.NAME.", fp);
	fputs("\n# Settings of this machine.\n"
	    "load_if_exist = \"milter-manager.local.conf\"\n", fp);
}

/* A quote begins an argument in mdoc. */
static void
show_mdoc_text(const char *p, FILE *fp)
{
	for (; *p != '\0'; p++) {
		if (*p == '"')
			fputs("\\(dq", fp);
		else
			fputc(*p, fp);
	}
}

static void
show_mdoc_table(const struct key *table, const char *prefix, FILE *fp)
{
	const struct key *key;
	char value[320] = "Value: ";

	for (key = table; key->name != NULL; key++) {
		fprintf(fp, ".It Ic %s", prefix);
		show_mdoc_text(key->name, fp);
		fputc('\n', fp);
		show_fill(key->help, "", true, fp);
		fputs(".Pp\n", fp);
		field_expected(key, value + 7, sizeof(value) - 8);
		strlcat(value, ".", sizeof(value));
		show_fill(value, "", true, fp);
		fputs("Default:\n.Li ", fp);
		show_mdoc_text(key->def, fp);
		fputc('\n', fp);
	}
}

void
conf_show_mdoc(FILE *fp)
{
	fputs(".Bl -tag -width Ds\n", fp);
	show_mdoc_table(key_main, "", fp);
	show_mdoc_table(key_child, "milter.NAME.", fp);
	fputs(".El\n", fp);
}

#undef SHOW_WIDTH
