/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * replay.c - milter-manager-replay: a recorded session, shown or played again.
 * Owns:      its command line; reading and checking the file.
 * Called by: main.c.
 * Must not:  know what a frame means.
 */
#include "compat.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/number.h"
#include "base/options.h"
#include "tool/replay.h"
#include "tool/tool.h"

/* Twice the largest that the manager writes. */
#define REPLAY_FILE_MAX	((size_t)512 * 1024 * 1024)
/* A day, in milliseconds. */
#define REPLAY_TIME_MAX	((uint64_t)86400 * 1000)

enum replay_option {
	REPLAY_O_TO = 1, REPLAY_O_CHILD, REPLAY_O_PRINT, REPLAY_O_BODY,
	REPLAY_O_TIMING, REPLAY_O_TIMEOUT, REPLAY_O_VERSION, REPLAY_O_HELP
};

static const struct option_def replay_options[] = {
	{ 's', REPLAY_O_TO, "to", "SPEC", "where to play it" },
	{ 'c', REPLAY_O_CHILD, "child", "NAME", "the side of this child" },
	{ 'l', REPLAY_O_PRINT, "print", NULL, "show it and play nothing" },
	{ 0, REPLAY_O_BODY, "body", NULL, "show bodies in full" },
	{ 0, REPLAY_O_TIMING, "timing", NULL,
	    "pause where the record has a pause" },
	{ 't', REPLAY_O_TIMEOUT, "timeout", "SECONDS",
	    "for connecting and each frame (300)" },
	{ 0, REPLAY_O_VERSION, "version", NULL, "print the version" },
	{ 0, REPLAY_O_HELP, "help", NULL, "print this" },
	{ 0, 0, NULL, NULL, NULL }
};

/* --- the file ------------------------------------------------------------ */

static int
replay_file_load(struct buf *b, const struct replay_config *cfg)
{
	FILE *fp = fopen(cfg->path, "r");
	unsigned char *p;
	size_t n = 0;

	if (fp == NULL) {
		fprintf(stderr, "%s: %s: %s\n", cfg->program, cfg->path,
		    strerror(errno));
		return (EX_NOINPUT);
	}
	do {
		p = buf_reserve(b, 65536);
		if (p == NULL) {
			errno = ENOMEM;
			break;
		}
		n = fread(p, 1, 65536, fp);
		buf_commit(b, n);
	} while (n > 0 && b->len <= REPLAY_FILE_MAX);
	if (p == NULL || ferror(fp)) {
		fprintf(stderr, "%s: %s: %s\n", cfg->program, cfg->path,
		    strerror(errno));
		(void)fclose(fp);
		return (EX_NOINPUT);
	}
	(void)fclose(fp);
	if (b->len > REPLAY_FILE_MAX) {
		fprintf(stderr, "%s: %s: too large for a recorded session\n",
		    cfg->program, cfg->path);
		return (EX_DATAERR);
	}
	return (EX_OK);
}

/* All records once, so that a bad file is told before anything is played. */
static enum trace_error
replay_file_check(struct replay_file *f, struct trace_reader *r)
{
	struct trace_record rec, *more;
	enum trace_error error;

	error = trace_open(r, buf_ptr(&f->bytes), f->bytes.len);
	if (error != TRACE_OK)
		return (error);
	while ((error = trace_next(r, &rec)) == TRACE_OK) {
		if (rec.kind == TRACE_SESSION)
			f->session = rec;
		else if (rec.kind == TRACE_CUT)
			f->cut = true;
		else if (rec.kind == TRACE_CHILD) {
			more = realloc(f->child, (f->n_children + 1) *
			    sizeof(*more));
			if (more == NULL)
				return (TRACE_NO_MEMORY);
			more[f->n_children++] = rec;
			f->child = more;
		}
	}
	f->bad_at = r->off;
	f->why = r->why;
	return (error);
}

/* Reads and checks it: EX_OK, or one line was printed and an exit status. */
static int
replay_file_read(struct replay_file *f, const struct replay_config *cfg)
{
	struct trace_reader r;
	int status;

	memset(f, 0, sizeof(*f));
	status = replay_file_load(&f->bytes, cfg);
	if (status != EX_OK)
		return (status);
	f->end = replay_file_check(f, &r);
	trace_close(&r);
	switch (f->end) {
	case TRACE_NO_MAGIC:
		fprintf(stderr, "%s: %s: not a session recorded by "
		    "milter-manager\n", cfg->program, cfg->path);
		return (EX_DATAERR);
	case TRACE_VERSION:
		fprintf(stderr, "%s: %s: recorded by another version of "
		    "milter-manager\n", cfg->program, cfg->path);
		return (EX_DATAERR);
	case TRACE_NO_MEMORY:
		fprintf(stderr, "%s: %s: %s\n", cfg->program, cfg->path,
		    strerror(ENOMEM));
		return (EX_OSERR);
	case TRACE_OK:
	case TRACE_DONE:
	case TRACE_UNFINISHED:
	case TRACE_BAD:
		break;
	}
	if (f->session.kind != TRACE_SESSION) {
		fprintf(stderr, "%s: %s: no session in it%s%s\n",
		    cfg->program, cfg->path, f->why != NULL ? ": " : "",
		    f->why != NULL ? f->why : "");
		return (EX_DATAERR);
	}
	return (EX_OK);
}

static void
replay_file_free(struct replay_file *f)
{
	free(f->child);
	buf_free(&f->bytes);
}

/* The side of that name: 0 for NULL, else a child's; -1: there is none. */
static int
replay_file_side(const struct replay_file *f, const char *child)
{
	const char *name, *spec;
	size_t i;

	if (child == NULL)
		return (0);
	for (i = 0; i < f->n_children; i++) {
		trace_child(&f->child[i], &name, &spec);
		if (strcmp(name, child) == 0)
			return ((int)i + 1);
	}
	return (-1);
}

