/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sandbox_other.c - FreeBSD's descriptors; and the systems that have nothing.
 * Owns:      what may be done with a descriptor that is open from the start.
 * Called by: whoever enters a sandbox, by the names in compat_sandbox.h.
 * Must not:  take a right from listening sockets that sessions need: what is
 *            accepted has the same rights.
 *
 * There is no capability mode: in it connect(2) and open(2) by a name are not
 * there, and children are dialled, and files read, as long as the daemon runs.
 */
#include "compat.h"

#include <stdio.h>

#include "compat_sandbox.h"

#if !COMPAT_LINUX && !HAVE_PLEDGE

#if HAVE_CAPSICUM

#include <sys/capsicum.h>
#include <sys/procctl.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define SANDBOX_OTHER_MAX	1024	/* at the start there are few */

/* 0 or an errno value.  Pipes and what events come from stay as they are. */
static int
sandbox_other_limit(int fd)
{
	cap_rights_t rights;
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (0);
	if (S_ISSOCK(st.st_mode))
		cap_rights_init(&rights, CAP_ACCEPT, CAP_EVENT, CAP_FCNTL,
		    CAP_FSTAT, CAP_GETPEERNAME, CAP_GETSOCKNAME,
		    CAP_GETSOCKOPT, CAP_LISTEN, CAP_READ, CAP_SETSOCKOPT,
		    CAP_SHUTDOWN, CAP_WRITE);
	else if (S_ISREG(st.st_mode))
		/* The log, the locked file with the process number. */
		cap_rights_init(&rights, CAP_EVENT, CAP_FCNTL, CAP_FLOCK,
		    CAP_FSTAT, CAP_FTRUNCATE, CAP_SEEK, CAP_WRITE);
	else
		return (0);
	if (cap_rights_limit(fd, &rights) == -1 ||
	    cap_fcntls_limit(fd, CAP_FCNTL_GETFL | CAP_FCNTL_SETFL) == -1)
		return (errno);
	return (0);
}

/* A list of what is there and what is not. */
static void
sandbox_other_say(const char *name, int error, char *text, size_t size)
{
	size_t len = strlen(text);

	(void)snprintf(text + len, size - len, "%s%s%s%s%s%s",
	    len > 0 ? ", " : "", error != 0 ? "without " : "", name,
	    error != 0 ? " (" : "", error != 0 ? strerror(error) : "",
	    error != 0 ? ")" : "");
}

unsigned
compat_sandbox(const struct compat_place *places, size_t n, unsigned flags,
    char *text, size_t size)
{
	int error = 0, fd;
#if defined(PROC_NO_NEW_PRIVS_CTL) || defined(PROC_TRACE_CTL)
	int on;
#endif

	(void)places;
	(void)n;
	(void)flags;
	text[0] = '\0';
	for (fd = 0; fd < SANDBOX_OTHER_MAX && error == 0; fd++)
		error = sandbox_other_limit(fd);
	sandbox_other_say("limited descriptors", error, text, size);
#ifdef PROC_NO_NEW_PRIVS_CTL
	on = PROC_NO_NEW_PRIVS_ENABLE;
	sandbox_other_say("no new privileges", procctl(P_PID, 0,
	    PROC_NO_NEW_PRIVS_CTL, &on) == -1 ? errno : 0, text, size);
#endif
#ifdef PROC_TRACE_CTL
	on = PROC_TRACE_CTL_DISABLE;
	sandbox_other_say("no tracing", procctl(P_PID, 0, PROC_TRACE_CTL,
	    &on) == -1 ? errno : 0, text, size);
#endif
	return (0);
}

void
compat_sandbox_offer(char *text, size_t size)
{
	text[0] = '\0';
	sandbox_other_say("limited descriptors", 0, text, size);
#ifdef PROC_NO_NEW_PRIVS_CTL
	sandbox_other_say("no new privileges", 0, text, size);
#endif
#ifdef PROC_TRACE_CTL
	sandbox_other_say("no tracing", 0, text, size);
#endif
}

#undef SANDBOX_OTHER_MAX

#else /* !HAVE_CAPSICUM */

unsigned
compat_sandbox(const struct compat_place *places, size_t n, unsigned flags,
    char *text, size_t size)
{
	(void)places;
	(void)n;
	(void)flags;
	compat_sandbox_offer(text, size);
	return (0);
}

void
compat_sandbox_offer(char *text, size_t size)
{
	(void)snprintf(text, size, "none: this system has nothing for it, but "
	    "security.chroot");
}

#endif /* !HAVE_CAPSICUM */

#endif /* !COMPAT_LINUX && !HAVE_PLEDGE */
