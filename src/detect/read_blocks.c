/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * read_blocks.c - files of statements and braces: UCL with its includes,
 * priorities and variables (JSON is UCL, too), and GNU mailutils' files.
 * Owns:      the grammar; which section says where a milter listens.
 * Called by: kind.c.
 * Must not:  keep more of a file than the sections that are asked for.
 *
 * In UCL a value of a higher priority replaces one of a lower priority, and of
 * those with the same one each is kept.  Here the first socket of the highest
 * priority counts, and the last of the other values.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/spec.h"
#include "config/value.h"
#include "detect/read.h"

#define READ_SECTIONS_MAX	32
#define READ_TOKEN_MAX		(SPEC_TEXT_MAX + 2)
#define READ_SPACE		" \t\r\n"
#define READ_SKIP_MAX		(4 * 1024 * 1024)	/* of all files */

/* A worker or server. */
struct read_section {
	struct detect_fact listen;
	bool		 proxy;		/* it is of the kind that is looked
					   for */
	bool		 milter, off;
	unsigned	 priority;	/* of the file it began in */
	/* One above the priority of what set them; 0: nothing did. */
	unsigned	 by_listen, by_milter, by_off;
};

enum read_where {
	READ_TOP,
	READ_OUTER,		/* below "worker" or "server" */
	READ_INNER,		/* in the one of a name */
	READ_ELSEWHERE
};

struct read_blocks {
	struct reading	*r;
	bool		 ucl;
	const char	*outer, *inner, *key;
	const char	*p;
	const char	*file;
	unsigned	 line;
	unsigned	 priority;
	unsigned	 depth;
	size_t		 skipped;	/* bytes; some are more than once */
	struct read_section section[READ_SECTIONS_MAX];
	size_t		 n;
	char		 folder[512];	/* $CONFDIR */
	char		 token[READ_TOKEN_MAX];
};

/* What ".include(...)" says in its parentheses. */
struct read_include {
	bool		 try, other;
	unsigned	 priority;
};

static void read_blocks_object(struct read_blocks *, enum read_where,
    struct read_section *, bool braces);
static void read_blocks_value(struct read_blocks *, enum read_where,
    struct read_section *, const char *key);

static bool
read_blocks_failed(const struct read_blocks *b)
{
	return (b->r->sv->problem != NULL || b->r->env->no_memory);
}

static void
read_blocks_fail(struct read_blocks *b, const char *why)
{
	service_problem(b->r->sv, b->file, b->line, "%s", why);
}

static void
read_blocks_skip(struct read_blocks *b, size_t n)
{
	b->skipped += n;
	for (; n > 0; n--)
		b->line += *b->p++ == '\n';
}

/* Comments in C's manner nest in UCL. */
static void
read_blocks_comment(struct read_blocks *b)
{
	unsigned depth = 0;
	unsigned line = b->line;

	do {
		if (b->p[0] == '/' && b->p[1] == '*') {
			depth += depth == 0 || b->ucl;
			read_blocks_skip(b, 2);
		} else if (b->p[0] == '*' && b->p[1] == '/') {
			depth--;
			read_blocks_skip(b, 2);
		} else if (*b->p != '\0') {
			read_blocks_skip(b, 1);
		} else {
			b->line = line;
			read_blocks_fail(b, "a comment is not closed");
			return;
		}
		if (b->skipped > READ_SKIP_MAX) {
			/* Whether it begins a value is asked before. */
			read_blocks_fail(b, "it takes too long to read");
			return;
		}
	} while (depth > 0);
}

/* Skips what is no text: blanks, comments and the bytes of more. */
static void
read_blocks_space(struct read_blocks *b, const char *more)
{
	while (*b->p != '\0' && !read_blocks_failed(b)) {
		if (*b->p == '#' || (!b->ucl && strncmp(b->p, "//", 2) == 0))
			b->p += strcspn(b->p, "\n");
		else if (strncmp(b->p, "/*", 2) == 0)
			read_blocks_comment(b);
		else if (strchr(READ_SPACE, *b->p) != NULL ||
		    strchr(more, *b->p) != NULL)
			read_blocks_skip(b, 1);
		else
			break;
	}
}

static void
read_blocks_put(struct read_blocks *b, size_t *n, char c)
{
	/* One that is too long is wrong wherever it is needed. */
	if (*n < READ_TOKEN_MAX - 1)
		b->token[(*n)++] = c;
	b->token[*n] = '\0';
}

