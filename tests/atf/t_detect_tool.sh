#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_tool.sh - milter-manager detect: its options, the table, statements,
# JSON, and what hostile files make of them.

. "$(atf_get_srcdir)/h_detect.sh"
: "${MM_PROGRAM:=milter-manager}"

# A host with a greylist that is on, SpamAssassin's milter that is off, and a
# milter that no package has.
host()
{

	root_file /etc/rc.conf <<-'END'
		hostname="mail.example.org"
		miltergreylist_enable="YES"
	END
	root_script /usr/local/etc/rc.d/milter-greylist <<-'END'
		#!/bin/sh
		. /etc/rc.subr
		name=miltergreylist
		rcvar=miltergreylist_enable
		load_rc_config ${name}
		: ${miltergreylist_enable:="NO"}
		command=/usr/local/bin/milter-greylist
		run_rc_command "$1"
	END
	root_file /usr/local/etc/mail/greylist.conf <<-'END'
		socket "/var/run/greylist.sock"
		racl greylist default
	END
	root_script /usr/local/etc/rc.d/spamass-milter <<-'END'
		#!/bin/sh
		. /etc/rc.subr
		name=spamass_milter
		rcvar=spamass_milter_enable
		load_rc_config ${name}
		: ${spamass_milter_enable:="NO"}
		: ${spamass_milter_socket="/var/run/spamass-milter.sock"}
		command=/usr/local/sbin/spamass-milter
		command_args="-f -p ${spamass_milter_socket}"
		run_rc_command "$1"
	END
	conf 'milter.own.connection_spec = "unix:/var/run/own.sock"'
}

# conf LINE...: behind load_default.
conf()
{

	printf '%s\n' 'package.platform = "freebsd"' \
	    "detect.root = \"$PWD/root\"" 'load_default = true' "$@" > mm.conf
}

# tool STATUS OPTION...: in the files out and err.
tool()
{

	t_want=$1
	shift
	"$MM_PROGRAM" detect "$@" > out 2> err
	t_got=$?
	[ $t_got -eq "$t_want" ] || {
		cat out err >&2
		atf_fail "detect $*: $t_got instead of $t_want"
	}
}

# says FILE TEXT / lacks FILE TEXT: a fixed string.
says()
{

	grep -qF -e "$2" "$1" || {
		cat "$1" >&2
		atf_fail "$1 lacks: $2"
	}
}

lacks()
{

	! grep -qF -e "$2" "$1" || {
		cat "$1" >&2
		atf_fail "$1 has: $2"
	}
}

# table LINE...: all behind the head of the table.
table()
{

	sed '1,/^$/d' out | sed '/^$/,$d' > rows
	printf '%s\n' "$@" > expected
	diff -u expected rows >&2 || atf_fail "another table"
}

atf_test_case table
table_head()
{

	atf_set descr "the table tells what is found, what is used, and who said so"
}
table_body()
{

	host
	tool 0 -f mm.conf
	says out 'Platform:      freebsd'
	says out "Files below:   $PWD/root"
	says out 'Configuration: mm.conf'
	table \
	    'NAME             ENABLED  USED  SOCKET' \
	    'milter-greylist  yes      yes   unix:/var/run/greylist.sock' \
	    '    enabled by:    /etc/rc.conf:2: miltergreylist_enable=YES' \
	    '    socket by:     /usr/local/etc/mail/greylist.conf:1' \
	    '    conditions:    Sendmail Compatible, Stress Notify, Trust, Remote Network,' \
	    '                   S25R, Unauthenticated' \
	    'spamass-milter   no       no    unix:/var/run/spamass-milter.sock' \
	    '    enabled by:    /usr/local/etc/rc.d/spamass-milter:6:' \
	    '                   spamass_milter_enable=NO' \
	    '    socket by:     /usr/local/etc/rc.d/spamass-milter:9' \
	    '    conditions:    Remote Network, Unauthenticated, No Stress' \
	    'own              -        yes   unix:/var/run/own.sock' \
	    '    socket by:     mm.conf:4' \
	    '    conditions:    none'
	says out 'Not installed:'
	says out ' milter-opendkim'
	awk 'length > 80 { exit 1 }' out || atf_fail "wider than 80 columns"
	[ ! -s err ] || atf_fail "$(cat err)"
}

