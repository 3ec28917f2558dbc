/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * root.c - a tree of files as detection sees it.
 * Owns:      how links are followed inside of the tree, what is a fault of a
 *            file, the bytes of every file that was read.
 * Called by: sh*.c, detect.c, the platforms, kinds and readers; the tool that
 *            lists what was read.
 * Must not:  write anything, wait for anything, know what a file means.
 */
#include "compat.h"

#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/source.h"
#include "config/value.h"
#include "detect/root.h"

#define ROOT_PATH	4096	/* bytes of a path with what is before it */
#define ROOT_LOOK	50	/* work for one question to the system */
#define ROOT_WALK	4	/* so many of a list are work of a byte */

/* To go through a folder needs no right to read its names. */
#if defined(O_PATH)
#define ROOT_WAY	O_PATH
#elif defined(O_SEARCH)
#define ROOT_WAY	O_SEARCH
#else
#define ROOT_WAY	O_RDONLY
#endif

struct root_string {
	struct root_string *next;
	char		 text[];
};

/* A folder that was looked at: many are, once for each start script. */
struct root_folder {
	struct root_folder *next;
	int		 error;		/* of errno(2): it is none */
	char		*real;		/* where it is for the system */
	bool		 is_read;	/* its names are there */
	struct conf_list names;
	char		 path[];	/* without a slash at its end */
};

struct root {
	char		 top[ROOT_PATH];	/* "" for "/" */
	struct root_file **file;
	size_t		 n_files;
	size_t		 total;			/* bytes of all of them */
	struct root_string *strings;
	size_t		 n_strings;
	struct root_folder *folders;
	size_t		 n_folders;
	size_t		 work;
	struct root_file spent;			/* instead of any other */
	bool		 no_memory;
};

struct root *
root_new(const char *top)
{
	struct root *r;
	size_t len;

	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return (NULL);
	r->spent.path = r->top;
	strlcpy(r->spent.why, "too much is to be read", sizeof(r->spent.why));
	if (top == NULL)
		return (r);
	/* One that is too long is one that lstat(2) does not find, either. */
	strlcpy(r->top, top, sizeof(r->top));
	len = strlen(r->top);
	while (len > 0 && r->top[len - 1] == '/')
		r->top[--len] = '\0';
	return (r);
}

void
root_free(struct root *r)
{
	struct root_folder *folder;
	struct root_string *s;
	size_t i;

	if (r == NULL)
		return;
	while ((folder = r->folders) != NULL) {
		r->folders = folder->next;
		value_list_free(&folder->names);
		free(folder->real);
		free(folder);
	}
	for (i = 0; i < r->n_files; i++) {
		free(r->file[i]->path);
		free(r->file[i]->text);
		free(r->file[i]);
	}
	free(r->file);
	while ((s = r->strings) != NULL) {
		r->strings = s->next;
		free(s);
	}
	free(r);
}

void
root_short(struct root *r)
{
	r->no_memory = true;
}

bool
root_is_short(const struct root *r)
{
	return (r->no_memory);
}

bool
root_spend(struct root *r, size_t bytes)
{
	/* Once it was too much, it is for good. */
	r->work += bytes < ROOT_WORK_MAX ? bytes : ROOT_WORK_MAX;
	if (r->work > ROOT_WORK_MAX)
		r->work = ROOT_WORK_MAX + 1;
	return (r->work <= ROOT_WORK_MAX);
}

const char *
root_keep(struct root *r, const char *text)
{
	struct root_string *s;
	size_t len = strlen(text) + 1;

	(void)root_spend(r, ROOT_LOOK + r->n_strings / ROOT_WALK);
	for (s = r->strings; s != NULL; s = s->next)
		if (strcmp(s->text, text) == 0)
			return (s->text);
	s = malloc(sizeof(*s) + len);
	if (s == NULL) {
		root_short(r);
		return (NULL);
	}
	memcpy(s->text, text, len);
	s->next = r->strings;
	r->strings = s;
	r->n_strings++;
	return (s->text);
}

/* Drops the last part of what lies behind the first `least` bytes. */
static void
root_up(char *path, size_t *len, size_t least)
{
	while (*len > least && path[--*len] != '/')
		continue;
	path[*len] = '\0';
}

