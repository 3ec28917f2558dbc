#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_session_random.sh - many sessions of an MTA and up to four children that do
# what a stream of numbers says.  The numbers are the same in each run.
#
#	MM_TEST_ROUNDS	so many configurations in each case, instead of a few
#	MM_TEST_SEED	the first of them
#	MM_TEST_HANGS	so many children a round may hang, 5 seconds each
#
# A session that fails is printed as a whole.  To see it again, in an empty
# folder: h_random conf SEED > mm.conf, the daemon with that, and
# h_random run SEED SESSION 1.

. "$(atf_get_srcdir)/h_session.sh"

random_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 3600; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# Descriptors and resident KiB of the daemon; 0 where the system does not tell.
n_files()
{

	ls "/proc/$(cat mm.pid)/fd" 2>/dev/null | wc -l
}

no_more_files()
{

	test "$(n_files)" -le "$1"
}

resident()
{

	{ sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' \
	    "/proc/$(cat mm.pid)/status" 2>/dev/null; echo 0; } | head -n 1
}

# sessions SEED FIRST NUMBER [chaos]
sessions()
{

	"$(atf_get_srcdir)/h_random" run "$@" >> random.out 2> random.err || {
		tail -n 100 random.err >&2
		tail -n 20 mm.log >&2
		atf_fail "h_random run $*"
	}
}

# one_round SEED NUMBER [chaos]
one_round()
{

	"$(atf_get_srcdir)/h_random" conf "$1" $3 > mm.conf
	echo "manager.spool_directory = \"$(pwd)\"" >> mm.conf
	: > random.out
	manager
	files=$(n_files)
	sessions "$1" 0 $(($2 / 2)) $3
	before=$(resident)
	sessions "$1" $(($2 / 2)) $(($2 / 2)) $3
	after=$(resident)
	wait_for no_more_files "$files"
	# A sanitizer keeps what was freed.
	if ! grep -q '__asan_init' "$(command -v "$MM_PROGRAM")" &&
	    [ "$after" -gt $((before + 2048)) ]; then
		atf_fail "seed $1: from $before to $after KiB"
	fi
	stop_manager
}

random_case foreseen "each child and the MTA are told what an oracle foresaw"
foreseen_body()
{

	seed=${MM_TEST_SEED:-1}
	last=$((seed + ${MM_TEST_ROUNDS:-12} - 1))
	while [ "$seed" -le "$last" ]; do
		one_round "$seed" 200
		# Each verdict is in the log, and each once.
		want=$(sed -n 's/.*verdicts=\([0-9]*\) .*/\1/p' random.out |
		    awk '{ n += $1 } END { print n }')
		have=$(grep ' verdict=' mm.log | grep -v ' message verdict=' |
		    grep -vc 'evaluated only\|means nothing')
		[ "$want" -eq "$have" ] ||
		    atf_fail "seed $seed: $have verdicts logged, not $want"
		seed=$((seed + 1))
	done
}

random_case chaos "whatever children and MTAs do, one verdict follows each event"
chaos_body()
{

	seed=${MM_TEST_SEED:-1}
	last=$((seed + ${MM_TEST_ROUNDS:-12} - 1))
	while [ "$seed" -le "$last" ]; do
		one_round "$seed" 200 chaos
		seed=$((seed + 1))
	done
}

atf_init_test_cases()
{

	atf_add_test_case foreseen
	atf_add_test_case chaos
}
