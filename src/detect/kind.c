/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * kind.c - the kinds of milters: where each one says its socket.
 * Owns:      the table of what milters' command lines, start scripts and files
 *            say; their conditions, places and descriptions.
 * Called by: detect.c.
 * Must not:  know a platform, or take a socket for sure that nothing names.
 *
 * As the daemons do, the command line comes before the configuration file;
 * variables of the start script are next, since a script that uses them hands
 * them over, and the socket that the daemon's manual promises is the last.
 *
 * Conditions are upstream's where upstream knows the milter.  Of the others SPF
 * of smf-spf and pyspf-milter is needed by opendmarc for every message, a
 * limit, a signature or a copy is meant for one's own users, too, and the rest
 * are not known well enough: they have none.
 */
#include "compat.h"

#include <stdio.h>
#include <strings.h>

#include "base/spec.h"
#include "detect/read.h"

const char *const kind_grey[] = { "Sendmail Compatible", "Stress Notify",
    "Trust", "Remote Network", "S25R", "Unauthenticated", NULL };
const char *const kind_spam[] = { "Remote Network", "Unauthenticated",
    "No Stress", NULL };
const char *const kind_none[] = { NULL };

enum kind_conditions { KIND_NONE, KIND_GREY, KIND_SPAM };

/* Where the configuration file or the socket stands alone. */
#define KIND_FILE_WORD		0x01	/* "enma /etc/enma.conf" */
#define KIND_SOCKET_WORD	0x02	/* "spfmilter unix:/x" */
#define KIND_NEEDS_SOCKET	0x04	/* else it is no milter */
#define KIND_NEEDS_HELPER	0x08	/* the same, and has other options */
#define KIND_BARE		0x10	/* "milter-socket=unix:/x", no dashes */

/* The texts of a kind, each up to a NUL; "" is none. */
enum kind_text {
	KIND_DESCRIPTION,
	KIND_OPTIONS,		/* of getopt(3) */
	KIND_LONG_SOCKET,	/* words: long options */
	KIND_LONG_FILE,
	KIND_WORDS,		/* the socket's names in its file */
	KIND_FALLBACK,		/* the socket by its manual; or two, the first
				   one in the folder of a variable */
	KIND_TEXTS
};
#define KIND_TEXT(description, options, sockets, files, words, fallback) \
	description "\0" options "\0" sockets "\0" files "\0" words "\0" \
	fallback

struct kind {
	const char	*text;
	uint16_t	 how;		/* READ_*; 0: it has no file */
	uint8_t		 place;
	uint8_t		 conditions;
	char		 socket;	/* letters of options, 0: none */
	char		 file;
	char		 mode;
	uint8_t		 flags;
};

/* How OpenDKIM and those that come from it write their files. */
#define KIND_LIKE_OPENDKIM	(READ_HASH | READ_INCLUDE | READ_MODE)

