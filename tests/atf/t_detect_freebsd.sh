#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_freebsd.sh - what is found on FreeBSD and on DragonFly: each of the
# ports' scripts, and rc.conf as administrators write it.

. "$(atf_get_srcdir)/h_detect.sh"
. "$(atf_get_srcdir)/h_detect_freebsd.sh"

rcd=/usr/local/etc/rc.d

freebsd_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# rc_conf LINE...: these are /etc/rc.conf.
rc_conf()
{

	printf '%s\n' "$@" | root_file /etc/rc.conf
}

freebsd_case off "every port's milter is found, and is off as it is installed"
off_body()
{

	ports
	expect freebsd <<'EOT'
milter-greylist installed off unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
milter-enma installed off inet:10025@[127.0.0.1] place=2 extra=0 conditions=SPAM
miltersid installed off unix:/var/run/sid-filter place=2 extra=0 conditions=SPAM
pyspf-milter installed off inet:8894@localhost place=2 extra=0 conditions=NONE
spfmilter installed off unix:/var/run/spfmilter.sock place=2 extra=0 conditions=SPAM
dkimpy-milter installed off unix:/var/run/dkimpy-milter/dkimpy-milter.sock place=3 extra=0 conditions=NONE
milter-dk installed off unix:/var/run/milterdk/filter place=3 extra=0 conditions=NONE
milter-dkim installed off - place=3 extra=0 conditions=NONE
milter-opendkim installed off inet:8891@localhost place=3 extra=0 conditions=NONE
opendmarc installed off inet:8893@localhost place=4 extra=0 conditions=NONE
mailfromd installed off unix:/var/run/mailfromd/mailfromd.sock place=5 extra=0 conditions=NONE
milterregex installed off unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
clamav_milter installed off unix:/var/run/clamav/clmilter.sock place=6 extra=0 conditions=NONE
mimedefang installed off unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
amavis-milter installed off unix:/var/amavis/amavis-milter.sock place=7 extra=0 conditions=NONE
amavisd-milter installed off unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE
rspamd installed off inet:11332@[127.0.0.1] place=7 extra=0 conditions=SPAM
spamass-milter installed off unix:/var/run/spamass-milter.sock place=7 extra=0 conditions=SPAM
milter-bogom installed off unix:/var/run/bogom/milter.sock place=8 extra=0 conditions=NONE
postsrsd installed off unix:/var/run/postsrsd/milter place=9 extra=0 conditions=NONE
EOT
}

# Everything on; each as the port has it.
enable_all()
{

	rc_conf \
	    miltergreylist_enable=YES clamav_milter_enable=YES \
	    milteropendkim_enable=YES milterdkim_enable=YES \
	    milterdk_enable=YES opendmarc_enable=YES \
	    spamass_milter_enable=YES amavisd_milter_enable=YES \
	    amavis_milter_enable=YES rspamd_enable=YES mailfromd_enable=YES \
	    mimedefang_enable=YES milterregex_enable=YES \
	    milterenma_enable=YES miltersid_enable=YES spfmilter_enable=YES \
	    pyspf_milter_enable=YES dkimpy_milter_enable=YES \
	    postsrsd_enable=YES milterbogom_enable=YES
}

