#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_worker.sh - sessions in several processes: their births, deaths and ends.

. "$(atf_get_srcdir)/h_session.sh"

worker_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 280; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# begin N LINE...: a configuration with N workers and the child a.
begin()
{

	b_n=$1
	shift
	conf_begin "manager.n_workers = $b_n" "$@"
	conf_child a reading_timeout=1h end_of_message_timeout=1h
}

# Process numbers of those that accept, by the log.
accepting()
{

	sed -n 's/.*worker \([0-9]*\) accepts$/\1/p' mm.log | sort > acc
	sed -n 's/.*worker \([0-9]*\) has ended .*/\1/p
	    s/.*worker \([0-9]*\): .* accepts no more, .*/\1/p' mm.log |
	    sort -u > out
	comm -23 acc out
}

n_accept()
{

	[ "$(accepting | wc -l)" -eq "$1" ]
}

# hold NAME OPTION...: an MTA in the background; NAME.out, NAME.pid.
hold()
{

	h_name=$1
	shift
	"$MM_PROGRAM" test-server -s unix:mm.sock --all-timeouts=120 "$@" \
	    > "$h_name.out" 2>&1 &
	echo $! >> pids
	echo $! > "$h_name.pid"
}

# at_least FILE TEXT N
at_least()
{

	[ "$(grep -cF -e "$2" "$1")" -ge "$3" ]
}

gone()
{

	! kill -0 "$1" 2> /dev/null
}

# reload N: the Nth one is in force, and those before it accept no more.
reload()
{

	kill -HUP "$(cat mm.pid)"
	wait_for at_least mm.log 'configuration reloaded' "$1"
	wait_for at_least mm.log 'end with their last session' "$1"
}

# The same with any back end: sessions go to each worker.
spread()
{

	begin 3
	child a -q
	manager "$@"
	wait_for n_accept 3
	accepting > all
	while read -r one; do
		while read -r other; do
			[ "$other" = "$one" ] || kill -STOP "$other"
		done < all
		check_mta --sessions=7 --concurrency=3 --expect=pass
		while read -r other; do
			kill -CONT "$other"
		done < all
	done < all
	check_mta --sessions=40 --concurrency=10 --expect=pass
	stop_manager
	while read -r one; do
		n=$(sed -n "s/.*worker $one has ended (exit status 0) after \
\([0-9]*\) sessions, 0 were cut\$/\1/p" mm.log)
		[ "${n:-0}" -ge 7 ] || atf_fail "worker $one had ${n:-none}"
	done < all
	ntimes mm.log '[session][end][end-of-message][pass]' 61
	# No number is two sessions'.
	sed -n 's/.*\[session\]\[end\].*(\([0-9]*\))$/\1/p' mm.log | sort |
	    uniq -d > twice
	[ ! -s twice ] || atf_fail 'numbers of sessions are not unique'
	test ! -e mm.sock || atf_fail 'the socket is left'
}

worker_case sessions "each worker has sessions, each session one verdict"
sessions_body()
{

	spread
}

worker_case backends "workers run with each back end"
backends_body()
{

	"$MM_PROGRAM" -n -f /dev/null --event-loop-backend=wheel 2> names
	sed -n 's/.*expected//p' names | tr -d '",' | tr ' ' '\n' |
	    sed '/^or$/d; /^auto$/d; /^$/d' > list
	test -s list || atf_fail 'no names'
	while read -r name; do
		spread --event-loop-backend="$name"
		has mm.log "($name)"
		kill "$(cat a.pid)"
		wait "$(cat a.pid)"
		rm -f a.sock
	done < list
}

worker_case number "a wrong number is told"
number_body()
{

	begin 1001
	atf_check -s exit:78 -e match:'n_workers: found 1001, expected' \
	    "$MM_PROGRAM" -n -f mm.conf
	begin 1
	atf_check -s exit:78 -e match:'n_workers: found x' \
	    "$MM_PROGRAM" -n -f mm.conf --n-workers=x
	child a
	manager --n-workers=2
	wait_for n_accept 2
	check_mta --expect=pass
	stop_manager
}

