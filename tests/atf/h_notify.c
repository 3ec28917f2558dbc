/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_notify.c - a service manager's end of sd_notify: h_notify NAME prints the
 * lines of each datagram that comes to the socket NAME (a path, or "@" and an
 * abstract name), and an empty one behind it, until a signal ends it.
 */
#include <sys/types.h>

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

int
main(int argc, char **argv)
{
	struct sockaddr_un un;
	char text[4096];
	size_t len;
	ssize_t n;
	int fd;

	if (argc != 2 || (len = strlen(argv[1])) >= sizeof(un.sun_path))
		errx(64, "usage: h_notify NAME");
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	memcpy(un.sun_path, argv[1], len);
	if (argv[1][0] == '@')
		un.sun_path[0] = '\0';
	else
		len++;
	len += offsetof(struct sockaddr_un, sun_path);
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd == -1 || bind(fd, (const struct sockaddr *)&un,
	    (socklen_t)len) == -1)
		err(1, "%s", argv[1]);
	(void)puts("bound");
	(void)fflush(stdout);
	while ((n = recv(fd, text, sizeof(text), 0)) >= 0) {
		(void)printf("%.*s\n", (int)n, text);
		(void)fflush(stdout);
	}
	return (1);
}
