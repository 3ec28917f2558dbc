/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * spec.c - connection specifications and socket addresses, as text and back.
 * Owns:      the grammar of unix:, local:, inet: and inet6:, and its errors.
 * Called by: the configuration, the command lines, listen.c, target.c.
 * Must not:  look a host name up, or open a socket.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>

#include <stdarg.h>
#include <stdio.h>

#include "base/number.h"
#include "base/spec.h"
#include "base/word.h"

#define SPEC_HOST_MAX	253	/* the longest name that DNS can hold */
#define SPEC_PATH_SIZE	sizeof(((struct sockaddr_un *)NULL)->sun_path)
#define SPEC_QUOTE	80	/* how much of a wrong text is repeated */
#define SPEC_NAME	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
			"0123456789-._"

static const struct {
	const char	*word;
	int		 family;
} spec_protocols[] = {
	{ "unix", AF_UNIX },
	{ "local", AF_UNIX },
	{ "inet", AF_INET },
	{ "inet6", AF_INET6 },
};

/* What people write instead. */
static const struct {
	const char	*wrong;
	const char	*right;
} spec_aliases[] = {
	{ "tcp", "inet" },
	{ "tcp4", "inet" },
	{ "ip", "inet" },
	{ "ipv4", "inet" },
	{ "inet4", "inet" },
	{ "tcp6", "inet6" },
	{ "ip6", "inet6" },
	{ "ipv6", "inet6" },
	{ "file", "unix" },
	{ "path", "unix" },
	{ "sock", "unix" },
	{ "socket", "unix" },
};

#define SPEC_COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static int spec_fail(char *, size_t, const char *, ...) COMPAT_PRINTF(3, 4);

/* Writes the reason; the result is the failure itself. */
static int
spec_fail(char *why, size_t whysize, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, whysize, fmt, ap);
	va_end(ap);
	return (-1);
}

/* 1..5 digits up to 65535, and nothing else. */
static bool
spec_is_port(const char *text, size_t len, unsigned *port)
{
	char digits[6];
	uint64_t v;

	if (len >= sizeof(digits))
		return (false);
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (number_read(digits, 10, 65535, &v) == -1)
		return (false);
	*port = (unsigned)v;
	return (true);
}

/* The address of a numeric IPv6 host, "%scope" included; 0 or -1. */
static int
spec_numeric6(const char *host, struct in6_addr *addr, unsigned *scope)
{
	char text[INET6_ADDRSTRLEN];
	const char *percent = strchr(host, '%');
	size_t len = percent != NULL ? (size_t)(percent - host) : strlen(host);
	unsigned v = 0;

	*scope = 0;
	if (len >= sizeof(text))
		return (-1);
	memcpy(text, host, len);
	text[len] = '\0';
	if (inet_pton(AF_INET6, text, addr) != 1)
		return (-1);
	if (percent == NULL)
		return (0);
	if (spec_is_port(percent + 1, strlen(percent + 1), &v))
		*scope = v;
	else
		*scope = if_nametoindex(percent + 1);
	return (*scope != 0 ? 0 : -1);
}

/* AF_INET or AF_INET6 when the host is written as a number, else AF_UNSPEC. */
static int
spec_host_family(const char *host)
{
	struct in_addr in;
	struct in6_addr in6;
	char text[INET6_ADDRSTRLEN];
	size_t len = strcspn(host, "%");

	if (inet_pton(AF_INET, host, &in) == 1)
		return (AF_INET);
	if (len >= sizeof(text))
		return (AF_UNSPEC);
	memcpy(text, host, len);
	text[len] = '\0';
	return (inet_pton(AF_INET6, text, &in6) == 1 ? AF_INET6 : AF_UNSPEC);
}

/* "inet6:PORT@[HOST]", however host and port were written. */
static void
spec_advice(char *dst, size_t size, const char *port, size_t portlen,
    const char *host)
{
	int family = spec_host_family(host);

	(void)snprintf(dst, size, "%s:%.*s@%s%s%s",
	    family == AF_INET6 ? "inet6" : "inet", (int)portlen, port,
	    family != AF_UNSPEC ? "[" : "", host,
	    family != AF_UNSPEC ? "]" : "");
}

