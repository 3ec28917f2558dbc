/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * source.c - read the files of a configuration, and find those it loads.
 * Owns:      how a path of a "load" becomes files; what a pattern matches.
 * Called by: load.c, check.c, condition/ for tables and the MTA's own files,
 *            "milter-manager import".
 * Must not:  know the language, or hang on a fifo that a pattern has caught.
 *
 * Patterns are those of glob(3), read here since with it come the locale's
 * character classes: a twelfth of a small static program.
 */
#include "compat.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/source.h"

#define SOURCE_SIZE_MAX	(16 * 1024 * 1024)
#define SOURCE_PATH_MAX	2048
#define SOURCE_SIGNS	"*?[\\"		/* of a pattern */

/* A path that is being put together. */
struct source_walk {
	struct conf_list *out;
	char		*why;		/* VALUE_WHY_MAX bytes */
	size_t		 len;
	char		 path[SOURCE_PATH_MAX];
};

static int
source_read_fd(int fd, struct source_text *out, char why[VALUE_WHY_MAX])
{
	char *bigger;
	size_t cap = 0;
	ssize_t n;

	for (;;) {
		if (out->len == cap) {
			cap = cap == 0 ? 4096 : cap * 2;
			if (cap > SOURCE_SIZE_MAX) {
				strlcpy(why, "larger than 16 MiB, which no "
				    "configuration is", VALUE_WHY_MAX);
				return (-1);
			}
			bigger = realloc(out->text, cap);
			if (bigger == NULL)
				break;
			out->text = bigger;
		}
		n = read(fd, out->text + out->len, cap - out->len);
		if (n == 0) {
			out->text[out->len] = '\0';
			return (0);
		}
		if (n > 0)
			out->len += (size_t)n;
		else if (errno != EINTR)
			break;
	}
	snprintf(why, VALUE_WHY_MAX, "cannot be read: %s", strerror(errno));
	return (-1);
}

int
source_read(const char *path, unsigned flags, struct source_text *out,
    char why[VALUE_WHY_MAX])
{
	bool any = (flags & SOURCE_ANY) != 0;
	bool alone = (flags & SOURCE_ALONE) != 0;
	struct stat st;
	int fd, error;

	memset(out, 0, sizeof(*out));
	/* Opening a fifo would wait for its writer. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    (any ? 0 : O_NONBLOCK) | (alone ? O_NOFOLLOW : 0));
	if (fd == -1)
		goto fail;
	if (fstat(fd, &st) == -1) {
		error = errno;
		close(fd);
		errno = error;
		goto fail;
	}
	if (S_ISDIR(st.st_mode) || (!any && !S_ISREG(st.st_mode)) ||
	    (alone && st.st_nlink > 1)) {
		close(fd);
		strlcpy(why, S_ISDIR(st.st_mode) ? "a directory, expected a "
		    "file" : S_ISREG(st.st_mode) ? "it has another name, too" :
		    "not a regular file", VALUE_WHY_MAX);
		return (-1);
	}
	out->dev = st.st_dev;
	out->ino = st.st_ino;
	error = source_read_fd(fd, out, why);
	close(fd);
	if (error == 0)
		return (0);
	free(out->text);
	out->text = NULL;
	return (-1);

fail:
	snprintf(why, VALUE_WHY_MAX, "cannot be read: %s", strerror(errno));
	return (-1);
}

/*
 * The set that begins at *pattern: goes behind it and says in *in whether c is
 * of it.  False when the set is not closed, so that its '[' is a letter.
 */
static bool
source_match_set(const unsigned char **pattern, unsigned char c, bool *in)
{
	const unsigned char *p = *pattern + 1, *first;
	bool negated = *p == '!' || *p == '^';

	p += negated;
	*in = false;
	/* A ']' at the beginning is one of the set. */
	for (first = p; *p != ']' || p == first; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p == '\0')
			return (false);
		if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
			*in = *in || (c >= p[0] && c <= p[2]);
			p += 2;
		} else
			*in = *in || c == *p;
	}
	*in = *in != negated;
	*pattern = p + 1;
	return (true);
}

/* One letter of a name against what stands at *pattern; goes behind that. */
static bool
source_match_one(const char **pattern, unsigned char c)
{
	const unsigned char *p = (const unsigned char *)*pattern;
	bool in;

	if (*p == '[' && source_match_set(&p, c, &in)) {
		*pattern = (const char *)p;
		return (in);
	}
	in = *p == '?';
	if (*p == '\\' && p[1] != '\0')
		p++;
	*pattern = (const char *)p + 1;
	return (in || *p == c);
}

bool
source_like(const char *pattern, const char *text)
{
	const char *p = pattern, *star = NULL, *retry = NULL;

	while (*text != '\0') {
		if (*p == '*') {
			star = ++p;
			retry = text;
		} else if (*p != '\0' &&
		    source_match_one(&p, (unsigned char)*text)) {
			text++;
		} else if (star != NULL) {
			p = star;
			text = ++retry;
		} else
			return (false);
	}
	p += strspn(p, "*");
	return (*p == '\0');
}

