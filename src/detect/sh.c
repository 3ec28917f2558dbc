/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh.c - the variables of a script.
 * Owns:      what is set, where it was set and what was there before; the
 *            bounds of it all.
 * Called by: the platforms and kinds of detection; the other sh_*.c.
 * Must not:  read the script's text.
 */
#include "compat.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "detect/sh_internal.h"

/* What the one who starts the script may have set. */
static const char sh_environment[] =
    "_ EUID HOME HOSTNAME LANG LC_ALL LINENO LOGNAME MAIL OLDPWD OPTARG "
    "OPTIND PATH PPID PS1 PS2 PS4 PWD RANDOM SECONDS SHELL TERM TZ UID USER";

struct sh *
sh_new(struct root *root)
{
	struct sh *sh = calloc(1, sizeof(*sh));

	if (sh != NULL)
		sh->root = root;
	else
		root_short(root);
	return (sh);
}

static void
sh_drop(struct sh *sh, struct sh_state *state)
{
	if (state->text != NULL)
		sh->total -= strlen(state->text);
	free(state->text);
	state->text = NULL;
}

void
sh_free(struct sh *sh)
{
	struct sh_var *v;
	size_t i;

	if (sh == NULL)
		return;
	for (i = 0; i < SH_BUCKETS; i++) {
		while ((v = sh->bucket[i]) != NULL) {
			sh->bucket[i] = v->next;
			free(v->now.text);
			free(v);
		}
	}
	if (sh->no_memory)
		root_short(sh->root);
	free(sh->journal);
	free(sh);
}

void
sh_commands(struct sh *sh, sh_command *command, void *arg)
{
	sh->command = command;
	sh->command_arg = arg;
}

void
sh_outputs(struct sh *sh, sh_output *output, void *arg)
{
	sh->output = output;
	sh->output_arg = arg;
}

const char *
sh_fault(const struct sh *sh)
{
	return (sh->fault[0] != '\0' ? sh->fault : NULL);
}

bool
sh_running(const struct sh *sh)
{
	return (sh->skip == 0 && sh->end == SH_RUNS);
}

void
sh_fail(struct sh *sh, const char *why)
{
	if (sh->end != SH_FAULTY && sh->fault[0] == '\0' && sh->in != NULL)
		snprintf(sh->fault, sizeof(sh->fault), "%s:%u: %s",
		    sh->in->file, sh->in->line, why);
	sh->end = SH_FAULTY;
	/* Whoever reads on is at the end. */
	if (sh->in != NULL)
		sh->in->p = sh->in->end;
}

/* What is behind it is not known, so nothing is. */
static void
sh_beyond(struct sh *sh, const char *why)
{
	if (!sh->beyond) {
		sh->beyond = true;
		sh_forget(sh, why);
	}
	sh_fail(sh, why);
}

void
sh_work(struct sh *sh, size_t bytes)
{
	sh->work += bytes;
	if ((!root_spend(sh->root, bytes) || sh->work > SH_WORK_MAX ||
	    sh->steps > SH_STEPS_MAX) && sh->end != SH_FAULTY) {
		sh_beyond(sh, "the script takes too long");
	}
}

void
sh_exit(struct sh *sh, enum sh_end end)
{
	if (sh->end == SH_RUNS && sh->maybe <= sh->caught)
		sh->end = end;
}

bool
sh_deeper(struct sh *sh)
{
	if (sh->depth < SH_DEPTH_MAX) {
		sh->depth++;
		return (true);
	}
	sh_beyond(sh, "nested too deep");
	return (false);
}

size_t
sh_name(const char *p, const char *end)
{
	const char *from = p;

	if (p < end && isdigit((unsigned char)*p))
		return (0);
	while (p < end && (isalnum((unsigned char)*p) || *p == '_'))
		p++;
	return ((size_t)(p - from));
}

static size_t
sh_hash(const char *name, size_t len)
{
	unsigned h = 5381;

	while (len-- > 0)
		h = h * 33 ^ (unsigned char)*name++;
	return (h % SH_BUCKETS);
}

struct sh_var *
sh_find(const struct sh *sh, const char *name, size_t len)
{
	struct sh_var *v = sh->bucket[sh_hash(name, len)];

	while (v != NULL && (strncmp(v->name, name, len) != 0 ||
	    v->name[len] != '\0'))
		v = v->next;
	return (v);
}

