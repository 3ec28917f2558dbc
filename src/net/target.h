/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * target.h - where to dial: a spec whose host name, if it has one, is looked up
 * in the background by a helper process, never on the mail path.
 */
#ifndef NET_TARGET_H
#define NET_TARGET_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/spec.h"
#include "event/loop.h"

/*
 * The helper: a process forked at start that calls getaddrinfo(3) for us and
 * does nothing else.  resolver_new() forks it (call it before threads, after
 * daemonising, only if some target needs it); it ends when we do.  When it dies
 * it is forked again at the next question, with a pause of at least a second
 * in between.  NULL and errno on failure.  Targets that use it must be freed
 * before it.
 */
struct resolver;
struct resolver *resolver_new(struct loop *);
void	resolver_free(struct resolver *);

struct target;

/*
 * A target of its own copy of spec.  resolver may be NULL when
 * target_needs_resolver(spec) is false.  A name is asked for at once, again
 * every refresh_ms (60 s when 0), and after a failure every 5 s; the last good
 * answer stays in use.  NULL: out of memory.
 */
bool	target_needs_resolver(const struct spec *);
struct target *target_new(struct loop *, struct resolver *,
	    const struct spec *, unsigned refresh_ms);
void	target_free(struct target *);	/* no dial may be under way on it */
const struct spec *target_spec(const struct target *);

/*
 * Dials the target's addresses in turn until one accepts, beginning with the
 * one that accepted last.  An address that does not answer may take its share
 * of the time that is left: one of two gets half of it.
 */
struct target_answer;
struct dial;
typedef void dial_fn(struct dial *, int fd, const char *why, void *arg);

struct dial {
	struct target		*target;	/* NULL when not under way */
	dial_fn			*fn;
	void			*arg;
	struct loop_io		 io;
	struct loop_timer	 timer;
	struct loop_task	 task;
	struct dial		*next;		/* those that wait for a name */
	size_t			 index;
	uint64_t		 deadline;
	char			*why;
	struct target_answer	*answer;	/* the addresses it goes by */
	uint64_t		 until;		/* the present one's share */
	unsigned		 retry_ms;
};

/*
 * d must be zeroed or finished.  fn is called exactly once, from the loop, with
 * a connected non-blocking close-on-exec fd (now the callee's) and why NULL,
 * or with -1 and one line that names every address tried and what it said
 * ("unix:/run/x.sock: No such file or directory").  timeout_ms covers all of
 * it, the wait for a first look-up included; when the last look-up failed and
 * none ever succeeded, the dial fails at once.  A unix socket whose backlog is
 * full (Linux) is tried again until the time is over.
 */
void	dial_start(struct dial *d, struct target *, unsigned timeout_ms,
	    dial_fn *, void *arg);
/* No call will come.  Not under way: no effect. */
void	dial_cancel(struct dial *d);

#endif /* NET_TARGET_H */
