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

#include <netinet/in.h>

#include "base/log.h"
#include "base/network.h"
#include "base/number.h"
#include "condition/condition.h"
#include "condition/feed.h"
#include "condition/stress.h"
#include "manager/manager_internal.h"
#include "net/dns.h"

#define SUPPLY_DNS_PORT	53

/* "ADDR", "ADDR:PORT", "[ADDR]", "[ADDR]:PORT". */
static int
supply_server(const char *text, struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;
	struct network_address a;
	char host[80];
	const char *end, *port;
	uint64_t n = SUPPLY_DNS_PORT;

	if (*text == '[') {
		end = strchr(++text, ']');
		port = end == NULL ? NULL : end + 1;
	} else {
		end = strchr(text, ':');
		/* Two of them: an IPv6 address. */
		if (end == NULL || strchr(end + 1, ':') != NULL)
			end = text + strlen(text);
		port = end;
	}
	if (end == NULL || (size_t)(end - text) >= sizeof(host))
		return (-1);
	memcpy(host, text, (size_t)(end - text));
	host[end - text] = '\0';
	if (network_read_address(host, &a) == -1 || (*port != '\0' &&
	    (*port != ':' || number_read(port + 1, 10, 65535, &n) == -1 ||
	    n == 0)))
		return (-1);
	memset(out, 0, sizeof(*out));
	if (strchr(host, ':') == NULL) {
		four->sin_family = AF_INET;
		four->sin_port = htons((uint16_t)n);
		memcpy(&four->sin_addr, a.byte + 12, 4);
	} else {
		six->sin6_family = AF_INET6;
		six->sin6_port = htons((uint16_t)n);
		memcpy(&six->sin6_addr, a.byte, 16);
	}
	return (0);
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

static int
supply_get_dns(struct manager *m, struct generation *g,
    const struct conf *conf)
{
	struct sockaddr_storage server[DNS_SERVERS_MAX];
	struct dns_options opt;
	const struct conf_list *list = &conf->dnsbl_servers;
	size_t i;

	if (m->gen != NULL && m->gen->dns != NULL &&
	    supply_same_dns(m->gen->conf, conf)) {
		g->dns = m->gen->dns;
		g->dns->refs++;
		return (0);
	}
	memset(&opt, 0, sizeof(opt));
	for (i = 0; i < list->n && opt.n_servers < DNS_SERVERS_MAX; i++) {
		if (supply_server(list->item[i],
		    &server[opt.n_servers]) == 0)
			opt.n_servers++;
		else
			log_write(LOGL_ERROR, "dnsbl.name_servers: \"%s\" is "
			    "no address, expected one like 192.0.2.1, "
			    "192.0.2.1:53 or [2001:db8::1]:53", list->item[i]);
	}
	if (opt.n_servers > 0)
		opt.server = server;
	opt.timeout_ms = (unsigned)conf->dnsbl_timeout;
	g->dns = calloc(1, sizeof(*g->dns));
	if (g->dns == NULL)
		return (-1);
	g->dns->refs = 1;
	g->dns->dns = dns_new(m->loop, &opt);
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
	if ((facts & (uint64_t)1 << FACT_STRESSED) != 0)
		g->stress = stress_threshold(conf);
	if ((facts & ((uint64_t)1 << FACT_PTR | (uint64_t)1 << FACT_DNSBL)) !=
	    0 && supply_get_dns(m, g, conf) == -1)
		return (-1);
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

#undef SUPPLY_DNS_PORT
