/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_unit.c - the input is a unit of systemd, and a file of variables that
 * it has; both are the same bytes.
 * Owns:      the invariants of what is read of them.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  know what a key means.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "detect/systemd_internal.h"
#include "fuzz.h"

struct fuzz_unit {
	struct sh	*vars;
	unsigned	 lines, last;
	bool		 unit;
};

static void
fuzz_unit_words(const struct fuzz_unit *u, const char *value, unsigned line)
{
	static const struct unit_names names = { "a-b@c\\x2dd-e", ".service" };
	struct sh_words words = { NULL, 0 };
	char *text = unit_word(value, &names);
	size_t i;

	FUZZ_REQUIRE(text == NULL || strlen(text) < SH_VALUE_MAX);
	free(text);
	FUZZ_REQUIRE(unit_words(value, &names, u->vars, &words, "/u", line) ==
	    0);
	FUZZ_REQUIRE(unit_words(value, &names, NULL, &words, "/u", line) == 0);
	for (i = 0; i < words.n; i++)
		FUZZ_REQUIRE(words.item[i].text == NULL ||
		    strlen(words.item[i].text) < SH_VALUE_MAX);
	sh_words_free(&words);
}

static void
fuzz_unit_assign(const char *section, const char *key, const char *value,
    unsigned line, void *arg)
{
	struct fuzz_unit *u = arg;

	FUZZ_REQUIRE(line >= u->last && line <= u->lines);
	u->last = line;
	if (u->unit) {
		FUZZ_REQUIRE(strchr(key, '=') == NULL);
		FUZZ_REQUIRE(strpbrk(value, "\n") == NULL);
		FUZZ_REQUIRE(strpbrk(section, "\n") == NULL);
		fuzz_unit_words(u, value, line);
	} else {
		FUZZ_REQUIRE(*section == '\0');
		FUZZ_REQUIRE(unit_is_name(key, strlen(key)));
		sh_set(u->vars, key, value, "/v", line);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data;
	struct root *root = root_new("/nonexistent");
	struct fuzz_unit u = { NULL, 1, 0, false };
	size_t i;

	u.vars = sh_new(root);
	FUZZ_REQUIRE(root != NULL && u.vars != NULL);
	/* NUL is the end of a line of a unit; it has one at the most then. */
	for (i = 0; i < n; i++)
		u.lines += data[i] == '\n' || data[i] == '\0';
	FUZZ_REQUIRE(unit_read_environment(text, n, fuzz_unit_assign, &u) ==
	    0);
	u.last = 0;
	u.unit = true;
	FUZZ_REQUIRE(unit_read(text, n, fuzz_unit_assign, &u) == 0);
	sh_free(u.vars);
	root_free(root);
	return (0);
}
