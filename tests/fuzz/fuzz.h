/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz.h - what the fuzz_*.c files share.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* The one entry point; libFuzzer calls it, and so does fuzz_main.c. */
int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* An invariant: unlike assert(3) it is there with NDEBUG, too. */
#define FUZZ_REQUIRE(e) do {						\
	if (!(e)) {							\
		(void)fprintf(stderr, "%s:%d: not true: %s\n",		\
		    __FILE__, __LINE__, #e);				\
		abort();						\
	}								\
} while (0)

#endif /* TESTS_FUZZ_H */
