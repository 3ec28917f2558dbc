/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_socks.c - a SOCKS5 proxy for tests, on a free port of loopback.
 * Owns:      "h_socks [-s] [-m PORT] [-r CODE] [-u USER:PASSWORD] READY".
 * Called by: t_route.sh.
 * Must not:  connect to another host: whatever is asked for, it connects to
 *            that port of 127.0.0.1.
 *
 *	-m PORT			says nothing when asked for that port
 *	-r CODE			refuses each destination with that code
 *	-s			answers byte by byte
 *	-u USER:PASSWORD	wants to know them
 *
 * READY gets the port as soon as it listens.  For each request it prints one
 * line: "name HOST PORT", "ipv4 ADDRESS PORT" or "ipv6 ADDRESS PORT", with
 * " user=USER" behind it.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static bool	 socks_is_slow;
static unsigned	 socks_mute;
static int	 socks_code;
static const char *socks_secret;	/* USER:PASSWORD */

/* All of it, or the end of this connection's process. */
static void
socks_read(int fd, unsigned char *p, size_t n)
{
	ssize_t got;

	for (; n > 0; p += got, n -= (size_t)got)
		if ((got = read(fd, p, n)) <= 0)
			_exit(0);
}

static void
socks_write(int fd, const unsigned char *p, size_t n, bool slowly)
{
	struct timespec pause = { 0, 5 * 1000 * 1000 };
	ssize_t done;

	for (; n > 0; p += done, n -= (size_t)done) {
		if ((done = write(fd, p, slowly ? 1 : n)) <= 0)
			_exit(0);
		if (slowly)
			(void)nanosleep(&pause, NULL);
	}
}

static void
socks_say(int fd, const unsigned char *p, size_t n)
{
	socks_write(fd, p, n, socks_is_slow);
}

static void
socks_hello(int fd, char *user, size_t size)
{
	unsigned char head[2], list[255], want, answer[2] = { 5, 0xff };
	char said[520], name[256], password[256];
	bool good;

	socks_read(fd, head, 2);
	if (head[0] != 5)
		errx(1, "hello begins with %u", head[0]);
	socks_read(fd, list, head[1]);
	want = socks_secret != NULL ? 2 : 0;
	if (memchr(list, want, head[1]) != NULL)
		answer[1] = want;
	socks_say(fd, answer, 2);
	if (answer[1] == 0xff)
		_exit(0);
	if (want == 0)
		return;
	socks_read(fd, head, 2);
	if (head[0] != 1)
		errx(1, "the password begins with %u", head[0]);
	memset(name, 0, sizeof(name));
	memset(password, 0, sizeof(password));
	socks_read(fd, (unsigned char *)name, head[1]);
	socks_read(fd, head, 1);
	socks_read(fd, (unsigned char *)password, head[0]);
	snprintf(said, sizeof(said), "%s:%s", name, password);
	good = strcmp(said, socks_secret) == 0;
	answer[0] = 1;
	answer[1] = good ? 0 : 1;
	socks_say(fd, answer, 2);
	if (!good)
		_exit(0);
	snprintf(user, size, " user=%s", name);
}

/* The port that was asked for. */
static unsigned
socks_request(int fd, const char *user)
{
	unsigned char head[4], len, port[2];
	char host[256], text[INET6_ADDRSTRLEN];
	unsigned n;

	memset(host, 0, sizeof(host));
	socks_read(fd, head, 4);
	if (head[0] != 5 || head[1] != 1 || head[2] != 0)
		errx(1, "a request begins with %u %u %u", head[0], head[1],
		    head[2]);
	if (head[3] == 3) {
		socks_read(fd, &len, 1);
		socks_read(fd, (unsigned char *)host, len);
	} else
		socks_read(fd, (unsigned char *)host, head[3] == 1 ? 4 : 16);
	socks_read(fd, port, 2);
	n = (unsigned)port[0] << 8 | port[1];
	if (head[3] == 3)
		printf("name %s %u%s\n", host, n, user);
	else
		printf("%s %s %u%s\n", head[3] == 1 ? "ipv4" : "ipv6",
		    inet_ntop(head[3] == 1 ? AF_INET : AF_INET6, host, text,
		    sizeof(text)), n, user);
	fflush(stdout);
	return (n);
}

/* Until one of them ends. */
static void
socks_relay(int a, int b)
{
	struct pollfd p[2];
	unsigned char data[65536];
	ssize_t n;
	int i;

	for (;;) {
		p[0].fd = a;
		p[1].fd = b;
		p[0].events = p[1].events = POLLIN;
		if (poll(p, 2, -1) == -1)
			_exit(1);
		for (i = 0; i < 2; i++) {
			if (p[i].revents == 0)
				continue;
			if ((n = read(p[i].fd, data, sizeof(data))) <= 0)
				_exit(0);
			socks_write(p[1 - i].fd, data, (size_t)n, false);
		}
	}
}

static void
socks_serve(int fd)
{
	unsigned char reply[] = { 5, 0, 0, 1, 127, 0, 0, 1, 0, 1 };
	struct sockaddr_in in;
	char user[280] = "";
	unsigned port;
	int to;

	socks_hello(fd, user, sizeof(user));
	port = socks_request(fd, user);
	if (port == socks_mute) {
		/* Until the other side has had enough. */
		socks_read(fd, reply, 1);
		return;
	}
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = htons((uint16_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	reply[1] = (unsigned char)socks_code;
	to = socket(AF_INET, SOCK_STREAM, 0);
	if (socks_code == 0 &&
	    connect(to, (struct sockaddr *)&in, sizeof(in)) == -1)
		reply[1] = 5;
	socks_say(fd, reply, sizeof(reply));
	if (reply[1] == 0)
		socks_relay(fd, to);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	FILE *fp;
	int ch, door, fd;

	while ((ch = getopt(argc, argv, "m:r:su:")) != -1) {
		switch (ch) {
		case 'm':
			socks_mute = (unsigned)atoi(optarg);
			break;
		case 'r':
			socks_code = atoi(optarg);
			break;
		case 's':
			socks_is_slow = true;
			break;
		case 'u':
			socks_secret = optarg;
			break;
		default:
			return (64);
		}
	}
	if (argc != optind + 1)
		errx(64, "usage: h_socks [-s] [-m port] [-r code] "
		    "[-u user:password] ready");
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	door = socket(AF_INET, SOCK_STREAM, 0);
	if (door == -1 || bind(door, (struct sockaddr *)&in, len) == -1 ||
	    listen(door, 50) == -1 ||
	    getsockname(door, (struct sockaddr *)&in, &len) == -1)
		err(1, "cannot listen");
	(void)signal(SIGCHLD, SIG_IGN);
	if ((fp = fopen(argv[optind], "w")) == NULL)
		err(1, "%s", argv[optind]);
	fprintf(fp, "%u\n", (unsigned)ntohs(in.sin_port));
	if (fclose(fp) == EOF)
		err(1, "%s", argv[optind]);
	while ((fd = accept(door, NULL, NULL)) != -1) {
		if (fork() == 0) {
			(void)close(door);
			socks_serve(fd);
			_exit(0);
		}
		(void)close(fd);
	}
	err(1, "accept");
}
