/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_pair.c - both ends of a TCP connection on loopback: an SMTP client's, and
 * the MTA's.
 * Owns:      the two descriptors.
 * Called by: t_connection_check.sh.
 * Must not:  send a byte.
 *
 * usage: h_pair inet|inet6 <WORDS
 *
 * Prints "CLIENTPORT SERVERPORT", and after each word of its standard input
 * "left":
 *
 *	close	the client closes: the MTA's end is in CLOSE_WAIT
 *	reset	the client resets: the MTA's end is in no table any more
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static unsigned
port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == -1)
		fail("getsockname");
	return (ntohs(ss.ss_family == AF_INET6 ?
	    ((struct sockaddr_in6 *)&ss)->sin6_port :
	    ((struct sockaddr_in *)&ss)->sin_port));
}

int
main(int argc, char **argv)
{
	struct linger linger = { 1, 0 };
	struct sockaddr_in6 in6;
	struct sockaddr_in in;
	struct sockaddr *sa;
	socklen_t len;
	int listener, client, server, family;
	char word[32];

	if (argc != 2)
		return (64);
	family = strcmp(argv[1], "inet6") == 0 ? AF_INET6 : AF_INET;
	memset(&in, 0, sizeof(in));
	memset(&in6, 0, sizeof(in6));
	in.sin_family = AF_INET;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in6.sin6_family = AF_INET6;
	in6.sin6_addr = in6addr_loopback;
	sa = family == AF_INET6 ? (struct sockaddr *)&in6 :
	    (struct sockaddr *)&in;
	len = family == AF_INET6 ? sizeof(in6) : sizeof(in);
	listener = socket(family, SOCK_STREAM, 0);
	client = socket(family, SOCK_STREAM, 0);
	if (listener == -1 || client == -1 || bind(listener, sa, len) == -1 ||
	    listen(listener, 1) == -1 || getsockname(listener, sa, &len) == -1)
		fail("listen");
	if (connect(client, sa, len) == -1)
		fail("connect");
	server = accept(listener, NULL, NULL);
	if (server == -1)
		fail("accept");
	printf("%u %u\n", port(client), port(server));
	(void)fflush(stdout);
	while (scanf("%31s", word) == 1) {
		if (strcmp(word, "reset") == 0 && setsockopt(client,
		    SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)) == -1)
			fail("SO_LINGER");
		(void)close(client);
		printf("left\n");
		(void)fflush(stdout);
	}
	return (0);
}
