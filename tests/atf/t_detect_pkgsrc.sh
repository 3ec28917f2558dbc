#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_pkgsrc.sh - what is found on NetBSD with pkgsrc.

. "$(atf_get_srcdir)/h_detect.sh"

pkgsrc_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

examples=/usr/pkg/share/examples/rc.d

# netbsd: what scripts ask for before they use rc.subr.
netbsd()
{

	root_file /etc/rc.subr < /dev/null
	root_script /etc/rc.d/DAEMON < /dev/null
	root_file /etc/defaults/rc.conf <<'EOT'
rc_rcorder_flags=""
postfix=NO
EOT
	root_file /etc/rc.conf <<'EOT'
if [ -r /etc/defaults/rc.conf ]; then
	. /etc/defaults/rc.conf
fi
rc_configured=YES
EOT
}

# script_daemon NAME PATH [ARGUMENT...]: most are like this one.
script_daemon()
{

	sd_script=$1 sd_name=$2 sd_path=$3
	shift 3
	root_script "$examples/$sd_script" <<EOT
#!/bin/sh
#
# PROVIDE: $sd_name
# REQUIRE: DAEMON
# BEFORE: mail

if [ -f /etc/rc.subr ]; then
	. /etc/rc.subr
fi

name="$sd_name"
rcvar=\$name
command="/usr/pkg/$sd_path"
pidfile="/var/run/$sd_name/\${name}.pid"
command_args="$*"
start_precmd="${sd_name}_precmd"

${sd_name}_precmd()
{
	if [ ! -d /var/run/$sd_name ]; then
		/bin/mkdir /var/run/$sd_name
		/bin/chmod 0750 /var/run/$sd_name
	fi
}

if [ -f /etc/rc.subr ]; then
	load_rc_config \$name
	run_rc_command "\$1"
else
	echo -n " \${name}"
	\${command} \${${sd_name}_flags} \${command_args}
fi
EOT
}

# script_tron NAME RCNAME PATH ARGUMENT...: two have another way without rc.
script_tron()
{

	st_script=$1 st_name=$2 st_path=$3
	shift 3
	root_script "$examples/$st_script" <<EOT
#!/bin/sh
# PROVIDE: $st_script

name="$st_name"
rcvar="$st_name"
command="/usr/pkg/$st_path"
command_args="$*"

if [ -f /etc/rc.subr -a -d /etc/rc.d -a -f /etc/rc.d/DAEMON ]; then
	. /etc/rc.subr
	. /etc/rc.conf

	load_rc_config \$name
	run_rc_command "\$1"
else
	pidfile=/var/run/\${name}.pid
	case \$1 in
	start)
		nohup \${command} -D \${command_args} </dev/null >/dev/null 1>&2 &
		;;
	esac
fi
EOT
}

