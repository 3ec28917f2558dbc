/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * dns_packet.c - questions to name servers, and their answers, as bytes.
 * Owns:      the format of RFC 1035, names and their compression.
 * Called by: dns_try.c; dns.c for names; tests/fuzz/fuzz_dns.c.
 * Must not:  believe any length or count that came.
 */
#include "compat.h"

#include "net/dns_packet.h"

#define DNS_PACKET_HEAD	12u
#define DNS_PACKET_IN	1u	/* the one class */
#define DNS_PACKET_CNAME 5u
#define DNS_PACKET_SOA	6u
#define DNS_PACKET_OPT	41u
#define DNS_PACKET_LABEL 63u
#define DNS_PACKET_HOPS	127u	/* pointers in one name */
#define DNS_PACKET_CHAIN 8u	/* CNAMEs that are followed */

struct dns_packet_string {
	size_t		 len;
	unsigned char	 wire[DNS_PACKET_NAME];	/* in lower case */
};

struct dns_packet_rr {
	struct dns_packet_string owner;
	unsigned	 type, class;
	uint32_t	 ttl;
	size_t		 data, len;	/* within the message */
};

static unsigned char
dns_packet_lower(unsigned char c)
{
	return (c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c);
}

static unsigned
dns_packet_16(const unsigned char *p)
{
	return ((unsigned)p[0] << 8 | p[1]);
}

static uint32_t
dns_packet_32(const unsigned char *p)
{
	return ((uint32_t)dns_packet_16(p) << 16 | dns_packet_16(p + 2));
}

/* --- names --------------------------------------------------------------- */

size_t
dns_packet_name(const char *text, unsigned char name[DNS_PACKET_NAME])
{
	size_t n = 0, len;

	do {
		len = strcspn(text, ".");
		if (len == 0 || len > DNS_PACKET_LABEL ||
		    n + len > DNS_PACKET_NAME - 2)
			return (0);
		name[n++] = (unsigned char)len;
		for (; len > 0; len--)
			name[n++] = dns_packet_lower((unsigned char)*text++);
		if (*text == '.')
			text++;
	} while (*text != '\0');
	name[n++] = 0;
	return (n);
}

/* The name at pos; returns what is behind it, or 0 when it is none. */
static size_t
dns_packet_expand(const unsigned char *msg, size_t len, size_t pos,
    struct dns_packet_string *s)
{
	size_t begin = pos, end = 0;
	unsigned c, hops = 0;

	s->len = 0;
	while (pos < len) {
		c = msg[pos++];
		if (c >= 0xc0) {
			if (pos == len)
				return (0);
			if (end == 0)
				end = pos + 1;
			pos = (size_t)(c & 0x3f) << 8 | msg[pos];
			/* Only back to what was before: so it has an end. */
			if (pos >= begin || ++hops > DNS_PACKET_HOPS)
				return (0);
			begin = pos;
			continue;
		}
		/* A label leaves room for the name's last 0. */
		if (c > DNS_PACKET_LABEL || c > len - pos ||
		    s->len + c + (c > 0) >= DNS_PACKET_NAME)
			return (0);
		s->wire[s->len++] = (unsigned char)c;
		if (c == 0)
			return (end != 0 ? end : pos);
		for (; c > 0; c--)
			s->wire[s->len++] = dns_packet_lower(msg[pos++]);
	}
	return (0);
}

static bool
dns_packet_same(const struct dns_packet_string *a,
    const struct dns_packet_string *b)
{
	return (a->len == b->len && memcmp(a->wire, b->wire, a->len) == 0);
}

/* As text; a byte that could be taken for something else is '?'. */
static void
dns_packet_text(const struct dns_packet_string *s, char *dst)
{
	size_t pos = 0, label;
	unsigned char c;

	while ((label = s->wire[pos++]) != 0) {
		if (pos > 1)
			*dst++ = '.';
		for (; label > 0; label--) {
			c = s->wire[pos++];
			*dst++ = c > ' ' && c < 0x7f && c != '.' ? (char)c :
			    '?';
		}
	}
	*dst = '\0';
}

/* --- questions ----------------------------------------------------------- */

