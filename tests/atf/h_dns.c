/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_dns.c - a name server on loopback that answers from a file.
 * Owns:      "h_dns PORT FILE": UDP and TCP at 127.0.0.1:PORT.
 * Called by: h_filters.sh, and whoever needs a name server that does as told.
 * Must not:  ask another name server, or know a name that is not in FILE.
 *
 * FILE is read again for each query, so that a case can change it meanwhile.
 * Its lines are records; "*.NAME" stands for all names below NAME:
 *
 *	NAME A ADDRESS
 *	NAME AAAA ADDRESS
 *	NAME TXT TEXT		the rest of the line, in strings of 255
 *	NAME PTR NAME		also CNAME (which is followed) and NS
 *	NAME MX NUMBER NAME
 *	NAME SOA MINIMUM	of negative answers for NAME and names below
 *
 * or what is to happen with every answer for a name:
 *
 *	NAME TTL SECONDS	instead of 60
 *	NAME RCODE NUMBER	2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED and so on
 *	NAME DELAY MS		it comes late
 *	NAME HOLD PATH		it comes when that file is there
 *	NAME DROP		it does not come
 *	NAME TRUNCATED		over UDP nothing of it but the TC bit
 *	NAME WRONGID		over UDP one with another id comes first
 *	NAME NOEDNS		who asks with an OPT record gets FORMERR
 *	NAME RAW HEX		these bytes behind the query's id
 *
 * A name without records is NXDOMAIN, unless one below it has any.  A query
 * is a line on standard output: "udp NAME TYPE", or tcp.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <err.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define DNS_CONNS	64		/* over TCP */
#define DNS_NAME	1025		/* as text, with escapes */
#define DNS_FOLLOW	8		/* aliases */
#define DNS_HEADER	12
#define DNS_LOOK	10		/* ms between looks at a HOLD's file */

enum {
	DNS_A = 1, DNS_NS = 2, DNS_CNAME = 5, DNS_SOA = 6, DNS_PTR = 12,
	DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28, DNS_OPT = 41, DNS_ANY = 255
};

static const struct {
	const char	*word;
	unsigned	 type;
} dns_types[] = {
	{ "A", DNS_A }, { "NS", DNS_NS }, { "CNAME", DNS_CNAME },
	{ "SOA", DNS_SOA }, { "PTR", DNS_PTR }, { "MX", DNS_MX },
	{ "TXT", DNS_TXT }, { "AAAA", DNS_AAAA }, { "ANY", DNS_ANY },
};

#define DNS_N_TYPES	(sizeof(dns_types) / sizeof(dns_types[0]))

struct dns_msg {
	size_t		 len;
	unsigned char	 data[65535];
};

/* What the file says about a query. */
struct dns_fate {
	unsigned	 rcode, ttl, delay, answers;
	bool		 exists, drop, truncated, wrong_id, raw, no_edns;
	char		 hold[PATH_MAX];	/* "": not held */
	char		 alias[DNS_NAME];
	char		 zone[DNS_NAME];	/* of the SOA */
	unsigned	 minimum;
};

struct dns_conn {
	int		 fd;			/* -1: free */
	unsigned	 generation;
	size_t		 len;
	unsigned char	 data[2 + 65535];
};

/* An answer that is not sent yet. */
struct dns_late {
	struct dns_late	*next;
	uint64_t	 due;
	struct dns_conn	*conn;			/* NULL: to the address */
	unsigned	 generation;
	struct sockaddr_in to;
	char		*hold;			/* NULL: not held */
	size_t		 len;
	unsigned char	 data[];
};

static const char	*dns_file;
static int		 dns_udp, dns_tcp;
static struct dns_conn	 dns_conns[DNS_CONNS];
static struct dns_late	*dns_queue;

static uint64_t
dns_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

static void
dns_put(struct dns_msg *m, const void *data, size_t len)
{
	if (len > sizeof(m->data) - m->len)
		errx(1, "%s: too much for one answer", dns_file);
	memcpy(m->data + m->len, data, len);
	m->len += len;
}

