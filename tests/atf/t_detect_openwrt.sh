#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_openwrt.sh - milters that OpenWrt's init starts, and UCI.

. "$(atf_get_srcdir)/h_detect.sh"

# openwrt_case NAME DESCRIPTION: the body is the function NAME_body.
openwrt_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
}

# is NAME EXPECTED
is()
{

	detect openwrt > /dev/null || atf_fail "detect openwrt"
	i_got=$(sed -n "s/^$1 installed \([a-z]* [^ ]*\) place=.*conditions=[^ ]*/\1/p" \
	    detect.out)
	[ "$i_got" = "$2" ] || atf_fail "$1: '$i_got', not '$2'"
}

clamav()
{

	root_script /etc/init.d/clamav-milter <<-'EOT'
	#!/bin/sh /etc/rc.common
	START=90
	USE_PROCD=1
	PROG=/usr/sbin/clamav-milter
	CLAMAV_MILTER_CONFIGFILE="/tmp/clamav/clamav-milter.conf"

	validate_clamav_milter_section() {
		uci_load_validate clamav-milter clamav_milter "$1" "$2" \
			'clamav_milter_config_file:string' \
			'MilterSocket:string'
	}
	start_clamav_milter_instance() {
		[ "$2" = 0 ] || return 1
		mkdir -p "$(dirname $CLAMAV_MILTER_CONFIGFILE)"
		{
		[ -n "$MilterSocket" ] && echo "MilterSocket $MilterSocket"
		} > "$CLAMAV_MILTER_CONFIGFILE"
		procd_open_instance
		procd_set_param command $PROG -c $CLAMAV_MILTER_CONFIGFILE
		procd_close_instance
	}
	start_service()
	{
		validate_clamav_milter_section clamav_milter start_clamav_milter_instance
	}
	EOT
	root_file /etc/config/clamav-milter <<-'EOT'
	config clamav-milter 'clamav_milter'
		option clamav_milter_config_file '/etc/clamav/clamav-milter.conf'
		option OnClean 'Accept'
		option RejectMsg 'Rejecting: %v found.'
		option MilterSocket 'unix:/var/run/clamav/clamav-milter.sock'
	EOT
	root_link ../init.d/clamav-milter /etc/rc.d/S90clamav-milter
}

# A script with sections of its own, as many packages have.
sections()
{

	root_script /etc/init.d/my-milter <<-'EOT'
	#!/bin/sh /etc/rc.common
	START=90
	USE_PROCD=1
	PROG=/usr/bin/my-milter
	NAME=my-milter

	my_milter_instance()
	{
		local enabled socket extra

		config_get_bool enabled "$1" enabled 1
		config_get socket "$1" socket inet:1000@localhost
		config_get extra "$1" extra
		[ "$enabled" = 0 ] && return 1
		procd_open_instance
		procd_set_param command "$PROG" --foreground
		[ -n "$socket" ] && procd_append_param command -p "$socket"
		[ -n "$extra" ] && procd_append_param command $extra
		procd_set_param respawn
		procd_close_instance
	}
	start_service()
	{
		config_load "${NAME}"
		config_foreach my_milter_instance my_milter
	}
	EOT
	root_link ../init.d/my-milter /etc/rc.d/S90my-milter
}

openwrt_case packages "what the packages have, as they come"
packages_body()
{

	clamav
	root_script /etc/init.d/opendkim <<-'EOT'
	#!/bin/sh /etc/rc.common
	START=99
	start() {
		[ -d /var/run/opendkim ] || mkdir -p /var/run/opendkim
		service_start /usr/sbin/opendkim -x /etc/opendkim/opendkim.conf
	}
	EOT
	root_file /etc/opendkim/opendkim.conf <<-'EOT'
	Mode sv
	Socket inet:8891@localhost
	EOT
	expect openwrt <<-'EOT'
	opendkim installed off inet:8891@localhost place=3 extra=0 conditions=NONE
	clamav-milter installed on unix:/var/run/clamav/clamav-milter.sock place=6 extra=0 conditions=NONE
	EOT
	root_link ../init.d/opendkim /etc/rc.d/S99opendkim
	is opendkim 'on inet:8891@localhost'
	detect openwrt -l | sed -n '/^clamav/,$p' > out
	grep -q '	script /etc/init.d/clamav-milter' out &&
	grep -q '	enabled /etc/rc.d/S90clamav-milter:0 a link' out &&
	grep -q '	spec /etc/config/clamav-milter:5 unix:' out &&
	grep -q '	command /etc/init.d/clamav-milter \[start\]' out ||
	    { cat out; atf_fail "not all is said of clamav-milter"; }
}

