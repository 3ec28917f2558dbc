/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * fuzz_expr.c - the input is an expression: a byte for its stage and type, a
 * byte that begins the answers, its text.
 * Owns:      the invariants of expressions.
 * Called by: libFuzzer, or fuzz_main.c.
 * Must not:  read a configuration.
 */
#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/conf.h"
#include "config/expr.h"
#include "fuzz.h"

/* Any answer; of long texts with bytes of all kinds. */
static uint32_t fuzz_expr_seed;
static char fuzz_expr_text[2 * EXPR_SCRATCH];

static uint32_t
fuzz_expr_draw(uint32_t below)
{
	fuzz_expr_seed = fuzz_expr_seed * 1103515245u + 12345u;
	return ((fuzz_expr_seed >> 16) % below);
}

static enum eval_state
fuzz_expr_state(void)
{
	uint32_t n = fuzz_expr_draw(16);

	return (n < 2 ? (enum eval_state)(n + 1) : EVAL_OK);
}

static enum eval_state
fuzz_expr_fact(void *arg, enum fact fact, const char *name,
    struct eval_value *out)
{
	(void)arg;
	FUZZ_REQUIRE(fact < FACT_N);
	FUZZ_REQUIRE(name == NULL || strlen(name) < EXPR_SCRATCH);
	switch (fact_table[fact].argument) {
	case FACT_PLAIN:
		FUZZ_REQUIRE(name == NULL);
		break;
	case FACT_NAME:
	case FACT_SERVICES:
		FUZZ_REQUIRE(name != NULL && name[0] != '\0');
		break;
	default:
		break;
	}
	if (fuzz_expr_draw(4) != 0) {
		out->text = fuzz_expr_text;
		out->len = fuzz_expr_draw(2) == 0 ? fuzz_expr_draw(20) :
		    fuzz_expr_draw(sizeof(fuzz_expr_text));
	}
	out->number = (long)fuzz_expr_draw(32) - 1;
	out->yes = fuzz_expr_draw(2) == 0;
	out->family = (enum eval_family)fuzz_expr_draw(4);
	memset(&out->address, (int)fuzz_expr_draw(256), sizeof(out->address));
	return (fuzz_expr_state());
}

static enum eval_state
fuzz_expr_table(void *arg, const struct conf_table *table,
    const struct eval_value *key, bool *found, const char **value)
{
	(void)arg;
	FUZZ_REQUIRE(table != NULL && key->text != NULL && !*found);
	*found = fuzz_expr_draw(2) == 0;
	if (fuzz_expr_draw(2) == 0)
		*value = "a value";
	return (fuzz_expr_state());
}

static bool
fuzz_expr_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text >= 0x7f)
			return (false);
	return (true);
}

static void
fuzz_expr_eval(const struct expr *e, const struct conf *conf)
{
	static struct eval eval;
	struct eval_env env;
	enum eval_state state;

	memset(&env, 0, sizeof(env));
	env.conf = conf;
	env.fact = fuzz_expr_fact;
	env.table = fuzz_expr_table;
	memset(&eval, 0x5a, sizeof(eval));
	eval.env = &env;
	state = expr_eval(e, &eval);
	FUZZ_REQUIRE(memchr(eval.why.rule, '\0', sizeof(eval.why.rule)) !=
	    NULL);
	FUZZ_REQUIRE(fuzz_expr_printable(eval.why.rule));
	if (state == EVAL_PENDING)
		return;
	FUZZ_REQUIRE(eval.why.rule[0] != '\0');
	if (state == EVAL_OK)
		FUZZ_REQUIRE(eval.result.text != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char name[] = "x", child[] = "A";
	struct conf_milter milter, *milters[1] = { &milter };
	struct conf_table table, *tables[1] = { &table };
	char why[EXPR_WHY_MAX] = "";
	enum conf_stage stage;
	enum expr_type type;
	struct expr *e, *again;
	struct conf conf;
	size_t at = 0;
	int i;

	if (n < 2)
		return (0);
	stage = (enum conf_stage)(data[0] % CONF_STAGE_N);
	type = (data[0] & 0x80) != 0 ? EXPR_STRING : EXPR_BOOL;
	fuzz_expr_seed = data[1];
	for (i = 0; i < (int)sizeof(fuzz_expr_text); i++)
		fuzz_expr_text[i] = (char)(i * 7);
	e = expr_new((const char *)data + 2, n - 2, type, stage, &at, why);
	if (e == NULL) {
		FUZZ_REQUIRE(at <= n - 2);
		FUZZ_REQUIRE(why[0] != '\0' && fuzz_expr_printable(why));
		return (0);
	}
	memset(&conf, 0, sizeof(conf));
	memset(&table, 0, sizeof(table));
	memset(&milter, 0, sizeof(milter));
	table.name = name;
	milter.name = child;
	conf.tables = tables;
	conf.n_tables = 1;
	conf.milters = milters;
	conf.n_milters = 1;
	/* Before and behind this: what is not found has failed. */
	fuzz_expr_eval(e, &conf);
	(void)expr_resolve(e, &conf, why);
	for (i = 0; i < 3; i++)
		fuzz_expr_eval(e, &conf);
	FUZZ_REQUIRE(strpbrk(expr_text(e), "\r\n") == NULL);
	again = expr_new(expr_text(e), strlen(expr_text(e)), type, stage, &at,
	    why);
	FUZZ_REQUIRE(again != NULL);
	FUZZ_REQUIRE(strcmp(expr_text(e), expr_text(again)) == 0);
	expr_free(again);
	expr_free(e);
	return (0);
}
