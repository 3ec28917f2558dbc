/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * option.h - negotiation: option frames, macro lists, and the merge of the
 * children's answers into one (milter-protocol 3.4 and 3.5).  Pure.
 */
#ifndef MILTER_OPTION_H
#define MILTER_OPTION_H

#include "milter/packet.h"

struct option {
	uint32_t	 version;
	uint32_t	 actions;
	uint32_t	 protocol;
	/* Space-separated names; NULL: no list for that stage.  Owned. */
	char		*macros[SMFIM_N];
};

void	option_free(struct option *);	/* frees the lists, zeroes all */

/*
 * Reads an OPTNEG frame.  The MTA's offer: lists are ignored, actions 0 is read
 * as SMFIF_V1_ACTS, protocol 0 as SMFIP_V1_PROT, version < 2 is
 * PACKET_VERSION.  A child's answer: lists are read whatever its actions are,
 * unknown stages skipped, the later of two lists for a stage wins, commas count
 * as spaces, a list without any name is no list (as in Postfix); a list
 * without NUL is PACKET_NO_NUL, a cut stage PACKET_SHORT.  Other codes than
 * SMFIC_OPTNEG are PACKET_UNKNOWN.  *out is freed by the caller on success
 * only.  Out of memory is PACKET_MORE.
 */
enum packet_error option_read_offer(const struct packet *, struct option *out);
enum packet_error option_read_answer(const struct packet *,
	    struct option *out);
/* Appends an OPTNEG frame, with lists when actions has SMFIF_SETSYMLIST. */
int	option_add(struct buf *, const struct option *);

/*
 * What to offer each child, given the MTA's offer: version min(6), known bits
 * only, and from version 6 on SKIP and the no-reply bits, which we can make up.
 */
void	option_offer(const struct option *mta, struct option *out);

/*
 * Checks a child's answer against what it was offered.  Returns NULL when it
 * can be used (protocol bits that were not offered are masked out of *answer;
 * version 2 gets NOUNKNOWN, 2 and 3 get NODATA, offered or not; lists are freed
 * when SETSYMLIST was not offered), or a short reason with *answer unchanged.
 */
const char *option_check_answer(const struct option *offered,
	    struct option *answer);

/*
 * Merges the answers of n children that are alive (pointers, in order) into
 * the answer for the MTA; the rules and both exceptions of 3.4, lists by 3.5.
 * keep_headers: NOHDRS is not claimed although nobody wants headers (the
 * manager needs them itself).  NOMAIL and NR_MAIL are never claimed.  Without
 * children: no action, and every other NO bit that was offered.  0, or -1 when
 * out of memory with *out zero; *out is freed by the caller.
 *
 * A list that goes up has at most 50 names, long ones in braces; that of RCPT
 * always has {rcpt_mailer} (it marks refused recipients), that of CONNECT
 * always v (it tells Postfix from Sendmail).  Names above 125 bytes are left
 * out.
 */
int	option_merge(const struct option *mta,
	    const struct option *const *children, size_t n,
	    bool keep_headers, struct option *out);

/*
 * Asks the MTA for a macro, in those of the lists that it belongs to (a name
 * that belongs to none: those of CONNECT to RCPT) and that are there: without a
 * list the MTA's own settings say what it sends.  Nothing where there is no
 * room.
 * 0, or -1 when out of memory.
 */
int	option_want(struct option *, const char *name);

/*
 * The stage (SMFIM_*) whose list governs the macro frames of a command code, or
 * -1: C H M R T E N; 'L' is governed by EOH's, 'B' by EOM's (Postfix 3.7).
 */
int	option_macro_stage(int command);
/* Whether a name (braces optional on both sides) is in a list. */
bool	option_macro_listed(const char *list, const char *name);
/*
 * Appends to dst a macro frame with the pairs of payload (stage byte included)
 * whose names are in list; list NULL: the whole payload as it is.  A frame
 * without pairs stays one.  Pairs behind a malformed one are left out; an
 * empty payload appends nothing.  payload must not lie in dst.  0 or -1.
 */
int	option_add_macros(struct buf *dst, const void *payload, size_t len,
	    const char *list);

#endif /* MILTER_OPTION_H */
