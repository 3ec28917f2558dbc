/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * options.c - a command line, read from a table of options.
 * Owns:      the spelling of options.
 * Called by: main programs, the daemon's and the tools'.
 * Must not:  know what an option means, or end the process.
 */
#include "compat.h"

#include <stdio.h>
#include <string.h>

#include "base/options.h"

void
options_init(struct options *o, const struct option_def *table, int argc,
    char **argv)
{
	memset(o, 0, sizeof(*o));
	o->table = table;
	o->argc = argc;
	o->argv = argv;
	o->program = argc > 0 ? argv[0] : "?";
	o->next = 1;
}

static bool
options_arg_optional(const struct option_def *d)
{
	return (d->arg_name != NULL && d->arg_name[0] == '[');
}

/* One line to stderr; the option as it was written, up to its "=". */
static int
options_fail(const struct options *o, const char *option, size_t len,
    const char *what)
{
	fprintf(stderr, "%s: %.*s: %s (see --help)\n", o->program, (int)len,
	    option, what);
	return (-1);
}

static int
options_long(struct options *o, const char *word)
{
	const struct option_def *d;
	const char *name = word + 2;
	size_t len = strcspn(name, "=");

	for (d = o->table; d->id != 0; d++)
		if (d->long_name != NULL && strlen(d->long_name) == len &&
		    strncmp(d->long_name, name, len) == 0)
			break;
	if (d->id == 0)
		return (options_fail(o, word, len + 2, "unknown option"));
	if (name[len] == '=') {
		if (d->arg_name == NULL)
			return (options_fail(o, word, len + 2,
			    "takes no argument"));
		o->arg = name + len + 1;
	} else if (d->arg_name != NULL && !options_arg_optional(d)) {
		if (o->next >= o->argc)
			return (options_fail(o, word, len + 2,
			    "needs an argument"));
		o->arg = o->argv[o->next++];
	}
	return (d->id);
}

static int
options_short(struct options *o)
{
	const struct option_def *d;
	char word[3] = { '-', *o->cluster++, '\0' };

	for (d = o->table; d->id != 0; d++)
		if (d->short_name == word[1])
			break;
	if (d->id == 0)
		return (options_fail(o, word, 2, "unknown option"));
	if (d->arg_name != NULL && !options_arg_optional(d)) {
		if (*o->cluster != '\0')
			o->arg = o->cluster;
		else if (o->next < o->argc)
			o->arg = o->argv[o->next++];
		else
			return (options_fail(o, word, 2, "needs an argument"));
		o->cluster = NULL;
	}
	return (d->id);
}

int
options_next(struct options *o)
{
	const char *word;

	o->arg = NULL;
	if (o->cluster != NULL && *o->cluster != '\0')
		return (options_short(o));
	o->cluster = NULL;
	if (o->next >= o->argc)
		return (0);
	word = o->argv[o->next];
	if (word[0] != '-' || word[1] == '\0')
		return (0);
	o->next++;
	if (word[1] != '-') {
		o->cluster = word + 1;
		return (options_short(o));
	}
	if (word[2] == '\0')
		return (0);
	return (options_long(o, word));
}

void
options_usage(FILE *fp, const struct option_def *table)
{
	const struct option_def *d;
	char left[64];
	const char *arg;

	for (d = table; d->id != 0; d++) {
		if (d->help == NULL)
			continue;
		arg = d->arg_name != NULL ? d->arg_name : "";
		snprintf(left, sizeof(left), "%c%c%s%s%s%s%s",
		    d->short_name != '\0' ? '-' : ' ',
		    d->short_name != '\0' ? d->short_name : ' ',
		    d->short_name != '\0' && d->long_name != NULL ? "," : " ",
		    d->long_name != NULL ? " --" : "",
		    d->long_name != NULL ? d->long_name : "",
		    *arg == '\0' || *arg == '[' ? "" :
		    d->long_name != NULL ? "=" : " ", arg);
		if (strlen(left) > 36)
			fprintf(fp, "  %s\n  %-36s  %s\n", left, "", d->help);
		else
			fprintf(fp, "  %-36s  %s\n", left, d->help);
	}
}
