/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stats.c - memory to count in, and sums of it by name.
 * Owns:      the layout of the shared memory.
 * Called by: manager/ to count, daemon/ to read.
 * Must not:  trust what is in the memory: another process writes it.
 */
#include "compat.h"

#include <sys/mman.h>

#include "manager/stats.h"

/*
 * The sizes are what this process knows of the configuration; the memory holds
 * numbers only.  A 64-bit number that is read while it is written may be off
 * where such a write is two: nobody but a display sees it.
 */
struct stats {
	void		*memory;
	size_t		 size;
	size_t		 n_children;
	size_t		 n_conditions;
};

/* How many counters there are in a struct: from its first one to its end. */
#define STATS_N(type, first)						\
	((sizeof(struct type) - offsetof(struct type, first)) /		\
	    sizeof(uint64_t))

static const char *const stats_names[STATS_STATUS_N] = {
	"pass", "accept", "reject", "discard", "temporary-failure",
	"quarantine", "stop", "abort", "error", "shutdown"
};

const char *
stats_status_name(enum stats_status status)
{
	return (status < STATS_STATUS_N ? stats_names[status] : "error");
}

enum stats_status
stats_status(const char *word)
{
	int i;

	for (i = 0; i < STATS_STATUS_N; i++)
		if (word != NULL && strcmp(word, stats_names[i]) == 0)
			return ((enum stats_status)i);
	return (STATS_ERROR);
}

struct stats *
stats_new(const struct conf *conf)
{
	struct stats *st = calloc(1, sizeof(*st));

	if (st == NULL)
		return (NULL);
	st->n_children = conf->n_milters;
	st->n_conditions = conf->n_conditions;
	st->size = sizeof(struct stats_total) +
	    st->n_children * sizeof(struct stats_child) +
	    st->n_conditions * sizeof(struct stats_condition);
	st->memory = mmap(NULL, st->size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANON, -1, 0);
	if (st->memory == MAP_FAILED) {
		free(st);
		return (NULL);
	}
	return (st);
}

void
stats_free(struct stats *st)
{
	if (st == NULL)
		return;
	(void)munmap(st->memory, st->size);
	free(st);
}

void
stats_inherit(struct stats *st, const struct conf *conf,
    const struct stats *before, const struct conf *before_conf)
{
	struct stats shared = *before;	/* it is only read */
	const struct conf_milter *now;
	size_t i;

	for (i = 0; i < before->n_children; i++) {
		if (stats_child(&shared, i)->disabled == 0)
			continue;
		now = conf_milter(conf, before_conf->milters[i]->name);
		if (now != NULL)
			stats_child(st, now->index)->disabled = 1;
	}
}

struct stats_total *
stats_total(struct stats *st)
{
	return (st->memory);
}

struct stats_child *
stats_child(struct stats *st, size_t index)
{
	return ((struct stats_child *)(void *)(stats_total(st) + 1) + index);
}

struct stats_condition *
stats_condition(struct stats *st, size_t index)
{
	return ((struct stats_condition *)(void *)
	    stats_child(st, st->n_children) + index);
}

void
stats_reply(struct stats_child *child, uint64_t ms)
{
	unsigned i = 0;

	while (i < STATS_BUCKETS - 1 && ms > (uint64_t)1 << i)
		i++;
	child->bucket[i]++;
	child->waited_ms += ms;
	child->replies++;
}

/* --- reading ------------------------------------------------------------- */

/* Adds n numbers to as many.  Whether there were any but 0. */
static bool
stats_add(uint64_t *to, const volatile uint64_t *from, size_t n)
{
	uint64_t value, any = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		value = from[i];
		to[i] += value;
		any |= value;
	}
	return (any != 0);
}

/*
 * Finds or makes the entry of that name in a list of such that are of size
 * bytes and begin with their name.  Returns the list, which may have moved, or
 * NULL when out of memory.
 */
