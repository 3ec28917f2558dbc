/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * rules.c - lists against which something is held.
 * Owns:      what can be in one, and how it is written.
 * Called by: logic.c for keys, term.c for lists in an expression, check.c and
 *            expr.c when all tables are known, eval.c to tell of one.
 * Must not:  hold anything against them; that is eval.c's.
 */
#include "compat.h"

#include <stdio.h>

#include "config/expr_internal.h"

static const char *const rules_expected[] = {
	[RULES_STRINGS] = "a string, a pattern or table.NAME",
	[RULES_NETWORKS] = "a network in quotes or table.NAME",
	[RULES_SERVICES] = "a service: \"ZONE\" or \"ZONE=NETWORK\"",
	[RULES_NUMBERS] = "a number or a range like 8..19"
};

void
rules_free(struct conf_rules *rules)
{
	size_t i;

	for (i = 0; i < rules->n; i++) {
		free(rules->item[i].text);
		pattern_free(rules->item[i].pattern);
	}
	free(rules->item);
	rules->item = NULL;
	rules->n = 0;
}

/* Room for one more; it counts when its text is there. */
static struct rule *
rules_room(struct expr_read *p, struct conf_rules *rules)
{
	struct rule *item = realloc(rules->item, (rules->n + 1) *
	    sizeof(*item));

	if (item == NULL) {
		expr_no_memory(p);
		return (NULL);
	}
	rules->item = item;
	memset(&item[rules->n], 0, sizeof(*item));
	return (&item[rules->n]);
}

static bool
rules_is_zone(const char *zone, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (!lex_is_name(zone[i]) && zone[i] != '.')
			return (false);
	return (len > 0 && len < 220);
}

static bool
rules_string(struct expr_read *p, enum rules_flavour flavour, struct rule *r)
{
	const char *net = p->lx.text;
	size_t zone;

	if (flavour == RULES_SERVICES) {
		zone = strcspn(net, "=");
		if (!rules_is_zone(net, zone))
			return (expr_fail(p, p->at, "this is none, expected %s",
			    rules_expected[flavour]));
		if (net[zone] == '\0')
			return (true);
		net += zone + 1;
	} else if (flavour == RULES_NETWORKS)
		r->kind = RULE_NETWORK;
	else
		return (true);
	if (network_read(net, &r->network, p->why, EXPR_WHY_MAX) == -1) {
		/* It has told why. */
		p->failed = true;
		*p->fault_at = p->at;
		return (false);
	}
	return (true);
}

/* 8, or 8..19 */
static bool
rules_range(struct expr_read *p, struct rule *r, const char *who)
{
	size_t at = p->at;

	r->kind = RULE_RANGE;
	r->low = r->high = p->number;
	expr_next(p);
	if (p->kind != WORD_RANGE)
		return (true);
	expr_next(p);
	if (p->kind != NODE_NUMBER)
		return (expr_expected(p, "a number"));
	r->high = p->number;
	expr_next(p);
	if (r->low > r->high)
		expr_fail(p, at, "%ld..%ld is empty: write %s >= %ld or %s <= "
		    "%ld", r->low, r->high, who, r->low, who, r->high);
	return (!p->failed);
}

static bool
rules_item(struct expr_read *p, enum rules_flavour flavour, const char *who,
    const struct conf_origin *origin, struct conf_rules *rules)
{
	struct rule *r = rules_room(p, rules);
	const char *text = p->text + p->at;
	size_t len = 0;
	bool table = flavour <= RULES_NETWORKS && p->kind == WORD_NAME;

	if (r == NULL)
		return (false);
	if (p->kind == NODE_NUMBER && flavour == RULES_NUMBERS) {
		if (!rules_range(p, r, who))
			return (false);
	} else if (p->kind == WORD_PATTERN && flavour == RULES_STRINGS) {
		r->kind = RULE_PATTERN;
		r->pattern = expr_pattern(p);
		if (r->pattern == NULL)
			return (false);
		len = p->pos - p->at;
	} else if (table && strncmp(p->name, "table.", 6) == 0) {
		r->kind = RULE_TABLE;
		text += 6;
		len = p->pos - p->at - 6;
	} else {
		if (table && strcmp(p->name, "table") == 0) {
			r->kind = RULE_TABLE;
			expr_next(p);
			if (!expr_sign(p, '.') || p->kind != NODE_STRING)
				return (expr_expected(p, "table.NAME"));
		} else if (p->kind != NODE_STRING || flavour == RULES_NUMBERS)
			return (expr_expected(p, rules_expected[flavour]));
		else if (!rules_string(p, flavour, r))
			return (false);
		text = p->lx.text;
		len = p->lx.len;
	}
	r->text = strndup(text, len);
	if (r->text == NULL) {
		pattern_free(r->pattern);
		return (expr_no_memory(p));
	}
	/* The next word may be a fault, but this one is read. */
	if (r->kind != RULE_RANGE)
		expr_next(p);
	if (origin != NULL)
		r->origin = *origin;
	rules->n++;
	return (true);
}

bool
rules_parse(struct expr_read *p, enum rules_flavour flavour, const char *who,
    const struct conf_origin *origin, struct conf_rules *rules)
{
	size_t at = p->at;

	if (!expr_sign(p, '['))
		return (rules_item(p, flavour, who, origin, rules));
	while (!expr_sign(p, ']')) {
		if (p->kind == WORD_END)
			return (expr_fail(p, at,
			    "the list is not closed, expected ]"));
		if (!rules_item(p, flavour, who, origin, rules))
			return (false);
		if (!expr_sign(p, ',') && p->kind != WORD_SIGN + ']' &&
		    p->kind != WORD_END)
			return (expr_expected(p, ", or ] in the list"));
	}
	return (true);
}

int
rules_read(const char *text, size_t len, enum rules_flavour flavour,
    const struct conf_origin *origin, struct conf_rules *rules, size_t *at,
    char why[RULES_WHY_MAX])
{
	struct expr_read *p = expr_begin(text, len, at, why);
	bool ok;

	if (p == NULL)
		return (-1);
	if (len > LEX_STATEMENT_MAX)
		expr_bound(p, LEX_STATEMENT_MAX, "bytes");
	expr_next(p);
	if (rules_parse(p, flavour, "it", origin, rules) &&
	    p->kind != WORD_END)
		expr_expected(p, "the end of the line");
	ok = !p->failed;
	free(p);
	return (ok ? 0 : -1);
}

int
rules_resolve(struct conf_rules *rules, const struct conf *conf,
    char why[RULES_WHY_MAX])
{
	struct rule *r;
	char name[80];
	size_t i;

	for (i = 0; i < rules->n; i++) {
		r = &rules->item[i];
		if (r->kind != RULE_TABLE)
			continue;
		r->table = conf_table(conf, r->text);
		if (r->table == NULL) {
			snprintf(why, RULES_WHY_MAX, "there is no %s",
			    rules_format(r, name, sizeof(name)));
			return (-1);
		}
	}
	return (0);
}

char *
rules_format(const struct rule *r, char *dst, size_t size)
{
	switch (r->kind) {
	case RULE_PATTERN:
		if (strlcpy(dst, r->text, size) >= size)
			strlcpy(dst + size - 4, "...", 4);
		break;
	case RULE_RANGE:
		snprintf(dst, size, r->low == r->high ? "%ld" : "%ld..%ld",
		    r->low, r->high);
		break;
	case RULE_TABLE:
		strlcpy(dst, "table.", size);
		lex_part(dst + 6, size - 6, r->text);
		break;
	default:
		lex_quote(dst, size, r->text);
		break;
	}
	return (dst);
}
