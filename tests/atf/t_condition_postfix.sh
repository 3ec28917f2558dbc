#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_condition_postfix.sh - conditions behind a real Postfix: which child runs
# for which client, sender and recipient, and what each is shown.
#
# Clients get their names and addresses by XCLIENT, and log in by Cyrus SASL.
# The children are scripted milters that write down all they see; block lists
# are asked of a name server on loopback.  What is checked is who ran and what
# was shown, never how long anything took.

# condition_case NAME "DESCRIPTION" [PROGRAM...]: its head and cleanup.
condition_case()
{

	cc_name=$1
	cc_descr=$2
	shift 2
	atf_test_case "$cc_name" cleanup
	eval "${cc_name}_head() {
		atf_set descr \"$cc_descr\"
		atf_set require.user root
		atf_set require.progs \"postfix postconf postcat $*\"
		atf_set timeout 120
	}
	${cc_name}_cleanup() {
		. \"\$(atf_get_srcdir)/h_differential.sh\"
		diff_cleanup
	}"
}

begin()
{

	. "$(atf_get_srcdir)/h_differential.sh"
	diff_begin pf
	CHILDREN=
	B=$HM_PORT1
	: >"$W/zone"
}

# traced NAME [OPTION...]: a child that writes down what it sees.
traced()
{

	t_name=$1
	shift
	hm_spawn "$t_name" "${MM_PROGRAM:-milter-manager}" test-client \
	    -s "unix:$W/$t_name.sock" --session-prefix \
	    --ready-file="$W/$t_name.ready" "$@"
	echo "unix:$W/$t_name.sock" >"$W/spec/$t_name"
	wait_for test -s "$W/$t_name.ready"
	CHILDREN="$CHILDREN $t_name"
}

# name_server: answers from the file zone.
name_server()
{

	hm_spawn dns "$(hm_helper h_dns)" "$HM_PORT2" "$W/zone"
	hm_wait dns "inet:$HM_PORT2"
	NAME_SERVERS="dnsbl.name_servers = [\"127.0.0.1:$HM_PORT2\"]"
}

# asked TEXT: what the name server was asked since the last call.
asked()
{

	a_from=$(cat "$W/dns.mark" 2>/dev/null || echo 0)
	atf_check_equal "$1" "$(tail -n "+$((a_from + 1))" "$W/dns.out")"
	wc -l <"$W/dns.out" >"$W/dns.mark"
}

# start LINE...: the daemon before the children, with these lines, and Postfix.
# The client that XCLIENT comes from is none that a child sees.
start()
{

	hm_daemon mm "unix:$W/mm.sock" "$CHILDREN" \
	    'manager.command_deadline = 10m' "$@"
	pf_listen "$B" "$(hm_list mm)" \
	    'smtpd_milter_maps = inline:{ { 127.0.0.1 = DISABLE } }' \
	    'inet_protocols = all' \
	    'milter_command_timeout = 300s' \
	    'milter_content_timeout = 300s' \
	    'smtpd_sasl_auth_enable = yes' \
	    'smtpd_sasl_type = cyrus' \
	    'smtpd_sasl_path = smtpd' \
	    "cyrus_sasl_config_path = $W/sasl" \
	    'smtpd_sasl_local_domain = example.org'
	pf_start
}

wait_for()
{

	wf_i=0
	until "$@"; do
		wf_i=$((wf_i + 1))
		[ $wf_i -gt 600 ] && hm_die "waited in vain for: $*"
		sleep 0.05
	done
}

# client NAME ADDRESS [HELO]: the beginning of its session.
client()
{

	echo "> EHLO relay.example.org"
	echo "> XCLIENT NAME=$1 ADDR=$2"
	echo "> EHLO ${3:-client.example.net}"
}

# envelope: so far, and not further.
envelope()
{

	echo "> MAIL FROM:<alice@example.org>"
	echo "> RCPT TO:<bob@example.org>"
	echo "> RSET"
}

