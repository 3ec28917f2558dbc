#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_table_daemon.sh - tables that change and fail while the daemon works with
# them: a child sees a recipient when the table has it.
#
# No case goes by time: each polls until what it waits for is there.  That a
# program or a server is late takes as long as the daemon's patience with it.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_database.sh"
. "$(atf_get_srcdir)/h_table.sh"

table_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
		db_stop
	}"
}

# put FILE LINE...: these lines at once.
put()
{

	p_file=$1
	shift
	printf '%s\n' "$@" > "$p_file.new"
	mv "$p_file.new" "$p_file"
}

# at_least FILE N: so many lines.
at_least()
{

	[ "$(wc -l < "$1")" -ge "$2" ]
}

# --- a program ----------------------------------------------------------------

# program MODE: what it does next is in the file mode; each run is a line.
program()
{

	put mode "$1"
	put entries a@example.org
	: > starts
	cat > program <<-END
	cd "$PWD"
	read -r mode < mode
	echo \$\$ >> starts
	case \$mode in
	ok)	exec cat entries ;;
	down)	echo "no server" >&2; exit 3 ;;
	slow)	exec sleep 1000 ;;
	gate)	exec cat gate ;;
	huge)	exec head -c 70000000 /dev/zero ;;
	bad)	printf ' begins with a blank\\n' ;;
	esac
	END
}

# fails MODE REASON: it is told once, the old entries stay, and it ends.
fails()
{

	put mode "$1"
	: > starts
	wait_for grep -qF "table=users: $2; the old entries stay" mm.log
	listed a@example.org -- c@example.org
	wait_for at_least starts "${3:-4}"
	ntimes mm.log "table=users: $2" 1
	put mode ok
	f_n=${f_n:-0}
	f_n=$((f_n + 1))
	wait_for sh -c "[ \$(grep -c 'works again' mm.log) -eq $f_n ]"
	listed a@example.org -- c@example.org
}

table_case exec "a program's entries change, and stay when it fails"
exec_body()
{

	program ok
	restricted "exec:sh $PWD/program"
	listed a@example.org -- new@example.org
	put entries a@example.org new@example.org
	wait_for runs new@example.org
	put entries a@example.org
	wait_for lost new@example.org
	fails down 'exit status 3: no server'
	fails bad "its output:1: a blank at the beginning continues the line\
 before, and there is none"
	fails huge 'it prints too much' 2
	# Gone as a whole.
	mv program away
	wait_for grep -q 'table=users: exit status .*; the old entries' mm.log
	listed a@example.org -- c@example.org
	stop_manager
}

table_case exec_slow "a program that does not end is ended, and nobody waits"
exec_slow_body()
{

	need ps
	program ok
	restricted "exec:sh $PWD/program"
	listed a@example.org
	: > starts
	put mode slow
	wait_for at_least starts 1
	# A run of before may be under way.
	wait_for sleeping
	tail -n 1 starts > first
	listed a@example.org -- c@example.org
	lacks mm.log 'it took too long'
	kill -0 "$(cat first)" || atf_fail "it does not hang"
	# Its patience is 30 s.
	es_i=0
	until grep -q 'it took too long; the old entries stay' mm.log; do
		listed a@example.org
		es_i=$((es_i + 1))
		[ $es_i -le 120 ] || tell "it may take for ever"
		sleep 0.5
	done
	put mode ok
	# The second one hangs by now, or none.
	wait_for sh -c '! kill -0 $(cat first) 2>/dev/null'
	ntimes mm.log 'it took too long' 1
	stop_manager
	wait_for sh -c '! kill -0 $(tail -n 1 starts) 2>/dev/null'
}

sleeping()
{

	ps -o args= -p "$(tail -n 1 starts)" 2>/dev/null | grep -q '^sleep'
}

table_case exec_first "only the child that asks waits for the first entries"
exec_first_body()
{

	program gate
	mkfifo gate
	restricted "exec:sh $PWD/program" 'manager.command_deadline = 10m'
	mta --envelope-recipient=a@example.org > first.out &
	ef_pid=$!
	echo $ef_pid >> pids
	# b is asked, and all that it says is known.
	wait_for grep -qF 'envelope-recipient: <<a@example.org>>' b.out
	atf_check_equal 0 "$(seen a a@example.org)"
	lacks a.out 'envelope-recipient:'
	put mode ok
	echo a@example.org > gate
	wait $ef_pid || tell "the first session failed"
	atf_check_equal 1 "$(seen a a@example.org)"
	listed a@example.org -- c@example.org
	# Nothing at all, from the beginning: it stops nobody, and says so.
	stop_manager
	put mode down
	manager
	listed a@example.org c@example.org
	has mm.log 'table=users: exit status 3: no server; it has no entries yet'
	has mm.log 'has no answer: users c@example.org: table=users: exit status 3'
	put mode ok
	wait_for sh -c "! grep -c 'it works again' mm.log | grep -q '^0'"
	listed a@example.org -- c@example.org
}

