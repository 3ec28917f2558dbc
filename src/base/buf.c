/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * buf.c - a growing run of bytes, taken from its front.
 * Owns:      how the memory of a buffer grows and is given back.
 * Called by: everyone who collects bytes.
 * Must not:  know what the bytes mean, or limit them: that is the owner's.
 */
#include "compat.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

#define BUF_MIN		256u		/* the first allocation */

/* What an empty buffer without memory points at. */
static unsigned char buf_nothing[1];

void
buf_free(struct buf *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

void
buf_trim(struct buf *b)
{
	if (b->len == 0)
		buf_free(b);
}

void
buf_clear(struct buf *b)
{
	b->off = 0;
	b->len = 0;
}

unsigned char *
buf_ptr(const struct buf *b)
{
	return (b->data != NULL ? b->data + b->off : buf_nothing);
}

unsigned char *
buf_reserve(struct buf *b, size_t n)
{
	unsigned char *data;
	size_t cap, need;

	if (b->data != NULL && n <= b->cap - b->off - b->len)
		return (b->data + b->off + b->len);
	if (n > SIZE_MAX / 2 - b->len)
		return (NULL);
	need = b->len + n;
	/*
	 * Move down rather than grow, but only as many bytes as were taken from
	 * the front since: so moving stays cheaper than what was consumed.
	 */
	if (b->data != NULL && need <= b->cap && b->off >= b->len) {
		memmove(b->data, b->data + b->off, b->len);
		b->off = 0;
		return (b->data + b->len);
	}
	cap = b->cap > BUF_MIN ? b->cap : BUF_MIN;
	while (cap < need)
		cap *= 2;
	if (cap == b->cap) {
		if (cap > SIZE_MAX / 2)
			return (NULL);
		cap *= 2;
	}
	/* A new block, not realloc(3): what is before off is not copied. */
	data = malloc(cap);
	if (data == NULL)
		return (NULL);
	if (b->data != NULL && b->len > 0)
		memcpy(data, b->data + b->off, b->len);
	free(b->data);
	b->data = data;
	b->off = 0;
	b->cap = cap;
	return (data + b->len);
}

void
buf_commit(struct buf *b, size_t n)
{
	b->len += n;
}

int
buf_add(struct buf *b, const void *data, size_t n)
{
	unsigned char *to;

	if (n == 0)
		return (0);
	to = buf_reserve(b, n);
	if (to == NULL)
		return (-1);
	memcpy(to, data, n);
	b->len += n;
	return (0);
}

int
buf_add_u8(struct buf *b, unsigned v)
{
	unsigned char c = (unsigned char)(v & 0xffu);

	return (buf_add(b, &c, 1));
}

int
buf_add_u32(struct buf *b, uint32_t v)
{
	unsigned char c[4];

	c[0] = (unsigned char)(v >> 24);
	c[1] = (unsigned char)(v >> 16 & 0xffu);
	c[2] = (unsigned char)(v >> 8 & 0xffu);
	c[3] = (unsigned char)(v & 0xffu);
	return (buf_add(b, c, sizeof(c)));
}

int
buf_add_str(struct buf *b, const char *s)
{
	return (buf_add(b, s, strlen(s) + 1));
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	unsigned char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return (-1);
	/* One more byte for the NUL, which does not become part of it. */
	to = buf_reserve(b, (size_t)n + 1);
	if (to == NULL)
		return (-1);
	va_start(ap, fmt);
	n = vsnprintf((char *)to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return (-1);
	b->len += (size_t)n;
	return (0);
}

void
buf_consume(struct buf *b, size_t n)
{
	b->off += n;
	b->len -= n;
	if (b->len == 0)
		b->off = 0;
}

#undef BUF_MIN