bye()
{

	echo "> QUIT"
	echo "eof"
}

# over: every session that has begun has ended, everywhere.
over()
{

	for o_c in mm $CHILDREN; do
		case $o_c in
		mm) o_begin=' session opened ' o_end=' session closed ' ;;
		*) o_begin=' negotiate: ' o_end=' finished$' ;;
		esac
		[ "$(grep -c -e "$o_begin" "$W/$o_c.out")" -eq \
		    "$(grep -c -e "$o_end" "$W/$o_c.out")" ] || return 1
	done
}

# mark: what was seen up to here counts no more.
mark()
{

	for m_c in mm $CHILDREN; do
		wc -l <"$W/$m_c.out" >"$W/$m_c.mark"
	done
}

# saw NAME: what it has written since the mark.
saw()
{

	tail -n "+$(($(cat "$W/$1.mark" 2>/dev/null || echo 0) + 1))" \
	    "$W/$1.out"
}

# dialogue NAME <SCRIPT: a session, from the mark to its end.
dialogue()
{

	mark
	pf_talk "$B" "$W/$1" || return
	wait_for over
	S=$W/$1/smtp
}

# stages CHILD: what it was given, a letter for each event (many headers or
# pieces of a body in a row are one), a blank between two sessions.
stages()
{

	saw "$1" | awk '
	BEGIN {
		letter["connect:"] = "C"
		letter["helo:"] = "H"
		letter["envelope-from:"] = "M"
		letter["envelope-recipient:"] = "R"
		letter["data"] = "T"
		letter["header:"] = "L"
		letter["end-of-header"] = "N"
		letter["body:"] = "B"
		letter["end-of-message"] = "E"
		letter["abort"] = "A"
	}
	# Of a child that was started again the numbers are, too.
	/^listening: / { run++ }
	!($2 in letter) { next }
	{
		c = letter[$2]
		id = run $1
		if (!(id in all))
			order[++n] = id
		if ((c != "L" && c != "B") || last[id] != c)
			all[id] = all[id] c
		last[id] = c
	}
	END {
		for (i = 1; i <= n; i++)
			printf("%s%s", (i > 1 ? " " : ""), all[order[i]])
	}'
}

# gave CHILD STAGES...: what stages prints for it.
gave()
{

	g_child=$1
	shift
	g_seen=$(stages "$g_child")
	[ "$g_seen" = "$*" ] || {
		cat "${S:-/dev/null}" >&2
		saw "$g_child" >&2
		saw mm >&2
		atf_fail "$g_child: given \"$g_seen\", not \"$*\""
	}
}

# waits CHILD STAGES: until it has been given that, while a session goes on.
has_stages()
{

	[ "$(stages "$1")" = "$2" ]
}

waits()
{

	wait_for has_stages "$1" "$2"
}

# macro CHILD STAGE NAME: its value there, each time, or "-".
macro()
{

	saw "$1" | awk -v stage="$2" -v name="$3=" '
	/^\[[0-9]*\] [a-z]/ {
		if (at && $2 != "macros:") {
			print value
			at = 0
		}
		if ($2 == stage || $2 == stage ":") {
			at = 1
			value = "-"
		}
	}
	at && /^\[[0-9]*\]   / {
		sub(/^\[[0-9]*\]   /, "")
		if (index($0, name) == 1)
			value = substr($0, length(name) + 1)
	}'
}

# macros CHILD STAGE NAME VALUE...: what macro prints for it.
macros()
{

	m_child=$1 m_stage=$2 m_name=$3
	shift 3
	m_seen=$(macro "$m_child" "$m_stage" "$m_name" | xargs)
	[ "$m_seen" = "$*" ] || {
		saw "$m_child" >&2
		atf_fail "$m_child: $m_stage: $m_name is $m_seen, not $*"
	}
}

