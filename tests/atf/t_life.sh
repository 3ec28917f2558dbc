#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_life.sh - what is done to the daemon while it runs: reload, stop, log files;
# none of it loses a session.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_life.sh"

# --- reload ------------------------------------------------------------------

life_case move "a reload moves the socket; sessions at the old one go on"
move_body()
{

	port=$("$(atf_get_srcdir)/h_port" free 1)
	conf_begin
	conf_child a
	child a
	manager
	cp mm.conf one.conf
	sed 's/unix:mm\.sock/unix:two.sock/' one.conf > two.conf
	sed "s/unix:mm\.sock/inet:$port@[127.0.0.1]/" one.conf > three.conf
	hold s C=c H=c M=c wait:s.go R=c N=c E=c
	wait_for n_opened 1
	cp two.conf mm.conf
	reload
	has mm.log 'listening on unix:two.sock'
	test ! -e mm.sock || atf_fail 'the old path is left'
	check_mta -s unix:two.sock --expect=pass
	cp three.conf mm.conf
	reload
	test ! -e two.sock || atf_fail 'the second path is left'
	check_mta -s "inet:$port@[127.0.0.1]" --expect=pass
	held s
	cp one.conf mm.conf
	reload
	check_mta --expect=pass
	mta -s "inet:$port@[127.0.0.1]" && atf_fail 'the port is still open'
	# The same place in other words is the same socket.
	inode=$(ls -i mm.sock)
	sed 's/unix:mm\.sock/local:mm.sock/' one.conf > mm.conf
	reload
	atf_check_equal "$inode" "$(ls -i mm.sock)"
	check_mta --expect=pass
	stop_manager
}

life_case access "a reload sets mode and group of a path that stays" \
    require.user=root
access_body()
{

	conf_begin 'manager.unix_socket_mode = 0600'
	manager
	inode=$(ls -i mm.sock)
	cp mm.conf one.conf
	echo 'manager.unix_socket_mode = 0666' >> mm.conf
	echo 'manager.unix_socket_group = "daemon"' >> mm.conf
	reload
	ls -l mm.sock > ls.out
	has ls.out 'srw-rw-rw-'
	has ls.out ' daemon '
	echo 'manager.unix_socket_group = "no-such-group"' >> mm.conf
	reload
	has mm.log "there is no group 'no-such-group'"
	cp one.conf mm.conf
	reload
	atf_check -o match:'^srw-------' ls -l mm.sock
	atf_check_equal "$inode" "$(ls -i mm.sock)"
	# A path that is another one's by now is left alone.
	mv mm.sock away.sock
	echo text > mm.sock
	chmod 600 mm.sock
	echo 'manager.unix_socket_mode = 0666' >> mm.conf
	reload
	atf_check -o match:'^-rw-------' ls -l mm.sock
	rm mm.sock
	stop_manager
}

life_case fails "a reload that cannot be had leaves all as it was"
fails_body()
{

	conf_begin
	conf_child a
	child a
	"$MM_PROGRAM" -f mm.conf --log-path="$PWD/mm.log" \
	    --pid-file="$PWD/mm.number" &
	echo $! > mm.pid
	echo $! >> pids
	wait_for test -s mm.number
	sed '/log\.level/d' mm.conf > good.conf
	# Each with another log level, which must not be taken.
	{
		cat good.conf
		echo 'log.level = "none"'
	} > quiet.conf
	inode=$(ls -i mm.sock)
	{
		cat quiet.conf
		echo 'manager.deamon = 1'
	} > mm.conf
	stays 'manager.deamon'
	sed 's,unix:mm\.sock,unix:/nowhere/there/mm.sock,' quiet.conf > mm.conf
	stays 'unix:/nowhere/there/mm.sock'
	: > file
	sed 's,unix:mm\.sock,unix:file,' quiet.conf > mm.conf
	stays 'is no socket'
	atf_check_equal "$inode" "$(ls -i mm.sock)"
	check_mta --expect=pass
	has mm.log '[session][end]'
	stop_manager
	test ! -e mm.number || atf_fail 'the number is left'

	# The log and the number's file, which the command line does not say.
	: > mm.log
	n_reloads=0
	n_stays=0
	cat > added <<-END
	log.level = "all"
	log.path = "$PWD/mm.log"
	manager.pid_file = "$PWD/mm.number"
	END
	cat good.conf added > mm.conf
	"$MM_PROGRAM" -f mm.conf &
	echo $! > mm.pid
	echo $! >> pids
	wait_for test -s mm.number
	echo 'log.path = "/nowhere/there/log"' >> mm.conf
	stays 'log.path: /nowhere/there/log: No such file'
	{
		cat good.conf added | sed 's/unix:mm\.sock/unix:two.sock/'
		echo 'manager.pid_file = "/nowhere/there/pid"'
	} > mm.conf
	stays 'manager.pid_file: /nowhere/there/pid: No such file'
	test ! -e two.sock || atf_fail 'the new socket is left'
	check_mta --expect=pass
	# What can be had is had, and the old ones go.
	{
		cat good.conf added
		echo "manager.pid_file = \"$PWD/two.number\""
	} > mm.conf
	reload
	test ! -e mm.number || atf_fail 'the old number is left'
	atf_check_equal "$(cat mm.pid)" "$(cat two.number)"
	{
		cat good.conf added
		echo 'manager.pid_file = nil'
	} > mm.conf
	reload
	test ! -e two.number || atf_fail 'the second number is left'
	stop_manager
}

life_case fixed "what only a start can change is told, a line for each key"
fixed_body()
{

	conf_begin
	manager --event-loop-backend=poll
	echo 'manager.daemon = true' >> mm.conf
	reload
	ntimes mm.log 'manager.daemon has changed' 1
	reload
	ntimes mm.log 'takes effect at the next start' 1
	stop_manager
}

