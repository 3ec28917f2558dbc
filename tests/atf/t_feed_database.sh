#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_feed_database.sh - databases as tables, each asked with its own client.
# Owns:      what is asked, and what has to come of it.
# Called by: kyua.
# Must not:  touch a server of this machine.
#
# A server takes a second to make and to start, so there is one case for each.

. "$(atf_get_srcdir)/h_database.sh"

# db_case NAME DESCR
db_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 120
	}
	$1_cleanup() {
		db_stop
	}"
}

# wait_for CONDITION...: at most 20 seconds.
wait_for()
{

	wf_i=0
	until "$@"; do
		wf_i=$((wf_i + 1))
		if [ $wf_i -gt 400 ]; then
			tail -n 30 ./*.log ./*.out ./*.err >&2
			atf_fail "waited in vain for: $*"
		fi
		sleep 0.05
	done
}

feed()
{

	"$(atf_get_srcdir)/h_feed" "$@"
}

# What every database gives of the same rows: find OPTION...
ROWS="a@example.org: one
two words: 2
#3: hash
tab and line: a b c d\\e
quote's: \"q\"
nothing: none
evil: none"
rows()
{

	feed "$@" 'database:SELECT k, v FROM t -- all
;' a@example.org 'two words' '#3' 'tab and line' "quote's" nothing \
	    evil > rows.out 2> rows.err || give_up h_feed rows.err
	printf '%s\n' "$ROWS" > rows.want
	atf_check diff -u rows.want rows.out
}

# fails TEXT OPTION...: the first run fails, and says so.
fails()
{

	f_text=$1
	shift
	feed "$@" 'database:SELECT k, v FROM t' k > fails.out 2> fails.err
	grep -q "^k failed: table=.*$f_text" fails.out || {
		cat fails.out fails.err >&2
		atf_fail "no failure with: $f_text"
	}
}

# secret CLIENT SELECT OPTION...: while the client runs, the password is on
# nobody's command line.
secret()
{

	s_client=$1
	s_select=$2
	shift 2
	feed -w "$DB_PASSWORD" "$@" "database:$s_select" k > slow.out \
	    2> slow.err &
	s_pid=$!
	wait_for sh -c "ps ax -o args | grep '$s_client.*slow[ ]run'"
	ps ax -o args > ps.out
	grep -F -- "$DB_PASSWORD" ps.out && atf_fail "the password is seen"
	wait $s_pid
	atf_check -o inline:'k: v\n' cat slow.out
}

# changes SQL OPTION...: SQL is run by the function db_sql while entries of the
# table are in use.
changes()
{

	c_sql=$1
	shift
	feed "$@" 'database:SELECT k, v FROM t' a@example.org \
	    a@example.org=changed gone > changes.out 2> changes.err &
	c_pid=$!
	wait_for test -s changes.out
	db_sql "$c_sql"
	wait $c_pid || give_up changes changes.out changes.err
	atf_check -o inline:'a@example.org: one\ngone: none\n' cat changes.out
}

# stays OPTION...: the server ends while entries are in use.
stays()
{

	{ feed "$@" 'database:SELECT k, v FROM t' '#3' 'more=yes' '#3'; } \
	    > stays.out 2> stays.err &
	s_pid=$!
	wait_for test -s stays.out
	db_end
	wait_for grep -q 'the old entries stay' stays.err
	db_begin
	db_sql "INSERT INTO t VALUES ('more', 'yes')"
	wait $s_pid || give_up restart stays.out stays.err
	atf_check -o inline:'#3: hash\n#3: hash\n' cat stays.out
	atf_check -o match:'it works again' cat stays.err
	[ "$(grep -c 'entries stay' stays.err)" -le 3 ] ||
	    give_up "each run is told" stays.err
}

# --- sqlite3 ------------------------------------------------------------------

db_case sqlite "sqlite3: rows, failures, changes, a file that is locked"
sqlite_body()
{

	need ps
	db_sqlite
	db_sql "CREATE TABLE t(k TEXT, v TEXT);
	    INSERT INTO t VALUES ('a@example.org', 'one'), ('two words', '2'),
	    ('#3', 'hash'), ('tab' || char(9) || 'and' || char(10) || 'line',
	    'a' || char(9) || 'b' || char(10) || 'c d\\e'),
	    ('quote''s', '\"q\"'), (NULL, NULL),
	    ('x', 'y' || char(10) || 'evil' || char(9) || 'z');"
	rows -t sqlite3 -n t.db
	# Upstream's other name for it.
	rows -t sqlite3 -P t.db
	rows -t sqlite3 -n t.db -o timeout=20000
	fails 'unable to open database' -t sqlite3 -n none.db
	fails 'exit status' -t sqlite3 -n t.db -o nosuch=1
	head -c 5000 /dev/urandom > bad.db
	fails 'exit status' -t sqlite3 -n bad.db
	fails 'database.type must be' -t oracle
	fails 'database.type must be' -n t.db
	# Nothing is written, whatever the SELECT says.
	atf_check -o match:'k failed: .*readonly' -e ignore \
	    "$(atf_get_srcdir)/h_feed" -t sqlite3 -n t.db \
	    'database:DELETE FROM t' k
	atf_check -o inline:'7\n' sqlite3 t.db 'SELECT count(*) FROM t'
	changes "UPDATE t SET v = 'changed' WHERE k = 'a@example.org'" \
	    -t sqlite3 -n t.db
	# Another program has the file for a moment: waited for.
	mkfifo go
	sqlite3 t.db > lock.log 2>&1 <<-'END' &
	BEGIN EXCLUSIVE;
	DELETE FROM t;
	.system touch locked; cat go
	COMMIT;
	END
	wait_for test -e locked
	feed -t sqlite3 -n t.db -i 60000 'database:SELECT k, v FROM t' \
	    '#3' > lock.out 2> lock.err &
	l_pid=$!
	wait_for sh -c "ps ax -o args | grep '[-]readonly.*t.db'"
	: > go
	wait $l_pid
	atf_check -o inline:'#3: none\n' cat lock.out
}

# --- PostgreSQL ---------------------------------------------------------------

db_case postgresql "PostgreSQL: rows, failures, changes, restarts, the password"
postgresql_body()
{

	need ps
	db_postgresql
	db_sql "CREATE TABLE t(k TEXT, v TEXT);
	    INSERT INTO t VALUES ('a@example.org', 'one'), ('two words', '2'),
	    ('#3', 'hash'), (E'tab\tand\nline', E'a\tb\nc d\\\\e'),
	    ('quote''s', '\"q\"'), (NULL, NULL), ('x', E'y\nevil\tz')"
	set -- -t pg -n mm -u mm -w "$DB_PASSWORD"
	rows "$@" -h "$DB"
	rows "$@" -P "$DB" -o application_name="it's me\\"
	fails 'exit status.*password' -t pg -n mm -u mm -w wrong -h "$DB"
	fails 'exit status.*password' -t pg -n mm -u mm -h "$DB"
	fails 'exit status.*nosuch' "$@" -h "$DB" -o nosuch=1
	fails 'exit status' -t pg -n none -u mm -w "$DB_PASSWORD" -h "$DB"
	fails 'exit status.*No such file' "$@" -h "$DB/none"
	atf_check -o match:'k failed: .*exit status' -e ignore \
	    "$(atf_get_srcdir)/h_feed" "$@" -h "$DB" \
	    'database:SELECT nothing FROM t' k
	secret psql "SELECT 'k' /* slow run */, 'v' FROM pg_sleep(2)" \
	    -t pg -n mm -u mm -h "$DB"
	changes "UPDATE t SET v = 'changed' WHERE k = 'a@example.org'" \
	    "$@" -h "$DB"
	stays "$@" -h "$DB"
}

