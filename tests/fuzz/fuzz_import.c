/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_import.c - the input is a configuration of upstream's.
 * Owns:      the invariants of what comes of it.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a file.
 */
#include "compat.h"

#include <stdbool.h>
#include <string.h>

#include "config/conf.h"
#include "fuzz.h"
#include "tool/import.h"

static void
fuzz_import_report(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

/* What is said has no control characters, and names the file. */
static void
fuzz_import_said(const char *said, size_t n)
{
	const char *p = said, *end;

	for (; p < said + n; p = end + 1) {
		end = memchr(p, '\n', (size_t)(said + n - p));
		FUZZ_REQUIRE(end != NULL && strncmp(p, "c:", 2) == 0);
		for (; p < end; p++)
			FUZZ_REQUIRE((unsigned char)*p >= ' ' && *p != 0x7f);
	}
}

/* Files are none of our business: leave what loads them out. */
static bool
fuzz_import_leaves(const uint8_t *data, size_t n)
{
	size_t i;

	for (i = 0; i + 4 <= n; i++) {
		if (memcmp(data + i, "load", 4) == 0)
			return (true);
	}
	return (false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf_source source;
	struct buf out;
	char *said = NULL;
	size_t said_len = 0;
	FILE *err = open_memstream(&said, &said_len);
	int result;

	FUZZ_REQUIRE(err != NULL);
	memset(&out, 0, sizeof(out));
	result = import_text("c", (const char *)data, n, &out, err);
	FUZZ_REQUIRE(fclose(err) == 0 && said != NULL);
	fuzz_import_said(said, said_len);
	/* What was left out is told. */
	FUZZ_REQUIRE(result == 0 || said_len > 0);
	if (out.len > 0)
		FUZZ_REQUIRE(buf_ptr(&out)[out.len - 1] == '\n');
	if (result >= 0 && !fuzz_import_leaves(data, n)) {
		memset(&source, 0, sizeof(source));
		source.file = "c";
		source.text = (const char *)buf_ptr(&out);
		source.text_len = out.len;
		conf_unref(conf_load(&source, fuzz_import_report, NULL));
	}
	buf_free(&out);
	free(said);
	return (0);
}
