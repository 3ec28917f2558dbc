/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_run.c - commands that are made of commands.
 * Owns:      which of them are followed, which may be, and which are only read.
 * Called by: sh_follow.c; sh_lex.c to find the end of $(...).
 * Must not:  run anything.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "detect/sh_internal.h"

#define SH_RUN_MAYBE	SH_STATUS_UNKNOWN	/* a way that may be gone */

static void sh_run_command(struct sh *);

/* A list that is followed (1), only read (0), or SH_RUN_MAYBE. */
static void
sh_run_branch(struct sh *sh, int how, void (*part)(struct sh *))
{
	struct sh_mark m;
	unsigned caught;

	if (how == 1 || !sh_running(sh)) {
		part(sh);
		return;
	}
	if (how == 0) {
		sh->skip++;
		part(sh);
		sh->skip--;
		return;
	}
	sh_mark(sh, &m);
	caught = sh->caught;
	sh->caught = ++sh->maybe;
	part(sh);
	sh->maybe--;
	sh->caught = caught;
	/* Whoever goes on has not come by here. */
	if (sh->end == SH_EXITED) {
		sh_undo(sh, &m);
		sh->end = SH_RUNS;
		return;
	}
	sh_keep(sh, &m);
	if (sh->end == SH_FAULTY || sh->end == SH_RUNS)
		return;
	/* Or may have: what is left of the function, or of the loop. */
	if (sh->end == SH_RETURNED && sh->call != NULL) {
		sh->maybe++;
		sh->call->extra++;
	} else if (sh->end != SH_DONE && sh->loop_extra != NULL) {
		sh->maybe++;
		++*sh->loop_extra;
	}
	sh->end = SH_RUNS;
}

static void
sh_run_subshell(struct sh *sh, const struct sh_mark *m, bool running)
{
	sh_undo(sh, m);
	if (running && sh->end != SH_FAULTY) {
		if (sh->end == SH_DONE)
			sh->status = SH_STATUS_UNKNOWN;
		sh->end = SH_RUNS;
	}
}

static void
sh_run_error(struct sh *sh, const char *expected)
{
	char why[40];

	if (sh->end == SH_FAULTY)
		return;
	snprintf(why, sizeof(why), "expected \"%s\"", expected);
	sh_fail(sh, why);
}

static void
sh_run_expect(struct sh *sh, const char *word)
{
	if (sh->end != SH_FAULTY && (*word == ')' ? sh_at(sh, word) :
	    sh_at_word(sh, word)))
		sh->in->p += strlen(word);
	else
		sh_run_error(sh, word);
}

/* Commands joined by '|'. */
static void
sh_run_pipeline(struct sh *sh)
{
	struct sh_mark m;
	bool running = sh_running(sh), not = false, piped = false;

	sh_blank(sh);
	while (sh_at_word(sh, "!")) {
		not = !not;
		sh->in->p++;
		sh_blank(sh);
	}
	sh->tested += not;
	for (;;) {
		sh_mark(sh, &m);
		sh_run_command(sh);
		sh_blank(sh);
		if (!sh_at(sh, "|") || sh_at(sh, "||"))
			break;
		sh->in->p++;
		/* bash's |& */
		sh->in->p += sh_at(sh, "&");
		sh_run_subshell(sh, &m, running);
		piped = true;
		sh_newlines(sh);
	}
	if (piped)
		sh_run_subshell(sh, &m, running);
	else
		sh_keep(sh, &m);
	sh->tested -= not;
	if (not && running && sh->status >= 0)
		sh->status = sh->status == 0;
}

