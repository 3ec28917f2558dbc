/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_preload_names.c - loaded before the C library: a world of two names.
 * Owns:      the host's name, and what is found out about other hosts.
 * Called by: h_sendmail.sh, in LD_PRELOAD of Sendmail alone.
 * Must not:  ask anybody.
 *
 * Sendmail looks its host's name up before it reads any configuration, and
 * sleeps a minute when that has no domain; later the names of its clients.
 * Here none of this leaves the machine: it is mail.example.org, the client at
 * 127.0.0.1 is localhost, and nobody else has a name.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <unistd.h>

#define PRELOAD_HOST	"mail.example.org"

struct hostent *gethostbyname2(const char *, int);

static struct in_addr	 preload_addr;
static char		*preload_addrs[] = { (char *)&preload_addr, NULL };
static char		*preload_no_aliases[] = { NULL };
static char		 preload_host[] = PRELOAD_HOST;
static char		 preload_localhost[] = "localhost";
static char		 preload_loopback[] = "127.0.0.1";
static struct hostent	 preload_answer = {
	.h_aliases = preload_no_aliases,
	.h_addrtype = AF_INET,
	.h_length = sizeof(preload_addr),
	.h_addr_list = preload_addrs,
};

int
gethostname(char *name, size_t len)
{

	if (len < sizeof(PRELOAD_HOST)) {
		errno = ENAMETOOLONG;
		return (-1);
	}
	memcpy(name, PRELOAD_HOST, sizeof(PRELOAD_HOST));
	return (0);
}

static struct hostent *
preload_answer_with(char *name)
{

	preload_addr.s_addr = htonl(INADDR_LOOPBACK);
	preload_answer.h_name = name;
	return (&preload_answer);
}

struct hostent *
gethostbyname2(const char *name, int family)
{

	if (family == AF_INET && strcmp(name, preload_host) == 0)
		return (preload_answer_with(preload_host));
	/* An address is its own name. */
	if (family == AF_INET && (strcmp(name, preload_localhost) == 0 ||
	    strcmp(name, preload_loopback) == 0))
		return (preload_answer_with(preload_localhost));
	h_errno = HOST_NOT_FOUND;
	return (NULL);
}

struct hostent *
gethostbyname(const char *name)
{

	return (gethostbyname2(name, AF_INET));
}

struct hostent *
gethostbyaddr(const void *addr, socklen_t len, int family)
{
	struct in_addr in;

	if (family == AF_INET && len == sizeof(in)) {
		memcpy(&in, addr, sizeof(in));
		if (in.s_addr == htonl(INADDR_LOOPBACK))
			return (preload_answer_with(preload_localhost));
	}
	h_errno = HOST_NOT_FOUND;
	return (NULL);
}
