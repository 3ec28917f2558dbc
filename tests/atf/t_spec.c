/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_spec.c - connection specifications and addresses, as text and back.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <stdio.h>

#include <atf-c.h>

#include "base/spec.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

ATF_TC_WITHOUT_HEAD(good_forms);
ATF_TC_BODY(good_forms, tc)
{
	static const struct {
		const char *text, *canonical;
		int family;
		const char *path, *host;
		unsigned port;
	} cases[] = {
		{ "unix:/run/x.sock", "unix:/run/x.sock", AF_UNIX,
		    "/run/x.sock", NULL, 0 },
		{ "local:/run/x.sock", "unix:/run/x.sock", AF_UNIX,
		    "/run/x.sock", NULL, 0 },
		{ "unix:rel/x", "unix:rel/x", AF_UNIX, "rel/x", NULL, 0 },
		{ "unix:/with space:and@colon", "unix:/with space:and@colon",
		    AF_UNIX, "/with space:and@colon", NULL, 0 },
		{ "inet:10025", "inet:10025", AF_INET, NULL, NULL, 10025 },
		{ "inet:0", "inet:0", AF_INET, NULL, NULL, 0 },
		{ "inet:65535", "inet:65535", AF_INET, NULL, NULL, 65535 },
		{ "inet:25@localhost", "inet:25@localhost", AF_INET, NULL,
		    "localhost", 25 },
		{ "inet:25@[localhost]", "inet:25@localhost", AF_INET, NULL,
		    "localhost", 25 },
		{ "inet:25@mail_1.example.net", "inet:25@mail_1.example.net",
		    AF_INET, NULL, "mail_1.example.net", 25 },
		{ "inet:25@127.0.0.1", "inet:25@[127.0.0.1]", AF_INET, NULL,
		    "127.0.0.1", 25 },
		{ "inet:10025@[127.0.0.1]", "inet:10025@[127.0.0.1]", AF_INET,
		    NULL, "127.0.0.1", 10025 },
		{ "inet6:25", "inet6:25", AF_INET6, NULL, NULL, 25 },
		{ "inet6:25@[::1]", "inet6:25@[::1]", AF_INET6, NULL, "::1",
		    25 },
		{ "inet6:25@[fe80::1%1]", "inet6:25@[fe80::1%1]", AF_INET6,
		    NULL, "fe80::1%1", 25 },
		{ "inet6:25@localhost", "inet6:25@localhost", AF_INET6, NULL,
		    "localhost", 25 },
	};
	char why[256], text[SPEC_TEXT_MAX];
	struct spec spec, copy;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		ATF_REQUIRE_EQ_MSG(spec_parse(cases[i].text, &spec, why,
		    sizeof(why)), 0, "%s: %s", cases[i].text, why);
		ATF_CHECK_EQ(spec.family, cases[i].family);
		ATF_CHECK_EQ(spec.port, cases[i].port);
		if (cases[i].path == NULL)
			ATF_CHECK(spec.path == NULL);
		else
			ATF_CHECK_STREQ(spec.path, cases[i].path);
		if (cases[i].host == NULL)
			ATF_CHECK(spec.host == NULL);
		else
			ATF_CHECK_STREQ(spec.host, cases[i].host);
		ATF_CHECK_STREQ(spec_format(&spec, text, sizeof(text)),
		    cases[i].canonical);

		/* A copy lives on its own; the canonical text reads back. */
		ATF_REQUIRE_EQ(spec_copy(&spec, &copy), 0);
		spec_free(&spec);
		ATF_CHECK_EQ(spec.family, 0);
		spec_free(&spec);
		ATF_CHECK_STREQ(spec_format(&copy, text, sizeof(text)),
		    cases[i].canonical);
		spec_free(&copy);
		ATF_REQUIRE_EQ(spec_parse(text, &spec, why, sizeof(why)), 0);
		spec_free(&spec);
	}
}

