/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_verdict.c - what each reply means at each stage, and how the children's
 * replies become one.
 */
#include "compat.h"

#include <stdio.h>

#include <atf-c.h>

#include "manager/stage.h"
#include "manager/verdict.h"
#include "milter/wire.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* ----- stages ----- */

ATF_TC(stages);
ATF_TC_HEAD(stages, tc)
{
	atf_tc_set_md_var(tc, "descr", "each stage has its command, and the "
	    "bits that turn off the command and its reply");
}
ATF_TC_BODY(stages, tc)
{
	/* The numbers of the protocol, written out once more. */
	static const struct {
		enum stage stage;
		int command;
		uint32_t no_bit, nr_bit;
		const char *name;
	} rows[] = {
		{ STAGE_NEGOTIATE, 0x4f, 0, 0, "negotiate" },
		{ STAGE_CONNECT, 0x43, 0x000001, 0x001000, "connect" },
		{ STAGE_HELO, 0x48, 0x000002, 0x002000, "helo" },
		{ STAGE_MAIL, 0x4d, 0x000004, 0x004000, "mail" },
		{ STAGE_RCPT, 0x52, 0x000008, 0x008000, "rcpt" },
		{ STAGE_DATA, 0x54, 0x000200, 0x010000, "data" },
		{ STAGE_UNKNOWN, 0x55, 0x000100, 0x020000, "unknown" },
		{ STAGE_HEADER, 0x4c, 0x000020, 0x000080, "header" },
		{ STAGE_EOH, 0x4e, 0x000040, 0x040000, "eoh" },
		{ STAGE_BODY, 0x42, 0x000010, 0x080000, "body" },
		{ STAGE_EOM, 0x45, 0, 0, "eom" },
	};
	int command, found = 0;
	size_t i;

	ATF_REQUIRE_EQ(COUNT(rows), STAGE_N);
	for (i = 0; i < COUNT(rows); i++) {
		const struct stage_row *r = &stage_table[rows[i].stage];

		ATF_CHECK_EQ_MSG(r->command, rows[i].command, "%s",
		    rows[i].name);
		ATF_CHECK_EQ_MSG(r->no_bit, rows[i].no_bit, "%s", rows[i].name);
		ATF_CHECK_EQ_MSG(r->nr_bit, rows[i].nr_bit, "%s", rows[i].name);
		ATF_CHECK_STREQ(r->name, rows[i].name);
		ATF_CHECK(r->upstream != NULL);
		ATF_CHECK_EQ(stage_of_command(rows[i].command),
		    (int)rows[i].stage);
	}
	for (command = -1; command <= 256; command++)
		if (stage_of_command(command) != -1)
			found++;
	/* A D K Q and all that is none have no stage. */
	ATF_CHECK_EQ(found, STAGE_N);
}

/* ----- replies ----- */

ATF_TC(replies);
ATF_TC_HEAD(replies, tc)
{
	atf_tc_set_md_var(tc, "descr", "eight reply codes are verdicts; "
	    "fillers, edits and all others are not");
}
ATF_TC_BODY(replies, tc)
{
	static const char letters[] = "casrty4d";
	static const enum verdict verdicts[] = { VERDICT_CONTINUE,
	    VERDICT_ACCEPT, VERDICT_SKIP, VERDICT_REJECT, VERDICT_TEMPFAIL,
	    VERDICT_REPLYCODE, VERDICT_SHUTDOWN, VERDICT_DISCARD };
	static const char *const names[] = { "continue", "accept", "skip",
	    "reject", "tempfail", "replycode", "shutdown", "discard" };
	size_t i;
	int c;

	for (c = -1; c <= 256; c++) {
		const char *p = c > 0 && c < 256 ? strchr(letters, c) : NULL;

		if (p == NULL)
			ATF_CHECK_EQ_MSG(verdict_of_reply(c), VERDICT_N,
			    "reply %d", c);
		else
			ATF_CHECK_EQ_MSG(verdict_of_reply(c),
			    verdicts[p - letters], "reply %d", c);
	}
	for (i = 0; i < COUNT(verdicts); i++)
		ATF_CHECK_STREQ(verdict_name(verdicts[i]), names[i]);
	ATF_CHECK_STREQ(verdict_name(VERDICT_PENDING), "pending");
	ATF_CHECK_STREQ(verdict_name(VERDICT_N), "none");
}

