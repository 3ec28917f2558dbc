#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_privilege.sh - started as root it becomes another user: read back from the
# system, with what that one has to be able to do, and what a link could lead
# root to.

. "$(atf_get_srcdir)/h_session.sh"

# privilege_case NAME DESCRIPTION: of the case's head.
privilege_case()
{

	atf_test_case "$1" cleanup
	eval "${1}_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
		atf_set require.user root
	}
	${1}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# Somebody whom every system has, and who may look at the working folder.
USER=nobody

# begin LINE...: mm.conf for the background, its socket and number in run/, its
# log in log/, which is the user's.
begin()
{

	[ -r /proc/self/status ] || atf_skip 'a process is not shown here'
	chmod 755 .
	mkdir log
	chown $USER log
	{
		echo "manager.connection_spec = \"unix:$PWD/run/mm.sock\""
		echo "manager.pid_file = \"$PWD/run/mm.pid\""
		echo "log.path = \"$PWD/log/mm.log\""
		echo 'log.use_syslog = false'
		for b_line in "$@"; do
			echo "$b_line"
		done
	} > mm.conf
}

# The daemon in the background; its number in mm.pid.
start()
{

	"$MM_PROGRAM" -f "$PWD/mm.conf" --daemon -v \
	    ${MM_TEST_BACKEND:+--event-loop-backend="$MM_TEST_BACKEND"} "$@"
	s_status=$?
	if [ $s_status -eq 0 ]; then
		cp run/mm.pid mm.pid
		cat mm.pid >> pids
	fi
	return $s_status
}

started()
{

	start "$@" || atf_fail "it did not start: $?"
}

gone()
{

	! kill -0 "$(cat mm.pid)" 2> /dev/null
}

ended()
{

	kill -TERM "$(cat mm.pid)"
	wait_for gone
}

# The daemon and all that it has started, by their numbers.
processes()
{

	ps -A -o pid= -o ppid= | awk -v top="$(cat mm.pid)" '
	    { of[$1] = $2 }
	    END {
		for (p in of)
			for (q = p; q in of; q = of[q])
				if (q == top) {
					print p
					break
				}
	    }'
}

# is WHAT VALUE: that line of every process's status, in four ids or groups.
# One that keeps the rights it was started with, for what the daemon has no
# right to do, is known by its name; it has no socket of the network.
is()
{

	for i_pid in $(processes); do
		i_line=$(sed -n "s/^$1:[[:space:]]*//p" "/proc/$i_pid/status" |
		    tr '\t' ' ' | sed 's/ *$//')
		[ "$i_line" = "$2" ] || {
			[ "$i_pid" != "$(cat mm.pid)" ] &&
			    launches "$i_pid" && continue
			atf_fail "process $i_pid: $1 is $i_line, not $2"
		}
	done
}

launches()
{

	grep -q launcher "/proc/$1/comm" "/proc/$1/cmdline"
}

# becomes UID GID GROUPS: all of it, for good.
becomes()
{

	is Uid "$1 $1 $1 $1"
	is Gid "$2 $2 $2 $2"
	is Groups "$3"
	[ "$1" -eq 0 ] || {
		is CapEff 0000000000000000
		is CapPrm 0000000000000000
	}
}

# mta_passes [SPEC]
mta_passes()
{

	atf_check -o match:'status: (pass|accept)' "$MM_PROGRAM" test-server \
	    -s "${1:-unix:run/mm.sock}"
}

# sorted_groups USER: as the kernel shows them.
sorted_groups()
{

	id -G "$1" | tr ' ' '\n' | sort -n | paste -s -d ' ' -
}

# --- who ---------------------------------------------------------------------

privilege_case user "it becomes the user, with the groups and no more"
user_body()
{

	begin
	uid=$(id -u $USER) gid=$(id -g $USER)
	for o in "-u $USER" "--user=$uid" "--user-name=$USER" \
	    "--user-id=$uid"; do
		# shellcheck disable=SC2086
		started $o
		becomes "$uid" "$gid" "$(sorted_groups $USER)"
		mta_passes
		ntimes log/mm.log 'runs as root' 0
		ended
		test ! -e run/mm.sock -a ! -e run/mm.pid ||
		    atf_fail 'something is left'
	done
}

privilege_case group "a group of its own, beside those of the user"
group_body()
{

	begin "security.effective_user = \"$USER\"" \
	    'security.effective_group = "daemon"'
	uid=$(id -u $USER) gid=$(getent group daemon | cut -d : -f 3)
	started
	is Uid "$uid $uid $uid $uid"
	is Gid "$gid $gid $gid $gid"
	mta_passes
	ended
	started -g 54321
	is Gid "54321 54321 54321 54321"
	ended
	# Neither has an entry.
	rm log/mm.log
	chown 54322 log
	started -u 54322 -g 54321
	becomes 54322 54321 54321
	mta_passes
	ended
}

