#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_table_database.sh - databases that are slow, give too much, or what is no
# table, while the daemon works with their entries: the old ones stay, one line
# tells why, and no mail waits.
# Owns:      what a database is made to do; the rest is t_table_daemon.sh's.
# Called by: kyua.
# Must not:  touch a server of this machine.
#
# A query that does not end takes as long as the daemon's patience: 30 s.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_database.sh"
. "$(atf_get_srcdir)/h_table.sh"

trouble_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
		db_stop
	}"
}

# works N: it has come to work again so many times.
works()
{

	[ "$(grep -c 'table=users: .*it works again' mm.log)" -ge "$1" ]
}

# patient CONDITION...: as long as one query may take, and mail goes on.
patient()
{

	p_i=0
	until "$@"; do
		listed a@example.org -- c@example.org
		p_i=$((p_i + 1))
		[ $p_i -le 120 ] || tell "it may take for ever"
		sleep 0.5
	done
}

# told TEXT: a failure, once, after which the old entries are there.
told()
{

	wait_for grep -q "table=users: $1.*; the old entries stay" mm.log
	listed a@example.org -- c@example.org
	[ "$(grep -c "table=users: $1" mm.log)" -eq 1 ] ||
	    tell "not told once: $1"
}

# trouble VIEW ODD LINE...: users is a view of base and ctl, which says how slow
# it is and how many rows of 1000 bytes there are besides; ODD inserts rows with
# bytes that are no text, t_entries is how many entries there are then; t_free
# ends queries that go on in the server though nobody waits for them.
# slow_begun says whether a slow one is under way.
trouble()
{

	t_view=$1
	t_odd=$2
	shift 2
	db_sql "INSERT INTO ctl VALUES (0, 0)"
	db_sql "INSERT INTO base VALUES ('a@example.org')"
	db_sql "$t_view"
	restricted 'database:SELECT address FROM users' "$@"
	listed a@example.org -- c@example.org
	# Slow: nobody waits for it, and it is ended.
	db_sql "UPDATE ctl SET slow = 1000000000"
	# It has begun with what it has read, and the next one is not slow.
	wait_for slow_begun
	db_sql "UPDATE ctl SET slow = 0"
	patient works 1
	[ -z "$t_free" ] || db_sql "$t_free"
	ntimes mm.log 'it took too long' 1
	db_sql "INSERT INTO base VALUES ('new@example.org')"
	wait_for runs new@example.org
	# More than 64 MB.
	db_sql "UPDATE ctl SET huge = 70000"
	told 'it prints too much'
	listed new@example.org
	db_sql "UPDATE ctl SET huge = 0"
	wait_for works 2
	# A row that is too long for a line: the table is taken whole or not.
	db_sql "$t_long"
	db_sql "INSERT INTO base VALUES ('c@example.org')"
	told 'its output:[0-9]*: the line is too long: 65536 bytes are taken'
	db_sql "DELETE FROM base WHERE length(address) > 1000"
	wait_for runs c@example.org
	works 3 || tell "does not work again"
	# Its columns are others now, or it is gone.
	db_sql "DELETE FROM base WHERE address = 'c@example.org'"
	wait_for lost c@example.org
	db_sql "DROP VIEW users"
	told 'exit status'
	# Rows with what is no text are entries, with blanks in its place.
	db_sql "$t_odd"
	db_sql "INSERT INTO base VALUES ('odd@example.org')"
	db_sql "$t_view"
	wait_for works 4
	listed a@example.org odd@example.org -- c@example.org
	has mm.log "table=users: $t_entries entries; it works again"
	# The password is in no line of the log.
	! grep -qF "$DB_PASSWORD" mm.log || atf_fail "the password is logged"
	stop_manager
}

# --- sqlite3 ------------------------------------------------------------------

