/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * field.c - check values, and keep them in a snapshot.
 * Owns:      what each type of key takes, and what it says of a wrong value.
 * Called by: conf.c (defaults, free), parse.c, show.c, document.c.
 * Must not:  know one key by its name.
 */
#include "compat.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/number.h"
#include "base/spec.h"
#include "config/field.h"
#include "config/logic.h"
#include "config/map.h"
#include "config/rules.h"
#include "event/loop.h"

/* Enums are kept through an int; so they must be as wide as one. */
typedef char field_enum_is_int[sizeof(enum conf_status) == sizeof(int) &&
    sizeof(enum conf_mta) == sizeof(int) &&
    sizeof(enum conf_balance) == sizeof(int) ? 1 : -1];

static void *
field_at(void *base, size_t offset)
{
	return ((char *)base + offset);
}

static void
field_words(const struct word *w, char *dst, size_t size)
{
	for (; w->name != NULL; w++) {
		strlcat(dst, "\"", size);
		strlcat(dst, w->name, size);
		strlcat(dst, w[1].name == NULL ? "\"" : w[2].name == NULL ?
		    "\" or " : "\", ", size);
	}
}

void
field_expected(const struct key *key, char *dst, size_t size)
{
	char min[32], max[32];

	dst[0] = '\0';
	switch ((enum key_type)key->type) {
	case KEY_BOOL:
		strlcpy(dst, "true or false", size);
		break;
	case KEY_WORD:
		field_words(key->words, dst, size);
		break;
	case KEY_LEVELS:
		strlcpy(dst, "words joined by |, of ", size);
		field_words(key->words, dst, size);
		break;
	case KEY_NUMBER:
		snprintf(dst, size, "a number from %" PRIu32 " to %" PRIu32,
		    key->min, key->max);
		break;
	case KEY_MODE:
		snprintf(dst, size, "an octal mode from %04" PRIo32 " to %04"
		    PRIo32 ", like 0660", key->min, key->max);
		break;
	case KEY_TIME:
		/* Nobody wants to read 2592000s. */
		snprintf(dst, size, "a duration from %s to %ud, like 7, 7.5, "
		    "500ms, 5s, 10m, 2h or 1d", key->min == 0 ? "0" :
		    key->min < 1000 ? "1ms" : "1s",
		    (unsigned)(key->max / 86400000));
		break;
	case KEY_SIZE:
		snprintf(dst, size, "a size from %s to %s, like 4096, 64k, 1m "
		    "or 1g", number_format_size(key->min, min, sizeof(min)),
		    number_format_size(key->max, max, sizeof(max)));
		break;
	case KEY_STRING:
		if (key->words != NULL) {
			field_words(key->words, dst, size);
			break;
		}
		/* FALLTHROUGH */
	case KEY_MACROS:
	case KEY_SECRET:
		strlcpy(dst, "a string in quotes", size);
		break;
	case KEY_STOP:
		strlcpy(dst, "an expression, like hour in 8..19", size);
		break;
	case KEY_SET_MACRO:
	case KEY_SET_NOTE:
		strlcpy(dst, "STAGE: VALUE, or STAGE: VALUE if EXPRESSION",
		    size);
		break;
	case KEY_RULES:
		strlcpy(dst, "a list, like [\"a\", \"b\"], ", size);
		strlcat(dst, key->min == RULES_STRINGS ? "of strings, "
		    "/patterns/ and table.NAME" : key->min == RULES_NETWORKS ?
		    "of networks, like \"192.0.2.0/24\", and table.NAME" :
		    "of \"ZONE\" or \"ZONE=NETWORK\"", size);
		break;
	case KEY_TABLES:
		strlcpy(dst, logic_tables, size);
		break;
	case KEY_FILE:
		strlcpy(dst, "an absolute path in quotes", size);
		break;
	case KEY_BACKEND:
		strlcpy(dst, "a name in quotes", size);
		break;
	case KEY_SPEC:
		strlcpy(dst, "\"unix:PATH\", \"inet:PORT@HOST\" or "
		    "\"inet6:PORT@HOST\"", size);
		break;
	case KEY_SPECS:
		strlcpy(dst, "\"unix:PATH\", \"inet:PORT@HOST\", "
		    "\"inet6:PORT@HOST\" or a list of them", size);
		break;
	case KEY_LIST:
		if (key->min == 1) {
			strlcpy(dst, "a list of an absolute path and "
			    "arguments, like [\"/bin/ls\", \"-l\"]", size);
			break;
		}
		/* FALLTHROUGH */
	case KEY_CONDITIONS:
		strlcpy(dst, "a list of strings, like [\"a\", \"b\"]", size);
		break;
	}
	if (key->nil && strcmp(key->def, "nil") == 0 &&
	    (key_has_entries(key) || key->type == KEY_STOP))
		strlcat(dst, ", or nil for none", size);
	else if (key->nil)
		strlcat(dst, key->type == KEY_BOOL || key->type == KEY_WORD ||
		    key->type == KEY_NUMBER ? ", or nil" :
		    ", or nil for the default", size);
}

