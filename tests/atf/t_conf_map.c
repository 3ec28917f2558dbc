/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_map.c - keys with entries: milter.NAME.macro."{name}" = "value".
 */
#include "d_conf.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static const struct {
	const char	*text, *shown;
} good[] = {
	{ "milter.a.enabled = false\nmilter.a.macro.i = \"x\"\n"
	    "milter.a.macro.\"{i}\" = \"\"", "milter.a.macro.i = \"\"" },
	{ "milter.a.enabled = false\nmilter.a.macro.\"{a_B-1.c}\" = "
	    "\"\\\"\\\\\"\n", "milter.a.macro.\"{a_B-1.c}\" = "
	    "\"\\\"\\\\\"" },
	{ "milter.a.enabled = false\nmilter.*.macro.\"{x1}\" = \"1\"\n"
	    "milter.b.enabled = false\nmilter.*.macro.\"{x2}\" = \"2\"\n"
	    "milter.a.macro.\"{x2}\" = nil\nmilter.b.macro._ = nil",
	    "milter.b.macro.\"{x2}\" = \"2\"" },
};

H_CASE(entries, "Each entry is set, replaced and taken away by itself")
{
	struct conf *c;
	size_t i;

	for (i = 0; i < COUNT(good); i++)
		conf_expect(good[i].text, good[i].shown);
	/* What is nil is not there. */
	c = conf_load_text("milter.a.enabled = false\nmilter.a.macro.i = "
	    "\"1\"\nmilter.a.macro.j = \"2\"\nmilter.a.macro.k = \"3\"\n"
	    "milter.a.macro.\"{j}\" = nil\nmilter.a.macro.x = nil\n");
	ATF_REQUIRE(c != NULL);
	ATF_REQUIRE_EQ(c->milters[0]->macros.n, 2);
	ATF_CHECK_STREQ(c->milters[0]->macros.item[0].name, "i");
	ATF_CHECK_STREQ(c->milters[0]->macros.item[1].name, "k");
	ATF_CHECK_STREQ(c->milters[0]->macros.item[1].value, "3");
	conf_unref(c);
}

#define MACRO_NAME "a macro's name is one letter, digit or _, or several " \
	"in braces, like \"i\" or \"{client_addr}\"\n"

static const struct {
	const char	*text, *said;
} bad[] = {
	{ "milter.a.macro = \"x\"", "c:1: milter.a.macro: this key has "
	    "entries, and one is written milter.NAME.macro.\"{name}\"\n" },
	{ "milter.a.macro.i.j = \"x\"", "c:1: milter.a.macro.i.j: this key "
	    "has entries, and one is written milter.NAME.macro.\"{name}\"\n" },
	{ "milter.a.\"macro.\\\"{name}\\\"\" = \"x\"", "c:1: milter.a."
	    "\"macro.\\\\\"{name}\\\\\"\": unknown key, did you mean "
	    "milter.a.macro.\"{name}\"?\n" },
	{ "milter.a.macro.client_addr = \"x\"", "c:1: milter.a.macro."
	    "client_addr: the name of a macro with more than one letter has "
	    "braces, write \"{client_addr}\"\n" },
	{ "milter.a.macro.{x} = \"x\"", "c:1: milter.a.macro: unexpected {, "
	    "expected a name, in quotes unless it is a word\n" },
	{ "milter.a.macro.\"\" = \"x\"", "c:1: milter.a.macro.\"\": "
	    MACRO_NAME },
	{ "milter.a.macro.\"{}\" = \"x\"", "c:1: milter.a.macro.\"{}\": "
	    MACRO_NAME },
	{ "milter.a.macro.* = \"x\"", "c:1: milter.a.macro.*: " MACRO_NAME },
	{ "milter.a.macro.\"{a\\tb}\" = \"x\"", "c:1: milter.a.macro."
	    "\"{a\\\\tb}\": " MACRO_NAME },
	{ "milter.a.macro.i += \"x\"", "c:1: milter.a.macro.i: += appends to "
	    "a list, and this is none; write =\n" },
	{ "milter.a.macro.i = x", "c:1: milter.a.macro.i: a bare word is not "
	    "a string, write \"x\"\n" },
	{ "milter.a.macro.i = [\"x\"]", "c:1: milter.a.macro.i: found a list, "
	    "expected a string in quotes, or nil for none\n" },
	{ "milter.a.macro.i = \"a\\nb\"", "c:1: milter.a.macro.i: a macro's "
	    "value must not have control characters, found \\x0a\n" },
	{ "milter.a.macro.i =", "c:1: milter.a.macro.i: a value is missing, "
	    "expected a string in quotes, or nil for none\n" },
};

H_CASE(faults, "What is wrong with an entry is told in one line")
{
	size_t i;

	for (i = 0; i < COUNT(bad); i++)
		conf_expect_fault(bad[i].text, bad[i].said);
}

H_CASE(entry_limits, "Names and sizes of entries have their limits")
{
	static char text[40000];
	struct conf *c;
	char name[200];
	size_t i;

	for (i = 124; i <= 127; i++) {
		memset(name, 'x', sizeof(name));
		name[i] = '\0';
		snprintf(text, sizeof(text), "milter.a.enabled = false\n"
		    "milter.a.macro.\"{%s}\" = \"y\"", name);
		c = conf_load_text(text);
		ATF_CHECK_EQ(c != NULL, i <= 125);
		if (c == NULL)
			ATF_CHECK(strstr(conf_said, "at most 125 letters") !=
			    NULL);
		else
			ATF_CHECK_EQ(strlen(c->milters[0]->macros.item[0].name),
			    i + 2);
		conf_unref(c);
	}
	/* 16 KiB with a NUL behind each; setting one again takes no more. */
	strlcpy(text, "milter.a.enabled = false\n", sizeof(text));
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "milter.a.macro.%u = \"",
		    (unsigned)(i % 4));
		strlcat(text, name, sizeof(text));
		memset(text + strlen(text), 'v', 4093);
		strlcat(text, "\"\n", sizeof(text));
	}
	c = conf_load_text(text);
	if (c == NULL)
		atf_tc_fail("%s", conf_said);
	ATF_CHECK_EQ(c->milters[0]->macros.n, 4);
	conf_unref(c);
	strlcat(text, "milter.a.macro.z = \"\"\n", sizeof(text));
	ATF_CHECK(conf_load_text(text) == NULL);
	ATF_CHECK(strstr(conf_said, "more than 16384 bytes") != NULL);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, entries);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, entry_limits);
	return (atf_no_error());
}
