/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_conf.c - the configuration without the daemon.
 *
 *	h_conf FILE [KEY=VALUE ...]	prints it, or its faults (status 78)
 *	h_conf --sample | --mdoc	prints the documents
 *	h_conf --facts			prints what expressions may ask, as
 *					"NAME ARGUMENT TYPE STAGE[ only]"
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "config/conf.h"
#include "config/fact.h"

static void
print_facts(void)
{
	static const char *const types[] = {
		"truth", "number", "string", "address"
	};
	static const char *const arguments[] = {
		"none", "name", "maybe", "services"
	};
	const struct fact_row *row;

	for (row = fact_table; row < fact_table + FACT_N; row++)
		printf("%s %s %s %s%s\n", row->name, arguments[row->argument],
		    types[row->type],
		    conf_stage_name((enum conf_stage)row->first),
		    row->last != CONF_END_OF_MESSAGE ? " only" : "");
}

static void
complain(const char *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

int
main(int argc, char **argv)
{
	struct conf_source source;
	struct conf *conf;

	if (argc < 2) {
		fprintf(stderr, "usage: h_conf FILE [KEY=VALUE ...]\n");
		return (64);
	}
	if (strcmp(argv[1], "--sample") == 0)
		conf_show_sample(stdout);
	else if (strcmp(argv[1], "--mdoc") == 0)
		conf_show_mdoc(stdout);
	else if (strcmp(argv[1], "--facts") == 0)
		print_facts();
	else {
		memset(&source, 0, sizeof(source));
		source.file = argv[1];
		source.overrides = (const char *const *)(argv + 2);
		source.n_overrides = (size_t)(argc - 2);
		conf = conf_load(&source, complain, NULL);
		if (conf == NULL)
			return (78);
		conf_show(conf, stdout);
		conf_unref(conf);
	}
	return (ferror(stdout) || fflush(stdout) == EOF ? 74 : 0);
}
