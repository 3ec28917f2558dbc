/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_net_listen.c - what listen.h promises, over every back end.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 */
#include "compat.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
#include "net/listen.h"

#include "h_net.h"

#define CLIENTS	100

/* What the accept handler does and saw. */
struct door {
	struct loop	*l;
	unsigned	 got;
	unsigned	 stop_at;
	unsigned	 pause_at;
	unsigned	 free_at;
};

static void
door_on_accept(struct listener *listener, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	struct door *d = arg;
	char text[SPEC_TEXT_MAX];

	ATF_REQUIRE((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	ATF_REQUIRE((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	addr_format(sa, len, text, sizeof(text));
	ATF_CHECK_MSG(strncmp(text, "unix:", 5) == 0 ||
	    strstr(text, "@[127.0.0.1]") != NULL, "%s", text);
	(void)close(fd);
	d->got++;
	if (d->got == d->stop_at)
		loop_stop(d->l);
	if (d->got == d->pause_at)
		listener_pause(listener);
	if (d->got == d->free_at)
		listener_free(listener);
}

static void
parse(const char *text, struct spec *spec)
{
	char why[256];

	ATF_REQUIRE_EQ_MSG(0, spec_parse(text, spec, why, sizeof(why)), "%s",
	    why);
}

/* A listener, or NULL with the reason in why. */
static struct listener *
open_door(const char *text, const struct listen_options *options, char *why,
    size_t whysize)
{
	struct listener *listener;
	struct spec spec;

	parse(text, &spec);
	why[0] = '?';
	listener = listener_new(&spec, options, why, whysize);
	spec_free(&spec);
	return (listener);
}

static const struct listen_options usual = {
	0660, NULL, false, 0, true, true, 1
};

static int
knock_unix(const char *path)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ATF_REQUIRE(fd != -1);
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	if (connect(fd, (struct sockaddr *)&un, sizeof(un)) == -1) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return (-1);
	}
	return (fd);
}

static int
knock_tcp(unsigned port)
{
	struct sockaddr_in in;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ATF_REQUIRE(fd != -1);
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_port = htons((uint16_t)port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ATF_REQUIRE_EQ(0, connect(fd, (struct sockaddr *)&in, sizeof(in)));
	return (fd);
}

/* A socket that nobody listens on any more. */
static void
leave_stale(const char *path)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ATF_REQUIRE(fd != -1);
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&un, sizeof(un)));
	(void)close(fd);
}

NET_CASE(tcp, "port 0 takes a free port, and connections to it are accepted")
{
	static const char *const texts[] = {
		"inet:0", "inet:0@[127.0.0.1]", "inet:0@localhost"
	};
	struct listener *listener;
	struct door door = { 0 };
	char why[256];
	size_t i;
	int fd;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		listener = open_door(texts[i], &usual, why, sizeof(why));
		ATF_REQUIRE_MSG(listener != NULL, "%s", why);
		ATF_CHECK_STREQ("", why);
		ATF_REQUIRE(listener_port(listener) != 0);
		door.l = l;
		door.got = 0;
		door.stop_at = 1;
		ATF_REQUIRE_EQ(0, listener_start(listener, l, door_on_accept,
		    &door));
		fd = knock_tcp(listener_port(listener));
		net_run(l);
		(void)close(fd);
		listener_free(listener);
	}
	ATF_CHECK(open_door("inet:0@name.invalid", &usual, why,
	    sizeof(why)) == NULL);
	ATF_CHECK_MSG(strstr(why, "name.invalid") != NULL, "%s", why);
}

ATF_TC_WITHOUT_HEAD(tcp_in_use);
ATF_TC_BODY(tcp_in_use, tc)
{
	struct listener *first;
	char text[64], why[256];

	(void)tc;
	first = open_door("inet:0@[127.0.0.1]", &usual, why, sizeof(why));
	ATF_REQUIRE(first != NULL);
	(void)snprintf(text, sizeof(text), "inet:%u@[127.0.0.1]",
	    listener_port(first));
	ATF_CHECK(open_door(text, &usual, why, sizeof(why)) == NULL);
	ATF_CHECK_MSG(strstr(why, text) != NULL &&
	    strstr(why, strerror(EADDRINUSE)) != NULL, "%s", why);
	listener_free(first);
	listener_free(NULL);
}

