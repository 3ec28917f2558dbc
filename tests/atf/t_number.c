/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_number.c - text to numbers, durations and sizes, and back.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdio.h>

#include "h_case.h"
#include "base/number.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define BAD		UINT64_MAX	/* must be refused */

static void
check(const char *text, int rc, uint64_t got, uint64_t want)
{
	if (rc != (want == BAD ? -1 : 0))
		atf_tc_fail_nonfatal("\"%s\": %d", text, rc);
	else if (got != (rc == 0 ? want : 77))
		atf_tc_fail_nonfatal("\"%s\": %" PRIu64, text, got);
}

H_CASE(counts, "A number is read whole, in its base, up to its maximum")
{
	static const struct {
		const char *text;
		unsigned base;
		uint64_t max, want;
	} t[] = {
		{ "0", 10, 0, 0 },
		{ "1", 10, 0, BAD },
		{ "9", 10, 9, 9 },
		{ "10", 10, 9, BAD },
		{ "007", 10, 9, 7 },
		{ "65535", 10, 65535, 65535 },
		{ "65536", 10, 65535, BAD },
		{ "18446744073709551614", 10, UINT64_MAX, UINT64_MAX - 1 },
		{ "18446744073709551616", 10, UINT64_MAX, BAD },
		{ "99999999999999999999999", 10, UINT64_MAX, BAD },
		{ "660", 8, 0777, 0660 },
		{ "8", 8, 0777, BAD },
		{ "1ff", 16, 0xffff, 0x1ff },
		{ "0x1FF", 16, 0xffff, 0x1ff },
		{ "0x", 16, 0xffff, BAD },
		{ "0x1", 10, 0xffff, BAD },
		{ "fffffffffffffffe", 16, UINT64_MAX, UINT64_MAX - 1 },
		{ "g", 16, 0xffff, BAD },
		{ "a", 10, 9, BAD },
		{ "", 10, 9, BAD },
		{ " 1", 10, 9, BAD },
		{ "1 ", 10, 9, BAD },
		{ "+1", 10, 9, BAD },
		{ "-1", 10, 9, BAD },
	};
	uint64_t n;
	size_t i;
	int c, rc;

	for (i = 0; i < COUNT(t); i++) {
		n = 77;
		rc = number_read(t[i].text, t[i].base, t[i].max, &n);
		check(t[i].text, rc, n, t[i].want);
	}
	for (c = -128; c < 128; c++) {
		const char *all = "0123456789abcdefABCDEF", *p;

		p = c != 0 ? strchr(all, c) : NULL;
		ATF_CHECK_EQ(number_digit((char)c), p == NULL ? -1 :
		    p - all < 16 ? (int)(p - all) : (int)(p - all) - 6);
	}
}

H_CASE(times, "A duration has a unit or is in seconds, and is exact")
{
	static const struct {
		const char *text;
		uint64_t want;
	} t[] = {
		{ "0", 0 },
		{ "7", 7000 },
		{ "7.5", 7500 },
		{ "7.5s", 7500 },
		{ "0.001", 1 },
		{ "0.0010", 1 },
		{ "0.0005", BAD },
		{ "500ms", 500 },
		{ "0.5ms", BAD },
		{ "1.5m", 90000 },
		{ "0.25h", 900000 },
		{ "1d", 86400000 },
		{ "7.", BAD },
		{ ".5", BAD },
		{ "5 s", BAD },
		{ "5S", BAD },
		{ "5w", BAD },
		{ "", BAD },
		{ "s", BAD },
		{ "-1", BAD },
		{ "1e3", BAD },
		{ "0.0000000001", BAD },
		{ "18446744073709551615d", BAD },
		{ "18446744073709d", BAD },
	};
	static const uint64_t there[] = { 0, 1, 10, 100, 999, 1000, 1001, 7500,
	    86400000, 2592000000, UINT64_MAX / 2000000 };
	char text[32];
	uint64_t n;
	size_t i;
	int rc;

	for (i = 0; i < COUNT(t); i++) {
		n = 77;
		rc = number_read_time(t[i].text, &n);
		check(t[i].text, rc, n, t[i].want);
	}
	for (i = 0; i < COUNT(there); i++) {
		number_format_time(there[i], text, sizeof(text));
		ATF_CHECK_EQ(number_read_time(text, &n), 0);
		ATF_CHECK_EQ(n, there[i]);
	}
	ATF_CHECK_STREQ("7.5s", number_format_time(7500, text, sizeof(text)));
	ATF_CHECK_STREQ("0.001s", number_format_time(1, text, sizeof(text)));
}

H_CASE(sizes, "A size has a unit or is in bytes")
{
	static const struct {
		const char *text;
		uint64_t want;
	} t[] = {
		{ "0", 0 },
		{ "4096", 4096 },
		{ "64k", 65536 },
		{ "1m", 1048576 },
		{ "2g", 2147483648 },
		{ "1K", BAD },
		{ "1kb", BAD },
		{ "1.5m", BAD },
		{ "", BAD },
		{ "k", BAD },
		{ "18446744073709551615g", BAD },
		{ "18446744073709g", BAD },
	};
	static const uint64_t there[] = { 0, 1, 1023, 1024, 65535, 65536,
	    1048576, 1073741824, 1073741825 };
	char text[32];
	uint64_t n;
	size_t i;
	int rc;

	for (i = 0; i < COUNT(t); i++) {
		n = 77;
		rc = number_read_size(t[i].text, &n);
		check(t[i].text, rc, n, t[i].want);
	}
	for (i = 0; i < COUNT(there); i++) {
		number_format_size(there[i], text, sizeof(text));
		ATF_CHECK_EQ(number_read_size(text, &n), 0);
		ATF_CHECK_EQ(n, there[i]);
	}
	ATF_CHECK_STREQ("64k", number_format_size(65536, text, sizeof(text)));
	ATF_CHECK_STREQ("0", number_format_size(0, text, sizeof(text)));
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, counts);
	ATF_TP_ADD_TC(tp, times);
	ATF_TP_ADD_TC(tp, sizes);
	return (atf_no_error());
}
