/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * tcptable.h - the kernel's table of TCP connections, a piece at a time.
 */
#ifndef COMPAT_TCPTABLE_H
#define COMPAT_TCPTABLE_H

#include <stdbool.h>
#include <stddef.h>

/* What a connection's state says of the one at its other end. */
enum tcptable_state {
	TCPTABLE_OPEN,		/* no more than that there is one */
	TCPTABLE_HALF_CLOSED,	/* CLOSE_WAIT: it sends no more */
	TCPTABLE_CLOSED		/* CLOSED, or no state at all */
};

struct tcptable_row {
	unsigned char	 local[16];	/* IPv4 behind ::ffff: */
	unsigned char	 remote[16];
	unsigned	 local_port;
	unsigned	 remote_port;
	enum tcptable_state state;
};

typedef void tcptable_fn(const struct tcptable_row *, void *arg);

#define TCPTABLE_LINE	256	/* a longer line of /proc/net/tcp is skipped */

/* A reading under way; zeroed before its first use. */
struct tcptable {
	bool		 busy;
	int		 fd;
	int		 next;		/* which of the tables */
	size_t		 len;		/* bytes of a line that is not whole */
	char		 line[TCPTABLE_LINE];
};

/*
 * Reads a piece and calls fn for each connection in it; listening sockets are
 * left out.  1: there is more, 0: that was all, -1 and errno: this system has
 * no such table for us.  After 0 and -1 the next call begins anew.  A piece is
 * what takes a millisecond or two; a BSD kernel gives all at once, and a table
 * of more than 32 MiB there is refused (EFBIG).  Connections that come or go
 * meanwhile may be missed.
 */
int	tcptable_read(struct tcptable *, tcptable_fn *fn, void *arg);
/* Gives a reading up.  None under way: no effect. */
void	tcptable_stop(struct tcptable *);

/*
 * A piece of the text that Linux has in /proc/net/tcp (v6: /proc/net/tcp6);
 * what is no row of it is skipped.  t keeps the rest of a line for the next
 * call.
 */
void	tcptable_text(struct tcptable *t, bool v6, const char *text,
	    size_t len, tcptable_fn *fn, void *arg);

#endif /* COMPAT_TCPTABLE_H */
