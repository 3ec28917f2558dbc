#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_ideas_negotiation.sh - the conformance ideas 1 to 22: what is agreed, and
# the form of commands and macros.  Numbers and names are those of the list of
# ideas for conformance tests that this project's account of the protocol ends
# with; the other files are t_ideas_verdict, t_ideas_content, t_ideas_session.

. "$(atf_get_srcdir)/h_wire.sh"

wire_case idea_01 "an offer without a child is answered with nothing"
idea_01_body()
{

	# Nothing is declined: an event has to come for the manager's own word.
	chain
	talk <<-'END'
	mta> O 00000006 000001ff 001fffff
	mta< O 00000006 00000000 00000400
	mta> C
	mta< a
	END
}

wire_case idea_02 "version 7 is answered with version 6"
idea_02_body()
{

	chain c1
	talk c1 <<-'END'
	mta> O 00000007 000001ff 001fffff
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000000
	mta< O 00000006 000001ff 00000400
	mta close
	mta> O 00000007 f00003ff ffffffff
	c1< Q
	c1< eof
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000000
	mta< O 00000006 000001ff 00000400
	END
}

wire_case idea_03 "version 1 closes the connection without a reply"
idea_03_body()
{

	chain c1
	talk c1 <<-'END'
	mta> O 00000001 000001ff 001fffff
	mta< eof
	c1!
	mta> O 00000000 000001ff 001fffff
	mta< eof
	mta> O 00000006 000001ff
	mta< eof
	END
	mta > /dev/null 2>&1
	kill -0 "$(cat mm.pid)" || atf_fail 'the daemon is gone'
}

wire_case idea_04 "an MTA of version 2 hears of no bit it does not know"
idea_04_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	mta offer 00000002 0000003f 0000007f
	c1 offer 00000002 0000003f 00000000
	c2 offer 00000002 0000003f 00000040
	negotiate 00000002 0000003f 00000000
	pass CHMR
	pass c1: LNB
	finish LB
	mta close
	c1< Q
	c1< eof
	c2< Q
	c2< eof
	# What they ask for besides does not go up.
	c1 offer 00000002 0000003f 001fff80
	c2 offer 00000002 0000003f 001fffd0
	negotiate 00000002 0000003f 00000000
	END
}

wire_case idea_05 "a body that one of two wants is sent, to that one only"
idea_05_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 00000010
	negotiate 00000006 000001ff 00000400
	pass CHMRT
	pass c1: LN
	mta> B 'one'
	mta< c
	mta> B 'two'
	mta< c
	mta> E
	c1< E
	c1> c
	feed c2: LN
	c2< B 'onetwo'
	c2> c
	c2< E
	c2> c
	mta< c
	END
	chain c1 c2
	talk c1 c2 <<-'END'
	c2 offer 00000006 000001ff 00000010
	negotiate 00000006 000001ff 00000400
	pass CHMRT
	pass c1: LNB
	finish LN
	END
}

wire_case idea_06 "a body that nobody wants is declined"
idea_06_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 00000010
	c2 offer 00000006 000001ff 00000010
	negotiate 00000006 000001ff 00000410
	pass CHMRT
	pass c1: LN
	finish LN
	END
}

wire_case idea_07 "one of two is silent at headers: the MTA is answered"
idea_07_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 00000080
	negotiate 00000006 000001ff 00000400
	pass CHMRT
	mta> L "A" "1"
	c1< L "A" "1"
	mta< c
	mta> L "B" "2"
	c1< L "B" "2"
	mta< c
	pass c1: NB
	mta> E
	c1< E
	c1> c
	feed c2: L "A" "1"
	feed c2: L "B" "2"
	feed c2: NB
	c2< E
	c2> c
	mta< c
	END
	chain c1 c2
	talk c1 c2 <<-'END'
	c2 offer 00000006 000001ff 00000080
	negotiate 00000006 000001ff 00000400
	pass CHMRT
	pass c1: LLNB
	mta> E
	c1< E
	c1> c
	c2< L
	c2< L
	feed c2: NB
	c2< E
	c2> c
	mta< c
	END
}

wire_case idea_08 "all who get headers are silent: so is the manager"
idea_08_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 00000020
	c2 offer 00000006 000001ff 00000080
	negotiate 00000006 000001ff 00000480
	pass CHMRT
	mta> L
	mta> L
	pass c1: NB
	mta> E
	c1< E
	c1> c
	c2< L
	c2< L
	feed c2: NB
	c2< E
	c2> c
	mta< c
	END
}