/*
 * HOST:PORT and [HOST]:PORT, as Postfix has it: true, with the right spelling
 * in dst.
 */
static bool
spec_is_postfix(const char *text, char *dst, size_t size)
{
	char host[SPEC_HOST_MAX + 1];
	const char *colon = strrchr(text, ':');
	const char *from = text;
	size_t len;
	unsigned port;

	if (colon == NULL || colon == text || strchr(text, '@') != NULL ||
	    !spec_is_port(colon + 1, strlen(colon + 1), &port))
		return (false);
	len = (size_t)(colon - text);
	if (len > 2 && text[0] == '[' && colon[-1] == ']') {
		from++;
		len -= 2;
	}
	if (len >= sizeof(host))
		return (false);
	memcpy(host, from, len);
	host[len] = '\0';
	spec_advice(dst, size, colon + 1, strlen(colon + 1), host);
	return (true);
}

/* The known protocol that was probably meant, or NULL. */
static const char *
spec_nearest(const char *text, size_t len)
{
	const char *nearest = NULL;
	char word[16];
	size_t best = 3;
	size_t i, d;

	if (len >= sizeof(word))
		return (NULL);
	memcpy(word, text, len);
	word[len] = '\0';
	for (i = 0; i < SPEC_COUNT(spec_aliases); i++) {
		if (word_distance(word, spec_aliases[i].wrong) == 0)
			return (spec_aliases[i].right);
	}
	for (i = 0; i < SPEC_COUNT(spec_protocols); i++) {
		d = word_distance(word, spec_protocols[i].word);
		if (d < best && d < len) {
			best = d;
			nearest = spec_protocols[i].word;
		}
	}
	return (nearest);
}

/* There is no "protocol:" in front. */
static int
spec_fail_no_colon(const char *text, char *why, size_t whysize)
{
	size_t digits = strspn(text, "0123456789");

	if (text[0] == '/')
		return (spec_fail(why, whysize,
		    "there is no protocol in front of the path; "
		    "write unix:%.*s", SPEC_QUOTE, text));
	if (digits > 0 && (text[digits] == '\0' || text[digits] == '@'))
		return (spec_fail(why, whysize,
		    "there is no protocol in front of the port; "
		    "write inet:%.*s", SPEC_QUOTE, text));
	return (spec_fail(why, whysize, "'%.*s' has no colon; write "
	    "unix:PATH, inet:PORT@HOST or inet6:PORT@HOST", SPEC_QUOTE, text));
}

static int
spec_fail_protocol(const char *text, size_t len, char *why, size_t whysize)
{
	char right[SPEC_TEXT_MAX];
	const char *nearest;

	if (text[0] == '/')
		return (spec_fail_no_colon(text, why, whysize));
	nearest = spec_nearest(text, len);
	if (nearest != NULL)
		return (spec_fail(why, whysize,
		    "protocol '%.*s' is unknown; did you mean %s%.*s?",
		    (int)(len < SPEC_QUOTE ? len : SPEC_QUOTE), text, nearest,
		    SPEC_QUOTE, text + len));
	if (spec_is_postfix(text, right, sizeof(right)))
		return (spec_fail(why, whysize,
		    "there is no protocol in front; write %s", right));
	return (spec_fail(why, whysize,
	    "protocol '%.*s' is unknown; it is one of unix, local, inet, "
	    "inet6", (int)(len < SPEC_QUOTE ? len : SPEC_QUOTE), text));
}

static int
spec_parse_path(const char *path, struct spec *out, char *why, size_t whysize)
{
	size_t len = strlen(path);

	if (len == 0)
		return (spec_fail(why, whysize,
		    "the path is empty; write unix:/path/to/socket"));
	if (len >= SPEC_PATH_SIZE)
		return (spec_fail(why, whysize,
		    "the path has %zu bytes; a socket's path can have at "
		    "most %zu on this system", len, SPEC_PATH_SIZE - 1));
	if ((out->path = strdup(path)) == NULL)
		return (spec_fail(why, whysize, "out of memory"));
	return (0);
}

