#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_life.sh - sessions in the middle of something while the daemon changes.
# Owns:      how often it was reloaded.
# Called by: t_life.sh and t_upgrade.sh, sourced, after h_session.sh.
# Must not:  start the daemon.

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

# It waits for a reply: it sleeps in poll or read.
waiting()
{

	case $(ps -o stat= -p "$1") in
	S*) return 0 ;;
	esac
	return 1
}

gone()
{

	case $(ps -o stat= -p "$1" 2> /dev/null) in
	''|Z*)	return 0 ;;
	esac
	return 1
}
