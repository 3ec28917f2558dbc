#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_sysv.sh - milters that a script of init.d starts: Debian's, which
# have no unit, and Red Hat's old ones.

. "$(atf_get_srcdir)/h_detect.sh"

# sysv_case NAME DESCRIPTION: the body is the function NAME_body.
sysv_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
}

# turn_on NAME: as update-rc.d and chkconfig do.
turn_on()
{

	for e_level in 2 3 4 5; do
		root_link "../init.d/$1" "/etc/rc$e_level.d/S01$1"
	done
}

# what NAME: from "on" or "off" to the socket, and the problem.
what()
{

	detect "${platform:-debian}" > /dev/null || atf_fail "detect"
	sed -n "s/^$1 installed \([a-z]* [^ ]*\) place=.*conditions=[^ ]*/\1/p" \
	    detect.out
}

# is NAME EXPECTED
is()
{

	i_got=$(what "$1")
	[ "$i_got" = "$2" ] || atf_fail "$1: '$i_got', not '$2'"
}

# Its script chooses a socket by the MTA that is there.
spamass()
{

	root_script /usr/sbin/spamass-milter < /dev/null
	root_script /etc/init.d/spamass-milter <<-'EOT'
	#!/bin/sh
	### BEGIN INIT INFO
	# Provides:          spamass-milter
	# Default-Start:     2 3 4 5
	# Short-Description: has SpamAssassin look
	# Description:       Asks SpamAssassin of each
	#                    message.
	### END INIT INFO

	PATH=/sbin:/bin:/usr/sbin:/usr/bin
	NAME=spamass-milter
	DAEMON=/usr/sbin/spamass-milter
	SOCKET=/var/run/spamass/spamass.sock
	PIDFILE=/var/run/spamass/spamass.pid
	DESC="the milter of SpamAssassin"
	DEFAULT=/etc/default/spamass-milter
	OPTIONS=""
	RUNAS="spamass-milter"
	CHUID=""

	test -x $DAEMON || exit 0

	if [ -e /etc/mail/sendmail.cf ] && egrep -q X /etc/mail/sendmail.cf
	then
	    SOCKET=/var/run/sendmail/spamass.sock
	    RUNAS=""
	fi;
	if [ -x /usr/sbin/postfix ]; then
	    SOCKET="/var/spool/postfix/spamass/spamass.sock"
	fi;
	if [ -r $DEFAULT ]; then
	    . $DEFAULT;
	fi;
	if [ -n "$RUNAS" ]; then
	    CHUID="--chuid $RUNAS";
	fi;
	set -e

	start() {
	    if [ -e $PIDFILE ] && kill -0 $(cat $PIDFILE); then
	        echo "$NAME is already running";
	        exit 1;
	    fi;
	    for DIR in "$(dirname $PIDFILE)" "$(dirname $SOCKET)"; do
	        if [ "$DIR" != "." ] && [ ! -d "$DIR" ]; then
	            mkdir -p "$DIR";
	        fi;
	    done;
	    start-stop-daemon --start -p $PIDFILE $CHUID --exec $DAEMON -- \
		-P $PIDFILE -f -p $SOCKET $OPTIONS
	    sleep 1
	}

	case "$1" in
	  start)
		echo -n "Starting $DESC: "
		start
		echo "${NAME}"
		;;
	  stop)
		start-stop-daemon --stop -p $PIDFILE
		;;
	  *)
		echo "Usage: $0 {start|stop}" >&2
		exit 1
		;;
	esac
	exit 0
	EOT
	root_file /etc/default/spamass-milter <<-'EOT'
	OPTIONS="-u spamass-milter -i 127.0.0.1"
	# SOCKET="/var/spool/postfix/spamass/spamass.sock"
	EOT
	turn_on spamass-milter
}

