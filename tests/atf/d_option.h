/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * d_option.h - the worked cases of the merge.
 * Owns:      the tables: answers of up to three children, and what comes out.
 * Called by: t_option.c.
 * Must not:  hold code.
 */
#ifndef TESTS_D_OPTION_H
#define TESTS_D_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "milter/option.h"

#define BYTES(s)	(s), sizeof(s) - 1
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* What all MTAs of today offer. */
#define TODAY		{ 6, 0x1ff, 0x1fffff }
/* Every NO bit that is ever claimed. */
#define NO_ALL		(SMFIP_NO_MASK & ~SMFIP_NOMAIL)
#define NR_ALL		(SMFIP_NR_MASK & ~SMFIP_NR_MAIL)

struct option_numbers {
	uint32_t	version;
	uint32_t	actions;
	uint32_t	protocol;
};

static const struct option_merge_row {
	const char	*what;
	struct option_numbers	 mta;
	size_t		 n;
	struct option_numbers	 child[3];
	bool		 keep_headers;
	struct option_numbers	 merged;
} merges[] = {
	{ "no child", TODAY, 0, { { 0, 0, 0 } }, false,
	    { 6, 0, NO_ALL } },
	{ "no child, an MTA of version 2", { 2, 0x3f, 0x7f }, 0,
	    { { 0, 0, 0 } }, false, { 2, 0, 0x7f & NO_ALL } },
	{ "no child, but headers are kept", TODAY, 0, { { 0, 0, 0 } }, true,
	    { 6, 0, NO_ALL & ~SMFIP_NOHDRS } },
	{ "version 7 gets 6", { 7, 0x1ff, 0x1fffff }, 1, { { 6, 1, 0 } },
	    false, { 6, 1, SMFIP_SKIP } },
	{ "nothing outside a small offer", { 2, 0x3f, 0x7f }, 1,
	    { { 2, 0x1ff, 0x1fffff } }, false, { 2, 0x3f, 0x7b } },
	{ "bits of private builds are masked",
	    { 6, 0xffffffff, 0xffffffff }, 1,
	    { { 6, 0xffffffff, 0xffffffff } }, false,
	    { 6, 0x1ff, NO_ALL | SMFIP_SKIP | SMFIP_RCPT_REJ |
	    SMFIP_HDR_LEADSPC } },
	{ "NOBODY by one of two", TODAY, 2,
	    { { 6, 0, SMFIP_NOBODY }, { 6, 0, 0 } }, false,
	    { 6, 0, SMFIP_SKIP } },
	{ "NOBODY by both", TODAY, 2,
	    { { 6, 0, SMFIP_NOBODY }, { 6, 0, SMFIP_NOBODY } }, false,
	    { 6, 0, SMFIP_NOBODY | SMFIP_SKIP } },
	{ "NOBODY by both, not offered", { 6, 0x1ff, 0x1fffff & ~0x10u }, 2,
	    { { 6, 0, SMFIP_NOBODY }, { 6, 0, SMFIP_NOBODY } }, false,
	    { 6, 0, SMFIP_SKIP } },
	{ "NR_HDR by one of two", TODAY, 2,
	    { { 6, 0, SMFIP_NR_HDR }, { 6, 0, 0 } }, false,
	    { 6, 0, SMFIP_SKIP } },
	{ "NR_HDR by both", TODAY, 2,
	    { { 6, 0, SMFIP_NR_HDR }, { 6, 0, SMFIP_NR_HDR } }, false,
	    { 6, 0, SMFIP_NR_HDR | SMFIP_SKIP } },
	{ "NOHDRS and NR_HDR", TODAY, 2,
	    { { 6, 0, SMFIP_NOHDRS }, { 6, 0, SMFIP_NR_HDR } }, false,
	    { 6, 0, SMFIP_NR_HDR | SMFIP_SKIP } },
	{ "NOHDRS with NR_HDR, and a reader", TODAY, 2,
	    { { 6, 0, SMFIP_NOHDRS | SMFIP_NR_HDR }, { 6, 0, 0 } }, false,
	    { 6, 0, SMFIP_SKIP } },
	{ "nobody gets it: no NR bit", TODAY, 2,
	    { { 6, 0, SMFIP_NOHDRS | SMFIP_NR_HDR },
	    { 6, 0, SMFIP_NOHDRS | SMFIP_NR_HDR } }, false,
	    { 6, 0, SMFIP_NOHDRS | SMFIP_SKIP } },
	{ "headers kept for ourselves: replied to", TODAY, 1,
	    { { 6, 0, SMFIP_NOHDRS | SMFIP_NR_HDR } }, true,
	    { 6, 0, SMFIP_SKIP } },
	{ "all NO bits by all", TODAY, 2,
	    { { 6, 0, SMFIP_NO_MASK }, { 6, 0, SMFIP_NO_MASK } }, false,
	    { 6, 0, NO_ALL | SMFIP_SKIP } },
	{ "all NR bits by all", TODAY, 2,
	    { { 6, 0, SMFIP_NR_MASK }, { 6, 0, SMFIP_NR_MASK } }, false,
	    { 6, 0, NR_ALL | SMFIP_SKIP } },
	{ "never NOMAIL", TODAY, 1, { { 6, 0, SMFIP_NOMAIL } }, false,
	    { 6, 0, SMFIP_SKIP } },
	{ "never NR_MAIL", TODAY, 1, { { 6, 0, SMFIP_NR_MAIL } }, false,
	    { 6, 0, SMFIP_SKIP } },
	{ "an NR bit that the MTA lacks", { 6, 0x1ff, 0x7f }, 1,
	    { { 6, 0, SMFIP_NR_HDR } }, false, { 6, 0, 0 } },
	{ "SKIP that the MTA lacks", { 6, 0x1ff, 0x1fffff & ~0x400u }, 1,
	    { { 6, 0, SMFIP_SKIP } }, false, { 6, 0, 0 } },
	{ "LEADSPC by one", TODAY, 2,
	    { { 6, 0, SMFIP_HDR_LEADSPC }, { 6, 0, 0 } }, false,
	    { 6, 0, SMFIP_HDR_LEADSPC | SMFIP_SKIP } },
	{ "RCPT_REJ by one", TODAY, 2,
	    { { 6, 0, 0 }, { 6, 0, SMFIP_RCPT_REJ } }, false,
	    { 6, 0, SMFIP_RCPT_REJ | SMFIP_SKIP } },
	{ "RCPT_REJ that the MTA lacks", { 6, 0x1ff, 0x3ff }, 1,
	    { { 6, 0, SMFIP_RCPT_REJ | SMFIP_HDR_LEADSPC } }, false,
	    { 6, 0, 0 } },
	{ "actions are joined", TODAY, 2,
	    { { 6, 0x01, 0 }, { 6, 0x10, 0 } }, false,
	    { 6, 0x11, SMFIP_SKIP } },
	{ "actions stay in the offer", { 6, 0x3f, 0x1fffff }, 2,
	    { { 6, 0x41, 0 }, { 6, 0x10, 0 } }, false,
	    { 6, 0x11, SMFIP_SKIP } },
	{ "version 2 and version 6", TODAY, 2,
	    { { 2, 0, 0 }, { 6, 0, 0 } }, false, { 6, 0, SMFIP_SKIP } },
	{ "version 2 counts as having set NOUNKNOWN and NODATA", TODAY, 2,
	    { { 2, 0, 0 }, { 6, 0, SMFIP_NOUNKNOWN | SMFIP_NODATA } }, false,
	    { 6, 0, SMFIP_NOUNKNOWN | SMFIP_NODATA | SMFIP_SKIP } },
	{ "version 3 counts as having set NODATA only", TODAY, 2,
	    { { 3, 0, 0 }, { 6, 0, SMFIP_NOUNKNOWN | SMFIP_NODATA } }, false,
	    { 6, 0, SMFIP_NODATA | SMFIP_SKIP } },
	{ "version 2 does not get T: the other's silence counts", TODAY, 2,
	    { { 2, 0, 0 }, { 6, 0, SMFIP_NR_DATA } }, false,
	    { 6, 0, SMFIP_NR_DATA | SMFIP_SKIP } },
	{ "three children", TODAY, 3,
	    { { 6, 0x01, SMFIP_NOCONNECT | SMFIP_NOHELO | SMFIP_NR_RCPT },
	    { 6, 0x08, SMFIP_NOCONNECT | SMFIP_NORCPT | SMFIP_NR_EOH },
	    { 4, 0x30, SMFIP_NOCONNECT | SMFIP_NR_RCPT | SMFIP_NOEOH } },
	    false, { 6, 0x39, SMFIP_NOCONNECT | SMFIP_NR_RCPT |
	    SMFIP_SKIP } }
};

