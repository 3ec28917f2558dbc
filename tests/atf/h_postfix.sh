#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_postfix.sh - a private Postfix, and what comes out of it.
# Owns:      the instance below HM_WORK/pf, its delivered mail, SMTP dialogues
#            and how two of them are made comparable.
# Called by: h_differential.sh, mk/demo.sh, sourced after h_milters.sh and
#            hm_init.
# Must not:  read or write the system's own Postfix, or send mail anywhere.
#
# One instance has several smtpd listeners, each with milters of its own, so
# that the two sides of a comparison differ in nothing else.

# pf_setup USER...: local parts that are known at example.org.
pf_setup()
{

	PF_DIR=$HM_WORK/pf
	PF_NOBODY=${PF_NOBODY:-nobody}
	mkdir -p "$PF_DIR/etc" "$PF_DIR/queue" "$PF_DIR/data" "$PF_DIR/mail" \
	    "$PF_DIR/log"
	chmod 755 "$PF_DIR" "$PF_DIR"/*
	chown "$(postconf -dh mail_owner)" "$PF_DIR/data"
	chown "$PF_NOBODY" "$PF_DIR/mail"
	for pf_u in "$@"; do
		echo "$pf_u@example.org $pf_u/"
	done >"$PF_DIR/etc/users"
	pf_uid=$(id -u "$PF_NOBODY")
	pf_gid=$(id -g "$PF_NOBODY")
	cat >"$PF_DIR/etc/main.cf" <<-END
	compatibility_level = 3.6
	queue_directory = $PF_DIR/queue
	data_directory = $PF_DIR/data
	maillog_file = $PF_DIR/log/maillog
	maillog_file_prefixes = $PF_DIR/log
	myhostname = mail.example.org
	mydomain = example.org
	mydestination =
	inet_interfaces = 127.0.0.1
	inet_protocols = ipv4
	mynetworks = 127.0.0.0/8
	disable_dns_lookups = yes
	smtp_host_lookup = native
	smtpd_peername_lookup = no
	smtpd_authorized_xclient_hosts = 127.0.0.0/8
	smtpd_client_connection_count_limit = 0
	default_transport = error:no mail leaves this place
	relay_transport = error:no mail leaves this place
	local_transport = error:no mail leaves this place
	alias_maps =
	alias_database =
	local_recipient_maps =
	virtual_mailbox_domains = example.org
	virtual_mailbox_base = $PF_DIR/mail
	virtual_mailbox_maps = texthash:$PF_DIR/etc/users
	virtual_mailbox_limit = 0
	virtual_minimum_uid = 1
	virtual_uid_maps = static:$pf_uid
	virtual_gid_maps = static:$pf_gid
	message_size_limit = 30000000
	enable_long_queue_ids = yes
	milter_protocol = 6
	milter_default_action = tempfail
	milter_connect_timeout = 10s
	END
	cat >"$PF_DIR/etc/master.cf" <<-END
	pickup	unix n - n 60 1 pickup
	cleanup	unix n - n - 0 cleanup
	qmgr	unix n - n 300 1 qmgr
	rewrite	unix - - n - - trivial-rewrite
	bounce	unix - - n - 0 bounce
	defer	unix - - n - 0 bounce
	trace	unix - - n - 0 bounce
	verify	unix - - n - 1 verify
	flush	unix n - n 1000? 0 flush
	proxymap unix - - n - - proxymap
	showq	unix n - n - - showq
	error	unix - - n - - error
	retry	unix - - n - - error
	virtual	unix - n n - - virtual
	anvil	unix - - n - 1 anvil
	postlog	unix-dgram n - n - 1 postlogd
	END
}

# pf_listen PORT SMTPD_MILTERS [NAME=VALUE...]: before pf_start.
pf_listen()
{

	echo "127.0.0.1:$1 inet n - n - - smtpd"
	echo "  -o { smtpd_milters = $2 }"
	shift 2
	for pf_o in "$@"; do
		echo "  -o { $pf_o }"
	done
} >>"$PF_DIR/etc/master.cf"

pf_start()
{

	# It is back when all ports are open: no need to try them, which would
	# be sessions for the milters.
	postfix -c "$PF_DIR/etc" start >"$HM_WORK/postfix.out" 2>&1 || {
		cat "$PF_DIR/log/maillog" >&2
		hm_die "Postfix does not start"
	}
}

# pf_stop WORK: for a cleanup body as well.
pf_stop()
{

	[ -f "$1/pf/queue/pid/master.pid" ] || return 0
	postfix -c "$1/pf/etc" stop >>"$1/postfix.out" 2>&1
	return 0
}

# pf_talk PORT OUT <SCRIPT: the dialogue to OUT/smtp (queue ids taken out) and
# the mail that it led to: one OUT/N.MAILBOX for the Nth accepted message and
# each mailbox, or OUT/N.HOLD, OUT/N.DISCARD.  OUT.exact is as it came.
pf_talk()
{

	pf_out=$2
	mkdir -p "$pf_out" "$pf_out.exact"
	"$(hm_helper h_smtp)" "$1" >"$pf_out.exact/smtp" ||
	    hm_die "the SMTP dialogue broke off"
	sed 's/queued as [0-9A-Za-z]*/queued as QUEUEID/' \
	    "$pf_out.exact/smtp" >"$pf_out/smtp"
	pf_n=0
	for pf_id in $(sed -n 's/^S: 250 .*queued as \([0-9A-Za-z]*\).*/\1/p' \
	    "$pf_out.exact/smtp"); do
		pf_n=$((pf_n + 1))
		pf_collect "$pf_id" "$pf_n"
	done
}

