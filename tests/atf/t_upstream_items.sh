#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_upstream_items.sh - each item of upstream's configuration is a key, a fact
# or an answer of the parser, and has a test.  That each has its row in the
# manual is t_manual.sh's.
#
# d_upstream_items has the items, all of each table of chapters 1 and 2 of what
# is known of upstream, and the methods of what is handed to blocks:
#
#	ITEM|OURS|TEST|TEXT
#
# OURS is "=" (the key of that name), "key NAME", "fact NAME", "no" (writing it
# is answered with what to write instead), or "-" (nothing that is written).
# TEST is the file of tests that shows it at work, in which TEXT stands.

. "$(atf_get_srcdir)/h_session.sh"

items_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
}

# Keys and facts that there are; those of milters and conditions by NAME.
names()
{

	"$(atf_get_srcdir)/h_conf" --sample |
	    sed -n -e 's/\."{*name}*" = /.NAME = /' \
	    -e 's/^#\([a-z0-9_]*\.[A-Za-z0-9_.]*\) = .*/key \1/p'
	printf 'key %s\n' load load_if_exist load_default \
	    trust.load_envelope_from_domains
	"$(atf_get_srcdir)/h_conf" --facts | sed 's/^\([^ ]*\) .*/fact \1/'
}

# ours ITEM OURS: whether it is there.
ours()
{

	case $2 in
	-)	;;
	no)
		echo "$1 = 1" > no.conf
		atf_check -s exit:78 -o ignore \
		    -e match:'no.conf:1: .*: no key here; ' \
		    "$MM_PROGRAM" -n -f no.conf
		;;
	=)
		case $1 in
		milter.*) o_name=milter.NAME.${1#milter.} ;;
		*)	o_name=$1 ;;
		esac
		grep -qxF "key $o_name" names
		;;
	*)	grep -qxF "$2" names ;;
	esac
}

items_case each "each item is something here, and has a test"
each_body()
{

	tests=$(atf_get_srcdir)
	# Those in C are there as programs; their sources, where bmake runs.
	[ -f "$tests/t_conf.c" ] || tests=$tests/../../../tests/atf
	[ -f "$tests/t_conf.c" ] || atf_skip "the tests' sources are not here"
	names > names
	[ "$(wc -l < names)" -ge 120 ] || atf_fail "$(cat names)"
	: > missing
	while IFS='|' read -r item ours test text; do
		ours "$item" "$ours" ||
		    echo "$item: there is no $ours" >> missing
		[ -n "$text" ] || atf_fail "$item: no text"
		[ -f "$tests/$test" ] || {
			echo "$item: there is no $test" >> missing
			continue
		}
		grep -qF -e "$text" "$tests/$test" ||
		    echo "$item: $test does not have: $text" >> missing
	done < "$(atf_get_srcdir)/d_upstream_items"
	atf_check cat missing
}

items_case instead "what is no key says what to write, and that works"
instead_body()
{

	cat > rows <<-'END'
	manager.packet_buffer_size leave it out: edits always go
	manager.max_pending_finished_sessions leave it out: a session
	manager.use_netstat_connection_checker write manager.connection_check
	manager.define_connection_checker write manager.connection_checker =
	manager.maintained write manager.maintenance_command
	manager.event_loop_created write timer.NAME.interval
	s25r.add_whitelist write s25r.whitelist .=
	remote_network.add_local_address write remote_network.local_addr
	trust.clear write trust.envelope_from_domains = \[\]
	dnsbl.add_service write dnsbl.services .=
	database.load_models write table.NAME =
	define_milter write milter.NAME.KEY
	END
	while read -r name text; do
		echo "$name = 1" > no.conf
		atf_check -s exit:78 -o ignore \
		    -e match:"no.conf:1: $name: no key here; $text" \
		    "$MM_PROGRAM" -n -f no.conf
	done < rows
	# A name that is none of upstream's is another fault.
	echo 'manager.packet_buffer_siz = 1' > no.conf
	atf_check -s exit:78 -o ignore -e match:'unknown key' \
	    "$MM_PROGRAM" -n -f no.conf
}

