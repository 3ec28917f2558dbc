/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_follow.c - texts that are followed: files, functions, what eval has.
 * Owns:      where one of them begins and what its end means for the other.
 * Called by: the platforms and kinds of detection; sh_simple.c.
 * Must not:  know a command.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "detect/sh_internal.h"

static void
sh_follow_line(struct sh *sh)
{
	while (!sh_list_ends(sh) && !sh_at(sh, "\n") && sh_item(sh))
		continue;
}

/* In what eval has, or a file, it is the end of the shell that came by. */
static void
sh_follow_fault(struct sh *sh, bool inside)
{
	if (!inside || sh->beyond || sh->no_memory)
		return;
	if (sh->maybe > 0)
		sh->fault[0] = '\0';
	sh->end = SH_RUNS;
	sh->status = SH_STATUS_UNKNOWN;
	sh_exit(sh, SH_EXITED);
}

int
sh_follow(struct sh *sh, const char *file, unsigned line, const char *text,
    size_t len)
{
	struct sh_in in, from, *up = sh->in;
	const char *nul = memchr(text, '\0', len);

	memset(&in, 0, sizeof(in));
	in.p = text;
	in.end = nul != NULL ? nul : text + len;
	in.file = file;
	in.line = line;
	sh->in = &in;
	if (sh_deeper(sh)) {
		sh_newlines(sh);
		if (in.p == in.end)
			sh->status = 0;
		for (sh_newlines(sh); in.p < in.end && sh->end == SH_RUNS;
		    sh_newlines(sh)) {
			/* As sh does: whole, or not at all. */
			from = in;
			sh->skip++;
			sh_follow_line(sh);
			sh->skip--;
			if (in.p < in.end && !sh_at(sh, "\n"))
				sh_fail(sh, "nothing is there to be ended");
			if (sh->end == SH_FAULTY) {
				sh_follow_fault(sh, up != NULL);
				break;
			}
			in = from;
			sh_follow_line(sh);
		}
		if (nul != NULL && sh->end == SH_RUNS)
			sh_fail(sh, "a NUL byte");
		sh->depth--;
	}
	sh->in = up;
	return (sh->no_memory ? -1 : 0);
}

void
sh_call_function(struct sh *sh, struct sh_var *f, const struct sh_out *o)
{
	struct sh_call call = { NULL, NULL, 0, 0, true };
	unsigned *extra = sh->loop_extra, loops = sh->loops;
	size_t i, count;
	const char *file = f->now.file;
	unsigned line = f->now.line;
	char *body = strdup(f->now.text);

	if (body == NULL) {
		sh->no_memory = true;
		sh->end = SH_FAULTY;
		return;
	}
	sh_work(sh, strlen(body));
	call.up = sh->call;
	call.maybe = sh->maybe;
	sh->call = &call;
	sh->loop_extra = NULL;
	sh->loops = 0;
	(void)sh_count(sh, &count);
	if (o->words.n > count)
		count = o->words.n;
	sh_local(sh, sh_var(sh, "#", 1));
	for (i = 1; i <= count && i <= SH_ARGUMENTS_MAX; i++)
		sh_local(sh, sh_var_number(sh, i));
	sh_set_words(sh, &o->words, 1, o->ragged);
	(void)sh_follow(sh, file, line, body, strlen(body));
	if (sh->end == SH_RETURNED)
		sh->end = SH_RUNS;
	if (call.extra > 0)
		sh->status = SH_STATUS_UNKNOWN;
	sh->maybe -= call.extra;
	sh_local_end(sh, &call);
	sh->call = call.up;
	sh->loop_extra = extra;
	sh->loops = loops;
	free(body);
}

