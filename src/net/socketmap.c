/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * socketmap.c - the client side of the socketmap protocol.
 * Owns:      the connections to a server, who waits for them, and the answers
 *            of the last few seconds.
 * Called by: condition/feed.c; the loop.
 * Must not:  call a caller's function from within a socketmap_ function, or
 *            touch anything after it has called one: the map may be gone.
 *
 * A connection has one question at a time, so that an answer cannot be taken
 * for another one's; when a question is given up, its connection is, too.
 */
#include "compat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "net/socketmap.h"
#include "net/stream.h"
#include "net/target.h"

#define SOCKETMAP_TIMEOUT	5000		/* ms, when none was given */
#define SOCKETMAP_IDLE		30000		/* a connection is of no use */
#define SOCKETMAP_KEEP		5000		/* an answer is known */
#define SOCKETMAP_SLOTS		32		/* a power of two */
#define SOCKETMAP_LINE		512		/* of what is wrong */

struct socketmap_conn {
	struct socketmap *map;
	struct socketmap_query *query;	/* NULL: idle, or not open */
	struct dial	 dial;
	struct stream	 stream;
	struct loop_timer idle;
	bool		 kept;		/* has answered another question */
};

/* An answer: the last one to a key of that slot. */
struct socketmap_slot {
	char		*key;		/* NULL: none */
	char		*value;		/* behind it, NULL: not found */
	uint64_t	 until;
};

struct socketmap {
	struct loop	*loop;
	struct target	*target;
	char		*name;
	unsigned	 timeout_ms;
	struct socketmap_query *first, *last;	/* who waits for a turn */
	struct socketmap_conn conn[SOCKETMAP_CONNS];
	struct socketmap_slot slot[SOCKETMAP_SLOTS];
};

static void	socketmap_serve(struct socketmap *);
static loop_task_fn socketmap_on_task;

/* --- what the server says ------------------------------------------------ */

int
socketmap_answer(const unsigned char *data, size_t len,
    enum socketmap_status *status, const char **text, size_t *n)
{
	static const char *const words[] = {
		"OK", "NOTFOUND", "TEMP", "TIMEOUT", "PERM",
	};
	const char *s = (const char *)data;
	size_t at, size = 0, word, i;

	for (at = 0; at < len && s[at] >= '0' && s[at] <= '9'; at++) {
		size = size * 10 + (size_t)(s[at] - '0');
		if (size > SOCKETMAP_VALUE_MAX || at >= 6)
			return (-1);
	}
	if (at == len)
		return (0);
	if (at == 0 || s[at++] != ':')
		return (-1);
	if (len - at <= size)
		return (0);
	s += at;
	if (s[size] != ',' || memchr(s, '\0', size) != NULL)
		return (-1);
	for (word = 0; word < size && s[word] != ' '; word++)
		continue;
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == word && memcmp(s, words[i], word) == 0)
			break;
	if (i == sizeof(words) / sizeof(words[0]))
		return (-1);
	*status = i == 0 ? SOCKETMAP_FOUND : i == 1 ? SOCKETMAP_NONE :
	    SOCKETMAP_FAILED;
	/* Of a failure its word is part of the text. */
	word = i < 2 ? word + (word < size) : 0;
	*text = s + word;
	*n = size - word;
	return ((int)(at + size + 1));
}

/* --- answers that are known ---------------------------------------------- */

static struct socketmap_slot *
socketmap_slot(struct socketmap *m, const char *key)
{
	uint32_t hash = 5381;

	while (*key != '\0')
		hash = hash * 33 + (unsigned char)*key++;
	return (&m->slot[(hash ^ hash >> 16) % SOCKETMAP_SLOTS]);
}

/* The slot that has an answer to the key, or NULL. */
static const struct socketmap_slot *
socketmap_known(struct socketmap *m, const char *key)
{
	const struct socketmap_slot *slot = socketmap_slot(m, key);

	return (slot->key != NULL && slot->until > loop_now(m->loop) &&
	    strcmp(slot->key, key) == 0 ? slot : NULL);
}

/* Keeps it; value NULL: not found.  0, or -1 without memory. */
static int
socketmap_keep(struct socketmap *m, const char *key, const char *value,
    size_t len)
{
	struct socketmap_slot *slot = socketmap_slot(m, key);
	size_t n = strlen(key) + 1;
	char *both = malloc(n + len + 1);

	if (both == NULL)
		return (-1);
	memcpy(both, key, n);
	if (value != NULL)
		memcpy(both + n, value, len);
	both[n + len] = '\0';
	free(slot->key);
	slot->key = both;
	slot->value = value != NULL ? both + n : NULL;
	slot->until = loop_now(m->loop) + SOCKETMAP_KEEP;
	return (0);
}

/* --- the end of a question ----------------------------------------------- */

