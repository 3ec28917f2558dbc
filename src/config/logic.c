/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * logic.c - expressions, rules and tables as values of keys.
 * Owns:      the form of "STAGE: VALUE if CONDITION" and of "list:/path"; what
 *            names mean when all is read.
 * Called by: field.c, parse.c, load.c, show.c.
 * Must not:  know one key by its name, or evaluate anything.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "config/expr.h"
#include "config/lex.h"
#include "config/logic.h"
#include "config/map.h"
#include "config/rules.h"
#include "config/source.h"
#include "config/table.h"

#define LOGIC_TABLES_MAX	200
#define LOGIC_SETTERS_MAX	100
#define LOGIC_NAME_MAX		64	/* bytes of a table's or note's name */

static const struct {
	const char	*prefix;
	enum conf_table_source source;
	enum table_kind	 kind;
} logic_sources[] = {
	{ "list:",	CONF_TABLE_FILE,	TABLE_LIST },
	{ "cidr:",	CONF_TABLE_FILE,	TABLE_CIDR },
	{ "regexp:",	CONF_TABLE_FILE,	TABLE_REGEXP },
	{ "exec:",	CONF_TABLE_EXEC,	TABLE_LIST },
	{ "database:",	CONF_TABLE_DATABASE,	TABLE_ROWS },
	{ "socketmap:",	CONF_TABLE_SOCKETMAP,	TABLE_LIST },
};
#define LOGIC_SOURCES	(sizeof(logic_sources) / sizeof(logic_sources[0]))

const char logic_tables[] = "\"list:/PATH\", \"cidr:/PATH\", "
    "\"regexp:/PATH\", \"exec:COMMAND\", \"database:SELECT ...\" or "
    "\"socketmap:unix:/PATH:MAP\"";

static int
logic_no_memory(char why[VALUE_WHY_MAX])
{
	strlcpy(why, "out of memory", VALUE_WHY_MAX);
	return (-1);
}

/* A fault at one byte of a text: says where, and in which line that is. */
static int
logic_fault(const struct value *v, size_t at, const char *what,
    unsigned *line, char why[VALUE_WHY_MAX])
{
	char near[40], part[25];
	size_t i, len = strlen(v->text), n = 0;

	if (at == (size_t)-1)
		return (logic_no_memory(why));
	*line = v->line;
	if (at > len)
		at = len;
	for (i = 0; i < at; i++)
		*line += v->text[i] == '\n';
	while (n < sizeof(part) - 1 && v->text[at + n] != '\0' &&
	    v->text[at + n] != '\n') {
		part[n] = v->text[at + n];
		n++;
	}
	part[n] = '\0';
	strlcpy(why, what, VALUE_WHY_MAX);
	if (n > 0) {
		strlcat(why, ", at ", VALUE_WHY_MAX);
		strlcat(why, lex_quote(near, sizeof(near), part),
		    VALUE_WHY_MAX);
	}
	return (-1);
}

static int
logic_assign_stop(const struct key *key, struct expr **at,
    const struct value *v, unsigned *line, char why[VALUE_WHY_MAX])
{
	char what[EXPR_WHY_MAX];
	struct expr *e;
	size_t pos;

	e = expr_new(v->text, strlen(v->text), EXPR_BOOL,
	    (enum conf_stage)key->min, &pos, what);
	if (e == NULL)
		return (logic_fault(v, pos, what, line, why));
	expr_free(*at);
	*at = e;
	return (0);
}

/* --- setters ------------------------------------------------------------- */

static void
logic_setter_free(struct conf_setter *s)
{
	free(s->name);
	expr_free(s->value);
	expr_free(s->only);
}

/*
 * The word "if" that stands outside of strings, patterns and brackets, or the
 * end of the text.
 */
static size_t
logic_find_if(const char *text, size_t from)
{
	const char *p = text + from, *end = p + strlen(p);
	unsigned depth = 0;

	for (; p < end; p++) {
		if (*p == '"' || *p == '/')
			p = lex_quoted_end(p, end) - 1;
		else if (*p == '(' || *p == '[')
			depth++;
		else if (depth > 0 && (*p == ')' || *p == ']'))
			depth--;
		else if (depth == 0 && p > text + from && strncmp(p, "if", 2)
		    == 0 && strchr(" \t\n)]\"", p[-1]) != NULL &&
		    strchr(" \t\n(", p[2]) != NULL)
			break;
	}
	return ((size_t)(p - text));
}

