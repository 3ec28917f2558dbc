/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * channel.h - messages between the daemon and a worker.
 *
 * Each is a length (four bytes, of what follows), a kind (one byte) and what
 * the kind carries.  Neither side believes the other one: a message that is
 * longer than its kind may be, of an unknown kind or not of its form ends the
 * channel.  Nothing waits: what the other side does not take is queued up to a
 * limit.
 */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

#include "event/loop.h"
#include "net/stream.h"

enum channel_kind {
	CHANNEL_READY = 1,	/* from a worker: it accepts */
	CHANNEL_LEAVE,		/* others accept on its socket now: it ends
				   with its last session */
	CHANNEL_STOP,		/* number: ms that sessions may still take,
				   CHANNEL_NEVER: as long as they like */
	CHANNEL_END,		/* text: why all sessions are to end now */
	CHANNEL_REOPEN,		/* the log's file anew */
	CHANNEL_LEVELS,		/* number: LOGL_* of the log */
	CHANNEL_LIST,		/* number: of sessions at most */
	CHANNEL_SESSIONS,	/* from a worker: the answer, a JSON array */
	CHANNEL_KIND_N
};

#define CHANNEL_NEVER		0xffffffffu
#define CHANNEL_TEXT_MAX	128u		/* of CHANNEL_END */
#define CHANNEL_LIST_MAX	(1024u * 1024u)	/* of CHANNEL_SESSIONS */

/* A message; len bytes of text, without a NUL, or the number. */
struct channel_message {
	enum channel_kind kind;
	uint32_t	  number;
	const char	 *text;		/* valid during the call */
	size_t		  len;
};

struct channel {
	struct stream	 stream;
	/* Each message; it may close the channel. */
	void		(*got)(struct channel *, const struct channel_message *,
			    void *arg);
	/* The other side is gone, or made no sense; called once, from the
	   loop.  The channel is closed. */
	void		(*lost)(struct channel *, void *arg);
	void		*arg;
};

/*
 * Two ends of a new one, non-blocking and close-on-exec: one stays, one is for
 * the process to be forked.  0, or -1 and errno.
 */
int	channel_pair(int fd[2]);
/*
 * Takes fd over; c must be zeroed or closed, got, lost and arg set.  0, or -1
 * and errno with fd still the caller's.
 */
int	channel_open(struct channel *, struct loop *, int fd);
/*
 * Queues a message: text (of len bytes) or number, as its kind has it.  0, or
 * -1 when it was dropped: not open, out of memory, too long, or the other side
 * has not read for too long.
 */
int	channel_send(struct channel *, enum channel_kind, uint32_t number);
int	channel_send_text(struct channel *, enum channel_kind,
	    const char *text, size_t len);
void	channel_close(struct channel *);	/* not open: no effect */

#endif /* DAEMON_CHANNEL_H */
