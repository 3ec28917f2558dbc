/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect.c - from the rows of a platform to milters in their order, and from
 * these to statements of a configuration.
 * Owns:      which scripts are looked at, the order, what is said of each.
 * Called by: config/default.c through conf_source; the tools; platform.c.
 * Must not:  know a platform or a kind of milter by its name.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/number.h"
#include "config/lex.h"
#include "config/value.h"
#include "detect/detect.h"
#include "detect/detect_internal.h"

#define DETECT_OTHERS_MAX 64	/* scripts that no row names */
#define DETECT_NAME_MAX	64	/* bytes; config/parse.c has characters */
#define DETECT_TEXT_MAX	256	/* of a description */
#define DETECT_TIMEOUT	7000	/* ms; the default of both timeouts */
#define DETECT_TIMEOUT_MAX (24 * 60 * 60 * 1000)

/* What is being looked at, and the scripts that are no row's. */
struct detect_work {
	struct detect_env env;
	struct conf_list scripts;	/* the names of all that there are */
	struct detect_row *generic;	/* one each */
};

/* --- looking ------------------------------------------------------------ */

/* Case and the kind of dash do not matter. */
static bool
detect_has_word(const char *name, const char *word)
{
	size_t i;

	for (; *name != '\0'; name++) {
		for (i = 0; word[i] != '\0' && (word[i] == '-' ?
		    name[i] == '-' || name[i] == '_' :
		    (name[i] | 0x20) == word[i]); i++)
			;
		if (word[i] == '\0')
			return (true);
	}
	return (false);
}

bool
detect_may_be(const char *script)
{
	return (detect_has_word(script, "milter") &&
	    !detect_has_word(script, "milter-manager"));
}

/* Whether a script is one that no row has, and no service yet. */
static bool
detect_is_other(const struct detect_work *work, const char *script, size_t n)
{
	const struct detect_row *row;
	size_t i;

	if (!detect_may_be(script))
		return (false);
	for (row = work->env.platform->rows; row->script != NULL; row++)
		if (strcmp(row->script, script) == 0)
			return (false);
	for (i = 0; i < work->env.n_services; i++)
		if (strcmp(work->env.service[i].name, script) == 0)
			return (false);
	for (i = 0; i < n; i++)
		if (strcmp(work->generic[i].script, script) == 0)
			return (false);
	return (true);
}

/* Too much was to be read: what is said of these is not what they are. */
static void
detect_cut(struct detect_env *env, size_t first)
{
	struct service *sv;

	for (; first < env->n_services; first++) {
		sv = &env->service[first];
		sv->enabled = DETECT_MAYBE;
		service_problem(sv, NULL, 0, "too much is to be read below "
		    "the root");
	}
}

/* Fills env with all services, and marks the rows that have none. */
static void
detect_look(struct detect_work *work, bool *absent)
{
	struct detect_env *env = &work->env;
	const struct detect_platform *platform = env->platform;
	struct conf_list *scripts = &work->scripts;
	size_t i, n, first = 0;

	for (i = 0; platform->rows[i].script != NULL &&
	    root_spend(env->root, 0); i++) {
		first = env->n_services;
		platform->look(env, &platform->rows[i]);
		absent[i] = env->n_services == first &&
		    root_spend(env->root, 0);
	}
	platform->scripts(env, scripts);
	for (i = n = 0; i < scripts->n && n < DETECT_OTHERS_MAX &&
	    root_spend(env->root, 0); i++) {
		if (!detect_is_other(work, scripts->item[i], n))
			continue;
		first = env->n_services;
		work->generic[n].script = scripts->item[i];
		work->generic[n].kind = KIND_GENERIC;
		platform->look(env, &work->generic[n++]);
	}
	if (!root_spend(env->root, 0))
		detect_cut(env, first);
}

/* --- what came of it ---------------------------------------------------- */

static bool
detect_name_is_good(const char *name)
{
	const unsigned char *p = (const unsigned char *)name;

	while (*p >= ' ' && *p < 0x7f)
		p++;
	return (*p == '\0' && name[0] != '\0' &&
	    strlen(name) <= DETECT_NAME_MAX && strcmp(name, "*") != 0);
}

/*
 * Whatever a file says, a statement of it must be one that a configuration may
 * have: what is not is the problem of this milter.  (Of the socket kind.c has
 * made a specification.)
 */
