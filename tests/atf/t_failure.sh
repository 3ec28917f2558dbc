#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_failure.sh - children that are down, hang, die, or talk nonsense, and MTAs
# that do: the fallback, one line with child, stage and reason, and nothing else
# disturbed.

. "$(atf_get_srcdir)/h_session.sh"

failure_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# fallbacks STAGE REASON OPTION...: child a fails that way at STAGE under each
# of the four statuses; child b lives and edits.
fallbacks()
{

	f_stage=$1
	f_reason=$2
	shift 2
	child b --edit='add-header X-B: alive'
	for f_status in accept temporary-failure reject discard; do
		conf_begin
		conf_child a "fallback_status=\"$f_status\"" \
		    reading_timeout=300ms end_of_message_timeout=300ms
		conf_child b
		if [ $# -gt 0 ]; then
			rm -f a.sock
			child a "$@"
		fi
		manager
		mta -v -m "$(atf_get_srcdir)/d_mail_plain.eml" > /dev/null ||
		    atf_fail "mta under $f_status"
		stop_manager
		ntimes mm.log "child=a stage=$f_stage fallback=$f_status reason=$f_reason" 1
		case $f_status in
		accept)
			has mta.out 'status: pass'
			has mta.out '< SMFIR_ADDHEADER <X-B> <alive>'
			;;
		*)
			has mta.out "status: $f_status"
			lacks mta.out '< SMFIR_ADDHEADER'
			;;
		esac
		# What it had asked for before it failed is dropped.
		lacks mta.out 'X-A'
		[ $# -eq 0 ] || {
			kill "$(cat a.pid)" 2>/dev/null
			wait_for test ! -S a.sock
		}
	done
}

failure_case down "a child that is not there"
down_body()
{

	fallbacks negotiate 'cannot connect to unix:a.sock: No such file or directory'
}

failure_case refused "a child whose socket nobody listens on"
refused_body()
{

	"$MM_PROGRAM" test-client -s unix:a.sock --ready-file=r > a.out 2>&1 &
	p=$!
	wait_for test -s r
	kill -KILL $p
	wait $p
	test -S a.sock || atf_fail 'no stale socket'
	fallbacks negotiate 'cannot connect to unix:a.sock: Connection refused'
}

for row in \
    'hang:connect:no reply within 300 ms:none' \
    'hang:rcpt:no reply within 300 ms:none' \
    'hang:header:no reply within 300 ms:none' \
    'hang:eom:no reply within 300 ms:none' \
    'close:negotiate:closed the connection:close' \
    'close:helo:closed the connection:close' \
    'close:mail:closed the connection:close' \
    'close:data:closed the connection:close' \
    'close:body:closed the connection:close' \
    'close:eom:closed the connection:close' \
    'partial:body:closed the connection:partial' \
    'garbage:mail:malformed 0x7a:garbage' \
    'garbage:eoh:malformed 0x7a:garbage'; do
	IFS=: read -r kind stage reason answer <<-END
	$row
	END
	failure_case "${kind}_$stage" "a child that does $answer at $stage"
	eval "${kind}_${stage}_body() {
		fallbacks $stage '$reason' --on=$stage=$answer \
		    --edit='add-header X-A: never'
	}"
done

failure_case odd_replies "replies that the protocol lacks or does not allow there"
odd_replies_body()
{

	# Frames as bytes: an undefined code, an edit at rcpt, a verdict with a
	# payload, a header edit without NUL, a reply code that is none.
	set -- \
	    'rcpt=garbage:000000017a' \
	    'rcpt=garbage:000000056858005900' \
	    'rcpt=garbage:000000026300' \
	    'eom=garbage:00000003685859' \
	    'eom=garbage:000000057939393900' \
	    'eom=garbage:00000000' \
	    'eom=garbage:7fffffff63' \
	    'eom=garbage:0000000166' \
	    'eom=garbage:000000014f'
	child b --edit='add-header X-B: alive'
	conf_begin
	conf_child a 'fallback_status="temporary-failure"'
	conf_child b
	manager
	for answer in "$@"; do
		child a --on="$answer"
		mta -v > /dev/null || atf_fail "mta at $answer"
		case $answer in
		rcpt=*)
			has mta.out '< SMFIR_TEMPFAIL'
			;;
		*)
			has mta.out 'status: temporary-failure'
			;;
		esac
		lacks mta.out 'X-B'
		kill "$(cat a.pid)" 2>/dev/null
		wait_for test ! -S a.sock
	done
	stop_manager
	ntimes mm.log 'fallback=temporary-failure reason=' $#
}

