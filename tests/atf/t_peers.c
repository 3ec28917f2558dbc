/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_peers.c - the table of TCP connections as Linux writes it, cut anywhere,
 * huge and hostile; and which of its rows is whose.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <atf-c.h>
#include <stdio.h>
#include <unistd.h>

#include "h_case.h"
#include "net/peers.h"
#include "tcptable.h"

#define HEAD \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when\n"
#define REST " 00000000:00000000 00:00000000 00000000  0 0 12345 1 0\n"

/* An IPv4 address as it stands there: a word in the processor's own order. */
static const char *
word(unsigned a, unsigned b, unsigned c, unsigned d)
{
	static char text[4][9];
	static int at;
	unsigned char byte[4];
	uint32_t n;

	byte[0] = (unsigned char)a;
	byte[1] = (unsigned char)b;
	byte[2] = (unsigned char)c;
	byte[3] = (unsigned char)d;
	memcpy(&n, byte, 4);
	at = (at + 1) % 4;
	snprintf(text[at], sizeof(text[at]), "%08X", (unsigned)n);
	return (text[at]);
}

struct seen {
	size_t			 n;
	struct tcptable_row	 row;	/* the last one */
};

static void
on_row(const struct tcptable_row *row, void *arg)
{
	struct seen *s = arg;

	s->n++;
	s->row = *row;
}

static void
feed(struct seen *s, bool v6, const char *text, size_t piece)
{
	struct tcptable t;
	size_t len = strlen(text), at, n;

	memset(&t, 0, sizeof(t));
	memset(s, 0, sizeof(*s));
	for (at = 0; at < len; at += n) {
		n = len - at < piece ? len - at : piece;
		tcptable_text(&t, v6, text + at, n, on_row, s);
	}
}

H_CASE(rows, "a row is read, however the text is cut")
{
	char text[1000];
	struct seen s;
	size_t piece;

	snprintf(text, sizeof(text), HEAD
	    "   0: %s:0019 00000000:0000 0A" REST
	    "   1: %s:0019 %s:C350 08" REST, word(127, 0, 0, 1),
	    word(192, 0, 2, 1), word(198, 51, 100, 7));
	for (piece = 1; piece <= strlen(text); piece++) {
		feed(&s, false, text, piece);
		ATF_REQUIRE_EQ(s.n, 1);		/* a listener is none */
		ATF_CHECK_EQ(s.row.state, TCPTABLE_HALF_CLOSED);
		ATF_CHECK_EQ(s.row.local_port, 25);
		ATF_CHECK_EQ(s.row.remote_port, 50000);
		ATF_CHECK_EQ(memcmp(s.row.local,
		    "\0\0\0\0\0\0\0\0\0\0\377\377\300\0\002\001", 16), 0);
		ATF_CHECK_EQ(memcmp(s.row.remote,
		    "\0\0\0\0\0\0\0\0\0\0\377\377\306\063\144\007", 16), 0);
	}
}

H_CASE(inet6, "IPv6, and IPv4 within it")
{
	char text[1000];
	struct seen s;

	snprintf(text, sizeof(text), HEAD
	    "1: %s%s%s%s:0019 %s%s%s%s:0001 01" REST,
	    word(0, 0, 0, 0), word(0, 0, 0, 0), word(0, 0, 255, 255),
	    word(127, 0, 0, 1), "00000000", "00000000", "00000000",
	    "00000000");
	/* word() has room for four. */
	feed(&s, true, text, strlen(text));
	ATF_REQUIRE_EQ(s.n, 1);
	ATF_CHECK_EQ(s.row.state, TCPTABLE_OPEN);
	ATF_CHECK_EQ(memcmp(s.row.local,
	    "\0\0\0\0\0\0\0\0\0\0\377\377\177\0\0\001", 16), 0);
	ATF_CHECK_EQ(s.row.remote_port, 1);
}

