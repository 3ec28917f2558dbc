/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * errors.c - collect the faults of a configuration and tell them in order.
 * Owns:      the form of an error line, and how many are kept.
 * Called by: conf.c, and what reads for it: load.c, parse.c, check.c.
 * Must not:  grow with the number of faults.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "config/errors.h"

/*
 * Copies an explanation.  What it quotes has its backslashes doubled already;
 * other bytes may still be such as a terminal takes for an order.
 */
static void
errors_copy(char *dst, size_t size, const char *why)
{
	size_t n;

	for (; *why != '\0' && size > 4; why++, dst += n, size -= n) {
		n = *why >= ' ' && *why < 0x7f ? 1 : 4;
		if (n == 1)
			*dst = *why;
		else
			snprintf(dst, size, "\\x%02x",
			    (unsigned)(unsigned char)*why);
	}
	*dst = '\0';
}

void
errors_add(struct errors *e, unsigned seq, const char *file, unsigned line,
    const char *key, const char *why)
{
	char name[256], what[256], number[16], because[1024], text[1600];
	char *copy;
	size_t at;

	e->total++;
	/* Without memory, while what is built in was read. */
	if (file == NULL)
		file = "(built in)";
	/* Found at last but earlier in the files: the very last gives way. */
	for (at = e->n; at > 0 && e->entry[at - 1].seq > seq; at--)
		;
	if (at == ERRORS_MAX)
		return;
	number[0] = what[0] = '\0';
	log_escape(name, sizeof(name), file, strlen(file));
	if (line != 0)
		snprintf(number, sizeof(number), ":%u", line);
	if (key != NULL)
		log_escape(what, sizeof(what), key, strlen(key));
	errors_copy(because, sizeof(because), why);
	snprintf(text, sizeof(text), "%s%s: %s%s%s", name, number, what,
	    key != NULL ? ": " : "", because);
	copy = strdup(text);
	if (copy == NULL) {
		e->no_memory = true;
		return;
	}
	if (e->n == ERRORS_MAX)
		free(e->entry[--e->n].line);
	memmove(&e->entry[at + 1], &e->entry[at],
	    (e->n - at) * sizeof(e->entry[0]));
	e->entry[at].seq = seq;
	e->entry[at].line = copy;
	e->n++;
}

size_t
errors_report(struct errors *e, const char *file,
    void (*report)(const char *line, void *arg), void *arg)
{
	char name[256], text[400];
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (report != NULL)
			report(e->entry[i].line, arg);
		free(e->entry[i].line);
	}
	log_escape(name, sizeof(name), file, strlen(file));
	if (e->no_memory)
		snprintf(text, sizeof(text), "%s: out of memory", name);
	else if (e->total > e->n)
		snprintf(text, sizeof(text), "%s: %zu more errors are not "
		    "shown", name, e->total - e->n);
	else
		text[0] = '\0';
	if (text[0] != '\0' && report != NULL)
		report(text, arg);
	e->n = 0;
	return (e->total + (e->no_memory ? 1 : 0));
}
