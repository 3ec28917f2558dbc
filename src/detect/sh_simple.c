/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_simple.c - assignments, and the commands that sh has itself.
 * Owns:      what each of them does to the variables.
 * Called by: sh_run.c, sh_follow.c, sh_test.c.
 * Must not:  run anything.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "detect/sh_internal.h"

#define SH_SIMPLE_OF(o, i)	((o)->words.item[i].text)

/* Behind a name and in front of what is not known, for export and the like. */
#define SH_SIMPLE_BLUR	'\1'

struct sh_simple {
	const char	*from;		/* the command */
	unsigned	 line, n_here;
	unsigned	 n;		/* assignments in front of it */
	const char	*second;	/* its second word, as written */
};

static void sh_simple_command(struct sh *, const struct sh_simple *,
    struct sh_out *, bool);

/* The length of the name when an assignment begins at p, or 0. */
static size_t
sh_simple_assigns(const char *p, const char *end)
{
	size_t len = sh_name(p, end);

	if (len > 0 && p + len + 1 < end && p[len] == '+' && p[len + 1] == '=')
		return (len);
	return (p + len < end && p[len] == '=' ? len : 0);
}

/* Behind an assignment, which may be one of several values: x=(a b). */
static void
sh_simple_skip(struct sh *sh)
{
	struct sh_in *in = sh->in;

	sh_skip_word(sh);
	if (!sh_at(sh, "(") || in->p[-1] != '=')
		return;
	in->p++;
	for (sh_newlines(sh); sh_at_any_word(sh); sh_newlines(sh))
		sh_skip_word(sh);
	if (sh_at(sh, ")"))
		in->p++;
	else if (sh->end != SH_FAULTY)
		sh_fail(sh, "expected \")\"");
}

/* An assignment between from and to, which is behind it. */
static void
sh_simple_value(struct sh *sh, const char *from, const char *to,
    unsigned line, struct sh_out *o)
{
	size_t len = sh_simple_assigns(from, to);

	memset(o, 0, sizeof(*o));
	o->how = SH_ONE;
	if (from[len] == '+' || (from + len + 1 < to && from[len + 1] == '('))
		sh_add_unknown(o, "a form of assignment that not every sh has",
		    true);
	sh_expand(sh, from + len + 1, to, line, o);
}

/*
 * The assignments in front of a command: 'k' to stay, 'l' to end with the
 * function that is called, 'd' to be dropped.
 */
static void
sh_simple_assign(struct sh *sh, const struct sh_simple *s, char how)
{
	struct sh_in *in = sh->in;
	const char *end = in->p, *from;
	unsigned end_line = in->line, n_here = in->n_here, n, after,
	    next;
	struct sh_out o;
	struct sh_var *v;

	in->p = s->from;
	in->line = s->line;
	in->n_here = s->n_here;
	for (n = s->n; n > 0 && sh_running(sh);) {
		sh_blank(sh);
		if (sh_redirection(sh))
			continue;
		n--;
		from = in->p;
		after = in->line;
		sh_simple_skip(sh);
		if (!sh_running(sh))
			return;
		sh_simple_value(sh, from, in->p, after, &o);
		if (how != 'd' && sh_running(sh)) {
			v = sh_var(sh, from, sh_simple_assigns(from, end));
			if (how == 'l')
				sh_local(sh, v);
			next = in->line;
			in->line = after;
			/* x=${x:-default} leaves x where it was set. */
			if (v == NULL || o.why != NULL || how != 'k' ||
			    v->now.known != SH_KNOWN || o.file == NULL ||
			    o.file != v->now.file || o.line != v->now.line ||
			    o.line == after || o.text == NULL ||
			    strcmp(o.text, v->now.text) != 0)
				sh_put(sh, v, o.why != NULL ? SH_UNKNOWN :
				    SH_KNOWN, o.text != NULL ? o.text : "",
				    o.len, o.why);
			in->line = next;
		}
		sh_out_free(&o);
	}
	if (sh->end == SH_FAULTY)
		return;
	in->p = end;
	in->line = end_line;
	in->n_here = n_here;
}

