/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_param.c - ${x} in all its forms.
 * Owns:      what each of them stands for and sets.
 * Called by: sh_expand.c; sh_run.c for patterns.
 * Must not:  follow a command.
 */
#include "compat.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/source.h"
#include "detect/sh_internal.h"

/* A pattern and what it is held against cost so much at most. */
#define SH_PARAM_COST	(4 * 1024 * 1024)

/* A parameter that is being expanded. */
struct sh_param {
	const char	*name;
	size_t		 len;
	struct sh_value	 value;
	char		 text[24];	/* of $? */
	const char	*word, *end;	/* behind the operator */
	char		 op;		/* '\0', or of "-=?+#%" */
	bool		 twice;		/* ":-", "##" */
};

/* sh says that something is wrong with the parameter, and ends. */
static void
sh_param_exit(struct sh *sh)
{
	sh_exit(sh, SH_EXITED);
	sh->status = SH_STATUS_UNKNOWN;
}

static void
sh_param_look(struct sh *sh, struct sh_param *p)
{
	p->value = sh_look(sh, p->name, p->len);
	if (*p->name == '?' && sh->status >= 0) {
		snprintf(p->text, sizeof(p->text), "%d", sh->status);
		p->value.text = p->text;
		p->value.known = SH_KNOWN;
	} else if (strchr("?$!-", *p->name) != NULL ||
	    (*p->name == '0' && p->value.known == SH_UNSET)) {
		p->value.known = SH_UNKNOWN;
		p->value.why = "what only a shell that runs knows";
	} else if (*p->name == '#' && p->value.known == SH_UNSET) {
		p->value.known = SH_KNOWN;
		p->value.text = "0";
	}
}

/* $* and $@ */
static void
sh_param_all(struct sh *sh, struct sh_out *o, char which, bool quoted)
{
	struct sh_value v;
	bool fields = o->how == SH_FIELDS && (which == '@' || !quoted);
	size_t i, count;
	struct sh_var *var;

	if (!sh_count(sh, &count) ||
	    sh_look(sh, "IFS", 3).known != SH_UNSET) {
		sh_add_unknown(o, "how many arguments there are", !fields);
		return;
	}
	for (i = 1; i <= count; i++) {
		if (i > 1) {
			if (fields)
				sh_end_field(sh, o);
			else
				sh_add(sh, o, ' ', true, false);
		}
		if (quoted)
			o->any = true;
		var = sh_var_number(sh, i);
		if (var == NULL)
			return;
		v = sh_get(sh, var->name);
		sh_add_value(sh, o, &v, quoted);
	}
}

/* The word of ${x-word} into out. */
static void
sh_param_word(struct sh *sh, const struct sh_param *p, struct sh_out *o,
    bool quoted)
{
	struct sh_in in, *up = sh->in;

	if (!sh_deeper(sh))
		return;
	memset(&in, 0, sizeof(in));
	in.p = p->word;
	in.end = p->end;
	in.file = up->file;
	in.line = up->line;
	sh->in = &in;
	sh_work(sh, (size_t)(in.end - in.p));
	sh_expand_in(sh, quoted, true, o);
	sh->in = up;
	sh->depth--;
}

/* The word may be looked at. */
static void
sh_param_maybe(struct sh *sh, const struct sh_param *p)
{
	struct sh_out o;
	struct sh_mark m;

	memset(&o, 0, sizeof(o));
	o.how = SH_ONE;
	sh_mark(sh, &m);
	sh->maybe++;
	sh_param_word(sh, p, &o, false);
	sh->maybe--;
	if (sh->end == SH_EXITED) {
		sh_undo(sh, &m);
		sh->end = SH_RUNS;
	} else
		sh_keep(sh, &m);
	sh_out_free(&o);
}

/* ${x=word} of one that is not set. */
static void
sh_param_set(struct sh *sh, const struct sh_param *p, struct sh_out *o,
    bool quoted)
{
	struct sh_out word;
	struct sh_value v = { SH_KNOWN, "", NULL, NULL, 0 };

	if (sh_name(p->name, p->name + p->len) != p->len) {
		sh_param_exit(sh);
		return;
	}
	memset(&word, 0, sizeof(word));
	word.how = SH_ONE;
	sh_param_word(sh, p, &word, quoted);
	if (word.text != NULL)
		v.text = word.text;
	if (word.why != NULL) {
		v.known = SH_UNKNOWN;
		v.why = word.why;
	}
	sh_put(sh, sh_var(sh, p->name, p->len), v.known, v.text,
	    strlen(v.text), v.why);
	v.file = sh->in->file;
	v.line = sh->in->line;
	sh_add_value(sh, o, &v, quoted);
	sh_out_free(&word);
}

