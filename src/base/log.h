/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * log.h - one line per fact, to a file or terminal and to syslog.
 *
 * Levels are independent bits, not a threshold, as in upstream's log.level.
 * Text that came from outside goes through log_escape() and is never a
 * format.  Before log_open() lines go to stderr without a time stamp.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/word.h"

#define LOGL_CRITICAL	0x001u	/* syslog LOG_CRIT: the process will end */
#define LOGL_ERROR	0x002u	/* LOG_ERR: the administrator must act */
#define LOGL_WARNING	0x004u	/* LOG_WARNING: trouble, handled */
#define LOGL_MESSAGE	0x008u	/* LOG_NOTICE: mail refused, child down/back */
#define LOGL_INFO	0x010u	/* LOG_INFO: session opened/closed, accepted */
#define LOGL_DEBUG	0x020u	/* LOG_DEBUG: each stage */
#define LOGL_TRACE	0x040u	/* LOG_DEBUG: each frame */
#define LOGL_STATISTICS	0x080u	/* LOG_NOTICE, with "[statistics] " in front */
#define LOGL_PROFILE	0x100u	/* LOG_DEBUG: durations */
#define LOGL_ALL	0x1ffu
#define LOGL_DEFAULT	(LOGL_CRITICAL | LOGL_ERROR | LOGL_WARNING | \
			    LOGL_MESSAGE | LOGL_STATISTICS)

/*
 * Turns upstream's level text ("default", "none", "all", names joined by
 * '|', a leading '+' or '-' on the whole or on one name relative to
 * *levels) into bits in *levels.  Returns 0, or -1 with *levels unchanged
 * and the offending word (cut to wordsize) in word.
 */
int	log_parse_levels(const char *text, unsigned *levels, char *word,
	    size_t wordsize);

/* Writes bits in that form; 96 bytes are enough for all.  Returns dst. */
char	*log_format_levels(unsigned levels, char *dst, size_t size);

/* The words of levels (single bits first) and of facilities. */
extern const struct word log_level_names[];
extern const struct word log_facility_names[];

/*
 * Where lines go from now on.  path NULL or "-" is standard output;
 * otherwise the file is opened for appending (0640, close-on-exec); a fifo must
 * have its reader.  The file in force that cannot be opened again is used on.
 * to_stderr overrides path: the foreground debug mode.
 * Returns 0, or -1 with errno set and the former settings in force.  The
 * strings are copied.
 */
struct log_settings {
	const char	*ident;		/* syslog identity */
	const char	*path;
	unsigned	 levels;
	int		 facility;	/* a syslog LOG_* facility */
	bool		 use_syslog;
	const char	*syslog_path;	/* its socket; NULL: the system's */
	bool		 to_stderr;
	bool		 no_file;	/* detached: syslog only if path NULL */
};
int	log_open(const struct log_settings *);

/* Ends logging: frees all; lines go to stderr again. */
void	log_close(void);

/* Closes and opens the log file again (log rotation).  0 or -1 and errno. */
int	log_reopen(void);

/* Other levels, until the next log_open(). */
void	log_set_levels(unsigned levels);
/* Gives the log's file, while it is empty, to that user.  0, or -1 and errno. */
int	log_give(uid_t, gid_t);

/* True when somebody would read a line of that level. */
bool	log_wants(unsigned level);

/*
 * Writes a line of one level bit.  errno survives.  It never waits: a line that
 * a full pipe, disk or syslog daemon does not take is lost, and the next one
 * that is taken has a line before it that tells how many were.
 */
void	log_write(unsigned level, const char *fmt, ...) COMPAT_PRINTF(2, 3);

#define LOG_TIME_SIZE	80	/* for log_time(), whatever the year */

/* The time of day as "2024-02-29T12:34:56.123456Z"; of 1970 without a clock. */
void	log_time(char dst[LOG_TIME_SIZE]);

/*
 * Copies len bytes of foreign text to dst as printable ASCII, the rest as
 * \xNN (and \\ for a backslash), cut with "..." so that it always fits and
 * always ends in NUL.  size must be at least 8.  Returns dst.
 */
char	*log_escape(char *dst, size_t size, const void *text, size_t len);

#endif /* BASE_LOG_H */
