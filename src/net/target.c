/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * target.c - where to dial, and the addresses that are known at present.
 * Owns:      the specifications, their last good answers, when to ask again.
 * Called by: the session engine, the tools; dial.c; resolver.c with answers.
 * Must not:  open a socket, or block.
 */
#include "compat.h"

#include "base/log.h"
#include "base/spec.h"
#include "event/loop.h"
#include "net/target.h"
#include "net/target_internal.h"

#define TARGET_REFRESH	60000u	/* ms */
#define TARGET_RETRY	5000u

static void target_ask(struct target_entry *);

struct target_answer *
target_answer_new(size_t n)
{
	struct target_answer *a;

	if (n > TARGET_ADDR_MAX)
		return (NULL);
	a = calloc(1, sizeof(*a) + n * sizeof(a->addr[0]));
	if (a != NULL)
		a->n = n;
	return (a);
}

void
target_place_unref(struct target_place *p)
{
	if (p != NULL && --p->refs == 0)
		free(p);
}

bool
target_is_pending(const struct target_entry *e)
{
	return (e->n == 0 && e->why == NULL && e->query != NULL);
}

/* Every dial that waits goes on, from a task of its own. */
static void
target_wake(struct target *t)
{
	struct dial *d;

	while ((d = t->waiting) != NULL) {
		t->waiting = d->next;
		d->next = NULL;
		dial_wake(d);
	}
}

static void
target_places_free(struct target_place **place, size_t n)
{
	while (n > 0)
		target_place_unref(place[--n]);
	free(place);
}

/* The one that it has at that address (and a reference), or a new one. */
static struct target_place *
target_place(struct target_entry *e, const struct target_addr *addr)
{
	struct target_place *p;
	size_t i;

	for (i = 0; i < e->n; i++) {
		p = e->place[i];
		if (p->addr.len == addr->len && memcmp(&p->addr.ss, &addr->ss,
		    (size_t)addr->len) == 0) {
			p->refs++;
			return (p);
		}
	}
	p = calloc(1, sizeof(*p));
	if (p != NULL) {
		p->refs = 1;
		p->entry = e;
		p->addr = *addr;
	}
	return (p);
}

/* What is known of an address outlives the look-up.  0, or -1: no memory. */
static int
target_take(struct target_entry *e, const struct target_addr *addr, size_t n)
{
	struct target_place **place = calloc(n, sizeof(struct target_place *));
	size_t i;

	if (place == NULL)
		return (-1);
	for (i = 0; i < n; i++) {
		place[i] = target_place(e, &addr[i]);
		if (place[i] == NULL) {
			target_places_free(place, i);
			return (-1);
		}
	}
	target_places_free(e->place, e->n);
	e->place = place;
	e->n = n;
	return (0);
}

/* Keeps why, tells the log about a change. */
static void
target_set_why(struct target_entry *e, const char *why)
{
	char text[SPEC_TEXT_MAX];

	if ((why == NULL) != (e->why == NULL)) {
		spec_format(&e->spec, text, sizeof(text));
		if (why != NULL)
			log_write(LOGL_WARNING, "target=%s look-up failed: "
			    "%s%s", text, why, e->n > 0 ?
			    "; keeping the last addresses" : "");
		else
			log_write(LOGL_MESSAGE, "target=%s look-up works "
			    "again", text);
	}
	free(e->why);
	e->why = why != NULL ? strdup(why) : NULL;
}

void
target_set_answer(struct target_entry *e, struct target_answer *answer)
{
	if (target_take(e, answer->addr, answer->n) == -1)
		target_set_why(e, "out of memory");
	free(answer);
	target_wake(e->target);
}

static void
target_on_timer(struct loop_timer *timer, void *arg)
{
	(void)timer;
	target_ask(arg);
}

static void
target_on_answer(struct target_answer *answer, const char *why, void *arg)
{
	struct target_entry *e = arg;
	struct target *t = e->target;

	e->query = NULL;
	target_set_why(e, answer != NULL ? NULL : why);
	loop_timer_start(t->loop, &e->timer,
	    answer != NULL ? t->refresh_ms : TARGET_RETRY, target_on_timer, e);
	if (answer != NULL)
		target_set_answer(e, answer);
	else
		target_wake(t);
}

static void
target_ask(struct target_entry *e)
{
	e->query = resolver_ask(e->target->resolver, e->spec.family,
	    e->spec.host, e->spec.port, target_on_answer, e);
	/* Out of memory: as any other failure. */
	if (e->query == NULL)
		target_on_answer(NULL, "out of memory", e);
}

bool
target_needs_resolver(const struct spec *spec)
{
	struct sockaddr_storage ss;
	socklen_t len;

	return (spec->family != AF_UNIX && spec->host != NULL &&
	    spec_sockaddr(spec, false, &ss, &len) == -1);
}

