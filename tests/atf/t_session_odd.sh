#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_session_odd.sh - MTAs and children that do what is seldom or never done:
# the others are none the worse for it.

. "$(atf_get_srcdir)/h_session.sh"

odd_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# odd_mta STEP...: the MTA that sends just these; see h_mta.c.
odd_mta()
{

	"$(atf_get_srcdir)/h_mta" mm.sock "$@" > mta.out 2> mta.err || {
		cat mta.out mta.err >&2
		tail -n 40 mm.log >&2
		atf_fail "h_mta $*"
	}
}

odd_case unknown_after "a message's verdict is not that of an unknown command"
unknown_after_body()
{

	conf_begin; conf_child a; conf_child b
	child a --on=header:1=reject --on=mail:2=reject --on=rcpt:2=discard
	child b
	manager
	odd_mta C=c H=c M=c R=c T=c L=r U=c M=r U=c M=c R=d U=c M=c
	ntimes b.out 'unknown: ' 3
}

odd_case unknown_content "an unknown command in the content changes nothing"
unknown_content_body()
{

	conf_begin; conf_child a; conf_child b
	child a --edit='add-header X-A: a'
	child b --edit='add-header X-B: b'
	manager
	odd_mta C=c H=c M=c R=c T=c U=c L=c U=c L=c N=c U=c B=c U=c E=hhc
	has b.out 'X-A: a'
	lacks a.out 'unknown: '
}

odd_case order "what the protocol does not allow next is answered, not passed on"
order_body()
{

	conf_begin; conf_child a
	child a --edit='add-header X-A: a'
	manager
	odd_mta M=a H=a C=c C=a H=c R=a T=a L=a E=a M=c R=c T=c T=a R=a \
	    L=c R=a T=a N=c B=c E=hc E=a B=a
	ntimes a.out 'connect: ' 1
	ntimes a.out 'envelope-recipient: ' 1
	ntimes a.out 'end-of-message' 1
	odd_mta C H M=c E=a L=a T=a R=c E=hc
	odd_mta C H M R=c B=c E=hc
	odd_mta C H M R L M=c H=c A A M=c A
}

odd_case no_reply_fallback "a refusal at an event without reply comes at the next"
no_reply_fallback_body()
{

	for fallback in temporary-failure:t reject:r discard:d; do
		for stage in connect helo mail rcpt data header eoh body; do
			conf_begin
			conf_child a "fallback_status=\"${fallback%:*}\""
			child a --protocol=ff080 --on=$stage:1=close
			manager
			odd_mta C=- H=- M R=- T=- L=- L=- N=- B=- \
			    "E=${fallback#*:}"
			stop_manager
			ntimes mm.log "fallback=${fallback%:*} reason=" 1
			kill "$(cat a.pid)"
			wait_for test ! -S a.sock
		done
	done
}

odd_case abort_told "children in a message hear of its end, once"
abort_told_body()
{

	# DATA has no reply, so the refusal comes at E; b is in the message
	# until then.
	conf_begin
	conf_child b
	conf_child a 'fallback_status="reject"'
	child b --protocol=ff080
	child a --protocol=ff080 --on=rcpt:1=close
	manager
	odd_mta C=- H=- M=c R=- wait:gone T=- L=- N=- B=- E=r U=- A A M=r > out &
	p=$!
	wait_for grep -q 'child=a .*reason=closed' mm.log
	echo now > gone
	wait $p || atf_fail "$(cat out mta.out mta.err)"
	grep -x 'data\|end-of-header\|abort\|unknown: .*' b.out > b.seen
	atf_check -o inline:'data\nabort\nunknown: <FROB>\nabort\n' cat b.seen
}

odd_case silent_mta "the MTA is not silent while a child is waited for"
silent_mta_body()
{

	conf_begin 'manager.idle_timeout = 300ms'
	conf_child a
	child a --on=eom=delay:1500
	manager
	check_mta --expect=pass
	odd_mta C=c wait:never > mta.out 2>&1 &
	p=$!
	wait_for grep -q 'silent for too long' mm.log
	echo now > never
	wait $p
	true
}

