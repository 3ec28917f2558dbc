/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * errors.h - the faults of a configuration, in the order of the statements.
 */
#ifndef CONFIG_ERRORS_H
#define CONFIG_ERRORS_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#define ERRORS_MAX	100	/* later ones are only counted */

struct errors {
	struct {
		unsigned	 seq;
		char		*line;
	}		 entry[ERRORS_MAX];
	size_t		 n;
	size_t		 total;
	bool		 no_memory;
};

/*
 * Keeps "file:line: key: why"; without ":line" for line 0, without "key: " for
 * NULL.  Those with a lower seq come first.
 */
void	errors_add(struct errors *, unsigned seq, const char *file,
	    unsigned line, const char *key, const char *why);

/* Hands all to report, frees them, and returns 0 when there was none. */
size_t	errors_report(struct errors *, const char *file,
	    void (*report)(const char *line, void *arg), void *arg);

#endif /* CONFIG_ERRORS_H */