/*
 * Where path is for the system, links followed; of the last part only with
 * follow.  Returns 0 with what is there, or an error of errno(2).
 */
static int
root_find(const struct root *r, const char *path, bool follow,
    char out[ROOT_PATH], struct stat *st)
{
	char rest[2 * ROOT_PATH], target[ROOT_PATH];
	size_t top, len, n, part;
	unsigned links = 0;
	ssize_t got;
	char *p = rest;

	top = len = strlcpy(out, r->top, ROOT_PATH);
	if (strlcpy(rest, path, ROOT_PATH) >= ROOT_PATH)
		return (ENAMETOOLONG);
	if (stat(top == 0 ? "/" : out, st) == -1)
		return (errno);
	for (;;) {
		p += strspn(p, "/");
		n = strcspn(p, "/");
		if (n == 0)
			break;
		/* Only a folder has parts, be it "." or "..". */
		if (!S_ISDIR(st->st_mode))
			return (ENOTDIR);
		if (n <= 2 && strncmp(p, "..", n) == 0) {
			if (n == 2)
				root_up(out, &len, top);
			p += n;
			continue;
		}
		if (n + 2 > ROOT_PATH - len)
			return (ENAMETOOLONG);
		part = len;
		out[len++] = '/';
		memcpy(out + len, p, n);
		len += n;
		out[len] = '\0';
		p += n;
		if (lstat(out, st) == -1)
			return (errno);
		if (!S_ISLNK(st->st_mode) ||
		    (!follow && p[strspn(p, "/")] == '\0'))
			continue;
		if (++links > ROOT_LINKS_MAX)
			return (ELOOP);
		got = readlink(out, target, sizeof(target) - 1);
		if (got == -1)
			return (errno);
		target[got] = '\0';
		/* What is behind the link's name goes behind its target. */
		n = strlen(p);
		if ((size_t)got + n + 1 > sizeof(rest))
			return (ENAMETOOLONG);
		memmove(rest + got, p, n + 1);
		memcpy(rest, target, (size_t)got);
		p = rest;
		len = *target == '/' ? top : part;
		out[len] = '\0';
		/* Both are folders that have been looked at. */
		st->st_mode = S_IFDIR;
	}
	if (len == 0)
		strlcpy(out, "/", ROOT_PATH);
	return (0);
}

/* NULL without memory. */
static struct root_folder *
root_folder(struct root *r, const char *path, size_t len)
{
	char real[ROOT_PATH];
	struct root_folder *folder;
	struct stat st;

	for (folder = r->folders; folder != NULL; folder = folder->next)
		if (strncmp(folder->path, path, len) == 0 &&
		    folder->path[len] == '\0')
			return (folder);
	folder = calloc(1, sizeof(*folder) + len + 1);
	if (folder == NULL) {
		root_short(r);
		return (NULL);
	}
	memcpy(folder->path, path, len);
	folder->error = root_find(r, folder->path, true, real, &st);
	if (folder->error == 0 && !S_ISDIR(st.st_mode))
		folder->error = ENOTDIR;
	if (folder->error == 0 && (folder->real = strdup(real)) == NULL) {
		root_short(r);
		free(folder);
		return (NULL);
	}
	folder->next = r->folders;
	r->folders = folder;
	r->n_folders++;
	return (folder);
}

/* root_find(), which need not go to a folder that has been looked at. */
static int
root_look(struct root *r, const char *path, bool follow, char out[ROOT_PATH],
    struct stat *st)
{
	const char *last = strrchr(path, '/');
	const struct root_folder *folder;

	if (!root_spend(r, ROOT_LOOK + r->n_folders / ROOT_WALK))
		return (ENOENT);
	if (last != NULL && last[1] != '\0' && strcmp(last, "/.") != 0 &&
	    strcmp(last, "/..") != 0) {
		folder = root_folder(r, path, (size_t)(last - path));
		if (folder != NULL && folder->error != 0)
			return (folder->error);
		if (folder != NULL && (size_t)snprintf(out, ROOT_PATH, "%s%s",
		    strcmp(folder->real, "/") == 0 ? "" : folder->real, last) <
		    ROOT_PATH) {
			if (lstat(out, st) == -1)
				return (errno);
			if (!follow || !S_ISLNK(st->st_mode))
				return (0);
		}
	}
	return (root_find(r, path, follow, out, st));
}

