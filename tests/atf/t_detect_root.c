/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_detect_root.c - a tree of files: where links lead, what is a fault.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/value.h"
#include "detect/root.h"
#include "h_case.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

static void
t_run(const char *command)
{
	if (system(command) != 0)
		atf_tc_fail("%s", command);
}

H_CASE(links, "Links lead nowhere but into the tree, and circles end")
{
	static const struct {
		const char	*path, *text;	/* NULL: none */
	} row[] = {
		{ "/etc/a", "in a" }, { "etc/a", "in a" },
		{ "//etc/./b/../a", "in a" }, { "/etc/rel", "in a" },
		{ "/etc/abs", "in a" }, { "/etc/up", "in a" },
		{ "/dir/a", "in a" }, { "/dir/../etc/a", "in a" },
		{ "/etc/dirs/a", "in a" }, { "/../../etc/a", "in a" },
		{ "/etc/outside", NULL }, { "/etc/circle", NULL },
		{ "/etc/self/a", NULL }, { "/etc/nowhere", NULL },
		{ "/etc/a/x", NULL }, { "/etc/a/..", NULL }, { "/", NULL },
		{ "", NULL }, { "/etc/chain0", "in a" },
		{ "/etc/chain40", NULL }
	};
	const struct root_file *file;
	struct root *root;
	char command[100];
	size_t i;

	t_run("mkdir -p top/etc/b && cd top && printf 'in a' >etc/a && "
	    "echo no >../secret && ln -s a etc/rel && ln -s /etc/a etc/abs && "
	    "ln -s ../../../../etc/a etc/up && ln -s /etc dir && "
	    "ln -s ../dir/ etc/dirs && ln -s ../../secret etc/outside && "
	    "ln -s circle2 etc/circle && ln -s /etc/circle etc/circle2 && "
	    "ln -s self etc/self && ln -s none etc/nowhere && "
	    "ln -s a etc/chain9 && ln -s a etc/chain80");
	for (i = 0; i < 80; i++) {
		if (i == 9)
			i = 40;
		snprintf(command, sizeof(command),
		    "ln -s chain%u top/etc/chain%u", (unsigned)i + 1,
		    (unsigned)i);
		t_run(command);
	}
	root = root_new("top/");
	ATF_REQUIRE(root != NULL);
	for (i = 0; i < COUNT(row); i++) {
		file = root_read(root, row[i].path);
		ATF_REQUIRE(file != NULL);
		ATF_CHECK_STREQ(file->path, row[i].path);
		if ((file->text == NULL) != (row[i].text == NULL) ||
		    (file->text != NULL && strcmp(file->text, row[i].text)))
			atf_tc_fail_nonfatal("%s: %s (%s)", row[i].path,
			    file->text != NULL ? file->text : "-", file->why);
		ATF_CHECK((file->why[0] != '\0') == (file->text == NULL));
		ATF_CHECK(root_read(root, row[i].path) == file);
	}
	ATF_CHECK(root_read(root, "/etc/outside")->absent);
	ATF_CHECK(root_read(root, "/etc/a/x")->absent);
	ATF_CHECK(!root_read(root, "/etc/circle")->absent);
	ATF_CHECK(root_is_link(root, "/etc/nowhere"));
	ATF_CHECK(root_is_link(root, "/dir"));
	ATF_CHECK(!root_is_link(root, "/dir/a"));
	ATF_CHECK(!root_is_link(root, "/none"));
	ATF_CHECK(root_kind(root, "/dir") == ROOT_FOLDER);
	ATF_CHECK(root_kind(root, "/") == ROOT_FOLDER);
	ATF_CHECK(root_kind(root, "/etc/up") == ROOT_FILE);
	ATF_CHECK(root_kind(root, "/etc/nowhere") == ROOT_NONE);
	ATF_CHECK(!root_executable(root, "/etc/a"));
	ATF_REQUIRE(chmod("top/etc/a", 0755) == 0);
	ATF_CHECK(root_executable(root, "/etc/abs"));
	ATF_CHECK(!root_executable(root, "/dir"));
	root_free(root);
	root_free(NULL);
}

static void
t_why(struct root *root, const char *path, const char *why, bool absent)
{
	const struct root_file *file = root_read(root, path);

	ATF_REQUIRE(file != NULL);
	ATF_CHECK(file->text == NULL && file->len == 0);
	ATF_CHECK_STREQ(file->why, why);
	ATF_CHECK(file->absent == absent);
}

