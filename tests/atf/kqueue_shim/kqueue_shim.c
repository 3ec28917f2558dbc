/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * kqueue_shim.c - kqueue(2) as FreeBSD does it, over epoll(7).
 * Owns:      for each kqueue a table of knotes by descriptor.
 * Called by: src/event/kqueue.c in a test build with -DHAVE_KQUEUE=1.
 * Must not:  be in any program that is installed.
 *
 * As on FreeBSD: EV_ADD again updates udata and flags; knotes vanish when their
 * descriptor is closed, and the number can be used again; an error in a change
 * comes back as an EV_ERROR entry, or as the call's error when there is no
 * room; a call that has such entries does not wait; a pipe without a reader
 * refuses EVFILT_WRITE with EPIPE; EV_EOF comes together with unread data;
 * kqueue() does not set FD_CLOEXEC.
 *
 * Not as on FreeBSD: fflags is always 0 (finding the error would take it from
 * the socket); EV_CLEAR acts only while every enabled knote of the descriptor
 * has it; regular files are taken but never ready (FreeBSD: not at their end),
 * devices are refused with EINVAL; nothing but READ and WRITE; one thread.
 */
#include "compat.h"

#include <sys/types.h>
#include <sys/epoll.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#define SHIM_READ	0
#define SHIM_WRITE	1
#define SHIM_BATCH	64

struct shim_knote {
	bool		 there;
	bool		 enabled;
	unsigned short	 flags;		/* EV_ONESHOT, EV_CLEAR */
	void		*udata;
};

/* One descriptor: its two knotes, and which life of the number they are of. */
struct shim_fd {
	struct shim_knote k[2];
	uint32_t	 life;
	bool		 in_epoll;
	bool		 turn;		/* the other filter goes first */
};

struct shim_kqueue {
	struct shim_fd	*fds;
	size_t		 n;
};

/* By the number of the kqueue's own descriptor. */
static struct shim_kqueue *shim_kqueues;
static size_t shim_n_kqueues;

/* Makes room in a table; new entries are zero. */
static int
shim_grow(void **table, size_t *n, size_t size, size_t index)
{
	char *p;
	size_t want;

	if (index < *n)
		return (0);
	want = index * 2 + 16;
	p = realloc(*table, want * size);
	if (p == NULL)
		return (-1);
	memset(p + *n * size, 0, (want - *n) * size);
	*table = p;
	*n = want;
	return (0);
}

/* So that a search for leaks sees only the program's own. */
static void
shim_free(void)
{
	size_t i;

	for (i = 0; i < shim_n_kqueues; i++)
		free(shim_kqueues[i].fds);
	free(shim_kqueues);
	shim_kqueues = NULL;
	shim_n_kqueues = 0;
}

int
kqueue(void)
{
	static bool registered;
	void *table = shim_kqueues;
	struct shim_kqueue *kq;
	int fd;

	fd = epoll_create1(0);
	if (fd == -1)
		return (-1);
	if (!registered) {
		registered = true;
		(void)atexit(shim_free);
	}
	if (shim_grow(&table, &shim_n_kqueues, sizeof(*shim_kqueues),
	    (size_t)fd) == -1) {
		(void)close(fd);
		errno = ENOMEM;
		return (-1);
	}
	shim_kqueues = table;
	kq = &shim_kqueues[fd];
	/* The number may be that of a kqueue that was closed. */
	free(kq->fds);
	kq->fds = NULL;
	kq->n = 0;
	return (fd);
}

