/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_condition_builtin.c - the conditions that are built in: who is stopped, by
 * which rule, and which macros are set.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "condition/condition.h"
#include "d_conf.h"
#include "d_s25r.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

struct seen {
	char		 set[300];	/* "{a}=b;..." */
	const char	*macros;	/* "{a}=b;..." of the MTA */
	char		 value[100];
};

static const char *
macro(void *arg, const char *name)
{
	struct seen *seen = arg;
	const char *p = seen->macros != NULL ? seen->macros : "";
	size_t n = strlen(name), len;

	for (; *p != '\0'; p += len + (p[len] == ';')) {
		len = strcspn(p, ";");
		/* {x} and x are the same one. */
		if ((strncmp(p, name, n) == 0 && p[n] == '=') ||
		    (p[0] == '{' && strncmp(p + 1, name, n) == 0 &&
		    p[1 + n] == '}')) {
			const char *v = strchr(p, '=') + 1;

			snprintf(seen->value, sizeof(seen->value), "%.*s",
			    (int)(p + len - v), v);
			return (seen->value);
		}
	}
	return (NULL);
}

static void
set(void *arg, bool note, const char *name, const char *value)
{
	struct seen *seen = arg;
	size_t n = strlen(seen->set);

	snprintf(seen->set + n, sizeof(seen->set) - n, "%s%s=%s;",
	    note ? "note " : "", name, value);
}

/* What a session looks like. */
struct row {
	const char	*extra;		/* configuration, or NULL */
	const char	*condition;
	enum conf_stage	 stage;
	const char	*host, *address;	/* "unix", NULL: unknown */
	const char	*macros;
	const char	*sender, *recipient;
	bool		 authenticated, stressed;
	bool		 stopped;
	const char	*rule;		/* in the rule; NULL: any */
	const char	*set;		/* all that is set; NULL: nothing */
};

static struct conf *
make(const struct row *r)
{
	char text[1200];
	struct conf *c;

	snprintf(text, sizeof(text), "milter.x.connection_spec = \"inet:9\"\n"
	    "milter.x.applicable_conditions = [\"%s\"]\n%s", r->condition,
	    r->extra != NULL ? r->extra : "");
	c = conf_load_text(text);
	ATF_REQUIRE(c != NULL);
	return (c);
}

static enum condition_answer
ask(const struct row *r, const struct conf *c, struct condition_stop *stop,
    struct seen *seen)
{
	struct condition_hooks hooks = { set, NULL, seen };
	enum condition_answer answer;
	struct facts f;

	facts_init(&f);
	f.conf = c;
	f.host = r->host;
	f.sender = r->sender;
	f.sender_len = r->sender != NULL ? strlen(r->sender) + 1 : 0;
	f.recipient = r->recipient;
	f.recipient_len = r->recipient != NULL ? strlen(r->recipient) + 1 : 0;
	f.authenticated = r->authenticated;
	f.stressed = r->stressed;
	f.macro = macro;
	f.arg = seen;
	if (r->address == NULL)
		facts_set_client(&f, EVAL_UNKNOWN, NULL);
	else if (strcmp(r->address, "unix") == 0)
		facts_set_client(&f, EVAL_UNIX, "/run/x");
	else
		facts_set_client(&f, strchr(r->address, ':') != NULL ?
		    EVAL_INET6 : EVAL_INET, r->address);
	seen->macros = r->macros;
	seen->set[0] = '\0';
	f.postfix = r->macros != NULL && strstr(r->macros, "Postfix") != NULL;
	answer = condition_ask(c->milters[0], r->stage, &f, &hooks, stop);
	facts_free(&f);
	return (answer);
}

static void
check(const struct row *r)
{
	struct conf *c = make(r);
	struct condition_stop stop;
	struct seen seen;
	const char *what = r->condition;

	ATF_CHECK_EQ_MSG(ask(r, c, &stop, &seen), r->stopped ?
	    CONDITION_STOP : CONDITION_RUN, "%s host=%s address=%s sender=%s",
	    what, r->host ? r->host : "-", r->address ? r->address : "-",
	    r->sender ? r->sender : "-");
	if (r->stopped && r->rule != NULL)
		ATF_CHECK_MSG(strstr(stop.rule, r->rule) != NULL,
		    "%s: %s is not in %s", what, r->rule, stop.rule);
	ATF_CHECK_STREQ(r->set != NULL ? r->set : "", seen.set);
	conf_unref(c);
}

