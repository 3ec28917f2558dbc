/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * text.h - what the two test tools read and print alike: stages by name,
 * bytes as escaped text, frames as lines.
 */
#ifndef TOOL_TEXT_H
#define TOOL_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/spec.h"
#include "milter/packet.h"

/* In the order in which the test server sends them. */
enum text_stage {
	TEXT_NEGOTIATE,
	TEXT_CONNECT,
	TEXT_HELO,
	TEXT_MAIL,
	TEXT_RCPT,
	TEXT_UNKNOWN,
	TEXT_DATA,
	TEXT_HEADER,
	TEXT_EOH,
	TEXT_BODY,
	TEXT_EOM,
	TEXT_N
};

struct text_stage_info {
	const char	*name;		/* "rcpt" */
	unsigned char	 command;	/* SMFIC_* */
	uint32_t	 no;		/* SMFIP_NO* bit, or 0 */
	uint32_t	 nr;		/* SMFIP_NR_* bit, or 0 */
};
extern const struct text_stage_info text_stages[TEXT_N];

/*
 * Reads "STAGE" or "STAGE:K" from the first len bytes.  *k is left alone when
 * it is not there.  The stage, or -1.
 */
int	text_read_stage(const char *text, size_t len, unsigned *k);

/* Bytes with C escapes (\r \n \t \\ \xNN), so that it is one line. */
void	text_escape(FILE *, const void *, size_t);
/* Appends text with such escapes decoded.  0, or -1: bad escape, no memory. */
int	text_unescape(struct buf *, const char *);
/* Appends the bytes that pairs of hexadecimal digits stand for.  0 or -1. */
int	text_hex(struct buf *, const char *);

/* Appends what is in a file.  0, or -1 and errno. */
int	text_file(struct buf *, const char *path);

/* As spec_parse(); a path alone is that of a unix socket. */
int	text_read_spec(const char *text, struct spec *, char *why,
	    size_t whysize);

/* A frame without line end: its name, then its fields. */
void	text_packet(FILE *, bool command, const struct packet *);
/* The same as one line. */
void	text_frame(FILE *, const char *prefix, bool command,
	    const struct packet *);

/* As upstream names the bits, the lowest one first; NULL at the end. */
extern const char *const text_action_names[];
extern const char *const text_protocol_names[];

/* The words of the bits joined by '|'. */
void	text_actions(FILE *, uint32_t);
void	text_protocol(FILE *, uint32_t);

/* An address without its angle brackets: *text and the length. */
size_t	text_bare_address(const char **text);

/* The limit of open files as high as it may go: a session needs one. */
void	text_raise_files(void);

#endif /* TOOL_TEXT_H */
