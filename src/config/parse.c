/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * parse.c - statements: "key = value", "key += value", "load".
 * Owns:      what a statement may be, which key it means, what it loads.
 * Called by: conf.c.
 * Must not:  stop at a fault, or know what a type of key takes.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/field.h"
#include "config/key.h"
#include "config/lex.h"
#include "config/map.h"
#include "config/parse.h"
#include "config/source.h"
#include "config/value.h"

#define PARSE_DEPTH_MAX	16	/* of loads */
#define PARSE_FILES_MAX	1000
#define PARSE_CHILD_MAX	1000
#define PARSE_PART_MAX	256	/* bytes; 64 characters of UTF-8 */
#define PARSE_NAME_MAX	64	/* characters */

struct parse_name {
	struct parse_name *next;
	char		 text[];
};

/* A text that is being read. */
struct parse_input {
	const struct parse_input *up;	/* the one with the load */
	unsigned	 depth;
	const char	*name;		/* owned by the snapshot */
	bool		 is_file;
	dev_t		 dev;
	ino_t		 ino;
	struct lex	 lx;

	/* the statement */
	unsigned	 seq;
	bool		 append;
	bool		 every;		/* milter.*.KEY */
	unsigned	 n_parts;
	char		 part[4][PARSE_PART_MAX + 1];
	char		 key[PARSE_PART_MAX];	/* as written, may be cut */
	struct parse_child *about;	/* NULL: none or every */
};

static void parse_text(struct parse *, struct parse_input *);

static const char *
parse_keep_name(struct parse *ps, const char *text)
{
	struct parse_name *name;
	size_t len = strlen(text);

	name = malloc(sizeof(*name) + len + 1);
	if (name == NULL) {
		ps->errors.no_memory = true;
		return (NULL);
	}
	memcpy(name->text, text, len + 1);
	name->next = ps->conf->strings;
	ps->conf->strings = name;
	return (name->text);
}

void
parse_free_names(struct conf *conf)
{
	struct parse_name *name;

	while ((name = conf->strings) != NULL) {
		conf->strings = name->next;
		free(name);
	}
}

/* A line to blame: the command line has none. */
static unsigned
parse_line(const struct parse_input *in, unsigned line)
{
	return (in->is_file ? line : 0);
}

static void
parse_fault(struct parse *ps, struct parse_input *in, unsigned line,
    const char *why)
{
	size_t i;

	errors_add(&ps->errors, in->seq, in->name, parse_line(in, line),
	    in->key[0] != '\0' ? in->key : NULL, why);
	if (in->about != NULL)
		in->about->faulty = true;
	for (i = 0; in->every && i < ps->conf->n_milters; i++)
		ps->child[i].faulty = true;
}

/*
 * Reads the key through its '=' or '+='; the first word is there already.
 */
static int
parse_key(struct parse_input *in, char why[VALUE_WHY_MAX])
{
	struct lex *lx = &in->lx;
	const char *begin = lx->from, *expected;
	size_t len;
	char *part;

	for (;;) {
		expected = in->n_parts == 3 ? "expected a name, in quotes "
		    "unless it is a word" : "expected a key";
		if (lx->kind != LEX_WORD && lx->kind != LEX_STRING &&
		    (lx->kind != LEX_PUNCT || lx->punct != '*'))
			break;
		if (lx->kind == LEX_PUNCT)
			strlcpy(lx->text, "*", sizeof(lx->text));
		if (in->n_parts == 1)
			in->every = lx->kind == LEX_PUNCT &&
			    strcmp(in->part[0], "milter") == 0;
		if (in->n_parts < 4) {
			part = in->part[in->n_parts];
			if (strlcpy(part, lx->text, PARSE_PART_MAX + 1) >
			    PARSE_PART_MAX)
				part[0] = '\0';		/* matches nothing */
		}
		in->n_parts++;

		len = (size_t)(lx->p - begin);
		if (len >= sizeof(in->key))
			len = sizeof(in->key) - 1;
		memcpy(in->key, begin, len);
		in->key[len] = '\0';

		lex_next(lx, LEX_KEY);
		expected = "expected = or += behind the key";
		in->append = lx->kind == LEX_APPEND;
		if (in->append || (lx->kind == LEX_PUNCT && lx->punct == '='))
			return (0);
		if (lx->kind != LEX_PUNCT || lx->punct != '.')
			break;
		lex_next(lx, LEX_KEY);
	}
	if (lx->kind != LEX_BAD)
		strlcpy(why, expected, VALUE_WHY_MAX);
	else if (strncmp(lx->why, "unexpected", 10) == 0)
		snprintf(why, VALUE_WHY_MAX, "%s, %s", lx->why, expected);
	else
		strlcpy(why, lx->why, VALUE_WHY_MAX);
	return (-1);
}

