/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns_try.c - a question on its way: one server after the other, until one has
 * answered or the time is over.
 * Owns:      the sockets, over UDP and TCP; when the next server has its turn.
 * Called by: dns.c; the loop.
 * Must not:  take a packet for an answer that dns_packet.c does not.
 */
#include "compat.h"

#include <sys/socket.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/spec.h"
#include "net/dns_internal.h"
#include "net/sock.h"
#include "net/stream.h"
#include "net/stream_internal.h"

#define DNS_TRY_WAIT	1200u	/* ms for a server, when others are left */
#define DNS_TRY_TURNS	4u	/* tries that the time is at least good for */
#define DNS_TRY_BEST	60000u	/* ms that one is asked first */
#define DNS_TRY_ROUND	16	/* packets before others get their turn */

struct dns_try {
	struct dns_question *question;
	struct loop_timer timer;
	struct loop_io	 io;		/* UDP, or TCP until it is connected */
	struct stream	 tcp;
	uint64_t	 deadline;
	size_t		 first;		/* the server it began with */
	size_t		 server;
	size_t		 failed;	/* servers in a row, without a wait */
	struct sockaddr_storage to;
	char		 why[160];
	bool		 open;		/* counted in dns.open */
	bool		 udp;		/* which io is */
	bool		 again;		/* the socket is good for one more */
	bool		 edns;
	size_t		 len;
	unsigned char	 packet[2 + DNS_PACKET_MAX];	/* as over TCP */
};

static loop_timer_fn dns_try_on_timer;
static void dns_try_next(struct dns_try *, const char *);

/* --- its sockets --------------------------------------------------------- */

static void
dns_try_close(struct dns_try *t)
{
	stream_close(&t->tcp);
	if (t->io.loop != NULL) {
		loop_io_del(&t->io);
		(void)close(t->io.fd);
	}
}

/* A socket of that kind, connected or about to be.  NULL, or why not. */
static const char *
dns_try_connect(struct dns_try *t, bool tcp, unsigned want, loop_io_fn *fn)
{
	int fd, err;

	dns_try_close(t);
	t->udp = !tcp;
	fd = tcp ? sock_new(t->to.ss_family) :
	    sock_new_datagram(t->to.ss_family);
	if (fd == -1)
		return (strerror(errno));
	if ((connect(fd, (struct sockaddr *)&t->to,
	    dns_conf_socklen(&t->to)) == 0 || errno == EINPROGRESS) &&
	    loop_io_add(t->question->dns->loop, &t->io, fd, want, fn, t) == 0)
		return (NULL);
	err = errno;
	(void)close(fd);
	return (strerror(err));
}

/* NULL, or why the question cannot be sent. */
static const char *
dns_try_send(struct dns_try *t)
{
	return (stream_send(t->io.fd, t->packet + 2, t->len) == -1 ?
	    strerror(errno) : NULL);
}

/* --- what comes back ----------------------------------------------------- */

/* What servers say, as RFC 1035 and everybody else calls it. */
static const char *
dns_try_rcode(unsigned rcode)
{
	static const char name[][9] = { "FORMERR", "SERVFAIL", "NXDOMAIN",
	    "NOTIMP", "REFUSED" };

	return (rcode <= 5 ? name[rcode - 1] : "it says that it failed");
}

/* One that answers in place of the first is the first, for a while. */
static void
dns_try_done(struct dns_try *t, enum dns_status status,
    const struct dns_packet_answer *a)
{
	struct dns *d = t->question->dns;

	if (t->server != t->first) {
		d->best = t->server;
		d->best_until = loop_now(d->loop) + DNS_TRY_BEST;
	}
	dns_answered(t->question, status, a, NULL);
}

static loop_io_fn dns_try_on_connected;

