/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * term.c - the words of an expression made into nodes that have types.
 * Owns:      what may follow what, which types go together, the stage check.
 * Called by: expr.c.
 * Must not:  evaluate anything, or look at a configuration.
 */
#include "compat.h"

#include <stdio.h>

#include "base/word.h"
#include "config/conf.h"
#include "config/expr_internal.h"

#define KEY(name, flavour, member) \
	{ name, EXPR_LIST, flavour, (uint16_t)offsetof(struct conf, member) }

const struct expr_key term_keys[EXPR_KEYS] = {
	KEY("s25r.whitelist", RULES_STRINGS, s25r_whitelist),
	KEY("s25r.blacklist", RULES_STRINGS, s25r_blacklist),
	KEY("remote_network.local_addresses", RULES_NETWORKS, local_addresses),
	KEY("remote_network.remote_addresses", RULES_NETWORKS,
	    remote_addresses),
	KEY("trust.envelope_from_domains", RULES_STRINGS, trust_domains),
	KEY("dnsbl.services", RULES_SERVICES, dnsbl_services),
	KEY("restrict_accounts.accounts", RULES_STRINGS, restricted_accounts),
	{ "s25r.check_only_ipv4", EXPR_BOOL, RULES_STRINGS,
	    (uint16_t)offsetof(struct conf, s25r_check_only_ipv4) },
	{ "dnsbl.check_only_ipv4", EXPR_BOOL, RULES_STRINGS,
	    (uint16_t)offsetof(struct conf, dnsbl_check_only_ipv4) },
};

#undef KEY

/* By enum expr_type. */
static const char *const term_types[] = {
	"a condition", "a number", "a string", "an address"
};

static unsigned term_chain(struct expr_read *, int op);

/* What was written there, for a message: the last two of them stay. */
static const char *
term_said(struct expr_read *p, unsigned i)
{
	const struct expr_node *n = &p->node[i];
	char *said = p->said[p->turn ^= 1], *c;

	if (snprintf(said, sizeof(p->said[0]), "%.*s", n->to - n->mark.from,
	    p->out + n->mark.from) >= (int)sizeof(p->said[0]))
		memcpy(said + sizeof(p->said[0]) - 4, "...", 4);
	for (c = said; *c != '\0'; c++)
		if (*c < ' ' || *c >= 0x7f)
			*c = '?';
	return (said);
}

/* A node that ends before the current word; 0 when there are too many. */
static unsigned
term_node(struct expr_read *p, int op, unsigned type, struct expr_mark mark)
{
	struct expr_node *n;

	if (p->n + 1 >= EXPR_NODES_MAX)
		return (expr_bound(p, EXPR_NODES_MAX - 1, "parts"));
	n = &p->node[++p->n];
	n->op = (uint8_t)op;
	n->type = (uint8_t)type;
	n->mark = mark;
	n->to = (uint16_t)p->done;
	return (p->n);
}

static bool
term_deeper(struct expr_read *p)
{
	if (p->depth == EXPR_DEPTH_MAX)
		return (expr_bound(p, EXPR_DEPTH_MAX, "levels"));
	p->depth++;
	return (true);
}

/* It has the wrong type; returns 0. */
static unsigned
term_wrong(struct expr_read *p, unsigned i, const char *what)
{
	return (expr_fail(p, p->node[i].mark.at, "%s is %s, %s",
	    term_said(p, i), term_types[p->node[i].type], what));
}

static bool
term_is_condition(struct expr_read *p, unsigned i)
{
	static const char *const tails[] = {
		[EXPR_NUMBER] = "> 0",
		[EXPR_STRING] = "== \"...\" or =~ /.../",
		[EXPR_ADDRESS] = "in [\"192.0.2.0/24\"]"
	};
	unsigned type = p->node[i].type;
	const char *said;

	if (type == EXPR_BOOL)
		return (true);
	said = term_said(p, i);
	return (expr_fail(p, p->node[i].mark.at, "%s is %s, not a condition: "
	    "write %s %s", said, term_types[type], said, tails[type]));
}

/* --- names --------------------------------------------------------------- */

#define NAMES	((unsigned)FACT_N + EXPR_KEYS)

/* Facts, and behind them keys. */
static const char *
term_name_of(unsigned i)
{
	return (i < FACT_N ? fact_table[i].name : term_keys[i - FACT_N].name);
}

/* NAMES: there is none like the current word. */
static unsigned
term_find(const struct expr_read *p)
{
	unsigned i = 0;

	while (i < NAMES && strcmp(term_name_of(i), p->name) != 0)
		i++;
	return (i);
}

