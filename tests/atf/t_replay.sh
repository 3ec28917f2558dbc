#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_replay.sh - sessions are recorded, and played again with the same answers.

. "$(atf_get_srcdir)/h_session.sh"

# replay_case NAME DESCRIPTION [META=VALUE]: the body is NAME_body.
replay_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120
	    ${3:+atf_set ${3%%=*} \"${3#*=}\"}
	}"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# recorder [LINE...]: mm.conf that records in the folder rec.
recorder()
{

	mkdir -p rec
	conf_begin "manager.record_directory = \"$PWD/rec\"" "$@"
}

# The n-th of the files, in their order; it is there when it is whole.
record()
{

	find rec -type f -name 'milter-manager-*' | sort | sed -n "${1:-1}p"
}

records()
{

	find rec -type f -name 'milter-manager-*' | wc -l
}

has_records()
{

	[ "$(records)" -eq "$1" ]
}

# A session's file is closed behind its last word to the MTA.
recorded()
{

	"$MM_PROGRAM" replay --print "$(record "$1")" 2>/dev/null |
	    grep -q -e 'the session ends' -e 'cut here'
}

# replay STATUS OPTION...: output in replay.out, the rest in replay.err.
replay()
{

	r_want=$1
	shift
	"$MM_PROGRAM" replay "$@" > replay.out 2> replay.err
	r_got=$?
	[ $r_got -eq "$r_want" ] || {
		cat replay.out replay.err >&2
		atf_fail "replay $*: $r_got instead of $r_want"
	}
}

# kill_child NAME: another one may take its socket.
kill_child()
{

	kill -TERM "$(cat "$1.pid")"
	wait "$(cat "$1.pid")"
}

reload()
{

	: > reload.was
	grep -c 'configuration reloaded' mm.log > reload.was
	kill -HUP "$(cat mm.pid)"
	wait_for reloaded
}

reloaded()
{

	[ "$(grep -c 'configuration reloaded' mm.log)" -gt \
	    "$(cat reload.was)" ]
}

big_mail()
{

	{
		echo 'From: alice@example.com'
		echo 'To: bob@example.org'
		echo 'Subject: large'
		echo
		awk 'BEGIN { for (i = 0; i < 17000; i++)
		    printf "%08d a line of sixty-two bytes, most of them alike, here.\n", i }'
	} > big.eml
}

replay_case equal "edits, reply codes, two messages: the same answers again"
equal_body()
{

	recorder
	conf_child a; conf_child b
	child a --edit='add-header X-A: from a' --edit='replace-body BODY-A' \
	    --on='rcpt:2=replycode 550-5.1.1 no\n550 5.1.1 really' \
	    --on=eom=progress:2:10
	child b --edit='change-header 1 X-A: from b' \
	    --edit='add-rcpt <x@y.z> NOTIFY=NEVER' --edit='quarantine hm' \
	    --on='helo=progress:1:1'
	manager
	check_mta -r one@example.org -r two@example.org --messages=2
	wait_for recorded
	has_records 1 || atf_fail "$(ls rec)"
	# The name has the time and the session, and it is nobody else's.
	record | grep -qE \
	    '^rec/milter-manager-20[0-9]{6}T[0-9]{6}\.[0-9]{6}-1-[[:alnum:]]{6}$' ||
	    atf_fail "$(ls rec)"
	has mm.log "1 record=$(ls rec)"
	atf_check -o match:'^-rw------- ' ls -l "$(record)"

	replay 0 "$(record)"
	has replay.out ' answers as recorded, 0 different'
	has replay.err 'to unix:mm.sock, as the record says'
	replay 0 --child=a "$(record)"
	has replay.out ' answers as recorded, 0 different'
	has replay.err 'to unix:a.sock, as the record says'
	replay 0 "$(record)" --child b --to "$PWD/b.sock" --timing
	has replay.out ' answers as recorded, 0 different'
	lacks replay.err 'record says'
	# The link says the same.
	ln -s "$MM_PROGRAM" milter-manager-replay
	atf_check -o match:' 0 different' -e ignore \
	    ./milter-manager-replay "$(record)"
	stop_manager
}

