/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * record.c - sessions written down frame by frame, for milter-manager-replay.
 * Owns:      the files, what of a session goes into them, and when.
 * Called by: manager.c, session.c and child.c; the streams, for what is sent.
 * Must not:  let the session feel any of it.
 *
 * Frames wait in memory and are written when there are RECORD_PIECE bytes of
 * them, from a task behind the handlers of that round, or when RECORD_DELAY has
 * passed.  The limit of a file is kept by three means: a frame that has come by
 * before is a reference to it (children get the bytes of the MTA), bodies take
 * no more than half of it and are shortened beyond, and what does not fit even
 * so is cut.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "manager/manager_internal.h"
#include "manager/record.h"
#include "manager/session_internal.h"
#include "milter/trace.h"

/* Buffered bytes that are written soon, and those that are written now. */
#define RECORD_PIECE	((size_t)32 * 1024)
#define RECORD_HIGH	((size_t)256 * 1024)
/* Milliseconds until fewer are. */
#define RECORD_DELAY	1000u
/* What is kept of a body that is shortened. */
#define RECORD_SHORT	((size_t)256)
/* A smaller frame is not worth a reference. */
#define RECORD_SAME	((size_t)32)
/* Frames that are remembered for that. */
#define RECORD_SEEN	512u
/* PREFIX, time, "-", session, "-", six of mkstemp(3). */
#define RECORD_PREFIX	"milter-manager-"
#define RECORD_NAME	72

struct record_file {
	char		 name[RECORD_NAME];
	bool		 running;	/* its session is not over */
};

struct record_folder {
	unsigned	 refs;
	char		*path;
	size_t		 max;
	bool		 told;		/* that it cannot be written to */
	struct record_file *file;	/* oldest first */
	size_t		 n, room;
};

struct record_seen {
	uint64_t	 hash;
	uint32_t	 len;
	uint32_t	 number;	/* of the frame, from 1; 0: none */
};

struct record {
	struct session	*session;
	struct loop	*loop;
	struct record_folder *folder;	/* the generation's */
	int		 fd;		/* -1: not made yet */
	char		 name[RECORD_NAME];
	uint64_t	 began;		/* us */
	uint64_t	 size;		/* of the file, with what waits */
	uint32_t	 n_frames;
	bool		 off;		/* nothing more is recorded */
	struct buf	 buf;
	struct loop_timer timer;
	struct loop_task task;
	struct record_seen seen[RECORD_SEEN];
};

/* --- the folder ----------------------------------------------------------- */

/* "folder/name", to be freed; NULL: out of memory. */
static char *
record_path(const struct record_folder *f, const char *name)
{
	size_t size = strlen(f->path) + strlen(name) + 2;
	char *path = malloc(size);

	if (path != NULL)
		(void)snprintf(path, size, "%s/%s", f->path, name);
	return (path);
}

static void
record_unlink(const struct record_folder *f, const char *name)
{
	char *path = record_path(f, name);

	if (path != NULL)
		(void)unlink(path);
	free(path);
}

static struct record_file *
record_list(struct record_folder *f, const char *name, bool running)
{
	struct record_file *file;
	size_t room;

	if (f->n == f->room) {
		room = f->room == 0 ? 16 : f->room * 2;
		file = realloc(f->file, room * sizeof(*file));
		if (file == NULL)
			return (NULL);
		f->file = file;
		f->room = room;
	}
	file = &f->file[f->n++];
	strlcpy(file->name, name, sizeof(file->name));
	file->running = running;
	return (file);
}

static void
record_unlist(struct record_folder *f, size_t i)
{
	memmove(&f->file[i], &f->file[i + 1],
	    (f->n - i - 1) * sizeof(*f->file));
	f->n--;
}

/* The list's entry of that name: mostly one of the last. */
static size_t
record_find(const struct record_folder *f, const char *name)
{
	size_t i;

	for (i = f->n; i > 0; i--)
		if (strcmp(f->file[i - 1].name, name) == 0)
			break;
	return (i > 0 ? i - 1 : f->n);
}

/* Removes the oldest until fewer than max are left; running ones stay. */
static bool
record_make_room(struct record_folder *f, size_t max)
{
	size_t i = 0;

	while (f->n >= max && i < f->n) {
		if (f->file[i].running) {
			i++;
			continue;
		}
		record_unlink(f, f->file[i].name);
		record_unlist(f, i);
	}
	return (f->n < max);
}

