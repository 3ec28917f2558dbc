/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stress.c - how many connections the MTA of this machine takes at once.
 * Owns:      where its files are, and what of them counts.
 * Called by: the manager, once a configuration.
 * Must not:  start a program, or be called on the mail path.
 */
#include "compat.h"

#include <limits.h>
#include <stdio.h>

#include "base/log.h"
#include "base/number.h"
#include "condition/stress.h"
#include "config/source.h"

#define STRESS_POSTFIX_LIMIT	100	/* as compiled in there */
#define STRESS_EXPANSIONS	8
#define STRESS_BLANKS		" \t\r"

/* Some bytes of a file. */
struct stress_span {
	const char	*s;
	size_t		 len;
};

/* Reads DIR/NAME below the root; path gets what it was. */
static bool
stress_read(const struct conf *conf, const char *dir, const char *name,
    char path[1024], struct source_text *file)
{
	char why[VALUE_WHY_MAX];

	(void)snprintf(path, 1024, "%s%s/%s", conf->detect_root != NULL ?
	    conf->detect_root : "", dir, name);
	return (source_read(path, false, file, why) == 0);
}

/*
 * The next line that is none of comment, without blanks around it.  What is
 * behind it in lines that begin with a blank belongs to it in Postfix's files,
 * but never to what is looked for here: those lines are passed over.
 */
static bool
stress_line(struct stress_span *rest, struct stress_span *line)
{
	while (rest->len > 0) {
		const char *end = memchr(rest->s, '\n', rest->len);
		size_t len = end == NULL ? rest->len :
		    (size_t)(end - rest->s);

		line->s = rest->s;
		line->len = len;
		len += end != NULL;
		rest->s += len;
		rest->len -= len;
		while (line->len > 0 && strchr(STRESS_BLANKS,
		    line->s[line->len - 1]) != NULL)
			line->len--;
		if (line->len > 0 && line->s[0] != '#' && line->s[0] != '\0' &&
		    strchr(STRESS_BLANKS, line->s[0]) == NULL)
			return (true);
	}
	return (false);
}

/* Cuts the first word off; its length is 0 when there is none. */
static struct stress_span
stress_word(struct stress_span *line)
{
	struct stress_span word = { line->s, 0 };

	while (word.len < line->len && word.s[word.len] != '\0' &&
	    strchr(STRESS_BLANKS, word.s[word.len]) == NULL)
		word.len++;
	line->s += word.len;
	line->len -= word.len;
	while (line->len > 0 && line->s[0] != '\0' &&
	    strchr(STRESS_BLANKS, line->s[0]) != NULL) {
		line->s++;
		line->len--;
	}
	return (word);
}

static bool
stress_is(const struct stress_span *span, const char *text)
{
	return (span->len == strlen(text) &&
	    memcmp(span->s, text, span->len) == 0);
}

static bool
stress_number(const struct stress_span *span, unsigned *out)
{
	char text[16];
	uint64_t n;

	if (span->len == 0 || span->len >= sizeof(text))
		return (false);
	memcpy(text, span->s, span->len);
	text[span->len] = '\0';
	if (number_read(text, 10, INT_MAX, &n) == -1)
		return (false);
	*out = (unsigned)n;
	return (true);
}

/* The last value of a parameter of main.cf. */
static struct stress_span
stress_parameter(const struct source_text *main_cf,
    const struct stress_span *name)
{
	struct stress_span rest = { main_cf->text, main_cf->len };
	struct stress_span line, found = { NULL, 0 };

	while (stress_line(&rest, &line)) {
		const char *eq = memchr(line.s, '=', line.len);
		struct stress_span key = { line.s, 0 };

		if (eq == NULL)
			continue;
		key.len = (size_t)(eq - line.s);
		while (key.len > 0 && (key.s[key.len - 1] == ' ' ||
		    key.s[key.len - 1] == '\t'))
			key.len--;
		if (key.len != name->len ||
		    memcmp(key.s, name->s, key.len) != 0)
			continue;
		found.s = eq + 1;
		found.len = line.len - (size_t)(eq + 1 - line.s);
		while (found.len > 0 && (*found.s == ' ' ||
		    *found.s == '\t')) {
			found.s++;
			found.len--;
		}
	}
	return (found);
}

