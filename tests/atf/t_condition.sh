#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_condition.sh - which child gets what: the conditions of children, frame by
# frame, at every stage.  What a condition says is known here; that it says the
# right thing is tested elsewhere.

. "$(atf_get_srcdir)/h_wire.sh"

# chain_when CHILD STAGE EXPRESSION [LINE ...]: a and b; CHILD has a condition.
chain_when()
{

	cw_child=$1 cw_stage=$2 cw_expr=$3
	shift 3
	chain_with "condition.$cw_child.stop_on_$cw_stage = $cw_expr" \
	    "milter.$cw_child.applicable_conditions = [\"$cw_child\"]" "$@" \
	    -- a b
}

wire_case connect "stopped at connect or helo: not there for the session"
connect_body()
{

	chain_when a connect 'host == "mx.example.com"'
	talk a b <<-'END'
	negotiate
	mta> C "mx.example.com" '4' 0019 "192.0.2.1"
	a< Q
	a< eof
	b< C "mx.example.com" '4' 0019 "192.0.2.1"
	b> c
	mta< c
	logged state=stopped stage=connect condition="a" rule="host == "mx.example.com""
	pass b: HMRTLNB
	finish b:
	pass b: MRTLNB
	finish b:
	END
	has mm.log "[milter][end][negotiate][stop]"
	talk a b <<-'END'
	negotiate
	pass C "other.example.com" '4' 0019 "192.0.2.1"
	pass HMRT
	mta> A
	a< A
	b< A
	END
	chain_when b helo 'helo == "liar"'
	talk a b <<-'END'
	negotiate
	pass C
	mta> H "liar"
	a< H "liar"
	a> c
	b< Q
	b< eof
	mta< c
	pass a: MRT
	mta> A
	a< A
	pass a: M
	mta> A
	a< A
	END
}

wire_case connect_all "all stopped at connect: the MTA is told that nobody is there"
connect_all_body()
{

	chain_when a connect true \
	    'milter.b.applicable_conditions = ["a"]' \
	    'manager.fallback_status = "reject"'
	talk a b <<-'END'
	negotiate
	mta> C
	a< Q
	a< eof
	b< Q
	b< eof
	mta< a
	mta> M
	mta< a
	END
}

wire_case quit_nc "a new connection behind QUIT_NC begins anew"
quit_nc_body()
{

	chain_when a connect 'host == "mx.example.com"' \
	    'condition.a.set_note."n" = connect: "1"' \
	    'condition.b.stop_on_envelope_from = note("n") == ""' \
	    'milter.b.applicable_conditions = ["b"]'
	talk a b <<-'END'
	negotiate
	mta> C "mx.example.com" '4' 0019 "192.0.2.1"
	a< Q
	a< eof
	b< C "mx.example.com" '4' 0019 "192.0.2.1"
	b> c
	mta< c
	pass b: HM
	mta> K
	b< A
	b< Q
	b< eof
	mta> C "other.example.com" '4' 0019 "192.0.2.1"
	a< O 00000006 000001ff 001fffff
	b< O 00000006 000001ff 001fffff
	a> O 00000006 000001ff 00000000
	b> O 00000006 000001ff 00000000
	a< C "other.example.com" '4' 0019 "192.0.2.1"
	a> c
	b< C "other.example.com" '4' 0019 "192.0.2.1"
	b> c
	mta< c
	pass HM
	END
}

wire_case mail "stopped at MAIL: not this message, but the next one"
mail_body()
{

	chain_when a envelope_from 'sender == "x@example.com"' \
	    'milter.a.fallback_status = "reject"'
	talk a b <<-'END'
	negotiate
	pass CH
	mta> M "<x@example.com>" "SIZE=1"
	b< M "<x@example.com>" "SIZE=1"
	b> c
	mta< c
	pass b: RTLNB
	finish b:
	pass MRT
	pass a: LNB
	finish
	mta> M "<x@example.com>"
	b< M "<x@example.com>"
	b> c
	mta< c
	# Its loss is none of this message, but of the next one.
	a close
	logged child=a stage=mail fallback=reject
	pass b: RTLNB
	finish b:
	mta> M
	mta< r
	END
	# Both: nobody has failed.
	chain_when a envelope_from true 'milter.b.applicable_conditions = ["a"]' \
	    'manager.fallback_status = "reject"'
	talk a b <<-'END'
	negotiate
	pass CH
	mta> M
	mta< c
	mta> R
	mta< a
	mta> M
	mta< c
	mta> L
	mta< r
	END
}