freebsd_case on "every port's milter is found with the socket of its default"
on_body()
{

	ports
	enable_all
	expect freebsd <<'EOT'
milter-greylist installed on unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY
milter-enma installed on inet:10025@[127.0.0.1] place=2 extra=0 conditions=SPAM
miltersid installed on unix:/var/run/sid-filter place=2 extra=0 conditions=SPAM
pyspf-milter installed on inet:8894@localhost place=2 extra=0 conditions=NONE
spfmilter installed on unix:/var/run/spfmilter.sock place=2 extra=0 conditions=SPAM
dkimpy-milter installed on unix:/var/run/dkimpy-milter/dkimpy-milter.sock place=3 extra=0 conditions=NONE
milter-dk installed on unix:/var/run/milterdk/filter place=3 extra=0 conditions=NONE
milter-dkim installed on - place=3 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/milter-dkim: nothing says where it listens
milter-opendkim installed on inet:8891@localhost place=3 extra=0 conditions=NONE
opendmarc installed on inet:8893@localhost place=4 extra=0 conditions=NONE
mailfromd installed on unix:/var/run/mailfromd/mailfromd.sock place=5 extra=0 conditions=NONE
milterregex installed on unix:/var/spool/milter-regex/sock place=5 extra=0 conditions=SPAM
clamav_milter installed on unix:/var/run/clamav/clmilter.sock place=6 extra=0 conditions=NONE
mimedefang installed on unix:/var/spool/MIMEDefang/mimedefang.sock place=6 extra=0 conditions=NONE
amavis-milter installed on unix:/var/amavis/amavis-milter.sock place=7 extra=0 conditions=NONE
amavisd-milter installed on unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE
rspamd installed on inet:11332@[127.0.0.1] place=7 extra=0 conditions=SPAM
spamass-milter installed on unix:/var/run/spamass-milter.sock place=7 extra=0 conditions=SPAM
milter-bogom installed on unix:/var/run/bogom/milter.sock place=8 extra=0 conditions=NONE
postsrsd installed on unix:/var/run/postsrsd/milter place=9 extra=0 conditions=NONE
EOT
}

freebsd_case dragonfly "DragonFly has the same ports and reads the same files"
dragonfly_body()
{

	ports
	enable_all
	detect freebsd -l > freebsd.out
	detect dragonfly -l > dragonfly.out
	atf_check diff freebsd.out dragonfly.out
}

freebsd_case changed "settings of an administrator move every port's socket"
changed_body()
{

	ports
	port clamav-milter-old
	enable_all
	root_append /etc/rc.conf <<'EOT'
# The variable that the port has for it.
miltergreylist_sockfile="/var/run/greylist.sock"
opendmarc_socketspec="inet:54321@127.0.0.1"
spamass_milter_socket="/var/run/spamass.sock"
spamass_milter_localflags="-u spamd -- -u spamd"
amavisd_milter_socket="inet:8899@127.0.0.1"
milteropendkim_socket="local:/var/run/opendkim.sock"
milterdkim_socket="inet:8892@localhost"
milterdk_socket="unix:/var/run/dk.sock"
miltersid_socket="inet:8896"
spfmilter_socket="/var/run/spf.sock"
milterbogom_socket="inet:8897@localhost"
# Flags.
amavis_milter_flags="-D -p /var/run/amavis-milter.sock"
milterregex_flags="-p unix:/var/run/regex.sock -c /usr/local/etc/regex.conf"
mailfromd_flags="--port=inet://127.0.0.1:7788"
# It is looked at, although it is not the service's own.
SOCKET=/var/run/mimedefang.sock
# Another file.
milterenma_cfgfile=/usr/local/etc/enma-two.conf
pyspf_milter_conffile=/usr/local/etc/spf-two.conf
rspamd_flags="-c /usr/local/etc/rspamd-two.conf"
clamav_milter_conf=/usr/local/etc/clamav-two.conf
EOT
	root_file /usr/local/etc/enma-two.conf <<'EOT'
milter.socket: inet:10026@127.0.0.1
EOT
	root_file /usr/local/etc/spf-two.conf <<'EOT'
Socket = local:/var/run/spf-two.sock
EOT
	root_file /usr/local/etc/rspamd-two.conf <<'EOT'
worker "rspamd_proxy" {
    bind_socket = "/var/run/rspamd/milter.sock mode=0666";
    milter = yes;
}
EOT
	root_file /usr/local/etc/clamav-two.conf <<'EOT'
MilterSocket inet:7357@localhost
EOT
	expect freebsd <<'EOT'
milter-greylist installed on unix:/var/run/greylist.sock place=0 extra=0 conditions=GREY
milter-enma installed on inet:10026@[127.0.0.1] place=2 extra=0 conditions=SPAM
miltersid installed on inet:8896 place=2 extra=0 conditions=SPAM
pyspf-milter installed on unix:/var/run/spf-two.sock place=2 extra=0 conditions=NONE
spfmilter installed on unix:/var/run/spf.sock place=2 extra=0 conditions=SPAM
dkimpy-milter installed on unix:/var/run/dkimpy-milter/dkimpy-milter.sock place=3 extra=0 conditions=NONE
milter-dk installed on unix:/var/run/dk.sock place=3 extra=0 conditions=NONE
milter-dkim installed on inet:8892@localhost place=3 extra=0 conditions=NONE
milter-opendkim installed on unix:/var/run/opendkim.sock place=3 extra=0 conditions=NONE
opendmarc installed on inet:54321@[127.0.0.1] place=4 extra=0 conditions=NONE
mailfromd installed on inet:7788@[127.0.0.1] place=5 extra=0 conditions=NONE
milterregex installed on unix:/var/run/regex.sock place=5 extra=0 conditions=SPAM
clamav-milter installed on inet:7357@localhost place=6 extra=0 conditions=NONE
clamav_milter installed on inet:7357@localhost place=6 extra=0 conditions=NONE
mimedefang installed on unix:/var/run/mimedefang.sock place=6 extra=0 conditions=NONE
amavis-milter installed on unix:/var/run/amavis-milter.sock place=7 extra=0 conditions=NONE
amavisd-milter installed on inet:8899@[127.0.0.1] place=7 extra=0 conditions=NONE
rspamd installed on unix:/var/run/rspamd/milter.sock place=7 extra=0 conditions=SPAM
spamass-milter installed on unix:/var/run/spamass.sock place=7 extra=0 conditions=SPAM
milter-bogom installed on inet:8897@localhost place=8 extra=0 conditions=NONE
postsrsd installed on unix:/var/run/postsrsd/milter place=9 extra=0 conditions=NONE
EOT
}