worker_case killed "the death of one under load is no one else's"
killed_body()
{

	begin 3
	child a -q --on=eom=delay:20
	manager
	wait_for n_accept 3
	mta --sessions=300 --concurrency=12 > /dev/null &
	p=$!
	for i in 1 2 3; do
		wait_for at_least mm.log '[session][end][end-of-message][pass]' \
		    $((i * 40))
		accepting > all
		kill -KILL "$(sed -n "${i}p" all)"
		wait_for at_least mm.log '(signal 9)' $i
		wait_for n_accept 3
	done
	wait $p
	# Those of the dead ones aside, each has one verdict.
	cut=$(sed -n 's/.* \([0-9]*\) were cut.*/\1/p' mm.log |
	    awk '{ n += $1 } END { print n + 0 }')
	passed=$(sed -n 's/^status: pass: //p' mta.out)
	echo "cut $cut passed $passed"
	[ $((${passed:-0} + cut)) -ge 300 ] ||
	    atf_fail "only $passed passed, $cut were cut"
	check_mta --sessions=50 --concurrency=10 --expect=pass
	stop_manager
}

worker_case limits_after "what a dead one had counted is taken back"
limits_after_body()
{

	begin 2 'manager.max_connections = 4' \
	    'manager.suspend_time_on_unacceptable = 100ms'
	child a --on=connect=none
	manager
	wait_for n_accept 2
	for round in 1 2 3; do
		for i in 1 2 3 4; do
			hold m$i
		done
		wait_for at_least mm.log 'session opened' $((round * 4))
		accepting > all
		while read -r one; do
			kill -KILL "$one"
		done < all
		wait_for at_least mm.log '(signal 9)' $((round * 2))
		wait_for n_accept 2
	done
	ntimes mm.log 'session opened' 12
	kill -TERM "$(cat mm.pid)"
	stop_manager
}

worker_case young "one that dies at once comes back after a growing pause"
young_body()
{

	begin 1
	child a
	manager
	for ms in 100 200 400 800 1600; do
		wait_for n_accept 1
		kill -KILL "$(accepting)"
		wait_for grep -q "(signal 9) .*; the next one in $ms ms" mm.log
	done
	wait_for n_accept 1
	check_mta --expect=pass
	stop_manager
}

worker_case term "a worker that is told to end by its own number is followed"
term_body()
{

	begin 2
	child a --on=eom=delay:500
	manager
	wait_for n_accept 2
	accepting > all
	hold one
	wait_for grep -q 'end-of-message\|^body' a.out
	while read -r one; do
		kill -TERM "$one"
	done < all
	wait_for at_least mm.log 'accepts no more' 2
	wait "$(cat one.pid)" || atf_fail 'the session was cut'
	wait_for at_least mm.log '(exit status 0)' 2
	wait_for n_accept 2
	check_mta --expect=pass
	stop_manager
}

worker_case reload_load "reloads under load reset no session"
reload_load_body()
{

	begin 3
	child a -q --on=eom=delay:20
	manager
	wait_for n_accept 3
	mta --sessions=1000 --concurrency=16 --expect=pass > /dev/null &
	p=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do
		case $i in
		3) begin 5 ;;
		6) begin 1 ;;
		8) begin 4 ;;
		esac
		reload $i
	done
	wait $p || {
		cat mta.out mta.err >&2
		atf_fail 'a session was not served'
	}
	has mta.out 'status: pass: 1000'
	n_accept 4 || atf_fail "$(accepting | wc -l) accept"
	echo 'nonsense' >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration in force stays' mm.log
	n_accept 4 || atf_fail "$(accepting | wc -l) accept"
	stop_manager
	lacks mm.log 'signal 9'
	lacks mm.log 'signal 11'
	ntimes mm.log '[session][end][end-of-message][pass]' 1000
}

worker_case reload_old "a session goes on as it began, new ones are of the new file"
reload_old_body()
{

	begin 2
	child a --on=eom=delay:1500
	manager
	wait_for n_accept 2
	hold one
	wait_for grep -q 'end-of-message\|^body' a.out
	conf_begin 'manager.n_workers = 2'
	conf_child b
	child b
	reload 1
	check_mta --expect=pass
	has b.out 'end-of-message'
	wait "$(cat one.pid)" || atf_fail 'the session was cut'
	has one.out 'status: pass'
	ntimes a.out 'end-of-message' 1
	ntimes b.out 'end-of-message' 1
	wait_for at_least mm.log '(exit status 0)' 2
	# To and from none is for the next start.
	sed 's/n_workers = 2/n_workers = 0/' mm.conf > new
	mv new mm.conf
	reload 2
	has mm.log 'manager.n_workers has changed: this takes effect at the next start'
	wait_for n_accept 2
	check_mta --expect=pass
	stop_manager
}

