#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_ports.sh - the milters of the BSDs' ports that few people have, and
# those whose socket only their manual or the port's Makefile says.

. "$(atf_get_srcdir)/h_detect.sh"

rcd=/usr/local/etc/rc.d

ports_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# plain SCRIPT NAME COMMAND [LINE...]: the shortest form of a port's script.
plain()
{

	p_script=$1
	p_name=$2
	p_command=$3
	shift 3
	{
		cat <<EOT
#!/bin/sh
. /etc/rc.subr
name="$p_name"
rcvar=${p_name}_enable
load_rc_config \$name
: \${${p_name}_enable:="NO"}
command="/usr/local/$p_command"
EOT
		printf '%s\n' "$@" 'run_rc_command "$1"'
	} | root_script "$rcd/$p_script"
}

freebsd_ports()
{

	plain smfsav smfsav sbin/smfsav
	plain smfspf smfspf sbin/smf-spf
	plain milter-callback miltercallback libexec/milter-callback
	plain milter-limit milter_limit bin/milter-limit
	plain mailfromd mailfromd sbin/mailfromd
	plain vbsfilter vbsfilter libexec/vbsfilter \
	    ': ${vbsfilter_socket:="/var/run/vbsfilter"}' \
	    'command_args="-p local:${vbsfilter_socket}"'
	plain rblmilter rblmilter sbin/rbl-milter \
	    ': ${rblmilter_socket:="/var/run/rbl-milter"}' \
	    ': ${rblmilter_flags:="-l -r -d dnsbl.example.org"}' \
	    'command_args="-p local:${rblmilter_socket} ${rblmilter_flags}"'
	# Its default is set before rc.conf is read.
	root_script $rcd/noattach <<'EOT'
#!/bin/sh
noattach_enable=${noattach_enable:-"NO"}
noattach_socket=${noattach_socket:-"/var/run/noattach"}
. /etc/rc.subr
name="noattach"
rcvar="noattach_enable"
command="/usr/local/libexec/${name}"
load_rc_config $name
command_args="-p local:${noattach_socket} ${noattach_flags}"
run_rc_command "$1"
EOT
	plain antivirus antivirus libexec/antivirus \
	    ': ${antivirus_socket:="/var/antivirus/antivirus.sock"}' \
	    'command_args="-p local:${antivirus_socket} ${antivirus_flags}"'
	root_script $rcd/milter-batv <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="milterbatv"
rcvar=milterbatv_enable
command="/usr/local/bin/batv-filter"
load_rc_config $name
: ${milterbatv_enable="NO"}
: ${milterbatv_cfgfile="/usr/local/etc/mail/batv-filter.conf"}
if [ -f "${milterbatv_cfgfile}" ];then
	milterbatv_cfgfile="-x ${milterbatv_cfgfile}"
else
	milterbatv_cfgfile=""
fi
if [ "x${milterbatv_socket}" != "x" ];then
	_socket_prefix="-p"
fi
command_args="-l ${_socket_prefix} ${milterbatv_socket} ${milterbatv_cfgfile}"
run_rc_command "$1"
EOT
	root_file /usr/local/etc/mail/batv-filter.conf <<'EOT'
Domain	example.com
Socket	local:/var/run/milterbatv/socket
EOT
	# What it is told is put together when it starts.
	root_script $rcd/authentication_milter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="authentication_milter"
rcvar="authentication_milter_enable"
load_rc_config $name
: ${authentication_milter_enable:=NO}
: ${authentication_milter_prefix:=/usr/local/etc/mail}
: ${authentication_milter_foreground_enable:=NO}
command="/usr/local/bin/authentication_milter"
command_args="--prefix ${authentication_milter_prefix} ${command_args}"
start_precmd="before_start"
before_start () {
	piddir=$(dirname "$pidfile")
	install -d -m 0755 "$piddir"
	command_args="-c ${rc_arg} ${command_args}"
	if ! checkyesno authentication_milter_foreground_enable; then
		command_args="-d ${command_args}"
	fi
}
run_rc_command "$1"
EOT
	root_file /usr/local/etc/mail/authentication_milter.json <<'EOT'
{
    "debug"     : 0,
    "connection"             : "unix:/var/run/auth_milter/auth_milter.sock",
    "umask"                  : "0077",
    "handlers" : {
        "SPF" : { "hide_none" : 0 }
    }
}
EOT
	# Its own script starts it, which is no milter by its name.
	root_script $rcd/dccm <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=dccm
rcvar=dccm_enable
load_rc_config $name
: ${dccm_enable:="NO"}
: ${dccm_conf="/usr/local/dcc/dcc_conf"}
start_precmd="start_precmd"
start_cmd="start_dcc"
start_precmd()
{
	X=`grep ^DCCM_ENABLE ${dccm_conf}`
	eval $X
	if [ "$DCCM_ENABLE" != "on" ]
	then
		return 1
	fi
}
start_dcc()
{
	/usr/local/dcc/libexec/rcDCC -m dccm start
}
run_rc_command "$1"
EOT
	root_file /usr/local/etc/smfsav.conf <<'EOT'
#Socket		unix:/var/run/smfsav/smfsav.sock
EOT
	root_file /etc/mail/milter-limit.conf <<'EOT'
name = milter-limit
connection = unix:/tmp/milter-limit.sock
EOT
}

