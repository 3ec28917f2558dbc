/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_tool.h - what the files of milter-manager-detect share: detect_tool.c
 * is the command line and the run, detect_print.c and detect_out.c write,
 * detect_probe.c and detect_path.c ask a socket.
 */
#ifndef TOOL_DETECT_TOOL_H
#define TOOL_DETECT_TOOL_H

#include "compat.h"

#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"
#include "config/conf.h"
#include "detect/detect.h"
#include "milter/option.h"
#include "net/stream.h"
#include "net/target.h"

enum detect_outcome {
	PROBE_WORKS,
	PROBE_MISSING,		/* no socket is there */
	PROBE_REFUSED,		/* nothing listens */
	PROBE_DENIED,		/* permission: detect_step() shows whose */
	PROBE_STRANGER,		/* it speaks, but no milter */
	PROBE_SILENT,		/* nothing in time */
	PROBE_FAILED		/* anything else */
};

/* One socket that is asked. */
struct detect_probe {
	struct detect_tool *tool;
	const char	*text;		/* of spec, as written */
	struct spec	 spec;
	enum detect_outcome outcome;
	char		 why[1024];	/* in words, but for PROBE_WORKS */
	struct option	 answer;	/* of PROBE_WORKS */

	/* while it is under way */
	struct target	*target;
	struct dial	 dial;
	struct stream	 stream;
	struct loop_timer timer;
	bool		 over;
};

/* A row of the table. */
struct detect_line {
	const char	*name;
	const struct detect_milter *d;	/* NULL: the administrator's own */
	const struct conf_milter *m;	/* NULL: not in the configuration */
	struct detect_probe *probe;
	size_t		 n_probes;
};

/* detect.root and those that go with it, as they count. */
enum { DETECT_ROOT, DETECT_PLATFORM, DETECT_OPTIONS, DETECT_RSPAMADM,
    DETECT_KEYS };

struct detect_tool {
	const char	*program;
	struct conf_source source;
	const char	**override;	/* as many as there are arguments */
	enum { DETECT_TABLE, DETECT_CONFIG, DETECT_JSON } form;
	bool		 probe;
	bool		 verbose;
	uint64_t	 timeout;	/* ms */
	char		**name;		/* the only ones to be shown */
	size_t		 n_names;

	char		*path;		/* of the configuration; NULL: none */
	struct conf	*conf;
	bool		 loaded;	/* it has load_default */
	const char	*value[DETECT_KEYS];
	struct detect	 detect;
	struct detect_line *line;
	size_t		 n;

	struct loop	*loop;
	struct resolver	*resolver;
	size_t		 pending;	/* probes under way */
	bool		 no_memory;
};

/* --- detect_tool.c -------------------------------------------------------- */

/* Where the configuration says that of a child; NULL: it does not. */
const struct conf_origin *detect_tool_origin(const struct detect_line *,
	    const char *key);
/* True when the administrator says whether it is used, not what was found. */
bool	detect_tool_decided(const struct detect_line *);
/* Its sockets as they are written; none: not known. */
size_t	detect_tool_sockets(const struct detect_line *);
const char *detect_tool_socket(const struct detect_line *, size_t);
/* Its conditions; NULL behind the last one. */
const char *detect_tool_condition(const struct detect_line *, size_t);
/* In the daemon as the configuration is. */
bool	detect_tool_used(const struct detect_line *);

/* --- detect_print.c ------------------------------------------------------- */

/* The table, or JSON. */
void	detect_print(struct detect_tool *);
/* Every file that was asked for. */
void	detect_print_files(const struct detect_tool *, FILE *);

/* --- detect_out.c --------------------------------------------------------- */

/* Both have the same names; the table has fewer of them, and spaces there. */
struct detect_out {
	bool		 json;
	bool		 more;		/* JSON: a comma comes first */
	const char	*name;		/* of the list */
	bool		 shown;		/* in the table, too */
	bool		 lines;		/* table: each item on its own */
	struct buf	 text;		/* table: its items so far */
	bool		 no_memory;
};

/*
 * Writes to a terminal what is printable ASCII, the rest as \xNN.  Returns how
 * many columns that takes; fp NULL: writes nothing.
 */
unsigned detect_out_bytes(FILE *fp, const char *, size_t len);
/*
 * Writes words from the column `at` on, and where they do not fit on a line of
 * their own from column `begin` on.  A word, which may be a path that somebody
 * wants to copy, is never broken.  Returns the column behind it.
 */
unsigned detect_out_words(const char *, unsigned begin, unsigned at);
/* JSON alone. */
void	detect_out_number(struct detect_out *, const char *name,
	    unsigned long);
void	detect_out_bool(struct detect_out *, const char *name, bool);
/* shown: in the table, too.  text NULL: nothing there, null in JSON. */
void	detect_out_text(struct detect_out *, bool shown, const char *name,
	    const char *text);
/* "FILE:LINE: text", and an object in JSON. */
void	detect_out_place(struct detect_out *, bool shown, const char *name,
	    const char *file, unsigned line, const char *text);
/*
 * A list: the table has it in one paragraph, with commas, or one line an item.
 * none is what is said when there is no item; NULL: nothing.
 */
void	detect_out_list(struct detect_out *, bool shown, const char *name,
	    bool lines);
void	detect_out_item(struct detect_out *, const char *fmt, ...)
	    COMPAT_PRINTF(2, 3);
void	detect_out_end(struct detect_out *, const char *none);

/* --- detect_probe.c ------------------------------------------------------- */

/* Asks all sockets side by side.  0, or -1 and errno. */
int	detect_probe(struct detect_tool *);
/* All that it has made, also when it failed. */
void	detect_probe_free(struct detect_tool *);

/* --- detect_path.c -------------------------------------------------------- */

/* One part of the way to a socket.  Zeroed before the first one. */
struct detect_step {
	char		 path[160];
	int		 error;		/* errno of stat(2), 0: it is there */
	bool		 last;		/* the socket itself */
	bool		 closed;	/* a folder that lets us not through */
	bool		 link;		/* a symbolic one */
	bool		 socket;
	unsigned	 mode;		/* 07777 of it */
	char		 owner[40], group[40];
	size_t		 at;		/* behind it in the whole path */
};

/* On to the next one, from the top.  False behind the last one. */
bool	detect_step(const char *path, struct detect_step *);
/* The name of a user, or its number. */
const char *detect_step_user(uid_t, char *dst, size_t size);

#endif /* TOOL_DETECT_TOOL_H */
