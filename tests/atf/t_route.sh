#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_route.sh - children with several addresses, behind a SOCKS5 proxy, and those
# that are left alone because they failed too often.

. "$(atf_get_srcdir)/h_session.sh"

route_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# hold STEP...: an MTA in the background (h_mta.c), its number in $held.
hold()
{

	"$(atf_get_srcdir)/h_mta" mm.sock "$@" >> hold.out 2>&1 &
	held=$!
	echo $held >> pids
}

# saw NAME N: the child NAME has been connected to so often.
saw()
{

	test "$(grep -c '^> SMFIC_OPTNEG' "$1.out")" -eq "$2"
}

# down NAME: the child ends, and its socket goes.
down()
{

	kill "$(cat "$1.pid")"
	wait_for test ! -S "$1.sock"
}

reloaded()
{

	test "$(grep -c 'configuration reloaded' mm.log)" -gt "$1"
}

# reload: what is in mm.conf now is in force.
reload()
{

	rl_n=$(grep -c 'configuration reloaded' mm.log)
	kill -HUP "$(cat mm.pid)"
	wait_for reloaded "$rl_n"
}

# set_retry TIME: the same configuration but for this, and reloaded.
set_retry()
{

	sed "s/retry_interval = .*/retry_interval = $1/" mm.conf > mm.conf.new
	mv mm.conf.new mm.conf
	reload
}

# --- several addresses ------------------------------------------------------

# a_list OPTION...: the child a at a1, a2 and a3.
a_list()
{

	conf_begin
	{
		echo 'milter.a.connection_spec = ["unix:a1.sock",'
		echo '    "unix:a2.sock"]'
		echo 'milter.a.connection_spec += "unix:a3.sock"'
		echo 'milter.a.fallback_status = "reject"'
		for al_line in "$@"; do
			echo "milter.a.$al_line"
		done
	} >> mm.conf
}

a1_again()
{

	mta --expect=pass > /dev/null && saw a1 1
}

route_case failover "the first address that accepts, and the first again when it is back"
failover_body()
{

	a_list
	child a1 -v
	child a2 -v
	manager
	check_mta --expect=pass
	check_mta --expect=pass
	saw a1 2 || atf_fail 'not to the first'
	saw a2 0 || atf_fail 'to the second'
	down a1
	check_mta --expect=pass
	saw a2 1 || atf_fail 'not to the second'
	# Told once, so that somebody sees to it before the second is down, too.
	check_mta --expect=pass
	ntimes mm.log 'target=unix:a1.sock comes last for now: No such file or' 1
	lacks mm.log 'works again'
	# Back, and used when it has been away for long enough.
	child a1 -v
	wait_for a1_again
	ntimes mm.log 'target=unix:a1.sock works again' 1
	down a1
	down a2
	# None: all are told, in one line.
	check_mta --expect=reject
	ntimes mm.log 'fallback=reject' 1
	has mm.log 'unix:a1.sock: No such file or directory; '
	has mm.log 'unix:a2.sock: No such file or directory'
	has mm.log 'unix:a3.sock: No such file or directory'
	stop_manager
}

route_case no_milter "an address that accepts but does not negotiate comes last, too"
no_milter_body()
{

	a_list
	child a1 -v --on=negotiate=close
	child a2 -v
	manager
	check_mta --expect=reject
	check_mta --expect=pass
	check_mta --expect=pass
	saw a1 1 || atf_fail 'the first was asked again'
	saw a2 2 || atf_fail 'not to the second'
	ntimes mm.log 'target=unix:a1.sock comes last for now: did not negotiate' 1
}

route_case round_robin "the sessions go round three addresses"
round_robin_body()
{

	a_list 'balance = "round-robin"'
	for name in a1 a2 a3; do
		child $name -v
	done
	manager
	check_mta --expect=pass --sessions=9
	for name in a1 a2 a3; do
		saw $name 3 || atf_fail "$name does not have 3 of 9"
	done
	# The others take what one of them does not.
	down a2
	check_mta --expect=pass --sessions=8
	test $(($(grep -c '^> SMFIC_OPTNEG' a1.out) +
	    $(grep -c '^> SMFIC_OPTNEG' a3.out))) -eq 14 ||
	    atf_fail 'a session is lost'
	lacks mm.log 'fallback='
	stop_manager
}