freebsd_case old_clamav "start_precmd may put the flags together"
old_clamav_body()
{

	port clamav-milter-old
	rc_conf 'clamav_milter_enable=YES' 'clamav_clamd_enable=YES' \
	    'clamav_milter_socket=/var/run/clamav/old.sock'
	expect freebsd <<'EOT'
clamav-milter installed on unix:/var/run/clamav/old.sock place=6 extra=0 conditions=NONE
EOT
}

# words VALUE...: it is on or off, or that is a fault.
words()
{

	w_expected=$1
	shift
	for w_word in "$@"; do
		rc_conf "amavisd_milter_enable=\"$w_word\""
		detect freebsd > /dev/null
		grep -q "^amavisd-milter installed $w_expected " detect.out || {
			cat detect.out >&2
			atf_fail "'$w_word' is not $w_expected"
		}
	done
}

freebsd_case enabled "it is on with YES, TRUE, ON and 1 in any case"
enabled_body()
{

	port amavisd-milter
	words on YES yes Yes yEs TRUE True true ON On on 1
	atf_check -o not-match:problem= cat detect.out
	words off NO no No FALSE False false OFF off 0 ''
	atf_check -o not-match:problem= cat detect.out
	words off y enable 11 'YES ' ' YES' 'YES;' auto
	rc_conf '' 'amavisd_milter_enable="yep"'
	expect_one freebsd amavisd-milter \
	    'enabled /etc/rc.conf:2 amavisd_milter_enable=yep'
	atf_check -o match:'problem=/etc/rc.conf:2: .*neither YES nor NO' \
	    cat one.out
}

