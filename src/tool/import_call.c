/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_call.c - a call, an assignment or a block, in our language.
 * Owns:      which of them there are, and what becomes of each.
 * Called by: import_walk.c, import_stop.c.
 * Must not:  translate half a statement.
 */
#include "compat.h"

#include "config/key.h"
#include "config/upstream.h"
#include "config/value.h"
#include "tool/import.h"

#define IMPORT_CHILDREN_MAX	1000

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

/* --- values -------------------------------------------------------------- */

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

/* What is in one literal, put behind pair. */
static bool
import_part(struct import *im, char pair[LEX_TEXT_MAX])
{
	const struct import_token *t = &im->tok[im->at];
	uint32_t token = import_literal(im, im->at++, NULL);
	size_t n = strlen(pair);

	if (im->at > im->to || (token != 0 && !import_string(im, token)))
		return (import_no(im, import_bad_value));
	if (token != 0)
		strlcat(pair, im->string, LEX_TEXT_MAX);
	else if (t->kind == IMPORT_NUMBER || t->kind == IMPORT_LABEL ||
	    import_is(im, im->at - 1, "true") ||
	    import_is(im, im->at - 1, "false"))
		snprintf(pair + n, LEX_TEXT_MAX - n, "%.*s", (int)t->len,
		    im->text + t->body);
	return (strlen(pair) > n || import_no(im, import_bad_value));
}

/* { "NAME" => "VALUE", NAME: VALUE }, behind its brace, as strings. */
static bool
import_hash(struct import *im)
{
	char pair[LEX_TEXT_MAX];
	const char *separator = "[";

	while (!import_take(im, "}")) {
		pair[0] = '\0';
		if (!import_part(im, pair))
			return (false);
		strlcat(pair, "=", sizeof(pair));
		(void)import_take(im, "=>");
		if (!import_part(im, pair) ||
		    (!import_take(im, ",") && !import_is(im, im->at, "}")))
			return (import_no(im, import_bad_value));
		import_put(im, separator);
		separator = ", ";
		import_put_quoted(im, pair);
	}
	import_put(im, *separator == '[' ? "[]" : "]");
	return (true);
}

/* A value; what a key takes is tried by import_check(). */
static bool
import_value(struct import *im, const struct key *key, bool in_list)
{
	static const char *const words[] = { "true", "false", "nil" };
	unsigned kind = im->at < im->to ? im->tok[im->at].kind : IMPORT_END;
	const char *separator = "[";
	bool names = key != NULL && key->type == KEY_CONDITIONS;
	size_t i;

	for (i = names ? 2 : 0; i < 3; i++) {
		if (import_take(im, words[i])) {
			import_put(im, words[i]);
			return (true);
		}
	}
	if (kind == IMPORT_NUMBER && !names)
		return (import_put_number(im, key != NULL &&
		    key->type == KEY_MODE));
	if (kind == IMPORT_PATTERN && !names)
		return (import_put_pattern(im));
	if (kind != IMPORT_END && import_literal(im, im->at, NULL) != 0)
		return (import_put_string(im, key != NULL &&
		    key->type == KEY_WORD));
	if (!names && import_take(im, "{"))
		return (import_hash(im));
	if (in_list || !import_take(im, "["))
		return (import_no(im, import_bad_value));
	while (!import_take(im, "]")) {
		import_put(im, separator);
		separator = ", ";
		if (!import_value(im, key, true) ||
		    (!import_take(im, ",") && !import_is(im, im->at, "]")))
			return (import_no(im, import_bad_value));
	}
	import_put(im, *separator == '[' ? "[]" : "]");
	return (true);
}

/* --- calls --------------------------------------------------------------- */

static void
import_check_report(const char *line, void *arg)
{
	char *why = arg;
	const char *p;
	unsigned i = 0;

	/* FILE:LINE: KEY: what is wrong */
	for (p = line; i < 2 && *p != '\0'; p++)
		if (p[0] == ':' && p[1] == ' ') {
			line = p + 2;
			i++;
		}
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
	import_add(im, &im->line_out, buf_ptr(&statement), statement.len);
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
    const struct key *key)
{
	uint32_t token = import_literal(im, im->at, NULL);

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
		/* Upstream cuts it as a shell would. */
		import_put(im, "[");
		if (!import_string(im, token) ||
		    strpbrk(im->string, " \t'\"\\") != NULL)
			return (import_no(im, "write a list, one argument a "
			    "string"));
		import_put_quoted(im, im->string);
		import_put(im, "]");
		im->at++;
	} else if (!import_value(im, key, false))
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

