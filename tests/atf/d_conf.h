/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * d_conf.h - what the t_conf*.c files share: write a file, load it, keep what
 * was reported.
 */
#ifndef TESTS_D_CONF_H
#define TESTS_D_CONF_H

#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "config/conf.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* All lines that the last load reported. */
static char	conf_said[65536];

static inline void
conf_report(const char *line, void *arg)
{
	(void)arg;
	strlcat(conf_said, line, sizeof(conf_said));
	strlcat(conf_said, "\n", sizeof(conf_said));
}

/* These lines, and no other. */
static inline void
conf_check_said(const char *lines)
{
	if (strcmp(conf_said, lines) == 0)
		return;
	fprintf(stderr, "expected:\n%sreported:\n%s", lines, conf_said);
	atf_tc_fail_nonfatal("not what should be reported");
}

static inline void
conf_write(const char *path, const void *text, size_t len)
{
	FILE *fp = fopen(path, "wb");

	ATF_REQUIRE(fp != NULL);
	ATF_REQUIRE(fwrite(text, 1, len, fp) == len);
	ATF_REQUIRE(fclose(fp) == 0);
}

static inline struct conf *
conf_load_path(const char *path)
{
	struct conf_source source;

	memset(&source, 0, sizeof(source));
	source.file = path;
	conf_said[0] = '\0';
	return (conf_load(&source, conf_report, NULL));
}

/* Loads text as the file "c". */
static inline struct conf *
conf_load_text(const char *text)
{
	conf_write("c", text, strlen(text));
	return (conf_load_path("c"));
}

/* The caller frees it. */
static inline char *
conf_shown(const struct conf *conf)
{
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	ATF_REQUIRE(fp != NULL);
	conf_show(conf, fp);
	ATF_REQUIRE(fclose(fp) == 0);
	return (text);
}

/* The configuration must be good, and show that line. */
static inline void
conf_expect(const char *text, const char *line)
{
	struct conf *conf = conf_load_text(text);
	char want[1024], *shown;

	if (conf == NULL)
		atf_tc_fail("%s: %s", text, conf_said);
	conf_check_said("");
	snprintf(want, sizeof(want), "\n%s\n", line);
	shown = conf_shown(conf);
	if (strstr(shown, want) == NULL)
		atf_tc_fail("%s: no \"%s\" in %s", text, line, shown);
	free(shown);
	conf_unref(conf);
}

/* The configuration must be refused with exactly these lines. */
static inline void
conf_expect_fault(const char *text, const char *lines)
{
	struct conf *conf = conf_load_text(text);

	if (conf != NULL)
		atf_tc_fail("accepted: %s", text);
	conf_check_said(lines);
}

#endif /* TESTS_D_CONF_H */
