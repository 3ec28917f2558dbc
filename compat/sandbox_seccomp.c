/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sandbox_seccomp.c - the filter of system calls on Linux.
 * Owns:      which calls are refused.
 * Called by: sandbox_linux.c.
 * Must not:  refuse what a libc needs for what the daemon asks of it.
 *
 * A list of what is refused, not of what is allowed: which calls are behind
 * open(3) or poll(3) differs between processors, kernels and libcs, of which
 * ours may be replaced below a program that is linked with it; name service
 * modules do calls of their own.  A call that a list of allowed ones has
 * forgotten ends in lost mail; one that this list has forgotten is what every
 * other process can do, too.
 *
 * So that the list does not age, all calls from number 424 on, where Linux 5.1
 * began to number them alike on every processor, are said to be unknown
 * (ENOSYS), but for a few: libcs have another way for those.  Among them are
 * io_uring, pidfd_*, the mount calls by descriptor, and clone3, whose
 * flags a filter cannot see.
 */
#include "compat.h"

#if COMPAT_LINUX

#include <errno.h>

#include "compat_sandbox.h"

/* --- the processor ------------------------------------------------------- */

/* The kernel's name for it is its number in ELF, with two marks. */
#if !HAVE_SECCOMP
#define SECCOMP_MACHINE	0
#elif defined(__x86_64__) && !defined(__ILP32__)
#define SECCOMP_MACHINE	62u
#elif defined(__i386__)
#define SECCOMP_MACHINE	3u
#elif defined(__aarch64__) && defined(__AARCH64EL__) && !defined(__ILP32__)
#define SECCOMP_MACHINE	183u
#elif defined(__arm__) && defined(__ARM_EABI__)
#define SECCOMP_MACHINE	40u
#elif defined(__mips__) && (_MIPS_SIM == _ABIO32 || _MIPS_SIM == _ABI64)
#define SECCOMP_MACHINE	8u
#elif defined(__powerpc64__)
#define SECCOMP_MACHINE	21u
#elif defined(__powerpc__)
#define SECCOMP_MACHINE	20u
#elif defined(__riscv)
#define SECCOMP_MACHINE	243u
#elif defined(__s390x__)
#define SECCOMP_MACHINE	22u
#elif defined(__loongarch__)
#define SECCOMP_MACHINE	258u
#else
#define SECCOMP_MACHINE	0
#endif

#if SECCOMP_MACHINE

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <stdint.h>
#include <unistd.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SECCOMP_LITTLE	0x40000000u
#define SECCOMP_LOW	0
#else
#define SECCOMP_LITTLE	0
#define SECCOMP_LOW	4	/* of 8 bytes, where the lower 4 are */
#endif
#ifdef __LP64__
#define SECCOMP_LONG	0x80000000u
#else
#define SECCOMP_LONG	0
#endif
#define SECCOMP_ARCH	(SECCOMP_MACHINE | SECCOMP_LITTLE | SECCOMP_LONG)

#if defined(__mips__) && _MIPS_SIM == _ABIO32
#define SECCOMP_BASE	4000
#elif defined(__mips__)
#define SECCOMP_BASE	5000
#else
#define SECCOMP_BASE	0
#endif

/* Of clone(2)'s arguments the flags. */
#ifdef __s390x__
#define SECCOMP_FLAGS	1
#else
#define SECCOMP_FLAGS	0
#endif

/* The leak checker looks at the process from another one. */
#if defined(__SANITIZE_ADDRESS__)
#define SECCOMP_CHECKED	1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SECCOMP_CHECKED	1
#endif
#endif
#ifndef SECCOMP_CHECKED
#define SECCOMP_CHECKED	0
#endif

/* --- the calls ----------------------------------------------------------- */

