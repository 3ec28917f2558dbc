#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_ideas_session.sh - the conformance ideas 59 to 70: the ends of messages and
# sessions, framing, failures.  See t_ideas_negotiation.sh.

. "$(atf_get_srcdir)/h_wire.sh"

wire_case idea_59 "ABORT behind an answered message, twice"
idea_59_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> A
	pass CH
	mta> A
	pass MRT
	pass c1: LNB
	finish
	mta> A
	mta> A
	pass MRT
	pass c1: LNB
	finish
	# In a message: the children hear of it once.
	pass MR
	mta> A
	c1< A
	c2< A
	mta> A
	mta> A
	pass M
	END
}

wire_case idea_60 "HELO in mid-transaction, then ABORT, as Postfix does"
idea_60_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMR
	mta> D 'H' "{cipher}" "x"
	mta> H "again"
	c1< A
	c2< A
	c1< D 'H' "{cipher}" "x"
	c1< H "again"
	c1> c
	c2< D 'H' "{cipher}" "x"
	c2< H "again"
	c2> c
	mta< c
	mta> A
	mta> A
	pass MRT
	pass c1: LNB
	finish
	END
}

wire_case idea_61 "MAIL in mid-transaction without ABORT"
idea_61_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMR
	mta> M "<other@example.org>"
	c1< A
	c2< A
	c1< M "<other@example.org>"
	c1> c
	c2< M "<other@example.org>"
	c2> c
	mta< c
	pass RT
	pass c1: LN
	mta> M
	c1< A
	c2< A
	c1< M
	c1> c
	c2< M
	c2> c
	mta< c
	# And HELO, as Sendmail does it: ABORT first.
	mta> A
	c1< A
	c2< A
	pass HM
	END
}

wire_case idea_62 "an unknown command between MAIL and RCPT"
idea_62_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass U "BEFORE"
	pass CH
	pass U "FROB x y"
	pass M
	pass U ""
	mta> U "AUTH"
	c1< U "AUTH"
	c1> t
	mta< t
	mta> U "ETRN x"
	c1< U "ETRN x"
	c1> c
	c2< U "ETRN x"
	c2> y "550 5.7.1 no"
	mta< y "550 5.7.1 no"
	pass R
	pass U
	pass RT
	pass c1: LNB
	finish
	pass U
	END
}

wire_case idea_63 "QUIT in mid-transaction"
idea_63_body()
{

	chain c1 c2
	for codes in '' C CH CHM CHMR CHMRT; do
		printf 'negotiate\n%s\n' "${codes:+pass $codes}" > script
		talk c1 c2 < script
	done
	for codes in L LN LNB; do
		printf 'negotiate\npass CHMRT\npass c1: %s\n' "$codes" > script
		talk c1 c2 < script
	done
	# While a child is still at it.
	talk c1 c2 <<-'END'
	negotiate
	pass CHM
	mta> R
	c1< R
	mta> Q
	c1> c
	c2< R
	c2> c
	mta< c
	mta< eof
	END
}

wire_case idea_64 "the MTA closes without QUIT: the children are closed"
idea_64_body()
{

	chain c1 c2
	for codes in '' C CHM CHMRT; do
		printf 'negotiate\n%s\nmta close\n' \
		    "${codes:+pass $codes}" > script
		talk c1 c2 < script
	done
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LN
	mta> raw 0000000a42 'half'
	mta close
	c1< Q
	c1< eof
	c2< Q
	c2< eof
	negotiate
	pass CHM
	mta> R
	c1< R
	mta close
	END
	# Nothing of these sessions is left: the daemon need not wait for one.
	stop_manager
	lacks mm.log 'child=c1 stage=rcpt fallback'
	ntimes mm.log 'session closed' 6
}

wire_case idea_65 "two messages of different outcomes: nothing is carried over"
idea_65_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CH
	mta> D 'M' "i" "Q1" "{auth_authen}" "me"
	mta> M
	c1< D 'M' "i" "Q1" "{auth_authen}" "me"
	c1< M
	c1> c
	c2< D 'M' "i" "Q1" "{auth_authen}" "me"
	c2< M
	c2> c
	mta< c
	pass RT
	mta> L "Subject" "first"
	c1< L "Subject" "first"
	c1> c
	mta< c
	pass c1: N
	pass c1: B 'first'
	mta> D 'E' "{msg_id}" "1"
	mta> E
	c1< D 'E' "{msg_id}" "1"
	c1< E
	c1> h "X" "v"
	c1> b 'new'
	c1> y "550 5.7.1 first"
	c2< A
	mta< y "550 5.7.1 first"
	mta> D 'M' "i" "Q2"
	mta> M
	c1< D 'M' "i" "Q2"
	c1< M
	c1> c
	c2< D 'M' "i" "Q2"
	c2< M
	c2> c
	mta< c
	pass RT
	pass c1: L "Subject" "second"
	pass c1: N
	pass c1: B 'second'
	mta> E
	c1< E
	c1> c
	feed c2: L "Subject" "second"
	feed c2: N
	feed c2: B 'second'
	c2< E
	c2> q "held"
	c2> c
	mta< q "held"
	mta< c
	# The third one is discarded at RCPT, the fourth passes.
	pass M
	mta> R
	c1< R
	c1> c
	c2< R
	c2> d
	c1< A
	c2< A
	mta< d
	pass MRT
	pass c1: LN
	finish LN
	END
}

