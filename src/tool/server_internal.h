/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_internal.h - what the two halves of a test server's session say to
 * each other: sending (server_session.c) and judging replies (server_reply.c).
 */
#ifndef TOOL_SERVER_INTERNAL_H
#define TOOL_SERVER_INTERNAL_H

#include "tool/server.h"

/* Where the session is, for messages. */
const char *server_stage_name(const struct server_session *);
/* Ends it with one line on stderr. */
void	server_fail(struct server_session *, const char *fmt, ...)
	    COMPAT_PRINTF(2, 3);
/* (Re)starts the wait for the next frame. */
void	server_start_timer(struct server_session *);
/* The offer was answered well. */
void	server_negotiated(struct server_session *);
/* The command was answered, or needs no answer; the next item's turn. */
void	server_item_done(struct server_session *);
/* The message is decided; reset: an ABORT is due. */
void	server_end_message(struct server_session *, enum server_status,
	    bool reset);
/* Ends the session with QUIT, and without. */
void	server_quit(struct server_session *);
void	server_leave(struct server_session *);

/* A frame came (server_reply.c). */
void	server_reply(struct server_session *, const struct packet *);

#endif /* TOOL_SERVER_INTERNAL_H */
