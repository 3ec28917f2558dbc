#!/bin/sh
#
# static.sh PROGRAM - says how large it is, and that it is static indeed
# (musl-gcc -static-pie is known to make a dynamic one without a word).

set -u
budget=262144	# of the file, in bytes: 256 KiB
# What it may not pass without a decision: with conditions, tables, the resolver,
# explain, import, what follows start scripts to find installed milters, and the
# daemon's other processes with the sandbox and the control socket, the whole is
# above the budget; this keeps it from growing unseen.
limit=557056
bytes=$(($(wc -c < "$1")))
passed=0 failed=0

if readelf -l "$1" 2>/dev/null | grep -q INTERP || ! readelf -h "$1" >/dev/null
then
	echo "$1: not a static program"
	failed=$((failed + 1))
else
	echo "$1: static"
	passed=$((passed + 1))
fi
if [ $bytes -le $limit ]; then
	echo "$1: $bytes bytes of at most $limit, the budget is $budget"
	passed=$((passed + 1))
else
	echo "$1: $bytes bytes, more than $limit, the budget is $budget"
	failed=$((failed + 1))
fi
if "$1" --version; then
	passed=$((passed + 1))
else
	echo "$1: does not run"
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
test $failed -eq 0
