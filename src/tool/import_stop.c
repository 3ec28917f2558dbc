/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_stop.c - the block of a stopper: what it sets, when it stops.
 * Owns:      the statements that such a block may have.
 * Called by: import_call.c.
 * Must not:  write what the language of conditions does not take.
 */
#include "compat.h"

#include "config/expr.h"
#include "tool/import.h"

/* The variables of a stage's stopper behind the context. */
static const uint8_t import_variables[CONF_STAGE_N][2] = {
	[CONF_CONNECT] = { IMPORT_R_HOST, IMPORT_R_ADDRESS },
	[CONF_HELO] = { IMPORT_R_HELO, 0 },
	[CONF_ENVELOPE_FROM] = { IMPORT_R_SENDER, 0 },
	[CONF_ENVELOPE_RECIPIENT] = { IMPORT_R_RECIPIENT, 0 },
	[CONF_HEADER] = { IMPORT_R_HEADER_NAME, IMPORT_R_HEADER_VALUE },
	[CONF_BODY] = { IMPORT_R_BODY, 0 }
};

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
	import_add(im, &im->line_out, "", 1);
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
	import_add(im, &im->stop, im->line_out.data + from,
	    im->line_out.len - from);
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
	import_add(im, &im->line_out, buf_ptr(&im->stop), im->stop.len);
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