/* Keeps the better of two suggestions. */
static void
parse_suggest(const char *written, const char *key, size_t extra,
    const char **best, size_t *least)
{
	size_t distance;

	if (!word_near(written, key, &distance))
		return;
	if (*best == NULL || distance + extra < *least) {
		*best = key;
		*least = distance + extra;
	}
}

static void
parse_unknown(const struct parse *ps, const struct parse_input *in,
    char why[VALUE_WHY_MAX])
{
	static const char *const loads[] = { "load", "load_if_exist" };
	const struct key *k;
	const char *best = NULL, *tail;
	char name[PARSE_PART_MAX + 8];
	size_t i, least = 0, group;

	/* One more that is only counted: no need to think about it. */
	if (ps->errors.n == ERRORS_MAX) {
		strlcpy(why, "unknown key", VALUE_WHY_MAX);
		return;
	}
	if (in->n_parts == 3) {
		group = word_distance(in->part[0], "milter");
		for (k = key_child; group <= 2 && k->name != NULL; k++)
			parse_suggest(in->part[2], k->name, group, &best,
			    &least);
		if (best != NULL) {
			snprintf(why, VALUE_WHY_MAX, "unknown key, did you "
			    "mean milter.%s.%s?", in->every ? "*" :
			    lex_part(name, sizeof(name), in->part[1]), best);
			return;
		}
	}
	for (k = key_main; k->name != NULL; k++) {
		parse_suggest(in->key, k->name, 0, &best, &least);
		/* The group may be missing, or be another one. */
		tail = strchr(k->name, '.') + 1;
		if (in->n_parts <= 2 && in->n_parts > 0 &&
		    strcmp(in->part[in->n_parts - 1], tail) == 0) {
			best = k->name;
			break;
		}
	}
	for (i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		parse_suggest(in->key, loads[i], 0, &best, &least);
	if (best != NULL)
		snprintf(why, VALUE_WHY_MAX, "unknown key, did you mean %s?",
		    best);
	else
		strlcpy(why, "unknown key, expected one of "
		    "milter-manager.conf(5)", VALUE_WHY_MAX);
}

static int
parse_check_name(const char *name, char why[VALUE_WHY_MAX])
{
	const unsigned char *p = (const unsigned char *)name;
	size_t n = 0;

	for (; *p != '\0'; p++) {
		if (*p < ' ' || *p == 0x7f) {
			strlcpy(why, "a control character in the milter's "
			    "name", VALUE_WHY_MAX);
			return (-1);
		}
		if ((*p & 0xc0) != 0x80)
			n++;
	}
	if (n >= 1 && n <= PARSE_NAME_MAX && strcmp(name, "*") != 0)
		return (0);
	if (n == 1)
		strlcpy(why, "a milter cannot have the name \"*\"; without "
		    "quotes it stands for every milter", VALUE_WHY_MAX);
	else
		snprintf(why, VALUE_WHY_MAX, "the milter's name must have 1 to "
		    "%d characters", PARSE_NAME_MAX);
	return (-1);
}

static int
parse_new_child(struct parse *ps, const struct parse_input *in,
    const char *name, char why[VALUE_WHY_MAX])
{
	struct conf *conf = ps->conf;
	struct conf_milter *m, **milters;
	struct parse_child *child;
	size_t n = conf->n_milters;

	if (n == PARSE_CHILD_MAX) {
		snprintf(why, VALUE_WHY_MAX, "there are more than %d milters",
		    PARSE_CHILD_MAX);
		return (-1);
	}
	child = realloc(ps->child, (n + 1) * sizeof(*child));
	if (child != NULL)
		ps->child = child;
	milters = realloc(conf->milters, (n + 1) * sizeof(*milters));
	if (milters != NULL)
		conf->milters = milters;
	m = calloc(1, sizeof(*m));
	if (m != NULL) {
		m->index = n;
		m->name = strdup(name);
		m->origin = calloc(key_count(key_child), sizeof(*m->origin));
	}
	if (child == NULL || milters == NULL || m == NULL ||
	    m->name == NULL || m->origin == NULL ||
	    field_defaults(key_child, m) == -1) {
		conf_milter_free(m);
		ps->errors.no_memory = true;
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	milters[n] = m;
	conf->n_milters++;
	memset(&child[n], 0, sizeof(child[n]));
	child[n].file = in->name;
	child[n].line = parse_line(in, in->lx.start_line);
	child[n].seq = in->seq;
	return (0);
}

/*
 * Which key it is, and for which children: *first up to but not including
 * *last, both 0 for a key of no child.
 */
static const struct key *
parse_find(struct parse *ps, struct parse_input *in, size_t *first,
    size_t *last, char why[VALUE_WHY_MAX])
{
	char full[2 * PARSE_PART_MAX + 2];
	const struct conf_milter *m;
	const struct key *key = NULL, *map = NULL;

	*first = *last = 0;
	if (strcmp(in->part[0], "milter") != 0) {
		if (in->n_parts == 2) {
			snprintf(full, sizeof(full), "%s.%s", in->part[0],
			    in->part[1]);
			key = key_find(key_main, full);
		}
		if (key == NULL)
			parse_unknown(ps, in, why);
		return (key);
	}
	if (in->n_parts >= 3)
		map = key_find_map(key_child, in->part[2]);
	if (map != NULL && in->n_parts != 4) {
		snprintf(why, VALUE_WHY_MAX, "this key has entries, and one is "
		    "written milter.NAME.%s", map->name);
		return (NULL);
	}
	if (map == NULL && in->n_parts != 3) {
		strlcpy(why, "a key of a milter is written milter.NAME.KEY, "
		    "a NAME with dots or spaces in quotes", VALUE_WHY_MAX);
		return (NULL);
	}
	if (in->every) {
		*last = ps->conf->n_milters;
		if (*last == 0) {
			strlcpy(why, "no milter is defined yet; * stands for "
			    "those that are named above", VALUE_WHY_MAX);
			return (NULL);
		}
	} else {
		if (parse_check_name(in->part[1], why) == -1)
			return (NULL);
		m = conf_milter(ps->conf, in->part[1]);
		if (m == NULL) {
			if (parse_new_child(ps, in, in->part[1], why) == -1)
				return (NULL);
			m = ps->conf->milters[ps->conf->n_milters - 1];
		}
		*first = m->index;
		*last = m->index + 1;
		in->about = &ps->child[m->index];
	}
	key = map != NULL ? map : key_find(key_child, in->part[2]);
	if (key == NULL)
		parse_unknown(ps, in, why);
	return (key);
}

static int
parse_assign(struct parse *ps, struct parse_input *in, const struct key *key,
    size_t first, size_t last, const struct value *v, char why[VALUE_WHY_MAX])
{
	struct conf *conf = ps->conf;
	struct conf_origin origin;
	size_t i;

	origin.file = in->name;
	origin.line = parse_line(in, in->lx.start_line);
	if (last == 0) {
		if (field_assign(key, conf, v, in->append, why) == -1)
			return (-1);
		conf->origin[key - key_main] = origin;
	}
	for (i = first; i < last; i++) {
		if ((key->type == KEY_MACROS ? map_assign(key,
		    conf->milters[i], in->part[3], v, in->append, &origin,
		    why) : field_assign(key, conf->milters[i], v, in->append,
		    why)) == -1)
			return (-1);
		conf->milters[i]->origin[key - key_child] = origin;
	}
	return (0);
}

/* Returns -1 with why when the file cannot be read. */
static int
parse_load_file(struct parse *ps, const struct parse_input *up,
    const char *path, char why[VALUE_WHY_MAX])
{
	struct parse_input in;
	struct source_text text;
	const struct parse_input *i;

	if (up != NULL && up->depth == PARSE_DEPTH_MAX) {
		snprintf(why, VALUE_WHY_MAX, "files are loaded by files more "
		    "than %d deep", PARSE_DEPTH_MAX);
		return (-1);
	}
	if (ps->n_files == PARSE_FILES_MAX) {
		snprintf(why, VALUE_WHY_MAX, "more than %d files are loaded",
		    PARSE_FILES_MAX);
		return (-1);
	}
	if (source_read(path, up == NULL, &text, why) == -1)
		return (-1);
	for (i = up; i != NULL; i = i->up) {
		if (i->is_file && i->dev == text.dev && i->ino == text.ino) {
			free(text.text);
			strlcpy(why, "the file loads itself", VALUE_WHY_MAX);
			return (-1);
		}
	}
	ps->n_files++;
	memset(&in, 0, sizeof(in));
	in.up = up;
	in.depth = up != NULL ? up->depth + 1 : 0;
	in.is_file = true;
	in.dev = text.dev;
	in.ino = text.ino;
	in.name = parse_keep_name(ps, path);
	lex_init(&in.lx, text.text, text.len);
	if (in.name != NULL)
		parse_text(ps, &in);
	free(text.text);
	return (0);
}

static void
parse_load(struct parse *ps, struct parse_input *in, const struct value *v,
    bool must_exist)
{
	struct conf_list files = { NULL, 0 };
	char quoted[160], why[VALUE_WHY_MAX], full[VALUE_WHY_MAX + 200];
	unsigned line = in->lx.start_line;
	size_t i;

	if (in->append || v->kind == VALUE_LIST || v->text[0] == '\0') {
		strlcpy(why, "expected = and a path in quotes", sizeof(why));
		goto fault;
	}
	lex_quote(quoted, sizeof(quoted), v->text);
	if (v->kind == VALUE_WORD) {
		snprintf(why, sizeof(why), "a bare word is not a string, "
		    "write %s", quoted);
		goto fault;
	}
	if (source_expand(in->is_file ? in->name : "", v->text, &files, why) ==
	    -1)
		goto fault_path;
	if (files.n == 0 && must_exist) {
		strlcpy(why, "there is no such file", sizeof(why));
		goto fault_path;
	}
	for (i = 0; i < files.n; i++) {
		if (parse_load_file(ps, in, files.item[i], why) == -1) {
			lex_quote(quoted, sizeof(quoted), files.item[i]);
			snprintf(full, sizeof(full), "%s: %s", quoted, why);
			parse_fault(ps, in, line, full);
		}
	}
	value_list_free(&files);
	return;

fault_path:
	value_list_free(&files);
	snprintf(full, sizeof(full), "%s: %s", quoted, why);
	parse_fault(ps, in, line, full);
	return;
fault:
	parse_fault(ps, in, line, why);
}

static void
parse_statement(struct parse *ps, struct parse_input *in)
{
	struct value v;
	char why[VALUE_WHY_MAX], expected[320];
	const struct key *key = NULL;
	size_t first, last;
	unsigned line = in->lx.start_line;
	bool load, maybe;

	if (parse_key(in, why) == -1)
		goto skip;
	load = in->n_parts == 1 && strcmp(in->part[0], "load") == 0;
	maybe = in->n_parts == 1 && strcmp(in->part[0], "load_if_exist") == 0;
	if (!load && !maybe) {
		key = parse_find(ps, in, &first, &last, why);
		if (key == NULL)
			goto skip;
	}
	if (value_read(&in->lx, &v, &line, why) == -1) {
		/* Nothing was read at all: say what belongs here. */
		if ((in->lx.kind == LEX_EOL || in->lx.kind == LEX_END) &&
		    v.kind == VALUE_WORD && v.text == NULL && key != NULL) {
			field_expected(key, expected, sizeof(expected));
			snprintf(why, sizeof(why), "a value is missing, "
			    "expected %s", expected);
		}
		/* What is wrong in a list is repeated. */
		if (key != NULL && key->type == KEY_SECRET &&
		    v.kind == VALUE_LIST) {
			field_expected(key, expected, sizeof(expected));
			snprintf(why, sizeof(why), "found a list, expected %s",
			    expected);
		}
		value_free(&v);
		goto skip;
	}
	if (key == NULL)
		parse_load(ps, in, &v, load);
	else if (parse_assign(ps, in, key, first, last, &v, why) == -1)
		parse_fault(ps, in, in->lx.start_line, why);
	value_free(&v);
	return;

skip:
	parse_fault(ps, in, line, why);
	lex_skip(&in->lx);
}

static void
parse_text(struct parse *ps, struct parse_input *in)
{
	for (;;) {
		lex_start(&in->lx);
		lex_next(&in->lx, LEX_KEY);
		if (in->lx.kind == LEX_END)
			return;
		if (in->lx.kind == LEX_EOL)
			continue;
		in->seq = ++ps->seq;
		in->n_parts = 0;
		in->key[0] = '\0';
		in->every = false;
		in->about = NULL;
		parse_statement(ps, in);
	}
}

void
parse_file(struct parse *ps, const char *path)
{
	char why[VALUE_WHY_MAX];

	if (parse_load_file(ps, NULL, path, why) == -1)
		errors_add(&ps->errors, ++ps->seq, path, 0, NULL, why);
}

/* Reads a text that is in memory; is_file: as the file of that name. */
static void
parse_memory(struct parse *ps, const char *name, bool is_file,
    const char *text, size_t len)
{
	struct parse_input in;

	memset(&in, 0, sizeof(in));
	in.is_file = is_file;
	in.name = parse_keep_name(ps, name);
	lex_init(&in.lx, text, len);
	if (in.name != NULL)
		parse_text(ps, &in);
}

void
parse_bytes(struct parse *ps, const char *path, const char *text, size_t len)
{
	parse_memory(ps, path, true, text, len);
}

void
parse_override(struct parse *ps, const char *text)
{
	parse_memory(ps, "command line", false, text, strlen(text));
}

/* A fault of one key of a child that another one makes; where that key is. */
static void
parse_clash(struct parse *ps, const struct conf_milter *m, const char *name,
    const char *why)
{
	const struct key *k = key_find(key_child, name);
	const struct conf_origin *origin = &m->origin[k - key_child];
	char key[PARSE_PART_MAX + 64], part[PARSE_PART_MAX + 8];

	snprintf(key, sizeof(key), "milter.%s.%s", lex_part(part, sizeof(part),
	    m->name), name);
	errors_add(&ps->errors, ps->child[m->index].seq, origin->file,
	    origin->line, key, why);
}

static void
parse_finish_socks(struct parse *ps, const struct conf_milter *m)
{
	char quoted[80], why[VALUE_WHY_MAX];
	size_t i;

	if (m->socks_user != NULL && m->socks_password == NULL)
		parse_clash(ps, m, "socks_user",
		    "there is no socks_password that goes with it");
	if (m->socks_user == NULL && m->socks_password != NULL)
		parse_clash(ps, m, "socks_password",
		    "there is no socks_user that it goes with");
	for (i = 0; m->socks_text != NULL && i < m->specs.text.n; i++) {
		if (m->specs.spec[i].family != AF_UNIX)
			continue;
		snprintf(why, sizeof(why), "no proxy can reach a unix socket, "
		    "as %s in connection_spec is; expected inet: or inet6: "
		    "there", lex_quote(quoted, sizeof(quoted),
		    m->specs.text.item[i]));
		parse_clash(ps, m, "socks", why);
		return;
	}
}

/* An enabled child that is nowhere. */
static void
parse_finish_missing(struct parse *ps, const struct conf_milter *m)
{
	const struct conf *conf = ps->conf;
	const char *best = NULL;
	char key[PARSE_PART_MAX + 64], name[PARSE_PART_MAX + 8];
	char why[VALUE_WHY_MAX];
	size_t i = m->index, j, least = 0;

	for (j = 0; j < conf->n_milters; j++) {
		if (j != i)
			parse_suggest(m->name, conf->milters[j]->name, 0,
			    &best, &least);
	}
	snprintf(key, sizeof(key), "milter.%s.connection_spec",
	    lex_part(name, sizeof(name), m->name));
	strlcpy(why, "missing, an enabled milter must have it", sizeof(why));
	if (best != NULL) {
		strlcat(why, "; did you mean milter.", sizeof(why));
		strlcat(why, lex_part(name, sizeof(name), best), sizeof(why));
		strlcat(why, "?", sizeof(why));
	}
	errors_add(&ps->errors, ps->child[i].seq, ps->child[i].file,
	    ps->child[i].line, key, why);
}

void
parse_finish(struct parse *ps)
{
	const struct conf *conf = ps->conf;
	size_t i;

	for (i = 0; i < conf->n_milters; i++) {
		if (!conf->milters[i]->enabled || ps->child[i].faulty)
			continue;
		if (conf->milters[i]->specs.text.n == 0)
			parse_finish_missing(ps, conf->milters[i]);
		parse_finish_socks(ps, conf->milters[i]);
	}
	free(ps->child);
	ps->child = NULL;
}

#undef PARSE_DEPTH_MAX
#undef PARSE_FILES_MAX
#undef PARSE_CHILD_MAX
#undef PARSE_PART_MAX
#undef PARSE_NAME_MAX
