/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * limit.c - how many connections a client may have at a time.
 * Owns:      what is said to one that has too many.
 * Called by: envelope.c at CONNECT; negotiate.c; session.c at the end.
 * Must not:  count clients of this machine: they are many in one.
 */
#include "compat.h"

#include "manager/manager_internal.h"
#include "manager/session_internal.h"
#include "manager/shared.h"

#define LIMIT_TELL_MS	10000u	/* between two lines about clients */

/* Whom the limit is about. */
static bool
limit_address(const struct packet *pkt, struct network_address *a)
{
	static const unsigned char six[16] = { [15] = 1 };
	struct packet_connect client;

	return (packet_get_connect(pkt, &client) == PACKET_OK &&
	    (client.family == SMFIA_INET || client.family == SMFIA_INET6) &&
	    network_read_address(client.address, a) == 0 &&
	    memcmp(a->byte, six, sizeof(six)) != 0 &&
	    (memcmp(a->byte, six, 10) != 0 || a->byte[10] != 0xff ||
	    a->byte[11] != 0xff || a->byte[12] != 127));
}

static void
limit_tell(struct session *s)
{
	struct manager *m = s->manager;
	uint64_t now = loop_now(m->loop);
	const char *address = s->account.address;
	char who[200];

	m->refused++;
	if (m->refused_at != 0 && now - m->refused_at < LIMIT_TELL_MS)
		return;
	if (address == NULL)
		address = "";
	session_log(s, LOGL_WARNING, "manager.max_connections_per_client: %s "
	    "has %u sessions already, one more is refused (%u refused since "
	    "the last line)", log_escape(who, sizeof(who), address,
	    strlen(address)), s->conf->max_connections_per_client,
	    m->refused);
	m->refused = 0;
	m->refused_at = now;
}

bool
limit_refuses(struct session *s, const struct packet *pkt)
{
	/* With 421 both MTAs say so and hang up; the client tries again. */
	static const char text[] =
	    "421 4.7.0 Too many connections from your address";
	struct manager *m = s->manager;
	unsigned max = s->conf->max_connections_per_client;
	struct network_address a;

	if (max == 0 || !limit_address(pkt, &a) ||
	    shared_client_enter(m->shared, m->slot, &a, max, &s->client))
		return (false);
	stats_total(s->gen->stats)->refused++;
	limit_tell(s);
	s->status = verdict_status(VERDICT_REPLYCODE, text);
	session_decide(s, VERDICT_REPLYCODE, text, true);
	(void)session_reply(s, STAGE_CONNECT, VERDICT_REPLYCODE,
	    s->decided.text);
	return (true);
}

void
limit_end(struct session *s)
{
	shared_client_leave(s->manager->shared, s->manager->slot, &s->client);
}

void
limit_claim(struct session *s)
{
	if (s->conf->max_connections_per_client > 0)
		s->agreed.protocol &= ~(SMFIP_NOCONNECT | SMFIP_NR_CONN);
}

#undef LIMIT_TELL_MS
