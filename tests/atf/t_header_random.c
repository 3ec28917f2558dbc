/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_header_random.c - header operations at random.
 *
 * Two messages are compared: that of an MTA whose own filters do something, and
 * that of an MTA with one filter, which is given the operations that
 * header_apply() makes of them.  The MTAs are simulated here, plainly, and
 * share no code with header.c.
 */
#include "compat.h"

#include <ctype.h>
#include <strings.h>

#include "h_case.h"
#include "h_header.h"

/* ----- the MTA, simulated ----- */

#define SIM_MAX		256

struct sim_field {
	char	name[24];
	char	value[24];
	bool	live;		/* else deleted, or a default made void */
	bool	user;		/* Sendmail's mark; Postfix: not its own */
};

struct sim {
	enum header_model	model;
	struct sim_field	f[SIM_MAX];
	size_t			n;
};

static bool
sim_trace(const char *name)
{
	return (strcasecmp(name, "Received") == 0 ||
	    strcasecmp(name, "X400-Received") == 0 ||
	    strcasecmp(name, "Via") == 0 ||
	    strcasecmp(name, "Mail-From") == 0);
}

static void
sim_place(struct sim *s, size_t at, const char *name, const char *value,
    bool user)
{
	struct sim_field *f = &s->f[at];

	ATF_REQUIRE(s->n < SIM_MAX && at <= s->n);
	memmove(f + 1, f, (s->n - at) * sizeof(*f));
	s->n++;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->value, sizeof(f->value), "%s", value);
	f->live = true;
	f->user = user;
}

static void
sim_init(struct sim *s, enum header_model model)
{
	static const char *const defaults[] = { "Return-Path", "Received",
	    "Resent-Date", "Date", "Resent-From", "From", "Full-Name",
	    "Resent-Message-Id", "Message-Id" };
	size_t i;

	memset(s, 0, sizeof(*s));
	s->model = model;
	if (model == HEADER_POSTFIX)
		sim_place(s, 0, "Received", "own", false);
	else
		for (i = 0; i < COUNT(defaults); i++)
			sim_place(s, i, defaults[i], "default", false);
}

/* A field of the client. */
static void
sim_client(struct sim *s, const char *name, const char *value)
{
	size_t i;

	if (s->model == HEADER_SENDMAIL && !sim_trace(name))
		for (i = 0; i < 9; i++)
			if (strcasecmp(s->f[i].name, name) == 0)
				s->f[i].live = false;
	sim_place(s, s->n, name, value, true);
}

/* The headers are sent to the next filter. */
static void
sim_strip(struct sim *s)
{
	size_t i;

	if (s->model == HEADER_SENDMAIL)
		for (i = 0; i < s->n; i++)
			if (!s->f[i].live)
				s->f[i].user = false;
}

static void
sim_fill(struct sim_field *f, const char *value)
{
	snprintf(f->value, sizeof(f->value), "%s", value);
	f->live = f->user = true;
}

/* Directly before the first entry of that name; without one at the end. */
static void
sim_add_before(struct sim *s, const struct header_op *op)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcasecmp(s->f[i].name, op->name) == 0)
			break;
	sim_place(s, i, op->name, op->value, true);
}

static void
sim_sendmail(struct sim *s, const struct header_op *op)
{
	bool delete = op->code == SMFIR_CHGHEADER && op->value[0] == '\0';
	long long index = op->index, count = 0;
	struct sim_field *last = NULL, *f;
	size_t i;

	/* There it is an int. */
	if (index > INT32_MAX)
		index -= 1LL << 32;
	if (op->code == SMFIR_INSHEADER) {
		if (index < 0)
			index = 0;
		if (index >= (long long)s->n)
			index = (long long)s->n - 1;
		sim_place(s, (size_t)index + 1, op->name, op->value, true);
		return;
	}
	if (index < 1)
		index = 1;
	for (i = 0; i < s->n; i++) {
		f = &s->f[i];
		if (strcasecmp(f->name, op->name) != 0)
			continue;
		if (op->code == SMFIR_ADDHEADER) {
			if (!f->user && !sim_trace(f->name)) {
				sim_fill(f, op->value);
				return;
			}
		} else if (f->user && ++count == index) {
			if (delete)
				f->live = false;
			else
				sim_fill(f, op->value);
			return;
		} else if (!f->user && !sim_trace(f->name))
			last = f;
	}
	if (last != NULL && delete)
		last->live = false;
	else if (last != NULL)
		sim_fill(last, op->value);
	else if (!delete)
		sim_add_before(s, op);
}

