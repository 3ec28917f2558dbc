/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control_tool.h - what the files of "milter-manager control" share.
 */
#ifndef TOOL_CONTROL_TOOL_H
#define TOOL_CONTROL_TOOL_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/spec.h"

/* Where the daemon is. */
struct control_tool {
	struct spec	 spec;
	char		*token;		/* NULL: none */
	char		*host;		/* to call it by */
};

/*
 * One request, which is waited for.  Returns the status of the answer with its
 * body, that ends in NUL, in *body; or 0 with one line in why, and an empty
 * body where nobody has answered.
 */
unsigned control_ask(const struct control_tool *, const char *method,
	    const char *path, const void *data, size_t len, struct buf *body,
	    char *why, size_t whysize);

/* The answer to GET /status or GET /milters as tables.  0 or -1: it is none. */
int	control_show(const char *json, size_t max_sessions);
/* What came from elsewhere: nothing of it is obeyed by a terminal. */
void	control_print(FILE *, const char *text);

#endif /* TOOL_CONTROL_TOOL_H */
