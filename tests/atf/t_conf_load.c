/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_load.c - which files are read, and what comes from the command line.
 */
#include "d_conf.h"

#include <sys/stat.h>

#include <glob.h>
#include <unistd.h>

#include "config/source.h"

#define PUT(path, text)	conf_write(path, text, sizeof(text) - 1)

/* The names of the milters, in order. */
static void
expect_names(const struct conf *c, const char *want)
{
	char names[256] = "";
	size_t i;

	ATF_REQUIRE(c != NULL);
	for (i = 0; i < c->n_milters; i++) {
		strlcat(names, c->milters[i]->name, sizeof(names));
		strlcat(names, " ", sizeof(names));
	}
	ATF_CHECK_STREQ(want, names);
}

H_CASE(relative, "A path is relative to the folder of the file it is in")
{
	struct conf *c;
	char top[1024], text[1200];

	ATF_REQUIRE(mkdir("etc", 0755) == 0 && mkdir("etc/sub", 0755) == 0);
	PUT("etc/main", "milter.a.enabled = false\nload = \"sub/one\"\n"
	    "milter.d.enabled = false");
	PUT("etc/sub/one", "milter.b.enabled = false\nload = \"two\"\n"
	    "load = \"../three\"");
	PUT("etc/sub/two", "milter.c.enabled = false");
	PUT("etc/three", "milter.e.enabled = false\n\nmanager.daemon = true");
	c = conf_load_path("etc/main");
	expect_names(c, "a b c e d ");
	ATF_CHECK_STREQ(c->milters[2]->origin[2].file, "etc/sub/two");
	ATF_CHECK_EQ(c->milters[2]->origin[2].line, 1);
	conf_unref(c);

	/* An absolute one is not. */
	ATF_REQUIRE(getcwd(top, sizeof(top)) != NULL);
	snprintf(text, sizeof(text), "load = \"%s/etc/three\"\n", top);
	c = conf_load_text(text);
	expect_names(c, "e ");
	conf_unref(c);
	/* The same file twice is no loop. */
	c = conf_load_text("load = \"etc/three\"\nload = \"etc/three\"");
	expect_names(c, "e ");
	conf_unref(c);
}

H_CASE(patterns, "Patterns and folders load files sorted by name")
{
	struct conf *c;

	ATF_REQUIRE(mkdir("m", 0755) == 0 && mkdir("m/dir.conf", 0755) == 0);
	PUT("m/20.conf", "milter.c.enabled = false");
	PUT("m/10.conf", "milter.b.enabled = false");
	PUT("m/3.conf", "milter.d.enabled = false");
	PUT("m/.hidden.conf", "milter.h.enabled = false");
	PUT("m/note", "milter.n.enabled = false");
	PUT("m/dir.conf/x", "milter.x.enabled = false");
	ATF_REQUIRE(mkfifo("m/0.conf", 0644) == 0);
	c = conf_load_text("load = \"m/[1-3]*.conf\"");
	expect_names(c, "b c d ");
	conf_unref(c);
	/* A folder caught by a pattern is a folder, a fifo is left out. */
	c = conf_load_text("load_if_exist = \"m/*.conf\"");
	expect_names(c, "b c d x ");
	conf_unref(c);
	c = conf_load_text("load = \"m\"");
	expect_names(c, "b c d n ");
	conf_unref(c);
	c = conf_load_text("load = \"m/\"");
	expect_names(c, "b c d n ");
	conf_unref(c);
	conf_expect_fault("load = \"m/0.conf\"", "c:1: load: \"m/0.conf\": "
	    "not a regular file\n");

	/* Signs of patterns in the folder's own name mean nothing. */
	ATF_REQUIRE(mkdir("[x]*", 0755) == 0);
	PUT("[x]*/main", "load = \"?.conf\"");
	PUT("[x]*/1.conf", "milter.a.enabled = false");
	c = conf_load_path("[x]*/main");
	expect_names(c, "a ");
	conf_unref(c);
}

