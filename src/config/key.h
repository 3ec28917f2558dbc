/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * key.h - the one table of what can be configured.
 *
 * A new key is a member of a struct in conf.h, a row in key.c and its meaning
 * in document.c.  The parser, --show-config, the sample file and the manual's
 * list follow.
 */
#ifndef CONFIG_KEY_H
#define CONFIG_KEY_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/word.h"
#include "config/value.h"

enum key_type {		/* its member in the snapshot */
	KEY_BOOL,	/* bool */
	KEY_WORD,	/* int or enum; words */
	KEY_LEVELS,	/* unsigned: LOGL_* */
	KEY_NUMBER,	/* unsigned */
	KEY_MODE,	/* unsigned, octal */
	KEY_TIME,	/* uint64_t, ms */
	KEY_SIZE,	/* size_t */
	KEY_STRING,	/* char * */
	KEY_SECRET,	/* char *, never repeated in a message */
	KEY_FILE,	/* char *, an absolute path */
	KEY_BACKEND,	/* char *, loop_backend_known() */
	KEY_SPEC,	/* char *, and a struct spec at offset2 */
	KEY_SPECS,	/* struct conf_specs, of at most CONF_SPECS_MAX */
	KEY_LIST,	/* struct conf_list; min 1: a path, its arguments */
	KEY_CONDITIONS,	/* struct conf_list, names of conditions */
	KEY_MACROS,	/* struct conf_map, by names of macros */
	/* logic.h */
	KEY_STOP,	/* struct expr *, asked at stage min */
	KEY_SET_MACRO,	/* struct conf_setters, by names of macros */
	KEY_SET_NOTE,	/* the same, by any names */
	KEY_RULES,	/* struct conf_rules of flavour min */
	KEY_TABLES	/* struct conf_table **, by their names */
};

/* There are many rows: no wider than they need be. */
struct key {
	const char	*name;
	uint8_t		 type;		/* enum key_type */
	bool		 nil;		/* may be nil: the default again */
	uint16_t	 offset;
	uint16_t	 offset2;
	uint32_t	 min, max;	/* of a spec: of its port; of a
					   KEY_STRING or _SECRET: max bytes,
					   0 any */
	const struct word *words;
	const char	*def;		/* in the language */
};

/* Those of no child or condition: in struct conf.  NULL name at the end. */
extern const struct key key_main[];
/* milter.NAME.*: in struct conf_milter. */
extern const struct key key_child[];
/* condition.NAME.*: in struct conf_condition. */
extern const struct key key_condition[];
/* timer.NAME.*: in struct conf_timer. */
extern const struct key key_timer[];

extern const struct word key_status_words[];

size_t	key_count(const struct key *table);
/* Its value is VALUE_RAW. */
bool	key_is_raw(const struct key *);
bool	key_has_entries(const struct key *);
/* The one of exactly that name (or what upstream also calls it) or NULL; not
 * one with entries. */
const struct key *key_find(const struct key *table, const char *name);
/*
 * One with entries, by its own part of the name, or NULL.  The
 * name in the table is that part, a dot, and an example of an entry's.
 */
const struct key *key_find_map(const struct key *table, const char *part);

#endif /* CONFIG_KEY_H */