route_case least_busy "a session goes where the fewest are, and a reload does not forget them"
least_busy_body()
{

	a_list 'balance = "least-busy"'
	for name in a1 a2 a3; do
		child $name -v
	done
	manager
	# One at a time they all go to the first.
	check_mta --expect=pass --sessions=3
	saw a1 3 || atf_fail 'not to the first'
	hold C=c wait:go1
	first=$held
	wait_for saw a1 4
	hold C=c wait:go2
	wait_for saw a2 1
	hold C=c wait:go2
	wait_for saw a3 1
	hold C=c wait:go2
	wait_for saw a1 5
	reload
	check_mta --expect=pass
	saw a2 2 || atf_fail 'the reload has forgotten a session'
	hold C=c wait:go2
	wait_for saw a2 3
	# 2, 2, 1.
	check_mta --expect=pass
	saw a3 2 || atf_fail 'not to the least busy one'
	# With one less the first is as good as the third.
	echo now > go1
	wait "$first" || atf_fail "$(cat hold.out)"
	check_mta --expect=pass
	saw a1 6 || atf_fail 'not to the first of the least busy'
	echo now > go2
	wait "$held" || atf_fail "$(cat hold.out)"
	stop_manager
	lacks mm.log 'fallback='
}

route_case mixed "a name that cannot be looked up does not hold up the other entries"
mixed_body()
{

	conf_begin
	{
		echo 'milter.a.connection_spec = ["inet:8891@no.invalid",'
		echo '    "unix:a.sock"]'
		echo 'milter.a.fallback_status = "reject"'
	} >> mm.conf
	child a -v
	manager
	check_mta --expect=pass
	down a
	check_mta --expect=reject
	has mm.log 'unix:a.sock: No such file or directory; inet:8891@no.invalid: '
	stop_manager
}

# --- SOCKS5 -----------------------------------------------------------------

# proxy OPTION...: its port is in $port, what it was asked for in socks.out.
proxy()
{

	rm -f socks.ready
	"$(atf_get_srcdir)/h_socks" "$@" socks.ready > socks.out 2> socks.err &
	echo $! >> pids
	echo $! > socks.pid
	wait_for test -s socks.ready
	port=$(cat socks.ready)
}

# behind HOST OPTION...: the child a at HOST, reached through the proxy.
behind()
{

	bh_host=$1
	shift
	conf_begin
	{
		echo "milter.a.connection_spec = \"inet:$a_port@$bh_host\""
		echo "milter.a.socks = \"inet:$port@127.0.0.1\""
		echo 'milter.a.fallback_status = "reject"'
		for bh_line in "$@"; do
			echo "milter.a.$bh_line"
		done
	} >> mm.conf
}

# inet_child OPTION...: the child a on a free port, in $a_port.
inet_child()
{

	"$MM_PROGRAM" test-client -s inet:0@127.0.0.1 --ready-file=a.ready \
	    "$@" > a.out 2> a.err &
	echo $! >> pids
	wait_for test -s a.ready
	a_port=$(sed 's/^inet:\([0-9]*\).*/\1/' a.ready)
}

route_case socks "a child behind a proxy, by its name or its address"
socks_body()
{

	inet_child -v --edit='add-header X-A: a'
	proxy -s
	behind milter.invalid
	manager
	check_mta --expect=pass -v
	has mta.out '< SMFIR_ADDHEADER <X-A> <a>'
	ntimes socks.out "name milter.invalid $a_port" 1
	behind 127.0.0.1
	reload
	check_mta --expect=pass --sessions=3 --concurrency=3
	ntimes socks.out "ipv4 127.0.0.1 $a_port" 3
	behind '[::1]'
	sed 's/inet:\(.*@\[::\)/inet6:\1/' mm.conf > mm.new
	mv mm.new mm.conf
	reload
	check_mta --expect=pass
	ntimes socks.out "ipv6 ::1 $a_port" 1
	stop_manager
	# Nothing was looked up here.
	lacks mm.log 'look-up'
}

route_case socks_user "a proxy that wants a user and a password"
socks_user_body()
{

	inet_child -v
	proxy -u me:geheim
	behind milter.invalid 'socks_user = "me"' 'socks_password = "geheim"'
	manager
	check_mta --expect=pass
	ntimes socks.out "name milter.invalid $a_port user=me" 1
	sed 's/geheim/falsch/' mm.conf > mm.new
	mv mm.new mm.conf
	reload
	check_mta --expect=reject
	has mm.log "through inet:$port@[127.0.0.1]: SOCKS: the proxy refused the user or the password"
	grep -v 'socks_user\|socks_password' mm.conf > mm.new
	mv mm.new mm.conf
	reload
	check_mta --expect=reject
	has mm.log "through inet:$port@[127.0.0.1]: SOCKS: the proxy wants a user and a password"
	echo 'milter.a.socks_password = falsch' >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'the new one has errors' mm.log
	lacks mm.log 'geheim'
	lacks mm.log 'falsch'
	stop_manager
}

