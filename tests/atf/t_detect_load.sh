#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_load.sh - load_default in a configuration: what it defines, what the
# administrator's lines do to that, and whose fault is whose.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_detect.sh"

load_case()
{

	atf_test_case "$1" cleanup
	eval "${1}_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "${1}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# script NAME SOCKET: as a port of FreeBSD brings it.
script()
{

	s_name=$(echo "$1" | tr - _)
	root_script "/usr/local/etc/rc.d/$1" <<-EOT
	#!/bin/sh
	# PROVIDE: $s_name
	. /etc/rc.subr
	name=$s_name
	rcvar=${s_name}_enable
	load_rc_config \$name
	: \${${s_name}_enable:=NO}
	: \${${s_name}_socket:=$2}
	command=/usr/local/sbin/$1
	command_args="-p \${${s_name}_socket}"
	run_rc_command "\$1"
	EOT
}

# Three milters, named in another order than they are to run in; the first one
# is not enabled.
three()
{

	script a-milter /var/run/a.sock
	script b-milter inet:2525@127.0.0.1
	script spamass-milter /var/run/spamass-milter.sock
	root_file /etc/rc.conf <<-'EOT'
	# an administrator's
	b_milter_enable="YES"
	spamass_milter_enable=YES
	a_milter_enable="NO"
	EOT
}

# config LINE...: mm.conf with these and, as "load", load_default.
config()
{

	{
		echo 'package.platform = "freebsd"'
		echo "detect.root = \"$PWD/root\""
		for c_line in "$@"; do
			[ "$c_line" != load ] || c_line='load_default = true'
			echo "$c_line"
		done
	} > mm.conf
}

# show: what comes of it, in show.out; it has no fault.
show()
{

	"$MM_PROGRAM" --show-config -f mm.conf > show.out 2> show.err || {
		cat show.err >&2
		atf_fail 'there is a fault'
	}
	[ ! -s show.err ] || atf_fail "$(cat show.err)"
}

# is KEY VALUE [ORIGIN]: in show.out.  The file of an origin or a fault has its
# whole path there.
is()
{

	i_origin=${3-}
	case $i_origin in
	mm.conf:*) i_origin=$PWD/$i_origin ;;
	esac
	grep -q -x -F -e "$1 = $2" show.out || {
		grep -F -e "$1 = " show.out >&2
		atf_fail "$1 is not $2"
	}
	[ $# -eq 2 ] || grep -B1 -x -F -e "$1 = $2" show.out |
	    grep -q -x -F -e "# $i_origin" || {
		grep -B1 -x -F -e "$1 = $2" show.out >&2
		atf_fail "$1 is not from $i_origin"
	}
}

# order NAME...: the milters, all of them.
order()
{

	o_have=$(sed -n 's/^milter\.\(.*\)\.connection_spec = .*/\1/p' \
	    show.out | tr '\n' ' ')
	[ "$o_have" = "${*:+$* }" ] || atf_fail "the order is $o_have"
}

# faults LINE...: what -n says, and that it refuses.
faults()
{

	for f_line in "$@"; do
		echo "$PWD/$f_line"
	done > want
	atf_check -s exit:78 -o empty -e file:want "$MM_PROGRAM" -n -f mm.conf
}

# warns TEXT...: what -n says although it is good: one line each.
warns()
{

	"$MM_PROGRAM" -n -f mm.conf > out 2> err ||
	    atf_fail "refused: $(cat err)"
	has err 'the configuration is good'
	[ "$(wc -l < err)" -eq $(($# + 1)) ] ||
	    atf_fail "not $# lines: $(cat err)"
	for w_text in "$@"; do
		has err "$w_text"
	done
}

load_case shown "each line of a detected milter has the place that said so"
shown_body()
{

	three
	config load
	show
	order spamass-milter a-milter b-milter
	is milter.spamass-milter.enabled true /etc/rc.conf:3
	# Which of the lines that it takes is the reader's affair.
	is milter.spamass-milter.connection_spec \
	    '"unix:/var/run/spamass-milter.sock"'
	grep -B1 '^milter.spamass-milter.connection_spec' show.out |
	    grep -q '^# /usr/local/etc/rc.d/spamass-milter:[0-9]' ||
	    atf_fail "$(cat show.out)"
	is milter.spamass-milter.applicable_conditions \
	    '["Remote Network", "Unauthenticated", "No Stress"]' \
	    /usr/local/etc/rc.d/spamass-milter
	is milter.spamass-milter.reading_timeout 7s default
	is milter.b-milter.enabled true /etc/rc.conf:2
	is milter.b-milter.connection_spec '"inet:2525@[127.0.0.1]"'
	is milter.b-milter.applicable_conditions '[]' default
	is milter.a-milter.enabled false /etc/rc.conf:4
	is milter.a-milter.connection_spec '"unix:/var/run/a.sock"'
	# It reads back as the same, without anything to detect.
	sed '/^package\.\|^detect\./d' show.out > again.conf
	grep -v '^#' again.conf > want
	"$MM_PROGRAM" --show-config -f again.conf |
	    sed '/^package\.\|^detect\./d' | grep -v '^#' > again
	atf_check -o file:want cat again
}

load_case refined "later lines refine a detected milter and do not move it"
refined_body()
{

	three
	config load 'milter.b-milter.fallback_status = "reject"' \
	    'milter.spamass-milter.enabled = false' \
	    'milter.spamass-milter.applicable_conditions += "S25R"' \
	    'milter.a-milter.enabled = true' \
	    'milter.own.connection_spec = "inet:1"' \
	    'milter.*.reading_timeout = 15'
	show
	order spamass-milter a-milter b-milter own
	is milter.b-milter.fallback_status '"reject"' "mm.conf:4"
	is milter.spamass-milter.enabled false "mm.conf:5"
	is milter.spamass-milter.applicable_conditions \
	    '["Remote Network", "Unauthenticated", "No Stress", "S25R"]' \
	    mm.conf:6
	is milter.a-milter.enabled true mm.conf:7
	is milter.own.enabled true default
	is milter.b-milter.reading_timeout 15s mm.conf:9
}

load_case before "lines before load_default win, and do not move a milter either"
before_body()
{

	three
	config 'milter.own.connection_spec = "inet:1"' \
	    'milter.b-milter.fallback_status = "reject"' \
	    'milter.b-milter.description = "mine"' \
	    'milter.spamass-milter.enabled = false' \
	    'milter.spamass-milter.applicable_conditions += "S25R"' \
	    'milter.spamass-milter.applicable_conditions += ["Trust"]' \
	    'milter.b-milter.connection_spec += "inet:2"' \
	    load 'milter.b-milter.enabled = true'
	show
	order own spamass-milter a-milter b-milter
	is milter.b-milter.fallback_status '"reject"' mm.conf:4
	is milter.b-milter.description '"mine"' mm.conf:5
	is milter.spamass-milter.enabled false mm.conf:6
	is milter.spamass-milter.applicable_conditions \
	    '["Remote Network", "Unauthenticated", "No Stress", "S25R", "Trust"]'
	is milter.b-milter.connection_spec '["inet:2525@[127.0.0.1]", "inet:2"]'

	config 'milter.spamass-milter.applicable_conditions = ["Trust"]' \
	    'milter.spamass-milter.applicable_conditions += "S25R"' load
	show
	is milter.spamass-milter.applicable_conditions '["Trust", "S25R"]'
	config 'milter.spamass-milter.applicable_conditions = []' load
	show
	is milter.spamass-milter.applicable_conditions '[]' mm.conf:3
	order spamass-milter a-milter b-milter
}

load_case own "a milter with a connection_spec of the administrator's is his"
own_body()
{

	three
	# Its place and that it is used, whatever rc.conf says.
	config 'milter.a-milter.connection_spec = "inet:1"' load
	show
	order a-milter spamass-milter b-milter
	is milter.a-milter.enabled true mm.conf:3
	is milter.a-milter.connection_spec '"inet:1"' mm.conf:3
	config load 'milter.a-milter.connection_spec = "inet:1"'
	show
	order spamass-milter a-milter b-milter
	is milter.a-milter.enabled true mm.conf:4
	config 'milter.a-milter.enabled = false' load \
	    'milter.a-milter.connection_spec = "inet:1"'
	show
	is milter.a-milter.enabled false mm.conf:3
	# What is not known is made good by it.
	script b-milter /path/to/socket
	config load
	warns 'b-milter is not used: '
	config load 'milter.b-milter.connection_spec = "inet:3"'
	show
	is milter.b-milter.enabled true mm.conf:4
	is milter.b-milter.connection_spec '"inet:3"'
}

load_case absent "lines about milters that are not installed are no error"
absent_body()
{

	three
	config 'milter.opendkim.fallback_status = "reject"' load \
	    'milter.opendmarc.enabled = false' \
	    'milter.milter-greylist.applicable_conditions += "S25R"' \
	    'milter.clamav-milter.enabled = true' \
	    'milter.*.writing_timeout = 9'
	warns
	show
	is milter.opendkim.enabled false mm.conf:3
	is milter.milter-greylist.enabled false mm.conf:6
	is milter.clamav-milter.enabled false mm.conf:7
	is milter.spamass-milter.writing_timeout 9s
	# A package is removed: nothing of it is left but the line.
	root_remove /usr/local/etc/rc.d/spamass-milter
	config load 'milter.spamass-milter.applicable_conditions += "S25R"' \
	    'milter.spamass-milter.fallback_status = "reject"'
	warns
	show
	is milter.spamass-milter.enabled false mm.conf:4
	# With an address it is one as any other.
	config load 'milter.spamass-milter.connection_spec = "inet:1"'
	show
	is milter.spamass-milter.enabled true default
	# Nothing at all is installed.
	root_remove /usr/local/etc/rc.d
	config load 'milter.*.fallback_status = "reject"'
	warns
	show
	order
	# A name that no package has is still a mistake.
	config load 'milter.spamd.fallback_status = "reject"'
	faults 'mm.conf:4: milter.spamd.connection_spec: missing, an enabled milter must have it'
	# One that only a script could have may be a mistake.
	config load 'milter.spamas-milter.fallback_status = "reject"'
	warns "spamas-milter ($PWD/mm.conf:4) is off: it is not installed"
	config 'milter.spamass-milter.fallback_status = "reject"'
	faults 'mm.conf:3: milter.spamass-milter.connection_spec: missing, an enabled milter must have it'
	# Nor is one that is enabled by hand but listens nowhere an error.
	script b-milter /path/to/socket
	config load 'milter.b-milter.enabled = true'
	warns 'b-milter is not used: ' \
	    "b-milter ($PWD/mm.conf:4) is off: it has no connection_spec"
	show
	is milter.b-milter.enabled false
}

load_case before_only "what load_default goes by stands before it"
before_only_body()
{

	three
	config load 'package.platform = "openbsd"' 'package.options = nil' \
	    'detect.root = nil' 'detect.rspamadm = "/bin/true"'
	faults "mm.conf:4: package.platform: this must stand before load_default, which is at $PWD/mm.conf:3" \
	    "mm.conf:5: package.options: this must stand before load_default, which is at $PWD/mm.conf:3" \
	    "mm.conf:6: detect.root: this must stand before load_default, which is at $PWD/mm.conf:3" \
	    "mm.conf:7: detect.rspamadm: this must stand before load_default, which is at $PWD/mm.conf:3"
	# Without it they may stand anywhere.
	config 'load_default = false' 'package.platform = "openbsd"'
	show
	order
}

load_case statement "load_default is true or false, and counts once"
statement_body()
{

	three
	config 'load_default = yes'
	faults 'mm.conf:3: load_default: found yes, expected true or false'
	config 'load_default += true'
	atf_check -s exit:78 -e match:'mm.conf:3: load_default: ' \
	    "$MM_PROGRAM" -n -f mm.conf
	config 'load_defualt = true'
	faults 'mm.conf:3: load_defualt: unknown key, did you mean load_default?'
	config 'load_default = ["true"]'
	atf_check -s exit:78 -e match:'mm.conf:3: load_default: ' \
	    "$MM_PROGRAM" -n -f mm.conf
	config load 'milter.b-milter.enabled = false' load 'load_default = false'
	show
	order spamass-milter a-milter b-milter
	is milter.b-milter.enabled false mm.conf:4
	# From a file that is loaded, too.
	echo 'load_default = true' > more.conf
	config 'load = "more.conf"'
	show
	order spamass-milter a-milter b-milter
}

load_case options "package.platform and package.options are checked"
options_body()
{

	three
	config 'package.platform = "beos"' load
	atf_check -s exit:78 -o empty \
	    -e match:'mm.conf:3: package.platform: found "beos", expected' \
	    "$MM_PROGRAM" -n -f mm.conf
	for platform in freebsd pkgsrc dragonfly openbsd debian redhat redhat7 \
	    redhat8 redhat9 alpine openwrt nil; do
		[ $platform = nil ] || platform="\"$platform\""
		config "package.platform = $platform" load
		show
	done
	want='expected "prefix=/FOLDER", "rcddir=/FOLDER" or both with a comma between them'
	for text in color=red prefix=usr prefix prefix= =/x 'rcddir=etc/rc.d' \
	    'prefix=/usr,rcddir'; do
		config "package.options = \"$text\"" load
		atf_check -s exit:78 -o empty -e save:err "$MM_PROGRAM" -n \
		    -f mm.conf
		[ "$(wc -l < err)" -eq 1 ] || atf_fail "$(cat err)"
		has err "mm.conf:3: package.options: found \"${text#*,}\", $want"
	done
	long=$(printf '%0300d' 0)
	config "package.options = \"prefix=/$long\"" load
	atf_check -s exit:78 -o empty -e match:'package.options: found' \
	    "$MM_PROGRAM" -n -f mm.conf
	# Ports that were built for another place.
	mv root/usr/local root/opt
	for text in prefix=/opt ' prefix = /opt/ , ' prefix=/opt/etc \
	    'rcddir=/opt/etc/rc.d' 'prefix=/x,rcddir=/opt/etc/rc.d'; do
		config "package.options = \"$text\"" load
		show
		order spamass-milter a-milter b-milter
	done
	config load
	show
	order
}

load_case hostile "no file of a milter can make the configuration faulty"
hostile_body()
{

	three
	long=$(printf '%010000d' 0)
	ctrl=$(printf '\001\033[31m\177\351')
	nl='
'
	i=0
	for text in '"' '\' "x\"$nl" '/a b' "/a$ctrl" "/$long" "inet:0" \
	    "inet:99999" "inet:25@$long" 'inet:1 inet:2' 'rel.sock' \
	    "unix:/x${nl}milter.z.enabled = true" '["unix:/x"]' '#' ''; do
		i=$((i + 1))
		name=h$i-milter
		script "$name" /nowhere
		printf 'h%d_milter_enable=YES\nh%d_milter_socket='\''%s'\''\n' \
		    $i $i "$text" >> root/etc/rc.conf
	done
	# What a name may not be.
	for name in "q\"-milter" "n${nl}milter" "\$(id)-milter" '*milter*' \
	    "milter$ctrl" "$(printf '%065d' 0)-milter" 'sp ace-milter' \
	    'a.b-milter' '-milter'; do
		script ok-milter /var/run/ok.sock
		mv root/usr/local/etc/rc.d/ok-milter \
		    "root/usr/local/etc/rc.d/$name"
	done
	printf 'ok_milter_enable=YES\n' >> root/etc/rc.conf
	# And what a file may be.
	head -c 100000 /dev/urandom > root/usr/local/etc/rc.d/noise-milter
	chmod +x root/usr/local/etc/rc.d/noise-milter
	mkfifo root/usr/local/etc/rc.d/fifo-milter
	ln -s loop-milter root/usr/local/etc/rc.d/loop-milter
	mkdir root/usr/local/etc/rc.d/folder-milter

	config load
	"$MM_PROGRAM" -n -f mm.conf > out 2> err ||
	    atf_fail "refused: $(cat err)"
	# Every line is one that a terminal may see.
	if LC_ALL=C grep -q '[^ -~]' err; then
		atf_fail "$(cat -v err)"
	fi
	"$MM_PROGRAM" --show-config -f mm.conf > show.out 2> show.err ||
	    atf_fail "$(cat show.err)"
	is milter.spamass-milter.enabled true
	is milter.b-milter.enabled true
	lacks show.out 'milter.z.'
	# What is shown is good as it stands.
	sed '/^package\.\|^detect\./d' show.out > again.conf
	atf_check -e ignore "$MM_PROGRAM" -n -f again.conf
	# A relative path is nothing for the background either.
	echo 'manager.daemon = true' >> mm.conf
	atf_check -e ignore "$MM_PROGRAM" -n -f mm.conf
}

load_case none "without any milter the daemon lets all mail pass"
none_body()
{

	conf_begin 'package.platform = "freebsd"' \
	    "detect.root = \"$PWD/root\"" 'load_default = true'
	mkdir root
	manager
	check_mta --expect=accept
	stop_manager
	lacks mm.log 'is not used'
}

load_case told "what is found is told at the start, one line each"
told_body()
{

	three
	script b-milter /path/to/socket
	conf_begin 'package.platform = "freebsd"' \
	    "detect.root = \"$PWD/root\"" 'load_default = true' \
	    'milter.opendkim.fallback_status = "reject"' \
	    'milter.spamass-milter.enabled = false'
	manager
	stop_manager
	has mm.log 'detected spamass-milter: unix:/var/run/spamass-milter.sock (/usr/local/etc/rc.d/spamass-milter:'
	has mm.log 'detected a-milter: off (/etc/rc.conf:4 '
	has mm.log 'b-milter is not used: '
	has mm.log "opendkim ($PWD/mm.conf:7) is off: it is not installed"
	ntimes mm.log 'a-milter' 1
	ntimes mm.log 'b-milter' 1
}

load_case program "detect.rspamadm is run for what rspamd's files leave open"
program_body()
{

	root_script /usr/local/etc/rc.d/rspamd <<-'EOT'
	name=rspamd
	rcvar=rspamd_enable
	load_rc_config $name
	: ${rspamd_enable:=YES}
	command=/usr/local/bin/rspamd
	run_rc_command "$1"
	EOT
	root_file /usr/local/etc/rspamd/rspamd.conf <<-'EOT'
	worker "rspamd_proxy" { milter = yes; bind_socket = "${DBDIR}/x"; }
	EOT
	cat > rspamadm <<-EOT
	#!/bin/sh
	echo "\$*" >> $PWD/asked
	echo '{"worker": [{"rspamd_proxy": {"milter": true,'
	echo '"bind_socket": "/run/rspamd.sock mode=0600"}}]}'
	EOT
	chmod +x rspamadm
	# Nothing is run that no line names.
	PATH=$PWD:$PATH
	config load
	warns 'rspamd is not used: '
	show
	is milter.rspamd.enabled false
	[ ! -e asked ] || atf_fail "it was run"
	config "detect.rspamadm = \"$PWD/rspamadm\"" load
	show
	is milter.rspamd.enabled true
	is milter.rspamd.connection_spec '"unix:/run/rspamd.sock"'
	[ "$(cat asked)" = 'configdump --json' ] || atf_fail "$(cat asked)"
	# Nor where the files say it themselves.
	echo 'worker "rspamd_proxy" { milter = yes; bind_socket = "*:1"; }' |
	    root_file /usr/local/etc/rspamd/rspamd.conf
	rm asked
	show
	is milter.rspamd.connection_spec '"inet:1"'
	[ ! -e asked ] || atf_fail "it was run for nothing"
}

atf_init_test_cases()
{

	for tc in shown refined before own absent before_only statement \
	    options hostile none told program; do
		atf_add_test_case "$tc"
	done
}
