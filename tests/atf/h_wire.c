/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_wire.c - a conversation, byte by byte: the MTA and all children in one
 * process, in the order of a script.
 * Owns:      "h_wire PATH CHILD ... < SCRIPT": the MTA connects to PATH, each
 *            child listens on CHILD.sock; the script's language.
 * Called by: h_wire.sh.
 * Must not:  know what is right: the script says each frame, whole.
 *
 * A party is "mta" or the name of a child.  One line is one step; a backslash
 * at its end joins the next one to it, "#" begins a comment:
 *
 *	PARTY> FRAME	sends it (the MTA connects when it is not connected)
 *	PARTY> raw DATA	sends bytes that need not be a frame
 *	PARTY< FRAME	the next thing that comes is just this frame
 *	PARTY< eof	... is the end of the connection
 *	PARTY!		nothing has come so far (a case never relies on this
 *			alone: what comes too much is found by the next "<")
 *	PARTY close	closes its side
 *	PARTY ignore C	from now on frames with the code C are passed over ...
 *	PARTY heed C	... and no longer
 *	PARTY hold	what is sent waits for "PARTY flush": one write
 *	PARTY split N	from now on at most N bytes a write
 *	PARTY offer DATA	what "negotiate" sends for it
 *	logged TEXT	waits until the daemon's log, mm.log, has that behind
 *			the line that was found last
 *	pause MS	does nothing for so long, for what goes by time
 *
 * FRAME is a code and DATA; without DATA C H M R L B U have their usual
 * payload, all others none.  DATA is any number of
 *
 *	"text"		these bytes and a NUL, as in C
 *	'text'		these bytes
 *	00ab42		these bytes, in hex
 *
 * with \0 \r \n \t \\ \" \' \xHH, and *N behind a text repeats it (the NUL
 * comes once).  Steps for many frames:
 *
 *	negotiate [DATA]	the MTA offers 6/1ff/1fffff or its "offer", each
 *			child is offered the same (of the known bits) and
 *			answers 6/1ff/0 or its "offer"; the MTA has to be
 *			answered DATA, or 6/1ff/400
 *	pass [CHILD ...:] CODES [DATA]	for each code the MTA sends the frame,
 *			each child gets it and continues, and so does the MTA;
 *			DATA is for a single code
 *	feed [CHILD ...:] CODES [DATA]	the same without the MTA
 *	finish [CHILD ...:] [CODES]	the MTA sends E; the first child gets
 *			it, each other one CODES (or LNB) and then E; all
 *			continue
 *
 * At the end the MTA, if still connected, sends QUIT; each child that is
 * connected has to get QUIT and the end of the connection, and nobody anything
 * else.  Exit 0 when all was as the script says.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "h_wire_text.h"

#define WIRE_PARTIES	8
#define WIRE_PATIENCE	15000	/* ms for a frame */
#define WIRE_SHOWN	48	/* bytes of a frame in a message */

struct wire_party {
	const char	*name;
	int		 listener;	/* -1: the MTA */
	int		 fd;		/* -1: not connected */
	bool		 eof;
	bool		 hold;
	size_t		 split;		/* 0: no */
	bool		 ignored[256];
	struct buf	 in;
	struct buf	 out;
	struct buf	 offer;		/* empty: the usual one */
};

static struct wire_party wire_party[WIRE_PARTIES];
static size_t wire_n;
static const char *wire_path;		/* of the daemon */
static unsigned wire_line;
static const char *wire_text;		/* of that line */

static void
wire_dump(const char *what, const unsigned char *p, size_t len, size_t from)
{
	size_t i, end;

	from = from > 8 ? from - 8 : 0;
	end = len - from > WIRE_SHOWN ? from + WIRE_SHOWN : len;
	fprintf(stderr, "  %s %zu bytes, from %zu:", what, len, from);
	for (i = from; i < end; i++)
		fprintf(stderr, " %02x", p[i]);
	fprintf(stderr, "  |");
	for (i = from; i < end; i++)
		fputc(p[i] >= ' ' && p[i] < 0x7f ? p[i] : '.', stderr);
	fprintf(stderr, "|\n");
}

