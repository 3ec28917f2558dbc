/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * check.c - what can only be said when all of a configuration is read.
 * Owns:      faults between keys; what the names in conditions stand for; the
 *            first reading of tables that are files.
 * Called by: conf.c.
 * Must not:  read a statement.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <stdio.h>
#include <stdlib.h>

#include "config/expr.h"
#include "config/key.h"
#include "config/lex.h"
#include "config/parse.h"
#include "config/rules.h"
#include "config/source.h"
#include "config/table.h"
#include "config/value.h"

#define CHECK_SERVERS_MAX 8	/* as many as net/dns.h takes */
#define CHECK_PART_MAX	256	/* bytes of a name */

/* A fault of one key of a child that another one makes; where that key is. */
static void
check_clash(struct parse *ps, const struct conf_milter *m, const char *name,
    const char *why)
{
	const struct key *k = key_find(key_child, name);
	const struct conf_origin *origin = &m->origin[k - key_child];
	char key[CHECK_PART_MAX + 64], part[CHECK_PART_MAX + 8];

	snprintf(key, sizeof(key), "milter.%s.%s", lex_part(part, sizeof(part),
	    m->name), name);
	errors_add(&ps->errors, ps->child[m->index].seq, origin->file,
	    origin->line, key, why);
}

static void
check_socks(struct parse *ps, const struct conf_milter *m)
{
	char quoted[80], why[VALUE_WHY_MAX];
	size_t i;

	if (m->socks_user != NULL && m->socks_password == NULL)
		check_clash(ps, m, "socks_user",
		    "there is no socks_password that goes with it");
	if (m->socks_user == NULL && m->socks_password != NULL)
		check_clash(ps, m, "socks_password",
		    "there is no socks_user that it goes with");
	for (i = 0; m->socks_text != NULL && i < m->specs.text.n; i++) {
		if (m->specs.spec[i].family != AF_UNIX)
			continue;
		snprintf(why, sizeof(why), "no proxy can reach a unix socket, "
		    "as %s in connection_spec is; expected inet: or inet6: "
		    "there", lex_quote(quoted, sizeof(quoted),
		    m->specs.text.item[i]));
		check_clash(ps, m, "socks", why);
		return;
	}
}

/* An enabled child that is nowhere. */
static void
check_missing(struct parse *ps, const struct conf_milter *m)
{
	const struct conf *conf = ps->conf;
	const char *best = NULL;
	char key[CHECK_PART_MAX + 64], name[CHECK_PART_MAX + 8];
	char why[VALUE_WHY_MAX];
	size_t i = m->index, j, least = 0;

	for (j = 0; j < conf->n_milters; j++) {
		if (j != i)
			parse_suggest(m->name, conf->milters[j]->name, 0,
			    &best, &least);
	}
	snprintf(key, sizeof(key), "milter.%s.connection_spec",
	    lex_part(name, sizeof(name), m->name));
	strlcpy(why, "missing, an enabled milter must have it", sizeof(why));
	if (best != NULL) {
		strlcat(why, "; did you mean milter.", sizeof(why));
		strlcat(why, lex_part(name, sizeof(name), best), sizeof(why));
		strlcat(why, "?", sizeof(why));
	}
	errors_add(&ps->errors, ps->child[i].seq, ps->child[i].file,
	    ps->child[i].line, key, why);
}

/*
 * A milter that a package has, or once had, is no fault of the configuration
 * when it is nowhere: it is off.
 */
static bool
check_off(struct parse *ps, struct conf_milter *m)
{
	const struct conf_source *source = ps->source;
	const struct parse_child *child = &ps->child[m->index];
	struct conf_origin *origin = &m->origin[key_find(key_child,
	    "enabled") - key_child];
	enum conf_known known = source->known == NULL ? CONF_KNOWN :
	    source->known(m->name);
	char text[CHECK_PART_MAX + 640], line[16] = "";

	if (ps->detected.file == NULL || (!child->detected &&
	    known == CONF_KNOWN_NOT))
		return (false);
	m->enabled = false;
	/* Of one that was found, the line that has it enabled. */
	if (!child->detected || origin->file == NULL) {
		origin->file = child->file;
		origin->line = child->line;
	}
	if (origin->line > 0)
		snprintf(line, sizeof(line), ":%u", origin->line);
	snprintf(text, sizeof(text), "%.256s (%.500s%s) is off: %s", m->name,
	    origin->file, line, child->detected ? "it has no connection_spec" :
	    "it is not installed");
	if (source->detect != NULL)
		parse_note(ps, child->detected || known == CONF_KNOWN_MAYBE,
		    text);
	return (true);
}

/* --- conditions ---------------------------------------------------------- */

