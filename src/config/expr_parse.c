/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * expr_parse.c - the words of an expression made into nodes that have types.
 * Owns:      what may follow what, which types go together, the stage check.
 * Called by: expr.c.
 * Must not:  evaluate anything, or look at a configuration.
 */
#include "compat.h"

#include <stdio.h>

#include "base/log.h"
#include "base/word.h"
#include "config/conf.h"
#include "config/expr_internal.h"

#define KEY(name, flavour, member) \
	{ name, EXPR_LIST, flavour, offsetof(struct conf, member) }

const struct expr_key expr_keys[EXPR_KEYS] = {
	KEY("s25r.whitelist", RULES_STRINGS, s25r_whitelist),
	KEY("s25r.blacklist", RULES_STRINGS, s25r_blacklist),
	KEY("remote_network.local_addresses", RULES_NETWORKS, local_addresses),
	KEY("remote_network.remote_addresses", RULES_NETWORKS,
	    remote_addresses),
	KEY("trust.envelope_from_domains", RULES_STRINGS, trust_domains),
	KEY("dnsbl.services", RULES_SERVICES, dnsbl_services),
	KEY("restrict_accounts.accounts", RULES_STRINGS, restricted_accounts),
	{ "s25r.check_only_ipv4", EXPR_BOOL, RULES_STRINGS,
	    offsetof(struct conf, s25r_check_only_ipv4) },
};

#undef KEY

/* By enum expr_type. */
static const char *const parse_types[] = {
	"a condition", "a number", "a string", "an address"
};

static const char *const parse_flavours[] = {
	[RULES_STRINGS] = "strings",
	[RULES_NETWORKS] = "networks",
	[RULES_SERVICES] = "services",
	[RULES_NUMBERS] = "numbers"
};

#define PARSE_SAID	48

static unsigned parse_chain(struct expr_read *, int op);

/* What was written there, for a message. */
static char *
parse_said(const struct expr_read *p, unsigned i, char said[PARSE_SAID])
{
	const struct expr_node *n = &p->node[i];
	size_t len = (size_t)(n->to - n->from);

	/* Of a long one the beginning; backslashes stay single. */
	if (len >= PARSE_SAID - 3) {
		memcpy(said, p->out + n->from, PARSE_SAID - 4);
		memcpy(said + PARSE_SAID - 4, "...", 4);
	} else {
		memcpy(said, p->out + n->from, len);
		said[len] = '\0';
	}
	for (len = 0; said[len] != '\0'; len++)
		if (said[len] < ' ' || said[len] >= 0x7f)
			said[len] = '?';
	return (said);
}

/* A node that ends before the current word; 0 when there are too many. */
static unsigned
parse_node(struct expr_read *p, int op, enum expr_type type, size_t at,
    unsigned from)
{
	struct expr_node *n;

	if (p->n + 1 >= EXPR_NODES_MAX)
		return (expr_fail(p, at, "the expression has more than %d "
		    "parts", EXPR_NODES_MAX - 1));
	n = &p->node[++p->n];
	n->op = (uint8_t)op;
	n->type = (uint8_t)type;
	n->at = (uint16_t)at;
	n->from = (uint16_t)from;
	n->to = (uint16_t)p->done;
	return (p->n);
}

static bool
parse_deeper(struct expr_read *p)
{
	if (p->depth == EXPR_DEPTH_MAX)
		return (expr_fail(p, p->at, "the expression is nested more "
		    "than %d deep", EXPR_DEPTH_MAX));
	p->depth++;
	return (true);
}

static bool
parse_is_condition(struct expr_read *p, unsigned i)
{
	static const char *const tails[] = {
		[EXPR_NUMBER] = "> 0",
		[EXPR_STRING] = "== \"...\" or =~ /.../",
		[EXPR_ADDRESS] = "in [\"192.0.2.0/24\"]"
	};
	char said[PARSE_SAID];
	unsigned type = p->node[i].type;

	if (type == EXPR_BOOL)
		return (true);
	(void)parse_said(p, i, said);
	return (expr_fail(p, p->node[i].at, "%s is %s, not a condition: write "
	    "%s %s", said, parse_types[type], said, tails[type]));
}

