/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_custom.c - the file that is written through the control socket: when
 * it is read, and what it may not have; where a control socket may be.
 */
#include "d_conf.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <unistd.h>

#include "config/source.h"

static char custom_path[1200];

/* A main configuration that names the folder "custom". */
static void
custom_begin(const char *text)
{
	char cwd[1024], main_text[2048];

	ATF_REQUIRE(getcwd(cwd, sizeof(cwd)) != NULL);
	(void)mkdir("custom", 0700);
	snprintf(custom_path, sizeof(custom_path),
	    "%s/custom/milter-manager.custom.conf", cwd);
	snprintf(main_text, sizeof(main_text),
	    "manager.custom_configuration_directory = \"%s/custom\"\n%s", cwd,
	    text);
	conf_write("c", main_text, strlen(main_text));
}

static struct conf *
custom_load(const char *text)
{
	conf_write(custom_path, text, strlen(text));
	return (conf_load_path("c"));
}

H_CASE(order, "It is read behind the main file, before the command line")
{
	static const char *const overrides[] = {
		"manager.max_connections = 9"
	};
	struct conf_source source;
	struct conf *c;

	custom_begin("milter.a.connection_spec = \"inet:1\"\n"
	    "manager.chunk_size = 10\nmanager.max_connections = 7\n");
	c = conf_load_path("c");
	ATF_REQUIRE(c != NULL);	/* none is there yet */
	ATF_CHECK_EQ(c->chunk_size, 10);
	conf_unref(c);
	conf_write(custom_path, "", 0);
	conf_unref(custom_load("milter.a.enabled = false\n"
	    "milter.b.connection_spec = \"inet:2\"\n"
	    "manager.chunk_size = 20\nmanager.max_connections = 8\n"));

	memset(&source, 0, sizeof(source));
	source.file = "c";
	source.overrides = overrides;
	source.n_overrides = 1;
	c = conf_load(&source, conf_report, NULL);
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(c->n_milters, 2);
	ATF_CHECK(!c->milters[0]->enabled);
	ATF_CHECK_EQ(c->chunk_size, 20);
	ATF_CHECK_EQ(c->max_connections, 9);
	conf_unref(c);
	/* Who trusts the main file alone, and what is only proposed. */
	source.no_custom = true;
	c = conf_load(&source, conf_report, NULL);
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(c->n_milters, 1);
	conf_unref(c);
	source.no_custom = false;
	source.custom = "manager.chunk_size = 30";
	source.custom_len = strlen(source.custom);
	c = conf_load(&source, conf_report, NULL);
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(c->chunk_size, 30);
	ATF_CHECK_EQ(c->n_milters, 1);
	conf_unref(c);
}

H_CASE(rights, "It may have nothing that gives its writer more rights")
{
	static const char *const bad[] = {
		"milter.a.command = \"/bin/sh\"",
		"milter.*.command = \"/bin/sh\"",
		"milter.a.command_options = [\"-c\"]",
		"milter.a.user_name = \"root\"",
		"milter.a.socks = \"inet:1080\"",
		"milter.a.socks_password = \"x\"",
		"controller.connection_spec = \"inet:1@[127.0.0.1]\"",
		"controller.token_file = \"/t\"",
		"controller.hosts += \"evil\"",
		"controller.unix_socket_mode = 0666",
		"load = \"/etc/passwd\"",
		"load_if_exist = \"/etc/passwd\"",
		"load_default = true",
		"trust.load_envelope_from_domains = \"/etc/passwd\"",
		"table.x = \"exec:id\"",
		"table.x = \"database:select 1\"",
		"table.x = \"list:/etc/passwd\"",
		"database.path = \"/d\"",
		"detect.root = \"/r\"",
		"detect.rspamadm = \"/bin/sh\"",
		"package.options = \"x\"",
		"log.path = \"/etc/crontab\"",
		"manager.connection_spec = \"inet:1\"",
		"manager.unix_socket_mode = 0666",
		"manager.unix_socket_group = \"x\"",
		"manager.remove_unix_socket_on_create = true",
		"manager.remove_unix_socket_on_close = false",
		"manager.daemon = true",
		"manager.pid_file = \"/p\"",
		"manager.event_loop_backend = \"poll\"",
		"manager.max_file_descriptors = 9",
		"manager.spool_directory = \"/s\"",
		"manager.record_directory = \"/r\"",
		"manager.custom_configuration_directory = \"/c\"",
	};
	static const char *const good[] = {
		"milter.a.connection_spec = \"unix:/s\"",
		"milter.a.enabled = false", "milter.a.description = \"d\"",
		"milter.*.reading_timeout = 3",
		"milter.a.macro.\"{m}\" = \"v\"",
		"milter.a.applicable_conditions += \"S25R\"",
		"condition.C.stop_on_connect = true",
		"condition.C.description = \"d\"",
		"log.level = \"all\"", "s25r.whitelist += \"x\"",
		"manager.fallback_status = \"reject\"",
		"manager.max_connections = 5",
	};
	struct conf *c;
	char text[2048];
	size_t i;

	custom_begin("milter.a.connection_spec = \"inet:1\"\n");
	for (i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "# a line\n%s\n", bad[i]);
		c = custom_load(text);
		if (c != NULL)
			atf_tc_fail("accepted: %s", bad[i]);
		snprintf(text, sizeof(text), "%s:2: %.*s: only the main "
		    "configuration may have this, not the custom one\n",
		    custom_path, (int)strcspn(bad[i], " "), bad[i]);
		conf_check_said(text);
	}
	for (i = 0; i < COUNT(good); i++) {
		c = custom_load(good[i]);
		if (c == NULL)
			atf_tc_fail("%s: %s", good[i], conf_said);
		conf_unref(c);
	}
	/* The main file may have all of it, also behind. */
	c = conf_load_text("manager.pid_file = \"/p\"");
	ATF_CHECK(c != NULL);
	conf_unref(c);
}

