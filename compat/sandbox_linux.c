/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sandbox_linux.c - no_new_privs and Landlock.
 * Owns:      the kernel's numbers for these: not every libc has its headers.
 * Called by: whoever enters a sandbox, by the names in compat_sandbox.h.
 * Must not:  fail where the kernel is older than what it asks for.
 */
#include "compat.h"

#if COMPAT_LINUX

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "compat_sandbox.h"

#ifndef PR_SET_NO_NEW_PRIVS
#define PR_SET_NO_NEW_PRIVS	38
#define PR_GET_NO_NEW_PRIVS	39
#endif

/* --- Landlock ------------------------------------------------------------ */

#if HAVE_LANDLOCK

/* From 424 on every processor has the same numbers, but for its own offset. */
#if defined(__mips__) && defined(_ABIO32) && _MIPS_SIM == _ABIO32
#define LANDLOCK_NR	4444
#elif defined(__mips__) && defined(_ABIN32) && _MIPS_SIM == _ABIN32
#define LANDLOCK_NR	6444
#elif defined(__mips__)
#define LANDLOCK_NR	5444
#elif defined(__x86_64__) && defined(__ILP32__)
#define LANDLOCK_NR	(0x40000000 + 444)
#else
#define LANDLOCK_NR	444
#endif
#define LANDLOCK_CREATE		LANDLOCK_NR
#define LANDLOCK_ADD		(LANDLOCK_NR + 1)
#define LANDLOCK_RESTRICT	(LANDLOCK_NR + 2)
#define LANDLOCK_VERSION	1	/* flag: only say the ABI */
#define LANDLOCK_BENEATH	1	/* kind of rule: a path */

/* Rights, as bits; the numbers behind are the ABI that has the first. */
#define LANDLOCK_EXECUTE	(UINT64_C(1) << 0)
#define LANDLOCK_WRITE		(UINT64_C(1) << 1)
#define LANDLOCK_REMOVE		(UINT64_C(1) << 5)
#define LANDLOCK_MAKE_REG	(UINT64_C(1) << 8)
#define LANDLOCK_MAKE_SOCK	(UINT64_C(1) << 9)
#define LANDLOCK_TRUNCATE	(UINT64_C(1) << 14)	/* 3 */
#define LANDLOCK_IOCTL_DEV	(UINT64_C(1) << 15)	/* 5 */
#define LANDLOCK_BIND_TCP	(UINT64_C(1) << 0)	/* 4 */
#define LANDLOCK_ABSTRACT	(UINT64_C(1) << 0)	/* 6 */
#define LANDLOCK_SIGNAL		(UINT64_C(1) << 1)
/*
 * Of ABI 1 all that changes something: to make and remove whatever there is.
 * To move between folders, of ABI 2, is refused unless it is asked for.
 */
#define LANDLOCK_CHANGES	(LANDLOCK_WRITE | UINT64_C(0x1ff0))

/* A kernel that knows fewer members takes them as long as they are 0. */
struct landlock_ruleset {
	uint64_t	 files;
	uint64_t	 net;
	uint64_t	 scoped;
};

#pragma pack(push, 1)
struct landlock_beneath {
	uint64_t	 allowed;
	int32_t		 fd;
};
#pragma pack(pop)

static int
sandbox_linux_abi(void)
{
	return ((int)syscall(LANDLOCK_CREATE, NULL, (size_t)0,
	    LANDLOCK_VERSION));
}