int
sh_like(struct sh *sh, const char *pattern, size_t pattern_len,
    const char *text, size_t len)
{
	const char *p;

	if ((pattern_len + 1) * (len + 1) > SH_PARAM_COST)
		return (-1);
	sh_work(sh, (pattern_len + 1) * (len + 1) / 16 + len);
	/* Sets that shells do not agree on, or that depend on the language. */
	for (p = pattern; (p = strchr(p, '[')) != NULL; p++)
		if (p[1] != '\0' && (strchr("^:.=", p[1]) != NULL ||
		    (p[1] == '!' && p[2] == ']') || p[1] == ']' ||
		    word_search(p, "-\\") != NULL))
			return (-1);
	return (source_like(pattern, text));
}

/* What is left of ${x#pattern} and ${x%pattern}. */
static void
sh_param_cut(struct sh *sh, const struct sh_param *p, struct sh_out *o,
    bool quoted)
{
	struct sh_value v = p->value;
	struct sh_out pattern;
	char *text = NULL, c;
	size_t i, n, len = strlen(v.text), from, plain = 0;
	bool front = p->op == '#';
	int like = 0;

	memset(&pattern, 0, sizeof(pattern));
	pattern.how = SH_PATTERN;
	sh_param_word(sh, p, &pattern, false);
	for (i = 0; i < pattern.len; i++, plain++)
		i += pattern.text[i] == '\\';
	v.known = SH_UNKNOWN;
	v.why = "a pattern";
	if (pattern.why != NULL)
		v.why = pattern.why;
	else if ((pattern.globs ? len : 1) * (len + 1) <
	    SH_PARAM_COST / (pattern.len + 1)) {
		text = strdup(v.text);
		sh_work(sh, len);
		v.text = text != NULL ? text : "";
		sh->no_memory = sh->no_memory || text == NULL;
		/* The shortest first, or the longest. */
		for (i = 0; text != NULL && like == 0 && i <= len; i++) {
			n = p->twice ? len - i : i;
			if (!pattern.globs && n != plain)
				continue;
			from = front ? 0 : len - n;
			c = text[from + n];
			text[from + n] = '\0';
			like = sh_like(sh, pattern.text != NULL ? pattern.text :
			    "", pattern.len, text + from, n);
			text[from + n] = c;
			if (like != 1)
				continue;
			if (front)
				v.text = text + n;
			else
				text[from] = '\0';
		}
		if (like != -1)
			v.known = SH_KNOWN;
	}
	sh_add_value(sh, o, &v, quoted);
	sh_out_free(&pattern);
	free(text);
}

static void
sh_param_length(struct sh *sh, const struct sh_param *p, struct sh_out *o,
    bool quoted)
{
	struct sh_value v = p->value;
	char number[24];
	const char *c;

	snprintf(number, sizeof(number), "%zu", strlen(v.text));
	/* Bytes or letters? */
	for (c = v.text; *c != '\0'; c++)
		if ((*c & 0x80) != 0)
			v.known = SH_UNKNOWN;
	if (v.known == SH_UNKNOWN && v.why == NULL)
		v.why = "a length";
	v.text = number;
	if (v.known == SH_UNSET)
		v.known = SH_KNOWN;
	sh_add_value(sh, o, &v, quoted);
}

/* Its name, which may be one letter or a number; false: there is none. */
static bool
sh_param_name(struct sh_param *p, const char *from, const char *end)
{
	p->name = from;
	p->len = sh_name(from, end);
	while (from + p->len < end && isdigit((unsigned char)from[p->len]))
		p->len++;
	if (p->len == 0 && from < end && strchr("@*#?$!-", *from) != NULL)
		p->len = 1;
	p->word = from + p->len;
	p->end = end;
	return (p->len > 0);
}