sysv_case debian "what Debian's packages without a unit have"
debian_body()
{

	spamass
	root_script /usr/sbin/amavisd-milter < /dev/null
	root_script /etc/init.d/amavisd-milter <<-'EOT'
	#!/bin/sh
	DAEMON=/usr/sbin/amavisd-milter
	NAME=amavisd-milter
	DESC="the milter of amavisd"
	OPTIONS=""
	[ -x "$DAEMON" ] || exit 0
	[ -r "/etc/default/$NAME" ] && . "/etc/default/$NAME"
	[ -n "$SYSTEMUSER" ] || SYSTEMUSER=amavis
	if [ -z "$PIDFILE" ]; then
	  PIDFILE="/var/run/amavis/$NAME.pid"
	else
	  OPTIONS="$OPTIONS -p $PIDFILE"
	fi
	PIDDIR="$(dirname "$PIDFILE")"
	if [ ! -e "$PIDDIR" ]; then
	  mkdir "$PIDDIR"
	fi
	chown "$SYSTEMUSER":"$(id "$SYSTEMUSER" -g -n)" "$PIDDIR"
	if [ -z "$MILTERSOCKET" ]; then
	  MILTERSOCKETTYPE=pipe
	  MILTERSOCKET="/var/lib/amavis/amavisd-milter.sock"
	else
	  OPTIONS="$OPTIONS -s $MILTERSOCKET"
	  if [ "$(echo $MILTERSOCKET | grep ^inet)" ]; then
	    MILTERSOCKETTYPE=tcp
	  else
	    MILTERSOCKETTYPE=pipe
	  fi
	fi
	START="--start --quiet --chuid $SYSTEMUSER --pidfile $PIDFILE --startas $DAEMON --name $NAME -- $OPTIONS"
	. /lib/lsb/init-functions
	case "$1" in
	  start)
		log_daemon_msg "Starting $DESC" "$NAME"
		start-stop-daemon $START
		;;
	  stop)
		start-stop-daemon --stop --name $NAME
		;;
	esac
	exit 0
	EOT
	root_file /etc/default/amavisd-milter <<-'EOT'
	#MILTERSOCKET=inet:60001@127.0.0.1
	EOT
	turn_on amavisd-milter
	root_script /usr/sbin/clamav-milter < /dev/null
	root_script /etc/init.d/clamav-milter <<-'EOT'
	#!/bin/sh
	DAEMON=/usr/sbin/clamav-milter
	NAME=clamav-milter
	CLAMAVCONF=/etc/clamav/clamav-milter.conf
	[ -x "$DAEMON" ] || exit 0
	slurp_config()
	{
	  for variable in `egrep -v '^#' "$1" | awk '{print $1}'`; do
	    value=`grep "^$variable" $1 | awk '{print $2}'`
	    export "$variable"="$value"
	    unset value
	  done
	}
	. /lib/lsb/init-functions
	if [ ! -f "$CLAMAVCONF" ]; then
	  log_failure_msg "no configuration"
	  exit 6;
	fi
	slurp_config "$CLAMAVCONF"
	[ -n "$User" ] || User=clamav
	case "$1" in
	  start)
	  if [ -z "$RUN_SUPERVISED" ] ; then
	    start-stop-daemon --start --oknodo --exec $DAEMON --quiet -- \
		--config-file=$CLAMAVCONF
	  fi
	  ;;
	esac
	exit 0
	EOT
	root_file /etc/clamav/clamav-milter.conf <<-'EOT'
	MilterSocket /var/run/clamav/clamav-milter.ctl
	User clamav
	EOT
	turn_on clamav-milter
	expect debian <<-'EOT'
	clamav-milter installed on unix:/var/run/clamav/clamav-milter.ctl place=6 extra=0 conditions=NONE
	spamass-milter installed on unix:/var/run/spamass/spamass.sock place=7 extra=0 conditions=SPAM
	amavisd-milter installed on unix:/var/lib/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE
	EOT
	detect debian -l | sed -n '/^spamass/,/^amavisd/p' > out
	grep -q '	script /etc/init.d/spamass-milter' out &&
	grep -q '	enabled /etc/rc2.d/S01spamass-milter:0 a link' out &&
	grep -q '	description /etc/init.d/spamass-milter:5 has Spam' out &&
	grep -q '	command /etc/init.d/spamass-milter \[start\]' out ||
	    { cat out; atf_fail "not all is said of spamass-milter"; }
}

sysv_case defaults "what is changed in /etc/default is what the script makes of it"
defaults_body()
{

	spamass
	is spamass-milter 'on unix:/var/run/spamass/spamass.sock'
	# Postfix is there, chrooted.
	root_script /usr/sbin/postfix < /dev/null
	is spamass-milter 'on unix:/var/spool/postfix/spamass/spamass.sock'
	printf 'SOCKET="inet:7357@localhost"\r\n' |
	    root_append /etc/default/spamass-milter
	sed -i 's/\r//' ./root/etc/default/spamass-milter
	is spamass-milter 'on inet:7357@localhost'
	root_append /etc/default/spamass-milter <<-'EOT'
	RUN=/srv/run
	SOCKET=${RUN}/"x".sock
	EOT
	is spamass-milter 'on unix:/srv/run/x.sock'
	root_append /etc/default/spamass-milter <<-'EOT'
	SOCKET=$RUN/$(hostname).sock
	EOT
	what spamass-milter |
	    grep -q '^on - problem=.*not known: ' ||
	    atf_fail "guessed: $(what spamass-milter)"
	# Options of the daemon count, too: the last one.
	printf 'OPTIONS="-p /run/last.sock"\nSOCKET=/run/first.sock\n' |
	    root_file /etc/default/spamass-milter
	is spamass-milter 'on unix:/run/last.sock'
	root_remove /etc/default/spamass-milter
	is spamass-milter 'on unix:/var/spool/postfix/spamass/spamass.sock'
}

