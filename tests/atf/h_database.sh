#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_database.sh - databases that a case starts for itself.
# Owns:      the servers that it starts, in a folder of their own.
# Called by: t_feed_database.sh, t_table_daemon.sh, sourced; they have a
#            function wait_for, and call db_stop in their cleanup.
# Must not:  touch a server of this machine, or have two of its own at a time.
#
# db_sqlite, db_postgresql and db_mariadb make an empty database and define
#
#	db_sql TEXT		runs statements in it
#	db_begin, db_end	starts the server (as it is then), ends it
#
# A server has its socket in the folder DB, the database mm, and the user mm
# with the password DB_PASSWORD; sqlite's file is t.db.

# shellcheck disable=SC2034 # for those who source this
DB_PASSWORD="it's a \\\"secret\\\" # 1"

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

db_sqlite()
{

	need sqlite3
	db_sql() {
		sqlite3 t.db "$1"
	}
	db_begin() {
		mv -f t.db.kept t.db
	}
	db_end() {
		mv t.db t.db.kept
		echo "this is no database, whatever its name says" > t.db
	}
}

db_postgresql()
{

	need psql initdb postgres
	db_folder
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
}

db_mariadb()
{

	need mariadb mariadbd mariadb-install-db
	db_folder
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
}
