/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_log_json.c - log lines as JSON, values in both forms, and repeats.
 * Owns:      the cases below.
 * Called by: kyua.
 * Must not:  go by the time that something takes.
 */
#include "compat.h"

#include <stdio.h>
#include <syslog.h>

#include "h_case.h"
#include "base/json.h"
#include "base/log.h"

#define LINES_MAX	4000

static char *line[LINES_MAX];
static size_t n_lines;

static void
begin(int format)
{
	struct log_settings s;

	(void)remove("log");
	memset(&s, 0, sizeof(s));
	s.ident = "t_log";
	s.path = "log";
	s.levels = LOGL_ALL;
	s.facility = LOG_MAIL;
	s.format = format;
	ATF_REQUIRE_EQ(log_open(&s), 0);
	ATF_REQUIRE_EQ(log_format(), format);
}

/* What is in the log, line by line; of text what is behind the stamp. */
static void
end(void)
{
	static char text[LINES_MAX * 200];
	FILE *fp;
	char *p;
	size_t n;

	log_close();
	ATF_CHECK_EQ(log_format(), LOG_TEXT);
	fp = fopen("log", "r");
	ATF_REQUIRE(fp != NULL);
	n = fread(text, 1, sizeof(text) - 1, fp);
	ATF_REQUIRE(n < sizeof(text) - 1);
	(void)fclose(fp);
	text[n] = '\0';
	n_lines = 0;
	for (p = strtok(text, "\n"); p != NULL; p = strtok(NULL, "\n")) {
		ATF_REQUIRE(n_lines < LINES_MAX);
		line[n_lines++] = *p == '[' ? strchr(p, ' ') + 1 : p;
	}
}

/* It is one object, of no more bytes than a line has, and in ASCII. */
static void
check_object(const char *text)
{
	const char *p = json_skip(text);

	if (p == NULL || *p != '\0')
		atf_tc_fail("no JSON: %s", text);
	ATF_CHECK(strlen(text) < LOG_LINE_MAX);
	for (p = text; *p != '\0'; p++)
		ATF_REQUIRE(*p >= ' ' && *p < 0x7f);
}

static void
check_member(const char *text, const char *name, const char *value)
{
	char got[LOG_LINE_MAX];
	const char *at = json_get(text, name);

	if (value == NULL) {
		ATF_CHECK_MSG(at == NULL, "%s: %s", name, text);
		return;
	}
	ATF_REQUIRE_MSG(at != NULL, "no %s: %s", name, text);
	ATF_CHECK_STREQ(json_read(at, got, sizeof(got)), value);
}

static void say(unsigned, unsigned, const char *, ...) COMPAT_PRINTF(3, 4);

static void
say(unsigned level, unsigned session, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_session(level, session, fmt, ap);
	va_end(ap);
}

H_CASE(objects, "A line is an object with its time, level, session and text")
{
	begin(LOG_JSON);
	log_write(LOGL_INFO, "one \"%s\" \\", "two");
	say(LOGL_WARNING, 17, "child=a");
	log_write(LOGL_STATISTICS, "[session][end]");
	log_write(LOGL_INFO, "a\nb\033c");
	log_members(LOGL_MESSAGE, 4294967295u, "message", "\"ms\": 3");
	end();
	ATF_REQUIRE_EQ(n_lines, 5);
	check_object(line[0]);
	check_member(line[0], "level", "info");
	check_member(line[0], "session", NULL);
	check_member(line[0], "message", "one \"two\" \\");
	ATF_CHECK_EQ(strlen("\"2026-11-22T00:01:36.123456Z\""),
	    strcspn(json_get(line[0], "time"), ","));
	check_object(line[1]);
	check_member(line[1], "level", "warning");
	check_member(line[1], "session", "17");
	check_member(line[1], "message", "child=a");
	check_member(line[2], "level", "statistics");
	check_member(line[2], "message", "[session][end]");
	check_member(line[3], "message", "a b c");
	check_object(line[4]);
	check_member(line[4], "session", "4294967295");
	check_member(line[4], "message", "message");
	check_member(line[4], "ms", "3");
}

H_CASE(long_lines, "However long the text is, the object is whole")
{
	static const char *const pieces[] = {
		"x", "\"", "\\", "\xc3\xa4", "\xff", "\xf0\x9f\x93\xa7", "\xe2"
	};
	char text[3000];
	size_t i, k, n, len;

	begin(LOG_JSON);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		for (len = 200; len + 8 < sizeof(text); len += 111) {
			n = strlen(pieces[i]);
			for (k = 0; k + n < len; k += n)
				memcpy(text + k, pieces[i], n);
			text[k] = '\0';
			log_write(LOGL_INFO, "%s", text);
		}
	end();
	ATF_CHECK(n_lines > 100);
	for (i = 0; i < n_lines; i++)
		check_object(line[i]);
}

