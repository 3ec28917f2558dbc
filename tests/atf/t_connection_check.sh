#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_connection_check.sh - SMTP clients that leave while the MTA waits for a
# milter: what the system's table of TCP connections says, and what is done.

. "$(atf_get_srcdir)/h_session.sh"

check_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# pair [FAMILY]: a client and its MTA; $client and $server are their ports,
# "leave close" and "leave reset" what the client does then.
pair()
{

	[ -r /proc/net/tcp ] || [ "$(uname)" != Linux ] ||
	    atf_skip "there is no table of connections"
	rm -f pair.in pair.out
	mkfifo pair.in
	"$(atf_get_srcdir)/h_pair" "${1:-inet}" < pair.in > pair.out 2>&1 &
	echo $! >> pids
	exec 9> pair.in
	wait_for test -s pair.out
	read -r client server < pair.out
	[ -n "$server" ] || atf_skip "no ${1:-inet}"
}

leave()
{

	echo "$1" >&9
	wait_for grep -q left pair.out
}

# tarpit STAGE [LINE...]: a child that never answers there, and nobody else who
# would end the wait.
tarpit()
{

	t_stage=$1
	shift
	conf_begin 'manager.connection_check_interval = 100ms' \
	    'manager.command_deadline = 0' \
	    'manager.end_of_message_deadline = 0' "$@"
	conf_child a reading_timeout=300 end_of_message_timeout=300
	conf_child b reading_timeout=300
	child a -v
	child b -v --on="$t_stage=none"
	manager
}

# mta_at STAGE OPTION...: the MTA in the background, until b is asked.
mta_at()
{

	ma_stage=$1
	shift
	: > mta.out
	"$MM_PROGRAM" test-server -s unix:mm.sock -v --all-timeouts=100 \
	    --connect-address="inet:$client@[127.0.0.1]" "$@" \
	    > mta.out 2> mta.err &
	mta_pid=$!
	echo "$mta_pid" >> pids
	wait_for grep -q "$ma_stage" b.out
}

mta_end()
{

	wait "$mta_pid"
}

# looked STATE N: so many times at least the table said that.
looked()
{

	[ "$(grep -c "client_state=$1" mm.log)" -ge "$2" ]
}

check_case closed "a client that closes ends the wait of its session"
closed_body()
{

	pair
	tarpit rcpt
	mta_at envelope-recipient
	leave close
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	has mm.log 'its connection is half-closed'
	grep -qE '\[statistics\] \[session\]\[disconnected\]\[[0-9]+\.[0-9]+\]\([0-9]+\)' \
	    mm.log || atf_fail "no line of statistics"
	# The others have heard of it, and in order.
	has a.out 'SMFIC_ABORT'
	has a.out 'SMFIC_QUIT'
	has b.out 'SMFIC_ABORT'
	has b.out 'SMFIC_QUIT'
	stop_manager
}

check_case reset "so does one that resets, once its connection was seen"
reset_body()
{

	pair
	tarpit mail
	mta_at envelope-from --connect-macro=daemon_addr:127.0.0.1 \
	    --connect-macro="daemon_port:$server"
	wait_for looked open 1
	leave reset
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	has mm.log 'its connection is gone'
	stop_manager
}

check_case inet6 "the same over IPv6"
inet6_body()
{

	pair inet6
	tarpit rcpt
	mta_at envelope-recipient --connect-address="inet6:$client@[::1]" \
	    --connect-macro=daemon_addr:::1
	leave close
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	stop_manager
}


check_case content "at the end of a message, and in the middle of content"
content_body()
{

	pair
	tarpit eom
	mta_at 'end-of-message' -b 'text'
	leave close
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	has mm.log 'stage=eom verdict=tempfail the client has left'
	stop_manager
}

# One that says nothing of the session's client, and one that stays.
check_case stays "a client that stays is waited for, as is one that nobody knows"
stays_body()
{

	pair
	conf_begin 'manager.connection_check_interval = 50ms'
	conf_child b reading_timeout=300
	child b -v --on=rcpt=delay:1000:continue
	manager
	mta_at 'envelope-recipient'
	wait_for looked open 3
	mta_end
	lacks mta.out 'SMFIR_TEMPFAIL'
	lacks mm.log 'the client has left'
	# No row of the table is this one's.
	mta_at 'envelope-recipient' --connect-address='inet:1@[192.0.2.1]'
	wait_for looked unknown 3
	mta_end
	lacks mta.out 'SMFIR_TEMPFAIL'
	# A client without an address is not even looked for.
	: > mm.log
	check_mta --connect-address=unknown
	check_mta --connect-address=unix:/tmp/x
	lacks mm.log client_state
	lacks mm.log 'the client has left'
	stop_manager
}

check_case off "without an interval nothing is looked up"
off_body()
{

	pair
	conf_begin
	conf_child b
	child b --on=rcpt=delay:500:continue
	manager
	mta_at 'envelope-recipient'
	leave close
	mta_end
	lacks mta.out 'SMFIR_TEMPFAIL'
	lacks mm.log client_state
	stop_manager
}

