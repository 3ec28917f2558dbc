/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * macros.c - the macro sets of a session, and which of them a child has.
 * Owns:      session->macros and child->macro_gen; what is made up.
 * Called by: session.c when a frame comes, envelope.c before an event,
 *            child.c before each command, plan*.c, fallback.c.
 * Must not:  send anything.
 *
 * The last frame of each command is kept whole.  A child gets a set under its
 * own command before the command it belongs to, also when content is replayed
 * to it, and also when it declined that command (then before the next one that
 * it does not decline).  It does not get the set of an event that never reached
 * it, because an earlier child had decided: the MTA would not have sent that
 * either, and a child must not take a refused recipient's for its own.
 *
 * What is made up from an event stands behind the MTA's own macros in the set
 * of that event, and goes with the next frame or event.  The administrator's
 * values of one child are added when its set is made.  What a condition sets
 * for one child stands in front of all that, and hides it.
 */
#include "compat.h"

#include <strings.h>

#include "manager/session_internal.h"

/* A set that the MTA has not sent, and that has something of ours. */
#define MACROS_OWN	UINT64_MAX
/* A set that it has is not right any more. */
#define MACROS_STALE	(UINT64_MAX - 1)
/* The commands whose sets a milter looks things up in. */
#define MACROS_LOOKED	"CHMRTNE"

/* One that a condition has set for a child. */
struct macro {
	struct macro	*next;
	size_t		 set;
	char		*value;
	char		 name[];
};

static size_t
macros_index(int command)
{
	const char *p = command == 0 ? NULL : strchr(SESSION_MACROS, command);

	return (p == NULL ? SESSION_MACRO_N : (size_t)(p - SESSION_MACROS));
}

int
macros_keep(struct session *s, const struct packet *pkt)
{
	struct session_macros *m;
	unsigned char *copy;
	size_t i;
	int stage;

	/* Frames of an odd stage or shape are dropped, as libmilter does. */
	if (packet_get_macro(pkt, &stage) != PACKET_OK)
		return (0);
	i = macros_index(stage);
	if (i == SESSION_MACRO_N)
		return (0);
	if (pkt->len > 1 && pkt->data[pkt->len - 1] != '\0')
		return (0);
	m = &s->macros[i];
	if (m->payload == NULL || m->len != pkt->len) {
		copy = malloc(pkt->len);
		if (copy == NULL)
			return (-1);
		free(m->payload);
		m->payload = copy;
		m->len = pkt->len;
	}
	memcpy(m->payload, pkt->data, pkt->len);
	m->full = pkt->len;
	/* Never the same number twice, so that 0 can be "none" again. */
	m->gen = ++s->macro_seq;
	if (stage == SMFIC_MAIL)
		s->macro_mail = true;
	/* Only Postfix sends macros before headers and body chunks. */
	if (s->mta_kind == CONF_MTA_AUTO &&
	    (stage == SMFIC_HEADER || stage == SMFIC_BODY))
		s->mta_kind = CONF_MTA_POSTFIX;
	return (0);
}

/* The value of a macro in the first len bytes of a set, or NULL. */
static const char *
macros_find(const struct session_macros *m, size_t len, const char *name)
{
	const char *key, *value;
	struct packet pkt;
	size_t pos = 1;

	if (m->gen == 0 || len == 0)
		return (NULL);
	memset(&pkt, 0, sizeof(pkt));
	pkt.code = SMFIC_MACRO;
	pkt.data = m->payload;
	pkt.len = len;
	while ((key = packet_next_string(&pkt, &pos)) != NULL &&
	    (value = packet_next_string(&pkt, &pos)) != NULL)
		if (option_macro_listed(name, key))
			return (value);
	return (NULL);
}

const char *
macros_value(const struct session *s, int command, const char *name)
{
	size_t i = macros_index(command);

	return (i == SESSION_MACRO_N ? NULL :
	    macros_find(&s->macros[i], s->macros[i].len, name));
}

/* The child's own one of a set, or NULL. */
static struct macro *
macros_own(const struct child *c, size_t set, const char *name)
{
	struct macro *m;

	for (m = c->macros; m != NULL; m = m->next)
		if (m->set == set && (name == NULL ||
		    option_macro_listed(m->name, name)))
			break;
	return (m);
}

