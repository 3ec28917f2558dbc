/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * field.h - the members of a snapshot, through the rows of the table of keys.
 *
 * base is a struct conf or a struct conf_milter, as the key says.
 */
#ifndef CONFIG_FIELD_H
#define CONFIG_FIELD_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "config/key.h"

/* All of a zeroed struct.  0, or -1 without memory. */
int	field_defaults(const struct key *table, void *base);
void	field_free(const struct key *table, void *base);

/*
 * Checks a value and puts a copy in its place, or appends it to a list.
 * Returns 0, or -1 with why and nothing changed.
 */
int	field_assign(const struct key *, void *base, const struct value *,
	    bool append, char why[VALUE_WHY_MAX]);

/* "a number from 0 to 1000000" */
void	field_expected(const struct key *, char *dst, size_t size);

#endif /* CONFIG_FIELD_H */
