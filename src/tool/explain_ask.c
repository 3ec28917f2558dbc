/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * explain_ask.c - a session of which only what is given is known.
 * Owns:      which facts are known; the order of the questions; what is said of
 *            each answer.
 * Called by: explain.c.
 * Must not:  decide anything: condition.h does, as for the manager.
 *
 * What is not given is not known: a question that comes to it fails, so that a
 * condition is answered when the rest of it decides.  The stages come in their
 * order and at each the children in theirs, since notes and child().stopped
 * hang on that; each child's lines wait until all is over.
 */
#include "compat.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#include "base/log.h"
#include "milter/option.h"
#include "milter/wire.h"
#include "tool/explain_internal.h"

/* The option that makes a fact known; 0: none need be given. */
static const unsigned char explain_needs[FACT_N] = {
	[FACT_HOST] = EXPLAIN_O_HOST,
	[FACT_ADDRESS] = EXPLAIN_O_ADDRESS,
	[FACT_ADDRESS_LOCAL] = EXPLAIN_O_ADDRESS,
	[FACT_ADDRESS_FAMILY] = EXPLAIN_O_ADDRESS,
	[FACT_ADDRESS_PORT] = EXPLAIN_O_ADDRESS,
	[FACT_PTR] = EXPLAIN_O_ADDRESS,
	[FACT_DNSBL] = EXPLAIN_O_ADDRESS,
	[FACT_HELO] = EXPLAIN_O_HELO,
	[FACT_TLS] = EXPLAIN_O_TLS,
	[FACT_SENDER] = EXPLAIN_O_FROM,
	[FACT_SENDER_USER] = EXPLAIN_O_FROM,
	[FACT_SENDER_DOMAIN] = EXPLAIN_O_FROM,
	[FACT_SENDER_PARAM] = EXPLAIN_O_FROM,
	[FACT_AUTHENTICATED] = EXPLAIN_O_AUTH,
	[FACT_RECIPIENT] = EXPLAIN_O_TO,
	[FACT_RECIPIENT_USER] = EXPLAIN_O_TO,
	[FACT_RECIPIENT_DOMAIN] = EXPLAIN_O_TO,
	[FACT_RECIPIENT_PARAM] = EXPLAIN_O_TO,
	[FACT_RECIPIENTS] = EXPLAIN_O_TO,
	[FACT_SIZE] = EXPLAIN_O_SIZE,
	[FACT_HEADER] = EXPLAIN_O_HEADER,
	[FACT_MACRO] = EXPLAIN_O_MACRO,
	[FACT_POSTFIX] = EXPLAIN_O_MTA,
	[FACT_CONNECTIONS] = EXPLAIN_O_CONNECTIONS,
	[FACT_STRESSED] = EXPLAIN_O_CONNECTIONS,
};

/* What has to be given for a stage to come; 0: it always does. */
static const unsigned char explain_stages[CONF_STAGE_N] = {
	[CONF_HELO] = EXPLAIN_O_HELO,
	[CONF_ENVELOPE_FROM] = EXPLAIN_O_FROM,
	[CONF_ENVELOPE_RECIPIENT] = EXPLAIN_O_TO,
	[CONF_HEADER] = EXPLAIN_O_HEADER,
	[CONF_BODY] = EXPLAIN_O_BODY,
};

/* --- what is known ------------------------------------------------------- */

/* The last one of a name, or NULL; of a macro the last one by now. */
static const struct explain_item *
explain_find(const struct explain *x, int option, const char *name)
{
	const struct explain_item *best = NULL;
	size_t i;

	for (i = 0; i < x->n_items; i++) {
		const struct explain_item *item = &x->item[i];

		if (item->option != option || (item->owner != NULL &&
		    item->owner != x->asked))
			continue;
		if (option == EXPLAIN_O_HEADER) {
			/* The first, as header() is. */
			if (strcasecmp(item->name, name) == 0)
				return (item);
		} else if (option_macro_listed(name, item->name) &&
		    (best == NULL || item->stage <= (int)x->stage))
			best = item;
	}
	return (best);
}

