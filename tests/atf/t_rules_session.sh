#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_rules_session.sh - rules of the protocol that no conformance idea names:
# ABORT, the end of sessions, and which command may follow which.

. "$(atf_get_srcdir)/h_wire.sh"

wire_case abort_none "no ABORT behind a child's own last word"
abort_none_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CH
	# Accept at MAIL, at RCPT, in the content.
	mta> M
	c1< M
	c1> a
	c2< M
	c2> c
	mta< c
	mta> A
	c2< A
	pass M
	mta> R
	c1< R
	c1> c
	c2< R
	c2> a
	mta< c
	mta> A
	c1< A
	pass MRT
	mta> L
	c1< L
	c1> a
	feed c2: L
	mta< c
	mta> A
	c2< A
	# Refused MAIL, DATA, and content.
	mta> M
	c1< M
	c1> c
	c2< M
	c2> r
	c1< A
	mta< r
	mta> A
	pass MR
	mta> T
	c1< T
	c1> t
	mta< t
	mta> A
	c2< A
	pass MRT
	pass c1: L
	mta> N
	c1< N
	c1> y "451 4.7.1 x"
	c2< A
	mta< y "451 4.7.1 x"
	mta> A
	# The first one has answered, the second one has not.
	pass MRT
	pass c1: LN
	mta> E
	c1< E
	c1> c
	feed c2: L
	c2< N
	c2> d
	mta< d
	mta> A
	# Both have; and all recipients refused leaves both inside.
	pass MRT
	pass c1: LN
	finish LN
	mta> A
	pass M
	mta> R
	c1< R
	c1> r
	mta< r
	mta> A
	c1< A
	c2< A
	END
}

wire_case quit_nc "QUIT_NC: the children are quit, and never get it"
quit_nc_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> D 'C' "j" "one"
	mta> C
	c1< D 'C' "j" "one"
	c1< C
	c1> c
	c2< D 'C' "j" "one"
	c2< C
	c2> c
	mta< c
	pass HM
	mta> K
	c1< A
	c1< Q
	c1< eof
	c2< A
	c2< Q
	c2< eof
	mta> C "other" 'U'
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000000
	c2< O 00000006 000001ff 001fffff
	c2> O 00000006 000001ff 00000000
	c1< C "other" 'U'
	c1> c
	c2< C "other" 'U'
	c2> c
	mta< c
	pass HMRT
	pass c1: LNB
	finish
	END
}

wire_case eoh_first "end of header comes before body and end, whatever the MTA does"
eoh_first_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c2 offer 00000006 000001ff 00000040
	negotiate
	pass CHMRT
	mta> B
	c1< N
	c1> c
	c1< B
	c1> c
	mta< c
	mta> E
	c1< E
	c1> c
	feed c2: B
	c2< E
	c2> c
	mta< c
	pass MRT
	mta> E
	c1< N
	c1> c
	c1< E
	c1> c
	c2< E
	c2> c
	mta< c
	pass MRT
	pass c1: L
	mta> E 'x'
	c1< N
	c1> c
	c1< B 'x'
	c1> c
	c1< E
	c1> c
	feed c2: L
	feed c2: B 'x'
	c2< E
	c2> c
	mta< c
	# Twice, and a field behind it: not to one who is past that.
	pass MRT
	pass c1: LN
	mta> N
	mta< c
	mta> L "Late" "1"
	mta< c
	pass c1: B
	mta> L "Late" "2"
	mta< c
	mta> E
	c1< E
	c1> r
	c2< A
	mta< r
	END
}

wire_case unknown_state "an unknown command only where a child may have it"
unknown_state_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass UCUHUMURU
	pass T
	mta> U
	mta< c
	pass c1: L
	mta> U
	mta< c
	pass c1: N
	mta> U
	mta< c
	pass c1: B
	mta> U
	mta< c
	finish
	pass UMU
	mta> A
	c1< A
	c2< A
	pass U
	# A child that accepts there is out of the message, for libmilter.
	pass M
	mta> U
	c1< U
	c1> a
	c2< U
	c2> c
	mta< c
	pass c2: UR
	pass c2: U
	pass c2: T
	pass c2: LN
	finish c2:
	pass MU
	# Nor does one that has accepted at MAIL see any before the next MAIL.
	mta> M
	c1< A
	c2< A
	c1< M
	c1> a
	c2< M
	c2> c
	mta< c
	pass c2: URU
	mta> R
	c2< R
	c2> a
	mta< a
	mta> U
	mta< c
	pass MUR
	END
}

wire_case data_twice "DATA again behind a refused one"
data_twice_body()
{

	# The one who has seen it must not see it again.
	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass CHMR
	mta> T
	c1< T
	c1> c
	c2< T
	c2> r
	mta< r
	mta> R
	mta< r
	mta> T
	mta< r
	c1!
	mta> A
	c1< A
	pass MRT
	pass c1: L
	END
}

wire_case out_of_order "what may not come now is answered, and no child sees it"
out_of_order_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> M
	mta< a
	pass C
	mta> C
	mta< a
	mta> R
	mta< a
	mta> T
	mta< a
	mta> B
	mta< a
	mta> E
	mta< a
	pass HM
	mta> T
	mta< a
	mta> L
	mta< a
	pass RT
	mta> R
	mta< a
	pass c1: LNB
	finish
	mta> E
	mta< a
	mta> B
	mta< a
	pass MRT
	pass c1: L
	mta> R
	mta< a
	mta> T
	mta< a
	pass c1: N
	finish LN
	END
}

wire_case local_submission "a made-up session of a local message"
local_submission_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	pass C "localhost" '4' 0000 "127.0.0.1"
	pass H "localhost"
	mta> D 'M' "i" "4xyz" "{mail_addr}" ""
	mta> M ""
	c1< D 'M' "i" "4xyz" "{mail_addr}" ""
	c1< M ""
	c1> c
	c2< D 'M' "i" "4xyz" "{mail_addr}" ""
	c2< M ""
	c2> c
	mta< c
	pass R "r1@example.org"
	pass R "r2@example.org"
	pass T
	pass c1: LLN
	finish LLN
	mta> Q
	mta< eof
	END
	# A before-queue filter takes the content elsewhere: DATA, then ABORT.
	talk c1 c2 <<-'END'
	negotiate
	pass CHMRT
	mta> A
	c1< A
	c2< A
	pass MRT
	mta> A
	c1< A
	c2< A
	mta> A
	END
}

atf_init_test_cases()
{

	for tc in abort_none quit_nc eoh_first unknown_state data_twice \
	    out_of_order local_submission; do
		atf_add_test_case $tc
	done
}