replay_case other "an answer that is another one is told with stage and text"
other_body()
{

	recorder
	conf_child a; conf_child b
	child a --edit='add-header X-A: one' --edit='add-header X-B: two' \
	    --edit='replace-body BODY-A'
	child b --on=mail:2=tempfail
	manager
	check_mta --messages=3
	wait_for recorded
	kill_child a
	child a --edit='add-header X-B: two' --edit='replace-body BODY-B' \
	    --edit='delete-rcpt <x@y.z>' --on=connect=skip
	cp "$(record)" it
	replay 1 it
	cat > want <<-'END'
	message 1 eom: expected SMFIR_ADDHEADER <X-A> <one>, found nothing
	message 1 eom: expected nothing, found SMFIR_DELRCPT <<x@y.z>>
	message 1 eom: expected SMFIR_REPLBODY 6 <BODY-A>, found SMFIR_REPLBODY 6 <BODY-B>, different from byte 5 on
	message 3 eom: expected SMFIR_ADDHEADER <X-A> <one>, found nothing
	message 3 eom: expected nothing, found SMFIR_DELRCPT <<x@y.z>>
	message 3 eom: expected SMFIR_REPLBODY 6 <BODY-A>, found SMFIR_REPLBODY 6 <BODY-B>, different from byte 5 on
	END
	grep '^message' replay.out > got
	atf_check -o file:want cat got
	# The child's own answers.
	replay 1 it --child a
	has replay.out 'connect: expected SMFIR_CONTINUE, found SMFIR_SKIP'
	# The second message was refused by b alone.
	kill_child b
	child b
	replay 1 it --child=b
	has replay.out 'message 2 mail <sender@example.com>: expected SMFIR_TEMPFAIL, found SMFIR_CONTINUE'
	has replay.out ', 1 different'
	# A sender that is refused today: the MTA would not go on either.
	kill_child b
	child b --on=mail:1=reject
	replay 1 it --child=b
	has replay.out 'message 1 mail <sender@example.com>: expected SMFIR_CONTINUE, found SMFIR_REJECT'
	has replay.out ', 2 different, 9 commands left out for that'
	has replay.out 'message 2 mail'
	lacks replay.out 'message 3'
	ntimes b.out 'end-of-message' 1
	lacks b.err 'protocol'
}

replay_case rcpt "when today every recipient is refused, there is no content"
rcpt_body()
{

	recorder
	conf_child a
	child a --on=rcpt:1=reject
	manager
	check_mta -r one@example.org -r two@example.org --messages=2
	wait_for recorded
	kill_child a
	child a --on=rcpt:1=reject --on=rcpt:2=tempfail
	replay 1 --child=a "$(record)"
	has replay.out 'message 1 rcpt <two@example.org>: expected SMFIR_CONTINUE, found SMFIR_TEMPFAIL'
	has replay.out ', 1 different, 6 commands left out for that'
	ntimes a.out 'end-of-message' 1
	atf_check -o empty cat a.err
}

replay_case large "a body of 1 MB, kept whole or shortened"
large_body()
{

	big_mail
	# With other line ends the second child would be sent other bytes.
	awk '{ printf "%s\r\n", $0 }' big.eml > new.eml
	recorder 'manager.record_max_size = 8m'
	conf_child a; conf_child b
	child a --edit='add-header X-A: a' --edit='replace-body-file new.eml'
	child b --digest
	manager
	check_mta -m big.eml --mta=postfix
	wait_for recorded
	f=$(record)
	replay 0 "$f"
	has replay.out ', 0 different'
	lacks replay.err 'not kept'
	replay 0 "$f" --child=b
	# What goes on to a child is not stored again.
	size=$(wc -c < "$f")
	[ "$size" -lt 2300000 ] || atf_fail "$size bytes"
	[ "$size" -gt 2000000 ] || atf_fail "$size bytes"
	# The same with the default: everything but the bodies is there.
	recorder 'manager.record_max_size = 100k'
	conf_child a; conf_child b
	reload
	check_mta -m big.eml --mta=postfix
	ls rec > all
	n=$(wc -l < all)
	wait_for recorded "$n"
	f=$(record "$n")
	size=$(wc -c < "$f")
	[ "$size" -le 102400 ] || atf_fail "$size bytes"
	replay 0 "$f" --print
	lacks replay.out 'cut here'
	has replay.out 'mta -> manager: SMFIC_BODY 65535 <00000000 a line'
	has replay.out 'manager -> mta: SMFIR_ADDHEADER <X-A> <a>'
	has replay.out 'manager -> mta: SMFIR_CONTINUE'
	has replay.out 'the session ends: quit'
	# The new body is the same by its hash; what is sent is made up.
	replay 0 "$f"
	has replay.err 'bytes of bodies were not kept'
	has replay.out ', 0 different'
	# And not the same when one byte is not.
	sed '$s/here/hare/' big.eml > new && mv new big.eml
	kill_child a
	child a --edit='add-header X-A: a' --edit='replace-body-file big.eml'
	replay 1 "$f"
	has replay.out 'message 1 eom: expected SMFIR_REPLBODY '
	has replay.out ', 1 different'
	stop_manager
}