static const struct kind kind_table[KIND_N] = {
	[KIND_GENERIC] = { KIND_TEXT("milter", "", "socket", "", "", ""), 0,
	    PLACE_OTHER, KIND_NONE, 'p', 0, 0, 0 },
	[KIND_AMAVISD] = { KIND_TEXT("amavisd's content filter", "", "", "",
	    "", ""), 0, PLACE_SPAM, KIND_NONE, 'p', 0, 0, KIND_NEEDS_HELPER },
	[KIND_AMAVISD_MILTER] = { KIND_TEXT("milter for amavisd",
	    "Bd:D:fhm:M:p:Pq:s:S:t:T:vw:", "", "", "", ""), 0, PLACE_SPAM,
	    KIND_NONE, 's', 0, 0, 0 },
	[KIND_AUTHENTICATION] = { KIND_TEXT("SPF, DKIM and DMARC", "", "", "",
	    "\"connection\"", ""), READ_COLON | READ_CASE, PLACE_SENDER,
	    KIND_NONE, 0, 0, 0, 0 },
	[KIND_BATV] = { KIND_TEXT("BATV", "", "", "", "Socket", ""),
	    KIND_LIKE_OPENDKIM, PLACE_CHANGE, KIND_NONE, 'p', 'x', 0, 0 },
	[KIND_BCC] = { KIND_TEXT("copies for others", "", "milter-socket",
	    "file", "milter-socket", "/var/run/milter/milter-bcc.socket"),
	    READ_EQUALS, PLACE_CHANGE, KIND_NONE, 0, 0, 0, KIND_BARE },
	[KIND_CLAMAV] = { KIND_TEXT("ClamAV virus scanner", "", "",
	    "config-file", "MilterSocket", ""), READ_EXAMPLE, PLACE_VIRUS,
	    KIND_NONE, 0, 'c', 0, 0 },
	[KIND_DK] = { KIND_TEXT("DomainKeys", "", "", "", "", ""), 0,
	    PLACE_SIGNATURE, KIND_NONE, 'p', 0, 'b', 0 },
	[KIND_DKIM_FILTER] = { KIND_TEXT("DKIM", "", "", "", "Socket", ""),
	    KIND_LIKE_OPENDKIM, PLACE_SIGNATURE, KIND_NONE, 'p', 'x', 'b', 0 },
	[KIND_DKIMPY] = { KIND_TEXT("DKIM", "", "", "", "Socket",
	    "/var/run/dkimpy-milter/dkimpy-milter.sock"),
	    READ_HASH | READ_CASE | READ_MODE, PLACE_SIGNATURE, KIND_NONE, 0,
	    0, 0, KIND_FILE_WORD },
	[KIND_ENMA] = { KIND_TEXT("SPF and Sender ID", "", "", "",
	    "milter.socket", ""), READ_COLON | READ_HASH, PLACE_SENDER,
	    KIND_SPAM, 0, 'c', 0, KIND_FILE_WORD },
	[KIND_GREYLIST] = { KIND_TEXT("greylisting", "", "", "", "", ""),
	    READ_GREYLIST, PLACE_GREYLIST, KIND_GREY, 'p', 'f', 0, 0 },
	/* There are two of that name. */
	[KIND_LIMIT] = { KIND_TEXT("limits of how much is sent", "",
	    "milter-socket", "config file", "connection milter-socket", ""),
	    READ_EQUALS | READ_CASE | READ_HASH, PLACE_LIMIT, KIND_NONE, 0,
	    'c', 0, KIND_BARE },
	[KIND_MAILFROMD] = { KIND_TEXT("Mailfromd", "", "port milter-socket",
	    "config-file", "", ""), READ_BLOCKS, PLACE_FILTER, KIND_NONE, 'p',
	    0, 0, 0 },
	[KIND_MIMEDEFANG] = { KIND_TEXT("MIMEDefang",
	    "GNCDHL:MP:o:R:S:TU:Xa:b:cdhkm:p:qrstvx:z:y", "", "", "",
	    "$SPOOLDIR/mimedefang.sock /var/spool/MIMEDefang/mimedefang.sock"),
	    0, PLACE_VIRUS, KIND_NONE, 'p', 0, 0, 0 },
	[KIND_OPENARC] = { KIND_TEXT("ARC", "Ac:fhlnp:P:r:t:u:vV", "", "",
	    "Socket", ""), KIND_LIKE_OPENDKIM, PLACE_SIGNATURE, KIND_NONE, 'p',
	    'c', 0, 0 },
	[KIND_OPENDKIM] = { KIND_TEXT("DKIM",
	    "Ab:c:d:De:fF:k:lL:no:p:P:Qrs:S:t:T:u:vVWx:X?", "", "", "Socket",
	    ""), KIND_LIKE_OPENDKIM, PLACE_SIGNATURE, KIND_NONE, 'p', 'x', 'b',
	    0 },
	[KIND_OPENDMARC] = { KIND_TEXT("DMARC", "Ac:flnp:P:t:u:vV", "", "",
	    "Socket", ""), READ_HASH | READ_INCLUDE, PLACE_POLICY, KIND_NONE,
	    'p', 'c', 0, 0 },
	[KIND_POSTSRSD] = { KIND_TEXT("sender rewriting", "", "", "", "milter",
	    ""), READ_EQUALS | READ_CASE | READ_HASH, PLACE_CHANGE, KIND_NONE,
	    0, 'C', 0, KIND_NEEDS_SOCKET },
	[KIND_PYSPF] = { KIND_TEXT("SPF", "", "", "", "Socket",
	    "/var/run/pyspf-milter/pyspf-milter.sock"),
	    READ_EQUALS | READ_CASE | READ_HASH, PLACE_SENDER, KIND_NONE, 0, 0,
	    0, KIND_FILE_WORD },
	[KIND_REGEX] = { KIND_TEXT("regular expressions", "", "", "", "",
	    "$spooldir/sock /var/spool/milter-regex/sock"), 0, PLACE_FILTER,
	    KIND_SPAM, 'p', 0, 0, 0 },
	[KIND_RSPAMD] = { KIND_TEXT("Rspamd", "fhvIc:i:u:g:p:l", "", "config",
	    "", ""), READ_UCL, PLACE_SPAM, KIND_SPAM, 0, 'c', 0, 0 },
	[KIND_SID] = { KIND_TEXT("Sender ID and SPF", "", "", "", "", ""), 0,
	    PLACE_SENDER, KIND_SPAM, 'p', 0, 0, 0 },
	[KIND_SMF_SAV] = { KIND_TEXT("sender addresses", "", "", "", "Socket",
	    "/var/run/smfs/smf-sav.sock"), READ_HASH, PLACE_SENDER, KIND_NONE,
	    0, 'c', 0, 0 },
	[KIND_SMF_SPF] = { KIND_TEXT("SPF", "", "", "", "Socket",
	    "/var/run/smfs/smf-spf.sock"), READ_HASH, PLACE_SENDER, KIND_NONE,
	    0, 'c', 0, 0 },
	[KIND_SPAMASS] = { KIND_TEXT("SpamAssassin",
	    "afd:mMp:P:r:u:D:i:Ib:B:e:xS:R:C:", "", "", "", ""), 0, PLACE_SPAM,
	    KIND_SPAM, 'p', 0, 0, 0 },
	[KIND_SPFMILTER] = { KIND_TEXT("SPF", "", "", "", "", ""), 0,
	    PLACE_SENDER, KIND_SPAM, 0, 0, 0, KIND_SOCKET_WORD },
};

