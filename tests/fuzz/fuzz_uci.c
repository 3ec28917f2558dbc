/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_uci.c - the input is a file of UCI.
 * Owns:      the invariants of what is read of it.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  know what an option means.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "detect/openwrt_internal.h"
#include "fuzz.h"

struct fuzz_uci {
	unsigned	 lines, last;
	size_t		 bytes;
	bool		 section;
};

static void
fuzz_uci_statement(char what, const char *name, const char *value,
    unsigned line, void *arg)
{
	struct fuzz_uci *u = arg;

	FUZZ_REQUIRE(what == 'c' || what == 'o' || what == 'l');
	FUZZ_REQUIRE(what == 'c' || u->section);
	FUZZ_REQUIRE(line > 0 && line >= u->last && line <= u->lines);
	u->section = true;
	u->last = line;
	u->bytes += strlen(name) + strlen(value);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_uci u = { 1, 0, 0, false };
	const char *why;
	unsigned line = 0;
	size_t i;

	for (i = 0; i < n; i++)
		u.lines += data[i] == '\n';
	why = uci_read((const char *)data, n, fuzz_uci_statement, &u, &line);
	FUZZ_REQUIRE(line > 0 && line <= u.lines + 1);
	FUZZ_REQUIRE(why == NULL || (*why != '\0' && line >= u.last));
	FUZZ_REQUIRE(u.bytes <= n);
	return (0);
}
