/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * socks.h - our side of SOCKS5 (RFC 1928) with a user and a password
 * (RFC 1929): what to send to the proxy and what its answers mean.  It touches
 * no socket: the owner sends socks_out() and hands what comes to socks_feed().
 */
#ifndef NET_SOCKS_H
#define NET_SOCKS_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SOCKS_TEXT_MAX	255	/* bytes of a user, a password, a host name */

enum socks_state {
	SOCKS_METHOD,		/* we have said hello */
	SOCKS_LOGIN,		/* and who we are */
	SOCKS_REPLY,		/* and where to */
	SOCKS_ADDRESS,		/* it works; from where is still to come */
	SOCKS_DONE,
	SOCKS_FAILED
};

struct socks {
	enum socks_state state;
	const char	*user;		/* NULL: none */
	const char	*password;
	size_t		 want;		/* bytes to be fed next, at most */
	bool		 proxy;		/* FAILED: whatever the destination */
	char		 why[64];	/* FAILED: the reason */
	size_t		 request_len;	/* from here on private */
	unsigned char	 request[4 + 1 + SOCKS_TEXT_MAX + 2];
	size_t		 out_len, out_pos;
	unsigned char	 out[3 + 2 * SOCKS_TEXT_MAX];
	size_t		 have;
	unsigned char	 in[3 + SOCKS_TEXT_MAX + 2];
};

/*
 * Begins: to an address (sa), or when sa is NULL to a host by its name, which
 * the proxy looks up, and a port.  user and password (both or neither) must
 * stay as they are; a user is offered, it is the proxy that chooses whether it
 * wants to know.  Returns 0, or -1 when the family is neither AF_INET nor
 * AF_INET6 or a text is empty or longer than SOCKS_TEXT_MAX.
 */
int	socks_begin(struct socks *, const struct sockaddr *sa,
	    const char *host, unsigned port, const char *user,
	    const char *password);

/* What is to be sent now, *len bytes of it; 0: wait for the proxy. */
const unsigned char *socks_out(const struct socks *, size_t *len);
/* n of them are sent. */
void	socks_sent(struct socks *, size_t n);

/*
 * The proxy has sent n bytes, 1..want.  The caller must not read more than
 * want of them: those behind the last are the destination's own, and want is 0
 * when the state is SOCKS_DONE or SOCKS_FAILED.
 */
void	socks_feed(struct socks *, const unsigned char *data, size_t n);

/* It will not send more: the state is SOCKS_FAILED, with that reason. */
void	socks_cut(struct socks *, const char *why);

#endif /* NET_SOCKS_H */
