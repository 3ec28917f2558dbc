/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * option_internal.h - what the option*.c files share.
 */
#ifndef MILTER_OPTION_INTERNAL_H
#define MILTER_OPTION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milter/option.h"

/* Sendmail keeps no more names of one stage than this. */
#define OPTION_NAMES_MAX	50
/*
 * Longest macro name that goes upstream (Sendmail's own limit is 25): with it
 * all lists of an answer together stay below MILTER_CHUNK_SIZE.
 */
#define OPTION_NAME_MAX		128

/* A macro name without its braces; points into a list or a payload. */
struct option_name {
	const char	*s;
	size_t		 len;
};

/* The next name of a list, or false at its end; *list moves. */
bool	option_name_next(const char **list, struct option_name *);

/* Names without duplicates, in the order they came. */
struct option_names {
	size_t			 n;
	struct option_name	 name[OPTION_NAMES_MAX];
};
/* Adds the names of a list, as far as there is room. */
void	option_names_add(struct option_names *, const char *list);
/* Adds a name that must be there, at the cost of the last one. */
void	option_names_force(struct option_names *, const char *name);
/* As a list, to be freed; NULL when out of memory. */
char	*option_names_join(const struct option_names *);

/* The names that Sendmail or Postfix sends for a stage on its own account. */
const char *option_default_list(int stage);

/* The NO bits that a version implies, because it lacks the events. */
uint32_t option_implied(uint32_t version);

#endif /* MILTER_OPTION_INTERNAL_H */