/* Tells epoll what the knotes of fd want.  0 or an errno value. */
static int
shim_sync(int kqfd, int fd, struct shim_fd *f)
{
	struct epoll_event ev;
	struct stat st;
	bool clear = true;
	int i;

	memset(&ev, 0, sizeof(ev));
	ev.data.u64 = (uint64_t)f->life << 32 | (uint32_t)fd;
	for (i = 0; i < 2; i++) {
		if (!f->k[i].there || !f->k[i].enabled)
			continue;
		if ((f->k[i].flags & EV_CLEAR) == 0)
			clear = false;
		ev.events |= i == SHIM_READ ? EPOLLIN | EPOLLRDHUP : EPOLLOUT;
	}
	/*
	 * With nothing enabled this leaves EPOLLET alone: then errors, which
	 * epoll reports unasked, come once and are not seen by the caller.
	 */
	if (clear)
		ev.events |= EPOLLET;
	if (!f->k[SHIM_READ].there && !f->k[SHIM_WRITE].there) {
		(void)epoll_ctl(kqfd, EPOLL_CTL_DEL, fd, &ev);
		f->in_epoll = false;
		return (0);
	}
	if (epoll_ctl(kqfd, f->in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
	    &ev) == -1) {
		if (errno != EPERM)
			return (errno);
		return (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ? 0 :
		    EINVAL);
	}
	f->in_epoll = true;
	return (0);
}

/*
 * Forgets the knotes of a descriptor that was closed since: epoll, which drops
 * them by itself, then no longer knows it.
 */
static void
shim_check_life(int kqfd, int fd, struct shim_fd *f)
{
	if (!f->in_epoll || shim_sync(kqfd, fd, f) != ENOENT)
		return;
	memset(f->k, 0, sizeof(f->k));
	f->in_epoll = false;
	f->life++;
}

/* Applies one change.  0 or an errno value. */
static int
shim_change(int kqfd, const struct kevent *ch)
{
	struct shim_kqueue *kq = &shim_kqueues[kqfd];
	struct shim_knote *k, was;
	struct pollfd pfd;
	struct shim_fd *f;
	struct stat st;
	void *table;
	int error, fd;

	if (ch->filter != EVFILT_READ && ch->filter != EVFILT_WRITE)
		return (EINVAL);
	if (ch->ident > INT_MAX || fcntl((int)ch->ident, F_GETFD) == -1)
		return (EBADF);
	fd = (int)ch->ident;
	table = kq->fds;
	if (shim_grow(&table, &kq->n, sizeof(*kq->fds), (size_t)fd) == -1)
		return (ENOMEM);
	kq->fds = table;
	f = &kq->fds[fd];
	shim_check_life(kqfd, fd, f);
	k = &f->k[ch->filter == EVFILT_READ ? SHIM_READ : SHIM_WRITE];
	if (!k->there && (ch->flags & EV_ADD) == 0)
		return (ENOENT);
	was = *k;
	if ((ch->flags & EV_DELETE) != 0) {
		memset(k, 0, sizeof(*k));
		return (shim_sync(kqfd, fd, f));
	}
	if ((ch->flags & EV_ADD) != 0) {
		pfd.fd = fd;
		pfd.events = POLLOUT;
		if (ch->filter == EVFILT_WRITE && fstat(fd, &st) == 0 &&
		    S_ISFIFO(st.st_mode) && poll(&pfd, 1, 0) == 1 &&
		    (pfd.revents & POLLERR) != 0)
			return (EPIPE);
		if (!k->there)
			k->enabled = true;
		k->there = true;
		k->flags = ch->flags & (EV_ONESHOT | EV_CLEAR);
		k->udata = ch->udata;
	}
	if ((ch->flags & EV_DISABLE) != 0)
		k->enabled = false;
	else if ((ch->flags & EV_ENABLE) != 0)
		k->enabled = true;
	error = shim_sync(kqfd, fd, f);
	if (error != 0)
		*k = was;
	return (error);
}

