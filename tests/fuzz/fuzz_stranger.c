/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_stranger.c - the input is the first thing that a stranger says.
 * Owns:      the invariants of what is said about it.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "milter/stranger.h"

/* Words that may be logged, whole with the room that is promised to do. */
static void
fuzz_stranger_ask(bool (*ask)(char *, size_t, const void *, size_t),
    const uint8_t *data, size_t n)
{
	char words[STRANGER_SIZE], few[40];
	bool known = ask(words, sizeof(words), data, n);
	size_t i, len;

	FUZZ_REQUIRE(memchr(words, '\0', sizeof(words)) != NULL);
	len = strlen(words);
	FUZZ_REQUIRE(known == (len > 0));
	FUZZ_REQUIRE(len < sizeof(words) - 1);
	for (i = 0; i < len; i++)
		FUZZ_REQUIRE(words[i] >= ' ' && words[i] <= '~');
	FUZZ_REQUIRE(ask(few, sizeof(few), data, n) == known);
	FUZZ_REQUIRE(strncmp(few, words, sizeof(few) - 1) == 0);
	FUZZ_REQUIRE(ask(few, 0, data, n) == known);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	fuzz_stranger_ask(stranger_server, data, n);
	fuzz_stranger_ask(stranger_client, data, n);
	return (0);
}
