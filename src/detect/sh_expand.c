/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_expand.c - a word into what it stands for.
 * Owns:      quotes, fields and patterns of names; what commands print.
 * Called by: the other sh_*.c.
 * Must not:  set a variable.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/value.h"
#include "detect/sh_internal.h"

static const char sh_expand_special[] = "*?[]!-^\\";

void
sh_out_free(struct sh_out *o)
{
	free(o->text);
	sh_words_free(&o->words);
	memset(o, 0, sizeof(*o));
}

void
sh_add_unknown(struct sh_out *o, const char *why, bool quoted)
{
	if (o->why == NULL)
		o->why = why;
	o->any = true;
	if (!quoted && o->how == SH_FIELDS)
		o->ragged = true;
}

static void
sh_expand_byte(struct sh *sh, struct sh_out *o, char c)
{
	char *text;
	size_t cap;

	if (o->len >= 2 * SH_VALUE_MAX) {
		sh_add_unknown(o, "it is too long", false);
		return;
	}
	if (o->len + 1 >= o->cap) {
		cap = o->cap * 2 + 32;
		text = realloc(o->text, cap);
		if (text == NULL) {
			sh->no_memory = true;
			sh->end = SH_FAULTY;
			return;
		}
		o->text = text;
		o->cap = cap;
	}
	o->text[o->len++] = c;
	o->text[o->len] = '\0';
}

/* value: it comes from a variable, so that it is split. */
void
sh_add(struct sh *sh, struct sh_out *o, char c, bool quoted, bool value)
{
	bool special = strchr(sh_expand_special, c) != NULL;

	if (value && !quoted && o->how == SH_FIELDS &&
	    (c == ' ' || c == '\t' || c == '\n')) {
		sh_end_field(sh, o);
		return;
	}
	o->any = true;
	if (o->how == SH_ONE) {
		sh_expand_byte(sh, o, c);
		return;
	}
	/* Fields are patterns until they end. */
	if (!quoted && c == '\\')
		o->odd = true;
	if (!quoted && (c == '*' || c == '?' || c == '['))
		o->globs = true;
	if (special && (quoted || c == '\\'))
		sh_expand_byte(sh, o, '\\');
	sh_expand_byte(sh, o, c);
	if (o->odd && o->how == SH_PATTERN)
		sh_add_unknown(o, "a pattern from a variable", true);
}

void
sh_add_value(struct sh *sh, struct sh_out *o, const struct sh_value *v,
    bool quoted)
{
	struct sh_value ifs = sh_look(sh, "IFS", 3);
	const char *p;

	if (v->file != NULL) {
		o->file = v->file;
		o->line = v->line;
	}
	if (v->known == SH_UNKNOWN)
		sh_add_unknown(o, v->why, quoted);
	else if (ifs.known != SH_UNSET && !quoted && o->how == SH_FIELDS &&
	    v->text[0] != '\0')
		sh_add_unknown(o, "IFS was changed", false);
	else {
		sh_work(sh, strlen(v->text));
		for (p = v->text; *p != '\0'; p++)
			sh_add(sh, o, *p, quoted, true);
	}
}

/* Without the backslashes that made a pattern of it. */
static void
sh_expand_plain(struct sh_out *o)
{
	size_t i, n = 0;

	for (i = 0; i < o->len; i++) {
		if (o->text[i] == '\\' && i + 1 < o->len)
			i++;
		o->text[n++] = o->text[i];
	}
	o->len = n;
	if (o->text != NULL)
		o->text[n] = '\0';
}

/* The files of a pattern; in what folder sh is, is "/" for start scripts. */
static void
sh_expand_names(struct sh *sh, struct sh_out *o)
{
	struct conf_list names = { NULL, 0 };
	char pattern[1024];
	const char *last;
	size_t i;

	snprintf(pattern, sizeof(pattern), "%s%s", *o->text == '/' ? "" : "/",
	    o->text);
	last = strrchr(pattern, '/');
	if (o->odd || o->len + 2 > sizeof(pattern) ||
	    strcspn(pattern, "*?[\\") < (size_t)(last - pattern)) {
		sh_add_unknown(o, "a pattern", false);
		return;
	}
	root_glob(sh->root, pattern, &names);
	sh_work(sh, 1000 * (names.n + 1));
	for (i = 0; i < names.n; i++)
		if (sh_words_add(&o->words, names.item[i] + (*o->text != '/'),
		    o->file, o->line) == -1)
			sh->no_memory = true;
	if (names.n > 0)
		o->any = false;
	value_list_free(&names);
}

