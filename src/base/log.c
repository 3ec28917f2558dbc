/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * log.c - write lines to the log file or terminal and to syslog.
 * Owns:      the log's settings, its descriptor, and the form of a line.
 * Called by: everybody.
 * Must not:  end the process, wait, allocate while writing, or change errno.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/logsock.h"

#define LOG_LINE_MAX	2048	/* longer lines are cut */
#define LOG_STAMP_MAX	(LOG_TIME_SIZE + 4)

const struct word log_level_names[] = {
	{ "critical",	LOGL_CRITICAL },
	{ "error",	LOGL_ERROR },
	{ "warning",	LOGL_WARNING },
	{ "message",	LOGL_MESSAGE },
	{ "info",	LOGL_INFO },
	{ "debug",	LOGL_DEBUG },
	{ "trace",	LOGL_TRACE },
	{ "statistics",	LOGL_STATISTICS },
	{ "profile",	LOGL_PROFILE },
	{ "default",	LOGL_DEFAULT },
	{ "all",	LOGL_ALL },
	{ "none",	0 },
	{ NULL,		0 }
};

const struct word log_facility_names[] = {
	{ "auth",	LOG_AUTH },
#ifdef LOG_AUTHPRIV
	{ "authpriv",	LOG_AUTHPRIV },
#endif
	{ "cron",	LOG_CRON },
	{ "daemon",	LOG_DAEMON },
#ifdef LOG_FTP
	{ "ftp",	LOG_FTP },
#endif
	{ "kern",	LOG_KERN },
	{ "local0",	LOG_LOCAL0 },
	{ "local1",	LOG_LOCAL1 },
	{ "local2",	LOG_LOCAL2 },
	{ "local3",	LOG_LOCAL3 },
	{ "local4",	LOG_LOCAL4 },
	{ "local5",	LOG_LOCAL5 },
	{ "local6",	LOG_LOCAL6 },
	{ "local7",	LOG_LOCAL7 },
	{ "lpr",	LOG_LPR },
	{ "mail",	LOG_MAIL },
	{ "news",	LOG_NEWS },
	{ "user",	LOG_USER },
	{ "uucp",	LOG_UUCP },
	{ NULL,		0 }
};

/* In force; before log_open() everything goes to stderr as it is. */
static struct {
	bool		 opened;
	bool		 use_syslog;
	int		 fd;		/* -1: none */
	bool		 own_fd;	/* ours to close */
	unsigned	 levels;
	char		*path;		/* of own_fd */
	char		*ident;		/* these two are lent to logsock.c */
	char		*syslog_path;
	unsigned	 lost_file;	/* lines since one was taken */
	unsigned	 lost_syslog;
} log_state = { false, false, STDERR_FILENO, false, LOGL_DEFAULT, NULL, NULL,
    NULL, 0, 0 };

int
log_parse_levels(const char *text, unsigned *levels, char *word,
    size_t wordsize)
{
	const struct word *w;
	char name[16], sign = '+';
	unsigned set = 0;
	size_t n;

	text += strspn(text, " \t");
	if (*text == '+' || *text == '-')
		set = *levels;
	for (;;) {
		text += strspn(text, " \t");
		/* A sign holds until the next one. */
		if (*text == '+' || *text == '-')
			sign = *text++;
		n = strcspn(text, "|");
		while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
			n--;
		name[0] = '\0';
		if (n < sizeof(name)) {
			memcpy(name, text, n);
			name[n] = '\0';
		}
		w = word_find(log_level_names, name);
		if (w == NULL) {
			if (wordsize > 0) {
				if (n >= wordsize)
					n = wordsize - 1;
				memcpy(word, text, n);
				word[n] = '\0';
			}
			return (-1);
		}
		if (sign == '-')
			set &= ~(unsigned)w->value;
		else
			set |= (unsigned)w->value;
		text += strcspn(text, "|");
		if (*text == '\0')
			break;
		text++;
	}
	*levels = set;
	return (0);
}

char *
log_format_levels(unsigned levels, char *dst, size_t size)
{
	const struct word *w;
	const char *whole = word_name(log_level_names, (int)levels);

	dst[0] = '\0';
	if (whole != NULL) {
		strlcpy(dst, whole, size);
		return (dst);
	}
	/* The single bits come first in the list. */
	for (w = log_level_names; w->value != (int)LOGL_DEFAULT; w++) {
		if ((levels & (unsigned)w->value) == 0)
			continue;
		if (dst[0] != '\0')
			strlcat(dst, "|", size);
		strlcat(dst, w->name, size);
	}
	return (dst);
}

