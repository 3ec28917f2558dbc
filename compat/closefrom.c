/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * closefrom.c - closefrom(3) where libc lacks it.
 * Owns:      nothing.
 * Called by: anyone, through the name in compat.h; after fork, before threads.
 * Must not:  close a descriptor below the given one.
 */
#include "compat.h"

#if !HAVE_CLOSEFROM

#include <sys/resource.h>

#include <dirent.h>
#include <limits.h>
#include <unistd.h>

#define CLOSEFROM_BLIND	65536	/* the most that is tried without a list */

/* The number that a name is; -1 when it is none. */
static int
closefrom_number(const char *name)
{
	int n = *name == '\0' ? -1 : 0;

	for (; *name != '\0'; name++) {
		if (*name < '0' || *name > '9' || n > (INT_MAX - 9) / 10)
			return (-1);
		n = n * 10 + (*name - '0');
	}
	return (n);
}

/* Closes what the folder lists; returns -1 when there is no such folder. */
static int
closefrom_listed(const char *folder, int from)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	int fd;

	if (dir == NULL)
		return (-1);
	while ((entry = readdir(dir)) != NULL) {
		fd = closefrom_number(entry->d_name);
		if (fd >= from && fd != dirfd(dir))
			(void)close(fd);
	}
	(void)closedir(dir);
	return (0);
}

void
compat_closefrom(int from)
{
	struct rlimit rl;
	int fd, max = CLOSEFROM_BLIND;

	if (closefrom_listed("/proc/self/fd", from) == 0 ||
	    closefrom_listed("/dev/fd", from) == 0)
		return;
	if (getrlimit(RLIMIT_NOFILE, &rl) == 0 && rl.rlim_cur < CLOSEFROM_BLIND)
		max = (int)rl.rlim_cur;
	for (fd = from; fd < max; fd++)
		(void)close(fd);
}

#undef CLOSEFROM_BLIND

#endif /* !HAVE_CLOSEFROM */
