/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * feed.c - the tables of a configuration at work.
 * Owns:      when a table is read again, what is in it meanwhile, and who waits
 *            for its first entries.
 * Called by: facts.c; the manager, with each new configuration; "milter-manager
 *            explain"; the loop.
 * Must not:  wait, or give up entries before there are better ones.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "condition/feed.h"
#include "condition/feed_internal.h"
#include "config/source.h"
#include "config/table.h"

#define FEED_INTERVAL		60000	/* ms, when none is set */
#define FEED_FILE_INTERVAL	5000	/* the longest one for a file */
#define FEED_RETRY		10000	/* the longest one without entries */
#define FEED_LIMIT		30000	/* for a program */
#define FEED_SPREAD		100	/* between the first programs */
/*
 * A file is read when it was left alone for so many seconds: so it is not read
 * half written, and no change is so soon after that its time is the same.
 */
#define FEED_SETTLE		2

/* What tells a file from what it was. */
struct feed_stamp {
	dev_t		 dev;
	ino_t		 ino;
	off_t		 size;
	time_t		 mtime;
	time_t		 ctime;
};

struct feed {
	struct feeds	*feeds;
	const struct conf_table *conf;
	struct table	*table;		/* NULL: none yet */
	struct socketmap *map;		/* NULL: it is none */
	struct loop_timer timer;
	struct feed_command command;	/* of exec: and database: */
	struct feed_program program;
	struct feed_stamp stamp;
	struct feed_query *waiting;	/* for the first run */
	char		 why[FEED_WHY_MAX];	/* "": the last time was fine */
};

struct feeds {
	struct loop	*loop;
	const struct conf *conf;
	struct launch	*launch;	/* NULL: runs programs itself */
	struct feed	*feed;		/* one for each of conf's tables */
	size_t		 n;
};

static loop_timer_fn feed_on_timer;
static loop_task_fn feed_on_task;

static bool
feed_is_file(const struct conf_table *t)
{
	return (t->source == CONF_TABLE_FILE);
}

/* --- new entries --------------------------------------------------------- */

static uint64_t
feed_interval(const struct feed *f)
{
	uint64_t ms = f->feeds->conf->table_interval;
	uint64_t most = feed_is_file(f->conf) ? FEED_FILE_INTERVAL :
	    f->table == NULL ? FEED_RETRY : UINT64_MAX;

	if (ms == 0)
		ms = FEED_INTERVAL;
	return (ms < most ? ms : most);
}

/* The next time, and those who have waited for this one. */
static void
feed_next(struct feed *f)
{
	struct feed_query *q;

	loop_timer_start(f->feeds->loop, &f->timer, feed_interval(f),
	    feed_on_timer, f);
	while ((q = f->waiting) != NULL) {
		f->waiting = q->next;
		loop_task_start(f->feeds->loop, &q->task, feed_on_task, q);
	}
}

/* A line when it is another one than the last time. */
static void
feed_failed(struct feed *f, const char *why)
{
	if (strncmp(f->why, why, sizeof(f->why) - 1) == 0)
		return;
	strlcpy(f->why, why, sizeof(f->why));
	log_write(LOGL_WARNING, "table=%s: %s; %s", f->conf->name, f->why,
	    f->table != NULL ? "the old entries stay" :
	    "it has no entries yet");
}

struct feed_fault {
	const struct feed *feed;
	char		 why[FEED_WHY_MAX];	/* the first one */
};

static void
feed_on_fault(unsigned line, const char *why, void *arg)
{
	struct feed_fault *fault = arg;
	const struct conf_table *t = fault->feed->conf;

	if (fault->why[0] == '\0')
		snprintf(fault->why, sizeof(fault->why), "%s:%u: %s",
		    feed_is_file(t) ? t->where : "its output", line, why);
}

/* The text is all of the table. */
static void
feed_take(struct feed *f, const char *text, size_t len)
{
	struct feed_fault fault;
	struct table *table;

	fault.feed = f;
	fault.why[0] = '\0';
	table = table_new((enum table_kind)f->conf->kind, text, len,
	    feed_on_fault, &fault);
	if (table == NULL) {
		feed_failed(f, fault.why[0] != '\0' ? fault.why :
		    strerror(ENOMEM));
		return;
	}
	table_free(f->table);
	f->table = table;
	log_write(f->why[0] != '\0' ? LOGL_MESSAGE : LOGL_INFO,
	    "table=%s: %zu entries%s", f->conf->name, table_count(table),
	    f->why[0] != '\0' ? "; it works again" : "");
	f->why[0] = '\0';
}

