/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_result.c - what became of a message: its verdict, and its fields,
 * envelope and body after the milter's edits, as the MTA would have it.
 * Owns:      carrying out edits, and showing the outcome.
 * Called by: server_session.c (edits), server.c (output).
 * Must not:  judge whether an edit was allowed.
 */
#include "compat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "tool/server.h"

const char *const server_status_names[SERVER_N_STATUS] = {
	"pass", "accept", "reject", "temporary-failure", "discard",
	"quarantine", "shutdown", "abort", "closed", "error",
};

int
server_result_begin(struct server_result *r, const struct server_config *cfg,
    bool keep)
{
	const struct server_mail *m = &cfg->mail;
	size_t i;

	server_result_free(r);
	r->kept = keep;
	if (!keep)
		return (0);
	if (header_init(&r->headers, cfg->mta == SERVER_POSTFIX ?
	    HEADER_POSTFIX : HEADER_SENDMAIL) != 0)
		return (-1);
	for (i = 0; i < m->n_fields; i++)
		if (header_append(&r->headers, m->field[i].name,
		    m->field[i].raw) != 0)
			return (-1);
	header_next_child(&r->headers, true);
	if ((r->rcpt = calloc(cfg->n_rcpts, sizeof(*r->rcpt))) == NULL)
		return (-1);
	for (i = 0; i < cfg->n_rcpts; i++) {
		if (cfg->rcpt[i].rejected)
			continue;
		r->rcpt[r->n_rcpts] = strdup(cfg->rcpt[i].text);
		if (r->rcpt[r->n_rcpts] == NULL)
			return (-1);
		r->n_rcpts++;
	}
	return (0);
}

void
server_result_free(struct server_result *r)
{
	size_t i;

	header_free(&r->headers);
	for (i = 0; i < r->n_rcpts; i++)
		free(r->rcpt[i]);
	free(r->rcpt);
	free(r->from);
	free(r->text);
	free(r->quarantine);
	buf_free(&r->body);
	memset(r, 0, sizeof(*r));
}

/* --- edits ------------------------------------------------------------- */

static bool
server_result_same(const char *a, const char *b, bool ignore_case)
{
	size_t an = strcspn(a, " "), bn = strcspn(b, " ");

	if (an > 1 && *a == '<' && a[an - 1] == '>')
		a++, an -= 2;
	if (bn > 1 && *b == '<' && b[bn - 1] == '>')
		b++, bn -= 2;
	return (an == bn && (ignore_case ? strncasecmp(a, b, an) :
	    strncmp(a, b, an)) == 0);
}

static void
server_result_drop(struct server_result *r, const char *rcpt, bool ignore_case)
{
	size_t i, kept = 0;

	for (i = 0; i < r->n_rcpts; i++)
		if (server_result_same(r->rcpt[i], rcpt, ignore_case))
			free(r->rcpt[i]);
		else
			r->rcpt[kept++] = r->rcpt[i];
	r->n_rcpts = kept;
}

void
server_result_refuse(struct server_result *r, const char *rcpt)
{
	if (r->kept)
		server_result_drop(r, rcpt, false);
}

/* "<address>" and, behind a space, the parameters. */
static char *
server_result_address(const struct packet *p)
{
	size_t pos = 0, size;
	const char *address = packet_next_string(p, &pos);
	const char *params = packet_next_string(p, &pos);
	size_t n = text_bare_address(&address);
	char *text;

	size = n + (params != NULL ? strlen(params) : 0) + 4;
	if ((text = malloc(size)) != NULL)
		snprintf(text, size, "<%.*s>%s%s", (int)n, address,
		    params != NULL && *params != '\0' ? " " : "",
		    params != NULL ? params : "");
	return (text);
}

static int
server_result_header(struct server_result *r, const struct packet *p,
    bool leadspc)
{
	struct packet_header h;
	struct header_op in, out;
	struct buf value = { 0 };
	int error = -1;

	if (packet_get_header(p, &h) != PACKET_OK)
		return (-1);
	/* An empty value deletes: it must stay empty. */
	if (!leadspc && (p->code != SMFIR_CHGHEADER || h.valuelen > 0) &&
	    buf_add_u8(&value, ' ') != 0)
		goto out;
	if (buf_add_str(&value, h.value) != 0)
		goto out;
	memset(&in, 0, sizeof(in));
	in.code = p->code;
	in.index = h.index;
	in.name = h.name;
	in.value = (const char *)buf_ptr(&value);
	error = header_apply(&r->headers, &in, &out) < 0 ? -1 : 0;
out:
	buf_free(&value);
	return (error);
}

