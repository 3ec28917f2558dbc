/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_socketmap.c - questions to a socketmap server that follows a script.
 * Owns:      the server and the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/spec.h"
#include "event/loop.h"
#include "net/sock.h"
#include "net/socketmap.h"

#include "h_net.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define PEERS		64

/* --- the server: what it does is in the key ------------------------------ */

struct peer {
	struct loop_io	 io;
	char		 in[2048];
	size_t		 len;
};

static struct {
	struct loop	*loop;
	struct loop_io	 io;
	struct peer	 peer[PEERS];
	int		 connections;
	int		 questions;
	int		 hang_up;	/* at the first question from now on */
	int		 open, most;	/* at a time */
} server;

static void
peer_end(struct peer *p)
{
	if (p->io.loop == NULL)
		return;
	loop_io_del(&p->io);
	(void)close(p->io.fd);
	server.open--;
}

static void
peer_say(struct peer *p, const char *text)
{
	ATF_REQUIRE_EQ((ssize_t)strlen(text),
	    write(p->io.fd, text, strlen(text)));
}

static void
peer_answer(struct peer *p, const char *question)
{
	static const struct {
		const char *key, *answer;
	} answers[] = {
		{ "users ok", "8:OK value," },
		{ "users two words", "12:OK two words," },
		{ "users empty", "3:OK ," },
		{ "users bare", "2:OK," },
		{ "users none", "9:NOTFOUND ," },
		{ "users bare none", "8:NOTFOUND," },
		{ "users temp", "12:TEMP be back," },
		{ "users perm", "10:PERM bad\nx," },
		{ "users late", "12:TIMEOUT away," },
		{ "users huge", "100001:OK " },
		{ "users malformed", "OK value\n" },
		{ "users word", "8:YES sure," },
		{ "users nothing", "0:," },
		{ "users comma", "8:OK value." },
		{ "users nul", NULL },
		{ "users more", "8:OK value,8:OK other," },
	};
	char text[1200];
	size_t i;

	server.questions++;
	for (i = 0; i < COUNT(answers); i++)
		if (strcmp(answers[i].key, question) == 0 &&
		    answers[i].answer != NULL) {
			peer_say(p, answers[i].answer);
			return;
		}
	if (strcmp(question, "users nul") == 0) {
		ATF_REQUIRE_EQ(9, write(p->io.fd, "6:OK a\0b,", 9));
	} else if (strcmp(question, "users close") == 0) {
		peer_say(p, "8:OK va");
		peer_end(p);
	} else if (strncmp(question, "users more-", 11) == 0) {
		peer_say(p, "8:OK value,8:OK other,");
	} else if (strcmp(question, "users slow") != 0) {
		/* Every other key is its own value. */
		snprintf(text, sizeof(text), "%zu:OK %s,",
		    strlen(question) + 3, question);
		peer_say(p, text);
	}
}

static void
on_peer(struct loop_io *io, unsigned ready, void *arg)
{
	struct peer *p = arg;
	char *end;
	size_t len, head;
	ssize_t n;

	(void)ready;
	n = read(io->fd, p->in + p->len, sizeof(p->in) - 1 - p->len);
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) {
		peer_end(p);
		return;
	}
	if (server.hang_up) {
		server.hang_up = 0;
		peer_end(p);
		return;
	}
	p->len += (size_t)n;
	p->in[p->len] = '\0';
	len = strtoul(p->in, &end, 10);
	head = (size_t)(end - p->in) + 1;
	if (p->len < head + len + 1)
		return;
	/* One question at a time, well formed. */
	ATF_REQUIRE_EQ(':', *end);
	ATF_REQUIRE_EQ(head + len + 1, p->len);
	ATF_REQUIRE_EQ(',', p->in[head + len]);
	p->in[head + len] = '\0';
	p->len = 0;
	peer_answer(p, p->in + head);
}