/* Whether it is a name that we give, letter by letter. */
static bool
record_is_name(const char *name)
{
	static const char form[] = "00000000T000000.000000-";
	const char *p = name + sizeof(RECORD_PREFIX) - 1;
	size_t i;

	if (strlen(name) >= RECORD_NAME || strncmp(name, RECORD_PREFIX,
	    sizeof(RECORD_PREFIX) - 1) != 0)
		return (false);
	for (i = 0; form[i] != '\0'; i++, p++)
		if (form[i] == '0' ? *p < '0' || *p > '9' : *p != form[i])
			return (false);
	i = strspn(p, "0123456789");
	return (i > 0 && p[i] == '-' && strlen(p + i + 1) == 6);
}

static int
record_compare(const void *a, const void *b)
{
	const struct record_file *x = a, *y = b;

	return (strcmp(x->name, y->name));
}

/* Those of earlier runs: regular files of ours, so that no other is removed. */
static void
record_scan(struct record_folder *f)
{
	DIR *dir = opendir(f->path);
	struct dirent *entry;
	struct stat st;
	char *path;

	if (dir == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		if (!record_is_name(entry->d_name) ||
		    (path = record_path(f, entry->d_name)) == NULL)
			continue;
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) &&
		    st.st_uid == geteuid())
			(void)record_list(f, entry->d_name, false);
		free(path);
	}
	(void)closedir(dir);
	if (f->n > 1)
		qsort(f->file, f->n, sizeof(*f->file), record_compare);
}

struct record_folder *
record_folder_get(const struct conf *conf, struct record_folder *old)
{
	struct record_folder *f = old;

	if (f != NULL && strcmp(f->path, conf->record_directory) == 0)
		f->refs++;
	else {
		f = calloc(1, sizeof(*f));
		if (f == NULL)
			return (NULL);
		f->refs = 1;
		f->path = strdup(conf->record_directory);
		if (f->path == NULL) {
			free(f);
			return (NULL);
		}
		record_scan(f);
	}
	f->max = conf->record_max_files;
	f->told = false;
	(void)record_make_room(f, f->max + 1);
	return (f);
}

void
record_folder_unref(struct record_folder *f)
{
	if (f == NULL || --f->refs > 0)
		return;
	free(f->file);
	free(f->path);
	free(f);
}

/* --- the file ------------------------------------------------------------- */

