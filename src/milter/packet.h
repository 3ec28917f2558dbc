/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * packet.h - frames, and the payloads of every command and reply, both ways.
 *
 * Pure: touches no socket, keeps nothing, allocates only in a caller's buf.
 * What it decodes points into the caller's bytes and lives as long as they do.
 * Strings inside a payload end in NUL there, so they may be used as C
 * strings.  A malformed payload is an error with a name, never a guess.
 */
#ifndef MILTER_PACKET_H
#define MILTER_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "milter/wire.h"

/* Why bytes are not a good frame or payload; 0 is good. */
enum packet_error {
	PACKET_OK = 0,
	PACKET_MORE,		/* the frame is not complete yet */
	PACKET_LEN_ZERO,	/* a length word of 0 */
	PACKET_LEN_LIMIT,	/* a length word above the caller's limit */
	PACKET_EMPTY,		/* the payload is missing */
	PACKET_NOT_EMPTY,	/* a payload where there must be none */
	PACKET_NO_NUL,		/* a string does not end in NUL */
	PACKET_SHORT,		/* fixed fields are cut off */
	PACKET_TRAILING,	/* bytes behind the last field */
	PACKET_FAMILY,		/* CONNECT: an unknown address family */
	PACKET_NAME_EMPTY,	/* a header or macro without a name */
	PACKET_REPLYCODE,	/* REPLYCODE: no well-formed SMTP reply */
	PACKET_VERSION,		/* OPTNEG: a version below 2 */
	PACKET_UNKNOWN		/* a code that the protocol lacks */
};
const char *packet_strerror(enum packet_error);	/* short, lower case */

struct packet {
	unsigned char		 code;
	const unsigned char	*data;		/* payload */
	size_t			 len;		/* of the payload */
	size_t			 size;		/* of the whole frame */
};

/*
 * Looks at the first frame in the n bytes at p.  max bounds the payload.
 * PACKET_OK fills *out.  PACKET_MORE: out->size says how many bytes the
 * frame has, or 0 while its length is not known yet.
 */
enum packet_error packet_next(const void *p, size_t n, size_t max,
	    struct packet *out);

/* Appends a whole frame.  0, or -1 when out of memory (nothing appended). */
int	packet_add(struct buf *, int code, const void *payload, size_t len);

/* SMFIC_BODY etc. as a word ("SMFIC_BODY"); "0xNN" forms for others go to a
 * static table, so the result stays valid. */
const char *packet_command_name(int code);
const char *packet_reply_name(int code);

/*
 * Checks the payload of a command that came from an MTA, or of a reply that
 * came from a milter, for its form: all that the decoders below check.
 * PACKET_UNKNOWN for other codes.  Macro frames with an odd stage or shape are
 * good here (libmilter drops them silently; so do we, later).  Replies without
 * payload (c a r t d p s 4) that carry one: PACKET_NOT_EMPTY, as in Postfix.
 */
enum packet_error packet_check_command(const struct packet *);
enum packet_error packet_check_reply(const struct packet *);

/* CONNECT. */
struct packet_connect {
	const char	*host;
	char		 family;	/* SMFIA_* */
	uint16_t	 port;
	const char	*address;	/* "" for SMFIA_UNKNOWN */
};
enum packet_error packet_get_connect(const struct packet *,
	    struct packet_connect *);

/* One string: HELO, UNKNOWN, QUARANTINE, ADDRCPT, DELRCPT. */
enum packet_error packet_get_string(const struct packet *, const char **);

/*
 * Strings back to back (MAIL, RCPT, ADDRCPT_PAR, CHGFROM, macro pairs).
 * Start with *pos 0; NULL at the end.  Only for a payload that
 * packet_check_*() passed.
 */
const char *packet_next_string(const struct packet *, size_t *pos);

/* HEADER, ADDHEADER, INSHEADER, CHGHEADER (index 0 where there is none). */
struct packet_header {
	uint32_t	 index;
	const char	*name;
	const char	*value;
	size_t		 namelen;
	size_t		 valuelen;
};
enum packet_error packet_get_header(const struct packet *,
	    struct packet_header *);

/* MACRO: the stage byte; the pairs then follow from *pos = 1. */
enum packet_error packet_get_macro(const struct packet *, int *stage);

/*
 * REPLYCODE: the three-digit code when the text is a well-formed reply, one or
 * many lines (rules of milter-protocol 5.3: digits 4xx/5xx, space or '-' behind
 * them, an enhanced code of the same class, final NUL, every line the same code).
 */
enum packet_error packet_get_replycode(const struct packet *, int *code);

/* Appenders for what we make ourselves.  0 or -1. */
int	packet_add_empty(struct buf *, int code);
int	packet_add_string(struct buf *, int code, const char *);
int	packet_add_connect(struct buf *, const struct packet_connect *);
int	packet_add_strings(struct buf *, int code, const char *const *,
	    size_t n);
int	packet_add_header(struct buf *, int code, uint32_t index,
	    const char *name, const char *value);	/* index for i, m only */
int	packet_add_macros(struct buf *, int stage,
	    const char *const *names_and_values, size_t npairs);

#endif /* MILTER_PACKET_H */
