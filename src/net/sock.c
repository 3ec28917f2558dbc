/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sock.c - sockets that are non-blocking and close-on-exec from the start.
 * Owns:      the one place where descriptors get these two properties.
 * Called by: the other files of net/; condition/feed_program.c.
 * Must not:  know a loop.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "net/sock.h"

int
sock_prepare(int fd)
{
	int flags;

	if ((flags = fcntl(fd, F_GETFL)) == -1 ||
	    ((flags & O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1))
		return (-1);
	if ((flags = fcntl(fd, F_GETFD)) == -1 ||
	    ((flags & FD_CLOEXEC) == 0 &&
	    fcntl(fd, F_SETFD, flags | FD_CLOEXEC) == -1))
		return (-1);
	return (0);
}

#if HAVE_ACCEPT4

int
sock_new(int family)
{
	return (socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int
sock_new_datagram(int family)
{
	return (socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

int
sock_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return (accept4(fd, sa, len, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

#else /* !HAVE_ACCEPT4 */

/* fd, or -1 with fd closed. */
static int
sock_prepared(int fd)
{
	int saved;

	if (fd != -1 && sock_prepare(fd) == -1) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		return (-1);
	}
	return (fd);
}

int
sock_new(int family)
{
	return (sock_prepared(socket(family, SOCK_STREAM, 0)));
}

int
sock_new_datagram(int family)
{
	return (sock_prepared(socket(family, SOCK_DGRAM, 0)));
}

int
sock_accept(int fd, struct sockaddr *sa, socklen_t *len)
{
	return (sock_prepared(accept(fd, sa, len)));
}

#endif /* !HAVE_ACCEPT4 */
