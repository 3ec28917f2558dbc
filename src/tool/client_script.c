/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * client_script.c - what the test client answers, and the edits it makes.
 * Owns:      the language of --on and --edit.
 * Called by: client.c for each option, client_session.c for each command.
 * Must not:  know a session.
 */
#include "compat.h"

#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "tool/client.h"

/* The verdicts by name. */
static const struct {
	const char	*word;
	unsigned char	 code;
} client_script_verdicts[] = {
	{ "continue", SMFIR_CONTINUE }, { "accept", SMFIR_ACCEPT },
	{ "reject", SMFIR_REJECT }, { "tempfail", SMFIR_TEMPFAIL },
	{ "discard", SMFIR_DISCARD }, { "skip", SMFIR_SKIP },
	{ "shutdown", SMFIR_SHUTDOWN },
};

static const struct {
	const char	*word;
	unsigned char	 code;
	bool		 index, colon;	/* "IDX" first; "NAME: VALUE" */
} client_script_edits[] = {
	{ "add-header", SMFIR_ADDHEADER, false, true },
	{ "insert-header", SMFIR_INSHEADER, true, true },
	{ "change-header", SMFIR_CHGHEADER, true, true },
	{ "delete-header", SMFIR_CHGHEADER, true, false },
	{ "replace-body", SMFIR_REPLBODY, false, false },
	{ "replace-body-file", SMFIR_REPLBODY, false, false },
	{ "add-rcpt", SMFIR_ADDRCPT, false, false },
	{ "delete-rcpt", SMFIR_DELRCPT, false, false },
	{ "change-from", SMFIR_CHGFROM, false, false },
	{ "quarantine", SMFIR_QUARANTINE, false, false },
};

/* Text with escapes as a string of its own; NULL when it is not good. */
static char *
client_script_text(const char *text, size_t len)
{
	struct buf b = { 0 };
	char *copy = strndup(text, len), *out = NULL;

	if (copy != NULL && text_unescape(&b, copy) == 0 &&
	    buf_add_u8(&b, 0) == 0)
		out = strdup((const char *)buf_ptr(&b));
	buf_free(&b);
	free(copy);
	return (out);
}

/* A REPLYCODE frame; lines are given with \n between them. */
static int
client_script_replycode(struct buf *b, const char *text)
{
	struct buf out = { 0 };
	size_t i, len = strlen(text);
	char *plain;
	int error = 0;

	/* Quotes around it do no harm: they are for the eye. */
	if (len >= 2 && *text == '"' && text[len - 1] == '"')
		text++, len -= 2;
	if ((plain = client_script_text(text, len)) == NULL)
		return (-1);
	for (i = 0; plain[i] != '\0' && error == 0; i++) {
		if (plain[i] == '\n' && (i == 0 || plain[i - 1] != '\r'))
			error = buf_add_u8(&out, '\r');
		if (error == 0)
			error = buf_add_u8(&out, (unsigned char)plain[i]);
	}
	if (error == 0 && (error = buf_add_u8(&out, 0)) == 0)
		error = packet_add(b, SMFIR_REPLYCODE, buf_ptr(&out), out.len);
	buf_free(&out);
	free(plain);
	return (error);
}

static const unsigned char client_script_garbage[] = {
	0, 0, 0, 6, 'z', 'n', 'o', 'i', 's', 'e'
};

