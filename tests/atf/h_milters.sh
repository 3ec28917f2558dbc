#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_milters.sh - real milters, and the daemon, as plain processes of a case.
# Owns:      processes (hm_spawn to hm_stop_all), helper programs, opendkim,
#            clamd with clamav-milter, h_libmilter_edit, the daemon.
# Called by: h_postfix.sh's users (t_postfix.sh, mk/demo.sh), sourced.
# Must not:  touch a file outside HM_WORK, use the network beyond loopback, or
#            end a process that it did not start.
#
# Every name below HM_WORK is a process's: NAME.conf, NAME.out, pids/NAME,
# spec/NAME (its address, as libmilter writes it).

# hm_init WORK SRCDIR: WORK is made if need be; SRCDIR holds the helpers.
hm_init()
{

	mkdir -p "$1" || return 1
	HM_WORK=$(cd "$1" && pwd -P)
	HM_SRCDIR=$(cd "$2" && pwd -P)
	HM_SECONDS=60
	mkdir -p "$HM_WORK/pids" "$HM_WORK/spec" "$HM_WORK/bin" \
	    "$HM_WORK/daemons"
	chmod 755 "$HM_WORK" "$HM_WORK/spec"
	# Postfix's processes run under other users, which must get there; what
	# is not kyua's is not ours to open.
	hm_dir=$HM_WORK
	while :; do
		case $hm_dir in
		*/kyua.*)
			chmod o+x "$hm_dir" ;;
		*)
			break ;;
		esac
		hm_dir=$(dirname "$hm_dir")
	done
}

hm_die()
{

	echo "$*" >&2
	for hm_f in "$HM_WORK"/*.out; do
		[ -s "$hm_f" ] || continue
		echo "--- $hm_f" >&2
		tail -n 20 "$hm_f" >&2
	done
	if command -v atf_fail >/dev/null 2>&1; then
		atf_fail "$*"
	fi
	exit 1
}

# hm_helper NAME: prints a helper program's path; one that nobody has built
# yet is compiled into the work folder.
hm_helper()
{

	for hm_d in "${MM_HELPERS:-$HM_SRCDIR}" "$HM_SRCDIR" "$HM_WORK/bin"; do
		if [ -x "$hm_d/$1" ]; then
			echo "$hm_d/$1"
			return 0
		fi
	done
	hm_libs=
	case $1 in
	h_libmilter_*)
		hm_libs="-lmilter -lpthread" ;;
	h_preload_*)
		hm_libs="-fPIC -shared" ;;
	esac
	# shellcheck disable=SC2086
	${CC:-cc} -std=c99 -O1 -I "$HM_SRCDIR/../../compat" \
	    -I "$HM_SRCDIR/../../src" ${HM_CFLAGS:-} -o "$HM_WORK/bin/$1" \
	    "$HM_SRCDIR/$1.c" ${HM_LDFLAGS:-} $hm_libs >&2 || return 1
	echo "$HM_WORK/bin/$1"
}

# hm_ports N: sets HM_PORT1 to HM_PORTn to free ports.
hm_ports()
{

	hm_n=0
	for hm_p in $("$(hm_helper h_port)" free "$1"); do
		hm_n=$((hm_n + 1))
		eval "HM_PORT$hm_n=$hm_p"
	done
	[ "$hm_n" -eq "$1" ] || hm_die "no free ports"
}

# hm_spawn NAME COMMAND...: starts it, output to NAME.out.
hm_spawn()
{

	hm_name=$1
	shift
	"$@" >>"$HM_WORK/$hm_name.out" 2>&1 </dev/null &
	echo $! >"$HM_WORK/pids/$hm_name"
}

# hm_pid NAME
hm_pid()
{

	cat "$HM_WORK/pids/$1"
}

# hm_wait NAME SPEC: until it listens, or is gone, or the patience is.
hm_wait()
{

	echo "$2" >"$HM_WORK/spec/$1"
	"$(hm_helper h_port)" wait "$2" "$(hm_pid "$1")" "$HM_SECONDS" ||
	    hm_die "$1 does not listen at $2"
}

# hm_gone PID: reaps what is ours to reap, then asks.
hm_gone()
{

	jobs >/dev/null 2>&1
	! kill -0 "$1" 2>/dev/null
}

# hm_stop NAME [SIGNAL]: ends it, by its number, and waits until it is gone.
# libmilter takes seconds to notice SIGTERM, and nothing of it is lost.
hm_stop()
{

	[ -s "$HM_WORK/pids/$1" ] || return 0
	hm_p=$(hm_pid "$1")
	rm -f "$HM_WORK/pids/$1"
	hm_patience=5
	[ -e "$HM_WORK/daemons/$1" ] && hm_patience=100
	kill "-${2:-TERM}" "$hm_p" 2>/dev/null || return 0
	hm_i=0
	while ! hm_gone "$hm_p"; do
		hm_i=$((hm_i + 1))
		[ $hm_i -eq $hm_patience ] && kill -KILL "$hm_p" 2>/dev/null
		[ $hm_i -gt 150 ] && return 1
		sleep 0.1
	done
	return 0
}

# hm_stop_all WORK: for a cleanup body, which knows nothing but the folder.
hm_stop_all()
{

	HM_WORK=$1
	[ -d "$HM_WORK/pids" ] || return 0
	# The daemons first, in peace; then all others at once.
	for hm_f in "$HM_WORK"/daemons/*; do
		[ -e "$hm_f" ] && hm_stop "${hm_f##*/}"
	done
	for hm_f in "$HM_WORK"/pids/*; do
		[ -s "$hm_f" ] && kill "$(cat "$hm_f")" 2>/dev/null
	done
	for hm_f in "$HM_WORK"/pids/*; do
		[ -e "$hm_f" ] && hm_stop "${hm_f##*/}"
	done
	return 0
}