failure_case deadline "the MTA waits for all children together no longer than a deadline"
deadline_body()
{

	conf_begin 'manager.command_deadline = 400ms' \
	    'manager.end_of_message_deadline = 600ms'
	for name in a b c; do
		conf_child $name 'fallback_status="accept"'
	done
	# Each is within its own timeout, together they are not.
	child a --on=rcpt=delay:300
	child b --on=rcpt=delay:300 --edit='add-header X-B: late'
	child c --edit='add-header X-C: not asked'
	manager
	check_mta -v --expect=pass
	has mm.log 'child=b stage=rcpt fallback=accept reason=not done within manager.command_deadline'
	has mm.log 'child=c stage=rcpt fallback=accept reason=not done within manager.command_deadline'
	lacks mm.log 'child=a stage=rcpt fallback'
	lacks mta.out 'SMFIR_ADDHEADER'
	stop_manager
	kill "$(cat a.pid)" "$(cat b.pid)" "$(cat c.pid)"
	wait_for test ! -S a.sock -a ! -S b.sock -a ! -S c.sock
	# At negotiation and at the end of message, with a refusal.
	conf_begin 'manager.command_deadline = 400ms' \
	    'manager.end_of_message_deadline = 600ms'
	conf_child a 'fallback_status="accept"'
	conf_child b 'fallback_status="temporary-failure"'
	child a --on=negotiate=none
	child b --on=eom=none
	manager
	check_mta -v --expect=temporary-failure
	has mm.log 'child=a stage=negotiate fallback=accept reason=not done within manager.command_deadline'
	has mm.log 'child=b stage=eom fallback=temporary-failure reason=not done within manager.end_of_message_deadline'
}

failure_case deadline_content "content that a later child catches up with has the longer deadline"
deadline_content_body()
{

	conf_begin 'manager.command_deadline = 300ms' 'manager.chunk_size = 3'
	conf_child a
	conf_child b
	child a --on=body:3=accept
	child b --on=body=delay:200 --edit='add-header X-B: b'
	manager
	check_mta -v -b one -b two -b three --expect=pass
	lacks mm.log 'fallback='
	has mta.out '< SMFIR_ADDHEADER <X-B> <b>'
}

failure_case not_asked "a child that is not asked is not given up, however long it takes"
not_asked_body()
{

	conf_begin
	conf_child a reading_timeout=200ms writing_timeout=200ms
	conf_child b
	# a wants nothing before the recipients.
	child a --protocol=7
	child b --on=connect=delay:400 --on=helo=delay:400
	manager
	check_mta --expect=pass
	lacks mm.log 'fallback='
	has a.out 'end-of-message'
}

failure_case stray "a child that replies although it said it would not"
stray_body()
{

	conf_begin
	conf_child a
	conf_child b
	# No reply to headers is agreed, and one is sent at the first.
	child a --protocol=80 --on=header:1=garbage:0000000163
	child b
	manager
	mta -v --messages=2 > /dev/null || atf_fail mta
	has mta.out 'status: pass'
	has b.out 'end-of-message'
	lacks mm.log 'fallback='
	ntimes mm.log 'replies to what it said it would not' 1
}

failure_case all_down "when all children have failed the manager's fallback answers"
all_down_body()
{

	conf_begin 'manager.fallback_status = "reject"'
	conf_child a
	conf_child b
	manager
	check_mta --expect=reject
	stop_manager
	ntimes mm.log 'fallback=accept' 2
	# One that refuses has the word.
	conf_begin 'manager.fallback_status = "reject"'
	conf_child a
	conf_child b 'fallback_status="temporary-failure"'
	manager
	check_mta --expect=temporary-failure
}

failure_case all_down_discard "what discards a message needs the message"
all_down_discard_body()
{

	conf_begin 'manager.fallback_status = "discard"'
	conf_child a
	conf_child b evaluation_mode=true
	manager
	check_mta --expect=discard
	child b
	check_mta --expect=discard
}