worker_case moved "a socket that moves is served on both sides of the reload"
moved_body()
{

	begin 2
	child a --on=eom=delay:1000
	manager
	wait_for n_accept 2
	hold one
	wait_for grep -q 'end-of-message\|^body' a.out
	sed 's/mm.sock/new.sock/' mm.conf > new
	mv new mm.conf
	reload 1
	test ! -e mm.sock || atf_fail 'the old socket is left'
	wait "$(cat one.pid)" || atf_fail 'the session was cut'
	"$MM_PROGRAM" test-server -s unix:new.sock --expect=pass ||
	    atf_fail 'the new socket is not served'
	stop_manager
	test ! -e new.sock || atf_fail 'the new socket is left'
}

worker_case stop "the end waits for the sessions of all workers"
stop_body()
{

	begin 3
	child a --on=eom=delay:1000
	manager
	wait_for n_accept 3
	accepting > all
	for i in 1 2 3 4 5 6; do
		hold m$i --expect=pass
	done
	wait_for at_least a.out end-of-message 6
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'ending, 6 sessions to go' mm.log
	test ! -e mm.sock || atf_fail 'the socket is still there'
	for i in 1 2 3 4 5 6; do
		wait "$(cat m$i.pid)" || atf_fail "session $i was cut"
	done
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
	while read -r one; do
		gone "$one" || atf_fail "worker $one is left"
	done < all
}

worker_case timeout "after shutdown_timeout the sessions of workers are ended"
timeout_body()
{

	begin 2 'manager.shutdown_timeout = 100ms'
	child a --on=mail=none
	manager
	wait_for n_accept 2
	hold one
	wait_for grep -q 'envelope-from:' a.out
	stop_manager
	has mm.log '1 sessions are ended before their time'
	wait "$(cat one.pid)"
	has one.out 'status: temporary-failure'
}

worker_case twice "a second signal ends the workers at once"
twice_body()
{

	begin 2 'manager.shutdown_timeout = 1h'
	child a --on=mail=none
	manager
	wait_for n_accept 2
	hold one
	wait_for grep -q 'envelope-from:' a.out
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'ending, 1 sessions to go' mm.log
	kill -INT "$(cat mm.pid)"
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
	wait "$(cat one.pid)"
	has one.out 'status: temporary-failure'
	lacks mm.log 'it is killed'
}

worker_case hangs "one that does not end is killed"
hangs_body()
{

	begin 2 'manager.shutdown_timeout = 100ms'
	child a
	manager
	wait_for n_accept 2
	accepting > all
	kill -STOP "$(sed -n 1p all)"
	stop_manager
	has mm.log "worker $(sed -n 1p all) does not end: it is killed"
	gone "$(sed -n 1p all)" || atf_fail 'it is left'
}

worker_case orphans "workers of a daemon that was killed end with their sessions"
orphans_body()
{

	begin 3
	child a --on=eom=delay:1000
	manager
	wait_for n_accept 3
	accepting > all
	for i in 1 2 3 4; do
		hold m$i --expect=pass
	done
	wait_for at_least a.out end-of-message 4
	kill -KILL "$(cat mm.pid)"
	wait "$(cat mm.pid)"
	for i in 1 2 3 4; do
		wait "$(cat m$i.pid)" || atf_fail "session $i was cut"
	done
	while read -r one; do
		wait_for gone "$one"
	done < all
	ntimes mm.log 'the daemon is gone' 3
	# What it has left does not keep the next one from its place.
	manager
	wait_for n_accept 3
	check_mta --expect=pass
	stop_manager
}

worker_case reopen "workers, too, open the log anew"
reopen_body()
{

	begin 2 "log.path = \"$PWD/file\""
	child a -q
	"$MM_PROGRAM" -f mm.conf --no-daemon ${MM_TEST_BACKEND:+\
--event-loop-backend="$MM_TEST_BACKEND"} > mm.err 2>&1 &
	echo $! >> pids
	echo $! > mm.pid
	wait_for at_least file accepts 2
	mv file old
	kill -USR1 "$(cat mm.pid)"
	wait_for test -e file
	check_mta --sessions=20 --concurrency=10 --expect=pass
	wait_for at_least file '[session][end]' 1
	n=$(cat old file | grep -c '\[session\]\[end\]')
	[ "$n" -eq 20 ] || atf_fail "$n lines"
	kill -TERM "$(cat mm.pid)"
	wait "$(cat mm.pid)" || atf_fail "exit status $?"
	has file ended
}

atf_init_test_cases()
{

	for tc in sessions backends number killed limits_after young term \
	    reload_load reload_old moved stop timeout twice hangs orphans \
	    reopen; do
		atf_add_test_case $tc
	done
}
