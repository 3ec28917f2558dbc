#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_session.sh - what the MTA and each child are told, stage by stage.

. "$(atf_get_srcdir)/h_session.sh"

# session_case NAME DESCRIPTION: the body is the function NAME_body.
session_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# Two children a and b that only watch, unless OPTION... of a say otherwise.
two()
{

	conf_begin
	conf_child a
	conf_child b
	child a "$@"
	child b
	manager
}

session_case order "later children see the edits of earlier ones, the MTA all"
order_body()
{

	conf_begin; conf_child a; conf_child b; conf_child c
	child a --edit='add-header X-A: from a' --edit='replace-body BODY-A'
	child b --edit='change-header 1 X-A: from b' --edit='add-rcpt <x@y.z>'
	child c --edit='insert-header 0 X-C: from c' --edit='replace-body BODY-C'
	manager
	check_mta -v --write-message=out.eml --header 'Subject: s'
	has b.out 'header: <X-A: from a>'
	has b.out 'body: <BODY-A>'
	has c.out 'header: <X-A: from b>'
	lacks c.out 'header: <X-A: from a>'
	has c.out 'body: <BODY-A>'
	# One run of body frames, last of all, with the last one's text.
	grep '^< SMFIR_[^C]\|^< SMFIR_CH' mta.out > edits
	cat > want <<-'END'
	< SMFIR_ADDHEADER <X-A> <from a>
	< SMFIR_CHGHEADER 1 <X-A> <from b>
	< SMFIR_ADDRCPT <<x@y.z>>
	< SMFIR_INSHEADER 0 <X-C> <from c>
	< SMFIR_REPLBODY 6 <BODY-C>
	END
	atf_check -o file:want cat edits
	has out.eml 'X-C: from c'
	has out.eml 'X-A: from b'
	has out.eml 'BODY-C'
}

session_case no_children "without a child manager.fallback_status answers"
no_children_body()
{

	conf_begin 'manager.fallback_status = "temporary-failure"'
	manager
	check_mta --expect=temporary-failure
	stop_manager
	conf_begin 'manager.fallback_status = "discard"'
	manager
	check_mta --expect=discard
	stop_manager
	conf_begin
	manager
	check_mta --expect=accept
}

session_case disabled "a disabled child is not contacted"
disabled_body()
{

	conf_begin; conf_child a 'enabled=false'; conf_child b
	child b
	manager
	check_mta --expect=pass
	lacks mm.log 'child=a'
	has b.out 'end-of-message'
}

session_case connect_reject "a refusal at connect is final and hides the session"
connect_reject_body()
{

	two --on=connect='replycode "550 5.7.1 not %%you"'
	check_mta -v --expect=replycode:550
	has mta.out '< SMFIR_REPLYCODE <550 5.7.1 not %%you>'
	has a.out 'connect:'
	lacks b.out 'connect:'
	has mm.log 'child=a stage=connect verdict=replycode'
}

session_case connect_discard "discard before a message is taken as continue"
connect_discard_body()
{

	two --on=connect=discard --on=helo=discard
	check_mta --expect=pass
	has b.out 'end-of-message'
	ntimes mm.log 'means nothing here' 2
}

session_case helo_accept "accept at helo ends the session for that child only"
helo_accept_body()
{

	two --on=helo=accept
	check_mta --messages=2 --expect=pass
	lacks a.out 'envelope-from:'
	ntimes b.out 'end-of-message' 2
}

session_case accept_all "when every child has accepted the MTA may stop asking"
accept_all_body()
{

	conf_begin; conf_child a; conf_child b
	child a --on=mail=accept
	child b --on=rcpt=accept
	manager
	check_mta -v --messages=2 --expect=accept
	# Both are asked again about the second message.
	ntimes a.out 'envelope-from:' 2
	ntimes b.out 'envelope-from:' 2
	lacks a.out 'envelope-recipient:'
	lacks b.out 'header:'
}

session_case mail_reject "a refused sender: later children do not see it, earlier get ABORT"
mail_reject_body()
{

	conf_begin; conf_child a; conf_child b; conf_child c
	child a
	child b --on=mail:1='replycode "451 4.7.1 later"'
	child c
	manager
	check_mta -v --messages=2
	ntimes a.out 'envelope-from:' 2
	ntimes a.out 'abort' 1
	ntimes b.out 'abort' 0
	ntimes c.out 'envelope-from:' 1
	ntimes c.out 'abort' 0
	ntimes mta.out '< SMFIR_REPLYCODE <451 4.7.1 later>' 1
	# Nothing of the first message is left in the second.
	has mta.out 'status: pass'
	ntimes c.out 'end-of-message' 1
}