size_t
dns_packet_ask(unsigned char dst[DNS_PACKET_MAX], unsigned id, int type,
    const unsigned char *name, size_t namelen, bool edns)
{
	/* One question, recursion desired; and an empty OPT record. */
	static const unsigned char head[] = { 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	static const unsigned char opt[] = { 0, 0, DNS_PACKET_OPT,
	    DNS_PACKET_UDP >> 8, DNS_PACKET_UDP & 0xff, 0, 0, 0, 0, 0, 0 };
	unsigned char *p = dst;

	*p++ = (unsigned char)(id >> 8);
	*p++ = (unsigned char)id;
	memcpy(p, head, sizeof(head));
	p += sizeof(head);
	memcpy(p, name, namelen);
	p += namelen;
	*p++ = (unsigned char)(type >> 8);
	*p++ = (unsigned char)type;
	*p++ = 0;
	*p++ = DNS_PACKET_IN;
	if (edns) {
		dst[DNS_PACKET_HEAD - 1] = 1;
		memcpy(p, opt, sizeof(opt));
		p += sizeof(opt);
	}
	return ((size_t)(p - dst));
}

/* --- answers ------------------------------------------------------------- */

/* The record at pos; returns what is behind it, or 0. */
static size_t
dns_packet_record(const unsigned char *msg, size_t len, size_t pos,
    struct dns_packet_rr *rr)
{
	pos = dns_packet_expand(msg, len, pos, &rr->owner);
	if (pos == 0 || len - pos < 10)
		return (0);
	rr->type = dns_packet_16(msg + pos);
	rr->class = dns_packet_16(msg + pos + 2);
	rr->ttl = dns_packet_32(msg + pos + 4);
	if (rr->ttl > INT32_MAX)
		rr->ttl = 0;
	rr->len = dns_packet_16(msg + pos + 8);
	rr->data = pos + 10;
	return (rr->len <= len - rr->data ? rr->data + rr->len : 0);
}

/* The name that is all of a record's data; false when it is none. */
static bool
dns_packet_target(const unsigned char *msg, const struct dns_packet_rr *rr,
    struct dns_packet_string *s)
{
	return (dns_packet_expand(msg, rr->data + rr->len, rr->data, s) ==
	    rr->data + rr->len);
}

/* The strings of a TXT, put together. */
static bool
dns_packet_strings(const unsigned char *p, size_t len, char *dst)
{
	size_t n = 0, string;

	while (len > 0) {
		string = *p++;
		if (string > --len)
			return (false);
		len -= string;
		for (; string > 0; string--, p++)
			if (n < DNS_TEXT_MAX - 1)
				dst[n++] = *p >= ' ' && *p < 0x7f ? (char)*p :
				    '?';
	}
	dst[n] = '\0';
	return (true);
}

/* Adds what the record says; false when that makes no sense. */
static bool
dns_packet_take(struct dns_packet_answer *a, const unsigned char *msg,
    const struct dns_packet_rr *rr)
{
	struct dns_record *record = &a->record[a->n];
	char *text = a->text[a->n];
	struct dns_packet_string s;

	if (a->n == DNS_RECORDS_MAX)
		return (true);
	if (rr->type == DNS_A || rr->type == DNS_AAAA) {
		if (rr->len != (rr->type == DNS_A ? 4 : 16))
			return (false);
		memcpy(record->address, msg + rr->data, rr->len);
	} else if (rr->type == DNS_TXT) {
		if (!dns_packet_strings(msg + rr->data, rr->len, text))
			return (false);
		record->text = text;
	} else {
		if (!dns_packet_target(msg, rr, &s))
			return (false);
		dns_packet_text(&s, text);
		record->text = text;
	}
	a->n++;
	return (true);
}

/*
 * The records of the answer section that name has.  Returns what is behind the
 * section, or 0; *alias is name's CNAME, if it has one (else its len is 0).
 */
static size_t
dns_packet_section(const unsigned char *msg, size_t len, size_t pos,
    unsigned type, const struct dns_packet_string *name,
    struct dns_packet_string *alias, struct dns_packet_answer *a)
{
	unsigned i, count = dns_packet_16(msg + 6);
	struct dns_packet_rr rr;

	alias->len = 0;
	for (i = 0; i < count; i++) {
		pos = dns_packet_record(msg, len, pos, &rr);
		if (pos == 0)
			return (0);
		if (rr.class != DNS_PACKET_IN ||
		    !dns_packet_same(&rr.owner, name))
			continue;
		if (rr.type == type ? !dns_packet_take(a, msg, &rr) :
		    rr.type == DNS_PACKET_CNAME &&
		    !dns_packet_target(msg, &rr, alias))
			return (0);
		if ((rr.type == type || rr.type == DNS_PACKET_CNAME) &&
		    rr.ttl < a->ttl)
			a->ttl = rr.ttl;
	}
	return (pos);
}

/* RFC 2308: how long it is known that there is nothing.  False: garbled. */
static bool
dns_packet_negative(const unsigned char *msg, size_t len, size_t pos,
    struct dns_packet_answer *a)
{
	unsigned i, count = dns_packet_16(msg + 8);
	struct dns_packet_rr rr;
	uint32_t least;

	a->ttl = 0;
	for (i = 0; i < count; i++) {
		pos = dns_packet_record(msg, len, pos, &rr);
		if (pos == 0)
			return (false);
		/* Two names and five numbers, the last one of which counts. */
		if (rr.type != DNS_PACKET_SOA || rr.len < 22)
			continue;
		least = dns_packet_32(msg + rr.data + rr.len - 4);
		a->ttl = least < rr.ttl ? least : rr.ttl;
	}
	return (true);
}

enum dns_packet
dns_packet_read(const unsigned char *msg, size_t len,
    const unsigned char *question, struct dns_packet_answer *a)
{
	struct dns_packet_string name, other;
	size_t at, pos;
	unsigned i, type;

	memset(a, 0, offsetof(struct dns_packet_answer, text));
	/* An answer, to a plain question, with our id. */
	if (len < DNS_PACKET_HEAD || memcmp(msg, question, 2) != 0 ||
	    (msg[2] & 0xf8) != 0x80)
		return (DNS_PACKET_ALIEN);
	a->rcode = msg[3] & 0x0f;
	/* Some servers do not repeat a question that they did not read. */
	if (dns_packet_16(msg + 4) == 0 && a->rcode != 0 &&
	    a->rcode != DNS_NXDOMAIN)
		return (DNS_PACKET_ERROR);
	at = dns_packet_expand(question, DNS_PACKET_MAX, DNS_PACKET_HEAD,
	    &name);
	if (dns_packet_16(msg + 4) != 1 ||
	    dns_packet_expand(msg, len, DNS_PACKET_HEAD, &other) != at ||
	    !dns_packet_same(&name, &other) || len - at < 4 ||
	    memcmp(msg + at, question + at, 4) != 0)
		return (DNS_PACKET_ALIEN);
	if (a->rcode != 0 && a->rcode != DNS_NXDOMAIN)
		return (DNS_PACKET_ERROR);
	if ((msg[2] & 0x02) != 0)
		return (DNS_PACKET_TRUNCATED);
	type = dns_packet_16(msg + at);
	a->ttl = UINT32_MAX;
	for (i = 0; i <= DNS_PACKET_CHAIN; i++) {
		pos = dns_packet_section(msg, len, at + 4, type, &name,
		    &other, a);
		if (pos == 0)
			return (DNS_PACKET_GARBLED);
		if (a->n > 0 && a->rcode == 0)
			return (DNS_PACKET_FOUND);
		if (a->n > 0 || other.len == 0)
			return (dns_packet_negative(msg, len, pos, a) ?
			    DNS_PACKET_NONE : DNS_PACKET_GARBLED);
		name = other;
	}
	return (DNS_PACKET_GARBLED);
}

#undef DNS_PACKET_HEAD
#undef DNS_PACKET_IN
#undef DNS_PACKET_CNAME
#undef DNS_PACKET_SOA
#undef DNS_PACKET_OPT
#undef DNS_PACKET_LABEL
#undef DNS_PACKET_HOPS
#undef DNS_PACKET_CHAIN
