#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_differential_sendmail.sh - the cases of h_cases.sh through Sendmail.

atf_init_test_cases()
{

	CASES_MTA=sm
	CASES_PROGS="m4"
	. "$(atf_get_srcdir)/h_cases.sh"
	diff_cases
}