H_CASE(hostile, "what is no row is passed over, and the next one is read")
{
	static const char *const bad[] = {
		"", ":", "1:", "1: ", "x: 0100007F:0019 0100007F:0019 01",
		"1: 0100007:0019 0100007F:0019 01",
		"1: 0100007F0:0019 0100007F:0019 01",
		"1: 0100007F 0019 0100007F:0019 01",
		"1: 0100007F: 0100007F:0019 01",
		"1: 0100007F:10000 0100007F:0019 01",
		"1: 0100007F:0019", "1: 0100007F:0019 ",
		"1: 0100007F:0019 0100007F:0019",
		"1: 0100007F:0019 0100007F:0019 ",
		"1: 0100007F:0019 0100007F:0019 zz",
		"1: 0100007F:0019 0100007F:0019 123456789",
		"1: 0100007f:0019 0100007F:0019 01",
		"1: \377\376:0019 0100007F:0019 01",
		"1: 0100007F:0019 0100007F:123456789 01",
	};
	char text[2000], *p;
	struct tcptable t;
	struct seen s;
	size_t i, n;
	unsigned seed = 1;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s\n"
		    "1: 0100007F:0019 0100007F:0019 01" REST, bad[i]);
		feed(&s, false, text, 7);
		ATF_CHECK_EQ_MSG(s.n, 1, "%s: %zu", bad[i], s.n);
		/* Of IPv6 none of these is a row. */
		feed(&s, true, text, 7);
		ATF_CHECK_EQ_MSG(s.n, 0, "%s: %zu", bad[i], s.n);
	}
	/* A line that is too long; a NUL. */
	memset(text, '1', 1500);
	strlcpy(text + 1500, "\n1: 0100007F:0019 0100007F:0019 07" REST,
	    sizeof(text) - 1500);
	feed(&s, false, text, 100);
	ATF_CHECK_EQ(s.n, 1);
	ATF_CHECK_EQ(s.row.state, TCPTABLE_CLOSED);
	/* Bytes as they come: nothing but rows or none. */
	memset(&t, 0, sizeof(t));
	for (i = 0; i < 20000; i++) {
		for (p = text, n = 0; n < 64; n++) {
			seed = seed * 1103515245u + 12345u;
			*p++ = "0123456789ABCDEF:: \n\0\377"
			    [(seed >> 16) % 22];
		}
		tcptable_text(&t, (i & 1) != 0, text, n, on_row, &s);
	}
}

/* --- the look itself ------------------------------------------------------ */

static void
on_done(int err, void *arg)
{
	struct loop *loop = arg;

	ATF_CHECK_EQ_MSG(err, 0, "%s", strerror(err));
	loop_stop(loop);
}

static unsigned
port_of(int fd)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);

	ATF_REQUIRE_EQ(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	return (ntohs(sin.sin_port));
}

static void
look(struct peers *p, struct peer *list, size_t n)
{
	struct loop *loop = loop_new(NULL);

	peers_look(p, loop, list, n, on_done, loop);
	ATF_CHECK(peers_busy(p));
	ATF_REQUIRE_EQ(loop_run(loop), 0);
	ATF_CHECK(!peers_busy(p));
	loop_free(loop);
}

