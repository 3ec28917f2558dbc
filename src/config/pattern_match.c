/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * pattern_match.c - what a pattern finds.
 * Owns:      how the program of a pattern is run.
 * Called by: the evaluator of expressions, and table.c.
 * Must not:  allocate, recurse, or try a way twice.
 *
 * All ways are tried at once (Thompson, Pike): there is a list of the
 * instructions at which some way waits for the next byte, in the order of
 * preference, and none of them twice.
 */
#include "compat.h"

#include <string.h>

#include "config/pattern_internal.h"

#define SLOTS		(2 * PATTERN_GROUPS)
#define NOWHERE		0xffffu	/* of a slot: not set */
#define RESTORE		0x8000u	/* on the stack: a slot, no instruction */

struct pattern_run {
	const struct pattern *pattern;
	const char	*s;
	unsigned	 len, at;
	unsigned	 slots;		/* 0: nobody asks what is where */
	uint16_t	 now[SLOTS];
};

struct pattern_list {
	unsigned	 n;
	uint16_t	 pc[PATTERN_CODE_MAX];
	uint16_t	 slot[PATTERN_CODE_MAX][SLOTS];
};

/*
 * One pattern is run at a time.  Of these 200 KB only as many pages are in
 * memory as the largest pattern has use for.
 */
static struct pattern_list pattern_list[2];
static uint16_t pattern_mark[PATTERN_CODE_MAX];	/* listed at this byte - 1 */
/* Each instruction leaves one entry at most, and is come by once. */
static struct {
	uint16_t	 what, old;
} pattern_stack[PATTERN_CODE_MAX];

static bool
pattern_holds(const struct pattern_run *m, char what)
{
	const char *s = m->s + m->at;
	bool first = m->at == 0, end = m->at == m->len;

	switch (what) {
	case 'A':
		return (first);
	case '^':
		/* As in Ruby there is no line behind the last line feed. */
		return (first || (!end && s[-1] == '\n'));
	case 'z':
		return (end);
	case 'Z':
		return (end || (m->at + 1 == m->len && s[0] == '\n'));
	case '$':
		return (end || s[0] == '\n');
	default:
		return (((!first && pattern_is_word((unsigned char)s[-1])) !=
		    (!end && pattern_is_word((unsigned char)s[0]))) ==
		    (what == 'b'));
	}
}

/*
 * Lists all instructions that wait for the next byte, on all ways from pc on,
 * the preferred one first.  True: a way is at its end, which is only told when
 * nobody asks what is where.
 */
static bool
pattern_follow(struct pattern_run *m, struct pattern_list *list, unsigned pc)
{
	const struct pattern_code *c;
	unsigned depth = 0, other;

	for (;;) {
		c = &m->pattern->code[pc];
		other = pattern_mark[pc];
		pattern_mark[pc] = (uint16_t)(m->at + 1);
		if (other == m->at + 1)
			goto back;
		switch (c->op) {
		case PATTERN_JUMP:
			pc += (unsigned)c->to;
			continue;
		case PATTERN_FORK:
			other = pc + (unsigned)c->to;
			pc++;
			if (c->to <= 0) {
				other = pc;
				pc += (unsigned)c->to - 1;
			}
			pattern_stack[depth++].what = (uint16_t)other;
			continue;
		case PATTERN_SAVE:
			if (c->arg < m->slots) {
				pattern_stack[depth].what =
				    (uint16_t)(RESTORE | c->arg);
				pattern_stack[depth++].old = m->now[c->arg];
				m->now[c->arg] = (uint16_t)m->at;
			}
			pc++;
			continue;
		case PATTERN_ASSERT:
			pc++;
			if (pattern_holds(m, (char)c->arg))
				continue;
			break;
		case PATTERN_END:
			if (m->slots == 0)
				return (true);
			/* FALLTHROUGH */
		default:
			if (m->slots > 0)
				memcpy(list->slot[list->n], m->now,
				    m->slots * sizeof(m->now[0]));
			list->pc[list->n++] = (uint16_t)pc;
			break;
		}
back:
		do {
			if (depth == 0)
				return (false);
			other = pattern_stack[--depth].what;
			if (other >= RESTORE)
				m->now[other - RESTORE] =
				    pattern_stack[depth].old;
		} while (other >= RESTORE);
		pc = other;
	}
}

bool
pattern_match(const struct pattern *p, const char *subject, size_t len,
    struct pattern_span group[PATTERN_GROUPS])
{
	const unsigned char *sets = (const unsigned char *)(p->code + p->n);
	struct pattern_list *list = &pattern_list[0], *next = &pattern_list[1];
	struct pattern_list *swap;
	const struct pattern_code *c;
	struct pattern_run m;
	uint16_t best[SLOTS];
	unsigned i, byte;
	bool found = false;

	m.pattern = p;
	m.s = subject;
	m.len = (unsigned)(len < PATTERN_SUBJECT_MAX ? len :
	    PATTERN_SUBJECT_MAX);
	m.slots = group == NULL ? 0 : p->groups < PATTERN_GROUPS ?
	    2 * (p->groups + 1) : SLOTS;
	memset(best, 0xff, sizeof(best));
	memset(pattern_mark, 0, p->n * sizeof(pattern_mark[0]));
	list->n = 0;
	for (m.at = 0;; m.at++) {
		if (list->n == 0 && !found) {
			if (p->once && m.at > 0)
				break;
			while (m.at < m.len && !pattern_has(p->first,
			    (unsigned char)subject[m.at]))
				m.at++;
		}
		if (!found) {
			/* Least preferred of all: to begin here. */
			memset(m.now, 0xff, sizeof(m.now));
			m.now[0] = (uint16_t)m.at;
			if (pattern_follow(&m, list, 0))
				return (true);
		}
		byte = m.at < m.len ? (unsigned char)subject[m.at] : 256;
		next->n = 0;
		m.at++;
		for (i = 0; i < list->n; i++) {
			c = &p->code[list->pc[i]];
			if (c->op == PATTERN_END) {
				/* The longest of the leftmost, or the first. */
				if ((p->flags & PATTERN_POSIX) != 0 && found &&
				    list->slot[i][0] > best[0])
					continue;
				memcpy(best, list->slot[i],
				    m.slots * sizeof(best[0]));
				best[1] = (uint16_t)(m.at - 1);
				found = true;
				if ((p->flags & PATTERN_POSIX) == 0)
					break;
				continue;
			}
			if (byte > 255 || (c->op == PATTERN_BYTE ?
			    c->arg != byte : !pattern_has(sets +
			    c->arg * PATTERN_SET_SIZE, byte)))
				continue;
			if (m.slots > 0)
				memcpy(m.now, list->slot[i],
				    m.slots * sizeof(m.now[0]));
			if (pattern_follow(&m, next, list->pc[i] + 1u))
				return (true);
		}
		m.at--;
		swap = list;
		list = next;
		next = swap;
		if (byte > 255 || (found && list->n == 0))
			break;
	}
	for (i = 0; found && i < PATTERN_GROUPS; i++) {
		group[i].from = best[2 * i];
		group[i].to = best[2 * i + 1];
		if (best[2 * i] == NOWHERE)
			group[i].from = group[i].to = (size_t)-1;
	}
	return (found);
}

#undef SLOTS
#undef NOWHERE
#undef RESTORE