static void
wire_fail(const struct wire_party *w, const char *what)
{
	fprintf(stderr, "line %u: %s\n  %s: %s\n", wire_line, wire_text,
	    w != NULL ? w->name : "script", what);
	exit(1);
}

static void
wire_bad_script(const char *what)
{
	wire_fail(NULL, what);
}

/* --- the connections ------------------------------------------------------ */

static void
wire_address(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (strlcpy(sun->sun_path, path, sizeof(sun->sun_path)) >=
	    sizeof(sun->sun_path))
		errx(1, "%s: too long", path);
}

static void
wire_nonblock(int fd)
{
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == -1)
		err(1, "fcntl");
}

static void
wire_party_new(const char *name)
{
	struct wire_party *w = &wire_party[wire_n];
	struct sockaddr_un sun;
	char path[100];

	if (wire_n == WIRE_PARTIES)
		errx(2, "too many children");
	wire_n++;
	w->name = name;
	w->fd = w->listener = -1;
	if (w == wire_party)
		return;
	(void)snprintf(path, sizeof(path), "%s.sock", name);
	(void)unlink(path);
	wire_address(&sun, path);
	if ((w->listener = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    bind(w->listener, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(w->listener, 16) == -1)
		err(1, "%s", path);
}

static bool
wire_readable(int fd, int ms)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	return (fd != -1 && poll(&pfd, 1, ms) == 1);
}

static void
wire_connect(struct wire_party *w)
{
	struct sockaddr_un sun;

	if (w->fd != -1)
		return;
	buf_free(&w->in);
	buf_free(&w->out);
	w->eof = false;
	if (w->listener == -1) {
		wire_address(&sun, wire_path);
		if ((w->fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
		    connect(w->fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
			err(1, "%s", wire_path);
	} else if (!wire_readable(w->listener, WIRE_PATIENCE))
		wire_fail(w, "nobody connects");
	else if ((w->fd = accept(w->listener, NULL, NULL)) == -1)
		err(1, "accept");
	wire_nonblock(w->fd);
}

static void
wire_close(struct wire_party *w)
{
	if (w->fd != -1)
		(void)close(w->fd);
	w->fd = -1;
	buf_free(&w->in);
}

static void
wire_take(struct wire_party *w)
{
	unsigned char piece[65536];
	ssize_t n;

	n = read(w->fd, piece, sizeof(piece));
	if (n > 0)
		wire_add(&w->in, piece, (size_t)n);
	else if (n == 0 || errno == ECONNRESET)
		w->eof = true;
	else if (errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
		err(1, "read");
}

static void
wire_give(struct wire_party *w)
{
	const struct timespec moment = { 0, 50 * 1000 };
	size_t len = w->out.len;
	ssize_t n;

	if (w->split > 0 && len > w->split)
		len = w->split;
	n = write(w->fd, buf_ptr(&w->out), len);
	if (n > 0) {
		buf_consume(&w->out, (size_t)n);
		if (w->split > 0)
			(void)nanosleep(&moment, NULL);
	} else if (n == -1 && errno != EINTR && errno != EAGAIN &&
	    errno != EWOULDBLOCK)
		wire_fail(w, strerror(errno));
}

/* Waits until something can be read, or written for w; reads for everybody. */
static void
wire_turn(struct wire_party *w, int ms)
{
	struct pollfd pfd[WIRE_PARTIES];
	size_t i;

	for (i = 0; i < wire_n; i++) {
		pfd[i].fd = wire_party[i].eof ? -1 : wire_party[i].fd;
		pfd[i].events = POLLIN;
		pfd[i].revents = 0;
		if (&wire_party[i] == w && w->out.len > 0 && !w->hold)
			pfd[i].events |= POLLOUT;
	}
	if (poll(pfd, (nfds_t)wire_n, ms) == 0 && ms > 0)
		wire_fail(w, "nothing comes");
	for (i = 0; i < wire_n; i++) {
		if ((pfd[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			wire_take(&wire_party[i]);
		if ((pfd[i].revents & POLLOUT) != 0)
			wire_give(&wire_party[i]);
	}
}

static void
wire_flush(struct wire_party *w)
{
	while (w->out.len > 0) {
		if (w->eof)
			wire_fail(w, "closed before all was sent");
		wire_turn(w, WIRE_PATIENCE);
	}
}

/* The size of the next frame, or 0 at the end of the connection. */
static size_t
wire_next(struct wire_party *w)
{
	const unsigned char *p;
	size_t len;

	wire_connect(w);
	for (;;) {
		p = buf_ptr(&w->in);
		if (w->in.len >= 4) {
			len = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
			    (size_t)p[2] << 8 | p[3];
			if (len == 0)
				wire_fail(w, "a frame of length 0");
			if (w->in.len >= 4 + len && w->ignored[p[4]]) {
				buf_consume(&w->in, 4 + len);
				continue;
			}
			if (w->in.len >= 4 + len)
				return (4 + len);
		}
		if (w->eof && w->in.len > 0)
			wire_fail(w, "half a frame at the end");
		if (w->eof)
			return (0);
		wire_turn(w, WIRE_PATIENCE);
	}
}

static void
wire_expect(struct wire_party *w, const struct buf *want)
{
	size_t size = wire_next(w), i;
	const unsigned char *p = buf_ptr(&w->in), *q = buf_ptr(want);

	if (size == want->len && memcmp(p, q, size) == 0) {
		buf_consume(&w->in, size);
		return;
	}
	for (i = 0; i < size && i < want->len && p[i] == q[i]; i++)
		continue;
	/* The length word says little: begin behind it. */
	if (i < 4)
		i = 0;
	wire_dump("expected", q, want->len, i);
	wire_dump("found   ", p, size, i);
	wire_fail(w, size == 0 ? "closed" : want->len == 0 ?
	    "a frame instead of the end" : "another frame");
}

static void
wire_expect_end(struct wire_party *w)
{
	const struct buf nothing = { 0 };

	wire_expect(w, &nothing);
	wire_close(w);
}

static void
wire_send(struct wire_party *w, const struct buf *b)
{
	if (w->listener == -1)
		wire_connect(w);
	if (w->fd == -1)
		wire_fail(w, "not connected");
	wire_add(&w->out, buf_ptr(b), b->len);
	if (!w->hold)
		wire_flush(w);
}

static void
wire_expect_nothing(struct wire_party *w)
{
	if (w->fd == -1) {
		if (wire_readable(w->listener, 0))
			wire_fail(w, "a connection");
		return;
	}
	wire_turn(w, 0);
	if (w->in.len > 0)
		wire_dump("found", buf_ptr(&w->in), w->in.len, 0);
	if (w->in.len > 0 || w->eof)
		wire_fail(w, "something has come");
}

/* --- steps ---------------------------------------------------------------- */

static struct wire_party *
wire_find(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < wire_n; i++)
		if (strncmp(wire_party[i].name, name, len) == 0 &&
		    wire_party[i].name[len] == '\0')
			return (&wire_party[i]);
	wire_fail(NULL, "no such party");
	return (NULL);
}

static bool
wire_is(const char *text, size_t len, const char *word)
{
	return (strlen(word) == len && memcmp(text, word, len) == 0);
}

static void
wire_one(struct wire_party *w, bool send, const char *text)
{
	struct buf b = { 0 };

	if (strncmp(text, "raw ", 4) == 0)
		wire_data(text + 4, &b);
	else
		wire_frame(text, &b);
	if (send)
		wire_send(w, &b);
	else
		wire_expect(w, &b);
	buf_free(&b);
}

/* An option frame: the party's own, or version 6 and these bits. */
static void
wire_option(struct wire_party *w, bool send, const struct buf *own,
    const char *usual)
{
	struct buf frame = { 0 };

	if (own == NULL || own->len == 0)
		wire_one(w, send, usual);
	else {
		if (buf_add_u32(&frame, (uint32_t)own->len + 1) == -1)
			err(1, NULL);
		wire_add(&frame, "O", 1);
		wire_add(&frame, buf_ptr(own), own->len);
		if (send)
			wire_send(w, &frame);
		else
			wire_expect(w, &frame);
		buf_free(&frame);
	}
}

static void
wire_negotiate(const char *text)
{
	static const char all[] = "O 00000006 000001ff 001fffff";
	struct wire_party *mta = &wire_party[0];
	struct buf want = { 0 };
	size_t i;

	wire_data(text, &want);
	wire_option(mta, true, &mta->offer, all);
	for (i = 1; i < wire_n; i++)
		wire_option(&wire_party[i], false, &mta->offer, all);
	for (i = 1; i < wire_n; i++)
		wire_option(&wire_party[i], true, &wire_party[i].offer,
		    "O 00000006 000001ff 00000000");
	wire_option(mta, false, &want, "O 00000006 000001ff 00000400");
	buf_free(&want);
}

/* The children in front of a colon, or all; returns what follows. */
static const char *
wire_children(const char *text, struct wire_party **who, size_t *n)
{
	const char *colon = strchr(text, ':'), *quote = strpbrk(text, "\"'");
	size_t i, len;

	*n = 0;
	if (colon == NULL || (quote != NULL && colon > quote)) {
		for (i = 1; i < wire_n; i++)
			who[(*n)++] = &wire_party[i];
		return (text);
	}
	for (; *text != ':' && *n < WIRE_PARTIES;
	    text = wire_skip(text + len)) {
		len = strcspn(text, " \t:");
		who[(*n)++] = wire_find(text, len);
	}
	return (wire_skip(colon + 1));
}

static void
wire_pass(const char *text, bool mta)
{
	struct wire_party *who[WIRE_PARTIES];
	const char *data;
	char frame[2] = "";
	size_t i, n, len;

	text = wire_children(text, who, &n);
	len = strcspn(text, " \t");
	data = wire_skip(text + len);
	for (; len > 0; len--, text++) {
		frame[0] = text[0];
		if (mta)
			wire_one(&wire_party[0], true,
			    *data != '\0' ? text : frame);
		for (i = 0; i < n; i++) {
			wire_one(who[i], false, *data != '\0' ? text : frame);
			wire_one(who[i], true, "c");
		}
		if (mta)
			wire_one(&wire_party[0], false, "c");
	}
}

static void
wire_finish(const char *text)
{
	struct wire_party *who[WIRE_PARTIES];
	char frame[2] = "";
	const char *p;
	size_t i, n;

	text = wire_children(text, who, &n);
	if (*text == '\0')
		text = "LNB";
	wire_one(&wire_party[0], true, "E");
	for (i = 0; i < n; i++) {
		for (p = i == 0 ? "" : text; *p != '\0'; p++) {
			frame[0] = *p;
			wire_one(who[i], false, frame);
			wire_one(who[i], true, "c");
		}
		wire_one(who[i], false, "E");
		wire_one(who[i], true, "c");
	}
	wire_one(&wire_party[0], false, "c");
}

static void
wire_setting(struct wire_party *w, const char *text)
{
	size_t len = strcspn(text, " \t");
	const char *rest = wire_skip(text + len);
	unsigned char c;

	if (strcmp(text, "close") == 0)
		wire_close(w);
	else if (strcmp(text, "hold") == 0)
		w->hold = true;
	else if (strcmp(text, "flush") == 0) {
		w->hold = false;
		wire_flush(w);
	} else if (wire_is(text, len, "split"))
		w->split = strtoul(rest, NULL, 10);
	else if (wire_is(text, len, "ignore") || wire_is(text, len, "heed")) {
		(void)wire_char(rest, &c);
		w->ignored[c] = *text == 'i';
	} else if (wire_is(text, len, "offer")) {
		buf_clear(&w->offer);
		wire_data(rest, &w->offer);
	} else
		wire_fail(NULL, "no such step");
}

/* What a child has said is known to be heard when the log tells it. */
static void
wire_logged(const char *text)
{
	static const struct timespec nap = { 0, 5000000 };
	static long from;
	unsigned ms;
	char line[4096];
	FILE *fp;

	for (ms = 0; ms < WIRE_PATIENCE; ms += 5) {
		if ((fp = fopen("mm.log", "r")) == NULL ||
		    fseek(fp, from, SEEK_SET) != 0)
			err(1, "mm.log");
		while (fgets(line, sizeof(line), fp) != NULL) {
			if (strchr(line, '\n') != NULL &&
			    strstr(line, text) != NULL) {
				from = ftell(fp);
				(void)fclose(fp);
				return;
			}
		}
		(void)fclose(fp);
		(void)nanosleep(&nap, NULL);
	}
	printf("  in vain: %s\n", text);
	wire_fail(NULL, "mm.log does not say it");
}

static void
wire_step(const char *text)
{
	size_t len = strcspn(text, "<>! \t");
	const char *rest = wire_skip(text + len);
	struct wire_party *w;
	struct timespec ts;
	long ms;

	if (wire_is(text, len, "negotiate")) {
		wire_negotiate(rest);
		return;
	}
	if (wire_is(text, len, "pass") || wire_is(text, len, "feed")) {
		wire_pass(rest, *text == 'p');
		return;
	}
	if (wire_is(text, len, "finish")) {
		wire_finish(rest);
		return;
	}
	if (wire_is(text, len, "logged")) {
		wire_logged(rest);
		return;
	}
	if (wire_is(text, len, "pause")) {
		ms = strtol(rest, NULL, 10);
		ts.tv_sec = ms / 1000;
		ts.tv_nsec = ms % 1000 * 1000000;
		(void)nanosleep(&ts, NULL);
		return;
	}
	w = wire_find(text, len);
	switch (*rest) {
	case '>':
		wire_one(w, true, wire_skip(rest + 1));
		break;
	case '<':
		rest = wire_skip(rest + 1);
		if (strcmp(rest, "eof") == 0)
			wire_expect_end(w);
		else
			wire_one(w, false, rest);
		break;
	case '!':
		wire_expect_nothing(w);
		break;
	default:
		wire_setting(w, rest);
		break;
	}
}

static void
wire_script(void)
{
	struct buf whole = { 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, stdin)) != -1) {
		wire_line++;
		while (n > 0 && isspace((unsigned char)line[n - 1]))
			n--;
		if (n > 0 && line[n - 1] == '\\') {
			wire_add(&whole, line, (size_t)n - 1);
			continue;
		}
		wire_add(&whole, line, (size_t)n);
		wire_add(&whole, "", 1);
		wire_text = wire_skip((const char *)buf_ptr(&whole));
		if (*wire_text != '\0' && *wire_text != '#')
			wire_step(wire_text);
		buf_clear(&whole);
	}
	free(line);
	wire_text = "end of the script";
	buf_free(&whole);
}

static void
wire_end(void)
{
	size_t i;

	if (wire_party[0].fd != -1) {
		wire_one(&wire_party[0], true, "Q");
		wire_expect_end(&wire_party[0]);
	}
	for (i = 1; i < wire_n; i++) {
		struct wire_party *w = &wire_party[i];

		if (w->fd != -1) {
			wire_one(w, false, "Q");
			wire_expect_end(w);
		}
		if (wire_readable(w->listener, 0))
			wire_fail(w, "a connection");
		(void)close(w->listener);
	}
	for (i = 0; i < wire_n; i++) {
		buf_free(&wire_party[i].out);
		buf_free(&wire_party[i].offer);
	}
}

int
main(int argc, char *argv[])
{
	int i;

	if (argc < 2)
		errx(2, "usage: h_wire PATH CHILD ... < SCRIPT");
	(void)signal(SIGPIPE, SIG_IGN);
	wire_path = argv[1];
	wire_party_new("mta");
	for (i = 2; i < argc; i++)
		wire_party_new(argv[i]);
	wire_script();
	wire_end();
	return (0);
}

#undef WIRE_PARTIES
#undef WIRE_PATIENCE
#undef WIRE_SHOWN