sysv_case off "one that is switched off is not used"
off_body()
{

	spamass
	echo ENABLED=0 | root_append /etc/default/spamass-milter
	is spamass-milter 'off unix:/var/run/spamass/spamass.sock'
	detect debian -l |
	    grep -q '	enabled /etc/default/spamass-milter:3 ENABLED' ||
	    atf_fail "not why"
	echo ENABLED=1 | root_append /etc/default/spamass-milter
	is spamass-milter 'on unix:/var/run/spamass/spamass.sock'
	echo 'ENABLED=$(cat /etc/x)' | root_append /etc/default/spamass-milter
	is spamass-milter 'maybe unix:/var/run/spamass/spamass.sock'
	rm ./root/etc/default/spamass-milter
	# As update-rc.d NAME disable leaves it.
	for level in 2 3 4 5; do
		mv ./root/etc/rc$level.d/S01spamass-milter \
		    ./root/etc/rc$level.d/K01spamass-milter
	done
	root_link ../init.d/spamass-milter /etc/rc0.d/S01spamass-milter
	is spamass-milter 'off unix:/var/run/spamass/spamass.sock'
	turn_on spamass-milter
	is spamass-milter 'on unix:/var/run/spamass/spamass.sock'
	# systemd would start the script, too.
	root_link /dev/null /etc/systemd/system/spamass-milter.service
	is spamass-milter 'off unix:/var/run/spamass/spamass.sock'
}

sysv_case unit "a unit comes before a script of its name where systemd is"
unit_body()
{

	spamass
	root_file /usr/lib/systemd/system/spamass-milter.service <<-'EOT'
	[Service]
	ExecStart=/usr/sbin/spamass-milter -p /run/unit.sock
	EOT
	# It may be that another init is there, which does not know units.
	is spamass-milter 'on unix:/var/run/spamass/spamass.sock'
	root_script /usr/lib/systemd/systemd < /dev/null
	is spamass-milter 'off unix:/run/unit.sock'
	root_remove /usr/lib/systemd/systemd
	root_link /usr/lib/systemd/system/spamass-milter.service \
	    /etc/systemd/system/multi-user.target.wants/spamass-milter.service
	is spamass-milter 'on unix:/run/unit.sock'
}

