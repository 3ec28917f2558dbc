/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_conf_default.c - load_default as the configuration sees it: statements and
 * notes of somebody who may say anything.
 */
#include "d_conf.h"

/* What the next load_default says: "FILE:LINE STATEMENT" or "note TEXT". */
static const char	*default_says[16];
static const char	*default_fails;		/* or why it does not */
static struct conf_detect default_asked;
static unsigned		 default_n;

static int
default_detect(const struct conf_detect *to, char *why, size_t whysize)
{
	char file[64];
	unsigned line;
	size_t i;
	int at;

	default_n++;
	default_asked = *to;
	if (default_fails != NULL) {
		strlcpy(why, default_fails, whysize);
		return (-1);
	}
	for (i = 0; i < COUNT(default_says) && default_says[i] != NULL; i++) {
		at = 0;
		if (strncmp(default_says[i], "note ", 5) == 0)
			to->note(to->arg, true, default_says[i] + 5);
		else if (sscanf(default_says[i], "%63[^:]:%u %n", file, &line,
		    &at) == 2 && at > 0)
			to->statement(to->arg, file, line,
			    default_says[i] + at);
		else
			to->statement(to->arg, NULL, 0, default_says[i]);
	}
	return (0);
}

static enum conf_known
default_known(const char *name)
{
	return (strcmp(name, "known") == 0 ? CONF_KNOWN :
	    strcmp(name, "maybe") == 0 ? CONF_KNOWN_MAYBE : CONF_KNOWN_NOT);
}

static struct conf *
default_load_text(const char *text)
{
	struct conf_source source;

	memset(&source, 0, sizeof(source));
	source.file = "c";
	source.text = text;
	source.text_len = strlen(text);
	source.detect = default_detect;
	source.known = default_known;
	conf_said[0] = '\0';
	default_n = 0;
	return (conf_load(&source, conf_report, NULL));
}

static void
expect_list(const struct conf_list *list, const char *want)
{
	char text[512] = "";
	size_t i;

	for (i = 0; i < list->n; i++) {
		strlcat(text, list->item[i], sizeof(text));
		strlcat(text, " ", sizeof(text));
	}
	ATF_CHECK_STREQ(want, text);
}

H_CASE(asked, "Detection is asked once, with what stands before it")
{
	struct conf *c;

	c = default_load_text("package.platform = \"debian\"\n"
	    "package.options = \"prefix=/x\"\ndetect.root = \"/r\"\n"
	    "detect.rspamadm = \"/bin/r\"\nload_default = true\n"
	    "load_default = true\n");
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(1, default_n);
	ATF_CHECK_STREQ("debian", default_asked.platform);
	ATF_CHECK_STREQ("prefix=/x", default_asked.options);
	ATF_CHECK_STREQ("/r", default_asked.root);
	ATF_CHECK_STREQ("/bin/r", default_asked.rspamadm);
	conf_unref(c);

	c = default_load_text("load_default = false\n");
	ATF_REQUIRE(c != NULL);
	ATF_CHECK_EQ(0, default_n);
	conf_unref(c);

	default_fails = "it is broken";
	ATF_CHECK(default_load_text("\nload_default = true\n") == NULL);
	conf_check_said("c:2: load_default: it is broken\n");
	ATF_CHECK(default_load_text("package.options = \"x\"\n"
	    "load_default = true\n") == NULL);
	conf_check_said("c:1: package.options: it is broken\n");
	default_fails = NULL;
}

H_CASE(faults, "What is wrong with a detected statement is a note")
{
	char longer[5000];
	struct conf *c;
	size_t i;

	memset(longer, 'x', sizeof(longer) - 1);
	memcpy(longer, "/f:9 milter.a.description = \"", 29);
	longer[sizeof(longer) - 1] = '\0';
	default_says[0] = "/f:1 milter.a.connection_spec = \"nonsense\"";
	default_says[1] = "/f:2 milter.a.enabled = perhaps";
	default_says[2] = "/f:3 milter.b.connection_spec = \"inet:1\"";
	default_says[3] = "/f:4 milter.b.nonsense = 1";
	default_says[4] = "/f:5 ((((";
	default_says[5] = longer;
	default_says[6] = "note one\n\x1b[31mline\xff";
	default_says[7] = "milter.b.description = \"no place\"";
	default_says[8] = "/f:6 milter.b.command = \"/x\"\nmilter.c.x = 1";
	c = default_load_text("load_default = true\n");
	conf_check_said("");
	ATF_REQUIRE(c != NULL);
	/* One that is nowhere is off, the other is as good as it can be. */
	ATF_REQUIRE(conf_milter(c, "a") != NULL);
	ATF_CHECK(!conf_milter(c, "a")->enabled);
	ATF_CHECK(conf_milter(c, "b")->enabled);
	ATF_CHECK_STREQ("/x", conf_milter(c, "b")->command);
	ATF_CHECK_STREQ("no place", conf_milter(c, "b")->description);
	for (i = 0; i < c->n_notes; i++)
		printf("%s\n", c->notes[i].text);
	ATF_REQUIRE(c->n_notes >= 7);
	ATF_CHECK_STREQ("/f:1: milter.a.connection_spec: ", (c->notes[0].text[
	    32] = '\0', c->notes[0].text));
	ATF_CHECK_STREQ("one??[31mline?", c->notes[5].text);
	for (i = 0; i < c->n_notes; i++)
		ATF_CHECK(c->notes[i].fault);
	conf_unref(c);
	memset(default_says, 0, sizeof(default_says));
}

