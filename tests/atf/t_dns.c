/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_dns.c - what dns.h promises, over every back end, with name servers that
 * do as told.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or ask a name server that is not its own.
 */
#include "compat.h"

#include <sys/resource.h>

#include <errno.h>
#include <stdio.h>

#include "net/dns_internal.h"

#include "h_net.h"
#include "h_nameserver.h"

/* Who asks, and what came. */
struct asker {
	struct dns_query query;
	struct loop	*l;
	unsigned	 calls;
	enum dns_status	 status;
	size_t		 n;
	unsigned char	 address[16];
	char		 text[DNS_TEXT_MAX];
	char		 why[256];
	struct dns	*free;		/* this, when it has come */
};

static void
on_answer(struct dns_query *query, const struct dns_answer *a, void *arg)
{
	struct asker *k = arg;

	ATF_REQUIRE_EQ(query, &k->query);
	ATF_REQUIRE(query->dns == NULL);
	ATF_REQUIRE_EQ(a->status == DNS_FOUND, a->n > 0);
	ATF_REQUIRE_EQ(a->status == DNS_FAILED, a->why != NULL);
	k->calls++;
	k->status = a->status;
	k->n = a->n;
	if (a->n > 0) {
		memcpy(k->address, a->record[0].address, 16);
		if (a->record[0].text != NULL)
			strlcpy(k->text, a->record[0].text, sizeof(k->text));
	}
	if (a->why != NULL)
		strlcpy(k->why, a->why, sizeof(k->why));
	dns_free(k->free);
	loop_stop(k->l);
}

static void
asker_start(struct asker *k, struct dns *d, int type, const char *name)
{
	memset(k, 0, sizeof(*k));
	k->l = d->loop;
	dns_ask(d, &k->query, type, name, on_answer, k);
	ATF_REQUIRE_EQ(0, k->calls);
}

/* Asks and waits for the answer. */
static enum dns_status
ask(struct asker *k, struct dns *d, int type, const char *name)
{
	asker_start(k, d, type, name);
	net_run(d->loop);
	ATF_REQUIRE_EQ(1, k->calls);
	return (k->status);
}

static struct dns *
dns_of(struct loop *l, const struct ns *s, size_t n, unsigned ms)
{
	struct sockaddr_storage ss[DNS_SERVERS_MAX];
	struct dns_options opt;
	struct dns *d;
	size_t i;

	for (i = 0; i < n; i++)
		ss[i] = s[i].ss;
	memset(&opt, 0, sizeof(opt));
	opt.server = ss;
	opt.n_servers = n;
	opt.timeout_ms = ms;
	d = dns_new(l, &opt);
	ATF_REQUIRE(d != NULL);
	return (d);
}

/* What a server does is in the first label of the name it is asked for. */
static bool
is(const struct ns *s, const char *word)
{
	return (strncmp(s->name, word, strlen(word)) == 0);
}

static void
serve_address(struct ns *s, bool tcp, uint32_t ttl)
{
	ns_begin(s, 0);
	ns_add(s, "", DNS_A, ttl, "\177\0\0\2", 4);
	ns_send(s, tcp);
}

