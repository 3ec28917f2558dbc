/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_random.c - an MTA and up to four children that do whatever a stream of
 * numbers says, around a real daemon.
 * Owns:      "h_random conf SEED" (the configuration that goes with it),
 *            "h_random run SEED FIRST SESSIONS [chaos]".
 * Called by: t_session_random.sh.
 * Must not:  be lenient: the first thing that the oracle did not foresee ends
 *            it with the whole session on standard error.
 *
 * One session at a time, so that MTA and children know of each other.  With
 * "chaos" children also reply to what they should not, at the wrong time, or
 * die between commands, and the MTA may be gone at any time: then only the
 * forms are looked at (one verdict for each event, the order of commands).
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "h_random.h"
#include "h_random_oracle.h"

static void	mta_dialled(void);
static void	mta_go(void);
static void	session_check(void);

static unsigned random_hangs;	/* so many children may still hang */

/* --- the configuration --------------------------------------------------- */

static void
configure(unsigned long number)
{
	static const char fallbacks[] = "aaatrd";
	size_t i;

	seed(number, 0);
	R.n = one_in(20) ? 0 : 1 + below(RANDOM_CHILDREN);
	R.fallback = fallbacks[below(6)];
	for (i = 0; i < R.n; i++) {
		R.child[i].place = (int)i;
		R.child[i].fallback = fallbacks[below(6)];
		R.child[i].evaluated = one_in(6);
		R.child[i].conditions = one_in(3);
	}
}

static const char *
status_word(char v)
{
	return (v == 'a' ? "accept" : v == 't' ? "temporary-failure" :
	    v == 'r' ? "reject" : "discard");
}

static void
print_configuration(void)
{
	static const unsigned chunks[] = { 65535, 65535, 1000, 17 };
	size_t i;

	printf("manager.connection_spec = \"unix:mm.sock\"\n"
	    "manager.fallback_status = \"%s\"\n"
	    "manager.body_memory_limit = 64k\n"
	    "manager.chunk_size = %u\n"
	    "log.use_syslog = false\n"
	    "log.level = \"critical|error|warning|message|info\"\n",
	    status_word(R.fallback), chunks[below(4)]);
	for (i = 0; i < R.n; i++)
		printf("milter.c%zu.connection_spec = \"unix:c%zu.sock\"\n"
		    "milter.c%zu.fallback_status = \"%s\"\n"
		    "milter.c%zu.evaluation_mode = %s\n"
		    "milter.c%zu.reading_timeout = 5\n"
		    "milter.c%zu.end_of_message_timeout = 5\n", i, i, i,
		    status_word(R.child[i].fallback), i,
		    R.child[i].evaluated ? "true" : "false", i, i);
	printf("%s", stop_conditions);
	for (i = 0; i < R.n; i++)
		if (R.child[i].conditions)
			printf("milter.c%zu.applicable_conditions = "
			    "[\"stop\"]\n", i);
	for (i = 0; i < R.n && R.chaos; i++)
		printf("milter.c%zu.parallel = %s\n", i,
		    one_in(2) ? "true" : "false");
}

/* --- the children -------------------------------------------------------- */

/* libmilter's table: which command may follow which. */
static const struct {
	char		 after;
	const char	*allowed;
} order[] = {
	{ 'O', "CU" }, { 'C', "HMU" }, { 'H', "HMU" }, { 'M', "RAU" },
	{ 'R', "RTLNBEAU" }, { 'T', "LNA" }, { 'L', "LNA" }, { 'N', "BEA" },
	{ 'B', "BEA" }, { 'E', "MHU" },
};

static bool
may_follow(const struct random_child *c, int after, int code, int depth)
{
	const char *p = "";
	size_t i;

	for (i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i].after == after)
			p = order[i].allowed;
	if (strchr(p, code) != NULL)
		return (true);
	for (; *p != '\0' && depth > 0; p++)
		if (*p != after && *p != 'A' && (c->option.protocol &
		    kind(*p)->no) != 0 && may_follow(c, *p, code, depth - 1))
			return (true);
	return (false);
}

static void
child_close(struct random_child *c)
{
	stream_close(&c->stream);
	c->open = false;
	session_check();
}

