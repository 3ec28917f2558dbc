/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * loop.h - descriptors, timers, signals, child processes, deferred tasks.
 *
 * One loop a process.  Every watcher struct belongs to the caller, is usually a
 * member of a larger struct, needs no memory from the loop, and must be zeroed
 * before its first use.  Handlers run from loop_run() only, never from within
 * another loop_ call.  After a watcher was taken out (loop_io_del,
 * loop_timer_stop, loop_task_stop ...) its handler will not be called any more,
 * not even for an event that the kernel has already reported; the struct may be
 * freed at once, also from its own handler.
 *
 * Back ends: kqueue, epoll, poll, as far as the system has them; which one runs
 * makes no difference to a caller.
 */
#ifndef EVENT_LOOP_H
#define EVENT_LOOP_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

#define LOOP_READ	0x1u
#define LOOP_WRITE	0x2u

/*
 * Makes a loop.  backend is "auto" (the best one the system has; also for
 * NULL and upstream's "libev"), "kqueue", "epoll", "poll" (also upstream's
 * "glib").  Returns NULL with errno set: EINVAL for a name that is unknown or
 * not built in.  Create it after the fork of a daemon: a kqueue does not
 * survive one, and with epoll a forked process that takes a watcher out takes
 * it out of its parent.  So a forked process must exec, _exit, or leave the
 * loop before anything else.
 */
struct loop *loop_new(const char *backend);
void	loop_free(struct loop *);	/* watchers must be out already */
/*
 * In a forked process: leaves the parent's loop as it is for the parent.  All
 * descriptors that it watches are closed here, the handlers of its signals are
 * SIG_DFL again, and neither it nor a watcher that is in it may be used any
 * more, nor is their memory freed.  Signals should be blocked since before the
 * fork, or one that comes in between is lost.
 */
void	loop_leave(struct loop *);
const char *loop_backend(const struct loop *);
/* The names built in, best first, ended by NULL. */
const char *const *loop_backends(void);
/* True for every name that loop_new() accepts, those of upstream included. */
bool	loop_backend_known(const char *name);

/*
 * Runs handlers until loop_stop(), or until nothing is left to wait for: no
 * descriptor is added (with whatever want), no timer runs, no task is queued.
 * Returns 0, or -1 with errno when the kernel's wait fails for good.
 */
int	loop_run(struct loop *);
/*
 * loop_run() returns after the current handler; what was ready and not served
 * is served when it is called again.  Before loop_run(): that returns at once.
 */
void	loop_stop(struct loop *);

/* Milliseconds on a clock that never goes back; read once a round. */
uint64_t loop_now(const struct loop *);
/* Milliseconds that it has gone on since; for what may take long. */
uint64_t loop_behind(const struct loop *);

/* --- descriptors ------------------------------------------------------- */

struct loop_io;
typedef void loop_io_fn(struct loop_io *, unsigned ready, void *arg);

struct loop_io {
	int		 fd;		/* readable by the caller */
	unsigned	 want;		/* LOOP_READ | LOOP_WRITE */
	loop_io_fn	*fn;
	void		*arg;
	struct loop	*loop;		/* NULL when not added; the rest is
					   the loop's own */
	unsigned	 armed;
	size_t		 slot;
};

/*
 * Watches fd (non-blocking) for want, which may be 0.  The handler gets what is
 * ready and wanted at that moment; end of file shows as LOOP_READ, errors and
 * hang-ups as every wanted bit.  With want 0 nothing is reported.
 * Level-triggered.  A regular file is always ready.  One watcher a descriptor.
 * Returns 0, or -1 with errno (EMFILE, ENOMEM, ENOSPC from the kernel, EEXIST
 * when it is added already).
 */
int	loop_io_add(struct loop *, struct loop_io *, int fd, unsigned want,
	    loop_io_fn *, void *arg);
/* Changes want; cheap when nothing changes.  0 or -1 and errno. */
int	loop_io_want(struct loop_io *, unsigned want);
/* Stops watching.  Must come before close(fd).  Not added: no effect. */
void	loop_io_del(struct loop_io *);

/* --- timers ------------------------------------------------------------ */

struct loop_timer;
typedef void loop_timer_fn(struct loop_timer *, void *arg);

struct loop_timer {
	uint64_t	 when;		/* loop_now() scale; the rest private */
	loop_timer_fn	*fn;
	void		*arg;
	struct loop	*loop;		/* NULL when not running */
	struct loop_timer *child, *next, *prev;
};

/*
 * (Re)starts a one-shot timer, never early, also with delay 0 not in this
 * round (that is what tasks are for).  Timers of one millisecond run in any
 * order.  Never fails: the heap is made of the structs.  100,000 running timers
 * cost O(log n) a change.
 */
void	loop_timer_start(struct loop *, struct loop_timer *, uint64_t delay_ms,
	    loop_timer_fn *, void *arg);
void	loop_timer_stop(struct loop_timer *);	/* not running: no effect */
bool	loop_timer_running(const struct loop_timer *);

/* --- tasks: "as soon as this handler has returned" ---------------------- */

struct loop_task;
typedef void loop_task_fn(struct loop_task *, void *arg);

struct loop_task {
	loop_task_fn	*fn;
	void		*arg;
	struct loop	*loop;		/* NULL when not queued */
	struct loop_task *next, *prev;
};

/*
 * Runs once, in queue order, before the loop waits again.  Already queued: no
 * effect.  A task that is queued by a task runs in the same round only after
 * pending descriptors had their turn.
 */
void	loop_task_start(struct loop *, struct loop_task *, loop_task_fn *,
	    void *arg);
void	loop_task_stop(struct loop_task *);

/* --- signals ------------------------------------------------------------ */

struct loop_signal;
typedef void loop_signal_fn(struct loop_signal *, void *arg);

struct loop_signal {
	int		 signo;
	loop_signal_fn	*fn;
	void		*arg;
	struct loop	*loop;
	struct loop_signal *next;
};

/*
 * Calls fn from the loop after signo arrived (several arrivals may be one
 * call).  One watcher a signal; SIGCHLD is the loop's own.  The first use
 * installs the process's handler and unblocks the signal; loop_signal_del
 * restores SIG_DFL.
 * Waiting for signals or processes does not keep loop_run() alive.  0 or -1.
 */
int	loop_signal_add(struct loop *, struct loop_signal *, int signo,
	    loop_signal_fn *, void *arg);
void	loop_signal_del(struct loop_signal *);

/* --- child processes ---------------------------------------------------- */

struct loop_child;
typedef void loop_child_fn(struct loop_child *, int status, void *arg);

struct loop_child {
	pid_t		 pid;
	loop_child_fn	*fn;
	void		*arg;
	struct loop	*loop;
	struct loop_child *next;
};

/*
 * Waits for process pid and calls fn once with its wait(2) status, also when it
 * ended before this call.  loop_child_del forgets it (it is reaped silently).
 * The status is -1 when the system no longer knows the process: someone else
 * waited for it.
 */
int	loop_child_add(struct loop *, struct loop_child *, pid_t pid,
	    loop_child_fn *, void *arg);
void	loop_child_del(struct loop_child *);

#endif /* EVENT_LOOP_H */
