/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * epoll.c - the loop over epoll(7).
 * Owns:      the epoll descriptor.
 * Called by: loop.c.
 * Must not:  call a handler, or decide who is called.
 */
#include "compat.h"

#if HAVE_EPOLL

#include <sys/epoll.h>

#include <errno.h>
#include <unistd.h>

#include "event/loop_internal.h"

struct epoll_backend {
	int			 fd;
	struct epoll_event	 events[LOOP_EVENTS];
};

static int
epoll_backend_open(struct loop *l)
{
	struct epoll_backend *be;
	int saved;

	be = calloc(1, sizeof(*be));
	if (be == NULL)
		return (-1);
	be->fd = epoll_create1(EPOLL_CLOEXEC);
	if (be->fd == -1) {
		saved = errno;
		free(be);
		errno = saved;
		return (-1);
	}
	l->be = be;
	return (0);
}

static void
epoll_backend_close(struct loop *l)
{
	struct epoll_backend *be = l->be;

	(void)close(be->fd);
	free(be);
}

static int
epoll_backend_arm(struct loop *l, struct loop_io *io, unsigned was,
    unsigned bits)
{
	struct epoll_backend *be = l->be;
	struct epoll_event ev;

	memset(&ev, 0, sizeof(ev));
	ev.data.u64 = io->slot;
	if ((bits & LOOP_READ) != 0)
		ev.events |= EPOLLIN;
	if ((bits & LOOP_WRITE) != 0)
		ev.events |= EPOLLOUT;
	if (bits == 0) {
		/* EPOLLERR and EPOLLHUP come unasked, so it has to go. */
		if (was != 0)
			(void)epoll_ctl(be->fd, EPOLL_CTL_DEL, io->fd, &ev);
		return (0);
	}
	if (epoll_ctl(be->fd, was != 0 ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
	    io->fd, &ev) == 0)
		return (0);
	/* A regular file, or a device like /dev/null. */
	if (errno == EPERM)
		return ((int)bits);
	return (-1);
}

static int
epoll_backend_wait(struct loop *l, int ms)
{
	struct epoll_backend *be = l->be;
	int i, n;
	unsigned bits;

	n = epoll_wait(be->fd, be->events, LOOP_EVENTS, ms);
	if (n == -1)
		return (-1);
	for (i = 0; i < n; i++) {
		uint32_t got = be->events[i].events;

		bits = 0;
		if ((got & EPOLLIN) != 0)
			bits |= LOOP_READ;
		if ((got & EPOLLOUT) != 0)
			bits |= LOOP_WRITE;
		if ((got & (EPOLLERR | EPOLLHUP)) != 0)
			bits |= LOOP_FAULT;
		loop_ready(l, (size_t)be->events[i].data.u64, bits);
	}
	return (0);
}

const struct loop_ops loop_ops_epoll = {
	"epoll",
	epoll_backend_open,
	epoll_backend_close,
	NULL,
	epoll_backend_arm,
	epoll_backend_wait,
};

#endif /* HAVE_EPOLL */