freebsd_case forms "each way to write a default is understood"
forms_body()
{

	set -- ': ${x_enable:=NO}' ': ${x_enable=NO}' ': ${x_enable="NO"}' \
	    'x_enable=${x_enable:-NO}' 'x_enable=${x_enable-NO}' \
	    'x_enable="${x_enable:-"NO"}"' ": \${x_enable:='NO'}" \
	    '[ -z "$x_enable" ] && x_enable=NO' \
	    'if [ -z "${x_enable}" ]; then x_enable="NO"; fi' \
	    'case $x_enable in "") x_enable=NO ;; esac' \
	    'eval $rcvar=\${$rcvar:-NO}' 'set_rcvar x_enable NO "a daemon"'
	n=100
	for form in "$@"; do
		for rcvar in x_enable '`set_rcvar`' '$(set_rcvar)' \
		    '$(set_rcvar x)' '${name}_enable'; do
			n=$((n + 1))
			sed "s/x_/x${n}_/g;s/ x)/ x$n)/" <<EOT |
. /etc/rc.subr
name=x$n
rcvar=$rcvar
load_rc_config \$name
$form
: \${x_socket:="/var/run/\${name}.sock"}
command=/usr/local/sbin/x
command_args="-p \${x_socket}"
run_rc_command "\$1"
EOT
			    root_script $rcd/x$n-milter
			echo "x$n-milter installed off unix:/var/run/x$n.sock" \
			    "place=8 extra=0 conditions=NONE" >> off.table
			echo "x${n}_enable=\"YES\"" >> conf
		done
	done
	expect freebsd < off.table
	root_file /etc/rc.conf < conf
	sed 's/ off / on /' off.table | expect freebsd
	test $n -eq 160 || atf_fail "$n forms"
}

freebsd_case naming "the variables begin with what name= is, in any spelling"
naming_body()
{

	port milter-greylist
	rc_conf milter_greylist_enable=YES \
	    milter_greylist_sockfile=/var/run/other.sock \
	    miltergreylist_sockfile=/var/run/greylist.sock
	expect freebsd <<'EOT'
milter-greylist installed off unix:/var/run/greylist.sock place=0 extra=0 conditions=GREY
EOT
	echo miltergreylist_enable=YES | root_append /etc/rc.conf
	expect freebsd <<'EOT'
milter-greylist installed on unix:/var/run/greylist.sock place=0 extra=0 conditions=GREY
EOT
	sed 's/miltergreylist/milter_greylist/g' root$rcd/milter-greylist |
	    root_script $rcd/new
	mv root$rcd/new root$rcd/milter-greylist
	expect freebsd <<'EOT'
milter-greylist installed on unix:/var/run/other.sock place=0 extra=0 conditions=GREY
EOT
}

freebsd_case values "values are quoted, joined and expanded as sh does it"
values_body()
{

	port amavisd-milter
	root_file /etc/rc.conf <<'EOT'
# amavisd_milter_enable="NO"
amavisd_milter_enable='YES'	# with a comment
run="/var/run" ; base=${run}/"ama"'vis'
where='base'
eval socket=\$$where
amavisd_milter_socket="${socket}/$(:)sock"
amavisd_milter_socket="unix:${socket:-/nowhere}/\
milter.sock"
EOT
	expect freebsd <<'EOT'
amavisd-milter installed on unix:/var/run/amavis/milter.sock place=7 extra=0 conditions=NONE
EOT
	# What sysrc(8) writes, then without a newline at the end.
	printf '%s\n%s' 'amavisd_milter_enable="YES"' \
	    'amavisd_milter_socket="inet:8899@127.0.0.1"' |
	    root_file /etc/rc.conf
	expect freebsd <<'EOT'
amavisd-milter installed on inet:8899@[127.0.0.1] place=7 extra=0 conditions=NONE
EOT
}

freebsd_case order "later files win, and each file is where rc.subr has it"
order_body()
{

	port amavisd-milter
	n=1000
	# The last of these is the one that counts.
	for file in /etc/defaults/rc.conf /etc/defaults/vendor.conf \
	    /etc/rc.conf /etc/rc.conf.local /etc/rc.conf.more \
	    /etc/rc.conf.d/amavisd_milter \
	    /usr/local/etc/rc.conf.d/amavisd_milter/10-first \
	    /usr/local/etc/rc.conf.d/amavisd_milter/20-second \
	    /opt/rc.conf.d/amavisd_milter; do
		n=$((n + 1))
		root_file "$file" <<EOT
amavisd_milter_enable=YES
amavisd_milter_socket="inet:$n"
EOT
		case $file in
		*vendor.conf)
			root_append "$file" <<'EOT'
local_startup="/usr/local/etc/rc.d /opt/rc.d"
EOT
			;;
		*/rc.conf)
			root_append "$file" <<'EOT'