#define SECCOMP_NONE	0xffff	/* not on this processor */
#ifndef SYS_fork
#define SYS_fork SECCOMP_NONE
#endif
#ifndef SYS_vfork
#define SYS_vfork SECCOMP_NONE
#endif
#ifndef SYS_mknod
#define SYS_mknod SECCOMP_NONE
#endif
#ifndef SYS_clock_settime
#define SYS_clock_settime SECCOMP_NONE
#endif
#ifndef SYS_clock_settime64
#define SYS_clock_settime64 SECCOMP_NONE
#endif
#ifndef SYS_settimeofday
#define SYS_settimeofday SECCOMP_NONE
#endif
#ifndef SYS_clock_adjtime
#define SYS_clock_adjtime SECCOMP_NONE
#endif
#ifndef SYS_clock_adjtime64
#define SYS_clock_adjtime64 SECCOMP_NONE
#endif
#ifndef SYS_kexec_file_load
#define SYS_kexec_file_load SECCOMP_NONE
#endif
#ifndef SYS_iopl
#define SYS_iopl SECCOMP_NONE
#endif
#ifndef SYS_ioperm
#define SYS_ioperm SECCOMP_NONE
#endif
#ifndef SYS_modify_ldt
#define SYS_modify_ldt SECCOMP_NONE
#endif
#ifndef SYS_setuid32
#define SYS_setuid32 SECCOMP_NONE
#define SYS_setgid32 SECCOMP_NONE
#define SYS_setreuid32 SECCOMP_NONE
#define SYS_setregid32 SECCOMP_NONE
#define SYS_setresuid32 SECCOMP_NONE
#define SYS_setresgid32 SECCOMP_NONE
#define SYS_setgroups32 SECCOMP_NONE
#define SYS_setfsuid32 SECCOMP_NONE
#define SYS_setfsgid32 SECCOMP_NONE
#endif
#ifndef SYS_shmget
#define SYS_shmget SECCOMP_NONE
#define SYS_msgget SECCOMP_NONE
#define SYS_semget SECCOMP_NONE
#endif
#ifndef SYS_ipc
#define SYS_ipc SECCOMP_NONE
#endif

static const uint16_t seccomp_denied[] = {
	/* other processes */
	SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
	SYS_perf_event_open, SYS_move_pages, SYS_migrate_pages,
	/* another view of the system */
	SYS_mount, SYS_umount2, SYS_chroot, SYS_pivot_root, SYS_unshare,
	SYS_setns, SYS_open_by_handle_at, SYS_name_to_handle_at,
	SYS_fanotify_init, SYS_mknod, SYS_mknodat,
	/* another user */
	SYS_setuid, SYS_setgid, SYS_setreuid, SYS_setregid, SYS_setresuid,
	SYS_setresgid, SYS_setgroups, SYS_setfsuid, SYS_setfsgid,
	SYS_setuid32, SYS_setgid32, SYS_setreuid32, SYS_setregid32,
	SYS_setresuid32, SYS_setresgid32, SYS_setgroups32, SYS_setfsuid32,
	SYS_setfsgid32, SYS_capset, SYS_personality,
	/* the system itself */
	SYS_kexec_load, SYS_kexec_file_load, SYS_init_module, SYS_finit_module,
	SYS_delete_module, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct,
	SYS_quotactl, SYS_syslog, SYS_vhangup, SYS_sethostname,
	SYS_setdomainname, SYS_settimeofday, SYS_clock_settime,
	SYS_clock_settime64, SYS_clock_adjtime, SYS_clock_adjtime64,
	SYS_adjtimex, SYS_iopl, SYS_ioperm, SYS_modify_ldt,
	/* much code in the kernel, and no use for it */
	SYS_bpf, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_request_key,
	SYS_memfd_create, SYS_mq_open, SYS_shmget, SYS_msgget, SYS_semget,
	SYS_ipc,
};

/* Without COMPAT_SANDBOX_EXEC. */
static const uint16_t seccomp_exec[] = { SYS_execve, SYS_execveat };

/* Without COMPAT_SANDBOX_FORK; clone(2) has threads, too: there are none. */
static const uint16_t seccomp_fork[] = {
	SYS_fork, SYS_vfork, SYS_clone, SYS_kill,
};

/*
 * Of the newer ones: close_range, faccessat2; those of Landlock, for a worker
 * that gives away more than the daemon; fchmodat2.  For programs: openat2.
 */
static const uint16_t seccomp_newer[] = { 436, 437, 439, 444, 445, 446, 452 };