wire_case rcpt "stopped at a recipient: that one is hidden"
rcpt_body()
{

	chain_when a envelope_recipient 'recipient.domain == "x.example"' \
	    'milter.a.fallback_status = "reject"'
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> D 'R' "{rcpt_addr}" "1@X.example"
	mta> R "<1@X.example>"
	b< D 'R' "{rcpt_addr}" "1@X.example"
	b< R "<1@X.example>"
	b> c
	mta< c
	logged state=stopped stage=rcpt rcpt=<1@X.example>
	mta> D 'R' "{rcpt_addr}" "2@y.example"
	mta> R "<2@y.example>"
	a< D 'R' "{rcpt_addr}" "2@y.example"
	a< R "<2@y.example>"
	a> c
	b< D 'R' "{rcpt_addr}" "2@y.example"
	b< R "<2@y.example>"
	b> c
	mta< c
	pass T
	pass a: LNB
	finish
	# All hidden: it is out of the message at DATA, and not missed.
	pass M
	mta> R "<1@x.example>"
	b< R "<1@x.example>"
	b> c
	mta< c
	mta> R "<2@x.example>"
	b< R "<2@x.example>"
	b> r
	mta< r
	mta> T
	a< A
	b< T
	b> c
	mta< c
	a close
	pass b: LNB
	finish b:
	END
	# Lost while all were hidden: the same.
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R "<1@x.example>"
	b< R "<1@x.example>"
	b> c
	mta< c
	a close
	logged child=a stage=rcpt fallback=reject
	pass b: TLNB
	finish b:
	END
	# All of all: the manager has nobody to fall back from.
	chain_when a envelope_recipient true \
	    'milter.b.applicable_conditions = ["a"]' \
	    'manager.fallback_status = "reject"'
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R
	mta< c
	mta> T
	a< A
	b< A
	mta< a
	END
}

wire_case data "stopped at DATA: out of the message, the others go on"
data_body()
{

	chain_when a data 'recipients > 1'
	talk a b <<-'END'
	negotiate
	pass CHMRR
	mta> T
	a< A
	b< T
	b> c
	mta< c
	pass b: LNB
	finish b:
	pass MRT
	pass a: LNB
	finish
	END
	# A recipient that was refused is none.
	talk a b <<-'END'
	negotiate
	pass CHMR
	mta> R
	a< R
	a> c
	b< R
	b> r
	mta< r
	pass T
	pass a: LNB
	finish
	END
}

wire_case content "stopped in the content: out of the message, the next one's turn"
content_body()
{

	while read -r stage expr; do
		chain_when a "$stage" "$expr"
		case $stage in
		header) before='' last=L rest=NB feed='' ;;
		end_of_header) before=L last=N rest=B feed=L ;;
		body) before=LN last=B rest='' feed=LN ;;
		esac
		talk a b <<-END
		negotiate
		pass CHMRT
		${before:+pass a: $before}
		mta> $last
		a< A
		${feed:+feed b: $feed}
		b< $last
		b> c
		mta< c
		${rest:+pass b: $rest}
		finish b:
		END
		has mm.log "child=a state=stopped stage="
	done <<-'END'
	header header_value != ""
	end_of_header header("subject") != "x" or header("none") != ""
	body body != ""
	END
	chain_when a end_of_message 'size > 1'
	talk a b <<-'END'
	negotiate
	pass CHMRT
	pass a: LNB
	mta> E
	a< A
	feed b: LNB
	b< E
	b> c
	mta< c
	pass M
	END
	# The last one stopped; what the first one did stays.
	chain_when b end_of_message true
	talk a b <<-'END'
	negotiate
	pass CHMRT
	pass a: LNB
	mta> E
	a< E
	a> h "X-A" "1"
	a> c
	feed b: L
	b< L "X-A" "1"
	b> c
	feed b: NB
	b< A
	mta< h "X-A" "1"
	mta< c
	pass M
	mta> A
	a< A
	b< A
	END
}