wire_case idea_66 "a length of 0 closes the connection that it came on"
idea_66_body()
{

	chain_with 'milter.c1.fallback_status = "temporary-failure"' -- c1 c2
	talk c1 c2 <<-'END'
	mta> raw 00000000
	mta< eof
	negotiate
	pass C
	mta> raw 00000000
	mta< eof
	c1< Q
	c1< eof
	c2< Q
	c2< eof
	negotiate
	pass CH
	mta> M
	c1< M
	c1> raw 00000000
	c1< eof
	mta< t
	mta> raw ffffffff
	mta< eof
	c2< Q
	c2< eof
	# Nor is one that is too long waited for.
	negotiate
	pass CH
	mta> M
	c1< M
	c1> raw 7fffffff63
	c1< eof
	mta< t
	END
}

# whole_message: a conversation with everything in it.
whole_message()
{

	cat <<-'END'
	negotiate
	mta> D 'C' "j" "mx" "v" "Postfix 3.7.11"
	mta> C
	c1< D 'C' "j" "mx" "v" "Postfix 3.7.11"
	c1< C
	c1> c
	c2< D 'C' "j" "mx" "v" "Postfix 3.7.11"
	c2< C
	c2> c
	mta< c
	pass HM
	pass R "<r@example.org>" "NOTIFY=NEVER"
	pass T
	pass c1: L "X" "1"
	pass c1: L "X" "2"
	pass c1: NB
	mta> E
	c1< E
	c1> p
	c1> m 00000001 "X" "n"
	c1> b 'new'
	c1> b ' body'
	c1> c
	mta< p
	feed c2: L "X" "n"
	feed c2: L "X" "2"
	feed c2: N
	feed c2: B 'new body\r\n'
	c2< E
	c2> q "held"
	c2> c
	mta< m 00000001 "X" "n"
	mta< q "held"
	mta< b 'new body\r\n'
	mta< c
	END
}

wire_case idea_67 "frames cut at every byte, and many frames in one write"
idea_67_body()
{

	chain c1 c2
	for n in 1 2 3 5 7; do
		{
			printf '%s split 1\n' mta c1 c2 | sed "s/1$/$n/"
			whole_message
		} > script
		talk c1 c2 < script
	done
	# All of a session in one write, and all of a child's replies.
	talk c1 c2 <<-'END'
	mta hold
	mta> O 00000006 000001ff 001fffff
	mta> D 'C' "j" "mx"
	mta> C
	mta> H
	mta> M
	mta> R
	mta> T
	mta> L
	mta> N
	mta> B
	mta> E
	mta> A
	mta> M
	mta> Q
	mta flush
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000000
	c2< O 00000006 000001ff 001fffff
	c2> O 00000006 000001ff 00000000
	c1< D 'C' "j" "mx"
	c2!
	feed c1: C
	c2< D 'C' "j" "mx"
	feed c2: C
	feed HMRT
	feed c1: LNB
	c1< E
	c1 hold
	c1> p
	c1> h "X" "v"
	c1> b 'b'
	c1> c
	c1 flush
	feed c2: L
	feed c2: L "X" "v"
	feed c2: N
	feed c2: B 'b'
	c2< E
	c2> c
	feed M
	mta< O 00000006 000001ff 00000400
	mta< c
	mta< c
	mta< c
	mta< c
	mta< c
	mta< c
	mta< c
	mta< c
	mta< p
	mta< h "X" "v"
	mta< b 'b'
	mta< c
	mta< c
	mta< eof
	END
}

