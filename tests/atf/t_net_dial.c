/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_net_dial.c - what target.h promises, over every back end.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, assert that anything happens soon, or need a name server.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/spec.h"
#include "event/loop.h"
#include "net/target.h"
#include "net/target_internal.h"

#include "h_net.h"

#define NO_WHY	"(none)"

/* How a dial ended. */
struct result {
	struct loop	*l;
	unsigned	 calls;
	int		 fd;
	char		 why[8192];
};

static void
on_dial(struct dial *d, int fd, const char *why, void *arg)
{
	struct result *r = arg;

	r->calls++;
	r->fd = fd;
	ATF_REQUIRE((fd == -1) == (why != NULL));
	strlcpy(r->why, why != NULL ? why : NO_WHY, sizeof(r->why));
	/* It is finished; a connection would be counted until this. */
	dial_cancel(d);
	/* Free for anything. */
	memset(d, 0xee, sizeof(*d));
	loop_stop(r->l);
}

/* Dials and waits for the end; the socket, or -1. */
static int
dial(struct loop *l, struct target *t, unsigned ms, struct result *r)
{
	struct dial d;

	memset(&d, 0, sizeof(d));
	memset(r, 0, sizeof(*r));
	r->l = l;
	dial_start(&d, t, ms, on_dial, r);
	ATF_REQUIRE_EQ(0, r->calls);
	net_run(l);
	ATF_REQUIRE_EQ(1, r->calls);
	if (r->fd != -1) {
		ATF_REQUIRE((fcntl(r->fd, F_GETFL) & O_NONBLOCK) != 0);
		ATF_REQUIRE((fcntl(r->fd, F_GETFD) & FD_CLOEXEC) != 0);
	}
	return (r->fd);
}

static struct target *
target_of(struct loop *l, struct resolver *r, const char *text)
{
	struct target *t;
	struct spec spec;
	char why[256];

	ATF_REQUIRE_EQ_MSG(0, spec_parse(text, &spec, why, sizeof(why)), "%s",
	    why);
	t = target_new(l, r, &spec, 0);
	ATF_REQUIRE(t != NULL);
	spec_free(&spec);
	return (t);
}

/* A TCP socket at that address; nobody listens unless listening. */
static int
tcp_door_at(bool listening, struct sockaddr_in *in)
{
	socklen_t len = sizeof(*in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)));
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)in, len));
	if (listening)
		ATF_REQUIRE_EQ(0, listen(fd, 5));
	ATF_REQUIRE_EQ(0, getsockname(fd, (struct sockaddr *)in, &len));
	return (fd);
}

/* The same on a free port. */
static int
tcp_door(bool listening, struct sockaddr_in *in)
{
	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (tcp_door_at(listening, in));
}

static in_port_t
peer_port(int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	ATF_REQUIRE_EQ(0, getpeername(fd, (struct sockaddr *)&in, &len));
	return (in.sin_port);
}

static int
unix_socket(int backlog, struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	strlcpy(un->sun_path, "sock", sizeof(un->sun_path));
	(void)unlink("sock");
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)un, sizeof(*un)));
	ATF_REQUIRE_EQ(0, listen(fd, backlog));
	return (fd);
}

static int
connect_nonblocking(const struct sockaddr *sa, socklen_t len, int *err)
{
	int fd = socket(sa->sa_family, SOCK_STREAM, 0);

	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) != -1);
	*err = connect(fd, sa, len) == 0 ? 0 : errno;
	return (fd);
}

/* --- one address ------------------------------------------------------- */

NET_CASE(connects, "a target that accepts is connected to, with and without "
    "a host")
{
	struct sockaddr_in in;
	struct sockaddr_un un;
	struct target *t;
	struct result r;
	char text[64];
	int door = tcp_door(true, &in);
	int i;

	for (i = 0; i < 2; i++) {
		(void)snprintf(text, sizeof(text), "inet:%u%s",
		    (unsigned)ntohs(in.sin_port), i == 0 ? "@127.0.0.1" : "");
		t = target_of(l, NULL, text);
		ATF_CHECK(!target_needs_resolver(target_spec(t)));
		ATF_CHECK_MSG(dial(l, t, 60000, &r) != -1, "%s", r.why);
		(void)close(r.fd);
		target_free(t);
	}
	(void)close(door);
	door = unix_socket(5, &un);
	t = target_of(l, NULL, "unix:sock");
	ATF_CHECK_MSG(dial(l, t, 60000, &r) != -1, "%s", r.why);
	(void)close(r.fd);
	target_free(t);
	target_free(NULL);
	(void)close(door);
}

