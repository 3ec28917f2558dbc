#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_rules.sh - rules of the protocol that no conformance idea names, frame by
# frame: frames, negotiation, macros.  ABORT and the order of commands are in
# t_rules_session.sh, verdicts and edits in t_rules_verdict.sh.

. "$(atf_get_srcdir)/h_wire.sh"

wire_case self "a conversation that is not as its script says is found out"
self_body()
{

	# mistaken TEXT: this script has to fail with that.
	mistaken()
	{
		if "$(atf_get_srcdir)/h_wire" mm.sock c1 c2 < script \
		    > wire.out 2>&1; then
			atf_fail "taken: $(cat script)"
		fi
		has wire.out "$1"
	}
	chain c1 c2
	printf 'negotiate 00000006 000001ff 00000401\n' > script
	mistaken 'mta: another frame'
	printf 'negotiate\nmta> C\nc1< C "h" \047U\047\n' > script
	mistaken 'c1: another frame'
	printf 'negotiate\npass C\nmta> H\nc1< H "client.example.or"\n' > script
	mistaken 'found    24 bytes'
	printf 'negotiate\npass CHM\nmta> A\nc1< A\n' > script
	mistaken 'c2: another frame'
	printf 'negotiate\npass CHM\nmta> A\nc1< A\nc2< Q\n' > script
	mistaken 'c2: another frame'
	printf 'negotiate\nmta> K\nc1< Q\nc1< eof\nc2< Q\n' > script
	printf 'c2< eof\nmta> C\nc1< O 00000006 000001ff 001fffff\n' >> script
	printf 'c1> c\nc1< Q\n' >> script
	mistaken 'c1: closed'
	printf 'mta> O 00000006 000001ff 001fffff\nmta close\n' > script
	printf 'c1< eof\n' >> script
	mistaken 'c1: a frame instead of the end'
	printf 'negotiate\nmta> C\nc1< C\nc1!\nc1> c\nc2< C\nc2> c\n' \
	    > script
	mistaken 'mta: a frame instead of the end'
	printf 'mta> Q\nmta< c\n' > script
	mistaken 'mta: closed'
	for text in 'c3> c' 'mta> C "x' 'mta> C 4g' 'mta frob' 'mta> C "\q"'; do
		printf '%s\n' "$text" > script
		mistaken 'script: '
	done
}

wire_case internal_bits "private protocol bits pass in neither direction"
internal_bits_body()
{

	chain c1
	talk c1 <<-'END'
	mta> O 00000006 000001ff 701fffff
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 70000000
	mta< O 00000006 000001ff 00000400
	pass CHM
	END
}

wire_case odd_offers "zeroes, bytes behind the numbers, a second offer"
odd_offers_body()
{

	chain c1
	talk c1 <<-'END'
	# Zero stands for the bits of the first version.  What can be made up is
	# added for the child, the rest is not.
	mta> O 00000006 00000000 00000000
	c1< O 00000006 0000000f 000ff4bf
	c1> O 00000006 0000000f 00000410
	mta< O 00000006 0000000f 00000010
	pass CHM
	mta close
	c1< Q
	c1< eof
	# In an older version nothing is.
	mta> O 00000004 000001ff 0000037f
	c1< O 00000004 000001ff 0000037f
	c1> O 00000004 0000001f 00000000
	mta< O 00000004 0000001f 00000000
	mta close
	c1< Q
	c1< eof
	mta> O 00000006 000001ff 001fffff 00000002 "i"
	c1< O 00000006 000001ff 001fffff
	c1> O 00000006 000001ff 00000000
	mta< O 00000006 000001ff 00000400
	mta> O 00000006 000001ff 001fffff
	pass CHM
	mta> O 00000002 00000000 00000000
	pass R
	END
}

