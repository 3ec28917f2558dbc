/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * upgrade.c - a process that takes over the sockets of another one.
 * Owns:      the descriptors that were inherited; how we were called.
 * Called by: daemon.c at the start, prepare.c for each socket, the launcher.
 * Must not:  decide what becomes of the process that hands over: handover.c.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "daemon/daemon_internal.h"
#include "daemon/upgrade.h"
#include "net/sock.h"

#define UPGRADE_FIRST	(STDERR_FILENO + 1)
#define UPGRADE_WORD	"MILTER_MANAGER_UPGRADE"
#define UPGRADE_PATH	4096

/* How we were called; empty: that cannot be told. */
static struct {
	char	**argv;
	char	 *name;			/* argv[0] as it was */
	char	  program[UPGRADE_PATH];
	char	  folder[UPGRADE_PATH];
	char	 *notify, *watchdog;	/* as notify.h takes them, or NULL */
} upgrade_call;

/* What was handed to us. */
static struct {
	int		 fd[UPGRADE_SOCKETS];	/* -1: gone */
	size_t		 n;
	unsigned	 lent, taken;		/* bits */
	int		 stream;		/* to the old one, or -1 */
	int		 line[UPGRADE_LINES + 1];	/* -1: none */
	struct loop_io	 io;
	void		(*go)(struct daemon *);
} upgrade_got;

/* --- how we were called -------------------------------------------------- */

/* Of a name without a slash: as the shell finds it. */
static void
upgrade_search(const char *name)
{
	const char *p = getenv("PATH"), *end;

	for (; p != NULL && *p != '\0'; p = *end == '\0' ? end : end + 1) {
		end = p + strcspn(p, ":");
		if (*p != '/')
			continue;
		if ((size_t)snprintf(upgrade_call.program,
		    sizeof(upgrade_call.program), "%.*s/%s", (int)(end - p), p,
		    name) < sizeof(upgrade_call.program) &&
		    access(upgrade_call.program, X_OK) == 0)
			return;
	}
	upgrade_call.program[0] = '\0';
}

static char *
upgrade_variable(const char *name)
{
	const char *value = getenv(name);

	return (value == NULL ? NULL : strdup(value));
}

void
upgrade_remember(char **argv)
{
	int n;

	if (argv[0] == NULL || (upgrade_call.name = strdup(argv[0])) == NULL)
		return;
	upgrade_call.argv = argv;
	upgrade_call.notify = upgrade_variable("NOTIFY_SOCKET");
	upgrade_call.watchdog = upgrade_variable("WATCHDOG_USEC");
	if (getcwd(upgrade_call.folder, sizeof(upgrade_call.folder)) == NULL)
		upgrade_call.folder[0] = '\0';
	if (strchr(argv[0], '/') == NULL)
		upgrade_search(argv[0]);
	else {
		n = snprintf(upgrade_call.program,
		    sizeof(upgrade_call.program), "%s%s%s", argv[0][0] == '/' ?
		    "" : upgrade_call.folder, argv[0][0] == '/' ? "" : "/",
		    argv[0]);
		if ((size_t)n >= sizeof(upgrade_call.program))
			upgrade_call.program[0] = '\0';
	}
}

void
upgrade_forget(void)
{
	upgrade_end();
	free(upgrade_call.name);
	free(upgrade_call.notify);
	free(upgrade_call.watchdog);
	memset(&upgrade_call, 0, sizeof(upgrade_call));
}

static COMPAT_NORETURN void
upgrade_fails(int stream, const char *what)
{
	(void)dprintf(stream, "%s: %s\n", what, strerror(errno));
	_exit(127);
}

