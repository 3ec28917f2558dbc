/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * supply.c - what the conditions of a configuration need of the outside.
 * Owns:      the resolver, the tables at work, the threshold of stress; what of
 *            them there is at all.
 * Called by: manager.c, once a configuration.
 * Must not:  cost a configuration without conditions anything.
 */
#include "compat.h"

#include <sys/resource.h>

#include "condition/condition.h"
#include "condition/feed.h"
#include "condition/stress.h"
#include "manager/manager_internal.h"
#include "net/dns.h"

#define SUPPLY_PROGRAM	8u	/* descriptors, while one is started */

/* What the checker of clients asks. */
static void
supply_on_fact(enum fact fact, const char *name, void *arg)
{
	uint64_t *facts = arg;

	(void)name;
	*facts |= (uint64_t)1 << fact;
}

static bool
supply_same_dns(const struct conf *a, const struct conf *b)
{
	const struct conf_list *x = &a->dnsbl_servers, *y = &b->dnsbl_servers;
	size_t i;

	if (a->dnsbl_timeout != b->dnsbl_timeout || x->n != y->n)
		return (false);
	for (i = 0; i < x->n; i++)
		if (strcmp(x->item[i], y->item[i]) != 0)
			return (false);
	return (true);
}

/* Of few descriptors most are for sessions. */
static unsigned
supply_sockets(void)
{
	struct rlimit rl;

	return (getrlimit(RLIMIT_NOFILE, &rl) == -1 ||
	    rl.rlim_cur == RLIM_INFINITY ||
	    rl.rlim_cur / 4 > DNS_SOCKETS_MAX ? DNS_SOCKETS_MAX :
	    (unsigned)rl.rlim_cur / 4 + 1);
}

static int
supply_get_dns(struct manager *m, struct generation *g,
    const struct conf *conf)
{
	if (m->gen != NULL && m->gen->dns != NULL &&
	    supply_same_dns(m->gen->conf, conf)) {
		g->dns = m->gen->dns;
		g->dns->refs++;
		return (0);
	}
	g->dns = calloc(1, sizeof(*g->dns));
	if (g->dns == NULL)
		return (-1);
	g->dns->refs = 1;
	g->dns->sockets = supply_sockets();
	g->dns->dns = facts_dns(m->loop, conf, g->dns->sockets);
	return (g->dns->dns != NULL ? 0 : -1);
}

int
supply_get(struct manager *m, struct generation *g, struct conf *conf)
{
	uint64_t facts = 0;
	size_t i;

	for (i = 0; i < g->n; i++) {
		struct condition_needs *needs = &g->run[i].needs;

		condition_look(g->run[i].conf, needs, NULL, NULL);
		g->conditions = g->conditions || needs->asks != 0;
		facts |= needs->facts;
	}
	if (conf->connection_checker != NULL && g->n > 0) {
		g->conditions = true;
		expr_facts(conf->connection_checker, supply_on_fact, &facts);
	}
	if ((facts & (uint64_t)1 << FACT_STRESSED) != 0)
		g->stress = stress_threshold(conf);
	if ((facts & ((uint64_t)1 << FACT_PTR | (uint64_t)1 << FACT_DNSBL)) !=
	    0 && supply_get_dns(m, g, conf) == -1)
		return (-1);
	if (g->dns != NULL)
		g->descriptors = g->dns->sockets;
	for (i = 0; g->conditions && i < conf->n_tables; i++)
		g->descriptors += conf->tables[i]->source ==
		    CONF_TABLE_SOCKETMAP ? SOCKETMAP_CONNS :
		    conf->tables[i]->source == CONF_TABLE_EXEC ||
		    conf->tables[i]->source == CONF_TABLE_DATABASE ?
		    SUPPLY_PROGRAM : 0;
	if (g->conditions && conf->n_tables > 0) {
		g->feeds = feeds_new(m->loop, conf, m->gen != NULL ?
		    m->gen->feeds : NULL);
		if (g->feeds == NULL)
			return (-1);
	}
	return (0);
}

void
supply_drop(struct generation *g)
{
	feeds_free(g->feeds);
	if (g->dns != NULL && --g->dns->refs == 0) {
		dns_free(g->dns->dns);
		free(g->dns);
	}
}

#undef SUPPLY_PROGRAM