struct sh_var *
sh_var(struct sh *sh, const char *name, size_t len)
{
	struct sh_var *v = sh_find(sh, name, len), **bucket;
	struct sh_value now;

	if (v != NULL)
		return (v);
	if (sh->n_vars >= SH_VARS_MAX || len > SH_NAME_MAX) {
		sh_beyond(sh, "too many variables");
		return (NULL);
	}
	now = sh_look(sh, name, len);
	v = calloc(1, sizeof(*v) + len + 1);
	if (v == NULL) {
		sh->no_memory = true;
		sh->end = SH_FAULTY;
		return (NULL);
	}
	memcpy(v->name, name, len);
	/* IFS, of which nothing but the default is ever known. */
	v->now.known = now.known == SH_UNKNOWN ? SH_UNKNOWN : SH_UNSET;
	v->now.why = now.why;
	bucket = &sh->bucket[sh_hash(name, len)];
	v->next = *bucket;
	*bucket = v;
	sh->n_vars++;
	return (v);
}

struct sh_var *
sh_var_number(struct sh *sh, size_t n)
{
	char name[20];

	return (sh_var(sh, name,
	    (size_t)snprintf(name, sizeof(name), "%zu", n)));
}

struct sh_value
sh_look(const struct sh *sh, const char *name, size_t len)
{
	struct sh_value value = { SH_UNSET, "", NULL, NULL, 0 };
	const struct sh_var *v = sh_find(sh, name, len);

	if (len > 0 && isdigit((unsigned char)*name) && *name != '0') {
		/* Without their number none of them is known. */
		const struct sh_var *n = sh_find(sh, "#", 1);

		if (n != NULL && n->now.known == SH_UNKNOWN)
			v = n;
	}
	if (v != NULL) {
		value.known = v->now.known;
		if (v->now.known == SH_KNOWN)
			value.text = v->now.text;
		value.why = v->now.why;
		value.file = v->now.file;
		value.line = v->now.line;
		return (value);
	}
	if (sh->lost)
		value.why = "what was run before";
	else if (word_is_in(sh_environment, name, len, false))
		value.why = "the environment";
	if (value.why != NULL)
		value.known = SH_UNKNOWN;
	return (value);
}

struct sh_value
sh_get(const struct sh *sh, const char *name)
{
	return (sh_look(sh, name, strlen(name)));
}

/* Keeps what is there for a mark, or lets it go. */
static void
sh_save(struct sh *sh, struct sh_var *v)
{
	struct sh_saved *journal, *s;
	size_t cap;

	if (v->mark >= sh->marks) {
		sh_drop(sh, &v->now);
		return;
	}
	if (sh->n_journal == sh->cap_journal) {
		cap = sh->cap_journal * 2 + 16;
		journal = realloc(sh->journal, cap * sizeof(*journal));
		if (journal == NULL) {
			sh->no_memory = true;
			sh->end = SH_FAULTY;
			sh_drop(sh, &v->now);
			return;
		}
		sh->journal = journal;
		sh->cap_journal = cap;
	}
	s = &sh->journal[sh->n_journal++];
	s->var = v;
	s->old = v->now;
	s->mark = v->mark;
	v->mark = sh->marks;
	v->now.text = NULL;
}

/* What is known of it; less in the second state is news for loops. */
static void
sh_news(struct sh *sh, const struct sh_state *old, const struct sh_state *now)
{
	struct sh_fixed *f;

	for (f = sh->fixed; f != NULL; f = f->up) {
		/* What a function has for itself is new each time. */
		if (old->level > f->level || now->level > f->level)
			continue;
		f->news += old->known != SH_UNKNOWN ? 2 : old->text != NULL;
		f->news -= now->known != SH_UNKNOWN ? 2 : now->text != NULL;
	}
}

/* The function that is followed, or NULL. */
static struct sh_call *
sh_function(const struct sh *sh)
{
	struct sh_call *call = sh->call;

	while (call != NULL && !call->function)
		call = call->up;
	return (call);
}

void
sh_mark(struct sh *sh, struct sh_mark *m)
{
	struct sh_call *call = sh_function(sh);

	m->at = sh->n_journal;
	m->lost = sh->lost;
	m->errexit = sh->errexit;
	m->nounset = sh->nounset;
	m->noglob = sh->noglob;
	m->locals = call != NULL ? call->locals : NULL;
	sh->marks++;
}

/* What the mark around this one has saved itself is of no more use. */
void
sh_keep(struct sh *sh, const struct sh_mark *m)
{
	size_t i, n = m->at;

	sh->marks--;
	for (i = m->at; i < sh->n_journal; i++) {
		struct sh_saved *s = &sh->journal[i];

		s->var->mark = sh->marks;
		if (s->mark == sh->marks)
			sh_drop(sh, &s->old);
		else
			sh->journal[n++] = *s;
	}
	sh->n_journal = n;
}