static void
read_blocks_quoted(struct read_blocks *b)
{
	const char quote = *b->p;
	const unsigned line = b->line;
	size_t n = 0;

	b->token[0] = '\0';
	for (read_blocks_skip(b, 1); *b->p != quote; read_blocks_skip(b, 1)) {
		if (*b->p == '\\' && b->p[1] != '\0' &&
		    (quote == '"' || b->p[1] == quote))
			read_blocks_skip(b, 1);
		if (*b->p == '\0') {
			b->line = line;
			read_blocks_fail(b, "a quote is not closed");
			return;
		}
		read_blocks_put(b, &n, *b->p);
	}
	read_blocks_skip(b, 1);
}

/* Without quotes, up to one of the bytes of end; braces of its own belong to
 * it. */
static void
read_blocks_bare(struct read_blocks *b, const char *end)
{
	unsigned open = 0;
	size_t n = 0;

	b->token[0] = '\0';
	for (; *b->p != '\0' && *b->p != '\n'; b->p++) {
		if (open == 0 && strchr(end, *b->p) != NULL)
			break;
		if (*b->p == '{' || *b->p == '[')
			open++;
		else if ((*b->p == '}' || *b->p == ']') && open > 0)
			open--;
		read_blocks_put(b, &n, *b->p);
	}
	while (n > 0 && strchr(READ_SPACE, b->token[n - 1]) != NULL)
		b->token[--n] = '\0';
}

/* "<<WORD", and all up to a line WORD. */
static bool
read_blocks_here(struct read_blocks *b)
{
	char end[64];
	const char *p;
	size_t n;

	if (!b->ucl || strncmp(b->p, "<<", 2) != 0)
		return (false);
	p = b->p + 2;
	n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (n == 0 || p[n] != '\n' || n + 2 > sizeof(end))
		return (false);
	end[0] = '\n';
	memcpy(end + 1, p, n);
	end[n + 1] = '\0';
	b->token[0] = '\0';
	if ((p = word_search(p + n, end)) == NULL)
		read_blocks_fail(b, "a text is not closed");
	else
		read_blocks_skip(b, (size_t)(p + n + 1 - b->p));
	return (true);
}

/* The variables that sockets and other files are named by begin a value. */
static void
read_blocks_expand(struct read_blocks *b)
{
	static const char *const names[] = { "CONFDIR", "LOCAL_CONFDIR",
	    "RUNDIR", NULL };
	char text[READ_TOKEN_MAX];
	const char *name;
	size_t i, n, brace;

	if (!b->ucl || b->token[0] != '$')
		return;
	brace = b->token[1] == '{';
	name = b->token + 1 + brace;
	n = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
	if (brace && name[n] != '}')
		return;
	for (i = 0; names[i] != NULL; i++) {
		if (strlen(names[i]) != n || strncmp(name, names[i], n) != 0)
			continue;
		strlcpy(text, i == 2 ? "/var/run/rspamd" : b->folder,
		    sizeof(text));
		strlcat(text, name + n + brace, sizeof(text));
		strlcpy(b->token, text, sizeof(b->token));
		return;
	}
}

static bool
read_blocks_truth(const char *text)
{
	return (word_is_in("yes true on 1", text, strlen(text), true));
}

/* A new section; NULL when there are too many. */
static struct read_section *
read_blocks_section(struct read_blocks *b, bool proxy)
{
	struct read_section *s;

	if (b->n == READ_SECTIONS_MAX) {
		read_blocks_fail(b, "there are too many sections");
		return (NULL);
	}
	s = &b->section[b->n++];
	memset(s, 0, sizeof(*s));
	s->proxy = proxy;
	s->priority = b->priority;
	return (s);
}

static bool
read_blocks_is_inner(const struct read_blocks *b, const char *name)
{
	return (word_is_in(b->inner, name, strlen(name), false));
}

