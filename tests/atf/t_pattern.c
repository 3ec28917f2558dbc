/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_pattern.c - patterns: what is one, what is none and why, what each finds
 * and where.  What is found by patterns made at random is t_pattern_random.c's.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "h_case.h"
#include "config/pattern.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define I		PATTERN_ICASE
#define X		PATTERN_EXTENDED
#define M		PATTERN_DOT_ALL
#define O		PATTERN_ONE_LINE
#define P		PATTERN_POSIX
#define NONE		(size_t)-1

/* What it found: "0-3 1-2 -" for the match, group 1, and no group 2. */
static const char *
t_pattern_say(const struct pattern *p, const char *subject, size_t len,
    char *dst, size_t size)
{
	struct pattern_span group[PATTERN_GROUPS];
	size_t i, n = 0, last = pattern_groups(p);
	bool plain = pattern_match(p, subject, len, NULL);

	if (pattern_match(p, subject, len, group) != plain)
		return ("different with groups");
	if (!plain)
		return ("no");
	for (i = 0; i < PATTERN_GROUPS; i++) {
		ATF_REQUIRE((group[i].from == NONE) == (group[i].to == NONE));
		if (group[i].from != NONE) {
			ATF_REQUIRE(group[i].from <= group[i].to);
			ATF_REQUIRE(group[i].to <= len);
		}
		if (i > last) {
			ATF_REQUIRE(group[i].from == NONE);
			continue;
		}
		if (group[i].from == NONE)
			n += (size_t)snprintf(dst + n, size - n, " -");
		else
			n += (size_t)snprintf(dst + n, size - n, " %u-%u",
			    (unsigned)group[i].from, (unsigned)group[i].to);
	}
	return (dst + 1);
}

static struct pattern *
t_pattern_make(const char *text, size_t len, unsigned flags)
{
	char why[PATTERN_WHY_MAX];
	struct pattern *p;
	size_t at;

	p = pattern_new(text, len, flags, &at, why);
	if (p == NULL)
		atf_tc_fail_nonfatal("/%s/: byte %u: %s", text, (unsigned)at,
		    why);
	return (p);
}

struct t_pattern_row {
	const char	*text;
	unsigned	 flags;
	const char	*subject, *found;
};

static void
t_pattern_rows(const struct t_pattern_row *t, size_t n)
{
	char dst[400];
	const char *found;
	struct pattern *p;
	size_t i;

	for (i = 0; i < n; i++) {
		p = t_pattern_make(t[i].text, strlen(t[i].text), t[i].flags);
		if (p == NULL)
			continue;
		found = t_pattern_say(p, t[i].subject, strlen(t[i].subject),
		    dst, sizeof(dst));
		if (strcmp(found, t[i].found) != 0)
			atf_tc_fail_nonfatal("/%s/ (%#x) in \"%s\": %s, not %s",
			    t[i].text, t[i].flags, t[i].subject, found,
			    t[i].found);
		pattern_free(p);
	}
}

H_CASE(simple, "Literals, dots, alternatives and groups")
{
	static const struct t_pattern_row t[] = {
		{ "", 0, "", "0-0" },
		{ "", 0, "abc", "0-0" },
		{ "b", 0, "abc", "1-2" },
		{ "b", 0, "ABC", "no" },
		{ "b", I, "ABC", "1-2" },
		{ "B", I, "abc", "1-2" },
		{ "@\\[`", I, "@{`", "no" },
		{ "a.c", 0, "xabc", "1-4" },
		{ "a.c", 0, "a\nc", "no" },
		{ "a.c", M, "a\nc", "0-3" },
		{ ".", 0, "\n", "no" },
		{ ".", 0, "\xff", "0-1" },
		{ "\xc3\xa4", 0, "x\xc3\xa4", "1-3" },
		{ "\xc3\xa4", I, "x\xc3\x84", "no" },
		{ "a|b", 0, "cb", "1-2" },
		{ "a|ab", 0, "ab", "0-1" },
		{ "ab|a", 0, "ab", "0-2" },
		{ "a|ab", P, "ab", "0-2" },
		{ "b|abc", 0, "abc", "0-3" },
		{ "b|abc|c", P, "abc", "0-3" },
		{ "|a", 0, "a", "0-0" },
		{ "a|", 0, "b", "0-0" },
		{ "a||b", 0, "b", "0-0" },
		{ "|", 0, "", "0-0" },
		{ "(|a)b", 0, "ab", "0-2 0-1" },
		{ "()", 0, "a", "0-0 0-0" },
		{ "(?:)", 0, "a", "0-0" },
		{ "(a)(b)|(c)", 0, "c", "0-1 - - 0-1" },
		{ "(a)(b)|(c)", 0, "ab", "0-2 0-1 1-2 -" },
		{ "((a)b)", 0, "xab", "1-3 1-3 1-2" },
		{ "(?:(a)b)", 0, "xab", "1-3 1-2" },
		{ "(a|ab)(c|bcd)(d*)", 0, "abcd", "0-4 0-1 1-4 4-4" },
		{ "(a|ab)(c|bcd)", 0, "abcd", "0-4 0-1 1-4" },
		{ "(x|xy)(z|yz)?", P, "xyz", "0-3 0-1 1-3" },
		{ "(foo|foobar)", P, "xfoobar", "1-7 1-7" },
		{ "(foo|foobar)", 0, "xfoobar", "1-4 1-4" },
		{ "(a)(b)(c)(d)(e)(f)(g)(h)(i)", 0, "abcdefghi",
		    "0-9 0-1 1-2 2-3 3-4 4-5 5-6 6-7 7-8 8-9" },
		{ "}", 0, "}", "0-1" },
		{ "]", 0, "]", "0-1" },
		{ "a{", 0, "a{", "0-2" },
		{ "{", 0, "{", "0-1" },
		{ "{a}", 0, "{a}", "0-3" },
		{ "a{b}", 0, "a{b}", "0-4" },
		{ "a{1", 0, "a{1", "0-3" },
		{ "a{,}", 0, "a{,}", "0-4" },
		{ "a{1,2", 0, "a{1,2", "0-5" },
		{ "a{1,2x}", 0, "a{1,2x}", "0-7" },
		{ "a{-1}", 0, "a{-1}", "0-5" },
		{ "a{ 1}", 0, "a{ 1}", "0-5" },
		{ "{{{", 0, "{{{", "0-3" },
	};

	t_pattern_rows(t, COUNT(t));
}

