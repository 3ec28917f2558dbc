/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * parse.c - statements: "key = value", "key += value", "load".
 * Owns:      what a statement may be, and which key it means.
 * Called by: load.c; check.c for "did you mean".
 * Must not:  stop at a fault, or know what a type of key takes.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/field.h"
#include "config/key.h"
#include "config/lex.h"
#include "config/logic.h"
#include "config/map.h"
#include "config/parse_internal.h"
#include "config/upstream.h"
#include "config/value.h"

#define PARSE_CHILD_MAX	1000
#define PARSE_NAME_MAX	64	/* characters */

/* What a key is about. */
struct parse_about {
	const struct key *table;
	struct conf_condition *condition; /* of key_condition */
	size_t		 first, last;	/* milters, of key_child */
};

/* Things with a name that have keys. */
static const struct {
	const char	*name;
	const struct key *table;
} parse_group[] = {
	{ "milter",	key_child },
	{ "condition",	key_condition }
};

/* A line to blame: the command line has none. */
static unsigned
parse_line(const struct parse_input *in, unsigned line)
{
	return (in->is_file ? line : 0);
}

void
parse_fault(struct parse *ps, struct parse_input *in, unsigned line,
    const char *why)
{
	char text[VALUE_WHY_MAX + 2 * PARSE_PART_MAX];
	size_t i;

	/*
	 * What a program's file says cannot make the configuration faulty; but
	 * that there is no memory has nothing to do with it.
	 */
	if (in->detected && strcmp(why, "out of memory") != 0) {
		snprintf(text, sizeof(text), "%.200s:%u: %s: %s", in->name,
		    line, in->key, why);
		parse_note(ps, true, text);
		return;
	}
	errors_add(&ps->errors, in->seq, in->name, parse_line(in, line),
	    in->key[0] != '\0' ? in->key : NULL, why);
	if (in->about != NULL)
		in->about->faulty = true;
	for (i = 0; in->every && i < ps->conf->n_milters; i++)
		ps->child[i].faulty = true;
}

/* Two parts of a key that must go on. */
static bool
parse_goes_on(const struct parse_input *in)
{
	return (in->n_parts == 2 && (strcmp(in->part[0], "milter") == 0 ||
	    strcmp(in->part[0], "condition") == 0));
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
		expected = in->n_parts == 3 || (in->n_parts == 1 &&
		    strcmp(in->part[0], "table") == 0) ? "expected a name, in "
		    "quotes unless it is a word" : "expected a key";
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
		snprintf(why, VALUE_WHY_MAX, "%s%s", expected, lx->kind ==
		    LEX_WORD && parse_goes_on(in) ?
		    "; a name with spaces is written in quotes" : "");
	else if (strncmp(lx->why, "unexpected", 10) == 0)
		snprintf(why, VALUE_WHY_MAX, "%s, %s%s", lx->why, expected,
		    lx->why[11] != '(' || in->n_parts > 2 ? "" :
		    "; upstream's Ruby is translated by milter-manager "
		    "import");
	else
		strlcpy(why, lx->why, VALUE_WHY_MAX);
	return (-1);
}

