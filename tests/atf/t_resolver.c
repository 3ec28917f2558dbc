/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_resolver.c - host names: the hosts file, the search list, the DNS.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  ask a name server that is not its own.
 */
#include "compat.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>

#include "net/target.h"
#include "net/target_internal.h"

#include "h_net.h"
#include "h_nameserver.h"

static struct {
	struct loop	*l;
	unsigned	 calls;
	char		 text[512];	/* the addresses, or why not */
} got;

static void
on_answer(struct target_answer *a, const char *why, void *arg)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	char text[64];
	size_t i;

	(void)arg;
	ATF_REQUIRE_EQ(a == NULL, why != NULL);
	got.calls++;
	strlcpy(got.text, why != NULL ? why : "", sizeof(got.text));
	for (i = 0; a != NULL && i < a->n; i++) {
		if (a->addr[i].ss.ss_family == AF_INET) {
			memcpy(&in, &a->addr[i].ss, sizeof(in));
			ATF_CHECK_EQ(25, ntohs(in.sin_port));
			ATF_REQUIRE_EQ(sizeof(in), a->addr[i].len);
			(void)inet_ntop(AF_INET, &in.sin_addr, text,
			    sizeof(text));
		} else {
			memcpy(&in6, &a->addr[i].ss, sizeof(in6));
			ATF_CHECK_EQ(25, ntohs(in6.sin6_port));
			ATF_REQUIRE_EQ(sizeof(in6), a->addr[i].len);
			(void)inet_ntop(AF_INET6, &in6.sin6_addr, text,
			    sizeof(text));
		}
		if (i > 0)
			strlcat(got.text, " ", sizeof(got.text));
		strlcat(got.text, text, sizeof(got.text));
	}
	free(a);
	loop_stop(got.l);
}

static const char *
ask(struct resolver *r, struct loop *l, int family, const char *host)
{
	got.l = l;
	got.calls = 0;
	ATF_REQUIRE(resolver_ask(r, family, host, 25, on_answer, NULL) !=
	    NULL);
	ATF_REQUIRE_EQ(0, got.calls);
	net_run(l);
	ATF_REQUIRE_EQ(1, got.calls);
	return (got.text);
}

static void
write_file(const char *path, const char *text)
{
	FILE *fp = fopen(path, "w");

	ATF_REQUIRE(fp != NULL);
	fputs(text, fp);
	ATF_REQUIRE_EQ(0, fclose(fp));
}

/* The names that it was asked for, in order; it knows those of a few. */
static char asked[1024];