H_CASE(repeats, "Repeats are greedy, and of a group the last one counts")
{
	static const struct t_pattern_row t[] = {
		{ "a*", 0, "aaa", "0-3" },
		{ "a*", 0, "baa", "0-0" },
		{ "a+", 0, "baa", "1-3" },
		{ "a+", 0, "b", "no" },
		{ "a?", 0, "aa", "0-1" },
		{ "ab?c", 0, "ac", "0-2" },
		{ "ab*c", 0, "abbbc", "0-5" },
		{ "a{2}", 0, "aaa", "0-2" },
		{ "a{2}", 0, "a", "no" },
		{ "a{2,}", 0, "aaaa", "0-4" },
		{ "a{2,}", 0, "a", "no" },
		{ "a{2,3}", 0, "aaaa", "0-3" },
		{ "a{0}b", 0, "ab", "1-2" },
		{ "(a){0}b", 0, "ab", "1-2 -" },
		{ "a{0,}", 0, "aa", "0-2" },
		{ "a{0,0}", 0, "aa", "0-0" },
		{ "a{0,1}", 0, "aa", "0-1" },
		{ "a{,2}", 0, "aaa", "0-2" },
		{ "a{1}", 0, "aa", "0-1" },
		{ "a{1,}", 0, "aa", "0-2" },
		{ "^a{3,5}$", 0, "aa", "no" },
		{ "^a{3,5}$", 0, "aaa", "0-3" },
		{ "^a{3,5}$", 0, "aaaaa", "0-5" },
		{ "^a{3,5}$", 0, "aaaaaa", "no" },
		{ "^(?:ab|c){2,3}$", 0, "abcab", "0-5" },
		{ "^(?:ab|c){2,3}$", 0, "ab", "no" },
		{ "^(?:ab|c){2,3}$", 0, "cccc", "no" },
		{ "(a|b)*", 0, "abb", "0-3 2-3" },
		{ "(a|b)+c", 0, "abc", "0-3 1-2" },
		{ "(a|(b))*", 0, "ba", "0-2 1-2 0-1" },
		{ "(a*)*", 0, "b", "0-0 0-0" },
		{ "(a*)+", 0, "b", "0-0 0-0" },
		{ "(a*)*b", 0, "aab", "0-3 0-2" },
		{ "(|a)*", 0, "aa", "0-0 0-0" },
		{ "(|a)+", 0, "aa", "0-0 0-0" },
		{ "(a|)+", 0, "aa", "0-2 1-2" },
		{ "(?:)*", 0, "a", "0-0" },
		{ "(?:)+", 0, "a", "0-0" },
		{ "(?:){5}", 0, "a", "0-0" },
		{ "(?:){2,7}a", 0, "a", "0-1" },
		{ "(.*)(b+)", 0, "abbb", "0-4 0-3 3-4" },
		{ "(.*),(.*)", 0, "a,b,c", "0-5 0-3 4-5" },
		{ "((a{2}){2}){2}", 0, "aaaaaaaaa", "0-8 4-8 6-8" },
		{ "(a{0,2}){3}", 0, "aaaa", "0-4 4-4" },
		{ "x(?:a?){3}a{3}y", 0, "xaaay", "0-5" },
		{ "[ab]{2}", 0, "cab", "1-3" },
		{ "\\d{3}", 0, "a12345", "1-4" },
		{ "a\\{2}", 0, "a{2}", "0-4" },
		{ "a{007}", 0, "aaaaaaa", "0-7" },
		{ "a{0,999}b", 0, "aab", "0-3" },
	};

	t_pattern_rows(t, COUNT(t));
}