# shown CHILD EVENT TEXT: the events of this kind, each with its text.
shown()
{

	s_seen=$(saw "$1" | sed -n "s/^\[[0-9]*\] $2 //p" | xargs)
	[ "$s_seen" = "$3" ] || atf_fail "$1 was shown $s_seen, not $3"
}

# accepted N: so many messages were, in the last dialogue.
accepted()
{

	[ "$(grep -c '^S: 250 .*queued' "$S")" -eq "$1" ] || {
		cat "$S" >&2
		atf_fail "not $1 messages were accepted"
	}
}

# line TEXT: the number of the configuration's line with it.
line()
{

	grep -nF -e "$1" "$W/mm.conf" | cut -d: -f1
}

# said TEXT: the daemon's log has it since the mark.
said()
{

	saw mm >"$W/said"
	grep -qF -e "$1" "$W/said" || {
		cat "$W/said" >&2
		atf_fail "the log lacks: $1"
	}
}

# stopped CHILD STAGE CONDITION RULE CONFIGURATION-LINE [MORE]
stopped()
{

	said "child=$1 state=stopped stage=$2${6:+ $6} condition=\"$3\"\
 rule=\"$4\" $W/mm.conf:$(line "$5")"
}

condition_case network "S25R, remote networks and block lists: who runs for \
which client"
network_body()
{

	begin
	for c in all s25r remote listed unlisted; do
		traced $c
	done
	cat >"$W/zone" <<-'END'
	1.2.0.192.bl.test A 127.0.0.2
	2.2.0.192.bl.test A 127.0.0.9
	8.b.d.0.1.0.0.2.bl.test SOA 60
	*.0.8.b.d.0.1.0.0.2.bl.test A 127.0.0.2
	END
	name_server
	start "$NAME_SERVERS" \
	    'dnsbl.services = ["bl.test=127.0.0.2"]' \
	    'dnsbl.check_only_ipv4 = false' \
	    's25r.whitelist += /\.friends\.example\z/' \
	    's25r.blacklist += "bad.example.net"' \
	    'remote_network.local_addresses += "198.51.100.0/24"' \
	    'remote_network.remote_addresses += "10.9.0.0/16"' \
	    'milter.s25r.applicable_conditions = ["S25R"]' \
	    'milter.remote.applicable_conditions = ["Remote Network"]' \
	    'milter.listed.applicable_conditions = ["DNSBL Listed"]' \
	    'milter.unlisted.applicable_conditions = ["Not DNSBL Listed"]'
	while read -r host address ran; do
		dialogue "$address" <<-END
		$(client "$host" "$address"; envelope; bye)
		END
		for c in $CHILDREN; do
			case " all $ran " in
			*" $c "*) gave $c CHMRA ;;
			*) gave $c ;;
			esac
		done
		case $host/$address in
		*.friends.example/*)
			stopped s25r connect S25R \
			    'whitelist /\.friends\.example\z/' \
			    's25r.whitelist +=' ;;
		mx.example.net/192.*)
			stopped s25r connect S25R 'not in blacklist' \
			    'milter.s25r.app' ;;
		esac
		case $host/$address in
		*/10.0.*)
			stopped remote connect 'Remote Network' \
			    'address.local' 'milter.remote.app' ;;
		*/IPV6:*)
			stopped s25r connect S25R 'address.family != "inet"' \
			    'milter.s25r.app' ;;
		*/192.0.2.1)
			stopped unlisted connect 'Not DNSBL Listed' \
			    'bl.test=127.0.0.2' dnsbl.services ;;
		esac
	done <<-'END'
	mx.example.net 192.0.2.1 remote listed
	mx.example.net 192.0.2.2 remote unlisted
	dsl-1-2-3.example.net 192.0.2.3 s25r remote unlisted
	bad.example.net 192.0.2.4 s25r remote unlisted
	[UNAVAILABLE] 192.0.2.1 s25r remote listed
	dsl-1-2-3.friends.example 192.0.2.1 remote listed
	dsl-1-2-3.example.net 10.0.0.3 s25r unlisted
	dsl-1-2-3.example.net 10.9.0.3 s25r remote unlisted
	dsl-1-2-3.example.net 198.51.100.7 s25r unlisted
	dsl-1-2-3.example.net IPV6:2001:db8::1 remote listed
	mx.example.net IPV6:fd00::1 unlisted
	END
}

