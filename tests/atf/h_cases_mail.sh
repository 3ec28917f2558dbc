#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_cases_mail.sh - the cases about verdicts, recipients, sessions, messages,
# ways in, and children over other libraries.
# Owns:      their dialogues, and what is left out of them and why.
# Called by: h_cases.sh, which lists them.
# Must not:  say what the outcome has to be: the MTA alone says that.
# shellcheck disable=SC2034 # much is set for h_differential.sh

WORDS="accept reject tempfail discard r550 r451 rlines tlines rper rbare r521 \
r421"

# deed WORD: what the filter does for it.
deed()
{

	case $1 in
	r550)	echo '550 5.7.1 go away' ;;
	r451)	echo '451 4.7.1 come back' ;;
	rlines)	echo '550 5.7.1 not here|not there|nowhere' ;;
	tlines)	echo '450 4.2.0 not now|later' ;;
	rper)	echo '554 5.7.1 I am 100%% sure' ;;
	rbare)	echo '553 no code of the enhanced kind' ;;
	r521)	echo '521 5.3.2 no service' ;;
	r421)	echo '421 4.3.2 closing' ;;
	*)	echo "$1" ;;
	esac
}

# --- verdicts ---------------------------------------------------------------

# verdicts "STAGE..." [LANGUAGE [WORD...]]: each at each stage, by the child in
# the middle, in a connection of its own, and a message after it.
verdicts()
{

	v_stages=$1
	v_language=${2:-c}
	[ $# -le 2 ] || { shift 2; WORDS=$*; }
	begin
	echo 'a Z: by the first' >"$W/s1"
	echo 'a Z: by the second' >"$W/s2"
	echo 'a Z: by the third' >"$W/s3"
	v_n=10
	for v_stage in $v_stages; do
		for v in $WORDS; do
			v_n=$((v_n + 1))
			case $v_stage in
			connect)	v_text="127.0.0.$v_n]" ;;
			helo)		v_text="$v.example.net" ;;
			rcpt)		v_text="<$v@" ;;
			header)		v_text="X-$v" ;;
			unknown)	v_text="DO-$v" ;;
			*)		v_text="<$v_stage.$v@" ;;
			esac
			echo "v $v_stage:$v_text=$(deed "$v")" >>"$W/s2"
			verdict_dialogue
		done
	done >"$W/dialogue"
	trio c "$v_language" c
	compare verdicts <"$W/dialogue"
}

verdict_dialogue()
{

	v_helo=client v_from=alice@example.org v_to="" v_file=$M/base
	echo "# $v at $v_stage"
	case $v_stage in
	connect)
		echo "from 127.0.0.$v_n" ;;
	*)
		echo reconnect ;;
	esac
	case $v_stage in
	helo)	v_helo=$v ;;
	connect | unknown)
		;;
	rcpt)	v_to="alice@example.org $v@example.org carol@example.org" ;;
	header)
		v_file=$M/$v
		sed "s/^Y:.*/&\\
X-$v: x/" "$M/base" >"$v_file" ;;
	*)	v_from=$v_stage.$v@example.net ;;
	esac
	echo "> EHLO $v_helo.example.net"
	[ "$v_stage" != unknown ] || echo "> DO-$v something"
	# shellcheck disable=SC2086
	FROM=$v_from mail "$v_file" $v_to
	case $v_stage in
	data)	# Else an envelope without RSET would confuse libmilter.
		echo "> RSET" ;;
	esac
	mail "$M/base" dave@example.org
	echo "> QUIT"
}

# A refusal of a child here is the daemon's own to the MTA, which then tells
# the daemon, and so the other children, nothing more.  To discard a session
# means nothing to Postfix; Sendmail would stop filtering it, the daemon not.
verdict_connect_case()
{

	NOTES=apart
	verdicts connect c accept reject tempfail r550 r451 rlines tlines \
	    rper rbare r521 r421
}

verdict_helo_case()
{

	NOTES=apart
	verdicts helo
}

verdict_mail_case()
{

	verdicts mail
}

verdict_rcpt_case()
{

	verdicts rcpt
}

verdict_data_case()
{

	verdicts data
}

verdict_header_case()
{

	verdicts header
}

verdict_eoh_case()
{

	verdicts eoh
}

verdict_body_case()
{

	verdicts body
}

verdict_eom_case()
{

	verdicts eom
}

# An MTA does something else than asked for accept (Postfix 3.7 panics) and
# discard (both throw the next message away); the daemon lets neither pass.
verdict_unknown_case()
{

	verdicts unknown c reject tempfail r550 r451 rlines rbare
}

# Postfix tells a filter to abort a message that it never heard of, when it
# hangs up here; the daemon knows better.
verdict_unknown_bye_case()
{

	NOTES=apart
	verdicts unknown c r521 r421
}

