/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * rows_bsd.c - the start scripts of the BSDs' packages that start milters.
 * Owns:      their names, what they start, and where its configuration is.
 * Called by: the table of platforms.
 * Must not:  hold code.
 *
 * By the ports trees of FreeBSD (which DragonFly builds, too), NetBSD's pkgsrc
 * and OpenBSD.  Scripts of other milters are found by their names.
 */
#include "compat.h"

#include "detect/detect_internal.h"

const struct detect_row detect_rows_freebsd[] = {
	{ "amavis-milter",	KIND_AMAVISD,		NULL },
	{ "amavisd-milter",	KIND_AMAVISD_MILTER,	NULL },
	{ "antivirus",		KIND_GENERIC,		NULL },
	{ "authentication_milter", KIND_AUTHENTICATION,
	    "etc/mail/authentication_milter.json" },
	/* It was renamed. */
	{ "clamav-milter",	KIND_CLAMAV,	"etc/clamav-milter.conf" },
	{ "clamav_milter",	KIND_CLAMAV,	"etc/clamav-milter.conf" },
	{ "dccm",		KIND_GENERIC,		NULL },
	{ "dkimpy-milter",	KIND_DKIMPY,
	    "etc/dkimpy-milter/dkimpy-milter.conf" },
	{ "mailfromd",		KIND_MAILFROMD,
	    "etc/mailfromd.conf=/var/run/mailfromd/mailfromd.sock" },
	{ "milter-batv",	KIND_BATV,	"etc/mail/batv-filter.conf" },
	{ "milter-callback",	KIND_GENERIC,
	    "=/var/run/milter-callback.sock" },
	{ "milter-dk",		KIND_DK,		NULL },
	{ "milter-dkim",	KIND_DKIM_FILTER, "etc/mail/dkim-filter.conf" },
	{ "milter-enma",	KIND_ENMA,	"etc/enma.conf" },
	{ "milter-greylist",	KIND_GREYLIST,	"etc/mail/greylist.conf" },
	{ "milter-limit",	KIND_LIMIT,	"/etc/mail/milter-limit.conf" },
	{ "milter-opendkim",	KIND_OPENDKIM,	"etc/mail/opendkim.conf" },
	/* Here, too. */
	{ "milter-sid",		KIND_SID,		NULL },
	{ "miltersid",		KIND_SID,		NULL },
	{ "milterregex",	KIND_REGEX,	"etc/milter-regex.conf" },
	{ "mimedefang",		KIND_MIMEDEFANG,	NULL },
	{ "noattach",		KIND_GENERIC,		NULL },
	{ "openarc",		KIND_OPENARC,	"etc/openarc.conf" },
	{ "opendmarc",		KIND_OPENDMARC,	"etc/mail/opendmarc.conf" },
	{ "postsrsd",		KIND_POSTSRSD,	"etc/postsrsd.conf" },
	{ "pyspf-milter",	KIND_PYSPF,
	    "etc/python-policyd-spf/policyd-spf.conf" },
	{ "rspamd",		KIND_RSPAMD,	"etc/rspamd/rspamd.conf" },
	{ "smfsav",		KIND_SMF_SAV,
	    "etc/smfsav.conf=/var/run/smfsav/smfsav.sock" },
	/* Its own script, of no port. */
	{ "smfspf",		KIND_SMF_SPF,	"/etc/mail/smfs/smf-spf.conf" },
	{ "spamass-milter",	KIND_SPAMASS,		NULL },
	{ "spfmilter",		KIND_SPFMILTER,		NULL },
	{ "vbsfilter",		KIND_GENERIC,		NULL },
	{ NULL, 0, NULL }
};

const struct detect_row detect_rows_pkgsrc[] = {
	{ "amavisd-milter",	KIND_AMAVISD_MILTER,	NULL },
	{ "amavismilter",	KIND_AMAVISD,		NULL },
	{ "clamav-milter",	KIND_CLAMAV,	"etc/clamav-milter.conf" },
	{ "dccm",		KIND_GENERIC,		NULL },
	{ "dk-milter",		KIND_DK,		NULL },
	{ "dkim-filter",	KIND_DKIM_FILTER, "etc/dkim-filter.conf" },
	{ "dkim-milter",	KIND_DKIM_FILTER, "etc/dkim-filter.conf" },
	{ "enma",		KIND_ENMA,	"etc/enma.conf" },
	/* These two do as upstream does. */
	{ "milter-greylist",	KIND_GREYLIST,	"/etc/mail/greylist.conf" },
	{ "milter-regex",	KIND_REGEX,	"/etc/milter-regex.conf" },
	{ "mimedefang",		KIND_MIMEDEFANG,	NULL },
	{ "openarc",		KIND_OPENARC,	"etc/openarc.conf" },
	{ "opendkim",		KIND_OPENDKIM,	"etc/opendkim.conf" },
	{ "opendmarc",		KIND_OPENDMARC,	"etc/opendmarc.conf" },
	{ "rspamd",		KIND_RSPAMD,	"etc/rspamd/rspamd.conf" },
	{ "sid-filter",		KIND_SID,		NULL },
	{ "sid-milter",		KIND_SID,		NULL },
	{ "spamass-milter",	KIND_SPAMASS,		NULL },
	{ NULL, 0, NULL }
};

const struct detect_row detect_rows_openbsd[] = {
	{ "clamav_milter",	KIND_CLAMAV,	"/etc/clamav-milter.conf" },
	{ "dkim_filter",	KIND_DKIM_FILTER, "/etc/dkim-filter.conf" },
	{ "mail_milter_authentication", KIND_AUTHENTICATION,
	    "/etc/authentication_milter.json" },
	{ "milter_greylist",	KIND_GREYLIST,	"/etc/mail/greylist.conf" },
	{ "milter_regex",	KIND_REGEX,	"/etc/milter-regex.conf" },
	{ "milter_spamd",	KIND_GENERIC,
	    "=/var/spool/milter-spamd/sock" },
	/* It was one script with the multiplexor, then two. */
	{ "mimedefang",		KIND_MIMEDEFANG,	NULL },
	{ "mimedefang_daemon",	KIND_MIMEDEFANG,	NULL },
	{ "opendkim",		KIND_OPENDKIM,	"/etc/opendkim.conf" },
	{ "opendmarc",		KIND_OPENDMARC,	"/etc/opendmarc.conf" },
	{ "rspamd",		KIND_RSPAMD,	"/etc/rspamd/rspamd.conf" },
	{ NULL, 0, NULL }
};
