/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * json.h - JSON (RFC 8259), written into a buffer and read from one.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/*
 * A text as a string with its quotes, in ASCII; what is no UTF-8 is U+FFFD;
 * NULL is null.  0, or -1 with a part of it added.
 */
int	json_add(struct buf *, const char *text);

/*
 * Values one behind the other, with the commas between them.  name is NULL in
 * an array and for the outermost value.  After a want of memory nothing more is
 * added, and failed stays true.
 */
struct json {
	struct buf	*out;
	bool		 more;		/* a comma is due before the next */
	bool		 failed;
};

void	json_open(struct json *, const char *name, char bracket);
void	json_close(struct json *, char bracket);
void	json_text(struct json *, const char *name, const char *value);
void	json_number(struct json *, const char *name, uint64_t value);
void	json_bool(struct json *, const char *name, bool value);
/* What is JSON already. */
void	json_raw(struct json *, const char *name, const char *value,
	    size_t len);

/* --- reading ------------------------------------------------------------- */

/*
 * A text that ends in NUL.  json_skip() goes over one value and the space
 * around it: NULL when there is none, or its brackets are more than 32 deep.
 * The others are for a text that it has accepted: json_next() goes from an
 * array or object (at NULL) or from one of its values to the next value, or to
 * NULL behind the last one; json_get() finds a member's value by its name,
 * which is plain, or NULL.
 */
const char *json_skip(const char *text);
const char *json_next(const char *in, const char *at);
const char *json_get(const char *object, const char *name);
/*
 * A string as it is, a number or a word as written, nothing for brackets, cut
 * to fit; bytes that a terminal would not show as a letter are '?'.
 * Returns dst.
 */
char	*json_read(const char *value, char *dst, size_t size);

#endif /* BASE_JSON_H */
