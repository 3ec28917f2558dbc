/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * detect_internal.h - the parts of detection to each other.
 *
 *   row      a start script's name on one platform, and which kind of milter it
 *            starts (rows_*.c; the platform's packages are their source)
 *   platform how scripts are found and what says that one is enabled (rc.c,
 *            openbsd.c, systemd.c, sysv.c, openrc.c, openwrt.c)
 *   service  what one script says: on or off, the variables it sets, the
 *            daemon's command line as far as it is known (service.c)
 *   kind     a milter: where it says its socket, in its own configuration
 *            file, its command line or variables; its conditions and its place
 *            in the order (kind.c; read_*.c are the readers of files)
 *
 * detect.c goes through the rows of the platform, has the platform look and the
 * kind read, and sorts what came of it.
 */
#ifndef DETECT_DETECT_INTERNAL_H
#define DETECT_DETECT_INTERNAL_H

#include "compat.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "detect/detect.h"
#include "detect/root.h"
#include "detect/sh.h"

enum detect_kind_id {
	KIND_GENERIC,
	KIND_AMAVISD,		/* amavisd-new itself, with a milter helper */
	KIND_AMAVISD_MILTER,
	KIND_AUTHENTICATION,	/* Mail::Milter::Authentication */
	KIND_BATV,		/* batv-milter */
	KIND_BCC,		/* milter-bcc */
	KIND_CLAMAV,
	KIND_DK,		/* dk-milter, dk-filter */
	KIND_DKIM_FILTER,	/* dkim-milter */
	KIND_DKIMPY,
	KIND_ENMA,
	KIND_GREYLIST,
	KIND_LIMIT,		/* milter-limit */
	KIND_MAILFROMD,
	KIND_MIMEDEFANG,
	KIND_OPENARC,
	KIND_OPENDKIM,
	KIND_OPENDMARC,
	KIND_POSTSRSD,		/* 2.x, in milter mode */
	KIND_PYSPF,
	KIND_REGEX,		/* milter-regex */
	KIND_RSPAMD,
	KIND_SID,		/* sid-milter */
	KIND_SMF_SAV,
	KIND_SMF_SPF,
	KIND_SPAMASS,
	KIND_SPFMILTER,
	KIND_N
};

/* In tables: as small as it can be. */
struct detect_row {
	const char	*script;	/* "milter-greylist"; NULL at the end */
	uint8_t		 kind;		/* enum detect_kind_id */
	/*
	 * Its configuration file on this platform unless the script names
	 * another; one that begins without '/' is below the prefix; NULL: none.
	 * Behind a '=' is the socket that the package has when nothing says
	 * one; that may stand alone.
	 */
	const char	*file;
};

/* What is being looked at. */
struct detect_env {
	struct root	*root;
	const struct detect_platform *platform;
	char		 prefix[256];	/* "/usr/local": options, or default */
	char		 rcddir[256];	/* "" unless an option says so */
	const char	*rspamadm;	/* NULL: never */
	const char	*folders;	/* rc.c's, of root; NULL: not yet */
	struct service	*service;
	size_t		 n_services;
	bool		 no_memory;
};

struct detect_platform {
	const char	*name;
	const char	*prefix;	/* default */
	const struct detect_row *rows;
	/*
	 * Looks for the script of that name: appends what it finds with
	 * service_add(), nothing when it is not installed, more than one where
	 * it has profiles.  A fault is in the service's problem.
	 */
	void		(*look)(struct detect_env *, const struct detect_row *);
	/* Appends the name of each start script that there is. */
	void		(*scripts)(struct detect_env *, struct conf_list *);
};

/* Whether a script of that name that no row has may be a milter's. */
bool	detect_may_be(const char *script);

/* NULL name at the end. */
extern const struct detect_platform detect_platform_table[];
/* The one of that name, NULL: none.  "redhat9" is "redhat". */
const struct detect_platform *platform_find(const char *name);
/*
 * Sets prefix and rcddir by package.options (NULL: none) for the platform of
 * the environment.  Returns 0, or -1 with what is wrong with them.
 */
int	platform_options(struct detect_env *, const char *options, char *why,
	    size_t whysize);

/* DragonFly builds the same ports. */
extern const struct detect_row detect_rows_freebsd[];
extern const struct detect_row detect_rows_pkgsrc[];
extern const struct detect_row detect_rows_openbsd[];
extern const struct detect_row detect_rows_debian[];
extern const struct detect_row detect_rows_redhat[];
extern const struct detect_row detect_rows_alpine[];
extern const struct detect_row detect_rows_openwrt[];

/* rc.c: FreeBSD, DragonFly and NetBSD with pkgsrc. */
void	rc_look(struct detect_env *, const struct detect_row *);
void	rc_scripts(struct detect_env *, struct conf_list *);
/* openbsd.c */
void	openbsd_look(struct detect_env *, const struct detect_row *);
void	openbsd_scripts(struct detect_env *, struct conf_list *);
/* systemd.c, and sysv.c where there is no unit: Debian, Red Hat. */
void	linux_look(struct detect_env *, const struct detect_row *);
void	linux_scripts(struct detect_env *, struct conf_list *);
/* Of init.d, for the two below, too. */
void	sysv_scripts(struct detect_env *, struct conf_list *);
/* openrc.c */
void	openrc_look(struct detect_env *, const struct detect_row *);
/* openwrt.c */
void	openwrt_look(struct detect_env *, const struct detect_row *);

/* --- service.c ------------------------------------------------------------ */

#define SERVICE_PREFIXES	4

struct service {
	const struct detect_row *row;
	char		*name;		/* of the child */
	char		*script;	/* path */
	enum detect_enabled enabled;
	struct detect_fact enabled_by;
	struct detect_fact description;
	char		*command;	/* starts it */
	struct conf_list command_options;
	struct sh	*vars;		/* owned; NULL: there are none */
	/*
	 * Names are looked up with each of these before them, in this order:
	 * "milteropendkim_two_", "milteropendkim_", "".
	 */
	char		*prefix[SERVICE_PREFIXES];
	size_t		 n_prefixes;
	/* The daemon's command line, [0] its path, as far as it is known. */
	struct sh_words	 argv;
	/*
	 * Where the system says that it listens, a [Socket] unit or UCI:
	 * "/run/x.sock", "8891".
	 */
	struct detect_fact listen;
	char		*problem;	/* NULL, or one line "FILE:LINE: ..." */
	bool		 no_memory;	/* it says less than there is */
};

/*
 * A new one with a copy of name, or NULL without memory (and says so in env).
 * Pointers to earlier services are no longer valid.
 */
struct service *service_add(struct detect_env *, const struct detect_row *,
	    const char *name);
void	service_free(struct service *);		/* what it owns */
/* One more, at the end.  0 or -1. */
int	service_prefix(struct service *, const char *);
/* The first of prefix+name that is set (or not known). */
struct sh_value service_var(const struct service *, const char *name);
/*
 * The value of an option of the daemon's command line, the last one counts.
 * options: its getopt(3) string, so that "-lp X" is understood, NULL: any
 * "-pX", "-p X".  long_name: NULL, or "socket" for --socket=X and --socket X.
 * Returns false when it is not there; out->text is NULL when what is there is
 * not known.  Nothing is owned by out.
 */
bool	service_option(const struct service *, const char *options, char letter,
	    const char *long_name, struct sh_word *out);
/*
 * Sets the problem unless there is one: "FILE:LINE: why" (no line for 0, no
 * file for NULL).
 */
void	service_problem(struct service *, const char *file, unsigned line,
	    const char *why, ...) COMPAT_PRINTF(4, 5);
/* Copies text; without memory the environment says so. */
void	fact_set(struct detect_env *, struct detect_fact *, const char *text,
	    const char *file, unsigned line);
void	fact_free(struct detect_fact *);

/*
 * Where to dial what listens on text, as any of the milters writes it: "/p",
 * "unix:/p", "local:/p", "local:unix:/p", "inet:8891", "inet:8891@0.0.0.0",
 * "inet:8891@localhost", "8891@localhost", "127.0.0.1:8891", "*:8891",
 * "[::1]:8891".  Returns 0 with a specification of base/spec.h in out, or -1
 * with what is wrong with it: a placeholder ("@SOCKET@", "/path/to/socket"),
 * "fd:3", empty, too long, control characters.  SPEC_TEXT_MAX is always enough.
 */
int	service_spec(const char *text, char *out, size_t size, char *why,
	    size_t whysize);
/* "fd:3", "systemd:0": somebody else opens it (service.listen). */
bool	service_activated(const char *text);

/* --- kind.c, read_*.c ----------------------------------------------------- */

/* Its place in the order. */
enum kind_place {
	PLACE_GREYLIST,		/* greylists, by connection and envelope */
	PLACE_LIMIT,		/* how much a client may send */
	PLACE_SENDER,		/* SPF, Sender ID: what authenticates senders */
	PLACE_SIGNATURE,	/* DKIM verified, ARC */
	PLACE_POLICY,		/* DMARC, which goes by the two above */
	PLACE_FILTER,		/* rules on content: milter-regex, mailfromd */
	PLACE_VIRUS,
	PLACE_SPAM,
	PLACE_OTHER,		/* not known */
	PLACE_CHANGE,		/* what changes messages, adds recipients */
	PLACE_SIGN		/* what only signs: last */
};

/*
 * Reads what the service says and the milter's own files, and fills the
 * result: spec, configuration, description, conditions, place, extra_time,
 * problem.  enabled may become DETECT_NO (clamav-milter's "Example").
 */
void	kind_read(struct detect_env *, struct service *,
	    struct detect_milter *);
/* The default conditions: what detect_milter.conditions is one of. */
extern const char *const kind_grey[], *const kind_spam[], *const kind_none[];

#endif /* DETECT_DETECT_INTERNAL_H */