# Addresses in the words of Postfix (inet:host:port) and of the daemon.
hm_spec()
{

	cat "$HM_WORK/spec/$1"
}

hm_spec_postfix()
{

	hm_spec "$1" | sed 's/^inet:\([0-9]*\)@\[*\([^]]*\)\]*$/inet:\2:\1/'
}

hm_spec_daemon()
{

	hm_spec "$1" | sed 's/^inet:\([0-9]*\)@\(.*\)$/inet:\1@[\2]/'
}

# hm_list NAME...: smtpd_milters for these milters in this order.
hm_list()
{

	hm_l=
	for hm_m in "$@"; do
		hm_l="$hm_l${hm_l:+, }$(hm_spec_postfix "$hm_m")"
	done
	echo "$hm_l"
}

# hm_key SELECTOR DOMAIN: a signing key and the file that stands in for DNS.
hm_key()
{

	HM_SELECTOR=$1
	HM_DOMAIN=$2
	openssl genrsa -out "$HM_WORK/dkim.pem" 2048 2>/dev/null ||
	    hm_die "openssl makes no key"
	chmod 600 "$HM_WORK/dkim.pem"
	echo "$1._domainkey.$2 v=DKIM1; k=rsa; p=$(openssl rsa \
	    -in "$HM_WORK/dkim.pem" -pubout 2>/dev/null |
	    sed '/^-/d' | tr -d '\n')" >"$HM_WORK/dkim.public"
}

# hm_opendkim NAME SPEC: signs for our domain, verifies the others' mail.
hm_opendkim()
{

	cat >"$HM_WORK/$1.conf" <<-END
	Mode			sv
	Domain			$HM_DOMAIN
	Selector		$HM_SELECTOR
	KeyFile			$HM_WORK/dkim.pem
	TestPublicKeys		$HM_WORK/dkim.public
	InternalHosts		127.0.0.1
	AuthservID		mail.example.org
	AlwaysAddARHeader	yes
	SoftwareHeader		yes
	Canonicalization	relaxed/simple
	RequireSafeKeys		no
	Syslog			no
	UMask			000
	END
	hm_spawn "$1" opendkim -f -x "$HM_WORK/$1.conf" -p "$2"
	hm_wait "$1" "$2"
}

