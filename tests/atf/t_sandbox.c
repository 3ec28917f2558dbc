/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_sandbox.c - what the sandbox refuses, and what it must not refuse.
 * Owns:      the cases below; each is tried in a process of its own.
 * Called by: kyua.
 * Must not:  expect of a system what it does not say that it has.
 */
#include "compat.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if COMPAT_LINUX
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#endif

#include <atf-c.h>

#include "compat_sandbox.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define TEXT		512

/* The leak checker needs ptrace(2) and clone(2): they stay. */
#if defined(__SANITIZE_ADDRESS__)
#define CHECKED		1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED		1
#endif
#endif
#ifndef CHECKED
#define CHECKED		0
#endif

static char home[1024];		/* the case's folder */
static int tcp_port;		/* somebody listens there */

/* 0, or the errno value. */
static int
result(long r)
{
	return (r == -1 ? errno : 0);
}

static int
closed(int fd)
{
	int error = result(fd);

	if (fd != -1)
		(void)close(fd);
	return (error);
}

/* --- what a daemon does -------------------------------------------------- */

static int
try_read(void)
{
	return (closed(open("/etc/passwd", O_RDONLY)));
}

static int
try_list(void)
{
	return (closed(open("/etc", O_RDONLY | O_DIRECTORY)));
}

/* A file of the spool: without a name at once. */
static int
try_spool(void)
{
	char path[] = "may/spool.XXXXXX";
	int fd = mkstemp(path), error;

	if (fd == -1)
		return (errno);
	error = result(write(fd, "x", 1));
	if (error == 0)
		error = result(ftruncate(fd, 0));
	if (error == 0)
		error = result(unlink(path));
	(void)close(fd);
	return (error);
}

/* What newsyslog(8) does, seen from here; and a file that is replaced. */
static int
try_rotate(void)
{
	int fd = open("may/log", O_WRONLY | O_APPEND | O_CREAT, 0600);

	if (fd == -1)
		return (errno);
	(void)close(fd);
	if (rename("may/log", "may/log.0") == -1)
		return (errno);
	fd = open("may/log", O_WRONLY | O_APPEND | O_CREAT | O_TRUNC, 0600);
	if (fd == -1)
		return (errno);
	return (closed(fd));
}

static int
try_socket_at(const char *path, bool connecting)
{
	struct sockaddr_un un;
	int error, fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd == -1)
		return (errno);
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	error = connecting ? result(connect(fd, (struct sockaddr *)&un,
	    sizeof(un))) : result(bind(fd, (struct sockaddr *)&un,
	    sizeof(un)));
	(void)close(fd);
	return (error);
}

static int
try_dial_unix(void)
{
	return (try_socket_at("child", true));
}

static int
try_listen_unix(void)
{
	int error = try_socket_at("listen/new", false);

	if (error == 0)
		error = result(chmod("listen/new", 0600));
	return (error != 0 ? error : result(unlink("listen/new")));
}

static int
try_inet(int type, bool binding)
{
	struct sockaddr_in sin;
	int error, fd = socket(AF_INET, type, 0);

	if (fd == -1)
		return (errno);
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (!binding)
		sin.sin_port = htons((uint16_t)tcp_port);
	error = result(binding ?
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) :
	    connect(fd, (struct sockaddr *)&sin, sizeof(sin)));
	(void)close(fd);
	return (error);
}

static int
try_dial_inet(void)
{
	return (try_inet(SOCK_STREAM, false));
}

static int
try_dial_udp(void)
{
	return (try_inet(SOCK_DGRAM, false));
}

static int
try_listen_inet(void)
{
	return (try_inet(SOCK_STREAM, true));
}

static int
try_pair(void)
{
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == -1)
		return (errno);
	(void)close(fd[0]);
	return (closed(fd[1]));
}

static int
try_random(void)
{
	char bytes[16];

	return (result(compat_random(bytes, sizeof(bytes))));
}

/* Name service modules are loaded by some libcs. */
static int
try_group(void)
{
	errno = 0;
	(void)getgrnam("no-such-group");
	return (0);
}

static int
try_memory(void)
{
	void *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANON, -1, 0);

	if (p == MAP_FAILED)
		return (errno);
	return (result(munmap(p, 65536)));
}