replay_case cut "what does not fit is cut, with a mark"
cut_body()
{

	recorder 'manager.record_max_size = 4096'
	conf_child a
	child a
	manager
	set --
	for i in 1 2 3 4 5 6 7 8 9; do
		set -- "$@" --header \
		    "X-$i: $(awk -v i="$i" 'BEGIN { while (n++ < 90) printf "%d-text", i }')"
	done
	check_mta "$@" --expect=pass
	wait_for recorded
	f=$(record)
	size=$(wc -c < "$f")
	[ "$size" -le 4096 ] || atf_fail "$size bytes"
	[ "$size" -ge 3000 ] || atf_fail "$size bytes"
	replay 0 --print "$f"
	has replay.out 'cut here: the file has reached the limit of its size'
	has replay.err 'cut at the limit of its size'
	lacks replay.out 'the session ends'
	# Up to there it can be played.
	replay 0 "$f"
	has replay.err 'cut at the limit of its size'
	has replay.out ', 0 different'
	stop_manager
}

replay_case number "the oldest files make room, and only ours"
number_body()
{

	recorder 'manager.record_max_files = 3'
	conf_child a
	child a
	# Names like ours that are none, or no files of ours.
	mkdir rec/milter-manager-20010101T000000.000000-1-aaaaaa
	ln -s ../mm.conf rec/milter-manager-20010101T000000.000000-2-aaaaaa
	for name in 20010101T000000.000000-3-aaaaa 20010101T000000.000000-4 \
	    2001010T1000000.000000-3-aaaaaa 20010101T000000.000000--aaaaaa; do
		echo text > "rec/milter-manager-$name"
	done
	touch rec/20010101T000000.000000-3-aaaaaa rec/mail
	find rec ! -type d | sort > others
	# And five that could be those of an earlier run.
	for i in 1 2 3 4 5; do
		echo text > rec/milter-manager-2001010${i}T000000.000000-1-aaaaaa
	done
	manager
	find rec -name 'milter-manager-2001010*-1-aaaaaa' -type f | sort > got
	cat > want <<-'END'
	rec/milter-manager-20010103T000000.000000-1-aaaaaa
	rec/milter-manager-20010104T000000.000000-1-aaaaaa
	rec/milter-manager-20010105T000000.000000-1-aaaaaa
	END
	atf_check -o file:want cat got
	for i in 1 2 3 4 5; do
		check_mta --expect=pass
	done
	stop_manager
	find rec -type f -name 'milter-manager-20[^0]*' | sort > got
	[ "$(wc -l < got)" -eq 3 ] || atf_fail "$(cat got)"
	sed -n 's/.* record=/rec\//p' mm.log | tail -n 3 > want
	atf_check -o file:want cat got
	find rec -type f -name '*-1-aaaaaa' | grep . && atf_fail 'old ones'
	[ -d rec/milter-manager-20010101T000000.000000-1-aaaaaa ] ||
	    atf_fail 'a folder is gone'
	while read -r f; do
		[ -e "$f" ] || [ -L "$f" ] || atf_fail "$f is gone"
	done < others
}

# A session that waits until the file go is there.
held_mta()
{

	"$(atf_get_srcdir)/h_mta" mm.sock C=c H=c M=c "wait:$1" R=c \
	    > "$1.out" 2> "$1.err" &
	echo $! >> pids
	echo $! > "$1.pid"
}

end_mta()
{

	echo go > "$1"
	wait "$(cat "$1.pid")" || atf_fail "$(cat "$1.err")"
}