const char *
macros_known(const struct child *c, const char *name)
{
	const struct session_macros *m;
	const struct macro *own;
	const char *value;
	size_t i;

	for (i = SESSION_MACRO_N; i-- > 0; ) {
		m = &c->session->macros[i];
		if ((own = macros_own(c, i, name)) != NULL)
			return (own->value);
		if ((value = macros_find(m, m->full, name)) != NULL)
			return (value);
	}
	return (NULL);
}

int
macros_set(struct child *c, int command, const char *name, const char *value)
{
	size_t set = macros_index(command), size = strlen(name) + 1;
	size_t all = size + strlen(value) + 1;
	struct macro *m = macros_own(c, set, name), *other;
	char *copy;

	/* Conditions are asked again, and say the same again. */
	if (m != NULL && strcmp(m->value, value) == 0)
		return (0);
	/* Clients say what is in them: the frame must not become too long. */
	for (other = c->macros; other != NULL; other = other->next)
		if (other->set == set && other != m)
			all += strlen(other->name) + strlen(other->value) + 2;
	if (all > MACROS_SET_MAX)
		return (1);
	if ((copy = strdup(value)) == NULL)
		return (-1);
	if (m == NULL) {
		m = malloc(sizeof(*m) + size);
		if (m == NULL) {
			free(copy);
			return (-1);
		}
		memcpy(m->name, name, size);
		m->set = set;
		m->value = NULL;
		m->next = c->macros;
		c->macros = m;
	}
	free(m->value);
	m->value = copy;
	c->macro_gen[set] = MACROS_STALE;
	return (0);
}

void
macros_unset(struct child *c, int from, int to)
{
	size_t first = macros_index(from), last = macros_index(to);
	struct macro **at = &c->macros, *m;

	while ((m = *at) != NULL) {
		if (m->set < first || m->set > last) {
			at = &m->next;
			continue;
		}
		c->macro_gen[m->set] = MACROS_STALE;
		*at = m->next;
		free(m->value);
		free(m);
	}
}

/* Puts a macro behind the set of a command unless the MTA has sent it. */
static int
macros_make(struct session *s, int command, const char *name, const char *tag,
    const char *value, size_t len)
{
	struct session_macros *m = &s->macros[macros_index(command)];
	size_t n = strlen(name) + 1, t = strlen(tag), need;
	unsigned char *p;

	if (macros_value(s, command, name) != NULL)
		return (0);
	need = (m->full == 0 ? 1 : 0) + n + t + len + 1;
	/* No milter takes a larger frame. */
	if (len > MILTER_CHUNK_SIZE || m->full + need > MILTER_CHUNK_SIZE)
		return (0);
	p = realloc(m->payload, m->full + need);
	if (p == NULL)
		return (-1);
	m->payload = p;
	if (m->full == 0)
		p[m->full++] = (unsigned char)command;
	p += m->full;
	memcpy(p, name, n);
	memcpy(p + n, tag, t);
	memcpy(p + n + t, value, len);
	p[n + t + len] = '\0';
	m->full += n + t + len + 1;
	return (0);
}

/* The first of the given signs outside of quotes, or the end. */
static const char *
macros_scan(const char *p, const char *end, const char *signs)
{
	bool quoted = false;

	for (; p < end; p++) {
		if (*p == '\\' && p + 1 < end)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && strchr(signs, *p) != NULL)
			break;
	}
	return (p);
}

/* "<@relay:user@host>" or "user@host": the address and its host. */
static int
macros_make_address(struct session *s, int command, const char *text,
    const char *address, const char *host)
{
	const char *end = text + strlen(text), *at, *p;

	if (*text == '<')
		end = macros_scan(++text, end, ">");
	else
		end = macros_scan(text, end, " ");
	/* A route is none of the address. */
	if (*text == '@' && (p = macros_scan(text, end, ":")) < end)
		text = p + 1;
	for (at = end, p = text; (p = macros_scan(p, end, "@")) < end; p++)
		at = p + 1;
	if (macros_make(s, command, address, "", text,
	    (size_t)(end - text)) == -1)
		return (-1);
	return (macros_make(s, command, host, "", at, (size_t)(end - at)));
}

