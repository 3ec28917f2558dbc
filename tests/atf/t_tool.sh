#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_tool.sh - the scripted MTA against the scripted milter, no daemon between.

. "$(atf_get_srcdir)/h_session.sh"

# tool_case NAME DESCRIPTION: the body is the function NAME_body.
tool_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# direct OPTION...: one run of the MTA towards the milter c.
direct()
{

	"$MM_PROGRAM" test-server -s unix:c.sock \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} "$@"
}

# again OPTION...: another milter c instead of the last one.
again()
{

	if [ -f c.pid ]; then
		kill -TERM "$(cat c.pid)"
		wait "$(cat c.pid)" || atf_fail "exit status $? of the milter"
		! [ -e c.sock ] || atf_fail "the socket is left behind"
		: > pids
	fi
	child c ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} \
	    "$@"
}

# verdict ANSWER STAGE EXPECTED...: what the MTA makes of it, at each stage.
verdict()
{

	v_what="$1 at $2"
	again -q --on="$2=$1"
	shift 2
	v_expect=$1
	shift
	direct --expect="$v_expect" "$@" > out || atf_fail "$v_what: exit status $?"
}

tool_case verdicts "each answer at each stage is the MTA's verdict"
verdicts_body()
{

	for stage in connect helo mail rcpt data header eoh body eom; do
		verdict accept $stage accept
		verdict reject $stage reject
		verdict tempfail $stage temporary-failure
		verdict 'replycode 451 4.7.1 later' $stage replycode:451
		verdict 'replycode 550 5.7.1 no' $stage replycode:550 \
		    --mta=postfix
	done
	for stage in mail rcpt data header eoh body eom; do
		verdict discard $stage discard
		verdict shutdown $stage shutdown --mta=postfix
	done
	# There is nothing to throw away yet.
	verdict discard helo pass
	verdict discard connect pass --mta=postfix
	# Only the command was refused.
	verdict reject unknown pass --unknown=FOO
	verdict skip body pass
}

tool_case replycode "a reply of several lines is shown in full"
replycode_body()
{

	again -q --on='eom=replycode 550-5.7.1 one\n550 5.7.1 two'
	direct > out || atf_fail "exit status $?"
	has out 'status: reject [550]<5.7.1>(one\ntwo)'
	again -q --edit='quarantine odd' --on=eom=accept
	direct > out || atf_fail "exit status $?"
	has out 'status: quarantine'
	has out 'Quarantine reason: <odd>'
	grep -q '^elapsed-time: [0-9]*\.[0-9][0-9][0-9] seconds$' out ||
	    atf_fail "no elapsed time"
	# An expectation that is not met.
	atf_check -s exit:1 -o ignore -e match:'quarantine instead of pass' \
	    "$MM_PROGRAM" test-server -s unix:c.sock --expect=pass
}

tool_case printed "the milter prints each command with its macros"
printed_body()
{

	again --sessions=1
	direct -f 'a@b.c SIZE=10' -r '<d@e.f> NOTIFY=NEVER' --unknown='FOO bar' \
	    --connect-address=inet6:25@[::1] --helo-macro=x:y \
	    -h 'Subject: a
	b' -b 'text
' > out || atf_fail "exit status $?"
	wait "$(cat c.pid)" || atf_fail "exit status $? of the milter"
	sed -n '/^connect/,$p' c.out > got
	cat > want <<-'END'
	connect: host=<mx.example.net>, address=<inet6:25@[IPv6:0:0:0:0:0:0:0:1]>
	macros:
	  j=mail.example.com
	  daemon_name=milter-test-server
	  if_name=localhost
	  if_addr=127.0.0.1
	helo: <delian>
	macros:
	  tls_version=0
	  cipher=0
	  cipher_bits=0
	  cert_subject=cert_subject
	  cert_issuer=cert_issuer
	  x=y
	envelope-from: <<a@b.c>> SIZE=10
	macros:
	  i=T00001M001
	  mail_mailer=smtp
	  mail_host=b.c
	  mail_addr=a@b.c
	envelope-recipient: <<d@e.f>> NOTIFY=NEVER
	macros:
	  rcpt_mailer=smtp
	  rcpt_host=e.f
	  rcpt_addr=d@e.f
	unknown: <FOO bar>
	data
	macros:
	  i=T00001M001
	header: <Subject: a\n\tb>
	header: <From: <a@b.c>>
	header: <To: <d@e.f>>
	end-of-header
	macros:
	  i=T00001M001
	body: <text\n>
	end-of-message
	macros:
	  i=T00001M001
	finished
	END
	atf_check -o file:want cat got
	has c.out 'negotiate: version=<6>, action=<add-headers|change-body|'
}

