#!/bin/sh
#
# start.sh print SYSTEM CONF SBINDIR
#	writes the start script of SYSTEM for a program and a configuration at
#	these places.
# start.sh install SYSTEM CONF SBINDIR FOLDER DESTDIR INSTALL
#	puts it below DESTDIR, into FOLDER, by the command INSTALL.
# start.sh uninstall SYSTEM CONF SBINDIR FOLDER DESTDIR
#	removes it from there, unless it starts another program.
#
# SYSTEM "auto" is this one, FOLDER "auto" where SYSTEM looks for its scripts.
# With SYSTEM "none", and where none is known, nothing is installed; with "auto"
# that is also so in a folder that only root may write into.
#
# Called by `bmake install`, which has START and RCDIR for SYSTEM and FOLDER.

set -eu
cd "$(dirname "$0")/.."
job=$1 system=$2 conf=$3 sbindir=$4
folder=${5:-auto} destdir=${6:-} install=${7:-install}

# What starts services here, by what only it has.
this_system() {
	case $(uname) in
	FreeBSD | DragonFly) echo freebsd ;;
	NetBSD) echo netbsd ;;
	OpenBSD) echo openbsd ;;
	*)
		if [ -e /etc/rc.common ]; then
			echo procd
		elif [ -x /sbin/openrc-run ]; then
			echo openrc
		elif [ -d /usr/lib/systemd/system ] ||
		    [ -d /lib/systemd/system ]; then
			echo systemd
		else
			echo none
		fi
		;;
	esac
}

wanted=$system
test "$system" != auto || system=$(this_system)
prefix=${sbindir%/*}
# FreeBSD and systemd look below PREFIX, too.  On NetBSD and OpenBSD the name of
# the script is that of its variables.
case $system in
freebsd) set -- rc.d/milter-manager.freebsd milter-manager $prefix/etc/rc.d ;;
netbsd) set -- rc.d/milter-manager.netbsd milter_manager /etc/rc.d ;;
openbsd) set -- rc.d/milter-manager.openbsd milter_manager /etc/rc.d ;;
openrc) set -- pkg/milter-manager.openrc milter-manager /etc/init.d ;;
procd) set -- pkg/milter-manager.procd milter-manager /etc/init.d ;;
systemd)
	set -- pkg/milter-manager.service milter-manager.service \
	    $prefix/lib/systemd/system
	;;
none) exit 0 ;;
*)
	echo "START=$system: expected freebsd, netbsd, openbsd, systemd," \
	    "openrc, procd, auto or none" >&2
	exit 64
	;;
esac
file=$1 name=$2
test "$folder" != auto || folder=$3
mode=755
test $system != systemd || mode=644

fill() {
	sed -e "s|@CONF@|$conf|g" -e "s|@SBINDIR@|$sbindir|g" $file
}

case $job in
print) fill ;;
install)
	if [ "$wanted" = auto ] && [ -d "$destdir$folder" ] &&
	    [ ! -w "$destdir$folder" ]; then
		echo "$destdir$folder is not ours to write into, no start" \
		    "script is installed"
		exit 0
	fi
	filled=$(mktemp "${TMPDIR:-/tmp}/mm-start.XXXXXX")
	trap 'rm -f "$filled"' EXIT
	trap 'exit 1' HUP INT TERM
	fill >"$filled"
	echo "$install -m $mode $file $destdir$folder/$name"
	$install -d -m 755 "$destdir$folder"
	$install -m $mode "$filled" "$destdir$folder/$name"
	;;
uninstall)
	# It may be of a program below another PREFIX.
	if grep -q "[=\"]$sbindir/milter-manager" "$destdir$folder/$name" \
	    2>/dev/null; then
		echo "rm -f $destdir$folder/$name"
		rm -f "$destdir$folder/$name"
	fi
	;;
esac
