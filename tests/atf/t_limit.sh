#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_limit.sh - limits of the whole daemon and of a client, with workers and
# without.

. "$(atf_get_srcdir)/h_session.sh"

limit_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

at_least()
{

	[ "$(grep -cF -e "$2" "$1")" -ge "$3" ]
}

# start N LINE...: N workers, and the child a.
start()
{

	s_n=$1
	shift
	conf_begin "manager.n_workers = $s_n" "$@" \
	    'manager.suspend_time_on_unacceptable = 100ms'
	conf_child a reading_timeout=1h
	manager
	[ "$s_n" -eq 0 ] || wait_for at_least mm.log ' accepts' "$s_n"
}

hold()
{

	h_name=$1
	shift
	"$MM_PROGRAM" test-server -s unix:mm.sock --all-timeouts=120 "$@" \
	    > "$h_name.out" 2>&1 &
	echo $! >> pids
	echo $! > "$h_name.pid"
}

# let_go NAME...: their sessions are over.
let_go()
{

	lg_n=$(grep -c 'session closed' mm.log)
	for lg_name in "$@"; do
		kill "$(cat "$lg_name.pid")"
		lg_n=$((lg_n + 1))
	done
	wait_for at_least mm.log 'session closed' "$lg_n"
}

# How many were open at a time, at most, by the log.
most()
{

	awk '/session opened/ { if (++n > max) max = n }
	    /session closed/ { n-- }
	    END { print max }' mm.log
}

# exact N: with N workers.
exact()
{

	child a -q --on=eom=delay:30
	start "$1" 'manager.max_connections = 5'
	check_mta --sessions=80 --concurrency=30 --all-timeouts=100 \
	    --expect=pass
	stop_manager
	[ "$(most)" -eq 5 ] || atf_fail "$(most) sessions at a time"
	has mm.log 'manager.max_connections: 5 sessions, accepting is suspended'
	ntimes mm.log '[session][end][end-of-message][pass]' 80
}

limit_case one "max_connections is exact in one process"
one_body()
{

	exact 0
}

limit_case three "max_connections is exact over three workers"
three_body()
{

	exact 3
}

client()
{

	echo "--connect-address=inet:1234@[$1]"
}

# client_limit N
client_limit()
{

	# A child that wants neither CONNECT nor to be waited for at it.
	child a --on=mail=none --protocol=1001
	start "$1" 'manager.max_connections_per_client = 2'
	hold one "$(client 203.0.113.5)"
	hold two "$(client 203.0.113.5)"
	wait_for at_least a.out envelope-from: 2
	mta "$(client 203.0.113.5)" --expect=temporary-failure > /dev/null ||
	    atf_fail 'the third was not refused'
	has mta.out '[421]<4.7.0>(Too many connections from your address)'
	has mm.log 'max_connections_per_client: 203.0.113.5 has 2 sessions'
	# The others are others.
	hold three "$(client 203.0.113.6)"
	hold four "$(client 203.0.113.6)"
	wait_for at_least a.out envelope-from: 4
	# A place that is free is taken again.
	let_go two
	hold five "$(client 203.0.113.5)"
	wait_for at_least a.out envelope-from: 5
	# This machine has as many as it likes.
	for i in 1 2 3; do
		hold "l$i" "$(client 127.0.0.1)"
		hold "u$i" --connect-address=unix:/var/run/x
	done
	hold six "--connect-address=inet6:1234@[::1]"
	hold seven "--connect-address=inet6:1234@[::1]"
	hold eight "--connect-address=inet6:1234@[::1]"
	wait_for at_least a.out envelope-from: 14
	# A network of IPv6 is one client.
	hold nine "--connect-address=inet6:1@[2001:db8::1]"
	hold ten "--connect-address=inet6:1@[2001:db8::2]"
	wait_for at_least a.out envelope-from: 16
	mta "--connect-address=inet6:1@[2001:db8::3]" \
	    --expect=temporary-failure > /dev/null ||
	    atf_fail 'the third of the network was not refused'
	hold eleven "--connect-address=inet6:1@[2001:db8:0:1::1]"
	wait_for at_least a.out envelope-from: 17
	# None of those that were refused was shown to it.
	ntimes a.out envelope-from: 17
	kill -TERM "$(cat mm.pid)"
	stop_manager
	# One line about clients in so short a time.
	ntimes mm.log 'max_connections_per_client:' "$2"
}

limit_case client_one "a client has as many sessions as it may, in one process"
client_one_body()
{

	client_limit 0 1
}

limit_case client_three "a client has as many sessions as it may, over workers"
client_three_body()
{

	child a --on=mail=none
	start 3 'manager.max_connections_per_client = 4'
	for i in 1 2 3 4; do
		hold m$i "$(client 203.0.113.5)"
	done
	wait_for at_least a.out envelope-from: 4
	for i in 1 2 3 4 5 6 7 8 9 10; do
		mta "$(client 203.0.113.5)" --expect=temporary-failure \
		    > /dev/null || atf_fail "number $i was not refused"
	done
	let_go m3
	hold m5 "$(client 203.0.113.5)"
	wait_for at_least a.out envelope-from: 5
	mta "$(client 203.0.113.5)" --expect=temporary-failure > /dev/null ||
	    atf_fail 'one too many'
	# Killed workers give back what their sessions had.
	sed -n 's/.*worker \([0-9]*\) accepts$/\1/p' mm.log > all
	while read -r pid; do
		kill -KILL "$pid"
	done < all
	wait_for at_least mm.log ' accepts' 6
	for i in 6 7 8 9; do
		hold m$i "$(client 203.0.113.5)"
	done
	wait_for at_least a.out envelope-from: 9
	mta "$(client 203.0.113.5)" --expect=temporary-failure > /dev/null ||
	    atf_fail 'one too many'
	kill -TERM "$(cat mm.pid)"
	stop_manager
}

limit_case quit_nc "a connection of the MTA that is used again has a new client"
quit_nc_body()
{

	child a
	start 0 'manager.max_connections_per_client = 1'
	check_mta "$(client 203.0.113.5)" --messages=5 --quit-nc --expect=pass
	check_mta "$(client 203.0.113.5)" --messages=3 --expect=pass
	lacks mm.log 'max_connections_per_client'
	stop_manager
}

limit_case stress "the threshold of stress counts the sessions of all workers"
stress_body()
{

	child a --on=mail=none
	conf_begin 'manager.n_workers = 3' 'stress.threshold_n_connections = 4'
	conf_child a reading_timeout=1h 'applicable_conditions=["No Stress"]'
	manager
	wait_for at_least mm.log ' accepts' 3
	for i in 1 2 3; do
		hold m$i
		wait_for at_least a.out envelope-from: $i
	done
	check_mta --expect=accept
	ntimes a.out envelope-from: 3
	let_go m2
	hold m4
	wait_for at_least a.out envelope-from: 4
	kill -TERM "$(cat mm.pid)"
	stop_manager
}

limit_case descriptors "workers short of descriptors get no mail past the children"
descriptors_body()
{

	child a -q --on=mail=reject
	start 2 'manager.max_file_descriptors = 40'
	check_mta --sessions=200 --concurrency=60 --all-timeouts=100 \
	    --expect=reject
	stop_manager
	lacks mm.log 'fallback='
	has mm.log 'manager.max_file_descriptors: 4 sessions, accepting is suspended'
}

atf_init_test_cases()
{

	for tc in one three client_one client_three quit_nc stress \
	    descriptors; do
		atf_add_test_case $tc
	done
}
