/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_expr.c - an expression of Ruby's in our language.
 * Owns:      Ruby's operators, what upstream's objects can be asked.
 * Called by: import_stop.c.
 * Must not:  write an expression that asks anything else than Ruby's did.
 */
#include "compat.h"

#include "tool/import.h"

/* In the order of enum import_role, from _CONTEXT on: type and fact. */
static const char import_roles[] =
	"c\0" "shost\0" "a\0" "shelo\0" "ssender\0" "srecipient\0"
	"sheader_name\0" "sheader_value\0" "sbody";

/*
 * What follows a dot: the types of object and result, the name, and the text
 * that is put behind that of the object.
 */
static const char import_methods[] =
	"cbauthenticated?\0authenticated\0"
	"cbpostfix?\0postfix\0"
	"cnn_processing_sessions\0connections\0"
	"cdchildren\0\0"
	"cfmail_transaction_shelf\0\0"
	"ebreject?\0.rejected\0"
	"ebaccept?\0.accepted\0"
	"ebtemporary_failure?\0.tempfailed\0"
	"ebdiscard?\0.discarded\0"
	"ablocal?\0address.local\0"
	"asaddress\0address\0"
	"anport\0address.port\0"
	"abipv4?\0address.family == \"inet\"\0"
	"abipv6?\0address.family == \"inet6\"\0"
	"abunix?\0address.family == \"unix\"\0"
	"abunknown?\0address.family == \"unknown\"\0"
	"sbnil?\0 == \"\"\0"
	"tunow\0\0"
	"unhour\0hour\0"
	"unmin\0minute\0"
	"unwday\0weekday\0";

/*
 * Operators: the types of what is asked and of what it is held against, the
 * name, and ours where it is another one.  In Ruby === and include? have the
 * literal on the left.
 */
static const char import_operators[] =
	"ss==\0\0" "ss!=\0\0" "sp=~\0\0" "sp!~\0\0"
	"nn==\0\0" "nn!=\0\0" "nn<\0\0" "nn<=\0\0" "nn>\0\0" "nn>=\0\0"
	"sp===\0=~\0" "ss===\0==\0" "sl===\0in\0" "nl===\0in\0"
	"slinclude?\0in\0" "nlinclude?\0in\0"
	"spmatch?\0=~\0" "spmatch\0=~\0";

const char import_what[] = "a part of it has no counterpart here; see "
    "milter-manager-import(1) for what has";
const char import_angles[] = "addresses have no < and > here, so that a "
    "comparison with this may turn out otherwise";

/* The next row of a table of two texts. */
static const char *
import_row(const char *row)
{
	row += strlen(row) + 1;
	return (row + strlen(row) + 1);
}

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
bool
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
	import_put_quoted(im, im->string);
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
	const char *text = import_roles;
	unsigned role;

	memset(node, 0, sizeof(*node));
	node->token = im->at;
	node->from = im->line_out.len;
	if (im->at >= im->to || depth > IMPORT_DEPTH_MAX)
		return (import_no(im, import_what));
	node->literal = true;
	node->type = IMPORT_T_BOOL;
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
		/* That of an address is the empty sender, too. */
		node->type = IMPORT_T_STRING;
		import_put(im, "\"\"");
		return (!im->angles || import_no(im, import_angles));
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
	for (role = IMPORT_R_CONTEXT; role < name->role; role++)
		text += strlen(text) + 1;
	node->type = (enum import_type)*text;
	node->angles = role == IMPORT_R_SENDER || role == IMPORT_R_RECIPIENT;
	import_put(im, text + 1);
	im->at++;
	return (true);
}

/* The operator that follows, a method or a sign; NULL: there is none. */
static const char *
import_operator(struct import *im, bool method)
{
	const char *op;

	for (op = import_operators; *op != '\0'; op = import_row(op))
		if ((op[2] >= 'a') == method && import_take(im, op + 2))
			return (op + 2);
	return (NULL);
}

