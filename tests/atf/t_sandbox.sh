#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_sandbox.sh - the real daemon in its sandbox: what the system says of it, and
# that mail, records, the log and reloads work in there.

. "$(atf_get_srcdir)/h_session.sh"

# sandbox_case NAME DESCRIPTION [VARIABLE=VALUE]: of the case's head.
sandbox_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120;
		${3:+atf_set ${3%%=*} ${3#*=}; } }"
	eval "$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# status FIELD: of the daemon's /proc/PID/status; skips the case without it.
status()
{

	[ -r "/proc/$(cat mm.pid)/status" ] || atf_skip "no /proc/PID/status"
	sed -n "s/^$1:[[:space:]]*//p" "/proc/$(cat mm.pid)/status"
}

# limits WHAT: skips the case where the log says that the system has it not.
limits()
{

	grep 'sandbox: ' mm.log
	grep "sandbox:.*$1" mm.log | grep -vq "without $1" ||
	    atf_skip "the system has no $1"
}

# Every kind of thing that a running daemon opens: a spool file for a large
# message, records, the log anew.  Folders are spool, records, logs
# and run.
everything()
{

	mkdir -p spool records logs run
	conf_begin 'manager.body_memory_limit = 64k' \
	    "manager.spool_directory = \"$PWD/spool\"" \
	    "manager.record_directory = \"$PWD/records\"" \
	    "manager.pid_file = \"$PWD/run/number\"" \
	    'trust.envelope_from_domains = [table.list]' \
	    "table.list = \"list:$PWD/list\"" \
	    'milter.a.applicable_conditions = []'
	echo example.com > list
	conf_child a
	conf_child b 'applicable_conditions=["Trust"]'
	{ printf 'Subject: x\n\n'
	    dd if=/dev/zero bs=1000 count=300 2>/dev/null | tr '\0' 'x' |
	    fold -w 70; } > big.eml
	child a
	child b
}

works()
{

	check_mta -m big.eml --expect=pass
	lacks mm.log 'fallback='
	lacks mm.log 'not permitted'
	lacks mm.log 'ermission denied'
}

sandbox_case in_force "what the system lets it give away is given away, and mail passes"
in_force_body()
{

	everything
	manager
	has mm.log 'sandbox: '
	works
	[ "$(find records -type f | wc -l)" -eq 1 ] || atf_fail 'no record'
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	lacks mm.log 'next start'
	works
	limits 'no new privileges'
	atf_check_equal 1 "$(status NoNewPrivs)"
	limits seccomp
	atf_check_equal 2 "$(status Seccomp)"
	stop_manager
	[ ! -e run/number ] || atf_fail 'the process number is left'
	[ ! -e mm.sock ] || atf_fail 'the socket is left'
}

sandbox_case user "the same for an ordinary user" require.user=unprivileged
user_body()
{

	in_force_body
}

sandbox_case off "security.sandbox = false: nothing is given away"
off_body()
{

	everything
	echo 'security.sandbox = false' >> mm.conf
	manager
	has mm.log 'sandbox: off'
	works
	[ "$(status NoNewPrivs)" = "$(sed -n 's/^NoNewPrivs:[[:space:]]*//p' \
	    "/proc/$$/status")" ] || atf_fail 'no new privileges'
	[ "$(status Seccomp)" = "$(sed -n 's/^Seccomp:[[:space:]]*//p' \
	    "/proc/$$/status")" ] || atf_fail 'a filter'
	echo 'security.sandbox = true' >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'security.sandbox: true takes effect' mm.log
	echo "security.sandbox = false" > off.conf
	atf_check -o match:"^## security.sandbox on this system: off\$" \
	    "$MM_PROGRAM" -f off.conf --show-config
}

# The children's sockets, as a daemon in the background has to have them.
absolute()
{

	sed 's|unix:\([ab]\)|unix:'"$PWD"'/\1|' mm.conf > mm.new
	mv mm.new mm.conf
}

# The daemon in the background, its log in logs/mm.log.
log_daemon()
{

	"$MM_PROGRAM" -f mm.conf -s "unix:$PWD/mm.sock" --daemon \
	    --pid-file="$PWD/mm.pid" --log-path="$1" || atf_fail 'start'
	cat mm.pid >> pids
}

sandbox_case rotation "the log is rotated, also behind a symbolic link"
rotation_body()
{

	for r_path in logs/mm.log link.log; do
		everything
		absolute
		rm -f logs/*
		ln -sf logs/mm.log link.log
		log_daemon "$PWD/$r_path"
		wait_for grep -q 'listening on' logs/mm.log
		mv logs/mm.log logs/mm.log.0
		kill -USR1 "$(cat mm.pid)"
		wait_for test -e logs/mm.log
		check_mta -m big.eml --expect=pass
		wait_for grep -q 'verdict=continue' logs/mm.log
		lacks logs/mm.log.0 'opened again'
		kill -TERM "$(cat mm.pid)"
		wait_for test ! -e mm.pid
		stop_all
	done
}

sandbox_case folders "a folder that a reload needs anew waits for the next start, and that is told"
folders_body()
{

	everything
	mkdir elsewhere spool/below
	manager
	limits Landlock
	echo "manager.spool_directory = \"$PWD/spool/below\"" >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	lacks mm.log 'next start'
	works
	echo "manager.spool_directory = \"$PWD/elsewhere\"" >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q "manager.spool_directory: $PWD/elsewhere is outside of\
 the sandbox until the next start: security.sandbox" mm.log
	wait_for test "$(grep -c 'configuration reloaded' mm.log)" -eq 2
	# All that needs no file goes on.
	check_mta --expect=pass
	check_mta -m big.eml
	has mm.log 'elsewhere'
	stop_manager
	manager
	works
}

sandbox_case log_folder "a log in a folder that is not in the sandbox: told why, and the old configuration stays"
log_folder_body()
{

	everything
	mkdir elsewhere
	absolute
	echo "log.path = \"$PWD/logs/mm.log\"" >> mm.conf
	"$MM_PROGRAM" -f mm.conf -s "unix:$PWD/mm.sock" --daemon \
	    --pid-file="$PWD/run/number" || atf_fail 'start'
	cp run/number mm.pid
	cat mm.pid >> pids
	cp logs/mm.log mm.log
	limits Landlock
	echo "log.path = \"$PWD/elsewhere/mm.log\"" >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration in force stays: log.path' logs/mm.log
	has logs/mm.log "log.path: $PWD/elsewhere is outside of the sandbox"
	check_mta -m big.eml --expect=pass
}

sandbox_case programs "a table's program runs, outside of the sandbox"
programs_body()
{

	everything
	echo 'table.run = "exec:echo sender@example.com 1"' >> mm.conf
	echo 'condition.c.stop_on_envelope_from = sender in table.run' \
	    >> mm.conf
	echo 'milter.b.applicable_conditions = ["c"]' >> mm.conf
	manager
	wait_for mta --from=sender@example.com --expect=pass
	lacks mm.log 'not permitted'
	limits Landlock
	limits seccomp
	atf_check_equal 2 "$(status Seccomp)"
}

# Of each worker that field of its status; one line for all that are equal.
workers()
{

	for w_pid in $(pgrep -P "$(cat mm.pid)"); do
		sed -n "s/^$1:[[:space:]]*//p" "/proc/$w_pid/status"
	done | sort -u
}

sandbox_case workers "workers give away more than the daemon, and are forked in there" require.progs=pgrep
workers_body()
{

	everything
	echo 'manager.n_workers = 2' >> mm.conf
	manager
	works
	kill -KILL "$(pgrep -P "$(cat mm.pid)" | head -n 1)"
	n_two()
	{
		[ "$(pgrep -P "$(cat mm.pid)" | wc -l)" -eq 2 ]
	}
	wait_for n_two
	works
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	works
	wait_for n_two
	lacks mm.log 'next start'
	limits seccomp
	atf_check_equal 2 "$(status Seccomp)"
	[ -z "$(status Seccomp_filters)" ] || {
		atf_check_equal 1 "$(status Seccomp_filters)"
		atf_check_equal 2 "$(workers Seccomp_filters)"
	}
	atf_check_equal 2 "$(workers Seccomp)"
	atf_check_equal 1 "$(workers NoNewPrivs)"
	stop_manager
}

sandbox_case shown "what would be in force is what is in force"
shown_body()
{

	conf_begin
	"$MM_PROGRAM" -f mm.conf --show-config > shown || atf_fail 'shown'
	manager
	sed -n 's/^## security.sandbox on this system: //p' shown > offer
	sed -n 's/.*sandbox: //p' mm.log > force
	[ -s offer ] || atf_fail 'no offer'
	[ "$(uname)" = OpenBSD ] || atf_check -o file:offer cat force
}

atf_init_test_cases()
{

	for t in in_force user off rotation folders log_folder programs workers shown; do
		atf_add_test_case $t
	done
}
