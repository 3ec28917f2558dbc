/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_sh.c - the input is a start script.
 * Owns:      the invariants of scripts that are followed.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  open a file: the root is a folder that is not there.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "detect/sh.h"
#include "fuzz.h"

struct fuzz_sh_sum {
	uint32_t	 hash;
	char		 last[SH_VALUE_MAX];
};

static void
fuzz_sh_add(struct fuzz_sh_sum *sum, const char *text)
{
	for (; *text != '\0'; text++)
		sum->hash = sum->hash * 33 ^ (unsigned char)*text;
	sum->hash = sum->hash * 33 ^ 1;
}

static void
fuzz_sh_each(const char *name, const struct sh_value *v, void *arg)
{
	struct fuzz_sh_sum *sum = arg;

	FUZZ_REQUIRE(name[0] != '\0' && strlen(name) < sizeof(sum->last));
	FUZZ_REQUIRE(strcmp(sum->last, name) < 0);
	strlcpy(sum->last, name, sizeof(sum->last));
	FUZZ_REQUIRE(v->known != SH_UNSET && v->text != NULL);
	FUZZ_REQUIRE(strlen(v->text) <= SH_VALUE_MAX);
	FUZZ_REQUIRE((v->known == SH_UNKNOWN) == (v->why != NULL));
	FUZZ_REQUIRE(v->known == SH_KNOWN || v->text[0] == '\0');
	fuzz_sh_add(sum, name);
	fuzz_sh_add(sum, v->text);
}

static int
fuzz_sh_command(struct sh *sh, const struct sh_words *w, void *arg)
{
	struct sh_words words = { NULL, 0 };
	struct sh_value v;
	size_t i;

	(void)arg;
	FUZZ_REQUIRE(w->n > 0 && w->item[0].text != NULL);
	for (i = 1; i < w->n && i < 4; i++) {
		if (w->item[i].text == NULL)
			continue;
		v = sh_get(sh, w->item[i].text);
		sh_split(sh, &v, i % 2 == 0, &words);
	}
	sh_words_free(&words);
	switch (w->item[0].text[0]) {
	case 's':
		sh_set(sh, "set", w->n > 1 && w->item[1].text != NULL ?
		    w->item[1].text : "", "f", 1);
		return (0);
	case 't':
		FUZZ_REQUIRE(sh_text(sh, "inner", 1, "a=$b", 4) == 0);
		return (SH_STATUS_UNKNOWN);
	case 'q':
		return (SH_STATUS_END);
	default:
		return (SH_STATUS_NOT_MINE);
	}
}

static const char *
fuzz_sh_output(struct sh *sh, const struct sh_words *w, void *arg)
{
	(void)sh;
	(void)arg;
	return (w->item[0].text);
}

static uint32_t
fuzz_sh_follow(const uint8_t *data, size_t n)
{
	static const char *const argument[] = { "f", "start", "x y" };
	struct root *root = root_new("/nonexistent");
	struct fuzz_sh_sum sum = { 5381, "" };
	struct sh *sh = sh_new(root);

	FUZZ_REQUIRE(root != NULL && sh != NULL);
	sh_commands(sh, fuzz_sh_command, NULL);
	if (n % 2 == 0)
		sh_outputs(sh, fuzz_sh_output, NULL);
	sh_arguments(sh, 3, argument);
	FUZZ_REQUIRE(sh_text(sh, "f", 1, (const char *)data, n) == 0);
	if (sh_fault(sh) != NULL)
		FUZZ_REQUIRE(sh_fault(sh)[0] != '\0');
	sh_each(sh, fuzz_sh_each, &sum);
	/* What has been left behind does not harm the next one. */
	FUZZ_REQUIRE(sh_text(sh, "g", 1, "zz=1", 4) == 0);
	sh_free(sh);
	root_free(root);
	return (sum.hash);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	/* The same script is the same, whenever it is followed. */
	FUZZ_REQUIRE(fuzz_sh_follow(data, n) == fuzz_sh_follow(data, n));
	return (0);
}