/* The host behind the '@': a name, or an address with or without brackets. */
static int
spec_parse_host(const char *proto, const char *port, size_t portlen,
    const char *text, struct spec *out, char *why, size_t whysize)
{
	char host[SPEC_HOST_MAX + 1];
	char right[SPEC_TEXT_MAX];
	const char *from = text;
	size_t len = strlen(text);
	int family;
	bool bracketed = false;

	if (text[0] == '[') {
		const char *end = strchr(text, ']');

		if (end == NULL)
			return (spec_fail(why, whysize,
			    "']' is missing; write %s:%.*s@%.*s]", proto,
			    (int)portlen, port, SPEC_QUOTE, text));
		if (end[1] != '\0')
			return (spec_fail(why, whysize,
			    "there is '%.*s' behind the ']'; write "
			    "%s:%.*s@%.*s", SPEC_QUOTE, end + 1, proto,
			    (int)portlen, port, (int)(end - text + 1), text));
		from = text + 1;
		len = (size_t)(end - from);
		bracketed = true;
	}
	if (len == 0)
		return (spec_fail(why, whysize,
		    "there is no host behind the '@'; write %s:%.*s@HOST, or "
		    "%s:%.*s without a host", proto, (int)portlen, port,
		    proto, (int)portlen, port));
	if (len > SPEC_HOST_MAX)
		return (spec_fail(why, whysize, "the host has %zu bytes; a "
		    "name has at most %d", len, SPEC_HOST_MAX));
	memcpy(host, from, len);
	host[len] = '\0';

	/* An address must be one of the protocol's own family. */
	family = spec_host_family(host);
	spec_advice(right, sizeof(right), port, portlen, host);
	if (family != AF_UNSPEC && family != out->family)
		return (spec_fail(why, whysize,
		    "%s is an %s address; write %s", host,
		    family == AF_INET6 ? "IPv6" : "IPv4", right));
	if (family == AF_INET6 && !bracketed)
		return (spec_fail(why, whysize,
		    "an IPv6 address needs brackets; write %s", right));

	if (family == AF_UNSPEC && host[strspn(host, SPEC_NAME)] != '\0')
		return (spec_fail(why, whysize,
		    "host '%.*s' is neither a name nor an address; "
		    "write %s:%.*s@HOST or %s:%.*s@[ADDRESS]",
		    SPEC_QUOTE, host, proto, (int)portlen, port,
		    proto, (int)portlen, port));
	if ((out->host = strdup(host)) == NULL)
		return (spec_fail(why, whysize, "out of memory"));
	return (0);
}

static int
spec_parse_inet(const char *proto, const char *text, struct spec *out,
    char *why, size_t whysize)
{
	char right[SPEC_TEXT_MAX];
	const char *at = strchr(text, '@');
	size_t portlen = at != NULL ? (size_t)(at - text) : strlen(text);
	int cut = (int)(portlen < SPEC_QUOTE ? portlen : SPEC_QUOTE);
	unsigned port;

	if (!spec_is_port(text, portlen, &port)) {
		if (spec_is_postfix(text, right, sizeof(right)))
			return (spec_fail(why, whysize,
			    "Postfix writes inet:HOST:PORT; here it is %s",
			    right));
		if (portlen == 0)
			return (spec_fail(why, whysize,
			    "the port is missing; write %s:PORT or "
			    "%s:PORT@HOST", proto, proto));
		if (strspn(text, "0123456789") >= portlen)
			return (spec_fail(why, whysize,
			    "port %.*s is too large; the largest is 65535",
			    cut, text));
		return (spec_fail(why, whysize,
		    "port '%.*s' is not a number from 0 to 65535; write "
		    "%s:PORT@HOST", cut, text, proto));
	}
	out->port = (uint16_t)port;
	if (at == NULL)
		return (0);
	return (spec_parse_host(proto, text, portlen, at + 1, out, why,
	    whysize));
}

