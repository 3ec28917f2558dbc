#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_life.sh - what is done to the daemon while it runs: reload, stop, log files,
# and a new process that takes over; none of it loses a session.

. "$(atf_get_srcdir)/h_session.sh"

life_case()
{

	atf_test_case "$1" cleanup
	lc_name=$1
	lc_head="atf_set descr \"$2\"; atf_set timeout 120;"
	shift 2
	for lc_set in "$@"; do
		lc_head="$lc_head atf_set ${lc_set%%=*} \"${lc_set#*=}\";"
	done
	eval "${lc_name}_head() { $lc_head }"
	eval "${lc_name}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		[ ! -s mm.number ] || cat mm.number >> pids
		stop_all
	}"
}

# count N TEXT: mm.log has it so often, sooner or later.
count()
{

	[ "$(grep -cF -e "$2" mm.log)" -ge "$1" ]
}

n_reloads=0
n_stays=0

reload()
{

	n_reloads=$((n_reloads + 1))
	kill -HUP "$(cat mm.pid)"
	wait_for count $n_reloads 'configuration reloaded'
}

# stays TEXT: a reload that fails, with that reason.
stays()
{

	n_stays=$((n_stays + 1))
	kill -HUP "$(cat mm.pid)"
	wait_for count $n_stays 'the configuration in force stays'
	has mm.log "$1"
}

# hold NAME STEP...: an MTA in the middle of a session, which goes on when
# NAME.go is there.  Needs h_mta.
hold()
{

	h_name=$1
	shift
	"$(atf_get_srcdir)/h_mta" mm.sock "$@" > "$h_name.out" 2>&1 &
	echo $! > "$h_name.pid"
	echo $! >> pids
}

held()
{

	echo > "$1.go"
	wait "$(cat "$1.pid")" || {
		cat "$1.out" >&2
		tail -n 30 mm.log >&2
		atf_fail "the session $1 has failed"
	}
}

# The same for one that is told to come again later, and no more than that.
held_later()
{

	wait "$(cat "$1.pid")"
	has "$1.out" '< t'
	lacks "$1.out" expected
}

n_opened()
{

	[ "$(grep -c 'session opened' mm.log)" -ge "$1" ]
}

# --- reload ------------------------------------------------------------------

life_case move "a reload moves the socket, and the sessions at the old one go on"
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
	cat > more <<-END
	log.level = "all"
	log.path = "$PWD/mm.log"
	manager.pid_file = "$PWD/mm.number"
	END
	cat good.conf more > mm.conf
	"$MM_PROGRAM" -f mm.conf &
	echo $! > mm.pid
	echo $! >> pids
	wait_for test -s mm.number
	echo 'log.path = "/nowhere/there/log"' >> mm.conf
	stays 'log.path: /nowhere/there/log: No such file'
	{
		cat good.conf more | sed 's/unix:mm\.sock/unix:two.sock/'
		echo 'manager.pid_file = "/nowhere/there/pid"'
	} > mm.conf
	stays 'manager.pid_file: /nowhere/there/pid: No such file'
	test ! -e two.sock || atf_fail 'the new socket is left'
	check_mta --expect=pass
	# What can be had is had, and the old ones go.
	{
		cat good.conf more
		echo "manager.pid_file = \"$PWD/two.number\""
	} > mm.conf
	reload
	test ! -e mm.number || atf_fail 'the old number is left'
	atf_check_equal "$(cat mm.pid)" "$(cat two.number)"
	{
		cat good.conf more
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

# It waits for a reply: it sleeps in poll or read.
waiting()
{

	case $(ps -o stat= -p "$1") in
	S*) return 0 ;;
	esac
	return 1
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

# --- a new process -----------------------------------------------------------

# The daemon by a name of its own, so that its program can be another one.
# mm.number has its number; what OPTION says is said to each that follows.
start_own()
{

	[ -e own/milter-manager ] || {
		mkdir own
		cp "$(command -v "$MM_PROGRAM")" own/milter-manager
	}
	: > mm.log
	own/milter-manager -d -f mm.conf --pid-file="$PWD/mm.number" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} "$@" \
	    2>> mm.log &
	echo $! > mm.pid
	echo $! >> pids
	wait_for grep -q 'listening on' mm.log
	wait_for test -s mm.number
}

number_is_not()
{

	[ -s mm.number ] && [ "$(cat mm.number)" != "$1" ]
}

# Another process serves then; its number is in mm.number.
upgrade()
{

	u_old=$(cat mm.number)
	kill -USR2 "$u_old"
	wait_for number_is_not "$u_old"
	cat mm.number >> pids
}

gone()
{

	case $(ps -o stat= -p "$1" 2> /dev/null) in
	''|Z*)	return 0 ;;
	esac
	return 1
}

