#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_rcd.sh - the start scripts of rc.d/ and pkg/ with the real program, called
# by stand-ins of what calls them (h_rcd.sh): the BSDs' under each shell that
# is here, and the unit for systemd by what systemd itself says of it.

. "$(atf_get_srcdir)/h_session.sh"
. "$(atf_get_srcdir)/h_detect.sh"

# rcd_case NAME DESCRIPTION [VARIABLE=VALUE ...]: of the case's head.
rcd_case()
{

	atf_test_case "$1" cleanup
	rc_name=$1
	rc_head="atf_set descr \"$2\"; atf_set timeout 300;"
	shift 2
	for rc_set in "$@"; do
		rc_head="$rc_head atf_set ${rc_set%%=*} \"${rc_set#*=}\";"
	done
	eval "${rc_name}_head() { $rc_head }"
	eval "${rc_name}_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		[ ! -f top ] || top=\$(cat top)
		cat */run/*.pid */procd.pid run/*.pid \"\$top\"/*/run/*.pid \
		    > pids 2>/dev/null
		stop_all
		rm -rf \"\$top\"
	}"
}

# The tree's folder with rc.d/ and pkg/, which is somewhere above the test.
tree()
{

	tree=$(atf_get_srcdir)
	for _ in 1 2 3 4 5; do
		[ -f "$tree/mk/start.sh" ] && break
		tree=$tree/..
	done
	[ -f "$tree/mk/start.sh" ] ||
	    atf_skip "mk/start.sh is not above $(atf_get_srcdir)"
}

# each_shell FUNCTION: in a folder for each shell, which is $RC_SHELL.
each_shell()
{

	es_n=0
	for es_shell in dash bash mksh ksh sh; do
		command -v $es_shell > /dev/null || continue
		es_n=$((es_n + 1))
		mkdir $es_shell
		echo "=== $es_shell" >&2
		RC_SHELL=$es_shell
		cd $es_shell || atf_fail "cd"
		"$1"
		cd ..
	done
	[ $es_n -gt 0 ] || atf_fail "no shell"
}

# conf [FILE]: a good configuration, for the socket run/FILE.sock and the log
# FILE.log.
conf()
{

	cat > "etc/${1:-milter-manager}.conf" <<-END
	manager.connection_spec = "unix:$PWD/run/${1:-mm}.sock"
	log.path = "$PWD/${1:-mm}.log"
	log.use_syslog = false
	END
}

# script SYSTEM NAME: that start script, for the program in ./sbin and the
# configuration in ./etc, with its run folder ./run.  The stand-ins take the
# place of the system's own functions.
script()
{

	RC_SYSTEM=$1 RC_ETC=$PWD/etc
	mkdir sbin etc
	# So that its command line is no other's.
	ln -s "$MM_PROGRAM" sbin/milter-manager
	sh "$tree/mk/start.sh" print "$1" "$PWD/etc/milter-manager.conf" \
	    "$PWD/sbin" > printed || atf_fail "start.sh print $1"
	sed -e "s,^\. /etc/.*rc\.subr\$,. $(atf_get_srcdir)/h_rcd.sh," \
	    -e "s,/var/run/milter-manager,$PWD/run,g" \
	    -e "s,=/run/milter-manager\.pid,=$PWD/run/openrc.pid," \
	    -e "s,-u _milter-manager,-u $(id -un)," printed > "$2"
	chmod +x "$2"
	conf
	# What the administrator would say.
	cat > etc/rc.conf <<-END
	milter_manager_user=
	milter_manager_user_name=$(id -un)
	END
	export RC_SYSTEM RC_ETC RC_SHELL
}

# rcd STATUS ARGUMENT...: calls ./$service; what it says is in rc.out.
rcd()
{

	r_status=$1
	shift
	# shellcheck disable=SC2154
	"$RC_SHELL" "./$service" "$@" > rc.out 2>&1
	r_is=$?
	[ "$r_status" -eq $r_is ] || [ "$r_status:$r_is" = "1:78" ] ||
	    [ "$r_status:$r_is" = "1:67" ] || {
		cat rc.out >&2
		atf_fail "$RC_SHELL $service $*: status $r_is, not $r_status"
	}
}

# The number of the one process of ./sbin/milter-manager, without its launcher,
# who has another name; empty if there is none.
process()
{

	ps -A -o pid= -o comm= -o args= |
	    awk -v p="$PWD/sbin/milter-manager" \
	    '$2 != "milter-launcher" && $3 == p { print $1 }'
}

no_process()
{

	[ -z "$(process)" ] || atf_fail "process $(process) runs"
}

# same PID: that is still the one.
same()
{

	[ "$(process)" = "$1" ] || atf_fail "process $(process), not $1"
}

# started N: so many times so far.
started()
{

	[ "$(grep -c 'listening on' mm.log)" -eq "$1" ]
}

# life: from start to stop, by a script that is turned on.
life()
{

	rcd 0 start
	pid=$(process)
	[ -n "$pid" ] || atf_fail "nothing runs: $(cat rc.out)"
	wait_for grep -q 'listening on' mm.log
	[ -S run/mm.sock ] || atf_fail "no socket"
	mta_at run/mm.sock

	rcd 0 reload
	wait_for grep -q 'configuration reloaded' mm.log
	rcd 0 $checking
	same "$pid"

	# A fault: nothing is done, and nothing asked of the daemon.
	echo 'log.level = "loud"' >> etc/milter-manager.conf
	for l_action in $checking reload restart; do
		rcd 1 $l_action
		same "$pid"
	done
	ntimes mm.log 'configuration reloaded' 1
	lacks mm.log 'configuration in force stays'
	lacks mm.log 'signal'
	mta_at run/mm.sock

	conf
	rcd 0 restart
	wait_for started 2
	[ "$(process)" != "$pid" ] || atf_fail "the same one runs"
	pid=$(process)
	[ -n "$pid" ] || atf_fail "none runs after the restart"
	rcd 0 stop
	no_process

	# A memory disk has lost it, and a fault keeps it from starting.
	rm -rf run
	echo 'log.level = "loud"' >> etc/milter-manager.conf
	rcd 1 start
	no_process
	conf
	rcd 0 start
	wait_for started 3
	rcd 0 stop
	no_process
}

# mta_at SOCKET: a message passes.
mta_at()
{

	"$MM_PROGRAM" test-server -s "unix:$1" > mta.out 2>&1 || {
		cat mta.out >&2
		atf_fail "no mail passes $1"
	}
}

# --- FreeBSD, NetBSD ---------------------------------------------------------

freebsd()
{

	service=milter-manager checking=configtest
	script freebsd $service
	[ -z "$MM_TEST_BACKEND" ] || echo \
	    "milter_manager_flags=--event-loop-backend=$MM_TEST_BACKEND" \
	    >> etc/rc.conf
	# Not turned on.
	rcd 0 start
	has rc.out 'Set milter_manager_enable to YES'
	no_process
	[ ! -e run ] || atf_fail "the run folder was made"
	rcd 1 status
	rcd 0 onestart
	rcd 0 onestatus
	rcd 0 stop
	no_process

	echo milter_manager_enable=YES >> etc/rc.conf
	rm -rf run mm.log
	life
	rcd 1 status
	rcd 1 stop
	rcd 1 reload
	rcd 0 configtest
	rcd 0 start
	pid=$(process)
	rcd 0 status
	has rc.out "milter_manager is running as pid $pid."
	[ "$(cat run/milter-manager.pid)" -eq "$pid" ] || atf_fail "pid file"
	rcd 1 start
	has rc.out 'already running'
	has rc.out "$pid"
	same "$pid"
	# The number is another's by now.
	cp run/milter-manager.pid pid
	echo $$ > run/milter-manager.pid
	rcd 1 status
	rcd 1 stop
	cp pid run/milter-manager.pid
	rcd 0 stop
	no_process
	mv etc/milter-manager.conf etc/other.conf
	rcd 1 start
	has rc.out 'milter-manager.conf is not readable'
	# Another file, by rc.conf.
	echo "milter_manager_conf=$PWD/etc/other.conf" >> etc/rc.conf
	rcd 0 start
	rcd 0 stop
	echo 'milter_manager_user_name=no-such-user-here' >> etc/rc.conf
	rcd 1 start
	has rc.out "there is no user 'no-such-user-here'"
	no_process
}

rcd_case freebsd "FreeBSD: enabled, start, status, reload, configtest, stop"
freebsd_body()
{

	tree
	each_shell freebsd
}

profiles()
{

	service=milter-manager
	script freebsd $service
	conf milter-manager-in
	conf out
	cat >> etc/rc.conf <<-END
	milter_manager_enable=YES
	milter_manager_profiles="in out off"
	milter_manager_out_conf=$PWD/etc/out.conf
	milter_manager_out_flags="--log-level=all"
	milter_manager_out_pid_file=$PWD/run/out-daemon.pid
	milter_manager_off_enable=NO
	END
	rcd 0 start
	has rc.out 'Starting milter_manager_in.'
	has rc.out 'Set milter_manager_off_enable to YES'
	in=$(cat run/milter-manager-in.pid) out=$(cat run/out-daemon.pid)
	[ "$(process | wc -l)" -eq 2 ] || atf_fail "not two: $(process)"
	mta_at run/milter-manager-in.sock
	mta_at run/out.sock
	lacks milter-manager-in.log 'stage='
	has out.log 'stage='

	rcd 0 reload out
	wait_for grep -q 'configuration reloaded' out.log
	lacks milter-manager-in.log 'configuration reloaded'
	# A fault in one is that one's.
	echo 'log.level = "loud"' >> etc/out.conf
	rcd 1 reload
	wait_for grep -q 'configuration reloaded' milter-manager-in.log
	ntimes out.log 'configuration reloaded' 1
	rcd 1 restart
	[ "$(cat run/out-daemon.pid)" = "$out" ] || atf_fail "out was restarted"
	[ "$(cat run/milter-manager-in.pid)" != "$in" ] || atf_fail "in was not restarted"
	in=$(cat run/milter-manager-in.pid)
	conf out
	rcd 0 restart out
	[ "$(cat run/out-daemon.pid)" != "$out" ] || atf_fail "out was not restarted"
	[ "$(cat run/milter-manager-in.pid)" = "$in" ] || atf_fail "in was restarted"
	rcd 0 status in
	has rc.out "milter_manager_in is running as pid $in."
	lacks rc.out milter_manager_out
	rcd 1 status
	has rc.out 'milter_manager_off is not running'
	rcd 1 status none
	has rc.out 'none is not in milter_manager_profiles'
	rcd 0 stop in
	[ "$(process)" = "$(cat run/out-daemon.pid)" ] || atf_fail "$(process)"
	rcd 1 stop
	no_process
	# shellcheck disable=SC2016
	echo 'milter_manager_profiles="a;b"' >> etc/rc.conf
	rcd 1 start
	has rc.out 'a;b: not a word of letters'
	no_process
}

rcd_case profiles "FreeBSD: several daemons, together and each on its own"
profiles_body()
{

	tree
	each_shell profiles
}

rcd_case user "FreeBSD, NetBSD: another user has the process and its files" \
    require.user=root
user_body()
{

	tree
	# Where nobody may go, wherever this test runs.
	top=$(mktemp -d /tmp/mm-rcd.XXXXXX) || atf_fail "mktemp"
	chmod 755 "$top"
	echo "$top" > top
	work=$PWD
	for system in freebsd netbsd; do
		RC_SHELL='sh'
		mkdir "$top/$system"
		chmod 755 "$top/$system"
		cd "$top/$system" || atf_fail "cd"
		service=milter_manager
		script $system $service
		chmod 755 etc sbin
		sed -i.old 's/^log.path.*/log.level = "none"/' \
		    etc/milter-manager.conf
		chmod 644 etc/milter-manager.conf
		cat >> etc/rc.conf <<-'END'
		milter_manager_user_name=nobody
		milter_manager_group_name=daemon
		milter_manager_enable=YES
		milter_manager=YES
		END
		rcd 0 start
		pid=$(process)
		[ -n "$pid" ] || atf_fail "nothing runs: $(cat rc.out)"
		owner=$(ps -o user= -p "$pid")
		atf_check_equal nobody "${owner%% *}"
		owner=$(ps -o group= -p "$pid")
		atf_check_equal daemon "${owner%% *}"
		for file in run run/mm.sock; do
			# shellcheck disable=SC2012
			[ "$(ls -ld $file | awk '{ print $3 }')" = nobody ] ||
			    atf_fail "$file is another's"
		done
		rcd 0 reload
		same "$pid"
		rcd 0 restart
		rcd 0 stop
		no_process
		cd "$work" || atf_fail "cd"
	done
}