/* ----- stage by reply ----- */

/*
 * What a verdict does, by hand from what Sendmail 8.17 and Postfix 3.7 do:
 *	.	the next child's turn
 *	S	this child is done with the session
 *	m	this child is done with the message
 *	k	no more of this kind for this child in this message
 *	?	. or k: nothing depends on it
 *	W	means nothing here, with a warning
 * and those that decide:
 *	R	this recipient only
 *	c	this command only
 *	M	the message
 *	X	the session
 */
static const enum verdict verdict_columns[] = { VERDICT_CONTINUE,
    VERDICT_ACCEPT, VERDICT_SKIP, VERDICT_REJECT, VERDICT_TEMPFAIL,
    VERDICT_REPLYCODE, VERDICT_SHUTDOWN, VERDICT_DISCARD };

static const struct {
	enum stage stage;
	const char *effects;
} verdict_expected[] = {
	/*
	 * Accept: this filter is sent QUIT or closed, the others go on.  Any
	 * refusal is kept and given to what comes later.  Discard: Sendmail
	 * would go on unfiltered, Postfix warns; it must not go upstream.
	 */
	{ STAGE_CONNECT,	".SkXXXXW" },
	{ STAGE_HELO,		".SkXXXXW" },
	/* Accept: out until the next MAIL.  Discard: no further event. */
	{ STAGE_MAIL,		".mkMMMMM" },
	/* A refusal is this recipient's, a discard the whole message's. */
	{ STAGE_RCPT,		".mkRRRRM" },
	/*
	 * The transaction is not reset, but a libmilter filter that refused
	 * DATA replies neither to another DATA nor to another RCPT.
	 */
	{ STAGE_DATA,		".mkMMMMM" },
	/*
	 * Accept and discard never go upstream.  A libmilter filter that
	 * accepts replies to nothing more before the next MAIL; one that
	 * refuses or discards is still in the message.
	 */
	{ STAGE_UNKNOWN,	".m?cccc." },
	/* Accept: the next filter's turn.  A refusal: later ones see none. */
	{ STAGE_HEADER,		".mkMMMMM" },
	{ STAGE_EOH,		".mkMMMMM" },
	{ STAGE_BODY,		".mkMMMMM" },
	/* Continue and accept are the same, and nothing is left to skip. */
	{ STAGE_EOM,		"mmmMMMMM" },
};

/* The letter of a stage and verdict; 'P' while it is pending. */
static char
expected(enum stage stage, enum verdict v)
{
	size_t i, k;

	for (i = 0; i < COUNT(verdict_expected); i++)
		for (k = 0; k < COUNT(verdict_columns); k++)
			if (verdict_expected[i].stage == stage &&
			    verdict_columns[k] == v)
				return (verdict_expected[i].effects[k]);
	return ('P');
}

static bool
expected_decides(enum stage stage, enum verdict v)
{
	return (strchr("RcMX", expected(stage, v)) != NULL);
}

ATF_TC(effects);
ATF_TC_HEAD(effects, tc)
{
	atf_tc_set_md_var(tc, "descr", "at each stage each verdict does what "
	    "the MTAs do with it");
}
ATF_TC_BODY(effects, tc)
{
	static const char letters[] = ".SmkRcMXW";
	static const enum verdict_effect effects[] = { EFFECT_CONTINUE,
	    EFFECT_OUT_SESSION, EFFECT_OUT_MESSAGE, EFFECT_SKIP,
	    EFFECT_RECIPIENT, EFFECT_COMMAND, EFFECT_MESSAGE, EFFECT_SESSION,
	    EFFECT_WARN };
	size_t i, k, e;

	ATF_CHECK_EQ(COUNT(verdict_expected), STAGE_N - 1);
	for (i = 0; i < COUNT(verdict_expected); i++)
		for (k = 0; k < COUNT(verdict_columns); k++) {
			enum stage stage = verdict_expected[i].stage;
			enum verdict v = verdict_columns[k];
			char want = verdict_expected[i].effects[k], got;

			got = '!';
			for (e = 0; e < COUNT(effects); e++)
				if (effects[e] == verdict_effect(stage, v))
					got = letters[e];
			if (want == '?' && (got == '.' || got == 'k'))
				want = got;
			ATF_CHECK_EQ_MSG(got, want, "%s at %s is %c, not %c",
			    verdict_name(v), stage_table[stage].name, got,
			    want);
			ATF_CHECK_EQ_MSG(verdict_decides(stage, v),
			    expected_decides(stage, v), "%s at %s",
			    verdict_name(v), stage_table[stage].name);
		}
	for (i = 0; i < STAGE_N; i++) {
		ATF_CHECK(!verdict_decides((enum stage)i, VERDICT_PENDING));
		ATF_CHECK(!verdict_decides((enum stage)i, VERDICT_CONTINUE));
		ATF_CHECK(!verdict_decides((enum stage)i, VERDICT_ACCEPT));
		ATF_CHECK(!verdict_decides((enum stage)i, VERDICT_SKIP));
	}
}

