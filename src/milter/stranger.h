/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stranger.h - who speaks, when what has come is not milter.
 *
 * Pure: bytes in, words out.  Made for the first bytes of a connection, when
 * they are no good frame; on frames that are good it must not be asked.
 */
#ifndef MILTER_STRANGER_H
#define MILTER_STRANGER_H

#include <stdbool.h>
#include <stddef.h>

/* Room for the longest words of both functions. */
#define STRANGER_SIZE	320

/*
 * The first n bytes that came from where a milter was expected.  Writes to out
 * what that looks like and what would be right, with the first line of it if it
 * is text, as in
 *	answers like an SMTP server ("220 a.example"): is connection_spec the
 *	milter's socket?
 * (in one line), cut at size - 1 bytes and with a NUL in any case if size > 0.
 * Bytes of the peer are in it only if they are printable ASCII.  Returns false,
 * and writes "", when the bytes are like nothing that is known.
 */
bool	stranger_server(char *out, size_t size, const void *p, size_t n);

/*
 * The same for the first bytes from where an MTA was expected:
 *	looks like an HTTP client ("GET / HTTP/1.0")
 */
bool	stranger_client(char *out, size_t size, const void *p, size_t n);

#endif /* MILTER_STRANGER_H */
