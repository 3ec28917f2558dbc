/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * show.c - print a snapshot.
 * Owns:      the layout of --show-config.
 * Called by: daemon/, control/.
 * Must not:  know one key by its name.
 */
#include "compat.h"

#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "base/number.h"
#include "config/conf.h"
#include "config/expr.h"
#include "config/key.h"
#include "config/lex.h"
#include "config/logic.h"

static void
show_list(const struct conf_list *list, size_t *at, FILE *fp)
{
	char quoted[LEX_TEXT_MAX * 4 + 3];
	size_t len = 0;
	const char *comma = "";

	fputc('[', fp);
	/* Far from the limit of a statement, whatever the next one is. */
	while (*at < list->n && len < LEX_STATEMENT_MAX / 2) {
		lex_quote(quoted, sizeof(quoted), list->item[(*at)++]);
		fprintf(fp, "%s%s", comma, quoted);
		len += strlen(quoted) + 2;
		comma = ", ";
	}
	fputc(']', fp);
}

/* One is shown as it is written mostly. */
static void
show_specs(const struct conf_list *list, size_t *at, FILE *fp)
{
	char quoted[LEX_TEXT_MAX * 4 + 3];

	if (list->n > 1)
		show_list(list, at, fp);
	else if (list->n == 1)
		fputs(lex_quote(quoted, sizeof(quoted), list->item[(*at)++]),
		    fp);
	else
		fputs("nil", fp);
}

static void
show_value(const struct key *key, const void *base, size_t *at, FILE *fp)
{
	char text[LEX_TEXT_MAX * 4 + 3];
	const void *p = (const void *)((const char *)base + key->offset);
	const char *s;
	int value;

	switch ((enum key_type)key->type) {
	case KEY_BOOL:
		fputs(*(const bool *)p ? "true" : "false", fp);
		break;
	case KEY_WORD:
		memcpy(&value, p, sizeof(value));
		s = word_name(key->words, value);
		if (s == NULL)
			fputs("nil", fp);
		else
			fprintf(fp, "\"%s\"", s);
		break;
	case KEY_LEVELS:
		fprintf(fp, "\"%s\"", log_format_levels(*(const unsigned *)p,
		    text, sizeof(text)));
		break;
	case KEY_NUMBER:
		if (*(const unsigned *)p == UINT_MAX)
			fputs("nil", fp);
		else
			fprintf(fp, "%u", *(const unsigned *)p);
		break;
	case KEY_MODE:
		fprintf(fp, "%04o", *(const unsigned *)p);
		break;
	case KEY_TIME:
		fputs(number_format_time(*(const uint64_t *)p, text,
		    sizeof(text)), fp);
		break;
	case KEY_SIZE:
		fputs(number_format_size(*(const size_t *)p, text,
		    sizeof(text)), fp);
		break;
	case KEY_SPECS:
		show_specs(p, at, fp);
		break;
	case KEY_LIST:
	case KEY_CONDITIONS:
		show_list(p, at, fp);
		break;
	case KEY_STOP:
	case KEY_RULES:
		logic_print(key, base, at, fp);
		break;
	case KEY_MACROS:
	case KEY_SET_MACRO:
	case KEY_SET_NOTE:
	case KEY_TABLES:
		break;		/* by their entries */
	case KEY_STRING:
	case KEY_SECRET:
	case KEY_FILE:
	case KEY_BACKEND:
	case KEY_SPEC:
		s = *(char *const *)p;
		fputs(s == NULL ? "nil" : lex_quote(text, sizeof(text), s),
		    fp);
		break;
	}
}

static bool
show_more(const struct key *key, const void *base, size_t at)
{
	const struct conf_list *list = (const void *)((const char *)base +
	    key->offset);

	return (logic_more(key, base, at) || ((key->type == KEY_LIST ||
	    key->type == KEY_CONDITIONS || key->type == KEY_SPECS) &&
	    at < list->n));
}

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

