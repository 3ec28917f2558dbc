/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_print.c - what milter-manager-detect says of each milter, and in which
 * order.
 * Owns:      the table's head and rows; the names of what is said.
 * Called by: detect_tool.c.
 * Must not:  decide anything.
 */
#include "compat.h"

#include <stdio.h>

#include "base/number.h"
#include "tool/detect_tool.h"
#include "tool/text.h"

#define DETECT_NAME_COLUMNS	24	/* a longer name moves its own row */

static const char *const detect_print_enabled[] = { "no", "yes", "unknown" };

/* --- a probe -------------------------------------------------------------- */

/* The folders on the way to a socket that is not for us. */
static void
detect_print_way(struct detect_out *o, const struct detect_probe *p)
{
	struct detect_step s;
	bool closed = false;

	memset(&s, 0, sizeof(s));
	detect_out_list(o, true, "path", true);
	while (detect_step(p->spec.path, &s)) {
		if (s.error != 0)
			detect_out_item(o, "%s: %s", s.path,
			    strerror(s.error));
		else
			detect_out_item(o, "%04o %s:%s %s%s%s", s.mode,
			    s.owner, s.group, s.path, s.link ? " (a link)" :
			    "", s.closed || (s.last && !closed) ?
			    " <-- here" : "");
		closed |= s.closed;
	}
	detect_out_end(o, NULL);
}

static void
detect_print_bits(struct detect_out *o, uint32_t bits,
    const char *const *name)
{
	for (; *name != NULL; name++, bits >>= 1)
		if ((bits & 1) != 0)
			detect_out_item(o, "%s", *name);
}

static void
detect_print_answer(struct detect_out *o, const struct option *a)
{
	static const char *const stages[SMFIM_N] = {
		"connect", "helo", "mail", "rcpt", "data", "eom", "eoh"
	};
	int i;

	detect_out_number(o, "version", a->version);
	detect_out_list(o, true, "actions", false);
	detect_print_bits(o, a->actions, text_action_names);
	detect_out_end(o, "none");
	detect_out_list(o, true, "stages", false);
	for (i = TEXT_NEGOTIATE + 1; i < TEXT_N; i++)
		if ((a->protocol & text_stages[i].no) == 0)
			detect_out_item(o, "%s", text_stages[i].name);
	detect_out_end(o, NULL);
	detect_out_list(o, true, "protocol", false);
	detect_print_bits(o, a->protocol & ~SMFIP_NO_MASK,
	    text_protocol_names);
	detect_out_end(o, NULL);
	detect_out_list(o, true, "macros", true);
	for (i = 0; i < SMFIM_N; i++)
		if (a->macros[i] != NULL)
			detect_out_item(o, "%s: %s", stages[i], a->macros[i]);
	detect_out_end(o, NULL);
}

static void
detect_print_probe(struct detect_out *o, const struct detect_probe *p,
    bool which)
{
	static const char *const outcome[] = {
		"works", "no socket", "refused", "permission denied",
		"not a milter", "silent", "failed"
	};

	if (o->json) {
		printf(o->more ? ", {" : "{");
		o->more = false;
		detect_out_text(o, false, "socket", p->text);
		detect_out_text(o, false, "outcome", outcome[p->outcome]);
		detect_out_text(o, false, "why", p->why);
	} else {
		detect_out_list(o, true, "probe", true);
		detect_out_item(o, "%s%s%s: %s", which ? p->text : "", which ?
		    ": " : "", outcome[p->outcome], p->why);
	}
	if (p->outcome == PROBE_DENIED)
		detect_print_way(o, p);
	if (p->outcome == PROBE_WORKS)
		detect_print_answer(o, &p->answer);
	if (o->json)
		(void)putchar('}');
}

static void
detect_print_probes(struct detect_out *o, const struct detect_line *l)
{
	size_t i;

	if (o->json)
		detect_out_list(o, false, "probe", false);
	for (i = 0; i < l->n_probes; i++)
		detect_print_probe(o, &l->probe[i], l->n_probes > 1);
	if (o->json)
		detect_out_end(o, NULL);
}

