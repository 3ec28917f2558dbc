/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fallback.c - what answers for a failed child, or for the manager itself.
 * Owns:      which of the configured fallbacks applies, and when.
 * Called by: the other files of manager/.
 * Must not:  fail a child, or send anything.
 *
 * A child may have other fallbacks for clients of its own networks and for
 * those who have logged in.  The address is known from CONNECT on, the login
 * from MAIL on; so a child that has one of its own for the latter lets
 * everything pass until then, or nobody could ever log in.
 *
 * Quarantine lets pass, too, and is made good at the end of message: Postfix
 * and Sendmail both take it there and nowhere else without side effects.
 */
#include "compat.h"

#include <stdio.h>

#include "base/network.h"
#include "manager/session_internal.h"

void
fallback_client(struct session *s, const struct packet *pkt)
{
	struct network_address address;
	struct packet_connect client;

	s->client_local = false;
	s->client_port = s->client_missed = 0;
	if (packet_get_connect(pkt, &client) != PACKET_OK)
		return;
	if (client.family == SMFIA_UNIX || client.family == SMFIA_UNKNOWN)
		s->client_local = true;
	else if (network_read_address(client.address, &address) == 0) {
		s->client_local = network_is_private(&address);
		s->client_address = address;
		s->client_port = client.port;
	}
}

bool
fallback_authenticated(const struct session *s)
{
	static const char *const names[] = { "auth_authen", "auth_type" };
	const char *value;
	size_t i;

	if (!s->in_message || !macros_of_message(s))
		return (false);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = macros_value(s, SMFIC_MAIL, names[i]);
		if (value != NULL && value[0] != '\0')
			return (true);
	}
	return (false);
}

/* What an MTA that cannot quarantine gets instead. */
static enum conf_status
fallback_possible(const struct session *s, enum conf_status status)
{
	return (status == CONF_QUARANTINE &&
	    (s->offer.actions & SMFIF_QUARANTINE) == 0 ? CONF_TEMPFAIL :
	    status);
}

/* By the client's address. */
static enum conf_status
fallback_by_address(const struct child *c)
{
	const struct conf_milter *conf = c->conf;

	return (fallback_possible(c->session, c->session->client_local &&
	    conf->fallback_status_local != CONF_UNSET ?
	    conf->fallback_status_local : conf->fallback_status));
}

static enum conf_status
fallback_status(const struct child *c)
{
	if (c->conf->fallback_status_authenticated != CONF_UNSET &&
	    fallback_authenticated(c->session))
		return (fallback_possible(c->session,
		    c->conf->fallback_status_authenticated));
	return (fallback_by_address(c));
}

/* Is it too early for its fallback? */
static bool
fallback_waits(const struct child *c)
{
	enum conf_status other = c->conf->fallback_status_authenticated;

	return (!c->session->in_message && other != CONF_UNSET &&
	    fallback_possible(c->session, other) != fallback_by_address(c));
}

static enum verdict
fallback_verdict(enum conf_status status)
{
	switch (status) {
	case CONF_TEMPFAIL:
		return (VERDICT_TEMPFAIL);
	case CONF_REJECT:
		return (VERDICT_REJECT);
	case CONF_DISCARD:
		return (VERDICT_DISCARD);
	case CONF_QUARANTINE:
		return (VERDICT_QUARANTINE);
	case CONF_SHUTDOWN:
		return (VERDICT_SHUTDOWN);
	case CONF_UNSET:
	case CONF_ACCEPT:
		break;
	}
	return (VERDICT_ACCEPT);
}

enum verdict
fallback_of_child(const struct child *c)
{
	if (c->conf->evaluation_mode || c->done || plan_is_stopped(c))
		return (VERDICT_ACCEPT);
	if (fallback_waits(c))
		return (VERDICT_CONTINUE);
	return (fallback_verdict(fallback_status(c)));
}

bool
fallback_decides(const struct child *c)
{
	return (c->state == CHILD_FAILED &&
	    verdict_decides(c->session->stage, fallback_of_child(c)));
}

static bool
fallback_holds(const struct child *c)
{
	return (c->state == CHILD_FAILED &&
	    fallback_of_child(c) == VERDICT_QUARANTINE);
}

bool
fallback_held(const struct session *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (fallback_holds(&s->child[i]))
			return (true);
	return (false);
}

bool
fallback_all_failed(const struct session *s)
{
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		const struct child *c = &s->child[i];

		if (c->conf->evaluation_mode || plan_is_stopped(c))
			continue;	/* as if it were not there */
		if (c->state != CHILD_FAILED || c->done ||
		    fallback_of_child(c) != VERDICT_ACCEPT)
			return (false);
		n++;
	}
	/* Where none of them is left, nobody was meant to be heard. */
	return (n > 0 || s->n == 0);
}

