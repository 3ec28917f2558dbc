#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_start.sh - the start as an ordinary user: who it may become, the folder and
# the file of the process number, service managers, and what it is short of.

. "$(atf_get_srcdir)/h_session.sh"

# start_case NAME DESCRIPTION: of the case's head.
start_case()
{

	atf_test_case "$1" cleanup
	eval "${1}_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		atf_set require.user unprivileged
	}
	${1}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# The daemon in the background: mm.conf, mm.log; its number in mm.pid.
start_background()
{

	"$MM_PROGRAM" -f mm.conf -s "unix:$PWD/mm.sock" --daemon \
	    --pid-file="$PWD/mm.pid" --log-path="$PWD/mm.log" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} ||
	    atf_fail "it did not start: $?"
	cat mm.pid >> pids
}

end_background()
{

	kill -TERM "$(cat mm.pid)"
	wait_for test ! -e mm.sock
}

# refused STATUS TEXT OPTION...: in the background and in the foreground, with
# one line on standard error.
refused()
{

	r_status=$1
	r_text=$2
	shift 2
	for r_how in -d --daemon; do
		atf_check -s exit:"$r_status" -o empty -e save:refused.err \
		    "$MM_PROGRAM" -f mm.conf -s "unix:$PWD/mm.sock" $r_how "$@"
		[ "$(wc -l < refused.err)" -eq 1 ] || {
			cat refused.err >&2
			atf_fail "not one line on standard error: $*"
		}
		has refused.err "$r_text"
		test ! -e mm.sock || atf_fail "a socket is left: $*"
	done
}

# --- who ---------------------------------------------------------------------

start_case who "an ordinary user cannot become another one, and is told"
who_body()
{

	conf_begin
	refused 77 "security.effective_user: only root can become 'root'" \
	    -u root
	refused 77 "security.effective_user: only root can become '0'" \
	    --user-id=0 -g 0
	refused 67 "there is no user 'no-such-user'" --user=no-such-user
	refused 67 "there is no group 'no-such-group'" -g no-such-group
	refused 78 'the string is empty' -u ''
	refused 67 "there is no user '2147483648'" -u 2147483648
	refused 67 "there is no user '-1'" --user=-1
	# Nobody knows what its group is.
	refused 67 "expected security.effective_group, too" -u 2111222333
	refused 77 "security.effective_group: only root can change to '0'" \
	    --group-id=0
	echo 'security.chroot = "/"' >> mm.conf
	refused 77 'security.chroot: only root can do that'
	atf_check -s exit:67 -e match:"there is no user 'x y'" \
	    "$MM_PROGRAM" -f mm.conf -n -u 'x y'
	# Whoever checks it need not be who runs it.
	atf_check -e match:'the configuration is good' \
	    "$MM_PROGRAM" -f mm.conf -n -u root -g 0
}

start_case same_user "the user that it is already is no change"
same_user_body()
{

	conf_begin
	for o in "--user=$(id -un)" "-u $(id -u)" "--user-name=$(id -un)" \
	    "--user=$(id -un) --group=$(id -g)" "-g $(id -g)"; do
		# shellcheck disable=SC2086
		manager $o
		check_mta
		stop_manager
		ntimes mm.log 'runs as root' 0
	done
}

# --- the folder --------------------------------------------------------------

start_case folder "the last folder of a socket or a number is made again"
folder_body()
{

	conf_begin 'manager.connection_spec = "unix:run/mm.sock"' \
	    'manager.pid_file = "number/mm.pid"'
	umask 077
	manager
	for f in run number; do
		atf_check -o match:'^drwxr-xr-x' ls -ld $f
		has mm.log "the folder of $f/mm"
	done
	stop_manager
	# What is there is left as it is, and not spoken of.
	chmod 700 run
	manager
	ntimes mm.log 'the folder of' 0
	atf_check -o match:'^drwx------' ls -ld run
	stop_manager
	# No more than one.
	sed 's,unix:run,unix:a/b,' mm.conf > new
	mv new mm.conf
	atf_check -s exit:69 -e match:'No such file or directory' \
	    "$MM_PROGRAM" -d -f mm.conf
	test ! -e a || atf_fail 'it was made'
	# And not where a link leads.
	ln -s elsewhere a
	sed 's,unix:a/b,unix:a,' mm.conf > new
	mv new mm.conf
	atf_check -s exit:69 -e match:'No such file or directory' \
	    "$MM_PROGRAM" -d -f mm.conf
	test ! -e elsewhere || atf_fail 'it was made through a link'
}

# --- the file with the number ------------------------------------------------

