/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_socketmap.c - the input is what a socketmap server sends.
 * Owns:      the invariants of an answer.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fuzz.h"
#include "net/socketmap.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	enum socketmap_status status, status2;
	const char *text, *text2;
	size_t len, len2, i;
	int used;

	used = socketmap_answer(data, n, &status, &text, &len);
	FUZZ_REQUIRE(used >= -1);
	if (used > 0) {
		FUZZ_REQUIRE((size_t)used <= n && data[used - 1] == ',');
		FUZZ_REQUIRE(text + len == (const char *)data + used - 1);
		FUZZ_REQUIRE(memchr(text, '\0', len) == NULL);
		FUZZ_REQUIRE(len <= SOCKETMAP_VALUE_MAX);
		FUZZ_REQUIRE(status != SOCKETMAP_FAILED || len >= 4);
		/* Nothing behind it was looked at. */
		FUZZ_REQUIRE(socketmap_answer(data, (size_t)used, &status2,
		    &text2, &len2) == used);
		FUZZ_REQUIRE(status2 == status && text2 == text &&
		    len2 == len);
	}
	/* A beginning of it is not yet one, or is none either. */
	for (i = 0; i < n && i < 64; i++)
		if (used == 0 || (used > 0 && i < (size_t)used))
			FUZZ_REQUIRE(socketmap_answer(data, i, &status, &text,
			    &len) == 0);
	return (0);
}