static void
feed_look(struct feed *f)
{
	const char *path = f->conf->where;
	char why[VALUE_WHY_MAX], line[FEED_WHY_MAX + VALUE_WHY_MAX];
	struct source_text source;
	struct feed_stamp now;
	struct stat st;
	time_t age;

	memset(&now, 0, sizeof(now));
	if (stat(path, &st) == 0) {
		now.dev = st.st_dev;
		now.ino = st.st_ino;
		now.size = st.st_size;
		now.mtime = st.st_mtime;
		now.ctime = st.st_ctime;
		age = time(NULL) - st.st_ctime;
		if (memcmp(&now, &f->stamp, sizeof(now)) == 0 ||
		    (age >= 0 && age < FEED_SETTLE))
			return;
	}
	memcpy(&f->stamp, &now, sizeof(now));
	if (source_read(path, 0, &source, why) == -1) {
		snprintf(line, sizeof(line), "%s: %s", path, why);
		feed_failed(f, line);
		return;
	}
	feed_take(f, source.text, source.len);
	free(source.text);
}

static void
feed_on_program(char *text, size_t len, const char *why, void *arg)
{
	struct feed *f = arg;

	if (why != NULL)
		feed_failed(f, why);
	else if (f->conf->source == CONF_TABLE_EXEC)
		feed_take(f, text, len);
	else
		feed_take(f, text, feed_database_rows(text, len,
		    f->command.escaped));
	feed_next(f);
}

static void
feed_on_timer(struct loop_timer *timer, void *arg)
{
	struct feed *f = arg;
	char why[FEED_WHY_MAX];

	(void)timer;
	if (feed_is_file(f->conf))
		feed_look(f);
	else if ((f->feeds->launch != NULL ? feed_program_launch(&f->program,
	    f->feeds->loop, f->feeds->launch, f->feeds->conf, f->conf,
	    FEED_LIMIT, feed_on_program, f, why) : feed_program_start(
	    &f->program, f->feeds->loop, &f->command, FEED_LIMIT,
	    feed_on_program, f, why)) == 0)
		return;
	else
		feed_failed(f, why);
	feed_next(f);
}

/* --- questions ----------------------------------------------------------- */

/* What is known now, without asking anybody. */
static enum eval_state
feed_know(const struct feed *f, const char *key, size_t len,
    const struct network_address *address, bool *found, char *value)
{
	*found = false;
	value[0] = '\0';
	if (f->table != NULL) {
		*found = key != NULL &&
		    table_find(f->table, key, len, address, value);
		return (EVAL_OK);
	}
	snprintf(value, TABLE_VALUE_MAX, "table=%s: %s", f->conf->name,
	    f->why);
	return (f->why[0] != '\0' ? EVAL_FAILED : EVAL_PENDING);
}

static void
feed_tell(struct feed_query *q, enum eval_state state, bool found,
    const char *value)
{
	feed_cancel(q);
	q->fn(q, state, found, value, q->arg);
}

/* The first run is over. */
static void
feed_on_task(struct loop_task *task, void *arg)
{
	struct feed_query *q = arg;
	char value[TABLE_VALUE_MAX];
	enum eval_state state;
	bool found;

	(void)task;
	state = feed_know(q->feed, q->key, q->len, NULL, &found, value);
	feed_tell(q, state, found, value);
}

static void
feed_on_answer(struct socketmap_query *sq, enum socketmap_status status,
    const char *text, void *arg)
{
	struct feed_query *q = arg;
	char value[TABLE_VALUE_MAX];

	(void)sq;
	value[0] = '\0';
	if (status == SOCKETMAP_FAILED)
		snprintf(value, sizeof(value), "table=%s: %s",
		    q->feed->conf->name, text);
	else
		strlcpy(value, text, sizeof(value));
	feed_tell(q, status == SOCKETMAP_FAILED ? EVAL_FAILED : EVAL_OK,
	    status == SOCKETMAP_FOUND, value);
}

/* The address that a key is, or NULL. */
static const struct network_address *
feed_address(const struct eval_value *key, struct network_address *room)
{
	char text[64];

	if (key->type == EXPR_ADDRESS)
		return (key->family == EVAL_INET || key->family == EVAL_INET6 ?
		    &key->address : NULL);
	if (key->text == NULL || key->len >= sizeof(text))
		return (NULL);
	memcpy(text, key->text, key->len);
	text[key->len] = '\0';
	return (network_read_address(text, room) == 0 ? room : NULL);
}

enum eval_state
feed_find(struct feeds *feeds, const struct conf_table *t,
    const struct eval_value *key, bool *found, char *value,
    struct feed_query *q, feed_fn *fn, void *arg)
{
	struct feed *f = &feeds->feed[t->index];
	struct network_address room;
	enum eval_state state;

