#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_debian.sh - the milters of Debian's packages are found in the
# packages' own files, not running and running.
#
# Of each package that is installed, its files are copied below ./root as they
# are on this host, enabled as the system would, and changed as an administrator
# would who wants the socket elsewhere: so nothing of the host is touched, and
# its own milters, if there are any, are not asked.  Then the milter itself is
# started on that copy of its configuration.

: "${MM_PROGRAM:=milter-manager}"

# debian_case NAME DAEMON DESCRIPTION: the body is NAME_body.
debian_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$3\"
		atf_set require.user root
		atf_set require.progs \"dpkg-query python3 $2\"
		atf_set timeout 300
	}
	$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_milters.sh\"
		hm_stop_all \"\$PWD/w\"
	}"
}

# begin PACKAGE: its files are below ./root.
begin()
{

	. "$(atf_get_srcdir)/h_detect.sh"
	. "$(atf_get_srcdir)/h_milters.sh"
	. "$(atf_get_srcdir)/h_filters.sh"
	hm_init "$PWD/w" "$(atf_get_srcdir)"
	PACKAGE=$1
	SOCKET=$HM_WORK/m.sock
	dpkg-query -L "$1" > files 2>/dev/null ||
	    atf_skip "the package $1 is not installed"
	# Those that its installation has written are not in the list.
	echo "/etc/clamav/$1.conf" >> files
	grep -E '^(/usr)?/lib/systemd/|^/etc/' files | sort -u |
	while read -r b_file; do
		[ -f "$b_file" ] || continue
		mkdir -p "root${b_file%/*}"
		cp -p "$b_file" "root$b_file"
	done
	echo '#!/bin/sh' | root_script "/usr/sbin/$1"
	b_unit=$(cd root && find . -name "$1.service" | sed 's/^\.//' | head -n 1)
	if [ -n "$b_unit" ]; then
		root_link "$b_unit" \
		    "/etc/systemd/system/multi-user.target.wants/$1.service"
	else
		root_link "../init.d/$1" "/etc/rc2.d/S01$1"
	fi
	{
		echo 'package.platform = "debian"'
		echo "detect.root = \"$PWD/root\""
		echo 'load_default = true'
	} > mm.conf
}

# edit FILE SCRIPT: in place, with sed; it has to be there.
edit()
{

	sed -E "$2" "root$1" > edited || atf_skip "there is no $1"
	cat edited > "root$1"
}

# found STATUS ENABLED OUTCOME: by the tool, of that one.
found()
{

	"$MM_PROGRAM" detect -f mm.conf --probe --json -t 30 > out.json 2> err
	f_got=$?
	python3 - "$PACKAGE" "unix:$SOCKET" "$2" "$3" <<-'END' || {
	import json, sys
	name, socket, enabled, outcome = sys.argv[1:]
	[m] = [m for m in json.load(open("out.json")) if m["installed"]]
	assert m["name"] == name, m
	assert m["enabled"] == enabled, m
	assert m["problem"] is None, m
	assert m["sockets"] == [socket], m
	assert m["used"] == (enabled == "yes"), m
	assert m["socket_by"]["line"] > 0, m
	[p] = m["probe"]
	assert p["outcome"] == outcome, p
	if outcome == "works":
	    assert p["version"] in range(2, 7) and "eom" in p["stages"], p
	END
		"$MM_PROGRAM" detect -f mm.conf --probe -v >&2
		cat "w/$PACKAGE.out" >&2
		atf_fail "$PACKAGE is something else than enabled=$2: $3"
	}
	[ $f_got -eq "$1" ] || atf_fail "$PACKAGE: exit status $f_got, not $1"
}

# run COMMAND...: not running, running, killed.
run()
{

	found 1 yes 'no socket'
	hm_spawn "$PACKAGE" "$@"
	running KILL
}

