#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_parallel_wire.sh - parallel children, frame by frame: where their part meets
# that of fallbacks, macros, manners, and the end of things.

. "$(atf_get_srcdir)/h_wire.sh"

# a in the order, b parallel.
beside()
{

	chain_with "$@" 'milter.b.parallel = true' -- a b
}

wire_case text "the text of a refusal outlives the child that gave it"
text_body()
{

	# b says its word and goes, before it is its turn.
	beside
	for stage in C H M T; do
		case $stage in
		C) before= ;;
		H) before=C ;;
		M) before=CH ;;
		T) before=CHMR ;;
		esac
		talk a b <<-END
		negotiate
		pass $before
		mta> $stage
		a< $stage
		b< $stage
		b> y "550 5.7.1 no"
		b close
		pause 50
		a> c
		a ignore A
		mta< y "550 5.7.1 no"
		END
	done
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R
	a< R
	b< R
	b> y "550 5.7.1 no"
	b close
	pause 50
	a> c
	mta< y "550 5.7.1 no"
	mta> R
	a< R
	a> c
	mta< c
	mta> A
	a< A
	END
	# And a, whose word counts, while b is waited for.
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R
	a< R
	b< R
	a> y "550 5.7.1 no"
	a close
	pause 50
	b> y "551 5.7.1 other"
	mta< y "550 5.7.1 no"
	mta> R
	b< R
	b> c
	mta< c
	mta> A
	b< A
	END
}

wire_case recipient "what a parallel child says of a recipient refused before it"
recipient_body()
{

	beside
	talk a b <<-'END'
	negotiate
	pass CHM
	# Discard is none of a message that has other recipients.
	mta> R
	a< R
	b< R
	b> d
	a> r
	mta< r
	mta> R
	a< R
	b< R
	b> d
	a> y "450 4.7.1 later"
	mta< y "450 4.7.1 later"
	pass RT
	mta> A
	a< A
	b< A
	# Behind its own accept there is no ABORT, behind a refusal there is.
	pass M
	mta> R
	a< R
	b< R
	b> a
	logged child=b stage=rcpt verdict=accept
	a> d
	a< A
	mta< d
	mta> A
	pass M
	mta> R
	a< R
	b< R
	b> r
	a> d
	a< A
	b< A
	mta< d
	END
}

wire_case macros "macros of a recipient refused before it are none of its own"
macros_body()
{

	beside
	# b does without recipients.
	talk a b <<-'END'
	b offer 00000006 000001ff 00000008
	negotiate
	pass CHM
	mta> D 'R' "i" "q1"
	mta> R
	a< D 'R' "i" "q1"
	a< R
	a> r
	mta< r
	mta> U
	a< U
	b< U
	a> c
	b> c
	mta< c
	mta> D 'R' "i" "q2"
	mta> R
	a< D 'R' "i" "q2"
	a< R
	a> c
	mta< c
	mta> T
	a< T
	b< D 'R' "i" "q2"
	b< T
	a> c
	b> c
	mta< c
	mta> A
	a< A
	b< A
	END
	# It takes them, and is not sent the macros twice.
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> D 'R' "i" "q1"
	mta> R
	a< D 'R' "i" "q1"
	b< D 'R' "i" "q1"
	a< R
	b< R
	a> r
	b> c
	mta< r
	pass U
	mta> A
	a< A
	b< A
	END
}

wire_case manners "a reply held back is not waited for when its message is over"
manners_body()
{

	beside
	# b does without replies to header fields, and without EOH and body.
	# Whether its reply is still held back when a has spoken is a matter
	# of time; what follows is not.
	talk a b <<-'END'
	b offer 00000006 000001ff 000000d0
	b ignore A
	negotiate
	pass CHMRT
	mta> L
	a< L
	b< L
	a> c
	mta< c
	mta> E
	a< N
	a> c
	a< E
	b< E
	b> c
	pause 20
	a> r
	mta< r
	# Nothing of it hangs about.
	pause 400
	pass MRT
	mta> L
	a< L
	b< L
	a> c
	mta< c
	mta> E
	a< N
	a> c
	a< E
	b< E
	a> c
	b> h "X-B" "b"
	b> r
	mta< r
	a ignore A
	pass MRT
	END
}