/* --- a milter ------------------------------------------------------------- */

static void
detect_print_fact(struct detect_out *o, bool shown, const char *name,
    const struct detect_fact *fact)
{
	detect_out_place(o, shown, name, fact->file, fact->line, fact->text);
}

static void
detect_print_origin(struct detect_out *o, const char *name,
    const struct conf_origin *at)
{
	detect_out_place(o, true, name, at != NULL ? at->file : NULL,
	    at != NULL ? at->line : 0, NULL);
}

/* What the table has for him only who wants to know all. */
static void
detect_print_more(struct detect_out *o, const struct detect_milter *d,
    bool all)
{
	size_t i;

	detect_out_text(o, all, "description", d->description.text);
	detect_out_text(o, all, "script", d->script);
	detect_out_text(o, all, "configuration", d->configuration.text);
	detect_out_text(o, all, "command", d->command);
	detect_out_list(o, all, "options", true);
	for (i = 0; i < d->command_options.n; i++)
		detect_out_item(o, "%s", d->command_options.item[i]);
	detect_out_end(o, NULL);
}

static void
detect_print_found(struct detect_out *o, const struct detect_line *l)
{
	const struct detect_milter *d = l->d;
	char time[32];

	detect_out_text(o, false, "enabled", detect_print_enabled[d->enabled]);
	detect_print_fact(o, true, "enabled_by", &d->enabled_by);
	detect_print_fact(o, false, "detected_socket", &d->spec);
	detect_out_place(o, true, "tarpit", d->extra_time_by.file,
	    d->extra_time_by.line, d->extra_time == 0 ? NULL :
	    number_format_time(d->extra_time, time, sizeof(time)));
	detect_out_text(o, true, "problem", d->problem);
}

static void
detect_print_configured(struct detect_out *o, const struct detect_line *l)
{
	const char *text;
	size_t i;

	if (l->m != NULL)
		detect_print_origin(o, "socket_by",
		    detect_tool_origin(l, "connection_spec"));
	else if (l->d != NULL)
		detect_out_place(o, true, "socket_by", l->d->spec.file,
		    l->d->spec.line, NULL);
	detect_print_origin(o, "decided_by", l->d != NULL &&
	    detect_tool_decided(l) ? detect_tool_origin(l, "enabled") : NULL);
	if (o->json) {
		detect_out_list(o, false, "sockets", false);
		for (i = 0; i < detect_tool_sockets(l); i++)
			detect_out_item(o, "%s", detect_tool_socket(l, i));
		detect_out_end(o, NULL);
	}
	detect_out_list(o, true, "conditions", false);
	for (i = 0; (text = detect_tool_condition(l, i)) != NULL; i++)
		detect_out_item(o, "%s", text);
	detect_out_end(o, "none");
}

/* The row itself, of the table. */
static void
detect_print_row(const struct detect_line *l, int width)
{
	int n = (int)detect_out_bytes(stdout, l->name, strlen(l->name));
	const char *text;
	size_t i;

	printf("%*s", n < width ? width - n : 1, "");
	if (l->d != NULL && !l->d->installed) {
		printf("not installed\n");
		return;
	}
	printf("%-9s%-6s", l->d == NULL ? "-" :
	    detect_print_enabled[l->d->enabled],
	    detect_tool_used(l) ? "yes" : "no");
	for (i = 0; i < detect_tool_sockets(l); i++) {
		text = detect_tool_socket(l, i);
		printf(i > 0 ? ", " : "");
		(void)detect_out_bytes(stdout, text, strlen(text));
	}
	printf(i == 0 ? "not known\n" : "\n");
}

