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

#include "base/number.h"
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
peers_row(struct peer *list, size_t n, const struct tcptable_row *row)
{
	static const enum peer_state states[] = {
		[TCPTABLE_OPEN] = PEER_OPEN,
		[TCPTABLE_HALF_CLOSED] = PEER_HALF_CLOSED,
		[TCPTABLE_CLOSED] = PEER_CLOSED
	};
	size_t i;

	for (i = 0; i < n; i++) {
		struct peer *peer = &list[i];
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
peers_on_row(const struct tcptable_row *row, void *arg)
{
	const struct peers *p = arg;

	peers_row(p->list, p->n, row);
}

/* "192.0.2.1.25" as on the BSDs, or with a colon before the port.  0 or -1. */
static int
peers_address(char *text, unsigned char byte[16], unsigned *port)
{
	char *dot = strrchr(text, '.'), *colon = strrchr(text, ':');
	struct network_address address;
	uint64_t n;

	if (dot == NULL || (colon != NULL && colon > dot))
		dot = colon;
	if (dot == NULL || number_read(dot + 1, 10, 65535, &n) == -1)
		return (-1);
	*dot = '\0';
	if (network_read_address(text, &address) == -1)
		return (-1);
	memcpy(byte, address.byte, 16);
	*port = (unsigned)n;
	return (0);
}

void
peers_netstat(struct peer *list, size_t n, char *text)
{
	struct tcptable_row row;
	char *column[6], *line, *next, *last;
	size_t i;

	for (line = text; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		for (i = 0; i < 6; i++, line = NULL)
			if ((column[i] = strtok_r(line, " \t\r",
			    &last)) == NULL)
				break;
		/* Protocol, two queues, here, there, state. */
		if (i < 5 || strncmp(column[0], "tcp", 3) != 0 ||
		    peers_address(column[3], row.local,
		    &row.local_port) == -1 || peers_address(column[4],
		    row.remote, &row.remote_port) == -1)
			continue;
		row.state = i < 6 || strcmp(column[5], "CLOSED") == 0 ?
		    TCPTABLE_CLOSED : strcmp(column[5], "CLOSE_WAIT") == 0 ?
		    TCPTABLE_HALF_CLOSED : TCPTABLE_OPEN;
		peers_row(list, n, &row);
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