/* Pipelines joined by && and ||; what '&' is behind is one of its own. */
static void
sh_run_and_or(struct sh *sh)
{
	struct sh_mark m;
	bool running = sh_running(sh), and;
	int how, before;

	sh_mark(sh, &m);
	sh_run_pipeline(sh);
	while (sh->end != SH_FAULTY && ((and = sh_at(sh, "&&")) ||
	    sh_at(sh, "||"))) {
		sh->in->p += 2;
		sh_newlines(sh);
		before = sh->status;
		how = before < 0 ? SH_RUN_MAYBE : (before == 0) == and;
		sh_run_branch(sh, how, sh_run_pipeline);
		if (how == SH_RUN_MAYBE)
			sh->status = SH_STATUS_UNKNOWN;
		sh_blank(sh);
	}
	if (sh_at(sh, "&")) {
		sh_run_subshell(sh, &m, running);
		if (running)
			sh->status = 0;
	} else
		sh_keep(sh, &m);
}

bool
sh_list_ends(struct sh *sh)
{
	static const char *const word[] = { "then", "else", "elif", "fi", "do",
	    "done", "esac", "}" };
	size_t i;

	for (i = 0; i < sizeof(word) / sizeof(word[0]); i++)
		if (sh_at_word(sh, word[i]))
			return (true);
	return (sh->in->p >= sh->in->end || sh_at(sh, ")") || sh_at(sh, ";;") ||
	    sh_at(sh, ";&"));
}

bool
sh_item(struct sh *sh)
{
	sh_run_and_or(sh);
	if (sh->end == SH_FAULTY) {
		sh->in->p = sh->in->end;
		return (false);
	}
	if (sh_at(sh, ";;") || sh_at(sh, ";&"))
		return (false);
	if (sh_at(sh, ";") || sh_at(sh, "&"))
		sh->in->p++;
	else if (!sh_at(sh, "\n"))
		return (false);
	sh_blank(sh);
	return (true);
}

void
sh_list(struct sh *sh)
{
	do
		sh_newlines(sh);
	while (!sh_list_ends(sh) && sh_item(sh));
}

static void
sh_run_if(struct sh *sh)
{
	bool running = sh_running(sh), unsure = false;
	int how = 1, cond, last, status = 0;

	/* how: whether the next condition is looked at. */
	for (;;) {
		sh->tested++;
		sh_run_branch(sh, how, sh_list);
		sh->tested--;
		sh_run_expect(sh, "then");
		cond = how == 0 || sh->status > 0 ? 0 : sh->status < 0 ?
		    SH_RUN_MAYBE : how;
		last = sh->status;
		sh_run_branch(sh, cond, sh_list);
		if (cond == 1)
			status = sh->status;
		unsure = unsure || cond == SH_RUN_MAYBE;
		/* What is behind it is not looked at, or may be. */
		if (cond != 0)
			how = last == 0 ? 0 : SH_RUN_MAYBE;
		if (sh->end == SH_FAULTY)
			return;
		if (sh_at_word(sh, "elif")) {
			sh->in->p += 4;
			continue;
		}
		if (sh_at_word(sh, "else")) {
			sh->in->p += 4;
			sh_run_branch(sh, how, sh_list);
			if (how == 1)
				status = sh->status;
		}
		break;
	}
	sh_run_expect(sh, "fi");
	if (running)
		sh->status = unsure ? SH_STATUS_UNKNOWN : status;
}

struct sh_run_loop {
	unsigned	 extra;
	bool		 outer;
};

static void
sh_run_loop_begin(struct sh *sh, struct sh_run_loop *l)
{
	l->extra = 0;
	l->outer = sh->loop_extra == NULL;
	if (l->outer)
		sh->loop_extra = &l->extra;
	sh->loops++;
}

static void
sh_run_loop_end(struct sh *sh, struct sh_run_loop *l)
{
	sh->loops--;
	if (l->outer) {
		sh->loop_extra = NULL;
		sh->maybe -= l->extra;
	}
}

/* Behind a body: true when the loop is left. */
static bool
sh_run_leaves(struct sh *sh)
{
	bool broke = sh->end == SH_BROKE;

	if (sh->end == SH_RUNS)
		return (false);
	if ((broke || sh->end == SH_CONTINUED) && --sh->breaks == 0) {
		sh->end = SH_RUNS;
		return (broke);
	}
	return (true);
}