life_case upgrade "a new process takes over; the old one's sessions go on"
upgrade_body()
{

	conf_begin
	conf_child a
	child a
	start_own
	first=$(cat mm.number)
	inode=$(ls -i mm.sock)
	hold s1 C=c H=c M=c wait:s1.go R=c N=c E=c
	wait_for n_opened 1
	# What is installed under the name is what runs then.
	cp own/milter-manager own/new
	mv own/new own/milter-manager
	upgrade
	second=$(cat mm.number)
	hold s2 C=c H=c M=c wait:s2.go R=c N=c E=c
	wait_for n_opened 2
	upgrade
	check_mta --expect=pass
	kill -0 "$first" || atf_fail 'the first one has not waited'
	kill -0 "$second" || atf_fail 'the second one has not waited'
	held s1
	wait "$first" || atf_fail "exit status $?"
	held s2
	wait_for gone "$second"
	atf_check_equal "$inode" "$(ls -i mm.sock)"
	check_mta --expect=pass
	test -s mm.number || atf_fail 'the number is gone'
	kill -TERM "$(cat mm.number)"
	wait_for test ! -e mm.number
	wait_for test ! -e mm.sock
	lacks mm.log 'fallback='
}

life_case upgrade_stop "TERM ends an old process that waits for its sessions"
upgrade_stop_body()
{

	conf_begin
	conf_child a reading_timeout=60s
	child a --on=mail=none
	start_own
	first=$(cat mm.number)
	hold s C=c H=c M=t
	wait_for n_opened 1
	upgrade
	# Neither does it know another configuration, nor another successor.
	kill -HUP "$first"
	wait_for grep -q 'stays: the manager is ending' mm.log
	kill -TERM "$first"
	wait_for grep -q 'ending, 1 sessions to go' mm.log
	kill -TERM "$first"
	held_later s
	wait "$first" || atf_fail "exit status $?"
	test -S mm.sock || atf_fail 'the socket is gone'
	kill -TERM "$(cat mm.number)"
	wait_for test ! -e mm.sock
}

life_case upgrade_moved "the new process has another socket, and no one is lost"
upgrade_moved_body()
{

	conf_begin
	conf_child a
	child a
	start_own
	hold s1 C=c H=c M=c wait:s1.go R=c N=c E=c
	wait_for n_opened 1
	sed -i.bak 's/mm\.sock/two.sock/' mm.conf
	upgrade
	wait_for test ! -e mm.sock
	check_mta -s unix:two.sock --expect=pass
	held s1
	kill -TERM "$(cat mm.number)"
	wait_for test ! -e two.sock
}

life_case upgrade_broken "a new program that fails is told, the old one serves on"
upgrade_broken_body()
{

	conf_begin
	conf_child a
	child a
	start_own
	first=$(cat mm.number)
	cp own/milter-manager own/good
	fault()
	{
		kill -USR2 "$first"
		wait_for grep -q "upgrade: .*$1.*this process goes on" mm.log
		check_mta --expect=pass
		atf_check_equal "$first" "$(cat mm.number)"
	}
	printf '#! /bin/sh\nexit 3\n' > own/new
	chmod 755 own/new
	mv own/new own/milter-manager
	fault 'ended with status 3'
	echo 'no program' > own/milter-manager
	chmod 644 own/milter-manager
	fault 'milter-manager: Permission denied'
	rm own/milter-manager
	fault 'milter-manager: No such file'
	# One that talks nonsense, and much of it.
	printf '#! /bin/sh\nhead -c 100000 /dev/zero >&4\nexit 0\n' > own/new
	chmod 755 own/new
	mv own/new own/milter-manager
	fault '.x00'
	printf '#! /bin/sh\necho ready 0x1 99 >&4\nexit 0\n' > own/new
	chmod 755 own/new
	mv own/new own/milter-manager
	fault 'ready 0x1 99'
	# A configuration that is none.
	cp own/good own/milter-manager
	cp mm.conf good.conf
	echo 'manager.deamon = 1' >> mm.conf
	fault 'manager.deamon: unknown key'
	cp good.conf mm.conf
	sed -i.bak 's,mm\.sock,/nowhere/there/x.sock,' mm.conf
	fault 'nowhere'
	cp good.conf mm.conf
	upgrade
	wait "$first" || atf_fail "exit status $?"
	check_mta --expect=pass
	kill -TERM "$(cat mm.number)"
	wait_for test ! -e mm.sock
}

life_case upgrade_hangs "one that is not ready in 30 seconds is killed"
upgrade_hangs_body()
{

	conf_begin
	start_own
	printf '#! /bin/sh\necho $$ > hangs\nexec sleep 100\n' > own/new
	chmod 755 own/new
	mv own/new own/milter-manager
	kill -USR2 "$(cat mm.pid)"
	wait_for test -s hangs
	cat hangs >> pids
	# Meanwhile neither a reload nor another upgrade.
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'stays: an upgrade is under way' mm.log
	kill -USR2 "$(cat mm.pid)"
	check_mta
	wait_for gone_long
	wait_for gone "$(cat hangs)"
	check_mta
	# The end does not wait for one.
	rm hangs
	kill -USR2 "$(cat mm.pid)"
	wait_for test -s hangs
	cat hangs >> pids
	stop_manager
	wait_for gone "$(cat hangs)"
}