static void
detect_check(struct service *sv, struct detect_milter *m)
{
	size_t i, len = 0;

	if (!detect_name_is_good(m->name))
		service_problem(sv, m->script, 0, "this cannot be the name of "
		    "a milter");
	if (m->command != NULL && (m->command[0] != '/' ||
	    strlen(m->command) > LEX_TEXT_MAX)) {
		free(m->command);
		m->command = NULL;
	}
	for (i = 0; i < m->command_options.n; i++)
		len += strlen(m->command_options.item[i]) + 1;
	if (len > LEX_TEXT_MAX) {
		service_problem(sv, m->script, 0, "its arguments are longer "
		    "than %d bytes", LEX_TEXT_MAX);
		value_list_free(&m->command_options);
	}
	if (m->extra_time > DETECT_TIMEOUT_MAX)
		m->extra_time = DETECT_TIMEOUT_MAX;
}

/* Moves what a service has into a milter, and has its files read. */
static void
detect_read(struct detect_env *env, struct service *sv,
    struct detect_milter *m)
{
	m->installed = true;
	m->name = sv->name;
	m->script = sv->script;
	m->enabled = sv->enabled;
	m->enabled_by = sv->enabled_by;
	memset(&sv->enabled_by, 0, sizeof(sv->enabled_by));
	kind_read(env, sv, m);
	if (!root_spend(env->root, 0)) {
		detect_cut(env, (size_t)(sv - env->service));
		m->enabled = DETECT_MAYBE;
	}
	sv->name = sv->script = NULL;
	if (m->description.text == NULL) {
		fact_free(&m->description);
		m->description = sv->description;
		memset(&sv->description, 0, sizeof(sv->description));
	}
	if (m->command == NULL) {
		m->command = sv->command;
		m->command_options = sv->command_options;
		sv->command = NULL;
		memset(&sv->command_options, 0, sizeof(sv->command_options));
	}
	detect_check(sv, m);
	if (sv->no_memory)
		env->no_memory = true;
	if (m->problem == NULL) {
		m->problem = sv->problem;
		sv->problem = NULL;
	}
}

static void
detect_milter_free(struct detect_milter *m)
{
	free(m->name);
	free(m->script);
	fact_free(&m->enabled_by);
	fact_free(&m->spec);
	fact_free(&m->description);
	fact_free(&m->configuration);
	free(m->command);
	value_list_free(&m->command_options);
	fact_free(&m->extra_time_by);
	free(m->problem);
}

/*
 * A script that no row names is a milter only if something else says so, too.
 * Of two with one name the first counts.
 */
static bool
detect_counts(const struct detect_work *work, const struct service *sv,
    const struct detect *d, const struct detect_milter *m)
{
	size_t i;

	if (sv->row >= work->generic &&
	    sv->row < work->generic + DETECT_OTHERS_MAX &&
	    m->enabled != DETECT_YES && m->spec.text == NULL)
		return (false);
	for (i = 0; i < d->n; i++)
		if (strcmp(d->item[i].name, m->name) == 0)
			return (false);
	return (true);
}

/* Behind those of a lower or the same place; all are installed. */
static void
detect_insert(struct detect *d, const struct detect_milter *m)
{
	size_t at = d->n++;

	for (; at > 0 && d->item[at - 1].place > m->place; at--)
		d->item[at] = d->item[at - 1];
	d->item[at] = *m;
}

/* Takes all that was found over into the result. */
static int
detect_collect(struct detect_work *work, const bool *absent, size_t n_rows,
    struct detect *d)
{
	struct detect_env *env = &work->env;
	struct detect_milter m;
	size_t i;

	d->item = calloc(env->n_services + n_rows + 1, sizeof(*d->item));
	if (d->item == NULL)
		return (-1);
	for (i = 0; i < env->n_services; i++) {
		memset(&m, 0, sizeof(m));
		detect_read(env, &env->service[i], &m);
		if (detect_counts(work, &env->service[i], d, &m))
			detect_insert(d, &m);
		else
			detect_milter_free(&m);
	}
	for (i = 0; i < n_rows; i++) {
		if (!absent[i])
			continue;
		d->item[d->n].name = strdup(env->platform->rows[i].script);
		if (d->item[d->n++].name == NULL)
			return (-1);
	}
	return (0);
}

