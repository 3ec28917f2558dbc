/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * facts.c - the facts of a session, and the questions that take time.
 * Owns:      what each fact is; the notes; questions under way, and answers.
 * Called by: config/eval.c through struct eval_env; the manager and "explain",
 *            which fill struct facts in.
 * Must not:  know what a condition is.
 */
#include "compat.h"

#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#include "base/network.h"
#include "base/spec.h"
#include "condition/facts.h"
#include "config/table.h"

#define FACTS_DNS_PORT	53

/* A question, and its answer as soon as that is here. */
struct lookup {
	struct lookup	*next;
	struct facts	*facts;
	const struct conf_table *table;	/* NULL: a name, of type */
	int		 type;
	enum eval_state	 state;
	bool		 found;
	bool		 told;		/* its failure */
	unsigned	 event;		/* in which it was last of use */
	char		*value;		/* or why it failed; NULL: none */
	size_t		 n;		/* addresses */
	unsigned char	 address[DNS_RECORDS_MAX][4];
	union {
		struct dns_query  dns;
		struct feed_query feed;
	} query;
	size_t		 len;
	char		 key[];		/* NUL behind it */
};

struct facts_note {
	struct facts_note *next;
	bool		 session;
	char		*value;
	char		 name[];
};

struct dns *
facts_dns(struct loop *loop, const struct conf *conf, unsigned sockets)
{
	const struct conf_list *list = &conf->dnsbl_servers;
	struct sockaddr_storage server[DNS_SERVERS_MAX];
	struct dns_options opt;
	socklen_t len;
	size_t i;

	memset(&opt, 0, sizeof(opt));
	/* All of them have been read before, when the file was. */
	for (i = 0; i < list->n && opt.n_servers < DNS_SERVERS_MAX; i++)
		if (spec_read_server(list->item[i], FACTS_DNS_PORT,
		    &server[opt.n_servers], &len) == 0)
			opt.n_servers++;
	if (opt.n_servers > 0)
		opt.server = server;
	opt.timeout_ms = (unsigned)conf->dnsbl_timeout;
	opt.sockets = sockets;
	return (dns_new(loop, &opt));
}

void
facts_init(struct facts *f)
{
	memset(f, 0, sizeof(*f));
	f->client.type = EXPR_ADDRESS;
	f->size = -1;
}

void
facts_set_client(struct facts *f, enum eval_family family, const char *text)
{
	static const unsigned char mapped[12] = {
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
	};
	struct eval_value *v = &f->client;

	v->family = family;
	v->text = text;
	v->len = text == NULL ? 0 : strlen(text);
	if (family != EVAL_INET && family != EVAL_INET6)
		return;
	if (text == NULL || network_read_address(text, &v->address) == -1)
		v->family = EVAL_UNKNOWN;
	else
		v->family = memcmp(v->address.byte, mapped, sizeof(mapped)) ==
		    0 ? EVAL_INET : EVAL_INET6;
}

/* --- notes ---------------------------------------------------------------- */

static void
facts_drop_notes(struct facts *f, bool all)
{
	struct facts_note **at = &f->notes, *note;

	while ((note = *at) != NULL) {
		if (note->session && !all) {
			at = &note->next;
			continue;
		}
		*at = note->next;
		free(note->value);
		free(note);
	}
}

int
facts_set_note(struct facts *f, const char *name, const char *value)
{
	bool session = f->sender == NULL;
	char *copy = strdup(value == NULL ? "" : value);
	struct facts_note *note;
	size_t size = strlen(name) + 1;

	if (copy == NULL)
		return (-1);
	for (note = f->notes; note != NULL; note = note->next)
		if (note->session == session && strcmp(note->name, name) == 0)
			break;
	if (note == NULL) {
		note = malloc(sizeof(*note) + size);
		if (note == NULL) {
			free(copy);
			return (-1);
		}
		memcpy(note->name, name, size);
		note->session = session;
		note->value = NULL;
		/* The message's hides the session's. */
		note->next = f->notes;
		f->notes = note;
	}
	free(note->value);
	note->value = copy;
	return (0);
}

