/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * buf.h - a growing run of bytes, taken from its front.
 *
 * The bytes are b->data[b->off] .. b->data[b->off + b->len - 1]; use
 * buf_ptr().  An all-zero struct buf is a valid empty one that owns no memory.
 * Functions that may need memory return 0, or -1 (NULL) with the buffer
 * unchanged.  Consuming the last byte keeps the memory; buf_trim() gives it
 * back, which owners do when they go idle.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "compat.h"

#include <stddef.h>
#include <stdint.h>

struct buf {
	unsigned char	*data;
	size_t		 off;
	size_t		 len;
	size_t		 cap;
};

/* Frees the memory and makes *b an empty buffer. */
void	buf_free(struct buf *b);

/* Frees the memory of a buffer that is empty; else does nothing. */
void	buf_trim(struct buf *b);

/* Makes it empty, keeps the memory. */
void	buf_clear(struct buf *b);

/* The first of b->len bytes; never NULL-dereferenced when len is 0. */
unsigned char *buf_ptr(const struct buf *b);

/* Room for n more bytes behind the last one, or NULL; then buf_commit(). */
unsigned char *buf_reserve(struct buf *b, size_t n);
void	buf_commit(struct buf *b, size_t n);

/* Appends. */
int	buf_add(struct buf *b, const void *data, size_t n);
int	buf_add_u8(struct buf *b, unsigned v);
int	buf_add_u32(struct buf *b, uint32_t v);		/* big-endian */
int	buf_add_str(struct buf *b, const char *s);	/* with its NUL */
int	buf_printf(struct buf *b, const char *fmt, ...) COMPAT_PRINTF(2, 3);
					/* without a NUL */

/* Takes n <= b->len bytes from the front. */
void	buf_consume(struct buf *b, size_t n);

#endif /* BASE_BUF_H */