static const char *
explain_macro(void *arg, const char *name)
{
	const struct explain *x = arg;
	const struct explain_item *item = explain_find(x, EXPLAIN_O_MACRO,
	    name);

	return (item == NULL || item->stage > (int)x->stage ||
	    item->value[0] == '\0' ? NULL : item->value);
}

static const char *
explain_header(void *arg, const char *name)
{
	const struct explain_item *item = explain_find(arg, EXPLAIN_O_HEADER,
	    name);

	return (item == NULL ? NULL : item->value);
}

static struct explain_child *
explain_child_of(const struct explain *x, const struct conf_milter *m)
{
	size_t i;

	for (i = 0; i < x->n; i++)
		if (x->child[i].m == m)
			return (&x->child[i]);
	return (NULL);
}

static enum facts_child
explain_child_state(void *arg, const struct conf_milter *m)
{
	const struct explain_child *c = explain_child_of(arg, m);

	return (c != NULL && c->stopped ? FACTS_CHILD_STOPPED :
	    FACTS_CHILD_NONE);
}

/* May a condition have set it? */
static bool
explain_may_set(const struct explain_child *c, const char *name)
{
	size_t i, j;

	for (i = 0; c->macros_unknown && i < c->m->n_conditions; i++) {
		const struct conf_setters *list = &c->m->conditions[i]->macros;

		for (j = 0; j < list->n; j++)
			if (option_macro_listed(list->item[j].name, name))
				return (true);
	}
	return (false);
}

/* Does the client tell how much it will send? */
static bool
explain_has_size(const struct facts *f)
{
	size_t i = f->sender == NULL ? f->sender_len : 0;

	for (; i < f->sender_len; i += strlen(f->sender + i) + 1)
		if (strncasecmp(f->sender + i, "SIZE=", 5) == 0)
			return (true);
	return (false);
}

static bool
explain_known(void *arg, enum fact fact, const char *name)
{
	struct explain *x = arg;
	const struct explain_child *c;
	unsigned need = explain_needs[fact];
	bool known = (x->given & 1u << need) != 0 || need == 0;

	switch (fact) {
	case FACT_ADDRESS_PORT:
		known = x->facts.client_port > 0 || x->facts.client.family ==
		    EVAL_UNIX;
		break;
	case FACT_PTR:
		known |= name != NULL;
		break;
	case FACT_TLS:
		known = explain_find(x, EXPLAIN_O_MACRO, "tls_version") !=
		    NULL;
		break;
	case FACT_AUTHENTICATED:
		known = explain_find(x, EXPLAIN_O_MACRO, "auth_authen") !=
		    NULL || explain_find(x, EXPLAIN_O_MACRO, "auth_type") !=
		    NULL;
		break;
	case FACT_SIZE:
		known |= x->stage != CONF_END_OF_MESSAGE &&
		    explain_has_size(&x->facts);
		break;
	case FACT_HEADER:
		known = explain_find(x, EXPLAIN_O_HEADER, name) != NULL;
		break;
	case FACT_MACRO:
		known = explain_find(x, EXPLAIN_O_MACRO, name) != NULL &&
		    !explain_may_set(x->asked, name);
		break;
	case FACT_NOTE:
		known = !x->notes_unknown;
		break;
	case FACT_CHILD_REJECTED:
	case FACT_CHILD_ACCEPTED:
	case FACT_CHILD_TEMPFAILED:
	case FACT_CHILD_DISCARDED:
	case FACT_CHILD_STOPPED:
		/* What a child would say nobody knows. */
		c = explain_child_of(x, conf_milter(x->conf, name));
		known = c == NULL || c->stopped ||
		    (fact == FACT_CHILD_STOPPED && !c->unknown);
		break;
	default:
		break;
	}
	if (known)
		return (true);
	/* The first one is what the answer is lost for. */
	if (!x->lost)
		x->missing = need;
	x->lost = true;
	x->unsure |= fact == FACT_DNSBL;
	return (false);
}

/* --- asking -------------------------------------------------------------- */

static void explain_line(struct explain *, const char *, ...)
    COMPAT_PRINTF(2, 3);

