/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_expr.c - the block of a stopper as an expression, and as setters.
 * Owns:      Ruby's operators, what upstream's objects can be asked.
 * Called by: import.c.
 * Must not:  write an expression that asks anything else than Ruby's did.
 */
#include "compat.h"

#include "config/expr.h"
#include "tool/import.h"

enum import_type {
	IMPORT_T_BOOL,
	IMPORT_T_NUMBER,
	IMPORT_T_STRING,
	IMPORT_T_NIL,
	IMPORT_T_LIST,
	IMPORT_T_PATTERN,
	/* What has to be asked for something before it is a value. */
	IMPORT_T_ADDRESS,
	IMPORT_T_CONTEXT,
	IMPORT_T_CHILDREN,
	IMPORT_T_CHILD,
	IMPORT_T_SHELF,
	IMPORT_T_TIME,
	IMPORT_T_NOW
};

struct import_node {
	enum import_type type;
	uint32_t	 token;		/* its first one */
	size_t		 from;		/* in im->line_out */
	bool		 literal;
	bool		 angles;	/* upstream's has < and > around it */
};

/* In the order of enum import_role, from _CONTEXT on. */
static const struct {
	const char	*text;
	enum import_type type;
	bool		 angles;
} import_roles[] = {
	{ "", IMPORT_T_CONTEXT, false },
	{ "host", IMPORT_T_STRING, false },
	{ "", IMPORT_T_ADDRESS, false },
	{ "helo", IMPORT_T_STRING, false },
	{ "sender", IMPORT_T_STRING, true },
	{ "recipient", IMPORT_T_STRING, true },
	{ "header_name", IMPORT_T_STRING, false },
	{ "header_value", IMPORT_T_STRING, false },
	{ "body", IMPORT_T_STRING, false }
};

/* The variables of a stage's stopper behind the context. */
static const uint8_t import_variables[CONF_STAGE_N][2] = {
	[CONF_CONNECT] = { IMPORT_R_HOST, IMPORT_R_ADDRESS },
	[CONF_HELO] = { IMPORT_R_HELO, 0 },
	[CONF_ENVELOPE_FROM] = { IMPORT_R_SENDER, 0 },
	[CONF_ENVELOPE_RECIPIENT] = { IMPORT_R_RECIPIENT, 0 },
	[CONF_HEADER] = { IMPORT_R_HEADER_NAME, IMPORT_R_HEADER_VALUE },
	[CONF_BODY] = { IMPORT_R_BODY, 0 }
};

/* What follows a dot; the text is put behind that of the object. */
static const struct {
	enum import_type object, type;
	const char	*name, *text;
} import_methods[] = {
	{ IMPORT_T_CONTEXT, IMPORT_T_BOOL, "authenticated?", "authenticated" },
	{ IMPORT_T_CONTEXT, IMPORT_T_BOOL, "postfix?", "postfix" },
	{ IMPORT_T_CONTEXT, IMPORT_T_NUMBER, "n_processing_sessions",
	    "connections" },
	{ IMPORT_T_CONTEXT, IMPORT_T_CHILDREN, "children", "" },
	{ IMPORT_T_CONTEXT, IMPORT_T_SHELF, "mail_transaction_shelf", "" },
	{ IMPORT_T_CHILD, IMPORT_T_BOOL, "reject?", ".rejected" },
	{ IMPORT_T_CHILD, IMPORT_T_BOOL, "accept?", ".accepted" },
	{ IMPORT_T_CHILD, IMPORT_T_BOOL, "temporary_failure?",
	    ".tempfailed" },
	{ IMPORT_T_CHILD, IMPORT_T_BOOL, "discard?", ".discarded" },
	{ IMPORT_T_ADDRESS, IMPORT_T_BOOL, "local?", "address.local" },
	{ IMPORT_T_ADDRESS, IMPORT_T_STRING, "address", "address" },
	{ IMPORT_T_ADDRESS, IMPORT_T_NUMBER, "port", "address.port" },
	{ IMPORT_T_ADDRESS, IMPORT_T_BOOL, "ipv4?",
	    "address.family == \"inet\"" },
	{ IMPORT_T_ADDRESS, IMPORT_T_BOOL, "ipv6?",
	    "address.family == \"inet6\"" },
	{ IMPORT_T_ADDRESS, IMPORT_T_BOOL, "unix?",
	    "address.family == \"unix\"" },
	{ IMPORT_T_ADDRESS, IMPORT_T_BOOL, "unknown?",
	    "address.family == \"unknown\"" },
	{ IMPORT_T_STRING, IMPORT_T_BOOL, "nil?", " == \"\"" },
	{ IMPORT_T_TIME, IMPORT_T_NOW, "now", "" },
	{ IMPORT_T_NOW, IMPORT_T_NUMBER, "hour", "hour" },
	{ IMPORT_T_NOW, IMPORT_T_NUMBER, "min", "minute" },
	{ IMPORT_T_NOW, IMPORT_T_NUMBER, "wday", "weekday" }
};

