/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_walk.c - statement after statement of upstream's configuration.
 * Owns:      which calls and assignments there are, and what becomes of each;
 *            comments; what is said of a statement that is left out.
 * Called by: import.c, tests/fuzz/fuzz_import.c.
 * Must not:  translate half a statement.
 */
#include "compat.h"

#include "config/key.h"
#include "config/value.h"
#include "tool/import.h"

#define IMPORT_TEXT_MAX		(1024 * 1024)
#define IMPORT_OUT_MAX		(16 * 1024 * 1024)
#define IMPORT_STEPS_MAX	20000	/* statements, loops unrolled */
#define IMPORT_CHILDREN_MAX	1000
#define IMPORT_TOLD_MAX		72	/* bytes of a line that is shown */

struct import_call {
	char		 name[80];	/* "s25r.add_whitelist", "@.KEY=" */
	enum import_role self;		/* of what is before the first dot */
	uint32_t	 value;		/* and its name */
	uint32_t	 to;		/* behind the arguments */
	uint32_t	 end;		/* of the statement */
	uint32_t	 block, block_end;	/* 0: none */
	uint32_t	 param[4];
	unsigned	 n_params;
};

static const char import_bad_value[] = "not a value that this can have here";

/* What a value may be. */
#define IMPORT_V_STRING		0x01u
#define IMPORT_V_STATUS		0x02u	/* and is spelt our way */
#define IMPORT_V_NUMBER		0x04u
#define IMPORT_V_OCTAL		0x08u	/* and is written so */
#define IMPORT_V_WORD		0x10u	/* true, false, nil */
#define IMPORT_V_LIST		0x20u	/* or a string */
#define IMPORT_V_PATTERN	0x40u
#define IMPORT_V_HASH		0x80u	/* "NAME=VALUE" */

/* --- what is said, and kept ---------------------------------------------- */

void
import_note(const struct import *im, uint32_t token, const char *text)
{
	fprintf(im->err, "%s:%u: note: %s\n", im->path,
	    (unsigned)im->tok[token].line, text);
}

