/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * cmdline.c - options of the daemon; most of them are configuration keys said
 * on the command line, which win over the files and survive a reload.
 * Owns:      the table of options.
 * Called by: daemon.c.
 * Must not:  check values: the table of keys does, with its own messages.
 */
#include "compat.h"

#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/options.h"
#include "daemon/cmdline.h"
#include "tool/tool.h"

enum {
	CMDLINE_FILE = 1,
	CMDLINE_DIR,
	CMDLINE_CHECK,
	CMDLINE_DEBUG,
	CMDLINE_SHOW,
	CMDLINE_VERBOSE,
	CMDLINE_QUIET,
	CMDLINE_DAEMON,
	CMDLINE_NO_DAEMON,
	CMDLINE_SYSLOG,
	CMDLINE_VERSION,
	CMDLINE_HELP,
	CMDLINE_KEY		/* this and all above: cmdline_keys */
};

/* Options that set one key to their argument. */
static const struct {
	const char	*key;
	enum { CMDLINE_STRING, CMDLINE_OCTAL, CMDLINE_NUMBER } form;
} cmdline_keys[] = {
	{ "manager.connection_spec", CMDLINE_STRING },
	{ "manager.event_loop_backend", CMDLINE_STRING },
	{ "manager.pid_file", CMDLINE_STRING },
	{ "manager.unix_socket_group", CMDLINE_STRING },
	{ "manager.unix_socket_mode", CMDLINE_OCTAL },
	{ "log.level", CMDLINE_STRING },
	{ "log.path", CMDLINE_STRING },
	{ "log.syslog_facility", CMDLINE_STRING },
	{ "security.effective_user", CMDLINE_STRING },
	{ "security.effective_group", CMDLINE_STRING },
	{ "manager.n_workers", CMDLINE_NUMBER },
};

static const struct option_def cmdline_table[] = {
	{ 'f', CMDLINE_FILE, NULL, "FILE", "read this configuration file" },
	{ 'c', CMDLINE_DIR, "config-dir", "DIR",
	    "read milter-manager.conf there" },
	{ 'n', CMDLINE_CHECK, NULL, NULL, "check the configuration and exit" },
	{ 'd', CMDLINE_DEBUG, NULL, NULL,
	    "stay in the foreground, log to stderr" },
	{ 'v', CMDLINE_VERBOSE, "verbose", NULL, "log everything" },
	{ 'q', CMDLINE_QUIET, "quiet", NULL, "log nothing" },
	{ 's', CMDLINE_KEY + 0, "connection-spec", "SPEC", "listen there" },
	{ 0, CMDLINE_KEY + 1, "event-loop-backend", "NAME",
	    "auto, kqueue, epoll, poll" },
	{ 0, CMDLINE_KEY + 2, "pid-file", "FILE",
	    "write the process number there" },
	{ 0, CMDLINE_KEY + 3, "unix-socket-group", "GROUP",
	    "group of a unix socket" },
	/* Upstream's older name. */
	{ 0, CMDLINE_KEY + 3, "socket-group-name", "GROUP", NULL },
	{ 0, CMDLINE_KEY + 4, "unix-socket-mode", "MODE",
	    "octal mode of a unix socket" },
	{ 0, CMDLINE_KEY + 5, "log-level", "LEVEL", "as log.level" },
	{ 0, CMDLINE_KEY + 6, "log-path", "FILE", "as log.path" },
	{ 0, CMDLINE_KEY + 7, "syslog-facility", "NAME",
	    "as log.syslog_facility" },
	{ 'u', CMDLINE_KEY + 8, "user", "USER", "become this user, by name "
	    "or number" },
	{ 0, CMDLINE_KEY + 8, "user-id", "NUMBER", NULL },
	{ 0, CMDLINE_KEY + 8, "user-name", "NAME", NULL },
	{ 'g', CMDLINE_KEY + 9, "group", "GROUP", "and this group" },
	{ 0, CMDLINE_KEY + 9, "group-id", "NUMBER", NULL },
	{ 0, CMDLINE_KEY + 9, "group-name", "NAME", NULL },
	{ 0, CMDLINE_KEY + 10, "n-workers", "N",
	    "processes for the sessions" },
	{ 0, CMDLINE_SYSLOG, "syslog", NULL, "log to syslog" },
	{ 0, CMDLINE_DAEMON, "daemon", NULL, "go to the background" },
	{ 0, CMDLINE_NO_DAEMON, "no-daemon", NULL, "stay in the foreground" },
	{ 0, CMDLINE_SHOW, "show-config", NULL,
	    "print every value with its origin and exit" },
	{ 0, CMDLINE_VERSION, "version", NULL, "print the version and exit" },
	{ 'h', CMDLINE_HELP, "help", NULL, "print this and exit" },
	{ 0, 0, NULL, NULL, NULL }
};