static int
try_fork(void)
{
	int status;
	pid_t pid = fork();

	if (pid == -1)
		return (errno);
	if (pid == 0)
		_exit(7);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ||
	    WEXITSTATUS(status) != 7)
		return (ECHILD);
	return (0);
}

/* --- what it does not ---------------------------------------------------- */

static int
try_write_outside(void)
{
	return (closed(open("outside/file", O_WRONLY)));
}

static int
try_truncate_outside(void)
{
	return (result(truncate("outside/file", 0)));
}

static int
try_make_outside(void)
{
	return (closed(open("outside/new", O_WRONLY | O_CREAT, 0600)));
}

static int
try_remove_outside(void)
{
	return (result(unlink("outside/file")));
}

static int
try_make_dir(void)
{
	return (result(mkdir("may/dir", 0700)));
}

static int
try_make_link(void)
{
	return (result(symlink("/etc/passwd", "may/link")));
}

static int
try_socket_outside(void)
{
	return (try_socket_at("may/socket", false));
}

static int
try_exec(void)
{
	char *argv[] = { NULL, NULL };
	char path[] = "/bin/true";

	argv[0] = path;
	(void)execv(path, argv);
	return (errno);
}

#if COMPAT_LINUX

static int
try_ptrace(void)
{
	return (result(ptrace(PTRACE_TRACEME, 0, NULL, NULL)));
}

static int
try_netlink(void)
{
	return (closed(socket(AF_NETLINK, SOCK_RAW, 0)));
}

static int
try_packet(void)
{
	return (closed(socket(AF_PACKET, SOCK_DGRAM, 0)));
}

static int
try_sctp(void)
{
	return (closed(socket(AF_INET, SOCK_STREAM, 132)));
}

static int
try_mount(void)
{
	return (result(mount("none", "may", "tmpfs", 0, NULL)));
}

static int
try_chroot(void)
{
	return (result(chroot("may")));
}

static int
try_setuid(void)
{
	return (result(setuid(getuid())));
}

static int
try_unshare(void)
{
	return (result(syscall(SYS_unshare, 0x10000000L)));
}

static int
try_memfd(void)
{
	return (closed((int)syscall(SYS_memfd_create, "x", 0L)));
}

static int
try_bpf(void)
{
	return (result(syscall(SYS_bpf, 0L, NULL, 0L)));
}

static int
try_keyctl(void)
{
	return (result(syscall(SYS_keyctl, 0L, -1L, 0L)));
}

static int
try_personality(void)
{
	return (result(syscall(SYS_personality, 0xffffffffL)));
}

static int
try_vm_read(void)
{
	return (result(syscall(SYS_process_vm_readv, (long)getpid(), NULL,
	    0L, NULL, 0L, 0L)));
}

static int
try_terminal(void)
{
	return (result(ioctl(0, TIOCSTI, "x")));
}

#ifdef __x86_64__
/* io_uring_setup, clone3, and one that is yet to come. */
static int
try_uring(void)
{
	return (result(syscall(425, 1L, NULL)));
}

static int
try_clone3(void)
{
	return (result(syscall(435, NULL, 0L)));
}

static int
try_future(void)
{
	return (result(syscall(999)) == ENOSYS ? ENOSYS : 0);
}

/* A call by the numbers of another kind of program. */
static int
try_x32(void)
{
	return (result(syscall(0x40000000L + 39)));
}
#endif

static int
try_kill(void)
{
	return (result(kill(getppid(), 0)));
}

#endif /* COMPAT_LINUX */

/* --- into it ------------------------------------------------------------- */

#define NEEDS_FILES	1	/* is refused by places */
#define NEEDS_FILTER	2	/* by the filter */
#define DIES		-1

struct try {
	const char	*name;
	int		(*fn)(void);
	int		 refused;	/* errno value; 0: it must work */
	int		 by;
};

static const struct try needed[] = {
	{ "read", try_read, 0, 0 },
	{ "list", try_list, 0, 0 },
	{ "spool", try_spool, 0, 0 },
	{ "rotate", try_rotate, 0, 0 },
	{ "dial unix", try_dial_unix, 0, 0 },
	{ "dial inet", try_dial_inet, 0, 0 },
	{ "dial udp", try_dial_udp, 0, 0 },
	{ "pair", try_pair, 0, 0 },
	{ "random", try_random, 0, 0 },
	{ "group", try_group, 0, 0 },
	{ "memory", try_memory, 0, 0 },
};

