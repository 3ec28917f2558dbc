/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * table.h - what is in a table: entries that are looked up, from the lines of a
 * file or of a program's output.  Reads no file itself.
 */
#ifndef CONFIG_TABLE_H
#define CONFIG_TABLE_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/network.h"

#define TABLE_BYTES_MAX		(64u * 1024u * 1024u)	/* of all its text */
#define TABLE_LINE_MAX		65536	/* with what continues it */
#define TABLE_VALUE_MAX		1024		/* with the NUL; cut there */
#define TABLE_WHY_MAX		256

/*
 * TABLE_LIST	A line is a key, and behind blanks its value, which may be
 *		missing.  Also what exec: gives.  Keys are compared byte by
 *		byte, letters of either case (ASCII) alike.
 * TABLE_ROWS	The same of a database: a line is a key, and behind a tab its
 *		value, which may be missing.  No other byte is special: a key
 *		may have blanks and begin with "#", no line continues another
 *		one.  A line without a key is nothing.
 * TABLE_CIDR	Postfix's cidr_table(5): NETWORK RESULT, "!", if/endif.  An
 *		address is looked up; the first line that has it counts.
 * TABLE_REGEXP	Postfix's regexp_table(5): /PATTERN/flags RESULT, "!",
 *		if/endif, $1 in the result; letters of either case alike unless
 *		the flag i turns that off.  The first line that matches counts.
 *
 * In all others: "#" begins a comment line, blank lines are nothing, a line
 * that begins with a blank continues the one before it.  A line of cidr: or
 * regexp: without a result is an error in Postfix; here its value is "".
 */
enum table_kind {
	TABLE_LIST,
	TABLE_ROWS,
	TABLE_CIDR,
	TABLE_REGEXP
};

struct table;

/*
 * Reads all of a text.  Every fault is handed to report with its line (from 1;
 * 0: the text as a whole); at most 20 of them, then one that says how many
 * more.  Returns NULL when there was one: a table is taken whole or not at all.
 */
struct table *table_new(enum table_kind, const char *text, size_t len,
	    void (*report)(unsigned line, const char *why, void *arg),
	    void *arg);
struct table *table_ref(struct table *);
void	table_free(struct table *);		/* the last one; NULL: fine */
size_t	table_count(const struct table *);	/* entries */

/*
 * Looks up a key: of a TABLE_CIDR address must be there (a key that is no
 * address is in none: NULL).  Returns whether there is an entry, with its value
 * in value unless that is NULL.
 */
bool	table_find(const struct table *, const char *key, size_t len,
	    const struct network_address *address,
	    char value[TABLE_VALUE_MAX]);

#endif /* CONFIG_TABLE_H */