H_CASE(values, "A value fits into its room, whatever bytes it has")
{
	struct buf b;
	char text[300];
	size_t i, k, max;
	int format;

	memset(&b, 0, sizeof(b));
	for (format = LOG_TEXT; format <= LOG_JSON; format++) {
		begin(format);
		for (max = 8; max < 200; max += 7)
			for (i = 1; i < 256; i++) {
				for (k = 0; k < sizeof(text) - 1; k++)
					text[k] = (char)(1 + (i + k * max) %
					    255);
				text[i] = '\0';
				buf_clear(&b);
				ATF_REQUIRE_EQ(log_value(&b, text, max), 0);
				ATF_REQUIRE(b.len <= (format == LOG_JSON ?
				    max : 2 * max));
				for (k = 0; k < b.len; k++)
					ATF_REQUIRE(buf_ptr(&b)[k] >= ' ' &&
					    buf_ptr(&b)[k] < 0x7f);
				if (format == LOG_JSON) {
					ATF_REQUIRE_EQ(buf_add_u8(&b, 0), 0);
					ATF_REQUIRE(json_skip((const char *)
					    buf_ptr(&b)) != NULL);
				}
			}
		log_close();
	}
	buf_free(&b);
}

H_CASE(words, "In a line of text a value is in quotes unless it is a word")
{
	static const struct {
		const char *text, *want;
	} row[] = {
		{ "word", "word" }, { "", "\"\"" }, { "a b", "\"a b\"" },
		{ "a=b", "\"a=b\"" }, { "a\"b", "\"a\\\"b\"" },
		{ "a\\b", "a\\\\b" }, { "a\nb", "a\\x0ab" },
		{ "\\\" x=y", "\"\\\\\\\" x=y\"" },
		{ "<a@b>", "<a@b>" },
	};
	struct buf b;
	size_t i;

	memset(&b, 0, sizeof(b));
	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		buf_clear(&b);
		ATF_REQUIRE_EQ(log_value(&b, row[i].text, 100), 0);
		ATF_REQUIRE_EQ(buf_add_u8(&b, 0), 0);
		ATF_CHECK_STREQ((const char *)buf_ptr(&b), row[i].want);
	}
	buf_free(&b);
}

/* How many lines have that text, and how often it came by those that count. */
static unsigned
count(const char *text, unsigned *times)
{
	unsigned n = 0, more;
	const char *at;
	size_t i;

	*times = 0;
	for (i = 0; i < n_lines; i++) {
		if (strstr(line[i], text) == NULL)
			continue;
		n++;
		at = strstr(line[i], "repeated ");
		if (at != NULL && sscanf(at, "repeated %u times: ", &more) == 1)
			*times += more;
		else
			++*times;
	}
	return (n);
}

H_CASE(repeats, "A warning that is said all the time is counted")
{
	unsigned i, n, times;

	begin(LOG_TEXT);
	for (i = 0; i < 3000; i++) {
		say(LOGL_WARNING, i, "child=a fails");
		if (i % 3 == 0)
			log_write(LOGL_ERROR, "no memory");
		if (i < 5)
			log_write(LOGL_WARNING, "other %u", i);
	}
	end();
	n = count("child=a fails", &times);
	ATF_CHECK_EQ(times, 3000);
	/* Each second has its own; a slow machine may take several. */
	ATF_CHECK_MSG(n > LOG_BURST && n < 1500, "%u lines", n);
	n = count("no memory", &times);
	ATF_CHECK_EQ(times, 1000);
	ATF_CHECK(n < 500);
	n = count("other", &times);
	ATF_CHECK_EQ(n, 5);
}

H_CASE(no_repeats, "Of what is no trouble each line is written")
{
	unsigned i, times;

	begin(LOG_JSON);
	for (i = 0; i < 300; i++) {
		log_write(LOGL_STATISTICS, "[session][end]");
		log_write(LOGL_MESSAGE, "refused");
		log_write(LOGL_INFO, "said");
		log_members(LOGL_WARNING, 1, "message", "\"a\": \"same\"");
	}
	end();
	ATF_CHECK_EQ(count("[session][end]", &times), 300);
	ATF_CHECK_EQ(count("refused", &times), 300);
	ATF_CHECK_EQ(count("said", &times), 300);
	ATF_CHECK_EQ(count("same", &times), 300);
}

H_CASE(many, "Many lines at a time do not hide each other")
{
	unsigned i, k, n, times;
	char text[32];

	begin(LOG_TEXT);
	for (k = 0; k < 40; k++)
		for (i = 0; i < 30; i++)
			log_write(LOGL_WARNING, "line <%u>", i);
	end();
	for (i = 0; i < 30; i++) {
		(void)snprintf(text, sizeof(text), "line <%u>", i);
		n = count(text, &times);
		ATF_CHECK(n > 0);
		ATF_CHECK_EQ(times, 40);
	}
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, objects);
	ATF_TP_ADD_TC(tp, long_lines);
	ATF_TP_ADD_TC(tp, values);
	ATF_TP_ADD_TC(tp, words);
	ATF_TP_ADD_TC(tp, repeats);
	ATF_TP_ADD_TC(tp, no_repeats);
	ATF_TP_ADD_TC(tp, many);
	return (atf_no_error());
}