/* One statement of a section; the value is the token. */
static void
read_blocks_set(struct read_blocks *b, struct read_section *s,
    const char *key)
{
	const unsigned by = b->priority + 1;
	const char *value = b->token;

	if (s == NULL)
		return;
	if (strcmp(key, b->key) == 0 && by > s->by_listen) {
		/* Behind a blank there are the mode and the owner. */
		read_fact(b->r, &s->listen, value, b->ucl ? strcspn(value,
		    " ,") : strlen(value), b->file, b->line);
		s->by_listen = by;
	} else if (!b->ucl) {
		return;
	} else if (strcmp(key, "milter") == 0 && by >= s->by_milter) {
		s->milter = read_blocks_truth(value);
		s->by_milter = by;
	} else if ((strcmp(key, "enabled") == 0 && by >= s->by_off) ||
	    (strcmp(key, "count") == 0 && by >= s->by_off)) {
		s->off = *key == 'e' ? !read_blocks_truth(value) :
		    *value == '-' || strcmp(value, "0") == 0;
		s->by_off = by;
	} else if (strcmp(key, "type") == 0) {
		s->proxy = read_blocks_is_inner(b, value);
	}
}

/* Behind a '{'. */
static void
read_blocks_enter(struct read_blocks *b, enum read_where where,
    const char *key, const char *name)
{
	struct read_section *s = NULL;
	enum read_where next = READ_ELSEWHERE;

	if (where == READ_TOP && strcmp(key, b->outer) == 0 && name != NULL) {
		next = READ_INNER;
		key = name;
	} else if (where == READ_TOP && strcmp(key, b->outer) == 0) {
		next = READ_OUTER;
	} else if (where == READ_OUTER) {
		next = READ_INNER;
	} else if (where == READ_TOP && !b->ucl && name != NULL &&
	    strcmp(key, "program") == 0 && strcmp(name, "mailfromd") == 0) {
		/* As if it were not there; others are for other programs. */
		read_blocks_object(b, READ_TOP, NULL, true);
		return;
	}
	/* Others than those of the name have nothing to say. */
	if (next == READ_INNER && !read_blocks_is_inner(b, key))
		next = READ_ELSEWHERE;
	if (next != READ_ELSEWHERE)
		s = read_blocks_section(b, next == READ_INNER);
	read_blocks_object(b, next, s, true);
}

/*
 * On to the next part of an array or object; false at the byte that closes it,
 * at the end of the file, or when something is wrong.
 */
static bool
read_blocks_part(struct read_blocks *b, char close)
{
	read_blocks_space(b, ",;");
	return (!read_blocks_failed(b) && *b->p != '\0' && *b->p != close);
}

static bool
read_blocks_deeper(struct read_blocks *b)
{
	if (++b->depth > READ_DEPTH_MAX)
		read_blocks_fail(b, "it is nested too deep");
	return (b->depth <= READ_DEPTH_MAX);
}

/* Behind a '['. */
static void
read_blocks_array(struct read_blocks *b, enum read_where where,
    struct read_section *s, const char *key)
{
	const unsigned line = b->line;

	if (!read_blocks_deeper(b))
		return;
	while (read_blocks_part(b, ']'))
		read_blocks_value(b, where, s, key);
	if (read_blocks_failed(b))
		return;
	if (*b->p == '\0') {
		b->line = line;
		read_blocks_fail(b, "a '[' is not closed");
		return;
	}
	b->p++;
	b->depth--;
}

static void
read_blocks_value(struct read_blocks *b, enum read_where where,
    struct read_section *s, const char *key)
{
	const char *at = b->p;

	if (*b->p == '{') {
		b->p++;
		read_blocks_enter(b, where, key, NULL);
		return;
	}
	if (*b->p == '[') {
		b->p++;
		read_blocks_array(b, where, s, key);
		return;
	}
	if (*b->p == '"') {
		read_blocks_quoted(b);
		read_blocks_expand(b);
	} else if (*b->p == '\'') {
		read_blocks_quoted(b);
	} else if (!read_blocks_here(b)) {
		read_blocks_bare(b, b->ucl ? ";,]}#" : ";}#");
		read_blocks_expand(b);
		if (b->p == at) {
			read_blocks_fail(b, "there is no value");
			return;
		}
	}
	read_blocks_set(b, s, key);
}

/* "worker NAME {": true, behind the brace. */
static bool
read_blocks_named(struct read_blocks *b)
{
	const char *p = b->p;
	unsigned line = b->line;

	if (*p == '"' || *p == '\'')
		read_blocks_quoted(b);
	else
		read_blocks_bare(b, READ_SPACE "{;,]}#");
	read_blocks_space(b, "");
	if (*b->p == '{' && b->p > p && !read_blocks_failed(b)) {
		b->p++;
		return (true);
	}
	b->p = p;
	b->line = line;
	return (false);
}

