#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_rules_verdict.sh - rules of the protocol that no conformance idea names: each
# verdict at each stage, skip, reply codes, edits.

. "$(atf_get_srcdir)/h_wire.sh"

# What each verdict is, as c1 sends it and as the MTA gets it.
refusals='r
t
y "550 5.7.1 no"
y "450 4.7.1 later"
y "421 4.3.2 closing"'

# reach STAGES: the steps that lead there.
reach()
{

	reach_envelope=$(echo "$1" | tr -d LNB)
	[ -z "$reach_envelope" ] || echo "pass $reach_envelope"
	case $1 in
	*L*) echo "pass c1: ${1#"$reach_envelope"}" ;;
	esac
}

# asked WHO STAGES REPLY: the MTA sends the last stage, who replies that.
asked()
{

	reach "${2%?}"
	stage=${2#"${2%?}"}
	printf 'mta> %s\nc1< %s\n' "$stage" "$stage"
	[ "$1" = c1 ] || printf 'c1> c\nc2< %s\n' "$stage"
	printf '%s> %s\n' "$1" "$3"
}

wire_case first_refuses "the first child refuses, at each stage"
first_refuses_body()
{

	chain c1 c2
	for stages in C CH CHM CHMR CHMRT CHU CHMRTL CHMRTLN CHMRTLNB \
	    CHMRTLNBE; do
		echo "$refusals" | while read -r reply; do
			echo negotiate
			asked c1 $stages "$reply"
			case $stages in
			*[LNBE]) echo 'c2< A' ;;
			esac
			echo "mta< $reply"
			case $stages in
			C | CH)
				# For the rest of the session.
				printf 'mta> M\nmta< %s\n' "$reply"
				printf 'mta> U\nmta< %s\n' "$reply" ;;
			CHMR)
				# For this recipient.
				printf 'pass RT\n' ;;
			CHMRT)
				# The MTA keeps the message until it says ABORT.
				printf 'mta> A\nc2< A\npass MR\n' ;;
			CHU)
				printf 'pass UMRU\n' ;;
			*)
				printf 'mta> A\npass MRT\n' ;;
			esac
			echo 'mta close'
			for c in c1 c2; do
				printf '%s< Q\n%s< eof\n' $c $c
			done
		done > script
		talk c1 c2 < script
	done
}

wire_case second_refuses "the second child refuses, at each stage"
second_refuses_body()
{

	chain c1 c2 c3
	for stages in C CH CHM CHMR CHMRT CHU; do
		echo "$refusals" | while read -r reply; do
			echo negotiate
			asked c2 $stages "$reply"
			case $stages in
			CHM) echo 'c1< A' ;;
			esac
			echo "mta< $reply"
			case $stages in
			CHMR)
				printf 'pass R\n' ;;
			CHMRT)
				printf 'c1!\nmta> A\nc1< A\nc3< A\npass M\n' ;;
			esac
			echo 'mta close'
			for c in c1 c2 c3; do
				printf '%s< Q\n%s< eof\n' $c $c
			done
		done > script
		talk c1 c2 c3 < script
	done
}

wire_case discard "discard at each stage"
discard_body()
{

	chain c1 c2
	for stages in C CH CHM CHMR CHMRT CHU CHMRTL CHMRTLN CHMRTLNB \
	    CHMRTLNBE; do
		stage=${stages#"${stages%?}"}
		{
			echo negotiate
			asked c1 $stages d
			case $stages in
			C | CH | CHU)
				printf 'c2< %s\nc2> c\nmta< c\n' $stage ;;
			CHM)
				printf 'mta< d\nmta> A\npass M\n' ;;
			CHMR)
				printf 'c1< A\nc2< A\nmta< d\n'
				printf 'mta> R\nmta< d\nmta> A\npass M\n' ;;
			*)
				printf 'c2< A\nmta< d\nmta> A\npass M\n' ;;
			esac
		} > script
		talk c1 c2 < script
	done
}