replay_case running "the file of a running session stays, others are not made"
running_body()
{

	recorder 'manager.record_max_files = 2'
	conf_child a
	child a
	manager
	held_mta one
	wait_for has_records 1
	held=$(record)
	check_mta
	check_mta
	check_mta
	has_records 2 || atf_fail "$(ls rec)"
	[ -e "$held" ] || atf_fail 'the running one is gone'
	held_mta two
	held_mta three
	# Two are held and recorded, the third and a fourth have no place.
	check_mta --expect=pass
	end_mta two
	end_mta three
	end_mta one
	stop_manager
	has_records 2 || atf_fail "$(ls rec)"
	replay 0 --print "$held"
	has replay.out 'the session ends: quit'
}

replay_case folder "a folder that is not there: told at the start, mail goes on"
folder_body()
{

	conf_begin "manager.record_directory = \"$PWD/rec\""
	conf_child a
	child a
	manager
	ntimes mm.log "manager.record_directory: $PWD/rec: No such file" 1
	has mm.log 'sessions will not be recorded'
	for i in 1 2 3; do
		check_mta --expect=pass
	done
	# Once more by the first session, not by each.
	ntimes mm.log 'sessions are not recorded while that is so' 1
	ntimes mm.log "$PWD/rec: No such file" 2
	# A file is no folder.
	echo text > rec
	reload
	has mm.log "manager.record_directory: $PWD/rec: Not a directory"
	check_mta --expect=pass
	ntimes mm.log 'sessions are not recorded while that is so' 2
	# Recording begins as soon as it can.
	rm rec
	mkdir rec
	check_mta --expect=pass
	wait_for recorded
	# A relative path is an error of the configuration.
	echo 'manager.record_directory = "rec"' >> mm.conf
	atf_check -s exit:78 -e match:'record_directory: found "rec", expected an absolute path' \
	    "$MM_PROGRAM" -n -f mm.conf
	stop_manager
}

replay_case permission "a folder without permission is told, too" \
    require.user=unprivileged
permission_body()
{

	recorder
	conf_child a
	child a
	chmod 500 rec
	manager
	has mm.log "manager.record_directory: $PWD/rec: Permission denied"
	check_mta --expect=pass
	check_mta --expect=pass
	ntimes mm.log 'sessions are not recorded while that is so' 1
	stop_manager
	has_records 0 || atf_fail "$(ls rec)"
	chmod 700 rec
}

replay_case full "a full disk ends the recording, not the mail"
full_body()
{

	recorder 'manager.record_max_size = 8m' \
	    'manager.body_memory_limit = 8m'
	conf_child a; conf_child b
	child a; child b
	big_mail
	# The log is a pipe: the limit is one of files.
	mkfifo log
	cat log > mm.log &
	echo $! >> pids
	(
		trap '' XFSZ
		ulimit -f 200
		exec "$MM_PROGRAM" -d -f mm.conf 2> log
	) &
	echo $! >> pids
	echo $! > mm.pid
	wait_for grep -q 'listening on' mm.log
	for i in 1 2 3; do
		check_mta -m big.eml --expect=pass
	done
	ntimes b.out 'end-of-message' 3
	wait_for grep -q 'record_directory: .*: File too large; sessions' mm.log
	# What would fill the disk is gone.
	has_records 0 || atf_fail "$(ls -l rec)"
	# Small ones fit.
	check_mta --expect=pass
	wait_for recorded
	ntimes mm.log 'sessions are not recorded while that is so' 1
	stop_manager
}

replay_case reload "a session keeps what it began with"
reload_body()
{

	mkdir rec
	conf_begin
	conf_child a
	child a
	manager
	held_mta off
	wait_for grep -q 'stage=mail verdict=continue' mm.log
	echo "manager.record_directory = \"$PWD/rec\"" >> mm.conf
	reload
	end_mta off
	has_records 0 || atf_fail 'recorded although it began without'
	held_mta on
	wait_for has_records 1
	sed '$d' mm.conf > new && mv new mm.conf
	reload
	check_mta
	end_mta on
	stop_manager
	has_records 1 || atf_fail "$(ls rec)"
	replay 0 --print "$(record)"
	has replay.out 'SMFIC_RCPT'
	has replay.out 'the session ends: quit'
}