static void
child_say(struct random_child *c, int code, const void *data, size_t len)
{
	struct buf b = { 0 };

	if (packet_add(&b, code, data, len) == -1 ||
	    stream_write(&c->stream, buf_ptr(&b), b.len) == -1)
		bad("out of memory");
	buf_free(&b);
}

static void
child_raw(struct random_child *c, const char *bytes, size_t len)
{
	(void)stream_write(&c->stream, bytes, len);
	stream_flush(&c->stream);
}

/* An end that is no answer. */
static void
child_break(struct random_child *c)
{
	switch (below(random_hangs > 0 ? 12 : 7)) {
	case 0:
		child_raw(c, "\0\0\0\5y5", 6);
		/* FALLTHROUGH */
	case 1:
	case 2:
		child_close(c);
		break;
	case 3:
		child_raw(c, "\0\0\0\2c\0", 6);
		break;
	case 4:
		child_raw(c, "\0\0\0\0", 4);
		break;
	case 5:
		child_raw(c, "\0\0\0\1z\0\0\0\1c", 10);
		break;
	case 6:
		child_raw(c, "\0\0\0\1O", 5);
		break;
	default:
		random_hangs--;
		break;
	}
}

static void
child_edit_field(struct random_child *c)
{
	static const char *const values[] = { "v", "", " v", "a\n\tb" };
	const char *value = values[below(4)];
	char name[40];
	size_t i;

	(void)snprintf(name, sizeof(name), "X-%d-%u", c->place, ++R.serial);
	switch (below(3)) {
	case 0:
		if ((c->option.actions & SMFIF_ADDHDRS) != 0)
			(void)packet_add_header(&c->edits, 'h', 0, name,
			    value);
		return;
	case 1:
		if ((c->option.actions & SMFIF_ADDHDRS) != 0)
			(void)packet_add_header(&c->edits, 'i', 0, name,
			    value);
		return;
	default:
		break;
	}
	if ((c->option.actions & SMFIF_CHGHDRS) == 0 || R.n_fields == 0)
		return;
	i = below((unsigned)R.n_fields);
	if (R.field[i].touched)
		return;
	R.field[i].touched = true;
	(void)packet_add_header(&c->edits, 'm', 1, R.field[i].name, value);
}

static void
child_edit_body(struct random_child *c)
{
	unsigned char piece[70000];
	uint64_t off = 0;
	size_t n, i;

	if ((c->option.actions & SMFIF_CHGBODY) == 0 || c->replaces)
		return;
	c->replaces = true;
	c->body = ++R.serial;
	c->body_len = one_in(4) ? 0 : below(one_in(5) ? 300000 : 3000);
	c->body_len -= c->body_len % 16;
	do {
		n = 1 + below(one_in(3) ? sizeof(piece) - 1 : 500);
		if (n > c->body_len - off)
			n = (size_t)(c->body_len - off);
		for (i = 0; i < n; i++)
			piece[i] = body_byte(c->body, off + i);
		child_say(c, 'b', piece, n);
		off += n;
	} while (off < c->body_len);
}

static void
child_edits(struct random_child *c)
{
	size_t i;
	unsigned k = one_in(2) ? 0 : below(6);

	c->replaces = false;
	buf_clear(&c->edits);
	for (i = 0; i < R.n_fields; i++)
		R.field[i].touched = false;
	for (; k > 0; k--) {
		size_t had = c->edits.len;
		uint32_t may = c->option.actions;

		switch (below(7)) {
		case 0:
		case 1:
			child_edit_field(c);
			break;
		case 2:
			child_edit_body(c);
			break;
		case 3:
			if ((may & SMFIF_ADDRCPT) != 0)
				(void)packet_add_string(&c->edits, '+', "<a>");
			break;
		case 4:
			if ((may & SMFIF_DELRCPT) != 0)
				(void)packet_add_string(&c->edits, '-', "<d>");
			break;
		case 5:
			if ((may & SMFIF_CHGFROM) != 0)
				(void)packet_add(&c->edits, 'e', "<f>\0A B",
				    one_in(2) ? 4 : 8);
			break;
		default:
			if ((may & SMFIF_QUARANTINE) != 0 && one_in(3))
				(void)packet_add(&c->edits, 'q', "why",
				    one_in(4) ? 0 : 4);
			break;
		}
		(void)stream_write(&c->stream, buf_ptr(&c->edits) + had,
		    c->edits.len - had);
		if (one_in(8))
			child_say(c, 'p', NULL, 0);
	}
}