H_CASE(anchors, "Anchors: of the subject, of a line, of a word")
{
	static const struct t_pattern_row t[] = {
		{ "\\Aa", 0, "ba", "no" },
		{ "\\Aa", 0, "ab", "0-1" },
		{ "\\Aa", 0, "b\na", "no" },
		{ "a\\z", 0, "ba", "1-2" },
		{ "a\\z", 0, "a\n", "no" },
		{ "a\\Z", 0, "a\n", "0-1" },
		{ "a\\Z", 0, "a", "0-1" },
		{ "a\\Z", 0, "a\n\n", "no" },
		{ "^a", 0, "b\na", "2-3" },
		{ "^a", O, "b\na", "no" },
		{ "^a", O, "ab", "0-1" },
		{ "a$", 0, "a\nb", "0-1" },
		{ "a$", O, "a\nb", "no" },
		{ "a$", O, "a\n", "no" },
		{ "a$", O, "ba", "1-2" },
		{ "a$", 0, "a\n", "0-1" },
		{ "^$", 0, "", "0-0" },
		{ "^$", O, "", "0-0" },
		{ "^$", 0, "a\n\nb", "2-2" },
		{ "^$", 0, "a\n", "no" },
		{ "$", 0, "ab", "2-2" },
		{ "^", 0, "ab", "0-0" },
		{ "a^b", 0, "a^b", "no" },
		{ "a\n^b", 0, "a\nb", "0-3" },
		{ "\\bb", 0, "ab b", "3-4" },
		{ "b\\b", 0, "ba ab", "4-5" },
		{ "\\Bb", 0, "b ab", "3-4" },
		{ "\\b", 0, "", "no" },
		{ "\\B", 0, "", "0-0" },
		{ "\\ba_1\\b", 0, "-a_1-", "1-4" },
		{ "\\b", 0, "\xe4", "no" },
		{ "(?:^|x)a", 0, "xa", "0-2" },
		{ "(^a|b$)", O, "ab", "0-1 0-1" },
		{ "(?:^a)+", 0, "aa", "0-1" },
		{ "\\A\\z", 0, "", "0-0" },
	};

	t_pattern_rows(t, COUNT(t));
}