wire_case silent "events that a child has declined are told to its conditions"
silent_body()
{

	# a wants nothing at all but MAIL; the MTA has to send the rest.
	chain_with 'condition.a.stop_on_end_of_message = size > 1k' \
	    'condition.a.stop_on_header = header_name == "X-Stop"' \
	    'condition.a.stop_on_helo = helo == "liar"' \
	    'milter.a.applicable_conditions = ["a"]' -- a
	talk a <<-'END'
	mta> O 00000006 000001ff 001fffff
	a< O 00000006 000001ff 001fffff
	a> O 00000006 00000001 0000037b
	mta< O 00000006 00000001 00000749
	mta> H "liar"
	a< Q
	a< eof
	mta< a
	END
	for body in 1100 10; do
		{
			cat <<-END
			mta> O 00000006 000001ff 001fffff
			a< O 00000006 000001ff 001fffff
			a> O 00000006 00000001 0000037b
			mta< O 00000006 00000001 00000749
			mta> H
			mta< c
			pass M
			mta> L
			mta< c
			mta> B 'x'*$body
			mta< c
			mta> E
			END
			if [ $body -gt 1000 ]; then
				echo 'a< A'
				echo 'mta< c'
			else
				echo 'a< E'
				echo 'a> c'
				echo 'mta< c'
			fi
		} > script
		talk a < script
	done
	talk a <<-'END'
	mta> O 00000006 000001ff 001fffff
	a< O 00000006 000001ff 001fffff
	a> O 00000006 00000001 0000037b
	mta< O 00000006 00000001 00000749
	pass M
	mta> L
	mta< c
	mta> L "X-Stop" "1"
	a< A
	mta< a
	END
}

wire_case macros "a condition's macros reach its child as if the MTA had sent them"
macros_body()
{

	chain_with 'condition.a.set_macro."{tag}" = connect: host' \
	    'condition.a.set_macro."j" = connect: "mine"' \
	    'condition.a.set_macro."{who}" = helo: helo if helo != "x"' \
	    'condition.a.set_macro."{size}" = envelope_from: size if size > 1' \
	    'condition.a.set_macro."{to}" = envelope_recipient: recipient if recipient.user != "b"' \
	    'condition.a.set_macro."{data}" = data: macro("who")' \
	    'condition.a.set_macro."{n}" = header: header_name' \
	    'condition.a.set_macro."{eoh}" = end_of_header: header("Subject")' \
	    'condition.a.set_macro."{eom}" = end_of_message: recipients' \
	    'milter.a.applicable_conditions = ["a"]' \
	    'milter.a.macro."{size}" = "none"' -- a b
	talk a b <<-'END'
	mta> O 00000006 000001ff 001fffff
	a< O 00000006 000001ff 001fffff
	b< O 00000006 000001ff 001fffff
	a> O 00000006 000000ff 00000000
	b> O 00000006 000000ff 00000000
	mta< O 00000006 000000ff 00000400
	mta> D 'C' "{x}" "1" "j" "theirs"
	mta> C "h" '4' 0019 "192.0.2.1"
	a< D 'C' "j" "mine" "{tag}" "h" "{x}" "1" "{size}" "none"
	a< C "h" '4' 0019 "192.0.2.1"
	a> c
	b< D 'C' "{x}" "1" "j" "theirs"
	b< C "h" '4' 0019 "192.0.2.1"
	b> c
	mta< c
	# Without a set of the MTA's there is one of ours.
	mta> H "y"
	a< D 'H' "{who}" "y"
	a< H "y"
	a> c
	b< H "y"
	b> c
	mta< c
	mta> M "<s@x>" "SIZE=12"
	a< D 'M' "{size}" "12"
	a< M "<s@x>" "SIZE=12"
	a> c
	b< M "<s@x>" "SIZE=12"
	b> c
	mta< c
	mta> R "<a@x>"
	a< D 'R' "{to}" "a@x"
	a< R "<a@x>"
	a> c
	b< R "<a@x>"
	b> c
	mta< c
	# What was said of another recipient is taken back.
	mta> R "<b@x>"
	a< D 'R'
	a< R "<b@x>"
	a> c
	b< R "<b@x>"
	b> c
	mta< c
	mta> D 'R' "{to}" "MTA"
	mta> R "<c@x>"
	a< D 'R' "{to}" "c@x"
	a< R "<c@x>"
	a> c
	b< D 'R' "{to}" "MTA"
	b< R "<c@x>"
	b> c
	mta< c
	mta> T
	a< D 'T' "{data}" "y"
	a< T
	a> c
	b< T
	b> c
	mta< c
	mta> L "A" "1"
	a< D 'L' "n" "A"
	a< L "A" "1"
	a> c
	mta< c
	mta> D 'L' "i" "9"
	mta> L "Subject" "2"
	a< D 'L' "n" "Subject" "i" "9"
	a< L "Subject" "2"
	a> c
	mta< c
	mta> N
	a< D 'N' "{eoh}" "2"
	a< N
	a> c
	mta< c
	pass a: B
	mta> E
	a< D 'E' "{eom}" "3"
	a< E
	a> c
	b< D 'L' "i" "9"
	b< L "A" "1"
	b> c
	b< D 'L' "i" "9"
	b< L "Subject" "2"
	b> c
	feed b: NB
	b< E
	b> c
	mta< c
	# The next message: nothing of the last one is left.
	mta> M "<s@x>"
	a< D 'M'
	a< M "<s@x>"
	a> c
	b< M "<s@x>"
	b> c
	mta< c
	mta> A
	a< A
	b< A
	END
}