static void
serve(struct ns *s, bool tcp, void *arg)
{
	static const unsigned char fill[200];

	(void)arg;
	if (is(s, "none") || is(s, "nodata") || is(s, "nosoa")) {
		ns_begin(s, is(s, "none") ? DNS_NXDOMAIN : 0);
		if (!is(s, "nosoa"))
			ns_add_soa(s, 60, 60);
		ns_send(s, tcp);
	} else if (is(s, "fails") || is(s, "refuses")) {
		ns_begin(s, is(s, "fails") ? 2 : 5);
		ns_send(s, tcp);
	} else if (is(s, "noedns") && s->q[11] != 0) {
		ns_begin(s, DNS_FORMERR);
		ns_send(s, tcp);
	} else if (is(s, "garbled")) {
		ns_begin(s, 0);
		s->msg[7] = 9;
		ns_send(s, tcp);
	} else if (is(s, "loop")) {
		ns_begin(s, 0);
		ns_add_name(s, "", NS_TYPE_CNAME, 60, s->name);
		ns_send(s, tcp);
	} else if (is(s, "text")) {
		ns_begin(s, 0);
		ns_add(s, "", DNS_TXT, 60, "\5hello", 6);
		ns_send(s, tcp);
	} else if ((is(s, "large") || is(s, "cut") || is(s, "hangup") ||
	    is(s, "mute")) && !tcp) {
		ns_begin(s, 0);
		s->msg[2] |= 2;
		ns_send(s, tcp);
	} else if (is(s, "large")) {
		/* As large as it can be. */
		ns_begin(s, 0);
		ns_add(s, "", DNS_A, 60, "\177\0\0\2", 4);
		while (s->len < 65000)
			ns_add(s, "x", DNS_TXT, 60, fill, sizeof(fill));
		ns_send(s, tcp);
	} else if (is(s, "cut")) {
		ATF_REQUIRE_EQ(3, write(s->tcp.fd, "\1\0x", 3));
		ns_hang_up(s);
	} else if (is(s, "hangup"))
		ns_hang_up(s);
	else if (!is(s, "silent") && !is(s, "mute"))
		serve_address(s, tcp, is(s, "once") ? 0 : 60);
}

static void
serve_nothing(struct ns *s, bool tcp, void *arg)
{
	(void)s;
	(void)tcp;
	(void)arg;
}

NET_CASE(answers, "What is found, and what is not, is kept while it may be")
{
	static const struct {
		const char	*name;
		int		 type;
		enum dns_status	 status;
		bool		 kept;
	} row[] = {
		{ "good.example", DNS_A, DNS_FOUND, true },
		{ "GOOD.Example.", DNS_A, DNS_FOUND, true },
		{ "good.example", DNS_AAAA, DNS_NONE, false },
		{ "text.example", DNS_TXT, DNS_FOUND, true },
		{ "once.example", DNS_A, DNS_FOUND, false },
		{ "none.example", DNS_A, DNS_NONE, true },
		{ "nodata.example", DNS_PTR, DNS_NONE, true },
		{ "nosoa.example", DNS_A, DNS_NONE, false },
		{ "fails.example", DNS_A, DNS_FAILED, true },
		{ "refuses.example", DNS_A, DNS_FAILED, true },
		{ "garbled.example", DNS_A, DNS_FAILED, true },
		{ "loop.example", DNS_A, DNS_FAILED, true },
		{ "large.example", DNS_A, DNS_FOUND, true },
		{ "cut.example", DNS_A, DNS_FAILED, true },
		{ "hangup.example", DNS_A, DNS_FAILED, true },
		{ "noedns.example", DNS_A, DNS_FOUND, true },
	};
	struct asker k;
	struct dns *d;
	struct ns s;
	unsigned asked;
	size_t i;

	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 60000);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ATF_CHECK_EQ_MSG(row[i].status, ask(&k, d, row[i].type,
		    row[i].name), "%s: %d %s", row[i].name, k.status, k.why);
		if (k.status == DNS_FOUND && row[i].type == DNS_A)
			ATF_CHECK_EQ(0, memcmp(k.address, "\177\0\0\2", 4));
		if (row[i].type == DNS_TXT)
			ATF_CHECK_STREQ("hello", k.text);
		asked = s.asked;
		ATF_CHECK_EQ(row[i].status, ask(&k, d, row[i].type,
		    row[i].name));
		ATF_CHECK_EQ_MSG(row[i].kept, asked == s.asked, "%s",
		    row[i].name);
	}
	ATF_CHECK_EQ(0, d->open);
	/* What is no name is not asked for. */
	asked = s.asked;
	ATF_CHECK_EQ(DNS_NONE, ask(&k, d, DNS_A, ""));
	ATF_CHECK_EQ(DNS_NONE, ask(&k, d, DNS_A, "a..b"));
	ATF_CHECK_EQ(asked, s.asked);
	dns_free(d);
	ns_close(&s);
}

