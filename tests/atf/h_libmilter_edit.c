/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * h_libmilter_edit.c - a real libmilter filter that does what its options say.
 * Owns:      edits at end of message, verdicts by stage, a log of all it saw.
 * Called by: h_milters.sh; links with -lmilter -lpthread.
 * Must not:  know whether an MTA or the daemon is at the other end.
 *
 * usage: h_libmilter_edit -p SPEC [-l LOG] [-w WISH] [-v RULE] [EDIT ...]
 *
 *	-a 'Name: value'	add a header
 *	-i 'N Name: value'	insert a header at N
 *	-c 'N Name: value'	change the Nth of that name
 *	-d 'N Name'		delete the Nth of that name
 *	-b TEXT			append a line to the body
 *	-B FILE			replace the body; with nothing by an empty file
 *	-A RCPT, -D RCPT	add, delete a recipient
 *	-E 'RCPT ARGS'		add a recipient with ESMTP arguments
 *	-f SENDER		change the sender
 *	-F 'SENDER ARGS'	the same with ESMTP arguments
 *	-q REASON		quarantine
 *	-v 'STAGE[:TEXT]=DO'	verdict at connect, helo, mail, rcpt, data,
 *				header, eoh, body, eom, unknown (when the
 *				argument there, or else the sender, contains
 *				TEXT): accept, reject, tempfail, discard, skip,
 *				hang, die, progress, or a reply such as
 *				'550 5.7.1 go away'; | parts its lines
 *	-W TEXT			the edits that follow are for messages whose
 *				sender contains TEXT
 *	-s FILE			options, a line each: the letter, a blank, the
 *				argument, in which \n is a new line; for
 *				h_pymilter.py and h_pmilter.pl, too
 *	-m 'STAGE NAMES'	at negotiation: the macros to get there; the
 *				stage is libmilter's number
 *	-w WISH			at negotiation: skip, leadspc, nr, nobody,
 *				nohdrs, noconnect, nohelo, rcptrej
 *
 * Edits are made in the order of the options.
 */
#include "compat.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#define EDIT_MAX	512
#define EDIT_LETTERS	"wvWmaicdbBADEfFq"	/* allowed in a script */
#define EDIT_LINES	32		/* of a reply; what libmilter takes */

struct edit_op {
	int	 what;			/* the option's letter */
	const char *only;		/* a part of the sender, or NULL */
	int	 n;			/* position of a header */
	char	*name, *value;
};

struct edit_rule {
	char	*stage, *text, *action;
};

struct edit_priv {
	unsigned	 id;
	unsigned long	 wishes;
	char		 sender[256];	/* of this message */
	char		*body;
	size_t		 len, size;
	uint64_t	 hash;		/* FNV-1a of the body */
};

static struct edit_op	 edit_ops[EDIT_MAX];
static struct edit_rule	 edit_rules[EDIT_MAX];
static size_t		 edit_n_ops, edit_n_rules;
static char		*edit_lists[SMFIM_LAST + 1];
static const char	*edit_only;	/* the last -W */
static unsigned long	 edit_wishes;
static int		 edit_wants_body;
static FILE		*edit_log;
static unsigned		 edit_sessions;
static pthread_mutex_t	 edit_lock = PTHREAD_MUTEX_INITIALIZER;

/* All that Postfix or Sendmail may send without being told to by a filter. */
static const char *const edit_macros[] = {
	"j", "_", "v", "{daemon_name}", "{daemon_addr}", "{client_addr}",
	"{client_name}", "{client_ptr}", "{if_name}", "{if_addr}",
	"{tls_version}", "{cipher}", "{cert_subject}", "{auth_type}",
	"{auth_authen}", "{auth_author}", "i", "{mail_mailer}", "{mail_host}",
	"{mail_addr}", "{rcpt_mailer}", "{rcpt_host}", "{rcpt_addr}",
	"{msg_id}",
};

