/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_feed.c - tables that change, and what they come from failing in every way.
 * Owns:      the cases below; the files of their work folder.
 * Called by: kyua.
 * Must not:  assert that anything happens soon.
 */
#include "compat.h"

#include <sys/stat.h>

#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/log.h"
#include "h_feed.h"
#include "h_net.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
put(const char *path, const char *text, size_t len)
{
	char name[64];
	FILE *f;

	/* As a whole, as people should. */
	snprintf(name, sizeof(name), "%s.new", path);
	f = fopen(name, "w");
	ATF_REQUIRE(f != NULL);
	ATF_REQUIRE_EQ(len, fwrite(text, 1, len, f));
	ATF_REQUIRE_EQ(0, fclose(f));
	ATF_REQUIRE_EQ(0, rename(name, path));
}

static void
put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

/* How many lines of the log have it. */
static int
logged(const char *text)
{
	char line[2048];
	FILE *f = fopen("log", "r");
	int n = 0;

	ATF_REQUIRE(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	(void)fclose(f);
	return (n);
}

static void
log_to_file(void)
{
	struct log_settings s;

	memset(&s, 0, sizeof(s));
	s.ident = "t_feed";
	s.path = "log";
	s.levels = LOGL_ALL;
	(void)unlink("log");
	ATF_REQUIRE_EQ(0, log_open(&s));
}

/* --- those who ask ------------------------------------------------------- */

struct asker {
	struct feed_query query;
	struct loop	*loop;
	int		 calls;
	enum eval_state	 state;
	bool		 found;
	char		 value[TABLE_VALUE_MAX];
};

static void
on_found(struct feed_query *q, enum eval_state state, bool found,
    const char *value, void *arg)
{
	struct asker *a = arg;

	ATF_REQUIRE_EQ(&a->query, q);
	a->calls++;
	a->state = state;
	a->found = found;
	strlcpy(a->value, value, sizeof(a->value));
	loop_stop(a->loop);
}

static void
set_key(struct eval_value *key, const char *text)
{
	memset(key, 0, sizeof(*key));
	key->type = EXPR_STRING;
	key->text = text;
	key->len = text != NULL ? strlen(text) : 0;
}

static enum eval_state
begin(struct asker *a, struct loop *l, struct feeds *feeds,
    const struct conf_table *t, const struct eval_value *key)
{
	memset(a, 0, sizeof(*a));
	a->loop = l;
	a->state = feed_find(feeds, t, key, &a->found, a->value, &a->query,
	    on_found, a);
	return (a->state);
}

/* The value, "-" when there is none, or "FAILED: why"; waits for it. */
static const char *
ask_value(struct loop *l, struct feeds *feeds, const struct conf_table *t,
    const struct eval_value *key)
{
	static char out[TABLE_VALUE_MAX + 16];
	struct asker a;

	if (begin(&a, l, feeds, t, key) == EVAL_PENDING) {
		net_run(l);
		ATF_REQUIRE_EQ(1, a.calls);
	}
	snprintf(out, sizeof(out), "%s%s", a.state == EVAL_FAILED ?
	    "FAILED: " : "", a.state == EVAL_OK && !a.found ? "-" : a.value);
	if (a.state == EVAL_OK && !a.found)
		ATF_CHECK_STREQ("", a.value);
	return (out);
}

static const char *
ask(struct loop *l, struct feeds *feeds, const struct conf_table *t,
    const char *text)
{
	struct eval_value key;

	set_key(&key, text);
	return (ask_value(l, feeds, t, &key));
}

static void
on_pause(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

static void
pause_a_moment(struct loop *l)
{
	struct loop_timer timer;

	memset(&timer, 0, sizeof(timer));
	loop_timer_start(l, &timer, 20, on_pause, l);
	net_run(l);
	loop_timer_stop(&timer);
}

/* Until the log has it so many times. */
static void
wait_log(struct loop *l, const char *text, int n)
{
	int i;

	for (i = 0; logged(text) < n; i++) {
		ATF_REQUIRE_MSG(i < 3000, "not logged: %s", text);
		pause_a_moment(l);
	}
}

/* Until that is the value. */
static void
wait_value(struct loop *l, struct feeds *feeds, const struct conf_table *t,
    const char *key, const char *value)
{
	int i;

	for (i = 0; strcmp(ask(l, feeds, t, key), value) != 0; i++) {
		ATF_REQUIRE_MSG(i < 3000, "%s: not %s, but %s", key, value,
		    ask(l, feeds, t, key));
		pause_a_moment(l);
	}
}

#define FEED_CASE(name, text)						\
static void name##_with(struct loop *, struct h_conf *);		\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)							\
{									\
	struct loop *loop_ = loop_new(getenv("MM_TEST_BACKEND"));	\
	static struct h_conf h_;					\
									\
	(void)tc;							\
	ATF_REQUIRE(loop_ != NULL);					\
	log_to_file();							\
	h_conf_begin(&h_, 20);						\
	name##_with(loop_, &h_);					\
	h_conf_end(&h_);						\
	linger_end_all(loop_);						\
	loop_free(loop_);						\
	log_close();							\
}									\
static void								\
name##_with(struct loop *l, struct h_conf *h)

/* --- files --------------------------------------------------------------- */

FEED_CASE(file_change, "a file that has changed is read again")
{
	static char list[] = "list:users", cidr[] = "cidr:nets";
	struct conf_table *users, *nets;
	struct feeds *feeds;

	put_text("users", "a one\nb two\n");
	put_text("nets", "192.0.2.0/24 doc\n");
	users = h_conf_table(h, list);
	nets = h_conf_table(h, cidr);
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	ATF_CHECK_STREQ("one", ask(l, feeds, users, "a"));
	ATF_CHECK_STREQ("two", ask(l, feeds, users, "B"));
	ATF_CHECK_STREQ("-", ask(l, feeds, users, "c"));
	ATF_CHECK_STREQ("-", ask(l, feeds, users, ""));
	ATF_CHECK_STREQ("-", ask(l, feeds, users, NULL));
	ATF_CHECK_STREQ("doc", ask(l, feeds, nets, "192.0.2.7"));
	put_text("users", "a three\nc four\n");
	put_text("nets", "198.51.100.0/24 other\n");
	wait_value(l, feeds, users, "a", "three");
	ATF_CHECK_STREQ("-", ask(l, feeds, users, "b"));
	ATF_CHECK_STREQ("four", ask(l, feeds, users, "c"));
	wait_value(l, feeds, nets, "198.51.100.1", "other");
	ATF_CHECK_STREQ("-", ask(l, feeds, nets, "192.0.2.7"));
	ATF_CHECK_EQ(0, logged("works again"));
	ATF_CHECK_EQ(0, logged("old entries"));
	feeds_free(feeds);
}

FEED_CASE(file_broken, "a file of no use leaves the old entries, and is told "
    "once")
{
	static char text[5][16] = {
		"list:gone", "list:folder", "cidr:malformed", "list:huge",
		"list:nul",
	};
	static const char *const said[] = {
		"gone: cannot be read", "folder: a directory",
		"malformed:2: ", "huge: larger than", "nul:2: ",
	};
	struct conf_table *t[COUNT(text)];
	struct feeds *feeds;
	size_t i;

	for (i = 0; i < COUNT(text); i++) {
		put_text(text[i] + 5, "192.0.2.1 old\n");
		t[i] = h_conf_table(h, text[i]);
	}
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	ATF_REQUIRE_EQ(0, unlink("gone"));
	ATF_REQUIRE_EQ(0, unlink("folder"));
	ATF_REQUIRE_EQ(0, mkdir("folder", 0700));
	put_text("malformed", "192.0.2.1 new\nnonsense/99 x\n");
	put_text("huge", "192.0.2.1 new\n");
	ATF_REQUIRE_EQ(0, truncate("huge", 100 * 1024 * 1024));
	put("nul", "192.0.2.1 new\nx\0y\n", 18);
	for (i = 0; i < COUNT(text); i++)
		wait_log(l, said[i], 1);
	for (i = 0; i < COUNT(text); i++)
		ATF_CHECK_STREQ("old", ask(l, feeds, t[i], "192.0.2.1"));
	for (i = 0; i < 10; i++)
		pause_a_moment(l);
	ATF_CHECK_EQ((int)COUNT(text), logged("the old entries stay"));
	ATF_REQUIRE_EQ(0, rmdir("folder"));
	for (i = 0; i < COUNT(text); i++)
		put_text(text[i] + 5, "192.0.2.1 newer\n");
	for (i = 0; i < COUNT(text); i++)
		wait_value(l, feeds, t[i], "192.0.2.1", "newer");
	ATF_CHECK_EQ((int)COUNT(text), logged("works again"));
	ATF_CHECK_EQ((int)COUNT(text), logged("the old entries stay"));
	feeds_free(feeds);
}

FEED_CASE(keys, "an address is looked up as one, a string as what it is")
{
	static char cidr[] = "cidr:nets", list[] = "list:nets";
	struct conf_table *nets, *names;
	struct eval_value key;
	struct feeds *feeds;

	put_text("nets", "192.0.2.0/24 doc\n");
	nets = h_conf_table(h, cidr);
	names = h_conf_table(h, list);
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	set_key(&key, "192.0.2.1");
	key.type = EXPR_ADDRESS;
	key.family = EVAL_INET;
	ATF_REQUIRE_EQ(0, network_read_address("192.0.2.1", &key.address));
	ATF_CHECK_STREQ("doc", ask_value(l, feeds, nets, &key));
	ATF_CHECK_STREQ("-", ask_value(l, feeds, names, &key));
	key.family = EVAL_UNIX;
	ATF_CHECK_STREQ("-", ask_value(l, feeds, nets, &key));
	ATF_CHECK_STREQ("doc", ask(l, feeds, nets, "::ffff:192.0.2.9"));
	ATF_CHECK_STREQ("-", ask(l, feeds, nets, "mail.example.org"));
	ATF_CHECK_STREQ("-", ask(l, feeds, nets, ""));
	ATF_CHECK_STREQ("-", ask(l, feeds, nets, NULL));
	ATF_CHECK_STREQ("doc", ask(l, feeds, names, "192.0.2.0/24"));
	/* With more behind it than the key is long. */
	set_key(&key, "192.0.2.0/24 and more");
	key.len = 12;
	ATF_CHECK_STREQ("doc", ask_value(l, feeds, names, &key));
	set_key(&key, "192.0.2.1 and more");
	key.len = 9;
	ATF_CHECK_STREQ("doc", ask_value(l, feeds, nets, &key));
	feeds_free(feeds);
}

/* --- programs ------------------------------------------------------------ */

FEED_CASE(exec_first, "who asks before the first run waits for it")
{
	static char good[] = "exec:printf '%s\\n' '# x' 'a one' 'b two words'";
	static char bad[] = "exec:echo what >&2; echo is >&2; exit 3";
	static char killed[] = "exec:kill -9 $$";
	static char none[] = "exec:/nonexistent/program";
	struct conf_table *t[4];
	struct asker a[3];
	struct eval_value key;
	struct feeds *feeds;

	t[0] = h_conf_table(h, good);
	t[1] = h_conf_table(h, bad);
	t[2] = h_conf_table(h, killed);
	t[3] = h_conf_table(h, none);
	h->conf.table_interval = 600000;
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	set_key(&key, "b");
	ATF_CHECK_EQ(EVAL_PENDING, begin(&a[0], l, feeds, t[0], &key));
	ATF_CHECK_EQ(EVAL_PENDING, begin(&a[1], l, feeds, t[0], &key));
	ATF_CHECK_EQ(EVAL_PENDING, begin(&a[2], l, feeds, t[0], &key));
	feed_cancel(&a[1].query);
	feed_cancel(&a[1].query);
	while (a[0].calls == 0 || a[2].calls == 0)
		net_run(l);
	ATF_CHECK_EQ(1, a[0].calls);
	ATF_CHECK_EQ(0, a[1].calls);
	ATF_CHECK_EQ(1, a[2].calls);
	ATF_CHECK_STREQ("two words", a[0].value);
	ATF_CHECK_STREQ("one", ask(l, feeds, t[0], "a"));
	ATF_CHECK_STREQ("-", ask(l, feeds, t[0], "#"));
	ATF_CHECK(strstr(ask(l, feeds, t[1], "a"),
	    ": exit status 3: what") != NULL);
	ATF_CHECK(strncmp("FAILED: ", ask(l, feeds, t[1], "a"), 8) == 0);
	ATF_CHECK(strstr(ask(l, feeds, t[2], "a"),
	    ": killed by signal 9") != NULL);
	ATF_CHECK(strstr(ask(l, feeds, t[3], "a"),
	    ": exit status 127: ") != NULL);
	ATF_CHECK_EQ(3, logged("it has no entries yet"));
	feeds_free(feeds);
}

FEED_CASE(exec_broken, "a program of no use leaves the old entries, and works "
    "again")
{
	/* Each runs a file that changes. */
	static char text[4][32] = {
		"exec:sh ./down", "exec:sh ./huge", "exec:sh ./malformed",
		"exec:exec sh ./killed",
	};
	static const char *const broken[] = {
		"echo a new; echo out of order >&2; exit 1",
		"echo a new; exec yes abcdefghijklmnopqrstuvwxyz0123456789",
		"printf 'a new\\nx\\000y\\n'",
		"echo a new; kill -15 $$",
	};
	static const char *const said[] = {
		"exit status 1: out of order", "it prints too much",
		"its output:2: ", "killed by signal 15",
	};
	struct conf_table *t[COUNT(text)];
	struct feeds *feeds;
	size_t i;

	for (i = 0; i < COUNT(text); i++) {
		put_text(strchr(text[i], '/') + 1, "echo a old");
		t[i] = h_conf_table(h, text[i]);
	}
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	for (i = 0; i < COUNT(text); i++)
		ATF_CHECK_STREQ("old", ask(l, feeds, t[i], "a"));
	for (i = 0; i < COUNT(text); i++)
		put_text(strchr(text[i], '/') + 1, broken[i]);
	for (i = 0; i < COUNT(text); i++)
		wait_log(l, said[i], 1);
	for (i = 0; i < COUNT(text); i++)
		ATF_CHECK_STREQ("old", ask(l, feeds, t[i], "a"));
	for (i = 0; i < 10; i++)
		pause_a_moment(l);
	ATF_CHECK_EQ((int)COUNT(text), logged("the old entries stay"));
	for (i = 0; i < COUNT(text); i++)
		put_text(strchr(text[i], '/') + 1, "echo a newer");
	for (i = 0; i < COUNT(text); i++)
		wait_value(l, feeds, t[i], "a", "newer");
	ATF_CHECK_EQ((int)COUNT(text), logged("works again"));
	feeds_free(feeds);
}

FEED_CASE(exec_reload, "a reload takes over what a program has given")
{
	static char once[] = "exec:echo x >> runs; echo a one";
	static struct h_conf h2, h3;
	struct conf_table *t2, *t3;
	struct eval_value key;
	struct asker a;
	struct feeds *feeds, *feeds2, *feeds3;
	struct stat st;

	(void)h_conf_table(h, once);
	h->conf.table_interval = 600000;
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	ATF_CHECK_STREQ("one", ask(l, feeds, h->tables[0], "a"));
	h_conf_begin(&h2, 600000);
	t2 = h_conf_table(&h2, once);
	feeds2 = feeds_new(l, &h2.conf, feeds);
	ATF_REQUIRE(feeds2 != NULL);
	feeds_free(feeds);
	set_key(&key, "a");
	ATF_CHECK_EQ(EVAL_OK, begin(&a, l, feeds2, t2, &key));
	ATF_CHECK_STREQ("one", a.value);
	/* With another interval it runs at the next one's time. */
	h_conf_begin(&h3, 20);
	t3 = h_conf_table(&h3, once);
	feeds3 = feeds_new(l, &h3.conf, feeds2);
	ATF_REQUIRE(feeds3 != NULL);
	ATF_CHECK_EQ(EVAL_OK, begin(&a, l, feeds3, t3, &key));
	ATF_REQUIRE_EQ(0, stat("runs", &st));
	ATF_CHECK_EQ(2, st.st_size);
	do {
		pause_a_moment(l);
		ATF_REQUIRE_EQ(0, stat("runs", &st));
	} while (st.st_size < 6);
	feeds_free(feeds2);
	feeds_free(feeds3);
}

/* A client that answers with how it was asked. */
static void
fake_client(const char *name)
{
	char path[4096], *cwd = getcwd(NULL, 0);

	ATF_REQUIRE(cwd != NULL);
	put_text(name, "#!/bin/sh\n"
	    "printf 'args\\037%s\\036' \"$*\"\n"
	    "printf 'input\\037'; tr '\\n' ' '; printf '\\036'\n");
	ATF_REQUIRE_EQ(0, chmod(name, 0755));
	snprintf(path, sizeof(path), "%s:%s", cwd, getenv("PATH"));
	ATF_REQUIRE_EQ(0, setenv("PATH", path, 1));
	free(cwd);
}

FEED_CASE(database_reload, "what another database has given is not taken over")
{
	static char select[] = "database:SELECT 1";
	static struct h_conf other;
	char type[] = "sqlite3", a_db[] = "a.db", b_db[] = "b.db";
	char wait[] = "timeout=1";
	char *options[] = { wait };
	struct eval_value key;
	struct feeds *feeds, *next;
	struct asker a;
	int i;

	fake_client("sqlite3");
	(void)h_conf_table(h, select);
	h->conf.database_type = type;
	h->conf.database_name = a_db;
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	ATF_CHECK_STREQ("-batch -bail -readonly -ascii -init /dev/null -cmd "
	    ".timeout 5000 a.db SELECT 1", ask(l, feeds, h->tables[0],
	    "args"));
	ATF_CHECK_STREQ("", ask(l, feeds, h->tables[0], "input"));
	set_key(&key, "input");
	for (i = 0; i < 3; i++) {
		h_conf_begin(&other, 600000);
		(void)h_conf_table(&other, select);
		other.conf.database_type = type;
		other.conf.database_name = i == 1 ? b_db : a_db;
		other.conf.database_options.item = options;
		other.conf.database_options.n = i == 2;
		next = feeds_new(l, &other.conf, feeds);
		ATF_REQUIRE(next != NULL);
		ATF_CHECK_EQ(i == 0 ? EVAL_OK : EVAL_PENDING,
		    begin(&a, l, next, other.tables[0], &key));
		feed_cancel(&a.query);
		feeds_free(next);
	}
	feeds_free(feeds);
}

FEED_CASE(database, "what is asked of a database that is none fails")
{
	static char select[] = "database:SELECT 1";
	char type[] = "oracle";
	struct feeds *feeds;

	h->conf.database_type = type;
	(void)h_conf_table(h, select);
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	ATF_CHECK_STREQ("FAILED: table=database:SELECT 1: database.type must "
	    "be \"sqlite3\", \"mysql2\" or \"pg\"",
	    ask(l, feeds, h->tables[0], "1"));
	feeds_free(feeds);
}

FEED_CASE(server, "a socketmap server that is not there fails each question")
{
	static char text[] = "socketmap:unix:none.sock:users";
	struct eval_value key;
	struct feeds *feeds;
	struct asker a;

	(void)h_conf_table(h, text);
	feeds = feeds_new(l, &h->conf, NULL);
	ATF_REQUIRE(feeds != NULL);
	ATF_CHECK_STREQ("FAILED: table=socketmap:unix:none.sock:users: "
	    "unix:none.sock: No such file or directory",
	    ask(l, feeds, h->tables[0], "a"));
	/* Nothing, and what cannot be a key, are in no map. */
	ATF_CHECK_STREQ("-", ask(l, feeds, h->tables[0], ""));
	ATF_CHECK_STREQ("-", ask(l, feeds, h->tables[0], NULL));
	set_key(&key, "a\0b");
	key.len = 3;
	ATF_CHECK_STREQ("-", ask_value(l, feeds, h->tables[0], &key));
	set_key(&key, "a");
	ATF_CHECK_EQ(EVAL_PENDING, begin(&a, l, feeds, h->tables[0], &key));
	feed_cancel(&a.query);
	net_turn(l);
	ATF_CHECK_EQ(0, a.calls);
	feeds_free(feeds);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, file_change);
	ATF_TP_ADD_TC(tp, file_broken);
	ATF_TP_ADD_TC(tp, keys);
	ATF_TP_ADD_TC(tp, exec_first);
	ATF_TP_ADD_TC(tp, exec_broken);
	ATF_TP_ADD_TC(tp, exec_reload);
	ATF_TP_ADD_TC(tp, database_reload);
	ATF_TP_ADD_TC(tp, database);
	ATF_TP_ADD_TC(tp, server);
	return (atf_no_error());
}
