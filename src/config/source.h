/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * source.h - the files of a configuration.
 */
#ifndef CONFIG_SOURCE_H
#define CONFIG_SOURCE_H

#include "compat.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "config/value.h"

struct source_text {
	char		*text;		/* the caller frees it */
	size_t		 len;		/* without the NUL behind it */
	dev_t		 dev;		/* which file it is, */
	ino_t		 ino;		/* whatever its name */
};

#define SOURCE_ANY	1u	/* not only a regular file */
#define SOURCE_ALONE	2u	/* no link to it, and no other name of it: who
				   put it there may not read what we may */

/*
 * Reads a file whole.  Regular files only, unless flags say else.  Returns 0,
 * or -1 with what is wrong in why.
 */
int	source_read(const char *path, unsigned flags, struct source_text *,
	    char why[VALUE_WHY_MAX]);

/*
 * The files that path, relative to the folder of file from, stands for: itself,
 * the matches of a pattern like glob(3)'s, the regular files of a folder;
 * sorted.  Returns 0, also for none, or -1 with why.
 */
int	source_expand(const char *from, const char *path, struct conf_list *,
	    char why[VALUE_WHY_MAX]);

/* Whether text as a whole is like the pattern: "*", "?", "[a-z]", "\\*". */
bool	source_like(const char *pattern, const char *text);
/* The same for a name in a folder: a dot at its beginning must be meant. */
bool	source_match(const char *pattern, const char *name);

#endif /* CONFIG_SOURCE_H */
