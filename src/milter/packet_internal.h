/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * packet_internal.h - what the packet_*.c files share.
 */
#ifndef MILTER_PACKET_INTERNAL_H
#define MILTER_PACKET_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "milter/packet.h"

/* The form of a payload. */
enum packet_shape {
	PACKET_SHAPE_ANY,	/* nothing to check, may be empty */
	PACKET_SHAPE_NONE,	/* must be empty */
	PACKET_SHAPE_BYTES,	/* at least one byte */
	PACKET_SHAPE_STRING,	/* one string */
	PACKET_SHAPE_REASON,	/* one string, or nothing at all */
	PACKET_SHAPE_STRINGS,	/* one or more strings */
	PACKET_SHAPE_PARAMS,	/* one string, perhaps a second */
	PACKET_SHAPE_HEADER,	/* name, value */
	PACKET_SHAPE_INDEXED,	/* u32, name, value */
	PACKET_SHAPE_CONNECT,
	PACKET_SHAPE_OPTNEG,
	PACKET_SHAPE_REPLYCODE,
	PACKET_SHAPE_BOGUS	/* has a name and is never right */
};

/* The row of a code, or NULL. */
struct packet_kind {
	unsigned char		 code;
	unsigned char		 shape;
	const char		*name;
};
const struct packet_kind *packet_find_command(int code);
const struct packet_kind *packet_find_reply(int code);

/* A big-endian number. */
uint32_t packet_u32(const unsigned char *);

/*
 * The start of a frame with a payload of len bytes in dst: the place of the
 * payload, to be filled by the caller; then packet_commit() with the same
 * len, or a smaller one.  NULL when out of memory or above PACKET_ADD_MAX.
 */
#define PACKET_ADD_MAX	0x7fffffffu
unsigned char *packet_begin(struct buf *dst, size_t len);
void	packet_commit(struct buf *dst, int code, size_t len);

#endif /* MILTER_PACKET_INTERNAL_H */
