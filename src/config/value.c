/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * value.c - read a value; turn text into numbers and back.
 * Owns:      the forms of lists, numbers, durations and sizes.
 * Called by: parse.c, field.c, show.c.
 * Must not:  know a key.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/value.h"

#define VALUE_LIST_MAX	1000

struct value_unit {
	const char	*name;
	uint64_t	 factor;
};

/* The largest first, for printing. */
static const struct value_unit value_time_units[] = {
	{ "d",	86400000 },
	{ "h",	3600000 },
	{ "m",	60000 },
	{ "s",	1000 },
	{ "ms",	1 },
	{ "",	1000 },
	{ NULL,	0 }
};

static const struct value_unit value_size_units[] = {
	{ "g",	1024 * 1024 * 1024 },
	{ "m",	1024 * 1024 },
	{ "k",	1024 },
	{ "",	1 },
	{ NULL,	0 }
};

int
value_list_add(struct conf_list *list, const char *text)
{
	char **item, *copy;

	copy = strdup(text);
	if (copy == NULL)
		return (-1);
	item = realloc(list->item, (list->n + 1) * sizeof(*item));
	if (item == NULL) {
		free(copy);
		return (-1);
	}
	list->item = item;
	item[list->n++] = copy;
	return (0);
}

void
value_list_free(struct conf_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		free(list->item[i]);
	free(list->item);
	list->item = NULL;
	list->n = 0;
}

void
value_free(struct value *v)
{
	free(v->text);
	v->text = NULL;
	value_list_free(&v->list);
}

/* Behind the '[', through the ']'. */
static int
value_read_list(struct lex *lx, struct conf_list *list, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	char quoted[80];
	unsigned begin = *line;
	bool comma = true;

	for (;;) {
		lex_next(lx, LEX_ITEM);
		*line = lx->from_line;
		if (lx->kind == LEX_END || lex_at_statement(lx)) {
			*line = begin;
			strlcpy(why, "the list is not closed, expected ]",
			    VALUE_WHY_MAX);
			return (-1);
		}
		if (lx->kind == LEX_BAD) {
			strlcpy(why, lx->why, VALUE_WHY_MAX);
			return (-1);
		}
		if (lx->kind == LEX_PUNCT && lx->punct == ']')
			return (0);
		if (lx->kind == LEX_PUNCT && lx->punct == ',' && !comma) {
			comma = true;
			continue;
		}
		if (lx->kind == LEX_WORD) {
			snprintf(why, VALUE_WHY_MAX,
			    "a bare word is not a string, write %s",
			    lex_quote(quoted, sizeof(quoted), lx->text));
			return (-1);
		}
		if (lx->kind == LEX_PUNCT || !comma) {
			strlcpy(why, comma ? "expected a string or ] in the "
			    "list" : "expected , or ] behind a string of the "
			    "list", VALUE_WHY_MAX);
			return (-1);
		}
		if (list->n == VALUE_LIST_MAX) {
			snprintf(why, VALUE_WHY_MAX, "the list has more than "
			    "%d strings", VALUE_LIST_MAX);
			return (-1);
		}
		if (value_list_add(list, lx->text) == -1) {
			strlcpy(why, "out of memory", VALUE_WHY_MAX);
			return (-1);
		}
		comma = false;
	}
}

int
value_read(struct lex *lx, struct value *v, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	memset(v, 0, sizeof(*v));
	lex_next(lx, LEX_VALUE);
	*line = lx->from_line;
	switch (lx->kind) {
	case LEX_WORD:
	case LEX_STRING:
		v->kind = lx->kind == LEX_WORD ? VALUE_WORD : VALUE_STRING;
		v->text = strdup(lx->text);
		if (v->text == NULL) {
			strlcpy(why, "out of memory", VALUE_WHY_MAX);
			return (-1);
		}
		break;
	case LEX_PUNCT:
		v->kind = VALUE_LIST;
		if (value_read_list(lx, &v->list, line, why) == -1)
			return (-1);
		break;
	case LEX_BAD:
		strlcpy(why, lx->why, VALUE_WHY_MAX);
		return (-1);
	default:
		strlcpy(why, "a value is missing", VALUE_WHY_MAX);
		return (-1);
	}
	lex_next(lx, LEX_VALUE);
	if (lx->kind == LEX_EOL || lx->kind == LEX_END)
		return (0);
	*line = lx->from_line;
	strlcpy(why, lx->kind == LEX_BAD ? lx->why : "text behind the value, "
	    "expected the end of the line or a # comment", VALUE_WHY_MAX);
	return (-1);
}

/* Digits at *text; stops behind them.  -1 for none or too large. */
static int
value_digits(const char **text, unsigned base, uint64_t *out)
{
	const char *p = *text;
	uint64_t n = 0;

	for (; *p >= '0' && *p < '0' + (int)base; p++) {
		/* Far above every range, far below an overflow. */
		if (n > UINT64_MAX / 1000000)
			return (-1);
		n = n * base + (uint64_t)(*p - '0');
	}
	if (p == *text)
		return (-1);
	*text = p;
	*out = n;
	return (0);
}

int
value_number(const char *text, uint64_t *out)
{
	if (value_digits(&text, *text == '0' ? 8 : 10, out) == -1)
		return (-1);
	return (*text == '\0' ? 0 : -1);
}

static const struct value_unit *
value_find_unit(const struct value_unit *u, const char *name)
{
	while (u->name != NULL && strcmp(u->name, name) != 0)
		u++;
	return (u->name != NULL ? u : NULL);
}

int
value_time(const char *text, uint64_t *out)
{
	const struct value_unit *unit;
	uint64_t whole, part = 0, scale = 1;
	const char *from;

	if (value_digits(&text, 10, &whole) == -1)
		return (-1);
	if (*text == '.') {
		from = ++text;
		if (value_digits(&text, 10, &part) == -1 || text - from > 9)
			return (-1);
		for (; from < text; from++)
			scale *= 10;
	}
	unit = value_find_unit(value_time_units, text);
	if (unit == NULL || whole > UINT64_MAX / 2 / unit->factor)
		return (-1);
	/* A millisecond is the finest there is: nothing is rounded. */
	if (part * unit->factor % scale != 0)
		return (-1);
	*out = whole * unit->factor + part * unit->factor / scale;
	return (0);
}

int
value_size(const char *text, uint64_t *out)
{
	const struct value_unit *unit;

	if (value_digits(&text, 10, out) == -1)
		return (-1);
	unit = value_find_unit(value_size_units, text);
	if (unit == NULL || *out > UINT64_MAX / unit->factor)
		return (-1);
	*out *= unit->factor;
	return (0);
}

char *
value_format_time(uint64_t ms, char *dst, size_t size)
{
	unsigned part = (unsigned)(ms % 1000);
	int digits = 3;

	if (part == 0) {
		snprintf(dst, size, "%" PRIu64 "s", ms / 1000);
		return (dst);
	}
	for (; part % 10 == 0; part /= 10)
		digits--;
	snprintf(dst, size, "%" PRIu64 ".%0*us", ms / 1000, digits, part);
	return (dst);
}

char *
value_format_size(uint64_t n, char *dst, size_t size)
{
	const struct value_unit *u = value_size_units;

	while (n == 0 ? u->factor != 1 : n % u->factor != 0)
		u++;
	snprintf(dst, size, "%" PRIu64 "%s", n / u->factor, u->name);
	return (dst);
}

#undef VALUE_LIST_MAX
