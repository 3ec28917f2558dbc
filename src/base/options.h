/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * options.h - a command line, read from a table of options.
 *
 * Long options are "--name=value" or "--name value", names exact, never
 * abbreviated; short ones are "-x", "-xvalue", "-x value", and flags may be
 * joined ("-nv").  "--" ends the options, so does the first word that is none;
 * "-" alone is such a word.
 *
 *	struct options o;
 *	int id;
 *
 *	options_init(&o, table, argc, argv);
 *	while ((id = options_next(&o)) > 0)
 *		switch (id) { ... o.arg ... }
 *	if (id < 0)
 *		return (EX_USAGE);	(the line was printed)
 *	the words are argv[o.next] .. argv[argc - 1]
 */
#ifndef BASE_OPTIONS_H
#define BASE_OPTIONS_H

#include "compat.h"

#include <stdbool.h>
#include <stdio.h>

/* A table ends with an entry whose id is 0. */
struct option_def {
	char		 short_name;	/* 0: none */
	int		 id;		/* > 0, the caller's */
	const char	*long_name;	/* NULL: none */
	/*
	 * Shown in the help; NULL when it takes no argument.  "[=WORD]" style:
	 * when it begins with '[' the argument is optional and only taken from
	 * "--name=WORD".
	 */
	const char	*arg_name;
	const char	*help;		/* one line; NULL: not shown */
};

struct options {
	const char	*arg;		/* of the last option, else NULL */
	int		 next;		/* index in argv of the next word */
	const struct option_def *table;	/* the rest is private */
	const char	*program;
	int		 argc;
	char		**argv;
	const char	*cluster;
};

/* argv[0] is the program's name, as shown in messages. */
void	options_init(struct options *, const struct option_def *, int argc,
	    char **argv);
/*
 * The next option's id, 0 behind the last one, or -1 when it is unknown or
 * lacks (or must not have) an argument; then one line was written to stderr.
 */
int	options_next(struct options *);
/* Writes the table, a line for each option. */
void	options_usage(FILE *, const struct option_def *);

#endif /* BASE_OPTIONS_H */
