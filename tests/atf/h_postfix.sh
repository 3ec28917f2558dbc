#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_postfix.sh - a private Postfix, and what comes out of it.
# Owns:      the instance below HM_WORK/pf, its delivered mail, SMTP dialogues
#            and how two of them are made comparable; at the end the filters,
#            messages and dialogues that the cases share.
# Called by: t_postfix.sh, mk/demo.sh, sourced after h_milters.sh and hm_init.
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

	pf_ports=$(sed -n 's/^127\.0\.0\.1:\([0-9]*\) .*/\1/p' \
	    "$PF_DIR/etc/master.cf")
	postfix -c "$PF_DIR/etc" start >"$HM_WORK/postfix.out" 2>&1 || {
		cat "$PF_DIR/log/maillog" >&2
		hm_die "Postfix does not start"
	}
	pf_n=0
	for pf_p in $pf_ports; do
		"$(hm_helper h_port)" wait "inet:$pf_p" 0 "$HM_SECONDS" ||
		    hm_die "Postfix does not listen"
		pf_n=$((pf_n + 1))
	done
	# Those were sessions for the milters, too: let them end.
	pf_i=0
	until [ "$(grep -c ': disconnect from' "$PF_DIR/log/maillog")" -ge \
	    $pf_n ]; do
		pf_i=$((pf_i + 1))
		[ $pf_i -gt 300 ] && {
			cat "$PF_DIR/log/maillog" >&2
			hm_die "Postfix does not answer"
		}
		sleep 0.1
	done
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

# --- for the cases: W is HM_WORK, D the data, M the messages made -----------

# Each filter in both places: its name is its job.
filters()
{

	for f in "$@"; do
		case $f in
		first)
			filter first -a 'X-First: added' \
			    -i '1 X-Inserted: by first' \
			    -c '1 Subject: [changed] subject' \
			    -d '1 X-Remove' -b 'a line that first added' \
			    -A carol@example.org -D '<bob@example.org>' ;;
		last)
			filter last -a 'X-Last: added' -i '0 X-Top: by last' ;;
		dkim)
			hm_opendkim dkim "inet:$HM_PORT1@127.0.0.1" ;;
		clam)
			hm_clamd clamd
			hm_clamav clam "inet:$HM_PORT2@127.0.0.1" clamd ;;
		esac
	done
}

# filter NAME OPTION...: a libmilter filter whose notes are compared, too.
filter()
{

	f_name=$1
	shift
	hm_edit "$f_name" "unix:$W/$f_name.sock" "$@"
	MARKS="$MARKS $f_name"
}

# sides "CHILD..." [LINE...]: Postfix alone at port A, with the daemon at port
# B; in the control the second side is like the first.
sides()
{

	s_children=$1
	shift
	A=$HM_PORT3
	B=$HM_PORT4
	# shellcheck disable=SC2086
	pf_listen $A "$(hm_list $s_children)"
	if [ -n "${CONTROL:-}" ]; then
		# shellcheck disable=SC2086
		pf_listen $B "$(hm_list $s_children)"
	else
		hm_daemon mm "inet:$HM_PORT5@127.0.0.1" "$s_children" "$@"
		pf_listen $B "$(hm_list mm)"
	fi
	pf_start
	for f in $MARKS; do
		hm_seen "$f" "$W/skipped"
	done
}

# compare NAME <SCRIPT: both sides, and not a byte of difference; with NOTES
# set to "apart" the filters' notes may differ.
compare()
{

	cat >"$W/$1.script"
	for side in a b; do
		c_out=$W/$1.$side
		if [ $side = a ]; then c_port=$A; else c_port=$B; fi
		pf_talk "$c_port" "$c_out" <"$W/$1.script"
		for f in $MARKS; do
			hm_seen "$f" "$c_out${NOTES:+.exact}/seen.$f"
		done
	done
	atf_check -o empty -e empty diff -ra "$W/$1.a" "$W/$1.b"
}

# mail FILE [RECIPIENT...]: the words of one message from alice.
mail()
{

	echo "> MAIL FROM:<alice@example.org>"
	m_file=$1
	shift
	for r in "${@:-bob@example.org}"; do
		echo "> RCPT TO:<$r>"
	done
	echo "> DATA"
	echo "data $m_file"
}