wire_case macros_asked "the MTA is asked for what conditions read; lists of children hold"
macros_asked_body()
{

	chain_with 'condition.a.set_macro."{tag}" = connect: macro("daemon_addr")' \
	    'condition.a.set_macro."{own}" = connect: "1"' \
	    'condition.a.stop_on_envelope_from = tls or authenticated or macro("odd") == "1"' \
	    'milter.a.applicable_conditions = ["a"]' -- a
	talk a <<-'END'
	mta> O 00000006 000001ff 001fffff
	a< O 00000006 000001ff 001fffff
	a> O 00000006 00000100 0000000b 00000000 "{own} j" 00000001 "{x}" 00000002 "i"
	mta< O 00000006 00000100 00000408 00000000 "{own} j v {odd} {daemon_addr}" 00000001 "x {tls_version} {odd}" 00000002 "i {auth_type} {auth_authen} {odd}"
	mta> D 'C' "{daemon_addr}" "192.0.2.9" "j" "theirs"
	mta> C
	mta< c
	mta> H
	mta< c
	mta> M
	a< D 'C' "{own}" "1" "j" "theirs"
	a< M
	a> c
	mta< c
	mta> A
	a< A
	mta> D 'M' "{auth_type}" "PLAIN"
	mta> M
	mta< c
	END
}

wire_case macros_large "what is set is bounded: a frame that no child takes is \
not made"
macros_large_body()
{

	h=$(printf '%04000d' 0)
	chain_with 'condition.a.set_macro."{m1}" = connect: host' \
	    'condition.a.set_macro."{m2}" = connect: host' \
	    'condition.a.set_macro."{m3}" = connect: host' \
	    'condition.a.set_macro."{m4}" = connect: host' \
	    'condition.a.set_macro."{m5}" = connect: host' \
	    'condition.a.set_macro."{m6}" = connect: "6"' \
	    'milter.a.applicable_conditions = ["a"]' -- a
	talk a <<-END
	negotiate
	mta> C "$h" '4' 0019 "192.0.2.1"
	a< D 'C' "{m6}" "6" "{m4}" "$h" "{m3}" "$h" "{m2}" "$h" "{m1}" "$h"
	a< C "$h" '4' 0019 "192.0.2.1"
	a> c
	mta< c
	logged child=a {m5} is not set: those of one stage have more than 16 KiB
	END
}

wire_case notes "notes are of all children, in their order, and of one message"
notes_body()
{

	chain_with 'condition.a.set_note."c" = connect: "1"' \
	    'condition.a.set_note."m" = envelope_from: sender.user' \
	    'condition.b.stop_on_connect = note("c") != "1"' \
	    'condition.b.stop_on_data = note("m") == "one"' \
	    'milter.a.applicable_conditions = ["a"]' \
	    'milter.b.applicable_conditions = ["b"]' -- a b
	talk a b <<-'END'
	negotiate
	pass CH
	pass M "<one@x>"
	pass R
	mta> T
	a< T
	a> c
	b< A
	mta< c
	mta> A
	a< A
	pass M "<two@x>"
	pass RT
	mta> A
	a< A
	b< A
	END
}

wire_case children "conditions know what has become of the children before"
children_body()
{

	chain_with 'condition.b.stop_on_envelope_recipient = child("a").rejected' \
	    'condition.b.stop_on_data = child("a").tempfailed' \
	    'condition.b.stop_on_header = child("a").accepted' \
	    'milter.a.evaluation_mode = true' \
	    'condition.c.stop_on_envelope_recipient = child("b").stopped' \
	    'milter.b.applicable_conditions = ["b"]' \
	    'milter.c.applicable_conditions = ["c"]' -- a b c
	talk a b c <<-'END'
	negotiate
	pass CHM
	mta> R
	a< R
	a> r
	mta< c
	pass R
	mta> T
	a< T
	a> t
	b< A
	c< T
	c> c
	mta< c
	pass c: LNB
	finish c:
	pass MRT
	pass a: L
	mta> N
	a< N
	a> a
	b< A
	feed c: L
	c< N
	c> c
	mta< c
	mta> A
	c< A
	END
}