wire_case odd_answers "answers that a child must not give, and some it may"
odd_answers_body()
{

	chain c1 c2
	for answer in "00000007 000001ff 00000000" "00000001 000001ff 00000000" \
	    "00000006 000001ff" "00000006 000003ff 00000000" "''" \
	    "00000006 000001ff 00000000 00000002 'no nul'" \
	    "00000006 000001ff 00000000 0000"; do
		cat > script <<-END
		mta> O 00000006 000001ff 001fffff
		c1< O 00000006 000001ff 001fffff
		c2< O 00000006 000001ff 001fffff
		c1> O $answer
		c1< eof
		c2> O 00000006 00000001 00000010
		mta< O 00000006 00000001 00000410
		pass c2: CHM
		END
		talk c1 c2 < script
	done
	# Something else than an answer.
	for answer in c "raw 00000000" "raw 485454502f312e31" p; do
		cat > script <<-END
		mta> O 00000006 000001ff 001fffff
		c1< O 00000006 000001ff 001fffff
		c2< O 00000006 000001ff 001fffff
		c1> $answer
		c1< eof
		c2> O 00000006 00000001 00000010
		mta< O 00000006 00000001 00000410
		END
		talk c1 c2 < script
	done
	# Protocol bits that were not offered do not go up.
	talk c1 c2 <<-'END'
	mta> O 00000006 000001ff 0000037f
	c1< O 00000006 000001ff 000ff7ff
	c2< O 00000006 000001ff 000ff7ff
	c1> O 00000006 000001ff 00100800
	c2> O 00000006 000001ff 80000000
	mta< O 00000006 000001ff 00000000
	pass CHM
	END
}

wire_case merge "each bit by its own rule"
merge_body()
{

	# merged FIRST SECOND UP, of the protocol bits.
	merged()
	{
		cat > script <<-END
		c1 offer 00000006 00000000 $1
		c2 offer 00000006 00000000 $2
		negotiate 00000006 00000000 $3
		END
		talk c1 c2 < script
	}
	chain c1 c2
	# NO bits: all have to.  Not MAIL: Sendmail would not send ABORT.
	merged 0000037f 0000037f 0000077b
	for bit in 00000001 00000002 00000008 00000010 00000020 00000040 \
	    00000100 00000200; do
		merged $bit 00000000 00000400
		merged 00000000 $bit 00000400
		merged $bit $bit "$(printf %08x $((0x$bit | 0x400)))"
	done
	merged 00000004 00000004 00000400
	# NR bits: all who get it; and not of MAIL.
	merged 000ff080 000ff080 000fb480
	merged 000ff080 00000000 00000400
	merged 00001001 00001000 00001400
	merged 00000001 00001000 00001400
	merged 00001001 00000000 00000400
	merged 00001001 00001001 00000401
	merged 00080010 00080000 00080400
	# One of them is enough.
	merged 00000800 00000000 00000c00
	merged 00000000 00100000 00100400
	# Edits of two children on headers need the headers.
	cat > script <<-'END'
	c1 offer 00000006 00000001 00000020
	c2 offer 00000006 00000010 00000020
	negotiate 00000006 00000011 00000400
	END
	talk c1 c2 < script
}

wire_case made_up "a reply that the MTA cannot do without is made up"
made_up_body()
{

	chain c1
	talk c1 <<-'END'
	mta> O 00000006 000001ff 0000037f
	c1< O 00000006 000001ff 000ff7ff
	c1> O 00000006 000001ff 000ff080
	mta< O 00000006 000001ff 00000000
	mta> C
	c1< C
	mta< c
	mta> H
	c1< H
	mta< c
	mta> U
	c1< U
	mta< c
	mta> M
	c1< M
	mta< c
	mta> R
	c1< R
	mta< c
	mta> T
	c1< T
	mta< c
	mta> L
	c1< L
	mta< c
	mta> N
	c1< N
	mta< c
	mta> B
	c1< B
	mta< c
	finish
	END
}