atf_test_case administrator
administrator_head()
{

	atf_set descr "what the administrator's own lines make of it is told with their place"
}
administrator_body()
{

	host
	conf 'milter.milter-greylist.enabled = false' \
	    'milter.milter-greylist.applicable_conditions += "Grey One"' \
	    'milter.spamass-milter.enabled = true' \
	    'milter.spamass-milter.connection_spec = "inet:783@127.0.0.1"' \
	    'condition."Grey One".stop_on_connect = hour == 1'
	tool 0 -f mm.conf
	table \
	    'NAME             ENABLED  USED  SOCKET' \
	    'milter-greylist  yes      no    unix:/var/run/greylist.sock' \
	    '    enabled by:    /etc/rc.conf:2: miltergreylist_enable=YES' \
	    '    socket by:     /usr/local/etc/mail/greylist.conf:1' \
	    '    decided by:    mm.conf:4' \
	    '    conditions:    Sendmail Compatible, Stress Notify, Trust, Remote Network,' \
	    '                   S25R, Unauthenticated, Grey One' \
	    'spamass-milter   no       yes   inet:783@127.0.0.1' \
	    '    enabled by:    /usr/local/etc/rc.d/spamass-milter:6:' \
	    '                   spamass_milter_enable=NO' \
	    '    socket by:     mm.conf:7' \
	    '    decided by:    mm.conf:6' \
	    '    conditions:    Remote Network, Unauthenticated, No Stress'
	# Without load_default nothing is used by itself, and it is shown.
	conf
	sed '/load_default/d' mm.conf > bare.conf
	tool 0 -f bare.conf
	says out 'There is no load_default'
	says out 'milter-greylist  yes      no    unix:/var/run/greylist.sock'
	says out '    socket by:     /usr/local/etc/mail/greylist.conf:1'
}

atf_test_case problem
problem_head()
{

	atf_set descr "a problem has its own line, and counts where the milter is on"
}
problem_body()
{

	host
	root_file /usr/local/etc/mail/greylist.conf <<-'END'
		racl greylist default
		socket "a/relative.sock"
	END
	tool 1 -f mm.conf
	says out 'milter-greylist  yes      no '
	says out '    problem:       /usr/local/etc/mail/greylist.conf:2: '
	# It is known of, or it is off: it does not count.
	conf 'milter.milter-greylist.enabled = false'
	tool 0 -f mm.conf
	conf
	tool 0 -f mm.conf spamass-milter
	echo 'miltergreylist_enable=NO' | root_append /etc/rc.conf
	tool 0 -f mm.conf
	says out '    problem:       '
}

atf_test_case options
options_head()
{

	atf_set descr "options stand for the keys, and what is wrong is one line"
}
options_body()
{

	host
	mkdir etc
	cp mm.conf etc/milter-manager.conf
	tool 0 --config-dir=etc milter-greylist
	says out 'milter-greylist  yes '
	lacks out 'spamass-milter'
	lacks out 'Not installed'
	tool 0 -c "$PWD/etc" -p openbsd -r "$PWD" milter_greylist own
	says out 'Platform:      openbsd'
	says out "Files below:   $PWD"
	says out 'milter_greylist  not installed'
	tool 0 -f mm.conf -o prefix=/opt
	lacks out 'spamass-milter   no'
	tool 0 -f mm.conf -s 'milter.own.enabled = false' own
	says out 'own   -        no    unix:/var/run/own.sock'
	tool 0 -f mm.conf --set 'milter.new.connection_spec = "unix:/n"' new
	says out 'socket by:     command line'
	tool 0 --help
	says out '--probe'
	tool 0 --version

	tool 78 -f mm.conf -p plan9
	says err 'there is no platform of the name "plan9"'
	tool 64 --config --json
	tool 64 --config --probe
	tool 64 --timeout=0
	tool 64 --timeout=x
	tool 64 --nothing
	tool 64 -f mm.conf milter-greylist "$(printf 'a\033[1m')"
	says err 'a\x1b[1m: neither a milter that freebsd may have'
	tool 78 -f none.conf
	tool 78 -f mm.conf -s 'milter.own.nothing = 1'
	tool 78 -f mm.conf -o nothing=1
	[ "$(wc -l < err)" -eq 1 ] || atf_fail "$(cat err)"
	conf 'nothing = 1'
	tool 78 -f mm.conf
	[ ! -s out ] || atf_fail "$(cat out)"
	! "$MM_PROGRAM" detect -p freebsd -r "$PWD/root" -f /dev/null \
	    > /dev/full 2> err || atf_fail "a full disk"
}

