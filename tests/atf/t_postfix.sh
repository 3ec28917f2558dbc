#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_postfix.sh - real mail: Postfix, and real milters with and without the
# daemon between them.
#
# Every comparison runs the same dialogue through two listeners of one Postfix:
# one has the milters in smtpd_milters, the other the daemon, whose children
# they are.  What is compared: every byte of the SMTP replies, every byte of
# what is delivered and to whom, and what each libmilter filter was told.

# postfix_case NAME TIMEOUT DESCRIPTION: the head and the cleanup of a case.
postfix_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$3\"
		atf_set require.user root
		atf_set require.progs \"postfix postconf opendkim clamd \
		    clamav-milter openssl\"
		atf_set timeout $2
	}
	$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_differential.sh\"
		diff_cleanup
	}"
}

begin()
{

	. "$(atf_get_srcdir)/h_differential.sh"
	diff_begin pf
	hm_key s1 example.org
}

# The whole of it twice without the daemon: the harness compares rightly.
postfix_case control 300 "two runs over the same milters in Postfix itself \
compare as equal"
control_body()
{

	CONTROL=yes
	begin
	filters first dkim clam last
	sides "first dkim clam last"
	load_clean
	load_eicar
	load_session
	load_odd
	load_big
	# A difference would be seen.
	echo x >>"$W/plain.b/1.carol"
	atf_check -s exit:1 -o ignore diff -ra "$W/plain.a" "$W/plain.b"
}

postfix_case clean 120 "a clean message is delivered with the edits of every \
child, to the byte as from Postfix with these milters"
clean_body()
{

	begin
	filters first dkim clam last
	sides "first dkim clam last"
	load_clean
	# That these are the edits, and not two times none.
	cd "$W/plain.b" || atf_fail "nothing came out"
	atf_check -o inline:'to=<carol@example.org> status=sent
to=<dave@example.org> status=sent
' cat 1.recipients
	atf_check -o ignore grep '^X-First: added$' 1.carol
	atf_check -o ignore grep '^X-Inserted: by first$' 1.carol
	atf_check -o ignore grep '^Subject: \[changed\] subject$' 1.carol
	atf_check -o inline:'X-Remove: this one stays\n' grep '^X-Remove' \
	    1.carol
	atf_check -o ignore grep '^a line that first added$' 1.carol
	atf_check -o ignore grep '^DKIM-Signature:' 1.carol
	atf_check -o ignore grep '^X-Virus-Status: Clean$' 1.carol
	atf_check -o ignore grep '^X-Top: by last$' 1.dave
	# The later one was told of the earlier ones' edits.
	atf_check -o ignore grep '<X-First> <added>' seen.last
	atf_check -o ignore grep '<Subject> <\[changed\] subject>' seen.last
	atf_check -o ignore grep '<X-Virus-Status> <Clean>' seen.last
	atf_check -s exit:1 grep '<X-First>' seen.first
	# What was signed is what the first child made of the message.
	for f in plain.a/1.carol plain.b/1.carol plain.b/1.dave; do
		atf_check_equal succeeded \
		    "$(hm_dkim_verify "$W/${f%%/*}.exact/${f##*/}")"
	done
}

postfix_case eicar 120 "the EICAR message is refused with the text of the \
virus scanner, and nothing of it is delivered"
eicar_body()
{

	begin
	filters first dkim clam last
	sides "first dkim clam last"
	load_eicar
	atf_check -o ignore grep \
	    '^S: 550 5\.7\.1 virus Eicar\.Local\.UNOFFICIAL found' \
	    "$W/eicar.b/smtp"
	atf_check -s exit:1 -o empty -e ignore \
	    sh -c "ls '$W'/pf/mail/*/new | grep ."
	# A message after the refused one goes its way.
	load_clean
}

postfix_case session 120 "several messages in a session, pipelining, RSET, \
refused recipients and clients that leave change no byte"
session_body()
{

	begin
	filters first dkim clam last
	sides "first dkim clam last"
	load_session
}