privilege_case supplementary "the user's other groups come with it"
supplementary_body()
{

	begin
	# One that is in other groups: whoever the system has.
	name=$(getent group | awk -F : '$4 != "" { sub(",.*", "", $4); print $4 }' |
	    while read -r n; do
		[ "$(id -u "$n" 2> /dev/null)" -gt 0 ] && echo "$n" && break
	    done 2> /dev/null)
	[ -n "$name" ] || atf_skip 'nobody here is in another group'
	chown "$name" log
	started -u "$name"
	becomes "$(id -u "$name")" "$(id -g "$name")" \
	    "$(sorted_groups "$name")"
	ended
}

privilege_case stays "without a user it stays root, and says so"
stays_body()
{

	begin
	started
	is Uid "0 0 0 0"
	is Gid "0 0 0 0"
	ntimes log/mm.log 'it runs as root, and only needs' 1
	ended
}

privilege_case unknown "who is not there is an error before anything is opened"
unknown_body()
{

	begin
	for o in -n -d --daemon; do
		atf_check -s exit:67 -e match:"there is no user 'no-such'" \
		    "$MM_PROGRAM" -f mm.conf $o -u no-such
		atf_check -s exit:67 -e match:"there is no group 'no-such'" \
		    "$MM_PROGRAM" -f mm.conf $o -u $USER -g no-such
	done
	atf_check -s exit:67 -e match:'expected security.effective_group' \
	    "$MM_PROGRAM" -f mm.conf -d -u 54321
	test ! -e run || atf_fail 'the folder was made'
	test ! -e log/mm.log || atf_fail 'the log was made'
}

# --- what is the user's then -------------------------------------------------

privilege_case owners "socket, log and folder are the user's"
owners_body()
{

	begin "security.effective_user = \"$USER\"" \
	    'manager.unix_socket_group = "daemon"' \
	    'manager.unix_socket_mode = 0620'
	uid=$(id -u $USER) gid=$(id -g $USER)
	started
	atf_check -o inline:"$uid $gid 755\n" stat -c '%u %g %a' run
	atf_check -o inline:"$USER daemon 620\n" stat -c '%U %G %a' run/mm.sock
	atf_check -o inline:"$uid 640\n" stat -c '%u %a' log/mm.log
	atf_check -o inline:"0 644\n" stat -c '%u %a' run/mm.pid
	ended
	# In a folder of root, too.
	chown root run
	started
	atf_check -o inline:"$USER daemon 620\n" stat -c '%U %G %a' run/mm.sock
	mta_passes
	ended
	# It could not take its name away, but the number is no more.
	test -S run/mm.sock || atf_fail 'it was removed'
	test ! -s run/mm.pid || atf_fail 'the number is left'
	started
	mta_passes
	ended
}

privilege_case log "the log is written on after a rotation"
log_body()
{

	begin "security.effective_user = \"$USER\""
	started
	mv log/mm.log log/old
	kill -USR1 "$(cat mm.pid)"
	wait_for test -e log/mm.log
	mta_passes
	wait_for grep -q 'session closed' log/mm.log
	atf_check -o inline:"$USER 640\n" stat -c '%U %a' log/mm.log
	ended
	# In a folder of root, the new file is made for it, as newsyslog does.
	chown root log
	rm log/mm.log
	started
	atf_check -o inline:"$USER 640\n" stat -c '%U %a' log/mm.log
	ntimes log/mm.log 'cannot be opened again' 0
	mv log/mm.log log/old
	install -o $USER -m 640 /dev/null log/mm.log
	kill -USR1 "$(cat mm.pid)"
	mta_passes
	wait_for grep -q 'session closed' log/mm.log
	ended
	# One with lines of somebody else is used, and that is told.
	echo line > log/mm.log
	chown root log/mm.log
	chmod 640 log/mm.log
	started 2> err
	has err 'mm.log: Permission denied; it cannot be opened again'
	mta_passes
	wait_for grep -q 'session closed' log/mm.log
	atf_check -o inline:"root\n" stat -c '%U' log/mm.log
	ended
}

privilege_case links "no link of the user leads root to another file"
links_body()
{

	begin "security.effective_user = \"$USER\""
	echo precious > file
	: > empty
	chmod 600 file empty
	mkdir closed
	for to in file empty closed/new; do
		ln -s "$PWD/$to" log/mm.log
		atf_check -s exit:73 -e match:'log.path: .*Permission denied' \
		    "$MM_PROGRAM" -f mm.conf --daemon
		rm log/mm.log
	done
	install -d -o $USER run
	for to in file empty closed/new; do
		ln -s "$PWD/$to" run/mm.pid
		atf_check -s exit:73 -e match:'no regular file' \
		    "$MM_PROGRAM" -f mm.conf --daemon
		rm run/mm.pid
	done
	ln file run/mm.pid
	atf_check -s exit:73 -e match:'no regular file' \
	    "$MM_PROGRAM" -f mm.conf --daemon
	rm run/mm.pid
	# Nor that of a folder that is not there.
	rm -r run
	ln -s "$PWD/closed/run" run
	atf_check -s exit:73 -e match:'No such file' \
	    "$MM_PROGRAM" -f mm.conf --daemon
	atf_check -o inline:'precious\n' cat file
	atf_check -o inline:'root 600\nroot 600\n' stat -c '%U %a' file empty
	atf_check ls closed
}

