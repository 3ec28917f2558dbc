/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * target.c - where to dial, and the addresses it has at present.
 * Owns:      a specification, its last good answer, when to ask again.
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

static void target_ask(struct target *);

struct target_answer *
target_answer_new(size_t n)
{
	struct target_answer *a;

	if (n > TARGET_ADDR_MAX)
		return (NULL);
	a = calloc(1, sizeof(*a) + n * sizeof(a->addr[0]));
	if (a != NULL) {
		a->refs = 1;
		a->n = n;
	}
	return (a);
}

void
target_answer_unref(struct target_answer *a)
{
	if (a != NULL && --a->refs == 0)
		free(a);
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

void
target_set_answer(struct target *t, struct target_answer *answer)
{
	target_answer_unref(t->answer);
	t->answer = answer;
	target_wake(t);
}

/* Keeps why, tells the log about a change. */
static void
target_set_why(struct target *t, const char *why)
{
	char text[SPEC_TEXT_MAX];

	if ((why == NULL) != (t->why == NULL)) {
		spec_format(&t->spec, text, sizeof(text));
		if (why != NULL)
			log_write(LOGL_WARNING, "target=%s look-up failed: "
			    "%s%s", text, why, t->answer != NULL ?
			    "; keeping the last addresses" : "");
		else
			log_write(LOGL_MESSAGE, "target=%s look-up works "
			    "again", text);
	}
	free(t->why);
	t->why = why != NULL ? strdup(why) : NULL;
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
	struct target *t = arg;

	t->query = NULL;
	target_set_why(t, answer != NULL ? NULL : why);
	loop_timer_start(t->loop, &t->timer,
	    answer != NULL ? t->refresh_ms : TARGET_RETRY, target_on_timer, t);
	if (answer != NULL)
		target_set_answer(t, answer);
	else
		target_wake(t);
}

static void
target_ask(struct target *t)
{
	t->query = resolver_ask(t->resolver, t->spec.family, t->spec.host,
	    t->spec.port, target_on_answer, t);
	/* Out of memory: as any other failure. */
	if (t->query == NULL)
		target_on_answer(NULL, "out of memory", t);
}

bool
target_needs_resolver(const struct spec *spec)
{
	struct sockaddr_storage ss;
	socklen_t len;

	return (spec->family != AF_UNIX && spec->host != NULL &&
	    spec_sockaddr(spec, false, &ss, &len) == -1);
}

struct target *
target_new(struct loop *loop, struct resolver *resolver,
    const struct spec *spec, unsigned refresh_ms)
{
	struct target *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return (NULL);
	t->loop = loop;
	t->resolver = resolver;
	t->refresh_ms = refresh_ms > 0 ? refresh_ms : TARGET_REFRESH;
	if (spec_copy(spec, &t->spec) == -1)
		goto fail;
	if (!target_needs_resolver(spec)) {
		if ((t->answer = target_answer_new(1)) == NULL ||
		    spec_sockaddr(spec, false, &t->answer->addr[0].ss,
		    &t->answer->addr[0].len) == -1)
			goto fail;
	} else if (resolver == NULL) {
		if ((t->why = strdup("there is no resolver")) == NULL)
			goto fail;
	} else
		target_ask(t);
	return (t);
fail:
	target_free(t);
	return (NULL);
}

void
target_free(struct target *t)
{
	if (t == NULL)
		return;
	if (t->query != NULL)
		resolver_cancel(t->resolver, t->query);
	loop_timer_stop(&t->timer);
	target_answer_unref(t->answer);
	spec_free(&t->spec);
	free(t->why);
	free(t);
}

const struct spec *
target_spec(const struct target *t)
{
	return (&t->spec);
}

#undef TARGET_REFRESH
#undef TARGET_RETRY