NET_CASE(why, "A failure says which server it was, and what it said")
{
	static const struct {
		const char	*name, *why;
	} row[] = {
		{ "fails.example", "SERVFAIL" },
		{ "refuses.example", "REFUSED" },
		{ "garbled.example", "the answer makes no sense" },
		{ "silent.example", "no answer in time" },
	};
	struct asker k;
	struct dns *d;
	struct ns s;
	char why[128];
	size_t i;

	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 40);
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		ATF_CHECK_EQ(DNS_FAILED, ask(&k, d, DNS_A, row[i].name));
		(void)snprintf(why, sizeof(why), "inet:%u@[127.0.0.1]: %s",
		    ns_port(&s), row[i].why);
		ATF_CHECK_STREQ(why, k.why);
	}
	/* The one server was asked more than once. */
	ATF_CHECK_MSG(s.asked > 4, "%u", s.asked);
	dns_free(d);
	ns_close_udp(&s);
	d = dns_of(l, &s, 1, 60000);
	ATF_CHECK_EQ(DNS_FAILED, ask(&k, d, DNS_A, "good.example"));
	(void)snprintf(why, sizeof(why), "inet:%u@[127.0.0.1]: %s",
	    ns_port(&s), strerror(ECONNREFUSED));
	ATF_CHECK_STREQ(why, k.why);
	dns_free(d);
	ns_close(&s);
}

/* Answers that are none of the question's come before, and no others. */
static void
serve_forged(struct ns *s, bool tcp, void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 40; i++) {
		ns_begin(s, 0);
		ns_add(s, "", DNS_A, 60, "\12\0\0\1", 4);
		switch (i % 5) {
		case 0:
			s->msg[0] ^= 0x55;
			break;
		case 1:
			s->msg[13] ^= 1;
			break;
		case 2:
			s->msg[2] = 0;
			break;
		case 3:
			s->len = 7;
			break;
		default:
			s->msg[5] = 0;
			break;
		}
		ns_send(s, tcp);
	}
	if (!is(s, "never"))
		serve_address(s, tcp, 60);
}

static void
on_forge(struct loop_task *task, void *arg)
{
	struct ns *s = arg;
	struct sockaddr_in in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)task;
	/* Right in all but the place that it comes from. */
	memset(&in, 0, sizeof(in));
	in.sin_family = AF_INET;
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ATF_REQUIRE(fd != -1);
	ATF_REQUIRE_EQ(0, bind(fd, (struct sockaddr *)&in, sizeof(in)));
	ns_begin(s, 0);
	ns_add(s, "", DNS_A, 60, "\12\0\0\1", 4);
	(void)sendto(fd, s->msg, s->len, 0, (struct sockaddr *)&s->from,
	    sizeof(s->from));
	(void)close(fd);
	serve_address(s, false, 60);
}

static void
serve_elsewhere(struct ns *s, bool tcp, void *arg)
{
	(void)tcp;
	on_forge(arg, s);
}

NET_CASE(forged, "A forged answer is neither believed nor the end of the "
    "question")
{
	struct asker k;
	struct dns *d;
	struct ns s;

	ns_open(&s, l, serve_forged, NULL);
	d = dns_of(l, &s, 1, 60000);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good.example"));
	ATF_CHECK_EQ(0, memcmp(k.address, "\177\0\0\2", 4));
	ATF_CHECK_EQ(1, s.asked);
	dns_free(d);
	d = dns_of(l, &s, 1, 40);
	ATF_CHECK_EQ(DNS_FAILED, ask(&k, d, DNS_A, "never.example"));
	ATF_CHECK_MSG(strstr(k.why, "in time") != NULL, "%s", k.why);
	dns_free(d);
	ns_close(&s);

	ns_open(&s, l, serve_elsewhere, NULL);
	d = dns_of(l, &s, 1, 60000);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good.example"));
	ATF_CHECK_EQ(0, memcmp(k.address, "\177\0\0\2", 4));
	dns_free(d);
	ns_close(&s);
}

static void
serve_and_note(struct ns *s, bool tcp, void *arg)
{
	unsigned char (*id)[4] = arg;

	memcpy(id[s->asked - 1], s->q, 2);
	memcpy(id[s->asked - 1] + 2, &s->from.sin_port, 2);
	serve_address(s, tcp, 0);
}

