/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * systemd_unit.c - the text of units, and of files of variables.
 * Owns:      lines, quotes, escapes, specifiers and variables as systemd
 *            reads them.
 * Called by: systemd.c, the fuzz target.
 * Must not:  open a file, know what a key means.
 */
#include "compat.h"

#include <stdio.h>
#include <stdlib.h>

#include "detect/systemd_internal.h"

#define UNIT_BLANK	" \t\n\r"
#define UNIT_WORDS_MAX	1000

bool
unit_is_name(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] != '_' && (s[i] < 'a' || s[i] > 'z') &&
		    (s[i] < 'A' || s[i] > 'Z') &&
		    (i == 0 || s[i] < '0' || s[i] > '9'))
			return (false);
	return (len > 0);
}

/* Without what is blank at both ends; changes the text. */
static char *
unit_trim(char *s)
{
	size_t len;

	s += strspn(s, UNIT_BLANK);
	for (len = strlen(s); len > 0 && strchr(UNIT_BLANK, s[len - 1]) !=
	    NULL; len--)
		continue;
	s[len] = '\0';
	return (s);
}

/* One line with what continues it; changes both. */
static void
unit_line(char *line, char section[64], unsigned n, unit_assign *assign,
    void *arg)
{
	char *value;
	size_t len;

	line = unit_trim(line);
	len = strlen(line);
	if (*line == '[') {
		/* One that is not whole has no keys of ours. */
		*section = '\0';
		if (line[len - 1] == ']' && len - 2 < 64)
			(void)snprintf(section, 64, "%.*s", (int)(len - 2),
			    line + 1);
		return;
	}
	value = strchr(line, '=');
	if (value == NULL)
		return;
	*value++ = '\0';
	assign(section, unit_trim(line), unit_trim(value), n, arg);
}

int
unit_read(const char *text, size_t len, unit_assign *assign, void *arg)
{
	char section[64] = "", *buf, *out;
	const char *end, *p, *stop = text + len;
	unsigned line, first = 0;
	bool more = false;
	size_t n, slashes;

	buf = out = malloc(len + 2);
	if (buf == NULL)
		return (-1);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	for (line = 1; text < stop; line++, text = end + 1) {
		/* NUL ends a line, too. */
		for (end = text; end < stop && *end != '\n' && *end != '\0';
		    end++)
			continue;
		n = (size_t)(end - text);
		if (n > 0 && text[n - 1] == '\r')
			n--;
		for (p = text; p < text + n && strchr(UNIT_BLANK, *p) != NULL;
		    p++)
			continue;
		/* A comment does not end what is continued. */
		if (p < text + n && (*p == '#' || *p == ';'))
			continue;
		if (!more)
			first = line;
		memcpy(out, text, n);
		for (slashes = 0; slashes < n &&
		    out[n - 1 - slashes] == '\\'; slashes++)
			continue;
		out += n;
		more = slashes % 2 != 0;
		if (more) {
			out[-1] = ' ';
			continue;
		}
		*out = '\0';
		unit_line(buf, section, first, assign, arg);
		out = buf;
	}
	if (more) {
		*out = '\0';
		unit_line(buf, section, first, assign, arg);
	}
	free(buf);
	return (0);
}

int
unit_read_environment(const char *text, size_t len, unit_assign *assign,
    void *arg)
{
	const char *p = text, *stop = text + len, *key;
	unsigned line = 1, first;
	size_t n, least, key_len;
	char *value, quote, c;
	bool plain;

	/* The name, its value, and their NULs. */
	value = malloc(len + 2);
	if (value == NULL)
		return (-1);
	while (p < stop) {
		if (strchr(UNIT_BLANK, *p) != NULL) {
			line += *p++ == '\n';
			continue;
		}
		first = line;
		key = p;
		while (p < stop && strchr("=\n\r", *p) == NULL)
			p++;
		if (*key == '#' || *key == ';' || p == stop || *p != '=') {
			/* A comment goes on behind "\" as a value does. */
			quote = *key == '#' || *key == ';' ? '\\' : '\n';
			for (p = key; p < stop && *p != '\n' && *p != '\r';
			    p++)
				if (*p == quote && p + 1 < stop)
					line += *++p == '\n';
			continue;
		}
		for (key_len = (size_t)(p - key); key_len > 0 &&
		    strchr(UNIT_BLANK, key[key_len - 1]) != NULL; key_len--)
			continue;
		memcpy(value, key, key_len);
		value[key_len] = '\0';
		n = least = key_len + 1;
		quote = '\0';
		plain = false;
		for (p++; p < stop; p++) {
			c = *p;
			if (quote == '\0' && (c == '\n' || c == '\r'))
				break;
			line += c == '\n';
			if (c == quote) {
				quote = '\0';
				least = n;
				plain = false;
			} else if (quote == '\0' && !plain && (c == '\'' ||
			    c == '"'))
				quote = c;
			else if (c == '\\' && quote != '\'' && p + 1 < stop) {
				c = *++p;
				line += c == '\n';
				/* In quotes only what may need it. */
				if (quote != '\0' && strchr("\"\\`$\n", c) ==
				    NULL)
					value[n++] = '\\';
				if (c != '\n')
					value[n++] = c;
				least = n;
				plain = true;
			} else if (quote != '\0' || plain ||
			    strchr(UNIT_BLANK, c) == NULL) {
				value[n++] = c;
				plain = true;
			}
		}
		while (n > least && quote == '\0' &&
		    strchr(UNIT_BLANK, value[n - 1]) != NULL)
			n--;
		value[n] = '\0';
		if (unit_is_name(value, key_len))
			assign("", value, value + key_len + 1, first, arg);
	}
	free(value);
	return (0);
}