wire_case failed "a child that has failed is not missed where it would not run"
failed_body()
{

	# c is not there; who would have it is refused.
	chain_with 'condition.c.stop_on_connect = host == "good"' \
	    'condition.c.stop_on_envelope_from = sender == "good@x"' \
	    'milter.c.connection_spec = "unix:c.sock"' \
	    'milter.c.fallback_status = "reject"' \
	    'milter.c.fallback_status_authenticated = "accept"' \
	    'manager.fallback_status = "temporary-failure"' \
	    'milter.c.applicable_conditions = ["c"]' -- a
	talk a <<-'END'
	negotiate
	pass C "good" '4' 0019 "192.0.2.1"
	logged child=c state=stopped stage=connect
	pass HMRTLNB
	finish
	END
	talk a <<-'END'
	negotiate
	pass C "bad" '4' 0019 "192.0.2.1"
	pass H
	pass M "<good@x>"
	pass RTLNB
	finish
	mta> M "<bad@x>"
	a< M "<bad@x>"
	a> c
	a< A
	mta< r
	END
	# Of two that are asked for one is stopped, the other has failed.
	chain_with 'condition.b.stop_on_connect = true' \
	    'milter.c.connection_spec = "unix:c.sock"' \
	    'manager.fallback_status = "temporary-failure"' \
	    'milter.b.applicable_conditions = ["b"]' -- b
	talk b <<-'END'
	negotiate
	mta> C
	b< Q
	b< eof
	mta< t
	END
}

wire_case parallel "a parallel child is stopped, too"
parallel_body()
{

	chain_when b header 'header_name == "X-Stop"' \
	    'condition.b.stop_on_envelope_from = sender == "x"' \
	    'condition.b.stop_on_data = recipients > 1' \
	    'milter.b.parallel = true'
	talk a b <<-'END'
	negotiate
	mta> C
	a< C
	b< C
	a> c
	b> c
	mta< c
	mta> M "<x>"
	a< M "<x>"
	a> c
	mta< c
	pass a: RTLNB
	finish a:
	# Nor is it told that this one is over.
	mta> M "<x>"
	a< M "<x>"
	a> r
	mta< r
	mta> M
	a< M
	b< M
	b> c
	a> c
	mta< c
	mta> R
	a< R
	b< R
	b> c
	a> c
	mta< c
	mta> T
	a< T
	b< T
	b> c
	a> c
	mta< c
	mta> L "X-Stop" "1"
	a< L "X-Stop" "1"
	b< A
	a> c
	mta< c
	pass a: NB
	finish a:
	END
}

wire_case evaluated "a child in evaluation mode is stopped like any other"
evaluated_body()
{

	chain_when a connect 'host == "x"' 'milter.a.evaluation_mode = true' \
	    'condition.a.stop_on_data = true'
	talk a b <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.1"
	a< Q
	a< eof
	b< C "x" '4' 0019 "192.0.2.1"
	b> c
	mta< c
	END
	talk a b <<-'END'
	negotiate
	pass CHMR
	mta> T
	a< A
	b< T
	b> c
	mta< c
	END
}

# name_server: answers from the file zone; its port is in dns.port.
name_server()
{

	"$(atf_get_srcdir)/h_port" free 1 > dns.port
	"$(atf_get_srcdir)/h_dns" "$(cat dns.port)" zone > dns.out 2> dns.err &
	echo $! >> pids
	"$(atf_get_srcdir)/h_port" wait "$(cat dns.port)" $! 20 ||
	    atf_fail "no name server"
}

# with_dns LINE ... -- CHILD ...: a chain that asks it.
with_dns()
{

	name_server
	chain_with "dnsbl.name_servers = [\"127.0.0.1:$(cat dns.port)\"]" "$@"
}