netbsd()
{

	service=milter_manager checking=configtest
	script netbsd $service
	rcd 0 start
	no_process
	rcd 0 onestart
	rcd 0 onestop
	no_process
	echo milter_manager=YES >> etc/rc.conf
	rm -rf run mm.log
	life
	rcd 1 status
	rcd 0 start
	rcd 0 status
	has rc.out "milter_manager is running as pid $(process)."
	rcd 0 stop
	echo 'milter_manager_user_name=no-such-user-here' >> etc/rc.conf
	rcd 1 start
	has rc.out "there is no user 'no-such-user-here'"
}

rcd_case netbsd "NetBSD: enabled, start, status, reload, configtest, stop"
netbsd_body()
{

	tree
	each_shell netbsd
}

# --- OpenBSD -----------------------------------------------------------------

openbsd()
{

	service=milter_manager checking=configtest
	script openbsd $service
	rcd 1 check
	life
	rcd 0 start
	pid=$(process)
	rcd 0 check
	rcd 0 start
	same "$pid"
	rcd 0 stop
	rcd 0 stop
	# Its flags are the administrator's, in place of ours.
	mv etc/milter-manager.conf etc/other.conf
	rcd 1 start
	echo "milter_manager_flags='-v -f $PWD/etc/other.conf'" >> etc/rc.conf
	rcd 0 start
	mta_at run/mm.sock
	has mm.log 'stage='
	rcd 0 check
	rcd 0 stop
	no_process
}