static const struct {
	const char	*word;
	unsigned long	 bits;
} edit_wish_words[] = {
	{ "skip", SMFIP_SKIP },
	{ "leadspc", SMFIP_HDR_LEADSPC },
	{ "nr", SMFIP_NR_HDR | SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL |
	    SMFIP_NR_RCPT | SMFIP_NR_DATA | SMFIP_NR_UNKN | SMFIP_NR_EOH |
	    SMFIP_NR_BODY },
	{ "nobody", SMFIP_NOBODY },
	{ "nohdrs", SMFIP_NOHDRS },
	{ "noconnect", SMFIP_NOCONNECT },
	{ "nohelo", SMFIP_NOHELO },
	{ "rcptrej", SMFIP_RCPT_REJ },
};

/* Which wish makes a stage's answer needless. */
static const struct {
	const char	*stage;
	unsigned long	 bit;
} edit_no_reply[] = {
	{ "connect", SMFIP_NR_CONN }, { "helo", SMFIP_NR_HELO },
	{ "mail", SMFIP_NR_MAIL }, { "rcpt", SMFIP_NR_RCPT },
	{ "data", SMFIP_NR_DATA }, { "header", SMFIP_NR_HDR },
	{ "eoh", SMFIP_NR_EOH }, { "body", SMFIP_NR_BODY },
	{ "unknown", SMFIP_NR_UNKN },
};

/* Prints foreign text on one line. */
static void
edit_put(const char *s)
{

	for (; *s != '\0'; s++) {
		if (isprint((unsigned char)*s) && *s != '\\')
			(void)putc(*s, edit_log);
		else
			fprintf(edit_log, "\\x%02x", (unsigned char)*s);
	}
}

/* One line: session, stage, arguments, the macros known now. */
static void
edit_note(SMFICTX *ctx, const struct edit_priv *p, const char *stage,
    const char *const *args)
{
	const char *v;
	char name[32];
	size_t i;

	if (edit_log == NULL)
		return;
	(void)pthread_mutex_lock(&edit_lock);
	fprintf(edit_log, "s%u %s", p->id, stage);
	for (; args != NULL && *args != NULL; args++) {
		fprintf(edit_log, " <");
		edit_put(*args);
		fprintf(edit_log, ">");
	}
	for (i = 0; ctx != NULL && i < sizeof(edit_macros) /
	    sizeof(edit_macros[0]); i++) {
		(void)snprintf(name, sizeof(name), "%s", edit_macros[i]);
		if ((v = smfi_getsymval(ctx, name)) == NULL)
			continue;
		fprintf(edit_log, " %s=", name);
		edit_put(v);
	}
	fprintf(edit_log, "\n");
	(void)fflush(edit_log);
	(void)pthread_mutex_unlock(&edit_lock);
}

