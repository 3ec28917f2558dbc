/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * expr.h - expressions: read, given types, checked; and evaluated.
 *
 *	or	 a or b			also ||
 *	and	 a and b		also &&
 *	not	 not a			also !
 *	compare	 == != < <= > >= =~ !~ in, not in; one, not a chain
 *	value	 "string" 12 64k 10m true false /pattern/flags
 *		 [list] 8..19 (expression) table.NAME KEY FACT FACT(...)
 *		 lookup(table.NAME, key)
 *
 * Its cost is bounded by its length: no loops, no functions of users.
 */
#ifndef CONFIG_EXPR_H
#define CONFIG_EXPR_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/network.h"
#include "config/fact.h"
#include "config/rules.h"

#define EXPR_TEXT_MAX	4096
#define EXPR_NODES_MAX	512
#define EXPR_DEPTH_MAX	32
#define EXPR_WHY_MAX	256
#define EXPR_SCRATCH	4096	/* bytes of strings that an evaluation makes */

struct conf;
struct conf_table;
struct expr;

/*
 * Reads len bytes as an expression of the wanted type (EXPR_BOOL, or
 * EXPR_STRING, for which numbers and booleans are taken, too) that is asked at
 * a stage.  NULL with why and *at, the byte that it is about ((size_t)-1: no
 * memory).  Tables and children that it names need not be there yet:
 * expr_resolve().
 */
struct expr *expr_new(const char *text, size_t len, enum expr_type,
	    enum conf_stage, size_t *at, char why[EXPR_WHY_MAX]);
void	expr_free(struct expr *);		/* NULL: no effect */
/* Finds what it names in a configuration that is complete.  0, or -1, why. */
int	expr_resolve(struct expr *, const struct conf *,
	    char why[EXPR_WHY_MAX]);
const char *expr_text(const struct expr *);	/* as written, one line */

/* Calls fn for each fact that is asked, with its argument or NULL. */
void	expr_facts(const struct expr *, void (*fn)(enum fact, const char *name,
	    void *arg), void *arg);
/* Whether it asks that table. */
bool	expr_asks_table(const struct expr *, const struct conf_table *);

/* --- evaluation ---------------------------------------------------------- */

enum eval_state {
	EVAL_OK,
	EVAL_PENDING,	/* an answer is waited for: evaluate again then */
	EVAL_FAILED	/* it cannot be known: the question has failed */
};

enum eval_family { EVAL_UNKNOWN, EVAL_INET, EVAL_INET6, EVAL_UNIX };

struct eval_value {
	enum expr_type	 type;
	bool		 yes;
	long		 number;
	const char	*text;		/* with len; NULL: not there */
	size_t		 len;
	enum eval_family family;	/* of an address; its text is there */
	struct network_address address;	/* of INET and INET6 */
};

/*
 * Why the result is what it is: the part of the expression that decided, and
 * of a list the rule.
 */
struct eval_why {
	char		 rule[200];	/* "whitelist /\.google\.com\z/" */
	struct conf_origin origin;	/* the rule's own; line 0, NULL: none */
};

/*
 * Where facts come from.  What fn puts into the value has to stay until the
 * evaluation is over.  arg is the string of a fact's argument, NULL when it has
 * none.
 */
struct eval_env {
	const struct conf *conf;
	enum eval_state	(*fact)(void *, enum fact, const char *arg,
			    struct eval_value *);
	/*
	 * value gets the value's text, or of FAILED why, in memory of the
	 * callee; it is NULL before, and may stay so.  OK with *found, or
	 * PENDING, FAILED.
	 */
	enum eval_state	(*table)(void *, const struct conf_table *,
			    const struct eval_value *key, bool *found,
			    const char **value);
	void		*arg;
};

struct eval {
	const struct eval_env *env;
	struct eval_value result;
	struct eval_why	 why;
	char		 scratch[EXPR_SCRATCH];
	size_t		 used;
};

/*
 * Evaluates from the beginning; the caller sets eval->env.  "and" and "or" look
 * at their right side only when the left one leaves it open.  A part that has
 * failed makes the whole EVAL_FAILED unless the other side decides (a failed
 * left side of "or" lets the right one be asked).  Of dnsbl() a failure is
 * "not listed", as it is upstream's.
 */
enum eval_state expr_eval(const struct expr *, struct eval *);

#endif /* CONFIG_EXPR_H */
