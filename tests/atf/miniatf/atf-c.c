/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * atf-c.c - the other half of miniatf/atf-c.h.
 * Owns:      the process and the folder that each case runs in.
 * Called by: the unit tests under an emulator; mk/cross.sh.
 * Must not:  need anything but libc; nothing of the program is in it.
 */
#include "compat.h"

#include <sys/stat.h>
#include <sys/wait.h>

#include <stdarg.h>
#include <unistd.h>

#include "atf-c.h"

#define MINIATF_SKIPPED	77

static int miniatf_failures;

static void miniatf_say(const char *, va_list)
    __attribute__((__format__(__printf__, 1, 0)));

atf_error_t
atf_no_error(void)
{
	return (0);
}

atf_error_t
atf_tp_add_tc(atf_tp_t *tp, const atf_tc_t *tc)
{
	if (tp->n_cases == sizeof(tp->cases) / sizeof(tp->cases[0]))
		return (ENOMEM);
	tp->cases[tp->n_cases++] = tc;
	return (0);
}

/* What a head says (descr, timeout, needs) is for Kyua. */
atf_error_t
atf_tc_set_md_var(atf_tc_t *tc, const char *name, const char *fmt, ...)
{
	(void)tc;
	(void)name;
	(void)fmt;
	return (0);
}

bool
atf_tc_has_config_var(const atf_tc_t *tc, const char *name)
{
	(void)tc;
	return (strcmp(name, "srcdir") == 0 && getenv("MINIATF_SRCDIR"));
}

const char *
atf_tc_get_config_var(const atf_tc_t *tc, const char *name)
{
	if (!atf_tc_has_config_var(tc, name))
		atf_tc_fail("no configuration variable %s", name);
	return (getenv("MINIATF_SRCDIR"));
}

const char *
atf_tc_get_config_var_wd(const atf_tc_t *tc, const char *name,
    const char *otherwise)
{
	if (!atf_tc_has_config_var(tc, name))
		return (otherwise);
	return (atf_tc_get_config_var(tc, name));
}

static void
miniatf_say(const char *fmt, va_list ap)
{
	printf("\t");
	vprintf(fmt, ap);
	printf("\n");
	fflush(stdout);
}

void
atf_tc_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	miniatf_say(fmt, ap);
	va_end(ap);
	_exit(1);
}

void
atf_tc_fail_nonfatal(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	miniatf_say(fmt, ap);
	va_end(ap);
	miniatf_failures++;
}

void
atf_tc_skip(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	miniatf_say(fmt, ap);
	va_end(ap);
	_exit(MINIATF_SKIPPED);
}

void
atf_tc_pass(void)
{
	_exit(0);
}

/* Runs one case; returns its exit status, or 1 when a signal ended it. */
static int
miniatf_run(const atf_tc_t *tc)
{
	int status;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == -1)
		return (1);
	if (pid == 0) {
		char dir[] = "case.XXXXXX";

		if (mkdtemp(dir) == NULL || chdir(dir) == -1)
			_exit(1);
		tc->body(tc);
		_exit(miniatf_failures > 0);
	}
	if (waitpid(pid, &status, 0) == -1)
		return (1);
	if (!WIFEXITED(status)) {
		printf("\tended by signal %d\n", WTERMSIG(status));
		return (1);
	}
	return (WEXITSTATUS(status));
}

int
miniatf_main(int argc, char **argv, atf_error_t (*add)(atf_tp_t *))
{
	static atf_tp_t tp;
	const char *word;
	int failed, status;
	size_t i;

	(void)argc;
	(void)argv;
	if (add(&tp) != 0)
		return (1);
	failed = 0;
	for (i = 0; i < tp.n_cases; i++) {
		status = miniatf_run(tp.cases[i]);
		if (status == 0)
			word = "passed";
		else if (status == MINIATF_SKIPPED)
			word = "skipped";
		else {
			word = "failed";
			failed = 1;
		}
		printf("%s %s\n", word, tp.cases[i]->name);
	}
	return (failed);
}
