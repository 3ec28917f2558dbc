/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * alive.c - whether the SMTP clients of waiting sessions are still there.
 * Owns:      which sessions are looked at and when; what becomes of one whose
 *            client has left.
 * Called by: manager.c; the loop through its timer and the reading of the
 *            system's table.
 * Must not:  know how the system has its table (net/peers.h).
 *
 * Only a session in which the MTA waits for us is looked at: in all others the
 * MTA itself finds out.  What the table says counts only if the MTA runs on
 * this machine, and an entry that was never there says nothing: the MTA may
 * have its connections in another network namespace, or stand behind a proxy.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/number.h"
#include "condition/feed_internal.h"
#include "manager/alive.h"
#include "manager/manager_internal.h"
#include "manager/session_internal.h"
#include "net/peers.h"

#define ALIVE_MAX	30	/* sessions a tick, as upstream */
/* The table is no snapshot: a connection may be missed in one reading. */
#define ALIVE_MISSED	2u

#define ALIVE_NETSTAT_MS 20000

struct alive {
	struct manager	*manager;
	struct loop_timer timer;
	struct peers	 peers;
	struct peer	 peer[ALIVE_MAX];
	unsigned	 id[ALIVE_MAX];	/* of the sessions */
	size_t		 n;
	unsigned	 last;		/* the round goes on below this id */
	struct feed_program netstat;	/* the last resort */
	bool		 useless;	/* there is no table; has been said */
};

/* Is the other end of this connection on this machine? */
static bool
alive_is_local(int fd)
{
	struct sockaddr_storage here, there;
	socklen_t len = sizeof(here), len2 = sizeof(there);
	const struct sockaddr_in6 *a = (const void *)&here;
	const struct sockaddr_in6 *b = (const void *)&there;

	memset(&here, 0, sizeof(here));
	memset(&there, 0, sizeof(there));
	if (getsockname(fd, (struct sockaddr *)&here, &len) == -1 ||
	    getpeername(fd, (struct sockaddr *)&there, &len2) == -1)
		return (false);
	if (here.ss_family == AF_INET6)
		return (memcmp(&a->sin6_addr, &b->sin6_addr,
		    sizeof(a->sin6_addr)) == 0);
	if (here.ss_family == AF_INET)
		return (memcmp(&((const struct sockaddr_in *)&here)->sin_addr,
		    &((const struct sockaddr_in *)&there)->sin_addr,
		    sizeof(struct in_addr)) == 0);
	return (here.ss_family == AF_UNIX);
}

/* Is it one of those that are looked at, and which connection is it? */
static bool
alive_concerns(const struct session *s, struct peer *peer)
{
	const char *address, *port;
	uint64_t n;

	if ((s->mode != SESSION_ENVELOPE && s->mode != SESSION_CONTENT) ||
	    s->conf->connection_check_interval == 0)
		return (false);
	memset(peer, 0, sizeof(*peer));
	if (s->client_port == 0 || !alive_is_local(s->mta.io.fd))
		return (s->conf->connection_checker != NULL);
	peer->client = s->client_address;
	peer->client_port = s->client_port;
	address = macros_value(s, SMFIC_CONNECT, "daemon_addr");
	if (address != NULL)
		(void)network_read_address(address, &peer->server);
	port = macros_value(s, SMFIC_CONNECT, "daemon_port");
	if (port != NULL && number_read(port, 10, 65535, &n) == 0)
		peer->server_port = (unsigned)n;
	return (true);
}

static struct session *
alive_session(const struct alive *a, unsigned id)
{
	struct session *s = a->manager->sessions;

	while (s != NULL && s->id != id)
		s = s->next;
	return (s);
}

/* The table's word on the client, kept from one reading to the next. */
static const char *
alive_state(struct session *s, enum peer_state state)
{
	static const char *const words[] = {
		[PEER_UNKNOWN] = "unknown", [PEER_OPEN] = "open",
		[PEER_HALF_CLOSED] = "half-closed", [PEER_CLOSED] = "gone"
	};

	if (state != PEER_UNKNOWN)
		s->client_missed = 1;
	else if (s->client_missed > 0 && s->client_missed++ >= ALIVE_MISSED) {
		s->client_missed = ALIVE_MISSED;
		state = PEER_CLOSED;
	} else if (s->client_missed > 0)
		state = PEER_OPEN;
	return (words[state]);
}

