/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * word.h - words and the numbers they stand for.
 *
 * A list ends with a NULL name.  Where two words share a number the first one
 * is the one to print.
 */
#ifndef BASE_WORD_H
#define BASE_WORD_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

struct word {
	const char	*name;
	int		 value;
};

/* The entry of that name or NULL. Case and '-' against '_' do not matter. */
const struct word *word_find(const struct word *, const char *name);

/* The first name of a number or NULL. */
const char *word_name(const struct word *, int value);

/*
 * How many letters must be changed, added, dropped or swapped with their
 * neighbour to make b of a; a large number where either is longer than 63.
 */
size_t	word_distance(const char *a, const char *b);

/* True, with the distance, when it is small enough for "did you mean". */
bool	word_near(const char *a, const char *b, size_t *distance);

/*
 * Lists in one text, set apart by single blanks: whether one of the words is
 * these bytes, or what a text ends in.
 */
bool	word_is_in(const char *words, const char *text, size_t len,
	    bool any_case);
bool	word_is_end(const char *words, const char *text);
/* As strstr(3), of which the one of musl is made for long texts: 1.3 KB. */
const char *word_search(const char *text, const char *part);

#endif /* BASE_WORD_H */