wire_case idea_09 "values with and without exactly one leading space"
idea_09_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 00100000
	negotiate 00000006 000001ff 00100400
	pass CHMRT
	pass c1: L "A" " one"
	pass c1: L "B" "  two"
	pass c1: L "C" "\ttab"
	pass c1: L "D" ""
	pass c1: L "E" " "
	pass c1: L "F" "none"
	pass c1: L "G" " a\n\tb"
	mta> N
	c1< N
	c1> c
	mta< c
	mta> E
	c1< E
	c1> c
	feed c2: L "A" "one"
	feed c2: L "B" " two"
	feed c2: L "C" "\ttab"
	feed c2: L "D" ""
	feed c2: L "E" ""
	feed c2: L "F" "none"
	feed c2: L "G" "a\n\tb"
	feed c2: N
	c2< E
	c2> c
	mta< c
	END
}

# leading_space EDIT EXPECTED...: what a child that has no leading space sends
# at the end, and what an MTA that has gets.
leading_space()
{

	cat > script <<-'END'
	c1 offer 00000006 000001ff 00100000
	negotiate 00000006 000001ff 00100400
	pass CHMRT
	pass c1: L "X" " old"
	pass c1: N
	mta> E
	c1< E
	c1> c
	feed c2: L "X" "old"
	feed c2: N
	c2< E
	END
	printf 'c2> %s\nc2> c\nmta< %s\nmta< c\n' "$1" "$2" >> script
	talk c1 c2 < script
}

wire_case idea_10 "a deletion stays one where the MTA has leading spaces"
idea_10_body()
{

	for mta in postfix sendmail; do
		chain_with "manager.mta = \"$mta\"" -- c1 c2
		leading_space 'm 00000001 "X" ""' 'm 00000001 "X" ""'
		leading_space 'm 00000001 "X" "new"' 'm 00000001 "X" " new"'
		leading_space 'm 00000001 "X" " new"' 'm 00000001 "X" "  new"'
	done
}

wire_case idea_11 "an empty added value is one space where the MTA has them"
idea_11_body()
{

	for mta in postfix sendmail; do
		chain_with "manager.mta = \"$mta\"" -- c1 c2
		leading_space 'h "Y" ""' 'h "Y" " "'
		leading_space 'h "Y" "v"' 'h "Y" " v"'
		leading_space 'i 00000001 "Y" ""' 'i 00000001 "Y" " "'
	done
}

wire_case idea_12 "a refused recipient goes to the one who asked for them"
idea_12_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c2 offer 00000006 000001ff 00000800
	negotiate 00000006 000001ff 00000c00
	pass CHM
	mta> D 'R' "{rcpt_mailer}" "error" "{rcpt_host}" "5.1.1" \
	    "{rcpt_addr}" "550 5.1.1 no such user"
	mta> R "<bad@example.org>"
	c2< D 'R' "{rcpt_mailer}" "error" "{rcpt_host}" "5.1.1" \
	    "{rcpt_addr}" "550 5.1.1 no such user"
	c2< R "<bad@example.org>"
	c1!
	c2> r
	mta< c
	mta> R "<worse@example.org>"
	c2< R "<worse@example.org>"
	c2> a
	mta< c
	# Its accept counts for itself; the other one has the next recipient.
	mta> D 'R' "{rcpt_mailer}" "local" "{rcpt_host}" "x"
	mta> R "<good@example.org>"
	c1< D 'R' "{rcpt_mailer}" "local" "{rcpt_host}" "x"
	c1< R "<good@example.org>"
	c1> c
	mta< c
	END
}

wire_case idea_13 "the actions of two children are asked for together"
idea_13_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 00000001 00000000
	c2 offer 00000006 00000010 00000000
	negotiate 00000006 00000011 00000400
	END
}

