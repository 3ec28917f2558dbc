/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_conf.c - the input is a configuration file.
 * Owns:      the invariants of configurations.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a file.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/conf.h"
#include "fuzz.h"

static size_t fuzz_conf_said;

/* A line for people, on any terminal. */
static void
fuzz_conf_report(const char *line, void *arg)
{
	(void)arg;
	fuzz_conf_said++;
	FUZZ_REQUIRE(strlen(line) < 2000);
	for (; *line != '\0'; line++)
		FUZZ_REQUIRE(*line >= ' ' && *line < 0x7f);
}

static struct conf *
fuzz_conf_load(const void *data, size_t n)
{
	struct conf_source source;
	struct conf *conf;

	memset(&source, 0, sizeof(source));
	source.file = "c";
	source.text = data;
	source.text_len = n;
	fuzz_conf_said = 0;
	conf = conf_load(&source, fuzz_conf_report, NULL);
	/* Either a configuration or a reason why not; never more than those. */
	FUZZ_REQUIRE((conf == NULL) == (fuzz_conf_said > 0));
	FUZZ_REQUIRE(fuzz_conf_said <= 101);
	return (conf);
}

/* The text of one without its comments; the caller frees it. */
static char *
fuzz_conf_show(const struct conf *conf, size_t *len)
{
	char *text = NULL, *from, *to, *end;
	FILE *fp = open_memstream(&text, len);

	FUZZ_REQUIRE(fp != NULL);
	conf_show(conf, fp);
	FUZZ_REQUIRE(fclose(fp) == 0 && text != NULL);
	for (from = to = text; from < text + *len; from = end) {
		end = memchr(from, '\n', (size_t)(text + *len - from));
		FUZZ_REQUIRE(end != NULL);
		end++;
		if (*from == '#')
			continue;
		memmove(to, from, (size_t)(end - from));
		to += end - from;
	}
	*len = (size_t)(to - text);
	return (text);
}

/* Files are none of our business: leave "load" of a real one out. */
static bool
fuzz_conf_leaves(const uint8_t *data, size_t n)
{
	size_t i;

	for (i = 0; i + 4 <= n; i++) {
		if (memcmp(data + i, "load", 4) == 0)
			return (memchr(data + i, '"', n - i) != NULL);
	}
	return (false);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf *conf, *again;
	char *one, *two;
	size_t none = 0, ntwo = 0;

	if (fuzz_conf_leaves(data, n))
		return (0);
	conf = fuzz_conf_load(data, n);
	if (conf == NULL)
		return (0);
	one = fuzz_conf_show(conf, &none);
	again = fuzz_conf_load(one, none);
	FUZZ_REQUIRE(again != NULL);
	two = fuzz_conf_show(again, &ntwo);
	FUZZ_REQUIRE(none == ntwo && memcmp(one, two, none) == 0);
	free(one);
	free(two);
	conf_unref(conf);
	conf_unref(again);
	return (0);
}
