/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * socks.c - our side of SOCKS5 with a user and a password.
 * Owns:      the form of what is sent, and the meaning of what comes.
 * Called by: dial.c, the fuzz target.
 * Must not:  touch a socket, or take one byte more than the proxy's own.
 */
#include "compat.h"

#include <sys/socket.h>

#include <netinet/in.h>

#include <stdio.h>

#include "net/socks.h"

#define SOCKS_VERSION		5
#define SOCKS_LOGIN_VERSION	1
#define SOCKS_NO_LOGIN		0x00
#define SOCKS_PASSWORD		0x02
#define SOCKS_NO_METHOD		0xff
#define SOCKS_CONNECT		1
#define SOCKS_IPV4		1
#define SOCKS_NAME		3
#define SOCKS_IPV6		4

/* What a reply's second byte says. */
static const char *const socks_codes[] = {
	NULL,
	"general failure of the proxy",
	"not allowed by the rules of the proxy",
	"network unreachable",
	"host unreachable",
	"connection refused by the destination",
	"time to live expired",
	"the proxy cannot connect",
	"the proxy cannot use this kind of address"
};

static void
socks_fail(struct socks *s, bool proxy, const char *why)
{
	s->proxy = proxy;
	s->state = SOCKS_FAILED;
	s->want = 0;
	s->out_len = s->out_pos = 0;
	(void)strlcpy(s->why, why, sizeof(s->why));
}

static void
socks_fail_byte(struct socks *s, const char *what, unsigned byte)
{
	char why[sizeof(s->why)];

	(void)snprintf(why, sizeof(why), "%s 0x%02x", what, byte);
	socks_fail(s, s->state != SOCKS_REPLY || s->in[0] != SOCKS_VERSION,
	    why);
}

static void
socks_put(struct socks *s, const void *data, size_t len)
{
	memcpy(s->out + s->out_len, data, len);
	s->out_len += len;
}

static void
socks_put_byte(struct socks *s, unsigned byte)
{
	s->out[s->out_len++] = (unsigned char)byte;
}

static void
socks_expect(struct socks *s, enum socks_state state, size_t want)
{
	s->state = state;
	s->have = 0;
	s->want = want;
}

static int
socks_make_request(struct socks *s, const struct sockaddr *sa,
    const char *host, unsigned port)
{
	union {
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	} u;
	unsigned char *p = s->request;
	size_t len;

	*p++ = SOCKS_VERSION;
	*p++ = SOCKS_CONNECT;
	*p++ = 0;
	if (sa == NULL) {
		len = strlen(host);
		if (len == 0 || len > SOCKS_TEXT_MAX)
			return (-1);
		*p++ = SOCKS_NAME;
		*p++ = (unsigned char)len;
		memcpy(p, host, len);
		p += len;
	} else if (sa->sa_family == AF_INET) {
		memcpy(&u.in, sa, sizeof(u.in));
		port = ntohs(u.in.sin_port);
		*p++ = SOCKS_IPV4;
		memcpy(p, &u.in.sin_addr, 4);
		p += 4;
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&u.in6, sa, sizeof(u.in6));
		port = ntohs(u.in6.sin6_port);
		*p++ = SOCKS_IPV6;
		memcpy(p, &u.in6.sin6_addr, 16);
		p += 16;
	} else
		return (-1);
	*p++ = (unsigned char)(port >> 8);
	*p++ = (unsigned char)port;
	s->request_len = (size_t)(p - s->request);
	return (0);
}

int
socks_begin(struct socks *s, const struct sockaddr *sa, const char *host,
    unsigned port, const char *user, const char *password)
{
	memset(s, 0, sizeof(*s));
	if (user != NULL && (strlen(user) > SOCKS_TEXT_MAX ||
	    strlen(password) > SOCKS_TEXT_MAX || user[0] == '\0' ||
	    password[0] == '\0'))
		return (-1);
	if (socks_make_request(s, sa, host, port) == -1)
		return (-1);
	s->user = user;
	s->password = password;
	socks_put_byte(s, SOCKS_VERSION);
	socks_put_byte(s, user != NULL ? 2 : 1);
	socks_put_byte(s, SOCKS_NO_LOGIN);
	if (user != NULL)
		socks_put_byte(s, SOCKS_PASSWORD);
	socks_expect(s, SOCKS_METHOD, 2);
	return (0);
}

const unsigned char *
socks_out(const struct socks *s, size_t *len)
{
	*len = s->out_len - s->out_pos;
	return (s->out + s->out_pos);
}

