/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_net_socks.c - our side of SOCKS5, by itself and against proxies that follow
 * a script.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, assert that anything happens soon, or need a name server.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/spec.h"
#include "event/loop.h"
#include "net/socks.h"
#include "net/target.h"

#include "h_net.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define BYTES(s)	(const unsigned char *)(s), sizeof(s) - 1

/* What comes next to be sent must be exactly that. */
static void
expect_out(struct socks *s, const unsigned char *want, size_t n)
{
	const unsigned char *out;
	size_t len;

	out = socks_out(s, &len);
	ATF_REQUIRE_EQ_MSG(n, len, "%zu bytes", len);
	ATF_CHECK_EQ(0, memcmp(want, out, n));
	/* In two pieces. */
	socks_sent(s, 1);
	out = socks_out(s, &len);
	ATF_REQUIRE_EQ(n - 1, len);
	ATF_CHECK_EQ(0, memcmp(want + 1, out, n - 1));
	socks_sent(s, len);
	(void)socks_out(s, &len);
	ATF_CHECK_EQ(0, len);
}

/* As a caller that reads what it is allowed to; the bytes that were used. */
static size_t
feed(struct socks *s, const unsigned char *data, size_t len, size_t piece)
{
	size_t at = 0, n;

	while (at < len && s->want > 0) {
		n = len - at;
		if (n > s->want)
			n = s->want;
		if (n > piece)
			n = piece;
		socks_feed(s, data + at, n);
		at += n;
	}
	return (at);
}

static void
begin_name(struct socks *s, const char *user)
{
	ATF_REQUIRE_EQ(0, socks_begin(s, NULL, "h.example", 258, user,
	    user != NULL ? "pw" : NULL));
}

ATF_TC(requests);
ATF_TC_HEAD(requests, tc)
{
	atf_tc_set_md_var(tc, "descr", "what is sent, byte by byte, to an "
	    "address of either family and to a name");
}
ATF_TC_BODY(requests, tc)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage other;
	struct socks s;
	char longest[SOCKS_TEXT_MAX + 2];

	(void)tc;
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = htons(8891);
	in.sin_addr.s_addr = htonl(0x0a000001);
	ATF_REQUIRE_EQ(0, socks_begin(&s, (struct sockaddr *)&in, "ignored", 1,
	    NULL, NULL));
	expect_out(&s, BYTES("\5\1\0"));
	ATF_CHECK_EQ(2, feed(&s, BYTES("\5\0"), 9));
	expect_out(&s, BYTES("\5\1\0\1\12\0\0\1\42\273"));

	memset(&in6, 0, sizeof(in6));
	in6.sin6_family = AF_INET6;
	in6.sin6_port = htons(1);
	in6.sin6_addr.s6_addr[15] = 1;
	ATF_REQUIRE_EQ(0, socks_begin(&s, (struct sockaddr *)&in6, NULL, 0,
	    NULL, NULL));
	expect_out(&s, BYTES("\5\1\0"));
	ATF_CHECK_EQ(2, feed(&s, BYTES("\5\0"), 9));
	expect_out(&s, BYTES("\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\1"));

	begin_name(&s, "me");
	expect_out(&s, BYTES("\5\2\0\2"));
	ATF_CHECK_EQ(2, feed(&s, BYTES("\5\2"), 9));
	ATF_CHECK_EQ(SOCKS_LOGIN, s.state);
	expect_out(&s, BYTES("\1\2me\2pw"));
	ATF_CHECK_EQ(2, feed(&s, BYTES("\1\0"), 9));
	expect_out(&s, BYTES("\5\1\0\3\11h.example\1\2"));
	/* A proxy that wants to know nobody. */
	begin_name(&s, "me");
	(void)feed(&s, BYTES("\5\0"), 9);
	ATF_CHECK_EQ(SOCKS_REPLY, s.state);
	expect_out(&s, BYTES("\5\1\0\3\11h.example\1\2"));

	/* The longest of all, and one more. */
	memset(longest, 'x', sizeof(longest));
	longest[SOCKS_TEXT_MAX] = '\0';
	ATF_CHECK_EQ(0, socks_begin(&s, NULL, longest, 1, longest, longest));
	(void)feed(&s, BYTES("\5\2"), 9);
	(void)feed(&s, BYTES("\1\0"), 9);
	ATF_CHECK_EQ(SOCKS_REPLY, s.state);
	longest[SOCKS_TEXT_MAX] = 'x';
	longest[SOCKS_TEXT_MAX + 1] = '\0';
	ATF_CHECK_EQ(-1, socks_begin(&s, NULL, longest, 1, NULL, NULL));
	ATF_CHECK_EQ(-1, socks_begin(&s, NULL, "h", 1, longest, "p"));
	ATF_CHECK_EQ(-1, socks_begin(&s, NULL, "h", 1, "u", longest));
	ATF_CHECK_EQ(-1, socks_begin(&s, NULL, "", 1, NULL, NULL));
	ATF_CHECK_EQ(-1, socks_begin(&s, NULL, "h", 1, "u", ""));
	memset(&other, 0, sizeof(other));
	other.ss_family = AF_UNIX;
	ATF_CHECK_EQ(-1, socks_begin(&s, (struct sockaddr *)&other, NULL, 0,
	    NULL, NULL));
}

