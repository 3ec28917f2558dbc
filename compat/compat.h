/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * compat.h - what this system has, and stand-ins for what it lacks.
 * Owns:      every decision that depends on the operating system.
 * Called by: every .c file, as its first include.
 * Must not:  hold daemon logic.
 *
 * There is no configure step: each HAVE_X below is decided here by the
 * preprocessor and can be overridden with -DHAVE_X=0 or -DHAVE_X=1.
 */
#ifndef COMPAT_H
#define COMPAT_H

/* Ask every libc for all that it has; harmless where a name is unknown. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif
#ifndef _NETBSD_SOURCE
#define _NETBSD_SOURCE 1
#endif
#ifndef _DARWIN_C_SOURCE
#define _DARWIN_C_SOURCE 1
#endif

/* Large files and late dates, where a small system has a choice. */
#ifndef _FILE_OFFSET_BITS
#define _FILE_OFFSET_BITS 64
#endif
#ifndef _TIME_BITS
#define _TIME_BITS 64
#endif

#include <sys/types.h>

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) || \
    defined(__DragonFly__) || defined(__APPLE__)
#define COMPAT_BSD 1
#else
#define COMPAT_BSD 0
#endif

#if defined(__linux__)
#define COMPAT_LINUX 1
#else
#define COMPAT_LINUX 0
#endif

/* Where the configuration lives; the build may say otherwise. */
#if COMPAT_BSD
#define COMPAT_SYSCONFDIR "/usr/local/etc/milter-manager"
#else
#define COMPAT_SYSCONFDIR "/etc/milter-manager"
#endif
#ifndef MM_SYSCONFDIR
#define MM_SYSCONFDIR COMPAT_SYSCONFDIR
#endif

/*
 * How packages are installed (detect/platform.c) where no file tells: on Linux
 * most distributions have systemd's units in the places of Debian's.
 */
#ifndef COMPAT_PLATFORM
#if defined(__FreeBSD__)
#define COMPAT_PLATFORM "freebsd"
#elif defined(__DragonFly__)
#define COMPAT_PLATFORM "dragonfly"
#elif defined(__OpenBSD__)
#define COMPAT_PLATFORM "openbsd"
#elif COMPAT_LINUX
#define COMPAT_PLATFORM "debian"
#else
#define COMPAT_PLATFORM "pkgsrc"	/* NetBSD, macOS, illumos */
#endif
#endif

/* kqueue(2) in <sys/event.h>. */
#ifndef HAVE_KQUEUE
#define HAVE_KQUEUE COMPAT_BSD
#endif

/* epoll(7) in <sys/epoll.h>. */
#ifndef HAVE_EPOLL
#define HAVE_EPOLL COMPAT_LINUX
#endif

/* strlcpy(3), strlcat(3). glibc has them from 2.38 on; musl always. */
#ifndef HAVE_STRLCPY
#if COMPAT_BSD
#define HAVE_STRLCPY 1
#else
#define HAVE_STRLCPY 0
#endif
#endif

/* accept4(2), and with it SOCK_NONBLOCK and SOCK_CLOEXEC for socket(2). */
#ifndef HAVE_ACCEPT4
#if (COMPAT_BSD && !defined(__APPLE__)) || COMPAT_LINUX
#define HAVE_ACCEPT4 1
#else
#define HAVE_ACCEPT4 0
#endif
#endif

/* closefrom(3). glibc has it from 2.34 on, musl not. */
#ifndef HAVE_CLOSEFROM
#if COMPAT_BSD && !defined(__APPLE__)
#define HAVE_CLOSEFROM 1
#else
#define HAVE_CLOSEFROM 0
#endif
#endif

/* arc4random_buf(3). glibc has it from 2.36 on, musl not. */
#ifndef HAVE_ARC4RANDOM
#define HAVE_ARC4RANDOM COMPAT_BSD
#endif

/* getentropy(3), in <unistd.h>: glibc from 2.25 on, musl from 1.1.20 on. */
#ifndef HAVE_GETENTROPY
#define HAVE_GETENTROPY (COMPAT_BSD || COMPAT_LINUX)
#endif

/* prctl(2) in <sys/prctl.h>, for the name of a process. */
#ifndef HAVE_PRCTL
#define HAVE_PRCTL COMPAT_LINUX
#endif

