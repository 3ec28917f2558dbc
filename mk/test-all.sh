#!/bin/sh
#
# test-all.sh MAKE - everything that can be tested here, run after run, and the
# total of all of them as the last line: "N passed, N failed".
# A run that fails does not stop the others.  What only compiles and reads goes
# on beside the suites, which mostly wait; it is shown when it is done.

set -u
make=$1
log=build/test-all
rm -rf $log
mkdir -p $log || exit 1
start=$(date +%s)
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# number WORD FILE - the number before WORD in the closing line of a run.
number() {
	LC_ALL=C awk -v word="$1" '
	/^[0-9]+ passed, [0-9]+ failed/ { line = $0 }
	END {
		n = split(line, part, ", ")
		for (i = 1; i <= n; i++)
			if (part[i] ~ " " word "$")
				print part[i] + 0
	}' "$2"
}

# compiled TARGET [KNOB=VALUE ...] - what TARGET needs, on all processors; who
# breaks is told by the run that follows.
compiled() {
	case $1 in
	test | test-amalgamation | test-leaks) ;;
	*) return ;;
	esac
	shift
	$make -j "$jobs" tests "$@" >/dev/null 2>&1
}

# step NAME TARGET [KNOB=VALUE ...]
step() {
	name=$1
	shift
	own=$log/$(printf '%s' "$name" | tr -c 'A-Za-z0-9' _)
	echo
	echo "==> $name: $make $*"
	began=$(date +%s)
	compiled "$@"
	{ $make "$@" 2>&1; echo $? >"$own.status"; } | tee "$own"
	status=$(cat "$own.status")
	passed=$(number passed "$own")
	failed=$(number failed "$own")
	skipped=$(number skipped "$own")
	# No count: it broke before it came to one.
	passed=${passed:-0} failed=${failed:-0} skipped=${skipped:-0}
	if [ "$status" -ne 0 ] && [ "$failed" -eq 0 ]; then
		failed=1
	fi
	printf '%-22s %6d %6d %7d %7d\n' "$(printf '%s' "$name" | tr ' ' -)" \
	    "$passed" "$failed" "$skipped" $(($(date +%s) - began)) >>$log/table
}

beside() {
	step "lint" lint
	if [ "$(uname)" = Linux ]; then
		step "static" static
		step "cross" cross
	fi
}

step "build" -j "$jobs" all amalgamation test-tools
echo "==> beside the suites: lint, static and cross builds; shown later"
beside >$log/beside 2>&1 &
beside=$!
trap 'kill $beside 2>/dev/null; exit 1' HUP INT TERM

# Real MTAs are heavy, and what the passes differ in is not what they test: they
# run in the first one and under the sanitizers, elsewhere they are skipped.
step "suite" test
# How the program was built and what it waits with have little to do with each
# other, so one pass is for both; some cases are for the other back end in the
# one file.
step "suite, one file, poll" test-amalgamation TEST_BACKEND=poll TEST_REAL=0
step "one file" test-amalgamation \
    TESTS="t_tool.sh t_daemon.sh t_load.sh:thousand"
# The system's own choice was kqueue or epoll; kqueue's rules are run over the
# stand-in where the system has none.
if [ ! -e /usr/include/sys/event.h ]; then
	step "suite, kqueue stand-in" test KQUEUE_SHIM=1 TEST_BACKEND=kqueue \
	    TEST_REAL=0
fi
step "suite, sanitizers" test SANITIZE=1
step "fuzz corpora" -j "$jobs" fuzz-corpus SANITIZE=1
step "leaks" test-leaks
wait $beside
cat $log/beside

echo
printf '%-22s %6s %6s %7s %7s\n' run passed failed skipped seconds
cat $log/table
echo "all of it took $(($(date +%s) - start)) seconds"
awk '
{ passed += $2; failed += $3; skipped += $4 }
END {
	printf "%d passed, %d failed", passed, failed
	if (skipped > 0)
		printf ", %d skipped", skipped
	print ""
	exit failed > 0
}' $log/table
