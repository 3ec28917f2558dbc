/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stream_internal.h - what stream.c and linger.c share.
 */
#ifndef NET_STREAM_INTERNAL_H
#define NET_STREAM_INTERNAL_H

#include <sys/types.h>

#include <stddef.h>

#include "base/buf.h"
#include "event/loop.h"

#define STREAM_SCRATCH	((size_t)128 * 1024)

/*
 * What the loop's handlers read goes here, and input() is shown it in place: so
 * nothing that can be called in a callback may read into it.
 */
extern unsigned char stream_scratch[STREAM_SCRATCH];

/* Writes without SIGPIPE; 0 when the kernel takes nothing now, -1 and errno. */
ssize_t	stream_send(int fd, const void *data, size_t len);

/*
 * Goes on writing *out to fd in the background, then closes fd.  Returns 0 and
 * owns both (*out is empty), or -1 and owns neither.
 */
int	linger_start(struct loop *, int fd, struct buf *out, unsigned ms);

#endif /* NET_STREAM_INTERNAL_H */