static const char *
facts_note_value(const struct facts *f, const char *name)
{
	const struct facts_note *note;

	for (note = f->notes; note != NULL; note = note->next)
		if (strcmp(note->name, name) == 0)
			return (note->value);
	return (NULL);
}

/* --- look-ups ------------------------------------------------------------- */

static void
facts_drop_lookup(struct facts *f, struct lookup **at)
{
	struct lookup *l = *at;

	*at = l->next;
	f->n_lookups--;
	if (l->state == EVAL_PENDING) {
		if (l->table != NULL)
			feed_cancel(&l->query.feed);
		else
			dns_cancel(&l->query.dns);
	}
	if (f->why == l->value)
		f->why = NULL;
	free(l->value);
	free(l);
}

void
facts_next_event(struct facts *f)
{
	f->event++;
}

void
facts_new_message(struct facts *f)
{
	facts_drop_notes(f, false);
	while (f->lookups != NULL)
		facts_drop_lookup(f, &f->lookups);
}

void
facts_free(struct facts *f)
{
	facts_new_message(f);
	facts_drop_notes(f, true);
	loop_task_stop(&f->task);
}

const char *
facts_failure(struct facts *f)
{
	const char *why = f->why;

	f->why = NULL;
	return (why);
}

static void
facts_on_task(struct loop_task *t, void *arg)
{
	struct facts *f = arg;

	(void)t;
	if (f->changed != NULL)
		f->changed(f->arg);
}

/* Not from within an answer: whoever is told may free the question. */
void
facts_ask_again(struct facts *f)
{
	loop_task_start(f->loop, &f->task, facts_on_task, f);
}

static void
facts_answered(struct lookup *l, enum eval_state state, const char *value)
{
	char why[400];

	l->state = state;
	if (state == EVAL_FAILED) {
		(void)snprintf(why, sizeof(why), "%s %.100s: %s", l->table !=
		    NULL ? l->table->name : "dns", l->key, value);
		value = why;
	}
	if (value != NULL)
		l->value = strdup(value);
}

static void
facts_on_feed(struct feed_query *q, enum eval_state state, bool found,
    const char *value, void *arg)
{
	struct lookup *l = arg;

	(void)q;
	l->found = found;
	facts_answered(l, state, value);
	facts_ask_again(l->facts);
}

static void
facts_on_dns(struct dns_query *q, const struct dns_answer *a, void *arg)
{
	struct lookup *l = arg;
	size_t i;

	(void)q;
	l->found = a->status == DNS_FOUND;
	for (i = 0; l->found && i < a->n && l->type == DNS_A; i++)
		memcpy(l->address[l->n++], a->record[i].address, 4);
	facts_answered(l, a->status == DNS_FAILED ? EVAL_FAILED : EVAL_OK,
	    a->status == DNS_FAILED ? a->why : l->found && a->n > 0 ?
	    a->record[0].text : NULL);
	facts_ask_again(l->facts);
}

/* Makes room for one more; false when all are of use at this event. */
static bool
facts_make_room(struct facts *f)
{
	struct lookup **at;

	if (f->n_lookups < FACTS_LOOKUPS_MAX)
		return (true);
	for (at = &f->lookups; *at != NULL; at = &(*at)->next)
		if ((*at)->event != f->event &&
		    (*at)->state != EVAL_PENDING) {
			facts_drop_lookup(f, at);
			return (true);
		}
	return (false);
}

