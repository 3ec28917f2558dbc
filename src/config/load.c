/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * load.c - the texts that statements are read from: files, those that they
 * load, the command line, what is built in.
 * Owns:      how deep and how many files may be; the names of files.
 * Called by: conf.c, parse.c.
 * Must not:  know a key.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/spec.h"
#include "base/word.h"
#include "config/key.h"
#include "config/lex.h"
#include "config/logic.h"
#include "config/parse_internal.h"
#include "config/source.h"

#define LOAD_DEPTH_MAX	16	/* of loads */
#define LOAD_FILES_MAX	1000

struct load_name {
	struct load_name *next;
	char		 text[];
};

const char *
load_keep_name(struct parse *ps, const char *text)
{
	struct load_name *name;
	size_t len = strlen(text);

	/* A file that is read again, or that many statements are said of. */
	for (name = ps->conf->strings; name != NULL; name = name->next)
		if (strcmp(name->text, text) == 0)
			return (name->text);

	name = malloc(sizeof(*name) + len + 1);
	if (name == NULL) {
		ps->errors.no_memory = true;
		return (NULL);
	}
	memcpy(name->text, text, len + 1);
	name->next = ps->conf->strings;
	ps->conf->strings = name;
	return (name->text);
}

void
parse_free_names(struct conf *conf)
{
	struct load_name *name;

	while ((name = conf->strings) != NULL) {
		conf->strings = name->next;
		free(name);
	}
}

/* Returns -1 with why when the file cannot be read. */
static int
load_file(struct parse *ps, const struct parse_input *up,
    const char *path, char why[VALUE_WHY_MAX])
{
	struct parse_input in;
	struct source_text text;
	const struct parse_input *i;

	if (up != NULL && up->depth == LOAD_DEPTH_MAX) {
		snprintf(why, VALUE_WHY_MAX, "files are loaded by files more "
		    "than %d deep", LOAD_DEPTH_MAX);
		return (-1);
	}
	if (ps->n_files == LOAD_FILES_MAX) {
		snprintf(why, VALUE_WHY_MAX, "more than %d files are loaded",
		    LOAD_FILES_MAX);
		return (-1);
	}
	if (source_read(path, ps->custom ? SOURCE_ALONE : up == NULL ?
	    SOURCE_ANY : 0, &text, why) == -1)
		return (-1);
	for (i = up; i != NULL; i = i->up) {
		if (i->is_file && i->dev == text.dev && i->ino == text.ino) {
			free(text.text);
			strlcpy(why, "the file loads itself", VALUE_WHY_MAX);
			return (-1);
		}
	}
	ps->n_files++;
	memset(&in, 0, sizeof(in));
	in.up = up;
	in.depth = up != NULL ? up->depth + 1 : 0;
	in.is_file = true;
	in.dev = text.dev;
	in.ino = text.ino;
	in.name = load_keep_name(ps, path);
	lex_init(&in.lx, text.text, text.len);
	if (in.name != NULL)
		parse_text(ps, &in);
	free(text.text);
	return (0);
}

/* Hands each file that a value names to load_file. */
static void
load_each(struct parse *ps, struct parse_input *in,
    const struct value *v, bool must_exist,
    int (*load_one)(struct parse *, const struct parse_input *, const char *,
    char *))
{
	struct conf_list files = { NULL, 0 };
	char quoted[160], why[VALUE_WHY_MAX], full[VALUE_WHY_MAX + 200];
	unsigned line = in->lx.start_line;
	size_t i;

	if (in->append || v->kind == VALUE_LIST || v->text[0] == '\0') {
		strlcpy(why, "expected = and a path in quotes", sizeof(why));
		goto fault;
	}
	lex_quote(quoted, sizeof(quoted), v->text);
	if (v->kind == VALUE_WORD) {
		snprintf(why, sizeof(why), "a bare word is not a string, "
		    "write %s", quoted);
		goto fault;
	}
	if (source_expand(in->is_file ? in->name : "", v->text, &files, why) ==
	    -1)
		goto fault_path;
	if (files.n == 0 && must_exist) {
		strlcpy(why, "there is no such file", sizeof(why));
		goto fault_path;
	}
	for (i = 0; i < files.n; i++) {
		if (load_one(ps, in, files.item[i], why) == -1) {
			lex_quote(quoted, sizeof(quoted), files.item[i]);
			snprintf(full, sizeof(full), "%s: %s", quoted, why);
			parse_fault(ps, in, line, full);
		}
	}
	value_list_free(&files);
	return;

fault_path:
	value_list_free(&files);
	snprintf(full, sizeof(full), "%s: %s", quoted, why);
	parse_fault(ps, in, line, full);
	return;
fault:
	parse_fault(ps, in, line, why);
}

void
load_files(struct parse *ps, struct parse_input *in, const struct value *v,
    bool must_exist)
{
	load_each(ps, in, v, must_exist, load_file);
}

/* One line of a file of domains: as upstream has it. */
static int
load_domain(struct parse *ps, const struct conf_origin *origin, char *text,
    char what[VALUE_WHY_MAX])
{
	const struct key *key = key_find(key_main,
	    "trust.envelope_from_domains");
	char quoted[2 * LEX_TEXT_MAX + 8], why[VALUE_WHY_MAX];
	size_t len = strlen(text), i;
	struct value v;
	unsigned line;

	if (len > LEX_TEXT_MAX) {
		strlcpy(what, "the line is too long", VALUE_WHY_MAX);
		return (-1);
	}
	if (len > 1 && text[0] == '/' && text[len - 1] == '/')
		snprintf(quoted, sizeof(quoted), "%si", text);
	else {
		for (i = 0; i < len; i++)
			if (text[i] >= 'A' && text[i] <= 'Z')
				text[i] = (char)(text[i] - 'A' + 'a');
		lex_quote(quoted, sizeof(quoted), text);
	}
	memset(&v, 0, sizeof(v));
	v.kind = VALUE_RAW;
	v.text = quoted;
	v.origin = *origin;
	if (logic_assign(key, ps->conf, NULL, &v, true, &line, why) == -1) {
		strlcpy(what, why, VALUE_WHY_MAX);
		return (-1);
	}
	ps->conf->origin[key - key_main] = *origin;
	return (0);
}