H_CASE(lists, "What is added before load_default comes behind what is found")
{
	const struct conf_milter *m;
	struct conf *c;

	default_says[0] = "/f:1 milter.a.connection_spec = "
	    "[\"inet:1\", \"unix:/2\"]";
	default_says[1] = "/f:2 milter.a.applicable_conditions = "
	    "[\"S25R\", \"Trust\"]";
	default_says[2] = "/f:3 milter.a.command_options = [\"-p\", \"x\"]";
	default_says[3] = "/f:4 milter.b.connection_spec = \"inet:3\"";
	c = default_load_text(
	    "milter.b.command_options = []\n"
	    "milter.b.command_options += \"-z\"\n"
	    "milter.a.applicable_conditions += \"No Stress\"\n"
	    "milter.a.connection_spec += [\"inet:8\", \"unix:/9\"]\n"
	    "milter.a.command_options += [\"-v\"]\n"
	    "load_default = true\n"
	    "milter.a.applicable_conditions += \"Authenticated\"\n");
	conf_check_said("");
	ATF_REQUIRE(c != NULL);
	/* They were named in another order before. */
	ATF_CHECK_EQ(0, conf_milter(c, "a")->index);
	ATF_CHECK_EQ(1, conf_milter(c, "b")->index);
	m = c->milters[0];
	ATF_CHECK_STREQ("a", m->name);
	expect_list(&m->specs.text, "inet:1 unix:/2 inet:8 unix:/9 ");
	ATF_CHECK_EQ(1, m->specs.spec[0].port);
	ATF_CHECK_STREQ("/2", m->specs.spec[1].path);
	ATF_CHECK_EQ(8, m->specs.spec[2].port);
	ATF_CHECK_STREQ("/9", m->specs.spec[3].path);
	expect_list(&m->command_options, "-p x -v ");
	expect_list(&m->applicable_conditions,
	    "S25R Trust No Stress Authenticated ");
	ATF_CHECK_STREQ("/f", m->given[0].file);
	ATF_CHECK_EQ(2, m->given[1].line);
	ATF_CHECK_STREQ("c", m->given[2].file);
	ATF_CHECK_EQ(3, m->given[2].line);
	ATF_CHECK_EQ(7, m->given[3].line);
	expect_list(&c->milters[1]->command_options, "-z ");
	conf_unref(c);
	memset(default_says, 0, sizeof(default_says));
}

H_CASE(absent, "Only what could be detected may be absent")
{
	struct conf *c;

	c = default_load_text("milter.known.parallel = true\n"
	    "load_default = true\nmilter.maybe.parallel = true\n"
	    "milter.*.reading_timeout = 3\n");
	conf_check_said("");
	ATF_REQUIRE(c != NULL);
	ATF_CHECK(!c->milters[0]->enabled && !c->milters[1]->enabled);
	ATF_REQUIRE_EQ(2, c->n_notes);
	ATF_CHECK_STREQ("known (c:1) is off: it is not installed",
	    c->notes[0].text);
	ATF_CHECK(!c->notes[0].fault);
	ATF_CHECK(c->notes[1].fault);
	conf_unref(c);
	ATF_CHECK(default_load_text("load_default = true\n"
	    "milter.other.parallel = true\n") == NULL);
	conf_check_said("c:2: milter.other.connection_spec: missing, an "
	    "enabled milter must have it\n");
	ATF_CHECK(default_load_text("milter.known.parallel = true\n") == NULL);
}

H_CASE(nobody, "Where nobody detects, load_default makes no fault")
{
	struct conf *c;

	c = conf_load_text("load_default = true\n"
	    "milter.anything.parallel = true\nmilter.*.parallel = false\n");
	conf_check_said("");
	ATF_REQUIRE(c != NULL);
	ATF_CHECK(!c->milters[0]->enabled);
	ATF_CHECK_EQ(0, c->n_notes);
	conf_unref(c);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, asked);
	ATF_TP_ADD_TC(tp, faults);
	ATF_TP_ADD_TC(tp, lists);
	ATF_TP_ADD_TC(tp, absent);
	ATF_TP_ADD_TC(tp, nobody);
	return (atf_no_error());
}
