/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh.h - what the variables of a start script are, as sh(1) would set them,
 * without running anything.
 *
 * A script is followed command by command: assignments, quoting, every form of
 * ${x}, ":", ".", "[" and test, if, case, for over known words, functions that
 * it defines itself, eval, set, shift, export, readonly, local, unset, exit,
 * return.  Any other command does nothing, and whether it succeeds is not
 * known.  A value that only a shell can know (the output of a command, what was
 * set where a condition is not known) is SH_UNKNOWN with the reason, and so is
 * all that is made of it: nothing is guessed.
 *
 * Bounded: by SH_STEPS_MAX commands, SH_DEPTH_MAX nested ones, SH_VALUE_MAX
 * bytes of a value and SH_VARS_MAX variables; what is beyond is not known.  Any
 * bytes may come: a script that sh would not understand is understood as far
 * as it goes, and sh_fault() says where it ended.
 */
#ifndef DETECT_SH_H
#define DETECT_SH_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "detect/root.h"

#define SH_STEPS_MAX	20000
#define SH_DEPTH_MAX	32
#define SH_VALUE_MAX	8192
#define SH_VARS_MAX	4000

struct sh;

enum sh_known { SH_UNSET, SH_KNOWN, SH_UNKNOWN };

/* A value and the place that said so. */
struct sh_value {
	enum sh_known	 known;
	const char	*text;	/* "" unless SH_KNOWN; valid until it is set
				   again */
	const char	*why;	/* of SH_UNKNOWN: "the output of a command" */
	const char	*file;	/* lives as long as the root; NULL: nowhere */
	unsigned	 line;
};

struct sh_word {
	char		*text;	/* NULL: not known */
	const char	*file;
	unsigned	 line;
};

struct sh_words {
	struct sh_word	*item;
	size_t		 n;
};

/*
 * A command that the platform knows: its words, [0] is its name.  Returns the
 * exit status, SH_STATUS_UNKNOWN, SH_STATUS_NOT_MINE when it is not one of
 * them, or SH_STATUS_END when sh would not come back (run_rc_command).
 */
#define SH_STATUS_UNKNOWN	(-1)
#define SH_STATUS_NOT_MINE	(-2)
#define SH_STATUS_END		(-3)
typedef int sh_command(struct sh *, const struct sh_words *, void *arg);

/*
 * The root must live longer.  NULL without memory.  What is short of memory
 * later says so by root_short(), sh_free() at the latest.
 */
struct sh *sh_new(struct root *);
void	sh_free(struct sh *);		/* NULL: no effect */
void	sh_commands(struct sh *, sh_command *, void *arg);
/*
 * What `NAME ARGUMENTS` prints, when the platform knows (rc.subr's set_rcvar):
 * hands back a text, valid until the next call, or NULL: not known.
 */
typedef const char *sh_output(struct sh *, const struct sh_words *, void *arg);
void	sh_outputs(struct sh *, sh_output *, void *arg);
/* $0 and on; the strings are copied. */
void	sh_arguments(struct sh *, size_t n, const char *const *argument);

void	sh_set(struct sh *, const char *name, const char *text,
	    const char *file, unsigned line);
struct sh_value sh_get(const struct sh *, const char *name);
/* Calls each for every variable that is set or not known, by name. */
void	sh_each(const struct sh *,
	    void (*each)(const char *name, const struct sh_value *, void *arg),
	    void *arg);

/*
 * Follows the script of that path.  Returns 0, or -1 when it cannot be read
 * (see root_read()) or memory is out; what was set stays.
 */
int	sh_source(struct sh *, const char *path);
/* The same for a text; file and line are what its first line is said to be. */
int	sh_text(struct sh *, const char *file, unsigned line, const char *text,
	    size_t len);
/* How the last script ended early: "FILE:LINE: why", or NULL. */
const char *sh_fault(const struct sh *);

/*
 * A value as words, as an unquoted $value would be split by blanks: quotes in
 * it are bytes.  evaluate: as eval would take it, quotes are read, $x expanded.
 * Appends.
 */
void	sh_split(struct sh *, const struct sh_value *, bool evaluate,
	    struct sh_words *);
/* One more word; text NULL: not known.  Returns 0, or -1 without memory. */
int	sh_words_add(struct sh_words *, const char *text, const char *file,
	    unsigned line);
void	sh_words_free(struct sh_words *);

#endif /* DETECT_SH_H */