void
sh_undo(struct sh *sh, const struct sh_mark *m)
{
	struct sh_call *call = sh_function(sh);
	struct sh_saved *s;
	struct sh_local *l;

	while (sh->n_journal > m->at) {
		s = &sh->journal[--sh->n_journal];
		sh_news(sh, &s->var->now, &s->old);
		sh_drop(sh, &s->var->now);
		s->var->now = s->old;
		s->var->mark = s->mark;
	}
	while (call != NULL && (l = call->locals) != m->locals) {
		call->locals = l->next;
		sh_drop(sh, &l->old);
		free(l);
	}
	sh->lost = m->lost;
	sh->errexit = m->errexit;
	sh->nounset = m->nounset;
	sh->noglob = m->noglob;
	sh->marks--;
}

static bool
sh_same(const struct sh_state *s, const char *text, size_t len)
{
	return (s->text != NULL && strncmp(s->text, text, len) == 0 &&
	    s->text[len] == '\0');
}

void
sh_put(struct sh *sh, struct sh_var *v, enum sh_known known, const char *text,
    size_t len, const char *why)
{
	static const char maybe[] = "a condition that is not known";
	struct sh_state old;
	bool function, same;
	char *copy = NULL;

	if (v == NULL)
		return;
	old = v->now;
	function = v->name[0] != '\0' && v->name[strlen(v->name) - 1] == ')';
	if (v->now.readonly) {
		known = SH_UNKNOWN;
		why = "it is readonly";
	}
	if (sh->maybe > v->now.level) {
		same = known == SH_KNOWN && sh_same(&v->now, text, len);
		if (known == v->now.known && (known != SH_KNOWN || same))
			return;
		/* The body of a function that may be there. */
		same = function && (same || (known == SH_KNOWN &&
		    v->now.known == SH_UNSET));
		if (!same)
			text = NULL;
		if (known != SH_UNKNOWN)
			why = maybe;
		known = SH_UNKNOWN;
	} else if (known != SH_KNOWN)
		text = NULL;
	if (text != NULL) {
		if ((len > SH_VALUE_MAX && !function) ||
		    len > SH_TOTAL_MAX - sh->total) {
			known = SH_UNKNOWN;
			why = "it is too long";
		} else {
			copy = malloc(len + 1);
			if (copy == NULL) {
				sh->no_memory = true;
				sh->end = SH_FAULTY;
				return;
			}
			memcpy(copy, text, len);
			copy[len] = '\0';
			/* What sh makes of NUL bytes is its own affair. */
			sh->total += strlen(copy);
		}
	}
	sh_save(sh, v);
	v->now.text = copy;
	v->now.known = known;
	if (sh->maybe > v->now.level)
		sh_news(sh, &old, &v->now);
	v->now.why = known == SH_UNKNOWN ? why : NULL;
	v->now.file = sh->in != NULL ? sh->in->file : NULL;
	v->now.line = sh->in != NULL ? sh->in->line : 0;
}

void
sh_blur(struct sh *sh, const char *name, size_t len, const char *why)
{
	sh_put(sh, sh_var(sh, name, len), SH_UNKNOWN, NULL, 0, why);
}

void
sh_forget(struct sh *sh, const char *why)
{
	struct sh_var *v;
	size_t i;

	sh->lost = true;
	for (i = 0; i < SH_BUCKETS; i++)
		for (v = sh->bucket[i]; v != NULL; v = v->next)
			if ((v->now.known != SH_UNKNOWN ||
			    v->now.text != NULL) && v->name[0] != '0')
				sh_put(sh, v, SH_UNKNOWN, NULL, 0, why);
}

void
sh_local(struct sh *sh, struct sh_var *v)
{
	struct sh_call *call = sh_function(sh);
	struct sh_local *l;
	struct sh_state old;
	char *copy = NULL;

	if (v == NULL || call == NULL)
		return;
	for (l = call->locals; l != NULL; l = l->next)
		if (l->var == v)
			return;
	l = calloc(1, sizeof(*l));
	old = v->now;
	if (old.text != NULL) {
		old.text = strdup(old.text);
		copy = strdup(old.text != NULL ? old.text : "");
	}
	if (l == NULL || (v->now.text != NULL &&
	    (old.text == NULL || copy == NULL))) {
		free(old.text);
		free(copy);
		free(l);
		sh->no_memory = true;
		sh->end = SH_FAULTY;
		return;
	}
	if (copy != NULL)
		sh->total += 2 * strlen(copy);
	sh_save(sh, v);
	v->now.text = copy;
	l->old = old;
	l->var = v;
	l->maybe = sh->maybe > call->maybe;
	l->next = call->locals;
	call->locals = l;
	v->now.level = sh->maybe;
}