/* Finds the question, or asks it.  NULL: too many of them, or no memory. */
static struct lookup *
facts_lookup(struct facts *f, const struct conf_table *table, int type,
    const struct eval_value *key)
{
	char value[TABLE_VALUE_MAX];
	struct lookup *l;
	size_t len = key->text == NULL ? 0 : key->len;

	for (l = f->lookups; l != NULL; l = l->next)
		if (l->table == table && l->type == type && l->len == len &&
		    (len == 0 || memcmp(l->key, key->text, len) == 0)) {
			l->event = f->event;
			return (l);
		}
	l = facts_make_room(f) ? calloc(1, sizeof(*l) + len + 1) : NULL;
	if (l == NULL) {
		f->why = "too many look-ups at once";
		return (NULL);
	}
	l->facts = f;
	l->table = table;
	l->type = type;
	l->event = f->event;
	l->len = len;
	if (len > 0)
		memcpy(l->key, key->text, len);
	l->next = f->lookups;
	f->lookups = l;
	f->n_lookups++;
	l->state = EVAL_PENDING;
	if (table == NULL) {
		dns_ask(f->dns, &l->query.dns, type, l->key, facts_on_dns, l);
		return (l);
	}
	value[0] = '\0';
	l->state = feed_find(f->feeds, table, key, &l->found, value,
	    &l->query.feed, facts_on_feed, l);
	if (l->state != EVAL_PENDING)
		facts_answered(l, l->state, value);
	return (l);
}

/* What is known so far; a failure is told once. */
static enum eval_state
facts_state(struct facts *f, struct lookup *l)
{
	if (l == NULL)
		return (EVAL_FAILED);
	if (l->state == EVAL_FAILED && !l->told) {
		l->told = true;
		f->why = l->value;
	}
	return (l->state);
}

static enum eval_state
facts_table(void *arg, const struct conf_table *table,
    const struct eval_value *key, bool *found, const char **value)
{
	struct facts *f = arg;
	struct lookup *l = facts_lookup(f, table, 0, key);
	enum eval_state state = facts_state(f, l);

	if (state == EVAL_OK) {
		*found = l->found;
		*value = l->value;
	} else if (state == EVAL_FAILED)
		*value = l != NULL ? l->value : f->why;
	return (state);
}

/*
 * Asks for the name of an address below a zone (NULL: where names of addresses
 * are).  *l is NULL when it has none.
 */
static enum eval_state
facts_ask(struct facts *f, int type, const struct eval_value *a,
    const char *zone, struct lookup **l)
{
	bool v6 = a->family == EVAL_INET6;
	char name[DNS_NAME_MAX];
	struct eval_value key;

	*l = NULL;
	if (zone == NULL)
		zone = v6 ? "ip6.arpa" : "in-addr.arpa";
	if ((!v6 && a->family != EVAL_INET) || dns_reverse(a->address.byte +
	    (v6 ? 0 : 12), v6, zone, name) == NULL)
		return (EVAL_OK);
	key.text = name;
	key.len = strlen(name);
	*l = facts_lookup(f, NULL, type, &key);
	return (facts_state(f, *l));
}

static enum eval_state
facts_ptr(struct facts *f, const char *text, struct eval_value *out)
{
	struct facts of;
	struct lookup *l;
	enum eval_state state;

	of.client = f->client;
	if (text != NULL)
		facts_set_client(&of, EVAL_INET, text);
	state = facts_ask(f, DNS_PTR, &of.client, NULL, &l);
	if (state == EVAL_OK && l != NULL)
		out->text = l->value;
	return (state);
}

static bool
facts_listed(const struct lookup *l, const char *expected)
{
	struct network_address a;
	struct network net;
	char why[128];
	size_t i;

	if (expected != NULL &&
	    network_read(expected, &net, why, sizeof(why)) == -1)
		return (false);		/* checked at load */
	for (i = 0; i < l->n; i++) {
		const unsigned char *b = l->address[i];

		memset(&a, 0, sizeof(a));
		a.byte[10] = a.byte[11] = 0xff;
		memcpy(a.byte + 12, b, 4);
		if (expected != NULL ? network_has(&net, &a) : b[0] == 127 &&
		    !(b[1] == 255 && b[2] == 255))
			return (true);
	}
	return (false);
}

static enum eval_state
facts_dnsbl(struct facts *f, const char *service, struct eval_value *out)
{
	char zone[DNS_NAME_MAX], *expected;
	struct lookup *l;
	enum eval_state state;

	if (strlcpy(zone, service, sizeof(zone)) >= sizeof(zone))
		return (EVAL_OK);
	if ((expected = strchr(zone, '=')) != NULL)
		*expected++ = '\0';
	state = facts_ask(f, DNS_A, &f->client, zone, &l);
	if (state == EVAL_OK && l != NULL)
		out->yes = facts_listed(l, expected);
	return (state);
}

