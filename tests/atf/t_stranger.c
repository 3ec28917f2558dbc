/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_stranger.c - what is said about bytes that are not milter.
 */
#include "compat.h"

#include <stdio.h>

#include "h_case.h"
#include "milter/stranger.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
/* The bytes of a literal, those behind a NUL, too. */
#define B(s)		s, sizeof(s) - 1

struct row {
	const char	*bytes;
	size_t		 n;
	const char	*begins;	/* the words; NULL: not known */
};

static const struct row servers[] = {
	/* as these programs said it to an offer */
	{ B("220 mail.example ESMTP Postfix (Debian/GNU)\r\n"),
	    "answers like an SMTP server (\"220 mail.example ESMTP Postfix "
	    "(Debian/GNU)\"): is connection_spec the milter's socket?" },
	{ B("220-mail.example ESMTP\r\n"), "answers like an SMTP server (" },
	{ B("554 5.7.1 mx.example.net\r\n"), "answers like an SMTP server (" },
	{ B("421 4.3.2 All server ports are busy\r\n"),
	    "answers like an SMTP server (" },
	{ B("220 "), "answers like an SMTP server (\"220\")" },
	{ B("220 mail.example LMTP Dovecot ready\r\n"),
	    "answers like an LMTP server (" },
	{ B("220 (vsFTPd 3.0.3)\r\n"), "answers like an FTP server (" },
	{ B("220 ProFTPD Server (Debian) [::1]\r\n"),
	    "answers like an FTP server (" },
	{ B("220 FileZilla Server 1.8\r\n"), "answers like an FTP server (" },
	{ B("200 news.example InterNetNews NNRP server ready\r\n"),
	    "answers like an NNTP server (" },
	{ B("+OK Dovecot (Debian) ready.\r\n"),
	    "answers like a POP3 server (" },
	{ B("-ERR too many connections\r\n"), "answers like a POP3 server (" },
	{ B("* OK [CAPABILITY IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE"
	    " LITERAL+] Dovecot ready.\r\n"),
	    "answers like an IMAP server (\"* OK [CAPABILITY IMAP4rev1 SASL-IR"
	    " LOGIN-REFERRALS ID ENA...\"): is" },
	{ B("* BYE Disconnected\r\n"), "answers like an IMAP server (" },
	{ B("\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n"),
	    "answers like a ManageSieve server (" },
	{ B("VERSION\t1\t2\nMECH\tPLAIN\tplaintext\n"),
	    "answers like Dovecot's authentication server (\"VERSION 1 2\")" },
	{ B("HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n"),
	    "answers like an HTTP server (\"HTTP/1.1 400 Bad Request\"): is "
	    "connection_spec the milter's socket (of rspamd, that of the proxy "
	    "worker)?" },
	{ B("HTTP"), "answers like an HTTP server (\"HTTP\")" },
	{ B("<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01//EN\"\r\n"),
	    "answers like an HTTP server (" },
	{ B("<html>\r\n<head><title>400"), "answers like an HTTP server (" },
	{ B("SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n"),
	    "answers like an SSH server (" },
	{ B("UNKNOWN COMMAND\n"), "answers like clamd (\"UNKNOWN COMMAND\"): "
	    "connection_spec has to be the socket of clamav-milter, not of "
	    "clamd" },
	{ B("UNKNOWN COMMAND\0"), "answers like clamd (" },
	{ B("COMMAND READ TIMED OUT\n"), "answers like clamd (" },
	{ B("SPAMD/1.0 76 Bad header line: (timed out)\r\n"),
	    "answers like spamd (\"SPAMD/1.0 76 Bad header line: (timed "
	    "out)\"): connection_spec has to be the socket of spamass-milter, "
	    "not of spamd" },
	{ B("-ERR unknown command 'O', with args beginning with: \r\n"),
	    "answers like a Redis server (" },
	{ B("-ERR Protocol error: unbalanced quotes in request\r\n"),
	    "answers like a Redis server (" },
	{ B("-NOAUTH Authentication required.\r\n"),
	    "answers like a Redis server (" },
	{ B("-DENIED Redis is running in protected mode because\r\n"),
	    "answers like a Redis server (" },
	{ B("ERROR\r\n"), "answers like a memcached server (" },
	{ B("action=DUNNO\n\n"), "answers like a policy server (\"action="
	    "DUNNO\"): it belongs into check_policy_service of Postfix" },
	{ B("\x15\x03\x01\0\x02\x02\x46"), "answers in TLS (an alert): " },
	{ B("\x15\x03\x03\0\x02"), "answers in TLS (an alert): " },
	{ B("\x16\x03\x03\0\x7a\x02\0\0\x76\x03\x03"),
	    "answers in TLS (a handshake): " },
	{ B("\x4a\0\0\0\x0a" "8.0.36-0ubuntu0\0\x0c\0\0\0"),
	    "answers like a MySQL server: is" },
	{ B("\x5b\0\0\0\x0a" "5.5.5-10.11.6-MariaDB-0+deb12u1\0"),
	    "answers like a MySQL server: is" },
	{ B("\x43\0\0\0\xff\x6a\x04Host '192.0.2.1' is not allowed"),
	    "answers like a MySQL server: is" },
	{ B("E\0\0\0\x8cSFATAL\0VFATAL\0C0A000\0Munsupported frontend"),
	    "answers like a PostgreSQL server: is" },
	{ B("EFATAL:  unsupported frontend protocol"),
	    "answers like a PostgreSQL server: is" },
	{ B("\xff\xfd\x18\xff\xfd\x20"), "answers like a telnet server: is" },
	/* text, whoever says it */
	{ B("hello there\r\n"), "answers with text (\"hello there\"): is" },
	{ B("OK\n"), "answers with text (\"OK\"): is" },
	{ B("no line end"), "answers with text (\"no line end\"): is" },
	/* nobody */
	{ B(""), NULL },
	{ B("c"), NULL },
	{ B("\0\0\0\0"), NULL },
	{ B("\x7f\xff\xff\xff" "c"), NULL },
	{ B("\xff\xff\xff\xff" "c"), NULL },
	{ B("\x80\x81\x82\x83\x84"), NULL },
	{ B("text, then\x01"), NULL },
	{ B("\r\n"), NULL },
};

