/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_matrix_oracle.h - what the MTA and each child are to be told.
 * Owns:      the answers of a child that is lost, by fallback_status.
 * Called by: h_matrix.c, before the MTA sends anything.
 * Must not:  be made from the daemon's sources: it is from milter-manager(8),
 *            "What the children are asked" and "When a child fails", and from
 *            what Postfix and Sendmail do with a filter of their own.
 */
#ifndef H_MATRIX_ORACLE_H
#define H_MATRIX_ORACLE_H

#include "h_matrix.h"

/*
 * One line for each value of fallback_status: the verdict of the lost child, at
 * which letters it means something, and whether the MTA is to hold the message.
 */
static const struct matrix_fallback {
	const char	*name;
	char		 verdict;	/* 0: none */
	const char	*letters;
	bool		 hold;
} matrix_fallbacks[] = {
	{ "accept", 0, "", false },
	{ "temporary-failure", 't', "CHUM12TSFNBE", false },
	{ "reject", 'r', "CHUM12TSFNBE", false },
	/* There is nothing to discard before a message. */
	{ "discard", 'd', "M12TSFNBE", false },
	{ "quarantine", 0, "", true },
	{ "shutdown", 'y', "CHUM12TSFNBE", false },
};
static const struct matrix_fallback *matrix_fallback;

static void
oracle_add(char *list, char c)
{
	size_t n = strlen(list);

	list[n] = c;
	list[n + 1] = '\0';
}

static void
oracle_see(struct matrix_session *s, size_t i, char letter)
{
	(void)buf_add(&s->child[i].want, &letter, 1);
}

static void
oracle_want(struct matrix_session *s, char v)
{
	s->want[0] = v;
	s->want[1] = '\0';
}

/* Of x: what its fallback says; 0: nothing. */
static char
oracle_verdict(char letter)
{
	if (M.evaluated || strchr(matrix_fallback->letters, letter) == NULL)
		return (0);
	return (matrix_fallback->verdict);
}

/* All are lost, or done with it. */
static char
oracle_nobody(char letter)
{
	if (M.evaluated)
		return (letter == 'U' || letter == 'E' ? 'c' : 'a');
	/* One that refuses or holds later on is not nobody. */
	if (matrix_fallback->hold || matrix_fallback->verdict != 0)
		return ('c');
	/* There is nothing to discard before a message. */
	if (M.discards)
		return (strchr("CHU", letter) != NULL ? 'c' : 'd');
	return ('r');
}

/* Those that are inside of the message are told that it is over. */
static void
oracle_abort(struct matrix_session *s)
{
	size_t i;

	for (i = 0; i < M.n; i++) {
		if (s->in[i])
			oracle_see(s, i, 'A');
		s->in[i] = false;
	}
}

/*
 * The fault is known at once where a reply is due, else before the MTA goes on.
 * Returns whether x answers this letter itself.
 */
static bool
oracle_lose(struct matrix_session *s, char letter)
{
	if (s->kind == KIND_STRAY)
		return (true);		/* ignored */
	s->lost = true;
	s->in[M.x] = false;
	return (s->kind == KIND_LATER || s->kind == KIND_TWICE ||
	    (s->nr && matrix_nr(letter) != 0));
}

/* A verdict other than continue. */
static void
oracle_decide(struct matrix_session *s, char letter, char v)
{
	oracle_want(s, v);
	if (v == 'c')
		return;
	if (strchr("CH", letter) != NULL) {
		if (v != 'a')
			s->session = v;
	} else if (strchr("12", letter) != NULL && v != 'd') {
		/* It is about this recipient. */
	} else if (letter != 'U' && v != 'a') {
		s->whole = v;
		/* No MTA ends a transaction at a refused DATA. */
		if (letter != 'T' || v == 'd')
			oracle_abort(s);
	} else if (v == 'a' && strchr("SFNBE", letter) != NULL)
		s->whole = v;
}

static void
oracle_ask(struct matrix_session *s, size_t i, char letter)
{
	oracle_see(s, i, letter);
	if (letter == 'M')
		s->in[i] = true;
}

static void
oracle_envelope(struct matrix_session *s, char letter)
{
	bool now = s->lost;	/* lost for this letter, too */
	size_t i;
	char v;

	for (i = 0; i < M.n; i++) {
		if (!matrix_is_x(i) || !s->lost)
			oracle_ask(s, i, letter);
		if (!matrix_is_x(i))
			continue;
		if (!s->lost && matrix_fires(s, letter))
			now = !oracle_lose(s, letter) && s->lost;
		if (now && (v = oracle_verdict(letter)) != 0) {
			/* Those that were asked at the same time. */
			while (++i < M.n)
				if (M.parallel[i])
					oracle_ask(s, i, letter);
			oracle_decide(s, letter, v);
			return;
		}
	}
	oracle_decide(s, letter, now && M.n == 1 ? oracle_nobody(letter) :
	    'c');
}

/* What child i gets of the content that the MTA has sent so far. */
static void
oracle_view(const struct matrix_session *s, char *view)
{
	const char *p, *q;

	view[0] = '\0';
	for (p = s->mail; *p != '\0'; p++) {
		if (*p == 'N')
			for (q = s->extra; *q != '\0'; q++)
				oracle_add(view, *q);
		oracle_add(view, *p);
	}
}

/* The current child is through with the message. */
static void
oracle_leave(struct matrix_session *s, bool edits)
{
	if (edits && !(matrix_is_x(s->turn) && M.evaluated))
		oracle_add(s->edits, s->child[s->turn].name);
	s->in[s->turn] = false;
	(void)strlcpy(s->extra, s->edits, sizeof(s->extra));
	s->turn++;
	s->pos = 0;
}

