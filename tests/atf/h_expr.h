/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_expr.h - a configuration and answers for expressions to be tested with.
 */
#ifndef TESTS_H_EXPR_H
#define TESTS_H_EXPR_H

#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/conf.h"
#include "config/expr.h"

#define H_EXPR_TABLES	5

struct h_expr {
	struct conf	 conf;
	struct conf_milter child[2];
	struct conf_milter *children[2];
	struct conf_table table[H_EXPR_TABLES];
	struct conf_table *tables[H_EXPR_TABLES];
	char		 asked[1024];	/* "FACT(ARG) " of each */
	bool		 fail;		/* every question */
};

/* name, argument or NULL, answer; "!..." waits, "-..." fails. */
static const struct {
	enum fact	 fact;
	const char	*arg;
	const char	*text;
	long		 number;
} h_expr_answers[] = {
	{ FACT_HOST, NULL, "mail.example.jp", 0 },
	{ FACT_ADDRESS, NULL, "192.0.2.7", 0 },
	{ FACT_ADDRESS_FAMILY, NULL, "inet", 0 },
	{ FACT_ADDRESS_PORT, NULL, NULL, 25252 },
	{ FACT_PTR, NULL, "mail.example.jp", 0 },
	{ FACT_PTR, "198.51.100.1", "other.example.net", 0 },
	{ FACT_PTR, "192.0.2.7", "back.example.jp", 0 },
	{ FACT_PTR, "slow", "!", 0 },
	{ FACT_PTR, "down", "-", 0 },
	{ FACT_DNSBL, "listed.example", NULL, 1 },
	{ FACT_DNSBL, "bl.example=127.0.0.2", NULL, 1 },
	{ FACT_DNSBL, "slow.example", "!", 0 },
	{ FACT_DNSBL, "down.example", "-", 0 },
	{ FACT_HELO, NULL, "mx.example.jp", 0 },
	{ FACT_TLS, NULL, NULL, 1 },
	{ FACT_SENDER, NULL, "User@Example.org", 0 },
	{ FACT_SENDER_USER, NULL, "User", 0 },
	{ FACT_SENDER_DOMAIN, NULL, "example.org", 0 },
	{ FACT_SENDER_PARAM, "SIZE", "1000", 0 },
	{ FACT_RECIPIENT, NULL, "rcpt@example.net", 0 },
	{ FACT_RECIPIENT_USER, NULL, "rcpt", 0 },
	{ FACT_RECIPIENT_DOMAIN, NULL, "example.net", 0 },
	{ FACT_RECIPIENT_PARAM, "NOTIFY", "NEVER", 0 },
	{ FACT_RECIPIENTS, NULL, NULL, 3 },
	{ FACT_SIZE, NULL, NULL, 1000 },
	{ FACT_HEADER, "Subject", "hello", 0 },
	{ FACT_HEADER_NAME, NULL, "X-Spam", 0 },
	{ FACT_HEADER_VALUE, NULL, "Yes\n it is", 0 },
	{ FACT_BODY, NULL, "line one\nline two", 0 },
	{ FACT_MACRO, "j", "mx.example.net", 0 },
	{ FACT_MACRO, "daemon_addr", "198.51.100.1", 0 },
	{ FACT_MACRO, "slow", "!", 0 },
	{ FACT_MACRO, "down", "-", 0 },
	{ FACT_NOTE, "seen", "1", 0 },
	{ FACT_CHILD_REJECTED, "A", NULL, 1 },
	{ FACT_CHILD_ACCEPTED, "B b", NULL, 1 },
	{ FACT_POSTFIX, NULL, NULL, 1 },
	{ FACT_CONNECTIONS, NULL, NULL, 7 },
	{ FACT_HOUR, NULL, NULL, 9 },
	{ FACT_MINUTE, NULL, NULL, 30 },
	{ FACT_WEEKDAY, NULL, NULL, 1 },
};

static inline void
h_expr_note(struct h_expr *h, const char *what, const char *arg)
{
	size_t n = strlen(h->asked);

	if (n + 100 < sizeof(h->asked))
		snprintf(h->asked + n, sizeof(h->asked) - n, "%s%s%.60s",
		    n > 0 ? " " : "", what, arg != NULL ? arg : "");
}

static enum eval_state
h_expr_fact(void *v, enum fact fact, const char *arg, struct eval_value *out)
{
	struct h_expr *h = v;
	size_t i;

	h_expr_note(h, fact_table[fact].name, arg);
	if (h->fail)
		return (EVAL_FAILED);
	for (i = 0; i < sizeof(h_expr_answers) / sizeof(h_expr_answers[0]);
	    i++) {
		if (h_expr_answers[i].fact != fact ||
		    (arg == NULL) != (h_expr_answers[i].arg == NULL) ||
		    (arg != NULL && strcmp(arg, h_expr_answers[i].arg) != 0))
			continue;
		out->text = h_expr_answers[i].text;
		out->number = h_expr_answers[i].number;
		out->yes = out->number != 0;
		if (out->text == NULL)
			return (EVAL_OK);
		if (out->text[0] == '!')
			return (EVAL_PENDING);
		if (out->text[0] == '-')
			return (EVAL_FAILED);
		out->len = strlen(out->text);
		if (fact == FACT_ADDRESS) {
			out->family = EVAL_INET;
			(void)network_read_address(out->text, &out->address);
		}
	}
	return (EVAL_OK);
}

