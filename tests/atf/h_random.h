/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_random.h - what h_random.c and its oracle share.
 * Owns:      struct random_child, struct random, the stream of numbers, the
 *            trace, and what a child has yet to be sent.
 * Called by: h_random.c, h_random_oracle.h.
 * Must not:  know what is right.
 */
#ifndef H_RANDOM_H
#define H_RANDOM_H

#include "compat.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "event/loop.h"
#include "milter/option.h"
#include "milter/packet.h"
#include "net/stream.h"

#define RANDOM_CHILDREN	4
#define RANDOM_PATIENCE	60000	/* ms without any progress are a hang */

enum random_state { RANDOM_NEW, RANDOM_READY, RANDOM_DONE, RANDOM_FAILED };

/* A command that a child has to be sent next. */
struct random_item {
	struct random_item *next;
	int		 code;
	bool		 silent;	/* no reply is due */
	unsigned char	*data;		/* payload; not of a body */
	size_t		 len;		/* of a body: what is still to come */
	uint64_t	 body, off;	/* which body, from where on */
	unsigned	 macro;		/* number in its macros; 0: any */
};

/* Commands with something to them, as the MTA would send them. */
struct random_kind {
	int		 code;
	uint32_t	 no, nr;
};

struct random_child {
	int		 place;
	char		 fallback;	/* a t r d */
	bool		 evaluated;
	bool		 conditions;	/* see h_random_stop.h */
	struct loop_io	 listen;
	struct stream	 stream;
	bool		 open;
	bool		 leaving;	/* the manager has to close it */
	bool		 stray;		/* it has replied out of turn */
	struct option	 option;
	enum random_state state;
	int		 after;		/* libmilter's state */
	struct random_item *first, *last;
	unsigned	 macro[128];

	/* the oracle's: see struct child of the manager */
	bool		 in_message, done;
	bool		 stopped;	/* of this message */
	bool		 now;		/* of this event */
	bool		 shown, hidden;	/* a recipient */
	unsigned	 skip, asked, taken;
	int		 cursor;
	size_t		 header;
	uint64_t	 off;

	/* what it asks for at its end of message */
	struct buf	 edits;
	bool		 replaces;
	uint64_t	 body, body_len;
};

struct random_field {
	char		*name, *raw;	/* raw: with the space that may be */
	bool		 touched;
};

static struct random {
	struct loop	*loop;
	uint64_t	 state;		/* of the stream of numbers */
	unsigned	 number;	/* of the session */
	bool		 chaos;		/* nobody knows what is right */
	unsigned	 wild;		/* one in so many replies is odd */
	unsigned long	 n_verdicts, n_messages, n_frames;
	struct loop_timer patience;
	struct loop_task task;
	struct buf	 trace;

	size_t		 n;
	struct random_child child[RANDOM_CHILDREN];
	char		 fallback;	/* the manager's */

	/* the MTA */
	struct stream	 mta;
	bool		 mta_open, over, postfix;
	struct option	 offer, agreed;
	int		 next;		/* natural next command */
	int		 sent;		/* the last event */
	bool		 due;		/* a reply to it is */
	bool		 again;		/* QUIT_NC was sent: dial again */
	bool		 dialling;
	bool		 held;		/* silent, but a child has it */
	bool		 rejected;	/* this recipient, by the MTA */
	unsigned	 left, serial;
	unsigned	 rcpts;		/* that were taken */
	unsigned	 macro[128], macro_serial;
	struct buf	 rest;		/* of a frame that is sent in two */
	struct buf	 got;		/* edits */
	bool		 got_body;
	uint64_t	 got_len;

	/* the oracle's */
	char		 digit;		/* the sender's last one */
	bool		 known;		/* what has to come is */
	char		 want;		/* the verdict, or 0: none */
	char		*want_text;
	struct buf	 want_edits;
	bool		 want_body;
	uint64_t	 want_body_id, want_body_len;
	char		 decided;
	char		*decided_text;
	bool		 decided_session;
	bool		 connected, in_message, rcpt, data, content;
	bool		 eoh, eom, quarantined, replaced;
	struct buf	 event;
	size_t		 walk;
	bool		 asked;
	struct random_child *await;
	char		 reply;
	char		*reply_text;
	struct random_field *field;
	size_t		 n_fields;
	uint64_t	 body, body_len;
} R;