static void
read_blocks_path(struct read_blocks *b, enum read_where where,
    struct read_section *s, const char *path, bool try)
{
	const char *p = b->p, *file = b->file;
	const unsigned line = b->line;
	const struct root_file *f;

	/* What may fail there, does so without a word. */
	if (try && ((f = root_read(b->r->env->root, path)) == NULL ||
	    f->text == NULL)) {
		b->r->n_files++;
		return;
	}
	f = read_file(b->r, path, false);
	if (f == NULL)
		return;
	b->file = f->path;
	b->p = f->text;
	b->line = 1;
	read_blocks_object(b, where, s, false);
	b->file = file != NULL ? file : f->path;
	b->p = p != NULL ? p : "";
	b->line = line;
}

static void
read_blocks_include(struct read_blocks *b, enum read_where where,
    struct read_section *s, const struct read_include *how)
{
	struct conf_list paths;
	const unsigned priority = b->priority;
	size_t i;

	if (how->other || where == READ_ELSEWHERE || *b->token != '/')
		return;
	memset(&paths, 0, sizeof(paths));
	if (strpbrk(b->token, "*?[") != NULL)
		root_glob(b->r->env->root, b->token, &paths);
	else if (value_list_add(&paths, b->token) == -1)
		b->r->env->no_memory = true;
	b->priority = how->priority;
	for (i = 0; i < paths.n && !read_blocks_failed(b); i++)
		read_blocks_path(b, where, s, paths.item[i], how->try);
	value_list_free(&paths);
	b->priority = priority;
}

/* "(try=true; priority=1)" */
static void
read_blocks_arguments(struct read_blocks *b, struct read_include *how)
{
	static const char digits[] = "0123456789";
	const char *p;

	read_blocks_bare(b, ")");
	if (*b->p != ')') {
		read_blocks_fail(b, "a '(' is not closed");
		return;
	}
	b->p++;
	if (word_search(b->token, "try") != NULL &&
	    word_search(b->token, "false") == NULL)
		how->try = true;
	/* It would be in a section of its own. */
	how->other = word_search(b->token, "key") != NULL;
	if ((p = word_search(b->token, "priority")) != NULL)
		for (p += strcspn(p, digits); strspn(p, digits) > 0; p++)
			how->priority = (how->priority * 10 +
			    (unsigned)(*p - '0')) % 17;
}

/* At the '.' of ".include". */
static void
read_blocks_macro(struct read_blocks *b, enum read_where where,
    struct read_section *s)
{
	struct read_include how;
	bool include;

	memset(&how, 0, sizeof(how));
	read_blocks_bare(b, READ_SPACE "({;\"'");
	how.try = strcmp(b->token, ".try_include") == 0;
	include = how.try || strcmp(b->token, ".include") == 0 ||
	    strcmp(b->token, ".includes") == 0;
	read_blocks_space(b, "");
	if (*b->p == '(') {
		read_blocks_arguments(b, &how);
		read_blocks_space(b, "");
	}
	if (*b->p == '\0' || read_blocks_failed(b))
		return;
	read_blocks_value(b, READ_ELSEWHERE, NULL, "");
	if (include && !read_blocks_failed(b))
		read_blocks_include(b, where, s, &how);
}

static void
read_blocks_statement(struct read_blocks *b, enum read_where where,
    struct read_section *s)
{
	char key[64], name[64];
	const char *at = b->p;
	struct read_include how;

	if (*b->p == '"' || *b->p == '\'')
		read_blocks_quoted(b);
	else
		read_blocks_bare(b, READ_SPACE "=:{[;,}]#\"'");
	if (b->p == at) {
		read_blocks_fail(b, "there is no name");
		return;
	}
	strlcpy(key, b->token, sizeof(key));
	read_blocks_space(b, "");
	if (*b->p == '=' || *b->p == ':') {
		b->p++;
		read_blocks_space(b, "");
	} else if (*b->p != '{' && read_blocks_named(b)) {
		strlcpy(name, b->token, sizeof(name));
		read_blocks_enter(b, where, key, name);
		return;
	}
	if (read_blocks_failed(b))
		return;
	if (*b->p == ';')		/* no value at all */
		return;
	read_blocks_value(b, where, s, key);
	if (b->ucl || strcmp(key, "include") != 0 || read_blocks_failed(b))
		return;
	memset(&how, 0, sizeof(how));
	how.try = true;			/* a folder is another thing there */
	read_blocks_include(b, where, s, &how);
}