static enum eval_state
h_expr_table(void *v, const struct conf_table *table,
    const struct eval_value *key, bool *found, const char **value)
{
	struct h_expr *h = v;
	struct network net;
	char why[80];

	h_expr_note(h, table->name, NULL);
	if (h->fail)
		return (EVAL_FAILED);
	if (strcmp(table->name, "slow") == 0)
		return (EVAL_PENDING);
	if (strcmp(table->name, "down") == 0) {
		*value = "no server";
		return (EVAL_FAILED);
	}
	if (strcmp(table->name, "nets") == 0) {
		if (network_read("192.0.2.0/24", &net, why, sizeof(why)) == 0)
			*found = key->family == EVAL_INET &&
			    network_has(&net, &key->address);
	} else
		*found = strchr(key->text, '@') != NULL;
	if (*found && strcmp(table->name, "users") == 0)
		*value = "OK, one";
	return (EVAL_OK);
}

static void
h_expr_rules(struct conf_rules *rules, enum rules_flavour flavour,
    const char *text)
{
	static const struct conf_origin origin = { "test.conf", 7 };
	char why[RULES_WHY_MAX];
	size_t at;

	if (rules_read(text, strlen(text), flavour, &origin, rules, &at,
	    why) == -1) {
		fprintf(stderr, "%s: %s\n", text, why);
		abort();
	}
}

static void
h_expr_open(struct h_expr *h)
{
	static char names[][6] = { "users", "nets", "slow", "down", "a b" };
	static char a[] = "A", b[] = "B b";
	struct conf *c = &h->conf;
	char why[RULES_WHY_MAX];
	size_t i;

	memset(h, 0, sizeof(*h));
	for (i = 0; i < H_EXPR_TABLES; i++) {
		h->table[i].name = names[i];
		h->tables[i] = &h->table[i];
	}
	h->child[0].name = a;
	h->child[1].name = b;
	for (i = 0; i < 2; i++)
		h->children[i] = &h->child[i];
	c->tables = h->tables;
	c->n_tables = H_EXPR_TABLES;
	c->milters = h->children;
	c->n_milters = 2;
	c->s25r_check_only_ipv4 = true;
	h_expr_rules(&c->s25r_whitelist, RULES_STRINGS,
	    "[ /\\.google\\.com\\z/, /\\.OBSMTP\\.com\\z/i ]");
	h_expr_rules(&c->s25r_blacklist, RULES_STRINGS,
	    "[ \"unknown\", /\\A\\[.+\\]\\z/ ,\n /\\A[^.]*\\d{5}/ ]");
	h_expr_rules(&c->remote_addresses, RULES_NETWORKS, "\"192.0.2.7\"");
	h_expr_rules(&c->local_addresses, RULES_NETWORKS,
	    "[\"2001:db8::/32\", table.nets]");
	h_expr_rules(&c->trust_domains, RULES_STRINGS, "[]");
	h_expr_rules(&c->trust_domains, RULES_STRINGS, "\"example.org\"");
	h_expr_rules(&c->dnsbl_services, RULES_SERVICES,
	    "[\"slow.example\", \"bl.example=127.0.0.2\"]");
	h_expr_rules(&c->restricted_accounts, RULES_STRINGS,
	    "table.\"a b\"");
	if (rules_resolve(&c->local_addresses, c, why) == -1 ||
	    rules_resolve(&c->restricted_accounts, c, why) == -1)
		abort();
}

static void
h_expr_close(struct h_expr *h)
{
	rules_free(&h->conf.s25r_whitelist);
	rules_free(&h->conf.s25r_blacklist);
	rules_free(&h->conf.remote_addresses);
	rules_free(&h->conf.local_addresses);
	rules_free(&h->conf.trust_domains);
	rules_free(&h->conf.dnsbl_services);
	rules_free(&h->conf.restricted_accounts);
}

/* Evaluates it; text gets "RESULT | WHY". */
static inline enum eval_state
h_expr_eval(struct h_expr *h, const struct expr *e, char *text, size_t size)
{
	static const char *const states[] = { "", "PENDING", "FAILED" };
	struct eval_env env;
	struct eval *eval = malloc(sizeof(*eval));
	enum eval_state state;

	if (eval == NULL)
		abort();
	/* Whatever was there before does not matter. */
	memset(eval, 0xa5, sizeof(*eval));
	memset(&env, 0, sizeof(env));
	env.conf = &h->conf;
	env.fact = h_expr_fact;
	env.table = h_expr_table;
	env.arg = h;
	eval->env = &env;
	h->asked[0] = '\0';
	state = expr_eval(e, eval);
	if (state == EVAL_OK)
		snprintf(text, size, "%.*s | %s", (int)eval->result.len,
		    eval->result.text, eval->why.rule);
	else
		snprintf(text, size, "%s | %s", states[state],
		    eval->why.rule);
	if (eval->why.origin.line != 0 && strlen(text) + 20 < size)
		snprintf(text + strlen(text), size - strlen(text), " | %s:%u",
		    eval->why.origin.file, eval->why.origin.line);
	free(eval);
	return (state);
}

#endif /* TESTS_H_EXPR_H */