static void
on_accept(struct loop_io *io, unsigned ready, void *arg)
{
	size_t i;
	int fd;

	(void)ready;
	(void)arg;
	fd = sock_accept(io->fd, NULL, NULL);
	if (fd == -1)
		return;
	for (i = 0; i < PEERS && server.peer[i].io.loop != NULL; i++)
		continue;
	ATF_REQUIRE(i < PEERS);
	memset(&server.peer[i], 0, sizeof(server.peer[i]));
	ATF_REQUIRE_EQ(0, loop_io_add(server.loop, &server.peer[i].io, fd,
	    LOOP_READ, on_peer, &server.peer[i]));
	server.connections++;
	if (++server.open > server.most)
		server.most = server.open;
}

static void
server_start(struct loop *l)
{
	struct sockaddr_un sun;
	int fd;

	server.loop = l;
	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	strlcpy(sun.sun_path, "sm.sock", sizeof(sun.sun_path));
	(void)unlink(sun.sun_path);
	fd = sock_new(AF_UNIX);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&sun, sizeof(sun)));
	ATF_REQUIRE_EQ(0, listen(fd, 64));
	ATF_REQUIRE_EQ(0, loop_io_add(l, &server.io, fd, LOOP_READ, on_accept,
	    NULL));
}

static void
server_stop(void)
{
	size_t i;

	for (i = 0; i < PEERS; i++)
		peer_end(&server.peer[i]);
	loop_io_del(&server.io);
	(void)close(server.io.fd);
	(void)unlink("sm.sock");
}

static struct socketmap *
map_new(struct loop *l, unsigned timeout_ms)
{
	struct socketmap *m;
	struct spec spec;
	char why[128];

	memset(&server, 0, sizeof(server));
	ATF_REQUIRE_EQ(0, spec_parse("unix:sm.sock", &spec, why, sizeof(why)));
	m = socketmap_new(l, &spec, "users", timeout_ms);
	ATF_REQUIRE(m != NULL);
	spec_free(&spec);
	return (m);
}

/* --- those who ask ------------------------------------------------------- */

struct asker {
	struct socketmap_query query;
	struct loop	*loop;
	int		*left;
	int		 calls;
	enum socketmap_status status;
	char		 value[2048];
};

static void
on_value(struct socketmap_query *q, enum socketmap_status status,
    const char *value, void *arg)
{
	struct asker *a = arg;

	ATF_REQUIRE_EQ(&a->query, q);
	ATF_REQUIRE(q->map == NULL);
	a->calls++;
	a->status = status;
	strlcpy(a->value, value, sizeof(a->value));
	if (a->left == NULL || --*a->left == 0)
		loop_stop(a->loop);
}

/* Asks and waits. */
static void
ask(struct loop *l, struct socketmap *m, const char *key,
    enum socketmap_status status, const char *value)
{
	struct asker a;

	memset(&a, 0, sizeof(a));
	a.loop = l;
	socketmap_ask(m, &a.query, key, on_value, &a);
	ATF_REQUIRE_EQ(0, a.calls);
	net_run(l);
	ATF_REQUIRE_EQ(1, a.calls);
	ATF_CHECK_EQ_MSG(status, a.status, "%s: %d %s", key, a.status,
	    a.value);
	ATF_CHECK_STREQ(value, a.value);
}

NET_CASE(answers, "every answer of the protocol is what it says")
{
	struct socketmap *m = map_new(l, 60000);

	server_start(l);
	ask(l, m, "ok", SOCKETMAP_FOUND, "value");
	ask(l, m, "two words", SOCKETMAP_FOUND, "two words");
	ask(l, m, "empty", SOCKETMAP_FOUND, "");
	ask(l, m, "bare", SOCKETMAP_FOUND, "");
	ask(l, m, "none", SOCKETMAP_NONE, "");
	ask(l, m, "bare none", SOCKETMAP_NONE, "");
	ask(l, m, "temp", SOCKETMAP_FAILED, "unix:sm.sock: TEMP be back");
	ask(l, m, "perm", SOCKETMAP_FAILED, "unix:sm.sock: PERM bad\\x0ax");
	ask(l, m, "late", SOCKETMAP_FAILED, "unix:sm.sock: TIMEOUT away");
	ask(l, m, "a@b", SOCKETMAP_FOUND, "users a@b");
	ATF_CHECK_EQ(10, server.questions);
	ATF_CHECK_EQ_MSG(1, server.connections, "%d", server.connections);
	socketmap_free(m);
	server_stop();
}