H_CASE(sets, "Brackets, classes, escapes")
{
	static const struct t_pattern_row t[] = {
		{ "[abc]", 0, "xb", "1-2" },
		{ "[^abc]", 0, "abx", "2-3" },
		{ "[^a]", 0, "\n", "0-1" },
		{ "[^a]", P | O | M, "\n", "0-1" },
		{ "[^a]", P, "\n", "no" },
		{ "[a-c]+", 0, "xabcd", "1-4" },
		{ "[a-c]+", I, "xAbCd", "1-4" },
		{ "[^a-c]+", I, "ABCD", "3-4" },
		{ "[]a]+", 0, "x]a", "1-3" },
		{ "[^]]+", 0, "]ab]", "1-3" },
		{ "[^]a]+", 0, "]ab]", "2-3" },
		{ "[a-]+", 0, "b-a", "1-3" },
		{ "[-a]+", 0, "b-a", "1-3" },
		{ "[a^]+", 0, "b^a", "1-3" },
		{ "[+--]+", 0, "a+,-.", "1-4" },
		{ "[--/]+", 0, ",-./0", "1-4" },
		{ "[a-c-e]+", 0, "d-be", "1-4" },
		{ "[\\w-.]+", 0, "!a-b.!", "1-5" },
		{ "[.*+?(){}|^$]+", 0, "a.*+?(){}|^$", "1-12" },
		{ "[$]", 0, "a$", "1-2" },
		{ "[\\]]+", 0, "a]", "1-2" },
		{ "[\\]]", P, "\\]", "0-2" },
		{ "[\\d]+", 0, "d\\12", "2-4" },
		{ "[\\d]+", P, "1d\\2", "1-3" },
		{ "[[]", P, "a[", "1-2" },
		{ "[&&]", P, "a&", "1-2" },
		{ "[\\[]", 0, "a[", "1-2" },
		{ "[a&b]", 0, "&", "0-1" },
		{ "[\\-a]+", 0, "b-a", "1-3" },
		{ "[\\x41-\\x43]+", 0, "DCBA@", "1-4" },
		{ "[\\t-\\r]", 0, "\n", "0-1" },
		{ "[[:alpha:]]+", 0, "1aZ_", "1-3" },
		{ "[[:digit:]]+", 0, "a09b", "1-3" },
		{ "[[:alnum:]_]+", 0, "-a0_-", "1-4" },
		{ "[[:upper:]]+", 0, "aAZz", "1-3" },
		{ "[[:upper:]]+", I, "1aAZz", "1-5" },
		{ "[[:lower:]]+", 0, "AazZ", "1-3" },
		{ "[[:space:]]+", 0, "a \t\n\v\f\rb", "1-7" },
		{ "[[:blank:]]+", 0, "a\n \tb", "2-4" },
		{ "[[:punct:]]+", 0, "a!/:@[`{~b", "1-9" },
		{ "[[:print:]]+", 0, "\t ~\x7f", "1-3" },
		{ "[[:graph:]]+", 0, " !~ ", "1-3" },
		{ "[[:cntrl:]]+", 0, " \x01\x1f\x7f ", "1-4" },
		{ "[[:xdigit:]]+", 0, "g09afAFG", "1-7" },
		{ "[[:word:]]+", 0, "-a_9-", "1-4" },
		{ "[^[:alpha:]]", 0, "ab1", "2-3" },
		{ "[[:alpha:][:digit:]]+", 0, "-a1-", "1-3" },
		{ "[:alpha:]+", 0, "xp:l", "1-4" },
		{ "\\d+", 0, "a12b", "1-3" },
		{ "\\D+", 0, "1ab2", "1-3" },
		{ "\\w+", 0, "-aZ_0-", "1-5" },
		{ "\\W+", 0, "a-\xff_", "1-3" },
		{ "\\s+", 0, "a \n\vb", "1-4" },
		{ "\\S+", 0, " ab ", "1-3" },
		{ "\\h+", 0, "g0aF", "1-4" },
		{ "\\H+", 0, "agG-0", "1-4" },
		{ "[\\D]", 0, "12a", "2-3" },
		{ "[^\\D]", 0, "ab1", "2-3" },
		{ "[\\d\\s]+", 0, "a1 2b", "1-4" },
		{ "\\t\\n\\r\\f\\v\\a\\e", 0, "\t\n\r\f\v\a\x1b", "0-7" },
		{ "\\x41\\x6a", 0, "Aj", "0-2" },
		{ "\\x41", I, "a", "0-1" },
		{ "\\x9z", 0, "\tz", "0-2" },
		{ "\\xfF", 0, "\xff", "0-1" },
		{ "\\.", 0, "a.", "1-2" },
		{ "\\/\\-\\@\\_\\ ", 0, "/-@_ ", "0-5" },
		{ "\\\\", 0, "\\", "0-1" },
		{ "\\*\\+\\?\\{\\}\\(\\)\\[\\]\\|\\^\\$", 0, "*+?{}()[]|^$",
		    "0-12" },
		{ "\\\xe4", 0, "\xe4", "0-1" },
		{ "a b # c\n [ #] d", X, "ab#d", "0-4" },
		{ "a +", X, "aaa", "0-3" },
		{ "a {2}", X, "aaa", "0-2" },
		{ "a\\ b", X, "a b", "0-3" },
		{ "( a | b )", X, "b", "0-1 0-1" },
		{ " # nothing", X, "b", "0-0" },
		{ "a\\#", X, "a#", "0-2" },
		{ "a b", 0, "ab", "no" },
	};

	t_pattern_rows(t, COUNT(t));
}