odd_case no_headers "edits of a child that wants no headers arrive as they are"
no_headers_body()
{

	conf_begin; conf_child a; conf_child b
	child a --protocol=20 --edit='delete-header 1 Subject' \
	    --edit='change-header 2 X: new' --edit='insert-header 3 Y: y' \
	    --edit='add-header Date: d'
	child b --protocol=20 --actions=0
	manager
	printf 'Subject: s\nX: 1\nX: 2\nX: 3\n\nbody\n' > in.eml
	for mta in sendmail postfix; do
		check_mta -v --mta=$mta -m in.eml --expect=pass
		grep '^< SMFIR_[^C]\|^< SMFIR_CH' mta.out > edits
		cat > want <<-'END'
		< SMFIR_CHGHEADER 1 <Subject> <>
		< SMFIR_CHGHEADER 2 <X> <new>
		< SMFIR_INSHEADER 3 <Y> <y>
		< SMFIR_ADDHEADER <Date> <d>
		END
		atf_check -o file:want cat edits
		lacks mta.out '> SMFIC_HEADER'
	done
}

odd_case rejected_rcpt_accept "accept of a recipient that the MTA refuses goes no further"
rejected_rcpt_accept_body()
{

	conf_begin; conf_child a
	child a --protocol=800 --on=rcpt:1=accept
	manager
	check_mta -v --rejected-recipient=bad@example.org -r good@example.org \
	    --expect=accept
	grep -A1 '^> SMFIC_RCPT <<bad' mta.out > reply
	has reply '< SMFIR_CONTINUE'
}

odd_case accepted_lost "a child that is lost behind its own accept has had its say"
accepted_lost_body()
{

	conf_begin
	conf_child a 'fallback_status="temporary-failure"'
	conf_child b
	child a --on=mail=accept
	child b
	manager
	odd_mta C=c H=c M=c wait:gone R=c T=c L=c N=c B=c E=c M=t > out &
	p=$!
	wait_for grep -q 'envelope-from' b.out
	kill "$(cat a.pid)"
	wait_for grep -q 'child=a .*reason=closed' mm.log
	echo now > gone
	wait $p || atf_fail "$(cat out mta.out mta.err)"
}

odd_case other_child "a child that wants more behind QUIT_NC than the MTA was told"
other_child_body()
{

	conf_begin
	conf_child a
	conf_child b
	child b --actions=0
	manager
	odd_mta C=c K wait:there C=c H=c M=c R=c T=c L=c N=c B=c E=c > out &
	p=$!
	wait_for grep -q 'child=a .*reason=cannot connect' mm.log
	child a --edit='add-header X-A: a'
	echo now > there
	wait $p || atf_fail "$(cat out mta.out mta.err)"
	has mm.log 'child=a stage=negotiate fallback=accept reason=more than'
}

odd_case flood_replies "an MTA that does not read its replies has to wait"
flood_replies_body()
{

	conf_begin; conf_child a
	child a --on=connect="replycode 550 5.7.1 $(printf '%0400d' 0)"
	manager
	odd_mta C=y flood:4000000:H
	test "$(sed -n 's/^taken //p' mta.out)" -lt 4000000 ||
	    atf_fail 'all was taken'
	check_mta --expect=reject
}

odd_case flood_child "an MTA has to wait for a child that does not read"
flood_child_body()
{

	conf_begin
	conf_child a writing_timeout=60
	child a --protocol=ff080 --on=helo:1=delay:60000
	manager
	odd_mta -n 6,1ff,37f C=c "flood:64000000:H:$(printf '%060000d' 0)\\0"
	test "$(sed -n 's/^taken //p' mta.out)" -lt 32000000 ||
	    atf_fail 'all was taken'
}

odd_case slow_child "a child that reads slowly but steadily is not given up"
slow_child_body()
{

	conf_begin
	conf_child a writing_timeout=2 'fallback_status="reject"'
	child a --protocol=ff080 --on=body=delay:250:none
	manager
	dd if=/dev/zero bs=65535 count=14 2>/dev/null | tr '\0' 'x' > body
	{ printf 'Subject: s\n\n'; cat body; } > in.eml
	check_mta -m in.eml --expect=pass
	lacks mm.log 'timed out'
}

atf_init_test_cases()
{

	for tc in unknown_after unknown_content order no_reply_fallback \
	    abort_told silent_mta no_headers rejected_rcpt_accept \
	    accepted_lost other_child flood_replies flood_child slow_child; do
		atf_add_test_case $tc
	done
}
