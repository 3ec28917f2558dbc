/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * service.c - what one start script says of its milter, and how a listener is
 * dialled.
 * Owns:      the services of an environment and what is in them; reading a
 *            daemon's command line; the ways in which milters write a socket.
 * Called by: the platforms, kind.c, the readers, detect.c.
 * Must not:  know a milter or a platform by its name, or open a file.
 */
#include "compat.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/number.h"
#include "base/spec.h"
#include "base/word.h"
#include "detect/detect_internal.h"

struct service *
service_add(struct detect_env *env, const struct detect_row *row,
    const char *name)
{
	struct service *sv, *more;

	more = realloc(env->service, (env->n_services + 1) * sizeof(*more));
	if (more != NULL) {
		env->service = more;
		sv = &more[env->n_services];
		memset(sv, 0, sizeof(*sv));
		sv->row = row;
		if ((sv->name = strdup(name)) != NULL) {
			env->n_services++;
			return (sv);
		}
	}
	env->no_memory = true;
	return (NULL);
}

void
service_free(struct service *sv)
{
	size_t i;

	free(sv->name);
	free(sv->script);
	fact_free(&sv->enabled_by);
	fact_free(&sv->description);
	fact_free(&sv->listen);
	free(sv->command);
	for (i = 0; i < sv->command_options.n; i++)
		free(sv->command_options.item[i]);
	free(sv->command_options.item);
	sh_free(sv->vars);
	for (i = 0; i < sv->n_prefixes; i++)
		free(sv->prefix[i]);
	sh_words_free(&sv->argv);
	free(sv->problem);
	memset(sv, 0, sizeof(*sv));
}

int
service_prefix(struct service *sv, const char *prefix)
{
	if (sv->n_prefixes == SERVICE_PREFIXES ||
	    (sv->prefix[sv->n_prefixes] = strdup(prefix)) == NULL)
		return (-1);
	sv->n_prefixes++;
	return (0);
}

struct sh_value
service_var(const struct service *sv, const char *name)
{
	struct sh_value v;
	char full[256];
	size_t i;

	memset(&v, 0, sizeof(v));
	v.text = "";
	for (i = 0; sv->vars != NULL && i < sv->n_prefixes; i++) {
		if ((size_t)snprintf(full, sizeof(full), "%s%s", sv->prefix[i],
		    name) >= sizeof(full))
			continue;
		v = sh_get(sv->vars, full);
		if (v.known != SH_UNSET)
			break;
	}
	return (v);
}

/*
 * Where the value of the option is in this word, or NULL: another one.  *more
 * is 1 when the next word is the value, of this option or of another.
 */
static const char *
service_option_word(const char *word, const char *options, char letter,
    const char *long_name, size_t *more)
{
	const char *o;
	size_t len;

	*more = 0;
	if (word[0] != '-' || word[1] == '\0')
		return (NULL);
	if (word[1] == '-') {
		len = long_name != NULL ? strlen(long_name) : 0;
		if (len == 0 || strncmp(word + 2, long_name, len) != 0)
			return (NULL);
		word += 2 + len;
		*more = *word == '\0';
		return (*more || *word == '=' ? word + 1 - *more : NULL);
	}
	while (*++word != '\0') {
		if (options != NULL) {
			o = *word != ':' ? strchr(options, *word) : NULL;
			if (o == NULL || o[1] != ':')
				continue;
			if (o[2] == ':')	/* never in the next word */
				return (*word == letter ? word + 1 : NULL);
		}
		/* Without a list only the first letter can be an option. */
		if (*word == letter || options != NULL)
			*more = word[1] == '\0';
		return (*word == letter ? word + 1 : NULL);
	}
	return (NULL);
}

bool
service_option(const struct service *sv, const char *options, char letter,
    const char *long_name, struct sh_word *out)
{
	const struct sh_word *word;
	const char *text;
	bool found = false;
	size_t i, at, more;

	for (i = 1; i < sv->argv.n; i++) {
		word = &sv->argv.item[i];
		if (word->text == NULL) {
			/* Behind "-x" it is most likely what belongs to it. */
			if (options == NULL && i > 1 &&
			    word[-1].text != NULL && word[-1].text[0] == '-')
				continue;
			*out = *word;
			found = true;
			continue;
		}
		if (strcmp(word->text, "--") == 0)
			break;
		text = service_option_word(word->text, options, letter,
		    long_name, &more);
		i += more;
		if (text == NULL || i >= sv->argv.n)
			continue;
		at = more > 0 ? 0 : (size_t)(text - word->text);
		*out = sv->argv.item[i];
		if (out->text != NULL)
			out->text += at;
		found = true;
	}
	return (found);
}

void
service_problem(struct service *sv, const char *file, unsigned line,
    const char *why, ...)
{
	char text[700] = "", out[800];
	size_t n;
	va_list ap;

	if (sv->problem != NULL)
		return;
	if (file != NULL)
		(void)snprintf(text, 300, line > 0 ? "%s:%u: " : "%s: ", file,
		    line);
	n = strlen(text);
	va_start(ap, why);
	(void)vsnprintf(text + n, sizeof(text) - n, why, ap);
	va_end(ap);
	/* These are of this program, and of no file of the milter's. */
	if (strcmp(text + n, "out of memory") == 0 ||
	    strcmp(text + n, strerror(ENOMEM)) == 0)
		sv->no_memory = true;
	(void)log_escape(out, sizeof(out), text, strlen(text));
	if ((sv->problem = strdup(out)) == NULL)
		sv->no_memory = true;
}

