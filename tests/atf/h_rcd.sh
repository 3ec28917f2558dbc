#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_rcd.sh - stand-ins for what calls the start scripts of other systems, each
# no more than what its manual page says: rc.subr(8) of FreeBSD and of NetBSD,
# rc.subr(8) of OpenBSD, openrc-run(8), rc.common with procd.
# Owns:      its functions; it is run by the shell under test, not by ATF.
# Called by: the scripts in rc.d/ and pkg/, in place of /etc/rc.subr and so on.
# Must not:  end a process but one whose number or whole command line it has.
#
# RC_SYSTEM says whose it is; RC_ETC is the folder with rc.conf; RC_SHELL runs
# the scripts.
# shellcheck disable=SC1090,SC2034,SC2154 # variables of the scripts

: "${RC_SYSTEM:?}" "${RC_ETC:?}"

# running PID COMMAND: that process is there, with this as its first word.
running()
{

	# shellcheck disable=SC2046
	[ -n "$1" ] && set -- "$2" $(ps -o args= -p "$1") && [ "$1" = "$2" ]
}

# gone PID: waits for its end, for 20 seconds.
gone()
{

	g_n=0
	while [ $g_n -lt 400 ]; do
		# Whoever has to may not have asked for its status yet.
		case $(ps -o stat= -p "$1") in
		'' | Z*) return 0 ;;
		esac
		g_n=$((g_n + 1))
		sleep 0.05
	done
	return 1
}

# as USER COMMAND: without a user, who calls the script.
as()
{

	if [ -z "$1" ] || [ "$1" = "$(id -un)" ]; then
		sh -c "$2"
	else
		SHELL=/bin/sh su -m "$1" -c "$2"
	fi
}

# --- FreeBSD, NetBSD ------------------------------------------------------

warn()
{

	echo "$0: WARNING: $*" >&2
}

err()
{

	err_status=$1
	shift
	echo "$0: ERROR: $*" >&2
	exit "$err_status"
}

checkyesno()
{

	eval "cy_value=\$$1"
	case $cy_value in
	[Yy][Ee][Ss] | [Tt][Rr][Uu][Ee] | [Oo][Nn] | 1) return 0 ;;
	[Nn][Oo] | [Ff][Aa][Ll][Ss][Ee] | [Oo][Ff][Ff] | 0) return 1 ;;
	esac
	warn "\$$1 is not set properly"
	return 1
}

load_rc_config()
{

	[ ! -f "$RC_ETC/rc.conf" ] || . "$RC_ETC/rc.conf"
	[ ! -f "$RC_ETC/rc.conf.d/$1" ] || . "$RC_ETC/rc.conf.d/$1"
}

# hook WHICH: runs ${rc_arg}_precmd or _postcmd.
hook()
{

	eval "h_command=\$${rc_arg}_$1"
	[ -z "$h_command" ] || eval "$h_command" || [ -n "$rc_force" ]
}

required()
{

	for r_file in $required_files; do
		[ -r "$r_file" ] || {
			warn "$r_file is not readable."
			return 1
		}
	done
}

# Of the prefixes those that say that rcvar does not matter.
run_rc_command()
{

	rc_arg=$1
	rc_pid='' rc_force='' rc_prefix=''
	case $rc_arg in
	fast*)	rc_arg=${rc_arg#fast} ;;
	force*)	rc_force=yes rc_prefix=force ;;
	one*)	rc_prefix=one ;;
	esac
	rc_arg=${rc_arg#"$rc_prefix"}
	[ -z "$rc_prefix" ] || eval "$rcvar=YES"
	case " start stop restart rcvar status poll $extra_commands " in
	*" ${rc_arg:-none} "*) ;;
	*)
		echo "Usage: $0 [fast|force|one](start|... $extra_commands)" >&2
		exit 1
		;;
	esac
	eval "rc_flags=\${flags:-\$${name}_flags} rc_user=\$${name}_user"
	if [ -r "$pidfile" ]; then
		read -r rc_pid rc_rest < "$pidfile"
		running "$rc_pid" "$command" || rc_pid=
	fi
	case $rc_arg in
	rcvar | status) ;;
	stop)	[ -n "$rc_pid" ] || checkyesno "$rcvar" || return 0 ;;
	*)
		checkyesno "$rcvar" || {
			echo "Cannot '$rc_arg' $name. Set $rcvar to YES."
			return 0
		}
		;;
	esac
	eval "rc_cmd=\$${rc_arg}_cmd"
	if [ -n "$rc_cmd" ]; then
		hook precmd && eval "$rc_cmd" && hook postcmd
		return
	fi
	"rc_do_$rc_arg"
}

