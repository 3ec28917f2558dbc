/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_expr_random.c - many expressions at random: valid ones that were changed,
 * and words in any order.
 *
 * MM_EXPR_RUNS=N makes it N instead of 10,000 each, MM_EXPR_SEED=N begins
 * elsewhere.
 */
#include "compat.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "h_expr.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static uint32_t seed;
static struct {
	unsigned long	 taken, failed, pending, refused;
} count;

/* The same numbers on every system. */
static uint32_t
draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return (seed % below);
}

static unsigned long
setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return (value != NULL ? strtoul(value, NULL, 10) : otherwise);
}

static const char *const valid[] = {
	"s25r.check_only_ipv4 and address.family != \"inet\" or "
	    "host in s25r.whitelist or host not in s25r.blacklist",
	"hour in 8..19 and host =~ /\\.jp\\z/i",
	"address.family == \"unknown\" or address not in "
	    "remote_network.remote_addresses and (address.local or address in "
	    "remote_network.local_addresses)",
	"not recipient in table.users",
	"sender.domain in [\"example.org\", /\\.example\\.net\\z/,\n"
	    "table.\"a b\"] && size > 64k",
	"dnsbl([\"zen.example=127.0.0.10/31\", \"slow.example\"])",
	"not dnsbl(dnsbl.services) and ptr(macro(\"{daemon_addr}\")) == ptr",
	"lookup(table.users, sender) =~ /^O(?:K|k),\\s+[a-z]{2,4}$/mx",
	"child(\"A\").rejected or !(child(\"B b\").accepted && note(\"x\") == "
	    "\"\\x41\\n\") # and so on",
	"address == \"2001:db8::1\" or weekday in [0, 6] and minute not in "
	    "[1..3, 5]",
	"(tls or authenticated) == true and sender.param(\"SIZE\") != \"\"",
	"header_value !~ /[^[:alpha:]\\/]|\\d{3}/ and header_name == \"A\"",
};

static const char *const words[] = {
	"or", "and", "not", "in", "==", "!=", "<", "<=", ">", ">=", "=~",
	"!~", "&&", "||", "!", "(", ")", "[", "]", ",", ".", "..", "true",
	"false", "\"\"", "\"a\"", "\"192.0.2.1\"", "\"::/0\"", "\"a=1.2.3.4\"",
	"/a/", "/\\A(?:a|b)*\\z/i", "/(/", "1", "64k", "0", "\n", "# x\n",
	"table.users", "table.down", "table.slow", "table.x", "table.",
	"lookup(", "lookup(table.users,", "s25r.whitelist",
	"s25r.check_only_ipv4", "remote_network.local_addresses",
	"dnsbl.services", "host", "address", "address.local",
	"address.family", "address.port", "ptr", "ptr(", "dnsbl(", "helo",
	"tls", "sender", "sender.param(", "authenticated", "recipient",
	"size", "header(", "header_name", "header_value", "body", "macro(",
	"macro(\"{j}\")", "macro(\"slow\")", "macro(\"down\")", "note(\"x\")",
	"child(", "child(\"A\").rejected", ".stopped", "postfix", "hour",
	"nonsense", "'a'", "=", "&", "\"", "/", "'", "\\", "\x80", "~", "8..",
	"1..2", "2..1", "99999999999999999999", "10.0.0.0/8", "::1",
};

static void
try_one(struct h_expr *h, const char *text, size_t len)
{
	enum conf_stage stage = (enum conf_stage)draw(CONF_STAGE_N);
	enum expr_type type = draw(4) == 0 ? EXPR_STRING : EXPR_BOOL;
	char why[EXPR_WHY_MAX], out[5000];
	struct expr *e, *again;
	size_t at = (size_t)-2, i;

	why[0] = '\0';
	e = expr_new(text, len, type, stage, &at, why);
	if (e == NULL) {
		count.refused++;
		ATF_CHECK_MSG(at <= len, "%.*s: at %zu", (int)len, text, at);
		ATF_CHECK(why[0] != '\0');
		for (i = 0; why[i] != '\0'; i++)
			ATF_CHECK_MSG(why[i] >= ' ' && why[i] < 0x7f,
			    "%.*s: %s", (int)len, text, why);
		return;
	}
	again = expr_new(expr_text(e), strlen(expr_text(e)), type, stage, &at,
	    why);
	ATF_CHECK_MSG(again != NULL, "%.*s: %s: %s", (int)len, text,
	    expr_text(e), why);
	if (again != NULL)
		ATF_CHECK_STREQ(expr_text(e), expr_text(again));
	expr_free(again);
	/* A table that was never found has failed. */
	(void)expr_resolve(e, &h->conf, why);
	h->fail = draw(8) == 0;
	switch (h_expr_eval(h, e, out, sizeof(out))) {
	case EVAL_OK:
		count.taken++;
		break;
	case EVAL_PENDING:
		count.pending++;
		break;
	case EVAL_FAILED:
		count.failed++;
		break;
	}
	expr_free(e);
}

