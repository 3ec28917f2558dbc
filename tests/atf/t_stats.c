/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_stats.c - what stats.h promises: counting in one process, views in another.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  run a session.
 */
#include "compat.h"

#include <sys/wait.h>

#include <stdio.h>
#include <unistd.h>

#include "h_case.h"
#include "manager/stats.h"

static void
on_report(const char *line, void *arg)
{
	(void)arg;
	atf_tc_fail("%s", line);
}

/* A configuration with these children, and a condition. */
static struct conf *
conf_with(const char *const *names)
{
	struct conf_source source;
	struct conf *conf;
	char *text = NULL;
	size_t len = 0;
	FILE *fp = open_memstream(&text, &len);

	ATF_REQUIRE(fp != NULL);
	fprintf(fp, "condition.own.stop_on_connect = true\n");
	for (; *names != NULL; names++)
		fprintf(fp, "milter.\"%s\".connection_spec = \"inet:1\"\n"
		    "milter.\"%s\".applicable_conditions = [\"own\"]\n", *names,
		    *names);
	ATF_REQUIRE_EQ(fclose(fp), 0);
	memset(&source, 0, sizeof(source));
	source.file = "test.conf";
	source.text = text;
	source.text_len = len;
	conf = conf_load(&source, on_report, NULL);
	ATF_REQUIRE(conf != NULL);
	free(text);
	return (conf);
}

static const struct stats_named_child *
child_of(const struct stats_view *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n_children; i++)
		if (strcmp(v->child[i].name, name) == 0)
			return (&v->child[i]);
	return (NULL);
}

static const char *const ab[] = { "a", "b", NULL };
static const char *const bc[] = { "b", "c", NULL };

H_CASE(words, "Each status has upstream's word, and no other has one")
{
	int i;

	for (i = 0; i < STATS_STATUS_N; i++)
		ATF_CHECK_EQ((int)stats_status(stats_status_name(
		    (enum stats_status)i)), i);
	ATF_CHECK_EQ(stats_status("continue"), STATS_ERROR);
	ATF_CHECK_EQ(stats_status(""), STATS_ERROR);
	ATF_CHECK_EQ(stats_status(NULL), STATS_ERROR);
	ATF_CHECK_STREQ(stats_status_name(STATS_STATUS_N), "error");
}

H_CASE(buckets, "A reply is in the smallest bucket that its time fits in")
{
	static const struct {
		uint64_t ms;
		unsigned bucket;
	} row[] = {
		{ 0, 0 }, { 1, 0 }, { 2, 1 }, { 3, 2 }, { 4, 2 }, { 5, 3 },
		{ 1024, 10 }, { 1025, 11 }, { 65536, 16 }, { 65537, 17 },
		{ 131072, 17 }, { 131073, 17 }, { UINT64_MAX / 2, 17 },
	};
	struct stats_child c;
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		memset(&c, 0, sizeof(c));
		stats_reply(&c, row[i].ms);
		ATF_CHECK_EQ(c.bucket[row[i].bucket], 1);
		ATF_CHECK_EQ(c.waited_ms, row[i].ms);
		ATF_CHECK_EQ(c.replies, 1);
	}
}

H_CASE(forked, "What a forked process counts is seen by its parent")
{
	struct conf *conf = conf_with(ab);
	struct stats *st = stats_new(conf);
	struct stats_view v;
	int status;
	pid_t pid;

	ATF_REQUIRE(st != NULL);
	pid = fork();
	if (pid == 0) {
		stats_total(st)->running = 3;
		stats_total(st)->messages[STATS_REJECT] = 7;
		stats_child(st, 1)->edits = UINT64_C(1) << 40;
		stats_child(st, 1)->open = 2;
		stats_condition(st, conf->n_conditions - 1)->stopped = 5;
		_exit(stats_child(st, 0)->disabled == 1 ? 0 : 1);
	}
	stats_child(st, 0)->disabled = 1;
	ATF_REQUIRE(waitpid(pid, &status, 0) == pid);
	memset(&v, 0, sizeof(v));
	ATF_REQUIRE_EQ(stats_view_add(&v, st, conf, false), 0);
	ATF_CHECK_EQ(v.total.running, 3);
	ATF_CHECK_EQ(v.total.messages[STATS_REJECT], 7);
	ATF_REQUIRE_EQ(v.n_children, 2);
	ATF_CHECK_STREQ(v.child[0].name, "a");
	ATF_CHECK_EQ(v.child[0].sum.disabled, 1);
	ATF_CHECK_EQ(v.child[1].sum.edits, UINT64_C(1) << 40);
	ATF_CHECK_EQ(v.child[1].sum.open, 2);
	ATF_CHECK_EQ(v.n_conditions, conf->n_conditions);
	ATF_CHECK_STREQ(v.condition[v.n_conditions - 1].name, "own");
	ATF_CHECK_EQ(v.condition[v.n_conditions - 1].sum.stopped, 5);
	stats_view_free(&v);
	ATF_CHECK_EQ(v.n_children, 0);
	stats_view_free(&v);
	stats_free(st);
	stats_free(NULL);
	conf_unref(conf);
}