static int
server_result_add_rcpt(struct server_result *r, const struct packet *p,
    bool ignore_case)
{
	char *text = server_result_address(p);
	char **grown;
	size_t i;

	if (text == NULL)
		return (-1);
	for (i = 0; i < r->n_rcpts; i++)
		if (server_result_same(r->rcpt[i], text, ignore_case)) {
			free(text);
			return (0);
		}
	grown = realloc(r->rcpt, (r->n_rcpts + 1) * sizeof(*grown));
	if (grown == NULL) {
		free(text);
		return (-1);
	}
	r->rcpt = grown;
	r->rcpt[r->n_rcpts++] = text;
	return (0);
}

int
server_result_edit(struct server_result *r, const struct packet *p,
    const struct server_config *cfg, bool leadspc)
{
	bool ignore_case = cfg->mta == SERVER_SENDMAIL;
	const char *text;

	if (p->code == SMFIR_QUARANTINE) {
		/* The last reason wins. */
		free(r->quarantine);
		if (packet_get_string(p, &text) != PACKET_OK)
			text = "";
		r->quarantine = strdup(text);
		return (r->quarantine != NULL ? 0 : -1);
	}
	if (!r->kept)
		return (0);
	switch (p->code) {
	case SMFIR_ADDHEADER:
	case SMFIR_INSHEADER:
	case SMFIR_CHGHEADER:
		return (server_result_header(r, p, leadspc));
	case SMFIR_REPLBODY:
		r->body_replaced = true;
		return (buf_add(&r->body, p->data, p->len));
	case SMFIR_CHGFROM:
		free(r->from);
		r->from = server_result_address(p);
		return (r->from != NULL ? 0 : -1);
	case SMFIR_ADDRCPT:
	case SMFIR_ADDRCPT_PAR:
		return (server_result_add_rcpt(r, p, ignore_case));
	case SMFIR_DELRCPT:
		if (packet_get_string(p, &text) == PACKET_OK)
			server_result_drop(r, text, ignore_case);
		return (0);
	default:
		return (0);
	}
}

/* --- the message's bytes ----------------------------------------------- */

/* Writes bytes with the line ends of the message; *last is the state. */
static void
server_result_lines(FILE *fp, const unsigned char *p, size_t len, bool crlf,
    int *last)
{
	size_t i;

	for (i = 0; i < len; i++) {
		/* A CR is held back until it is known what follows. */
		if (*last == '\r' && p[i] != '\n')
			putc('\r', fp);
		if (p[i] == '\n') {
			if (crlf)
				putc('\r', fp);
			putc('\n', fp);
		} else if (p[i] != '\r')
			putc(p[i], fp);
		*last = p[i];
	}
}

static int
server_result_body(FILE *fp, const struct server_result *r,
    const struct server_config *cfg)
{
	unsigned char piece[8192];
	struct server_cursor c;
	bool crlf = cfg->mail.crlf;
	ssize_t n;
	int last = '\n';

	memset(&c, 0, sizeof(c));
	if (r->body_replaced)
		server_result_lines(fp, buf_ptr(&r->body), r->body.len, crlf,
		    &last);
	else {
		while ((n = server_mail_read(&cfg->mail, &c, piece,
		    sizeof(piece))) > 0)
			server_result_lines(fp, piece, (size_t)n, crlf, &last);
		if (n < 0)
			return (-1);
	}
	if (last == '\r')
		putc('\r', fp);
	/* The MTA ends the last line. */
	if (last != '\n')
		fputs(crlf ? "\r\n" : "\n", fp);
	return (0);
}

int
server_result_write(const struct server_result *r,
    const struct server_config *cfg, const char *path)
{
	struct header_field f;
	size_t pos = 0;
	FILE *fp;
	int last, error;

	fp = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	if (fp == NULL)
		return (-1);
	while (header_next(&r->headers, &pos, &f)) {
		last = 0;
		fprintf(fp, "%s:", f.name);
		server_result_lines(fp, (const unsigned char *)f.value,
		    strlen(f.value), cfg->mail.crlf, &last);
		if (last == '\r')
			putc('\r', fp);
		fputs(cfg->mail.crlf ? "\r\n" : "\n", fp);
	}
	fputs(cfg->mail.crlf ? "\r\n" : "\n", fp);
	error = server_result_body(fp, r, cfg);
	if (fp == stdout)
		return (fflush(fp) != 0 ? -1 : error);
	if (ferror(fp))
		error = -1;
	return (fclose(fp) != 0 ? -1 : error);
}