/* As what it can be at a stage. */
static enum verdict
fallback_at(const struct session *s, enum stage stage, enum conf_status status)
{
	enum verdict v = fallback_verdict(fallback_possible(s, status));

	/*
	 * Discard has no meaning before a message, accept none for an unknown
	 * command.
	 */
	if ((v == VERDICT_DISCARD && (stage == STAGE_CONNECT ||
	    stage == STAGE_HELO || stage == STAGE_UNKNOWN)) ||
	    (v == VERDICT_ACCEPT && stage == STAGE_UNKNOWN))
		v = VERDICT_CONTINUE;
	return (v);
}

enum verdict
fallback_of_manager(const struct session *s, enum stage stage)
{
	return (fallback_at(s, stage, s->conf->fallback_status));
}

enum verdict
fallback_at_disconnect(const struct session *s, enum stage stage)
{
	return (fallback_at(s, stage, s->conf->fallback_status_at_disconnect));
}

/* Those that one child may come to use: f of each. */
static bool
fallback_any(const struct child *c,
    bool (*f)(const struct session *, enum conf_status))
{
	const struct conf_milter *conf = c->conf;

	return (!conf->evaluation_mode &&
	    (f(c->session, conf->fallback_status) ||
	    f(c->session, conf->fallback_status_local) ||
	    f(c->session, conf->fallback_status_authenticated)));
}

static bool
fallback_refuses(const struct session *s, enum conf_status status)
{
	status = fallback_possible(s, status);
	return (status != CONF_UNSET && status != CONF_ACCEPT &&
	    status != CONF_QUARANTINE);
}

static bool
fallback_is_quarantine(const struct session *s, enum conf_status status)
{
	(void)s;
	return (status == CONF_QUARANTINE);
}

bool
fallback_may_refuse(const struct child *c)
{
	return (fallback_any(c, fallback_refuses));
}

void
fallback_claim(struct session *s)
{
	bool hold = s->conf->fallback_status == CONF_QUARANTINE;
	bool address = s->conf->connection_check_interval > 0;
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct child *c = &s->child[i];

		if (fallback_any(c, fallback_is_quarantine))
			hold = true;
		if (!c->conf->evaluation_mode &&
		    c->conf->fallback_status_local != CONF_UNSET &&
		    c->conf->fallback_status_local != c->conf->fallback_status)
			address = true;
	}
	if (hold)
		s->agreed.actions |= s->offer.actions & SMFIF_QUARANTINE;
	if (address)
		s->agreed.protocol &= ~(SMFIP_NOCONNECT);
}

/* " KEY=STATUS" where the status may be the one that counts in the end. */
static void
fallback_log_other(const struct session *s, const char *key,
    enum conf_status status, bool known, char *dst, size_t size)
{
	dst[0] = '\0';
	if (!known && status != CONF_UNSET)
		(void)snprintf(dst, size, " %s=%s", key,
		    conf_status_name(fallback_possible(s, status)));
}

void
fallback_log(const struct child *c, unsigned level, enum stage stage,
    const char *reason)
{
	const struct session *s = c->session;
	bool judged = c->conf->evaluation_mode;	/* whatever is configured */
	char text[700], local[40], authenticated[40];

	fallback_log_other(s, "local", c->conf->fallback_status_local,
	    judged || stage != STAGE_NEGOTIATE, local, sizeof(local));
	fallback_log_other(s, "authenticated",
	    c->conf->fallback_status_authenticated, judged || s->in_message,
	    authenticated, sizeof(authenticated));
	session_log(s, level, "child=%s stage=%s fallback=%s%s%s "
	    "reason=%s", c->conf->name, stage_table[stage].name,
	    conf_status_name(judged ? CONF_ACCEPT : fallback_status(c)),
	    local, authenticated,
	    log_escape(text, sizeof(text), reason, strlen(reason)));
	if ((s->offer.actions & SMFIF_QUARANTINE) == 0 &&
	    fallback_any(c, fallback_is_quarantine))
		session_log(s, level, "child=%s the MTA does not "
		    "quarantine: temporary-failure instead", c->conf->name);
}

void
fallback_reason(const struct session *s, bool all, char *dst, size_t size)
{
	size_t i, n = 0, len = 0, next;

	dst[0] = '\0';
	for (i = 0; all && i < s->n; i++)
		all = s->child[i].state == CHILD_FAILED;
	for (i = 0; i < s->n; i++) {
		const struct child *c = &s->child[i];

		if (!all && !fallback_holds(c))
			continue;
		next = len + strlen(c->conf->name) + 2;
		/* "milters " and " failed", and room for the dots. */
		if (next + 24 > size) {
			(void)strlcat(dst, " ...", size);
			break;
		}
		len = next;
		if (n++ > 0)
			(void)strlcat(dst, ", ", size);
		(void)strlcat(dst, c->conf->name, size);
	}
	if (n == 0)
		(void)strlcpy(dst, "milter-manager failed", size);
	else {
		const char *what = n > 1 ? "milters " : "milter ";
		size_t have = strlen(dst), front = strlen(what);

		memmove(dst + front, dst, have + 1);
		memcpy(dst, what, front);
		(void)strlcat(dst, " failed", size);
	}
}