NET_CASE(known, "an answer is known for a moment, a failure is not")
{
	struct socketmap *m = map_new(l, 60000);
	int i;

	server_start(l);
	for (i = 0; i < 3; i++) {
		ask(l, m, "ok", SOCKETMAP_FOUND, "value");
		ask(l, m, "none", SOCKETMAP_NONE, "");
	}
	ATF_CHECK_EQ(2, server.questions);
	for (i = 0; i < 3; i++)
		ask(l, m, "temp", SOCKETMAP_FAILED,
		    "unix:sm.sock: TEMP be back");
	ATF_CHECK_EQ(5, server.questions);
	socketmap_free(m);
	server_stop();
}

NET_CASE(bad, "what is no answer fails, and its connection ends")
{
	static const char bad[] =
	    "unix:sm.sock: not an answer of a socketmap server";
	static const char *const keys[] = {
		"huge", "malformed", "word", "nothing", "comma", "nul",
	};
	struct socketmap *m = map_new(l, 60000);
	size_t i;

	server_start(l);
	for (i = 0; i < COUNT(keys); i++) {
		ask(l, m, keys[i], SOCKETMAP_FAILED, bad);
		net_turn(l);
		ATF_CHECK_EQ(0, server.open);
	}
	ATF_CHECK_EQ((int)COUNT(keys), server.connections);
	/* What stands behind an answer is not the next one. */
	ask(l, m, "more", SOCKETMAP_FOUND, "value");
	net_turn(l);
	ATF_CHECK_EQ(0, server.open);
	ask(l, m, "x", SOCKETMAP_FOUND, "users x");
	ask(l, m, "close", SOCKETMAP_FAILED,
	    "unix:sm.sock: closed without an answer");
	/* The first one was kept, the second was as short. */
	ATF_CHECK_EQ((int)COUNT(keys) + 3, server.connections);
	socketmap_free(m);
	server_stop();
}

NET_CASE(slow, "an answer that does not come is not waited for")
{
	struct socketmap *m = map_new(l, 50);

	server_start(l);
	ask(l, m, "slow", SOCKETMAP_FAILED,
	    "unix:sm.sock: no answer in time");
	net_turn(l);
	ATF_CHECK_EQ(0, server.open);
	socketmap_free(m);
	server_stop();
}

NET_CASE(restart, "a server that comes back is asked again")
{
	struct socketmap *m = map_new(l, 60000);

	ask(l, m, "ok", SOCKETMAP_FAILED,
	    "unix:sm.sock: No such file or directory");
	server_start(l);
	ask(l, m, "ok", SOCKETMAP_FOUND, "value");
	server_stop();
	ask(l, m, "a", SOCKETMAP_FAILED,
	    "unix:sm.sock: No such file or directory");
	server_start(l);
	ask(l, m, "a", SOCKETMAP_FOUND, "users a");
	/* Ended while nobody asks: seen before the next question. */
	server_stop();
	server_start(l);
	net_turn(l);
	ask(l, m, "b", SOCKETMAP_FOUND, "users b");
	/* Ended because of the question: tried again, once. */
	server.hang_up = 1;
	ask(l, m, "c", SOCKETMAP_FOUND, "users c");
	ATF_CHECK_EQ(0, server.hang_up);
	socketmap_free(m);
	server_stop();
}