/* --- the filter ---------------------------------------------------------- */

#define SECCOMP_MAX	256

/* What the kernel calls struct sock_filter, and struct sock_fprog. */
struct seccomp_step {
	uint16_t	 code;
	uint8_t		 yes, no;	/* so many steps are left out */
	uint32_t	 value;
};

struct seccomp_program {
	unsigned short	 n;
	struct seccomp_step *step;
};

/* Codes of steps. */
#define SECCOMP_LOAD	0x20	/* 4 bytes of the call's description, at */
#define SECCOMP_EQUAL	0x15
#define SECCOMP_ABOVE	0x25
#define SECCOMP_FROM	0x35
#define SECCOMP_BITS	0x45
#define SECCOMP_RETURN	0x06
/* What is at which place there. */
#define SECCOMP_AT_NR	0
#define SECCOMP_AT_ARCH	4
#define SECCOMP_AT_ARG(i) (16 + 8 * (i) + SECCOMP_LOW)
/* Ends. */
#define SECCOMP_ALLOW	0x7fff0000u
#define SECCOMP_KILL	0x80000000u
#define SECCOMP_ERROR(e) (0x00050000u | (e))

static void
seccomp_step(struct seccomp_program *p, unsigned code, unsigned value,
    unsigned yes, unsigned no)
{
	struct seccomp_step *step = &p->step[p->n++];

	step->code = (uint16_t)code;
	step->value = value;
	step->yes = (uint8_t)yes;
	step->no = (uint8_t)no;
}

/* If what was loaded last compares so, that is the end. */
static void
seccomp_if(struct seccomp_program *p, unsigned code, unsigned value,
    unsigned end)
{
	seccomp_step(p, code, value, 0, 1);
	seccomp_step(p, SECCOMP_RETURN, end, 0, 0);
}

static void
seccomp_list(struct seccomp_program *p, const uint16_t *list, size_t n,
    unsigned base, unsigned end)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] != SECCOMP_NONE && !(SECCOMP_CHECKED &&
		    (list[i] == SYS_ptrace || list[i] == SYS_clone)))
			seccomp_if(p, SECCOMP_EQUAL, base + list[i], end);
}

#define SECCOMP_LIST(p, list, base, end) \
	seccomp_list(p, list, sizeof(list) / sizeof((list)[0]), base, end)

