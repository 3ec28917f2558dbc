/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * peers.c - looks connections up in the kernel's table of them.
 * Owns:      which row of the table is whose; the turns in which it is read.
 * Called by: manager/alive.c.
 * Must not:  know what a session is, or how the system has its table.
 */
#include "compat.h"

#include <errno.h>

#include "net/peers.h"

/* Is there no address?  Sendmail names the one that it listens on. */
static bool
peers_is_any(const struct network_address *a)
{
	static const unsigned char none[16];

	return (memcmp(a->byte, none, 10) == 0 &&
	    memcmp(a->byte + 12, none, 4) == 0);
}

static void
peers_on_row(const struct tcptable_row *row, void *arg)
{
	static const enum peer_state states[] = {
		[TCPTABLE_OPEN] = PEER_OPEN,
		[TCPTABLE_HALF_CLOSED] = PEER_HALF_CLOSED,
		[TCPTABLE_CLOSED] = PEER_CLOSED
	};
	const struct peers *p = arg;
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct peer *peer = &p->list[i];
		enum peer_state state = states[row->state];

		if (row->remote_port != peer->client_port ||
		    memcmp(row->remote, peer->client.byte, 16) != 0 ||
		    (peer->server_port != 0 &&
		    row->local_port != peer->server_port) ||
		    (!peers_is_any(&peer->server) &&
		    memcmp(row->local, peer->server.byte, 16) != 0))
			continue;
		if (peer->state == PEER_UNKNOWN || state < peer->state)
			peer->state = state;
	}
}

static void
peers_on_turn(struct loop_task *t, void *arg)
{
	struct peers *p = arg;
	int r = tcptable_read(&p->table, peers_on_row, p);

	if (r == 1)
		loop_task_start(p->loop, t, peers_on_turn, p);
	else
		p->done(r == 0 ? 0 : errno, p->arg);
}

void
peers_look(struct peers *p, struct loop *loop, struct peer *list, size_t n,
    void (*done)(int err, void *arg), void *arg)
{
	size_t i;

	p->loop = loop;
	p->list = list;
	p->n = n;
	p->done = done;
	p->arg = arg;
	for (i = 0; i < n; i++)
		list[i].state = PEER_UNKNOWN;
	loop_task_start(loop, &p->task, peers_on_turn, p);
}

bool
peers_busy(const struct peers *p)
{
	return (p->task.loop != NULL);
}

void
peers_stop(struct peers *p)
{
	loop_task_stop(&p->task);
	tcptable_stop(&p->table);
}