int
spec_parse(const char *text, struct spec *out, char *why, size_t whysize)
{
	const char *colon, *rest;
	size_t len, i;
	int rc;

	memset(out, 0, sizeof(*out));
	if (text[0] == '\0')
		return (spec_fail(why, whysize, "it is empty; write "
		    "unix:PATH, inet:PORT@HOST or inet6:PORT@HOST"));
	/* From here on the text can be repeated in a message as it is. */
	for (i = 0; text[i] != '\0'; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			return (spec_fail(why, whysize,
			    "there is a control character (0x%02x) in it; "
			    "remove it", c));
	}
	if ((colon = strchr(text, ':')) == NULL)
		return (spec_fail_no_colon(text, why, whysize));
	len = (size_t)(colon - text);
	rest = colon + 1;
	for (i = 0; i < SPEC_COUNT(spec_protocols); i++) {
		if (strlen(spec_protocols[i].word) == len &&
		    memcmp(spec_protocols[i].word, text, len) == 0)
			break;
	}
	if (i == SPEC_COUNT(spec_protocols))
		return (spec_fail_protocol(text, len, why, whysize));
	out->family = spec_protocols[i].family;
	if (out->family == AF_UNIX)
		rc = spec_parse_path(rest, out, why, whysize);
	else
		rc = spec_parse_inet(spec_protocols[i].word, rest, out, why,
		    whysize);
	if (rc == -1)
		memset(out, 0, sizeof(*out));
	return (rc);
}

void
spec_free(struct spec *spec)
{
	free(spec->path);
	free(spec->host);
	memset(spec, 0, sizeof(*spec));
}

int
spec_copy(const struct spec *from, struct spec *to)
{
	memset(to, 0, sizeof(*to));
	if (from->path != NULL && (to->path = strdup(from->path)) == NULL)
		return (-1);
	if (from->host != NULL && (to->host = strdup(from->host)) == NULL) {
		spec_free(to);
		return (-1);
	}
	to->family = from->family;
	to->port = from->port;
	return (0);
}

char *
spec_format(const struct spec *spec, char *dst, size_t size)
{
	const char *proto = spec->family == AF_INET6 ? "inet6" : "inet";
	bool number;

	if (spec->family == AF_UNIX) {
		(void)snprintf(dst, size, "unix:%s", spec->path);
	} else if (spec->host == NULL) {
		(void)snprintf(dst, size, "%s:%u", proto, spec->port);
	} else {
		number = spec_host_family(spec->host) != AF_UNSPEC;
		(void)snprintf(dst, size, "%s:%u@%s%s%s", proto, spec->port,
		    number ? "[" : "", spec->host, number ? "]" : "");
	}
	return (dst);
}

int
spec_sockaddr(const struct spec *spec, bool listening,
    struct sockaddr_storage *ss, socklen_t *len)
{
	union {
		struct sockaddr_un	un;
		struct sockaddr_in	in;
		struct sockaddr_in6	in6;
	} u;
	unsigned scope;
	size_t n;

	memset(&u, 0, sizeof(u));
	memset(ss, 0, sizeof(*ss));
	if (spec->family == AF_UNIX) {
		u.un.sun_family = AF_UNIX;
		n = strlcpy(u.un.sun_path, spec->path, sizeof(u.un.sun_path));
		if (n >= sizeof(u.un.sun_path))
			return (-1);
		*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n
		    + 1);
	} else if (spec->family == AF_INET) {
		u.in.sin_family = AF_INET;
		u.in.sin_port = htons(spec->port);
		if (spec->host == NULL)
			u.in.sin_addr.s_addr = htonl(listening ? INADDR_ANY :
			    INADDR_LOOPBACK);
		else if (inet_pton(AF_INET, spec->host, &u.in.sin_addr) != 1)
			return (-1);
		*len = sizeof(u.in);
	} else {
		u.in6.sin6_family = AF_INET6;
		u.in6.sin6_port = htons(spec->port);
		if (spec->host == NULL) {
			u.in6.sin6_addr = listening ? in6addr_any :
			    in6addr_loopback;
		} else {
			if (spec_numeric6(spec->host, &u.in6.sin6_addr,
			    &scope) == -1)
				return (-1);
			u.in6.sin6_scope_id = scope;
		}
		*len = sizeof(u.in6);
	}
	memcpy(ss, &u, *len);
	return (0);
}

