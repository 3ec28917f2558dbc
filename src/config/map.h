/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * map.h - keys with entries: milter.NAME.macro."{name}" = "value".
 *
 * Each entry is set and taken away by itself and has its own origin.
 */
#ifndef CONFIG_MAP_H
#define CONFIG_MAP_H

#include "compat.h"

#include <stdbool.h>

#include "config/key.h"
#include "config/value.h"

#define MAP_NAME_MAX	128	/* of a name, its braces and NUL */

/*
 * The name of a macro in the form that is kept: one letter alone ("i", also
 * when {i} was written), longer ones in braces, of at most 125 bytes.  0, or -1
 * with why.
 */
int	map_macro_name(const char *written, char name[MAP_NAME_MAX],
	    char why[VALUE_WHY_MAX]);

/*
 * Checks entry and value, and puts a copy in the map of that key, or takes it
 * away (nil).  All of a map holds 16 kilobytes at most.  0, or -1 with why and
 * nothing changed.
 */
int	map_assign(const struct key *, void *base, const char *entry,
	    const struct value *, bool append, const struct conf_origin *,
	    char why[VALUE_WHY_MAX]);
void	map_free(struct conf_map *);	/* leaves it empty */

#endif /* CONFIG_MAP_H */