/* A line of the child that is asked, with the stage in front. */
static void
explain_line(struct explain *x, const char *fmt, ...)
{
	char text[1800], line[2200], who[300] = "";
	struct buf *b = &x->asked->text;
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (x->at != NULL)
		(void)log_escape(who, sizeof(who), x->at->name,
		    strlen(x->at->name));
	(void)snprintf(line, sizeof(line), "\t%s%s%s: %s\n",
	    conf_stage_name(x->stage), who[0] != '\0' ? " " : "", who, text);
	n = strlen(line);
	/* The same of two macros, or of each piece of a body. */
	if ((b->len < n || memcmp(buf_ptr(b) + b->len - n, line, n) != 0) &&
	    buf_add(b, line, n) == -1)
		x->no_memory = true;
}

static void
explain_on_set(void *arg, bool note, const char *name, const char *value)
{
	struct explain *x = arg;
	char text[1024];

	if (note)
		x->no_memory |= facts_set_note(&x->facts, name, value) == -1;
	else if (explain_add(x, EXPLAIN_O_MACRO, (int)x->stage, name,
	    strlen(name), value) == 0)
		x->item[x->n_items - 1].owner = x->asked;
	explain_line(x, "sets %s %s=\"%s\"", note ? "note" : "macro", name,
	    log_escape(text, sizeof(text), value, strlen(value)));
}

static void
explain_on_failed(void *arg, const struct conf_condition *cond,
    const char *why)
{
	struct explain *x = arg;

	if (!x->lost)
		explain_line(x, "condition=\"%s\" has no answer: %s",
		    cond->name, why);
	else
		explain_line(x, "condition=\"%s\" not known: %s%s%s",
		    cond->name, why, x->missing != 0 ? ", no --" : "",
		    x->missing != 0 ? explain_option_name(x->missing) : "");
	x->unknown |= x->lost;
	x->lost = x->unsure = false;
}

static void
explain_on_changed(void *arg)
{
	loop_stop(((struct explain *)arg)->loop);
}

static enum condition_answer
explain_ask(struct explain *x, struct conf_condition *cond, size_t i,
    struct condition_stop *stop)
{
	struct condition_hooks hooks = { explain_on_set, explain_on_failed,
	    x };
	struct conf_milter one = *x->asked->m;
	enum condition_answer answer;
	size_t len = x->asked->text.len, n = x->n_items;

	one.conditions = &cond;
	one.given += i;
	one.n_conditions = 1;
	do {
		x->asked->text.len = len;
		explain_drop(x, n);
		x->missing = 0;
		x->lost = x->unsure = x->unknown = false;
		answer = condition_ask(&one, x->stage, &x->facts, &hooks,
		    stop);
	} while (answer == CONDITION_PENDING && loop_run(x->loop) == 0);
	if (x->unsure)
		explain_on_failed(x, cond, "dnsbl()");
	return (x->unknown ? CONDITION_PENDING : answer);
}

/* The i-th condition of the child; true: it stops it here. */
static bool
explain_condition(struct explain *x, size_t i)
{
	struct explain_child *c = x->asked;
	const struct conf_condition *cond = c->m->conditions[i];
	struct conf_condition part = *cond;
	struct condition_stop stop;
	enum condition_answer answer;
	char text[1400];

	/* What it sets, then whether it stops: either may be not known. */
	part.stop[x->stage] = NULL;
	if (explain_ask(x, &part, i, &stop) == CONDITION_PENDING || c->unknown) {
		x->notes_unknown |= cond->notes.n > 0;
		c->macros_unknown = true;
	}
	part = *cond;
	part.macros.n = part.notes.n = 0;
	answer = explain_ask(x, &part, i, &stop);
	if (answer == CONDITION_PENDING &&
	    x->stage != CONF_ENVELOPE_RECIPIENT)
		c->unknown = true;
	if (answer != CONDITION_STOP)
		return (false);
	explain_line(x, "%s%s: %s", x->stage == CONF_ENVELOPE_RECIPIENT ?
	    "hidden" : "stopped", c->unknown ? ", if not before" : "",
	    condition_format(&stop, text, sizeof(text)));
	return (true);
}

