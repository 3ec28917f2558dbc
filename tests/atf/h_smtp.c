/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_smtp.c - an SMTP client that obeys a script and records every byte.
 * Owns:      the script's words and the transcript on standard output.
 * Called by: h_postfix.sh.
 * Must not:  judge a reply; whoever reads the transcript does.
 *
 * usage: h_smtp PORT <SCRIPT >TRANSCRIPT
 *
 *	> TEXT		send a line, read its reply
 *	+ TEXT		a line for the next flush
 *	+data FILE	a message for the next flush
 *	flush		send all of these in one write, read all replies
 *	data FILE	send a message, read its reply
 *	raw FILE	send bytes as they are, read no reply
 *	reply		read one reply
 *	eof		the server must close now
 *	reconnect	close, connect again, read the greeting
 *	from ADDRESS	the same, from another loopback address
 *
 * A message is sent with CRLF line ends, dots doubled, and the final dot; it is
 * left out when the last reply was not 354.  In
 * the transcript "C: " stands before what was sent, "S: " before each line
 * of a reply, which follows with its own line end.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define SMTP_PATIENCE	100		/* seconds; then the server hangs */

struct smtp_text {
	char	*data;
	size_t	 len, size;
};

static int		 smtp_fd = -1;
static char		 smtp_in[4096];
static size_t		 smtp_in_len, smtp_in_pos;
static struct smtp_text	 smtp_queue;
static unsigned		 smtp_owed;
static char		 smtp_last[4];	/* the last reply's code */

static void smtp_die(const char *, ...) COMPAT_PRINTF(1, 2);

static void
smtp_die(const char *fmt, ...)
{
	va_list ap;

	(void)fflush(stdout);
	fprintf(stderr, "h_smtp: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(1);
}

static void
smtp_add(struct smtp_text *t, const char *data, size_t len)
{
	char *p;

	if (t->len + len > t->size) {
		t->size = (t->len + len) * 2;
		if ((p = realloc(t->data, t->size)) == NULL)
			smtp_die("out of memory");
		t->data = p;
	}
	memcpy(t->data + t->len, data, len);
	t->len += len;
}

/* A file's bytes; as a message: with CRLF, dots doubled and the end dot. */
static void
smtp_add_file(struct smtp_text *t, const char *path, int as_message)
{
	FILE *f;
	int c, last;

	if ((f = fopen(path, "rb")) == NULL)
		smtp_die("%s: %s", path, strerror(errno));
	last = '\n';
	while ((c = getc(f)) != EOF) {
		char ch = (char)c;

		if (as_message && last == '\n' && c == '.')
			smtp_add(t, ".", 1);
		if (as_message && c == '\n' && last != '\r')
			smtp_add(t, "\r", 1);
		smtp_add(t, &ch, 1);
		last = c;
	}
	(void)fclose(f);
	if (as_message) {
		if (last != '\n')
			smtp_add(t, "\r\n", 2);
		smtp_add(t, ".\r\n", 3);
	}
}

/* A server that closed is found out by the next read. */
static void
smtp_send(const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		if ((n = send(smtp_fd, data, len, 0)) == -1) {
			if (errno == EAGAIN)
				smtp_die("the server takes nothing");
			return;
		}
		data += n;
		len -= (size_t)n;
	}
}

/* The next byte, or EOF when the server closed. */
static int
smtp_byte(void)
{
	ssize_t n;

	if (smtp_in_pos == smtp_in_len) {
		n = recv(smtp_fd, smtp_in, sizeof(smtp_in), 0);
		if (n == -1 && errno == EAGAIN)
			smtp_die("the server says nothing");
		if (n <= 0)
			return (EOF);
		smtp_in_len = (size_t)n;
		smtp_in_pos = 0;
	}
	return ((unsigned char)smtp_in[smtp_in_pos++]);
}