rc_conf_files="/etc/rc.conf /etc/rc.conf.local /etc/rc.conf.more"
EOT
			;;
		esac
		expect_one freebsd amavisd-milter \
		    "amavisd-milter installed on inet:$n place=7 extra=0 conditions=NONE" \
		    "enabled $file:1 amavisd_milter_enable=YES" \
		    "command $rcd/amavisd-milter [start]"
	done
	# The name is that of the variables, not of the script.
	root_file /opt/rc.conf.d/amavisd-milter <<'EOT'
amavisd_milter_enable=NO
EOT
	expect_one freebsd amavisd-milter \
	    "enabled /opt/rc.conf.d/amavisd_milter:1 amavisd_milter_enable=YES"
	# A script in the other folder.
	mkdir -p root/opt/rc.d
	mv root$rcd/amavisd-milter root/opt/rc.d
	expect_one freebsd amavisd-milter 'script /opt/rc.d/amavisd-milter'
}

freebsd_case defaults "what rc.conf's defaults define themselves does no harm"
defaults_body()
{

	port amavisd-milter
	root_file /etc/defaults/rc.conf <<'EOT'
#!/bin/sh
rc_info="NO"		# Messages
local_startup="/usr/local/etc/rc.d" # startup script dirs.
script_name_sep=" "	# Change if your names contain spaces
rc_conf_files="/etc/rc.conf /etc/rc.conf.local"
firewall_client_net="192.0.2.0/24" # "client"
sendmail_cert_cn="CN"	# CN of the generate certificate

if [ -z "${source_rc_confs_defined}" ]; then
	source_rc_confs_defined=yes
	source_rc_confs() {
		local i sourced_files
		for i in ${rc_conf_files}; do
			case ${sourced_files} in
			*:$i:*)
				;;
			*)
				sourced_files="${sourced_files}:$i:"
				if [ -r $i ]; then
					. $i
				fi
				;;
			esac
		done
	}
fi

if [ -r /etc/defaults/vendor.conf ]; then
	. /etc/defaults/vendor.conf
fi
EOT
	root_file /etc/defaults/vendor.conf <<'EOT'
amavisd_milter_socket=/var/run/vendor.sock
EOT
	rc_conf 'hostname="mx.example.com"' 'amavisd_milter_enable="YES"' \
	    'ifconfig_em0="inet 192.0.2.7 netmask 255.255.255.0"' \
	    'kld_list="${kld_list} if_bridge"' \
	    'cloned_interfaces="$(echo bridge0)"'
	expect_one freebsd amavisd-milter \
	    'amavisd-milter installed on unix:/var/run/vendor.sock place=7 extra=0 conditions=NONE' \
	    'enabled /etc/rc.conf:2 amavisd_milter_enable=YES' \
	    'spec /etc/defaults/vendor.conf:1 unix:/var/run/vendor.sock'
}