H_CASE(s25r_hosts, "S25R: hosts, and the rule that decides about each")
{
	static const char *const rules[] = { "", "\"unknown\"",
	    "/\\A\\[.+\\]\\z/", "/\\A[^.]*\\d[^\\d.]+\\d.*\\./",
	    "/\\A[^.]*\\d{5}/",
	    "/\\A(?:[^.]+\\.)?\\d[^.]*\\.[^.]+\\..+\\.[a-z]/i",
	    "/\\A[^.]*\\d\\.[^.]*\\d-\\d/",
	    "/\\A[^.]*\\d\\.[^.]*\\d\\.[^.]+\\..+\\./",
	    "/\\A(?:dhcp|dialup|ppp|[achrsvx]?dsl)[^.]*\\d/i" };
	struct row r, one;
	struct condition_stop stop;
	struct conf *c;
	struct seen seen;
	char text[300];
	size_t i;
	int k;

	ATF_REQUIRE(COUNT(s25r_hosts) >= 60);
	memset(&r, 0, sizeof(r));
	r.condition = "S25R";
	r.address = "192.0.2.1";
	c = make(&r);
	for (i = 0; i < COUNT(s25r_hosts); i++) {
		int rule = s25r_hosts[i].rule;

		r.host = s25r_hosts[i].host;
		ATF_CHECK_EQ_MSG(ask(&r, c, &stop, &seen), rule == 0 ||
		    rule == WHITE ? CONDITION_STOP : CONDITION_RUN, "%s: %s",
		    r.host, s25r_hosts[i].why);
		if (rule == 0)
			ATF_CHECK_STREQ("not in blacklist", stop.rule);
		if (rule == WHITE)
			ATF_CHECK_MSG(strncmp(stop.rule, "whitelist /", 11) ==
			    0, "%s: %s", r.host, stop.rule);
		/* It is this rule and none before it. */
		for (k = 1; rule != WHITE && k <= 8; k++) {
			one = r;
			snprintf(text, sizeof(text), "s25r.blacklist = [%s]\n"
			    "s25r.whitelist = []\n", rules[k]);
			one.extra = text;
			if (k > rule && rule != 0)
				break;
			conf_unref(c);
			c = make(&one);
			ATF_CHECK_EQ_MSG(ask(&one, c, &stop, &seen), k == rule ?
			    CONDITION_RUN : CONDITION_STOP, "%s: %s: rule %d",
			    r.host, s25r_hosts[i].why, k);
		}
		conf_unref(c);
		c = make(&r);
	}
	conf_unref(c);
}

#define CONNECT(extra, condition, host, address, macros, stressed, stopped, \
	    rule, set) \
	{ extra, condition, CONF_CONNECT, host, address, macros, NULL, NULL, \
	    false, stressed, stopped, rule, set }

