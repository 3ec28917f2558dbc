/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * root.h - a tree of files as detection sees it: "/", or detect.root.
 *
 * Symbolic links are followed inside of the tree, an absolute one from its
 * top, so that an image or a jail is read as it will be when it is "/"; ".."
 * never leaves it.  Only regular files are opened, without waiting, and no more
 * than ROOT_FILE_MAX of one: what may be there by mistake (a FIFO, a device,
 * megabytes of garbage, links in a circle, a file that nobody may read) is a
 * fault of that file, and root_read() says which.
 *
 * A file is read once and kept until root_free(): pointers into it, and its
 * path, live that long.
 */
#ifndef DETECT_ROOT_H
#define DETECT_ROOT_H

#include "compat.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

#define ROOT_FILE_MAX	(1024 * 1024)	/* bytes; a larger one is a fault */
#define ROOT_TOTAL_MAX	(16 * 1024 * 1024)	/* of all that are kept */
#define ROOT_WORK_MAX	(32 * 1024 * 1024)	/* of all, about a second */
#define ROOT_LINKS_MAX	32
#define ROOT_NAMES_MAX	10000		/* in one folder */

struct root;

struct root_file {
	char		*path;		/* as asked for: "/etc/rc.conf" */
	char		*text;		/* NUL behind it; NULL: it has a why.
					   NUL bytes inside may be there */
	size_t		 len;
	bool		 absent;	/* there is none: mostly no fault */
	char		 why[80];	/* "permission denied", "a FIFO", ... */
};

/* What is at a path, links followed. */
enum root_kind { ROOT_NONE, ROOT_FILE, ROOT_FOLDER, ROOT_SOCKET, ROOT_OTHER };

/* top NULL: "/".  NULL without memory. */
struct root *root_new(const char *top);
void	root_free(struct root *);		/* NULL: no effect */

/*
 * Whether there was no memory for one of these, or somebody else said so by
 * root_short(): then what was found is not all that there is.  So none of the
 * callers needs to ask each time.
 */
bool	root_is_short(const struct root *);
void	root_short(struct root *);

/* The file of that absolute path; never NULL but without memory. */
const struct root_file *root_read(struct root *, const char *path);
enum root_kind root_kind(struct root *, const char *path);
bool	root_executable(struct root *, const char *path);
/* True when the last part of path is a link, whether it leads anywhere. */
bool	root_is_link(struct root *, const char *path);
/*
 * The names in a folder, without those that begin with a dot, sorted bytewise;
 * none when it cannot be read.
 */
void	root_list(struct root *, const char *folder, struct conf_list *);
/* A pattern of glob(3) in the last part of a path: full paths, sorted. */
void	root_glob(struct root *, const char *pattern, struct conf_list *);

/* Every file that was asked for, in that order ("detect -v"). */
void	root_each(const struct root *,
	    void (*each)(const struct root_file *, void *arg), void *arg);

/*
 * Counts what is done for what is in the tree, about as bytes that are looked
 * at; this module counts what it does itself.  False from when it was more
 * than ROOT_WORK_MAX: then nothing more is found, and what is read has a why
 * (its path is that of the root).
 */
bool	root_spend(struct root *, size_t bytes);

/* A copy of text that lives as long as the root; NULL without memory. */
const char *root_keep(struct root *, const char *text);

#endif /* DETECT_ROOT_H */
