/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sock.h - sockets that are non-blocking and close-on-exec from the start.
 */
#ifndef NET_SOCK_H
#define NET_SOCK_H

#include <sys/socket.h>

/* A stream socket of that family, or -1 and errno. */
int	sock_new(int family);
/* The same for datagrams. */
int	sock_new_datagram(int family);
/* accept(2): a new descriptor, or -1 and errno. */
int	sock_accept(int fd, struct sockaddr *, socklen_t *);
/* Makes any descriptor non-blocking and close-on-exec.  0, or -1 and errno. */
int	sock_prepare(int fd);

#endif /* NET_SOCK_H */