static int
macros_make_client(struct session *s, const struct packet *pkt)
{
	struct packet_connect c;
	const char *tag;

	if (packet_get_connect(pkt, &c) != PACKET_OK || c.address[0] == '\0' ||
	    (c.family != SMFIA_INET && c.family != SMFIA_INET6))
		return (0);
	/* Postfix has the tag in macros only, Sendmail always. */
	tag = c.family == SMFIA_INET6 &&
	    strncasecmp(c.address, "IPv6:", 5) != 0 ? "IPv6:" : "";
	return (macros_make(s, SMFIC_CONNECT, "{client_addr}", tag, c.address,
	    strlen(c.address)));
}

int
macros_complete(struct session *s, const struct packet *pkt)
{
	int command = stage_table[s->stage].command, r = 0;
	size_t pos = 0;
	struct session_macros *m;
	const char *text, *mailer;

	if (!s->conf->missing_macros || (s->stage != STAGE_CONNECT &&
	    s->stage != STAGE_MAIL && s->stage != STAGE_RCPT))
		return (0);
	m = &s->macros[macros_index(command)];
	/* What was made up for the last event, or of an older message. */
	if (m->gen == 0)
		m->len = 0;
	m->full = m->len;
	if (s->stage == STAGE_CONNECT)
		r = macros_make_client(s, pkt);
	else if ((text = packet_next_string(pkt, &pos)) == NULL)
		return (0);
	else if (s->stage == STAGE_MAIL)
		r = macros_make_address(s, command, text, "{mail_addr}",
		    "{mail_host}");
	else {
		/* Of a refused recipient they would tell why. */
		mailer = macros_value(s, command, "rcpt_mailer");
		if (mailer == NULL || strcmp(mailer, "error") != 0)
			r = macros_make_address(s, command, text,
			    "{rcpt_addr}", "{rcpt_host}");
	}
	if (m->full > m->len)
		m->gen = ++s->macro_seq;
	return (r);
}

/*
 * The names that a child wants with a command: *list, or all of them when that
 * is NULL.  False: it is to get no set at all.
 */
static bool
macros_wanted(const struct child *c, int command, const char **list)
{
	int stage = option_macro_stage(command);

	*list = stage == -1 ? NULL : c->option.macros[stage];
	if (*list == NULL || (*list)[0] != '\0')
		return (true);
	/* An empty list: Sendmail sends no frame for that stage then. */
	*list = NULL;
	return (session_is_postfix(c->session));
}

/*
 * Whether a value of the administrator's belongs to a set: it goes with the
 * first that the child gets and may have it in, which is CONNECT's if it has no
 * lists, and so every later one of the MTA's hides it.
 */
static bool
macros_default_due(const struct child *c, size_t own, const char *name)
{
	const struct session *s = c->session;
	const char *p, *list;
	size_t i;

	for (p = MACROS_LOOKED; *p != '\0'; p++) {
		i = macros_index(*p);
		if (macros_own(c, i, name) != NULL || macros_find(
		    &s->macros[i], s->macros[i].full, name) != NULL)
			return (false);
		if ((i == 0 || s->macros[i].gen != 0) &&
		    macros_wanted(c, *p, &list) &&
		    (list == NULL || option_macro_listed(list, name)))
			return (i == own);
		if (i == own)
			break;
	}
	return (false);
}

/* Appends the values that belong to a set.  0 or -1. */
static int
macros_add_defaults(const struct child *c, size_t own, struct buf *set)
{
	const struct conf_map *map = &c->conf->macros;
	size_t i, was = set->len;

	for (i = 0; i < map->n; i++)
		if (macros_default_due(c, own, map->item[i].name) &&
		    (buf_add_str(set, map->item[i].name) == -1 ||
		    buf_add_str(set, map->item[i].value) == -1))
			return (-1);
	/* No milter takes a larger frame. */
	if (set->len > MILTER_CHUNK_SIZE)
		set->len = was;
	return (0);
}