wire_case slow "one that replies out of turn may take its time at the end"
slow_body()
{

	chain a
	# It does without replies to header fields, and without EOH and body.
	# The pause is for the moment in which the last of its replies to
	# fields could be taken for that to the end.
	talk a <<-'END'
	a offer 00000006 000001ff 000000d0
	negotiate 00000006 000001ff 000004d0
	pass CHMRT
	mta> L
	a< L
	a> c
	pause 20
	mta> L
	mta> L
	mta> E
	a< L
	a< L
	a< E
	a> c
	a> c
	pause 600
	a> h "X-A" "a"
	a> r
	mta< r
	pass MRT
	mta> L
	mta> E
	a< L
	a< E
	a> c
	pause 600
	a> r
	mta< r
	pass MRT
	mta> A
	a< A
	END
}

wire_case quarantine "Postfix: a quarantine while a parallel child works on"
quarantine_body()
{

	beside 'manager.mta = "postfix"'
	# What b says of it, edits and all, is none of the next message.
	talk a b <<-'END'
	negotiate
	pass CHMRT
	pass LN
	mta> E
	a< E
	b< E
	b> h "X-B" "one"
	a> q "held"
	a> c
	mta< q "held"
	mta< c
	b< A
	mta> M
	a< M
	b< M
	b> h "X-B" "more"
	a> c
	b> c
	pause 20
	b> c
	mta< c
	pass RTLN
	mta> E
	a< E
	b< E
	b> h "X-B" "two"
	b> c
	a> c
	mta< h "X-B" "two"
	mta< c
	END
	# b has failed before: the message is held by one more; its edits go.
	beside 'manager.mta = "postfix"' 'milter.b.fallback_status = "quarantine"'
	talk a b <<-'END'
	negotiate
	pass CHMRT
	pass LN
	mta> E
	a< E
	b< E
	b> h "X-B" "one"
	b close
	logged child=b stage=eom fallback=quarantine
	a> q "held"
	a> h "X-A" "a"
	a> c
	mta< q "milter b failed"
	mta< q "held"
	mta< h "X-A" "a"
	mta< c
	END
}

wire_case fallbacks "what answers for a parallel child, and when"
fallbacks_body()
{

	# It has accepted the message before it went.
	beside 'milter.b.fallback_status = "quarantine"'
	talk a b <<-'END'
	negotiate
	pass CHMRT
	mta> L
	a< L
	b< L
	b> a
	b close
	pause 20
	a> c
	mta< c
	pass a: N
	finish a:
	# The next one it has not.
	pass a: MRTLN
	mta> E
	a< E
	a> c
	mta< q "milter b failed"
	mta< c
	END
	# Its refusal is held, and so is shutdown, until a is through.
	beside 'milter.b.fallback_status = "shutdown"'
	talk a b <<-'END'
	negotiate
	pass CHMRT
	mta> L
	a< L
	b< L
	b close
	a> c
	mta< c
	pass a: N
	mta> E
	a< E
	a> c
	mta< y "421 4.7.0 Service not available - closing connection"
	mta> M
	a< M
	a> c
	mta< y "421 4.7.0 Service not available - closing connection"
	a< A
	END
	# a's own word comes first.
	talk a b <<-'END'
	negotiate
	pass CHMRT
	mta> L
	a< L
	b< L
	b close
	a> c
	mta< c
	pass a: N
	mta> E
	a< E
	a> d
	mta< d
	END
	# a has refused the recipient; b goes while it is asked about it.
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R
	a< R
	b< R
	a> y "550 5.7.1 no"
	pause 20
	mta!
	b close
	mta< y "550 5.7.1 no"
	mta> R
	a< R
	a> c
	mta< y "421 4.7.0 Service not available - closing connection"
	mta> A
	a< A
	END
}

