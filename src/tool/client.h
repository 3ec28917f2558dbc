/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * client.h - the parts of the test client: its script (client_script), and one
 * conversation with an MTA (client_session).
 */
#ifndef TOOL_CLIENT_H
#define TOOL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "event/loop.h"
#include "milter/option.h"
#include "milter/packet.h"
#include "net/stream.h"
#include "tool/text.h"

/* --- the script -------------------------------------------------------- */

enum client_answer {
	CLIENT_FRAME,		/* bytes: whole frames, the verdict included */
	CLIENT_NONE,		/* never answers */
	CLIENT_CLOSE,
	CLIENT_RESET,
	CLIENT_PARTIAL		/* bytes, then close */
};

struct client_rule {
	int		 stage;		/* enum text_stage */
	unsigned	 k;		/* 0: each time */
	enum client_answer answer;
	unsigned	 n_progress;	/* sent before, each after delay */
	uint64_t	 delay;		/* ms, before the answer */
	struct buf	 bytes;
};

struct client_edit {
	int		 code;		/* SMFIR_* */
	uint32_t	 index;
	char		*name;		/* header name, address or reason */
	char		*value;		/* header value as behind the colon, or
					   ESMTP parameters, or NULL */
	struct buf	 body;
};

struct client_script {
	struct client_rule *rule;
	size_t		 n_rules;
	struct client_edit *edit;
	size_t		 n_edits;
};

/* "STAGE[:K]=ANSWER" and "WORD ARGUMENTS".  0, or -1 and a reason in *why. */
int	client_script_rule(struct client_script *, const char *,
	    const char **why);
int	client_script_edit(struct client_script *, const char *,
	    const char **why);
/* The rule for the k-th time of a stage, or NULL: continue. */
const struct client_rule *client_script_find(const struct client_script *,
	    int stage, unsigned k);
/* Appends the frames of all edits.  0 or -1. */
int	client_script_add_edits(struct buf *, const struct client_script *,
	    bool leadspc);
void	client_script_free(struct client_script *);

/* --- what was asked for ------------------------------------------------ */

struct client_config {
	const char	*program;
	struct loop	*loop;
	struct client_script script;
	bool		 quiet, verbose, digest, session_prefix;
	bool		 has_actions, has_protocol;
	uint32_t	 version;	/* 0: what is offered, at most 6 */
	uint32_t	 actions, protocol;
	const char	*macros[SMFIM_N];
};

/* --- a conversation ---------------------------------------------------- */

struct client_session {
	const struct client_config *cfg;
	unsigned	 number;
	void		(*ended)(struct client_session *, void *);
	void		*arg;
	struct client_session *next, **link;	/* the owner's list */
	struct stream	 stream;
	struct loop_timer timer;
	struct loop_task task;
	struct option	 option;
	unsigned	 times[TEXT_N];
	struct buf	 macros[TEXT_N];	/* the last frame's payload */
	const struct client_rule *rule;	/* under way: a delay or progress */
	unsigned	 progressed;
	int		 state;		/* last command, as libmilter counts */
	bool		 negotiated, over, failed;
	/* digest of the message */
	uint64_t	 hash, body_size;
	unsigned	 n_rcpts, n_headers;
};

/* Takes over fd.  0, or -1 and errno.  ended() comes once, from the loop. */
int	client_session_start(struct client_session *, int fd);
void	client_session_free(struct client_session *);

#endif /* TOOL_CLIENT_H */