life_case backlog "what waits at a socket that goes is served, even if late"
backlog_body()
{

	conf_begin 'manager.max_connections = 1'
	conf_child a
	child a
	manager
	hold one C=c H=c M=c wait:one.go R=c N=c E=c
	wait_for grep -q 'accepting is suspended' mm.log
	hold two C=c H=c M=c wait:two.go R=c N=c E=c
	sed 's/mm\.sock/two.sock/' mm.conf > new.conf
	# Its connection is made when it has written its offer.
	wait_for waiting "$(cat two.pid)"
	cp new.conf mm.conf
	reload
	# A third socket would leave the first one behind.
	sed 's/mm\.sock/three.sock/' mm.conf > new.conf
	sed 's/two\.sock/three.sock/' new.conf > mm.conf
	stays 'connections still wait'
	sed 's/three\.sock/two.sock/' new.conf > mm.conf
	held one
	held two
	check_mta -s unix:two.sock --expect=pass
	stop_manager
}

# --- stop --------------------------------------------------------------------

life_case stop "TERM lets the sessions end, at whatever stage they are"
stop_body()
{

	conf_begin
	conf_child a
	child a
	manager
	hold s1 wait:s1.go C=c H=c M=c R=c N=c E=c
	hold s2 C=c wait:s2.go H=c M=c R=c N=c E=c
	hold s3 C=c H=c M=c wait:s3.go R=c N=c E=c
	hold s4 C=c H=c M=c R=c wait:s4.go N=c E=c
	hold s5 C=c H=c M=c R=c L=c N=c wait:s5.go B=c E=c
	hold s6 C=c H=c M=c R=c N=c E=c wait:s6.go M=c R=c N=c E=c
	wait_for n_opened 6
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'ending, 6 sessions to go' mm.log
	test ! -e mm.sock || atf_fail 'it still listens'
	for s in s1 s2 s3 s4 s5 s6; do
		held $s
	done
	wait "$(cat mm.pid)" || atf_fail "exit status $?"
	ntimes mm.log 'verdict=continue' "$(grep -c 'verdict=continue' mm.log)"
	lacks mm.log 'before their time'
}

life_case stop_backlog "what waits to be accepted is served before the end"
stop_backlog_body()
{

	conf_begin 'manager.max_connections = 1'
	conf_child a
	child a
	manager
	hold s0 C=c H=c M=c wait:s0.go R=c N=c E=c
	wait_for grep -q 'accepting is suspended' mm.log
	for s in s1 s2 s3; do
		hold $s C=c H=c M=c R=c N=c E=c
	done
	for s in s1 s2 s3; do
		wait_for waiting "$(cat $s.pid)"
	done
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'ending, 1 sessions to go' mm.log
	for s in s0 s1 s2 s3; do
		held $s
	done
	wait "$(cat mm.pid)" || atf_fail "exit status $?"
	ntimes mm.log 'session opened' 4
}

life_case stop_deadline "after shutdown_timeout those that wait go, too"
stop_deadline_body()
{

	conf_begin 'manager.max_connections = 1' \
	    'manager.shutdown_timeout = 300ms'
	conf_child a reading_timeout=60s
	child a --on=mail=none
	manager
	hold s0 C=c H=c M=t
	wait_for grep -q 'accepting is suspended' mm.log
	hold s1 C=c
	wait_for waiting "$(cat s1.pid)"
	kill -TERM "$(cat mm.pid)"
	held_later s0
	wait "$(cat s1.pid)" && atf_fail 'the second one was served'
	wait "$(cat mm.pid)" || atf_fail "exit status $?"
	has mm.log '1 sessions are ended before their time'
}

life_case stop_twice "a second TERM ends at once, connections that wait too"
stop_twice_body()
{

	conf_begin 'manager.max_connections = 1'
	conf_child a reading_timeout=60s
	child a --on=mail=none
	manager
	hold s0 C=c H=c M=t
	wait_for grep -q 'accepting is suspended' mm.log
	hold s1 C=c
	wait_for waiting "$(cat s1.pid)"
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'sessions to go' mm.log
	kill -TERM "$(cat mm.pid)"
	held_later s0
	wait "$(cat s1.pid)" && atf_fail 'the second one was served'
	wait "$(cat mm.pid)" || atf_fail "exit status $?"
}

# --- log ---------------------------------------------------------------------

life_case log_folder "USR1 and HUP go on where the log's folder is gone"
log_folder_body()
{

	conf_begin
	mkdir logs
	"$MM_PROGRAM" -f mm.conf --log-path="$PWD/logs/log" &
	echo $! > mm.pid
	echo $! >> pids
	wait_for grep -q 'listening on' logs/log
	mv logs old
	ln -s old/log mm.log
	kill -USR1 "$(cat mm.pid)"
	wait_for grep -q 'cannot be opened again' old/log
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' old/log
	check_mta
	wait_for grep -q 'session closed' old/log
	mkdir logs
	kill -USR1 "$(cat mm.pid)"
	wait_for test -e logs/log
	check_mta
	wait_for grep -q 'session closed' logs/log
	stop_manager
	ntimes old/log 'session closed' 1
}

atf_init_test_cases()
{

	atf_add_test_case move
	atf_add_test_case access
	atf_add_test_case fails
	atf_add_test_case fixed
	atf_add_test_case backlog
	atf_add_test_case stop
	atf_add_test_case stop_backlog
	atf_add_test_case stop_deadline
	atf_add_test_case stop_twice
	atf_add_test_case log_folder
}
