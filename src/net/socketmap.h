/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * socketmap.h - the client side of the socketmap protocol of Postfix
 * (socketmap_table(5)) and Sendmail: netstrings "MAP KEY" and "OK DATA",
 * "NOTFOUND ", "TEMP why", "TIMEOUT why", "PERM why".
 *
 * One server of one map: at most SOCKETMAP_CONNS connections, each with one
 * question at a time, kept open while they are of use; other questions wait for
 * their turn.  An answer is kept for a moment, so that the sessions of a busy
 * second ask once.
 */
#ifndef NET_SOCKETMAP_H
#define NET_SOCKETMAP_H

#include "compat.h"

#include <stddef.h>

#include "base/spec.h"
#include "event/loop.h"

#define SOCKETMAP_KEY_MAX	1024	/* a longer key is in no map */
#define SOCKETMAP_VALUE_MAX	100000	/* Postfix's own limit */
#define SOCKETMAP_CONNS		4

enum socketmap_status {
	SOCKETMAP_FOUND,	/* with a value */
	SOCKETMAP_NONE,
	SOCKETMAP_FAILED	/* the value says why, in one line */
};

struct socketmap;

/*
 * spec (unix:, or inet: with a numeric host) and map are copied.  timeout_ms is
 * for a question, all in all: 0 for 5 s.  Opens nothing yet.  NULL: out of
 * memory.
 */
struct socketmap *socketmap_new(struct loop *, const struct spec *,
	    const char *map, unsigned timeout_ms);
void	socketmap_free(struct socketmap *);	/* questions are over before;
						   NULL: no effect */

struct socketmap_query;
typedef void socketmap_fn(struct socketmap_query *, enum socketmap_status,
	    const char *value, void *arg);

struct socketmap_query {
	struct socketmap *map;		/* NULL: nothing is asked */
	socketmap_fn	*fn;
	void		*arg;
	char		*key;
	struct loop_timer timer;
	struct loop_task task;
	struct socketmap_query *next, *prev;
};

/*
 * Zeroed before its first use.  fn is called once, from the loop, never from
 * within this call; it may do anything, socketmap_free() included.  A key that
 * is longer than SOCKETMAP_KEY_MAX is found nowhere.
 */
void	socketmap_ask(struct socketmap *, struct socketmap_query *,
	    const char *key, socketmap_fn *, void *arg);
void	socketmap_cancel(struct socketmap_query *);	/* safe twice */

/*
 * What a server says: the length of the answer at the beginning of len bytes,
 * with its text (no NUL behind it), 0 when more has to come, or -1 when it is
 * none, or too long.
 */
int	socketmap_answer(const unsigned char *data, size_t len,
	    enum socketmap_status *, const char **text, size_t *n);

#endif /* NET_SOCKETMAP_H */
