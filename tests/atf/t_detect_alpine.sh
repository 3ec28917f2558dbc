#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_alpine.sh - milters that OpenRC starts.

. "$(atf_get_srcdir)/h_detect.sh"

# alpine_case NAME DESCRIPTION: the body is the function NAME_body.
alpine_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
}

turn_on()
{

	root_link "/etc/init.d/$1" "/etc/runlevels/default/$1"
}

# is NAME EXPECTED
is()
{

	detect alpine > /dev/null || atf_fail "detect alpine"
	i_got=$(sed -n "s/^$1 installed \([a-z]* [^ ]*\) place=.*conditions=[^ ]*/\1/p" \
	    detect.out)
	[ "$i_got" = "$2" ] || atf_fail "$1: '$i_got', not '$2'"
}

opendkim()
{

	root_script /etc/init.d/opendkim <<-'EOT'
	#!/sbin/openrc-run

	owner=opendkim
	pidfile=/run/opendkim/opendkim.pid
	cfgfile=/etc/opendkim/opendkim.conf
	command=/usr/sbin/opendkim
	command_args="$command_args -u $owner -P $pidfile"
	required_files="$cfgfile"

	depend() {
		need net
		before mta
	}

	start_pre() {
		checkpath -d -o $owner ${pidfile%/*}
	}
	EOT
	root_file /etc/opendkim/opendkim.conf <<-'EOT'
	Mode	sv
	Socket	inet:8891@localhost
	EOT
	turn_on opendkim
}

opendmarc()
{

	root_script /etc/init.d/opendmarc <<-'EOT'
	#!/sbin/openrc-run
	description="Domain policies & reports"

	: ${cfgfile:="/etc/opendmarc/$RC_SVCNAME.conf"}
	: ${command_user:="opendmarc:mail"}

	command="/usr/sbin/opendmarc"
	command_args="-f -c $cfgfile ${command_args:-}"
	pidfile="/run/opendmarc/$RC_SVCNAME.pid"

	start_pre() {
		checkpath -d -m 750 -o "$command_user" "${pidfile%/*}" || return 1
		$command -c "$cfgfile" -n
	}
	EOT
	root_file /etc/conf.d/opendmarc <<-'EOT'
	#cfgfile="/etc/opendmarc/$RC_SVCNAME.conf"
	supervisor=supervise-daemon
	EOT
	root_file /etc/opendmarc/opendmarc.conf <<-'EOT'
	Socket inet:8893@localhost
	EOT
	turn_on opendmarc
}

alpine_case packages "what the packages have, as they come"
packages_body()
{

	opendkim
	opendmarc
	root_script /etc/init.d/rspamd <<-'EOT'
	#!/sbin/openrc-run
	description="filters mail"

	: ${command_user:="${RSPAMD_USER:-rspamd}:${RSPAMD_GROUP:-rspamd}"}
	: ${cfgfile:=${RSPAMD_CONFIG:-/etc/rspamd/rspamd.conf}}
	: ${startuplog:=${RSPAMD_STARTUPLOG:-/dev/null}}

	command="/usr/sbin/rspamd"
	command_args="--config $cfgfile --no-fork ${command_args:-}"
	command_background="yes"

	start_pre() {
		checkpath -d -m 755 -o "$command_user" ${pidfile%/*}
		checkconfig >/dev/null 2>>"$startuplog" || checkconfig
	}
	checkconfig() {
		ebegin "Checking $name configuration"
		rspamadm configtest
		eend $?
	}
	EOT
	root_file /etc/rspamd/rspamd.conf <<-'EOT'
	worker "rspamd_proxy" {
		bind_socket = "localhost:11332";
		milter = yes;
	}
	EOT
	turn_on rspamd
	root_script /etc/init.d/amavisd-milter <<-'EOT'
	#!/sbin/openrc-run
	name=amavisd-milter
	command="/usr/sbin/$name"
	command_args="-B -w $workdir -s $socket_milter -S $socket_amavis -m $connections"
	start_post() {
		chmod 0770 "$socket_milter"
	}
	EOT
	root_file /etc/conf.d/amavisd-milter <<-'EOT'
	workdir="/var/amavis/tmp"
	socket_milter="/var/amavis/amavisd-milter.sock"
	socket_amavis="/var/amavis/amavisd.sock"
	connections=10
	EOT
	turn_on amavisd-milter
	# By the way of old ones, and of Gentoo.
	root_script /etc/init.d/milter-greylist <<-'EOT'
	#!/sbin/runscript
	command=/usr/bin/$SVCNAME
	pidfile=/var/run/$SVCNAME/$SVCNAME.pid
	EOT
	root_file /etc/mail/greylist.conf <<-'EOT'
	socket "/var/milter-greylist/milter-greylist.sock" 660
	EOT
	root_script /etc/init.d/spamass-milter <<-'EOT'
	#!/sbin/openrc-run
	piddir=${PIDFILE%/*}
	socketdir=${SOCKET%/*}
	checkconfig() {
		if [ ! -d ${piddir:=/var/run/milter} ]; then
			checkpath -q -d -o milter:milter ${piddir} || return 1
		fi
	}
	start() {
		checkconfig || return 1
		ebegin "Starting spamass-milter"
		start-stop-daemon --start --quiet --pidfile ${PIDFILE} \
			-u ${SOCKET_USER:-milter}:${SOCKET_GROUP:-milter} \
			--exec ${DAEMON} -- -P ${PIDFILE} -p ${SOCKET} -f ${OPTIONS}
		eend $? "Failed to start ${DAEMON}"
	}
	EOT
	root_file /etc/conf.d/spamass-milter <<-'EOT'
	DAEMON=/usr/sbin/spamass-milter
	SOCKET=/var/run/milter/spamass-milter.sock
	PIDFILE=/var/run/milter/spamass-milter.pid
	OPTIONS=""
	EOT
	turn_on spamass-milter
	root_script /etc/init.d/milter-regex <<-'EOT'
	#!/sbin/openrc-run
	command="/usr/bin/milter-regex"
	command_args="-c ${MR_CONF} -r ${pidfile} -u ${MR_USER} -p ${MR_SOCKET} -P ${MR_PERM}"
	EOT
	root_file /etc/conf.d/milter-regex <<-'EOT'
	MR_CONF="/etc/mail/milter-regex.conf"
	MR_USER=milter
	MR_SOCKET=/run/milter-regex/regex.sock
	MR_PERM=0660
	EOT
	turn_on milter-regex
	expect alpine <<-'EOT'
	milter-greylist installed off unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
	opendkim installed on inet:8891@localhost place=3 extra=0 conditions=NONE
	opendmarc installed on inet:8893@localhost place=4 extra=0 conditions=NONE
	milter-regex installed on unix:/run/milter-regex/regex.sock place=5 extra=0 conditions=SPAM
	spamass-milter installed on unix:/var/run/milter/spamass-milter.sock place=7 extra=0 conditions=SPAM
	amavisd-milter installed on unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE
	rspamd installed on inet:11332@localhost place=7 extra=0 conditions=SPAM
	EOT
	detect alpine -l | sed -n '/^opendmarc/,/^milter/p' > out
	grep -q '	script /etc/init.d/opendmarc' out &&
	grep -q '	enabled /etc/runlevels/default/opendmarc:0 a link' out &&
	grep -q '	description /etc/init.d/opendmarc:2 Domain policies & rep' out &&
	grep -q '	command /sbin/rc-service \[opendmarc\] \[start\]' out ||
	    { cat out; atf_fail "not all is said of opendmarc"; }
}

alpine_case postsrsd "PostSRSd is a milter when its file says so"
postsrsd_body()
{

	root_script /etc/init.d/postsrsd <<-'EOT'
	#!/sbin/openrc-run

	command="/usr/sbin/postsrsd"
	command_args="-D -p \"${pidfile}\" -u \"${RUN_AS-postsrsd}\""
	EOT
	root_file /etc/postsrsd/postsrsd.conf <<-'EOT'
	socketmap = inet:localhost:10003
	#milter = unix:/var/spool/postfix/srs_milter
	EOT
	turn_on postsrsd
	is postsrsd 'off -'
	echo 'milter = inet:*:9997' | root_append /etc/postsrsd/postsrsd.conf
	is postsrsd 'on inet:9997'
}

alpine_case changes "what administrators change"
changes_body()
{

	opendkim
	opendmarc
	echo 'command_args="-p local:/run/opendkim/own.sock"' |
	    root_file /etc/conf.d/opendkim
	is opendkim 'on unix:/run/opendkim/own.sock'
	echo 'cfgfile=/srv/dmarc.conf' | root_append /etc/conf.d/opendmarc
	echo 'Socket inet:1@localhost' | root_file /srv/dmarc.conf
	is opendmarc 'on inet:1@localhost'
	echo 'command_args="-p inet:2@localhost"' | root_file /etc/rc.conf
	is opendmarc 'on inet:2@localhost'
	root_remove /etc/rc.conf /etc/conf.d/opendkim
	# Any runlevel but that of the shutdown.
	root_remove /etc/runlevels/default/opendkim
	is opendkim 'off inet:8891@localhost'
	root_link /etc/init.d/opendkim /etc/runlevels/shutdown/opendkim
	is opendkim 'off inet:8891@localhost'
	root_link /etc/init.d/opendkim /etc/runlevels/mail/opendkim
	is opendkim 'on inet:8891@localhost'
}

alpine_case instances "a link to a script is another service of it"
instances_body()
{

	opendmarc
	root_link opendmarc /etc/init.d/opendmarc.two
	turn_on opendmarc.two
	echo 'Socket local:/run/two.sock' |
	    root_file /etc/opendmarc/opendmarc.two.conf
	is opendmarc 'on inet:8893@localhost'
	is opendmarc-two 'on unix:/run/two.sock'
	echo 'command_args="-p /run/own.sock"' |
	    root_file /etc/conf.d/opendmarc.two
	is opendmarc 'on inet:8893@localhost'
	is opendmarc-two 'on unix:/run/own.sock'
	detect alpine -l |
	    grep -q '	command /sbin/rc-service \[opendmarc.two\] \[start\]' ||
	    atf_fail "how it is started"
	# What an editor leaves is none.
	cp ./root/etc/init.d/opendmarc ./root/etc/init.d/opendmarc.bak
	detect alpine | grep -q bak && atf_fail "a copy is a service"
	:
}

alpine_case faults "a fault of a file is one line of its milter"
faults_body()
{

	opendkim
	opendmarc
	printf 'command_args="-p /run/x\n' | root_file /etc/conf.d/opendkim
	detect alpine |
	    grep -q '^opendkim .* problem=/etc/conf.d/opendkim:[0-9]*: ' ||
	    atf_fail "a quote that does not end: $(cat detect.out)"
	is opendmarc 'on inet:8893@localhost'
	rm ./root/etc/conf.d/opendkim
	root_link opendkim /etc/conf.d/opendkim
	detect alpine | grep -q '^opendkim .* problem=/etc/conf.d/opendkim: ' ||
	    atf_fail "a circle: $(cat detect.out)"
	rm ./root/etc/conf.d/opendkim
	printf 'command_args="-p /run/crlf.sock"\r\n' |
	    root_file /etc/conf.d/opendkim
	is opendkim 'on unix:/run/crlf.sock'
	for seed in 1 2 3; do
		head -c 100000 /dev/urandom | root_script /etc/init.d/opendkim
		is opendmarc 'on inet:8893@localhost'
	done
}

atf_init_test_cases()
{

	for c in packages changes postsrsd instances faults; do
		atf_add_test_case $c
	done
}
