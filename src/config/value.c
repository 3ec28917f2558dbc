/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * value.c - read a value as it is written.
 * Owns:      the form of a list, and the memory of values.
 * Called by: parse.c, field.c; load.c, source.c and tool/import*.c for lists.
 * Must not:  know a key, or what a word of a value means.
 */
#include "compat.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"

#define VALUE_LIST_MAX	1000

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

/* Comments become blanks, so that every byte stays where it is. */
static void
value_blank_comments(char *p)
{
	char *end = p + strlen(p);

	while (p < end) {
		if (*p == '"' || *p == '/')
			p += lex_quoted_end(p, end) - p;
		else if (*p == '#')
			while (*p != '\0' && *p != '\n')
				*p++ = ' ';
		else
			p++;
	}
}

int
value_read_raw(struct lex *lx, struct value *v, unsigned *line,
    char why[VALUE_WHY_MAX])
{
	memset(v, 0, sizeof(*v));
	v->kind = VALUE_RAW;
	(void)lex_raw(lx);
	*line = v->line = lx->from_line;
	if (lx->kind == LEX_BAD || memchr(lx->from, '\0', lx->raw) != NULL) {
		strlcpy(why, lx->kind == LEX_BAD ? lx->why : "a NUL byte",
		    VALUE_WHY_MAX);
		return (-1);
	}
	while (lx->raw > 0 && strchr(" \t\r", lx->from[lx->raw - 1]) != NULL)
		lx->raw--;
	/* An empty one is for the key to say what is expected. */
	v->text = malloc(lx->raw + 1);
	if (v->text == NULL) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	memcpy(v->text, lx->from, lx->raw);
	v->text[lx->raw] = '\0';
	value_blank_comments(v->text);
	return (0);
}

#undef VALUE_LIST_MAX