static const struct try of_daemon[] = {
	{ "listen unix", try_listen_unix, 0, 0 },
	{ "listen inet", try_listen_inet, 0, 0 },
};

static const struct try of_master[] = {
	{ "fork", try_fork, 0, 0 },
};

static const struct try refused[] = {
	{ "write outside", try_write_outside, EACCES, NEEDS_FILES },
	{ "truncate outside", try_truncate_outside, EACCES, NEEDS_FILES },
	{ "make outside", try_make_outside, EACCES, NEEDS_FILES },
	{ "remove outside", try_remove_outside, EACCES, NEEDS_FILES },
#if COMPAT_LINUX
	{ "make folder", try_make_dir, EACCES, NEEDS_FILES },
	{ "make link", try_make_link, EACCES, NEEDS_FILES },
	{ "socket outside", try_socket_outside, EACCES, NEEDS_FILES },
	{ "exec", try_exec, EPERM, NEEDS_FILTER },
	{ "netlink", try_netlink, EAFNOSUPPORT, NEEDS_FILTER },
	{ "packet", try_packet, EAFNOSUPPORT, NEEDS_FILTER },
	{ "sctp", try_sctp, EPROTONOSUPPORT, NEEDS_FILTER },
	{ "mount", try_mount, EPERM, NEEDS_FILTER },
	{ "chroot", try_chroot, EPERM, NEEDS_FILTER },
	{ "setuid", try_setuid, EPERM, NEEDS_FILTER },
	{ "unshare", try_unshare, EPERM, NEEDS_FILTER },
	{ "memfd", try_memfd, EPERM, NEEDS_FILTER },
	{ "bpf", try_bpf, EPERM, NEEDS_FILTER },
	{ "keyctl", try_keyctl, EPERM, NEEDS_FILTER },
	{ "personality", try_personality, EPERM, NEEDS_FILTER },
	{ "process_vm_readv", try_vm_read, EPERM, NEEDS_FILTER },
	{ "TIOCSTI", try_terminal, EPERM, NEEDS_FILTER },
#if !CHECKED
	{ "ptrace", try_ptrace, EPERM, NEEDS_FILTER },
#endif
#ifdef __x86_64__
	{ "io_uring", try_uring, ENOSYS, NEEDS_FILTER },
	{ "clone3", try_clone3, ENOSYS, NEEDS_FILTER },
	{ "future", try_future, ENOSYS, NEEDS_FILTER },
	{ "x32", try_x32, DIES, NEEDS_FILTER },
#endif
#endif
};

static const struct try refused_single[] = {
#if COMPAT_LINUX
	{ "kill", try_kill, EPERM, NEEDS_FILTER },
#if !CHECKED
	{ "fork", try_fork, EPERM, NEEDS_FILTER },
#endif
#endif
	{ NULL, NULL, 0, 0 }
};

static const struct try refused_worker[] = {
	{ "listen unix", try_listen_unix, EACCES, NEEDS_FILES },
};

/* Folders, files and listeners that the tries go to. */
static void
surroundings(struct compat_place place[2])
{
	static char may[1100], listening[1100];
	struct sockaddr_un un;
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd;

	ATF_REQUIRE(getcwd(home, sizeof(home)) != NULL);
	ATF_REQUIRE_EQ(0, mkdir("may", 0700));
	ATF_REQUIRE_EQ(0, mkdir("listen", 0700));
	ATF_REQUIRE_EQ(0, mkdir("outside", 0700));
	fd = open("outside/file", O_WRONLY | O_CREAT, 0600);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, close(fd));

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	strlcpy(un.sun_path, "child", sizeof(un.sun_path));
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&un, sizeof(un)));
	ATF_REQUIRE_EQ(0, listen(fd, 64));

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&sin, sizeof(sin)));
	ATF_REQUIRE_EQ(0, listen(fd, 64));
	ATF_REQUIRE_EQ(0, getsockname(fd, (struct sockaddr *)&sin, &len));
	tcp_port = ntohs(sin.sin_port);

	snprintf(may, sizeof(may), "%s/may", home);
	snprintf(listening, sizeof(listening), "%s/listen", home);
	place[0].path = may;
	place[0].may = COMPAT_MAY_WRITE;
	place[1].path = listening;
	place[1].may = COMPAT_MAY_LISTEN;
}