freebsd_case profiles "each profile is a milter, its own settings come first"
profiles_body()
{

	port milter-opendkim milter-dkim
	root_file /usr/local/etc/mail/two.conf <<'EOT'
Socket		inet:1@localhost
Mode		s
EOT
	rc_conf 'milteropendkim_enable="YES"' \
	    'milteropendkim_profiles="one two three one"' \
	    'milteropendkim_socket="inet:8891@localhost"' \
	    'milteropendkim_one_socket="local:/var/run/one.sock"' \
	    'milteropendkim_two_socket="inet:8902@localhost"' \
	    'milteropendkim_two_cfgfile="/usr/local/etc/mail/two.conf"' \
	    'milteropendkim_two_flags="-p inet:8912@localhost"' \
	    'milteropendkim_two_enable="on"' \
	    'milteropendkim_three_enable="NO"' \
	    'milteropendkim_three_socket="inet:8903@localhost"'
	expect freebsd -l <<'EOT'
milter-dkim installed off - place=3 extra=0 conditions=NONE
	script /usr/local/etc/rc.d/milter-dkim
	enabled /usr/local/etc/rc.d/milter-dkim:13 milterdkim_enable=NO
	description -:0 DKIM
	command /usr/local/etc/rc.d/milter-dkim [start]
milter-opendkim-one installed on unix:/var/run/one.sock place=3 extra=0 conditions=NONE
	script /usr/local/etc/rc.d/milter-opendkim
	enabled /etc/rc.conf:1 milteropendkim_enable=YES
	spec /etc/rc.conf:4 unix:/var/run/one.sock
	configuration /usr/local/etc/rc.d/milter-opendkim:37 /usr/local/etc/mail/opendkim.conf
	description -:0 DKIM
	command /usr/local/etc/rc.d/milter-opendkim [start] [one]
milter-opendkim-three installed off inet:8903@localhost place=3 extra=0 conditions=NONE
	script /usr/local/etc/rc.d/milter-opendkim
	enabled /etc/rc.conf:9 milteropendkim_enable=NO
	spec /etc/rc.conf:10 inet:8903@localhost
	configuration /usr/local/etc/rc.d/milter-opendkim:37 /usr/local/etc/mail/opendkim.conf
	description -:0 DKIM
	command /usr/local/etc/rc.d/milter-opendkim [start] [three]
milter-opendkim-two installed on inet:8902@localhost place=10 extra=0 conditions=NONE
	script /usr/local/etc/rc.d/milter-opendkim
	enabled /etc/rc.conf:8 milteropendkim_enable=on
	spec /etc/rc.conf:5 inet:8902@localhost
	configuration /etc/rc.conf:6 /usr/local/etc/mail/two.conf
	description -:0 DKIM
	command /usr/local/etc/rc.d/milter-opendkim [start] [two]
EOT
	# One that the script would not start: it has no socket.
	rc_conf 'milteropendkim_enable="YES"' 'milteropendkim_profiles="one"' \
	    'milteropendkim_socket="inet:8891@localhost"'
	expect freebsd <<'EOT'
milter-dkim installed off - place=3 extra=0 conditions=NONE
milter-opendkim-one installed maybe - place=3 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/milter-opendkim: it ends before run_rc_command
EOT
	# Which ones there are is not known.
	rc_conf 'milteropendkim_enable="YES"' \
	    'milteropendkim_profiles=`ls /etc/dkim`'
	expect freebsd <<'EOT'
milter-dkim installed off - place=3 extra=0 conditions=NONE
milter-opendkim installed on - place=3 extra=0 conditions=NONE problem=/etc/rc.conf:2: which profiles it has is the output of a command
EOT
}

freebsd_case flags "flags are words as the shell makes them, the last -p counts"
flags_body()
{

	port spamass-milter
	for flags in '-p /s' '-fp /s' '-p/s' '-f -p /x -p /s' '-p "/s"' \
	    "-r 15 -p '/s'" '-p ${dir}s' '-p /s > /dev/null 2>&1' \
	    '-p /s -- -p /x' '-p /s &' '2>/dev/null -p /s'; do
		rc_conf 'spamass_milter_enable=YES' '' \
		    "dir=/ spamass_milter_flags='$(echo "$flags" |
		    sed "s/'/'\\\\''/g")'"
		expect_one freebsd spamass-milter \
		    'spamass-milter installed on unix:/s place=7 extra=0 conditions=SPAM' \
		    'spec /etc/rc.conf:3 unix:/s'
	done
	# In place of the port's own command; a chroot has other paths.
	rc_conf spamass_milter_enable=YES spamass_milter_chroot=/jail
	expect freebsd <<'EOT'
spamass-milter installed on unix:/var/run/spamass-milter.sock place=7 extra=0 conditions=SPAM problem=/etc/rc.conf:2: it runs in a chroot, its paths are those of /jail
EOT
}