# --- recipients, sessions, messages -----------------------------------------

mixed_case()
{

	begin
	cat >"$W/s1" <<-'END'
	v rcpt:<r550@=550 5.7.1 refused by the first
	v rcpt:<tempfail@=tempfail
	a Z: by the first
	END
	cat >"$W/s2" <<-'END'
	v rcpt:<r451@=451 4.7.1 deferred by the second
	v rcpt:<reject@=reject
	v rcpt:<accept@=accept
	a Z: by the second
	END
	cat >"$W/s3" <<-'END'
	w rcptrej
	v rcpt:<rlines@=550 5.7.1 refused|by the third
	a Z: by the third
	END
	trio
	e=example.org
	{
		echo "# some of each"
		mail "$M/base" alice@$e r550@$e nosuch@$e r451@$e bob@$e
		echo "# all by the first"
		mail "$M/base" r550@$e tempfail@$e
		echo "> RSET"
		echo "# all by the second"
		mail "$M/base" r451@$e reject@$e
		echo "> RSET"
		echo "# one by each"
		mail "$M/base" r550@$e r451@$e rlines@$e nosuch@$e
		echo "# and on with the same envelope"
		echo "> RCPT TO:<bob@$e>"
		echo "> DATA"
		echo "data $M/base"
		echo "# one lets all of it pass"
		mail "$M/base" accept@$e r550@$e rlines@$e reject@$e dave@$e
		echo "# the next one as if nothing had been"
		mail "$M/base" rlines@$e r451@$e dave@$e bob@$e dave@$e
		echo "# nobody known"
		mail "$M/base" nosuch@$e nobody@$e
	} >"$W/lines"
	compare mixed <<-END
	$(session <"$W/lines")
	END
}

# Left out: an unknown command and then EHLO within a message.  Postfix sends
# the EHLO before the abort, and libmilter takes it then without one: the
# filter is not told that its message is over.  By the daemon it is.
rset_case()
{

	begin
	echo 'a Z: by the first' >"$W/s1"
	echo 'v rcpt:<reject@=reject' >"$W/s2"
	echo 'a Z: by the third' >"$W/s3"
	trio
	m='> MAIL FROM:<alice@example.org>'
	r='> RCPT TO:<bob@example.org>'
	compare rset <<-END
	> RSET
	> EHLO client.example.net
	> RSET
	$m
	> RSET
	> RSET
	$m
	$r
	> RSET
	$m
	> RCPT TO:<reject@example.org>
	> RSET
	$m
	$r
	> RCPT TO:<reject@example.org>
	> NOOP
	> DO-something
	> RSET
	$m
	$r
	> EHLO again.example.net
	$m
	$r
	> HELO third.example.net
	$m
	$m
	$r
	> RSET
	$(mail "$M/base")
	> RSET
	$(mail "$M/base" dave@example.org)
	> HELO fourth.example.net
	$(mail "$M/base" dave@example.org)
	> DATA
	> RCPT TO:<bob@example.org>
	> MAIL FROM:<>
	$r
	> DATA
	data $M/base
	> QUIT
	eof
	END
	compare nohelo <<-END
	$(mail "$M/base")
	> HELO late.example.net
	$(mail "$M/base")
	> QUIT
	eof
	END
}

session_case()
{

	begin
	echo 'a Z: by the first' >"$W/s1"
	echo 'i 1 Z: by the second' >"$W/s2"
	echo 'c 1 Subject: by the third' >"$W/s3"
	# shellcheck disable=SC2034 # for sides
	DAEMON_AT=inet:$HM_PORT5@127.0.0.1
	trio
	load_several
	load_pipelined
	load_leaves
	if [ "$MTA" = pf ]; then
		load_xclient
	fi
}

# Several messages in a connection, each with another end.
several_case()
{

	begin
	table <<-'END'
	one 1 a Z: by the first
	two 2 v eom:<two@=reject
	three 3 q held
	four 1 v mail:<four@=discard
	five 2 v eoh:<five@=accept
	six 3 b by the third
	seven 1 v body:<seven@=451 4.7.1 later
	eight 2 A dave@example.org
	nine 3 v data:<nine@=accept
	ten 1 d 1 X
	ten 2 c 1 X: changed
	ten 3 a X: added
	END
	# The verdicts go by the sender themselves.
	sed -i.old 's/^W <\(two\|four\|five\|seven\|nine\)@$/# &/' \
	    "$W/s1" "$W/s2" "$W/s3"
	trio
	tags several
	tags again carol@example.org
}