/* All that a proxy says, and what becomes of it. */
static const struct {
	const char	*data;
	size_t		 len;
	const char	*why;		/* NULL: it leads there */
	bool		 proxy;
} talks[] = {
#define SAYS(s)	s, sizeof(s) - 1
	{ SAYS("\5\0" "\5\0\0\1\0\0\0\0\0\0"), NULL, false },
	{ SAYS("\5\0" "\5\0\77\1\1\2\3\4\5\6"), NULL, false },
	{ SAYS("\5\0" "\5\0\0\3\0\0\0"), NULL, false },
	{ SAYS("\5\0" "\5\0\0\3\3abc\0\0"), NULL, false },
	{ SAYS("\5\0" "\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL,
	    false },
	{ SAYS("\5\2" "\1\0" "\5\0\0\1\0\0\0\0\0\0"), NULL, false },
	{ SAYS("\5\2" "\1\1"), "the proxy refused the user or the password",
	    true },
	{ SAYS("\5\2" "\5\0"), "the answer to the password begins with 0x05",
	    true },
	{ SAYS("\5\377"), "the proxy takes no user with a password", true },
	{ SAYS("\5\1"), "the proxy chose what was not offered, 0x01", true },
	{ SAYS("\4\0"), "not a SOCKS5 proxy, it begins with 0x04", true },
	{ SAYS("HT"), "not a SOCKS5 proxy, it begins with 0x48", true },
	{ SAYS("\5\0" "\5\1"), "general failure of the proxy", false },
	{ SAYS("\5\0" "\5\2"), "not allowed by the rules of the proxy",
	    false },
	{ SAYS("\5\0" "\5\3"), "network unreachable", false },
	{ SAYS("\5\0" "\5\4"), "host unreachable", false },
	{ SAYS("\5\0" "\5\5"), "connection refused by the destination",
	    false },
	{ SAYS("\5\0" "\5\6"), "time to live expired", false },
	{ SAYS("\5\0" "\5\7"), "the proxy cannot connect", false },
	{ SAYS("\5\0" "\5\10"), "the proxy cannot use this kind of address",
	    false },
	{ SAYS("\5\0" "\5\11"), "refused with the unknown code 0x09", false },
	{ SAYS("\5\0" "\5\377"), "refused with the unknown code 0xff",
	    false },
	{ SAYS("\5\0" "\0\0"), "a reply begins with 0x00", true },
	{ SAYS("\5\0" "\5\0\0\2\0"),
	    "a reply has the unknown kind of address 0x02", true },
#undef SAYS
};

ATF_TC(answers);
ATF_TC_HEAD(answers, tc)
{
	atf_tc_set_md_var(tc, "descr", "what a proxy may answer: whole, in "
	    "pieces, cut, and with the destination's bytes behind it");
}
ATF_TC_BODY(answers, tc)
{
	unsigned char data[1024];
	struct socks s;
	size_t i, piece, cut;

	(void)tc;
	for (i = 0; i < COUNT(talks); i++) {
		printf("talk %zu\n", i);
		memset(data, 0x55, sizeof(data));
		memcpy(data, talks[i].data, talks[i].len);
		for (piece = 1; piece < 12; piece++) {
			begin_name(&s, "me");
			/* No byte too many is taken. */
			ATF_CHECK_EQ(talks[i].len, feed(&s, data,
			    sizeof(data), piece));
			ATF_CHECK_EQ(talks[i].why == NULL ? SOCKS_DONE :
			    SOCKS_FAILED, s.state);
			ATF_CHECK_EQ(0, s.want);
			if (talks[i].why != NULL) {
				ATF_CHECK_STREQ(talks[i].why, s.why);
				ATF_CHECK_EQ(talks[i].proxy, s.proxy);
			}
		}
		for (cut = 0; cut < talks[i].len; cut++) {
			begin_name(&s, "me");
			ATF_CHECK_EQ(cut, feed(&s, data, cut, 99));
			ATF_CHECK(s.state < SOCKS_DONE && s.want > 0);
			socks_cut(&s, "cut");
			ATF_CHECK_EQ(SOCKS_FAILED, s.state);
			ATF_CHECK_STREQ("cut", s.why);
			ATF_CHECK_EQ(0, s.want);
			/* The destination may be why it ends at the reply. */
			ATF_CHECK_EQ(cut < 2 || (data[1] == 2 && cut < 4),
			    s.proxy);
		}
	}
	begin_name(&s, NULL);
	(void)feed(&s, BYTES("\5\377"), 9);
	ATF_CHECK_STREQ("the proxy wants a user and a password", s.why);
	begin_name(&s, NULL);
	(void)feed(&s, BYTES("\5\2"), 9);
	ATF_CHECK_STREQ("the proxy chose what was not offered, 0x02", s.why);
	/* The longest name that can be in an answer. */
	memset(data, 0x55, sizeof(data));
	memcpy(data, "\5\0\5\0\0\3\377", 7);
	begin_name(&s, NULL);
	ATF_CHECK_EQ(2 + 5 + 255 + 2, feed(&s, data, sizeof(data), 999));
	ATF_CHECK_EQ(SOCKS_DONE, s.state);
}

/* --- with sockets ------------------------------------------------------- */

/* A proxy's process: for each connection, what it reads and what it says. */
struct step {
	size_t		 hears;		/* bytes to read before */
	const char	*says;
	size_t		 len;
	enum { STEP_WHOLE, STEP_SLOW, STEP_CLOSE, STEP_HOLD } how;
};

#define STEP(hears, s, how)	{ hears, s, sizeof(s) - 1, how }
#define END			{ 0, NULL, 0, STEP_WHOLE }

static int
listener(struct sockaddr_in *in)
{
	socklen_t len = sizeof(*in);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(in, 0, sizeof(*in));
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)in, len));
	ATF_REQUIRE_EQ(0, listen(fd, 5));
	ATF_REQUIRE_EQ(0, getsockname(fd, (struct sockaddr *)in, &len));
	return (fd);
}

