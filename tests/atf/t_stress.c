/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_stress.c - the threshold of stress, as the MTA's files say it.
 */
#include "compat.h"

#include <sys/stat.h>

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "condition/stress.h"
#include "h_case.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* Makes DIR below root, and writes a file there; text NULL: none. */
static void
stress_put(const char *dir, const char *name, const char *text, size_t len)
{
	char path[256], *p;
	FILE *fp;

	(void)snprintf(path, sizeof(path), "root%s/", dir);
	for (p = path; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		(void)mkdir(path, 0755);
		*p = '/';
	}
	(void)strlcat(path, name, sizeof(path));
	(void)unlink(path);
	if (text == NULL)
		return;
	fp = fopen(path, "w");
	ATF_REQUIRE(fp != NULL);
	ATF_REQUIRE_EQ(fwrite(text, 1, len, fp), len);
	ATF_REQUIRE_EQ(fclose(fp), 0);
}

static void
stress_write(const char *dir, const char *name, const char *text)
{
	stress_put(dir, name, text, text == NULL ? 0 : strlen(text));
}

static unsigned
stress_look(void)
{
	char root[PATH_MAX];
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	conf.stress_threshold = UINT_MAX;
	ATF_REQUIRE(getcwd(root, sizeof(root) - 6) != NULL);
	(void)strlcat(root, "/root", sizeof(root));
	conf.detect_root = root;
	return (stress_threshold(&conf));
}

H_CASE(configured, "what is configured needs no file")
{
	struct conf conf;

	memset(&conf, 0, sizeof(conf));
	conf.stress_threshold = 7;
	ATF_CHECK_EQ(stress_threshold(&conf), 7);
	conf.stress_threshold = 0;
	ATF_CHECK_EQ(stress_threshold(&conf), 0);
}

H_CASE(nobody, "no MTA: never")
{
	ATF_CHECK_EQ(stress_look(), 0);
}

#define SMTP(n)	"smtp inet n - y - " n " smtpd\n"

H_CASE(postfix, "main.cf and master.cf of Postfix")
{
	static const struct {
		const char *main_cf, *master_cf;
		unsigned threshold;
	} cases[] = {
		{ "", NULL, 75 },
		{ "", "", 75 },
		{ "", SMTP("-"), 75 },
		{ "", SMTP("10"), 7 },
		{ "", SMTP("1"), 0 },
		{ "", SMTP("0"), 0 },
		{ "", "smtp unix - - y - 3 smtp\n" SMTP("11"), 8 },
		{ "", "#" SMTP("3") SMTP("40") SMTP("50"), 30 },
		{ "", "smtp\tinet  n\t-  y -\t20   smtpd\n  -o x=y\n", 15 },
		{ "", "smtp inet n - y - 12 smtpd", 9 },
		/* The first one; others are of other services. */
		{ "", "submission inet n - y - 4 smtpd\n" SMTP("8"), 6 },
		{ "", "smtp inet n - y -\n", 75 },
		{ "", "smtp inet n - y - many smtpd\n", 75 },
		{ "", "smtp inet n - y - 99999999999999 smtpd\n", 75 },
		{ "default_process_limit = 200\n", SMTP("-"), 150 },
		{ "default_process_limit=201\n", SMTP("-"), 150 },
		{ "default_process_limit = 200\n", SMTP("8"), 6 },
		{ "#default_process_limit = 200\n", NULL, 75 },
		{ "default_process_limit = 200\n"
		    "default_process_limit = 40\r\n", NULL, 30 },
		{ "default_process_limit_x = 200\n", NULL, 75 },
		{ "default_process_limit = $n\nn = 20\n", NULL, 15 },
		{ "default_process_limit = ${n}\nn = $(m)\nm=4\n", NULL, 3 },
		{ "n = 24\n", SMTP("$n"), 18 },
		{ "default_process_limit = $default_process_limit\n", NULL,
		    75 },
		{ "default_process_limit = $none\n", NULL, 75 },
		{ "default_process_limit = $\n", NULL, 75 },
		{ "default_process_limit =\n", NULL, 75 },
		{ "default_process_limit = 4294967295\n", NULL, 75 },
		{ "default_process_limit = 999999999\n", NULL, 749999999 },
		{ "default_process_limit = 1000000000\n", NULL, 75 },
		{ "n\nn = 3\ndefault_process_limit = $n x\n", NULL, 2 },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		stress_write("/etc/postfix", "main.cf", cases[i].main_cf);
		stress_write("/etc/postfix", "master.cf", cases[i].master_cf);
		ATF_CHECK_EQ_MSG(stress_look(), cases[i].threshold, "%zu: %u",
		    i, stress_look());
	}
}