/* Text that is being made; what does not fit makes it unknown. */
struct unit_text {
	char		 text[SH_VALUE_MAX];
	size_t		 len;
	bool		 unknown;
};

static void
unit_add(struct unit_text *t, const char *s, size_t len)
{
	if (len >= sizeof(t->text) - t->len) {
		t->unknown = true;
		return;
	}
	memcpy(t->text + t->len, s, len);
	t->len += len;
	t->text[t->len] = '\0';
}

/* Up to max digits of that base; returns how many there are. */
static size_t
unit_number(const char *s, unsigned base, size_t max, unsigned long *out)
{
	static const char digits[] = "0123456789abcdef";
	const char *d;
	size_t n;

	*out = 0;
	for (n = 0; n < max && s[n] != '\0'; n++) {
		d = strchr(digits, s[n] >= 'A' && s[n] <= 'F' ? s[n] - 'A' +
		    'a' : s[n]);
		if (d == NULL || (unsigned)(d - digits) >= base)
			break;
		*out = *out * base + (unsigned)(d - digits);
	}
	return (n);
}

/* What "\..." stands for; returns how many bytes behind the '\' it has. */
static size_t
unit_escape(const char *s, char *c)
{
	static const char from[] = "abfnrtvs\\\"'", to[] =
	    "\a\b\f\n\r\t\v \\\"'";
	const char *at = *s != '\0' ? strchr(from, *s) : NULL;
	unsigned long n;

	if (at != NULL) {
		*c = to[at - from];
		return (1);
	}
	if (*s == 'x' ? unit_number(s + 1, 16, 2, &n) != 2 :
	    unit_number(s, 8, 3, &n) != 3)
		return (0);
	if (n == 0 || n > 255)
		return (0);
	*c = (char)(unsigned char)n;
	return (3);
}

/* "a-b\x2dc" is "a/b-c". */
static void
unit_unescape(struct unit_text *t, const char *s, size_t len)
{
	char c;
	size_t i, n;

	for (i = 0; i < len; i += n) {
		n = 1;
		c = s[i] == '-' ? '/' : s[i];
		if (c == '\\' && (n = unit_escape(s + i + 1, &c) + 1) == 1)
			c = '\\';
		unit_add(t, &c, 1);
	}
}

static void
unit_specifier(struct unit_text *t, char c, const struct unit_names *names)
{
	static const char *const folder[] = { "t/run", "E/etc", "S/var/lib",
	    "%%", NULL };
	const char *name = names->name, *at = strchr(name, '@');
	size_t prefix = at != NULL ? (size_t)(at - name) : strlen(name), i;

	switch (c) {
	case 'n':
	case 'N':
		unit_add(t, name, strlen(name));
		if (c == 'n')
			unit_add(t, names->suffix, strlen(names->suffix));
		return;
	case 'p':
		unit_add(t, name, prefix);
		return;
	case 'i':
		if (at != NULL)
			unit_add(t, at + 1, strlen(at + 1));
		return;
	case 'I':
		if (at != NULL)
			unit_unescape(t, at + 1, strlen(at + 1));
		return;
	}
	for (i = 0; folder[i] != NULL; i++) {
		if (folder[i][0] == c) {
			unit_add(t, folder[i] + 1, strlen(folder[i] + 1));
			return;
		}
	}
	t->unknown = true;
}

