/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * client.c - milter-test-client: plays a milter that prints what it gets.
 * Owns:      its command line, its listening socket, its life.
 * Called by: main.c.
 * Must not:  know frames.
 */
#include "compat.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "base/options.h"
#include "net/listen.h"
#include "tool/client.h"
#include "tool/tool.h"

enum client_option {
	CLIENT_O_SPEC = 1, CLIENT_O_VERBOSE, CLIENT_O_QUIET, CLIENT_O_DAEMON,
	CLIENT_O_NO_DAEMON, CLIENT_O_USER, CLIENT_O_GROUP, CLIENT_O_MODE,
	CLIENT_O_SOCKET_GROUP, CLIENT_O_BACKEND, CLIENT_O_PID_FILE, CLIENT_O_ON,
	CLIENT_O_EDIT, CLIENT_O_ACTIONS, CLIENT_O_PROTOCOL,
	CLIENT_O_VERSION_NUMBER, CLIENT_O_MACROS, CLIENT_O_DIGEST,
	CLIENT_O_SESSIONS, CLIENT_O_PREFIX, CLIENT_O_READY, CLIENT_O_VERSION,
	CLIENT_O_HELP
};

static const struct option_def client_options[] = {
	{ 's', CLIENT_O_SPEC, "connection-spec", "SPEC", "where to listen" },
	{ 0, CLIENT_O_ON, "on", "STAGE[:K]=ANSWER",
	    "a scripted answer (repeat)" },
	{ 0, CLIENT_O_EDIT, "edit", "EDIT",
	    "an edit at end of message (repeat)" },
	{ 0, CLIENT_O_ACTIONS, "actions", "HEX",
	    "actions to claim (all offered)" },
	{ 0, CLIENT_O_PROTOCOL, "protocol", "HEX",
	    "protocol bits to claim (400)" },
	{ 0, CLIENT_O_VERSION_NUMBER, "version-number", "N",
	    "protocol version to claim" },
	{ 0, CLIENT_O_MACROS, "macros", "STAGE:LIST",
	    "macros to ask for (repeat)" },
	{ 0, CLIENT_O_DIGEST, "digest", NULL,
	    "a line with a hash for each message" },
	{ 0, CLIENT_O_SESSIONS, "sessions", "N", "exit after N sessions" },
	{ 0, CLIENT_O_PREFIX, "session-prefix", NULL,
	    "number the lines by session" },
	{ 0, CLIENT_O_READY, "ready-file", "FILE",
	    "written as soon as it listens" },
	{ 'v', CLIENT_O_VERBOSE, "verbose", NULL, "print every frame, too" },
	{ 'q', CLIENT_O_QUIET, "quiet", NULL, "print errors only" },
	{ 0, CLIENT_O_QUIET, "no-report-request", NULL, "the same" },
	{ 0, CLIENT_O_DAEMON, "daemon", NULL, "run in the background" },
	{ 0, CLIENT_O_NO_DAEMON, "no-daemon", NULL,
	    "run in the foreground (default)" },
	{ 0, CLIENT_O_PID_FILE, "pid-file", "FILE",
	    "write the process id there" },
	{ 'u', CLIENT_O_USER, "user", "NAME", "run as that user" },
	{ 'g', CLIENT_O_GROUP, "group", "NAME", "run as that group" },
	{ 0, CLIENT_O_MODE, "unix-socket-mode", "MODE", "octal (0660)" },
	{ 0, CLIENT_O_SOCKET_GROUP, "unix-socket-group", "NAME",
	    "group of the socket" },
	{ 0, CLIENT_O_BACKEND, "event-loop-backend", "NAME",
	    "auto, kqueue, epoll, poll" },
	{ 0, CLIENT_O_VERSION, "version", NULL, "print the version" },
	{ 0, CLIENT_O_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

struct client_run {
	struct client_config cfg;
	struct spec	 spec;
	struct listen_options listening;
	struct listener	*listener;
	struct loop_signal term, intr;
	struct client_session *live;
	const char	*user, *group, *backend, *pid_file, *ready_file;
	unsigned	 sessions, accepted, ended;
	bool		 daemon, failed;
};

static int
client_bad(const struct client_run *run, const char *option, const char *arg,
    const char *why)
{
	fprintf(stderr, "%s: --%s=%s: %s\n", run->cfg.program, option, arg,
	    why);
	return (-1);
}

/* --- sessions ---------------------------------------------------------- */

static void
client_on_ended(struct client_session *s, void *arg)
{
	struct client_run *run = arg;

	if (s->failed)
		run->failed = true;
	*s->link = s->next;
	if (s->next != NULL)
		s->next->link = s->link;
	client_session_free(s);
	if (++run->ended == run->sessions)
		loop_stop(run->cfg.loop);
}

static void
client_on_connection(struct listener *l, int fd, const struct sockaddr *sa,
    socklen_t salen, void *arg)
{
	struct client_run *run = arg;
	struct client_session *s = calloc(1, sizeof(*s));

	(void)l;
	(void)sa;
	(void)salen;
	if (s != NULL) {
		s->cfg = &run->cfg;
		s->number = ++run->accepted;
		s->ended = client_on_ended;
		s->arg = run;
		if (client_session_start(s, fd) == 0) {
			s->next = run->live;
			s->link = &run->live;
			if (s->next != NULL)
				s->next->link = &s->next;
			run->live = s;
			return;
		}
		free(s);
	}
	fprintf(stderr, "%s: %s\n", run->cfg.program, strerror(errno));
	run->failed = true;
	close(fd);
}

static void
client_on_signal(struct loop_signal *signal_watcher, void *arg)
{
	struct client_run *run = arg;

	(void)signal_watcher;
	loop_stop(run->cfg.loop);
}

/* --- its life ---------------------------------------------------------- */

/* Becomes the user and the group that were asked for.  0 or -1. */
static int
client_identity(const struct client_run *run)
{
	const struct passwd *pw = NULL;
	const struct group *gr;
	uint64_t uid = 0, gid = getegid();

	if (run->user != NULL) {
		if ((pw = getpwnam(run->user)) != NULL) {
			uid = pw->pw_uid;
			gid = pw->pw_gid;
		} else if (number_read(run->user, 10, 0x7fffffff, &uid) != 0)
			return (client_bad(run, "user", run->user,
			    "there is no such user"));
	}
	if (run->group != NULL) {
		if ((gr = getgrnam(run->group)) != NULL)
			gid = gr->gr_gid;
		else if (number_read(run->group, 10, 0x7fffffff, &gid) != 0)
			return (client_bad(run, "group", run->group,
			    "there is no such group"));
	}
	/* Those of the caller go, too, and only root can see to it. */
	if (run->user != NULL && geteuid() == 0 && initgroups(pw != NULL ?
	    pw->pw_name : run->user, (gid_t)gid) != 0)
		return (client_bad(run, "user", run->user, strerror(errno)));
	if ((run->user != NULL || run->group != NULL) &&
	    setgid((gid_t)gid) != 0)
		return (client_bad(run, run->group != NULL ? "group" : "user",
		    run->group != NULL ? run->group : run->user,
		    strerror(errno)));
	if (run->user != NULL && setuid((uid_t)uid) != 0)
		return (client_bad(run, "user", run->user, strerror(errno)));
	return (0);
}

static int
client_write_file(const struct client_run *run, const char *option,
    const char *path, const char *text)
{
	/* One write, so that a reader sees the line or nothing. */
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	size_t n = strlen(text);
	bool good = fd != -1 && write(fd, text, n) == (ssize_t)n;

	if (!good)
		client_bad(run, option, path, strerror(errno));
	if (fd != -1)
		close(fd);
	return (good ? 0 : -1);
}

static int
client_detach(void)
{
	int fd;

	switch (fork()) {
	case -1:
		return (-1);
	case 0:
		break;
	default:
		_exit(EXIT_SUCCESS);
	}
	(void)setsid();
	if ((fd = open("/dev/null", O_RDWR)) != -1) {
		(void)dup2(fd, STDIN_FILENO);
		if (fd > STDERR_FILENO)
			close(fd);
	}
	return (0);
}

/* Tells that connections are accepted now. */
static int
client_announce(struct client_run *run)
{
	char text[SPEC_TEXT_MAX], line[SPEC_TEXT_MAX + 1];

	run->spec.port = (uint16_t)listener_port(run->listener);
	snprintf(line, sizeof(line), "%s\n", spec_format(&run->spec, text,
	    sizeof(text)));
	if (!run->cfg.quiet) {
		printf("listening: %s", line);
		fflush(stdout);
	}
	if (run->pid_file != NULL) {
		snprintf(text, sizeof(text), "%ld\n", (long)getpid());
		if (client_write_file(run, "pid-file", run->pid_file, text) !=
		    0)
			return (-1);
	}
	return (run->ready_file == NULL ? 0 : client_write_file(run,
	    "ready-file", run->ready_file, line));
}

static int
client_serve(struct client_run *run)
{
	struct client_config *cfg = &run->cfg;
	struct client_session *s;
	char why[SPEC_TEXT_MAX] = "";
	int status = EXIT_FAILURE;

	text_raise_files();
	(void)signal(SIGPIPE, SIG_IGN);
	run->listener = listener_new(&run->spec, &run->listening, why,
	    sizeof(why));
	if (why[0] != '\0')
		fprintf(stderr, "%s: %s\n", cfg->program, why);
	if (run->listener == NULL || client_identity(run) != 0)
		goto out;
	if ((run->daemon && client_detach() != 0) ||
	    (cfg->loop = loop_new(run->backend)) == NULL ||
	    loop_signal_add(cfg->loop, &run->term, SIGTERM, client_on_signal,
	    run) != 0 ||
	    loop_signal_add(cfg->loop, &run->intr, SIGINT, client_on_signal,
	    run) != 0 ||
	    listener_start(run->listener, cfg->loop, client_on_connection,
	    run) != 0) {
		fprintf(stderr, "%s: %s\n", cfg->program, strerror(errno));
		goto out;
	}
	if (client_announce(run) == 0 && loop_run(cfg->loop) == 0)
		status = run->failed ? EXIT_FAILURE : EXIT_SUCCESS;
	if (run->pid_file != NULL)
		(void)unlink(run->pid_file);
out:
	while ((s = run->live) != NULL) {
		run->live = s->next;
		client_session_free(s);
	}
	if (run->listener != NULL)
		listener_free(run->listener);
	if (cfg->loop != NULL) {
		loop_signal_del(&run->term);
		loop_signal_del(&run->intr);
		loop_free(cfg->loop);
	}
	return (status);
}

/* --- the command line -------------------------------------------------- */

static int
client_set_spec(struct client_run *run, const char *arg)
{
	char why[SPEC_TEXT_MAX];

	spec_free(&run->spec);
	if (text_read_spec(arg, &run->spec, why, sizeof(why)) != 0)
		return (client_bad(run, "connection-spec", arg, why));
	return (0);
}

static int
client_set_macros(struct client_run *run, const char *arg)
{
	static const struct {
		int	stage, list;
	} lists[] = {
		{ TEXT_CONNECT, SMFIM_CONNECT }, { TEXT_HELO, SMFIM_HELO },
		{ TEXT_MAIL, SMFIM_ENVFROM }, { TEXT_RCPT, SMFIM_ENVRCPT },
		{ TEXT_DATA, SMFIM_DATA }, { TEXT_EOM, SMFIM_EOM },
		{ TEXT_EOH, SMFIM_EOH },
	};
	size_t n = strcspn(arg, ":"), i;
	unsigned none;
	int stage = text_read_stage(arg, n, &none);

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		if (arg[n] == ':' && lists[i].stage == stage) {
			run->cfg.macros[lists[i].list] = arg + n + 1;
			return (0);
		}
	return (client_bad(run, "macros", arg, "STAGE:LIST is needed, STAGE "
	    "one of connect helo mail rcpt data eoh eom"));
}

static int
client_set_number(struct client_run *run, int id, const char *arg)
{
	static const struct {
		int		 id;
		unsigned	 base;
		const char	*name;
	} numbers[] = {
		{ CLIENT_O_MODE, 8, "unix-socket-mode" },
		{ CLIENT_O_ACTIONS, 16, "actions" },
		{ CLIENT_O_PROTOCOL, 16, "protocol" },
		{ CLIENT_O_VERSION_NUMBER, 10, "version-number" },
		{ CLIENT_O_SESSIONS, 10, "sessions" },
	};
	uint64_t v;
	size_t i = 0;

	while (numbers[i].id != id)
		i++;
	if (number_read(arg, numbers[i].base, id == CLIENT_O_MODE ? 0777 :
	    UINT32_MAX, &v) != 0)
		return (client_bad(run, numbers[i].name, arg,
		    numbers[i].base == 16 ? "a hexadecimal number is needed" :
		    numbers[i].base == 8 ? "an octal number is needed" :
		    "a number is needed"));
	switch (id) {
	case CLIENT_O_MODE:
		run->listening.mode = (unsigned)v;
		break;
	case CLIENT_O_ACTIONS:
		run->cfg.actions = (uint32_t)v;
		run->cfg.has_actions = true;
		break;
	case CLIENT_O_PROTOCOL:
		run->cfg.protocol = (uint32_t)v;
		run->cfg.has_protocol = true;
		break;
	case CLIENT_O_VERSION_NUMBER:
		run->cfg.version = (uint32_t)v;
		break;
	default:
		run->sessions = (unsigned)v;
		break;
	}
	return (0);
}

static int
client_set(struct client_run *run, int id, const char *arg)
{
	const char *why;

	switch (id) {
	case CLIENT_O_SPEC:
		return (client_set_spec(run, arg));
	case CLIENT_O_VERBOSE:
		run->cfg.verbose = true;
		break;
	case CLIENT_O_QUIET:
		run->cfg.quiet = true;
		break;
	case CLIENT_O_DAEMON:
	case CLIENT_O_NO_DAEMON:
		run->daemon = id == CLIENT_O_DAEMON;
		break;
	case CLIENT_O_USER:
		run->user = arg;
		break;
	case CLIENT_O_GROUP:
		run->group = arg;
		break;
	case CLIENT_O_SOCKET_GROUP:
		run->listening.group = arg;
		break;
	case CLIENT_O_BACKEND:
		run->backend = arg;
		if (!loop_backend_known(arg))
			return (client_bad(run, "event-loop-backend", arg,
			    "auto, kqueue, epoll or poll is needed"));
		break;
	case CLIENT_O_PID_FILE:
		run->pid_file = arg;
		break;
	case CLIENT_O_ON:
		if (client_script_rule(&run->cfg.script, arg, &why) != 0)
			return (client_bad(run, "on", arg, why));
		break;
	case CLIENT_O_EDIT:
		if (client_script_edit(&run->cfg.script, arg, &why) != 0)
			return (client_bad(run, "edit", arg, why));
		break;
	case CLIENT_O_MACROS:
		return (client_set_macros(run, arg));
	case CLIENT_O_DIGEST:
		run->cfg.digest = true;
		break;
	case CLIENT_O_PREFIX:
		run->cfg.session_prefix = true;
		break;
	case CLIENT_O_READY:
		run->ready_file = arg;
		break;
	default:
		return (client_set_number(run, id, arg));
	}
	return (0);
}

/* -1 to go on, or the exit status. */
static int
client_read_options(struct client_run *run, int argc, char **argv)
{
	const char *program = run->cfg.program;
	struct options o;
	int id;

	options_init(&o, client_options, argc, argv);
	while ((id = options_next(&o)) > 0) {
		if (id == CLIENT_O_HELP) {
			printf("usage: %s --connection-spec=SPEC [option ...]"
			    "\n", program);
			options_usage(stdout, client_options);
			return (EXIT_SUCCESS);
		}
		if (id == CLIENT_O_VERSION) {
			printf("%s %s\n", program, MM_VERSION);
			return (EXIT_SUCCESS);
		}
		if (client_set(run, id, o.arg) != 0)
			return (EX_USAGE);
	}
	if (id < 0)
		return (EX_USAGE);
	if (o.next < argc)
		fprintf(stderr, "%s: %s: unexpected argument\n", program,
		    argv[o.next]);
	else if (run->spec.family == 0)
		fprintf(stderr, "%s: --connection-spec is needed\n", program);
	else
		return (-1);
	return (EX_USAGE);
}

int
tool_test_client(int argc, char **argv)
{
	struct client_run run;
	int status;

	memset(&run, 0, sizeof(run));
	run.cfg.program = argv[0];
	run.listening.mode = 0660;
	run.listening.remove_on_create = true;
	run.listening.remove_on_close = true;
	run.listening.pause_ms = 1000;
	status = client_read_options(&run, argc, argv);
	if (status < 0)
		status = client_serve(&run);
	client_script_free(&run.cfg.script);
	spec_free(&run.spec);
	return (status);
}
