/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * replay.h - the parts of milter-manager-replay: a recorded session
 * (replay_file), as text (replay_print), played again (replay_play) over a
 * connection (replay_conn), answers compared (replay_compare).
 */
#ifndef TOOL_REPLAY_H
#define TOOL_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/spec.h"
#include "milter/option.h"
#include "milter/packet.h"
#include "milter/trace.h"
#include "tool/text.h"

struct replay_config {
	const char	*program;
	const char	*path;
	const char	*child;		/* NULL: the MTA's side */
	const char	*to;		/* NULL: what the record says */
	bool		 print, body, timing;
	uint64_t	 timeout;	/* ms: for a frame, and dialling */
};

/* --- a record ------------------------------------------------------------ */

struct replay_file {
	struct buf	 bytes;
	struct trace_record session;
	struct trace_record *child;	/* the TRACE_CHILD records */
	size_t		 n_children;
	enum trace_error end;		/* how it ends */
	bool		 cut;		/* at the limit of its size */
	size_t		 bad_at;	/* TRACE_BAD: offset */
	const char	*why;		/* TRACE_BAD: what is wrong */
};

/* --- as text ------------------------------------------------------------- */

/* side -1: all of them.  An exit status. */
int	replay_print(const struct replay_file *, const struct replay_config *,
	    int side);
/* One frame without line end; whole: bodies from end to end. */
void	replay_show(FILE *, bool command, const struct trace_record *,
	    bool whole);

/* --- a connection, with plain calls that wait ---------------------------- */

struct replay_conn {
	const struct replay_config *cfg;
	int		 fd;		/* -1: none */
	struct buf	 in;
	size_t		 shown;		/* bytes of the last frame */
	bool		 ended;		/* the other side has closed */
	char		 why[160];	/* of the last failure */
};

/* Dials.  0, or -1 and one line was printed. */
int	replay_dial(struct replay_conn *, const struct spec *);
/* Sends bytes.  0 or -1. */
int	replay_send(struct replay_conn *, const void *, size_t);
/* The next frame, valid until the next call.  0 or -1. */
int	replay_read(struct replay_conn *, struct packet *);
/* The same without waiting: whether there is one. */
bool	replay_stray(struct replay_conn *, struct packet *);
void	replay_close(struct replay_conn *);

/* --- answers ------------------------------------------------------------- */

/* A list of frames; what they point to stays where it is. */
struct replay_list {
	struct trace_record *frame;
	size_t		 n, room;
};

/* 0, or -1 when out of memory. */
int	replay_list_add(struct replay_list *, const struct trace_record *);
void	replay_list_free(struct replay_list *);

struct replay_count {
	unsigned long	 same, different;
};

/*
 * Compares two lists and prints a line for each difference, with where in
 * front.  nothing says why a frame that lacks in expected or found (index 0 and
 * 1) does, or is NULL.  0, or -1 when out of memory.
 */
int	replay_compare(const char *where, const struct replay_list *expected,
	    const struct replay_list *found, const char *const nothing[2],
	    struct replay_count *);

/* --- the play ------------------------------------------------------------ */

/* An exit status. */
int	replay_play(const struct replay_file *, const struct replay_config *,
	    int side, const struct spec *);

#endif /* TOOL_REPLAY_H */
