/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server.c - milter-test-server: plays the MTA towards a milter.
 * Owns:      its life: sessions side by side, what is printed, exit status.
 * Called by: main.c.
 * Must not:  know frames.
 */
#include "compat.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "tool/server_options.h"
#include "tool/tool.h"

struct server_run {
	struct server_config cfg;
	struct resolver	*resolver;
	uint64_t	 began;
	unsigned	 started, ended;
	unsigned	 count[SERVER_N_STATUS];
	bool		 failed;
};

/* The file for a message: one of its own when there are several. */
static const char *
server_message_path(const struct server_session *s, char *dst, size_t size)
{
	const struct server_config *cfg = s->cfg;

	if (cfg->sessions == 1 && cfg->messages == 1)
		return (cfg->write_message);
	snprintf(dst, size, "%s.%u.%u", cfg->write_message, s->number,
	    s->message);
	return (dst);
}

static void
server_on_verdict(struct server_session *s, void *arg)
{
	struct server_run *run = arg;
	const struct server_config *cfg = &run->cfg;
	const struct server_result *r = &s->result;
	char path[1024];
	const char *file;

	run->count[r->status]++;
	if (cfg->sessions == 1) {
		if (cfg->messages > 1)
			printf("message: %u\n", s->message);
		server_result_print(r, cfg);
	}
	if (cfg->expect != NULL && !server_result_expected(r, cfg->expect)) {
		fflush(stdout);
		fprintf(stderr, "%s: session %u message %u: %s instead of "
		    "%s\n", cfg->program, s->number, s->message,
		    server_status_names[r->status], cfg->expect);
		run->failed = true;
	}
	if (cfg->write_message == NULL || !r->kept ||
	    (r->status != SERVER_PASS && r->status != SERVER_ACCEPT &&
	    r->status != SERVER_QUARANTINE))
		return;
	file = server_message_path(s, path, sizeof(path));
	if (server_result_write(r, cfg, file) != 0) {
		fprintf(stderr, "%s: %s: %s\n", cfg->program, file,
		    strerror(errno));
		run->failed = true;
	}
}

static void	server_start_some(struct server_run *);

static void
server_on_ended(struct server_session *s, void *arg)
{
	struct server_run *run = arg;

	if (s->failed) {
		run->failed = true;
		run->count[SERVER_ERROR]++;
		if (run->cfg.sessions == 1)
			printf("status: %s\n",
			    server_status_names[SERVER_ERROR]);
	}
	server_session_free(s);
	run->ended++;
	server_start_some(run);
	if (run->ended < run->started)
		return;
	/* The last one: what keeps the loop waiting goes, too. */
	target_free(run->cfg.target);
	run->cfg.target = NULL;
	resolver_free(run->resolver);
	run->resolver = NULL;
}

static void
server_start_some(struct server_run *run)
{
	const struct server_config *cfg = &run->cfg;
	struct server_session *s;

	while (run->started < cfg->sessions &&
	    run->started - run->ended < cfg->concurrency) {
		if ((s = calloc(1, sizeof(*s))) == NULL) {
			fprintf(stderr, "%s: %s\n", cfg->program,
			    strerror(ENOMEM));
			run->failed = true;
			run->cfg.sessions = run->started;
			return;
		}
		s->cfg = cfg;
		s->number = ++run->started;
		s->verdict = server_on_verdict;
		s->ended = server_on_ended;
		s->arg = run;
		server_session_start(s);
	}
}

static void
server_print_totals(const struct server_run *run)
{
	uint64_t ms = loop_now(run->cfg.loop) - run->began;
	int i;

	if (run->cfg.sessions > 1) {
		printf("sessions: %u\n", run->ended);
		for (i = 0; i < SERVER_N_STATUS; i++)
			if (run->count[i] > 0)
				printf("status: %s: %u\n",
				    server_status_names[i], run->count[i]);
	}
	printf("elapsed-time: %lu.%03lu seconds\n", (unsigned long)(ms / 1000),
	    (unsigned long)(ms % 1000));
}

static int
server_run(struct server_run *run, const struct spec *spec)
{
	struct server_config *cfg = &run->cfg;

	text_raise_files();
	(void)signal(SIGPIPE, SIG_IGN);
	if ((cfg->loop = loop_new(cfg->backend)) == NULL)
		goto fail;
	if (target_needs_resolver(spec) &&
	    (run->resolver = resolver_new(cfg->loop)) == NULL)
		goto fail;
	cfg->target = target_new(cfg->loop, run->resolver, spec, 0);
	if (cfg->target == NULL)
		goto fail;
	run->began = loop_now(cfg->loop);
	server_start_some(run);
	if (loop_run(cfg->loop) != 0)
		goto fail;
	server_print_totals(run);
	if (fflush(stdout) != 0)
		goto fail;
	return (run->failed ? EXIT_FAILURE : EXIT_SUCCESS);

fail:
	fprintf(stderr, "%s: %s\n", cfg->program, strerror(errno));
	return (EXIT_FAILURE);
}

int
tool_test_server(int argc, char **argv)
{
	struct server_run run;
	struct spec spec;
	int status;

	memset(&run, 0, sizeof(run));
	memset(&spec, 0, sizeof(spec));
	status = server_options_read(&run.cfg, &spec, argc, argv);
	if (status < 0)
		status = server_run(&run, &spec);
	if (run.cfg.target != NULL)
		target_free(run.cfg.target);
	if (run.resolver != NULL)
		resolver_free(run.resolver);
	if (run.cfg.loop != NULL)
		loop_free(run.cfg.loop);
	server_options_free(&run.cfg);
	spec_free(&spec);
	return (status);
}