static int
field_unexpected(const struct key *key, const struct value *v,
    const char *near, char why[VALUE_WHY_MAX])
{
	char found[80], expected[320];

	if (v->kind == VALUE_LIST)
		strlcpy(found, "a list", sizeof(found));
	else if (key->type == KEY_SECRET)
		strlcpy(found, "something else", sizeof(found));
	else if (v->kind == VALUE_STRING)
		lex_quote(found, sizeof(found), v->text);
	else
		log_escape(found, sizeof(found), v->text, strlen(v->text));
	field_expected(key, expected, sizeof(expected));
	snprintf(why, VALUE_WHY_MAX, "found %s, expected %s%s%s%s", found,
	    expected, near != NULL ? "; did you mean \"" : "",
	    near != NULL ? near : "", near != NULL ? "\"?" : "");
	return (-1);
}

/* What MTAs and other filters call it. */
static const struct {
	const char	*wrong;
	const char	*right;
} field_aliases[] = {
	{ "tempfail", "temporary-failure" },
	{ "temp-fail", "temporary-failure" },
	{ "defer", "temporary-failure" },
	{ "hold", "quarantine" },
	{ "continue", "accept" },
	{ "pass", "accept" },
};

static const char *
field_near(const struct word *w, const char *text)
{
	const struct word *best = NULL, *right;
	size_t i, distance, least = 0;

	for (i = 0; i < sizeof(field_aliases) / sizeof(field_aliases[0]); i++) {
		right = word_find(w, field_aliases[i].right);
		if (right != NULL &&
		    word_distance(text, field_aliases[i].wrong) == 0)
			return (right->name);
	}
	for (; w->name != NULL; w++) {
		if (word_near(w->name, text, &distance) &&
		    (best == NULL || distance < least)) {
			best = w;
			least = distance;
		}
	}
	return (best != NULL ? best->name : NULL);
}

static int
field_replace(void *at, const char *text, char why[VALUE_WHY_MAX])
{
	char **s = at, *copy = strdup(text);

	if (copy == NULL) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	free(*s);
	*s = copy;
	return (0);
}

static void
field_free_specs(struct conf_specs *specs)
{
	size_t i;

	for (i = 0; i < specs->text.n; i++)
		spec_free(&specs->spec[i]);
	free(specs->spec);
	specs->spec = NULL;
	value_list_free(&specs->text);
}

static void
field_free_one(const struct key *key, void *base)
{
	char **s;

	switch (key->type) {
	case KEY_SPECS:
		field_free_specs(field_at(base, key->offset));
		break;
	case KEY_SPEC:
		spec_free(field_at(base, key->offset2));
		/* FALLTHROUGH */
	case KEY_STRING:
	case KEY_SECRET:
	case KEY_FILE:
	case KEY_BACKEND:
		s = field_at(base, key->offset);
		free(*s);
		*s = NULL;
		break;
	case KEY_LIST:
	case KEY_CONDITIONS:
		value_list_free(field_at(base, key->offset));
		break;
	case KEY_MACROS:
		map_free(field_at(base, key->offset));
		break;
	case KEY_STOP:
	case KEY_SET_MACRO:
	case KEY_SET_NOTE:
	case KEY_RULES:
	case KEY_TABLES:
		logic_free(key, base);
		break;
	case KEY_NUMBER:
		/* Only one that may be nil comes here for a meaning. */
		*(unsigned *)field_at(base, key->offset) = UINT_MAX;
		break;
	case KEY_WORD:
		memset(field_at(base, key->offset), 0, sizeof(int));
		break;
	default:
		break;
	}
}