/* A set with the child's own ones in front.  0 or -1. */
static int
macros_add_own(const struct child *c, size_t i, struct buf *set)
{
	const struct session_macros *m = &c->session->macros[i];
	const struct macro *own;
	const char *key, *value;
	struct packet pkt;
	size_t pos = 1;
	int r = buf_add_u8(set, (unsigned char)SESSION_MACROS[i]);

	for (own = c->macros; own != NULL && r == 0; own = own->next)
		if (own->set == i && (buf_add_str(set, own->name) == -1 ||
		    buf_add_str(set, own->value) == -1))
			r = -1;
	memset(&pkt, 0, sizeof(pkt));
	pkt.code = SMFIC_MACRO;
	pkt.data = m->payload;
	pkt.len = m->gen == 0 ? 0 : m->full;
	while (r == 0 && (key = packet_next_string(&pkt, &pos)) != NULL &&
	    (value = packet_next_string(&pkt, &pos)) != NULL)
		if (macros_own(c, i, key) == NULL &&
		    (buf_add_str(set, key) == -1 ||
		    buf_add_str(set, value) == -1))
			r = -1;
	return (r);
}

static int
macros_add_one(struct child *c, size_t i, struct buf *out)
{
	const struct session_macros *m = &c->session->macros[i];
	size_t before = out->len;
	bool own = macros_own(c, i, NULL) != NULL;
	bool sent = m->gen != 0 || c->macro_gen[i] == MACROS_STALE;
	const char *list;
	struct buf set;
	int r;

	c->macro_gen[i] = m->gen != 0 ? m->gen : MACROS_OWN;
	if (!macros_wanted(c, SESSION_MACROS[i], &list))
		return (0);
	memset(&set, 0, sizeof(set));
	if (m->gen != 0 && !own && (c->conf->macros.n == 0 ||
	    strchr(MACROS_LOOKED, SESSION_MACROS[i]) == NULL))
		r = option_add_macros(out, m->payload, m->full, list);
	else {
		if (m->gen != 0 && !own)
			r = buf_add(&set, m->payload, m->full);
		else
			r = macros_add_own(c, i, &set);
		if (r == 0 &&
		    strchr(MACROS_LOOKED, SESSION_MACROS[i]) != NULL)
			r = macros_add_defaults(c, i, &set);
		if (r == 0 && (sent || set.len > 1))
			r = option_add_macros(out, buf_ptr(&set), set.len,
			    list);
		buf_free(&set);
	}
	if (r == -1)
		return (-1);
	return (out->len - before > MILTER_LEN_BYTES + 1 + MILTER_CHUNK_SIZE);
}

int
macros_add(struct child *c, int command, struct buf *out)
{
	const struct session *s = c->session;
	size_t i, own = macros_index(command);
	bool each = command == SMFIC_HEADER || command == SMFIC_BODY;
	int r;

	for (i = 0; i < SESSION_MACRO_N && i <= own; i++) {
		uint64_t gen = s->macros[i].gen;

		/* Content sets belong to their own command only. */
		if (i != own && strchr("LNBE", SESSION_MACROS[i]) != NULL)
			continue;
		/* An MTA without macros at CONNECT, an administrator with. */
		if (gen == 0 && i == 0 && c->conf->macros.n > 0)
			gen = MACROS_OWN;
		/* Without any of the MTA's, a condition's; or one's no more. */
		if (gen == 0 && c->macro_gen[i] == MACROS_STALE)
			gen = MACROS_OWN;
		if (gen == 0)
			continue;
		if (gen == c->macro_gen[i] && !(each && i == own))
			continue;
		if ((r = macros_add_one(c, i, out)) != 0)
			return (r);
	}
	return (0);
}

void
macros_pass_by(struct child *c, int command)
{
	size_t i = macros_index(command);

	if (i < SESSION_MACRO_N && c->session->macros[i].gen != 0)
		c->macro_gen[i] = c->session->macros[i].gen;
}

void
macros_new_message(struct session *s)
{
	size_t i;

	s->macro_fresh = s->macro_mail;
	s->macro_mail = false;
	for (i = macros_index(SMFIC_RCPT); i < SESSION_MACRO_N; i++)
		s->macros[i].gen = 0;
}

bool
macros_of_message(const struct session *s)
{
	return (s->macro_fresh);
}

void
macros_free(struct session *s)
{
	size_t i;

	for (i = 0; i < SESSION_MACRO_N; i++) {
		free(s->macros[i].payload);
		memset(&s->macros[i], 0, sizeof(s->macros[i]));
	}
}

#undef MACROS_OWN
#undef MACROS_STALE
#undef MACROS_LOOKED