/* --- one try, in a process of its own ------------------------------------ */

struct cage {
	struct compat_place place[2];
	unsigned	 flags;
	bool		 worker;	/* inside of the daemon's */
	bool		 limits;	/* it says that places count */
	bool		 filter;	/* and that there is a filter */
};

/* Returns what compat_sandbox() does, and text. */
static unsigned
enter(struct cage *c, char text[TEXT])
{
	unsigned limited;

	limited = compat_sandbox(c->place, COUNT(c->place), c->flags, text,
	    TEXT);
	if (c->worker) {
		c->place[1].may = 0;
		limited = compat_sandbox(c->place, COUNT(c->place), 0, text,
		    TEXT);
	}
	return (limited);
}

static void
try_one(struct cage *c, const struct try *t)
{
	char text[TEXT];
	int got, status;
	pid_t pid;

	if ((t->by == NEEDS_FILES && !c->limits) ||
	    (t->by == NEEDS_FILTER && !c->filter))
		return;
	pid = fork();
	ATF_REQUIRE(pid != -1);
	if (pid == 0) {
		(void)enter(c, text);
		_exit(t->fn());
	}
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	got = WIFEXITED(status) ? WEXITSTATUS(status) : DIES;
	/* OpenBSD hides what it does not show. */
	if (t->by == NEEDS_FILES && got == ENOENT)
		got = EACCES;
	ATF_CHECK_MSG(got == t->refused, "%s: %s (%d), expected %s (%d)",
	    t->name, got == DIES ? "it was killed" : strerror(got), got,
	    t->refused == DIES ? "a signal" : strerror(t->refused),
	    t->refused);
}

static void
try_all(struct cage *c, const struct try *t, size_t n)
{
	for (; n > 0 && t->name != NULL; n--, t++)
		try_one(c, t);
}

/* What the system has, from what it says in a process of its own. */
static void
look(struct cage *c)
{
	char text[TEXT];
	int status;
	pid_t pid = fork();

	ATF_REQUIRE(pid != -1);
	if (pid == 0) {
		struct cage copy = *c;
		unsigned limited = enter(&copy, text);

		(void)printf("in force: %s\n", text);
		(void)fflush(stdout);
		_exit((limited != 0) | (strstr(text, "seccomp") != NULL &&
		    strstr(text, "without seccomp") == NULL) << 1);
	}
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	ATF_REQUIRE(WIFEXITED(status));
	c->limits = WEXITSTATUS(status) & 1;
	c->filter = (WEXITSTATUS(status) & 2) != 0;
}

#define TRY(c, list)	try_all(c, list, COUNT(list))

static void
cage(struct cage *c, unsigned flags, bool worker)
{
	memset(c, 0, sizeof(*c));
	c->flags = flags;
	c->worker = worker;
	surroundings(c->place);
	look(c);
}

ATF_TC_WITHOUT_HEAD(daemon);
ATF_TC_BODY(daemon, tc)
{
	struct cage c;

	cage(&c, COMPAT_SANDBOX_BIND, false);
	TRY(&c, needed);
	TRY(&c, of_daemon);
	TRY(&c, refused);
	TRY(&c, refused_single);
}

ATF_TC_WITHOUT_HEAD(master);
ATF_TC_BODY(master, tc)
{
	struct cage c;

	cage(&c, COMPAT_SANDBOX_BIND | COMPAT_SANDBOX_FORK, false);
	TRY(&c, needed);
	TRY(&c, of_daemon);
	TRY(&c, of_master);
	TRY(&c, refused);
}

ATF_TC_WITHOUT_HEAD(worker);
ATF_TC_BODY(worker, tc)
{
	struct cage c;

	cage(&c, COMPAT_SANDBOX_BIND | COMPAT_SANDBOX_FORK, true);
	TRY(&c, needed);
	TRY(&c, refused);
	TRY(&c, refused_single);
	TRY(&c, refused_worker);
}

/* A daemon that runs programs: places do not count, and programs run. */
ATF_TC_WITHOUT_HEAD(programs);
ATF_TC_BODY(programs, tc)
{
	static const struct try exec[] = { { "exec", try_exec, 0, 0 } };
	struct cage c;

	cage(&c, COMPAT_SANDBOX_BIND | COMPAT_SANDBOX_FORK |
	    COMPAT_SANDBOX_EXEC, false);
	ATF_CHECK(!c.limits);
	TRY(&c, needed);
	TRY(&c, of_master);
	TRY(&c, exec);
}