# --- a server -----------------------------------------------------------------

# server: a socketmap server that answers from the file map.
server()
{

	"$(atf_get_srcdir)/h_socketmap" map.sock map > map.out 2> map.err &
	s_pid=$!
	echo $s_pid >> pids
	wait_for grep -qs listening map.out
}

table_case socketmap "a server's answers change, and when it fails the child \
runs"
socketmap_body()
{

	put map 'a@example.org yes' 'a@example.com no'
	server
	restricted "socketmap:unix:$PWD/map.sock:users"
	listed a@example.org -- c@example.org
	has map.out 'users a@example.org'
	# A key that is known is asked again after some seconds.
	put map 'a@example.org yes' 'c@example.org yes' 'd@example.org yes'
	listed d@example.org
	wait_for runs c@example.org
	lacks mm.log 'has no answer'
	# Each with another recipient: an answer would be remembered.
	sm_n=0
	while read -r mode why; do
		sm_n=$((sm_n + 1))
		put map "!$mode"
		listed "$sm_n@example.org"
		ntimes mm.log 'has no answer' $sm_n
		has mm.log "has no answer: users $sm_n@example.org:\
 table=users: unix:$PWD/map.sock: $why"
		has map.out "users $sm_n@example.org"
		put map 'x yes'
		listed -- "not$sm_n@example.org"
	done <<-'END'
	temp TEMP not now
	huge not an answer of a socketmap server
	garbage not an answer of a socketmap server
	half closed without an answer
	hangup closed without an answer
	END
	# It does not answer: only the child that asks waits.
	put map '!silent'
	check_mta --envelope-recipient=late@example.org
	has map.out 'users late@example.org'
	atf_check_equal 1 "$(seen a late@example.org)"
	atf_check_equal 1 "$(seen b late@example.org)"
	ntimes mm.log 'no answer in time' 1
	sed -n 's/^.*: [0-9]* child=\([ab]\) stage=rcpt .*/\1/p
	    s/^.*no answer in time$/late/p' mm.log | tail -n 3 > order
	atf_check -o inline:'b\nlate\na\n' cat order
	# Gone, and back.
	put map 'a@example.org yes'
	kill "$s_pid"
	wait_for sh -c "! kill -0 $s_pid 2>/dev/null"
	listed down@example.org
	has mm.log 'Connection refused'
	rm map.sock
	listed none@example.org
	has mm.log 'No such file or directory'
	server
	listed a@example.org -- back@example.org
	stop_manager
}

# --- during a session ---------------------------------------------------------

# The MTA and the children are one process, which is told step by step.
talk_begin()
{

	mkfifo steps
	"$(atf_get_srcdir)/h_wire" mm.sock "$@" < steps > wire.out 2>&1 &
	t_pid=$!
	echo $t_pid >> pids
	exec 8> steps
}

say()
{

	cat >&8
}

talk_end()
{

	exec 8>&-
	wait $t_pid || {
		cat wire.out >&2
		tell h_wire
	}
}

