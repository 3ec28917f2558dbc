/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * pattern.h - patterns as upstream's documents write them (Ruby's, Perl's), and
 * POSIX extended ones: one matcher for both, whose time is bounded.
 *
 * Taken: literals, ".", "[...]" with ranges, "^" and [:classes:], "|", groups
 * "(...)" and "(?:...)", "* + ? {m} {m,} {m,n} {,n}", anchors
 * "\A \z \Z ^ $ \b \B", "\d \D \w \W \s \S \h \H", "\t \n \r \f \v \a \e \0",
 * "\xHH", a backslash before a sign.  Bytes are matched, in the C locale on
 * every system; "." takes any byte but a line feed.  What has no place here is
 * an error that says at which byte: look-around, back references, lazy and
 * possessive repeats, named groups, options inside of a pattern.
 *
 * Limits: 999 in braces, 50 groups in one another, 255 different sets, and 2000
 * instructions: one for a byte or a set, as often as a repeat in braces says.
 *
 * A match costs at most (instructions of the pattern) times (bytes of the
 * subject) steps, whatever both are: all ways are tried side by side.
 */
#ifndef CONFIG_PATTERN_H
#define CONFIG_PATTERN_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#define PATTERN_TEXT_MAX	1024	/* bytes of a pattern */
#define PATTERN_SUBJECT_MAX	4096	/* later bytes are not looked at */
#define PATTERN_GROUPS		10	/* 0 is the whole match */
#define PATTERN_WHY_MAX		128

/* Flags. */
#define PATTERN_ICASE		0x1u	/* ASCII letters of either case */
#define PATTERN_EXTENDED	0x2u	/* blanks and #comments are no part */
#define PATTERN_DOT_ALL		0x4u	/* "." takes a line feed, too */
#define PATTERN_ONE_LINE	0x8u	/* "^" and "$" only at the ends of the
					   subject, not of a line */
#define PATTERN_POSIX		0x10u	/* as regcomp(3) has it: the longest of
					   the leftmost matches; a backslash in
					   brackets is itself; unless DOT_ALL
					   [^x] takes no line feed */

struct pattern;

struct pattern_span {
	size_t	 from, to;		/* both (size_t)-1: not in the match */
};

/*
 * Reads the text between the slashes.  NULL with why (one line: what is wrong
 * and what would be right) and *at, the byte it is about; without memory *at is
 * (size_t)-1.
 */
struct pattern *pattern_new(const char *text, size_t len, unsigned flags,
	    size_t *at, char why[PATTERN_WHY_MAX]);
void	pattern_free(struct pattern *);		/* NULL: no effect */
unsigned pattern_groups(const struct pattern *);	/* its "(", but 0 */

/*
 * Whether it is found anywhere in the first PATTERN_SUBJECT_MAX bytes.  group
 * may be NULL; else it gets what each group took in the leftmost match (of two
 * alternatives the first one, repeats as long as can be).
 */
bool	pattern_match(const struct pattern *, const char *subject, size_t len,
	    struct pattern_span group[PATTERN_GROUPS]);

#endif /* CONFIG_PATTERN_H */