freebsd_case start_cmd "a start_cmd is looked at for the daemon's command line"
start_cmd_body()
{

	root_script $rcd/wrapped-milter <<'EOT'
. /etc/rc.subr
name=wrapped
rcvar=wrapped_enable
load_rc_config $name
: ${wrapped_enable:=NO}
: ${wrapped_flags:="unix:/var/run/wrong.sock"}
command=/usr/local/sbin/wrapped
start_cmd="${name}_start"
wrapped_start()
{
	rm -f /var/run/wrapped.sock
	/usr/sbin/daemon -p /var/run/wrapped.pid -u nobody $command -p /var/run/wrapped.sock >/dev/null &
}
run_rc_command "$1"
EOT
	rc_conf wrapped_enable=YES
	expect freebsd <<'EOT'
wrapped-milter installed on unix:/var/run/wrapped.sock place=8 extra=0 conditions=NONE
EOT
}

freebsd_case unknown "what only a shell could know is said to be unknown"
unknown_body()
{

	port amavisd-milter
	rc_conf 'amavisd_milter_enable=`/usr/local/bin/is-primary`'
	expect freebsd <<'EOT'
amavisd-milter installed maybe unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/etc/rc.conf:1: whether it is enabled is the output of a command
EOT
	rc_conf 'amavisd_milter_enable=YES' \
	    'if ping -c 1 mx2; then amavisd_milter_socket=/a; fi'
	expect freebsd <<'EOT'
amavisd-milter installed on - place=7 extra=0 conditions=NONE problem=/etc/rc.conf:2: where it listens is not known: its command line is not known
EOT
	rc_conf 'amavisd_milter_enable=YES' \
	    'amavisd_milter_socket="/var/run/$(hostname -s).sock"'
	expect freebsd <<'EOT'
amavisd-milter installed on - place=7 extra=0 conditions=NONE problem=/etc/rc.conf:2: where it listens is not known: its command line is not known
EOT
}

freebsd_case scripts "only what rc(8) would start is on"
scripts_body()
{

	port amavisd-milter spamass-milter
	rc_conf amavisd_milter_enable=YES spamass_milter_enable=YES
	chmod -x root$rcd/amavisd-milter
	root_file /usr/local/etc/mail/opendmarc.conf <<'EOT'
Socket inet:8893@localhost
EOT
	root_script $rcd/opendmarc <<'EOT'
case "$1" in
start)	/usr/local/sbin/opendmarc -c /usr/local/etc/mail/opendmarc.conf ;;
esac
EOT
	root_script $rcd/always-milter <<'EOT'
. /etc/rc.subr
name=always
load_rc_config $name
command=/usr/local/sbin/always
command_args="-p /var/run/always.sock"
run_rc_command "$1"
EOT
	for end in '~' '#' .OLD .bak .orig ,v .sample .pkgsave; do
		cp root$rcd/always-milter "root$rcd/other-milter$end"
	done
	root_link spamass-milter $rcd/link-milter
	root_link nowhere $rcd/gone-milter
	expect freebsd <<'EOT'
opendmarc installed maybe - place=4 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/opendmarc: it ends before run_rc_command
amavisd-milter installed off unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/amavisd-milter: it cannot be executed
spamass-milter installed on unix:/var/run/spamass-milter.sock place=7 extra=0 conditions=SPAM
always-milter installed on unix:/var/run/always.sock place=8 extra=0 conditions=NONE
link-milter installed on unix:/var/run/spamass-milter.sock place=8 extra=0 conditions=NONE
EOT
}

freebsd_case options "prefix and rcddir say where the scripts are"
options_body()
{

	port amavisd-milter
	rc_conf amavisd_milter_enable=YES
	mkdir -p root/opt/pkg/etc
	mv root$rcd root/opt/pkg/etc
	expect freebsd < /dev/null
	detect freebsd -l -o prefix=/opt/pkg > /dev/null
	atf_check -o match:'script /opt/pkg/etc/rc.d/amavisd-milter' \
	    cat detect.out
	# The option comes before what rc.conf says.
	root_file /etc/defaults/rc.conf <<'EOT'
local_startup="/usr/local/etc/rc.d"
EOT
	detect freebsd -l -o prefix=/opt/pkg > /dev/null
	atf_check -o match:'script /opt/pkg/etc/rc.d/amavisd-milter' \
	    cat detect.out
	detect freebsd -l -o rcddir=/opt/pkg/etc/rc.d > /dev/null
	atf_check -o match:'script /opt/pkg/etc/rc.d/amavisd-milter' \
	    cat detect.out
}

