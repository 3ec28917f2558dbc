/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_log.c - levels, facilities, escapes, and the lines of a log file.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

#include "h_case.h"
#include "base/log.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

H_CASE(levels, "Levels are bits, set as a whole or one by one")
{
	static const struct {
		const char *text;
		unsigned before, after;
	} good[] = {
		{ "default", 0, LOGL_DEFAULT },
		{ "none", LOGL_ALL, 0 },
		{ "all", 0, LOGL_ALL },
		{ "critical", LOGL_ALL, LOGL_CRITICAL },
		{ "Debug", 0, LOGL_DEBUG },
		{ "info|trace", LOGL_ERROR, LOGL_INFO | LOGL_TRACE },
		{ " info | trace ", 0, LOGL_INFO | LOGL_TRACE },
		{ "+info", LOGL_ERROR, LOGL_ERROR | LOGL_INFO },
		{ "+info|debug", LOGL_ERROR,
		    LOGL_ERROR | LOGL_INFO | LOGL_DEBUG },
		{ "-error", LOGL_ERROR | LOGL_INFO, LOGL_INFO },
		{ "-error|info", LOGL_ALL,
		    LOGL_ALL & ~(LOGL_ERROR | LOGL_INFO) },
		{ "+info|-error", LOGL_ERROR, LOGL_INFO },
		{ "default|+profile", 0, LOGL_DEFAULT | LOGL_PROFILE },
		{ "all|-trace", 0, LOGL_ALL & ~LOGL_TRACE },
		{ "default|-statistics", LOGL_ALL,
		    LOGL_DEFAULT & ~LOGL_STATISTICS },
	};
	static const struct {
		const char *text, *word;
	} bad[] = {
		{ "", "" },
		{ "debgu", "debgu" },
		{ "info|", "" },
		{ "|info", "" },
		{ "info|+warn|debug", "warn" },
		{ "averyverylongwordindeed", "averyve" },
		{ "info debug", "info de" },
	};
	char text[96], word[8];
	unsigned levels, again;
	size_t i;

	for (i = 0; i < COUNT(good); i++) {
		levels = good[i].before;
		ATF_REQUIRE_EQ(log_parse_levels(good[i].text, &levels, word,
		    sizeof(word)), 0);
		if (levels != good[i].after)
			atf_tc_fail_nonfatal("%s: %x", good[i].text, levels);
	}
	for (i = 0; i < COUNT(bad); i++) {
		levels = 0x55;
		ATF_REQUIRE_EQ(log_parse_levels(bad[i].text, &levels, word,
		    sizeof(word)), -1);
		ATF_CHECK_EQ(levels, 0x55);
		ATF_CHECK_STREQ(word, bad[i].word);
	}
	for (levels = 0; levels <= LOGL_ALL; levels++) {
		log_format_levels(levels, text, sizeof(text));
		again = LOGL_ERROR;
		ATF_REQUIRE_EQ(log_parse_levels(text, &again, word,
		    sizeof(word)), 0);
		ATF_REQUIRE_EQ(again, levels);
	}
	ATF_CHECK_STREQ(log_format_levels(LOGL_DEFAULT, text, sizeof(text)),
	    "default");
	ATF_CHECK_STREQ(log_format_levels(0, text, sizeof(text)), "none");
	ATF_CHECK_STREQ(log_format_levels(LOGL_ALL & ~LOGL_CRITICAL, text,
	    sizeof(text)), "error|warning|message|info|debug|trace|statistics|"
	    "profile");
}

H_CASE(facilities, "Facilities go by their names")
{
	static const struct word some[] = {
		{ "mail", LOG_MAIL }, { "local0", LOG_LOCAL0 },
		{ "local7", LOG_LOCAL7 }, { "daemon", LOG_DAEMON },
	};
	const struct word *w;
	size_t i;

	for (i = 0; i < COUNT(some); i++) {
		w = word_find(log_facility_names, some[i].name);
		ATF_REQUIRE(w != NULL);
		ATF_CHECK_EQ(some[i].value, w->value);
	}
	ATF_CHECK(word_find(log_facility_names, "local8") == NULL);
	ATF_CHECK(word_find(log_facility_names, "") == NULL);
	for (w = log_facility_names; w->name != NULL; w++)
		ATF_CHECK_STREQ(word_name(log_facility_names, w->value),
		    w->name);
}

