/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * atf-c.h - as much of ATF's C interface as the unit tests use, for systems
 * that are only reached by cross compiling, where there is no libatf-c.  The
 * real one is documented in atf-c(3).
 *
 * A program made with it runs all its cases, each in a process and an empty
 * folder of its own below the current one, prints a line for each, and ends
 * with 0 when none failed.
 */
#ifndef MINIATF_ATF_C_H
#define MINIATF_ATF_C_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct atf_tc {
	const char	*name;
	void		(*head)(struct atf_tc *);
	void		(*body)(const struct atf_tc *);
} atf_tc_t;

typedef struct atf_tp {
	const atf_tc_t	*cases[256];
	size_t		 n_cases;
} atf_tp_t;

typedef int atf_error_t;

atf_error_t	 atf_no_error(void);
atf_error_t	 atf_tp_add_tc(atf_tp_t *, const atf_tc_t *);
atf_error_t	 atf_tc_set_md_var(atf_tc_t *, const char *, const char *, ...)
		    __attribute__((__format__(__printf__, 3, 4)));
bool		 atf_tc_has_config_var(const atf_tc_t *, const char *);
const char	*atf_tc_get_config_var(const atf_tc_t *, const char *);
const char	*atf_tc_get_config_var_wd(const atf_tc_t *, const char *,
		    const char *);
void		 atf_tc_fail(const char *, ...)
		    __attribute__((__format__(__printf__, 1, 2),
		    __noreturn__));
void		 atf_tc_fail_nonfatal(const char *, ...)
		    __attribute__((__format__(__printf__, 1, 2)));
void		 atf_tc_skip(const char *, ...)
		    __attribute__((__format__(__printf__, 1, 2),
		    __noreturn__));
void		 atf_tc_pass(void) __attribute__((__noreturn__));
int		 miniatf_main(int, char **, atf_error_t (*)(atf_tp_t *));

#define ATF_TC_WITHOUT_HEAD(tc)						\
	static void miniatf_##tc##_body(const atf_tc_t *);		\
	static atf_tc_t miniatf_##tc = { #tc, NULL, miniatf_##tc##_body }
#define ATF_TC(tc)							\
	static void miniatf_##tc##_head(atf_tc_t *);			\
	static void miniatf_##tc##_body(const atf_tc_t *);		\
	static atf_tc_t miniatf_##tc = { #tc, miniatf_##tc##_head,	\
	    miniatf_##tc##_body }
#define ATF_TC_HEAD(tc, arg)						\
	static void miniatf_##tc##_head(atf_tc_t *arg			\
	    __attribute__((__unused__)))
#define ATF_TC_BODY(tc, arg)						\
	static void miniatf_##tc##_body(const atf_tc_t *arg		\
	    __attribute__((__unused__)))
#define ATF_TC_NAME(tc)		miniatf_##tc

#define ATF_TP_ADD_TCS(tp)						\
	static atf_error_t miniatf_cases(atf_tp_t *);			\
	int								\
	main(int argc, char **argv)					\
	{								\
		return (miniatf_main(argc, argv, miniatf_cases));	\
	}								\
	static atf_error_t miniatf_cases(atf_tp_t *tp)
#define ATF_TP_ADD_TC(tp, tc) do {					\
	atf_error_t miniatf_error = atf_tp_add_tc((tp), &miniatf_##tc);	\
	if (miniatf_error != 0)						\
		return (miniatf_error);					\
} while (0)

#define MINIATF_WHERE(how, ...) do {					\
	char miniatf_text[1024];					\
	snprintf(miniatf_text, sizeof(miniatf_text), __VA_ARGS__);	\
	how("%s:%d: %s", __FILE__, __LINE__, miniatf_text);		\
} while (0)
#define MINIATF_TEST(how, x, ...) do {					\
	if (!(x))							\
		MINIATF_WHERE(how, __VA_ARGS__);			\
} while (0)
#define MINIATF_STREQ(how, a, b, ...) do {				\
	if (strcmp((a), (b)) != 0)					\
		MINIATF_WHERE(how, __VA_ARGS__);			\
} while (0)
#define MINIATF_ERRNO(how, e, x) do {					\
	bool miniatf_true = (x);					\
	int miniatf_errno = errno;					\
	if (!miniatf_true)						\
		MINIATF_WHERE(how, "%s is not true", #x);		\
	else if (miniatf_errno != (e))					\
		MINIATF_WHERE(how, "%s: errno is %d, not %s", #x,	\
		    miniatf_errno, #e);					\
} while (0)

#define ATF_REQUIRE(x)							\
	MINIATF_TEST(atf_tc_fail, x, "%s not met", #x)
#define ATF_CHECK(x)							\
	MINIATF_TEST(atf_tc_fail_nonfatal, x, "%s not met", #x)
#define ATF_REQUIRE_MSG(x, ...)	MINIATF_TEST(atf_tc_fail, x, __VA_ARGS__)
#define ATF_CHECK_MSG(x, ...)						\
	MINIATF_TEST(atf_tc_fail_nonfatal, x, __VA_ARGS__)
#define ATF_REQUIRE_EQ(a, b)						\
	MINIATF_TEST(atf_tc_fail, (a) == (b), "%s != %s", #a, #b)
#define ATF_CHECK_EQ(a, b)						\
	MINIATF_TEST(atf_tc_fail_nonfatal, (a) == (b), "%s != %s", #a, #b)
#define ATF_REQUIRE_EQ_MSG(a, b, ...)					\
	MINIATF_TEST(atf_tc_fail, (a) == (b), __VA_ARGS__)
#define ATF_CHECK_EQ_MSG(a, b, ...)					\
	MINIATF_TEST(atf_tc_fail_nonfatal, (a) == (b), __VA_ARGS__)
#define ATF_REQUIRE_STREQ(a, b)						\
	MINIATF_STREQ(atf_tc_fail, a, b, "%s != %s (%s != %s)", #a, #b,	\
	    (a), (b))
#define ATF_CHECK_STREQ(a, b)						\
	MINIATF_STREQ(atf_tc_fail_nonfatal, a, b, "%s != %s (%s != %s)",\
	    #a, #b, (a), (b))
#define ATF_REQUIRE_STREQ_MSG(a, b, ...)				\
	MINIATF_STREQ(atf_tc_fail, a, b, __VA_ARGS__)
#define ATF_CHECK_STREQ_MSG(a, b, ...)					\
	MINIATF_STREQ(atf_tc_fail_nonfatal, a, b, __VA_ARGS__)
#define ATF_REQUIRE_ERRNO(e, x)	MINIATF_ERRNO(atf_tc_fail, e, x)
#define ATF_CHECK_ERRNO(e, x)	MINIATF_ERRNO(atf_tc_fail_nonfatal, e, x)

#endif /* MINIATF_ATF_C_H */
