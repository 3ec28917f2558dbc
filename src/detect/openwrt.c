/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * openwrt.c - milters that OpenWrt's init starts, and its configuration, UCI.
 * Owns:      the syntax of UCI, which of the commands of its scripts matter,
 *            the links in rc.d.
 * Called by: detect.c, through the table of platforms; the fuzz target.
 * Must not:  know a milter.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/word.h"
#include "config/value.h"
#include "detect/openwrt_internal.h"
#include "detect/start_internal.h"

#define OPENWRT_PATH	512
#define OPENWRT_WORDS	3	/* of a statement */

/* --- UCI ------------------------------------------------------------------ */

/* Reads a word to out, with its NUL; NULL: its quotes do not end. */
static const char *
uci_word(const char *p, const char *stop, char *out, unsigned *line)
{
	char quote = '\0';

	for (; p < stop; p++) {
		if (quote == '\0' && strchr(" \t\r\n#;", *p) != NULL)
			break;
		*line += *p == '\n';
		if (quote != '\0' ? *p == quote : *p == '\'' || *p == '"') {
			quote = quote != '\0' ? '\0' : *p;
			continue;
		}
		if (*p == '\\' && quote != '\'' && p + 1 < stop) {
			p++;
			/* The line goes on. */
			if (*p == '\n') {
				++*line;
				continue;
			}
		}
		*out++ = *p;
	}
	*out = '\0';
	return (quote == '\0' ? p : NULL);
}

const char *
uci_read(const char *text, size_t len, uci_statement *statement, void *arg,
    unsigned *line)
{
	static const char *const keyword[] = { "package", "config", "option",
	    "list", NULL };
	const char *p = text, *stop = text + len, *why = NULL;
	char *buf, *word[OPENWRT_WORDS + 1], *out;
	unsigned first;
	size_t n = 0, i;
	bool section = false;

	*line = 1;
	/* Each word has a byte before it or behind it that is not copied. */
	out = buf = malloc(len + OPENWRT_WORDS + 2);
	if (buf == NULL)
		return ("out of memory");
	for (first = 1; p <= stop && why == NULL;) {
		if (p < stop && (*p == ' ' || *p == '\t' || *p == '\r')) {
			p++;
			continue;
		}
		if (p < stop && *p == '#') {
			while (p < stop && *p != '\n')
				p++;
			continue;
		}
		if (p < stop && *p != '\n' && *p != ';' && *p != '\0') {
			if (n == 0)
				first = *line;
			if (n > OPENWRT_WORDS - 1) {
				why = "too many words";
				break;
			}
			word[n++] = out;
			p = uci_word(p, stop, out, line);
			if (p == NULL) {
				why = "a quote that does not end";
				*line = first;
				break;
			}
			out += strlen(out) + 1;
			continue;
		}
		/* The end of a statement. */
		for (i = 0; n > 0 && keyword[i] != NULL; i++)
			if (strcmp(word[0], keyword[i]) == 0 ||
			    (word[0][0] == keyword[i][0] && word[0][1] ==
			    '\0'))
				break;
		if (n > 0 && (keyword[i] == NULL || (i > 1 && n != 3) ||
		    n == 1))
			why = "expected config, option or list";
		else if (n > 0 && i > 1 && !section)
			why = "an option before the first section";
		else if (n > 0 && i > 0) {
			section = true;
			statement(keyword[i][0], word[1], n > 2 ? word[2] : "",
			    first, arg);
		}
		n = 0;
		out = buf;
		*line = why != NULL ? first : *line + (p < stop && *p == '\n');
		p++;
	}
	free(buf);
	return (why);
}

/* --- scripts -------------------------------------------------------------- */

struct openwrt {
	struct detect_env *env;
	struct service	*sv;
	struct sh_words	 statement;	/* name, value and name, value ... */
	const char	*file;
};

static void
openwrt_statement(char what, const char *name, const char *value,
    unsigned line, void *arg)
{
	struct openwrt *o = arg;

	/* A section has no name here. */
	if (sh_words_add(&o->statement, what == 'c' ? NULL : name, o->file,
	    line) == -1 || sh_words_add(&o->statement, value, o->file, line) ==
	    -1)
		o->env->no_memory = true;
}

/* The options of what is not switched off; the first of a name counts. */
static void
openwrt_options(struct openwrt *o)
{
	const struct sh_word *w = o->statement.item, *off = NULL;
	size_t i, k, n = o->statement.n, on = 0;
	bool is_off;

	for (i = 0; i < n; i = k) {
		is_off = false;
		for (k = i + 2; k < n && w[k].text != NULL; k += 2) {
			if (strcmp(w[k].text, "enabled") == 0 &&
			    word_is_in("0 no off false disabled",
			    w[k + 1].text, strlen(w[k + 1].text), false)) {
				is_off = true;
				off = &w[k];
			}
		}
		on += !is_off;
		for (i += 2; i < k && !is_off; i += 2) {
			if (sh_get(o->sv->vars, w[i].text).known == SH_UNSET)
				sh_set(o->sv->vars, w[i].text, w[i + 1].text,
				    o->file, w[i].line);
		}
	}
	if (on == 0 && off != NULL)
		start_enabled(o->env, o->sv, DETECT_NO, "enabled", o->file,
		    off->line);
}

static void
openwrt_uci(struct openwrt *o)
{
	const struct root_file *f;
	const char *why;
	char path[OPENWRT_PATH];
	unsigned line;

	if ((size_t)snprintf(path, sizeof(path), "/etc/config/%s",
	    o->sv->row->script) >= sizeof(path))
		return;
	f = root_read(o->env->root, path);
	if (f == NULL || f->absent)
		return;
	o->file = f->path;
	if (f->text == NULL) {
		service_problem(o->sv, path, 0, "%s", f->why);
		return;
	}
	why = uci_read(f->text, f->len, openwrt_statement, o, &line);
	if (why != NULL)
		service_problem(o->sv, path, line, "%s", why);
	else
		openwrt_options(o);
	sh_words_free(&o->statement);
}

void
openwrt_look(struct detect_env *env, const struct detect_row *row)
{
	struct conf_list links = { NULL, 0 };
	struct openwrt o;
	struct sh_value v;
	char path[OPENWRT_PATH];

	if ((size_t)snprintf(path, sizeof(path), "/etc/init.d/%s",
	    row->script) >= sizeof(path) || !start_is_there(env, path))
		return;
	memset(&o, 0, sizeof(o));
	o.env = env;
	o.sv = start_service(env, row, row->script, path);
	if (o.sv == NULL)
		return;
	openwrt_uci(&o);
	v = sh_get(o.sv->vars, "MilterSocket");
	if (v.known == SH_KNOWN)
		fact_set(env, &o.sv->listen, v.text, v.file, v.line);
	start_source(env, o.sv, path);
	start_text(o.sv, path, 0, "start_service\n");
	if (o.sv->argv.n == 0)
		start_text(o.sv, path, 0, "start\n");
	/* Its script writes a configuration file of the options. */
	if (o.sv->listen.text != NULL)
		sh_words_free(&o.sv->argv);
	if (o.sv->enabled_by.text == NULL) {
		start_glob(env, &links, "/etc/rc.d/S[0-9][0-9]%s",
		    row->script);
		start_enabled(env, o.sv, links.n > 0 ? DETECT_YES : DETECT_NO,
		    links.n > 0 ? "a link" : "no link in rc.d", links.n > 0 ?
		    links.item[0] : path, 0);
		value_list_free(&links);
	}
	start_by(env, o.sv, path, "start", NULL);
}

#undef OPENWRT_PATH
#undef OPENWRT_WORDS
