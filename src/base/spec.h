/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * spec.h - connection specifications, as upstream milter-manager writes them:
 * unix:PATH, local:PATH, inet:PORT, inet:PORT@HOST, inet:PORT@[ADDR], and
 * inet6: with the same three forms.
 */
#ifndef BASE_SPEC_H
#define BASE_SPEC_H

#include <sys/socket.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPEC_TEXT_MAX	1100	/* enough for spec_format() and addr_format() */

struct spec {
	int	 family;	/* AF_UNIX, AF_INET, AF_INET6 */
	char	*path;		/* AF_UNIX, else NULL */
	char	*host;		/* NULL: all interfaces (listening),
				   the loopback address (dialling) */
	uint16_t port;		/* 1..65535, or 0 where the caller allows it */
};

/*
 * Reads a specification.  On success returns 0 and *out owns its strings
 * until spec_free().  On failure returns -1, *out is zero, and why says what is
 * wrong and what would be right in one line ("Postfix writes inet:HOST:PORT;
 * here it is inet:10025@127.0.0.1").  Paths longer than sun_path are refused.
 * Port 0 ("any free port") is accepted: callers that dial refuse it.
 */
int	spec_parse(const char *text, struct spec *out, char *why,
	    size_t whysize);
void	spec_free(struct spec *);	/* and zeroes it; a zeroed one: ok */
int	spec_copy(const struct spec *from, struct spec *to);	/* 0 or -1 */

/* The canonical text ("unix:/p", "inet6:25@[::1]"), always terminated. */
char	*spec_format(const struct spec *, char *dst, size_t size);

/*
 * The socket address when no name has to be looked up: unix, no host, a
 * numeric host.  listening chooses what an absent host means.  Returns 0, or -1
 * when the host is a name.
 */
int	spec_sockaddr(const struct spec *, bool listening,
	    struct sockaddr_storage *, socklen_t *);

/*
 * Reads the address of a server as name servers are written: "ADDRESS",
 * "ADDRESS:PORT", "[ADDRESS]:PORT"; port is the one of the first form, and only
 * when that is 0 a port may be.  Returns 0 or -1; names are none.
 */
int	spec_read_server(const char *text, unsigned port,
	    struct sockaddr_storage *, socklen_t *);

/*
 * A socket address as a spec text, safe for the log; "unknown" for other
 * families.
 */
char	*addr_format(const struct sockaddr *, socklen_t, char *dst,
	    size_t size);

#endif /* BASE_SPEC_H */