failure_case evaluated_down "a child that is only evaluated has no part in that"
evaluated_down_body()
{

	# It alone: as if it had let everything pass.
	conf_begin 'manager.fallback_status = "reject"'
	conf_child a evaluation_mode=true 'fallback_status="reject"'
	manager
	check_mta --expect=accept
	stop_manager
	ntimes mm.log 'child=a stage=negotiate fallback=accept reason=' 1
	# Beside one that has failed it saves nothing, there or not.
	conf_begin 'manager.fallback_status = "reject"'
	conf_child a
	conf_child b evaluation_mode=true
	manager
	check_mta --expect=reject
	child b
	check_mta --expect=reject
	stop_manager
	# One that decides nothing goes on being asked, too.
	conf_begin
	conf_child a
	conf_child b evaluation_mode=true
	manager
	check_mta --expect=accept
	has b.out 'end-of-message'
}

failure_case one_message "a child that dies in one session is there for the next"
one_message_body()
{

	conf_begin
	conf_child a 'fallback_status="temporary-failure"'
	conf_child b
	child a --on=mail:1=close --sessions=2
	child b
	manager
	check_mta --expect=temporary-failure
	child_alive=$(cat a.pid)
	kill -0 "$child_alive" || atf_fail 'the scripted child ended early'
	kill "$child_alive"
	wait_for test ! -S a.sock
	child a
	check_mta --expect=pass
	has b.out 'end-of-message'
}

failure_case spool "a body that cannot be kept: the manager's fallback, once"
spool_body()
{

	mkdir spool
	conf_begin 'manager.fallback_status = "temporary-failure"' \
	    'manager.body_memory_limit = 64k' \
	    "manager.spool_directory = \"$(pwd)/spool\""
	conf_child a
	conf_child b
	child a
	child b
	manager
	{ printf 'Subject: x\n\n'
	    dd if=/dev/zero bs=1000 count=300 2>/dev/null | tr '\0' 'x' |
	    fold -w 70; } > big.eml
	check_mta -m big.eml --expect=pass
	mv spool gone
	check_mta -m big.eml --expect=temporary-failure
	ntimes mm.log 'stage=body fallback=temporary-failure' 1
	ntimes b.out 'end-of-message' 1
	has a.out 'abort'
	mv gone spool
	check_mta -m big.eml --expect=pass
}

failure_case header_limit "more header than allowed: the manager's fallback"
header_limit_body()
{

	conf_begin 'manager.fallback_status = "reject"' \
	    'manager.max_header_size = 64k'
	conf_child a
	child a
	manager
	i=0
	while [ $i -lt 100 ]; do
		printf 'X-%d: %01000d\n' $i $i
		i=$((i + 1))
	done > head.eml
	printf '\nbody\n' >> head.eml
	check_mta -m head.eml --expect=reject
	has mm.log 'max_header_size'
	check_mta --expect=pass
}

failure_case many_edits "a child that asks for edits without end, or a message of fields"
many_edits_body()
{

	conf_begin 'manager.fallback_status = "reject"'
	conf_child a 'fallback_status="temporary-failure"'
	# 5,000 times: add X: y
	awk 'BEGIN { printf("eom=garbage:");
	    for (i = 0; i < 5000; i++) printf("000000056858007900"); }' \
	    /dev/null > rule
	child a --on="$(cat rule)"
	manager
	check_mta --expect=temporary-failure
	has mm.log 'child=a stage=eom fallback=temporary-failure reason=more than 4096 edits'
	awk 'BEGIN { for (i = 0; i < 17000; i++) print "X:"; print "" }' \
	    /dev/null > fields.eml
	check_mta -m fields.eml --expect=reject
	has mm.log 'too many header fields'
}

failure_case endless_body "a child whose new body does not end"
endless_body_body()
{

	conf_begin "manager.spool_directory = \"$(pwd)\""
	conf_child a 'fallback_status="temporary-failure"'
	dd if=/dev/zero bs=1000000 count=70 2>/dev/null | tr '\0' 'x' > new
	child a --edit="replace-body-file $(pwd)/new"
	rm new
	manager
	check_mta --expect=temporary-failure
	has mm.log 'child=a stage=eom fallback=temporary-failure reason=a new body of more than'
}