sysv_case redhat "what Red Hat's old packages have"
redhat_body()
{

	platform=redhat
	root_script /etc/rc.d/init.d/functions <<-'EOT'
	daemon() {
		local gotbase= nice= user=
		while [ "$1" != "${1##[-+]}" ]; do
			shift
		done
		$nice runuser -s /bin/bash - $user -c "$*"
	}
	EOT
	root_link rc.d/init.d /etc/init.d
	root_script /etc/rc.d/init.d/milter-greylist <<-'EOT'
	#!/bin/bash
	#
	# chkconfig: - 79 21
	# description: keeps strangers waiting
	# config: /etc/mail/greylist.conf
	. /etc/init.d/functions
	OPTIONS=
	[ -f /etc/sysconfig/milter-greylist ] &&
	    . /etc/sysconfig/milter-greylist
	start() {
		echo -n $"Starting: "
		daemon --user=grmilter /usr/sbin/milter-greylist $OPTIONS
		RETVAL=$?
		[ $RETVAL -eq 0 ] && touch /var/lock/subsys/milter-greylist
	}
	case "$1" in
	start)	start ;;
	esac
	exit $RETVAL
	EOT
	root_file /etc/sysconfig/milter-greylist <<-'EOT'
	OPTIONS="-P /run/g.pid -p /run/g.sock"
	EOT
	for level in 2 3 4 5; do
		root_link ../init.d/milter-greylist \
		    /etc/rc.d/rc$level.d/S79milter-greylist
		root_link rc.d/rc$level.d /etc/rc$level.d
	done
	expect redhat <<-'EOT'
	milter-greylist installed on unix:/run/g.sock place=0 extra=0 conditions=GREY
	EOT
	detect redhat -l | grep -q '	description .*:4 keeps strangers waiting' ||
	    atf_fail "its description"
	root_script /etc/rc.d/init.d/enma <<-'EOT'
	#!/bin/bash
	# chkconfig: 345 99 0
	# description: a milter of SPF
	. /etc/init.d/functions
	RETVAL=0
	ENMA=/usr/bin/enma
	CONF_FILE=/etc/enma.conf
	function start()
	{
	    echo -n $"Starting: "
	    ${ENMA} -c ${CONF_FILE} && success || failure
	    RETVAL=$?
	    [ ${RETVAL} -eq 0 ] && touch /var/lock/subsys/enma
	    echo
	}
	case "$1" in
	    start)
	        start
	        ;;
	esac
	exit ${RETVAL}
	EOT
	root_file /etc/enma.conf <<-'EOT'
	## Milter ##
	milter.socket:  inet:10025@127.0.0.1
	milter.user:    daemon
	EOT
	root_link ../init.d/enma /etc/rc.d/rc3.d/S99enma
	detect redhat | grep -F 'enma installed on inet:10025@[127.0.0.1] ' ||
	    atf_fail "enma"
	rm -rf root/etc/rc.d/init.d/enma root/etc/rc.d/rc3.d/S99enma
	# A script that says it in a variable only.
	root_script /etc/rc.d/init.d/spamass-milter <<-'EOT'
	#!/bin/bash
	prog=spamass-milter
	SOCKET=/var/run/spamass.sock
	[ -f /etc/sysconfig/$prog ] && . /etc/sysconfig/$prog
	case $1 in
	start)	initlog -c "$prog -p $SOCKET" ;;
	esac
	EOT
	is spamass-milter 'off unix:/var/run/spamass.sock'
	echo 'SOCKET="inet:11120@[127.0.0.1]"' |
	    root_file /etc/sysconfig/spamass-milter
	is spamass-milter 'off inet:11120@[127.0.0.1]'
}

sysv_case faults "a fault of a file is one line of its milter"
faults_body()
{

	spamass
	root_script /etc/init.d/vrfydmn <<-'EOT'
	DAEMON=/usr/sbin/vrfydmn
	DAEMON_OPTS="-s /run/v.sock"
	EOT
	turn_on vrfydmn
	is vrfydmn 'on unix:/run/v.sock'
	head -c 5000000 /dev/zero | tr '\0' x |
	    root_script /etc/init.d/spamass-milter
	is spamass-milter 'on - problem=/etc/init.d/spamass-milter: larger than 1 MiB'
	is vrfydmn 'on unix:/run/v.sock'
	root_link spamass-milter /etc/init.d/spamass-milter
	what spamass-milter |
	    grep -q '^on - problem=/etc/init.d/spamass-milter: ' ||
	    atf_fail "a circle: $(what spamass-milter)"
	rm ./root/etc/init.d/spamass-milter
	mkfifo ./root/fifo
	root_link /fifo /etc/init.d/spamass-milter
	is spamass-milter 'on - problem=/etc/init.d/spamass-milter: a FIFO'
	rm ./root/etc/init.d/spamass-milter
	printf 'case $1 in\nstart) if true; then\n' |
	    root_script /etc/init.d/spamass-milter
	what spamass-milter |
	    grep -q '^on - problem=/etc/init.d/spamass-milter:[0-9]*: ' ||
	    atf_fail "it ends early: $(what spamass-milter)"
	spamass
	head -c 5000000 /dev/zero | tr '\0' x |
	    root_file /etc/default/spamass-milter
	what spamass-milter |
	    grep -q 'problem=/etc/default/spamass-milter: larger than' ||
	    atf_fail "its variables: $(what spamass-milter)"
	for seed in 1 2 3 4 5; do
		head -c 100000 /dev/urandom |
		    root_script /etc/init.d/spamass-milter
		what spamass-milter | grep -q '^on -' ||
		    atf_fail "garbage: $(what spamass-milter)"
		is vrfydmn 'on unix:/run/v.sock'
	done
	# Nothing is run.
	root_script /etc/init.d/spamass-milter <<-EOT
	touch $PWD/touched
	\$(touch $PWD/touched)
	echo > $PWD/touched
	EOT
	what spamass-milter > /dev/null
	! [ -e touched ] || atf_fail "something was run"
}

atf_init_test_cases()
{

	for c in debian defaults off unit redhat faults; do
		atf_add_test_case $c
	done
}
