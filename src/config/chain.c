/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * chain.c - chains that are known to break.
 * Owns:      what known milters do to a message, and in which order that works;
 *            the patience of MTAs.
 * Called by: daemon.c, with a configuration that has no errors.
 * Must not:  look at anything but the snapshot.
 */
#include "compat.h"

#include <stdio.h>
#include <strings.h>

#include "config/chain.h"
#include "config/expr.h"
#include "config/key.h"
#include "config/lex.h"
#include "config/rules.h"

/* What a child is, by its name. */
#define CHAIN_DMARC	0x01u
#define CHAIN_DKIM	0x02u
#define CHAIN_SPF	0x04u
#define CHAIN_ARC	0x08u
#define CHAIN_SIGNER	0x10u
#define CHAIN_EDITOR	0x20u	/* changes the body */
#define CHAIN_ANY	0x40u

static const struct {
	char		 part[11];
	unsigned char	 does;
} chain_known[] = {
	{ "",		CHAIN_ANY },
	{ "dmarc",	CHAIN_DMARC },
	{ "dkim",	CHAIN_DKIM | CHAIN_SIGNER },
	{ "spf",	CHAIN_SPF },
	{ "openarc",	CHAIN_ARC | CHAIN_SIGNER },
	{ "mimedefang",	CHAIN_EDITOR },
	{ "altermime",	CHAIN_EDITOR },
	{ "disclaimer",	CHAIN_EDITOR },
	{ "amavis",	CHAIN_EDITOR },
};

/* A deadline of ours, the MTA's own, and which of a child's have no effect. */
static const struct {
	const char	*key;
	unsigned	 patience;		/* ms; Sendmail's is longer */
	const char	*timeout[3];
} chain_times[] = {
	{ "manager.command_deadline", 30000,
	    { "connection_timeout", "writing_timeout", "reading_timeout" } },
	{ "manager.end_of_message_deadline", 300000,
	    { "end_of_message_timeout", NULL, NULL } },
};

/* One stops where the other one does not. */
static const char *const chain_opposite[][2] = {
	{ "Authenticated", "Unauthenticated" },
	{ "DNSBL Listed", "Not DNSBL Listed" },
};

#define CHAIN_N(table)	(sizeof(table) / sizeof((table)[0]))

struct chain {
	const struct conf *conf;
	void		(*report)(const char *line, void *arg);
	void		*arg;
	char		 last[1024];	/* not twice in a row */
	/* what is looked at */
	const struct conf_milter *m;
	const struct conf_condition *condition;
	const struct conf_table *table;
	bool		 used;
};

static void
chain_tell(struct chain *c, const struct conf_origin *o, const char *group,
    const char *name, const char *key, const char *why, const char *who,
    const char *more)
{
	char line[sizeof(c->last)], where[400] = "", part[300];

	if (o->file != NULL)
		(void)snprintf(where, sizeof(where), o->line != 0 ? "%s:%u: " :
		    "%s: ", o->file, o->line);
	(void)snprintf(line, sizeof(line), "%swarning: %s%s%s: %s%s%s", where,
	    group, lex_part(part, sizeof(part), name), key, why, who, more);
	if (strcmp(line, c->last) == 0)
		return;
	c->report(line, c->arg);
	(void)strlcpy(c->last, line, sizeof(c->last));
}

/* About a key of the child at hand. */
static void
chain_child(struct chain *c, const char *name, const char *why,
    const char *who, const char *more)
{
	char key[40];

	(void)snprintf(key, sizeof(key), ".%s", name);
	chain_tell(c, &c->m->origin[key_find(key_child, name) - key_child],
	    "milter.", c->m->name, key, why, who, more);
}

/* --- the order ----------------------------------------------------------- */

static bool
chain_has(const char *text, const char *part)
{
	size_t n = strlen(part);

	while (strncasecmp(text, part, n) != 0)
		if (*text++ == '\0')
			return (false);
	return (true);
}

static bool
chain_does(const struct conf_milter *m, unsigned what)
{
	size_t i, j;

	for (i = 0; i < CHAIN_N(chain_known); i++) {
		bool has = chain_has(m->name, chain_known[i].part);

		for (j = 0; j < m->specs.text.n; j++)
			has |= chain_has(m->specs.text.item[j],
			    chain_known[i].part);
		if (has && (chain_known[i].does & what) != 0)
			return (true);
	}
	return (false);
}