/* --- names --------------------------------------------------------------- */

static unsigned
parse_unknown(struct expr_read *p)
{
	const char *near = NULL, *name;
	size_t best = (size_t)-1, d, i;

	for (i = 0; i < FACT_N + EXPR_KEYS; i++) {
		name = i < FACT_N ? fact_table[i].name :
		    expr_keys[i - FACT_N].name;
		if (word_near(p->name, name, &d) && d < best) {
			best = d;
			near = name;
		}
	}
	if (near != NULL)
		return (expr_fail(p, p->at, "unknown name %s, did you mean %s?",
		    p->name, near));
	return (expr_fail(p, p->at, "unknown name %s, a string is written in "
	    "double quotes", p->name));
}

/* FACT_N: there is none of the current name. */
static unsigned
parse_find(const struct expr_read *p)
{
	unsigned fact = 0;

	while (fact < FACT_N && strcmp(fact_table[fact].name, p->name) != 0)
		fact++;
	return (fact);
}

static int
parse_key(const char *name)
{
	int i;

	for (i = 0; i < EXPR_KEYS; i++)
		if (strcmp(expr_keys[i].name, name) == 0)
			return (i);
	return (-1);
}

/*
 * A list of that flavour, or a key's.  left: what is held against it, 0 for a
 * service.
 */
static unsigned
parse_list(struct expr_read *p, enum rules_flavour flavour, unsigned left)
{
	char said[PARSE_SAID] = "";
	const struct expr_key *key;
	size_t at = p->at;
	unsigned from = p->from, i;
	int k = p->kind == WORD_NAME ? parse_key(p->name) : -1;

	(void)parse_said(p, left, said);
	if (k != -1 && expr_keys[k].type == EXPR_LIST) {
		key = &expr_keys[k];
		if (key->flavour != flavour)
			return (expr_fail(p, at, "expected %s, %s has %s",
			    parse_flavours[flavour], key->name,
			    parse_flavours[key->flavour]));
		expr_next(p);
		i = parse_node(p, NODE_KEY, EXPR_LIST, at, from);
		p->node[i].which = (uint8_t)k;
		return (i);
	}
	if (p->kind == NODE_STRING && flavour == RULES_STRINGS)
		return (expr_fail(p, at, "a string is not in a string: write "
		    "in [...], or =~ /.../"));
	if (p->kind == WORD_NAME && strncmp(p->name, "table", 5) != 0)
		return (parse_find(p) == FACT_N ? parse_unknown(p) :
		    expr_expected(p, "a list"));
	i = parse_node(p, NODE_LIST, EXPR_LIST, at, from);
	if (i == 0)
		return (0);
	p->node[i].u.rules = calloc(1, sizeof(struct conf_rules));
	if (p->node[i].u.rules == NULL)
		return (expr_no_memory(p));
	if (!rules_parse(p, flavour, said, NULL, p->node[i].u.rules))
		return (0);
	p->node[i].to = (uint16_t)p->done;
	return (i);
}

static unsigned
parse_value(struct expr_read *p, int op, enum expr_type type, long number)
{
	size_t at = p->at;
	unsigned from = p->from, i;

	expr_next(p);
	i = parse_node(p, op, type, at, from);
	p->node[i].u.number = number;
	return (i);
}

/* The current string; without the braces of a macro's name. */
static unsigned
parse_string(struct expr_read *p, bool braces)
{
	const char *s = p->lx.text;
	size_t len = p->lx.len;
	long begin = (long)p->strings_len;

	if (braces && len > 2 && s[0] == '{' && s[len - 1] == '}') {
		s++;
		len -= 2;
	}
	memcpy(p->strings + p->strings_len, s, len);
	p->strings_len += (unsigned)len;
	p->strings[p->strings_len++] = '\0';
	return (parse_value(p, NODE_STRING, EXPR_STRING, begin));
}

