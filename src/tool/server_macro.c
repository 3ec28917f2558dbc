/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * server_macro.c - which macros the test server sends, and their values.
 * Owns:      the default macros of each stage, in both MTAs' manner.
 * Called by: server_session.c before it sends a command.
 * Must not:  send anything, or know what was answered.
 */
#include "compat.h"

#include <stdio.h>
#include <string.h>

#include "tool/server.h"

#define SERVER_BOTH	3u
#define SERVER_ASK	0u	/* only when a milter's list names it */

/* A value that begins with '$' is computed, see server_macro_value(). */
static const struct {
	signed char	 stage;
	unsigned char	 mtas;		/* 1 << enum server_mta, or'ed */
	const char	*name;
	const char	*value;
} server_macro_table[] = {
	{ TEXT_CONNECT, SERVER_BOTH, "j", "mail.example.com" },
	{ TEXT_CONNECT, SERVER_BOTH, "{daemon_name}", "$name" },
	{ TEXT_CONNECT, 1u << SERVER_SENDMAIL, "{if_name}", "localhost" },
	{ TEXT_CONNECT, 1u << SERVER_SENDMAIL, "{if_addr}", "127.0.0.1" },
	{ TEXT_CONNECT, 1u << SERVER_POSTFIX, "{daemon_addr}", "127.0.0.1" },
	{ TEXT_CONNECT, 1u << SERVER_POSTFIX, "v", "$version" },
	{ TEXT_CONNECT, 1u << SERVER_POSTFIX, "_", "$peer" },
	{ TEXT_CONNECT, SERVER_ASK, "v", "$version" },
	{ TEXT_CONNECT, SERVER_ASK, "_", "$peer" },
	{ TEXT_CONNECT, SERVER_ASK, "{client_addr}", "$addr" },
	{ TEXT_CONNECT, SERVER_ASK, "{client_name}", "$host" },
	{ TEXT_CONNECT, SERVER_ASK, "{client_port}", "$port" },
	{ TEXT_CONNECT, SERVER_ASK, "{client_ptr}", "$host" },
	{ TEXT_CONNECT, SERVER_ASK, "{daemon_port}", "25" },
	{ TEXT_HELO, 1u << SERVER_SENDMAIL, "{tls_version}", "0" },
	{ TEXT_HELO, 1u << SERVER_SENDMAIL, "{cipher}", "0" },
	{ TEXT_HELO, 1u << SERVER_SENDMAIL, "{cipher_bits}", "0" },
	{ TEXT_HELO, 1u << SERVER_SENDMAIL, "{cert_subject}", "cert_subject" },
	{ TEXT_HELO, 1u << SERVER_SENDMAIL, "{cert_issuer}", "cert_issuer" },
	{ TEXT_MAIL, 1u << SERVER_SENDMAIL, "i", "$id" },
	{ TEXT_MAIL, SERVER_BOTH, "{auth_type}", "$type" },
	{ TEXT_MAIL, SERVER_BOTH, "{auth_authen}", "$authen" },
	{ TEXT_MAIL, SERVER_BOTH, "{auth_author}", "$author" },
	{ TEXT_MAIL, SERVER_BOTH, "{mail_mailer}", "smtp" },
	{ TEXT_MAIL, SERVER_BOTH, "{mail_host}", "$fromhost" },
	{ TEXT_MAIL, SERVER_BOTH, "{mail_addr}", "$from" },
	/* Postfix has a queue identifier after the first good recipient. */
	{ TEXT_RCPT, 1u << SERVER_POSTFIX, "i", "$laterid" },
	{ TEXT_RCPT, SERVER_BOTH, "{rcpt_mailer}", "$rcptmailer" },
	{ TEXT_RCPT, SERVER_BOTH, "{rcpt_host}", "$rcpthost" },
	{ TEXT_RCPT, SERVER_BOTH, "{rcpt_addr}", "$rcpt" },
	{ TEXT_DATA, SERVER_BOTH, "i", "$id" },
	{ TEXT_EOH, SERVER_BOTH, "i", "$id" },
	{ TEXT_EOM, SERVER_BOTH, "i", "$id" },
	{ TEXT_EOM, SERVER_ASK, "{msg_id}", "$msgid" },
};