static void
dns_put16(struct dns_msg *m, unsigned n)
{
	unsigned char c[2];

	c[0] = (unsigned char)(n >> 8);
	c[1] = (unsigned char)n;
	dns_put(m, c, sizeof(c));
}

static void
dns_put32(struct dns_msg *m, unsigned n)
{
	dns_put16(m, n >> 16);
	dns_put16(m, n & 0xffff);
}

static void
dns_put_name(struct dns_msg *m, const char *name)
{
	unsigned char n;
	size_t len;

	while (*name != '\0' && *name != '.') {
		len = strcspn(name, ".");
		if (len > 63)
			errx(1, "%s: %s: a label is too long", dns_file, name);
		n = (unsigned char)len;
		dns_put(m, &n, 1);
		dns_put(m, name, len);
		name += len + (name[len] == '.');
	}
	dns_put(m, "", 1);
}

/* The name at *pos of a query, as text; false when it is none. */
static bool
dns_get_name(const unsigned char *q, size_t len, size_t *pos, char *name)
{
	size_t n = 0, label;
	unsigned char c;

	while (*pos < len && (label = q[(*pos)++]) != 0) {
		if (label > 63 || label > len - *pos)
			return (false);
		if (n != 0)
			name[n++] = '.';
		for (; label > 0; label--) {
			c = q[(*pos)++];
			/* The longest wire name is 255 bytes. */
			if (n + 6 > DNS_NAME)
				return (false);
			if (isalnum(c) || c == '-' || c == '_')
				name[n++] = (char)tolower(c);
			else
				n += (size_t)snprintf(name + n, 5, "\\%03o", c);
		}
	}
	name[n] = '\0';
	return (*pos <= len && *pos > 0 && q[*pos - 1] == 0);
}

/* Whether name is zone or below it. */
static bool
dns_within(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return (n == z ? strcasecmp(name, zone) == 0 :
	    n > z && name[n - z - 1] == '.' &&
	    strcasecmp(name + n - z, zone) == 0);
}

static bool
dns_match(const char *pattern, const char *name)
{
	if (strncmp(pattern, "*.", 2) == 0)
		return (strlen(name) > strlen(pattern + 2) &&
		    dns_within(name, pattern + 2));
	return (strcasecmp(pattern, name) == 0);
}

static void
dns_put_value(struct dns_msg *m, unsigned type, char *value)
{
	unsigned char addr[16], n;
	char *rest;
	size_t len;

	switch (type) {
	case DNS_A:
	case DNS_AAAA:
		if (inet_pton(type == DNS_A ? AF_INET : AF_INET6, value,
		    addr) != 1)
			errx(1, "%s: %s: no such address", dns_file, value);
		dns_put(m, addr, type == DNS_A ? 4 : 16);
		break;
	case DNS_TXT:
		len = strlen(value);
		do {
			n = (unsigned char)(len > 255 ? 255 : len);
			dns_put(m, &n, 1);
			dns_put(m, value, n);
			value += n;
			len -= n;
		} while (len > 0);
		break;
	case DNS_MX:
		dns_put16(m, (unsigned)strtoul(value, &rest, 10));
		dns_put_name(m, rest + strspn(rest, " \t"));
		break;
	case DNS_SOA:
		dns_put_name(m, "ns.invalid");
		dns_put_name(m, "hostmaster.invalid");
		dns_put32(m, 1);
		dns_put32(m, 3600);
		dns_put32(m, 600);
		dns_put32(m, 86400);
		dns_put32(m, (unsigned)strtoul(value, NULL, 10));
		break;
	default:
		dns_put_name(m, value);
		break;
	}
}

static void
dns_put_record(struct dns_msg *m, const char *name, unsigned type,
    unsigned ttl, char *value)
{
	size_t start;

	dns_put_name(m, name);
	dns_put16(m, type);
	dns_put16(m, 1);
	dns_put32(m, ttl);
	start = m->len;
	dns_put16(m, 0);
	dns_put_value(m, type, value);
	m->data[start] = (unsigned char)((m->len - start - 2) >> 8);
	m->data[start + 1] = (unsigned char)(m->len - start - 2);
}

