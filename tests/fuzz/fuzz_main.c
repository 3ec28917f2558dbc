/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_main.c - run a fuzz target over files, without a fuzzer.
 * Owns:      main(), and the walk through folders.
 * Called by: the tests; whoever wants to see one input again.
 * Must not:  know what the bytes mean.
 *
 * With a corpus, any C compiler will do (from the top folder):
 *
 *	cc -Isrc -Icompat -o fuzz_reply tests/fuzz/fuzz_main.c \
 *	    tests/fuzz/fuzz_reply.c src/milter/[a-z]*.c src/base/buf.c \
 *	    compat/[a-z]*.c
 *	./fuzz_reply tests/fuzz/corpus/reply
 *	./fuzz_reply -x tests/fuzz/corpus/reply
 *
 * -x also runs every file cut at each byte, and with each byte changed.  An
 * input that breaks an invariant ends the program by abort(3), with the name
 * of its file told before.
 *
 * With libFuzzer, this file is left out and clang brings its own main():
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -Icompat \
 *	    -o fuzz_reply tests/fuzz/fuzz_reply.c src/milter/[a-z]*.c \
 *	    src/base/buf.c compat/[a-z]*.c
 *	mkdir new
 *	./fuzz_reply -max_total_time=60 -max_len=4096 new \
 *	    tests/fuzz/corpus/reply
 *
 * New inputs go to the first folder; small ones that are worth keeping are
 * copied to the corpus by hand.  The targets are fuzz_command (what an MTA
 * sends), fuzz_reply (what a milter sends), fuzz_option (an offer and the
 * answers to it), fuzz_conf (a configuration), fuzz_socks (what a proxy sends),
 * fuzz_record (a recorded session), fuzz_stranger (what others say),
 * fuzz_pattern (a pattern and a subject), fuzz_table (a table and a key), and
 * fuzz_http (a client of the control socket).
 */
#include "compat.h"

#include <sys/types.h>
#include <sys/stat.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

#define FUZZ_MAIN_MAX	(4L * 1024 * 1024)	/* of one file */

static unsigned long fuzz_main_runs;
static bool fuzz_main_changed;

static void
fuzz_main_die(const char *what)
{
	perror(what);
	exit(1);
}

/* A copy of its own lets sanitizers see one byte too far. */
static void
fuzz_main_run(const unsigned char *data, size_t n)
{
	unsigned char *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		fuzz_main_die("malloc");
	if (n > 0)
		memcpy(copy, data, n);
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	fuzz_main_runs++;
}

static void
fuzz_main_change(unsigned char *data, size_t n)
{
	static const unsigned char flips[] = { 0x01, 0x20, 0x80, 0xff };
	unsigned char was;
	size_t i, j;

	for (i = 0; i < n; i++) {
		fuzz_main_run(data, i);
		was = data[i];
		for (j = 0; j < sizeof(flips); j++) {
			data[i] = (unsigned char)(was ^ flips[j]);
			fuzz_main_run(data, n);
		}
		data[i] = 0;
		fuzz_main_run(data, n);
		data[i] = was;
	}
}

static void
fuzz_main_file(const char *path, off_t size)
{
	unsigned char *data;
	FILE *f;
	size_t n;

	if (size > FUZZ_MAIN_MAX) {
		(void)fprintf(stderr, "%s: too large\n", path);
		exit(1);
	}
	/* Told before the run: after it there may be no chance. */
	(void)printf("%s\n", path);
	(void)fflush(stdout);
	n = (size_t)size;
	data = malloc(n > 0 ? n : 1);
	if (data == NULL)
		fuzz_main_die("malloc");
	f = fopen(path, "rb");
	if (f == NULL)
		fuzz_main_die(path);
	if (fread(data, 1, n, f) != n)
		fuzz_main_die(path);
	(void)fclose(f);
	fuzz_main_run(data, n);
	if (fuzz_main_changed)
		fuzz_main_change(data, n);
	free(data);
}

static void
fuzz_main_path(const char *path)
{
	char *inner;
	DIR *dir;
	struct dirent *entry;
	struct stat st;
	size_t size;

	if (stat(path, &st) != 0)
		fuzz_main_die(path);
	if (!S_ISDIR(st.st_mode)) {
		fuzz_main_file(path, st.st_size);
		return;
	}
	dir = opendir(path);
	if (dir == NULL)
		fuzz_main_die(path);
	while ((entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		size = strlen(path) + strlen(entry->d_name) + 2;
		inner = malloc(size);
		if (inner == NULL)
			fuzz_main_die("malloc");
		(void)snprintf(inner, size, "%s/%s", path, entry->d_name);
		fuzz_main_path(inner);
		free(inner);
	}
	(void)closedir(dir);
}

int
main(int argc, char **argv)
{
	int ch, i;

	while ((ch = getopt(argc, argv, "x")) != -1) {
		if (ch != 'x') {
			(void)fprintf(stderr, "usage: %s [-x] path ...\n",
			    argv[0]);
			return (2);
		}
		fuzz_main_changed = true;
	}
	for (i = optind; i < argc; i++)
		fuzz_main_path(argv[i]);
	(void)printf("%lu inputs\n", fuzz_main_runs);
	return (fuzz_main_runs > 0 ? 0 : 1);
}

#undef FUZZ_MAIN_MAX