wire_case silence "where silence is agreed nothing is said"
silence_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 000ff080
	c2 offer 00000006 000001ff 000ff080
	negotiate 00000006 000001ff 000fb480
	mta> C
	mta> H
	mta> U
	mta> M
	mta< c
	mta> R
	mta> T
	mta> L
	mta> N
	mta> B 'one'
	mta> B 'two'
	mta> E
	c1< C
	c1< H
	c1< U
	c1< M
	c1< R
	c1< T
	c1< L
	c1< N
	c1< B 'one'
	c1< B 'two'
	c1< E
	c1> c
	c2< C
	c2< H
	c2< U
	c2< M
	c2< R
	c2< T
	c2< L
	c2< N
	c2< B 'onetwo'
	c2< E
	c2> c
	mta< c
	END
}

wire_case commands "payloads that a command must have, and some it may"
commands_body()
{

	chain c1
	for code in C H M R L B U D; do
		printf "negotiate\nmta> %s ''\nmta< eof\n" $code > script
		talk c1 < script
	done
	for frame in "H 'no nul'" "U 'no nul'" "L 'name' 00 'no nul'" \
	    "L \"name only\"" "L \"\" \"no name\"" "C \"h\"" "C \"h\" '4'" \
	    "C \"h\" '4' 0000" "C \"h\" 'x' 0000 \"a\"" "M 'no nul'" \
	    "R \"a\" 'no nul'" "C 'h'" "x" '\0' "o"; do
		printf "negotiate\nmta> %s\nmta< eof\n" "$frame" > script
		talk c1 < script
	done
	talk c1 <<-'END'
	negotiate
	pass CHMR
	mta> T 'x'
	c1< T 'x'
	c1> c
	mta< c
	pass L "A" ""
	mta> N 'x'
	c1< N
	c1> c
	mta< c
	finish
	mta> A 'x'
	mta> Q 'x'
	mta< eof
	END
	talk c1 <<-'END'
	mta> C
	mta< eof
	END
}

wire_case too_long "frames that a milter cannot take: the child's fallback"
too_long_body()
{

	chain_with 'milter.c1.fallback_status = "reject"' -- c1 c2
	for stage in H M R U; do
		before=$(echo CHMR | sed "s/$stage.*//")
		cat > script <<-END
		negotiate
		pass $before
		pass $stage "x"*65534
		mta> $stage "x"*65535
		c1< eof
		mta< r
		END
		# A second MAIL ends the first one's message.
		[ $stage != M ] || echo 'c2< A' >> script
		talk c1 c2 < script
	done
	# Macros count as each child gets them.
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 00000000 00000002 "i"
	negotiate 00000006 000001ff 00000400 00000002 \
	    "i {auth_type} {auth_authen} {auth_ssf} {auth_author} \
	{mail_mailer} {mail_host} {mail_addr}"
	pass CH
	mta> D 'M' "i" "q" "{auth_author}" "x"*65515
	mta> M
	c1< D 'M' "i" "q"
	c1< M
	c1> c
	c2< D 'M' "i" "q" "{auth_author}" "x"*65515
	c2< M
	c2> c
	mta< c
	mta> D 'M' "i" "q" "{auth_author}" "x"*65516
	mta> M
	c1< A
	c2< A
	c1< D 'M' "i" "q"
	c1< M
	c1> c
	c2< eof
	mta< c
	mta> D 'R' "{rcpt_addr}" "x"*70000
	mta> R
	c1< eof
	mta< r
	END
	has mm.log 'reason=macros of more than 65535 bytes'
}

