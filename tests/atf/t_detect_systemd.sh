#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_systemd.sh - milters with units of systemd: Debian and Red Hat.

. "$(atf_get_srcdir)/h_detect.sh"

# systemd_case NAME DESCRIPTION: the body is the function NAME_body.
systemd_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
}

# unit NAME EXECSTART [LINE...]: a unit as packages have it, enabled.
unit()
{

	u_name=$1
	u_exec=$2
	shift 2
	{
		printf '[Unit]\nDescription=The %s\n\n[Service]\n' "$u_name"
		for u_line in "$@"; do
			printf '%s\n' "$u_line"
		done
		printf 'ExecStart=%s\n\n[Install]\n' "$u_exec"
		printf 'WantedBy=multi-user.target\n'
	} | root_file "/usr/lib/systemd/system/$u_name.service"
	turn_on "$u_name"
}

turn_on()
{

	root_link "/usr/lib/systemd/system/$1.service" \
	    "/etc/systemd/system/multi-user.target.wants/$1.service"
}

turn_off()
{

	rm -f "./root/etc/systemd/system/multi-user.target.wants/$1.service"
}

# drop_in NAME FILE: the standard input changes the unit.
drop_in()
{

	root_file "/etc/systemd/system/$1.service.d/$2"
}

# what NAME: of one candidate its line from "on" or "off" to the socket, and
# its problem.
what()
{

	detect debian > /dev/null || atf_fail "detect debian"
	sed -n "s/^$1 installed \([a-z]* [^ ]*\) place=.*conditions=[^ ]*/\1/p" \
	    detect.out
}

# is NAME EXPECTED
is()
{

	i_got=$(what "$1")
	[ "$i_got" = "$2" ] || atf_fail "$1: '$i_got', not '$2'"
}

