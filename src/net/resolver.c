/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * resolver.c - host names: the hosts file, then the DNS.
 * Owns:      the order in which these, and the search list, are asked.
 * Called by: the daemon (new, free), target.c, listen.c.
 * Must not:  call its asker from within resolver_ask().
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <strings.h>

#include "event/loop.h"
#include "net/dns_internal.h"
#include "net/target.h"
#include "net/target_internal.h"

#define RESOLVER_HOSTS	"/etc/hosts"
#define RESOLVER_KEEP	1u	/* s: what is looked up again is asked again */

struct resolver {
	struct loop		*loop;
	struct dns		*dns;
	const char		*hosts;
};

struct resolver_query {
	struct resolver		*resolver;
	resolver_fn		*fn;
	void			*arg;
	struct loop_task	 task;
	struct dns_query	 dns;
	struct target_answer	*answer;	/* known before the task */
	unsigned		 port;
	int			 family;
	size_t			 step;		/* of the search list */
	char			 host[];
};

static bool resolver_step(struct resolver_query *);

static void
resolver_tell(struct resolver_query *q, struct target_answer *answer,
    const char *why)
{
	resolver_fn *fn = q->fn;
	void *arg = q->arg;

	/* why may be in what is freed after this. */
	free(q);
	fn(answer, answer != NULL ? NULL : why, arg);
}

static void
resolver_on_task(struct loop_task *task, void *arg)
{
	struct resolver_query *q = arg;

	(void)task;
	resolver_tell(q, q->answer, "there is no such name");
}

/* --- addresses ----------------------------------------------------------- */

/* An address of the query's family and port, of its bytes. */
static void
resolver_address(const struct resolver_query *q, const unsigned char *bytes,
    struct target_addr *addr)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(addr, 0, sizeof(*addr));
	if (q->family == AF_INET) {
		memset(&in, 0, sizeof(in));
		in.sin_family = AF_INET;
		in.sin_port = htons((uint16_t)q->port);
		memcpy(&in.sin_addr, bytes, 4);
		memcpy(&addr->ss, &in, sizeof(in));
	} else {
		memset(&in6, 0, sizeof(in6));
		in6.sin6_family = AF_INET6;
		in6.sin6_port = htons((uint16_t)q->port);
		memcpy(&in6.sin6_addr, bytes, 16);
		memcpy(&addr->ss, &in6, sizeof(in6));
	}
	addr->len = dns_conf_socklen(&addr->ss);
}

static bool
resolver_ends(const char *host, const char *end)
{
	size_t n = strlen(host), len = strlen(end);

	if (n > 0 && host[n - 1] == '.')
		n--;
	return (n >= len && strncasecmp(host + n - len, end, len) == 0 &&
	    (n == len || host[n - len - 1] == '.'));
}

/*
 * What needs no question: the hosts file, and the two names that RFC 6761 says
 * are not for the DNS.  False when it has to be asked.
 */
static bool
resolver_known(struct resolver_query *q)
{
	static const unsigned char loopback[][16] = {
		{ 127, 0, 0, 1 }, { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 1 },
	};
	struct sockaddr_storage ss[TARGET_ADDR_MAX];
	size_t n, i;

	n = dns_conf_hosts(q->resolver->hosts, q->family, q->host, q->port,
	    ss, TARGET_ADDR_MAX);
	if (n > 0 && (q->answer = target_answer_new(n)) != NULL) {
		for (i = 0; i < n; i++) {
			q->answer->addr[i].ss = ss[i];
			q->answer->addr[i].len = dns_conf_socklen(&ss[i]);
		}
		return (true);
	}
	if (!resolver_ends(q->host, "localhost"))
		return (resolver_ends(q->host, "invalid"));
	if ((q->answer = target_answer_new(1)) != NULL)
		resolver_address(q, loopback[q->family != AF_INET],
		    &q->answer->addr[0]);
	return (true);
}

/* --- the DNS ------------------------------------------------------------- */

static void
resolver_on_answer(struct dns_query *query, const struct dns_answer *a,
    void *arg)
{
	struct resolver_query *q = arg;
	struct target_answer *answer;
	size_t i;

	(void)query;
	if (a->status == DNS_NONE) {
		if (!resolver_step(q))
			resolver_tell(q, NULL, "there is no such name, or it "
			    "has no such address");
		return;
	}
	answer = a->status == DNS_FOUND ? target_answer_new(a->n) : NULL;
	for (i = 0; answer != NULL && i < a->n; i++)
		resolver_address(q, a->record[i].address, &answer->addr[i]);
	resolver_tell(q, answer, a->status == DNS_FAILED ? a->why :
	    "out of memory");
}

