/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_options.c - the test server's command line.
 * Owns:      its options, their defaults (upstream's), and their checks.
 * Called by: server.c.
 * Must not:  send anything.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/number.h"
#include "base/options.h"
#include "tool/server_options.h"
#include "tool/tool.h"

enum server_option {
	SERVER_O_NAME = 1, SERVER_O_SPEC, SERVER_O_VERSION_NUMBER,
	SERVER_O_CONNECT_HOST, SERVER_O_CONNECT_ADDRESS, SERVER_O_HELO,
	SERVER_O_FROM, SERVER_O_RCPT, SERVER_O_REJECTED, SERVER_O_HEADER,
	SERVER_O_BODY, SERVER_O_UNKNOWN, SERVER_O_AUTH_NAME,
	SERVER_O_AUTH_TYPE, SERVER_O_AUTH_AUTHOR, SERVER_O_MAIL_FILE,
	SERVER_O_OUTPUT, SERVER_O_COLOR, SERVER_O_CONNECTION_TIMEOUT,
	SERVER_O_READING_TIMEOUT, SERVER_O_WRITING_TIMEOUT,
	SERVER_O_EOM_TIMEOUT, SERVER_O_ALL_TIMEOUTS, SERVER_O_THREADS,
	SERVER_O_MTA, SERVER_O_MESSAGES, SERVER_O_ABORT, SERVER_O_CLOSE,
	SERVER_O_SESSIONS, SERVER_O_CONCURRENCY, SERVER_O_ACTIONS,
	SERVER_O_PROTOCOL, SERVER_O_CHUNK_SIZE, SERVER_O_WRITE,
	SERVER_O_TRANSCRIPT, SERVER_O_QUIT_NC, SERVER_O_RAW, SERVER_O_RAW_FILE,
	SERVER_O_EXPECT, SERVER_O_BACKEND, SERVER_O_VERSION, SERVER_O_HELP,
	SERVER_O_MACRO		/* + enum text_stage */
};

/* Casts: newer compilers mind the sum of two enums. */
#define SERVER_MACRO(stage)	((int)SERVER_O_MACRO + (int)(stage))

static const struct option_def server_options[] = {
	{ 's', SERVER_O_SPEC, "connection-spec", "SPEC",
	    "the milter to connect to" },
	{ 0, SERVER_O_NAME, "name", "NAME", "program name, {daemon_name}" },
	{ 0, SERVER_O_VERSION_NUMBER, "negotiate-version", "N",
	    "protocol version to offer (6)" },
	{ 0, SERVER_O_ACTIONS, "actions", "HEX", "actions to offer (1ff)" },
	{ 0, SERVER_O_PROTOCOL, "protocol", "HEX",
	    "protocol bits to offer (1fffff)" },
	{ 0, SERVER_O_MTA, "mta", "NAME", "sendmail (default) or postfix" },
	{ 0, SERVER_O_CONNECT_HOST, "connect-host", "NAME",
	    "client's host name" },
	{ 0, SERVER_O_CONNECT_ADDRESS, "connect-address", "SPEC",
	    "client's address" },
	{ 0, SERVER_MACRO(TEXT_CONNECT), "connect-macro", "NAME:VALUE",
	    "macro at connect (repeat)" },
	{ 0, SERVER_O_HELO, "helo-fqdn", "NAME", "argument of HELO" },
	{ 0, SERVER_MACRO(TEXT_HELO), "helo-macro", "NAME:VALUE",
	    "macro at helo (repeat)" },
	{ 'f', SERVER_O_FROM, "envelope-from", "ADDRESS",
	    "sender, and parameters behind spaces" },
	{ 0, SERVER_O_FROM, "from", "ADDRESS", NULL },
	{ 0, SERVER_MACRO(TEXT_MAIL), "envelope-from-macro", "NAME:VALUE",
	    "macro at mail (repeat)" },
	{ 'r', SERVER_O_RCPT, "envelope-recipient", "ADDRESS",
	    "recipient (repeat)" },
	{ 0, SERVER_O_RCPT, "recipient", "ADDRESS", NULL },
	{ 0, SERVER_O_REJECTED, "rejected-recipient", "ADDRESS",
	    "recipient that the MTA refuses (repeat)" },
	{ 0, SERVER_MACRO(TEXT_RCPT), "envelope-recipient-macro", "NAME:VALUE",
	    "macro at rcpt (repeat)" },
	{ 0, SERVER_MACRO(TEXT_DATA), "data-macro", "NAME:VALUE",
	    "macro at data (repeat)" },
	{ 'h', SERVER_O_HEADER, "header", "NAME:VALUE",
	    "header field (repeat)" },
	{ 0, SERVER_MACRO(TEXT_EOH), "end-of-header-macro", "NAME:VALUE",
	    "macro at eoh (repeat)" },
	{ 'b', SERVER_O_BODY, "body", "CHUNK", "body chunk (repeat)" },
	{ 0, SERVER_MACRO(TEXT_EOM), "end-of-message-macro", "NAME:VALUE",
	    "macro at eom (repeat)" },
	{ 0, SERVER_O_UNKNOWN, "unknown", "COMMAND",
	    "unknown command before DATA" },
	{ 0, SERVER_O_AUTH_NAME, "authenticated-name", "NAME",
	    "{auth_authen}" },
	{ 0, SERVER_O_AUTH_TYPE, "authenticated-type", "TYPE", "{auth_type}" },
	{ 0, SERVER_O_AUTH_AUTHOR, "authenticated-author", "NAME",
	    "{auth_author}" },
	{ 'm', SERVER_O_MAIL_FILE, "mail-file", "FILE",
	    "message to send, - for stdin" },
	{ 0, SERVER_O_CHUNK_SIZE, "chunk-size", "N",
	    "largest body chunk (65535)" },
	{ 0, SERVER_O_MESSAGES, "messages", "N", "messages in a session (1)" },
	{ 0, SERVER_O_ABORT, "abort", "STAGE[:K]",
	    "abort message K after STAGE" },
	{ 0, SERVER_O_CLOSE, "close-after", "STAGE[:K]",
	    "drop the connection after STAGE" },
	{ 0, SERVER_O_QUIT_NC, "quit-nc", NULL, "QUIT_NC between messages" },
	{ 0, SERVER_O_SESSIONS, "sessions", "N", "sessions in all (1)" },
	{ 0, SERVER_O_CONCURRENCY, "concurrency", "N", "sessions at once (1)" },
	{ 't', SERVER_O_THREADS, "threads", "N", "N sessions, all at once" },
	{ 0, SERVER_O_RAW, "raw", "HEX", "send these bytes after negotiation" },
	{ 0, SERVER_O_RAW_FILE, "raw-file", "FILE",
	    "send these bytes after negotiation" },
	{ 0, SERVER_O_EXPECT, "expect", "VERDICT",
	    "fail when the verdict differs" },
	{ 0, SERVER_O_WRITE, "write-message", "FILE",
	    "write the resulting message" },
	{ 0, SERVER_O_OUTPUT, "output-message", NULL,
	    "show the resulting message" },
	{ 0, SERVER_O_COLOR, "color", "[=yes|no|auto]", "colours in that" },
	{ 'v', SERVER_O_TRANSCRIPT, "transcript", NULL, "print every frame" },
	{ 0, SERVER_O_TRANSCRIPT, "verbose", NULL, NULL },
	{ 0, SERVER_O_BACKEND, "event-loop-backend", "NAME",
	    "auto, kqueue, epoll, poll" },
	{ 0, SERVER_O_CONNECTION_TIMEOUT, "connection-timeout", "SECONDS",
	    "300" },
	{ 0, SERVER_O_READING_TIMEOUT, "reading-timeout", "SECONDS", "10" },
	{ 0, SERVER_O_WRITING_TIMEOUT, "writing-timeout", "SECONDS", "10" },
	{ 0, SERVER_O_EOM_TIMEOUT, "end-of-message-timeout", "SECONDS", "300" },
	{ 0, SERVER_O_ALL_TIMEOUTS, "all-timeouts", "SECONDS", "all four" },
	{ 0, SERVER_O_VERSION, "version", NULL, "print the version" },
	{ 0, SERVER_O_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

static int
server_options_bad(const struct server_config *cfg, const char *option,
    const char *arg, const char *why)
{
	fprintf(stderr, "%s: --%s=%s: %s\n", cfg->program, option, arg, why);
	return (-1);
}

/* Room for one more element of an array, zeroed; NULL is the end. */
static void *
server_options_more(void *array, size_t *n, size_t size)
{
	char *grown;

	/* array points to a pointer of whatever type. */
	memcpy(&grown, array, sizeof(grown));
	grown = realloc(grown, (*n + 1) * size);
	if (grown == NULL) {
		fputs("milter-test-server: out of memory\n", stderr);
		exit(EX_OSERR);
	}
	memcpy(array, &grown, sizeof(grown));
	memset(grown + *n * size, 0, size);
	return (grown + (*n)++ * size);
}

static int
server_options_address(struct server_config *cfg, const char *arg)
{
	struct spec spec;
	struct in6_addr six;
	char why[256];
	size_t n = 0;
	unsigned i;
	int good = 0;

	cfg->connect.address = cfg->address;
	cfg->connect.family = SMFIA_UNKNOWN;
	cfg->connect.port = 0;
	cfg->address[0] = '\0';
	if (strcmp(arg, "unknown") == 0)
		return (0);
	if (spec_parse(arg, &spec, why, sizeof(why)) != 0)
		return (server_options_bad(cfg, "connect-address", arg, why));
	cfg->connect.port = spec.port;
	if (spec.family == AF_UNIX) {
		cfg->connect.family = SMFIA_UNIX;
		good = strlcpy(cfg->address, spec.path,
		    sizeof(cfg->address)) < sizeof(cfg->address);
	} else if (spec.family == AF_INET) {
		cfg->connect.family = SMFIA_INET;
		good = spec.host != NULL && inet_pton(AF_INET, spec.host,
		    &six) == 1;
		snprintf(cfg->address, sizeof(cfg->address), "%s",
		    good ? spec.host : "");
	} else if (spec.host != NULL &&
	    inet_pton(AF_INET6, spec.host, &six) == 1) {
		/* Sendmail tags it and shortens nothing; Postfix does. */
		cfg->connect.family = SMFIA_INET6;
		good = inet_ntop(AF_INET6, &six, cfg->address,
		    sizeof(cfg->address)) != NULL;
		if (cfg->mta == SERVER_SENDMAIL)
			for (i = 0; i < 16; i += 2)
				n += (size_t)snprintf(cfg->address + n,
				    sizeof(cfg->address) - n, "%s%x",
				    i == 0 ? "IPv6:" : ":",
				    six.s6_addr[i] * 256u +
				    six.s6_addr[i + 1]);
	}
	spec_free(&spec);
	return (good ? 0 : server_options_bad(cfg, "connect-address", arg,
	    "a numeric address is needed, such as "
	    "inet:50443@[192.168.123.123]"));
}

static int
server_options_plan(struct server_config *cfg, const char *arg, bool aborts)
{
	struct server_plan plan = { 0, 1 };

	plan.stage = text_read_stage(arg, strlen(arg), &plan.k);
	if (plan.stage < 0 || (aborts && (plan.stage == TEXT_EOM ||
	    plan.stage < TEXT_HELO)))
		return (server_options_bad(cfg, aborts ? "abort" :
		    "close-after", arg, aborts ?
		    "a stage is needed: helo mail rcpt unknown data header "
		    "eoh body" : "a stage is needed: negotiate connect helo "
		    "mail rcpt unknown data header eoh body eom"));
	*(struct server_plan *)(aborts ?
	    server_options_more(&cfg->abort, &cfg->n_aborts, sizeof(plan)) :
	    server_options_more(&cfg->closing, &cfg->n_closings,
	    sizeof(plan))) = plan;
	return (0);
}

static int
server_options_number(const struct server_config *cfg, const char *name,
    const char *arg, unsigned base, uint64_t min, uint64_t max, uint64_t *v)
{
	if (number_read(arg, base, max, v) == 0 && *v >= min)
		return (0);
	return (server_options_bad(cfg, name, arg, base == 16 ?
	    "a hexadecimal number is needed" : "a number is needed"));
}

/* Options that are numbers.  1: it was none. */
static int
server_options_numeric(struct server_config *cfg, int id, const char *arg)
{
	static const struct {
		int		 id;
		unsigned	 base;
		uint64_t	 min, max;
		const char	*name;
	} numbers[] = {
		{ SERVER_O_VERSION_NUMBER, 10, 0, UINT32_MAX,
		    "negotiate-version" },
		{ SERVER_O_ACTIONS, 16, 0, UINT32_MAX, "actions" },
		{ SERVER_O_PROTOCOL, 16, 0, UINT32_MAX, "protocol" },
		{ SERVER_O_THREADS, 10, 0, 1000000, "threads" },
		{ SERVER_O_MESSAGES, 10, 1, 1000000, "messages" },
		{ SERVER_O_SESSIONS, 10, 1, 100000000, "sessions" },
		{ SERVER_O_CONCURRENCY, 10, 1, 1000000, "concurrency" },
		{ SERVER_O_CHUNK_SIZE, 10, 1, 1024 * 1024,
		    "chunk-size" },
	};
	uint64_t v;
	size_t i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (numbers[i].id == id)
			break;
	if (i == sizeof(numbers) / sizeof(numbers[0]))
		return (1);
	if (server_options_number(cfg, numbers[i].name, arg, numbers[i].base,
	    numbers[i].min, numbers[i].max, &v) != 0)
		return (-1);
	switch (id) {
	case SERVER_O_VERSION_NUMBER:
		cfg->version = (uint32_t)v;
		break;
	case SERVER_O_ACTIONS:
		cfg->actions = (uint32_t)v;
		break;
	case SERVER_O_PROTOCOL:
		cfg->protocol = (uint32_t)v;
		cfg->protocol_given = true;
		break;
	case SERVER_O_THREADS:
		if (v == 0)
			v = 1;
		cfg->sessions = cfg->concurrency = (unsigned)v;
		break;
	case SERVER_O_MESSAGES:
		cfg->messages = (unsigned)v;
		break;
	case SERVER_O_SESSIONS:
		cfg->sessions = (unsigned)v;
		break;
	case SERVER_O_CONCURRENCY:
		cfg->concurrency = (unsigned)v;
		break;
	default:
		cfg->chunk_size = (size_t)v;
		break;
	}
	return (0);
}

static int
server_options_timeout(struct server_config *cfg, int id, const char *arg)
{
	uint64_t ms;

	/* What a poll() call can wait for. */
	if (number_read_time(arg, &ms) != 0 || ms > 0x7fffffff)
		return (server_options_bad(cfg, "...-timeout", arg,
		    "seconds are needed"));
	if (id == SERVER_O_CONNECTION_TIMEOUT || id == SERVER_O_ALL_TIMEOUTS)
		cfg->connection_timeout = ms;
	if (id == SERVER_O_READING_TIMEOUT || id == SERVER_O_ALL_TIMEOUTS)
		cfg->reading_timeout = ms;
	if (id == SERVER_O_WRITING_TIMEOUT || id == SERVER_O_ALL_TIMEOUTS)
		cfg->writing_timeout = ms;
	if (id == SERVER_O_EOM_TIMEOUT || id == SERVER_O_ALL_TIMEOUTS)
		cfg->eom_timeout = ms;
	return (0);
}

static int
server_options_expect(struct server_config *cfg, const char *arg)
{
	uint64_t code;
	int i;

	cfg->expect = arg;
	if (strncmp(arg, "replycode:", 10) == 0 && strlen(arg) == 13 &&
	    number_read(arg + 10, 10, 599, &code) == 0)
		return (0);
	for (i = 0; i < SERVER_N_STATUS; i++)
		if (strcmp(arg, server_status_names[i]) == 0)
			return (0);
	return (server_options_bad(cfg, "expect", arg, "a verdict is needed: "
	    "pass accept reject temporary-failure discard quarantine "
	    "shutdown abort closed replycode:NNN"));
}

/* What is read when all options are known. */
struct server_late {
	const char	*spec, *address, *mail_file;
	const char	**header;
	size_t		 n_headers;
};

static int
server_options_one(struct server_config *cfg, struct server_late *late, int id,
    const char *arg)
{
	struct server_rcpt *rcpt;
	struct server_macro *macro;
	int done;

	if (id >= SERVER_O_MACRO) {
		if (strchr(arg, ':') == NULL || *arg == ':')
			return (server_options_bad(cfg, "...-macro", arg,
			    "NAME:VALUE is needed"));
		macro = server_options_more(&cfg->macro, &cfg->n_macros,
		    sizeof(*macro));
		macro->stage = id - SERVER_O_MACRO;
		macro->text = arg;
		return (0);
	}
	if ((done = server_options_numeric(cfg, id, arg)) <= 0)
		return (done);
	switch (id) {
	case SERVER_O_NAME:
		cfg->name = arg;
		break;
	case SERVER_O_SPEC:
		late->spec = arg;
		break;
	case SERVER_O_CONNECT_HOST:
		cfg->connect.host = arg;
		break;
	case SERVER_O_CONNECT_ADDRESS:
		late->address = arg;
		break;
	case SERVER_O_HELO:
		cfg->helo = arg;
		break;
	case SERVER_O_FROM:
		cfg->from = arg;
		break;
	case SERVER_O_RCPT:
	case SERVER_O_REJECTED:
		rcpt = server_options_more(&cfg->rcpt, &cfg->n_rcpts,
		    sizeof(*rcpt));
		rcpt->text = arg;
		rcpt->rejected = id == SERVER_O_REJECTED;
		break;
	case SERVER_O_HEADER:
		*(const char **)server_options_more(&late->header,
		    &late->n_headers, sizeof(const char *)) = arg;
		break;
	case SERVER_O_BODY:
		*(const char **)server_options_more(&cfg->mail.chunk,
		    &cfg->mail.n_chunks, sizeof(const char *)) = arg;
		break;
	case SERVER_O_UNKNOWN:
		cfg->unknown = arg;
		break;
	case SERVER_O_AUTH_NAME:
		cfg->auth_name = arg;
		break;
	case SERVER_O_AUTH_TYPE:
		cfg->auth_type = arg;
		break;
	case SERVER_O_AUTH_AUTHOR:
		cfg->auth_author = arg;
		break;
	case SERVER_O_MAIL_FILE:
		late->mail_file = arg;
		break;
	case SERVER_O_OUTPUT:
		cfg->output_message = true;
		break;
	case SERVER_O_COLOR:
		if (arg != NULL && strcmp(arg, "auto") == 0)
			cfg->color = isatty(STDOUT_FILENO) == 1;
		else if (arg == NULL || strcmp(arg, "yes") == 0 ||
		    strcmp(arg, "true") == 0)
			cfg->color = true;
		else if (strcmp(arg, "no") == 0 || strcmp(arg, "false") == 0)
			cfg->color = false;
		else
			return (server_options_bad(cfg, "color", arg,
			    "yes, no or auto is needed"));
		break;
	case SERVER_O_MTA:
		if (strcmp(arg, "postfix") == 0)
			cfg->mta = SERVER_POSTFIX;
		else if (strcmp(arg, "sendmail") == 0)
			cfg->mta = SERVER_SENDMAIL;
		else
			return (server_options_bad(cfg, "mta", arg,
			    "sendmail or postfix is needed"));
		break;
	case SERVER_O_ABORT:
	case SERVER_O_CLOSE:
		return (server_options_plan(cfg, arg, id == SERVER_O_ABORT));
	case SERVER_O_WRITE:
		cfg->write_message = arg;
		break;
	case SERVER_O_TRANSCRIPT:
		cfg->transcript = true;
		break;
	case SERVER_O_QUIT_NC:
		cfg->quit_nc = true;
		break;
	case SERVER_O_RAW:
		cfg->has_raw = true;
		if (text_hex(&cfg->raw, arg) != 0)
			return (server_options_bad(cfg, "raw", arg,
			    "pairs of hexadecimal digits are needed"));
		break;
	case SERVER_O_RAW_FILE:
		cfg->has_raw = true;
		if (text_file(&cfg->raw, arg) != 0)
			return (server_options_bad(cfg, "raw-file", arg,
			    strerror(errno)));
		break;
	case SERVER_O_BACKEND:
		cfg->backend = arg;
		if (!loop_backend_known(arg))
			return (server_options_bad(cfg, "event-loop-backend",
			    arg, "auto, kqueue, epoll or poll is needed"));
		break;
	case SERVER_O_EXPECT:
		return (server_options_expect(cfg, arg));
	default:
		return (server_options_timeout(cfg, id, arg));
	}
	return (0);
}

/* The next address in one of the mail's own fields. */
static const char *
server_options_own(struct server_config *cfg, const char **raw)
{
	char *address = server_mail_address(raw);

	if (address != NULL)
		*(char **)server_options_more(&cfg->owned, &cfg->n_owned,
		    sizeof(char *)) = address;
	return (address);
}

/* Upstream's mail, and the envelope from the message's own fields. */
static int
server_options_mail(struct server_config *cfg, const struct server_late *late)
{
	static const char body[] = "La de da de da 1.\r\nLa de da de da 2.\r\n"
	    "La de da de da 3.\r\nLa de da de da 4.";
	struct server_mail *m = &cfg->mail;
	struct server_rcpt *rcpt;
	const char *raw;
	const char *address;
	char line[512];
	size_t i;

	for (i = 0; i < late->n_headers; i++)
		if (server_mail_add(m, late->header[i],
		    strlen(late->header[i])) != 0)
			return (server_options_bad(cfg, "header",
			    late->header[i], "NAME:VALUE is needed"));
	if (cfg->from == NULL && m->fp != NULL &&
	    (raw = server_mail_find(m, "From")) != NULL)
		cfg->from = server_options_own(cfg, &raw);
	if (cfg->from == NULL)
		cfg->from = "sender@example.com";
	if (cfg->n_rcpts == 0 && m->fp != NULL &&
	    (raw = server_mail_find(m, "To")) != NULL)
		while ((address = server_options_own(cfg, &raw)) != NULL) {
			rcpt = server_options_more(&cfg->rcpt, &cfg->n_rcpts,
			    sizeof(*rcpt));
			rcpt->text = address;
		}
	if (cfg->n_rcpts == 0) {
		rcpt = server_options_more(&cfg->rcpt, &cfg->n_rcpts,
		    sizeof(*rcpt));
		rcpt->text = "receiver@example.org";
	}
	/* A file is a whole message; what options give is completed. */
	if (m->fp != NULL)
		return (0);
	for (i = 0; i < 2; i++) {
		if (server_mail_find(m, i == 0 ? "From" : "To") != NULL)
			continue;
		raw = i == 0 ? cfg->from : cfg->rcpt[0].text;
		snprintf(line, sizeof(line), *raw == '<' ? "%s: %.*s" :
		    "%s: <%.*s>", i == 0 ? "From" : "To",
		    (int)strcspn(raw, " "), raw);
		if (server_mail_add(m, line, strlen(line)) != 0)
			return (-1);
	}
	if (m->n_chunks == 0)
		*(const char **)server_options_more(&m->chunk, &m->n_chunks,
		    sizeof(const char *)) = body;
	return (0);
}

/* What each version can be offered, as Postfix has it. */
static uint32_t
server_options_protocol(uint32_t version)
{
	return (version <= 2 ? SMFIP_V2_PROT : version == 3 ? 0x17fu :
	    version < 6 ? SMFIP_NO_MASK : SMFIP_ALL);
}

static int
server_options_finish(struct server_config *cfg,
    const struct server_late *late, struct spec *spec)
{
	char why[SPEC_TEXT_MAX];

	if (!cfg->protocol_given)
		cfg->protocol = server_options_protocol(cfg->version);

	if (late->spec == NULL) {
		fprintf(stderr, "%s: --connection-spec is needed\n",
		    cfg->program);
		return (-1);
	}
	if (text_read_spec(late->spec, spec, why, sizeof(why)) != 0)
		return (server_options_bad(cfg, "connection-spec", late->spec,
		    why));
	if (spec->family != AF_UNIX && spec->port == 0)
		return (server_options_bad(cfg, "connection-spec", late->spec,
		    "a port is needed"));
	if (server_options_address(cfg, late->address != NULL ?
	    late->address : "inet:50443@[192.168.123.123]") != 0)
		return (-1);
	return (0);
}

int
server_options_read(struct server_config *cfg, struct spec *spec, int argc,
    char **argv)
{
	struct server_late late;
	struct options o;
	int id, error = 0;

	memset(&late, 0, sizeof(late));
	cfg->program = argv[0];
	cfg->name = "milter-test-server";
	cfg->version = MILTER_VERSION_MAX;
	cfg->actions = SMFIF_ALL;
	cfg->connect.host = "mx.example.net";
	cfg->helo = "delian";
	cfg->messages = cfg->sessions = cfg->concurrency = 1;
	cfg->chunk_size = MILTER_CHUNK_SIZE;
	cfg->connection_timeout = cfg->eom_timeout = 300000;
	cfg->reading_timeout = cfg->writing_timeout = 10000;
	options_init(&o, server_options, argc, argv);
	while (error == 0 && (id = options_next(&o)) != 0) {
		if (id == SERVER_O_HELP) {
			printf("usage: %s --connection-spec=SPEC [option ...]"
			    "\n", cfg->program);
			options_usage(stdout, server_options);
		} else if (id == SERVER_O_VERSION)
			printf("%s %s\n", cfg->program, MM_VERSION);
		if (id == SERVER_O_HELP || id == SERVER_O_VERSION) {
			free(late.header);
			return (EXIT_SUCCESS);
		}
		error = id < 0 ? -1 : server_options_one(cfg, &late, id,
		    o.arg);
	}
	if (error == 0 && o.next < argc) {
		fprintf(stderr, "%s: %s: unexpected argument\n", cfg->program,
		    argv[o.next]);
		error = -1;
	}
	if (error == 0)
		error = server_options_finish(cfg, &late, spec);
	if (error != 0)
		error = EX_USAGE;
	else if (late.mail_file != NULL && server_mail_open(&cfg->mail,
	    late.mail_file, cfg->program) != 0)
		error = EXIT_FAILURE;
	else if (server_options_mail(cfg, &late) != 0)
		error = EX_USAGE;
	free(late.header);
	return (error == 0 ? -1 : error);
}

void
server_options_free(struct server_config *cfg)
{
	size_t i;

	server_mail_close(&cfg->mail);
	for (i = 0; i < cfg->n_owned; i++)
		free(cfg->owned[i]);
	free(cfg->owned);
	free(cfg->mail.chunk);
	free(cfg->rcpt);
	free(cfg->macro);
	free(cfg->abort);
	free(cfg->closing);
	buf_free(&cfg->raw);
}

#undef SERVER_MACRO