static void
proxy_follow(int fd, const struct step *s)
{
	unsigned char heard[1024];
	size_t i;

	for (; s->says != NULL; s++) {
		if (s->hears > 0 && recv(fd, heard, s->hears, MSG_WAITALL) !=
		    (ssize_t)s->hears)
			return;
		if (s->how == STEP_SLOW) {
			for (i = 0; i < s->len; i++) {
				(void)write(fd, s->says + i, 1);
				(void)usleep(2000);
			}
		} else
			(void)write(fd, s->says, s->len);
		if (s->how == STEP_CLOSE)
			return;
	}
	/* Until the other side closes. */
	while (read(fd, heard, sizeof(heard)) > 0)
		continue;
}

/* Each connection follows the next script; the last one goes on for ever. */
static pid_t
proxy(int door, const struct step *const *script)
{
	pid_t pid = fork();
	int fd;

	ATF_REQUIRE(pid != -1);
	if (pid > 0)
		return (pid);
	(void)signal(SIGPIPE, SIG_IGN);
	for (;;) {
		fd = accept(door, NULL, NULL);
		if (fd == -1)
			_exit(1);
		if (fork() == 0) {
			proxy_follow(fd, *script);
			_exit(0);
		}
		(void)close(fd);
		if (script[1] != NULL)
			script++;
	}
}