/*
 * Asks for the next name that the host's may stand for: as it is, and with each
 * domain of the search list; a host with few dots as it is last.  False: there
 * is none left, which cannot be so at the first step.
 */
static bool
resolver_step(struct resolver_query *q)
{
	const struct dns_conf *conf = dns_conf_now(q->resolver->dns);
	size_t n = strlen(q->host), dots = 0, last = conf->n_search, i;
	char name[2 * DNS_NAME_MAX];

	for (i = 0; i < n; i++)
		dots += q->host[i] == '.';
	if (n > 0 && q->host[n - 1] == '.')
		last = 0;
	i = q->step++;
	if (i > last)
		return (false);
	if (dots >= conf->ndots)
		i = i == 0 ? last : i - 1;
	/* What is too long here is so for a name, too. */
	(void)snprintf(name, sizeof(name), "%s%s%s", q->host,
	    i < last ? "." : "", i < last ? conf->search[i] : "");
	dns_ask(q->resolver->dns, &q->dns, q->family == AF_INET ? DNS_A :
	    DNS_AAAA, name, resolver_on_answer, q);
	return (true);
}

/* --- the owner's side ---------------------------------------------------- */

struct resolver *
resolver_new_files(struct loop *loop, const char *hosts,
    const char *resolv_conf)
{
	struct resolver *r = calloc(1, sizeof(*r));
	struct dns_options opt;

	if (r == NULL)
		return (NULL);
	memset(&opt, 0, sizeof(opt));
	opt.resolv_conf = resolv_conf;
	opt.keep_max = RESOLVER_KEEP;
	r->loop = loop;
	r->hosts = hosts;
	if ((r->dns = dns_new(loop, &opt)) == NULL) {
		free(r);
		errno = ENOMEM;
		return (NULL);
	}
	return (r);
}

struct resolver *
resolver_new(struct loop *loop)
{
	return (resolver_new_files(loop, RESOLVER_HOSTS, NULL));
}

void
resolver_free(struct resolver *r)
{
	if (r == NULL)
		return;
	dns_free(r->dns);
	free(r);
}

struct resolver_query *
resolver_ask(struct resolver *r, int family, const char *host, unsigned port,
    resolver_fn *fn, void *arg)
{
	struct resolver_query *q = calloc(1, sizeof(*q) + strlen(host) + 1);

	if (q == NULL)
		return (NULL);
	memcpy(q->host, host, strlen(host) + 1);
	q->resolver = r;
	q->family = family;
	q->port = port;
	q->fn = fn;
	q->arg = arg;
	if (resolver_known(q))
		loop_task_start(r->loop, &q->task, resolver_on_task, q);
	else
		(void)resolver_step(q);
	return (q);
}

void
resolver_cancel(struct resolver_query *q)
{
	dns_cancel(&q->dns);
	loop_task_stop(&q->task);
	free(q->answer);
	free(q);
}

/* --- waiting for it ------------------------------------------------------ */

struct resolver_wait {
	struct loop		*loop;
	struct target_answer	*answer;
	char			*why;
	size_t			 whysize;
	bool			 over;
};

static void
resolver_on_waited(struct target_answer *answer, const char *why, void *arg)
{
	struct resolver_wait *w = arg;

	w->answer = answer;
	w->over = true;
	if (answer == NULL)
		(void)snprintf(w->why, w->whysize, "%s", why);
	loop_stop(w->loop);
}

struct target_answer *
resolver_wait(int family, const char *host, unsigned port, char *why,
    size_t whysize)
{
	struct resolver_wait w = { loop_new(NULL), NULL, why, whysize, false };
	struct resolver *r = NULL;
	struct resolver_query *q;

	(void)snprintf(why, whysize, "out of memory");
	if (w.loop != NULL && (r = resolver_new(w.loop)) != NULL &&
	    (q = resolver_ask(r, family, host, port, resolver_on_waited,
	    &w)) != NULL) {
		(void)loop_run(w.loop);
		if (!w.over)
			resolver_cancel(q);
	}
	resolver_free(r);
	if (w.loop != NULL)
		loop_free(w.loop);
	return (w.answer);
}

#undef RESOLVER_HOSTS
#undef RESOLVER_KEEP