H_CASE(refused, "What is not taken is refused, at its byte, in one line")
{
	static const struct {
		const char *text;
		unsigned flags, at;
		const char *why;	/* a part of it */
	} t[] = {
		{ "a(?=b)", 0, 1, "look-ahead" },
		{ "a(?!b)", 0, 1, "look-ahead" },
		{ "a(?<=b)", 0, 1, "look-behind" },
		{ "a(?<!b)", 0, 1, "look-behind" },
		{ "(?<name>a)", 0, 0, "(...)" },
		{ "(?'name'a)", 0, 0, "(...)" },
		{ "(?P<name>a)", 0, 0, "(...)" },
		{ "(?>a)", 0, 0, "atomic" },
		{ "(?#a)", 0, 0, "comment" },
		{ "(?i)a", 0, 0, "/.../i" },
		{ "ab(?i:a)", 0, 2, "/.../i" },
		{ "(?-i)a", 0, 0, "/.../i" },
		{ "(?mix:a)", 0, 0, "/.../i" },
		{ "(?", 0, 0, "" },
		{ "(?<", 0, 0, "" },
		{ "(?:", 0, 0, ")" },
		{ "(a)\\1", 0, 3, "back ref" },
		{ "(a)\\9", 0, 3, "back ref" },
		{ "\\k<a>", 0, 0, "back ref" },
		{ "\\g1", 0, 0, "back ref" },
		{ "a*?", 0, 2, "lazy" },
		{ "a+?", 0, 2, "lazy" },
		{ "a??", 0, 2, "lazy" },
		{ "a{2}?", 0, 4, "lazy" },
		{ "a*+", 0, 2, "possessive" },
		{ "a++", 0, 2, "possessive" },
		{ "a?+", 0, 2, "possessive" },
		{ "a**", 0, 2, "(?:...)" },
		{ "a{2}{3}", 0, 4, "(?:...)" },
		{ "a+{3}", 0, 2, "(?:...)" },
		{ "*a", 0, 0, "nothing to repeat" },
		{ "+", 0, 0, "nothing to repeat" },
		{ "?", 0, 0, "nothing to repeat" },
		{ "{3}", 0, 0, "nothing to repeat" },
		{ "a|*", 0, 2, "nothing to repeat" },
		{ "(*a)", 0, 1, "nothing to repeat" },
		{ "(?:+a)", 0, 3, "nothing to repeat" },
		{ "^*", 0, 1, "nothing to repeat" },
		{ "$+", 0, 1, "nothing to repeat" },
		{ "a\\b?", 0, 3, "nothing to repeat" },
		{ "a{3,2}", 0, 1, "smaller number" },
		{ "a{1000}", 0, 1, "999" },
		{ "a{1000,}", 0, 1, "999" },
		{ "a{1,1000}", 0, 1, "999" },
		{ "a{99999999999999999999}", 0, 1, "999" },
		{ "(a", 0, 0, "\\(" },
		{ "b((a)", 0, 1, "\\(" },
		{ "a)", 0, 1, "\\)" },
		{ "(a))b", 0, 3, "\\)" },
		{ "[a", 0, 0, "\\[" },
		{ "b[", 0, 1, "\\[" },
		{ "b[^", 0, 1, "\\[" },
		{ "[]", 0, 0, "\\[" },
		{ "[^]", 0, 0, "\\[" },
		{ "[a-", 0, 0, "\\[" },
		{ "[b-a]", 0, 1, "[a-z]" },
		{ "[0a-\\d]", 0, 2, "[a-z]" },
		{ "[a-[:digit:]]", 0, 1, "[a-z]" },
		{ "[a[bc]]", 0, 2, "\\[" },
		{ "[a-z&&[^b]]", 0, 4, "\\&" },
		{ "[[=a=]]", 0, 1, "[:alpha:]" },
		{ "[[.a.]]", 0, 1, "[:alpha:]" },
		{ "[[:name:]]", 0, 1, "[:alpha:]" },
		{ "[[:d:]]", 0, 1, "[:alpha:]" },
		{ "[[::]]", 0, 1, "[:alpha:]" },
		{ "[[:^alpha:]]", 0, 1, "[:alpha:]" },
		{ "[[:alpha:", 0, 1, "[:alpha:]" },
		{ "[[:alpha", 0, 1, "[:alpha:]" },
		{ "[[:alphadigit:]]", 0, 1, "[:alpha:]" },
		{ "[[:alpha\261:]]", 0, 1, "[:alpha:]" },
		{ "[[=a=]]", P, 1, "[:alpha:]" },
		{ "[a\\b]", 0, 2, "escape" },
		{ "\\p{Alpha}", 0, 0, "[[:alpha:]]" },
		{ "\\PL", 0, 0, "[[:alpha:]]" },
		{ "a\\", 0, 1, "\\\\" },
		{ "[\\", 0, 1, "\\\\" },
		{ "\\x", 0, 0, "hexa" },
		{ "\\xg", 0, 0, "hexa" },
		{ "a\\012", 0, 1, "hexa" },
		{ "\\G", 0, 0, "escape" },
		{ "\\K", 0, 0, "escape" },
		{ "\\R", 0, 0, "escape" },
		{ "\\Q", 0, 0, "escape" },
		{ "\\cA", 0, 0, "escape" },
		{ "\\u1234", 0, 0, "escape" },
		{ "a # (\n (", X, 7, "\\(" },
	};
	char why[PATTERN_WHY_MAX];
	struct pattern *p;
	size_t i, at;

	for (i = 0; i < COUNT(t); i++) {
		why[0] = '\0';
		at = 12345;
		p = pattern_new(t[i].text, strlen(t[i].text), t[i].flags, &at,
		    why);
		if (p != NULL)
			atf_tc_fail_nonfatal("/%s/ was taken", t[i].text);
		else if (at != t[i].at || strstr(why, t[i].why) == NULL ||
		    why[0] == '\0' || strchr(why, '\n') != NULL ||
		    strlen(why) > 100)
			atf_tc_fail_nonfatal("/%s/: byte %u: %s", t[i].text,
			    (unsigned)at, why);
		pattern_free(p);
	}
}