condition_case auth "senders who have logged in or not, trusted domains, and \
Sendmail's macros" saslpasswd2
auth_body()
{

	begin
	postconf -A | grep -q '^cyrus$' || atf_skip "Postfix has no Cyrus SASL"
	# Debian's Postfix looks below its own folder first.
	users=$PF_DIR/etc/sasl/users
	mkdir "$PF_DIR/etc/sasl"
	cat >"$PF_DIR/etc/sasl/smtpd.conf" <<-END
	pwcheck_method: auxprop
	auxprop_plugin: sasldb
	sasldb_path: $users
	mech_list: PLAIN
	END
	echo secret | saslpasswd2 -p -c -f "$users" -u example.org alice ||
	    atf_skip "sasldb is not installed"
	chown "$(postconf -dh mail_owner)" "$users"
	for c in all auth unauth trust sendmail; do
		traced $c
	done
	echo '1.0.0.127.in-addr.arpa PTR mx1.example.org' >"$W/zone"
	name_server
	start "$NAME_SERVERS" \
	    'trust.envelope_from_domains += "example.org"' \
	    'milter.auth.applicable_conditions = ["Authenticated"]' \
	    'milter.unauth.applicable_conditions = ["Unauthenticated"]' \
	    'milter.trust.applicable_conditions = ["Trust"]' \
	    'milter.sendmail.applicable_conditions = ["Sendmail Compatible"]'
	# One message before, one after: AUTH PLAIN of alice's.
	dialogue both <<-END
	$({ client mx.example.net 192.0.2.7
	    FROM=bob@example.com mail "$D/d_mail_plain.eml"
	    echo "> AUTH PLAIN AGFsaWNlAG5vdCBpdA=="
	    echo "> AUTH PLAIN AGFsaWNlAHNlY3JldA=="
	    mail "$D/d_mail_plain.eml"; bye; })
	END
	atf_check_equal '535 235' "$(sed -n 's/^S: \([25]35\) .*/\1/p' "$S" |
	    xargs)"
	accepted 2
	gave all CHMRTLNBEMRTLNBE
	gave auth CHMRTLNBE
	gave unauth CHMRTLNBE
	shown unauth envelope-from: '<<bob@example.com>>'
	shown auth envelope-from: '<<alice@example.org>>'
	macros auth envelope-from auth_authen alice@example.org
	macros all envelope-from auth_type - PLAIN
	said 'child=auth state=stopped stage=mail condition="Authenticated"'
	said 'child=unauth state=stopped stage=mail condition="Unauthenticated"'
	# Only the one with the condition is told, and only of its domains.
	macros trust envelope-from trusted_domain - yes
	macros all envelope-from trusted_domain - -
	# Postfix has no queue id yet, and other words for the rest.
	macros sendmail envelope-from i dummy-id dummy-id
	macros all envelope-from i - -
	macros sendmail connect if_addr 127.0.0.1
	macros all connect if_addr -
	macros sendmail connect if_name mx1.example.org
	macros all connect if_name -
	# The queue id is there, and stays, when Postfix has one.
	macro all end-of-message i >"$W/ids"
	atf_check -s exit:1 grep -e dummy -e '^-$' "$W/ids"
	# shellcheck disable=SC2046
	macros sendmail end-of-message i $(cat "$W/ids")
}

