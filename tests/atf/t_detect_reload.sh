#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_reload.sh - milters that come and go while the daemon runs: real
# sessions through those that are installed below a root which changes.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_detect.sh"

reload_case()
{

	atf_test_case "$1" cleanup
	eval "${1}_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "${1}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# install NAME: a milter as a port of FreeBSD brings it, on NAME.sock.
install()
{

	root_script "/usr/local/etc/rc.d/$1-milter" <<-EOT
	#!/bin/sh
	# PROVIDE: ${1}_milter
	. /etc/rc.subr
	name=${1}_milter
	rcvar=${1}_milter_enable
	command=/usr/local/libexec/$1-milter
	load_rc_config \$name
	: \${${1}_milter_enable:=NO}
	: \${${1}_milter_socket:=unix:$PWD/$1.sock}
	command_args="-p \${${1}_milter_socket}"
	run_rc_command "\$1"
	EOT
}

# reload_conf N: tells the daemon; that is its Nth time.
reload_conf()
{

	kill -HUP "$(cat mm.pid)"
	wait_for reloaded "$1"
}

reloaded()
{

	[ "$(grep -c 'configuration reloaded' mm.log)" -eq "$1" ]
}

# hold NAME: a session that stands at its sender until the file NAME.go is
# there.  finish NAME: lets it go on to its end.
hold()
{

	"$(atf_get_srcdir)/h_mta" mm.sock C=c H=c M=c "wait:$1.go" \
	    R=c T=c L=c N=c B=c E=c > "$1.mta" 2>&1 &
	echo $! > "$1.mta.pid"
	echo $! >> pids
}

finish()
{

	echo go > "$1.go"
	wait "$(cat "$1.mta.pid")" || {
		cat "$1.mta" >&2
		atf_fail "the session $1 was disturbed"
	}
}

# senders NAME N: the milter has been shown so many.
senders()
{

	[ "$(grep -c '^envelope-from' "$1.out")" -eq "$2" ]
}

reload_case come_and_go "a new milter is used by new sessions, a removed one goes, running sessions keep theirs"
come_and_go_body()
{

	conf_begin 'package.platform = "freebsd"' \
	    "detect.root = \"$PWD/root\"" 'load_default = true'
	root_file /etc/rc.conf <<-'EOT'
	a_milter_enable="YES"
	EOT
	install a
	child a
	child b
	manager
	has mm.log "detected a-milter: unix:$PWD/a.sock"
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 1

	# One that runs with a alone.
	hold one
	wait_for senders a 2

	# b is installed, and sysrc enables it.
	install b
	root_append /etc/rc.conf <<-'EOT'
	b_milter_enable="YES"
	EOT
	reload_conf 1
	has mm.log "detected b-milter: unix:$PWD/b.sock"
	# What was so before is not told again.
	ntimes mm.log 'detected a-milter' 1
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 2
	ntimes b.out 'end-of-message' 1

	# One that runs with both.
	hold two
	wait_for senders b 2

	# a is removed: its script goes, its line in rc.conf stays.
	root_remove /usr/local/etc/rc.d/a-milter
	reload_conf 2
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 2
	ntimes b.out 'end-of-message' 2

	finish one
	ntimes a.out 'end-of-message' 3
	ntimes b.out 'end-of-message' 2
	finish two
	ntimes a.out 'end-of-message' 4
	ntimes b.out 'end-of-message' 3
	stop_manager
}

reload_case fault "a fault in one milter's files is told once, and takes only that one out"
fault_body()
{

	conf_begin 'package.platform = "freebsd"' \
	    "detect.root = \"$PWD/root\"" 'load_default = true' \
	    'milter.a-milter.fallback_status = "reject"' \
	    'milter.*.reading_timeout = 20'
	root_file /etc/rc.conf <<-'EOT'
	a_milter_enable=YES
	b_milter_enable=YES
	EOT
	install a
	install b
	child a
	child b
	manager
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 1
	ntimes b.out 'end-of-message' 1

	cp root/etc/rc.conf good
	echo 'a_milter_socket="/path/to/socket"' >> root/etc/rc.conf
	reload_conf 1
	ntimes mm.log 'a-milter is not used: ' 1
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 1
	ntimes b.out 'end-of-message' 2
	reload_conf 2
	ntimes mm.log 'a-milter is not used: ' 1

	# All are gone, and mail passes.
	root_remove /usr/local/etc/rc.d
	reload_conf 3
	check_mta --expect=accept
	ntimes b.out 'end-of-message' 2

	install a
	cp good root/etc/rc.conf
	reload_conf 4
	check_mta --expect=pass
	ntimes a.out 'end-of-message' 2
	ntimes b.out 'end-of-message' 2
	stop_manager
}

atf_init_test_cases()
{

	for tc in come_and_go fault; do
		atf_add_test_case "$tc"
	done
}