NET_CASE(refused, "a target that refuses is named with what it said")
{
	struct sockaddr_in in;
	struct target *t;
	struct result r;
	char text[64], expected[256];
	int closed = tcp_door(false, &in);

	(void)snprintf(text, sizeof(text), "inet:%u@[127.0.0.1]",
	    (unsigned)ntohs(in.sin_port));
	t = target_of(l, NULL, text);
	ATF_CHECK_EQ(-1, dial(l, t, 60000, &r));
	(void)snprintf(expected, sizeof(expected), "%s: %s", text,
	    strerror(ECONNREFUSED));
	ATF_CHECK_STREQ(expected, r.why);
	target_free(t);
	(void)close(closed);

	t = target_of(l, NULL, "unix:nowhere");
	ATF_CHECK_EQ(-1, dial(l, t, 60000, &r));
	(void)snprintf(expected, sizeof(expected), "unix:nowhere: %s",
	    strerror(ENOENT));
	ATF_CHECK_STREQ(expected, r.why);
	target_free(t);
}

static void
on_accept_some(struct loop_timer *timer, void *arg)
{
	const int *door = arg;
	int fd;

	(void)timer;
	if ((fd = accept(*door, NULL, NULL)) != -1)
		(void)close(fd);
}

NET_CASE(full_backlog, "a unix socket with a full backlog is tried again "
    "until there is room or the time is over")
{
	struct loop_timer timer;
	struct sockaddr_un un;
	struct target *t;
	struct result r;
	int fd[64];
	int door = unix_socket(1, &un);
	int err = 0;
	size_t n = 0;

	while (err == 0 && n < 64)
		fd[n++] = connect_nonblocking((struct sockaddr *)&un,
		    sizeof(un), &err);
	t = target_of(l, NULL, "unix:sock");
	ATF_CHECK_EQ(-1, dial(l, t, 50, &r));
	ATF_CHECK_MSG(strncmp(r.why, "unix:sock: ", 11) == 0, "%s", r.why);
	if (err == EAGAIN) {
		memset(&timer, 0, sizeof(timer));
		loop_timer_start(l, &timer, 30, on_accept_some, &door);
		ATF_CHECK_MSG(dial(l, t, 60000, &r) != -1, "%s", r.why);
		(void)close(r.fd);
	}
	target_free(t);
	while (n > 0)
		(void)close(fd[--n]);
	(void)close(door);
}

/* A TCP address that answers no more: its backlog is full. */
struct hole {
	struct sockaddr_in	 in;
	int			 fd[64];
	size_t			 n;
	bool			 black;
};

static void
hole_open(struct hole *h)
{
	struct sockaddr_storage ss;
	socklen_t len;
	int err, fd;

	h->fd[0] = tcp_door(false, &h->in);
	ATF_REQUIRE_EQ(0, listen(h->fd[0], 0));
	h->n = 1;
	h->black = false;
	while (!h->black && h->n < 64) {
		fd = connect_nonblocking((struct sockaddr *)&h->in,
		    sizeof(h->in), &err);
		h->fd[h->n++] = fd;
		/* Loopback is connected by now, or never. */
		len = sizeof(ss);
		h->black = err == EINPROGRESS &&
		    getpeername(fd, (struct sockaddr *)&ss, &len) == -1;
	}
}

static void
hole_close(struct hole *h)
{
	while (h->n > 0)
		(void)close(h->fd[--h->n]);
}