/* What stands on the right of an operator; the left is in node and written. */
static bool
import_operation(struct import *im, struct import_node *node,
    const char *ruby, unsigned depth)
{
	const char *op = import_operators;
	struct import_node right;
	const struct import_node *subject = node, *other = &right;
	bool method = *ruby >= 'a', swap = node->literal;
	size_t middle, len;
	uint32_t behind;

	if (method && !import_take(im, "("))
		return (import_no(im, import_what));
	im->angles = node->angles;
	middle = im->line_out.len;
	import_put(im, " ");
	len = im->line_out.len;
	if (!import_primary(im, &right, depth + 1) ||
	    (method && !import_take(im, ")")))
		return (import_no(im, import_what));
	im->angles = false;
	if (swap) {
		subject = &right;
		other = node;
	}
	if (subject->angles != other->angles && !other->literal)
		return (import_no(im, import_angles));
	if (subject->angles && other->type == IMPORT_T_PATTERN)
		import_note(im, node->token, "this is held against the "
		    "address without < and > here");
	while (*op != '\0' && (strcmp(op + 2, ruby) != 0 ||
	    op[0] != (char)subject->type || op[1] != (char)other->type))
		op = import_row(op);
	/* "<" cannot be turned around; the others must be. */
	if (*op == '\0' || subject->literal || im->fatal != NULL || (swap ?
	    *ruby == '<' || *ruby == '>' : *ruby == 'i' ||
	    strcmp(ruby, "===") == 0))
		return (import_no(im, "these two cannot be compared so here"));
	op += 3 + strlen(ruby);
	if (*op == '\0')
		op = ruby;
	if (!swap) {
		/* It belongs between them. */
		behind = (uint32_t)im->line_out.len;
		import_put(im, " ");
		import_put(im, op);
		import_add(im, &im->line_out, im->line_out.data + middle,
		    behind - middle);
		if (im->fatal != NULL)
			return (false);
		memmove(im->line_out.data + middle,
		    im->line_out.data + behind, im->line_out.len - behind);
		im->line_out.len -= behind - middle;
	} else {
		/* The literal has to be written once more, behind it. */
		memmove(im->line_out.data + node->from,
		    im->line_out.data + len, im->line_out.len - len);
		im->line_out.len -= len - node->from;
		import_put(im, " ");
		import_put(im, op);
		import_put(im, " ");
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
	const char *m = import_methods;

	for (; *m != '\0'; m = import_row(m)) {
		if (*m != (char)node->type || node->literal || node->angles ||
		    !import_take(im, m + 2))
			continue;
		node->type = (enum import_type)m[1];
		import_put(im, m + strlen(m) + 1);
		return (true);
	}
	m = import_operator(im, true);
	return (m != NULL ? import_operation(im, node, m, depth) :
	    import_no(im, import_what));
}

/* An atom and what it is asked. */
bool
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
		if (node->type == IMPORT_T_CHILDREN) {
			node->type = IMPORT_T_CHILD;
			good = import_index(im, false, "child(", ")");
		} else if (node->type == IMPORT_T_CONTEXT ||
		    node->type == IMPORT_T_SHELF) {
			good = node->type == IMPORT_T_CONTEXT;
			node->type = IMPORT_T_STRING;
			good = import_index(im, good, good ? "macro(" :
			    "note(", ")");
		} else
			good = import_no(im, import_what);
	}
	im->angles = angles;
	return (good);
}

static bool
import_compare(struct import *im, unsigned depth)
{
	struct import_node node;
	const char *op;
	bool negated = false;

	/* Ruby's binds closer than what compares, so that must not follow. */
	while (import_take(im, "!")) {
		import_put(im, "not ");
		negated = true;
	}
	if (!import_primary(im, &node, depth))
		return (false);
	op = negated ? NULL : import_operator(im, false);
	if (op != NULL && !import_operation(im, &node, op, depth))
		return (false);
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
bool
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