NET_CASE(random, "Each question has an id and a port of its own")
{
	unsigned char id[32][4];
	struct asker k[32];
	struct dns *d;
	struct ns s;
	size_t i, same = 0;

	ns_open(&s, l, serve_and_note, id);
	d = dns_of(l, &s, 1, 60000);
	for (i = 0; i < 32; i++)
		ATF_CHECK_EQ(DNS_FOUND, ask(&k[i], d, DNS_A, "a.example"));
	for (i = 1; i < 32; i++)
		same += memcmp(id[i], id[i - 1], 2) == 0 ||
		    memcmp(id[i] + 2, id[i - 1] + 2, 2) == 0;
	ATF_CHECK_MSG(same < 3, "%zu", same);
	dns_free(d);
	ns_close(&s);
}

NET_CASE(next_server, "Another server is asked when one is silent, fails, or "
    "is not there, and stays the first for a while")
{
	static const char *const name[] = { "fails.example",
	    "refuses.example", "garbled.example", "hangup.example" };
	struct asker k;
	struct dns *d;
	struct ns s[3];
	size_t i;

	ns_open(&s[0], l, serve_nothing, NULL);
	ns_open(&s[1], l, serve, NULL);
	ns_open(&s[2], l, serve_and_note, (unsigned char [4][4]){ { 0 } });
	/* Silent: 20 ms each. */
	d = dns_of(l, s, 2, 80);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good.example"));
	ATF_CHECK_EQ(1, s[0].asked);
	ATF_CHECK_EQ(1, s[1].asked);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good2.example"));
	ATF_CHECK_EQ(1, s[0].asked);
	d->best_until = 0;
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good3.example"));
	ATF_CHECK_EQ(2, s[0].asked);
	dns_free(d);
	/* Nobody is there: at once. */
	ns_close_udp(&s[0]);
	d = dns_of(l, s, 2, 60000);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good.example"));
	ATF_CHECK_EQ(4, s[1].asked);
	dns_free(d);
	/* The second one says no: the third is asked. */
	for (i = 0; i < 4; i++) {
		d = dns_of(l, s, 3, 60000);
		ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, name[i]));
		ATF_CHECK_EQ(i + 1, s[2].asked);
		dns_free(d);
	}
	for (i = 0; i < 3; i++)
		ns_close(&s[i]);
}

/* Answers the first question when the second one has come. */
static void
serve_late(struct ns *s, bool tcp, void *arg)
{
	struct ns *first = arg;

	if (s->asked == 1) {
		first->from = s->from;
		memcpy(first->q, s->q, sizeof(s->q));
	} else if (s->asked == 2) {
		s->from = first->from;
		memcpy(s->q, first->q, sizeof(s->q));
		serve_address(s, tcp, 60);
	}
}

NET_CASE(late, "A question is asked again, and the answer to the first one "
    "still counts")
{
	static struct ns first;

	struct asker k;
	struct dns *d;
	struct ns s;

	ns_open(&s, l, serve_late, &first);
	d = dns_of(l, &s, 1, 400);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good.example"));
	ATF_CHECK_EQ(2, s.asked);
	dns_free(d);
	ns_close(&s);
}

NET_CASE(many, "A thousand questions at a time are answered, and the same "
    "one is asked once")
{
	struct asker *k = calloc(2000, sizeof(*k));
	struct dns *d;
	struct ns s;
	char name[64];
	unsigned i, n = 0;

	ATF_REQUIRE(k != NULL);
	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 60000);
	for (i = 0; i < 2000; i++) {
		(void)snprintf(name, sizeof(name), "a%u.example", i / 2);
		asker_start(&k[i], d, DNS_A, name);
		ATF_REQUIRE(d->open <= 500);
	}
	while (n < 2000) {
		net_run(l);
		for (n = i = 0; i < 2000; i++)
			n += k[i].calls;
	}
	for (i = 0; i < 2000; i++)
		ATF_CHECK_EQ(DNS_FOUND, k[i].status);
	ATF_CHECK_MSG(s.asked < 1100, "%u", s.asked);
	ATF_CHECK_EQ(0, d->open);
	ATF_CHECK_EQ(1000, d->n);
	dns_free(d);
	ns_close(&s);
	free(k);
}

