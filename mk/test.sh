#!/bin/sh
#
# test.sh FOLDER PROGRAM [TEST ...] - runs the suite in FOLDER over PROGRAM.
#
# Everything is copied into a fresh place first, which a test finds one folder
# above its own (atf_get_srcdir)/..: milter-manager with its links
# milter-test-server, milter-test-client and milter-manager-replay, tests/, etc/,
# man/, rc.d/, pkg/, mk/start.sh.  So tests that run as another user can read it
# wherever the tree lies, and no test can write into the tree.  In the
# environment of a test:
#
#	MM_PROGRAM	the program under test, as an absolute path
#	MM_TEST_BACKEND	kqueue, epoll, poll; unset for the program's own choice
#	MM_SENDMAIL	where mk/sendmail.sh unpacked Sendmail
#	MM_TEST_REAL	0: the suites that only need real MTAs and filters
#			skip themselves, as counted; fewer random sessions,
#			and fewer under valgrind
#	MM_TEST_ROUNDS, MM_TEST_SEED, MM_TEST_HANGS
#			longer and other runs of t_session_random
#	MM_TEST_HOLD	for how many seconds t_load:crowd holds 5,000 sessions
#
# The last line is "N passed, N failed", with ", N skipped" if there are any.
# A report of a sanitizer is a failure even where the test did not see it.

set -u
tests=$1 program=$2
shift 2

command -v kyua >/dev/null || {
	echo "kyua is needed for the tests: see README.md" >&2
	exit 1
}
stage=$(mktemp -d "${TMPDIR:-/tmp}/mm-test.XXXXXX") || exit 1
trap 'rm -rf "$stage"' EXIT
trap 'exit 1' HUP INT TERM
chmod 755 "$stage"
# ATF's own library keeps what its list of cases took.
echo 'leak:libatf-c' >"$stage/lsan.txt"
mkdir "$stage/reports" "$stage/home" &&
    chmod 1777 "$stage/reports" &&
    cp -R "$tests" "$stage/tests" &&
    cp tests/atf/t_*.c "$stage/tests/" &&
    cp "$program" "$stage/milter-manager" &&
    ln -s milter-manager "$stage/milter-test-server" &&
    ln -s milter-manager "$stage/milter-test-client" &&
    ln -s milter-manager "$stage/milter-manager-replay" &&
    cp -R etc man rc.d pkg "$stage/" &&
    mkdir "$stage/mk" && cp mk/start.sh "$stage/mk/" &&
    chmod -R a+rX "$stage/tests" "$stage/etc" "$stage/man" "$stage/rc.d" \
	"$stage/pkg" "$stage/mk" || exit 1

what=$program
test -z "${MM_TEST_BACKEND:-}" || what="$what, back end $MM_TEST_BACKEND"
echo "==> suite over $what"

# What the shorter passes differ in needs no long runs either.
test "${MM_TEST_REAL:-1}" != 0 || : "${MM_TEST_ROUNDS:=4}"

# kyua writes the whole environment into its reports, so it gets a small one.
run_kyua() {
	env -i PATH="$PATH:/usr/sbin:/sbin:/usr/libexec" \
	    HOME="$stage/home" \
	    MM_PROGRAM="$stage/milter-manager" \
	    MM_SENDMAIL="$PWD/build/tools/sendmail" \
	    MM_TEST_REAL="${MM_TEST_REAL:-1}" \
	    ${MM_TEST_BACKEND:+MM_TEST_BACKEND="$MM_TEST_BACKEND"} \
	    ${MM_TEST_ROUNDS:+MM_TEST_ROUNDS="$MM_TEST_ROUNDS"} \
	    ${MM_TEST_SEED:+MM_TEST_SEED="$MM_TEST_SEED"} \
	    ${MM_TEST_HANGS:+MM_TEST_HANGS="$MM_TEST_HANGS"} \
	    ${MM_TEST_HOLD:+MM_TEST_HOLD="$MM_TEST_HOLD"} \
	    ASAN_OPTIONS="log_path=$stage/reports/asan:detect_leaks=1:abort_on_error=0" \
	    LSAN_OPTIONS="suppressions=$stage/lsan.txt:print_suppressions=0" \
	    UBSAN_OPTIONS="print_stacktrace=1" \
	    kyua -v unprivileged_user=nobody -v parallelism="${TEST_JOBS:-5}" \
	    "$@"
}
results=$stage/home/results.db
run_kyua test --results-file="$results" -k "$stage/tests/Kyuafile" "$@" |
    while IFS= read -r line; do
	# Its own summary is not in the form that is promised above.
	case $line in
	"Results file"* | "Results saved"* | *"/"*" passed ("*" failed)") ;;
	?*) printf '%s\n' "$line" ;;
	esac
    done

# "Test cases: 5 total, 1 skipped, 1 expected failures, 0 broken, 1 failed"
summary=$(run_kyua report --results-file="$results" 2>/dev/null |
    LC_ALL=C sed -n 's/^Test cases: / /p' | tail -n 1)
count() {
	printf '%s\n' "$summary" | sed -n "s/.* \([0-9][0-9]*\) $1.*/\1/p"
}
total=$(count total) skipped=$(count skipped)
broken=$(count broken) failed=$(count failed)
if [ -z "$total" ]; then
	echo "kyua ran nothing" >&2
	echo "0 passed, 1 failed"
	exit 1
fi
failed=$((broken + failed))
passed=$((total - skipped - failed))

if [ $failed -gt 0 ]; then
	run_kyua report --verbose --results-filter=broken,failed \
	    --results-file="$results"
fi
# Real programs on a busy machine: a few cases that failed beside others get a
# second run alone, and are named.  What fails twice has failed.
if [ $failed -gt 0 ] && [ $failed -le 3 ]; then
	again=$(run_kyua report --results-filter=broken,failed \
	    --results-file="$results" |
	    sed -n 's/^\([^ ]*:[^ ]*\)  ->  .*/\1/p' | sort -u)
	for case in $again; do
		if (TEST_JOBS=1 && run_kyua test \
		    --results-file="$stage/home/again.$case.db" \
		    -k "$stage/tests/Kyuafile" "$case") >"$stage/home/again" 2>&1
		then
			echo "==> $case failed beside others and passed alone"
			failed=$((failed - 1))
			passed=$((passed + 1))
		else
			cat "$stage/home/again"
		fi
	done
fi
if [ "$skipped" -gt 0 ]; then
	run_kyua report --results-filter=skipped --results-file="$results" |
	    sed -n '/^===> Skipped/,/^===> Summary/p' | sed '/^===> Summary/d'
fi
for report in "$stage"/reports/*; do
	test -f "$report" || continue
	echo "==> ${report##*/}"
	cat "$report"
	failed=$((failed + 1))
done
line="$passed passed, $failed failed"
test "$skipped" -eq 0 || line="$line, $skipped skipped"
echo "$line"
test $failed -eq 0