/* --- on the terminal --------------------------------------------------- */

static void
server_result_mark(const struct server_config *cfg, char mark,
    const char *name, const char *separator, const char *value)
{
	bool color = cfg->color && mark != ' ';
	const char *line = value;
	size_t n;

	for (;;) {
		n = strcspn(line, "\n");
		printf("%s%c ", !color ? "" : mark == '+' ? "\033[01;32m" :
		    "\033[01;31m", mark);
		if (line == value)
			printf("%s%s", name, separator);
		text_escape(stdout, line, n);
		printf("%s\n", color ? "\033[00m" : "");
		if (line[n] == '\0')
			break;
		line += n + 1;
	}
}

/* Whether a field is among those not shown yet, from *pos on. */
static bool
server_result_later(const struct header_list *l, size_t pos,
    const struct server_field *want)
{
	struct header_field f;

	while (header_next(l, &pos, &f))
		if (strcmp(f.name, want->name) == 0 &&
		    strcmp(f.value, want->raw) == 0)
			return (true);
	return (false);
}

/* Fields before and after, in upstream's diff-like manner. */
static void
server_result_show_headers(const struct server_result *r,
    const struct server_config *cfg)
{
	const struct server_mail *m = &cfg->mail;
	struct header_field f;
	size_t pos = 0, i = 0;
	bool have = header_next(&r->headers, &pos, &f);

	while (have || i < m->n_fields) {
		const struct server_field *o = &m->field[i];

		if (have && i < m->n_fields && strcmp(f.name, o->name) == 0 &&
		    strcmp(f.value, o->raw) == 0) {
			server_result_mark(cfg, ' ', o->name, ":", o->raw);
			i++;
		} else if (i < m->n_fields && (!have ||
		    !server_result_later(&r->headers, pos, o))) {
			server_result_mark(cfg, '-', o->name, ":", o->raw);
			i++;
			continue;
		} else
			server_result_mark(cfg, '+', f.name, ":", f.value);
		have = header_next(&r->headers, &pos, &f);
	}
}

static void
server_result_show(const struct server_result *r,
    const struct server_config *cfg)
{
	size_t i;

	printf("\n");
	if (r->from != NULL)
		server_result_mark(cfg, '-', "envelope-from", ": ",
		    cfg->from);
	server_result_mark(cfg, r->from != NULL ? '+' : ' ', "envelope-from",
	    ": ", r->from != NULL ? r->from : cfg->from);
	for (i = 0; i < r->n_rcpts; i++)
		server_result_mark(cfg, ' ', "envelope-recipient", ": ",
		    r->rcpt[i]);
	printf("---------------------------------------\n");
	server_result_show_headers(r, cfg);
	printf("---------------------------------------\n");
	if (server_result_body(stdout, r, cfg) != 0)
		printf("(%s)\n", strerror(errno));
	printf("\n");
}

/* Upstream's " [CODE]<EXT>(TEXT)"; the lines of a long text joined by \n. */
static void
server_result_reply(const char *text, int code)
{
	const char *ext = text + 4, *line;
	size_t extlen = strspn(ext, "0123456789."), n;

	if (extlen < 5 || ext[extlen] != ' ')
		extlen = 0;
	printf(" [%03d]<%.*s>(", code, (int)extlen, ext);
	for (line = text; *line != '\0'; line += n) {
		if (line != text)
			printf("\\n");
		n = strcspn(line, "\r\n");
		ext = n > 4 ? line + 4 : line + n;
		if (extlen > 0 && n > 4 + extlen)
			ext += extlen + 1;
		if (ext < line + n)
			text_escape(stdout, ext, (size_t)(line + n - ext));
		n += strspn(line + n, "\r\n");
	}
	printf(")");
}

void
server_result_print(const struct server_result *r,
    const struct server_config *cfg)
{
	printf("status: %s", server_status_names[r->status]);
	if (r->text != NULL)
		server_result_reply(r->text, r->code);
	printf("\n");
	if (r->quarantine != NULL) {
		printf("Quarantine reason: <");
		text_escape(stdout, r->quarantine, strlen(r->quarantine));
		printf(">\n");
	}
	if (cfg->output_message && r->kept)
		server_result_show(r, cfg);
}

bool
server_result_expected(const struct server_result *r, const char *expect)
{
	if (strncmp(expect, "replycode:", 10) == 0)
		return (r->text != NULL &&
		    strncmp(expect + 10, r->text, 3) == 0);
	return (strcmp(expect, server_status_names[r->status]) == 0);
}