/* "550 5.7.1 text|more" becomes the reply of this stage. */
static sfsistat
edit_reply(SMFICTX *ctx, const char *action)
{
	char code[4], xcode[16], *text, *line[EDIT_LINES + 1];
	char copy[4096], *x;
	size_t n;
	int r;

	(void)snprintf(copy, sizeof(copy), "%s", action);
	(void)snprintf(code, sizeof(code), "%.3s", copy);
	text = copy + strspn(copy + 3, " ") + 3;
	xcode[0] = '\0';
	if (isdigit((unsigned char)text[0]) && text[1] == '.') {
		(void)snprintf(xcode, sizeof(xcode), "%.*s",
		    (int)strcspn(text, " "), text);
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	x = xcode[0] != '\0' ? xcode : NULL;
	memset(line, 0, sizeof(line));
	for (n = 0; n < EDIT_LINES && text != NULL; n++) {
		line[n] = text;
		if ((text = strchr(text, '|')) != NULL)
			*text++ = '\0';
	}
	/* It reads up to the first NULL. */
	if (n == 1)
		r = smfi_setreply(ctx, code, x, line[0]);
	else
		r = smfi_setmlreply(ctx, code, x, line[0], line[1], line[2],
		    line[3], line[4], line[5], line[6], line[7], line[8],
		    line[9], line[10], line[11], line[12], line[13], line[14],
		    line[15], line[16], line[17], line[18], line[19], line[20],
		    line[21], line[22], line[23], line[24], line[25], line[26],
		    line[27], line[28], line[29], line[30], line[31], NULL);
	if (r != MI_SUCCESS)
		fprintf(stderr, "smfi_setreply: %s refused\n", action);
	return (code[0] == '4' ? SMFIS_TEMPFAIL : SMFIS_REJECT);
}

static sfsistat
edit_act(SMFICTX *ctx, const char *action)
{

	if (strcmp(action, "accept") == 0)
		return (SMFIS_ACCEPT);
	if (strcmp(action, "reject") == 0)
		return (SMFIS_REJECT);
	if (strcmp(action, "tempfail") == 0)
		return (SMFIS_TEMPFAIL);
	if (strcmp(action, "discard") == 0)
		return (SMFIS_DISCARD);
	if (strcmp(action, "skip") == 0)
		return (SMFIS_SKIP);
	if (strcmp(action, "die") == 0)
		_exit(1);
	while (strcmp(action, "hang") == 0)
		(void)pause();
	if (strcmp(action, "progress") == 0) {
		(void)smfi_progress(ctx);
		return (SMFIS_CONTINUE);
	}
	return (edit_reply(ctx, action));
}

/* The first rule for this stage whose text occurs in what came. */
static sfsistat
edit_verdict(SMFICTX *ctx, const struct edit_priv *p, const char *stage,
    const char *what)
{
	const struct edit_rule *r;
	size_t i;

	for (i = 0; i < edit_n_rules; i++) {
		r = &edit_rules[i];
		if (strcmp(r->stage, stage) == 0 && (r->text == NULL ||
		    (what != NULL && strstr(what, r->text) != NULL)))
			return (edit_act(ctx, r->action));
	}
	for (i = 0; i < sizeof(edit_no_reply) / sizeof(edit_no_reply[0]); i++)
		if (strcmp(edit_no_reply[i].stage, stage) == 0 &&
		    (p->wishes & edit_no_reply[i].bit) != 0)
			return (SMFIS_NOREPLY);
	return (SMFIS_CONTINUE);
}

/* The state of this session, made at its first callback. */
static struct edit_priv *
edit_session(SMFICTX *ctx)
{
	struct edit_priv *p;

	if ((p = smfi_getpriv(ctx)) != NULL)
		return (p);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		abort();
	(void)pthread_mutex_lock(&edit_lock);
	p->id = ++edit_sessions;
	(void)pthread_mutex_unlock(&edit_lock);
	(void)smfi_setpriv(ctx, p);
	return (p);
}

static void
edit_forget_body(struct edit_priv *p)
{

	free(p->body);
	p->body = NULL;
	p->len = p->size = 0;
	p->hash = UINT64_C(0xcbf29ce484222325);
}

static sfsistat
edit_negotiate(SMFICTX *ctx, unsigned long f0, unsigned long f1,
    unsigned long f2, unsigned long f3, unsigned long *pf0, unsigned long *pf1,
    unsigned long *pf2, unsigned long *pf3)
{
	struct edit_priv *p = edit_session(ctx);
	char offer[64];
	const char *args[2] = { offer, NULL };
	int i;

	(void)f2;
	(void)f3;
	(void)snprintf(offer, sizeof(offer), "actions=%#lx protocol=%#lx", f0,
	    f1);
	edit_note(NULL, p, "negotiate", args);
	for (i = 0; i <= SMFIM_LAST; i++)
		if (edit_lists[i] != NULL &&
		    smfi_setsymlist(ctx, i, edit_lists[i]) != MI_SUCCESS)
			fprintf(stderr, "smfi_setsymlist: %d refused\n", i);
	p->wishes = edit_wishes & f1;
	*pf0 = f0;
	*pf1 = p->wishes;
	*pf2 = *pf3 = 0;
	return (SMFIS_CONTINUE);
}

static sfsistat
edit_connect(SMFICTX *ctx, char *host, _SOCK_ADDR *sa)
{
	struct edit_priv *p = edit_session(ctx);
	char addr[INET6_ADDRSTRLEN] = "-";
	const char *args[3] = { host, addr, NULL };

	/* The client's port differs from run to run. */
	if (sa != NULL && sa->sa_family == AF_INET)
		(void)inet_ntop(AF_INET,
		    &((struct sockaddr_in *)(void *)sa)->sin_addr, addr,
		    sizeof(addr));
	else if (sa != NULL && sa->sa_family == AF_INET6)
		(void)inet_ntop(AF_INET6,
		    &((struct sockaddr_in6 *)(void *)sa)->sin6_addr, addr,
		    sizeof(addr));
	edit_note(ctx, p, "connect", args);
	return (edit_verdict(ctx, p, "connect", host));
}

static sfsistat
edit_helo(SMFICTX *ctx, char *name)
{
	struct edit_priv *p = edit_session(ctx);
	const char *args[2] = { name, NULL };

	edit_note(ctx, p, "helo", args);
	return (edit_verdict(ctx, p, "helo", name));
}

static sfsistat
edit_mail(SMFICTX *ctx, char **argv)
{
	struct edit_priv *p = edit_session(ctx);

	edit_forget_body(p);
	(void)snprintf(p->sender, sizeof(p->sender), "%s", argv[0]);
	edit_note(ctx, p, "mail", (const char *const *)(void *)argv);
	return (edit_verdict(ctx, p, "mail", argv[0]));
}

static sfsistat
edit_rcpt(SMFICTX *ctx, char **argv)
{
	struct edit_priv *p = edit_session(ctx);

	edit_note(ctx, p, "rcpt", (const char *const *)(void *)argv);
	return (edit_verdict(ctx, p, "rcpt", argv[0]));
}

static sfsistat
edit_data(SMFICTX *ctx)
{
	struct edit_priv *p = edit_session(ctx);

	edit_note(ctx, p, "data", NULL);
	return (edit_verdict(ctx, p, "data", p->sender));
}

static sfsistat
edit_header(SMFICTX *ctx, char *name, char *value)
{
	struct edit_priv *p = edit_session(ctx);
	const char *args[3] = { name, value, NULL };

	edit_note(NULL, p, "header", args);
	return (edit_verdict(ctx, p, "header", name));
}

static sfsistat
edit_eoh(SMFICTX *ctx)
{
	struct edit_priv *p = edit_session(ctx);

	edit_note(ctx, p, "eoh", NULL);
	return (edit_verdict(ctx, p, "eoh", p->sender));
}

static sfsistat
edit_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	struct edit_priv *p = edit_session(ctx);
	size_t i;
	char *n;

	for (i = 0; i < len; i++)
		p->hash = (p->hash ^ data[i]) * UINT64_C(0x100000001b3);
	if (edit_wants_body && p->len + len > p->size) {
		if ((n = realloc(p->body, (p->len + len) * 2)) == NULL)
			return (SMFIS_TEMPFAIL);
		p->body = n;
		p->size = (p->len + len) * 2;
	}
	if (edit_wants_body)
		memcpy(p->body + p->len, data, len);
	p->len += len;
	return (edit_verdict(ctx, p, "body", p->sender));
}

