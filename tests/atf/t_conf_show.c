/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_show.c - what is shown can be read again, and what is documented is
 * what there is.
 */
#include "d_conf.h"

#include <ctype.h>
#include <unistd.h>

#include "base/log.h"

/* The text without its comments; in place. */
static char *
strip(char *text)
{
	char *from = text, *to = text, *end;
	size_t len;

	while (*from != '\0') {
		end = strchr(from, '\n');
		len = end != NULL ? (size_t)(end - from) + 1 : strlen(from);
		if (*from != '#') {
			memmove(to, from, len);
			to += len;
		}
		from += len;
	}
	*to = '\0';
	return (text);
}

/* Shows it, reads that, and shows it again. */
static void
round_trip(const char *text)
{
	struct conf *c = conf_load_text(text), *d;
	char *one, *two;

	if (c == NULL)
		atf_tc_fail("%s", conf_said);
	one = conf_shown(c);
	d = conf_load_text(one);
	if (d == NULL)
		atf_tc_fail("%s in %s", conf_said, one);
	two = conf_shown(d);
	ATF_CHECK_EQ(c->log_levels, d->log_levels);
	ATF_CHECK_EQ(c->idle_timeout, d->idle_timeout);
	ATF_CHECK_EQ(c->n_milters, d->n_milters);
	ATF_CHECK_STREQ(strip(one), strip(two));
	free(one);
	free(two);
	conf_unref(c);
	conf_unref(d);
}

H_CASE(round_trips, "What is shown reads back as the same configuration")
{
	static char text[200000];
	unsigned levels;
	size_t i;
	char line[1200];

	round_trip("");
	round_trip(
	    "log.path = \"a\\x01\\177\\n\\\"\\\\ \xc3\xa4#\"\n"
	    "manager.unix_socket_mode = 07\n"
	    "manager.idle_timeout = 123.456\n"
	    "manager.max_packet_size = 65537\n"
	    "manager.pid_file = \"p\"\n"
	    "manager.connection_spec = \"local:/x\"\n"
	    "milter.\"b \\\" b\".connection_spec = \"inet:1@localhost\"\n"
	    "milter.a.connection_spec = \"inet6:2@[::1]\"\n"
	    "milter.a.command = \"/bin/x\"\n"
	    "milter.a.command_options = [\"\", \"a\\tb\", \"]\"]\n"
	    "milter.off.enabled = false\n"
	    "milter.\"b \\\" b\".macro.\"{x-y}\" = \"a \\\" # \\\\\"\n"
	    "milter.*.macro._ = \"\"\n"
	    "milter.a.fallback_status_local = \"shutdown\"\n");
	for (levels = 0; levels <= LOGL_ALL; levels += 37) {
		snprintf(text, sizeof(text), "log.level = \"%s\"",
		    log_format_levels(levels, line, sizeof(line)));
		round_trip(text);
	}
	/* A list that no single statement could hold. */
	strlcpy(text, "milter.a.enabled = false\n", sizeof(text));
	memset(line, 1, 1000);
	line[1000] = '\0';
	for (i = 0; i < 100; i++) {
		strlcat(text, "milter.a.command_options += \"", sizeof(text));
		memset(line, 'x', 1000);
		strlcat(text, line, sizeof(text));
		strlcat(text, "\\1\\2\\3\"\n", sizeof(text));
	}
	round_trip(text);
}

H_CASE(origins, "Each value is shown behind its origin")
{
	struct conf *c = conf_load_text("\nmanager.daemon = true\n"
	    "milter.a.connection_spec = \"inet:1\"\nmilter.*.reading_timeout ="
	    " 3\nmilter.a.macro.i = \"b\"\nmilter.a.macro.j = \"c\"\n");
	char *shown;

	ATF_REQUIRE(c != NULL);
	shown = conf_shown(c);
	ATF_CHECK(strstr(shown, "# default\nlog.level = \"default\"\n") ==
	    shown);
	ATF_CHECK(strstr(shown, "# c:2\nmanager.daemon = true\n") != NULL);
	ATF_CHECK(strstr(shown, "\n\n# c:3\nmilter.a.connection_spec = "
	    "\"inet:1\"\n# default\nmilter.a.description = nil\n") != NULL);
	ATF_CHECK(strstr(shown, "# c:5\nmilter.a.macro.i = \"b\"\n# c:6\n"
	    "milter.a.macro.j = \"c\"\n") != NULL);
	ATF_CHECK(strstr(shown, "# c:4\nmilter.a.reading_timeout = 3s\n") !=
	    NULL);
	free(shown);
	conf_unref(c);
}

static char *
made(void (*make)(FILE *))
{
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	ATF_REQUIRE(fp != NULL);
	make(fp);
	ATF_REQUIRE(fclose(fp) == 0);
	return (text);
}

/* A file of the source tree, which is somewhere above the program. */
static char *
tree_file(const atf_tc_t *tc, const char *name)
{
	const char *dir = atf_tc_get_config_var_wd(tc, "srcdir", ".");
	char path[2048], up[64] = "";
	char *text;
	FILE *fp = NULL;
	size_t n;
	int i;

	for (i = 0; i < 5 && fp == NULL; i++) {
		snprintf(path, sizeof(path), "%s/%s%s", dir, up, name);
		fp = fopen(path, "r");
		strlcat(up, "../", sizeof(up));
	}
	if (fp == NULL)
		atf_tc_skip("%s is not above %s", name, dir);
	text = calloc(1, 200000);
	ATF_REQUIRE(text != NULL);
	n = fread(text, 1, 199999, fp);
	ATF_REQUIRE(n > 0 && !ferror(fp));
	fclose(fp);
	return (text);
}

H_CASE(sample, "The sample is made from the table of keys, and works")
{
	char *text = made(conf_show_sample);
	char *file, *p;

	ATF_CHECK(strstr(text, "document.c says nothing") == NULL);
	/* As it is, it changes nothing. */
	round_trip(text);
	/* With its comment signs gone neither. */
	for (p = text; (p = strstr(p, "\n#")) != NULL; p++) {
		if (islower((unsigned char)p[2]))
			p[1] = ' ';
	}
	p = strstr(text, "NAME.connection_spec = nil");
	ATF_REQUIRE(p != NULL);
	memcpy(p, "NAME.enabled = false      ", 26);
	p = strstr(p, "NAME.enabled = true");
	ATF_REQUIRE(p != NULL);
	memcpy(p, "NAME.enabled =false", 19);
	conf_expect(text, "manager.connection_spec = "
	    "\"inet:10025@[127.0.0.1]\"");
	conf_expect(text, "milter.NAME.reading_timeout = 7s");
	free(text);

	text = made(conf_show_sample);
	file = tree_file(tc, "etc/milter-manager.conf.sample");
	ATF_CHECK_STREQ(text, file);
	free(text);
	free(file);
}

H_CASE(manual, "The manual's list is made from the table of keys")
{
	char *list = made(conf_show_mdoc);
	char *file = tree_file(tc, "man/milter-manager.conf.5");

	ATF_CHECK(strstr(list, ".It Ic manager.max_connections\n") != NULL);
	ATF_CHECK(strstr(list, ".It Ic milter.NAME.command\n") != NULL);
	if (strstr(file, list) == NULL)
		atf_tc_fail("milter-manager.conf.5 lacks this list:\n%s",
		    list);
	free(list);
	free(file);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, round_trips);
	ATF_TP_ADD_TC(tp, origins);
	ATF_TP_ADD_TC(tp, sample);
	ATF_TP_ADD_TC(tp, manual);
	return (atf_no_error());
}
