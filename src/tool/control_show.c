/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control_show.c - the daemon's state as tables of 79 columns.
 * Owns:      what is shown of it, and how.
 * Called by: control_tool.c.
 * Must not:  ask for it.
 */
#include "compat.h"

#include <stdio.h>

#include "base/json.h"
#include "manager/stats.h"
#include "tool/control_tool.h"

void
control_print(FILE *fp, const char *text)
{
	for (; *text != '\0'; text++)
		(void)fputc(((unsigned char)*text >= ' ' && *text != 0x7f) ||
		    *text == '\n' || *text == '\t' ? *text : '?', fp);
}

/* A member as text; what is not there is "-". */
static const char *
control_show_text(const char *object, const char *name)
{
	static char text[4][1200];
	static unsigned turn;
	const char *value = json_get(object, name);
	char *p = text[turn++ % 4];

	strlcpy(p, "-", sizeof(text[0]));
	if (value != NULL && strncmp(value, "null", 4) != 0)
		json_read(value, p, sizeof(text[0]));
	return (p);
}

static unsigned long long
control_show_number(const char *object, const char *name)
{
	const char *value = json_get(object, name);
	char text[24] = "";

	if (value != NULL)
		json_read(value, text, sizeof(text));
	return (strtoull(text, NULL, 10));
}

static unsigned long long
control_show_sum(const char *of)
{
	unsigned long long n = 0;
	unsigned i;

	for (i = 0; i < STATS_STATUS_N; i++)
		n += control_show_number(of,
		    stats_status_name((enum stats_status)i));
	return (n);
}

/* "  90, accept 80, reject 10" */
static void
control_show_ends(const char *counts, const char *name)
{
	const char *of = json_get(counts, name);
	unsigned long long n;
	unsigned i;

	if (of == NULL)
		return;
	printf("%llu", control_show_sum(of));
	for (i = 0; i < STATS_STATUS_N; i++) {
		const char *word = stats_status_name((enum stats_status)i);

		n = control_show_number(of, word);
		if (n > 0)
			printf(", %s %llu", word, n);
	}
}

/* Seconds as "1d 02:03:04". */
static void
control_show_time(unsigned long long s)
{
	if (s >= 86400)
		printf("%llud ", s / 86400);
	printf("%02llu:%02llu:%02llu", s / 3600 % 24, s / 60 % 60, s % 60);
}

static void
control_show_children(const char *list)
{
	const char *at = NULL;

	printf("%-24s %-8s %5s %8s %8s %8s %8s\n", "MILTER", "STATE", "OPEN",
	    "DIALS", "FAILURES", "REPLIES", "MEAN MS");
	while ((at = json_next(list, at)) != NULL) {
		unsigned long long n = control_show_number(at, "replies");

		printf("%-24.24s %-8.8s %5llu %8llu %8llu %8llu %8llu\n",
		    control_show_text(at, "name"),
		    control_show_text(at, "state"),
		    control_show_number(at, "open"),
		    control_show_number(at, "connections"),
		    control_show_number(at, "failures"), n,
		    n > 0 ? control_show_number(at, "waited_ms") / n : 0);
	}
}

static void
control_show_sessions(const char *list, size_t max)
{
	const char *at = NULL, *waits, *what;

	if (json_next(list, NULL) == NULL)
		return;
	printf("\n%-8s %-22s %-9s %7s  %s\n", "SESSION", "CLIENT", "STAGE",
	    "SECONDS", "WAITS FOR");
	while ((at = json_next(list, at)) != NULL && max-- > 0) {
		printf("%-8.8s %-22.22s %-9.9s %7llu ",
		    control_show_text(at, "id"),
		    control_show_text(at, "client"),
		    control_show_text(at, "stage"),
		    control_show_number(at, "age_ms") / 1000);
		waits = json_get(at, "waits_for");
		what = waits != NULL ? json_next(waits, NULL) : NULL;
		if (what != NULL) {
			printf(" %.10s", control_show_text(what, "for"));
			if (json_get(what, "child") != NULL)
				printf(" %.14s",
				    control_show_text(what, "child"));
		}
		printf("\n");
	}
}

static void
control_show_status(const char *s)
{
	const char *counts = json_get(s, "counts");

	printf("milter-manager %s, %s, process %s, up ",
	    control_show_text(s, "version"), control_show_text(s, "state"),
	    control_show_text(s, "pid"));
	control_show_time(control_show_number(s, "uptime"));
	printf("\nconfiguration  %s\nlistening      %s\n",
	    control_show_text(s, "configuration"),
	    control_show_text(s, "listening"));
	if (counts != NULL) {
		printf("sessions       %s now, ended ",
		    control_show_text(counts, "running"));
		control_show_ends(counts, "sessions");
		printf("\nmessages       ");
		control_show_ends(counts, "messages");
		printf("\n");
	}
	if (control_show_number(s, "workers") > 0)
		printf("workers        %s, and %s that end with their last "
		    "session\n", control_show_text(s, "workers"),
		    control_show_text(s, "workers_ending"));
	printf("\n");
}

int
control_show(const char *json, size_t max_sessions)
{
	const char *end = json_skip(json), *list;

	if (end == NULL || *end != '\0')
		return (-1);
	if (*json == '[') {
		control_show_children(json);
		return (0);
	}
	if (*json != '{')
		return (-1);
	control_show_status(json);
	list = json_get(json, "children");
	if (list != NULL)
		control_show_children(list);
	list = json_get(json, "sessions");
	if (list != NULL)
		control_show_sessions(list, max_sessions);
	return (0);
}