wire_case idea_14 "an action that was not offered is a failure of that child"
idea_14_body()
{

	chain_with 'milter.c1.fallback_status = "accept"' -- c1 c2
	talk c1 c2 <<-'END'
	mta> O 00000006 0000003f 001fffff
	c1< O 00000006 0000003f 001fffff
	c2< O 00000006 0000003f 001fffff
	c1> O 00000006 0000007f 00000000
	c1< eof
	c2> O 00000006 00000003 00000000
	mta< O 00000006 00000003 00000400
	pass c2: CHMRT
	pass c2: LNB
	finish c2:
	END
	chain_with 'milter.c1.fallback_status = "reject"' -- c1 c2
	talk c1 c2 <<-'END'
	mta> O 00000006 0000003f 001fffff
	c1< O 00000006 0000003f 001fffff
	c2< O 00000006 0000003f 001fffff
	c1> O 00000006 0000007f 00000000
	c1< eof
	c2> O 00000006 00000003 00000000
	mta< O 00000006 00000003 00000400
	mta> C
	mta< r
	mta> H
	mta< r
	END
}

wire_case idea_15 "a child of version 2 gets neither DATA nor unknown commands"
idea_15_body()
{

	chain c1 c2 c3
	talk c1 c2 c3 <<-'END'
	c1 offer 00000002 0000003f 00000000
	c2 offer 00000003 0000003f 00000000
	negotiate 00000006 000001ff 00000400
	pass CH
	pass c2 c3: U
	pass MR
	pass c2 c3: U
	pass c3: T
	pass c1: LNB
	finish LNB
	END
}

wire_case idea_16 "a child that closes while it is asked what it wants"
idea_16_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	mta> O 00000006 000001ff 001fffff
	c1< O 00000006 000001ff 001fffff
	c1 close
	c2< O 00000006 000001ff 001fffff
	c2> O 00000006 00000004 00000012
	mta< O 00000006 00000004 00000412
	pass c2: C
	END
	chain_with 'milter.c1.fallback_status = "temporary-failure"' -- c1 c2
	talk c1 c2 <<-'END'
	mta> O 00000006 000001ff 001fffff
	c1< O 00000006 000001ff 001fffff
	c1> raw 0000000d4f0000
	c1 close
	c2< O 00000006 000001ff 001fffff
	c2> O 00000006 00000004 00000012
	# Nothing is declined: it is by its fallback that it takes part.
	mta< O 00000006 00000004 00000400
	mta> C
	mta< t
	END
}

wire_case idea_17 "macro lists: the union goes up, each child gets its own"
idea_17_body()
{

	chain c1 c2 c3
	talk c1 c2 c3 <<-'END'
	c1 offer 00000006 00000100 00000000 \
	    00000002 "i {auth_type}" 00000001 "{cipher}"
	c2 offer 00000006 00000100 00000000 \
	    00000002 "{auth_type}, {mail_addr}" 00000001 "{tls_version}"
	c3 offer 00000006 00000100 00000000 \
	    00000002 "{x}" 00000001 "{tls_version}"
	negotiate 00000006 00000100 00000400 \
	    00000001 "{cipher} {tls_version}" \
	    00000002 "i {auth_type} {mail_addr} x"
	pass C
	mta> D 'H' "{cipher}" "c" "{tls_version}" "t"
	mta> H
	c1< D 'H' "{cipher}" "c"
	c1< H
	c1> c
	c2< D 'H' "{tls_version}" "t"
	c2< H
	c2> c
	c3< D 'H' "{tls_version}" "t"
	c3< H
	c3> c
	mta< c
	mta> D 'M' "i" "Q1" "{auth_type}" "" "{mail_addr}" "a@b" "{other}" "o"
	mta> M
	c1< D 'M' "i" "Q1" "{auth_type}" ""
	c1< M
	c1> c
	c2< D 'M' "{auth_type}" "" "{mail_addr}" "a@b"
	c2< M
	c2> c
	c3< D 'M'
	c3< M
	c3> c
	mta< c
	END
	# One that has no list gets what comes, and the MTA's default is asked
	# for because of it.
	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 00000100 00000000 00000001 "{x}"
	negotiate 00000006 000001ff 00000400 00000001 \
	    "x {tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}"
	pass C
	mta> D 'H' "{x}" "1" "{cipher}" "2"
	mta> H
	c1< D 'H' "{x}" "1"
	c1< H
	c1> c
	c2< D 'H' "{x}" "1" "{cipher}" "2"
	c2< H
	c2> c
	mta< c
	END
}

