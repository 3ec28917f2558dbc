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

#include "base/json.h"
#include "config/conf.h"
#include "event/loop.h"
#include "manager/stats.h"
#include "net/listen.h"

/* An answer that comes later; why NULL: done. */
typedef void control_done_fn(const char *why, void *arg);
/* One line of several. */
typedef void control_report_fn(const char *line, void *arg);

/* Each is called from the loop, with arg first. */
struct control_ops {
	/* The configuration in force; valid until the handler returns. */
	const struct conf *(*conf)(void *arg);
	bool	(*accepting)(void *arg);
	/* Reads it anew.  Its faults go to report, each one line.  0 or -1. */
	int	(*reload)(void *arg, control_report_fn *report,
		    void *report_arg);
	/*
	 * Keeps a custom configuration for the next reload when it has no
	 * fault: 0.  -1 with its faults told; 409 or 500 with one line why it
	 * cannot be kept.
	 */
	int	(*keep)(void *arg, const char *text, size_t len,
		    control_report_fn *report, void *report_arg);
	void	(*stop)(void *arg);
	/* A new binary takes over; NULL in ops: that cannot be. */
	void	(*upgrade)(void *arg, control_done_fn *, void *done_arg);
	/*
	 * New sessions do with or without that child of the configuration in
	 * force, until the next start.  0, or -1: there is none.
	 */
	int	(*child)(void *arg, const char *name, bool on);
	/*
	 * Levels of the log as in log.level, until the next reload.  0, or -1
	 * and the word that is none.
	 */
	int	(*levels)(void *arg, const char *text, char *word,
		    size_t wordsize);
	/* Adds what is known to a zeroed view.  0 or -1 (memory). */
	int	(*view)(void *arg, struct stats_view *);
	/* When it was started, in seconds since 1970. */
	uint64_t (*started)(void *arg);
	/* Members of an object: workers, listening ... */
	void	(*about)(void *arg, struct json *);
	/*
	 * The sessions, at most max of them: fn is called once, at once or
	 * later, with a JSON array.
	 */
	void	(*sessions)(void *arg, size_t max, void (*fn)(const char *json,
		    size_t len, void *fn_arg), void *fn_arg);
	/* What was asked with that fn_arg or done_arg: no call will come. */
	void	(*cancel)(void *arg, void *fn_arg);
};

struct control;

#define CONTROL_CONNS	64u	/* connections at once, at most */

/*
 * Answers on that listener, which is taken over also on failure.  token: what
 * clients have to show, NULL on a unix socket, whose permissions say who may be
 * one.  NULL and errno.
 */
struct control *control_new(struct loop *, struct listener *,
	    const char *token, const struct control_ops *, void *arg);
/* After a reload; listener NULL: the same one as before.  0 or -1 and errno. */
int	control_set(struct control *, struct listener *, const char *token);
/* Takes no new clients; NULL: no effect. */
void	control_close(struct control *);
/* What is written is sent as far as that goes at once. */
void	control_free(struct control *);	/* NULL: no effect */

#endif /* CONTROL_CONTROL_H */