replay_case concurrent "sessions side by side, each in its own whole file"
concurrent_body()
{

	recorder
	conf_child a; conf_child b
	child a --edit='add-header X-A: a'; child b -q
	umask 0
	manager
	check_mta --sessions=60 --concurrency=20 --expect=pass
	stop_manager
	has_records 60 || atf_fail "$(records) files"
	find rec -type f ! -perm 600 | grep . && atf_fail 'not private'
	manager
	: > sessions
	for f in rec/*; do
		"$MM_PROGRAM" replay --print "$f" > replay.out || atf_fail "$f"
		head -n 1 replay.out | sed 's/,.*//' >> sessions
		[ "$(grep -c 'SMFIR_ADDHEADER <X-A> <a>' replay.out)" -eq 2 ] ||
		    atf_fail "$f"
		has replay.out 'the session ends: quit'
	done
	[ "$(sort -u sessions | wc -l)" -eq 60 ] || atf_fail "$(cat sessions)"
	replay 0 "$(record 60)"
}

replay_case nobody "a connection without a word leaves no file"
nobody_body()
{

	recorder
	conf_child a
	child a
	manager
	atf_check -o ignore -e ignore -s ignore "$MM_PROGRAM" test-server \
	    -s unix:mm.sock --negotiate-version=0 --raw=
	check_mta
	stop_manager
	has_records 1 || atf_fail "$(ls rec)"
	lacks mm.log '1 record='
}

replay_case print "who said what, when, as text"
print_body()
{

	recorder
	conf_child a; conf_child b
	child a --edit='replace-body one\x00two\x1b[31m'
	# b is not there.
	manager
	check_mta --header 'Subject: s' --body "$(awk 'BEGIN {
	    while (n++ < 40) printf "0123456789" }')" --expect=pass
	wait_for recorded
	replay 0 --print "$(record)"
	cp replay.out all
	head -n 1 all | grep -q \
	    '^session 1, begun 20.*Z, MTA unix:.*, at unix:mm\.sock$' ||
	    atf_fail "$(head -n 1 all)"
	has all 'child 1: a, unix:a.sock'
	has all 'child 2: b, unix:b.sock'
	has all '  b: cannot connect to unix:b.sock: No such file or directory'
	has all '  mta -> manager: SMFIC_HELO <delian>'
	has all '  manager -> a: SMFIC_HELO <delian>'
	has all '  a -> manager: SMFIR_REPLBODY 12 <one\x00two\x1b[31m>'
	has all '  manager -> mta: SMFIR_REPLBODY 12 <one\x00two\x1b[31m>'
	has all '  mta -> manager: SMFIC_BODY 400 <0123456789'
	has all '0123456789012345...'
	lacks all '0123456789012345>'
	# One who has seen enough is no fault.
	"$MM_PROGRAM" replay -l "$(record)" 2> pipe.err | true
	atf_check -o empty cat pipe.err
	replay 0 -l --body "$(record)"
	has replay.out '0123456789>'
	lacks replay.out '...'
	replay 0 --print --child a "$(record)"
	lacks replay.out '  b'
	lacks replay.out 'mta ->'
	has replay.out 'the session ends: quit'
	# Times grow.
	sed -n 's/^ *\([0-9]*\.[0-9]*\)  .*/\1/p' all > when
	sort -n when | cmp - when || atf_fail 'out of order'
	[ "$(grep -c . when)" -gt 30 ] || atf_fail "$(cat when)"
	stop_manager
}

replay_case killed "what a killed manager has left can be read and played"
killed_body()
{

	recorder
	conf_child a
	child a
	manager
	held_mta one
	wait_for has_records 1
	kill -KILL "$(cat mm.pid)"
	wait "$(cat mm.pid)"
	echo go > one
	replay 0 --print "$(record)"
	has replay.out 'mta -> manager: SMFIC_MAIL'
	has replay.err 'not finished'
	cp "$(record)" it
	manager
	replay 0 it
	has replay.err 'not finished'
	# The last command may lack its answer: it is not played.
	has replay.out '3 answers as recorded, 0 different'
	stop_manager
}