/* --- the envelope --------------------------------------------------------- */

/* An ESMTP parameter; *n of it, NULL when it is not there. */
static const char *
facts_param(const char *payload, size_t len, const char *name, size_t *n)
{
	size_t want = strlen(name), have, pos;

	pos = payload == NULL ? len : strnlen(payload, len) + 1;
	for (; pos < len; pos += have + 1) {
		const char *text = payload + pos;

		have = strnlen(text, len - pos);
		if (have < want || strncasecmp(text, name, want) != 0)
			continue;
		if (have == want) {
			*n = have;
			return (text);
		}
		if (text[want] == '=') {
			*n = have - want - 1;
			return (text + want + 1);
		}
	}
	return (NULL);
}

/*
 * Of the sender (0) or the recipient (1): the address, its user, its domain, or
 * a parameter.
 */
static void
facts_envelope(struct facts *f, int which, int part, const char *name,
    struct eval_value *out)
{
	/* One evaluation at a time has use for them. */
	static char domains[2][FACTS_DOMAIN_MAX];
	const char *text = which == 0 ? f->sender : f->recipient;
	size_t len = which == 0 ? f->sender_len : f->recipient_len, n, at;
	char *domain = domains[which], *p;

	if (part == FACT_SENDER_PARAM - FACT_SENDER) {
		out->text = facts_param(text, len, name, &out->len);
		return;
	}
	n = text == NULL ? 0 : strnlen(text, len);
	if (n > 0 && *text == '<') {
		text++;
		n--;
		n -= n > 0 && text[n - 1] == '>';
	}
	for (at = n; at > 0 && text[at - 1] != '@'; at--)
		;
	out->text = text;
	out->len = n;
	if (part == FACT_SENDER_USER - FACT_SENDER && at > 0)
		out->len = at - 1;
	else if (part == FACT_SENDER_DOMAIN - FACT_SENDER) {
		out->len = at > 0 && n - at < FACTS_DOMAIN_MAX ? n - at : 0;
		if (out->len > 0)
			memcpy(domain, text + at, out->len);
		for (p = domain; p < domain + out->len; p++)
			if (*p >= 'A' && *p <= 'Z')
				*p += 'a' - 'A';
		out->text = domain;
	}
}

static long
facts_size(const struct facts *f)
{
	const char *text;
	size_t n, i;
	long size = 0;

	if (f->size >= 0)
		return (f->size);
	text = facts_param(f->sender, f->sender_len, "SIZE", &n);
	for (i = 0; text != NULL && i < n && text[i] >= '0' && text[i] <= '9' &&
	    size < LONG_MAX / 10 - 1; i++)
		size = size * 10 + (text[i] - '0');
	return (size);
}

/* --- all of them ---------------------------------------------------------- */

static long
facts_time(const struct facts *f, enum fact fact)
{
	time_t now = f->now != 0 ? f->now : time(NULL);
	struct tm tm;

	if (localtime_r(&now, &tm) == NULL)
		return (0);
	return (fact == FACT_HOUR ? tm.tm_hour : fact == FACT_MINUTE ?
	    tm.tm_min : tm.tm_wday);
}