/* What it answers; '!' is no answer at all. */
static char
child_choose(void)
{
	static const char odd[] = "aaarrttyyddss4!!";

	return (one_in(R.wild) ? odd[below(sizeof(odd) - 1)] : 'c');
}

static void
child_answer(struct random_child *c, int code)
{
	static const char *const texts[] = {
		"550 5.7.1 no", "451 4.7.1 50%% later", "421 4.3.2 bye",
		"554-5.7.1 a\r\n554 5.7.1 b",
	};
	const char *text = texts[below(4)];
	struct random_item *it = c->first;
	char v = child_choose();
	unsigned k;

	for (k = one_in(12) ? 1 + below(3) : 0; k > 0; k--)
		child_say(c, 'p', NULL, 0);
	if (code == 'E')
		child_edits(c);
	trace("      %d says %c to %c", c->place, v, code);
	if (v == '!') {
		if (!R.chaos)
			oracle_failed(c, code);
		c->leaving = true;
		child_break(c);
		mta_go();
		return;
	}
	if (one_in(20))
		stream_flush(&c->stream);
	if (v == 'y')
		child_say(c, 'y', text, strlen(text) + 1);
	else
		child_say(c, v, NULL, 0);
	if (v != 'c' && (v == 'a' || (strchr("rtdy4", v) != NULL &&
	    strchr("RU", code) == NULL)))
		c->after = 'H';
	if (R.chaos)
		return;
	/* A body in several pieces is through with the last of them. */
	if (code == 'B' && v == 'c' && it->len > 0)
		return;
	item_drop(c);
	oracle_replied(code, v, text);
	mta_go();
}

/* Says what it should not, or goes without a word. */
static void
child_chaos(struct random_child *c)
{
	static const char stray[] = "caprtd";
	unsigned k;

	switch (below(60)) {
	case 0:
		child_close(c);
		return;
	case 1:
		/* From here on it does not know what it has answered. */
		c->stray = true;
		for (k = 1 + below(3); k > 0; k--)
			child_say(c, stray[below(6)], NULL, 0);
		return;
	case 2:
		child_say(c, 'h', "X\0y", 4);
		return;
	case 3:
		child_break(c);
		return;
	case 4:
		for (k = 0; k < 3000; k++)
			child_say(c, 'p', NULL, 0);
		return;
	default:
		return;
	}
}

static void
child_macros(struct random_child *c, const struct packet *p)
{
	const char *name, *value;
	size_t pos = 1;

	if (p->len == 0 || p->data[0] > 127)
		bad("child %d: odd macros", c->place);
	while ((name = packet_next_string(p, &pos)) != NULL &&
	    (value = packet_next_string(p, &pos)) != NULL)
		if (strcmp(name, "{number}") == 0)
			c->macro[p->data[0]] = (unsigned)strtoul(value, NULL,
			    10);
}

/* Is it what the oracle has foreseen? */
static void
child_compare(struct random_child *c, const struct packet *p)
{
	struct random_item *it = c->first;
	size_t i;

	if (it == NULL || it->code != p->code)
		bad("child %d gets %c, foreseen was %c", c->place, p->code,
		    it == NULL ? '-' : it->code);
	if (p->code == 'B') {
		if (p->len > it->len)
			bad("child %d: %zu bytes of body too much", c->place,
			    p->len - it->len);
		for (i = 0; i < p->len; i++, it->off++)
			if (p->data[i] != body_byte(it->body, it->off))
				bad("child %d: another body", c->place);
		it->len -= p->len;
	} else if (p->len != it->len || (p->len > 0 &&
	    memcmp(p->data, it->data, p->len) != 0))
		bad("child %d: another payload of %c", c->place, p->code);
	if (it->macro != 0 && c->macro[p->code] != it->macro)
		bad("child %d: macros %u, not %u of %c", c->place,
		    c->macro[p->code], it->macro, p->code);
}

