#!/bin/sh
#
# test-leaks.sh FOLDER PROGRAM - 100 sessions of each of four kinds through the
# daemon under valgrind: no leak, no wrong access, no descriptor left open.  Then
# the whole of it: workers, launcher, timer, control, reloads, an upgrade.

set -u
program=$(cd "$(dirname "$2")" && pwd)/${2##*/}
command -v valgrind >/dev/null || {
	echo "valgrind is not there"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
}
message=$PWD/tests/atf/d_mail_mime.eml
work=$(mktemp -d "${TMPDIR:-/tmp}/mm-leaks.XXXXXX") || exit 1
pids=
finish() {
	test -z "$pids" || kill $pids 2>/dev/null
	wait
	rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM
cd "$work" || exit 1

# until_true WHAT COMMAND... - polls for two minutes at most.
until_true() {
	what=$1 tries=0
	shift
	until "$@" 2>/dev/null; do
		tries=$((tries + 1))
		if [ $tries -gt 1200 ]; then
			echo "waited in vain for $what"
			test -z "${daemon:-}" || ls -l "/proc/$daemon/fd"
			tail -n 30 ./*.log
			echo "0 passed, 1 failed"
			exit 1
		fi
		sleep 0.1
	done
}

for child in one two; do
	"$program" test-client -s "unix:$child.sock" -q \
	    --ready-file=$child.ready \
	    --edit='add-header X-Leak:yes' 2>$child.log &
	pids="$pids $!"
	until_true "child $child" test -e $child.ready
done
cat >mm.conf <<EOT
manager.connection_spec = "unix:mm.sock"
log.use_syslog = false
milter.one.connection_spec = "unix:one.sock"
milter.down.connection_spec = "unix:nobody-is-here.sock"
milter.two.connection_spec = "unix:two.sock"
dnsbl.name_servers = ["127.0.0.1:9"]
manager.table_interval = 1s
table.list = "list:$work/list"
table.net = "cidr:$work/net"
table.words = "regexp:$work/words"
table.run = "exec:echo root@example.com 1"
table.down = "socketmap:unix:$work/nobody-is-here.sock:map"
condition.c.stop_on_connect = dnsbl("bl.example") or ptr == "x" or address in table.net
condition.c.set_macro."{m}" = helo: helo
condition.c.set_macro."{n}" = header: header_value
condition.c.set_note."n" = envelope_from: sender
condition.c.stop_on_envelope_from = sender in table.run or sender in table.down
condition.c.stop_on_envelope_recipient = recipient in table.list or lookup(table.down, recipient) == "x"
condition.c.stop_on_header = header_value in table.words
condition.d.stop_on_body = body =~ /boundary/ or note("n") == ""
milter.two.applicable_conditions = ["c", "S25R"]
milter.down.applicable_conditions = ["c"]
milter.one.applicable_conditions = ["d"]
EOT
echo nobody@example.com >list
echo '192.0.2.0/24 x' >net
echo '/^no such (text)$/ $1' >words
valgrind --leak-check=full --show-leak-kinds=all \
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 \
    --log-file=valgrind.log "$program" -d -f mm.conf 2>mm.log &
daemon=$!
pids="$pids $daemon"
# The socket is there before the loop and its pipe are: this line is the last
# thing of the start, and from here on only sessions open anything.
until_true "the daemon" grep -q 'listening on' mm.log
open_files() {
	ls "/proc/$daemon/fd" 2>/dev/null | wc -l
}
files_before=$(open_files)

passed=0 failed=0
# sessions HOW OPTION... - 100 of them.
sessions() {
	how=$1
	shift
	if "$program" test-server -s unix:mm.sock --sessions=100 \
	    --concurrency=10 --all-timeouts=120 -m "$message" "$@" \
	    >mta.log 2>&1; then
		echo "ok      100 sessions, $how"
		passed=$((passed + 1))
	else
		echo "FAILED  100 sessions, $how"
		tail -n 20 mta.log
		failed=$((failed + 1))
	fi
}
sessions "one message" --expect=pass
sessions "three messages, the second aborted" --messages=3 --abort=body:2
sessions "dropped in the body" --close-after=body
sessions "quit and a new connection" --messages=2 --quit-nc

no_more_files() {
	test "$(open_files)" -le "$files_before"
}
until_true "the descriptors of the sessions to close" no_more_files
echo "ok      no descriptor left open"
passed=$((passed + 1))

kill -TERM $daemon
wait $daemon
status=$?
pids=${pids% *}
# What is held until the end, such as the log's name, does not grow.
kept=$(sed -n 's/.*still reachable: \([0-9,]*\) bytes.*/\1/p' valgrind.log |
    tr -d , | sort -n | tail -n 1)
if [ $status -eq 0 ] && [ "${kept:-0}" -lt 1024 ]; then
	echo "ok      no leak, no wrong access; ${kept:-0} bytes kept to the end"
	passed=$((passed + 1))
else
	echo "FAILED  valgrind, exit status $status"
	cat valgrind.log
	tail -n 20 mm.log
	failed=$((failed + 1))
fi

# --- all of its processes ----------------------------------------------------

# Each process has a log of its own.  The one that the upgrade starts is
# followed; commands of the launcher are not, so that theirs has no summary.
# Within the sandbox valgrind could not make these logs: t_sandbox is for that.
cat >start <<EOT
#!/bin/sh
exec "$program" test-client -q -s "unix:$work/begun.sock"
EOT
chmod 755 start
cat >mm.conf <<EOT
manager.connection_spec = "unix:mm.sock"
manager.n_workers = 2
controller.connection_spec = "unix:ctl.sock"
security.privilege_mode = true
security.sandbox = false
log.level = "all"
log.use_syslog = false
log.path = "$work/mm.log"
milter.one.connection_spec = "unix:one.sock"
milter.begun.connection_spec = "unix:$work/begun.sock"
milter.begun.command = "$work/start"
milter.begun.connection_timeout = 60s
milter.begun.reading_timeout = 60s
milter.begun.fallback_status = "temporary-failure"
timer.tick.interval = 1s
timer.tick.command = ["/bin/echo", "tick"]
EOT
cp mm.conf good.conf
: >mm.log
skip="/bin/*,/usr/bin/*,$work/start"
valgrind --leak-check=full --show-leak-kinds=all \
    --errors-for-leak-kinds=definite,indirect,possible --error-exitcode=99 \
    --trace-children=yes --trace-children-skip="$skip" \
    --log-file="all.%p.log" "$program" --no-daemon -f mm.conf \
    --pid-file="$work/mm.number" 2>err.log &
daemon=$!
pids="$pids $daemon"
lines() {
	test "$(cat mm.log mm.old 2>/dev/null | grep -c "$2")" -ge "$1"
}
control() {
	if "$program" control -s unix:ctl.sock "$@" >control.out 2>&1; then
		return
	fi
	echo "FAILED  control $*"
	tail -n 5 control.out mm.log
	failed=$((failed + 1))
}
until_true "the workers" lines 1 '2 workers accept'
sessions "two workers, a child that the launcher starts" --expect=pass
for command in status milters metrics config; do
	control $command
done
control disable one
control enable one
until_true "the timer" lines 1 tick
echo 'manager.progress_interval = 7s' >>mm.conf
kill -HUP $daemon
until_true "a reload" lines 1 'configuration reloaded'
echo 'nonsense' >>mm.conf
kill -HUP $daemon
until_true "a reload that is refused" lines 1 'configuration in force stays'
cp good.conf mm.conf
control reload
until_true "the workers of two reloads" lines 3 '2 workers accept'
mv mm.log mm.old
kill -USR1 $daemon
until_true "the new log" test -e mm.log
sessions "after reloads" --expect=pass
control upgrade
until_true "the new process" lines 4 '2 workers accept'
wait $daemon
status=$?
pids="${pids% *} $(cat mm.number)"
sessions "after an upgrade" --expect=pass
kill -TERM "$(cat mm.number)"
until_true "the end" test ! -e mm.number
pids=${pids% *}
# Two daemons, two launchers, workers of four rounds.
whole() {
	test "$(cat all.*.log | grep -c 'ERROR SUMMARY: 0 errors')" -ge 12
}
any_fault() {
	cat all.*.log | grep 'ERROR SUMMARY' | grep -qv ': 0 errors'
}
ended() {
	whole || any_fault
}
until_true "every process" ended
if [ $status -eq 0 ] && ! any_fault && whole; then
	echo "ok      every process, from its start to its end"
	passed=$((passed + 1))
else
	echo "FAILED  valgrind, exit status of the first process $status"
	for log in all.*.log; do
		! grep 'ERROR SUMMARY' "$log" | grep -qv ': 0 errors' ||
		    cat "$log"
	done
	cat all.*.log | grep 'ERROR SUMMARY'
	tail -n 30 mm.log err.log
	failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
test $failed -eq 0