void
upgrade_exec(const int *fd, size_t n, unsigned lent, int line)
{
	/* Where they are to be, in this order: 1, 2, and from 3 on. */
	int from[UPGRADE_FDS + 1], to, stream = fd[UPGRADE_STREAM];
	size_t i, at = 0, sockets = n - UPGRADE_SOCKET;
	char text[32];

	from[at++] = fd[0];
	from[at++] = fd[1];
	for (i = 0; i < sockets; i++)
		from[at++] = fd[UPGRADE_SOCKET + i];
	for (i = UPGRADE_STREAM; i < UPGRADE_SOCKET; i++)
		from[at++] = fd[i];
	from[at++] = line;
	/* First above all the numbers that are taken then. */
	for (i = 0; i < at; i++)
		if ((from[i] = fcntl(from[i], F_DUPFD,
		    UPGRADE_FIRST + UPGRADE_FDS + 1)) == -1)
			upgrade_fails(stream, "descriptors");
	stream = from[2 + sockets];
	for (i = 0; i < at; i++) {
		to = STDOUT_FILENO + (int)i;
		if (dup2(from[i], to) == -1)
			upgrade_fails(stream, "descriptors");
	}
	stream = UPGRADE_FIRST + (int)sockets;
	closefrom(STDOUT_FILENO + (int)at);
	if (upgrade_call.program[0] == '\0') {
		errno = ENOENT;
		upgrade_fails(stream, "the path of the program");
	}
	if (chdir(upgrade_call.folder) == -1)
		upgrade_fails(stream, upgrade_call.folder);
	(void)snprintf(text, sizeof(text), "%ld", (long)getpid());
	(void)setenv("LISTEN_PID", text, 1);
	if (upgrade_call.watchdog != NULL) {
		(void)setenv("WATCHDOG_PID", text, 1);
		(void)setenv("WATCHDOG_USEC", upgrade_call.watchdog, 1);
	}
	if (upgrade_call.notify != NULL)
		(void)setenv("NOTIFY_SOCKET", upgrade_call.notify, 1);
	(void)snprintf(text, sizeof(text), "%zu", sockets);
	(void)setenv("LISTEN_FDS", text, 1);
	(void)snprintf(text, sizeof(text), "%u", lent);
	(void)setenv(UPGRADE_WORD, text, 1);
	upgrade_call.argv[0] = upgrade_call.name;
	(void)execv(upgrade_call.program, upgrade_call.argv);
	upgrade_fails(stream, upgrade_call.program);
}

/* --- what is handed to us ------------------------------------------------ */

/* The number in that variable, or -1; the variable is taken out. */
static long
upgrade_number(const char *variable, uint64_t max)
{
	const char *text = getenv(variable);
	uint64_t number;
	long value = -1;

	if (text != NULL && number_read(text, 10, max, &number) == 0)
		value = (long)number;
	(void)unsetenv(variable);
	return (value);
}

/* Whether the launcher at the other end is there. */
static bool
upgrade_line_holds(int fd)
{
	struct pollfd p;
	struct stat st;

	p.fd = fd;
	p.events = 0;
	p.revents = 0;
	return (fd != -1 && fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) &&
	    poll(&p, 1, 0) != -1 && (p.revents & POLLERR) == 0);
}

