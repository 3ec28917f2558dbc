#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_openbsd.sh - what is found on OpenBSD.

. "$(atf_get_srcdir)/h_detect.sh"

openbsd_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# script NAME DAEMON [FLAGS]
script()
{

	root_script "/etc/rc.d/$1" <<EOT
#!/bin/ksh

daemon="/usr/local/$2"
daemon_flags="${3-}"

. /etc/rc.d/rc.subr

rc_reload=NO

rc_cmd \$1
EOT
}

packages()
{

	script milter_greylist libexec/milter-greylist
	script milter_regex libexec/milter-regex
	script milter_spamd libexec/milter-spamd
	script clamav_milter sbin/clamav-milter
	script opendkim sbin/opendkim "-x /etc/opendkim.conf -u _opendkim"
	script opendmarc sbin/opendmarc "-c /etc/opendmarc.conf -u _opendmarc"
	script dkim_filter libexec/dkim-filter "-x /etc/dkim-filter.conf"
	script mimedefang bin/mimedefang "-Gqr -U _mdefang \
-p /var/spool/MIMEDefang/mimedefang.sock \
-m /var/spool/MIMEDefang/mimedefang-multiplexor.sock"
	script rspamd bin/rspamd "-u _rspamd -g _rspamd"
	root_file /etc/dkim-filter.conf <<'EOT'
Socket local:/var/run/dkim-filter.sock
EOT
	root_file /etc/mail/greylist.conf <<'EOT'
socket "/var/milter-greylist/milter-greylist.sock" 660
EOT
	root_file /etc/clamav-milter.conf <<'EOT'
MilterSocket /tmp/clamav-milter.socket
EOT
	root_file /etc/opendkim.conf <<'EOT'
Socket local:/var/opendkim/opendkim.sock
EOT
	root_file /etc/opendmarc.conf <<'EOT'
Socket inet:8893@localhost
EOT
	root_file /etc/rspamd/rspamd.conf <<'EOT'
worker "rspamd_proxy" {
    bind_socket = "localhost:11332";
    milter = yes;
}
EOT
}

every="clamav_milter dkim_filter milter_greylist milter_regex milter_spamd
    mimedefang opendkim opendmarc rspamd"

openbsd_case off "each package's milter is found, and is off as it is installed"
off_body()
{

	packages
	expect openbsd <<'EOT'
milter_greylist installed off unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
dkim_filter installed off unix:/var/run/dkim-filter.sock place=3 extra=0 conditions=NONE
opendkim installed off unix:/var/opendkim/opendkim.sock place=3 extra=0 conditions=NONE
opendmarc installed off inet:8893@localhost place=4 extra=0 conditions=NONE
milter_regex installed off unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
clamav_milter installed off unix:/tmp/clamav-milter.socket place=6 extra=0 conditions=NONE
mimedefang installed off unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
rspamd installed off inet:11332@localhost place=7 extra=0 conditions=SPAM
milter_spamd installed off unix:/var/spool/milter-spamd/sock place=8 extra=0 conditions=NONE
EOT
}

openbsd_case on "each package's milter is found with the socket of its default"
on_body()
{

	packages
	echo pkg_scripts= $every | root_file /etc/rc.conf.local
	expect openbsd <<'EOT'
milter_greylist installed on unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
dkim_filter installed on unix:/var/run/dkim-filter.sock place=3 extra=0 conditions=NONE
opendkim installed on unix:/var/opendkim/opendkim.sock place=3 extra=0 conditions=NONE
opendmarc installed on inet:8893@localhost place=4 extra=0 conditions=NONE
milter_regex installed on unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
clamav_milter installed on unix:/tmp/clamav-milter.socket place=6 extra=0 conditions=NONE
mimedefang installed on unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
rspamd installed on inet:11332@localhost place=7 extra=0 conditions=SPAM
milter_spamd installed on unix:/var/spool/milter-spamd/sock place=8 extra=0 conditions=NONE
EOT
	expect_one openbsd opendkim \
	    'enabled /etc/rc.conf.local:1 in pkg_scripts' \
	    'command /usr/sbin/rcctl [start] [opendkim]'
}

