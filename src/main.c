/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * main.c - which program is meant: the daemon, or one of the tools.
 * Owns:      the names under which the one binary can be called.
 * Called by: the system.
 * Must not:  know an option of any of them.
 */
#include "compat.h"

#include "daemon/daemon.h"
#include "tool/tool.h"

static const struct {
	const char	*link;		/* name of a link to the binary */
	const char	*word;		/* milter-manager WORD */
	int		(*run)(int, char **);
} programs[] = {
	{ "milter-test-server", "test-server", tool_test_server },
	{ "milter-test-client", "test-client", tool_test_client },
	{ "milter-manager-replay", "replay", tool_replay },
	{ "milter-manager-explain", "explain", tool_explain },
	{ "milter-manager-import", "import", tool_import },
	{ "milter-manager-detect", "detect", tool_detect },
	{ "milter-manager-control", "control", tool_control },
	{ "milter-manager-top", "top", tool_control },
};

int
main(int argc, char *argv[])
{
	static char manager[] = "milter-manager";
	char *name;
	size_t i;

	if (argc < 1) {
		static char *none[] = { manager, NULL };

		return (daemon_main(1, none));
	}
	name = strrchr(argv[0], '/');
	name = name != NULL ? name + 1 : argv[0];
	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(name, programs[i].link) == 0) {
			argv[0] = name;
			return (programs[i].run(argc, argv));
		}
		if (argc > 1 && strcmp(argv[1], programs[i].word) == 0) {
			char link[32];

			strlcpy(link, programs[i].link, sizeof(link));
			argv[1] = link;
			return (programs[i].run(argc - 1, argv + 1));
		}
	}
	return (daemon_main(argc, argv));
}
