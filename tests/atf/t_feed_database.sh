#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_feed_database.sh - databases as tables, each asked with its own client.
# Owns:      the servers that it starts, in a folder of their own.
# Called by: kyua.
# Must not:  touch a server of this machine, or have two of its own at a time.
#
# A server takes a second to make and to start, so there is one case for each.

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

# give_up WHAT FILE...: with what is in the files.
give_up()
{

	g_what=$1
	shift
	cat "$@" >&2
	atf_fail "$g_what"
}

# need PROGRAM...: skips without one of them.  Debian has servers elsewhere.
need()
{

	PATH=$PATH:/usr/sbin:/usr/local/sbin:/usr/pkg/sbin
	for n_folder in /usr/lib/postgresql/*/bin /usr/libexec/postgresql*; do
		[ ! -x "$n_folder/initdb" ] || PATH=$PATH:$n_folder
	done
	export PATH
	for n_prog in "$@"; do
		command -v "$n_prog" >/dev/null ||
		    atf_skip "$n_prog is not installed"
	done
}

# A folder with a short name (of a socket), for a user who is not root.
db_folder()
{

	DB=$(mktemp -d "${TMPDIR:-/tmp}/mmdb.XXXXXX")
	echo "$DB" > folder
	DB_AS=
	chmod 755 "$DB"
	if [ "$(id -u)" -eq 0 ]; then
		DB_AS=nobody
		chown nobody "$DB"
	fi
}

# as PROGRAM...: as that user, in its folder.
as()
{

	(
		cd "$DB" || exit 1
		TMPDIR=$DB
		export TMPDIR
		[ -n "$DB_AS" ] || exec "$@"
		! command -v setpriv >/dev/null ||
		    exec setpriv --reuid="$DB_AS" --clear-groups "$@"
		exec su -m "$DB_AS" -c 'exec "$0" "$@"' "$@"
	)
}

# The server whose process id is in the first line of that file.
db_running()
{

	[ -s "$1" ] && kill -0 "$(head -n 1 "$1")" 2>/dev/null
}

db_stop()
{

	[ -s folder ] || return 0
	ds_folder=$(cat folder)
	for ds_pid in "$ds_folder"/data/postmaster.pid "$ds_folder"/pid; do
		! db_running "$ds_pid" || kill -INT "$(head -n 1 "$ds_pid")" ||
		    true
		ds_i=0
		while db_running "$ds_pid" && [ $ds_i -lt 200 ]; do
			sleep 0.05
			ds_i=$((ds_i + 1))
		done
	done
	rm -rf "$ds_folder"
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

	need sqlite3 ps
	db_sql() {
		sqlite3 t.db "$1"
	}
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

	need psql initdb postgres ps
	db_folder
	DB_PASSWORD="it's a \\\"secret\\\" # 1"
	db_sql() {
		PGPASSWORD=$DB_PASSWORD psql -X -q -h "$DB" -U mm -d mm \
		    -c "$1" > psql.log 2>&1 || give_up psql psql.log
	}
	db_begin() {
		as postgres -D "$DB/data" -k "$DB" -c listen_addresses= \
		    -c fsync=off -c max_connections=10 > postgres.log 2>&1 &
		wait_for psql_works
	}
	db_end() {
		kill -INT "$(head -n 1 "$DB/data/postmaster.pid")"
		wait_for test ! -e "$DB/data/postmaster.pid"
	}
	psql_works() {
		PGPASSWORD=$DB_PASSWORD psql -X -q -h "$DB" -U mm \
		    -d postgres -c 'SELECT 1' > /dev/null 2>&1
	}
	printf '%s\n' "$DB_PASSWORD" > "$DB/pw"
	chmod 644 "$DB/pw"
	as initdb -D "$DB/data" -U mm -A md5 --pwfile="$DB/pw" -N \
	    --no-locale -E UTF8 > initdb.log 2>&1 ||
	    give_up initdb initdb.log
	db_begin
	PGPASSWORD=$DB_PASSWORD psql -X -q -h "$DB" -U mm -d postgres \
	    -c 'CREATE DATABASE mm' || atf_fail "no database"
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

	need mariadb mariadbd mariadb-install-db ps
	db_folder
	DB_PASSWORD="it's a \\\"secret\\\" # 1"
	db_sql() {
		mariadb --no-defaults -S "$DB/sock" -u root mm -e "$1" \
		    > sql.log 2>&1 || give_up mariadb sql.log
	}
	db_begin() {
		as mariadbd --no-defaults --datadir="$DB/data" \
		    --socket="$DB/sock" --pid-file="$DB/pid" \
		    --skip-networking --skip-log-bin \
		    --innodb-log-file-size=4M --innodb-buffer-pool-size=8M \
		    --innodb-flush-log-at-trx-commit=0 > mariadb.log 2>&1 &
		wait_for mariadb_works
	}
	db_end() {
		kill -TERM "$(cat "$DB/pid")"
		wait_for test ! -e "$DB/pid"
	}
	mariadb_works() {
		mariadb --no-defaults -S "$DB/sock" -u root -e 'SELECT 1' \
		    > /dev/null 2>&1
	}
	as mariadb-install-db --no-defaults --datadir="$DB/data" \
	    --auth-root-authentication-method=normal --skip-test-db \
	    --innodb-log-file-size=4M > install.log 2>&1 ||
	    give_up mariadb-install-db install.log
	db_begin
	mariadb --no-defaults -S "$DB/sock" -u root -e "CREATE DATABASE mm;
	    CREATE USER 'mm'@'localhost' IDENTIFIED BY
	    'it''s a \\\\\"secret\\\\\" # 1';
	    GRANT ALL ON mm.* TO 'mm'@'localhost'" || atf_fail "no database"
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