/* Without any place nothing can be written, and all else is the same. */
ATF_TC_WITHOUT_HEAD(no_places);
ATF_TC_BODY(no_places, tc)
{
	static const struct try spool[] = {
		{ "spool", try_spool, EACCES, NEEDS_FILES },
		{ "read", try_read, 0, 0 },
	};
	struct cage c;

	cage(&c, 0, false);
	c.place[0].path = c.place[1].path = (char[]){ "/no/such/place" };
	TRY(&c, spool);
}

#if COMPAT_LINUX
/*
 * A kernel without them: the calls that would put them into force are refused
 * by a filter of our own.
 */
ATF_TC_WITHOUT_HEAD(old_kernel);
ATF_TC_BODY(old_kernel, tc)
{
#if defined(__x86_64__) && defined(SYS_seccomp)
	static const struct {
		uint16_t	 code;
		uint8_t		 yes, no;
		uint32_t	 value;
	} step[] = {
		{ 0x20, 0, 0, 0 },			/* number */
		{ 0x15, 5, 0, 444 },
		{ 0x15, 5, 0, SYS_seccomp },
		{ 0x15, 0, 2, SYS_prctl },
		{ 0x20, 0, 0, 16 },			/* first argument */
		{ 0x15, 2, 0, PR_SET_SECCOMP },
		{ 0x06, 0, 0, 0x7fff0000 },
		{ 0x06, 0, 0, 0x00050000 | ENOSYS },
		{ 0x06, 0, 0, 0x00050000 | EINVAL },
	};
	const struct {
		unsigned short	 n;
		const void	*step;
	} program = { COUNT(step), step };
	struct compat_place place[2];
	char text[TEXT];
	int status;
	pid_t pid;

	surroundings(place);
	pid = fork();
	ATF_REQUIRE(pid != -1);
	if (pid == 0) {
		unsigned limited;

		if (prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L) == -1 ||
		    prctl(PR_SET_SECCOMP, 2L, &program, 0L, 0L) == -1)
			_exit(99);
		compat_sandbox_offer(text, sizeof(text));
		if (strcmp(text, "no new privileges, without Landlock "
		    "(Function not implemented), without seccomp "
		    "(Invalid argument)") != 0)
			_exit(1);
		limited = compat_sandbox(place, 2, 0, text, sizeof(text));
		if (strcmp(text, "no new privileges, without Landlock "
		    "(Function not implemented), without seccomp "
		    "(Invalid argument)") != 0)
			_exit(2);
		if (limited != 0)
			_exit(3);
		_exit(try_make_outside() == 0 ? 0 : 4);
	}
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	ATF_REQUIRE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 99)
		atf_tc_skip("no filters here");
	ATF_CHECK_EQ(0, WEXITSTATUS(status));
#else
	atf_tc_skip("written for one processor");
#endif
}
#endif

/* What is offered is what is in force afterwards. */
ATF_TC_WITHOUT_HEAD(offer);
ATF_TC_BODY(offer, tc)
{
	struct compat_place place[2];
	char text[TEXT], then[TEXT];
	int status;
	pid_t pid;

	surroundings(place);
	compat_sandbox_offer(text, sizeof(text));
	ATF_CHECK(text[0] != '\0');
	/* It has changed nothing. */
	ATF_CHECK_EQ(0, try_make_outside());
	pid = fork();
	ATF_REQUIRE(pid != -1);
	if (pid == 0) {
		(void)compat_sandbox(place, 2, 0, then, sizeof(then));
		_exit(HAVE_PLEDGE || strcmp(text, then) == 0 ? 0 : 1);
	}
	ATF_REQUIRE_EQ(pid, waitpid(pid, &status, 0));
	ATF_CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, daemon);
	ATF_TP_ADD_TC(tp, master);
	ATF_TP_ADD_TC(tp, worker);
	ATF_TP_ADD_TC(tp, programs);
	ATF_TP_ADD_TC(tp, no_places);
#if COMPAT_LINUX
	ATF_TP_ADD_TC(tp, old_kernel);
#endif
	ATF_TP_ADD_TC(tp, offer);
	return (atf_no_error());
}