static void
import_out(struct import *im, const void *text, size_t len)
{
	if (im->out->len > IMPORT_OUT_MAX)
		im->fatal = "too large once its loops are unrolled";
	else if (buf_add(im->out, text, len) == -1)
		im->fatal = "out of memory";
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
		for (stop = eol; stop > p && (unsigned char)stop[-1] <= ' ';)
			stop--;
		if (p == stop)
			continue;
		import_out(im, what, strlen(what));
		if (told != NULL)
			fprintf(im->err, "%s:%u: not translated: ", im->path,
			    (unsigned)line);
		from = 0;
		for (; p < stop; p++) {
			c = (unsigned char)*p < ' ' || *p == 0x7f ? ' ' : *p;
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
static void
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

/* --- values -------------------------------------------------------------- */

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

static bool
import_bind(struct import *im, uint32_t token, enum import_role role,
    uint32_t value)
{
	struct import_name *name = &im->name[im->n_names];

	if (im->n_names == IMPORT_NAMES_MAX)
		return (import_no(im, "blocks are too deep"));
	name->token = token;
	name->role = role;
	name->value = value;
	im->n_names++;
	return (true);
}

/* { "NAME" => "VALUE", NAME: VALUE }, behind its brace, as strings. */
static bool
import_hash(struct import *im)
{
	char pair[LEX_TEXT_MAX + 1];
	const struct import_token *t;
	const char *separator = "[";
	size_t n;

	while (import_take(im, "}") == 0) {
		t = &im->tok[im->at];
		pair[0] = '\0';
		if (t->kind == IMPORT_LABEL && t->len < sizeof(pair)) {
			memcpy(pair, im->text + t->body, t->len);
			pair[t->len] = '\0';
			im->at++;
		} else if (import_literal(im, im->at, NULL) != 0 &&
		    import_string(im, import_literal(im, im->at, NULL))) {
			strlcpy(pair, im->string, sizeof(pair));
			im->at++;
			if (!import_take(im, "=>"))
				pair[0] = '\0';
		}
		n = strlcat(pair, "=", sizeof(pair));
		if (n < 2 || im->at >= im->to)
			return (import_no(im, import_bad_value));
		t = &im->tok[im->at];
		if (import_literal(im, im->at, NULL) != 0) {
			if (!import_string(im, import_literal(im, im->at,
			    NULL)))
				return (false);
		} else if (t->kind == IMPORT_NUMBER || import_is(im, im->at,
		    "true") || import_is(im, im->at, "false")) {
			if (t->to - t->from >= sizeof(im->string))
				return (import_no(im, import_bad_value));
			memcpy(im->string, im->text + t->from,
			    t->to - t->from);
			im->string[t->to - t->from] = '\0';
		} else
			return (import_no(im, import_bad_value));
		im->at++;
		if (strlcat(pair, im->string, sizeof(pair)) >= sizeof(pair) ||
		    (!import_take(im, ",") && !import_is(im, im->at, "}")))
			return (import_no(im, import_bad_value));
		import_put(im, separator);
		separator = ", ";
		import_put(im, lex_quote(im->quoted, sizeof(im->quoted),
		    pair));
	}
	import_put(im, *separator == '[' ? "[]" : "]");
	return (true);
}

/* A value that may be what mask says, at im->at. */
static bool
import_value(struct import *im, unsigned mask)
{
	static const char *const words[] = { "true", "false", "nil" };
	unsigned kind = im->at < im->to ? im->tok[im->at].kind : IMPORT_END;
	const char *separator = "[";
	size_t i;

	for (i = 0; i < 3 && (mask & IMPORT_V_WORD) != 0; i++) {
		if (import_take(im, words[i])) {
			import_put(im, words[i]);
			return (true);
		}
	}
	if (kind == IMPORT_NUMBER && (mask & IMPORT_V_NUMBER) != 0)
		return (import_put_number(im, (mask & IMPORT_V_OCTAL) != 0));
	if (kind == IMPORT_PATTERN && (mask & IMPORT_V_PATTERN) != 0)
		return (import_put_pattern(im));
	if (import_literal(im, im->at, NULL) != 0 && im->at < im->to &&
	    (mask & IMPORT_V_STRING) != 0)
		return (import_put_string(im, (mask & IMPORT_V_STATUS) != 0));
	if ((mask & IMPORT_V_HASH) != 0 && import_take(im, "{"))
		return (import_hash(im));
	if ((mask & IMPORT_V_LIST) == 0 || !import_take(im, "["))
		return (import_no(im, import_bad_value));
	while (!import_take(im, "]")) {
		import_put(im, separator);
		separator = ", ";
		if (!import_value(im, mask & ~IMPORT_V_LIST))
			return (false);
		if (!import_take(im, ",") && !import_is(im, im->at, "]"))
			return (import_no(im, import_bad_value));
	}
	import_put(im, *separator == '[' ? "[]" : "]");
	return (true);
}

/* What upstream lets a key of this type have, in Ruby's forms. */
static unsigned
import_key_values(const struct key *key)
{
	switch (key->type) {
	case KEY_MODE:
		return (IMPORT_V_NUMBER | IMPORT_V_OCTAL | IMPORT_V_WORD);
	case KEY_WORD:
		return (IMPORT_V_STRING | IMPORT_V_STATUS | IMPORT_V_WORD);
	case KEY_LIST:
	case KEY_CONDITIONS:
		return (IMPORT_V_STRING | IMPORT_V_LIST | IMPORT_V_WORD |
		    IMPORT_V_HASH);
	default:
		return (IMPORT_V_STRING | IMPORT_V_NUMBER | IMPORT_V_WORD);
	}
}

/* --- calls --------------------------------------------------------------- */

static void
import_check_report(const char *line, void *arg)
{
	char *why = arg;
	const char *p;
	unsigned i;

	/* FILE:LINE: KEY: what is wrong */
	for (i = 0; i < 2 && (p = strstr(line, ": ")) != NULL; i++)
		line = p + 2;
	if (why[0] == '\0')
		strlcpy(why, line, IMPORT_WHY_MAX);
}

/*
 * Is what was written, for a key of a milter or of none, taken by our own
 * parser?
 */
static bool
import_check(struct import *im, const struct import_call *call)
{
	struct conf_source source;
	struct buf statement = im->line_out;

	memset(&source, 0, sizeof(source));
	memset(&im->line_out, 0, sizeof(im->line_out));
	import_put_key(im, call->self == IMPORT_R_MILTER && call->value != 0 ?
	    "milter.@.connection_spec = \"unix:/x\"\n" :
	    "milter.x.connection_spec = \"unix:/x\"\n", call->value);
	if (buf_add(&im->line_out, buf_ptr(&statement), statement.len) == -1)
		im->fatal = "out of memory";
	source.file = "x";
	source.text = (char *)im->line_out.data;
	source.text_len = im->line_out.len;
	im->reason[0] = '\0';
	conf_unref(conf_load(&source, import_check_report, im->reason));
	buf_free(&im->line_out);
	im->line_out = statement;
	return (im->reason[0] == '\0' || import_no(im, im->reason));
}

/* Behind a key and its "=": the value, and nothing else. */
static bool
import_assign(struct import *im, const struct import_call *call,
    const struct key *key, unsigned mask)
{
	uint32_t token = import_literal(im, im->at, NULL);
	char *word, *rest;

	if (key != NULL && strcmp(key->name, "command") == 0 && token != 0 &&
	    import_string(im, token) && strpbrk(im->string, " \t") != NULL)
		return (import_no(im, "its arguments go into command_options "
		    "here"));
	if (key != NULL && key->type == KEY_BOOL && token != 0 &&
	    import_string(im, token) && (strcmp(im->string, "true") == 0 ||
	    strcmp(im->string, "false") == 0)) {
		import_put(im, im->string);
		im->at++;
	} else if (key != NULL && key->type == KEY_LIST && token != 0 &&
	    strcmp(key->name, "command_options") == 0) {
		/* Upstream gives it to a shell's rules. */
		if (!import_string(im, token))
			return (false);
		if (strpbrk(im->string, "'\"\\") != NULL)
			return (import_no(im, "quotes of a shell; write a list "
			    "of the arguments"));
		word = im->string;
		import_put(im, "[");
		for (; (word += strspn(word, " \t\n")), *word != '\0';
		    word = rest) {
			rest = word + strcspn(word, " \t\n");
			if (*rest != '\0')
				*rest++ = '\0';
			import_put(im, lex_quote(im->quoted,
			    sizeof(im->quoted), word));
			if (rest[strspn(rest, " \t\n")] != '\0')
				import_put(im, ", ");
		}
		import_put(im, "]");
		im->at++;
	} else if (!import_value(im, mask))
		return (false);
	if (im->at != call->end)
		return (import_no(im, "only plain values can be translated"));
	import_put(im, "\n");
	if (key == NULL || key->type == KEY_CONDITIONS)
		return (true);
	return (import_check(im, call));
}

static bool
import_parameters(struct import *im, struct import_call *call, uint32_t *at)
{
	if (!import_is(im, *at, "|"))
		return (true);
	do {
		++*at;
		if (call->n_params == 4 ||
		    im->tok[*at].kind != IMPORT_WORD)
			return (false);
		call->param[call->n_params++] = (*at)++;
	} while (import_is(im, *at, ","));
	return (import_is(im, (*at)++, "|"));
}

/*
 * A call or an assignment from im->at to im->to.  Leaves im->at at its first
 * argument.
 */
static bool
import_read_call(struct import *im, struct import_call *call)
{
	static const char plain[] = "only plain calls and assignments can be "
	    "translated";
	const struct import_name *name = import_name(im, im->at);
	uint32_t i = im->at, end = im->to;
	size_t n = 0, len;

	memset(call, 0, sizeof(*call));
	if (import_is(im, i, "[")) {
		call->value = i;
		i = im->tok[i].mate + 1;
		n = strlcpy(call->name, "[]", sizeof(call->name));
	} else if (name != NULL) {
		call->self = name->role;
		call->value = name->value;
		call->name[n++] = name->role == IMPORT_R_MILTER ? '@' :
		    name->role == IMPORT_R_CONDITION ? '?' : '!';
		i++;
	}
	for (; i < end && (n == 0 || import_is(im, i++, ".")); i++) {
		len = im->tok[i].to - im->tok[i].from;
		if (im->tok[i].kind != IMPORT_WORD ||
		    len + 3 > sizeof(call->name) - n)
			return (import_no(im, plain));
		if (n > 0)
			call->name[n++] = '.';
		memcpy(call->name + n, im->text + im->tok[i].from, len);
		n += len;
		if (!import_is(im, i + 1, "."))
			break;
	}
	i++;
	call->name[n] = '\0';
	if (i < end && import_is(im, i, "=")) {
		call->name[n++] = '=';
		call->name[n] = '\0';
		im->at = i + 1;
		call->end = end;
		return (im->at < end || import_no(im, plain));
	}
	im->at = i;
	if (i < end && import_is(im, i, "(")) {
		im->at++;
		call->end = im->tok[i].mate;
		i = call->end + 1;
	} else {
		while (i < end && !import_is(im, i, "do") &&
		    (i > im->at || !import_is(im, i, "{")))
			i = im->tok[i].mate != 0 ? im->tok[i].mate + 1 :
			    i + 1;
		call->end = i;
	}
	if (i < end && (import_is(im, i, "do") || import_is(im, i, "{"))) {
		call->block_end = im->tok[i].mate;
		call->block = i + 1;
		if (!import_parameters(im, call, &call->block))
			return (import_no(im, plain));
		i = call->block_end + 1;
	}
	return (i == end || import_no(im, plain));
}

static void import_walk(struct import *, uint32_t from, uint32_t to);

/* The block, with its first variable bound. */
static bool
import_block(struct import *im, const struct import_call *call,
    enum import_role role, uint32_t value)
{
	unsigned names = im->n_names;

	if (call->block == 0 || call->n_params != 1)
		return (import_no(im, "a block with one variable belongs "
		    "here"));
	if (!import_bind(im, call->param[0], role, value))
		return (false);
	import_walk(im, call->block, call->block_end);
	import_comments(im, im->tok[call->block_end].from);
	im->n_names = names;
	return (true);
}

bool
import_known(struct import *im, struct conf_list *list, const char *text)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (strcmp(list->item[i], text) == 0)
			return (true);
	if (list->n == IMPORT_CHILDREN_MAX)
		im->fatal = "more than 1000 milters or conditions";
	else if (value_list_add(list, text) == -1)
		im->fatal = "out of memory";
	return (false);
}

static bool
import_each(struct import *im, const struct import_call *call)
{
	uint32_t i = call->value + 1, end = im->tok[call->value].mate;

	for (; i < end; i += 2)
		if (import_literal(im, i, NULL) == 0 ||
		    (i + 1 < end && !import_is(im, i + 1, ",")))
			return (import_no(im, "only a list of strings"));
	if (i == call->value + 1 || call->block == 0)
		return (import_no(im, "nothing is done with this list"));
	for (i = call->value + 1; i < end && im->fatal == NULL; i += 2)
		if (!import_block(im, call, IMPORT_R_VALUE,
		    import_literal(im, i, NULL)))
			return (false);
	return (true);
}

/* restrict_accounts_by_list("a@b", /c/, condition_name: "X", milters: [...]) */
static bool
import_restrict(struct import *im, struct import_call *call)
{
	static const char text[] =
	    "condition.@.set_note.@ = envelope_recipient: \"other\" "
	    "if recipient not in $\n"
	    "condition.@.stop_on_envelope_recipient = recipient not in $\n"
	    "condition.@.stop_on_data = note(@) == \"other\"\n";
	const char *p, *separator = "[";
	char name[LEX_TEXT_MAX];
	uint32_t milters = 0, end, token;
	const struct import_token *t;
	struct buf list;

	while (im->at < call->end && im->tok[im->at].kind != IMPORT_LABEL) {
		import_put(im, separator);
		separator = ", ";
		if (!import_value(im, IMPORT_V_STRING | IMPORT_V_PATTERN) ||
		    (!import_take(im, ",") && im->at < call->end))
			return (import_no(im, import_bad_value));
	}
	import_put(im, *separator == '[' ? "[]" : "]");
	list = im->stop;
	im->stop = im->line_out;
	im->line_out = list;
	buf_clear(&im->line_out);
	snprintf(im->string, sizeof(im->string), "Restrict Accounts by List, "
	    "line %u", (unsigned)im->tok[call->end].line);
	while (im->at < call->end) {
		t = &im->tok[im->at++];
		token = import_literal(im, im->at, NULL);
		if (t->len == 7 && im->tok[im->at].mate != 0) {
			milters = im->at + 1;
			im->at = im->tok[im->at].mate + 1;
		} else if (t->len != 14 || token == 0 ||
		    !import_string(im, token))
			return (import_no(im, import_bad_value));
		else
			im->at++;
		if (!import_take(im, ",") && im->at != call->end)
			return (import_no(im, import_bad_value));
	}
	lex_quote(name, sizeof(name), im->string);
	if (import_known(im, &im->conditions, im->string))
		return (import_no(im, "a condition of that name is there "
		    "already; give it one with condition_name:"));
	for (p = text; *p != '\0'; p++) {
		if (*p == '@')
			import_put(im, name);
		else if (buf_add(&im->line_out, *p == '$' ? buf_ptr(&im->stop)
		    : (const unsigned char *)p, *p == '$' ? im->stop.len : 1)
		    == -1)
			im->fatal = "out of memory";
	}
	if (!import_check(im, call))
		return (false);
	if (milters == 0 && im->milters.n == 0 && !im->loads)
		return (import_no(im, "no milter is defined above"));
	end = milters == 0 ? 1 : im->tok[milters - 1].mate;
	for (; milters < end; milters += 2) {
		if (milters != 0 && (token = import_literal(im, milters,
		    NULL)) == 0)
			return (import_no(im, import_bad_value));
		import_put_key(im, "milter.@.applicable_conditions += ",
		    milters == 0 ? 0 : token);
		import_put(im, name);
		import_put(im, "\n");
	}
	return (true);
}

/* dnsbl.add_service("zen.example.org", "127.0.0.2") */
static bool
import_service(struct import *im, struct import_call *call)
{
	char zone[LEX_TEXT_MAX + 1];
	uint32_t token = import_literal(im, im->at, NULL);

	if (token == 0 || !import_string(im, token))
		return (import_no(im, import_bad_value));
	strlcpy(zone, im->string, sizeof(zone));
	im->at++;
	if (import_take(im, ",") && !import_take(im, "nil")) {
		token = import_literal(im, im->at++, NULL);
		if (token == 0 || !import_string(im, token))
			return (import_no(im, import_bad_value));
		strlcat(zone, "=", sizeof(zone));
		strlcat(zone, im->string, sizeof(zone));
	}
	if (im->at != call->end)
		return (import_no(im, import_bad_value));
	import_put(im, "dnsbl.services += ");
	import_put(im, lex_quote(im->quoted, sizeof(im->quoted), zone));
	import_put(im, "\n");
	return (import_check(im, call));
}

static bool
import_load(struct import *im, const char *text)
{
	uint32_t token = import_literal(im, im->at, NULL);

	if (token == 0)
		return (import_no(im, "only a path in quotes"));
	if (!import_string(im, token))
		return (false);
	if (strncmp(im->string, "applicable-conditions/", 22) == 0) {
		import_put(im, "# what was loaded here is built in\n");
		im->at++;
		return (true);
	}
	import_note(im, im->at, "this file is in the old language: import it, "
	    "too");
	im->loads = true;
	import_put(im, text);
	return (import_put_string(im, false) && (import_put(im, "\n"), true));
}

enum import_act {
	IMPORT_A_VALUE,		/* text, with the value behind it */
	IMPORT_A_CHECKED,	/* the same, and tried */
	IMPORT_A_TEXT,		/* text is all of it */
	IMPORT_A_DEFINE, IMPORT_A_REMOVE, IMPORT_A_CONDITION, IMPORT_A_EVERY,
	IMPORT_A_EACH, IMPORT_A_LOAD, IMPORT_A_DEFAULT, IMPORT_A_RESTRICT,
	IMPORT_A_SERVICE
};

/* @ and ? stand for the variable of a milter's and of a condition's block. */
static const struct {
	const char	*name;
	uint8_t		 act;
	uint8_t		 values;
	const char	*text;
} import_calls[] = {
#define S	IMPORT_V_STRING
#define M	(IMPORT_V_STRING | IMPORT_V_PATTERN)
#define L	(IMPORT_V_STRING | IMPORT_V_LIST)
	{ "define_milter", IMPORT_A_DEFINE, 0, NULL },
	{ "remove_milter", IMPORT_A_REMOVE, 0, "milter.@.enabled = false\n" },
	{ "defined_milters.each", IMPORT_A_EVERY, 0, NULL },
	{ "[].each", IMPORT_A_EACH, 0, NULL },
	{ "@.add_applicable_condition", IMPORT_A_VALUE, S,
	    "milter.@.applicable_conditions += " },
	{ "define_applicable_condition", IMPORT_A_CONDITION, 0, NULL },
	{ "?.description=", IMPORT_A_CHECKED, S,
	    "condition.@.description = " },
	{ "load", IMPORT_A_LOAD, 0, "load = " },
	{ "load_if_exist", IMPORT_A_LOAD, 0, "load_if_exist = " },
	{ "load_default", IMPORT_A_DEFAULT, 0, "load_default = true\n" },
	{ "restrict_accounts_by_list", IMPORT_A_RESTRICT, 0, NULL },
	{ "s25r.add_whitelist", IMPORT_A_CHECKED, M, "s25r.whitelist += " },
	{ "s25r.add_blacklist", IMPORT_A_CHECKED, M, "s25r.blacklist += " },
	{ "remote_network.add_local_address", IMPORT_A_CHECKED, S,
	    "remote_network.local_addresses += " },
	{ "remote_network.add_remote_address", IMPORT_A_CHECKED, S,
	    "remote_network.remote_addresses += " },
	{ "trust.add_envelope_from_domain", IMPORT_A_CHECKED, M,
	    "trust.envelope_from_domains += " },
	{ "trust.clear", IMPORT_A_TEXT, 0,
	    "trust.envelope_from_domains = []\n" },
	{ "trust.load_envelope_from_domains", IMPORT_A_VALUE, S,
	    "trust.load_envelope_from_domains = " },
	{ "dnsbl.add_service", IMPORT_A_SERVICE, 0, NULL },
	{ "dnsbl.name_server=", IMPORT_A_CHECKED, L,
	    "dnsbl.name_servers += " },
	{ "dnsbl.name_servers=", IMPORT_A_CHECKED, L,
	    "dnsbl.name_servers += " },
	{ "database.setup", IMPORT_A_TEXT, 0,
	    "# a database is asked through a table\n" }
#undef S
#undef M
#undef L
};

static bool
import_define(struct import *im, const struct import_call *call, bool milter,
    uint32_t token)
{
	if (token != 0) {
		if (!import_string(im, token))
			return (false);
		if (import_known(im, milter ? &im->milters : &im->conditions,
		    im->string))
			import_note(im, call->param[0], milter ? "defined "
			    "again: it keeps its place and its fallback_status "
			    "and evaluation_mode, which upstream moves to the "
			    "end and resets" : "defined again: its other "
			    "stoppers stay, which upstream drops");
	}
	if (!milter) {
		im->stages = 0;
		value_list_free(&im->setters);
	}
	return (import_block(im, call, milter ? IMPORT_R_MILTER :
	    IMPORT_R_CONDITION, token));
}

/* One of import_calls. */
static bool
import_act(struct import *im, struct import_call *call, enum import_act act,
    const char *text, unsigned values)
{
	uint32_t token;
	bool every, none = im->milters.n == 0 && !im->loads;

	if (act >= IMPORT_A_RESTRICT || act <= IMPORT_A_CHECKED ||
	    act == IMPORT_A_LOAD || act == IMPORT_A_REMOVE) {
		if (call->block != 0)
			return (import_no(im, "a block of Ruby; write a list, "
			    "a table or a condition of your own"));
		im->to = call->end;
	}
	token = im->at < call->end ? import_literal(im, im->at, &every) : 0;
	if (im->at >= call->end)
		every = false;
	switch (act) {
	case IMPORT_A_VALUE:
	case IMPORT_A_CHECKED:
		import_put_key(im, text, call->value);
		if (!import_assign(im, call, NULL, values))
			return (false);
		return (act == IMPORT_A_VALUE || import_check(im, call));
	case IMPORT_A_SERVICE:
		return (import_service(im, call));
	case IMPORT_A_RESTRICT:
		return (import_restrict(im, call));
	case IMPORT_A_EACH:
		return (import_each(im, call));
	case IMPORT_A_LOAD:
		return (import_load(im, text) && (im->at == call->end ||
		    import_no(im, "only a path in quotes")));
	case IMPORT_A_DEFAULT:
		import_put(im, text);
		if (im->at == call->end && import_check(im, call))
			return (true);
		im->why = "installed milters are not found by themselves "
		    "here; define each of them";
		import_out(im, "# ", 2);
		import_out(im, text, strlen(text));
		return (false);
	case IMPORT_A_TEXT:
		import_put(im, text);
		return (im->at == call->end || import_no(im,
		    import_bad_value));
	case IMPORT_A_EVERY:
		if (im->at < call->end || none)
			return (import_no(im, "no milter is defined above"));
		return (import_block(im, call, IMPORT_R_VALUE, 0));
	case IMPORT_A_DEFINE:
	case IMPORT_A_CONDITION:
	case IMPORT_A_REMOVE:
		break;
	}
	if (call->end != im->at + 1 || (token == 0 && !every))
		return (import_no(im, "only a name in quotes, or a loop's"));
	if (act != IMPORT_A_REMOVE)
		return (import_define(im, call, act == IMPORT_A_DEFINE,
		    token));
	import_note(im, im->at, "it stays in the order, but takes no part");
	import_put_key(im, text, token);
	return (true);
}

static bool
import_do(struct import *im)
{
	const size_t n = sizeof(import_calls) / sizeof(import_calls[0]);
	const struct key *key = NULL;
	struct import_call call;
	size_t i, len;

	if (!import_read_call(im, &call))
		return (false);
	for (i = 0; i < n; i++) {
		if (strcmp(call.name, import_calls[i].name) == 0)
			return (import_act(im, &call,
			    (enum import_act)import_calls[i].act,
			    import_calls[i].text, import_calls[i].values));
	}
	len = strlen(call.name);
	if (call.self == IMPORT_R_CONDITION && len > 17 &&
	    strncmp(call.name, "?.define_", 9) == 0 &&
	    strcmp(call.name + len - 8, "_stopper") == 0 && call.block != 0 &&
	    im->at == call.end)
		return (import_stopper(im, call.name + 9, len - 17,
		    call.value, call.param, call.n_params, call.block,
		    call.block_end));
	if (call.name[len - 1] != '=')
		return (import_no(im, "no such call is known here"));
	call.name[len - 1] = '\0';
	if (call.self == IMPORT_R_MILTER)
		key = key_find(key_child, call.name + 2);
	else if (call.self == IMPORT_R_NONE)
		key = key_find(key_main, call.name);
	if (key == NULL || key->type == KEY_RULES)
		return (import_no(im, "there is no such key here; see "
		    "milter-manager.conf(5)"));
	if (call.self == IMPORT_R_MILTER)
		import_put_key(im, "milter.@.", call.value);
	import_put(im, key->name);
	import_put(im, " = ");
	return (import_assign(im, &call, key, import_key_values(key)));
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

static void
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
		good = import_do(im);
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
	    buf_add(&copy, text, len) == -1 || buf_add(&copy, "\0[,]", 4) == -1) {
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
#undef IMPORT_CHILDREN_MAX
#undef IMPORT_TOLD_MAX
#undef IMPORT_V_STRING
#undef IMPORT_V_STATUS
#undef IMPORT_V_NUMBER
#undef IMPORT_V_OCTAL
#undef IMPORT_V_WORD
#undef IMPORT_V_LIST
#undef IMPORT_V_PATTERN
#undef IMPORT_V_HASH
