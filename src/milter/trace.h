/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * trace.h - the form of the files that hold recorded sessions.
 *
 * A file is the line TRACE_MAGIC and then records, each of a head of 16 bytes
 * and a payload; all numbers are big-endian:
 *
 *	offset	bytes
 *	0	1	kind (enum trace_kind)
 *	1	1	form of a frame (enum trace_form), else 0
 *	2	2	whose: 0 is the MTA, 1 the first child, and so on
 *	4	8	microseconds since the session began, never less than
 *			those of the record before
 *	12	4	bytes of the payload
 *
 * The first record is TRACE_SESSION, then comes one TRACE_CHILD for each child,
 * in order, then the others.  A file without TRACE_END or TRACE_CUT at its end
 * is one that was not finished; it is good up to its last whole record.
 *
 * A frame is kept from its code on, without the length in front.  Pure, as all
 * of milter/: works on bytes in memory.
 */
#ifndef MILTER_TRACE_H
#define MILTER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TRACE_MAGIC	"milter-manager record 1\n"
#define TRACE_HEAD	16		/* bytes of a record's head */
#define TRACE_SHORT	12		/* bytes before a shortened frame's */
#define TRACE_FRAME_MAX	0x40000001u	/* a frame with its code */
#define TRACE_SIDES	65535u		/* the MTA, and so many children - 1 */

enum trace_kind {
	TRACE_SESSION = 'S',	/* pairs of strings, see trace_value() */
	TRACE_CHILD = 'P',	/* two strings: name, where it listens */
	TRACE_FROM = 'F',	/* a frame that the manager received */
	TRACE_TO = 'T',		/* a frame that the manager sent */
	TRACE_NOTE = 'N',	/* text: what happened to that side */
	TRACE_CUT = 'C',	/* the size limit: nothing follows */
	TRACE_END = 'E'		/* text: why the session ended */
};

enum trace_form {
	TRACE_WHOLE,		/* code and payload */
	TRACE_SHORTENED,	/* u32 length with the code, u64 trace_hash()
				   of the payload, code, first bytes of it */
	TRACE_SAME		/* u32: the number of an earlier frame in the
				   file, from 0, that is of another form and
				   has the same payload; code */
};

struct trace_record {
	enum trace_kind		 kind;
	unsigned		 side;
	uint64_t		 usec;
	int			 code;		/* of a frame */
	/* Payload of the frame as far as it is there, or the text. */
	const unsigned char	*data;
	size_t			 len;
	size_t			 full;		/* of the frame's payload */
	uint64_t		 hash;		/* if full > len */
	size_t			 at;		/* offset in the file */
};

/* --- writing; 0, or -1 when out of memory with nothing appended ----------- */

int	trace_add_magic(struct buf *);
/* A record whose payload is a and behind it b. */
int	trace_add(struct buf *, enum trace_kind, enum trace_form,
	    unsigned side, uint64_t usec, const void *a, size_t alen,
	    const void *b, size_t blen);
/* A frame of which only the first len bytes of the payload are kept. */
int	trace_add_short(struct buf *, enum trace_kind, unsigned side,
	    uint64_t usec, int code, const void *data, size_t len,
	    size_t full, uint64_t hash);
int	trace_add_same(struct buf *, enum trace_kind, unsigned side,
	    uint64_t usec, int code, uint32_t number);

/* FNV-1a: tells payloads apart, no more. */
uint64_t trace_hash(const void *, size_t len);

/* --- reading -------------------------------------------------------------- */

enum trace_error {
	TRACE_OK = 0,
	TRACE_DONE,		/* the end, and the file is whole */
	TRACE_UNFINISHED,	/* the end, but the last record is not one */
	TRACE_NO_MAGIC,		/* not such a file at all */
	TRACE_VERSION,		/* of a version that is not known here */
	TRACE_NO_MEMORY,
	TRACE_BAD		/* damaged: see why */
};

struct trace_reader {
	const unsigned char	*data;
	size_t			 len;
	size_t			 off;		/* of the next record */
	const char		*why;		/* of TRACE_BAD */
	unsigned		 n_children;
	uint64_t		 usec;
	size_t			*frame;		/* offsets of frames */
	size_t			 n_frames, room;
	bool			 begun, framed, ended;
};

/*
 * Begins to read len bytes, which must stay.  TRACE_OK, TRACE_NO_MAGIC, or
 * TRACE_VERSION.  trace_close() frees what the reader holds in any case.
 */
enum trace_error trace_open(struct trace_reader *, const void *, size_t len);
/*
 * The next record.  It points into the bytes.  After anything but TRACE_OK
 * there is nothing more.
 */
enum trace_error trace_next(struct trace_reader *, struct trace_record *);
void	trace_close(struct trace_reader *);

/*
 * What a TRACE_SESSION record says by that name, or NULL: "session" (its
 * number), "time" (of its begin), "spec" (where the MTA connected), "peer" (the
 * MTA), "program" (its version).
 */
const char *trace_value(const struct trace_record *, const char *name);
/* The two strings of a TRACE_CHILD record. */
void	trace_child(const struct trace_record *, const char **name,
	    const char **spec);

#endif /* MILTER_TRACE_H */