postfix_case odd 120 "messages without headers or body, with long lines, NUL \
or 8-bit come out to the byte as from Postfix with these milters"
odd_body()
{

	begin
	filters first dkim clam last
	sides "first dkim clam last"
	load_odd
}

postfix_case big 120 "a message of 5 MB with attachments comes out to the \
byte as from Postfix with these milters"
big_body()
{

	begin
	filters first dkim clam last
	sides "first dkim clam last"
	load_big
	atf_check_equal succeeded "$(hm_dkim_verify "$W/big.b.exact/1.carol")"
}

postfix_case orders 300 "in every order of three children the outcome is that \
of Postfix with the same order"
orders_body()
{

	begin
	filters first dkim clam
	hm_ports 20
	k=0
	orders="first-dkim-clam first-clam-dkim dkim-first-clam \
	    dkim-clam-first clam-first-dkim clam-dkim-first"
	for o in $orders; do
		list=$(echo "$o" | tr - ' ')
		eval "A=\$HM_PORT$((k + 1)) P=\$HM_PORT$((k + 2)) \
		    B=\$HM_PORT$((k + 3))"
		k=$((k + 3))
		# shellcheck disable=SC2086
		pf_listen "$A" "$(hm_list $list)"
		hm_daemon "mm$k" "inet:$P@127.0.0.1" "$list"
		pf_listen "$B" "$(hm_list "mm$k")"
		echo "$o $A $B" >>"$W/orders"
	done
	pf_start
	hm_seen first "$W/skipped"
	eicar_message >"$M/eicar"
	while read -r o A B; do
		compare "$o" <<-END
		$({ mail "$D/d_mail_plain.eml"; mail "$M/eicar"
		    mail "$D/d_mail_mime.eml"; } | session)
		END
		# A signature made before the last change of the body is void.
		case $o in
		*first*dkim*)
			sign=succeeded ;;
		*)
			sign="" ;;
		esac
		for side in a b; do
			atf_check_equal "$sign" "$(hm_dkim_verify \
			    "$W/$o.$side.exact/1.carol" | grep succ)"
		done
	done <"$W/orders"
}

postfix_case verify 120 "a message that came in signed is verified with the \
same result, and a spoilt one, too"
verify_body()
{

	begin
	filters dkim clam
	filter last -a 'X-Last: added'
	sides "dkim clam last"
	compare sign <<-END
	$(mail "$D/d_mail_mime.eml" alice@example.org | session)
	END
	# What was delivered comes back from outside, once as it was.
	sed '1,/^Delivered-To:/d' "$W/sign.a.exact/1.alice" >"$M/signed"
	sed 's/^The inner message/The inner massage/' "$M/signed" >"$M/spoilt"
	compare verify <<-END
	> XCLIENT NAME=mx.example.net ADDR=192.0.2.7
	$({ mail "$M/signed"; mail "$M/spoilt"
	    mail "$D/d_mail_mime.eml"; } | session)
	END
	atf_check -o ignore grep 'dkim=pass' "$W/verify.b/1.bob"
	atf_check -o ignore grep 'dkim=fail' "$W/verify.b/2.bob"
	atf_check -o ignore grep 'dkim=none' "$W/verify.b/3.bob"
	# The filter behind was told, too.
	atf_check -o ignore grep '<Authentication-Results> <.*dkim=pass' \
	    "$W/verify.b/seen.last"
}