static void
sim_postfix(struct sim *s, const struct header_op *op)
{
	uint32_t count = 0, index = op->index == 0 ? 1 : op->index;
	size_t i;

	if (op->code == SMFIR_INSHEADER) {
		sim_place(s, op->index < s->n ? op->index : s->n, op->name,
		    op->value, true);
		return;
	}
	for (i = 0; op->code == SMFIR_CHGHEADER && i < s->n; i++)
		if (s->f[i].user && strcasecmp(s->f[i].name, op->name) == 0 &&
		    ++count == index) {
			s->n--;
			memmove(&s->f[i], &s->f[i + 1],
			    (s->n - i) * sizeof(s->f[0]));
			if (op->value[0] != '\0')
				sim_place(s, i, op->name, op->value, true);
			return;
		}
	if (op->code == SMFIR_ADDHEADER || op->value[0] != '\0')
		sim_place(s, s->n, op->name, op->value, true);
}

static void
sim_apply(struct sim *s, const struct header_op *op)
{
	if (s->model == HEADER_POSTFIX)
		sim_postfix(s, op);
	else
		sim_sendmail(s, op);
}

/* all: also what the MTA writes itself, as "[Date];". */
static void
sim_print(char *text, const struct sim *s, bool all)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct sim_field *f = &s->f[i];

		if (f->live && f->user)
			sprint(text, "%s=%s;", f->name, f->value);
		else if (f->live && all)
			sprint(text, "[%s];", f->name);
	}
}

/* ----- random cases ----- */

#define PLAN_FIELDS	6
#define PLAN_CHILDREN	4
#define PLAN_OPS	24

struct plan {
	enum header_model model;
	struct {
		char	name[24], value[24];
	} field[PLAN_FIELDS];
	size_t	 n_fields;
	struct {
		int	 code;		/* '/', '!': the next child */
		uint32_t index;
		char	 name[24], value[24];
	} op[PLAN_OPS + PLAN_CHILDREN];
	size_t	 n_ops;
};

/* Everything about it as one line that can become a case by hand. */
static void
plan_print(char *text, const struct plan *p)
{
	char ops[TEXT] = "";
	size_t i;

	sprint(text, "%s \"", p->model == HEADER_POSTFIX ? "postfix" :
	    "sendmail");
	for (i = 0; i < p->n_fields; i++)
		sprint(text, "%s=%s;", p->field[i].name, p->field[i].value);
	for (i = 0; i < p->n_ops; i++) {
		struct header_op op;

		if (p->op[i].code == '/' || p->op[i].code == '!') {
			sprint(ops, " %c", p->op[i].code);
			continue;
		}
		op.code = p->op[i].code;
		op.index = p->op[i].index;
		op.name = p->op[i].name;
		op.value = p->op[i].value;
		sprint_op(ops, &op);
	}
	sprint(text, "\" \"%s\"", ops);
}

/* True when both ways lead to the same; else says what was not, in why. */
static bool
plan_run(const struct plan *p, char *why)
{
	static struct sim native, proxied;
	struct header_list l;
	char a[TEXT], b[TEXT];
	size_t i;

	why[0] = '\0';
	memset(&l, 0, sizeof(l));
	ATF_REQUIRE_EQ(header_init(&l, p->model), 0);
	sim_init(&native, p->model);
	sim_init(&proxied, p->model);
	for (i = 0; i < p->n_fields; i++) {
		sim_client(&native, p->field[i].name, p->field[i].value);
		sim_client(&proxied, p->field[i].name, p->field[i].value);
		ATF_REQUIRE_EQ(header_append(&l, p->field[i].name,
		    p->field[i].value), 0);
	}
	for (i = 0; i < p->n_ops; i++) {
		struct header_op in, out;
		int r;

		a[0] = b[0] = '\0';
		if (p->op[i].code == '/' || p->op[i].code == '!') {
			header_next_child(&l, p->op[i].code == '/');
			if (p->op[i].code == '/')
				sim_strip(&native);
		} else {
			in.code = p->op[i].code;
			in.index = p->op[i].index;
			in.name = p->op[i].name;
			in.value = p->op[i].value;
			sim_apply(&native, &in);
			r = header_apply(&l, &in, &out);
			if (r == 1)
				sim_apply(&proxied, &out);
			else if (r != 0)
				sprint(why, "header_apply() returned %d", r);
		}
		sim_print(a, &native, false);
		sprint_shown(b, &l);
		if (strcmp(a, b) != 0)
			sprint(why, "behind %zu words shown \"%s\", not \"%s\"",
			    i + 1, b, a);
		a[0] = b[0] = '\0';
		sim_print(a, &native, true);
		sim_print(b, &proxied, true);
		if (why[0] == '\0' && strcmp(a, b) != 0)
			sprint(why, "behind %zu words the MTA has \"%s\", not "
			    "\"%s\"", i + 1, b, a);
		if (why[0] != '\0')
			break;
	}
	header_free(&l);
	return (why[0] == '\0');
}

