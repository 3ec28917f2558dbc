/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * value.h - a value as it was written, before a key gives it a type.
 */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "compat.h"

#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"
#include "config/lex.h"

#define VALUE_WHY_MAX	512	/* an explanation */

struct value {
	enum {
		VALUE_WORD,	/* text: true, nil, 0660, 7.5s ... */
		VALUE_STRING,	/* text */
		VALUE_LIST	/* list, of strings */
	}		 kind;
	char		*text;
	struct conf_list list;
};

/*
 * Reads a value and the end of its line.  Returns 0, or -1 with what is wrong
 * in why and the line to blame in *line.  value_free() in either case.
 */
int	value_read(struct lex *, struct value *, unsigned *line,
	    char why[VALUE_WHY_MAX]);
void	value_free(struct value *);

/* Appends a copy: 0 or -1 without memory.  Freeing leaves it empty. */
int	value_list_add(struct conf_list *, const char *);
void	value_list_free(struct conf_list *);

/*
 * Text to a number (decimal, or octal behind a 0), to milliseconds (7, 7.5,
 * 500ms, 5s, 10m, 2h, 1d), to bytes (4096, 64k, 1m, 1g).  0, or -1 when the
 * text is none or too large.
 */
int	value_number(const char *text, uint64_t *);
int	value_time(const char *text, uint64_t *);
int	value_size(const char *text, uint64_t *);

/* The other way, in a form that reads back; 32 bytes are enough. */
char	*value_format_time(uint64_t, char *dst, size_t size);
char	*value_format_size(uint64_t, char *dst, size_t size);

#endif /* CONFIG_VALUE_H */
