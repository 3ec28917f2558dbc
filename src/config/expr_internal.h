/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * expr_internal.h - what expr*.c, rules.c and eval.c share.
 */
#ifndef CONFIG_EXPR_INTERNAL_H
#define CONFIG_EXPR_INTERNAL_H

#include "config/expr.h"
#include "config/lex.h"

/* Words of the language, and what a node is: of an operator the same. */
enum expr_word {
	WORD_END,
	WORD_BAD,		/* the reason has been told */
	NODE_OR,
	NODE_AND,
	NODE_NOT,		/* left */
	NODE_EQ,		/* from here to NODE_NOT_IN: comparisons */
	NODE_NE,
	NODE_LT,
	NODE_LE,
	NODE_GT,
	NODE_GE,
	NODE_MATCH,		/* left, pattern */
	NODE_NOT_MATCH,
	NODE_IN,		/* left; right: NODE_LIST or NODE_KEY */
	NODE_NOT_IN,
	NODE_STRING,		/* number: where in the strings it begins */
	NODE_NUMBER,		/* of a boolean: 0 or 1 */
	NODE_LIST,		/* rules */
	NODE_KEY,		/* which: of term_keys */
	NODE_FACT,		/* which; left: 0, or a NODE_STRING when it is
				   known at load, else what is evaluated; of
				   dnsbl() a NODE_LIST or NODE_KEY */
	NODE_LOOKUP,		/* left: the key; right: a list of one table */
	WORD_NAME,		/* names with dots: sender.domain */
	WORD_PATTERN,
	WORD_TRUE,
	WORD_FALSE,
	WORD_RANGE,
	WORD_SIGN		/* and behind it the sign itself: ( ) [ ] , . */
};

/* Where a part begins: in the text that was given, and in the kept one. */
struct expr_mark {
	uint16_t	 at;
	uint16_t	 from;
};

/* Node 0 is none. */
struct expr_node {
	uint8_t		 op;
	uint8_t		 type;		/* enum expr_type */
	uint8_t		 which;
	struct expr_mark mark;
	uint16_t	 to;		/* in the kept text */
	uint16_t	 left, right;
	union {
		long		 number;
		struct pattern	*pattern;
		struct conf_rules *rules;
	}		 u;
};

struct expr {
	struct expr_node *node;
	char		*strings;
	char		*text;
	unsigned	 root;
	unsigned	 n;
};

/* The keys that an expression can name. */
struct expr_key {
	const char	*name;
	uint8_t		 type;		/* EXPR_BOOL or EXPR_LIST */
	uint8_t		 flavour;	/* enum rules_flavour */
	uint16_t	 offset;	/* in struct conf */
};
#define EXPR_KEYS	9

/* At work on a text. */
struct expr_read {
	const char	*text;
	size_t		 len;
	size_t		 pos;		/* behind the current word */

	/* the current word */
	int		 kind;		/* enum expr_word, or WORD_SIGN + c */
	size_t		 at;
	struct expr_mark mark;		/* of an expression */
	unsigned	 done;		/* where the one before ends in out */
	long		 number;
	struct lex	 lx;		/* text, len: of a string */
	char		 name[64];	/* of a name; cut: no name is so long */

	/* the first fault */
	bool		 failed;
	size_t		*fault_at;
	char		*why;

	/* what has been said of nodes */
	unsigned	 turn;
	char		 said[2][48];

	/* what is made; keep is false for a list of rules alone */
	bool		 keep;
	enum conf_stage	 stage;
	unsigned	 depth;
	unsigned	 n;		/* nodes; 0 is used up */
	unsigned	 out_len;
	unsigned	 strings_len;
	char		 out[EXPR_TEXT_MAX + 1];	/* in one line */
	char		 strings[EXPR_TEXT_MAX + 1];
	struct expr_node node[EXPR_NODES_MAX];
};

/* expr_lex.c */
struct expr_read *expr_begin(const char *text, size_t len, size_t *at,
	    char why[EXPR_WHY_MAX]);	/* NULL: no memory; free(3) */
void	expr_next(struct expr_read *);
/* Tells the first fault; returns false. */
bool	expr_fail(struct expr_read *, size_t at, const char *fmt, ...)
	    COMPAT_PRINTF(3, 4);
bool	expr_no_memory(struct expr_read *);
/* "expected WHAT, found ..." at the current word; returns false. */
bool	expr_expected(struct expr_read *, const char *what);
/* Tells of a bound: "more than 32 levels". */
bool	expr_bound(struct expr_read *, int max, const char *of);
/* A letter, a digit, _ or - */
bool	expr_is_name(char);
/* Goes over the sign; false when it is not there. */
bool	expr_sign(struct expr_read *, char sign);
/* The pattern that is the current word. */
struct pattern *expr_pattern(struct expr_read *);

/* term.c */
extern const struct expr_key term_keys[EXPR_KEYS];
/* The node of the whole expression, or 0. */
unsigned term_read(struct expr_read *, enum expr_type wanted);

/*
 * rules.c: reads an item, or a list of them in brackets.  who is what is held
 * against them, for a message.
 */
bool	rules_parse(struct expr_read *, enum rules_flavour, const char *who,
	    const struct conf_origin *, struct conf_rules *);

#endif /* CONFIG_EXPR_INTERNAL_H */
