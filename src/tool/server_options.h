/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_options.h - the test server's command line.
 */
#ifndef TOOL_SERVER_OPTIONS_H
#define TOOL_SERVER_OPTIONS_H

#include "tool/server.h"

/*
 * Fills *cfg (zeroed) and *spec.  Returns -1 when the tool is to run, else the
 * exit status (0 after --help and --version; one line was printed otherwise).
 */
int	server_options_read(struct server_config *cfg, struct spec *spec,
	    int argc, char **argv);
void	server_options_free(struct server_config *);

#endif /* TOOL_SERVER_OPTIONS_H */
