/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_net_route.c - targets with several addresses: the three orders, what comes
 * last after a failure, names that are not known yet.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  sleep, or need a name server.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <atf-c.h>

#include "base/spec.h"
#include "event/loop.h"
#include "net/target.h"
#include "net/target_internal.h"

#include "h_nameserver.h"
#include "h_net.h"

#define DOORS	3

/* Where connections go to: ports on loopback, open or closed. */
struct doors {
	struct sockaddr_in	 in[DOORS];
	int			 fd[DOORS];
};

static void
door_open(struct doors *d, int i)
{
	socklen_t len = sizeof(d->in[i]);
	int on = 1;

	d->fd[i] = socket(AF_INET, SOCK_STREAM, 0);
	ATF_REQUIRE(d->fd[i] != -1);
	ATF_REQUIRE_EQ(0, setsockopt(d->fd[i], SOL_SOCKET, SO_REUSEADDR, &on,
	    sizeof(on)));
	ATF_REQUIRE_EQ(0, bind(d->fd[i], (struct sockaddr *)&d->in[i], len));
	ATF_REQUIRE_EQ(0, listen(d->fd[i], 50));
	ATF_REQUIRE_EQ(0, getsockname(d->fd[i], (struct sockaddr *)&d->in[i],
	    &len));
}

static void
door_close(struct doors *d, int i)
{
	if (d->fd[i] != -1)
		(void)close(d->fd[i]);
	d->fd[i] = -1;
}

static void
doors_open(struct doors *d)
{
	int i;

	memset(d, 0, sizeof(*d));
	for (i = 0; i < DOORS; i++) {
		d->in[i].sin_family = AF_INET;
		d->in[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		door_open(d, i);
	}
}

static void
doors_close(struct doors *d)
{
	int i;

	for (i = 0; i < DOORS; i++)
		door_close(d, i);
}

/* A target of texts, "%" standing for the next door. */
static struct target *
target_of(struct loop *l, struct resolver *r, const struct doors *d,
    enum target_balance balance, const char *const *text)
{
	struct target_options opt;
	struct spec spec[DOORS + 3];
	struct target *t;
	char buf[128], why[256];
	size_t n, door = 0, i;

	for (n = 0; text[n] != NULL; n++) {
		strlcpy(buf, text[n], sizeof(buf));
		if (text[n][0] == '%')
			snprintf(buf, sizeof(buf), "inet:%u@127.0.0.1",
			    (unsigned)ntohs(d->in[door++].sin_port));
		ATF_REQUIRE_EQ_MSG(0, spec_parse(buf, &spec[n], why,
		    sizeof(why)), "%s", why);
	}
	memset(&opt, 0, sizeof(opt));
	opt.spec = spec;
	opt.n = n;
	opt.balance = balance;
	t = target_new_list(l, r, &opt);
	ATF_REQUIRE(t != NULL);
	for (i = 0; i < n; i++)
		spec_free(&spec[i]);
	return (t);
}

static const char *const three[] = { "%", "%", "%", NULL };

/* A connection that is counted until hang_up(). */
struct call {
	struct dial	 dial;
	struct loop	*l;
	unsigned	 calls;
	int		 fd;
	char		 why[4096];
};

static void
on_dial(struct dial *d, int fd, const char *why, void *arg)
{
	struct call *c = arg;

	(void)d;
	c->calls++;
	c->fd = fd;
	strlcpy(c->why, why != NULL ? why : "", sizeof(c->why));
	loop_stop(c->l);
}

/* The door that it led to, or -1. */
static int
call_up(struct call *c, struct loop *l, struct target *t,
    const struct doors *d, unsigned ms)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	int i;

	memset(c, 0, sizeof(*c));
	c->l = l;
	dial_start(&c->dial, t, ms, on_dial, c);
	net_run(l);
	ATF_REQUIRE_EQ(1, c->calls);
	if (c->fd == -1)
		return (-1);
	ATF_REQUIRE_EQ(0, getpeername(c->fd, (struct sockaddr *)&in, &len));
	for (i = 0; i < DOORS; i++)
		if (d->in[i].sin_port == in.sin_port)
			return (i);
	return (-2);
}

static void
hang_up(struct call *c)
{
	if (c->fd != -1)
		(void)close(c->fd);
	c->fd = -1;
	dial_cancel(&c->dial);
}

/* One that is over at once. */
static int
call_once(struct loop *l, struct target *t, const struct doors *d)
{
	struct call c;
	int at = call_up(&c, l, t, d, 60000);

	if (at == -1)
		printf("%s\n", c.why);
	hang_up(&c);
	return (at);
}

/* As if the time had passed that an address comes last. */
static void
forgive(struct target *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		t->entry[i].place[0]->shun = 0;
}

