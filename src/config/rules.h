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
					   is in it; for people and for show */
	struct pattern	*pattern;
	struct network	 network;
	long		 low, high;
	struct conf_table *table;	/* NULL until all is read */
	struct conf_origin origin;
};

/* Leaves it empty. */
void	rules_free(struct conf_rules *);

#endif /* CONFIG_RULES_H */
