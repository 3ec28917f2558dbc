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

atf_init_test_cases()
{

	for tc in text recipient macros manners; do
		atf_add_test_case $tc
	done
}