wire_case idea_18 "a list for end of message is never asked for alone"
idea_18_body()
{

	chain c1
	talk c1 <<-'END'
	c1 offer 00000006 00000100 00000000 00000005 "{msg_id}"
	negotiate 00000006 00000100 00000400 \
	    00000005 "{msg_id}" 00000006 "i"
	END
	talk c1 <<-'END'
	c1 offer 00000006 00000100 00000000 00000006 "x"
	negotiate 00000006 00000100 00000400 \
	    00000005 "{msg_id} i" 00000006 "x"
	END
}

wire_case idea_19 "an MTA that did not offer lists gets none"
idea_19_body()
{

	chain c1
	talk c1 <<-'END'
	mta> O 00000006 000000ff 001fffff
	c1< O 00000006 000000ff 001fffff
	c1> O 00000006 000000ff 00000000 00000002 "i"
	mta< O 00000006 000000ff 00000400
	pass C
	# Nor does its list hide anything then.
	mta> D 'M' "i" "1" "{x}" "2"
	mta> M
	c1< D 'M' "i" "1" "{x}" "2"
	c1< M
	c1> c
	mta< c
	END
}

wire_case idea_20 "a macro frame of the stage alone is forwarded as such"
idea_20_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> D 'C'
	mta> C
	c1< D 'C'
	c1< C
	c1> c
	c2< D 'C'
	c2< C
	c2> c
	mta< c
	mta> D 'H'
	mta> H
	c1< D 'H'
	c1< H
	c1> c
	c2< D 'H'
	c2< H
	c2> c
	mta< c
	END
}

wire_case idea_21 "macro frames of odd stages or shapes disturb nothing"
idea_21_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> D 'z' "i" "1"
	mta> D 'U' "i" "1"
	pass C
	# Neither the form that libmilter drops ...
	mta> D 'H' 'no nul'
	mta> D 'H' "name without value"
	mta> D 'H' "" "no name"
	mta> D '\xff'
	pass HMR
	# Postfix says this before an unknown command.
	mta> D 'U'
	mta> U
	c1< D 'U'
	c1< U
	c1> c
	c2< D 'U'
	c2< U
	c2> c
	mta< c
	pass T
	# ... nor what Postfix sends before headers and chunks.
	mta> D 'L' "i" "2"
	mta> L "A" "1"
	c1< D 'L' "i" "2"
	c1< L "A" "1"
	c1> c
	mta< c
	mta> D 'L'
	mta> L "B" "2"
	c1< D 'L'
	c1< L "B" "2"
	c1> c
	mta< c
	pass c1: N
	mta> D 'B' "i" "3"
	mta> B 'x'
	c1< D 'B' "i" "3"
	c1< B 'x'
	c1> c
	mta< c
	mta> D 'E' "i" "4"
	mta> E
	c1< D 'E' "i" "4"
	c1< E
	c1> c
	c2< D 'L'
	feed c2: L "A" "1"
	c2< D 'L'
	feed c2: L "B" "2"
	feed c2: N
	c2< D 'B' "i" "3"
	feed c2: B 'x'
	c2< D 'E' "i" "4"
	c2< E
	c2> c
	mta< c
	END
}

wire_case idea_22 "every form of CONNECT is forwarded byte for byte"
idea_22_body()
{

	chain c1 c2
	for data in \
	    "\"mx.example.org\" '4' 0019 \"192.0.2.1\"" \
	    "\"[192.0.2.1]\" '4' 0000 \"192.0.2.1\"" \
	    "\"[IPv6:0:0:0:0:0:0:0:1]\" '6' ffff \"IPv6:0:0:0:0:0:0:0:1\"" \
	    "\"[::1]\" '6' 8000 \"::1\"" \
	    "\"h\" '6' 8000 \"ipv6:::1\"" \
	    "\"localhost\" 'L' 0000 \"\"" \
	    "\"localhost\" 'L' 0000 \"/var/run/s\"" \
	    "\"localhost\" 'U'" \
	    "\"unknown\" 'U'" \
	    "\"\" 'U'" \
	    "\"\\xff\\x80\" '4' 1234 \"not an address\""; do
		printf 'negotiate\npass C %s\n' "$data" > script
		talk c1 c2 < script
	done
}

atf_init_test_cases()
{

	for n in 01 02 03 04 05 06 07 08 09 10 11 12 13 14 15 16 17 18 19 20 \
	    21 22; do
		atf_add_test_case idea_$n
	done
}