/* Adds "KEY = VALUE"; a quoted value is written as a string literal. */
static int
cmdline_override(struct cmdline *c, const char *key, const char *value,
    bool quoted)
{
	struct buf b;
	const char *p;
	int r = 0;

	if (c->source.n_overrides == CMDLINE_OVERRIDES) {
		(void)fputs("milter-manager: too many options\n", stderr);
		return (-1);
	}
	memset(&b, 0, sizeof(b));
	r |= buf_printf(&b, "%s = %s", key, quoted ? "\"" : "");
	for (p = value; *p != '\0'; p++) {
		unsigned char ch = (unsigned char)*p;

		if (quoted && (ch == '"' || ch == '\\'))
			r |= buf_printf(&b, "\\%c", ch);
		else if (ch < ' ')
			r |= buf_printf(&b, "\\x%02x", ch);
		else
			r |= buf_add(&b, p, 1);
	}
	r |= buf_add_str(&b, quoted ? "\"" : "");
	if (r != 0 || (p = strdup((const char *)buf_ptr(&b))) == NULL) {
		buf_free(&b);
		(void)fputs("milter-manager: out of memory\n", stderr);
		return (-1);
	}
	buf_free(&b);
	c->override[c->source.n_overrides] = (char *)(uintptr_t)p;
	c->source.n_overrides++;
	return (0);
}

/*
 * A reload reads the same path again, from the background in another folder:
 * it is kept from the root on.  Links in it stay, so that a reload follows one
 * that has been set to another file.
 */
static int
cmdline_path(const char *arg, char **keep, const char **path)
{
	char cwd[4096];
	size_t size;

	free(*keep);
	*keep = NULL;
	*path = arg;
	if (arg[0] == '/' || arg[0] == '\0' ||
	    getcwd(cwd, sizeof(cwd)) == NULL)
		return (0);
	size = strlen(cwd) + 1 + strlen(arg) + 1;
	if ((*keep = malloc(size)) == NULL) {
		(void)fputs("milter-manager: out of memory\n", stderr);
		return (-1);
	}
	(void)snprintf(*keep, size, "%s/%s", cwd, arg);
	*path = *keep;
	return (0);
}

/* In a file an octal number begins with 0; here everybody leaves it out. */
static int
cmdline_octal(struct cmdline *c, const char *key, const char *arg)
{
	char mode[16];

	if (arg[0] != '\0' && arg[0] != '0' && strlen(arg) < sizeof(mode) - 1 &&
	    arg[strspn(arg, "01234567")] == '\0') {
		(void)snprintf(mode, sizeof(mode), "0%s", arg);
		arg = mode;
	}
	return (cmdline_override(c, key, arg, false));
}

static int
cmdline_option(struct cmdline *c, int id, const char *arg)
{
	switch (id) {
	case CMDLINE_FILE:
		return (cmdline_path(arg, &c->file, &c->source.file));
	case CMDLINE_DIR:
		return (cmdline_path(arg, &c->dir, &c->source.dir));
	case CMDLINE_CHECK:
		c->check = true;
		return (0);
	case CMDLINE_DEBUG:
		c->debug = true;
		return (0);
	case CMDLINE_SHOW:
		c->show_config = true;
		return (0);
	case CMDLINE_VERBOSE:
		return (cmdline_override(c, "log.level", "all", true));
	case CMDLINE_QUIET:
		return (cmdline_override(c, "log.level", "none", true));
	case CMDLINE_DAEMON:
		return (cmdline_override(c, "manager.daemon", "true", false));
	case CMDLINE_NO_DAEMON:
		return (cmdline_override(c, "manager.daemon", "false", false));
	case CMDLINE_SYSLOG:
		return (cmdline_override(c, "log.use_syslog", "true", false));
	default:
		if (cmdline_keys[id - CMDLINE_KEY].form == CMDLINE_OCTAL)
			return (cmdline_octal(c,
			    cmdline_keys[id - CMDLINE_KEY].key, arg));
		return (cmdline_override(c, cmdline_keys[id - CMDLINE_KEY].key,
		    arg, cmdline_keys[id - CMDLINE_KEY].form ==
		    CMDLINE_STRING));
	}
}

int
cmdline_parse(struct cmdline *c, int argc, char **argv)
{
	static char name[] = "milter-manager";
	struct options o;
	int id;

	memset(c, 0, sizeof(*c));
	if (argc > 0)
		argv[0] = name;
	options_init(&o, cmdline_table, argc, argv);
	while ((id = options_next(&o)) > 0) {
		if (id == CMDLINE_VERSION) {
			(void)puts("milter-manager " MM_VERSION);
			return (0);
		}
		if (id == CMDLINE_HELP) {
			(void)puts("usage: milter-manager [options]\n"
			    "       milter-manager test-server [options]\n"
			    "       milter-manager test-client [options]\n"
			    "       milter-manager replay FILE [options]\n"
			    "       milter-manager explain [options]\n"
			    "       milter-manager import [-o NEW] OLD\n"
			    "       milter-manager detect [options]\n"
			    "       milter-manager control COMMAND [options]\n"
			    "       milter-manager top [options]\n");
			options_usage(stdout, cmdline_table);
			return (0);
		}
		if (cmdline_option(c, id, o.arg) == -1)
			return (EX_USAGE);
	}
	if (id < 0)
		return (EX_USAGE);
	if (o.next < argc) {
		(void)fprintf(stderr, "milter-manager: %s: not an option; a "
		    "tool (test-server, test-client) has to be the first "
		    "word\n", argv[o.next]);
		return (EX_USAGE);
	}
	/* Through memory that both views may use: the items are the same. */
	c->source.overrides = (const char *const *)(const void *)c->override;
	return (-1);
}

void
cmdline_free(struct cmdline *c)
{
	size_t i;

	for (i = 0; i < c->source.n_overrides; i++)
		free(c->override[i]);
	c->source.n_overrides = 0;
	free(c->file);
	free(c->dir);
	c->file = c->dir = NULL;
}
