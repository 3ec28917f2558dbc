#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_daemon.sh - what an administrator does with the daemon: its command line,
# start, background, reload, log, socket, end; and what it tells him.

. "$(atf_get_srcdir)/h_session.sh"

# daemon_case NAME DESCRIPTION [VARIABLE=VALUE ...]: of the case's head.
daemon_case()
{

	atf_test_case "$1" cleanup
	dc_name=$1
	dc_head="atf_set descr \"$2\"; atf_set timeout 120;"
	shift 2
	for dc_set in "$@"; do
		dc_head="$dc_head atf_set ${dc_set%%=*} \"${dc_set#*=}\";"
	done
	eval "${dc_name}_head() { $dc_head }"
	eval "${dc_name}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# refused STATUS TEXT OPTION...: that exit status, and TEXT in the only line on
# standard error.
refused()
{

	r_status=$1
	r_text=$2
	shift 2
	atf_check -s exit:"$r_status" -o ignore -e save:refused.err \
	    "$MM_PROGRAM" "$@"
	[ "$(wc -l < refused.err)" -eq 1 ] || {
		cat refused.err >&2
		atf_fail "not one line on standard error: $*"
	}
	has refused.err "$r_text"
}

# The daemon in the background: mm.conf, mm.pid, mm.log.  Returns when the
# command does, with its status.
background()
{

	"$MM_PROGRAM" -f mm.conf -s "unix:$PWD/mm.sock" --daemon \
	    --pid-file="$PWD/mm.pid" --log-path="$PWD/mm.log" \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} "$@"
	b_status=$?
	[ ! -s mm.pid ] || cat mm.pid >> pids
	return $b_status
}

# The same; a failure ends the case.
start_background()
{

	background "$@" || atf_fail "it did not start: $?"
}

end_background()
{

	kill -TERM "$(cat mm.pid)"
	wait_for test ! -e mm.pid
}

# The processes that PID has started.
children_of()
{

	# The launcher is always there.
	ps -A -o pid= -o ppid= -o comm= | awk -v of="$1" \
	    '$2 == of && $3 != "milter-launcher" { print $1 }'
}

# hold NAME: an MTA that waits for a child that never answers; out in NAME.out.
hold()
{

	"$MM_PROGRAM" test-server -s unix:mm.sock --all-timeouts=120 \
	    > "$1.out" 2>&1 &
	echo $! >> pids
	echo $! > "$1.pid"
}

# Its session is open; log.level holds "info".
n_opened()
{

	test "$(grep -c 'session opened' mm.log)" -ge "$1"
}

# --- the command line --------------------------------------------------------

daemon_case version "--version and --help answer on standard output with 0"
version_body()
{

	atf_check -o match:'^milter-manager [0-9]' "$MM_PROGRAM" --version
	for o in -h --help; do
		atf_check -o save:help "$MM_PROGRAM" $o
		has help 'usage: milter-manager'
		has help '--show-config'
	done
	# Each option of --help stands in the manual, and the other way round.
	page=$(atf_get_srcdir)/../man/milter-manager.8
	[ -f "$page" ] || return 0
	grep -o -e '--[a-z-]*' help | sort -u > in_help
	sed -n 's/^\.It Fl//p' "$page" | tr ' ' '\n' |
	    sed -n 's/^-\([a-z-][a-z-]*\).*/--\1/p' | sort -u > in_page
	atf_check -o file:in_help cat in_page
}

daemon_case usage "a mistake on the command line is one line and status 64"
usage_body()
{

	refused 64 '--bogus: unknown option' --bogus
	refused 64 '-z: unknown option' -z
	refused 64 '--daem: unknown option' --daem
	refused 64 '-f: needs an argument' -f
	refused 64 '--pid-file: needs an argument' --pid-file
	refused 64 '--version: takes no argument' --version=3
	refused 64 'word: not an option' word
	refused 64 'word: not an option' -n -- word
	# The tools are words, too, but the first one.
	refused 64 'has to be the first word' -d test-server
}