static int
detect_all(struct detect_work *work, struct detect *d)
{
	size_t n_rows = 0, i;
	bool *absent;
	int result = -1;

	while (work->env.platform->rows[n_rows].script != NULL)
		n_rows++;
	absent = calloc(n_rows + 1, sizeof(*absent));
	work->generic = calloc(DETECT_OTHERS_MAX, sizeof(*work->generic));
	if (absent != NULL && work->generic != NULL) {
		detect_look(work, absent);
		result = detect_collect(work, absent, n_rows, d);
	}
	for (i = 0; i < work->env.n_services; i++)
		service_free(&work->env.service[i]);
	/* Freeing one may tell, too. */
	if (work->env.no_memory || root_is_short(work->env.root))
		result = -1;
	free(work->env.service);
	free(work->generic);
	value_list_free(&work->scripts);
	free(absent);
	return (result);
}

int
detect_run(const struct detect_request *request, struct detect *d, char *why,
    size_t whysize)
{
	struct detect_work work;
	const char *name = request->platform;

	memset(d, 0, sizeof(*d));
	memset(&work, 0, sizeof(work));
	d->root = root_new(request->root);
	if (d->root == NULL)
		goto no_memory;
	if (name == NULL)
		name = detect_platform(d->root);
	work.env.root = d->root;
	work.env.rspamadm = request->rspamadm;
	work.env.platform = platform_find(name);
	if (work.env.platform == NULL) {
		(void)snprintf(why, whysize, "there is no platform of the "
		    "name \"%.40s\"", name);
		goto fail;
	}
	d->platform = work.env.platform->name;
	if (platform_options(&work.env, request->options, why, whysize) == -1)
		goto fail;
	if (detect_all(&work, d) == 0)
		return (0);

no_memory:
	strlcpy(why, "out of memory", whysize);
fail:
	detect_free(d);
	return (-1);
}

void
detect_free(struct detect *d)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		detect_milter_free(&d->item[i]);
	free(d->item);
	root_free(d->root);
	memset(d, 0, sizeof(*d));
}

const char *
detect_incomplete(const struct detect *d)
{
	return (root_spend(d->root, 0) ? NULL : "not all milters are "
	    "detected: too much is to be read below the root");
}

bool
detect_usable(const struct detect_milter *m)
{
	return (m->installed && m->enabled == DETECT_YES &&
	    m->spec.text != NULL && m->problem == NULL);
}

/* --- statements --------------------------------------------------------- */

struct detect_speech {
	const struct conf_detect	*to;
	const struct detect_milter	*m;
	bool				 no_memory;
};

/* milter.NAME.KEY = VALUE, as if it stood where the fact does. */
static void
detect_say(struct detect_speech *s, const struct detect_fact *by,
    const char *key, const char *value)
{
	char part[4 * DETECT_NAME_MAX + 4], *text;
	size_t size = strlen(value) + sizeof(part) + 40;

	text = malloc(size);
	if (text == NULL) {
		s->no_memory = true;
		return;
	}
	(void)snprintf(text, size, "milter.%s.%s = %s",
	    lex_part(part, sizeof(part), s->m->name), key, value);
	if (by != NULL && by->file != NULL)
		s->to->statement(s->to->arg, by->file, by->line, text);
	else
		s->to->statement(s->to->arg, s->m->script, 0, text);
	free(text);
}

/* Of at most LEX_TEXT_MAX bytes, with a NUL each; n 0 is no list but a text. */
static void
detect_say_text(struct detect_speech *s, const struct detect_fact *by,
    const char *key, const char *const *item, size_t n)
{
	const size_t size = 4 * LEX_TEXT_MAX + 16;
	char *value = malloc(size);
	size_t i, len = 0;

	if (value == NULL) {
		s->no_memory = true;
		return;
	}
	if (n == 0)
		(void)lex_quote(value, size, item[0]);
	for (i = 0; i < n; i++) {
		value[len] = i == 0 ? '[' : ',';
		(void)lex_quote(value + len + 1, size - len - 2, item[i]);
		len += strlen(value + len);
	}
	if (n > 0)
		(void)strlcpy(value + len, "]", size - len);
	detect_say(s, by, key, value);
	free(value);
}