/* The statements of a file, or all up to a '}'. */
static void
read_blocks_object(struct read_blocks *b, enum read_where where,
    struct read_section *s, bool braces)
{
	const unsigned line = b->line;

	if (!read_blocks_deeper(b))
		return;
	while (read_blocks_part(b, '}')) {
		if (b->ucl && *b->p == '.')
			read_blocks_macro(b, where, s);
		else if (!braces && *b->p == '{') {
			/* JSON is one object. */
			b->p++;
			read_blocks_object(b, where, s, true);
		} else
			read_blocks_statement(b, where, s);
	}
	if (read_blocks_failed(b))
		return;
	if (braces != (*b->p == '}')) {
		if (braces)
			b->line = line;
		read_blocks_fail(b, braces ? "a '{' is not closed" :
		    "there is no '{' for this '}'");
		return;
	}
	b->p += braces;
	b->depth--;
}

/*
 * Takes over what the sections say: true when that is a socket to dial.  Of two
 * with one name the one of a higher priority counts.
 */
static bool
read_blocks_choose(struct read_blocks *b)
{
	char spec[SPEC_TEXT_MAX], why[160];
	struct read_section *s, *best = NULL;
	bool found = false;
	size_t i;

	for (i = 0; i < b->n; i++) {
		s = &b->section[i];
		if (s->proxy && (!b->ucl || (s->milter && !s->off)) &&
		    (best == NULL || s->priority > best->priority ||
		    (best->listen.text == NULL &&
		    s->priority == best->priority)))
			best = s;
	}
	fact_free(&b->r->off);
	if (best == NULL) {
		if (b->ucl && b->p != NULL && !read_blocks_failed(b))
			read_fact(b->r, &b->r->off, "no milter = yes", 15,
			    b->file, 0);
	} else if (best->listen.text != NULL) {
		fact_free(&b->r->socket);
		b->r->socket = best->listen;
		memset(&best->listen, 0, sizeof(best->listen));
		found = service_spec(b->r->socket.text, spec, sizeof(spec),
		    why, sizeof(why)) == 0;
	}
	for (i = 0; i < b->n; i++)
		fact_free(&b->section[i].listen);
	b->n = 0;
	return (found);
}

/* The other way to know, where the administrator allows it. */
static void
read_blocks_dump(struct read_blocks *b)
{
	const char *program = b->r->env->rspamadm;
	char why[100], *text;

	fact_free(&b->r->off);
	text = read_dump(program, why, sizeof(why));
	b->file = root_keep(b->r->env->root, program);
	if (text == NULL) {
		service_problem(b->r->sv, b->file, 0, "%s", why);
		return;
	}
	b->p = text;
	b->line = 1;
	b->priority = b->depth = 0;
	read_blocks_object(b, READ_TOP, NULL, false);
	(void)read_blocks_choose(b);
	free(text);
}

void
read_blocks(struct reading *r, const char *path, unsigned how, bool must)
{
	struct read_blocks b;
	const char *slash = strrchr(path, '/');
	bool known;

	memset(&b, 0, sizeof(b));
	b.r = r;
	b.ucl = (how & READ_UCL) != 0;
	b.outer = b.ucl ? "worker" : "server";
	b.inner = b.ucl ? "rspamd_proxy proxy" : "milter";
	b.key = b.ucl ? "bind_socket" : "listen";
	if (slash != NULL && (size_t)(slash - path) < sizeof(b.folder))
		memcpy(b.folder, path, (size_t)(slash - path));
	if (must && root_kind(r->env->root, path) == ROOT_NONE)
		(void)read_file(r, path, true);
	read_blocks_path(&b, READ_TOP, NULL, path, false);
	known = read_blocks_choose(&b);
	if (!known && b.ucl && r->env->rspamadm != NULL &&
	    !read_blocks_failed(&b))
		read_blocks_dump(&b);
}

#undef READ_SECTIONS_MAX
#undef READ_TOKEN_MAX
#undef READ_SPACE
#undef READ_SKIP_MAX
