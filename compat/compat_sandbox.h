/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * compat_sandbox.h - a process gives away for good what it has no need of.
 *
 *	sandbox_linux.c		no new privileges, Landlock
 *	sandbox_seccomp.c	the filter of system calls on Linux
 *	sandbox_openbsd.c	unveil(2), pledge(2)
 *	sandbox_other.c		FreeBSD's descriptors; the systems with nothing
 *
 * Reading is not limited beyond what files' modes say: a reload reads what it
 * has not known before, and its user has few rights already.
 */
#ifndef COMPAT_COMPAT_SANDBOX_H
#define COMPAT_COMPAT_SANDBOX_H

#include <stddef.h>

/* What may be done below a folder; of another kind of file, with itself. */
#define COMPAT_MAY_WRITE	0x01	/* make, write, rename, remove files */
#define COMPAT_MAY_LISTEN	0x02	/* make and remove sockets */
#define COMPAT_MAY_CONNECT	0x04	/* connect to sockets */

struct compat_place {
	char		*path;	/* as realpath(3) has it, each once */
	unsigned	 may;
};

/* What else the process has to do. */
#define COMPAT_SANDBOX_FORK	0x01	/* processes like itself, signals */
#define COMPAT_SANDBOX_EXEC	0x02	/* programs; they inherit the sandbox,
					   so places count for nothing then */
#define COMPAT_SANDBOX_BIND	0x04	/* listen on further sockets, with mode
					   and group; lock files */
#define COMPAT_SANDBOX_ABSTRACT	0x08	/* Linux' sockets without a file */

/*
 * Puts the process, and those that it forks, into the sandbox.  Called again it
 * takes away more, never less; places have to be among those of before.  There
 * must be no threads.  What the system refuses or lacks is left out.
 *
 * text gets one line of what is in force, or why it is not.  Returns those
 * COMPAT_MAY_* that are limited to the places, 0: none.
 */
unsigned compat_sandbox(const struct compat_place *, size_t n, unsigned flags,
	    char *text, size_t size);

/* What would be in force, as text; nothing changes. */
void	compat_sandbox_offer(char *text, size_t size);

/* --- among the files above ----------------------------------------------- */

/* 0, or -1 and errno; ENOTSUP: not for this kind of processor. */
int	compat_seccomp(unsigned flags);
int	compat_seccomp_offer(void);

#endif /* COMPAT_COMPAT_SANDBOX_H */
