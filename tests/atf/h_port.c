/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_port.c - free ports, and waiting for a server to listen.
 * Owns:      "h_port free N", "h_port wait SPEC PID [SECONDS]".
 * Called by: h_milters.sh, h_postfix.sh.
 * Must not:  need anything but libc, or say anything to a server it found.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PORT_MAX	64

static int	port_free(int);
static int	port_try(const char *);
static int	port_wait(const char *, pid_t, long);

/* Prints n ports; all are held until the last one is known. */
static int
port_free(int n)
{
	struct sockaddr_in sin;
	socklen_t len;
	int fd[PORT_MAX], i;

	if (n < 1 || n > PORT_MAX)
		return (2);
	for (i = 0; i < n; i++) {
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		len = sizeof(sin);
		fd[i] = socket(AF_INET, SOCK_STREAM, 0);
		if (fd[i] == -1 ||
		    bind(fd[i], (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
		    getsockname(fd[i], (struct sockaddr *)&sin, &len) != 0) {
			perror("h_port");
			return (1);
		}
		printf("%u\n", (unsigned)ntohs(sin.sin_port));
	}
	return (0);
}

/* One connection to inet:PORT[@...] on loopback, or unix:PATH. */
static int
port_try(const char *spec)
{
	struct sockaddr_in sin;
	struct sockaddr_un sun;
	int fd, r;

	if (strncmp(spec, "unix:", 5) == 0 ||
	    strncmp(spec, "local:", 6) == 0) {
		memset(&sun, 0, sizeof(sun));
		sun.sun_family = AF_UNIX;
		spec = strchr(spec, ':') + 1;
		if (strlen(spec) >= sizeof(sun.sun_path)) {
			fprintf(stderr, "h_port: %s: too long\n", spec);
			exit(2);
		}
		memcpy(sun.sun_path, spec, strlen(spec));
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		r = connect(fd, (struct sockaddr *)&sun, sizeof(sun));
	} else {
		if (strncmp(spec, "inet:", 5) == 0)
			spec += 5;
		memset(&sin, 0, sizeof(sin));
		sin.sin_family = AF_INET;
		sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		sin.sin_port = htons((in_port_t)strtoul(spec, NULL, 10));
		fd = socket(AF_INET, SOCK_STREAM, 0);
		r = connect(fd, (struct sockaddr *)&sin, sizeof(sin));
	}
	(void)close(fd);
	return (r);
}

/* Gives up when the process is gone (pid 0: none to watch) or late. */
static int
port_wait(const char *spec, pid_t pid, long seconds)
{
	struct timespec pause;
	long i;

	pause.tv_sec = 0;
	pause.tv_nsec = 20 * 1000 * 1000;
	for (i = 0; i < seconds * 50; i++) {
		if (port_try(spec) == 0)
			return (0);
		if (pid > 0 && kill(pid, 0) != 0 && errno == ESRCH) {
			fprintf(stderr, "h_port: %s: its process is gone\n",
			    spec);
			return (1);
		}
		(void)nanosleep(&pause, NULL);
	}
	fprintf(stderr, "h_port: %s: nobody listens\n", spec);
	return (1);
}

int
main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "free") == 0)
		return (port_free(atoi(argv[2])));
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "wait") == 0)
		return (port_wait(argv[2], (pid_t)atol(argv[3]),
		    argc == 5 ? atol(argv[4]) : 60));
	fprintf(stderr, "usage: h_port free N | wait SPEC PID [SECONDS]\n");
	return (2);
}
