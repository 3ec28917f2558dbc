/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * title.c - what ps(1) calls this process.
 * Owns:      how that is told to the system.
 * Called by: the daemon's other processes, at their beginning.
 * Must not:  fail: a process without a title is as good.
 */
#include "compat.h"

#if HAVE_PRCTL
#include <sys/prctl.h>
#endif
#include <unistd.h>

void
compat_process_title(const char *title)
{
#if HAVE_PRCTL
	(void)prctl(PR_SET_NAME, title, 0, 0, 0);
#elif HAVE_SETPROCTITLE
	setproctitle("%s", title);
#else
	(void)title;
#endif
}
