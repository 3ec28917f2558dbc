/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_socks.c - the input is what a SOCKS5 proxy sends, behind one byte that
 * says what we ask of it and in what pieces it comes.
 * Owns:      the invariants of the talk with a proxy.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "net/socks.h"

/* All that is to be sent now. */
static size_t
fuzz_socks_send(struct socks *s, size_t piece)
{
	const unsigned char *out;
	size_t len, all = 0;

	for (;;) {
		out = socks_out(s, &len);
		if (len == 0)
			break;
		/* Hello and the request begin with a 5, a password with 1. */
		FUZZ_REQUIRE(all > 0 || out[0] == 5 || out[0] == 1);
		if (len > piece)
			len = piece;
		socks_sent(s, len);
		all += len;
	}
	FUZZ_REQUIRE(all <= 3 + 2 * SOCKS_TEXT_MAX);
	return (all);
}

static void
fuzz_socks_begin(struct socks *s, unsigned how)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	const char *user = (how & 1) != 0 ? "user" : NULL;
	const char *password = user != NULL ? "password" : NULL;
	const struct sockaddr *sa = NULL;

	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	memset(&in6, 0, sizeof(in6));
	in6.sin6_family = AF_INET6;
	if ((how & 6) == 2)
		sa = (struct sockaddr *)&in;
	else if ((how & 6) == 4)
		sa = (struct sockaddr *)&in6;
	FUZZ_REQUIRE(socks_begin(s, sa, "host.example", 25, user,
	    password) == 0);
}

/* Talks until it is over or the input is; the bytes that were taken. */
static size_t
fuzz_socks_talk(struct socks *s, unsigned how, size_t piece,
    const uint8_t *data, size_t n)
{
	enum socks_state before;
	size_t at = 0, len;

	fuzz_socks_begin(s, how);
	while (s->state < SOCKS_DONE) {
		(void)fuzz_socks_send(s, piece);
		FUZZ_REQUIRE(s->want > 0 && s->want <= sizeof(s->in));
		if (at == n)
			return (at);
		len = n - at < s->want ? n - at : s->want;
		if (len > piece)
			len = piece;
		before = s->state;
		socks_feed(s, data + at, len);
		at += len;
		FUZZ_REQUIRE(s->state >= before);
	}
	FUZZ_REQUIRE(s->want == 0 && fuzz_socks_send(s, piece) == 0);
	return (at);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct socks whole, pieces;
	unsigned how;
	size_t taken;

	if (n == 0)
		return (0);
	how = data[0];
	data++;
	n--;
	taken = fuzz_socks_talk(&whole, how, SIZE_MAX, data, n);
	/* The pieces in which it comes make no difference. */
	FUZZ_REQUIRE(taken == fuzz_socks_talk(&pieces, how,
	    (size_t)(how >> 3) + 1, data, n));
	FUZZ_REQUIRE(whole.state == pieces.state);
	FUZZ_REQUIRE(whole.want == pieces.want);
	FUZZ_REQUIRE(whole.proxy == pieces.proxy);
	FUZZ_REQUIRE(strcmp(whole.why, pieces.why) == 0);
	FUZZ_REQUIRE((whole.state == SOCKS_FAILED) == (whole.why[0] != '\0'));
	/* Hello's answer, the password's, and the longest reply of all. */
	FUZZ_REQUIRE(taken <= 2 + 2 + 5 + 255 + 2);
	if (whole.state == SOCKS_DONE) {
		FUZZ_REQUIRE(taken >= 2 + 7 && data[0] == 5);
		FUZZ_REQUIRE(data[1] == 0 || (how & 1) != 0);
	}
	if (whole.state < SOCKS_DONE) {
		FUZZ_REQUIRE(taken == n);
		socks_cut(&whole, "cut");
		FUZZ_REQUIRE(whole.state == SOCKS_FAILED && whole.want == 0);
	}
	return (0);
}
