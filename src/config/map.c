/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * map.c - keys with entries.
 * Owns:      what an entry may be called and hold.
 * Called by: parse.c, field.c, logic.c for names of macros.
 * Must not:  know one key by its name.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/map.h"

#define MAP_SIZE_MAX	(16 * 1024)	/* a milter takes 64 KiB, with others */

static bool
map_is_letter(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_');
}

int
map_macro_name(const char *written, char name[MAP_NAME_MAX],
    char why[VALUE_WHY_MAX])
{
	size_t i, len = strlen(written);
	bool braces = len >= 2 && written[0] == '{' && written[len - 1] == '}';
	char quoted[100];

	if (braces) {
		written++;
		len -= 2;
	}
	for (i = 0; i < len; i++)
		if (!map_is_letter(written[i]) &&
		    !(len > 1 && (written[i] == '-' || written[i] == '.')))
			break;
	if (len == 0 || i < len) {
		strlcpy(why, "a macro's name is one letter, digit or _, or "
		    "several in braces, like \"i\" or \"{client_addr}\"",
		    VALUE_WHY_MAX);
		return (-1);
	}
	if (len + 3 > MAP_NAME_MAX) {
		snprintf(why, VALUE_WHY_MAX, "a macro's name has at most %d "
		    "letters", MAP_NAME_MAX - 3);
		return (-1);
	}
	snprintf(name, MAP_NAME_MAX, len == 1 ? "%.*s" : "{%.*s}", (int)len,
	    written);
	if (len > 1 && !braces) {
		snprintf(why, VALUE_WHY_MAX, "the name of a macro with more "
		    "than one letter has braces, write %s",
		    lex_quote(quoted, sizeof(quoted), name));
		return (-1);
	}
	return (0);
}

void
map_free(struct conf_map *map)
{
	size_t i;

	for (i = 0; i < map->n; i++) {
		free(map->item[i].name);
		free(map->item[i].value);
	}
	free(map->item);
	map->item = NULL;
	map->n = 0;
}

static void
map_remove(struct conf_map *map, size_t at)
{
	free(map->item[at].name);
	free(map->item[at].value);
	map->n--;
	memmove(&map->item[at], &map->item[at + 1],
	    (map->n - at) * sizeof(*map->item));
}

static int
map_put(struct conf_map *map, size_t at, const char *name, const char *text,
    const struct conf_origin *origin)
{
	char *value = strdup(text), *copy;
	struct conf_pair *item;

	if (value == NULL)
		return (-1);
	if (at == map->n) {
		copy = strdup(name);
		item = copy == NULL ? NULL : realloc(map->item,
		    (at + 1) * sizeof(*item));
		if (item == NULL) {
			free(copy);
			free(value);
			return (-1);
		}
		map->item = item;
		item[at].name = copy;
		item[at].value = NULL;
		map->n++;
	}
	free(map->item[at].value);
	map->item[at].value = value;
	map->item[at].origin = *origin;
	return (0);
}

/* A value goes into a frame as it is, and into logs. */
static int
map_check_text(const char *text, char why[VALUE_WHY_MAX])
{
	const unsigned char *p = (const unsigned char *)text;

	for (; *p != '\0'; p++)
		if (*p < ' ' || *p == 0x7f) {
			snprintf(why, VALUE_WHY_MAX, "a macro's value must "
			    "not have control characters, found \\x%02x", *p);
			return (-1);
		}
	return (0);
}

int
map_assign(const struct key *key, void *base, const char *entry,
    const struct value *v, bool append, const struct conf_origin *origin,
    char why[VALUE_WHY_MAX])
{
	struct conf_map *map = (void *)((char *)base + key->offset);
	char name[MAP_NAME_MAX], quoted[VALUE_WHY_MAX / 2];
	size_t i, at, size;

	if (map_macro_name(entry, name, why) == -1)
		return (-1);
	if (append) {
		strlcpy(why, "+= appends to a list, and this is none; "
		    "write =", VALUE_WHY_MAX);
		return (-1);
	}
	for (at = 0; at < map->n; at++)
		if (strcmp(map->item[at].name, name) == 0)
			break;
	if (v->kind == VALUE_WORD && strcmp(v->text, "nil") == 0) {
		if (at < map->n)
			map_remove(map, at);
		return (0);
	}
	if (v->kind == VALUE_LIST) {
		strlcpy(why, "found a list, expected a string in quotes, or "
		    "nil for none", VALUE_WHY_MAX);
		return (-1);
	}
	if (v->kind == VALUE_WORD) {
		snprintf(why, VALUE_WHY_MAX, "a bare word is not a string, "
		    "write %s", lex_quote(quoted, sizeof(quoted), v->text));
		return (-1);
	}
	if (map_check_text(v->text, why) == -1)
		return (-1);
	size = strlen(name) + strlen(v->text) + 2;
	for (i = 0; i < map->n; i++)
		if (i != at)
			size += strlen(map->item[i].name) +
			    strlen(map->item[i].value) + 2;
	if (size > MAP_SIZE_MAX) {
		snprintf(why, VALUE_WHY_MAX, "the names and values together "
		    "have more than %d bytes", MAP_SIZE_MAX);
		return (-1);
	}
	if (map_put(map, at, name, v->text, origin) == -1) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	return (0);
}

#undef MAP_SIZE_MAX