/* A string or an address, of an argument. */
static unsigned
parse_argument(struct expr_read *p)
{
	char said[PARSE_SAID];
	unsigned i = parse_deeper(p) ? parse_chain(p, NODE_OR) : 0;

	p->depth--;
	if (i != 0 && p->node[i].type != EXPR_STRING &&
	    p->node[i].type != EXPR_ADDRESS)
		return (expr_fail(p, p->node[i].at, "%s is %s, expected a "
		    "string", parse_said(p, i, said),
		    parse_types[p->node[i].type]));
	return (i);
}

/* lookup(table.NAME, key) */
static unsigned
parse_lookup(struct expr_read *p)
{
	size_t at = p->at;
	unsigned from = p->from, table, key, i;

	expr_next(p);
	if (!expr_sign(p, '(') || strncmp(p->name, "table", 5) != 0 ||
	    p->kind != WORD_NAME)
		return (expr_expected(p, "lookup(table.NAME, ...)"));
	table = parse_list(p, RULES_STRINGS, 0);
	if (table == 0)
		return (0);
	if (!expr_sign(p, ','))
		return (expr_expected(p, ", and what to look up"));
	key = parse_argument(p);
	if (key == 0)
		return (0);
	if (!expr_sign(p, ')'))
		return (expr_expected(p, ")"));
	i = parse_node(p, NODE_LOOKUP, EXPR_STRING, at, from);
	p->node[i].left = (uint16_t)key;
	p->node[i].right = (uint16_t)table;
	return (i);
}

static bool
parse_known(struct expr_read *p, unsigned fact, size_t at)
{
	const struct fact_row *row = &fact_table[fact];
	bool only = row->last < CONF_END_OF_MESSAGE;

	if (p->stage >= row->first && p->stage <= row->last)
		return (true);
	return (expr_fail(p, at, "%s is known %s %s%s, this is %s", row->name,
	    only ? "at" : "from", conf_stage_name(row->first),
	    only ? " only" : " on", conf_stage_name(p->stage)));
}

static unsigned
parse_fact(struct expr_read *p)
{
	const struct fact_row *row;
	size_t at = p->at;
	unsigned from = p->from, fact, argument = 0, i;
	bool child = strcmp(p->name, "child") == 0;

	/* Of a child's any, until its end is read. */
	fact = child ? FACT_CHILD_REJECTED : parse_find(p);
	if (fact == FACT_N)
		return (parse_unknown(p));
	row = &fact_table[fact];
	if (!parse_known(p, fact, at))
		return (0);
	expr_next(p);
	if (row->argument == FACT_PLAIN) {
		if (p->kind == WORD_SIGN + '(')
			return (expr_fail(p, p->at, "%s has no argument",
			    row->name));
	} else if (expr_sign(p, '(')) {
		if (row->argument == FACT_SERVICES)
			argument = parse_list(p, RULES_SERVICES, 0);
		else if (row->argument == FACT_MAYBE)
			argument = parse_argument(p);
		else if (p->kind != NODE_STRING || p->lx.len == 0)
			return (expr_expected(p, "a name in double quotes"));
		else
			argument = parse_string(p, fact == FACT_MACRO);
		if (argument == 0)
			return (0);
		if (!expr_sign(p, ')'))
			return (expr_expected(p, ")"));
	} else if (row->argument != FACT_MAYBE)
		return (expr_expected(p, "an argument: (\"...\")"));
	if (child) {
		fact = FACT_N;
		if (expr_sign(p, '.') && p->kind == WORD_NAME) {
			memmove(p->name + 6, p->name, sizeof(p->name) - 7);
			memcpy(p->name, "child.", 6);
			fact = parse_find(p);
		}
		if (fact == FACT_N)
			return (expr_expected(p, ".rejected, .accepted, "
			    ".tempfailed, .discarded or .stopped"));
		expr_next(p);
	}
	i = parse_node(p, NODE_FACT, (enum expr_type)fact_table[fact].type,
	    at, from);
	p->node[i].which = (uint8_t)fact;
	p->node[i].left = (uint16_t)argument;
	return (i);
}

