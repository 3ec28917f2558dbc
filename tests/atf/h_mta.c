/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_mta.c - an MTA that sends just what it is told, in whatever order.
 * Owns:      "h_mta PATH [-n VERSION,ACTIONS,PROTOCOL] STEP ...".
 * Called by: t_session.sh and t_failure.sh, for what no MTA would do and what
 *            milter-test-server therefore cannot.
 * Must not:  know what is right: the case says which replies it expects.
 *
 * A STEP is COMMAND[:TEXT][=REPLIES]: a command code, its payload instead of
 * the usual one (the two letters \0 stand for NUL), and the codes of the frames
 * that have to come back ("-": none).  Without REPLIES one frame has to come
 * where the protocol has one, whatever it is.  Other steps:
 *
 *	wait:FILE		until FILE exists and is not empty
 *	flood:BYTES:STEP	sends STEP again and again without reading,
 *				until BYTES are sent or nothing is taken for a
 *				second; prints how many were taken; ends it all
 *
 * At the end comes QUIT, behind which only the end of file may come.  Exit 0
 * when all was as expected.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>
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

#include "milter/packet.h"

#define MTA_PATIENCE	60000	/* ms for a reply */

struct mta_step {
	int		 code;
	struct buf	 frame;
	const char	*replies;	/* NULL: one if one is due */
};

static int mta_fd;
static struct buf mta_in;