static const struct row clients[] = {
	{ B("GET / HTTP/1.0\r\n\r\n"),
	    "looks like an HTTP client (\"GET / HTTP/1.0\")" },
	{ B("POST /checkv2 HTTP/1.1\r\nHost: x\r\n"),
	    "looks like an HTTP client (" },
	{ B("HEAD"), "looks like an HTTP client (\"HEAD\")" },
	{ B("OPTIONS * HTTP/1.0\r\n"), "looks like an HTTP client (" },
	{ B("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	    "looks like an HTTP client (" },
	{ B("EHLO mail.example\r\n"),
	    "looks like an SMTP client (\"EHLO mail.example\")" },
	{ B("helo x\r\n"), "looks like an SMTP client (\"helo x\")" },
	{ B("QUIT\r\n"), "looks like an SMTP client (" },
	{ B("LHLO x\r\n"), "looks like an LMTP client (" },
	{ B("PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n"),
	    "looks like a PROXY protocol line (" },
	{ B("PROXY UNKNOWN\r\n"), "looks like a PROXY protocol line (" },
	{ B("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
	    "looks like a PROXY protocol header" },
	{ B("\r\n\r\n\0"), "looks like a PROXY protocol header" },
	{ B("\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03"),
	    "looks like a TLS client" },
	{ B("\x15\x03\x03\0\x02\x01\0"), "looks like a TLS client" },
	{ B("SSH-2.0-OpenSSH_9.2\r\n"), "looks like an SSH client (" },
	{ B("PING SPAMC/1.2\r\n\r\n"), "looks like spamc (" },
	{ B("PROCESS SPAMC/1.5\r\n"), "looks like spamc (" },
	{ B("zINSTREAM\0"), "looks like a client of clamd (" },
	{ B("nPING\n"), "looks like a client of clamd (" },
	{ B("request=smtpd_access_policy\n"),
	    "looks like a client of a policy server (" },
	{ B("hello\r\n"), "looks like text (\"hello\")" },
	{ B("\r\n\r\n"), "looks like an empty line" },
	{ B("\n"), "looks like an empty line" },
	{ B(""), NULL },
	{ B("\0\0\0\1Q"), NULL },
	{ B("\x80\x03\x01\x02"), NULL },
	{ B("G\0\0\0"), NULL },
};

typedef bool ask(char *, size_t, const void *, size_t);

/* Each row, from memory that ends where it does. */
static void
check(ask *fn, const struct row *r, size_t n)
{
	char words[STRANGER_SIZE], *copy;
	bool known;

	for (; n > 0; n--, r++) {
		copy = malloc(r->n + 1);
		ATF_REQUIRE(copy != NULL);
		memcpy(copy, r->bytes, r->n);
		memset(words, 'x', sizeof(words));
		known = fn(words, sizeof(words), copy, r->n);
		free(copy);
		if (known != (r->begins != NULL) ||
		    (known && strncmp(words, r->begins,
		    strlen(r->begins)) != 0) || (!known && words[0] != '\0'))
			atf_tc_fail_nonfatal("of \"%s\": %d \"%s\"", r->bytes,
			    known, words);
	}
}

H_CASE(server, "What a server of another kind answers is recognised")
{
	check(stranger_server, servers, COUNT(servers));
}

H_CASE(client, "What a client of another kind sends is recognised")
{
	check(stranger_client, clients, COUNT(clients));
}

/* However it is cut, and however little room there is. */
static void
cut(ask *fn, const struct row *r, size_t n)
{
	char words[STRANGER_SIZE + 8], *copy;
	size_t i, size;

	for (; n > 0; n--, r++)
		for (i = 0; i <= r->n; i++) {
			copy = malloc(i + 1);
			ATF_REQUIRE(copy != NULL);
			memcpy(copy, r->bytes, i);
			for (size = 0; size < sizeof(words) - 8; size += 13) {
				memset(words, '#', sizeof(words));
				(void)fn(words, size, copy, i);
				ATF_REQUIRE(words[size] == '#');
				ATF_REQUIRE(size == 0 || memchr(words, '\0',
				    size) != NULL);
			}
			free(copy);
		}
}

H_CASE(pieces, "Any piece of them, and any room for the words, will do")
{
	cut(stranger_server, servers, COUNT(servers));
	cut(stranger_client, clients, COUNT(clients));
}

H_CASE(longest, "The longest words have room and are all printable")
{
	char bytes[4096], words[STRANGER_SIZE];
	size_t i, j;

	for (i = 0; i < COUNT(servers); i++) {
		memset(bytes, 'y', sizeof(bytes));
		memcpy(bytes, servers[i].bytes, servers[i].n);
		(void)stranger_server(words, sizeof(words), bytes,
		    sizeof(bytes));
		ATF_CHECK_MSG(strlen(words) < sizeof(words) - 1, "%s", words);
		for (j = 0; words[j] != '\0'; j++)
			ATF_REQUIRE(words[j] >= ' ' && words[j] <= '~');
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, server);
	ATF_TP_ADD_TC(tp, client);
	ATF_TP_ADD_TC(tp, pieces);
	ATF_TP_ADD_TC(tp, longest);

	return (atf_no_error());
}