H_CASE(faults, "What is no file is a fault, and is not waited for")
{
	struct root *root;
	char path[5000];

	t_run("mkdir -p top/folder && cd top && mkfifo fifo && : >empty && "
	    "ln -s fifo link && dd if=/dev/zero of=most bs=1024 count=1024 "
	    "2>/dev/null && cp most large && echo >>large && ln -s most m1");
	root = root_new("top");
	t_why(root, "/folder", "a folder", false);
	t_why(root, "/fifo", "a FIFO", false);
	t_why(root, "/link", "a FIFO", false);
	t_why(root, "/large", "larger than 1 MiB", false);
	t_why(root, "/none", strerror(ENOENT), true);
	t_why(root, "/none/x", strerror(ENOENT), true);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	path[0] = '/';
	t_why(root, path, strerror(ENAMETOOLONG), false);
	ATF_CHECK(root_read(root, "/most")->len == ROOT_FILE_MAX);
	ATF_CHECK(root_read(root, "/empty")->len == 0);
	ATF_CHECK_STREQ(root_read(root, "/empty")->text, "");
	ATF_CHECK(root_kind(root, "/link") == ROOT_OTHER);
	root_free(root);
	root = root_new(NULL);
	t_why(root, "/dev/null", "a device", false);
	ATF_CHECK(root_read(root, "/proc/self/status")->len > 0 ||
	    access("/proc/self/status", R_OK) != 0);
	root_free(root);
	root = root_new("none");
	t_why(root, "/etc", strerror(ENOENT), true);
	root_free(root);
}

H_CASE(unreadable, "A file that one may not read is a fault that says so")
{
	struct root *root;

	if (geteuid() == 0)
		atf_tc_skip("root may read everything");
	t_run("mkdir -p top/shut && echo x >top/a && echo x >top/shut/a && "
	    "chmod 0 top/a top/shut");
	root = root_new("top");
	t_why(root, "/a", strerror(EACCES), false);
	t_why(root, "/shut/a", strerror(EACCES), false);
	root_free(root);
}

H_CASE(total, "Not more is read than there may be of all files")
{
	struct root *root;
	char path[20];
	unsigned i;

	t_run("mkdir top && cd top && dd if=/dev/zero of=most bs=1024 "
	    "count=1024 2>/dev/null && for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 "
	    "13 14 15 16 17; do ln -s most m$i; done; echo x >small");
	root = root_new("top");
	for (i = 0; i < 18; i++) {
		snprintf(path, sizeof(path), "/m%u", i);
		ATF_CHECK((root_read(root, path)->text != NULL) == (i < 16));
	}
	t_why(root, "/small", "too many bytes of files", false);
	root_free(root);
}

/* The names, each with a blank behind it. */
static void
t_names(struct conf_list *list, const char *names)
{
	char text[400] = "";
	size_t i;

	for (i = 0; i < list->n; i++) {
		strlcat(text, list->item[i], sizeof(text));
		strlcat(text, " ", sizeof(text));
	}
	ATF_CHECK_STREQ(text, names);
	value_list_free(list);
}

static void
t_count(const struct root_file *file, void *arg)
{
	ATF_CHECK(file->path[0] == '/');
	++*(unsigned *)arg;
}

H_CASE(lists, "Names and patterns are of the tree, sorted, without hidden ones")
{
	struct conf_list list = { NULL, 0 };
	struct root *root;
	const char *kept;
	unsigned n = 0;

	t_run("mkdir -p top/d && cd top/d && "
	    "touch b a .hidden c.conf B.conf '[x]' && ln -s /d ../l");
	root = root_new("top");
	root_list(root, "/d", &list);
	t_names(&list, "B.conf [x] a b c.conf ");
	root_list(root, "/none", &list);
	root_list(root, "/d/a", &list);
	t_names(&list, "");
	root_glob(root, "/l/*.conf", &list);
	root_glob(root, "/d/[a-b]", &list);
	root_glob(root, "/d/.h*", &list);
	t_names(&list, "/l/B.conf /l/c.conf /d/a /d/b /d/.hidden ");
	root_glob(root, "/d/\\[x\\]", &list);
	root_glob(root, "/none/*", &list);
	t_names(&list, "/d/[x] ");
	kept = root_keep(root, "text");
	ATF_CHECK_STREQ(kept, "text");
	ATF_CHECK(root_keep(root, "text") == kept);
	ATF_CHECK(root_keep(root, "more") != kept);
	(void)root_read(root, "/d/a");
	(void)root_read(root, "/none");
	root_each(root, t_count, &n);
	ATF_CHECK(n == 2);
	root_free(root);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, links);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, unreadable);
	ATF_TP_ADD_TC(tp, total);
	ATF_TP_ADD_TC(tp, lists);
	return (atf_no_error());
}