static enum root_kind
root_kind_of(const struct stat *st)
{
	return (S_ISREG(st->st_mode) ? ROOT_FILE :
	    S_ISDIR(st->st_mode) ? ROOT_FOLDER :
	    S_ISSOCK(st->st_mode) ? ROOT_SOCKET : ROOT_OTHER);
}

enum root_kind
root_kind(struct root *r, const char *path)
{
	char real[ROOT_PATH];
	struct stat st;

	if (root_look(r, path, true, real, &st) != 0)
		return (ROOT_NONE);
	return (root_kind_of(&st));
}

bool
root_executable(struct root *r, const char *path)
{
	char real[ROOT_PATH];
	struct stat st;

	return (root_look(r, path, true, real, &st) == 0 &&
	    S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0);
}

bool
root_is_link(struct root *r, const char *path)
{
	char real[ROOT_PATH];
	struct stat st;

	return (root_look(r, path, false, real, &st) == 0 &&
	    S_ISLNK(st.st_mode));
}

/*
 * Opens what root_find() has found.  Whoever may write below the top may have
 * put a link there since: none is followed.
 */
static int
root_open(const struct root *r, const char *real, int flags)
{
	char part[ROOT_PATH];
	const char *p = real + strlen(r->top);
	int fd, way, error;
	size_t n;

	flags |= O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	p += strspn(p, "/");
	if (r->top[0] == '\0')
		return (open(real, flags | O_NOFOLLOW));
	if (*p == '\0')
		return (open(r->top, flags));
	fd = open(r->top, ROOT_WAY | O_DIRECTORY | O_CLOEXEC);
	while (fd != -1 && *p != '\0') {
		n = strcspn(p, "/");
		(void)snprintf(part, sizeof(part), "%.*s", (int)n, p);
		p += n;
		p += strspn(p, "/");
		way = fd;
		fd = openat(way, part, O_NOFOLLOW | (*p == '\0' ? flags :
		    ROOT_WAY | O_DIRECTORY | O_CLOEXEC));
		error = errno;
		(void)close(way);
		errno = error;
	}
	return (fd);
}

/* Returns 0 or an error of errno(2), -1 when it is too large. */
static int
root_read_fd(int fd, struct root_file *f, size_t size)
{
	size_t cap = 0, more = size + 1;
	char *text;
	ssize_t n;

	for (;;) {
		/* The size may be 0 for what the kernel makes up. */
		if (f->len == cap) {
			cap += more;
			more = cap;
			text = realloc(f->text, cap + 1);
			if (text == NULL)
				return (ENOMEM);
			f->text = text;
		}
		n = read(fd, f->text + f->len, cap - f->len);
		if (n == 0)
			break;
		if (n == -1 && errno != EINTR)
			return (errno);
		if (n > 0)
			f->len += (size_t)n;
		if (f->len > ROOT_FILE_MAX)
			return (-1);
	}
	f->text[f->len] = '\0';
	return (0);
}

static void
root_fill(struct root *r, struct root_file *f)
{
	char real[ROOT_PATH];
	const char *why = NULL;
	struct stat st;
	int error, fd = -1;

	error = root_look(r, f->path, true, real, &st);
	if (error == 0) {
		/* What is no regular file may do things when it is opened. */
		if (S_ISREG(st.st_mode)) {
			fd = root_open(r, real, 0);
			if (fd == -1 || fstat(fd, &st) == -1)
				error = errno;
		}
		if (error != 0)
			;
		else if (!S_ISREG(st.st_mode))
			why = S_ISDIR(st.st_mode) ? "a folder" :
			    S_ISFIFO(st.st_mode) ? "a FIFO" :
			    S_ISSOCK(st.st_mode) ? "a socket" : "a device";
		else if (st.st_size > ROOT_FILE_MAX)
			error = -1;
		else
			error = root_read_fd(fd, f, (size_t)st.st_size);
		if (fd != -1)
			close(fd);
	}
	if (error == 0 && why == NULL) {
		r->total += f->len;
		if (r->total <= ROOT_TOTAL_MAX)
			return;
		r->total -= f->len;
		why = "too many bytes of files";
	} else if (error == -1)
		why = "larger than 1 MiB";
	else if (error != 0)
		why = strerror(error);
	if (error == ENOMEM)
		root_short(r);
	f->absent = error == ENOENT || error == ENOTDIR;
	strlcpy(f->why, why, sizeof(f->why));
	free(f->text);
	f->text = NULL;
	f->len = 0;
}

