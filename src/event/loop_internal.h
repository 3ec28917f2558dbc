/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * loop_internal.h - what the files of src/event/ share, and nobody else sees.
 *
 * loop.c owns all rules: who is called, when, and who no longer is.  A back
 * end only translates: it tells the kernel which bits to watch (arm) and hands
 * each report to loop_ready().  Handlers run after wait() has returned, so
 * within wait() the slots are exactly those the kernel knows about.
 */
#ifndef EVENT_LOOP_INTERNAL_H
#define EVENT_LOOP_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"

/* Beside LOOP_READ and LOOP_WRITE: an error or hang-up, all that is wanted. */
#define LOOP_FAULT	0x4u

/* The most that a back end takes from the kernel in one wait. */
#define LOOP_EVENTS	256

/*
 * One watched descriptor.  io is NULL in a free slot.  A slot's number is in
 * its io and in the kernel's cookie.  ready is 0 unless the slot's number is in
 * pending[]; loop_io_del clears it, so that an event which was already reported
 * finds nobody, also when the slot has a new tenant.
 */
struct loop_slot {
	struct loop_io	*io;
	size_t		 next_free;	/* in a free slot */
	unsigned char	 ready;
	unsigned char	 always;	/* armed bits that the kernel cannot
					   watch: always ready */
};

struct loop {
	const struct loop_ops *ops;
	void		*be;		/* the back end's own */
	uint64_t	 now;
	bool		 running;
	bool		 stop;

	struct loop_slot *slots;
	size_t		*pending;	/* slots with something ready */
	size_t		 n_slots;	/* allocated, of both */
	size_t		 n_pending;
	size_t		 free_slot;	/* == n_slots: none */
	size_t		 n_io;		/* the caller's */
	size_t		 n_always;	/* slots with always != 0 */

	struct loop_task tasks;		/* head of a ring */
	struct loop_timer *timers;	/* top of the heap */

	/* signal.c */
	struct loop_io	 signal_io;	/* reading end of the self-pipe */
	struct loop_signal *signals;
	struct loop_signal *signal_cursor;
	struct loop_child *children;
	struct loop_child *child_cursor;
	size_t		 n_children;
	pid_t		*orphans;	/* forgotten, still to be reaped; has
					   room for all children too */
	size_t		 n_orphans;
	size_t		 cap_orphans;
	bool		 sigchld;	/* our handler is installed */
};

struct loop_ops {
	const char	*name;
	/* Sets up l->be.  0, or -1 with errno and nothing to close. */
	int		(*open)(struct loop *l);
	void		(*close)(struct loop *l);
	/* Slot numbers below n are about to be used.  May be NULL. */
	int		(*grow)(struct loop *l, size_t n);
	/*
	 * Watches io->fd for bits instead of was; 0 is "not at all", when not
	 * even an error may be reported.  Returns those of bits that the
	 * kernel cannot watch because they are ready for ever (so the kernel
	 * now has the others), or -1 with errno and nothing changed.  Never
	 * fails for bits 0.
	 */
	int		(*arm)(struct loop *l, struct loop_io *io,
			    unsigned was, unsigned bits);
	/* Waits ms (-1: for ever), calls loop_ready().  0 or -1 and errno. */
	int		(*wait)(struct loop *l, int ms);
};

#if HAVE_KQUEUE
extern const struct loop_ops loop_ops_kqueue;
#endif
#if HAVE_EPOLL
extern const struct loop_ops loop_ops_epoll;
#endif
extern const struct loop_ops loop_ops_poll;

/* loop.c */
void	loop_ready(struct loop *, size_t slot, unsigned bits);
/* Nanoseconds of the monotonic clock. */
uint64_t loop_clock(void);

/* timer.c: runs what is due at l->now, until l->stop. */
void	loop_timers_run(struct loop *);
/* Milliseconds until the first is due, rounded up; -1 when none runs. */
int	loop_timers_wait(const struct loop *);

/* signal.c: undoes all of it for loop_free(). */
void	loop_signals_end(struct loop *);
/* The same in a forked process: what is the parent's, too, stays. */
void	loop_signals_leave(struct loop *);

#endif /* EVENT_LOOP_INTERNAL_H */