/* Lists of the stages CONNECT, RCPT, EOM, EOH, in this order. */
static const int list_stages[] = {
	SMFIM_CONNECT, SMFIM_ENVRCPT, SMFIM_EOM, SMFIM_EOH
};
#define LISTS	COUNT(list_stages)

static const struct option_list_row {
	const char	*what;
	uint32_t	 offered;	/* actions */
	size_t		 n;
	const char	*child[3][4];
	const char	*merged[4];
} lists[] = {
	{ "no child", 0x1ff, 0, { { NULL } }, { NULL } },
	{ "nobody has one", 0x1ff, 2, { { NULL }, { NULL } }, { NULL } },
	{ "the MTA takes none", 0xff, 1, { { "j", "i", "i", "i" } },
	    { NULL } },
	{ "one child", 0x1ff, 1, { { "j {if_name} v", NULL, NULL, NULL } },
	    { "j {if_name} v", NULL, NULL, NULL } },
	{ "v tells the MTAs apart", 0x1ff, 1, { { "j", NULL, NULL, NULL } },
	    { "j v", NULL, NULL, NULL } },
	{ "two children, no name twice", 0x1ff, 2,
	    { { "{j} {daemon_name}", NULL, NULL, NULL },
	    { "v {v} j _", NULL, NULL, NULL } },
	    { "j {daemon_name} v _", NULL, NULL, NULL } },
	{ "the other child relies on the default", 0x1ff, 2,
	    { { "{client_ptr} j", NULL, NULL, NULL }, { NULL } },
	    { "{client_ptr} j _ {daemon_name} {if_name} {if_addr} "
	    "{daemon_addr} v", NULL, NULL, NULL } },
	{ "recipients always have their mailer", 0x1ff, 1,
	    { { NULL, "{rcpt_addr}", NULL, NULL } },
	    { NULL, "{rcpt_addr} {rcpt_mailer}", NULL, NULL } },
	{ "but only once", 0x1ff, 1,
	    { { NULL, "{rcpt_mailer} i", NULL, NULL } },
	    { NULL, "{rcpt_mailer} i", NULL, NULL } },
	{ "end of message brings end of header", 0x1ff, 1,
	    { { NULL, NULL, "{msg_size}", NULL } },
	    { NULL, NULL, "{msg_size}", "i" } },
	{ "end of header brings end of message", 0x1ff, 1,
	    { { NULL, NULL, NULL, "{x}" } },
	    { NULL, NULL, "{msg_id} i", "x" } },
	{ "each of the two by another child", 0x1ff, 2,
	    { { NULL, NULL, NULL, "{x}" }, { NULL, NULL, "{y}", NULL } },
	    { NULL, NULL, "y {msg_id} i", "x i" } },
	{ "both by all", 0x1ff, 2,
	    { { NULL, NULL, "{b}", "{x}" }, { NULL, NULL, "{c}", "{x}" } },
	    { NULL, NULL, "b c", "x" } },
	{ "long names get their braces", 0x1ff, 2,
	    { { "if_name", NULL, NULL, NULL },
	    { "{if_name} v", NULL, NULL, NULL } },
	    { "{if_name} v", NULL, NULL, NULL } },
	{ "odd braces stay", 0x1ff, 1, { { "{} { v", NULL, NULL, NULL } },
	    { "{} { v", NULL, NULL, NULL } }
};

#endif /* TESTS_D_OPTION_H */