/* One ANSWER; r is complete but for its stage.  0 or -1. */
static int
client_script_answer(struct client_rule *r, const char *text)
{
	size_t n = strcspn(text, ": "), i;
	const char *rest = text[n] != '\0' ? text + n + 1 : text + n;
	char number[24];
	uint64_t v;

	for (i = 0; i < sizeof(client_script_verdicts) /
	    sizeof(client_script_verdicts[0]); i++)
		if (strcmp(client_script_verdicts[i].word, text) == 0)
			return (packet_add_empty(&r->bytes,
			    client_script_verdicts[i].code));
	if (strncmp(text, "replycode", n) == 0 && n == 9)
		return (client_script_replycode(&r->bytes, rest));
	if (strcmp(text, "none") == 0) {
		r->answer = CLIENT_NONE;
		return (0);
	}
	if (strcmp(text, "close") == 0) {
		r->answer = CLIENT_CLOSE;
		return (0);
	}
	if (strcmp(text, "reset") == 0) {
		r->answer = CLIENT_RESET;
		return (0);
	}
	if (strcmp(text, "partial") == 0) {
		/* Five bytes of a frame that has nine. */
		r->answer = CLIENT_PARTIAL;
		return (text_hex(&r->bytes, "0000000579"));
	}
	if (strcmp(text, "garbage") == 0)
		return (buf_add(&r->bytes, client_script_garbage,
		    sizeof(client_script_garbage)));
	if (strncmp(text, "garbage:", 8) == 0)
		return (text_hex(&r->bytes, rest));
	/* delay:MS[:ANSWER] and progress:N:MS[:ANSWER] */
	if (strncmp(text, "progress:", 9) == 0) {
		n = strcspn(rest, ":");
		snprintf(number, sizeof(number), "%.*s", (int)n, rest);
		if (rest[n] != ':' ||
		    number_read(number, 10, 1000000, &v) != 0)
			return (-1);
		r->n_progress = (unsigned)v;
		rest += n + 1;
	} else if (strncmp(text, "delay:", 6) != 0)
		return (-1);
	n = strcspn(rest, ":");
	snprintf(number, sizeof(number), "%.*s", (int)n, rest);
	if (number_read(number, 10, 86400000, &v) != 0)
		return (-1);
	r->delay = v;
	return (client_script_answer(r, rest[n] == ':' ? rest + n + 1 :
	    "continue"));
}

int
client_script_rule(struct client_script *c, const char *text, const char **why)
{
	const char *equals = strchr(text, '=');
	struct client_rule rule, *grown;

	memset(&rule, 0, sizeof(rule));
	*why = "STAGE[:K]=ANSWER is needed, such as rcpt:2=reject";
	if (equals == NULL)
		return (-1);
	rule.stage = text_read_stage(text, (size_t)(equals - text), &rule.k);
	if (rule.stage < 0) {
		*why = "a stage is needed: negotiate connect helo mail rcpt "
		    "data unknown header eoh body eom";
		return (-1);
	}
	if (client_script_answer(&rule, equals + 1) != 0) {
		*why = "an answer is needed: continue accept reject tempfail "
		    "discard skip shutdown \"replycode TEXT\" none close reset "
		    "partial garbage[:HEX] delay:MS[:ANSWER] "
		    "progress:N:MS[:ANSWER]";
		buf_free(&rule.bytes);
		return (-1);
	}
	grown = realloc(c->rule, (c->n_rules + 1) * sizeof(*grown));
	if (grown == NULL) {
		*why = "out of memory";
		buf_free(&rule.bytes);
		return (-1);
	}
	c->rule = grown;
	c->rule[c->n_rules++] = rule;
	return (0);
}

/* The arguments of an edit.  0 or -1. */
static int
client_script_arguments(struct client_edit *e, const char *word,
    const char *rest, bool index, bool colon)
{
	char number[24];
	const char *end;
	uint64_t v;
	size_t n;

	if (strcmp(word, "replace-body-file") == 0)
		return (text_file(&e->body, rest));
	if (e->code == SMFIR_REPLBODY)
		return (text_unescape(&e->body, rest));
	if (index) {
		n = strcspn(rest, " ");
		snprintf(number, sizeof(number), "%.*s", (int)n, rest);
		if (rest[n] != ' ' ||
		    number_read(number, 10, UINT32_MAX, &v) != 0)
			return (-1);
		e->index = (uint32_t)v;
		rest += n + 1;
	}
	if (e->code == SMFIR_QUARANTINE)
		end = rest + strlen(rest);
	else if ((end = strchr(rest, colon ? ':' : ' ')) == NULL) {
		if (colon)
			return (-1);
		end = rest + strlen(rest);
	}
	if (end == rest)
		return (-1);
	e->name = client_script_text(rest, (size_t)(end - rest));
	/* A deleted header is changed to the empty value. */
	if (index && !colon)
		e->value = strdup("");
	else if (*end != '\0')
		e->value = client_script_text(end + 1, strlen(end + 1));
	if (e->name == NULL || (*end != '\0' && e->value == NULL))
		return (-1);
	if (e->code == SMFIR_ADDRCPT && e->value != NULL)
		e->code = SMFIR_ADDRCPT_PAR;
	return (e->code == SMFIR_DELRCPT && e->value != NULL ? -1 : 0);
}