static const char *
mta_usual(int code, size_t *len)
{
	static const struct {
		int		 code;
		const char	*text;
		size_t		 len;
	} usual[] = {
		{ 'C', "h\0" "4\0\0" "192.0.2.1", 15 }, { 'H', "h", 2 },
		{ 'M', "<s@e.x>", 8 }, { 'R', "<r@e.x>", 8 },
		{ 'L', "X-M\0v", 6 }, { 'B', "body", 4 }, { 'U', "FROB", 5 },
		{ 'D', "M", 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (usual[i].code == code) {
			*len = usual[i].len;
			return (usual[i].text);
		}
	*len = 0;
	return ("");
}

static void
mta_parse(struct mta_step *s, const char *text)
{
	const char *end = strrchr(text, '='), *p, *usual;
	struct buf payload = { 0 };
	size_t len;

	s->code = text[0];
	s->replies = end != NULL ? end + 1 : NULL;
	if (end == NULL)
		end = text + strlen(text);
	usual = mta_usual(s->code, &len);
	if (text[1] == ':') {
		for (p = text + 2; p < end; p++)
			if (p[0] == '\\' && p[1] == '0') {
				if (buf_add_u8(&payload, 0) == -1)
					err(1, NULL);
				p++;
			} else if (buf_add(&payload, p, 1) == -1)
				err(1, NULL);
	} else if (buf_add(&payload, usual, len) == -1)
		err(1, NULL);
	memset(&s->frame, 0, sizeof(s->frame));
	if (packet_add(&s->frame, s->code, buf_ptr(&payload),
	    payload.len) == -1)
		err(1, NULL);
	buf_free(&payload);
}

static void
mta_write(const struct buf *b)
{
	const unsigned char *p = buf_ptr(b);
	size_t left = b->len;
	ssize_t n;

	for (; left > 0; left -= (size_t)n, p += n)
		if ((n = write(mta_fd, p, left)) == -1) {
			if (errno != EINTR)
				err(1, "write");
			n = 0;
		}
}

/* The code of the next frame, 0 at the end of file; its payload is printed. */
static int
mta_read(void)
{
	unsigned char piece[65536];
	struct packet pkt;
	struct pollfd pfd;
	ssize_t n;
	size_t i;
	int code;

	while (packet_next(buf_ptr(&mta_in), mta_in.len, 1u << 24, &pkt) !=
	    PACKET_OK) {
		pfd.fd = mta_fd;
		pfd.events = POLLIN;
		if (poll(&pfd, 1, MTA_PATIENCE) != 1)
			errx(1, "no reply");
		if ((n = read(mta_fd, piece, sizeof(piece))) == -1) {
			if (errno == EINTR)
				continue;
			err(1, "read");
		}
		if (n == 0) {
			if (mta_in.len > 0)
				errx(1, "half a frame at the end");
			return (0);
		}
		if (buf_add(&mta_in, piece, (size_t)n) == -1)
			err(1, NULL);
	}
	code = pkt.code;
	printf("< %c ", code);
	for (i = 0; i < pkt.len; i++)
		putchar(pkt.data[i] >= ' ' && pkt.data[i] < 0x7f ?
		    pkt.data[i] : '.');
	putchar('\n');
	buf_consume(&mta_in, pkt.size);
	return (code);
}

static void
mta_do(const struct mta_step *s)
{
	const char *p;
	int code;

	printf("> %c\n", s->code);
	fflush(stdout);
	mta_write(&s->frame);
	if (s->replies == NULL) {
		if (strchr("CHMRTLNBEU", s->code) != NULL && mta_read() == 0)
			errx(1, "closed at %c", s->code);
		return;
	}
	for (p = s->replies; *p != '\0' && *p != '-'; p++) {
		do
			code = mta_read();
		while (code == SMFIR_PROGRESS && *p != SMFIR_PROGRESS);
		if (code != *p)
			errx(1, "%c: '%c' expected, '%c' came", s->code, *p,
			    code == 0 ? '0' : code);
	}
}

static void
mta_wait(const char *path)
{
	const struct timespec pause = { 0, 20 * 1000 * 1000 };
	struct stat st;
	int i;

	for (i = 0; stat(path, &st) == -1 || st.st_size == 0; i++) {
		if (i > 3000)
			errx(1, "%s: waited in vain", path);
		(void)nanosleep(&pause, NULL);
	}
}

static void
mta_flood(const char *text)
{
	char *end;
	unsigned long limit = strtoul(text, &end, 10);
	size_t taken = 0, off = 0;
	struct mta_step s;
	struct pollfd pfd;
	ssize_t n;

	mta_parse(&s, end + 1);
	(void)fcntl(mta_fd, F_SETFL, fcntl(mta_fd, F_GETFL) | O_NONBLOCK);
	while (taken < limit) {
		n = write(mta_fd, buf_ptr(&s.frame) + off, s.frame.len - off);
		if (n > 0) {
			taken += (size_t)n;
			off = (off + (size_t)n) % s.frame.len;
			continue;
		}
		if (errno != EAGAIN && errno != EWOULDBLOCK)
			break;
		pfd.fd = mta_fd;
		pfd.events = POLLOUT;
		if (poll(&pfd, 1, 1000) != 1)
			break;
	}
	buf_free(&s.frame);
	printf("taken %zu\n", taken);
}

static void
mta_negotiate(const char *numbers)
{
	unsigned char offer[MILTER_OPTLEN];
	struct buf b = { 0 };
	unsigned long v;
	size_t i;
	char *end;

	for (i = 0; i < 3; i++, numbers = *end == ',' ? end + 1 : end) {
		v = strtoul(numbers, &end, i == 0 ? 10 : 16);
		offer[i * 4] = (unsigned char)(v >> 24);
		offer[i * 4 + 1] = (unsigned char)(v >> 16);
		offer[i * 4 + 2] = (unsigned char)(v >> 8);
		offer[i * 4 + 3] = (unsigned char)v;
	}
	if (packet_add(&b, SMFIC_OPTNEG, offer, sizeof(offer)) == -1)
		err(1, NULL);
	mta_write(&b);
	buf_free(&b);
	if (mta_read() != SMFIC_OPTNEG)
		errx(1, "no answer to the offer");
}

int
main(int argc, char *argv[])
{
	const char *offer = "6,1ff,1fffff";
	struct buf quit = { 0 };
	struct sockaddr_un sun;
	struct mta_step s;
	int i = 2;

	if (argc > 4 && strcmp(argv[2], "-n") == 0) {
		offer = argv[3];
		i = 4;
	}
	if (argc <= i)
		errx(2, "usage: h_mta PATH [-n VERSION,ACTIONS,PROTOCOL] "
		    "STEP ...");
	(void)signal(SIGPIPE, SIG_IGN);
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, argv[1], sizeof(sun.sun_path));
	if ((mta_fd = socket(AF_UNIX, SOCK_STREAM, 0)) == -1 ||
	    connect(mta_fd, (struct sockaddr *)&sun, sizeof(sun)) == -1)
		err(1, "%s", argv[1]);
	mta_negotiate(offer);
	for (; i < argc; i++) {
		if (strncmp(argv[i], "wait:", 5) == 0)
			mta_wait(argv[i] + 5);
		else if (strncmp(argv[i], "flood:", 6) == 0) {
			mta_flood(argv[i] + 6);
			return (0);
		} else {
			mta_parse(&s, argv[i]);
			mta_do(&s);
			buf_free(&s.frame);
		}
	}
	if (packet_add_empty(&quit, SMFIC_QUIT) == -1)
		err(1, NULL);
	mta_write(&quit);
	buf_free(&quit);
	if (mta_read() != 0)
		errx(1, "a frame behind the last reply");
	buf_free(&mta_in);
	return (0);
}