/* In memory of its own, so that a byte too far is seen by a sanitizer. */
static void
try_text(struct h_expr *h, const char *text, size_t len)
{
	char *copy = malloc(len + (len == 0));

	ATF_REQUIRE(copy != NULL);
	memcpy(copy, text, len);
	try_one(h, copy, len);
	free(copy);
}

static void
begin(struct h_expr *h, unsigned long *runs)
{
	seed = (uint32_t)setting("MM_EXPR_SEED", 20240229);
	*runs = setting("MM_EXPR_RUNS", 10000);
	printf("seed %lu, %lu runs\n", (unsigned long)seed, *runs);
	if (seed == 0)
		seed = 1;
	h_expr_open(h);
}

static void
end(struct h_expr *h)
{
	printf("%lu taken, %lu failed, %lu pending, %lu refused\n",
	    count.taken, count.failed, count.pending, count.refused);
	/* It is of no use when it finds nothing but faults. */
	ATF_CHECK(count.taken > 0 && count.refused > 0);
	h_expr_close(h);
}

H_CASE(changed, "Expressions with bytes and words changed, lost, doubled")
{
	char text[8192], piece[200];
	const char *word;
	unsigned long runs;
	size_t len, at, n, times;
	struct h_expr h;

	begin(&h, &runs);
	while (runs-- > 0) {
		len = strlcpy(text, valid[draw(COUNT(valid))], sizeof(text));
		for (times = draw(4); times > 0 && len > 0; times--) {
			at = draw((uint32_t)len);
			n = draw(12);
			if (n > len - at)
				n = len - at;
			switch (draw(5)) {
			case 0:		/* a byte */
				text[at] = (char)draw(256);
				break;
			case 1:		/* lost */
				memmove(text + at, text + at + n,
				    len - at - n);
				len -= n;
				break;
			case 2:		/* doubled */
				memcpy(piece, text + at, n);
				memmove(text + at + n, text + at, len - at);
				memcpy(text + at, piece, n);
				len += n;
				break;
			case 3:		/* cut */
				len = at;
				break;
			default:	/* a word put in */
				word = words[draw(COUNT(words))];
				n = strlen(word);
				memmove(text + at + n, text + at, len - at);
				memcpy(text + at, word, n);
				len += n;
				break;
			}
		}
		try_text(&h, text, len);
	}
	end(&h);
}

H_CASE(soup, "Words in any order")
{
	char text[8192];
	unsigned long runs;
	size_t n;
	struct h_expr h;

	begin(&h, &runs);
	while (runs-- > 0) {
		text[0] = '\0';
		for (n = draw(draw(50) == 0 ? 1000 : 8); n > 0; n--) {
			strlcat(text, words[draw(COUNT(words))],
			    sizeof(text));
			if (draw(4) != 0)
				strlcat(text, " ", sizeof(text));
		}
		try_text(&h, text, strlen(text));
	}
	end(&h);
}

H_CASE(lists, "Lists of keys, changed the same way")
{
	static const char *const list[] = {
		[RULES_STRINGS] = "[\"a\", /\\Ab+\\z/i, table.\"a b\"]",
		[RULES_NETWORKS] = "[\"10.0.0.0/8\", table.x, \"::1\"]",
		[RULES_SERVICES] = "[ \"a.b\", \"c.d=127.0.0.2/31\" ]",
		[RULES_NUMBERS] = "[ 3, 4..19 , 2k..3m ]"
	};
	static const struct conf_origin origin = { "f", 1 };
	char why[RULES_WHY_MAX], text[256], item[40];
	struct conf_rules rules = { NULL, 0 };
	enum rules_flavour flavour;
	unsigned long runs;
	size_t len, times, i, at;
	struct h_expr h;

	begin(&h, &runs);
	while (runs-- > 0) {
		flavour = (enum rules_flavour)draw(COUNT(list));
		len = strlcpy(text, list[flavour], sizeof(text));
		for (times = draw(3); times > 0; times--) {
			at = draw((uint32_t)len);
			if (draw(2) == 0)
				text[at] = (char)draw(256);
			else if (len > 8 && at + 8 < len) {
				memmove(text + at, text + at + 8,
				    len - at - 8);
				len -= 8;
			}
		}
		at = (size_t)-2;
		if (rules_read(text, len, flavour, &origin, &rules, &at,
		    why) == -1) {
			ATF_CHECK(at <= len);
			count.refused++;
		} else
			count.taken++;
		for (i = 0; i < rules.n; i++)
			ATF_CHECK(strlen(rules_format(&rules.item[i], item,
			    sizeof(item))) < sizeof(item));
		(void)rules_resolve(&rules, &h.conf, why);
		if (draw(3) == 0)
			rules_free(&rules);
	}
	rules_free(&rules);
	end(&h);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, changed);
	ATF_TP_ADD_TC(tp, soup);
	ATF_TP_ADD_TC(tp, lists);
	return (atf_no_error());
}