static bool
sh_param_op(struct sh_param *p)
{
	if (p->word == p->end)
		return (true);
	p->twice = *p->word == ':';
	p->word += p->twice;
	if (p->word == p->end)
		return (false);
	p->op = *p->word++;
	if (p->op == '#' || p->op == '%') {
		if (p->twice)
			return (false);
		p->twice = p->word < p->end && *p->word == p->op;
		p->word += p->twice;
		return (true);
	}
	return (strchr("-=?+", p->op) != NULL);
}

/* What is between ${ and }. */
static void
sh_param_brace(struct sh *sh, const char *from, const char *end,
    struct sh_out *o, bool quoted)
{
	struct sh_param p;
	bool set;

	memset(&p, 0, sizeof(p));
	if (end - from > 1 && *from == '#' &&
	    sh_param_name(&p, from + 1, end) && p.word == end) {
		sh_param_look(sh, &p);
		if (*p.name == '@' || *p.name == '*' ||
		    (sh->nounset && p.value.known == SH_UNSET))
			p.value.known = SH_UNKNOWN;
		sh_param_length(sh, &p, o, quoted);
		return;
	}
	if (!sh_param_name(&p, from, end) || !sh_param_op(&p)) {
		/* It may still set something, or end the script. */
		sh_add_unknown(o, "a form of ${} that not every sh has",
		    quoted);
		return;
	}
	if (*p.name == '@' || *p.name == '*') {
		if (p.op == '\0' && !(quoted && *p.name == '@'))
			sh_param_all(sh, o, *p.name, quoted);
		else {
			sh_param_maybe(sh, &p);
			sh_add_unknown(o, "arguments", false);
		}
		return;
	}
	sh_param_look(sh, &p);
	set = p.value.known == SH_KNOWN && (!p.twice ||
	    p.value.text[0] != '\0' || strchr("-=?+", p.op) == NULL);
	if (p.value.known == SH_UNSET && sh->nounset &&
	    (p.op == '\0' || p.op == '#' || p.op == '%'))
		sh_param_exit(sh);
	else if (p.op == '\0')
		sh_add_value(sh, o, &p.value, quoted);
	else if (p.value.known == SH_UNKNOWN) {
		sh_param_maybe(sh, &p);
		sh_add_value(sh, o, &p.value, quoted);
	} else if (p.op == '#' || p.op == '%')
		sh_param_cut(sh, &p, o, quoted);
	else if (set != (p.op == '+')) {
		if (p.op != '+')
			sh_add_value(sh, o, &p.value, quoted);
	} else if (p.op == '=')
		sh_param_set(sh, &p, o, quoted);
	else if (p.op == '?')
		sh_param_exit(sh);
	else
		sh_param_word(sh, &p, o, quoted);
}

void
sh_param(struct sh *sh, struct sh_out *o, bool quoted)
{
	struct sh_in *in = sh->in;
	struct sh_param p;
	const char *from = in->p;
	unsigned line = in->line, now;

	if (sh_at(sh, "${")) {
		sh_skip_dollar(sh, quoted);
		if (sh->end == SH_FAULTY)
			return;
		now = in->line;
		in->line = line;
		sh_param_brace(sh, from + 2, in->p - 1, o, quoted);
		in->line = now;
		return;
	}
	memset(&p, 0, sizeof(p));
	in->p++;
	if (!quoted && (sh_at(sh, "'") || sh_at(sh, "\""))) {
		in->p--;
		sh_add_unknown(o, "quotes that not every sh has", true);
		/* Of $"..." the quotes are those of any text. */
		if (in->p[1] == '"')
			in->p++;
		else
			sh_skip_dollar(sh, false);
		return;
	}
	if (!sh_param_name(&p, in->p, in->end)) {
		sh_add(sh, o, '$', quoted, false);
		return;
	}
	if (isdigit((unsigned char)*p.name))
		p.len = 1;
	in->p += p.len;
	sh_param_look(sh, &p);
	if (*p.name == '@' || *p.name == '*')
		sh_param_all(sh, o, *p.name, quoted);
	else if (p.value.known == SH_UNSET && sh->nounset)
		sh_param_exit(sh);
	else
		sh_add_value(sh, o, &p.value, quoted);
}

#undef SH_PARAM_COST