/* A number, or "$name", "${name}", "$(name)" of one. */
static bool
stress_expand(const struct source_text *main_cf, struct stress_span value,
    unsigned *out)
{
	int i;

	for (i = 0; i < STRESS_EXPANSIONS; i++) {
		if (value.len < 2 || value.s[0] != '$')
			return (stress_number(&value, out));
		value.s++;
		value.len--;
		if (value.len > 2 && (value.s[0] == '{' ||
		    value.s[0] == '(')) {
			value.s++;
			value.len -= 2;
		}
		value = stress_parameter(main_cf, &value);
	}
	return (false);
}

/* Is that a folder of Postfix's?  *limit is what it takes, 0 for all. */
static bool
stress_postfix(const struct conf *conf, const char *dir, char path[1024],
    unsigned *limit)
{
	static const struct stress_span name = { "default_process_limit", 21 };
	struct source_text main_cf, master_cf;
	struct stress_span rest, line, word;
	int i;

	if (!stress_read(conf, dir, "main.cf", path, &main_cf))
		return (false);
	*limit = STRESS_POSTFIX_LIMIT;
	word = stress_parameter(&main_cf, &name);
	if (word.len > 0)
		(void)stress_expand(&main_cf, word, limit);
	if (stress_read(conf, dir, "master.cf", path, &master_cf)) {
		rest.s = master_cf.text;
		rest.len = master_cf.len;
		while (stress_line(&rest, &line)) {
			word = stress_word(&line);
			if (!stress_is(&word, "smtp"))
				continue;
			word = stress_word(&line);
			if (!stress_is(&word, "inet"))
				continue;
			/* private unpriv chroot wakeup maxproc */
			for (i = 0; i < 5; i++)
				word = stress_word(&line);
			(void)stress_expand(&main_cf, word, limit);
			break;
		}
		free(master_cf.text);
	}
	free(main_cf.text);
	return (true);
}

/* Is there a sendmail.cf?  *limit is what it takes, 0 for all. */
static bool
stress_sendmail(const struct conf *conf, const char *dir, char path[1024],
    unsigned *limit)
{
	static const char key[] = "O MaxDaemonChildren=";
	struct source_text cf;
	struct stress_span rest, line;

	if (!stress_read(conf, dir, "sendmail.cf", path, &cf))
		return (false);
	*limit = 0;
	rest.s = cf.text;
	rest.len = cf.len;
	while (stress_line(&rest, &line)) {
		if (line.len < sizeof(key) ||
		    memcmp(line.s, key, sizeof(key) - 1) != 0)
			continue;
		line.s += sizeof(key) - 1;
		line.len -= sizeof(key) - 1;
		(void)stress_number(&line, limit);
	}
	free(cf.text);
	return (true);
}

unsigned
stress_threshold(const struct conf *conf)
{
	/* Those of Postfix come first. */
	static const struct {
		const char	*dir;
		bool		(*look)(const struct conf *, const char *,
				    char *, unsigned *);
	} places[] = {
		{ "/etc/postfix", stress_postfix },
		{ "/usr/local/etc/postfix", stress_postfix },
		{ "/usr/pkg/etc/postfix", stress_postfix },
		{ "/opt/local/etc/postfix", stress_postfix },
		{ "/etc/mail", stress_sendmail },
		{ "/usr/pkg/etc/mail", stress_sendmail },
		{ "/usr/local/etc/mail", stress_sendmail }
	};
	char path[1024];
	unsigned limit, threshold;
	size_t i;

	if (conf->stress_threshold != UINT_MAX)
		return (conf->stress_threshold);
	for (i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i].look(conf, places[i].dir, path, &limit))
			continue;
		threshold = limit / 4 * 3 + limit % 4 * 3 / 4;
		log_write(LOGL_INFO, "stress: from %u connections on%s, since "
		    "%s allows %u", threshold, threshold == 0 ? " (never)" :
		    "", path, limit);
		return (threshold);
	}
	log_write(LOGL_INFO, "stress: never, since no Postfix or Sendmail is "
	    "here; stress.threshold_n_connections may say more");
	return (0);
}

#undef STRESS_POSTFIX_LIMIT
#undef STRESS_EXPANSIONS
#undef STRESS_BLANKS