static void
serve(struct ns *s, bool tcp, void *arg)
{
	(void)arg;
	strlcat(asked, s->name, sizeof(asked));
	strlcat(asked, s->type == DNS_A ? " " : "/6 ", sizeof(asked));
	ns_begin(s, 0);
	if (strncmp(s->name, "fails.", 6) == 0)
		ns_begin(s, 2);
	else if (strcmp(s->name, "mail.two.example") == 0 ||
	    strcmp(s->name, "mail.example") == 0) {
		if (s->type == DNS_A) {
			ns_add(s, "", DNS_A, 60, "\177\0\0\2", 4);
			ns_add(s, "", DNS_A, 60, "\177\0\0\3", 4);
		} else
			ns_add(s, "", DNS_AAAA, 60,
			    "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	} else
		ns_begin(s, DNS_NXDOMAIN);
	ns_send(s, tcp);
}

static struct resolver *
resolver_with(struct loop *l, struct ns *s, const char *more)
{
	struct resolver *r;
	char text[512];

	ns_open(s, l, serve, NULL);
	(void)snprintf(text, sizeof(text), "nameserver [127.0.0.1]:%u\n%s",
	    ns_port(s), more);
	write_file("resolv.conf", text);
	r = resolver_new_files(l, "hosts", "resolv.conf");
	ATF_REQUIRE(r != NULL);
	asked[0] = '\0';
	return (r);
}

#define NO_NAME	"there is no such name"
#define NO_ADDRESS NO_NAME ", or it has no such address"

NET_CASE(hosts, "The hosts file comes first, and is read as it is at the "
    "time")
{
	struct resolver *r;
	struct ns s;

	r = resolver_with(l, &s, "");
	write_file("hosts", "# a comment\n\n192.0.2.1\tMail.Example mx\r\n"
	    "2001:db8::9 mail.example # 192.0.2.7 mail.example\n"
	    "nonsense mail.example\n192.0.2.2   other mail.example");
	ATF_CHECK_STREQ("192.0.2.1 192.0.2.2", ask(r, l, AF_INET,
	    "mail.example"));
	ATF_CHECK_STREQ("192.0.2.1 192.0.2.2", ask(r, l, AF_INET,
	    "MAIL.example."));
	ATF_CHECK_STREQ("2001:db8::9", ask(r, l, AF_INET6, "mail.example"));
	ATF_CHECK_STREQ("192.0.2.1", ask(r, l, AF_INET, "mx"));
	ATF_CHECK_STREQ("", asked);
	/* The name, but not of this family: that is for the DNS. */
	ATF_CHECK_STREQ(NO_ADDRESS, ask(r, l, AF_INET6, "mx"));
	ATF_CHECK_STREQ("mx/6 ", asked);
	write_file("hosts", "192.0.2.3 mail.example\n192.0.2.4 localhost\n"
	    "192.0.2.5 x.invalid");
	ATF_CHECK_STREQ("192.0.2.3", ask(r, l, AF_INET, "mail.example"));
	ATF_CHECK_STREQ("192.0.2.4", ask(r, l, AF_INET, "localhost"));
	ATF_CHECK_STREQ("192.0.2.5", ask(r, l, AF_INET, "x.invalid"));
	ATF_REQUIRE_EQ(0, unlink("hosts"));
	ATF_CHECK_STREQ("127.0.0.2 127.0.0.3", ask(r, l, AF_INET,
	    "mail.example"));
	resolver_free(r);
	ns_close(&s);
}

NET_CASE(special, "localhost and invalid are nothing for the DNS")
{
	struct resolver *r;
	struct ns s;

	r = resolver_with(l, &s, "search example\n");
	ATF_CHECK_STREQ("127.0.0.1", ask(r, l, AF_INET, "LocalHost"));
	ATF_CHECK_STREQ("::1", ask(r, l, AF_INET6, "localhost."));
	ATF_CHECK_STREQ("127.0.0.1", ask(r, l, AF_INET, "a.localhost"));
	ATF_CHECK_STREQ(NO_NAME, ask(r, l, AF_INET, "a.INVALID"));
	ATF_CHECK_STREQ(NO_NAME, ask(r, l, AF_INET, "invalid."));
	ATF_CHECK_STREQ("", asked);
	ATF_CHECK_STREQ(NO_ADDRESS, ask(r, l, AF_INET, "notlocalhost"));
	ATF_CHECK_STREQ("notlocalhost.example notlocalhost ", asked);
	resolver_free(r);
	ns_close(&s);
}

NET_CASE(search, "A name with few dots is looked for in each domain of the "
    "search list, and others first as they are")
{
	static const struct {
		const char	*conf, *host, *asked, *text;
	} row[] = {
		{ "", "mail", "mail ", NO_ADDRESS },
		{ "search one.example two.example\n", "mail",
		    "mail.one.example mail.two.example ",
		    "127.0.0.2 127.0.0.3" },
		{ "search one.example two.example\n", "mail.example",
		    "mail.example ", "127.0.0.2 127.0.0.3" },
		{ "search one.example two.example\n", "mail.two",
		    "mail.two mail.two.one.example mail.two.two.example ",
		    NO_ADDRESS },
		{ "search one.example\n", "mail.", "mail ", NO_ADDRESS },
		{ "search one.example\ndomain two.example\n", "mail",
		    "mail.two.example ", "127.0.0.2 127.0.0.3" },
		{ "options rotate ndots:2\nsearch example\n", "mail.two",
		    "mail.two.example ", "127.0.0.2 127.0.0.3" },
		{ "options ndots:0\nsearch two.example\n", "mail",
		    "mail mail.two.example ", "127.0.0.2 127.0.0.3" },
		{ "options ndots:x ndots:99\nsearch example\n", "mail.example",
		    "mail.example ", "127.0.0.2 127.0.0.3" },
		/* A failure is no answer, and ends it. */
		{ "search example two.example\n", "fails", "fails.example ",
		    NULL },
		/* What is no name is not asked for. */
		{ "search example\n", "a..b", "", NO_ADDRESS },
	};
	struct resolver *r;
	struct ns s;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		r = resolver_with(l, &s, row[i].conf);
		(void)ask(r, l, AF_INET, row[i].host);
		if (row[i].text == NULL)
			ATF_CHECK_MSG(strstr(got.text, "SERVFAIL") != NULL,
			    "%s", got.text);
		else
			ATF_CHECK_STREQ(row[i].text, got.text);
		ATF_CHECK_STREQ(row[i].asked, asked);
		asked[0] = '\0';
		if (i == 2) {
			ATF_CHECK_STREQ("2001:db8::1", ask(r, l, AF_INET6,
			    row[i].host));
			ATF_CHECK_STREQ("mail.example/6 ", asked);
		}
		resolver_free(r);
		ns_close(&s);
	}
}

NET_CASE(cancel, "A question that is cancelled calls nobody")
{
	struct resolver_query *q;
	struct resolver *r;
	struct ns s;

	r = resolver_with(l, &s, "");
	got.calls = 0;
	got.l = l;
	q = resolver_ask(r, AF_INET, "localhost", 25, on_answer, NULL);
	ATF_REQUIRE(q != NULL);
	resolver_cancel(q);
	q = resolver_ask(r, AF_INET, "mail.example", 25, on_answer, NULL);
	ATF_REQUIRE(q != NULL);
	net_turn(l);
	if (got.calls == 0)
		resolver_cancel(q);
	else
		ATF_CHECK_EQ(1, got.calls);
	resolver_free(r);
	resolver_free(NULL);
	ns_close(&s);
}

ATF_TC(wait);
ATF_TC_HEAD(wait, tc)
{
	atf_tc_set_md_var(tc, "descr", "Who can do nothing else waits for a "
	    "name");
}
ATF_TC_BODY(wait, tc)
{
	struct target_answer *a;
	struct sockaddr_in in;
	char why[256];

	(void)tc;
	a = resolver_wait(AF_INET, "localhost", 25, why, sizeof(why));
	ATF_REQUIRE_MSG(a != NULL, "%s", why);
	memcpy(&in, &a->addr[0].ss, sizeof(in));
	ATF_CHECK_EQ(127, ntohl(in.sin_addr.s_addr) >> 24);
	ATF_CHECK_EQ(25, ntohs(in.sin_port));
	free(a);
	ATF_CHECK(resolver_wait(AF_INET, "a.invalid", 25, why,
	    sizeof(why)) == NULL);
	ATF_CHECK_STREQ(NO_NAME, why);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, hosts);
	ATF_TP_ADD_TC(tp, special);
	ATF_TP_ADD_TC(tp, search);
	ATF_TP_ADD_TC(tp, cancel);
	ATF_TP_ADD_TC(tp, wait);
	return (atf_no_error());
}