NET_CASE(timeout, "a target that does not answer fails when the time is "
    "over, and not before")
{
	struct target *t;
	struct result r;
	struct hole hole;
	char text[64];
	uint64_t from;

	hole_open(&hole);
	if (!hole.black) {
		hole_close(&hole);
		printf("this system answers in spite of a full backlog\n");
		return;
	}
	(void)snprintf(text, sizeof(text), "inet:%u@[127.0.0.1]",
	    (unsigned)ntohs(hole.in.sin_port));
	t = target_of(l, NULL, text);
	net_turn(l);
	from = loop_now(l);
	ATF_CHECK_EQ(-1, dial(l, t, 60, &r));
	ATF_CHECK(loop_now(l) - from >= 60);
	ATF_CHECK_MSG(strncmp(r.why, text, strlen(text)) == 0 &&
	    strstr(r.why, strerror(ETIMEDOUT)) != NULL, "%s", r.why);
	target_free(t);
	hole_close(&hole);
}

NET_CASE(cancel, "a cancelled dial calls nobody, at whatever point")
{
	struct sockaddr_in in;
	struct resolver *resolver;
	struct target *t;
	struct result r;
	struct dial d;
	struct hole hole;
	char text[64];
	int door = tcp_door(true, &in);

	memset(&r, 0, sizeof(r));
	memset(&d, 0, sizeof(d));
	r.l = l;
	/* Before its first step. */
	(void)snprintf(text, sizeof(text), "inet:%u",
	    (unsigned)ntohs(in.sin_port));
	t = target_of(l, NULL, text);
	dial_cancel(&d);
	dial_start(&d, t, 60000, on_dial, &r);
	dial_cancel(&d);
	dial_cancel(&d);
	net_turn(l);
	target_free(t);

	/* While it connects. */
	hole_open(&hole);
	if (hole.black) {
		(void)snprintf(text, sizeof(text), "inet:%u",
		    (unsigned)ntohs(hole.in.sin_port));
		t = target_of(l, NULL, text);
		dial_start(&d, t, 60000, on_dial, &r);
		net_turn(l);
		ATF_CHECK(d.io.loop != NULL);
		dial_cancel(&d);
		net_turn(l);
		target_free(t);
	}
	hole_close(&hole);

	/* While it waits for a name; the question is dropped with it. */
	resolver = resolver_new(l);
	ATF_REQUIRE(resolver != NULL);
	t = target_of(l, resolver, "inet:25@localhost");
	dial_start(&d, t, 60000, on_dial, &r);
	dial_cancel(&d);
	target_free(t);
	net_turn(l);
	resolver_free(resolver);
	ATF_CHECK_EQ(0, r.calls);
	(void)close(door);
}

/* --- several addresses -------------------------------------------------- */

static struct target *
target_with(struct loop *l, const struct sockaddr_in *in, size_t n)
{
	struct target *t = target_of(l, NULL, "inet:25@several.invalid");
	struct target_answer *a = target_answer_new(n);
	size_t i;

	ATF_REQUIRE(a != NULL);
	for (i = 0; i < n; i++) {
		memcpy(&a->addr[i].ss, &in[i], sizeof(in[i]));
		a->addr[i].len = sizeof(in[i]);
	}
	target_set_answer(&t->entry[0], a);
	return (t);
}

NET_CASE(several, "the addresses are tried in turn, those that failed just "
    "now last")
{
	struct sockaddr_in in[3];
	struct target *t;
	struct result r;
	size_t i;
	int fd[3];

	for (i = 0; i < 3; i++)
		fd[i] = tcp_door(i == 1, &in[i]);
	t = target_with(l, in, 3);
	ATF_CHECK_MSG(dial(l, t, 60000, &r) != -1, "%s", r.why);
	(void)close(r.fd);
	/* Not asked again so soon. */
	(void)close(fd[0]);
	fd[0] = tcp_door_at(true, &in[0]);
	ATF_CHECK_MSG(dial(l, t, 60000, &r) != -1, "%s", r.why);
	ATF_CHECK_EQ(in[1].sin_port, peer_port(r.fd));
	(void)close(r.fd);
	(void)close(fd[0]);

	/* When none does, each is named. */
	(void)close(fd[1]);
	ATF_CHECK_EQ(-1, dial(l, t, 60000, &r));
	for (i = 0; i < 3; i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "inet:%u@[127.0.0.1]: ",
		    (unsigned)ntohs(in[i].sin_port));
		ATF_CHECK_MSG(strstr(r.why, text) != NULL, "%s", r.why);
	}
	ATF_CHECK(strstr(r.why, "; ") != NULL);
	target_free(t);
	(void)close(fd[2]);
}