atf_test_case verbose
verbose_head()
{

	atf_set descr "-v names each file, with its size or what is wrong with it"
}
verbose_body()
{

	host
	mkfifo root/etc/rc.conf.local
	tool 0 -f mm.conf -v milter-greylist
	says out '    script:        /usr/local/etc/rc.d/milter-greylist'
	size=$(wc -c < root/etc/rc.conf)
	grep -q "^ *$((size))  /etc/rc.conf\$" out || atf_fail "size of rc.conf"
	grep -q '^ *-  /etc/defaults/rc.conf$' out || atf_fail "no defaults"
	grep -q '^ *[a-zA-Z].*  /etc/rc.conf.local$' out || atf_fail "a FIFO"
	tool 0 -f mm.conf -v --json
	says err '  /etc/rc.conf'
	lacks out '  /etc/rc.conf'
}

# children CONF: what it defines, without where from.
children()
{

	"$MM_PROGRAM" --show-config -f "$1" > shown || atf_fail "$1"
	sed -n '/^milter\./p' shown
}

atf_test_case config
config_head()
{

	atf_set descr "what --config prints defines the same children"
}
config_body()
{

	host
	conf
	tool 0 -f mm.conf --config
	says out '# /etc/rc.conf:2'
	says out 'milter.milter-greylist.enabled = true'
	says out '# /usr/local/etc/mail/greylist.conf:1'
	children mm.conf > before
	cp out again.conf
	children again.conf > after
	says before milter-greylist
	diff -u before after >&2 || atf_fail "other children"
	# Of those that are asked for.
	tool 0 -f mm.conf --config spamass-milter
	says out milter.spamass-milter.
	lacks out milter-greylist
}

atf_test_case json
json_head()
{

	atf_set descr "--json is valid JSON with names that stay"
	atf_set require.progs python3
}
json_body()
{

	host
	tool 0 -f mm.conf --json
	python3 - out "$PWD" <<-'END' || atf_fail "JSON"
	import json, sys
	a = json.load(open(sys.argv[1]))
	by = {m["name"]: m for m in a}
	g, s, o = (by[n] for n in ("milter-greylist", "spamass-milter", "own"))
	assert a[0] is g and a[1] is s and a[2] is o, a
	assert g["installed"] and g["used"] and g["candidate"], g
	assert g["enabled"] == "yes", g
	assert g["enabled_by"] == {"file": "/etc/rc.conf", "line": 2,
	    "text": "miltergreylist_enable=YES"}, g
	assert g["sockets"] == ["unix:/var/run/greylist.sock"], g
	assert g["socket_by"]["line"] == 1, g
	assert g["decided_by"] is None and g["problem"] is None, g
	assert "S25R" in g["conditions"], g
	assert g["command"] and g["script"].endswith("milter-greylist"), g
	assert isinstance(g["options"], list), g
	assert s["enabled"] == "no" and not s["used"], s
	assert not o["candidate"] and o["used"], o
	assert o["socket_by"]["file"] == "mm.conf", o
	assert not by["milter-opendkim"]["installed"], by
	END
	tool 0 -f mm.conf --json milter-opendkim
	python3 -c 'import json; [m] = json.load(open("out"))' || atf_fail one
	# UTF-8 stays, what is none is replaced: a byte, an overlong slash, half
	# of a pair, what is cut.
	conf 'milter.own.connection_spec = "unix:/\xc3\xa4\xff\xf0\x9f\x98\x80"' \
	    'milter.two.connection_spec = "unix:/\xc0\xaf\xed\xa0\x80\xe2\x82"'
	tool 0 -f mm.conf --json own two
	python3 - <<-'END' || atf_fail "UTF-8"
	import json
	own, two = json.load(open("out"))
	assert own["sockets"] == ["unix:/\u00e4\ufffd\U0001f600"], own
	assert two["sockets"] == ["unix:/" + 7 * "\ufffd"], two
	END
}