/* A message; false when it is to be waited for another one. */
static bool
dns_try_take(struct dns_try *t, const unsigned char *msg, size_t len, bool tcp)
{
	struct dns_packet_answer a;
	const char *why = "the answer makes no sense";

	switch (dns_packet_read(msg, len, t->packet + 2, &a)) {
	case DNS_PACKET_ALIEN:
		if (!tcp)
			return (false);
		break;
	case DNS_PACKET_FOUND:
		dns_try_done(t, DNS_FOUND, &a);
		return (true);
	case DNS_PACKET_NONE:
		dns_try_done(t, DNS_NONE, &a);
		return (true);
	case DNS_PACKET_TRUNCATED:
		if (!tcp && (why = dns_try_connect(t, true, LOOP_WRITE,
		    dns_try_on_connected)) == NULL)
			return (true);
		break;
	case DNS_PACKET_ERROR:
		why = dns_try_rcode(a.rcode);
		/* The same one, as servers were asked in 1987. */
		if ((a.rcode == DNS_FORMERR || a.rcode == DNS_NOTIMP) &&
		    t->edns) {
			t->question->dns->plain[t->server] = true;
			why = NULL;
		}
		break;
	case DNS_PACKET_GARBLED:
		break;
	}
	dns_try_next(t, why);
	return (true);
}

static void
dns_try_on_udp(struct loop_io *io, unsigned ready, void *arg)
{
	struct dns_try *t = arg;
	unsigned char msg[4096];
	ssize_t n;
	int i;

	(void)ready;
	for (i = 0; i < DNS_TRY_ROUND; i++) {
		n = recv(io->fd, msg, sizeof(msg), 0);
		if (n == -1) {
			if (errno != EAGAIN && errno != EWOULDBLOCK &&
			    errno != EINTR)
				dns_try_next(t, strerror(errno));
			return;
		}
		if (dns_try_take(t, msg, (size_t)n, false))
			return;
	}
}

/* --- TCP ----------------------------------------------------------------- */

static size_t
dns_try_on_input(struct stream *s, const unsigned char *data, size_t len,
    void *arg)
{
	size_t need;

	(void)s;
	if (len < 2 || len - 2 < (need = (size_t)data[0] << 8 | data[1]))
		return (0);
	(void)dns_try_take(arg, data + 2, need, true);
	return (0);
}

static void
dns_try_on_closed(struct stream *s, int err, void *arg)
{
	(void)s;
	dns_try_next(arg, strerror(err != 0 ? err : ECONNRESET));
}

static const struct stream_ops dns_try_ops = {
	dns_try_on_input, NULL, dns_try_on_closed
};

static void
dns_try_on_connected(struct loop_io *io, unsigned ready, void *arg)
{
	struct dns_try *t = arg;
	socklen_t len = sizeof(int);
	int err = 0, fd = io->fd;

	(void)ready;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) == -1)
		err = errno;
	if (err == 0) {
		loop_io_del(io);
		if (stream_open(&t->tcp, t->question->dns->loop, fd,
		    &dns_try_ops, t) == 0) {
			if (stream_write(&t->tcp, t->packet, 2 + t->len) == 0)
				return;
			err = ENOMEM;
		} else {
			err = errno;
			(void)close(fd);
		}
	}
	dns_try_next(t, strerror(err));
}

/* --- one server after the other ------------------------------------------ */

/*
 * Asks the server whose turn it is.  NULL, or why that cannot be.  The only one
 * is asked the same again: its answer may be late.
 */
static const char *
dns_try_ask(struct dns_try *t)
{
	struct dns *d = t->question->dns;
	unsigned char id[2];
	const char *why;

	t->server %= d->conf.n;
	if (t->again)
		return (dns_try_send(t));
	t->to = d->conf.server[t->server];
	t->edns = !d->plain[t->server];
	if (compat_random(id, sizeof(id)) == -1)
		return (strerror(errno));
	t->len = dns_packet_ask(t->packet + 2, (unsigned)id[0] << 8 | id[1],
	    t->question->type, t->question->name, t->question->namelen,
	    t->edns);
	t->packet[0] = (unsigned char)(t->len >> 8);
	t->packet[1] = (unsigned char)t->len;
	why = dns_try_connect(t, false, LOOP_READ, dns_try_on_udp);
	return (why != NULL ? why : dns_try_send(t));
}