/* ----- the merge ----- */

/* "c", "a", ...: a reply's letter, or "-" for pending; "o": out; "e": only
 * evaluated. */
static size_t
slots(struct verdict_slot *slot, const char *text)
{
	size_t n = 0;

	memset(slot, 0, sizeof(*slot) * 8);
	for (; *text != '\0'; text++)
		if (*text == ' ')
			n++;
		else if (*text == 'o')
			slot[n].out = true;
		else if (*text == 'e')
			slot[n].evaluated = true;
		else
			slot[n].verdict = *text == '-' ? VERDICT_PENDING :
			    verdict_of_reply(*text);
	return (n + 1);
}

ATF_TC(merge);
ATF_TC_HEAD(merge, tc)
{
	atf_tc_set_md_var(tc, "descr", "the first that decides decides; accept "
	    "needs all children, skip all that are left");
}
ATF_TC_BODY(merge, tc)
{
	static const struct {
		enum stage stage;
		const char *slots;
		int result;		/* '-': open */
		int who;		/* -1: nobody */
	} rows[] = {
		{ STAGE_MAIL, "c", 'c', -1 },
		{ STAGE_MAIL, "c c c", 'c', -1 },
		/* The first that decides, whatever comes behind it. */
		{ STAGE_MAIL, "c r c", 'r', 1 },
		{ STAGE_MAIL, "r t d", 'r', 0 },
		{ STAGE_MAIL, "t r d", 't', 0 },
		{ STAGE_MAIL, "d r t", 'd', 0 },
		{ STAGE_MAIL, "c y r", 'y', 1 },
		{ STAGE_MAIL, "c c 4", '4', 2 },
		{ STAGE_RCPT, "c d r", 'd', 1 },
		{ STAGE_RCPT, "t d r", 't', 0 },
		{ STAGE_EOM, "c r", 'r', 1 },
		{ STAGE_UNKNOWN, "c y", 'y', 1 },
		/* What is pending keeps it open, unless it comes later. */
		{ STAGE_MAIL, "-", '-', 0 },
		{ STAGE_MAIL, "- r", '-', 0 },
		{ STAGE_MAIL, "c - r", '-', 1 },
		{ STAGE_MAIL, "r -", 'r', 0 },
		{ STAGE_MAIL, "c r -", 'r', 1 },
		{ STAGE_MAIL, "co co -", '-', 2 },
		{ STAGE_BODY, "s -", '-', 1 },
		{ STAGE_MAIL, "re -", '-', 1 },
		/* An evaluated child never decides. */
		{ STAGE_MAIL, "re", 'c', -1 },
		{ STAGE_MAIL, "de c", 'c', -1 },
		{ STAGE_CONNECT, "te c", 'c', -1 },
		{ STAGE_MAIL, "re t", 't', 1 },
		{ STAGE_EOM, "ye ye r", 'r', 2 },
		{ STAGE_MAIL, "reo co", 'a', -1 },
		/* Discard at connect and helo, and at unknown. */
		{ STAGE_CONNECT, "d", 'c', -1 },
		{ STAGE_HELO, "d c", 'c', -1 },
		{ STAGE_CONNECT, "d r", 'r', 1 },
		{ STAGE_UNKNOWN, "d", 'c', -1 },
		/* Accept: when all are out. */
		{ STAGE_CONNECT, "ao", 'a', -1 },
		{ STAGE_CONNECT, "ao c", 'c', -1 },
		{ STAGE_HELO, "co ao co", 'a', -1 },
		{ STAGE_MAIL, "ao co", 'a', -1 },
		{ STAGE_MAIL, "ao r", 'r', 1 },
		{ STAGE_RCPT, "a c", 'c', -1 },
		{ STAGE_BODY, "co ao", 'a', -1 },
		/* But never at unknown. */
		{ STAGE_UNKNOWN, "ao", 'c', -1 },
		{ STAGE_UNKNOWN, "ao co", 'c', -1 },
		{ STAGE_UNKNOWN, "a", 'c', -1 },
		/* Skip: at the body, by all that are left. */
		{ STAGE_BODY, "s", 's', -1 },
		{ STAGE_BODY, "s s", 's', -1 },
		{ STAGE_BODY, "s c", 'c', -1 },
		{ STAGE_BODY, "c s", 'c', -1 },
		{ STAGE_BODY, "ao s", 's', -1 },
		{ STAGE_BODY, "s ao", 's', -1 },
		{ STAGE_BODY, "s ao c", 'c', -1 },
		{ STAGE_BODY, "s r", 'r', 1 },
		/* A child that is evaluated wants its body, too. */
		{ STAGE_BODY, "s ce", 'c', -1 },
		{ STAGE_BODY, "s re", 'c', -1 },
		{ STAGE_BODY, "s se", 's', -1 },
		{ STAGE_MAIL, "s", 'c', -1 },
		{ STAGE_RCPT, "s s", 'c', -1 },
		{ STAGE_HEADER, "s", 'c', -1 },
		{ STAGE_UNKNOWN, "s", 'c', -1 },
		{ STAGE_EOM, "s", 'c', -1 },
	};
	struct verdict_slot slot[8];
	size_t i, n, who;
	enum verdict v;

	for (i = 0; i < COUNT(rows); i++) {
		n = slots(slot, rows[i].slots);
		who = 99;
		v = verdict_merge(rows[i].stage, slot, n, &who);
		ATF_CHECK_EQ_MSG(v, rows[i].result == '-' ? VERDICT_PENDING :
		    verdict_of_reply(rows[i].result), "\"%s\" at %s is %s",
		    rows[i].slots, stage_table[rows[i].stage].name,
		    verdict_name(v));
		ATF_CHECK_EQ_MSG(who, rows[i].who == -1 ? n :
		    (size_t)rows[i].who, "\"%s\" at %s by %zu", rows[i].slots,
		    stage_table[rows[i].stage].name, who);
	}
}

