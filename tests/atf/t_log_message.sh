#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_log_message.sh - the line that a message has when it ends.

. "$(atf_get_srcdir)/h_session.sh"

line_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# What times there are is not known, nor how large the test server's message.
lines()
{

	sed -n 's/^\[[^]]*\]: [0-9]* message /message /p' mm.log |
	    sed 's/ ms=[0-9]*/ ms=N/g; s/ size=[1-9][0-9]*/ size=N/'
}

# check_line TEXT: it is the last one.
check_line()
{

	lines | tail -n 1 > got
	echo "message $1" > want
	atf_check -o file:want cat got
}

FROM='queue_id=T00001M001 client=192.168.123.123 name=mx.example.net '\
'sender=<sender@example.com>'
ONE="$FROM recipients=1 rcpt=<receiver@example.org>"

line_case verdicts "each verdict at each stage of a message, and whose it is"
verdicts_body()
{

	conf_begin 'log.level = "default"'
	conf_child a
	conf_child b
	child b
	manager
	for v_stage in mail data header eoh body eom; do
		case $v_stage in
		mail)	v_rest="$FROM recipients=0 size=0" v_b=none ;;
		data)	v_rest="$ONE size=0" v_b=abort ;;
		*)	v_rest="$ONE size=N" v_b=abort ;;
		esac
		for v_answer in reject=reject tempfail=temporary-failure \
		    discard=discard; do
			v_word=${v_answer#*=}
			child a --on="$v_stage=${v_answer%%=*}"
			mta > mta.last
			check_line "verdict=$v_word stage=$v_stage by=a\
 $v_rest ms=N child=a verdict=$v_word ms=N child=b verdict=$v_b ms=N"
			kill "$(cat a.pid)"; wait "$(cat a.pid)"
		done
		child a --on="$v_stage=replycode 450 4.7.1 wait \"a\" bit"
		mta > mta.last
		check_line "verdict=temporary-failure stage=$v_stage by=a\
 text=\"450 4.7.1 wait \\\"a\\\" bit\" $v_rest ms=N child=a\
 verdict=temporary-failure ms=N child=b verdict=$v_b ms=N"
		kill "$(cat a.pid)"; wait "$(cat a.pid)"
		child a --on="$v_stage=accept"
		mta > mta.last
		check_line "verdict=pass stage=eom $ONE size=N ms=N\
 child=a verdict=accept ms=N child=b verdict=pass ms=N"
		kill "$(cat a.pid)"; wait "$(cat a.pid)"
	done
	# At these levels nothing else tells of a refused message.
	lacks mm.log 'child=a stage='
	ntimes mm.log ' message verdict=' 30
}

line_case session "what is refused before a message has a line of its own"
session_body()
{

	conf_begin 'log.level = "default"'
	conf_child a
	child a --on=helo=reject
	manager
	mta > mta.last
	has mm.log 'child=a stage=helo verdict=reject'
	lacks mm.log ' message '
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	child a --on=rcpt:2=reject
	mta -r '<1@x.y>' -r '<2@x.y>' -r '<3@x.y>' > mta.last
	has mm.log 'child=a stage=rcpt verdict=reject rcpt=<2@x.y>'
	check_line "verdict=pass stage=eom $FROM recipients=2\
 rcpt=<1@x.y>,<3@x.y> size=N ms=N child=a verdict=pass ms=N"
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	# All have accepted: the MTA sends no more of it.
	child a --on=rcpt=accept
	mta > mta.last
	check_line "verdict=accept stage=rcpt $FROM recipients=1\
 rcpt=<receiver@example.org> size=0 ms=N child=a verdict=accept ms=N"
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	child a --on=connect=accept
	: > mm.log
	mta > mta.last
	lacks mm.log ' message '
}

line_case quarantine "a message that is held names the child and its reason"
quarantine_body()
{

	conf_begin 'log.level = "default"'
	conf_child a
	conf_child b
	child a --edit='quarantine odd "one"'
	child b
	manager
	mta > mta.last
	check_line "verdict=quarantine stage=eom by=a text=\"odd \\\"one\\\"\"\
 $ONE size=N ms=N child=a verdict=quarantine ms=N child=b verdict=pass ms=N"
	stop_manager
	conf_begin 'log.level = "default"'
	conf_child lost 'fallback_status="quarantine"'
	conf_child b
	manager
	mta > mta.last
	check_line "verdict=quarantine stage=eom by=lost\
 text=\"milter lost failed\" $ONE size=N ms=N child=lost verdict=error ms=N\
 reason=\"cannot connect to unix:lost.sock: No such file or directory\"\
 fallback=quarantine child=b verdict=pass ms=N"
	# Once, at these levels.
	lacks mm.log 'stage=eom verdict=quarantine reason='
}