privilege_case reload "it reads its configuration again, or says that it cannot"
reload_body()
{

	begin "security.effective_user = \"$USER\""
	started
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' log/mm.log
	ntimes log/mm.log 'cannot be read again' 0
	is Uid "$(for i in 1 2 3 4; do id -u $USER; done | paste -s -d ' ' -)"
	mta_passes
	ended
	chmod 600 mm.conf
	started 2> err
	has err 'mm.conf: Permission denied; it cannot be read again'
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'the configuration in force stays' log/mm.log
	mta_passes
	ended
}

privilege_case later "another user is one of the next start, and that is told"
later_body()
{

	begin "security.effective_user = \"$USER\""
	started
	sed 's/^security.effective_user.*/security.effective_user = "daemon"/' \
	    mm.conf > new
	cat new > mm.conf
	kill -HUP "$(cat mm.pid)"
	wait_for grep -q 'configuration reloaded' log/mm.log
	ntimes log/mm.log 'security.effective_user has changed: this takes effect at' 1
	is Uid "$(for i in 1 2 3 4; do id -u $USER; done | paste -s -d ' ' -)"
	ended
}

privilege_case port "a port below 1024 is opened before, and served after"
port_body()
{

	begin "security.effective_user = \"$USER\""
	port=1023
	until start -s "inet:$port@127.0.0.1" 2> err; do
		port=$((port - 1))
		[ $port -gt 900 ] || atf_fail "$(cat err)"
	done
	mta_passes "inet:$port@127.0.0.1"
	is CapEff 0000000000000000
	ended
}

privilege_case limit "the limit of open files is root's to raise"
limit_body()
{

	begin "security.effective_user = \"$USER\"" \
	    'manager.max_file_descriptors = 300'
	# Not every root may: some containers take that away.
	( ulimit -n 200 && ulimit -n 300 ) 2> err ||
	    atf_skip 'this root may not'
	( ulimit -n 200 && start ) || atf_fail 'it did not start'
	cp run/mm.pid mm.pid
	atf_check -o match:'^Max open files *300 *300 ' \
	    cat "/proc/$(cat mm.pid)/limits"
	ended
}

# --- chroot ------------------------------------------------------------------

privilege_case chroot "with security.chroot it has another root and works"
chroot_body()
{

	begin "security.effective_user = \"$USER\"" \
	    "security.chroot = \"$PWD/jail\"" \
	    'milter.a.connection_spec = "unix:/a.sock"'
	# What a sanitizer does at the end needs /proc, and waits for it.
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0
	export ASAN_OPTIONS
	mkdir jail jail/tmp
	chmod 1777 jail/tmp
	# It has the same names inside, so that a reload finds what it read.
	mkdir -p "jail$PWD/log"
	cp mm.conf "jail$PWD/mm.conf"
	chown $USER "jail$PWD/log"
	"$MM_PROGRAM" test-client -s "unix:$PWD/jail/a.sock" \
	    --unix-socket-mode=0666 --ready-file=ready > a.out 2>&1 &
	echo $! >> pids
	wait_for test -s ready
	started
	atf_check -o inline:"$PWD/jail\n" readlink "/proc/$(cat mm.pid)/root"
	is CapEff 0000000000000000
	ntimes log/mm.log 'manager.spool_directory' 0
	mta_passes
	has a.out 'helo:'
	kill -HUP "$(cat mm.pid)"
	# A reload opens the log again, and that is the one below the new root.
	wait_for grep -q 'configuration reloaded' "jail$PWD/log/mm.log"
	mta_passes
	ended
	# What is not there below it is told.
	rm -r "jail$PWD/mm.conf" jail/tmp
	started 2> err
	has err 'mm.conf: No such file or directory; it cannot be read again'
	has err 'manager.spool_directory: /tmp: No such file or directory'
	ended
}

privilege_case chroot_refused "a root that cannot be is an error"
chroot_refused_body()
{

	begin "security.chroot = \"$PWD/jail\""
	for o in -d --daemon; do
		atf_check -s exit:78 -e match:'chroot: root can leave' \
		    "$MM_PROGRAM" -f mm.conf $o
		atf_check -s exit:71 -e match:'security.chroot: No such file' \
		    "$MM_PROGRAM" -f mm.conf $o -u $USER
		test ! -e run/mm.sock || atf_fail 'a socket is left'
	done
}

atf_init_test_cases()
{

	for tc in user group supplementary stays unknown owners log links \
	    reload later port limit chroot chroot_refused; do
		atf_add_test_case "$tc"
	done
}
