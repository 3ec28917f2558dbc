/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * control_tool.c - milter-manager-control: asks the daemon, or tells it what to
 * do, through its control socket.
 * Owns:      its command line; where the control socket is.
 * Called by: main.c.
 * Must not:  do anything to the daemon in another way.
 */
#include "compat.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>
#include <termios.h>
#include <unistd.h>

#include "base/number.h"
#include "base/options.h"
#include "config/conf.h"
#include "tool/control_tool.h"
#include "tool/text.h"
#include "tool/tool.h"

enum {
	CONTROL_TOOL_SPEC = 1, CONTROL_TOOL_FILE, CONTROL_TOOL_DIR,
	CONTROL_TOOL_TOKEN, CONTROL_TOOL_JSON, CONTROL_TOOL_RELOAD,
	CONTROL_TOOL_INTERVAL, CONTROL_TOOL_VERSION, CONTROL_TOOL_HELP
};

static const struct option_def control_tool_options[] = {
	{ 's', CONTROL_TOOL_SPEC, "connection-spec", "SPEC",
	    "where the control socket is" },
	{ 'f', CONTROL_TOOL_FILE, NULL, "FILE", "or: in this configuration" },
	{ 'c', CONTROL_TOOL_DIR, "config-dir", "DIR",
	    "or in milter-manager.conf there" },
	{ 0, CONTROL_TOOL_TOKEN, "token-file", "FILE",
	    "the token for a port" },
	{ 0, CONTROL_TOOL_JSON, "json", NULL, "status, milters: as JSON" },
	{ 0, CONTROL_TOOL_RELOAD, "reload", NULL, "put: and reload" },
	{ 'i', CONTROL_TOOL_INTERVAL, "interval", "TIME",
	    "top: how often (2s)" },
	{ 0, CONTROL_TOOL_VERSION, "version", NULL, "print the version" },
	{ 'h', CONTROL_TOOL_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

/* %s in a path is the argument. */
static const struct control_tool_command {
	const char	*name;
	const char	*method;
	const char	*path;
	const char	*arg;		/* what it is; NULL: none */
	bool		 table;		/* the answer is JSON */
} control_tool_commands[] = {
	{ "status", "GET", "/status", NULL, true },
	{ "top", "GET", "/status", NULL, true },
	{ "milters", "GET", "/milters", NULL, true },
	{ "metrics", "GET", "/metrics", NULL, false },
	{ "health", "GET", "/healthz", NULL, false },
	{ "config", "GET", "/config", NULL, false },
	{ "custom", "GET", "/config/custom", NULL, false },
	{ "put", "PUT", "/config", "FILE", false },
	{ "reload", "POST", "/reload", NULL, false },
	{ "stop", "POST", "/stop", NULL, false },
	{ "upgrade", "POST", "/upgrade", NULL, false },
	{ "enable", "POST", "/milters/%s/enable", "NAME", false },
	{ "disable", "POST", "/milters/%s/disable", "NAME", false },
	{ "log-level", "POST", "/log-level", "LEVELS", false },
};

struct control_tool_run {
	struct control_tool tool;
	struct conf_source source;
	const struct control_tool_command *command;
	const char	*program;
	const char	*spec;
	const char	*token_file;
	char		*own;		/* the same, of the configuration */
	const char	*arg;
	uint64_t	 interval;	/* ms */
	bool		 json;
	bool		 reload;
};

static volatile sig_atomic_t control_tool_ended;

static int
control_tool_fail(const struct control_tool_run *r, int status,
    const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s%s", r->program, what,
	    what[0] != '\0' ? ": " : "");
	control_print(stderr, why);
	(void)fputc('\n', stderr);
	return (status);
}

/* --- the command line ---------------------------------------------------- */

static void
control_tool_usage(void)
{
	size_t i;

	(void)puts("usage: milter-manager control COMMAND [options]\n"
	    "commands:");
	for (i = 0; i < sizeof(control_tool_commands) /
	    sizeof(control_tool_commands[0]); i++)
		printf("  %s%s%s\n", control_tool_commands[i].name,
		    control_tool_commands[i].arg != NULL ? " " : "",
		    control_tool_commands[i].arg != NULL ?
		    control_tool_commands[i].arg : "");
	options_usage(stdout, control_tool_options);
}

/* -1: go on; else an exit status. */
static int
control_tool_option(struct control_tool_run *r, int id, const char *arg)
{
	switch (id) {
	case CONTROL_TOOL_SPEC:
		r->spec = arg;
		break;
	case CONTROL_TOOL_FILE:
		r->source.file = arg;
		break;
	case CONTROL_TOOL_DIR:
		r->source.dir = arg;
		break;
	case CONTROL_TOOL_TOKEN:
		r->token_file = arg;
		break;
	case CONTROL_TOOL_JSON:
		r->json = true;
		break;
	case CONTROL_TOOL_RELOAD:
		r->reload = true;
		break;
	case CONTROL_TOOL_INTERVAL:
		if (number_read_time(arg, &r->interval) == -1 ||
		    r->interval < 100 || r->interval > 3600000)
			return (control_tool_fail(r, EX_USAGE, "--interval",
			    "expected a time from 0.1s to 1h"));
		break;
	case CONTROL_TOOL_VERSION:
		(void)puts("milter-manager-control " MM_VERSION);
		return (EX_OK);
	case CONTROL_TOOL_HELP:
		control_tool_usage();
		return (EX_OK);
	default:
		return (EX_USAGE);
	}
	return (-1);
}

/* A word that is no option: the command, or its argument. */
static int
control_tool_word(struct control_tool_run *r, const char *word)
{
	size_t i;

	if (r->command != NULL && r->command->arg != NULL && r->arg == NULL) {
		r->arg = word;
		return (-1);
	}
	for (i = 0; r->command == NULL && i < sizeof(control_tool_commands) /
	    sizeof(control_tool_commands[0]); i++)
		if (strcmp(word, control_tool_commands[i].name) == 0) {
			r->command = &control_tool_commands[i];
			return (-1);
		}
	return (control_tool_fail(r, EX_USAGE, word, r->command == NULL ?
	    "no command, see --help" : "one word too many"));
}

/* Options may stand before and behind words. */
static int
control_tool_parse(struct control_tool_run *r, int argc, char **argv)
{
	struct options o;
	int id, status;

	do {
		options_init(&o, control_tool_options, argc, argv);
		while ((id = options_next(&o)) > 0) {
			status = control_tool_option(r, id, o.arg);
			if (status != -1)
				return (status);
		}
		if (id < 0)
			return (EX_USAGE);
		argc -= o.next;
		argv += o.next;
		if (argc == 0)
			break;
		status = control_tool_word(r, argv[0]);
		if (status != -1)
			return (status);
		/* In the place of the program's name. */
		argv[0] = (char *)(uintptr_t)r->program;
	} while (argc > 1);
	if (r->command == NULL)
		return (control_tool_fail(r, EX_USAGE, "", "a command is "
		    "missing, see --help"));
	if (r->command->arg != NULL && r->arg == NULL)
		return (control_tool_fail(r, EX_USAGE, r->command->name,
		    "its argument is missing, see --help"));
	return (-1);
}

/* --- where the daemon is ------------------------------------------------- */

static void
control_tool_silent(const char *line, void *arg)
{
	(void)line;
	(void)arg;
}

/*
 * What the configuration says, though it may have faults: one asks for a reload
 * to see them.  0 or an exit status.
 */
static int
control_tool_configured(struct control_tool_run *r)
{
	struct conf *conf;
	int bad = 0;

	r->source.faulty = true;
	conf = conf_load(&r->source, control_tool_silent, NULL);
	if (conf == NULL)
		return (control_tool_fail(r, EX_OSERR, "", "out of memory"));
	if (conf->control_spec_text == NULL) {
		conf_unref(conf);
		return (control_tool_fail(r, EX_CONFIG, "the configuration",
		    "it has no controller.connection_spec, or cannot be read; "
		    "-s says where the control socket is"));
	}
	bad = spec_copy(&conf->control_spec, &r->tool.spec);
	if (conf->control_hosts.n > 0)
		r->tool.host = strdup(conf->control_hosts.item[0]);
	if (conf->control_token_file != NULL && r->token_file == NULL) {
		r->token_file = r->own = strdup(conf->control_token_file);
		bad |= r->own == NULL;
	}
	conf_unref(conf);
	return (bad != 0 ? control_tool_fail(r, EX_OSERR, "",
	    "out of memory") : -1);
}

static int
control_tool_find(struct control_tool_run *r)
{
	char why[512];
	struct buf b;
	int status = -1;

	if (r->spec == NULL)
		status = control_tool_configured(r);
	else if (text_read_spec(r->spec, &r->tool.spec, why, sizeof(why)) ==
	    -1)
		return (control_tool_fail(r, EX_USAGE, r->spec, why));
	if (status != -1)
		return (status);
	/* A unix socket asks for none. */
	if (r->token_file == NULL || r->tool.spec.family == AF_UNIX)
		return (-1);
	memset(&b, 0, sizeof(b));
	if (text_file(&b, r->token_file) == -1)
		return (control_tool_fail(r, EX_NOINPUT, r->token_file,
		    strerror(errno)));
	if (buf_add_u8(&b, '\0') == 0)
		r->tool.token = strdup((const char *)buf_ptr(&b));
	buf_free(&b);
	if (r->tool.token == NULL)
		return (control_tool_fail(r, EX_OSERR, "", "out of memory"));
	r->tool.token[strcspn(r->tool.token, " \t\r\n")] = '\0';
	return (-1);
}

/* --- asking -------------------------------------------------------------- */

/* The path with the argument in it, so that it is one part of it. */
static int
control_tool_path(const struct control_tool_run *r, struct buf *path)
{
	const char *p = r->command->path;
	const char *at = strchr(p, '%');
	int bad = 0;

	if (at != NULL) {
		const unsigned char *a = (const unsigned char *)r->arg;

		bad |= buf_add(path, p, (size_t)(at - p));
		for (; *a != '\0'; a++)
			bad |= buf_printf(path, "%%%02x", *a);
		p = at + 2;
	}
	bad |= buf_add(path, p, strlen(p));
	if (r->reload && strcmp(r->command->name, "put") == 0)
		bad |= buf_add(path, "?reload=1", 9);
	return (bad | buf_add_u8(path, '\0'));
}

/* What goes with it. */
static int
control_tool_data(const struct control_tool_run *r, struct buf *data)
{
	if (r->arg == NULL || strchr(r->command->path, '%') != NULL)
		return (0);
	if (strcmp(r->command->method, "PUT") != 0)
		return (buf_add(data, r->arg, strlen(r->arg)));
	return (text_file(data, strcmp(r->arg, "-") == 0 ? "/dev/stdin" :
	    r->arg));
}

/* The exit status for an answer that is no success. */
static int
control_tool_refused(const struct control_tool_run *r, unsigned status,
    const char *text)
{
	char line[32];

	if (status == 422) {
		control_print(stderr, text);
		return (EX_CONFIG);
	}
	(void)snprintf(line, sizeof(line), "%.12s: %u", r->command->name,
	    status);
	(void)fprintf(stderr, "%s: %s: ", r->program, line);
	control_print(stderr, text[0] != '\0' ? text : "\n");
	return (status == 401 || status == 403 || status == 421 ? EX_NOPERM :
	    1);
}

/* Asks once; sessions: how many are shown. */
static int
control_tool_once(const struct control_tool_run *r, size_t sessions)
{
	struct buf path, data, body;
	char why[1400];
	const char *text;
	unsigned status;
	int rc = EX_OK;

	memset(&path, 0, sizeof(path));
	memset(&data, 0, sizeof(data));
	memset(&body, 0, sizeof(body));
	errno = ENOMEM;
	if (control_tool_path(r, &path) != 0 ||
	    control_tool_data(r, &data) == -1) {
		rc = control_tool_fail(r, errno == ENOMEM ? EX_OSERR :
		    EX_NOINPUT, r->arg != NULL ? r->arg : "", strerror(errno));
		goto out;
	}
	status = control_ask(&r->tool, r->command->method,
	    (const char *)buf_ptr(&path), buf_ptr(&data), data.len, &body, why,
	    sizeof(why));
	text = (const char *)buf_ptr(&body);
	if (status == 0)
		rc = control_tool_fail(r, body.len == 0 ? EX_UNAVAILABLE :
		    EX_PROTOCOL, "", why);
	else if (status != 200)
		rc = control_tool_refused(r, status, text);
	else if (!r->command->table || r->json)
		control_print(stdout, text);
	else if (control_show(text, sessions) == -1)
		rc = control_tool_fail(r, EX_PROTOCOL, "", "what came is not "
		    "an answer of milter-manager");
	if (fflush(stdout) != 0 && rc == EX_OK)
		rc = EX_IOERR;
out:
	buf_free(&path);
	buf_free(&data);
	buf_free(&body);
	return (rc);
}

/* --- top ----------------------------------------------------------------- */

static void
control_tool_on_signal(int signo)
{
	(void)signo;
	control_tool_ended = 1;
}

/* Until the next time; true when it is over. */
static bool
control_tool_wait(const struct control_tool_run *r, bool keys)
{
	struct pollfd pfd = { STDIN_FILENO, POLLIN, 0 };
	char c;

	if (poll(&pfd, keys ? 1 : 0, (int)r->interval) > 0 &&
	    (read(STDIN_FILENO, &c, 1) != 1 || c == 'q' || c == 'Q'))
		return (true);
	return (control_tool_ended != 0);
}

static int
control_tool_top(const struct control_tool_run *r)
{
	struct termios before, now;
	struct sigaction sa;
	bool screen = isatty(STDOUT_FILENO) == 1;
	bool keys = screen && tcgetattr(STDIN_FILENO, &before) == 0;
	int rc;

	memset(&sa, 0, sizeof(sa));
	sa.sa_handler = control_tool_on_signal;
	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	if (keys) {
		now = before;
		now.c_lflag &= (tcflag_t)~(ICANON | ECHO);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &now);
	}
	do {
		if (screen)
			(void)fputs("\033[H\033[J", stdout);
		rc = control_tool_once(r, screen ? 15 : SIZE_MAX);
		if (!screen)
			(void)putchar('\n');
		/* It may be there again, or for the first time, later. */
	} while ((rc == EX_OK || rc == EX_UNAVAILABLE) &&
	    !control_tool_wait(r, keys));
	if (keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
	return (control_tool_ended != 0 ? EX_OK : rc);
}

int
tool_control(int argc, char **argv)
{
	static const char top[] = "milter-manager-top";
	struct control_tool_run r;
	int status;

	(void)signal(SIGPIPE, SIG_IGN);
	memset(&r, 0, sizeof(r));
	r.program = argv[0];
	r.interval = 2000;
	if (strcmp(argv[0], top) == 0)
		(void)control_tool_word(&r, "top");
	status = control_tool_parse(&r, argc, argv);
	if (status != -1)
		return (status);
	status = control_tool_find(&r);
	if (status == -1)
		status = strcmp(r.command->name, "top") == 0 ?
		    control_tool_top(&r) : control_tool_once(&r, SIZE_MAX);
	spec_free(&r.tool.spec);
	free(r.own);
	free(r.tool.token);
	free(r.tool.host);
	return (status);
}
