#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_differential.sh - the same dialogue twice: through an MTA with its milters,
# and through the same MTA with the daemon, whose children they are.
# Owns:      the two sides, their comparison, filters, messages, dialogues.
# Called by: t_postfix.sh, h_cases.sh, sourced.
# Must not:  know a difference between Postfix and Sendmail that is not in
#            h_postfix.sh and h_sendmail.sh, but for the names below.
#
# Compared are every byte of the SMTP replies, every byte of what is delivered
# and to whom (or held, with the edits), and what each filter was told, macros
# included.  Taken out is only what no two runs have in common:
#
#	queue ids		each message has another
#	the times an MTA wrote	in its Received:, Date:, Message-Id: and greeting
#	a DKIM signature's t=, b=
#				made in another second; it is verified instead
#	numbers of sessions	a filter counts them on; here from 1 on each side
#	the client's port, ports in macros
#				chosen by the system; the filters leave them out
#	in Sendmail's queue file T K P I
#				times, priority, inode
#
# In the cases W is HM_WORK, D the data, M the messages that were made.  MTA is
# pf or sm: which of the two functions of a name is meant.

# diff_begin MTA USER...: libraries, work folder, mailboxes.
diff_begin()
{

	# The passes differ in what they run on, not in what these look at.
	if [ "${MM_TEST_REAL:-1}" = 0 ]; then
		atf_skip "TEST_REAL=0: real MTAs run in other passes"
	fi
	MTA=$1
	shift
	. "$(atf_get_srcdir)/h_milters.sh"
	. "$(atf_get_srcdir)/h_postfix.sh"
	. "$(atf_get_srcdir)/h_sendmail.sh"
	if [ $MTA = sm ] && [ -n "$(sm_missing)" ]; then
		atf_skip "$(sm_missing)"
	fi
	hm_init "$(pwd -P)/w" "$(atf_get_srcdir)"
	hm_helper h_libmilter_edit >/dev/null 2>&1 ||
	    atf_skip "libmilter is not installed"
	W=$HM_WORK
	D=$HM_SRCDIR
	M=$W/messages
	mkdir "$M"
	MARKS=
	hm_ports 12
	${MTA}_setup alice bob carol dave "$@"
}

# diff_cleanup: of every case.
diff_cleanup()
{

	. "$(atf_get_srcdir)/h_milters.sh"
	. "$(atf_get_srcdir)/h_postfix.sh"
	. "$(atf_get_srcdir)/h_sendmail.sh"
	pf_stop "$(pwd -P)/w"
	sm_stop "$(pwd -P)/w"
	hm_stop_all "$(pwd -P)/w"
}

# mta_listen PORT NAME...: these milters at this port, before sides.
mta_listen()
{

	if [ $MTA = sm ]; then
		sm_listen "$@"
		return
	fi
	m_port=$1
	shift
	pf_listen "$m_port" "$(hm_list "$@")"
}

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

# sides "CHILD..." [LINE...]: the MTA alone at port A, with the daemon at port
# B; in the control the second side is like the first.  The daemon is where
# DAEMON_AT says; over TCP each of Sendmail's commands takes 40 ms, since it
# writes twice and waits for the other's kernel in between.
sides()
{

	s_children=$1
	shift
	A=$HM_PORT3
	B=$HM_PORT4
	# shellcheck disable=SC2086
	mta_listen $A $s_children
	if [ -n "${CONTROL:-}" ]; then
		# shellcheck disable=SC2086
		mta_listen $B $s_children
	else
		# What the MTAs are told to do without one that failed.
		for s_c in $s_children; do
			set -- "$@" "milter.$s_c.fallback_status =\
 \"temporary-failure\""
		done
		hm_daemon mm "${DAEMON_AT:-unix:$W/mm.sock}" "$s_children" \
		    "$@"
		mta_listen $B mm
	fi
	${MTA}_start
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
		${MTA}_talk "$c_port" "$c_out" <"$W/$1.script"
		for f in $MARKS; do
			hm_seen "$f" "$c_out${NOTES:+.exact}/seen.$f"
		done
	done
	atf_check -o empty -e empty diff -raU 8 \
	    "$W/$1.a" "$W/$1.b"
}

# mail FILE [RECIPIENT...]: the words of one message from alice, or FROM.
mail()
{

	echo "> MAIL FROM:<${FROM:-alice@example.org}>"
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

# Messages that are odd but allowed, or that an MTA mends.
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

# big_message KILOBYTES: so much in each of two attachments, before base64.
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
		dd if=/dev/urandom bs=1024 count=$1 2>/dev/null |
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

	load_several
	load_pipelined
	load_leaves
	load_xclient
}

load_several()
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
}

load_pipelined()
{

	eicar_message >"$M/eicar"
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
}

# The client leaves: before a message, within one, within its content.
load_leaves()
{

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
}

# Another client, with a name and an address from outside: Postfix only.
load_xclient()
{

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

# load_big [KILOBYTES]
load_big()
{

	big_message "${1:-1850}" >"$M/big"
	compare big <<-END
	$({ mail "$M/big"; mail "$D/d_mail_plain.eml"; } | session)
	END
}
