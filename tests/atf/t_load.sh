#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_load.sh - many sessions at once, and large messages in little memory.

. "$(atf_get_srcdir)/h_session.sh"

# Sessions at once where there are descriptors for them, how long they are held
# (60 for the whole proof), and what one may take in the budget.
: "${MM_TEST_CROWD:=5000}"
: "${MM_TEST_HOLD:=2}"
bytes_a_session=8192

load_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 280; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# Resident memory of the daemon in KiB: its peak where the system keeps one.
resident()
{

	if [ -r "/proc/$(cat mm.pid)/status" ]; then
		sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' \
		    "/proc/$(cat mm.pid)/status"
	else
		ps -o rss= -p "$(cat mm.pid)" | tr -d ' '
	fi
}

# Memory says nothing under a sanitizer or valgrind.
plain_build()
{

	! grep -q '__asan_init' "$(command -v "$MM_PROGRAM")" &&
	    [ "$(resident)" -lt 8192 ]
}

# make_mail BYTES: lines of 72 bytes that differ from each other.
make_mail()
{

	printf 'From: a@example.org\nTo: b@example.org\nSubject: large\n\n'
	awk -v n="$1" 'BEGIN {
		for (i = 0; i < n / 72; i++)
			printf("%070d\n", i)
	}' /dev/null
}

load_case thousand "1,000 sessions at once through two children, each message whole"
thousand_body()
{

	ulimit -n "$(ulimit -H -n)"
	if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 3500 ]; then
		atf_skip 'not enough descriptors'
	fi
	conf_begin 'log.level = "default"'
	for name in a b; do
		conf_child $name reading_timeout=120 connection_timeout=120 \
		    end_of_message_timeout=250 'fallback_status="reject"'
		child $name --digest -q
	done
	manager
	make_mail 20000 > mail.eml
	check_mta --sessions=1000 --concurrency=1000 --all-timeouts=250 \
	    -m mail.eml --expect=pass
	for name in a b; do
		atf_check -o inline:'1000\n' \
		    sh -c "grep -c '^digest:' $name.out"
		atf_check -o inline:'1\n' \
		    sh -c "grep '^digest:' $name.out | sort -u | wc -l | tr -d ' '"
	done
	atf_check -o ignore cmp a.out b.out
	stop_manager
	lacks mm.log 'fallback='
}

# n_held N: c has so many senders before it.
n_held()
{

	[ "$(grep -c '^envelope-from:' c.out)" -ge "$1" ]
}

suspended()
{

	[ "$(grep -c 'max_file_descriptors: .* accepting is suspended' \
	    mm.log)" -ge "$1" ]
}

# KiB of the daemon and its processes in memory by now.
in_memory()
{

	ps -ax -o pid= -o ppid= -o rss= | awk -v d="$(cat mm.pid)" '
	    $1 == d || $2 == d { n += $3 } END { print n }'
}

load_case crowd "5,000 sessions of three children are held in little memory; \
those for whom there are no descriptors wait, and none is lost"
crowd_body()
{

	# The daemon keeps 6 for each: the MTA, three children, two files.  As
	# many processes as it takes where the limit cannot be raised.
	crowd=$MM_TEST_CROWD
	workers=0
	need=$((crowd * 6 + 100))
	ulimit -n $need 2> /dev/null || {
		ulimit -n "$(ulimit -H -n)"
		workers=$((need / $(ulimit -n) + 1))
		need=$((crowd * 6 / workers + 100))
	}
	[ "$(ulimit -n)" -gt $((crowd * 2 + 300)) ] ||
	    atf_skip 'not enough descriptors'
	conf_begin 'log.level = "default|info"' \
	    "manager.n_workers = $workers" \
	    "manager.max_file_descriptors = $need" \
	    'manager.suspend_time_on_unacceptable = 200ms' \
	    'manager.command_deadline = 250s'
	for name in a b c; do
		conf_child $name reading_timeout=250s connection_timeout=250s \
		    'fallback_status="accept"'
	done
	# One process is both a and b: c.sock is another one, that does not
	# answer, and whose end lets all of them go on.
	sed -i.bak 's/unix:b.sock/unix:a.sock/' mm.conf
	child a -q
	child c --on=mail=none
	manager
	[ $workers -eq 0 ] || wait_for grep -q "$workers workers accept" mm.log
	plain=false
	plain_build && plain=true
	idle=$(in_memory)
	mta --sessions=$((crowd + 200)) --concurrency=$((crowd + 200)) \
	    --all-timeouts=250 --expect=pass > /dev/null &
	load=$!
	i=0
	until n_held $crowd; do
		i=$((i + 1))
		kill -0 $load || atf_fail "$(tail -n 20 mta.out mta.err)"
		[ $i -lt 200 ] || wait_for n_held $crowd
		sleep 0.5
	done
	wait_for suspended $((workers > 0 ? workers : 1))
	sleep "$MM_TEST_HOLD"
	held=$(in_memory)
	each=$(((held - idle) * 1024 / crowd))
	echo "$crowd sessions, $workers workers: $idle KiB, then $held KiB," \
	    "$each bytes each"
	# Neither has one ended, nor is the shortage told again and again.
	kill -0 $load || atf_fail "$(tail -n 20 mta.out mta.err)"
	lacks mm.log '[session][end]'
	ntimes mm.log 'accepting is suspended' $((workers > 0 ? workers : 1))
	n_open=$(grep -c 'session opened' mm.log)
	[ "$n_open" -lt $((crowd + 200)) ] || atf_fail 'there was no shortage'
	kill "$(cat c.pid)"
	wait $load || {
		tail -n 30 mta.out mta.err mm.log >&2
		atf_fail 'a session was not served'
	}
	has mta.out "status: pass: $((crowd + 200))"
	has mm.log 'accepting again'
	check_mta --expect=pass
	stop_manager
	if $plain && [ $each -gt $bytes_a_session ]; then
		atf_fail "$each bytes a session"
	fi
}