wire_case dnsbl "block lists and names, asked when they are needed"
dnsbl_body()
{

	cat > zone <<-'END'
	1.2.0.192.bl.test A 127.0.0.2
	2.2.0.192.bl.test A 127.255.255.254
	3.2.0.192.bl.test A 192.0.2.1
	1.2.0.192.more.test A 127.0.0.3
	1.2.0.192.more.test A 127.0.0.11
	4.2.0.192.more.test A 127.0.0.3
	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.2
	5.2.0.192.in-addr.arpa PTR name.example.com
	1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR six.example.com
	9.9.9.9.bl.test RCODE 2
	END
	with_dns 'condition.a.stop_on_connect = dnsbl("bl.test") or ptr == "name.example.com"' \
	    'condition.b.stop_on_connect = dnsbl(["more.test=127.0.0.10/31"]) or ptr("2001:db8::1") == host' \
	    'milter.a.applicable_conditions = ["a"]' \
	    'milter.b.applicable_conditions = ["b"]' -- a b
	while read -r host family address stopped; do
		{
			echo negotiate
			data="\"$host\" '$family' 0019 \"$address\""
			echo "mta> C $data"
			verdict=a
			for name in a b; do
				case $stopped in
				*$name*)
					echo "$name< Q"
					echo "$name< eof"
					;;
				*)
					echo "$name< C $data"
					echo "$name> c"
					verdict=c
					;;
				esac
			done
			echo "mta< $verdict"
		} > script
		talk a b < script
	done <<-'END'
	x 4 192.0.2.1 ab
	x 4 192.0.2.2 -
	x 4 192.0.2.3 -
	x 4 192.0.2.4 -
	x 4 192.0.2.5 a
	six.example.com 4 192.0.2.5 ab
	x 6 2001:db8::1 a
	x 6 ::ffff:192.0.2.1 ab
	x 6 IPv6:2001:db8::1 a
	x 6 2001:db8::2 -
	x 4 nonsense -
	x L /socket -
	END
	has mm.log 'rule="more.test=127.0.0.10/31"'
	lacks mm.log 'has no answer'
	# A list that does not answer lists nobody, and one line says so.
	talk a b <<-'END'
	negotiate
	pass C "x" '4' 0019 "9.9.9.9"
	END
	ntimes mm.log 'condition="a" has no answer: dns 9.9.9.9.bl.test: ' 1
}

wire_case slow "a slow answer delays only the child whose condition asks"
slow_body()
{

	cat > zone <<-'END'
	1.2.0.192.bl.test A 127.0.0.2
	1.2.0.192.bl.test DELAY 300
	2.2.0.192.bl.test DELAY 300
	3.2.0.192.bl.test DROP
	END
	with_dns 'condition.a.stop_on_connect = dnsbl("bl.test")' \
	    'milter.a.applicable_conditions = ["a"]' \
	    'manager.command_deadline = 1s' -- a b c
	# b and c have been asked, one after the other, before a is stopped.
	talk a b c <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.1"
	b< C "x" '4' 0019 "192.0.2.1"
	b> c
	c< C "x" '4' 0019 "192.0.2.1"
	c> c
	mta!
	a< Q
	a< eof
	mta< c
	pass b c: HM
	END
	talk a b c <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.2"
	b< C "x" '4' 0019 "192.0.2.2"
	b> c
	c< C "x" '4' 0019 "192.0.2.2"
	c> c
	a< C "x" '4' 0019 "192.0.2.2"
	a> c
	mta< c
	pass HM
	END
	# What b says is asked of nobody behind it, and waits for a.
	talk a b c <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.2"
	b< C "x" '4' 0019 "192.0.2.2"
	b> y "550 5.7.1 no"
	mta!
	a< C "x" '4' 0019 "192.0.2.2"
	a> c
	mta< y "550 5.7.1 no"
	END
	# What a says comes first.
	talk a b c <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.2"
	b< C "x" '4' 0019 "192.0.2.2"
	b> y "550 5.7.1 no"
	a< C "x" '4' 0019 "192.0.2.2"
	a> t
	mta< t
	END
	# The deadline: it has not failed, but it is not waited for.
	talk a b c <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.3"
	b< C "x" '4' 0019 "192.0.2.3"
	b> c
	c< C "x" '4' 0019 "192.0.2.3"
	a< eof
	c< eof
	mta< c
	logged child=a stage=connect fallback=accept reason=its conditions had no answer within manager.command_deadline
	logged child=c stage=connect fallback=accept reason=not done within manager.command_deadline
	pass b: HM
	END
}