rcd_case openbsd "OpenBSD: start, check, reload, configtest, stop, flags"
openbsd_body()
{

	tree
	each_shell openbsd
}

# --- OpenRC, procd -----------------------------------------------------------

# A command in ./bin that is a function of the stand-in.
commands()
{

	mkdir bin
	printf '#!/bin/sh\n. "%s"\nstart_stop_daemon "$@"\n' \
	    "$(atf_get_srcdir)/h_rcd.sh" > bin/start-stop-daemon
	chmod +x bin/start-stop-daemon
	PATH=$PWD/bin:$PATH
}

# called_by FUNCTION: ./$service is what runs the script by it.
called_by()
{

	mv $service $service.script
	printf '. "%s"\n%s "%s" "$@"\n' "$(atf_get_srcdir)/h_rcd.sh" "$1" \
	    "$PWD/$service.script" > $service
}

openrc()
{

	service=milter-manager checking=checkconfig
	script openrc $service
	echo "milter_manager_user=$(id -un)" >> etc/rc.conf
	commands
	called_by openrc
	rcd 1 reload
	has rc.out 'has not been started'
	rcd 0 checkconfig
	life
}

rcd_case openrc "OpenRC: start, reload, checkconfig, restart, stop"
openrc_body()
{

	tree
	path=$PATH
	openrc_in_path() { PATH=$path; openrc; }
	each_shell openrc_in_path
}