session_case rcpt_reject "a refused recipient is refused alone"
rcpt_reject_body()
{

	two --on=rcpt:1=reject
	check_mta -v -r one@example.org -r two@example.org --expect=pass
	ntimes a.out 'envelope-recipient:' 2
	ntimes b.out 'envelope-recipient:' 1
	has b.out 'two@example.org'
	lacks b.out 'abort'
	has b.out 'end-of-message'
	has mm.log 'child=a stage=rcpt verdict=reject rcpt=<one@example.org>'
}

session_case passed_by "macros of what an earlier child refused do not reach the next"
passed_by_body()
{

	two --on=rcpt:2=reject --on=mail:2=reject
	check_mta -r one@example.org -r two@example.org --messages=2
	has b.out 'rcpt_addr=one@example.org'
	lacks b.out 'rcpt_addr=two@example.org'
	has b.out 'i=T00001M001'
	lacks b.out 'i=T00001M002'
}

session_case rcpt_discard "discard at rcpt ends the message, children get ABORT"
rcpt_discard_body()
{

	conf_begin; conf_child a; conf_child b
	child a
	child b --on=rcpt:1=discard
	manager
	check_mta --messages=2
	ntimes a.out 'abort' 1
	ntimes b.out 'abort' 1
	ntimes a.out 'end-of-message' 1
	ntimes b.out 'end-of-message' 1
}

session_case data_reject "a refusal at DATA keeps for the message"
data_reject_body()
{

	two --on=data=tempfail
	check_mta -v --expect=temporary-failure
	lacks b.out 'header:'
	has b.out 'abort'
}

for stage in header eoh body eom; do
	session_case "${stage}_reject" \
	    "a refusal at $stage decides, later children get ABORT and no content"
	eval "${stage}_reject_body() {
		two --on=$stage='replycode \"554 5.7.1 no\"' \
		    --edit='add-header X: y'
		check_mta -v --messages=2 --expect=replycode:554
		lacks b.out 'header:'
		ntimes b.out 'abort' 2
		lacks a.out 'abort'
		lacks mta.out SMFIR_ADDHEADER
		ntimes mta.out '< SMFIR_REPLYCODE' 2
	}"
	session_case "${stage}_accept" \
	    "accept at $stage: the next child gets the whole message"
	eval "${stage}_accept_body() {
		two --on=$stage=accept
		check_mta -m \"\$(atf_get_srcdir)/d_mail_plain.eml\" --expect=pass
		has b.out 'end-of-message'
		child c
		conf_begin; conf_child c; stop_manager; manager
		check_mta -m \"\$(atf_get_srcdir)/d_mail_plain.eml\" --expect=pass
		grep '^header:\|^body:' b.out > b.content
		grep '^header:\|^body:' c.out > c.content
		test -s c.content || atf_fail 'no content'
		atf_check cmp b.content c.content
	}"
done

session_case late_reject "edits of an earlier child do not count when a later one refuses"
late_reject_body()
{

	conf_begin; conf_child a; conf_child b
	child a --edit='add-header X: y' --edit='replace-body z'
	child b --on=eom=discard
	manager
	check_mta -v --expect=discard
	lacks mta.out SMFIR_ADDHEADER
	lacks mta.out SMFIR_REPLBODY
}

session_case unknown "an unknown command: refusals reach the MTA, accept and discard do not"
unknown_body()
{

	two --on=unknown:1=accept --on=unknown:2=discard --on=unknown:3=reject
	check_mta -v --unknown=FROB --messages=3
	grep -A1 '^> SMFIC_UNKNOWN' mta.out | grep '^<' > replies
	atf_check -o inline:'< SMFIR_CONTINUE\n< SMFIR_CONTINUE\n< SMFIR_REJECT\n' \
	    cat replies
	ntimes b.out 'unknown: ' 2
	# One that has accepted is done with the message, and with that only.
	ntimes a.out 'end-of-message' 2
}

