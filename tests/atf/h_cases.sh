#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_cases.sh - the cases that every MTA goes through with and without the
# daemon between it and its milters: the list of them, and those about edits.
# Owns:      how a case is made of a table of edits.
# Called by: t_differential_postfix.sh and t_differential_sendmail.sh, with
#            CASES_MTA set; h_differential.sh tells what is compared.
# Must not:  say what the outcome has to be: the MTA alone says that.
#
# The filters are the same scripted one three times, e1 to e3: what one does
# is chosen by the sender of a message, so that one start of the MTA serves
# many messages.  In a dialogue "# NAME" stands before each of its parts.
# shellcheck disable=SC2034 # much is set for h_differential.sh

# diff_case NAME DESCRIPTION: a case that NAME_case is.
diff_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
		atf_set require.progs \"$CASES_PROGS\"
		atf_set timeout 300
	}
	$1_body() {
		$1_case
	}
	$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_differential.sh\"
		diff_cleanup
	}"
	atf_add_test_case "$1"
}

begin()
{

	. "$(atf_get_srcdir)/h_differential.sh"
	# shellcheck disable=SC2086
	diff_begin "$CASES_MTA" $WORDS
	cat >"$M/base" <<-'END'
	Received: from origin.example.net by relay.example.net;
	 Tue, 3 Mar 2026 09:59:00 +0100
	From: alice@example.org
	To: bob@example.org
	Subject: the base of all edits
	Date: Tue, 3 Mar 2026 10:00:00 +0100
	Message-ID: <base.1@client.example.org>
	X: one
	X: two
	Y: only
	X: three

	first line
	.
	third line
	END
	: >"$W/s1"
	: >"$W/s2"
	: >"$W/s3"
	: >"$W/tags"
}

# table: from lines of TAG CHILD LETTER ARGUMENT the scripts of the children:
# the option is for the messages from TAG@example.net.
table()
{

	cat >"$W/table"
	for t_n in 1 2 3; do
		awk -v n=$t_n '$2 == n {
			print "W <" $1 "@"
			letter = $3
			sub(/^[^ ]+ +[^ ]+ +[^ ]+ ?/, "")
			print letter " " $0
		}' "$W/table" >>"$W/s$t_n"
	done
	awk '!seen[$1]++ { print $1 }' "$W/table" >>"$W/tags"
}

# trio [LANGUAGE...]: the filters e1 to e3 with their scripts; the two sides.
# shellcheck disable=SC2120
trio()
{

	t_n=0
	for t_l in "${1:-c}" "${2:-c}" "${3:-c}"; do
		t_n=$((t_n + 1))
		hm_script "$t_l" e$t_n "unix:$W/e$t_n.sock" "$W/s$t_n"
		MARKS="$MARKS e$t_n"
	done
	sides "e1 e2 e3"
}

# tagged [RECIPIENT...]: a message for every tag of the tables.
tagged()
{

	while read -r t_t; do
		echo "# $t_t"
		FROM=$t_t@example.net mail "${BASE:-$M/base}" "$@"
	done <"$W/tags"
}

# tags NAME [RECIPIENT...]: all of them in one session.
tags()
{

	t_name=$1
	shift
	tagged "$@" >"$W/tagged"
	compare "$t_name" <<-END
	$(session <"$W/tagged")
	END
}

# --- edits ------------------------------------------------------------------

control_case()
{

	CONTROL=yes
	begin
	table <<-'END'
	a 1 a X: added
	b 2 i 1 Z: inserted
	c 3 q look at this
	END
	trio
	tags control bob@example.org dave@example.org
	# The filters' edits are there, and a difference would be seen.
	atf_check -o ignore grep '^X: added$' "$W/control.b/1.dave"
	atf_check -o ignore grep 'Z: inserted$' "$W/control.b/2.bob"
	atf_check test -s "$W/control.b/3.HOLD"
	echo x >>"$W/control.b/1.dave"
	atf_check -s exit:1 -o ignore diff -ra "$W/control.a" "$W/control.b"
}

addheader_case()
{

	begin
	awk 'BEGIN {
		printf "long 1 a Z:"
		for (i = 0; i < 200; i++)
			printf " word%d", i
		print ""
	}' >"$W/lines"
	cat >>"$W/lines" <<-'END'
	new 1 a Z: added
	existing 1 a X: added
	other-case 1 a x: added
	twice 1 a Z: first
	twice 1 a Z: second
	twice-existing 1 a X: first
	twice-existing 1 a X: second
	empty 1 a Z:
	blank 1 a Z:  two blanks
	folded 1 a Z: a\n b\n	c
	eightbit 1 a Z: ümläut
	received 1 a Received: from nowhere by chance
	date 1 a Date: Wed, 4 Mar 2026 10:00:00 +0100
	from 1 a From: dave@example.org
	msgid 1 a Message-Id: <added@example.org>
	resent 1 a Resent-Date: Wed, 4 Mar 2026 10:00:00 +0100
	full 1 a Full-Name: Alice Example
	return 1 a Return-Path: <x@example.org>
	bcc 1 a Bcc: dave@example.org
	END
	table <"$W/lines"
	trio
	tags addheader
	# Where there is nothing, an MTA has names of its own.
	printf 'X: only\n\nno Date, no From\n' >"$M/bare"
	BASE=$M/bare
	tags bare
}