# status WORD REPLY: what the MTA is told.
status()
{

	pair
	tarpit mail "manager.fallback_status_at_disconnect = \"$1\""
	mta_at 'envelope-from'
	leave close
	mta_end
	has mta.out "$2"
	stop_manager
	stop_all
}

check_case fallback "manager.fallback_status_at_disconnect is what the MTA is told"
fallback_body()
{

	status accept SMFIR_ACCEPT
	status reject SMFIR_REJECT
	status discard SMFIR_DISCARD
	status temporary-failure SMFIR_TEMPFAIL
	echo 'manager.fallback_status_at_disconnect = "quarantine"' > bad.conf
	atf_check -s exit:78 -e match:'bad.conf:1: .*"accept"' -o ignore \
	    "$MM_PROGRAM" -n -f bad.conf
}

# The rest of the session has the same answer, and a new session another one.
check_case later "the verdict holds for the session, and for no other one"
later_body()
{

	pair
	tarpit rcpt:1
	mta_at 'envelope-recipient' -r a@example.org -r b@example.org
	leave close
	mta_end
	ntimes mta.out '< SMFIR_TEMPFAIL' 2
	ntimes b.out envelope-recipient: 1
	# Of another client nothing is known, and it is waited for.
	mta_at 'envelope-recipient' --connect-address='inet:1@[192.0.2.1]'
	wait_for looked unknown 2
	ntimes mm.log 'the client has left' 1
	kill "$mta_pid"
	stop_manager
}

check_case checker "an expression has the last word"
checker_body()
{

	pair
	tarpit mail 'manager.connection_checker = (client_state != "half-closed"
	    or helo == "stay.example.net")'
	mta_at 'envelope-from' --helo-fqdn=stay.example.net
	leave close
	wait_for looked half-closed 3
	lacks mm.log 'the client has left'
	kill "$mta_pid"
	stop_manager
	stop_all
	# The other way round: it is gone though its connection is open.
	pair
	tarpit mail 'manager.connection_checker = macro("gone") != "yes"'
	mta_at 'envelope-from' --connect-macro=gone:yes
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	# Also when the client is not known to any table.
	mta_at 'envelope-from' --connect-macro=gone:yes \
	    --connect-address=unknown
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	has mm.log 'its connection is unknown'
	stop_manager
}

check_case unanswered "where the expression has no answer the client is there"
unanswered_body()
{

	pair
	tarpit mail 'table.T = "socketmap:unix:/nowhere/sock:map"' \
	    'manager.connection_checker = host in table.T'
	mta_at 'envelope-from'
	leave close
	wait_for grep -q 'connection_checker has no answer' mm.log
	wait_for looked half-closed 3
	ntimes mm.log 'connection_checker has no answer' 1
	lacks mm.log 'the client has left'
	kill "$mta_pid"
	stop_manager
}

check_case faults "what is no checker is told with its line"
faults_body()
{

	for f in 'recipient == "a"' 'client_state' 'client_stat == "open"' \
	    'host in table.T'; do
		echo "manager.connection_checker = $f" > bad.conf
		atf_check -s exit:78 -e match:'bad.conf:1: ' -o ignore \
		    "$MM_PROGRAM" -n -f bad.conf
	done
	echo 'condition.A.stop_on_helo = client_state == "open"' > bad.conf
	atf_check -s exit:78 -o ignore -e match:'bad.conf:1: .*client_state is known at connection_checker only' "$MM_PROGRAM" -n -f bad.conf
	printf '%s\n' 'manager.connection_check_interval = 5s' \
	    'manager.connection_checker = client_state == "open" or tls' \
	    > good.conf
	atf_check -o match:'^manager.connection_checker = client_state == .* tls$' \
	    "$MM_PROGRAM" --show-config -f good.conf
}

atf_test_case postfix cleanup
postfix_head()
{

	atf_set descr "through Postfix: a client hangs up during a tarpit"
	atf_set require.user root
	atf_set require.progs "postfix postconf"
	atf_set timeout 120
}

postfix_body()
{

	. "$(atf_get_srcdir)/h_milters.sh"
	. "$(atf_get_srcdir)/h_postfix.sh"
	[ -r /proc/net/tcp ] || [ "$(uname)" != Linux ] ||
	    atf_skip "there is no table of connections"
	hm_init "$(pwd -P)/w" "$(atf_get_srcdir)"
	HM_LOG_LEVEL=all
	hm_ports 4
	pf_setup alice
	mkdir milters
	chmod 777 milters
	child milters/b -v --on=rcpt=none --unix-socket-mode=0666
	echo "unix:$PWD/milters/b.sock" > "$HM_WORK/spec/b"
	hm_daemon mm "inet:$HM_PORT1@127.0.0.1" b \
	    'manager.connection_check_interval = 100ms' \
	    'manager.command_deadline = 0' 'milter.b.reading_timeout = 300'
	pf_listen "$HM_PORT2" "$(hm_list mm)"
	pf_start
	printf 'RCPT TO:<alice@example.org>\r\n' > rcpt
	printf '%s\n' '> EHLO client.example.net' \
	    '> MAIL FROM:<a@example.net>' 'raw rcpt' |
	    "$(hm_helper h_smtp)" "$HM_PORT2" > talk.out
	wait_for grep -q 'session.*disconnected' "$HM_WORK/mm.out"
	has "$HM_WORK/mm.out" 'client_state=half-closed'
	wait_for grep -q 'lost connection after RCPT' "$HM_WORK/pf/log/maillog"
	wait_for grep -q SMFIC_QUIT milters/b.out
	lacks "$HM_WORK/pf/log/maillog" warning
}