packages()
{

	netbsd
	script_tron milter-greylist miltergreylist bin/milter-greylist \
	    -p /var/milter-greylist/milter-greylist.sock -u smmsp
	script_tron milter-regex milterregex sbin/milter-regex -u smmsp
	script_daemon dkim-filter dkimfilter libexec/dkim-filter \
	    -p 'local:/var/run/dkim-filter/${name}.sock' -l \
	    -x /usr/pkg/etc/dkim-filter.conf
	root_file /usr/pkg/etc/dkim-filter.conf < /dev/null
	script_daemon sid-filter sidfilter bin/sid-filter \
	    -p 'local:/var/run/sid-filter/${name}.sock' -l
	script_daemon dk-milter dkmilter sbin/dk-milter -hl \
	    -p '${dkmilter_socket-local:/tmp/.dkmilter.sock}'
	script_daemon opendkim opendkim sbin/opendkim -l \
	    -x /usr/pkg/etc/opendkim.conf -u opendkim:opendkim
	root_file /usr/pkg/etc/opendkim.conf <<'EOT'
Socket local:/var/run/opendkim/opendkim.sock
EOT
	script_daemon opendmarc opendmarc sbin/opendmarc \
	    -c /usr/pkg/etc/opendmarc.conf
	root_file /usr/pkg/etc/opendmarc.conf <<'EOT'
Socket inet:8893@localhost
EOT
	script_daemon openarc openarc sbin/openarc -c /usr/pkg/etc/openarc.conf
	root_file /usr/pkg/etc/openarc.conf <<'EOT'
Socket inet:8895@localhost
EOT
	script_daemon enma enma bin/enma -c /usr/pkg/etc/enma.conf
	root_file /usr/pkg/etc/enma.conf <<'EOT'
milter.socket: inet:10025@127.0.0.1
EOT
	script_daemon rspamd rspamd bin/rspamd -u rspamd -g rspamd \
	    -c /usr/pkg/etc/rspamd/rspamd.conf
	root_file /usr/pkg/etc/rspamd/rspamd.conf <<'EOT'
worker "rspamd_proxy" {
    bind_socket = "*:11332";
    milter = yes;
}
EOT
	# Its own flags come last, behind what is there.
	root_script $examples/spamass-milter <<'EOT'
#!/bin/sh
if [ -f /etc/rc.subr ]; then
	. /etc/rc.subr
fi

name="spamass_milter"
rcvar=${name}
command="/usr/pkg/sbin/spamass-milter"
command_args="-u nobody -p /var/run/spamass.sock -f"

if [ -f /etc/rc.subr ]; then
	load_rc_config $name

	command_args="${command_args} ${spamass_milter_flags}"
	spamass_milter_flags=

	run_rc_command "$1"
else
	echo -n " ${name}"
fi
EOT
	# A default that is set before rc.conf is read.
	root_script $examples/amavismilter <<'EOT'
#!/bin/sh
if [ -f /etc/rc.subr ]; then
	. /etc/rc.subr
fi

name="amavismilter"
rcvar=$name
command="/usr/pkg/sbin/amavis-milter"
required_vars="amavisd"
: ${amavismilter_user="vscan"}
: ${amavismilter_flags="-p local:/var/amavis/amavis-milter.sock"}
start_precmd="amavismilter_precmd"

amavismilter_precmd()
{
	set -- ${amavismilter_flags}
	case $2 in
	local:*)
		/bin/rm -f "${2#local:}"
		;;
	esac
}

if [ -f /etc/rc.subr -a -f /etc/rc.conf \
     -a -d /etc/rc.d -a -f /etc/rc.d/DAEMON ]; then
	load_rc_config $name
	run_rc_command "$1"
fi
EOT
	# At boot there is nothing to be read: $_rc_subr_loaded is ":".
	root_script $examples/amavisd-milter <<'EOT'
#!/bin/sh
$_rc_subr_loaded . /etc/rc.subr

name="amavisd_milter"
rcvar=$name
command="/usr/pkg/sbin/amavisd-milter"
amavisd_milter_user="vscan"

load_rc_config $name
run_rc_command "$1"
EOT
	# What awk says of the daemon's file is not known here.
	root_script $examples/clamav-milter <<'EOT'
#!/bin/sh
if [ -f /etc/rc.subr ]; then
	. /etc/rc.subr
fi

name="clamav_milter"
rcvar=$name
command="/usr/pkg/sbin/clamav-milter"
required_files="/usr/pkg/etc/clamav-milter.conf"
start_precmd="clamd_precmd"

if [ -f "${required_files}" ]; then
	pidfile_=`awk '/^PidFile/ {r = $2}; END {print r}' ${required_files}`
	if [ -n "${pidfile_}" ]; then
		pidfile=${pidfile_}
	fi
fi

if [ -f /etc/rc.subr -a -f /etc/rc.conf \
     -a -d /etc/rc.d -a -f /etc/rc.d/DAEMON ]; then
	load_rc_config $name
	run_rc_command "$1"
fi
EOT
	root_file /usr/pkg/etc/clamav-milter.conf <<'EOT'
MilterSocket unix:/var/run/clamav/clamav-milter.sock
EOT
	root_script $examples/mimedefang <<'EOT'
#!/bin/sh
if [ -f /etc/rc.subr ]
then
	. /etc/rc.subr
fi

defangdir="/var/spool/MIMEDefang"
name="mimedefang"
rcvar=$name
command="/usr/pkg/bin/mimedefang"
pidfile="${defangdir}/${name}.pid"
command_args="-P ${pidfile}"
mimedefang_flags=${mimedefang_flags-"-p ${defangdir}/mimedefang.sock \
		-m ${defangdir}/mimedefang-multiplexor.sock"}
mimedefang=${mimedefang:-NO}
mimedefang_fdlimit=${mimedefang_fdlimit-"128"}
SOFT_FDLIMIT=`ulimit -S -n`

if [ ${mimedefang_fdlimit} -gt ${SOFT_FDLIMIT} ]; then
	ulimit -S -n ${mimedefang_fdlimit}
fi

load_rc_config $name
run_rc_command "$1"
EOT
}