parameters_case()
{

	begin
	trio
	m='MAIL FROM:<alice@example.org>'
	compare parameters <<-END
	> EHLO client.example.net
	> $m SIZE=100
	> RSET
	> $m BODY=8BITMIME SIZE=2000 RET=HDRS ENVID=QQ314159
	> RCPT TO:<bob@example.org> NOTIFY=DELAY ORCPT=rfc822;b@example.org
	> RCPT TO:<carol@example.org> NOTIFY=NEVER
	> DATA
	data $D/d_mail_8bit.eml
	> $m AUTH=<>
	> RCPT TO:<bob@example.org>
	> DATA
	data $M/base
	> MAIL FROM: <alice@example.org>
	> RCPT TO: bob@example.org
	> RCPT TO:<"bob"@example.org>
	> RCPT TO:<BOB@EXAMPLE.ORG>
	> RCPT TO:<@relay.example.net:bob@example.org>
	> DATA
	data $M/base
	> $m SIZE=99999999999
	> $m NONSENSE=1
	> $m
	> RCPT TO:<bob@example.org> NONSENSE=1
	> RCPT TO:<>
	> RCPT TO:
	> RSET
	> MAIL FROM:alice
	> RSET
	> MAIL FROM:<"a b"@example.net>
	> RCPT TO:<bob@example.org>
	> DATA
	data $M/base
	> QUIT
	eof
	END
}

# Sendmail of Debian 12 has no SMTPUTF8: then both sides say so.
smtputf8_case()
{

	begin
	echo 'a Z: ümläut' >"$W/s1"
	trio
	printf 'From: ümläut@example.net\nSubject: Grüße\nX-ß: x\n\nGrüße\n' \
	    >"$M/utf8"
	compare smtputf8 <<-END
	> EHLO client.example.net
	> MAIL FROM:<ümläut@example.net> SMTPUTF8 BODY=8BITMIME
	> RCPT TO:<bob@example.org>
	> DATA
	data $M/utf8
	> RSET
	> MAIL FROM:<ümläut@example.net>
	> RCPT TO:<bob@example.org>
	> DATA
	data $M/utf8
	> RSET
	> MAIL FROM:<alice@example.net> BODY=8BITMIME
	> RCPT TO:<bob@example.org>
	> DATA
	data $M/utf8
	> QUIT
	eof
	END
}

odd_case()
{

	begin
	echo 'a Z: by the first' >"$W/s1"
	printf 'b by the second\ni 2 Z: by the second\n' >"$W/s2"
	trio
	load_odd
}

big_case()
{

	begin
	echo 'a Z: by the first' >"$W/s1"
	echo 'b by the second' >"$W/s2"
	trio
	load_big 3700
}

wishes_case()
{

	begin
	printf 'w nr\na Z: by the first\n' >"$W/s1"
	printf 'w nobody\nw nohelo\nw leadspc\nw rcptrej\na Z:two\n' \
	    >"$W/s2"
	printf 'w nohdrs\nw noconnect\nw skip\nv body=skip\n' >"$W/s3"
	echo 'v eom=progress' >>"$W/s3"
	trio
	odd_messages
	compare wishes <<-END
	$({ mail "$D/d_mail_plain.eml" bob@example.org nosuch@example.org
	    echo "> BOGUS"
	    mail "$M/headers"
	    mail "$D/d_mail_mime.eml"; } | session)
	END
}

# What a filter asks for is what it gets.  Its neighbours, for whom the daemon
# has to ask as well, get more than they would: see CAVEATS in the manual.  Both
# lists at the end: Sendmail takes one for the other.
macros_case()
{

	begin
	echo 'a Z: by the first' >"$W/s1"
	cat >"$W/s2" <<-'END'
	m 0 j {client_addr} {client_name} {if_name}
	m 1 {tls_version}
	m 2 i {mail_addr}
	m 3 {rcpt_addr}
	m 4 i
	m 5 i {msg_id} {client_addr}
	m 6 i j
	END
	cat >"$W/s3" <<-'END'
	m 2 {mail_mailer} {mail_host} {mail_addr} {auth_type}
	m 3 {rcpt_mailer}
	END
	trio
	NOTES=apart
	compare macros <<-END
	$(mail "$D/d_mail_plain.eml" bob@example.org nosuch@example.org |
	    session)
	END
	atf_check -o empty -e empty diff -aU 8 "$W/macros.a.exact/seen.e2" \
	    "$W/macros.b.exact/seen.e2"
}

# --- how a message comes in -------------------------------------------------

