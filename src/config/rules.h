/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * rules.h - a list against which something is held: of a key (s25r.whitelist)
 * or written in an expression.
 */
#ifndef CONFIG_RULES_H
#define CONFIG_RULES_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/network.h"
#include "config/conf.h"
#include "config/pattern.h"

enum rule_kind {
	RULE_TEXT,	/* equal, byte by byte */
	RULE_PATTERN,
	RULE_NETWORK,
	RULE_RANGE,	/* of numbers, both ends included */
	RULE_TABLE
};

struct rule {
	enum rule_kind	 kind;
	char		*text;		/* as it was written, of a string what
					   is in it, of a table its name */
	struct pattern	*pattern;
	struct network	 network;
	long		 low, high;
	const struct conf_table *table;	/* rules_resolve() */
	struct conf_origin origin;
};

#define RULES_WHY_MAX	256

/* What may be in a list. */
enum rules_flavour {
	RULES_STRINGS,	/* strings, patterns, tables */
	RULES_NETWORKS,	/* strings that are networks, tables */
	RULES_SERVICES,	/* strings "ZONE" or "ZONE=NETWORK" */
	RULES_NUMBERS	/* numbers, and ranges of them */
};

/*
 * Reads len bytes (at most LEX_STATEMENT_MAX), one item or a list of them in
 * brackets, and appends them, each with that origin.  Returns 0, or -1 with
 * why, one line, and *at, the byte that it is about ((size_t)-1: no memory);
 * what was read before the fault has been appended then.
 */
int	rules_read(const char *text, size_t len, enum rules_flavour,
	    const struct conf_origin *, struct conf_rules *, size_t *at,
	    char why[RULES_WHY_MAX]);
/* Finds its tables in a configuration that is complete.  0, or -1, why. */
int	rules_resolve(struct conf_rules *, const struct conf *,
	    char why[RULES_WHY_MAX]);
/*
 * Writes one as it would be written in a list, cut with "..." where it would
 * not fit.  Returns dst.
 */
char	*rules_format(const struct rule *, char *dst, size_t size);
/* Leaves it empty. */
void	rules_free(struct conf_rules *);

#endif /* CONFIG_RULES_H */