procd()
{

	service=milter-manager checking=checkconfig
	script procd $service
	commands
	called_by procd
	cat > etc/config.milter-manager <<-END
	config_main_user=$(id -un)
	END
	# It has a restart of its own: the check is that of the start.
	rcd 0 triggers
	has rc.out 'trigger milter-manager'
	rcd 0 start
	wait_for grep -q 'listening on' mm.log
	pid=$(process)
	printf '%s\n' 'no_new_privs 1
respawn
stderr 1
term_timeout 60' > param
	atf_check -o file:param cat procd.param
	mta_at run/mm.sock
	rcd 0 checkconfig
	rcd 0 reload
	wait_for grep -q 'configuration reloaded' mm.log
	echo 'log.level = "loud"' >> etc/milter-manager.conf
	rcd 1 checkconfig
	rcd 1 reload
	same "$pid"
	ntimes mm.log configuration 1
	rcd 0 stop
	no_process
	rm -rf run
	rcd 1 start
	no_process
	mv etc/milter-manager.conf etc/other.conf
	conf
	mv etc/milter-manager.conf etc/other.conf
	cat >> etc/config.milter-manager <<-END
	config_main_conf=$PWD/etc/other.conf
	config_main_flags='-v --no-daemon'
	END
	rcd 0 start
	wait_for grep -q 'listening on' mm.log
	wait_for test -S run/mm.sock
	mta_at run/mm.sock
	has mm.log 'stage='
	rcd 0 stop
	no_process
}

