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

#include "base/json.h"
#include "base/log.h"
#include "base/logsock.h"

#define LOG_STAMP_MAX	(LOG_TIME_SIZE + 4)
/* The longest line as JSON has six bytes for one, and the other members. */
#define LOG_JSON_ROOM	(LOG_LINE_MAX * 6 + 256)
#define LOG_REPEATS	8	/* lines that are counted at a time */
#define LOG_REPEAT_TEXT	200	/* of each so much is told again */
#define LOG_REPEAT_MS	1000

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
	int		 format;
	struct buf	 json;		/* has LOG_JSON_ROOM when it is that */
} log_state = { false, false, STDERR_FILENO, false, LOGL_DEFAULT, NULL, NULL,
    NULL, 0, 0, LOG_TEXT, { NULL, 0, 0, 0 } };

/* A line that may come again: its key is all but the session. */
static struct log_repeat {
	uint64_t	 hash;		/* 0: free */
	uint64_t	 since;		/* ms */
	unsigned	 level;
	unsigned	 n;		/* in this second */
	char		 text[LOG_REPEAT_TEXT];
} log_repeats[LOG_REPEATS];
static unsigned log_repeating;		/* of those, how many are in use */

static void log_settle(bool);

/* Without O_NONBLOCK a fifo would be waited for, now and later. */
static int
log_open_file(const char *path)
{
	return (open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC |
	    O_NOCTTY | O_NONBLOCK, 0640));
}

static void
log_drop(bool keep_syslog)
{
	if (log_state.use_syslog && !keep_syslog)
		logsock_close();
	if (log_state.own_fd)
		close(log_state.fd);
	free(log_state.path);
	free(log_state.ident);
	free(log_state.syslog_path);
	log_state.path = log_state.ident = log_state.syslog_path = NULL;
	log_state.own_fd = log_state.use_syslog = false;
	log_state.lost_file = log_state.lost_syslog = 0;
	log_state.format = LOG_TEXT;
	buf_free(&log_state.json);
}

int
log_open(const struct log_settings *s)
{
	char *ident, *path = NULL, *syslog_path = NULL;
	struct buf json = { NULL, 0, 0, 0 };
	int fd = STDOUT_FILENO;
	bool own = false, same, keep;

	ident = strdup(s->ident != NULL ? s->ident : "milter-manager");
	if (ident == NULL)
		return (-1);
	/* Later there may be no memory. */
	if (s->format == LOG_JSON && buf_reserve(&json, LOG_JSON_ROOM) == NULL)
		goto fail;
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

	/* It may be out of reach by now (chroot). */
	keep = s->use_syslog && (syslog_path == NULL ||
	    log_state.syslog_path == NULL ? syslog_path ==
	    log_state.syslog_path : strcmp(syslog_path,
	    log_state.syslog_path) == 0);
	/* Nothing can fail from here on. */
	log_settle(true);
	if (fd == log_state.fd)
		log_state.own_fd = false;
	log_drop(keep);
	log_state.format = s->format;
	log_state.json = json;
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
	buf_free(&json);
	free(path);
	free(ident);
	free(syslog_path);
	return (-1);
}

void
log_close(void)
{
	log_settle(true);
	log_drop(false);
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
	if (log_state.opened && log_state.format == LOG_TEXT) {
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
		n = snprintf(note + LOG_STAMP_MAX, 64,
		    log_state.format == LOG_JSON ?
		    "{\"message\": \"%u lines of the log were lost\"}" :
		    "%u lines of the log were lost", *lost);
		if (!to(LOGL_WARNING, note + LOG_STAMP_MAX, (size_t)n)) {
			++*lost;
			return;
		}
		*lost = 0;
	}
	if (!to(level, text, len))
		++*lost;
}

/* To all that is open; around text there is what log_to_file() needs. */
static void
log_out(unsigned level, char *text, size_t len)
{
	if (log_state.use_syslog)
		log_take(log_to_syslog, &log_state.lost_syslog, level, text,
		    len);
	if (log_state.fd != -1)
		log_take(log_to_file, &log_state.lost_file, level, text, len);
}

/* The members that every line has; the object is not closed. */
static void
log_json_begin(unsigned level, unsigned session)
{
	struct buf *b = &log_state.json;
	char when[LOG_TIME_SIZE];

	buf_clear(b);
	log_time(when);
	(void)buf_printf(b, "{\"time\": \"%s\", \"level\": \"%s\"", when,
	    word_name(log_level_names, (int)level));
	if (session != 0)
		(void)buf_printf(b, ", \"session\": %u", session);
	(void)buf_printf(b, ", \"message\": ");
}

static void
log_json_end(unsigned level)
{
	struct buf *b = &log_state.json;

	(void)buf_add(b, "}", 2);	/* and room for the line's end */
	log_out(level, (char *)buf_ptr(b), b->len - 1);
}

/* Appends text as a JSON string of at most max bytes. */
static int
log_add_json(struct buf *b, const char *text, size_t max)
{
	char copy[LOG_LINE_MAX];
	size_t at = b->len, whole = strlen(text), n = whole, less;

	if (n > sizeof(copy) - 4)
		n = sizeof(copy) - 4;
	for (;;) {
		memcpy(copy, text, n);
		(void)strlcpy(copy + n, n < whole ? "..." : "", 4);
		if (json_add(b, copy) == -1)
			return (-1);
		if (b->len - at <= max || n == 0)
			return (0);
		/* A byte makes six at most. */
		less = (b->len - at - max + 5) / 6;
		n = less < n ? n - less : 0;
		b->len = at;
	}
}

