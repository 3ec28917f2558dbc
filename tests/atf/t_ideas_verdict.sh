#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_ideas_verdict.sh - the conformance ideas 23 to 39: verdicts before the
# content, odd replies, progress.  See t_ideas_negotiation.sh.

. "$(atf_get_srcdir)/h_wire.sh"

wire_case idea_23 "the first child refuses the session: the second sees nothing"
idea_23_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> C
	c1< C
	c2!
	c1> r
	mta< r
	mta> H
	mta< r
	mta> M
	mta< r
	END
}

wire_case idea_24 "discard at connect or helo does not go up"
idea_24_body()
{

	chain c1 c2
	for mta in postfix sendmail; do
		chain_with "manager.mta = \"$mta\"" -- c1 c2
		talk c1 c2 <<-'END'
		negotiate
		mta> C
		c1< C
		c1> d
		c2< C
		c2> c
		mta< c
		mta> H
		c1< H
		c1> c
		c2< H
		c2> d
		mta< c
		pass MRT
		pass c1: LNB
		finish
		END
	done
}

wire_case idea_25 "accept at helo: that child leaves, the others go on"
idea_25_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass C
	mta> H
	c1< H
	c1> a
	c1< Q
	c1< eof
	c2< H
	c2> c
	mta< c
	pass c2: MRT
	pass c2: LNB
	finish c2:
	END
}

wire_case idea_26 "all children accept: nothing more until the next message"
idea_26_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CH
	mta> M
	c1< M
	c1> a
	c2< M
	c2> c
	mta< c
	mta> R
	c2< R
	c2> a
	mta< a
	# What an MTA says all the same.
	mta> R
	mta< a
	mta> T
	mta< a
	mta> A
	c1!
	c2!
	pass MR
	mta> A
	c1< A
	c2< A
	mta> H
	c1< H
	c1> a
	c1< Q
	c1< eof
	c2< H
	c2> a
	c2< Q
	c2< eof
	mta< a
	mta> M
	mta< a
	END
}

wire_case idea_27 "MAIL and RCPT parameters: all of them, in order"
idea_27_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CH
	pass M "<s@example.org>" "SIZE=100" "BODY=8BITMIME" "RET=HDRS"
	pass R "<r@example.org>" "NOTIFY=NEVER" "ORCPT=rfc822;r@example.org"
	pass R "r@example.org" ""
	pass R "<\xc3\xa9@example.org>"
	END
}

wire_case idea_28 "the empty sender of a made-up message is forwarded"
idea_28_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CH
	pass M 00
	pass R "r@example.org"
	mta> A
	c1< A
	c2< A
	pass M "<>"
	END
}

wire_case idea_29 "one of two recipients is refused by the first child"
idea_29_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHM
	mta> R "<bad@example.org>"
	c1< R "<bad@example.org>"
	c1> r
	mta< r
	pass R "<good@example.org>"
	mta> R "<full@example.org>"
	c1< R "<full@example.org>"
	c1> t
	mta< t
	pass T
	pass c1: LNB
	finish
	END
}

wire_case idea_30 "all recipients refused, then RSET"
idea_30_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHM
	mta> R
	c1< R
	c1> r
	mta< r
	mta> R
	c1< R
	c1> y "550 5.1.1 no"
	mta< y "550 5.1.1 no"
	mta> A
	c1< A
	c2< A
	pass MR
	END
}

wire_case idea_31 "the second child defers the sender: the first is told"
idea_31_body()
{

	chain c1 c2 c3
	talk c1 c2 c3 <<-'END'
	negotiate
	pass CH
	mta> M
	c1< M
	c1> c
	c2< M
	c2> t
	c1< A
	mta< t
	c3!
	pass M
	END
}

wire_case idea_32 "discard at a recipient: the message is over for all"
idea_32_body()
{

	# The first one is told, too: for libmilter, no verdict at a recipient
	# ends the message.
	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHM
	mta> R
	c1< R
	c1> d
	c1< A
	c2< A
	mta< d
	pass MRT
	END
}