line_case fallback "a child that has failed: why, and what answered for it"
fallback_body()
{

	conf_begin 'log.level = "default"' 'manager.fallback_status = "reject"'
	conf_child a 'fallback_status="temporary-failure"'
	conf_child b
	child b
	child a --on=eoh=close
	manager
	mta > mta.last
	check_line "verdict=temporary-failure stage=eoh by=a $ONE size=N ms=N\
 child=a verdict=error ms=N reason=\"closed the connection\"\
 fallback=temporary-failure child=b verdict=abort ms=N"
	stop_manager
	# It has let the message pass before it failed.
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	conf_begin 'log.level = "default"' 'manager.fallback_status = "reject"'
	conf_child lost
	manager
	mta > mta.last
	lines > got
	atf_check -o empty cat got
	has mm.log 'child=- stage=connect verdict=reject'
}

line_case conditions "a child that a condition keeps out, and which one"
conditions_body()
{

	conf_begin 'log.level = "default"' \
	    'condition."Two words".stop_on_envelope_from = true' \
	    'condition.late.stop_on_end_of_message = true' \
	    'condition.never.stop_on_connect = helo == "x"' 2>/dev/null
	sed -i.bak '/never/d' mm.conf
	conf_child a 'applicable_conditions=["Two words"]'
	conf_child b 'applicable_conditions=["late"]'
	conf_child c
	child a
	child b
	child c
	manager
	mta --messages=2 > mta.last
	lines | sed 's/M002/M001/' > got
	echo "message verdict=pass stage=eom $ONE size=N ms=N child=a\
 verdict=stop ms=N condition=\"Two words\" child=b verdict=stop ms=N\
 condition=late child=c verdict=pass ms=N" > one
	cat one one > want
	atf_check -o file:want cat got
	lacks mm.log 'state=stopped'
	stop_manager
	# At connect it is for all messages of the session.
	conf_begin 'log.level = "default"' \
	    'condition.here.stop_on_connect = true'
	conf_child a 'applicable_conditions=["here"]'
	conf_child c
	manager
	mta --messages=3 > mta.last
	ntimes mm.log 'child=a verdict=stop ms=0 condition=here child=c' 3
}

line_case evaluated "what a child that is only evaluated would have done"
evaluated_body()
{

	conf_begin 'log.level = "default"'
	conf_child a 'evaluation_mode=true'
	conf_child b 'parallel=true'
	child a --on=eom='replycode 550 5.7.1 spam' --edit='add-header X-A: 1'
	child b --on=eom=delay:50
	manager
	mta > mta.last
	check_line "verdict=pass stage=eom $ONE size=N ms=N child=a\
 verdict=reject ms=N evaluated=yes child=b verdict=pass ms=N"
	# How long each took is its own affair.
	sed -n 's/.* message .*child=b verdict=pass ms=\([0-9]*\).*/\1/p' \
	    mm.log > ms
	atf_check test "$(cat ms)" -ge 50
	has mm.log '[milter][header][add](2): <X-A>=<1>: a'
	lacks mm.log '[session][header][add]'
}

line_case aborted "a message that is broken off has its line for who asks"
aborted_body()
{

	conf_begin 'log.level = "default|info"'
	conf_child a
	child a
	manager
	mta --abort=data > mta.last
	check_line "verdict=abort stage=data $ONE size=0 ms=N\
 child=a verdict=abort ms=N"
	mta --close-after=body > mta.last
	wait_for grep -q 'verdict=abort stage=body' mm.log
	stop_manager
	sed -i.bak 's/|info//' mm.conf
	manager
	mta --abort=rcpt > mta.last
	stop_manager
	lacks mm.log ' message '
}

