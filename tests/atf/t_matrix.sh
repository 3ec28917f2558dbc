#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_matrix.sh - every fault of a child at every stage, under each fallback: one
# right reply to the MTA, edits whole or not at all, the children beside it see
# what they should, and the daemon is as before.  h_matrix.c is all of them.
#
# To see one again: h_matrix conf FALLBACK CHAIN [eval] [late] [discards] [xpar]
# [zpar] > mm.conf, the daemon with that in the same folder, and h_matrix run
# with the same words.

. "$(atf_get_srcdir)/h_session.sh"

# Each is one case; its name with _ for -.
: "${MATRIX_FALLBACKS:=accept temporary-failure reject discard \
    quarantine shutdown}"

n_files()
{

	ls "/proc/$1/fd" 2>/dev/null | wc -l
}

no_more_files()
{

	test "$(n_files "$1")" -le "$2"
}

# matrix FALLBACK CHAIN [eval] [late] [discards] [xpar] [zpar]: in a folder of its own.
matrix()
{

	m_dir=$(echo "$*" | tr ' ' '-')
	m_program=$(command -v "$MM_PROGRAM")
	mkdir "$m_dir"
	cd "$m_dir" || exit 1
	"$h_matrix" conf "$@" > mm.conf
	"$m_program" -d -f mm.conf \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} \
	    2> mm.log &
	m_pid=$!
	echo $m_pid >> ../pids
	wait_for grep -q 'listening on' mm.log
	m_files=$(n_files $m_pid)
	"$h_matrix" run "$@" > out 2>&1 || {
		head -n 40 out >&2
		atf_fail "h_matrix run $*: $(tail -n 1 out)"
	}
	tail -n 1 out
	wait_for no_more_files $m_pid "$m_files"
	kill -TERM $m_pid
	wait $m_pid || atf_fail "$*: the daemon's exit status is $?"
	cd ..
}

# With a child before and behind it, with one behind it that has already begun
# with the content or not, and alone.
matrix_all()
{

	h_matrix=$(atf_get_srcdir)/h_matrix
	case $h_matrix in
	/*) ;;
	*) h_matrix=$(pwd)/$h_matrix ;;
	esac
	# Timeouts take their time, but no work.
	m_late=
	for chain in axz x; do
		for how in '' eval 'xpar zpar'; do
			[ "$chain:$how" != 'x:xpar zpar' ] || continue
			m_name=$chain-$(echo "$how" | tr ' ' -)
			(matrix "$1" $chain $how late) \
			    > "late-$m_name.out" 2>&1 &
			m_late="$m_late $!:$m_name"
		done
	done
	for chain in axz Axz xz x; do
		for how in '' eval; do
			matrix "$1" $chain $how
		done
	done
	matrix "$1" x discards
	# With it, or its neighbour, parallel.
	matrix "$1" axz xpar
	matrix "$1" axz eval xpar zpar
	matrix "$1" axz zpar
	matrix "$1" axz xpar zpar
	matrix "$1" xz zpar
	for one in $m_late; do
		wait "${one%%:*}" || {
			cat "late-${one#*:}.out" >&2
			atf_fail "late ${one#*:}"
		}
	done
}

for fallback in $MATRIX_FALLBACKS; do
	name=$(echo "$fallback" | tr - _)
	atf_test_case "$name" cleanup
	eval "${name}_head() {
		atf_set descr 'every fault at every stage under $fallback'
		atf_set timeout 600
	}
	${name}_body() { matrix_all $fallback; }
	${name}_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
done

atf_init_test_cases()
{

	for fallback in $MATRIX_FALLBACKS; do
		atf_add_test_case "$(echo "$fallback" | tr - _)"
	done
}