/* --- the command line ---------------------------------------------------- */

static int
replay_bad(const struct replay_config *cfg, const char *what, const char *why)
{
	fprintf(stderr, "%s: %s: %s (see --help)\n", cfg->program, what, why);
	return (EX_USAGE);
}

static int
replay_option(struct replay_config *cfg, int id, const char *arg)
{
	switch (id) {
	case REPLAY_O_TO:
		cfg->to = arg;
		break;
	case REPLAY_O_CHILD:
		cfg->child = arg;
		break;
	case REPLAY_O_PRINT:
		cfg->print = true;
		break;
	case REPLAY_O_BODY:
		cfg->body = true;
		break;
	case REPLAY_O_TIMING:
		cfg->timing = true;
		break;
	case REPLAY_O_TIMEOUT:
		if (number_read_time(arg, &cfg->timeout) == -1 ||
		    cfg->timeout == 0 || cfg->timeout > REPLAY_TIME_MAX)
			return (replay_bad(cfg, "--timeout",
			    "a duration up to a day is needed"));
		break;
	case REPLAY_O_HELP:
		printf("usage: %s FILE [option ...]\n", cfg->program);
		options_usage(stdout, replay_options);
		return (EX_OK);
	default:
		printf("%s %s\n", cfg->program, MM_VERSION);
		return (EX_OK);
	}
	return (-1);
}

/* -1: go on; else the exit status. */
static int
replay_read_options(struct replay_config *cfg, int argc, char **argv)
{
	struct options o;
	int id, status = -1;

	memset(cfg, 0, sizeof(*cfg));
	cfg->program = argv[0];
	cfg->timeout = 300000;
	options_init(&o, replay_options, argc, argv);
	/* The file may stand before the options or behind them. */
	while (status == -1) {
		id = options_next(&o);
		if (id < 0)
			return (EX_USAGE);
		if (id > 0)
			status = replay_option(cfg, id, o.arg);
		else if (o.next >= argc)
			break;
		else if (cfg->path != NULL)
			return (replay_bad(cfg, argv[o.next],
			    "one file at a time"));
		else
			cfg->path = argv[o.next++];
	}
	if (status != -1)
		return (status);
	if (cfg->path == NULL)
		return (replay_bad(cfg, "FILE", "a recorded session is "
		    "needed"));
	if (cfg->body && !cfg->print)
		return (replay_bad(cfg, "--body", "goes with --print"));
	if (cfg->print && (cfg->to != NULL || cfg->timing))
		return (replay_bad(cfg, "--print", "plays nothing"));
	return (-1);
}

/* Where to play it; says so when the record decides. */
static int
replay_target(const struct replay_file *f, const struct replay_config *cfg,
    int side, struct spec *spec)
{
	const char *text = cfg->to, *name;
	char why[SPEC_TEXT_MAX];

	if (text == NULL && side > 0)
		trace_child(&f->child[side - 1], &name, &text);
	else if (text == NULL)
		text = trace_value(&f->session, "spec");
	if (text == NULL || text_read_spec(text, spec, why, sizeof(why)) != 0) {
		if (cfg->to != NULL)
			return (replay_bad(cfg, cfg->to, why));
		return (replay_bad(cfg, "--to", "the record does not say "
		    "where, so it is needed"));
	}
	if (spec->family != AF_UNIX && spec->port == 0) {
		spec_free(spec);
		return (replay_bad(cfg, text, "a port is needed"));
	}
	if (cfg->to == NULL)
		fprintf(stderr, "%s: to %s, as the record says\n",
		    cfg->program, text);
	return (EX_OK);
}

/* A file that does not end as it should: what there is can be used. */
static int
replay_tell_end(const struct replay_file *f, const struct replay_config *cfg)
{
	if (f->end == TRACE_BAD) {
		fprintf(stderr, "%s: %s: damaged at byte %zu: %s\n",
		    cfg->program, cfg->path, f->bad_at, f->why);
		return (EX_DATAERR);
	}
	if (f->cut)
		fprintf(stderr, "%s: %s: cut at the limit of its size; what "
		    "followed is not known\n", cfg->program, cfg->path);
	else if (f->end == TRACE_UNFINISHED)
		fprintf(stderr, "%s: %s: not finished: the session still "
		    "runs, or the manager did not end in order\n",
		    cfg->program, cfg->path);
	return (EX_OK);
}

int
tool_replay(int argc, char **argv)
{
	struct replay_config cfg;
	struct replay_file f;
	struct spec spec;
	int status, side;

	status = replay_read_options(&cfg, argc, argv);
	if (status != -1)
		return (status);
	status = replay_file_read(&f, &cfg);
	if (status != EX_OK) {
		replay_file_free(&f);
		return (status);
	}
	side = replay_file_side(&f, cfg.child);
	if (side == -1)
		status = replay_bad(&cfg, cfg.child, "the record has no child "
		    "of that name");
	else if (cfg.print) {
		status = replay_print(&f, &cfg, cfg.child == NULL ? -1 : side);
		if (replay_tell_end(&f, &cfg) != EX_OK)
			status = EX_DATAERR;
	} else if ((status = replay_tell_end(&f, &cfg)) == EX_OK &&
	    (status = replay_target(&f, &cfg, side, &spec)) == EX_OK) {
		(void)signal(SIGPIPE, SIG_IGN);
		status = replay_play(&f, &cfg, side, &spec);
		spec_free(&spec);
	}
	replay_file_free(&f);
	return (status);
}

#undef REPLAY_FILE_MAX
#undef REPLAY_TIME_MAX
