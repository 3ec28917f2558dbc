/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * default.c - load_default: what detection found, among what is written.
 * Owns:      which of the two counts; what may stand only before it; the notes.
 * Called by: parse.c, check.c.
 * Must not:  look for a milter itself (conf_source has who does).
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/field.h"
#include "config/parse_internal.h"

void
parse_note(struct parse *ps, bool fault, const char *text)
{
	struct conf *conf = ps->conf;
	struct conf_note *notes;
	char *copy = strdup(text), *p;

	notes = realloc(conf->notes, (conf->n_notes + 1) * sizeof(*notes));
	if (notes != NULL)
		conf->notes = notes;
	if (notes == NULL || copy == NULL) {
		free(copy);
		ps->errors.no_memory = true;
		return;
	}
	for (p = copy; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	notes[conf->n_notes].text = copy;
	notes[conf->n_notes++].fault = fault;
}

/* --- statements of detection ---------------------------------------------- */

struct default_asked {
	struct parse		*ps;
	struct parse_input	*in;	/* of load_default itself */
};

static void
default_on_statement(void *arg, const char *file, unsigned line,
    const char *text)
{
	const struct default_asked *asked = arg;
	struct parse_input *in = calloc(1, sizeof(*in));

	if (in == NULL) {
		asked->ps->errors.no_memory = true;
		return;
	}
	in->detected = true;
	in->is_file = true;
	in->name = load_keep_name(asked->ps, file != NULL ? file :
	    asked->in->name);
	lex_init(&in->lx, text, strlen(text));
	in->lx.line = line;
	if (in->name != NULL)
		parse_text(asked->ps, in);
	free(in);
}

static void
default_on_note(void *arg, bool fault, const char *text)
{
	const struct default_asked *asked = arg;

	parse_note(asked->ps, fault, text);
}

static void
default_detect(struct parse *ps, struct parse_input *in)
{
	const struct conf *conf = ps->conf;
	const struct key *key = key_find(key_main, "package.options");
	const struct conf_origin *origin = &conf->origin[key - key_main];
	struct default_asked asked = { ps, in };
	struct conf_detect to;
	char why[VALUE_WHY_MAX];

	memset(&to, 0, sizeof(to));
	to.root = conf->detect_root;
	to.platform = conf->package_platform;
	to.options = conf->package_options;
	to.rspamadm = conf->detect_rspamadm;
	to.statement = default_on_statement;
	to.note = default_on_note;
	to.arg = &asked;
	if (ps->source->detect == NULL ||
	    ps->source->detect(&to, why, sizeof(why)) == 0)
		return;
	/* What can be wrong with the question is in there. */
	if (conf->package_options != NULL)
		errors_add(&ps->errors, in->seq, origin->file, origin->line,
		    key->name, why);
	else
		parse_fault(ps, in, in->lx.start_line, why);
}

void
default_load(struct parse *ps, struct parse_input *in, const struct value *v)
{
	static const struct key key = { "load_default", KEY_BOOL, false, 0, 0,
	    0, 0, NULL, "false" };
	char why[VALUE_WHY_MAX];
	bool load = false;

	if (field_assign(&key, &load, v, in->append, why) == -1) {
		parse_fault(ps, in, in->lx.start_line, why);
		return;
	}
	/* A second one would find the same. */
	if (!load || ps->detected.file != NULL)
		return;
	ps->detected.file = in->name;
	ps->detected.line = in->is_file ? in->lx.start_line : 0;
	default_detect(ps, in);
}

/* --- before and behind it ------------------------------------------------- */

bool
default_may_stand(const struct parse *ps, const struct parse_input *in,
    const struct key *key, char why[VALUE_WHY_MAX])
{
	if (ps->detected.file == NULL || in->detected ||
	    (strncmp(key->name, "package.", 8) != 0 &&
	    strncmp(key->name, "detect.", 7) != 0))
		return (true);
	if (ps->detected.line > 0)
		snprintf(why, VALUE_WHY_MAX, "this must stand before "
		    "load_default, which is at %.300s:%u", ps->detected.file,
		    ps->detected.line);
	else
		strlcpy(why, "this must stand before load_default",
		    VALUE_WHY_MAX);
	return (false);
}

bool
default_counts(const struct parse_child *child,
    const struct conf_origin *given, size_t at, bool *append)
{
	*append = given->file != NULL;
	return ((child->fixed >> at & 1) == 0);
}

static int
default_rotate(void *base, size_t size, size_t n, size_t all)
{
	char *p = base, *copy;

	if (n == 0 || n == all)
		return (0);
	copy = malloc(n * size);
	if (copy == NULL)
		return (-1);
	memcpy(copy, p, n * size);
	memmove(p, p + n * size, (all - n) * size);
	memcpy(p + (all - n) * size, copy, n * size);
	free(copy);
	return (0);
}

/* Has the administrator written this key with "="? */
static bool
default_is_fixed(const struct parse_child *child, const char *name)
{
	return ((child->fixed >> (key_find(key_child, name) - key_child) &
	    1) != 0);
}

int
default_place(struct parse *ps, size_t at)
{
	struct conf *conf = ps->conf;
	struct parse_child *child = &ps->child[at];
	size_t n = conf->n_milters - at;

	if (child->detected)
		return (0);
	child->detected = true;
	if (default_is_fixed(child, "connection_spec"))
		return (0);
	if (default_rotate(child, sizeof(*child), 1, n) == -1 ||
	    default_rotate(&conf->milters[at], sizeof(conf->milters[at]), 1,
	    n) == -1)
		return (-1);
	for (; at < conf->n_milters; at++)
		conf->milters[at]->index = at;
	return (0);
}

void
default_own(const struct parse_child *child, struct conf_milter *m)
{
	const size_t spec = (size_t)(key_find(key_child, "connection_spec") -
	    key_child);
	const size_t enabled = (size_t)(key_find(key_child, "enabled") -
	    key_child);

	if (!child->detected || m->specs.text.n == 0 ||
	    !default_is_fixed(child, "connection_spec") ||
	    default_is_fixed(child, "enabled"))
		return;
	m->enabled = true;
	m->origin[enabled] = m->origin[spec];
}

int
default_to_front(const struct key *key, struct conf_milter *m, size_t n)
{
	struct conf_list *list = (void *)((char *)m + key->offset);
	struct conf_specs *specs = (void *)list;

	if (default_rotate(list->item, sizeof(*list->item), n, list->n) == -1 ||
	    (key->type == KEY_SPECS && default_rotate(specs->spec,
	    sizeof(*specs->spec), n, list->n) == -1) ||
	    (key->type == KEY_CONDITIONS && default_rotate(m->given,
	    sizeof(*m->given), n, list->n) == -1))
		return (-1);
	return (0);
}