wire_case idea_68 "a child that dies in mid-message"
idea_68_body()
{

	for status in accept:c temporary-failure:t reject:r discard:d; do
		chain_with \
		    "milter.c1.fallback_status = \"${status%:*}\"" -- c1 c2
		for before in '' L LN LNB; do
			command=$(echo LNBE | sed "s/^$before//; s/\(.\).*/\1/")
			{
				printf 'negotiate\npass CHMRT\n'
				[ -z "$before" ] ||
				    printf 'pass c1: %s\n' $before
				printf 'mta> %s\nc1< %s\n' $command $command
				# What it wanted until then is void.
				[ $command != E ] || printf 'c1> h "X" "v"\n'
				printf 'c1 close\n'
				rest "$before" $command ${status#*:}
			} > script
			talk c1 c2 < script
		done
		ntimes mm.log "fallback=${status%:*} reason=" 4
	done
}

# rest BEFORE COMMAND REPLY: what is left for the other child and the MTA.
rest()
{

	if [ "$3" != c ]; then
		printf 'c2< A\nmta< %s\n' "$3"
	elif [ "$2" = E ]; then
		printf 'feed c2: LNB\nc2< E\nc2> c\nmta< c\n'
	else
		# The second one has its turn at once.
		printf 'feed c2: %s\nmta< c\n' "$1$2"
		r_left=$(echo LNB | sed "s/.*$2//")
		[ -z "$r_left" ] || printf 'pass c2: %s\n' "$r_left"
		printf 'finish c2:\n'
	fi
}

wire_case idea_69 "a child that answers what it said it would not"
idea_69_body()
{

	chain c1
	# With nothing due, and in front of the reply that is: which one is which
	# is known by then.
	talk c1 <<-'END'
	c1 offer 00000006 000001ff 00000080
	negotiate 00000006 000001ff 00000480
	pass CHMRT
	mta> L "A" "1"
	c1< L "A" "1"
	c1> c
	mta> L "B" "2"
	c1< L "B" "2"
	mta> L "C" "3"
	c1< L "C" "3"
	mta> N
	c1< N
	c1 hold
	c1> c
	c1> c
	c1> c
	c1 flush
	mta< c
	mta> B
	c1< B
	c1> c
	mta< c
	mta> E
	c1< E
	c1> h "X" "v"
	c1> c
	mta< h "X" "v"
	mta< c
	pass MRT
	mta> L "D" "4"
	c1< L "D" "4"
	mta> L "E" "5"
	c1< L "E" "5"
	mta> N
	c1< N
	c1 hold
	c1> c
	c1> c
	c1> y "550 5.7.1 no"
	c1 flush
	mta< y "550 5.7.1 no"
	pass MRT
	END
	# One that would reply to nothing and does to everything; all of the
	# content is one burst, and so are the replies.
	talk c1 <<-'END'
	c1 offer 00000006 000001ff 000ff080
	negotiate 00000006 000001ff 000fb480
	mta> C
	c1< C
	c1> c
	mta> H
	c1< H
	c1> c
	mta> M
	c1< M
	c1> c
	mta< c
	mta> R
	c1< R
	c1> c
	mta> T
	c1< T
	c1> c
	mta hold
	mta> L
	mta> L
	mta> N
	mta> B
	mta> E
	mta flush
	c1< L
	c1< L
	c1< N
	c1< B
	c1< E
	c1 hold
	c1> c
	c1> c
	c1> c
	c1> c
	c1> h "X" "v"
	c1> c
	c1 flush
	mta< h "X" "v"
	mta< c
	mta> M
	c1< M
	c1> c
	mta< c
	END
	stop_manager
	ntimes mm.log 'replies to what it said it would not' 1
}

wire_case idea_70 "headers of 60000 and of 70000 bytes"
idea_70_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: L "X" "x"*60000
	pass c1: N
	mta> E
	c1< E
	c1> h "Y" "y"*60000
	c1> c
	feed c2: L "X" "x"*60000
	feed c2: L "Y" "y"*60000
	feed c2: N
	c2< E
	c2> c
	mta< h "Y" "y"*60000
	mta< c
	# 65535 bytes with the name and both NULs are the most.
	pass MRT
	pass c1: L "X" "x"*65532
	pass c1: N
	mta> E
	c1< E
	c1> r
	c2< A
	mta< r
	END
	# The first one does not want to see it, the third one is not fed any
	# more when the second one's fallback decides.
	for status in accept:c temporary-failure:t reject:r; do
		chain_with \
		    "milter.c2.fallback_status = \"${status%:*}\"" -- c1 c2 c3
		cat > script <<-END
		c1 offer 00000006 000001ff 00000020
		c3 offer 00000006 000001ff 00000020
		negotiate
		pass CHMRT
		mta> L "X" "x"*65533
		mta< c
		pass c1: NB
		mta> E
		c1< E
		c1> c
		c2< eof
		END
		if [ $status = accept:c ]; then
			printf 'feed c3: NB\nc3< E\nc3> c\n' >> script
		else
			echo 'c3< A' >> script
		fi
		echo "mta< ${status#*:}" >> script
		talk c1 c2 c3 < script
	done
}

atf_init_test_cases()
{

	for n in 59 60 61 62 63 64 65 66 67 68 69 70; do
		atf_add_test_case idea_$n
	done
}