const struct root_file *
root_read(struct root *r, const char *path)
{
	struct root_file *f, **file;
	size_t i;

	if (!root_spend(r, 2 * ROOT_LOOK + r->n_files / ROOT_WALK))
		return (&r->spent);
	/* Whoever asks for it will go through it, once more. */
	for (i = 0; i < r->n_files; i++)
		if (strcmp(r->file[i]->path, path) == 0)
			return (root_spend(r, r->file[i]->len) ? r->file[i] :
			    &r->spent);
	file = realloc(r->file, (r->n_files + 1) * sizeof(struct root_file *));
	if (file != NULL)
		r->file = file;
	f = calloc(1, sizeof(*f));
	if (f != NULL)
		f->path = strdup(path);
	if (file == NULL || f == NULL || f->path == NULL) {
		root_short(r);
		if (f != NULL)
			free(f->path);
		free(f);
		return (NULL);
	}
	root_fill(r, f);
	file[r->n_files++] = f;
	return (root_spend(r, f->len) ? f : &r->spent);
}

void
root_each(const struct root *r,
    void (*each)(const struct root_file *, void *), void *arg)
{
	size_t i;

	for (i = 0; i < r->n_files; i++)
		each(r->file[i], arg);
}

static int
root_compare(const void *a, const void *b)
{
	return (strcmp(*(char *const *)a, *(char *const *)b));
}

/* Reads the names in a folder; none when it cannot be read. */
static int
root_fill_folder(const struct root *r, struct root_folder *folder)
{
	struct conf_list *names = &folder->names;
	struct dirent *e;
	int error = 0;
	size_t n;
	DIR *dir;
	int fd;

	if (folder->error != 0 ||
	    (fd = root_open(r, folder->real, O_DIRECTORY)) == -1)
		return (0);
	if ((dir = fdopendir(fd)) == NULL) {
		(void)close(fd);
		return (0);
	}
	for (n = 0; error == 0 && n < ROOT_NAMES_MAX &&
	    (e = readdir(dir)) != NULL; n++)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			error = value_list_add(names, e->d_name);
	closedir(dir);
	if (names->n > 0)
		qsort(names->item, names->n, sizeof(char *), root_compare);
	folder->is_read = error == 0;
	return (error);
}

/* Names in a folder that are like the pattern, each with before before it. */
static void
root_names(struct root *r, const char *path, const char *pattern,
    const char *before, struct conf_list *out)
{
	struct root_folder *folder;
	char text[ROOT_PATH];
	size_t i, len = strlen(path);

	if (!root_spend(r, ROOT_LOOK + r->n_folders / ROOT_WALK))
		return;
	folder = root_folder(r, path, len > 0 && path[len - 1] == '/' ?
	    len - 1 : len);
	if (folder == NULL)
		return;
	if (!folder->is_read && root_fill_folder(r, folder) == -1)
		root_short(r);
	for (i = 0; i < folder->names.n && root_spend(r, 2); i++)
		if (source_match(pattern, folder->names.item[i]) &&
		    (size_t)snprintf(text, sizeof(text), "%s%s", before,
		    folder->names.item[i]) < sizeof(text) &&
		    value_list_add(out, text) == -1)
			root_short(r);
}

void
root_list(struct root *r, const char *folder, struct conf_list *out)
{
	root_names(r, folder, "*", "", out);
}

void
root_glob(struct root *r, const char *pattern, struct conf_list *out)
{
	char folder[ROOT_PATH];
	const char *last = strrchr(pattern, '/');
	size_t len = last != NULL ? (size_t)(last - pattern) + 1 : 0;

	if (len >= sizeof(folder))
		return;
	memcpy(folder, pattern, len);
	folder[len] = '\0';
	root_names(r, folder, pattern + len, folder, out);
}

#undef ROOT_PATH
#undef ROOT_LOOK
#undef ROOT_WALK
#undef ROOT_WAY