/* A place that is not there, or cannot have rules, is left out. */
static void
sandbox_linux_add(int set, const struct compat_place *place, uint64_t handled)
{
	struct landlock_beneath rule;
	struct stat st;
	int fd;

	memset(&rule, 0, sizeof(rule));
	if (place->may & COMPAT_MAY_WRITE)
		rule.allowed |= LANDLOCK_WRITE | LANDLOCK_REMOVE |
		    LANDLOCK_MAKE_REG | LANDLOCK_TRUNCATE;
	if (place->may & COMPAT_MAY_LISTEN)
		rule.allowed |= LANDLOCK_REMOVE | LANDLOCK_MAKE_SOCK;
	rule.allowed &= handled;
	fd = open(place->path, O_PATH | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= LANDLOCK_WRITE | LANDLOCK_TRUNCATE;
	rule.fd = fd;
	if (rule.allowed != 0)
		(void)syscall(LANDLOCK_ADD, set, LANDLOCK_BENEATH, &rule, 0);
	(void)close(fd);
}

/* The ABI that is in force, or -1 and errno. */
static int
sandbox_linux_landlock(const struct compat_place *places, size_t n,
    unsigned flags)
{
	struct landlock_ruleset rules;
	int abi = sandbox_linux_abi(), save, set;
	size_t i;

	if (abi <= 0)
		return (-1);
	memset(&rules, 0, sizeof(rules));
	if (!(flags & COMPAT_SANDBOX_EXEC)) {
		rules.files = LANDLOCK_CHANGES | LANDLOCK_EXECUTE;
		if (abi >= 3)
			rules.files |= LANDLOCK_TRUNCATE;
		if (abi >= 5)
			rules.files |= LANDLOCK_IOCTL_DEV;
	}
	if (abi >= 4 && !(flags & COMPAT_SANDBOX_BIND))
		rules.net = LANDLOCK_BIND_TCP;
	if (abi >= 6) {
		rules.scoped = LANDLOCK_SIGNAL;
		if (!(flags & COMPAT_SANDBOX_ABSTRACT))
			rules.scoped |= LANDLOCK_ABSTRACT;
	}
	set = (int)syscall(LANDLOCK_CREATE, &rules, sizeof(rules), 0);
	if (set == -1)
		return (-1);
	for (i = 0; i < n; i++)
		sandbox_linux_add(set, &places[i], rules.files);
	if (syscall(LANDLOCK_RESTRICT, set, 0) == -1)
		abi = -1;
	save = errno;
	(void)close(set);
	errno = save;
	return (abi);
}

#undef LANDLOCK_NR
#undef LANDLOCK_CREATE
#undef LANDLOCK_ADD
#undef LANDLOCK_RESTRICT
#undef LANDLOCK_VERSION
#undef LANDLOCK_BENEATH
#undef LANDLOCK_EXECUTE
#undef LANDLOCK_WRITE
#undef LANDLOCK_REMOVE
#undef LANDLOCK_MAKE_REG
#undef LANDLOCK_MAKE_SOCK
#undef LANDLOCK_TRUNCATE
#undef LANDLOCK_IOCTL_DEV
#undef LANDLOCK_BIND_TCP
#undef LANDLOCK_ABSTRACT
#undef LANDLOCK_SIGNAL
#undef LANDLOCK_CHANGES

#else /* !HAVE_LANDLOCK */

static int
sandbox_linux_abi(void)
{
	errno = ENOSYS;
	return (-1);
}

static int
sandbox_linux_landlock(const struct compat_place *places, size_t n,
    unsigned flags)
{
	(void)places;
	(void)n;
	(void)flags;
	return (sandbox_linux_abi());
}

#endif /* !HAVE_LANDLOCK */

/* --- all of it ----------------------------------------------------------- */

/* What each has come to: an errno value, or 0. */
static void
sandbox_linux_say(int privs, int landlock, int abi, int seccomp, char *text,
    size_t size)
{
	const struct {
		const char	*name;
		int		 error;
	} part[] = {
		{ "no new privileges", privs },
		{ "Landlock", landlock },
		{ "seccomp", seccomp },
	};
	size_t i, len;

	text[0] = '\0';
	for (i = 0; i < sizeof(part) / sizeof(part[0]); i++) {
		len = strlen(text);
		(void)snprintf(text + len, size - len, "%s%s%s",
		    i > 0 ? ", " : "", part[i].error != 0 ? "without " : "",
		    part[i].name);
		len = strlen(text);
		if (part[i].error != 0)
			(void)snprintf(text + len, size - len, " (%s)",
			    strerror(part[i].error));
		else if (i == 1)
			(void)snprintf(text + len, size - len, " %d", abi);
	}
}

unsigned
compat_sandbox(const struct compat_place *places, size_t n, unsigned flags,
    char *text, size_t size)
{
	int abi, landlock, privs, seccomp;

	/* The other two ask for it, unless we are root. */
	privs = prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1 ? errno : 0;
	abi = sandbox_linux_landlock(places, n, flags);
	landlock = abi == -1 ? errno : 0;
	seccomp = compat_seccomp(flags) == -1 ? errno : 0;
	sandbox_linux_say(privs, landlock, abi, seccomp, text, size);
	return (landlock != 0 || flags & COMPAT_SANDBOX_EXEC ? 0 :
	    COMPAT_MAY_WRITE | COMPAT_MAY_LISTEN);
}

void
compat_sandbox_offer(char *text, size_t size)
{
	int abi, landlock, privs, seccomp;

	privs = prctl(PR_GET_NO_NEW_PRIVS, 0L, 0L, 0L, 0L) == -1 ? errno : 0;
	abi = sandbox_linux_abi();
	landlock = abi == -1 ? errno : 0;
	seccomp = compat_seccomp_offer() == -1 ? errno : 0;
	sandbox_linux_say(privs, landlock, abi, seccomp, text, size);
}

#endif /* COMPAT_LINUX */