wire_case accept "accept at each stage: that child is out"
accept_body()
{

	chain c1 c2
	for stages in C CH CHM CHMR CHMRT CHU CHMRTL CHMRTLN CHMRTLNB \
	    CHMRTLNBE; do
		stage=${stages#"${stages%?}"}
		{
			echo negotiate
			asked c1 $stages a
			case $stages in
			C | CH)
				printf 'c1< Q\nc1< eof\n' ;;
			esac
			case $stages in
			*[LNB])
				echo "feed c2: ${stages#CHMRT}" ;;
			*E)
				printf 'feed c2: LNB\nc2< E\nc2> c\n' ;;
			*)
				printf 'c2< %s\nc2> c\n' $stage ;;
			esac
			echo 'mta< c'
			case $stages in
			C) printf 'pass c2: HMRT\n' ;;
			CH) printf 'pass c2: MRT\n' ;;
			CHM) printf 'pass c2: RT\nmta> A\nc2< A\npass M\n' ;;
			CHMR) printf 'pass c2: RT\nmta> A\nc2< A\npass M\n' ;;
			CHMRT) printf 'pass c2: LNB\nfinish c2:\npass M\n' ;;
			CHU) printf 'pass c2: U\npass MUR\n' ;;
			CHMRTL) printf 'pass c2: NB\nfinish c2:\npass M\n' ;;
			CHMRTLN) printf 'pass c2: B\nfinish c2:\npass M\n' ;;
			CHMRTLNB) printf 'finish c2:\npass M\n' ;;
			*) printf 'mta> A\npass M\n' ;;
			esac
		} > script
		talk c1 c2 < script
	done
}