static void
seccomp_make(struct seccomp_program *p, unsigned flags)
{
	/* Calls of another kind of program would have other numbers. */
	seccomp_step(p, SECCOMP_LOAD, SECCOMP_AT_ARCH, 0, 0);
	seccomp_step(p, SECCOMP_EQUAL, SECCOMP_ARCH, 1, 0);
	seccomp_step(p, SECCOMP_RETURN, SECCOMP_KILL, 0, 0);
	seccomp_step(p, SECCOMP_LOAD, SECCOMP_AT_NR, 0, 0);
#ifdef __x86_64__
	seccomp_if(p, SECCOMP_FROM, 0x40000000, SECCOMP_KILL);	/* x32 */
#endif
#ifdef __arm__
	seccomp_if(p, SECCOMP_FROM, 0xf0000, SECCOMP_ALLOW);	/* its own */
#endif
	SECCOMP_LIST(p, seccomp_newer, SECCOMP_BASE, SECCOMP_ALLOW);
	seccomp_if(p, SECCOMP_FROM, SECCOMP_BASE + 424,
	    SECCOMP_ERROR(ENOSYS));
	SECCOMP_LIST(p, seccomp_denied, 0, SECCOMP_ERROR(EPERM));
	if (!(flags & COMPAT_SANDBOX_EXEC))
		SECCOMP_LIST(p, seccomp_exec, 0, SECCOMP_ERROR(EPERM));
	if (!(flags & COMPAT_SANDBOX_FORK))
		SECCOMP_LIST(p, seccomp_fork, 0, SECCOMP_ERROR(EPERM));

	/* A process in namespaces of its own. */
	seccomp_step(p, SECCOMP_EQUAL, SYS_clone, 0, 4);
	seccomp_step(p, SECCOMP_LOAD, SECCOMP_AT_ARG(SECCOMP_FLAGS), 0, 0);
	seccomp_if(p, SECCOMP_BITS, 0x7e020000, SECCOMP_ERROR(EPERM));
	seccomp_step(p, SECCOMP_RETURN, SECCOMP_ALLOW, 0, 0);

	/* Keys typed into the terminal of who has started us. */
	seccomp_step(p, SECCOMP_EQUAL, SYS_ioctl, 0, 4);
	seccomp_step(p, SECCOMP_LOAD, SECCOMP_AT_ARG(1), 0, 0);
	seccomp_if(p, SECCOMP_EQUAL, TIOCSTI, SECCOMP_ERROR(EPERM));
	seccomp_step(p, SECCOMP_RETURN, SECCOMP_ALLOW, 0, 0);

#ifdef SYS_socket
	/*
	 * Families that mail has no use for; and of the others the protocols
	 * that do not date from the beginnings.  A libc that still goes by
	 * socketcall(2), whose arguments cannot be seen, escapes this.
	 */
	seccomp_step(p, SECCOMP_EQUAL, SYS_socket, 0, 8);
	seccomp_step(p, SECCOMP_LOAD, SECCOMP_AT_ARG(2), 0, 0);
	seccomp_if(p, SECCOMP_ABOVE, 17, SECCOMP_ERROR(EPROTONOSUPPORT));
	seccomp_step(p, SECCOMP_LOAD, SECCOMP_AT_ARG(0), 0, 0);
	seccomp_step(p, SECCOMP_EQUAL, AF_UNIX, 3, 0);
	seccomp_step(p, SECCOMP_EQUAL, AF_INET, 2, 0);
	seccomp_step(p, SECCOMP_EQUAL, AF_INET6, 1, 0);
	seccomp_step(p, SECCOMP_RETURN, SECCOMP_ERROR(EAFNOSUPPORT), 0, 0);
#endif
	seccomp_step(p, SECCOMP_RETURN, SECCOMP_ALLOW, 0, 0);
}

int
compat_seccomp(unsigned flags)
{
	struct seccomp_step step[SECCOMP_MAX];
	struct seccomp_program p;

	p.n = 0;
	p.step = step;
	seccomp_make(&p, flags);
	/*
	 * 4: without the brake on speculation that older kernels put on
	 * whoever has a filter, for those who run foreign code.
	 */
	if (syscall(SYS_seccomp, 1L, 4L, &p) == 0)
		return (0);
	return (prctl(PR_SET_SECCOMP, 2L, &p, 0L, 0L));
}

int
compat_seccomp_offer(void)
{
	/* It looks for the filter before it looks at anything else. */
	if (prctl(PR_SET_SECCOMP, 2L, NULL, 0L, 0L) == -1 && errno != EFAULT)
		return (-1);
	return (0);
}

#undef SECCOMP_LITTLE
#undef SECCOMP_LOW
#undef SECCOMP_LONG
#undef SECCOMP_ARCH
#undef SECCOMP_BASE
#undef SECCOMP_FLAGS
#undef SECCOMP_CHECKED
#undef SECCOMP_NONE
#undef SECCOMP_MAX
#undef SECCOMP_LOAD
#undef SECCOMP_EQUAL
#undef SECCOMP_ABOVE
#undef SECCOMP_FROM
#undef SECCOMP_BITS
#undef SECCOMP_RETURN
#undef SECCOMP_AT_NR
#undef SECCOMP_AT_ARCH
#undef SECCOMP_AT_ARG
#undef SECCOMP_ALLOW
#undef SECCOMP_KILL
#undef SECCOMP_ERROR
#undef SECCOMP_LIST

#else /* !SECCOMP_MACHINE */

int
compat_seccomp(unsigned flags)
{
	(void)flags;
	errno = ENOTSUP;
	return (-1);
}

int
compat_seccomp_offer(void)
{
	return (compat_seccomp(0));
}

#endif /* !SECCOMP_MACHINE */
#undef SECCOMP_MACHINE

#endif /* COMPAT_LINUX */