daemon_case options "an option sets its key, wins over the file, and is shown"
options_body()
{

	cat > mm.conf <<-'END'
	manager.connection_spec = "inet:1@127.0.0.1"
	manager.unix_socket_mode = 0600
	manager.daemon = true
	log.path = "/file"
	log.level = "none"
	log.use_syslog = false
	END
	while IFS='|' read -r option line; do
		option=$(printf '%s' "$option" | tr % '|')
		# shellcheck disable=SC2086
		atf_check -o save:shown -e empty \
		    "$MM_PROGRAM" -f mm.conf --show-config $option
		grep -qxF -e "$line" shown ||
		    atf_fail "$option does not give $line"
		grep -B1 -xF -e "$line" shown | grep -qxF '# command line' ||
		    atf_fail "$line is not from the command line"
	done <<-'END'
	-s unix:/x/y|manager.connection_spec = "unix:/x/y"
	--connection-spec=inet6:25@[::1]|manager.connection_spec = "inet6:25@[::1]"
	--connection-spec local:/x|manager.connection_spec = "local:/x"
	--event-loop-backend=poll|manager.event_loop_backend = "poll"
	--event-loop-backend=glib|manager.event_loop_backend = "glib"
	--pid-file=/p|manager.pid_file = "/p"
	--n-workers=12|manager.n_workers = 12
	--unix-socket-group=wheel|manager.unix_socket_group = "wheel"
	--socket-group-name=wheel|manager.unix_socket_group = "wheel"
	--unix-socket-mode=0666|manager.unix_socket_mode = 0666
	--unix-socket-mode=660|manager.unix_socket_mode = 0660
	--log-level=default|log.level = "default"
	--log-level=error%warning|log.level = "error|warning"
	-v|log.level = "all"
	--verbose|log.level = "all"
	-q|log.level = "none"
	--quiet|log.level = "none"
	--log-path=/a"b\c|log.path = "/a\"b\\c"
	--log-path=-|log.path = "-"
	--syslog-facility=local3|log.syslog_facility = "local3"
	--syslog|log.use_syslog = true
	--daemon|manager.daemon = true
	--no-daemon|manager.daemon = false
	--daemon --no-daemon|manager.daemon = false
	-s unix:/x -s unix:/z|manager.connection_spec = "unix:/z"
	END
	# Values are checked as those of a file.
	refused 78 'manager.unix_socket_mode' -f mm.conf -n \
	    --unix-socket-mode=rw
	refused 78 'manager.unix_socket_mode' -f mm.conf -n \
	    --unix-socket-mode=888
	refused 78 'log.level' -f mm.conf -n --log-level=loud
	refused 78 'did you mean' -f mm.conf -n --syslog-facility=mial
	refused 78 'inet:25@HOST' -f mm.conf -n -s inet:HOST:25
}

daemon_case folder "-c reads milter-manager.conf of a folder"
folder_body()
{

	mkdir d
	echo 'log.level = "info"' > d/milter-manager.conf
	for o in '-c d' '-cd' '--config-dir=d' '--config-dir d'; do
		# shellcheck disable=SC2086
		atf_check -o match:'^log.level = "info"' \
		    "$MM_PROGRAM" $o --show-config
	done
	refused 78 '/none/milter-manager.conf: cannot be read: No such file' \
	    -c none
	refused 78 '/none.conf: cannot be read: No such file' -f none.conf
	refused 78 'a directory' -f d
}

# --- checking a configuration ------------------------------------------------

daemon_case check "-n finds a good file good, and opens nothing"
check_body()
{

	conf_begin 'log.path = "mm.log"'
	conf_child a
	for o in '-n -f mm.conf' '-nf mm.conf' '-f mm.conf -n -d'; do
		# shellcheck disable=SC2086
		atf_check -e match:'the configuration is good' \
		    "$MM_PROGRAM" $o
	done
	test ! -e mm.log || atf_fail 'the log was opened'
	test ! -e mm.sock || atf_fail 'the socket was opened'
}

daemon_case faults "-n and a start tell all faults of a file, with status 78"
faults_body()
{

	cat > mm.conf <<-'END'
	manager.connection_spec = "unix:mm.sock"
	manager.deamon = true
	log.level = "loud"
	manager.unix_socket_mode = 660
	manager.connection_spec = "inet:localhost:25"
	milter.a.reading_timeout = "soon"
	milter.a.connection_spec = "unix:/a"
	milter.b.enabled = true
	this is none
	manager.shutdown_timeout = 1y
	load = "absent.conf"
	END
	for o in -n --show-config -d --daemon --no-daemon; do
		atf_check -s exit:78 -o empty -e save:err \
		    "$MM_PROGRAM" $o -f mm.conf
		for line in 2 3 4 5 6 8 9 10 11; do
			has err "mm.conf:$line: "
		done
		[ "$(wc -l < err)" -eq 9 ] || {
			cat err >&2
			atf_fail "not 9 lines: $o"
		}
		has err 'manager.daemon'
	done
	test ! -e mm.sock || atf_fail 'it has listened'
}

daemon_case stdin "-n reads a configuration from standard input and a FIFO"
stdin_body()
{

	conf_begin
	conf_child a
	atf_check -e match:good "$MM_PROGRAM" -n -f /dev/stdin < mm.conf
	# A pipe behind it, which has no name.
	atf_check -e match:good -x \
	    "cat mm.conf | '$MM_PROGRAM' -n -f /dev/stdin"
	mkfifo fifo
	cat mm.conf > fifo &
	atf_check -e match:good "$MM_PROGRAM" -n -f fifo
	echo wrong > fifo &
	atf_check -s exit:78 -e match:'fifo:1: ' "$MM_PROGRAM" -n -f fifo
	wait
	# All on the command line.
	atf_check -o match:'"inet:1@127.0.0.1"' "$MM_PROGRAM" -f /dev/null \
	    -s inet:1@127.0.0.1 --show-config
}

