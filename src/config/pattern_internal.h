/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * pattern_internal.h - a pattern as a program, for what reads and what runs it.
 *
 * It has one instruction for each byte or set that it takes, and forks.  Jumps
 * are relative, so a piece of program can be moved, and copied for a repeat, as
 * it is.
 */
#ifndef CONFIG_PATTERN_INTERNAL_H
#define CONFIG_PATTERN_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>

#include "config/pattern.h"

#define PATTERN_CODE_MAX	2000u	/* instructions */
#define PATTERN_SET_SIZE	32u	/* bytes of a set: 256 bits */

enum pattern_op {
	PATTERN_BYTE,	/* takes arg */
	PATTERN_SET,	/* takes what is in set arg */
	PATTERN_END,
	PATTERN_ASSERT,	/* arg: as it is written, '^' or the letter */
	PATTERN_SAVE,	/* notes where it is in slot arg */
	PATTERN_JUMP,
	PATTERN_FORK	/* forwards: rather the next one than to; backwards, at
			   the end of a loop: rather to than the next one */
};

struct pattern_code {
	uint8_t		 op, arg;
	int16_t		 to;
};

struct pattern {
	unsigned	 n, flags, groups;
	bool		 once;		/* it begins where the subject does */
	unsigned char	 first[PATTERN_SET_SIZE];	/* what it may begin
					   with; of an empty match, anything */
	struct pattern_code code[];	/* n, then the sets */
};

bool	pattern_has(const unsigned char *set, unsigned byte);
bool	pattern_is_word(unsigned char);		/* \w */

#endif /* CONFIG_PATTERN_INTERNAL_H */
