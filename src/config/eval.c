/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * eval.c - the value of an expression, and why it is that.
 * Owns:      what each operator does, and in what order facts are asked.
 * Called by: condition/.
 * Must not:  know where facts come from, or wait for one.
 */
#include "compat.h"

#include <stdio.h>

#include "config/conf.h"
#include "config/expr_internal.h"

/* One evaluation.  What was asked last has decided. */
struct eval_work {
	const struct expr *expr;
	struct eval	*eval;
	const struct expr_node *last;
	bool		 yes;		/* what it came to */
	/* the last list: whose, its key or NULL, the rule that held or NULL */
	const struct expr_node *held;
	const struct expr_key *key;
	const struct rule *rule;
	/* the first part that has failed */
	const struct expr_node *lost;
	const char	*lost_why;
};

static enum eval_state eval_node(struct eval_work *, unsigned,
    struct eval_value *);

/* Room in the scratch, or NULL. */
static char *
eval_room(struct eval_work *w, size_t n)
{
	char *room = w->eval->scratch + w->eval->used;

	if (n > sizeof(w->eval->scratch) - w->eval->used)
		return (NULL);
	w->eval->used += n;
	return (room);
}

static void
eval_text(struct eval_value *v, const char *text)
{
	memset(v, 0, sizeof(*v));
	v->type = EXPR_STRING;
	v->text = text;
	v->len = text != NULL ? strlen(text) : 0;
}

/* A part has failed. */
static enum eval_state
eval_lose(struct eval_work *w, const struct expr_node *n, const char *why)
{
	if (w->lost == NULL) {
		w->lost = n;
		w->lost_why = why;
	}
	return (EVAL_FAILED);
}

/* The list i of a node. */
static const struct conf_rules *
eval_rules(struct eval_work *w, const struct expr_node *of, unsigned i)
{
	const struct expr_node *n = &w->expr->node[i];

	w->held = of;
	w->rule = NULL;
	w->key = NULL;
	if (n->op == NODE_LIST)
		return (n->u.rules);
	w->key = &term_keys[n->which];
	return ((const void *)((const char *)w->eval->env->conf +
	    w->key->offset));
}

static enum eval_state
eval_table(struct eval_work *w, const struct expr_node *n,
    const struct conf_table *table, const struct eval_value *key, bool *found,
    const char **value)
{
	enum eval_state state = EVAL_FAILED;

	*found = false;
	*value = NULL;
	if (table != NULL)
		state = w->eval->env->table(w->eval->env->arg, table, key,
		    found, value);
	if (state == EVAL_FAILED)
		return (eval_lose(w, n, *value));
	return (state);
}

static bool
eval_holds(const struct rule *r, const struct eval_value *v)
{
	switch (r->kind) {
	case RULE_TEXT:
		return (v->len == strlen(r->text) &&
		    memcmp(v->text, r->text, v->len) == 0);
	case RULE_PATTERN:
		return (pattern_match(r->pattern, v->text, v->len, NULL));
	case RULE_NETWORK:
		return ((v->family == EVAL_INET || v->family == EVAL_INET6) &&
		    network_has(&r->network, &v->address));
	case RULE_RANGE:
		return (v->number >= r->low && v->number <= r->high);
	default:
		return (false);
	}
}

/* The first rule that holds; one before it that has failed loses to it. */
static enum eval_state
eval_in(struct eval_work *w, const struct expr_node *n,
    const struct eval_value *v, bool *yes)
{
	const struct conf_rules *rules = eval_rules(w, n, n->right);
	enum eval_state state, whole = EVAL_OK;
	const struct rule *r;
	const char *value;
	size_t i;

	*yes = false;
	for (i = 0; i < rules->n && !*yes; i++) {
		r = &rules->item[i];
		state = EVAL_OK;
		if (r->kind == RULE_TABLE)
			state = eval_table(w, n, r->table, v, yes, &value);
		else
			*yes = eval_holds(r, v);
		if (state == EVAL_PENDING)
			return (state);
		if (state == EVAL_FAILED) {
			*yes = false;
			whole = state;
		}
		if (*yes)
			w->rule = r;
	}
	return (*yes ? EVAL_OK : whole);
}