tool_case edits "edits are carried out as each of the two MTAs does it"
edits_body()
{

	again -q --edit='add-header X: new' --edit='insert-header 9 Y: ins' \
	    --edit='change-header 1 X: ch' --edit='delete-header 2 X' \
	    --edit='change-header 2 X: again' --edit='change-header 3 Z: no'
	direct --write-message=out -h 'X: 1' -h 'X: 2' -h 'X: 3' -b 'text
' > /dev/null || atf_fail "exit status $?"
	# An added X becomes the first; 9 is behind the first field as it was
	# read; deleted fields go on being counted and can come back.
	cat > want <<-'END'
	X: ch
	Y: ins
	X: again
	X: 2
	X: 3
	From: <sender@example.com>
	To: <receiver@example.org>
	Z: no

	text
	END
	atf_check -o file:want cat out
	direct --write-message=out --mta=postfix -h 'X: 1' -h 'X: 2' \
	    -h 'X: 3' -b 'text
' > /dev/null || atf_fail "exit status $?"
	# Appended; 9 is past the end; numbers shift at once.
	cat > want <<-'END'
	X: ch
	X: again
	From: <sender@example.com>
	To: <receiver@example.org>
	X: new
	Y: ins
	Z: no

	text
	END
	atf_check -o file:want cat out
}

tool_case envelope "edits of envelope and body are shown"
envelope_body()
{

	again -q --edit='change-from <new@b.c> RET=HDRS' \
	    --edit='add-rcpt x@y.z NOTIFY=NEVER' --edit='delete-rcpt <d@e.f>' \
	    --edit='replace-body one\r\ntwo' --edit='replace-body  three'
	direct -r d@e.f -r '<g@h.i> ORCPT=x' --output-message > out ||
	    atf_fail "exit status $?"
	has out '+ envelope-from: <new@b.c> RET=HDRS'
	has out 'envelope-recipient: <g@h.i> ORCPT=x'
	has out 'envelope-recipient: <x@y.z> NOTIFY=NEVER'
	lacks out 'd@e.f '
	has out 'two three'
	lacks out 'La de da'
}

tool_case leadspc "with HDR_LEADSPC spaces go over the wire as they are"
leadspc_body()
{

	again --protocol=100000 --edit='add-header A:x' --edit='add-header B:  y'
	direct --write-message=out -h 'S:  two' -h 'T:none' > /dev/null ||
	    atf_fail "exit status $?"
	has c.out 'header: <S:   two>'
	has c.out 'header: <T: none>'
	for line in 'A:x' 'B:  y' 'S:  two' 'T:none'; do
		has out "$line"
	done
	again --edit='add-header A:x' --edit='add-header B:  y'
	direct --write-message=out -h 'S:  two' -h 'T:none' > /dev/null ||
	    atf_fail "exit status $?"
	has c.out 'header: <S:  two>'
	for line in 'A: x' 'B:  y' 'S:  two' 'T:none'; do
		has out "$line"
	done
}