start_case number "the file has the daemon's number before the command returns"
number_body()
{

	conf_begin
	start_background
	pid=$(cat mm.pid)
	kill -0 "$pid"
	atf_check -o match:'^[0-9]*$' cat mm.pid
	# It is the one that has the socket: it ends, and all with it.
	kill -HUP "$pid"
	wait_for grep -q 'configuration reloaded' mm.log
	atf_check -s exit:75 -e match:"process $pid runs already" \
	    "$MM_PROGRAM" -f mm.conf --daemon -s "unix:$PWD/2.sock" \
	    --pid-file="$PWD/mm.pid"
	test ! -e 2.sock || atf_fail 'a socket is left'
	atf_check -o inline:"$pid\n" cat mm.pid
	end_background
	wait_for test ! -e mm.pid
}

# is_over PID: the process has ended, whether or not somebody has asked how.
is_over()
{

	case $(ps -o stat= -p "$1") in
	'' | Z*) ;;
	*) return 1 ;;
	esac
}

start_case number_stale "a number that nobody has locked is taken over"
number_stale_body()
{

	conf_begin
	for old in 1 "$$" 99999999 'no number' ''; do
		printf '%s' "$old" > mm.pid
		start_background
		kill -0 "$(cat mm.pid)" || atf_fail "$(cat mm.pid)"
		end_background
		wait_for test ! -e mm.pid
	done
	# Killed, it leaves the number.
	start_background
	kill -KILL "$(cat mm.pid)"
	wait_for is_over "$(cat mm.pid)"
	start_background
	end_background
}

start_case number_link "nothing is written through a link, or into a device"
number_link_body()
{

	conf_begin
	echo precious > other
	echo precious > two
	ln -s other symbolic
	ln -s nowhere dangling
	ln two hard
	mkfifo fifo
	mkdir folder
	for f in symbolic dangling hard fifo; do
		refused 73 'no regular file with one name; it is left alone' \
		    --pid-file="$PWD/$f"
	done
	refused 73 'Is a directory' --pid-file="$PWD/folder"
	atf_check -o inline:'precious\nprecious\nprecious\n' \
	    cat other two hard
	test ! -e nowhere || atf_fail 'it was made through a link'
}

start_case number_kept "where the file cannot be removed, it is emptied"
number_kept_body()
{

	conf_begin
	mkdir closed
	: > closed/number
	chmod 555 closed
	manager --pid-file=closed/number
	atf_check -o inline:"$(cat mm.pid)\n" cat closed/number
	stop_manager
	chmod 755 closed
	test -e closed/number || atf_fail 'it was removed'
	test ! -s closed/number || atf_fail 'the number is left'
}

# --- supervised --------------------------------------------------------------

start_case foreground "under a supervisor it stays, and ends with TERM"
foreground_body()
{

	conf_begin 'manager.daemon = true'
	"$MM_PROGRAM" -f mm.conf --no-daemon > out 2> err < /dev/null &
	echo $! >> pids
	echo $! > mm.pid
	wait_for grep -q 'listening on' out
	check_mta
	stop_manager
	test ! -s err || atf_fail "$(cat err)"
	has out 'ended'
}

# listen NAME: a service manager's socket; what comes is in notify.out.
listen()
{

	"$(atf_get_srcdir)/h_notify" "$1" > notify.out &
	echo $! >> pids
	wait_for grep -q bound notify.out
}

# noted N TEXT: it has come so often.
noted()
{

	test "$(grep -cx -- "$2" notify.out)" -ge "$1"
}

start_case notify "a service manager is told all that happens to it"
notify_body()
{

	conf_begin
	listen "$PWD/notify.sock"
	NOTIFY_SOCKET="$PWD/notify.sock"
	export NOTIFY_SOCKET
	manager
	wait_for noted 1 'READY=1'
	ntimes notify.out MAINPID 0
	kill -HUP "$(cat mm.pid)"
	wait_for noted 1 'RELOADING=1'
	wait_for noted 2 'READY=1'
	# The time stands with the word, as it has to.
	grep -A 1 -x 'RELOADING=1' notify.out > pair
	grep -qx 'MONOTONIC_USEC=[0-9]*' pair || atf_fail "$(cat notify.out)"
	# One that fails is over, too.
	cp mm.conf good.conf
	echo fault >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for noted 2 'RELOADING=1'
	wait_for noted 3 'READY=1'
	ntimes notify.out 'STOPPING' 0
	stop_manager
	wait_for noted 1 'STOPPING=1'
	ntimes notify.out 'WATCHDOG' 0
}

start_case notify_background "from the background, it says who it is"
notify_background_body()
{

	conf_begin
	listen "$PWD/notify.sock"
	NOTIFY_SOCKET="$PWD/notify.sock" WATCHDOG_USEC=20000 WATCHDOG_PID='' \
	    start_background
	wait_for noted 1 'READY=1'
	wait_for noted 1 "MAINPID=$(cat mm.pid)"
	end_background
}