/* "NAME:" or ":NAME =>" */
static bool
import_at_option(const struct import *im)
{
	return (im->tok[im->at].kind == IMPORT_LABEL ||
	    (im->tok[im->at].kind == IMPORT_SYMBOL &&
	    import_is(im, im->at + 1, "=>")));
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

	while (im->at < call->end && !import_at_option(im)) {
		import_put(im, separator);
		separator = ", ";
		if (!import_value(im, NULL, true) ||
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
		(void)import_take(im, "=>");
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
		else if (*p == '$')
			import_add(im, &im->line_out, buf_ptr(&im->stop),
			    im->stop.len);
		else
			import_add(im, &im->line_out, p, 1);
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
	char zone[LEX_TEXT_MAX];

	zone[0] = '\0';
	if (!import_part(im, zone))
		return (false);
	if (import_take(im, ",") && !import_take(im, "nil")) {
		strlcat(zone, "=", sizeof(zone));
		if (!import_part(im, zone))
			return (false);
	}
	import_put(im, "dnsbl.services += ");
	import_put_quoted(im, zone);
	import_put(im, "\n");
	return (im->at == call->end ? import_check(im, call) :
	    import_no(im, import_bad_value));
}

static bool
import_load(struct import *im, const char *text)
{
	uint32_t token = import_literal(im, im->at, NULL);

	if (token == 0)
		return (import_no(im, "only a path in quotes"));
	if (!import_string(im, token))
		return (false);
	if (strcmp(im->string, "applicable-conditions/*.conf") == 0) {
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
	IMPORT_A_VALUE = 'a',	/* text, with the value behind it */
	IMPORT_A_CHECKED,	/* the same, and tried */
	IMPORT_A_TEXT,		/* text is all of it */
	IMPORT_A_DEFINE, IMPORT_A_REMOVE, IMPORT_A_CONDITION, IMPORT_A_EVERY,
	IMPORT_A_EACH, IMPORT_A_LOAD, IMPORT_A_DEFAULT, IMPORT_A_RESTRICT,
	IMPORT_A_SERVICE, IMPORT_A_NETSTAT,
	IMPORT_A_DROP		/* of what need not be said here */
};

/*
 * What is done ('a' is the first of enum import_act), the name, a NUL, the
 * text.  @ and ? stand for the variable of a milter's and of a condition's
 * block.
 */
static const char import_calls[] =
	"ddefine_milter\0\0"
	"eremove_milter\0milter.@.enabled = false\n\0"
	"gdefined_milters.each\0\0"
	"h[].each\0\0"
	"a@.add_applicable_condition\0milter.@.applicable_conditions += \0"
	"fdefine_applicable_condition\0\0"
	"b?.description=\0condition.@.description = \0"
	"iload\0load = \0"
	"iload_if_exist\0load_if_exist = \0"
	"jload_default\0load_default = true\n\0"
	"krestrict_accounts_by_list\0\0"
	"bs25r.add_whitelist\0s25r.whitelist += \0"
	"bs25r.add_blacklist\0s25r.blacklist += \0"
	"bremote_network.add_local_address\0"
	    "remote_network.local_addresses += \0"
	"bremote_network.add_remote_address\0"
	    "remote_network.remote_addresses += \0"
	"btrust.add_envelope_from_domain\0"
	    "trust.envelope_from_domains += \0"
	"ctrust.clear\0trust.envelope_from_domains = []\n\0"
	"atrust.load_envelope_from_domains\0"
	    "trust.load_envelope_from_domains = \0"
	"ldnsbl.add_service\0\0"
	"bdnsbl.name_server=\0dnsbl.name_servers += \0"
	"bdnsbl.name_servers=\0dnsbl.name_servers += \0"
	"mmanager.use_netstat_connection_checker\0"
	    "manager.connection_check_interval = \0"
	"cmanager.report_memory_statistics\0"
	    "manager.report_memory_statistics = true\n\0"
	"nmanager.packet_buffer_size=\0\0"
	"nmanager.max_pending_finished_sessions=\0\0"
	"cdatabase.setup\0# a database is asked through a table\n\0";

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
    const char *text)
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
		if (!import_assign(im, call, act == IMPORT_A_CHECKED ? NULL :
		    key_find(key_child, "applicable_conditions")))
			return (false);
		return (act == IMPORT_A_VALUE || import_check(im, call));
	case IMPORT_A_NETSTAT:
		import_put(im, text);
		if (im->at < call->end)
			return (import_assign(im, call, NULL) &&
			    import_check(im, call));
		import_put(im, "5\n");		/* upstream's default */
		return (true);
	case IMPORT_A_DROP:
		call->name[strlen(call->name) - 1] = '\0';
		import_put(im, "# ");
		import_put(im, call->name);
		import_put(im, ": ");
		import_put(im, upstream_instead(call->name));
		import_put(im, "\n");
		return (true);
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
		im->loads = true;
		/* FALLTHROUGH */
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

bool
import_statement(struct import *im)
{
	const struct key *key = NULL;
	struct import_call call;
	const char *row, *text;
	size_t len;

	if (!import_read_call(im, &call))
		return (false);
	for (row = import_calls; *row != '\0'; row = text + strlen(text) + 1) {
		text = row + strlen(row) + 1;
		if (strcmp(call.name, row + 1) == 0)
			return (import_act(im, &call, (enum import_act)*row,
			    text));
	}
	len = strlen(call.name);
	if (call.self == IMPORT_R_CONDITION && len > 17 &&
	    strncmp(call.name, "?.define_", 9) == 0 &&
	    strcmp(call.name + len - 8, "_stopper") == 0 && call.block != 0 &&
	    im->at == call.end)
		return (import_stopper(im, call.name + 9, len - 17,
		    call.value, call.param, call.n_params, call.block,
		    call.block_end));
	text = upstream_instead(call.name);
	if (call.name[len - 1] != '=')
		return (import_no(im, text != NULL ? text :
		    "no such call is known here"));
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
	return (import_assign(im, &call, key));
}

#undef IMPORT_CHILDREN_MAX
