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

	conf_begin 'log.level = "default"'
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

atf_test_case all cleanup
all_head()
{

	atf_set descr "64 MTAs see no fault in 50 reloads, 10 of them broken, \
log rotations, restarted children and an upgrade"
	atf_set timeout 280
}
all_body()
{

	load_conf
	cp mm.conf good.conf
	"$MM_PROGRAM" -f mm.conf --log-path="$PWD/mm.log" \
	    --pid-file="$PWD/mm.number" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} &
	echo $! > mm.pid
	echo $! >> pids
	wait_for test -s mm.number
	first=$(cat mm.number)
	"$(atf_get_srcdir)/h_load" mm.sock "$MM_TEST_LOAD" stop \
	    > load.out 2> load.err &
	load=$!
	echo $load >> pids
	i=0
	good=0
	bad=0
	while [ $i -lt "$MM_TEST_RELOADS" ]; do
		i=$((i + 1))
		case $i in
		*5)	echo 'manager.deamon = 1' > mm.conf ;;
		*0)	echo 'log.path = "/nowhere/there"' |
			    cat good.conf - > mm.conf
			;;
		*)	cat good.conf > mm.conf
			echo "manager.progress_interval = ${i}s" >> mm.conf
			echo "manager.unix_socket_mode = 066$((i % 8))" \
			    >> mm.conf
			;;
		esac
		kill -HUP "$(cat mm.number)"
		case $i in
		*5)	bad=$((bad + 1))
			wait_for n_at_least $bad 'configuration in force stays'
			;;
		*)	good=$((good + 1))
			wait_for n_at_least $good 'configuration reloaded'
			;;
		esac
		case $i in
		*3)	mv mm.log "mm.log.$i"
			kill -USR1 "$(cat mm.number)"
			wait_for test -e mm.log
			;;
		*[47])	restart_child b ;;
		*8)	restart_child a --edit='add-header X-A: a' ;;
		26)	cat good.conf > mm.conf
			kill -USR2 "$first"
			wait_for n_at_least 1 'has taken over'
			wait_for grep -qv "^$first\$" mm.number
			cat mm.number >> pids
			;;
		esac
	done
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
all_cleanup()
{

	. "$(atf_get_srcdir)/h_session.sh"
	: > stop
	stop_all
}

atf_init_test_cases()
{

	atf_add_test_case all
}
