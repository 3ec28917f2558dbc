/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * packet_replycode.c - the SMTP reply inside SMFIR_REPLYCODE.
 * Owns:      what counts as a well-formed reply.
 * Called by: packet.c, and whoever needs the three digits.
 * Must not:  change the text: an MTA gets it byte for byte, '%' included.
 */
#include "compat.h"

#include <stddef.h>
#include <string.h>

#include "milter/packet.h"

static bool
packet_replycode_digit(unsigned char c)
{
	return (c >= '0' && c <= '9');
}

/*
 * One line of n bytes without its CRLF.  Postfix takes any digit behind the
 * space for the class of an enhanced status code, and fails the milter when
 * that is not the class of the reply.
 */
static bool
packet_replycode_line(const unsigned char *s, size_t n, bool last)
{
	size_t i;

	if (n < 4 || (s[0] != '4' && s[0] != '5') ||
	    !packet_replycode_digit(s[1]) || !packet_replycode_digit(s[2]))
		return (false);
	if (s[3] != (last ? ' ' : '-'))
		return (false);
	if (n > 4 && packet_replycode_digit(s[4]) && s[4] != s[0])
		return (false);
	for (i = 4; i < n; i++)
		if (s[i] == '\r' || s[i] == '\n' || s[i] == '\0')
			return (false);
	return (true);
}

enum packet_error
packet_get_replycode(const struct packet *p, int *code)
{
	const unsigned char *s = p->data, *cr;
	size_t n;
	bool last;

	if (p->len == 0)
		return (PACKET_EMPTY);
	if (s[p->len - 1] != '\0')
		return (PACKET_NO_NUL);
	n = p->len - 1;
	do {
		cr = n > 0 ? memchr(s, '\r', n) : NULL;
		last = cr == NULL;
		if (!packet_replycode_line(s, last ? n : (size_t)(cr - s),
		    last) || memcmp(s, p->data, 3) != 0)
			return (PACKET_REPLYCODE);
		if (!last) {
			/* The byte behind the text is its NUL: no overrun. */
			if (cr[1] != '\n')
				return (PACKET_REPLYCODE);
			n -= (size_t)(cr - s) + 2;
			s = cr + 2;
		}
	} while (!last);
	*code = (p->data[0] - '0') * 100 + (p->data[1] - '0') * 10 +
	    (p->data[2] - '0');
	return (PACKET_OK);
}
