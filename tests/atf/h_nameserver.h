/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_nameserver.h - a name server in the test's own loop, on a free port of the
 * loopback, that answers what the case's function says.
 */
#ifndef H_NAMESERVER_H
#define H_NAMESERVER_H

#include <sys/socket.h>

#include <netinet/in.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <atf-c.h>

#include "event/loop.h"
#include "net/dns_packet.h"

#define NS_TYPE_CNAME	5
#define NS_TYPE_SOA	6

struct ns;
/* A question has come; tcp: over that. */
typedef void ns_fn(struct ns *, bool tcp, void *arg);

struct ns {
	struct loop	*l;
	struct loop_io	 udp, door, tcp;
	struct sockaddr_storage ss;	/* where it is */
	struct sockaddr_in from;
	ns_fn		*fn;
	void		*arg;
	unsigned	 asked;
	unsigned char	 q[600];
	size_t		 qlen;
	char		 name[256];	/* of the question, as text */
	unsigned	 type;
	/* The answer: ns_begin(), ns_add() ..., ns_send(). */
	size_t		 len;
	unsigned char	 msg[65535];
};

static inline void
ns_put(struct ns *s, const void *data, size_t len)
{
	ATF_REQUIRE(len <= sizeof(s->msg) - s->len);
	memcpy(s->msg + s->len, data, len);
	s->len += len;
}

static inline void
ns_put16(struct ns *s, unsigned v)
{
	unsigned char c[2] = { (unsigned char)(v >> 8), (unsigned char)v };

	ns_put(s, c, sizeof(c));
}

/* Header and question of an answer, nothing behind. */
static inline void
ns_begin(struct ns *s, unsigned rcode)
{
	size_t end = 12;

	while (s->q[end] != 0)
		end += 1 + (size_t)s->q[end];
	s->len = 0;
	ns_put(s, s->q, end + 5);
	s->msg[2] = 0x81;
	s->msg[3] = (unsigned char)(0x80 | rcode);
	memset(s->msg + 6, 0, 6);
}

/* A record, owner "" standing for the name of the question. */
static inline void
ns_add_to(struct ns *s, size_t section, const char *owner, unsigned type,
    uint32_t ttl, const void *data, size_t len)
{
	unsigned char name[DNS_PACKET_NAME];

	if (*owner == '\0')
		ns_put16(s, 0xc00c);
	else
		ns_put(s, name, dns_packet_name(owner, name));
	ns_put16(s, type);
	ns_put16(s, 1);
	ns_put16(s, ttl >> 16);
	ns_put16(s, ttl & 0xffff);
	ns_put16(s, (unsigned)len);
	ns_put(s, data, len);
	if (++s->msg[section + 1] == 0)
		s->msg[section]++;
}

static inline void
ns_add(struct ns *s, const char *owner, unsigned type, uint32_t ttl,
    const void *data, size_t len)
{
	ns_add_to(s, 6, owner, type, ttl, data, len);
}

static inline void
ns_add_name(struct ns *s, const char *owner, unsigned type, uint32_t ttl,
    const char *target)
{
	unsigned char name[DNS_PACKET_NAME];

	ns_add(s, owner, type, ttl, name, dns_packet_name(target, name));
}

/* How long it is known that there is nothing. */
static inline void
ns_add_soa(struct ns *s, uint32_t ttl, unsigned char minimum)
{
	unsigned char data[22] = { 0 };

	data[21] = minimum;
	ns_add_to(s, 8, "example", NS_TYPE_SOA, ttl, data, sizeof(data));
}

static inline void
ns_send(struct ns *s, bool tcp)
{
	unsigned char head[2] = { (unsigned char)(s->len >> 8),
	    (unsigned char)s->len };

	if (tcp) {
		ATF_REQUIRE_EQ(2, write(s->tcp.fd, head, 2));
		ATF_REQUIRE_EQ((ssize_t)s->len, write(s->tcp.fd, s->msg,
		    s->len));
	} else
		(void)sendto(s->udp.fd, s->msg, s->len, 0,
		    (struct sockaddr *)&s->from, sizeof(s->from));
}

