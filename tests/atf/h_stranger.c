/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_stranger.c - a server or a client that is no milter and no MTA.
 * Owns:      "h_stranger serve [-c] PATH", "h_stranger connect [-c] PATH".
 * Called by: t_stranger.sh.
 * Must not:  know the milter protocol.
 *
 * What it says is its standard input.  serve: says it to each connection before
 * it reads anything, and ends when it is killed; it prints "ready" when it
 * listens.  connect: says it once.  -c: closes behind it; else the other one
 * has to close, and connect fails when bytes came back.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

static char words[65536];
static size_t words_len;

static void
say(int fd)
{
	if (words_len > 0 && write(fd, words, words_len) == -1 &&
	    errno != EPIPE)
		err(1, "write");
}

/* Until the other one closes; how much came. */
static size_t
hear(int fd)
{
	char bytes[4096];
	size_t sum = 0;
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0)
		sum += (size_t)n;
	return (sum);
}

int
main(int argc, char *argv[])
{
	struct sockaddr_un sun;
	bool leaves = argc > 2 && strcmp(argv[2], "-c") == 0;
	size_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), one;

	if (argc != (leaves ? 4 : 3))
		return (2);
	(void)signal(SIGPIPE, SIG_IGN);
	words_len = fread(words, 1, sizeof(words), stdin);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)strlcpy(sun.sun_path, argv[argc - 1], sizeof(sun.sun_path));
	if (fd == -1)
		err(1, "socket");
	if (strcmp(argv[1], "connect") == 0) {
		if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
			err(1, "%s", sun.sun_path);
		say(fd);
		if (!leaves && (n = hear(fd)) > 0)
			errx(1, "%zu bytes came back", n);
		return (0);
	}
	(void)unlink(sun.sun_path);
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 16) == -1)
		err(1, "%s", sun.sun_path);
	printf("ready\n");
	(void)fflush(stdout);
	for (;;) {
		if ((one = accept(fd, NULL, NULL)) == -1)
			err(1, "accept");
		say(one);
		if (!leaves)
			(void)hear(one);
		(void)close(one);
	}
}