static void
dns_try_say(struct dns_try *t, const char *why)
{
	char text[SPEC_TEXT_MAX];

	(void)snprintf(t->why, sizeof(t->why), "%s: %s",
	    addr_format((struct sockaddr *)&t->to, dns_conf_socklen(&t->to),
	    text, sizeof(text)), why);
}

/*
 * The server has failed, says why; NULL: it is asked, again or at last.  That
 * is the end of this try when each of them has failed.
 */
static void
dns_try_next(struct dns_try *t, const char *why)
{
	struct dns *d = t->question->dns;
	uint64_t now = loop_now(d->loop), wait;
	size_t turns;

	for (;;) {
		if (why != NULL) {
			dns_try_say(t, why);
			t->server++;
			t->failed++;
			t->again = false;
		}
		if (t->failed >= d->conf.n || now >= t->deadline) {
			dns_answered(t->question, DNS_FAILED, NULL, t->why);
			return;
		}
		if ((why = dns_try_ask(t)) == NULL)
			break;
	}
	turns = d->conf.n > DNS_TRY_TURNS ? d->conf.n : DNS_TRY_TURNS;
	wait = d->timeout_ms / turns;
	if (wait > DNS_TRY_WAIT)
		wait = DNS_TRY_WAIT;
	if (wait > t->deadline - now)
		wait = t->deadline - now;
	loop_timer_start(d->loop, &t->timer, wait, dns_try_on_timer, t);
}

static void
dns_try_on_timer(struct loop_timer *timer, void *arg)
{
	struct dns_try *t = arg;
	const struct dns *d = t->question->dns;

	(void)timer;
	if (t->open)
		dns_try_say(t, "no answer in time");
	t->failed = 0;
	t->server++;
	t->again = d->conf.n == 1 && t->udp && t->io.loop != NULL;
	dns_try_next(t, NULL);
}

static void
dns_try_start(struct dns_try *t)
{
	struct dns *d = t->question->dns;

	t->open = true;
	d->open++;
	t->first = loop_now(d->loop) < d->best_until ? d->best : 0;
	t->server = t->first;
	dns_try_next(t, NULL);
}

/* Sockets were closed: it is the turn of those who wait. */
static void
dns_try_on_room(struct loop_task *task, void *arg)
{
	struct dns *d = arg;
	struct dns_question *q;

	(void)task;
	while (d->open < d->sockets && (q = d->waiting.first) != NULL) {
		dns_list_del(q);
		dns_try_start(q->try);
	}
}

void
dns_try_new(struct dns_question *q)
{
	struct dns *d = q->dns;
	struct dns_try *t = calloc(1, sizeof(*t));

	(void)dns_conf_now(d);
	if (t == NULL) {
		dns_answered(q, DNS_FAILED, NULL, "out of memory");
		return;
	}
	q->try = t;
	t->question = q;
	t->deadline = loop_now(d->loop) + d->timeout_ms;
	if (d->open < d->sockets) {
		dns_try_start(t);
		return;
	}
	(void)snprintf(t->why, sizeof(t->why), "too many questions at a time");
	dns_list_add(&d->waiting, q);
	loop_timer_start(d->loop, &t->timer, d->timeout_ms, dns_try_on_timer,
	    t);
}

void
dns_try_free(struct dns_question *q)
{
	struct dns_try *t = q->try;
	struct dns *d = q->dns;

	if (t == NULL)
		return;
	q->try = NULL;
	dns_list_del(q);
	loop_timer_stop(&t->timer);
	dns_try_close(t);
	if (t->open) {
		d->open--;
		if (d->waiting.first != NULL)
			loop_task_start(d->loop, &d->task, dns_try_on_room, d);
	}
	free(t);
}

#undef DNS_TRY_WAIT
#undef DNS_TRY_TURNS
#undef DNS_TRY_BEST
#undef DNS_TRY_ROUND
