/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server.h - the parts of the test server: what to send (server_config,
 * server_mail), one conversation (server_session), the message that comes out
 * of it (server_result).
 */
#ifndef TOOL_SERVER_H
#define TOOL_SERVER_H

#include <sys/types.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"
#include "event/loop.h"
#include "message/header.h"
#include "milter/option.h"
#include "milter/packet.h"
#include "net/stream.h"
#include "net/target.h"
#include "tool/text.h"

/* --- the mail, shared by all sessions ---------------------------------- */

struct server_field {
	char	*name;
	char	*raw;		/* behind the colon, folds joined by LF */
};

struct server_mail {
	struct server_field *field;
	size_t		 n_fields;
	const char	**chunk;	/* bodies given as options */
	size_t		 n_chunks;
	FILE		*fp;		/* the body's file, or NULL */
	off_t		 body_at;
	bool		 crlf;		/* line ends of the written message */
};

/* Where a reader of the body is; zeroed is its start. */
struct server_cursor {
	off_t		 at;
	size_t		 chunk;
	bool		 was_cr;	/* the last byte read was a CR */
	bool		 owes_lf;	/* the CR of a pair did just fit */
	bool		 in_line;	/* the last byte was no line end */
};

/*
 * Opens a message file ("-" is standard input) and reads its header.
 * 0, or -1 and one line on stderr.
 */
int	server_mail_open(struct server_mail *, const char *path,
	    const char *program);
/* Adds a field from "Name:value", raw.  0 or -1. */
int	server_mail_add(struct server_mail *, const char *line, size_t len);
/* The first field of that name, or NULL. */
const char *server_mail_find(const struct server_mail *, const char *name);
/*
 * The next address in a From or To field, "<" and ">" around it; the caller
 * frees it.  NULL at the end.
 */
char	*server_mail_address(const char **raw);
/*
 * The next bytes of the body as they go over the wire (CRLF), at most size.
 * A body given as chunks is read chunk by chunk.  0 at the end, -1 and errno.
 */
ssize_t	server_mail_read(const struct server_mail *, struct server_cursor *,
	    unsigned char *dst, size_t size);
void	server_mail_close(struct server_mail *);

/* --- what was asked for ------------------------------------------------ */

enum server_mta { SERVER_SENDMAIL, SERVER_POSTFIX };

struct server_macro {
	int		 stage;		/* enum text_stage */
	const char	*text;		/* "name:value" as written */
};

struct server_rcpt {
	const char	*text;		/* address and parameters */
	bool		 rejected;	/* refused by the MTA: RCPT_REJ */
};

/* Something that happens after a stage of the k-th message. */
struct server_plan {
	int		 stage;
	unsigned	 k;
};

struct server_config {
	const char	*program;
	const char	*name;
	enum server_mta	 mta;
	uint32_t	 version, actions, protocol;
	struct packet_connect connect;
	char		 address[128];	/* connect.address points here */
	const char	*helo, *from, *unknown;
	struct server_rcpt *rcpt;
	struct server_macro *macro;
	struct server_plan *abort, *closing;
	size_t		 n_rcpts, n_macros, n_aborts, n_closings;
	const char	*auth_name, *auth_type, *auth_author;
	struct server_mail mail;
	unsigned	 messages, sessions, concurrency;
	size_t		 chunk_size;
	uint64_t	 connection_timeout, reading_timeout, writing_timeout,
			 eom_timeout;	/* ms */
	const char	*write_message;
	const char	*expect;
	const char	*backend;
	struct buf	 raw;
	char		**owned;	/* addresses from the mail's fields */
	size_t		 n_owned;
	bool		 protocol_given;
	bool		 has_raw, quit_nc, transcript, output_message, color;

	/* what is shared by the sessions */
	struct loop	*loop;
	struct target	*target;
};

/* --- macros ------------------------------------------------------------ */

struct server_session;

/* Appends the macro frame that goes before a command, if any.  0 or -1. */
int	server_macro_add(struct buf *, const struct server_session *,
	    int stage);

/* --- the message that comes out ---------------------------------------- */

enum server_status {
	SERVER_PASS,
	SERVER_ACCEPT,
	SERVER_REJECT,
	SERVER_TEMPFAIL,
	SERVER_DISCARD,
	SERVER_QUARANTINE,
	SERVER_SHUTDOWN,
	SERVER_ABORT,
	SERVER_CLOSED,
	SERVER_ERROR,
	SERVER_N_STATUS
};
extern const char *const server_status_names[SERVER_N_STATUS];

struct server_result {
	enum server_status status;
	int		 code;		/* of a REPLYCODE, else 0 */
	char		*text;		/* its payload, else NULL */
	char		*quarantine;	/* reason, or NULL */
	struct header_list headers;
	char		*from;		/* NULL: not changed */
	char		**rcpt;
	size_t		 n_rcpts;
	struct buf	 body;
	bool		 body_replaced;
	bool		 kept;		/* headers and the like are kept */
};

/* The message as it is before edits; keep: edits are carried out.  0 or -1. */
int	server_result_begin(struct server_result *,
	    const struct server_config *, bool keep);
void	server_result_free(struct server_result *);
/* The n-th recipient (of the configuration) was refused. */
void	server_result_refuse(struct server_result *, const char *rcpt);
/* Carries out an edit that packet_check_reply() passed.  0 or -1. */
int	server_result_edit(struct server_result *, const struct packet *,
	    const struct server_config *, bool leadspc);
/* Writes the message's bytes to a file.  0, or -1 and errno. */
int	server_result_write(const struct server_result *,
	    const struct server_config *, const char *path);
/* "status: ..." and what belongs to it, on standard output. */
void	server_result_print(const struct server_result *,
	    const struct server_config *);
/* Whether it is what --expect asks for. */
bool	server_result_expected(const struct server_result *, const char *);

/* --- a conversation ---------------------------------------------------- */

struct server_session {
	const struct server_config *cfg;
	unsigned	 number;	/* from 1 */
	void		(*ended)(struct server_session *, void *);
	/* After every message, and for what ends a session before one. */
	void		(*verdict)(struct server_session *, void *);
	void		*arg;
	uint64_t	 began;
	struct dial	 dial;
	struct stream	 stream;
	struct loop_timer timer;
	struct loop_task task;
	struct option	 option;	/* what was negotiated */
	unsigned	 lists;		/* 1 << SMFIM_*: a list came */
	int		 stage;		/* enum text_stage: being sent */
	size_t		 index;		/* item within it */
	unsigned	 message;	/* from 1 */
	size_t		 accepted;	/* recipients */
	struct server_cursor body;
	uint64_t	 deadline;	/* of the whole end of message */
	struct server_result result;
	bool		 waiting;	/* a reply is owed */
	bool		 blocked;	/* until the kernel took the queue */
	bool		 skip_body;
	bool		 inside;	/* Sendmail: ABORT is due on a reset */
	bool		 mailed;	/* MAIL was reached */
	bool		 ever_mailed;
	bool		 raw;		/* raw bytes were sent */
	bool		 failed;
	bool		 over;
	bool		 body_begun, body_ended;	/* run of REPLBODY */
};

/* Dials; ended() comes once, from the loop, and then frees the session. */
void	server_session_start(struct server_session *);
void	server_session_free(struct server_session *);

#endif /* TOOL_SERVER_H */
