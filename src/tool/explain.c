/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * explain.c - milter-manager-explain: which children a message would reach.
 * Owns:      its command line; what is printed.
 * Called by: main.c.
 * Must not:  ask a condition.
 */
#include "compat.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <netinet/in.h>

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>

#include "base/number.h"
#include "base/options.h"
#include "condition/stress.h"
#include "detect/detect.h"
#include "tool/explain_internal.h"
#include "tool/text.h"
#include "tool/tool.h"

static const struct option_def explain_options[] = {
	{ 'f', EXPLAIN_O_FILE, NULL, "FILE", "read this configuration file" },
	{ 'c', EXPLAIN_O_DIR, "config-dir", "DIR",
	    "read milter-manager.conf there" },
	{ 0, EXPLAIN_O_HOST, "host", "NAME", "the client's name" },
	{ 0, EXPLAIN_O_ADDRESS, "address", "ADDRESS",
	    "or ADDRESS:PORT, [ADDRESS]:PORT, unix" },
	{ 0, EXPLAIN_O_HELO, "helo", "NAME", "what it says in HELO" },
	{ 0, EXPLAIN_O_FROM, "from", "ADDRESS",
	    "sender, and parameters behind spaces" },
	{ 0, EXPLAIN_O_PARAM, "from-param", "NAME=VALUE",
	    "one more of them (repeat)" },
	{ 0, EXPLAIN_O_TO, "to", "ADDRESS", "recipient, the same (repeat)" },
	{ 0, EXPLAIN_O_AUTH, "auth", "USER", "who has logged in" },
	{ 0, EXPLAIN_O_TLS, "tls", "VERSION", "the TLS in use" },
	{ 0, EXPLAIN_O_MACRO, "macro", "NAME=VALUE",
	    "a macro, or STAGE:NAME=VALUE (repeat)" },
	{ 0, EXPLAIN_O_HEADER, "header", "NAME:VALUE",
	    "header field (repeat)" },
	{ 0, EXPLAIN_O_BODY, "body", "TEXT", "body, or @FILE" },
	{ 0, EXPLAIN_O_SIZE, "size", "BYTES", "size of the message" },
	{ 0, EXPLAIN_O_CONNECTIONS, "connections", "N",
	    "connections at the time" },
	{ 0, EXPLAIN_O_MTA, "mta", "NAME", "postfix or sendmail" },
	{ 0, EXPLAIN_O_TIME, "time", "HH:MM",
	    "instead of now; also \"sat HH:MM\"" },
	{ 0, EXPLAIN_O_VERSION, "version", NULL, "print the version" },
	{ 0, EXPLAIN_O_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

/* How --macro may name a stage, too: by a letter, as the protocol does. */
static const char explain_letters[CONF_STAGE_N + 1] = "CHMRTLNBE";

static const struct option_def *
explain_find_option(unsigned id)
{
	const struct option_def *o = explain_options;

	while (o->id != (int)id)
		o++;
	return (o);
}

const char *
explain_option_name(unsigned id)
{
	return (explain_find_option(id)->long_name);
}

/* --- the command line ---------------------------------------------------- */

int
explain_add(struct explain *x, int option, int stage, const char *name,
    size_t len, const char *value)
{
	struct explain_item *item = realloc(x->item, (x->n_items + 1) *
	    sizeof(*item));

	if (item != NULL) {
		x->item = item;
		item += x->n_items;
		memset(item, 0, sizeof(*item));
		item->option = option;
		item->stage = stage;
		if (buf_add(&item->data, name, len) == 0 &&
		    buf_add_u8(&item->data, 0) == 0 &&
		    (value == NULL || buf_add_str(&item->data, value) == 0)) {
			item->name = (const char *)buf_ptr(&item->data);
			item->value = item->name + len + 1;
			x->n_items++;
			return (0);
		}
		buf_free(&item->data);
	}
	x->no_memory = true;
	return (-1);
}

/* The table says what is right. */
static int
explain_bad(const struct explain *x, int id, const char *arg)
{
	const struct option_def *o = explain_find_option((unsigned)id);

	fprintf(stderr, "%s: --%s=%s: expected %s (%s)\n", x->program,
	    o->long_name, arg, o->arg_name, o->help);
	return (EX_USAGE);
}

void
explain_drop(struct explain *x, size_t n)
{
	while (x->n_items > n)
		buf_free(&x->item[--x->n_items].data);
}

/* "<a@b> SIZE=1": as the protocol has it. */
static void
explain_add_address(struct explain *x, int id, const char *text)
{
	size_t len = text[0] == '<' ? strcspn(text, ">") + 1 :
	    strcspn(text, " ");
	char *name = malloc(len + 3);
	struct buf *data;

	if (text[0] == '<' && text[len - 1] == '\0')
		len--;
	if (name == NULL) {
		x->no_memory = true;
		return;
	}
	(void)snprintf(name, len + 3, text[0] == '<' ? "%.*s" : "<%.*s>",
	    (int)len, text);
	if (explain_add(x, id, 0, name, strlen(name), NULL) == 0) {
		data = &x->item[x->n_items - 1].data;
		for (text += len; *(text += strspn(text, " ")) != '\0';
		    text += len) {
			len = strcspn(text, " ");
			if (buf_add(data, text, len) == -1 ||
			    buf_add_u8(data, 0) == -1)
				x->no_memory = true;
		}
		x->item[x->n_items - 1].name = (const char *)buf_ptr(data);
	}
	free(name);
}

static int
explain_read_address(struct explain *x, int id, const char *arg)
{
	struct sockaddr_storage ss;
	const struct sockaddr_in *four = (const void *)&ss;
	const struct sockaddr_in6 *six = (const void *)&ss;
	struct facts *f = &x->facts;
	socklen_t len;

	if (strcmp(arg, "unix") == 0) {
		facts_set_client(f, EVAL_UNIX, arg);
		return (-1);
	}
	if (spec_read_server(arg, 0, &ss, &len) == -1)
		return (explain_bad(x, id, arg));
	(void)inet_ntop(ss.ss_family, ss.ss_family == AF_INET ?
	    (const void *)&four->sin_addr : (const void *)&six->sin6_addr,
	    x->address, sizeof(x->address));
	f->client_port = ntohs(ss.ss_family == AF_INET ? four->sin_port :
	    six->sin6_port);
	facts_set_client(f, EVAL_INET, x->address);
	return (-1);
}

static int
explain_read_macro(struct explain *x, int id, const char *arg)
{
	size_t end = strcspn(arg, "="), n = strcspn(arg, ":");
	int stage = 0;

	if (n < end) {
		for (stage = CONF_STAGE_N - 1; stage >= 0; stage--) {
			const char *name = conf_stage_name(
			    (enum conf_stage)stage);

			if ((n == 1 && arg[0] == explain_letters[stage]) ||
			    (strlen(name) == n && strncmp(arg, name, n) == 0))
				break;
		}
		n++;
	} else
		n = 0;
	if (stage < 0 || n >= end || arg[end] == '\0')
		return (explain_bad(x, id, arg));
	(void)explain_add(x, id, stage, arg + n, end - n, arg + end + 1);
	return (-1);
}

static int
explain_read_time(struct explain *x, int id, const char *arg)
{
	static const char days[] = "sunmontuewedthufrisat";
	time_t now = time(NULL);
	struct tm tm;
	const char *p = arg;
	char part[3] = "";
	uint64_t hour, minute;
	int day;

	if (localtime_r(&now, &tm) == NULL)
		return (EX_OSERR);
	for (day = 6; day >= 0; day--)
		if (strncasecmp(p, days + 3 * day, 3) == 0)
			break;
	if (day >= 0) {
		tm.tm_mday += day - tm.tm_wday;
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	if (strcspn(p, ":") < sizeof(part))
		memcpy(part, p, strcspn(p, ":"));
	p += strcspn(p, ":");
	if (*p == '\0' || number_read(part, 10, 23, &hour) == -1 ||
	    number_read(p + 1, 10, 59, &minute) == -1)
		return (explain_bad(x, id, arg));
	tm.tm_hour = (int)hour;
	tm.tm_min = (int)minute;
	tm.tm_isdst = -1;
	x->facts.now = mktime(&tm);
	return (-1);
}

/* -1: go on; else the exit status. */
static int
explain_option(struct explain *x, int id, const char *arg)
{
	struct facts *f = &x->facts;
	size_t n;
	uint64_t v;

	switch (id) {
	case EXPLAIN_O_FILE:
		x->source.file = arg;
		break;
	case EXPLAIN_O_DIR:
		x->source.dir = arg;
		break;
	case EXPLAIN_O_HOST:
		f->host = arg;
		break;
	case EXPLAIN_O_ADDRESS:
		return (explain_read_address(x, id, arg));
	case EXPLAIN_O_HELO:
		f->helo = arg;
		break;
	case EXPLAIN_O_FROM:
		x->from = arg;
		break;
	case EXPLAIN_O_PARAM:
		x->no_memory |= buf_printf(&x->params, " %s", arg) == -1;
		break;
	case EXPLAIN_O_TO:
		explain_add_address(x, id, arg);
		break;
	case EXPLAIN_O_AUTH:
		(void)explain_add(x, EXPLAIN_O_MACRO, CONF_ENVELOPE_FROM,
		    "auth_authen", 11, arg);
		break;
	case EXPLAIN_O_TLS:
		(void)explain_add(x, EXPLAIN_O_MACRO, CONF_HELO,
		    "tls_version", 11, arg);
		break;
	case EXPLAIN_O_MACRO:
		return (explain_read_macro(x, id, arg));
	case EXPLAIN_O_HEADER:
		n = strcspn(arg, ":");
		if (n == 0 || arg[n] == '\0')
			return (explain_bad(x, id, arg));
		(void)explain_add(x, id, 0, arg, n, arg + n + 1 +
		    strspn(arg + n + 1, " \t"));
		break;
	case EXPLAIN_O_BODY:
		buf_clear(&x->body);
		if (arg[0] == '@' && text_file(&x->body, arg + 1) == -1) {
			fprintf(stderr, "%s: %s: %s\n", x->program, arg + 1,
			    strerror(errno));
			return (EX_NOINPUT);
		}
		if (arg[0] != '@')
			x->no_memory |= buf_add(&x->body, arg,
			    strlen(arg)) == -1;
		break;
	case EXPLAIN_O_SIZE:
		if (number_read_size(arg, &v) == -1 || v > LONG_MAX)
			return (explain_bad(x, id, arg));
		f->size = (long)v;
		break;
	case EXPLAIN_O_CONNECTIONS:
		if (number_read(arg, 10, 1000000, &v) == -1)
			return (explain_bad(x, id, arg));
		f->connections = (long)v;
		break;
	case EXPLAIN_O_MTA:
		f->postfix = strcmp(arg, "postfix") == 0;
		if (!f->postfix && strcmp(arg, "sendmail") != 0)
			return (explain_bad(x, id, arg));
		break;
	case EXPLAIN_O_TIME:
		return (explain_read_time(x, id, arg));
	case EXPLAIN_O_HELP:
		printf("usage: %s [option ...]\n", x->program);
		options_usage(stdout, explain_options);
		return (EX_OK);
	default:
		printf("%s %s\n", x->program, MM_VERSION);
		return (EX_OK);
	}
	return (-1);
}

static int
explain_read_options(struct explain *x, int argc, char **argv)
{
	struct options o;
	int id, status;

	options_init(&o, explain_options, argc, argv);
	while ((id = options_next(&o)) > 0) {
		status = explain_option(x, id, o.arg);
		if (status != -1)
			return (status);
		x->given |= 1u << id;
	}
	if (id < 0)
		return (EX_USAGE);
	if (o.next < argc) {
		fprintf(stderr, "%s: %s: not an option (see --help)\n",
		    x->program, argv[o.next]);
		return (EX_USAGE);
	}
	if (x->from == NULL && x->params.len > 0)
		return (explain_bad(x, EXPLAIN_O_FROM, ""));
	return (-1);
}

static void
explain_print(const struct explain *x)
{
	size_t i;

	for (i = 0; i < x->n; i++) {
		const struct explain_child *c = &x->child[i];

		printf("%s: ", c->m->name);
		if (c->stopped)
			printf("stopped\n");
		else if (c->unknown)
			printf("not known\n");
		else if (c->hidden > 0)
			printf("runs, %zu of %ld recipients are hidden\n",
			    c->hidden, x->facts.recipients);
		else
			printf("runs\n");
		(void)fwrite(buf_ptr(&c->text), 1, c->text.len, stdout);
	}
}

/* --- the run ------------------------------------------------------------- */

static void
explain_report(const char *line, void *arg)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

static int
explain_begin(struct explain *x)
{
	const struct conf *conf = x->conf;
	struct facts *f = &x->facts;
	unsigned stress = stress_threshold(conf);
	size_t i;

	f->conf = conf;
	explain_prepare(x);
	f->stressed = stress > 0 && f->connections >= (long)stress;
	if (conf->mta != CONF_MTA_AUTO) {
		f->postfix = conf->mta == CONF_MTA_POSTFIX;
		x->given |= 1u << EXPLAIN_O_MTA;
	}
	if (x->from != NULL) {
		struct buf b = { 0 };

		x->no_memory |= buf_printf(&b, "%s%.*s", x->from,
		    (int)x->params.len, (const char *)buf_ptr(&x->params)) ==
		    -1 || buf_add_u8(&b, 0) == -1;
		if (!x->no_memory)
			explain_add_address(x, EXPLAIN_O_FROM,
			    (const char *)buf_ptr(&b));
		buf_free(&b);
	}
	x->child = calloc(conf->n_milters + 1, sizeof(*x->child));
	for (i = 0; x->child != NULL && i < conf->n_milters; i++)
		if (conf->milters[i]->enabled)
			x->child[x->n++].m = conf->milters[i];
	f->loop = x->loop = loop_new(conf->event_loop_backend);
	if (x->loop == NULL)
		return (-1);
	f->dns = facts_dns(x->loop, conf, 0);
	f->feeds = feeds_new(x->loop, conf, NULL);
	return (x->child == NULL || f->dns == NULL || f->feeds == NULL ||
	    x->no_memory ? -1 : 0);
}

static void
explain_end(struct explain *x)
{
	size_t i;

	facts_free(&x->facts);
	feeds_free(x->facts.feeds);
	dns_free(x->facts.dns);
	if (x->loop != NULL)
		loop_free(x->loop);
	explain_drop(x, 0);
	for (i = 0; i < x->n; i++)
		buf_free(&x->child[i].text);
	free(x->item);
	free(x->child);
	buf_free(&x->body);
	buf_free(&x->params);
	conf_unref(x->conf);
}

static int
explain_run(struct explain *x)
{
	x->source.detect = detect_load;
	x->source.known = detect_known;
	x->conf = conf_load(&x->source, explain_report, NULL);
	if (x->conf == NULL)
		return (EX_CONFIG);
	(void)signal(SIGPIPE, SIG_IGN);
	if (explain_begin(x) == 0)
		explain_session(x);
	else
		x->no_memory = true;
	if (x->no_memory) {
		fprintf(stderr, "%s: %s\n", x->program, strerror(errno));
		return (EX_OSERR);
	}
	explain_print(x);
	return (fflush(stdout) == 0 && !ferror(stdout) ? EX_OK : EX_IOERR);
}

int
tool_explain(int argc, char **argv)
{
	struct explain x;
	int status;

	memset(&x, 0, sizeof(x));
	x.program = argv[0];
	facts_init(&x.facts);
	status = explain_read_options(&x, argc, argv);
	if (status == -1)
		status = explain_run(&x);
	explain_end(&x);
	return (status);
}