wire_case slow_notes "who goes by another's notes waits for them"
slow_notes_body()
{

	cat > zone <<-'END'
	1.2.0.192.in-addr.arpa PTR x.example.com
	1.2.0.192.in-addr.arpa DELAY 200
	END
	with_dns 'condition.a.set_note."name" = connect: ptr' \
	    'condition.b.stop_on_connect = note("name") == "x.example.com"' \
	    'milter.a.applicable_conditions = ["a"]' \
	    'milter.b.applicable_conditions = ["b"]' -- a b c
	talk a b c <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.1"
	c< C "x" '4' 0019 "192.0.2.1"
	c> c
	a< C "x" '4' 0019 "192.0.2.1"
	a> c
	b< Q
	b< eof
	mta< c
	END
}

wire_case slow_parallel "a parallel child whose condition has no answer in the content"
slow_parallel_body()
{

	echo '1.2.0.192.in-addr.arpa DROP' > zone
	with_dns 'condition.b.stop_on_header = ptr == "x"' \
	    'milter.b.applicable_conditions = ["b"]' \
	    'milter.b.parallel = true' 'dnsbl.timeout = 30s' \
	    'manager.end_of_message_deadline = 500ms' -- a b
	talk a b <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.1"
	a< C "x" '4' 0019 "192.0.2.1"
	b< C "x" '4' 0019 "192.0.2.1"
	a> c
	b> c
	mta< c
	mta> M
	a< M
	b< M
	a> c
	b> c
	mta< c
	mta> R
	a< R
	b< R
	a> c
	b> c
	mta< c
	mta> L
	a< L
	a> c
	mta!
	b< eof
	mta< c
	pass a: NB
	finish a:
	END
	has mm.log 'child=b stage=header fallback=accept reason=its conditions had no answer within manager.end_of_message_deadline'
}

wire_case reload "a session whose answer comes behind a reload"
reload_body()
{

	cat > zone <<-'END'
	1.2.0.192.bl.test A 127.0.0.2
	1.2.0.192.bl.test DELAY 1000
	1.2.0.192.bl.test TTL 0
	END
	with_dns 'condition.a.stop_on_connect = dnsbl("bl.test")' \
	    'milter.a.applicable_conditions = ["a"]' -- a b
	cat > script <<-'END'
	negotiate
	mta> C "x" '4' 0019 "192.0.2.1"
	b< C "x" '4' 0019 "192.0.2.1"
	b> c
	a< Q
	a< eof
	mta< c
	pass b: HM
	END
	# With the same resolver, then without any.
	for change in '' "s/dnsbl(.*/false/"; do
		: > mm.log
		[ -z "$change" ] || sed -i.bak "$change" mm.conf
		"$(atf_get_srcdir)/h_wire" mm.sock a b < script \
		    > wire.out 2>&1 &
		wire=$!
		wait_for grep -q SMFIC_CONNECT mm.log
		kill -HUP "$(cat mm.pid)"
		wait_for grep -q 'onfiguration.*oaded' mm.log
		wait $wire || {
			cat wire.out >&2
			atf_fail "after the reload"
		}
	done
	stop_manager
}

wire_case slow_message "the same within a message"
slow_message_body()
{

	cat > zone <<-'END'
	1.0.0.10.in-addr.arpa PTR x.example.com
	1.0.0.10.in-addr.arpa DELAY 100
	2.0.0.10.in-addr.arpa PTR y.example.com
	2.0.0.10.in-addr.arpa DELAY 100
	2.0.0.10.in-addr.arpa TTL 0
	1.0.0.10.in-addr.arpa TTL 0
	END
	for name in x y; do
	for stage in envelope_from envelope_recipient data header \
	    end_of_header body end_of_message; do
		[ -s dns.port ] || name_server
		chain_with \
		    "dnsbl.name_servers = [\"127.0.0.1:$(cat dns.port)\"]" \
		    "condition.a.stop_on_$stage = ptr == \"x.example.com\"" \
		    'milter.a.applicable_conditions = ["a"]' -- a b
		talk_slow $name $stage
	done
	done
}