/* All services are asked before one is waited for. */
static enum eval_state
eval_dnsbl(struct eval_work *w, const struct expr_node *n,
    struct eval_value *out)
{
	const struct eval_env *env = w->eval->env;
	const struct conf_rules *rules = eval_rules(w, n, n->left);
	enum eval_state state, whole = EVAL_OK;
	struct eval_value v;
	size_t i;

	for (i = 0; i < rules->n; i++) {
		eval_text(&v, NULL);
		v.yes = false;
		state = env->fact(env->arg, FACT_DNSBL, rules->item[i].text,
		    &v);
		if (state == EVAL_OK && v.yes) {
			w->rule = &rules->item[i];
			out->yes = true;
			return (EVAL_OK);
		}
		if (state == EVAL_PENDING)
			whole = state;
	}
	return (whole);
}

static enum eval_state
eval_fact(struct eval_work *w, const struct expr_node *n,
    struct eval_value *out)
{
	const struct eval_env *env = w->eval->env;
	const char *arg = NULL;
	enum eval_state state;
	struct eval_value v;
	char *copy;

	if (n->which == FACT_DNSBL)
		return (eval_dnsbl(w, n, out));
	if (n->left != 0) {
		state = eval_node(w, n->left, &v);
		if (state != EVAL_OK)
			return (state);
		arg = v.text;
		if (w->expr->node[n->left].op != NODE_STRING) {
			copy = eval_room(w, v.len + 1);
			if (copy == NULL)
				return (eval_lose(w, n, "too long"));
			memcpy(copy, v.text, v.len);
			copy[v.len] = '\0';
			arg = copy;
		}
	}
	state = env->fact(env->arg, (enum fact)n->which, arg, out);
	if (state == EVAL_FAILED)
		return (eval_lose(w, n, NULL));
	/* Whatever it has said. */
	out->type = (enum expr_type)n->type;
	return (state);
}

static bool
eval_compare(int op, const struct eval_value *a, const struct eval_value *b)
{
	int order;

	if (a->type == EXPR_STRING)
		order = a->len != b->len ||
		    memcmp(a->text, b->text, a->len) != 0;
	else if (a->type == EXPR_BOOL)
		order = a->yes != b->yes;
	else
		order = (a->number > b->number) - (a->number < b->number);
	switch (op) {
	case NODE_EQ:
		return (order == 0);
	case NODE_NE:
		return (order != 0);
	case NODE_LT:
		return (order < 0);
	case NODE_LE:
		return (order <= 0);
	case NODE_GT:
		return (order > 0);
	default:
		return (order >= 0);
	}
}

/* Anything but and, or, not. */
static enum eval_state
eval_leaf(struct eval_work *w, const struct expr_node *n,
    struct eval_value *out)
{
	const struct eval_env *env = w->eval->env;
	const struct expr_node *list;
	enum eval_state state = EVAL_OK;
	struct eval_value a, b;
	const char *value;
	bool found;

	eval_text(out, "");
	out->type = (enum expr_type)n->type;
	switch (n->op) {
	case NODE_STRING:
		eval_text(out, w->expr->strings + n->u.number);
		return (state);
	case NODE_NUMBER:
		out->number = n->u.number;
		out->yes = n->u.number != 0;
		return (state);
	case NODE_KEY:
		out->yes = *(const bool *)((const char *)env->conf +
		    term_keys[n->which].offset);
		return (state);
	case NODE_FACT:
		state = eval_fact(w, n, out);
		if (out->text == NULL) {
			out->text = "";
			out->len = 0;
		}
		return (state);
	default:
		break;
	}
	state = eval_node(w, n->left, &a);
	if (state != EVAL_OK)
		return (state);
	switch (n->op) {
	case NODE_LOOKUP:
		list = &w->expr->node[n->right];
		state = eval_table(w, n, list->u.rules->item[0].table, &a,
		    &found, &value);
		eval_text(out, found && value != NULL ? value : "");
		return (state);
	case NODE_MATCH:
	case NODE_NOT_MATCH:
		out->yes = pattern_match(n->u.pattern, a.text, a.len, NULL) ==
		    (n->op == NODE_MATCH);
		return (state);
	case NODE_IN:
	case NODE_NOT_IN:
		state = eval_in(w, n, &a, &found);
		out->yes = found == (n->op == NODE_IN);
		return (state);
	default:
		state = eval_node(w, n->right, &b);
		out->yes = eval_compare(n->op, &a, &b);
		return (state);
	}
}