daemon_case show_config "what --show-config prints is the same configuration"
show_config_body()
{

	cat > mm.conf <<-'END'
	log.level = "default|trace"
	manager.connection_spec = "inet6:10025@[::1]"
	manager.shutdown_timeout = 1.5
	manager.body_memory_limit = 100000
	milter."odd \"name\"".connection_spec = "unix:/tmp/a b#c"
	milter."odd \"name\"".description = "f\xc3\xbcr\tE-Mail \\ \x01"
	milter.two.connection_spec = "inet:1@localhost"
	milter.two.command_options = ["-a", "b c"]
	milter.*.fallback_status = "reject"
	END
	atf_check -o save:one "$MM_PROGRAM" -f mm.conf --show-config
	has one 'mm.conf:3'
	has one '# default'
	has one '## security.sandbox on this system: '
	atf_check -e match:good "$MM_PROGRAM" -n -f one
	atf_check -o save:two "$MM_PROGRAM" -f one --show-config
	grep -v '^#' one > one.values
	grep -v '^#' two > two.values
	atf_check -o file:one.values cat two.values
	[ "$(grep -c '^# ' one)" -eq "$(grep -c = one.values)" ] ||
	    atf_fail 'a value without its origin'
	if [ -c /dev/full ]; then
		atf_check -s exit:74 -x \
		    "'$MM_PROGRAM' -f mm.conf --show-config > /dev/full"
	fi
}

daemon_case sample "the sample as it is installed is a good configuration"
sample_body()
{

	sample=$(atf_get_srcdir)/../etc/milter-manager.conf.sample
	[ -f "$sample" ] || atf_skip 'no sample here'
	atf_check -e match:good "$MM_PROGRAM" -n -f "$sample"
	sed -n 's/^#\([a-z]*\.[a-z_]* = .*\)/\1/p' "$sample" |
	    grep -v '^milter\.' > all.conf
	atf_check -e match:good "$MM_PROGRAM" -n -f all.conf
	# Each key with its default: nothing is changed.
	atf_check -o save:a "$MM_PROGRAM" -f all.conf --show-config
	atf_check -o save:b "$MM_PROGRAM" -f /dev/null --show-config
	grep -v '^#' a > a.values
	grep -v '^#' b > b.values
	atf_check -o file:b.values cat a.values
}

daemon_case manual "the configuration in the manual page is a good one"
manual_body()
{

	dir=$(atf_get_srcdir)/../man
	[ -f "$dir/milter-manager.8" ] || atf_skip 'no manual pages here'
	# What is shown as it is, and is a statement; t_manual.sh looks at the
	# examples of the other page.
	page=milter-manager.8
	awk '/^\.Bd -literal/ { shown = 1; next } /^\.Ed/ { shown = 0 }
	    shown && /^(log|manager|milter)\..* \+?= /' \
	    "$dir/$page" > "$page.conf"
	[ "$(wc -l < "$page.conf")" -ge 5 ] || atf_fail "no examples in $page"
	{
		echo 'milter."my milter".connection_spec = "unix:/m"'
		cat "$page.conf"
	} > mm.conf
	atf_check -e match:good "$MM_PROGRAM" -n -f mm.conf
}

# --- what cannot be opened ---------------------------------------------------

daemon_case port_in_use "a port that is taken is status 69 and names it"
port_in_use_body()
{

	conf_begin
	manager -s inet:0@127.0.0.1
	port=$(sed -n 's/.*listening on inet:\([0-9]*\)@.*/\1/p' mm.log)
	for o in -d --no-daemon --daemon; do
		refused 69 "inet:$port@[127.0.0.1]: Address " \
		    -f mm.conf $o -s "inet:$port@127.0.0.1"
	done
	stop_manager
}

daemon_case socket_refused "a socket that cannot be is status 69, and why"
socket_refused_body()
{

	conf_begin
	manager
	mkdir folder
	echo kept > file
	for o in -d --no-daemon --daemon; do
		refused 69 'another process answers on it' \
		    -f mm.conf $o -s "unix:$PWD/mm.sock"
		refused 69 'is no socket' \
		    -f mm.conf $o -s "unix:$PWD/file"
		refused 69 'is no socket' \
		    -f mm.conf $o -s "unix:$PWD/folder"
		refused 69 'No such file or directory' \
		    -f mm.conf $o -s "unix:$PWD/none/s"
	done
	atf_check -o inline:'kept\n' cat file
	# The one that runs has taken no harm.
	check_mta
	stop_manager
}

daemon_case log_refused "a log file that cannot be opened is status 73"
log_refused_body()
{

	conf_begin
	for o in --no-daemon --daemon; do
		refused 73 'log.path' -f mm.conf $o -s "unix:$PWD/mm.sock" \
		    --log-path="$PWD/none/log"
		refused 73 'log.path' -f mm.conf $o -s "unix:$PWD/mm.sock" \
		    --log-path="$PWD"
	done
	test ! -e mm.sock || atf_fail 'it has listened'
}

daemon_case no_socket_left "a start that fails late leaves no socket"
no_socket_left_body()
{

	conf_begin
	for o in -d --no-daemon --daemon; do
		refused 73 'No such file or directory' -f mm.conf $o \
		    -s "unix:$PWD/mm.sock" --pid-file="$PWD/none/at/all"
		test ! -e mm.sock || atf_fail "a socket is left by $o"
	done
}

