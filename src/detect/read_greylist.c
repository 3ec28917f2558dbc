/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * read_greylist.c - greylist.conf of milter-greylist.
 * Owns:      its words, quotes and continued lines; the longest tarpit.
 * Called by: kind.c.
 * Must not:  know what an access list means.
 */
#include "compat.h"

#include "base/number.h"
#include "detect/read.h"

struct read_greylist_word {
	const char	*p;
	size_t		 len;
};

struct read_greylist {
	const char	*p;		/* behind the last word */
	unsigned	 line;
};

/*
 * The next word of a statement, or false behind the last one.  Only at the
 * begin of a word '#' is a comment, '"' a string and '/' an expression.
 */
static bool
read_greylist_next(struct read_greylist *g, struct read_greylist_word *w)
{
	size_t n;

	for (;;) {
		n = strspn(g->p, " \t\r");
		g->p += n;
		if (*g->p == '#')
			g->p += strcspn(g->p, "\n");
		n = g->p[0] == '\\' ? 1 + strspn(g->p + 1, " \t\r") : 0;
		if (n == 0 || g->p[n] != '\n')
			break;
		g->p += n + 1;
		g->line++;
	}
	if (*g->p == '\0' || *g->p == '\n')
		return (false);
	if (*g->p == '"' || *g->p == '/') {
		n = 1 + strcspn(g->p + 1, *g->p == '"' ? "\"\n" : "/\n");
		n += g->p[n] == *g->p;
	} else {
		n = strcspn(g->p, " \t\r\n");
	}
	w->p = g->p;
	w->len = n;
	g->p += n;
	return (true);
}

static bool
read_greylist_is(const struct read_greylist_word *w, const char *words)
{
	size_t len = w->len;

	if (len > 0 && w->p[len - 1] == ':')
		len--;
	return (word_is_in(words, w->p, len, true));
}

/* "30", "30s", "5m", "1h", "1d", "1w" */
static bool
read_greylist_time(const struct read_greylist_word *w, uint64_t *seconds)
{
	static const char units[] = "smhdw";
	static const unsigned unit[] = { 1, 60, 3600, 86400, 604800 };
	char digits[12];
	const char *u;
	size_t n;

	for (n = 0; n < w->len && w->p[n] >= '0' && w->p[n] <= '9'; n++)
		;
	if (n == 0 || n >= sizeof(digits) || n + 1 < w->len)
		return (false);
	memcpy(digits, w->p, n);
	digits[n] = '\0';
	if (number_read(digits, 10, READ_TARPIT_MAX, seconds) == -1)
		return (false);
	if (n < w->len) {
		u = memchr(units, w->p[n], sizeof(units) - 1);
		if (u == NULL)
			return (false);
		*seconds *= unit[u - units];
	}
	return (*seconds <= READ_TARPIT_MAX);
}

static void
read_greylist_socket(struct reading *r, const struct read_greylist_word *w,
    const char *file, unsigned line)
{
	size_t len = w->len;

	if (*w->p != '"')
		read_fact(r, &r->socket, w->p, strcspn(w->p, " \t\r\n"), file,
		    line);
	else if (len < 2 || w->p[len - 1] != '"')
		service_problem(r->sv, file, line, "a quote is not closed");
	else
		read_fact(r, &r->socket, w->p + 1, len - 2, file, line);
}

static void
read_greylist_tarpit(struct reading *r, const struct read_greylist_word *w,
    const char *file, unsigned line)
{
	uint64_t seconds;

	if (!read_greylist_time(w, &seconds)) {
		service_problem(r->sv, file, line, "'%.*s' is no time of a "
		    "tarpit up to a day", w->len < 40 ? (int)w->len : 40,
		    w->p);
	} else if (seconds * 1000 > r->extra_time) {
		r->extra_time = seconds * 1000;
		read_fact(r, &r->extra_by, w->p, w->len, file, line);
	}
}

void
read_greylist(struct reading *r, const char *path, bool must)
{
	const struct root_file *f = read_file(r, path, must);
	struct read_greylist g;
	struct read_greylist_word w;
	bool acl, socket;

	if (f == NULL)
		return;
	for (g.p = f->text, g.line = 1; *g.p != '\0' &&
	    r->sv->problem == NULL; g.p++, g.line++) {
		if (read_greylist_next(&g, &w)) {
			acl = read_greylist_is(&w, "racl acl dacl");
			socket = read_greylist_is(&w, "socket");
			if (socket && read_greylist_next(&g, &w))
				read_greylist_socket(r, &w, f->path, g.line);
			while (read_greylist_next(&g, &w))
				if (acl && read_greylist_is(&w, "tarpit") &&
				    read_greylist_next(&g, &w))
					read_greylist_tarpit(r, &w, f->path,
					    g.line);
		}
		if (*g.p == '\0')
			break;
	}
}
