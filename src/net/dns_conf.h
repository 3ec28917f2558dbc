/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns_conf.h - what the system's files say about names: resolv.conf, hosts.
 */
#ifndef NET_DNS_CONF_H
#define NET_DNS_CONF_H

#include "compat.h"

#include <sys/socket.h>

#include <stddef.h>

#include "net/dns.h"

#define DNS_CONF_SEARCH	6	/* domains of the search list that are used */

struct dns_conf {
	struct sockaddr_storage server[DNS_SERVERS_MAX];
	size_t		 n;		/* at least 1 */
	unsigned	 ndots;
	char		 search[DNS_CONF_SEARCH][DNS_NAME_MAX];
	size_t		 n_search;
};

/* The length of an AF_INET or AF_INET6 address. */
socklen_t dns_conf_socklen(const struct sockaddr_storage *);

/*
 * Reads resolv.conf: "nameserver ADDRESS" (also [ADDRESS]:PORT), "search",
 * "domain", and "options ndots:N".  What it does not know, or is too much, is
 * left out.  Without a file or servers: those at 127.0.0.1 and ::1.
 */
void	dns_conf_read(const char *path, struct dns_conf *);

/*
 * The addresses that a hosts file has for a name, its case and a last dot left
 * aside; of one family, at most max, with that port.  Returns how many.
 */
size_t	dns_conf_hosts(const char *path, int family, const char *name,
	    unsigned port, struct sockaddr_storage *, size_t max);

#endif /* NET_DNS_CONF_H */
