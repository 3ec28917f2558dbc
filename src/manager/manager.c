/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * manager.c - the sessions of a process and the configuration they begin with.
 * Owns:      the list of sessions, the generations, the children's targets and
 *            breakers: what of them outlives a reload; what was counted.
 * Called by: daemon/.
 * Must not:  read configuration files or open sockets.
 */
#include "compat.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "manager/manager_internal.h"
#include "manager/record.h"
#include "manager/shared.h"
#include "manager/session_internal.h"

static bool
manager_same_text(const char *a, const char *b)
{
	return (a == NULL || b == NULL ? a == b : strcmp(a, b) == 0);
}

/* Whether they are one place, reached in one way. */
static bool
manager_same_place(const struct conf_milter *a, const struct conf_milter *b)
{
	size_t i;

	if (a->specs.text.n != b->specs.text.n)
		return (false);
	for (i = 0; i < a->specs.text.n; i++)
		if (strcmp(a->specs.text.item[i], b->specs.text.item[i]) != 0)
			return (false);
	return (manager_same_text(a->socks_text, b->socks_text) &&
	    manager_same_text(a->socks_user, b->socks_user) &&
	    manager_same_text(a->socks_password, b->socks_password));
}

/* That child as the configuration in force has it, when it is still there. */
static const struct child_run *
manager_before(const struct manager *m, const struct conf_milter *cm)
{
	size_t i;

	for (i = 0; m->gen != NULL && i < m->gen->n; i++) {
		const struct child_run *run = &m->gen->run[i];

		if (strcmp(run->conf->name, cm->name) == 0)
			return (manager_same_place(run->conf, cm) ? run :
			    NULL);
	}
	return (NULL);
}

static enum target_balance
manager_balance(const struct conf_milter *cm)
{
	switch (cm->balance) {
	case CONF_ROUND_ROBIN:
		return (TARGET_ROUND_ROBIN);
	case CONF_LEAST_BUSY:
		return (TARGET_LEAST_BUSY);
	case CONF_FAILOVER:
		break;
	}
	return (TARGET_FAILOVER);
}

/* A target of its own, or NULL and errno. */
static struct target *
manager_target(struct manager *m, const struct conf_milter *cm)
{
	struct target_options opt;

	memset(&opt, 0, sizeof(opt));
	opt.spec = cm->specs.spec;
	opt.n = cm->specs.text.n;
	opt.balance = manager_balance(cm);
	opt.socks = cm->socks_text != NULL ? &cm->socks : NULL;
	opt.socks_user = cm->socks_user;
	opt.socks_password = cm->socks_password;
	if (m->resolver == NULL && target_list_needs_resolver(&opt) &&
	    (m->resolver = resolver_new(m->loop)) == NULL)
		return (NULL);
	return (target_new_list(m->loop, m->resolver, &opt));
}

/* What is known of a child that has not moved outlives the reload. */
static int
manager_run(struct manager *m, struct child_run *run,
    const struct conf_milter *cm)
{
	const struct child_run *before = manager_before(m, cm);

	run->conf = cm;
	if (before != NULL) {
		run->target = target_ref(before->target);
		/* A reload is what one does after a change of names. */
		target_refresh(run->target);
		run->breaker = breaker_ref(before->breaker);
		run->manners = before->manners;
		return (0);
	}
	run->target = manager_target(m, cm);
	if (run->target == NULL)
		return (-1);
	run->breaker = breaker_new();
	return (run->breaker != NULL ? 0 : -1);
}

static void
manager_run_free(struct child_run *run)
{
	launch_cancel(&run->starter.query);
	target_free(run->target);
	if (run->breaker != NULL && run->stats != NULL)
		breaker_hide(run->breaker, &run->stats->broken);
	breaker_unref(run->breaker);
}

static void
manager_count_in(struct generation *g, struct stats *stats)
{
	size_t i;

	g->stats = stats;
	for (i = 0; i < g->n; i++) {
		struct child_run *run = &g->run[i];

		run->stats = stats_child(stats, run->conf->index);
		breaker_show(run->breaker, &run->stats->broken);
	}
}

/* What it has counted stays. */
static void
manager_generation_gone(struct generation *g)
{
	struct generation **at = &g->manager->generations;

	while (*at != g)
		at = &(*at)->next;
	*at = g->next;
	if (!g->lent)
		(void)stats_view_add(&g->manager->past, g->stats, g->conf,
		    true);
}

static void
manager_generation_unref(struct generation *g)
{
	size_t i;

	if (g == NULL || --g->refs > 0)
		return;
	if (g->manager != NULL)
		manager_generation_gone(g);
	for (i = 0; i < g->n; i++)
		manager_run_free(&g->run[i]);
	if (!g->lent)
		stats_free(g->stats);
	free(g->run);
	supply_drop(g);
	record_folder_unref(g->records);
	conf_unref(g->conf);
	free(g);
}

