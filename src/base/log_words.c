/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * log_words.c - the words of the log's settings.
 * Owns:      the names of levels, facilities and forms.
 * Called by: log.c, and what reads settings.
 * Must not:  know what is in force.
 */
#include "compat.h"

#include <syslog.h>

#include "base/log.h"

const struct word log_level_names[] = {
	{ "critical",	LOGL_CRITICAL },
	{ "error",	LOGL_ERROR },
	{ "warning",	LOGL_WARNING },
	{ "message",	LOGL_MESSAGE },
	{ "info",	LOGL_INFO },
	{ "debug",	LOGL_DEBUG },
	{ "trace",	LOGL_TRACE },
	{ "statistics",	LOGL_STATISTICS },
	{ "profile",	LOGL_PROFILE },
	{ "default",	LOGL_DEFAULT },
	{ "all",	LOGL_ALL },
	{ "none",	0 },
	{ NULL,		0 }
};

const struct word log_facility_names[] = {
	{ "auth",	LOG_AUTH },
#ifdef LOG_AUTHPRIV
	{ "authpriv",	LOG_AUTHPRIV },
#endif
	{ "cron",	LOG_CRON },
	{ "daemon",	LOG_DAEMON },
#ifdef LOG_FTP
	{ "ftp",	LOG_FTP },
#endif
	{ "kern",	LOG_KERN },
	{ "local0",	LOG_LOCAL0 },
	{ "local1",	LOG_LOCAL1 },
	{ "local2",	LOG_LOCAL2 },
	{ "local3",	LOG_LOCAL3 },
	{ "local4",	LOG_LOCAL4 },
	{ "local5",	LOG_LOCAL5 },
	{ "local6",	LOG_LOCAL6 },
	{ "local7",	LOG_LOCAL7 },
	{ "lpr",	LOG_LPR },
	{ "mail",	LOG_MAIL },
	{ "news",	LOG_NEWS },
	{ "user",	LOG_USER },
	{ "uucp",	LOG_UUCP },
	{ NULL,		0 }
};

const struct word log_format_names[] = {
	{ "text",	LOG_TEXT },
	{ "json",	LOG_JSON },
	{ NULL,		0 }
};

int
log_parse_levels(const char *text, unsigned *levels, char *word,
    size_t wordsize)
{
	const struct word *w;
	char name[16], sign = '+';
	unsigned set = 0;
	size_t n;

	text += strspn(text, " \t");
	if (*text == '+' || *text == '-')
		set = *levels;
	for (;;) {
		text += strspn(text, " \t");
		/* A sign holds until the next one. */
		if (*text == '+' || *text == '-')
			sign = *text++;
		n = strcspn(text, "|");
		while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
			n--;
		name[0] = '\0';
		if (n < sizeof(name)) {
			memcpy(name, text, n);
			name[n] = '\0';
		}
		w = word_find(log_level_names, name);
		if (w == NULL) {
			if (wordsize > 0) {
				if (n >= wordsize)
					n = wordsize - 1;
				memcpy(word, text, n);
				word[n] = '\0';
			}
			return (-1);
		}
		if (sign == '-')
			set &= ~(unsigned)w->value;
		else
			set |= (unsigned)w->value;
		text += strcspn(text, "|");
		if (*text == '\0')
			break;
		text++;
	}
	*levels = set;
	return (0);
}

char *
log_format_levels(unsigned levels, char *dst, size_t size)
{
	const struct word *w;
	const char *whole = word_name(log_level_names, (int)levels);

	dst[0] = '\0';
	if (whole != NULL) {
		strlcpy(dst, whole, size);
		return (dst);
	}
	/* The single bits come first in the list. */
	for (w = log_level_names; w->value != (int)LOGL_DEFAULT; w++) {
		if ((levels & (unsigned)w->value) == 0)
			continue;
		if (dst[0] != '\0')
			strlcat(dst, "|", size);
		strlcat(dst, w->name, size);
	}
	return (dst);
}
