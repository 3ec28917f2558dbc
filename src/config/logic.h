/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * logic.h - keys whose values are expressions, lists of rules, or tables.
 */
#ifndef CONFIG_LOGIC_H
#define CONFIG_LOGIC_H

#include "compat.h"

#include <stdbool.h>
#include <stdio.h>

#include "config/key.h"
#include "config/value.h"

/*
 * Checks a value of such a key and puts it in its place (or takes it away:
 * nil).  entry is the name of an entry, or NULL.  Returns 0, or -1 with why,
 * nothing changed, and *line the line to blame.
 */
int	logic_assign(const struct key *, void *base, const char *entry,
	    const struct value *, bool append, unsigned *line,
	    char why[VALUE_WHY_MAX]);
void	logic_free(const struct key *, void *base);

/* As show.c wants them: one value of a key that has no entries. */
void	logic_print(const struct key *, const void *base, size_t *at, FILE *);
bool	logic_more(const struct key *, const void *base, size_t at);

/* How the sources of tables are written. */
extern const char logic_tables[];

/* The conditions that are built in, in the language itself. */
extern const char logic_builtin[];

#endif /* CONFIG_LOGIC_H */
