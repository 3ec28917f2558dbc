/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * metrics.c - what was counted, for Prometheus and as JSON.
 * Owns:      the names of both.
 * Called by: route.c.
 * Must not:  count anything.
 */
#include "compat.h"

#include <stdio.h>

#include "control/control_internal.h"
#include "tool/tool.h"

enum metrics_kind {
	METRICS_FLAG,		/* uint32_t, 0 or 1 */
	METRICS_GAUGE,		/* uint32_t */
	METRICS_COUNTER,	/* uint64_t */
	METRICS_STATUS,		/* STATS_STATUS_N of them */
	METRICS_TIME		/* struct stats_child: replies and buckets */
};

struct metrics_row {
	const char	*json;
	const char	*name;		/* behind milter_manager_ */
	const char	*help;
	uint8_t		 kind;		/* enum metrics_kind */
	uint16_t	 offset;
};

#define TOTAL(member)	offsetof(struct stats_total, member)
#define CHILD(member)	offsetof(struct stats_child, member)
#define CONDITION(member) offsetof(struct stats_condition, member)

static const struct metrics_row metrics_totals[] = {
	{ "running", "sessions", "Sessions now.", METRICS_GAUGE,
	    TOTAL(running) },
	{ "sessions", "sessions_ended_total", "Sessions that have ended.",
	    METRICS_STATUS, TOTAL(status) },
	{ "messages", "messages_total", "Messages by their verdict.",
	    METRICS_STATUS, TOTAL(messages) },
	{ "refused", "connections_refused_total",
	    "Connections above max_connections_per_client.",
	    METRICS_COUNTER, TOTAL(refused) },
	{ "disconnected", "clients_disconnected_total",
	    "Sessions whose SMTP client was found gone.", METRICS_COUNTER,
	    TOTAL(disconnected) },
	{ "bytes", "body_bytes_total", "Bytes of bodies from MTAs.",
	    METRICS_COUNTER, TOTAL(bytes) },
	{ NULL, NULL, NULL, 0, 0 }
};

static const struct metrics_row metrics_child_rows[] = {
	{ "disabled", "child_disabled",
	    "Whether new sessions do without the child by order.",
	    METRICS_FLAG, CHILD(disabled) },
	{ "broken", "child_broken",
	    "Whether the child is left alone after failures.", METRICS_FLAG,
	    CHILD(broken) },
	{ "open", "child_connections", "Connections to the child now.",
	    METRICS_GAUGE, CHILD(open) },
	{ "connections", "child_dials_total",
	    "Connections to the child that were begun.", METRICS_COUNTER,
	    CHILD(connections) },
	{ "failures", "child_failures_total",
	    "Times that a fallback came to answer for the child.",
	    METRICS_COUNTER, CHILD(failures) },
	{ "starts", "child_starts_total",
	    "Times that the child's command was asked for.", METRICS_COUNTER,
	    CHILD(starts) },
	{ "results", "child_results_total",
	    "Connections to the child by their end.", METRICS_STATUS,
	    CHILD(status) },
	{ "edits", "child_edits_total", "Edits of the child that counted.",
	    METRICS_COUNTER, CHILD(edits) },
	{ "latency", "child_reply_seconds", "How long replies took.",
	    METRICS_TIME, 0 },
	{ NULL, NULL, NULL, 0, 0 }
};

static const struct metrics_row metrics_conditions[] = {
	{ "asked", "condition_asked_total",
	    "Times that the condition was asked.", METRICS_COUNTER,
	    CONDITION(asked) },
	{ "stopped", "condition_stopped_total",
	    "Times that the condition kept a child out.", METRICS_COUNTER,
	    CONDITION(stopped) },
	{ NULL, NULL, NULL, 0, 0 }
};

#undef TOTAL
#undef CHILD
#undef CONDITION

/* The i-th number of a row. */
static uint64_t
metrics_value(const struct metrics_row *row, const void *of, size_t i)
{
	const char *p = (const char *)of + row->offset;

	return (row->kind <= METRICS_GAUGE ?
	    *(const uint32_t *)(const void *)p :
	    ((const uint64_t *)(const void *)p)[i]);
}