/* Variables of start scripts; amavisd has sockets of its own, too. */
#define KIND_HELPERS	"MILTER_SOCKET MILTERSOCKET"
#define KIND_SOCKETS	KIND_HELPERS " socket sockfile SOCKET SOCKFILE " \
	"SOCKET_ADDRESS connection_spec CONNECTION_SPEC"
/* CLAMAVCONF was clamd's own file once. */
#define KIND_FILES	"cfgfile conf_file conffile config_file config conf " \
	"CLAMAVMILTERCONF CLAMAVCONF CONFFILE CONFIG_FILE CONFIGFILE"

struct kind_work {
	const struct kind *kind;
	const char	*text[KIND_TEXTS];	/* NULL: none */
	unsigned	 flags;		/* KIND_* */
	struct reading	 r;
	struct sh_word	 unknown;	/* .file: something is not known */
	const char	*why;		/* what that is */
};

static void
kind_fact(struct kind_work *w, struct detect_fact *fact, const char *text,
    const char *file, unsigned line)
{
	fact_set(w->r.env, fact, text, file, line);
}

static void
kind_unknown(struct kind_work *w, const char *file, unsigned line,
    const char *why)
{
	if (w->why != NULL)
		return;
	w->unknown.file = file;
	w->unknown.line = line;
	w->why = why;
}

/* Takes the next of some words; false behind the last one. */
static bool
kind_word(const char **words, char word[32])
{
	size_t n;

	if (*words == NULL || **words == '\0')
		return (false);
	n = strcspn(*words, " ");
	strlcpy(word, *words, n < 32 ? n + 1 : 32);
	*words += n + ((*words)[n] == ' ');
	return (true);
}

