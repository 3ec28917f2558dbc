/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * body.h - bytes of a message body, in memory up to a limit, then in an
 * unlinked file.
 */
#ifndef MESSAGE_BODY_H
#define MESSAGE_BODY_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Zeroed is an empty body without settings: body_init() first. */
struct body {
	struct buf	 mem;		/* all of it, while there is no file */
	int		 fd;		/* -1: in memory */
	uint64_t	 size;
	unsigned char	 last;		/* its last byte; 0 while it is empty */
	size_t		 memory_limit;
	const char	*directory;	/* the caller's, lives as long */
};

void	body_init(struct body *, size_t memory_limit, const char *directory);
/* Empties it and closes the file; still usable afterwards. */
void	body_clear(struct body *);

/*
 * Appends.  0, or -1 with errno (out of memory, the file could not be made or
 * written, ENOSPC); the body is then as before.
 */
int	body_append(struct body *, const void *data, size_t len);

/*
 * The same for a piece of a body that a milter made: an LF that follows no CR
 * gets one, as both MTAs have it, also where two pieces meet.  After a failure
 * a part of it may be there.
 */
int	body_append_lines(struct body *, const void *data, size_t len);

/*
 * Up to want bytes from offset off < size: *data points to them and lives until
 * the next call on any body.  Returns how many (at least 1), or -1 with errno.
 */
ssize_t	body_read(const struct body *, uint64_t off, size_t want,
	    const unsigned char **data);

#endif /* MESSAGE_BODY_H */