/* One or more of "or", or of "and". */
static enum eval_state
eval_chain(struct eval_work *w, const struct expr_node *n,
    struct eval_value *out)
{
	enum eval_state state, whole = EVAL_OK;
	unsigned part;
	int op = n->op;

	for (;;) {
		part = n->op == op ? n->left : 0;
		state = part != 0 ? eval_node(w, part, out) :
		    eval_node(w, (unsigned)(n - w->expr->node), out);
		if (state == EVAL_PENDING ||
		    (state == EVAL_OK && out->yes == (op == NODE_OR)))
			return (state);
		if (state == EVAL_FAILED)
			whole = state;
		if (part == 0)
			return (whole);
		n = &w->expr->node[n->right];
	}
}

static enum eval_state
eval_node(struct eval_work *w, unsigned i, struct eval_value *out)
{
	const struct expr_node *n = &w->expr->node[i];
	enum eval_state state;

	switch (n->op) {
	case NODE_OR:
	case NODE_AND:
		return (eval_chain(w, n, out));
	case NODE_NOT:
		state = eval_node(w, n->left, out);
		out->yes = !out->yes;
		return (state);
	default:
		state = eval_leaf(w, n, out);
		if (n->type == EXPR_BOOL) {
			w->last = n;
			w->yes = out->yes;
		}
		return (state);
	}
}

/* --- why ----------------------------------------------------------------- */

static void
eval_why(const struct eval_work *w, enum eval_state state,
    struct eval_why *why)
{
	const struct expr_node *n = state == EVAL_FAILED ? w->lost : w->last;
	const char *before = "", *text, *behind = "", *sep = "";
	char rule[sizeof(why->rule)], *p;
	int len;

	if (n == NULL)
		n = &w->expr->node[w->expr->root];
	text = w->expr->text + n->mark.from;
	len = n->to - n->mark.from;
	if (state == EVAL_FAILED) {
		if (w->lost_why != NULL) {
			sep = ": ";
			behind = w->lost_why;
		}
	} else if (n == w->held && w->key != NULL &&
	    (n->op == NODE_IN || n->op == NODE_NOT_IN)) {
		before = strrchr(w->key->name, '.') + 1;
		len = 0;
		if (w->rule != NULL) {
			sep = " ";
			behind = rules_format(w->rule, rule, sizeof(rule));
		} else {
			behind = before;
			before = "not in ";
		}
	} else if (n == w->held && n->op == NODE_FACT && w->rule != NULL) {
		len = 0;
		behind = w->rule->text;
	} else if (n->type == EXPR_BOOL && !w->yes)
		before = "not ";
	if (n == w->held && w->rule != NULL)
		why->origin = w->rule->origin;
	if (snprintf(why->rule, sizeof(why->rule), "%s%.*s%s%s", before, len,
	    text, sep, behind) >= (int)sizeof(why->rule))
		memcpy(why->rule + sizeof(why->rule) - 4, "...", 4);
	for (p = why->rule; *p != '\0'; p++)
		if (*p < ' ' || *p >= 0x7f)
			*p = '?';
}

enum eval_state
expr_eval(const struct expr *e, struct eval *eval)
{
	struct eval_value *v = &eval->result;
	enum eval_state state;
	struct eval_work w;

	memset(&w, 0, sizeof(w));
	w.expr = e;
	w.eval = eval;
	memset(&eval->why, 0, sizeof(eval->why));
	eval->used = 0;
	state = eval_node(&w, e->root, v);
	/* What is set is a string, whatever it was made of. */
	if (v->type == EXPR_BOOL)
		v->text = v->yes ? "true" : "false";
	if (v->type == EXPR_NUMBER) {
		snprintf(eval->scratch, sizeof(eval->scratch), "%ld",
		    v->number);
		v->text = eval->scratch;
	}
	if (v->type == EXPR_BOOL || v->type == EXPR_NUMBER)
		v->len = strlen(v->text);
	if (state != EVAL_PENDING)
		eval_why(&w, state, &eval->why);
	return (state);
}
