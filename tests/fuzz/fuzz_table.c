/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_table.c - the input is a table, behind one byte that says of what kind
 * and a key that ends in NUL.
 * Owns:      the invariants of a table.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  know what a table means.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/table.h"
#include "fuzz.h"

struct fuzz_table_faults {
	unsigned	 n, lines;
};

static void
fuzz_table_fault(unsigned line, const char *why, void *arg)
{
	struct fuzz_table_faults *f = arg;

	f->n++;
	FUZZ_REQUIRE(line <= f->lines);
	FUZZ_REQUIRE(why[0] != '\0' && strlen(why) < TABLE_WHY_MAX);
	FUZZ_REQUIRE(strchr(why, '\n') == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fuzz_table_faults f;
	struct network_address a;
	const char *key, *text, *p;
	char value[TABLE_VALUE_MAX];
	struct table *t;
	bool address, found;

	if (n == 0)
		return (0);
	key = (const char *)data + 1;
	text = memchr(key, '\0', n - 1);
	if (text == NULL)
		return (0);
	text++;
	n -= (size_t)(text - (const char *)data);
	memset(&f, 0, sizeof(f));
	f.lines = 1;
	for (p = text; p < text + n; p++)
		f.lines += *p == '\n';
	t = table_new((enum table_kind)(data[0] % 3), text, n,
	    fuzz_table_fault, &f);
	FUZZ_REQUIRE((t == NULL) == (f.n > 0) && f.n <= 21);
	if (t == NULL)
		return (0);
	FUZZ_REQUIRE(table_count(t) <= f.lines);
	address = network_read_address(key, &a) == 0;
	memset(value, 'x', sizeof(value));
	found = table_find(t, key, strlen(key), address ? &a : NULL, value);
	FUZZ_REQUIRE(found == table_find(t, key, strlen(key),
	    address ? &a : NULL, NULL));
	FUZZ_REQUIRE(!found || table_count(t) > 0);
	FUZZ_REQUIRE(!found || memchr(value, '\0', sizeof(value)) != NULL);
	table_free(t);
	return (0);
}
