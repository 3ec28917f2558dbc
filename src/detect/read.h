/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * read.h - milters' own configuration files: what they say of the socket.
 *
 * A reader fills a reading.  What is wrong with a file is the problem of the
 * service; what was understood before it stays.
 */
#ifndef DETECT_READ_H
#define DETECT_READ_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/word.h"
#include "detect/detect_internal.h"

#define READ_FILES_MAX	500	/* with all that they include, in one reading */
#define READ_DEPTH_MAX	64	/* of braces and of included files */
#define READ_TARPIT_MAX	(24 * 60 * 60)	/* s */

struct reading {
	struct detect_env *env;
	struct service	*sv;
	struct detect_fact socket;	/* as it is written there */
	struct detect_fact mode;	/* "sv": signs and verifies */
	struct detect_fact off;		/* why it is no milter as it is */
	uint64_t	 extra_time;	/* ms */
	struct detect_fact extra_by;
	unsigned	 n_files;
};

void	reading_free(struct reading *);		/* its facts */

/*
 * The file of that path, or NULL: it cannot be read.  That is a problem unless
 * it is absent and need not be there.
 */
const struct root_file *read_file(struct reading *, const char *path,
	    bool must);
/* fact_set() for a part of a file. */
void	read_fact(struct reading *, struct detect_fact *, const char *text,
	    size_t len, const char *file, unsigned line);

/* How the lines of a file are written. */
#define READ_EQUALS	0x01	/* NAME = VALUE, names as they are */
#define READ_COLON	0x02	/* NAME: VALUE; neither: NAME VALUE */
#define READ_HASH	0x04	/* '#' ends a line anywhere */
#define READ_CASE	0x08	/* names as they are */
#define READ_INCLUDE	0x10	/* "Include FILE" */
#define READ_EXAMPLE	0x20	/* a line "Example": not for use as it is */
#define READ_MODE	0x40	/* "Mode" says whether it signs */
/* Or files of another kind. */
#define READ_GREYLIST	0x80	/* read_greylist() */
#define READ_BLOCKS	0x100	/* read_blocks(): GNU mailutils' */
#define READ_UCL	0x200	/* read_blocks(): rspamd's */

/* words: the names of the socket.  must: as of read_file(). */
void	read_lines(struct reading *, const char *path, const char *words,
	    unsigned how, bool must);
/* greylist.conf: the socket and the longest tarpit. */
void	read_greylist(struct reading *, const char *path, bool must);
/*
 * Braces and statements: the sections INNER of OUTER that say where they listen
 * (KEY).  Of rspamd the first proxy worker that speaks the milter protocol
 * counts; off says that there is none.  What env->rspamadm prints is read when
 * the files leave it open.
 */
void	read_blocks(struct reading *, const char *path, unsigned how,
	    bool must);

/*
 * What `PROGRAM configdump --json` prints, for free(3); waits 5 s for it and
 * takes up to 4 MiB.  NULL with why when it fails.
 */
char	*read_dump(const char *program, char *why, size_t whysize);

#endif /* DETECT_READ_H */
