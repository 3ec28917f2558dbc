/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_memory.c - every allocation may fail, once or for good: what was under way
 * ends with its error, nothing leaks, and nothing ends the process.
 * Owns:      the allocator that fails, and the cases below.
 * Called by: kyua.
 * Must not:  sleep, or assert that anything happens soon.
 *
 * The sources are included, so that their calls to malloc(3) and the like are
 * calls to the allocator here; what libc allocates for itself is left alone.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "h_case.h"
#include "h_memory.h"

#include "base/buf.c"
#include "base/log.c"
#include "base/logsock.c"
#include "base/number.c"
#include "base/spec.c"
#include "base/word.c"
#include "config/check.c"
#include "config/conf.c"
#include "config/default.c"
#include "config/errors.c"
#include "config/field.c"
#include "config/key.c"
#include "config/lex.c"
#include "config/load.c"
#include "config/parse.c"
#include "config/show.c"
#include "config/source.c"
#include "config/value.c"
#include "event/epoll.c"
#include "event/kqueue.c"
#include "event/loop.c"
#include "event/poll.c"
#include "event/signal.c"
#include "event/timer.c"
#include "net/dial.c"
#include "net/dns.c"
#include "net/dns_conf.c"
#include "net/dns_packet.c"
#include "net/dns_try.c"
#include "net/linger.c"
#include "net/listen.c"
#include "net/resolver.c"
#include "net/route.c"
#include "net/sock.c"
#include "net/socks.c"
#include "net/stream.c"
#include "net/target.c"

#undef malloc
#undef calloc
#undef realloc
#undef strdup

/*
 * Runs it with the first allocation failing, the second, and so on until there
 * is none left to fail; then all again, with every later one failing, too.
 */
static void
memory_try(void (*run)(void))
{
	int on;

	for (on = 0; on < 2; on++) {
		memory_fail_on = on == 1;
		for (memory_fail_at = 1;; memory_fail_at++) {
			memory_calls = 0;
			run();
			if (memory_calls < memory_fail_at)
				break;
		}
		printf("%zu allocations\n", memory_fail_at - 1);
		ATF_CHECK(memory_fail_at > 2);
	}
	memory_fail_at = 0;
}

/* --- configurations ------------------------------------------------------ */

static size_t	conf_n_said;

static void
conf_on_said(const char *line, void *arg)
{
	(void)arg;
	ATF_REQUIRE(line[0] != '\0');
	conf_n_said++;
}

static int
conf_detect_one(const struct conf_detect *to, char *why, size_t whysize)
{
	(void)why;
	(void)whysize;
	to->statement(to->arg, "/f", 1, "milter.a.command_options = [\"0\"]");
	to->statement(to->arg, "/f", 2, "milter.d.enabled = false");
	to->statement(to->arg, "/f", 3, "milter.d.enabled = nonsense");
	to->note(to->arg, false, "found");
	return (0);
}

static void
conf_run(void)
{
	static const char *const overrides[] = {
		"milter.c.connection_spec = \"inet:1@host\"",
	};
	struct conf_source source;
	struct conf *conf;
	FILE *fp;

	memset(&source, 0, sizeof(source));
	source.dir = "d";
	source.overrides = overrides;
	source.n_overrides = 1;
	source.detect = conf_detect_one;
	conf_n_said = 0;
	conf = conf_load(&source, conf_on_said, NULL);
	ATF_REQUIRE((conf == NULL) == (conf_n_said > 0));
	if (conf == NULL)
		return;
	ATF_REQUIRE_EQ(4, conf->n_milters);
	ATF_REQUIRE_EQ(4, conf_milter(conf, "a")->command_options.n);
	ATF_REQUIRE_EQ(2, conf->n_notes);
	ATF_REQUIRE((fp = fopen("/dev/null", "w")) != NULL);
	conf_show(conf, fp);
	(void)fclose(fp);
	conf_unref(conf);
}

static void
conf_put(const char *path, const char *text)
{
	FILE *fp = fopen(path, "w");

	ATF_REQUIRE(fp != NULL);
	ATF_REQUIRE(fputs(text, fp) >= 0);
	ATF_REQUIRE_EQ(0, fclose(fp));
}

H_CASE(configuration, "A configuration is read, or it is told that there "
    "is no memory")
{
	ATF_REQUIRE_EQ(0, mkdir("d", 0755));
	conf_put("d/milter-manager.conf", "load = \"*.part\"\n"
	    "log.path = \"/x\"\nmanager.connection_spec = \"unix:/x\"\n"
	    "milter.a.command_options += [\"1\", \"2\"]\n"
	    "milter.a.command_options += \"3\"\nload_default = true\n"
	    "milter.*.description = \"d\"\nlog.path = nil\n");
	conf_put("d/1.part", "milter.a.connection_spec = [\"inet:1@a\", "
	    "\"inet:2\"]\nmilter.a.connection_spec += \"inet6:3\"\n"
	    "milter.a.socks = \"inet:4\"\nmilter.a.socks_user = \"u\"\n"
	    "milter.a.socks_password = \"p\"\n");
	conf_put("d/2.part", "milter.b.connection_spec = \"inet:1@[::1]\"\n"
	    "milter.b.connection_spec = \"inet6:1@[::1]\"\n");
	/* A wrong statement in between, too. */
	memory_try(conf_run);
	conf_put("d/2.part", "milter.b.connection_spec = \"unix:/b\"\n");
	memory_try(conf_run);
}