rcd_case procd "procd: start, reload, checkconfig, stop, settings"
procd_body()
{

	tree
	path=$PATH
	procd_in_path() { PATH=$path; procd; }
	each_shell procd_in_path
}

# --- systemd -----------------------------------------------------------------

rcd_case systemd "the unit is one to systemd, and its commands are ours"
systemd_body()
{

	tree
	mkdir sbin etc
	ln -s "$MM_PROGRAM" sbin/milter-manager
	sh "$tree/mk/start.sh" print systemd "$PWD/etc/milter-manager.conf" \
	    "$PWD/sbin" > milter-manager.service
	atf_check -s exit:1 grep '@[A-Z]*@' milter-manager.service
	if command -v systemd-analyze > /dev/null; then
		# The manual may be elsewhere.
		grep -v '^Documentation=' milter-manager.service > x.service
		atf_check -o empty -e empty systemd-analyze verify \
		    "$PWD/x.service"
		# And it does tell a fault.
		sed -i.old 's/^Restart=.*/Restarts=no/' x.service
		systemd-analyze verify "$PWD/x.service" > out 2>&1
		has out Restarts
	fi
	# Each command as systemd would have it, with a good file and a bad one.
	conf
	flags=$(sed -n 's/^Environment="MILTER_MANAGER_FLAGS=\(.*\)"$/\1/p' \
	    milter-manager.service)
	[ -n "$flags" ] || atf_fail "no flags"
	flags=$(echo "$flags" | sed "s/-u milter-manager/-u $(id -un)/")
	sed -n 's/^Exec[A-Za-z]*=//p' milter-manager.service |
	    sed "s,\$MILTER_MANAGER_FLAGS,$flags," > commands
	atf_check_equal 3 "$(wc -l < commands)"
	sed -n 2p commands > check
	atf_check -e match:'is good' sh check
	echo 'log.level = "loud"' >> etc/milter-manager.conf
	atf_check -s exit:78 -e match:'loud' sh check
	atf_check -s exit:78 -e match:'loud' sh -c "$(head -n 1 commands)"
	grep -q '^RestartPreventExitStatus=.*78' milter-manager.service ||
	    atf_fail "it would be started again and again"
	conf
	mkdir run
	"$(atf_get_srcdir)/h_notify" "$PWD/notify.sock" > notify.out &
	echo $! > run/notify.pid
	wait_for grep -q bound notify.out
	NOTIFY_SOCKET=$PWD/notify.sock sh -c "exec $(head -n 1 commands)" &
	pid=$!
	echo $pid > run/mm.pid
	wait_for grep -q 'listening on' mm.log
	mta_at run/mm.sock
	wait_for grep -q READY=1 notify.out
	sh -c "$(sed -n '3s/\$MAINPID/'$pid'/p' commands)"
	wait_for grep -q 'configuration reloaded' mm.log
	kill -TERM $pid
	wait $pid || atf_fail "its end is a failure to systemd: $?"
}

# --- around them -------------------------------------------------------------