ATF_TC(merge_nobody);
ATF_TC_HEAD(merge_nobody, tc)
{
	atf_tc_set_md_var(tc, "descr", "without a child it is continue, "
	    "everywhere");
}
ATF_TC_BODY(merge_nobody, tc)
{
	size_t i, who;

	for (i = 0; i < STAGE_N; i++) {
		who = 99;
		ATF_CHECK_EQ(verdict_merge((enum stage)i, NULL, 0, &who),
		    VERDICT_CONTINUE);
		ATF_CHECK_EQ(who, 0);
	}
}

/* A slot from a number below SLOT_N. */
#define SLOT_N		((size_t)VERDICT_N * 4)
static struct verdict_slot
slot_of(size_t number)
{
	struct verdict_slot slot;

	slot.verdict = (enum verdict)(number / 4);
	slot.out = number % 2 != 0;
	slot.evaluated = number / 2 % 2 != 0;
	return (slot);
}

/* Checks the laws of the merge for three children; false when one is broken. */
static bool
lawful(enum stage stage, const struct verdict_slot slot[3])
{
	bool all_out = true, all_skip = true, some_skip = false;
	struct verdict_slot other[3];
	enum verdict v, w;
	size_t decider = 3, pending = 3, i, who, who2;

	for (i = 3; i-- > 0;) {
		bool decides = !slot[i].out && !slot[i].evaluated &&
		    expected_decides(stage, slot[i].verdict);

		if (slot[i].verdict == VERDICT_PENDING)
			pending = i;
		else if (decides)
			decider = i;
		if (!slot[i].out) {
			all_out = false;
			if (slot[i].verdict == VERDICT_SKIP)
				some_skip = true;
			else
				all_skip = false;
		}
	}
	v = verdict_merge(stage, slot, 3, &who);

	/* Open: exactly when one is pending and none before it decides. */
	if ((v == VERDICT_PENDING) != (pending < decider))
		return (false);
	if (v == VERDICT_PENDING)
		return (who == pending);
	/* Decided: exactly by the first that decides, in its own words. */
	if (verdict_decides(stage, v) != (decider < 3) || who != decider)
		return (false);
	if (decider < 3) {
		if (v != slot[decider].verdict)
			return (false);
		/* Who comes behind the decider does not matter. */
		for (i = 0; decider < 2 && i < SLOT_N; i++) {
			memcpy(other, slot, sizeof(other));
			other[2] = slot_of(i);
			w = verdict_merge(stage, other, 3, &who2);
			if (w != v || who2 != who)
				return (false);
		}
		w = verdict_merge(stage, slot, decider + 1, &who2);
		return (w == v && who2 == who);
	}
	/* Otherwise: all out, all that are left skip, or continue. */
	if (all_out && stage != STAGE_UNKNOWN)
		return (v == VERDICT_ACCEPT);
	if (stage == STAGE_BODY && some_skip && all_skip)
		return (v == VERDICT_SKIP);
	return (v == VERDICT_CONTINUE);
}

