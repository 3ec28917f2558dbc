/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * expr.c - expressions: made, tied to a configuration, given back.
 * Owns:      the memory of an expression.
 * Called by: logic.c for keys, check.c, chain.c, show.c, condition/.
 * Must not:  evaluate; that is eval.c's.
 */
#include "compat.h"

#include <stdio.h>

#include "config/conf.h"
#include "config/expr_internal.h"

static void
expr_free_nodes(struct expr_node *node, unsigned n)
{
	for (; n > 0; n--) {
		if (node[n].op == NODE_MATCH || node[n].op == NODE_NOT_MATCH)
			pattern_free(node[n].u.pattern);
		if (node[n].op == NODE_LIST && node[n].u.rules != NULL) {
			rules_free(node[n].u.rules);
			free(node[n].u.rules);
		}
	}
}

/* One piece of memory: the struct, its nodes, its strings, its text. */
static struct expr *
expr_keep(const struct expr_read *p, unsigned root)
{
	size_t nodes = (p->n + 1) * sizeof(struct expr_node);
	struct expr *e = malloc(sizeof(*e) + nodes + p->strings_len +
	    p->out_len + 1);

	if (e == NULL)
		return (NULL);
	e->node = (struct expr_node *)(e + 1);
	e->strings = (char *)e->node + nodes;
	e->text = e->strings + p->strings_len;
	e->root = root;
	e->n = p->n;
	memcpy(e->node, p->node, nodes);
	memcpy(e->strings, p->strings, p->strings_len);
	memcpy(e->text, p->out, p->out_len);
	e->text[p->out_len] = '\0';
	return (e);
}

struct expr *
expr_new(const char *text, size_t len, enum expr_type type,
    enum conf_stage stage, size_t *at, char why[EXPR_WHY_MAX])
{
	struct expr_read *p = expr_begin(text, len, at, why);
	struct expr *e = NULL;
	unsigned root = 0;

	if (p == NULL)
		return (NULL);
	p->stage = stage;
	p->keep = true;
	if (len > EXPR_TEXT_MAX)
		expr_bound(p, EXPR_TEXT_MAX, "bytes");
	expr_next(p);
	root = term_read(p, type);
	if (root != 0) {
		e = expr_keep(p, root);
		if (e == NULL)
			expr_no_memory(p);
	}
	if (e == NULL)
		expr_free_nodes(p->node, p->n);
	free(p);
	return (e);
}

void
expr_free(struct expr *e)
{
	if (e == NULL)
		return;
	expr_free_nodes(e->node, e->n);
	free(e);
}

const char *
expr_text(const struct expr *e)
{
	return (e->text);
}

int
expr_resolve(struct expr *e, const struct conf *conf, char why[EXPR_WHY_MAX])
{
	const struct expr_node *n;
	const char *name;
	char quoted[80];
	unsigned i;

	for (i = 1; i <= e->n; i++) {
		n = &e->node[i];
		if (n->op == NODE_LIST &&
		    rules_resolve(n->u.rules, conf, why) == -1)
			return (-1);
		if (n->op != NODE_FACT || n->which < FACT_CHILD_REJECTED ||
		    n->which > FACT_CHILD_STOPPED)
			continue;
		name = e->strings + e->node[n->left].u.number;
		if (conf_milter(conf, name) == NULL) {
			snprintf(why, EXPR_WHY_MAX, "there is no child %s",
			    lex_quote(quoted, sizeof(quoted), name));
			return (-1);
		}
	}
	return (0);
}

void
expr_facts(const struct expr *e, void (*fn)(enum fact, const char *, void *),
    void *arg)
{
	const struct expr_node *n, *left;
	unsigned i;

	for (i = 1; i <= e->n; i++) {
		n = &e->node[i];
		left = &e->node[n->left];
		if (n->op == NODE_FACT)
			fn((enum fact)n->which, n->left != 0 &&
			    left->op == NODE_STRING ?
			    e->strings + left->u.number : NULL, arg);
	}
}

bool
expr_asks_table(const struct expr *e, const struct conf_table *table)
{
	const struct expr_node *n;
	unsigned i;
	size_t j;

	for (i = 1; i <= e->n; i++) {
		n = &e->node[i];
		for (j = 0; n->op == NODE_LIST && j < n->u.rules->n; j++)
			if (n->u.rules->item[j].table == table)
				return (true);
	}
	return (false);
}