struct call {
	struct loop	*l;
	unsigned	 calls;
	int		 fd;
	char		 why[4096];
};

static void
on_dial(struct dial *d, int fd, const char *why, void *arg)
{
	struct call *c = arg;

	c->calls++;
	c->fd = fd;
	strlcpy(c->why, why != NULL ? why : "", sizeof(c->why));
	dial_cancel(d);
	loop_stop(c->l);
}

/* Two destinations, the second one by name; the socket, or -1. */
static int
dial_through(struct loop *l, struct call *c, const struct sockaddr_in *in,
    const char *user, size_t n, unsigned ms)
{
	struct target_options opt;
	struct spec spec[2], socks;
	struct target *t;
	struct dial d;
	char text[64], why[256];

	snprintf(text, sizeof(text), "inet:%u@127.0.0.1",
	    (unsigned)ntohs(in->sin_port));
	ATF_REQUIRE_EQ(0, spec_parse(text, &socks, why, sizeof(why)));
	ATF_REQUIRE_EQ(0, spec_parse("inet:8891@10.0.0.1", &spec[0], why,
	    sizeof(why)));
	ATF_REQUIRE_EQ(0, spec_parse("inet:8892@far.invalid", &spec[1], why,
	    sizeof(why)));
	memset(&opt, 0, sizeof(opt));
	opt.spec = spec;
	opt.n = n;
	opt.socks = &socks;
	opt.socks_user = user;
	opt.socks_password = user != NULL ? "geheim" : NULL;
	/* The name is the proxy's affair. */
	ATF_CHECK(!target_list_needs_resolver(&opt));
	t = target_new_list(l, NULL, &opt);
	ATF_REQUIRE(t != NULL);
	memset(c, 0, sizeof(*c));
	memset(&d, 0, sizeof(d));
	c->l = l;
	dial_start(&d, t, ms, on_dial, c);
	net_run(l);
	ATF_REQUIRE_EQ(1, c->calls);
	ATF_CHECK_MSG(strstr(c->why, "geheim") == NULL, "%s", c->why);
	target_free(t);
	spec_free(&spec[0]);
	spec_free(&spec[1]);
	spec_free(&socks);
	return (c->fd);
}

static void
end_proxy(pid_t pid, int door)
{
	ATF_REQUIRE_EQ(0, kill(pid, SIGKILL));
	ATF_REQUIRE_EQ(pid, waitpid(pid, NULL, 0));
	(void)close(door);
}

#define OK_REPLY	"\5\0\0\1\0\0\0\0\0\0"