NET_CASE(failover, "the first that accepts is taken, and one that failed comes "
    "last for a while, longer each time")
{
	struct target *t;
	struct doors d;
	uint64_t first, second;

	doors_open(&d);
	t = target_of(l, NULL, &d, TARGET_FAILOVER, three);
	ATF_CHECK_EQ(0, call_once(l, t, &d));
	ATF_CHECK_EQ(0, call_once(l, t, &d));
	door_close(&d, 0);
	ATF_CHECK_EQ(1, call_once(l, t, &d));
	/* Back, but not trusted yet; it would be asked if it were the last. */
	door_open(&d, 0);
	ATF_CHECK_EQ(1, call_once(l, t, &d));
	first = t->entry[0].place[0]->shun - loop_now(l);
	ATF_CHECK(first > 0 && first <= 5000);
	door_close(&d, 1);
	door_close(&d, 2);
	ATF_CHECK_EQ(0, call_once(l, t, &d));
	door_open(&d, 1);
	door_open(&d, 2);
	forgive(t);
	ATF_CHECK_EQ(0, call_once(l, t, &d));

	/* Again: for longer, but not for ever. */
	door_close(&d, 0);
	forgive(t);
	ATF_CHECK_EQ(1, call_once(l, t, &d));
	second = t->entry[0].place[0]->shun - loop_now(l);
	ATF_CHECK_MSG(second > 5000 && second <= 10000, "%llu",
	    (unsigned long long)second);
	t->entry[0].place[0]->failures = UINT_MAX - 1;
	forgive(t);
	ATF_CHECK_EQ(1, call_once(l, t, &d));
	second = t->entry[0].place[0]->shun - loop_now(l);
	ATF_CHECK(second > 50000 && second <= 60000);
	target_free(t);
	doors_close(&d);
}

NET_CASE(round_robin, "each dial begins with the next address, and goes on "
    "behind one that does not accept")
{
	struct target *t;
	struct doors d;
	int i;

	doors_open(&d);
	t = target_of(l, NULL, &d, TARGET_ROUND_ROBIN, three);
	for (i = 0; i < 7; i++)
		ATF_CHECK_EQ(i % 3, call_once(l, t, &d));
	door_close(&d, 1);
	ATF_CHECK_EQ(2, call_once(l, t, &d));
	ATF_CHECK_EQ(2, call_once(l, t, &d));
	ATF_CHECK_EQ(0, call_once(l, t, &d));
	/* 1 comes last now. */
	ATF_CHECK_EQ(2, call_once(l, t, &d));
	target_free(t);
	doors_close(&d);
}

NET_CASE(least_busy, "the address with the fewest open connections is taken, "
    "the earlier one when they are equal; those under way count")
{
	struct call c[7], late[3];
	struct target *t;
	struct doors d;
	int i;

	doors_open(&d);
	t = target_of(l, NULL, &d, TARGET_LEAST_BUSY, three);
	for (i = 0; i < 7; i++)
		ATF_CHECK_EQ(i % 3, call_up(&c[i], l, t, &d, 60000));
	/* 3, 2, 2: with one less each at 2 it is next. */
	hang_up(&c[2]);
	ATF_CHECK_EQ(2, call_up(&c[2], l, t, &d, 60000));
	hang_up(&c[0]);
	hang_up(&c[3]);
	ATF_CHECK_EQ(0, call_up(&c[0], l, t, &d, 60000));
	ATF_CHECK_EQ(0, call_up(&c[3], l, t, &d, 60000));
	/* A second end of the same changes nothing. */
	dial_cancel(&c[6].dial);
	dial_cancel(&c[6].dial);
	ATF_CHECK_EQ(2, t->entry[0].place[0]->open);
	(void)close(c[6].fd);
	for (i = 0; i < 6; i++)
		hang_up(&c[i]);
	for (i = 0; i < 3; i++)
		ATF_CHECK_EQ(0, t->entry[i].place[0]->open);

	/* Side by side: none of them is connected when the next begins. */
	memset(late, 0, sizeof(late));
	for (i = 0; i < 3; i++) {
		late[i].l = l;
		dial_start(&late[i].dial, t, 60000, on_dial, &late[i]);
	}
	for (i = 0; i < 3; i++)
		while (late[i].calls == 0)
			net_run(l);
	for (i = 0; i < 3; i++)
		ATF_CHECK_EQ(1, t->entry[i].place[0]->open);
	for (i = 0; i < 3; i++)
		hang_up(&late[i]);
	/* An attempt that fails or is given up does not count any more. */
	door_close(&d, 0);
	ATF_CHECK_EQ(1, call_once(l, t, &d));
	dial_start(&late[0].dial, t, 60000, on_dial, &late[0]);
	net_turn(l);
	hang_up(&late[0]);
	for (i = 0; i < 3; i++)
		ATF_CHECK_EQ(0, t->entry[i].place[0]->open);
	target_free(t);
	doors_close(&d);
}

