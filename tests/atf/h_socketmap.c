/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_socketmap.c - a socketmap server that answers from a file.
 * Owns:      "h_socketmap PATH FILE": a unix socket at PATH, one map of any
 *            name.
 * Called by: t_table_daemon.sh.
 * Must not:  know more of the protocol than socketmap_table(5) says.
 *
 * FILE is read again for each question, so that a case can change it meanwhile.
 * Its lines are "KEY VALUE", found, or what is to happen with every question:
 *
 *	!silent		no answer
 *	!huge		one that is longer than any may be, and its beginning
 *	!garbage	something else
 *	!half		the beginning of one, then the end of the connection
 *	!hangup		the end of the connection
 *	!temp		TEMP
 *
 * A question is a line on standard output: "MAP KEY".
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define MAP_CONNS	16
#define MAP_HUGE	400000		/* bytes of the answer that is too long */

struct map_conn {
	int		 fd;		/* -1: free */
	char		 data[4096];
	size_t		 len;
};

static const char	*map_file;
static struct map_conn	 map_conns[MAP_CONNS];

static void
map_close(struct map_conn *c)
{
	(void)close(c->fd);
	c->fd = -1;
}

static void
map_write(struct map_conn *c, const char *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n)
		if ((n = write(c->fd, data, len)) <= 0)
			return;		/* the asker has had enough */
}

static void
map_say(struct map_conn *c, const char *word, const char *text)
{
	char line[8192];
	int n;

	n = snprintf(line, sizeof(line), "%zu:%s %s,", strlen(word) + 1 +
	    strlen(text), word, text);
	map_write(c, line, (size_t)n);
}

/* "!WORD": does it, returns 1; else there is to be an answer. */
static int
map_mischief(struct map_conn *c, const char *word)
{
	static char huge[MAP_HUGE];

	if (strcmp(word, "!silent") == 0)
		return (1);
	if (strcmp(word, "!huge") == 0) {
		memset(huge, 'x', sizeof(huge));
		map_write(c, "400003:OK ", 10);
		map_write(c, huge, sizeof(huge));
	} else if (strcmp(word, "!garbage") == 0)
		map_write(c, "HTTP/1.0 400 Bad Request\r\n\r\n", 28);
	else if (strcmp(word, "!half") == 0) {
		map_write(c, "20:OK ye", 8);
		map_close(c);
	} else if (strcmp(word, "!hangup") == 0)
		map_close(c);
	else if (strcmp(word, "!temp") == 0)
		map_say(c, "TEMP", "not now");
	else
		return (0);
	return (1);
}

static void
map_answer(struct map_conn *c, const char *key)
{
	char line[2048], *value;
	FILE *fp;

	if ((fp = fopen(map_file, "r")) == NULL)
		err(1, "%s", map_file);
	while (fgets(line, sizeof(line), fp) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		value = line + strcspn(line, " ");
		if (*value != '\0')
			*value++ = '\0';
		if (map_mischief(c, line))
			break;
		if (strcmp(line, key) == 0) {
			map_say(c, "OK", value);
			break;
		}
	}
	if (feof(fp))
		map_say(c, "NOTFOUND", "");
	(void)fclose(fp);
}

/* All questions that are there in whole. */
static void
map_serve(struct map_conn *c)
{
	char *text, *key;
	size_t n, used;

	while (c->fd != -1 && c->len > 0) {
		c->data[c->len] = '\0';
		n = strtoul(c->data, &text, 10);
		if (n > sizeof(c->data) / 2 || (*text != ':' && *text != '\0'))
			errx(1, "not a question: %s", c->data);
		used = (size_t)(text - c->data) + 1 + n + 1;
		if (*text == '\0' || used > c->len)
			return;
		if (text[1 + n] != ',')
			errx(1, "not a question: %s", c->data);
		text[1 + n] = '\0';
		printf("%s\n", text + 1);
		key = strchr(text + 1, ' ');
		if (key == NULL)
			errx(1, "no key: %s", text + 1);
		map_answer(c, key + 1);
		c->len -= used;
		memmove(c->data, c->data + used, c->len);
	}
}

static void
map_read(struct map_conn *c)
{
	ssize_t n = read(c->fd, c->data + c->len,
	    sizeof(c->data) - 1 - c->len);

	if (n <= 0) {
		map_close(c);
		return;
	}
	c->len += (size_t)n;
	map_serve(c);
}

static void
map_accept(int listener)
{
	size_t i;
	int fd;

	if ((fd = accept(listener, NULL, NULL)) == -1)
		return;
	for (i = 0; i < MAP_CONNS; i++)
		if (map_conns[i].fd == -1) {
			map_conns[i].fd = fd;
			map_conns[i].len = 0;
			return;
		}
	(void)close(fd);
}

int
main(int argc, char *argv[])
{
	struct pollfd p[1 + MAP_CONNS];
	struct sockaddr_un sun;
	size_t i;
	int fd;

	if (argc != 3) {
		fprintf(stderr, "usage: h_socketmap PATH FILE\n");
		return (2);
	}
	map_file = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	if (strlcpy(sun.sun_path, argv[1], sizeof(sun.sun_path)) >=
	    sizeof(sun.sun_path))
		errx(1, "%s: too long", argv[1]);
	(void)unlink(argv[1]);
	if ((fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    listen(fd, 16) != 0)
		err(1, "%s", argv[1]);
	for (i = 0; i < MAP_CONNS; i++)
		map_conns[i].fd = -1;
	printf("listening\n");
	for (;;) {
		memset(p, 0, sizeof(p));
		p[0].fd = fd;
		for (i = 0; i < MAP_CONNS; i++)
			p[1 + i].fd = map_conns[i].fd;
		for (i = 0; i < 1 + MAP_CONNS; i++)
			p[i].events = POLLIN;
		if (poll(p, 1 + MAP_CONNS, -1) <= 0)
			continue;
		for (i = 0; i < MAP_CONNS; i++)
			if (p[1 + i].revents != 0)
				map_read(&map_conns[i]);
		if (p[0].revents != 0)
			map_accept(fd);
	}
}