/* All children at the stage at hand. */
static void
explain_event(struct explain *x)
{
	size_t i, j;

	facts_next_event(&x->facts);
	x->facts.tls = explain_macro(x, "tls_version") != NULL;
	/* What was set at the last recipient. */
	for (i = x->n_items; i > 0 && x->item[i - 1].owner != NULL &&
	    x->item[i - 1].stage == (int)x->stage; i--)
		;
	explain_drop(x, i);
	for (i = 0; i < x->n; i++) {
		struct explain_child *c = x->asked = &x->child[i];
		bool stopped = false;

		for (j = 0; j < c->m->n_conditions && !c->stopped && !stopped;
		    j++)
			stopped = explain_condition(x, j);
		if (x->stage != CONF_ENVELOPE_RECIPIENT)
			c->stopped |= stopped;
		else
			c->hidden += stopped;
	}
}

/* A stage that is not given; who has something to ask there is told. */
static void
explain_left_out(struct explain *x)
{
	size_t i, j;

	for (i = 0; i < x->n; i++) {
		struct explain_child *c = x->asked = &x->child[i];
		struct condition_needs needs;

		condition_look(c->m, &needs, NULL, NULL);
		if (c->stopped || (needs.asks & 1u << x->stage) == 0)
			continue;
		explain_line(x, "not asked, no --%s",
		    explain_option_name(explain_stages[x->stage]));
		c->unknown |= x->stage != CONF_ENVELOPE_RECIPIENT;
		c->macros_unknown = true;
		for (j = 0; j < c->m->n_conditions; j++)
			x->notes_unknown |= c->m->conditions[j]->notes.n > 0;
	}
}

/* An item is an event of its own. */
static void
explain_item_event(struct explain *x, const struct explain_item *item)
{
	struct facts *f = &x->facts;

	switch (item->option) {
	case EXPLAIN_O_FROM:
		f->sender = item->name;
		f->sender_len = item->data.len;
		f->authenticated = explain_macro(x, "auth_authen") != NULL ||
		    explain_macro(x, "auth_type") != NULL;
		break;
	case EXPLAIN_O_TO:
		x->at = item;
		f->recipient = item->name;
		f->recipient_len = item->data.len;
		f->recipients++;
		break;
	default:
		/* An empty one says that there is none. */
		if (item->value[0] == '\0')
			return;
		x->at = item;
		f->header_name = item->name;
		f->header_value = item->value;
		break;
	}
	explain_event(x);
	x->at = NULL;
	f->recipient = NULL;
}

static void
explain_stage(struct explain *x)
{
	struct facts *f = &x->facts;
	int option = explain_stages[x->stage];
	size_t i, n = x->n_items;

	if (option != 0 && (x->given & 1u << option) == 0)
		explain_left_out(x);
	else if (option == EXPLAIN_O_BODY) {
		/* In the pieces that MTAs send. */
		for (i = 0; i < x->body.len; i += f->body_len) {
			f->body = (const char *)buf_ptr(&x->body) + i;
			f->body_len = x->body.len - i;
			if (f->body_len > MILTER_CHUNK_SIZE)
				f->body_len = MILTER_CHUNK_SIZE;
			explain_event(x);
		}
	} else if (option == 0 || option == EXPLAIN_O_HELO)
		explain_event(x);
	else
		for (i = 0; i < n; i++) {
			/* A copy: macros that are set move the others. */
			struct explain_item item = x->item[i];

			if (item.option == option)
				explain_item_event(x, &item);
		}
}

void
explain_prepare(struct explain *x)
{
	struct facts *f = &x->facts;

	f->macro = explain_macro;
	f->header = explain_header;
	f->child = explain_child_state;
	f->known = explain_known;
	f->changed = explain_on_changed;
	f->arg = x;
}

void
explain_session(struct explain *x)
{
	int stage;

	for (stage = 0; stage < CONF_STAGE_N; stage++) {
		x->stage = (enum conf_stage)stage;
		explain_stage(x);
	}
}