H_CASE(no_file, "A link or a folder in its place is refused")
{
	struct source_text source;
	struct conf *c;
	char text[1400], why[VALUE_WHY_MAX];

	custom_begin("");
	ATF_REQUIRE(symlink("/etc/passwd", custom_path) == 0);
	ATF_CHECK((c = conf_load_path("c")) == NULL);
	snprintf(text, sizeof(text), "%s: not a regular file\n", custom_path);
	conf_check_said(text);
	ATF_REQUIRE(unlink(custom_path) == 0 && mkdir(custom_path, 0700) == 0);
	ATF_CHECK((c = conf_load_path("c")) == NULL);
	conf_check_said(text);
	/* Nor another name of a file that its writer cannot read. */
	conf_write("secret", "root:x\n", 7);
	ATF_REQUIRE(rmdir(custom_path) == 0 &&
	    link("secret", custom_path) == 0);
	ATF_CHECK((c = conf_load_path("c")) == NULL);
	snprintf(text, sizeof(text), "%s: it has another name, too\n",
	    custom_path);
	conf_check_said(text);
	/* A link that is made between the look and the reading. */
	ATF_REQUIRE(unlink(custom_path) == 0 &&
	    symlink("../secret", custom_path) == 0);
	ATF_CHECK_EQ(0, source_read(custom_path, 0, &source, why));
	free(source.text);
	ATF_CHECK_EQ(-1, source_read(custom_path, SOURCE_ALONE, &source, why));
}

H_CASE(masked, "What is shown to clients has no password in it")
{
	struct conf *c;
	char *text = NULL;
	size_t len;
	FILE *fp = open_memstream(&text, &len);

	c = conf_load_text("database.password = \"hush\"\n"
	    "milter.a.connection_spec = \"inet:1\"\n"
	    "milter.a.socks = \"inet:2\"\nmilter.a.socks_user = \"u\"\n"
	    "milter.a.socks_password = \"hush\"\n");
	ATF_REQUIRE(c != NULL && fp != NULL);
	conf_show_masked(c, fp);
	ATF_REQUIRE(fclose(fp) == 0);
	ATF_CHECK(strstr(text, "hush") == NULL);
	ATF_CHECK(strstr(text, "\n# hidden: database.password = \n") != NULL);
	ATF_CHECK(strstr(text, "\n# hidden: milter.a.socks_password = \n") !=
	    NULL);
	ATF_CHECK(strstr(text, "\nmilter.a.socks_user = \"u\"\n") != NULL);
	free(text);
	conf_unref(c);
	conf_expect("database.password = \"hush\"",
	    "database.password = \"hush\"");
	conf_expect("", "database.password = nil");
}

H_CASE(port, "A control port is on a loopback address and has a token")
{
#define PORT_TOKEN	"\ncontroller.token_file = \"/t\""
#define PORT_WHERE	"c:1: controller.connection_spec: expected unix:PATH " \
	"or the number of a loopback address, as inet:10026@[127.0.0.1] or " \
	"inet6:10026@[::1]\n"
	static const char *const bad[] = {
		"inet:1", "inet:1@[0.0.0.0]", "inet:1@[10.0.0.1]",
		"inet:1@localhost", "inet6:1", "inet6:1@[::]",
		"inet6:1@[::ffff:127.0.0.1]", "inet:1@[128.0.0.1]"
	};
	char text[256];
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		snprintf(text, sizeof(text), "controller.connection_spec = "
		    "\"%s\"" PORT_TOKEN, bad[i]);
		conf_expect_fault(text, PORT_WHERE);
	}
	conf_expect_fault("controller.connection_spec = "
	    "\"inet:1@[127.0.0.1]\"", "c:1: controller.connection_spec: a TCP "
	    "port needs a controller.token_file\n");
	conf_expect("controller.connection_spec = \"inet:1@[127.9.9.9]\""
	    PORT_TOKEN, "controller.connection_spec = \"inet:1@[127.9.9.9]\"");
	conf_expect("controller.connection_spec = \"inet6:1@[::1]\""
	    PORT_TOKEN, "controller.connection_spec = \"inet6:1@[::1]\"");
	conf_expect("controller.connection_spec = \"unix:/s\"",
	    "controller.connection_spec = \"unix:/s\"");
	conf_expect("", "controller.connection_spec = nil");
	conf_expect("", "controller.hosts = [\"localhost\", \"127.0.0.1\", "
	    "\"[::1]\"]");
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, order);
	ATF_TP_ADD_TC(tp, rights);
	ATF_TP_ADD_TC(tp, no_file);
	ATF_TP_ADD_TC(tp, masked);
	ATF_TP_ADD_TC(tp, port);
	return (atf_no_error());
}
