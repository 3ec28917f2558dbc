/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * systemd_internal.h - the text of units, for systemd.c and its tests.
 *
 * Everything here takes any bytes: what systemd would ignore is ignored, and
 * nothing is a fault.
 */
#ifndef DETECT_SYSTEMD_INTERNAL_H
#define DETECT_SYSTEMD_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "detect/sh.h"

/* One assignment; section is "" in a file of variables. */
typedef void unit_assign(const char *section, const char *key,
	    const char *value, unsigned line, void *arg);

/*
 * A unit, with its continued lines and comments.  Both return 0, or -1 without
 * memory, and call assign for each assignment in their order.
 */
int	unit_read(const char *text, size_t len, unit_assign *, void *arg);
/* What EnvironmentFile= names: quotes are read, $x is not expanded. */
int	unit_read_environment(const char *text, size_t len, unit_assign *,
	    void *arg);

/* "opendkim@two" and ".service": what the specifiers are made of. */
struct unit_names {
	char		 name[256];
	const char	*suffix;
};

/*
 * Appends the words of a value: quotes and escapes are read, with names its
 * specifiers are expanded, and with vars $x (which is none or many words) and
 * ${x}.  A word with something in it that only systemd knows has no text.
 * Returns 0, or -1 without memory.
 */
int	unit_words(const char *value, const struct unit_names *,
	    const struct sh *vars, struct sh_words *, const char *file,
	    unsigned line);
/*
 * The same for a value that is one word, without quotes.  NULL when it is not
 * known, or without memory, which sets no_memory; free(3) it.
 */
char	*unit_word(const char *value, const struct unit_names *,
	    bool *no_memory);
/* Whether that can be the name of a variable. */
bool	unit_is_name(const char *, size_t len);

#endif /* DETECT_SYSTEMD_INTERNAL_H */
