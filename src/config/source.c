/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * source.c - read the files of a configuration, and find those it loads.
 * Owns:      how a path of a "load" becomes files.
 * Called by: parse.c.
 * Must not:  know the language, or hang on a fifo that a glob has caught.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/source.h"

#define SOURCE_SIZE_MAX	(16 * 1024 * 1024)

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
		if (n == 0)
			return (0);
		if (n > 0)
			out->len += (size_t)n;
		else if (errno != EINTR)
			break;
	}
	snprintf(why, VALUE_WHY_MAX, "cannot be read: %s", strerror(errno));
	return (-1);
}

int
source_read(const char *path, bool any, struct source_text *out,
    char why[VALUE_WHY_MAX])
{
	struct stat st;
	int fd, error;

	memset(out, 0, sizeof(*out));
	/* Before the open, which would wait for a fifo's writer. */
	if (stat(path, &st) == -1)
		goto fail;
	if (S_ISDIR(st.st_mode)) {
		strlcpy(why, "a directory, expected a file", VALUE_WHY_MAX);
		return (-1);
	}
	if (!any && !S_ISREG(st.st_mode)) {
		strlcpy(why, "not a regular file", VALUE_WHY_MAX);
		return (-1);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd == -1)
		goto fail;
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

/* Appends text to dst, its letters safe from glob(3) when literal. */
static int
source_append(char *dst, size_t size, const char *text, size_t len,
    bool literal)
{
	size_t at = strlen(dst), i;

	for (i = 0; i < len; i++) {
		if (at + 3 > size)
			return (-1);
		if (literal && strchr("*?[]\\", text[i]) != NULL)
			dst[at++] = '\\';
		dst[at++] = text[i];
	}
	dst[at] = '\0';
	return (0);
}

static int source_add(const char *, struct conf_list *, unsigned,
    char [VALUE_WHY_MAX]);

static int
source_glob(const char *pattern, struct conf_list *out, unsigned depth,
    char why[VALUE_WHY_MAX])
{
	glob_t g;
	size_t i;
	int error;

	error = glob(pattern, 0, NULL, &g);
	if (error == GLOB_NOMATCH)
		return (0);
	if (error != 0) {
		strlcpy(why, "the path cannot be searched", VALUE_WHY_MAX);
		return (-1);
	}
	for (i = 0; i < g.gl_pathc && error == 0; i++)
		error = source_add(g.gl_pathv[i], out, depth, why);
	globfree(&g);
	return (error);
}

/* Depth 0: named itself; 1: caught by a pattern; 2: in a folder. */
static int
source_add(const char *path, struct conf_list *out, unsigned depth,
    char why[VALUE_WHY_MAX])
{
	char pattern[2048];
	struct stat st;

	if (stat(path, &st) == -1) {
		if (errno == ENOENT || errno == ENOTDIR)
			return (0);
		snprintf(why, VALUE_WHY_MAX, "cannot be read: %s",
		    strerror(errno));
		return (-1);
	}
	if (S_ISDIR(st.st_mode) && depth < 2) {
		if (access(path, R_OK | X_OK) == -1) {
			snprintf(why, VALUE_WHY_MAX, "the folder cannot be "
			    "read: %s", strerror(errno));
			return (-1);
		}
		pattern[0] = '\0';
		if (source_append(pattern, sizeof(pattern), path, strlen(path),
		    true) == -1 ||
		    source_append(pattern, sizeof(pattern), "/*", 2, false) ==
		    -1) {
			strlcpy(why, "the path is too long", VALUE_WHY_MAX);
			return (-1);
		}
		return (source_glob(pattern, out, 2, why));
	}
	if (depth > 0 && !S_ISREG(st.st_mode))
		return (0);
	if (value_list_add(out, path) == -1) {
		strlcpy(why, "out of memory", VALUE_WHY_MAX);
		return (-1);
	}
	return (0);
}

int
source_expand(const char *from, const char *path, struct conf_list *out,
    char why[VALUE_WHY_MAX])
{
	char full[2048];
	const char *slash = strrchr(from, '/');
	bool pattern = strpbrk(path, "*?[") != NULL;

	memset(out, 0, sizeof(*out));
	full[0] = '\0';
	if ((path[0] != '/' && slash != NULL &&
	    source_append(full, sizeof(full), from, (size_t)(slash - from) + 1,
	    pattern) == -1) ||
	    source_append(full, sizeof(full), path, strlen(path), false) ==
	    -1) {
		strlcpy(why, "the path is too long", VALUE_WHY_MAX);
		return (-1);
	}
	if (pattern)
		return (source_glob(full, out, 1, why));
	return (source_add(full, out, 0, why));
}

#undef SOURCE_SIZE_MAX
