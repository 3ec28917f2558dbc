/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * notify.c - the word to a service manager: ready, reloading, ending, alive.
 * Owns:      the socket to it, and the timer of the pings.
 * Called by: daemon.c, life.c.
 * Must not:  wait, or need any library for it.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/number.h"
#include "daemon/notify.h"

#define NOTIFY_WATCH_MAX	UINT32_MAX	/* ms; about 50 days */

static struct {
	int			 fd;
	pid_t			 called;	/* who notify_begin() was */
	uint64_t		 every;		/* ms, 0: no pings */
	struct loop_timer	 timer;
} notify_state = { -1, 0, 0, { 0, NULL, NULL, NULL, NULL, NULL, NULL } };

/* Half of what the manager waits for, so that one may be late. */
static void
notify_learn_watch(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid =
	    getenv("WATCHDOG_PID");
	uint64_t n, whose;

	if (usec == NULL || number_read(usec, 10, UINT64_MAX, &n) == -1 ||
	    n == 0)
		return;
	if (pid != NULL && (number_read(pid, 10, INT32_MAX, &whose) == -1 ||
	    (pid_t)whose != getpid()))
		return;
	n /= 2000;
	notify_state.every = n == 0 ? 1 :
	    n > NOTIFY_WATCH_MAX ? NOTIFY_WATCH_MAX : n;
}

static int
notify_connect(const char *name)
{
	struct sockaddr_un un;
	size_t len = strlen(name);
	int fd, save;

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(un.sun_path)) {
		errno = EINVAL;
		return (-1);
	}
	memcpy(un.sun_path, name, len);
	/* One without a file begins with a NUL, and has none at its end. */
	if (name[0] == '@')
		un.sun_path[0] = '\0';
	else
		len++;
	fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd == -1)
		return (-1);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
	    fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    connect(fd, (const struct sockaddr *)&un,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) == -1) {
		save = errno;
		(void)close(fd);
		errno = save;
		return (-1);
	}
	return (fd);
}

int
notify_begin(void)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int rc = 0, save;

	if (name != NULL) {
		notify_state.called = getpid();
		notify_state.fd = notify_connect(name);
		rc = notify_state.fd == -1 ? -1 : 0;
		notify_learn_watch();
	}
	/* It is nothing to programs that are run for us. */
	save = errno;
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	errno = save;
	return (rc);
}

void
notify(const char *word)
{
	struct timespec ts = { 0, 0 };
	char text[160];
	int len;

	if (notify_state.fd == -1)
		return;
	/* A manager that waits for a reload goes by the time. */
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	len = snprintf(text, sizeof(text), "%s\nMONOTONIC_USEC=%llu\n", word,
	    (unsigned long long)ts.tv_sec * 1000000 +
	    (unsigned long long)ts.tv_nsec / 1000);
	if (notify_state.called != getpid())
		len += snprintf(text + len, sizeof(text) - (size_t)len,
		    "MAINPID=%ld\n", (long)getpid());
	(void)send(notify_state.fd, text, (size_t)len, 0);
}

static void
notify_on_timer(struct loop_timer *t, void *arg)
{
	struct loop *loop = arg;

	notify("WATCHDOG=1");
	loop_timer_start(loop, t, notify_state.every, notify_on_timer, loop);
}

void
notify_watch(struct loop *loop)
{
	if (notify_state.fd != -1 && notify_state.every > 0)
		loop_timer_start(loop, &notify_state.timer,
		    notify_state.every, notify_on_timer, loop);
}

void
notify_end(void)
{
	loop_timer_stop(&notify_state.timer);
	if (notify_state.fd != -1)
		(void)close(notify_state.fd);
	notify_state.fd = -1;
}

#undef NOTIFY_WATCH_MAX