/* Which may be on either side. */
static const struct import_operator {
	const char	*ruby, *ours;
	uint16_t	 left, right;	/* bits of types */
} import_operators[] = {
#define T(type)	(1u << IMPORT_T_##type)
	{ "==", " == ", T(STRING) | T(NIL), T(STRING) | T(NIL) },
	{ "!=", " != ", T(STRING) | T(NIL), T(STRING) | T(NIL) },
	{ "==", " == ", T(NUMBER), T(NUMBER) },
	{ "!=", " != ", T(NUMBER), T(NUMBER) },
	{ "<", " < ", T(NUMBER), T(NUMBER) },
	{ "<=", " <= ", T(NUMBER), T(NUMBER) },
	{ ">", " > ", T(NUMBER), T(NUMBER) },
	{ ">=", " >= ", T(NUMBER), T(NUMBER) },
	{ "=~", " =~ ", T(STRING), T(PATTERN) },
	{ "!~", " !~ ", T(STRING), T(PATTERN) },
	/* These have the literal on the left in Ruby: "x" === host. */
	{ "===", " =~ ", T(STRING), T(PATTERN) },
	{ "===", " == ", T(STRING), T(STRING) },
	{ "===", " in ", T(STRING) | T(NUMBER), T(LIST) },
	{ "include?", " in ", T(STRING) | T(NUMBER), T(LIST) },
	{ "match?", " =~ ", T(STRING), T(PATTERN) },
	{ "match", " =~ ", T(STRING), T(PATTERN) }
#undef T
};

static const char import_what[] = "a part of it has no counterpart here; see "
    "milter-manager.conf(5) for what has";
static const char import_angles[] = "addresses have no < and > here, so that "
    "a comparison with this may turn out otherwise";

static bool import_low(struct import *, unsigned depth);

static bool
import_truth(struct import *im, const struct import_node *node)
{
	if (node->angles)
		return (import_no(im, import_angles));
	if (node->type == IMPORT_T_STRING && !node->literal)
		import_put(im, " != \"\"");
	else if (node->type != IMPORT_T_BOOL)
		return (import_no(im, "what is neither true nor false is "
		    "asked for its truth"));
	return (true);
}

/* ["NAME"]; a macro's name has braces here unless it is one letter. */
static bool
import_index(struct import *im, bool macro, const char *before,
    const char *after)
{
	uint32_t token;
	size_t n;

	if (!import_take(im, "["))
		return (import_no(im, import_what));
	token = import_literal(im, im->at, NULL);
	if (token == 0)
		return (import_no(im, import_what));
	if (!import_string(im, token))
		return (false);
	im->at++;
	n = strlen(im->string);
	if (macro && im->string[0] != '{' && n > 1 && n < LEX_TEXT_MAX - 2) {
		memmove(im->string + 1, im->string, n);
		im->string[0] = '{';
		im->string[n + 1] = '}';
		im->string[n + 2] = '\0';
	}
	import_put(im, before);
	import_put(im, lex_quote(im->quoted, sizeof(im->quoted), im->string));
	import_put(im, after);
	return (import_take(im, "]") || import_no(im, import_what));
}