/* What upstream's blocks and other languages call a thing, or NULL. */
static const char *
term_habit(const char *name)
{
	static const char habits[] =
	    "from\0sender\0rcpt\0recipient\0fqdn\0helo\0chunk\0body\0"
	    "value\0header_value\0socket_address\0address\0"
	    "client_address\0address\0nil\0\"\"\0yes\0true\0no\0false\0"
	    "if\0the condition alone\0";
	const char *h, *to;

	for (h = habits; *h != '\0'; h = to + strlen(to) + 1) {
		to = h + strlen(h) + 1;
		if (strcmp(h, name) == 0)
			return (to);
	}
	return (NULL);
}

static unsigned
term_unknown(struct expr_read *p)
{
	const char *near = term_habit(p->name);
	size_t best = near == NULL ? (size_t)-1 : 0, d;
	size_t len = strcspn(p->name, ".");
	unsigned i;

	for (i = 0; i < NAMES; i++)
		if (word_near(p->name, term_name_of(i), &d) && d < best) {
			best = d;
			near = term_name_of(i);
		}
	if (near != NULL)
		return (expr_fail(p, p->at, "unknown name %s, did you mean %s?",
		    p->name, near));
	for (i = 0; i < FACT_N && p->name[len] != '\0'; i++)
		if (strlen(term_name_of(i)) == len &&
		    memcmp(term_name_of(i), p->name, len) == 0)
			return (expr_fail(p, p->at, "%s has no %s, compare it "
			    "with ==, =~ or in", term_name_of(i),
			    p->name + len));
	return (expr_fail(p, p->at, "unknown name %s, a string is written in "
	    "double quotes", p->name));
}

/* Is it table.NAME, or the beginning of table."NAME"? */
static bool
term_is_table(const struct expr_read *p)
{
	return (p->kind == WORD_NAME && strncmp(p->name, "table", 5) == 0 &&
	    (p->name[5] == '.' || p->name[5] == '\0'));
}

/*
 * A list of that flavour, or a key's.  left: what is held against it, 0 for a
 * service.
 */
static unsigned
term_list(struct expr_read *p, enum rules_flavour flavour, unsigned left)
{
	struct expr_mark mark = p->mark;
	unsigned name, i;

	if (p->kind == NODE_STRING && flavour == RULES_STRINGS)
		return (expr_fail(p, p->at, "a string is not in a string: "
		    "write in [...], or =~ /.../"));
	if (p->kind == WORD_NAME && !term_is_table(p)) {
		name = term_find(p);
		if (name == NAMES)
			return (term_unknown(p));
		if (name >= FACT_N && term_keys[name - FACT_N].type ==
		    EXPR_LIST && term_keys[name - FACT_N].flavour == flavour) {
			expr_next(p);
			i = term_node(p, NODE_KEY, EXPR_LIST, mark);
			p->node[i].which = (uint8_t)(name - FACT_N);
			return (i);
		}
	}
	i = term_node(p, NODE_LIST, EXPR_LIST, mark);
	if (i == 0)
		return (0);
	p->node[i].u.rules = calloc(1, sizeof(struct conf_rules));
	if (p->node[i].u.rules == NULL)
		return (expr_no_memory(p));
	if (!rules_parse(p, flavour, term_said(p, left), NULL,
	    p->node[i].u.rules))
		return (0);
	return (i);
}

static unsigned
term_value(struct expr_read *p, int op, unsigned type, long number)
{
	struct expr_mark mark = p->mark;
	unsigned i;

	expr_next(p);
	i = term_node(p, op, type, mark);
	p->node[i].u.number = number;
	return (i);
}

/* The current string; without the braces of a macro's name. */
static unsigned
term_string(struct expr_read *p, bool braces)
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
	return (term_value(p, NODE_STRING, EXPR_STRING, begin));
}

/* A string or an address, of an argument. */
static unsigned
term_argument(struct expr_read *p)
{
	unsigned i = term_deeper(p) ? term_chain(p, NODE_OR) : 0;

	p->depth--;
	if (i != 0 && p->node[i].type != EXPR_STRING &&
	    p->node[i].type != EXPR_ADDRESS)
		return (term_wrong(p, i, "expected a string"));
	return (i);
}

