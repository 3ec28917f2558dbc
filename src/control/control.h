/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control.h - the control socket: HTTP/1.1 with JSON and Prometheus text.
 *
 * It knows how to ask and how to answer.  What is asked for is done by the
 * process in charge (daemon/), through these functions.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "config/conf.h"
#include "event/loop.h"
#include "manager/stats.h"
#include "net/listen.h"

/* An answer that comes later; why NULL: done. */
typedef void control_done_fn(const char *why, void *arg);

/* Each is called from the loop, with arg first. */
struct control_ops {
	/* The configuration in force; valid until the handler returns. */
	const struct conf *(*conf)(void *arg);
	/* Reads it anew.  Its faults go to report, each one line.  0 or -1. */
	int	(*reload)(void *arg, void (*report)(const char *line,
		    void *report_arg), void *report_arg);
	void	(*stop)(void *arg);
	/* A new binary takes over; NULL in ops: that cannot be. */
	void	(*upgrade)(void *arg, control_done_fn *, void *done_arg);
	/*
	 * New sessions do with or without that child of the configuration in
	 * force, until the next start.  0, or -1 and why.
	 */
	int	(*child)(void *arg, const char *name, bool on, char *why,
		    size_t whysize);
	/* Levels of the log, until the next reload. */
	void	(*levels)(void *arg, unsigned levels);
	/* Adds what is known to a zeroed view.  0 or -1 (memory). */
	int	(*view)(void *arg, struct stats_view *);
	/* Members of a JSON object: started, pid, workers, listening ... */
	int	(*about)(void *arg, struct buf *json);
	/*
	 * The sessions, at most max of them: fn is called once, at once or
	 * later, with a JSON array.  cancel: no call will come.
	 */
	void	(*sessions)(void *arg, size_t max, void (*fn)(const char *json,
		    size_t len, void *fn_arg), void *fn_arg);
	void	(*cancel)(void *arg, void *fn_arg);
};

struct control;

/*
 * Answers on that listener, which is taken over also on failure.  conf has
 * what of controller.* is looked at later (token file, hosts); NULL and errno.
 */
struct control *control_new(struct loop *, struct listener *,
	    const struct conf *, const struct control_ops *, void *arg);
/* After a reload; listener NULL: the same one as before. */
void	control_set(struct control *, struct listener *, const struct conf *);
void	control_free(struct control *);	/* NULL: no effect */

#endif /* CONTROL_CONTROL_H */