NET_CASE(bounded, "What is kept has bounds, and what is new is in it")
{
	struct asker k;
	struct dns *d;
	struct ns s;
	char name[64];
	unsigned i, asked;

	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 60000);
	for (i = 0; i < 2100; i++) {
		(void)snprintf(name, sizeof(name), "a%u.example", i);
		ATF_REQUIRE_EQ(DNS_FOUND, ask(&k, d, DNS_A, name));
		ATF_REQUIRE(d->n <= 2048 && d->size <= 512 * 1024);
	}
	asked = s.asked;
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, name));
	ATF_CHECK_EQ(asked, s.asked);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "a0.example"));
	ATF_CHECK_EQ(asked + 1, s.asked);
	dns_free(d);
	ns_close(&s);
}

NET_CASE(cancel, "Who has cancelled hears nothing, in whatever state it was")
{
	struct asker k[600], other;
	struct dns *d;
	struct ns s;
	char name[64];
	unsigned i;

	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 60000);
	memset(&other, 0, sizeof(other));
	dns_cancel(&other.query);
	/* Just asked; under way; both over UDP and TCP. */
	asker_start(&k[0], d, DNS_A, "good.example");
	dns_cancel(&k[0].query);
	dns_cancel(&k[0].query);
	asker_start(&k[1], d, DNS_A, "silent.example");
	asker_start(&k[2], d, DNS_A, "mute.example");
	for (i = 0; s.tcp.loop == NULL && i < 1000; i++)
		net_turn(l);
	asker_start(&k[3], d, DNS_A, "large2.example");
	dns_cancel(&k[1].query);
	dns_cancel(&k[2].query);
	dns_cancel(&k[3].query);
	ATF_CHECK_EQ(0, d->open);
	/* One of two who ask the same. */
	asker_start(&k[4], d, DNS_A, "good.example");
	asker_start(&k[5], d, DNS_A, "good.example");
	asker_start(&k[6], d, DNS_A, "good.example");
	dns_cancel(&k[5].query);
	while (k[4].calls + k[6].calls < 2)
		net_run(l);
	/* The answer is known already. */
	asker_start(&k[7], d, DNS_A, "good.example");
	dns_cancel(&k[7].query);
	asker_start(&k[8], d, DNS_A, "..");
	dns_cancel(&k[8].query);
	net_turn(l);
	ATF_CHECK_EQ(DNS_FOUND, ask(&other, d, DNS_A, "good.example"));
	for (i = 0; i < 9; i++)
		ATF_CHECK_EQ_MSG(i == 4 || i == 6, k[i].calls, "%u", i);
	/* Those that wait for a socket, the first and the last of them too. */
	for (i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "silent%u.example", i);
		asker_start(&k[i], d, DNS_A, name);
	}
	asker_start(&other, d, DNS_A, "better.example");
	ATF_CHECK_EQ(500, d->open);
	for (i = 0; i < 600; i += 7)
		dns_cancel(&k[i].query);
	for (i = 599; i > 0; i--)
		dns_cancel(&k[i].query);
	net_run(l);
	ATF_CHECK_EQ(1, other.calls);
	ATF_CHECK_EQ(DNS_FOUND, other.status);
	ATF_CHECK_EQ(0, d->open);
	for (i = 0; i < 600; i++)
		ATF_CHECK_EQ(0, k[i].calls);
	dns_free(d);
	ns_close(&s);
}

NET_CASE(freed, "Whoever was told last may end it all")
{
	struct asker k;
	struct dns *d;
	struct ns s;

	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 60000);
	asker_start(&k, d, DNS_A, "good.example");
	k.free = d;
	net_run(l);
	ATF_CHECK_EQ(DNS_FOUND, k.status);
	d = dns_of(l, &s, 1, 60000);
	asker_start(&k, d, DNS_A, "once.example");
	k.free = d;
	net_run(l);
	ATF_CHECK_EQ(DNS_FOUND, k.status);
	dns_free(NULL);
	ns_close(&s);
}

NET_CASE(waits, "Who waits for a socket waits no longer than for an answer")
{
	struct asker *k = calloc(501, sizeof(*k));
	struct dns *d;
	struct ns s;
	char name[64];
	unsigned i, n = 0;

	ATF_REQUIRE(k != NULL);
	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 200);
	for (i = 0; i < 501; i++) {
		(void)snprintf(name, sizeof(name), "silent%u.example", i);
		asker_start(&k[i], d, DNS_A, name);
	}
	while (n < 501) {
		net_run(l);
		for (n = i = 0; i < 501; i++)
			n += k[i].calls;
	}
	for (i = 0; i < 501; i++)
		ATF_CHECK_EQ(DNS_FAILED, k[i].status);
	ATF_CHECK_EQ(0, d->open);
	dns_free(d);
	ns_close(&s);
	free(k);
}