session_case skip "skip of one child does not cost the other one body"
skip_body()
{

	two --on=body:1=skip
	check_mta -v -b one -b two -b three --expect=pass
	has a.out 'body: <one>'
	lacks a.out 'body: <two>'
	has b.out 'body: <onetwothree>'
	lacks mta.out SMFIR_SKIP
	stop_manager
	# Alone it reaches the MTA, if that knows it.
	conf_begin; conf_child a
	manager
	check_mta -v -b one -b two --expect=pass
	has mta.out SMFIR_SKIP
	lacks mta.out '<two>'
	check_mta -v -b one -b two --expect=pass --protocol=1ff3ff
	lacks mta.out SMFIR_SKIP
}

session_case abort "an aborted message leaves nothing behind"
abort_body()
{

	conf_begin; conf_child a; conf_child b
	child a --edit='add-header X: y'
	child b
	manager
	for at in mail rcpt data header eoh body; do
		check_mta -v --messages=2 --abort=$at:1
		has mta.out 'status: pass'
		ntimes mta.out '< SMFIR_ADDHEADER' 1
	done
	ntimes a.out 'abort' 6
	ntimes b.out 'abort' 6
	ntimes a.out 'end-of-message' 6
}

session_case parameters "MAIL and RCPT parameters arrive verbatim"
parameters_body()
{

	two
	check_mta -f '<s@e.x> SIZE=100 BODY=8BITMIME' \
	    -r '<r@e.x> NOTIFY=NEVER ORCPT=rfc822;a@b' --expect=pass
	has b.out 'envelope-from: <<s@e.x>> SIZE=100 BODY=8BITMIME'
	has b.out '<<r@e.x>> NOTIFY=NEVER ORCPT=rfc822;a@b'
}

session_case evaluation "an evaluated child sees all and changes nothing"
evaluation_body()
{

	conf_begin; conf_child a 'evaluation_mode=true'; conf_child b
	child a --edit='add-header X: y' --edit='replace-body z' \
	    --on=rcpt:1=reject
	child b
	manager
	check_mta -v -r one@e.x -r two@e.x --expect=pass
	ntimes b.out 'envelope-recipient:' 2
	lacks mta.out SMFIR_ADDHEADER
	lacks mta.out SMFIR_REPLBODY
	lacks b.out 'X: y'
	stop_manager
	kill "$(cat a.pid)"
	wait_for test ! -S a.sock
	for at in connect helo mail data header eom; do
		child a --on=$at=reject
		manager
		check_mta --expect=pass
		stop_manager
		has mm.log "child=a stage=$at verdict=reject evaluated only"
		kill "$(cat a.pid)"
		wait_for test ! -S a.sock
	done
}

session_case quarantine "quarantine reaches the MTA; with Postfix it ends the chain"
quarantine_body()
{

	two --edit='quarantine bad thing'
	check_mta -v --mta=sendmail --expect=quarantine
	has mta.out '< SMFIR_QUARANTINE <bad thing>'
	has b.out 'end-of-message'
	check_mta -v --mta=postfix --expect=quarantine
	ntimes b.out 'end-of-message' 1
	has b.out 'abort'
}

session_case empty_body "an empty new body is sent as one empty frame"
empty_body_body()
{

	two --edit='replace-body '
	check_mta -v --expect=pass
	has mta.out '< SMFIR_REPLBODY 0'
	lacks b.out 'body:'
	# A message without body, and one without headers and body.
	stop_manager
	conf_begin; conf_child b
	manager
	: > none.eml
	check_mta -m none.eml --expect=pass
	printf 'Subject: x\r\n\r\n' > head.eml
	check_mta -m head.eml --expect=pass
}

session_case body_lines "a new body has the lines that the MTA would make of it"
body_lines_body()
{

	two --edit='replace-body one\ntwo\r\nthree'
	check_mta -v --mta=sendmail --expect=pass
	has mta.out '< SMFIR_REPLBODY 15'
	check_mta -v --mta=postfix --expect=pass
	has mta.out '< SMFIR_REPLBODY 17'
	grep '^ *body: ' b.out > seen
	atf_check -o inline:'body: <one\\r\\ntwo\\r\\nthree>
body: <one\\r\\ntwo\\r\\nthree\\r\\n>
' sed 's/^ *//' seen
}