static const struct row connects[] = {
	/* S25R: the family, own lists. */
	CONNECT(NULL, "S25R", "unknown", "2001:db8::1", NULL, false, true,
	    "address.family", NULL),
	CONNECT(NULL, "S25R", "unknown", "unix", NULL, false, true,
	    "address.family", NULL),
	CONNECT(NULL, "S25R", "unknown", NULL, NULL, false, true,
	    "address.family", NULL),
	CONNECT("s25r.check_only_ipv4 = false", "S25R", "unknown",
	    "2001:db8::1", NULL, false, false, NULL, NULL),
	CONNECT("s25r.only_check_ipv4 = false", "S25R", "mx.example.org",
	    "2001:db8::1", NULL, false, true, "not in blacklist", NULL),
	CONNECT("s25r.whitelist += /\\.hinet\\.net\\z/", "S25R",
	    "220-139-165-188.dynamic.hinet.net", "192.0.2.1", NULL, false,
	    true, "whitelist /\\.hinet\\.net\\z/", NULL),
	CONNECT("s25r.whitelist += \"unknown\"", "S25R", "unknown",
	    "192.0.2.1", NULL, false, true, "whitelist \"unknown\"", NULL),
	CONNECT("s25r.blacklist += [\"mx.example.org\", /^smtp/]", "S25R",
	    "mx.example.org", "192.0.2.1", NULL, false, false, NULL, NULL),
	CONNECT("s25r.blacklist += [\"mx.example.org\", /^smtp/]", "S25R",
	    "smtp.example.org", "192.0.2.1", NULL, false, false, NULL, NULL),
	CONNECT("s25r.blacklist = []", "S25R", "unknown", "192.0.2.1", NULL,
	    false, true, "not in blacklist", NULL),
	CONNECT("s25r.blacklist = []\ns25r.blacklist = nil", "S25R", "unknown",
	    "192.0.2.1", NULL, false, false, NULL, NULL),

	/* Remote Network. */
	CONNECT(NULL, "Remote Network", "h", "192.0.2.1", NULL, false, false,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "127.0.0.1", NULL, false, true,
	    "address.local", NULL),
	CONNECT(NULL, "Remote Network", "h", "127.255.255.254", NULL, false,
	    true, "address.local", NULL),
	CONNECT(NULL, "Remote Network", "h", "10.0.0.1", NULL, false, true,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "172.16.0.1", NULL, false, true,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "172.31.255.255", NULL, false,
	    true, NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "172.32.0.1", NULL, false, false,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "192.168.255.1", NULL, false,
	    true, NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "192.169.0.1", NULL, false, false,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "::1", NULL, false, true, NULL,
	    NULL),
	CONNECT(NULL, "Remote Network", "h", "fe80::1", NULL, false, true,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "fd00::1", NULL, false, true,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "2001:db8::1", NULL, false, false,
	    NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "IPv6:2001:db8::1", NULL, false,
	    false, NULL, NULL),
	CONNECT(NULL, "Remote Network", "h", "unix", NULL, false, true, NULL,
	    NULL),
	CONNECT(NULL, "Remote Network", "h", NULL, NULL, false, true,
	    "address.family == \"unknown\"", NULL),
	CONNECT("remote_network.local_addresses += \"192.0.2.0/24\"",
	    "Remote Network", "h", "192.0.2.200", NULL, false, true,
	    "local_addresses \"192.0.2.0/24\"", NULL),
	CONNECT("remote_network.local_addresses = [\"2001:db8::/32\"]",
	    "Remote Network", "h", "2001:db8:1::1", NULL, false, true,
	    "local_addresses \"2001:db8::/32\"", NULL),
	CONNECT("remote_network.remote_addresses += \"192.168.1.3\"",
	    "Remote Network", "h", "192.168.1.3", NULL, false, false, NULL,
	    NULL),
	CONNECT("remote_network.local_addresses += \"192.0.2.0/24\"\n"
	    "remote_network.remote_addresses += \"192.0.2.9\"",
	    "Remote Network", "h", "192.0.2.9", NULL, false, false, NULL,
	    NULL),

	/* Block lists: who is not asked about is in none. */
	CONNECT(NULL, "DNSBL Listed", "h", "2001:db8::1", NULL, false, true,
	    "address.family != \"inet\"", NULL),
	CONNECT(NULL, "DNSBL Listed", "h", "unix", NULL, false, true,
	    "address.family != \"inet\"", NULL),
	CONNECT("dnsbl.check_only_ipv4 = false", "DNSBL Listed", "h", "unix",
	    NULL, false, true, "dnsbl", NULL),
	CONNECT("dnsbl.services = []", "DNSBL Listed", "h", "192.0.2.1", NULL,
	    false, true, "dnsbl", NULL),
	CONNECT(NULL, "Not DNSBL Listed", "h", "2001:db8::1", NULL, false,
	    false, NULL, NULL),
	CONNECT("dnsbl.services = []", "Not DNSBL Listed", "h", "192.0.2.1",
	    NULL, false, false, NULL, NULL),

	/* Stress. */
	CONNECT(NULL, "No Stress", "h", "192.0.2.1", NULL, false, false, NULL,
	    NULL),
	CONNECT(NULL, "No Stress", "h", "192.0.2.1", NULL, true, true,
	    "stressed", NULL),
	CONNECT(NULL, "Stress Notify", "h", "192.0.2.1", NULL, false, false,
	    NULL, NULL),
	CONNECT(NULL, "Stress Notify", "h", "192.0.2.1", NULL, true, false,
	    NULL, "{stress}=yes;"),

	/* Sendmail Compatible. */
	CONNECT(NULL, "Sendmail Compatible", "h", "192.0.2.1",
	    "v=Postfix 3.7;{daemon_addr}=192.0.2.5;{if_name}=mx", false, false,
	    NULL, "{if_addr}=192.0.2.5;"),
	CONNECT(NULL, "Sendmail Compatible", "h", "192.0.2.1",
	    "v=Postfix 3.7;{daemon_addr}=192.0.2.5;{if_name}=mx;"
	    "{if_addr}=192.0.2.6", false, false, NULL, NULL),
	CONNECT(NULL, "Sendmail Compatible", "h", "192.0.2.1",
	    "v=Postfix 3.7", false, false, NULL, NULL),
	CONNECT(NULL, "Sendmail Compatible", "h", "192.0.2.1",
	    "v=8.17.1;{daemon_addr}=192.0.2.5", false, false, NULL, NULL),
};

#define SENDER(extra, condition, sender, authenticated, stopped, rule, set) \
	{ extra, condition, CONF_ENVELOPE_FROM, "h", "192.0.2.1", \
	    "v=Postfix 3.7", sender, NULL, authenticated, false, stopped, \
	    rule, set }

