/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * peers.h - are these TCP connections of the machine still there?
 */
#ifndef NET_PEERS_H
#define NET_PEERS_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/network.h"
#include "event/loop.h"
#include "tcptable.h"

enum peer_state {
	PEER_UNKNOWN,		/* no such connection in the table */
	PEER_OPEN,
	PEER_HALF_CLOSED,	/* the client sends no more */
	PEER_CLOSED
};

/* A client, and where it is connected to, as far as that is known. */
struct peer {
	struct network_address client;
	unsigned	 client_port;
	struct network_address server;	/* 0.0.0.0, ::: any */
	unsigned	 server_port;	/* 0: any */
	enum peer_state	 state;		/* the answer */
};

/* A look at the table; zeroed before its first use. */
struct peers {
	struct loop	*loop;
	struct tcptable	 table;
	struct loop_task task;
	struct peer	*list;
	size_t		 n;
	void		(*done)(int err, void *arg);
	void		*arg;
};

/*
 * Reads the table once, in pieces between which the loop goes on, and calls
 * done from the loop with 0 or an errno; the list, which stays the caller's,
 * has the answers then.  Where more than one connection fits, the one that is
 * most alive counts.  One look at a time.
 */
void	peers_look(struct peers *, struct loop *, struct peer *list, size_t n,
	    void (*done)(int err, void *arg), void *arg);
/*
 * The same by what netstat(1) prints, whose text is changed: what is no line of
 * a TCP connection is skipped.
 */
void	peers_netstat(struct peer *list, size_t n, char *text);
bool	peers_busy(const struct peers *);
/* done will not be called any more.  No look under way: no effect. */
void	peers_stop(struct peers *);

#endif /* NET_PEERS_H */