H_CASE(pattern_forms, "A pattern finds what glob(3) finds")
{
	static const char *const names[] = { "a", "b", "ab", "abc", "a.b", "-",
	    "]", "[", "^", "!", "a*", "a?b", ".a", "a-b", "x\\y", "\303\244",
	    "aXbXc", "sub" };
	static const char *const patterns[] = { "*", "?", "??", "a*", "*b",
	    "*a*", "a*b*c", "**", "[ab]", "[!ab]", "[^ab]", "[a-c]", "[]]",
	    "[!]]", "[]-a]", "[a-]", "[-a]", "[a-", "[", "[]", "a[*]",
	    "a\\*", "a\\?b", ".*", ".?", "[.]a", "\\.a", "?a", "x\\\\y",
	    "a[!b]b", "*.b", "a?b", "a-*", "[a-a]b*", "\303*", "a*b*c*d",
	    "*/a", "*/*", "s*/[ab]", "sub/?",
	    "./*", "?ub/*", "*/", "sub//*", "[!-z]" };
	struct conf_list found;
	char path[64], why[VALUE_WHY_MAX];
	struct stat st, sub;
	size_t i, j, n;
	glob_t g;

	ATF_REQUIRE(mkdir("d", 0755) == 0 && mkdir("d/sub", 0755) == 0);
	PUT("d/sub/a", "");
	PUT("d/sub/b", "");
	ATF_REQUIRE(stat("d/sub", &sub) == 0);
	for (i = 0; i < COUNT(names) - 1; i++) {
		snprintf(path, sizeof(path), "d/%s", names[i]);
		conf_write(path, "", 0);
	}
	for (i = 0; i < COUNT(patterns); i++) {
		snprintf(path, sizeof(path), "d/%s", patterns[i]);
		if (strpbrk(patterns[i], "*?[") == NULL)
			continue;
		ATF_REQUIRE_EQ_MSG(0, source_expand("d/c", patterns[i], &found,
		    why), "%s: %s", patterns[i], why);
		if (glob(path, 0, NULL, &g) != 0)
			memset(&g, 0, sizeof(g));
		/* A folder stands for its files; "." and ".." are not found. */
		for (j = n = 0; j < g.gl_pathc; j++) {
			ATF_REQUIRE(stat(g.gl_pathv[j], &st) == 0);
			if (S_ISDIR(st.st_mode)) {
				n += st.st_ino == sub.st_ino ? 2 : 0;
				continue;
			}
			ATF_CHECK_MSG(n < found.n && strcmp(found.item[n],
			    g.gl_pathv[j]) == 0, "%s: %s is not %s",
			    patterns[i], n < found.n ? found.item[n] : "none",
			    g.gl_pathv[j]);
			n++;
		}
		ATF_CHECK_MSG(n == found.n, "%s: %zu instead of %zu",
		    patterns[i], found.n, n);
		globfree(&g);
		value_list_free(&found);
	}
}

H_CASE(missing, "Only load_if_exist is content with nothing")
{
	struct conf *c;

	ATF_REQUIRE(mkdir("empty", 0755) == 0);
	conf_expect_fault("load = \"none\"\nload = \"none/*.conf\"\n"
	    "load = \"empty\"\nload = \"empty/*\"\nload = \"c/x\"",
	    "c:1: load: \"none\": there is no such file\n"
	    "c:2: load: \"none/*.conf\": there is no such file\n"
	    "c:3: load: \"empty\": there is no such file\n"
	    "c:4: load: \"empty/*\": there is no such file\n"
	    "c:5: load: \"c/x\": there is no such file\n");
	c = conf_load_text("load_if_exist = \"none\"\n"
	    "load_if_exist = \"none/*.conf\"\nload_if_exist = \"empty\"");
	ATF_CHECK(c != NULL);
	conf_unref(c);
	/* What is missing inside of a file is missing. */
	PUT("x", "load = \"y\"");
	conf_expect_fault("load_if_exist = \"x\"", "x:1: load: \"y\": there "
	    "is no such file\n");
	conf_expect_fault("load = x y\nload = [\"x\"]\nload += \"x\"\n"
	    "load = \"\"\nload =\nload = nil",
	    "c:1: load: a bare word is not a string, write \"x y\"\n"
	    "c:2: load: expected = and a path in quotes\n"
	    "c:3: load: expected = and a path in quotes\n"
	    "c:4: load: expected = and a path in quotes\n"
	    "c:5: load: a value is missing\n"
	    "c:6: load: a bare word is not a string, write \"nil\"\n");
}

H_CASE(loops, "A file that loads itself is refused")
{
	char name[32], text[64];
	struct conf *c;
	int i;

	conf_expect_fault("load = \"c\"", "c:1: load: \"c\": the file loads "
	    "itself\n");
	PUT("x", "load = \"y\"");
	PUT("y", "\nload = \"./c\"");
	conf_expect_fault("load = \"x\"", "y:2: load: \"./c\": the file loads "
	    "itself\n");
	/* By another name, too. */
	ATF_REQUIRE(symlink("c", "z") == 0);
	conf_expect_fault("load = \"z\"", "c:1: load: \"z\": the file loads "
	    "itself\n");

	for (i = 0; i < 18; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(text, sizeof(text), "load_if_exist = \"f%d\"", i + 1);
		conf_write(name, text, strlen(text));
	}
	ATF_CHECK(conf_load_path("f0") == NULL);
	conf_check_said("f16:1: load_if_exist: \"f17\": files are loaded by "
	    "files more than 16 deep\n");
	c = conf_load_path("f1");
	ATF_CHECK(c != NULL);
	conf_unref(c);
}