static int
detect_say_milter(const struct conf_detect *to, const struct detect_milter *m)
{
	static const char *const timeout[] = {
		"writing_timeout", "reading_timeout"
	};
	struct detect_speech s = { to, m, false };
	const char *one[1];
	char text[DETECT_TEXT_MAX + 1];
	size_t i, n = 0;

	one[0] = text;
	if (m->description.text != NULL && m->description.text[0] != '\0') {
		strlcpy(text, m->description.text, sizeof(text));
		detect_say_text(&s, &m->description, "description", one, 0);
	}
	detect_say(&s, &m->enabled_by, "enabled", detect_usable(m) ? "true" :
	    "false");
	one[0] = m->spec.text;
	if (one[0] != NULL)
		detect_say_text(&s, &m->spec, "connection_spec", one, 0);
	while (m->conditions != NULL && m->conditions[n] != NULL)
		n++;
	if (n > 0)
		detect_say_text(&s, NULL, "applicable_conditions",
		    m->conditions, n);
	one[0] = m->command;
	if (one[0] != NULL)
		detect_say_text(&s, NULL, "command", one, 0);
	if (one[0] != NULL && m->command_options.n > 0)
		detect_say_text(&s, NULL, "command_options",
		    (const char *const *)m->command_options.item,
		    m->command_options.n);
	for (i = 0; m->extra_time > 0 && i < 2; i++)
		detect_say(&s, &m->extra_time_by, timeout[i],
		    number_format_time(DETECT_TIMEOUT + m->extra_time, text,
		    sizeof(text)));
	return (s.no_memory ? -1 : 0);
}

/* " (FILE:LINE TEXT)" */
static const char *
detect_place(const struct detect_milter *m, const struct detect_fact *by,
    const char *text, char *dst, size_t size)
{
	const char *file = by->file != NULL ? by->file : m->script;
	char line[16] = "";

	if (by->file != NULL && by->line > 0)
		(void)snprintf(line, sizeof(line), ":%u", by->line);
	(void)snprintf(dst, size, " (%s%s%s%.100s)", file != NULL ? file : "",
	    line, text != NULL ? " " : "", text != NULL ? text : "");
	return (dst);
}

static void
detect_note(const struct conf_detect *to, const struct detect_milter *m)
{
	char text[1024], place[512];
	bool fault = false;

	if (detect_usable(m))
		(void)snprintf(text, sizeof(text), "detected %s: %s%s",
		    m->name, m->spec.text, detect_place(m, &m->spec, NULL,
		    place, sizeof(place)));
	else if (m->enabled == DETECT_NO)
		(void)snprintf(text, sizeof(text), "detected %s: off%s",
		    m->name, detect_place(m, &m->enabled_by,
		    m->enabled_by.text, place, sizeof(place)));
	else {
		fault = true;
		(void)snprintf(text, sizeof(text), "%s is not used: %s%s",
		    m->name, m->problem != NULL ? m->problem :
		    m->enabled == DETECT_MAYBE ? "whether it is enabled only "
		    "a shell could know" : "where it listens is not known",
		    m->problem != NULL ? "" : detect_place(m, m->enabled ==
		    DETECT_MAYBE ? &m->enabled_by : &m->spec, m->enabled ==
		    DETECT_MAYBE ? m->enabled_by.text : NULL, place,
		    sizeof(place)));
	}
	to->note(to->arg, fault, text);
}

int
detect_load(const struct conf_detect *to, char *why, size_t whysize)
{
	struct detect_request request;
	struct detect d;
	int result = 0;
	size_t i;

	memset(&request, 0, sizeof(request));
	request.root = to->root;
	request.platform = to->platform;
	request.options = to->options;
	request.rspamadm = to->rspamadm;
	if (detect_run(&request, &d, why, whysize) == -1)
		return (-1);
	for (i = 0; i < d.n && d.item[i].installed; i++) {
		if (detect_name_is_good(d.item[i].name) &&
		    detect_say_milter(to, &d.item[i]) == -1)
			result = -1;
		detect_note(to, &d.item[i]);
	}
	if (detect_incomplete(&d) != NULL)
		to->note(to->arg, true, detect_incomplete(&d));
	detect_free(&d);
	if (result == -1)
		strlcpy(why, "out of memory", whysize);
	return (result);
}

#undef DETECT_OTHERS_MAX
#undef DETECT_NAME_MAX
#undef DETECT_TEXT_MAX
#undef DETECT_TIMEOUT
#undef DETECT_TIMEOUT_MAX
