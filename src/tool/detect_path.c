/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_path.c - the way to a socket, folder by folder: who may go it.
 * Owns:      nothing.
 * Called by: detect_probe.c and those that print.
 * Must not:  decide what it means.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "tool/detect_tool.h"

const char *
detect_step_user(uid_t uid, char *dst, size_t size)
{
	const struct passwd *pw = getpwuid(uid);

	if (pw != NULL)
		(void)strlcpy(dst, pw->pw_name, size);
	else
		(void)snprintf(dst, size, "%lu", (unsigned long)uid);
	return (dst);
}

static void
detect_path_owner(struct detect_step *s, const struct stat *st)
{
	const struct group *gr = getgrgid(st->st_gid);

	(void)detect_step_user(st->st_uid, s->owner, sizeof(s->owner));
	if (gr != NULL)
		(void)strlcpy(s->group, gr->gr_name, sizeof(s->group));
	else
		(void)snprintf(s->group, sizeof(s->group), "%lu",
		    (unsigned long)st->st_gid);
}

bool
detect_step(const char *path, struct detect_step *s)
{
	char inside[sizeof(s->path) + 2];
	struct stat st;
	size_t at = s->at;
	bool first = s->path[0] == '\0';

	if (!first && (path[at] == '\0' || at >= sizeof(s->path)))
		return (false);
	memset(s, 0, sizeof(*s));
	if (first)
		(void)strlcpy(s->path, path[0] == '/' ? "/" : ".",
		    sizeof(s->path));
	else {
		at += strcspn(path + at, "/");
		(void)snprintf(s->path, sizeof(s->path), "%.*s", (int)at,
		    path);
	}
	s->at = at + strspn(path + at, "/");
	s->last = path[s->at] == '\0';
	s->link = lstat(s->path, &st) == 0 && S_ISLNK(st.st_mode);
	if (stat(s->path, &st) == -1) {
		s->error = errno;
		return (true);
	}
	s->socket = S_ISSOCK(st.st_mode);
	s->mode = st.st_mode & 07777;
	detect_path_owner(s, &st);
	/* Asked of the system, which knows of more than these bits. */
	(void)snprintf(inside, sizeof(inside), "%s/.", s->path);
	s->closed = S_ISDIR(st.st_mode) && stat(inside, &st) == -1 &&
	    errno == EACCES;
	return (true);
}
