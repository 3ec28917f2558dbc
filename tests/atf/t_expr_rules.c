/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_expr_rules.c - the lists of keys: what is in one, and what is wrong.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/lex.h"
#include "config/rules.h"
#include "h_case.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

H_CASE(rules, "Lists of keys: one item or several, appended, with an origin")
{
	static const struct {
		enum rules_flavour flavour;
		const char *text;
		const char *result;	/* the items, or "@BYTE WHY" */
	} t[] = {
		{ RULES_STRINGS, "\"a\"", "\"a\"" },
		{ RULES_STRINGS, "/a\\/b/i", "/a\\/b/i" },
		{ RULES_STRINGS, "table.x", "table.x" },
		{ RULES_STRINGS, "[]", "" },
		{ RULES_STRINGS, " [ \"a\\n\", # one\n /b/,\r\n"
		    "table.\"c d\" , ] ", "\"a\\n\" /b/ table.\"c d\"" },
		{ RULES_STRINGS, "", "@0 something is missing at the end, "
		    "expected a string, a pattern or table.NAME" },
		{ RULES_STRINGS, "a", "@0 expected a string, a pattern or "
		    "table.NAME, found a" },
		{ RULES_STRINGS, "1", "@0 expected a string, a pattern or "
		    "table.NAME, found 1" },
		{ RULES_STRINGS, "\"a\" \"b\"", "@4 expected the end of the "
		    "line, found \"b\"" },
		{ RULES_STRINGS, "[\"a\"", "@0 the list is not closed, "
		    "expected ]" },
		{ RULES_STRINGS, "[\"a\", /(/]", "@7 no ) for this (: write "
		    "\\( for the sign" },
		{ RULES_NETWORKS, "[\"10.0.0.0/8\", \"::1\", table.x]",
		    "\"10.0.0.0/8\" \"::1\" table.x" },
		{ RULES_NETWORKS, "/a/", "@0 expected a network in quotes or "
		    "table.NAME, found /a/" },
		{ RULES_NETWORKS, "[\"10.0.0.0/8\", 10.0.0.0/8]", "@15 "
		    "an address or network is written in quotes, a number "
		    "without a point" },
		{ RULES_SERVICES, "[\"a.b\", \"c=127.0.0.2\"]",
		    "\"a.b\" \"c=127.0.0.2\"" },
		{ RULES_SERVICES, "[\"a b\"]", "@1 this is none, expected a "
		    "service: \"ZONE\" or \"ZONE=NETWORK\"" },
		{ RULES_SERVICES, "\"\"", "@0 this is none, expected a "
		    "service: \"ZONE\" or \"ZONE=NETWORK\"" },
		{ RULES_NUMBERS, "[1, 2..3]", "1 2..3" },
	};
	static const struct conf_origin origin = { "f", 3 };
	char why[RULES_WHY_MAX], said[RULES_WHY_MAX + 20], item[80];
	struct conf_rules rules = { NULL, 0 };
	size_t at, i, j;

	for (i = 0; i < COUNT(t); i++) {
		said[0] = '\0';
		if (rules_read(t[i].text, strlen(t[i].text), t[i].flavour,
		    &origin, &rules, &at, why) == -1)
			snprintf(said, sizeof(said), "@%zu %s", at, why);
		else for (j = 0; j < rules.n; j++) {
			snprintf(said + strlen(said), sizeof(said) -
			    strlen(said), "%s%s", j > 0 ? " " : "",
			    rules_format(&rules.item[j], item, sizeof(item)));
			ATF_CHECK_EQ(rules.item[j].origin.line, 3);
		}
		if (strcmp(said, t[i].result) != 0)
			atf_tc_fail_nonfatal("%s: \"%s\", not \"%s\"",
			    t[i].text, said, t[i].result);
		rules_free(&rules);
		ATF_CHECK(rules.item == NULL && rules.n == 0);
	}
}

H_CASE(many_rules, "A list of thousands, and one that is too long")
{
	static const struct conf_origin origin = { "f", 3 };
	char why[RULES_WHY_MAX], *text = malloc(LEX_STATEMENT_MAX + 3);
	struct conf_rules rules = { NULL, 0 };
	size_t at, n = 0;

	ATF_REQUIRE(text != NULL);
	text[n++] = '[';
	while (n + 8 <= LEX_STATEMENT_MAX)
		n += (size_t)sprintf(text + n, "\"%04zu\",", n % 10000);
	text[n++] = ']';
	ATF_REQUIRE(rules_read(text, n, RULES_STRINGS, &origin, &rules, &at,
	    why) == 0);
	ATF_CHECK_EQ(rules.n, (n - 2) / 7);
	ATF_REQUIRE(rules_read("\"x\"", 3, RULES_STRINGS, &origin, &rules,
	    &at, why) == 0);
	ATF_CHECK_STREQ(rules.item[rules.n - 1].text, "x");
	while (n <= LEX_STATEMENT_MAX)
		text[n++] = ' ';
	ATF_CHECK(rules_read(text, n, RULES_STRINGS, &origin, &rules, &at,
	    why) == -1);
	ATF_CHECK_STREQ(why, "this has more than 65536 bytes");
	rules_free(&rules);
	free(text);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, rules);
	ATF_TP_ADD_TC(tp, many_rules);
	return (atf_no_error());
}
