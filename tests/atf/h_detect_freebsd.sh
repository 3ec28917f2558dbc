#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_detect_freebsd.sh - start scripts with the variables and the forms that
# those of FreeBSD's ports have (which are DragonFly's, too).
# Owns:      what is below ./root/usr/local/etc/rc.d.
# Called by: t_detect_freebsd*.sh, sourced behind h_detect.sh.
# Must not:  set what an administrator would set.
#
#	port NAME...	the packages with these scripts are installed
#	ports		all of them

rcd=/usr/local/etc/rc.d

# Defaults behind load_rc_config, with "-"; the flags are on two lines.
port_milter_greylist()
{

	root_script $rcd/milter-greylist <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="miltergreylist"
rcvar=miltergreylist_enable
command="/usr/local/libexec/milter-greylist"

load_rc_config $name

miltergreylist_enable=${miltergreylist_enable-"NO"}
miltergreylist_runas=${miltergreylist_runas-"mailnull:mailnull"}
miltergreylist_pidfile=${miltergreylist_pidfile-"/var/run/milter-greylist.pid"}
miltergreylist_sockfile=${miltergreylist_sockfile-"/var/milter-greylist/milter-greylist.sock"}
miltergreylist_cfgfile=${miltergreylist_cfgfile-"/usr/local/etc/mail/greylist.conf"}
miltergreylist_flags=${miltergreylist_flags-"-P $miltergreylist_pidfile \
-f $miltergreylist_cfgfile -p $miltergreylist_sockfile -u $miltergreylist_runas"}
run_rc_command "$1"
EOT
	echo 'racl greylist default' | root_file /usr/local/etc/mail/greylist.conf
}

# Before 0.95: the socket is an argument, put together in start_precmd.
port_clamav_milter_old()
{

	root_script $rcd/clamav-milter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=clamav_milter
rcvar=`set_rcvar`

command=/usr/local/sbin/clamav-milter
pidfile=/var/run/clamav/clamav-milter.pid
start_precmd=start_precmd

start_precmd()
{
	if [ -S "$clamav_milter_socket" ]; then
		warn "$clamav_milter_socket was left behind."
		rm "$clamav_milter_socket"
	fi
	rc_flags="--pidfile ${pidfile} ${flags:-$clamav_milter_flags} $clamav_milter_socket"

	if checkyesno clamav_clamd_enable && [ "x$clamav_clamd_socket" != "x" ]; then
		i=${clamav_milter_socktimeout}
		while [ $i -ne 0 ]
		do
			[ -S "$clamav_clamd_socket" ] && break
			[ `expr $i % 10` -eq 0 ] && echo -n "${i}.. "
			i=$(($i-1))
		done
		if [ $i -eq 0 ]; then
			exit 1
		fi
	fi
}

load_rc_config $name
: ${clamav_milter_enable="NO"}
: ${clamav_milter_socket="/var/run/clamav/clmilter.sock"}
: ${clamav_milter_flags="--local --outgoing --max-children=50"}
: ${clamav_milter_socktimeout="60"}
: ${clamav_clamd_socket="/var/run/clamav/clamd.sock"}
: ${clamav_clamd_enable="NO"}
run_rc_command "$1"
EOT
}

# As it is now: another name, and the socket is in its own file.
port_clamav_milter()
{

	root_script $rcd/clamav_milter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=clamav_milter
rcvar=clamav_milter_enable

: ${clamav_milter_svcj_options:="net_basic"}

load_rc_config $name

: ${clamav_milter_enable:=NO}
: ${clamav_milter_socket="/var/run/clamav/clmilter.sock"}
: ${clamav_milter_conf="/usr/local/etc/clamav-milter.conf"}
: ${clamav_milter_flags="-c ${clamav_milter_conf}"}
: ${clamav_clamd_enable:=NO}
: ${clamav_clamd_socket="/var/run/clamav/clamd.sock"}

command=/usr/local/sbin/clamav-milter
required_files=${clamav_milter_conf}
start_precmd=start_precmd

start_precmd()
{
	if [ -S "$clamav_milter_socket" ]; then
		rm "$clamav_milter_socket"
	fi
	rc_flags="${flags:-$clamav_milter_flags}"
	before=${clamav_clamd_socket%:*}
	before=${before%6}
	if checkyesno clamav_clamd_enable && [ "x$clamav_clamd_socket" != "x" -a "${before}" != "inet" ]; then
		i=60
		while [ $i -ne 0 ]; do
			i=$(($i-1))
		done
	fi
}
run_rc_command "$1"
EOT
	root_file /usr/local/etc/clamav-milter.conf <<'EOT'
MilterSocket /var/run/clamav/clmilter.sock
ClamdSocket unix:/var/run/clamav/clamd.sock
EOT
}