/* Takes out what can be taken out so that it still goes wrong. */
static void
plan_shrink(struct plan *p)
{
	struct plan less;
	char why[TEXT];
	bool shrunk;
	size_t i;

	do {
		shrunk = false;
		for (i = 0; i < p->n_ops && !shrunk; i++) {
			less = *p;
			less.n_ops--;
			memmove(&less.op[i], &less.op[i + 1],
			    (less.n_ops - i) * sizeof(less.op[0]));
			shrunk = !plan_run(&less, why);
		}
		for (i = 0; i < p->n_fields && !shrunk; i++) {
			less = *p;
			less.n_fields--;
			memmove(&less.field[i], &less.field[i + 1],
			    (less.n_fields - i) * sizeof(less.field[0]));
			shrunk = !plan_run(&less, why);
		}
		if (shrunk)
			*p = less;
	} while (shrunk);
}

static uint32_t plan_seed;

static uint32_t
plan_random(uint32_t below)
{
	plan_seed ^= plan_seed << 13;
	plan_seed ^= plan_seed >> 17;
	plan_seed ^= plan_seed << 5;
	return ((plan_seed >> 4) % below);
}

static void
plan_name(char *to, size_t size)
{
	static const char *const names[] = {
		"X", "X", "X", "Date", "Date", "From", "Received", "Received",
		"Subject", "Message-Id",
	};
	char *c;

	snprintf(to, size, "%s", names[plan_random(COUNT(names))]);
	if (plan_random(5) == 0)
		for (c = to; *c != '\0'; c++)
			*c = (char)tolower((unsigned char)*c);
}

static void
plan_make(struct plan *p, enum header_model model)
{
	static const uint32_t odd[] = { 7, 8, 9, 10, 11, 12, 13, 20, 100,
	    0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	size_t child, i, n, children = 1 + plan_random(PLAN_CHILDREN);
	unsigned serial = 0;

	memset(p, 0, sizeof(*p));
	p->model = model;
	p->n_fields = plan_random(PLAN_FIELDS + 1);
	for (i = 0; i < p->n_fields; i++) {
		plan_name(p->field[i].name, sizeof(p->field[i].name));
		if (plan_random(10) != 0)
			snprintf(p->field[i].value, sizeof(p->field[i].value),
			    "c%u", ++serial);
	}
	for (child = 0; child < children; child++) {
		p->op[p->n_ops++].code = plan_random(4) == 0 ? '!' : '/';
		n = plan_random(PLAN_OPS / PLAN_CHILDREN + 1);
		for (i = 0; i < n; i++) {
			static const int codes[] = { SMFIR_ADDHEADER,
			    SMFIR_INSHEADER, SMFIR_CHGHEADER, SMFIR_CHGHEADER,
			    SMFIR_CHGHEADER };
			size_t k = p->n_ops++;

			p->op[k].code = codes[plan_random(COUNT(codes))];
			plan_name(p->op[k].name, sizeof(p->op[k].name));
			if (p->op[k].code == SMFIR_ADDHEADER)
				p->op[k].index = 0;
			else if (plan_random(6) == 0)
				p->op[k].index = odd[plan_random(COUNT(odd))];
			else
				p->op[k].index = plan_random(6);
			if (plan_random(p->op[k].code == SMFIR_CHGHEADER ?
			    2 : 8) != 0)
				snprintf(p->op[k].value,
				    sizeof(p->op[k].value), "v%u", ++serial);
		}
	}
	/* One more, who only looks. */
	p->op[p->n_ops < COUNT(p->op) ? p->n_ops++ : p->n_ops - 1].code = '/';
}

static void
plan_many(enum header_model model, uint32_t seed, unsigned times)
{
	static struct plan p;
	char why[TEXT], text[TEXT];
	unsigned i, failed = 0;

	plan_seed = seed;
	times = case_times(times);
	for (i = 0; i < times && failed < 5; i++) {
		plan_make(&p, model);
		if (plan_run(&p, why))
			continue;
		failed++;
		plan_shrink(&p);
		(void)plan_run(&p, why);
		text[0] = '\0';
		plan_print(text, &p);
		atf_tc_fail_nonfatal("plan %u: %s: %s", i, text, why);
	}
}

ATF_TC(postfix_differential);
ATF_TC_HEAD(postfix_differential, tc)
{
	atf_tc_set_md_var(tc, "descr", "Postfix with one filter ends up with "
	    "the message of Postfix with all of them");
}
ATF_TC_BODY(postfix_differential, tc)
{
	plan_many(HEADER_POSTFIX, 20060401, 10000);
}

ATF_TC(sendmail_differential);
ATF_TC_HEAD(sendmail_differential, tc)
{
	atf_tc_set_md_var(tc, "descr", "Sendmail with one filter ends up with "
	    "the message of Sendmail with all of them");
}
ATF_TC_BODY(sendmail_differential, tc)
{
	plan_many(HEADER_SENDMAIL, 19830101, 20000);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, postfix_differential);
	ATF_TP_ADD_TC(tp, sendmail_differential);

	return (atf_no_error());
}
