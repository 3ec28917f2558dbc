/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * condition.c - a child's conditions at a stage.
 * Owns:      the order in which they set and stop; what a configuration's
 *            conditions need to hear of.
 * Called by: manager/plan.c, "milter-manager explain".
 * Must not:  know what a stop does to the child, or where a fact comes from.
 */
#include "compat.h"

#include <stdio.h>

#include "base/log.h"
#include "condition/condition.h"
#include "config/key.h"

/* One evaluation; the result is in the struct, why it failed is told. */
static enum eval_state
condition_eval(const struct expr *expr, struct eval *e, struct facts *f,
    const struct conf_condition *c, const struct condition_hooks *hooks)
{
	struct eval_env env;
	enum eval_state state;
	const char *why;

	facts_env(f, &env);
	e->env = &env;
	state = expr_eval(expr, e);
	/* Of a block list that does not answer, too. */
	why = facts_failure(f);
	if (why == NULL && state == EVAL_FAILED)
		why = e->why.rule;
	if (why != NULL && hooks->failed != NULL)
		hooks->failed(hooks->arg, c, why);
	return (state);
}

static enum eval_state
condition_set_one(const struct conf_setter *set, bool note, struct eval *e,
    struct facts *f, const struct conf_condition *c,
    const struct condition_hooks *hooks)
{
	char value[EXPR_SCRATCH];
	enum eval_state state;
	size_t len;

	if (set->only != NULL) {
		state = condition_eval(set->only, e, f, c, hooks);
		if (state != EVAL_OK || !e->result.yes)
			return (state);
	}
	state = condition_eval(set->value, e, f, c, hooks);
	if (state != EVAL_OK)
		return (state);
	len = e->result.text == NULL ? 0 : e->result.len;
	if (len >= sizeof(value))
		len = sizeof(value) - 1;
	if (len > 0)
		memcpy(value, e->result.text, len);
	value[len] = '\0';
	if (value[0] != '\0' && hooks->set != NULL)
		hooks->set(hooks->arg, note, set->name, value);
	return (EVAL_OK);
}

/* What it sets at this stage.  PENDING, or anything else: go on. */
static enum eval_state
condition_set(const struct conf_setters *list, bool note, enum conf_stage stage,
    struct eval *e, struct facts *f, const struct conf_condition *c,
    const struct condition_hooks *hooks)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (list->item[i].stage == (int)stage && condition_set_one(
		    &list->item[i], note, e, f, c, hooks) == EVAL_PENDING)
			return (EVAL_PENDING);
	return (EVAL_OK);
}

static const struct conf_origin *
condition_origin(const struct conf_milter *m, size_t i, enum conf_stage stage)
{
	const struct conf_condition *c = m->conditions[i];
	char name[64];
	const struct key *key;

	(void)snprintf(name, sizeof(name), "stop_on_%s",
	    conf_stage_name(stage));
	key = key_find(key_condition, name);
	if (key != NULL && c->origin[key - key_condition].file != NULL)
		return (&c->origin[key - key_condition]);
	return (&m->given[i]);
}

enum condition_answer
condition_ask(const struct conf_milter *m, enum conf_stage stage,
    struct facts *f, const struct condition_hooks *hooks,
    struct condition_stop *stop)
{
	struct eval e;
	size_t i;

	for (i = 0; i < m->n_conditions; i++) {
		const struct conf_condition *c = m->conditions[i];
		enum eval_state state;

		if (condition_set(&c->macros, false, stage, &e, f, c, hooks) ==
		    EVAL_PENDING || condition_set(&c->notes, true, stage, &e,
		    f, c, hooks) == EVAL_PENDING)
			return (CONDITION_PENDING);
		if (c->stop[stage] == NULL)
			continue;
		state = condition_eval(c->stop[stage], &e, f, c, hooks);
		if (state == EVAL_PENDING)
			return (CONDITION_PENDING);
		if (state != EVAL_OK || !e.result.yes)
			continue;
		stop->condition = c;
		stop->origin = e.why.origin.file != NULL ? e.why.origin :
		    *condition_origin(m, i, stage);
		(void)strlcpy(stop->rule, e.why.rule, sizeof(stop->rule));
		return (CONDITION_STOP);
	}
	return (CONDITION_RUN);
}