/* The old body and a line; a whole file in place of it. */
static int
edit_replace_body(SMFICTX *ctx, struct edit_priv *p, const struct edit_op *op)
{
	static unsigned char crlf[] = "\r\n";
	unsigned char chunk[4096];
	size_t n;
	FILE *f;
	int r = MI_SUCCESS;

	if (op->what == 'b') {
		if (p->len > 0)
			r |= smfi_replacebody(ctx,
			    (unsigned char *)(void *)p->body, (int)p->len);
		r |= smfi_replacebody(ctx,
		    (unsigned char *)(void *)op->value,
		    (int)strlen(op->value));
		r |= smfi_replacebody(ctx, crlf, 2);
		return (r);
	}
	if ((f = fopen(op->value, "rb")) == NULL)
		return (MI_FAILURE);
	if ((n = fread(chunk, 1, 1, f)) == 0)
		r = smfi_replacebody(ctx, chunk, 0);
	rewind(f);
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		r |= smfi_replacebody(ctx, chunk, (int)n);
	(void)fclose(f);
	return (r);
}

static int
edit_apply(SMFICTX *ctx, struct edit_priv *p, const struct edit_op *op)
{

	switch (op->what) {
	case 'a':
		return (smfi_addheader(ctx, op->name, op->value));
	case 'i':
		return (smfi_insheader(ctx, op->n, op->name, op->value));
	case 'c':
		return (smfi_chgheader(ctx, op->name, op->n, op->value));
	case 'd':
		return (smfi_chgheader(ctx, op->name, op->n, NULL));
	case 'A':
		return (smfi_addrcpt(ctx, op->value));
	case 'E':
		return (smfi_addrcpt_par(ctx, op->name, op->value));
	case 'D':
		return (smfi_delrcpt(ctx, op->value));
	case 'f':
		return (smfi_chgfrom(ctx, op->value, NULL));
	case 'F':
		return (smfi_chgfrom(ctx, op->name, op->value));
	case 'q':
		return (smfi_quarantine(ctx, op->value));
	default:
		return (edit_replace_body(ctx, p, op));
	}
}