insheader_case()
{

	begin
	{
		for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 20 21 22 1000; do
			echo "new$i 1 i $i Z: inserted"
			echo "old$i 1 i $i X: inserted"
		done
		echo "rec0 1 i 0 Received: from nowhere by chance"
		echo "rec1 1 i 1 Received: from nowhere by chance"
		echo "date0 1 i 0 Date: Wed, 4 Mar 2026 10:00:00 +0100"
		echo "date9 1 i 9 Date: Wed, 4 Mar 2026 10:00:00 +0100"
		echo "up 1 i 1 Z: first"
		echo "up 1 i 2 Z: second"
		echo "up 1 i 3 Z: third"
		echo "down 1 i 1 Z: first"
		echo "down 1 i 1 Z: second"
		echo "down 1 i 1 Z: third"
		echo "empty 1 i 1 Z:"
	} >"$W/lines"
	table <"$W/lines"
	trio
	tags insheader
}

chgheader_case()
{

	begin
	{
		for i in 0 1 2 3 4 9; do
			echo "chg$i 1 c $i X: changed"
			echo "del$i 1 d $i X"
		done
	} >"$W/lines"
	cat >>"$W/lines" <<-'END'
	case 1 c 1 x: changed
	absent 1 c 1 Z: changed
	absent2 1 c 2 Z: changed
	noabsent 1 d 1 Z
	y2 1 c 2 Y: changed
	fold 1 c 2 X: one\n	two
	blank 1 c 1 X:  two blanks
	date 1 c 1 Date: Wed, 4 Mar 2026 10:00:00 +0100
	nodate 1 d 1 Date
	nofrom 1 d 1 From
	nomsgid 1 d 1 Message-ID
	nosubject 1 d 1 Subject
	nobody-to 1 d 1 To
	rec1 1 c 1 Received: from nowhere by chance
	rec2 1 c 2 Received: from nowhere by chance
	norec 1 d 1 Received
	full 1 c 1 Full-Name: Alice Example
	all 1 d 1 X
	all 1 d 1 X
	all 1 d 1 X
	all321 1 d 3 X
	all321 1 d 2 X
	all321 1 d 1 X
	all123 1 d 1 X
	all123 1 d 2 X
	all123 1 d 3 X
	delchg 1 d 1 X
	delchg 1 c 1 X: changed
	deladd 1 d 2 X
	deladd 1 a X: added
	adddel 1 a X: added
	adddel 1 d 1 X
	inschg 1 i 1 X: inserted
	inschg 1 c 1 X: changed
	END
	table <"$W/lines"
	trio
	tags chgheader
}

recipients_case()
{

	begin
	table <<-'END'
	add 1 A dave@example.org
	addb 1 A <dave@example.org>
	same 1 A bob@example.org
	twice 1 A dave@example.org
	twice 1 A dave@example.org
	par 1 E dave@example.org NOTIFY=NEVER
	par2 1 E <dave@example.org> NOTIFY=DELAY ORCPT=rfc822;x@example.org
	del 1 D bob@example.org
	delb 1 D <bob@example.org>
	deladd 1 D bob@example.org
	deladd 1 A bob@example.org
	delno 1 D dave@example.org
	delall 1 D bob@example.org
	delall 1 D carol@example.org
	chain 1 A dave@example.org
	chain 2 D dave@example.org
	chain2 1 D bob@example.org
	chain2 2 A bob@example.org
	chain2 3 A dave@example.org
	hold 1 E dave@example.org NOTIFY=NEVER
	hold 2 D carol@example.org
	hold 3 q the queue shows the parameters
	END
	trio
	tags recipients bob@example.org carol@example.org
}

sender_case()
{

	begin
	table <<-'END'
	plain 1 f erin@example.org
	angle 1 f <erin@example.org>
	null 1 f <>
	par 1 F erin@example.org RET=HDRS ENVID=abc
	last 1 f erin@example.org
	last 1 f frank@example.org
	chain 1 f erin@example.org
	chain 2 f frank@example.org
	chain 3 f alice@example.org
	hold 1 F erin@example.org RET=HDRS ENVID=abc
	hold 2 q the queue shows the parameters
	hold2 1 q first
	hold2 3 F <erin@example.org> ENVID=xyz
	END
	trio
	tags sender
}

