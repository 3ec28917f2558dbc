#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_ideas_content.sh - the conformance ideas 40 to 58: header, body, and edits.
# See t_ideas_negotiation.sh.

. "$(atf_get_srcdir)/h_wire.sh"

# 15 bytes times 4369 are a full chunk; 200000 are three and 3395.
full="'0123456789abcde'*4369"
rest="'0123456789abcde'*226 '01234'"

wire_case idea_40 "a body of 200000 bytes, in the MTA's chunks and as one frame"
idea_40_body()
{

	chain c1 c2
	{
		printf 'negotiate\npass CHMRT\npass c1: LN\n'
		for chunk in "$full" "$full" "$full" "$rest"; do
			printf 'pass c1: B %s\n' "$chunk"
		done
		printf 'mta> E\nc1< E\nc1> c\nfeed c2: LN\n'
		for chunk in "$full" "$full" "$full" "$rest"; do
			printf 'feed c2: B %s\n' "$chunk"
		done
		printf 'c2< E\nc2> c\nmta< c\n'
	} > script
	talk c1 c2 < script
	{
		printf 'negotiate\npass CHMRT\npass c1: LN\n'
		printf 'mta> B %s %s %s %s\n' "$full" "$full" "$full" "$rest"
		for chunk in "$full" "$full" "$full" "$rest"; do
			printf 'feed c1: B %s\n' "$chunk"
		done
		printf 'mta< c\nmta> E\nc1< E\nc1> c\nfeed c2: LN\n'
		for chunk in "$full" "$full" "$full" "$rest"; do
			printf 'feed c2: B %s\n' "$chunk"
		done
		printf 'c2< E\nc2> c\nmta< c\n'
	} > script
	talk c1 c2 < script
}

wire_case idea_41 "CR and LF of one pair in two chunks"
idea_41_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	pass c1: B 'one\r'
	pass c1: B '\n'
	pass c1: B '\ntwo\r\r\n'
	mta> E
	c1< E
	c1> c
	feed c2: LN
	feed c2: B 'one\r\n\ntwo\r\r\n'
	c2< E
	c2> c
	mta< c
	END
	chain_with 'manager.chunk_size = 4' -- c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	pass c1: B 'one\r\ntwo\r\n'
	mta> E
	c1< E
	c1> b 'abc\r'
	c1> b '\n'
	c1> c
	feed c2: LN
	feed c2: B 'abc\r'
	feed c2: B '\n'
	c2< E
	c2> c
	mta< b 'abc\r'
	mta< b '\n'
	mta< c
	END
}

wire_case idea_42 "NUL bytes in the body are unchanged"
idea_42_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	pass c1: B '\0'
	pass c1: B 'a\0b\0\0'
	mta> E
	c1< E
	c1> c
	feed c2: LN
	feed c2: B '\0a\0b\0\0'
	c2< E
	c2> b '\0\0'
	c2> b '\xff\0'
	c2> c
	mta< b '\0\0\xff\0'
	mta< c
	END
}

wire_case idea_43 "end of message with payload: body, then an empty one"
idea_43_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	pass c1: B 'first '
	mta> E 'last'
	c1< B 'last'
	c1> c
	c1< E
	c1> c
	feed c2: LN
	feed c2: B 'first last'
	c2< E
	c2> c
	mta< c
	# It is the whole body; and one who has skipped gets none of it.
	pass MRT
	pass c1: LN
	mta> E 'all'
	c1< B 'all'
	c1> s
	c1< E
	c1> c
	feed c2: LN
	feed c2: B 'all'
	c2< E
	c2> c
	mta< c
	END
}

wire_case idea_44 "without a body there is no chunk, without headers no field"
idea_44_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	finish LN
	pass MRT
	pass c1: N
	finish N
	END
}

wire_case idea_45 "one child skips the body, the other one gets it all"
idea_45_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	pass c1: B 'one'
	mta> B 'two'
	c1< B 'two'
	c1> s
	mta< c
	mta> B 'three'
	mta< c
	mta> E
	c1< E
	c1> c
	feed c2: LN
	c2< B 'onetwothree'
	c2> s
	c2< E
	c2> c
	mta< c
	# The next message has the bodies again.
	pass MRT
	pass c1: LNB
	finish
	END
}

wire_case idea_46 "the only child skips the body: so does the MTA if it can"
idea_46_body()
{

	chain c1
	talk c1 <<-'END'
	negotiate
	pass CHMRT
	pass LN
	mta> B
	c1< B
	c1> s
	mta< s
	finish
	mta close
	c1< Q
	c1< eof
	mta> O 00000006 000001ff 001ffbff
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000400
	mta< O 00000006 000001ff 00000000
	pass CHMRT
	pass LN
	mta> B
	c1< B
	c1> s
	mta< c
	mta> B
	mta< c
	finish
	END
	# The other one has declined it, or is done with the message.
	chain c1 c2
	talk c1 c2 <<-'END'
	c2 offer 00000006 000001ff 00000010
	negotiate
	pass CHMRT
	pass c1: LN
	mta> B
	c1< B
	c1> s
	mta< s
	finish LN
	mta close
	c1< Q
	c1< eof
	c2< Q
	c2< eof
	c2 offer 00000006 000001ff 00000000
	negotiate
	pass CHM
	mta> R
	c1< R
	c1> c
	c2< R
	c2> a
	mta< c
	pass c1: T
	pass c1: LN
	mta> B
	c1< B
	c1> s
	mta< s
	finish c1:
	END
}