void
fact_set(struct detect_env *env, struct detect_fact *fact, const char *text,
    const char *file, unsigned line)
{
	char *copy = NULL;

	if (text != NULL && (copy = strdup(text)) == NULL)
		env->no_memory = true;
	free(fact->text);
	fact->text = copy;
	fact->file = file;
	fact->line = line;
}

void
fact_free(struct detect_fact *fact)
{
	free(fact->text);
	memset(fact, 0, sizeof(*fact));
}

/* What packages write where a socket should be. */
static const char *const service_placeholders[] = {
	"/path/to/", "/some/", "/your/", "port@", "PORT", "${", "$(", "<", "%%",
	"socketpath", NULL
};

static bool
service_is_placeholder(const char *text)
{
	const char *const *p;
	const char *at = strchr(text, '@');

	/* "@SOCKET@", as it is before configure(1) */
	if (at != NULL && strchr(at + 1, '@') != NULL)
		return (true);
	for (p = service_placeholders; *p != NULL; p++)
		if (word_search(text, *p) != NULL)
			return (true);
	return (false);
}

/* Skips any of the words with a colon behind it; case does not matter. */
static const char *
service_protocol(const char *text, const char *word)
{
	size_t len = strlen(word);

	return (strncasecmp(text, word, len) == 0 && text[len] == ':' ?
	    text + len + 1 : NULL);
}

/*
 * PORT, PORT@HOST, HOST:PORT; host is changed in its place.  Returns NULL when
 * it is none of them.
 */
static const char *
service_port(char *text, char **host)
{
	char *at = strchr(text, '@');
	char *colon = strrchr(text, ':');
	uint64_t port;
	size_t len;

	*host = NULL;
	if (at != NULL) {
		*at = '\0';
		*host = at + 1;
	} else if (colon != NULL) {
		*colon = '\0';
		*host = text;
		text = colon + 1;
	}
	if (number_read(text, 10, 65535, &port) == -1 || port == 0)
		return (NULL);
	if (*host != NULL && **host == '[') {
		(*host)++;
		if ((len = strlen(*host)) == 0 || (*host)[len - 1] != ']')
			return (NULL);
		(*host)[len - 1] = '\0';
	}
	return (text);
}

bool
service_activated(const char *text)
{
	return (service_protocol(text, "fd") != NULL ||
	    service_protocol(text, "systemd") != NULL);
}

/* A path, port or host of some family as a specification; changes text. */
static int
service_dial(const char *family, char *text, char *out, size_t size)
{
	const char *port, *six;
	char *host;

	if (text[0] == '/') {
		/* Behind a word, two of them would be a URL's. */
		text += strspn(text, "/") - 1;
		(void)snprintf(out, size, "unix:%s", text);
		return (0);
	}
	if (*family == 'u' || (port = service_port(text, &host)) == NULL)
		return (-1);
	six = host != NULL ? strchr(host, ':') : NULL;
	if (six != NULL)
		family = "inet6";
	/* Who listens on all addresses is met on the loopback one. */
	if (host == NULL || host[0] == '\0' || strcmp(host, "*") == 0 ||
	    strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0)
		(void)snprintf(out, size, "%s:%s", family, port);
	else
		(void)snprintf(out, size, "%s:%s@%s%s%s", family, port,
		    six != NULL ? "[" : "", host, six != NULL ? "]" : "");
	return (0);
}

int
service_spec(const char *text, char *out, size_t size, char *why,
    size_t whysize)
{
	static const char *const protocols[] = { "unix", "local", "inet", "tcp",
	    "inet6", NULL };
	char full[2 * SPEC_TEXT_MAX + 16], copy[SPEC_TEXT_MAX] = "";
	const char *wrong, *family = "inet", *rest, *next;
	struct spec spec;
	size_t i, len;

	text += strspn(text, " \t");
	for (len = strlen(text); len > 0; len--)
		if (text[len - 1] != ' ' && text[len - 1] != '\t')
			break;
	if (len >= sizeof(copy)) {
		strlcpy(why, "the name of the socket is too long", whysize);
		return (-1);
	}
	memcpy(copy, text, len);
	copy[len] = '\0';
	rest = copy;
	for (i = 0; protocols[i] != NULL; i++) {
		if ((next = service_protocol(rest, protocols[i])) == NULL)
			continue;
		/* Some have it twice: "local:unix:/x". */
		family = i < 2 ? "unix" : i < 4 ? "inet" : "inet6";
		rest = next;
		i = (size_t)-1;
	}
	/* As in URLs. */
	if (rest > copy && strncmp(rest, "//", 2) == 0)
		rest += 2;
	wrong = "no socket, neither a path nor a port";
	if (len == 0)
		wrong = "no socket";
	else if (service_is_placeholder(copy))
		wrong = "a placeholder of the package";
	else if (copy[i = strcspn(copy, " \t,;")] != '\0' &&
	    strchr(copy + i, ':') != NULL)
		wrong = "several sockets in one text";
	else if (service_activated(copy))
		wrong = "opened by the start system, no socket unit says where";
	else if (service_dial(family, copy + (rest - copy), full,
	    sizeof(full)) == 0)
		wrong = NULL;
	if (wrong != NULL) {
		(void)snprintf(why, whysize, "'%.*s' is %s", (int)(len < 80 ?
		    len : 80), text, wrong);
		return (-1);
	}
	if (spec_parse(full, &spec, why, whysize) == -1)
		return (-1);
	(void)spec_format(&spec, out, size);
	spec_free(&spec);
	return (0);
}
