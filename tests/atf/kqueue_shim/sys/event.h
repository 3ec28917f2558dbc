/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sys/event.h - a stand-in for kqueue(2), for the tests on a system with epoll.
 *
 * Enough of FreeBSD's interface to run a program over EVFILT_READ and
 * EVFILT_WRITE of sockets and pipes; see kqueue_shim.c for what it does not do.
 */
#ifndef KQUEUE_SHIM_SYS_EVENT_H
#define KQUEUE_SHIM_SYS_EVENT_H

#include <stdint.h>
#include <time.h>

#define EVFILT_READ	(-1)
#define EVFILT_WRITE	(-2)

#define EV_ADD		0x0001
#define EV_DELETE	0x0002
#define EV_ENABLE	0x0004
#define EV_DISABLE	0x0008
#define EV_ONESHOT	0x0010
#define EV_CLEAR	0x0020
#define EV_RECEIPT	0x0040
#define EV_ERROR	0x4000
#define EV_EOF		0x8000

struct kevent {
	uintptr_t	 ident;
	short		 filter;
	unsigned short	 flags;
	unsigned int	 fflags;
	int64_t		 data;
	void		*udata;
	uint64_t	 ext[4];
};

#define EV_SET(kev, a, b, c, d, e, f) do {	\
	struct kevent *kev_set_ = (kev);	\
						\
	kev_set_->ident = (a);			\
	kev_set_->filter = (b);			\
	kev_set_->flags = (c);			\
	kev_set_->fflags = (d);			\
	kev_set_->data = (e);			\
	kev_set_->udata = (f);			\
	kev_set_->ext[0] = 0;			\
	kev_set_->ext[1] = 0;			\
	kev_set_->ext[2] = 0;			\
	kev_set_->ext[3] = 0;			\
} while (0)

int	kqueue(void);
int	kevent(int, const struct kevent *, int, struct kevent *, int,
	    const struct timespec *);

#endif /* KQUEUE_SHIM_SYS_EVENT_H */