route_case socks_fails "what a proxy says when it fails is told with its name"
socks_fails_body()
{

	a_port=1
	proxy -r 2
	behind milter.invalid
	manager
	check_mta --expect=reject
	has mm.log "cannot connect to inet:1@milter.invalid through inet:$port@[127.0.0.1]: SOCKS: not allowed by the rules of the proxy"
	kill "$(cat socks.pid)"
	proxy
	behind 127.0.0.1
	reload
	check_mta --expect=reject
	has mm.log "inet:$port@[127.0.0.1]: SOCKS: connection refused by the destination"
	kill "$(cat socks.pid)"
	wait "$(cat socks.pid)" 2>/dev/null
	check_mta --expect=reject
	has mm.log "cannot connect to inet:$port@[127.0.0.1]: SOCKS: no connection to the proxy: Connection refused"
	stop_manager
}

route_case silent "an address that says nothing leaves time for the next one, and comes last then"
silent_body()
{

	inet_child -v
	proxy -m 1
	behind b.invalid 'connection_spec = "inet:1@a.invalid"' \
	    "connection_spec += \"inet:$a_port@b.invalid\""
	# The default of connection_timeout is much longer.
	echo 'manager.command_deadline = 2s' >> mm.conf
	manager
	check_mta --expect=pass
	ntimes socks.out 'name a.invalid 1' 1
	ntimes socks.out 'name b.invalid' 1
	# Nor has the deadline to find that out twice.
	check_mta --expect=pass
	ntimes socks.out 'name a.invalid 1' 1
	stop_manager
	lacks mm.log 'fallback='
}

route_case silent_deadline "a dial that the deadline of the chain ends is a failure"
silent_deadline_body()
{

	proxy -m 1
	conf_begin 'manager.command_deadline = 300ms'
	{
		echo "milter.a.connection_spec = \"inet:1@[127.0.0.1]\""
		echo "milter.a.socks = \"inet:$port@127.0.0.1\""
		echo 'milter.a.fallback_status = "temporary-failure"'
		echo 'milter.a.max_failures = 1'
	} >> mm.conf
	manager
	check_mta --expect=temporary-failure
	has mm.log 'reason=not done within manager.command_deadline'
	ntimes mm.log 'breaker=open' 1
	stop_manager
}

# --- the breaker ------------------------------------------------------------

route_case breaker "after so many failures it is left alone, tried by one session, and used again"
breaker_body()
{

	conf_begin
	conf_child a 'fallback_status="temporary-failure"' max_failures=3 \
	    retry_interval=1d
	conf_child b
	child b -v
	manager
	check_mta --sessions=5 --expect=temporary-failure
	ntimes mm.log 'child=a stage=negotiate fallback=temporary-failure reason=cannot connect' 3
	ntimes mm.log 'child=a breaker=open: 3 failures in a row, next try in 86400000 ms' 1
	ntimes mm.log 'fallback=temporary-failure reason=not dialled, 3 failures in a row' 2
	# The other one is dialled as before.
	saw b 5 || atf_fail 'b is not'
	# There, and still left alone, over a reload.
	child a -v
	reload
	check_mta --expect=temporary-failure
	saw a 0 || atf_fail 'a was dialled'
	ntimes mm.log 'reason=not dialled' 3
	set_retry 1ms
	check_mta --expect=pass --sessions=3
	saw a 3 || atf_fail 'a was not dialled'
	ntimes mm.log 'child=a breaker=probe' 1
	ntimes mm.log 'child=a breaker=closed: it works again' 1
	ntimes mm.log 'breaker=open' 1
	# The row begins anew.
	set_retry 1d
	down a
	check_mta --sessions=4 --expect=temporary-failure
	ntimes mm.log 'breaker=open' 2
	ntimes mm.log 'reason=not dialled' 4
	# Switched off: it is dialled, and nobody says that it works.
	sed 's/max_failures = 3/max_failures = 0/' mm.conf > mm.new
	mv mm.new mm.conf
	reload
	check_mta --expect=temporary-failure
	ntimes mm.log 'child=a breaker=closed: max_failures is 0 now' 1
	ntimes mm.log 'reason=not dialled' 4
	ntimes mm.log 'it works again' 1
	# Elsewhere, nothing is known of it.
	sed 's/unix:a.sock/unix:b.sock/' mm.conf > mm.new
	echo 'milter.a.max_failures = 1' >> mm.new
	mv mm.new mm.conf
	reload
	check_mta --expect=pass
	down b
	check_mta --expect=temporary-failure --sessions=2
	has mm.log 'child=a breaker=open: 1 failure in a row, next try'
	has mm.log 'reason=not dialled, 1 failure in a row, next try'
	stop_manager
}