static void
child_command(struct random_child *c, const struct packet *p)
{
	bool silent;

	if (p->code == 'D') {
		child_macros(c, p);
		return;
	}
	trace("    > %d gets %c (%zu)", c->place, p->code, p->len);
	if (!R.chaos)
		child_compare(c, p);
	if (p->code == 'Q') {
		if (!R.chaos)
			item_drop(c);
		c->leaving = true;
		return;
	}
	if (p->code == 'A') {
		if (!R.chaos)
			item_drop(c);
		c->after = 'H';
		return;
	}
	if ((c->option.protocol & kind(p->code)->no) != 0)
		bad("child %d gets %c, which it declined", c->place, p->code);
	if (!c->stray && !may_follow(c, c->after, p->code, 10))
		bad("child %d gets %c after %c", c->place, p->code, c->after);
	if (p->code != 'U')
		c->after = p->code;
	silent = (c->option.protocol & kind(p->code)->nr) != 0;
	if (!silent)
		child_answer(c, p->code);
	else if (!R.chaos && (p->code != 'B' || c->first->len == 0))
		item_drop(c);
	if (R.chaos && c->open && !c->leaving)
		child_chaos(c);
}

/* Bits of what is offered, in one of several manners. */
static uint32_t
child_bits(uint32_t offered)
{
	uint32_t bits = 0;
	unsigned i, manner = below(5);

	for (i = 0; i < 21; i++)
		if (below(10) < (manner == 0 ? 0 : manner == 1 ? 1 :
		    manner == 2 ? 5 : manner == 3 ? 9 : 0))
			bits |= 1u << i;
	if (manner == 4)
		bits = SMFIP_NR_MASK;
	if (one_in(4))
		bits &= ~SMFIP_NO_MASK;
	/*
	 * One that replies against its own bits makes the daemon wait for a
	 * moment, each time: not in every session.
	 */
	if (R.chaos && !one_in(12))
		bits &= ~SMFIP_NR_MASK;
	return (bits & offered);
}

/* Whether the MTA, told R.agreed, does all that a late child wants. */
static bool
child_is_covered(const struct option *o)
{
	const struct random_kind *k;
	size_t i;

	if ((o->actions & ~(R.agreed.actions | SMFIF_SETSYMLIST)) != 0 ||
	    (o->protocol & ~R.agreed.protocol & SMFIP_HDR_LEADSPC) != 0)
		return (false);
	for (i = 0; i < RANDOM_KINDS; i++) {
		k = &random_kinds[i];
		if ((o->protocol & k->no) == 0 &&
		    ((R.agreed.protocol & k->no) != 0 ||
		    (R.agreed.protocol & k->nr & ~o->protocol) != 0))
			return (false);
	}
	return (true);
}

/* All children have said something: what the oracle makes of it. */
static void
child_negotiated(struct random_child *c)
{
	size_t i;

	if (!R.chaos && R.dialling && c->state == RANDOM_READY &&
	    !child_is_covered(&c->option)) {
		trace("      %d wants too much", c->place);
		oracle_lose(c);
	}
	for (i = 0; i < R.n; i++)
		if (R.child[i].state == RANDOM_NEW)
			return;
	if (R.dialling) {
		R.dialling = false;
		mta_dialled();
	}
}

static void
child_negotiate(struct random_child *c, const struct packet *p)
{
	struct option o, offer;
	struct buf b = { 0 };

	if (option_read_offer(p, &offer) != PACKET_OK)
		bad("child %d: malformed offer", c->place);
	memset(&o, 0, sizeof(o));
	o.version = one_in(3) ? 2 + below(offer.version - 1) : offer.version;
	o.actions = one_in(3) ? offer.actions & below(512) : offer.actions;
	o.actions &= SMFIF_ALL & ~SMFIF_SETSYMLIST;
	o.protocol = child_bits(offer.protocol);
	if (one_in(40)) {
		trace("      %d fails to negotiate", c->place);
		oracle_lose(c);
		child_negotiated(c);
		if (one_in(2))
			child_close(c);
		else {
			o.version = offer.version + 1;
			(void)option_add(&b, &o);
			child_raw(c, (char *)buf_ptr(&b), b.len);
		}
	} else {
		(void)option_add(&b, &o);
		child_raw(c, (char *)buf_ptr(&b), b.len);
		o.protocol |= o.version < 3 ? SMFIP_NOUNKNOWN | SMFIP_NODATA :
		    o.version < 4 ? SMFIP_NODATA : 0;
		c->option = o;
		c->state = RANDOM_READY;
		c->after = 'O';
		trace("      %d: version %u actions %x protocol %x", c->place,
		    o.version, o.actions, o.protocol);
		child_negotiated(c);
	}
	buf_free(&b);
}