/* The connection is over; the question that it had is the caller's. */
static void
socketmap_close(struct socketmap_conn *c)
{
	stream_close(&c->stream);
	dial_cancel(&c->dial);
	loop_timer_stop(&c->idle);
	c->kept = false;
	c->query = NULL;
}

/* It waits for a turn no longer, if it did. */
static void
socketmap_unlink(struct socketmap_query *q)
{
	struct socketmap *m = q->map;

	if (q->prev != NULL)
		q->prev->next = q->next;
	else if (m->first == q)
		m->first = q->next;
	if (q->next != NULL)
		q->next->prev = q->prev;
	else if (m->last == q)
		m->last = q->prev;
	q->next = q->prev = NULL;
}

/* The question is over; others may have their turn. */
static void
socketmap_leave(struct socketmap_query *q)
{
	struct socketmap *m = q->map;
	size_t i;

	for (i = 0; i < SOCKETMAP_CONNS; i++)
		if (m->conn[i].query == q)
			socketmap_close(&m->conn[i]);
	socketmap_unlink(q);
	loop_timer_stop(&q->timer);
	loop_task_stop(&q->task);
	free(q->key);
	q->key = NULL;
	q->map = NULL;
	socketmap_serve(m);
}

void
socketmap_cancel(struct socketmap_query *q)
{
	if (q->map != NULL)
		socketmap_leave(q);
}

/* With its server before what is wrong, unless that says where by itself. */
static void
socketmap_fail(struct socketmap_query *q, bool server, const char *what,
    size_t len)
{
	char line[SOCKETMAP_LINE];
	size_t n = 0;

	if (server) {
		(void)spec_format(target_spec(q->map->target), line,
		    sizeof(line) / 2);
		strlcat(line, ": ", sizeof(line));
		n = strlen(line);
	}
	(void)log_escape(line + n, sizeof(line) - n, what, len);
	socketmap_leave(q);
	q->fn(q, SOCKETMAP_FAILED, line, q->arg);
}

static void
socketmap_fail_text(struct socketmap_query *q, const char *what)
{
	socketmap_fail(q, true, what, strlen(what));
}

/* value NULL: not found. */
static void
socketmap_tell(struct socketmap_query *q, const char *value)
{
	socketmap_leave(q);
	if (value != NULL)
		q->fn(q, SOCKETMAP_FOUND, value, q->arg);
	else
		q->fn(q, SOCKETMAP_NONE, "", q->arg);
}

static void
socketmap_on_late(struct loop_timer *timer, void *arg)
{
	(void)timer;
	socketmap_fail_text(arg, "no answer in time");
}

/* --- connections --------------------------------------------------------- */

static void
socketmap_on_idle(struct loop_timer *timer, void *arg)
{
	(void)timer;
	socketmap_close(arg);
}

static size_t
socketmap_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	struct socketmap_conn *c = arg;
	struct socketmap_query *q = c->query;
	struct socketmap *m = c->map;
	enum socketmap_status status;
	const char *text;
	size_t n;
	int used;

	(void)s;
	if (q == NULL) {
		socketmap_close(c);	/* it answers nothing */
		return (0);
	}
	used = socketmap_answer(data, len, &status, &text, &n);
	if (used == 0)
		return (0);
	if (used == -1) {
		socketmap_fail_text(q, "not an answer of a socketmap server");
		return (0);
	}
	/* With more behind the answer the connection ends with its question. */
	if ((size_t)used == len) {
		c->query = NULL;
		c->kept = true;
		loop_timer_start(m->loop, &c->idle, SOCKETMAP_IDLE,
		    socketmap_on_idle, c);
	}
	if (status == SOCKETMAP_FAILED)
		socketmap_fail(q, true, text, n);
	else if (socketmap_keep(m, q->key,
	    status == SOCKETMAP_FOUND ? text : NULL, n) == -1)
		socketmap_fail_text(q, "out of memory");
	else
		socketmap_tell(q, socketmap_slot(m, q->key)->value);
	return ((size_t)used);
}

/*
 * Sends the question.  Without memory for it, it is late at once: this may be
 * within a caller's call.
 */
static void
socketmap_send(struct socketmap_conn *c)
{
	struct socketmap_query *q = c->query;
	struct buf b = { NULL, 0, 0, 0 };

	if (buf_printf(&b, "%zu:%s %s,", strlen(c->map->name) + 1 +
	    strlen(q->key), c->map->name, q->key) == -1 ||
	    stream_write(&c->stream, buf_ptr(&b), b.len) == -1)
		loop_timer_start(c->map->loop, &q->timer, 0,
		    socketmap_on_late, q);
	buf_free(&b);
}

static void	socketmap_dial(struct socketmap_conn *);