/* lookup(table.NAME, key) */
static unsigned
term_lookup(struct expr_read *p)
{
	struct expr_mark mark = p->mark;
	unsigned table, key, i;

	expr_next(p);
	if (!expr_sign(p, '(') || !term_is_table(p))
		return (expr_expected(p, "lookup(table.NAME, ...)"));
	table = term_list(p, RULES_STRINGS, 0);
	if (table == 0)
		return (0);
	if (!expr_sign(p, ','))
		return (expr_expected(p, ", and what to look up"));
	key = term_argument(p);
	if (key == 0)
		return (0);
	if (!expr_sign(p, ')'))
		return (expr_expected(p, ")"));
	i = term_node(p, NODE_LOOKUP, EXPR_STRING, mark);
	p->node[i].left = (uint16_t)key;
	p->node[i].right = (uint16_t)table;
	return (i);
}

static bool
term_known(struct expr_read *p, unsigned fact)
{
	const struct fact_row *row = &fact_table[fact];
	bool only = row->last != CONF_END_OF_MESSAGE;

	/* The checker may ask for what is not known yet: it is empty then. */
	if (p->stage >= row->first && (p->stage <= row->last ||
	    (p->stage == CONF_CHECK && !only)))
		return (true);
	return (expr_fail(p, p->at, "%s is known %s %s%s, this is %s",
	    row->name, only ? "at" : "from", conf_stage_name(row->first),
	    only ? " only" : " on", conf_stage_name(p->stage)));
}

static unsigned
term_fact(struct expr_read *p, unsigned fact, bool child)
{
	const struct fact_row *row = &fact_table[fact];
	struct expr_mark mark = p->mark;
	unsigned argument = 0, i;

	if (!term_known(p, fact))
		return (0);
	expr_next(p);
	if (row->argument == FACT_PLAIN) {
		if (p->kind == WORD_SIGN + '(')
			return (expr_fail(p, p->at, "%s has no argument",
			    row->name));
	} else if (expr_sign(p, '(')) {
		if (row->argument == FACT_SERVICES)
			argument = term_list(p, RULES_SERVICES, 0);
		else if (row->argument == FACT_MAYBE)
			argument = term_argument(p);
		else if (p->kind != NODE_STRING || p->lx.len == 0)
			return (expr_expected(p, "a name in double quotes"));
		else
			argument = term_string(p, fact == FACT_MACRO);
		if (argument == 0)
			return (0);
		if (!expr_sign(p, ')'))
			return (expr_expected(p, ")"));
	} else if (row->argument != FACT_MAYBE)
		return (expr_expected(p, "an argument: (\"...\")"));
	if (child) {
		fact = NAMES;
		if (expr_sign(p, '.') && p->kind == WORD_NAME) {
			memmove(p->name + 6, p->name, sizeof(p->name) - 7);
			memcpy(p->name, "child.", 6);
			fact = term_find(p);
		}
		if (fact == NAMES)
			return (expr_expected(p, ".rejected, .accepted, "
			    ".tempfailed, .discarded or .stopped"));
		expr_next(p);
	}
	i = term_node(p, NODE_FACT, fact_table[fact].type, mark);
	p->node[i].which = (uint8_t)fact;
	p->node[i].left = (uint16_t)argument;
	return (i);
}

static unsigned
term_name(struct expr_read *p)
{
	bool child = strcmp(p->name, "child") == 0;
	/* Of a child's any, until its end is read. */
	unsigned name = child ? (unsigned)FACT_CHILD_REJECTED : term_find(p);
	unsigned i;

	if (strcmp(p->name, "lookup") == 0)
		return (term_lookup(p));
	if (name < FACT_N)
		return (term_fact(p, name, child));
	name -= FACT_N;
	if (term_is_table(p) ||
	    (name < EXPR_KEYS && term_keys[name].type == EXPR_LIST))
		return (expr_fail(p, p->at, "%s stands behind in", p->name));
	if (name == EXPR_KEYS)
		return (term_unknown(p));
	i = term_value(p, NODE_KEY, EXPR_BOOL, 0);
	p->node[i].which = (uint8_t)name;
	return (i);
}

#undef NAMES

/* --- what is made of them ------------------------------------------------- */