static void
progress(void)
{
	R.n_frames++;
	loop_timer_start(R.loop, &R.patience, RANDOM_PATIENCE,
	    R.patience.fn, NULL);
}

static size_t
child_on_input(struct stream *st, const unsigned char *data, size_t len,
    void *arg)
{
	struct random_child *c = arg;
	struct packet p;
	enum packet_error e;
	size_t used = 0;

	(void)st;
	while (c->open && (e = packet_next(data + used, len - used,
	    MILTER_CHUNK_SIZE, &p)) != PACKET_MORE) {
		progress();
		if (e != PACKET_OK)
			bad("child %d: %s", c->place, packet_strerror(e));
		used += p.size;
		if (c->leaving)
			continue;
		if (p.code != 'O' && packet_check_command(&p) != PACKET_OK)
			bad("child %d: malformed %c", c->place, p.code);
		if (p.code == 'O')
			child_negotiate(c, &p);
		else
			child_command(c, &p);
	}
	return (used);
}

static void
child_on_closed(struct stream *st, int error, void *arg)
{
	struct random_child *c = arg;

	(void)st;
	if (!c->leaving && !R.chaos)
		bad("child %d: connection closed: %s", c->place,
		    error == 0 ? "end of file" : strerror(error));
	if (!R.chaos && c->first != NULL)
		bad("child %d is left without %c", c->place, c->first->code);
	child_close(c);
}

static const struct stream_ops child_ops = {
	child_on_input, NULL, child_on_closed
};

static void
child_on_accept(struct loop_io *io, unsigned ready, void *arg)
{
	struct random_child *c = arg;
	int fd;

	(void)ready;
	if (c->open)
		return;		/* the end of the last one comes first */
	if ((fd = accept(io->fd, NULL, NULL)) == -1)
		return;
	if (stream_open(&c->stream, R.loop, fd, &child_ops, c) == -1)
		bad("stream_open: %s", strerror(errno));
	c->open = true;
	c->leaving = c->stray = false;
	memset(c->macro, 0, sizeof(c->macro));
}

static void
child_listen(struct random_child *c)
{
	struct sockaddr_un sun;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&sun, 0, sizeof(sun));
	sun.sun_family = AF_UNIX;
	(void)snprintf(sun.sun_path, sizeof(sun.sun_path), "c%d.sock",
	    c->place);
	(void)unlink(sun.sun_path);
	if (fd == -1 || bind(fd, (struct sockaddr *)&sun, sizeof(sun)) == -1 ||
	    listen(fd, 16) == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1 ||
	    loop_io_add(R.loop, &c->listen, fd, LOOP_READ, child_on_accept,
	    c) == -1)
		bad("%s: %s", sun.sun_path, strerror(errno));
}

#include "h_random_mta.h"

int
main(int argc, char *argv[])
{
	const char *hangs = getenv("MM_TEST_HANGS");
	unsigned long number, i, n;
	size_t k;

	if (argc < 3)
		return (2);
	number = strtoul(argv[2], NULL, 10);
	configure(number);
	if (strcmp(argv[1], "conf") == 0) {
		R.chaos = argc > 3 && strcmp(argv[3], "chaos") == 0;
		print_configuration();
		return (0);
	}
	if (argc < 5)
		return (2);
	(void)signal(SIGPIPE, SIG_IGN);
	random_hangs = hangs == NULL ? 0 : (unsigned)atoi(hangs);
	R.loop = loop_new(NULL);
	R.chaos = argc > 5 && strcmp(argv[5], "chaos") == 0;
	R.patience.fn = mta_on_hang;
	for (k = 0; k < R.n; k++)
		child_listen(&R.child[k]);
	i = strtoul(argv[3], NULL, 10);
	for (n = strtoul(argv[4], NULL, 10); n > 0; n--, i++)
		session_run(number, (unsigned)i);
	for (k = 0; k < R.n; k++) {
		(void)close(R.child[k].listen.fd);
		loop_io_del(&R.child[k].listen);
	}
	printf("messages=%lu verdicts=%lu frames=%lu\n", R.n_messages,
	    R.n_verdicts, R.n_frames);
	return (0);
}