daemon_case relative "in the background relative paths are refused, all of them"
relative_body()
{

	conf_begin 'manager.daemon = true' 'log.path = "mm.log"' \
	    'manager.pid_file = "mm.pid"'
	conf_child a
	for o in -n --show-config --daemon; do
		atf_check -s exit:78 -o empty -e save:err \
		    "$MM_PROGRAM" -f mm.conf $o
		[ "$(wc -l < err)" -eq 4 ] || atf_fail 'not 4 lines'
		for key in manager.connection_spec log.path manager.pid_file \
		    milter.a.connection_spec; do
			has err "$key: "
		done
	done
	atf_check -e ignore "$MM_PROGRAM" -f mm.conf -n --no-daemon
	atf_check -e ignore "$MM_PROGRAM" -f mm.conf -n -d
}

daemon_case spool "a spool folder that is not there is told at the start"
spool_body()
{

	conf_begin 'manager.spool_directory = "/nonexistent/spool"'
	manager
	has mm.log 'manager.spool_directory: /nonexistent/spool: No such file'
	stop_manager
}

# --- the process number's file -----------------------------------------------

daemon_case pid_file "the number is right, and the file goes at the end"
pid_file_body()
{

	conf_begin
	manager --pid-file=number
	atf_check -o file:mm.pid cat number
	stop_manager
	test ! -e number || atf_fail 'the file is left'
	# In the background it is that of the process that stays.
	start_background
	kill -0 "$(cat mm.pid)" || atf_fail 'no such process'
	end_background
}

daemon_case pid_file_locked "a number's file of one that runs is status 75"
pid_file_locked_body()
{

	conf_begin
	manager --pid-file=number
	for o in -d --no-daemon --daemon; do
		refused 75 "process $(cat mm.pid) runs already" -f mm.conf $o \
		    -s "unix:$PWD/2.sock" --pid-file="$PWD/number"
		test ! -e 2.sock || atf_fail 'a socket is left'
	done
	atf_check -o file:mm.pid cat number
	stop_manager
}

daemon_case pid_file_stale "a number's file that nobody holds is taken over"
pid_file_stale_body()
{

	conf_begin
	# Longer than ours, and even when that process runs.
	printf '%s\nmore text\n' $$ > number
	manager --pid-file=number
	atf_check -o file:mm.pid cat number
	kill -KILL "$(cat mm.pid)"
	wait "$(cat mm.pid)"
	test -s number || atf_fail 'no file was left'
	manager --pid-file=number
	atf_check -o file:mm.pid cat number
	# One that was put in its place is not removed.
	rm number
	echo 1 > number
	stop_manager
	atf_check -o inline:'1\n' cat number
}

# --- the background ----------------------------------------------------------

daemon_case background "the command returns when the socket accepts"
background_body()
{

	conf_begin
	conf_child a "connection_spec=\"unix:$PWD/a.sock\""
	child a
	for i in 1 2 3 4 5 6 7 8; do
		start_background
		# Not waited for by any means.
		check_mta --expect=pass
		test -s mm.pid || atf_fail "no number in round $i"
		end_background
		test ! -e mm.sock || atf_fail 'the socket is left'
	done
	ntimes a.out 'helo:' 8
	ntimes mm.log 'listening on unix:' 8
	ntimes mm.log ': ended' 8
}

daemon_case background_failure "the status of a failure reaches the caller"
background_failure_body()
{

	conf_begin
	refused 73 'No such file' -f mm.conf -s "unix:$PWD/mm.sock" --daemon \
	    --pid-file="$PWD/none/at/all"
	start_background
	refused 75 'runs already' -f mm.conf -s "unix:$PWD/2.sock" --daemon \
	    --pid-file="$PWD/mm.pid"
	refused 69 'answers' -f mm.conf -s "unix:$PWD/mm.sock" --daemon
	end_background
}

daemon_case background_detached "nothing of the caller is held in the background"
background_detached_body()
{

	conf_begin
	# Each of these ends when the last copy of the pipe is closed.
	out=$(background 2>&1) || atf_fail 'it did not start'
	test -z "$out" || atf_fail "it said: $out"
	end_background
	{ background > /dev/null 2>&1; } 7>&1 | cat
	pid=$(cat mm.pid)
	check_mta
	# A session of its own, in the root.
	test "$(ps -o sid= -p "$pid" 2> /dev/null |
	    tr -d ' ')" != "$(ps -o sid= -p $$ | tr -d ' ')" ||
	    atf_fail 'it is in our session'
	if [ -d "/proc/$pid/fd" ]; then
		atf_check -o inline:'/\n' readlink "/proc/$pid/cwd"
		for fd in 0 1 2; do
			atf_check -o inline:'/dev/null\n' \
			    readlink "/proc/$pid/fd/$fd"
		done
	fi
	end_background
}

daemon_case closed_stdio "it runs where 0, 1 and 2 were left closed"
closed_stdio_body()
{

	conf_begin
	background 0<&- 1>&- 2>&-
	check_mta
	end_background
	background 0<&-
	check_mta
	end_background
	"$MM_PROGRAM" -f mm.conf 0<&- 1>&- 2>&- &
	echo $! >> pids
	echo $! > mm.pid
	wait_for test -S mm.sock
	wait_for mta
	stop_manager
}

