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
condition_origin(const struct conf_milter *m, const struct conf_condition *c,
    enum conf_stage stage)
{
	char name[64];
	const struct key *key;

	(void)snprintf(name, sizeof(name), "stop_on_%s",
	    conf_stage_name(stage));
	key = key_find(key_condition, name);
	if (key != NULL && c->origin[key - key_condition].file != NULL)
		return (&c->origin[key - key_condition]);
	key = key_find(key_child, "applicable_conditions");
	return (&m->origin[key - key_child]);
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
		    *condition_origin(m, c, stage);
		(void)strlcpy(stop->rule, e.why.rule, sizeof(stop->rule));
		return (CONDITION_STOP);
	}
	return (CONDITION_RUN);
}

char *
condition_format(const struct condition_stop *stop, char *dst, size_t size)
{
	char name[200], rule[400], file[400];
	const struct conf_origin *origin = &stop->origin;

	(void)snprintf(dst, size, "condition=\"%s\" rule=\"%s\"",
	    log_escape(name, sizeof(name), stop->condition->name,
	    strlen(stop->condition->name)),
	    log_escape(rule, sizeof(rule), stop->rule, strlen(stop->rule)));
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

/* Calls fn for each expression, with the stage at which it is asked. */
static void
condition_each(const struct conf_milter *m, void (*fn)(const struct expr *,
    enum conf_stage, void *), void *arg)
{
	size_t i, j, k;

	for (i = 0; i < m->n_conditions; i++) {
		const struct conf_condition *c = m->conditions[i];
		const struct conf_setters *list = &c->macros;

		for (j = 0; j < CONF_STOPS; j++)
			if (c->stop[j] != NULL)
				fn(c->stop[j], (enum conf_stage)j, arg);
		for (k = 0; k < 2; k++, list = &c->notes)
			for (j = 0; j < list->n; j++) {
				const struct conf_setter *set = &list->item[j];
				enum conf_stage stage =
				    (enum conf_stage)set->stage;

				fn(set->value, stage, arg);
				if (set->only != NULL)
					fn(set->only, stage, arg);
			}
	}
}

/* What is looked for, and found, in one walk over all expressions. */
struct condition_look {
	unsigned	 stages;	/* at which something is asked */
	unsigned	 events;	/* that have to come */
	bool		 facts[FACT_N];
	enum conf_stage	 stage;		/* of the expression at hand */
	void		(*macro)(const char *name, void *arg);
	void		*arg;
};

static void
condition_on_fact(enum fact fact, const char *name, void *arg)
{
	struct condition_look *look = arg;
	unsigned before = (1u << look->stage) - 1;

	look->facts[fact] = true;
	look->events |= 1u << fact_table[fact].first & before;
	/* A macro comes with any event of the envelope. */
	if (fact == FACT_MACRO || fact == FACT_TLS)
		look->events |= before & ((1u << CONF_HEADER) - 1);
	if (fact == FACT_HEADER)
		look->events |= 1u << CONF_HEADER;
	/* To know the size takes the whole. */
	if (fact == FACT_SIZE && look->stage == CONF_END_OF_MESSAGE)
		look->events |= 1u << CONF_HEADER | 1u << CONF_BODY;
	if (look->macro == NULL)
		return;
	if (fact == FACT_MACRO && name != NULL)
		look->macro(name, look->arg);
	else if (fact == FACT_TLS)
		look->macro("{tls_version}", look->arg);
	else if (fact == FACT_AUTHENTICATED) {
		look->macro("{auth_type}", look->arg);
		look->macro("{auth_authen}", look->arg);
	}
}

static void
condition_on_expr(const struct expr *expr, enum conf_stage stage, void *arg)
{
	struct condition_look *look = arg;

	look->stage = stage;
	look->stages |= 1u << stage;
	look->events |= 1u << stage;
	expr_facts(expr, condition_on_fact, look);
}

static void
condition_look(const struct conf_milter *m, struct condition_look *look)
{
	condition_each(m, condition_on_expr, look);
}

bool
condition_any(const struct conf_milter *m, enum conf_stage stage)
{
	struct condition_look look;

	memset(&look, 0, sizeof(look));
	condition_look(m, &look);
	return ((look.stages & 1u << stage) != 0);
}

unsigned
condition_stages(const struct conf_milter *m)
{
	struct condition_look look;

	memset(&look, 0, sizeof(look));
	condition_look(m, &look);
	return (look.events);
}

bool
condition_asks(const struct conf_milter *m, enum fact fact)
{
	struct condition_look look;

	memset(&look, 0, sizeof(look));
	condition_look(m, &look);
	return (look.facts[fact]);
}

bool
condition_in_turn(const struct conf_milter *m)
{
	size_t i;
	int fact;

	for (i = 0; i < m->n_conditions; i++)
		if (m->conditions[i]->notes.n > 0)
			return (true);
	for (fact = FACT_NOTE; fact <= FACT_CHILD_STOPPED; fact++)
		if (condition_asks(m, (enum fact)fact))
			return (true);
	return (false);
}

void
condition_macros(const struct conf_milter *m,
    void (*fn)(const char *name, void *arg), void *arg)
{
	struct condition_look look;

	memset(&look, 0, sizeof(look));
	look.macro = fn;
	look.arg = arg;
	condition_look(m, &look);
}