NET_CASE(mode, "a unix socket has its mode, whatever the umask, and is "
    "gone after the end")
{
	static const unsigned modes[] = { 0600, 0660, 0666, 0777 };
	struct listen_options options = usual;
	struct listener *listener;
	struct door door = { 0 };
	struct stat st;
	char why[256];
	size_t i;
	mode_t mask = umask(027);
	int fd;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		options.mode = modes[i];
		listener = open_door("unix:sock", &options, why, sizeof(why));
		ATF_REQUIRE_MSG(listener != NULL, "%s", why);
		ATF_REQUIRE_EQ(0, lstat("sock", &st));
		ATF_CHECK_EQ(modes[i], (unsigned)st.st_mode & 0777);
		/* The umask is what it was. */
		ATF_CHECK_EQ(027, umask(027));
		door.l = l;
		door.got = 0;
		door.stop_at = 1;
		ATF_REQUIRE_EQ(0, listener_start(listener, l, door_on_accept,
		    &door));
		ATF_REQUIRE((fd = knock_unix("sock")) != -1);
		net_run(l);
		(void)close(fd);
		listener_free(listener);
		ATF_CHECK_EQ(-1, lstat("sock", &st));
	}
	(void)umask(mask);
}

ATF_TC(group);
ATF_TC_HEAD(group, tc)
{
	atf_tc_set_md_var(tc, "descr", "a group is set, and one that does not "
	    "exist is told without being a failure");
}
ATF_TC_BODY(group, tc)
{
	struct listen_options options = usual;
	struct listener *listener;
	struct stat st;
	char why[256], gid[32];

	(void)tc;
	options.group = "no-such-group-here";
	listener = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	ATF_CHECK_MSG(strstr(why, "no-such-group-here") != NULL, "%s", why);
	ATF_REQUIRE_EQ(0, lstat("sock", &st));
	ATF_CHECK_EQ(0660, (unsigned)st.st_mode & 0777);
	listener_free(listener);

	/* No number of a group, though it may look like one when cut. */
	options.group = "4294967296";
	listener = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	ATF_CHECK_MSG(strstr(why, "no group '4294967296'") != NULL, "%s", why);
	listener_free(listener);

	(void)snprintf(gid, sizeof(gid), "%lu", (unsigned long)getgid());
	options.group = gid;
	listener = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	ATF_CHECK_STREQ("", why);
	ATF_REQUIRE_EQ(0, lstat("sock", &st));
	ATF_CHECK_EQ(getgid(), st.st_gid);
	listener_free(listener);
}

ATF_TC(old_sockets);
ATF_TC_HEAD(old_sockets, tc)
{
	atf_tc_set_md_var(tc, "descr", "a socket that nobody answers on is "
	    "replaced; a live one, a file and a link are left alone");
}
ATF_TC_BODY(old_sockets, tc)
{
	struct listen_options options = usual;
	struct listener *first;
	struct stat st;
	char why[256];
	int fd;

	(void)tc;
	leave_stale("sock");
	options.remove_on_create = false;
	ATF_CHECK(open_door("unix:sock", &options, why, sizeof(why)) == NULL);
	ATF_CHECK_MSG(strstr(why, strerror(EADDRINUSE)) != NULL, "%s", why);
	ATF_CHECK_EQ(0, lstat("sock", &st));

	options.remove_on_create = true;
	first = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE_MSG(first != NULL, "%s", why);
	ATF_CHECK(open_door("unix:sock", &options, why, sizeof(why)) == NULL);
	ATF_CHECK_MSG(strstr(why, strerror(EADDRINUSE)) != NULL, "%s", why);
	ATF_REQUIRE((fd = knock_unix("sock")) != -1);
	(void)close(fd);
	listener_free(first);

	ATF_REQUIRE((fd = open("sock", O_CREAT | O_WRONLY, 0600)) != -1);
	(void)close(fd);
	ATF_CHECK(open_door("unix:sock", &options, why, sizeof(why)) == NULL);
	ATF_CHECK_MSG(strstr(why, "no socket") != NULL, "%s", why);
	ATF_CHECK_EQ(0, lstat("sock", &st));
	ATF_CHECK(S_ISREG(st.st_mode));
	ATF_REQUIRE_EQ(0, unlink("sock"));

	leave_stale("other");
	ATF_REQUIRE_EQ(0, symlink("other", "sock"));
	ATF_CHECK(open_door("unix:sock", &options, why, sizeof(why)) == NULL);
	ATF_CHECK_EQ(0, lstat("sock", &st));
	ATF_CHECK(S_ISLNK(st.st_mode));
	ATF_CHECK_EQ(0, lstat("other", &st));

	ATF_CHECK(open_door("unix:no/such/folder", &options, why,
	    sizeof(why)) == NULL);
	ATF_CHECK_MSG(strstr(why, strerror(ENOENT)) != NULL, "%s", why);
}