postfix_cleanup()
{

	. "$(atf_get_srcdir)/h_milters.sh"
	. "$(atf_get_srcdir)/h_postfix.sh"
	. "$(atf_get_srcdir)/h_session.sh"
	pf_stop "$(pwd -P)/w"
	hm_stop_all "$(pwd -P)/w"
	stop_all
}

check_case netstat "netstat is asked where the kernel's table is out of reach"
netstat_head()
{

	atf_set descr "netstat is asked where the kernel's table is out of reach"
	atf_set require.user root
	atf_set timeout 120
}
netstat_body()
{

	[ "$(uname)" = Linux ] || atf_skip "there is no /proc to be without"
	chmod 755 .
	pair
	# One who says what a BSD's says, with hostile lines before it.
	mkdir bin
	cat > bin/netstat <<-'END'
	#!/bin/sh
	echo "$0 $*" >> "${0%/*}/asked"
	cat "${0%/*}/table"
	END
	chmod 755 bin/netstat
	: > bin/asked
	chmod 666 bin/asked
	line="tcp4 0 0 127.0.0.1.$server 127.0.0.1.$client"
	{
		echo 'Active Internet connections'
		echo 'tcp4 0 0 *.25 *.* LISTEN'
		echo 'tcp 0 0 . .99999 ESTABLISHED'
		echo "$line ESTABLISHED"
	} > bin/table
	# Its root has no /proc; the launcher is outside.
	mkdir jail jail/tmp
	chmod 1777 jail/tmp
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
	tarpit_below jail
	PATH="$PWD/bin:$PATH" "$MM_PROGRAM" -d -f "$PWD/mm.conf" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} \
	    2> mm.log &
	echo $! >> pids
	echo $! > mm.pid
	wait_for grep -q 'listening on' mm.log
	: > mta.out
	"$MM_PROGRAM" test-server -s "unix:$PWD/mm.sock" -v \
	    --all-timeouts=100 --connect-address="inet:$client@[127.0.0.1]" \
	    > mta.out 2> mta.err &
	mta_pid=$!
	echo "$mta_pid" >> pids
	wait_for looked open 2
	has bin/asked 'netstat -n -W'
	sed 's/ESTABLISHED/CLOSE_WAIT/' bin/table > bin/new
	mv bin/new bin/table
	mta_end
	has mta.out 'SMFIR_TEMPFAIL'
	has mm.log 'its connection is half-closed'
	# Without it, that is told, once.
	rm bin/netstat
	printf '#!/bin/sh\nexit 3\n' > bin/netstat
	chmod 755 bin/netstat
	"$MM_PROGRAM" test-server -s "unix:$PWD/mm.sock" -v \
	    --all-timeouts=100 --connect-address="inet:$client@[127.0.0.1]" \
	    > mta.out 2> mta.err &
	echo $! >> pids
	wait_for grep -q 'cannot be read: exit status 3' mm.log
	wait_for looked unknown 3
	ntimes mm.log 'clients that leave are not noticed' 1
	stop_manager
}

# The tarpit at rcpt for a daemon that has that folder for its root.
tarpit_below()
{

	conf_begin 'manager.connection_check_interval = 100ms' \
	    'manager.command_deadline = 0' \
	    'manager.end_of_message_deadline = 0' \
	    'security.effective_user = "nobody"' \
	    "security.chroot = \"$PWD/$1\"" \
	    "manager.connection_spec = \"unix:$PWD/mm.sock\"" \
	    'manager.unix_socket_mode = 0666' \
	    'manager.shutdown_timeout = 1s' \
	    'milter.b.connection_spec = "unix:/b.sock"' \
	    'milter.b.reading_timeout = 300'
	"$MM_PROGRAM" test-client -s "unix:$PWD/$1/b.sock" -v \
	    --unix-socket-mode=0666 --ready-file=b.ready --on=rcpt=none \
	    > b.out 2> b.err &
	echo $! >> pids
	wait_for test -s b.ready
}

atf_init_test_cases()
{

	for tc in closed reset inet6 content stays off fallback later checker \
	    unanswered faults postfix netstat; do
		atf_add_test_case "$tc"
	done
}