# good_json: each line of mm.log behind the first is an object of 2 KiB.
good_json()
{

	# What was said before the log was open is none.
	grep '^{' mm.log > objects
	awk 'length($0) > 2048 { exit 1 }' objects ||
	    atf_fail 'a line is too long'
	python3 -c '
import json, sys
for line in open("objects", "rb"):
    line = line.decode("ascii")
    one = json.loads(line)
    for name in ("time", "level", "message"):
        assert isinstance(one[name], str), line
    if "verdict" in one:
        assert isinstance(one["children"], list), line
        assert isinstance(one["recipients"], int), line
        print(one["verdict"], one["sender"], one.get("rcpt"),
            one["children"][0]["name"], one["children"][0]["verdict"])
' > summary || atf_fail 'a line is no JSON'
}

line_case json "as JSON each line is an object"
json_head()
{
	atf_set descr "as JSON each line is an object, whatever is in it"
	atf_set require.progs python3
	atf_set timeout 200
}
json_body()
{

	conf_begin 'log.format = "json"'
	conf_child a
	conf_child lost
	child a --on=eom:2='replycode 550 5.7.1 "so" \not' \
	    --edit='quarantine "held" äö'
	manager
	bad=$(printf 'x\377\303\244\001"\\\033[31m\342\202')
	mta --messages=3 -f "<$bad@example.org>" -r "<$bad>" \
	    --connect-host="$bad" --helo-fqdn="$bad" --header "X-H: $bad" \
	    --end-of-message-macro="i:$bad" > mta.last
	mta > mta.last
	stop_manager
	good_json
	ntimes summary '' 4
	has summary 'quarantine <sender@example.com>'
	has summary "['<receiver@example.org>'] a quarantine"
	atf_check test "$(grep -c '"level": "statistics"' objects)" -ge 4
	lacks objects '[statistics]'
	has objects '"message": "[session][end][end-of-message][quarantine]'
	# A control character never gets anywhere.
	lacks mm.log "$(printf '\033')"
}

line_case hostile "foreign bytes are escaped and cannot look like another key"
hostile_body()
{

	conf_begin 'log.level = "all"'
	conf_child a
	child a --on=eom='replycode 550 5.7.1 no verdict=pass "x'
	manager
	bad=$(printf 'x\377\001"\\\033[31m verdict=accept')
	mta -f "<$bad@example.org>" -r '<y>' --connect-host="$bad" \
	    --helo-fqdn="$bad" --header "X-H: $bad" \
	    --end-of-message-macro="i:$bad" > mta.last
	stop_manager
	lines > got
	has got 'text="550 5.7.1 no verdict=pass \"x"'
	has got 'name="x\xff\x01\"\\\x1b[31m verdict=accept"'
	LC_ALL=C tr -d '[:print:]\n' < mm.log > odd
	atf_check -o empty cat odd
}

line_case bounded "a line has its end, however many there are in it"
bounded_head()
{
	atf_set descr "a line has its end, however many there are in it"
	atf_set require.progs python3
	atf_set timeout 200
}
bounded_body()
{

	name=$(printf '%050d' 7)
	set --
	i=1
	while [ $i -le 60 ]; do
		set -- "$@" -r "<receiver-$i-$name@example.org>"
		i=$((i + 1))
	done
	for b_format in text json; do
		conf_begin 'log.level = "default"' \
		    "log.format = \"$b_format\""
		i=1
		while [ $i -le 40 ]; do
			conf_child "lost$i$name"
			i=$((i + 1))
		done
		conf_child a
		child a
		manager
		mta "$@" -f "<$name$name$name$name@example.org>" > mta.last
		stop_manager
		case $b_format in
		json)
			good_json
			grep '"verdict": "pass"' mm.log > got
			has got '"recipients": 60, '
			has got '], "more": '
			;;
		text)
			lines > got
			has got ' recipients=60 rcpt=<receiver-1-'
			atf_check grep -q ' more=[0-9][0-9]*$' got
			has got '...'
			awk 'length($0) > 2048 { exit 1 }' got ||
			    atf_fail 'the line is too long'
			;;
		esac
		ntimes got '' 1
		kill "$(cat a.pid)"; wait "$(cat a.pid)"
	done
}

atf_init_test_cases()
{

	for tc in verdicts session quarantine fallback conditions evaluated \
	    aborted json hostile bounded; do
		atf_add_test_case $tc
	done
}
