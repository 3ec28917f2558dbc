/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns_conf.c - what the system's files say about names: resolv.conf, hosts.
 * Owns:      the reading of these two formats.
 * Called by: dns.c, resolver.c.
 * Must not:  complain: what a file says to others may mean nothing to us.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <stdio.h>
#include <strings.h>

#include "base/number.h"
#include "base/spec.h"
#include "net/dns_conf.h"

#define DNS_CONF_PORT	53u
#define DNS_CONF_NDOTS	15u	/* the most, as elsewhere */

socklen_t
dns_conf_socklen(const struct sockaddr_storage *ss)
{
	return (ss->ss_family == AF_INET ? sizeof(struct sockaddr_in) :
	    sizeof(struct sockaddr_in6));
}

/* The next word of a line, ended by NUL; NULL at its end, or at a comment. */
static char *
dns_conf_word(char **line)
{
	char *word = *line + strspn(*line, " \t\r\n");
	size_t len = strcspn(word, " \t\r\n");

	if (len == 0 || *word == '#' || *word == ';')
		return (NULL);
	*line = word + len + (word[len] != '\0');
	word[len] = '\0';
	return (word);
}

/* An address as a number; 0, or -1 when it is none of that family. */
static int
dns_conf_address(int family, char *host, unsigned port,
    struct sockaddr_storage *ss)
{
	struct spec spec;
	socklen_t len;

	memset(&spec, 0, sizeof(spec));
	spec.family = family;
	spec.host = host;
	spec.port = (uint16_t)port;
	return (spec_sockaddr(&spec, false, ss, &len));
}

/* One more server, when there is room and this is an address. */
static void
dns_conf_server(struct dns_conf *conf, char *text)
{
	struct sockaddr_storage *ss = &conf->server[conf->n];
	uint64_t port = DNS_CONF_PORT;
	char *end;

	if (conf->n == DNS_SERVERS_MAX)
		return;
	/* OpenBSD's way of writing a port. */
	if (*text == '[' && (end = strchr(text, ']')) != NULL) {
		if (end[1] == ':' &&
		    number_read(end + 2, 10, UINT16_MAX, &port) == -1)
			return;
		*end = '\0';
		text++;
	}
	if (dns_conf_address(AF_INET, text, (unsigned)port, ss) == 0 ||
	    dns_conf_address(AF_INET6, text, (unsigned)port, ss) == 0)
		conf->n++;
}

static void
dns_conf_line(struct dns_conf *conf, char *line)
{
	char *key = dns_conf_word(&line), *word;
	uint64_t ndots;
	bool search;

	if (key == NULL)
		return;
	search = strcmp(key, "search") == 0 || strcmp(key, "domain") == 0;
	/* The last one counts. */
	if (search)
		conf->n_search = 0;
	while ((word = dns_conf_word(&line)) != NULL) {
		if (search) {
			if (conf->n_search < DNS_CONF_SEARCH &&
			    strlcpy(conf->search[conf->n_search], word,
			    DNS_NAME_MAX) < DNS_NAME_MAX)
				conf->n_search++;
		} else if (strcmp(key, "nameserver") == 0)
			dns_conf_server(conf, word);
		else if (strcmp(key, "options") == 0 &&
		    strncmp(word, "ndots:", 6) == 0 &&
		    number_read(word + 6, 10, DNS_CONF_NDOTS, &ndots) == 0)
			conf->ndots = (unsigned)ndots;
	}
}

void
dns_conf_read(const char *path, struct dns_conf *conf)
{
	char local[2][10] = { "127.0.0.1", "::1" };
	FILE *fp = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;

	memset(conf, 0, sizeof(*conf));
	conf->ndots = 1;
	while (fp != NULL && getline(&line, &size, fp) != -1)
		dns_conf_line(conf, line);
	free(line);
	if (fp != NULL)
		(void)fclose(fp);
	if (conf->n == 0) {
		dns_conf_server(conf, local[0]);
		dns_conf_server(conf, local[1]);
	}
}

/* Whether what is left of a line names the host. */
static bool
dns_conf_named(char *line, const char *name, size_t len)
{
	const char *word;

	while ((word = dns_conf_word(&line)) != NULL)
		if (strlen(word) == len && strncasecmp(word, name, len) == 0)
			return (true);
	return (false);
}

size_t
dns_conf_hosts(const char *path, int family, const char *name, unsigned port,
    struct sockaddr_storage *ss, size_t max)
{
	FILE *fp = fopen(path, "r");
	char *line = NULL, *rest, *address;
	size_t size = 0, n = 0, len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	while (fp != NULL && n < max && getline(&line, &size, fp) != -1) {
		rest = line;
		if ((address = dns_conf_word(&rest)) != NULL &&
		    dns_conf_named(rest, name, len) &&
		    dns_conf_address(family, address, port, &ss[n]) == 0)
			n++;
	}
	free(line);
	if (fp != NULL)
		(void)fclose(fp);
	return (n);
}

#undef DNS_CONF_PORT
#undef DNS_CONF_NDOTS