/* The strings and numbers between brackets. */
static bool
import_list(struct import *im)
{
	const char *separator = "[";

	while (!import_take(im, "]")) {
		import_put(im, separator);
		separator = ", ";
		if (!(im->tok[im->at].kind == IMPORT_NUMBER ?
		    import_put_number(im, false) :
		    import_put_string(im, false)))
			return (false);
		if (!import_take(im, ",") && !import_is(im, im->at, "]"))
			return (import_no(im, import_what));
	}
	import_put(im, *separator == '[' ? "[]" : "]");
	return (true);
}

/* 8..19), behind its parenthesis; false and nothing done: it is none. */
static bool
import_range(struct import *im)
{
	uint32_t at = im->at;

	if (im->to - at < 4 || im->tok[at].kind != IMPORT_NUMBER ||
	    !import_is(im, at + 1, "..") ||
	    im->tok[at + 2].kind != IMPORT_NUMBER ||
	    !import_is(im, at + 3, ")") || !import_put_number(im, false))
		return (false);
	im->at++;
	import_put(im, "..");
	if (!import_put_number(im, false))
		return (false);
	im->at++;
	return (true);
}

/* A literal, a variable, or something in parentheses. */
static bool
import_atom(struct import *im, struct import_node *node, unsigned depth)
{
	const struct import_name *name;
	unsigned role;

	memset(node, 0, sizeof(*node));
	node->token = im->at;
	node->from = im->line_out.len;
	if (im->at >= im->to || depth > IMPORT_DEPTH_MAX)
		return (import_no(im, import_what));
	node->literal = true;
	switch (im->tok[im->at].kind) {
	case IMPORT_NUMBER:
		node->type = IMPORT_T_NUMBER;
		return (import_put_number(im, false));
	case IMPORT_STRING:
		node->type = IMPORT_T_STRING;
		return (import_put_string(im, false));
	case IMPORT_PATTERN:
		node->type = IMPORT_T_PATTERN;
		return (import_put_pattern(im));
	default:
		break;
	}
	if (import_take(im, "[")) {
		node->type = IMPORT_T_LIST;
		return (import_list(im));
	}
	if (import_take(im, "(")) {
		if (import_range(im)) {
			node->type = IMPORT_T_LIST;
			return (true);
		}
		node->literal = false;
		import_put(im, "(");
		if (!import_low(im, depth + 1))
			return (false);
		import_put(im, ")");
		return (import_take(im, ")") || import_no(im, import_what));
	}
	if (import_is(im, im->at, "true") || import_is(im, im->at, "false")) {
		import_put(im, import_take(im, "true") ? "true" : "false");
		im->at += im->at == node->token;
		return (true);
	}
	if (import_take(im, "nil")) {
		node->type = IMPORT_T_NIL;
		import_put(im, "\"\"");
		return (true);
	}
	if (import_literal(im, im->at, NULL) != 0) {
		node->type = IMPORT_T_STRING;
		return (import_put_string(im, false));
	}
	node->literal = false;
	if (import_take(im, "Time")) {
		node->type = IMPORT_T_TIME;
		return (true);
	}
	name = import_name(im, im->at);
	if (name == NULL || name->role < IMPORT_R_CONTEXT)
		return (import_no(im, import_what));
	role = name->role - IMPORT_R_CONTEXT;
	node->type = import_roles[role].type;
	node->angles = import_roles[role].angles;
	import_put(im, import_roles[role].text);
	im->at++;
	return (true);
}

static bool import_primary(struct import *, struct import_node *, unsigned);