NET_CASE(black_hole, "an address that does not answer leaves time for the "
    "next one")
{
	struct sockaddr_in in[2];
	struct target *t;
	struct result r;
	struct hole hole;
	int door;

	hole_open(&hole);
	if (!hole.black) {
		hole_close(&hole);
		return;
	}
	door = tcp_door(true, &in[1]);
	in[0] = hole.in;
	t = target_with(l, in, 2);
	ATF_CHECK_MSG(dial(l, t, 400, &r) != -1, "%s", r.why);
	if (r.fd != -1)
		(void)close(r.fd);
	target_free(t);
	hole_close(&hole);
	(void)close(door);
}

static void
on_change(struct loop_task *task, void *arg)
{
	struct target *t = arg;
	struct target_answer *none = target_answer_new(1);

	(void)task;
	ATF_REQUIRE(none != NULL);
	target_set_answer(&t->entry[0], none);
}

NET_CASE(answer_changes, "a dial goes by the addresses it began with, though "
    "the target gets others meanwhile")
{
	struct sockaddr_in in[2];
	struct loop_task task;
	struct target *t;
	struct result r;
	struct dial d;
	int fd[2];

	fd[0] = tcp_door(false, &in[0]);
	fd[1] = tcp_door(true, &in[1]);
	t = target_with(l, in, 2);
	memset(&d, 0, sizeof(d));
	memset(&r, 0, sizeof(r));
	r.l = l;
	dial_start(&d, t, 60000, on_dial, &r);
	/* Behind its first step. */
	memset(&task, 0, sizeof(task));
	loop_task_start(l, &task, on_change, t);
	net_run(l);
	ATF_CHECK_MSG(r.fd != -1, "%s", r.why);
	(void)close(r.fd);
	target_free(t);
	(void)close(fd[0]);
	(void)close(fd[1]);
}

/* --- names ------------------------------------------------------------- */

NET_CASE(names, "a name is looked up in the background; one that does not "
    "exist fails with a reason, at once when that is known")
{
	struct sockaddr_in in;
	struct resolver *resolver;
	struct target *t, *bad;
	struct result r;
	char text[64];
	int door = tcp_door(true, &in);

	resolver = resolver_new(l);
	ATF_REQUIRE(resolver != NULL);
	(void)snprintf(text, sizeof(text), "inet:%u@localhost",
	    (unsigned)ntohs(in.sin_port));
	t = target_of(l, resolver, text);
	ATF_CHECK(target_needs_resolver(target_spec(t)));
	bad = target_of(l, resolver, "inet:25@name.invalid");
	ATF_CHECK_MSG(dial(l, t, 60000, &r) != -1, "%s", r.why);
	(void)close(r.fd);
	ATF_CHECK_EQ(-1, dial(l, bad, 60000, &r));
	ATF_CHECK_MSG(strncmp(r.why, "inet:25@name.invalid: ", 22) == 0,
	    "%s", r.why);
	/* No second wait. */
	ATF_CHECK_EQ(-1, dial(l, bad, 0, &r));
	ATF_CHECK_MSG(strstr(r.why, "too long") == NULL, "%s", r.why);
	target_free(t);
	target_free(bad);

	/* With no resolver at all. */
	t = target_of(l, NULL, text);
	ATF_CHECK_EQ(-1, dial(l, t, 60000, &r));
	ATF_CHECK_MSG(strstr(r.why, text) != NULL, "%s", r.why);
	target_free(t);
	resolver_free(resolver);
	resolver_free(NULL);
	(void)close(door);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, connects);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, full_backlog);
	ATF_TP_ADD_TC(tp, timeout);
	ATF_TP_ADD_TC(tp, cancel);
	ATF_TP_ADD_TC(tp, several);
	ATF_TP_ADD_TC(tp, black_hole);
	ATF_TP_ADD_TC(tp, answer_changes);
	ATF_TP_ADD_TC(tp, names);
	return (atf_no_error());
}