/* "do ... done" */
static void
sh_run_body(struct sh *sh)
{
	sh_newlines(sh);
	sh_run_expect(sh, "do");
	sh_list(sh);
	sh_run_expect(sh, "done");
}

/* The condition of a loop, and its body as often as may be. */
static void
sh_run_while(struct sh *sh)
{
	sh->tested++;
	sh_list(sh);
	sh->tested--;
	sh_run_branch(sh, SH_RUN_MAYBE, sh_run_body);
}

static void
sh_run_rewind(struct sh *sh, const struct sh_in *to)
{
	const char *end = sh->in->end;

	*sh->in = *to;
	if (sh->end == SH_FAULTY)
		sh->in->p = end;
	sh->steps++;
	sh_work(sh, SH_WORK_STEP);
}

/* Until nothing more becomes not known. */
static void
sh_run_fixed(struct sh *sh, const struct sh_in *from,
    void (*part)(struct sh *))
{
	struct sh_fixed fixed = { sh->fixed, sh->maybe, 0 };

	sh->fixed = &fixed;
	do {
		fixed.news = 0;
		sh_run_rewind(sh, from);
		sh_run_branch(sh, SH_RUN_MAYBE, part);
	} while (fixed.news != 0 && sh_running(sh));
	sh->fixed = fixed.up;
	sh->status = SH_STATUS_UNKNOWN;
}

static void
sh_run_until(struct sh *sh, bool until)
{
	struct sh_run_loop loop;
	struct sh_in from = *sh->in;
	bool running = sh_running(sh), yes;
	int status = 0;

	sh_run_loop_begin(sh, &loop);
	for (;;) {
		sh->tested++;
		sh_list(sh);
		sh->tested--;
		if (!running || sh_run_leaves(sh) || sh->end != SH_RUNS) {
			sh_run_branch(sh, 0, sh_run_body);
			break;
		}
		if (sh->status < 0 || sh->maybe > 0) {
			sh_run_fixed(sh, &from, sh_run_while);
			status = SH_STATUS_UNKNOWN;
			break;
		}
		yes = (sh->status == 0) != until;
		sh_run_branch(sh, yes, sh_run_body);
		if (!yes)
			break;
		status = sh->status;
		if (sh_run_leaves(sh))
			break;
		sh_run_rewind(sh, &from);
	}
	sh_run_loop_end(sh, &loop);
	if (running)
		sh->status = status;
}

static void
sh_run_for(struct sh *sh)
{
	static const char all[] = "\"$@\"";
	struct sh_run_loop loop;
	struct sh_in from, *in = sh->in;
	struct sh_out o;
	struct sh_var *v = NULL;
	const char *word, *name = in->p;
	bool running = sh_running(sh);
	size_t i, len = sh_name(in->p, in->end);
	unsigned line = in->line;

	memset(&o, 0, sizeof(o));
	sh_skip_word(sh);
	if (len == 0 || in->p != name + len)
		sh_run_error(sh, "a name");
	sh_newlines(sh);
	if (sh_at_word(sh, "in")) {
		in->p += 2;
		for (sh_blank(sh); sh_at_any_word(sh); sh_blank(sh)) {
			word = in->p;
			line = in->line;
			sh_skip_word(sh);
			if (running)
				sh_expand(sh, word, in->p, line, &o);
		}
	} else if (running)
		sh_expand(sh, all, all + sizeof(all) - 1, line, &o);
	if (sh_at(sh, ";"))
		in->p++;
	from = *in;
	running = running && sh_running(sh);
	if (running)
		v = sh_var(sh, name, len);
	sh_run_loop_begin(sh, &loop);
	if (v == NULL || (o.words.n == 0 && !o.ragged)) {
		sh_run_branch(sh, 0, sh_run_body);
		if (running)
			sh->status = 0;
	} else if (o.ragged) {
		sh_blur(sh, name, len, "how often a loop is run");
		sh_run_fixed(sh, &from, sh_run_body);
	} else {
		for (i = 0; i < o.words.n; i++) {
			const char *text = o.words.item[i].text;

			sh_run_rewind(sh, &from);
			in->line = line;
			sh_put(sh, v, text != NULL ? SH_KNOWN : SH_UNKNOWN,
			    text, text != NULL ? strlen(text) : 0,
			    "a word that is not known");
			in->line = from.line;
			sh_run_body(sh);
			if (sh_run_leaves(sh))
				break;
		}
	}
	sh_run_loop_end(sh, &loop);
	sh_out_free(&o);
}

