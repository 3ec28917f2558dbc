/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed_command.h - the program of a table: what it is, and becoming it.
 */
#ifndef CONDITION_FEED_COMMAND_H
#define CONDITION_FEED_COMMAND_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "config/conf.h"

#define FEED_WHY_MAX	512	/* what is wrong, in one line */

/* A program to be run, and how to read what it prints. */
struct feed_command {
	struct buf	 args;		/* strings, each with its NUL */
	const char	*other;		/* NULL, or tried when args' first is
					   not there */
	struct buf	 input;		/* its standard input */
	struct buf	 env;		/* empty, or one "NAME=VALUE", NUL */
	bool		 escaped;	/* of feed_database_rows() */
};

/*
 * The program of a table that is one (exec:, database:).  0, or -1 with why, or
 * "" without memory; feed_command_free() in either case.
 */
int	feed_command(const struct conf *, const struct conf_table *,
	    struct feed_command *, char why[FEED_WHY_MAX]);
void	feed_command_free(struct feed_command *);	/* what is in it */

/*
 * Path number i of those under which the program may be, in the order in which
 * they are tried; names without a slash are for PATH.  False: no more.
 */
#define FEED_PATH_MAX	64
bool	feed_command_path(const struct feed_command *, size_t i,
	    char path[FEED_PATH_MAX]);
/* The strings of b, and behind them those of rest; free() it.  NULL: memory. */
char	**feed_command_vector(const struct buf *b, char **rest);

#endif /* CONDITION_FEED_COMMAND_H */