H_CASE(s25r, "The patterns of S25R say what they say upstream")
{
	static const char *const pattern[] = {
		"\\A\\[.+\\]\\z",
		"\\A[^.]*\\d[^\\d.]+\\d.*\\.",
		"\\A[^.]*\\d{5}",
		"\\A(?:[^.]+\\.)?\\d[^.]*\\.[^.]+\\..+\\.[a-z]",
		"\\A[^.]*\\d\\.[^.]*\\d-\\d",
		"\\A[^.]*\\d\\.[^.]*\\d\\.[^.]+\\..+\\.",
		"\\A(?:dhcp|dialup|ppp|[achrsvx]?dsl)[^.]*\\d",
		"\\.google\\.com\\z",
		"\\.obsmtp\\.com\\z",
		"\\.smtp-out\\.amazonses\\.com\\z",
		"\\.slack\\.com\\z",
		"\\.mg\\.gitlab\\.com\\z",
		"\\.sendgrid\\.net\\z",
	};
	static const bool icase[COUNT(pattern)] = {
		false, false, false, true, false, false, true
	};
	/* Which of them, a letter for each. */
	static const struct {
		const char *host, *found;
	} t[] = {
		{ "[192.0.2.1]", "a" },
		{ "[unknown]", "a" },
		{ "[]", "" },
		{ "x[192.0.2.1]", "" },
		{ "unknown", "" },
		{ "mail.example.com", "" },
		{ "mx1.example.com", "" },
		{ "evrtwa1-ar3-4-65-157-048.evrtwa1.dsl-verizon.example.net",
		    "bf" },
		{ "a12a190.neo.example.com", "b" },
		{ "1x2.example", "b" },
		{ "1x2", "" },
		{ "12.example.com", "" },
		{ "pcp04083532pcs.levtwn01.pa.example.net", "c" },
		{ "12345", "c" },
		{ "a1234.example.com", "" },
		{ "398pkj.cm.chello.example", "d" },
		{ "host.101.169.23.62.rev.coltfrance.example", "d" },
		{ "398PKJ.CM.CHELLO.EXAMPLE", "d" },
		{ "a.398.b.c.9", "" },
		{ "wbar9.chi1-4-11-085-222.dsl-verizon.example", "e" },
		{ "host9.a1-2.example.com", "e" },
		{ "d5.GtokyoFL27.vectant.example.jp", "f" },
		{ "x1.y2.z.example", "" },
		{ "x1.y2.z.example.jp", "f" },
		{ "dhcp0339.vpm.resnet.group.example.edu", "g" },
		{ "DIALUP-5.example.com", "g" },
		{ "ppp.1.example.com", "" },
		{ "adsl-1.example.com", "g" },
		{ "xDSL7", "g" },
		{ "bdsl7.example.com", "" },
		{ "dsl7.example.com", "g" },
		{ "mail-1.google.com", "h" },
		{ "mail.google.com.", "" },
		{ "google.com", "" },
		{ "mailgoogle.com", "" },
		{ "a.obsmtp.com", "i" },
		{ "a8-30.smtp-out.amazonses.com", "bj" },
		{ "a.smtp-outxamazonses.com", "" },
		{ "a.slack.com", "k" },
		{ "a.mg.gitlab.com", "l" },
		{ "a.mgxgitlab.com", "" },
		{ "a.sendgrid.net", "m" },
		{ "a.sendgrid.network", "" },
	};
	struct pattern *p[COUNT(pattern)];
	char found[COUNT(pattern) + 1], *f;
	size_t i, k, len;

	for (k = 0; k < COUNT(pattern); k++) {
		p[k] = t_pattern_make(pattern[k], strlen(pattern[k]),
		    icase[k] ? I : 0);
		ATF_REQUIRE(p[k] != NULL);
	}
	for (i = 0; i < COUNT(t); i++) {
		len = strlen(t[i].host);
		for (k = 0, f = found; k < COUNT(pattern); k++)
			if (pattern_match(p[k], t[i].host, len, NULL))
				*f++ = (char)('a' + k);
		*f = '\0';
		if (strcmp(found, t[i].found) != 0)
			atf_tc_fail_nonfatal("%s: \"%s\", not \"%s\"",
			    t[i].host, found, t[i].found);
	}
	for (k = 0; k < COUNT(pattern); k++)
		pattern_free(p[k]);
}

H_CASE(bytes, "Every byte is a byte: as it is, by its number and in sets")
{
	char text[16], escaped[16], subject[1], all[256];
	struct pattern *plain, *number, *set, *other;
	unsigned c, d;
	size_t len;

	for (c = 0; c < 256; c++) {
		all[c] = (char)c;
		len = 0;
		if (c < 0x80 && strchr("*+?()[\\.|^$", (int)c) != NULL &&
		    c != 0)
			text[len++] = '\\';
		text[len++] = (char)c;
		plain = t_pattern_make(text, len, 0);
		snprintf(escaped, sizeof(escaped), "\\x%02x", c);
		number = t_pattern_make(escaped, 4, 0);
		snprintf(escaped, sizeof(escaped), "[\\x%02x]", c);
		set = t_pattern_make(escaped, 6, 0);
		snprintf(escaped, sizeof(escaped), "[^\\x%02X]", c);
		other = t_pattern_make(escaped, 7, 0);
		ATF_REQUIRE(plain != NULL && number != NULL && set != NULL &&
		    other != NULL);
		for (d = 0; d < 256; d++) {
			subject[0] = (char)d;
			ATF_CHECK(pattern_match(plain, subject, 1, NULL) ==
			    (c == d));
			ATF_CHECK(pattern_match(number, subject, 1, NULL) ==
			    (c == d));
			ATF_CHECK(pattern_match(set, subject, 1, NULL) ==
			    (c == d));
			ATF_CHECK(pattern_match(other, subject, 1, NULL) !=
			    (c == d));
		}
		pattern_free(plain);
		pattern_free(number);
		pattern_free(set);
		pattern_free(other);
	}
	plain = t_pattern_make("\\0.\\x02", 7, 0);
	ATF_REQUIRE(plain != NULL);
	ATF_CHECK(pattern_match(plain, all, sizeof(all), NULL));
	ATF_CHECK(!pattern_match(plain, all + 1, sizeof(all) - 1, NULL));
	pattern_free(plain);
}