# hold NAME <SCRIPT: a session that is not over behind the script; its dialogue
# is in NAME.held.  One at a time.
hold()
{

	mkfifo "$W/held.fifo"
	hm_spawn "$1.held" sh -c 'exec "$0" "$1" <"$2"' "$(hm_helper h_smtp)" \
	    "$B" "$W/held.fifo"
	exec 9>"$W/held.fifo"
	cat >&9
}

# release NAME <SCRIPT: the rest of it.
release()
{

	cat >&9
	exec 9>&-
	rm "$W/held.fifo"
	wait_for hm_gone "$(hm_pid "$1.held")"
	wait_for over
}

condition_case stress "with too many sessions at a time some children have a \
rest, others are told"
stress_body()
{

	begin
	for c in all calm told; do
		traced $c
	done
	start 'stress.threshold_n_connections = 2' \
	    'milter.calm.applicable_conditions = ["No Stress"]' \
	    'milter.told.applicable_conditions = ["Stress Notify"]'
	for round in before after; do
		dialogue $round <<-END
		$(client mx.example.net 192.0.2.1; envelope; bye)
		END
		gave all CHMRA
		gave calm CHMRA
		gave told CHMRA
		macros told connect stress -
		[ $round = before ] || break
		mark
		hold one <<-END
		$(client mx.example.net 192.0.2.1)
		END
		waits calm CH
		mark
		pf_talk "$B" "$W/during" <<-END
		$(client mx.example.net 192.0.2.2; envelope; bye)
		END
		said 'child=calm state=stopped stage=connect condition="No Stress"'
		release one <<-END
		$(envelope; bye)
		END
		gave all CHMRA MRA
		# The one that had begun goes on.
		gave calm MRA
		gave told CHMRA MRA
		macros told connect stress yes
		macros all connect stress -
	done
}

condition_case accounts "a child for certain accounts is out of a message that \
goes to others, too"
accounts_body()
{

	begin
	traced all --edit='add-header X-All:yes'
	traced some --edit='add-header X-Some:yes'
	start 'restrict_accounts.accounts = ["bob@example.org", /\Acarol@/]' \
	    'milter.some.applicable_conditions = ["Restrict Accounts"]'
	while read -r name given recipients; do
		# shellcheck disable=SC2086
		dialogue "$name" <<-END
		$(client mx.example.net 192.0.2.1
		mail "$D/d_mail_plain.eml" $recipients; bye)
		END
		gave some "$given"
		for r in $recipients; do
			box=$W/$name/1.${r%@*}
			atf_check -o ignore grep '^X-All: *yes$' "$box"
			case $name in
			ours)	atf_check -o ignore grep '^X-Some:' "$box" ;;
			*)	atf_check -s exit:1 grep '^X-Some:' "$box" ;;
			esac
		done
	done <<-'END'
	ours CHMRRTLNBE bob@example.org carol@example.org
	mixed CHMRA bob@example.org dave@example.org
	theirs CHMA dave@example.org
	END
	said "child=some state=stopped stage=rcpt rcpt=<dave@example.org>\
 condition=\"Restrict Accounts\" rule=\""
}

