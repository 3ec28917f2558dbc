/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * route.c - which of a target's addresses comes first.
 * Owns:      the three orders, how long a failed address comes last, the count
 *            of connections to each.
 * Called by: dial.c.
 * Must not:  open a socket, or look a name up.
 */
#include "compat.h"

#include "base/log.h"
#include "event/loop.h"
#include "net/target.h"
#include "net/target_internal.h"

#define ROUTE_PLAN_MAX	256	/* addresses that one dial may try */
#define ROUTE_SHUN	5000u	/* ms after a first failure */
#define ROUTE_SHUN_MAX	60000u

/* Whether an address has yet to live down its last failure. */
static bool
route_is_shunned(const struct target_place *p)
{
	return (p->shun > loop_now(p->entry->target->loop));
}

/* Whether a comes before b, which is before it in the list. */
static bool
route_before(const struct target_place *a, const struct target_place *b,
    enum target_balance balance)
{
	bool shunned = route_is_shunned(a);

	if (shunned != route_is_shunned(b))
		return (!shunned);
	return (balance == TARGET_LEAST_BUSY && a->open < b->open);
}

/* Makes the list begin turn places later. */
static void
route_rotate(struct target_place **list, size_t n, size_t turn)
{
	struct target_place *first;

	for (turn %= n; turn > 0; turn--) {
		first = list[0];
		memmove(list, list + 1, (n - 1) * sizeof(*list));
		list[n - 1] = first;
	}
}

static void
route_sort(struct target_place **list, size_t n, enum target_balance balance)
{
	struct target_place *p;
	size_t i, at;

	for (i = 1; i < n; i++) {
		p = list[i];
		for (at = i; at > 0 && route_before(p, list[at - 1], balance);
		    at--)
			list[at] = list[at - 1];
		list[at] = p;
	}
}

int
route_plan(struct dial_plan *plan, const struct target_entry *entry, size_t n,
    enum target_balance balance, size_t turn)
{
	struct target_place **list, **fresh;
	size_t i, j, room = 0, begin = plan->n;

	for (i = 0; i < n; i++)
		if ((plan->planned & (uint64_t)1 << i) == 0)
			room += entry[i].n;
	if (room > ROUTE_PLAN_MAX - begin)
		room = ROUTE_PLAN_MAX - begin;
	if (room == 0)
		return (0);
	list = realloc(plan->place, (begin + room) * sizeof(*list));
	if (list == NULL)
		return (-1);
	plan->place = list;
	for (i = 0; i < n; i++) {
		if ((plan->planned & (uint64_t)1 << i) != 0 ||
		    entry[i].n == 0)
			continue;
		plan->planned |= (uint64_t)1 << i;
		for (j = 0; j < entry[i].n && plan->n < begin + room; j++) {
			list[plan->n++] = entry[i].place[j];
			entry[i].place[j]->refs++;
		}
	}
	fresh = list + begin;
	if (balance == TARGET_ROUND_ROBIN)
		route_rotate(fresh, room, turn);
	route_sort(fresh, room, balance);
	return (0);
}

void
route_plan_free(struct dial_plan *plan)
{
	while (plan->n > 0)
		target_place_unref(plan->place[--plan->n]);
	free(plan->place);
	memset(plan, 0, sizeof(*plan));
}

void
route_enter(struct target_place *p)
{
	p->refs++;
	p->open++;
}

void
route_leave(struct target_place *p)
{
	p->open--;
	target_place_unref(p);
}

const char *
route_text(const struct target_place *p, char text[SPEC_TEXT_MAX])
{
	/* A path, and a name for the proxy, as it was configured. */
	if (p->addr.len == 0 || p->addr.ss.ss_family == AF_UNIX)
		return (spec_format(&p->entry->spec, text, SPEC_TEXT_MAX));
	return (addr_format((const struct sockaddr *)&p->addr.ss, p->addr.len,
	    text, SPEC_TEXT_MAX));
}

/* With a single address the child has failed, and its own line says so. */
static bool
route_has_others(const struct target_place *p)
{
	const struct target *t = p->entry->target;
	size_t i, n = 0;

	if (p->entry == t->proxy)
		return (t->proxy->n > 1);
	for (i = 0; i < t->n; i++)
		n += t->entry[i].n;
	return (n > 1);
}

void
route_failed(struct target_place *p, const char *why)
{
	char text[SPEC_TEXT_MAX];
	unsigned i, ms = ROUTE_SHUN;

	/* Those that fail side by side have met the same failure. */
	if (route_is_shunned(p))
		return;
	for (i = 0; i < p->failures && ms < ROUTE_SHUN_MAX; i++)
		ms *= 2;
	if (ms > ROUTE_SHUN_MAX)
		ms = ROUTE_SHUN_MAX;
	if (p->failures++ == 0 && route_has_others(p))
		log_write(LOGL_WARNING, "target=%s comes last for now: %s",
		    route_text(p, text), why);
	p->shun = loop_now(p->entry->target->loop) + ms;
}

void
route_works(struct target_place *p)
{
	char text[SPEC_TEXT_MAX];

	if (p->failures > 0 && route_has_others(p))
		log_write(LOGL_MESSAGE, "target=%s works again",
		    route_text(p, text));
	p->failures = 0;
	p->shun = 0;
}

#undef ROUTE_PLAN_MAX
#undef ROUTE_SHUN
#undef ROUTE_SHUN_MAX