# copied SCRIPT...: the administrator has copied them, or PKG_RCD_SCRIPTS=yes.
copied()
{

	for c_script in "$@"; do
		root_script "/etc/rc.d/$c_script" < "root$examples/$c_script"
	done
}

# Every package's milter with the socket of its default.
expect_all_off()
{

	expect pkgsrc <<'EOT'
milter-greylist installed off unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
enma installed off inet:10025@[127.0.0.1] place=2 extra=0 conditions=SPAM
sid-filter installed off unix:/var/run/sid-filter/sidfilter.sock place=2 extra=0 conditions=SPAM
dk-milter installed off unix:/tmp/.dkmilter.sock place=3 extra=0 conditions=NONE
dkim-filter installed off unix:/var/run/dkim-filter/dkimfilter.sock place=3 extra=0 conditions=NONE
openarc installed off inet:8895@localhost place=3 extra=0 conditions=NONE
opendkim installed off unix:/var/run/opendkim/opendkim.sock place=3 extra=0 conditions=NONE
opendmarc installed off inet:8893@localhost place=4 extra=0 conditions=NONE
milter-regex installed off unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
clamav-milter installed off unix:/var/run/clamav/clamav-milter.sock place=6 extra=0 conditions=NONE
mimedefang installed off unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
amavisd-milter installed off - place=7 extra=0 conditions=NONE
amavismilter installed off unix:/var/amavis/amavis-milter.sock place=7 extra=0 conditions=NONE
rspamd installed off inet:11332 place=7 extra=0 conditions=SPAM
spamass-milter installed off unix:/var/run/spamass.sock place=7 extra=0 conditions=SPAM
EOT
}

pkgsrc_case examples "scripts that are examples are off, whatever rc.conf says"
examples_body()
{

	packages
	expect_all_off
	root_append /etc/rc.conf <<'EOT'
miltergreylist=YES
EOT
	expect_one pkgsrc milter-greylist 'enabled /etc/rc.conf:5 miltergreylist=YES'
	atf_check -o match:"problem=$examples/milter-greylist: an example" \
	    cat one.out
}

every="amavisd-milter amavismilter clamav-milter dk-milter dkim-filter enma
    milter-greylist milter-regex mimedefang openarc opendkim opendmarc rspamd
    sid-filter spamass-milter"

pkgsrc_case on "each package's milter is found with the socket of its default"
on_body()
{

	packages
	copied $every
	expect_all_off
	for name in amavisd_milter amavismilter clamav_milter dkmilter \
	    dkimfilter enma miltergreylist milterregex mimedefang openarc \
	    opendkim opendmarc rspamd sidfilter spamass_milter; do
		echo "$name=YES" | root_append /etc/rc.conf
	done
	expect pkgsrc <<'EOT'
milter-greylist installed on unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
enma installed on inet:10025@[127.0.0.1] place=2 extra=0 conditions=SPAM
sid-filter installed on unix:/var/run/sid-filter/sidfilter.sock place=2 extra=0 conditions=SPAM
dk-milter installed on unix:/tmp/.dkmilter.sock place=3 extra=0 conditions=NONE
dkim-filter installed on unix:/var/run/dkim-filter/dkimfilter.sock place=3 extra=0 conditions=NONE
openarc installed on inet:8895@localhost place=3 extra=0 conditions=NONE
opendkim installed on unix:/var/run/opendkim/opendkim.sock place=3 extra=0 conditions=NONE
opendmarc installed on inet:8893@localhost place=4 extra=0 conditions=NONE
milter-regex installed on unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
clamav-milter installed on unix:/var/run/clamav/clamav-milter.sock place=6 extra=0 conditions=NONE
mimedefang installed on unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
amavisd-milter installed on - place=7 extra=0 conditions=NONE problem=/etc/rc.d/amavisd-milter: nothing says where it listens
amavismilter installed on unix:/var/amavis/amavis-milter.sock place=7 extra=0 conditions=NONE
rspamd installed on inet:11332 place=7 extra=0 conditions=SPAM
spamass-milter installed on unix:/var/run/spamass.sock place=7 extra=0 conditions=SPAM
EOT
}