static void *
stats_find(void *list, size_t *n, size_t size, const char *name, void **entry)
{
	char *copy, *grown;
	size_t i;

	for (i = 0; i < *n; i++) {
		char **at = (void *)((char *)list + i * size);

		*entry = at;
		if (strcmp(*at, name) == 0)
			return (list);
	}
	if (*n >= STATS_NAMES_MAX)
		return (list);		/* the last one is "*" */
	copy = strdup(*n == STATS_NAMES_MAX - 1 ? "*" : name);
	if (copy == NULL)
		return (NULL);
	grown = realloc(list, (*n + 1) * size);
	if (grown == NULL) {
		free(copy);
		return (NULL);
	}
	*entry = grown + *n * size;
	memset(*entry, 0, size);
	memcpy(*entry, &copy, sizeof(copy));
	++*n;
	return (grown);
}

static int
stats_add_child(struct stats_view *v, const char *name,
    const volatile struct stats_child *from, bool gone)
{
	struct stats_child copy, *sum;
	void *list, *entry;

	memset(&copy, 0, sizeof(copy));
	if (!stats_add(&copy.connections, &from->connections,
	    STATS_N(stats_child, connections)) && gone)
		return (0);
	list = stats_find(v->child, &v->n_children, sizeof(*v->child), name,
	    &entry);
	if (list == NULL)
		return (-1);
	v->child = list;
	sum = &((struct stats_named_child *)entry)->sum;
	(void)stats_add(&sum->connections, &copy.connections,
	    STATS_N(stats_child, connections));
	if (!gone) {
		sum->open += from->open;
		sum->broken |= from->broken != 0;
		sum->disabled |= from->disabled != 0;
	}
	return (0);
}

static int
stats_add_condition(struct stats_view *v, const char *name,
    const volatile struct stats_condition *from, bool gone)
{
	struct stats_condition copy = { 0, 0 };
	void *list, *entry;

	if (!stats_add(&copy.asked, &from->asked,
	    STATS_N(stats_condition, asked)) && gone)
		return (0);
	list = stats_find(v->condition, &v->n_conditions,
	    sizeof(*v->condition), name, &entry);
	if (list == NULL)
		return (-1);
	v->condition = list;
	(void)stats_add(&((struct stats_named_condition *)entry)->sum.asked,
	    &copy.asked, STATS_N(stats_condition, asked));
	return (0);
}

static void
stats_add_total(struct stats_view *v, const volatile struct stats_total *from,
    bool gone)
{
	(void)stats_add(&v->total.sessions, &from->sessions,
	    STATS_N(stats_total, sessions));
	if (!gone)
		v->total.running += from->running;
}

int
stats_view_add(struct stats_view *v, const struct stats *st,
    const struct conf *conf, bool gone)
{
	/* They are only read. */
	struct stats shared = *st;
	size_t i;

	stats_add_total(v, stats_total(&shared), gone);
	for (i = 0; i < st->n_children && i < conf->n_milters; i++)
		if (stats_add_child(v, conf->milters[i]->name,
		    stats_child(&shared, i), gone) == -1)
			return (-1);
	for (i = 0; i < st->n_conditions && i < conf->n_conditions; i++)
		if (stats_add_condition(v, conf->conditions[i]->name,
		    stats_condition(&shared, i), gone) == -1)
			return (-1);
	return (0);
}

int
stats_view_add_view(struct stats_view *v, const struct stats_view *from)
{
	size_t i;

	stats_add_total(v, &from->total, true);
	for (i = 0; i < from->n_children; i++)
		if (stats_add_child(v, from->child[i].name,
		    &from->child[i].sum, true) == -1)
			return (-1);
	for (i = 0; i < from->n_conditions; i++)
		if (stats_add_condition(v, from->condition[i].name,
		    &from->condition[i].sum, true) == -1)
			return (-1);
	return (0);
}

void
stats_view_free(struct stats_view *v)
{
	size_t i;

	for (i = 0; i < v->n_children; i++)
		free(v->child[i].name);
	for (i = 0; i < v->n_conditions; i++)
		free(v->condition[i].name);
	free(v->child);
	free(v->condition);
	memset(v, 0, sizeof(*v));
}

#undef STATS_N