/* --- Prometheus ---------------------------------------------------------- */

/* {what="NAME" of one thing; what NULL: no label. */
struct metrics_label {
	struct buf	*out;
	const char	*what;
	const char	*name;
	bool		 failed;
};

/* Up to what comes behind its name and its own label. */
static void
metrics_begin(struct metrics_label *l, const struct metrics_row *row,
    const char *suffix)
{
	const unsigned char *p = (const unsigned char *)l->name, *at;
	uint32_t c;

	l->failed |= buf_printf(l->out, "milter_manager_%s%s", row->name,
	    suffix) == -1;
	if (l->what == NULL)
		return;
	l->failed |= buf_printf(l->out, "{%s=\"", l->what) == -1;
	while (*p != '\0') {
		at = p;
		c = json_character(&p);
		if (c == '"' || c == '\\')
			l->failed |= buf_add_u8(l->out, '\\') == -1;
		/* One byte of none would spoil all. */
		l->failed |= (c == 0xfffd ? buf_add_u8(l->out, '?') :
		    buf_add(l->out, at, (size_t)(p - at))) == -1;
	}
	l->failed |= buf_add_u8(l->out, '"') == -1;
}

static void
metrics_time(struct metrics_label *l, const struct metrics_row *row,
    const struct stats_child *sum)
{
	uint64_t n = 0;
	unsigned i;

	for (i = 0; i < STATS_BUCKETS; i++) {
		n += sum->bucket[i];
		metrics_begin(l, row, "_bucket");
		if (i + 1 < STATS_BUCKETS)
			l->failed |= buf_printf(l->out, ",le=\"%u.%03u\"} "
			    "%llu\n", (1u << i) / 1000, (1u << i) % 1000,
			    (unsigned long long)n) == -1;
	}
	l->failed |= buf_printf(l->out, ",le=\"+Inf\"} %llu\n",
	    (unsigned long long)n) == -1;
	metrics_begin(l, row, "_sum");
	l->failed |= buf_printf(l->out, "} %llu.%03u\n",
	    (unsigned long long)sum->waited_ms / 1000,
	    (unsigned)(sum->waited_ms % 1000)) == -1;
	metrics_begin(l, row, "_count");
	/* What is counted meanwhile must not make it another number. */
	l->failed |= buf_printf(l->out, "} %llu\n",
	    (unsigned long long)n) == -1;
}

static void
metrics_one(struct metrics_label *l, const struct metrics_row *row,
    const void *of)
{
	unsigned i;

	if (row->kind == METRICS_TIME) {
		metrics_time(l, row, of);
		return;
	}
	for (i = 0; i < (row->kind == METRICS_STATUS ? STATS_STATUS_N : 1u);
	    i++) {
		metrics_begin(l, row, "");
		if (row->kind == METRICS_STATUS)
			l->failed |= buf_printf(l->out, "%cstatus=\"%s\"",
			    l->what != NULL ? ',' : '{',
			    stats_status_name((enum stats_status)i)) == -1;
		l->failed |= buf_printf(l->out, "%s %llu\n",
		    l->what != NULL || row->kind == METRICS_STATUS ? "}" : "",
		    (unsigned long long)metrics_value(row, of, i)) == -1;
	}
}

/*
 * All of one name, as they must be together; of n things, size bytes apart, the
 * first one's name (NULL: none) and counts.
 */
static void
metrics_rows(struct metrics_label *l, const struct metrics_row *row,
    const char *what, char *const *name, const void *sum, size_t n,
    size_t size)
{
	static const char *const types[] = {
		"gauge", "gauge", "counter", "counter", "histogram"
	};
	size_t i;

	for (; row->name != NULL; row++) {
		l->failed |= buf_printf(l->out, "# HELP milter_manager_%s %s\n"
		    "# TYPE milter_manager_%s %s\n", row->name, row->help,
		    row->name, types[row->kind]) == -1;
		for (i = 0; i < n; i++) {
			l->what = what;
			if (what != NULL)
				l->name = *(char *const *)(const void *)
				    ((const char *)name + i * size);
			metrics_one(l, row, (const char *)sum + i * size);
		}
	}
}