void
sh_end_field(struct sh *sh, struct sh_out *o)
{
	if (o->any && o->words.n > SH_VALUE_MAX / 2)
		sh_add_unknown(o, "too many words", false);
	else if (o->any) {
		sh_work(sh, 16);
		if (o->why == NULL && o->globs && !sh->noglob)
			sh_expand_names(sh, o);
		sh_expand_plain(o);
		if (o->any && sh_words_add(&o->words, o->why != NULL ? NULL :
		    o->text != NULL ? o->text : "", o->file, o->line) == -1)
			sh->no_memory = true;
	}
	o->len = 0;		/* NOLINT: sh_out_free() frees the text */
	if (o->text != NULL)
		o->text[0] = '\0';
	o->any = o->globs = o->odd = false;
	o->why = NULL;
	o->file = sh->in->file;
	o->line = sh->in->line;
}

/* What a command prints, when it is one that somebody knows. */
static void
sh_expand_output(struct sh *sh, const char *from, const char *to,
    struct sh_out *out, bool quoted)
{
	struct sh_value v = { SH_UNKNOWN, "", "the output of a command", NULL,
	    0 };
	struct sh_out o;
	struct sh_in in, *up = sh->in;
	struct sh_mark m;
	const char *text = NULL, *word;
	unsigned line;

	memset(&o, 0, sizeof(o));
	memset(&in, 0, sizeof(in));
	in.p = from;
	in.end = to;
	in.file = up->file;
	in.line = up->line;
	sh->in = &in;
	sh_mark(sh, &m);
	for (sh_newlines(sh); sh_running(sh) && sh->output != NULL;
	    sh_newlines(sh)) {
		if (sh_redirection(sh))
			continue;
		if (!sh_at_any_word(sh))
			break;
		word = in.p;
		line = in.line;
		sh_skip_word(sh);
		sh_expand(sh, word, in.p, line, &o);
	}
	if (in.p == in.end && sh_running(sh) && o.words.n > 0 && !o.ragged &&
	    o.words.item[0].text != NULL)
		text = sh->output(sh, &o.words, sh->output_arg);
	sh_undo(sh, &m);
	sh->in = up;
	/* It may be a word of the command. */
	if (text != NULL) {
		v.known = SH_KNOWN;
		v.text = text;
	}
	sh_add_value(sh, out, &v, quoted);
	sh_out_free(&o);
}

bool
sh_number(const char **at, long long *out)
{
	const char *p = *at;
	bool minus = *p == '-';
	size_t n;

	p += minus;
	n = strspn(p, "0123456789");
	if (n == 0 || n > 9 || (*p == '0' && n > 1))
		return (false);
	for (*out = 0; n > 0; n--)
		*out = *out * 10 + (*p++ - '0');
	if (minus)
		*out = -*out;
	*at = p;
	return (true);
}

/* With blanks around it. */
static bool
sh_expand_number(const char **at, long long *out)
{
	*at += strspn(*at, " \t");
	if (!sh_number(at, out))
		return (false);
	*at += strspn(*at, " \t");
	return (true);
}

/* $((...)) of a number or two. */
static void
sh_expand_sum(struct sh *sh, struct sh_out *o, const char *from,
    const char *to, bool quoted)
{
	struct sh_out sum;
	struct sh_value v = { SH_UNKNOWN, "", "an arithmetic expression", NULL,
	    0 };
	const char *p, *end;
	char text[32], op;
	long long a, b = 0;
	size_t len;

	memset(&sum, 0, sizeof(sum));
	sum.how = SH_ONE;
	sh_expand(sh, from, to, sh->in->line, &sum);
	p = sum.text != NULL ? sum.text : "";
	end = p + strlen(p);
	/* It may set any that it names. */
	if (sum.why != NULL || strpbrk(p, "=&|?,") != NULL ||
	    word_search(p, "++") != NULL || word_search(p, "--") != NULL) {
		for (; p < end; p += len + (len == 0)) {
			len = sh_name(p, end);
			if (len > 0)
				sh_blur(sh, p, len, v.why);
		}
	} else if (sh_expand_number(&p, &a)) {
		op = *p;
		if (op == '\0' || (strchr("+-*", op) != NULL && (p++,
		    sh_expand_number(&p, &b)) && *p == '\0')) {
			snprintf(text, sizeof(text), "%lld", op == '*' ? a * b :
			    op == '-' ? a - b : a + b);
			v.known = SH_KNOWN;
			v.text = text;
		}
	}
	sh_add_value(sh, o, &v, quoted);
	sh_out_free(&sum);
}

