/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stranger.c - who speaks, when what has come is not milter.
 * Owns:      how the first bytes of other protocols look.
 * Called by: the child and the session, at a first frame that is none.
 * Must not:  touch a socket, or be asked about good frames.
 */
#include "compat.h"

#include <stdio.h>

#include "milter/stranger.h"

/* So much of the first line is shown. */
#define STRANGER_LINE	60
/* Of a word that has not come whole, so much is enough. */
#define STRANGER_MIN	4

struct stranger_word {
	const char	*word;		/* how it begins, in any case */
	const char	*who;
	const char	*hint;		/* of a server; NULL: the usual one */
};

static const char stranger_hint[] = "is connection_spec the milter's socket?";
static const char stranger_http_hint[] = "is connection_spec the milter's "
    "socket (of rspamd, that of the proxy worker)?";
static const char stranger_clamd_hint[] =
    "connection_spec has to be the socket of clamav-milter, not of clamd";
static const char stranger_redis[] = "a Redis server";

/* The first one that fits counts. */
static const struct stranger_word stranger_servers[] = {
	{ "HTTP/", "an HTTP server", stranger_http_hint },
	{ "<!DOCTYPE", "an HTTP server", stranger_http_hint },
	{ "<html", "an HTTP server", stranger_http_hint },
	{ "SSH-", "an SSH server", NULL },
	{ "SPAMD/", "spamd", "connection_spec has to be the socket of "
	    "spamass-milter, not of spamd" },
	{ "UNKNOWN COMMAND", "clamd", stranger_clamd_hint },
	{ "COMMAND READ TIMED OUT", "clamd", stranger_clamd_hint },
	{ "COMMAND UNAVAILABLE", "clamd", stranger_clamd_hint },
	{ "Error processing command", "clamd", stranger_clamd_hint },
	{ "-ERR unknown command", stranger_redis, NULL },
	{ "-ERR Protocol error", stranger_redis, NULL },
	{ "-ERR max number of clients", stranger_redis, NULL },
	{ "-ERR operation not permitted", stranger_redis, NULL },
	{ "-NOAUTH", stranger_redis, NULL },
	{ "-DENIED", stranger_redis, NULL },
	{ "-LOADING", stranger_redis, NULL },
	{ "-MISCONF", stranger_redis, NULL },
	{ "+PONG", stranger_redis, NULL },
	{ "+OK", "a POP3 server", NULL },
	{ "-ERR", "a POP3 server", NULL },
	{ "* OK", "an IMAP server", NULL },
	{ "* BYE", "an IMAP server", NULL },
	{ "* PREAUTH", "an IMAP server", NULL },
	{ "\"IMPLEMENTATION\"", "a ManageSieve server", NULL },
	{ "VERSION\t", "Dovecot's authentication server", NULL },
	{ "action=", "a policy server", "it belongs into "
	    "check_policy_service of Postfix" },
	{ "ERROR\r\n", "a memcached server", NULL },
};

static const struct stranger_word stranger_clients[] = {
	{ "GET ", "an HTTP client", NULL },
	{ "HEAD ", "an HTTP client", NULL },
	{ "POST ", "an HTTP client", NULL },
	{ "PUT ", "an HTTP client", NULL },
	{ "PATCH ", "an HTTP client", NULL },
	{ "DELETE ", "an HTTP client", NULL },
	{ "OPTIONS ", "an HTTP client", NULL },
	{ "CONNECT ", "an HTTP client", NULL },
	{ "TRACE ", "an HTTP client", NULL },
	{ "PRI * HTTP/2", "an HTTP client", NULL },
	{ "PROXY ", "a PROXY protocol line", NULL },
	{ "EHLO", "an SMTP client", NULL },
	{ "HELO", "an SMTP client", NULL },
	{ "LHLO", "an LMTP client", NULL },
	{ "MAIL FROM", "an SMTP client", NULL },
	{ "STARTTLS", "an SMTP client", NULL },
	{ "NOOP", "an SMTP client", NULL },
	{ "RSET", "an SMTP client", NULL },
	{ "QUIT", "an SMTP client", NULL },
	{ "SSH-", "an SSH client", NULL },
	{ "PING SPAMC/", "spamc", NULL },
	{ "CHECK SPAMC/", "spamc", NULL },
	{ "PROCESS SPAMC/", "spamc", NULL },
	{ "SYMBOLS SPAMC/", "spamc", NULL },
	{ "HEADERS SPAMC/", "spamc", NULL },
	{ "REPORT SPAMC/", "spamc", NULL },
	{ "zPING", "a client of clamd", NULL },
	{ "nPING", "a client of clamd", NULL },
	{ "zINSTREAM", "a client of clamd", NULL },
	{ "nINSTREAM", "a client of clamd", NULL },
	{ "zIDSESSION", "a client of clamd", NULL },
	{ "nIDSESSION", "a client of clamd", NULL },
	{ "request=", "a client of a policy server", NULL },
};