/* Without O_NONBLOCK a fifo would be waited for, now and later. */
static int
log_open_file(const char *path)
{
	return (open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0640));
}

static void
log_drop(void)
{
	if (log_state.use_syslog)
		logsock_close();
	if (log_state.own_fd)
		close(log_state.fd);
	free(log_state.path);
	free(log_state.ident);
	free(log_state.syslog_path);
	log_state.path = log_state.ident = log_state.syslog_path = NULL;
	log_state.own_fd = log_state.use_syslog = false;
	log_state.lost_file = log_state.lost_syslog = 0;
}

int
log_open(const struct log_settings *s)
{
	char *ident, *path = NULL, *syslog_path = NULL;
	int fd = STDOUT_FILENO;
	bool own = false, same;

	ident = strdup(s->ident != NULL ? s->ident : "milter-manager");
	if (ident == NULL)
		return (-1);
	if (s->syslog_path != NULL &&
	    (syslog_path = strdup(s->syslog_path)) == NULL)
		goto fail;
	if (s->to_stderr)
		fd = STDERR_FILENO;
	else if (s->path != NULL && strcmp(s->path, "-") != 0) {
		path = strdup(s->path);
		if (path == NULL)
			goto fail;
		/* As at log_reopen(): of rights that we had, one is left. */
		same = log_state.own_fd && strcmp(log_state.path, path) == 0;
		fd = log_open_file(path);
		if (fd == -1 && same)
			fd = log_state.fd;
		else if (fd == -1)
			goto fail;
		own = true;
	} else if (s->no_file)
		fd = -1;

	/* Nothing can fail from here on. */
	if (fd == log_state.fd)
		log_state.own_fd = false;
	log_drop();
	log_state.opened = true;
	log_state.use_syslog = s->use_syslog;
	log_state.fd = fd;
	log_state.own_fd = own;
	log_state.levels = s->levels;
	log_state.path = path;
	log_state.ident = ident;
	log_state.syslog_path = syslog_path;
	/* At once, because the socket may be out of reach later (chroot). */
	if (s->use_syslog)
		logsock_open(syslog_path, ident, s->facility);
	return (0);

fail:
	free(path);
	free(ident);
	free(syslog_path);
	return (-1);
}

void
log_close(void)
{
	log_drop();
	log_state.opened = false;
	log_state.fd = STDERR_FILENO;
}

int
log_reopen(void)
{
	int fd;

	if (!log_state.own_fd)
		return (0);
	fd = log_open_file(log_state.path);
	if (fd == -1)
		return (-1);
	close(log_state.fd);
	log_state.fd = fd;
	return (0);
}

void
log_set_levels(unsigned levels)
{
	log_state.levels = levels & LOGL_ALL;
}

int
log_give(uid_t uid, gid_t gid)
{
	struct stat st;

	if (!log_state.own_fd)
		return (0);
	if (fstat(log_state.fd, &st) == -1)
		return (-1);
	if (!S_ISREG(st.st_mode) || st.st_size > 0)
		return (0);
	return (fchown(log_state.fd, uid, gid));
}

bool
log_wants(unsigned level)
{
	return ((log_state.levels & level) != 0 &&
	    (log_state.fd != -1 || log_state.use_syslog));
}

static int
log_priority(unsigned level)
{
	switch (level) {
	case LOGL_CRITICAL:
		return (LOG_CRIT);
	case LOGL_ERROR:
		return (LOG_ERR);
	case LOGL_WARNING:
		return (LOG_WARNING);
	case LOGL_MESSAGE:
	case LOGL_STATISTICS:
		return (LOG_NOTICE);
	case LOGL_INFO:
		return (LOG_INFO);
	default:
		return (LOG_DEBUG);
	}
}

void
log_time(char dst[LOG_TIME_SIZE])
{
	struct timespec ts;
	struct tm tm;

	if (clock_gettime(CLOCK_REALTIME, &ts) == -1 ||
	    gmtime_r(&ts.tv_sec, &tm) == NULL) {
		memset(&ts, 0, sizeof(ts));
		memset(&tm, 0, sizeof(tm));
		tm.tm_year = 70;
		tm.tm_mday = 1;
	}
	/* Not strftime(3): with it comes all that is local. */
	(void)snprintf(dst, LOG_TIME_SIZE,
	    "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900,
	    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
	    (long)ts.tv_nsec / 1000 % 1000000);
}

