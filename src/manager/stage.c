/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stage.c - what the protocol says about each stage.
 * Owns:      the table.
 * Called by: everything in manager/.
 * Must not:  hold behaviour; that is verdict.c's and the session's.
 */
#include "compat.h"

#include "manager/stage.h"
#include "milter/wire.h"

const struct stage_row stage_table[STAGE_N] = {
	{ SMFIC_OPTNEG, 0, 0, "negotiate", "negotiate" },
	{ SMFIC_CONNECT, SMFIP_NOCONNECT, SMFIP_NR_CONN, "connect", "connect" },
	{ SMFIC_HELO, SMFIP_NOHELO, SMFIP_NR_HELO, "helo", "helo" },
	{ SMFIC_MAIL, SMFIP_NOMAIL, SMFIP_NR_MAIL, "mail", "envelope-from" },
	{ SMFIC_RCPT, SMFIP_NORCPT, SMFIP_NR_RCPT, "rcpt",
	    "envelope-recipient" },
	{ SMFIC_DATA, SMFIP_NODATA, SMFIP_NR_DATA, "data", "data" },
	{ SMFIC_UNKNOWN, SMFIP_NOUNKNOWN, SMFIP_NR_UNKN, "unknown", "unknown" },
	{ SMFIC_HEADER, SMFIP_NOHDRS, SMFIP_NR_HDR, "header", "header" },
	{ SMFIC_EOH, SMFIP_NOEOH, SMFIP_NR_EOH, "eoh", "end-of-header" },
	{ SMFIC_BODY, SMFIP_NOBODY, SMFIP_NR_BODY, "body", "body" },
	{ SMFIC_BODYEOB, 0, 0, "eom", "end-of-message" },
};

int
stage_of_command(int command)
{
	int i;

	for (i = 0; i < STAGE_N; i++)
		if (stage_table[i].command == command)
			return (i);
	return (-1);
}
