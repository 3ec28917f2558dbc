/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_breaker.c - what breaker.h promises, with children that are only structs.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  open a socket.
 */
#include "compat.h"

#include <stdio.h>

#include "h_case.h"
#include "event/loop.h"
#include "manager/breaker.h"
#include "manager/session_internal.h"

#define FOREVER	((uint64_t)1 << 40)

/* Some sessions with the same child. */
#define SESSIONS	6
static struct conf_milter conf;
static struct session session[SESSIONS];
static struct child child[SESSIONS];
static struct breaker *breaker;

static void
setup(unsigned max_failures)
{
	static struct loop *loop;
	static char name[] = "a";
	int i;

	loop = loop_new(NULL);
	ATF_REQUIRE(loop != NULL);
	memset(&conf, 0, sizeof(conf));
	conf.name = name;
	conf.max_failures = max_failures;
	conf.retry_interval = FOREVER;
	breaker = breaker_new();
	ATF_REQUIRE(breaker != NULL);
	for (i = 0; i < SESSIONS; i++) {
		memset(&session[i], 0, sizeof(session[i]));
		memset(&child[i], 0, sizeof(child[i]));
		session[i].mta.loop = loop;
		child[i].session = &session[i];
		child[i].conf = &conf;
		child[i].waiting = STAGE_N;
	}
}

static void
finish(void)
{
	breaker_unref(breaker);
	breaker_unref(NULL);
	loop_free(session[0].mta.loop);
}

/* As child_start(): whether it is dialled. */
static bool
begins(int i)
{
	char why[128] = "";
	bool in;

	child[i].state = CHILD_DIALLING;
	child[i].waiting = STAGE_N;
	child[i].blameless = child[i].in_message = false;
	in = breaker_enter(breaker, &child[i], why, sizeof(why));
	ATF_CHECK_EQ(in, why[0] == '\0');
	if (!in)
		child[i].state = CHILD_FAILED;
	return (in);
}

static void
negotiates(int i)
{
	child[i].state = CHILD_READY;
	breaker_good(breaker, &child[i], STAGE_NEGOTIATE);
}

static void
replies(int i, enum stage stage)
{
	child[i].waiting = STAGE_N;
	breaker_good(breaker, &child[i], stage);
}

/* As child_fail() and child_end(). */
static void
fails(int i, enum stage stage)
{
	if (child[i].state == CHILD_READY)
		child[i].waiting = stage;
	breaker_bad(breaker, &child[i], stage);
	breaker_leave(breaker, &child[i]);
	child[i].state = CHILD_FAILED;
	child[i].waiting = STAGE_N;
}

static void
ends(int i)
{
	breaker_leave(breaker, &child[i]);
	child[i].state = CHILD_DONE;
}

H_CASE(off, "0 is never")
{
	int i;

	(void)tc;
	setup(0);
	for (i = 0; i < 100; i++) {
		ATF_CHECK(begins(0));
		fails(0, STAGE_NEGOTIATE);
	}
	/* Switched on by a reload: the row is long enough already. */
	conf.max_failures = 3;
	ATF_CHECK(begins(0));
	fails(0, STAGE_NEGOTIATE);
	ATF_CHECK(!begins(0));
	/* And off again. */
	conf.max_failures = 0;
	ATF_CHECK(begins(0));
	finish();
}

H_CASE(row, "it opens after so many failures in a row, of any kind")
{
	(void)tc;
	setup(3);
	ATF_CHECK(begins(0));
	fails(0, STAGE_NEGOTIATE);
	ATF_CHECK(begins(1));
	negotiates(1);
	/* The failed dial is made good. */
	ATF_CHECK(begins(2));
	fails(2, STAGE_NEGOTIATE);
	ATF_CHECK(begins(2));
	fails(2, STAGE_NEGOTIATE);
	fails(1, STAGE_RCPT);
	ATF_CHECK(!begins(0));
	finish();
}

H_CASE(late, "what fails at the end of the message is not made good by "
    "what comes before it")
{
	int i;

	(void)tc;
	setup(3);
	for (i = 0; i < 3; i++) {
		ATF_CHECK(begins(0));
		negotiates(0);
		replies(0, STAGE_CONNECT);
		replies(0, STAGE_RCPT);
		/* Another one that has no message at all. */
		ATF_CHECK(begins(1));
		negotiates(1);
		replies(1, STAGE_MAIL);
		ends(1);
		fails(0, STAGE_EOM);
	}
	ATF_CHECK(!begins(0));
	finish();

	/* But by the end of one. */
	setup(2);
	for (i = 0; i < 5; i++) {
		ATF_CHECK(begins(0));
		negotiates(0);
		fails(0, STAGE_EOM);
		ATF_CHECK(begins(1));
		negotiates(1);
		replies(1, STAGE_EOM);
		ends(1);
	}
	finish();

	/* A reply of an old connection proves nothing about dialling. */
	setup(2);
	ATF_CHECK(begins(0));
	negotiates(0);
	ATF_CHECK(begins(1));
	fails(1, STAGE_NEGOTIATE);
	replies(0, STAGE_EOM);
	ATF_CHECK(begins(1));
	fails(1, STAGE_NEGOTIATE);
	ATF_CHECK(!begins(1));
	finish();
}