int
upgrade_inherit(void)
{
	long pid = upgrade_number("LISTEN_PID", INT32_MAX);
	long n = upgrade_number("LISTEN_FDS", UPGRADE_SOCKETS);
	long lent = upgrade_number(UPGRADE_WORD, (1u << UPGRADE_SOCKETS) - 1);
	int fd = UPGRADE_FIRST;
	size_t i;

	(void)unsetenv("LISTEN_FDNAMES");
	upgrade_got.stream = -1;
	for (i = 0; i <= UPGRADE_LINES; i++)
		upgrade_got.line[i] = -1;
	if (pid != (long)getpid() || n == -1)
		return (fd);
	upgrade_got.n = (size_t)n;
	upgrade_got.lent = lent == -1 ? (1u << UPGRADE_SOCKETS) - 1 :
	    (unsigned)lent;
	for (i = 0; i < upgrade_got.n; i++, fd++)
		upgrade_got.fd[i] = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? fd :
		    -1;
	if (lent != -1) {
		upgrade_got.stream = sock_prepare(fd) == 0 ? fd : -1;
		fd++;
		for (i = 0; i <= UPGRADE_LINES; i++, fd++) {
			if (upgrade_line_holds(fd) &&
			    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
				upgrade_got.line[i] = fd;
			else
				(void)close(fd);
		}
	}
	return (fd);
}

void
upgrade_lines(int fd[UPGRADE_FDS], int null)
{
	size_t i, n = 0;
	int line;

	/* The last one is the youngest, then they grow older. */
	for (i = 0; i <= UPGRADE_LINES && n < UPGRADE_LINES; i++) {
		line = upgrade_got.line[(i + UPGRADE_LINES) %
		    (UPGRADE_LINES + 1)];
		if (upgrade_line_holds(line))
			fd[UPGRADE_STREAM + ++n] = line;
	}
	while (n < UPGRADE_LINES)
		fd[UPGRADE_STREAM + ++n] = null;
}

struct listener *
upgrade_adopt(const struct spec *spec, const struct listen_options *opt)
{
	struct listener *l;
	size_t i;

	for (i = 0; i < upgrade_got.n; i++) {
		if (upgrade_got.fd[i] == -1 ||
		    !listener_fits(upgrade_got.fd[i], spec))
			continue;
		l = listener_adopt(upgrade_got.fd[i], spec, opt,
		    (upgrade_got.lent & 1u << i) != 0);
		if (l == NULL)
			continue;
		upgrade_got.fd[i] = -1;
		upgrade_got.taken |= 1u << i;
		return (l);
	}
	return (NULL);
}

void
upgrade_close_others(const struct daemon *d)
{
	struct sockaddr_storage ss;
	socklen_t len;
	char text[SPEC_TEXT_MAX];
	size_t i;

	for (i = 0; i < upgrade_got.n; i++) {
		if (upgrade_got.fd[i] == -1)
			continue;
		len = sizeof(ss);
		memset(&ss, 0, sizeof(ss));
		if (!upgrade_is()) {
			if (getsockname(upgrade_got.fd[i],
			    (struct sockaddr *)&ss, &len) == -1)
				len = 0;
			daemon_tell(d, LOGL_WARNING, "LISTEN_FDS: %s is a "
			    "socket that the configuration does not have; it "
			    "is closed", addr_format((struct sockaddr *)&ss,
			    len, text, sizeof(text)));
		}
		(void)close(upgrade_got.fd[i]);
		upgrade_got.fd[i] = -1;
	}
}

bool
upgrade_is(void)
{
	return (upgrade_got.stream != -1);
}

/* Short lines, and few: what does not fit is lost. */
void
upgrade_tell(const char *line)
{
	char text[512];
	int n;

	if (upgrade_got.stream == -1)
		return;
	n = snprintf(text, sizeof(text) - 1, "%s", line);
	if ((size_t)n > sizeof(text) - 2)
		n = (int)sizeof(text) - 2;
	text[n++] = '\n';
	(void)write(upgrade_got.stream, text, (size_t)n);
}

static void
upgrade_on_word(struct loop_io *io, unsigned ready, void *arg)
{
	struct daemon *d = arg;
	char word[16];
	ssize_t n;

	(void)ready;
	n = read(io->fd, word, sizeof(word));
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	upgrade_end();
	if (n > 0 && word[0] == 's') {
		log_write(LOGL_ERROR, "upgrade: the process before this one "
		    "goes on");
		loop_stop(d->loop);
		return;
	}
	upgrade_got.go(d);
}

int
upgrade_ready(struct daemon *d, void (*go)(struct daemon *))
{
	char line[64];

	upgrade_got.go = go;
	if (loop_io_add(d->loop, &upgrade_got.io, upgrade_got.stream, LOOP_READ,
	    upgrade_on_word, d) == -1)
		return (-1);
	(void)snprintf(line, sizeof(line), "ready %ld %u", (long)getpid(),
	    upgrade_got.taken);
	upgrade_tell(line);
	return (0);
}

void
upgrade_end(void)
{
	loop_io_del(&upgrade_got.io);
	if (upgrade_got.stream != -1)
		(void)close(upgrade_got.stream);
	upgrade_got.stream = -1;
}

#undef UPGRADE_FIRST
#undef UPGRADE_WORD
#undef UPGRADE_PATH