NET_CASE(bad_and_good, "an address that accepts and is of no use comes last, "
    "too, until it has been good")
{
	struct target *t;
	struct doors d;
	struct call c;

	doors_open(&d);
	t = target_of(l, NULL, &d, TARGET_FAILOVER, three);
	ATF_CHECK_EQ(0, call_up(&c, l, t, &d, 60000));
	dial_bad(&c.dial);
	hang_up(&c);
	/* Over: no effect. */
	dial_good(&c.dial);
	ATF_CHECK_EQ(1, call_up(&c, l, t, &d, 60000));
	dial_good(&c.dial);
	hang_up(&c);
	ATF_CHECK_EQ(1, t->entry[0].place[0]->failures);
	forgive(t);
	ATF_CHECK_EQ(0, call_up(&c, l, t, &d, 60000));
	dial_good(&c.dial);
	ATF_CHECK_EQ(0, t->entry[0].place[0]->failures);
	hang_up(&c);
	target_free(t);
	doors_close(&d);
}

NET_CASE(all_down, "when no address accepts each is named, in the order of "
    "the tries")
{
	struct target *t;
	struct doors d;
	struct call c;
	char want[512];

	doors_open(&d);
	t = target_of(l, NULL, &d, TARGET_FAILOVER, three);
	doors_close(&d);
	ATF_CHECK_EQ(-1, call_up(&c, l, t, &d, 60000));
	snprintf(want, sizeof(want), "inet:%u@[127.0.0.1]: %s; "
	    "inet:%u@[127.0.0.1]: %s; inet:%u@[127.0.0.1]: %s",
	    (unsigned)ntohs(d.in[0].sin_port), strerror(ECONNREFUSED),
	    (unsigned)ntohs(d.in[1].sin_port), strerror(ECONNREFUSED),
	    (unsigned)ntohs(d.in[2].sin_port), strerror(ECONNREFUSED));
	ATF_CHECK_STREQ(want, c.why);
	target_free(t);
}

static void
serve_never(struct ns *s, bool tcp, void *arg)
{
	(void)s;
	(void)tcp;
	(void)arg;
}

static void
serve_none(struct ns *s, bool tcp, void *arg)
{
	(void)arg;
	ns_begin(s, DNS_NXDOMAIN);
	ns_send(s, tcp);
}

NET_CASE(names, "a name that is not known yet, or does not exist, holds up no "
    "other entry and is told when nothing is left")
{
	static const char *const mixed[] = { "inet:25@name.example", "%",
	    "unix:nowhere", NULL };
	struct resolver *resolver;
	struct target *t;
	struct doors d;
	struct call c;
	struct ns s;
	FILE *fp;

	ns_open(&s, l, serve_never, NULL);
	fp = fopen("resolv.conf", "w");
	ATF_REQUIRE(fp != NULL);
	fprintf(fp, "nameserver [127.0.0.1]:%u\n", ns_port(&s));
	ATF_REQUIRE_EQ(0, fclose(fp));
	resolver = resolver_new_files(l, "none", "resolv.conf");
	ATF_REQUIRE(resolver != NULL);
	doors_open(&d);
	t = target_of(l, resolver, &d, TARGET_FAILOVER, mixed);
	ATF_CHECK(target_is_pending(&t->entry[0]));
	ATF_CHECK_EQ(0, call_once(l, t, &d));
	/* It is waited for when all else has failed. */
	door_close(&d, 0);
	ATF_CHECK_EQ(-1, call_up(&c, l, t, &d, 100));
	ATF_CHECK_MSG(strstr(c.why, "; inet:25@name.example: the look-up of "
	    "its name takes too long") != NULL, "%s", c.why);
	ATF_CHECK_MSG(strstr(c.why, "unix:nowhere: ") != NULL, "%s", c.why);
	s.fn = serve_none;
	ATF_CHECK_EQ(-1, call_up(&c, l, t, &d, 60000));
	ATF_CHECK_MSG(strstr(c.why, "inet:25@name.example: ") != NULL &&
	    strstr(c.why, "too long") == NULL, "%s", c.why);
	door_open(&d, 0);
	t->entry[1].place[0]->shun = 0;
	ATF_CHECK_EQ(0, call_once(l, t, &d));
	target_free(t);
	resolver_free(resolver);
	ns_close(&s);
	doors_close(&d);
}