/* "STAGE:"; returns where the value begins, or 0 when it is none. */
static size_t
logic_read_stage(const char *text, int *stage)
{
	size_t n = strcspn(text, ": \t\n"), i;
	const char *name;

	i = n + strspn(text + n, " \t\n");
	for (*stage = 0; *stage < CONF_STAGE_N; ++*stage) {
		name = conf_stage_name((enum conf_stage)*stage);
		if (strlen(name) == n && memcmp(name, text, n) == 0)
			return (text[i] == ':' ? i + 1 : 0);
	}
	return (0);
}

static struct expr *
logic_part(const struct value *v, size_t from, size_t to, enum expr_type type,
    int stage, unsigned *line, char why[VALUE_WHY_MAX])
{
	char what[EXPR_WHY_MAX];
	struct expr *e;
	size_t pos;

	e = expr_new(v->text + from, to - from, type, (enum conf_stage)stage,
	    &pos, what);
	if (e == NULL)
		(void)logic_fault(v, pos == (size_t)-1 ? pos : from + pos,
		    what, line, why);
	return (e);
}

static int
logic_read_setter(const struct value *v, struct conf_setter *s,
    unsigned *line, char why[VALUE_WHY_MAX])
{
	size_t from = logic_read_stage(v->text, &s->stage), to;

	if (from == 0)
		return (logic_fault(v, 0, s->stage == CONF_STAGE_N &&
		    v->text[strcspn(v->text, ": \t\n\"/")] == ':' ?
		    "this is no stage, expected connect, helo, envelope_from, "
		    "envelope_recipient, data, header, end_of_header, body or "
		    "end_of_message" : "expected a stage and a value, like "
		    "connect: \"yes\" if stressed", line, why));
	to = logic_find_if(v->text, from);
	s->value = logic_part(v, from, to, EXPR_STRING, s->stage, line, why);
	if (s->value == NULL)
		return (-1);
	if (v->text[to] != '\0') {
		s->only = logic_part(v, to + 2, strlen(v->text), EXPR_BOOL,
		    s->stage, line, why);
		if (s->only == NULL)
			return (-1);
	}
	s->origin = v->origin;
	return (0);
}

static int
logic_name(const char *name, char why[VALUE_WHY_MAX])
{
	const unsigned char *p = (const unsigned char *)name;

	while (*p >= ' ' && *p != 0x7f)
		p++;
	if (*p == '\0' && p != (const unsigned char *)name &&
	    strlen(name) <= LOGIC_NAME_MAX)
		return (0);
	snprintf(why, VALUE_WHY_MAX, "a name has 1 to %d bytes, and no control "
	    "characters", LOGIC_NAME_MAX);
	return (-1);
}

static int
logic_assign_setter(const struct key *key, struct conf_setters *list,
    const char *entry, const struct value *v, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	struct conf_setter s, *item;
	char name[MAP_NAME_MAX];
	size_t at;

	if (key->type == KEY_SET_MACRO) {
		if (map_macro_name(entry, name, why) == -1)
			return (-1);
	} else if (logic_name(entry, why) == -1)
		return (-1);
	else
		strlcpy(name, entry, sizeof(name));
	for (at = 0; at < list->n; at++)
		if (strcmp(list->item[at].name, name) == 0)
			break;
	if (strcmp(v->text, "nil") == 0) {
		if (at == list->n)
			return (0);
		logic_setter_free(&list->item[at]);
		memmove(&list->item[at], &list->item[at + 1],
		    (--list->n - at) * sizeof(*item));
		return (0);
	}
	if (at == LOGIC_SETTERS_MAX) {
		snprintf(why, VALUE_WHY_MAX, "there are more than %d of them",
		    LOGIC_SETTERS_MAX);
		return (-1);
	}
	memset(&s, 0, sizeof(s));
	if (logic_read_setter(v, &s, line, why) == -1)
		goto fail;
	s.name = strdup(name);
	item = at < list->n ? list->item : realloc(list->item,
	    (at + 1) * sizeof(*item));
	if (item != NULL)
		list->item = item;
	if (s.name == NULL || item == NULL) {
		(void)logic_no_memory(why);
		goto fail;
	}
	if (at < list->n)
		logic_setter_free(&item[at]);
	else
		list->n++;
	item[at] = s;
	return (0);
fail:
	logic_setter_free(&s);
	return (-1);
}

/* --- rules --------------------------------------------------------------- */

