/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed_internal.h - what feed.c, feed_program.c and feed_database.c share.
 */
#ifndef CONDITION_FEED_INTERNAL_H
#define CONDITION_FEED_INTERNAL_H

#include "compat.h"

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "condition/feed_command.h"
#include "config/conf.h"
#include "event/loop.h"
#include "net/launch.h"

/* --- feed_program.c ------------------------------------------------------ */

struct feed_program;
/*
 * The program is over.  why NULL: with success, len bytes in text; else what is
 * wrong.  The function may change the text, start the next program, or free the
 * struct.
 */
typedef void feed_program_fn(char *text, size_t len, const char *why,
	    void *arg);

/* Zeroed before its first use. */
struct feed_program {
	struct loop_child child;	/* loop NULL: none of ours */
	struct launch_query query;	/* launch NULL: none of its */
	struct loop_io	 out;
	struct loop_io	 err;
	struct loop_timer timer;
	struct buf	 text;
	struct buf	 said;		/* the beginning of what err gave */
	bool		 full;		/* text is too long */
	feed_program_fn	*fn;
	void		*arg;
};

/*
 * Runs a program in a process group of its own, for at most limit_ms; fn is
 * called once, from the loop.  Returns 0, or -1 with why: then it will not be
 * called.
 */
int	feed_program_start(struct feed_program *, struct loop *,
	    const struct feed_command *, unsigned limit_ms, feed_program_fn *,
	    void *arg, char why[FEED_WHY_MAX]);
/* The same for a table of conf, or netstat(1) for NULL, by the launcher. */
int	feed_program_launch(struct feed_program *, struct loop *,
	    struct launch *, const struct conf *, const struct conf_table *,
	    unsigned limit_ms, feed_program_fn *, void *arg,
	    char why[FEED_WHY_MAX]);
/* Kills its group; no call comes.  None under way: no effect. */
void	feed_program_stop(struct feed_program *);

/* --- feed_database.c ----------------------------------------------------- */

/*
 * How the client program of conf's database is asked.  Returns 0, or -1 with
 * why, or "" without memory; feed_command_free() in either case.
 */
int	feed_database_command(const struct conf *, const char *select,
	    struct feed_command *, char why[FEED_WHY_MAX]);
/*
 * Makes rows of "KEY TAB VALUE" of what the client has printed, in place: no
 * control character is in them, later columns are left out.  Returns the new
 * length.  escaped: as mysql and COPY of PostgreSQL write; else the columns end
 * with \037 and the rows with \036.
 */
size_t	feed_database_rows(char *text, size_t len, bool escaped);

#endif /* CONDITION_FEED_INTERNAL_H */
