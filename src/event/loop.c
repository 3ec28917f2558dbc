/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * loop.c - who is called in a round, in which order, and who no longer is.
 * Owns:      the slots of watched descriptors, the task queue, run and stop.
 * Called by: everyone who waits for something.
 * Must not:  make a system call to watch a descriptor: that is the back end's.
 *
 * A round: wait, read the clock, descriptors (signals and processes come
 * through one of them), timers, then the tasks that are queued by then.
 * Descriptors are before timers, so that what has arrived in time is not timed
 * out because the process itself was held up.
 */
#include "compat.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "event/loop.h"
#include "event/loop_internal.h"

#define LOOP_SLOTS_MIN	16u

static const struct loop_ops *const loop_ops_all[] = {
#if HAVE_KQUEUE
	&loop_ops_kqueue,
#endif
#if HAVE_EPOLL
	&loop_ops_epoll,
#endif
	&loop_ops_poll,
};
#define LOOP_N_OPS	(sizeof(loop_ops_all) / sizeof(loop_ops_all[0]))

static const char *const loop_names[] = {
#if HAVE_KQUEUE
	"kqueue",
#endif
#if HAVE_EPOLL
	"epoll",
#endif
	"poll",
	NULL
};

/* The back end that a name means, or NULL. */
static const struct loop_ops *
loop_find_ops(const char *name)
{
	size_t i;

	if (name == NULL || strcmp(name, "auto") == 0 ||
	    strcmp(name, "libev") == 0)
		return (loop_ops_all[0]);
	if (strcmp(name, "glib") == 0)
		name = "poll";
	for (i = 0; i < LOOP_N_OPS; i++)
		if (strcmp(name, loop_ops_all[i]->name) == 0)
			return (loop_ops_all[i]);
	return (NULL);
}

const char *const *
loop_backends(void)
{
	return (loop_names);
}

bool
loop_backend_known(const char *name)
{
	return (name != NULL && loop_find_ops(name) != NULL);
}

const char *
loop_backend(const struct loop *l)
{
	return (l->ops->name);
}

uint64_t
loop_clock(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec);
}

uint64_t
loop_now(const struct loop *l)
{
	return (l->now);
}

uint64_t
loop_behind(const struct loop *l)
{
	return (loop_clock() / 1000000u - l->now);
}

struct loop *
loop_new(const char *backend)
{
	const struct loop_ops *ops;
	struct loop *l;

	ops = loop_find_ops(backend);
	if (ops == NULL) {
		errno = EINVAL;
		return (NULL);
	}
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return (NULL);
	l->ops = ops;
	l->signal_io.fd = -1;
	l->tasks.next = &l->tasks;
	l->tasks.prev = &l->tasks;
	l->now = loop_clock() / 1000000u;
	if (ops->open(l) == -1) {
		int saved = errno;

		free(l);
		errno = saved;
		return (NULL);
	}
	return (l);
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	loop_signals_end(l);
	l->ops->close(l);
	free(l->slots);
	free(l->pending);
	free(l);
}

void
loop_leave(struct loop *l)
{
	size_t i;

	loop_signals_leave(l);
	l->ops->close(l);
	for (i = 0; i < l->n_slots; i++)
		if (l->slots[i].io != NULL)
			(void)close(l->slots[i].io->fd);
}

/* --- descriptors ------------------------------------------------------- */

/* Doubles the slots.  After a failure what was there is still in use. */
static int
loop_grow(struct loop *l)
{
	struct loop_slot *slots;
	size_t *pending;
	size_t i, n;

	if (l->n_slots > SIZE_MAX / sizeof(*slots) / 2) {
		errno = ENOMEM;
		return (-1);
	}
	n = l->n_slots > 0 ? l->n_slots * 2 : LOOP_SLOTS_MIN;
	slots = realloc(l->slots, n * sizeof(*slots));
	if (slots == NULL)
		return (-1);
	l->slots = slots;
	pending = realloc(l->pending, n * sizeof(*pending));
	if (pending == NULL)
		return (-1);
	l->pending = pending;
	if (l->ops->grow != NULL && l->ops->grow(l, n) == -1)
		return (-1);
	memset(slots + l->n_slots, 0, (n - l->n_slots) * sizeof(*slots));
	for (i = l->n_slots; i < n; i++)
		slots[i].next_free = i + 1;
	l->n_slots = n;		/* the last free one names it: "none" */
	return (0);
}

/* Has the kernel watch io for bits; a no-op when it does already. */
static int
loop_arm(struct loop *l, struct loop_io *io, unsigned bits)
{
	struct loop_slot *s = &l->slots[io->slot];
	int always;

	if (bits == io->armed)
		return (0);
	always = l->ops->arm(l, io, io->armed & ~(unsigned)s->always, bits);
	if (always == -1)
		return (-1);
	if (always != 0 && s->always == 0)
		l->n_always++;
	else if (always == 0 && s->always != 0)
		l->n_always--;
	s->always = (unsigned char)always;
	io->armed = bits;
	return (0);
}

int
loop_io_add(struct loop *l, struct loop_io *io, int fd, unsigned want,
    loop_io_fn *fn, void *arg)
{
	int saved;

	if (fd < 0 || io->loop != NULL) {
		errno = fd < 0 ? EBADF : EEXIST;
		return (-1);
	}
	if (l->free_slot == l->n_slots && loop_grow(l) == -1)
		return (-1);
	io->fd = fd;
	io->want = 0;
	io->fn = fn;
	io->arg = arg;
	io->loop = l;
	io->armed = 0;
	io->slot = l->free_slot;
	l->free_slot = l->slots[io->slot].next_free;
	l->slots[io->slot].io = io;
	l->n_io++;
	if (loop_io_want(io, want) == -1) {
		saved = errno;
		loop_io_del(io);
		errno = saved;
		return (-1);
	}
	return (0);
}

