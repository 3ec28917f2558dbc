/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_matrix.h - what h_matrix.c and its oracle share.
 * Owns:      struct matrix_session, the kinds of faults, the letters.
 * Called by: h_matrix.c, h_matrix_oracle.h.
 * Must not:  know what is right.
 *
 * A letter stands for each thing that is sent, in the order of a session:
 *
 *	O C H U		negotiation, CONNECT, HELO, UNKNOWN
 *	M 1 2 T		MAIL, two recipients, DATA
 *	S F N B E	two header fields, end of header, body, end of message
 *	a x z		fields that the child of that name has added
 *	A Q		ABORT, QUIT
 *
 * The chain is a string of children: a and z do as they are told, A accepts the
 * message at its first field, x is the one that fails.
 */
#ifndef H_MATRIX_H
#define H_MATRIX_H

#include "compat.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "event/loop.h"
#include "milter/option.h"
#include "milter/packet.h"
#include "net/stream.h"

#define MATRIX_CHILDREN	3
#define MATRIX_LETTERS	"OCHUM12TSFNBE"

enum matrix_kind {
	KIND_NONE,
	KIND_REFUSED,		/* nobody listens on its socket */
	KIND_ABSENT,		/* there is no socket */
	KIND_CLOSE,
	KIND_GARBAGE,		/* a code that the protocol lacks */
	KIND_TEXT,		/* no frame at all */
	KIND_ZERO,		/* a frame of no bytes */
	KIND_CUT,		/* half a frame, and closed */
	KIND_LARGE,		/* a frame of 2 GiB */
	KIND_WRONG,		/* a reply that is illegal there */
	KIND_PAYLOAD,		/* a verdict with a payload */
	KIND_EDITS,		/* closed between its edits */
	KIND_PROGRESS,		/* closed behind a progress */
	KIND_LATER,		/* a good reply, then closed */
	KIND_TWICE,		/* two replies where one is due */
	KIND_STRAY,		/* reject where no reply is due */
	KIND_HANG,
	KIND_STALL,		/* half a frame, and nothing more */
	KIND_HANG_EDITS,	/* nothing more between its edits */
	KIND_HANG_PROGRESS,
	KIND_N
};

/* Where each of them can be, and whether it takes a timeout to see it. */
static const struct {
	const char	*name;
	const char	*letters;
	bool		 late;
} matrix_kinds[KIND_N] = {
	[KIND_NONE] = { "none", "", false },
	[KIND_REFUSED] = { "refused", "O", false },
	[KIND_ABSENT] = { "absent", "O", false },
	[KIND_CLOSE] = { "close", MATRIX_LETTERS, false },
	[KIND_GARBAGE] = { "garbage", MATRIX_LETTERS, false },
	[KIND_TEXT] = { "text", MATRIX_LETTERS, false },
	[KIND_ZERO] = { "zero", MATRIX_LETTERS, false },
	[KIND_CUT] = { "cut", MATRIX_LETTERS, false },
	[KIND_LARGE] = { "large", MATRIX_LETTERS, false },
	[KIND_WRONG] = { "wrong", MATRIX_LETTERS, false },
	[KIND_PAYLOAD] = { "payload", MATRIX_LETTERS, false },
	[KIND_EDITS] = { "edits", "E", false },
	[KIND_PROGRESS] = { "progress", "E", false },
	[KIND_LATER] = { "later", MATRIX_LETTERS, false },
	[KIND_TWICE] = { "twice", "CHUM12TSFNBE", false },
	[KIND_STRAY] = { "stray", "CHUM12TSFN", false },
	[KIND_HANG] = { "hang", MATRIX_LETTERS, true },
	[KIND_STALL] = { "stall", "HMTSBE", true },
	[KIND_HANG_EDITS] = { "hang-edits", "E", true },
	[KIND_HANG_PROGRESS] = { "hang-progress", "E", true },
};

struct matrix_child {
	struct matrix_session *session;
	size_t		 place;
	char		 name;		/* a x z */
	struct stream	 stream;
	bool		 open;
	struct buf	 got, want;	/* letters */
};

struct matrix_session {
	/* what is to happen */
	unsigned	 number;
	enum matrix_kind kind;
	char		 at;		/* the letter */
	int		 in_message;	/* of the fault: 1 or 2 */
	bool		 redial;	/* at O: the one behind QUIT_NC */
	bool		 nr;		/* x replies to nothing but E */

	/* the MTA */
	bool		 started, over, leaving;
	struct stream	 mta;
	struct option	 agreed;
	struct matrix_child child[MATRIX_CHILDREN];
	char		 next, sent;	/* letters */
	bool		 due;		/* a reply to sent is */
	bool		 fired;		/* x has had its fault */
	bool		 holds;		/* it is the one that negotiates */
	int		 dials, message, rcpts;
	char		 want[16], got[64];
	size_t		 n_got;

	/* the oracle's */
	bool		 lost;		/* x is */
	bool		 told;		/* it let this message pass first */
	char		 session, whole; /* verdict: of all, of the message */
	bool		 in[MATRIX_CHILDREN];
	char		 mail[8];	/* content that the MTA has sent */
	char		 edits[8];	/* whose edits are in it */
	char		 extra[8];	/* edits before the current child */
	size_t		 turn, pos;
};

static struct {
	struct loop	*loop;
	const char	*chain;
	size_t		 n, x;		/* children, and which is x */
	bool		 evaluated, late;
	bool		 discards;	/* the manager's own; else rejects */
	bool		 parallel[MATRIX_CHILDREN];
	bool		 deaf;		/* nobody listens for x */
	struct loop_io	 listen[MATRIX_CHILDREN];
	struct loop_timer patience;
	struct matrix_session *session, *negotiating;
	size_t		 n_sessions, first, running;
	unsigned	 bad;
} M;

static inline bool
matrix_is_x(size_t place)
{
	return (place == M.x);
}

/* The no-reply bit of a letter's command; 0: it has none. */
static inline uint32_t
matrix_nr(char letter)
{
	static const uint32_t bits[] = { 0, SMFIP_NR_CONN, SMFIP_NR_HELO,
	    SMFIP_NR_UNKN, SMFIP_NR_MAIL, SMFIP_NR_RCPT, SMFIP_NR_RCPT,
	    SMFIP_NR_DATA, SMFIP_NR_HDR, SMFIP_NR_HDR, SMFIP_NR_EOH,
	    SMFIP_NR_BODY, 0 };
	const char *p = strchr(MATRIX_LETTERS,
	    strchr("axz", letter) != NULL ? 'S' : letter);

	return (p == NULL || *p == '\0' ? 0 : bits[p - MATRIX_LETTERS]);
}

/* Is this the moment of the session's fault? */
static inline bool
matrix_fires(const struct matrix_session *s, char letter)
{
	if (s->kind == KIND_NONE || letter != s->at)
		return (false);
	if (letter == 'O')
		return (s->dials == (s->redial ? 2 : 1));
	return (strchr("CHU", letter) != NULL ||
	    s->message == s->in_message);
}

#endif /* H_MATRIX_H */