/* What stands on the right of an operator; the left is in node and written. */
static bool
import_operation(struct import *im, struct import_node *node,
    const char *ruby, bool method, unsigned depth)
{
	const struct import_operator *op = import_operators, *end = op +
	    sizeof(import_operators) / sizeof(import_operators[0]);
	struct import_node right;
	const struct import_node *subject = node, *other = &right;
	bool swap = node->literal, must = *ruby == 'i' ||
	    strcmp(ruby, "===") == 0;
	size_t middle = im->line_out.len, len;
	uint32_t behind;

	im->angles = node->angles;
	if (!import_primary(im, &right, depth + 1))
		return (false);
	im->angles = false;
	if (method && !import_take(im, ")"))
		return (import_no(im, import_what));
	if (swap) {
		subject = &right;
		other = node;
	}
	if (subject->angles != other->angles && (!other->literal ||
	    other->type == IMPORT_T_NIL))
		return (import_no(im, import_angles));
	if (subject->angles && other->type == IMPORT_T_PATTERN)
		import_note(im, node->token, "this is held against the "
		    "address without < and > here");
	while (op < end && (strcmp(op->ruby, ruby) != 0 ||
	    (op->left & 1u << subject->type) == 0 ||
	    (op->right & 1u << other->type) == 0))
		op++;
	/* "<" cannot be turned around. */
	if (op == end || subject->literal || (must && !swap) ||
	    (swap && (*ruby == '<' || *ruby == '>')))
		return (import_no(im, "these two cannot be compared so here"));
	len = strlen(op->ours);
	import_put(im, op->ours);
	if (im->fatal != NULL)
		return (false);
	if (!swap) {
		/* It belongs between them. */
		memmove(im->line_out.data + middle + len,
		    im->line_out.data + middle,
		    im->line_out.len - middle - len);
		memcpy(im->line_out.data + middle, op->ours, len);
	} else {
		/* The literal has to be written once more, behind it. */
		memmove(im->line_out.data + node->from,
		    im->line_out.data + middle, im->line_out.len - middle);
		im->line_out.len -= middle - node->from;
		behind = im->at;
		im->at = node->token;
		im->angles = right.angles;
		if (!import_atom(im, &right, depth + 1))
			return (false);
		im->angles = false;
		im->at = behind;
	}
	node->type = IMPORT_T_BOOL;
	node->literal = node->angles = false;
	return (true);
}

static bool
import_method(struct import *im, struct import_node *node, unsigned depth)
{
	const size_t n = sizeof(import_methods) / sizeof(import_methods[0]);
	static const char *const calls[] = { "include?", "match?", "match" };
	size_t i;

	for (i = 0; i < n; i++) {
		if (import_methods[i].object != node->type || node->literal ||
		    node->angles || !import_take(im, import_methods[i].name))
			continue;
		import_put(im, import_methods[i].text);
		node->type = import_methods[i].type;
		return (true);
	}
	for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (import_take(im, calls[i]) && import_take(im, "("))
			return (import_operation(im, node, calls[i], true,
			    depth));
	}
	return (import_no(im, import_what));
}

/* An atom and what it is asked. */
static bool
import_primary(struct import *im, struct import_node *node, unsigned depth)
{
	bool angles = im->angles, good;

	if (!import_atom(im, node, depth))
		return (false);
	im->angles = false;
	for (good = true; good && im->at < im->to;) {
		if (import_take(im, ".") || import_take(im, "&.")) {
			good = import_method(im, node, depth);
			continue;
		}
		if (!import_is(im, im->at, "["))
			break;
		switch (node->type) {
		case IMPORT_T_CONTEXT:
			node->type = IMPORT_T_STRING;
			good = import_index(im, true, "macro(", ")");
			break;
		case IMPORT_T_SHELF:
			node->type = IMPORT_T_STRING;
			good = import_index(im, false, "note(", ")");
			break;
		case IMPORT_T_CHILDREN:
			node->type = IMPORT_T_CHILD;
			good = import_index(im, false, "child(", ")");
			break;
		default:
			good = import_no(im, import_what);
		}
	}
	im->angles = angles;
	return (good);
}

static bool
import_compare(struct import *im, unsigned depth)
{
	static const char *const signs[] = {
		"==", "!=", "=~", "!~", "===", "<", "<=", ">", ">="
	};
	struct import_node node;
	bool negated = false;
	size_t i;

	/* Ruby's binds closer than what compares, so that must not follow. */
	while (import_take(im, "!")) {
		import_put(im, "not ");
		negated = true;
	}
	if (!import_primary(im, &node, depth))
		return (false);
	for (i = 0; !negated && i < sizeof(signs) / sizeof(signs[0]); i++) {
		if (!import_take(im, signs[i]))
			continue;
		if (!import_operation(im, &node, signs[i], false, depth))
			return (false);
		break;
	}
	return (import_truth(im, &node));
}

static bool
import_and(struct import *im, unsigned depth)
{
	for (;;) {
		if (!import_compare(im, depth))
			return (false);
		if (!import_take(im, "&&"))
			return (true);
		import_put(im, " and ");
	}
}