bool
source_match(const char *pattern, const char *name)
{
	/* Hidden ones must be meant. */
	return ((*name != '.' || pattern[*pattern == '\\'] == '.') &&
	    source_like(pattern, name));
}

static int
source_push(struct source_walk *w, const char *text, size_t len)
{
	if (len >= sizeof(w->path) - w->len) {
		strlcpy(w->why, "the path is too long", VALUE_WHY_MAX);
		return (-1);
	}
	memcpy(w->path + w->len, text, len);
	w->len += len;
	w->path[w->len] = '\0';
	return (0);
}

static int
source_compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* The names in the folder w->path that match, sorted. */
static int
source_list(struct source_walk *w, const char *pattern,
    struct conf_list *names)
{
	struct dirent *entry;
	DIR *dir = opendir(w->len > 0 ? w->path : ".");
	int error = 0;

	if (dir == NULL) {
		if (errno == ENOENT || errno == ENOTDIR)
			return (0);
		snprintf(w->why, VALUE_WHY_MAX, "the folder cannot be read: "
		    "%s", strerror(errno));
		return (-1);
	}
	while (error == 0 && (entry = readdir(dir)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0 ||
		    !source_match(pattern, entry->d_name))
			continue;
		error = value_list_add(names, entry->d_name);
	}
	(void)closedir(dir);
	if (error == -1)
		strlcpy(w->why, "out of memory", VALUE_WHY_MAX);
	else if (names->n > 0)
		qsort(names->item, names->n, sizeof(names->item[0]),
		    source_compare);
	return (error);
}

static int source_step(struct source_walk *, const char *, unsigned);

/*
 * For each name in the folder w->path that matches: goes on with it, and with
 * rest behind it.
 */
static int
source_each(struct source_walk *w, const char *pattern, const char *rest,
    unsigned depth)
{
	struct conf_list names = { NULL, 0 };
	size_t at = w->len, i;
	int error;

	error = source_list(w, pattern, &names);
	for (i = 0; i < names.n && error == 0; i++) {
		error = source_push(w, names.item[i], strlen(names.item[i]));
		if (error == 0)
			error = source_step(w, rest, depth);
		w->len = at;
	}
	value_list_free(&names);
	return (error);
}

/*
 * The path w->path is whole.  Depth 0: named itself; 1: caught by a pattern;
 * 2: in a folder.
 */
static int
source_add(struct source_walk *w, unsigned depth)
{
	struct stat st;

	if (stat(w->path, &st) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return (0);
		snprintf(w->why, VALUE_WHY_MAX, "cannot be read: %s",
		    strerror(errno));
		return (-1);
	}
	if (S_ISDIR(st.st_mode) && depth < 2)
		return (source_push(w, "/", 1) == -1 ? -1 :
		    source_each(w, "*", "", 2));
	if (depth > 0 && !S_ISREG(st.st_mode))
		return (0);
	if (value_list_add(w->out, w->path) == -1) {
		strlcpy(w->why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	return (0);
}

/* Goes on from w->path with the next part of a pattern. */
static int
source_step(struct source_walk *w, const char *rest, unsigned depth)
{
	char part[256];
	size_t slashes = strspn(rest, "/");
	size_t n = strcspn(rest + slashes, "/");

	if (source_push(w, rest, slashes) == -1)
		return (-1);
	rest += slashes;
	if (n == 0)
		return (source_add(w, depth));
	/* No name is longer than that, so no pattern need be. */
	if (n >= sizeof(part)) {
		strlcpy(w->why, "the path is too long", VALUE_WHY_MAX);
		return (-1);
	}
	memcpy(part, rest, n);
	part[n] = '\0';
	if (strpbrk(part, SOURCE_SIGNS) != NULL)
		return (source_each(w, part, rest + n, 1));
	return (source_push(w, part, n) == -1 ? -1 :
	    source_step(w, rest + n, depth));
}

int
source_expand(const char *from, const char *path, struct conf_list *out,
    char why[VALUE_WHY_MAX])
{
	struct source_walk w;
	const char *slash = strrchr(from, '/');

	memset(out, 0, sizeof(*out));
	w.out = out;
	w.why = why;
	w.len = 0;
	w.path[0] = '\0';
	if (path[0] != '/' && slash != NULL &&
	    source_push(&w, from, (size_t)(slash - from) + 1) == -1)
		return (-1);
	if (strpbrk(path, "*?[") != NULL)
		return (source_step(&w, path, 0));
	return (source_push(&w, path, strlen(path)) == -1 ? -1 :
	    source_add(&w, 0));
}

#undef SOURCE_SIZE_MAX
#undef SOURCE_PATH_MAX
#undef SOURCE_SIGNS