static void
dns_put_raw(struct dns_msg *m, const char *hex)
{
	unsigned char c;
	unsigned n;

	m->len = 2;
	for (; sscanf(hex, "%2x", &n) == 1; hex += 2) {
		c = (unsigned char)n;
		dns_put(m, &c, 1);
		if (hex[1] == '\0')
			break;
	}
}

/* One line of the file that is about this name. */
static void
dns_apply(struct dns_msg *m, struct dns_fate *f, const char *name,
    unsigned type, const char *word, char *value)
{
	unsigned number = (unsigned)strtoul(value, NULL, 10);
	size_t i;

	if (strcmp(word, "TTL") == 0)
		f->ttl = number;
	else if (strcmp(word, "RCODE") == 0)
		f->rcode = number;
	else if (strcmp(word, "DELAY") == 0)
		f->delay = number;
	else if (strcmp(word, "HOLD") == 0)
		(void)snprintf(f->hold, sizeof(f->hold), "%s", value);
	else if (strcmp(word, "DROP") == 0)
		f->drop = true;
	else if (strcmp(word, "TRUNCATED") == 0)
		f->truncated = true;
	else if (strcmp(word, "WRONGID") == 0)
		f->wrong_id = true;
	else if (strcmp(word, "NOEDNS") == 0)
		f->no_edns = true;
	else if (strcmp(word, "RAW") == 0) {
		f->raw = true;
		dns_put_raw(m, value);
	} else {
		for (i = 0; i < DNS_N_TYPES; i++)
			if (strcmp(word, dns_types[i].word) == 0)
				break;
		if (i == DNS_N_TYPES || dns_types[i].type == DNS_ANY)
			errx(1, "%s: %s: no such type", dns_file, word);
		f->exists = true;
		if (dns_types[i].type == DNS_CNAME && type != DNS_CNAME)
			(void)snprintf(f->alias, sizeof(f->alias), "%s",
			    value);
		else if (dns_types[i].type != type && type != DNS_ANY)
			return;
		dns_put_record(m, name, dns_types[i].type, f->ttl, value);
		f->answers++;
	}
}

/* All lines of the file, for one name. */
static void
dns_look(struct dns_msg *m, struct dns_fate *f, const char *name,
    unsigned type)
{
	char *line = NULL, *word, *value;
	size_t size = 0;
	FILE *fp;

	if ((fp = fopen(dns_file, "r")) == NULL)
		err(1, "%s", dns_file);
	while (getline(&line, &size, fp) != -1) {
		line[strcspn(line, "\r\n")] = '\0';
		if (*line == '#' || *line == '\0')
			continue;
		word = line + strcspn(line, " \t");
		if (*word != '\0')
			*word++ = '\0';
		word += strspn(word, " \t");
		value = word + strcspn(word, " \t");
		if (*value != '\0')
			*value++ = '\0';
		value += strspn(value, " \t");
		if (strcmp(word, "SOA") == 0 && dns_within(name, line) &&
		    strlen(line) >= strlen(f->zone)) {
			(void)snprintf(f->zone, sizeof(f->zone), "%s", line);
			f->minimum = (unsigned)strtoul(value, NULL, 10);
		}
		if (dns_match(line, name))
			dns_apply(m, f, name, type, word, value);
		else if (dns_within(line, name))
			f->exists = true;
	}
	free(line);
	(void)fclose(fp);
}

static void
dns_write(const struct dns_late *a)
{
	unsigned char head[2];

	if (a->conn == NULL)
		(void)sendto(dns_udp, a->data, a->len, 0,
		    (const struct sockaddr *)&a->to, sizeof(a->to));
	else if (a->conn->fd != -1 && a->conn->generation == a->generation) {
		head[0] = (unsigned char)(a->len >> 8);
		head[1] = (unsigned char)a->len;
		if (write(a->conn->fd, head, 2) != 2 ||
		    write(a->conn->fd, a->data, a->len) != (ssize_t)a->len)
			warn("an answer over TCP is lost");
	}
}