/* *loose: it has an "or" that no parentheses hold together. */
static bool
import_or(struct import *im, bool *loose, unsigned depth)
{
	*loose = false;
	for (;;) {
		if (!import_and(im, depth))
			return (false);
		if (!import_take(im, "||"))
			return (true);
		import_put(im, " or ");
		*loose = true;
	}
}

/*
 * The words and, or, not, which bind less than everything else.  "and" and "or"
 * bind alike in Ruby, unlike here: no mixture of them.
 */
static bool
import_low(struct import *im, unsigned depth)
{
	enum { NONE, AND, OR } first = NONE, next;
	bool loose, not;

	for (;;) {
		not = import_take(im, "not");
		if (not)
			import_put(im, "not (");
		if (!import_or(im, &loose, depth))
			return (false);
		if (not)
			import_put(im, ")");
		next = import_take(im, "and") ? AND :
		    import_take(im, "or") ? OR : NONE;
		if ((first == AND || next == AND) && loose && !not)
			return (import_no(im, "\"and\" next to || binds "
			    "otherwise here; put parentheses"));
		if (next == NONE)
			return (true);
		if (first != NONE && next != first)
			return (import_no(im, "\"and\" next to \"or\" binds "
			    "otherwise here; put parentheses"));
		first = next;
		import_put(im, next == AND ? " and " : " or ");
	}
}

/* Is what was written from there on an expression, at the stage? */
static bool
import_try(struct import *im, size_t from, enum expr_type type)
{
	struct expr *e;
	size_t at;

	if (im->fatal != NULL)
		return (false);
	e = expr_new((const char *)im->line_out.data + from,
	    im->line_out.len - from, type, im->stage, &at, im->reason);
	expr_free(e);
	return (e != NULL || import_no(im, im->reason));
}

/* An expression up to the statement's end. */
static bool
import_whole(struct import *im)
{
	size_t from = im->line_out.len;

	return (import_low(im, 0) &&
	    (im->at == im->to || import_no(im, import_what)) &&
	    import_try(im, from, EXPR_BOOL));
}

/* "if" or "unless" and its expression; true when there is neither. */
static bool
import_modifier(struct import *im)
{
	bool unless;

	if (im->at == im->to)
		return (true);
	unless = import_take(im, "unless");
	if (!unless && !import_take(im, "if"))
		return (import_no(im, import_what));
	import_put(im, unless ? " if not (" : " if ");
	if (!import_whole(im))
		return (false);
	import_put(im, unless ? ")" : "");
	return (true);
}

/* context["x"] = "yes" if ..., the shelf's likewise. */
static bool
import_setter(struct import *im, uint32_t condition)
{
	const struct import_name *name = import_name(im, im->at);
	struct import_node value;
	size_t from = im->line_out.len;
	bool shelf;

	if (name == NULL || name->role != IMPORT_R_CONTEXT)
		return (import_no(im, import_what));
	im->at++;
	shelf = import_take(im, ".");
	if (shelf && !import_take(im, "mail_transaction_shelf"))
		return (import_no(im, import_what));
	import_put_key(im, "condition.@.", condition);
	if (!import_index(im, !shelf, shelf ? "set_note." : "set_macro.",
	    " = ") || !import_take(im, "="))
		return (import_no(im, import_what));
	/* The last one of a name would count. */
	if (buf_add_u8(&im->line_out, 0) == -1)
		im->fatal = "out of memory";
	if (im->fatal != NULL || import_known(im, &im->setters,
	    (const char *)im->line_out.data + from))
		return (import_no(im, "one condition can set this only once "
		    "here"));
	im->line_out.len--;
	import_put(im, conf_stage_name(im->stage));
	import_put(im, ": ");
	from = im->line_out.len;
	if (!import_primary(im, &value, 0))
		return (false);
	if (value.angles)
		return (import_no(im, import_angles));
	if (value.type != IMPORT_T_STRING && value.type != IMPORT_T_NUMBER)
		return (import_no(im, import_what));
	if (!import_try(im, from, EXPR_STRING) || !import_modifier(im))
		return (false);
	import_put(im, "\n");
	return (true);
}