int
metrics_text(struct control *k, struct buf *out)
{
	struct metrics_label l = { out, NULL, NULL, false };
	struct stats_view v;

	memset(&v, 0, sizeof(v));
	if (k->ops->view(k->arg, &v) == -1)
		l.failed = true;
	l.failed |= buf_printf(out, "# HELP milter_manager_info The program.\n"
	    "# TYPE milter_manager_info gauge\n"
	    "milter_manager_info{version=\"" MM_VERSION "\"} 1\n"
	    "# HELP milter_manager_start_time_seconds When it was started, "
	    "since 1970.\n"
	    "# TYPE milter_manager_start_time_seconds gauge\n"
	    "milter_manager_start_time_seconds %llu\n",
	    (unsigned long long)k->ops->started(k->arg)) == -1;
	metrics_rows(&l, metrics_totals, NULL, NULL, &v.total, 1, 0);
	if (v.n_children > 0)
		metrics_rows(&l, metrics_child_rows, "child",
		    &v.child[0].name, &v.child[0].sum, v.n_children,
		    sizeof(v.child[0]));
	if (v.n_conditions > 0)
		metrics_rows(&l, metrics_conditions, "condition",
		    &v.condition[0].name, &v.condition[0].sum, v.n_conditions,
		    sizeof(v.condition[0]));
	stats_view_free(&v);
	return (l.failed ? -1 : 0);
}

/* --- JSON ---------------------------------------------------------------- */

static void
metrics_members(struct json *j, const struct metrics_row *row, const void *of)
{
	const struct stats_child *sum = of;
	char bound[16];
	unsigned i;

	for (; row->name != NULL; row++) {
		if (row->kind == METRICS_FLAG)
			json_bool(j, row->json, metrics_value(row, of, 0) != 0);
		else if (row->kind < METRICS_STATUS)
			json_number(j, row->json, metrics_value(row, of, 0));
		else if (row->kind == METRICS_STATUS) {
			json_open(j, row->json, '{');
			for (i = 0; i < STATS_STATUS_N; i++)
				json_number(j, stats_status_name(
				    (enum stats_status)i),
				    metrics_value(row, of, i));
			json_close(j, '}');
		} else {
			json_number(j, "replies", sum->replies);
			json_number(j, "waited_ms", sum->waited_ms);
			json_open(j, row->json, '{');
			for (i = 0; i < STATS_BUCKETS; i++) {
				(void)snprintf(bound, sizeof(bound), "%u",
				    1u << i);
				json_number(j, i + 1 < STATS_BUCKETS ? bound :
				    "more", sum->bucket[i]);
			}
			json_close(j, '}');
		}
	}
}

void
metrics_total(struct json *j, const struct stats_view *v)
{
	metrics_members(j, metrics_totals, &v->total);
}

void
metrics_children(struct json *j, const struct conf *conf,
    const struct stats_view *v)
{
	static const struct stats_child none;
	size_t i, k;

	for (i = 0; i < conf->n_milters; i++) {
		const struct conf_milter *m = conf->milters[i];
		const struct stats_child *sum = &none;

		for (k = 0; k < v->n_children; k++)
			if (strcmp(v->child[k].name, m->name) == 0)
				sum = &v->child[k].sum;
		json_open(j, NULL, '{');
		json_text(j, "name", m->name);
		json_text(j, "description", m->description);
		/* One word for all that keeps it out. */
		json_text(j, "state", !m->enabled ? "off" : sum->disabled ?
		    "disabled" : sum->broken ? "broken" : "on");
		json_open(j, "connection_spec", '[');
		for (k = 0; k < m->specs.text.n; k++)
			json_text(j, NULL, m->specs.text.item[k]);
		json_close(j, ']');
		json_text(j, "fallback_status",
		    conf_status_name(m->fallback_status));
		json_bool(j, "evaluation_mode", m->evaluation_mode);
		json_bool(j, "parallel", m->parallel);
		json_open(j, "applicable_conditions", '[');
		for (k = 0; k < m->n_conditions; k++)
			json_text(j, NULL, m->conditions[k]->name);
		json_close(j, ']');
		metrics_members(j, metrics_child_rows, sum);
		json_close(j, '}');
	}
}