session()
{

	echo "> EHLO client.example.net"
	cat
	echo "> QUIT"
	echo "eof"
}

eicar_message()
{

	cat <<-'END'
	From: alice@example.org
	To: bob@example.org
	Subject: a test file
	Date: Tue, 3 Mar 2026 10:00:03 +0100
	Message-ID: <eicar.1@client.example.org>

	END
	hm_eicar
}

# Messages that are odd but allowed, or that Postfix mends.
odd_messages()
{

	o_head="From: alice@example.org
Date: Tue, 3 Mar 2026 10:00:04 +0100
Message-ID: <odd.1@client.example.org>
To: bob@example.org"
	printf '%s\nSubject: no body, no empty line\n' "$o_head" >"$M/nobody"
	printf '%s\nSubject: no body\n\n' "$o_head" >"$M/emptybody"
	printf '%s\n\nno subject\n' "$o_head" >"$M/nosubject"
	: >"$M/nothing"
	printf '\nonly a body\n' >"$M/noheaders"
	printf 'no header at all, no empty line\n' >"$M/bodyonly"
	printf 'From alice@example.org Tue Mar  3 10:00:00 2026\n%s\n\nmbox\n' \
	    "$o_head" >"$M/mboxline"
	printf '%s\nSubject: crlf, cr\n\na\rb\r\rc\n\n\n\n' "$o_head" >"$M/cr"
	printf '%s\nSubject: nul\n\na\000b\n' "$o_head" >"$M/nul"
	printf '%s\nSubject: no line end\n\nthe end' "$o_head" >"$M/noend"
	printf '%s\nX-Blank: \nX-Tab:\tafter a tab\nX-Name : space\n%s\n\nx\n' \
	    "$o_head" "subject: small letters" >"$M/headers"
	awk -v head="$o_head" 'BEGIN {
		print head
		printf "X-Long: "
		for (i = 0; i < 5000; i++)
			printf "word%d ", i
		print "\nX-Long-Folded: a"
		for (i = 0; i < 2000; i++)
			print "\tcontinuation " i
		print ""
		for (i = 0; i < 3000; i++)
			printf "long%d ", i
		print "\n" 
		for (i = 0; i < 70000; i++)
			printf "x"
		print ""
	}' >"$M/longlines"
	awk -v head="$o_head" 'BEGIN {
		print head
		for (i = 0; i < 500; i++)
			print "X-Many: header number " i
		print "\nmany headers"
	}' >"$M/manyheaders"
	# The body ends exactly at, before and behind a body chunk's limit.
	for o_n in 65533 65534 65535 65536; do
		awk -v head="$o_head" -v n=$o_n 'BEGIN {
			print head "\n"
			for (n -= 2; n > 80; n -= 80)
				printf "%078d\n", n
			while (n-- > 0)
				printf "e"
			print ""
		}' >"$M/chunk$o_n"
	done
}

big_message()
{

	cat <<-'END'
	From: alice@example.org
	To: bob@example.org
	Subject: big
	Date: Tue, 3 Mar 2026 10:00:05 +0100
	Message-ID: <big.1@client.example.org>
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary="=_part"

	--=_part
	Content-Type: text/plain

	Two attachments.
	END
	for i in 1 2; do
		echo "--=_part"
		echo "Content-Type: application/octet-stream; name=\"f$i.bin\""
		echo "Content-Transfer-Encoding: base64"
		echo
		dd if=/dev/urandom bs=1024 count=1850 2>/dev/null |
		    openssl base64
	done
	echo "--=_part--"
}

# All of the mail that is expected to pass.
load_clean()
{

	compare plain <<-END
	$(mail "$D/d_mail_plain.eml" bob@example.org dave@example.org | session)
	END
	compare mime <<-END
	$(mail "$D/d_mail_mime.eml" | session)
	END
	compare eightbit <<-END
	$(mail "$D/d_mail_8bit.eml" | sed 's/^> MAIL.*/& BODY=8BITMIME/' |
	    session)
	END
}