static unsigned char
stranger_lower(unsigned char c)
{
	return (c >= 'A' && c <= 'Z' ? (unsigned char)(c + ('a' - 'A')) : c);
}

static bool
stranger_same(const unsigned char *p, const char *word, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (stranger_lower(p[i]) !=
		    stranger_lower((unsigned char)word[i]))
			return (false);
	return (true);
}

/* Is the word in the first line? */
static bool
stranger_has(const unsigned char *p, size_t n, const char *word)
{
	size_t i, len = strlen(word);

	for (i = 0; i + len <= n && p[i] != '\r' && p[i] != '\n'; i++)
		if (stranger_same(p + i, word, len))
			return (true);
	return (false);
}

static const struct stranger_word *
stranger_find(const struct stranger_word *w, size_t n_words,
    const unsigned char *p, size_t n)
{
	size_t len;

	for (; n_words > 0; n_words--, w++) {
		len = strlen(w->word);
		/* It may not have come whole. */
		if (n < len && n >= STRANGER_MIN)
			len = n;
		if (n >= len && stranger_same(p, w->word, len))
			return (w);
	}
	return (NULL);
}

/* "220 ...", "554-...": more than one protocol greets so. */
static const char *
stranger_greeting(const unsigned char *p, size_t n)
{
	if (n < STRANGER_MIN || p[0] < '2' || p[0] > '5' || p[1] < '0' ||
	    p[1] > '9' || p[2] < '0' || p[2] > '9' ||
	    (p[3] != ' ' && p[3] != '-'))
		return (NULL);
	if (stranger_has(p, n, "LMTP"))
		return ("an LMTP server");
	if (stranger_has(p, n, "SMTP"))
		return ("an SMTP server");
	if (stranger_has(p, n, "FTP") || stranger_has(p, n, "FileZilla"))
		return ("an FTP server");
	if (p[0] == '2' && p[1] == '0')
		return ("an NNTP server");
	return ("an SMTP server");
}

/* A record of TLS: kind, version 3.x, length. */
static const char *
stranger_tls(const unsigned char *p, size_t n)
{
	if (n < 3 || p[1] != 3 || p[2] > 4)
		return (NULL);
	switch (p[0]) {
	case 0x15:
		return ("TLS (an alert)");
	case 0x16:
		return ("TLS (a handshake)");
	default:
		return (NULL);
	}
}

static const char *
stranger_database(const unsigned char *p, size_t n)
{
	/* Length (least byte first), number 0, version 10 or an error. */
	if (n > 5 && p[1] == 0 && p[2] == 0 && p[3] == 0 &&
	    ((p[4] == 0x0a && p[5] >= '0' && p[5] <= '9') ||
	    (p[4] == 0xff && n > 6 && p[0] >= 4)))
		return ("a MySQL server");
	/* An error, and its first field or, before 7.4, its text. */
	if (n > 5 && p[0] == 'E' && p[1] == 0 && p[2] == 0 && p[5] == 'S')
		return ("a PostgreSQL server");
	if (stranger_same(p, "EFATAL: ", n < 8 ? n : 8) && n > 4)
		return ("a PostgreSQL server");
	return (NULL);
}