/* Whether one of the patterns matches: 1, 0, SH_RUN_MAYBE. */
static int
sh_run_patterns(struct sh *sh, const struct sh_out *subject, int how)
{
	struct sh_in *in = sh->in;
	struct sh_out o;
	const char *word;
	int match = 0, like;

	memset(&o, 0, sizeof(o));
	for (;;) {
		sh_blank(sh);
		word = in->p;
		sh_skip_word(sh);
		if (word == in->p) {
			sh_run_error(sh, "a pattern");
			break;
		}
		if (how != 0 && match != 1 && sh_running(sh)) {
			o.how = SH_PATTERN;
			sh_expand(sh, word, in->p, in->line, &o);
			if (o.why == NULL && o.len == 1 && *o.text == '*')
				like = 1;
			else if (o.why != NULL || subject->why != NULL)
				like = SH_RUN_MAYBE;
			else
				like = sh_like(sh, o.text != NULL ? o.text :
				    "", o.len, subject->text != NULL ?
				    subject->text : "", subject->len);
			sh_out_free(&o);
			if (like != 0)
				match = like;
		}
		sh_blank(sh);
		if (!sh_at(sh, "|"))
			break;
		in->p++;
	}
	return (match);
}

static void
sh_run_case(struct sh *sh)
{
	struct sh_in *in = sh->in;
	struct sh_out subject;
	const char *word = in->p;
	bool running = sh_running(sh), unsure = false;
	int how = 1, match, status = 0;
	unsigned line = in->line;

	memset(&subject, 0, sizeof(subject));
	subject.how = SH_ONE;
	sh_skip_word(sh);
	if (word == in->p)
		sh_run_error(sh, "a word");
	if (running && sh_running(sh))
		sh_expand(sh, word, in->p, line, &subject);
	sh_newlines(sh);
	sh_run_expect(sh, "in");
	for (;;) {
		sh_newlines(sh);
		if (sh->end == SH_FAULTY || sh_at_word(sh, "esac"))
			break;
		if (sh_at(sh, "("))
			in->p++;
		match = sh_run_patterns(sh, &subject, how);
		sh_run_expect(sh, ")");
		if (how == SH_RUN_MAYBE && match == 1) {
			sh_run_branch(sh, SH_RUN_MAYBE, sh_list);
			how = 0;
		} else {
			sh_newlines(sh);
			if (match == 1 && sh_list_ends(sh) &&
			    sh_running(sh))
				sh->status = 0;
			sh_run_branch(sh, match, sh_list);
			if (match == 1) {
				status = sh->status;
				how = 0;
			} else if (match == SH_RUN_MAYBE) {
				unsure = true;
				how = match;
			}
		}
		if (!sh_at(sh, ";;"))
			break;
		in->p += 2;
	}
	sh_run_expect(sh, "esac");
	sh_out_free(&subject);
	if (running)
		sh->status = unsure ? SH_STATUS_UNKNOWN : status;
}

/* [[ ... ]], which sh has not. */
static void
sh_run_brackets(struct sh *sh)
{
	while (sh->in->p < sh->in->end && !sh_at_word(sh, "]]")) {
		if (sh_at_any_word(sh))
			sh_skip_word(sh);
		else
			sh->in->p++;
		sh_newlines(sh);
	}
	sh_run_expect(sh, "]]");
	if (sh_running(sh))
		sh->status = SH_STATUS_UNKNOWN;
}