daemon_case background_reload "HUP reads a relative -f again, from the root"
background_reload_body()
{

	conf_begin
	conf_child a "connection_spec=\"unix:$PWD/a.sock\""
	child a
	start_background
	conf_child b "connection_spec=\"unix:$PWD/b.sock\""
	child b
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	check_mta
	has a.out 'helo:'
	has b.out 'helo:'
	# What the command line said still holds.
	test -e mm.pid || atf_fail 'the file with the number is gone'
	lacks mm.log 'takes effect at the next start'
	end_background
}

daemon_case reload_link "HUP follows a link that was set to another file"
reload_link_body()
{

	conf_begin 'manager.max_connections = 1'
	mv mm.conf one.conf
	conf_begin 'manager.max_connections = none'
	mv mm.conf two.conf
	ln -s one.conf mm.conf
	manager
	ln -s two.conf new
	mv new mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'max_connections: found none' mm.log
	stop_manager
}

daemon_case reload_fault "HUP with a fault tells it; what is in force stays"
reload_fault_body()
{

	conf_begin
	conf_child a
	child a
	manager
	cp mm.conf good.conf
	echo 'milter.a.connection_spec = "nonsense"' >> mm.conf
	echo 'manager.deamon = true' >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'the configuration in force stays' mm.log
	has mm.log 'milter.a.connection_spec'
	has mm.log 'manager.deamon: unknown key'
	check_mta
	has a.out 'helo:'
	rm mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'mm.conf: cannot be read' mm.log
	# And a good one is taken.
	cp good.conf mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	check_mta
	stop_manager
}

daemon_case reload_pipe "HUP does not wait for a FIFO, nor take it for empty"
reload_pipe_body()
{

	conf_begin
	conf_child a
	child a
	cp mm.conf text
	mkfifo fifo
	cat text > fifo &
	manager -f fifo
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'fifo cannot be read again' mm.log
	check_mta
	has a.out 'helo:'
	stop_manager
}

daemon_case reload_relative "HUP refuses a relative path only in the background"
reload_relative_body()
{

	conf_begin
	conf_child a "connection_spec=\"unix:$PWD/a.sock\""
	start_background
	conf_child a
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'in force stays' mm.log
	has mm.log 'milter.a.connection_spec: found'
	end_background
	manager
	# To go to the background is for the next start.
	echo 'manager.daemon = true' >> mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	stop_manager
}

# --- the log -----------------------------------------------------------------

daemon_case log_rotation "USR1 opens a new file where the old one was renamed"
log_rotation_body()
{

	conf_begin
	: > mm.log
	start_background
	has mm.log 'listening on'
	mv mm.log mm.log.0
	check_mta
	wait_for grep -q 'session closed' mm.log.0
	test ! -e mm.log || atf_fail 'a new log without being told'
	kill -USR1 "$(cat mm.pid)"
	wait_for test -e mm.log
	check_mta
	wait_for grep -q 'session closed' mm.log
	ntimes mm.log.0 'session closed' 1
	# Where it cannot be made the old one goes on.
	mv mm.log mm.log.1
	mkdir mm.log
	kill -USR1 "$(cat mm.pid)"
	wait_for grep -q 'the log cannot be opened again' mm.log.1
	check_mta
	end_background
	ntimes mm.log.1 'session closed' 2
}

daemon_case log_stdout "in the foreground the log is standard output"
log_stdout_body()
{

	conf_begin
	for o in '' --log-path=-; do
		: > out
		# shellcheck disable=SC2086
		"$MM_PROGRAM" -f mm.conf $o > out 2> err &
		echo $! >> pids
		echo $! > mm.pid
		wait_for grep -q 'listening on' out
		stop_manager
		atf_check test ! -s err
	done
	# A file, and nothing beside it.
	"$MM_PROGRAM" -f mm.conf --log-path=a.log > out 2> err &
	echo $! >> pids
	echo $! > mm.pid
	wait_for grep -q 'listening on' a.log
	stop_manager
	atf_check test ! -s err -a ! -s out
	# -d: standard error, whatever else is said.
	manager --log-path=b.log --daemon
	has mm.log 'listening on'
	atf_check test ! -e b.log
	stop_manager
}

daemon_case log_quiet "-q logs nothing, but a start that fails has a reason"
log_quiet_body()
{

	conf_begin
	"$MM_PROGRAM" -f mm.conf -q > out 2> err &
	echo $! >> pids
	echo $! > mm.pid
	wait_for test -S mm.sock
	wait_for mta
	refused 69 'answers' -f mm.conf -q -d
	stop_manager
	atf_check test ! -s err -a ! -s out
}

daemon_case log_pipe "a log that nobody reads any more does not end it"
log_pipe_body()
{

	conf_begin
	mkfifo out err
	"$MM_PROGRAM" -f mm.conf > out &
	echo $! >> pids
	echo $! > mm.pid
	sed q out > /dev/null
	check_mta
	check_mta
	stop_manager
	"$MM_PROGRAM" -f mm.conf -d 2> err &
	echo $! >> pids
	echo $! > mm.pid
	sed q err > /dev/null
	check_mta
	kill -HUP "$(cat mm.pid)"
	check_mta
	stop_manager
}