openwrt_case uci "sections, options, lists, quotes and comments of UCI"
uci_body()
{

	sections
	root_file /etc/config/my-milter <<-'EOT'
	package my-milter

	config my_milter 'main'
		option socket '/run/a.sock'
	EOT
	is my-milter 'on unix:/run/a.sock'
	root_file /etc/config/my-milter <<-'EOT'
	# option socket '/run/no.sock'
	config my_milter
		option 'socket'	"/run/"'b'.sock # the end
		option "enabled" 1; option extra 'x
	y'
	EOT
	is my-milter 'on unix:/run/b.sock'
	root_file /etc/config/my-milter <<-'EOT'
	c my_milter
		o socket /run/\c.sock
		l extra -q
	EOT
	is my-milter 'on unix:/run/c.sock'
	printf 'config my_milter\r\n\toption socket /run/d.sock\r\n' |
	    root_file /etc/config/my-milter
	is my-milter 'on unix:/run/d.sock'
	printf 'config my_milter\noption socket "/run/\\"e\\".sock"' |
	    root_file /etc/config/my-milter
	is my-milter 'on unix:/run/"e".sock'
	# The first section that is on.
	root_file /etc/config/my-milter <<-'EOT'
	config my_milter 'one'
		option socket '/run/one.sock'
		option enabled '0'
	config my_milter 'two'
		option socket '/run/two.sock'
		option enabled '1'
	EOT
	is my-milter 'on unix:/run/two.sock'
}

openwrt_case off "one that is switched off is not used"
off_body()
{

	clamav
	echo "	option enabled '0'" | root_append /etc/config/clamav-milter
	detect openwrt -l > out
	grep -q '^clamav-milter installed off ' out &&
	grep -q '	enabled /etc/config/clamav-milter:6 enabled' out ||
	    { cat out; atf_fail "not off, or not why"; }
	clamav
	is clamav-milter 'on unix:/var/run/clamav/clamav-milter.sock'
	mv ./root/etc/rc.d/S90clamav-milter ./root/etc/rc.d/K10clamav-milter
	is clamav-milter 'off unix:/var/run/clamav/clamav-milter.sock'
}

openwrt_case faults "a fault of a file is one line of its milter"
faults_body()
{

	# fault EXPECTED TEXT
	fault()
	{
		printf '%b' "$2" | root_file /etc/config/clamav-milter
		detect openwrt > /dev/null || atf_fail "detect openwrt"
		grep -q "^clamav-milter installed on .*problem=/etc/config/clamav-milter$1" \
		    detect.out || {
			cat detect.out
			atf_fail "$1"
		}
	}
	clamav
	fault ':2: a quote that does not end' \
	    "config a\n\toption b 'c\n\n"
	fault ':1: an option before the first section' 'option a b\n'
	fault ':2: expected config, option or list' 'config a\nwhat is this\n'
	fault ':2: expected config, option or list' 'config a\noption b\n'
	fault ':2: too many words' 'config a\noption b c d\n'
	rm ./root/etc/config/clamav-milter
	root_link clamav-milter /etc/config/clamav-milter
	detect openwrt | grep -q 'problem=/etc/config/clamav-milter: ' ||
	    atf_fail "a circle: $(cat detect.out)"
	rm ./root/etc/config/clamav-milter
	head -c 5000000 /dev/zero | tr '\0' x |
	    root_file /etc/config/clamav-milter
	detect openwrt |
	    grep -q 'problem=/etc/config/clamav-milter: larger than 1 MiB' ||
	    atf_fail "large: $(cat detect.out)"
	for seed in 1 2 3 4 5; do
		head -c 50000 /dev/urandom |
		    root_file /etc/config/clamav-milter
		head -c 50000 /dev/urandom |
		    root_script /etc/init.d/clamav-milter
		detect openwrt > /dev/null || atf_fail "garbage"
	done
}

atf_init_test_cases()
{

	for c in packages uci off faults; do
		atf_add_test_case $c
	done
}