/* A fault of a condition's key; the statement is not at hand any more. */
static void
check_fault(struct parse *ps, const struct conf_origin *origin,
    const char *group, const char *name, const char *rest, const char *why)
{
	char key[2 * CHECK_PART_MAX + 64], part[CHECK_PART_MAX + 8];

	snprintf(key, sizeof(key), "%s%s%s%s%s", group, name == NULL ? "" :
	    ".", name == NULL ? "" : lex_part(part, sizeof(part), name),
	    rest[0] != '\0' ? "." : "", rest);
	errors_add(&ps->errors, ps->seq + 1, origin->file != NULL ?
	    origin->file : "built in", origin->line, key, why);
}

static void
check_setters(struct parse *ps, const struct conf_condition *c,
    const struct conf_setters *list, const char *what)
{
	char why[EXPR_WHY_MAX], rest[CHECK_PART_MAX + 32];
	size_t i;

	for (i = 0; i < list->n; i++) {
		const struct conf_setter *s = &list->item[i];

		if (expr_resolve(s->value, ps->conf, why) == 0 &&
		    (s->only == NULL ||
		    expr_resolve(s->only, ps->conf, why) == 0))
			continue;
		snprintf(rest, sizeof(rest), "%s.\"%s\"", what, s->name);
		check_fault(ps, &s->origin, "condition", c->name, rest, why);
	}
}

static void
check_condition(struct parse *ps, const struct conf_condition *c)
{
	char why[EXPR_WHY_MAX];
	const struct key *key;

	for (key = key_condition; key->name != NULL; key++)
		if (key->type == KEY_STOP && c->stop[key->min] != NULL &&
		    expr_resolve(c->stop[key->min], ps->conf, why) == -1)
			check_fault(ps, &c->origin[key - key_condition],
			    "condition", c->name, key->name, why);
	check_setters(ps, c, &c->macros, "set_macro");
	check_setters(ps, c, &c->notes, "set_note");
}

/* Tables in lists that are values of keys. */
static void
check_rules(struct parse *ps)
{
	char why[RULES_WHY_MAX];
	const struct key *key;

	for (key = key_main; key->name != NULL; key++) {
		struct conf_rules *rules = (void *)((char *)ps->conf +
		    key->offset);

		struct expr **expr = (void *)((char *)ps->conf + key->offset);

		if (key->type == KEY_STOP && *expr != NULL &&
		    expr_resolve(*expr, ps->conf, why) == -1)
			check_fault(ps, &ps->conf->origin[key - key_main],
			    key->name, NULL, "", why);
		if (key->type == KEY_RULES && rules_resolve(rules, ps->conf,
		    why) == -1)
			check_fault(ps, &ps->conf->origin[key - key_main],
			    key->name, NULL, "", why);
	}
}

static const char *
check_condition_name(const char *name)
{
	/* Upstream's manual calls them so. */
	static const char *const alias[][2] = {
		{ "Authentication", "Authenticated" },
		{ "Unauthentication", "Unauthenticated" },
	};
	size_t i;

	for (i = 0; i < sizeof(alias) / sizeof(alias[0]); i++)
		if (strcmp(name, alias[i][0]) == 0)
			return (alias[i][1]);
	return (name);
}

static void
check_applicable(struct parse *ps, struct conf_milter *m)
{
	const struct conf *conf = ps->conf;
	const struct conf_list *names = &m->applicable_conditions;
	char why[VALUE_WHY_MAX], quoted[100];
	struct conf_condition *c;
	const char *best;
	size_t i, j, least;

	if (names->n == 0)
		return;
	m->conditions = calloc(names->n, sizeof(*m->conditions));
	if (m->conditions == NULL) {
		ps->errors.no_memory = true;
		return;
	}
	for (i = 0; i < names->n; i++) {
		c = conf_condition_find(conf,
		    check_condition_name(names->item[i]));
		if (c != NULL) {
			m->conditions[m->n_conditions++] = c;
			continue;
		}
		best = NULL;
		least = 0;
		for (j = 0; j < conf->n_conditions; j++)
			parse_suggest(names->item[i],
			    conf->conditions[j]->name, 0, &best, &least);
		snprintf(why, sizeof(why), "no condition of the name %s is "
		    "defined%s%s%s", lex_quote(quoted, sizeof(quoted),
		    names->item[i]), best != NULL ? ", did you mean \"" : "",
		    best != NULL ? best : "", best != NULL ? "\"?" : "");
		check_clash(ps, m, "applicable_conditions", why);
	}
}

/* --- tables -------------------------------------------------------------- */

struct check_file {
	struct parse		*ps;
	const struct conf_table	*table;
};

static void
check_report(unsigned line, const char *why, void *arg)
{
	const struct check_file *f = arg;

	errors_add(&f->ps->errors, f->ps->seq + 1, f->table->where, line, NULL,
	    why);
}