/* The first line, if it is text.  Returns its length; 0: it is none. */
static size_t
stranger_line(char *line, const unsigned char *p, size_t n)
{
	size_t i, len = 0;

	for (i = 0; i < n && p[i] != '\r' && p[i] != '\n' && p[i] != '\0';
	    i++) {
		if ((p[i] < ' ' && p[i] != '\t') || p[i] > '~')
			return (0);
		if (len < STRANGER_LINE)
			line[len++] = p[i] == '\t' ? ' ' : (char)p[i];
	}
	while (len > 0 && line[len - 1] == ' ')
		len--;
	line[len] = '\0';
	if (len == STRANGER_LINE)
		memcpy(line + len - 3, "...", 3);
	return (len);
}

/* how who ("line")[: hint] */
static bool
stranger_say(char *out, size_t size, const char *how, const char *who,
    const char *line, const char *hint)
{
	(void)snprintf(out, size, "%s%s%s%s%s%s%s", how, who,
	    line[0] != '\0' ? " (\"" : "", line, line[0] != '\0' ? "\")" : "",
	    hint != NULL ? ": " : "", hint != NULL ? hint : "");
	return (true);
}

bool
stranger_server(char *out, size_t size, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	const struct stranger_word *w;
	char line[STRANGER_LINE + 1] = "";
	const char *who;

	if (size > 0)
		out[0] = '\0';
	if (n == 0)
		return (false);
	if ((who = stranger_tls(p, n)) != NULL)
		return (stranger_say(out, size, "answers in ", who, "",
		    "milters speak no TLS, is connection_spec the milter's "
		    "socket?"));
	if ((who = stranger_database(p, n)) != NULL)
		return (stranger_say(out, size, "answers like ", who, "",
		    stranger_hint));
	/* WILL, WONT, DO, DONT of an option. */
	if (n > 2 && p[0] == 0xff && p[1] >= 0xfb && p[1] <= 0xfe &&
	    p[2] < 0x80)
		return (stranger_say(out, size, "answers like ",
		    "a telnet server", "", stranger_hint));
	if (stranger_line(line, p, n) < 2)
		line[0] = '\0';
	if ((who = stranger_greeting(p, n)) != NULL)
		return (stranger_say(out, size, "answers like ", who, line,
		    stranger_hint));
	w = stranger_find(stranger_servers, sizeof(stranger_servers) /
	    sizeof(stranger_servers[0]), p, n);
	if (w != NULL)
		return (stranger_say(out, size, "answers like ", w->who, line,
		    w->hint != NULL ? w->hint : stranger_hint));
	if (line[0] != '\0')
		return (stranger_say(out, size, "answers with ", "text", line,
		    stranger_hint));
	return (false);
}

bool
stranger_client(char *out, size_t size, const void *bytes, size_t n)
{
	/* Of PROXY version 2; it has a NUL in it. */
	static const unsigned char proxy[] = "\r\n\r\n\0\r\nQUIT\n";
	const unsigned char *p = bytes;
	const struct stranger_word *w;
	char line[STRANGER_LINE + 1] = "";

	if (size > 0)
		out[0] = '\0';
	if (n == 0)
		return (false);
	if (stranger_tls(p, n) != NULL)
		return (stranger_say(out, size, "looks like ", "a TLS client",
		    "", NULL));
	if (n >= 5 && memcmp(p, proxy, n < sizeof(proxy) - 1 ? n :
	    sizeof(proxy) - 1) == 0)
		return (stranger_say(out, size, "looks like ",
		    "a PROXY protocol header", "", NULL));
	if (stranger_line(line, p, n) < 2)
		line[0] = '\0';
	w = stranger_find(stranger_clients, sizeof(stranger_clients) /
	    sizeof(stranger_clients[0]), p, n);
	if (w != NULL)
		return (stranger_say(out, size, "looks like ", w->who, line,
		    NULL));
	if (line[0] != '\0')
		return (stranger_say(out, size, "looks like ", "text", line,
		    NULL));
	/* An empty line is what somebody types, or a scanner sends. */
	if (p[0] == '\r' || p[0] == '\n')
		return (stranger_say(out, size, "looks like ",
		    "an empty line", "", NULL));
	return (false);
}

#undef STRANGER_LINE
#undef STRANGER_MIN