ports_case freebsd "what the rarer ports of FreeBSD start"
freebsd_body()
{

	freebsd_ports
	for name in smfsav smfspf miltercallback milter_limit mailfromd \
	    vbsfilter rblmilter noattach antivirus milterbatv \
	    authentication_milter dccm; do
		echo "${name}_enable=\"YES\""
	done | root_file /etc/rc.conf
	expect freebsd <<'EOT'
milter-limit installed on unix:/tmp/milter-limit.sock place=1 extra=0 conditions=NONE
authentication_milter installed on unix:/var/run/auth_milter/auth_milter.sock place=2 extra=0 conditions=NONE
smfsav installed on unix:/var/run/smfsav/smfsav.sock place=2 extra=0 conditions=NONE
smfspf installed on unix:/var/run/smfs/smf-spf.sock place=2 extra=0 conditions=NONE
mailfromd installed on unix:/var/run/mailfromd/mailfromd.sock place=5 extra=0 conditions=NONE
antivirus installed on unix:/var/antivirus/antivirus.sock place=8 extra=0 conditions=NONE
dccm installed on - place=8 extra=0 conditions=NONE problem=where it listens is not known: its command line is not known
milter-callback installed on unix:/var/run/milter-callback.sock place=8 extra=0 conditions=NONE
noattach installed on unix:/var/run/noattach place=8 extra=0 conditions=NONE
vbsfilter installed on unix:/var/run/vbsfilter place=8 extra=0 conditions=NONE
rblmilter installed on unix:/var/run/rbl-milter place=8 extra=0 conditions=NONE
milter-batv installed on unix:/var/run/milterbatv/socket place=9 extra=0 conditions=NONE
EOT
	expect_one freebsd mailfromd 'script /usr/local/etc/rc.d/mailfromd' \
	    'spec -:0 unix:/var/run/mailfromd/mailfromd.sock'
	expect_one freebsd authentication_milter \
	    'spec /usr/local/etc/mail/authentication_milter.json:3 unix:/var/run/auth_milter/auth_milter.sock'
}

ports_case changed "an administrator moves their sockets"
changed_body()
{

	freebsd_ports
	root_file /etc/rc.conf <<'EOT'
smfsav_enable=YES
smfsav_flags="-c /etc/mail/sav.conf"
miltercallback_enable=YES
miltercallback_flags="-s /var/run/callback -t 7200"
mailfromd_enable=YES
milter_limit_enable=YES
milter_limit_flags="--config /etc/limit.conf"
noattach_enable=YES
noattach_socket=/var/run/no.sock
milterbatv_enable=YES
milterbatv_socket=inet:8899@localhost
EOT
	root_file /etc/mail/sav.conf <<'EOT'
Socket	inet:2527@localhost	# here
EOT
	root_file /etc/limit.conf <<'EOT'
connection = unix:/tmp/two.sock
EOT
	root_file /usr/local/etc/mailfromd.conf <<'EOT'
server milter {
  listen "inet://127.0.0.1:3333";
}
EOT
	detect freebsd > /dev/null
	grep ' installed on ' detect.out > on.out
	atf_check diff - on.out <<'EOT'
milter-limit installed on unix:/tmp/two.sock place=1 extra=0 conditions=NONE
smfsav installed on inet:2527@localhost place=2 extra=0 conditions=NONE
mailfromd installed on inet:3333@[127.0.0.1] place=5 extra=0 conditions=NONE
milter-callback installed on unix:/var/run/callback place=8 extra=0 conditions=NONE
noattach installed on unix:/var/run/no.sock place=8 extra=0 conditions=NONE
milter-batv installed on inet:8899@localhost place=9 extra=0 conditions=NONE
EOT
}

