#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_differential_postfix.sh - the cases of h_cases.sh through Postfix.

atf_init_test_cases()
{

	CASES_MTA=pf
	CASES_PROGS="postfix postconf"
	. "$(atf_get_srcdir)/h_cases.sh"
	diff_cases
}