/* Body is two letters: B, and whose it is (m: the MTA's). */
static void
oracle_see_content(struct matrix_session *s, char letter)
{
	oracle_see(s, s->turn, letter);
	if (letter == 'B')
		oracle_see(s, s->turn,
		    strchr(s->extra, 'x') != NULL ? 'x' : 'm');
}

/* Shows the current child one thing.  False: the MTA has to go on first. */
static bool
oracle_feed(struct matrix_session *s)
{
	bool x = matrix_is_x(s->turn), end = strchr(s->mail, 'E') != NULL;
	char view[16], letter;

	oracle_view(s, view);
	if (s->pos >= strlen(view))
		return (false);
	letter = view[s->pos++];
	oracle_see_content(s, letter);
	if (x && matrix_fires(s, letter)) {
		bool late = oracle_lose(s, letter);

		if (s->lost && letter == 'E' && late) {
			s->told = true;
			oracle_leave(s, true);
			return (true);
		}
		if (s->lost)
			/* It is noticed while the end is waited for. */
			return (!late || end);
	}
	if (letter == 'E')
		oracle_leave(s, true);
	else if (M.chain[s->turn] == 'A')
		oracle_leave(s, false);
	return (true);
}

static void
oracle_end(struct matrix_session *s)
{
	const char *p;

	s->want[0] = '\0';
	if (s->lost && !s->told && matrix_fallback->hold && !M.evaluated)
		oracle_add(s->want, 'q');
	for (p = s->edits; *p != '\0'; p++)
		oracle_add(s->want, *p);
	if (strchr(s->edits, 'x') != NULL)
		oracle_add(s->want, 'b');
	oracle_add(s->want, 'c');
}

/* Parallel children get what the MTA sends, as it comes. */
static void
oracle_beside(struct matrix_session *s, char letter)
{
	size_t i;

	for (i = 0; i < M.n; i++) {
		if (!M.parallel[i] || (matrix_is_x(i) && s->lost))
			continue;
		oracle_see(s, i, letter);
		if (letter == 'B')
			oracle_see(s, i, 'm');
		if (matrix_is_x(i) && matrix_fires(s, letter) &&
		    oracle_lose(s, letter) && letter == 'E')
			s->told = true;
		if (letter == 'E')
			s->in[i] = false;
	}
}

static void
oracle_content(struct matrix_session *s, char letter)
{
	char v;

	oracle_add(s->mail, letter);
	/* Decided before anybody is given it? */
	if (!(s->turn < M.n && matrix_is_x(s->turn) && s->lost && !s->told &&
	    oracle_verdict(letter) != 0))
		oracle_beside(s, letter);
	for (;;) {
		if (s->turn < M.n && M.parallel[s->turn] &&
		    (!matrix_is_x(s->turn) || !s->lost || s->told)) {
			if (letter != 'E') {
				oracle_want(s, 'c');
				return;
			}
			oracle_leave(s, true);
			continue;
		}
		if (s->turn < M.n && matrix_is_x(s->turn) && s->lost) {
			if ((v = oracle_verdict(letter)) != 0) {
				oracle_decide(s, letter, v);
				return;
			}
			oracle_leave(s, false);
			continue;
		}
		if (s->turn >= M.n)
			break;
		if (!oracle_feed(s)) {
			oracle_want(s, 'c');
			return;
		}
	}
	/* None is left that would look at it. */
	if (M.n == 1 && s->lost && !s->told && !(M.evaluated &&
	    letter == 'E') && !(matrix_fallback->hold && letter == 'E'))
		oracle_decide(s, letter, oracle_nobody(letter));
	else if (letter == 'E')
		oracle_end(s);
	else
		oracle_decide(s, letter, 'a');
}

static void
oracle_message(struct matrix_session *s)
{
	oracle_abort(s);
	s->whole = '\0';
	s->told = false;
	s->mail[0] = s->edits[0] = s->extra[0] = '\0';
	s->turn = s->pos = 0;
}

/* All children are dialled. */
static void
oracle_dial(struct matrix_session *s)
{
	size_t i;

	for (i = 0; i < M.n; i++) {
		if (matrix_is_x(i) && matrix_fires(s, 'O')) {
			s->lost = true;
			if (s->kind == KIND_REFUSED || s->kind == KIND_ABSENT)
				continue;
		}
		oracle_see(s, i, 'O');
	}
}

/* ABORT, QUIT, or QUIT_NC of the MTA. */
static void
oracle_leaves(struct matrix_session *s, char letter)
{
	size_t i;

	if (letter == 'A') {
		oracle_message(s);
		return;
	}
	oracle_message(s);
	for (i = 0; i < M.n; i++)
		if (!(matrix_is_x(i) && s->lost))
			oracle_see(s, i, 'Q');
}

/* Fills want: "" when no reply may come. */
static void
oracle_event(struct matrix_session *s, char letter)
{
	if (letter == 'M')
		oracle_message(s);
	if (s->session != '\0')
		oracle_want(s, s->session);
	else if (s->whole != '\0' && letter != 'M')
		oracle_want(s, s->whole);
	else if (strchr("SFNBE", letter) != NULL)
		oracle_content(s, letter);
	else
		oracle_envelope(s, letter);
	if (!s->due)
		s->want[0] = '\0';
}

#endif /* H_MATRIX_ORACLE_H */