postfix_case edits 120 "every kind of edit by several children in a row \
leaves the message as Postfix with these milters does"
edits_body()
{

	begin
	printf 'another\r\nbody\r\n.\r\n\r\n' >"$M/body"
	filter e1 -a 'X-A: 1' -a 'X-A: 2' -i '0 X-Zero: z' -i '3 X-Three: t' \
	    -i '99 X-Far: f' -c '2 X-Remove: changed' -c '1 X-Not-There: new' \
	    -A carol@example.org -A carol@example.org -b "one"
	filter e2 -d '1 X-A' -c '1 X-Three: changed	with
	fold' -i '1 X-A: again' -B "$M/body" -D bob@example.org \
	    -E 'dave@example.org NOTIFY=NEVER' -f erin@example.net
	filter e3 -w leadspc -a 'X-Lead:   three' -a 'X-None:none' \
	    -c '1 X-Spaces:changed' -d '1 X-Zero' -b "two" \
	    -D nobody@example.org -A '<bob@example.org>'
	filter e4 -w skip -v 'body=skip' -a 'X-End: e' -f '<>'
	sides "e1 e2 e3 e4"
	compare edits <<-END
	$({ mail "$D/d_mail_plain.eml" bob@example.org alice@example.org
	    mail "$D/d_mail_mime.eml"; } | session)
	END
	atf_check -o ignore grep '^X-End: e$' "$W/edits.b/1.dave"
}

postfix_case hold 60 "a message that a child puts on hold is held, with the \
edits of the others"
hold_body()
{

	begin
	filter e1 -a 'X-A: 1' -q 'let me see'
	filter e2 -a 'X-B: 2'
	sides "e1 e2"
	compare hold <<-END
	$(mail "$D/d_mail_plain.eml" | session)
	END
	atf_check -o ignore grep '^X-A: 1$' "$W/hold.b/1.HOLD"
}

# One filter in the middle decides; its neighbours note what they were told.
postfix_case verdicts 300 "a verdict of any child at any stage reaches the \
client, and the other children, as it does in Postfix"
verdicts_body()
{

	begin
	filter v1 -a 'X-V1: 1'
	set --
	for v in accept reject tempfail discard '550 5.7.1 go away' \
	    '451 4.7.1 come back' '521 5.3.2 no service'; do
		word=$(echo "$v" | tr -d ' ' | cut -c1-8)
		set -- "$@" -v "helo:$word=$v" -v "mail:$word=$v" \
		    -v "rcpt:$word=$v" -v "unknown:$word=$v" \
		    -v "header:$word=$v"
		words="${words:-} $word"
	done
	filter v2 -a 'X-V2: 2' "$@"
	filter v3 -a 'X-V3: 3' -b 'v3 saw it'
	sides "v1 v2 v3"
	for word in $words; do
		awk -v w="$word" '{
			if (/^Subject/)
				print "X-" w ": x"
			print
		}' "$D/d_mail_plain.eml" >"$M/$word"
		rest="> MAIL FROM:<alice@example.org>
> RCPT TO:<bob@example.org>
> DATA
data $D/d_mail_plain.eml
> QUIT"
		# A child's refusal here is the daemon's own to Postfix, which
		# then tells the daemon, and so the others, nothing more.
		NOTES=apart
		compare "helo.$word" <<-END
		> EHLO $word.example.net
		$rest
		END
		NOTES=
		compare "mail.$word" <<-END
		> EHLO client.example.net
		> MAIL FROM:<$word@example.net>
		> RCPT TO:<bob@example.org>
		> DATA
		data $D/d_mail_plain.eml
		$rest
		END
		compare "rcpt.$word" <<-END
		> EHLO client.example.net
		> MAIL FROM:<alice@example.org>
		> RCPT TO:<alice@example.org>
		> RCPT TO:<$word@example.org>
		> RCPT TO:<bob@example.org>
		> DATA
		data $D/d_mail_plain.eml
		$rest
		END
		compare "header.$word" <<-END
		> EHLO client.example.net
		> MAIL FROM:<alice@example.org>
		> RCPT TO:<bob@example.org>
		> DATA
		data $M/$word
		$rest
		END
		# Postfix 3.7 panics when a milter accepts an unknown command,
		# and discards the next message when it discards one; the
		# daemon lets neither pass.
		[ "$word" = accept ] || [ "$word" = discard ] && continue
		compare "unknown.$word" <<-END
		> EHLO client.example.net
		> $word
		$rest
		END
	done
}

