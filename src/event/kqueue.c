/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * kqueue.c - the loop over kqueue(2); also over libkqueue.
 * Owns:      the kqueue descriptor.
 * Called by: loop.c.
 * Must not:  call a handler, or decide who is called.
 *
 * Written so that it is right on every kind of kqueue:
 * - a filter that is there is never added again (libkqueue refuses);
 * - each filter is deleted before its descriptor is closed (in libkqueue it
 *   would stay and silence the next descriptor with that number);
 * - a change is submitted alone, without room for events, so that its error is
 *   the call's error; the wait is a call of its own (libkqueue loses the error
 *   of a change when the same call waits);
 * - EVFILT_* are compared and assigned, never stored: they are a negative short
 *   on one system and count up from 0 without a sign on another;
 * - EV_EOF need not come while data is left, so it is never asked for: the
 *   owner reads until 0;
 * - udata, once an integer and now a pointer on NetBSD, is set bytewise.
 */
#include "compat.h"

#if HAVE_KQUEUE

#include <sys/types.h>
#include <sys/event.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "event/loop_internal.h"

struct kqueue_backend {
	int		 fd;
	struct kevent	 events[LOOP_EVENTS];
};

static int
kqueue_backend_open(struct loop *l)
{
	struct kqueue_backend *be;
	int saved;

	be = calloc(1, sizeof(*be));
	if (be == NULL)
		return (-1);
	be->fd = kqueue();
	if (be->fd == -1)
		goto fail_free;
	if (fcntl(be->fd, F_SETFD, FD_CLOEXEC) == -1)
		goto fail_close;
	l->be = be;
	return (0);

fail_close:
	saved = errno;
	(void)close(be->fd);
	errno = saved;
fail_free:
	saved = errno;
	free(be);
	errno = saved;
	return (-1);
}

static void
kqueue_backend_close(struct loop *l)
{
	struct kqueue_backend *be = l->be;

	(void)close(be->fd);
	free(be);
}

/* Submits one change for one bit.  0 or -1 and errno. */
static int
kqueue_backend_change(struct kqueue_backend *be, const struct loop_io *io,
    unsigned bit, bool add)
{
	static const struct timespec none;
	struct kevent kev;
	uintptr_t slot = io->slot;

	memset(&kev, 0, sizeof(kev));
	kev.ident = (uintptr_t)io->fd;
	if (bit == LOOP_READ)
		kev.filter = EVFILT_READ;
	else
		kev.filter = EVFILT_WRITE;
	if (add)
		kev.flags = EV_ADD;
	else
		kev.flags = EV_DELETE;
	memcpy(&kev.udata, &slot, sizeof(kev.udata));
	return (kevent(be->fd, &kev, 1, NULL, 0, &none));
}

/*
 * Adds one bit.  Returns 0, or the bit when it is ready for ever, or -1 and
 * errno.
 */
static int
kqueue_backend_add(struct kqueue_backend *be, const struct loop_io *io,
    unsigned bit)
{
	struct stat st;

	/* At the end of a file a kqueue would wait for more to be written. */
	if (fstat(io->fd, &st) == 0 && S_ISREG(st.st_mode))
		return ((int)bit);
	if (kqueue_backend_change(be, io, bit, true) == 0)
		return (0);
	switch (errno) {
	case EPIPE:	/* FreeBSD: a pipe without a reader */
	case EBADF:	/* NetBSD says this then */
		/* The owner's write will find what is wrong. */
		return (bit == LOOP_WRITE ? (int)bit : -1);
	case EINVAL:	/* a device that cannot be watched, as on macOS */
	case ENODEV:
	case EOPNOTSUPP:
	case EPERM:
		return ((int)bit);
	default:
		return (-1);
	}
}

static int
kqueue_backend_arm(struct loop *l, struct loop_io *io, unsigned was,
    unsigned bits)
{
	static const unsigned each[] = { LOOP_READ, LOOP_WRITE };
	struct kqueue_backend *be = l->be;
	unsigned added = 0;
	size_t i;
	int always = 0, rc, saved;

	for (i = 0; i < 2; i++) {
		if ((bits & ~was & each[i]) == 0)
			continue;
		rc = kqueue_backend_add(be, io, each[i]);
		if (rc == -1)
			goto fail_undo;
		if (rc == 0)
			added |= each[i];
		always |= rc;
	}
	/* ENOENT: it went with its descriptor. */
	for (i = 0; i < 2; i++)
		if ((was & ~bits & each[i]) != 0)
			(void)kqueue_backend_change(be, io, each[i], false);
	return (always);

fail_undo:
	saved = errno;
	for (i = 0; i < 2; i++)
		if ((added & each[i]) != 0)
			(void)kqueue_backend_change(be, io, each[i], false);
	errno = saved;
	return (-1);
}

static int
kqueue_backend_wait(struct loop *l, int ms)
{
	struct kqueue_backend *be = l->be;
	struct timespec ts;
	uintptr_t slot;
	int i, n;

	ts.tv_sec = ms / 1000;
	ts.tv_nsec = (long)(ms % 1000) * 1000000;
	n = kevent(be->fd, NULL, 0, be->events, LOOP_EVENTS,
	    ms >= 0 ? &ts : NULL);
	if (n == -1)
		return (-1);
	for (i = 0; i < n; i++) {
		const struct kevent *kev = &be->events[i];

		memcpy(&slot, &kev->udata, sizeof(kev->udata));
		/* An error (fflags) shows on both sides, a mere EV_EOF not. */
		if ((kev->flags & EV_ERROR) != 0 ||
		    ((kev->flags & EV_EOF) != 0 && kev->fflags != 0))
			loop_ready(l, slot, LOOP_FAULT);
		if (kev->filter == EVFILT_READ)
			loop_ready(l, slot, LOOP_READ);
		else if (kev->filter == EVFILT_WRITE)
			loop_ready(l, slot, LOOP_WRITE);
	}
	return (0);
}

const struct loop_ops loop_ops_kqueue = {
	"kqueue",
	kqueue_backend_open,
	kqueue_backend_close,
	NULL,
	kqueue_backend_arm,
	kqueue_backend_wait,
};

#endif /* HAVE_KQUEUE */