# Header edits: X 1, X 2, Y y; c1's edits, what c2 is shown, c2's edits, and
# what the MTA is told.  Each argument has one frame a line.
#
#	header_edits MTA C1 SHOWN C2 MTA-GETS
header_edits()
{

	[ -f mm.mta ] && [ "$(cat mm.mta)" = "$1" ] ||
	    chain_with "manager.mta = \"$1\"" -- c1 c2
	echo "$1" > mm.mta
	{
		printf 'negotiate\npass CHMRT\n'
		printf 'pass c1: L "%s" "%s"\n' X 1 X 2 Y y
		printf 'pass c1: N\nmta> E\nc1< E\n'
		each 'c1> ' "$2"
		printf 'c1> c\n'
		each 'feed c2: L ' "$3"
		printf 'feed c2: N\nc2< E\n'
		each 'c2> ' "$4"
		printf 'c2> c\n'
		each 'mta< ' "$5"
		printf 'mta< c\n'
	} > script
	talk c1 c2 < script
}

each()
{

	[ -z "$2" ] || printf '%s\n' "$2" | sed "s/^/$1/"
}

wire_case idea_47 "an added field of a new name is the next child's last"
idea_47_body()
{

	for mta in postfix sendmail; do
		header_edits $mta 'h "Z" "z"' '"X" "1"
"X" "2"
"Y" "y"
"Z" "z"' '' 'h "Z" "z"'
	done
}

wire_case idea_48 "an added field of an old name: first or last of that name"
idea_48_body()
{

	header_edits postfix 'h "X" "0"' '"X" "1"
"X" "2"
"Y" "y"
"X" "0"' '' 'h "X" "0"'
	header_edits sendmail 'h "x" "0"' '"x" "0"
"X" "1"
"X" "2"
"Y" "y"' '' 'h "x" "0"'
	# Date is one that Sendmail would generate: above all others.
	header_edits sendmail 'h "Date" "d"' '"Date" "d"
"X" "1"
"X" "2"
"Y" "y"' '' 'h "Date" "d"'
}

wire_case idea_49 "a field inserted at 0 is the next child's first"
idea_49_body()
{

	for mta in postfix sendmail; do
		header_edits $mta 'i 00000000 "Z" "z"' '"Z" "z"
"X" "1"
"X" "2"
"Y" "y"' 'm 00000001 "Z" "z2"' 'i 00000000 "Z" "z"
m 00000001 "Z" "z2"'
	done
	# Behind the first field of the client: each counts its own hidden ones.
	header_edits postfix 'i 00000002 "Z" "z"' '"X" "1"
"Z" "z"
"X" "2"
"Y" "y"' '' 'i 00000002 "Z" "z"'
	header_edits sendmail 'i 00000009 "Z" "z"' '"X" "1"
"Z" "z"
"X" "2"
"Y" "y"' '' 'i 00000009 "Z" "z"'
}

wire_case idea_50 "the first child deletes number 1, the second changes number 1"
idea_50_body()
{

	header_edits postfix 'm 00000001 "X" ""' '"X" "2"
"Y" "y"' 'm 00000001 "X" "n"' 'm 00000001 "X" ""
m 00000001 "X" "n"'
	header_edits sendmail 'm 00000001 "X" ""' '"X" "2"
"Y" "y"' 'm 00000001 "X" "n"' 'm 00000001 "X" ""
m 00000002 "X" "n"'
	# Within one child Sendmail's numbers do not move.
	header_edits sendmail 'm 00000001 "X" ""
m 00000002 "X" "n"' '"X" "n"
"Y" "y"' '' 'm 00000001 "X" ""
m 00000002 "X" "n"'
	header_edits postfix 'm 00000001 "X" ""
m 00000001 "X" "n"' '"X" "n"
"Y" "y"' '' 'm 00000001 "X" ""
m 00000001 "X" "n"'
}

wire_case idea_51 "the first child deletes number 2, the second adds the name"
idea_51_body()
{

	header_edits sendmail 'm 00000002 "X" ""' '"X" "1"
"Y" "y"' 'h "X" "n"' 'm 00000002 "X" ""
m 00000002 "X" "n"'
	header_edits postfix 'm 00000002 "X" ""' '"X" "1"
"Y" "y"' 'h "X" "n"' 'm 00000002 "X" ""
h "X" "n"'
}

