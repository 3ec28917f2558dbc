#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_upgrade.sh - a new process takes over the sockets of the old one, or those
# of a service manager.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_life.sh"

# --- a new process -----------------------------------------------------------

# The daemon by a name of its own, so that its program can be another one.
# mm.number has its number.
start_own()
{

	[ -e own/milter-manager ] || {
		mkdir own
		cp "$(command -v "$MM_PROGRAM")" own/milter-manager
	}
	: > mm.log
	own/milter-manager -d -f mm.conf --pid-file="$PWD/mm.number" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} \
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

life_case upgrade_broken "a new program that fails is told, the old one goes on"
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

life_case activation "LISTEN_FDS: a socket that fits is used, and no other"
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
	: > mm.log
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
	atf_add_test_case upgrade
	atf_add_test_case upgrade_stop
	atf_add_test_case upgrade_moved
	atf_add_test_case upgrade_broken
	atf_add_test_case upgrade_background
	atf_add_test_case upgrade_commands
	atf_add_test_case activation
}
