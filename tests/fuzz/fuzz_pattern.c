/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_pattern.c - the input is a byte of flags, a pattern, and behind a NUL
 * the subject.
 * Owns:      the invariants of a pattern and of what it finds.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  know what a pattern means.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/pattern.h"
#include "fuzz.h"

#define NONE	(size_t)-1

static struct pattern *
fuzz_pattern_new(const char *text, size_t len, unsigned flags)
{
	struct pattern *p;
	char why[PATTERN_WHY_MAX];
	size_t at = NONE;

	memset(why, 'x', sizeof(why));
	p = pattern_new(text, len, flags, &at, why);
	if (p == NULL) {
		FUZZ_REQUIRE(at <= len && at <= PATTERN_TEXT_MAX);
		FUZZ_REQUIRE(memchr(why, '\0', sizeof(why)) != NULL);
		FUZZ_REQUIRE(why[0] != '\0' && strchr(why, '\n') == NULL);
	}
	return (p);
}

/* What it finds is in the subject, each group within the whole. */
static bool
fuzz_pattern_find(const struct pattern *p, const char *s, size_t len,
    struct pattern_span *g)
{
	bool found = pattern_match(p, s, len, g);
	unsigned i;

	FUZZ_REQUIRE(pattern_match(p, s, len, NULL) == found);
	for (i = 0; found && i < PATTERN_GROUPS; i++) {
		if (g[i].from == NONE || g[i].to == NONE) {
			FUZZ_REQUIRE(i > 0 && g[i].from == g[i].to);
			continue;
		}
		FUZZ_REQUIRE(i <= pattern_groups(p));
		FUZZ_REQUIRE(g[i].from <= g[i].to);
		FUZZ_REQUIRE(g[0].from <= g[i].from && g[i].to <= g[0].to);
		FUZZ_REQUIRE(g[i].to <= len);
	}
	return (found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pattern_span g[PATTERN_GROUPS], h[PATTERN_GROUPS];
	char wrapped[PATTERN_TEXT_MAX + 5];
	const char *text, *subject;
	struct pattern *p, *q;
	unsigned flags;
	size_t len;
	bool found;

	if (n == 0)
		return (0);
	flags = data[0] & 0x1f;
	text = (const char *)data + 1;
	n--;
	subject = memchr(text, '\0', n);
	len = subject != NULL ? (size_t)(subject - text) : n;
	subject = subject != NULL ? subject + 1 : text + n;
	n -= (size_t)(subject - text);
	p = fuzz_pattern_new(text, len, flags);
	if (p == NULL)
		return (0);
	found = fuzz_pattern_find(p, subject, n, g);
	/* A group around all of it that is not told changes nothing. */
	memcpy(wrapped, "(?:", 3);
	memcpy(wrapped + 3, text, len);
	memcpy(wrapped + 3 + len, "\n)", 2);
	if ((flags & PATTERN_EXTENDED) == 0)
		wrapped[3 + len] = ')';
	q = fuzz_pattern_new(wrapped, len + 4 +
	    ((flags & PATTERN_EXTENDED) != 0), flags);
	if (q != NULL) {
		FUZZ_REQUIRE(fuzz_pattern_find(q, subject, n, h) == found);
		FUZZ_REQUIRE(!found || memcmp(g, h, sizeof(g)) == 0);
	}
	pattern_free(q);
	pattern_free(p);
	return (0);
}

#undef NONE