systemd_case debian "what Debian's packages have, as they come"
debian_body()
{

	unit opendkim /usr/sbin/opendkim Type=forking
	root_file /etc/opendkim.conf <<-'EOT'
	Mode			sv
	Socket			local:/run/opendkim/opendkim.sock
	EOT
	# The one that its unit does not read.
	root_file /etc/default/opendkim <<-'EOT'
	RUNDIR=/run/opendkim
	SOCKET=local:$RUNDIR/elsewhere.sock
	EOT
	unit opendmarc /usr/sbin/opendmarc Type=forking
	root_file /etc/opendmarc.conf <<-'EOT'
	Socket local:/run/opendmarc/opendmarc.sock
	EOT
	unit pyspf-milter '/usr/bin/pyspf-milter /etc/pyspf-milter/pyspf-milter.conf'
	root_file /etc/pyspf-milter/pyspf-milter.conf <<-'EOT'
	Socket = inet:8893@localhost
	EOT
	unit dkimpy-milter '/usr/bin/dkimpy-milter /etc/dkimpy-milter/dkimpy-milter.conf -P /run/dkimpy-milter/dkimpy-milter.pid'
	root_file /etc/dkimpy-milter/dkimpy-milter.conf <<-'EOT'
	Socket			inet:8892@localhost
	EOT
	unit vrfydmn '/usr/sbin/vrfydmn -s local:/var/run/vrfydmn/vrfydmn.sock  -u vrfydmn -g vrfydmn -p /run/vrfydmn/vrfydmn.pid'
	unit rspamd '/usr/bin/rspamd -c /etc/rspamd/rspamd.conf -f'
	root_file /etc/rspamd/rspamd.conf <<-'EOT'
	worker "rspamd_proxy" {
		bind_socket = "localhost:11332";
		milter = yes;
	}
	EOT
	unit mimedefang "/bin/sh -c 'exec /usr/bin/mimedefang \\
	    \`[ -n \"\$X\" ] && echo \"-R \$X\"\` \\
	    -m \$MX_SOCKET -p \$SOCKET -P /run/mimedefang/mimedefang.pid'" \
	    'Environment=LC_ALL=C MX_SOCKET=/var/spool/MIMEDefang/mx.sock SOCKET=/var/spool/MIMEDefang/mimedefang.sock' \
	    'EnvironmentFile=-/etc/default/mimedefang' \
	    'EnvironmentFile=-/etc/sysconfig/mimedefang'
	expect debian <<-'EOT'
	pyspf-milter installed on inet:8893@localhost place=2 extra=0 conditions=NONE
	dkimpy-milter installed on inet:8892@localhost place=3 extra=0 conditions=NONE
	opendkim installed on unix:/run/opendkim/opendkim.sock place=3 extra=0 conditions=NONE
	opendmarc installed on unix:/run/opendmarc/opendmarc.sock place=4 extra=0 conditions=NONE
	mimedefang installed on unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
	rspamd installed on inet:11332@localhost place=7 extra=0 conditions=SPAM
	vrfydmn installed on unix:/var/run/vrfydmn/vrfydmn.sock place=8 extra=0 conditions=NONE
	EOT
	detect debian -l | sed -n '/^opendkim/,/^[a-z]*milter/p' > out
	grep -q '	script /usr/lib/systemd/system/opendkim.service' out &&
	grep -q '	enabled /etc/systemd/system/multi-user.target.wants/opendkim.service:0 a link' out &&
	grep -q '	description /usr/lib/systemd/system/opendkim.service:2 The opendkim' out &&
	grep -q '	command /usr/bin/systemctl \[start\] \[opendkim\]' out ||
	    { cat out; atf_fail "not all is said of opendkim"; }
}

systemd_case redhat "what the packages of Fedora and EPEL have, as they come"
redhat_body()
{

	unit opendkim '/usr/sbin/opendkim -f $OPTIONS' \
	    'EnvironmentFile=-/etc/sysconfig/opendkim'
	root_file /etc/sysconfig/opendkim <<-'EOT'
	# as the package has it
	OPTIONS="-x /etc/opendkim.conf -P /run/opendkim/opendkim.pid"
	EOT
	root_file /etc/opendkim.conf <<-'EOT'
	Mode	v
	Socket	inet:8891@localhost
	EOT
	# Its sysconfig file is not in the package.
	unit openarc '/usr/sbin/openarc -f $OPTIONS' \
	    'RuntimeDirectory=openarc' \
	    'EnvironmentFile=-/etc/sysconfig/openarc'
	root_file /etc/openarc.conf <<-'EOT'
	#PidFile /run/openarc/openarc.pid
	Syslog  yes
	UserID  openarc:openarc
	Socket  local:/run/openarc/openarc.sock
	PeerList /etc/openarc/PeerList
	EOT
	unit opendmarc '/usr/sbin/opendmarc -f $OPTIONS' \
	    'EnvironmentFile=-/etc/sysconfig/opendmarc'
	root_file /etc/sysconfig/opendmarc <<-'EOT'
	# the options
	OPTIONS="-c /etc/opendmarc.conf"
	EOT
	root_file /etc/opendmarc.conf <<-'EOT'
	UserID opendmarc:mail
	Socket local:/run/opendmarc/opendmarc.sock
	EOT
	unit milter-greylist \
	    '/usr/sbin/milter-greylist -P /run/milter-greylist.pid'
	root_file /etc/mail/greylist.conf <<-'EOT'
	socket "/run/milter-greylist/milter-greylist.sock"
	racl greylist default tarpit 90s
	EOT
	root_file /usr/lib/systemd/system/clamav-milter.service <<-'EOT'
	[Unit]
	Description = Milter module for a scanner
	After = clamd@scan.service

	[Service]
	Type = simple
	ExecStart = /usr/sbin/clamav-milter -c /etc/mail/clamav-milter.conf --foreground=yes
	Restart = on-failure

	[Install]
	WantedBy = multi-user.target
	EOT
	turn_on clamav-milter
	root_file /etc/mail/clamav-milter.conf <<-'EOT'
	#Example
	MilterSocket /run/clamav-milter/clamav-milter.socket
	EOT
	unit rspamd '/usr/bin/rspamd -c %E/rspamd/rspamd.conf -f -p %t/rspamd/rspamd.pid' \
	    'PIDFile=%t/rspamd/rspamd.pid'
	root_file /etc/rspamd/rspamd.conf <<-'EOT'
	worker "rspamd_proxy" {
		bind_socket = "localhost:11332";
		milter = yes;
	}
	EOT
	unit amavisd '/usr/sbin/amavisd -c /etc/amavisd/amavisd.conf' \
	    Type=forking PIDFile=/var/run/amavisd/amavisd.pid
	root_file /etc/amavisd/amavisd.conf <<-'EOT'
	$MYHOME = '/var/spool/amavisd';
	$unix_socketname = "$MYHOME/amavisd.sock";
	$inet_socket_port = 10024;
	1;
	EOT
	unit postsrsd '/usr/sbin/postsrsd -C /etc/postsrsd.conf' \
	    Type=notify-reload
	root_file /etc/postsrsd.conf <<-'EOT'
	domains = { "example.org" }
	milter = "unix:/run/postsrsd/milter"
	EOT
	unit spamass-milter \
	    '/usr/sbin/spamass-milter -p ${SOCKET} $SOCKET_OPTIONS $EXTRA_FLAGS' \
	    'Environment="SOCKET=/run/spamass-milter/spamass-milter.sock"' \
	    'EnvironmentFile=-/etc/sysconfig/spamass-milter' \
	    'EnvironmentFile=-/etc/sysconfig/spamass-milter-postfix'
	root_file /etc/sysconfig/spamass-milter-postfix <<-'EOT'
	SOCKET="/run/spamass-milter/postfix/sock"
	SOCKET_OPTIONS="-g postfix"
	EOT
	unit milter-regex \
	    '/usr/sbin/milter-regex -c /etc/mail/milter-regex.conf $OPTIONS' \
	    'EnvironmentFile=-/etc/sysconfig/milter-regex'
	root_file /etc/sysconfig/milter-regex <<-'EOT'
	OPTIONS="-p unix:/var/spool/milter-regex/sock"
	EOT
	unit smf-spf /usr/sbin/smf-spf
	root_file /etc/mail/smfs/smf-spf.conf <<-'EOT'
	Socket unix:/run/smfs/smf-spf.sock
	EOT
	unit amavisd-milter '/usr/sbin/amavisd-milter $AMAVISD_MILTER_OPTIONS' \
	    'EnvironmentFile=-/etc/sysconfig/amavisd-milter'
	root_file /etc/sysconfig/amavisd-milter <<-'EOT'
	AMAVISD_MILTER_OPTIONS='-f -s inet:10050@127.0.0.1'
	EOT
	expect redhat <<-'EOT'
	milter-greylist installed on unix:/run/milter-greylist/milter-greylist.sock place=0 extra=90000 conditions=GREY
	smf-spf installed on unix:/run/smfs/smf-spf.sock place=2 extra=0 conditions=NONE
	opendkim installed on inet:8891@localhost place=3 extra=0 conditions=NONE
	openarc installed on unix:/run/openarc/openarc.sock place=3 extra=0 conditions=NONE
	opendmarc installed on unix:/run/opendmarc/opendmarc.sock place=4 extra=0 conditions=NONE
	milter-regex installed on unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
	clamav-milter installed on unix:/run/clamav-milter/clamav-milter.socket place=6 extra=0 conditions=NONE
	spamass-milter installed on unix:/run/spamass-milter/postfix/sock place=7 extra=0 conditions=SPAM
	amavisd installed off - place=7 extra=0 conditions=NONE
	amavisd-milter installed on inet:10050@[127.0.0.1] place=7 extra=0 conditions=NONE
	rspamd installed on inet:11332@localhost place=7 extra=0 conditions=SPAM
	postsrsd installed on unix:/run/postsrsd/milter place=9 extra=0 conditions=NONE
	EOT
	# Before an administrator has been there, it is not configured.
	root_file /etc/mail/clamav-milter.conf <<-'EOT'
	Example
	#MilterSocket /run/clamav-milter/clamav-milter.socket
	EOT
	expect_one redhat clamav-milter \
	    'clamav-milter installed off - place=6 extra=0 conditions=NONE' \
	    'enabled /etc/mail/clamav-milter.conf:1 a line "Example"'
	# Its own file goes after that of the package.
	root_file /etc/sysconfig/spamass-milter <<-'EOT'
	SOCKET=/run/mine.sock
	EXTRA_FLAGS="-m -r 15 -R \"Do not\""
	EOT
	detect redhat | grep -q '^spamass-milter installed on unix:/run/spamass-milter/postfix/sock ' ||
	    atf_fail "the later file does not win"
	root_remove /etc/sysconfig/spamass-milter-postfix
	detect redhat | grep -q '^spamass-milter installed on unix:/run/mine.sock ' ||
	    atf_fail "the file does not win over Environment="
}

systemd_case off "one that is disabled, masked or gone is not used"
off_body()
{

	unit vrfydmn '/usr/sbin/vrfydmn -s local:/run/v.sock'
	is vrfydmn 'on unix:/run/v.sock'
	turn_off vrfydmn
	is vrfydmn 'off unix:/run/v.sock'
	detect debian -l | grep -q '	enabled .*no link in' ||
	    atf_fail "not why it is off"
	# Any target may want it.
	root_link ../vrfydmn.service \
	    /etc/systemd/system/mail.target.requires/vrfydmn.service
	is vrfydmn 'on unix:/run/v.sock'
	# Masked, as systemctl does and by hand.
	root_link /dev/null /etc/systemd/system/vrfydmn.service
	is vrfydmn 'off unix:/run/v.sock'
	detect debian -l |
	    grep -q '	enabled /etc/systemd/system/vrfydmn.service:0 masked' ||
	    atf_fail "not who masks it"
	: | root_file /etc/systemd/system/vrfydmn.service
	is vrfydmn 'off unix:/run/v.sock'
	rm ./root/etc/systemd/system/vrfydmn.service
	: | root_file /run/systemd/system/vrfydmn.service
	is vrfydmn 'off unix:/run/v.sock'
	# What is below one that is there does not mask it.
	root_remove /run/systemd
	: | root_file /lib/systemd/system/vrfydmn.service
	is vrfydmn 'on unix:/run/v.sock'
	# Removed, and still masked.
	root_remove /lib /usr
	root_link /dev/null /etc/systemd/system/vrfydmn.service
	expect debian < /dev/null
}

systemd_case folders "the unit of the administrator comes before the package's"
folders_body()
{

	unit vrfydmn '/usr/sbin/vrfydmn -s local:/run/package.sock'
	root_file /lib/systemd/system/vrfydmn.service <<-'EOT'
	[Service]
	ExecStart=/usr/sbin/vrfydmn -s local:/run/old.sock
	EOT
	is vrfydmn 'on unix:/run/package.sock'
	root_file /usr/local/lib/systemd/system/vrfydmn.service <<-'EOT'
	[Service]
	ExecStart=/usr/sbin/vrfydmn -s local:/run/local.sock
	EOT
	is vrfydmn 'on unix:/run/local.sock'
	root_file /run/systemd/system/vrfydmn.service <<-'EOT'
	[Service]
	ExecStart=/usr/sbin/vrfydmn -s local:/run/runtime.sock
	EOT
	is vrfydmn 'on unix:/run/runtime.sock'
	root_file /etc/systemd/system/vrfydmn.service <<-'EOT'
	[Service]
	ExecStart=/usr/sbin/vrfydmn -s local:/run/etc.sock
	EOT
	is vrfydmn 'on unix:/run/etc.sock'
}

systemd_case drop_ins "drop-ins change a unit, by the order of their names"
drop_ins_body()
{

	unit vrfydmn '/usr/sbin/vrfydmn -s local:/run/package.sock'
	drop_in vrfydmn override.conf <<-'EOT'
	[Service]
	ExecStart=
	ExecStart=/usr/sbin/vrfydmn -s local:/run/override.sock
	EOT
	is vrfydmn 'on unix:/run/override.sock'
	drop_in vrfydmn zz.conf <<-'EOT'
	[Service]
	ExecStart=
	ExecStart=/usr/sbin/vrfydmn -s local:/run/zz.sock
	EOT
	is vrfydmn 'on unix:/run/zz.sock'
	# Only *.conf.
	drop_in vrfydmn zzz.conf.bak <<-'EOT'
	[Service]
	ExecStart=
	ExecStart=/usr/sbin/vrfydmn -s local:/run/bak.sock
	EOT
	is vrfydmn 'on unix:/run/zz.sock'
	# /etc has zz.conf already; a name that is its own is read.
	root_file /usr/lib/systemd/system/vrfydmn.service.d/zz.conf <<-'EOT'
	[Service]
	ExecStart=
	ExecStart=/usr/sbin/vrfydmn -s local:/run/vendor.sock
	EOT
	is vrfydmn 'on unix:/run/zz.sock'
	mv ./root/usr/lib/systemd/system/vrfydmn.service.d/zz.conf \
	    ./root/usr/lib/systemd/system/vrfydmn.service.d/zzz.conf
	is vrfydmn 'on unix:/run/vendor.sock'
	# One is masked as a unit is.
	root_link /dev/null /etc/systemd/system/vrfydmn.service.d/zzz.conf
	is vrfydmn 'on unix:/run/zz.sock'
	# Those of every service, and of a name with dashes.
	root_remove /etc/systemd/system/vrfydmn.service.d \
	    /usr/lib/systemd/system/vrfydmn.service.d
	root_file /etc/systemd/system/service.d/all.conf <<-'EOT'
	[Service]
	Environment=WHERE=/run/all.sock
	EOT
	unit clamav-milter '/usr/sbin/clamav-milter -c $WHERE'
	unit spamass-milter '/usr/sbin/spamass-milter -p $WHERE'
	is spamass-milter 'on unix:/run/all.sock'
	root_file /etc/systemd/system/spamass-.service.d/dash.conf <<-'EOT'
	[Service]
	Environment=WHERE=/run/dash.sock
	EOT
	is spamass-milter 'on unix:/run/dash.sock'
}

systemd_case mistakes "what systemd would refuse is said, with file and line"
mistakes_body()
{

	unit vrfydmn '/usr/sbin/vrfydmn -s local:/run/package.sock'
	# The empty one was forgotten.
	drop_in vrfydmn override.conf <<-'EOT'
	[Service]
	ExecStart=/usr/sbin/vrfydmn -s local:/run/override.sock
	EOT
	is vrfydmn 'on unix:/run/override.sock problem=/etc/systemd/system/vrfydmn.service.d/override.conf:2: a second ExecStart=, without an empty one before it'
	drop_in vrfydmn override.conf <<-'EOT'
	[Service]
	ExecStart=
	EOT
	is vrfydmn 'on - problem=/usr/lib/systemd/system/vrfydmn.service: no ExecStart='
	# Keys of another section.
	drop_in vrfydmn override.conf <<-'EOT'
	ExecStart=
	[Unit]
	ExecStart=
	[service]
	ExecStart=
	EOT
	is vrfydmn 'on unix:/run/package.sock'
	drop_in vrfydmn override.conf <<-'EOT'
	[Service]
	EnvironmentFile=-/etc/default/none
	EOT
	is vrfydmn 'on unix:/run/package.sock'
	drop_in vrfydmn override.conf <<-'EOT'
	[Service]
	EnvironmentFile=/etc/default/none
	EOT
	is vrfydmn 'on unix:/run/package.sock problem=/etc/systemd/system/vrfydmn.service.d/override.conf:2: EnvironmentFile=/etc/default/none: No such file or directory'
	drop_in vrfydmn override.conf <<-'EOT'
	[Service]
	EnvironmentFile=/etc/default/none.*
	EOT
	is vrfydmn 'on unix:/run/package.sock problem=/etc/systemd/system/vrfydmn.service.d/override.conf:2: EnvironmentFile=/etc/default/none.*: there is none'
	# Files that cannot be read.
	mkdir -p ./root/etc/systemd/system/vrfydmn.service.d/a.conf
	is vrfydmn 'on unix:/run/package.sock problem=/etc/systemd/system/vrfydmn.service.d/a.conf: a folder'
	root_remove /etc/systemd/system/vrfydmn.service.d
	root_link vrfydmn.service /usr/lib/systemd/system/vrfydmn.service
	what vrfydmn | grep -q 'on - problem=/usr/lib/systemd/system/vrfydmn.service: ' ||
	    atf_fail "a link in a circle: $(what vrfydmn)"
	rm ./root/usr/lib/systemd/system/vrfydmn.service
	head -c 5000000 /dev/zero | tr '\0' 'x' |
	    root_file /usr/lib/systemd/system/vrfydmn.service
	is vrfydmn 'on - problem=/usr/lib/systemd/system/vrfydmn.service: larger than 1 MiB'
	head -c 200000 /dev/urandom |
	    root_file /usr/lib/systemd/system/vrfydmn.service
	is vrfydmn 'on - problem=/usr/lib/systemd/system/vrfydmn.service: no ExecStart='
	if [ "$(id -u)" -ne 0 ]; then
		unit vrfydmn '/usr/sbin/vrfydmn -s local:/run/package.sock'
		chmod 0 ./root/usr/lib/systemd/system/vrfydmn.service
		is vrfydmn 'on - problem=/usr/lib/systemd/system/vrfydmn.service: Permission denied'
	fi
}

systemd_case syntax "lines, quotes, escapes, specifiers and variables are systemd's"
syntax_body()
{

	# exec EXPECTED LINE: what the milter is started with.
	exec_is()
	{
		printf '[Service]\nEnvironment=A=/run/a.sock "B=-x 1" C=\nEnvironment=E=-s\\x20/run/e.sock\nExecStart=%b\n' \
		    "$2" | root_file /etc/systemd/system/vrfydmn.service
		is vrfydmn "on $1"
	}
	unit vrfydmn /usr/sbin/vrfydmn
	exec_is unix:/run/x.sock '/v -s /run/x.sock'
	exec_is unix:/run/x.sock '-/v -s /run/x.sock'
	exec_is unix:/run/x.sock '@/v name -s /run/x.sock'
	exec_is unix:/run/x.sock '+!!/v -s /run/x.sock'
	exec_is unix:/run/x.sock '/v \\\n# a comment\n  ; and one\n-s \\\n  /run/x.sock'
	exec_is unix:/run/x.sock '/v "-s" '"'/run/x.sock'"' \r'
	exec_is unix:/run/x.sock '/v -s "/run/\\x78.so\\143k"'
	exec_is unix:/run/a.sock '/v -s $A'
	exec_is unix:/run/a.sock '/v -s${A}'
	exec_is unix:/run/a.sock '/v $B $C -s ${A} $D'
	exec_is unix:/run/e.sock '/v $B $E'
	exec_is unix:/run/vrfydmn.sock '/v -s /run/%N.sock'
	exec_is unix:/run/vrfydmn.service '/v -s %t/%n'
	exec_is unix:/var/lib/vrfydmn '/v -s %S/%p%i'
	# What only systemd knows.
	printf '[Service]\nExecStart=/v -s inet:8891@%%H\n' |
	    root_file /etc/systemd/system/vrfydmn.service
	is vrfydmn 'on - problem=/etc/systemd/system/vrfydmn.service:2: where it listens is not known: its command line is not known'
	printf '[Service]\nEnvironment=S=inet:8891@%%H\nExecStart=/v -s $S\n' |
	    root_file /etc/systemd/system/vrfydmn.service
	is vrfydmn 'on - problem=/etc/systemd/system/vrfydmn.service:3: where it listens is not known: its command line is not known'
	# No variables with ':'; "$$" is "$" elsewhere.
	printf '[Service]\nEnvironment=A=x\nExecStart=:/v -s /run/${A}\n' |
	    root_file /etc/systemd/system/vrfydmn.service
	what vrfydmn | grep -q '^on - problem=.*a placeholder' ||
	    atf_fail "a variable is expanded: $(what vrfydmn)"
	# CRLF, a mark of the order of bytes, no newline at the end.
	printf '\357\273\277[Service]\r\nExecStart=/v -s /run/crlf.sock' |
	    root_file /etc/systemd/system/vrfydmn.service
	is vrfydmn 'on unix:/run/crlf.sock'
}

systemd_case variables "files of variables are read as systemd reads them"
variables_body()
{

	# file_is EXPECTED TEXT: the socket S by that file.
	file_is()
	{
		printf '%b' "$2" | root_file /etc/default/vrfydmn
		is vrfydmn "on $1"
	}
	unit vrfydmn '/usr/sbin/vrfydmn -s ${S} $T' \
	    EnvironmentFile=/etc/default/vrfydmn
	file_is unix:/run/a 'S=/run/a\n'
	file_is unix:/run/a 'S=/run/a'
	file_is unix:/run/a '  S = /run/a  \r\nT=\r\n'
	file_is unix:/run/a '# S=/run/b\nS="/run/a"\n;S=/run/c\n'
	file_is unix:/run/a "S='/run/a'\n#\\\\\nS=/run/b\n"
	file_is unix:/run/ab 'S="/run/""a"b\n'
	file_is unix:/run/a 'S=/run\\\n/a\n'
	file_is unix:/run/a 'S=/ru\\n/a\n'
	file_is unix:/run/a 'S=/run/b\nS=/run/a\n'
	file_is unix:/run/a 'not a variable\nS=/run/a\n1=2\n'
	file_is unix:/run/a 'S=/run/b\nT="-s /run/a"\n'
	# It is no shell.
	file_is unix:/run/a 'S=/run/a\nexport S=/run/b\n'
	file_is 'unix:/run/$X/a' 'X=b\nS=/run/$X/a\n'
	file_is unix:/run/a#b 'S=/run/a#b\n'
	# More files; one that is not there.
	printf 'S=/run/1\n' | root_file /etc/default/v.1
	printf 'S=/run/2\n' | root_file /etc/default/v.2
	drop_in vrfydmn more.conf <<-'EOT'
	[Service]
	EnvironmentFile=
	EnvironmentFile=-/etc/default/absent
	EnvironmentFile=/etc/default/v.*
	EOT
	is vrfydmn 'on unix:/run/2'
}

systemd_case templates "each enabled instance of a template is a milter"
templates_body()
{

	root_file /usr/lib/systemd/system/opendkim@.service <<-'EOT'
	[Unit]
	Description=Signer for %I
	[Service]
	ExecStart=/usr/sbin/opendkim -p local:/run/opendkim/%i.sock
	EOT
	expect debian < /dev/null
	for i in out two; do
		root_link /usr/lib/systemd/system/opendkim@.service \
		    /etc/systemd/system/multi-user.target.wants/opendkim@$i.service
	done
	root_link /usr/lib/systemd/system/opendkim@.service \
	    '/etc/systemd/system/mail.target.wants/opendkim@a\x2db-c.service'
	root_file /etc/systemd/system/opendkim@two.service.d/x.conf <<-'EOT'
	[Service]
	ExecStart=
	ExecStart=/usr/sbin/opendkim -p local:/run/second.sock
	EOT
	detect debian -l > /dev/null
	grep -q '^opendkim-out installed on unix:/run/opendkim/out.sock ' detect.out &&
	grep -q '^opendkim-two installed on unix:/run/second.sock ' detect.out &&
	grep -q '^opendkim-a\\x2db-c installed on unix:/run/opendkim/a\\x2db-c.sock ' detect.out &&
	grep -q '	command .* \[opendkim@out\]' detect.out &&
	grep -q 'Signer for a-b/c$' detect.out || {
		cat detect.out
		atf_fail "not all instances"
	}
	[ "$(grep -c '^opendkim' detect.out)" = 3 ] || atf_fail "too many"
}

systemd_case sockets "systemd may listen for a milter"
sockets_body()
{

	unit opendkim '/usr/sbin/opendkim -p fd:3'
	root_file /usr/lib/systemd/system/opendkim.socket <<-'EOT'
	[Socket]
	ListenStream=%t/opendkim/%p.sock
	SocketMode=0660
	[Install]
	WantedBy=sockets.target
	EOT
	is opendkim "on - problem=/usr/lib/systemd/system/opendkim.service:5: 'fd:3' is opened by the start system, no socket unit says where"
	root_link /usr/lib/systemd/system/opendkim.socket \
	    /etc/systemd/system/sockets.target.wants/opendkim.socket
	is opendkim 'on unix:/run/opendkim/opendkim.sock'
	# It is enough that the socket is enabled.
	turn_off opendkim
	is opendkim 'on unix:/run/opendkim/opendkim.sock'
	root_file /etc/systemd/system/opendkim.socket.d/port.conf <<-'EOT'
	[Socket]
	ListenStream=
	ListenStream=127.0.0.1:8891
	EOT
	is opendkim 'on inet:8891@[127.0.0.1]'
	root_link /dev/null /etc/systemd/system/opendkim.socket
	what opendkim | grep -q '^off - problem=' || atf_fail "masked socket"
	root_link /dev/null /etc/systemd/system/opendkim.service
	what opendkim | grep -q '^off - problem=' || atf_fail "masked"
}

systemd_case launchers "a script that starts the milter is followed"
launchers_body()
{

	unit mimedefang /usr/libexec/mimedefang-wrapper \
	    EnvironmentFile=/etc/sysconfig/mimedefang
	root_file /etc/sysconfig/mimedefang <<-'EOT'
	SPOOL=/var/spool/MIMEDefang
	EOT
	root_script /usr/libexec/mimedefang-wrapper <<-'EOT'
	#!/bin/sh
	SOCKET=${SOCKET:=$SPOOL/wrapped.sock}
	exec /usr/bin/mimedefang -P /run/mimedefang.pid -p $SOCKET
	EOT
	is mimedefang 'on unix:/var/spool/MIMEDefang/wrapped.sock'
	unit vrfydmn '/etc/init.d/vrfydmn start'
	root_script /etc/init.d/vrfydmn <<-'EOT'
	#! /bin/bash -e
	case $1 in
	start)	start-stop-daemon --start --exec /usr/sbin/vrfydmn -- \
		    -s /run/started.sock ;;
	*)	exit 1 ;;
	esac
	EOT
	is vrfydmn 'on unix:/run/started.sock'
	unit vrfydmn "/bin/bash -ec 'umask 2; exec /usr/sbin/vrfydmn -s \"\$S\"'" \
	    'Environment=S=/run/shell.sock'
	is vrfydmn 'on unix:/run/shell.sock'
}

systemd_case others "an enabled unit that no package has is found, too"
others_body()
{

	unit my-milter '/opt/my-milter -p inet:9999@127.0.0.1'
	unit somethingelse '/opt/somethingelse -p inet:9998@127.0.0.1'
	unit milter-manager '/usr/sbin/milter-manager'
	expect debian <<-'EOT'
	my-milter installed on inet:9999@[127.0.0.1] place=8 extra=0 conditions=NONE
	EOT
}

atf_init_test_cases()
{

	for c in debian redhat off folders drop_ins mistakes syntax variables \
	    templates sockets launchers others
	do
		atf_add_test_case $c
	done
}