# The stages without an argument to choose by: one filter for each.
postfix_case stages 300 "a verdict at connect, DATA, end of headers, body or \
end of message reaches the client as it does in Postfix"
stages_body()
{

	begin
	hm_ports 63
	filter v1 -a 'X-V1: 1'
	filter v3 -a 'X-V3: 3' -b 'v3 saw it'
	k=0
	for stage in connect data eoh body eom; do
		for v in accept reject tempfail discard; do
			[ $stage.$v = connect.discard ] && continue
			name=$stage-$v
			hm_edit "$name" "unix:$W/$name.sock" -a 'X-V2: 2' \
			    -v "$stage=$v"
			eval "A=\$HM_PORT$((k + 1)) P=\$HM_PORT$((k + 2)) \
			    B=\$HM_PORT$((k + 3))"
			k=$((k + 3))
			pf_listen "$A" "$(hm_list v1 "$name" v3)"
			hm_daemon "mm$k" "inet:$P@127.0.0.1" "v1 $name v3"
			pf_listen "$B" "$(hm_list "mm$k")"
			echo "$name $A $B" >>"$W/stages"
		done
	done
	pf_start
	hm_seen v1 "$W/skipped"
	hm_seen v3 "$W/skipped"
	while read -r name A B; do
		case $name in
		connect-reject | connect-tempfail)
			# See the verdicts at HELO.
			NOTES=apart ;;
		*)
			NOTES= ;;
		esac
		# Refused at DATA, an envelope without RSET would confuse libmilter.
		compare "$name" <<-END
		$({ mail "$D/d_mail_plain.eml"; echo "> RSET"
		    mail "$D/d_mail_mime.eml"; } | session)
		END
	done <"$W/stages"
}

postfix_case wishes 120 "children that want fewer events, no replies, leading \
space or refused recipients get what Postfix would give them"
wishes_body()
{

	begin
	filter w1 -a 'X-W1: 1'
	filter w2 -w nr -a 'X-W2: 2'
	filter w3 -w nobody -w nohelo -w leadspc -a 'X-W3: 3'
	filter w4 -w rcptrej -w noconnect -a 'X-W4:4'
	filter w5 -w nohdrs -w skip -v body=skip -v eom=progress
	sides "w1 w2 w3 w4 w5"
	compare wishes <<-END
	$({ mail "$D/d_mail_plain.eml" bob@example.org nosuch@example.org
	    echo "> BOGUS"
	    mail "$D/d_mail_mime.eml"; } | session)
	END
}

# told CHILD STAGE: one line of the daemon names child, stage and reason.
told()
{

	grep "child=$1 .*stage=$2 .*reason=" "$W/mm.out" >"$W/told"
	atf_check_equal 1 "$(wc -l <"$W/told" | tr -d ' ')"
}

# A child that is not there: e1 and e2 are, around it.
down()
{

	begin
	filter e1 -a 'X-E1: 1'
	filter e2 -a 'X-E2: 2'
	echo "inet:$HM_PORT6@127.0.0.1" >"$W/spec/gone"
}

postfix_case down_accept 60 "with a child down whose fallback is accept mail \
flows through the others, and one line tells it"
down_accept_body()
{

	down
	A=$HM_PORT3
	pf_listen $A "$(hm_spec_postfix e1), { $(hm_spec_postfix gone),
	    default_action=accept }, $(hm_spec_postfix e2)"
	hm_daemon mm "inet:$HM_PORT5@127.0.0.1" "e1 gone e2" \
	    'milter.gone.fallback_status = "accept"'
	B=$HM_PORT4
	pf_listen $B "$(hm_list mm)"
	pf_start
	hm_seen e1 "$W/skipped"
	hm_seen e2 "$W/skipped"
	: >"$W/mm.out"
	compare down <<-END
	$(mail "$D/d_mail_plain.eml" | session)
	END
	atf_check -o ignore grep '^X-E2: 2$' "$W/down.b/1.bob"
	told gone negotiate
}