# pf_submit OUT SENDER RECIPIENT <MESSAGE: by the sendmail command; what came of
# it is in OUT as pf_talk has it.  The milters are main.cf's non_smtpd_milters.
pf_submit()
{

	pf_out=$1
	mkdir -p "$pf_out" "$pf_out.exact"
	pf_n=$(grep -c 'postfix/pickup.*: uid=' "$PF_DIR/log/maillog")
	PATH=/usr/sbin:$PATH sendmail -C "$PF_DIR/etc" -i -f "$2" "$3" ||
	    hm_die "the sendmail command fails"
	pf_i=0
	until pf_id=$(sed -n \
	    's/^.*postfix\/pickup[^ ]* \([0-9A-Za-z]*\): uid=.*/\1/p' \
	    "$PF_DIR/log/maillog" | tail -n "+$((pf_n + 1))" | grep .); do
		pf_i=$((pf_i + 1))
		[ $pf_i -gt 300 ] && hm_die "nobody picks the message up"
		sleep 0.1
	done
	pf_k=$(find "$pf_out" -name '*.end' | grep -c .)
	pf_n=$((pf_k + 1))
	pf_end "$pf_id" >"$pf_out/$pf_n.end"
	pf_collect "$pf_id" "$pf_n"
}

# pf_end ID: how a message ended: removed, hold or discard.  One that a milter
# had discarded leaves no line in the log: its file is not there, and stays so.
pf_end()
{

	pf_i=0
	pf_gone=0
	while [ $pf_i -lt 600 ]; do
		if grep -q " $1: removed" "$PF_DIR/log/maillog"; then
			echo removed
			return
		fi
		if [ -f "$PF_DIR/queue/hold/$1" ]; then
			echo hold
			return
		fi
		if find "$PF_DIR/queue/incoming" "$PF_DIR/queue/active" \
		    "$PF_DIR/queue/deferred" -name "$1" 2>/dev/null |
		    grep -q .; then
			pf_gone=0
		else
			pf_gone=$((pf_gone + 1))
			if [ $pf_gone -gt 5 ]; then
				echo discard
				return
			fi
		fi
		pf_i=$((pf_i + 1))
		sleep 0.1
	done
}

# pf_collect ID N
pf_collect()
{

	case $(pf_end "$1") in
	removed)
		;;
	hold)
		postcat -c "$PF_DIR/etc" -bh "$PF_DIR/queue/hold/$1" \
		    >"$pf_out.exact/$2.HOLD"
		pf_normal "$1" <"$pf_out.exact/$2.HOLD" >"$pf_out/$2.HOLD"
		return ;;
	discard)
		echo "(discarded)" >"$pf_out/$2.DISCARD"
		return ;;
	*)
		hm_die "$1: not delivered" ;;
	esac
	grep -l -e "id $1\$" -e "id $1;" "$PF_DIR"/mail/*/new/* \
	    >"$pf_out.exact/list" 2>/dev/null
	grep " $1: to=" "$PF_DIR/log/maillog" |
	    sed 's/^.* \(to=<[^>]*>\).*\(status=[a-z]*\).*/\1 \2/' | sort \
	    >"$pf_out/$2.recipients"
	while read -r pf_f; do
		pf_box=${pf_f%/new/*}
		pf_box=${pf_box##*/}
		pf_k=$pf_out.exact/$2.$pf_box
		# The same message twice in one box is one file more.
		while [ -e "$pf_k" ]; do
			pf_k=$pf_k+
		done
		cp "$pf_f" "$pf_k"
		pf_normal "$1" <"$pf_k" >"$pf_out/${pf_k##*/}"
	done <"$pf_out.exact/list"
}

# pf_normal ID: takes out of a message what no two runs have in common: the
# queue id, the times Postfix wrote, and in a DKIM signature made on the way
# the time and the signature proper (hm_dkim_verify looks at that).
pf_normal()
{

	LC_ALL=C sed -e "s/$1/QUEUEID/g" \
	    -e 's/[A-Z][a-z][a-z],  *[0-9]* [A-Z][a-z][a-z] 20[0-9][0-9] [0-9:]* [-+][0-9]* ([A-Z]*)$/DATE/' |
	    hm_normal_dkim
}