/* On failure conf still belongs to the caller. */
static struct generation *
manager_generation_new(struct manager *m, struct conf *conf)
{
	struct generation *g = calloc(1, sizeof(*g));
	size_t i;

	if (g == NULL)
		return (NULL);
	g->refs = 1;
	g->run = calloc(conf->n_milters + 1, sizeof(*g->run));
	if (g->run == NULL) {
		free(g);
		return (NULL);
	}
	for (i = 0; i < conf->n_milters; i++) {
		if (!conf->milters[i]->enabled)
			continue;
		if (manager_run(m, &g->run[g->n++], conf->milters[i]) == -1)
			goto fail;
	}
	if (supply_get(m, g, conf) == -1)
		goto fail;
	if (conf->record_directory != NULL) {
		g->records = record_folder_get(conf, m->gen == NULL ? NULL :
		    m->gen->records);
		if (g->records == NULL)
			goto fail;
	}
	g->stats = stats_new(conf);
	if (g->stats == NULL)
		goto fail;
	/* The new order holds for the sessions that are there, too. */
	for (i = 0; i < g->n; i++)
		target_set_balance(g->run[i].target,
		    manager_balance(g->run[i].conf));
	g->conf = conf;
	if (m->gen != NULL)
		stats_inherit(g->stats, conf, m->gen->stats, m->gen->conf);
	manager_count_in(g, g->stats);
	g->manager = m;
	g->next = m->generations;
	m->generations = g;
	return (g);
fail:
	g->conf = NULL;
	manager_generation_unref(g);
	return (NULL);
}

struct manager *
manager_new(struct loop *loop, struct conf *conf, struct shared *shared,
    unsigned slot, struct launch *launch)
{
	struct manager *m = calloc(1, sizeof(*m));

	if (m != NULL) {
		m->loop = loop;
		m->launch = launch;
		m->shared = shared;
		m->slot = slot;
		m->gen = manager_generation_new(m, conf);
		if (m->gen == NULL) {
			resolver_free(m->resolver);
			free(m);
			m = NULL;
		}
	}
	if (m == NULL)
		conf_unref(conf);
	return (m);
}

int
manager_set_conf(struct manager *m, struct conf *conf)
{
	struct generation *g = manager_generation_new(m, conf);

	if (g == NULL) {
		conf_unref(conf);
		return (-1);
	}
	manager_generation_unref(m->gen);
	m->gen = g;
	return (0);
}

const struct conf *
manager_conf(const struct manager *m)
{
	return (m->gen->conf);
}

int
manager_accept(struct manager *m, int fd, const char *peer)
{
	struct session *s;
	int saved;

	s = session_new(m, m->gen, fd, shared_id(m->shared), peer);
	if (s == NULL) {
		saved = errno;
		(void)close(fd);
		shared_leave(m->shared, m->slot, false);
		errno = saved;
		return (-1);
	}
	s->next = m->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	m->sessions = s;
	m->n_sessions++;
	stats_total(s->gen->stats)->running++;
	return (0);
}

void
manager_session_gone(struct manager *m, struct session *s)
{
	if (s->prev != NULL)
		s->prev->next = s->next;
	else
		m->sessions = s->next;
	if (s->next != NULL)
		s->next->prev = s->prev;
	m->n_sessions--;
	shared_leave(m->shared, m->slot, s->negotiated);
	stats_total(s->gen->stats)->running--;
	manager_generation_unref(s->gen);
	if (m->on_end != NULL)
		m->on_end(m, m->on_end_arg);
}

size_t
manager_n_sessions(const struct manager *m)
{
	return (m->n_sessions);
}

struct stats *
manager_stats(const struct manager *m)
{
	return (m->gen->stats);
}

void
manager_lend_stats(struct manager *m, struct stats *stats)
{
	struct stats *own = m->gen->stats;

	manager_count_in(m->gen, stats);
	m->gen->lent = true;
	stats_free(own);
}

int
manager_view(const struct manager *m, struct stats_view *v)
{
	const struct generation *g;

	for (g = m->generations; g != NULL; g = g->next)
		if (!g->lent &&
		    stats_view_add(v, g->stats, g->conf, false) == -1)
			return (-1);
	return (stats_view_add_view(v, &m->past));
}

size_t
manager_descriptors(const struct manager *m)
{
	return (m->gen->descriptors);
}

void
manager_on_end(struct manager *m, void (*fn)(struct manager *, void *),
    void *arg)
{
	m->on_end = fn;
	m->on_end_arg = arg;
}

void
manager_end_all(struct manager *m, const char *reason)
{
	struct session *s;

	for (s = m->sessions; s != NULL; s = s->next)
		session_shut(s, reason);
}

void
manager_free(struct manager *m)
{
	if (m == NULL)
		return;
	m->on_end = NULL;
	manager_end_all(m, "the manager ends");
	while (m->sessions != NULL)
		session_reap(m->sessions);
	manager_generation_unref(m->gen);
	resolver_free(m->resolver);
	stats_view_free(&m->past);
	free(m);
}