NET_CASE(descriptors, "Without descriptors the question fails, no more")
{
	struct rlimit rl, low;
	struct asker k;
	struct dns *d;
	struct ns s;
	int fd[256], n = 0;

	ns_open(&s, l, serve, NULL);
	d = dns_of(l, &s, 1, 60000);
	ATF_REQUIRE_EQ(0, getrlimit(RLIMIT_NOFILE, &rl));
	low = rl;
	low.rlim_cur = 100;
	ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &low));
	while (n < 256 && (fd[n] = dup(0)) != -1)
		n++;
	ATF_CHECK_EQ(DNS_FAILED, ask(&k, d, DNS_A, "good.example"));
	ATF_CHECK_MSG(strstr(k.why, strerror(EMFILE)) != NULL, "%s", k.why);
	while (n > 0)
		(void)close(fd[--n]);
	ATF_REQUIRE_EQ(0, setrlimit(RLIMIT_NOFILE, &rl));
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "good2.example"));
	dns_free(d);
	ns_close(&s);
}

static void
write_conf(const struct ns *s)
{
	FILE *fp = fopen("new", "w");

	ATF_REQUIRE(fp != NULL);
	fprintf(fp, "; a comment\nnameserver nonsense\n"
	    "nameserver [127.0.0.1]:x\nnameserver\n"
	    "nameserver\t[127.0.0.1]:%u # this one\n", ns_port(s));
	ATF_REQUIRE_EQ(0, fclose(fp));
	ATF_REQUIRE_EQ(0, rename("new", "resolv.conf"));
}

NET_CASE(resolv_conf, "The servers are those of resolv.conf, also when it "
    "changes")
{
	struct dns_options opt;
	struct asker k;
	struct dns *d;
	struct ns s[2];

	ns_open(&s[0], l, serve, NULL);
	ns_open(&s[1], l, serve, NULL);
	memset(&opt, 0, sizeof(opt));
	opt.resolv_conf = "resolv.conf";
	write_conf(&s[0]);
	d = dns_new(l, &opt);
	ATF_REQUIRE(d != NULL);
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "a.example"));
	ATF_CHECK_EQ(1, s[0].asked);
	ATF_CHECK_EQ(1, d->conf.n);
	write_conf(&s[1]);
	/* Not at every question. */
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "b.example"));
	ATF_CHECK_EQ(2, s[0].asked + s[1].asked);
	d->checked = 0;
	ATF_CHECK_EQ(DNS_FOUND, ask(&k, d, DNS_A, "c.example"));
	ATF_CHECK_EQ(1, s[1].asked);
	/* It is gone; then there is the one of this machine. */
	ATF_REQUIRE_EQ(0, unlink("resolv.conf"));
	d->checked = 0;
	(void)dns_conf_now(d);
	ATF_CHECK_EQ(2, d->conf.n);
	ATF_CHECK_EQ(AF_INET, d->conf.server[0].ss_family);
	ATF_CHECK_EQ(AF_INET6, d->conf.server[1].ss_family);
	dns_free(d);
	ns_close(&s[0]);
	ns_close(&s[1]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, answers);
	ATF_TP_ADD_TC(tp, why);
	ATF_TP_ADD_TC(tp, forged);
	ATF_TP_ADD_TC(tp, random);
	ATF_TP_ADD_TC(tp, next_server);
	ATF_TP_ADD_TC(tp, late);
	ATF_TP_ADD_TC(tp, many);
	ATF_TP_ADD_TC(tp, bounded);
	ATF_TP_ADD_TC(tp, cancel);
	ATF_TP_ADD_TC(tp, freed);
	ATF_TP_ADD_TC(tp, waits);
	ATF_TP_ADD_TC(tp, descriptors);
	ATF_TP_ADD_TC(tp, resolv_conf);
	return (atf_no_error());
}