static unsigned
parse_name(struct expr_read *p)
{
	unsigned i;
	int key = parse_key(p->name);

	if (strcmp(p->name, "lookup") == 0)
		return (parse_lookup(p));
	if (strcmp(p->name, "table") == 0 ||
	    strncmp(p->name, "table.", 6) == 0 ||
	    (key != -1 && expr_keys[key].type == EXPR_LIST))
		return (expr_fail(p, p->at, "%s stands behind in%s", p->name,
		    key != -1 ? "" : ", or in lookup()"));
	if (key == -1)
		return (parse_fact(p));
	i = parse_value(p, NODE_KEY, EXPR_BOOL, 0);
	p->node[i].which = (uint8_t)key;
	return (i);
}

/* --- what is made of them ------------------------------------------------- */

static unsigned
parse_primary(struct expr_read *p)
{
	size_t at = p->at;
	unsigned i;

	switch (p->kind) {
	case NODE_STRING:
		return (parse_string(p, false));
	case NODE_NUMBER:
		return (parse_value(p, NODE_NUMBER, EXPR_NUMBER, p->number));
	case WORD_TRUE:
	case WORD_FALSE:
		return (parse_value(p, NODE_NUMBER, EXPR_BOOL,
		    p->kind == WORD_TRUE));
	case WORD_NAME:
		return (parse_name(p));
	case WORD_PATTERN:
		return (expr_fail(p, at, "a pattern stands to the right of =~, "
		    "or in a list"));
	case WORD_SIGN + '[':
		return (expr_fail(p, at, "a list stands behind in"));
	case WORD_SIGN + '(':
		if (!parse_deeper(p))
			return (0);
		expr_next(p);
		i = parse_chain(p, NODE_OR);
		if (i == 0)
			return (0);
		if (p->kind == WORD_END)
			return (expr_fail(p, at, "the parenthesis is not "
			    "closed, expected )"));
		if (!expr_sign(p, ')'))
			return (expr_expected(p, "and, or, or )"));
		p->depth--;
		return (i);
	default:
		return (expr_expected(p, "a value"));
	}
}

/* Its right side; sets the operator to what it means for an address. */
static unsigned
parse_right(struct expr_read *p, int *op, unsigned left)
{
	struct network_address address;
	char said[PARSE_SAID], other[PARSE_SAID];
	enum expr_type type = (enum expr_type)p->node[left].type;
	unsigned right;

	(void)parse_said(p, left, said);
	if (type == EXPR_ADDRESS && (*op == NODE_EQ || *op == NODE_NE)) {
		if (p->kind != NODE_STRING ||
		    network_read_address(p->lx.text, &address) == -1)
			return (expr_expected(p, "an address in quotes, like "
			    "\"192.0.2.1\""));
		*op = *op == NODE_EQ ? NODE_IN : NODE_NOT_IN;
	}
	if (*op == NODE_IN || *op == NODE_NOT_IN) {
		if (type == EXPR_BOOL)
			return (expr_fail(p, p->node[left].at,
			    "%s is a condition, which is in no list", said));
		return (parse_list(p, type == EXPR_STRING ? RULES_STRINGS :
		    type == EXPR_NUMBER ? RULES_NUMBERS : RULES_NETWORKS,
		    left));
	}
	right = parse_primary(p);
	if (right == 0)
		return (0);
	(void)parse_said(p, right, other);
	if (p->node[right].type != type)
		return (expr_fail(p, p->node[right].at, "%s is %s, %s is %s: "
		    "they cannot be compared", said, parse_types[type], other,
		    parse_types[p->node[right].type]));
	if (*op > NODE_NE && type != EXPR_NUMBER)
		return (expr_fail(p, p->node[left].at, "%s is %s, < and > "
		    "compare numbers", said, parse_types[type]));
	return (right);
}

