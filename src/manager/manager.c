/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * manager.c - the sessions of a process and the configuration they begin with.
 * Owns:      the list of sessions, the generations, the children's targets.
 * Called by: daemon/.
 * Must not:  read configuration files or open sockets.
 */
#include "compat.h"

#include <errno.h>
#include <unistd.h>

#include "base/log.h"
#include "manager/manager_internal.h"
#include "manager/record.h"
#include "manager/session_internal.h"

static void
manager_generation_unref(struct generation *g)
{
	size_t i;

	if (g == NULL || --g->refs > 0)
		return;
	for (i = 0; i < g->n; i++)
		target_free(g->run[i].target);
	free(g->run);
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
		const struct conf_milter *cm = conf->milters[i];
		struct child_run *run = &g->run[g->n];

		if (!cm->enabled)
			continue;
		if (m->resolver == NULL && target_needs_resolver(&cm->spec) &&
		    (m->resolver = resolver_new(m->loop)) == NULL)
			goto fail;
		run->conf = cm;
		run->target = target_new(m->loop, m->resolver, &cm->spec, 0);
		if (run->target == NULL)
			goto fail;
		g->n++;
	}
	if (conf->record_directory != NULL) {
		g->records = record_folder_get(conf, m->gen == NULL ? NULL :
		    m->gen->records);
		if (g->records == NULL)
			goto fail;
	}
	g->conf = conf;
	return (g);
fail:
	g->conf = NULL;
	manager_generation_unref(g);
	return (NULL);
}

struct manager *
manager_new(struct loop *loop, struct conf *conf)
{
	struct manager *m = calloc(1, sizeof(*m));

	if (m != NULL) {
		m->loop = loop;
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

void
manager_accept(struct manager *m, int fd, const char *peer)
{
	struct session *s;

	s = session_new(m, m->gen, fd, ++m->next_id, peer);
	if (s == NULL) {
		log_write(LOGL_ERROR, "a session from %s could not be made: %s",
		    peer, strerror(errno));
		(void)close(fd);
		return;
	}
	s->next = m->sessions;
	if (s->next != NULL)
		s->next->prev = s;
	m->sessions = s;
	m->n_sessions++;
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
	manager_generation_unref(s->gen);
	if (m->on_end != NULL)
		m->on_end(m, m->on_end_arg);
}

size_t
manager_n_sessions(const struct manager *m)
{
	return (m->n_sessions);
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
	free(m);
}