# As its source has it: no packages, but scripts of its own.
ports_case snert "milter-bcc has options without dashes"
snert_body()
{

	root_script /etc/init.d/milter-bcc <<'EOT'
#!/bin/sh
# chkconfig: 345 87 12
# description: milter-bcc
PACKAGE_NAME="milter-bcc"
libexecdir="/usr/local/libexec"
if test -x $libexecdir/$PACKAGE_NAME ; then
	PROGRAM=$libexecdir/$PACKAGE_NAME
else
	echo "$PACKAGE_NAME not found".
	exit 0;
fi
os=`uname -s`
announce()
{
	case $os in
	Linux*)
		printf "$1"
		;;
	esac
}
getpid()
{
	ps acxj | grep "$PACKAGE_NAME"
}
start()
{
	announce "Starting $PACKAGE_NAME"
	pid=`getpid "$PROGRAM"`
	if test X"$pid" != X ; then
		return
	fi
	$PROGRAM $OPTIONS
}
case "$1" in
start)
	start
	;;
esac
exit $?
EOT
	root_script /usr/local/libexec/milter-bcc < /dev/null
	root_link ../init.d/milter-bcc /etc/rc3.d/S87milter-bcc
	for platform in debian redhat; do
		expect $platform <<'EOT'
milter-bcc installed on unix:/var/run/milter/milter-bcc.socket place=9 extra=0 conditions=NONE
EOT
	done
	root_file /etc/mail/milter-bcc.cf <<'EOT'
# options
verbose=info
Milter-Socket="inet:8890@localhost"
EOT
	expect redhat <<'EOT'
milter-bcc installed on inet:8890@localhost place=9 extra=0 conditions=NONE
EOT
	sed 's,^PROGRAM=,&,;s,^PACKAGE_NAME=,OPTIONS="+daemon milter-socket=unix:/run/bcc"\n&,' \
	    root/etc/init.d/milter-bcc > new
	root_script /etc/init.d/milter-bcc < new
	expect redhat <<'EOT'
milter-bcc installed on unix:/run/bcc place=9 extra=0 conditions=NONE
EOT
}

ports_case openbsd "what the rarer packages of OpenBSD start"
openbsd_body()
{

	root_script /etc/rc.d/mail_milter_authentication <<'EOT'
#!/bin/ksh

daemon="/usr/local/bin/authentication_milter"
daemon_flags="-d"

. /etc/rc.d/rc.subr

pexp="perl: authentication_milter:master"
rc_reload=NO

rc_cmd $1
EOT
	root_script /etc/rc.d/milter_spamd <<'EOT'
#!/bin/ksh

daemon="/usr/local/libexec/milter-spamd"

. /etc/rc.d/rc.subr

rc_reload=NO

rc_cmd $1
EOT
	root_file /etc/authentication_milter.json <<'EOT'
{
    "connection" : "inet:12345@localhost"
}
EOT
	echo 'pkg_scripts=mail_milter_authentication milter_spamd' |
	    root_file /etc/rc.conf.local
	expect openbsd <<'EOT'
mail_milter_authentication installed on inet:12345@localhost place=2 extra=0 conditions=NONE
milter_spamd installed on unix:/var/spool/milter-spamd/sock place=8 extra=0 conditions=NONE
EOT
}

atf_init_test_cases()
{

	for c in freebsd changed snert openbsd; do
		atf_add_test_case $c
	done
}
