/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * plan_internal.h - what plan.c and plan_facts.c share.
 */
#ifndef MANAGER_PLAN_INTERNAL_H
#define MANAGER_PLAN_INTERNAL_H

#include "condition/facts.h"
#include "manager/session_internal.h"

/* Everything that conditions are told; the strings are copies. */
struct session_plan {
	struct facts		 facts;
	char			*host;
	char			*address;
	char			*helo;
	char			*sender;
	struct child		*child;		/* whose are asked, */
	enum stage		 stage;		/* and when */
	uint64_t		 round;		/* of the loop, in which */
	uint64_t		 until;		/* it has so much time */
};

/* The value of a header field as conditions are told it: without the blank that
 * the MTA may have been asked to leave in front. */
const char *plan_value(const struct session *, const char *value);

#endif /* MANAGER_PLAN_INTERNAL_H */