session_case versions "children of versions 2, 3 and 4 live beside one of version 6"
versions_body()
{

	conf_begin
	for v in 2 3 4 6; do
		conf_child v$v
		child v$v --version-number=$v --protocol=0
	done
	manager
	check_mta -v --unknown=FROB --expect=pass
	for v in 2 3 4 6; do
		has v$v.out 'end-of-message'
	done
	lacks v2.out 'unknown: '
	has v3.out 'unknown: '
	atf_check -s exit:1 -o ignore grep -x data v3.out
	atf_check -o ignore grep -x data v4.out
	# Old MTAs, too.
	for v in 2 3 4; do
		check_mta --negotiate-version=$v --actions=3f --expect=pass
	done
}

session_case no_bits "what nobody wants is not sent, what is silent is not waited for"
no_bits_body()
{

	conf_begin; conf_child a; conf_child b
	child a --protocol=10	# no body
	child b --protocol=80	# no reply to headers
	manager
	check_mta -v --expect=pass
	lacks a.out 'body:'
	has b.out 'body:'
	has mta.out '> SMFIC_BODY'
	stop_manager
	kill "$(cat a.pid)" "$(cat b.pid)"
	wait_for test ! -S a.sock -a ! -S b.sock
	child a --protocol=90
	child b --protocol=b0
	manager
	check_mta -v --expect=pass
	lacks mta.out '> SMFIC_BODY '
	has mta.out '> SMFIC_HEADER'
	grep -A1 '^> SMFIC_HEADER' mta.out > headers
	lacks headers '<'"$(printf ' ')SMFIR"
	# All no-reply bits at once.
	stop_manager
	kill "$(cat a.pid)" "$(cat b.pid)"
	wait_for test ! -S a.sock -a ! -S b.sock
	child a --protocol=ff080
	child b --protocol=ff080
	manager
	check_mta -v --messages=2 --expect=pass
	ntimes a.out 'end-of-message' 2
	ntimes b.out 'end-of-message' 2
}

session_case leading_space "each child gets values in the form that it asked for"
leading_space_body()
{

	conf_begin; conf_child a; conf_child b
	child a --protocol=100000 --edit='add-header X-A: va'
	child b --edit='add-header X-B: vb' --edit='delete-header 1 Subject'
	manager
	check_mta -v --header 'Subject: hello' --write-message=out.eml
	has a.out 'header: <Subject:  hello>'
	has b.out 'header: <Subject: hello>'
	has mta.out '< SMFIR_CHGHEADER 1 <Subject> <>'
	has out.eml 'X-A: va'
	has out.eml 'X-B: vb'
	lacks out.eml 'Subject'
}

session_case macro_lists "each child gets the macros of its own list"
macro_lists_body()
{

	conf_begin; conf_child a; conf_child b; conf_child c
	child a '--macros=mail:{mail_addr}'
	child b '--macros=mail:{mail_host} i'
	child c
	manager
	check_mta -v --expect=pass
	sed -n '/^envelope-from/,/^envelope-recipient/p' a.out > a.mail
	sed -n '/^envelope-from/,/^envelope-recipient/p' b.out > b.mail
	sed -n '/^envelope-from/,/^envelope-recipient/p' c.out > c.mail
	has a.mail 'mail_addr='; lacks a.mail 'mail_host='; lacks a.mail '  i='
	has b.mail 'mail_host='; lacks b.mail 'mail_addr='; has b.mail '  i='
	has c.mail 'mail_host='; has c.mail 'mail_addr='; has c.mail '  i='
	has a.out 'rcpt_addr='
}

session_case rejected_rcpt "recipients that the MTA refuses go to those who asked"
rejected_rcpt_body()
{

	conf_begin; conf_child a; conf_child b
	child a --protocol=800 --on=rcpt=reject
	child b
	manager
	check_mta -v --rejected-recipient=bad@example.org -r good@example.org
	has a.out 'bad@example.org'
	lacks b.out 'bad@example.org'
	grep -A1 '^> SMFIC_RCPT <<bad' mta.out > reply
	has reply '< SMFIR_CONTINUE'
}

session_case quit_nc "QUIT_NC: new children for a new connect on the same connection"
quit_nc_body()
{

	two
	check_mta --messages=3 --quit-nc --expect=pass
	ntimes a.out 'negotiate:' 3
	ntimes a.out 'end-of-message' 3
	ntimes b.out 'connect:' 3
}