/* The last word that is NAME=VALUE. */
static bool
kind_bare(const struct service *sv, const char *name, struct sh_word *out)
{
	const size_t len = strlen(name);
	const struct sh_word *word;
	bool found = false;
	size_t i;

	for (i = 1; i < sv->argv.n; i++) {
		word = &sv->argv.item[i];
		if (word->text == NULL || strncasecmp(word->text, name, len) !=
		    0 || word->text[len] != '=')
			continue;
		*out = *word;
		out->text += len + 1;
		found = true;
	}
	return (found);
}

/* The value of a letter or one of the words as an option of the daemon. */
static bool
kind_option(struct kind_work *w, char letter, const char *words,
    struct sh_word *out)
{
	char word[32];
	bool found = false;

	if (letter != '\0')
		found = service_option(w->r.sv, w->text[KIND_OPTIONS], letter,
		    NULL, out);
	while (!found && kind_word(&words, word))
		found = service_option(w->r.sv, w->text[KIND_OPTIONS], '\0',
		    word, out) || ((w->flags & KIND_BARE) &&
		    kind_bare(w->r.sv, word, out));
	if (found && out->text == NULL) {
		kind_unknown(w, out->file, out->line,
		    "its command line is not known");
		found = false;
	}
	return (found);
}

/* The first of the variables with something in it. */
static bool
kind_variable(struct kind_work *w, const char *words, struct sh_value *v)
{
	char word[32];

	while (kind_word(&words, word)) {
		*v = service_var(w->r.sv, word);
		if (v->known == SH_KNOWN && v->text[0] != '\0')
			return (true);
		if (v->known == SH_UNKNOWN)
			kind_unknown(w, v->file, v->line, v->why);
	}
	return (false);
}

/* The last of the words before the first option, when it is a path. */
static const struct sh_word *
kind_file_word(const struct service *sv)
{
	const struct sh_word *found = NULL, *word;
	size_t i;

	for (i = 1; i < sv->argv.n; i++) {
		word = &sv->argv.item[i];
		if (word->text == NULL || word->text[0] == '-')
			break;
		if (word->text[0] == '/')
			found = word;
	}
	return (found);
}

/* The last word, unless it may belong to the option before it. */
static const struct sh_word *
kind_socket_word(const struct service *sv)
{
	const struct sh_word *word;

	if (sv->argv.n < 2)
		return (NULL);
	word = &sv->argv.item[sv->argv.n - 1];
	if (word->text == NULL || word->text[0] == '-')
		return (NULL);
	if (strchr(word->text, ':') == NULL && (word->text[0] != '/' ||
	    (sv->argv.n > 2 && (word[-1].text == NULL ||
	    word[-1].text[0] == '-'))))
		return (NULL);
	return (word);
}

/* The socket of the command line. */
static void
kind_read_options(struct kind_work *w, struct detect_fact *spec)
{
	const struct service *sv = w->r.sv;
	const struct sh_word *found = NULL;
	struct sh_word word;
	size_t len;

	/* Its own options are others. */
	if (w->flags & KIND_NEEDS_HELPER)
		return;
	if (w->flags & KIND_SOCKET_WORD)
		found = kind_socket_word(sv);
	else if (kind_option(w, w->kind->socket, w->text[KIND_LONG_SOCKET],
	    &word))
		found = &word;
	/* With many programs this is a file for the process's number. */
	if (found != NULL && w->kind == &kind_table[KIND_GENERIC] &&
	    (len = strlen(found->text)) > 4 &&
	    strcmp(found->text + len - 4, ".pid") == 0)
		found = NULL;
	if (found == NULL && w->kind == &kind_table[KIND_GENERIC] &&
	    kind_option(w, 's', NULL, &word))
		found = &word;
	if (found != NULL)
		kind_fact(w, spec, found->text, found->file, found->line);
}