H_CASE(words, "Words are compared by slips of the pen")
{
	size_t n;

	ATF_CHECK_EQ(word_distance("", ""), 0);
	ATF_CHECK_EQ(word_distance("abc", ""), 3);
	ATF_CHECK_EQ(word_distance("", "abc"), 3);
	ATF_CHECK_EQ(word_distance("daemon", "daemon"), 0);
	ATF_CHECK_EQ(word_distance("deamon", "daemon"), 1);
	ATF_CHECK_EQ(word_distance("demon", "daemon"), 1);
	ATF_CHECK_EQ(word_distance("daemons", "daemon"), 1);
	ATF_CHECK_EQ(word_distance("Max_Size", "max-size"), 0);
	ATF_CHECK_EQ(word_distance("kitten", "sitting"), 3);
	ATF_CHECK(word_distance("0123456789012345678901234567890123456789"
	    "012345678901234567890123", "x") > 100);
	ATF_CHECK(word_near("deamon", "daemon", &n) && n == 1);
	ATF_CHECK(word_near("daemon", "daemon", &n) && n == 0);
	ATF_CHECK(!word_near("a", "b", &n));
	ATF_CHECK(!word_near("kitten", "sitting", &n));
	ATF_CHECK(!word_near("abc", "abcdef", &n));
	ATF_CHECK(word_near("abcd", "abcdef", &n) && n == 2);
}