daemon_case log_syslog "syslog that is not there does not hold anything up"
log_syslog_body()
{

	conf_begin 'log.use_syslog = true'
	conf_child a "connection_spec=\"unix:$PWD/a.sock\""
	child a
	start_background --syslog --syslog-facility=local7
	check_mta --sessions=20
	has a.out 'helo:'
	end_background
}

# --- the socket --------------------------------------------------------------

daemon_case socket_mode "a unix socket gets its mode, whatever the umask"
socket_mode_body()
{

	conf_begin
	umask 077
	for mode in 0660 0600 0666 660; do
		start_background --unix-socket-mode=$mode
		ls -l mm.sock > ls.out
		case $mode in
		*660) has ls.out 'srw-rw----' ;;
		0600) has ls.out 'srw-------' ;;
		0666) has ls.out 'srw-rw-rw-' ;;
		esac
		end_background
	done
}

daemon_case socket_group "a unix socket gets its group" require.user=root
socket_group_body()
{

	conf_begin
	for group in daemon 12345; do
		manager --unix-socket-group=$group
		atf_check -o match:" $group " ls -l mm.sock
		check_mta
		stop_manager
	done
}

daemon_case socket_no_group "a group that does not exist is told and no failure"
socket_no_group_body()
{

	conf_begin 'manager.unix_socket_group = "no-such-group"'
	manager
	has mm.log "there is no group 'no-such-group'"
	check_mta
	stop_manager
	# In the background the caller sees it, too.
	background 2> err || atf_fail 'it did not start'
	has err 'no-such-group'
	end_background
}

daemon_case socket_removed "the socket goes at the end, if it is still ours"
socket_removed_body()
{

	conf_begin
	manager
	stop_manager
	test ! -e mm.sock || atf_fail 'it is left'
	manager
	mv mm.sock away.sock
	: > mm.sock
	stop_manager
	test -f mm.sock || atf_fail "another's file was removed"
	test -S away.sock || atf_fail 'the renamed one was removed'
	rm mm.sock away.sock
	# Another daemon has its own there by now.
	manager
	mv mm.pid first.pid
	rm mm.sock
	manager
	kill -TERM "$(cat first.pid)"
	wait "$(cat first.pid)" || atf_fail 'the first one failed'
	check_mta
	stop_manager
}

daemon_case socket_left "what remove_unix_socket_on_close and _on_create say"
socket_left_body()
{

	conf_begin 'manager.remove_unix_socket_on_close = false'
	manager
	stop_manager
	test -S mm.sock || atf_fail 'it was removed'
	refused 69 'in use' -f /dev/stdin -d <<-'END'
	manager.connection_spec = "unix:mm.sock"
	manager.remove_unix_socket_on_create = false
	END
	test -S mm.sock || atf_fail 'it was removed after all'
	# A leftover is taken over by default.
	manager
	check_mta
	stop_manager
}

daemon_case socket_stale "a socket that a killed one left is taken over"
socket_stale_body()
{

	conf_begin
	manager
	kill -KILL "$(cat mm.pid)"
	wait "$(cat mm.pid)"
	test -S mm.sock || atf_fail 'no stale socket'
	manager
	check_mta
	stop_manager
}

daemon_case two_daemons "two of them run side by side on their own sockets"
two_daemons_body()
{

	conf_begin
	conf_child a
	child a
	manager
	mv mm.pid first.pid
	mv mm.log first.log
	manager -s unix:2.sock
	check_mta
	atf_check -o match:'status: pass' "$MM_PROGRAM" test-server \
	    -s unix:2.sock
	ntimes a.out 'helo:' 2
	kill -TERM "$(cat first.pid)"
	wait "$(cat first.pid)" || atf_fail 'the first one failed'
	atf_check -o match:'status: pass' "$MM_PROGRAM" test-server \
	    -s unix:2.sock
	stop_manager
}

# --- limits ------------------------------------------------------------------

# limit_is N: the daemon's soft limit of open files.
limit_is()
{

	l_n=$(awk '/^Max open files/ { print $4 }' \
	    "/proc/$(cat mm.pid)/limits")
	[ "$l_n" = "$1" ] || atf_fail "its limit is $l_n, not $1"
}

daemon_case descriptors "the limit of open files is set, and raised by default"
descriptors_body()
{

	[ -r /proc/self/limits ] || atf_skip 'the limits of a process are not shown here'
	conf_begin
	ulimit -S -n 64
	hard=$(ulimit -H -n)
	manager
	limit_is "$hard"
	sed '$a\
manager.max_file_descriptors = 50' mm.conf > new
	mv new mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	limit_is 50
	stop_manager
	manager
	limit_is 50
	stop_manager
}

daemon_case descriptors_refused "too high a limit is told, and the most is taken" \
    require.user=unprivileged
descriptors_refused_body()
{

	[ -r /proc/self/limits ] || atf_skip 'the limits of a process are not shown here'
	ulimit -n 80
	ulimit -S -n 64
	conf_begin 'manager.max_file_descriptors = 100000'
	manager
	has mm.log 'manager.max_file_descriptors: 100000 cannot be set'
	limit_is 80
	stop_manager
}

