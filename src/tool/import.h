/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import.h - upstream's configuration, which is Ruby, in our language.
 *
 * The text is cut into tokens at once; statements are then looked at one after
 * the other, each is translated whole or not at all.
 */
#ifndef TOOL_IMPORT_H
#define TOOL_IMPORT_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "config/conf.h"
#include "config/fact.h"
#include "config/lex.h"

#define IMPORT_NAMES_MAX	16	/* variables of blocks, in each other */
#define IMPORT_WHY_MAX		256
#define IMPORT_DEPTH_MAX	24	/* of an expression */

/*
 * Translates len bytes of the file called path.  Appends our text to out;
 * what could not be translated, and notes, are lines on err.  Returns 0 when
 * all was translated, 1 when some was not, -1 when nothing comes of it (said).
 */
int	import_text(const char *path, const char *text, size_t len,
	    struct buf *out, FILE *err);

/* --- what the import_*.c files share ------------------------------------- */

enum import_kind {
	IMPORT_END,
	IMPORT_NEWLINE,		/* or ; */
	IMPORT_WORD,
	IMPORT_LABEL,		/* "name:", body without the colon */
	IMPORT_NUMBER,
	IMPORT_STRING,
	IMPORT_SYMBOL,
	IMPORT_PATTERN,
	IMPORT_SIGN,
	IMPORT_BAD		/* what no statement with it can survive */
};

struct import_token {
	uint32_t	 from, to;	/* its bytes of the text */
	uint32_t	 body, len;	/* what is between its quotes */
	uint32_t	 line;		/* of its first byte */
	uint32_t	 mate;		/* of what opens: what closes it, the
					   end when nothing does; else 0 */
	uint8_t		 kind;		/* enum import_kind */
	bool		 escapes;	/* a string with those of "..." */
	bool		 live;		/* it has #{...} in it; of a while:
					   its "do" has been */
	bool		 told;		/* that it was not translated */
};

/* What a variable of a block stands for. */
enum import_role {
	IMPORT_R_NONE,
	IMPORT_R_MILTER,	/* value: the token with its name, 0 all */
	IMPORT_R_CONDITION,
	IMPORT_R_VALUE,		/* the token with it, 0: each milter's name */
	IMPORT_R_CONTEXT,	/* these are a stopper's */
	IMPORT_R_HOST,
	IMPORT_R_ADDRESS,
	IMPORT_R_HELO,
	IMPORT_R_SENDER,
	IMPORT_R_RECIPIENT,
	IMPORT_R_HEADER_NAME,
	IMPORT_R_HEADER_VALUE,
	IMPORT_R_BODY
};

struct import_name {
	uint32_t	 token;
	uint32_t	 value;
	enum import_role role;
};

/* What is used most comes first: shorter code. */
struct import {
	/* the statement, or what is left of it: tokens */
	uint32_t	 at, to;
	struct import_token *tok;
	const char	*text;		/* behind it: "\0[,]", for %w */
	const char	*why;		/* it cannot be translated */
	const char	*fatal;
	struct buf	 line_out;	/* its translation */
	struct buf	 stop;		/* of a stopper's expression */
	unsigned	 n_names;
	uint32_t	 len;		/* of the text */
	uint32_t	 n_tokens, n_comments;
	uint32_t	 comment;	/* the next one to be written */
	enum conf_stage	 stage;		/* of the stopper */
	uint32_t	 stages;	/* the condition's, that have a stop */
	unsigned	 steps;
	bool		 angles;	/* literals are <addresses> */
	bool		 loads;		/* so there may be other milters */
	bool		 some;		/* something was not translated */

	const char	*path;
	FILE		*err;
	struct buf	*out;
	struct buf	 tokens, comments;
	struct import_name name[IMPORT_NAMES_MAX];
	struct conf_list milters, conditions;	/* named so far */
	struct conf_list setters;	/* what the condition sets */
	char		 reason[IMPORT_WHY_MAX];	/* why may point here */
	char		 string[LEX_TEXT_MAX + 1];
	char		 quoted[LEX_TEXT_MAX * 4 + 3];
};