# running SIGNAL: with which it is ended; KILL leaves the socket behind.
running()
{

	hm_wait "$PACKAGE" "unix:$SOCKET"
	found 0 yes works
	hm_stop "$PACKAGE" "$1"
	if [ -S "$SOCKET" ]; then
		found 1 yes refused
	else
		found 1 yes 'no socket'
	fi
	# Switched off, by the system.
	rm -f root/etc/systemd/system/*.wants/* root/etc/rc?.d/S*
	"$MM_PROGRAM" detect -f mm.conf --probe "$PACKAGE" > out ||
	    atf_fail "$PACKAGE is off, and counts"
	grep -q "^$PACKAGE  *no  *no  *unix:$SOCKET" out || {
		cat out >&2
		atf_fail "$PACKAGE is not off"
	}
}

debian_case opendkim opendkim "opendkim"
opendkim_body()
{

	begin opendkim
	edit /etc/opendkim.conf "s|^Socket.*|Socket local:$SOCKET|
	    s|^PidFile.*|PidFile $HM_WORK/pid|; /^UserID/d; /^UMask/d"
	echo 'Mode v' >> root/etc/opendkim.conf
	run opendkim -f -x root/etc/opendkim.conf
}

debian_case opendmarc opendmarc "opendmarc"
opendmarc_body()
{

	begin opendmarc
	edit /etc/opendmarc.conf "s|^Socket.*|Socket local:$SOCKET|
	    s|^PidFile.*|PidFile $HM_WORK/pid|; /^UserID/d; /^UMask/d
	    /^PublicSuffixList/d"
	run opendmarc -f -c root/etc/opendmarc.conf
}

debian_case clamav "clamd clamav-milter" "clamav-milter"
clamav_body()
{

	begin clamav-milter
	hm_clamd clamd
	edit /etc/clamav/clamav-milter.conf \
	    "s|^MilterSocket .*|MilterSocket $SOCKET|
	    s|^PidFile.*|PidFile $HM_WORK/pid|; s|^User .*|User root|
	    s|^ClamdSocket .*|ClamdSocket unix:$HM_WORK/clamd.sock|
	    s|^Foreground .*|Foreground true|; /^LogFile /d
	    s|^MilterSocketGroup .*|MilterSocketGroup root|"
	run clamav-milter -c root/etc/clamav/clamav-milter.conf
}

debian_case spamass spamass-milter "spamass-milter"
spamass_body()
{

	begin spamass-milter
	echo "SOCKET=$SOCKET" >> root/etc/default/spamass-milter
	run spamass-milter -p "$SOCKET"
}

debian_case amavisd amavisd-milter "amavisd-milter"
amavisd_body()
{

	begin amavisd-milter
	echo "MILTERSOCKET=$SOCKET" >> root/etc/default/amavisd-milter
	mkdir -m 700 "$HM_WORK/amavis"
	run amavisd-milter -f -s "$SOCKET" -S "$HM_WORK/amavisd.sock" \
	    -w "$HM_WORK/amavis" -p "$HM_WORK/pid"
}

debian_case greylist milter-greylist "milter-greylist"
greylist_body()
{

	begin milter-greylist
	edit /etc/milter-greylist/greylist.conf \
	    "s|^socket .*|socket \"$SOCKET\"|; /^(pidfile|dumpfile|user) /d"
	run milter-greylist -D -f root/etc/milter-greylist/greylist.conf \
	    -P "$HM_WORK/pid" -d "$HM_WORK/greylist.db"
}

debian_case regex milter-regex "milter-regex"
regex_body()
{

	begin milter-regex
	root_append /etc/default/milter-regex <<-END
		DAEMON_OPTS="-p $SOCKET"
	END
	run milter-regex -d -u root -p "$SOCKET" -c root/etc/milter-regex.conf
}

# Its configuration needs more of the host than its own files: it runs on a
# small one, at the socket that the packaged one says.
debian_case rspamd rspamd "rspamd, its proxy worker"
rspamd_body()
{

	begin rspamd
	root_file /etc/rspamd/local.d/worker-proxy.inc <<-END
		bind_socket = "$SOCKET mode=0666";
	END
	found 1 yes 'no socket'
	hm_ports 1
	# shellcheck disable=SC2034 # for hf_rspamd
	HF_DNS=$HM_PORT1
	hf_rspamd rspamd "unix:$SOCKET"
	running TERM
}

# As they are on this host, whatever an administrator has made of them.
debian_case host "" "all that are installed are found on the host itself"
host_body()
{

	any=
	echo 'load_default = true' > mm.conf
	"$MM_PROGRAM" detect -f mm.conf -p debian > out 2>&1
	[ $? -le 1 ] || atf_fail "$(cat out)"
	for name in opendkim opendmarc clamav-milter spamass-milter \
	    amavisd-milter milter-greylist milter-regex rspamd; do
		dpkg-query -W -f '${db:Status-Status}\n' $name 2>/dev/null |
		    grep -qx installed || continue
		any=yes
		# Where it listens is known, or why it is not.
		"$MM_PROGRAM" detect -f mm.conf -p debian $name > one 2>&1
		grep -Eq "^$name +(yes|no) +(yes|no) +(unix|inet)|problem:" \
		    one || {
			cat one >&2
			atf_fail "$name"
		}
		# No name twice, and none is left out.
		[ "$(grep -c "^$name " out)" -eq 1 ] || atf_fail "$(cat out)"
	done
	[ -n "$any" ] || atf_skip "none of these packages is installed"
}

atf_init_test_cases()
{

	for c in opendkim opendmarc clamav spamass amavisd greylist regex \
	    rspamd host; do
		atf_add_test_case $c
	done
}
