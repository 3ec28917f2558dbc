/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sandbox_openbsd.c - unveil(2) and pledge(2).
 * Owns:      the promises.
 * Called by: whoever enters a sandbox, by the names in compat_sandbox.h.
 * Must not:  promise less than what the daemon does: "error" makes a call that
 *            was forgotten fail, where it would end the daemon otherwise.
 */
#include "compat.h"

#if HAVE_PLEDGE

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "compat_sandbox.h"

#define SANDBOX_OPENBSD_MAX	120

/* After the first time there is no more to be said about places. */
static bool sandbox_openbsd_locked;

/* 0, or -1 and errno.  A place that is not there is left out. */
static int
sandbox_openbsd_unveil(const struct compat_place *places, size_t n)
{
	const char *may;
	size_t i;
	bool root = false;

	/* There is a limit, and what is beyond it could not be used. */
	if (n >= SANDBOX_OPENBSD_MAX) {
		errno = E2BIG;
		return (-1);
	}
	for (i = 0; i < n; i++) {
		may = places[i].may & (COMPAT_MAY_WRITE | COMPAT_MAY_LISTEN) ?
		    "rwc" : "rw";
		root |= strcmp(places[i].path, "/") == 0;
		(void)unveil(places[i].path, may);
	}
	if (!root && unveil("/", "r") == -1)
		return (-1);
	return (unveil(NULL, NULL));
}

unsigned
compat_sandbox(const struct compat_place *places, size_t n, unsigned flags,
    char *text, size_t size)
{
	char promises[160];
	int places_error = 0, error = 0;

	if (!(flags & COMPAT_SANDBOX_EXEC) && !sandbox_openbsd_locked) {
		if (sandbox_openbsd_unveil(places, n) == -1)
			places_error = errno;
		sandbox_openbsd_locked = true;
	}
	(void)snprintf(promises, sizeof(promises), "error stdio rpath wpath "
	    "cpath inet unix sendfd recvfd%s%s%s",
	    flags & COMPAT_SANDBOX_BIND ? " fattr chown flock getpw" : "",
	    flags & COMPAT_SANDBOX_FORK ? " proc" : "",
	    flags & COMPAT_SANDBOX_EXEC ? " exec" : "");
	if (pledge(promises, NULL) == -1)
		error = errno;
	(void)snprintf(text, size, "%sunveil%s%s, %s%s%s",
	    flags & COMPAT_SANDBOX_EXEC ? "without " : "",
	    places_error != 0 ? ": " : "",
	    places_error != 0 ? strerror(places_error) : "",
	    error != 0 ? "without " : "", "pledge: ",
	    error != 0 ? strerror(error) : promises);
	return (flags & COMPAT_SANDBOX_EXEC || places_error != 0 ? 0 :
	    COMPAT_MAY_WRITE | COMPAT_MAY_LISTEN | COMPAT_MAY_CONNECT);
}

void
compat_sandbox_offer(char *text, size_t size)
{
	(void)snprintf(text, size, "unveil, pledge");
}

#undef SANDBOX_OPENBSD_MAX

#endif /* HAVE_PLEDGE */
