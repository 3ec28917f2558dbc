/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_lex.c - where the words of a script end.
 * Owns:      blanks, comments, continued lines, quotes, here-documents.
 * Called by: the other sh_*.c.
 * Must not:  know what a word stands for.
 */
#include "compat.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/sh_internal.h"

/* A byte of the text, '\0' at its end: it has none inside. */
static char
sh_lex_char(const struct sh_in *in, size_t n)
{
	return ((size_t)(in->end - in->p) > n ? in->p[n] : '\0');
}

static void
sh_lex_step(struct sh_in *in)
{
	if (in->p < in->end) {
		in->line += *in->p == '\n';
		in->p++;
	}
}

bool
sh_at(const struct sh *sh, const char *operator)
{
	size_t len = strlen(operator);

	return ((size_t)(sh->in->end - sh->in->p) >= len &&
	    memcmp(sh->in->p, operator, len) == 0);
}

static bool
sh_lex_ends(char c)
{
	return (c == '\0' || strchr(" \t\n;&|()<>", c) != NULL);
}

bool
sh_at_word(const struct sh *sh, const char *word)
{
	return (sh_at(sh, word) &&
	    sh_lex_ends(sh_lex_char(sh->in, strlen(word))));
}

bool
sh_at_any_word(const struct sh *sh)
{
	return (!sh_lex_ends(sh_lex_char(sh->in, 0)));
}

/* The lines through the one that is the document's word. */
static void
sh_lex_here(struct sh *sh)
{
	struct sh_in *in = sh->in;
	const char *line, *end;
	unsigned i;
	size_t len;

	for (i = 0; i < in->n_here; i++) {
		len = strlen(in->here[i].word);
		while (in->p < in->end) {
			line = in->p;
			end = memchr(line, '\n', (size_t)(in->end - line));
			in->p = end != NULL ? end + 1 : in->end;
			if (end == NULL)
				end = in->end;
			else
				in->line++;
			while (in->here[i].tabs && line < end && *line == '\t')
				line++;
			if ((size_t)(end - line) == len &&
			    memcmp(line, in->here[i].word, len) == 0)
				break;
		}
	}
	in->n_here = 0;
}

void
sh_blank(struct sh *sh)
{
	struct sh_in *in = sh->in;
	const char *from = in->p;

	for (;;) {
		if (sh_at(sh, "\\\n"))
			sh_lex_step(in);
		else if (!sh_at(sh, " ") && !sh_at(sh, "\t"))
			break;
		sh_lex_step(in);
	}
	if (sh_at(sh, "#"))
		while (in->p < in->end && *in->p != '\n')
			in->p++;
	sh_work(sh, (size_t)(in->p - from) + 1);
}

void
sh_newlines(struct sh *sh)
{
	for (sh_blank(sh); sh_at(sh, "\n"); sh_blank(sh)) {
		sh_lex_step(sh->in);
		sh_lex_here(sh);
	}
}

/* Behind the quote that ends what begins here. */
static void
sh_lex_quoted(struct sh *sh, char quote)
{
	struct sh_in *in = sh->in;
	unsigned line = in->line;

	for (sh_lex_step(in); in->p < in->end && *in->p != quote;) {
		if (quote == '"' && (*in->p == '$' || *in->p == '`')) {
			sh_skip_dollar(sh, true);
			continue;
		}
		if (quote != '\'' && *in->p == '\\')
			sh_lex_step(in);
		sh_lex_step(in);
	}
	if (in->p == in->end && sh->end != SH_FAULTY) {
		in->line = line;
		sh_fail(sh, "a quote has no end");
	}
	sh_lex_step(in);
}

/* Behind the '}' of ${. */
static void
sh_lex_brace(struct sh *sh, bool quoted)
{
	struct sh_in *in = sh->in;
	unsigned line = in->line;
	size_t len;

	in->p += 2;
	/* A name, or one of $#?@*-!, or the '#' of a length before it. */
	in->p += sh_at(sh, "#") && !sh_at(sh, "#}");
	len = sh_name(in->p, in->end);
	in->p += len > 0 ? len : in->p < in->end && *in->p != '}';
	/* Quotes of a pattern are quotes, whatever is around. */
	if (sh_at(sh, "#") || sh_at(sh, "%"))
		quoted = false;
	while (in->p < in->end && *in->p != '}') {
		if (*in->p == '$' || *in->p == '`')
			sh_skip_dollar(sh, quoted);
		else if (*in->p == '"' || (*in->p == '\'' && !quoted))
			sh_lex_quoted(sh, *in->p);
		else {
			if (*in->p == '\\')
				sh_lex_step(in);
			sh_lex_step(in);
		}
	}
	if (in->p == in->end && sh->end != SH_FAULTY) {
		in->line = line;
		sh_fail(sh, "${ has no }");
	}
	sh_lex_step(in);
}