replacebody_case()
{

	begin
	awk 'BEGIN {
		for (i = 0; i < 3000; i++)
			printf "this is line %d of a bigger body\r\n", i
	}' >"$M/bigger"
	printf 'small\r\n' >"$M/smaller"
	printf 'no line end' >"$M/noend"
	printf '.\r\n..\r\n\r\n.\r\n' >"$M/dots"
	printf 'a\nb\r\nc\rd\r\n' >"$M/ends"
	: >"$M/empty"
	for f in bigger smaller noend dots ends empty; do
		echo "$f 1 B $M/$f"
		echo "$f-then-line 1 B $M/$f"
		echo "$f-then-line 2 b added by the second"
		echo "bigger-$f 1 B $M/bigger"
		echo "bigger-$f 3 B $M/$f"
	done >"$W/lines"
	cat >>"$W/lines" <<-END
	line 1 b one line more
	line3 1 b one
	line3 2 b two
	line3 3 b three
	first 1 a Z: before the body
	first 1 B $M/smaller
	mixed 1 B $M/smaller
	mixed 2 a Z: by the second
	mixed 3 B $M/bigger
	END
	table <"$W/lines"
	trio
	tags replacebody
	# A message without a body has one then.
	printf 'From: alice@example.org\nSubject: nothing\n\n' >"$M/nobody"
	BASE=$M/nobody
	tags nobody
}

quarantine_case()
{

	begin
	table <<-'END'
	one 1 q let me see
	two 2 q let me see
	three 3 q let me see
	empty 1 q 
	both 1 q first reason
	both 2 q second reason
	edits1 1 a Z: by the first
	edits1 1 q first
	edits1 2 a Z: by the second
	edits1 3 b by the third
	edits2 1 a Z: by the first
	edits2 2 q second
	edits2 3 A dave@example.org
	END
	trio
	tags quarantine
}

# Two or three children at the same names.
chains_case()
{

	begin
	table <<-'END'
	d1c1 1 d 1 X
	d1c1 2 c 1 X: changed
	d1c2 1 d 1 X
	d1c2 2 c 2 X: changed
	d1c3 1 d 1 X
	d1c3 2 c 3 X: changed
	d1c4 1 d 1 X
	d1c4 2 c 4 X: changed
	d2a 1 d 2 X
	d2a 2 a X: added
	d3a 1 d 3 X
	d3a 2 a X: added
	d3a 3 c 1 X: changed
	a-d1 1 a X: added
	a-d1 2 d 1 X
	a-d4 1 a X: added
	a-d4 2 d 4 X
	a-d1-c1 1 a X: added
	a-d1-c1 2 d 1 X
	a-d1-c1 3 c 1 X: changed
	a-a-d2 1 a X: added by the first
	a-a-d2 2 a X: added by the second
	a-a-d2 3 d 2 X
	d1d1d1 1 d 1 X
	d1d1d1 2 d 1 X
	d1d1d1 3 d 1 X
	c1c1c1 1 c 1 X: first
	c1c1c1 2 c 1 X: second
	c1c1c1 3 c 1 X: third
	all-a-c 1 d 1 X
	all-a-c 1 d 1 X
	all-a-c 1 d 1 X
	all-a-c 1 d 2 X
	all-a-c 1 d 3 X
	all-a-c 2 a X: back
	all-a-c 3 c 1 X: changed
	i-i-i 1 i 1 Z: first
	i-i-i 2 i 1 Z: second
	i-i-i 3 i 1 Z: third
	i0-i0-i0 1 i 0 Z: first
	i0-i0-i0 2 i 0 Z: second
	i0-i0-i0 3 i 0 Z: third
	i12-i12 1 i 12 X: first
	i12-i12 2 i 12 X: second
	i12-i12 3 c 3 X: changed
	i5-d2-i5 1 i 5 X: inserted
	i5-d2-i5 2 d 2 X
	i5-d2-i5 3 i 5 X: inserted again
	d1-i3-c1 1 d 1 Y
	d1-i3-c1 2 i 3 Y: back
	d1-i3-c1 3 c 1 Y: changed
	d1-c1-y 1 d 1 Y
	d1-c1-y 2 c 1 Y: back
	d1-a-y 1 d 1 Y
	d1-a-y 2 a Y: back
	d1-a-d1-a 1 d 1 Y
	d1-a-d1-a 2 a Y: back
	d1-a-d1-a 2 d 1 Y
	d1-a-d1-a 3 a Y: and again
	date 1 d 1 Date
	date 2 a Date: Wed, 4 Mar 2026 10:00:00 +0100
	date2 1 d 1 Date
	date2 2 c 1 Date: Wed, 4 Mar 2026 10:00:00 +0100
	date2 3 d 1 Date
	from 1 d 1 From
	from 2 c 1 From: erin@example.org
	from 3 c 2 From: frank@example.org
	rec 1 d 1 Received
	rec 2 a Received: from nowhere by chance
	rec 3 c 1 Received: from nowhere by design
	full 1 a Full-Name: first
	full 2 c 1 Full-Name: second
	full 3 d 1 Full-Name
	subject 1 c 1 Subject: first
	subject 2 d 1 Subject
	subject 3 a Subject: third
	END
	trio
	tags chains
}

