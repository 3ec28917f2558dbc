/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * sh_test.c - [ and test.
 * Owns:      their operators; how many words mean what.
 * Called by: sh_simple.c.
 * Must not:  set a variable.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "detect/sh_internal.h"

/* What is true and what is false in it is not what a status is. */
#define SH_TEST_UNKNOWN	(-1)

struct sh_test {
	struct sh	*sh;
	const struct sh_word *word;
	size_t		 at, n;
	unsigned	 depth;
	bool		 wrong;		/* or not for all shells */
};

static int sh_test_or(struct sh_test *);

static bool
sh_test_is(const struct sh_word *w, const char *text)
{
	return (w->text != NULL && strcmp(w->text, text) == 0);
}

static bool
sh_test_is_any(const struct sh_word *w, const char *of)
{
	return (w->text != NULL && word_is_in(of, w->text, strlen(w->text),
	    false));
}

static const char sh_test_binary[] =
    "= == != -eq -ne -gt -ge -lt -le -nt -ot -ef > <";
static const char sh_test_unary[] = "-n -z -e -f -d -x -r -w -s -S -h -L -p "
    "-t -b -c -g -k -u -O -G -a -o -v -N -R";

static int
sh_test_not(int yes)
{
	return (yes < 0 ? yes : !yes);
}

static bool
sh_test_number(const char *text, long long *out)
{

	return (sh_number(&text, out) && *text == '\0');
}

static int
sh_test_file(struct sh_test *t, char op, const char *path)
{
	enum root_kind kind;
	const struct root_file *file;

	if (*path == '\0')
		return (0);
	if (*path != '/')
		return (SH_TEST_UNKNOWN);
	sh_work(t->sh, 1000);
	if (op == 'h' || op == 'L')
		return (root_is_link(t->sh->root, path));
	kind = root_kind(t->sh->root, path);
	if (kind == ROOT_NONE)
		return (0);
	switch (op) {
	case 'f':
		return (kind == ROOT_FILE);
	case 'd':
		return (kind == ROOT_FOLDER);
	case 'S':
		return (kind == ROOT_SOCKET);
	case 'x':
		if (kind == ROOT_FILE)
			return (root_executable(t->sh->root, path));
		return (kind == ROOT_FOLDER ? 1 : SH_TEST_UNKNOWN);
	case 's':
		if (kind == ROOT_FOLDER)
			return (1);
		if (kind != ROOT_FILE)
			return (SH_TEST_UNKNOWN);
		file = root_read(t->sh->root, path);
		return (file == NULL || file->text == NULL ? SH_TEST_UNKNOWN :
		    file->len > 0);
	case 'e':
	case 'r':
	case 'w':
		return (1);	/* scripts are root's */
	default:
		return (SH_TEST_UNKNOWN);
	}
}

static int
sh_test_unary_op(struct sh_test *t, const struct sh_word *op,
    const struct sh_word *w)
{
	char c = op->text[1];

	if (w->text == NULL)
		return (SH_TEST_UNKNOWN);
	if (c == 'n' || c == 'z')
		return ((w->text[0] != '\0') == (c == 'n'));
	/* -a and -o, -v, -N and -R are not of all shells. */
	if (strchr("tOGaovNR", c) != NULL)
		return (SH_TEST_UNKNOWN);
	return (sh_test_file(t, c, w->text));
}

static int
sh_test_binary_op(const struct sh_word *w)
{
	const char *op = w[1].text, *p;
	long long a, b;

	if (w[0].text == NULL || w[2].text == NULL)
		return (SH_TEST_UNKNOWN);
	if (*op == '=' || *op == '!')
		return ((strcmp(w[0].text, w[2].text) == 0) == (*op == '='));
	if (*op != '-' || !sh_test_number(w[0].text, &a) ||
	    !sh_test_number(w[2].text, &b))
		return (SH_TEST_UNKNOWN);
	/* Two letters each: where they stand says which it is. */
	p = word_search("eqnegtgeltle", op + 1);
	switch (p != NULL ? *p << 8 | p[1] : 0) {
	case 'e' << 8 | 'q':
		return (a == b);
	case 'n' << 8 | 'e':
		return (a != b);
	case 'g' << 8 | 't':
		return (a > b);
	case 'g' << 8 | 'e':
		return (a >= b);
	case 'l' << 8 | 't':
		return (a < b);
	case 'l' << 8 | 'e':
		return (a <= b);
	default:
		return (SH_TEST_UNKNOWN);
	}
}

/* What so few words mean does not depend on what they look like. */
static int
sh_test_few(struct sh_test *t, const struct sh_word *w, size_t n)
{
	if (n == 0)
		return (0);
	if (n == 1)
		return (w[0].text == NULL ? SH_TEST_UNKNOWN :
		    w[0].text[0] != '\0');
	if (n == 3 && sh_test_is_any(&w[1], sh_test_binary))
		return (sh_test_binary_op(w));
	if (n == 3 && (sh_test_is(&w[1], "-a") || sh_test_is(&w[1], "-o"))) {
		int a = sh_test_few(t, w, 1), b = sh_test_few(t, w + 2, 1);
		bool or = w[1].text[1] == 'o';

		return (a == or || b == or ? or : a < 0 || b < 0 ?
		    SH_TEST_UNKNOWN : !or);
	}
	if (sh_test_is(&w[0], "!"))
		return (sh_test_not(sh_test_few(t, w + 1, n - 1)));
	if (n == 2 && sh_test_is_any(&w[0], sh_test_unary))
		return (sh_test_unary_op(t, &w[0], &w[1]));
	if (n == 3 && sh_test_is(&w[0], "(") && sh_test_is(&w[2], ")"))
		return (sh_test_few(t, w + 1, 1));
	t->wrong = true;
	return (SH_TEST_UNKNOWN);
}

/* A word that may be taken for something else. */
static bool
sh_test_odd(const struct sh_word *w)
{
	return (w->text != NULL && (sh_test_is_any(w, sh_test_binary) ||
	    sh_test_is_any(w, sh_test_unary) ||
	    sh_test_is_any(w, "! ( )")));
}

static int
sh_test_primary(struct sh_test *t)
{
	const struct sh_word *w = &t->word[t->at];
	size_t left = t->n - t->at;
	int yes;

	if (left == 0 || t->depth > SH_DEPTH_MAX)
		t->wrong = true;
	if (t->wrong)
		return (SH_TEST_UNKNOWN);
	if (left >= 3 && sh_test_is_any(&w[1], sh_test_binary)) {
		t->wrong = sh_test_odd(&w[0]) || sh_test_odd(&w[2]);
		t->at += 3;
		return (sh_test_binary_op(w));
	}
	if (sh_test_is(w, "!")) {
		t->at++;
		t->depth++;
		yes = sh_test_not(sh_test_primary(t));
		t->depth--;
		return (yes);
	}
	if (sh_test_is(w, "(")) {
		t->at++;
		t->depth++;
		yes = sh_test_or(t);
		t->depth--;
		if (t->at >= t->n || !sh_test_is(&t->word[t->at], ")"))
			t->wrong = true;
		t->at++;
		return (yes);
	}
	if (left >= 2 && sh_test_is_any(w, sh_test_unary)) {
		t->wrong = sh_test_odd(&w[1]);
		t->at += 2;
		return (sh_test_unary_op(t, w, &w[1]));
	}
	t->wrong = sh_test_odd(w);
	t->at++;
	return (sh_test_few(t, w, 1));
}

static int
sh_test_and(struct sh_test *t)
{
	int yes = sh_test_primary(t), more;

	while (!t->wrong && t->at < t->n &&
	    sh_test_is(&t->word[t->at], "-a")) {
		t->at++;
		more = sh_test_primary(t);
		yes = yes == 0 || more == 0 ? 0 : yes < 0 ? yes : more;
	}
	return (yes);
}

static int
sh_test_or(struct sh_test *t)
{
	int yes = sh_test_and(t), more;

	while (!t->wrong && t->at < t->n &&
	    sh_test_is(&t->word[t->at], "-o")) {
		t->at++;
		more = sh_test_and(t);
		yes = yes == 1 || more == 1 ? 1 : yes < 0 ? yes : more;
	}
	return (yes);
}

int
sh_test(struct sh *sh, const struct sh_words *words)
{
	struct sh_test t;
	int yes;

	memset(&t, 0, sizeof(t));
	t.sh = sh;
	t.word = words->item + 1;
	t.n = words->n - 1;
	if (sh_test_is(&words->item[0], "[")) {
		if (t.n == 0 || !sh_test_is(&t.word[t.n - 1], "]"))
			return (SH_STATUS_UNKNOWN);
		t.n--;
	}
	sh_work(sh, 32 * t.n);
	if (t.n <= 3)
		yes = sh_test_few(&t, t.word, t.n);
	else {
		yes = sh_test_or(&t);
		if (t.at != t.n)
			t.wrong = true;
	}
	return (t.wrong || yes < 0 ? SH_STATUS_UNKNOWN : !yes);
}

#undef SH_TEST_UNKNOWN
