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
	/* It was renamed. */
	{ "clamav-milter",	KIND_CLAMAV,	"etc/clamav-milter.conf" },
	{ "clamav_milter",	KIND_CLAMAV,	"etc/clamav-milter.conf" },
	{ "dkimpy-milter",	KIND_DKIMPY,
	    "etc/dkimpy-milter/dkimpy-milter.conf" },
	{ "mailfromd",		KIND_MAILFROMD,	"etc/mailfromd.conf" },
	{ "milter-dk",		KIND_DK,		NULL },
	{ "milter-dkim",	KIND_DKIM_FILTER, "etc/mail/dkim-filter.conf" },
	{ "milter-enma",	KIND_ENMA,	"etc/enma.conf" },
	{ "milter-greylist",	KIND_GREYLIST,	"etc/mail/greylist.conf" },
	{ "milter-opendkim",	KIND_OPENDKIM,	"etc/mail/opendkim.conf" },
	/* Here, too. */
	{ "milter-sid",		KIND_SID,		NULL },
	{ "miltersid",		KIND_SID,		NULL },
	{ "milterregex",	KIND_REGEX,	"etc/milter-regex.conf" },
	{ "mimedefang",		KIND_MIMEDEFANG,	NULL },
	{ "openarc",		KIND_OPENARC,	"etc/mail/openarc.conf" },
	{ "opendmarc",		KIND_OPENDMARC,	"etc/mail/opendmarc.conf" },
	{ "postsrsd",		KIND_POSTSRSD,	"etc/postsrsd.conf" },
	{ "pyspf-milter",	KIND_PYSPF,
	    "etc/python-policyd-spf/policyd-spf.conf" },
	{ "rspamd",		KIND_RSPAMD,	"etc/rspamd/rspamd.conf" },
	{ "spamass-milter",	KIND_SPAMASS,		NULL },
	{ "spfmilter",		KIND_SPFMILTER,		NULL },
	{ NULL, 0, NULL }
};

const struct detect_row detect_rows_pkgsrc[] = {
	{ "amavisd-milter",	KIND_AMAVISD_MILTER,	NULL },
	{ "amavismilter",	KIND_AMAVISD,		NULL },
	{ "clamav-milter",	KIND_CLAMAV,	"etc/clamav-milter.conf" },
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
	{ "milter_greylist",	KIND_GREYLIST,	"/etc/mail/greylist.conf" },
	{ "milter_regex",	KIND_REGEX,	"/etc/milter-regex.conf" },
	/* It was one script with the multiplexor, then two. */
	{ "mimedefang",		KIND_MIMEDEFANG,	NULL },
	{ "mimedefang_daemon",	KIND_MIMEDEFANG,	NULL },
	{ "opendkim",		KIND_OPENDKIM,	"/etc/opendkim.conf" },
	{ "opendmarc",		KIND_OPENDMARC,	"/etc/opendmarc.conf" },
	{ "rspamd",		KIND_RSPAMD,	"/etc/rspamd/rspamd.conf" },
	{ NULL, 0, NULL }
};