static char t_pattern_big[3 * PATTERN_SUBJECT_MAX];

/* Repeats a text in t_pattern_big; the length. */
static size_t
t_pattern_fill(const char *what, size_t times)
{
	size_t len = strlen(what), i;

	ATF_REQUIRE(len * times < sizeof(t_pattern_big));
	for (i = 0; i < times; i++)
		memcpy(t_pattern_big + i * len, what, len);
	t_pattern_big[times * len] = '\0';
	return (times * len);
}

H_CASE(hostile, "What makes other matchers slow is an ordinary pattern here")
{
	static const char *const never[] = {
		"(a*)*b", "(a+)+b", "(a|a)*b", "(a|aa)+b", "(a*)*(a*)*(a*)*b",
		"(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)b",
		"(?:(?:a{0,20}){0,20})*b", "(a?){300}a{300}b",
		"(((a{0,9})*){0,9})*b", "a*a*a*a*a*a*a*a*a*a*a*a*b",
		"(a{0,300}){0,3}b", "(?:a|[a-z]|.|\\w){0,120}b"
	};
	struct pattern_span group[PATTERN_GROUPS];
	struct pattern *p;
	size_t i, len;

	len = t_pattern_fill("a", PATTERN_SUBJECT_MAX);
	for (i = 0; i < COUNT(never); i++) {
		p = t_pattern_make(never[i], strlen(never[i]), 0);
		if (p == NULL)
			continue;
		ATF_CHECK(!pattern_match(p, t_pattern_big, len, NULL));
		ATF_CHECK(!pattern_match(p, t_pattern_big, len, group));
		pattern_free(p);
	}
	p = t_pattern_make("(a|b)*(.*)", 10, 0);
	ATF_REQUIRE(p != NULL);
	ATF_CHECK(pattern_match(p, t_pattern_big, len, group));
	ATF_CHECK(group[0].from == 0 && group[0].to == len);
	ATF_CHECK(group[1].from == len - 1 && group[1].to == len);
	ATF_CHECK(group[2].from == len && group[2].to == len);
	pattern_free(p);
}