daemon_case descriptors_short "short of descriptors, it goes on with the first that ends"
descriptors_short_body()
{

	conf_begin 'manager.max_file_descriptors = 20' \
	    'manager.suspend_time_on_unacceptable = 1h'
	conf_child a reading_timeout=1h
	child a --on=connect=none
	manager
	i=0
	while [ $i -lt 20 ]; do
		hold "mta$i"
		i=$((i + 1))
	done
	wait_for grep -q 'max_file_descriptors: .* accepting is suspended' mm.log
	# Not one of them is left to wait for the hour to pass.
	i=0
	while [ $i -lt 20 ]; do
		kill -TERM "$(cat mta$i.pid)" 2> /dev/null
		i=$((i + 1))
	done
	wait_for grep -q 'accepting again' mm.log
	wait_for n_opened 20
	wait_for n_closed 20
	kill -TERM "$(cat mm.pid)"
	kill -TERM "$(cat mm.pid)"
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
}

n_closed()
{

	test "$(grep -c 'session closed' mm.log)" -ge "$1"
}

daemon_case connections "beyond max_connections one waits until another ends"
connections_body()
{

	conf_begin 'manager.max_connections = 1' \
	    'manager.suspend_time_on_unacceptable = 1h'
	conf_child a reading_timeout=1h
	child a --on=connect=none
	manager
	hold one
	wait_for grep -q 'accepting is suspended' mm.log
	hold two
	ntimes mm.log 'session opened' 1
	kill -TERM "$(cat one.pid)"
	wait_for n_opened 2
	has mm.log 'accepting again'
	kill -TERM "$(cat two.pid)"
	wait_for n_closed 2
	stop_manager
}

# --- the end -----------------------------------------------------------------

daemon_case term "TERM takes no new session and lets the others end"
term_body()
{

	conf_begin
	conf_child a
	child a --edit='add-header X-A: 1' --on=eom=delay:1500
	manager
	hold one
	wait_for grep -q 'end-of-message\|^body' a.out
	kill -TERM "$(cat mm.pid)"
	wait_for grep -q 'ending, 1 sessions to go' mm.log
	test ! -e mm.sock || atf_fail 'the socket is still there'
	wait "$(cat one.pid)" || atf_fail 'the session was cut'
	has one.out 'status: pass'
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
	has mm.log 'ended'
}

