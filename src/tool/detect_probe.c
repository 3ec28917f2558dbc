/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_probe.c - connects to each milter's socket, negotiates as an MTA with
 * the manager before it would, and quits.
 * Owns:      the connections, and what each of them came to.
 * Called by: detect_tool.c.
 * Must not:  print, or go on to a message.
 */
#include "compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/number.h"
#include "milter/packet.h"
#include "milter/stranger.h"
#include "tool/detect_tool.h"
#include "tool/text.h"

/* How long one may take to read our last word. */
#define DETECT_LINGER_MS	1000u

/* --- the end of one ------------------------------------------------------- */

static void detect_probe_end(struct detect_probe *, enum detect_outcome,
    const char *, ...) COMPAT_PRINTF(3, 4);

static void
detect_probe_end(struct detect_probe *p, enum detect_outcome outcome,
    const char *fmt, ...)
{
	va_list ap;

	if (p->over)
		return;
	p->over = true;
	p->outcome = outcome;
	va_start(ap, fmt);
	(void)vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	loop_timer_stop(&p->timer);
	if (outcome == PROBE_WORKS)
		stream_close_flushed(&p->stream, DETECT_LINGER_MS);
	else
		stream_close(&p->stream);
	dial_cancel(&p->dial);
	if (--p->tool->pending == 0)
		loop_stop(p->tool->loop);
}

/* What came in place of an answer is no milter's: whose is it? */
static bool
detect_probe_stranger(struct detect_probe *p, const void *data, size_t len)
{
	char words[STRANGER_SIZE];

	if (!stranger_server(words, sizeof(words), data, len))
		return (false);
	detect_probe_end(p, PROBE_STRANGER, "%s", words);
	return (true);
}

/* --- a socket that cannot be reached -------------------------------------- */

/* The last of what a dial tells is what the system said. */
static bool
detect_probe_said(const char *why, int error)
{
	const char *said = strerror(error);
	size_t len = strlen(said), all = strlen(why);

	return (all >= len && strcmp(why + all - len, said) == 0);
}

/* False: nothing on the way explains it. */
static bool
detect_probe_way(struct detect_probe *p, bool denied)
{
	struct detect_step s;
	char who[sizeof(s.owner)];

	memset(&s, 0, sizeof(s));
	while (detect_step(p->spec.path, &s)) {
		if (s.error == ENOENT || s.error == ENOTDIR) {
			detect_probe_end(p, PROBE_MISSING, "%s%s %s",
			    s.last ? "" : "the folder ", s.path, s.link ?
			    "is a link to nothing" : "does not exist");
			return (true);
		}
		if (s.closed ||
		    (s.last && s.error == 0 && s.socket && denied)) {
			(void)detect_step_user(geteuid(), who, sizeof(who));
			detect_probe_end(p, PROBE_DENIED, "%s %s does not let "
			    "user %s %s", s.last ? "the socket" : "the folder",
			    s.path, who, s.last ? "write" : "through");
			return (true);
		}
		if (s.last && s.error == 0 && !s.socket) {
			detect_probe_end(p, PROBE_MISSING,
			    "%s is there and not a socket", s.path);
			return (true);
		}
	}
	return (false);
}

static void
detect_probe_unreached(struct detect_probe *p, const char *why)
{
	bool local = p->spec.family == AF_UNIX;

	if (local && detect_probe_way(p, detect_probe_said(why, EACCES)))
		return;
	if (detect_probe_said(why, ECONNREFUSED))
		detect_probe_end(p, PROBE_REFUSED, "%s", local ?
		    "nothing listens on it: one that is gone left it there" :
		    why);
	else if (detect_probe_said(why, ETIMEDOUT))
		detect_probe_end(p, PROBE_SILENT, "%s", why);
	else
		detect_probe_end(p, PROBE_FAILED, "%s", why);
}

/* --- the talk ------------------------------------------------------------- */

static void
detect_probe_answer(struct detect_probe *p, const struct option *offer,
    const struct packet *pkt)
{
	enum packet_error error;
	const char *why;

	if (pkt->code != SMFIC_OPTNEG) {
		detect_probe_end(p, PROBE_STRANGER,
		    "negotiation answered by %s", packet_reply_name(pkt->code));
		return;
	}
	error = option_read_answer(pkt, &p->answer);
	if (error != PACKET_OK) {
		memset(&p->answer, 0, sizeof(p->answer));
		detect_probe_end(p, PROBE_STRANGER, "malformed negotiation: "
		    "%s", packet_strerror(error));
		return;
	}
	why = option_check_answer(offer, &p->answer);
	if (why != NULL)
		detect_probe_end(p, PROBE_FAILED, "negotiation: %s", why);
}

/* As the manager is offered it by an MTA that can do everything. */
static void
detect_probe_offer(struct option *offer)
{
	static const struct option mta = { MILTER_VERSION_MAX, SMFIF_ALL,
	    SMFIP_ALL, { NULL } };

	option_offer(&mta, offer);
}