tool_case declined "what was declined is not sent, or not waited for"
declined_body()
{

	again --protocol=37f
	direct -v --unknown=x > out || atf_fail "exit status $?"
	atf_check -o inline:'SMFIC_OPTNEG\nSMFIC_BODYEOB\nSMFIC_QUIT\n' \
	    sh -c "sed -n 's/^> \\(SMFIC_[A-Z]*\\).*/\\1/p' out |
	    grep -v MACRO"
	again -q --protocol=ff080
	direct -v --unknown=x --expect=pass > out || atf_fail "exit status $?"
	ntimes out '< SMFIR_CONTINUE' 1
	# A reply that nobody waits for.
	again -q --protocol=2000 --on=helo=continue
	atf_check -s exit:1 -o ignore -e match:'SMFIR_CONTINUE at ' \
	    "$MM_PROGRAM" test-server -s unix:c.sock
}

tool_case macros "macro lists are obeyed as each of the two MTAs does it"
macros_body()
{

	again -q --macros='mail:i,{mail_addr} nope' --macros=helo: \
	    --macros='eom:{msg_id} i' --macros=eoh:j
	direct -v -h 'Message-Id: <1@2>' > out || atf_fail "exit status $?"
	has out '> SMFIC_MACRO M <i> <T00001M001> <{mail_addr}> <sender@example.com>'
	has out '> SMFIC_MACRO E <{msg_id}> <<1@2>> <i> <T00001M001>'
	has out '> SMFIC_MACRO N <j> <mail.example.com>'
	lacks out 'SMFIC_MACRO H'
	lacks out 'SMFIC_MACRO L'
	direct -v --mta=postfix > out || atf_fail "exit status $?"
	# Postfix has no queue identifier yet, and its own list for HELO.
	has out '> SMFIC_MACRO M <{mail_addr}> <sender@example.com>'
	has out '> SMFIC_MACRO H'
	has out '> SMFIC_MACRO L <j> <mail.example.com>'
	has out '> SMFIC_MACRO B <i> <T00001M001>'
	has out '<v> <Postfix 3.7.11>'
	# Sendmail asks for the list of EOH when it means that of EOM.
	again -q --macros=eom:j
	direct -v > out || atf_fail "exit status $?"
	has out '> SMFIC_MACRO E <i> <T00001M001>'
	again -q --macros=eoh:j
	direct -v > out || atf_fail "exit status $?"
	lacks out '> SMFIC_MACRO E'
}

tool_case messages "several messages, ABORT between them, and QUIT_NC"
messages_body()
{

	again --digest --session-prefix
	direct --messages=4 --abort=rcpt --abort=header:2 --abort=body:3 \
	    > out || atf_fail "exit status $?"
	ntimes out 'status: abort' 3
	ntimes out 'status: pass' 1
	wait_for grep -q finished c.out
	ntimes c.out '[1] abort' 3
	ntimes c.out '[1] header: <From' 3
	ntimes c.out '[1] header: <To' 2
	ntimes c.out '[1] body: <' 2
	ntimes c.out '[1] digest: ' 1
	# Postfix resets after every message, and once more at the end.
	direct --messages=2 --mta=postfix > out || atf_fail "exit status $?"
	wait_for grep -qF '[2] finished' c.out
	ntimes c.out '[2] abort' 3
	direct --messages=2 --quit-nc > out || atf_fail "exit status $?"
	wait_for grep -qF '[3] finished' c.out
	ntimes c.out '[3] quit-nc' 1
	ntimes c.out '[3] connect: ' 2
	direct --messages=2 --close-after=data:2 > out ||
	    atf_fail "exit status $?"
	has out 'status: closed'
	# All recipients refused: the client gives up.
	again --on=rcpt=reject
	direct -r a@b -r c@d --expect=reject > out || atf_fail "exit status $?"
	wait_for grep -q finished c.out
	ntimes c.out 'abort' 1
	! grep -q '^data' c.out || atf_fail "DATA without a recipient"
	# The K-th time only, counted in the session.
	again -q --on=mail:2=reject
	direct --messages=3 > out || atf_fail "exit status $?"
	atf_check -o inline:'status: pass\nstatus: reject\nstatus: pass\n' \
	    grep status: out
}