static sfsistat
edit_eom(SMFICTX *ctx)
{
	struct edit_priv *p = edit_session(ctx);
	char sum[64];
	const char *args[2] = { sum, NULL };
	size_t i;

	(void)snprintf(sum, sizeof(sum), "body=%zu hash=%016" PRIx64, p->len,
	    p->hash);
	edit_note(ctx, p, "eom", args);
	for (i = 0; i < edit_n_ops; i++)
		if ((edit_ops[i].only == NULL ||
		    strstr(p->sender, edit_ops[i].only) != NULL) &&
		    edit_apply(ctx, p, &edit_ops[i]) != MI_SUCCESS)
			fprintf(stderr, "edit -%c failed\n", edit_ops[i].what);
	edit_forget_body(p);
	return (edit_verdict(ctx, p, "eom", p->sender));
}

static sfsistat
edit_abort(SMFICTX *ctx)
{
	struct edit_priv *p = edit_session(ctx);

	edit_note(NULL, p, "abort", NULL);
	edit_forget_body(p);
	return (SMFIS_CONTINUE);
}

static sfsistat
edit_close(SMFICTX *ctx)
{
	struct edit_priv *p;

	/* Somebody looked whether we listen, and said nothing. */
	if ((p = smfi_getpriv(ctx)) == NULL)
		return (SMFIS_CONTINUE);
	edit_note(NULL, p, "close", NULL);
	edit_forget_body(p);
	free(p);
	(void)smfi_setpriv(ctx, NULL);
	return (SMFIS_CONTINUE);
}

static sfsistat
edit_unknown(SMFICTX *ctx, const char *line)
{
	struct edit_priv *p = edit_session(ctx);
	const char *args[2] = { line, NULL };

	edit_note(ctx, p, "unknown", args);
	return (edit_verdict(ctx, p, "unknown", line));
}

static struct smfiDesc edit_desc = {
	.xxfi_version = SMFI_VERSION,
	.xxfi_flags = SMFIF_ADDHDRS | SMFIF_CHGHDRS | SMFIF_CHGBODY |
	    SMFIF_ADDRCPT | SMFIF_ADDRCPT_PAR | SMFIF_DELRCPT | SMFIF_CHGFROM |
	    SMFIF_QUARANTINE,
	.xxfi_connect = edit_connect,
	.xxfi_helo = edit_helo,
	.xxfi_envfrom = edit_mail,
	.xxfi_envrcpt = edit_rcpt,
	.xxfi_header = edit_header,
	.xxfi_eoh = edit_eoh,
	.xxfi_body = edit_body,
	.xxfi_eom = edit_eom,
	.xxfi_abort = edit_abort,
	.xxfi_close = edit_close,
	.xxfi_unknown = edit_unknown,
	.xxfi_data = edit_data,
	.xxfi_negotiate = edit_negotiate,
};

static void
edit_usage(const char *why)
{

	fprintf(stderr, "h_libmilter_edit: %s\n", why);
	exit(2);
}