static int
load_domains_file(struct parse *ps, const struct parse_input *in,
    const char *path, char *why)
{
	struct source_text text;
	struct conf_origin origin;
	char *line, *next, *end;

	if (source_read(path, 0, &text, why) == -1)
		return (-1);
	origin.file = load_keep_name(ps, path);
	origin.line = 0;
	for (line = text.text; origin.file != NULL && line != NULL &&
	    line < text.text + text.len; line = next) {
		end = memchr(line, '\n', text.len - (size_t)(line - text.text));
		next = end == NULL ? NULL : end + 1;
		if (end == NULL)
			end = text.text + text.len;
		origin.line++;
		while (end > line && strchr(" \t\r", end[-1]) != NULL)
			end--;
		*end = '\0';
		line += strspn(line, " \t");
		if (*line == '\0' || *line == '#')
			continue;
		if (load_domain(ps, &origin, line, why) == -1)
			errors_add(&ps->errors, in->seq, origin.file,
			    origin.line, NULL, why);
	}
	free(text.text);
	return (0);
}

void
load_domains(struct parse *ps, struct parse_input *in,
    const struct value *v)
{
	load_each(ps, in, v, true, load_domains_file);
}

void
parse_file(struct parse *ps, const char *path)
{
	char why[VALUE_WHY_MAX];

	if (load_file(ps, NULL, path, why) == -1)
		errors_add(&ps->errors, ++ps->seq, path, 0, NULL, why);
}

/* Reads a text that is in memory; is_file: as the file of that name. */
static void
load_memory(struct parse *ps, const char *name, bool is_file,
    const char *text, size_t len)
{
	struct parse_input in;

	memset(&in, 0, sizeof(in));
	in.is_file = is_file;
	in.name = load_keep_name(ps, name);
	lex_init(&in.lx, text, len);
	if (in.name != NULL)
		parse_text(ps, &in);
}

void
parse_bytes(struct parse *ps, const char *path, const char *text, size_t len)
{
	load_memory(ps, path, true, text, len);
}

void
parse_builtin(struct parse *ps, const char *text)
{
	struct parse_input in;

	memset(&in, 0, sizeof(in));
	lex_init(&in.lx, text, strlen(text));
	parse_text(ps, &in);
}

void
parse_override(struct parse *ps, const char *text)
{
	load_memory(ps, "command line", false, text, strlen(text));
}

/*
 * Types that hold no path, program, user or secret, in the groups that need
 * them.  A key that is new is not allowed until somebody has thought of it.
 */
bool
load_may_be_custom(const struct key *key, const char *group)
{
	static const char groups[] = "milter condition log manager s25r stress "
	    "remote_network trust dnsbl restrict_accounts";
	static const char not[] = "manager.daemon "
	    "manager.max_file_descriptors "
	    "manager.remove_unix_socket_on_create "
	    "manager.remove_unix_socket_on_close";
	const uint32_t types = 1u << KEY_BOOL | 1u << KEY_WORD |
	    1u << KEY_LEVELS | 1u << KEY_NUMBER | 1u << KEY_TIME |
	    1u << KEY_SIZE | 1u << KEY_SPECS | 1u << KEY_CONDITIONS |
	    1u << KEY_MACROS | 1u << KEY_STOP | 1u << KEY_SET_MACRO |
	    1u << KEY_SET_NOTE | 1u << KEY_RULES;

	return (key != NULL &&
	    word_is_in(groups, group, strlen(group), false) &&
	    ((types & 1u << key->type) != 0 ||
	    strcmp(key->name, "description") == 0) &&
	    !word_is_in(not, key->name, strlen(key->name), false));
}

void
parse_custom(struct parse *ps)
{
	const struct conf_source *source = ps->source;
	const char *dir = ps->conf->custom_directory;
	char path[SPEC_TEXT_MAX], why[VALUE_WHY_MAX];
	struct parse_input top;
	struct stat st;

	if (dir == NULL || source->no_custom || source->text != NULL)
		return;
	if ((size_t)snprintf(path, sizeof(path), "%s/" CONF_CUSTOM_NAME,
	    dir) >= sizeof(path)) {
		errors_add(&ps->errors, ++ps->seq, dir, 0, NULL,
		    "the path is too long");
		return;
	}
	ps->custom = true;
	/*
	 * Not through a link, also one that is made just now (SOURCE_ALONE): it
	 * may be read as root, and is not root's.
	 */
	memset(&top, 0, sizeof(top));
	if (source->custom != NULL)
		parse_bytes(ps, path, source->custom, source->custom_len);
	else if (lstat(path, &st) == 0) {
		strlcpy(why, "not a regular file", sizeof(why));
		if (!S_ISREG(st.st_mode) ||
		    load_file(ps, &top, path, why) == -1)
			errors_add(&ps->errors, ++ps->seq, path, 0, NULL, why);
	} else if (errno != ENOENT && errno != ENOTDIR) {
		snprintf(why, sizeof(why), "cannot be read: %s",
		    strerror(errno));
		errors_add(&ps->errors, ++ps->seq, path, 0, NULL, why);
	}
	ps->custom = false;
}

#undef LOAD_DEPTH_MAX
#undef LOAD_FILES_MAX
