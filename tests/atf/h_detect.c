/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_detect.c - what detection finds, one line a candidate, without the tool.
 *
 *	h_detect [-alv] [-p platform] [-o options] [-r root] [-x rspamadm]
 *
 *	NAME installed on|off|maybe SPEC place=N extra=MS conditions=C[ problem=
 *	    TEXT]
 *	NAME absent			(only with -a)
 *
 * SPEC is "-" when it is not known; C is GREY, SPAM, NONE or the list.  With -l
 * more lines follow each one, indented by a tab, of what is known: "enabled",
 * "spec", "configuration", "extra" and "description" with "FILE:LINE TEXT",
 * "script PATH", "command PATH [ARGUMENT] ...".  With -v each file that was
 * read comes last, as "read PATH", "none PATH" or "fault PATH: why".
 * Exit status 1 and one line on standard error when detection itself fails.
 * h_detect --platform [root] prints the platform of these files, h_detect
 * --platforms all of them.
 */
#include "compat.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "detect/detect_internal.h"

static void
print_fact(const char *what, const struct detect_fact *fact)
{
	if (fact->text == NULL && fact->file == NULL)
		return;
	printf("\t%s %s:%u %s\n", what, fact->file != NULL ? fact->file : "-",
	    fact->line, fact->text != NULL ? fact->text : "-");
}

static void
print_conditions(const char *const *name)
{
	const char *comma = "";

	if (name == NULL || name[0] == NULL)
		printf("NONE");
	else if (strcmp(name[0], "Sendmail Compatible") == 0)
		printf("GREY");
	else if (strcmp(name[0], "Remote Network") == 0)
		printf("SPAM");
	else
		for (; *name != NULL; name++, comma = ",")
			printf("%s%s", comma, *name);
}

static void
print_milter(const struct detect_milter *m, bool details)
{
	size_t i;

	if (!m->installed) {
		printf("%s absent\n", m->name);
		return;
	}
	printf("%s installed %s %s place=%u extra=%" PRIu64 " conditions=",
	    m->name, m->enabled == DETECT_YES ? "on" : m->enabled ==
	    DETECT_NO ? "off" : "maybe", m->spec.text != NULL ? m->spec.text :
	    "-", m->place, m->extra_time);
	print_conditions(m->conditions);
	if (m->problem != NULL)
		printf(" problem=%s", m->problem);
	printf("\n");
	if (!details)
		return;
	if (m->script != NULL)
		printf("\tscript %s\n", m->script);
	print_fact("enabled", &m->enabled_by);
	print_fact("spec", &m->spec);
	print_fact("configuration", &m->configuration);
	print_fact("extra", &m->extra_time_by);
	print_fact("description", &m->description);
	if (m->command == NULL)
		return;
	printf("\tcommand %s", m->command);
	for (i = 0; i < m->command_options.n; i++)
		printf(" [%s]", m->command_options.item[i]);
	printf("\n");
}

static void
print_file(const struct root_file *file, void *arg)
{
	(void)arg;
	if (file->absent)
		printf("none %s\n", file->path);
	else if (file->text == NULL)
		printf("fault %s: %s\n", file->path, file->why);
	else
		printf("read %s\n", file->path);
}

static int
print_platform(const char *top)
{
	struct root *root = root_new(top);

	if (root == NULL)
		return (1);
	printf("%s\n", detect_platform(root));
	root_free(root);
	return (0);
}

int
main(int argc, char **argv)
{
	struct detect_request request;
	struct detect detect;
	bool absent = false, details = false, files = false;
	char why[512];
	size_t i;
	int c;

	if (argc > 1 && strcmp(argv[1], "--platform") == 0)
		return (print_platform(argv[2]));
	if (argc > 1 && strcmp(argv[1], "--platforms") == 0) {
		for (i = 0; detect_platform_table[i].name != NULL; i++)
			printf("%s\n", detect_platform_table[i].name);
		return (0);
	}
	memset(&request, 0, sizeof(request));
	while ((c = getopt(argc, argv, "alo:p:r:vx:")) != -1) {
		switch (c) {
		case 'a':
			absent = true;
			break;
		case 'l':
			details = true;
			break;
		case 'o':
			request.options = optarg;
			break;
		case 'p':
			request.platform = optarg;
			break;
		case 'r':
			request.root = optarg;
			break;
		case 'v':
			files = true;
			break;
		case 'x':
			request.rspamadm = optarg;
			break;
		default:
			return (64);
		}
	}
	if (detect_run(&request, &detect, why, sizeof(why)) == -1) {
		fprintf(stderr, "%s\n", why);
		return (1);
	}
	for (i = 0; i < detect.n; i++)
		if (absent || detect.item[i].installed)
			print_milter(&detect.item[i], details);
	if (files)
		root_each(detect.root, print_file, NULL);
	detect_free(&detect);
	return (ferror(stdout) || fflush(stdout) == EOF ? 74 : 0);
}