start_case notify_abstract "the socket may have an abstract name"
notify_abstract_body()
{

	[ "$(uname)" = Linux ] || atf_skip 'there are none'
	conf_begin
	name=@milter-manager-test.$$
	listen "$name"
	NOTIFY_SOCKET=$name
	export NOTIFY_SOCKET
	manager
	wait_for noted 1 'READY=1'
	stop_manager
	wait_for noted 1 'STOPPING=1'
}

start_case notify_watchdog "it pings as often as it is asked to"
notify_watchdog_body()
{

	conf_begin
	listen "$PWD/notify.sock"
	NOTIFY_SOCKET="$PWD/notify.sock"
	WATCHDOG_USEC=40000
	export NOTIFY_SOCKET WATCHDOG_USEC
	manager
	wait_for noted 3 'WATCHDOG=1'
	stop_manager
	wait_for noted 1 'STOPPING=1'
	# Asked of another process, or not at all.
	for ask in "40000 1" "0 " "x " "-1 " "99999999999999999999999 "; do
		WATCHDOG_USEC=${ask% *}
		WATCHDOG_PID=${ask#* }
		[ -n "$WATCHDOG_PID" ] || unset WATCHDOG_PID
		[ -z "${WATCHDOG_PID:-}" ] || export WATCHDOG_PID
		pings=$(grep -c WATCHDOG notify.out)
		ready=$(grep -c READY notify.out)
		manager
		wait_for noted $((ready + 1)) 'READY=1'
		kill -HUP "$(cat mm.pid)"
		wait_for noted $((ready + 2)) 'READY=1'
		check_mta
		stop_manager
		wait_for noted $((ready + 2)) 'READY=1'
		ntimes notify.out WATCHDOG "$pings"
		unset WATCHDOG_PID
	done
}

start_case notify_nobody "a service manager that is not there is no failure"
notify_nobody_body()
{

	conf_begin
	long=$(printf '%0200d' 0)
	for name in "$PWD/none" relative "@" / "/$long" "@$long"; do
		NOTIFY_SOCKET=$name
		export NOTIFY_SOCKET
		manager
		ntimes mm.log 'NOTIFY_SOCKET: ' 1
		check_mta
		stop_manager
	done
	# It goes away, and its socket stays.
	listen "$PWD/notify.sock"
	NOTIFY_SOCKET="$PWD/notify.sock"
	export NOTIFY_SOCKET
	manager
	wait_for noted 1 'READY=1'
	kill "$(tail -n 2 pids | head -n 1)"
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	check_mta
	stop_manager
}

start_case notify_environment "what it runs knows of no service manager"
notify_environment_body()
{

	cat > program <<-END
	#!/bin/sh
	env > "$PWD/environment"
	echo root@example.com
	END
	chmod 755 program
	conf_begin "table.t = \"exec:$PWD/program\"" \
	    'condition.c.stop_on_envelope_from = sender in table.t'
	conf_child a 'applicable_conditions=["c"]'
	child a
	listen "$PWD/notify.sock"
	NOTIFY_SOCKET="$PWD/notify.sock" WATCHDOG_USEC=1000000 KNOWN=1 manager
	check_mta
	wait_for grep -q KNOWN environment
	ntimes environment NOTIFY_SOCKET 0
	ntimes environment WATCHDOG 0
	stop_manager
}

# --- what it is short of -----------------------------------------------------

start_case descriptors "too few descriptors for max_connections are told once"
descriptors_body()
{

	conf_begin 'manager.max_connections = 20' \
	    'manager.max_file_descriptors = 104'
	conf_child a
	conf_child b
	conf_child c enabled=false
	manager
	ntimes mm.log 'manager.max_connections: 20 sessions need 124 open' 1
	has mm.log 'files, 5 each, and 104 may be open: 16 sessions at once'
	stop_manager
	sed 's/= 104/= 124/' mm.conf > new
	mv new mm.conf
	manager
	ntimes mm.log 'sessions need' 0
	# After a reload, too.
	sed 's/= 20/= 21/' mm.conf > new
	mv new mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	ntimes mm.log 'manager.max_connections: 21 sessions need 129' 1
	stop_manager
	# Without a limit of sessions there is nothing to compare with.
	sed 's/= 21/= 0/' mm.conf > new
	mv new mm.conf
	manager
	ntimes mm.log 'sessions need' 0
	stop_manager
}

atf_init_test_cases()
{

	for tc in who same_user folder number number_stale number_link \
	    number_kept foreground notify notify_background notify_abstract \
	    notify_watchdog notify_nobody notify_environment descriptors; do
		atf_add_test_case "$tc"
	done
}
