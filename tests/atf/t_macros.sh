#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_macros.sh - macros that the MTA does not send: made up from what it does
# send, or the administrator's.

. "$(atf_get_srcdir)/h_session.sh"

macros_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# bytes STEP...: an MTA that sends just these; see h_mta.c.
bytes()
{

	"$(atf_get_srcdir)/h_mta" mm.sock "$@" > mta.out 2> mta.err || {
		cat mta.out mta.err >&2
		tail -n 30 mm.log >&2
		atf_fail "h_mta $*"
	}
}

# saw NAME: stages and macros that the child was told, from CONNECT on, against
# the standard input.
saw()
{

	wait_for grep -q '^finished' "$1.out"
	sed -n '/^connect/,$p' "$1.out" | grep -v '^macros:\|^finished' > got
	cat > want
	atf_check -o file:want cat got
}

macros_case made_up "an MTA without macros: from envelope and connection"
made_up_body()
{

	conf_begin
	conf_child a
	# The content comes to b later, and it does not want recipients.
	conf_child b
	child a
	child b --protocol=408
	manager
	bytes C H 'M:<s@e.x>\0SIZE=1\0=c' 'R:<"a b@c"@e.x>\0NOTIFY=NEVER\0=c' \
	    'R:user\0' 'R:<@r1,@r2:u@[192.0.2.5]>\0' T N E \
	    'M:<>\0' 'R:u"@>"x@e.x SIZE=7\0=c' A 'M:\0' 'R:<u\@@e>\0'
	saw a <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  client_addr=192.0.2.1
	helo: <h>
	envelope-from: <<s@e.x>> SIZE=1
	  mail_addr=s@e.x
	  mail_host=e.x
	envelope-recipient: <<"a b@c"@e.x>> NOTIFY=NEVER
	  rcpt_addr="a b@c"@e.x
	  rcpt_host=e.x
	envelope-recipient: <user>
	  rcpt_addr=user
	  rcpt_host=
	envelope-recipient: <<@r1,@r2:u@[192.0.2.5]>>
	  rcpt_addr=u@[192.0.2.5]
	  rcpt_host=[192.0.2.5]
	data
	end-of-header
	end-of-message
	envelope-from: <<>>
	  mail_addr=
	  mail_host=
	envelope-recipient: <u"@>"x@e.x SIZE=7>
	  rcpt_addr=u"@>"x@e.x
	  rcpt_host=e.x
	abort
	envelope-from: <>
	  mail_addr=
	  mail_host=
	envelope-recipient: <<u\\@@e>>
	  rcpt_addr=u\\@@e
	  rcpt_host=e
	END
	saw b <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  client_addr=192.0.2.1
	helo: <h>
	envelope-from: <<s@e.x>> SIZE=1
	  mail_addr=s@e.x
	  mail_host=e.x
	data
	end-of-header
	end-of-message
	envelope-from: <<>>
	  mail_addr=
	  mail_host=
	abort
	envelope-from: <>
	  mail_addr=
	  mail_host=
	END
}

macros_case odd "addresses that are none, and sets of an odd form"
odd_body()
{

	conf_begin
	conf_child a
	child a
	manager
	bytes 'C:h\0U' H 'D:M' 'M:<\0' 'D:R{rcpt_addr}\0mine\0' 'R:<@\0' \
	    'R:<@:\0' 'D:Rx\0y' 'R:<"\0' 'R:<a@b\\0'
	saw a <<-'END'
	connect: host=<h>, address=<unknown>
	helo: <h>
	envelope-from: <<>
	  mail_addr=
	  mail_host=
	envelope-recipient: <<@>
	  rcpt_addr=mine
	  rcpt_host=
	envelope-recipient: <<@:>
	  rcpt_addr=mine
	  rcpt_host=
	envelope-recipient: <<">
	  rcpt_addr=mine
	  rcpt_host=
	envelope-recipient: <<a@b\\>
	  rcpt_addr=mine
	  rcpt_host=b\\
	END
}