static unsigned
parse_match(struct expr_read *p, int op, size_t at, unsigned from,
    unsigned left)
{
	char said[PARSE_SAID];
	struct pattern *pattern;
	unsigned i, type = p->node[left].type;

	(void)parse_said(p, left, said);
	if (type == EXPR_ADDRESS)
		return (expr_fail(p, at, "%s has no text to match, write "
		    "%s in [\"192.0.2.0/24\"]", said, said));
	if (type != EXPR_STRING)
		return (expr_fail(p, at, "%s is %s, a pattern matches a "
		    "string", said, parse_types[type]));
	if (p->kind != WORD_PATTERN)
		return (expr_expected(p, "a pattern like /.../"));
	pattern = expr_pattern(p);
	if (pattern == NULL)
		return (0);
	expr_next(p);
	i = parse_node(p, op, EXPR_BOOL, at, from);
	if (i == 0)
		pattern_free(pattern);
	else
		p->node[i].u.pattern = pattern;
	return (i);
}

static unsigned
parse_compare(struct expr_read *p)
{
	size_t at = p->at;
	unsigned from = p->from, left = parse_primary(p), right = 0, i;
	int op = p->kind;

	if (left == 0)
		return (0);
	if (op == NODE_NOT) {
		expr_next(p);
		if (p->kind != NODE_IN)
			return (expr_expected(p, "in behind not"));
		op = NODE_NOT_IN;
	}
	if (op < NODE_EQ || op > NODE_NOT_IN)
		return (left);
	expr_next(p);
	if (op == NODE_MATCH || op == NODE_NOT_MATCH)
		i = parse_match(p, op, at, from, left);
	else {
		right = parse_right(p, &op, left);
		if (right == 0)
			return (0);
		i = parse_node(p, op, EXPR_BOOL, at, from);
	}
	p->node[i].left = (uint16_t)left;
	p->node[i].right = (uint16_t)right;
	if (i != 0 && p->kind >= NODE_NOT && p->kind <= NODE_NOT_IN)
		return (expr_fail(p, p->at, "comparisons are not chained, join "
		    "two of them with and"));
	return (i);
}

static unsigned
parse_not(struct expr_read *p)
{
	size_t at = p->at;
	unsigned from = p->from, left, i;

	if (p->kind != NODE_NOT)
		return (parse_compare(p));
	if (!parse_deeper(p))
		return (0);
	expr_next(p);
	left = parse_not(p);
	if (left == 0 || !parse_is_condition(p, left))
		return (0);
	p->depth--;
	i = parse_node(p, NODE_NOT, EXPR_BOOL, at, from);
	p->node[i].left = (uint16_t)left;
	return (i);
}

/* a or b or c: a node for each or, the next one at its right. */
static unsigned
parse_chain(struct expr_read *p, int op)
{
	unsigned head = 0, tail = 0, part, joint;
	bool more;

	do {
		part = op == NODE_OR ? parse_chain(p, NODE_AND) : parse_not(p);
		if (part == 0)
			return (0);
		more = p->kind == op;
		if (!more && head == 0)
			return (part);
		if (!parse_is_condition(p, part))
			return (0);
		joint = part;
		if (more) {
			joint = parse_node(p, op, EXPR_BOOL, p->node[part].at,
			    p->node[part].from);
			if (joint == 0)
				return (0);
			p->node[joint].left = (uint16_t)part;
			expr_next(p);
		}
		if (head == 0)
			head = joint;
		else
			p->node[tail].right = (uint16_t)joint;
		tail = joint;
	} while (more);
	p->node[head].to = (uint16_t)p->done;
	return (head);
}

unsigned
expr_parse(struct expr_read *p, enum expr_type wanted)
{
	unsigned root = parse_chain(p, NODE_OR);

	if (root == 0)
		return (0);
	if (p->kind == WORD_SIGN + ')')
		return (expr_fail(p, p->at, "a ) without its ("));
	if (p->kind != WORD_END)
		return (expr_expected(p, "and, or, or the end"));
	if (wanted == EXPR_BOOL)
		return (parse_is_condition(p, root) ? root : 0);
	return (root);
}

#undef PARSE_SAID
