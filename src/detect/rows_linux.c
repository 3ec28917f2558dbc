/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * rows_linux.c - the milters that the packages of Linux systems have.
 * Owns:      the names of their units and scripts, and where each has its
 *            configuration.
 * Called by: the table of platforms.
 * Must not:  hold code.
 *
 * Some names are upstream's, of packages that newer releases lack.
 */
#include "compat.h"

#include "detect/detect_internal.h"

const struct detect_row detect_rows_debian[] = {
	{ "milter-greylist", KIND_GREYLIST,
	    "/etc/milter-greylist/greylist.conf" },
	{ "spfmilter", KIND_SPFMILTER, NULL },
	{ "milter-limit", KIND_LIMIT, "/etc/mail/milter-limit.conf" },
	{ "smf-spf", KIND_SMF_SPF, "/etc/mail/smfs/smf-spf.conf" },
	{ "pyspf-milter", KIND_PYSPF, "/etc/pyspf-milter/pyspf-milter.conf" },
	{ "sid-milter", KIND_SID, NULL },
	{ "dk-filter", KIND_DK, NULL },
	{ "dkim-filter", KIND_DKIM_FILTER, "/etc/dkim-filter.conf" },
	{ "dkimpy-milter", KIND_DKIMPY,
	    "/etc/dkimpy-milter/dkimpy-milter.conf" },
	{ "opendkim", KIND_OPENDKIM, "/etc/opendkim.conf" },
	{ "openarc", KIND_OPENARC, "/etc/openarc.conf" },
	{ "opendmarc", KIND_OPENDMARC, "/etc/opendmarc.conf" },
	{ "enma", KIND_ENMA, "/etc/enma.conf" },
	{ "vrfydmn", KIND_GENERIC, NULL },
	{ "milter-regex", KIND_REGEX, "/etc/milter-regex.conf" },
	{ "mailfromd", KIND_MAILFROMD,
	    "/etc/mailfromd/mailfromd.conf=/var/lib/mailfromd/mailfrom" },
	{ "clamav-milter", KIND_CLAMAV, "/etc/clamav/clamav-milter.conf" },
	{ "spamass-milter", KIND_SPAMASS, NULL },
	{ "amavisd-milter", KIND_AMAVISD_MILTER, NULL },
	{ "amavisd-new-milter", KIND_AMAVISD_MILTER, NULL },
	{ "rspamd", KIND_RSPAMD, "/etc/rspamd/rspamd.conf" },
	{ "mimedefang", KIND_MIMEDEFANG, NULL },
	{ "postsrsd", KIND_POSTSRSD, "/etc/postsrsd.conf" },
	{ "milter-bcc", KIND_BCC, "/etc/mail/milter-bcc.cf" },
	{ NULL, 0, NULL }
};

const struct detect_row detect_rows_redhat[] = {
	{ "milter-greylist", KIND_GREYLIST, "/etc/mail/greylist.conf" },
	{ "milter-limit", KIND_LIMIT, "/etc/mail/milter-limit.conf" },
	{ "smf-spf", KIND_SMF_SPF, "/etc/mail/smfs/smf-spf.conf" },
	{ "enma", KIND_ENMA, "/etc/enma.conf" },
	{ "opendkim", KIND_OPENDKIM, "/etc/opendkim.conf" },
	{ "openarc", KIND_OPENARC, "/etc/openarc.conf" },
	{ "opendmarc", KIND_OPENDMARC, "/etc/opendmarc.conf" },
	{ "milter-regex", KIND_REGEX, "/etc/mail/milter-regex.conf" },
	{ "clamav-milter", KIND_CLAMAV, "/etc/mail/clamav-milter.conf" },
	{ "spamass-milter", KIND_SPAMASS, NULL },
	{ "spamass-milter-root", KIND_SPAMASS, NULL },
	{ "amavisd", KIND_AMAVISD, "/etc/amavisd/amavisd.conf" },
	{ "amavisd-milter", KIND_AMAVISD_MILTER, NULL },
	{ "rspamd", KIND_RSPAMD, "/etc/rspamd/rspamd.conf" },
	{ "mimedefang", KIND_MIMEDEFANG, NULL },
	{ "postsrsd", KIND_POSTSRSD, "/etc/postsrsd.conf" },
	{ "milter-bcc", KIND_BCC, "/etc/mail/milter-bcc.cf" },
	{ NULL, 0, NULL }
};

/* And Gentoo's, where they have the same names. */
const struct detect_row detect_rows_alpine[] = {
	{ "milter-greylist", KIND_GREYLIST, "/etc/mail/greylist.conf" },
	{ "opendkim", KIND_OPENDKIM, "/etc/opendkim/opendkim.conf" },
	{ "opendmarc", KIND_OPENDMARC, "/etc/opendmarc/opendmarc.conf" },
	{ "milter-regex", KIND_REGEX, "/etc/milter-regex.conf" },
	{ "clamav-milter", KIND_CLAMAV, "/etc/clamav/clamav-milter.conf" },
	{ "spamass-milter", KIND_SPAMASS, NULL },
	{ "amavisd-milter", KIND_AMAVISD_MILTER, NULL },
	{ "rspamd", KIND_RSPAMD, "/etc/rspamd/rspamd.conf" },
	{ "mimedefang", KIND_MIMEDEFANG, NULL },
	{ "postsrsd", KIND_POSTSRSD, "/etc/postsrsd/postsrsd.conf" },
	{ NULL, 0, NULL }
};

const struct detect_row detect_rows_openwrt[] = {
	{ "opendkim", KIND_OPENDKIM, "/etc/opendkim/opendkim.conf" },
	{ "clamav-milter", KIND_CLAMAV, NULL },
	{ "rspamd", KIND_RSPAMD, "/etc/rspamd/rspamd.conf" },
	{ NULL, 0, NULL }
};