H_CASE(places, "where the files are, and who comes first")
{
	static const char *const dirs[] = {
		"/opt/local/etc/postfix", "/usr/pkg/etc/postfix",
		"/usr/local/etc/postfix", "/etc/postfix"
	};
	char text[64];
	size_t i;

	stress_write("/etc/mail", "sendmail.cf",
	    "O MaxDaemonChildren=4\n");
	ATF_CHECK_EQ(stress_look(), 3);
	for (i = 0; i < COUNT(dirs); i++) {
		(void)snprintf(text, sizeof(text),
		    "default_process_limit = %zu\n", 100 * (i + 1));
		stress_write(dirs[i], "main.cf", text);
		ATF_CHECK_EQ(stress_look(), 75 * (i + 1));
	}
}

H_CASE(sendmail, "sendmail.cf")
{
	static const struct {
		const char *cf;
		unsigned threshold;
	} cases[] = {
		{ "", 0 },
		{ "O MaxDaemonChildren=12\n", 9 },
		{ "O MaxDaemonChildren=12", 9 },
		{ "#O MaxDaemonChildren=12\n", 0 },
		{ "O MaxDaemonChildren=\n", 0 },
		{ "O MaxDaemonChildren=x\n", 0 },
		{ "O MaxDaemonChildren=0\n", 0 },
		{ "DZ8\nO ConnectionRateThrottle=3\nO MaxDaemonChildren=40\n"
		    "Kx\n", 30 },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		stress_write("/etc/mail", "sendmail.cf", cases[i].cf);
		ATF_CHECK_EQ_MSG(stress_look(), cases[i].threshold, "%zu", i);
	}
}

H_CASE(odd, "files that are none, or not text")
{
	static const char hostile[] =
	    "default_process_limit\0= 3\ndefault_process_limit = 1\0002\n"
	    "\0\n=\n = \n$\n";
	size_t i;

	/* A fifo, a folder: nobody waits for a writer. */
	stress_write("/etc/postfix", "main.cf", NULL);
	ATF_REQUIRE_EQ(mkfifo("root/etc/postfix/main.cf", 0600), 0);
	ATF_CHECK_EQ(stress_look(), 0);
	ATF_REQUIRE_EQ(unlink("root/etc/postfix/main.cf"), 0);
	ATF_REQUIRE_EQ(mkdir("root/etc/postfix/main.cf", 0700), 0);
	ATF_CHECK_EQ(stress_look(), 0);
	ATF_REQUIRE_EQ(rmdir("root/etc/postfix/main.cf"), 0);
	stress_write("/etc/postfix", "main.cf", "");
	ATF_REQUIRE_EQ(mkfifo("root/etc/postfix/master.cf", 0600), 0);
	ATF_CHECK_EQ(stress_look(), 75);
	ATF_REQUIRE_EQ(unlink("root/etc/postfix/master.cf"), 0);
	/* Cut at every byte. */
	for (i = 0; i <= sizeof(hostile); i++) {
		stress_put("/etc/postfix", "main.cf", hostile, i);
		stress_put("/etc/postfix", "master.cf", "smtp inet n\0 - \n",
		    i < 16 ? i : 16);
		(void)stress_look();
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, configured);
	ATF_TP_ADD_TC(tp, nobody);
	ATF_TP_ADD_TC(tp, postfix);
	ATF_TP_ADD_TC(tp, places);
	ATF_TP_ADD_TC(tp, sendmail);
	ATF_TP_ADD_TC(tp, odd);
	return (atf_no_error());
}