load_eicar()
{

	eicar_message >"$M/eicar"
	compare eicar <<-END
	$(mail "$M/eicar" | session)
	END
}

load_session()
{

	eicar_message >"$M/eicar"
	compare several <<-END
	> NOOP
	> HELO again.example.net
	> EHLO client.example.net
	$(mail "$D/d_mail_plain.eml")
	$(mail "$M/eicar")
	$(mail "$D/d_mail_mime.eml" alice@example.org nosuch@example.org)
	> MAIL FROM:<alice@example.org> SIZE=1000 BODY=8BITMIME
	> RCPT TO:<bob@example.org> NOTIFY=NEVER
	> RSET
	> RCPT TO:<bob@example.org>
	> MAIL FROM:<>
	> RSET
	> BOGUS command
	> VRFY bob@example.org
	> MAIL FROM:<alice@example.org>
	> MAIL FROM:<bob@example.org>
	> BOGUS in a transaction
	> RCPT TO:<nosuch@example.org>
	> DATA
	> RCPT TO:<carol@elsewhere.example>
	> RCPT TO:<carol@example.org>
	> DATA
	data $D/d_mail_8bit.eml
	$(mail "$D/d_mail_plain.eml" nosuch@example.org)
	> MAIL FROM:<>
	> RCPT TO:<dave@example.org>
	> DATA
	data $D/d_mail_plain.eml
	> QUIT
	eof
	END
	compare pipelined <<-END
	> EHLO client.example.net
	+ MAIL FROM:<alice@example.org>
	+ RCPT TO:<bob@example.org>
	+ RCPT TO:<nosuch@example.org>
	+ DATA
	flush
	+data $D/d_mail_plain.eml
	+ MAIL FROM:<alice@example.org>
	+ RCPT TO:<dave@example.org>
	+ RSET
	+ NOOP
	+ MAIL FROM:<bob@example.org>
	+ RCPT TO:<alice@example.org>
	+ DATA
	flush
	+data $M/eicar
	+ MAIL FROM:<alice@example.org>
	+ RCPT TO:<bob@example.org>
	+ DATA
	flush
	+data $D/d_mail_mime.eml
	+ QUIT
	flush
	eof
	END
	# The client leaves: before a message, within one, within its content.
	printf 'From: alice@example.org\r\nSubject: x\r\n\r\nhalf a mess' \
	    >"$M/half"
	compare leaves <<-END
	> EHLO client.example.net
	reconnect
	reconnect
	> EHLO client.example.net
	> MAIL FROM:<alice@example.org>
	reconnect
	> EHLO client.example.net
	> MAIL FROM:<alice@example.org>
	> RCPT TO:<bob@example.org>
	> DATA
	raw $M/half
	reconnect
	$(mail "$D/d_mail_plain.eml" | session)
	END
	# Another client, with a name and an address from outside.
	compare xclient <<-END
	> XCLIENT NAME=mx.example.net ADDR=192.0.2.7 PORT=2525
	> EHLO mx.example.net
	> MAIL FROM:<erin@example.net>
	> RCPT TO:<bob@example.org>
	> RCPT TO:<erin@example.net>
	> DATA
	data $D/d_mail_mime.eml
	> XCLIENT NAME=mx6.example.net ADDR=IPV6:2001:db8::7
	> HELO mx6.example.net
	> MAIL FROM:<erin@example.net>
	> RCPT TO:<bob@example.org>
	> DATA
	data $D/d_mail_plain.eml
	> QUIT
	eof
	END
}

load_odd()
{

	odd_messages
	for f in nobody emptybody nosubject nothing noheaders bodyonly \
	    mboxline cr nul noend headers longlines manyheaders chunk65533 \
	    chunk65534 chunk65535 chunk65536; do
		mail "$M/$f"
	done >"$W/odd"
	compare odd <<-END
	$(session <"$W/odd")
	END
}

load_big()
{

	big_message >"$M/big"
	compare big <<-END
	$({ mail "$M/big"; mail "$D/d_mail_plain.eml"; } | session)
	END
}