condition_case stages "a condition of one's own stops its child at its stage, \
and no other"
stages_body()
{

	begin
	set --
	while read -r c stage expr; do
		traced $c --edit="add-header X-$c:yes"
		set -- "$@" "condition.$c.stop_on_$stage = $expr" \
		    "milter.$c.applicable_conditions = [\"$c\"]"
	done <<-'END'
	con connect host == "stop.example.net"
	hel helo helo == "stop.example.net"
	mai envelope_from sender == "stop@example.org"
	rcp envelope_recipient recipient.user == "dave"
	dat data recipients > 1
	hea header header_name == "X-Stop"
	eoh end_of_header header("subject") =~ /stop/
	bod body body =~ /stop/
	eom end_of_message size > 1000
	END
	start "$@"
	# Nothing to stop at: all run, and what they add is in the message.
	printf 'Subject: x\n\nx\n' >"$M/go"
	dialogue go <<-END
	$(client mx.example.net 192.0.2.1; mail "$M/go"; bye)
	END
	for c in $CHILDREN; do
		gave $c CHMRTLNBE
		atf_check -o ignore grep "^X-$c: *yes\$" "$W/go/1.bob"
	done
	# Everything at once.
	printf 'Subject: stop\nX-Stop: x\nX-Y: x\n\nstop%01000d\n' 0 >"$M/stop"
	dialogue stop <<-END
	$(client stop.example.net 192.0.2.1 stop.example.net
	    FROM=stop@example.org mail "$M/stop" bob@example.org \
	    dave@example.org; bye)
	END
	while read -r c stage given more; do
		gave $c ${given:+"${given#-}"}
		stopped $c $stage $c "$(sed -n \
		    "s/^condition.$c.stop_on_[a-z_]* = //p" "$W/mm.conf")" \
		    "condition.$c.stop" "$more"
		for r in bob dave; do
			if [ $c = rcp ]; then
				atf_check -o ignore grep "^X-$c:" \
				    "$W/stop/1.$r"
			else
				atf_check -s exit:1 grep "^X-$c:" \
				    "$W/stop/1.$r"
			fi
		done
	done <<-'END'
	con connect -
	hel helo C
	mai mail CH
	rcp rcpt CHMRTLNBE rcpt=<dave@example.org>
	dat data CHMRRA
	hea header CHMRRTLA
	eoh eoh CHMRRTLA
	bod body CHMRRTLNA
	eom eom CHMRRTLNBA
	END
	shown rcp envelope-recipient: '<<bob@example.org>>'
	# X-Stop was the second header field: one was given, not more.
	atf_check_equal 1 "$(saw hea | grep -c ' header: ')"
	# The message is over, the session goes on.
	dialogue next <<-END
	$(client mx.example.net 192.0.2.1
	    FROM=stop@example.org mail "$M/stop" dave@example.org
	    mail "$M/go"; bye)
	END
	gave con CHMRTLNBEMRTLNBE
	gave mai CHMRTLNBE
	gave rcp CHMAMRTLNBE
	gave hea CHMRTLAMRTLNBE
	gave eom CHMRTLNBAMRTLNBE
	for c in $CHILDREN; do
		atf_check -o ignore grep "^X-$c: *yes\$" "$W/next/2.bob"
	done
}

condition_case slow "a name server that does not answer delays only the child \
that asks it"
slow_body()
{

	begin
	for c in before slow after; do
		traced $c
	done
	cat >"$W/zone" <<-END
	1.2.0.192.bl.test A 127.0.0.2
	1.2.0.192.bl.test HOLD $W/answer
	2.2.0.192.bl.test A 127.0.0.2
	END
	name_server
	start "$NAME_SERVERS" 'dnsbl.services = ["bl.test"]' \
	    'dnsbl.timeout = 10m' \
	    'milter.slow.applicable_conditions = ["DNSBL Listed"]'
	hold one <<-END
	$(client mx.example.net 192.0.2.1; mail "$D/d_mail_plain.eml"; bye)
	END
	# The others are asked, one after the other, while the question waits.
	wait_for grep -q '^udp 1.2.0.192.bl.test A$' "$W/dns.out"
	waits after C
	gave before C
	gave slow
	# Another client is in nobody's way: not listed, and listed.
	for n in 3 2; do
		mark
		pf_talk "$B" "$W/other$n" <<-END
		$(client other.example.net 192.0.2.$n
		    mail "$D/d_mail_plain.eml"; bye)
		END
		S=$W/other$n/smtp
		accepted 1
		waits after CHMRTLNBE
		case $n in
		3) gave slow ;;
		2) gave slow CHMRTLNBE ;;
		esac
	done
	# All that time the first one has waited for its greeting.
	atf_check_equal 1 "$(grep -c '^S: 220 ' "$W/one.held.out")"
	mark
	: >"$W/answer"
	release one </dev/null
	S=$W/one.held.out
	accepted 1
	atf_check_equal 2 "$(grep -c '^S: 220 ' "$S")"
	gave before HMRTLNBE
	gave slow CHMRTLNBE
	gave after HMRTLNBE
}

