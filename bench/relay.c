/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * relay.c - copies bytes between a client and a server: what the system itself
 * takes for a connection that goes through one more process.
 * Owns:      nothing of the program; it is the measure for it.
 * Called by: bench/bench.sh.
 * Must not:  know any protocol.
 *
 * usage: relay LISTEN-PATH SERVER-PATH	(unix sockets)
 *
 * One process, poll(2), a descriptor pair a connection, blocking writes: with
 * little in flight a write never waits.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define RELAY_MAX	2048	/* descriptors */

static struct pollfd relay_poll[RELAY_MAX];
static int relay_peer[RELAY_MAX];	/* index of the other side */
static nfds_t relay_n = 1;
static char relay_bytes[262144];

static int
relay_socket(const char *path, struct sockaddr_un *sun)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlcpy(sun->sun_path, path, sizeof(sun->sun_path)) >=
	    sizeof(sun->sun_path))
		return (-1);
	return (socket(AF_UNIX, SOCK_STREAM, 0));
}

static void
relay_accept(int fd, const char *server)
{
	struct sockaddr_un sun;
	int from = accept(fd, NULL, NULL);
	int to;

	if (from == -1)
		return;
	to = relay_socket(server, &sun);
	if (to == -1 || relay_n + 2 > RELAY_MAX ||
	    connect(to, (struct sockaddr *)&sun, sizeof(sun)) == -1) {
		perror("relay");
		exit(1);
	}
	relay_poll[relay_n].fd = from;
	relay_poll[relay_n].events = POLLIN;
	relay_poll[relay_n].revents = 0;
	relay_peer[relay_n] = (int)relay_n + 1;
	relay_poll[relay_n + 1].fd = to;
	relay_poll[relay_n + 1].events = POLLIN;
	relay_poll[relay_n + 1].revents = 0;
	relay_peer[relay_n + 1] = (int)relay_n;
	relay_n += 2;
}

/* Takes the pair out; the last pair moves into its place. */
static void
relay_end(nfds_t i)
{
	nfds_t first = i % 2 == 1 ? i : i - 1;

	(void)close(relay_poll[first].fd);
	(void)close(relay_poll[first + 1].fd);
	relay_n -= 2;
	relay_poll[first] = relay_poll[relay_n];
	relay_poll[first + 1] = relay_poll[relay_n + 1];
}

static void
relay_copy(nfds_t i)
{
	ssize_t n = read(relay_poll[i].fd, relay_bytes, sizeof(relay_bytes));
	ssize_t done = 0, w;

	while (done < n) {
		w = write(relay_poll[relay_peer[i]].fd, relay_bytes + done,
		    (size_t)(n - done));
		if (w <= 0) {
			n = 0;
			break;
		}
		done += w;
	}
	if (n <= 0)
		relay_end(i);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_un sun;
	nfds_t i;
	int fd;

	if (argc != 3) {
		(void)fputs("usage: relay LISTEN-PATH SERVER-PATH\n", stderr);
		return (64);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	(void)unlink(argv[1]);
	fd = relay_socket(argv[1], &sun);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, SOMAXCONN) == -1) {
		perror(argv[1]);
		return (1);
	}
	relay_poll[0].fd = fd;
	relay_poll[0].events = POLLIN;
	for (;;) {
		if (poll(relay_poll, relay_n, -1) == -1) {
			if (errno == EINTR)
				continue;
			perror("poll");
			return (1);
		}
		for (i = relay_n; i-- > 1;)
			if (i < relay_n && relay_poll[i].revents != 0) {
				relay_poll[i].revents = 0;
				relay_copy(i);
			}
		if (relay_poll[0].revents != 0)
			relay_accept(fd, argv[2]);
	}
}