/* A command whose body is kept; at the name. */
static void
sh_run_function(struct sh *sh, const char *name, size_t len)
{
	struct sh_in *in = sh->in;
	const char *from;
	char full[SH_NAME_MAX];
	unsigned line, end;

	sh_newlines(sh);
	from = in->p;
	line = in->line;
	sh->skip++;
	sh_run_command(sh);
	sh->skip--;
	if (!sh_running(sh))
		return;
	if (snprintf(full, sizeof(full), "%.*s()", (int)len, name) >=
	    (int)sizeof(full)) {
		sh_fail(sh, "the name is too long");
		return;
	}
	end = in->line;
	in->line = line;
	sh_put(sh, sh_var(sh, full, strlen(full)), SH_KNOWN, from,
	    (size_t)(in->p - from), NULL);
	in->line = end;
	sh->status = 0;
}

/* "name ()", or "function name": goes behind it and defines the function. */
static bool
sh_run_defines(struct sh *sh)
{
	struct sh_in *in = sh->in;
	const char *from = in->p, *name;
	size_t len;
	unsigned line = in->line;
	bool keyword = sh_at_word(sh, "function");

	if (keyword) {
		in->p += 8;
		sh_blank(sh);
	}
	name = in->p;
	while (sh_at_any_word(sh) && strchr("'\"\\$`=", *in->p) == NULL)
		in->p++;
	len = (size_t)(in->p - name);
	if (len > 0 && (keyword || !sh_at_any_word(sh))) {
		sh_blank(sh);
		if (sh_at(sh, "(")) {
			in->p++;
			sh_blank(sh);
			if (sh_at(sh, ")")) {
				in->p++;
				sh_run_function(sh, name, len);
				return (true);
			}
		} else if (keyword) {
			sh_run_function(sh, name, len);
			return (true);
		}
	}
	if (sh->end == SH_FAULTY)
		return (true);
	in->p = from;
	in->line = line;
	return (false);
}

/* A failure where nobody asks for it ends a script that wants that. */
static void
sh_run_check(struct sh *sh)
{
	sh_blank(sh);
	if (sh->errexit && sh_running(sh) && sh->status > 0 &&
	    sh->tested == 0 && !sh_at(sh, "&&") && !sh_at(sh, "||") &&
	    !sh_at(sh, "|"))
		sh_exit(sh, SH_EXITED);
}

/* A word that begins a command of commands; false: it is not this one. */
static bool
sh_run_word(struct sh *sh, const char *word)
{
	if (!sh_at_word(sh, word))
		return (false);
	sh->in->p += strlen(word);
	sh_blank(sh);
	return (true);
}

static void
sh_run_command(struct sh *sh)
{
	struct sh_mark m;
	bool running = sh_running(sh), until = false;

	if (!sh_deeper(sh))
		return;
	sh_blank(sh);
	if (sh_at(sh, "(")) {
		sh->in->p++;
		sh_mark(sh, &m);
		sh_list(sh);
		sh_run_subshell(sh, &m, running);
		sh_run_expect(sh, ")");
		sh_run_check(sh);
	} else if (sh_run_word(sh, "{")) {
		sh_list(sh);
		sh_run_expect(sh, "}");
	} else if (sh_run_word(sh, "if"))
		sh_run_if(sh);
	else if (sh_run_word(sh, "while") ||
	    (until = sh_run_word(sh, "until")))
		sh_run_until(sh, until);
	else if (sh_run_word(sh, "for"))
		sh_run_for(sh);
	else if (sh_run_word(sh, "case"))
		sh_run_case(sh);
	else if (sh_run_word(sh, "[["))
		sh_run_brackets(sh);
	else if (!sh_run_defines(sh)) {
		sh_simple(sh);
		sh_run_check(sh);
	}
	for (sh_blank(sh); sh->end != SH_FAULTY && sh_redirection(sh);)
		sh_blank(sh);
	sh->depth--;
}

#undef SH_RUN_MAYBE
