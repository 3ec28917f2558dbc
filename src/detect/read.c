/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * read.c - milters' files with one setting a line.
 * Owns:      names, values, comments, quotes and included files of such lines;
 *            what is wrong with a file as such.
 * Called by: kind.c, the other readers.
 * Must not:  know a milter by its name, or what a value means.
 */
#include "compat.h"

#include "base/spec.h"
#include "detect/read.h"

/* As in the daemons that know "Include". */
#define READ_LEVELS	5

struct read_work {
	struct reading	*r;
	const char	*words;
	unsigned	 how;
};

/* A part of a line. */
struct read_part {
	const char	*p;
	size_t		 len;
};

static void read_one(const struct read_work *, const char *, bool, unsigned);

void
reading_free(struct reading *r)
{
	fact_free(&r->socket);
	fact_free(&r->mode);
	fact_free(&r->off);
	fact_free(&r->extra_by);
}

const struct root_file *
read_file(struct reading *r, const char *path, bool must)
{
	const struct root_file *f;

	if (r->n_files >= READ_FILES_MAX) {
		service_problem(r->sv, path, 0, "too many files include one "
		    "another");
		return (NULL);
	}
	r->n_files++;
	if ((f = root_read(r->env->root, path)) == NULL)
		return (NULL);
	if (f->text == NULL) {
		if (must || !f->absent)
			service_problem(r->sv, f->path, 0, "%s", f->why);
		return (NULL);
	}
	if (memchr(f->text, '\0', f->len) != NULL) {
		service_problem(r->sv, f->path, 0, "it is no text, there is a "
		    "NUL byte in it");
		return (NULL);
	}
	return (f);
}

void
read_fact(struct reading *r, struct detect_fact *fact, const char *text,
    size_t len, const char *file, unsigned line)
{
	char copy[SPEC_TEXT_MAX + 1];	/* one more is too long for all */

	if (len >= sizeof(copy))
		len = sizeof(copy) - 1;
	memcpy(copy, text, len);
	copy[len] = '\0';
	fact_set(r->env, fact, copy, file, line);
}

static bool
read_is_blank(char c)
{
	return (c == ' ' || c == '\t');
}

static void
read_trim(struct read_part *part)
{
	while (part->len > 0 && read_is_blank(*part->p)) {
		part->p++;
		part->len--;
	}
	while (part->len > 0 && read_is_blank(part->p[part->len - 1]))
		part->len--;
}

/* Takes the name off the front of a line, which becomes the value. */
static struct read_part
read_name(struct read_part *line, unsigned how)
{
	struct read_part name;
	char end = how & READ_EQUALS ? '=' : how & READ_COLON ? ':' : ' ';
	size_t n = 0;

	while (n < line->len && line->p[n] != end &&
	    (end != ' ' || line->p[n] != '\t'))
		n++;
	name.p = line->p;
	name.len = n;
	line->p += n;
	line->len -= n;
	if (line->len > 0) {
		line->p++;
		line->len--;
	}
	read_trim(&name);
	read_trim(line);
	return (name);
}

/* Quotes go; a comment behind the value, too.  False: a quote stays open. */
static bool
read_unquote(struct read_part *value, unsigned how)
{
	const char *end;

	if (value->len > 0 && (*value->p == '"' || *value->p == '\'')) {
		end = memchr(value->p + 1, *value->p, value->len - 1);
		if (end == NULL)
			return (false);
		value->p++;
		value->len = (size_t)(end - value->p);
		return (true);
	}
	if (how & READ_HASH) {
		end = memchr(value->p, '#', value->len);
		if (end != NULL)
			value->len = (size_t)(end - value->p);
	}
	read_trim(value);
	return (true);
}

static void
read_include(const struct read_work *w, const struct read_part *value,
    const char *file, unsigned line, unsigned level)
{
	char path[1024];

	if (level == READ_LEVELS) {
		service_problem(w->r->sv, file, line, "files include one "
		    "another too deep");
		return;
	}
	if (value->len == 0 || *value->p != '/' || value->len >=
	    sizeof(path)) {
		service_problem(w->r->sv, file, line, "what is included has "
		    "no full path");
		return;
	}
	memcpy(path, value->p, value->len);
	path[value->len] = '\0';
	read_one(w, path, true, level + 1);
}

static void
read_line(const struct read_work *w, struct read_part line, const char *file,
    unsigned number, unsigned level)
{
	struct read_part name;
	struct detect_fact *fact = NULL;
	bool any_case = (w->how & READ_CASE) == 0;

	if ((w->how & READ_EXAMPLE) && strncmp(line.p, "Example", 7) == 0) {
		read_fact(w->r, &w->r->off, "a line \"Example\"", 16, file,
		    number);
		return;
	}
	read_trim(&line);
	if (line.len == 0 || *line.p == '#')
		return;
	name = read_name(&line, w->how);
	if (word_is_in(w->words, name.p, name.len, any_case))
		fact = &w->r->socket;
	else if ((w->how & READ_MODE) &&
	    word_is_in("Mode", name.p, name.len, any_case))
		fact = &w->r->mode;
	else if ((w->how & READ_INCLUDE) == 0 ||
	    !word_is_in("Include", name.p, name.len, any_case))
		return;
	if (!read_unquote(&line, w->how))
		service_problem(w->r->sv, file, number, "a quote is not "
		    "closed");
	else if (fact == NULL)
		read_include(w, &line, file, number, level);
	else
		read_fact(w->r, fact, line.p, line.len, file, number);
}

static void
read_one(const struct read_work *w, const char *path, bool must,
    unsigned level)
{
	const struct root_file *f = read_file(w->r, path, must);
	struct read_part line;
	const char *p, *end, *cr;
	unsigned number = 0;

	if (f == NULL)
		return;
	for (p = f->text; w->r->sv->problem == NULL && *p != '\0'; p = end) {
		line.p = p;
		line.len = strcspn(p, "\n");
		end = p + line.len + (p[line.len] == '\n');
		if ((cr = memchr(p, '\r', line.len)) != NULL)
			line.len = (size_t)(cr - p);
		number++;
		/* What follows is about something else. */
		if ((w->how & READ_EQUALS) && *p == '[')
			break;
		read_line(w, line, f->path, number, level);
	}
}

void
read_lines(struct reading *r, const char *path, const char *words,
    unsigned how, bool must)
{
	struct read_work w;

	w.r = r;
	w.words = words;
	w.how = how;
	read_one(&w, path, must, 0);
}

#undef READ_LEVELS
