#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_leader.sh - the scenarios of the upstream test suite's leader, under their
# own names ("-" is "_"), with this program's decisions.
#
# They are in d_leader_*.talk, one section each: a name in brackets, then any of
#
#	# ...			why it is not as upstream's
#	children NAME ...	who is there, and configured; default c1 c2
#	conf LINE		a line of configuration
#
# and the conversation in the language of h_wire.c.

. "$(atf_get_srcdir)/h_wire.sh"

leader_files()
{

	cat "$(atf_get_srcdir)"/d_leader_*.talk
}

# leader NAME: runs it.
leader()
{

	leader_files | awk -v name="[$1]" '/^\[/ { on = $0 == name; next }
	    on' > section
	l_children=$(sed -n 's/^children//p' section)
	grep -q '^children' section || l_children='c1 c2'
	# Macros as the MTA sends them; t_macros.sh has the others.
	conf_begin 'manager.missing_macros = false'
	for l_name in $l_children; do
		conf_child "$l_name"
	done
	sed -n 's/^conf //p' section >> mm.conf
	sed 's/^children.*//; s/^conf .*//' section > script
	manager
	# shellcheck disable=SC2086 # names
	talk $l_children < script
}

leader_ids=
# A case for each section; in one go, since this is done for each case anew.
eval "$(leader_files | awk '/^\[.*\]$/ {
	name = id = substr($0, 2, length($0) - 2)
	gsub(/-/, "_", id)
	print "wire_case " id " \"upstream: " name "\""
	print id "_body() { leader " name "; }"
	ids = ids " " id
}
END { print "leader_ids=\"" ids "\"" }')"

atf_init_test_cases()
{

	for id in $leader_ids; do
		atf_add_test_case "$id"
	done
}