/* The path of its own file; must: something named it, so it is to be there. */
static void
kind_find_file(struct kind_work *w, struct detect_fact *path, bool *must)
{
	const struct service *sv = w->r.sv;
	const struct sh_word *found = NULL;
	struct sh_word word;
	struct sh_value v;
	const char *file;
	char text[1024];

	*must = true;
	if (kind_option(w, w->kind->file, w->text[KIND_LONG_FILE], &word))
		found = &word;
	else if (w->flags & KIND_FILE_WORD)
		found = kind_file_word(sv);
	if (found != NULL && found->text[0] == '/') {
		kind_fact(w, path, found->text, found->file, found->line);
		return;
	}
	if (kind_variable(w, KIND_FILES, &v) && v.text[0] == '/') {
		kind_fact(w, path, v.text, v.file, v.line);
		return;
	}
	*must = false;
	file = sv->row != NULL ? sv->row->file : NULL;
	if (file == NULL || file[0] == '=')
		return;
	(void)snprintf(text, sizeof(text), "%s%s%.*s", file[0] == '/' ? "" :
	    w->r.env->prefix, file[0] == '/' ? "" : "/",
	    (int)strcspn(file, "="), file);
	kind_fact(w, path, text, NULL, 0);
}

static void
kind_read_file(struct kind_work *w, struct detect_fact *path)
{
	const unsigned how = w->kind->how;
	bool must;

	if (how == 0)
		return;
	kind_find_file(w, path, &must);
	if (path->text == NULL)
		return;
	if (how & (READ_BLOCKS | READ_UCL))
		read_blocks(&w->r, path->text, how, must);
	else if (how & READ_GREYLIST)
		read_greylist(&w->r, path->text, must);
	else
		read_lines(&w->r, path->text, w->text[KIND_WORDS], how, must);
	if (!must && root_kind(w->r.env->root, path->text) == ROOT_NONE)
		fact_free(path);
}

/* The socket by the daemon's manual. */
static void
kind_read_fallback(struct kind_work *w, struct detect_fact *spec)
{
	const struct detect_row *row = w->r.sv->row;
	const char *words = w->text[KIND_FALLBACK];
	char path[SPEC_TEXT_MAX], name[16];
	struct sh_value v;
	size_t n;

	memset(&v, 0, sizeof(v));
	v.text = "";
	if (row != NULL && row->file != NULL && strchr(row->file, '=') != NULL)
		words = strchr(row->file, '=') + 1;
	if (words != NULL && *words == '$') {
		n = strcspn(words, "/");
		strlcpy(name, words + 1, n < sizeof(name) ? n : sizeof(name));
		v = service_var(w->r.sv, name);
		if (v.text[0] != '/')
			v.text = "";
		words += v.text[0] == '/' ? n : strcspn(words, " ") + 1;
	}
	if (words == NULL)
		return;
	(void)snprintf(path, sizeof(path), "%s%.*s", v.text,
	    (int)strcspn(words, " "), words);
	kind_fact(w, spec, path, v.file, v.line);
}

/* What was found, in the order in which it counts. */
static void
kind_choose(struct kind_work *w, struct detect_fact *spec)
{
	const struct service *sv = w->r.sv;
	struct sh_value v;

	if (spec->text == NULL) {
		*spec = w->r.socket;
		memset(&w->r.socket, 0, sizeof(w->r.socket));
	}
	if (spec->text == NULL && kind_variable(w, w->flags &
	    KIND_NEEDS_HELPER ? KIND_HELPERS : KIND_SOCKETS, &v))
		kind_fact(w, spec, v.text, v.file, v.line);
	if (sv->listen.text != NULL && (spec->text == NULL ||
	    service_activated(spec->text)))
		kind_fact(w, spec, sv->listen.text, sv->listen.file,
		    sv->listen.line);
	if (spec->text == NULL && w->why == NULL && sv->problem == NULL)
		kind_read_fallback(w, spec);
}