static enum eval_state
facts_value(struct facts *f, enum fact fact, const char *arg,
    struct eval_value *out)
{
	/* Those that are members as they are; by the type of the fact. */
	static const uint16_t members[FACT_N] = {
		[FACT_HOST] = offsetof(struct facts, host),
		[FACT_ADDRESS_PORT] = offsetof(struct facts, client_port),
		[FACT_HELO] = offsetof(struct facts, helo),
		[FACT_TLS] = offsetof(struct facts, tls),
		[FACT_AUTHENTICATED] = offsetof(struct facts, authenticated),
		[FACT_RECIPIENTS] = offsetof(struct facts, recipients),
		[FACT_HEADER_NAME] = offsetof(struct facts, header_name),
		[FACT_HEADER_VALUE] = offsetof(struct facts, header_value),
		[FACT_BODY] = offsetof(struct facts, body),
		[FACT_POSTFIX] = offsetof(struct facts, postfix),
		[FACT_CONNECTIONS] = offsetof(struct facts, connections),
		[FACT_STRESSED] = offsetof(struct facts, stressed),
		[FACT_CLIENT_STATE] = offsetof(struct facts, client_state)
	};
	static const char families[][8] = {
		[EVAL_UNKNOWN] = "unknown", [EVAL_INET] = "inet",
		[EVAL_INET6] = "inet6", [EVAL_UNIX] = "unix"
	};
	const void *member = (const char *)f + members[fact];
	const struct conf_milter *m;

	if (members[fact] != 0) {
		if (out->type == EXPR_STRING)
			out->text = *(const char *const *)member;
		else if (out->type == EXPR_NUMBER)
			out->number = *(const long *)member;
		else
			out->yes = *(const bool *)member;
		if (fact == FACT_BODY)
			out->len = f->body_len;
		return (EVAL_OK);
	}
	switch (fact) {
	case FACT_ADDRESS:
		*out = f->client;
		break;
	case FACT_ADDRESS_LOCAL:
		out->yes = f->client.family == EVAL_UNIX ||
		    (f->client.family != EVAL_UNKNOWN &&
		    network_is_private(&f->client.address));
		break;
	case FACT_ADDRESS_FAMILY:
		out->text = families[f->client.family];
		break;
	case FACT_PTR:
		return (facts_ptr(f, arg, out));
	case FACT_DNSBL:
		return (facts_dnsbl(f, arg, out));
	case FACT_SENDER:
	case FACT_SENDER_USER:
	case FACT_SENDER_DOMAIN:
	case FACT_SENDER_PARAM:
		facts_envelope(f, 0, (int)fact - FACT_SENDER, arg, out);
		break;
	case FACT_RECIPIENT:
	case FACT_RECIPIENT_USER:
	case FACT_RECIPIENT_DOMAIN:
	case FACT_RECIPIENT_PARAM:
		facts_envelope(f, 1, (int)fact - FACT_RECIPIENT, arg, out);
		break;
	case FACT_SIZE:
		out->number = facts_size(f);
		break;
	case FACT_HEADER:
		out->text = f->header == NULL ? NULL : f->header(f->arg, arg);
		break;
	case FACT_MACRO:
		out->text = f->macro == NULL ? NULL : f->macro(f->arg, arg);
		break;
	case FACT_NOTE:
		out->text = facts_note_value(f, arg);
		break;
	case FACT_HOUR:
	case FACT_MINUTE:
	case FACT_WEEKDAY:
		out->number = facts_time(f, fact);
		break;
	default:
		/* child("NAME") */
		m = conf_milter(f->conf, arg);
		out->yes = m != NULL && f->child != NULL &&
		    (int)f->child(f->arg, m) == (int)fact -
		    FACT_CHILD_REJECTED + FACTS_CHILD_REJECTED;
		break;
	}
	return (EVAL_OK);
}

static enum eval_state
facts_fact(void *arg, enum fact fact, const char *name, struct eval_value *out)
{
	const struct facts *f = arg;
	enum eval_state state;

	memset(out, 0, sizeof(*out));
	out->type = (enum expr_type)fact_table[fact].type;
	out->len = (size_t)-1;
	state = f->known != NULL && !f->known(f->arg, fact, name) ?
	    EVAL_FAILED : facts_value(arg, fact, name, out);
	if (out->text == NULL)
		out->len = 0;
	else if (out->len == (size_t)-1)
		out->len = strlen(out->text);
	return (state);
}

void
facts_env(struct facts *f, struct eval_env *env)
{
	env->conf = f->conf;
	env->fact = facts_fact;
	env->table = facts_table;
	env->arg = f;
}

#undef FACTS_DNS_PORT