/* Moves what was written behind from into im->stop. */
static void
import_keep(struct import *im, size_t from)
{
	if (buf_add(&im->stop, im->line_out.data + from,
	    im->line_out.len - from) == -1)
		im->fatal = "out of memory";
	im->line_out.len = from;
}

/* next true if ...: what it leaves open goes into parentheses. */
static bool
import_next(struct import *im)
{
	size_t from = im->line_out.len;
	bool yes = import_take(im, "true"), unless;

	if (!yes && !import_take(im, "false"))
		return (import_no(im, import_what));
	unless = import_take(im, "unless");
	if (!unless && !import_take(im, "if"))
		return (import_no(im, import_what));
	import_put(im, yes == unless ? "not (" : "(");
	if (!import_whole(im))
		return (false);
	import_put(im, yes ? ") or (" : ") and (");
	import_keep(im, from);
	return (true);
}

/* The statement is an assignment. */
static bool
import_assigns(const struct import *im)
{
	uint32_t i;

	for (i = im->at; i < im->to; i++) {
		if (import_is(im, i, "="))
			return (true);
		if (im->tok[i].mate != 0)
			i = im->tok[i].mate;
	}
	return (false);
}

/* The statements of the block. */
static bool
import_body(struct import *im, uint32_t condition, uint32_t from, uint32_t to)
{
	unsigned left_open = 0;
	bool last = false, never = false;
	uint32_t end;
	size_t begin;

	for (; from < to; from = end + 1) {
		end = import_statement_end(im, from, to);
		if (end == from)
			continue;
		im->at = from;
		im->to = end;
		if (last)
			return (import_no(im, import_what));
		begin = im->line_out.len;
		if (import_assigns(im)) {
			if (left_open > 0)
				return (import_no(im, "what is set has to be "
				    "set before the first \"next\""));
			if (!import_setter(im, condition))
				return (false);
			continue;
		}
		if (import_take(im, "next") || import_take(im, "return")) {
			left_open++;
			if (!import_next(im))
				return (false);
			continue;
		}
		never = left_open == 0 && end == from + 1 &&
		    import_is(im, from, "false");
		if (!import_whole(im))
			return (false);
		import_keep(im, begin);
		last = true;
	}
	if (!last)
		return (import_no(im, "the block's last value says whether to "
		    "stop; write true, false, or what is asked"));
	if (never)
		return (true);
	import_put_key(im, "condition.@.stop_on_", condition);
	import_put(im, conf_stage_name(im->stage));
	import_put(im, " = ");
	begin = im->line_out.len;
	if (buf_add(&im->line_out, buf_ptr(&im->stop), im->stop.len) == -1)
		im->fatal = "out of memory";
	while (left_open-- > 0)
		import_put(im, ")");
	if (!import_try(im, begin, EXPR_BOOL))
		return (false);
	import_put(im, "\n");
	return (true);
}

bool
import_stopper(struct import *im, const char *stage, size_t stage_len,
    uint32_t condition, const uint32_t *names, unsigned n_names,
    uint32_t from, uint32_t to)
{
	const char *name;
	unsigned i = 0, j;

	for (; i < CONF_STAGE_N; i++) {
		name = conf_stage_name((enum conf_stage)i);
		if (strlen(name) == stage_len &&
		    memcmp(name, stage, stage_len) == 0)
			break;
	}
	if (i == CONF_STAGE_N)
		return (import_no(im, import_what));
	if ((im->stages & 1u << i) != 0)
		return (import_no(im, "the second stopper of a stage: join "
		    "them with ||"));
	for (j = 0; j < n_names; j++) {
		if (im->n_names == IMPORT_NAMES_MAX)
			return (import_no(im, "blocks are too deep"));
		im->name[im->n_names].token = names[j];
		im->name[im->n_names++].role = j == 0 ? IMPORT_R_CONTEXT :
		    j > 2 ? IMPORT_R_NONE :
		    (enum import_role)import_variables[i][j - 1];
	}
	buf_clear(&im->stop);
	im->stage = (enum conf_stage)i;
	if (!import_body(im, condition, from, to))
		return (false);
	im->stages |= 1u << i;
	return (true);
}