static inline void
ns_hang_up(struct ns *s)
{
	if (s->tcp.loop != NULL) {
		loop_io_del(&s->tcp);
		(void)close(s->tcp.fd);
	}
}

static inline void
ns_asked(struct ns *s, ssize_t n, size_t head)
{
	size_t pos = 12, label, len = 0;

	ATF_REQUIRE_MSG(n > 12 + (ssize_t)head, "%zd", n);
	s->qlen = (size_t)n - head;
	memmove(s->q, s->q + head, s->qlen);
	s->name[0] = '\0';
	while ((label = s->q[pos++]) != 0) {
		if (len > 0)
			s->name[len++] = '.';
		memcpy(s->name + len, s->q + pos, label);
		len += label;
		pos += label;
	}
	s->name[len] = '\0';
	s->type = (unsigned)s->q[pos] << 8 | s->q[pos + 1];
	s->asked++;
	s->fn(s, head > 0, s->arg);
}

static inline void
ns_on_udp(struct loop_io *io, unsigned ready, void *arg)
{
	struct ns *s = arg;
	socklen_t len = sizeof(s->from);

	(void)ready;
	ns_asked(s, recvfrom(io->fd, s->q, sizeof(s->q), 0,
	    (struct sockaddr *)&s->from, &len), 0);
}

static inline void
ns_on_tcp(struct loop_io *io, unsigned ready, void *arg)
{
	struct ns *s = arg;
	ssize_t n = read(io->fd, s->q, sizeof(s->q));

	(void)ready;
	if (n <= 0)
		ns_hang_up(s);
	else
		ns_asked(s, n, 2);
}

static inline void
ns_on_door(struct loop_io *io, unsigned ready, void *arg)
{
	struct ns *s = arg;
	int fd = accept(io->fd, NULL, NULL);

	(void)ready;
	ATF_REQUIRE(fd != -1);
	ns_hang_up(s);
	ATF_REQUIRE_EQ(0, loop_io_add(s->l, &s->tcp, fd, LOOP_READ, ns_on_tcp,
	    s));
}

/* Both sockets at one port. */
static inline void
ns_open(struct ns *s, struct loop *l, ns_fn *fn, void *arg)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	int udp, tcp, size = 1 << 20, tries = 0;

	memset(s, 0, sizeof(*s));
	s->l = l;
	s->fn = fn;
	s->arg = arg;
	do {
		udp = socket(AF_INET, SOCK_DGRAM, 0);
		tcp = socket(AF_INET, SOCK_STREAM, 0);
		memset(&in, 0, sizeof(in));
		in.sin_family = AF_INET;
		in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		ATF_REQUIRE(udp != -1 && tcp != -1 && tries++ < 50);
		ATF_REQUIRE_EQ(0, bind(udp, (struct sockaddr *)&in,
		    sizeof(in)));
		ATF_REQUIRE_EQ(0, getsockname(udp, (struct sockaddr *)&in,
		    &len));
		if (bind(tcp, (struct sockaddr *)&in, sizeof(in)) == 0)
			break;
		(void)close(udp);
		(void)close(tcp);
	} while (true);
	(void)setsockopt(udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	ATF_REQUIRE_EQ(0, listen(tcp, 50));
	memcpy(&s->ss, &in, sizeof(in));
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s->udp, udp, LOOP_READ, ns_on_udp,
	    s));
	ATF_REQUIRE_EQ(0, loop_io_add(l, &s->door, tcp, LOOP_READ, ns_on_door,
	    s));
}

static inline unsigned
ns_port(const struct ns *s)
{
	struct sockaddr_in in;

	memcpy(&in, &s->ss, sizeof(in));
	return (ntohs(in.sin_port));
}

/* Its UDP port is closed: who asks is told so by the kernel. */
static inline void
ns_close_udp(struct ns *s)
{
	if (s->udp.loop != NULL) {
		loop_io_del(&s->udp);
		(void)close(s->udp.fd);
	}
}

static inline void
ns_close(struct ns *s)
{
	ns_close_udp(s);
	ns_hang_up(s);
	loop_io_del(&s->door);
	(void)close(s->door.fd);
}

#endif /* H_NAMESERVER_H */