H_CASE(netstat, "what netstat prints, and what it would never")
{
	static const char good[] =
	    "Active Internet connections\n"
	    "tcp4  0  0  192.0.2.1.25  198.51.100.7.40001  ESTABLISHED\n"
	    "tcp6  0  0  2001:db8::1.25  2001:db8::2.40002  CLOSE_WAIT\r\n"
	    "tcp   0  0  192.0.2.1:25  198.51.100.7:40003  CLOSED\n"
	    "tcp   0  0  192.0.2.1:25  198.51.100.7:40004\n"
	    "udp4  0  0  192.0.2.1.25  198.51.100.7.40005  ESTABLISHED\n"
	    "tcp4  0  0  *.25  *.*  LISTEN";
	static const struct {
		const char	*client;
		unsigned	 port;
		enum peer_state	 state;
	} row[] = {
		{ "198.51.100.7", 40001, PEER_OPEN },
		{ "2001:db8::2", 40002, PEER_HALF_CLOSED },
		{ "198.51.100.7", 40003, PEER_CLOSED },
		{ "198.51.100.7", 40004, PEER_CLOSED },
		{ "198.51.100.7", 40005, PEER_UNKNOWN },
	};
	enum { N = sizeof(row) / sizeof(row[0]) };
	struct peer list[N];
	char text[sizeof(good)];
	size_t i, cut;

	/* Whole, and cut off at every byte. */
	for (cut = sizeof(good) - 1; cut != SIZE_MAX; cut--) {
		memset(list, 0, sizeof(list));
		for (i = 0; i < N; i++) {
			ATF_REQUIRE_EQ(network_read_address(row[i].client,
			    &list[i].client), 0);
			list[i].client_port = row[i].port;
		}
		memcpy(text, good, cut);
		text[cut] = '\0';
		peers_netstat(list, N, text);
		for (i = 0; i < N && cut == sizeof(good) - 1; i++)
			ATF_CHECK_EQ(row[i].state, list[i].state);
		ATF_CHECK_EQ(PEER_UNKNOWN, list[N - 1].state);
	}
}

H_CASE(look, "hundreds of connections, and one among them")
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	struct peers p;
	struct peer list[3];
	struct seen s;
	struct loop *loop;
	int listener, client[300], server[300], i;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	ATF_REQUIRE_EQ(bind(listener, (struct sockaddr *)&sin, len), 0);
	ATF_REQUIRE_EQ(listen(listener, 300), 0);
	ATF_REQUIRE_EQ(getsockname(listener, (struct sockaddr *)&sin, &len),
	    0);
	for (i = 0; i < 300; i++) {
		client[i] = socket(AF_INET, SOCK_STREAM, 0);
		ATF_REQUIRE_EQ(connect(client[i], (struct sockaddr *)&sin,
		    len), 0);
		server[i] = accept(listener, NULL, NULL);
		ATF_REQUIRE(server[i] != -1);
	}
	memset(&p, 0, sizeof(p));
	memset(list, 0, sizeof(list));
	for (i = 0; i < 3; i++) {
		ATF_REQUIRE_EQ(network_read_address("127.0.0.1",
		    &list[i].client), 0);
		list[i].client_port = port_of(client[150]);
	}
	/* Known altogether; by address alone; at another port of the server. */
	ATF_REQUIRE_EQ(network_read_address("127.0.0.1", &list[0].server), 0);
	list[0].server_port = port_of(listener);
	ATF_REQUIRE_EQ(network_read_address("0.0.0.0", &list[1].server), 0);
	list[2].server_port = 1;
	if (tcptable_read(&p.table, on_row, &s) == -1)
		atf_tc_skip("no table of connections");
	tcptable_stop(&p.table);
	look(&p, list, 3);
	ATF_CHECK_EQ(list[0].state, PEER_OPEN);
	ATF_CHECK_EQ(list[1].state, PEER_OPEN);
	ATF_CHECK_EQ(list[2].state, PEER_UNKNOWN);
	close(client[150]);
	look(&p, list, 3);
	ATF_CHECK_EQ(list[0].state, PEER_HALF_CLOSED);
	ATF_CHECK_EQ(list[1].state, PEER_HALF_CLOSED);
	/* Given up in the middle. */
	loop = loop_new(NULL);
	peers_look(&p, loop, list, 3, on_done, loop);
	peers_stop(&p);
	ATF_CHECK(!peers_busy(&p));
	ATF_CHECK_EQ(loop_run(loop), 0);
	loop_free(loop);
	for (i = 0; i < 300; i++) {
		close(server[i]);
		close(client[i]);
	}
	close(listener);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, rows);
	ATF_TP_ADD_TC(tp, inet6);
	ATF_TP_ADD_TC(tp, hostile);
	ATF_TP_ADD_TC(tp, netstat);
	ATF_TP_ADD_TC(tp, look);
	return (atf_no_error());
}
