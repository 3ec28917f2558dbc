/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * option_merge.c - the answers of all children as one answer to the MTA.
 * Owns:      the rule for each bit and for the macro lists.
 * Called by: the manager when the last child has answered or failed, and for
 *            what conditions need.
 * Must not:  claim a bit that the MTA did not offer: Sendmail drops us then.
 */
#include "compat.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "milter/option_internal.h"

/* Events that can be declined, and can be left without a reply. */
static const struct option_merge_event {
	uint32_t	no;
	uint32_t	nr;
} option_merge_events[] = {
	{ SMFIP_NOCONNECT,	SMFIP_NR_CONN },
	{ SMFIP_NOHELO,		SMFIP_NR_HELO },
	/*
	 * Not MAIL: Sendmail learns from its reply that we are inside a
	 * message.  Without one it sends no ABORT on RSET.
	 */
	{ SMFIP_NORCPT,		SMFIP_NR_RCPT },
	{ SMFIP_NODATA,		SMFIP_NR_DATA },
	{ SMFIP_NOHDRS,		SMFIP_NR_HDR },
	{ SMFIP_NOEOH,		SMFIP_NR_EOH },
	{ SMFIP_NOBODY,		SMFIP_NR_BODY },
	{ SMFIP_NOUNKNOWN,	SMFIP_NR_UNKN }
};

#define OPTION_MERGE_EVENTS \
	(sizeof(option_merge_events) / sizeof(option_merge_events[0]))

/* Whether nobody wants an event, or all who do want it are silent. */
static uint32_t
option_merge_event(const struct option_merge_event *event,
    const struct option *const *children, size_t n)
{
	uint32_t protocol;
	size_t i, wanted = 0, silent = 0;

	for (i = 0; i < n; i++) {
		protocol = children[i]->protocol |
		    option_implied(children[i]->version);
		if ((protocol & event->no) != 0)
			continue;
		wanted++;
		if ((protocol & event->nr) != 0)
			silent++;
	}
	if (wanted == 0)
		return (event->no);
	return (silent == wanted ? event->nr : 0);
}

/* The list of a stage, or NULL where no child has one.  0 or -1. */
static int
option_merge_list(int stage, const struct option *const *children, size_t n,
    bool must, char **out)
{
	struct option_names names;
	size_t i, given = 0;

	*out = NULL;
	names.n = 0;
	for (i = 0; i < n; i++)
		if (children[i]->macros[stage] != NULL) {
			given++;
			option_names_add(&names, children[i]->macros[stage]);
		}
	if (given == 0 && !must)
		return (0);
	if (given < n)
		option_names_add(&names, option_default_list(stage));
	if (names.n == 0)
		return (0);
	/* Without it a recipient that the MTA refused looks like any other. */
	if (stage == SMFIM_ENVRCPT)
		option_names_force(&names, "{rcpt_mailer}");
	/* By its value the manager tells Postfix from Sendmail. */
	if (stage == SMFIM_CONNECT)
		option_names_force(&names, "v");
	*out = option_names_join(&names);
	return (*out != NULL ? 0 : -1);
}

static int
option_merge_lists(const struct option *const *children, size_t n,
    struct option *out)
{
	int stage;
	bool lists = false;

	for (stage = 0; stage < SMFIM_N; stage++) {
		if (option_merge_list(stage, children, n, false,
		    &out->macros[stage]) != 0)
			return (-1);
		if (out->macros[stage] != NULL)
			lists = true;
	}
	/*
	 * Sendmail looks whether there is a list for end of header when it
	 * sends the macros of end of message: both, or neither.
	 */
	if ((out->macros[SMFIM_EOM] != NULL) !=
	    (out->macros[SMFIM_EOH] != NULL)) {
		stage = out->macros[SMFIM_EOM] == NULL ? SMFIM_EOM :
		    SMFIM_EOH;
		if (option_merge_list(stage, children, n, true,
		    &out->macros[stage]) != 0)
			return (-1);
	}
	if (lists)
		out->actions |= SMFIF_SETSYMLIST;
	return (0);
}

int
option_merge(const struct option *mta, const struct option *const *children,
    size_t n, bool keep_headers, struct option *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	/* Not the children's minimum: that would cost all of them events. */
	out->version = mta->version < MILTER_VERSION_MAX ? mta->version :
	    MILTER_VERSION_MAX;
	for (i = 0; i < n; i++) {
		out->actions |= children[i]->actions;
		out->protocol |= children[i]->protocol &
		    (SMFIP_RCPT_REJ | SMFIP_HDR_LEADSPC);
	}
	for (i = 0; i < OPTION_MERGE_EVENTS; i++)
		out->protocol |= option_merge_event(&option_merge_events[i],
		    children, n);
	if (keep_headers)
		out->protocol &= ~SMFIP_NOHDRS;
	if (n > 0)
		out->protocol |= SMFIP_SKIP;
	out->actions &= mta->actions & SMFIF_ALL;
	out->protocol &= mta->protocol & SMFIP_ALL;
	if ((mta->actions & SMFIF_SETSYMLIST) != 0 &&
	    option_merge_lists(children, n, out) != 0) {
		option_free(out);
		return (-1);
	}
	return (0);
}

int
option_want(struct option *o, const char *name)
{
	struct option_names names;
	bool home = false, here;
	char *list;
	int stage;

	for (stage = 0; stage < SMFIM_N; stage++)
		home = home || option_macro_listed(option_default_list(stage),
		    name);
	for (stage = 0; stage < SMFIM_N; stage++) {
		here = home ? option_macro_listed(option_default_list(stage),
		    name) : stage <= SMFIM_ENVRCPT;
		if (!here || o->macros[stage] == NULL)
			continue;
		names.n = 0;
		option_names_add(&names, o->macros[stage]);
		option_names_add(&names, name);
		list = option_names_join(&names);
		if (list == NULL)
			return (-1);
		free(o->macros[stage]);
		o->macros[stage] = list;
	}
	return (0);
}

#undef OPTION_MERGE_EVENTS