atf_test_case hostile
hostile_head()
{

	atf_set descr "hostile bytes in names, values and paths do no harm to terminal or JSON"
	atf_set require.progs python3
}
hostile_body()
{

	host
	printf 'miltergreylist_enable="YES"\nspamass_milter_socket="%b"\n%b\n' \
	    '/tmp/\0303\0244\033]0;x\007\0377\"\\x' \
	    'spamass_milter_enable="\0033[31mYES\0302\0205"' \
	    | root_file /etc/rc.conf
	printf 'socket "/run/\033[2J\200.sock"\n' |
	    root_file /usr/local/etc/mail/greylist.conf
	n=$(printf 'evil\033-milter\n')
	root_script "/usr/local/etc/rc.d/$n" <<-'END'
		name=evil
		evil_enable=YES
		evil_socket=/run/evil.sock
	END
	for form in '' -v --json --config; do
		# shellcheck disable=SC2086 # no word when it is empty
		"$MM_PROGRAM" detect -f mm.conf $form > out 2> err
		LC_ALL=C awk '/[^ -~]/ { exit 1 }' out err || {
			cat -v out err >&2
			atf_fail "bytes on the terminal: $form"
		}
		[ "$form" != --json ] || python3 -c \
		    'import json; assert len(json.load(open("out"))) > 3' ||
		    atf_fail "JSON"
		[ "$form" != --config ] || {
			cp out again.conf
			"$MM_PROGRAM" -n -f again.conf ||
			    atf_fail "statements that cannot be read"
		}
	done
}

atf_test_case several
several_head()
{

	atf_set descr "several sockets in one text are the milter's problem, not the configuration's"
}
several_body()
{

	host
	root_file /usr/local/etc/mail/greylist.conf <<-'END'
		socket "/run/a local:/run/b"
	END
	"$MM_PROGRAM" -n -f mm.conf > out 2>&1 || atf_fail "$(cat out)"
	says out 'is several sockets in one text'
	lacks out 'write a list'
	"$MM_PROGRAM" detect -f mm.conf --config > again.conf
	"$MM_PROGRAM" -n -f again.conf || atf_fail "statements"
}

atf_test_case bombs
bombs_head()
{

	atf_set descr "what would take long ends early: one milter's file is its own fault, and a tree's is one line"
}
bombs_body()
{

	host
	# Each value is asked whether a section begins behind the comments.
	root_script /usr/local/etc/rc.d/rspamd <<-'END'
		. /etc/rc.subr
		name=rspamd
		rcvar=rspamd_enable
		load_rc_config $name
		rspamd_enable=YES
		command=/usr/local/bin/rspamd
		run_rc_command "$1"
	END
	awk 'BEGIN { while (i++ < 70000) print "a b /*"
	    while (i-- > 1) print "*/" }' |
	    root_file /usr/local/etc/rspamd/rspamd.conf
	"$MM_PROGRAM" -n -f mm.conf > out 2>&1 || atf_fail "$(cat out)"
	says out 'it takes too long to read'
	tool 1 -f mm.conf
	says out 'unix:/var/run/greylist.sock'
	awk 'BEGIN { while (i++ < 20000) print "x=$x$x"; }' |
	    root_script /usr/local/etc/rc.d/bomb
	i=0
	while [ $i -lt 60 ]; do
		root_link bomb /usr/local/etc/rc.d/milter$i
		i=$((i + 1))
	done
	tool 1 -f mm.conf
	says err 'not all milters are detected: too much is to be read'
	"$MM_PROGRAM" -n -f mm.conf > out 2>&1 || atf_fail "$(cat out)"
	says out 'not all milters are detected: too much is to be read'
}

atf_test_case fresh
fresh_head()
{

	atf_set descr "on a host without milters there is nothing to tell, and no error"
}
fresh_body()
{

	mkdir root
	for platform in freebsd dragonfly pkgsrc openbsd debian redhat alpine \
	    openwrt; do
		: > mm.conf
		tool 0 -f mm.conf -r "$PWD/root" -p $platform
		says out "Platform:      $platform"
		says out 'Not installed: '
		tool 0 -f mm.conf -r "$PWD/root" -p $platform --config
		[ ! -s out ] || atf_fail "$(cat out)"
		tool 0 -f mm.conf -r "$PWD/none" -p $platform --json
	done
}

atf_init_test_cases()
{

	for c in table administrator problem options verbose config json \
	    hostile several bombs fresh; do
		atf_add_test_case $c
	done
}
