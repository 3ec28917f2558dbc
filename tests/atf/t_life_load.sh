#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_life_load.sh - mail goes on while all is done to the daemon that may be:
# every message has just one verdict, and the right one.

. "$(atf_get_srcdir)/h_session.sh"

# Connections and reloads; fewer for a slow machine.
: "${MM_TEST_LOAD:=64}"
: "${MM_TEST_RELOADS:=50}"

# Of both logs, of the process before and after.
n_lines()
{

	cat mm.log mm.log.* 2> /dev/null | grep -cF -e "$1"
}

n_at_least()
{

	[ "$(n_lines "$2")" -ge "$1" ]
}

# a and b may go at any time: their fallback lets pass what they let pass.
load_conf()
{

	conf_begin 'log.level = "default|info"'
	cat >> mm.conf <<-'END'
	condition."not r".stop_on_envelope_from = not (sender =~ /^<?r@/)
	condition."not t".stop_on_envelope_from = not (sender =~ /^<?t@/)
	END
	conf_child a 'fallback_status="accept"'
	conf_child b 'fallback_status="accept"'
	conf_child r 'fallback_status="reject"' \
	    'applicable_conditions=["not r"]'
	conf_child t 'fallback_status="temporary-failure"' \
	    'applicable_conditions=["not t"]'
	child a -q --edit='add-header X-A: a'
	child b -q
	child r -q --on=eom=reject
	child t -q --on=eom=tempfail
}

restart_child()
{

	rc_name=$1
	shift
	kill -TERM "$(cat "$rc_name.pid")"
	wait "$(cat "$rc_name.pid")" || :
	child "$rc_name" -q "$@"
}

# The daemon's workers, by the system: its launcher has not said this.
workers()
{

	ps -ax -o pid= -o ppid= |
	    awk -v d="$(cat mm.number)" '$2 == d { print $1 }' |
	    while read -r w_pid; do
		[ "$(n_lines "worker $w_pid accepts")" -eq 0 ] ||
		    echo "$w_pid"
	done
}

# One of them dies, and leaves a line about that.
kill_worker()
{

	wait_for n_workers
	kw_pid=$(workers | tail -n 1)
	kill -KILL "$kw_pid" || atf_fail "worker $kw_pid is gone"
	wait_for n_at_least 1 "worker $kw_pid has ended (signal 9)"
	killed=$((killed + 1))
}

n_workers()
{

	[ -n "$(workers)" ]
}

# The log is where the file says, so that a file can say a wrong place.
begin_load()
{

	load_conf
	sed "s,^log.use_syslog.*,log.path = \"$PWD/mm.log\"," mm.conf \
	    > good.conf
	for bl_line in "$@"; do
		echo "$bl_line" >> good.conf
	done
	cp good.conf mm.conf
	"$MM_PROGRAM" -f mm.conf --pid-file="$PWD/mm.number" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} &
	echo $! > mm.pid
	echo $! >> pids
	wait_for test -s mm.number
	first=$(cat mm.number)
}

# The Ith file: every fifth one is broken, each time in another way.
next_conf()
{

	case $(($1 % 20)) in
	5)	echo 'manager.deamon = 1' > mm.conf ;;
	10)	sed 's,^log.path.*,log.path = "/nowhere/there",' good.conf \
		    > mm.conf
		;;
	15)	sed 's,unix:mm.sock,unix:/nowhere/there,' good.conf > mm.conf ;;
	0)	head -c 100 good.conf > mm.conf ;;
	*)	cat good.conf > mm.conf
		echo "manager.progress_interval = ${1}s" >> mm.conf
		echo "manager.unix_socket_mode = 066$(($1 % 8))" >> mm.conf
		;;
	esac
}

# all_is_done HOW: reloads and all else, with HOW to do an upgrade.
all_is_done()
{

	i=0
	good=0
	bad=0
	killed=0
	while [ $i -lt "$MM_TEST_RELOADS" ]; do
		i=$((i + 1))
		next_conf $i
		kill -HUP "$(cat mm.number)"
		case $i in
		*[50])	bad=$((bad + 1)) ;;
		*)	good=$((good + 1)) ;;
		esac
		wait_for n_at_least $bad 'configuration in force stays'
		wait_for n_at_least $good 'configuration reloaded'
		case $i in
		*3)	mv mm.log "mm.log.$i"
			kill -USR1 "$(cat mm.number)"
			wait_for test -e mm.log
			;;
		*[47])	restart_child b ;;
		*8)	restart_child a --edit='add-header X-A: a' ;;
		26)	cat good.conf > mm.conf
			"$1"
			wait_for n_at_least 1 'has taken over'
			wait_for grep -qv "^$first\$" mm.number
			cat mm.number >> pids
			;;
		*[25])	! $workers || kill_worker ;;
		esac
	done
	refused=$(n_lines 'configuration in force stays')
	atf_check_equal "$((MM_TEST_RELOADS / 5))" "$refused"
	atf_check_equal "$((MM_TEST_RELOADS - refused))" \
	    "$(n_lines 'configuration reloaded')"
}

by_signal()
{

	kill -USR2 "$first"
}

by_control()
{

	atf_check -o ignore "$MM_PROGRAM" control -s unix:ctl.sock upgrade
}

# under_load HOW [closed]
under_load()
{

	"$(atf_get_srcdir)/h_load" mm.sock "$MM_TEST_LOAD" stop \
	    ${2:+"$2"} > load.out 2> load.err &
	load=$!
	echo $load >> pids
	all_is_done "$1"
	: > stop
	wait $load || {
		cat load.out load.err >&2
		tail -n 40 mm.log >&2
		atf_fail "$(cat load.out)"
	}
	cat load.out
	# Nobody was left with less than a message.
	messages=$(sed 's/.*messages=\([0-9]*\).*/\1/' load.out)
	[ "$messages" -ge "$MM_TEST_LOAD" ] || atf_fail "$(cat load.out)"
	wait "$first" || atf_fail "the first process: exit status $?"
	kill -TERM "$(cat mm.number)"
	wait_for test ! -e mm.number
	lacks mm.log 'before their time'
}

load_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 280; }"
	eval "$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		: > stop
		[ ! -s mm.number ] || cat mm.number >> pids
		stop_all
	}"
}

load_case all "64 MTAs see no fault in 50 reloads, 10 of them broken, \
log rotations, restarted children and an upgrade"
all_body()
{

	workers=false
	begin_load
	under_load by_signal
}

load_case workers "the same of two workers, and 10 of them are killed: no \
session but theirs is closed"
workers_body()
{

	workers=true
	begin_load 'manager.n_workers = 2' \
	    'controller.connection_spec = "unix:ctl.sock"'
	under_load by_control closed
	atf_check_equal "$((MM_TEST_RELOADS / 5))" "$killed"
	atf_check_equal "$killed" "$(n_lines '(signal 9)')"
	cut=$(cat mm.log mm.log.* |
	    sed -n 's/.* (signal 9) .* \([0-9]*\) were cut.*/\1/p' |
	    awk '{ n += $1 } END { print n + 0 }')
	closed=$(sed 's/.*closed=\([0-9]*\).*/\1/' load.out)
	echo "cut $cut closed $closed"
	[ "$closed" -le "$cut" ] || atf_fail "$closed closed, $cut cut"
}

atf_init_test_cases()
{

	atf_add_test_case all
	atf_add_test_case workers
}
