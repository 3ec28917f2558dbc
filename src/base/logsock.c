/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * logsock.c - lines to the syslog daemon, without ever waiting for it.
 * Owns:      the socket, and the form of a datagram.
 * Called by: log.c.
 * Must not:  wait, allocate, or know what a line is about.
 *
 * "<PRIORITY>IDENT[PID]: TEXT": the time is left out, since the daemon on the
 * same machine has its own, and knows the time zone in a chroot, too.
 */
#include "compat.h"

#include <stdio.h>
#include <syslog.h>

#include "base/logsock.h"

#if HAVE_SYSLOG_SOCKET

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LOGSOCK_MAX	2300	/* a line of log.c, and what is before it */

static struct {
	int		 fd;		/* -1: none */
	const char	*path;
	const char	*ident;
	int		 facility;
} logsock = { -1, NULL, NULL, 0 };

static void
logsock_connect(void)
{
	struct sockaddr_un un;
	int fd;

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	(void)strlcpy(un.sun_path, logsock.path, sizeof(un.sun_path));
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd == -1)
		return;
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    connect(fd, (const struct sockaddr *)&un, sizeof(un)) == -1) {
		(void)close(fd);
		return;
	}
	logsock.fd = fd;
}

void
logsock_open(const char *path, const char *ident, int facility)
{
	logsock.path = path != NULL ? path : _PATH_LOG;
	logsock.ident = ident;
	logsock.facility = facility;
	if (logsock.fd == -1)
		logsock_connect();
}

void
logsock_close(void)
{
	if (logsock.fd != -1)
		(void)close(logsock.fd);
	logsock.fd = -1;
}

bool
logsock_send(int level, const char *text)
{
	char line[LOGSOCK_MAX];
	int n, tries;

	n = snprintf(line, sizeof(line), "<%d>%s[%ld]: %s",
	    logsock.facility | level, logsock.ident, (long)getpid(), text);
	if (n < 0)
		return (false);
	if ((size_t)n >= sizeof(line))
		n = (int)sizeof(line) - 1;
	for (tries = 0; tries < 2; tries++) {
		if (logsock.fd == -1)
			logsock_connect();
		if (logsock.fd == -1)
			return (false);
		if (send(logsock.fd, line, (size_t)n, 0) == n)
			return (true);
		/* Full, by its several names. */
		if (errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == ENOBUFS || errno == EINTR)
			return (false);
		/* The daemon was restarted: its socket is another one. */
		logsock_close();
	}
	return (false);
}

#undef LOGSOCK_MAX

#else /* !HAVE_SYSLOG_SOCKET */

void
logsock_open(const char *path, const char *ident, int facility)
{
	(void)path;
	openlog(ident, LOG_PID | LOG_NDELAY, facility);
}

void
logsock_close(void)
{
	closelog();
}

bool
logsock_send(int level, const char *text)
{
	syslog(level, "%s", text);
	return (true);
}

#endif /* !HAVE_SYSLOG_SOCKET */
