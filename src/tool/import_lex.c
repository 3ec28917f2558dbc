/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * import_lex.c - Ruby's text in tokens, and which of them belong together.
 * Owns:      strings, comments, heredocs, what opens and what closes.
 * Called by: import_walk.c.
 * Must not:  refuse anything: what it cannot read is a token that is bad.
 */
#include "compat.h"

#include "tool/import.h"

#define IMPORT_HEREDOCS_MAX	4	/* that begin on one line */

struct import_lexer {
	struct import	*im;
	const char	*text, *p, *end;
	uint32_t	 line;
	uint32_t	 n;		/* tokens */
	uint32_t	 top;		/* the innermost open one, and 1 */
	const char	*heredoc[IMPORT_HEREDOCS_MAX];
	size_t		 heredoc_len[IMPORT_HEREDOCS_MAX];
	unsigned	 heredocs;
	bool		 no_memory;
};

static bool
import_lex_is_word(char c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '@' || c == '$' ||
	    (unsigned char)c >= 0x80);
}

static bool
import_lex_is_blank(char c)
{
	return (c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v');
}

static struct import_token *
import_lex_token(const struct import_lexer *lx, uint32_t i)
{
	return ((struct import_token *)(void *)lx->im->tokens.data + i);
}

/* Is the token one of the words or signs in list, each behind a blank? */
static bool
import_lex_among(const struct import_lexer *lx, uint32_t i, const char *list)
{
	const struct import_token *t = import_lex_token(lx, i);
	size_t len = t->len, n;

	if (t->kind != IMPORT_WORD && t->kind != IMPORT_SIGN)
		return (false);
	for (; *list == ' '; list += n) {
		n = strcspn(++list, " ");
		if (n == len && memcmp(list, lx->text + t->body, n) == 0)
			return (true);
	}
	return (false);
}

/* Takes the bytes up to lx->p as a token. */
static struct import_token *
import_lex_add(struct import_lexer *lx, struct buf *to, enum import_kind kind,
    const char *from, const char *body, size_t len)
{
	struct import_token t;
	const char *p;

	memset(&t, 0, sizeof(t));
	t.kind = (uint8_t)kind;
	t.from = (uint32_t)(from - lx->text);
	t.to = (uint32_t)(lx->p - lx->text);
	t.body = (uint32_t)(body - lx->text);
	t.len = (uint32_t)len;
	t.line = lx->line;
	for (p = from; p < lx->p; p++)
		lx->line += *p == '\n';
	if (buf_add(to, &t, sizeof(t)) == -1) {
		lx->no_memory = true;
		return (NULL);
	}
	if (to == &lx->im->tokens)
		lx->n++;
	else
		return (NULL);
	return (import_lex_token(lx, lx->n - 1));
}

static struct import_token *
import_lex_plain(struct import_lexer *lx, enum import_kind kind,
    const char *from)
{
	return (import_lex_add(lx, &lx->im->tokens, kind, from, from,
	    (size_t)(lx->p - from)));
}

/* Does a value end with the last token, so that an operator may follow? */
static bool
import_lex_behind_value(const struct import_lexer *lx)
{
	const struct import_token *t;

	if (lx->n == 0)
		return (false);
	t = import_lex_token(lx, lx->n - 1);
	switch (t->kind) {
	case IMPORT_WORD:
		return (!import_lex_among(lx, lx->n - 1, " and or not if "
		    "unless while until when case then else elsif do return "
		    "next in begin ensure"));
	case IMPORT_SIGN:
		return (import_lex_among(lx, lx->n - 1, " ) ] }"));
	case IMPORT_END:
	case IMPORT_NEWLINE:
	case IMPORT_LABEL:
		return (false);
	default:
		return (true);
	}
}

/* A sign that begins a literal here, though it may be an operator, too? */
static bool
import_lex_begins(const struct import_lexer *lx)
{
	if (!import_lex_behind_value(lx))
		return (true);
	return (import_lex_token(lx, lx->n - 1)->kind == IMPORT_WORD &&
	    lx->p > lx->text && import_lex_is_blank(lx->p[-1]) &&
	    !import_lex_is_blank(lx->p[1]) && lx->p[1] != '=' &&
	    lx->p[1] != '\n');
}

/* Goes behind what closes a literal; what is in it ends at *end. */
static bool
import_lex_quoted(struct import_lexer *lx, bool escapes, bool *live,
    const char **end)
{
	static const char pairs[] = "()[]{}<>";
	char open = *lx->p, close = open;
	const char *pair;
	unsigned depth = 0, braces = 0;

	*live = false;
	*end = lx->p;
	if (import_lex_is_word(open) || (unsigned char)open <= ' ')
		return (false);
	lx->p++;
	pair = strchr(pairs, open);
	if (pair != NULL && (pair - pairs) % 2 == 0)
		close = pair[1];
	else
		open = '\0';
	for (; lx->p < lx->end; lx->p++) {
		if (*lx->p == '\\' && lx->p + 1 < lx->end)
			lx->p++;
		else if (braces > 0)
			braces += (unsigned)((*lx->p == '{') -
			    (*lx->p == '}'));
		else if (escapes && *lx->p == '#' && (lx->p[1] == '{' ||
		    lx->p[1] == '@' || lx->p[1] == '$')) {
			*live = true;
			if (*++lx->p == '{')
				braces = 1;
		} else if (*lx->p == close && depth-- == 0) {
			*end = lx->p++;
			return (true);
		} else if (open != '\0' && *lx->p == open)
			depth++;
	}
	*end = lx->p;
	return (false);
}

/* A literal whose opener is at lx->p, and that begins at from. */
static void
import_lex_literal(struct import_lexer *lx, enum import_kind kind,
    bool escapes, const char *from)
{
	struct import_token *t;
	const char *body = lx->p + 1, *end;
	bool live;

	if (!import_lex_quoted(lx, escapes, &live, &end))
		kind = IMPORT_BAD;
	while (kind == IMPORT_PATTERN && import_lex_is_word(*lx->p))
		lx->p++;
	t = import_lex_add(lx, &lx->im->tokens, kind, from, body,
	    kind == IMPORT_BAD ? 0 : (size_t)(end - body));
	if (t != NULL) {
		t->escapes = escapes;
		t->live = live;
	}
}

static void
import_lex_open(struct import_lexer *lx)
{
	if (lx->no_memory)
		return;
	import_lex_token(lx, lx->n - 1)->mate = lx->top;
	lx->top = lx->n;
}

/* What has closed the innermost one is the last token. */
static void
import_lex_close(struct import_lexer *lx, const char *openers)
{
	struct import_token *t;

	if (lx->top == 0 || lx->no_memory ||
	    !import_lex_among(lx, lx->top - 1, openers))
		return;
	t = import_lex_token(lx, lx->top - 1);
	lx->top = t->mate;
	t->mate = lx->n - 1;
}

/* %w(a b) is read as ["a", "b"]. */
static void
import_lex_words(struct import_lexer *lx, enum import_kind kind, bool escapes)
{
	const char *from = lx->p, *end, *p, *behind;
	bool live, closed;

	lx->p += 2;
	p = lx->p + 1;
	closed = import_lex_quoted(lx, escapes, &live, &end);
	behind = lx->p;
	if (!closed || live) {
		import_lex_plain(lx, IMPORT_BAD, from);
		return;
	}
	lx->p = from + 1;
	import_lex_add(lx, &lx->im->tokens, IMPORT_SIGN, from, lx->end + 1, 1);
	import_lex_open(lx);
	for (from = lx->p; !lx->no_memory; from = lx->p) {
		while (p < end && (import_lex_is_blank(*p) || *p == '\n'))
			p++;
		if (p == end)
			break;
		for (lx->p = p; lx->p < end && *lx->p != '\n' &&
		    !import_lex_is_blank(*lx->p); lx->p++)
			;
		import_lex_add(lx, &lx->im->tokens, kind, from, p,
		    (size_t)(lx->p - p));
		import_lex_add(lx, &lx->im->tokens, IMPORT_SIGN, lx->p,
		    lx->end + 2, 1);
		p = lx->p;
	}
	lx->p = behind;
	import_lex_add(lx, &lx->im->tokens, IMPORT_SIGN, from, lx->end + 3, 1);
	import_lex_close(lx, " [");
}

static void
import_lex_percent(struct import_lexer *lx)
{
	static const struct {
		char letter;
		uint8_t kind;
		bool escapes;
	} kinds[] = {
		{ 'q', IMPORT_STRING, false }, { 'Q', IMPORT_STRING, true },
		{ 'r', IMPORT_PATTERN, true }, { 's', IMPORT_SYMBOL, false },
		{ 'x', IMPORT_BAD, true }, { '\0', IMPORT_STRING, true }
	};
	const char *from = lx->p;
	char c = lx->p[1];
	size_t i = 0;

	if (c != '\0' && strchr("wWiI", c) != NULL) {
		import_lex_words(lx, c == 'w' || c == 'W' ? IMPORT_STRING :
		    IMPORT_SYMBOL, c == 'W' || c == 'I');
		return;
	}
	while (kinds[i].letter != '\0' && kinds[i].letter != c)
		i++;
	lx->p += kinds[i].letter != '\0' ? 2 : 1;
	import_lex_literal(lx, kinds[i].kind, kinds[i].escapes, from);
}

/* <<WORD, <<-WORD, <<~"WORD": its lines follow this one. */
static bool
import_lex_heredoc(struct import_lexer *lx)
{
	const char *from = lx->p, *p = lx->p + 2, *word;
	char quote = '\0';

	if (*p == '-' || *p == '~')
		p++;
	if (*p == '"' || *p == '\'' || *p == '`')
		quote = *p++;
	for (word = p; import_lex_is_word(*p); p++)
		;
	if (p == word || (*word >= '0' && *word <= '9') ||
	    (quote != '\0' && *p != quote) || !import_lex_begins(lx))
		return (false);
	if (lx->heredocs < IMPORT_HEREDOCS_MAX) {
		lx->heredoc[lx->heredocs] = word;
		lx->heredoc_len[lx->heredocs++] = (size_t)(p - word);
	}
	lx->p = p + (quote != '\0');
	import_lex_plain(lx, IMPORT_BAD, from);
	return (true);
}

/* The lines of heredocs begin at lx->p; they are one token that is bad. */
static void
import_lex_heredoc_lines(struct import_lexer *lx)
{
	const char *from = lx->p, *p, *eol;
	unsigned i;

	for (i = 0; i < lx->heredocs; i++) {
		for (p = lx->p; p < lx->end; p = lx->p) {
			eol = memchr(p, '\n', (size_t)(lx->end - p));
			lx->p = eol != NULL ? eol + 1 : lx->end;
			while (import_lex_is_blank(*p))
				p++;
			if ((size_t)(lx->end - p) >= lx->heredoc_len[i] &&
			    memcmp(p, lx->heredoc[i], lx->heredoc_len[i]) ==
			    0 && !import_lex_is_word(p[lx->heredoc_len[i]]))
				break;
		}
	}
	lx->heredocs = 0;
	/* The line feed is wanted as the statement's end. */
	if (lx->p > from && lx->p[-1] == '\n')
		lx->p--;
	import_lex_plain(lx, IMPORT_BAD, from);
}

/* At a line feed: does the statement end with it? */
static bool
import_lex_ends(const struct import_lexer *lx)
{
	const struct import_token *t;
	const char *p = lx->p;

	if (lx->n == 0)
		return (false);
	t = import_lex_token(lx, lx->n - 1);
	if (t->kind == IMPORT_NEWLINE || t->kind == IMPORT_LABEL ||
	    (t->kind == IMPORT_SIGN &&
	    !import_lex_among(lx, lx->n - 1, " ) ] } |")) ||
	    import_lex_among(lx, lx->n - 1, " and or not"))
		return (false);
	if (lx->top > 0 && import_lex_among(lx, lx->top - 1, " ( ["))
		return (false);
	/* The next line may go on with .method. */
	while (import_lex_is_blank(*p))
		p++;
	return ((p[0] != '.' || p[1] == '.') && (p[0] != '&' || p[1] != '.'));
}

static void
import_lex_newline(struct import_lexer *lx)
{
	const char *from = lx->p++;
	struct import_token *t;

	if (lx->heredocs > 0) {
		lx->line++;
		import_lex_heredoc_lines(lx);
		if (lx->no_memory || *lx->p != '\n')
			return;
		from = lx->p++;
	}
	if (!import_lex_ends(lx)) {
		lx->line++;
		return;
	}
	import_lex_plain(lx, IMPORT_NEWLINE, from);
	/* The "do" of a while may stand on its line only. */
	if (!lx->no_memory && lx->top > 0) {
		t = import_lex_token(lx, lx->top - 1);
		t->live = t->kind == IMPORT_WORD;
	}
}

static void
import_lex_word(struct import_lexer *lx)
{
	const char *from = lx->p;
	bool begins = !import_lex_behind_value(lx), method;
	uint32_t i = lx->n;
	struct import_token *t;

	method = i > 0 && import_lex_among(lx, i - 1, " . &. ::");
	while (import_lex_is_word(*lx->p))
		lx->p++;
	if ((*lx->p == '?' || *lx->p == '!') && lx->p[1] != '=')
		lx->p++;
	if (*lx->p == ':' && lx->p[1] != ':' && !method &&
	    (i == 0 || !import_lex_among(lx, i - 1, " ?"))) {
		lx->p++;
		import_lex_add(lx, &lx->im->tokens, IMPORT_LABEL, from, from,
		    (size_t)(lx->p - from) - 1);
		return;
	}
	import_lex_plain(lx, IMPORT_WORD, from);
	if (method || lx->no_memory)
		return;
	if (import_lex_among(lx, i, " end")) {
		import_lex_close(lx, " do if unless while until for case "
		    "begin def class module");
		return;
	}
	if (import_lex_among(lx, i, " do")) {
		t = lx->top > 0 ? import_lex_token(lx, lx->top - 1) : NULL;
		if (t == NULL || t->live ||
		    !import_lex_among(lx, lx->top - 1, " while until for"))
			import_lex_open(lx);
		else
			t->live = true;
	} else if (import_lex_among(lx, i, " case begin def class module for")
	    || (begins && import_lex_among(lx, i, " if unless while until") &&
	    (i == 0 || !import_lex_among(lx, i - 1, " return next"))))
		import_lex_open(lx);
}

static void
import_lex_sign(struct import_lexer *lx)
{
	static const char signs[] = "=== <=> **= ... ||= &&= <<= >>= == =~ !~ "
	    "!= <= >= && || .. :: += -= *= /= |= << >> -> => &. ** ";
	const char *s, *from = lx->p;
	size_t n = 0;

	for (s = signs; *s != '\0'; s += n + 1) {
		n = strcspn(s, " ");
		if (strncmp(s, lx->p, n) == 0)
			break;
	}
	lx->p += *s != '\0' ? n : 1;
	import_lex_plain(lx, (unsigned char)*from > ' ' ? IMPORT_SIGN :
	    IMPORT_BAD, from);
	if (lx->no_memory || lx->p != from + 1)
		return;
	switch (*from) {
	case '(': case '[': case '{':
		import_lex_open(lx);
		break;
	case ')':
		import_lex_close(lx, " (");
		break;
	case ']':
		import_lex_close(lx, " [");
		break;
	case '}':
		import_lex_close(lx, " {");
		break;
	}
}

/* A comment up to the end of the line, or from =begin to =end. */
static bool
import_lex_comment(struct import_lexer *lx)
{
	const char *from = lx->p, *p;
	bool block = *from == '=';

	if (block && ((lx->p > lx->text && lx->p[-1] != '\n') ||
	    strncmp(from, "=begin", 6) != 0 || import_lex_is_word(from[6])))
		return (false);
	for (p = from;; p++) {
		p = memchr(p, '\n', (size_t)(lx->end - p));
		if (p == NULL) {
			p = lx->end;
			break;
		}
		if (!block)
			break;
		if (strncmp(p, "\n=end", 5) == 0 &&
		    !import_lex_is_word(p[5])) {
			for (p++; p < lx->end && *p != '\n'; p++)
				;
			break;
		}
	}
	lx->p = p;
	import_lex_add(lx, &lx->im->comments, IMPORT_END, from, from,
	    (size_t)(p - from));
	return (true);
}

static void
import_lex_next(struct import_lexer *lx)
{
	const char *from = lx->p;
	char c = *from;

	if (import_lex_is_blank(c))
		lx->p++;
	else if (c == '\\' && lx->p[1] == '\n') {
		lx->p += 2;
		lx->line++;
	} else if (c == '\n')
		import_lex_newline(lx);
	else if ((c == '#' || c == '=') && import_lex_comment(lx))
		;
	else if (c == ';') {
		lx->p++;
		import_lex_plain(lx, IMPORT_NEWLINE, from);
	} else if (c == '"' || c == '\'' || c == '`')
		import_lex_literal(lx, c == '`' ? IMPORT_BAD : IMPORT_STRING,
		    c != '\'', from);
	else if (c == ':' && (lx->p[1] == '"' || lx->p[1] == '\'')) {
		lx->p++;
		import_lex_literal(lx, IMPORT_SYMBOL, *lx->p == '"', from);
	} else if (c == ':' && import_lex_is_word(lx->p[1])) {
		while (import_lex_is_word(*++lx->p))
			;
		import_lex_add(lx, &lx->im->tokens, IMPORT_SYMBOL, from,
		    from + 1, (size_t)(lx->p - from) - 1);
	} else if (c == '/' && import_lex_begins(lx))
		import_lex_literal(lx, IMPORT_PATTERN, true, from);
	else if (c == '%' && import_lex_begins(lx))
		import_lex_percent(lx);
	else if (c == '?' && (unsigned char)lx->p[1] > ' ' &&
	    import_lex_begins(lx)) {
		/* One letter as a string. */
		lx->p += 2;
		import_lex_plain(lx, IMPORT_BAD, from);
	} else if (c == '<' && lx->p[1] == '<' && import_lex_heredoc(lx))
		;
	else if (c >= '0' && c <= '9') {
		while (import_lex_is_word(*lx->p) || (*lx->p == '.' &&
		    lx->p[1] >= '0' && lx->p[1] <= '9'))
			lx->p++;
		import_lex_plain(lx, IMPORT_NUMBER, from);
	} else if (import_lex_is_word(c))
		import_lex_word(lx);
	else
		import_lex_sign(lx);
}

int
import_lex(struct import *im)
{
	struct import_lexer lx;
	struct import_token *t;

	memset(&lx, 0, sizeof(lx));
	lx.im = im;
	lx.text = lx.p = im->text;
	lx.end = im->text + im->len;
	lx.line = 1;
	while (lx.p < lx.end && !lx.no_memory) {
		/* What is behind is data of the program. */
		if (strncmp(lx.p, "__END__", 7) == 0 &&
		    (lx.p == lx.text || lx.p[-1] == '\n') &&
		    (lx.p[7] == '\0' || lx.p[7] == '\r' || lx.p[7] == '\n'))
			break;
		import_lex_next(&lx);
	}
	import_lex_plain(&lx, IMPORT_END, lx.p);
	if (lx.no_memory)
		return (-1);
	while (lx.top > 0) {
		t = import_lex_token(&lx, lx.top - 1);
		lx.top = t->mate;
		t->mate = lx.n - 1;
	}
	im->tok = import_lex_token(&lx, 0);
	im->n_tokens = lx.n;
	im->n_comments = (uint32_t)(im->comments.len / sizeof(*t));
	return (0);
}

#undef IMPORT_HEREDOCS_MAX