/* Cuts im->text into im->tokens and im->comments.  0, or -1: no memory. */
int	import_lex(struct import *);

/* The token is that word or sign. */
bool	import_is(const struct import *, uint32_t token, const char *);
/* The same of the next token, which is taken then. */
bool	import_take(struct import *, const char *);
/* False, with why. */
bool	import_no(struct import *, const char *why);
/* Is the text in the list?  It is from now on. */
bool	import_known(struct import *, struct conf_list *, const char *text);
/* A line for the user about what was translated. */
void	import_note(const struct import *, uint32_t token, const char *);
/* Appends; without memory it is the end. */
void	import_add(struct import *, struct buf *, const void *, size_t);
/* Appends to the translation; the second one in quotes. */
void	import_put(struct import *, const char *);
void	import_put_quoted(struct import *, const char *);
/* Text that has @ where a name belongs: that of token, "*" for 0. */
void	import_put_key(struct import *, const char *, uint32_t token);

/* The variable of that token, or NULL. */
const struct import_name *import_name(const struct import *, uint32_t token);
/*
 * Where the literal is that the token is, or stands for; 0: it is none.  *all
 * (may be NULL): it is each milter's name.
 */
uint32_t import_literal(const struct import *, uint32_t token, bool *all);
/* What is in a string or symbol, into im->string. */
bool	import_string(struct import *, uint32_t token);

/* Appends lines to the result. */
void	import_out(struct import *, const void *, size_t);
/* The comments before a byte of the text. */
void	import_comments(struct import *, uint32_t before);
/* The statements from token to token. */
void	import_walk(struct import *, uint32_t from, uint32_t to);
/* The one from im->at to im->to, into im->line_out; false: it cannot be. */
bool	import_statement(struct import *);

/* Each appends one literal, at im->at, and goes behind it. */
bool	import_put_string(struct import *, bool status);
bool	import_put_number(struct import *, bool octal);
bool	import_put_pattern(struct import *);

/* The letters of the tables below. */
enum import_type {
	IMPORT_T_BOOL = 'b',
	IMPORT_T_NUMBER = 'n',
	IMPORT_T_STRING = 's',
	IMPORT_T_LIST = 'l',
	IMPORT_T_PATTERN = 'p',
	/* What has to be asked for something before it is a value. */
	IMPORT_T_ADDRESS = 'a',
	IMPORT_T_CONTEXT = 'c',
	IMPORT_T_CHILDREN = 'd',
	IMPORT_T_CHILD = 'e',
	IMPORT_T_SHELF = 'f',
	IMPORT_T_TIME = 't',
	IMPORT_T_NOW = 'u'
};

struct import_node {
	enum import_type type;
	uint32_t	 token;		/* its first one */
	size_t		 from;		/* in im->line_out */
	bool		 literal;
	bool		 angles;	/* upstream's has < and > around it */
};

extern const char import_what[], import_angles[];	/* whys */

/*
 * ["NAME"], written between before and after.  A macro's name has braces here
 * unless it is one letter.
 */
bool	import_index(struct import *, bool macro, const char *before,
	    const char *after);
/* A literal, or a variable and what it is asked. */
bool	import_primary(struct import *, struct import_node *, unsigned depth);
/* A condition, true or false. */
bool	import_low(struct import *, unsigned depth);

/*
 * Translates the block of define_STAGE_stopper whose tokens are from..to; the
 * names of its variables are bound by it; condition is the token with its name.
 * False when any part of it cannot be translated.
 */
bool	import_stopper(struct import *, const char *stage, size_t stage_len,
	    uint32_t condition, const uint32_t *names, unsigned n_names,
	    uint32_t from, uint32_t to);

/* Where the statement that begins at token ends, at the latest at to. */
uint32_t import_statement_end(const struct import *, uint32_t token,
	    uint32_t to);

#endif /* TOOL_IMPORT_H */