/* Turns what epoll says of one filter into an event.  False: nothing. */
static bool
shim_event(int kqfd, int fd, int i, uint32_t got, struct kevent *out)
{
	struct shim_fd *f = &shim_kqueues[kqfd].fds[fd];
	struct shim_knote *k = &f->k[i];
	uint32_t eof = EPOLLHUP | EPOLLERR;
	int n = 0;

	if (i == SHIM_READ)
		eof |= EPOLLRDHUP;
	if (!k->there || !k->enabled ||
	    (got & (eof | (i == SHIM_READ ? EPOLLIN : EPOLLOUT))) == 0)
		return (false);
	memset(out, 0, sizeof(*out));
	out->ident = (uintptr_t)fd;
	if (i == SHIM_READ) {
		out->filter = EVFILT_READ;
		if (ioctl(fd, FIONREAD, &n) == -1)
			n = 1;		/* a listening socket */
	} else {
		out->filter = EVFILT_WRITE;
		n = (got & EPOLLOUT) != 0 ? 1 : 0;
	}
	out->data = n;
	out->udata = k->udata;
	out->flags = k->flags;
	if ((got & eof) != 0)
		out->flags |= EV_EOF;
	if ((k->flags & EV_ONESHOT) != 0) {
		memset(k, 0, sizeof(*k));
		(void)shim_sync(kqfd, fd, f);
	}
	return (true);
}

/* One epoll_wait(2).  The number of events, or -1 and errno. */
static int
shim_wait(int kqfd, struct kevent *list, int room, int ms)
{
	struct epoll_event ev[SHIM_BATCH];
	const struct shim_kqueue *kq = &shim_kqueues[kqfd];
	struct shim_fd *f;
	size_t fd;
	int first, i, j, n, used = 0;

	n = epoll_wait(kqfd, ev, room < SHIM_BATCH ? room : SHIM_BATCH, ms);
	if (n == -1)
		return (-1);
	for (i = 0; i < n; i++) {
		fd = (size_t)(ev[i].data.u64 & UINT32_MAX);
		if (fd >= kq->n)
			continue;
		f = &kq->fds[fd];
		/* Closed, but open elsewhere under another number. */
		if (f->life != (uint32_t)(ev[i].data.u64 >> 32))
			continue;
		first = f->turn ? SHIM_WRITE : SHIM_READ;
		for (j = 0; j < 2 && used < room; j++)
			if (shim_event(kqfd, (int)fd, j == 0 ? first :
			    1 - first, ev[i].events, &list[used])) {
				used++;
				if (room == 1)
					f->turn = !f->turn;
			}
	}
	return (used);
}

static int64_t
shim_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec);
}

int
kevent(int kqfd, const struct kevent *changes, int nchanges,
    struct kevent *list, int nlist, const struct timespec *timeout)
{
	int64_t left, until = 0;
	int error, i, ms, n, used = 0;

	if (kqfd < 0 || (size_t)kqfd >= shim_n_kqueues ||
	    fcntl(kqfd, F_GETFD) == -1) {
		errno = EBADF;
		return (-1);
	}
	for (i = 0; i < nchanges; i++) {
		error = shim_change(kqfd, &changes[i]);
		if (error == 0 && (changes[i].flags & EV_RECEIPT) == 0)
			continue;
		if (used < nlist) {
			list[used] = changes[i];
			list[used].flags = EV_ERROR;
			list[used].data = error;
			used++;
		} else if (error != 0) {
			errno = error;
			return (-1);
		}
	}
	if (used > 0 || nlist <= 0)
		return (used);
	if (timeout != NULL)
		until = shim_clock() + (int64_t)timeout->tv_sec * 1000000000 +
		    timeout->tv_nsec;
	for (;;) {
		ms = -1;
		if (timeout != NULL) {
			left = (until - shim_clock() + 999999) / 1000000;
			ms = left <= 0 ? 0 : left > INT_MAX ? INT_MAX :
			    (int)left;
		}
		n = shim_wait(kqfd, list, nlist, ms);
		/* An event that nobody wanted is no reason to return. */
		if (n != 0 || (timeout != NULL && shim_clock() >= until))
			return (n);
	}
}