H_CASE(escapes, "Foreign text becomes printable and fits")
{
	char dst[64], all[256], text[8];
	size_t size, i, n;

	ATF_CHECK_STREQ(log_escape(dst, sizeof(dst), "a b~", 4), "a b~");
	ATF_CHECK_STREQ(log_escape(dst, sizeof(dst), "", 0), "");
	ATF_CHECK_STREQ(log_escape(dst, sizeof(dst), "\\\n\0\xff\x7f", 5),
	    "\\\\\\x0a\\x00\\xff\\x7f");
	ATF_CHECK_STREQ(log_escape(dst, 8, "1234567", 7), "1234567");
	ATF_CHECK_STREQ(log_escape(dst, 8, "12345678", 8), "1234...");
	ATF_CHECK_STREQ(log_escape(dst, 8, "123\n", 4), "123\\x0a");
	ATF_CHECK_STREQ(log_escape(dst, 8, "123\n4", 5), "123...");
	ATF_CHECK_STREQ(log_escape(dst, 8, "12345\n", 6), "1234...");
	ATF_CHECK_STREQ(log_escape(text, sizeof(text), "\n\n", 2), "\\x0a...");
	for (i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	for (size = 8; size <= sizeof(dst); size++) {
		for (n = 0; n < sizeof(all); n++) {
			memset(dst, 'Z', sizeof(dst));
			log_escape(dst, size, all + sizeof(all) - n, n);
			ATF_REQUIRE(memchr(dst, '\0', size) != NULL);
			ATF_REQUIRE(size == sizeof(dst) || dst[size] == 'Z');
			for (i = 0; dst[i] != '\0'; i++)
				ATF_REQUIRE(dst[i] >= ' ' && dst[i] < 0x7f);
		}
	}
}

/* What a file holds; the caller frees it. */
static char *
slurp(const char *path)
{
	char *text = calloc(1, 65536);
	FILE *fp = fopen(path, "r");
	size_t n;

	ATF_REQUIRE(text != NULL && fp != NULL);
	n = fread(text, 1, 65535, fp);
	ATF_REQUIRE(n < 65535);
	fclose(fp);
	return (text);
}

static void
settings(struct log_settings *s, const char *path)
{
	memset(s, 0, sizeof(*s));
	s->ident = "t_log";
	s->path = path;
	s->levels = LOGL_ALL;
	s->facility = LOG_MAIL;
}

/* Goes past "[2024-02-29T12:34:56.123456Z]: ". */
static const char *
past_stamp(const char *line)
{
	static const char form[] = "[0000-00-00T00:00:00.000000Z]: ";
	size_t i;

	for (i = 0; form[i] != '\0'; i++) {
		if (form[i] == '0' ? !isdigit((unsigned char)line[i]) :
		    line[i] != form[i])
			atf_tc_fail("no stamp: %s", line);
	}
	return (line + i);
}

H_CASE(lines, "A line has a stamp, its text, and one end")
{
	struct log_settings s;
	struct stat st;
	char *text, big[5000];
	const char *p;

	umask(0);
	settings(&s, "log");
	s.levels = LOGL_INFO | LOGL_STATISTICS;
	ATF_REQUIRE_EQ(log_open(&s), 0);
	ATF_CHECK(log_wants(LOGL_INFO));
	ATF_CHECK(!log_wants(LOGL_DEBUG));
	errno = 77;
	log_write(LOGL_INFO, "one %d %s", 1, "%s");
	log_write(LOGL_DEBUG, "never");
	log_write(LOGL_STATISTICS, "[session][end]");
	log_write(LOGL_INFO, "a\nb\033c\xc3\xa4");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_write(LOGL_INFO, "%s", big);
	log_write(LOGL_INFO, "last");
	ATF_CHECK_EQ(errno, 77);

	ATF_REQUIRE_EQ(stat("log", &st), 0);
	ATF_CHECK_EQ(st.st_mode & 0777, 0640);
	text = slurp("log");
	p = past_stamp(text);
	ATF_REQUIRE(strncmp(p, "one 1 %s\n", 9) == 0);
	p = past_stamp(p + 9);
	ATF_REQUIRE(strncmp(p, "[statistics] [session][end]\n", 28) == 0);
	p = past_stamp(p + 28);
	ATF_REQUIRE(strncmp(p, "a b c\xc3\xa4\n", 8) == 0);
	p = past_stamp(p + 8);
	ATF_REQUIRE(strspn(p, "x") > 1000);
	p += strspn(p, "x");
	ATF_REQUIRE(strncmp(p, "...\n", 4) == 0);
	p = past_stamp(p + 4);
	ATF_CHECK_STREQ(p, "last\n");
	free(text);
}

H_CASE(reopen, "A log file that was moved away is made again")
{
	struct log_settings s;
	char *text;

	ATF_CHECK_EQ(log_reopen(), 0);
	settings(&s, "log");
	ATF_REQUIRE_EQ(log_open(&s), 0);
	log_write(LOGL_INFO, "one");
	ATF_REQUIRE_EQ(rename("log", "old"), 0);
	log_write(LOGL_INFO, "two");
	ATF_REQUIRE_EQ(log_reopen(), 0);
	log_write(LOGL_INFO, "three");
	text = slurp("old");
	ATF_CHECK(strstr(text, "one\n") != NULL);
	ATF_CHECK(strstr(text, "two\n") != NULL);
	free(text);
	text = slurp("log");
	ATF_CHECK_STREQ(past_stamp(text), "three\n");
	free(text);

	/* Where that fails the old file stays in use. */
	ATF_REQUIRE_EQ(unlink("log"), 0);
	ATF_REQUIRE_EQ(mkdir("log", 0755), 0);
	ATF_CHECK_EQ(log_reopen(), -1);
	ATF_CHECK_EQ(errno, EISDIR);
	log_write(LOGL_INFO, "four");
	s.path = "none/log";
	ATF_CHECK_EQ(log_open(&s), -1);
	ATF_CHECK_EQ(errno, ENOENT);
	log_write(LOGL_INFO, "five");
	ATF_CHECK(log_wants(LOGL_INFO));
}

H_CASE(streams, "Lines go to stderr, to standard output, or nowhere")
{
	struct log_settings s;
	char *text;
	int out, err, out_was, err_was;

	out = open("out", O_RDWR | O_CREAT | O_APPEND, 0644);
	err = open("err", O_RDWR | O_CREAT | O_APPEND, 0644);
	out_was = dup(STDOUT_FILENO);
	err_was = dup(STDERR_FILENO);
	ATF_REQUIRE(out != -1 && err != -1 && out_was != -1 && err_was != -1);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);

	log_write(LOGL_WARNING, "early %d", 1);
	log_write(LOGL_DEBUG, "not wanted");
	settings(&s, NULL);
	(void)log_open(&s);
	log_write(LOGL_INFO, "two");
	s.path = "-";
	s.no_file = true;
	(void)log_open(&s);
	log_write(LOGL_INFO, "nowhere");
	s.path = "file";
	s.to_stderr = true;
	(void)log_open(&s);
	log_write(LOGL_INFO, "three");
	s.to_stderr = false;
	s.path = NULL;
	(void)log_open(&s);
	log_write(LOGL_INFO, "nowhere");

	dup2(out_was, STDOUT_FILENO);
	dup2(err_was, STDERR_FILENO);
	ATF_CHECK(!log_wants(LOGL_INFO));
	text = slurp("err");
	ATF_REQUIRE(strncmp(text, "early 1\n", 8) == 0);
	ATF_CHECK_STREQ(past_stamp(text + 8), "three\n");
	free(text);
	text = slurp("out");
	ATF_CHECK_STREQ(past_stamp(text), "two\n");
	free(text);
	ATF_CHECK_EQ(access("file", F_OK), -1);

	/* Syslog alone is somebody who reads. */
	s.use_syslog = true;
	ATF_REQUIRE_EQ(log_open(&s), 0);
	ATF_CHECK(log_wants(LOGL_INFO));
	s.use_syslog = false;
	ATF_REQUIRE_EQ(log_open(&s), 0);
	ATF_CHECK(!log_wants(LOGL_INFO));
}