/* The client has left: no milter has to work for it any more. */
static void
alive_end(struct session *s, const char *state)
{
	enum verdict v = fallback_at_disconnect(s, s->stage);
	uint64_t ms = loop_now(s->mta.loop) - s->since;
	size_t i;

	stats_total(s->gen->stats)->disconnected++;
	log_write(LOGL_STATISTICS, "[session][disconnected][%llu.%03llu](%u)",
	    (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000),
	    s->id);
	session_log(s, LOGL_INFO, "stage=%s verdict=%s the client has left, "
	    "its connection is %s", stage_table[s->stage].name,
	    verdict_name(v), state);
	s->status = verdict_status(v, NULL);
	session_message_end(s);
	for (i = 0; i < s->n; i++)
		child_quit(&s->child[i]);
	session_decide(s, v, NULL, true);
	(void)session_reply(s, s->stage, v, NULL);
	buf_free(&s->event);
	envelope_drop_texts(s);
	session_idle(s);
}

static void
alive_answer(struct alive *a, const char *why)
{
	struct peer now;
	size_t i;

	if (why != NULL && !a->useless)
		log_write(LOGL_WARNING, "manager.connection_check_interval: "
		    "the system's table of TCP connections cannot be read: %s; "
		    "clients that leave are not noticed", why);
	a->useless = why != NULL;
	for (i = 0; i < a->n; i++) {
		struct session *s = alive_session(a, a->id[i]);
		const char *state;

		/* Time has passed: it may be over, or about another client. */
		if (s == NULL || !alive_concerns(s, &now) ||
		    now.client_port != a->peer[i].client_port ||
		    memcmp(&now.client, &a->peer[i].client,
		    sizeof(now.client)) != 0)
			continue;
		state = alive_state(s, why != NULL ? PEER_UNKNOWN :
		    a->peer[i].state);
		session_log(s, LOGL_TRACE, "client_state=%s", state);
		if (!plan_client_is_there(s, state))
			alive_end(s, state);
	}
	alive_start(a->manager);
}

/* What netstat(1) says, where the kernel tells us nothing. */
static void
alive_on_netstat(char *text, size_t len, const char *why, void *arg)
{
	struct alive *a = arg;
	char *whole = why == NULL ? malloc(len + 1) : NULL;

	if (whole != NULL) {
		memcpy(whole, text, len);
		whole[len] = '\0';
		peers_netstat(a->peer, a->n, whole);
	}
	alive_answer(a, whole != NULL ? NULL : why != NULL ? why :
	    strerror(ENOMEM));
	free(whole);
}

static void
alive_on_table(int err, void *arg)
{
	struct alive *a = arg;
	struct manager *m = a->manager;
	char why[FEED_WHY_MAX];

	if (err == 0)
		alive_answer(a, NULL);
	else if (!launch_there(m->launch) ||
	    m->gen->conf->connection_check_interval == 0)
		alive_answer(a, strerror(err));
	else if (feed_program_launch(&a->netstat, m->loop, m->launch,
	    m->gen->conf, NULL, ALIVE_NETSTAT_MS, alive_on_netstat, a,
	    why) == -1)
		alive_answer(a, why);
}

static void
alive_collect(struct alive *a, bool below)
{
	struct session *s;

	/* The newest come first. */
	for (s = a->manager->sessions; s != NULL && a->n < ALIVE_MAX;
	    s = s->next)
		if ((s->id < a->last) == below &&
		    alive_concerns(s, &a->peer[a->n]))
			a->id[a->n++] = s->id;
}

static void
alive_on_timer(struct loop_timer *t, void *arg)
{
	struct alive *a = arg;

	(void)t;
	a->n = 0;
	alive_collect(a, true);
	alive_collect(a, false);
	if (a->n > 0) {
		a->last = a->id[a->n - 1];
		peers_look(&a->peers, a->manager->loop, a->peer, a->n,
		    alive_on_table, a);
	} else
		alive_start(a->manager);
}

void
alive_start(struct manager *m)
{
	const struct conf *conf = m->gen->conf;
	struct alive *a = m->alive;

	if (conf->connection_check_interval == 0 || m->sessions == NULL)
		return;
	if (a == NULL) {
		a = m->alive = calloc(1, sizeof(*a));
		if (a == NULL)
			return;
		a->manager = m;
	}
	if (!loop_timer_running(&a->timer) && !peers_busy(&a->peers) &&
	    a->netstat.query.launch == NULL)
		loop_timer_start(m->loop, &a->timer,
		    conf->connection_check_interval, alive_on_timer, a);
}

void
alive_free(struct alive *a)
{
	if (a == NULL)
		return;
	loop_timer_stop(&a->timer);
	peers_stop(&a->peers);
	feed_program_stop(&a->netstat);
	free(a);
}

#undef ALIVE_MAX
#undef ALIVE_MISSED
#undef ALIVE_NETSTAT_MS
