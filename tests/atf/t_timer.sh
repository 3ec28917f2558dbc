#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_timer.sh - commands that are run every so often, and maintenance.

. "$(atf_get_srcdir)/h_session.sh"

timer_case()
{

	atf_test_case "$1" cleanup
	eval "${1}_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "${1}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# at_least FILE N: it has so many lines.
at_least()
{

	[ "$(cat "$1" 2>/dev/null | wc -l)" -ge "$2" ]
}

timer_case often "a timer's command is run again and again, and with its \
arguments as they are"
often_body()
{

	conf_begin 'timer.a.interval = 1s' \
	    "timer.a.command = [\"/bin/sh\", \"-c\",
		\"echo \\\"\$1\\\" >> $PWD/runs; echo said\", \"-\",
		\"two  words; \$HOME\"]"
	manager
	wait_for at_least runs 2
	[ "$(sort -u runs)" = "two  words; \$HOME" ] || atf_fail "$(cat runs)"
	has mm.log 'timer=a: said'
	stop_manager
}

timer_case one "of one timer no two commands run at a time, and that is said once"
one_body()
{

	conf_begin 'timer.a.interval = 1s' \
	    'timer.a.command = ["/bin/sleep", "1000"]' \
	    'timer.b.interval = 1s' \
	    "timer.b.command = [\"/bin/sh\", \"-c\", \"echo >> $PWD/runs\"]"
	manager
	wait_for at_least runs 4
	ntimes mm.log 'timer=a: /bin/sleep runs' 1
	ntimes mm.log 'timer=a: it is not run: its command has not ended' 1
	stop_manager
	# It went with the daemon.
	has mm.log 'timer=a: its command has ended, killed by signal 15'
}

timer_case faults "what cannot be run is said once, and a fault of a key is \
an error"
faults_body()
{

	conf_begin 'timer.a.interval = 1s' \
	    "timer.a.command = [\"$PWD/nothing\"]" \
	    'timer.b.interval = 1s' \
	    "timer.b.command = [\"/bin/sh\", \"-c\", \"echo >> $PWD/runs; exit 3\"]" \
	    'timer.c.interval = 1s' \
	    'timer.c.command = ["/bin/echo"]' \
	    'timer.c.user_name = "no such user"'
	manager
	wait_for at_least runs 3
	ntimes mm.log 'timer=a: it is not run' 1
	has mm.log 'nothing: No such file or directory'
	has mm.log 'timer=c: it is not run: user_name: there is no user no such'
	has mm.log 'timer=b: its command has ended, exit status 3'
	stop_manager
	while read -r line; do
		conf_begin "$line"
		atf_check -s exit:78 -e save:err "$MM_PROGRAM" -n -f mm.conf
		has err "mm.conf:4: ${line%% =*}: "
	done <<-EOT
		timer.a.command = "/bin/echo"
		timer.a.command = ["echo"]
		timer.a.interval = 0.5s
		timer.a.intreval = 5s
		timer.a = 5s
		manager.maintenance_command = ["maintain"]
	EOT
	conf_begin 'timer.a.interval = 5s'
	atf_check -s exit:78 -e save:err "$MM_PROGRAM" -n -f mm.conf
	has err 'mm.conf:4: timer.a.command: missing'
}

timer_case reload "a reload brings new timers, takes old ones, and lets \
others keep their time"
reload_body()
{

	conf_begin 'timer.a.interval = 1h' \
	    'timer.a.command = ["/bin/echo", "a"]' \
	    'timer.b.interval = 1s' \
	    "timer.b.command = [\"/bin/sh\", \"-c\", \"echo >> $PWD/runs\"]"
	manager
	wait_for at_least runs 1
	conf_begin 'timer.a.interval = 1h' \
	    'timer.a.command = ["/bin/echo", "a"]' \
	    'timer.c.interval = 1s' \
	    "timer.c.command = [\"/bin/sh\", \"-c\", \"echo >> $PWD/more\"]"
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	runs=$(wc -l < runs)
	wait_for at_least more 3
	[ "$(wc -l < runs)" -le $((runs + 1)) ] || atf_fail 'b goes on'
	lacks mm.log 'timer=a'
	stop_manager
}

timer_case maintenance "maintenance comes after so many sessions, and not \
when that is 0 or nil"
maintenance_body()
{

	for n in 3 0 nil; do
		conf_begin "manager.maintenance_interval = $n" \
		    'manager.maintenance_command = ["/bin/echo", "done"]'
		manager
		check_mta
		check_mta
		lacks mm.log 'maintenance'
		check_mta
		[ $n = 3 ] || {
			check_mta
			lacks mm.log 'maintenance'
			stop_manager
			continue
		}
		wait_for grep -q 'maintenance: its command has ended' mm.log
		ntimes mm.log 'maintenance: done' 1
		stop_manager
	done
}

atf_init_test_cases()
{

	atf_add_test_case often
	atf_add_test_case one
	atf_add_test_case faults
	atf_add_test_case reload
	atf_add_test_case maintenance
}