H_CASE(exec, "The log file does not survive an exec")
{
	struct log_settings s;
	int fd;

	settings(&s, "log");
	ATF_REQUIRE_EQ(log_open(&s), 0);
	for (fd = 3; fd < 20; fd++) {
		struct stat a, b;

		if (fstat(fd, &a) == -1)
			continue;
		ATF_REQUIRE_EQ(stat("log", &b), 0);
		if (a.st_ino == b.st_ino && a.st_dev == b.st_dev) {
			ATF_CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			return;
		}
	}
	atf_tc_fail("no descriptor of the log");
}

/* Takes all that is in a pipe or socket that does not block. */
static void
drain(int fd, char *dst, size_t size)
{
	ssize_t n;
	size_t at = 0;

	while ((n = read(fd, dst + at, size - 1 - at)) > 0) {
		at += (size_t)n;
		if (at > size / 2)
			at = 0;
	}
	dst[at] = '\0';
}

/* Writes more than any pipe holds. */
static void
flood(void)
{
	char big[1000];
	unsigned i;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	for (i = 0; i < 5000; i++)
		log_write(LOGL_INFO, "%s", big);
}

/* After a flood: how many were lost, and then the next line. */
static void
check_lost(const char *text, const char *next)
{
	const char *p = text;
	char *end;
	unsigned long lost;

	lost = strtoul(p, &end, 10);
	ATF_CHECK(lost > 0 && lost < 5001);
	ATF_REQUIRE_EQ_MSG(0, strncmp(end, " lines of the log were lost\n",
	    28), "%s", text);
	ATF_CHECK_STREQ(past_stamp(end + 28), next);
}

H_CASE(full_pipe, "A reader that does not read holds nobody up, and is told "
    "what it missed")
{
	static char text[1024 * 1024];
	struct log_settings s;
	int p[2], out_was;

	fflush(stdout);
	ATF_REQUIRE((out_was = dup(STDOUT_FILENO)) != -1);
	ATF_REQUIRE_EQ(mkfifo("fifo", 0600), 0);
	ATF_REQUIRE((p[0] = open("fifo", O_RDONLY | O_NONBLOCK)) != -1);
	ATF_REQUIRE((p[1] = open("fifo", O_WRONLY)) != -1);
	ATF_REQUIRE(dup2(p[1], STDOUT_FILENO) != -1);
	settings(&s, NULL);
	ATF_REQUIRE_EQ(log_open(&s), 0);
	flood();
	/* The open file is not ours alone: it stays as it was. */
	ATF_CHECK((fcntl(p[1], F_GETFL) & O_NONBLOCK) == 0);
	drain(p[0], text, sizeof(text));
	log_write(LOGL_INFO, "next");
	drain(p[0], text, sizeof(text));
	dup2(out_was, STDOUT_FILENO);
	check_lost(past_stamp(text), "next\n");
}

H_CASE(fifo, "A fifo as log file needs a reader, and is not waited for")
{
	static char text[1024 * 1024];
	struct log_settings s;
	int fd;

	ATF_REQUIRE_EQ(mkfifo("log", 0600), 0);
	settings(&s, "log");
	ATF_CHECK_EQ(log_open(&s), -1);
	ATF_CHECK_EQ(errno, ENXIO);
	ATF_REQUIRE((fd = open("log", O_RDONLY | O_NONBLOCK)) != -1);
	ATF_REQUIRE_EQ(log_open(&s), 0);
	flood();
	drain(fd, text, sizeof(text));
	ATF_CHECK_EQ(log_reopen(), 0);
	log_write(LOGL_INFO, "next");
	drain(fd, text, sizeof(text));
	check_lost(past_stamp(text), "next\n");
}

/* A socket in place of the syslog daemon's. */
static int
syslog_door(const char *path)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	ATF_REQUIRE(fd != -1);
	memset(&un, 0, sizeof(un));
	un.sun_family = AF_UNIX;
	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	(void)unlink(path);
	ATF_REQUIRE_EQ(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	ATF_REQUIRE(fcntl(fd, F_SETFL, O_NONBLOCK) != -1);
	return (fd);
}