# hm_dkim_verify FILE: what opendkim's own verifier says about a message.
hm_dkim_verify()
{

	cat >"$HM_WORK/verify.conf" <<-END
	Mode			v
	TestPublicKeys		$HM_WORK/dkim.public
	Syslog			no
	END
	# Delivered-To: and the like are the delivery's, and not signed.
	opendkim -x "$HM_WORK/verify.conf" -t "$1" 2>&1 |
	    sed -n 's/^.*verification (.*) \(.*\)$/\1/p'
}

# hm_normal_dkim: takes out of a message, in a DKIM signature made on the way,
# the time and the signature proper (hm_dkim_verify looks at that).
hm_normal_dkim()
{

	LC_ALL=C awk '
	/^$/ { body = 1 }
	body { print; next }
	/^[^ \t]/ { inside = tolower($1) == "dkim-signature:"; cut = 0 }
	inside {
		if (cut)
			next
		gsub(/t=[0-9]+;/, "t=TIME;")
		if (match($0, /[ \t;]b=/)) {
			$0 = substr($0, 1, RSTART) "b=SIGNATURE"
			cut = 1
		}
	}
	{ print }'
}

# The test file that every scanner knows, in two parts so that none finds it
# in this file.
hm_eicar()
{

	printf '%s%s\n' 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR' \
	    '-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'
}

# hm_clamd NAME: with a database of one signature, at unix:NAME.sock.
hm_clamd()
{

	mkdir -p "$HM_WORK/$1.db" "$HM_WORK/$1.tmp"
	printf 'Eicar.Local:0:*:%s\n' "$(hm_eicar | tr -d '\n' |
	    od -An -v -tx1 | tr -d ' \n')" >"$HM_WORK/$1.db/local.ndb"
	cat >"$HM_WORK/$1.conf" <<-END
	DatabaseDirectory $HM_WORK/$1.db
	TemporaryDirectory $HM_WORK/$1.tmp
	LocalSocket $HM_WORK/$1.sock
	Foreground yes
	SelfCheck 0
	ScanMail yes
	StreamMaxLength 30M
	MaxThreads 4
	END
	hm_spawn "$1" clamd -c "$HM_WORK/$1.conf"
	hm_wait "$1" "unix:$HM_WORK/$1.sock"
}

# hm_clamav NAME SPEC CLAMD: refuses what clamd finds, marks the rest.
hm_clamav()
{

	mkdir -p "$HM_WORK/$1.tmp"
	cat >"$HM_WORK/$1.conf" <<-END
	MilterSocket $2
	ClamdSocket unix:$HM_WORK/$3.sock
	Foreground yes
	TemporaryDirectory $HM_WORK/$1.tmp
	OnInfected Reject
	OnFail Defer
	RejectMsg virus %v found
	AddHeader Replace
	ReportHostname mail.example.org
	LogFile $HM_WORK/$1.log
	LogInfected Full
	LogClean Basic
	END
	hm_spawn "$1" clamav-milter -c "$HM_WORK/$1.conf"
	hm_wait "$1" "$2"
}

# hm_edit NAME SPEC OPTION...: h_libmilter_edit; what it saw is in NAME.seen.
hm_edit()
{

	hm_e=$1
	hm_s=$2
	shift 2
	: >"$HM_WORK/$hm_e.seen"
	hm_spawn "$hm_e" "$(hm_helper h_libmilter_edit)" -p "$hm_s" \
	    -l "$HM_WORK/$hm_e.seen" "$@"
	hm_wait "$hm_e" "$hm_s"
}

# hm_python: one that has pymilter, if any.
hm_python()
{

	for hm_d in python3 /usr/bin/python3 /usr/local/bin/python3; do
		if $hm_d -c 'import Milter' 2>/dev/null; then
			echo $hm_d
			return 0
		fi
	done
	return 1
}

# hm_script LANGUAGE NAME SPEC SCRIPT: the same filter over libmilter (c),
# pymilter (py) or Sendmail::PMilter (pl), with the options in that file.
hm_script()
{

	case $1 in
	c)	hm_e=$(hm_helper h_libmilter_edit) ;;
	py)	hm_e="$(hm_python) $HM_SRCDIR/h_pymilter.py" ;;
	pl)	hm_e="perl $HM_SRCDIR/h_pmilter.pl" ;;
	esac
	: >"$HM_WORK/$2.seen"
	# shellcheck disable=SC2086
	hm_spawn "$2" $hm_e -p "$3" -l "$HM_WORK/$2.seen" -s "$4"
	hm_wait "$2" "$3"
}