static void
socketmap_on_closed(struct stream *s, int err, void *arg)
{
	struct socketmap_conn *c = arg;
	struct socketmap_query *q = c->query;
	bool kept = c->kept;

	(void)s;
	socketmap_close(c);
	if (q == NULL)
		return;
	c->query = q;
	/* The server may have ended it before it saw the question. */
	if (kept)
		socketmap_dial(c);
	else
		socketmap_fail_text(q, err != 0 ? strerror(err) :
		    "closed without an answer");
}

static void
socketmap_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	static const struct stream_ops ops = {
		socketmap_on_input, NULL, socketmap_on_closed,
	};
	struct socketmap_conn *c = arg;

	(void)d;
	if (fd == -1) {
		socketmap_fail(c->query, false, why, strlen(why));
	} else if (stream_open(&c->stream, c->map->loop, fd, &ops, c) == -1) {
		why = strerror(errno);
		(void)close(fd);
		socketmap_fail_text(c->query, why);
	} else
		socketmap_send(c);
}

static void
socketmap_dial(struct socketmap_conn *c)
{
	dial_start(&c->dial, c->map->target, c->map->timeout_ms,
	    socketmap_on_dialled, c);
}

/* --- questions ----------------------------------------------------------- */

/* One for the next question: rather one that is open than a new one. */
static struct socketmap_conn *
socketmap_free_conn(struct socketmap *m)
{
	struct socketmap_conn *c, *found = NULL;

	for (c = m->conn; c < m->conn + SOCKETMAP_CONNS; c++)
		if (c->query == NULL && (found == NULL || c->kept))
			found = c;
	return (found);
}

/* As many as can have it get their turn. */
static void
socketmap_serve(struct socketmap *m)
{
	struct socketmap_conn *c;
	struct socketmap_query *q;

	while ((q = m->first) != NULL) {
		c = socketmap_free_conn(m);
		if (socketmap_known(m, q->key) != NULL) {
			socketmap_unlink(q);
			loop_task_start(m->loop, &q->task, socketmap_on_task,
			    q);
		} else if (c != NULL) {
			socketmap_unlink(q);
			c->query = q;
			loop_timer_stop(&c->idle);
			if (c->kept)
				socketmap_send(c);
			else
				socketmap_dial(c);
		} else
			break;
	}
}

static void
socketmap_on_task(struct loop_task *task, void *arg)
{
	struct socketmap_query *q = arg;
	struct socketmap *m = q->map;
	const struct socketmap_slot *slot;

	(void)task;
	if (q->key == NULL) {
		socketmap_fail_text(q, "out of memory");
	} else if (strlen(q->key) > SOCKETMAP_KEY_MAX) {
		socketmap_tell(q, NULL);
	} else if ((slot = socketmap_known(m, q->key)) != NULL) {
		socketmap_tell(q, slot->value);
	} else {
		q->prev = m->last;
		*(m->last != NULL ? &m->last->next : &m->first) = q;
		m->last = q;
		socketmap_serve(m);
	}
}

void
socketmap_ask(struct socketmap *m, struct socketmap_query *q, const char *key,
    socketmap_fn *fn, void *arg)
{
	q->map = m;
	q->fn = fn;
	q->arg = arg;
	q->key = strdup(key);
	q->next = q->prev = NULL;
	loop_timer_start(m->loop, &q->timer, m->timeout_ms, socketmap_on_late,
	    q);
	loop_task_start(m->loop, &q->task, socketmap_on_task, q);
}

struct socketmap *
socketmap_new(struct loop *l, const struct spec *spec, const char *map,
    unsigned timeout_ms)
{
	struct socketmap *m = calloc(1, sizeof(*m));
	size_t i;

	if (m == NULL)
		return (NULL);
	m->loop = l;
	m->timeout_ms = timeout_ms != 0 ? timeout_ms : SOCKETMAP_TIMEOUT;
	m->target = target_new(l, NULL, spec, 0);
	m->name = strdup(map);
	for (i = 0; i < SOCKETMAP_CONNS; i++)
		m->conn[i].map = m;
	if (m->target == NULL || m->name == NULL) {
		socketmap_free(m);
		return (NULL);
	}
	return (m);
}

void
socketmap_free(struct socketmap *m)
{
	size_t i;

	if (m == NULL)
		return;
	for (i = 0; i < SOCKETMAP_CONNS; i++)
		socketmap_close(&m->conn[i]);
	for (i = 0; i < SOCKETMAP_SLOTS; i++)
		free(m->slot[i].key);
	target_free(m->target);
	free(m->name);
	free(m);
}

#undef SOCKETMAP_TIMEOUT
#undef SOCKETMAP_IDLE
#undef SOCKETMAP_KEEP
#undef SOCKETMAP_SLOTS
#undef SOCKETMAP_LINE