/* The address of "<a@b> PARAM" without brackets: length, and *text. */
static size_t
server_macro_address(const char **text)
{
	const char *end;

	if (**text == '<')
		++*text;
	end = *text + strcspn(*text, " >");
	return ((size_t)(end - *text));
}

/* Text behind the '@' only, when domain is true. */
static const char *
server_macro_part(char *dst, size_t size, const char *text, bool domain)
{
	size_t n = server_macro_address(&text);
	const char *at;

	if (domain) {
		at = memchr(text, '@', n);
		n = at != NULL ? n - (size_t)(at + 1 - text) : 0;
		text = at != NULL ? at + 1 : text;
	}
	snprintf(dst, size, "%.*s", (int)n, text);
	return (dst);
}

/* The value that a '$' word stands for, NULL when there is none now. */
static const char *
server_macro_value(const struct server_session *s, const char *word, char *dst,
    size_t size)
{
	const struct server_config *cfg = s->cfg;
	const struct server_rcpt *rcpt = s->stage == TEXT_RCPT ?
	    &cfg->rcpt[s->index] : NULL;
	const char *id;

	if (*word != '$')
		return (word);
	word++;
	if (strcmp(word, "name") == 0)
		return (cfg->name);
	if (strcmp(word, "version") == 0)
		return (cfg->mta == SERVER_POSTFIX ? "Postfix 3.7.11" :
		    "8.17.1");
	if (strcmp(word, "host") == 0)
		return (cfg->connect.host);
	if (strcmp(word, "addr") == 0)
		return (cfg->connect.address);
	if (strcmp(word, "type") == 0)
		return (cfg->auth_type);
	if (strcmp(word, "authen") == 0)
		return (cfg->auth_name);
	if (strcmp(word, "author") == 0)
		return (cfg->auth_author);
	if (strcmp(word, "peer") == 0)
		snprintf(dst, size, "%s [%s]", cfg->connect.host,
		    cfg->connect.address);
	else if (strcmp(word, "port") == 0)
		snprintf(dst, size, "%u", cfg->connect.port);
	else if (strcmp(word, "id") == 0 || (strcmp(word, "laterid") == 0 &&
	    s->accepted > 0))
		snprintf(dst, size, "T%05uM%03u", s->number, s->message);
	else if (strncmp(word, "from", 4) == 0)
		return (server_macro_part(dst, size, cfg->from,
		    word[4] != '\0'));
	else if (strcmp(word, "msgid") == 0) {
		id = server_mail_find(&cfg->mail, "Message-Id");
		return (id != NULL ? id + strspn(id, " \t\n") : NULL);
	} else if (rcpt == NULL)
		return (NULL);
	else if (strcmp(word, "rcptmailer") == 0)
		return (rcpt->rejected ? "error" : "smtp");
	else if (strcmp(word, "rcpthost") == 0)
		return (rcpt->rejected ? "5.1.1" :
		    server_macro_part(dst, size, rcpt->text, true));
	else if (strcmp(word, "rcpt") == 0)
		return (rcpt->rejected ? "550 5.1.1 User unknown" :
		    server_macro_part(dst, size, rcpt->text, false));
	else
		return (NULL);
	return (dst);
}

/* Whether two names are one; braces do not count, lengths are given. */
static bool
server_macro_same(const char *a, size_t an, const char *b, size_t bn)
{
	if (an > 2 && *a == '{')
		a++, an -= 2;
	if (bn > 2 && *b == '{')
		b++, bn -= 2;
	return (an == bn && memcmp(a, b, an) == 0);
}

static int
server_macro_pair(struct buf *b, const char *name, size_t len,
    const char *value)
{
	bool braces = len > 1 && *name != '{';

	if ((braces && buf_add_u8(b, '{') != 0) ||
	    buf_add(b, name, len) != 0 ||
	    (braces && buf_add_u8(b, '}') != 0))
		return (-1);
	return (buf_add_u8(b, 0) != 0 ? -1 : buf_add_str(b, value));
}

/* What was given on the command line for a name at a stage, or NULL. */
static const char *
server_macro_given(const struct server_config *cfg, int stage,
    const char *name, size_t len)
{
	const char *text, *value = NULL;
	size_t i, n;

	for (i = 0; i < cfg->n_macros; i++) {
		text = cfg->macro[i].text;
		n = strcspn(text, ":");
		if (cfg->macro[i].stage == stage &&
		    server_macro_same(text, n, name, len))
			value = text + n + 1;
	}
	return (value);
}