void
socks_sent(struct socks *s, size_t n)
{
	s->out_pos += n;
	/* The password has gone where it had to. */
	if (s->out_pos == s->out_len)
		memset(s->out, 0, sizeof(s->out));
}

static void
socks_ask(struct socks *s)
{
	s->out_len = s->out_pos = 0;
	socks_put(s, s->request, s->request_len);
	/* Some send no more than these two when they refuse. */
	socks_expect(s, SOCKS_REPLY, 2);
}

static void
socks_on_method(struct socks *s)
{
	size_t user_len, password_len;

	if (s->in[0] != SOCKS_VERSION)
		socks_fail_byte(s, "not a SOCKS5 proxy, it begins with",
		    s->in[0]);
	else if (s->in[1] == SOCKS_NO_LOGIN)
		socks_ask(s);
	else if (s->in[1] == SOCKS_PASSWORD && s->user != NULL) {
		user_len = strlen(s->user);
		password_len = strlen(s->password);
		s->out_len = s->out_pos = 0;
		socks_put_byte(s, SOCKS_LOGIN_VERSION);
		socks_put_byte(s, (unsigned)user_len);
		socks_put(s, s->user, user_len);
		socks_put_byte(s, (unsigned)password_len);
		socks_put(s, s->password, password_len);
		socks_expect(s, SOCKS_LOGIN, 2);
	} else if (s->in[1] == SOCKS_NO_METHOD)
		socks_fail(s, true, s->user == NULL ?
		    "the proxy wants a user and a password" :
		    "the proxy takes no user with a password");
	else
		socks_fail_byte(s, "the proxy chose what was not offered,",
		    s->in[1]);
}

static void
socks_on_reply(struct socks *s)
{
	unsigned code = s->in[1];

	if (s->in[0] != SOCKS_VERSION)
		socks_fail_byte(s, "a reply begins with", s->in[0]);
	else if (code == 0)
		/* With the first byte of the address: a name's length. */
		socks_expect(s, SOCKS_ADDRESS, 3);
	else if (code < sizeof(socks_codes) / sizeof(socks_codes[0]))
		socks_fail(s, false, socks_codes[code]);
	else
		socks_fail_byte(s, "refused with the unknown code", code);
}

/* What is in this address does not matter, but its length does. */
static void
socks_on_address(struct socks *s)
{
	size_t all;

	switch (s->in[1]) {
	case SOCKS_IPV4:
		all = 2 + 4 + 2;
		break;
	case SOCKS_NAME:
		all = 2 + 1 + (size_t)s->in[2] + 2;
		break;
	case SOCKS_IPV6:
		all = 2 + 16 + 2;
		break;
	default:
		socks_fail_byte(s, "a reply has the unknown kind of address",
		    s->in[1]);
		return;
	}
	if (s->have < all)
		s->want = all - s->have;
	else
		socks_expect(s, SOCKS_DONE, 0);
}

void
socks_feed(struct socks *s, const unsigned char *data, size_t n)
{
	memcpy(s->in + s->have, data, n);
	s->have += n;
	s->want -= n;
	if (s->want > 0)
		return;
	switch (s->state) {
	case SOCKS_METHOD:
		socks_on_method(s);
		break;
	case SOCKS_LOGIN:
		if (s->in[0] != SOCKS_LOGIN_VERSION)
			socks_fail_byte(s, "the answer to the password begins "
			    "with", s->in[0]);
		else if (s->in[1] != 0)
			socks_fail(s, true, "the proxy refused the user or "
			    "the password");
		else
			socks_ask(s);
		break;
	case SOCKS_REPLY:
		socks_on_reply(s);
		break;
	case SOCKS_ADDRESS:
		socks_on_address(s);
		break;
	case SOCKS_DONE:
	case SOCKS_FAILED:
		break;
	}
}

void
socks_cut(struct socks *s, const char *why)
{
	/* It may have found out that it cannot get there. */
	socks_fail(s, s->state == SOCKS_METHOD || s->state == SOCKS_LOGIN,
	    why);
}

#undef SOCKS_VERSION
#undef SOCKS_LOGIN_VERSION
#undef SOCKS_NO_LOGIN
#undef SOCKS_PASSWORD
#undef SOCKS_NO_METHOD
#undef SOCKS_CONNECT
#undef SOCKS_IPV4
#undef SOCKS_NAME
#undef SOCKS_IPV6