/* Sends it now, or puts it into the queue. */
static void
dns_send(const struct dns_msg *m, const struct dns_fate *f,
    struct dns_conn *conn, const struct sockaddr_in *to)
{
	struct dns_late *a, **p;

	if ((a = malloc(sizeof(*a) + m->len)) == NULL)
		err(1, NULL);
	a->due = dns_now() + f->delay;
	a->hold = NULL;
	if (f->hold[0] != '\0' && (a->hold = strdup(f->hold)) == NULL)
		err(1, NULL);
	a->conn = conn;
	a->generation = conn == NULL ? 0 : conn->generation;
	memset(&a->to, 0, sizeof(a->to));
	if (to != NULL)
		a->to = *to;
	a->len = m->len;
	memcpy(a->data, m->data, m->len);
	if (f->delay == 0 && a->hold == NULL) {
		dns_write(a);
		free(a);
		return;
	}
	for (p = &dns_queue; *p != NULL && (*p)->due <= a->due;
	    p = &(*p)->next)
		continue;
	a->next = *p;
	*p = a;
}

/* Sends what is due and not held; the ms until the next one, or -1. */
static int
dns_run_queue(void)
{
	struct dns_late *a, **p = &dns_queue;
	uint64_t now = dns_now();

	while ((a = *p) != NULL && a->due <= now) {
		if (a->hold != NULL && access(a->hold, F_OK) != 0) {
			p = &a->next;
			continue;
		}
		*p = a->next;
		dns_write(a);
		free(a->hold);
		free(a);
	}
	if (p != &dns_queue && (a == NULL || a->due > now + DNS_LOOK))
		return (DNS_LOOK);
	return (a == NULL ? -1 : (int)(a->due - now));
}

/* How much an asker over UDP takes: 512, or what its OPT record says. */
static size_t
dns_room(const unsigned char *q, size_t len, size_t pos)
{
	size_t room;

	if (len < pos + 11 || q[10] + q[11] == 0 || q[pos] != 0 ||
	    q[pos + 1] != 0 || q[pos + 2] != DNS_OPT)
		return (512);
	room = (size_t)(q[pos + 3] << 8 | q[pos + 4]);
	return (room < 512 ? 512 : room);
}

static void
dns_answer(const unsigned char *q, size_t len, struct dns_conn *conn,
    const struct sockaddr_in *to)
{
	static struct dns_msg m;
	struct dns_fate f;
	char name[DNS_NAME], at[DNS_NAME], minimum[16];
	const char *word = "?";
	size_t i, pos = DNS_HEADER, question;
	unsigned type, tries;

	/* One question, and no answer; all else is not for us. */
	if (len < DNS_HEADER || (q[2] & 0x80) != 0 || q[4] != 0 || q[5] != 1 ||
	    !dns_get_name(q, len, &pos, name) || len - pos < 4)
		return;
	type = (unsigned)(q[pos] << 8 | q[pos + 1]);
	pos += 4;
	for (i = 0; i < DNS_N_TYPES; i++)
		if (dns_types[i].type == type)
			word = dns_types[i].word;
	printf("%s %s %s\n", conn == NULL ? "udp" : "tcp", name, word);

	memset(&f, 0, sizeof(f));
	f.ttl = 60;
	m.len = 0;
	dns_put(&m, q, pos);
	question = m.len;
	memcpy(at, name, sizeof(at));
	for (tries = 0; tries < DNS_FOLLOW; tries++) {
		f.alias[0] = '\0';
		f.exists = false;
		dns_look(&m, &f, at, type);
		if (f.alias[0] == '\0' || f.raw)
			break;
		memcpy(at, f.alias, sizeof(at));
	}
	if (f.drop)
		return;
	if (f.raw) {
		dns_send(&m, &f, conn, to);
		return;
	}
	if (f.no_edns && q[10] + q[11] != 0)
		f.rcode = 1;
	if (f.rcode != 0) {
		m.len = question;
		f.answers = 0;
	} else if (!f.exists)
		f.rcode = 3;
	m.data[2] = (unsigned char)(0x84 | (q[2] & 0x01));
	m.data[3] = (unsigned char)(0x80 | (f.rcode & 0x0f));
	m.data[6] = (unsigned char)(f.answers >> 8);
	m.data[7] = (unsigned char)f.answers;
	memset(m.data + 8, 0, 4);
	if (f.answers == 0 && f.zone[0] != '\0') {
		(void)snprintf(minimum, sizeof(minimum), "%u", f.minimum);
		dns_put_record(&m, f.zone, DNS_SOA, f.minimum, minimum);
		m.data[9] = 1;
	}
	if (conn == NULL && (f.truncated || m.len > dns_room(q, len, pos))) {
		m.len = question;
		m.data[2] |= 0x02;
		memset(m.data + 6, 0, 6);
	}
	if (conn == NULL && f.wrong_id) {
		m.data[0] ^= 0x55;
		dns_send(&m, &f, conn, to);
		m.data[0] ^= 0x55;
	}
	dns_send(&m, &f, conn, to);
}