static void
client_script_free_edit(struct client_edit *e)
{
	free(e->name);
	free(e->value);
	buf_free(&e->body);
}

int
client_script_edit(struct client_script *c, const char *text, const char **why)
{
	size_t n = strcspn(text, " "), i;
	const char *rest = text[n] != '\0' ? text + n + 1 : text + n, *word;
	struct client_edit e, *grown;

	memset(&e, 0, sizeof(e));
	*why = "an edit is needed: add-header N:V, insert-header I N:V, "
	    "change-header I N:V, delete-header I N, replace-body TEXT, "
	    "replace-body-file FILE, add-rcpt A [PARAMS], delete-rcpt A, "
	    "change-from A [PARAMS], quarantine REASON";
	for (i = 0; i < sizeof(client_script_edits) /
	    sizeof(client_script_edits[0]); i++) {
		word = client_script_edits[i].word;
		if (strlen(word) != n || strncmp(word, text, n) != 0)
			continue;
		e.code = client_script_edits[i].code;
		if (client_script_arguments(&e, word, rest,
		    client_script_edits[i].index,
		    client_script_edits[i].colon) != 0)
			break;
		grown = realloc(c->edit, (c->n_edits + 1) * sizeof(*grown));
		if (grown == NULL)
			break;
		c->edit = grown;
		c->edit[c->n_edits++] = e;
		return (0);
	}
	client_script_free_edit(&e);
	return (-1);
}

const struct client_rule *
client_script_find(const struct client_script *c, int stage, unsigned k)
{
	size_t i;

	for (i = 0; i < c->n_rules; i++)
		if (c->rule[i].stage == stage &&
		    (c->rule[i].k == 0 || c->rule[i].k == k))
			return (&c->rule[i]);
	return (NULL);
}

static int
client_script_add_body(struct buf *b, const struct buf *body)
{
	const unsigned char *p = buf_ptr(body);
	size_t left = body->len, n;

	do {
		n = left < MILTER_CHUNK_SIZE ? left : MILTER_CHUNK_SIZE;
		if (packet_add(b, SMFIR_REPLBODY, p, n) != 0)
			return (-1);
		p += n;
		left -= n;
	} while (left > 0);
	return (0);
}

int
client_script_add_edits(struct buf *b, const struct client_script *c,
    bool leadspc)
{
	const struct client_edit *e;
	const char *strings[2], *value;
	size_t i;
	int error = 0;

	for (i = 0; i < c->n_edits && error == 0; i++) {
		e = &c->edit[i];
		value = e->value;
		switch (e->code) {
		case SMFIR_ADDHEADER:
		case SMFIR_INSHEADER:
		case SMFIR_CHGHEADER:
			/* As an MTA does with the headers it sends. */
			if (!leadspc && *value == ' ')
				value++;
			error = packet_add_header(b, e->code, e->index,
			    e->name, value);
			break;
		case SMFIR_REPLBODY:
			error = client_script_add_body(b, &e->body);
			break;
		default:
			strings[0] = e->name;
			strings[1] = value;
			error = packet_add_strings(b, e->code, strings,
			    value != NULL ? 2 : 1);
			break;
		}
	}
	return (error);
}

void
client_script_free(struct client_script *c)
{
	size_t i;

	for (i = 0; i < c->n_rules; i++)
		buf_free(&c->rule[i].bytes);
	for (i = 0; i < c->n_edits; i++)
		client_script_free_edit(&c->edit[i]);
	free(c->rule);
	free(c->edit);
}
