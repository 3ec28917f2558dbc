/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_mail.c - the mail that the test server sends: fields and body.
 * Owns:      reading a message file, and the body's line ends on the wire.
 * Called by: server.c to open it, server_session.c and server_result.c to read.
 * Must not:  keep the body in memory, or the place of a reader.
 */
#include "compat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "tool/server.h"

#define SERVER_MAIL_PIECE	16384

int
server_mail_add(struct server_mail *m, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);
	struct server_field *grown;
	size_t namelen;
	char *name, *raw;

	if (colon == NULL)
		return (-1);
	namelen = (size_t)(colon - line);
	/* White space before the colon does not belong to the name. */
	while (namelen > 0 && (line[namelen - 1] == ' ' ||
	    line[namelen - 1] == '\t'))
		namelen--;
	if (namelen == 0)
		return (-1);
	grown = realloc(m->field, (m->n_fields + 1) * sizeof(*grown));
	if (grown == NULL)
		return (-1);
	m->field = grown;
	name = strndup(line, namelen);
	raw = strndup(colon + 1, len - (size_t)(colon + 1 - line));
	if (name == NULL || raw == NULL) {
		free(name);
		free(raw);
		return (-1);
	}
	m->field[m->n_fields].name = name;
	m->field[m->n_fields++].raw = raw;
	return (0);
}

/* Appends a folded line to the last field. */
static int
server_mail_fold(struct server_mail *m, const char *line)
{
	struct server_field *f = &m->field[m->n_fields - 1];
	size_t had = strlen(f->raw), more = strlen(line);
	char *raw = realloc(f->raw, had + more + 2);

	if (raw == NULL)
		return (-1);
	raw[had] = '\n';
	memcpy(raw + had + 1, line, more + 1);
	f->raw = raw;
	return (0);
}

/* Whether a line of the file is "Name: value" and not text. */
static bool
server_mail_is_field(const char *line)
{
	size_t n = strcspn(line, ": \t");

	return (n > 0 && line[n + strspn(line + n, " \t")] == ':');
}

static FILE *
server_mail_stdin(void)
{
	char piece[SERVER_MAIL_PIECE];
	FILE *fp = tmpfile();
	size_t n;

	if (fp == NULL)
		return (NULL);
	while ((n = fread(piece, 1, sizeof(piece), stdin)) > 0)
		if (fwrite(piece, 1, n, fp) != n)
			break;
	if (ferror(stdin) || ferror(fp) || fflush(fp) != 0) {
		fclose(fp);
		return (NULL);
	}
	rewind(fp);
	return (fp);
}

int
server_mail_open(struct server_mail *m, const char *path, const char *program)
{
	char *line = NULL;
	size_t size = 0, len;
	ssize_t n;
	bool first = true;
	int error = 0;

	m->fp = strcmp(path, "-") == 0 ? server_mail_stdin() :
	    fopen(path, "r");
	if (m->fp == NULL)
		goto fail;
	while ((n = getline(&line, &size, m->fp)) > 0) {
		len = (size_t)n;
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (len > 0 && line[len - 1] == '\r') {
			line[--len] = '\0';
			m->crlf = first || m->crlf;
		}
		if (first && strncmp(line, "From ", 5) == 0) {
			/* The envelope line of an mbox file. */
		} else if (len == 0) {
			m->body_at += n;
			break;
		} else if (*line == ' ' || *line == '\t') {
			if (m->n_fields == 0)
				break;
			error = server_mail_fold(m, line);
		} else if (server_mail_is_field(line)) {
			error = server_mail_add(m, line, strlen(line));
		} else {
			/* No field: the body, with no empty line before it. */
			break;
		}
		if (error != 0)
			goto fail;
		m->body_at += n;
		first = false;
	}
	if (ferror(m->fp))
		goto fail;
	free(line);
	return (0);

fail:
	fprintf(stderr, "%s: %s: %s\n", program, path, strerror(errno));
	free(line);
	return (-1);
}

const char *
server_mail_find(const struct server_mail *m, const char *name)
{
	size_t i;

	for (i = 0; i < m->n_fields; i++)
		if (strcasecmp(m->field[i].name, name) == 0)
			return (m->field[i].raw);
	return (NULL);
}

char *
server_mail_address(const char **raw)
{
	const char *p = *raw, *begin = NULL, *end = NULL, *open = NULL;
	bool quoted = false, found = false;
	char *address;
	size_t n;

	p += strspn(p, " \t\n,");
	if (*p == '\0')
		return (NULL);
	for (begin = p; *p != '\0' && (quoted || *p != ','); p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == '<')
			open = p + 1;
		else if (!quoted && *p == '>' && open != NULL && !found) {
			begin = open;
			end = p;
			found = true;
		}
	}
	*raw = p;
	if (!found)
		for (end = p; end > begin && strchr(" \t\n", end[-1]) != NULL;)
			end--;
	n = (size_t)(end - begin);
	if ((address = malloc(n + 3)) == NULL)
		return (NULL);
	snprintf(address, n + 3, "<%.*s>", (int)n, begin);
	return (address);
}

static ssize_t
server_mail_read_chunk(const struct server_mail *m, struct server_cursor *c,
    unsigned char *dst, size_t size)
{
	const char *text;
	size_t n;

	while (c->chunk < m->n_chunks) {
		text = m->chunk[c->chunk] + c->at;
		if ((n = strlen(text)) > 0) {
			if (n > size)
				n = size;
			memcpy(dst, text, n);
			c->at += (off_t)n;
			return ((ssize_t)n);
		}
		c->chunk++;
		c->at = 0;
	}
	return (0);
}

ssize_t
server_mail_read(const struct server_mail *m, struct server_cursor *c,
    unsigned char *dst, size_t size)
{
	unsigned char piece[SERVER_MAIL_PIECE];
	size_t out = 0, i;
	ssize_t n;

	if (m->fp == NULL || m->n_chunks > 0)
		return (server_mail_read_chunk(m, c, dst, size));
	for (;;) {
		if (c->owes_lf && out < size) {
			dst[out++] = '\n';
			c->owes_lf = false;
		}
		if (out == size)
			return ((ssize_t)out);
		n = pread(fileno(m->fp), piece, size - out < sizeof(piece) ?
		    size - out : sizeof(piece), m->body_at + c->at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return (-1);
		if (n == 0) {
			/* A line without an end gets one, as by SMTP. */
			if (!c->in_line)
				return ((ssize_t)out);
			c->in_line = false;
			dst[out++] = '\r';
			c->owes_lf = true;
			continue;
		}
		for (i = 0; i < (size_t)n && out < size && !c->owes_lf; i++) {
			if (piece[i] == '\n' && !c->was_cr) {
				dst[out++] = '\r';
				c->owes_lf = true;
			} else
				dst[out++] = piece[i];
			c->in_line = piece[i] != '\n';
			c->was_cr = piece[i] == '\r';
			if (c->owes_lf && out < size) {
				dst[out++] = '\n';
				c->owes_lf = false;
			}
		}
		c->at += (off_t)i;
	}
}

void
server_mail_close(struct server_mail *m)
{
	size_t i;

	for (i = 0; i < m->n_fields; i++) {
		free(m->field[i].name);
		free(m->field[i].raw);
	}
	free(m->field);
	if (m->fp != NULL)
		fclose(m->fp);
}

#undef SERVER_MAIL_PIECE
