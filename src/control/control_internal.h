/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control_internal.h - what the files of control/ share.
 *
 *	http.c		requests and answers, on buffers
 *	control.c	connections, and who may ask
 *	route.c		what can be asked for
 *	metrics.c	the same numbers for Prometheus, and as JSON
 */
#ifndef CONTROL_CONTROL_INTERNAL_H
#define CONTROL_CONTROL_INTERNAL_H

#include "compat.h"

#include <stdbool.h>

#include "control/control.h"
#include "control/http.h"
#include "net/stream.h"

#define CONTROL_MILTERS	"/milters/"

struct control {
	struct loop		*loop;
	struct listener		*listener;
	char			*token;		/* NULL: a unix socket */
	const struct control_ops *ops;
	void			*arg;
	struct loop_timer	 room;		/* accepting waits for it */
	struct control_conn	*first, *last;	/* the one asked longest ago
						   is the first */
	unsigned		 n;
};

struct control_conn {
	struct control		*control;
	struct control_conn	*next, *prev;
	struct stream		 stream;
	struct loop_timer	 timer;
	uint64_t		 since;		/* its last request */
	struct buf		 body;		/* of an answer that is made */
	bool			 begun;		/* some of a request is here */
	bool			 continued;	/* it was told to go on */
	bool			 waiting;	/* for what was asked of ops */
	bool			 head;		/* no body in the answer */
	bool			 close;		/* behind the answer */
	bool			 ending;	/* nothing is read any more */
};

/* --- control.c ----------------------------------------------------------- */

/*
 * The answer, whose body is c->body; type NULL: text.  A connection that waited
 * waits no more.
 */
void	control_answer(struct control_conn *, unsigned status,
	    const char *type, const char *fields);
/* The same with one line of text. */
void	control_say(struct control_conn *, unsigned status, const char *fmt,
	    ...) COMPAT_PRINTF(3, 4);

/* --- route.c ------------------------------------------------------------- */

/*
 * What is asked for: 0, or the status of what cannot be; then *allow are the
 * methods that can.  *max is how long the body may be.
 */
unsigned route_check(const struct http_request *, unsigned *allow,
	    size_t *max);
/* It is good, its body is here: answers, now or later. */
void	route_do(struct control_conn *, struct http_request *,
	    const char *body, size_t len);

/* --- metrics.c ----------------------------------------------------------- */

/* In Prometheus's text format.  0 or -1 (memory). */
int	metrics_text(struct control *, struct buf *);
/* The values of an array with an object for each child. */
void	metrics_children(struct json *, const struct conf *,
	    const struct stats_view *);
/* Members of the object of all counts. */
void	metrics_total(struct json *, const struct stats_view *);

#endif /* CONTROL_CONTROL_INTERNAL_H */