H_CASE(limits, "Every limit, from both of its sides")
{
	static const char *const large[] = {
		"(((a{1,100}){1,100}){1,100})", "((a{50}){50})",
		"(?:(?:a|b){100}){100}", "a{999}a{999}a{999}",
		"((((((((((a{9}){9}){9}){9}){9}){9}){9}){9}){9}){9})",
		"(?:(?:(?:a{999})*){999})*"
	};
	char why[PATTERN_WHY_MAX], text[PATTERN_TEXT_MAX + 2];
	struct pattern *p;
	size_t i, at, len;

	for (i = 0; i < COUNT(large); i++) {
		p = pattern_new(large[i], strlen(large[i]), 0, &at, why);
		ATF_CHECK(p == NULL && strstr(why, "too large") != NULL);
		ATF_CHECK(at <= strlen(large[i]));
		pattern_free(p);
	}
	/* The longest text, and one byte more. */
	len = t_pattern_fill("a", PATTERN_TEXT_MAX);
	p = t_pattern_make(t_pattern_big, len, 0);
	ATF_REQUIRE(p != NULL);
	ATF_CHECK(pattern_match(p, t_pattern_big, len, NULL));
	ATF_CHECK(!pattern_match(p, t_pattern_big, len - 1, NULL));
	pattern_free(p);
	p = pattern_new(t_pattern_big, len + 1, 0, &at, why);
	ATF_CHECK(p == NULL && at == PATTERN_TEXT_MAX);
	/* All instructions: 999 + 999 + the end, and one more. */
	p = t_pattern_make("a{999}b{999}", 12, 0);
	pattern_free(p);
	p = t_pattern_make("a{999}b{999}c", 13, 0);
	pattern_free(p);
	p = pattern_new("a{999}b{999}cd", 14, 0, &at, why);
	ATF_CHECK(p == NULL && strstr(why, "too large") != NULL);
	/* Nests: 50 are taken; and texts of nothing but brackets. */
	for (i = 49; i <= 51; i++) {
		memset(text, '(', i);
		memset(text + i, ')', i);
		p = pattern_new(text, 2 * i, 0, &at, why);
		ATF_CHECK((p != NULL) == (i <= 50));
		if (p == NULL)
			ATF_CHECK_EQ(50, at);
		pattern_free(p);
	}
	for (i = 0; i < 256; i++) {
		memset(text, (int)i, PATTERN_TEXT_MAX);
		p = pattern_new(text, PATTERN_TEXT_MAX, 0, &at, why);
		if (p != NULL)
			(void)pattern_match(p, text, PATTERN_TEXT_MAX, NULL);
		else
			ATF_CHECK(at < PATTERN_TEXT_MAX);
		pattern_free(p);
	}
	len = t_pattern_fill("(?:", PATTERN_TEXT_MAX / 3);
	ATF_CHECK(pattern_new(t_pattern_big, len, 0, &at, why) == NULL);
	ATF_CHECK_EQ(150, at);
	len = t_pattern_fill("[^", PATTERN_TEXT_MAX / 2);
	ATF_CHECK(pattern_new(t_pattern_big, len, 0, &at, why) == NULL);
	len = t_pattern_fill("a|", PATTERN_TEXT_MAX / 2);
	p = t_pattern_make(t_pattern_big, len, 0);
	pattern_free(p);
	/* Sets: 255 different ones, and one more. */
	for (i = 0, len = 0; i < 256; i++) {
		text[len++] = '[';
		if (i == '[' || i == '\\' || i == ']' || i == '^')
			text[len++] = '\\';
		text[len++] = (char)i;
		text[len++] = ']';
		if (i >= 254) {
			p = pattern_new(text, len, 0, &at, why);
			ATF_CHECK((p != NULL) == (i == 254));
			pattern_free(p);
		}
	}
	/* What is behind the subject's limit is not there. */
	memset(t_pattern_big, 'a', sizeof(t_pattern_big));
	t_pattern_big[PATTERN_SUBJECT_MAX] = 'b';
	p = t_pattern_make("b", 1, 0);
	ATF_REQUIRE(p != NULL);
	ATF_CHECK(!pattern_match(p, t_pattern_big, sizeof(t_pattern_big),
	    NULL));
	ATF_CHECK(pattern_match(p, t_pattern_big + 1,
	    sizeof(t_pattern_big) - 1, NULL));
	pattern_free(p);
	pattern_free(NULL);
	/* More groups than there are places: the first nine are told. */
	len = t_pattern_fill("(a)", 40);
	p = t_pattern_make(t_pattern_big, len, 0);
	ATF_REQUIRE(p != NULL);
	ATF_CHECK_EQ(40, pattern_groups(p));
	len = t_pattern_fill("a", 40);
	{
		struct pattern_span group[PATTERN_GROUPS];

		ATF_CHECK(pattern_match(p, t_pattern_big, len, group));
		ATF_CHECK(group[0].from == 0 && group[0].to == 40);
		ATF_CHECK(group[9].from == 8 && group[9].to == 9);
	}
	pattern_free(p);
}

H_CASE(cut, "A pattern cut anywhere is read or refused at a byte of it")
{
	static const char text[] = "\\A(?:[^.]+\\.)?\\d[^.]*\\.([[:alpha:]-]|"
	    "\\x41{2,30})*(?=x)\\.[a-z]+?$";
	char why[PATTERN_WHY_MAX], copy[sizeof(text)];
	struct pattern *p;
	size_t len, at, i;
	unsigned c, flags;

	for (flags = 0; flags < 0x20; flags++)
		for (len = 0; len < sizeof(text); len++) {
			p = pattern_new(text, len, flags, &at, why);
			ATF_CHECK(p != NULL || at <= len);
			pattern_free(p);
		}
	for (i = 0; i + 1 < sizeof(text); i++)
		for (c = 0; c < 256; c++) {
			memcpy(copy, text, sizeof(text));
			copy[i] = (char)c;
			p = pattern_new(copy, sizeof(text) - 1, c & 0x1f, &at,
			    why);
			ATF_CHECK(p != NULL || at < sizeof(text));
			if (p != NULL)
				(void)pattern_match(p, text, sizeof(text),
				    NULL);
			pattern_free(p);
		}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, simple);
	ATF_TP_ADD_TC(tp, repeats);
	ATF_TP_ADD_TC(tp, anchors);
	ATF_TP_ADD_TC(tp, sets);
	ATF_TP_ADD_TC(tp, refused);
	ATF_TP_ADD_TC(tp, s25r);
	ATF_TP_ADD_TC(tp, bytes);
	ATF_TP_ADD_TC(tp, hostile);
	ATF_TP_ADD_TC(tp, limits);
	ATF_TP_ADD_TC(tp, cut);
	return (atf_no_error());
}
