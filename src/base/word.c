/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * word.c - look up words, and measure how far apart two of them are.
 * Owns:      what counts as the same word, and as nearly the same.
 * Called by: log.c, spec.c, config/ and detect/ for their lists of words.
 * Must not:  know what a word is for.
 */
#include "compat.h"

#include "base/word.h"

#define WORD_MAX	64

static char
word_fold(char c)
{
	if (c >= 'A' && c <= 'Z')
		return ((char)(c - 'A' + 'a'));
	return (c == '_' ? '-' : c);
}

const struct word *
word_find(const struct word *list, const char *name)
{
	size_t i;

	for (; list->name != NULL; list++) {
		for (i = 0; name[i] != '\0'; i++) {
			if (word_fold(name[i]) != word_fold(list->name[i]))
				break;
		}
		if (name[i] == '\0' && list->name[i] == '\0')
			return (list);
	}
	return (NULL);
}

const char *
word_name(const struct word *list, int value)
{
	for (; list->name != NULL; list++) {
		if (list->value == value)
			return (list->name);
	}
	return (NULL);
}

size_t
word_distance(const char *a, const char *b)
{
	/* Three rows of the usual table: a swap looks two rows back. */
	unsigned char row[3][WORD_MAX], *cur, *up, *upup, *t;
	char fa[WORD_MAX], fb[WORD_MAX];
	size_t i, j, na = strlen(a), nb = strlen(b);
	unsigned best;

	if (na >= WORD_MAX || nb >= WORD_MAX)
		return (2 * WORD_MAX);
	for (i = 0; i < na; i++)
		fa[i] = word_fold(a[i]);
	for (j = 0; j < nb; j++)
		fb[j] = word_fold(b[j]);
	cur = row[0];
	up = row[1];
	upup = row[2];
	for (j = 0; j <= nb; j++)
		cur[j] = (unsigned char)j;
	for (i = 1; i <= na; i++) {
		t = upup;
		upup = up;
		up = cur;
		cur = t;
		cur[0] = (unsigned char)i;
		for (j = 1; j <= nb; j++) {
			best = up[j - 1] + (fa[i - 1] != fb[j - 1] ? 1u : 0u);
			if (up[j] + 1u < best)
				best = up[j] + 1u;
			if (cur[j - 1] + 1u < best)
				best = cur[j - 1] + 1u;
			if (i > 1 && j > 1 && fa[i - 1] == fb[j - 2] &&
			    fa[i - 2] == fb[j - 1] && upup[j - 2] + 1u < best)
				best = upup[j - 2] + 1u;
			cur[j] = (unsigned char)best;
		}
	}
	return (cur[nb]);
}

bool
word_near(const char *a, const char *b, size_t *distance)
{
	size_t na = strlen(a), nb = strlen(b);
	size_t longer = na > nb ? na : nb, shorter = na > nb ? nb : na;

	/* One slip in three letters; more would be guessing. */
	if (longer - shorter > longer / 3)
		return (false);		/* and need not be measured */
	*distance = word_distance(a, b);
	return (*distance <= longer / 3);
}

bool
word_is_in(const char *words, const char *text, size_t len, bool any_case)
{
	size_t n;

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n == len && (any_case ? strncasecmp(words, text, n) :
		    strncmp(words, text, n)) == 0)
			return (true);
	}
	return (false);
}

bool
word_is_end(const char *words, const char *text)
{
	size_t n, len = strlen(text);

	for (; *words != '\0'; words += n + (words[n] == ' ')) {
		n = strcspn(words, " ");
		if (n <= len && memcmp(words, text + len - n, n) == 0)
			return (true);
	}
	return (false);
}

const char *
word_search(const char *text, const char *part)
{
	size_t len = strlen(part);

	for (; strncmp(text, part, len) != 0; text++)
		if (*text == '\0')
			return (NULL);
	return (text);
}

#undef WORD_MAX