static uint64_t
record_clock(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_MONOTONIC, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

/* This session is not recorded any further. */
static void
record_stop(struct record *r)
{
	r->off = true;
	buf_free(&r->buf);
	loop_timer_stop(&r->timer);
	loop_task_stop(&r->task);
}

/* Nothing can be written: told once, until the next reload. */
static void
record_fail(struct record *r, int error)
{
	struct record_folder *f = r->folder;

	if (!f->told)
		log_write(LOGL_ERROR, "manager.record_directory: %s: %s; "
		    "sessions are not recorded while that is so", f->path,
		    strerror(error));
	f->told = true;
	if (r->fd != -1) {
		size_t i = record_find(f, r->name);

		(void)close(r->fd);
		r->fd = -1;
		/* A full disk is better off without it. */
		record_unlink(f, r->name);
		if (i < f->n)
			record_unlist(f, i);
	}
	record_stop(r);
}

static bool
record_open(struct record *r)
{
	struct record_folder *f = r->folder;
	char *path;

	if (!record_make_room(f, f->max)) {
		/* As many sessions run as there may be files. */
		record_stop(r);
		return (false);
	}
	path = record_path(f, r->name);
	/* Exclusive, never through a link, 0600, and of no foreseen name. */
	if (path == NULL || (r->fd = mkstemp(path)) == -1) {
		record_fail(r, path == NULL ? ENOMEM : errno);
		free(path);
		return (false);
	}
	(void)fcntl(r->fd, F_SETFD, FD_CLOEXEC);
	strlcpy(r->name, path + strlen(f->path) + 1, sizeof(r->name));
	free(path);
	if (record_list(f, r->name, true) == NULL) {
		(void)close(r->fd);
		r->fd = -1;
		record_unlink(f, r->name);
		record_fail(r, ENOMEM);
		return (false);
	}
	session_log(r->session, LOGL_INFO, "record=%s", r->name);
	return (true);
}

static void
record_write(struct record *r)
{
	ssize_t n;

	loop_timer_stop(&r->timer);
	loop_task_stop(&r->task);
	if (r->buf.len == 0 || (r->fd == -1 && !record_open(r)))
		return;
	while (r->buf.len > 0) {
		n = write(r->fd, buf_ptr(&r->buf), r->buf.len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0) {
			record_fail(r, n == 0 ? ENOSPC : errno);
			return;
		}
		buf_consume(&r->buf, (size_t)n);
	}
	buf_trim(&r->buf);
}

static void
record_on_timer(struct loop_timer *t, void *arg)
{
	(void)t;
	record_write(arg);
}

static void
record_on_task(struct loop_task *t, void *arg)
{
	(void)t;
	record_write(arg);
}

/* Something was added, or (-1) could not be. */
static void
record_added(struct record *r, int error)
{
	if (error == -1)
		record_fail(r, ENOMEM);
	else if (r->buf.len >= RECORD_HIGH)
		record_write(r);
	else if (r->buf.len >= RECORD_PIECE)
		loop_task_start(r->loop, &r->task, record_on_task, r);
	else if (!loop_timer_running(&r->timer))
		loop_timer_start(r->loop, &r->timer, RECORD_DELAY,
		    record_on_timer, r);
}

/* Room for a record with so large a payload, and the mark of the cut? */
static bool
record_fits(const struct record *r, size_t payload, size_t max)
{
	return (r->size + TRACE_HEAD + payload + TRACE_HEAD <= max);
}

static uint64_t
record_now(const struct record *r)
{
	return (record_clock() - r->began);
}

static void
record_cut(struct record *r)
{
	if (trace_add(&r->buf, TRACE_CUT, TRACE_WHOLE, 0, record_now(r), NULL,
	    0, NULL, 0) == -1) {
		record_fail(r, ENOMEM);
		return;
	}
	record_write(r);
	if (!r->off)
		record_stop(r);
}

static void
record_text(struct record *r, enum trace_kind kind, unsigned side,
    const char *text)
{
	size_t len = strlen(text);
	int error;

	if (r->off)
		return;
	if (!record_fits(r, len, r->session->conf->record_max_size)) {
		record_cut(r);
		return;
	}
	error = trace_add(&r->buf, kind, TRACE_WHOLE, side, record_now(r),
	    text, len, NULL, 0);
	r->size += TRACE_HEAD + len;
	record_added(r, error);
}

/* --- frames --------------------------------------------------------------- */

static void
record_add(struct record *r, enum trace_kind kind, unsigned side,
    unsigned char code, const void *data, size_t len)
{
	size_t max = r->session->conf->record_max_size, size = len + 1;
	bool body = code == SMFIC_BODY || code == SMFIR_REPLBODY;
	struct record_seen *seen = NULL;
	uint64_t hash = 0, now;
	int error;

	if (r->off)
		return;
	now = record_now(r);
	if (len >= RECORD_SAME || body) {
		hash = trace_hash(data, len);
		seen = &r->seen[hash % RECORD_SEEN];
	}
	if (seen != NULL && seen->number != 0 && seen->hash == hash &&
	    seen->len == len && len >= RECORD_SAME &&
	    record_fits(r, 5, max)) {
		error = trace_add_same(&r->buf, kind, side, now, code,
		    seen->number - 1);
		size = 5;
		seen = NULL;
	} else if (body && len > RECORD_SHORT &&
	    !record_fits(r, size, max / 2)) {
		size = TRACE_SHORT + 1 + RECORD_SHORT;
		if (!record_fits(r, size, max)) {
			record_cut(r);
			return;
		}
		error = trace_add_short(&r->buf, kind, side, now, code, data,
		    RECORD_SHORT, len, hash);
	} else if (record_fits(r, size, max)) {
		error = trace_add(&r->buf, kind, TRACE_WHOLE, side, now, &code,
		    1, data, len);
	} else {
		record_cut(r);
		return;
	}
	r->size += TRACE_HEAD + size;
	r->n_frames++;
	if (seen != NULL) {
		seen->hash = hash;
		seen->len = (uint32_t)len;
		seen->number = r->n_frames;
	}
	record_added(r, error);
}

static unsigned
record_side(const struct session *s, const struct child *c)
{
	return (c == NULL ? 0 : (unsigned)(c - s->child) + 1);
}

void
record_frame(struct session *s, const struct child *c,
    const struct packet *pkt)
{
	if (s->record != NULL)
		record_add(s->record, TRACE_FROM, record_side(s, c),
		    pkt->code, pkt->data, pkt->len);
}

static void
record_frames(struct record *r, unsigned side, const unsigned char *p,
    size_t len)
{
	struct packet pkt;

	while (packet_next(p, len, SIZE_MAX - 8, &pkt) == PACKET_OK) {
		record_add(r, TRACE_TO, side, pkt.code, pkt.data, pkt.len);
		p += pkt.size;
		len -= pkt.size;
	}
}

/* Each piece is made of whole frames, or the two together are one. */
static void
record_sent(struct record *r, unsigned side, const unsigned char *a,
    size_t alen, const unsigned char *b, size_t blen)
{
	if (alen == MILTER_LEN_BYTES + 1 && blen > 0)
		record_add(r, TRACE_TO, side, a[MILTER_LEN_BYTES], b, blen);
	else {
		record_frames(r, side, a, alen);
		record_frames(r, side, b, blen);
	}
}

static void
record_on_mta(struct stream *st, const void *a, size_t alen, const void *b,
    size_t blen)
{
	struct session *s = st->arg;

	if (s->record != NULL)
		record_sent(s->record, 0, a, alen, b, blen);
}

static void
record_on_child(struct stream *st, const void *a, size_t alen, const void *b,
    size_t blen)
{
	struct child *c = st->arg;
	struct session *s = c->session;

	if (s->record != NULL)
		record_sent(s->record, record_side(s, c), a, alen, b, blen);
}

/* --- a session ------------------------------------------------------------ */

/* The name but for its end, which is mkstemp(3)'s: the time without marks. */
static void
record_name(struct record *r, const char *when)
{
	size_t n = strlcpy(r->name, RECORD_PREFIX, sizeof(r->name));

	for (; *when != '\0' && *when != 'Z' && n < RECORD_NAME - 32;
	    when++)
		if (*when != '-' && *when != ':')
			r->name[n++] = *when;
	(void)snprintf(r->name + n, sizeof(r->name) - n, "-%u-XXXXXX",
	    r->session->id);
}

static int
record_add_session(struct record *r, const char *when)
{
	const struct session *s = r->session;
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	char spec[SPEC_TEXT_MAX] = "unknown", id[16];
	const char *pair[] = { "session", id, "time", when, "spec", spec,
	    "peer", s->peer };
	struct buf b;
	size_t i;
	int error = 0;

	/* Not the configuration's: a reload does not move the socket. */
	memset(&sa, 0, sizeof(sa));
	if (getsockname(s->mta.io.fd, (struct sockaddr *)&sa, &len) == 0)
		addr_format((struct sockaddr *)&sa, len, spec, sizeof(spec));
	(void)snprintf(id, sizeof(id), "%u", s->id);
	memset(&b, 0, sizeof(b));
	for (i = 0; i < sizeof(pair) / sizeof(pair[0]) && error == 0; i++)
		error = buf_add_str(&b, pair[i]);
	if (error == 0 && (error = trace_add_magic(&r->buf)) == 0)
		error = trace_add(&r->buf, TRACE_SESSION, TRACE_WHOLE, 0, 0,
		    buf_ptr(&b), b.len, NULL, 0);
	buf_free(&b);
	for (i = 0; i < s->n && error == 0; i++) {
		const struct conf_milter *conf = s->child[i].conf;

		/* Of several addresses the first. */
		spec_format(&conf->specs.spec[0], spec, sizeof(spec));
		error = trace_add(&r->buf, TRACE_CHILD, TRACE_WHOLE,
		    (unsigned)i + 1, 0, conf->name, strlen(conf->name) + 1,
		    spec, strlen(spec) + 1);
	}
	r->size = r->buf.len;
	return (error);
}

void
record_begin(struct session *s)
{
	struct record *r;
	char when[LOG_TIME_SIZE];

	if (s->gen->records == NULL || s->n + 1 >= TRACE_SIDES ||
	    (r = calloc(1, sizeof(*r))) == NULL)
		return;
	r->session = s;
	r->loop = s->mta.loop;
	r->folder = s->gen->records;
	r->fd = -1;
	r->began = record_clock();
	log_time(when);
	record_name(r, when);
	if (record_add_session(r, when) == -1) {
		buf_free(&r->buf);
		free(r);
		return;
	}
	s->record = r;
	s->mta.tap = record_on_mta;
}

void
record_child(struct child *c)
{
	if (c->session->record != NULL)
		c->stream.tap = record_on_child;
}

void
record_note(struct session *s, const struct child *c, const char *text)
{
	if (s->record != NULL)
		record_text(s->record, TRACE_NOTE, record_side(s, c), text);
}

void
record_end(struct session *s, const char *reason)
{
	struct record *r = s->record;
	size_t i;

	if (r == NULL)
		return;
	s->record = NULL;
	/* One that only came and went is none. */
	if (!r->off && r->n_frames > 0) {
		record_text(r, TRACE_END, 0, reason);
		record_write(r);
	}
	if (r->fd != -1) {
		(void)close(r->fd);
		i = record_find(r->folder, r->name);
		if (i < r->folder->n)
			r->folder->file[i].running = false;
	}
	record_stop(r);
	free(r);
}

#undef RECORD_PIECE
#undef RECORD_HIGH
#undef RECORD_DELAY
#undef RECORD_SHORT
#undef RECORD_SAME
#undef RECORD_SEEN
#undef RECORD_PREFIX
#undef RECORD_NAME
