#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_wire.sh - conversations of an MTA and children with the real daemon, frame
# by frame; the language is h_wire.c's.
# Owns:      how a case of them is declared and run.
# Called by: t_ideas*.sh, t_leader*.sh, t_rules*.sh, sourced.
# Must not:  know what is right: the cases' scripts say it.
#
#	wire_case NAME DESCRIPTION	declares a case
#	chain CHILD ...			the daemon with these children
#	chain_with LINE ... -- CHILD ...	... and lines of configuration
#	talk CHILD ... < SCRIPT		a conversation with a daemon that runs

. "$(atf_get_srcdir)/h_session.sh"

wire_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

chain_with()
{

	# The order of the children is that in which they are named first.
	: > lines
	while [ "$1" != -- ]; do
		echo "$1" >> lines
		shift
	done
	shift
	# Macros as the MTA sends them; t_macros.sh has the others.
	conf_begin 'manager.missing_macros = false'
	for cw_name in "$@"; do
		conf_child "$cw_name"
	done
	cat lines >> mm.conf
	if [ -f mm.pid ]; then
		stop_manager
	fi
	manager
}

chain()
{

	chain_with -- "$@"
}

talk()
{

	"$(atf_get_srcdir)/h_wire" mm.sock "$@" > wire.out 2>&1 || {
		cat wire.out >&2
		tail -n 40 mm.log >&2
		atf_fail "h_wire $*"
	}
}
