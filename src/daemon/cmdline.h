/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * cmdline.h - the daemon's command line.
 */
#ifndef DAEMON_CMDLINE_H
#define DAEMON_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/conf.h"

#define CMDLINE_OVERRIDES	24

struct cmdline {
	struct conf_source	 source;	/* overrides point into this */
	char			*override[CMDLINE_OVERRIDES];
	char			*file, *dir;	/* of source, absolute */
	bool			 check;		/* -n */
	bool			 debug;		/* -d */
	bool			 show_config;
};

/*
 * Reads the command line.  Returns -1 to go on, or an exit status: everything
 * was done (--help, --version) or refused (one line on stderr).  cmdline_free
 * either way.
 */
int	cmdline_parse(struct cmdline *, int argc, char **argv);
void	cmdline_free(struct cmdline *);

#endif /* DAEMON_CMDLINE_H */