void
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
	static const char *const loads[] = {
		"load", "load_if_exist", "load_default"
	};
	const struct key *k;
	const char *best = NULL, *tail;
	char name[PARSE_PART_MAX + 8];
	const char *instead = upstream_instead(in->key);
	size_t i, least = 0, group;

	/* One more that is only counted: no need to think about it. */
	if (ps->errors.n == ERRORS_MAX) {
		strlcpy(why, "unknown key", VALUE_WHY_MAX);
		return;
	}
	if (instead != NULL) {
		snprintf(why, VALUE_WHY_MAX, "no key here; %s", instead);
		return;
	}
	for (i = 0; i < 2 && in->n_parts == 3; i++) {
		group = word_distance(in->part[0], parse_group[i].name);
		for (k = parse_group[i].table; group <= 2 && k->name != NULL;
		    k++)
			parse_suggest(in->part[2], k->name, group, &best,
			    &least);
		if (best != NULL) {
			snprintf(why, VALUE_WHY_MAX, "unknown key, did you "
			    "mean %s.%s.%s?", parse_group[i].name, in->every ?
			    "*" : lex_part(name, sizeof(name), in->part[1]),
			    best);
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
parse_check_name(const char *what, const char *name, char why[VALUE_WHY_MAX])
{
	const unsigned char *p = (const unsigned char *)name;
	size_t n = 0;

	for (; *p != '\0'; p++) {
		if (*p < ' ' || *p == 0x7f) {
			snprintf(why, VALUE_WHY_MAX, "a control character in "
			    "the %s's name", what);
			return (-1);
		}
		if ((*p & 0xc0) != 0x80)
			n++;
	}
	if (n >= 1 && n <= PARSE_NAME_MAX && strcmp(name, "*") != 0)
		return (0);
	if (n == 1)
		snprintf(why, VALUE_WHY_MAX, "a %s cannot have the name \"*\"; "
		    "without quotes it stands for every milter", what);
	else
		snprintf(why, VALUE_WHY_MAX, "the %s's name must have 1 to "
		    "%d characters", what, PARSE_NAME_MAX);
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
	child[n].detected = in->detected;
	return (0);
}

static struct conf_condition *
parse_new_condition(struct parse *ps, const char *name,
    char why[VALUE_WHY_MAX])
{
	struct conf *conf = ps->conf;
	struct conf_condition *c, **list;

	if (conf->n_conditions == PARSE_CHILD_MAX) {
		snprintf(why, VALUE_WHY_MAX, "there are more than %d "
		    "conditions", PARSE_CHILD_MAX);
		return (NULL);
	}
	list = realloc(conf->conditions, (conf->n_conditions + 1) *
	    sizeof(struct conf_condition *));
	if (list != NULL)
		conf->conditions = list;
	c = calloc(1, sizeof(*c));
	if (c != NULL) {
		c->index = conf->n_conditions;
		c->name = strdup(name);
		c->origin = calloc(key_count(key_condition),
		    sizeof(*c->origin));
	}
	if (list == NULL || c == NULL || c->name == NULL ||
	    c->origin == NULL) {
		conf_condition_free(c);
		ps->errors.no_memory = true;
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (NULL);
	}
	list[conf->n_conditions++] = c;
	return (c);
}

/* The milters that a statement is about; they are made when they are new. */
static int
parse_find_milters(struct parse *ps, struct parse_input *in,
    struct parse_about *about, char why[VALUE_WHY_MAX])
{
	const struct conf_milter *m;

	if (in->every) {
		about->last = ps->conf->n_milters;
		/* It may be that nothing is installed just now. */
		if (about->last > 0 || ps->detected.file != NULL)
			return (0);
		strlcpy(why, "no milter is defined yet; * stands for "
		    "those that are named above", VALUE_WHY_MAX);
		return (-1);
	}
	m = conf_milter(ps->conf, in->part[1]);
	if (m != NULL && in->detected && default_place(ps, m->index) == -1) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	if (m == NULL) {
		if (parse_new_child(ps, in, in->part[1], why) == -1)
			return (-1);
		m = ps->conf->milters[ps->conf->n_milters - 1];
	}
	about->first = m->index;
	about->last = m->index + 1;
	in->about = &ps->child[m->index];
	return (0);
}

/* A key of the whole configuration. */
static const struct key *
parse_find_main(const struct parse *ps, const struct parse_input *in,
    char why[VALUE_WHY_MAX])
{
	char full[2 * PARSE_PART_MAX + 2];
	const struct key *key = NULL;

	if (in->n_parts == 2) {
		snprintf(full, sizeof(full), "%s.%s", in->part[0],
		    in->part[1]);
		key = key_find(key_main, full);
		if (key == NULL)
			key = key_find_map(key_main, in->part[0]);
	}
	if (key == NULL)
		parse_unknown(ps, in, why);
	return (key);
}

/*
 * Which key it is, and what it is about.
 */
static const struct key *
parse_find(struct parse *ps, struct parse_input *in,
    struct parse_about *about, char why[VALUE_WHY_MAX])
{
	const struct key *key = NULL, *map = NULL;
	const char *what = in->part[0];

	memset(about, 0, sizeof(*about));
	about->table = key_main;
	if (strcmp(what, "milter") == 0)
		about->table = key_child;
	else if (strcmp(what, "condition") == 0)
		about->table = key_condition;
	else
		return (parse_find_main(ps, in, why));
	if (in->n_parts >= 3)
		map = key_find_map(about->table, in->part[2]);
	if (map != NULL && in->n_parts != 4) {
		snprintf(why, VALUE_WHY_MAX, "this key has entries, and one is "
		    "written %.20s.NAME.%s", what, map->name);
		return (NULL);
	}
	if (map == NULL && in->n_parts != 3) {
		snprintf(why, VALUE_WHY_MAX, "a key of a %.20s is written "
		    "%.20s.NAME.KEY, a NAME with dots or spaces in quotes",
		    what, what);
		return (NULL);
	}
	if (!in->every && parse_check_name(what, in->part[1], why) == -1)
		return (NULL);
	key = map != NULL ? map : key_find(about->table, in->part[2]);
	if (about->table == key_condition) {
		about->condition = conf_condition_find(ps->conf, in->part[1]);
		if (about->condition == NULL)
			about->condition = parse_new_condition(ps,
			    in->part[1], why);
		if (about->condition == NULL)
			return (NULL);
	} else if (parse_find_milters(ps, in, about, why) == -1)
		return (NULL);
	if (key == NULL)
		parse_unknown(ps, in, why);
	return (key);
}

static int
parse_assign_one(const struct parse_input *in, const struct key *key,
    void *base, const struct value *v, unsigned *line, char why[VALUE_WHY_MAX])
{
	if (key->type == KEY_MACROS)
		return (map_assign(key, base, in->part[3], v, in->append,
		    &v->origin, why));
	if (key->type == KEY_TABLES || key_is_raw(key))
		return (logic_assign(key, base, key->type == KEY_TABLES ?
		    in->part[1] : in->part[3], v, in->append, line, why));
	return (field_assign(key, base, v, in->append, why));
}

/* Those behind the first n were named by this statement. */
static int
parse_given(struct conf_milter *m, size_t n, const struct conf_origin *origin)
{
	size_t all = m->applicable_conditions.n;
	struct conf_origin *given;

	given = realloc(m->given, (all + 1) * sizeof(*given));
	if (given == NULL)
		return (-1);
	m->given = given;
	for (; n < all; n++)
		given[n] = *origin;
	return (0);
}

/* One key of one milter. */
static int
parse_assign_child(struct parse_child *child, struct parse_input *in,
    const struct key *key, struct conf_milter *m, const struct value *v,
    unsigned *line, char why[VALUE_WHY_MAX])
{
	size_t at = (size_t)(key - key_child), n = 0;
	const struct conf_list *list = (void *)((char *)m + key->offset);
	bool front = false;

	if (in->detected) {
		if (!default_counts(child, &m->origin[at], at, &front))
			return (0);
		in->append = front;
	} else if (!in->append)
		child->fixed |= (uint64_t)1 << at;
	if (in->append && (front || key->type == KEY_CONDITIONS))
		n = list->n;
	if (parse_assign_one(in, key, m, v, line, why) == -1)
		return (-1);
	if ((key->type == KEY_CONDITIONS &&
	    parse_given(m, n, &v->origin) == -1) ||
	    (front && default_to_front(key, m, n) == -1)) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	if (!front)
		m->origin[at] = v->origin;
	return (0);
}

static int
parse_assign(struct parse *ps, struct parse_input *in, const struct key *key,
    const struct parse_about *about, struct value *v, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	struct conf *conf = ps->conf;
	size_t i, at = (size_t)(key - about->table);

	v->origin.file = in->name;
	v->origin.line = parse_line(in, in->lx.start_line);
	if (about->condition != NULL) {
		if (parse_assign_one(in, key, about->condition, v, line, why)
		    == -1)
			return (-1);
		about->condition->origin[at] = v->origin;
	} else if (about->table == key_main) {
		if (!default_may_stand(ps, in, key, why) ||
		    parse_assign_one(in, key, conf, v, line, why) == -1)
			return (-1);
		conf->origin[at] = v->origin;
	}
	for (i = about->first; i < about->last; i++)
		if (parse_assign_child(&ps->child[i], in, key,
		    conf->milters[i], v, line, why) == -1)
			return (-1);
	return (0);
}

static void
parse_statement(struct parse *ps, struct parse_input *in)
{
	struct value v;
	char why[VALUE_WHY_MAX], expected[320];
	const struct key *key = NULL;
	struct parse_about about;
	unsigned line = in->lx.start_line;
	bool load, maybe, found, raw = false, trust;

	if (parse_key(in, why) == -1)
		goto skip;
	load = in->n_parts == 1 && strcmp(in->part[0], "load") == 0;
	maybe = in->n_parts == 1 && strcmp(in->part[0], "load_if_exist") == 0;
	found = in->n_parts == 1 && strcmp(in->part[0], "load_default") == 0;
	trust = in->n_parts == 2 && strcmp(in->part[0], "trust") == 0 &&
	    strcmp(in->part[1], "load_envelope_from_domains") == 0;
	if (!load && !maybe && !found && !trust) {
		key = parse_find(ps, in, &about, why);
		if (key == NULL)
			goto skip;
		raw = key_is_raw(key);
	}
	if (ps->custom && !load_may_be_custom(key, in->part[0])) {
		strlcpy(why, "only the main configuration may have this, not "
		    "the custom one", sizeof(why));
		goto skip;
	}
	if ((raw ? value_read_raw(&in->lx, &v, &line, why) :
	    value_read(&in->lx, &v, &line, why)) == -1) {
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
	if (trust)
		load_domains(ps, in, &v);
	else if (found)
		default_load(ps, in, &v);
	else if (key == NULL)
		load_files(ps, in, &v, load);
	else {
		line = in->lx.start_line;
		if (raw && v.text[0] == '\0') {
			field_expected(key, expected, sizeof(expected));
			snprintf(why, sizeof(why), "a value is missing, "
			    "expected %s", expected);
			parse_fault(ps, in, line, why);
		} else if (parse_assign(ps, in, key, &about, &v, &line, why) ==
		    -1)
			parse_fault(ps, in, line, why);
	}
	value_free(&v);
	return;

skip:
	parse_fault(ps, in, line, why);
	lex_skip(&in->lx);
}

void
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

#undef PARSE_CHILD_MAX
#undef PARSE_NAME_MAX