table_case session "entries that change in the middle of a session count from \
then on"
session_body()
{

	program ok
	put entries one@example.org
	put list one@example.org
	put cidr '192.0.2.1 one'
	put regexp '/^one@/ one'
	put map 'one@example.com 1'
	server
	conf_begin 'manager.missing_macros = false' \
	    'manager.table_interval = 100ms' \
	    "table.list = \"list:$PWD/list\"" \
	    "table.cidr = \"cidr:$PWD/cidr\"" \
	    "table.regexp = \"regexp:$PWD/regexp\"" \
	    "table.exec = \"exec:sh $PWD/program\"" \
	    "table.server = \"socketmap:unix:$PWD/map.sock:m\""
	while read -r name stage fact; do
		echo "condition.$name.stop_on_$stage =" \
		    "$fact not in table.$name" >> mm.conf
		conf_child "$name" "applicable_conditions=[\"$name\"]"
	done <<-'END'
	list envelope_recipient recipient
	cidr envelope_from address
	regexp envelope_recipient recipient
	exec envelope_recipient recipient
	server envelope_from sender
	END
	manager
	wait_for grep -q 'table=exec: 1 entries' mm.log
	talk_begin list cidr regexp exec server
	say <<-'END'
	negotiate
	pass C "mx.example.net" '4' 0019 "192.0.2.2"
	pass H
	# In no table.
	mta> M "<two@example.com>"
	list< M "<two@example.com>"
	list> c
	regexp< M "<two@example.com>"
	regexp> c
	exec< M "<two@example.com>"
	exec> c
	mta< c
	mta> R "<two@example.org>"
	mta< c
	END
	wait_for grep -q 'child=exec state=stopped stage=rcpt' mm.log
	put entries one@example.org two@example.org
	put list one@example.org two@example.org
	put cidr '192.0.2.0/30 two' '10.0.0.0/8 three'
	put regexp '/^one@/ one' '/^two@/ two'
	put map 'one@example.com 1' 'three@example.com 3'
	for t in list cidr regexp exec; do
		wait_for grep -q "table=$t: 2 entries" mm.log
	done
	# In all of them.
	say <<-'END'
	mta> A
	list< A
	regexp< A
	exec< A
	pass M "<three@example.com>"
	pass R "<two@example.org>"
	pass T
	END
	talk_end
	stop_manager
}

table_case files "a file that is bad, or gone, changes nothing"
files_body()
{

	put users a@example.org
	restricted "list:$PWD/users"
	listed a@example.org -- new@example.org
	printf 'new@example.org\0x\n' > users.new
	mv users.new users
	wait_for grep -q "table=users: $PWD/users:1: a NUL byte.*the old entries" \
	    mm.log
	listed a@example.org -- new@example.org
	put users a@example.org new@example.org
	wait_for runs new@example.org
	has mm.log 'it works again'
	rm users
	wait_for grep -q "table=users: $PWD/users: .*the old entries" mm.log
	listed a@example.org new@example.org -- c@example.org
	# A folder, a pipe that nobody writes to: no reason to wait.
	mkdir users
	listed a@example.org new@example.org -- c@example.org
	rmdir users
	mkfifo users
	listed a@example.org new@example.org -- c@example.org
	rm users
	put users c@example.org
	wait_for runs c@example.org
	listed -- a@example.org
	stop_manager
}

# --- databases ----------------------------------------------------------------

# database LINE...: rows come, the server goes and comes back.
database()
{

	db_sql "CREATE TABLE users(address VARCHAR(100))"
	db_sql "INSERT INTO users VALUES ('a@example.org')"
	restricted 'database:SELECT address FROM users' "$@"
	listed a@example.org -- new@example.org
	db_sql "INSERT INTO users VALUES ('new@example.org')"
	wait_for runs new@example.org
	db_end
	wait_for grep -q 'table=users: .*the old entries stay' mm.log
	listed a@example.org new@example.org -- c@example.org
	db_begin
	db_sql "DELETE FROM users WHERE address <> 'a@example.org'"
	wait_for grep -q 'it works again' mm.log
	wait_for sh -c "grep -q 'table=users: 1 entries; it works' mm.log ||
	    tail -n 20 mm.log | grep -q 'table=users: 1 entries'"
	listed a@example.org -- new@example.org c@example.org
	# The password is in no line of the log.
	! grep -qF "$DB_PASSWORD" mm.log || atf_fail "the password is logged"
	stop_manager
}

table_case sqlite "sqlite3: rows restrict a child"
sqlite_body()
{

	db_sqlite
	database 'database.type = "sqlite3"' "database.name = \"$PWD/t.db\""
}

table_case postgresql "PostgreSQL: rows restrict a child"
postgresql_body()
{

	db_postgresql
	database 'database.type = "pg"' 'database.name = "mm"' \
	    "database.host = \"$DB\"" 'database.user = "mm"' \
	    "database.password = \"$(password)\""
}

table_case mariadb "MariaDB: rows restrict a child"
mariadb_body()
{

	db_mariadb
	database 'database.type = "mysql2"' 'database.name = "mm"' \
	    "database.path = \"$DB/sock\"" 'database.user = "mm"' \
	    "database.password = \"$(password)\""
}

atf_init_test_cases()
{

	for id in exec exec_slow exec_first socketmap session files sqlite \
	    postgresql mariadb; do
		atf_add_test_case $id
	done
}