wire_case idea_33 "a reply of three lines with percent signs: the same bytes"
idea_33_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHM
	mta> R
	c1< R
	c1> y "550-5.7.1 100%% of\r\n550-5.7.1 \xc3\xa9%%n\r\n550 5.7.1 it"
	mta< y "550-5.7.1 100%% of\r\n550-5.7.1 \xc3\xa9%%n\r\n550 5.7.1 it"
	mta> R
	c1< R
	c1> c
	c2< R
	c2> y "452 4.2.2 50% full"
	mta< y "452 4.2.2 50% full"
	pass RT
	mta> L
	c1< L
	c1> y "421 4.3.2 closing"
	c2< A
	mta< y "421 4.3.2 closing"
	END
}

wire_case idea_34 "a child's shutdown is a 421 and never its own code"
idea_34_body()
{

	for mta in sendmail postfix; do
		chain_with "manager.mta = \"$mta\"" -- c1 c2
		talk c1 c2 <<-'END'
		negotiate
		pass CHM
		mta> R
		c1< R
		c1> 4
		mta< y "421 4.7.0 Service not available - closing connection"
		pass RT
		pass c1: LNB
		mta> E
		c1< E
		c1> 4
		c2< A
		mta< y "421 4.7.0 Service not available - closing connection"
		END
	done
}

# bad_reply REPLY: at each stage before the content, from a child of each
# fallback.
bad_reply()
{

	for fallback in accept:c reject:r temporary-failure:t; do
		chain_with \
		    "milter.c1.fallback_status = \"${fallback%:*}\"" -- c1 c2
		for stage in C CH CHM CHMR CHMRT CHU; do
			before=${stage%?}
			stage=${stage#"$before"}
			printf 'negotiate\n%s\nmta> %s\nc1< %s\nc1> %s\n' \
			    "${before:+pass $before}" $stage $stage "$1" \
			    > script
			echo 'c1< eof' >> script
			[ $fallback != accept:c ] ||
			    printf 'c2< %s\nc2> c\n' $stage >> script
			echo "mta< ${fallback#*:}" >> script
			talk c1 c2 < script
		done
		ntimes mm.log "fallback=${fallback%:*} reason=" 6
	done
}

wire_case idea_35 "replies that the protocol lacks: the child's fallback"
idea_35_body()
{

	bad_reply f
	bad_reply l
	bad_reply z
	bad_reply "c 'x'"
}

wire_case idea_36 "an edit before the end of message: the child's fallback"
idea_36_body()
{

	bad_reply 'h "X" "v"'
	bad_reply "q \"no\""
	bad_reply "+ \"<x@example.org>\""
	bad_reply "b 'x'"
}

wire_case idea_37 "progress at a recipient: nothing goes up, the time begins anew"
idea_37_body()
{

	chain_with 'milter.c1.reading_timeout = 1s' \
	    'milter.c1.fallback_status = "reject"' \
	    'manager.command_deadline = 0' -- c1
	talk c1 <<-'END'
	negotiate
	pass CHM
	mta> R
	c1< R
	pause 400
	c1> p
	pause 400
	c1> p
	pause 400
	mta!
	c1> c
	mta< c
	END
}

wire_case idea_38 "progress at the end of message goes up"
idea_38_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	mta> L
	c1< L
	c1> p
	c1> c
	mta< c
	pass c1: NB
	mta> E
	c1< E
	c1> p
	mta< p
	c1> p
	mta< p
	c1> c
	c2< L
	# That of one who is behind the others counts for its own time only.
	c2> p
	c2> c
	feed c2: NB
	c2< E
	c2> p
	mta< p
	c2> c
	mta< c
	END
}

wire_case idea_39 "a long end of message of the second child: own progress"
idea_39_body()
{

	chain_with 'manager.progress_interval = 10ms' -- c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	pass c1: LNB
	mta> E
	c1< E
	mta< p
	mta< p
	mta ignore p
	c1> c
	feed c2: LNB
	c2< E
	pause 50
	c2> h "X" "v"
	c2> b 'one'
	c2> b 'two'
	c2> c
	mta< h "X" "v"
	mta< b 'onetwo'
	mta< c
	END
}

atf_init_test_cases()
{

	for n in 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39; do
		atf_add_test_case idea_$n
	done
}