NET_CASE(name_of_several, "a name with several addresses is a list in its "
    "place, and a new answer keeps what is known of them")
{
	static const char *const mixed[] = { "inet:25@several.invalid", "%",
	    NULL };
	struct target_answer *a;
	struct target *t;
	struct doors d;
	struct call c;
	int i;

	doors_open(&d);
	t = target_of(l, NULL, &d, TARGET_FAILOVER, mixed);
	a = target_answer_new(2);
	ATF_REQUIRE(a != NULL);
	for (i = 0; i < 2; i++) {
		memcpy(&a->addr[i].ss, &d.in[i + 1], sizeof(d.in[0]));
		a->addr[i].len = sizeof(d.in[0]);
	}
	target_set_answer(&t->entry[0], a);
	ATF_CHECK_EQ(1, call_once(l, t, &d));
	door_close(&d, 1);
	ATF_CHECK_EQ(2, call_up(&c, l, t, &d, 60000));
	/* The other way round, and the third is gone. */
	a = target_answer_new(2);
	ATF_REQUIRE(a != NULL);
	for (i = 0; i < 2; i++) {
		memcpy(&a->addr[i].ss, &d.in[2 - i], sizeof(d.in[0]));
		a->addr[i].len = sizeof(d.in[0]);
	}
	target_set_answer(&t->entry[0], a);
	ATF_CHECK_EQ(1, t->entry[0].place[0]->open);
	ATF_CHECK_EQ(1, t->entry[0].place[1]->failures);
	door_open(&d, 1);
	ATF_CHECK_EQ(2, call_once(l, t, &d));
	/* Gone altogether while a connection to it is open. */
	a = target_answer_new(1);
	ATF_REQUIRE(a != NULL);
	memcpy(&a->addr[0].ss, &d.in[1], sizeof(d.in[0]));
	a->addr[0].len = sizeof(d.in[0]);
	target_set_answer(&t->entry[0], a);
	dial_bad(&c.dial);
	dial_good(&c.dial);
	hang_up(&c);
	target_set_balance(t, TARGET_ROUND_ROBIN);
	t->entry[0].place[0]->shun = 0;
	for (i = 0; i < 2; i++) {
		t->turn = (size_t)i;
		ATF_CHECK_EQ(1 - i, call_once(l, t, &d));
	}
	target_free(t);
	doors_close(&d);
}

NET_CASE(limits, "a list has from 1 to 64 entries, a dial tries at most 256 "
    "addresses, and a target has as many owners as it needs")
{
	struct target_options opt;
	struct target_answer *a;
	struct spec spec[TARGET_LIST_MAX + 1];
	struct target *t;
	struct dial_plan plan;
	char why[256];
	size_t i, j;

	for (i = 0; i <= TARGET_LIST_MAX; i++)
		ATF_REQUIRE_EQ(0, spec_parse("inet:1@several.invalid",
		    &spec[i], why, sizeof(why)));
	memset(&opt, 0, sizeof(opt));
	opt.spec = spec;
	ATF_CHECK(target_new_list(l, NULL, &opt) == NULL);
	opt.n = TARGET_LIST_MAX + 1;
	ATF_CHECK(target_new_list(l, NULL, &opt) == NULL);
	opt.n = TARGET_LIST_MAX;
	ATF_CHECK(target_list_needs_resolver(&opt));
	t = target_new_list(l, NULL, &opt);
	ATF_REQUIRE(t != NULL);
	ATF_REQUIRE(target_ref(t) == t);
	target_free(t);
	memset(&plan, 0, sizeof(plan));
	ATF_CHECK_EQ(0, route_plan(&plan, t->entry, t->n, TARGET_FAILOVER, 0));
	ATF_CHECK_EQ(0, plan.n);
	for (i = 0; i < t->n; i++) {
		a = target_answer_new(TARGET_ADDR_MAX);
		ATF_REQUIRE(a != NULL);
		for (j = 0; j < a->n; j++) {
			a->addr[j].len = 2 * sizeof(i);
			memcpy(&a->addr[j].ss, &i, sizeof(i));
			memcpy((char *)&a->addr[j].ss + sizeof(i), &j,
			    sizeof(j));
		}
		target_set_answer(&t->entry[i], a);
	}
	ATF_CHECK_EQ(0, route_plan(&plan, t->entry, t->n, TARGET_ROUND_ROBIN,
	    SIZE_MAX));
	ATF_CHECK_EQ(256, plan.n);
	ATF_CHECK_EQ(0, route_plan(&plan, t->entry, t->n, TARGET_LEAST_BUSY,
	    SIZE_MAX));
	ATF_CHECK_EQ(256, plan.n);
	/* They outlive their target's. */
	target_free(t);
	route_plan_free(&plan);
	ATF_CHECK_EQ(0, plan.n);
	for (i = 0; i <= TARGET_LIST_MAX; i++)
		spec_free(&spec[i]);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, failover);
	ATF_TP_ADD_TC(tp, round_robin);
	ATF_TP_ADD_TC(tp, least_busy);
	ATF_TP_ADD_TC(tp, bad_and_good);
	ATF_TP_ADD_TC(tp, all_down);
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, name_of_several);
	ATF_TP_ADD_TC(tp, limits);
	return (atf_no_error());
}