static void
dns_read_udp(void)
{
	static unsigned char q[65535];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n;

	if ((n = recvfrom(dns_udp, q, sizeof(q), 0, (struct sockaddr *)&from,
	    &len)) > 0)
		dns_answer(q, (size_t)n, NULL, &from);
}

static void
dns_accept(void)
{
	size_t i;
	int fd;

	if ((fd = accept(dns_tcp, NULL, NULL)) == -1)
		return;
	for (i = 0; i < DNS_CONNS; i++)
		if (dns_conns[i].fd == -1) {
			dns_conns[i].fd = fd;
			dns_conns[i].len = 0;
			dns_conns[i].generation++;
			return;
		}
	(void)close(fd);
}

static void
dns_read_tcp(struct dns_conn *c)
{
	size_t need;
	ssize_t n;

	n = read(c->fd, c->data + c->len, sizeof(c->data) - c->len);
	if (n <= 0) {
		(void)close(c->fd);
		c->fd = -1;
		return;
	}
	c->len += (size_t)n;
	while (c->len >= 2 &&
	    c->len >= (need = 2 + (size_t)(c->data[0] << 8 | c->data[1]))) {
		dns_answer(c->data + 2, need - 2, c, NULL);
		c->len -= need;
		memmove(c->data, c->data + need, c->len);
	}
}

static int
dns_bind(int kind, unsigned long port)
{
	struct sockaddr_in sin;
	int fd, on = 1;

	memset(&sin, 0, sizeof(sin));
	sin.sin_family = AF_INET;
	sin.sin_port = htons((in_port_t)port);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, kind, 0)) == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0)
		err(1, "port %lu", port);
	return (fd);
}

int
main(int argc, char *argv[])
{
	struct pollfd p[2 + DNS_CONNS];
	unsigned long port;
	size_t i;

	if (argc != 3 || (port = strtoul(argv[1], NULL, 10)) == 0 ||
	    port > 65535) {
		fprintf(stderr, "usage: h_dns PORT FILE\n");
		return (2);
	}
	dns_file = argv[2];
	(void)signal(SIGPIPE, SIG_IGN);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < DNS_CONNS; i++)
		dns_conns[i].fd = -1;
	dns_udp = dns_bind(SOCK_DGRAM, port);
	dns_tcp = dns_bind(SOCK_STREAM, port);
	if (listen(dns_tcp, 64) != 0)
		err(1, "port %lu", port);
	for (;;) {
		memset(p, 0, sizeof(p));
		p[0].fd = dns_udp;
		p[1].fd = dns_tcp;
		for (i = 0; i < DNS_CONNS; i++)
			p[2 + i].fd = dns_conns[i].fd;
		for (i = 0; i < 2 + DNS_CONNS; i++)
			p[i].events = POLLIN;
		if (poll(p, 2 + DNS_CONNS, dns_run_queue()) <= 0)
			continue;
		if (p[0].revents != 0)
			dns_read_udp();
		for (i = 0; i < DNS_CONNS; i++)
			if (p[2 + i].revents != 0)
				dns_read_tcp(&dns_conns[i]);
		if (p[1].revents != 0)
			dns_accept();
	}
}