route_case breaker_off "by default a child is dialled each time"
breaker_off_body()
{

	conf_begin
	conf_child a
	manager
	check_mta --sessions=20
	stop_manager
	# A warning that repeats is counted, all 20 of them.
	n=$(sed -n 's/.*repeated \([0-9]*\) times: .*reason=cannot connect.*/\1/p' \
	    mm.log | awk '{ n += $1 } END { print n + 0 }')
	ntimes mm.log ' fallback=accept reason=cannot connect' \
	    $((20 - n + $(grep -c ' repeated .*reason=cannot connect' mm.log)))
	ntimes mm.log '[milter][end]' 20
	lacks mm.log 'breaker='
}

route_case breaker_eom "a child that negotiates and never ends a message is left alone, too"
breaker_eom_body()
{

	conf_begin
	conf_child a 'fallback_status="reject"' max_failures=2 \
	    retry_interval=1d end_of_message_timeout=100ms
	child a -v --on=eom=none
	manager
	check_mta --expect=reject
	# What ends before a message proves nothing.
	mta --close-after=rcpt > /dev/null
	check_mta --expect=reject
	ntimes mm.log 'child=a stage=eom fallback=reject reason=no reply within 100 ms' 2
	ntimes mm.log 'child=a breaker=open: 2 failures' 1
	check_mta --expect=reject
	saw a 3 || atf_fail 'it was dialled again'
	# A probe: it negotiates and fails as before.
	set_retry 1ms
	check_mta --expect=reject
	saw a 4 || atf_fail 'no probe'
	ntimes mm.log 'reason=no reply within 100 ms' 3
	set_retry 1d
	check_mta --expect=reject
	saw a 4 || atf_fail 'it was dialled after its probe'
	ntimes mm.log 'breaker=open' 1
	lacks mm.log 'breaker=closed'
	set_retry 1ms
	down a
	child a -v
	check_mta --expect=pass
	ntimes mm.log 'breaker=closed' 1
	stop_manager
}

route_case blameless "a child whose turn had not come at the deadline, and one that closes when idle, have not failed"
blameless_body()
{

	conf_begin 'manager.end_of_message_deadline = 300ms'
	conf_child a max_failures=1
	conf_child b max_failures=1
	child a -v --on=eom=none
	child b -v
	manager
	check_mta
	has mm.log 'child=b stage=eom fallback=accept reason=not done within manager.end_of_message_deadline'
	ntimes mm.log 'child=a breaker=open' 1
	lacks mm.log 'child=b breaker='
	# b is dialled again, and restarted while its session is idle.
	hold C=c wait:gone
	wait_for saw b 2
	wait_for grep -q '^connect: ' b.out
	down b
	wait_for grep -q 'child=b .*reason=closed the connection' mm.log
	echo now > gone
	wait "$held" || atf_fail "$(cat hold.out)"
	lacks mm.log 'child=b breaker='
	stop_manager
}

route_case one_probe "of many sessions one is the probe, and one that is given up leaves its place"
one_probe_body()
{

	conf_begin
	conf_child a 'fallback_status="reject"' max_failures=1 \
	    retry_interval=1ms
	manager
	check_mta --expect=reject
	child a -v --on=negotiate=none
	# It waits for the child as long as that may take, and holds its place.
	hold C=r wait:never
	wait_for saw a 1
	check_mta --sessions=20 --concurrency=20 --expect=reject
	saw a 1 || atf_fail 'more than one probe'
	ntimes mm.log 'another session tries it' 20
	ntimes mm.log 'breaker=probe' 1
	# Its MTA goes away: no outcome, and the next one tries.
	kill "$held"
	wait_for grep -q 'session closed reason=the MTA closed' mm.log
	down a
	child a -v
	check_mta --expect=pass
	ntimes mm.log 'breaker=probe' 2
	ntimes mm.log 'breaker=closed' 1
	check_mta --sessions=20 --concurrency=20 --expect=pass
	stop_manager
}

atf_init_test_cases()
{

	atf_add_test_case failover
	atf_add_test_case no_milter
	atf_add_test_case round_robin
	atf_add_test_case least_busy
	atf_add_test_case mixed
	atf_add_test_case socks
	atf_add_test_case socks_user
	atf_add_test_case socks_fails
	atf_add_test_case silent
	atf_add_test_case silent_deadline
	atf_add_test_case breaker
	atf_add_test_case breaker_off
	atf_add_test_case breaker_eom
	atf_add_test_case blameless
	atf_add_test_case one_probe
}
