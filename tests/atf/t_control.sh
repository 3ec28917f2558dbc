#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_control.sh - the control socket: what can be asked for, with curl and with
# its own client, and what it does to sessions.

. "$(atf_get_srcdir)/h_session.sh"

# control_case NAME DESCRIPTION [PROGRAM ...]
control_case()
{

	atf_test_case "$1" cleanup
	cc_case=$1
	cc_head="atf_set descr \"$2\"; atf_set timeout 120;"
	shift 2
	[ $# -eq 0 ] || cc_head="$cc_head atf_set require.progs \"$*\";"
	eval "${cc_case}_head() { $cc_head }"
	eval "${cc_case}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# A configuration with a control socket and one child.
begin()
{

	conf_begin 'controller.connection_spec = "unix:ctl.sock"' "$@"
	conf_child one
	child one
}

# ask PATH [CURL'S OPTIONS]: the body in out, the status printed to status.
ask()
{

	a_path=$1
	shift
	curl -sS --max-time 30 --unix-socket ctl.sock -o out -w '%{http_code}' \
	    "$@" "http://localhost$a_path" > status 2> curl.err ||
	    atf_fail "curl $a_path: $(cat curl.err)"
}

# expect STATUS PATH [OPTIONS]
expect()
{

	e_status=$1
	shift
	ask "$@"
	[ "$(cat status)" = "$e_status" ] || {
		cat out >&2
		atf_fail "status $(cat status), expected $e_status: $*"
	}
}

# ctl STATUS ARGUMENTS: the client; output in ctl.out, ctl.err.
ctl()
{

	ct_status=$1
	shift
	"$MM_PROGRAM" control "$@" > ctl.out 2> ctl.err
	ct_found=$?
	[ $ct_found -eq "$ct_status" ] || {
		cat ctl.out ctl.err >&2
		atf_fail "exit status $ct_found, expected $ct_status: $*"
	}
}

control_case reads "What can be read: state, metrics, health, configuration" \
    curl
reads_body()
{

	begin 'database.password = "hush"' \
	    'milter.off.connection_spec = "inet:9"' \
	    'milter.off.enabled = false'
	manager
	check_mta
	wait_for grep -q 'session closed' mm.log
	expect 200 /status
	has out '"version": "'
	has out '"state": "accepting"'
	has out '"running": 0'
	has out '"configuration": "'"$(pwd -P)"'/mm.conf"'
	has out '"name": "one"'
	has out '"connection_spec": ["unix:one.sock"]'
	has out '"state": "off"'
	has out '"connections": 1'
	has out '"sessions": []}'
	expect 200 /milters
	has out '[{"name": "off"'
	expect 200 /metrics
	has out 'milter_manager_child_dials_total{child="one"} 1'
	has out 'milter_manager_child_dials_total{child="off"} 0'
	has out 'milter_manager_child_reply_seconds_bucket{child="one",le="+Inf"}'
	has out 'milter_manager_condition_asked_total{condition="S25R"} 0'
	has out 'milter_manager_messages_total{status="'
	expect 200 /healthz
	atf_check -o inline:"ok\n" cat out
	expect 200 /config
	has out 'milter.one.connection_spec = "unix:one.sock"'
	has out '# hidden: database.password ='
	lacks out hush
	# What is shown is a configuration.
	atf_check -o ignore -e ignore "$MM_PROGRAM" -n -f out
	# HEAD has the same head and no body.
	curl -sS --max-time 30 --unix-socket ctl.sock -I \
	    http://localhost/healthz > head.out
	has head.out '200 OK'
	has head.out 'Content-Length: 3'
	stop_manager
	atf_check test ! -e ctl.sock
}

control_case statuses "What cannot be is told by its status" curl
statuses_body()
{

	begin
	manager
	expect 404 /
	expect 404 /nothing
	expect 404 /status/
	expect 404 /config/custom
	expect 404 /milters/one
	expect 404 /milters//enable -X POST
	expect 404 /milters/one/two/enable -X POST
	expect 404 /milters/none/enable -X POST
	expect 404 /milters/on%zz/enable -X POST
	expect 501 /status -X BREW
	for c_path in /status /metrics /healthz /milters; do
		expect 405 $c_path -X POST
		expect 405 $c_path -X PUT -d x
	done
	for c_path in /reload /stop /upgrade /log-level /milters/one/enable; do
		expect 405 $c_path
	done
	ask /config -X POST -D head.out
	has head.out 'Allow: GET, HEAD, PUT'
	expect 411 /config -T - -H 'Expect:' < /dev/null
	expect 417 /status -H 'Expect: everything'
	expect 413 /reload -X POST -H 'Content-Length: 5000' -d x
	expect 403 /stop -X POST -H 'Origin: http://evil.example'
	expect 403 /stop -X POST -H 'Origin: null'
	expect 422 /log-level -X POST
	expect 422 '/log-level?level=loud' -X POST
	expect 200 /log-level -X POST -H 'Origin: http://localhost' -d all
	expect 200 /healthz
}

control_case reloads "A reload answers with the faults, and keeps what was" curl
reloads_body()
{

	begin
	manager
	expect 200 /reload -X POST
	atf_check -o inline:"reloaded\n" cat out
	echo 'milter.one.enabled = maybe' >> mm.conf
	expect 422 /reload -X POST
	has out 'mm.conf:6: milter.one.enabled: found'
	has out 'the configuration in force stays'
	check_mta
	# The socket moves, and one that cannot be had leaves all as it is.
	sed -e '/maybe/d' -e 's/ctl.sock/moved.sock/' mm.conf > new.conf
	cat new.conf > mm.conf
	expect 200 /reload -X POST
	atf_check test ! -e ctl.sock
	mv moved.sock ctl.sock
	sed 's/moved.sock/no-folder\/x.sock/' mm.conf > new.conf
	cat new.conf > mm.conf
	expect 422 /reload -X POST
	has out 'no-folder/x.sock'
	expect 200 /healthz
	# Without one there is none.
	sed '/^controller/d' mm.conf > new.conf
	cat new.conf > mm.conf
	expect 200 /reload -X POST
	wait_for sh -c '! curl -s --unix-socket ctl.sock http://localhost/'
	check_mta
	stop_manager
}

control_case children "A child is taken out, and comes back, for new sessions" \
    curl
children_body()
{

	conf_begin 'controller.connection_spec = "unix:ctl.sock"'
	conf_child one
	conf_child two
	echo 'milter."a b/ü".connection_spec = "unix:two.sock"' >> mm.conf
	child one --on=rcpt=reject
	child two
	manager
	mta > /dev/null
	n=$(grep -c negotiate one.out)
	expect 200 /milters/one/disable -X POST
	mta > /dev/null
	[ "$(grep -c negotiate one.out)" -eq "$n" ] || atf_fail "it was still asked"
	expect 200 /metrics
	has out 'milter_manager_child_disabled{child="one"} 1'
	has out 'milter_manager_child_disabled{child="two"} 0'
	has out 'child_disabled{child="a b/ü"} 0'
	# By name, over a reload.
	expect 200 /reload -X POST
	mta > /dev/null
	[ "$(grep -c negotiate one.out)" -eq "$n" ] || atf_fail "it came back"
	expect 200 /milters/one/enable -X POST
	mta > /dev/null
	[ "$(grep -c negotiate one.out)" -gt "$n" ] || atf_fail "it did not come back"
	expect 200 /milters/a%20b%2f%C3%BC/disable -X POST
	expect 200 /milters
	has out '"state": "disabled"'
}

control_case sessions "Open sessions are listed, with what they wait for" curl
sessions_body()
{

	conf_begin 'controller.connection_spec = "unix:ctl.sock"'
	conf_child slow 'reading_timeout=60'
	child slow --on=rcpt=none
	manager
	"$MM_PROGRAM" test-server -s unix:mm.sock --all-timeouts=100 \
	    > held.out 2>&1 &
	echo $! >> pids
	listed() {
		ask /status
		grep -q '"stage": "rcpt"' out && grep -q '"for": "reply"' out
	}
	wait_for listed
	has out '"child": "slow"'
	ctl 0 status -f mm.conf
	has ctl.out 'rcpt'
	has ctl.out 'reply slow'
}

control_case keeps "A custom configuration is checked, kept and read" curl
keeps_body()
{

	begin
	manager
	echo 'milter.one.enabled = false' > good
	expect 409 /config -T good
	has out 'manager.custom_configuration_directory'
	mkdir custom
	echo "manager.custom_configuration_directory = \"$PWD/custom\"" >> mm.conf
	file=custom/milter-manager.custom.conf
	expect 200 /reload -X POST
	expect 404 /config/custom
	expect 200 /config -T good
	atf_check -o file:good cat $file
	atf_check -o match:'^-rw-------' ls -l $file
	expect 200 /config/custom
	atf_check -o file:good cat out
	# Not in force before the next reload.
	expect 200 /milters
	has out '"state": "on"'
	expect 200 /reload -X POST
	expect 200 /milters
	has out '"state": "off"'
	# What is bad, and what gives more rights, leaves the file alone.
	printf 'nonsense\nmilter.one.command = "/bin/sh"\n' > bad
	expect 422 /config -T bad
	has out 'custom.conf:1: nonsense'
	has out 'custom.conf:2: milter.one.command: only the main'
	atf_check -o file:good cat $file
	# Together with the main file only: here a condition of neither.
	echo 'milter.one.applicable_conditions = ["No Such"]' > bad
	expect 422 /config -T bad
	has out 'No Such'
	printf 'a\0b' > bad
	expect 422 /config --data-binary @bad -X PUT
	dd if=/dev/zero bs=1024 count=1100 2> /dev/null | tr '\0' '#' > large
	expect 413 /config -T large
	head -c 1000000 large > most
	expect 200 /config -T most
	# At once, if one asks for that.
	echo 'milter.one.description = "new"' > good
	expect 200 '/config?reload=1' -T good
	expect 200 /milters
	has out '"description": "new"'
	expect 200 /config -X PUT -H 'Content-Length: 0'
	expect 200 /config/custom
	atf_check test ! -s out
	# At the next start it is read, too.
	cp good $file
	stop_manager
	manager
	expect 200 /milters
	has out '"description": "new"'
	# A folder that cannot be written to; nothing is left behind in one.
	atf_check -o inline:"milter-manager.custom.conf\n" ls -A custom
	mv custom elsewhere
	expect 500 /config -T good
	has out 'No such file'
}

control_case port "A port wants a token, and to be called by its name" curl
port_body()
{

	port=$("$(atf_get_srcdir)/h_port" free 1)
	conf_begin "controller.connection_spec = \"inet:$port@[127.0.0.1]\"" \
	    "controller.token_file = \"$PWD/token\""
	conf_child one
	child one
	# A token that everybody reads, none, a short one.
	echo 0123456789abcdef > token
	chmod 604 token
	atf_check -s exit:69 -e match:'everybody can read it' \
	    "$MM_PROGRAM" -d -f mm.conf
	chmod 600 token
	echo 0123456789abcde > token
	atf_check -s exit:69 -e match:'16 to 512 characters' \
	    "$MM_PROGRAM" -d -f mm.conf
	rm token
	atf_check -s exit:69 -e match:'controller.token_file' \
	    "$MM_PROGRAM" -d -f mm.conf
	(umask 077; echo 0123456789abcdef > token)
	manager
	url="http://127.0.0.1:$port"
	try() {
		t_status=$1
		shift
		t_found=$(curl -sS --max-time 30 -o out -D head.out \
		    -w '%{http_code}' "$@")
		[ "$t_found" = "$t_status" ] ||
		    atf_fail "status $t_found, expected $t_status: $*"
	}
	good='Authorization: Bearer 0123456789abcdef'
	try 401 "$url/status"
	has head.out 'WWW-Authenticate: Bearer realm='
	for wrong in 'Bearer 0123456789abcdee' 'Bearer 0123456789abcde' \
	    'Bearer 0123456789abcdeff' 'Bearer' 'Bearer ' \
	    'Basic 0123456789abcdef' '0123456789abcdef'; do
		try 401 -H "Authorization: $wrong" "$url/stop" -X POST
	done
	try 400 -H "$good" -H "$good" "$url/status"
	try 200 -H "$good" "$url/healthz"
	try 200 -H 'authorization: bearer  0123456789abcdef' "$url/healthz"
	# Names that a browser could be led here by.
	for host in evil.example "evil.example:$port" localhost.evil.example \
	    127.0.0.1.evil 'localhost:x' '127.0.0.2'; do
		try 421 -H "$good" -H "Host: $host" "$url/healthz"
	done
	for host in localhost LOCALHOST "localhost:$port" 127.0.0.1 \
	    "[::1]:$port" '[::1]'; do
		try 200 -H "$good" -H "Host: $host" "$url/healthz"
	done
	try 403 -H "$good" -H 'Origin: http://evil.example' -X POST "$url/stop"
	try 200 -H "$good" -H "Origin: http://127.0.0.1:$port" -X POST \
	    "$url/reload"
	# The client finds both in the configuration, or is told.
	ctl 0 health -f mm.conf
	ctl 0 -s "inet:$port@[127.0.0.1]" --token-file=token health
	ctl 77 -s "inet:$port@[127.0.0.1]" health
	has ctl.err 'token'
	# The token is read anew by a reload; a bad one is a fault.
	echo fedcba9876543210 > token
	try 200 -H "$good" -X POST "$url/reload"
	try 401 -H "$good" "$url/healthz"
	ctl 0 health -f mm.conf
	chmod 644 token
	ctl 78 reload -f mm.conf
	has ctl.err 'everybody can read it'
	ctl 0 health -f mm.conf
	stop_manager
}

control_case client "Its client: tables, JSON, exit statuses"
client_body()
{

	begin "manager.custom_configuration_directory = \"$PWD\""
	ctl 69 status -f mm.conf
	manager
	check_mta
	ctl 0 status -f mm.conf
	has ctl.out 'MILTER'
	has ctl.out 'one '
	has ctl.out "process $(cat mm.pid)"
	expand ctl.out | grep -v '^configuration' | awk 'length > 79' > long
	atf_check test ! -s long
	ctl 0 --json -s unix:ctl.sock status
	has ctl.out '{"version": '
	ctl 0 milters -s unix:ctl.sock
	has ctl.out 'MILTER'
	ctl 0 health -f mm.conf
	ctl 0 metrics -f mm.conf
	has ctl.out '# TYPE milter_manager_'
	ctl 0 config -f mm.conf
	has ctl.out 'milter.one.connection_spec'
	ctl 0 disable one -f mm.conf
	ctl 0 milters -f mm.conf
	has ctl.out disabled
	ctl 0 enable one -f mm.conf
	ctl 1 enable 'o/ne%' -f mm.conf
	ctl 0 log-level -f mm.conf -- -info
	has mm.log 'control: log.level is'
	ctl 78 log-level loud -f mm.conf
	echo 'milter.one.description = "d"' > p
	ctl 0 put p --reload -f mm.conf
	ctl 0 custom -f mm.conf
	atf_check -o file:p cat ctl.out
	atf_check -o ignore -x "\"$MM_PROGRAM\" control put - -f mm.conf < p"
	ctl 66 put none -f mm.conf
	ctl 0 milters -s unix:ctl.sock
	[ "$(head -c 6 ctl.out)" = MILTER ] || atf_fail "a line before it"
	# A socket with something else behind it.
	ctl 76 health -s unix:one.sock
	has ctl.err 'not an answer of milter-manager'
	for w in '' 'bogus' 'enable' 'status more' '--interval=0 top' '--bogus'
	do
		# shellcheck disable=SC2086
		ctl 64 $w
	done
	ctl 0 --help
	ctl 0 --version
	echo 'nonsense' >> mm.conf
	ctl 78 reload -f mm.conf
	has ctl.err 'mm.conf:'
	# top goes on until it is ended.
	"$MM_PROGRAM" top -s unix:ctl.sock -i 100ms > top.out 2> top.err &
	top=$!
	echo $top >> pids
	wait_for sh -c 'test "$(grep -c ^MILTER top.out)" -ge 3'
	lacks top.out "$(printf '\033')"
	kill -INT $top 2> /dev/null
	kill -TERM $top
	wait $top || atf_fail "top's exit status is $?"
	ctl 0 stop -f mm.conf
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
	ctl 78 status -f /dev/null
	has ctl.err 'controller.connection_spec'
}

# As it is after an upgrade: the number is another process's, who serves.
upgraded()
{

	[ -s mm.number ] && [ "$(cat mm.number)" != "$1" ]
}

control_case upgrades "control upgrade: another process takes over, and says so"
upgrades_body()
{

	begin "manager.pid_file = \"$PWD/mm.number\""
	manager
	wait_for test -s mm.number
	old=$(cat mm.number)
	ctl 0 upgrade -f mm.conf
	atf_check -o inline:"a new process has taken over\n" cat ctl.out
	wait_for upgraded "$old"
	new=$(cat mm.number)
	echo "$new" >> pids
	wait "$old" || atf_fail "the old process's exit status is $?"
	check_mta --expect=pass
	ctl 0 status -f mm.conf
	has ctl.out "process $new"
	# One that cannot start is the answer, and who serves goes on.
	echo 'nonsense' >> mm.conf
	ctl 1 upgrade -f mm.conf
	has ctl.err 'upgrade: 500: '
	has ctl.err 'mm.conf'
	atf_check_equal "$new" "$(cat mm.number)"
	check_mta --expect=pass
	ctl 0 stop -f mm.conf
	wait_for test ! -e mm.number
	atf_check test ! -e ctl.sock
}

control_case workers "With workers it is the same: the daemon asks them" curl
workers_body()
{

	conf_begin 'controller.connection_spec = "unix:'"$PWD"'/ctl.sock"' \
	    'manager.n_workers = 2'
	conf_child one
	conf_child two
	child one
	child two --on=rcpt=none
	manager
	check_workers() {
		ask /status
		grep -q '"workers": 2' out
	}
	wait_for check_workers
	expect 200 /milters/two/disable -X POST
	mta --sessions=4 > /dev/null || atf_fail "two was asked"
	expect 200 /milters/two/enable -X POST
	"$MM_PROGRAM" test-server -s unix:mm.sock --all-timeouts=100 \
	    > held.out 2>&1 &
	echo $! >> pids
	listed() {
		ask /status
		grep -q '"for": "reply", "child": "two"' out
	}
	wait_for listed
	expect 200 /metrics
	has out 'milter_manager_sessions 1'
	has out 'milter_manager_child_dials_total{child="two"} 1'
	has out 'milter_manager_child_dials_total{child="one"} 5'
	ctl 0 status -f mm.conf
	has ctl.out 'workers        2, and 0 that end'
	expect 200 /reload -X POST
	expect 200 /log-level -X POST -d all
	# None of them has the control socket.
	held_by() {
		find /proc/[0-9]*/fd -lname "socket:.$1." 2> /dev/null |
		    grep -c .
	}
	if [ -r /proc/net/unix ]; then
		inode=$(awk -v at="$PWD/ctl.sock" '
		    $8 == at && $4 == "00010000" { print $7 }' \
		    /proc/net/unix)
		[ -z "$inode" ] || [ "$(held_by "$inode")" -le 1 ] ||
		    atf_fail "the control socket is held by $(held_by \
		    "$inode") processes"
	fi
	expect 200 /stop -X POST
}

control_case stops "Asked to stop it finishes its sessions, and says so" curl
stops_body()
{

	conf_begin 'controller.connection_spec = "unix:ctl.sock"'
	conf_child one
	child one --on=rcpt=delay:3000:continue
	manager
	"$MM_PROGRAM" test-server -s unix:mm.sock --all-timeouts=100 \
	    --expect=pass > held.out 2>&1 &
	held=$!
	echo $held >> pids
	running() {
		ask /status
		grep -q '"running": 1' out
	}
	wait_for running
	expect 200 /stop -X POST
	has out stopping
	expect 503 /healthz
	expect 200 /status
	has out '"state": "stopping"'
	wait $held || atf_fail "the session: $(cat held.out)"
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
	atf_check test ! -e ctl.sock
}

control_case socket "The socket has its mode, and is opened at the start"
socket_body()
{

	begin 'controller.unix_socket_mode = 0600'
	manager
	atf_check -o match:'^srw-------' ls -l ctl.sock
	stop_manager
	# Somebody else's socket, or file, is left alone.
	rm -f ctl.sock
	echo keep > ctl.sock
	atf_check -s exit:69 -e match:'ctl.sock' "$MM_PROGRAM" -d -f mm.conf
	atf_check -o inline:"keep\n" cat ctl.sock
}

atf_init_test_cases()
{

	for case in reads statuses reloads children sessions keeps port \
	    client upgrades workers stops socket; do
		atf_add_test_case $case
	done
}