# hostile PATTERN ANSWER [OPTION...]: exit 1, and one line that says it.
hostile()
{

	h_pattern=$1
	again -q --on="$2"
	shift 2
	direct --reading-timeout=10 "$@" > out 2> err &&
	    atf_fail "the MTA is content"
	atf_check -o match:"$h_pattern" cat err
	[ "$(wc -l < err)" -eq 1 ] || atf_fail "not one line"
}

tool_case violations "a milter that breaks the protocol is told in one line"
violations_body()
{

	hostile 'closed the connection at body' body=close
	hostile 'closed the connection at eom' eom=partial
	hostile 'at header' header=reset
	hostile 'closed the connection at negotiate' negotiate=close
	hostile 'SMFIR_REJECT instead of SMFIC_OPTNEG' negotiate=reject
	hostile 'unknown code' header:2=garbage
	hostile 'length 0' helo=garbage:00000000
	hostile '5 bytes behind SMFIR_CONTINUE at helo' \
	    helo=garbage:00000001630000000163
	hostile 'SMFIR_ADDHEADER at header, before the end of message' \
	    header=garbage:00000005685800590000000163
	hostile 'SMFIR_ADDHEADER at eom' eom=garbage:0000000468585800
	hostile 'SMFIR_REJECT at mail' mail=garbage:0000000272610000000163
	hostile 'SMFIR_REPLYCODE at rcpt' rcpt='replycode 250 fine'
	hostile 'SMFIR_REPLYCODE at rcpt' rcpt='replycode 550-5.1.1 no end\nx'
	hostile 'SMFIR_PROGRESS at mail' mail=progress:1:1
	hostile 'SMFIR_SKIP at rcpt' rcpt=skip
	hostile 'SMFIR_SKIP was not offered' body=skip --protocol=0
	hostile 'SMFIR_SHUTDOWN at mail' mail=shutdown
	hostile 'timeout: no reply at eoh' eoh=none --reading-timeout=0.2
	hostile 'timeout: no reply at eom' eom=progress:9:60 \
	    --end-of-message-timeout=0.2
	again -q --actions=1 --edit='delete-rcpt <a@b>'
	atf_check -s exit:1 -o ignore -e match:'DELRCPT was not negotiated' \
	    "$MM_PROGRAM" test-server -s unix:c.sock
	again -q --edit='replace-body a' --edit='add-header X: y' \
	    --edit='replace-body b'
	atf_check -s exit:1 -o ignore -e match:'REPLBODY is not contiguous' \
	    "$MM_PROGRAM" test-server -s unix:c.sock --mta=postfix
	atf_check -o ignore "$MM_PROGRAM" test-server -s unix:c.sock
	for answer in --version-number=7 --actions=fff --protocol=fff00000; do
		again -q $answer
		atf_check -s exit:1 -o ignore -e match:SMFIC_OPTNEG \
		    "$MM_PROGRAM" test-server -s unix:c.sock
	done
	# Postfix overlooks bits that it did not offer, and takes PROGRESS.
	atf_check -o ignore "$MM_PROGRAM" test-server -s unix:c.sock \
	    --mta=postfix
	again -q --on=mail=progress:1:1
	atf_check -o ignore "$MM_PROGRAM" test-server -s unix:c.sock \
	    --mta=postfix
}

# raw PATTERN OPTION...: the milter says what is wrong with these bytes.
raw()
{

	r_pattern=$1
	shift
	child c -q --sessions=1
	direct "$@" > out || atf_fail "exit status $?"
	has out 'status: closed'
	wait "$(cat c.pid)" && atf_fail "the milter is content"
	atf_check -o match:"$r_pattern" cat c.err
	rm -f c.pid pids
}