/*
 * A peer chooses its own path: what cannot be printed, or would look like the
 * next part of a log line, is not passed on.
 */
static void
spec_format_path(const struct sockaddr *sa, socklen_t salen, char *dst,
    size_t size)
{
	const size_t off = offsetof(struct sockaddr_un, sun_path);
	char path[256];
	size_t len = 0;
	size_t i;

	if ((size_t)salen > off)
		len = (size_t)salen - off;
	if (len >= sizeof(path))
		len = sizeof(path) - 1;
	memcpy(path, (const char *)sa + off, len);
	path[len] = '\0';
	for (i = 0; path[i] != '\0'; i++) {
		if ((unsigned char)path[i] <= ' ' ||
		    (unsigned char)path[i] >= 0x7f)
			path[i] = '?';
	}
	(void)snprintf(dst, size, "unix:%s", path);
}

int
spec_read_server(const char *text, unsigned port, struct sockaddr_storage *ss,
    socklen_t *len)
{
	const char *colon = strrchr(text, ':'), *from = text;
	size_t n = strlen(text);
	char line[100], number[8], why[128];
	struct spec spec;
	bool v6 = false;
	int error;

	snprintf(number, sizeof(number), "%u", port);
	if (text[0] == '[') {
		from = text + 1;
		n = strcspn(from, "]");
		v6 = true;
		if (from[n] != ']' || (from[n + 1] != '\0' &&
		    from[n + 1] != ':'))
			return (-1);
		if (from[n + 1] == ':')
			strlcpy(number, from + n + 2, sizeof(number));
	} else if (colon != NULL && colon != strchr(text, ':'))
		v6 = true;
	else if (colon != NULL) {
		n = (size_t)(colon - text);
		strlcpy(number, colon + 1, sizeof(number));
	}
	if (n >= sizeof(line) - 20)
		return (-1);
	snprintf(line, sizeof(line), "inet%s:%s@[%.*s]", v6 ? "6" : "", number,
	    (int)n, from);
	if (spec_parse(line, &spec, why, sizeof(why)) == -1)
		return (-1);
	error = spec.port == 0 && port != 0 ? -1 :
	    spec_sockaddr(&spec, false, ss, len);
	spec_free(&spec);
	return (error);
}

char *
addr_format(const struct sockaddr *sa, socklen_t salen, char *dst, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	char scope[16];
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	if (sa != NULL && (size_t)salen >= offsetof(struct sockaddr, sa_data)
	    && sa->sa_family == AF_UNIX) {
		spec_format_path(sa, salen, dst, size);
		return (dst);
	}
	if (sa != NULL && (size_t)salen >= sizeof(in) &&
	    sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		if (inet_ntop(AF_INET, &in.sin_addr, text, sizeof(text)) !=
		    NULL) {
			(void)snprintf(dst, size, "inet:%u@[%s]",
			    (unsigned)ntohs(in.sin_port), text);
			return (dst);
		}
	}
	if (sa != NULL && (size_t)salen >= sizeof(in6) &&
	    sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		if (inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof(text)) !=
		    NULL) {
			scope[0] = '\0';
			if (in6.sin6_scope_id != 0)
				(void)snprintf(scope, sizeof(scope), "%%%lu",
				    (unsigned long)in6.sin6_scope_id);
			(void)snprintf(dst, size, "inet6:%u@[%s%s]",
			    (unsigned)ntohs(in6.sin6_port), text, scope);
			return (dst);
		}
	}
	(void)strlcpy(dst, "unknown", size);
	return (dst);
}

#undef SPEC_HOST_MAX
#undef SPEC_PATH_SIZE
#undef SPEC_QUOTE
#undef SPEC_NAME
#undef SPEC_COUNT