NET_CASE(many, "many who ask at once share a few connections")
{
	static struct asker a[200];
	struct socketmap *m = map_new(l, 60000);
	char key[32], want[64];
	int left = COUNT(a);
	size_t i;

	server_start(l);
	memset(a, 0, sizeof(a));
	for (i = 0; i < COUNT(a); i++) {
		a[i].loop = l;
		a[i].left = &left;
		snprintf(key, sizeof(key), "k%zu", i % 50);
		socketmap_ask(m, &a[i].query, key, on_value, &a[i]);
	}
	net_run(l);
	for (i = 0; i < COUNT(a); i++) {
		snprintf(want, sizeof(want), "users k%zu", i % 50);
		ATF_REQUIRE_EQ(1, a[i].calls);
		ATF_REQUIRE_EQ(SOCKETMAP_FOUND, a[i].status);
		ATF_REQUIRE_STREQ(want, a[i].value);
	}
	ATF_CHECK_EQ(SOCKETMAP_CONNS, server.connections);
	ATF_CHECK_EQ(SOCKETMAP_CONNS, server.most);
	ATF_CHECK_MSG(server.questions <= (int)COUNT(a), "%d",
	    server.questions);
	socketmap_free(m);
	server_stop();
}

NET_CASE(more, "what stands behind an answer is not that of who is next")
{
	static struct asker a[4 * SOCKETMAP_CONNS];
	struct socketmap *m = map_new(l, 60000);
	int left = COUNT(a);
	char key[32];
	size_t i;

	server_start(l);
	memset(a, 0, sizeof(a));
	for (i = 0; i < COUNT(a); i++) {
		a[i].loop = l;
		a[i].left = &left;
		snprintf(key, sizeof(key), "more-%zu", i);
		socketmap_ask(m, &a[i].query, key, on_value, &a[i]);
	}
	net_run(l);
	for (i = 0; i < COUNT(a); i++)
		ATF_CHECK_STREQ("value", a[i].value);
	socketmap_free(m);
	server_stop();
}

NET_CASE(same, "one answer serves all who wait for it")
{
	static struct asker a[50];
	struct socketmap *m = map_new(l, 60000);
	int left = COUNT(a);
	size_t i;

	server_start(l);
	memset(a, 0, sizeof(a));
	for (i = 0; i < COUNT(a); i++) {
		a[i].loop = l;
		a[i].left = &left;
		socketmap_ask(m, &a[i].query, "ok", on_value, &a[i]);
	}
	net_run(l);
	ATF_CHECK_MSG(server.questions <= SOCKETMAP_CONNS, "%d",
	    server.questions);
	socketmap_free(m);
	server_stop();
}

NET_CASE(cancel, "a question that was given up is heard of no more")
{
	static struct asker a[20];
	struct socketmap *m = map_new(l, 60000);
	size_t i;

	server_start(l);
	memset(a, 0, sizeof(a));
	/* Under way, waiting, and not even that. */
	for (i = 0; i < COUNT(a); i++)
		socketmap_ask(m, &a[i].query, "slow", on_value, &a[i]);
	socketmap_cancel(&a[0].query);
	net_turn(l);
	for (i = COUNT(a); i-- > 0; ) {
		socketmap_cancel(&a[i].query);
		socketmap_cancel(&a[i].query);
		ATF_CHECK_EQ(0, a[i].calls);
	}
	net_turn(l);
	ATF_CHECK_EQ(0, server.open);
	ask(l, m, "ok", SOCKETMAP_FOUND, "value");
	socketmap_free(m);
	server_stop();
}

struct last {
	struct socketmap *map;
	struct loop	*loop;
};

static void
on_last(struct socketmap_query *q, enum socketmap_status status,
    const char *value, void *arg)
{
	struct last *last = arg;

	(void)q;
	(void)status;
	ATF_CHECK(value[0] != '\0');
	socketmap_free(last->map);
	last->map = NULL;
	loop_stop(last->loop);
}

NET_CASE(free_within, "the map may be freed by the last one who is answered")
{
	static const char *const keys[] = {
		"ok", "temp", "malformed", "more", "close", "slow",
	};
	struct socketmap_query q;
	struct last last;
	size_t i;

	for (i = 0; i < COUNT(keys); i++) {
		last.map = map_new(l, 50);
		last.loop = l;
		server_start(l);
		memset(&q, 0, sizeof(q));
		socketmap_ask(last.map, &q, keys[i], on_last, &last);
		net_run(l);
		ATF_CHECK(last.map == NULL);
		server_stop();
	}
}