wire_case accept_up "accept goes up only when every child is out"
accept_up_body()
{

	chain c1 c2
	for stages in CHM CHMR CHMRT; do
		stage=${stages#"${stages%?}"}
		{
			echo negotiate
			asked c1 $stages a
			printf 'c2< %s\nc2> a\nmta< a\npass MRT\n' $stage
		} > script
		talk c1 c2 < script
	done
	for stages in L LN LNB; do
		stage=${stages#"${stages%?}"}
		{
			echo negotiate
			asked c1 CHMRT$stages a
			[ -z "${stages%?}" ] || echo "feed c2: ${stages%?}"
			printf 'c2< %s\nc2> a\nmta< a\npass MRT\n' $stage
		} > script
		talk c1 c2 < script
	done
	# One who has declined all that can be declined still wants the end; and
	# nobody's accept of an unknown command goes up.
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 0000037f
	negotiate
	pass c2: CH
	mta> U
	c2< U
	c2> a
	mta< c
	mta> M
	c2< M
	c2> a
	mta< c
	mta> R
	mta< c
	mta> T
	mta< c
	mta> L
	mta< c
	mta> N
	mta< c
	mta> B
	mta< s
	mta> E
	c1< E
	c1> c
	mta< c
	END
}

wire_case skip "skip: no more of this kind in this message, for that child"
skip_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> C
	c1< C
	c1> s
	c2< C
	c2> c
	mta< c
	mta> H
	c1< H
	c1> c
	c2< H
	c2> s
	mta< c
	mta> U
	c1< U
	c1> s
	c2< U
	c2> s
	mta< c
	pass U
	mta> M
	c1< M
	c1> s
	c2< M
	c2> c
	mta< c
	mta> R "<1>"
	c1< R "<1>"
	c1> s
	c2< R "<1>"
	c2> c
	mta< c
	pass c2: R "<2>"
	mta> T
	c1< T
	c1> s
	c2< T
	c2> s
	mta< c
	mta> L "A" "1"
	c1< L "A" "1"
	c1> s
	mta< c
	mta> L "B" "2"
	mta< c
	mta> N
	c1< N
	c1> s
	mta< c
	mta> B 'one'
	c1< B 'one'
	c1> s
	mta< c
	mta> B 'two'
	mta< c
	mta> E
	c1< E
	c1> h "C" "3"
	c1> s
	c2< L "A" "1"
	c2> c
	c2< L "B" "2"
	c2> s
	feed c2: N
	feed c2: B 'onetwo'
	c2< E
	c2> s
	mta< h "C" "3"
	mta< c
	# All of it is there again in the next one.
	pass MRRT
	pass c1: LLNB
	finish LLNB
	END
}

wire_case progress "progress is taken at any stage, and goes up at the last"
progress_body()
{

	chain c1
	talk c1 <<-'END'
	mta> O 00000006 000001ff 001fffff
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000000
	c1> p
	mta< O 00000006 000001ff 00000400
	pass C
	mta> H
	c1< H
	c1> p
	c1> p
	c1> c
	mta< c
	mta> U
	c1< U
	c1> p
	c1> c
	mta< c
	mta> M
	c1< M
	c1> p
	c1> c
	mta< c
	mta> R
	c1< R
	c1> p
	c1> r
	mta< r
	pass R
	mta> T
	c1< T
	c1> p
	c1> c
	mta< c
	mta> L
	c1< L
	c1> p
	c1> c
	mta< c
	mta> N
	c1< N
	c1> p
	c1> c
	mta< c
	mta> B
	c1< B
	c1> p
	c1> c
	mta< c
	mta> E
	c1< E
	c1> p
	mta< p
	c1> c
	mta< c
	END
	# Never between the frames of a new body.
	chain_with 'manager.progress_interval = 1ms' -- c1
	{
		printf 'negotiate\npass CHMRT\npass LNB\n'
		printf 'mta> E\nmta ignore p\nc1< E\npause 5\n'
		printf 'c1> b %s\n' "'0'*65535" "'1'*65535" "'2'*65535"
		printf 'c1> h "X" "v"\npause 5\nc1> c\n'
		printf 'mta< h "X" "v"\nmta heed p\n'
		printf 'mta< b %s\n' "'0'*65535" "'1'*65535" "'2'*65535"
		printf 'mta< c\n'
	} > script
	talk c1 < script
}

wire_case reply_codes "reply codes: good ones as they are, bad ones a failure"
reply_codes_body()
{

	chain c1 c2
	for text in '"550 no"' '"450 "' '"550 5.7.1 "' '"421 4.7.0 bye"' \
	    '"554-5.7.1 a\r\n554-5.7.1 b\r\n554 5.7.1 c"' \
	    '"550-a\r\n550 b"' '"599 no"' '"450 4.2.2 100%"' \
	    '"550 \xe2\x82\xac"'; do
		printf '%s\n' negotiate 'pass CHM' 'mta> R' 'c1< R' \
		    "c1> y $text" "mta< y $text" 'pass R' > script
		talk c1 c2 < script
	done
	for text in "''" '""' '"550"' '"550x no"' '"599 6 x"' '"250 ok"' '"350 2.0.0 x"' \
	    '"650 x"' '"5a0 x"' '"450 5.7.1 x"' '"550 4.7.1 x"' "'550 no nul'" \
	    '"550 a" "b"' '"550 a\r\n"' '"550 a\r\n550 b"' \
	    '"550-a\r\n450 b"' '"550-a"' '"550-a\n550 b"' '"550-a\r550 b"'; do
		printf '%s\n' negotiate 'pass CHM' 'mta> R' 'c1< R' \
		    "c1> y $text" 'c1< eof' 'c2< R' 'c2> c' 'mta< c' > script
		talk c1 c2 < script
	done
}

wire_case edits_malformed "a malformed edit: none of that child's, all of the others'"
edits_malformed_body()
{

	chain c1 c2
	for frame in "h ''" 'h "name"' "h \"name\" 'no nul'" 'h "" "v"' \
	    'h "n" "v" "more"' "i 0000" 'i 00000001' 'i 00000001 "n"' \
	    'i 00000001 "" "v"' 'i 00000001 "n" "v" 00' "m ''" \
	    'm 00000001 "n"' 'm 00000001 "" "v"' "+ ''" "+ '<a>'" "- ''" \
	    "- '<a>'" "2 ''" "2 '<a>'" "e ''" "e '<a>'" "e \"<a>\" 'x'" \
	    "q 'no nul'" "p 'x'" "z"; do
		cat > script <<-END
		negotiate
		pass CHMRT
		pass c1: LN
		mta> E
		c1< E
		c1> h "X-First" "void"
		c1> b 'void'
		c1> $frame
		c1< eof
		feed c2: LN
		c2< E
		c2> h "X-Second" "v"
		c2> c
		mta< h "X-Second" "v"
		mta< c
		END
		talk c1 c2 < script
	done
}

wire_case edits_plain "edits that both MTAs take"
edits_plain_body()
{

	# Also without the action having been claimed, and a hold without words.
	chain c1
	talk c1 <<-'END'
	c1 offer 00000006 00000000 00000000
	negotiate 00000006 00000000 00000400
	pass CHMRT
	pass LN
	mta> E
	c1< E
	c1> h "X" "a\n\tb"
	c1> m ffffffff "X" ""
	c1> q ''
	c1> q "last"
	c1> e ""
	c1> c
	mta< h "X" "a\n\tb"
	mta< m 00000001 "X" ""
	mta< q ''
	mta< q "last"
	mta< e ""
	mta< c
	END
	# A frame above the limit of milters is fine from one.
	{
		printf 'negotiate\npass CHMRT\npass LN\nmta> E\nc1< E\n'
		printf "c1> b 'x'*200000\nc1> c\n"
		printf "mta< b 'x'*65535\n%.0s" 1 2 3
		printf "mta< b 'x'*3395\nmta< c\n"
	} > script
	talk c1 < script
}

wire_case body_of_three "a new body passes a child that leaves it alone"
body_of_three_body()
{

	chain c1 c2 c3
	talk c1 c2 c3 <<-'END'
	c2 offer 00000006 000001ff 00000010
	negotiate
	pass CHMRT
	pass c1: LNB
	mta> E
	c1< E
	c1> b 'first'
	c1> c
	feed c2: LN
	c2< E
	c2> c
	feed c3: LN
	feed c3: B 'first'
	c3< E
	c3> h "X" "v"
	c3> c
	mta< h "X" "v"
	mta< b 'first'
	mta< c
	# An accept in the content leaves the original.
	pass MRT
	pass c1: LN
	mta> B
	c1< B
	c1> a
	feed c2: LN
	mta< c
	mta> E
	c2< E
	c2> b 'second'
	c2> c
	feed c3: LN
	feed c3: B 'second'
	c3< E
	c3> b ''
	c3> c
	mta< b ''
	mta< c
	END
}

wire_case numbers "header numbers of Sendmail, between children"
numbers_body()
{

	# numbered C1 SHOWN C2 MTA-GETS: of three fields X; one frame a line.
	numbered()
	{
		{
			printf 'negotiate\npass CHMRT\n'
			printf 'pass c1: L "X" "%s"\n' 1 2 3
			printf 'pass c1: N\nmta> E\nc1< E\n'
			printf '%s\n' "$1" | sed 's/^/c1> /'
			printf 'c1> c\n'
			[ -z "$2" ] || printf 'feed c2: L "X" "%s"\n' $2
			printf 'feed c2: N\nc2< E\n'
			printf '%s\n' "$3" | sed 's/^/c2> /'
			printf 'c2> c\n'
			printf '%s\n' "$4" | sed 's/^/mta< /'
			printf 'mta< c\n'
		} > script
		talk c1 c2 < script
	}
	chain_with 'manager.mta = "sendmail"' -- c1 c2
	# The example of the account.
	numbered 'm 00000001 "X" ""' '2 3' 'm 00000001 "X" "n"' \
'm 00000001 "X" ""
m 00000002 "X" "n"'
	# Beyond the count a deleted one comes back, the last of them.
	numbered 'm 00000001 "X" ""
m 00000002 "X" ""' '3' 'm 00000002 "X" "n"' \
'm 00000001 "X" ""
m 00000002 "X" ""
m 00000002 "X" "n"'
	# A deletion beyond the count is nothing.
	numbered 'm 00000001 "X" ""' '2 3' 'm 00000003 "X" ""
m 00000002 "X" ""' \
'm 00000001 "X" ""
m 00000003 "X" ""'
	# An added one takes the place of the first that was deleted.
	numbered 'm 00000002 "X" ""
m 00000003 "X" ""' '1' 'h "X" "n"' \
'm 00000002 "X" ""
m 00000003 "X" ""
m 00000002 "X" "n"'
	chain_with 'manager.mta = "postfix"' -- c1 c2
	numbered 'm 00000001 "X" ""' '2 3' 'm 00000001 "X" "n"' \
'm 00000001 "X" ""
m 00000001 "X" "n"'
	numbered 'm 00000001 "X" ""' '2 3' 'm 00000003 "X" "n"
h "X" "o"' \
'm 00000001 "X" ""
m 00000003 "X" "n"
h "X" "o"'
	# One that gets no headers counts as Sendmail itself.
	chain_with 'manager.mta = "sendmail"' -- c1 c2
	talk c1 c2 <<-'END'
	c2 offer 00000006 000001ff 00000020
	negotiate
	pass CHMRT
	pass c1: L "X" "1"
	pass c1: L "X" "2"
	pass c1: N
	mta> E
	c1< E
	c1> m 00000001 "X" ""
	c1> c
	feed c2: N
	c2< E
	c2> m 00000002 "X" "n"
	c2> c
	mta< m 00000001 "X" ""
	mta< m 00000002 "X" "n"
	mta< c
	END
}

wire_case recognised "which MTA it is, by what it says of itself"
recognised_body()
{

	# By v, by macros before a header, or else Sendmail.
	chain c1 c2
	for steps in "mta> D 'C' \"v\" \"Postfix 3.7.11\"" \
	    "mta> D 'C' \"{v}\" \"Postfix\"" \
	    "mta> D 'C' \"v\" \"8.17.1.9\"" "" L; do
		{
			echo negotiate
			case $steps in
			mta*)
				echo "$steps"
				echo 'mta> C'
				for c in c1 c2; do
					echo "$steps" | sed "s/mta>/$c</"
					printf '%s< C\n%s> c\n' $c $c
				done
				echo 'mta< c' ;;
			*)
				echo 'pass C' ;;
			esac
			printf 'pass HMRT\n'
			[ "$steps" != L ] ||
			    printf "mta> D 'L'\nmta> L\nc1< D 'L'\nc1< L\n"
			[ "$steps" != L ] || printf 'c1> c\nmta< c\n'
			[ "$steps" = L ] || echo 'pass c1: L'
			printf 'pass c1: N\nmta> E\nc1< E\n'
			printf 'c1> m 00000007 "Subject" "n"\nc1> c\n'
			[ "$steps" != L ] || echo "c2< D 'L'"
			case $steps in
			*Postfix* | L)
				printf 'feed c2: L "Subject" "%s"\n' s n
				echo 'feed c2: N'
				to=7 ;;
			*)
				printf 'feed c2: L "Subject" "%s"\n' n s
				echo 'feed c2: N'
				to=2 ;;
			esac
			printf 'c2< E\nc2> c\n'
			printf 'mta< m 0000000%s "Subject" "n"\nmta< c\n' $to
		} > script
		# The macros of headers come before each of them.
		[ "$steps" != L ] || awk '/^feed c2: L/ && seen++ {
			print "c2< D \047L\047" } { print }' script > s
		[ "$steps" != L ] || mv s script
		talk c1 c2 < script
	done
}

atf_init_test_cases()
{

	for tc in first_refuses second_refuses discard accept accept_up skip \
	    progress reply_codes edits_malformed edits_plain body_of_three \
	    numbers recognised; do
		atf_add_test_case $tc
	done
}