/* A script, whether a command of another one or on its own. */
static int
sh_follow_script(struct sh *sh, const char *file, unsigned line,
    const char *text, size_t len)
{
	struct sh_call call = { NULL, NULL, 0, 0, false };
	const char *p, *end = text + len;
	char *copy = NULL, *to;
	int error;

	if (sh->in == NULL) {
		sh->end = SH_RUNS;
		sh->fixed = NULL;
		sh->maybe = sh->caught = sh->skip = sh->tested = sh->depth = 0;
		sh->fault[0] = '\0';
		sh_work(sh, 0);
	}
	/* Lines that end in CR LF are meant to end. */
	if (memchr(text, '\r', len) != NULL) {
		copy = to = malloc(len);
		if (copy == NULL)
			return (-1);
		for (p = text; p < end; p++)
			if (*p != '\r' || (p + 1 < end && p[1] != '\n'))
				*to++ = *p;
		text = copy;
		len = (size_t)(to - copy);
	}
	call.up = sh->call;
	call.maybe = sh->maybe;
	sh->call = &call;
	error = sh_follow(sh, file, line, text, len);
	sh->call = call.up;
	sh->maybe -= call.extra;
	if (sh->end == SH_RETURNED)
		sh->end = SH_RUNS;
	/* Subshells and functions have put some back. */
	if (sh->beyond && sh->in == NULL)
		sh_forget(sh, "a bound was met");
	free(copy);
	return (error);
}

int
sh_text(struct sh *sh, const char *file, unsigned line, const char *text,
    size_t len)
{
	const char *name = root_keep(sh->root, file);

	return (name == NULL ? -1 :
	    sh_follow_script(sh, name, line, text, len));
}

int
sh_source(struct sh *sh, const char *path)
{
	const struct root_file *file = root_read(sh->root, path);

	if (file == NULL)
		return (-1);
	if (file->text == NULL) {
		if (!file->absent && (sh->in == NULL ||
		    sh->fault[0] == '\0'))
			snprintf(sh->fault, sizeof(sh->fault), "%s: %s",
			    file->path, file->why);
		return (-1);
	}
	return (sh_follow_script(sh, file->path, 1, file->text, file->len));
}

/* One word after the other; false: something else than words is there. */
static bool
sh_follow_words(struct sh *sh, struct sh_out *o)
{
	const char *from;
	unsigned line;

	for (sh_newlines(sh); sh->end != SH_FAULTY; sh_newlines(sh)) {
		if (sh_redirection(sh))
			continue;
		if (!sh_at_any_word(sh))
			break;
		from = sh->in->p;
		line = sh->in->line;
		sh_skip_word(sh);
		if (sh->end != SH_FAULTY)
			sh_expand(sh, from, sh->in->p, line, o);
	}
	return (sh->end != SH_FAULTY && sh->in->p == sh->in->end);
}

void
sh_split(struct sh *sh, const struct sh_value *value, bool evaluate,
    struct sh_words *words)
{
	struct sh_in in, *up = sh->in;
	struct sh_out o;
	enum sh_end end = sh->end;
	char fault[sizeof(sh->fault)];
	bool whole = value->known != SH_UNKNOWN;

	memset(&in, 0, sizeof(in));
	memset(&o, 0, sizeof(o));
	in.p = value->text;
	in.end = in.p + strlen(in.p);
	in.file = o.file = value->file;
	in.line = o.line = value->line;
	o.words = *words;
	memcpy(fault, sh->fault, sizeof(fault));
	sh->in = &in;
	sh->end = SH_RUNS;
	if (whole && evaluate)
		whole = sh_follow_words(sh, &o);
	else if (whole) {
		sh_add_value(sh, &o, value, false);
		sh_end_field(sh, &o);
	}
	if (!whole && sh_words_add(&o.words, NULL, value->file,
	    value->line) == -1)
		sh->no_memory = true;
	*words = o.words;
	memset(&o.words, 0, sizeof(o.words));
	sh_out_free(&o);
	sh->in = up;
	sh->end = end;
	memcpy(sh->fault, fault, sizeof(fault));
}