macros_case mta_wins "what the MTA sends is neither changed nor doubled"
mta_wins_body()
{

	conf_begin
	conf_child a
	child a
	manager
	check_mta --connect-address=inet6:25@[2001:db8::1] --mta=sendmail \
	    -f s@e.x -r r@e.x --envelope-from-macro='{mail_host}:' \
	    --envelope-recipient-macro='{rcpt_addr}:other' --messages=2
	grep 'client_addr=\|mail_addr=\|mail_host=\|rcpt_addr=\|rcpt_host=' \
	    a.out > got
	cat > want <<-'END'
	  client_addr=IPv6:2001:db8:0:0:0:0:0:1
	  mail_addr=s@e.x
	  mail_host=
	  rcpt_host=e.x
	  rcpt_addr=other
	  mail_addr=s@e.x
	  mail_host=
	  rcpt_host=e.x
	  rcpt_addr=other
	END
	atf_check -o file:want cat got
	# Postfix writes the address without the tag that its macro has.
	check_mta --connect-address=inet6:25@[2001:db8::1] --mta=postfix
	has a.out '  client_addr=IPv6:2001:db8::1'
	check_mta --connect-address=inet6:25@[::1] --mta=postfix \
	    --connect-macro='{client_addr}:mine'
	has a.out '  client_addr=mine'
	lacks a.out '  client_addr=IPv6:::1'
	check_mta --connect-address=unix:/tmp/x
	ntimes a.out 'client_addr=' 3
}

macros_case off "nothing is made up when that is switched off"
off_body()
{

	conf_begin 'manager.missing_macros = false'
	conf_child a 'macro."{own}"="x"'
	child a
	manager
	bytes C H M R T N E
	saw a <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  own=x
	helo: <h>
	envelope-from: <<s@e.x>>
	envelope-recipient: <<r@e.x>>
	data
	end-of-header
	end-of-message
	END
}

macros_case refused_recipient "the macros of a recipient that the MTA refuses tell why"
refused_recipient_body()
{

	conf_begin
	conf_child a
	child a --protocol=800
	manager
	bytes C M 'D:R{rcpt_mailer}\0error\0' R
	grep 'rcpt_' a.out > got
	atf_check -o inline:'  rcpt_mailer=error\n' cat got
}

macros_case lists "a child that asks for macros gets none but those"
lists_body()
{

	conf_begin
	conf_child a
	conf_child b
	child a '--macros=mail:{mail_addr}' '--macros=connect:j' \
	    '--macros=rcpt:{rcpt_host} {nope}'
	child b
	manager
	bytes 'D:Cj\0me\0' C 'M:<s@e.x>\0' 'R:<r@e.x>\0'
	saw a <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  j=me
	envelope-from: <<s@e.x>>
	  mail_addr=s@e.x
	envelope-recipient: <<r@e.x>>
	  rcpt_host=e.x
	END
	saw b <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  j=me
	  client_addr=192.0.2.1
	envelope-from: <<s@e.x>>
	  mail_addr=s@e.x
	  mail_host=e.x
	envelope-recipient: <<r@e.x>>
	  rcpt_addr=r@e.x
	  rcpt_host=e.x
	END
}

macros_case defaults "an administrator's value, where the MTA has none"
defaults_body()
{

	conf_begin
	conf_child a 'macro.j="mine"' 'macro."{client_addr}"="mine"' \
	    'macro."{daemon_name}"="mine"' 'macro."{auth_type}"="mine"' \
	    'macro."{x}"=""'
	conf_child b
	# Declines CONNECT and HELO: it has them before MAIL.
	conf_child c 'macro."{zz}"="c"'
	echo 'milter.*.macro."{y}" = "all"' >> mm.conf
	child a
	child b
	child c -v --protocol=403
	manager
	bytes 'D:Cj\0theirs\0' C H 'D:M{auth_type}\0PLAIN\0' M R A \
	    'D:M{auth_type}\0\0' M
	saw a <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  j=theirs
	  client_addr=192.0.2.1
	  daemon_name=mine
	  auth_type=mine
	  x=
	  y=all
	helo: <h>
	envelope-from: <<s@e.x>>
	  auth_type=PLAIN
	  mail_addr=s@e.x
	  mail_host=e.x
	envelope-recipient: <<r@e.x>>
	  rcpt_addr=r@e.x
	  rcpt_host=e.x
	abort
	envelope-from: <<s@e.x>>
	  auth_type=
	  mail_addr=s@e.x
	  mail_host=e.x
	END
	has b.out '  y=all'
	lacks b.out '  x='
	lacks b.out 'mine'
	ntimes c.out '> SMFIC_MACRO C <j> <theirs> <{client_addr}> <192.0.2.1> <{zz}> <c> <y> <all>' 1
}