/* One entry; value is as it is read. */
static void
show_entry(const char *group, const char *name, const struct key *key,
    const char *entry, const char *value, const struct conf_origin *origin,
    FILE *fp)
{
	char part[1040];

	show_origin(origin, fp);
	if (group != NULL)
		fprintf(fp, "%s.%s.", group, lex_part(part, sizeof(part),
		    name));
	fprintf(fp, "%.*s.%s = %s\n", (int)strcspn(key->name, "."),
	    key->name, lex_part(part, sizeof(part), entry), value);
}

/* Entry by entry; none at all is the default. */
static void
show_entries(const struct key *key, const void *base, const char *group,
    const char *name, FILE *fp)
{
	const void *at = (const char *)base + key->offset;
	const struct conf_map *map = at;
	const struct conf_setters *setters = at;
	const struct conf *conf = base;
	char value[LEX_TEXT_MAX * 4 + 3];
	size_t i;

	for (i = 0; key->type == KEY_MACROS && i < map->n; i++)
		show_entry(group, name, key, map->item[i].name,
		    lex_quote(value, sizeof(value), map->item[i].value),
		    &map->item[i].origin, fp);
	for (i = 0; key->type == KEY_TABLES && i < conf->n_tables; i++)
		show_entry(group, name, key, conf->tables[i]->name,
		    lex_quote(value, sizeof(value), conf->tables[i]->text),
		    &conf->tables[i]->origin, fp);
	for (i = 0; (key->type == KEY_SET_MACRO || key->type == KEY_SET_NOTE) &&
	    i < setters->n; i++) {
		const struct conf_setter *s = &setters->item[i];

		if (s->origin.file == NULL)
			continue;	/* built in */
		snprintf(value, sizeof(value), "%s: %s%s%s",
		    conf_stage_name((enum conf_stage)s->stage),
		    expr_text(s->value), s->only != NULL ? " if " : "",
		    s->only != NULL ? expr_text(s->only) : "");
		show_entry(group, name, key, s->name, value, &s->origin, fp);
	}
}

/*
 * All keys of one thing; of a condition (built_in) only those that were set, as
 * the others are either nothing or built in.
 */
static void
show_table(const struct key *table, const void *base, const char *group,
    const char *name, const struct conf_origin *origin, bool built_in,
    bool mask, FILE *fp)
{
	const struct key *key;
	char part[1040];
	const char *op;
	size_t at;
	bool hide;

	for (key = table; key->name != NULL; key++, origin++) {
		if (key_has_entries(key)) {
			show_entries(key, base, group, name, fp);
			continue;
		}
		if (built_in && origin->file == NULL)
			continue;
		show_origin(origin, fp);
		/* A list may need more than one statement. */
		at = 0;
		op = "=";
		hide = mask && key->type == KEY_SECRET && *(char *const *)
		    (const void *)((const char *)base + key->offset) != NULL;
		do {
			if (hide)
				fputs("# hidden: ", fp);
			if (name != NULL)
				fprintf(fp, "%s.%s.", group,
				    lex_part(part, sizeof(part), name));
			fprintf(fp, "%s %s ", key->name, op);
			if (!hide)
				show_value(key, base, &at, fp);
			fputc('\n', fp);
			op = "+=";
		} while (show_more(key, base, at));
	}
}

static void
show_all(const struct conf *conf, bool mask, FILE *fp)
{
	const struct conf_condition *c;
	const struct conf_milter *m;
	size_t i;

	show_table(key_main, conf, NULL, NULL, conf->origin, false, mask, fp);
	for (i = 0; i < conf->n_conditions; i++) {
		c = conf->conditions[i];
		show_table(key_condition, c, "condition", c->name, c->origin,
		    true, mask, fp);
	}
	for (i = 0; i < conf->n_milters; i++) {
		m = conf->milters[i];
		fputc('\n', fp);
		show_table(key_child, m, "milter", m->name, m->origin, false,
		    mask, fp);
	}
}

void
conf_show(const struct conf *conf, FILE *fp)
{
	show_all(conf, false, fp);
}

void
conf_show_masked(const struct conf *conf, FILE *fp)
{
	show_all(conf, true, fp);
}