ATF_TC(bad_forms);
ATF_TC_HEAD(bad_forms, tc)
{
	atf_tc_set_md_var(tc, "descr", "every wrong form is refused, and the "
	    "reason says what would be right");
}
ATF_TC_BODY(bad_forms, tc)
{
	static const struct {
		const char *text;
		const char *says;	/* a part of the reason */
	} cases[] = {
		{ "", "write unix:PATH" },
		{ "nonsense", "has no colon" },
		{ "/run/x.sock", "write unix:/run/x.sock" },
		{ "/run/x:y", "write unix:/run/x:y" },
		{ "10025", "write inet:10025" },
		{ "10025@localhost", "write inet:10025@localhost" },
		{ "tcp:10025", "did you mean inet:10025?" },
		{ "tcp6:25@[::1]", "did you mean inet6:25@[::1]?" },
		{ "UNIX:/x", "did you mean unix:/x?" },
		{ "uinx:/x", "did you mean unix:/x?" },
		{ "inte:1", "did you mean inet:1?" },
		{ "inet5:1", "did you mean inet:1?" },
		{ "localhost:25", "write inet:25@localhost" },
		{ "[::1]:25", "write inet6:25@[::1]" },
		{ "zzzzzzzz:x", "one of unix, local, inet, inet6" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa:x", "one of unix" },
		{ ":25", "one of unix" },
		{ "unix:", "path is empty" },
		{ "local:", "path is empty" },
		{ "inet:", "port is missing" },
		{ "inet:@localhost", "port is missing" },
		{ "inet:smtp", "'smtp' is not a number" },
		{ "inet:25x", "'25x' is not a number" },
		{ "inet:-1", "'-1' is not a number" },
		{ "inet: 25", "' 25' is not a number" },
		{ "inet:65536", "too large" },
		{ "inet:99999999999999999999@x", "too large" },
		{ "inet:localhost:10025", "here it is inet:10025@localhost" },
		{ "inet:127.0.0.1:10025", "here it is inet:10025@[127.0.0.1]" },
		{ "inet:[::1]:10025", "here it is inet6:10025@[::1]" },
		{ "inet:25@", "no host behind the '@'" },
		{ "inet:25@[]", "no host behind the '@'" },
		{ "inet:25@[127.0.0.1", "write inet:25@[127.0.0.1]" },
		{ "inet:25@[127.0.0.1]x", "write inet:25@[127.0.0.1]" },
		{ "inet:25@[::1]", "write inet6:25@[::1]" },
		{ "inet6:25@[127.0.0.1]", "write inet:25@[127.0.0.1]" },
		{ "inet6:25@::1", "write inet6:25@[::1]" },
		{ "inet:25@a b", "neither a name nor an address" },
		{ "inet:25@a@b", "neither a name nor an address" },
		{ "inet6:25@[::g]", "neither a name nor an address" },
		{ "unix:/x\n", "control character (0x0a)" },
		{ "inet:25@h\033[1m", "control character (0x1b)" },
	};
	char why[256];
	struct spec spec;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		memset(&spec, 0x55, sizeof(spec));
		ATF_CHECK_EQ_MSG(spec_parse(cases[i].text, &spec, why,
		    sizeof(why)), -1, "accepted: %s", cases[i].text);
		ATF_CHECK_MSG(strstr(why, cases[i].says) != NULL,
		    "%s: \"%s\" lacks \"%s\"", cases[i].text, why,
		    cases[i].says);
		ATF_CHECK(strchr(why, '\n') == NULL);
		ATF_CHECK(spec.family == 0 && spec.path == NULL &&
		    spec.host == NULL && spec.port == 0);
	}
}