void
field_free(const struct key *table, void *base)
{
	for (; table->name != NULL; table++)
		field_free_one(table, base);
}

static int
field_default(const struct key *key, void *base, char why[VALUE_WHY_MAX])
{
	struct lex *lx;
	struct value v;
	unsigned line;
	int error;

	if (strcmp(key->def, "nil") == 0) {
		field_free_one(key, base);
		return (0);
	}
	if (key_is_raw(key)) {
		memset(&v, 0, sizeof(v));
		v.kind = VALUE_RAW;
		v.text = strdup(key->def);
		error = v.text == NULL ? -1 :
		    logic_assign(key, base, NULL, &v, false, &line, why);
		value_free(&v);
		return (error);
	}
	lx = malloc(sizeof(*lx));
	if (lx == NULL) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	lex_init(lx, key->def, strlen(key->def));
	lex_start(lx);
	error = value_read(lx, &v, &line, why);
	if (error == 0)
		error = field_assign(key, base, &v, false, why);
	value_free(&v);
	free(lx);
	return (error);
}

int
field_defaults(const struct key *table, void *base)
{
	char why[VALUE_WHY_MAX];

	for (; table->name != NULL; table++) {
		if (field_default(table, base, why) == -1)
			return (-1);
	}
	return (0);
}

static int
field_read_spec(const struct key *key, const char *text, struct spec *spec,
    char why[VALUE_WHY_MAX])
{
	if (spec_parse(text, spec, why, VALUE_WHY_MAX) == -1)
		return (-1);
	if (spec->family != AF_UNIX && spec->port < key->min) {
		spec_free(spec);
		strlcpy(why, "nothing can listen on port 0, expected one from "
		    "1 to 65535", VALUE_WHY_MAX);
		return (-1);
	}
	return (0);
}

static int
field_assign_spec(const struct key *key, void *base, const char *text,
    char why[VALUE_WHY_MAX])
{
	struct spec spec, *old = field_at(base, key->offset2);

	if (field_read_spec(key, text, &spec, why) == -1)
		return (-1);
	if (field_replace(field_at(base, key->offset), text, why) == -1) {
		spec_free(&spec);
		return (-1);
	}
	spec_free(old);
	*old = spec;
	return (0);
}

/* Is there another address behind the first one? */
static bool
field_is_several(const char *text)
{
	static const char *const begins[] = { "unix:", "local:", "inet:",
	    "inet6:" };
	size_t i;

	for (; *text != '\0'; text++)
		for (i = 0; strchr(" \t,;", *text) != NULL && i < 4; i++)
			if (strncmp(text + 1, begins[i], strlen(begins[i])) ==
			    0)
				return (true);
	return (false);
}