openbsd_case flags "flags of rc.conf.local are in place of the script's"
flags_body()
{

	packages
	root_file /etc/rc.conf <<'EOT'
# defaults
sshd_flags=
pkg_scripts=
milter_regex_flags=-p /var/run/first.sock
EOT
	root_file /etc/rc.conf.local <<'EOT'
 pkg_scripts = milter_regex opendkim mimedefang milter_spamd dkim_filter  # mine
MILTER_REGEX_FLAGS=-d -p /var/run/regex.sock -u _milter-regex
opendkim_flags="-x /etc/opendkim-two.conf"
mimedefang_flags='-p inet:2526@localhost -m /var/run/mx.sock'
milter_spamd_flags=-p "inet:1" -d	# behind it
dkim_filter_flags=
#pkg_scripts=rspamd
clamav_milter_flags=NO
SOCKET=/not/for/scripts
opendmarc_flags
=
EOT
	root_file /etc/opendkim-two.conf <<'EOT'
Socket inet:8891@localhost
EOT
	expect openbsd -l <<'EOT'
milter_greylist installed off unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
	script /etc/rc.d/milter_greylist
	enabled /etc/rc.conf.local:1 not in pkg_scripts
	spec /etc/mail/greylist.conf:1 unix:/var/milter-greylist/milter-greylist.sock
	configuration -:0 /etc/mail/greylist.conf
	description -:0 greylisting
	command /usr/sbin/rcctl [start] [milter_greylist]
dkim_filter installed on unix:/var/run/dkim-filter.sock place=3 extra=0 conditions=NONE
	script /etc/rc.d/dkim_filter
	enabled /etc/rc.conf.local:1 in pkg_scripts
	spec /etc/dkim-filter.conf:1 unix:/var/run/dkim-filter.sock
	configuration /etc/rc.d/dkim_filter:4 /etc/dkim-filter.conf
	description -:0 DKIM
	command /usr/sbin/rcctl [start] [dkim_filter]
opendkim installed on inet:8891@localhost place=3 extra=0 conditions=NONE
	script /etc/rc.d/opendkim
	enabled /etc/rc.conf.local:1 in pkg_scripts
	spec /etc/opendkim-two.conf:1 inet:8891@localhost
	configuration /etc/rc.conf.local:3 /etc/opendkim-two.conf
	description -:0 DKIM
	command /usr/sbin/rcctl [start] [opendkim]
opendmarc installed off inet:8893@localhost place=4 extra=0 conditions=NONE
	script /etc/rc.d/opendmarc
	enabled /etc/rc.conf.local:1 not in pkg_scripts
	spec /etc/opendmarc.conf:1 inet:8893@localhost
	configuration /etc/rc.d/opendmarc:4 /etc/opendmarc.conf
	description -:0 DMARC
	command /usr/sbin/rcctl [start] [opendmarc]
milter_regex installed on unix:/var/run/regex.sock place=5 extra=0 conditions=SPAM
	script /etc/rc.d/milter_regex
	enabled /etc/rc.conf.local:1 in pkg_scripts
	spec /etc/rc.conf.local:2 unix:/var/run/regex.sock
	description -:0 regular expressions
	command /usr/sbin/rcctl [start] [milter_regex]
clamav_milter installed off unix:/tmp/clamav-milter.socket place=6 extra=0 conditions=NONE
	script /etc/rc.d/clamav_milter
	enabled /etc/rc.conf.local:8 flags=NO
	spec /etc/clamav-milter.conf:1 unix:/tmp/clamav-milter.socket
	configuration -:0 /etc/clamav-milter.conf
	description -:0 ClamAV virus scanner
	command /usr/sbin/rcctl [start] [clamav_milter]
mimedefang installed on inet:2526@localhost place=6 extra=0 conditions=NONE
	script /etc/rc.d/mimedefang
	enabled /etc/rc.conf.local:1 in pkg_scripts
	spec /etc/rc.conf.local:4 inet:2526@localhost
	description -:0 MIMEDefang
	command /usr/sbin/rcctl [start] [mimedefang]
rspamd installed off inet:11332@localhost place=7 extra=0 conditions=SPAM
	script /etc/rc.d/rspamd
	enabled /etc/rc.conf.local:1 not in pkg_scripts
	spec /etc/rspamd/rspamd.conf:2 inet:11332@localhost
	configuration -:0 /etc/rspamd/rspamd.conf
	description -:0 Rspamd
	command /usr/sbin/rcctl [start] [rspamd]
milter_spamd installed on inet:1 place=8 extra=0 conditions=NONE
	script /etc/rc.d/milter_spamd
	enabled /etc/rc.conf.local:1 in pkg_scripts
	spec /etc/rc.conf.local:5 inet:1
	description -:0 milter
	command /usr/sbin/rcctl [start] [milter_spamd]
EOT
	# Taken out of what is started, by rcctl disable or by hand.
	printf 'pkg_scripts=milter_regex\nmilter_regex_flags=NO\n' |
	    root_file /etc/rc.conf.local
	expect_one openbsd milter_regex 'enabled /etc/rc.conf.local:2 flags=NO'
	atf_check -o match:'^milter_regex installed off' cat one.out
	# read(1) hands over no line that does not end.
	printf 'pkg_scripts=milter_regex\nmilter_regex_flags=NO' |
	    root_file /etc/rc.conf.local
	expect_one openbsd milter_regex 'enabled /etc/rc.conf.local:1 in pkg_scripts'
}

