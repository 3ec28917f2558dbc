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
 */
#ifndef TESTS_H_CASE_H
#define TESTS_H_CASE_H

#include <atf-c.h>

#define H_CASE(name, text)						\
ATF_TC(name);								\
ATF_TC_HEAD(name, tc)							\
{									\
	atf_tc_set_md_var(tc, "descr", "%s", text);			\
}									\
ATF_TC_BODY(name, tc)

#endif /* TESTS_H_CASE_H */