/* What is found becomes a specification, or a problem. */
static void
kind_conclude(struct kind_work *w, struct detect_milter *m)
{
	struct service *sv = w->r.sv;
	char spec[SPEC_TEXT_MAX], why[200];
	bool own = (w->flags & (KIND_NEEDS_SOCKET |
	    KIND_NEEDS_HELPER)) != 0;

	if (m->spec.text != NULL) {
		if (service_spec(m->spec.text, spec, sizeof(spec), why,
		    sizeof(why)) == 0) {
			kind_fact(w, &m->spec, spec, m->spec.file,
			    m->spec.line);
		} else {
			service_problem(sv, m->spec.file, m->spec.line, "%s",
			    why);
			fact_free(&m->spec);
		}
		return;
	}
	if (sv->problem != NULL || m->enabled == DETECT_NO)
		return;
	if (w->why != NULL)
		service_problem(sv, w->unknown.file, w->unknown.line,
		    "where it listens is not known: %s", w->why);
	else if (own && w->r.off.text == NULL)
		kind_fact(w, &w->r.off, "it is set up for no milter",
		    m->configuration.text != NULL ? root_keep(w->r.env->root,
		    m->configuration.text) : NULL, 0);
	else if (w->r.off.text == NULL)
		service_problem(sv, m->configuration.text != NULL ?
		    m->configuration.text : m->script, 0,
		    "nothing says where it listens");
}

/* Whether it signs and never verifies: it comes last then. */
static bool
kind_only_signs(struct kind_work *w)
{
	struct sh_word word;
	const char *mode = w->r.mode.text;

	if (w->kind->mode != '\0' && kind_option(w, w->kind->mode, NULL,
	    &word))
		mode = word.text;
	return (mode != NULL && strchr(mode, 's') != NULL &&
	    strchr(mode, 'v') == NULL);
}

void
kind_read(struct detect_env *env, struct service *sv, struct detect_milter *m)
{
	struct kind_work w;
	const char *p;
	size_t i;
	unsigned id = sv->row != NULL ? sv->row->kind : KIND_GENERIC;

	memset(&w, 0, sizeof(w));
	w.kind = &kind_table[id < KIND_N ? id : KIND_GENERIC];
	w.r.env = env;
	w.r.sv = sv;
	w.flags = w.kind->flags;
	for (i = 0, p = w.kind->text; i < KIND_TEXTS; i++, p += strlen(p) + 1)
		w.text[i] = *p != '\0' ? p : NULL;
	if (word_search(sv->name, "milter") != NULL || (sv->argv.n > 0 &&
	    sv->argv.item[0].text != NULL &&
	    word_search(sv->argv.item[0].text, "milter") != NULL))
		w.flags &= ~(unsigned)KIND_NEEDS_HELPER;
	kind_read_options(&w, &m->spec);
	kind_read_file(&w, &m->configuration);
	kind_choose(&w, &m->spec);
	m->place = w.kind->place;
	if (kind_only_signs(&w))
		m->place = PLACE_SIGN;
	m->conditions = w.kind->conditions == KIND_GREY ? kind_grey :
	    w.kind->conditions == KIND_SPAM ? kind_spam : kind_none;
	if (sv->description.text == NULL)
		kind_fact(&w, &m->description, w.text[KIND_DESCRIPTION], NULL,
		    0);
	m->extra_time = w.r.extra_time;
	m->extra_time_by = w.r.extra_by;
	memset(&w.r.extra_by, 0, sizeof(w.r.extra_by));
	kind_conclude(&w, m);
	/* It is off whatever the system says; the reason is more than that. */
	if (w.r.off.text != NULL && m->enabled != DETECT_NO) {
		m->enabled = DETECT_NO;
		fact_free(&m->enabled_by);
		m->enabled_by = w.r.off;
		memset(&w.r.off, 0, sizeof(w.r.off));
	}
	reading_free(&w.r);
}

#undef KIND_FILE_WORD
#undef KIND_SOCKET_WORD
#undef KIND_NEEDS_SOCKET
#undef KIND_NEEDS_HELPER
#undef KIND_BARE
#undef KIND_TEXT
#undef KIND_LIKE_OPENDKIM
#undef KIND_HELPERS
#undef KIND_SOCKETS
#undef KIND_FILES