rc_do_status()
{

	[ -n "$rc_pid" ] || {
		echo "$name is not running."
		return 1
	}
	echo "$name is running as pid $rc_pid."
}

rc_do_start()
{

	[ -z "$rc_pid" ] || {
		echo "$name already running? (pid=$rc_pid)." >&2
		return 1
	}
	[ -x "$command" ] && required && hook precmd || return 1
	echo "Starting $name."
	eval "as '$rc_user' \"$command $rc_flags $command_args\"" || {
		warn "failed to start $name"
		return 1
	}
	hook postcmd
}

rc_there()
{

	[ -n "$rc_pid" ] || {
		echo "$name not running? (check $pidfile)." >&2
		return 1
	}
}

rc_do_stop()
{

	rc_there && hook precmd || return 1
	echo "Stopping $name."
	as "$rc_user" "kill -${sig_stop:-TERM} $rc_pid" && gone "$rc_pid" &&
	    hook postcmd
}

rc_do_reload()
{

	rc_there && hook precmd || return 1
	as "$rc_user" "kill -${sig_reload:-HUP} $rc_pid" && hook postcmd
}

# FreeBSD calls itself, NetBSD the script.
rc_do_restart()
{

	hook precmd || return 1
	if [ "$RC_SYSTEM" = freebsd ]; then
		( run_rc_command "${rc_prefix}stop" )
		( run_rc_command "${rc_prefix}start" ) || return 1
	else
		( "$RC_SHELL" "$0" "${rc_prefix}stop" )
		"$RC_SHELL" "$0" "${rc_prefix}start" || return 1
	fi
	rc_arg=restart
	hook postcmd
}

# --- OpenBSD -----------------------------------------------------------------

rc_exec()
{

	as "$daemon_user" "$*"
}

# The processes whose whole command line is $pexp; on the system itself the
# launcher's is another one.
rc_find()
{

	ps -A -o pid= -o comm= -o args= | while read -r rf_pid rf_comm rf_args
	do
		[ "$rf_comm" = milter-launcher ] ||
		    [ "$rf_args" != "$pexp" ] || echo "$rf_pid"
	done
}

rc_start()
{

	rc_exec "$daemon $daemon_flags"
}

rc_check()
{

	[ -n "$(rc_find)" ]
}

rc_reload()
{

	# shellcheck disable=SC2046
	kill -HUP $(rc_find)
}

rc_stop()
{

	# shellcheck disable=SC2046
	kill -TERM $(rc_find)
}

# rc_say WORD: "name(ok)" and the like, and the status.
rc_say()
{

	echo "${0##*/}($1)"
	[ "$1" = ok ]
	exit
}

# What a script has defined is called if it is there.
rc_optional()
{

	command -v "$1" > /dev/null || return 0
	"$1"
}

rc_cmd()
{

	case $1 in
	check)	rc_check && rc_say ok || rc_say failed ;;
	configtest) rc_configtest && rc_say ok || rc_say failed ;;
	start)
		! rc_check || exit 0
		rc_optional rc_configtest && rc_optional rc_pre && rc_start &&
		    rc_say ok || rc_say failed
		;;
	stop)
		rc_check || exit 0
		rs_pid=$(rc_find)
		rc_stop && gone "$rs_pid" && rc_say ok || rc_say failed
		;;
	reload)
		rc_check && rc_optional rc_configtest && rc_reload &&
		    rc_say ok || rc_say failed
		;;
	restart)
		rc_optional rc_configtest || rc_say failed
		"$RC_SHELL" "$0" stop && "$RC_SHELL" "$0" start
		;;
	*)
		echo "usage: $0 check|configtest|reload|restart|start|stop" >&2
		exit 1
		;;
	esac
}