session_case big_chunk "body frames above 65535 bytes are cut for the children"
big_chunk_body()
{

	conf_begin; conf_child a; conf_child b
	child a --digest -v
	child b --digest -v
	manager
	{ printf 'Subject: x\n\n'; dd if=/dev/zero bs=1000 count=300 2>/dev/null |
	    tr '\0' 'x' | fold -w 70; } > big.eml
	check_mta -m big.eml --chunk-size=200000 --expect=pass
	grep '^digest:' a.out > a.digest
	grep '^digest:' b.out > b.digest
	test -s a.digest || atf_fail 'no digest'
	atf_check cmp a.digest b.digest
	check_mta -m big.eml --expect=pass
	atf_check -o inline:'1\n' sh -c "grep '^digest:' a.out | sort -u | wc -l | tr -d ' '"
}

session_case progress "progress reaches the MTA at the end of message only"
progress_body()
{

	conf_begin 'manager.progress_interval = 100ms'
	conf_child a; conf_child b
	child a --on=rcpt=progress:2:10 --on=eom=progress:2:10
	child b --on=eom=delay:600
	manager
	check_mta -v --mta=sendmail --expect=pass
	sed -n '/^> SMFIC_BODYEOB/,$p' mta.out > eom
	has eom SMFIR_PROGRESS
	sed '/^> SMFIC_BODYEOB/,$d' mta.out > before
	lacks before SMFIR_PROGRESS
	# Two of a, and at least two of our own while b thinks.
	test "$(grep -c SMFIR_PROGRESS eom)" -ge 4 || atf_fail 'too few'
}

session_case reload "a reload with an error changes nothing, a good one new sessions"
reload_body()
{

	conf_begin; conf_child a
	child a
	child b
	manager
	check_mta --expect=pass
	echo 'manager.nonsense = 1' >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'the new one has errors' mm.log
	has mm.log 'mm.conf:5: manager.nonsense'
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 2
	conf_begin; conf_child b
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 2
	ntimes b.out 'end-of-message' 1
}

session_case stop "TERM lets a session end, a second one does not wait"
stop_body()
{

	conf_begin; conf_child a
	child a --on=eom=delay:500
	manager
	mta --expect=pass > /dev/null &
	p=$!
	wait_for grep -q 'end-of-message' a.out
	stop_manager
	wait $p || atf_fail 'the session was cut'
	has mm.log 'ended'
	test ! -e mm.sock || atf_fail 'the socket is left'
	kill "$(cat a.pid)"
	wait_for test ! -S a.sock
	child a --on=eom=none
	manager
	mta --expect=temporary-failure > /dev/null &
	p=$!
	wait_for grep -q 'end-of-message' a.out
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'ending, 1 sessions' mm.log
	stop_manager
	wait $p || atf_fail 'the MTA was not told'
}

session_case max_connections "more sessions than max_connections wait, none is lost"
max_connections_body()
{

	conf_begin 'manager.max_connections = 2' \
	    'manager.suspend_time_on_unacceptable = 100ms'
	conf_child a
	child a --on=eom=delay:50
	manager
	check_mta --sessions=10 --concurrency=10 --expect=pass
	ntimes a.out 'end-of-message' 10
	has mm.log 'accepting is suspended'
}

session_case statistics "a 4xx reply code is a temporary failure to who counts"
statistics_body()
{

	two --on='rcpt:1=replycode 451 4.7.1 later' \
	    --on='eom:1=replycode 450 4.2.0 busy'
	mta -r 1@x.y -r 2@x.y > /dev/null
	stop_manager
	has mm.log '[milter][end][end-of-message][temporary-failure]'
	has mm.log '[session][end][end-of-message][temporary-failure]'
	for c in a b; do
		kill "$(cat $c.pid)"; wait "$(cat $c.pid)"
	done
	two --on='mail=replycode 550 5.7.1 no'
	mta > /dev/null
	stop_manager
	has mm.log '[session][end][envelope-from][reject]'
}

atf_init_test_cases()
{

	for tc in order no_children disabled connect_reject connect_discard \
	    helo_accept accept_all mail_reject rcpt_reject passed_by \
	    rcpt_discard \
	    data_reject header_reject eoh_reject body_reject eom_reject \
	    header_accept eoh_accept body_accept eom_accept late_reject \
	    unknown skip abort parameters evaluation quarantine empty_body \
	    body_lines versions no_bits leading_space macro_lists \
	    rejected_rcpt quit_nc \
	    big_chunk progress reload stop max_connections statistics; do
		atf_add_test_case $tc
	done
}