for row in TERM:INT INT:TERM TERM:TERM; do
	name=twice_${row%%:*}_${row#*:}
	daemon_case "$name" "a second signal ends at once: MTAs are told to come again"
	eval "${name}_body() { twice ${row%%:*} ${row#*:}; }"
done
twice()
{

	conf_begin 'manager.shutdown_timeout = 1h'
	conf_child a reading_timeout=1h
	child a --on=mail=none
	manager --pid-file=number
	hold one
	wait_for grep -q 'envelope-from:' a.out
	kill -"$1" "$(cat mm.pid)"
	wait_for grep -q 'ending, 1 sessions to go' mm.log
	kill -0 "$(cat mm.pid)" || atf_fail 'it did not wait'
	kill -"$2" "$(cat mm.pid)"
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
	wait "$(cat one.pid)"
	has one.out 'status: temporary-failure'
	test ! -e number || atf_fail 'the file with the number is left'
	test ! -e mm.sock || atf_fail 'the socket is left'
}

daemon_case signals "no number of signals keeps it from an orderly end"
signals_body()
{

	conf_begin
	for i in 1 2 3 4 5; do
		manager --pid-file=number
		for s in HUP USR1 TERM HUP INT USR1 TERM INT HUP TERM; do
			kill -$s "$(cat mm.pid)" 2> /dev/null
		done
		wait "$(cat mm.pid)" || atf_fail "round $i: exit status $?"
		test ! -e number || atf_fail 'the file with the number is left'
		test ! -e mm.sock || atf_fail 'the socket is left'
	done
}

daemon_case shutdown_timeout "after shutdown_timeout the sessions are ended"
shutdown_timeout_body()
{

	conf_begin 'manager.shutdown_timeout = 100ms'
	conf_child a reading_timeout=1h
	child a --on=mail=none
	manager
	hold one
	wait_for grep -q 'envelope-from:' a.out
	stop_manager
	has mm.log '1 sessions are ended before their time'
	wait "$(cat one.pid)"
	has one.out 'status: temporary-failure'
}

# --- back ends ---------------------------------------------------------------

daemon_case backend "each back end that is built in runs; others are told"
backend_body()
{

	conf_begin
	refused 78 'manager.event_loop_backend: "wheel" is not built in' \
	    -f mm.conf -d --event-loop-backend=wheel
	has refused.err '"poll"'
	sed -n 's/.*expected//p' refused.err | tr -d '",' | tr ' ' '\n' |
	    sed '/^or$/d; /^$/d; /^auto$/d' > names
	test -s names || atf_fail 'no names'
	cp mm.conf plain.conf
	while read -r name; do
		manager --event-loop-backend="$name"
		has mm.log "($name)"
		check_mta
		stop_manager
		# By its key.
		cp plain.conf mm.conf
		echo "manager.event_loop_backend = \"$name\"" >> mm.conf
		: > mm.log	# the old one is not taken for the new
		"$MM_PROGRAM" -d -f mm.conf 2> mm.log &
		echo $! >> pids
		echo $! > mm.pid
		wait_for grep -q 'listening on' mm.log
		has mm.log "($name)"
		stop_manager
	done < names
	# Upstream's words.
	manager --event-loop-backend=glib
	has mm.log '(poll)'
	stop_manager
	manager --event-loop-backend=libev
	stop_manager
	echo 'manager.event_loop_backend = "wheel"' >> mm.conf
	refused 78 'mm.conf:5: manager.event_loop_backend' -f mm.conf -n
}

# --- the tools ---------------------------------------------------------------

daemon_case tools "a tool is found by its word and by the name of a link"
tools_body()
{

	for tool in test-server test-client; do
		ln -s "$MM_PROGRAM" milter-$tool
		atf_check -o match:"^milter-$tool " "$MM_PROGRAM" $tool --version
		atf_check -o match:"milter-$tool " ./milter-$tool --version
		atf_check -o match:"usage: milter-$tool" "$MM_PROGRAM" $tool --help
		atf_check -s exit:64 -e match:"milter-$tool: --bogus" \
		    ./milter-$tool --bogus
		atf_check -s exit:64 -e match:"milter-$tool: --bogus" \
		    "$MM_PROGRAM" $tool --bogus
	done
	ln -s "$MM_PROGRAM" milter-manager-replay
	atf_check -o match:'^milter-manager-replay ' \
	    "$MM_PROGRAM" replay --version
	atf_check -s exit:64 -e match:'milter-manager-replay: --bogus' \
	    ./milter-manager-replay --bogus
	# Another name is the daemon.
	ln -s "$MM_PROGRAM" other
	atf_check -o match:'^milter-manager ' ./other --version
}

# --- names -------------------------------------------------------------------

# A child on a port of the loopback: its spec by a name is in a.spec.
tcp_child()
{

	"$MM_PROGRAM" test-client -s inet:0@127.0.0.1 --ready-file=a.ready \
	    > a.out 2> a.err &
	echo $! >> pids
	wait_for test -s a.ready
	sed 's/@.*/@localhost/' a.ready > a.spec
}

daemon_case resolver "a name is looked up, without a process of its own" \
    require.progs=ps
resolver_body()
{

	tcp_child
	conf_begin
	conf_child a "connection_spec=\"$(cat a.spec)\""
	manager
	check_mta
	has a.out 'helo:'
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	check_mta
	ntimes a.out 'helo:' 2
	test -z "$(children_of "$(cat mm.pid)")" || atf_fail 'there is one'
	stop_manager
	# It may listen at one, too.
	sed 's/^manager.connection_spec.*/manager.connection_spec = "inet:0@localhost"/' \
	    mm.conf > new
	mv new mm.conf
	manager
	has mm.log 'listening on inet:'
	stop_manager
	sed 's/@localhost/@no-such-host.invalid/' mm.conf > new
	mv new mm.conf
	atf_check -s not-exit:0 -e match:"host 'no-such-host.invalid': there is no such name" \
	    "$MM_PROGRAM" -d -f mm.conf
}

daemon_case no_such_name "a name that is none costs its child the fallback, no more"
no_such_name_body()
{

	conf_begin
	conf_child a 'connection_spec="inet:1@no-such-host.invalid"' \
	    'fallback_status="temporary-failure"'
	conf_child b
	child b
	manager
	wait_for grep -q 'target=.* look-up failed' mm.log
	check_mta --expect=temporary-failure
	ntimes mm.log 'child=a stage=connect\|child=a stage=negotiate' 0
	ntimes mm.log 'child=a stage=negotiate fallback=temporary-failure' 1
	ntimes mm.log 'look-up failed' 1
	stop_manager
	sed 's/temporary-failure/accept/' mm.conf > new
	mv new mm.conf
	manager
	check_mta --expect=pass
	has b.out 'helo:'
	stop_manager
}

# --- who may run it ----------------------------------------------------------

daemon_case unprivileged "an ordinary user runs it" require.user=unprivileged
unprivileged_body()
{

	conf_begin
	conf_child a "connection_spec=\"unix:$PWD/a.sock\""
	child a --edit='replace-body text'
	start_background
	check_mta -v
	has mta.out 'SMFIR_REPLBODY'
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' mm.log
	end_background
}

atf_init_test_cases()
{

	for tc in version usage options folder \
	    check faults stdin show_config sample manual \
	    port_in_use socket_refused log_refused no_socket_left relative \
	    spool pid_file pid_file_locked pid_file_stale \
	    background background_failure background_detached closed_stdio \
	    background_reload reload_link reload_fault reload_pipe \
	    reload_relative \
	    log_rotation log_stdout log_quiet log_pipe log_syslog \
	    socket_mode socket_group socket_no_group socket_removed \
	    socket_left socket_stale two_daemons \
	    descriptors descriptors_refused descriptors_short connections \
	    term twice_TERM_INT twice_INT_TERM twice_TERM_TERM \
	    signals shutdown_timeout backend tools \
	    resolver no_such_name unprivileged; do
		atf_add_test_case "$tc"
	done
}