openbsd_case scripts "a script may start its daemon itself"
scripts_body()
{

	root_script /etc/rc.d/mine_milter <<'EOT'
#!/bin/ksh

daemon="/usr/local/bin/mine"
daemon_user="_mine"

. /etc/rc.d/rc.subr

rc_bg=YES
socket=/var/run/mine.sock

rc_start() {
	rc_exec "${daemon} -p '${socket}' ${daemon_flags}"
}

rc_cmd $1
EOT
	script other_milter sbin/other "-p /var/run/other.sock"
	chmod -x root/etc/rc.d/other_milter
	root_script /etc/rc.d/broken_milter <<'EOT'
daemon=/usr/local/sbin/broken
. /etc/rc.d/rc.subr
if
EOT
	root_file /etc/rc.d/rc.subr <<'EOT'
rc_err() { echo $1; exit 1; }
daemon=/never
[ -n "${never}" ] || rc_err "$0: never"
EOT
	echo pkg_scripts=mine_milter other_milter broken_milter |
	    root_file /etc/rc.conf.local
	expect openbsd <<'EOT'
broken_milter installed on - place=8 extra=0 conditions=NONE problem=/etc/rc.d/broken_milter:4: expected "then"
mine_milter installed on unix:/var/run/mine.sock place=8 extra=0 conditions=NONE
other_milter installed off unix:/var/run/other.sock place=8 extra=0 conditions=NONE problem=/etc/rc.d/other_milter: it cannot be executed
EOT
}

openbsd_case hostile "settings that cannot be read are one line a milter"
hostile_body()
{

	script milter_regex libexec/milter-regex "-p /var/run/regex.sock"
	mkfifo root/etc/rc.conf.local
	expect openbsd <<'EOT'
milter_regex installed maybe unix:/var/run/regex.sock place=5 extra=0 conditions=SPAM problem=/etc/rc.conf.local: a FIFO
EOT
	rm root/etc/rc.conf.local
	head -c 300000 /dev/zero | tr '\0' '=' | root_file /etc/rc.conf.local
	{ printf '\npkg_scripts=milter_regex\n'; head -c 5000 /dev/zero |
	    tr '\0' 'a'; printf '_flags=x\nx_flags='; head -c 5000 /dev/zero |
	    tr '\0' '"'; } | root_append /etc/rc.conf.local
	expect openbsd <<'EOT'
milter_regex installed on unix:/var/run/regex.sock place=5 extra=0 conditions=SPAM
EOT
	# A value that is too long is not known, and not that of an earlier line.
	{ echo pkg_scripts=other; printf 'pkg_scripts=milter_regex '
	    head -c 5000 /dev/zero | tr '\0' 'a'; echo; } |
	    root_file /etc/rc.conf.local
	expect_one openbsd milter_regex \
	    'enabled /etc/rc.conf.local:2 pkg_scripts is not known'
	# A script that makes all variables unknown has no say in it.
	echo pkg_scripts=milter_regex | root_file /etc/rc.conf.local
	root_script /etc/rc.d/milter_regex <<'EOT'
daemon=/usr/local/libexec/milter-regex
eval "$(cat /etc/secret)"
. /etc/rc.d/rc.subr
rc_cmd $1
EOT
	expect_one openbsd milter_regex \
	    'enabled /etc/rc.conf.local:1 in pkg_scripts'
}

atf_init_test_cases()
{

	for case in off on flags scripts hostile; do
		atf_add_test_case $case
	done
}