# Options of the build and variables of the environment: none has an effect.
items_case configuration_dir "nothing but the command line says what is read"
configuration_dir_body()
{

	mkdir other
	echo 'manager.connection_spec = "inet:1"' > other/milter-manager.conf
	echo 'condition.A.description = "d"' > own.conf
	echo 'database.port = 1' >> own.conf
	MILTER_MANAGER_CONFIG_DIR=$PWD/other MILTER_LOG_LEVEL=all \
	    "$MM_PROGRAM" --show-config -f own.conf > shown ||
	    atf_fail "$(cat shown)"
	for line in 'manager.connection_spec = "inet:10025@[127.0.0.1]"' \
	    'log.level = "default"' 'condition.A.description = "d"' \
	    'database.port = 1'; do
		grep -qxF "$line" shown || {
			cat shown >&2
			atf_fail "no $line"
		}
	done
}

# stopper BODY EXPRESSION: of connect; "-": it has no counterpart.
stopper()
{

	printf '%s\n' 'define_applicable_condition("C") do |condition|' \
	    '  condition.define_connect_stopper do |context, host, address|' \
	    "    $1" '  end' 'end' > old.conf
	if [ "$2" = - ]; then
		atf_check -s exit:1 -o ignore -e match:'old.conf:2: not trans' \
		    "$MM_PROGRAM" import old.conf
	else
		echo "condition.C.stop_on_connect = $2" > new.conf
		atf_check -o file:new.conf "$MM_PROGRAM" import old.conf
		atf_check -o ignore -e ignore "$MM_PROGRAM" -n -f new.conf
	fi
}

items_case variables "what a stopper is handed is a fact, or said to be none"
variables_body()
{

	stopper 'address.address == "192.0.2.1"' 'address == "192.0.2.1"'
	stopper 'address.ipv4?' 'address.family == "inet"'
	stopper 'address.ipv6?' 'address.family == "inet6"'
	stopper 'address.unix?' 'address.family == "unix"'
	stopper 'address.unknown?' 'address.family == "unknown"'
	stopper 'address.local?' 'address.local'
	stopper 'address.port == 25' 'address.port == 25'
	stopper 'address.to_s == "inet:25@[192.0.2.1]"' -
	stopper 'address.to_ip_address == "192.0.2.1"' -
	stopper 'address.path == "/x"' -
	stopper 'context.name == "a"' -
}

atf_test_case control_socket cleanup
control_socket_head()
{

	atf_set descr "the control socket's mode and group, and when it goes"
}

control_socket_body()
{

	conf_begin 'controller.connection_spec = "unix:ctl.sock"' \
	    'controller.unix_socket_mode = 0640' \
	    "controller.unix_socket_group = \"$(id -gn)\"" \
	    'controller.remove_unix_socket_on_close = false'
	conf_child a
	manager
	atf_check -o match:"^srw-r-----[^ ]* .* $(id -gn) .*ctl.sock" \
	    ls -l ctl.sock
	stop_manager
	[ -S ctl.sock ] || atf_fail "the socket is removed at the end"
	# One of an earlier run goes at the start, unless that is forbidden.
	manager
	stop_manager
	echo 'controller.remove_unix_socket_on_create = false' >> mm.conf
	atf_check -s not-exit:0 -o ignore \
	    -e match:'controller: unix:.*ctl.sock: ' \
	    "$MM_PROGRAM" -d -f mm.conf
	echo 'controller.remove_unix_socket_on_create = true' >> mm.conf
	echo 'controller.remove_unix_socket_on_close = true' >> mm.conf
	manager
	stop_manager
	[ ! -e ctl.sock ] || atf_fail "the socket is not removed"
}

control_socket_cleanup()
{

	. "$(atf_get_srcdir)/h_session.sh"
	stop_all
}

atf_init_test_cases()
{

	for tc in each instead configuration_dir variables \
	    control_socket; do
		atf_add_test_case "$tc"
	done
}
