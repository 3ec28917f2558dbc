/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * stage.h - the stages of a session, one table row each.
 */
#ifndef MANAGER_STAGE_H
#define MANAGER_STAGE_H

#include <stdint.h>

enum stage {
	STAGE_NEGOTIATE,
	STAGE_CONNECT,
	STAGE_HELO,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA,
	STAGE_UNKNOWN,
	STAGE_HEADER,
	STAGE_EOH,
	STAGE_BODY,
	STAGE_EOM,
	STAGE_N
};

struct stage_row {
	int		 command;	/* SMFIC_* */
	uint32_t	 no_bit;	/* SMFIP_NO*: "do not send", or 0 */
	uint32_t	 nr_bit;	/* SMFIP_NR_*: "no reply", or 0 */
	const char	*name;		/* in our logs */
	const char	*upstream;	/* in upstream's statistics lines */
};

extern const struct stage_row stage_table[STAGE_N];

/* The stage a command code belongs to, or -1 (abort, quit, macro, others). */
int	stage_of_command(int command);

#endif /* MANAGER_STAGE_H */