/* The last enabled child from..to - 1 that does that, or NULL. */
static const struct conf_milter *
chain_find(const struct chain *c, size_t from, size_t to, unsigned what)
{
	while (to-- > from) {
		const struct conf_milter *m = c->conf->milters[to];

		if (m->enabled && chain_does(m, what))
			return (m);
	}
	return (NULL);
}

static void
chain_check_order(struct chain *c)
{
	static const char spec[] = "connection_spec";
	size_t i = c->m->index, j, k, n = c->conf->n_milters;
	const struct conf_milter *other;
	unsigned kind;

	for (kind = CHAIN_DKIM; chain_does(c->m, CHAIN_DMARC) &&
	    kind <= CHAIN_ARC; kind <<= 1)
		if ((other = chain_find(c, i + 1, n, kind)) != NULL &&
		    chain_find(c, 0, i, kind) == NULL)
			chain_child(c, spec, "DMARC needs the result of ",
			    other->name, ", which comes after it");
	if (chain_does(c->m, CHAIN_EDITOR) &&
	    (other = chain_find(c, 0, i, CHAIN_SIGNER)) != NULL &&
	    chain_find(c, i, n, CHAIN_SIGNER) == NULL)
		chain_child(c, spec, "changes of the body break the "
		    "signature of ", other->name, ", which comes before it");
	if (c->m->parallel && chain_does(c->m, CHAIN_DMARC | CHAIN_SIGNER) &&
	    (other = chain_find(c, 0, i, CHAIN_ANY)) != NULL)
		chain_child(c, "parallel", "it is not shown what ",
		    other->name, " makes of the message");
	for (j = 0; j < i; j++) {
		other = c->conf->milters[j];
		for (k = 0; other->enabled && k < c->m->specs.text.n *
		    other->specs.text.n; k++)
			if (strcmp(c->m->specs.text.item[k %
			    c->m->specs.text.n], other->specs.text.item[k /
			    c->m->specs.text.n]) == 0)
				chain_child(c, spec, "the same as that of ",
				    other->name, "");
	}
}

/* --- times --------------------------------------------------------------- */

/* A time, and whether somebody has set it. */
static uint64_t
chain_time(const void *base, const struct conf_origin *origins,
    const struct key *table, const char *name, const struct conf_origin **o)
{
	const struct key *key = key_find(table, name);

	*o = &origins[key - table];
	return (*(const uint64_t *)(const void *)((const char *)base +
	    key->offset));
}

/* Of the child at hand, or without one of the manager. */
static void
chain_check_times(struct chain *c)
{
	const struct conf_origin *o;
	size_t i, j;

	for (i = 0; i < CHAIN_N(chain_times); i++) {
		const char *name = chain_times[i].key;
		uint64_t end = chain_time(c->conf, c->conf->origin, key_main,
		    name, &o);

		if (c->m == NULL && end - 1 >= chain_times[i].patience)
			chain_tell(c, o, "", "manager", name + 7, "Postfix "
			    "waits for ", i == 0 ? "30s" : "300s",
			    " and goes on without an answer");
		for (j = 0; c->m != NULL && j < 3; j++) {
			const char *timeout = chain_times[i].timeout[j];

			if (timeout != NULL && end > 0 && chain_time(c->m,
			    c->m->origin, key_child, timeout, &o) > end &&
			    o->file != NULL)
				chain_child(c, timeout, name, " ends before "
				    "it", i == 0 ? " at a command" : "");
		}
	}
}

/* --- conditions and tables ----------------------------------------------- */

static bool
chain_has_condition(const struct conf_milter *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_conditions; i++)
		if (strcmp(m->conditions[i]->name, name) == 0)
			return (true);
	return (false);
}

/* All expressions of the condition at hand. */
static void
chain_each(struct chain *c, void (*fn)(const struct expr *, struct chain *))
{
	const struct conf_setters *list = &c->condition->macros;
	size_t i, k;

	for (i = 0; i < CONF_STOPS; i++)
		if (c->condition->stop[i] != NULL)
			fn(c->condition->stop[i], c);
	for (k = 0; k < 2; k++, list = &c->condition->notes)
		for (i = 0; i < list->n; i++) {
			fn(list->item[i].value, c);
			if (list->item[i].only != NULL)
				fn(list->item[i].only, c);
		}
}