freebsd_case crlf "lines that end in CR LF are what they are for sh"
crlf_body()
{

	port amavisd-milter
	printf '%s\r\n' 'hostname="mx"' 'amavisd_milter_enable="YES"' |
	    root_file /etc/rc.conf
	expect freebsd <<'EOT'
amavisd-milter installed maybe unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/etc/rc.conf: its lines end in CR LF, sh takes CR for a part of them
EOT
}

freebsd_case hostile "a file that cannot be read is one line for each milter"
hostile_body()
{

	port amavisd-milter milter-greylist
	# 5 MB of garbage
	awk 'BEGIN { for (i = 0; i < 80000; i++) print "`\"${x$(((" \
	    "amavisd_milter_enable=YES <<EOF \047 case if { ; & |" }' |
	    root_file /etc/rc.conf.local
	rc_conf amavisd_milter_enable=YES
	expect freebsd <<'EOT'
milter-greylist installed maybe unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY problem=/etc/rc.conf.local: larger than 1 MiB
amavisd-milter installed maybe unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/etc/rc.conf.local: larger than 1 MiB
EOT
	head -c 500000 root/etc/rc.conf.local > short
	root_file /etc/rc.conf.local < short
	expect freebsd <<'EOT'
milter-greylist installed maybe unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY problem=/etc/rc.conf.local:3: expected a command
amavisd-milter installed maybe unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/etc/rc.conf.local:3: expected a command
EOT
	root_link rc.conf.local /etc/rc.conf.local
	detect freebsd > /dev/null
	atf_check -o match:'^amavisd-milter installed maybe .* problem=/etc/rc.conf.local: .*[Ll]ink' \
	    -o match:'^milter-greylist installed maybe ' cat detect.out
	root_remove /etc/rc.conf.local
	mkfifo root/etc/rc.conf.local
	expect freebsd <<'EOT'
milter-greylist installed maybe unix:/var/milter-greylist/milter-greylist.sock place=0 extra=0 conditions=GREY problem=/etc/rc.conf.local: a FIFO
amavisd-milter installed maybe unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/etc/rc.conf.local: a FIFO
EOT
	root_remove /etc/rc.conf.local
	root_link milter-greylist $rcd/milter-greylist
	detect freebsd > /dev/null
	atf_check -o match:"^milter-greylist installed off - .* problem=$rcd/milter-greylist: .*[Ll]ink" \
	    cat detect.out
	root_remove $rcd/milter-greylist
	head -c 200000 short | root_script $rcd/amavisd-milter
	expect freebsd <<'EOT'
amavisd-milter installed maybe - place=7 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/amavisd-milter:3: expected a command
EOT
	head -c 3000 /dev/zero | root_script $rcd/amavisd-milter
	expect freebsd <<'EOT'
amavisd-milter installed maybe - place=7 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/amavisd-milter:1: a NUL byte
EOT
}

freebsd_case unreadable "a file that nobody may read is not taken for empty"
unreadable_head()
{

	atf_set descr "a file that nobody may read is not taken for empty"
	atf_set require.user unprivileged
}
unreadable_body()
{

	port amavisd-milter
	rc_conf amavisd_milter_enable=YES
	chmod 000 root/etc/rc.conf
	expect freebsd <<'EOT'
amavisd-milter installed maybe unix:/var/amavis/amavisd-milter.sock place=7 extra=0 conditions=NONE problem=/etc/rc.conf: Permission denied
EOT
	chmod 644 root/etc/rc.conf
	chmod 111 root$rcd/amavisd-milter
	expect freebsd <<'EOT'
amavisd-milter installed maybe - place=7 extra=0 conditions=NONE problem=/usr/local/etc/rc.d/amavisd-milter: Permission denied
EOT
}

atf_init_test_cases()
{

	for case in off on dragonfly changed old_clamav enabled forms naming \
	    values order defaults profiles flags start_cmd unknown scripts options \
	    crlf hostile unreadable; do
		atf_add_test_case $case
	done
}