static const struct random_kind random_kinds[] = {
	{ 'C', SMFIP_NOCONNECT, SMFIP_NR_CONN }, { 'H', SMFIP_NOHELO,
	SMFIP_NR_HELO }, { 'M', SMFIP_NOMAIL, SMFIP_NR_MAIL }, { 'R',
	SMFIP_NORCPT, SMFIP_NR_RCPT }, { 'T', SMFIP_NODATA, SMFIP_NR_DATA },
	{ 'U', SMFIP_NOUNKNOWN, SMFIP_NR_UNKN }, { 'L', SMFIP_NOHDRS,
	SMFIP_NR_HDR }, { 'N', SMFIP_NOEOH, SMFIP_NR_EOH }, { 'B',
	SMFIP_NOBODY, SMFIP_NR_BODY }, { 'E', 0, 0 }
};
#define RANDOM_KINDS	(sizeof(random_kinds) / sizeof(random_kinds[0]))

static inline void bad(const char *, ...) COMPAT_PRINTF(1, 2);
static inline void trace(const char *, ...) COMPAT_PRINTF(1, 2);

static inline void
trace(const char *fmt, ...)
{
	char line[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)buf_printf(&R.trace, "%s\n", line);
}

static inline void
bad(const char *fmt, ...)
{
	char line[300];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	(void)fwrite(buf_ptr(&R.trace), 1, R.trace.len, stderr);
	(void)fprintf(stderr, "h_random: session %u: %s\n", R.number, line);
	exit(1);
}

/* Below n, from the session's own stream of numbers (xorshift). */
static inline unsigned
below(unsigned n)
{
	R.state ^= R.state << 13;
	R.state ^= R.state >> 7;
	R.state ^= R.state << 17;
	return ((unsigned)((R.state * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % n);
}

static inline bool
one_in(unsigned n)
{
	return (below(n) == 0);
}

static inline void
seed(uint64_t a, uint64_t b)
{
	int i;

	R.state = a * UINT64_C(0x9e3779b97f4a7c15) +
	    b * UINT64_C(0xbf58476d1ce4e5b9) + 1;
	for (i = 0; i < 8; i++)
		(void)below(2);
}

/* Byte number off of a body: in lines of 16, as no MTA changes them. */
static inline unsigned char
body_byte(uint64_t body, uint64_t off)
{
	unsigned char c = (unsigned char)(body * 37 + off * 31 + (off >> 8));

	if (off % 16 >= 14)
		return (off % 16 == 14 ? '\r' : '\n');
	return (c == '\n' ? ' ' : c);
}

static inline const struct random_kind *
kind(int code)
{
	size_t i;

	for (i = 0; i < RANDOM_KINDS; i++)
		if (random_kinds[i].code == code)
			return (&random_kinds[i]);
	bad("no kind %c", code);
	return (NULL);
}

static inline char *
copy(const char *s)
{
	char *p = s == NULL ? NULL : strdup(s);

	if (p == NULL && s != NULL)
		bad("out of memory");
	return (p);
}

static inline void
item_drop(struct random_child *c)
{
	struct random_item *it = c->first;

	c->first = it->next;
	if (c->first == NULL)
		c->last = NULL;
	free(it->data);
	free(it);
}

static inline struct random_item *
item_new(struct random_child *c, int code, const void *data, size_t len)
{
	struct random_item *it = calloc(1, sizeof(*it));

	if (it == NULL || (data != NULL && (it->data = malloc(len + 1)) ==
	    NULL))
		bad("out of memory");
	if (data != NULL)
		memcpy(it->data, data, len);
	it->code = code;
	it->len = len;
	if (c->last != NULL)
		c->last->next = it;
	else
		c->first = it;
	c->last = it;
	trace("      %d must get %c", c->place, code);
	return (it);
}

#endif /* H_RANDOM_H */