static void
sh_simple_function(struct sh *sh, const struct sh_simple *s, struct sh_var *f,
    const struct sh_out *o)
{
	/* What stands in front of the call is there for it only. */
	struct sh_call call = { NULL, NULL, 0, 0, true };
	struct sh_mark m;
	bool may = f->now.known == SH_UNKNOWN;
	struct sh_local *l;

	if (f->now.text == NULL) {
		if (may)
			sh_forget(sh, "a function that is not known");
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	call.up = sh->call;
	call.maybe = sh->maybe;
	sh->call = &call;
	sh_simple_assign(sh, s, 'l');
	sh->call = call.up;
	if (may) {
		sh_mark(sh, &m);
		sh->maybe++;
	}
	sh_call_function(sh, f, o);
	if (may) {
		sh->maybe--;
		if (sh->end == SH_EXITED || sh->end == SH_DONE)
			sh->end = SH_RUNS;
		sh_keep(sh, &m);
		sh->status = SH_STATUS_UNKNOWN;
	}
	/* Some shells let it stay. */
	for (l = call.locals; l != NULL; l = l->next)
		l->maybe = true;
	sh_local_end(sh, &call);
}

static void
sh_simple_declare(struct sh *sh, const struct sh_out *o)
{
	const char *command = SH_SIMPLE_OF(o, 0), *p;
	bool blur = *command == 't' || *command == 'd', options = false;
	bool local = blur || *command == 'l';
	struct sh_var *v;
	size_t i, len;

	for (i = 1; i < o->words.n; i++) {
		p = SH_SIMPLE_OF(o, i);
		if (p == NULL) {
			sh_forget(sh, "what is declared");
			continue;
		}
		len = sh_name(p, p + strlen(p));
		if (len == 0) {
			options = options || *p == '-';
			continue;
		}
		v = sh_var(sh, p, len);
		if (v == NULL)
			return;
		if (local)
			sh_local(sh, v);
		/* What it was is what it is, or it is not set now. */
		if (p[len] == '=' && !(blur && options))
			sh_put(sh, v, SH_KNOWN, p + len + 1,
			    strlen(p + len + 1), NULL);
		else if (p[len] != '\0' || (local &&
		    v->now.known != SH_UNSET) || (blur && options))
			sh_put(sh, v, SH_UNKNOWN, NULL, 0, p[len] == '\0' ?
			    "it is not set here" : "a value that is not known");
		if (*command == 'r')
			v->now.readonly = true;
	}
}

static void
sh_simple_unset(struct sh *sh, const struct sh_out *o)
{
	char name[SH_NAME_MAX];
	bool function = false;
	const char *p;
	size_t i;

	for (i = 1; i < o->words.n; i++) {
		p = SH_SIMPLE_OF(o, i);
		if (p == NULL)
			sh_forget(sh, "what is unset");
		else if (*p == '-')
			function = p[1] == 'f';
		else if ((size_t)snprintf(name, sizeof(name), "%s%s", p,
		    function ? "()" : "") < sizeof(name))
			sh_put(sh, sh_var(sh, name, strlen(name)), SH_UNSET,
			    NULL, 0, NULL);
	}
}

static void
sh_simple_option(struct sh *sh, char letter, bool on)
{
	/* What may be set does not end a script. */
	if (letter == 'e' && (sh->maybe == 0 || !on))
		sh->errexit = on;
	if (letter == 'u' && (sh->maybe == 0 || !on))
		sh->nounset = on;
	if (letter == 'f')
		sh->noglob = on;
}

static void
sh_simple_set(struct sh *sh, const struct sh_out *o)
{
	const char *p;
	size_t i;

	for (i = 1; i < o->words.n; i++) {
		p = SH_SIMPLE_OF(o, i);
		if (p == NULL) {
			sh_set_words(sh, &o->words, i, true);
			return;
		}
		if (strcmp(p, "--") == 0) {
			sh_set_words(sh, &o->words, i + 1, o->ragged);
			return;
		}
		if ((*p != '-' && *p != '+') || p[1] == '\0') {
			sh_set_words(sh, &o->words, i, o->ragged ||
			    *p == '-');
			return;
		}
		if (p[1] == 'o' && i + 1 < o->words.n) {
			const char *name = SH_SIMPLE_OF(o, ++i);

			if (name != NULL)
				sh_simple_option(sh, strcmp(name, "errexit") ==
				    0 ? 'e' : strcmp(name, "nounset") == 0 ?
				    'u' : strcmp(name, "noglob") == 0 ? 'f' :
				    '\0', *p == '-');
			continue;
		}
		for (; p[1] != '\0'; p++)
			sh_simple_option(sh, p[1],
			    *SH_SIMPLE_OF(o, i) == '-');
	}
}

/* A number that is the second word; none: what is said. */
static int
sh_simple_number(const struct sh_out *o, int none)
{
	const char *p = o->words.n > 1 ? SH_SIMPLE_OF(o, 1) : "";
	long long n;

	if (o->words.n < 2 && !o->ragged)
		return (none);
	if (p == NULL || o->ragged)
		return (SH_STATUS_UNKNOWN);
	if (!sh_number(&p, &n) || *p != '\0' || n < 0 || n > 999)
		return (SH_STATUS_UNKNOWN);
	return ((int)n);
}

static void
sh_simple_shift(struct sh *sh, const struct sh_out *o)
{
	struct sh_value v;
	struct sh_words left = { NULL, 0 };
	int by = sh_simple_number(o, 1);
	struct sh_var *var;
	size_t i, count;
	bool known = sh_count(sh, &count);

	if (by >= 0 && known && (size_t)by > count) {
		/* Some end here. */
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	for (i = (size_t)by + 1; by >= 0 && i <= count; i++) {
		var = sh_var_number(sh, i);
		if (var == NULL)
			break;
		v = sh_get(sh, var->name);
		if (sh_words_add(&left, v.known == SH_KNOWN ? v.text : NULL,
		    NULL, 0) == -1)
			sh->no_memory = true;
	}
	sh_set_words(sh, &left, 0, by < 0 || !known);
	sh_words_free(&left);
}

static void
sh_simple_eval(struct sh *sh, const struct sh_simple *s,
    const struct sh_out *o)
{
	const char *p = s->second;
	char *text;
	size_t i, len = 1;
	unsigned line = sh->in->line;

	for (i = 1; i < o->words.n; i++) {
		if (SH_SIMPLE_OF(o, i) != NULL)
			len += strlen(SH_SIMPLE_OF(o, i)) + 1;
		else
			break;
	}
	if (o->ragged || i < o->words.n) {
		/* x=$(...) sets x, whatever it is. */
		p += p != NULL && *p == '"';
		len = p != NULL ? sh_simple_assigns(p, sh->in->end) : 0;
		if (len > 0)
			sh_blur(sh, p, len, "eval of what is not known");
		else
			sh_forget(sh, "eval of what is not known");
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	text = malloc(len);
	if (text == NULL) {
		sh->no_memory = true;
		sh->end = SH_FAULTY;
		return;
	}
	for (i = 1, len = 0; i < o->words.n; i++) {
		if (i > 1)
			text[len++] = ' ';
		memcpy(text + len, SH_SIMPLE_OF(o, i),
		    strlen(SH_SIMPLE_OF(o, i)));
		len += strlen(SH_SIMPLE_OF(o, i));
	}
	(void)sh_follow(sh, sh->in->file, line, text, len);
	free(text);
}

static void
sh_simple_dot(struct sh *sh, const struct sh_out *o)
{
	/* What they define are commands. */
	static const char system[] = "rc.subr functions.sh functions "
	    "init-functions rc.common vars.sh init-d-script";
	const char *path = o->words.n > 1 ? SH_SIMPLE_OF(o, 1) : "", *name;
	const struct root_file *file;

	name = path != NULL ? strrchr(path, '/') : NULL;
	if (name != NULL && word_is_in(system, name + 1, strlen(name + 1),
	    false)) {
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	if (path == NULL || *path != '/' || o->ragged) {
		sh->status = SH_STATUS_UNKNOWN;
		sh_forget(sh, "a file that is not known");
		return;
	}
	if (sh_source(sh, path) == 0)
		return;
	file = root_read(sh->root, path);
	sh->status = 1;
	if (file != NULL && !file->absent) {
		sh->status = SH_STATUS_UNKNOWN;
		sh_forget(sh, "a file that cannot be read");
	}
}

static void
sh_simple_leave(struct sh *sh, const struct sh_out *o, enum sh_end end)
{
	int n;

	if (end == SH_BROKE || end == SH_CONTINUED) {
		/* Where it may not come by, it may stay. */
		if (sh->loops == 0 || *sh->loop_extra > 0)
			return;
		n = sh_simple_number(o, 1);
		sh->breaks = n < 1 ? 1 : (unsigned)n > sh->loops ? sh->loops :
		    (unsigned)n;
	} else
		sh->status = sh_simple_number(o, sh->status);
	if (end == SH_EXITED)
		sh_exit(sh, end);
	else if (end == SH_RETURNED && sh->loop_extra != NULL &&
	    *sh->loop_extra > 0) {
		sh->call->extra++;
		sh->maybe++;
	} else
		sh->end = end;
}

static void
sh_simple_read(struct sh *sh, const struct sh_out *o)
{
	const char *p;
	size_t i, len;

	if (*SH_SIMPLE_OF(o, 0) == 'g') {
		sh_blur(sh, "OPTARG", 6, "an option");
		sh_blur(sh, "OPTIND", 6, "an option");
	} else
		sh_blur(sh, "REPLY", 5, "a line that is read");
	for (i = 1; i < o->words.n; i++) {
		p = SH_SIMPLE_OF(o, i);
		if (p == NULL) {
			sh_forget(sh, "what is read");
			continue;
		}
		len = sh_name(p, p + strlen(p));
		if (len > 0 && (p[len] == '\0' || *SH_SIMPLE_OF(o, 0) == 'l'))
			sh_blur(sh, p, len, "what is read");
	}
	sh->status = SH_STATUS_UNKNOWN;
}

enum sh_simple_kind {
	S_TRUE = 1, S_FALSE, S_TEST, S_DOT, S_EVAL, S_DECLARE, S_UNSET, S_SET,
	S_SHIFT, S_EXIT, S_RETURN, S_BREAK, S_CONTINUE, S_READ, S_EXEC,
	S_COMMAND, S_SPECIAL = 0x80
};

static const struct sh_simple_row {
	char		 name[10];
	unsigned char	 kind;
} sh_simple_table[] = {
	{ ":", S_TRUE | S_SPECIAL }, { "true", S_TRUE }, { "echo", S_TRUE },
	{ "false", S_FALSE }, { "[", S_TEST }, { "test", S_TEST },
	{ ".", S_DOT | S_SPECIAL }, { "source", S_DOT },
	{ "eval", S_EVAL | S_SPECIAL }, { "export", S_DECLARE | S_SPECIAL },
	{ "readonly", S_DECLARE | S_SPECIAL }, { "local", S_DECLARE },
	{ "typeset", S_DECLARE }, { "declare", S_DECLARE },
	{ "unset", S_UNSET | S_SPECIAL }, { "set", S_SET | S_SPECIAL },
	{ "shift", S_SHIFT | S_SPECIAL }, { "exit", S_EXIT | S_SPECIAL },
	{ "return", S_RETURN | S_SPECIAL }, { "break", S_BREAK | S_SPECIAL },
	{ "continue", S_CONTINUE | S_SPECIAL }, { "read", S_READ },
	{ "getopts", S_READ }, { "let", S_READ },
	{ "exec", S_EXEC | S_SPECIAL }, { "command", S_COMMAND },
	{ "builtin", S_COMMAND }, { "trap", S_SPECIAL }
};

static unsigned
sh_simple_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(sh_simple_table) / sizeof(sh_simple_table[0]);
	    i++)
		if (strcmp(sh_simple_table[i].name, name) == 0)
			return (sh_simple_table[i].kind);
	return (0);
}

/* What is behind exec or command. */
static void
sh_simple_rest(struct sh *sh, const struct sh_simple *s,
    const struct sh_out *o, unsigned kind)
{
	struct sh_out rest = *o;
	const char *p;

	rest.words.item++;
	rest.words.n--;
	if (rest.words.n == 0) {
		sh->status = o->ragged ? SH_STATUS_UNKNOWN : 0;
		return;
	}
	p = SH_SIMPLE_OF(&rest, 0);
	if (kind == S_COMMAND && (p == NULL || *p == '-')) {
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	sh_simple_command(sh, s, &rest, false);
	if (kind == S_EXEC)
		sh_exit(sh, SH_DONE);
}

static void
sh_simple_builtin(struct sh *sh, const struct sh_simple *s, struct sh_out *o,
    unsigned kind)
{
	switch (kind) {
	case S_EVAL:
		sh_simple_eval(sh, s, o);
		return;
	case S_DOT:
		sh_simple_dot(sh, o);
		return;
	case S_EXEC:
	case S_COMMAND:
		sh_simple_rest(sh, s, o, kind);
		return;
	case S_TEST:
		sh->status = o->ragged ? SH_STATUS_UNKNOWN :
		    sh_test(sh, &o->words);
		return;
	case S_READ:
		sh_simple_read(sh, o);
		return;
	case S_EXIT:
	case S_RETURN:
	case S_BREAK:
	case S_CONTINUE:
		sh_simple_leave(sh, o, kind == S_EXIT ? SH_EXITED :
		    kind == S_RETURN ? SH_RETURNED : kind == S_BREAK ?
		    SH_BROKE : SH_CONTINUED);
		return;
	case 0:
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	sh->status = kind == S_FALSE;
	if (kind == S_DECLARE)
		sh_simple_declare(sh, o);
	else if (kind == S_UNSET)
		sh_simple_unset(sh, o);
	else if (kind == S_SET)
		sh_simple_set(sh, o);
	else if (kind == S_SHIFT)
		sh_simple_shift(sh, o);
}

/* A command whose words are known, or as far as they are. */
static void
sh_simple_command(struct sh *sh, const struct sh_simple *s, struct sh_out *o,
    bool functions)
{
	const char *name = SH_SIMPLE_OF(o, 0);
	char full[SH_NAME_MAX];
	struct sh_var *f;
	unsigned kind;
	int status;

	if (name == NULL || *name == '\0') {
		sh_simple_assign(sh, s, 'd');
		sh->status = SH_STATUS_UNKNOWN;
		return;
	}
	if (functions && (size_t)snprintf(full, sizeof(full), "%s()", name) <
	    sizeof(full) && (f = sh_find(sh, full, strlen(full))) != NULL &&
	    f->now.known != SH_UNSET) {
		sh_simple_function(sh, s, f, o);
		return;
	}
	kind = sh_simple_kind(name);
	if (functions)
		sh_simple_assign(sh, s, (kind & S_SPECIAL) != 0 ? 'k' : 'd');
	if (!sh_running(sh))
		return;
	if (sh->command != NULL) {
		status = sh->command(sh, &o->words, sh->command_arg);
		if (status == SH_STATUS_END) {
			sh->status = SH_STATUS_UNKNOWN;
			sh_exit(sh, SH_DONE);
			return;
		}
		if (status != SH_STATUS_NOT_MINE) {
			sh->status = status;
			return;
		}
	}
	sh_simple_builtin(sh, s, o, kind & ~(unsigned)S_SPECIAL);
}

/* An argument of export or the like that assigns: as one word. */
static void
sh_simple_argument(struct sh *sh, const char *from, const char *to,
    unsigned line, struct sh_out *o)
{
	struct sh_out value;
	size_t len = sh_simple_assigns(from, to);
	char *text;

	sh_simple_value(sh, from, to, line, &value);
	text = malloc(len + value.len + 2);
	if (text != NULL) {
		memcpy(text, from, len);
		text[len] = value.why != NULL ? SH_SIMPLE_BLUR : '=';
		memcpy(text + len + 1, value.text != NULL ? value.text : "",
		    value.len);
		text[len + 1 + value.len] = '\0';
	}
	if (text == NULL || sh_words_add(&o->words, text, sh->in->file,
	    line) == -1)
		sh->no_memory = true;
	free(text);
	sh_out_free(&value);
}

void
sh_simple(struct sh *sh)
{
	struct sh_in *in = sh->in;
	struct sh_simple s = { in->p, in->line, in->n_here, 0, NULL };
	struct sh_out o;
	const char *from;
	bool running = sh_running(sh), declares = false, any = false;
	unsigned line;

	memset(&o, 0, sizeof(o));
	if (running) {
		sh->substituted = false;
		sh->steps++;
		sh_work(sh, SH_WORK_STEP);
	}
	for (; sh->end != SH_FAULTY; sh_blank(sh)) {
		if (sh_redirection(sh))
			continue;
		if (!sh_at_any_word(sh))
			break;
		from = in->p;
		line = in->line;
		if (!any && sh_simple_assigns(from, in->end) > 0) {
			sh_simple_skip(sh);
			s.n++;
			continue;
		}
		any = true;
		if (sh_simple_assigns(from, in->end) > 0) {
			sh_simple_skip(sh);
			if (declares && sh_running(sh)) {
				sh_simple_argument(sh, from, in->p, line, &o);
				continue;
			}
		} else
			sh_skip_word(sh);
		if (!running || !sh_running(sh))
			continue;
		if (o.words.n == 1 && s.second == NULL)
			s.second = from;
		sh_expand(sh, from, in->p, line, &o);
		if (o.words.n == 1 && SH_SIMPLE_OF(&o, 0) != NULL)
			declares = (sh_simple_kind(SH_SIMPLE_OF(&o, 0)) &
			    ~(unsigned)S_SPECIAL) == S_DECLARE;
	}
	if (in->p == s.from && sh->end != SH_FAULTY)
		sh_fail(sh, "expected a command");
	if (sh_running(sh)) {
		if (o.words.n > 0)
			sh_simple_command(sh, &s, &o, true);
		else {
			sh_simple_assign(sh, &s, 'k');
			sh->status = sh->substituted ? SH_STATUS_UNKNOWN : 0;
		}
	}
	sh_out_free(&o);
}

#undef SH_SIMPLE_OF
#undef SH_SIMPLE_BLUR