# greylist_chain: S25R suspects, the block list confirms, only then "grey" has
# its say, which must be no at first, and yes some time after relent.
greylist_chain()
{

	traced last
	CHILDREN="grey $CHILDREN"
	cat >"$W/zone" <<-'END'
	bl.test SOA 3600
	1.2.0.192.bl.test TTL 3600
	1.2.0.192.bl.test A 127.0.0.2
	END
	name_server
	start "$NAME_SERVERS" 'dnsbl.services = ["bl.test"]' \
	    'milter.grey.applicable_conditions = ["S25R", "DNSBL Listed"]'
	CHILDREN=last
	# Twice: what becomes of the suspects touches nobody else.
	for round in 1 2; do
		# Ordinary, though it is listed: nobody is asked.
		for n in 1 3; do
			dialogue ordinary$round$n <<-END
			$(client mx.example.net 192.0.2.$n
			    mail "$D/d_mail_plain.eml"; bye)
			END
			accepted 1
			asked ''
			stopped grey connect S25R 'not in blacklist' \
			    'milter.grey.applicable_conditions'
		done
		# Suspect, but not listed: one question, the first time.
		dialogue suspect$round <<-END
		$(client dsl-1-2-3.example.net 192.0.2.4
		    mail "$D/d_mail_plain.eml"; bye)
		END
		accepted 1
		case $round in
		1) asked 'udp 4.2.0.192.bl.test A' ;;
		2) asked '' ;;
		esac
		said 'child=grey state=stopped stage=connect condition="DNSBL Listed"'
		[ $round = 1 ] || break
		# Suspect and listed: later, and then welcome.
		dialogue listed <<-END
		$(client dsl-1-2-3.example.net 192.0.2.1
		    mail "$D/d_mail_plain.eml"; bye)
		END
		accepted 0
		atf_check -o match:'^S: 45[01] ' cat "$S"
		asked 'udp 1.2.0.192.bl.test A'
		relent
		for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
			sleep 0.5
			dialogue retry$try <<-END
			$(client dsl-1-2-3.example.net 192.0.2.1
			    mail "$D/d_mail_plain.eml"; bye)
			END
			! grep -q '^S: 250 .*queued' "$S" || break
		done
		accepted 1
		asked ''
		gave last CHMRTLNBE
	done
}

condition_case greylist "S25R suspects, a block list confirms, and only then \
milter-greylist delays" milter-greylist
greylist_body()
{

	begin
	mkdir "$W/grey"
	cat >"$W/grey.conf" <<-END
	socket "$W/grey.sock" 666
	dumpfile "$W/grey/db" 600
	pidfile "$W/grey/pid"
	verbose
	nospf
	subnetmatch /32
	greylist 1s
	autowhite 1d
	racl greylist default
	END
	hm_spawn grey milter-greylist -D -f "$W/grey.conf"
	hm_wait grey "unix:$W/grey.sock"
	relent() {
		:
	}
	greylist_chain
}

condition_case recommended "the same with a scripted milter in its place, \
which shows that it is asked about nobody else"
recommended_body()
{

	begin
	traced grey '--on=rcpt=replycode 451 4.7.1 later'
	CHILDREN=
	relent() {
		gave grey CHMRA
		hm_stop grey
		rm "$W/grey.ready"
		traced grey
		CHILDREN=last
	}
	greylist_chain
	# In all: the one who was listed, twice.
	rm "$W/grey.mark"
	atf_check_equal 'CHMRA CHMRTLNBE' "$(stages grey)"
}

atf_init_test_cases()
{

	for tc in network auth stress accounts stages slow greylist recommended; do
		atf_add_test_case $tc
	done
}
