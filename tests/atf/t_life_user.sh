#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_life_user.sh - the whole life of one daemon with all of its parts, once as
# root who becomes another user, and once as an ordinary user: the same has to
# happen, and what each process may do is read back from the system.

. "$(atf_get_srcdir)/h_session.sh"

# whole_case NAME USER DESCRIPTION: of the case's head.
whole_case()
{

	atf_test_case "$1" cleanup
	eval "${1}_head() {
		atf_set descr \"$3\"
		atf_set timeout 120
		atf_set require.user $2
		atf_set require.progs \"curl ps\"
	}
	${1}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		[ ! -s run/pid ] || cat run/pid >> pids
		stop_all
	}"
}

# begin USER: of whom all has to be in the end; mm.conf.
begin()
{

	[ -r /proc/self/status ] || atf_skip 'a process is not shown here'
	user=$1
	uid=$(id -u "$user")
	gid=$(id -g "$user")
	chmod 755 .
	mkdir log custom
	[ "$uid" = "$(id -u)" ] || chown "$user" log custom
	program=$(command -v "$MM_PROGRAM")
	cat > mm.conf <<-EOF
	manager.connection_spec = "unix:$PWD/run/mm"
	manager.unix_socket_mode = 0666
	manager.pid_file = "$PWD/run/pid"
	manager.n_workers = 2
	manager.max_connections = 100
	manager.custom_configuration_directory = "$PWD/custom"
	manager.maintenance_interval = 1
	manager.maintenance_command = ["/bin/echo", "one more"]
	controller.connection_spec = "unix:$PWD/run/control"
	controller.unix_socket_mode = 0600
	log.path = "$PWD/log/mm"
	log.use_syslog = false
	log.level = "all"
	security.privilege_mode = true
	milter.a.connection_spec = "unix:$PWD/run/a"
	milter.a.connection_timeout = 20s
	milter.a.command = "$program"
	milter.a.command_options = ["test-client", "-s", "unix:$PWD/run/a"]
	milter.a.user_name = "$user"
	timer.t.interval = 1s
	timer.t.command = ["/usr/bin/id", "-u"]
	EOF
}

# The number of the process in charge, whose processes these are.
children()
{

	ps -A -o pid= -o ppid= | awk -v top="$(cat run/pid)" '$2 == top {
	    print $1 }'
}

# value PID FIELD: of its status, with blanks between.
value()
{

	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status" | tr '\t' ' ' |
	    sed 's/ *$//'
}

workers_are_there()
{

	[ "$(children | wc -l)" -eq 3 ] &&
	    "$MM_PROGRAM" control -f mm.conf status > ctl.out 2> ctl.err &&
	    grep -q 'workers        2, and 0 that' ctl.out
}

# The daemon and its workers are the user's without a way back; the launcher is
# who started it.
rights()
{

	wait_for workers_are_there
	r_launchers=0
	for r_pid in $(cat run/pid) $(children); do
		if grep -q launcher "/proc/$r_pid/comm"; then
			r_launchers=$((r_launchers + 1))
			r_id=$(id -u)
		else
			r_id=$uid
			[ "$r_id" -eq 0 ] ||
			    atf_check_equal "$(value "$r_pid" CapPrm)" \
			    0000000000000000
			atf_check_equal "$(value "$r_pid" Gid)" \
			    "$gid $gid $gid $gid"
			atf_check_equal "$(value "$r_pid" NoNewPrivs)" 1
		fi
		atf_check_equal "$(value "$r_pid" Uid)" \
		    "$r_id $r_id $r_id $r_id"
		# The number's file is the daemon's alone.
		[ "$r_pid" = "$(cat run/pid)" ] ||
		    atf_check_equal "$(find "/proc/$r_pid/fd" \
		    -lname "$PWD/run/*" 2> /dev/null)" ''
	done
	atf_check_equal $r_launchers 1
	atf_check_equal "$(stat -c '%u %a %F' run/mm)" "$uid 666 socket"
	atf_check_equal "$(stat -c '%u %a %F' run/control)" "$uid 600 socket"
	atf_check_equal "$(stat -c '%u %a' run)" "$uid 755"
	atf_check_equal "$(stat -c '%u' log/mm)" "$uid"
}

passes()
{

	atf_check -o match:'status: pass' "$MM_PROGRAM" test-server \
	    -s "unix:$PWD/run/mm"
}

# ctl STATUS ARGUMENTS: the client.
ctl()
{

	c_status=$1
	shift
	atf_check -s exit:"$c_status" -o save:ctl.out -e save:ctl.err \
	    "$MM_PROGRAM" control "$@" -f mm.conf
}

other_number()
{

	[ "$(cat run/pid)" != "$1" ]
}

ended()
{

	case $(ps -o stat= -p "$1") in
	''|Z*)	return 0 ;;
	esac
	return 1
}

# whole OPTION...: with these it is started.
whole()
{

	atf_check "$program" -f "$PWD/mm.conf" --daemon \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} "$@"
	kill -0 "$(cat run/pid)" || atf_fail 'the number is no process'
	rights
	# A second one, over the same file.
	atf_check -s exit:75 -e match:'runs already' "$program" \
	    -f "$PWD/mm.conf" --daemon "$@"
	# The launcher: a child, its user, a timer, maintenance.
	passes
	has log/mm 'child=a started by the launcher'
	atf_check_equal "$(stat -c %u run/a)" "$uid"
	wait_for grep -q "timer=t: $uid\$" log/mm
	wait_for grep -q 'maintenance: one more' log/mm
	has log/mm '[sessions][finished] 1(+1) 0'
	# Orders.
	ctl 0 disable a
	ctl 0 milters
	has ctl.out disabled
	ctl 0 enable a
	echo 'milter.a.description = "new"' > new
	ctl 0 put new --reload
	atf_check_equal "$(stat -c '%u %a' custom/*)" "$uid 600"
	ctl 0 milters --json
	has ctl.out '"description": "new"'
	atf_check -o inline:"200" curl -s -o /dev/null -w '%{http_code}' \
	    --unix-socket run/control http://localhost/metrics
	cp mm.conf good.conf
	echo 'nonsense' >> mm.conf
	ctl 78 reload
	has ctl.err 'mm.conf:'
	cp good.conf mm.conf
	rights
	# A log that is renamed.
	mv log/mm log/old
	kill -USR1 "$(cat run/pid)"
	wait_for test -e log/mm
	# Workers that die.
	for w in $(children); do
		grep -q launcher "/proc/$w/comm" || kill -KILL "$w"
	done
	wait_for grep -q 'has ended (signal 9)' log/mm
	rights
	passes
	# Another process, with the same rights, and the end.
	old=$(cat run/pid)
	echo "$old" >> pids
	ctl 0 upgrade
	wait_for other_number "$old"
	wait_for ended "$old"
	rights
	passes
	last=$(cat run/pid)
	echo "$last" >> pids
	ctl 0 stop
	wait_for ended "$last"
	test ! -e run/mm || atf_fail 'the socket is left'
	test ! -e run/control || atf_fail 'the control socket is left'
	test ! -s run/pid || atf_fail 'the number is left'
	# Its commands end with it.
	wait_for test ! -e run/a
}

whole_case as_root root "root starts it, and only the launcher stays root"
as_root_body()
{

	begin nobody
	whole -u nobody
}

whole_case as_user unprivileged "an ordinary user starts it, and has all of it"
as_user_body()
{

	begin "$(id -un)"
	whole
}

atf_init_test_cases()
{

	atf_add_test_case as_root
	atf_add_test_case as_user
}