/*
 * Writes without waiting; true when all was taken.  Our own file does not block
 * and gets one write(2) a line, so that appenders do not mix.  What we were
 * started with is not ours to change: it is asked first, and then takes
 * PIPE_BUF bytes without blocking.
 */
static bool
log_put(int fd, bool own, const char *from, size_t len)
{
	struct pollfd p;
	size_t piece;
	ssize_t n;

	while (len > 0) {
		piece = len;
		if (!own) {
			p.fd = fd;
			p.events = POLLOUT;
			/* What cannot be polled is written to as it is. */
			if (poll(&p, 1, 0) == 0)
				return (false);
			if (piece > PIPE_BUF)
				piece = PIPE_BUF;
		}
		n = write(fd, from, piece);
		if (n > 0) {
			from += n;
			len -= (size_t)n;
		} else if (n == 0 || errno != EINTR)
			return (false);
	}
	return (true);
}

/* There are LOG_STAMP_MAX bytes before text, and one behind its end. */
static bool
log_to_file(unsigned level, char *text, size_t len)
{
	char stamp[LOG_STAMP_MAX + 1], when[LOG_TIME_SIZE];
	size_t n = 0;

	(void)level;
	/* "[2024-02-29T12:34:56.123456Z]: ", upstream's form. */
	if (log_state.opened) {
		log_time(when);
		(void)snprintf(stamp, sizeof(stamp), "[%s]: ", when);
		n = strlen(stamp);
		memcpy(text - n, stamp, n);
	}
	text[len] = '\n';
	return (log_put(log_state.fd, log_state.own_fd, text - n, n + len + 1));
}

static bool
log_to_syslog(unsigned level, char *text, size_t len)
{
	text[len] = '\0';
	return (logsock_send(log_priority(level), text));
}

/* A line, and before it how many were lost. */
static void
log_take(bool (*to)(unsigned, char *, size_t), unsigned *lost, unsigned level,
    char *text, size_t len)
{
	char note[LOG_STAMP_MAX + 64];
	int n;

	if (*lost > 0) {
		n = snprintf(note + LOG_STAMP_MAX, 64, "%u lines of the log "
		    "were lost", *lost);
		if (!to(LOGL_WARNING, note + LOG_STAMP_MAX, (size_t)n)) {
			++*lost;
			return;
		}
		*lost = 0;
	}
	if (!to(level, text, len))
		++*lost;
}

void
log_write(unsigned level, const char *fmt, ...)
{
	char line[LOG_STAMP_MAX + LOG_LINE_MAX], *text = line + LOG_STAMP_MAX;
	size_t len = 0, n;
	va_list ap;
	int saved = errno, need;

	if (!log_wants(level))
		return;
	if (level == LOGL_STATISTICS)
		len = strlcpy(text, "[statistics] ", LOG_LINE_MAX);
	va_start(ap, fmt);
	need = vsnprintf(text + len, LOG_LINE_MAX - len, fmt, ap);
	va_end(ap);
	if (need < 0)
		goto out;
	len += (size_t)need;
	if (len >= LOG_LINE_MAX) {
		len = LOG_LINE_MAX - 1;
		memcpy(text + len - 3, "...", 3);
	}
	/* Whatever slipped through, it stays one line. */
	for (n = 0; n < len; n++) {
		if ((unsigned char)text[n] < ' ' || text[n] == 0x7f)
			text[n] = ' ';
	}
	if (log_state.use_syslog)
		log_take(log_to_syslog, &log_state.lost_syslog, level, text,
		    len);
	if (log_state.fd != -1)
		log_take(log_to_file, &log_state.lost_file, level, text, len);
out:
	errno = saved;
}

char *
log_escape(char *dst, size_t size, const void *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *p = text;
	size_t at = 0, fits = 0, i, need;

	for (i = 0; i < len; i++) {
		/* The last place from which "..." still fits. */
		if (at + 4 <= size)
			fits = at;
		need = p[i] == '\\' ? 2 : p[i] >= ' ' && p[i] < 0x7f ? 1 : 4;
		if (at + need >= size) {
			strlcpy(dst + fits, "...", size - fits);
			return (dst);
		}
		if (need == 1)
			dst[at] = (char)p[i];
		else {
			dst[at] = '\\';
			dst[at + 1] = '\\';
		}
		if (need == 4) {
			dst[at + 1] = 'x';
			dst[at + 2] = hex[p[i] >> 4];
			dst[at + 3] = hex[p[i] & 15];
		}
		at += need;
	}
	dst[at] = '\0';
	return (dst);
}

#undef LOG_LINE_MAX
#undef LOG_STAMP_MAX