bool
target_list_needs_resolver(const struct target_options *opt)
{
	size_t i;

	if (opt->socks != NULL)
		return (target_needs_resolver(opt->socks));
	for (i = 0; i < opt->n; i++)
		if (target_needs_resolver(&opt->spec[i]))
			return (true);
	return (false);
}

/* remote: a name is left to the proxy.  0, or -1 when out of memory. */
static int
target_add(struct target_entry *e, const struct spec *spec, bool remote)
{
	struct target_addr addr;

	memset(&addr, 0, sizeof(addr));
	if (spec_copy(spec, &e->spec) == -1)
		return (-1);
	if (target_needs_resolver(spec) && !remote) {
		if (e->target->resolver != NULL)
			target_ask(e);
		else
			e->why = strdup("there is no resolver");
		return (e->target->resolver != NULL || e->why != NULL ? 0 :
		    -1);
	}
	if (spec_sockaddr(spec, false, &addr.ss, &addr.len) == -1)
		memset(&addr, 0, sizeof(addr));
	return (target_take(e, &addr, 1));
}

struct target *
target_new_list(struct loop *loop, struct resolver *resolver,
    const struct target_options *opt)
{
	struct target *t;
	size_t i;

	if (opt->n == 0 || opt->n > TARGET_LIST_MAX ||
	    (t = calloc(1, sizeof(*t))) == NULL)
		return (NULL);
	t->loop = loop;
	t->resolver = resolver;
	t->refs = 1;
	t->balance = opt->balance;
	t->refresh_ms = opt->refresh_ms > 0 ? opt->refresh_ms : TARGET_REFRESH;
	t->entry = calloc(opt->n + 1, sizeof(*t->entry));
	if (t->entry == NULL)
		goto fail;
	for (i = 0; i <= opt->n; i++)
		t->entry[i].target = t;
	if (opt->socks != NULL && opt->socks_user != NULL &&
	    ((t->user = strdup(opt->socks_user)) == NULL ||
	    (t->password = strdup(opt->socks_password)) == NULL))
		goto fail;
	for (t->n = 0; t->n < opt->n; t->n++)
		if (target_add(&t->entry[t->n], &opt->spec[t->n],
		    opt->socks != NULL) == -1)
			goto fail;
	if (opt->socks != NULL) {
		t->proxy = &t->entry[t->n];
		if (target_add(t->proxy, opt->socks, false) == -1)
			goto fail;
	}
	return (t);
fail:
	target_free(t);
	return (NULL);
}

struct target *
target_new(struct loop *loop, struct resolver *resolver,
    const struct spec *spec, unsigned refresh_ms)
{
	struct target_options opt;

	memset(&opt, 0, sizeof(opt));
	opt.spec = spec;
	opt.n = 1;
	opt.refresh_ms = refresh_ms;
	return (target_new_list(loop, resolver, &opt));
}

struct target *
target_ref(struct target *t)
{
	t->refs++;
	return (t);
}

static void
target_entry_free(struct target_entry *e)
{
	if (e->query != NULL)
		resolver_cancel(e->query);
	loop_timer_stop(&e->timer);
	target_places_free(e->place, e->n);
	spec_free(&e->spec);
	free(e->why);
}

void
target_free(struct target *t)
{
	size_t i;

	if (t == NULL || --t->refs > 0)
		return;
	/* One that failed half-way, and the proxy, are behind the last. */
	for (i = 0; t->entry != NULL && i <= t->n; i++)
		target_entry_free(&t->entry[i]);
	free(t->entry);
	free(t->user);
	if (t->password != NULL)
		memset(t->password, 0, strlen(t->password));
	free(t->password);
	free(t);
}

void
target_refresh(struct target *t)
{
	struct target_entry *e;
	size_t i;

	if (t->resolver == NULL)
		return;
	for (i = 0; i <= t->n; i++) {
		e = &t->entry[i];
		/* Behind the last one is the proxy, or nothing. */
		if (t->proxy != NULL ? e != t->proxy : i == t->n)
			continue;
		if (e->query == NULL && target_needs_resolver(&e->spec)) {
			loop_timer_stop(&e->timer);
			/* Without an address, a dial waits for the answer. */
			if (e->n == 0) {
				free(e->why);
				e->why = NULL;
			}
			target_ask(e);
		}
	}
}

void
target_set_balance(struct target *t, enum target_balance balance)
{
	t->balance = balance;
}

const struct spec *
target_spec(const struct target *t)
{
	return (&t->entry[0].spec);
}

#undef TARGET_REFRESH
#undef TARGET_RETRY
