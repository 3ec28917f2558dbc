#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_table.sh - a table that says which recipients a child sees.
# Called by: t_table_*.sh, sourced after h_session.sh and h_database.sh.

# restricted TABLE [LINE...]: a sees the recipients in the table, b all.
restricted()
{

	r_table=$1
	r_stop=condition.users.stop_on_envelope_recipient
	shift
	conf_begin 'manager.table_interval = 100ms' \
	    "table.users = \"$r_table\"" \
	    "$r_stop = recipient not in table.users" \
	    "$@"
	conf_child a 'applicable_conditions=["users"]'
	conf_child b
	child a
	child b
	manager
}

# runs RECIPIENT: one session; whether a saw it.  b always does.
runs()
{

	r_a=$(seen a "$1")
	r_b=$(seen b "$1")
	check_mta --envelope-recipient="$1"
	[ "$(seen b "$1")" -eq $((r_b + 1)) ] || atf_fail "b did not see $1"
	[ "$(seen a "$1")" -eq $((r_a + 1)) ]
}

lost()
{

	! runs "$1"
}

# seen CHILD RECIPIENT: so many times.
seen()
{

	grep -cF "envelope-recipient: <<$2>>" "$1.out"
}

# listed RECIPIENT... [-- RECIPIENT...]: a sees these, and not those.
listed()
{

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		runs "$1" || tell "a did not see $1"
		shift
	done
	[ $# -eq 0 ] || shift
	for l_r in "$@"; do
		! runs "$l_r" || tell "a saw $l_r"
	done
}

tell()
{

	tail -n 40 mm.log >&2
	atf_fail "$1"
}

# The password as the configuration has it.
password()
{

	printf '%s\n' "$DB_PASSWORD" | sed 's/[\\"]/\\&/g'
}