char *
condition_format(const struct condition_stop *stop, char *dst, size_t size)
{
	char name[200], file[400];
	const struct conf_origin *origin = &stop->origin;

	/* A rule is printable as it is, and a pattern has its own escapes. */
	(void)snprintf(dst, size, "condition=\"%s\" rule=\"%s\"",
	    log_escape(name, sizeof(name), stop->condition->name,
	    strlen(stop->condition->name)), stop->rule);
	if (origin->file != NULL) {
		size_t len = strlen(dst);

		(void)log_escape(file, sizeof(file), origin->file,
		    strlen(origin->file));
		if (origin->line != 0)
			(void)snprintf(dst + len, size - len, " %s:%u", file,
			    origin->line);
		else
			(void)snprintf(dst + len, size - len, " %s", file);
	}
	return (dst);
}

/* --- what they need ------------------------------------------------------- */

/* A walk over all expressions. */
struct condition_walk {
	struct condition_needs *needs;
	enum conf_stage	 stage;		/* of the expression at hand */
	void		(*macro)(const char *name, void *arg);
	void		*arg;
};

static void
condition_on_fact(enum fact fact, const char *name, void *arg)
{
	struct condition_walk *w = arg;
	unsigned before = (1u << w->stage) - 1;
	unsigned events = 1u << fact_table[fact].first;

	w->needs->facts |= (uint64_t)1 << fact;
	switch (fact) {
	case FACT_TLS:
		name = "{tls_version}";
		/* FALLTHROUGH */
	case FACT_MACRO:
		/* It comes with any event of the envelope. */
		events = (1u << CONF_HEADER) - 1;
		if (w->macro != NULL)
			w->macro(name, w->arg);
		break;
	case FACT_AUTHENTICATED:
		if (w->macro != NULL) {
			w->macro("{auth_type}", w->arg);
			w->macro("{auth_authen}", w->arg);
		}
		break;
	case FACT_SIZE:
		/* To know it takes the whole. */
		if (w->stage == CONF_END_OF_MESSAGE)
			events |= 1u << CONF_BODY | 1u << CONF_HEADER;
		break;
	case FACT_HEADER:
		events = 1u << CONF_HEADER;
		break;
	default:
		w->needs->in_turn = w->needs->in_turn ||
		    (fact >= FACT_NOTE && fact <= FACT_CHILD_STOPPED);
		break;
	}
	w->needs->events |= events & before;
}

static void
condition_on_expr(struct condition_walk *w, const struct expr *expr,
    unsigned stage)
{
	if (expr == NULL)
		return;
	w->stage = (enum conf_stage)stage;
	w->needs->asks |= 1u << stage;
	w->needs->events |= 1u << stage;
	/* At DATA it is found out whether all recipients were hidden. */
	if (stage == CONF_ENVELOPE_RECIPIENT)
		w->needs->events |= 1u << CONF_DATA;
	expr_facts(expr, condition_on_fact, w);
}

void
condition_look(const struct conf_milter *m, struct condition_needs *needs,
    void (*macro)(const char *, void *), void *arg)
{
	struct condition_walk w = { needs, CONF_CONNECT, macro, arg };
	const struct conf_setters *list;
	size_t i, j;

	memset(needs, 0, sizeof(*needs));
	for (i = 0; i < m->n_conditions; i++) {
		const struct conf_condition *c = m->conditions[i];

		for (j = 0; j < CONF_STOPS; j++)
			condition_on_expr(&w, c->stop[j], (unsigned)j);
		for (list = &c->macros; list != NULL; list = list ==
		    &c->macros ? &c->notes : NULL)
			for (j = 0; j < list->n; j++) {
				const struct conf_setter *set = &list->item[j];

				condition_on_expr(&w, set->value,
				    (unsigned)set->stage);
				condition_on_expr(&w, set->only,
				    (unsigned)set->stage);
			}
		needs->in_turn = needs->in_turn || c->notes.n > 0;
	}
}