/* Copies one reply, of one or more lines, to the transcript. */
static void
smtp_reply(void)
{
	char line[4] = "";
	size_t n;
	int c;

	do {
		printf("S: ");
		n = 0;
		while ((c = smtp_byte()) != EOF) {
			(void)putchar(c);
			if (n < sizeof(line))
				line[n++] = (char)c;
			if (c == '\n')
				break;
		}
		if (c == EOF) {
			printf("(closed)\n");
			return;
		}
	} while (n == sizeof(line) && line[3] == '-');
	memcpy(smtp_last, line, sizeof(smtp_last));
	(void)fflush(stdout);
}

static void
smtp_connect(in_port_t port, const char *from)
{
	struct sockaddr_in sin, own;
	struct timeval tv;
	int on = 1;

	if (smtp_fd != -1)
		(void)close(smtp_fd);
	smtp_in_len = smtp_in_pos = 0;
	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	own = sin;
	own.sin_port = 0;
	if (*from != '\0' && inet_pton(AF_INET, from, &own.sin_addr) != 1)
		smtp_die("%s: no such address", from);
	smtp_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (smtp_fd == -1 ||
	    (*from != '\0' &&
	    bind(smtp_fd, (struct sockaddr *)&own, sizeof(own)) != 0) ||
	    connect(smtp_fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		smtp_die("connect: %s", strerror(errno));
	tv.tv_sec = SMTP_PATIENCE;
	tv.tv_usec = 0;
	(void)setsockopt(smtp_fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	(void)setsockopt(smtp_fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	(void)setsockopt(smtp_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	smtp_reply();
}

static void
smtp_flush(void)
{
	smtp_send(smtp_queue.data, smtp_queue.len);
	smtp_queue.len = 0;
	for (; smtp_owed > 0; smtp_owed--)
		smtp_reply();
}

/* One line of the script; its first word decides. */
static void
smtp_do(char *line, in_port_t port)
{
	char *arg;

	if ((arg = strchr(line, ' ')) != NULL)
		*arg++ = '\0';
	else
		arg = line + strlen(line);
	if (strcmp(line, ">") == 0 || strcmp(line, "+") == 0) {
		printf("C: %s\n", arg);
		smtp_add(&smtp_queue, arg, strlen(arg));
		smtp_add(&smtp_queue, "\r\n", 2);
		smtp_owed++;
		if (*line == '>')
			smtp_flush();
	} else if (strcmp(line, "data") == 0 || strcmp(line, "+data") == 0) {
		if (strncmp(smtp_last, "354", 3) != 0) {
			printf("C: (no message)\n");
			return;
		}
		printf("C: (message)\n");
		smtp_add_file(&smtp_queue, arg, 1);
		smtp_owed++;
		if (*line == 'd')
			smtp_flush();
	} else if (strcmp(line, "raw") == 0) {
		printf("C: (bytes)\n");
		smtp_add_file(&smtp_queue, arg, 0);
		smtp_flush();
	} else if (strcmp(line, "flush") == 0)
		smtp_flush();
	else if (strcmp(line, "reply") == 0)
		smtp_reply();
	else if (strcmp(line, "reconnect") == 0)
		smtp_connect(port, "");
	else if (strcmp(line, "from") == 0)
		smtp_connect(port, arg);
	else if (strcmp(line, "eof") == 0)
		printf("S: %s\n", smtp_byte() == EOF ? "(closed)" : "(more)");
	else if (*line != '\0' && *line != '#')
		smtp_die("%s: no such word", line);
}

int
main(int argc, char *argv[])
{
	char line[4096];
	in_port_t port;

	if (argc != 2) {
		fprintf(stderr, "usage: h_smtp PORT <SCRIPT\n");
		return (2);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	port = (in_port_t)strtoul(argv[1], NULL, 10);
	smtp_connect(port, "");
	while (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		smtp_do(line, port);
	}
	(void)close(smtp_fd);
	free(smtp_queue.data);
	return (0);
}