H_CASE(too_many, "No more than a thousand files are loaded")
{
	static char text[1200 * 11];
	int i;

	PUT("x", "#");
	for (i = 0; i < 1000; i++)
		strlcat(text, "load = \"x\"\n", sizeof(text));
	conf_expect_fault(text, "c:1000: load: \"x\": more than 1000 files are "
	    "loaded\n");
}

H_CASE(faults_in_order, "Faults are told in the order of reading")
{
	PUT("x", "bad\nmilter.m.enabled = true");
	conf_expect_fault("first\nload = \"x\"\nlast",
	    "c:1: first: expected = or += behind the key\n"
	    "x:1: bad: expected = or += behind the key\n"
	    "x:2: milter.m.connection_spec: missing, an enabled milter must "
	    "have it\n"
	    "c:3: last: expected = or += behind the key\n");
}

H_CASE(unreadable, "A file that cannot be read is told with its reason")
{
	ATF_CHECK(conf_load_path("none") == NULL);
	conf_check_said("none: cannot be read: No such file or directory\n");
	ATF_CHECK(conf_load_path(".") == NULL);
	conf_check_said(".: a directory, expected a file\n");
}

ATF_TC(forbidden);
ATF_TC_HEAD(forbidden, tc)
{
	atf_tc_set_md_var(tc, "descr", "What may not be read is told, also "
	    "where only a pattern would have found it");
	atf_tc_set_md_var(tc, "require.user", "unprivileged");
}
ATF_TC_BODY(forbidden, tc)
{
	(void)tc;
	if (geteuid() == 0)
		atf_tc_skip("root may read everything");
	PUT("x", "#");
	ATF_REQUIRE(chmod("x", 0) == 0);
	conf_expect_fault("load = \"x\"", "c:1: load: \"x\": cannot be read: "
	    "Permission denied\n");
	ATF_REQUIRE(mkdir("d", 0) == 0);
	conf_expect_fault("load = \"d\"", "c:1: load: \"d\": the folder cannot "
	    "be read: Permission denied\n");
	conf_expect_fault("load_if_exist = \"d/x\"", "c:1: load_if_exist: "
	    "\"d/x\": cannot be read: Permission denied\n");
	conf_expect_fault("load_if_exist = \"d/*\"", "c:1: load_if_exist: "
	    "\"d/*\": the folder cannot be read: Permission denied\n");
	ATF_REQUIRE(rmdir("d") == 0);
}

H_CASE(source, "The folder, the compiled-in one, and the command line")
{
	static const char *const good[] = { "manager.daemon = true",
	    "milter.a.enabled=false", "milter.*.reading_timeout = 9" };
	static const char *const bad[] = { "manager.deamon = true", "x",
	    "milter.b.enabled = true" };
	struct conf_source s;
	struct conf *c;
	char *shown;

	memset(&s, 0, sizeof(s));
	s.dir = "d";
	conf_said[0] = '\0';
	ATF_CHECK(conf_load(&s, conf_report, NULL) == NULL);
	conf_check_said("d/milter-manager.conf: cannot be read: No such file "
	    "or directory\n");
	/* Nobody has to listen. */
	ATF_CHECK(conf_load(&s, NULL, NULL) == NULL);

	ATF_REQUIRE(mkdir("d", 0755) == 0);
	PUT("d/milter-manager.conf", "manager.daemon = false");
	s.overrides = good;
	s.n_overrides = COUNT(good);
	c = conf_load(&s, conf_report, NULL);
	ATF_REQUIRE(c != NULL);
	ATF_CHECK(c->daemon);
	ATF_CHECK_EQ(c->milters[0]->reading_timeout, 9000);
	shown = conf_shown(c);
	ATF_CHECK(strstr(shown, "# command line\nmanager.daemon = true\n") !=
	    NULL);
	free(shown);
	conf_unref(c);

	s.overrides = bad;
	s.n_overrides = COUNT(bad);
	conf_said[0] = '\0';
	ATF_CHECK(conf_load(&s, conf_report, NULL) == NULL);
	conf_check_said("command line: manager.deamon: unknown key, did you "
	    "mean manager.daemon?\n"
	    "command line: x: expected = or += behind the key\n"
	    "command line: milter.b.connection_spec: missing, an enabled "
	    "milter must have it\n");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, relative);
	ATF_TP_ADD_TC(tp, patterns);
	ATF_TP_ADD_TC(tp, pattern_forms);
	ATF_TP_ADD_TC(tp, missing);
	ATF_TP_ADD_TC(tp, loops);
	ATF_TP_ADD_TC(tp, too_many);
	ATF_TP_ADD_TC(tp, faults_in_order);
	ATF_TP_ADD_TC(tp, unreadable);
	ATF_TP_ADD_TC(tp, forbidden);
	ATF_TP_ADD_TC(tp, source);
	return (atf_no_error());
}