static void
unit_specifiers(struct unit_text *t, const char *s,
    const struct unit_names *names)
{
	for (; *s != '\0'; s++) {
		if (*s == '%' && s[1] != '\0')
			unit_specifier(t, *++s, names);
		else
			unit_add(t, s, 1);
	}
}

/* "${x}" and "$$"; any other '$' stays. */
static void
unit_variables(struct unit_text *t, const char *s, const struct sh *vars)
{
	struct sh_value v;
	char name[256];
	size_t len;

	for (; *s != '\0'; s++) {
		len = *s == '$' && s[1] == '{' ? strcspn(s + 2, "}") : 0;
		if (len > 0 && s[2 + len] == '}' && len < sizeof(name) &&
		    unit_is_name(s + 2, len)) {
			memcpy(name, s + 2, len);
			name[len] = '\0';
			v = sh_get(vars, name);
			t->unknown |= v.known == SH_UNKNOWN;
			unit_add(t, v.text, strlen(v.text));
			s += 2 + len;
		} else {
			unit_add(t, s, 1);
			if (*s == '$' && s[1] == '$')
				s++;
		}
	}
}

/*
 * The next word into t, quotes read; escapes that mean a byte only with
 * escapes, otherwise '\' makes the next byte what it is.  Hands back what is
 * behind it, or NULL: no more words.
 */
static const char *
unit_next(const char *s, bool escapes, struct unit_text *t)
{
	char quote = '\0', c;
	size_t n;

	t->len = 0;
	t->text[0] = '\0';
	t->unknown = false;
	s += strspn(s, UNIT_BLANK);
	if (*s == '\0')
		return (NULL);
	for (; (c = *s) != '\0'; s++) {
		if (quote == '\0' && strchr(UNIT_BLANK, c) != NULL)
			break;
		if (quote != '\0' ? c == quote : c == '\'' || c == '"') {
			quote = quote != '\0' ? '\0' : c;
			continue;
		}
		if (c == '\\' && s[1] != '\0') {
			n = escapes ? unit_escape(s + 1, &c) : 0;
			s += n;
			/* "\;" and what is no escape. */
			if (n == 0 && (!escapes || s[1] == ';'))
				c = *++s;
		}
		unit_add(t, &c, 1);
	}
	return (s);
}

static int
unit_words_value(const struct sh_value *v, struct unit_text *t,
    struct sh_words *out, const char *file, unsigned line)
{
	const char *s = v->text;

	if (v->known == SH_UNKNOWN)
		return (sh_words_add(out, NULL, file, line));
	while (out->n < UNIT_WORDS_MAX && (s = unit_next(s, false, t)) != NULL)
		if (sh_words_add(out, t->unknown ? NULL : t->text, v->file,
		    v->line) == -1)
			return (-1);
	return (0);
}

int
unit_words(const char *value, const struct unit_names *names,
    const struct sh *vars, struct sh_words *out, const char *file,
    unsigned line)
{
	struct unit_text *t;		/* raw, specifiers, variables */
	struct sh_value v;
	int error = 0;

	t = malloc(3 * sizeof(*t));
	if (t == NULL)
		return (-1);
	while (error == 0 && out->n < UNIT_WORDS_MAX &&
	    (value = unit_next(value, true, &t[0])) != NULL) {
		t[1].len = t[2].len = 0;
		t[1].text[0] = t[2].text[0] = '\0';
		t[1].unknown = t[0].unknown;
		if (names == NULL)
			unit_add(&t[1], t[0].text, t[0].len);
		else
			unit_specifiers(&t[1], t[0].text, names);
		if (vars != NULL && t[1].text[0] == '$' &&
		    strchr("${", t[1].text[1]) == NULL) {
			/* As a word of its own it is as many as it has. */
			v = sh_get(vars, t[1].text + 1);
			error = unit_words_value(&v, &t[0], out, file, line);
			continue;
		}
		t[2].unknown = t[1].unknown;
		if (vars != NULL)
			unit_variables(&t[2], t[1].text, vars);
		error = sh_words_add(out, t[2].unknown ? NULL : vars != NULL ?
		    t[2].text : t[1].text, file, line);
	}
	free(t);
	return (error);
}

char *
unit_word(const char *value, const struct unit_names *names, bool *no_memory)
{
	struct unit_text *t = calloc(1, sizeof(*t));
	char *text = NULL;

	if (t != NULL)
		unit_specifiers(t, value, names);
	if (t == NULL || (!t->unknown && (text = strdup(t->text)) == NULL))
		*no_memory = true;
	free(t);
	return (text);
}

#undef UNIT_BLANK
#undef UNIT_WORDS_MAX
