#!/bin/sh
#
# bench.sh PROGRAM RELAY [SESSIONS] - CPU a session of the manager, as a ratio
# to a plain relay in the same run: processor time is steadier than the clock on
# a busy machine.  The MTA is milter-test-server, the children are
# milter-test-clients; their own time is not counted.
#
# A round measures every row once; the table has the median of five rounds.
#
# The second table is about the clock: three children that each take 50 ms at
# the end of a message, one after the other and side by side.

set -eu
program=$1
relay=$2
sessions=${3:-2000}
rounds=5
work=$(mktemp -d "${TMPDIR:-/tmp}/mm-bench.XXXXXX")
pids=
# shellcheck disable=SC2317,SC2329
finish() {
	for pid in $pids; do
		kill "$pid" 2>/dev/null || true
	done
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
cd "$work"

until_there() {
	i=0
	while [ ! -S "$1" ]; do
		i=$((i + 1))
		[ $i -lt 100 ] || { echo "$1 does not appear" >&2; exit 1; }
		sleep 0.05
	done
}

start() {
	"$@" >>out 2>&1 &
	last=$!
	pids="$pids $last"
}

# Processor time of a process so far, in hundredths of a second.
cpu() {
	if [ -r "/proc/$1/stat" ]; then
		awk '{ print $14 + $15 }' "/proc/$1/stat"
	else
		ps -o time= -p "$1" | awk -F '[:.]' \
		    '{ print ($(NF-2) * 60 + $(NF-1)) * 100 + $NF }'
	fi
}

for c in a b c d e; do
	start "$program" test-client -q -s unix:$c.sock
	until_there $c.sock
done
start "$relay" relay.sock a.sock
relay_pid=$last
until_there relay.sock

# manager NAME BACKEND CHILD...; those in $parallel are; a has $conditions
parallel=
conditions=
manager() {
	name=$1 backend=$2
	shift 2
	{
		echo "manager.connection_spec = \"unix:$name.sock\""
		echo "manager.event_loop_backend = \"$backend\""
		echo 'log.level = "error"'
		echo 'log.use_syslog = false'
		for c in "$@"; do
			echo "milter.$c.connection_spec = \"unix:$c.sock\""
		done
		for c in $parallel; do
			echo "milter.$c.parallel = true"
		done
		[ -z "$conditions" ] ||
			echo "milter.a.applicable_conditions = $conditions"
	} >$name.conf
	start "$program" -d -f $name.conf
	until_there $name.sock
	eval "${name}_pid=$last"
}
manager one auto a
manager poll poll a
manager five auto a b c d e
conditions='["S25R", "Remote Network", "Trust"]'
manager asked auto a
conditions=

awk 'BEGIN {
	print "From: a@example.org\nTo: b@example.org\nSubject: bench\n"
	for (i = 0; i < 60; i++)
		print "The quick brown fox jumps over the lazy dog."
}' /dev/null >small.eml
awk 'BEGIN {
	print "From: a@example.org\nSubject: bench\n"
	for (i = 0; i < 150000; i++)
		printf("%069d\n", i)
}' /dev/null >large.eml

# A client that S25R suspects and that is not of this network: the conditions
# let the child run, and every one of their lists is gone through.
#
# measure NAME PID SESSIONS FILE: microseconds of processor time a session
measure() {
	before=$(cpu "$2")
	"$program" test-server -s "unix:$1.sock" --sessions="$3" \
	    --connect-host=host-192-0-2-1.example.net \
	    --connect-address=inet:2525@192.0.2.1 \
	    --concurrency=16 -m "$4" --all-timeouts=60 >/dev/null
	after=$(cpu "$2")
	echo $(((after - before) * 10000 / $3))
}

round=0
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	# shellcheck disable=SC2154
	for row in relay:$relay_pid one:$one_pid poll:$poll_pid \
	    five:$five_pid asked:$asked_pid; do
		name=${row%%:*} pid=${row#*:}
		measure "$name" "$pid" "$sessions" small.eml >>"$name.small"
		measure "$name" "$pid" 20 large.eml >>"$name.large"
	done
done

# median LOW HIGH of a file of numbers
spread() {
	sort -n "$1" | awk '{ v[NR] = $1 }
	    END { print v[int((NR + 1) / 2)], v[1], v[NR] }'
}
row() {
	# shellcheck disable=SC2046
	set -- "$1" $(spread "$2.$3") $(spread "relay.$3")
	awk -v w="$1" -v m="$2" -v l="$3" -v h="$4" -v r="$5" 'BEGIN {
		printf("%-44s %8d %8d %8d %8.2f\n", w, m, l, h,
		    r > 0 ? m / r : 0) }'
}
printf '%-44s %8s %8s %8s %8s\n' 'CPU microseconds a session' median lowest \
    highest 'x relay'
row 'relay, small message' relay small
row 'manager, one child' one small
row 'manager, one child, poll' poll small
row 'manager, five children' five small
row 'manager, one child, three conditions' asked small
row 'relay, 10 MB' relay large
row 'manager, one child, 10 MB' one large
row 'manager, one child, poll, 10 MB' poll large
row 'manager, five children, 10 MB' five large
row 'manager, one child, three conditions, 10 MB' asked large

for c in x y z; do
	start "$program" test-client -q -s unix:$c.sock --on=eom=delay:50
	until_there $c.sock
done
manager slow auto x
manager order auto x y z
parallel="y z"
manager beside auto x y z

# elapsed NAME: microseconds a message
messages=20
elapsed() {
	"$program" test-server -s "unix:$1.sock" --messages=$messages \
	    -m small.eml --all-timeouts=60 |
	    awk -v n=$messages '/^elapsed-time:/ {
		print int($2 * 1000000 / n) }'
}
round=0
while [ $round -lt $rounds ]; do
	round=$((round + 1))
	for name in slow order beside; do
		elapsed $name >>$name.wait
	done
done
wait_row() {
	# shellcheck disable=SC2046
	set -- "$1" $(spread "$2.wait") $(spread slow.wait)
	awk -v w="$1" -v m="$2" -v l="$3" -v h="$4" -v r="$5" 'BEGIN {
		printf("%-44s %8d %8d %8d %8.2f\n", w, m, l, h,
		    r > 0 ? m / r : 0) }'
}
echo
printf '%-44s %8s %8s %8s %8s\n' 'microseconds a message, 50 ms each child' \
    median lowest highest 'x one'
wait_row 'one child' slow
wait_row 'three children in order' order
wait_row 'three children, two of them parallel' beside