/* A file is read now, so that its faults are told now. */
static void
check_table(struct parse *ps, struct conf_table *t)
{
	struct check_file f = { ps, t };
	struct source_text text;
	char why[VALUE_WHY_MAX], said[VALUE_WHY_MAX];

	if (t->source == CONF_TABLE_DATABASE && ps->conf->database_type == NULL)
		check_fault(ps, &t->origin, "table", t->name, "",
		    "there is no database.type that says which program to ask");
	if (t->source != CONF_TABLE_FILE)
		return;
	if (source_read(t->where, 0, &text, why) == -1) {
		strlcpy(said, t->where, sizeof(said) / 2);
		strlcat(said, ": ", sizeof(said));
		strlcat(said, why, sizeof(said));
		check_fault(ps, &t->origin, "table", t->name, "", said);
		return;
	}
	t->data = table_new((enum table_kind)t->kind, text.text, text.len,
	    check_report, &f);
	free(text.text);
}

static void
check_servers(struct parse *ps)
{
	const struct conf_list *list = &ps->conf->dnsbl_servers;
	const struct key *key = key_find(key_main, "dnsbl.name_servers");
	struct sockaddr_storage ss;
	char why[VALUE_WHY_MAX], quoted[100];
	socklen_t len;
	size_t i;

	if (list->n > CHECK_SERVERS_MAX) {
		snprintf(why, sizeof(why), "there are more than %d name "
		    "servers", CHECK_SERVERS_MAX);
		check_fault(ps, &ps->conf->origin[key - key_main], key->name,
		    NULL, "", why);
	}
	for (i = 0; i < list->n; i++) {
		if (spec_read_server(list->item[i], 53, &ss, &len) == 0)
			continue;
		snprintf(why, sizeof(why), "found %s, expected \"ADDRESS\", "
		    "\"ADDRESS:PORT\" or \"[ADDRESS]:PORT\"",
		    lex_quote(quoted, sizeof(quoted), list->item[i]));
		check_fault(ps, &ps->conf->origin[key - key_main], key->name,
		    NULL, "", why);
	}
}

/* Whoever reaches the port would else be who may give orders. */
static void
check_control(struct parse *ps)
{
	const struct conf *conf = ps->conf;
	const struct key *key = key_find(key_main,
	    "controller.connection_spec");
	union {
		struct sockaddr_storage	ss;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	} u;
	socklen_t len;
	const char *why = NULL;

	if (conf->control_spec_text == NULL ||
	    conf->control_spec.family == AF_UNIX)
		return;
	if (spec_sockaddr(&conf->control_spec, true, &u.ss, &len) == -1 ||
	    !(u.ss.ss_family == AF_INET ?
	    ntohl(u.in.sin_addr.s_addr) >> 24 == 127 :
	    IN6_IS_ADDR_LOOPBACK(&u.in6.sin6_addr)))
		why = "expected unix:PATH or the number of a loopback address, "
		    "as inet:10026@[127.0.0.1] or inet6:10026@[::1]";
	else if (conf->control_token_file == NULL)
		why = "a TCP port needs a controller.token_file";
	if (why != NULL)
		check_fault(ps, &conf->origin[key - key_main], key->name, NULL,
		    "", why);
}

/* What a timer is for; an empty list is one that is switched off. */
static void
check_timer(struct parse *ps, const struct conf_timer *t)
{
	const struct key *key = key_find(key_timer, "command");
	const struct conf_origin *origin = &t->origin[0];

	if (t->origin[key - key_timer].file != NULL)
		return;
	while (origin->file == NULL &&
	    origin < t->origin + key_count(key_timer) - 1)
		origin++;
	check_fault(ps, origin, "timer", t->name, key->name,
	    "missing, a timer must have it");
}

void
parse_finish(struct parse *ps)
{
	const struct conf *conf = ps->conf;
	size_t i;

	check_servers(ps);
	check_control(ps);
	for (i = 0; i < conf->n_tables; i++)
		check_table(ps, conf->tables[i]);
	check_rules(ps);
	for (i = 0; i < conf->n_timers; i++)
		check_timer(ps, conf->timers[i]);
	for (i = 0; i < conf->n_conditions; i++)
		check_condition(ps, conf->conditions[i]);
	for (i = 0; i < conf->n_milters; i++) {
		check_applicable(ps, conf->milters[i]);
		default_own(&ps->child[i], conf->milters[i]);
		if (!conf->milters[i]->enabled || ps->child[i].faulty)
			continue;
		if (conf->milters[i]->specs.text.n == 0 &&
		    !check_off(ps, conf->milters[i]))
			check_missing(ps, conf->milters[i]);
		check_socks(ps, conf->milters[i]);
	}
	free(ps->child);
	ps->child = NULL;
}

#undef CHECK_PART_MAX
#undef CHECK_SERVERS_MAX