# Edits by chance, the same ones in every run; MM_TEST_SEED gives others.
random_case()
{

	begin
	awk -v seed="${MM_TEST_SEED:-1}" 'BEGIN {
		srand(seed)
		n = split("X X X Y Z Date Subject Received Full-Name", name)
		for (k = 1; k <= 70; k++)
		for (child = 1; child <= 3; child++)
		for (ops = int(rand() * 4); ops > 0; ops--) {
			what = substr("aiccd", int(rand() * 5) + 1, 1)
			x = name[int(rand() * n) + 1]
			v = x ": v" k child ops
			at = int(rand() * (what == "i" ? 22 : 5))
			if (what == "a")
				op = v
			else if (what == "d")
				op = at " " x
			else
				op = at " " v
			print "r" k " " child " " what " " op
		}
	}' >"$W/lines"
	table <"$W/lines"
	trio
	tags random
}

diff_cases()
{

	. "$(atf_get_srcdir)/h_cases_mail.sh"
	diff_case control "two runs over the same milters in the MTA itself \
compare as equal"
	diff_case addheader "an added header is where the MTA puts it"
	diff_case insheader "an inserted header is where the MTA puts it"
	diff_case chgheader "a changed or deleted header is the one that the \
MTA takes"
	diff_case recipients "recipients come and go as in the MTA"
	diff_case sender "the sender is changed as in the MTA"
	diff_case replacebody "a body is replaced as in the MTA"
	diff_case quarantine "a quarantined message is held as by the MTA"
	diff_case chains "two and three children edit the same headers as in \
the MTA"
	diff_case random "edits by chance of three children come out as in the \
MTA"
	diff_case verdict_connect "a verdict at connect is what the client \
gets from the MTA"
	diff_case verdict_helo "a verdict at HELO is what the client gets from \
the MTA"
	diff_case verdict_mail "a verdict at MAIL reaches client and children \
as in the MTA"
	diff_case verdict_rcpt "a verdict at RCPT reaches client and children \
as in the MTA"
	diff_case verdict_data "a verdict at DATA reaches client and children \
as in the MTA"
	diff_case verdict_header "a verdict at a header reaches client and \
children as in the MTA"
	diff_case verdict_eoh "a verdict at the end of the headers reaches \
client and children as in the MTA"
	diff_case verdict_body "a verdict at the body reaches client and \
children as in the MTA"
	diff_case verdict_eom "a verdict at the end of the message reaches \
client and children as in the MTA"
	diff_case verdict_unknown "a verdict at an unknown command reaches \
client and children as in the MTA"
	diff_case verdict_unknown_bye "a verdict at an unknown command that \
ends the session is what the client gets from the MTA"
	diff_case mixed "recipients refused by one child or another, or by \
all, are those of the MTA"
	diff_case rset "RSET, HELO and MAIL at every place are what they are to \
the MTA's own milters"
	diff_case session "pipelining, and clients that leave, change no byte"
	diff_case several "messages of one connection that end differently do \
not touch each other"
	diff_case parameters "parameters and odd addresses reach the children \
as from the MTA"
	diff_case smtputf8 "addresses and headers in UTF-8 are as in the MTA"
	diff_case odd "messages without headers or body, with long lines, NUL \
or bare CR come out as from the MTA"
	diff_case big "a message of 10 MB comes out as from the MTA"
	diff_case wishes "children that want fewer events or no replies get \
what the MTA would give them"
	diff_case macros "a child that asks for macros of its own gets what \
it would get from the MTA"
	diff_case auth "the macros of an authenticated client reach the \
children as from the MTA"
	diff_case local "a message that comes without the network is filtered \
as by the MTA"
	diff_case languages "children over libmilter, pymilter and PMilter in a \
chain: the MTA's outcome"
	diff_case languages2 "children over pymilter, PMilter and libmilter in \
a chain: the MTA's outcome"
	diff_case languages3 "children over PMilter, libmilter and pymilter in \
a chain: the MTA's outcome"
	diff_case pymilter "the edits of children over pymilter are the MTA's"
	diff_case pmilter "the edits of children over PMilter are the MTA's"
	diff_case verdicts_py "verdicts of a child over pymilter are the MTA's"
	diff_case verdicts_pl "verdicts of a child over PMilter are the MTA's"
}