/* The next datagram must be that. */
static void
check_datagram(int fd, int priority, const char *text)
{
	char got[4096], want[4096];
	ssize_t n = recv(fd, got, sizeof(got) - 1, 0);

	ATF_REQUIRE(n > 0);
	got[n] = '\0';
	snprintf(want, sizeof(want), "<%d>t_log[%ld]: %s", priority,
	    (long)getpid(), text);
	ATF_CHECK_STREQ(want, got);
}

H_CASE(syslog_lines, "The syslog daemon gets each line with its priority, "
    "and is found again after it was restarted")
{
	struct log_settings s;
	char big[3000];
	int fd;

	if (!HAVE_SYSLOG_SOCKET)
		atf_tc_skip("syslog(3) is used here");
	fd = syslog_door("syslog");
	settings(&s, NULL);
	s.no_file = s.use_syslog = true;
	s.syslog_path = "syslog";
	ATF_REQUIRE_EQ(log_open(&s), 0);
	log_write(LOGL_WARNING, "one %d%%", 1);
	check_datagram(fd, LOG_MAIL | LOG_WARNING, "one 1%");
	log_write(LOGL_STATISTICS, "two");
	check_datagram(fd, LOG_MAIL | LOG_NOTICE, "[statistics] two");
	log_write(LOGL_CRITICAL, "a\nb");
	check_datagram(fd, LOG_MAIL | LOG_CRIT, "a b");
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_write(LOGL_INFO, "%s", big);
	ATF_CHECK(recv(fd, big, sizeof(big), 0) > 1000);

	close(fd);
	log_write(LOGL_INFO, "into the void");
	fd = syslog_door("syslog");
	log_write(LOGL_INFO, "three");
	check_datagram(fd, LOG_MAIL | LOG_WARNING,
	    "1 lines of the log were lost");
	check_datagram(fd, LOG_MAIL | LOG_INFO, "three");
	log_close();
	close(fd);
}

H_CASE(syslog_kept, "Settings that name the same syslog daemon keep the "
    "connection to it: its socket may be out of reach")
{
	struct log_settings s;
	int fd, other;

	if (!HAVE_SYSLOG_SOCKET)
		atf_tc_skip("syslog(3) is used here");
	fd = syslog_door("syslog");
	settings(&s, NULL);
	s.no_file = s.use_syslog = true;
	s.syslog_path = "syslog";
	ATF_REQUIRE_EQ(log_open(&s), 0);
	ATF_REQUIRE_EQ(rename("syslog", "away"), 0);
	s.facility = LOG_LOCAL3;
	ATF_REQUIRE_EQ(log_open(&s), 0);
	log_write(LOGL_INFO, "kept");
	check_datagram(fd, LOG_LOCAL3 | LOG_INFO, "kept");
	/* Another one is another one. */
	other = syslog_door("other");
	s.syslog_path = "other";
	ATF_REQUIRE_EQ(log_open(&s), 0);
	log_write(LOGL_INFO, "new");
	check_datagram(other, LOG_LOCAL3 | LOG_INFO, "new");
	log_close();
	close(fd);
	close(other);
}

H_CASE(syslog_stuck, "A syslog daemon that does not read holds nobody up")
{
	static char text[4096];
	struct log_settings s;
	int fd;

	if (!HAVE_SYSLOG_SOCKET)
		atf_tc_skip("syslog(3) is used here");
	fd = syslog_door("syslog");
	settings(&s, NULL);
	s.no_file = s.use_syslog = true;
	s.syslog_path = "syslog";
	ATF_REQUIRE_EQ(log_open(&s), 0);
	flood();
	while (recv(fd, text, sizeof(text), 0) > 0)
		continue;
	log_write(LOGL_INFO, "next");
	ATF_REQUIRE(recv(fd, text, sizeof(text), 0) > 0);
	ATF_CHECK(strstr(text, " lines of the log were lost") != NULL);
	check_datagram(fd, LOG_MAIL | LOG_INFO, "next");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, levels);
	ATF_TP_ADD_TC(tp, facilities);
	ATF_TP_ADD_TC(tp, words);
	ATF_TP_ADD_TC(tp, escapes);
	ATF_TP_ADD_TC(tp, lines);
	ATF_TP_ADD_TC(tp, reopen);
	ATF_TP_ADD_TC(tp, streams);
	ATF_TP_ADD_TC(tp, exec);
	ATF_TP_ADD_TC(tp, full_pipe);
	ATF_TP_ADD_TC(tp, fifo);
	ATF_TP_ADD_TC(tp, syslog_lines);
	ATF_TP_ADD_TC(tp, syslog_kept);
	ATF_TP_ADD_TC(tp, syslog_stuck);
	return (atf_no_error());
}
