#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_session.sh - the real daemon between a scripted MTA and scripted milters.
# Owns:      the processes of a case and their files in the work folder.
# Called by: t_session*.sh and t_load.sh, sourced.
# Must not:  use a fixed port, or sleep for another reason than to poll.
#
#	child NAME OPTION...	a scripted milter on unix:NAME.sock; what it
#				prints is in NAME.out
#	manager [OPTION...]	the daemon on unix:mm.sock with mm.conf; its
#				log is mm.log
#	mta OPTION...		one run of the scripted MTA; output in mta.out
#	stop_all		ends what was started; every case's cleanup
#
# mm.conf is what the case wrote to it with conf_begin and conf_child.

: "${MM_PROGRAM:=milter-manager}"

# Quiet text for the log; the children's lines are what cases look at.
conf_begin()
{

	{
		echo 'manager.connection_spec = "unix:mm.sock"'
		echo 'log.level = "all"'
		echo 'log.use_syslog = false'
		for cb_line in "$@"; do
			echo "$cb_line"
		done
	} > mm.conf
}

# conf_child NAME [KEY=VALUE ...]: in the order of the calls.
conf_child()
{

	cc_name=$1
	shift
	echo "milter.$cc_name.connection_spec = \"unix:$cc_name.sock\"" \
	    >> mm.conf
	for cc_line in "$@"; do
		echo "milter.$cc_name.${cc_line%%=*} = ${cc_line#*=}" >> mm.conf
	done
}

# wait_for CONDITION...: at most 20 seconds.
wait_for()
{

	wf_i=0
	until "$@"; do
		wf_i=$((wf_i + 1))
		if [ $wf_i -gt 400 ]; then
			for wf_f in *.log *.out *.err; do
				[ -s "$wf_f" ] || continue
				echo "--- $wf_f" >&2
				tail -n 30 "$wf_f" >&2
			done
			atf_fail "waited in vain for: $*"
		fi
		sleep 0.05
	done
}

child()
{

	c_name=$1
	shift
	rm -f "$c_name.ready"
	"$MM_PROGRAM" test-client -s "unix:$c_name.sock" \
	    --ready-file="$c_name.ready" "$@" \
	    > "$c_name.out" 2> "$c_name.err" &
	echo $! >> pids
	echo $! > "$c_name.pid"
	wait_for test -s "$c_name.ready"
}

manager()
{

	: > mm.log
	"$MM_PROGRAM" -d -f mm.conf \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} \
	    "$@" 2> mm.log &
	echo $! >> pids
	echo $! > mm.pid
	wait_for grep -q 'listening on' mm.log
}

mta()
{

	"$MM_PROGRAM" test-server -s unix:mm.sock "$@" > mta.out 2> mta.err
	m_status=$?
	cat mta.out
	cat mta.err >&2
	return $m_status
}

# check_mta OPTION...: the same, and a failure ends the case.
check_mta()
{

	mta "$@" > /dev/null || {
		cat mta.out mta.err >&2
		tail -n 30 mm.log >&2
		atf_fail "mta $*"
	}
}

# has FILE TEXT / lacks FILE TEXT: a fixed string.
has()
{

	grep -qF -e "$2" "$1" || {
		tail -n 60 "$1" >&2
		atf_fail "$1 lacks: $2"
	}
}

lacks()
{

	if grep -qF -e "$2" "$1"; then
		tail -n 60 "$1" >&2
		atf_fail "$1 has: $2"
	fi
}

# ntimes FILE TEXT N: so many lines have it.
ntimes()
{

	t_n=$(grep -cF -e "$2" "$1")
	[ "$t_n" -eq "$3" ] || {
		tail -n 60 "$1" >&2
		atf_fail "$1 has $t_n times, not $3: $2"
	}
}

# The daemon ends in an orderly way; then its log and exit status are whole.
stop_manager()
{

	kill -TERM "$(cat mm.pid)"
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
}

stop_all()
{

	[ -f pids ] || return 0
	while read -r sa_pid; do
		kill -TERM "$sa_pid" 2>/dev/null
	done < pids
	rm -f pids
}