ATF_TC_WITHOUT_HEAD(lengths);
ATF_TC_BODY(lengths, tc)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct spec spec;
	char text[4096], why[64], small[8];
	const size_t most = sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1;

	memset(text, 'p', sizeof(text));
	memcpy(text, "unix:", 5);
	text[5 + most] = '\0';
	ATF_REQUIRE_EQ(spec_parse(text, &spec, why, sizeof(why)), 0);
	ATF_REQUIRE_EQ(spec_sockaddr(&spec, false, &ss, &len), 0);
	ATF_CHECK((size_t)len <= sizeof(struct sockaddr_un));
	spec_free(&spec);

	text[5 + most] = 'p';
	text[5 + most + 1] = '\0';
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
	ATF_CHECK(strstr(why, "bytes") != NULL);

	/* Long texts of every kind fit no buffer and hurt none. */
	memset(text, 'h', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ATF_CHECK_EQ(spec_parse(text, &spec, small, sizeof(small)), -1);
	ATF_CHECK(strlen(small) < sizeof(small));
	memcpy(text, "inet:25@", 8);
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
	memcpy(text, "inet:25@[", 9);
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
	memcpy(text, "inet:hhhh", 9);
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
	memcpy(text + sizeof(text) - 4, ":25", 3);
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
	memset(text, '1', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
	memcpy(text, "inet:", 5);
	ATF_CHECK_EQ(spec_parse(text, &spec, why, sizeof(why)), -1);
}

/* Every prefix of good texts, and every single byte changed. */
ATF_TC_WITHOUT_HEAD(cut_and_changed);
ATF_TC_BODY(cut_and_changed, tc)
{
	static const char *const good[] = {
		"unix:/run/x.sock", "inet:10025@[127.0.0.1]",
		"inet6:25@[fe80::1%1]", "inet:25@localhost",
		"inet:[::1]:25",
	};
	char text[64], why[256], again[SPEC_TEXT_MAX];
	struct spec spec;
	size_t i, j;
	unsigned c;

	for (i = 0; i < COUNT(good); i++) {
		for (j = 0; j <= strlen(good[i]); j++) {
			for (c = 0; c < 256; c++) {
				memset(text, 0, sizeof(text));
				strlcpy(text, good[i], sizeof(text));
				text[j] = (char)c;
				why[0] = '\0';
				if (spec_parse(text, &spec, why,
				    sizeof(why)) == -1) {
					ATF_REQUIRE(why[0] != '\0');
					continue;
				}
				spec_format(&spec, again, sizeof(again));
				spec_free(&spec);
				ATF_REQUIRE_EQ_MSG(spec_parse(again, &spec,
				    why, sizeof(why)), 0, "%s: %s", again,
				    why);
				spec_free(&spec);
			}
		}
	}
}

static void
check_sockaddr(const char *text, bool listening, const char *expected)
{
	struct sockaddr_storage ss;
	socklen_t len;
	struct spec spec;
	char why[256], back[SPEC_TEXT_MAX];

	ATF_REQUIRE_EQ(spec_parse(text, &spec, why, sizeof(why)), 0);
	if (expected == NULL) {
		ATF_CHECK_EQ(spec_sockaddr(&spec, listening, &ss, &len), -1);
	} else {
		ATF_REQUIRE_EQ(spec_sockaddr(&spec, listening, &ss, &len), 0);
		ATF_CHECK_EQ(ss.ss_family, spec.family);
		ATF_CHECK_STREQ(addr_format((struct sockaddr *)&ss, len, back,
		    sizeof(back)), expected);
	}
	spec_free(&spec);
}

ATF_TC(sockaddrs);
ATF_TC_HEAD(sockaddrs, tc)
{
	atf_tc_set_md_var(tc, "descr", "an absent host is every interface "
	    "when listening and the loopback address when dialling; names "
	    "have no address without a look-up");
}
ATF_TC_BODY(sockaddrs, tc)
{
	check_sockaddr("unix:/run/x", true, "unix:/run/x");
	check_sockaddr("unix:/run/x", false, "unix:/run/x");
	check_sockaddr("inet:25", true, "inet:25@[0.0.0.0]");
	check_sockaddr("inet:25", false, "inet:25@[127.0.0.1]");
	check_sockaddr("inet6:25", true, "inet6:25@[::]");
	check_sockaddr("inet6:25", false, "inet6:25@[::1]");
	check_sockaddr("inet:25@10.1.2.3", false, "inet:25@[10.1.2.3]");
	check_sockaddr("inet6:25@[2001:DB8::1]", false,
	    "inet6:25@[2001:db8::1]");
	check_sockaddr("inet6:25@[fe80::1%1]", false, "inet6:25@[fe80::1%1]");
	check_sockaddr("inet6:25@[fe80::1%no-such-if]", false, NULL);
	check_sockaddr("inet:25@localhost", false, NULL);
	check_sockaddr("inet6:25@localhost", true, NULL);
}

ATF_TC_WITHOUT_HEAD(odd_addresses);
ATF_TC_BODY(odd_addresses, tc)
{
	struct sockaddr_un un;
	struct sockaddr_storage ss;
	char text[SPEC_TEXT_MAX], tiny[6];
	const socklen_t off = (socklen_t)offsetof(struct sockaddr_un,
	    sun_path);

	/* A client's own socket has no path as a rule. */
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	ATF_CHECK_STREQ(addr_format((struct sockaddr *)&un, off, text,
	    sizeof(text)), "unix:");
	ATF_CHECK_STREQ(addr_format((struct sockaddr *)&un, sizeof(un), text,
	    sizeof(text)), "unix:");

	/* A path may fill sun_path without a NUL, and hold anything. */
	memset(un.sun_path, 'x', sizeof(un.sun_path));
	un.sun_path[1] = '\n';
	addr_format((struct sockaddr *)&un, sizeof(un), text, sizeof(text));
	ATF_CHECK_EQ(strlen(text), 5 + sizeof(un.sun_path));
	ATF_CHECK_EQ(memcmp(text, "unix:x?x", 8), 0);
	addr_format((struct sockaddr *)&un, off + 1, text, sizeof(text));
	ATF_CHECK_STREQ(text, "unix:x");

	/* It cannot pass for another part of a log line. */
	strlcpy(un.sun_path, "/x verdict=accept\x9b\177", sizeof(un.sun_path));
	addr_format((struct sockaddr *)&un, sizeof(un), text, sizeof(text));
	ATF_CHECK_STREQ(text, "unix:/x?verdict=accept??");

	memset(&ss, 0, sizeof(ss));
	ss.ss_family = AF_UNSPEC;
	ATF_CHECK_STREQ(addr_format((struct sockaddr *)&ss, sizeof(ss), text,
	    sizeof(text)), "unknown");
	ATF_CHECK_STREQ(addr_format(NULL, 0, text, sizeof(text)), "unknown");
	/* Too short for what its family says. */
	ss.ss_family = AF_INET;
	ATF_CHECK_STREQ(addr_format((struct sockaddr *)&ss, 4, text,
	    sizeof(text)), "unknown");
	ATF_CHECK_STREQ(addr_format((struct sockaddr *)&ss,
	    sizeof(struct sockaddr_in), tiny, sizeof(tiny)), "inet:");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, good_forms);
	ATF_TP_ADD_TC(tp, bad_forms);
	ATF_TP_ADD_TC(tp, lengths);
	ATF_TP_ADD_TC(tp, cut_and_changed);
	ATF_TP_ADD_TC(tp, sockaddrs);
	ATF_TP_ADD_TC(tp, odd_addresses);
	return (atf_no_error());
}
