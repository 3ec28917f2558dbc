/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_load.c - many MTAs that send one session after another, and count.
 * Owns:      "h_load PATH CONNECTIONS STOP-FILE [closed]".
 * Called by: t_life_load.sh.
 * Must not:  know more of the children than the verdict that a sender gets.
 *
 * Each connection is a process.  The verdict on a message is a function of its
 * sender: r...@ is rejected, t...@ is to come again later, a...@ passes.  Every
 * reply is read and there must be just one; a session that is refused, or left
 * without a reply, is a fault.  So is one that is closed; with "closed" these
 * are only counted.  Ends when STOP-FILE is there; prints whole sessions,
 * messages, wrong, closed.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "milter/packet.h"

#define LOAD_MAX	256

struct load_count {
	unsigned long	 sessions, messages, wrong, closed;
};

static const char *load_path;
static int load_fd;
static struct buf load_in;
static struct load_count load_count;

static void
load_wrong(const char *what, int code)
{
	load_count.wrong++;
	(void)fprintf(stderr, "%s: '%c' (%d)\n", what, code == 0 ? '0' : code,
	    code);
}

/* The other side has closed, which is counted; anything else is a fault. */
static int
load_lost(const char *what, ssize_t n)
{
	if (n == 0 || errno == ECONNRESET || errno == EPIPE)
		load_count.closed++;
	else
		load_wrong(what, errno == EAGAIN ? 'T' : 'E');
	return (0);
}

/* The next frame's code, progress aside; 0: closed. */
static int
load_read(bool end)
{
	unsigned char piece[4096];
	struct packet pkt;
	ssize_t n;
	int code;

	for (;;) {
		while (packet_next(buf_ptr(&load_in), load_in.len, 1u << 20,
		    &pkt) != PACKET_OK) {
			n = read(load_fd, piece, sizeof(piece));
			if (n == -1 && errno == EINTR)
				continue;
			if (n == 0 && end)
				return (0);
			if (n <= 0)
				return (load_lost("no reply", n));
			if (buf_add(&load_in, piece, (size_t)n) == -1)
				err(1, NULL);
		}
		code = pkt.code;
		buf_consume(&load_in, pkt.size);
		if (code != SMFIR_PROGRESS)
			return (code);
	}
}

static int
load_send(int code, const void *data, size_t len)
{
	struct buf b = { 0 };
	ssize_t n;

	if (packet_add(&b, code, data, len) == -1)
		err(1, NULL);
	n = write(load_fd, buf_ptr(&b), b.len);
	len = b.len;
	buf_free(&b);
	if (n == (ssize_t)len)
		return (0);
	(void)load_lost("not taken", n);
	return (-1);
}

/* The reply, or 0: the session is lost. */
static int
load_ask(int code, const void *data, size_t len)
{
	return (load_send(code, data, len) == -1 ? 0 : load_read(false));
}

static bool
load_is_edit(int code)
{
	return (code != 0 && strchr("+-2behimq", code) != NULL);
}

/* 0, or -1: the session is lost. */
static int
load_message(unsigned i)
{
	static const char want[] = { SMFIR_CONTINUE, SMFIR_REJECT,
	    SMFIR_TEMPFAIL };
	static const char first[] = "art";
	char sender[] = "<?@load.example>";
	const struct {
		int		 code;
		const char	*data;
		size_t		 len;
	} step[] = {
		{ 'M', sender, sizeof(sender) }, { 'R', "<r@e.x>", 8 },
		{ 'L', "X-M\0v", 6 }, { 'N', "", 0 },
		{ 'B', "some text\r\n", 11 }, { 'E', "", 0 },
	};
	int code = SMFIR_CONTINUE;
	size_t k;

	sender[1] = first[i % 3];
	/* The verdict may come before the end. */
	for (k = 0; k < sizeof(step) / sizeof(step[0]) &&
	    code == SMFIR_CONTINUE; k++)
		code = load_ask(step[k].code, step[k].data, step[k].len);
	while (load_is_edit(code))
		code = load_read(false);
	if (code == 0)
		return (-1);
	load_count.messages++;
	/* A child that is gone accepts by its fallback. */
	if (code != want[i % 3] && !(i % 3 == 0 && code == SMFIR_ACCEPT))
		load_wrong(sender, code);
	return (0);
}