H_CASE(blameless, "what is no failure of the child does not count")
{
	int i;

	(void)tc;
	setup(1);
	/* An idle connection is lost. */
	ATF_CHECK(begins(0));
	negotiates(0);
	breaker_bad(breaker, &child[0], STAGE_HELO);
	/* Its turn had not come. */
	ATF_CHECK(begins(0));
	negotiates(0);
	child[0].in_message = child[0].blameless = true;
	breaker_bad(breaker, &child[0], STAGE_EOM);
	/* The session ends, at any point. */
	for (i = 0; i < 2; i++) {
		ATF_CHECK(begins(0));
		if (i == 1)
			negotiates(0);
		ends(0);
	}
	/* Inside of a message it does count. */
	ATF_CHECK(begins(0));
	negotiates(0);
	child[0].in_message = true;
	breaker_bad(breaker, &child[0], STAGE_HEADER);
	ATF_CHECK(!begins(0));
	finish();
}

H_CASE(probe, "one session tries it, and what it finds holds for all")
{
	(void)tc;
	setup(2);
	ATF_CHECK(begins(0) && begins(1));
	fails(0, STAGE_NEGOTIATE);
	fails(1, STAGE_NEGOTIATE);
	ATF_CHECK(!begins(2));
	conf.retry_interval = 0;
	ATF_CHECK(begins(2));
	/* While it is under way, whatever time passes. */
	ATF_CHECK(!begins(3) && !begins(4));
	fails(2, STAGE_NEGOTIATE);
	/* For another interval. */
	conf.retry_interval = FOREVER;
	ATF_CHECK(!begins(3));
	conf.retry_interval = 0;
	ATF_CHECK(begins(3));
	ATF_CHECK(!begins(4));
	negotiates(3);
	conf.retry_interval = FOREVER;
	ATF_CHECK(begins(4) && begins(5));
	/* Closed, with a count of 0. */
	fails(4, STAGE_NEGOTIATE);
	ATF_CHECK(begins(4));
	fails(4, STAGE_NEGOTIATE);
	ATF_CHECK(!begins(4));
	finish();
}

H_CASE(probe_late, "a probe for the end of messages knows at that of its "
    "own, not before")
{
	(void)tc;
	setup(1);
	ATF_CHECK(begins(0));
	negotiates(0);
	fails(0, STAGE_EOM);
	conf.retry_interval = 0;
	ATF_CHECK(begins(1));
	negotiates(1);
	replies(1, STAGE_DATA);
	child[1].waiting = STAGE_EOM;
	ATF_CHECK(!begins(2));
	/* Not yet, and a failure is one. */
	fails(1, STAGE_EOM);
	conf.retry_interval = FOREVER;
	ATF_CHECK(!begins(2));
	conf.retry_interval = 0;
	ATF_CHECK(begins(2));
	negotiates(2);
	replies(2, STAGE_EOM);
	conf.retry_interval = FOREVER;
	ATF_CHECK(begins(3));
	finish();
}

H_CASE(probe_ends, "a probe that ends before it knows, or stands still, "
    "leaves its place to the next")
{
	(void)tc;
	setup(1);
	ATF_CHECK(begins(0));
	negotiates(0);
	fails(0, STAGE_EOM);
	conf.retry_interval = 0;
	/* Its session ends: while it dials, and when it is there. */
	ATF_CHECK(begins(1));
	conf.retry_interval = FOREVER;
	ATF_CHECK(!begins(2));
	ends(1);
	ATF_CHECK(begins(2));
	negotiates(2);
	ATF_CHECK(!begins(3));
	ends(2);
	ATF_CHECK(begins(3));
	/* It fails without a fault of the child's. */
	child[3].blameless = true;
	fails(3, STAGE_EOM);
	ATF_CHECK(begins(4));
	/* Its MTA does not go on: not at once, but after the interval. */
	negotiates(4);
	ATF_CHECK(!begins(5));
	conf.retry_interval = 0;
	ATF_CHECK(begins(5));
	/* The end of the former one is none of this one. */
	ends(4);
	ATF_CHECK(!begins(3));
	negotiates(5);
	replies(5, STAGE_EOM);
	conf.retry_interval = FOREVER;
	ATF_CHECK(begins(3));
	finish();
}

H_CASE(others, "a session from before it opened can close it, but does "
    "not prolong it")
{
	(void)tc;
	setup(1);
	ATF_CHECK(begins(0) && begins(1) && begins(2));
	negotiates(0);
	negotiates(1);
	negotiates(2);
	fails(0, STAGE_EOM);
	ATF_CHECK(!begins(3));
	conf.retry_interval = 0;
	ATF_CHECK(begins(3));
	/* It is not the probe that fails. */
	fails(1, STAGE_EOM);
	ATF_CHECK(!begins(4));
	negotiates(3);
	conf.retry_interval = FOREVER;
	replies(2, STAGE_EOM);
	ATF_CHECK(begins(4));
	finish();
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, off);
	ATF_TP_ADD_TC(tp, row);
	ATF_TP_ADD_TC(tp, late);
	ATF_TP_ADD_TC(tp, blameless);
	ATF_TP_ADD_TC(tp, probe);
	ATF_TP_ADD_TC(tp, probe_late);
	ATF_TP_ADD_TC(tp, probe_ends);
	ATF_TP_ADD_TC(tp, others);
	return (atf_no_error());
}