NET_CASE(through, "a proxy leads there, in pieces and slowly too, and what the "
    "destination says right behind its reply is not lost")
{
	static const struct step plain[] = { STEP(3, "\5\0", STEP_WHOLE),
	    STEP(10, OK_REPLY "child", STEP_WHOLE), END };
	static const struct step slow[] = { STEP(4, "\5\2", STEP_SLOW),
	    STEP(11, "\1\0", STEP_SLOW),
	    STEP(10, OK_REPLY "child", STEP_SLOW), END };
	static const struct step *const scripts[] = { plain, slow, NULL };
	struct sockaddr_in in;
	struct call c;
	char text[8];
	int door = listener(&in), i;
	pid_t pid = proxy(door, scripts);

	for (i = 0; i < 2; i++) {
		ATF_REQUIRE_MSG(dial_through(l, &c, &in, i == 0 ? NULL : "me",
		    1, 60000) != -1, "%s", c.why);
		ATF_REQUIRE(fcntl(c.fd, F_SETFL, 0) != -1);
		memset(text, 0, sizeof(text));
		ATF_CHECK_EQ(5, recv(c.fd, text, 5, MSG_WAITALL));
		ATF_CHECK_STREQ("child", text);
		(void)close(c.fd);
	}
	end_proxy(pid, door);
}

NET_CASE(next_one, "a destination that the proxy cannot reach leaves the turn "
    "to the next one, by name")
{
	static const struct step refused[] = { STEP(3, "\5\0", STEP_WHOLE),
	    STEP(10, "\5\5\0\1\0\0\0\0\0\0", STEP_CLOSE), END };
	static const struct step cut[] = { STEP(3, "\5\0", STEP_WHOLE),
	    STEP(18, "\5", STEP_CLOSE), END };
	static const struct step name[] = { STEP(3, "\5\0", STEP_WHOLE),
	    STEP(18, OK_REPLY, STEP_WHOLE), END };
	static const struct step *const scripts[] = { refused, name, refused,
	    cut, NULL };
	struct sockaddr_in in;
	struct call c;
	char want[512];
	int door = listener(&in);
	pid_t pid = proxy(door, scripts);

	ATF_CHECK_MSG(dial_through(l, &c, &in, NULL, 2, 60000) != -1, "%s",
	    c.why);
	(void)close(c.fd);
	ATF_CHECK_EQ(-1, dial_through(l, &c, &in, NULL, 2, 60000));
	snprintf(want, sizeof(want), "inet:8891@[10.0.0.1] through "
	    "inet:%u@[127.0.0.1]: SOCKS: connection refused by the "
	    "destination; inet:8892@far.invalid through inet:%u@[127.0.0.1]: "
	    "SOCKS: the proxy closed the connection",
	    (unsigned)ntohs(in.sin_port), (unsigned)ntohs(in.sin_port));
	ATF_CHECK_STREQ(want, c.why);
	end_proxy(pid, door);
}

NET_CASE(bad_proxy, "a proxy that is none, does not let us in or is not there "
    "ends the dial at once")
{
	static const struct step http[] = {
	    STEP(3, "HTTP/1.1 400 Bad Request\r\n\r\n", STEP_CLOSE), END };
	static const struct step login[] = { STEP(4, "\5\2", STEP_WHOLE),
	    STEP(11, "\1\1", STEP_CLOSE), END };
	static const struct step mute[] = { STEP(3, "", STEP_CLOSE), END };
	static const struct step *const scripts[] = { http, login, mute, NULL };
	static const char *const why[] = {
	    "not a SOCKS5 proxy, it begins with 0x48",
	    "the proxy refused the user or the password",
	    "the proxy closed the connection" };
	struct sockaddr_in in;
	struct call c;
	char want[512];
	int door = listener(&in), i;
	pid_t pid = proxy(door, scripts);

	for (i = 0; i < 3; i++) {
		ATF_CHECK_EQ(-1, dial_through(l, &c, &in, i == 1 ? "me" : NULL,
		    2, 60000));
		snprintf(want, sizeof(want), "inet:8891@[10.0.0.1] through "
		    "inet:%u@[127.0.0.1]: SOCKS: %s",
		    (unsigned)ntohs(in.sin_port), why[i]);
		ATF_CHECK_STREQ(want, c.why);
	}
	end_proxy(pid, door);
	ATF_CHECK_EQ(-1, dial_through(l, &c, &in, NULL, 2, 60000));
	snprintf(want, sizeof(want), "inet:%u@[127.0.0.1]: SOCKS: no "
	    "connection to the proxy: %s", (unsigned)ntohs(in.sin_port),
	    strerror(ECONNREFUSED));
	ATF_CHECK_STREQ(want, c.why);
}