macros_case default_lists "a value of the administrator's for a child with lists"
default_lists_body()
{

	conf_begin
	conf_child a 'macro."{on_list}"="1"' 'macro."{off_list}"="2"' \
	    'macro."{mail_host}"="3"' 'macro."{at_eom}"="4"'
	conf_child b 'macro."{x}"="5"' 'macro.i="6"'
	child a '--macros=connect:j' '--macros=helo:j' \
	    '--macros=mail:{on_list},{mail_host}' '--macros=rcpt:{mail_host}' \
	    '--macros=data:i' '--macros=eoh:i' '--macros=eom:{at_eom} i'
	child b '--macros=connect:{x}' '--macros=mail:i {x}'
	manager
	bytes 'D:Cj\0me\0' C 'D:M{mail_host}\0h\0' M 'D:Rz\0z\0' R \
	    'D:Ti\0id\0' T 'D:Ni\0id\0' N 'D:Ei\0id\0' E
	saw a <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  j=me
	envelope-from: <<s@e.x>>
	  mail_host=h
	  on_list=1
	envelope-recipient: <<r@e.x>>
	data
	  i=id
	end-of-header
	  i=id
	end-of-message
	  i=id
	  at_eom=4
	END
	saw b <<-'END'
	connect: host=<h>, address=<inet:0@[192.0.2.1]>
	  x=5
	envelope-from: <<s@e.x>>
	  i=6
	envelope-recipient: <<r@e.x>>
	  z=z
	  rcpt_addr=r@e.x
	  rcpt_host=e.x
	data
	  i=id
	end-of-header
	  i=id
	end-of-message
	  i=id
	END
}

macros_case declined "a child that declines CONNECT gets them before the next event"
declined_body()
{

	conf_begin
	conf_child a 'macro."{x}"="y"'
	child a -v --protocol=40b
	manager
	bytes C H M R R T N E
	wait_for grep -q '^finished' a.out
	# Of the recipients' it gets the last, as from the MTA itself.
	grep '^> SMFIC_[MDE]' a.out > got
	cat > want <<-'END'
	> SMFIC_MACRO C <{client_addr}> <192.0.2.1> <x> <y>
	> SMFIC_MACRO M <{mail_addr}> <s@e.x> <{mail_host}> <e.x>
	> SMFIC_MAIL <<s@e.x>>
	> SMFIC_MACRO R <{rcpt_addr}> <r@e.x> <{rcpt_host}> <e.x>
	> SMFIC_DATA
	> SMFIC_EOH
	END
	atf_check -o file:want cat got
}

macros_case large "what does not fit into a frame of a milter is left out"
large_body()
{

	conf_begin
	conf_child a 'macro."{x}"="x"'
	child a
	manager
	big=$(dd if=/dev/zero bs=1000 count=66 2> /dev/null | tr '\0' 'x')
	bytes "D:Cj\\0$(echo "$big" | cut -c 1-65529)\\0" C M
	lacks a.out 'client_addr'
	lacks a.out '  x=x'
	has a.out '  mail_addr=s@e.x'
	lacks mm.log 'fallback='
}

atf_init_test_cases()
{

	for tc in made_up odd mta_wins off refused_recipient lists defaults \
	    default_lists declined large; do
		atf_add_test_case $tc
	done
}