# talk_slow NAME STAGE: as long as a's conditions wait, b is asked up to DATA.
talk_slow()
{

	case $1 in
	x) address=10.0.0.1 ;;
	y) address=10.0.0.2 ;;
	esac
	{
		echo negotiate
		echo "pass C \"h\" '4' 0019 \"$address\""
		in=y
		for step in M/envelope_from R/envelope_recipient T/data; do
			code=${step%/*}
			echo "mta> $code"
			if [ "${step#*/}" != "$2" ]; then
				[ $in = n ] || printf 'a< %s\na> c\n' $code
				printf 'b< %s\nb> c\n' $code
			else
				printf 'b< %s\nb> c\n' $code
				case $1/$code in
				y/*) printf 'a< %s\na> c\n' $code ;;
				x/T) echo 'a< A'; in=n ;;
				x/R) in=hidden ;;
				x/*) in=n ;;
				esac
			fi
			echo 'mta< c'
			if [ $in = hidden ]; then
				# Of its recipients none is left.
				printf 'mta> T\na< A\nb< T\nb> c\nmta< c\n'
				in=n
				break
			fi
		done
		fed=
		for step in L/header N/end_of_header B/body E/end_of_message; do
			code=${step%/*}
			echo "mta> $code"
			if [ $in = y ]; then
				if [ "$1/$2" = "x/${step#*/}" ]; then
					echo 'a< A'
					in=n
				else
					printf 'a< %s\na> c\n' $code
				fi
				if [ $in = n ] || [ $code = E ]; then
					[ -z "$fed" ] || echo "feed b: $fed"
					printf 'b< %s\nb> c\n' $code
				fi
				fed=$fed$code
			else
				printf 'b< %s\nb> c\n' $code
			fi
			echo 'mta< c'
		done
	} > script
	talk a b < script
}

wire_case slow_refused "a recipient that is refused was shown to nobody"
slow_refused_body()
{

	cat > zone <<-'END'
	1.2.0.192.bl.test DELAY 300
	END
	with_dns 'condition.a.stop_on_envelope_recipient = dnsbl("bl.test")' \
	    'milter.a.applicable_conditions = ["a"]' \
	    'condition.b.stop_on_envelope_recipient = recipient.user == "2"' \
	    'milter.b.applicable_conditions = ["b"]' -- a b
	# b is asked before a, which is still waited for, refuses.
	talk a b <<-'END'
	negotiate
	pass C "x" '4' 0019 "192.0.2.1"
	pass HM
	mta> R "<1@x>"
	b< R "<1@x>"
	b> c
	a< R "<1@x>"
	a> r
	mta< r
	mta> R "<2@x>"
	a< R "<2@x>"
	a> c
	mta< c
	mta> T
	a< T
	a> c
	b< A
	mta< c
	pass a: LNB
	finish a:
	END
}

wire_case turns "a message that takes its conditions long leaves others their turn"
turns_body()
{

	conf_begin 'manager.progress_interval = 1ms'
	conf_child a; conf_child b
	i=0
	while [ $i -lt 40 ]; do
		echo "condition.b$i.stop_on_header = header_value =~ /(a|b|.)*$i/"
		echo "milter.b.applicable_conditions += \"b$i\""
		i=$((i + 1))
	done >> mm.conf
	dd if=/dev/zero bs=900 count=1 2> /dev/null | tr '\0' a > field
	i=0
	while [ $i -lt 200 ]; do
		echo "X-A: $(cat field)"
		i=$((i + 1))
	done > mail
	printf '\nbody\n' >> mail
	# b is given it all at once, and wants none of it.
	child a
	child b --protocol=20
	manager
	check_mta -v --mta=sendmail --expect=pass --all-timeouts=100 -m mail
	sed -n '/^> SMFIC_BODYEOB/,$p' mta.out > eom
	has eom SMFIR_PROGRESS
	lacks mm.log fallback=
	lacks mm.log state=stopped
}

wire_case tables "a table that cannot be asked stops nobody, and a line says so"
tables_body()
{

	chain_with 'table.t = "socketmap:unix:/nonexistent/sock:map"' \
	    'condition.a.stop_on_envelope_from = sender in table.t' \
	    'milter.a.applicable_conditions = ["a"]' -- a b
	talk a b <<-'END'
	negotiate
	pass CHM
	END
	has mm.log 'condition="a" has no answer: t '
	echo one@x.example > list
	chain_with "table.t = \"list:$PWD/list\"" \
	    'condition.a.stop_on_envelope_recipient = recipient in table.t' \
	    'milter.a.applicable_conditions = ["a"]' -- a b
	talk a b <<-'END'
	negotiate
	pass CHM
	mta> R "<One@X.example>"
	b< R "<One@X.example>"
	b> c
	mta< c
	pass R "<two@x.example>"
	END
}

atf_init_test_cases()
{

	for id in connect connect_all quit_nc mail rcpt data content silent \
	    macros macros_asked macros_large notes children failed parallel evaluated \
	    dnsbl slow slow_notes slow_parallel slow_message \
	    slow_refused reload turns tables; do
		atf_add_test_case $id
	done
}
