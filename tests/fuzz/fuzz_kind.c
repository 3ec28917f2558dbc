/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_kind.c - the input is a milter's own configuration file, behind one byte
 * that says of which kind, or a listener as such (the byte behind the last
 * kind's).
 * Owns:      the invariants of what is read from files.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  know what a file means.
 */
#include "compat.h"

#include <sys/stat.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/spec.h"
#include "detect/detect_internal.h"
#include "fuzz.h"

static char fuzz_kind_top[64];

/* The folder goes, whatever its end. */
static void
fuzz_kind_clean(void)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/f", fuzz_kind_top);
	(void)unlink(path);
	(void)rmdir(fuzz_kind_top);
}

static bool
fuzz_kind_write(const uint8_t *data, size_t n)
{
	char path[128];
	FILE *f;
	bool good;

	if (fuzz_kind_top[0] == '\0') {
		(void)snprintf(fuzz_kind_top, sizeof(fuzz_kind_top),
		    "/tmp/fuzz_kind.%ld", (long)getpid());
		(void)mkdir(fuzz_kind_top, 0700);
		(void)atexit(fuzz_kind_clean);
	}
	(void)snprintf(path, sizeof(path), "%s/f", fuzz_kind_top);
	if ((f = fopen(path, "w")) == NULL)
		return (false);
	good = fwrite(data, 1, n, f) == n;
	return (fclose(f) == 0 && good);
}

/* What can be dialled, or one line that says why not. */
static void
fuzz_kind_spec(const char *text)
{
	char out[SPEC_TEXT_MAX], again[SPEC_TEXT_MAX], why[160];
	struct spec spec;

	if (service_spec(text, out, sizeof(out), why, sizeof(why)) == -1) {
		FUZZ_REQUIRE(why[0] != '\0' && strlen(why) < sizeof(why));
		return;
	}
	FUZZ_REQUIRE(spec_parse(out, &spec, why, sizeof(why)) == 0);
	FUZZ_REQUIRE(spec.path == NULL ? spec.port != 0 :
	    spec.path[0] == '/');
	spec_free(&spec);
	FUZZ_REQUIRE(service_spec(out, again, sizeof(again), why,
	    sizeof(why)) == 0);
	FUZZ_REQUIRE(strcmp(out, again) == 0);
}

static void
fuzz_kind_read(unsigned kind)
{
	struct detect_env env;
	struct detect_milter m;
	struct detect_row row;
	struct service *sv;

	memset(&env, 0, sizeof(env));
	memset(&m, 0, sizeof(m));
	memset(&row, 0, sizeof(row));
	row.script = "x";
	row.kind = (uint8_t)kind;
	row.file = "/f";
	env.root = root_new(fuzz_kind_top);
	FUZZ_REQUIRE(env.root != NULL);
	sv = service_add(&env, &row, "x");
	FUZZ_REQUIRE(sv != NULL);
	m.enabled = DETECT_YES;
	kind_read(&env, sv, &m);
	FUZZ_REQUIRE(m.conditions != NULL && m.place <= PLACE_SIGN);
	if (m.spec.text != NULL)
		fuzz_kind_spec(m.spec.text);
	FUZZ_REQUIRE(m.spec.text != NULL || sv->problem != NULL ||
	    m.enabled == DETECT_NO);
	if (sv->problem != NULL)
		FUZZ_REQUIRE(strchr(sv->problem, '\n') == NULL);
	FUZZ_REQUIRE(m.extra_time <= 24 * 60 * 60 * 1000);
	fact_free(&m.spec);
	fact_free(&m.description);
	fact_free(&m.configuration);
	fact_free(&m.enabled_by);
	fact_free(&m.extra_time_by);
	service_free(sv);
	free(env.service);
	root_free(env.root);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text;

	if (n == 0)
		return (0);
	if (data[0] % (KIND_N + 1) == KIND_N) {
		text = strndup((const char *)data + 1, n - 1);
		FUZZ_REQUIRE(text != NULL);
		fuzz_kind_spec(text);
		free(text);
	} else if (fuzz_kind_write(data + 1, n - 1)) {
		fuzz_kind_read(data[0] % (KIND_N + 1));
	}
	return (0);
}
