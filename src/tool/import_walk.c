/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_walk.c - statement after statement of upstream's configuration.
 * Owns:      comments, and what is said of a statement that is left out.
 * Called by: import.c, tests/fuzz/fuzz_import.c.
 * Must not:  know what a statement means.
 */
#include "compat.h"

#include "config/value.h"
#include "tool/import.h"

#define IMPORT_TEXT_MAX		(1024 * 1024)
#define IMPORT_OUT_MAX		(16 * 1024 * 1024)
#define IMPORT_STEPS_MAX	20000	/* statements, loops unrolled */
#define IMPORT_TOLD_MAX		72	/* bytes of a line that is shown */

/* --- what is said, and kept ---------------------------------------------- */

void
import_note(const struct import *im, uint32_t token, const char *text)
{
	fprintf(im->err, "%s:%u: note: %s\n", im->path,
	    (unsigned)im->tok[token].line, text);
}

void
import_out(struct import *im, const void *text, size_t len)
{
	if (im->out->len > IMPORT_OUT_MAX)
		im->fatal = "too large once its loops are unrolled";
	else
		import_add(im, im->out, text, len);
}

/* Lines of the old text as comments, each behind what; told: on err, too. */
static void
import_comment(struct import *im, const char *what, uint32_t from,
    uint32_t to, uint32_t line, const char *told)
{
	const char *p = im->text + from, *end = im->text + to, *eol, *stop;
	char c;

	for (; p < end; p = eol + 1, line++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		if (eol == NULL)
			eol = end;
		while (p < eol && (*p == ' ' || *p == '\t'))
			p++;
		for (stop = eol; stop > p && (stop[-1] == ' ' ||
		    stop[-1] == '\t' || stop[-1] == '\r');)
			stop--;
		if (p == stop)
			continue;
		import_out(im, what, strlen(what));
		if (told != NULL)
			fprintf(im->err, "%s:%u: not translated: ", im->path,
			    (unsigned)line);
		from = 0;
		for (; p < stop; p++) {
			c = *p == '\t' ? ' ' : (unsigned char)*p < ' ' ||
			    *p == 0x7f ? '?' : *p;
			import_out(im, &c, 1);
			if (told != NULL && from++ < IMPORT_TOLD_MAX)
				putc(c, im->err);
		}
		import_out(im, "\n", 1);
		if (told != NULL)
			fprintf(im->err, "%s: %s\n", from > IMPORT_TOLD_MAX ?
			    "..." : "", told);
	}
}

/* An empty line where there is one before what begins at from. */
static void
import_gap(struct import *im, uint32_t from)
{
	const unsigned char *end = buf_ptr(im->out) + im->out->len;
	unsigned feeds = 0;

	while (from > 0 && (unsigned char)im->text[from - 1] <= ' ')
		feeds += im->text[--from] == '\n';
	if (feeds > 1 && im->out->len > 1 && end[-2] != '\n')
		import_out(im, "\n", 1);
}

/* The comments before a byte of the text. */
void
import_comments(struct import *im, uint32_t before)
{
	const struct import_token *t = (struct import_token *)(void *)
	    im->comments.data + im->comment;

	for (; im->comment < im->n_comments && t->from < before;
	    im->comment++, t++) {
		import_gap(im, t->from);
		import_comment(im, im->text[t->from] == '#' ? "" : "# ",
		    t->from, t->to, t->line, NULL);
	}
}

static void
import_refuse(struct import *im, uint32_t from, uint32_t end)
{
	struct import_token *t = &im->tok[from];
	const struct import_token *last = &im->tok[end - 1];
	const struct import_token *c = (struct import_token *)(void *)
	    im->comments.data;

	im->some = true;
	/* Of a loop only once. */
	if (t->told)
		return;
	t->told = true;
	import_comment(im, "# not translated: ", t->from, last->to, t->line,
	    im->why != NULL ? im->why : "it has no counterpart here");
	while (im->comment < im->n_comments &&
	    c[im->comment].from < last->to)
		im->comment++;
}

uint32_t
import_statement_end(const struct import *im, uint32_t token, uint32_t to)
{
	for (; token < to && im->tok[token].kind != IMPORT_NEWLINE; token++) {
		if (im->tok[token].mate >= to)
			return (to);
		if (im->tok[token].mate != 0)
			token = im->tok[token].mate;
	}
	return (token);
}

/* A comment behind the statement, on its last line. */
static void
import_trailing(struct import *im, uint32_t to)
{
	const struct import_token *t = (struct import_token *)(void *)
	    im->comments.data + im->comment;
	const char *p = (const char *)im->line_out.data;

	if (im->line_out.len == 0)
		return;
	if (im->comment == im->n_comments || t->from < to ||
	    memchr(im->text + to, '\n', t->from - to) != NULL ||
	    memchr(p, '\n', im->line_out.len) != p + im->line_out.len - 1) {
		import_out(im, p, im->line_out.len);
		return;
	}
	import_out(im, p, im->line_out.len - 1);
	import_comment(im, "  ", t->from, t->to, t->line, NULL);
	im->comment++;
}

void
import_walk(struct import *im, uint32_t from, uint32_t to)
{
	unsigned names = im->n_names;
	uint32_t end;
	bool good;

	for (; from < to && im->fatal == NULL; from = end + 1) {
		end = import_statement_end(im, from, to);
		if (end == from)
			continue;
		if (++im->steps > IMPORT_STEPS_MAX) {
			im->fatal = "too large once its loops are unrolled";
			return;
		}
		import_comments(im, im->tok[from].from);
		import_gap(im, im->tok[from].from);
		im->at = from;
		im->to = end;
		im->why = NULL;
		im->angles = false;
		good = import_statement(im);
		im->n_names = names;
		if (good)
			import_trailing(im, im->tok[end - 1].to);
		else
			import_refuse(im, from, end);
		buf_clear(&im->line_out);
	}
}

int
import_text(const char *path, const char *text, size_t len, struct buf *out,
    FILE *err)
{
	struct buf copy;
	struct import *im = calloc(1, sizeof(*im));
	int result;

	memset(&copy, 0, sizeof(copy));
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	if (len > IMPORT_TEXT_MAX || im == NULL ||
	    buf_add(&copy, text, len) == -1 ||
	    buf_add(&copy, "\0[,]", 4) == -1) {
		fprintf(err, "%s: %s\n", path, len > IMPORT_TEXT_MAX ?
		    "larger than 1 MiB" : "out of memory");
		free(im);
		buf_free(&copy);
		return (-1);
	}
	im->path = path;
	im->err = err;
	im->out = out;
	im->text = (const char *)copy.data;
	im->len = (uint32_t)len;
	if (import_lex(im) == -1)
		im->fatal = "out of memory";
	else {
		import_walk(im, 0, im->n_tokens - 1);
		import_comments(im, im->len + 1);
	}
	if (im->fatal != NULL)
		fprintf(err, "%s: %s\n", path, im->fatal);
	result = im->fatal != NULL ? -1 : im->some;
	value_list_free(&im->milters);
	value_list_free(&im->conditions);
	value_list_free(&im->setters);
	buf_free(&im->tokens);
	buf_free(&im->comments);
	buf_free(&im->line_out);
	buf_free(&im->stop);
	buf_free(&copy);
	free(im);
	return (result);
}

#undef IMPORT_TEXT_MAX
#undef IMPORT_OUT_MAX
#undef IMPORT_STEPS_MAX
#undef IMPORT_TOLD_MAX