static int
logic_assign_rules(const struct key *key, struct conf_rules *old,
    const struct value *v, bool append, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	struct conf_rules rules = { NULL, 0 };
	const char *text = strcmp(v->text, "nil") == 0 && !append ? key->def :
	    v->text;
	char what[RULES_WHY_MAX];
	struct rule *item;
	size_t pos;

	if (!append && text[0] != '[')
		return (logic_fault(v, 0, "expected a list in brackets; += "
		    "adds a single one", line, why));
	if (rules_read(text, strlen(text),
	    (enum rules_flavour)key->min, &v->origin, &rules, &pos, what) ==
	    -1) {
		rules_free(&rules);
		return (logic_fault(v, pos, what, line, why));
	}
	if (append && rules.n > 0) {
		item = realloc(old->item, (old->n + rules.n) * sizeof(*item));
		if (item == NULL) {
			rules_free(&rules);
			return (logic_no_memory(why));
		}
		memcpy(item + old->n, rules.item, rules.n * sizeof(*item));
		old->item = item;
		old->n += rules.n;
		free(rules.item);
	} else if (!append) {
		rules_free(old);
		*old = rules;
	}
	return (0);
}

/* --- tables -------------------------------------------------------------- */

static void
logic_table_free(struct conf_table *t)
{
	if (t == NULL)
		return;
	free(t->name);
	free(t->text);
	free(t->where);
	spec_free(&t->spec);
	table_free(t->data);
	free(t);
}

/* socketmap:unix:/path:map, socketmap:inet:host:port:map, as Postfix has it */
static int
logic_read_socketmap(struct conf_table *t, const char *text,
    char why[VALUE_WHY_MAX])
{
	const char *map = strrchr(text, ':'), *port;
	char spec[300];

	if (map == NULL || map == text || map[1] == '\0' ||
	    map - text > (long)sizeof(spec) - 20)
		goto fault;
	if (strncmp(text, "unix:/", 6) == 0)
		snprintf(spec, sizeof(spec), "%.*s", (int)(map - text), text);
	else {
		for (port = map - 1; port > text && *port != ':'; port--)
			;
		if (strncmp(text, "inet:", 5) != 0 || port - text < 6)
			goto fault;
		snprintf(spec, sizeof(spec), "inet%s:%.*s@%.*s",
		    text[5] == '[' ? "6" : "", (int)(map - port - 1), port + 1,
		    (int)(port - text - 5), text + 5);
	}
	if (spec_parse(spec, &t->spec, why, VALUE_WHY_MAX) == -1)
		return (-1);
	t->where = strdup(map + 1);
	return (t->where == NULL ? logic_no_memory(why) : 0);
fault:
	strlcpy(why, "a socketmap is written socketmap:unix:/PATH:MAP or "
	    "socketmap:inet:ADDRESS:PORT:MAP", VALUE_WHY_MAX);
	return (-1);
}

static int
logic_read_table(struct conf_table *t, const char *text,
    char why[VALUE_WHY_MAX])
{
	char quoted[100];
	const char *rest;
	size_t i;

	for (i = 0; i < LOGIC_SOURCES; i++)
		if (strncmp(text, logic_sources[i].prefix,
		    strlen(logic_sources[i].prefix)) == 0)
			break;
	if (i == LOGIC_SOURCES) {
		snprintf(why, VALUE_WHY_MAX, "found %s, expected %s",
		    lex_quote(quoted, sizeof(quoted), text), logic_tables);
		return (-1);
	}
	t->source = logic_sources[i].source;
	t->kind = (int)logic_sources[i].kind;
	rest = text + strlen(logic_sources[i].prefix);
	if (t->source == CONF_TABLE_SOCKETMAP)
		return (logic_read_socketmap(t, rest, why));
	if (t->source == CONF_TABLE_FILE && rest[0] != '/') {
		snprintf(why, VALUE_WHY_MAX, "expected an absolute path behind "
		    "%s", logic_sources[i].prefix);
		return (-1);
	}
	if (t->source == CONF_TABLE_DATABASE &&
	    strncasecmp(rest, "select ", 7) != 0) {
		strlcpy(why, "expected a SELECT behind database:",
		    VALUE_WHY_MAX);
		return (-1);
	}
	if (rest[0] == '\0') {
		strlcpy(why, "expected a command behind exec:", VALUE_WHY_MAX);
		return (-1);
	}
	t->where = strdup(rest);
	return (t->where == NULL ? logic_no_memory(why) : 0);
}