static void
detect_print_line(const struct detect_tool *t, struct detect_out *o,
    const struct detect_line *l, int width)
{
	bool installed = l->d == NULL || l->d->installed;

	if (o->json) {
		printf(o->more ? ",\n {" : "[{");
		o->more = false;
		detect_out_text(o, false, "name", l->name);
		detect_out_bool(o, "candidate", l->d != NULL);
		detect_out_bool(o, "installed", l->d != NULL && installed);
		detect_out_bool(o, "used", detect_tool_used(l));
	} else
		detect_print_row(l, width);
	if (installed) {
		if (l->d != NULL)
			detect_print_found(o, l);
		detect_print_configured(o, l);
		if (t->probe)
			detect_print_probes(o, l);
		if (l->d != NULL)
			detect_print_more(o, l->d, t->verbose);
	}
	if (o->json)
		(void)putchar('}');
}

/* --- all of them ---------------------------------------------------------- */

/* Those that are not installed, in a few lines: there are many. */
static void
detect_print_absent(const struct detect_tool *t)
{
	unsigned at = 0;
	size_t i;

	for (i = 0; i < t->n; i++) {
		const struct detect_milter *d = t->line[i].d;

		if (d == NULL || d->installed)
			continue;
		if (at == 0) {
			(void)putchar('\n');
			at = detect_out_words("Not installed:", 0, 0);
		}
		at = detect_out_words(d->name, 4, at);
	}
	if (at > 0)
		(void)putchar('\n');
}

/* The others are in one list at the end, unless they are asked for. */
static bool
detect_print_has_row(const struct detect_tool *t, const struct detect_line *l)
{
	return (t->n_names > 0 || l->d == NULL || l->d->installed);
}

/* Hands back how wide the column of names is. */
static int
detect_print_head(const struct detect_tool *t)
{
	static const char *const head[] = {
		"Platform:", "Files below:", "Configuration:"
	};
	const char *value[3];
	int width = 4, n;
	size_t i;

	value[0] = t->detect.platform;
	value[1] = t->value[DETECT_ROOT] != NULL ? t->value[DETECT_ROOT] : "/";
	value[2] = t->path != NULL ? t->path :
	    "none, which is taken as load_default = true";

	for (i = 0; i < 3; i++) {
		printf("%-15s", head[i]);
		(void)detect_out_words(value[i], 15, 15);
		(void)putchar('\n');
	}
	if (!t->loaded)
		printf("There is no load_default there: what is found is not "
		    "used by itself.\n");
	(void)putchar('\n');
	for (i = 0; i < t->n; i++) {
		n = (int)detect_out_bytes(NULL, t->line[i].name,
		    strlen(t->line[i].name));
		if (n > width && n <= DETECT_NAME_COLUMNS &&
		    detect_print_has_row(t, &t->line[i]))
			width = n;
	}
	width += 2;
	printf("%-*sENABLED  USED  SOCKET\n", width, "NAME");
	return (width);
}

void
detect_print(struct detect_tool *t)
{
	struct detect_out o;
	size_t i;
	int width = 0;

	memset(&o, 0, sizeof(o));
	o.json = t->form == DETECT_JSON;
	if (!o.json)
		width = detect_print_head(t);
	for (i = 0; i < t->n; i++)
		if (o.json || detect_print_has_row(t, &t->line[i]))
			detect_print_line(t, &o, &t->line[i], width);
	if (o.json)
		printf(t->n > 0 ? "]\n" : "[]\n");
	else if (t->n_names == 0)
		detect_print_absent(t);
	t->no_memory |= o.no_memory;
	buf_free(&o.text);
}

/* --- -v ------------------------------------------------------------------- */

static void
detect_print_file(const struct root_file *f, void *arg)
{
	FILE *fp = arg;

	if (f->text != NULL)
		fprintf(fp, "%18zu  ", f->len);
	else
		fprintf(fp, "%18s  ", f->absent ? "-" : f->why);
	(void)detect_out_bytes(fp, f->path, strlen(f->path));
	(void)fputc('\n', fp);
}

void
detect_print_files(const struct detect_tool *t, FILE *fp)
{
	fprintf(fp, "\nFiles, with their bytes, \"-\" when there is none, or "
	    "what is wrong:\n");
	root_each(t->detect.root, detect_print_file, fp);
}

#undef DETECT_NAME_COLUMNS