failure_case few_descriptors "a flood of connections does not get mail past the children"
few_descriptors_body()
{

	conf_begin 'manager.max_file_descriptors = 40' \
	    'manager.suspend_time_on_unacceptable = 100ms'
	conf_child a
	child a --on=mail=reject
	manager
	check_mta --sessions=200 --concurrency=60 --all-timeouts=60 \
	    --expect=reject
	stop_manager
	lacks mm.log 'fallback='
	has mm.log 'manager.max_file_descriptors: 4 sessions, accepting is suspended'
}

failure_case few_for_names "block lists that do not answer take no child's descriptor"
few_for_names_body()
{

	echo '*.bl.test DROP' > zone
	"$(atf_get_srcdir)/h_port" free 1 > dns.port
	"$(atf_get_srcdir)/h_dns" "$(cat dns.port)" zone > dns.out 2> dns.err &
	echo $! >> pids
	"$(atf_get_srcdir)/h_port" wait "$(cat dns.port)" $! 20 ||
	    atf_fail "no name server"
	conf_begin 'manager.max_file_descriptors = 64' \
	    'manager.suspend_time_on_unacceptable = 100ms' \
	    "dnsbl.name_servers = [\"127.0.0.1:$(cat dns.port)\"]" \
	    'dnsbl.timeout = 500ms' 'dnsbl.services = []'
	i=0
	while [ $i -lt 60 ]; do
		echo "dnsbl.services += \"list$i.bl.test\""
		i=$((i + 1))
	done >> mm.conf
	echo 'condition.c.stop_on_connect = dnsbl(dnsbl.services)' >> mm.conf
	conf_child a 'applicable_conditions=["c"]'
	child a --on=mail=reject
	manager
	check_mta --sessions=40 --concurrency=20 --all-timeouts=60 \
	    --expect=reject
	stop_manager
	lacks mm.log 'fallback='
	lacks mm.log 'Too many open files'
	has mm.log 'manager.max_file_descriptors: 5 sessions, accepting is suspended'
}

failure_case hostile_mta "an MTA that talks nonsense ends its own session only"
hostile_mta_body()
{

	conf_begin
	conf_child a
	child a
	manager
	for raw in 00000000 ffffffff41 0000000143 000000024d41 0000000158 \
	    000000014c 00000003440000 000000044c410042 0000000142 \
	    00000002522d 000000074c000000000000; do
		mta --raw=$raw > /dev/null 2>&1
		kill -0 "$(cat mm.pid)" || atf_fail "the daemon died of $raw"
		check_mta --expect=pass
	done
	# Commands where they do not belong are answered, not followed.
	for raw in 000000025200 0000000154 0000000145 000000014e \
	    0000000141 00000004550a4100; do
		mta --raw=$raw > /dev/null 2>&1
		kill -0 "$(cat mm.pid)" || atf_fail "the daemon died of $raw"
		check_mta --expect=pass
	done
	# What is not milter at all.
	for text in 'GET / HTTP/1.0' 'EHLO example.org' ''; do
		printf '%s\r\n\r\n' "$text" > raw.bin
		mta --raw-file=raw.bin > /dev/null 2>&1
		check_mta --expect=pass
	done
	stop_manager
	lacks mm.log 'fallback='
}

failure_case mta_gone "an MTA that leaves in mid-message takes its children along"
mta_gone_body()
{

	conf_begin
	conf_child a
	child a --on=eom=none
	manager
	for at in connect mail rcpt data header body; do
		mta --close-after=$at > /dev/null 2>&1
	done
	wait_for sh -c 'test $(grep -c "session closed" mm.log) -eq 6'
	# Also while a child is waited for.
	mta --end-of-message-timeout=0.2 > /dev/null 2>&1
	wait_for sh -c 'test $(grep -c "session closed" mm.log) -eq 7'
	stop_manager
	lacks mm.log 'fallback='
}

atf_init_test_cases()
{

	for tc in down refused hang_connect hang_rcpt hang_header hang_eom \
	    close_negotiate close_helo close_mail close_data close_body \
	    close_eom partial_body garbage_mail garbage_eoh odd_replies deadline \
	    deadline_content not_asked stray \
	    all_down all_down_discard evaluated_down one_message spool header_limit many_edits endless_body \
	    few_descriptors few_for_names hostile_mta mta_gone; do
		atf_add_test_case $tc
	done
}