H_CASE(sums, "Views add up by name, in the order in which names came")
{
	struct conf *one = conf_with(ab), *two = conf_with(bc);
	struct stats *first = stats_new(one), *second = stats_new(two);
	struct stats_view v, all;

	memset(&v, 0, sizeof(v));
	memset(&all, 0, sizeof(all));
	stats_total(first)->sessions = 1;
	stats_total(second)->sessions = 10;
	stats_child(first, 0)->failures = 2;
	stats_child(first, 1)->status[STATS_PASS] = 3;
	stats_child(second, 0)->status[STATS_PASS] = 30;
	stats_child(second, 0)->open = 4;
	stats_child(first, 1)->open = 5;
	stats_child(second, 1)->broken = 1;
	stats_child(first, 0)->broken = 200;
	ATF_REQUIRE_EQ(stats_view_add(&v, first, one, false), 0);
	ATF_REQUIRE_EQ(stats_view_add(&v, second, two, false), 0);
	ATF_CHECK_EQ(v.total.sessions, 11);
	ATF_REQUIRE_EQ(v.n_children, 3);
	ATF_CHECK_STREQ(v.child[0].name, "a");
	ATF_CHECK_STREQ(v.child[1].name, "b");
	ATF_CHECK_STREQ(v.child[2].name, "c");
	ATF_CHECK_EQ(v.child[0].sum.broken, 1);
	ATF_CHECK_EQ(v.child[1].sum.status[STATS_PASS], 33);
	ATF_CHECK_EQ(v.child[1].sum.open, 9);
	ATF_CHECK_EQ(v.child[2].sum.broken, 1);
	/* As what is gone: flags and what is open go with it. */
	ATF_REQUIRE_EQ(stats_view_add_view(&all, &v), 0);
	ATF_REQUIRE_EQ(stats_view_add_view(&all, &v), 0);
	ATF_CHECK_EQ(all.total.sessions, 22);
	ATF_CHECK(child_of(&all, "c") == NULL);
	ATF_REQUIRE(child_of(&all, "b") != NULL);
	ATF_CHECK_EQ(child_of(&all, "b")->sum.status[STATS_PASS], 66);
	ATF_CHECK_EQ(child_of(&all, "b")->sum.open, 0);
	ATF_CHECK_EQ(child_of(&all, "a")->sum.broken, 0);
	stats_view_free(&v);
	stats_view_free(&all);
	stats_free(first);
	stats_free(second);
	conf_unref(one);
	conf_unref(two);
}

H_CASE(gone, "Of what is gone only that stays which has counted something")
{
	struct conf *conf = conf_with(ab);
	struct stats *st = stats_new(conf);
	struct stats_view v;

	memset(&v, 0, sizeof(v));
	stats_total(st)->running = 9;
	stats_total(st)->bytes = 100;
	stats_child(st, 0)->open = 1;
	stats_child(st, 0)->disabled = 1;
	stats_child(st, 1)->connections = 1;
	stats_child(st, 1)->broken = 1;
	ATF_REQUIRE_EQ(stats_view_add(&v, st, conf, true), 0);
	ATF_CHECK_EQ(v.total.running, 0);
	ATF_CHECK_EQ(v.total.bytes, 100);
	ATF_REQUIRE_EQ(v.n_children, 1);
	ATF_CHECK_STREQ(v.child[0].name, "b");
	ATF_CHECK_EQ(v.child[0].sum.broken, 0);
	ATF_CHECK_EQ(v.n_conditions, 0);
	stats_view_free(&v);
	stats_free(st);
	conf_unref(conf);
}

H_CASE(names, "Names beyond the limit are added up as one")
{
	struct stats_view v, all;
	struct stats_named_child child;
	char name[32];
	unsigned i;

	memset(&all, 0, sizeof(all));
	memset(&v, 0, sizeof(v));
	memset(&child, 0, sizeof(child));
	child.name = name;
	child.sum.connections = 1;
	v.child = &child;
	v.n_children = 1;
	for (i = 0; i < STATS_NAMES_MAX + 100; i++) {
		(void)snprintf(name, sizeof(name), "child %u", i);
		ATF_REQUIRE_EQ(stats_view_add_view(&all, &v), 0);
	}
	ATF_REQUIRE_EQ(all.n_children, STATS_NAMES_MAX);
	ATF_CHECK_STREQ(all.child[STATS_NAMES_MAX - 1].name, "*");
	ATF_CHECK_EQ(all.child[STATS_NAMES_MAX - 1].sum.connections, 101);
	/* Those that are known are found all the same. */
	(void)snprintf(name, sizeof(name), "child 7");
	ATF_REQUIRE_EQ(stats_view_add_view(&all, &v), 0);
	ATF_CHECK_EQ(child_of(&all, "child 7")->sum.connections, 2);
	ATF_CHECK_EQ(all.n_children, STATS_NAMES_MAX);
	stats_view_free(&all);
}

H_CASE(inherit, "A child that is disabled stays so under its name")
{
	struct conf *one = conf_with(ab), *two = conf_with(bc);
	struct stats *first = stats_new(one), *second = stats_new(two);

	stats_child(first, 0)->disabled = 1;
	stats_child(first, 1)->disabled = 1;
	stats_inherit(second, two, first, one);
	ATF_CHECK_EQ(stats_child(second, 0)->disabled, 1);
	ATF_CHECK_EQ(stats_child(second, 1)->disabled, 0);
	stats_free(first);
	stats_free(second);
	conf_unref(one);
	conf_unref(two);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, words);
	ATF_TP_ADD_TC(tp, buckets);
	ATF_TP_ADD_TC(tp, forked);
	ATF_TP_ADD_TC(tp, sums);
	ATF_TP_ADD_TC(tp, gone);
	ATF_TP_ADD_TC(tp, names);
	ATF_TP_ADD_TC(tp, inherit);
	return (atf_no_error());
}