/* Behind $((...)); false, and nowhere else, when it is none. */
static bool
sh_lex_arithmetic(struct sh *sh)
{
	struct sh_in *in = sh->in;
	const char *from = in->p;
	unsigned line = in->line, open = 0;

	while (in->p < in->end) {
		if (*in->p == '(')
			open++;
		else if (*in->p == ')' && --open == 1 && !sh_at(sh, "))"))
			break;
		sh_lex_step(in);
		if (open == 0)
			return (true);
	}
	sh_work(sh, (size_t)(in->p - from));
	if (sh->end != SH_FAULTY) {
		in->p = from;
		in->line = line;
	}
	return (false);
}

void
sh_skip_dollar(struct sh *sh, bool quoted)
{
	struct sh_in *in = sh->in;
	unsigned n_here, line = in->line;

	if (!sh_deeper(sh))
		return;
	if (*in->p == '`')
		sh_lex_quoted(sh, '`');
	else if (sh_at(sh, "${"))
		sh_lex_brace(sh, quoted);
	else if (sh_at(sh, "$'") && !quoted) {
		in->p++;
		/* Some know \' in it. */
		for (sh_lex_step(in); in->p < in->end && *in->p != '\'';) {
			if (*in->p == '\\')
				sh_lex_step(in);
			sh_lex_step(in);
		}
		sh_lex_step(in);
	} else if (sh_at(sh, "$(")) {
		in->p++;
		if (!sh_at(sh, "((") || !sh_lex_arithmetic(sh)) {
			sh_lex_step(in);
			n_here = in->n_here;
			sh->skip++;
			sh_list(sh);
			sh->skip--;
			in->n_here = n_here;
			if (!sh_at(sh, ")") && sh->end != SH_FAULTY) {
				in->line = line;
				sh_fail(sh, "$( has no )");
			}
			sh_lex_step(in);
		}
	} else
		in->p++;
	sh->depth--;
}

void
sh_skip_word(struct sh *sh)
{
	struct sh_in *in = sh->in;
	const char *from = in->p;

	while (sh_at_any_word(sh)) {
		if (*in->p == '\'' || *in->p == '"')
			sh_lex_quoted(sh, *in->p);
		else if (*in->p == '$' || *in->p == '`')
			sh_skip_dollar(sh, false);
		else {
			if (*in->p == '\\')
				sh_lex_step(in);
			sh_lex_step(in);
		}
	}
	sh_work(sh, (size_t)(in->p - from));
}

/* The word of a here-document, its quotes removed. */
static void
sh_lex_here_word(struct sh *sh, bool tabs)
{
	struct sh_in *in = sh->in;
	const char *p = in->p;
	char *word;
	size_t n = 0;

	if (in->n_here == SH_HERE_MAX) {
		sh_fail(sh, "too many here-documents");
		return;
	}
	word = in->here[in->n_here].word;
	sh_skip_word(sh);
	for (; p < in->p; p++) {
		if (strchr("'\"\\", *p) != NULL)
			continue;
		if (n == sizeof(in->here[0].word) - 1) {
			sh_fail(sh, "the word of a here-document is too long");
			return;
		}
		word[n++] = *p;
	}
	word[n] = '\0';
	in->here[in->n_here++].tabs = tabs;
}

bool
sh_redirection(struct sh *sh)
{
	struct sh_in *in = sh->in;
	const char *from = in->p;
	bool here, tabs;

	while (in->p < in->end && isdigit((unsigned char)*in->p))
		in->p++;
	/* Not of sh, but of some. */
	if (in->p == from && sh_at(sh, "&>"))
		in->p++;
	if (!sh_at(sh, "<") && !sh_at(sh, ">")) {
		in->p = from;
		return (false);
	}
	here = sh_at(sh, "<<") && !sh_at(sh, "<<<");
	while (in->p < in->end && strchr("<>&|", *in->p) != NULL)
		in->p++;
	tabs = here && sh_at(sh, "-");
	in->p += tabs;
	sh_blank(sh);
	if (!sh_at_any_word(sh)) {
		sh_fail(sh, "expected a word behind the redirection");
		return (true);
	}
	if (here)
		sh_lex_here_word(sh, tabs);
	else
		sh_skip_word(sh);
	return (true);
}
