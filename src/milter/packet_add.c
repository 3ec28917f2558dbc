/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * packet_add.c - put frames together at the end of a buffer.
 * Owns:      the writing of frames: all of one, or nothing.
 * Called by: whoever speaks to an MTA or a milter.
 * Must not:  judge what it is told to write, except its length.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "milter/packet.h"
#include "milter/packet_internal.h"

#define PACKET_ADD_HEAD	(MILTER_LEN_BYTES + 1)	/* length and code */

static unsigned char *
packet_add_u32(unsigned char *to, uint32_t v)
{
	to[0] = (unsigned char)(v >> 24);
	to[1] = (unsigned char)(v >> 16 & 0xffu);
	to[2] = (unsigned char)(v >> 8 & 0xffu);
	to[3] = (unsigned char)(v & 0xffu);
	return (to + 4);
}

/* Copies a string with its NUL, returns the place behind it. */
static unsigned char *
packet_add_copy(unsigned char *to, const char *s)
{
	size_t n = strlen(s) + 1;

	memcpy(to, s, n);
	return (to + n);
}

unsigned char *
packet_begin(struct buf *dst, size_t len)
{
	unsigned char *to;

	if (len > PACKET_ADD_MAX)
		return (NULL);
	to = buf_reserve(dst, PACKET_ADD_HEAD + len);
	return (to != NULL ? to + PACKET_ADD_HEAD : NULL);
}

void
packet_commit(struct buf *dst, int code, size_t len)
{
	unsigned char *to = buf_ptr(dst) + dst->len;

	to = packet_add_u32(to, (uint32_t)(len + 1));
	*to = (unsigned char)code;
	buf_commit(dst, PACKET_ADD_HEAD + len);
}

int
packet_add(struct buf *dst, int code, const void *payload, size_t len)
{
	unsigned char *to = packet_begin(dst, len);

	if (to == NULL)
		return (-1);
	if (len > 0)
		memcpy(to, payload, len);
	packet_commit(dst, code, len);
	return (0);
}

int
packet_add_empty(struct buf *dst, int code)
{
	return (packet_add(dst, code, NULL, 0));
}

int
packet_add_string(struct buf *dst, int code, const char *s)
{
	return (packet_add(dst, code, s, strlen(s) + 1));
}

/* n strings behind a first byte, when that is not negative. */
static int
packet_add_list(struct buf *dst, int code, int first,
    const char *const *strings, size_t n)
{
	unsigned char *to;
	size_t i, len = first >= 0 ? 1 : 0, more;

	for (i = 0; i < n; i++) {
		more = strlen(strings[i]) + 1;
		if (more > PACKET_ADD_MAX - len)
			return (-1);
		len += more;
	}
	to = packet_begin(dst, len);
	if (to == NULL)
		return (-1);
	if (first >= 0)
		*to++ = (unsigned char)first;
	for (i = 0; i < n; i++)
		to = packet_add_copy(to, strings[i]);
	packet_commit(dst, code, len);
	return (0);
}

int
packet_add_strings(struct buf *dst, int code, const char *const *strings,
    size_t n)
{
	return (packet_add_list(dst, code, -1, strings, n));
}

int
packet_add_macros(struct buf *dst, int stage,
    const char *const *names_and_values, size_t npairs)
{
	return (packet_add_list(dst, SMFIC_MACRO, stage & 0xff,
	    names_and_values, 2 * npairs));
}

int
packet_add_connect(struct buf *dst, const struct packet_connect *c)
{
	unsigned char *to;
	const char *address = c->address != NULL ? c->address : "";
	size_t hostlen = strlen(c->host), addresslen = strlen(address), len;

	if (hostlen > PACKET_ADD_MAX / 4 || addresslen > PACKET_ADD_MAX / 4)
		return (-1);
	len = hostlen + 2;
	if (c->family != SMFIA_UNKNOWN)
		len += 2 + addresslen + 1;
	to = packet_begin(dst, len);
	if (to == NULL)
		return (-1);
	to = packet_add_copy(to, c->host);
	*to++ = (unsigned char)c->family;
	if (c->family != SMFIA_UNKNOWN) {
		*to++ = (unsigned char)(c->port >> 8);
		*to++ = (unsigned char)(c->port & 0xffu);
		(void)packet_add_copy(to, address);
	}
	packet_commit(dst, SMFIC_CONNECT, len);
	return (0);
}

int
packet_add_header(struct buf *dst, int code, uint32_t index,
    const char *name, const char *value)
{
	unsigned char *to;
	size_t namelen = strlen(name), valuelen = strlen(value), len;
	bool indexed = code == SMFIR_INSHEADER || code == SMFIR_CHGHEADER;

	if (namelen > PACKET_ADD_MAX / 4 || valuelen > PACKET_ADD_MAX / 4)
		return (-1);
	len = (indexed ? 4 : 0) + namelen + 1 + valuelen + 1;
	to = packet_begin(dst, len);
	if (to == NULL)
		return (-1);
	if (indexed)
		to = packet_add_u32(to, index);
	to = packet_add_copy(to, name);
	(void)packet_add_copy(to, value);
	packet_commit(dst, code, len);
	return (0);
}

#undef PACKET_ADD_HEAD
