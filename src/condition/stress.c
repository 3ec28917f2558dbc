/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stress.c - how many connections the MTA of this machine takes at once.
 * Owns:      where its files are, and what of them counts.
 * Called by: the manager, once a configuration; "milter-manager explain".
 * Must not:  start a program, or be called on the mail path.
 */
#include "compat.h"

#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "condition/stress.h"
#include "config/source.h"

#define STRESS_POSTFIX_LIMIT	100	/* as compiled in there */
#define STRESS_EXPANSIONS	8
#define STRESS_DIGITS		9
#define STRESS_BLANKS		" \t\r\n"

/* Reads DIR/NAME below the root: a text, or NULL; path gets what it was. */
static char *
stress_read(const struct conf *conf, const char *dir, const char *name,
    char path[1024])
{
	char why[VALUE_WHY_MAX];
	struct source_text file;

	(void)snprintf(path, 1024, "%s%s/%s", conf->detect_root != NULL ?
	    conf->detect_root : "", dir, name);
	return (source_read(path, 0, &file, why) == 0 ? file.text : NULL);
}

/* Goes to the next line; false at the end. */
static bool
stress_next(const char **line)
{
	*line += strcspn(*line, "\n");
	return (*(*line)++ != '\0' && **line != '\0');
}

/*
 * The last value of "NAME = VALUE", or NULL.  Lines that continue others begin
 * with a blank, and comments with a #: a name does neither.
 */
static const char *
stress_parameter(const char *text, const char *name, size_t len)
{
	const char *found = NULL, *line = text, *p;

	do {
		if (strncmp(line, name, len) != 0)
			continue;
		p = line + len;
		p += strspn(p, " \t");
		if (*p == '=')
			found = p + 1 + strspn(p + 1, " \t");
	} while (stress_next(&line));
	return (found);
}

/* A number, or "$name", "${name}", "$(name)" of one; else *out stays. */
static void
stress_number(const char *text, const char *p, unsigned *out)
{
	unsigned n = 0;
	int i;

	for (i = 0; i < STRESS_EXPANSIONS && p != NULL && *p == '$'; i++) {
		p++;
		p += *p == '{' || *p == '(';
		p = stress_parameter(text, p, strcspn(p, "})" STRESS_BLANKS));
	}
	for (i = 0; p != NULL && i <= STRESS_DIGITS && *p >= '0' && *p <= '9';
	    i++)
		n = n * 10 + (unsigned)(*p++ - '0');
	if (i > 0 && i <= STRESS_DIGITS && p != NULL &&
	    strchr(STRESS_BLANKS, *p) != NULL)
		*out = n;
}

/* The process limit of the first "smtp inet" service, if it has its own. */
static void
stress_service(const char *main_cf, const char *line, unsigned *limit)
{
	const char *p;
	size_t n;
	int i;

	do {
		p = line;
		/* private unpriv chroot wakeup maxproc are behind these two */
		for (i = 0; i < 6; i++) {
			n = strcspn(p, STRESS_BLANKS);
			if (i < 2 && (n != 4 ||
			    memcmp(p, i == 0 ? "smtp" : "inet", 4) != 0))
				break;
			p += n;
			p += strspn(p, " \t");
		}
		if (i < 6)
			continue;
		stress_number(main_cf, p, limit);
		return;
	} while (stress_next(&line));
}

/* Is that a folder of Postfix's?  *limit is what it takes, 0 for all. */
static bool
stress_postfix(const struct conf *conf, const char *dir, char path[1024],
    unsigned *limit)
{
	static const char name[] = "default_process_limit";
	char *main_cf, *master_cf;

	main_cf = stress_read(conf, dir, "main.cf", path);
	if (main_cf == NULL)
		return (false);
	*limit = STRESS_POSTFIX_LIMIT;
	stress_number(main_cf, stress_parameter(main_cf, name,
	    sizeof(name) - 1), limit);
	master_cf = stress_read(conf, dir, "master.cf", path);
	if (master_cf != NULL)
		stress_service(main_cf, master_cf, limit);
	free(master_cf);
	free(main_cf);
	return (true);
}

/* Is there a sendmail.cf?  *limit is what it takes, 0 for all. */
static bool
stress_sendmail(const struct conf *conf, const char *dir, char path[1024],
    unsigned *limit)
{
	static const char name[] = "O MaxDaemonChildren";
	char *cf = stress_read(conf, dir, "sendmail.cf", path);

	if (cf == NULL)
		return (false);
	*limit = 0;
	stress_number("", stress_parameter(cf, name, sizeof(name) - 1),
	    limit);
	free(cf);
	return (true);
}

unsigned
stress_threshold(const struct conf *conf)
{
	static const char *const places[] = {
		"/etc/postfix", "/usr/local/etc/postfix",
		"/usr/pkg/etc/postfix", "/opt/local/etc/postfix",
		"/etc/mail", "/usr/local/etc/mail", "/usr/pkg/etc/mail"
	};
	char path[1024];
	unsigned limit, threshold;
	size_t i;

	if (conf->stress_threshold != UINT_MAX)
		return (conf->stress_threshold);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!(i < 4 ? stress_postfix : stress_sendmail)(conf,
		    places[i], path, &limit))
			continue;
		threshold = limit / 4 * 3 + limit % 4 * 3 / 4;
		log_write(LOGL_INFO, "stress: from %u connections on%s, since "
		    "%s allows %u", threshold, threshold == 0 ? " (never)" :
		    "", path, limit);
		return (threshold);
	}
	log_write(LOGL_INFO, "stress: never, since no Postfix or Sendmail is "
	    "here and there is no stress.threshold_n_connections");
	return (0);
}

#undef STRESS_POSTFIX_LIMIT
#undef STRESS_EXPANSIONS
#undef STRESS_DIGITS
#undef STRESS_BLANKS