/* One more of a list; its number is told when the value was a list. */
static int
field_add_spec(const struct key *key, struct conf_specs *specs,
    const char *text, bool listed, char why[VALUE_WHY_MAX])
{
	char quoted[80], reason[VALUE_WHY_MAX];
	struct spec spec, *bigger;

	if (specs->text.n == CONF_SPECS_MAX) {
		snprintf(why, VALUE_WHY_MAX, "there are more than %d "
		    "addresses", CONF_SPECS_MAX);
		return (-1);
	}
	if (field_is_several(text)) {
		strlcpy(why, "there are several addresses in one string, "
		    "write a list: [\"inet:1@a\", \"inet:1@b\"]",
		    VALUE_WHY_MAX);
		return (-1);
	}
	if (field_read_spec(key, text, &spec, reason) == -1) {
		if (listed)
			snprintf(why, VALUE_WHY_MAX, "entry %s: %.400s",
			    lex_quote(quoted, sizeof(quoted), text), reason);
		else
			strlcpy(why, reason, VALUE_WHY_MAX);
		return (-1);
	}
	bigger = realloc(specs->spec, (specs->text.n + 1) * sizeof(*bigger));
	if (bigger != NULL)
		specs->spec = bigger;
	if (bigger == NULL || value_list_add(&specs->text, text) == -1) {
		spec_free(&spec);
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	bigger[specs->text.n - 1] = spec;
	return (0);
}

/* Nothing changes unless all of it is good. */
static int
field_assign_specs(const struct key *key, void *base, const struct value *v,
    bool append, char why[VALUE_WHY_MAX])
{
	struct conf_specs *old = field_at(base, key->offset);
	struct conf_specs specs;
	bool listed = v->kind == VALUE_LIST;
	size_t i, n = listed ? v->list.n : 1;

	memset(&specs, 0, sizeof(specs));
	for (i = 0; append && i < old->text.n; i++)
		if (field_add_spec(key, &specs, old->text.item[i], false,
		    why) == -1)
			goto fail;
	for (i = 0; i < n; i++)
		if (field_add_spec(key, &specs, listed ? v->list.item[i] :
		    v->text, listed, why) == -1)
			goto fail;
	field_free_specs(old);
	*old = specs;
	return (0);
fail:
	field_free_specs(&specs);
	return (-1);
}

static int
field_assign_list(const struct key *key, void *base, const struct value *v,
    bool append, char why[VALUE_WHY_MAX])
{
	struct conf_list *old = field_at(base, key->offset);
	struct conf_list none = { NULL, 0 };
	/* Appended in place, for lists that are made of many statements. */
	struct conf_list list = append ? *old : none;
	size_t i, n = v->kind == VALUE_LIST ? v->list.n : 1;
	const char *text;

	for (i = 0; i < n; i++) {
		text = v->kind == VALUE_LIST ? v->list.item[i] : v->text;
		if (value_list_add(&list, text) == -1)
			goto no_memory;
	}
	if (!append)
		value_list_free(old);
	*old = list;
	return (0);

no_memory:
	strlcpy(why, "out of memory", VALUE_WHY_MAX);
	if (!append) {
		value_list_free(&list);
		return (-1);
	}
	/* Its array may have moved; what it had is as it was. */
	while (list.n > old->n)
		free(list.item[--list.n]);
	*old = list;
	return (-1);
}

static int
field_assign_number(const struct key *key, void *base, const struct value *v,
    char why[VALUE_WHY_MAX])
{
	uint64_t n;
	int error;

	if (v->kind != VALUE_WORD)
		return (field_unexpected(key, v, NULL, why));
	if (key->type == KEY_TIME)
		error = number_read_time(v->text, &n);
	else if (key->type == KEY_SIZE)
		error = number_read_size(v->text, &n);
	else
		error = number_read(v->text, v->text[0] == '0' ? 8 : 10,
		    UINT64_MAX, &n);
	/* 660 is not what anybody means by it. */
	if (key->type == KEY_MODE && v->text[0] != '0')
		error = -1;
	if (error == -1 || n < key->min || n > key->max)
		return (field_unexpected(key, v, NULL, why));
	if (key->type == KEY_TIME)
		*(uint64_t *)field_at(base, key->offset) = n;
	else if (key->type == KEY_SIZE)
		*(size_t *)field_at(base, key->offset) = (size_t)n;
	else if (key->type == KEY_MODE && n == 0)
		*(unsigned *)field_at(base, key->offset) = 0660;
	else
		*(unsigned *)field_at(base, key->offset) = (unsigned)n;
	return (0);
}

/* What there is depends on the system. */
static int
field_assign_backend(const struct key *key, void *base, const char *text,
    char why[VALUE_WHY_MAX])
{
	const char *const *name;
	char quoted[80];

	if (loop_backend_known(text))
		return (field_replace(field_at(base, key->offset), text, why));
	snprintf(why, VALUE_WHY_MAX, "%s is not built in, expected \"auto\"",
	    lex_quote(quoted, sizeof(quoted), text));
	for (name = loop_backends(); *name != NULL; name++) {
		strlcat(why, name[1] == NULL ? " or \"" : ", \"",
		    VALUE_WHY_MAX);
		strlcat(why, *name, VALUE_WHY_MAX);
		strlcat(why, "\"", VALUE_WHY_MAX);
	}
	return (-1);
}

static int
field_assign_text(const struct key *key, void *base, const struct value *v,
    char why[VALUE_WHY_MAX])
{
	const struct word *w;
	char word[24];

	switch (key->type) {
	case KEY_WORD:
		w = word_find(key->words, v->text);
		if (w == NULL)
			return (field_unexpected(key, v,
			    field_near(key->words, v->text), why));
		memcpy(field_at(base, key->offset), &w->value,
		    sizeof(w->value));
		return (0);
	case KEY_LEVELS:
		if (log_parse_levels(v->text, field_at(base, key->offset), word,
		    sizeof(word)) == -1)
			return (field_unexpected(key, v,
			    field_near(key->words, word), why));
		return (0);
	case KEY_SPEC:
		return (field_assign_spec(key, base, v->text, why));
	case KEY_BACKEND:
		return (field_assign_backend(key, base, v->text, why));
	case KEY_FILE:
		if (v->text[0] != '/')
			return (field_unexpected(key, v, NULL, why));
		break;
	default:
		if (v->text[0] == '\0') {
			strlcpy(why, "the string is empty, write nil for "
			    "none", VALUE_WHY_MAX);
			return (-1);
		}
		if (key->words != NULL && word_find(key->words, v->text) ==
		    NULL)
			return (field_unexpected(key, v, field_near(key->words,
			    v->text), why));
		if (key->max > 0 && strlen(v->text) > key->max) {
			snprintf(why, VALUE_WHY_MAX, "the string is longer "
			    "than %u bytes", (unsigned)key->max);
			return (-1);
		}
		break;
	}
	return (field_replace(field_at(base, key->offset), v->text, why));
}

int
field_assign(const struct key *key, void *base, const struct value *v,
    bool append, char why[VALUE_WHY_MAX])
{
	bool list = key->type == KEY_LIST || key->type == KEY_CONDITIONS;
	char quoted[VALUE_WHY_MAX / 2];

	if (append && !list && key->type != KEY_SPECS) {
		strlcpy(why, "+= appends to a list, and this is none; "
		    "write =", VALUE_WHY_MAX);
		return (-1);
	}
	if (v->kind == VALUE_WORD && strcmp(v->text, "nil") == 0) {
		if (!key->nil || append)
			return (field_unexpected(key, v, NULL, why));
		if (key->type == KEY_NUMBER) {
			field_free_one(key, base);
			return (0);
		}
		return (field_default(key, base, why));
	}
	switch (key->type) {
	case KEY_BOOL:
		if (v->kind != VALUE_WORD || (strcmp(v->text, "true") != 0 &&
		    strcmp(v->text, "false") != 0))
			return (field_unexpected(key, v, NULL, why));
		*(bool *)field_at(base, key->offset) = v->text[0] == 't';
		return (0);
	case KEY_NUMBER:
	case KEY_MODE:
	case KEY_TIME:
	case KEY_SIZE:
		return (field_assign_number(key, base, v, why));
	default:
		break;
	}
	if (v->kind == VALUE_WORD && key->type == KEY_SECRET)
		return (field_unexpected(key, v, NULL, why));
	/* Quotes alone would not help. */
	if (v->kind == VALUE_WORD && key->type == KEY_WORD &&
	    word_find(key->words, v->text) == NULL)
		return (field_unexpected(key, v, field_near(key->words,
		    v->text), why));
	if (v->kind == VALUE_WORD) {
		snprintf(why, VALUE_WHY_MAX, list ? "a bare word is not a "
		    "string, write [%s]" : "a bare word is not a string, "
		    "write %s", lex_quote(quoted, sizeof(quoted), v->text));
		return (-1);
	}
	if (key->type == KEY_SPECS)
		return (field_assign_specs(key, base, v, append, why));
	/* It is not looked for in folders. */
	if (key->type == KEY_LIST && key->min == 1 && !append &&
	    v->kind == VALUE_LIST && v->list.n > 0 &&
	    v->list.item[0][0] != '/') {
		snprintf(why, VALUE_WHY_MAX, "found %s in front, expected an "
		    "absolute path", lex_quote(quoted, sizeof(quoted),
		    v->list.item[0]));
		return (-1);
	}
	/* One string is as good as a list of one only where it is added. */
	if (list ? v->kind == VALUE_STRING && !append : v->kind == VALUE_LIST)
		return (field_unexpected(key, v, NULL, why));
	return (list ? field_assign_list(key, base, v, append, why) :
	    field_assign_text(key, base, v, why));
}