/* At a '$' or a backquote. */
static void
sh_expand_dollar(struct sh *sh, struct sh_out *o, bool quoted)
{
	struct sh_in *in = sh->in;
	const char *from = in->p;
	size_t len;

	if (*from != '`' && !sh_at(sh, "$(")) {
		sh_param(sh, o, quoted);
		return;
	}
	sh_skip_dollar(sh, quoted);
	if (sh->end == SH_FAULTY)
		return;
	len = (size_t)(in->p - from);
	if (len > 5 && memcmp(from, "$((", 3) == 0 && in->p[-2] == ')') {
		sh_expand_sum(sh, o, from + 3, in->p - 2, quoted);
		return;
	}
	sh->substituted = true;
	if (*from == '$')
		sh_expand_output(sh, from + 2, in->p - 1, o, quoted);
	else if (memchr(from, '\\', len) == NULL)
		sh_expand_output(sh, from + 1, in->p - 1, o, quoted);
	else
		sh_add_unknown(o, "the output of a command", quoted);
}

/* A backslash; between quotes it is one, mostly. */
static void
sh_expand_backslash(struct sh *sh, struct sh_out *o, bool quoted, bool inner)
{
	struct sh_in *in = sh->in;
	char c = in->p + 1 < in->end ? in->p[1] : '\0';

	in->p += 2;
	if (c == '\0') {
		in->p = in->end;
		sh_add(sh, o, '\\', true, false);
		return;
	}
	in->line += c == '\n';
	if (c == '\n')
		return;
	if (quoted && strchr("$`\"\\", c) == NULL && (c != '}' || !inner))
		sh_add(sh, o, '\\', true, false);
	sh_add(sh, o, c, true, false);
}

/*
 * All of sh->in.  quoted: it is between double quotes; inner: it is the word
 * of ${x:-word}.
 */
void
sh_expand_in(struct sh *sh, bool quoted, bool inner, struct sh_out *o)
{
	struct sh_in *in = sh->in;
	const char *from = in->p;
	bool now = quoted, tilde = !inner;
	char c;

	while (in->p < in->end && sh->end != SH_FAULTY) {
		c = *in->p;
		if (c == '$' || c == '`') {
			sh_expand_dollar(sh, o, now);
			tilde = false;
			continue;
		}
		if (c == '\\') {
			sh_expand_backslash(sh, o, now, inner);
			tilde = false;
			continue;
		}
		in->p++;
		in->line += c == '\n';
		if (c == '"') {
			/* Nobody agrees on quotes between quotes. */
			now = quoted || !now;
			o->any = o->any || now;
			if (now && !quoted && in->end - in->p >= 3 &&
			    memcmp(in->p, "$@\"", 3) == 0)
				o->any = in->p - 1 != from;
		} else if (c == '\'' && !now) {
			o->any = true;
			while (in->p < in->end && *in->p != '\'') {
				in->line += *in->p == '\n';
				sh_add(sh, o, *in->p++, true, false);
			}
			in->p++;
		} else {
			if (c == '~' && !now && tilde)
				sh_add_unknown(o, "a home folder", true);
			sh_add(sh, o, c, now, inner && !quoted);
		}
		/* Where a '~' stands for a folder. */
		tilde = !now && (c == ':' || c == '=');
	}
}

void
sh_expand(struct sh *sh, const char *from, const char *to, unsigned line,
    struct sh_out *o)
{
	struct sh_in in, *up = sh->in;
	const char *p;

	if (!sh_deeper(sh))
		return;
	memset(&in, 0, sizeof(in));
	in.p = from;
	in.end = to;
	in.file = o->file = up->file;
	in.line = o->line = line;
	sh->in = &in;
	sh_work(sh, (size_t)(to - from));
	if (o->how == SH_FIELDS) {
		/* Some shells make several words of {a,b}. */
		p = memchr(from, '{', (size_t)(to - from));
		if (p != NULL && (p == from || p[-1] != '$') &&
		    (memchr(p, ',', (size_t)(to - p)) != NULL ||
		    memchr(p, '.', (size_t)(to - p)) != NULL))
			sh_add_unknown(o, "a pattern", false);
	}
	sh_expand_in(sh, false, false, o);
	if (o->how == SH_FIELDS)
		sh_end_field(sh, o);
	sh->in = up;
	sh->depth--;
}