/* setproctitle(3), in <stdlib.h> or <unistd.h>. */
#ifndef HAVE_SETPROCTITLE
#if COMPAT_BSD && !defined(__APPLE__)
#define HAVE_SETPROCTITLE 1
#else
#define HAVE_SETPROCTITLE 0
#endif
#endif

/* getresuid(2) and getresgid(2), in <unistd.h>. */
#ifndef HAVE_GETRESUID
#if COMPAT_LINUX || (COMPAT_BSD && !defined(__NetBSD__) && \
    !defined(__APPLE__))
#define HAVE_GETRESUID 1
#else
#define HAVE_GETRESUID 0
#endif
#endif

/*
 * The syslog daemon takes datagrams at _PATH_LOG.  OpenBSD's syslog(3) is a
 * system call that never waits, and the only way with pledge(2).
 */
#ifndef HAVE_SYSLOG_SOCKET
#if COMPAT_LINUX || (COMPAT_BSD && !defined(__OpenBSD__) && \
    !defined(__APPLE__))
#define HAVE_SYSLOG_SOCKET 1
#else
#define HAVE_SYSLOG_SOCKET 0
#endif
#endif

/*
 * What a process can give away for good (compat_sandbox.h): Linux' Landlock and
 * system call filter, which a kernel may lack all the same, OpenBSD's pledge(2)
 * with unveil(2), FreeBSD's cap_rights_limit(2).
 */
#ifndef HAVE_LANDLOCK
#define HAVE_LANDLOCK COMPAT_LINUX
#endif
#ifndef HAVE_SECCOMP
#define HAVE_SECCOMP COMPAT_LINUX
#endif
#ifndef HAVE_PLEDGE
#if defined(__OpenBSD__)
#define HAVE_PLEDGE 1
#else
#define HAVE_PLEDGE 0
#endif
#endif
#ifndef HAVE_CAPSICUM
#if defined(__FreeBSD__)
#define HAVE_CAPSICUM 1
#else
#define HAVE_CAPSICUM 0
#endif
#endif

#if defined(__GNUC__) || defined(__clang__)
#define COMPAT_PRINTF(f, a) __attribute__((__format__(__printf__, f, a)))
#define COMPAT_NORETURN __attribute__((__noreturn__))
#else
#define COMPAT_PRINTF(f, a)
#define COMPAT_NORETURN
#endif

/*
 * Numbers of 32 bits that several processes change at a time, in an order that
 * all of them see alike.  swap is true when it was old and is new now; add
 * returns the sum.
 */
#if defined(__ATOMIC_SEQ_CST)
#define COMPAT_LOAD(p) __atomic_load_n((p), __ATOMIC_SEQ_CST)
#define COMPAT_STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_SEQ_CST)
#else
#define COMPAT_LOAD(p) (__sync_synchronize(), *(volatile const uint32_t *)(p))
#define COMPAT_STORE(p, v) do {						\
	__sync_synchronize();						\
	*(volatile uint32_t *)(p) = (v);				\
	__sync_synchronize();						\
} while (0)
#endif
#define COMPAT_SWAP(p, old, new) __sync_bool_compare_and_swap((p), (old), (new))
#define COMPAT_ADD(p, v) __sync_add_and_fetch((p), (v))

#if !HAVE_STRLCPY
/*
 * The stand-ins have names of their own, so that a libc which has the
 * functions after all (musl, newer glibc) does not clash with them.
 */
size_t	compat_strlcpy(char *, const char *, size_t);
size_t	compat_strlcat(char *, const char *, size_t);
#undef strlcpy
#undef strlcat
#define strlcpy(d, s, n) compat_strlcpy((d), (s), (n))
#define strlcat(d, s, n) compat_strlcat((d), (s), (n))
#endif

#if !HAVE_CLOSEFROM
void	compat_closefrom(int);
#undef closefrom
#define closefrom(fd) compat_closefrom(fd)
#endif

/* What ps(1) calls this process: at most 15 bytes, where the system has it. */
void	compat_process_title(const char *);

/* Fills it with bytes that nobody can foretell.  0, or -1 and errno. */
int	compat_random(void *, size_t);

#endif /* COMPAT_H */