void
sh_local_end(struct sh *sh, struct sh_call *call)
{
	struct sh_local *l;

	while ((l = call->locals) != NULL) {
		call->locals = l->next;
		sh_save(sh, l->var);
		l->var->now = l->old;
		if (l->maybe)
			sh_put(sh, l->var, SH_UNKNOWN, NULL, 0,
			    "a condition that is not known");
		free(l);
	}
}

bool
sh_count(const struct sh *sh, size_t *count)
{
	struct sh_value v = sh_look(sh, "#", 1);
	long long n = 0;

	*count = sh_number(&v.text, &n) ? (size_t)n : 0;
	return (v.known != SH_UNKNOWN);
}

void
sh_set_words(struct sh *sh, const struct sh_words *w, size_t from,
    bool ragged)
{
	struct sh_var *v;
	size_t i, count = w->n > from ? w->n - from : 0;
	const char *text;
	char number[20];

	if (ragged || count > SH_ARGUMENTS_MAX) {
		sh_blur(sh, "#", 1, "how many arguments there are");
		return;
	}
	sh_work(sh, 8 * count);
	for (i = 0; i < count; i++) {
		text = w->item[from + i].text;
		sh_put(sh, sh_var_number(sh, i + 1), text != NULL ? SH_KNOWN :
		    SH_UNKNOWN, text, text != NULL ? strlen(text) : 0,
		    "an argument");
	}
	/* Those that there have been, if not since. */
	for (;;) {
		snprintf(number, sizeof(number), "%zu", ++i);
		v = sh_find(sh, number, strlen(number));
		if (v == NULL)
			break;
		sh_put(sh, v, SH_UNSET, NULL, 0, NULL);
	}
	snprintf(number, sizeof(number), "%zu", count);
	sh_put(sh, sh_var(sh, "#", 1), SH_KNOWN, number, strlen(number), NULL);
}

void
sh_arguments(struct sh *sh, size_t n, const char *const *argument)
{
	struct sh_words w = { NULL, 0 };
	size_t i;

	for (i = 0; i < n; i++)
		if (sh_words_add(&w, argument[i], NULL, 0) == -1)
			sh->no_memory = true;
	if (n > 0)
		sh_put(sh, sh_var(sh, "0", 1), SH_KNOWN, argument[0],
		    strlen(argument[0]), NULL);
	sh_set_words(sh, &w, 1, false);
	sh_words_free(&w);
}

void
sh_set(struct sh *sh, const char *name, const char *text, const char *file,
    unsigned line)
{
	struct sh_var *v = sh_var(sh, name, strlen(name));

	if (v == NULL)
		return;
	sh_put(sh, v, SH_KNOWN, text, strlen(text), NULL);
	v->now.file = file != NULL ? root_keep(sh->root, file) : NULL;
	v->now.line = line;
}

static int
sh_compare(const void *a, const void *b)
{
	return (strcmp((*(struct sh_var *const *)a)->name,
	    (*(struct sh_var *const *)b)->name));
}

void
sh_each(const struct sh *sh,
    void (*each)(const char *, const struct sh_value *, void *), void *arg)
{
	struct sh_var **all = calloc(sh->n_vars + 1, sizeof(*all)), *v;
	struct sh_value value;
	size_t i, n = 0;

	for (i = 0; all != NULL && i < SH_BUCKETS; i++)
		for (v = sh->bucket[i]; v != NULL; v = v->next)
			if (v->now.known != SH_UNSET &&
			    sh_name(v->name, v->name + strlen(v->name)) ==
			    strlen(v->name))
				all[n++] = v;
	if (n > 1)
		qsort(all, n, sizeof(*all), sh_compare);
	for (i = 0; i < n; i++) {
		value = sh_get(sh, all[i]->name);
		each(all[i]->name, &value, arg);
	}
	free(all);
}

int
sh_words_add(struct sh_words *w, const char *text, const char *file,
    unsigned line)
{
	struct sh_word *item;

	item = realloc(w->item, (w->n + 1) * sizeof(*item));
	if (item == NULL)
		return (-1);
	w->item = item;
	item += w->n;
	item->text = text != NULL ? strdup(text) : NULL;
	if (text != NULL && item->text == NULL)
		return (-1);
	item->file = file;
	item->line = line;
	w->n++;
	return (0);
}

void
sh_words_free(struct sh_words *w)
{
	while (w->n > 0)
		free(w->item[--w->n].text);
	free(w->item);
	w->item = NULL;
}