replay_case silent "no answer then: none today is the same, one is not"
silent_body()
{

	recorder
	conf_child a 'reading_timeout=1' 'fallback_status="temporary-failure"'
	child a --on=mail=none
	manager
	check_mta --expect=temporary-failure
	wait_for recorded
	replay 0 --print "$(record)"
	has replay.out '  a: no reply within 1000 ms'
	replay 0 --child=a --timeout=1 "$(record)"
	has replay.out ', 0 different'
	kill_child a
	child a --on=mail=close
	replay 0 --child=a --timeout=1 "$(record)"
	kill_child a
	child a
	replay 1 --child=a "$(record)"
	has replay.out 'message 1 mail <sender@example.com>: expected nothing (no reply within 1000 ms), found SMFIR_CONTINUE'
	# The other way round.
	check_mta --expect=pass
	wait_for recorded 2
	cp "$(record 2)" it
	for how in 'none:no reply within 500 ms' \
	    'close:the connection was closed' \
	    'garbage:no milter frame: .*'; do
		kill_child a
		child a --on="rcpt=${how%%:*}"
		replay 1 --child=a --timeout=500ms it
		grep -q "message 1 rcpt <receiver@example.org>: expected SMFIR_CONTINUE, found nothing (${how#*:})\$" \
		    replay.out || grep -q 'found 0x' replay.out ||
		    atf_fail "$(cat replay.out)"
		has replay.out ', 1 different'
	done
	stop_manager
}

replay_case malformed "the frame that ended a session is in the record"
malformed_body()
{

	recorder
	conf_child a
	child a --on=rcpt='garbage:00000003796162'
	manager
	# HELO without its NUL, and a reply code that is none.
	mta --raw=00000003486162
	mta
	stop_manager
	has_records 2 || atf_fail "$(ls rec)"
	replay 0 --print "$(record 1)"
	has replay.out 'mta -> manager: SMFIC_HELO <ab'
	has replay.out 'the session ends: bad frame'
	replay 0 --print "$(record 2)"
	has replay.out 'a -> manager: SMFIR_REPLYCODE <ab'
	has replay.out '  a: malformed SMFIR_REPLYCODE'
	cp "$(record 1)" one
	cp "$(record 2)" two
	manager
	replay 0 one
	has replay.out '2 answers as recorded, 0 different'
	replay 0 two
	replay 0 two --child=a
	stop_manager
}

