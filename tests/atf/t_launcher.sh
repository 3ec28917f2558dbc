#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_launcher.sh - children that are started when they cannot be reached, tables'
# programs, and the process that runs them.

. "$(atf_get_srcdir)/h_session.sh"

# launcher_case NAME DESCRIPTION [VARIABLE=VALUE ...]: of the case's head.
launcher_case()
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
		stop_all
		[ ! -f started ] || while read -r pid; do
			kill -KILL \"\$pid\" 2>/dev/null || :
		done < started
	}"
}

# command [LINE...]: ./start, which becomes the child a; its number is in
# started.  The lines come before.
command()
{

	{
		echo '#! /bin/sh'
		echo "cd '$PWD' || exit 1"
		echo "echo \$\$ >> started"
		for co_line in "$@"; do
			echo "$co_line"
		done
		echo "exec '$(command_path)' test-client -s unix:$PWD/a.sock" \
		    --unix-socket-mode=0666
	} > start
	chmod +x start
	: > started
	chmod 666 started
}

command_path()
{

	case $MM_PROGRAM in
	*/*)	echo "$(cd "$(dirname "$MM_PROGRAM")" && pwd)/$(basename \
		    "$MM_PROGRAM")" ;;
	*)	which "$MM_PROGRAM" ;;
	esac
}

# conf_start [LINE...]: the child a is started with ./start.
conf_start()
{

	conf_begin 'security.privilege_mode = true' "$@"
	conf_child a "connection_spec=\"unix:$PWD/a.sock\"" \
	    "command=\"$PWD/start\"" 'fallback_status="temporary-failure"'
}

# The process of the launcher of the daemon mm.pid.
launcher_pid()
{

	ps -A -o pid= -o ppid= -o comm= | awk -v of="$(cat mm.pid)" \
	    '$2 == of && $3 == "milter-launcher" { print $1 }'
}

gone()
{

	case $(ps -o stat= -p "$1" 2>/dev/null) in
	''|Z*)	return 0 ;;
	esac
	return 1
}

launcher_case once "eight sessions have a child started once, and all get it" \
    require.progs=ps
once_body()
{

	command 'echo to standard output' 'echo to standard error >&2' \
	    'sleep 0.5'
	conf_start
	manager
	ones=
	for i in 1 2 3 4 5 6 7 8; do
		"$MM_PROGRAM" test-server -s unix:mm.sock > one.$i 2>&1 &
		ones="$ones $!"
	done
	for one in $ones; do
		wait "$one" || atf_fail "$(cat one.*)"
	done
	has mm.log "child=a started by the launcher ($PWD/start, process"
	ntimes started '' 1
	ntimes mm.log 'child=a is there' 1
	has mm.log 'child=a: to standard output'
	has mm.log 'child=a: to standard error'
	lacks mm.log 'fallback='
	# It goes away, and comes back.
	kill -TERM "$(cat started)"
	wait_for grep -q 'child=a: its command has ended' mm.log
	rm -f a.sock
	wait_for again 2
	ntimes mm.log 'child=a is there' 2
	# It ends with the daemon.
	pid=$(tail -n 1 started)
	stop_manager
	wait_for gone "$pid"
}

at_least()
{

	[ "$(wc -l < "$1")" -ge "$2" ]
}

launcher_case fails "a command that ends at once lets sessions go, and is \
left alone for a while"
fails_body()
{

	command 'echo it is broken >&2' 'exit 3'
	conf_start
	manager
	mta > /dev/null
	has mm.log 'No such file or directory; its command has ended, exit status 3'
	has mm.log 'child=a: it is broken'
	has mm.log 'exit status 3; it is not started again for 1000 ms'
	mta > /dev/null
	has mm.log 'its command has ended at once, and is left alone for'
	ntimes started '' 1
	wait_for again 2
	has mm.log 'exit status 3; it is not started again for 2000 ms'
	stop_manager
	# One that is not there, and one of a user who is not.
	rm start
	conf_start
	manager
	mta > /dev/null
	has mm.log "; $PWD/start: No such file or directory"
	stop_manager
	conf_start
	echo 'milter.a.user_name = "no such user"' >> mm.conf
	manager
	mta > /dev/null
	has mm.log '; user_name: there is no user no such user'
	stop_manager
}

launcher_case unable "that it cannot become the user is told" \
    require.user=root require.progs=setpriv
unable_body()
{

	command
	conf_start
	echo 'milter.a.user_name = "nobody"' >> mm.conf
	printf '#!/bin/sh\nexec setpriv --bounding-set=-setgid "%s" "$@"\n' \
	    "$(command_path)" > limited
	chmod +x limited
	MM_PROGRAM=$PWD/limited manager
	mta > /dev/null
	has mm.log "; $PWD/start: Operation not permitted"
	lacks mm.log 'started by the launcher'
	stop_manager
}

# again N: after one more message, it has been started so often.
again()
{

	mta > /dev/null
	at_least started "$1"
}

launcher_case off "without security.privilege_mode no child is started"
off_body()
{

	command
	conf_start
	sed 's/privilege_mode = true/privilege_mode = false/' mm.conf > new
	mv new mm.conf
	manager
	mta > /dev/null
	has mm.log 'cannot connect to'
	stop_manager
	lacks mm.log 'launcher'
	[ ! -s started ] || atf_fail 'it was started'
}

launcher_case background "a command that goes to the background lives on"
background_body()
{

	command
	cat > daemonise <<-EOT
		#! /bin/sh
		'$PWD/start' </dev/null >/dev/null 2>&1 &
	EOT
	chmod +x daemonise
	conf_start
	echo "milter.a.command = \"$PWD/daemonise\"" >> mm.conf
	manager
	check_mta
	check_mta
	has mm.log 'child=a: its command has ended, exit status 0'
	ntimes started '' 1
	stop_manager
	kill -0 "$(cat started)" || atf_fail 'it has gone'
}

launcher_case reload "a reload gives it the new command" require.progs=ps
reload_body()
{

	command
	conf_start
	echo "milter.a.command = \"$PWD/nothing\"" >> mm.conf
	manager
	mta > /dev/null
	has mm.log "$PWD/nothing: No such file or directory"
	# What comes before it moves its number.
	conf_start
	{
		echo 'milter.b.connection_spec = "unix:b.sock"'
		echo 'milter.b.enabled = false'
		grep '^milter.a' mm.conf
	} > rest
	{
		grep -v '^milter.a' mm.conf
		cat rest
	} > new
	mv new mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	check_mta
	has mm.log "child=a started by the launcher ($PWD/start"
	stop_manager
}

launcher_case stubborn "what does not end with the daemon is killed" \
    require.progs=ps
stubborn_body()
{

	command 'trap "" TERM' "(trap '' TERM; echo \$\$; exec sleep 1000) &"
	conf_start 'timer.a.interval = 1s' \
	    "timer.a.command = [\"/bin/sh\", \"-c\",
		\"trap '' TERM; echo \$\$ >> $PWD/started; sleep 1000\"]"
	manager
	wait_for at_least started 1
	pid=$(cat started)
	stop_manager
	has mm.log 'commands that have not ended in 5000 ms are killed'
	wait_for gone "$pid"
}

launcher_case killed "the launcher and its commands go with a daemon that is \
killed" require.progs=ps
killed_body()
{

	command
	conf_start
	manager
	check_mta
	pid=$(launcher_pid)
	[ -n "$pid" ] || atf_fail 'there is none'
	kill -KILL "$(cat mm.pid)"
	wait_for gone "$pid"
	wait_for gone "$(cat started)"
}

launcher_case lost "without the launcher mail goes on, and one line says so" \
    require.progs=ps
lost_body()
{

	command
	conf_start 'table.t = "exec:echo a b"' 'manager.table_interval = 100ms' \
	    'condition.T.stop_on_connect = host in table.t'
	echo 'milter.a.applicable_conditions = ["T"]' >> mm.conf
	echo 'milter.a.fallback_status = "accept"' >> mm.conf
	child b
	conf_child b
	manager
	pid=$(launcher_pid)
	kill -KILL "$pid"
	wait_for grep -q 'the launcher is lost (it has ended)' mm.log
	mta > /dev/null
	has b.out 'helo:'
	has mm.log 'child=a stage=negotiate fallback=accept'
	wait_for grep -q 'table=t: the launcher is lost' mm.log
	ntimes mm.log 'no command can be started' 1
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	stop_manager
	has mm.log 'ended'
	ntimes mm.log 'no command can be started' 1
}

launcher_case signals "signals to all of the daemon's processes leave the \
launcher to the end" require.progs=ps
signals_body()
{

	command
	conf_start
	manager
	pid=$(launcher_pid)
	for s in HUP INT TERM USR1; do
		kill -$s "$pid"
	done
	check_mta
	has mm.log 'child=a started by the launcher'
	stop_manager
	wait_for gone "$pid"
}

launcher_case tables "a table's program is run by the launcher, is bounded \
in time, and goes with its asker" require.progs=ps
tables_body()
{

	conf_begin "table.t = \"exec:echo \$\$ > $PWD/started; echo root; echo no >&2\"" \
	    "table.u = \"exec:echo \$\$ > $PWD/slow; sleep 1000\"" \
	    "table.v = \"exec:echo sad >&2; exit 5\"" \
	    'condition.T.stop_on_helo = helo in table.t'
	child a
	conf_child a 'applicable_conditions=["T"]'
	manager
	wait_for grep -q 'table=t: 1 entr' mm.log
	wait_for grep -q 'table=v: exit status 5: sad' mm.log
	has mm.log 'table=t: /bin/sh runs as process'
	check_mta --helo-fqdn=root
	lacks a.out 'helo:'
	lacks mm.log 'table=t: no'
	wait_for test -s slow
	kill -KILL "$(cat mm.pid)"
	wait_for gone "$(cat slow)"
}

launcher_case bounded "a command that prints without end does not fill the log"
bounded_body()
{

	command 'i=0; while [ $i -lt 1000 ]; do i=$((i + 1)); echo "line $i"
		done' "printf 'a\\\\033b%0900d\\\\n' 7 >&2"
	conf_start
	manager
	check_mta
	stop_manager
	[ "$(grep -c 'child=a: line' mm.log)" -le 100 ] || atf_fail 'all of it'
	has mm.log 'lines of its output are not logged'
	if grep -q "$(printf '\033')" mm.log; then
		atf_fail 'as it was written'
	fi
}

launcher_case rights "root's launcher starts a child as its user, and tables' \
programs as the manager's, with nothing of its own" require.user=root \
    require.progs=ps
rights_body()
{

	[ -r /proc/self/status ] || atf_skip 'this system has no /proc as on Linux'
	chmod 777 .
	command "umask > '$PWD/a.umask'" 'umask 000' "env > '$PWD/a.env'" \
	    "ls -l /proc/\$\$/fd > '$PWD/a.fds'"
	# shellcheck disable=SC2016
	conf_start 'security.effective_user = "nobody"' \
	    "table.t = \"exec:cat /proc/\$\$/status > $PWD/t.status; echo a\"" \
	    'condition.T.stop_on_connect = host in table.t' \
	    'timer.a.interval = 1s' \
	    "timer.a.command = [\"/bin/cp\", \"/proc/self/status\",
		\"$PWD/timer.status\"]" \
	    'timer.b.interval = 1s' 'timer.b.user_name = "root"' \
	    "timer.b.command = [\"/bin/cp\", \"/proc/self/status\",
		\"$PWD/root.status\"]"
	echo 'milter.a.user_name = "daemon"' >> mm.conf
	echo 'milter.a.applicable_conditions = ["T"]' >> mm.conf
	conf_child b "connection_spec=\"unix:$PWD/b.sock\"" 'user_name="nobody"' \
	    "command=\"$(command_path)\"" \
	    "command_options=[\"test-client\", \"-s\", \"unix:$PWD/b.sock\"]"
	SECRET=1
	export SECRET
	manager
	check_mta
	wait_for test -s t.status -a -s started
	wait_for test -s timer.status -a -s root.status
	nobody=$(id -u nobody)
	daemon=$(id -u daemon)
	ids started.status "/proc/$(cat started)/status" "$daemon"
	ids t.status t.status "$nobody"
	ids timer.status timer.status "$nobody"
	ids root.status root.status 0
	ids mm.status "/proc/$(cat mm.pid)/status" "$nobody"
	l=$(launcher_pid)
	ids launcher.status "/proc/$l/status" 0
	# Standard input, output and error, the socket, its loop and its signals.
	for fd in "/proc/$l/fd"/*; do
		case $(readlink "$fd") in
		/dev/null|socket:*|pipe:*|anon_inode:*) ;;
		*)	atf_fail "$(readlink "$fd") in the launcher" ;;
		esac
	done
	[ "$(find "/proc/$l/fd" -lname 'socket:*' | wc -l)" -eq 1 ] ||
	    atf_fail 'sockets of the launcher'
	# What a command finds.
	lacks a.env SECRET
	has a.env HOME=
	has a.umask 0022
	# Its three, the script, and the output that the shell keeps for later.
	[ "$(grep -c ' -> ' a.fds)" -le 5 ] || {
		cat a.fds >&2
		atf_fail 'descriptors'
	}
	lacks a.fds socket
	grep -q 'SigBlk:	0000000000000000' started.status ||
	    atf_fail 'blocked signals'
	[ "$(readlink "/proc/$(cat started)/cwd")" = / ] ||
	    [ "$(readlink "/proc/$(cat started)/cwd")" = "$PWD" ] ||
	    atf_fail 'its folder'
	stop_manager
}

# ids NAME FILE UID: all four user and group numbers of a process; a copy stays.
ids()
{

	cat "$2" > "$1.copy"
	mv "$1.copy" "$1"
	awk -v uid="$3" '/^Uid:/ { if ($2 != uid || $3 != uid || $4 != uid ||
	    $5 != uid) exit 1 }' "$1" || atf_fail "$1: $(grep Uid "$1")"
	[ "$3" -eq 0 ] || awk '/^Gid:|^Groups:/ { for (i = 2; i <= NF; i++)
	    if ($i == 0) exit 1 }' "$1" || atf_fail "$1: $(grep G "$1")"
}

atf_init_test_cases()
{

	atf_add_test_case once
	atf_add_test_case fails
	atf_add_test_case unable
	atf_add_test_case off
	atf_add_test_case background
	atf_add_test_case reload
	atf_add_test_case stubborn
	atf_add_test_case killed
	atf_add_test_case lost
	atf_add_test_case signals
	atf_add_test_case tables
	atf_add_test_case bounded
	atf_add_test_case rights
}