if [ "$RC_SYSTEM" = openbsd ]; then
	[ -n "$daemon" ] || {
		echo "$0: daemon is not set" >&2
		exit 1
	}
	case ${0##*/} in
	*[!A-Za-z0-9_]*)
		echo "invalid rc.d script name: $0" >&2
		exit 1
		;;
	esac
	load_rc_config "${0##*/}"
	daemon_flags=${milter_manager_flags:-$daemon_flags}
	daemon_user=${milter_manager_user:-}
	pexp="$daemon${daemon_flags:+ $daemon_flags}"
fi

# --- OpenRC ------------------------------------------------------------------

# openrc SCRIPT COMMAND: what openrc-run does with a script.
openrc()
{

	load_rc_config milter-manager
	. "$1"
	RC_CMD=$2
	case " start stop restart $extra_commands $extra_started_commands " in
	*" $2 "*) ;;
	*)
		echo "unknown function $2" >&2
		return 1
		;;
	esac
	case " $extra_started_commands " in
	*" $2 "*)
		[ -s "$pidfile" ] || {
			echo "cannot $2, it has not been started" >&2
			return 1
		}
		;;
	esac
	case $2 in
	start)	openrc_start ;;
	stop)	openrc_stop ;;
	restart) openrc_stop && openrc_start ;;
	*)	"$2" ;;
	esac
}

# It goes to the background by itself, and writes its number.
openrc_start()
{

	start_pre && [ -z "$command_background$command_user" ] || return 1
	# shellcheck disable=SC2086
	$command $command_args && [ -s "$pidfile" ]
}

openrc_stop()
{

	stop_pre || return 1
	read -r os_pid os_rest < "$pidfile"
	case $retry in
	TERM/*)	kill -TERM "$os_pid" && gone "$os_pid" && rm -f "$pidfile" ;;
	*)	return 1 ;;
	esac
}

ebegin()
{

	echo " * $* ..."
}

eend()
{

	[ "$1" -eq 0 ] || echo " * failed" >&2
	return "$1"
}

# --- procd -------------------------------------------------------------------

# procd SCRIPT COMMAND: what rc.common does with a script, and procd with what
# it is told.
procd()
{

	. "$1"
	[ "$USE_PROCD" = 1 ] || return 1
	case $2 in
	start)	start_service ;;
	stop)	procd_signal TERM && gone "$(cat procd.pid)" && rm procd.pid ;;
	reload)	reload_service ;;
	triggers) service_triggers ;;
	*)
		case " $EXTRA_COMMANDS " in
		*" $2 "*) "$2" ;;
		*)	return 1 ;;
		esac
		;;
	esac
}

procd_signal()
{

	kill "-$1" "$(cat procd.pid)"
}

config_load()
{

	[ ! -f "$RC_ETC/config.$1" ] || . "$RC_ETC/config.$1"
}

# config_get VARIABLE SECTION OPTION DEFAULT
config_get()
{

	eval "$1=\${config_$2_$3:-\$4}"
}

procd_open_instance()
{

	: > procd.param
}

# The command with a word on each line, as it is an array.
procd_set_param()
{

	case $1 in
	command)
		shift
		printf '%s\n' "$@" > procd.command
		;;
	no_new_privs | respawn | stderr | term_timeout)
		echo "$*" >> procd.param
		;;
	*)
		echo "procd_set_param: $1" >&2
		return 1
		;;
	esac
}

procd_close_instance()
{

	set --
	while read -r pc_word; do
		set -- "$@" "$pc_word"
	done < procd.command
	"$@" < /dev/null > /dev/null 2> procd.err &
	echo $! > procd.pid
}

# procd_send_signal SERVICE INSTANCES SIGNAL
procd_send_signal()
{

	[ "$1 $2" = 'milter-manager *' ] && procd_signal "$3"
}

procd_add_reload_trigger()
{

	echo "trigger $*"
}

# --- commands ----------------------------------------------------------------

# OpenRC's --signal HUP --pidfile FILE.
start_stop_daemon()
{

	case "$1 $2" in
	'--signal HUP')
		kill -HUP "$(cat "$4")"
		;;
	*)
		return 1
		;;
	esac
}
