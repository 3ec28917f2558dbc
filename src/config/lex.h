/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * lex.h - the words of the configuration language.
 *
 * Keys and values have different words: the caller says which it expects.
 */
#ifndef CONFIG_LEX_H
#define CONFIG_LEX_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#define LEX_TEXT_MAX	4096	/* bytes of a string or a bare word */
#define LEX_STATEMENT_MAX (64 * 1024)

/* What may come next. */
enum lex_mode {
	LEX_KEY,	/* a part of a key, '.', '*', '=', '+=' */
	LEX_VALUE,	/* a string, '[', or bare text up to the line's end */
	LEX_ITEM	/* in a list: line ends do not count */
};

enum lex_kind {
	LEX_END,	/* of the file */
	LEX_EOL,
	LEX_WORD,	/* text: bare, as written */
	LEX_STRING,	/* text: escapes resolved */
	LEX_APPEND,	/* += */
	LEX_RAW,	/* only from lex_raw() */
	LEX_PUNCT,	/* punct: one of = . * [ ] , */
	LEX_BAD		/* why: what is wrong */
};

struct lex {
	/* the text; the caller sets these by lex_init() */
	const char	*p;
	const char	*end;
	unsigned	 line;

	/* the statement, by lex_start() */
	const char	*start;
	unsigned	 start_line;

	/* the current word */
	enum lex_kind	 kind;
	char		 punct;
	const char	*from;		/* where it begins */
	unsigned	 from_line;
	size_t		 raw;		/* of LEX_RAW: bytes from there on */
	size_t		 len;
	char		 text[LEX_TEXT_MAX + 1];
	char		 why[128];
};

/* Of a name that needs no quotes: a letter, a digit, "_" or "-". */
bool	lex_is_name(char);

/* Reads len bytes, which must stay; a byte order mark is passed over. */
void	lex_init(struct lex *, const char *text, size_t len);

/* A statement begins here. */
void	lex_start(struct lex *);

/* The next word, in kind and the fields behind it. */
enum lex_kind lex_next(struct lex *, enum lex_mode);

/*
 * All up to the end of the line, of lines while a bracket is open, as the text
 * of an expression or of a list of rules: kind is LEX_RAW, with from and
 * from_line where it begins, and raw its length (0: nothing is there).  Strings
 * and /patterns/ are passed over, comments, which end it or stand between its
 * lines, are left for the reader.  Or LEX_BAD.
 */
enum lex_kind lex_raw(struct lex *);

/*
 * Behind the string or /pattern/ that begins at p; the end of the line or of
 * the text when it is not closed.
 */
const char *lex_quoted_end(const char *p, const char *end);

/*
 * True when the current word, in a list, looks like the beginning of the next
 * statement: the list was not closed.
 */
bool	lex_at_statement(const struct lex *);

/* Goes behind the statement's end, wherever it was given up. */
void	lex_skip(struct lex *);

/*
 * Writes text as a string of the language, in quotes, cut with "..." where it
 * would not fit.  Returns dst.
 */
char	*lex_quote(char *dst, size_t size, const char *text);

/* Writes text as a part of a key, with quotes only where it needs them. */
char	*lex_part(char *dst, size_t size, const char *text);

#endif /* CONFIG_LEX_H */