wire_case held "a verdict that is held does not outlive its message"
held_body()
{

	beside
	talk a b <<-'END'
	negotiate
	pass CHMRT
	mta> L
	a< L
	b< L
	b> r
	a> c
	mta< c
	mta> A
	a< A
	pass MRT
	mta> L
	a< L
	b< L
	b> y "550 5.7.1 no"
	a> c
	mta< c
	mta> K
	a< A
	a< Q
	a< eof
	b< Q
	b< eof
	mta> C
	a< O 00000006 000001ff 001fffff
	b< O 00000006 000001ff 001fffff
	a> O 00000006 000001ff 00000000
	b> O 00000006 000001ff 00000000
	a< C
	b< C
	a> c
	b> c
	mta< c
	pass HMRTLN
	mta> E
	a< E
	b< E
	a> c
	b> c
	mta< c
	# The MTA leaves while one is held, and one is waited for.
	pass MRT
	mta> L
	a< L
	b< L
	b> y "550 5.7.1 no"
	pause 20
	mta close
	a< Q
	a< eof
	b< Q
	b< eof
	END
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R
	a< R
	b< R
	b> y "550 5.7.1 no"
	pause 20
	mta close
	a< Q
	a< eof
	b< Q
	b< eof
	END
}

# What it is to be: a verdict on a command, on a header field, and at the end,
# with edits.
junk_script()
{

	echo negotiate
	case $1 in
	M) echo 'pass CH' ;;
	L) echo 'pass CHMRT' ;;
	E) echo 'pass CHMRTLN' ;;
	esac
	printf 'mta> %s\na< %s\nb< %s\n' $1 $1 $1
	case $1 in
	E) printf 'b> h "X-B" "b"\nb> c\n' ;;
	*) echo 'b> y "550 5.7.1 no"' ;;
	esac
	printf 'b> %s\npause 20\na> c\n' "$2"
	case $1 in
	M) echo 'a< A' ;;
	L) printf 'mta< c\npass a: N\nmta> E\na< E\na> c\n' ;;
	E) echo 'mta< h "X-B" "b"' ;;
	esac
	case $1 in
	E) echo 'mta< c' ;;
	*) echo 'mta< y "550 5.7.1 no"' ;;
	esac
	# From now on it is lost.
	printf 'b< eof\nb close\nmta> M\n'
	printf 'a< M\na> c\nmta< t\na< A\n'
}

wire_case junk "what comes behind a verdict that is held does not undo it"
junk_body()
{

	beside 'milter.b.fallback_status = "temporary-failure"'
	for junk in c 'h "X-B" "more"' Z 'raw ffffffff'; do
		for stage in M L E; do
			junk_script $stage "$junk" > script
			talk a b < script
		done
	done
}

wire_case evaluated "a parallel child that is only evaluated"
evaluated_body()
{

	beside 'milter.b.evaluation_mode = true'
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R
	a< R
	b< R
	b> y "550 5.7.1 no"
	a> c
	mta< c
	mta> R
	a< R
	b< R
	a> y "551 5.7.1 other"
	b> d
	mta< y "551 5.7.1 other"
	pass RT
	mta> L
	a< L
	b< L
	b> r
	a> c
	mta< c
	pass a: N
	mta> E
	a< E
	a> h "X-A" "a"
	a> c
	mta< h "X-A" "a"
	mta< c
	pass MRTLN
	mta> E
	a< E
	b< E
	b> h "X-B" "b"
	b> q "held"
	b> c
	a> c
	mta< c
	END
}

atf_init_test_cases()
{

	for tc in text recipient macros manners slow quarantine fallbacks \
	    held junk evaluated; do
		atf_add_test_case $tc
	done
}
