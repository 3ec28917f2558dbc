/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * helper.c - the process that calls getaddrinfo(3), because that blocks.
 * Owns:      itself: nothing of the daemon is left in it but memory.
 * Called by: resolver.c, in the process it has just forked.
 * Must not:  return, or outlive the daemon by more than one look-up.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <unistd.h>

#include "net/resolver_internal.h"

#define HELPER_FD	3
#define HELPER_SIGNALS	64

/*
 * What the daemon catches means nothing here.  What a terminal or a service
 * manager sends to the whole group is for the daemon to decide on: the helper
 * ends when the daemon does, by the end of file.
 */
static void
helper_signals(void)
{
	static const int ignored[] = {
		SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGALRM, SIGUSR1,
		SIGUSR2,
	};
	struct sigaction sa;
	sigset_t none;
	size_t i;
	int signo;

	memset(&sa, 0, sizeof(sa));
	(void)sigemptyset(&sa.sa_mask);
	sa.sa_handler = SIG_DFL;
	for (signo = 1; signo <= HELPER_SIGNALS; signo++)
		(void)sigaction(signo, &sa, NULL);
	sa.sa_handler = SIG_IGN;
	for (i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)sigaction(ignored[i], &sa, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Leaves open: the socket, and the null device in place of 0, 1 and 2. */
static void
helper_descriptors(int fd)
{
	int null, i;

	if (fd != HELPER_FD && dup2(fd, HELPER_FD) == -1)
		_exit(1);
	null = open("/dev/null", O_RDWR);
	for (i = 0; i < HELPER_FD; i++) {
		if (null == -1)
			(void)close(i);
		else if (null != i)
			(void)dup2(null, i);
	}
	closefrom(HELPER_FD + 1);
}

/* Moves exactly len bytes; the daemon's end, or an error, is ours. */
static void
helper_read(void *data, size_t len)
{
	unsigned char *p = data;
	ssize_t n;

	while (len > 0) {
		n = read(HELPER_FD, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		p += n;
		len -= (size_t)n;
	}
}

static void
helper_write(const void *data, size_t len)
{
	const unsigned char *p = data;
	ssize_t n;

	while (len > 0) {
		n = write(HELPER_FD, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		p += n;
		len -= (size_t)n;
	}
}

/* One of getaddrinfo's results; of another family than asked: left out. */
static void
helper_add(struct resolver_reply *reply, int family, const struct addrinfo *ai)
{
	struct resolver_entry *e = &reply->entry[reply->n];
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (ai->ai_family != family)
		return;
	if (family == AF_INET && ai->ai_addrlen >= sizeof(in)) {
		memcpy(&in, ai->ai_addr, sizeof(in));
		memcpy(e->addr, &in.sin_addr, 4);
		reply->n++;
	} else if (family == AF_INET6 && ai->ai_addrlen >= sizeof(in6)) {
		memcpy(&in6, ai->ai_addr, sizeof(in6));
		memcpy(e->addr, &in6.sin6_addr, 16);
		e->scope = (uint32_t)in6.sin6_scope_id;
		reply->n++;
	}
}

static void
helper_answer(struct resolver_request *request)
{
	struct resolver_reply reply;
	struct addrinfo hints, *all = NULL;
	const struct addrinfo *ai;

	request->host[sizeof(request->host) - 1] = '\0';
	memset(&reply, 0, sizeof(reply));
	reply.id = request->id;
	memset(&hints, 0, sizeof(hints));
	hints.ai_family = request->family;
	hints.ai_socktype = SOCK_STREAM;
	errno = 0;
	reply.gai = getaddrinfo(request->host, NULL, &hints, &all);
	reply.err = errno;
	if (reply.gai == 0) {
		for (ai = all; ai != NULL && reply.n < TARGET_ADDR_MAX;
		    ai = ai->ai_next)
			helper_add(&reply, request->family, ai);
		freeaddrinfo(all);
	}
	helper_write(&reply, sizeof(reply));
}

void
helper_run(int fd)
{
	struct resolver_request request;

	helper_signals();
	helper_descriptors(fd);
	for (;;) {
		helper_read(&request, sizeof(request));
		helper_answer(&request);
	}
}

#undef HELPER_FD
#undef HELPER_SIGNALS