pkgsrc_case changed "settings of an administrator move the sockets"
changed_body()
{

	packages
	copied amavismilter dk-milter dkim-filter milter-regex mimedefang \
	    spamass-milter amavisd-milter
	root_append /etc/rc.conf <<'EOT'
run=/var/run
amavismilter=yes amavismilter_flags="-p local:$run/amavis.sock"
dkmilter=TRUE		dkmilter_socket="inet:8892@localhost"
dkimfilter=On		dkimfilter_flags="-b sv -p inet:8893@localhost"
milterregex=1		milterregex_flags="-p $run/regex.sock"
mimedefang=YES		mimedefang_flags="-p $run/mimedefang.sock"
spamass_milter=YES	spamass_milter_flags="-p $run/spamass.sock -- -d mx2"
amavisd_milter=YES
EOT
	root_file /etc/rc.conf.d/amavisd_milter <<'EOT'
amavisd_milter_flags="-s /var/run/amavisd-milter.sock"
EOT
	expect pkgsrc -l <<'EOT'
milter-greylist installed off unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
	script /usr/pkg/share/examples/rc.d/milter-greylist
	enabled -:0 miltergreylist is not set
	spec /usr/pkg/share/examples/rc.d/milter-greylist:7 unix:/var/milter-greylist/milter-greylist.sock
	description -:0 greylisting
	command /usr/pkg/share/examples/rc.d/milter-greylist [start]
enma installed off inet:10025@[127.0.0.1] place=2 extra=0 conditions=SPAM
	script /usr/pkg/share/examples/rc.d/enma
	enabled -:0 enma is not set
	spec /usr/pkg/etc/enma.conf:1 inet:10025@[127.0.0.1]
	configuration /usr/pkg/share/examples/rc.d/enma:15 /usr/pkg/etc/enma.conf
	description -:0 SPF and Sender ID
	command /usr/pkg/share/examples/rc.d/enma [start]
sid-filter installed off unix:/var/run/sid-filter/sidfilter.sock place=2 extra=0 conditions=SPAM
	script /usr/pkg/share/examples/rc.d/sid-filter
	enabled -:0 sidfilter is not set
	spec /usr/pkg/share/examples/rc.d/sid-filter:15 unix:/var/run/sid-filter/sidfilter.sock
	description -:0 Sender ID and SPF
	command /usr/pkg/share/examples/rc.d/sid-filter [start]
dk-milter installed on inet:8892@localhost place=3 extra=0 conditions=NONE
	script /etc/rc.d/dk-milter
	enabled /etc/rc.conf:7 dkmilter=TRUE
	spec /etc/rc.conf:7 inet:8892@localhost
	description -:0 DomainKeys
	command /etc/rc.d/dk-milter [start]
dkim-filter installed on unix:/var/run/dkim-filter/dkimfilter.sock place=3 extra=0 conditions=NONE
	script /etc/rc.d/dkim-filter
	enabled /etc/rc.conf:8 dkimfilter=On
	spec /etc/rc.d/dkim-filter:15 unix:/var/run/dkim-filter/dkimfilter.sock
	configuration /etc/rc.d/dkim-filter:15 /usr/pkg/etc/dkim-filter.conf
	description -:0 DKIM
	command /etc/rc.d/dkim-filter [start]
openarc installed off inet:8895@localhost place=3 extra=0 conditions=NONE
	script /usr/pkg/share/examples/rc.d/openarc
	enabled -:0 openarc is not set
	spec /usr/pkg/etc/openarc.conf:1 inet:8895@localhost
	configuration /usr/pkg/share/examples/rc.d/openarc:15 /usr/pkg/etc/openarc.conf
	description -:0 ARC
	command /usr/pkg/share/examples/rc.d/openarc [start]
opendkim installed off unix:/var/run/opendkim/opendkim.sock place=3 extra=0 conditions=NONE
	script /usr/pkg/share/examples/rc.d/opendkim
	enabled -:0 opendkim is not set
	spec /usr/pkg/etc/opendkim.conf:1 unix:/var/run/opendkim/opendkim.sock
	configuration /usr/pkg/share/examples/rc.d/opendkim:15 /usr/pkg/etc/opendkim.conf
	description -:0 DKIM
	command /usr/pkg/share/examples/rc.d/opendkim [start]
opendmarc installed off inet:8893@localhost place=4 extra=0 conditions=NONE
	script /usr/pkg/share/examples/rc.d/opendmarc
	enabled -:0 opendmarc is not set
	spec /usr/pkg/etc/opendmarc.conf:1 inet:8893@localhost
	configuration /usr/pkg/share/examples/rc.d/opendmarc:15 /usr/pkg/etc/opendmarc.conf
	description -:0 DMARC
	command /usr/pkg/share/examples/rc.d/opendmarc [start]
milter-regex installed on unix:/var/run/regex.sock place=5 extra=0 conditions=SPAM
	script /etc/rc.d/milter-regex
	enabled /etc/rc.conf:9 milterregex=1
	spec /etc/rc.conf:9 unix:/var/run/regex.sock
	description -:0 regular expressions
	command /etc/rc.d/milter-regex [start]
clamav-milter installed off unix:/var/run/clamav/clamav-milter.sock place=6 extra=0 conditions=NONE
	script /usr/pkg/share/examples/rc.d/clamav-milter
	enabled -:0 clamav_milter is not set
	spec /usr/pkg/etc/clamav-milter.conf:1 unix:/var/run/clamav/clamav-milter.sock
	configuration -:0 /usr/pkg/etc/clamav-milter.conf
	description -:0 ClamAV virus scanner
	command /usr/pkg/share/examples/rc.d/clamav-milter [start]
mimedefang installed on unix:/var/run/mimedefang.sock place=6 extra=0 conditions=NONE
	script /etc/rc.d/mimedefang
	enabled /etc/rc.conf:10 mimedefang=YES
	spec /etc/rc.conf:10 unix:/var/run/mimedefang.sock
	description -:0 MIMEDefang
	command /etc/rc.d/mimedefang [start]
amavisd-milter installed on unix:/var/run/amavisd-milter.sock place=7 extra=0 conditions=NONE
	script /etc/rc.d/amavisd-milter
	enabled /etc/rc.conf:12 amavisd_milter=YES
	spec /etc/rc.conf.d/amavisd_milter:1 unix:/var/run/amavisd-milter.sock
	description -:0 milter for amavisd
	command /etc/rc.d/amavisd-milter [start]
amavismilter installed on unix:/var/run/amavis.sock place=7 extra=0 conditions=NONE
	script /etc/rc.d/amavismilter
	enabled /etc/rc.conf:6 amavismilter=yes
	spec /etc/rc.conf:6 unix:/var/run/amavis.sock
	description -:0 amavisd's content filter
	command /etc/rc.d/amavismilter [start]
rspamd installed off inet:11332 place=7 extra=0 conditions=SPAM
	script /usr/pkg/share/examples/rc.d/rspamd
	enabled -:0 rspamd is not set
	spec /usr/pkg/etc/rspamd/rspamd.conf:2 inet:11332
	configuration /usr/pkg/share/examples/rc.d/rspamd:15 /usr/pkg/etc/rspamd/rspamd.conf
	description -:0 Rspamd
	command /usr/pkg/share/examples/rc.d/rspamd [start]
spamass-milter installed on unix:/var/run/spamass.sock place=7 extra=0 conditions=SPAM
	script /etc/rc.d/spamass-milter
	enabled /etc/rc.conf:11 spamass_milter=YES
	spec /etc/rc.d/spamass-milter:14 unix:/var/run/spamass.sock
	description -:0 SpamAssassin
	command /etc/rc.d/spamass-milter [start]
EOT
}