trouble_case sqlite "sqlite3: slow, too much, and what is no table"
sqlite_body()
{

	db_sqlite
	# Our reader has the file for long; a writer gets its turn behind it.
	db_sql() {
		sqlite3 -cmd '.timeout 100000' t.db "$1" > sql.log 2>&1 ||
		    give_up sqlite3 sql.log
	}
	# Who reads that long keeps all others from writing.
	slow_begun() {
		! sqlite3 t.db "BEGIN EXCLUSIVE; ROLLBACK" && sleep 0.5 &&
		    ! sqlite3 t.db "BEGIN EXCLUSIVE; ROLLBACK"
	}
	db_sql "CREATE TABLE base(address)"
	db_sql "CREATE TABLE ctl(slow INTEGER, huge INTEGER)"
	t_long="INSERT INTO base VALUES (printf('%.70000c', 'y'))"
	t_entries=8
	t_free=
	trouble "CREATE VIEW users AS SELECT address FROM base WHERE (
	    WITH RECURSIVE s(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM s
	    WHERE x < (SELECT slow FROM ctl)) SELECT count(*) FROM s) > 0
	    UNION ALL SELECT * FROM (WITH RECURSIVE h(x) AS (SELECT 1 UNION ALL
	    SELECT x + 1 FROM h WHERE x < (SELECT huge FROM ctl))
	    SELECT printf('%.1000c', 'x') FROM h
	    WHERE x <= (SELECT huge FROM ctl))" \
	    "INSERT INTO base VALUES (CAST(x'ff00fe' AS TEXT)), (x'00'),
	    (x'c328a0'), (NULL), (''), (char(10)), (1.5),
	    ('b' || char(1) || 'c@example.org'), (zeroblob(100))" \
	    'database.type = "sqlite3"' "database.name = \"$PWD/t.db\""
}

# --- PostgreSQL ---------------------------------------------------------------

trouble_case postgresql "PostgreSQL: slow, too much, and what is no table"
postgresql_body()
{

	db_postgresql
	slow_begun() {
		db_sql "SELECT 'is ' || wait_event FROM pg_stat_activity"
		grep -q 'is PgSleep' psql.log
	}
	db_sql "CREATE TABLE base(address TEXT)"
	db_sql "CREATE TABLE ctl(slow INTEGER, huge INTEGER)"
	t_long="INSERT INTO base VALUES (repeat('y', 70000))"
	t_entries=9
	t_free="SELECT pg_terminate_backend(pid) FROM pg_stat_activity
	    WHERE wait_event = 'PgSleep'"
	trouble "CREATE VIEW users AS SELECT address FROM base, ctl
	    WHERE pg_sleep(slow)::text = '' UNION ALL
	    SELECT repeat('x', 1000) FROM ctl, generate_series(1, huge)" \
	    "INSERT INTO base VALUES (E'\\x01'), (NULL), (''), (E'\\n'),
	    (E'b\\x02c@example.org'), (E'\\\\'), (E'\\\\N'), (E'\\\\.')" \
	    'database.type = "pg"' 'database.name = "mm"' \
	    "database.host = \"$DB\"" 'database.user = "mm"' \
	    "database.password = \"$(password)\""
}

# --- MariaDB, MySQL -----------------------------------------------------------

trouble_case mariadb "MariaDB: slow, too much, and what is no table"
mariadb_body()
{

	db_mariadb
	slow_begun() {
		db_sql "SHOW PROCESSLIST"
		grep -qi 'user sleep' sql.log
	}
	db_sql "CREATE TABLE base(address LONGBLOB)"
	db_sql "CREATE TABLE ctl(slow INTEGER, huge INTEGER)"
	t_long="INSERT INTO base VALUES (repeat('y', 70000))"
	t_entries=9
	t_free=
	trouble "CREATE VIEW users AS SELECT address FROM base, ctl
	    WHERE SLEEP(slow) = 0 UNION ALL
	    SELECT repeat('x', 1000) FROM ctl, seq_1_to_70000
	    WHERE seq <= huge" \
	    "INSERT INTO base VALUES (x'ff00fe'), (x'00'), (x'c328a0'), (''),
	    (x'0a'), (x'62'), (concat('b', char(9), 'c@example.org'))" \
	    'database.type = "mysql2"' 'database.name = "mm"' \
	    "database.path = \"$DB/sock\"" 'database.user = "mm"' \
	    "database.password = \"$(password)\""
}

atf_init_test_cases()
{

	atf_add_test_case sqlite
	atf_add_test_case postgresql
	atf_add_test_case mariadb
}
