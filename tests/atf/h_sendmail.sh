#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_sendmail.sh - a private Sendmail, and what comes out of it.
# Owns:      the instance below HM_WORK/sm, its delivered mail, SMTP dialogues
#            and how two of them are made comparable.
# Called by: h_differential.sh and tests of their own, sourced after
#            h_milters.sh and hm_init.
# Must not:  read or write the system's own Sendmail, look up a name, or send
#            mail anywhere.
#
# The program is not installed (its package conflicts with Postfix's):
# MM_SENDMAIL is the folder that mk/sendmail.sh unpacked it into.  One instance
# has several ports, each with filters of its own, so that the two sides of a
# comparison differ in nothing else.  It works as h_postfix.sh does, with one
# difference: sm_listen takes names of milters.
#
# Unlike Postfix here, an address outside of example.org has a mailbox, too, by
# its full name: nothing leaves, and it can be seen what would have.

# sm_missing: why there is no Sendmail to test with; nothing when there is.
sm_missing()
{

	if [ ! -x "${MM_SENDMAIL:-/nonexistent}/sendmail" ]; then
		echo "no unpacked Sendmail: run sh mk/sendmail.sh"
	elif ! command -v m4 >/dev/null; then
		echo "m4 is not installed"
	fi
}

# sm_command: the program with this instance's configuration, as words without
# blanks.  It finds its libraries, and no name server.
sm_command()
{

	echo "env LD_LIBRARY_PATH=$MM_SENDMAIL/lib" \
	    "LD_PRELOAD=$(hm_helper h_preload_names)" \
	    "$MM_SENDMAIL/sendmail -C $SM_DIR/etc/sendmail.cf"
}

# sm_setup USER...: local parts that are known at example.org.  SM_CONFIG may
# hold a line for the configuration.
sm_setup()
{

	SM_DIR=$HM_WORK/sm
	SM_NOBODY=${SM_NOBODY:-nobody}
	mkdir -p "$SM_DIR/etc" "$SM_DIR/queue" "$SM_DIR/mail"
	chmod 755 "$SM_DIR" "$SM_DIR/etc"
	chmod 700 "$SM_DIR/queue"
	chown "$SM_NOBODY" "$SM_DIR/mail"
	printf '%s\n' "$@" >"$SM_DIR/etc/users"
	: >"$SM_DIR/ports"
	: >"$SM_DIR/filters"
	: >"$SM_DIR/mc"
	# Where every message ends: a file of its own for each recipient.
	cat >"$SM_DIR/etc/deliver" <<-END
	#! /bin/sh
	# deliver ID SENDER RECIPIENT HOST
	box=$SM_DIR/mail/\$3
	test "\$4" = here || box=$SM_DIR/mail/\$3@\$4
	mkdir -p "\$box" || exit 75
	n=1
	while test -e "\$box/\$1.\$n"; do
		n=\$((n + 1))
	done
	{ echo "envelope sender <\$2>"; cat; } >"\$box/\$1.\$n" || exit 75
	END
	chmod 755 "$SM_DIR/etc/deliver"
	cat >"$SM_DIR/etc/switch" <<-END
	hosts files
	aliases files
	passwd files
	END
}

# sm_listen PORT NAME...: before sm_start; the milters at this port.
sm_listen()
{

	sm_port=$1
	shift
	echo "$sm_port" >>"$SM_DIR/ports"
	sm_names=
	for sm_m in "$@"; do
		sm_names="$sm_names${sm_names:+;}$sm_m"
		grep -q "^$sm_m\$" "$SM_DIR/filters" && continue
		echo "$sm_m" >>"$SM_DIR/filters"
		echo "MAIL_FILTER(\`$sm_m', \`S=$(hm_spec "$sm_m")," \
		    "F=${SM_FAILURE:-T}, T=C:10s;S:60s;R:60s;E:5m')" \
		    >>"$SM_DIR/mc"
	done
	# The same name at every port: filters are told it.
	echo "DAEMON_OPTIONS(\`Name=MTA, Addr=127.0.0.1, Family=inet," \
	    "Port=$sm_port, InputMailFilters=$sm_names')" >>"$SM_DIR/mc"
}

