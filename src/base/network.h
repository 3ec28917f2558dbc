/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * network.h - addresses of the internet as text, and networks of them.
 *
 * An IPv4 address and the same one written as IPv6 (::ffff:192.0.2.1) are one
 * and the same here, and no IPv6 network but one within ::ffff:0:0/96 has an
 * IPv4 address in it.  Names are not looked up.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

struct network_address {
	unsigned char	 byte[16];	/* IPv4 behind ::ffff: */
};

struct network {
	struct network_address base;	/* no bit set behind the prefix */
	unsigned	 prefix;	/* 0..128; of IPv4 96 more */
};

/*
 * Reads an address: 192.0.2.1, 2001:db8::1, and of IPv6 also with "IPv6:" in
 * front (as MTAs write it, in any case) or a zone behind (fe80::1%eth0, which
 * is left out).  Returns 0, or -1 with *out unchanged.
 */
int	network_read_address(const char *text, struct network_address *out);

/*
 * Reads a network: an address, for itself alone, or an address, '/' and the
 * number of leading bits.  An IPv6 address may stand in brackets there.
 * Returns 0, or -1 with *out unchanged and why: what is wrong and what would be
 * right, in one line (also for bits behind the prefix).
 */
int	network_read(const char *text, struct network *out, char *why,
	    size_t whysize);

bool	network_has(const struct network *, const struct network_address *);

/*
 * Whether it can only be an address of this machine or of its own networks:
 * loopback, private (RFC 1918), link-local (RFC 3927, 4291) or unique local
 * (RFC 4193).
 */
bool	network_is_private(const struct network_address *);

#endif /* BASE_NETWORK_H */