ATF_TC(remove_on_close);
ATF_TC_HEAD(remove_on_close, tc)
{
	atf_tc_set_md_var(tc, "descr", "at the end only the listener's own "
	    "socket is removed, and only if that is wanted");
}
ATF_TC_BODY(remove_on_close, tc)
{
	struct listen_options options = usual;
	struct listener *listener, *second;
	struct stat st;
	char why[256];

	(void)tc;
	/* Somebody else's is there by now. */
	listener = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	ATF_REQUIRE_EQ(0, rename("sock", "moved"));
	second = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE(second != NULL);
	listener_free(listener);
	ATF_CHECK_EQ(0, lstat("sock", &st));
	listener_free(second);
	ATF_CHECK_EQ(-1, lstat("sock", &st));

	options.remove_on_close = false;
	listener = open_door("unix:sock", &options, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	listener_free(listener);
	ATF_CHECK_EQ(0, lstat("sock", &st));
}

NET_CASE(adopt, "a socket that already listens is taken over")
{
	struct listener *first, *second;
	struct door door = { 0 };
	struct sockaddr_un un;
	struct spec spec;
	struct stat st;
	int fd, client;

	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	strlcpy(un.sun_path, "sock", sizeof(un.sun_path));
	ATF_REQUIRE((fd = socket(AF_UNIX, SOCK_STREAM, 0)) != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&un, sizeof(un)));
	ATF_REQUIRE_EQ(0, listen(fd, 5));
	ATF_REQUIRE((client = knock_unix("sock")) != -1);
	parse("unix:sock", &spec);
	first = listener_adopt(fd, &spec, &usual, false);
	ATF_REQUIRE(first != NULL);
	door.l = l;
	door.stop_at = 1;
	ATF_REQUIRE_EQ(0, listener_start(first, l, door_on_accept, &door));
	net_run(l);
	(void)close(client);
	listener_free(first);
	ATF_CHECK_EQ(-1, lstat("sock", &st));
	second = listener_adopt(-1, &spec, &usual, false);
	ATF_CHECK(second == NULL);
	spec_free(&spec);
}

