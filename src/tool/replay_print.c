/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * replay_print.c - a recorded session as text: who said what, and when.
 * Owns:      the form of these lines.
 * Called by: replay.c, and replay_compare.c for single frames.
 * Must not:  judge anything.
 */
#include "compat.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "tool/replay.h"

/* Bytes of a body in a line. */
#define REPLAY_SHOWN	256

void
replay_show(FILE *fp, bool command, const struct trace_record *rec,
    bool whole)
{
	struct packet pkt;
	size_t n = rec->len;

	if (rec->code == (command ? SMFIC_BODY : SMFIR_REPLBODY)) {
		if (!whole && n > REPLAY_SHOWN)
			n = REPLAY_SHOWN;
		fprintf(fp, "%s %zu <", command ?
		    packet_command_name(rec->code) :
		    packet_reply_name(rec->code), rec->full);
		text_escape(fp, rec->data, n);
		fputs(n < rec->full ? "..." : ">", fp);
		return;
	}
	pkt.code = (unsigned char)rec->code;
	pkt.data = rec->data;
	pkt.len = rec->len;
	pkt.size = 0;
	text_packet(fp, command, &pkt);
	if (rec->len < rec->full)
		fprintf(fp, "... (%zu bytes)", rec->full);
}

static const char *
replay_side_name(const struct replay_file *f, unsigned side)
{
	const char *name, *spec;

	if (side == 0)
		return ("mta");
	trace_child(&f->child[side - 1], &name, &spec);
	return (name);
}

static void
replay_print_text(const char *before, const char *text)
{
	fputs(before, stdout);
	text_escape(stdout, text, strlen(text));
}

static void
replay_print_head(const struct replay_file *f)
{
	static const char *const names[][2] = {
		{ "session", "session " }, { "time", ", begun " },
		{ "peer", ", MTA " }, { "spec", ", at " }
	};
	const char *name, *spec;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if ((spec = trace_value(&f->session, names[i][0])) != NULL)
			replay_print_text(names[i][1], spec);
	putchar('\n');
	for (i = 0; i < f->n_children; i++) {
		trace_child(&f->child[i], &name, &spec);
		printf("child %zu: ", i + 1);
		replay_print_text("", name);
		replay_print_text(", ", spec);
		putchar('\n');
	}
}

static void
replay_print_record(const struct replay_file *f,
    const struct trace_record *rec, bool whole)
{
	const char *side = replay_side_name(f, rec->side);
	bool from = rec->kind == TRACE_FROM;

	printf("%5" PRIu64 ".%06" PRIu64, rec->usec / 1000000,
	    rec->usec % 1000000);
	switch (rec->kind) {
	case TRACE_FROM:
	case TRACE_TO:
		/* The speaker first; the manager is the other one. */
		replay_print_text(from ? "  " : "  manager -> ", side);
		fputs(from ? " -> manager: " : ": ", stdout);
		replay_show(stdout, from == (rec->side == 0), rec, whole);
		break;
	case TRACE_NOTE:
	case TRACE_END:
		if (rec->kind == TRACE_NOTE)
			replay_print_text("  ", side);
		else
			fputs("  the session ends", stdout);
		fputs(": ", stdout);
		text_escape(stdout, rec->data, rec->len);
		break;
	default:
		fputs("  cut here: the file has reached the limit of its size",
		    stdout);
		break;
	}
	putchar('\n');
}

int
replay_print(const struct replay_file *f, const struct replay_config *cfg,
    int side)
{
	struct trace_reader r;
	struct trace_record rec;

	replay_print_head(f);
	if (trace_open(&r, buf_ptr(&f->bytes), f->bytes.len) == TRACE_OK)
		while (trace_next(&r, &rec) == TRACE_OK) {
			if (rec.kind == TRACE_SESSION ||
			    rec.kind == TRACE_CHILD)
				continue;
			if (side >= 0 && rec.side != (unsigned)side &&
			    rec.kind != TRACE_END && rec.kind != TRACE_CUT)
				continue;
			replay_print_record(f, &rec, cfg->body);
			if (ferror(stdout))
				break;		/* nobody reads on */
		}
	trace_close(&r);
	if (ferror(stdout) || fflush(stdout) != 0) {
		fprintf(stderr, "%s: %s\n", cfg->program, strerror(errno));
		return (EX_IOERR);
	}
	return (EX_OK);
}

#undef REPLAY_SHOWN