/* base is the snapshot: the member is two of its. */
static int
logic_assign_table(struct conf *conf, const char *name,
    const struct value *v, char why[VALUE_WHY_MAX])
{
	struct conf_table *t, **tables;
	size_t at;

	if (v->kind != VALUE_STRING && (v->kind != VALUE_WORD ||
	    strcmp(v->text, "nil") != 0)) {
		strlcpy(why, "expected a string in quotes, like "
		    "\"list:/PATH\"", VALUE_WHY_MAX);
		return (-1);
	}
	if (logic_name(name, why) == -1)
		return (-1);
	for (at = 0; at < conf->n_tables; at++)
		if (strcmp(conf->tables[at]->name, name) == 0)
			break;
	if (v->kind == VALUE_WORD) {
		if (at == conf->n_tables)
			return (0);
		logic_table_free(conf->tables[at]);
		for (conf->n_tables--; at < conf->n_tables; at++) {
			conf->tables[at] = conf->tables[at + 1];
			conf->tables[at]->index = at;
		}
		return (0);
	}
	if (at == LOGIC_TABLES_MAX) {
		snprintf(why, VALUE_WHY_MAX, "there are more than %d tables",
		    LOGIC_TABLES_MAX);
		return (-1);
	}
	t = calloc(1, sizeof(*t));
	if (t == NULL)
		return (logic_no_memory(why));
	if (logic_read_table(t, v->text, why) == -1) {
		logic_table_free(t);
		return (-1);
	}
	t->name = strdup(name);
	t->text = strdup(v->text);
	t->index = at;
	t->origin = v->origin;
	tables = at < conf->n_tables ? conf->tables : realloc(conf->tables,
	    (at + 1) * sizeof(struct conf_table *));
	if (tables != NULL)
		conf->tables = tables;
	if (t->name == NULL || t->text == NULL || tables == NULL) {
		logic_table_free(t);
		return (logic_no_memory(why));
	}
	if (at < conf->n_tables)
		logic_table_free(tables[at]);
	else
		conf->n_tables++;
	tables[at] = t;
	return (0);
}

/* --- all of them --------------------------------------------------------- */

int
logic_assign(const struct key *key, void *base, const char *entry,
    const struct value *v, bool append, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	void *at = (char *)base + key->offset;

	if (append && key->type != KEY_RULES) {
		strlcpy(why, "+= appends to a list, and this is none; "
		    "write =", VALUE_WHY_MAX);
		return (-1);
	}
	switch (key->type) {
	case KEY_STOP:
		if (strcmp(v->text, "nil") != 0)
			return (logic_assign_stop(key, at, v, line, why));
		logic_free(key, base);
		return (0);
	case KEY_RULES:
		return (logic_assign_rules(key, at, v, append, line, why));
	case KEY_TABLES:
		return (logic_assign_table(base, entry, v, why));
	default:
		return (logic_assign_setter(key, at, entry, v, line, why));
	}
}

void
logic_free(const struct key *key, void *base)
{
	void *at = (char *)base + key->offset;
	struct conf *conf = base;
	struct conf_setters *list = at;
	struct expr **e = at;

	switch (key->type) {
	case KEY_STOP:
		expr_free(*e);
		*e = NULL;
		break;
	case KEY_RULES:
		rules_free(at);
		break;
	case KEY_TABLES:
		while (conf->n_tables > 0)
			logic_table_free(conf->tables[--conf->n_tables]);
		free(conf->tables);
		conf->tables = NULL;
		break;
	default:
		while (list->n > 0)
			logic_setter_free(&list->item[--list->n]);
		free(list->item);
		list->item = NULL;
		break;
	}
}

void
logic_print(const struct key *key, const void *base, size_t *at, FILE *fp)
{
	const void *p = (const char *)base + key->offset;
	const struct conf_rules *rules = p;
	char quoted[LEX_TEXT_MAX * 4 + 3];
	const char *comma = "", *text;
	size_t len = 0;

	if (key->type == KEY_STOP) {
		struct expr *const *e = p;

		fputs(*e == NULL ? "nil" : expr_text(*e), fp);
		return;
	}
	fputc('[', fp);
	/* Far from the limit of a statement, whatever the next one is. */
	while (*at < rules->n && len < LEX_STATEMENT_MAX / 2) {
		text = rules_format(&rules->item[(*at)++], quoted,
		    sizeof(quoted));
		fprintf(fp, "%s%s", comma, text);
		len += strlen(text) + 2;
		comma = ", ";
	}
	fputc(']', fp);
}

bool
logic_more(const struct key *key, const void *base, size_t at)
{
	const struct conf_rules *rules =
	    (const void *)((const char *)base + key->offset);

	return (key->type == KEY_RULES && at < rules->n);
}

#undef LOGIC_TABLES_MAX
#undef LOGIC_SETTERS_MAX
#undef LOGIC_NAME_MAX
#undef LOGIC_SOURCES