int
loop_io_want(struct loop_io *io, unsigned want)
{
	struct loop *l = io->loop;
	unsigned bits;

	if (l == NULL) {
		errno = EINVAL;
		return (-1);
	}
	want &= LOOP_READ | LOOP_WRITE;
	if (want == io->want)
		return (0);
	/*
	 * The kernel is not bothered when reading stops: often it is wanted
	 * again before anything comes, and if not, loop_dispatch() sees to it.
	 * Writing is different: what was just flushed can take more at once.
	 */
	bits = want | (io->armed & LOOP_READ);
	if (loop_arm(l, io, bits) == -1)
		return (-1);
	io->want = want;
	return (0);
}

void
loop_io_del(struct loop_io *io)
{
	struct loop *l = io->loop;
	struct loop_slot *s;

	if (l == NULL)
		return;
	(void)loop_arm(l, io, 0);
	s = &l->slots[io->slot];
	s->io = NULL;
	s->ready = 0;
	s->next_free = l->free_slot;
	l->free_slot = io->slot;
	l->n_io--;
	io->loop = NULL;
	io->want = 0;
}

void
loop_ready(struct loop *l, size_t slot, unsigned bits)
{
	struct loop_slot *s;

	if (slot >= l->n_slots || bits == 0)
		return;
	s = &l->slots[slot];
	if (s->io == NULL)
		return;
	if (s->ready == 0)
		l->pending[l->n_pending++] = slot;
	s->ready = (unsigned char)(s->ready | bits);
}

/* Reports what the kernel cannot watch.  True when there was any. */
static bool
loop_ready_always(struct loop *l)
{
	size_t i;
	bool any = false;

	if (l->n_always == 0)
		return (false);
	for (i = 0; i < l->n_slots; i++) {
		const struct loop_slot *s = &l->slots[i];

		if (s->io != NULL && (s->always & s->io->want) != 0) {
			loop_ready(l, i, s->always & s->io->want);
			any = true;
		}
	}
	return (any);
}

/*
 * Calls those who are still there and still want it.  Each handler may add and
 * remove at will: nothing but indices is kept over a call.
 */
static void
loop_dispatch(struct loop *l)
{
	struct loop_io *io;
	struct loop_slot *s;
	size_t i;
	unsigned ready;

	for (i = 0; i < l->n_pending; i++) {
		s = &l->slots[l->pending[i]];
		io = s->io;
		ready = s->ready;
		s->ready = 0;
		/* What is not served after loop_stop() is reported again. */
		if (ready == 0 || l->stop)
			continue;
		if ((ready & LOOP_FAULT) != 0)
			ready |= io->want;
		/* Reported but not wanted: never again, or we would spin. */
		if (io->want == 0 || (ready & io->armed & ~io->want) != 0)
			(void)loop_arm(l, io, io->want);
		ready &= io->want;
		if (ready != 0)
			io->fn(io, ready, io->arg);
	}
	l->n_pending = 0;
}

/* --- tasks ------------------------------------------------------------- */

static void
loop_task_append(struct loop *l, struct loop_task *t)
{
	t->next = &l->tasks;
	t->prev = l->tasks.prev;
	t->prev->next = t;
	l->tasks.prev = t;
}

static void
loop_task_unlink(struct loop_task *t)
{
	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->next = NULL;
	t->prev = NULL;
}

void
loop_task_start(struct loop *l, struct loop_task *t, loop_task_fn *fn,
    void *arg)
{
	if (t->loop != NULL)
		return;
	t->fn = fn;
	t->arg = arg;
	t->loop = l;
	loop_task_append(l, t);
}

void
loop_task_stop(struct loop_task *t)
{
	if (t->loop == NULL)
		return;
	loop_task_unlink(t);
	t->loop = NULL;
}

/* Runs what is queued now; what that queues is for the next round. */
static void
loop_tasks_run(struct loop *l)
{
	struct loop_task mark, *t;

	loop_task_append(l, &mark);
	while ((t = l->tasks.next) != &mark && !l->stop) {
		loop_task_stop(t);
		t->fn(t, t->arg);
	}
	loop_task_unlink(&mark);
}

/* --- rounds ------------------------------------------------------------ */

static bool
loop_has_work(const struct loop *l)
{
	return (l->n_io > 0 || l->timers != NULL ||
	    l->tasks.next != &l->tasks);
}

/* One wait.  -1 with errno when there is no use in trying again. */
static int
loop_wait(struct loop *l)
{
	int ms;

	ms = l->tasks.next != &l->tasks ? 0 : loop_timers_wait(l);
	if (loop_ready_always(l))
		ms = 0;
	if (l->ops->wait(l, ms) == 0 || errno == EINTR)
		return (0);
	if (errno != ENOMEM && errno != EAGAIN)
		return (-1);
	/* The kernel is short of memory: it was not a wait, so make it one. */
	(void)poll(NULL, 0, 10);
	return (0);
}

int
loop_run(struct loop *l)
{
	int rc = 0;

	if (l->running) {
		errno = EBUSY;
		return (-1);
	}
	l->running = true;
	while (!l->stop && loop_has_work(l)) {
		rc = loop_wait(l);
		if (rc == -1)
			l->stop = true;
		l->now = loop_clock() / 1000000u;
		loop_dispatch(l);
		loop_timers_run(l);
		loop_tasks_run(l);
	}
	l->running = false;
	l->stop = false;
	return (rc);
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

#undef LOOP_SLOTS_MIN
#undef LOOP_N_OPS