static void
chain_on_fact(enum fact fact, const char *name, void *arg)
{
	struct chain *c = arg;
	const struct conf_milter *other;
	const char *why = NULL;

	if (fact < FACT_CHILD_REJECTED || fact > FACT_CHILD_STOPPED)
		return;
	other = conf_milter(c->conf, name);
	if (!other->enabled)
		why = ", which is not enabled";
	else if (other->index >= c->m->index)
		why = ", which does not come before this one";
	else if (fact != FACT_CHILD_ACCEPTED && fact != FACT_CHILD_STOPPED &&
	    !other->evaluation_mode)
		why = ", after whose word nobody is asked: it has no "
		    "evaluation_mode";
	if (why != NULL) {
		char ask[400];

		(void)snprintf(ask, sizeof(ask), "%s\" asks for %s of ",
		    c->condition->name, strchr(fact_table[fact].name, '.'));
		(void)strlcat(ask, name, sizeof(ask));
		chain_child(c, "applicable_conditions", "condition \"", ask,
		    why);
	}
}

static void
chain_on_expr(const struct expr *e, struct chain *c)
{
	expr_facts(e, chain_on_fact, c);
}

static void
chain_check_conditions(struct chain *c)
{
	size_t i;

	for (i = 0; i < CHAIN_N(chain_opposite); i++)
		if (chain_has_condition(c->m, chain_opposite[i][0]) &&
		    chain_has_condition(c->m, chain_opposite[i][1]))
			chain_child(c, "applicable_conditions", "with both ",
			    chain_opposite[i][0], " and its opposite it never "
			    "runs");
	for (i = 0; i < c->m->n_conditions; i++) {
		c->condition = c->m->conditions[i];
		chain_each(c, chain_on_expr);
	}
}

/* One that is built in need not be used. */
static void
chain_check_use(struct chain *c)
{
	const struct conf_condition *cond = c->condition;
	const struct conf_origin *o = cond->origin;
	size_t i;

	for (i = 0; i < c->conf->n_milters; i++)
		if (chain_has_condition(c->conf->milters[i], cond->name))
			return;
	for (i = key_count(key_condition); o->file == NULL && --i > 0; o++)
		;
	if (o->file == NULL && cond->macros.n > 0)
		o = &cond->macros.item->origin;
	if (o->file == NULL && cond->notes.n > 0)
		o = &cond->notes.item->origin;
	if (o->file != NULL)
		chain_tell(c, o, "condition.", cond->name, "", "no child has "
		    "it", "", "");
}

static void
chain_on_table(const struct expr *e, struct chain *c)
{
	c->used |= expr_asks_table(e, c->table);
}

static void
chain_check_table(struct chain *c)
{
	const struct key *key;
	size_t i;

	c->used = false;
	for (key = key_main; key->name != NULL; key++) {
		const struct conf_rules *rules = (const void *)
		    ((const char *)c->conf + key->offset);

		for (i = 0; key->type == KEY_RULES && i < rules->n; i++)
			c->used |= rules->item[i].table == c->table;
	}
	for (i = 0; i < c->conf->n_conditions; i++) {
		c->condition = c->conf->conditions[i];
		chain_each(c, chain_on_table);
	}
	if (!c->used)
		chain_tell(c, &c->table->origin, "table.", c->table->name, "",
		    "nothing asks it", "", "");
}

void
chain_check(const struct conf *conf, void (*report)(const char *, void *),
    void *arg)
{
	struct chain c;
	size_t i;

	memset(&c, 0, sizeof(c));
	c.conf = conf;
	c.report = report;
	c.arg = arg;
	chain_check_times(&c);
	for (i = 0; i < conf->n_milters; i++) {
		c.m = conf->milters[i];
		if (!c.m->enabled)
			continue;
		chain_check_order(&c);
		chain_check_times(&c);
		chain_check_conditions(&c);
	}
	for (i = 0; i < conf->n_conditions; i++) {
		c.condition = conf->conditions[i];
		chain_check_use(&c);
	}
	for (i = 0; i < conf->n_tables; i++) {
		c.table = conf->tables[i];
		chain_check_table(&c);
	}
}

#undef CHAIN_DMARC
#undef CHAIN_DKIM
#undef CHAIN_SPF
#undef CHAIN_ARC
#undef CHAIN_SIGNER
#undef CHAIN_EDITOR
#undef CHAIN_ANY
#undef CHAIN_N