static unsigned
term_primary(struct expr_read *p)
{
	size_t at = p->at;
	unsigned i;

	switch (p->kind) {
	case NODE_STRING:
		return (term_string(p, false));
	case NODE_NUMBER:
		return (term_value(p, NODE_NUMBER, EXPR_NUMBER, p->number));
	case WORD_TRUE:
	case WORD_FALSE:
		return (term_value(p, NODE_NUMBER, EXPR_BOOL,
		    p->kind == WORD_TRUE));
	case WORD_NAME:
		return (term_name(p));
	case WORD_PATTERN:
		return (expr_fail(p, at, "a pattern stands to the right of =~, "
		    "or in a list"));
	case WORD_SIGN + '[':
		return (expr_fail(p, at, "a list stands behind in"));
	case WORD_SIGN + '(':
		if (!term_deeper(p))
			return (0);
		expr_next(p);
		i = term_chain(p, NODE_OR);
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
term_right(struct expr_read *p, int *op, unsigned left)
{
	struct network_address address;
	unsigned type = p->node[left].type, right;

	if (type == EXPR_ADDRESS && *op <= NODE_NE) {
		if (p->kind != NODE_STRING ||
		    network_read_address(p->lx.text, &address) == -1)
			return (expr_expected(p, "an address in quotes, like "
			    "\"192.0.2.1\""));
		*op += NODE_IN - NODE_EQ;
	}
	if (*op >= NODE_IN) {
		if (type == EXPR_BOOL)
			return (term_wrong(p, left, "which is in no list"));
		return (term_list(p, type == EXPR_STRING ? RULES_STRINGS :
		    type == EXPR_NUMBER ? RULES_NUMBERS : RULES_NETWORKS,
		    left));
	}
	right = term_primary(p);
	if (right == 0)
		return (0);
	if (p->node[right].type != type)
		return (expr_fail(p, p->node[right].mark.at, "%s is %s, %s is "
		    "%s: they cannot be compared", term_said(p, left),
		    term_types[type], term_said(p, right),
		    term_types[p->node[right].type]));
	if (*op > NODE_NE && type != EXPR_NUMBER)
		return (term_wrong(p, left, "< and > compare numbers"));
	return (right);
}

static unsigned
term_match(struct expr_read *p, int op, struct expr_mark mark, unsigned left)
{
	struct pattern *pattern;
	unsigned i, type = p->node[left].type;

	if (type != EXPR_STRING)
		return (term_wrong(p, left, type == EXPR_ADDRESS ?
		    "it has no text to match, write in [\"192.0.2.0/24\"]" :
		    "a pattern matches a string"));
	if (p->kind != WORD_PATTERN)
		return (expr_expected(p, "a pattern like /.../"));
	pattern = expr_pattern(p);
	if (pattern == NULL)
		return (0);
	expr_next(p);
	i = term_node(p, op, EXPR_BOOL, mark);
	if (i == 0)
		pattern_free(pattern);
	else
		p->node[i].u.pattern = pattern;
	return (i);
}

static unsigned
term_compare(struct expr_read *p)
{
	struct expr_mark mark = p->mark;
	unsigned left = term_primary(p), right = 0, i;
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
		i = term_match(p, op, mark, left);
	else {
		right = term_right(p, &op, left);
		if (right == 0)
			return (0);
		i = term_node(p, op, EXPR_BOOL, mark);
	}
	p->node[i].left = (uint16_t)left;
	p->node[i].right = (uint16_t)right;
	if (i != 0 && p->kind >= NODE_NOT && p->kind <= NODE_NOT_IN)
		return (expr_fail(p, p->at, "comparisons are not chained, join "
		    "two of them with and"));
	return (i);
}

static unsigned
term_not(struct expr_read *p)
{
	struct expr_mark mark = p->mark;
	unsigned left, i;

	if (p->kind != NODE_NOT)
		return (term_compare(p));
	if (!term_deeper(p))
		return (0);
	expr_next(p);
	left = term_not(p);
	if (left == 0 || !term_is_condition(p, left))
		return (0);
	p->depth--;
	i = term_node(p, NODE_NOT, EXPR_BOOL, mark);
	p->node[i].left = (uint16_t)left;
	return (i);
}

/* a or b or c: a node for each or, the next one at its right. */
static unsigned
term_chain(struct expr_read *p, int op)
{
	unsigned head = 0, tail = 0, part, joint;
	bool more;

	do {
		part = op == NODE_OR ? term_chain(p, NODE_AND) : term_not(p);
		if (part == 0)
			return (0);
		more = p->kind == op;
		if (!more && head == 0)
			return (part);
		if (!term_is_condition(p, part))
			return (0);
		joint = part;
		if (more) {
			joint = term_node(p, op, EXPR_BOOL,
			    p->node[part].mark);
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
term_read(struct expr_read *p, enum expr_type wanted)
{
	unsigned root = term_chain(p, NODE_OR);

	if (root == 0)
		return (0);
	if (p->kind == WORD_SIGN + ')')
		return (expr_fail(p, p->at, "a ) without its ("));
	if (p->kind != WORD_END)
		return (expr_expected(p, "and, or, or the end"));
	if (wanted == EXPR_BOOL)
		return (term_is_condition(p, root) ? root : 0);
	return (root);
}