/* A name that a milter asked for: its value at this stage or an earlier one. */
static int
server_macro_asked(struct buf *b, const struct server_session *s, int stage,
    const char *name, size_t len)
{
	char text[256];
	const char *value = NULL;
	size_t i;
	int at;

	for (at = stage; at >= TEXT_CONNECT && value == NULL; at--)
		value = server_macro_given(s->cfg, at, name, len);
	for (i = sizeof(server_macro_table) / sizeof(server_macro_table[0]);
	    value == NULL && i-- > 0;)
		if (server_macro_table[i].stage <= stage &&
		    (server_macro_table[i].mtas == SERVER_ASK ||
		    (server_macro_table[i].mtas >> s->cfg->mta & 1) != 0) &&
		    server_macro_same(server_macro_table[i].name,
		    strlen(server_macro_table[i].name), name, len))
			value = server_macro_value(s,
			    server_macro_table[i].value, text, sizeof(text));
	return (value != NULL ? server_macro_pair(b, name, len, value) : 0);
}

static int
server_macro_defaults(struct buf *b, const struct server_session *s,
    int stage)
{
	const struct server_config *cfg = s->cfg;
	char text[256];
	const char *name, *value;
	size_t i, j, n;

	for (i = 0; i < sizeof(server_macro_table) /
	    sizeof(server_macro_table[0]); i++) {
		name = server_macro_table[i].name;
		if (server_macro_table[i].stage != stage ||
		    (server_macro_table[i].mtas >> cfg->mta & 1) == 0 ||
		    server_macro_given(cfg, stage, name, strlen(name)) != NULL)
			continue;
		value = server_macro_value(s, server_macro_table[i].value,
		    text, sizeof(text));
		if (value != NULL &&
		    server_macro_pair(b, name, strlen(name), value) != 0)
			return (-1);
	}
	for (i = 0; i < cfg->n_macros; i++) {
		name = cfg->macro[i].text;
		n = strcspn(name, ":");
		if (cfg->macro[i].stage != stage)
			continue;
		/* Given twice: the later value, at the earlier place. */
		for (j = 0; j < i; j++)
			if (cfg->macro[j].stage == stage && server_macro_same(
			    cfg->macro[j].text, strcspn(cfg->macro[j].text,
			    ":"), name, n))
				break;
		if (j == i && server_macro_pair(b, name, n,
		    server_macro_given(cfg, stage, name, n)) != 0)
			return (-1);
	}
	return (0);
}

int
server_macro_add(struct buf *out, const struct server_session *s, int stage)
{
	const struct server_config *cfg = s->cfg;
	struct buf b = { 0 };
	const char *list = NULL, *name;
	size_t n;
	int listed, source = stage, error = 0;
	bool given;

	/* Sendmail has no frame before these; Postfix borrows the sets. */
	if (stage == TEXT_HEADER || stage == TEXT_BODY ||
	    stage == TEXT_UNKNOWN) {
		if (cfg->mta == SERVER_SENDMAIL)
			return (0);
		source = stage == TEXT_HEADER ? TEXT_EOH :
		    stage == TEXT_BODY ? TEXT_EOM : stage;
	}
	listed = option_macro_stage(text_stages[stage].command);
	if (listed >= 0)
		list = s->option.macros[listed];
	if (cfg->mta == SERVER_SENDMAIL && listed >= 0) {
		/* Whether the list of EOM counts hangs on that of EOH there. */
		given = (s->lists >> (listed == SMFIM_EOM ? SMFIM_EOH :
		    listed) & 1) != 0;
		if (given && list == NULL)
			return (0);
		if (!given)
			list = NULL;
	}
	if (buf_add_u8(&b, text_stages[stage].command) != 0)
		error = -1;
	if (list == NULL && error == 0)
		error = server_macro_defaults(&b, s, source);
	while (list != NULL && error == 0) {
		name = list + strspn(list, " ,");
		if ((n = strcspn(name, " ,")) == 0)
			break;
		error = server_macro_asked(&b, s, source, name, n);
		list = name + n;
	}
	if (error == 0)
		error = packet_add(out, SMFIC_MACRO, buf_ptr(&b), b.len);
	buf_free(&b);
	return (error);
}

#undef SERVER_BOTH
#undef SERVER_ASK