/* --- connections --------------------------------------------------------- */

/* What the parties of one try share. */
static struct {
	struct loop	*loop;
	struct listener	*listener;
	struct stream	 here, there;
	struct dial	 dial;
	struct loop_timer end;
	size_t		 got;
} party;

#define PARTY_BYTES	((size_t)600 * 1024)

static void
party_on_end(struct loop_timer *timer, void *arg)
{
	(void)timer;
	(void)arg;
	loop_stop(party.loop);
}

/* Takes nothing until all of three bytes is there, so that some is kept. */
static size_t
party_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	(void)data;
	(void)arg;
	if (s == &party.there)
		party.got += len - len % 3;
	return (len - len % 3);
}

static void
party_on_closed(struct stream *s, int err, void *arg)
{
	(void)err;
	(void)arg;
	stream_close(s);
	loop_stop(party.loop);
}

static const struct stream_ops party_ops = {
	party_on_input, NULL, party_on_closed
};

static void
party_on_accept(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	(void)l;
	(void)sa;
	(void)len;
	(void)arg;
	if (party.there.loop != NULL || stream_open(&party.there, party.loop,
	    fd, &party_ops, NULL) == -1) {
		(void)close(fd);
		loop_stop(party.loop);
	}
}

static void
party_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	static unsigned char bytes[PARTY_BYTES];

	(void)d;
	(void)arg;
	if (fd == -1) {
		ATF_REQUIRE(why != NULL);
		loop_stop(party.loop);
		return;
	}
	if (stream_open(&party.here, party.loop, fd, &party_ops, NULL) == -1) {
		(void)close(fd);
		loop_stop(party.loop);
		return;
	}
	if (stream_write(&party.here, bytes, 5) == -1 ||
	    stream_write2(&party.here, bytes, 7, bytes, sizeof(bytes) - 12) ==
	    -1)
		loop_stop(party.loop);
	stream_close_flushed(&party.here, 60000);
}

static void
party_run(void)
{
	struct listen_options options;
	struct target *target = NULL;
	struct spec spec;
	char why[256];

	memset(&party, 0, sizeof(party));
	memset(&options, 0, sizeof(options));
	options.mode = 0600;
	options.remove_on_create = options.remove_on_close = true;
	if (spec_parse("unix:s", &spec, why, sizeof(why)) == -1)
		return;
	if ((party.loop = loop_new(NULL)) == NULL)
		goto out;
	party.listener = listener_new(&spec, &options, why, sizeof(why));
	ATF_REQUIRE((party.listener == NULL) == (why[0] != '\0'));
	if (party.listener == NULL || listener_start(party.listener,
	    party.loop, party_on_accept, NULL) == -1 ||
	    (target = target_new(party.loop, NULL, &spec, 0)) == NULL)
		goto out;
	loop_timer_start(party.loop, &party.end, 2000, party_on_end, NULL);
	dial_start(&party.dial, target, 60000, party_on_dialled, NULL);
	ATF_REQUIRE_EQ(0, loop_run(party.loop));
	if (memory_fail_at > memory_calls)
		ATF_REQUIRE_EQ(PARTY_BYTES, party.got);
	dial_cancel(&party.dial);
	loop_timer_stop(&party.end);
	stream_close(&party.here);
	stream_close(&party.there);
out:
	listener_free(party.listener);
	target_free(target);
	spec_free(&spec);
	if (party.loop != NULL)
		linger_end_all(party.loop);
	loop_free(party.loop);
}

H_CASE(connection, "A connection is made, used and ended, or fails with "
    "an error")
{
	memory_try(party_run);
}

static void
name_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	(void)d;
	(void)arg;
	ATF_REQUIRE(fd == -1 && why != NULL);
	loop_stop(party.loop);
}

/* Port 1 of the machine itself: nobody is there. */
static void
name_run(void)
{
	struct resolver *resolver = NULL;
	struct target *target = NULL;
	struct spec spec;
	char why[256];

	memset(&party, 0, sizeof(party));
	if (spec_parse("inet:1@localhost", &spec, why, sizeof(why)) == -1)
		return;
	if ((party.loop = loop_new(NULL)) == NULL ||
	    (resolver = resolver_new(party.loop)) == NULL ||
	    (target = target_new(party.loop, resolver, &spec, 0)) == NULL)
		goto out;
	loop_timer_start(party.loop, &party.end, 2000, party_on_end, NULL);
	dial_start(&party.dial, target, 60000, name_on_dialled, NULL);
	ATF_REQUIRE_EQ(0, loop_run(party.loop));
	dial_cancel(&party.dial);
	loop_timer_stop(&party.end);
out:
	target_free(target);
	resolver_free(resolver);
	spec_free(&spec);
	loop_free(party.loop);
}

