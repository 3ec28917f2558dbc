/*-
 * SPDX-License-Identifier: BSD-2-Clause
 */

/*
 * t_header.c - header operations, as Postfix and Sendmail carry them out: case
 * by case, from what is known of the two MTAs.
 */
#include "compat.h"

#include "h_header.h"

struct hand {
	const char	*what;
	const char	*client;	/* "X=1;Y=2;" */
	/*
	 * Operations as sprint_op() writes them; "/" is the next child, "!"
	 * the next one that is not given headers.
	 */
	const char	*ops;
	const char	*sent;		/* NULL: the same operations */
	const char	*shown;		/* to a child behind the last one */
};

/* Copies up to a separator and returns what is behind that. */
static const char *
hand_take(char *to, size_t size, const char *from, const char *sep)
{
	size_t len = strcspn(from, sep);

	ATF_REQUIRE(len < size);
	memcpy(to, from, len);
	to[len] = '\0';
	return (from[len] == '\0' ? from + len : from + len + 1);
}

static void
hand_run(enum header_model model, const struct hand *h)
{
	struct header_list l;
	char name[64], value[64], word[64], same[TEXT] = "", sent[TEXT] = "",
	    shown[TEXT] = "";
	const char *p;

	memset(&l, 0, sizeof(l));
	ATF_REQUIRE_EQ(header_init(&l, model), 0);
	for (p = h->client; *p != '\0';) {
		p = hand_take(name, sizeof(name), p, "=");
		p = hand_take(value, sizeof(value), p, ";");
		ATF_REQUIRE_EQ(header_append(&l, name, value), 0);
	}
	header_next_child(&l, true);
	for (p = h->ops; *p != '\0';) {
		struct header_op in, out;
		int r;

		p = hand_take(word, sizeof(word), p, " ");
		if (strcmp(word, "/") == 0 || strcmp(word, "!") == 0) {
			header_next_child(&l, word[0] == '/');
			continue;
		}
		in.code = word[0];
		in.index = (uint32_t)strtoul(word + 1, NULL, 10);
		(void)hand_take(value, sizeof(value),
		    hand_take(name, sizeof(name), strchr(word, ':') + 1, ":"),
		    "");
		in.name = name;
		in.value = value;
		sprint_op(same, &in);
		r = header_apply(&l, &in, &out);
		ATF_REQUIRE(r == 0 || r == 1);
		if (r == 1)
			sprint_op(sent, &out);
	}
	header_next_child(&l, true);
	sprint_shown(shown, &l);
	ATF_CHECK_STREQ_MSG(shown, h->shown, "%s: shown \"%s\", not \"%s\"",
	    h->what, shown, h->shown);
	p = h->sent != NULL ? h->sent : same;
	ATF_CHECK_STREQ_MSG(sent, p, "%s: sent \"%s\", not \"%s\"", h->what,
	    sent, p);
	header_free(&l);
	ATF_CHECK_EQ(l.n, 0);
	ATF_CHECK_EQ(l.bytes, 0);
}

