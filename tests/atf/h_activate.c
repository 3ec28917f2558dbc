/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_activate.c - starts a program with listening sockets, as systemd does.
 * Owns:      "h_activate SPEC ... -- PROGRAM ARGUMENT ...".
 * Called by: t_upgrade.sh.
 * Must not:  listen where the program could: it only has what it is given.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/spec.h"

int
main(int argc, char *argv[])
{
	struct sockaddr_storage ss;
	char text[256];
	struct spec spec;
	socklen_t len;
	int i, fd, n = 0;

	for (i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		if (spec_parse(argv[i], &spec, text, sizeof(text)) == -1 ||
		    spec_sockaddr(&spec, true, &ss, &len) == -1)
			errx(2, "%s: %s", argv[i], text);
		fd = socket(spec.family, SOCK_STREAM, 0);
		if (fd == -1 || bind(fd, (struct sockaddr *)&ss, len) == -1 ||
		    listen(fd, 16) == -1)
			err(1, "%s", argv[i]);
		spec_free(&spec);
		n++;
		if (fd != 2 + n && dup2(fd, 2 + n) == -1)
			err(1, "dup2");
	}
	if (i + 1 >= argc)
		errx(2, "usage: h_activate SPEC ... -- PROGRAM ...");
	(void)snprintf(text, sizeof(text), "%ld", (long)getpid());
	(void)setenv("LISTEN_PID", text, 1);
	(void)snprintf(text, sizeof(text), "%d", n);
	if (n > 0)
		(void)setenv("LISTEN_FDS", text, 1);
	execvp(argv[i + 1], argv + i + 1);
	err(1, "%s", argv[i + 1]);
}
