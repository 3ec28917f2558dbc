#!/bin/sh
#
# fuzz.sh corpus|SECONDS FOLDER TARGET... - runs the targets in FOLDER, each
# over its corpus, every file also cut and changed at each byte; or each under
# libFuzzer for so long, with what it finds in FOLDER/new and FOLDER/found.

set -u
how=$1 folder=$2
shift 2
passed=0 failed=0
for target in "$@"; do
	corpus=tests/fuzz/corpus/${target#fuzz_}
	if [ "$how" = corpus ]; then
		"$folder/$target" -x "$corpus" >"$folder/$target.log" 2>&1
	else
		mkdir -p "$folder/new/$target" "$folder/found"
		"$folder/$target" -max_total_time="$how" -max_len=4096 \
		    -artifact_prefix="$folder/found/$target-" \
		    "$folder/new/$target" "$corpus" >"$folder/$target.log" 2>&1
	fi
	status=$?
	if [ $status -eq 0 ]; then
		echo "ok      $target: $(tail -n 1 "$folder/$target.log")"
		passed=$((passed + 1))
	else
		echo "FAILED  $target: status $status"
		tail -n 60 "$folder/$target.log" | sed 's/^/	/'
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
test $failed -eq 0