NET_CASE(long_key, "a key that is too long is found nowhere")
{
	struct socketmap *m = map_new(l, 60000);
	char key[SOCKETMAP_KEY_MAX + 2], want[SOCKETMAP_KEY_MAX + 16];

	server_start(l);
	memset(key, 'x', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	ask(l, m, key, SOCKETMAP_NONE, "");
	ATF_CHECK_EQ(0, server.connections);
	key[SOCKETMAP_KEY_MAX] = '\0';
	snprintf(want, sizeof(want), "users %s", key);
	ask(l, m, key, SOCKETMAP_FOUND, want);
	socketmap_free(m);
	server_stop();
}

ATF_TC(parser);
ATF_TC_HEAD(parser, tc)
{
	atf_tc_set_md_var(tc, "descr", "%s", "an answer is read the same in "
	    "whatever pieces it comes, and never behind its end");
}
ATF_TC_BODY(parser, tc)
{
	static const struct {
		const char *text;
		int	used;		/* of the whole text */
		enum socketmap_status status;
		const char *value;
	} rows[] = {
		{ "4:OK a,", 7, SOCKETMAP_FOUND, "a" },
		{ "4:OK a,x", 7, SOCKETMAP_FOUND, "a" },
		{ "000004:OK a,", 12, SOCKETMAP_FOUND, "a" },
		{ "5:OK  a,", 8, SOCKETMAP_FOUND, " a" },
		{ "9:NOTFOUND ,", 12, SOCKETMAP_NONE, "" },
		{ "7:TEMP no,", 10, SOCKETMAP_FAILED, "TEMP no" },
		{ "0000004:OK a,", -1, SOCKETMAP_NONE, "" },
		{ "999999999999999999999:OK", -1, SOCKETMAP_NONE, "" },
		{ "-4:OK a,", -1, SOCKETMAP_NONE, "" },
		{ " 4:OK a,", -1, SOCKETMAP_NONE, "" },
		{ ":OK a,", -1, SOCKETMAP_NONE, "" },
		{ "3:OK a,", -1, SOCKETMAP_NONE, "" },
		{ "4:ok a,", -1, SOCKETMAP_NONE, "" },
		{ "5:OKAY ,", -1, SOCKETMAP_NONE, "" },
		{ "100001:", -1, SOCKETMAP_NONE, "" },
		{ "100000:OK", 0, SOCKETMAP_NONE, "" },
	};
	enum socketmap_status status;
	const char *value;
	unsigned char *copy;
	size_t i, n, len, all;
	int used;

	(void)tc;
	for (i = 0; i < COUNT(rows); i++) {
		all = strlen(rows[i].text);
		for (len = 0; len <= all; len++) {
			/* So that a sanitizer sees where it ends. */
			copy = malloc(len + (len == 0));
			ATF_REQUIRE(copy != NULL);
			memcpy(copy, rows[i].text, len);
			used = socketmap_answer(copy, len, &status, &value,
			    &n);
			if (rows[i].used > 0 && len < (size_t)rows[i].used)
				ATF_CHECK_EQ(0, used);
			else if (rows[i].used > 0 || len == all)
				ATF_CHECK_EQ_MSG(rows[i].used, used, "%s",
				    rows[i].text);
			if (used > 0) {
				ATF_CHECK_EQ(rows[i].status, status);
				ATF_REQUIRE_EQ(strlen(rows[i].value), n);
				ATF_CHECK_EQ(0, memcmp(value, rows[i].value,
				    n));
			}
			free(copy);
		}
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, answers);
	ATF_TP_ADD_TC(tp, known);
	ATF_TP_ADD_TC(tp, bad);
	ATF_TP_ADD_TC(tp, slow);
	ATF_TP_ADD_TC(tp, restart);
	ATF_TP_ADD_TC(tp, many);
	ATF_TP_ADD_TC(tp, more);
	ATF_TP_ADD_TC(tp, same);
	ATF_TP_ADD_TC(tp, cancel);
	ATF_TP_ADD_TC(tp, free_within);
	ATF_TP_ADD_TC(tp, long_key);
	ATF_TP_ADD_TC(tp, parser);
	return (atf_no_error());
}