/* Writes a line.  Text is not kept as it is, and has room for a NUL. */
static void
log_put_line(unsigned level, unsigned session, char *text, size_t len)
{
	char line[LOG_STAMP_MAX + LOG_LINE_MAX], *start = line + LOG_STAMP_MAX;
	size_t n;

	/* Whatever slipped through, it stays one line. */
	for (n = 0; n < len; n++)
		if ((unsigned char)text[n] < ' ' || text[n] == 0x7f)
			text[n] = ' ';
	if (log_state.format == LOG_JSON) {
		text[len] = '\0';
		log_json_begin(level, session);
		(void)log_add_json(&log_state.json, text, LOG_LINE_MAX - 2 -
		    log_state.json.len);
		log_json_end(level);
		return;
	}
	if (level == LOGL_STATISTICS)
		n = strlcpy(start, "[statistics] ", 32);
	else if (session != 0)
		n = (size_t)snprintf(start, 32, "%u ", session);
	else
		n = 0;
	if (len > LOG_LINE_MAX - 1 - n) {
		len = LOG_LINE_MAX - 1 - n;
		memcpy(text + len - 3, "...", 3);
	}
	memcpy(start + n, text, len);
	log_out(level, start, n + len);
}

/* --- repeats ------------------------------------------------------------- */

static uint64_t
log_now(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

/* What was kept back of that line is told. */
static void
log_settle_one(struct log_repeat *r)
{
	char text[LOG_REPEAT_TEXT + 64];
	int n;

	r->hash = 0;
	log_repeating--;
	if (r->n <= LOG_BURST || !log_wants(r->level))
		return;
	n = snprintf(text, sizeof(text) - 1, "repeated %u times: %s",
	    r->n - LOG_BURST, r->text);
	log_put_line(r->level, 0, text, (size_t)n);
}

static void
log_settle(bool all)
{
	uint64_t now;
	size_t i;

	if (log_repeating == 0)
		return;
	now = log_now();
	for (i = 0; i < LOG_REPEATS; i++)
		if (log_repeats[i].hash != 0 && (all ||
		    now - log_repeats[i].since >= LOG_REPEAT_MS))
			log_settle_one(&log_repeats[i]);
}

/* Has it been written often enough? */
static bool
log_is_repeated(unsigned level, const char *text)
{
	struct log_repeat *r, *use = &log_repeats[0];
	uint64_t hash = 14695981039346656037u ^ level;
	const char *p;
	size_t i;

	for (p = text; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
	hash |= 1;
	for (i = 0; i < LOG_REPEATS; i++) {
		r = &log_repeats[i];
		if (r->hash == hash)
			return (++r->n > LOG_BURST);
		/* A free one, else the oldest. */
		if (use->hash != 0 && (r->hash == 0 || r->since < use->since))
			use = r;
	}
	if (use->hash != 0)
		log_settle_one(use);
	use->hash = hash;
	use->since = log_now();
	use->level = level;
	use->n = 1;
	(void)strlcpy(use->text, text, sizeof(use->text));
	log_repeating++;
	return (false);
}

/* --- lines --------------------------------------------------------------- */

void
log_session(unsigned level, unsigned session, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX];
	int saved = errno, need;

	if (!log_wants(level))
		return;
	need = vsnprintf(text, sizeof(text), fmt, ap);
	if (need < 0)
		goto out;
	if ((size_t)need >= sizeof(text)) {
		need = sizeof(text) - 1;
		memcpy(text + need - 3, "...", 3);
	}
	log_settle(false);
	if ((level & (LOGL_ERROR | LOGL_WARNING)) == 0 ||
	    !log_is_repeated(level, text))
		log_put_line(level, session, text, (size_t)need);
out:
	errno = saved;
}

void
log_write(unsigned level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_session(level, 0, fmt, ap);
	va_end(ap);
}

void
log_members(unsigned level, unsigned session, const char *kind,
    const char *members)
{
	char text[LOG_LINE_MAX];
	int saved = errno, n;

	if (!log_wants(level))
		return;
	log_settle(false);
	if (log_state.format == LOG_JSON) {
		log_json_begin(level, session);
		(void)buf_printf(&log_state.json, "\"%s\", %.*s", kind,
		    LOG_MEMBERS_MAX, members);
		log_json_end(level);
	} else {
		n = snprintf(text, sizeof(text) - 1, "%s%.*s", kind,
		    LOG_MEMBERS_MAX, members);
		log_put_line(level, session, text, (size_t)n);
	}
	errno = saved;
}

int
log_format(void)
{
	return (log_state.format);
}

int
log_value(struct buf *b, const char *text, size_t max)
{
	char safe[LOG_LINE_MAX];
	const char *p;
	int r;

	if (log_state.format == LOG_JSON)
		return (log_add_json(b, text, max));
	if (max > sizeof(safe))
		max = sizeof(safe);
	(void)log_escape(safe, max, text, strlen(text));
	if (safe[0] != '\0' && safe[strcspn(safe, " \"=")] == '\0')
		return (buf_add(b, safe, strlen(safe)));
	r = buf_add_u8(b, '"');
	for (p = safe; *p != '\0'; p++) {
		if (*p == '"')
			r |= buf_add_u8(b, '\\');
		r |= buf_add_u8(b, (unsigned char)*p);
	}
	return (r | buf_add_u8(b, '"'));
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

#undef LOG_STAMP_MAX
#undef LOG_JSON_ROOM
#undef LOG_REPEATS
#undef LOG_REPEAT_TEXT
#undef LOG_REPEAT_MS
