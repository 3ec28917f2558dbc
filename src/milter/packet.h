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
	PACKET_SHORT,		/* a field is missing or cut off */
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
 * frame has, or 0 while its length is not known yet.  A bad length word is
 * told as soon as its four bytes are there.  On any error *out is zero but for
 * that size.
 */
enum packet_error packet_next(const void *p, size_t n, size_t max,
	    struct packet *out);

/*
 * Appends a whole frame.  0, or -1 when out of memory or above 2 GiB (nothing
 * appended).  The payload must not lie in that buffer: growing moves it.  All
 * other appenders are the same in both.
 */
int	packet_add(struct buf *, int code, const void *payload, size_t len);

/* SMFIC_BODY etc. as a word ("SMFIC_BODY"); "0xNN" forms for others go to a
 * static table, so the result stays valid. */
const char *packet_command_name(int code);
const char *packet_reply_name(int code);

/*
 * Checks the payload of a command that came from an MTA, or of a reply that
 * came from a milter, for its form: all that the decoders below check.
 * PACKET_UNKNOWN for other codes, and for the replies f and l, which are names
 * only.
 *
 * Commands are taken liberally: those without a use for a payload (A E K N Q T)
 * may have one.  Macro frames with an odd stage or shape are good here as long
 * as there is a stage byte (libmilter drops them silently; so do we, later).
 * Replies are taken as Postfix does: c a r t d p s 4 with a payload are
 * PACKET_NOT_EMPTY, h i m have no bytes behind the value.  Only a QUARANTINE
 * without payload is good: an empty reason, as in Sendmail.  For an option
 * frame only the three numbers are checked to be there; see option.h.
 */
enum packet_error packet_check_command(const struct packet *);
enum packet_error packet_check_reply(const struct packet *);

/*
 * CONNECT.  Address text is not looked at: children judge it.  Bytes behind
 * SMFIA_UNKNOWN are ignored, as libmilter does.
 */
struct packet_connect {
	const char	*host;
	char		 family;	/* SMFIA_* */
	uint16_t	 port;
	const char	*address;	/* "" for SMFIA_UNKNOWN */
};
enum packet_error packet_get_connect(const struct packet *,
	    struct packet_connect *);

/*
 * One string: HELO, UNKNOWN, QUARANTINE, ADDRCPT, DELRCPT.  "" for a QUARANTINE
 * without payload.
 */
enum packet_error packet_get_string(const struct packet *, const char **);

/*
 * Strings back to back (MAIL, RCPT, ADDRCPT_PAR, CHGFROM, macro pairs).
 * Start with *pos 0 (1 for macros); NULL at the end.  Only for a payload that
 * packet_check_*() passed.  An end without NUL, which only a macro frame can
 * have, is left out.
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

/*
 * MACRO: the stage byte, whatever it is; the pairs then follow from *pos = 1.
 * PACKET_NO_NUL, PACKET_SHORT (a name without value), and PACKET_NAME_EMPTY are
 * for frames to be dropped, not for ending the session.
 */
enum packet_error packet_get_macro(const struct packet *, int *stage);

/*
 * REPLYCODE: the three-digit code when the text is a well-formed reply, one or
 * many lines: 4xx or 5xx, a space behind it on the last line and '-' on the
 * others, every line the same code, any digit behind that its class, CRLF
 * between lines and nowhere else, one NUL at the end.  '%' is text.
 */
enum packet_error packet_get_replycode(const struct packet *, int *code);

/* Appenders for what we make ourselves.  0 or -1. */
int	packet_add_empty(struct buf *, int code);
int	packet_add_string(struct buf *, int code, const char *);
int	packet_add_connect(struct buf *, const struct packet_connect *);
int	packet_add_strings(struct buf *, int code, const char *const *,
	    size_t n);
/* index for INSHEADER and CHGHEADER only */
int	packet_add_header(struct buf *, int code, uint32_t index,
	    const char *name, const char *value);
int	packet_add_macros(struct buf *, int stage,
	    const char *const *names_and_values, size_t npairs);

#endif /* MILTER_PACKET_H */