/* Cuts an edit's argument into position, name and value. */
static void
edit_add_op(int what, char *arg)
{
	struct edit_op *op;

	if (edit_n_ops == EDIT_MAX)
		edit_usage("too many edits");
	op = &edit_ops[edit_n_ops++];
	op->what = what;
	op->only = edit_only;
	op->value = arg;
	if (what == 'i' || what == 'c' || what == 'd')
		op->n = (int)strtol(arg, &arg, 10);
	if (what == 'a' || what == 'i' || what == 'c' || what == 'd') {
		op->name = arg + strspn(arg, " ");
		if ((op->value = strchr(op->name, ':')) != NULL) {
			*op->value++ = '\0';
			/* With leading space wanted, it is the filter's own. */
			if (*op->value == ' ' &&
			    (edit_wishes & SMFIP_HDR_LEADSPC) == 0)
				op->value++;
		}
	}
	if (what == 'E' || what == 'F') {
		op->name = arg;
		if ((op->value = strchr(arg, ' ')) != NULL)
			*op->value++ = '\0';
	}
	if (what == 'b')
		edit_wants_body = 1;
}

static void
edit_add_rule(char *arg)
{
	struct edit_rule *r;

	if (edit_n_rules == EDIT_MAX)
		edit_usage("too many rules");
	r = &edit_rules[edit_n_rules++];
	r->stage = arg;
	if ((r->action = strchr(arg, '=')) == NULL)
		edit_usage("-v STAGE[:TEXT]=DO");
	*r->action++ = '\0';
	if ((r->text = strchr(arg, ':')) != NULL)
		*r->text++ = '\0';
}

static void
edit_add_wish(const char *word)
{
	size_t i;

	for (i = 0; i < sizeof(edit_wish_words) / sizeof(edit_wish_words[0]);
	    i++)
		if (strcmp(edit_wish_words[i].word, word) == 0) {
			edit_wishes |= edit_wish_words[i].bits;
			return;
		}
	edit_usage("no such wish");
}

static void edit_script(const char *);

/* One option that is not about the whole program. */
static void
edit_option(int ch, char *arg)
{

	switch (ch) {
	case 'w':
		edit_add_wish(arg);
		break;
	case 'v':
		edit_add_rule(arg);
		break;
	case 'm':
		if (*arg < '0' || *arg > '0' + SMFIM_LAST || arg[1] != ' ')
			edit_usage("-m 'STAGE NAMES'");
		edit_lists[*arg - '0'] = arg + 2;
		break;
	case 'W':
		edit_only = arg;
		break;
	case 's':
		edit_script(arg);
		break;
	default:
		edit_add_op(ch, arg);
		break;
	}
}

/* Options from a file; what they point to stays in memory. */
static void
edit_script(const char *path)
{
	char line[2048], *copy, *p;
	FILE *f;

	if ((f = fopen(path, "r")) == NULL)
		edit_usage(strerror(errno));
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (line[1] != ' ' || strchr(EDIT_LETTERS, line[0]) == NULL)
			edit_usage("a script has lines of LETTER ARGUMENT");
		if ((copy = strdup(line + 2)) == NULL)
			abort();
		while ((p = strstr(copy, "\\n")) != NULL) {
			*p = '\n';
			memmove(p + 1, p + 2, strlen(p + 2) + 1);
		}
		edit_option((unsigned char)line[0], copy);
	}
	(void)fclose(f);
}

int
main(int argc, char *argv[])
{
	static char name[] = "h_libmilter_edit";
	char *spec = NULL;
	int ch;

	while ((ch = getopt(argc, argv,
	    "p:l:s:w:v:W:m:a:i:c:d:b:B:A:D:E:f:F:q:")) != -1) {
		switch (ch) {
		case 'p':
			spec = optarg;
			break;
		case 'l':
			if ((edit_log = fopen(optarg, "a")) == NULL)
				edit_usage(strerror(errno));
			break;
		case '?':
			return (2);
		default:
			edit_option(ch, optarg);
			break;
		}
	}
	if (spec == NULL || optind != argc)
		edit_usage("-p SPEC [-l LOG] [-w WISH] [-v RULE] [EDIT ...]");
	/* The MTA that connects to a socket in the file system is not us. */
	(void)umask(0);
	edit_desc.xxfi_name = name;
	if (smfi_setconn(spec) != MI_SUCCESS ||
	    smfi_register(edit_desc) != MI_SUCCESS)
		return (1);
	return (smfi_main() == MI_SUCCESS ? 0 : 1);
}