H_CASE(name, "A name is looked up, or fails with an error")
{
	memory_try(name_run);
}

/* The same with a name server; nobody is there, either. */
static void
name_server_run(void)
{
	struct resolver *resolver = NULL;
	struct target *target = NULL;
	struct spec spec;
	char why[256];

	memset(&party, 0, sizeof(party));
	if (spec_parse("inet:1@a.example", &spec, why, sizeof(why)) == -1)
		return;
	if ((party.loop = loop_new(NULL)) == NULL ||
	    (resolver = resolver_new_files(party.loop, "hosts",
	    "resolv.conf")) == NULL ||
	    (target = target_new(party.loop, resolver, &spec, 0)) == NULL)
		goto out;
	loop_timer_start(party.loop, &party.end, 2000, party_on_end, NULL);
	dial_start(&party.dial, target, 60000, name_on_dialled, NULL);
	ATF_REQUIRE_EQ(0, loop_run(party.loop));
	dial_cancel(&party.dial);
	loop_timer_stop(&party.end);
out:
	target_free(target);
	resolver_free(resolver);
	spec_free(&spec);
	loop_free(party.loop);
}

H_CASE(name_server, "A name server is asked, or that fails with an error")
{
	FILE *fp = fopen("resolv.conf", "w");

	ATF_REQUIRE(fp != NULL);
	fprintf(fp, "nameserver [127.0.0.1]:1\nsearch example\n");
	ATF_REQUIRE_EQ(0, fclose(fp));
	memory_try(name_server_run);
}

static void
proxy_on_accept(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t len, void *arg)
{
	(void)l;
	(void)sa;
	(void)len;
	(void)arg;
	(void)close(fd);
}

/* Two places, and a proxy that does not say a word. */
static void
proxy_run(void)
{
	struct listen_options options;
	struct target_options opt;
	struct target *target = NULL;
	struct spec spec, there[2];
	char why[256];

	memset(&party, 0, sizeof(party));
	memset(&options, 0, sizeof(options));
	memset(&opt, 0, sizeof(opt));
	memset(there, 0, sizeof(there));
	options.mode = 0600;
	options.remove_on_create = options.remove_on_close = true;
	if (spec_parse("unix:s", &spec, why, sizeof(why)) == -1)
		return;
	if (spec_parse("inet:1@far.invalid", &there[0], why, sizeof(why)) ==
	    -1 || spec_parse("inet:1", &there[1], why, sizeof(why)) == -1)
		goto out;
	opt.spec = there;
	opt.n = 2;
	opt.balance = TARGET_ROUND_ROBIN;
	opt.socks = &spec;
	opt.socks_user = "user";
	opt.socks_password = "password";
	if ((party.loop = loop_new(NULL)) == NULL)
		goto out;
	party.listener = listener_new(&spec, &options, why, sizeof(why));
	if (party.listener == NULL || listener_start(party.listener,
	    party.loop, proxy_on_accept, NULL) == -1 ||
	    (target = target_new_list(party.loop, NULL, &opt)) == NULL)
		goto out;
	loop_timer_start(party.loop, &party.end, 2000, party_on_end, NULL);
	dial_start(&party.dial, target, 60000, name_on_dialled, NULL);
	ATF_REQUIRE_EQ(0, loop_run(party.loop));
	dial_cancel(&party.dial);
	loop_timer_stop(&party.end);
out:
	listener_free(party.listener);
	target_free(target);
	spec_free(&spec);
	spec_free(&there[0]);
	spec_free(&there[1]);
	if (party.loop != NULL)
		linger_end_all(party.loop);
	loop_free(party.loop);
}

H_CASE(proxy, "A proxy is asked, or fails with an error")
{
	memory_try(proxy_run);
}

/* --- the log ------------------------------------------------------------- */

static void
log_run(void)
{
	struct log_settings s;
	size_t calls;

	memset(&s, 0, sizeof(s));
	s.ident = "t_memory";
	s.path = "log";
	s.syslog_path = "nowhere";
	s.levels = LOGL_ALL;
	s.use_syslog = true;
	(void)log_open(&s);
	calls = memory_calls;
	log_write(LOGL_INFO, "a line");
	ATF_REQUIRE_EQ(calls, memory_calls);
	log_close();
}

H_CASE(log_lines, "A log is opened, or the one before stays; a line needs "
    "no memory")
{
	memory_try(log_run);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, configuration);
	ATF_TP_ADD_TC(tp, connection);
	ATF_TP_ADD_TC(tp, name);
	ATF_TP_ADD_TC(tp, name_server);
	ATF_TP_ADD_TC(tp, proxy);
	ATF_TP_ADD_TC(tp, log_lines);
	return (atf_no_error());
}