static const struct row senders[] = {
	SENDER(NULL, "Authenticated", "<a@b.example>", true, false, NULL,
	    NULL),
	SENDER(NULL, "Authenticated", "<a@b.example>", false, true,
	    "not authenticated", NULL),
	SENDER(NULL, "Authentication", "<a@b.example>", false, true, NULL,
	    NULL),
	SENDER(NULL, "Unauthenticated", "<a@b.example>", false, false, NULL,
	    NULL),
	SENDER(NULL, "Unauthenticated", "<a@b.example>", true, true,
	    "authenticated", NULL),
	SENDER(NULL, "Unauthentication", "<a@b.example>", true, true, NULL,
	    NULL),
	SENDER(NULL, "Sendmail Compatible", "<a@b.example>", false, false,
	    NULL, "i=dummy-id;"),
	SENDER(NULL, "Trust", "<a@gmail.com>", false, false, NULL,
	    "{trusted_domain}=yes;"),
	SENDER(NULL, "Trust", "<a@GMail.COM>", false, false, NULL,
	    "{trusted_domain}=yes;"),
	SENDER(NULL, "Trust", "<a@msn.com>", false, false, NULL,
	    "{trusted_domain}=yes;"),
	SENDER(NULL, "Trust", "<a@mail.gmail.com>", false, false, NULL, NULL),
	SENDER(NULL, "Trust", "<a@ezweb.ne.jp>", false, false, NULL,
	    "{trusted_domain}=yes;"),
	SENDER(NULL, "Trust", "<gmail.com>", false, false, NULL, NULL),
	SENDER(NULL, "Trust", "<>", false, false, NULL, NULL),
	SENDER("trust.envelope_from_domains = []", "Trust", "<a@gmail.com>",
	    false, false, NULL, NULL),
	SENDER("trust.envelope_from_domains += /\\.example\\z/", "Trust",
	    "<a@b.example>", false, false, NULL, "{trusted_domain}=yes;"),
};

#define ACCOUNTS "restrict_accounts.accounts = [\"a@example.com\", " \
	"/@sub\\.example\\.com\\z/]\n"
#define RECIPIENT(recipient, stopped, set) \
	{ ACCOUNTS, "Restrict Accounts", CONF_ENVELOPE_RECIPIENT, "h", \
	    "192.0.2.1", NULL, "<s@example.org>", recipient, false, false, \
	    stopped, "not in accounts", set }

static const struct row recipients[] = {
	RECIPIENT("<a@example.com>", false, NULL),
	RECIPIENT("<x@sub.example.com>", false, NULL),
	RECIPIENT("<b@example.com>", true, "note Restrict Accounts=other;"),
	RECIPIENT("<A@example.com>", true, "note Restrict Accounts=other;"),
	RECIPIENT("<aa@example.com>", true, "note Restrict Accounts=other;"),
};

H_CASE(connects, "At connect: S25R, Remote Network, stress, Sendmail's macros")
{
	size_t i;

	for (i = 0; i < COUNT(connects); i++)
		check(&connects[i]);
}

H_CASE(senders, "At MAIL: Authenticated, Unauthenticated, Trust")
{
	size_t i;

	for (i = 0; i < COUNT(senders); i++)
		check(&senders[i]);
}

H_CASE(recipients, "At RCPT: Restrict Accounts")
{
	size_t i;

	for (i = 0; i < COUNT(recipients); i++)
		check(&recipients[i]);
}

H_CASE(origins, "The line of a condition that is built in gave it to the child")
{
	static const char text[] = "milter.x.enabled = false\n"
	    "milter.x.applicable_conditions = [\"S25R\"]\n"
	    "milter.x.applicable_conditions += \"No Stress\"\n"
	    "s25r.whitelist += \"w\"\n";
	struct conf *c = conf_load_text(text);
	struct condition_hooks hooks = { NULL, NULL, NULL };
	struct condition_stop stop;
	struct facts f;

	ATF_REQUIRE(c != NULL);
	facts_init(&f);
	f.conf = c;
	f.host = "mx.example.org";
	facts_set_client(&f, EVAL_INET, "192.0.2.1");
	ATF_REQUIRE_EQ(condition_ask(c->milters[0], CONF_CONNECT, &f, &hooks,
	    &stop), CONDITION_STOP);
	ATF_CHECK_EQ(stop.origin.line, 2);
	f.host = "w";
	ATF_REQUIRE_EQ(condition_ask(c->milters[0], CONF_CONNECT, &f, &hooks,
	    &stop), CONDITION_STOP);
	ATF_CHECK_EQ(stop.origin.line, 4);
	f.host = "unknown";
	f.stressed = true;
	ATF_REQUIRE_EQ(condition_ask(c->milters[0], CONF_CONNECT, &f, &hooks,
	    &stop), CONDITION_STOP);
	ATF_CHECK_EQ(stop.origin.line, 3);
	ATF_CHECK_STREQ(stop.condition->name, "No Stress");
	facts_free(&f);
	conf_unref(c);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, s25r_hosts);
	ATF_TP_ADD_TC(tp, connects);
	ATF_TP_ADD_TC(tp, senders);
	ATF_TP_ADD_TC(tp, recipients);
	ATF_TP_ADD_TC(tp, origins);
	return (atf_no_error());
}