# hm_seen NAME FILE: what that milter saw since the last call, with queue ids
# taken out; sessions are numbered from the first one in this piece.
hm_seen()
{

	hm_from=$(cat "$HM_WORK/$1.mark" 2>/dev/null || echo 0)
	# The last session's end is told when its client has left already; that
	# of an older session may be told late, and counts for nothing.
	hm_i=0
	while :; do
		tail -n "+$((hm_from + 1))" "$HM_WORK/$1.seen" >"$2.all"
		awk '$2 == "negotiate" { ours[$1] = 1 } $1 in ours' \
		    "$2.all" >"$2.raw"
		[ "$(grep -c '^s[0-9]* negotiate' "$2.raw")" -eq \
		    "$(grep -c '^s[0-9]* close' "$2.raw")" ] && break
		hm_i=$((hm_i + 1))
		[ $hm_i -gt 300 ] && hm_die "$1: a session does not end"
		sleep 0.1
	done
	echo $((hm_from + $(wc -l <"$2.all"))) >"$HM_WORK/$1.mark"
	awk '
	NR == FNR {
		if (match($0, / i=[0-9A-Za-z]+/))
			ids[substr($0, RSTART + 3, RLENGTH - 3)] = 1
		next
	}
	{
		if (!($1 in number))
			number[$1] = "s" ++n
		$1 = number[$1]
		for (id in ids)
			gsub(id, "QUEUEID")
		# Sendmail has the minute in the message id that it makes.
		gsub(/<20[0-9]+\.QUEUEID@/, "<TIME.QUEUEID@")
		gsub(/[A-Z][a-z][a-z], [0-9 ]+ [A-Z][a-z][a-z] 20[0-9][0-9] [0-9:]+ [-+][0-9]+ \([A-Z]+\)/, \
		    "DATE")
		# A signature made in another second.
		if (tolower($3) == "<dkim-signature>") {
			gsub(/t=[0-9]+;/, "t=TIME;")
			if (match($0, /( |;|\\x09)b=/))
				$0 = substr($0, 1, RSTART + RLENGTH - 1) \
				    "SIGNATURE"
		}
		# Two sessions may overlap: one after the other here.
		told[$1] = told[$1] $0 "\n"
	}
	END {
		for (i = 1; i <= n; i++)
			printf "%s", told["s" i]
	}' "$2.raw" "$2.raw" >"$2"
	rm -f "$2.raw" "$2.all"
}

# hm_daemon NAME SPEC "CHILD..." [LINE...]: the program under test, with these
# children in this order and these lines at the end of its configuration.
hm_daemon()
{

	hm_name=$1
	hm_s=$2
	hm_children=$3
	shift 3
	echo "$hm_s" >"$HM_WORK/spec/$hm_name"
	{
		echo "log.level = \"${HM_LOG_LEVEL:-default|info}\""
		echo 'log.use_syslog = false'
		echo "manager.connection_spec = \"$(hm_spec_daemon \
		    "$hm_name")\""
		echo 'manager.unix_socket_mode = 0666'
		echo "manager.spool_directory = \"$HM_WORK\""
		# The MTA itself does not make any up.
		echo 'manager.missing_macros = false'
		for hm_c in $hm_children; do
			echo "milter.$hm_c.connection_spec =" \
			    "\"$(hm_spec_daemon "$hm_c")\""
		done
		for hm_c in "$@"; do
			echo "$hm_c"
		done
	} >"$HM_WORK/$hm_name.conf"
	set -- "${MM_PROGRAM:-milter-manager}" -d -f "$HM_WORK/$hm_name.conf"
	if [ -n "${MM_TEST_BACKEND:-}" ]; then
		set -- "$@" --event-loop-backend "$MM_TEST_BACKEND"
	fi
	: >"$HM_WORK/daemons/$hm_name"
	hm_spawn "$hm_name" "$@"
	hm_wait "$hm_name" "$hm_s"
}