wire_case one_set "one macro frame a stage: the last one, as a whole"
one_set_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	negotiate
	mta> D 'C' "j" "old" "v" "x"
	mta> D 'C' "j" "new"
	mta> D 'M' "i" "early"
	mta> C
	c1< D 'C' "j" "new"
	c1< C
	c1> c
	c2< D 'C' "j" "new"
	c2< C
	c2> c
	mta< c
	pass H
	mta> M
	c1< D 'M' "i" "early"
	c1< M
	c1> c
	c2< D 'M' "i" "early"
	c2< M
	c2> c
	mta< c
	mta> D 'R' "{rcpt_addr}" "1"
	mta> R
	c1< D 'R' "{rcpt_addr}" "1"
	c1< R
	c1> c
	c2< D 'R' "{rcpt_addr}" "1"
	c2< R
	c2> c
	mta< c
	# They keep their sets.
	pass R
	mta> D 'R'
	mta> R
	c1< D 'R'
	c1< R
	c1> c
	c2< D 'R'
	c2< R
	c2> c
	mta< c
	mta> D 'T' "i" "q"
	mta> T
	c1< D 'T' "i" "q"
	c1< T
	c1> c
	c2< D 'T' "i" "q"
	c2< T
	c2> c
	mta< c
	pass c1: L
	mta> D 'N' "i" "q"
	mta> N
	c1< D 'N' "i" "q"
	c1< N
	c1> c
	mta< c
	mta> D 'E' "{msg_id}" "m" "empty" ""
	mta> E
	c1< D 'E' "{msg_id}" "m" "empty" ""
	c1< E
	c1> c
	feed c2: L
	c2< D 'N' "i" "q"
	feed c2: N
	c2< D 'E' "{msg_id}" "m" "empty" ""
	c2< E
	c2> c
	mta< c
	# The next message has none of them but MAIL's, which they have.
	pass MRT
	pass c1: LN
	finish LN
	END
}

wire_case declined_macros "who declines an event still gets its macros"
declined_macros_body()
{

	chain c1 c2
	talk c1 c2 <<-'END'
	c1 offer 00000006 000001ff 0000004f
	negotiate
	mta> D 'C' "j" "mx"
	mta> C
	c2< D 'C' "j" "mx"
	c2< C
	c2> c
	mta< c
	mta> D 'H'
	mta> H
	c2< D 'H'
	c2< H
	c2> c
	mta< c
	mta> D 'M' "i" "q"
	mta> M
	c2< D 'M' "i" "q"
	c2< M
	c2> c
	mta< c
	mta> D 'R' "{rcpt_addr}" "1"
	mta> R
	c2< D 'R' "{rcpt_addr}" "1"
	c2< R
	c2> c
	mta< c
	mta> T
	c1< D 'C' "j" "mx"
	c1< D 'H'
	c1< D 'M' "i" "q"
	c1< D 'R' "{rcpt_addr}" "1"
	c1< T
	c1> c
	c2< T
	c2> c
	mta< c
	pass c1: L
	END
}

wire_case list_stages "lists of end of header and of message in Postfix's way"
list_stages_body()
{

	# Empty lists and unknown stages are none; the later of two holds; lists
	# count even without the action bit.
	chain c1
	talk c1 <<-'END'
	c1 offer 00000006 00000000 00000000 00000009 "x" 00000000 "" \
	    00000005 "a" 00000005 "{bb}" 00000006 "{cc}"
	negotiate 00000006 00000100 00000400 00000005 "{bb}" 00000006 "{cc}"
	pass CHMRT
	mta> D 'L' "{bb}" "1" "{cc}" "2"
	mta> L
	c1< D 'L' "{cc}" "2"
	c1< L
	c1> c
	mta< c
	mta> D 'N' "{bb}" "1" "{cc}" "2"
	mta> N
	c1< D 'N' "{cc}" "2"
	c1< N
	c1> c
	mta< c
	mta> D 'B' "{bb}" "1" "{cc}" "2"
	mta> B
	c1< D 'B' "{bb}" "1"
	c1< B
	c1> c
	mta< c
	mta> D 'E' "{bb}" "1" "{cc}" "2"
	mta> E
	c1< D 'E' "{bb}" "1"
	c1< E
	c1> c
	mta< c
	END
}

atf_init_test_cases()
{

	for tc in self internal_bits odd_offers odd_answers merge made_up \
	    silence commands too_long one_set declined_macros list_stages; do
		atf_add_test_case $tc
	done
}