static int
load_connect(void)
{
	const struct timeval patience = { 60, 0 };
	struct sockaddr_un un;

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	(void)strlcpy(un.sun_path, load_path, sizeof(un.sun_path));
	load_in.len = 0;
	load_fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (load_fd == -1)
		err(1, "socket");
	(void)setsockopt(load_fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience));
	return (connect(load_fd, (struct sockaddr *)&un, sizeof(un)));
}

static void
load_session(unsigned seed)
{
	/* All actions; no steps left out. */
	static const unsigned char offer[] = { 0, 0, 0, 6, 0, 0, 1, 0xff,
	    0, 0, 0, 0 };
	static const char client[] = "h\0" "4\0\0" "192.0.2.1";
	const struct {
		int		 code;
		const void	*data;
		size_t		 len;
		int		 want;
	} step[] = {
		{ 'O', offer, sizeof(offer), 'O' },
		{ 'C', client, sizeof(client), SMFIR_CONTINUE },
		{ 'H', "h", 2, SMFIR_CONTINUE },
	};
	unsigned long closed = load_count.closed;
	unsigned i;
	int code;

	if (load_connect() == -1) {
		load_wrong("connect", errno == ECONNREFUSED ? 'R' : 'E');
		return;
	}
	for (i = 0; i < sizeof(step) / sizeof(step[0]); i++) {
		code = load_ask(step[i].code, step[i].data, step[i].len);
		if (code != 0 && code != step[i].want)
			load_wrong("before a message", code);
		if (code != step[i].want)
			return;
	}
	for (i = 0; i <= seed % 3; i++)
		if (load_message(seed + i) == -1)
			return;
	/* Nothing comes behind the last verdict. */
	if (load_send('Q', "", 0) == -1)
		return;
	code = load_read(true);
	if (code != 0 || load_in.len != 0)
		load_wrong("behind the end", code);
	else if (load_count.closed == closed)
		load_count.sessions++;
}

static void
load_run(unsigned seed, const char *stop, int out)
{
	const struct timespec pause = { 0, 5 * 1000 * 1000 };

	for (; access(stop, F_OK) == -1; seed += 7) {
		load_session(seed);
		(void)close(load_fd);
		(void)nanosleep(&pause, NULL);
	}
	if (write(out, &load_count, sizeof(load_count)) !=
	    (ssize_t)sizeof(load_count))
		_exit(1);
	_exit(0);
}

int
main(int argc, char *argv[])
{
	struct load_count all = { 0, 0, 0, 0 }, one;
	int fd[2], n, i, status, failed = 0;

	if (argc < 4 || (n = atoi(argv[2])) < 1 || n > LOAD_MAX)
		errx(2, "usage: h_load PATH CONNECTIONS STOP-FILE [closed]");
	load_path = argv[1];
	(void)signal(SIGPIPE, SIG_IGN);
	if (pipe(fd) == -1)
		err(1, "pipe");
	for (i = 0; i < n; i++)
		switch (fork()) {
		case -1:
			err(1, "fork");
		case 0:
			load_run((unsigned)i, argv[3], fd[1]);
		}
	(void)close(fd[1]);
	for (i = 0; i < n && read(fd[0], &one, sizeof(one)) ==
	    (ssize_t)sizeof(one); i++) {
		all.sessions += one.sessions;
		all.messages += one.messages;
		all.wrong += one.wrong;
		all.closed += one.closed;
	}
	while (wait(&status) > 0)
		failed |= status;
	printf("sessions=%lu messages=%lu wrong=%lu closed=%lu\n", all.sessions,
	    all.messages, all.wrong, all.closed);
	return (i == n && failed == 0 && all.wrong == 0 &&
	    (argc > 4 || all.closed == 0) ? 0 : 1);
}
