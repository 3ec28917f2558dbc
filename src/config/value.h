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

#include "config/conf.h"
#include "config/lex.h"

#define VALUE_WHY_MAX	512	/* an explanation */

struct value {
	enum {
		VALUE_WORD,	/* text: true, nil, 0660, 7.5s ... */
		VALUE_STRING,	/* text */
		VALUE_LIST,	/* list, of strings */
		VALUE_RAW	/* text: as written, without comments */
	}		 kind;
	char		*text;
	struct conf_list list;
	unsigned	 line;		/* of a VALUE_RAW's first byte */
	struct conf_origin origin;	/* of the statement */
};

/*
 * Reads a value and the end of its line.  Returns 0, or -1 with what is wrong
 * in why and the line to blame in *line.  value_free() in either case.
 */
int	value_read(struct lex *, struct value *, unsigned *line,
	    char why[VALUE_WHY_MAX]);
/* The same for a value that is an expression, a setter, or rules. */
int	value_read_raw(struct lex *, struct value *, unsigned *line,
	    char why[VALUE_WHY_MAX]);
void	value_free(struct value *);

/* Appends a copy: 0 or -1 without memory.  Freeing leaves it empty. */
int	value_list_add(struct conf_list *, const char *);
void	value_list_free(struct conf_list *);

#endif /* CONFIG_VALUE_H */
