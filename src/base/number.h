/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * number.h - text to numbers and back: counts, durations, sizes.
 *
 * The readers take the whole text and return 0, or -1 with *out unchanged when
 * it is none, or too large.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include "compat.h"

#include <stddef.h>
#include <stdint.h>

/* What a digit stands for in bases up to 16, or -1. */
int	number_digit(char);

/* Base 8, 10, or 16 (there with or without 0x), up to max. */
int	number_read(const char *text, unsigned base, uint64_t max,
	    uint64_t *out);

/*
 * Milliseconds from 7, 7.5 (seconds), 500ms, 5s, 10m, 2h or 1d.  What is less
 * than a millisecond is not rounded, but none.
 */
int	number_read_time(const char *text, uint64_t *out);

/* Bytes from 4096, 64k, 1m or 1g. */
int	number_read_size(const char *text, uint64_t *out);

/* The other way, in a form that reads back; 32 bytes are enough. */
char	*number_format_time(uint64_t ms, char *dst, size_t size);
char	*number_format_size(uint64_t, char *dst, size_t size);

#endif /* BASE_NUMBER_H */
