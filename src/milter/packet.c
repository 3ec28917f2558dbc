/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * packet.c - take frames and payloads apart.
 * Owns:      the rules by which a frame or a payload is good.
 * Called by: the manager and the tools for all that they read.
 * Must not:  allocate, keep anything, or read outside of the given bytes.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "milter/packet.h"
#include "milter/packet_internal.h"

uint32_t
packet_u32(const unsigned char *p)
{
	return ((uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | (uint32_t)p[3]);
}

enum packet_error
packet_next(const void *p, size_t n, size_t max, struct packet *out)
{
	const unsigned char *c = p;
	size_t len;

	memset(out, 0, sizeof(*out));
	if (n < MILTER_LEN_BYTES)
		return (PACKET_MORE);
	len = packet_u32(c);
	if (len == 0)
		return (PACKET_LEN_ZERO);
	/* The second test matters where size_t has 32 bits. */
	if (len - 1 > max || len > SIZE_MAX - MILTER_LEN_BYTES)
		return (PACKET_LEN_LIMIT);
	out->size = MILTER_LEN_BYTES + len;
	if (n < out->size)
		return (PACKET_MORE);
	out->code = c[MILTER_LEN_BYTES];
	out->data = c + MILTER_LEN_BYTES + 1;
	out->len = len - 1;
	return (PACKET_OK);
}

/*
 * The string at *pos, which moves behind its NUL.  PACKET_SHORT when there is
 * no byte left for one.
 */
static enum packet_error
packet_take_string(const struct packet *p, size_t *pos, const char **s,
    size_t *len)
{
	const unsigned char *nul;

	if (*pos >= p->len)
		return (PACKET_SHORT);
	nul = memchr(p->data + *pos, '\0', p->len - *pos);
	if (nul == NULL)
		return (PACKET_NO_NUL);
	*s = (const char *)(p->data + *pos);
	*len = (size_t)(nul - (p->data + *pos));
	*pos += *len + 1;
	return (PACKET_OK);
}

enum packet_error
packet_get_connect(const struct packet *p, struct packet_connect *out)
{
	enum packet_error error;
	size_t len, pos = 0;

	memset(out, 0, sizeof(*out));
	if (p->len == 0)
		return (PACKET_EMPTY);
	error = packet_take_string(p, &pos, &out->host, &len);
	if (error != PACKET_OK)
		return (error);
	if (pos == p->len)
		return (PACKET_SHORT);
	out->family = (char)p->data[pos++];
	out->address = "";
	switch (out->family) {
	case SMFIA_UNKNOWN:
		/* libmilter does not look behind this family; nor do we. */
		return (PACKET_OK);
	case SMFIA_UNIX:
	case SMFIA_INET:
	case SMFIA_INET6:
		break;
	default:
		return (PACKET_FAMILY);
	}
	if (p->len - pos < 2)
		return (PACKET_SHORT);
	out->port = (uint16_t)(p->data[pos] << 8 | p->data[pos + 1]);
	pos += 2;
	error = packet_take_string(p, &pos, &out->address, &len);
	if (error != PACKET_OK)
		return (error);
	return (pos == p->len ? PACKET_OK : PACKET_TRAILING);
}

enum packet_error
packet_get_string(const struct packet *p, const char **s)
{
	enum packet_error error;
	size_t len, pos = 0;

	if (p->len == 0) {
		if (p->code != SMFIR_QUARANTINE)
			return (PACKET_EMPTY);
		*s = "";
		return (PACKET_OK);
	}
	error = packet_take_string(p, &pos, s, &len);
	if (error != PACKET_OK)
		return (error);
	return (pos == p->len ? PACKET_OK : PACKET_TRAILING);
}

const char *
packet_next_string(const struct packet *p, size_t *pos)
{
	const char *s;
	size_t len;

	if (packet_take_string(p, pos, &s, &len) != PACKET_OK) {
		/* Only a macro frame can have an unfinished end. */
		*pos = p->len;
		return (NULL);
	}
	return (s);
}

enum packet_error
packet_get_header(const struct packet *p, struct packet_header *out)
{
	enum packet_error error;
	size_t pos = 0;

	memset(out, 0, sizeof(*out));
	if (p->len == 0)
		return (PACKET_EMPTY);
	if (p->code == SMFIR_INSHEADER || p->code == SMFIR_CHGHEADER) {
		if (p->len < 4)
			return (PACKET_SHORT);
		out->index = packet_u32(p->data);
		pos = 4;
	}
	error = packet_take_string(p, &pos, &out->name, &out->namelen);
	if (error != PACKET_OK)
		return (error);
	error = packet_take_string(p, &pos, &out->value, &out->valuelen);
	if (error != PACKET_OK)
		return (error);
	if (pos != p->len)
		return (PACKET_TRAILING);
	return (out->namelen > 0 ? PACKET_OK : PACKET_NAME_EMPTY);
}

enum packet_error
packet_get_macro(const struct packet *p, int *stage)
{
	const char *s;
	enum packet_error error;
	size_t len, pos = 1;

	if (p->len == 0)
		return (PACKET_EMPTY);
	while (pos < p->len) {
		error = packet_take_string(p, &pos, &s, &len);
		if (error != PACKET_OK)
			return (error);
		if (len == 0)
			return (PACKET_NAME_EMPTY);
		error = packet_take_string(p, &pos, &s, &len);
		if (error != PACKET_OK)
			return (error);
	}
	*stage = p->data[0];
	return (PACKET_OK);
}

/* One string, perhaps a second; nothing behind. */
static enum packet_error
packet_check_params(const struct packet *p)
{
	const char *s;
	enum packet_error error;
	size_t len, pos = 0;

	if (p->len == 0)
		return (PACKET_EMPTY);
	error = packet_take_string(p, &pos, &s, &len);
	if (error == PACKET_OK && pos < p->len)
		error = packet_take_string(p, &pos, &s, &len);
	if (error == PACKET_OK && pos < p->len)
		error = PACKET_TRAILING;
	return (error);
}

static enum packet_error
packet_check_shape(const struct packet *p, const struct packet_kind *kind)
{
	struct packet_connect connect;
	struct packet_header header;
	const char *s;
	int code;

	if (kind == NULL)
		return (PACKET_UNKNOWN);
	switch ((enum packet_shape)kind->shape) {
	case PACKET_SHAPE_ANY:
		return (PACKET_OK);
	case PACKET_SHAPE_NONE:
		return (p->len == 0 ? PACKET_OK : PACKET_NOT_EMPTY);
	case PACKET_SHAPE_BYTES:
		return (p->len > 0 ? PACKET_OK : PACKET_EMPTY);
	case PACKET_SHAPE_STRING:
	case PACKET_SHAPE_REASON:
		return (packet_get_string(p, &s));
	case PACKET_SHAPE_STRINGS:
		if (p->len == 0)
			return (PACKET_EMPTY);
		return (p->data[p->len - 1] == '\0' ? PACKET_OK :
		    PACKET_NO_NUL);
	case PACKET_SHAPE_PARAMS:
		return (packet_check_params(p));
	case PACKET_SHAPE_HEADER:
	case PACKET_SHAPE_INDEXED:
		return (packet_get_header(p, &header));
	case PACKET_SHAPE_CONNECT:
		return (packet_get_connect(p, &connect));
	case PACKET_SHAPE_OPTNEG:
		if (p->len == 0)
			return (PACKET_EMPTY);
		return (p->len >= MILTER_OPTLEN ? PACKET_OK : PACKET_SHORT);
	case PACKET_SHAPE_REPLYCODE:
		return (packet_get_replycode(p, &code));
	case PACKET_SHAPE_BOGUS:
		break;
	}
	return (PACKET_UNKNOWN);
}

enum packet_error
packet_check_command(const struct packet *p)
{
	return (packet_check_shape(p, packet_find_command(p->code)));
}

enum packet_error
packet_check_reply(const struct packet *p)
{
	return (packet_check_shape(p, packet_find_reply(p->code)));
}
