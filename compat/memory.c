/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * memory.c - how much memory this process has.
 * Owns:      nothing.
 * Called by: anyone, through the name in compat.h.
 * Must not:  wait.
 */
#include "compat.h"

#include <sys/resource.h>

#include <fcntl.h>
#include <unistd.h>

/* Linux: the second number of statm, in pages.  -1: it does not tell. */
static long
memory_statm(void)
{
	char text[128], *end;
	ssize_t n = -1;
	long pages;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);

	if (fd != -1) {
		n = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	if (n <= 0)
		return (-1);
	text[n] = '\0';
	(void)strtol(text, &end, 10);
	pages = strtol(end, NULL, 10);
	return (pages > 0 ? pages * (sysconf(_SC_PAGESIZE) / 1024) : -1);
}

long
compat_memory(void)
{
	struct rusage ru;
	long kb = memory_statm();

	if (kb == -1 && getrusage(RUSAGE_SELF, &ru) == 0)
		kb = ru.ru_maxrss / COMPAT_MAXRSS_KB;
	return (kb);
}