rcd_case install "the script of a system goes where that looks for it"
install_body()
{

	tree
	while read -r system path mode conf; do
		atf_check -o match:"${path##*/}" sh "$tree/mk/start.sh" \
		    install "$system" /c/milter-manager.conf /opt/mm/sbin \
		    auto "$PWD/dest" install
		[ -f "dest$path" ] || atf_fail "$system: no $path"
		# shellcheck disable=SC2012
		atf_check_equal "$mode" "$(ls -l "dest$path" | cut -c 1-10)"
		has "dest$path" /opt/mm/sbin/milter-manager
		has "dest$path" /c/milter-manager.conf
		atf_check -s exit:1 grep '@[A-Z]*@' "dest$path"
		case $mode in
		*x) sh -n "dest$path" || atf_fail "sh -n dest$path" ;;
		esac
		# It starts another program than this.
		atf_check sh "$tree/mk/start.sh" uninstall "$system" /c \
		    /mm/sbin "${path%/*}" "$PWD/dest"
		[ -e "dest$path" ] || atf_fail "$path is gone"
		atf_check -o match:"rm -f .*$path" sh "$tree/mk/start.sh" \
		    uninstall "$system" /c /opt/mm/sbin auto "$PWD/dest"
		[ ! -e "dest$path" ] || atf_fail "$path is left"
	done <<-'END'
	freebsd /opt/mm/etc/rc.d/milter-manager -rwxr-xr-x
	netbsd /etc/rc.d/milter_manager -rwxr-xr-x
	openbsd /etc/rc.d/milter_manager -rwxr-xr-x
	openrc /etc/init.d/milter-manager -rwxr-xr-x
	procd /etc/init.d/milter-manager -rwxr-xr-x
	systemd /opt/mm/lib/systemd/system/milter-manager.service -rw-r--r--
	END
	# In another folder, none at all, and a slip.
	atf_check -o ignore sh "$tree/mk/start.sh" install netbsd /c /sbin \
	    /share/examples/rc.d "$PWD/dest" install
	[ -x dest/share/examples/rc.d/milter_manager ] || atf_fail "RCDIR"
	atf_check -o empty sh "$tree/mk/start.sh" install none /c /sbin auto \
	    "$PWD/none" install
	[ ! -e none ] || atf_fail "none is something"
	atf_check -s exit:64 -e match:'START=sysv: expected' \
	    sh "$tree/mk/start.sh" install sysv /c /sbin auto "$PWD/d" install
	# This one, whatever it is.
	atf_check -o ignore sh "$tree/mk/start.sh" install auto /c /sbin auto \
	    "$PWD/auto" install
}

# found PLATFORM SYSTEM PATH: the script is there, and a milter beside it.
found()
{

	rm -rf root
	sh "$tree/mk/start.sh" print "$2" /etc/milter-manager.conf \
	    /usr/local/sbin | root_script "$3"
	case $3 in
	*.service)
		root_link "$3" \
		    "/etc/systemd/system/multi-user.target.wants/${3##*/}"
		;;
	/etc/init.d/*)
		root_link "$3" "/etc/rc.d/S45milter-manager"
		root_link "$3" "/etc/runlevels/default/milter-manager"
		;;
	esac
	root_file /etc/rc.conf <<-'END'
	milter_manager_enable=YES
	milter_manager=YES
	pkg_scripts=milter_manager
	END
	cp root/etc/rc.conf root/etc/rc.conf.local
	atf_check -o save:table "$MM_PROGRAM" detect --platform="$1" \
	    --root="$PWD/root"
	atf_check -s exit:1 grep -i 'milter.manager' table
	"$(atf_get_srcdir)/h_detect" -p "$1" -r "$PWD/root" > table ||
	    atf_fail "h_detect"
	atf_check cat table
}

rcd_case detected "milter-manager is not a milter to milter-manager detect"
detected_body()
{

	tree
	found freebsd freebsd /usr/local/etc/rc.d/milter-manager
	found dragonfly freebsd /usr/local/etc/rc.d/milter-manager
	found pkgsrc netbsd /etc/rc.d/milter_manager
	found openbsd openbsd /etc/rc.d/milter_manager
	found alpine openrc /etc/init.d/milter-manager
	found openwrt procd /etc/init.d/milter-manager
	unit=lib/systemd/system/milter-manager.service
	found debian systemd /usr/local/$unit
	found redhat systemd /usr/$unit
}

atf_init_test_cases()
{

	for c in freebsd profiles user netbsd openbsd openrc procd systemd \
	    install detected; do
		atf_add_test_case $c
	done
}