static size_t
detect_probe_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct detect_probe *p = arg;
	struct option offer;
	struct packet pkt;
	struct buf quit = { 0 };
	enum packet_error error;

	error = packet_next(data, len, MILTER_CHUNK_SIZE, &pkt);
	if (error == PACKET_MORE)
		return (0);
	if (error != PACKET_OK) {
		if (!detect_probe_stranger(p, data, len))
			detect_probe_end(p, PROBE_STRANGER, "not a milter "
			    "frame: %s", packet_strerror(error));
		return (len);
	}
	detect_probe_offer(&offer);
	detect_probe_answer(p, &offer, &pkt);
	if (p->over)
		return (len);
	if (packet_add_empty(&quit, SMFIC_QUIT) == 0 &&
	    stream_write(st, buf_ptr(&quit), quit.len) == 0)
		stream_flush(st);
	buf_free(&quit);
	detect_probe_end(p, PROBE_WORKS, "protocol version %u",
	    (unsigned)p->answer.version);
	return (len);
}

static void
detect_probe_on_closed(struct stream *st, int error, void *arg)
{
	struct detect_probe *p = arg;

	if (detect_probe_stranger(p, buf_ptr(&st->in), st->in.len))
		return;
	detect_probe_end(p, PROBE_FAILED, "closed the connection%s%s",
	    error != 0 ? ": " : st->in.len == 0 ? " without a word" : "",
	    error != 0 ? strerror(error) : "");
}

static void
detect_probe_on_timeout(struct loop_timer *timer, void *arg)
{
	struct detect_probe *p = arg;
	const struct buf *in = &p->stream.in;
	char time[32];

	(void)timer;
	if (!detect_probe_stranger(p, buf_ptr(in), in->len))
		detect_probe_end(p, PROBE_SILENT, "%s answer within %s",
		    in->len > 0 ? "no whole" : "no", number_format_time(
		    p->tool->timeout, time, sizeof(time)));
}

static void
detect_probe_on_dialled(struct dial *d, int fd, const char *why, void *arg)
{
	static const struct stream_ops ops = { detect_probe_on_input, NULL,
	    detect_probe_on_closed };
	struct detect_probe *p = arg;
	struct option offer;
	struct buf out = { 0 };

	(void)d;
	if (fd == -1) {
		detect_probe_unreached(p, why);
		return;
	}
	if (stream_open(&p->stream, p->tool->loop, fd, &ops, p) == -1) {
		(void)close(fd);
		detect_probe_end(p, PROBE_FAILED, "%s", strerror(errno));
		return;
	}
	detect_probe_offer(&offer);
	if (option_add(&out, &offer) == -1 ||
	    stream_write(&p->stream, buf_ptr(&out), out.len) == -1)
		detect_probe_end(p, PROBE_FAILED, "%s", strerror(ENOMEM));
	else
		loop_timer_start(p->tool->loop, &p->timer, p->tool->timeout,
		    detect_probe_on_timeout, p);
	buf_free(&out);
}

/* --- all of them ---------------------------------------------------------- */

static int
detect_probe_start(struct detect_tool *t, struct detect_probe *p,
    const struct detect_line *l, const char *text)
{
	struct target_options o;

	memset(&o, 0, sizeof(o));
	p->tool = t;
	p->text = text;
	t->pending++;
	if (text_read_spec(text, &p->spec, p->why, sizeof(p->why)) == -1) {
		/* Its own words are lost in the formatting of themselves. */
		char why[sizeof(p->why)];

		(void)strlcpy(why, p->why, sizeof(why));
		detect_probe_end(p, PROBE_FAILED, "%s", why);
		return (0);
	}
	o.spec = &p->spec;
	o.n = 1;
	if (l->m != NULL && l->m->socks_text != NULL) {
		o.socks = &l->m->socks;
		o.socks_user = l->m->socks_user;
		o.socks_password = l->m->socks_password;
	}
	if (t->resolver == NULL && target_list_needs_resolver(&o) &&
	    (t->resolver = resolver_new(t->loop)) == NULL)
		return (-1);
	p->target = target_new_list(t->loop, t->resolver, &o);
	if (p->target == NULL)
		return (-1);
	dial_start(&p->dial, p->target, (unsigned)t->timeout,
	    detect_probe_on_dialled, p);
	return (0);
}

static int
detect_probe_line(struct detect_tool *t, struct detect_line *l)
{
	size_t i, n = detect_tool_sockets(l);

	l->probe = calloc(n + 1, sizeof(*l->probe));
	if (l->probe == NULL)
		return (-1);
	while (l->n_probes < n) {
		i = l->n_probes++;
		if (detect_probe_start(t, &l->probe[i], l,
		    detect_tool_socket(l, i)) == -1)
			return (-1);
	}
	return (0);
}

int
detect_probe(struct detect_tool *t)
{
	size_t i;

	t->loop = loop_new(t->conf->event_loop_backend);
	if (t->loop == NULL)
		return (-1);
	for (i = 0; i < t->n; i++)
		if (detect_probe_line(t, &t->line[i]) == -1)
			return (-1);
	if (t->pending > 0 && loop_run(t->loop) == -1)
		return (-1);
	return (0);
}

void
detect_probe_free(struct detect_tool *t)
{
	size_t i, k;

	for (i = 0; i < t->n; i++) {
		for (k = 0; k < t->line[i].n_probes; k++) {
			struct detect_probe *p = &t->line[i].probe[k];

			loop_timer_stop(&p->timer);
			dial_cancel(&p->dial);
			stream_close(&p->stream);
			target_free(p->target);
			option_free(&p->answer);
			spec_free(&p->spec);
		}
		free(t->line[i].probe);
	}
	resolver_free(t->resolver);
	if (t->loop != NULL) {
		linger_end_all(t->loop);
		loop_free(t->loop);
	}
}

#undef DETECT_LINGER_MS