NET_CASE(late, "a proxy that stops in the middle costs its share of the time "
    "and no more, wherever it stops")
{
	static const struct step nothing[] = { STEP(3, "", STEP_HOLD), END };
	static const struct step byte[] = { STEP(3, "\5", STEP_HOLD), END };
	static const struct step reply[] = { STEP(3, "\5\0", STEP_WHOLE),
	    STEP(10, "\5\0\0\1\0", STEP_HOLD), END };
	static const struct step *const scripts[] = { nothing, byte, reply,
	    NULL };
	struct sockaddr_in in;
	struct call c;
	int door = listener(&in), i;
	pid_t pid = proxy(door, scripts);

	for (i = 0; i < 3; i++) {
		ATF_CHECK_EQ(-1, dial_through(l, &c, &in, NULL, 1, 100));
		ATF_CHECK_MSG(strstr(c.why, ": SOCKS: ") != NULL &&
		    strstr(c.why, strerror(ETIMEDOUT)) != NULL, "%s", c.why);
	}
	end_proxy(pid, door);
}

NET_CASE(given_up, "a dial that is cancelled in the middle of the talk calls "
    "nobody and leaves nothing")
{
	static const struct step nothing[] = { STEP(3, "", STEP_HOLD), END };
	static const struct step *const scripts[] = { nothing, NULL };
	struct target_options opt;
	struct sockaddr_in in;
	struct spec spec, socks;
	struct target *t;
	struct call c;
	struct dial d;
	char text[64], why[256];
	int door = listener(&in), i;
	pid_t pid = proxy(door, scripts);

	snprintf(text, sizeof(text), "inet:%u", (unsigned)ntohs(in.sin_port));
	ATF_REQUIRE_EQ(0, spec_parse(text, &socks, why, sizeof(why)));
	ATF_REQUIRE_EQ(0, spec_parse("inet:1@h", &spec, why, sizeof(why)));
	memset(&opt, 0, sizeof(opt));
	opt.spec = &spec;
	opt.n = 1;
	opt.socks = &socks;
	t = target_new_list(l, NULL, &opt);
	ATF_REQUIRE(t != NULL);
	memset(&c, 0, sizeof(c));
	c.l = l;
	for (i = 0; i < 3; i++) {
		memset(&d, 0, sizeof(d));
		dial_start(&d, t, 60000, on_dial, &c);
		while (i > 0 && d.socks == NULL)
			net_turn(l);
		if (i == 2)
			net_turn(l);
		dial_cancel(&d);
		net_turn(l);
		ATF_CHECK(d.socks == NULL && d.place == NULL);
	}
	ATF_CHECK_EQ(0, c.calls);
	target_free(t);
	/* Such a proxy cannot be. */
	spec_free(&spec);
	ATF_REQUIRE_EQ(0, spec_parse("unix:x", &spec, why, sizeof(why)));
	t = target_new_list(l, NULL, &opt);
	ATF_REQUIRE(t != NULL);
	dial_start(&d, t, 60000, on_dial, &c);
	net_run(l);
	ATF_CHECK_EQ(1, c.calls);
	ATF_CHECK_MSG(strstr(c.why, "nothing that it can reach") != NULL, "%s",
	    c.why);
	target_free(t);
	spec_free(&spec);
	spec_free(&socks);
	end_proxy(pid, door);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, requests);
	ATF_TP_ADD_TC(tp, answers);
	ATF_TP_ADD_TC(tp, through);
	ATF_TP_ADD_TC(tp, next_one);
	ATF_TP_ADD_TC(tp, bad_proxy);
	ATF_TP_ADD_TC(tp, late);
	ATF_TP_ADD_TC(tp, given_up);
	return (atf_no_error());
}