replay_case options "another negotiation is one difference"
options_body()
{

	recorder
	conf_child a
	child a --edit='add-header X-A: a'
	manager
	check_mta --expect=pass --mta=postfix --header 'Subject: s' --messages=2
	wait_for recorded
	cp "$(record)" it
	# No headers, no reply to the body and to DATA.
	kill_child a
	child a --protocol=90420 --edit='add-header X-A: a'
	for side in '' --child=a; do
		replay 1 it $side
		has replay.out 'negotiate: expected SMFIC_OPTNEG version=6'
		has replay.out ', 1 different'
		lacks replay.out message
		lacks replay.out 'left out'
	done
	atf_check -o empty cat a.err
	# And from there back again.
	check_mta --expect=pass --messages=2
	kill_child a
	child a --edit='add-header X-A: a'
	for f in rec/*; do :; done
	replay 1 "$f" --child=a
	has replay.out ', 1 different'
	atf_check -o empty cat a.err
	stop_manager
}

replay_case quit_nc "a session that begins anew behind QUIT_NC"
quit_nc_body()
{

	recorder
	conf_child a; conf_child b
	child a --edit='add-header X-A: a'; child b --on=body=skip
	manager
	check_mta --messages=3 --quit-nc --chunk-size=20 --expect=pass
	wait_for recorded
	replay 0 "$(record)"
	replay 0 "$(record)" --child=a
	replay 0 "$(record)" --child=b
	has replay.out ', 0 different'
	# SKIP today although not then, and the other way round.
	kill_child b
	child b
	replay 1 "$(record)" --child=b
	has replay.out 'message 1 body: expected SMFIR_SKIP, found SMFIR_CONTINUE'
	has replay.out ', 3 different'
	kill_child a
	child a --on=body=skip --edit='add-header X-A: a'
	replay 1 "$(record)" --child=a
	has replay.out 'message 3 body: expected SMFIR_CONTINUE, found SMFIR_SKIP'
	has replay.out ', 3 different'
	atf_check -o empty cat a.err
	stop_manager
}

replay_case random "whatever children and MTAs do, the files are good ones"
random_body()
{

	mkdir rec
	"$(atf_get_srcdir)/h_random" conf 7 > mm.conf
	{
		echo "manager.spool_directory = \"$PWD\""
		echo "manager.record_directory = \"$PWD/rec\""
		echo 'manager.record_max_files = 50'
		echo 'manager.record_max_size = 20k'
	} >> mm.conf
	manager
	"$(atf_get_srcdir)/h_random" run 7 0 80 chaos > random.out \
	    2> random.err || atf_fail "$(tail -n 100 random.err)"
	stop_manager
	has_records 50 || atf_fail "$(records) files"
	find rec -type f -size +20480c | grep . && atf_fail 'too large'
	for f in rec/*; do
		replay 0 --print --body "$f"
		lacks replay.err 'not finished'
		grep -q -e 'the session ends' -e 'cut here' replay.out ||
		    atf_fail "$f has no end"
	done
}

replay_case bad_file "what is no record, and what cannot be reached"
bad_file_body()
{

	recorder
	conf_child a
	child a
	manager
	check_mta
	wait_for recorded
	f=$(record)
	r="$MM_PROGRAM replay"
	atf_check -s exit:66 -e match:'nothing.here: No such file' $r nothing.here
	atf_check -s exit:66 -e match:'Is a directory' $r rec
	: > it
	atf_check -s exit:65 -e match:'it: not a session recorded by' $r it
	echo 'From alice' > it
	atf_check -s exit:65 -e match:'it: not a session recorded by' $r --print it
	echo 'milter-manager record 2' > it
	atf_check -s exit:65 -e match:'it: recorded by another version' $r it
	echo 'milter-manager record 1' > it
	atf_check -s exit:65 -e match:'it: no session in it' $r it
	head -c 60 "$f" > it
	atf_check -s exit:65 -e match:'it: no session in it' $r it
	# A damaged one is shown up to there, and not played.
	size=$(wc -c < "$f")
	{ head -c $((size - 20)) "$f"; echo '========================'; } > it
	replay 65 --print it
	has replay.out 'mta -> manager: SMFIC_OPTNEG'
	has replay.err 'it: damaged at byte '
	{ cat "$f"; echo; } > it
	replay 65 it
	has replay.err 'bytes behind the end'
	atf_check -o empty cat replay.out
	# Nobody there.
	atf_check -s exit:69 -e match:'cannot connect to unix:gone.sock' \
	    $r "$f" --to unix:gone.sock
	stop_manager
	atf_check -s exit:69 -e match:'cannot connect to unix:mm.sock' $r "$f"
	# Wrong options.
	atf_check -s exit:64 -e match:'a recorded session is needed' $r
	atf_check -s exit:64 -e match:'one file at a time' $r "$f" "$f"
	atf_check -s exit:64 -e match:'no child of that name' $r "$f" --child=c
	atf_check -s exit:64 -e match:'--to.*a port is needed|a port is needed' \
	    $r "$f" --to=inet:0@127.0.0.1
	atf_check -s exit:64 -e match:'nonsense' $r "$f" --to=nonsense
	atf_check -s exit:64 -e match:'timeout' $r "$f" --timeout=soon
	atf_check -s exit:64 -e match:'timeout' $r "$f" --timeout=0
	atf_check -s exit:64 -e match:'plays nothing' $r "$f" --print --to=/x
	atf_check -s exit:64 -e match:'goes with --print' $r "$f" --body
}

replay_case port "a port that the system has chosen is in the record"
port_body()
{

	mkdir rec
	conf_begin "manager.record_directory = \"$PWD/rec\"" \
	    'manager.connection_spec = "inet:0@[127.0.0.1]"'
	conf_child a
	child a
	manager
	spec=$(sed -n 's/.*listening on \([^ ]*\) .*/\1/p' mm.log)
	atf_check -o ignore "$MM_PROGRAM" test-server -s "$spec"
	wait_for recorded
	replay 0 "$(record)"
	has replay.err "to $spec, as the record says"
	stop_manager
}

atf_init_test_cases()
{

	for tc in equal other rcpt large cut number running folder permission \
	    full reload concurrent nobody print killed silent malformed \
	    options quit_nc random bad_file port; do
		atf_add_test_case $tc
	done
}
