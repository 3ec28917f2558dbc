/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import.c - milter-manager-import: upstream's configuration in our language.
 * Owns:      its command line; reading the file, writing the result.
 * Called by: main.c.
 * Must not:  know Ruby, or write over anything.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/options.h"
#include "config/source.h"
#include "tool/import.h"
#include "tool/tool.h"

enum import_option {
	IMPORT_O_OUTPUT = 1, IMPORT_O_VERSION, IMPORT_O_HELP
};

static const struct option_def import_options[] = {
	{ 'o', IMPORT_O_OUTPUT, "output", "FILE",
	    "a new file for the result (standard output)" },
	{ 0, IMPORT_O_VERSION, "version", NULL, "print the version" },
	{ 0, IMPORT_O_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

static int
import_write(const char *program, const char *path, const char *old,
    const struct buf *out)
{
	const unsigned char *p = buf_ptr(out);
	size_t left = out->len;
	ssize_t n = 0;
	struct stat st;
	int fd = STDOUT_FILENO, error = 0;

	if (path != NULL) {
		/* Passwords in it are for the same people as before. */
		if (stat(old, &st) == -1)
			st.st_mode = 0600;
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    st.st_mode & 0666);
		if (fd == -1) {
			fprintf(stderr, "%s: %s: %s\n", program, path,
			    strerror(errno));
			return (EX_CANTCREAT);
		}
	}
	for (; left > 0 && error == 0; left -= (size_t)n, p += n) {
		n = write(fd, p, left);
		if (n == -1 && errno == EINTR)
			n = 0;
		else if (n == -1) {
			error = errno;
			n = 0;
		}
	}
	if (path != NULL && close(fd) == -1 && error == 0)
		error = errno;
	if (error == 0)
		return (EX_OK);
	fprintf(stderr, "%s: %s: %s\n", program, path != NULL ? path :
	    "standard output", strerror(error));
	if (path != NULL)
		(void)unlink(path);
	return (EX_IOERR);
}

static int
import_run(const char *program, const char *old, const char *path)
{
	char why[VALUE_WHY_MAX];
	struct source_text text;
	struct buf out;
	int some, status;

	if (source_read(old, SOURCE_ANY, &text, why) == -1) {
		fprintf(stderr, "%s: %s: %s\n", program, old, why);
		return (EX_NOINPUT);
	}
	memset(&out, 0, sizeof(out));
	some = import_text(old, text.text, text.len, &out, stderr);
	free(text.text);
	status = some == -1 ? EX_DATAERR :
	    import_write(program, path, old, &out);
	buf_free(&out);
	return (status != EX_OK ? status : some);
}

int
tool_import(int argc, char **argv)
{
	struct options o;
	const char *old = NULL, *path = NULL;
	int id;

	options_init(&o, import_options, argc, argv);
	/* The file may stand before the options or behind them. */
	for (;;) {
		id = options_next(&o);
		if (id == IMPORT_O_OUTPUT) {
			path = o.arg;
		} else if (id == IMPORT_O_HELP) {
			printf("usage: %s [option ...] FILE\n", argv[0]);
			options_usage(stdout, import_options);
			return (EX_OK);
		} else if (id == IMPORT_O_VERSION) {
			printf("%s %s\n", argv[0], MM_VERSION);
			return (EX_OK);
		} else if (id < 0) {
			return (EX_USAGE);
		} else if (o.next >= argc) {
			break;
		} else if (old != NULL) {
			fprintf(stderr, "%s: %s: one file at a time (see "
			    "--help)\n", argv[0], argv[o.next]);
			return (EX_USAGE);
		} else
			old = argv[o.next++];
	}
	if (old == NULL) {
		fprintf(stderr, "%s: FILE: upstream's configuration is needed "
		    "(see --help)\n", argv[0]);
		return (EX_USAGE);
	}
	return (import_run(argv[0], old, path));
}
