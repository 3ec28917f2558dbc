/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_case.h - a test case with its description:
 *
 *	H_CASE(name, "what it is about")
 *	{
 *		ATF_CHECK(...);
 *	}
 *
 * case_times(N): how often a case does what it does many times: N, or a part of
 * it where that is slow (MM_TEST_FEWER, by which N is divided).
 */
#ifndef TESTS_H_CASE_H
#define TESTS_H_CASE_H

#include <stdlib.h>

#include <atf-c.h>

#define H_CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)

static inline unsigned
case_times(unsigned n)
{
	const char *fewer = getenv("MM_TEST_FEWER");
	unsigned long by = fewer != NULL ? strtoul(fewer, NULL, 10) : 1;

	return (by > 1 && by <= n ? (unsigned)(n / by) : n);
}

#endif /* TESTS_H_CASE_H */