pkgsrc_case folders "scripts are also started from what rc_directories has"
folders_body()
{

	packages
	echo miltergreylist=YES | root_append /etc/rc.conf
	mkdir -p root/usr/pkg/etc/rc.d
	mv root$examples/milter-greylist root/usr/pkg/etc/rc.d
	expect_one pkgsrc milter-greylist \
	    'milter-greylist installed on unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY' \
	    'script /usr/pkg/etc/rc.d/milter-greylist'
	mkdir -p root/opt/rc.d
	mv root/usr/pkg/etc/rc.d/milter-greylist root/opt/rc.d
	expect_one pkgsrc milter-greylist
	echo 'rc_directories="/etc/rc.d /opt/rc.d"' | root_append /etc/rc.conf
	expect_one pkgsrc milter-greylist \
	    'script /opt/rc.d/milter-greylist' \
	    'command /opt/rc.d/milter-greylist [start]'
	# Another prefix, as of a system that has its own packages, too.
	mkdir -p root/opt/pkg/share
	mv root/usr/pkg/share/examples root/opt/pkg/share
	expect_one pkgsrc opendkim
	detect pkgsrc -l -o prefix=/opt/pkg > /dev/null
	atf_check -o match:'script /opt/pkg/share/examples/rc.d/opendkim' \
	    cat detect.out
}

atf_init_test_cases()
{

	for case in examples on changed folders; do
		atf_add_test_case $case
	done
}