tool_case raw_bytes "an MTA that breaks the protocol is told in one line"
raw_bytes_body()
{

	raw 'length 0' --raw=00000000
	raw 'unknown code' --raw='00000001 58'
	raw 'SMFIC_BODY: payload missing' --raw=0000000142
	raw 'SMFIC_RCPT after SMFIC_OPTNEG' --raw='00000003 52 61 00'
	raw 'SMFIC_BODYEOB after SMFIC_OPTNEG' --raw='00000001 45'
	raw 'before SMFIC_OPTNEG' --negotiate-version=0 --raw=0000000145
	raw 'bad frame' --raw=7fffffff58
	printf '\000\000\000\002H\000\000\000\000\001E' > bytes
	raw 'SMFIC_HELO after SMFIC_OPTNEG' --raw-file=bytes
	# Half a frame is an end like any other.
	again -q --sessions=1
	direct --raw=0000 > out || atf_fail "exit status $?"
	wait "$(cat c.pid)" || atf_fail "exit status $? of the milter"
}

tool_case mail_file "a message file comes out byte for byte"
mail_file_body()
{

	again -q --digest
	{
		printf 'From: "x, y" <a@b.c>\nTo: d@e.f,\n\t"q" <g@h.i>\n'
		printf 'Empty:\nSpace: \nTab:\tx\nTwo:  x\nFold: a\n  b\n\n'
		printf '.\n..\nbare\rcr\n\nFrom here\n'
		awk 'BEGIN { for (i = 0; i < 20000; i++)
		    printf("%*s|\n", i % 97, "") }'
	} > lf.eml
	sed "s/\$/$(printf '\r')/" lf.eml > crlf.eml
	for mta in sendmail postfix; do
		for size in 1 100 65535; do
			[ $size -ne 1 ] || {
				sed 20q lf.eml > few.eml
				direct --mta=$mta -m few.eml --chunk-size=1 \
				    --write-message=out > /dev/null ||
				    atf_fail "exit status $?"
				atf_check cmp few.eml out
				continue
			}
			for f in lf.eml crlf.eml; do
				rm -f out
				direct --mta=$mta -m $f --chunk-size=$size \
				    --write-message=out > /dev/null ||
				    atf_fail "exit status $?"
				atf_check cmp $f out
			done
		done
	done
	direct -m - --write-message=out < lf.eml > /dev/null ||
	    atf_fail "exit status $?"
	atf_check cmp lf.eml out
	{ echo 'From a@b.c Mon Jan  1 00:00:00 2001'; cat lf.eml; } > mbox
	direct -v -m mbox --write-message=out > log || atf_fail "exit status $?"
	atf_check cmp lf.eml out
	has log 'SMFIC_MAIL <<a@b.c>>'
	has log 'SMFIC_RCPT <<d@e.f>>'
	has log 'SMFIC_RCPT <<g@h.i>>'
	has log 'SMFIC_HEADER <Fold> <a\n  b>'
	has log 'SMFIC_HEADER <Tab> <\tx>'
	# The same bytes, however they are cut, and whatever their line ends.
	[ "$(grep body=10 c.out | sort -u | wc -l)" -eq 1 ] ||
	    atf_fail "digests differ"
	# No body, and a last line without an end.
	printf 'From: a@b.c\n\n' > none.eml
	direct -v -m none.eml --write-message=out > log ||
	    atf_fail "exit status $?"
	atf_check cmp none.eml out
	lacks log 'SMFIC_BODY '
	printf 'From: a@b.c\n\nx' > end.eml
	direct -v -m end.eml > log || atf_fail "exit status $?"
	has log 'SMFIC_BODY 3 <x\r\n>'
}

tool_case crowd "many sessions at once are one process, each message whole"
crowd_body()
{

	[ "$(ulimit -Hn)" = unlimited ] || [ "$(ulimit -Hn)" -ge 300 ] ||
	    atf_skip "too few descriptors"
	again -q --digest --sessions=200
	awk 'BEGIN { print "From: a@b.c\n"; for (i = 0; i < 3000; i++)
	    print i, "line" }' > mail.eml
	direct -t 200 -m mail.eml > out || atf_fail "exit status $?"
	has out 'sessions: 200'
	has out 'status: pass: 200'
	wait "$(cat c.pid)" || atf_fail "exit status $? of the milter"
	[ "$(grep -c digest c.out)" -eq 200 ] || atf_fail "not 200 digests"
	[ "$(sort -u c.out | wc -l)" -eq 1 ] || atf_fail "digests differ"
}