	state = feed_know(f, key->text, key->len, feed_address(key, &room),
	    found, value);
	if (state != EVAL_PENDING)
		return (state);
	value[0] = '\0';
	/* Nothing is not asked for; no other NUL can be. */
	if (f->map != NULL && (key->text == NULL || key->len == 0 ||
	    memchr(key->text, '\0', key->len) != NULL))
		return (EVAL_OK);
	q->key = NULL;
	q->len = key->len;
	if (key->text != NULL) {
		q->key = malloc(key->len + 1);
		if (q->key == NULL) {
			strlcpy(value, strerror(ENOMEM), TABLE_VALUE_MAX);
			return (EVAL_FAILED);
		}
		memcpy(q->key, key->text, key->len);
		q->key[key->len] = '\0';
	}
	q->feed = f;
	q->fn = fn;
	q->arg = arg;
	if (f->map != NULL) {
		socketmap_ask(f->map, &q->socketmap, q->key, feed_on_answer,
		    q);
	} else {
		q->next = f->waiting;
		f->waiting = q;
	}
	return (EVAL_PENDING);
}

void
feed_cancel(struct feed_query *q)
{
	struct feed_query **p;

	if (q->feed == NULL)
		return;
	for (p = &q->feed->waiting; *p != NULL; p = &(*p)->next)
		if (*p == q) {
			*p = q->next;
			break;
		}
	socketmap_cancel(&q->socketmap);
	loop_task_stop(&q->task);
	free(q->key);
	q->key = NULL;
	q->feed = NULL;
}

/* --- all of them --------------------------------------------------------- */

static bool
feed_same(const struct buf *a, const struct buf *b)
{
	return (a->len == b->len && memcmp(buf_ptr(a), buf_ptr(b), a->len) ==
	    0);
}

/* One that has run the same program in the same way, or NULL. */
static const struct feed *
feed_before(const struct feed *f, const struct feeds *old)
{
	const struct feed *o;

	if (old != NULL)
		for (o = old->feed; o < old->feed + old->n; o++)
			if (feed_same(&o->command.args, &f->command.args) &&
			    feed_same(&o->command.input, &f->command.input) &&
			    feed_same(&o->command.env, &f->command.env))
				return (o);
	return (NULL);
}

/*
 * A program, which is to be run after so long a time.  What it has given before
 * a reload is not asked for again for the reload's sake.  0, or -1 without
 * memory.
 */
static int
feed_begin(struct feed *f, const struct feeds *old, uint64_t delay)
{
	const struct feed *before;
	struct loop *l = f->feeds->loop;
	char why[FEED_WHY_MAX];

	if (feed_command(f->feeds->conf, f->conf, &f->command, why) == -1) {
		if (why[0] == '\0')
			return (-1);
		feed_failed(f, why);
		return (0);
	}
	before = feed_before(f, old);
	if (before != NULL && before->table != NULL) {
		f->table = table_ref(before->table);
		strlcpy(f->why, before->why, sizeof(f->why));
		if (loop_timer_running(&before->timer) &&
		    before->timer.when > loop_now(l))
			delay = before->timer.when - loop_now(l);
		if (delay > feed_interval(f))
			delay = feed_interval(f);
	}
	loop_timer_start(l, &f->timer, delay, feed_on_timer, f);
	return (0);
}

struct feeds *
feeds_new(struct loop *l, const struct conf *conf, struct feeds *old)
{
	struct feeds *feeds = calloc(1, sizeof(*feeds));
	const struct conf_table *t;
	struct feed *f;
	uint64_t delay = 0;

	if (feeds == NULL)
		return (NULL);
	feeds->loop = l;
	feeds->conf = conf;
	feeds->feed = calloc(conf->n_tables + 1, sizeof(*feeds->feed));
	if (feeds->feed == NULL)
		goto fail;
	for (; feeds->n < conf->n_tables; feeds->n++) {
		t = conf->tables[feeds->n];
		f = &feeds->feed[feeds->n];
		f->feeds = feeds;
		f->conf = t;
		if (feed_is_file(t)) {
			f->table = table_ref(t->data);
			feed_next(f);
		} else if (t->source == CONF_TABLE_SOCKETMAP) {
			f->map = socketmap_new(l, &t->spec, t->where, 0);
			if (f->map == NULL)
				goto fail;
		} else {
			if (feed_begin(f, old, delay) == -1)
				goto fail;
			delay += FEED_SPREAD;
		}
	}
	return (feeds);

fail:
	feeds_free(feeds);
	return (NULL);
}

void
feeds_launch(struct feeds *feeds, struct launch *launch)
{
	feeds->launch = launch;
}

void
feeds_free(struct feeds *feeds)
{
	struct feed *f;

	if (feeds == NULL)
		return;
	while (feeds->n > 0) {
		f = &feeds->feed[--feeds->n];
		loop_timer_stop(&f->timer);
		feed_program_stop(&f->program);
		feed_command_free(&f->command);
		socketmap_free(f->map);
		table_free(f->table);
	}
	free(feeds->feed);
	free(feeds);
}

#undef FEED_INTERVAL
#undef FEED_FILE_INTERVAL
#undef FEED_RETRY
#undef FEED_LIMIT
#undef FEED_SPREAD
#undef FEED_SETTLE
