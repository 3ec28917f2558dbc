/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * poll.c - the loop over poll(2), which every system has.
 * Owns:      the array of struct pollfd, indexed by slot.
 * Called by: loop.c.
 * Must not:  call a handler, or decide who is called.
 */
#include "compat.h"

#include <errno.h>
#include <poll.h>

#include "event/loop_internal.h"

/* fds[i].fd is -1 for a slot that is free or watches nothing. */
struct poll_backend {
	struct pollfd	*fds;
	size_t		 cap;
	size_t		 n;	/* entries behind it are all -1 */
};

static int
poll_backend_open(struct loop *l)
{
	l->be = calloc(1, sizeof(struct poll_backend));
	return (l->be != NULL ? 0 : -1);
}

static void
poll_backend_close(struct loop *l)
{
	struct poll_backend *be = l->be;

	free(be->fds);
	free(be);
}

static int
poll_backend_grow(struct loop *l, size_t n)
{
	struct poll_backend *be = l->be;
	struct pollfd *fds;

	fds = realloc(be->fds, n * sizeof(*fds));
	if (fds == NULL)
		return (-1);
	be->fds = fds;
	for (; be->cap < n; be->cap++) {
		fds[be->cap].fd = -1;
		fds[be->cap].events = 0;
		fds[be->cap].revents = 0;
	}
	return (0);
}

static int
poll_backend_arm(struct loop *l, struct loop_io *io, unsigned was,
    unsigned bits)
{
	struct poll_backend *be = l->be;
	struct pollfd *p = &be->fds[io->slot];

	(void)was;
	/* Without a bit it must be out: errors are reported unasked. */
	p->fd = bits != 0 ? io->fd : -1;
	p->events = 0;
	if ((bits & LOOP_READ) != 0)
		p->events |= POLLIN;
	if ((bits & LOOP_WRITE) != 0)
		p->events |= POLLOUT;
	if (bits != 0 && be->n <= io->slot)
		be->n = io->slot + 1;
	while (be->n > 0 && be->fds[be->n - 1].fd == -1)
		be->n--;
	return (0);
}

static int
poll_backend_wait(struct loop *l, int ms)
{
	struct poll_backend *be = l->be;
	size_t i;
	unsigned bits;
	int left;

	left = poll(be->fds, (nfds_t)be->n, ms);
	if (left == -1)
		return (-1);
	for (i = 0; i < be->n && left > 0; i++) {
		short got = be->fds[i].revents;

		if (be->fds[i].fd == -1 || got == 0)
			continue;
		left--;
		bits = 0;
		if ((got & POLLIN) != 0)
			bits |= LOOP_READ;
		if ((got & POLLOUT) != 0)
			bits |= LOOP_WRITE;
		if ((got & (POLLERR | POLLHUP | POLLNVAL)) != 0)
			bits |= LOOP_FAULT;
		loop_ready(l, i, bits);
	}
	return (0);
}

const struct loop_ops loop_ops_poll = {
	"poll",
	poll_backend_open,
	poll_backend_close,
	poll_backend_grow,
	poll_backend_arm,
	poll_backend_wait,
};