wire_case idea_52 "number 0 of a change is number 1"
idea_52_body()
{

	# To Postfix nothing is translated; what goes to Sendmail names a field.
	header_edits postfix 'm 00000000 "X" "n"' '"X" "n"
"X" "2"
"Y" "y"' 'm 00000000 "Y" ""' 'm 00000000 "X" "n"
m 00000000 "Y" ""'
	header_edits sendmail 'm 00000000 "X" "n"' '"X" "n"
"X" "2"
"Y" "y"' 'm 00000000 "Y" ""' 'm 00000001 "X" "n"
m 00000001 "Y" ""'
}

wire_case idea_53 "a change beyond the count adds, a deletion does nothing"
idea_53_body()
{

	header_edits postfix 'm 00000005 "X" "n"
m 00000005 "Y" ""' '"X" "1"
"X" "2"
"Y" "y"
"X" "n"' '' 'm 00000005 "X" "n"
m 00000005 "Y" ""'
	header_edits sendmail 'm 00000005 "X" "n"
m 00000005 "Y" ""' '"X" "n"
"X" "1"
"X" "2"
"Y" "y"' '' 'm 00000003 "X" "n"'
}

wire_case idea_54 "two new bodies: one run of frames, the last child's"
idea_54_body()
{

	chain c1 c2
	{
		printf 'negotiate\npass CHMRT\npass c1: LNB\nmta> E\nc1< E\n'
		printf 'c1> b %s\n' "'first'" "$full" "'end'"
		printf 'c1> c\nfeed c2: LN\n'
		printf "feed c2: B 'first' '0123456789abcde'*4368 %s\n" \
		    "'0123456789'"
		printf "feed c2: B 'abcde' 'end'\n"
		printf "c2< E\nc2> b 'second'\nc2> b ' one'\nc2> c\n"
		printf "mta< b 'second one'\nmta< c\n"
		# Nothing of it is left for the next message.
		printf 'pass MRT\npass c1: LNB\nfinish\n'
	} > script
	talk c1 c2 < script
}

wire_case idea_55 "edits between the pieces of a new body go up before it"
idea_55_body()
{

	chain c1
	talk c1 <<-'END'
	negotiate
	pass CHMRT
	pass LNB
	mta> E
	c1< E
	c1> b 'one '
	c1> h "X" "v"
	c1> p
	c1> b 'two'
	c1> + "<r2@example.org>"
	c1> - "<r@example.org>"
	c1> e "<s2@example.org>" "RET=HDRS"
	c1> 2 "<r3@example.org>" "NOTIFY=NEVER"
	c1> e "<s3@example.org>"
	c1> 2 "<r4@example.org>" ""
	c1> c
	mta< p
	mta< h "X" "v"
	mta< + "<r2@example.org>"
	mta< - "<r@example.org>"
	mta< e "<s2@example.org>" "RET=HDRS"
	mta< 2 "<r3@example.org>" "NOTIFY=NEVER"
	mta< e "<s3@example.org>"
	mta< 2 "<r4@example.org>" ""
	mta< b 'one two'
	mta< c
	END
	# A body of more than one frame, as one run.
	{
		printf 'negotiate\npass CHMRT\npass LNB\nmta> E\nc1< E\n'
		printf 'c1> b %s %s\nc1> q "held"\nc1> b %s\nc1> c\n' \
		    "$full" "$full" "$rest"
		printf 'mta< q "held"\n'
		printf 'mta< b %s\n' "$full" "$full" "$rest"
		printf 'mta< c\n'
	} > script
	talk c1 < script
}

wire_case idea_56 "an empty new body is one empty frame, and no chunk"
idea_56_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LNB
	mta> E
	c1< E
	c1> b ''
	c1> c
	feed c2: LN
	c2< E
	c2> h "X" "v"
	c2> c
	mta< h "X" "v"
	mta< b ''
	mta< c
	END
}

wire_case idea_57 "the first child edits, the second refuses: no edit goes up"
idea_57_body()
{

	chain c1 c2
	for reply in r t d 'y "550 5.7.1 no"'; do
		cat > script <<-END
		negotiate
		pass CHMRT
		pass c1: LNB
		mta> E
		c1< E
		c1> h "X" "v"
		c1> b 'new'
		c1> c
		c2< L
		c2> c
		c2< L "X" "v"
		c2> c
		feed c2: N
		feed c2: B 'new'
		c2< E
		c2> h "Y" "v"
		c2> $reply
		mta< $reply
		pass MRT
		pass c1: LNB
		finish
		END
		talk c1 c2 < script
	done
}

wire_case idea_58 "quarantine by the first child, continue by the second"
idea_58_body()
{

	chain_with 'manager.mta = "sendmail"' -- c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LNB
	mta> E
	c1< E
	c1> q "smells"
	c1> c
	feed c2: LNB
	c2< E
	c2> q "more"
	c2> c
	mta< q "smells"
	mta< q "more"
	mta< c
	END
	# Postfix shows a held message to nobody else.
	chain_with 'manager.mta = "postfix"' -- c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LNB
	mta> E
	c1< E
	c1> q "smells"
	c1> c
	c2< A
	mta< q "smells"
	mta< c
	pass MRT
	END
}

atf_init_test_cases()
{

	for n in 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58; do
		atf_add_test_case idea_$n
	done
}