ATF_TC(merge_laws);
ATF_TC_HEAD(merge_laws, tc)
{
	atf_tc_set_md_var(tc, "descr", "the rules of the merge hold for all "
	    "that three children can say at all stages");
}
ATF_TC_BODY(merge_laws, tc)
{
	struct verdict_slot slot[3];
	size_t a, b, c, i, s;
	unsigned broken = 0;

	for (s = 0; s < COUNT(verdict_expected) && broken < 10; s++)
		for (i = 0; i < SLOT_N * SLOT_N * SLOT_N && broken < 10; i++) {
			enum stage stage = verdict_expected[s].stage;

			a = i % SLOT_N;
			b = i / SLOT_N % SLOT_N;
			c = i / SLOT_N / SLOT_N;
			slot[0] = slot_of(a);
			slot[1] = slot_of(b);
			slot[2] = slot_of(c);
			if (lawful(stage, slot))
				continue;
			broken++;
			atf_tc_fail_nonfatal("%s: %s%s%s, %s%s%s, %s%s%s",
			    stage_table[stage].name,
			    verdict_name(slot[0].verdict),
			    slot[0].out ? " out" : "",
			    slot[0].evaluated ? " evaluated" : "",
			    verdict_name(slot[1].verdict),
			    slot[1].out ? " out" : "",
			    slot[1].evaluated ? " evaluated" : "",
			    verdict_name(slot[2].verdict),
			    slot[2].out ? " out" : "",
			    slot[2].evaluated ? " evaluated" : "");
		}
}

ATF_TC(statuses);
ATF_TC_HEAD(statuses, tc)
{
	atf_tc_set_md_var(tc, "descr", "upstream's words; a reply code counts "
	    "by its class");
}

ATF_TC_BODY(statuses, tc)
{
	static const struct {
		enum verdict	 v;
		const char	*text, *word;
	} row[] = {
		{ VERDICT_ACCEPT, NULL, "accept" },
		{ VERDICT_REJECT, NULL, "reject" },
		{ VERDICT_TEMPFAIL, NULL, "temporary-failure" },
		{ VERDICT_REPLYCODE, "550 5.7.1 no", "reject" },
		{ VERDICT_REPLYCODE, "451 4.7.1 later", "temporary-failure" },
		{ VERDICT_REPLYCODE, "421-4.3.2 a\r\n421 4.3.2 b",
		    "temporary-failure" },
		{ VERDICT_REPLYCODE, NULL, "reject" },
		{ VERDICT_SHUTDOWN, NULL, "temporary-failure" },
		{ VERDICT_DISCARD, NULL, "discard" },
		{ VERDICT_QUARANTINE, NULL, "quarantine" },
	};
	size_t i;

	for (i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		ATF_CHECK_STREQ(verdict_status(row[i].v, row[i].text),
		    row[i].word);
	ATF_CHECK(verdict_status(VERDICT_CONTINUE, NULL) == NULL);
	ATF_CHECK(verdict_status(VERDICT_PENDING, NULL) == NULL);
	ATF_CHECK(verdict_status(VERDICT_SKIP, NULL) == NULL);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, stages);
	ATF_TP_ADD_TC(tp, replies);
	ATF_TP_ADD_TC(tp, effects);
	ATF_TP_ADD_TC(tp, merge);
	ATF_TP_ADD_TC(tp, merge_nobody);
	ATF_TP_ADD_TC(tp, merge_laws);
	ATF_TP_ADD_TC(tp, statuses);

	return (atf_no_error());
}
