/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * network.c - addresses and networks.
 * Owns:      how they are written, and what belongs to what.
 * Called by: config/ and condition/ for rules and tables, manager/fallback.c.
 * Must not:  look a name up.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdint.h>
#include <stdio.h>
#include <strings.h>

#include "base/log.h"
#include "base/network.h"
#include "base/number.h"

#define NETWORK_V4	96u	/* bits in front of an IPv4 address */

static const unsigned char network_mapped[12] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff
};

#define V4(a, b, n)							\
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, 0, 0 } },	\
	    NETWORK_V4 + (n) }
#define V6(a, b, z, n)							\
	{ { { a, b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, z } }, n }

static const struct network network_private[] = {
	V4(127, 0, 8),		/* loopback */
	V4(10, 0, 8),		/* RFC 1918 */
	V4(172, 16, 12),
	V4(192, 168, 16),
	V4(169, 254, 16),	/* RFC 3927 */
	V6(0, 0, 1, 128),	/* RFC 4291: loopback */
	V6(0xfe, 0x80, 0, 10),	/* RFC 4291: link-local */
	V6(0xfc, 0, 0, 7)	/* RFC 4193 */
};

#undef V4
#undef V6

static bool
network_is_v4(const struct network_address *a)
{
	return (memcmp(a->byte, network_mapped, sizeof(network_mapped)) == 0);
}

int
network_read_address(const char *text, struct network_address *out)
{
	static const char tag[] = "IPv6:";
	struct network_address a;
	struct in6_addr six;
	struct in_addr four;
	char copy[INET6_ADDRSTRLEN];
	size_t len;
	bool tagged;

	tagged = strncasecmp(text, tag, sizeof(tag) - 1) == 0;
	if (tagged)
		text += sizeof(tag) - 1;
	else if (inet_pton(AF_INET, text, &four) == 1) {
		memcpy(out->byte, network_mapped, sizeof(network_mapped));
		memcpy(out->byte + sizeof(network_mapped), &four, 4);
		return (0);
	}
	len = strcspn(text, "%");
	if (len >= sizeof(copy) || (text[len] == '%' && text[len + 1] == '\0'))
		return (-1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (inet_pton(AF_INET6, copy, &six) != 1)
		return (-1);
	memcpy(a.byte, &six, sizeof(a.byte));
	/* A zone belongs to an address that needs one. */
	if (text[len] == '%' && (a.byte[0] != 0xfe ||
	    (a.byte[1] & 0xc0) != 0x80))
		return (-1);
	*out = a;
	return (0);
}

/* Clears all bits behind the prefix; true if there were any. */
static bool
network_cut(struct network *net)
{
	unsigned char *byte = net->base.byte, mask;
	bool any = false;
	unsigned i;

	for (i = net->prefix / 8; i < sizeof(net->base.byte); i++) {
		mask = i == net->prefix / 8 ?
		    (unsigned char)(0xff >> net->prefix % 8) : 0xff;
		if ((byte[i] & mask) != 0)
			any = true;
		byte[i] &= (unsigned char)~mask;
	}
	return (any);
}

static void
network_format(const struct network *net, bool four, char *dst, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	const void *from = net->base.byte + (four ? NETWORK_V4 / 8 : 0);

	if (inet_ntop(four ? AF_INET : AF_INET6, from, text, sizeof(text)) ==
	    NULL)
		text[0] = '\0';
	snprintf(dst, size, "%s/%u", text, four ? net->prefix - NETWORK_V4 :
	    net->prefix);
}

int
network_read(const char *text, struct network *out, char *why, size_t whysize)
{
	struct network net;
	char copy[80], safe[100];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	uint64_t bits;
	bool four;

	log_escape(safe, sizeof(safe), text, strlen(text));
	/* Postfix writes [::1]/128. */
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']' &&
	    memchr(text, ':', len) != NULL) {
		text++;
		len -= 2;
	}
	copy[0] = '\0';
	if (len < sizeof(copy)) {
		memcpy(copy, text, len);
		copy[len] = '\0';
	}
	/* A zone is none of a network. */
	if (strchr(copy, '%') != NULL ||
	    network_read_address(copy, &net.base) == -1) {
		snprintf(why, whysize, "\"%s\" is no network, expected one "
		    "like 192.0.2.0/24, 2001:db8::/32 or 192.0.2.1", safe);
		return (-1);
	}
	/* What was written counts: ::ffff:0:0/96 has an IPv6 prefix. */
	four = strchr(copy, ':') == NULL;
	bits = four ? 32 : 128;
	if (slash != NULL && number_read(slash + 1, 10, bits, &bits) == -1) {
		snprintf(why, whysize, "\"%s\" is no network, expected a "
		    "number from 0 to %d behind the /", safe, four ? 32 : 128);
		return (-1);
	}
	net.prefix = (unsigned)bits + (four ? NETWORK_V4 : 0);
	if (network_cut(&net)) {
		network_format(&net, four, copy, sizeof(copy));
		snprintf(why, whysize, "\"%s\" has bits behind its prefix, "
		    "the network is %s", safe, copy);
		return (-1);
	}
	*out = net;
	return (0);
}

bool
network_has(const struct network *net, const struct network_address *a)
{
	struct network of;

	if (network_is_v4(a) && !(net->prefix >= NETWORK_V4 &&
	    network_is_v4(&net->base)))
		return (false);
	of.base = *a;
	of.prefix = net->prefix;
	(void)network_cut(&of);
	return (memcmp(of.base.byte, net->base.byte, sizeof(of.base.byte)) ==
	    0);
}

bool
network_is_private(const struct network_address *a)
{
	size_t i;

	for (i = 0; i < sizeof(network_private) / sizeof(network_private[0]);
	    i++)
		if (network_has(&network_private[i], a))
			return (true);
	return (false);
}

#undef NETWORK_V4