# In Postfix the client names the user (XCLIENT); in Sendmail, where this would
# need a SASL set up, the configuration does.
auth_case()
{

	SM_CONFIG='D{auth_authen}alice'
	begin
	echo 'a Z: by the first' >"$W/s1"
	trio
	x=
	[ "$MTA" = sm ] || x='> XCLIENT LOGIN=alice'
	compare auth <<-END
	> EHLO client.example.net
	$x
	> EHLO client.example.net
	$(mail "$M/base")
	> QUIT
	eof
	END
	atf_check -o ignore grep '^s[0-9]* mail .*{auth_authen}=alice' \
	    "$W/auth.b/seen.e3"
}

# Without the network: Postfix makes the envelope's events up, to Sendmail it is
# a session over two pipes.
local_case()
{

	begin
	table <<-'END'
	plain 1 a Z: by the first
	held 2 q held
	edits 1 d 1 X
	edits 2 c 1 X: changed
	edits 3 A dave@example.org
	END
	echo 'v eom:<refused@=reject' >>"$W/s2"
	echo 'v header:Z=discard' >>"$W/s3"
	printf '%s\n' refused >>"$W/tags"
	"local_$CASES_MTA"
}

local_pf()
{

	echo "non_smtpd_milters = MILTERS" >>"$PF_DIR/etc/main.cf"
	trio
	for l_side in a b; do
		pf_stop "$W"
		l_list=$(hm_list e1 e2 e3)
		[ $l_side = a ] || l_list=$(hm_list mm)
		sed -i.old "s|^non_smtpd_milters = .*|non_smtpd_milters = $l_list|" \
		    "$PF_DIR/etc/main.cf"
		pf_start
		for f in $MARKS; do
			hm_seen "$f" "$W/skipped"
		done
		while read -r l_tag; do
			pf_submit "$W/local.$l_side" "$l_tag@example.net" \
			    bob@example.org <"$M/base"
		done <"$W/tags"
		for f in $MARKS; do
			hm_seen "$f" "$W/local.$l_side/seen.$f"
		done
	done
	atf_check -o empty -e empty diff -raU 8 "$W/local.a" "$W/local.b"
	atf_check -o ignore grep 'rcpt <bob@example.org>' \
	    "$W/local.b/seen.e2"
}

local_sm()
{

	trio
	sm="$(sm_command)"
	A="$sm -O InputMailFilters=e1;e2;e3 -bs"
	B="$sm -O InputMailFilters=mm -bs"
	tags local
	atf_check -o ignore grep 'mail <<edits@example.net>>' \
	    "$W/local.b/seen.e2"
}

# --- children of other make -------------------------------------------------

# speaks LANGUAGE...: skips the case without them.
speaks()
{

	. "$(atf_get_srcdir)/h_milters.sh"
	for l in "$@"; do
		case $l in
		py)	hm_python >/dev/null ||
			    atf_skip "pymilter is not installed" ;;
		pl)	perl -e 'use Sendmail::PMilter' 2>/dev/null ||
			    atf_skip "Sendmail::PMilter is not installed" ;;
		esac
	done
}

# What all three can do.
common_edits()
{

	for n in 1 2 3; do
		echo "add $n a Z: by $n"
		echo "same $n a X: by $n"
		echo "change $n c $n X: by $n"
		echo "delete $n d 1 X"
		echo "line $n b by $n"
		echo "replace $n B $M/base"
		echo "rcpt$n $n A dave@example.org"
		echo "norcpt$n $n D bob@example.org"
		echo "hold$n $n q by $n"
		echo "last $n a Z: by $n"
		echo "last $n d 1 Z"
		echo "last $n c 2 X: by $n"
	done | table
	trio "$@"
	tags common bob@example.org carol@example.org
}

languages_case()
{

	speaks py pl
	begin
	common_edits c py pl
}

languages2_case()
{

	speaks py pl
	begin
	common_edits py pl c
}

languages3_case()
{

	speaks py pl
	begin
	common_edits pl c py
}

pymilter_case()
{

	speaks py
	begin
	printf 'small\r\n' >"$M/small"
	: >"$M/empty"
	for n in 1 2 3; do
		echo "insert $n i $n Z: by $n"
		echo "top $n i 0 Z: by $n"
		echo "par$n $n E dave@example.org NOTIFY=NEVER"
		echo "from $n f by$n@example.org"
		echo "frompar$n $n F by$n@example.org RET=HDRS"
		echo "small$n $n B $M/small"
		echo "empty$n $n B $M/empty"
	done | table
	trio py py py
	tags pymilter
}

pmilter_case()
{

	speaks pl
	begin
	common_edits pl pl pl
}

verdicts_py_case()
{

	speaks py
	verdicts "mail rcpt data header eoh body eom" py \
	    accept reject tempfail discard r550 rlines tlines rper
}

# It speaks version 2: no DATA, no unknown command.
verdicts_pl_case()
{

	speaks pl
	verdicts "mail rcpt header eoh body eom" pl \
	    accept reject tempfail discard r550 r451
}