load_case large "50 MB through three children in less than 8 MB of memory"
large_body()
{

	conf_begin 'log.level = "default"'
	for name in a b c; do
		conf_child $name
	done
	child a --digest -q
	child b --digest -q --edit='add-header X-B: b'
	child c --digest -q
	manager
	plain=false
	plain_build && plain=true
	make_mail 50000000 > large.eml
	check_mta -m large.eml --expect=pass
	# The same bytes at each; c has one field more.
	for name in a b c; do
		grep '^digest:' $name.out | sed 's/.*body/body/' > $name.digest
		test -s $name.digest || atf_fail "no digest of $name"
	done
	atf_check cmp a.digest b.digest
	atf_check cmp a.digest c.digest
	peak=$(resident)
	echo "peak: $peak KiB"
	if $plain && [ "$peak" -ge 8192 ]; then
		atf_fail "$peak KiB are in memory"
	fi
	# A new body of that size, seen by the next child and the MTA.
	kill "$(cat a.pid)"
	wait_for test ! -S a.sock
	tail -n +5 large.eml | tr '0' 'x' > new.body
	child a --digest -q --edit="replace-body-file $(pwd)/new.body"
	check_mta -m large.eml --write-message=out.eml --expect=pass
	sed '1,/^.\{0,1\}$/d' out.eml | tr -d '\r' > out.body
	atf_check cmp new.body out.body
	peak=$(resident)
	echo "peak: $peak KiB"
	if $plain && [ "$peak" -ge 8192 ]; then
		atf_fail "$peak KiB are in memory with a new body"
	fi
	rm -f large.eml new.body out.eml out.body
}

load_case leaks "valgrind finds no leak and no fault after 1,000 sessions"
leaks_head()
{
	atf_set descr 'valgrind finds no leak and no fault after 1,000 sessions'
	atf_set require.progs valgrind
	atf_set timeout 280
}
leaks_body()
{

	if grep -q '__asan_init' "$(command -v "$MM_PROGRAM")"; then
		atf_skip 'valgrind does not go with a sanitizer'
	fi
	conf_begin 'log.level = "default"' 'manager.body_memory_limit = 16k'
	conf_child a
	conf_child b reading_timeout=20s
	conf_child down
	conf_child c evaluation_mode=true
	child a -q --edit='add-header X-A: a' --edit='replace-body new' \
	    --macros='mail:{mail_addr}'
	child b -q --on=rcpt:2='replycode "550 5.1.1 no"' --protocol=100000 \
	    --edit='change-header 1 X-A: b' --edit='quarantine why'
	child c -q --on=body:2=close
	: > mm.log
	valgrind -q --leak-check=full --show-leak-kinds=all \
	    --errors-for-leak-kinds=all --error-exitcode=99 \
	    --child-silent-after-fork=yes \
	    "$MM_PROGRAM" -d -f mm.conf \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} \
	    2> mm.log &
	echo $! >> pids
	echo $! > mm.pid
	wait_for grep -q 'listening on' mm.log
	make_mail 40000 > mail.eml
	# A leak of one session is found as well as that of a hundred.
	many=00
	[ "${MM_TEST_REAL:-1}" != 0 ] || many=0
	check_mta --sessions=3$many --concurrency=30 --messages=2 -m mail.eml \
	    -r one@example.org -r two@example.org
	check_mta --sessions=3$many --concurrency=30 --mta=postfix --messages=2 \
	    --abort=body:1 --unknown=FROB
	check_mta --sessions=1$many --concurrency=10 --messages=2 --quit-nc
	mta --sessions=1$many --concurrency=10 --close-after=header > /dev/null 2>&1
	kill "$(cat a.pid)"
	wait_for test ! -S a.sock
	check_mta --sessions=2$many --concurrency=30
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	stop_manager
	lacks mm.log '=='
}

atf_init_test_cases()
{

	atf_add_test_case leaks

	atf_add_test_case thousand
	atf_add_test_case crowd
	atf_add_test_case large
}