# What m4 reads, without the mailers.  The load of the machine is none of its
# business, and nothing is looked up outside.
sm_mc()
{

	sm_mm=confMILTER_MACROS_CONNECT
	sm_type=DNS/RFC822/X-Unix
	sm_arg='A=deliver $i $g $u $h'
	cat <<-END
	VERSIONID(\`test')
	OSTYPE(\`linux')
	FEATURE(\`no_default_msa')
	FEATURE(\`nocanonify')
	FEATURE(\`accept_unresolvable_domains')
	FEATURE(\`accept_unqualified_senders')
	FEATURE(\`relay_entire_domain')
	FEATURE(\`promiscuous_relay')
	undefine(\`ALIAS_FILE')
	define(\`STATUS_FILE', \`')
	define(\`HELP_FILE', \`')
	define(\`QUEUE_DIR', \`$SM_DIR/queue')
	define(\`confPID_FILE', \`$SM_DIR/pid')
	define(\`confDOMAIN_NAME', \`mail.example.org')
	LOCAL_DOMAIN(\`example.org')
	define(\`confSERVICE_SWITCH_FILE', \`$SM_DIR/etc/switch')
	define(\`confHOSTS_FILE', \`/dev/null')
	define(\`confDONT_PROBE_INTERFACES', \`true')
	define(\`confDONT_BLAME_SENDMAIL', \`TrustStickyBit')
	define(\`confLOG_LEVEL', \`0')
	define(\`confTO_IDENT', \`0')
	define(\`confTIME_ZONE', \`UTC')
	define(\`confQUEUE_LA', \`10000')
	define(\`confREFUSE_LA', \`10000')
	define(\`confBAD_RCPT_THROTTLE', \`0')
	define(\`confDELIVERY_MODE', \`background')
	define(\`confFORWARD_PATH', \`')
	define(\`confCOPY_ERRORS_TO', \`')
	define(\`confDOUBLE_BOUNCE_ADDRESS', \`')
	define(\`confMAX_MESSAGE_SIZE', \`30000000')
	define(\`confEIGHT_BIT_HANDLING', \`pass8')
	define(\`$sm_mm', $sm_mm\`, v, {client_addr}, {client_ptr}')
	END
	cat "$SM_DIR/mc"
	cat <<-END
	LOCAL_CONFIG
	${SM_CONFIG:-}
	F{KnownUsers}-o $SM_DIR/etc/users
	LOCAL_RULE_0
	R\$={KnownUsers} < @ \$=w . >	\$#file \$@ here \$: \$1
	R\$* < @ \$=w . >		\$#error \$@ 5.1.1 \$: "550 User unknown"
	R\$={KnownUsers}		\$#file \$@ here \$: \$1
	R\$+ < @ \$+ . >		\$#file \$@ \$2 \$: \$1
	R\$+ < @ \$+ >			\$#file \$@ \$2 \$: \$1
	MAILER_DEFINITIONS
	Mlocal,	P=/bin/false, F=lsDFM, T=$sm_type, A=false
	Mprog,	P=/bin/false, F=lsDFM, T=$sm_type, A=false
	Mfile,	P=$SM_DIR/etc/deliver, F=DFMnuh8, U=$SM_NOBODY, T=$sm_type, $sm_arg
	END
}

sm_start()
{

	{
		echo 'divert(-1)'
		echo 'divert(0)dnl'
		sm_mc | sed 's/^	//'
	} >"$SM_DIR/etc/sendmail.mc"
	m4 -D_CF_DIR_="$MM_SENDMAIL/cf/" "$MM_SENDMAIL/cf/m4/cf.m4" \
	    "$SM_DIR/etc/sendmail.mc" >"$SM_DIR/etc/sendmail.cf" \
	    2>"$HM_WORK/m4.out" || hm_die "m4 fails"
	# shellcheck disable=SC2046
	hm_spawn sendmail $(sm_command) -bD
	# Each look at a port is a session for the filters, too; one that has
	# gone as far as the greeting is known to all of them.
	while read -r sm_p; do
		sm_i=0
		until printf '> QUIT\neof\n' | "$(hm_helper h_smtp)" "$sm_p" \
		    >"$HM_WORK/sm.greeting" 2>&1; do
			sm_i=$((sm_i + 1))
			if [ $sm_i -gt 300 ] || hm_gone "$(hm_pid sendmail)"
			then
				cat "$HM_WORK/sm.greeting" >&2
				hm_die "Sendmail does not answer"
			fi
			sleep 0.1
		done
	done <"$SM_DIR/ports"
}

# sm_stop WORK: for a cleanup body; the daemon itself is one of hm_stop_all's.
sm_stop()
{

	HM_WORK=$1
	[ ! -s "$1/pids/sendmail" ] || hm_stop sendmail
	return 0
}

# sm_talk PORT OUT <SCRIPT, or a command that speaks SMTP in place of the port:
# the dialogue to OUT/smtp (queue ids and times taken out) and the mail that it
# led to: one OUT/N.MAILBOX for the Nth accepted message and each mailbox, or
# OUT/N.HOLD (what the queue says of it), OUT/N.DISCARD.  OUT.exact is as it
# came.
sm_talk()
{

	sm_out=$2
	mkdir -p "$sm_out" "$sm_out.exact"
	# shellcheck disable=SC2086
	"$(hm_helper h_smtp)" $1 >"$sm_out.exact/smtp" ||
	    hm_die "the SMTP dialogue broke off"
	sed -e 's/^\(S: 250 2\.0\.0 \)[0-9A-Za-z]* Message/\1QUEUEID Message/' \
	    -e '/^S: 220 /s/; .* GMT/; DATE/' \
	    "$sm_out.exact/smtp" >"$sm_out/smtp"
	sm_n=0
	for sm_id in $(sed -n 's/^S: 250 2\.0\.0 \([0-9A-Za-z]*\) Message .*/\1/p' \
	    "$sm_out.exact/smtp"); do
		sm_n=$((sm_n + 1))
		sm_collect "$sm_id" "$sm_n"
	done
}

# sm_end ID: how a message ended: removed, hold or discard.  When the client
# was told that it is accepted, its files were there, or it was discarded.
sm_end()
{

	sm_i=0
	while [ $sm_i -lt 600 ]; do
		if [ -f "$SM_DIR/queue/hf$1" ]; then
			echo hold
			return
		fi
		if [ ! -f "$SM_DIR/queue/qf$1" ] &&
		    [ ! -f "$SM_DIR/queue/df$1" ] &&
		    [ ! -f "$SM_DIR/queue/xf$1" ]; then
			if find "$SM_DIR/mail" -name "$1.*" | grep -q .; then
				echo removed
			else
				echo discard
			fi
			return
		fi
		sm_i=$((sm_i + 1))
		sleep 0.1
	done
}

# sm_collect ID N
sm_collect()
{

	case $(sm_end "$1") in
	removed)
		;;
	hold)
		cat "$SM_DIR/queue/hf$1" "$SM_DIR/queue/df$1" \
		    >"$sm_out.exact/$2.HOLD"
		# Its times, the priority that follows from them, the inode.
		sed 's/^\([TKPI]\)[0-9][0-9\/]*$/\1NUMBER/' \
		    "$sm_out.exact/$2.HOLD" |
		    sm_normal "$1" >"$sm_out/$2.HOLD"
		return ;;
	discard)
		echo "(discarded)" >"$sm_out/$2.DISCARD"
		return ;;
	*)
		hm_die "$1: not delivered" ;;
	esac
	find "$SM_DIR/mail" -name "$1.*" | sort >"$sm_out.exact/list"
	sed 's/^.*\/\([^/]*\)\/[^/]*$/\1/' "$sm_out.exact/list" \
	    >"$sm_out/$2.recipients"
	while read -r sm_f; do
		sm_box=${sm_f%/*}
		sm_k=$sm_out.exact/$2.${sm_box##*/}
		# The same message twice in one box is one file more.
		while [ -e "$sm_k" ]; do
			sm_k=$sm_k+
		done
		cp "$sm_f" "$sm_k"
		sm_normal "$1" <"$sm_k" >"$sm_out/${sm_k##*/}"
	done <"$sm_out.exact/list"
}

# sm_normal ID: takes out of a message what no two runs have in common: the
# queue id, the times that Sendmail wrote (all of its own are in GMT here), and
# in a DKIM signature made on the way the time and the signature proper.
sm_normal()
{

	sm_day='[A-Z][a-z][a-z],  *[0-9]* [A-Z][a-z][a-z] 20[0-9][0-9]'
	LC_ALL=C sed -e "s/$1/QUEUEID/g" \
	    -e 's/20[0-9]\{10\}\.QUEUEID@/TIME.QUEUEID@/g' \
	    -e "s/$sm_day [0-9:]* GMT\$/DATE/" |
	    hm_normal_dkim
}