ATF_TC(postfix_by_hand);
ATF_TC_HEAD(postfix_by_hand, tc)
{
	atf_tc_set_md_var(tc, "descr", "Postfix: numbers count what is there "
	    "now, its own Received field only for insertions");
}
ATF_TC_BODY(postfix_by_hand, tc)
{
	static const struct hand cases[] = {
		{ "nothing", "A=1;B=;", "", NULL, "A=1;B=;" },
		{ "added fields come last", "A=1;X=1;", "h:A:2 h:Date:d", NULL,
		    "A=1;X=1;A=2;Date=d;" },
		{ "an added field may be empty", "A=1;", "h:B:", NULL,
		    "A=1;B=;" },
		{ "0 is above the own Received", "A=1;", "i0:P:p i1:Q:q",
		    NULL, "P=p;Q=q;A=1;" },
		{ "1 is below the own Received", "A=1;", "i1:P:p i1:Q:q i0:R:r",
		    NULL, "R=r;Q=q;P=p;A=1;" },
		{ "the own Received is counted", "A=1;B=2;",
		    "i0:P:p i2:Q:q i3:R:r", NULL, "P=p;Q=q;R=r;A=1;B=2;" },
		{ "2 is behind the client's first", "A=1;B=2;", "i2:P:p", NULL,
		    "A=1;P=p;B=2;" },
		{ "beyond the end is the end", "A=1;B=2;", "i4:P:p i99:Q:q "
		    "i4294967295:R:r", NULL, "A=1;B=2;P=p;Q=q;R=r;" },
		{ "the next child sees an insertion first", "A=1;",
		    "i0:P:p / m1:P:n", NULL, "P=n;A=1;" },
		{ "a change keeps the place", "X=1;Y=2;X=3;", "m2:X:n", NULL,
		    "X=1;Y=2;X=n;" },
		{ "a change writes the name, too", "X-Y=1;Z=2;", "m1:x-y:n",
		    NULL, "x-y=n;Z=2;" },
		{ "0 means 1", "X=1;X=2;", "m0:X:n", NULL, "X=n;X=2;" },
		{ "changing what is not there adds", "X=1;Y=2;",
		    "m2:X:n m4294967295:Z:z", NULL, "X=1;Y=2;X=n;Z=z;" },
		{ "deleting what is not there is nothing", "X=1;",
		    "m2:X: m1:Z:", NULL, "X=1;" },
		{ "deletion shifts at once", "X=1;X=2;X=3;", "m1:X: m1:X:n",
		    NULL, "X=n;X=3;" },
		{ "deletion by an earlier child: the same", "X=1;X=2;X=3;",
		    "m1:X: / m1:X:n", NULL, "X=n;X=3;" },
		{ "deleted fields are not counted by insertions",
		    "A=1;B=2;C=3;", "m1:A: i2:P:p", NULL, "B=2;P=p;C=3;" },
		{ "the own Received cannot be changed", "Received=c;A=1;",
		    "m1:Received:n", NULL, "Received=n;A=1;" },
		{ "the own Received cannot be deleted", "A=1;",
		    "m1:Received: i1:P:p", NULL, "P=p;A=1;" },
		{ "the own Received stays hidden", "A=1;",
		    "i0:Received:r / m2:Received:n", NULL,
		    "Received=r;A=1;Received=n;" },
		{ "deleting all", "X=1;X=2;", "m2:X: m1:X: h:X:n", NULL,
		    "X=n;" },
		{ "no marks", "X=1;X=2;", "m1:X: ! m1:X:n / h:X:o", NULL,
		    "X=n;X=o;" },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		hand_run(HEADER_POSTFIX, &cases[i]);
}

ATF_TC(sendmail_by_hand);
ATF_TC_HEAD(sendmail_by_hand, tc)
{
	atf_tc_set_md_var(tc, "descr", "Sendmail: nine defaults stand in "
	    "front, added fields come before their like, deleted ones count");
}
ATF_TC_BODY(sendmail_by_hand, tc)
{
	static const struct hand cases[] = {
		{ "nothing", "A=1;B=;", "", NULL, "A=1;B=;" },
		/* h */
		{ "an added name comes last", "A=1;B=2;", "h:X:x", NULL,
		    "A=1;B=2;X=x;" },
		{ "before the first of its name", "A=1;X=1;X=2;",
		    "h:x:a h:X:b", NULL, "A=1;X=b;x=a;X=1;X=2;" },
		{ "also when that one is deleted", "A=1;X=1;X=2;B=2;",
		    "m1:X: h:X:a", NULL, "A=1;X=a;X=2;B=2;" },
		{ "a default is filled", "A=1;", "h:Date:d", NULL,
		    "Date=d;A=1;" },
		{ "so is a void one", "A=1;Date=c;", "h:date:d", NULL,
		    "Date=d;A=1;Date=c;" },
		{ "a filled one is like all others", "A=1;",
		    "h:Date:d h:Date:e", NULL, "Date=e;Date=d;A=1;" },
		{ "the defaults' order", "A=1;", "h:Message-Id:9 "
		    "h:Resent-Message-Id:8 h:Full-Name:7 h:From:6 "
		    "h:Resent-From:5 h:Date:4 h:Resent-Date:3 h:Return-Path:1",
		    NULL, "Return-Path=1;Resent-Date=3;Date=4;Resent-From=5;"
		    "From=6;Full-Name=7;Resent-Message-Id=8;Message-Id=9;"
		    "A=1;" },
		{ "Received is not filled but put above", "Received=c;",
		    "i0:P:p h:Received:r i1:Q:q", NULL,
		    "P=p;Q=q;Received=r;Received=c;" },
		{ "other trace names", "Via=c;", "h:Via:n h:Mail-From:m", NULL,
		    "Via=n;Via=c;Mail-From=m;" },
		{ "an added field may be empty", "X=1;", "h:X: h:Date:", NULL,
		    "Date=;X=;X=1;" },
		/* i */
		{ "0 is above Received", "A=1;B=2;", "i0:X:x h:Received:r",
		    NULL, "X=x;Received=r;A=1;B=2;" },
		{ "0 is below Return-Path", "A=1;", "i0:X:x h:Return-Path:r",
		    NULL, "Return-Path=r;X=x;A=1;" },
		{ "1 is below Received", "A=1;B=2;", "i1:X:x h:Received:r",
		    NULL, "Received=r;X=x;A=1;B=2;" },
		{ "8 is above the client's", "A=1;B=2;", "i8:X:x h:Date:d",
		    NULL, "Date=d;X=x;A=1;B=2;" },
		{ "9 is behind the client's first", "A=1;B=2;", "i9:X:x", NULL,
		    "A=1;X=x;B=2;" },
		{ "10 is behind the second", "A=1;B=2;C=3;", "i10:X:x", NULL,
		    "A=1;B=2;X=x;C=3;" },
		{ "beyond the end is the end", "A=1;B=2;",
		    "i11:X:x i99:Y:y i2147483647:Z:z", NULL,
		    "A=1;B=2;X=x;Y=y;Z=z;" },
		{ "each insertion shifts", "A=1;B=2;", "i9:X:x i9:Y:y", NULL,
		    "A=1;Y=y;X=x;B=2;" },
		{ "deleted entries are counted", "A=1;B=2;C=3;",
		    "m1:A: i10:X:x / i10:Y:y", NULL, "B=2;Y=y;X=x;C=3;" },
		{ "below 0 is 0", "A=1;", "i0:X:x i4294967295:Y:y "
		    "i2147483648:Z:z", "i0:X:x i0:Y:y i0:Z:z",
		    "Z=z;Y=y;X=x;A=1;" },
		{ "the next child sees it first", "A=1;", "i0:P:p / m1:P:n",
		    NULL, "P=n;A=1;" },
		/* m */
		{ "a change keeps place and name", "X=1;Y=2;X=3;", "m2:x:n",
		    NULL, "X=1;Y=2;X=n;" },
		{ "0 means 1", "X=1;X=2;", "m0:X:n", "m1:X:n", "X=n;X=2;" },
		{ "so does what is below", "X=1;X=2;",
		    "m4294967295:X:n m2147483648:X:", "m1:X:n m1:X:",
		    "X=2;" },
		{ "deletion does not shift", "X=1;X=2;X=3;", "m1:X: m2:X:n",
		    NULL, "X=n;X=3;" },
		{ "a deleted field comes back in place", "X=1;Y=y;X=2;",
		    "m1:X: m1:X:n", NULL, "X=n;Y=y;X=2;" },
		{ "beyond the count adds before the first", "A=1;X=1;",
		    "m5:X:n", "m2:X:n", "A=1;X=n;X=1;" },
		{ "no such name adds at the end", "A=1;", "m3:X:n", "m1:X:n",
		    "A=1;X=n;" },
		{ "beyond the count with nothing is nothing", "A=1;X=1;",
		    "m2:X: m1:Z: m2:Received:", "", "A=1;X=1;" },
		{ "beyond the count fills a default", "A=1;", "m1:Date:d", NULL,
		    "Date=d;A=1;" },
		{ "also one that is void", "Date=c;", "m2:Date:d", NULL,
		    "Date=d;Date=c;" },
		{ "but not Received", "Received=c;", "m1:Received:n "
		    "m2:Received:o", NULL, "Received=o;Received=n;" },
		/*
		 * Sendmail voids the default that such a request finds, and
		 * then does not write one of its own.
		 */
		{ "a default can be deleted", "A=1;", "m1:Date: h:Date:d",
		    NULL, "Date=d;A=1;" },
		/* between children */
		{ "deleted before is not counted", "X=1;X=2;X=3;",
		    "m1:X: / m1:X:n", "m1:X: m2:X:n", "X=n;X=3;" },
		{ "... but without headers it is", "X=1;X=2;X=3;",
		    "m1:X: ! m1:X:n", NULL, "X=n;X=2;X=3;" },
		{ "... unless that was before", "X=1;X=2;X=3;",
		    "m1:X: / m1:X: ! m1:X:n m2:X:o",
		    "m1:X: m2:X: m2:X:n m3:X:o", "X=n;X=o;" },
		{ "h fills what was deleted before", "X=1;X=2;",
		    "m2:X: / h:X:a", "m2:X: m2:X:a", "X=1;X=a;" },
		{ "... the first of them", "X=1;X=2;X=3;",
		    "m2:X: m3:X: / h:X:a", "m2:X: m3:X: m2:X:a", "X=1;X=a;" },
		{ "... unless without headers", "X=1;X=2;",
		    "m2:X: ! h:X:a", NULL, "X=a;X=1;" },
		{ "... and trace fields never", "Received=1;Received=2;",
		    "m1:Received: / h:Received:n / m1:Received:o",
		    "m1:Received: h:Received:n m1:Received:o",
		    "Received=o;Received=2;" },
		{ "m beyond the count fills the last of them", "X=1;X=2;X=3;",
		    "m1:X: m2:X: / m2:X:n", "m1:X: m2:X: m2:X:n",
		    "X=n;X=3;" },
		{ "... and with nothing nothing is sent", "X=1;X=2;",
		    "m1:X: / m2:X:", "m1:X:", "X=2;" },
		{ "... and trace fields never", "Received=1;",
		    "m1:Received: / m1:Received:n",
		    "m1:Received: m2:Received:n", "Received=n;" },
		{ "h prefers the default in front", "Date=c;",
		    "m1:Date: / h:Date:n", NULL, "Date=n;" },
		{ "m the deleted field behind", "Date=c;A=1;",
		    "m1:Date: / m1:Date:n", NULL, "Date=n;A=1;" },
		{ "m a default behind a deleted field", "A=1;",
		    "i0:Date:d m1:Date: / m1:Date:n",
		    "i0:Date:d m1:Date: m2:Date:n", "Date=n;A=1;" },
		{ "a filled and deleted default", "A=1;",
		    "h:Date:d m1:Date: / h:Date:e",
		    "h:Date:d m1:Date: m1:Date:e", "Date=e;A=1;" },
		{ "revived ones are counted again", "X=1;X=2;",
		    "m1:X: / h:X:a / m1:X:b m2:X:c",
		    "m1:X: m1:X:a m1:X:b m2:X:c", "X=b;X=c;" },
		/* No m gives an empty value: an i stands in for it. */
		{ "an empty h on a deleted field", "X=1;B=2;",
		    "m1:X: / h:x:", "m1:X: i9:X:", "X=;B=2;" },
		{ "... does not count twice", "X=1;B=2;",
		    "m1:X: / h:X: m1:X:n i9:Y:y i0:Z:z i99:E:e",
		    "m1:X: i9:X: m2:X:n i10:Y:y i0:Z:z i99:E:e",
		    "Z=z;X=n;Y=y;B=2;E=e;" },
		{ "... is deleted and filled like others", "X=1;B=2;",
		    "m1:X: / h:X: / m1:X: / h:X:o i10:C:c i11:D:d",
		    "m1:X: i9:X: m2:X: m2:X:o i11:C:c i12:D:d",
		    "X=o;B=2;C=c;D=d;" },
		{ "... and the end stays the end", "X=1;Y=2;",
		    "m1:X: m1:Y: / h:X: h:Y: i11:Z:z",
		    "m1:X: m1:Y: i9:X: i11:Y: i13:Z:z", "X=;Y=;Z=z;" },
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		hand_run(HEADER_SENDMAIL, &cases[i]);
}

ATF_TC(life);
ATF_TC_HEAD(life, tc)
{
	atf_tc_set_md_var(tc, "descr", "a list can be freed twice and used "
	    "again, and copies what it is given");
}
ATF_TC_BODY(life, tc)
{
	char name[] = "X", value[] = "1", text[TEXT] = "";
	struct header_list l;
	struct header_op in, out;

	memset(&l, 0, sizeof(l));
	header_free(&l);
	ATF_REQUIRE_EQ(header_init(&l, HEADER_SENDMAIL), 0);
	ATF_REQUIRE_EQ(header_append(&l, name, value), 0);
	ATF_REQUIRE_EQ(header_init(&l, HEADER_POSTFIX), 0);
	ATF_REQUIRE_EQ(header_append(&l, name, value), 0);
	in.code = SMFIR_ADDHEADER;
	in.index = 0;
	in.name = name;
	in.value = value;
	name[0] = 'Y';
	ATF_REQUIRE_EQ(header_apply(&l, &in, &out), 1);
	name[0] = value[0] = '?';
	sprint_shown(text, &l);
	ATF_CHECK_STREQ(text, "X=1;Y=1;");
	header_free(&l);
	header_free(&l);
	ATF_CHECK(l.entry == NULL);
}

ATF_TC(bytes);
ATF_TC_HEAD(bytes, tc)
{
	atf_tc_set_md_var(tc, "descr", "the count of bytes is that of all "
	    "names and values in the list");
}
ATF_TC_BODY(bytes, tc)
{
	static const enum header_model models[] = { HEADER_POSTFIX,
	    HEADER_SENDMAIL };
	size_t base, i, k;

	for (k = 0; k < COUNT(models); k++) {
		bool postfix = models[k] == HEADER_POSTFIX;
		struct header_list l;
		struct header_op out;
		const struct {
			struct header_op op;
			size_t bytes;
		} steps[] = {
			{ { SMFIR_ADDHEADER, 0, "Xy", "abc" }, 15 },
			{ { SMFIR_CHGHEADER, 1, "Xy", "abcdef" }, 18 },
			{ { SMFIR_INSHEADER, 0, "Z", "" }, 19 },
			/* Sendmail keeps the names of deleted ones. */
			{ { SMFIR_CHGHEADER, 1, "Xy", "" }, postfix ? 11 : 13 },
			{ { SMFIR_CHGHEADER, 1, "Xy", "" }, postfix ? 11 : 13 },
			{ { SMFIR_CHGHEADER, 1, "Xy", "ab" }, 15 },
			{ { SMFIR_CHGHEADER, 1, "date", "" }, postfix ? 5 :
			    9 },
		};

		memset(&l, 0, sizeof(l));
		ATF_REQUIRE_EQ(header_init(&l, models[k]), 0);
		base = l.bytes;
		ATF_REQUIRE_EQ(header_append(&l, "Date", "123456"), 0);
		ATF_CHECK_EQ(l.bytes, base + 10);
		for (i = 0; i < COUNT(steps); i++) {
			ATF_REQUIRE(header_apply(&l, &steps[i].op, &out) >= 0);
			ATF_CHECK_EQ_MSG(l.bytes, base + steps[i].bytes,
			    "model %zu step %zu: %zu, not %zu", k, i,
			    l.bytes - base, steps[i].bytes);
		}
		header_free(&l);
		ATF_CHECK_EQ(l.bytes, 0);
	}
}

ATF_TC(many);
ATF_TC_HEAD(many, tc)
{
	atf_tc_set_md_var(tc, "descr", "a list grows to thousands of fields "
	    "and keeps their order");
}
ATF_TC_BODY(many, tc)
{
	struct header_field f;
	struct header_list l;
	char value[16];
	size_t pos = 0;
	unsigned i;

	memset(&l, 0, sizeof(l));
	ATF_REQUIRE_EQ(header_init(&l, HEADER_SENDMAIL), 0);
	for (i = 0; i < 5000; i++) {
		snprintf(value, sizeof(value), "%u", i);
		ATF_REQUIRE_EQ(header_append(&l, "X-Field", value), 0);
	}
	for (i = 0; i < 5000; i++) {
		snprintf(value, sizeof(value), "%u", i);
		ATF_REQUIRE(header_next(&l, &pos, &f));
		ATF_REQUIRE_STREQ(f.name, "X-Field");
		ATF_REQUIRE_STREQ(f.value, value);
	}
	ATF_CHECK(!header_next(&l, &pos, &f));
	ATF_CHECK(!header_next(&l, &pos, &f));
	header_free(&l);
}

ATF_TP_ADD_TCS(tp)
{
	ATF_TP_ADD_TC(tp, postfix_by_hand);
	ATF_TP_ADD_TC(tp, sendmail_by_hand);
	ATF_TP_ADD_TC(tp, life);
	ATF_TP_ADD_TC(tp, bytes);
	ATF_TP_ADD_TC(tp, many);

	return (atf_no_error());
}