# --- MariaDB, MySQL -----------------------------------------------------------

db_case mariadb "MariaDB: rows, failures, changes, restarts, the password"
mariadb_body()
{

	need ps
	db_mariadb
	db_sql "CREATE TABLE t(k TEXT, v TEXT);
	    INSERT INTO t VALUES ('a@example.org', 'one'), ('two words', '2'),
	    ('#3', 'hash'), ('tab\tand\nline', 'a\tb\nc d\\\\e'),
	    ('quote''s', '\"q\"'), ('x', 'y\nevil\tz')"
	set -- -t mysql2 -n mm -P "$DB/sock" -u mm -w "$DB_PASSWORD"
	rows "$@"
	rows "$@" -t mysql -o connect-timeout=20
	fails 'exit status.*Access denied' "$@" -w wrong
	fails 'exit status.*nosuch' "$@" -o nosuch=1
	fails 'exit status' "$@" -n none
	fails 'exit status.*socket' "$@" -P "$DB/none"
	atf_check -o match:'k failed: .*exit status' -e ignore \
	    "$(atf_get_srcdir)/h_feed" "$@" \
	    'database:SELECT nothing FROM t' k
	secret mariadb "SELECT 'k' /* slow run */, 'v' FROM (SELECT SLEEP(2)) s" \
	    -t mysql2 -n mm -P "$DB/sock" -u mm
	changes "UPDATE t SET v = 'changed' WHERE k = 'a@example.org'" "$@"
	stays "$@"
}

atf_init_test_cases()
{

	atf_add_test_case sqlite
	atf_add_test_case postgresql
	atf_add_test_case mariadb
}