gone_long()
{

	grep -q 'not ready within 30 seconds' mm.log || {
		sleep 0.1
		return 1
	}
}

life_case upgrade_background "in the background, too: one number, one process"
upgrade_background_body()
{

	conf_begin
	sed -i.bak "s,unix:mm,unix:$PWD/mm," mm.conf
	mkdir own
	cp "$(command -v "$MM_PROGRAM")" own/milter-manager
	own/milter-manager -f mm.conf --daemon --log-path="$PWD/mm.log" \
	    --pid-file="$PWD/mm.number" || atf_fail 'it did not start'
	first=$(cat mm.number)
	echo "$first" >> pids
	check_mta
	upgrade
	wait_for gone "$first"
	check_mta
	upgrade
	check_mta
	# The file may be another one then.
	last=$(cat mm.number)
	echo 'manager.daemon = false' >> mm.conf
	echo 'nonsense' >> mm.conf
	kill -USR2 "$last"
	wait_for grep -q 'this process goes on' mm.log
	check_mta
	kill -TERM "$last"
	wait_for test ! -e mm.number
	wait_for gone "$last"
	test ! -e mm.sock || atf_fail 'the socket is left'
}

life_case upgrade_commands "commands go on, and end with the last daemon"
upgrade_commands_body()
{

	cat > start <<-END
	#! /bin/sh
	cd "$PWD" || exit 1
	echo \$\$ >> started
	exec "$PWD/own/milter-manager" test-client -s "unix:$PWD/a.sock"
	END
	chmod +x start
	conf_begin 'security.privilege_mode = true'
	conf_child a "connection_spec=\"unix:$PWD/a.sock\"" \
	    "command=\"$PWD/start\"" 'fallback_status="temporary-failure"'
	start_own
	check_mta --expect=pass
	wait_for test -s started
	cat started >> pids
	first=$(cat mm.number)
	upgrade
	wait "$first" || atf_fail "exit status $?"
	check_mta --expect=pass
	second=$(cat mm.number)
	upgrade
	wait_for gone "$second"
	check_mta --expect=pass
	ntimes started '' 1
	kill -TERM "$(cat mm.number)"
	wait_for gone "$(cat started)"
	lacks mm.log 'fallback='
}

# --- socket activation -------------------------------------------------------

life_case activation "LISTEN_FDS: a socket that is handed over is used, no other"
activation_body()
{

	port=$("$(atf_get_srcdir)/h_port" free 1)
	conf_begin
	"$(atf_get_srcdir)/h_activate" unix:mm.sock "inet:$port@[127.0.0.1]" \
	    -- "$MM_PROGRAM" -d -f mm.conf 2> mm.log &
	echo $! > mm.pid
	echo $! >> pids
	wait_for grep -q 'listening on' mm.log
	has mm.log "inet:$port@[127.0.0.1] is a socket that the"
	check_mta
	inode=$(ls -i mm.sock)
	mta -s "inet:$port@[127.0.0.1]" && atf_fail 'the other one is open'
	# The path is the service manager's.
	echo 'manager.unix_socket_mode = 0600' >> mm.conf
	mode=$(ls -l mm.sock)
	reload
	atf_check_equal "$mode" "$(ls -l mm.sock)"
	# Also for the process after this one.
	kill -USR2 "$(cat mm.pid)"
	wait_for grep -q 'has taken over' mm.log
	wait "$(cat mm.pid)" || atf_fail "exit status $?"
	sed -n 's/.*process \([0-9]*\) has taken.*/\1/p' mm.log > mm.pid
	cat mm.pid >> pids
	check_mta
	kill -TERM "$(cat mm.pid)"
	wait_for gone "$(cat mm.pid)"
	atf_check_equal "$inode" "$(ls -i mm.sock)"
	# Numbers for another process, or that are none.
	rm mm.sock
	for l in 1:1 "x:2" "99999999999:1" "$$:-1"; do
		LISTEN_PID=${l%%:*} LISTEN_FDS=${l##*:} manager
		check_mta
		stop_manager
	done
	# Such as are none are not taken for sockets.
	LISTEN_FDS=2 "$(atf_get_srcdir)/h_activate" -- "$MM_PROGRAM" -d \
	    -f mm.conf 2> mm.log &
	echo $! > mm.pid
	echo $! >> pids
	wait_for grep -q 'listening on' mm.log
	check_mta
	stop_manager
}

atf_init_test_cases()
{

	atf_add_test_case upgrade_hangs
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
	atf_add_test_case upgrade
	atf_add_test_case upgrade_stop
	atf_add_test_case upgrade_moved
	atf_add_test_case upgrade_broken
	atf_add_test_case upgrade_background
	atf_add_test_case upgrade_commands
	atf_add_test_case activation
}
