/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stream.h - a connected non-blocking socket with buffers on both sides.
 *
 * An idle stream owns no buffer memory.  Callbacks run from the loop only,
 * never from within a stream_ call, so a caller can write and flush without
 * minding that its own state is torn down under it.  stream_close() may be
 * called in any callback, its own included; no callback comes after it, and the
 * memory of the struct may be freed at once.
 *
 * Writing to a connection whose peer is gone raises no SIGPIPE where the system
 * has MSG_NOSIGNAL or SO_NOSIGPIPE; elsewhere the process must ignore it.
 */
#ifndef NET_STREAM_H
#define NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "event/loop.h"

struct stream;

struct stream_ops {
	/*
	 * len bytes (> 0) have come.  Returns how many of them, from the front,
	 * are used up; the others are kept and shown again, with what came
	 * behind them, at the next call.  After a return between 0 and len the
	 * next call comes at once (unless paused), so it is fine to take one
	 * frame a call; after a return of 0 it comes only when there is
	 * more, or after stream_resume().  The bytes are valid until the
	 * return.  A call to stream_close() in it makes
	 * the return value meaningless.
	 */
	size_t	(*input)(struct stream *, const unsigned char *data,
		    size_t len, void *arg);
	/*
	 * All that was written has been handed to the kernel: called once each
	 * time the queue has become empty.  May be NULL.
	 */
	void	(*drained)(struct stream *, void *arg);
	/*
	 * The connection is over: err 0 for an orderly end of file, else an
	 * errno value.  Called once, after all bytes that came were shown to
	 * input() (bytes it did not use up are lost).  While paused it waits
	 * for stream_resume(), unless writing failed.  ENOMEM also when there
	 * was no memory to keep what input() left.  The owner then calls
	 * stream_close().
	 */
	void	(*closed)(struct stream *, int err, void *arg);
};

struct stream {
	struct loop		*loop;		/* NULL when not open */
	const struct stream_ops	*ops;
	void			*arg;
	struct loop_io		 io;
	struct loop_task	 task;
	struct buf		 in;
	struct buf		 out;
	int			 err;		/* from here on private */
	unsigned		 flags;
	bool			*gone;		/* told of a close */
	/*
	 * NULL, or the owner's: is shown what stream_write() and
	 * stream_write2() have queued, before they return.  Set it after
	 * stream_open().  It must not call for anything of the stream.
	 */
	void	(*tap)(struct stream *, const void *a, size_t alen,
		    const void *b, size_t blen);
};

/*
 * Takes over fd (connected, or at least connecting is done; made non-blocking
 * and close-on-exec here; TCP_NODELAY is set where it applies).  s must be
 * zeroed or closed.  How much input() may leave unused is the owner's affair:
 * it must consume, pause, or close.  Returns 0, or -1 with errno; then fd still
 * belongs to the caller.
 */
int	stream_open(struct stream *s, struct loop *, int fd,
	    const struct stream_ops *, void *arg);

/*
 * Queues bytes for writing.  They leave with stream_flush(), or before the loop
 * waits next.  Returns 0, or -1 when out of memory (nothing was queued).  On a
 * stream that already failed it does nothing and returns 0: closed() is on its
 * way.
 */
int	stream_write(struct stream *, const void *data, size_t len);
/* The same for two pieces that belong together (header and payload). */
int	stream_write2(struct stream *, const void *a, size_t alen,
	    const void *b, size_t blen);
/* Tries to write now what is queued. */
void	stream_flush(struct stream *);
/* Bytes that the kernel has not taken yet: the measure of back-pressure. */
size_t	stream_queued(const struct stream *);

/*
 * Stops reading (the peer is slowed down); starts again and shows what was
 * kept.  Both may be called at any time, also twice.
 */
void	stream_pause(struct stream *);
void	stream_resume(struct stream *);
bool	stream_paused(const struct stream *);

/* Ends it now: what is queued is thrown away.  Not open: no effect. */
void	stream_close(struct stream *);

/*
 * Ends it after what is queued is written, or after linger_ms, in the
 * background: the loop keeps a small object of its own, *s is free for the
 * caller at once.  No callback comes.  What still comes in is read and dropped
 * meanwhile; a queue that had to wait is followed by an end of file, and the
 * peer's own is awaited (until linger_ms), because closing a TCP socket that
 * has unread input throws away what its peer has not read yet.
 */
void	stream_close_flushed(struct stream *, unsigned linger_ms);
/* Ends those in the background now; before loop_free(). */
void	linger_end_all(struct loop *);

#endif /* NET_STREAM_H */