tool_case tcp "port 0 is a free port, and the milter tells which"
tcp_body()
{

	"$MM_PROGRAM" test-client -q -s inet:0@127.0.0.1 --ready-file=ready \
	    2> c.err & echo $! > pids
	wait_for test -s ready
	atf_check -o match:'status: pass' "$MM_PROGRAM" test-server \
	    -s "$(cat ready)"
}

# misuse PATTERN TOOL OPTION...: exit 64 and one line.
misuse()
{

	mu_pattern=$1
	shift
	atf_check -s exit:64 -e match:"$mu_pattern" "$MM_PROGRAM" "$@"
}

tool_case options "a wrong option is told in one line, with exit status 64"
options_body()
{

	misuse 'foo: unknown option' test-server --foo
	misuse 'z: unknown option' test-client -z
	misuse 'needs an argument' test-server -s
	misuse 'takes no argument' test-client --quiet=1 -s /x
	misuse 'connection-spec is needed' test-server
	misuse 'connection-spec is needed' test-client
	misuse 'unexpected argument' test-server -s /x y
	misuse 'inet:25@localhost' test-client -s inet:localhost:25
	misuse 'a port is needed' test-server -s inet:0@127.0.0.1
	misuse 'a stage is needed' test-client -s /x --on=foo=reject
	misuse 'an answer is needed' test-client -s /x --on=rcpt=foo
	misuse 'an edit is needed' test-client -s /x --edit='add-header X'
	misuse 'STAGE:LIST' test-client -s /x --macros=body:i
	misuse 'hexadecimal' test-client -s /x --actions=xyz
	misuse 'octal' test-client -s /x --unix-socket-mode=9
	misuse 'a stage is needed' test-server -s /x --abort=eom
	misuse 'NAME:VALUE' test-server -s /x --header=foo
	misuse 'numeric address' test-server -s /x --connect-address=inet:1@x
	misuse 'sendmail or postfix' test-server -s /x --mta=exim
	misuse 'a verdict is needed' test-server -s /x --expect=maybe
	misuse 'seconds' test-server -s /x --all-timeouts=soon
	misuse 'hexadecimal digits' test-server -s /x --raw=1
	atf_check -s exit:1 -e match:'No such file' "$MM_PROGRAM" \
	    test-server -s /x -m ./nothing
	atf_check -s exit:1 -o ignore -e match:'Failed to connect to unix:' \
	    "$MM_PROGRAM" test-server -s "$(pwd)/nothing"
	atf_check -o match:--connection-spec "$MM_PROGRAM" test-server --help
	atf_check -o match:--connection-spec "$MM_PROGRAM" test-client --help
	atf_check -o match:'^milter-test-server [0-9]' "$MM_PROGRAM" \
	    test-server --version
}

tool_case identity "with --user nothing of root's groups is kept"
eval 'identity_head()
{

	atf_set descr "with --user nothing of the groups of root is kept"
	atf_set require.user root
}'
identity_body()
{

	[ -r /proc/self/status ] || atf_skip "there is no /proc to look at"
	id nobody > /dev/null 2>&1 || atf_skip "there is no user nobody"
	chmod 777 .
	again -q --user=nobody
	sed -n 's/^Groups:[[:space:]]*//p' "/proc/$(cat c.pid)/status" > groups
	for g in $(cat groups); do
		id -G nobody | tr ' ' '\n' | grep -qx "$g" ||
		    atf_fail "group $g is kept"
	done
	sed -n 's/^Gid:[[:space:]]*//p' "/proc/$(cat c.pid)/status" | tr '\t' \
	    '\n' > gids
	! grep -qx 0 gids || atf_fail "group 0 is kept"
}

atf_init_test_cases()
{

	for c in verdicts replycode printed edits envelope leadspc declined \
	    macros messages violations raw_bytes mail_file crowd tcp options \
	    identity
	do
		atf_add_test_case $c
	done
}