NET_CASE(pause_resume, "a paused listener leaves connections in the backlog, "
    "and may be paused, resumed and freed in its own callback")
{
	struct listener *listener;
	struct door door = { 0 };
	char why[256];
	int fd[5];
	int i;

	listener = open_door("inet:0@[127.0.0.1]", &usual, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	door.l = l;
	listener_pause(listener);
	ATF_REQUIRE_EQ(0, listener_start(listener, l, door_on_accept, &door));
	for (i = 0; i < 5; i++)
		fd[i] = knock_tcp(listener_port(listener));
	net_turn(l);
	ATF_CHECK_EQ(0, door.got);
	door.pause_at = 2;
	door.free_at = 4;
	listener_resume(listener);
	listener_resume(listener);
	net_turn(l);
	ATF_CHECK_EQ(2, door.got);
	listener_resume(listener);
	net_turn(l);
	ATF_CHECK_EQ(4, door.got);
	for (i = 0; i < 5; i++)
		(void)close(fd[i]);
}

NET_CASE(many, "more connections than one round takes are all accepted")
{
	struct listener *listener;
	struct door door = { 0 };
	char why[256];
	int fd[CLIENTS];
	int i;

	listener = open_door("unix:sock", &usual, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	door.l = l;
	door.stop_at = CLIENTS;
	for (i = 0; i < CLIENTS; i++)
		ATF_REQUIRE((fd[i] = knock_unix("sock")) != -1);
	ATF_REQUIRE_EQ(0, listener_start(listener, l, door_on_accept, &door));
	net_run(l);
	ATF_CHECK_EQ(CLIENTS, door.got);
	for (i = 0; i < CLIENTS; i++)
		(void)close(fd[i]);
	listener_free(listener);
}

/* How many lines of the file hold the words. */
static unsigned
count_lines(const char *path, const char *words)
{
	char line[512];
	FILE *f = fopen(path, "r");
	unsigned n = 0;

	ATF_REQUIRE(f != NULL);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, words) != NULL ? 1 : 0;
	(void)fclose(f);
	return (n);
}

static void
on_some_time(struct loop_timer *timer, void *arg)
{
	(void)timer;
	loop_stop(arg);
}

NET_CASE(shortage, "without a free descriptor accepting pauses by itself, "
    "goes on later, and says so once each")
{
	struct listener *listener;
	struct loop_timer timer;
	struct door door = { 0 };
	struct rlimit before, low;
	char why[256];
	int client, log, saved;

	listener = open_door("unix:sock", &usual, why, sizeof(why));
	ATF_REQUIRE(listener != NULL);
	door.l = l;
	door.stop_at = 1;
	ATF_REQUIRE_EQ(0, listener_start(listener, l, door_on_accept, &door));
	ATF_REQUIRE((client = knock_unix("sock")) != -1);
	(void)fflush(stderr);
	ATF_REQUIRE((saved = dup(2)) != -1);
	ATF_REQUIRE((log = open("log", O_CREAT | O_TRUNC | O_WRONLY | O_APPEND,
	    0600)) != -1);
	ATF_REQUIRE(dup2(log, 2) != -1);
	(void)close(log);

	/* The next one would be the one just closed. */
	ATF_REQUIRE_EQ(0, getrlimit(RLIMIT_NOFILE, &before));
	low = before;
	low.rlim_cur = (rlim_t)log;
	ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
	/* Long enough for many tries of a millisecond each. */
	memset(&timer, 0, sizeof(timer));
	loop_timer_start(l, &timer, 50, on_some_time, l);
	ATF_REQUIRE_EQ(0, loop_run(l));
	ATF_CHECK_EQ(0, door.got);
	/* A resume that finds nothing better says nothing, too. */
	listener_resume(listener);
	net_turn(l);
	ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &before));
	/* A memory checker's accept(2) takes the connection and drops it. */
	if (recv(client, why, 1, MSG_DONTWAIT) == 0) {
		(void)close(client);
		ATF_REQUIRE((client = knock_unix("sock")) != -1);
	}
	net_run(l);
	ATF_CHECK_EQ(1, door.got);

	ATF_REQUIRE(dup2(saved, 2) != -1);
	(void)close(saved);
	ATF_CHECK_EQ(1, count_lines("log", "cannot accept"));
	ATF_CHECK_EQ(1, count_lines("log", "accepting again"));
	(void)close(client);
	listener_free(listener);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, tcp);
	ATF_TP_ADD_TC(tp, tcp_in_use);
	ATF_TP_ADD_TC(tp, mode);
	ATF_TP_ADD_TC(tp, group);
	ATF_TP_ADD_TC(tp, old_sockets);
	ATF_TP_ADD_TC(tp, remove_on_close);
	ATF_TP_ADD_TC(tp, adopt);
	ATF_TP_ADD_TC(tp, pause_resume);
	ATF_TP_ADD_TC(tp, many);
	ATF_TP_ADD_TC(tp, shortage);
	return (atf_no_error());
}
