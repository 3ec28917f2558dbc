/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * start_internal.h - what start scripts start: the platforms to each other.
 *
 * Without memory each of these says so in env.
 */
#ifndef DETECT_START_INTERNAL_H
#define DETECT_START_INTERNAL_H

#include "compat.h"

#include "detect/detect_internal.h"

/*
 * A new service whose variables, none yet, are found by their own names.  NULL
 * without memory.
 */
struct service *start_service(struct detect_env *, const struct detect_row *,
	    const char *name, const char *script);
/* Appends what a pattern of root_glob() is like. */
void	start_glob(struct detect_env *, struct conf_list *, const char *format,
	    ...) COMPAT_PRINTF(3, 4);
/* True for a file, or a link wherever it leads to. */
bool	start_is_there(struct detect_env *, const char *path);
/* Follows a file of variables or a script; that there is none is no fault. */
void	start_source(struct detect_env *, struct service *, const char *path);
/*
 * The same with $0 and $1 (NULL: none); the first command of it that starts a
 * daemon sets the service's argv.
 */
void	start_script(struct detect_env *, struct service *, const char *path,
	    const char *argument);
/* A text for the shell, with what the script has defined, in the same way. */
void	start_text(struct service *, const char *file, unsigned line,
	    const char *text);
/*
 * argv from the first of the variables that is set, with the words of all the
 * options, unless it is known already.  Both end in NULL.
 */
void	start_variables(struct detect_env *, struct service *,
	    const char *const *command, const char *const *options);
/* The command that starts it, and its arguments; second may be NULL. */
void	start_by(struct detect_env *, struct service *, const char *command,
	    const char *first, const char *second);
/* Whether it is enabled, and what said so; path NULL: no file. */
void	start_enabled(struct detect_env *, struct service *,
	    enum detect_enabled, const char *text, const char *path,
	    unsigned line);

/* --- sysv.c, for systemd.c ------------------------------------------------ */

bool	sysv_exists(struct detect_env *, const char *script);
/* Looks in init.d; mask is the unit that keeps systemd from it, or NULL. */
void	sysv_look(struct detect_env *, const struct detect_row *,
	    const char *mask);

#endif /* DETECT_START_INTERNAL_H */