postfix_case down_tempfail 60 "with a child down whose fallback is \
temporary-failure mail is deferred as by Postfix, and one line tells it"
down_tempfail_body()
{

	down
	A=$HM_PORT3
	pf_listen $A "$(hm_spec_postfix e1), { $(hm_spec_postfix gone),
	    default_action=tempfail }, $(hm_spec_postfix e2)"
	hm_daemon mm "inet:$HM_PORT5@127.0.0.1" "e1 gone e2" \
	    'milter.gone.fallback_status = "temporary-failure"'
	B=$HM_PORT4
	pf_listen $B "$(hm_list mm)"
	pf_start
	MARKS=
	: >"$W/mm.out"
	compare down <<-END
	$(mail "$D/d_mail_plain.eml" | session)
	END
	atf_check -o ignore grep '^S: 4' "$W/down.b/smtp"
	told gone negotiate
}

# failing COMMAND...: the child bad, started so, fails at some stage; the edits
# of the others stay, its own go.
failing()
{

	begin
	filter e1 -a 'X-E1: 1'
	filter e2 -a 'X-E2: 2'
	"$@"
	hm_daemon mm "inet:$HM_PORT5@127.0.0.1" "e1 bad e2" \
	    'milter.bad.fallback_status = "accept"' \
	    'milter.bad.reading_timeout = 1' \
	    'milter.bad.end_of_message_timeout = 1'
	B=$HM_PORT4
	pf_listen $B "$(hm_list mm)"
	pf_start
	: >"$W/mm.out"
	{ mail "$D/d_mail_plain.eml"; mail "$D/d_mail_mime.eml"; } | session |
	    pf_talk $B "$W/out"
	for n in 1 2; do
		atf_check -o ignore grep '^X-E1: 1$' "$W/out/$n.bob"
		atf_check -o ignore grep '^X-E2: 2$' "$W/out/$n.bob"
		atf_check -s exit:1 grep '^X-Bad' "$W/out/$n.bob"
	done
}

# bad OPTION...: a libmilter filter.
bad()
{

	hm_edit bad "unix:$W/bad.sock" -a 'X-Bad: 1' "$@"
}

# raving ANSWER: one that libmilter would not let a filter be.
raving()
{

	hm_spawn bad "${MM_PROGRAM:-milter-manager}" test-client \
	    -s "unix:$W/bad.sock" --edit='add-header X-Bad: 1' --on="$1"
	hm_wait bad "unix:$W/bad.sock"
}

postfix_case dies 60 "a child that dies in the middle of the body loses its \
edits, the others go on, and one line tells it"
dies_body()
{

	failing bad -v body=die
	told bad body
}

postfix_case hangs 60 "a child that hangs in the middle of a message loses \
its edits, the others go on, and one line tells it"
hangs_body()
{

	failing bad -v eoh=hang
	told bad eoh
}

postfix_case hangs_eom 60 "a child that sends edits and then hangs loses its \
edits, the others go on, and one line tells it"
hangs_eom_body()
{

	failing bad -v eom=hang
	told bad eom
}

postfix_case raves 60 "a child that answers nonsense in the middle of a \
message loses its edits, the others go on, and one line tells it"
raves_body()
{

	failing raving 'header:2=garbage'
	told bad header
}

postfix_case raves_eom 60 "a child that sends edits and then nonsense loses \
its edits, the others go on, and one line tells it"
raves_eom_body()
{

	failing raving 'eom=garbage:0000000158'
	told bad eom
}

atf_init_test_cases()
{

	atf_add_test_case control
	atf_add_test_case clean
	atf_add_test_case eicar
	atf_add_test_case session
	atf_add_test_case odd
	atf_add_test_case big
	atf_add_test_case orders
	atf_add_test_case verify
	atf_add_test_case edits
	atf_add_test_case hold
	atf_add_test_case verdicts
	atf_add_test_case stages
	atf_add_test_case wishes
	atf_add_test_case down_accept
	atf_add_test_case down_tempfail
	atf_add_test_case dies
	atf_add_test_case hangs
	atf_add_test_case hangs_eom
	atf_add_test_case raves
	atf_add_test_case raves_eom
}