# script_profiles NAME COMMAND SCRIPT FILE: one that can start several.
script_profiles()
{

	sed -e "s,NAME,$1,g" -e "s,COMMAND,$2,g" -e "s,SCRIPT,$3,g" \
	    -e "s,FILE,$4,g" <<'EOT' | root_script "$rcd/$3"
#!/bin/sh
. /etc/rc.subr
name="NAME"
rcvar=NAME_enable

start_precmd="prepare"
command="COMMAND"
_piddir="/var/run/NAME"
pidfile="${_piddir}/pid"

load_rc_config $name

: ${NAME_enable="NO"}
: ${NAME_uid="mailnull"}
: ${NAME_gid="mailnull"}
: ${NAME_cfgfile="FILE"}

arguments()
{
	if [ -f "${NAME_cfgfile}" ];then
		NAME_cfgfile="-x ${NAME_cfgfile}"
	else
		NAME_cfgfile=""
	fi
	if [ "x${NAME_socket}" != "x" ];then
		_socket_prefix="-p"
	fi
	if [ "x${NAME_uid}" != "x" ];then
		_uid_prefix="-u"
		if [ "x${NAME_gid}" != "x" ];then
			NAME_uid=${NAME_uid}:${NAME_gid}
		fi
	fi
	if [ "x${NAME_domain}" != "x" ];then
		NAME_domain="-d ${NAME_domain}"
	fi
	command_args="-l ${_socket_prefix} ${NAME_socket} ${_uid_prefix} ${NAME_uid} -P ${pidfile} ${NAME_cfgfile} ${NAME_domain}"
}

if [ -n "$2" ]; then
	profile="$2"
	if [ "x${NAME_profiles}" != "x" ]; then
		pidfile="${_piddir}/${profile}.pid"
		eval NAME_enable="\${NAME_${profile}_enable:-${NAME_enable}}"
		eval NAME_socket="\${NAME_${profile}_socket:-}"
		if [ "x${NAME_socket}" = "x" ];then
			echo "There must be a NAME_${profile}_socket"
			exit 1
		fi
		eval NAME_cfgfile="\${NAME_${profile}_cfgfile:-${NAME_cfgfile}}"
		eval NAME_domain="\${NAME_${profile}_domain:-${NAME_domain}}"
		eval NAME_flags="\${NAME_${profile}_flags:-${NAME_flags}}"
		arguments
	else
		echo "$0: one argument too many"
	fi
else
	if [ "x${NAME_profiles}" != "x" -a "x$1" != "x" ]; then
		if [ "x$1" != "xrestart" ]; then
			for profile in ${NAME_profiles}; do
				/usr/local/etc/rc.d/SCRIPT $1 ${profile}
				code="$?"
				if [ "0${code}" -ne 0 ]; then
					failed="${profile} (${code}) ${failed:-}"
				fi
			done
			exit 0
		else
			restart_precmd=""
		fi
	else
		arguments
	fi
fi

prepare ()
{
	if [ -S ${NAME_socket##local:} ] ; then
		rm -f ${NAME_socket##local:}
	elif [ -S ${NAME_socket##unix:} ] ; then
		rm -f ${NAME_socket##unix:}
	fi
	if [ ! -d ${_piddir} ] ; then
		mkdir -p ${_piddir}
	fi
}
run_rc_command "$1"
EOT
}

port_milter_opendkim()
{

	script_profiles milteropendkim /usr/local/sbin/opendkim \
	    milter-opendkim /usr/local/etc/mail/opendkim.conf
	root_file /usr/local/etc/mail/opendkim.conf <<'EOT'
Domain		example.com
Socket		inet:8891@localhost
EOT
}

port_milter_dkim()
{

	script_profiles milterdkim /usr/local/libexec/dkim-filter \
	    milter-dkim /usr/local/etc/mail/dkim-filter.conf
}

# Flags that expand variables only when they are used.
port_milter_dk()
{

	root_script $rcd/milter-dk <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="milterdk"
rcvar="milterdk_enable"
load_rc_config $name

milterdk_enable=${milterdk_enable:-"NO"}
milterdk_uid=${milterdk_uid:-"mailnull"}
milterdk_profiles=${milterdk_profiles:-}
milterdk_socket=${milterdk_socket:-"unix:/var/run/milterdk/filter"}
milterdk_domain=${milterdk_domain:-"example.com"}
milterdk_flags=${milterdk_flags:-'-d ${milterdk_domain} -c nofws -H'}
command="/usr/local/libexec/dk-filter"
command_args="-l -p ${milterdk_socket} -u ${milterdk_uid}"
run_rc_command "$1"
EOT
}

port_opendmarc()
{

	root_script $rcd/opendmarc <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="opendmarc"
rcvar=opendmarc_enable
command="/usr/local/sbin/opendmarc"

load_rc_config $name

opendmarc_enable=${opendmarc_enable-"NO"}
opendmarc_runas=${opendmarc_runas-"mailnull:mailnull"}
opendmarc_socketspec=${opendmarc_socketspec-"inet:8893@localhost"}
opendmarc_cfgfile=${opendmarc_cfgfile-"/usr/local/etc/mail/opendmarc.conf"}
opendmarc_flags=${opendmarc_flags-"-l \
 -c $opendmarc_cfgfile -p $opendmarc_socketspec -u $opendmarc_runas"}
run_rc_command "$1"
EOT
	root_file /usr/local/etc/mail/opendmarc.conf < /dev/null
}

port_spamass_milter()
{

	root_script $rcd/spamass-milter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=spamass_milter
rcvar=`set_rcvar`

command=/usr/local/sbin/spamass-milter

load_rc_config $name
: ${spamass_milter_enable="NO"}
: ${spamass_milter_socket="/var/run/spamass-milter.sock"}
: ${spamass_milter_flags="-f -p ${spamass_milter_socket} ${spamass_milter_localflags}"}
run_rc_command "$1"
EOT
}

port_amavisd_milter()
{

	root_script $rcd/amavisd-milter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="amavisd_milter"
rcvar=amavisd_milter_enable

load_rc_config $name

: ${amavisd_milter_enable:="NO"}
: ${amavisd_milter_user="vscan"}
: ${amavisd_milter_socket:="/var/amavis/amavisd-milter.sock"}
: ${amavisd_am_pdp_socket:="/var/amavis/amavisd.sock"}

pidfile="${amavisd_milter_pidfile:-/var/amavis/amavisd-milter.pid}"
command="/usr/local/sbin/amavisd-milter"
command_args="-p ${pidfile} -s ${amavisd_milter_socket} -S ${amavisd_am_pdp_socket}"
run_rc_command "$1"
EOT
}

port_amavis_milter()
{

	root_script $rcd/amavis-milter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=amavis_milter
rcvar=amavis_milter_enable

load_rc_config $name

: ${amavis_milter_enable:=NO}
: ${amavis_milter_flags=-D -p /var/amavis/amavis-milter.sock}
: ${amavis_milter_user=vscan}

command=/usr/local/sbin/amavis-milter
run_rc_command $1
EOT
}

port_rspamd()
{

	root_script $rcd/rspamd <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=rspamd
rcvar=rspamd_enable

load_rc_config $name

: ${rspamd_enable:="NO"}
: ${rspamd_worker_user="rspamd"}
: ${rspamd_worker_group="rspamd"}
: ${rspamd_flags="-c /usr/local/etc/rspamd/rspamd.conf"}

pidfile=${rspamd_pidfile:-"/var/run/rspamd/rspamd.pid"}
command=/usr/local/bin/rspamd
command_args="-u ${rspamd_worker_user} -g ${rspamd_worker_group}"
run_rc_command "$1"
EOT
	root_file /usr/local/etc/rspamd/rspamd.conf <<'EOT'
worker "rspamd_proxy" {
    bind_socket = "127.0.0.1:11332";
    milter = yes;
}
EOT
}

port_mailfromd()
{

	root_script $rcd/mailfromd <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="mailfromd"
rcvar=mailfromd_enable
command="/usr/local/sbin/${name}"

load_rc_config ${name}

: ${mailfromd_enable="NO"}
: ${mailfromd_flags}
: ${mailfromd_runpath="/var/run/mailfromd"}
pidfile="${mailfromd_runpath}/${name}.pid"
run_rc_command "$1"
EOT
}

# It was made for others: rc.subr is only one of its ways.
port_mimedefang()
{

	root_script /usr/local/bin/mimedefang < /dev/null
	root_script $rcd/mimedefang <<'EOT'
#!/bin/sh
prog='mimedefang'
SPOOLDIR='/var/spool/MIMEDefang'
PID="/var/run/$prog.pid"

if [ -x /usr/local/bin/$prog ] ; then
    PROGDIR=/usr/local/bin
else
    exit 0
fi

# SOCKET=$SPOOLDIR/mimedefang.sock
MX_USER=mailnull

if [ -r /etc/rc.subr ]
then
    . /etc/rc.subr

    name=$prog
    rcvar=${prog}_enable
    # not enabled unless rc.conf says so
    eval $rcvar=\${$rcvar:-NO}

    pidfile=$PID
    command=$PROGDIR/$prog
    procname=$PROGDIR/$prog-multiplexor
    start_cmd="start_it"
fi

SOCKET=${SOCKET:=$SPOOLDIR/$prog.sock}
MX_SOCKET=${MX_SOCKET:=$SPOOLDIR/$prog-multiplexor.sock}

start_it() {
    if test -r $PID ; then
	if kill -0 `cat $PID` > /dev/null 2>&1 ; then
	    return 1
	fi
    fi
    rm -f $SOCKET > /dev/null 2>&1
    $PROGDIR/$prog -P $PID -m $MX_SOCKET \
	`[ -n "$MX_USER" ] && echo "-U $MX_USER"` \
	-p $SOCKET
    RETVAL=$?
    return 0
}

if type run_rc_command > /dev/null 2>&1
then
    load_rc_config $name
    run_rc_command "$1"
else
    case "$1" in
    start)
	start_it
	;;
    esac
fi
EOT
	root_file /etc/rc.subr < /dev/null
}

# Its default is before load_rc_config, and it has no socket.
port_milterregex()
{

	root_script $rcd/milterregex <<'EOT'
#!/bin/sh
spooldir=/var/spool/milter-regex

[ -z "$milterregex_enable" ] && milterregex_enable="NO"	# Enable it

. /etc/rc.subr
name="milterregex"
rcvar="milterregex_enable"
command="/usr/local/libexec/milter-regex"
pidfile="${spooldir}/milter-regex.pid"
required_files="/usr/local/etc/milter-regex.conf"
start_precmd="milterregex_prestart"

milterregex_prestart() {
	if test ! -d "${spooldir}"
	then
		mkdir -m 700 -p "${spooldir}"
	fi
}

load_rc_config $name
run_rc_command "$1"
EOT
}

port_milter_enma()
{

	root_script $rcd/milter-enma <<'EOT'
#!/bin/sh
milterenma_enable=${milterenma_enable:-"NO"}
milterenma_cfgfile=${milterenma_cfgfile:-"/usr/local/etc/enma.conf"}
milterenma_pid=${milterenma_pid:-"/var/run/milterenma/enma.pid"}
milterenma_uid=${milterenma_uid:-"mailnull"}

. /etc/rc.subr
name="milterenma"
rcvar=`set_rcvar`

load_rc_config $name

pidfile=${milterenma_pid}
required_files=${milterenma_cfgfile}
command="/usr/local/libexec/enma"
command_args="-c ${milterenma_cfgfile}"
_piddir=$(dirname ${pidfile})
run_rc_command "$1"
EOT
	root_file /usr/local/etc/enma.conf <<'EOT'
milter.socket:   inet:10025@127.0.0.1
EOT
}

port_miltersid()
{

	root_script $rcd/miltersid <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="miltersid"
desc="Sender ID of mail"
rcvar="miltersid_enable"
load_rc_config $name

: ${miltersid_enable:="NO"}
: ${miltersid_socket:="local:/var/run/sid-filter"}
: ${miltersid_pid:="/var/run/sid-filter.pid"}
: ${miltersid_flags:="-r 0 -t"}
pidfile=${miltersid_pid}
command="/usr/local/libexec/sid-filter"
command_args="-l -p ${miltersid_socket} -P ${miltersid_pid}"
run_rc_command "$1"
EOT
}

# The socket is an argument, put behind whatever flags there are.
port_spfmilter()
{

	root_script $rcd/spfmilter <<'EOT'
#!/bin/sh
. /etc/rc.subr
name='spfmilter'
rcvar='spfmilter_enable'

load_rc_config "$name"

spfmilter_enable="${spfmilter_enable:-NO}"
spfmilter_program="${spfmilter_program:-/usr/local/libexec/spfmilter}"
spfmilter_socket="${spfmilter_socket:-/var/run/spfmilter.sock}"
spfmilter_runas="${spfmilter_runas:-nobody}"
spfmilter_flags="${spfmilter_flags} -u ${spfmilter_runas} ${spfmilter_socket}"

command="$spfmilter_program"
run_rc_command "$1"
EOT
}

# script_python NAME SCRIPT FILE: daemon(8) starts it.
script_python()
{

	sed -e "s,NAME,$1,g" -e "s,SCRIPT,$2,g" -e "s,FILE,$3,g" \
	    <<'EOT' | root_script "$rcd/$2"
#!/bin/sh
. /etc/rc.subr
name=NAME
rcvar=NAME_enable

load_rc_config $name

: ${NAME_enable:=NO}
: ${NAME_conffile:=FILE}

command=/usr/sbin/daemon
command_interpreter=/usr/local/bin/python3.11
procname=/usr/local/bin/SCRIPT
command_args="-c -f ${procname} ${NAME_conffile}"
required_files=${NAME_conffile}
run_rc_command "$1"
EOT
}

port_pyspf_milter()
{

	script_python pyspf_milter pyspf-milter \
	    /usr/local/etc/python-policyd-spf/policyd-spf.conf
	root_file /usr/local/etc/python-policyd-spf/policyd-spf.conf <<'EOT'
#Socket = local:/var/run/pyspf-milter/pyspf-milter.sock
Socket = inet:8894@localhost
EOT
}

port_dkimpy_milter()
{

	script_python dkimpy_milter dkimpy-milter \
	    /usr/local/etc/dkimpy-milter/dkimpy-milter.conf
	root_file /usr/local/etc/dkimpy-milter/dkimpy-milter.conf <<'EOT'
Socket local:/var/run/dkimpy-milter/dkimpy-milter.sock
EOT
}

# Its arguments are known only to hostname(1).
port_postsrsd()
{

	root_script $rcd/postsrsd <<'EOT'
#!/bin/sh
. /etc/rc.subr
name="postsrsd"
rcvar=postsrsd_enable
command="/usr/local/sbin/postsrsd"

load_rc_config $name

: ${postsrsd_enable="NO"}
: ${postsrsd_domain=`/bin/hostname`}
: ${postsrsd_uid="mailnull"}

[ -n "${postsrsd_uid}" ] && _uid_prefix="-u"
[ -n "${postsrsd_domain}" ] && cmd_args="-d ${postsrsd_domain}"
command_args=" -D ${_uid_prefix} ${postsrsd_uid} ${cmd_args} ${postsrsd_flags}"
unset pidfile
run_rc_command "$1"
EOT
	root_file /usr/local/etc/postsrsd.conf <<'EOT'
domains = { "example.com" }
milter = unix:/var/run/postsrsd/milter
EOT
}

# No row has it: it is found by its name.
port_milter_bogom()
{

	root_script $rcd/milter-bogom <<'EOT'
#!/bin/sh
. /etc/rc.subr
name=milterbogom
rcvar=milterbogom_enable
command=/usr/local/sbin/bogom

load_rc_config $name

milterbogom_enable=${milterbogom_enable-"NO"}
milterbogom_socket=${milterbogom_socket-"unix:/var/run/bogom/milter.sock"}
milterbogom_user=${milterbogom_user-"mailnull"}
milterbogom_flags=${milterbogom_flags-"-u ${milterbogom_user} \
-s ${milterbogom_socket}"}
run_rc_command "$1"
EOT
}

port()
{

	for p_name in "$@"; do
		"port_$(echo "$p_name" | tr - _)"
	done
}

ports()
{

	port milter-greylist clamav-milter milter-opendkim milter-dkim \
	    milter-dk opendmarc spamass-milter amavisd-milter amavis-milter \
	    rspamd mailfromd mimedefang milterregex milter-enma miltersid \
	    spfmilter pyspf-milter dkimpy-milter postsrsd milter-bogom
}
