#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_chain.sh - the five filters that most mail servers have, in one chain.
#
# opendkim (verifies) - opendmarc - clamav-milter - spamass-milter - rspamd -
# a libmilter filter that writes a footer - opendkim (signs), as they are from
# the packages, behind Postfix and behind Sendmail.  A client at 127.0.0.1 is
# one of ours, whose mail is signed; another one comes from outside.
#
# As in t_postfix, every dialogue is held with an MTA that has these milters
# itself and with one that has the daemon, and every byte is compared: SMTP
# replies, what is delivered, and what the libmilter filter was told.  Taken
# out, because no two messages have them in common: the MTA's id of a message,
# the times it wrote, and the time and value of a signature made on the way
# (opendkim's own verifier looks at the signature as it was delivered).  Of
# rspamd X-Spamd-Result is not asked for: the order of its symbols is random.

# chain_case NAME MTA DESCRIPTION
chain_case()
{

	atf_test_case "$1" cleanup
	case $2 in
	pf)	chain_progs="postfix postconf" ;;
	sm)	chain_progs="m4" ;;
	esac
	eval "$1_head() {
		atf_set descr \"$3\"
		atf_set require.user root
		atf_set require.progs \"$chain_progs opendkim opendmarc \
		    clamd clamav-milter spamd spamc spamass-milter rspamd \
		    openssl\"
		atf_set timeout 300
	}
	$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_differential.sh\"
		diff_cleanup
	}"
}

# begin MTA: libraries, work folder, mailboxes, key, messages.
begin()
{

	. "$(atf_get_srcdir)/h_differential.sh"
	. "$(atf_get_srcdir)/h_filters.sh"
	diff_begin "$1"
	PORTS=$("$(hm_helper h_port)" free 30 | tr '\n' ' ')
	PROBES=
	NOTES=
	hm_key s1 example.org
	messages
}

next_port()
{

	PORT=${PORTS%% *}
	PORTS=${PORTS#* }
}

# What is sent; what comes from outside is erin's, whose domain has no policy.
messages()
{

	for f in plain mime 8bit; do
		sed 's/alice@example\.org/erin@example.net/' \
		    "$D/d_mail_$f.eml" >"$M/$f"
	done
	eicar_message | sed 's/alice@example\.org/erin@example.net/' \
	    >"$M/eicar"
	for l in X Y Z; do
		sed '$d' "$M/eicar" | sed 's/^Subject: .*/Subject: a bargain/'
		hf_gtube $l
	done | awk -v dir="$M" '/^From:/ { f = dir "/gtube" ++n }
	    { print >f }'
}

# old CHILD...: as pair, with a Postfix that speaks version 4; alone, it does
# not come to those behind rspamd.
old()
{

	daemon mm-old "$*"
	next_port
	A_old=$PORT
	pf_listen "$PORT" "$(hm_list "$@")" milter_protocol=4
	next_port
	B_old=$PORT
	pf_listen "$PORT" "$(hm_list mm-old)" milter_protocol=4
	PROBES="$PROBES first first last"
}

start_rspamd()
{

	next_port
	hf_dns dns "$PORT"
	hf_rspamd rspamd "unix:$W/rspamd.sock"
}

# All of them, started side by side as far as they do not need another one.
start_all()
{

	start_rspamd
	hf_spamd spamd
	hf_verify verify "unix:$W/verify.sock"
	hf_opendmarc dmarc "unix:$W/dmarc.sock"
	next_port
	hf_sign sign "inet:$PORT@127.0.0.1"
	next_port
	# shellcheck disable=SC2034 # for filters
	HM_PORT2=$PORT
	filters clam
	hf_ready
	hf_spamass spamass "unix:$W/spamass.sock" spamd
	hf_ready
	footer
	CHAIN="verify dmarc clam spamass rspamd last sign"
}

footer()
{

	filter last -a 'X-Last: added' -b 'the footer of the list'
}

# daemon NAME "CHILD...": a child that is not there is to the daemon what it is
# to the MTAs here.
daemon()
{

	next_port
	hm_daemon "$1" "inet:$PORT@127.0.0.1" "$2" "$(for c in $2; do
	    echo "milter.$c.fallback_status = \"temporary-failure\""; done)"
}

# pair NAME CHILD...: the port A_NAME of the MTA has them itself, B_NAME has
# the daemon mm-NAME.
pair()
{

	p_name=$1
	shift
	next_port
	eval "A_$p_name=$PORT"
	mta_listen "$PORT" "$@"
	daemon "mm-$p_name" "$*"
	next_port
	eval "B_$p_name=$PORT"
	mta_listen "$PORT" "mm-$p_name"
	PROBES="$PROBES $* $*"
}

# Whether Sendmail listens was a session of each port, maybe late, of which the
# filters were told.
start_mta()
{

	${MTA}_start
	[ "$MTA" = sm ] || return 0
	for f in $MARKS; do
		s_n=$(echo "$PROBES" | tr ' ' '\n' | grep -c "^$f\$")
		s_i=0
		until [ "$(grep -c '^s[0-9]* close' "$W/$f.seen")" -ge \
		    "$s_n" ]; do
			s_i=$((s_i + 1))
			[ $s_i -gt 300 ] && atf_fail "$f: no session"
			sleep 0.1
		done
		hm_seen "$f" "$W/skipped"
	done
}

# both PAIR NAME <SCRIPT: NAME.a is what came of it without the daemon, NAME.b
# with it, and not a byte differs.  With NOTES set to "apart" what the filters
# were told may.
both()
{

	cat >"$W/$2.script"
	for side in a b; do
		out=$W/$2.$side
		case $side in
		a)	eval "PORT=\$A_$1" ;;
		b)	eval "PORT=\$B_$1" ;;
		esac
		${MTA}_talk "$PORT" "$out" <"$W/$2.script"
		for f in $MARKS; do
			hm_seen "$f" "$out${NOTES:+.exact}/seen.$f"
		done
	done
	atf_check -o empty -e empty diff -raU 8 "$W/$2.a" "$W/$2.b"
}

# Words for a client from outside; Sendmail has no XCLIENT.
outside()
{

	case $MTA in
	pf)
		echo "> XCLIENT NAME=mx.example.net ADDR=192.0.2.7" ;;
	sm)
		echo "from 127.0.0.5" ;;
	esac
	echo "> EHLO mx.example.net"
	cat
	echo "> QUIT"
	echo "eof"
}

# from SENDER FILE [RECIPIENT...]
from()
{

	FROM=$1
	shift
	mail "$@"
	FROM=
}

has()
{

	grep -q -e "$2" "$1" && return
	cat "$1"
	atf_fail "$1 has no $2"
}

# in_order FILE TEXT...: each of them is in the file, below the one before.
in_order()
{

	o_file=$1
	shift
	o_n=0
	for o_text in "$@"; do
		o_n=$(awk -v from="$o_n" -v text="$o_text" \
		    'NR > from && $0 ~ text { print NR; exit }' "$o_file")
		[ -n "$o_n" ] || {
			cat "$o_file"
			atf_fail "$o_file: $o_text is not where it belongs"
		}
	done
}

# verified FILE: as it was delivered.
verified()
{

	case $MTA in
	pf)
		cp "$1" "$W/verified" ;;
	sm)
		# The first line is the envelope's.
		sed 1d "$1" >"$W/verified" ;;
	esac
	atf_check_equal succeeded "$(hm_dkim_verify "$W/verified")"
}

# answered FILE N PATTERN: that is the answer to the Nth message.
answered()
{

	a_line=$(awk '/^C: \(message\)/ { n++; next }
	    n == want && /^S: / { print; exit }' want="$2" "$1" | tr -d '\r')
	# shellcheck disable=SC2254 # a pattern
	case $a_line in
	"S: "$3)
		;;
	*)
		cat "$1"
		atf_fail "message $2 was answered $a_line, not $3" ;;
	esac
}

clean()
{

	begin "$1"
	start_all
	# shellcheck disable=SC2086 # a list of words
	pair all $CHAIN
	start_mta
	both all ours <<-END
	$({ mail "$D/d_mail_plain.eml" bob@example.org dave@example.org
	    mail "$D/d_mail_mime.eml"
	    mail "$D/d_mail_8bit.eml" |
	    sed 's/^> MAIL.*/& BODY=8BITMIME/'; } | session)
	END
	# Signed by the last one, with the footer of the one before it.
	for f in a.exact/1.bob b.exact/1.bob b.exact/1.dave b.exact/2.bob \
	    b.exact/3.bob; do
		has "$W/ours.$f" '^the footer of the list'
		verified "$W/ours.$f"
	done
	# Back from outside as it was delivered, and spoilt.
	awk 'p || /^DKIM-Signature:/ { p = 1; print }' \
	    "$W/ours.a.exact/1.bob" | tr -d '\r' >"$M/signed"
	sed 's/^this is the first line/this is the worst line/' "$M/signed" \
	    >"$M/spoilt"
	both all theirs <<-END
	$({ from alice@example.org "$M/signed"
	    from alice@example.org "$M/spoilt"
	    for f in plain mime 8bit; do
		from erin@example.net "$M/$f"
	    done; } | outside)
	END
	f=$W/theirs.b
	answered "$f/smtp" 1 '250 *'
	answered "$f/smtp" 2 \
	    '550 5.7.1 rejected by DMARC policy for example.org'
	# What each of the five wrote: the second one from what the first wrote.
	in_order "$f/1.bob" '^Authentication-Results: .*dmarc=pass' \
	    '^Authentication-Results: mail.example.org' 'dkim=pass' \
	    '^DKIM-Signature:' '^X-Virus-Status: Clean' '^X-Last: added'
	has "$f/1.bob" '^DMARC-Filter: OpenDMARC'
	has "$f/1.bob" '^X-Spam-Checker-Version: SpamAssassin'
	has "$f/1.bob" '^X-Spamd-Bar: '
	has "$f/1.bob" '^X-Rspamd-Authentication-Results: '
	has "$f/2.bob" '^Authentication-Results: .*dmarc=none'
	# Our signature is on our mail only; the last filter saw all of it.
	atf_check_equal 1 "$(grep -c '^DKIM-Signature:' "$f/1.bob")"
	atf_check -s exit:1 grep '^DKIM-Signature:' "$f/2.bob"
	for t in '<Authentication-Results> < *mail.example.org; dmarc=pass' \
	    '<Authentication-Results> <.*dkim=pass' \
	    '<X-Virus-Status> < *Clean>' '<X-Spam-Checker-Version> <' \
	    '<X-Rspamd-Authentication-Results> <.*dkim=pass' \
	    '<X-Spamd-Bar> <'; do
		has "$f/seen.last" "$t"
	done
	has "$W/dns.out" '^udp s1._domainkey.example.org TXT$'
}

refused()
{

	begin "$1"
	start_all
	# shellcheck disable=SC2086 # a list of words
	pair all $CHAIN
	pair early rspamd verify dmarc clam spamass last sign
	start_mta
	cat >"$W/script" <<-END
	$({ from erin@example.net "$M/eicar"
	    from erin@example.net "$M/gtube1"
	    from erin@example.net "$M/plain"
	    from erin@example.net "$M/gtube2"
	    from erin@example.net "$M/gtube3" carol@example.org
	    from alice@example.org "$D/d_mail_plain.eml"
	    echo "> RSET"
	    from erin@example.net "$M/mime" alice@example.org; } | outside)
	END
	both all all <"$W/script"
	f=$W/all.b
	virus='550 5.7.1 virus Eicar.Local.UNOFFICIAL found'
	answered "$f/smtp" 1 "$virus"
	answered "$f/smtp" 2 '550 5.7.1 Blocked by SpamAssassin'
	answered "$f/smtp" 3 '250 *'
	answered "$f/smtp" 6 \
	    '550 5.7.1 rejected by DMARC policy for example.org'
	answered "$f/smtp" 7 '250 *'
	# For rspamd alone the others are spam of a lower degree.
	has "$f/2.bob" '^X-Spam: Yes'
	has "$f/3.carol" '^Subject: .*SPAM.*a bargain'
	both early early <"$W/script"
	f=$W/early.b
	answered "$f/smtp" 1 "$virus"
	answered "$f/smtp" 2 '554 5.7.1 Gtube pattern'
	answered "$f/smtp" 7 '250 *'
	# Ours are asked about, too.
	both all ours <<-END
	$({ mail "$M/eicar"; mail "$M/gtube1"
	    mail "$D/d_mail_plain.eml"; } | session)
	END
	answered "$W/ours.b/smtp" 1 "$virus"
	answered "$W/ours.b/smtp" 2 '550 5.7.1 Blocked by SpamAssassin'
	verified "$W/ours.b.exact/1.bob"
}

# rspamd answers nothing before the end of a message, whatever it was offered,
# and says so; it hangs up on an MTA that speaks less than version 6.
rspamd_alone()
{

	begin "$1"
	start_rspamd
	hf_rspamd quarantine "unix:$W/quarantine.sock" \
	    'quarantine_on_reject = true;'
	hf_rspamd discard "unix:$W/discard.sock" 'discard_on_reject = true;'
	hf_ready
	filter first -a 'X-First: added' -i '1 X-Spam-Status: Maybe'
	footer
	for r in rspamd quarantine discard; do
		pair $r first $r last
	done
	pair alone rspamd
	if [ $MTA = pf ]; then
		old first rspamd last
	fi
	start_mta
	cat >"$W/script" <<-END
	$({ from erin@example.net "$M/plain" bob@example.org nosuch@example.org
	    from erin@example.net "$M/gtube1"
	    echo "> BOGUS"
	    from erin@example.net "$M/gtube2"
	    from erin@example.net "$M/mime" | sed '/^> DATA/,$d'
	    echo "> RSET"
	    from erin@example.net "$M/gtube3"
	    from erin@example.net "$M/8bit"; } | outside)
	END
	for r in rspamd quarantine discard alone; do
		both $r $r <"$W/script"
		answered "$W/$r.b/smtp" 1 '250 *'
		answered "$W/$r.b/smtp" 3 '250 *'
	done
	answered "$W/rspamd.b/smtp" 2 '554 5.7.1 Gtube pattern'
	has "$W/rspamd.b/1.bob" '^X-Rspamd-Server: '
	# It takes out the field that the child before it put in.
	has "$W/rspamd.b/1.bob" '^X-Spam-Status: No, score='
	atf_check -s exit:1 grep '^X-Spam-Status: Maybe' "$W/rspamd.b/1.bob"
	atf_check -o not-empty cat "$W/quarantine.b/2.HOLD"
	atf_check -o not-empty cat "$W/discard.b/2.DISCARD"
	[ $MTA = pf ] || return 0
	# Postfix goes on telling the first filter of a session that is refused;
	# told by the daemon to refuse it, it tells the daemon nothing more.
	NOTES=apart
	both old old <<-END
	$(from erin@example.net "$M/plain" | outside)
	END
	has "$W/old.b/smtp" '^S: 451 4\.7\.1 '
}

# What an MTA offers makes no difference to it, so it must make none for it.
chain_case rspamd_offers pf "rspamd works behind an MTA that offers \
neither events without replies nor anything else"
rspamd_offers_body()
{

	begin pf
	start_rspamd
	hf_ready
	hm_daemon mm "unix:$W/mm.sock" rspamd
	body=$(printf 'Hello,\r\n%s\r\nBob' "$(hf_gtube)")
	for offer in 6,1ff,1fffff 9,1ff,ffffffff 6,1ff,37f 6,1ff,7f 6,1ff,0; do
		# The daemon never leaves out the reply to MAIL.
		case $offer in
		*fffff)	r=- ;;
		*)	r=c ;;
		esac
		"$(hm_helper h_mta)" "$W/mm.sock" -n "$offer" C=$r H=$r M=c \
		    R=$r T=$r "L:From\0s@e.x\0=$r" "L:Subject\0sale\0=$r" N=$r \
		    "B:$body=$r" E=y M=c R=$r R=$r T=$r \
		    "L:From\0s@e.x\0=$r" N=$r "B:$body=$r" E=y A=- \
		    >"$W/offer.out" 2>&1 || {
			cat "$W/offer.out"
			atf_fail "rspamd when $offer is offered"
		}
		has "$W/offer.out" '554 5.7.1 Gtube pattern'
	done
	atf_check -s exit:1 grep 'fallback=' "$W/mm.out"
	# Below version 6 it hangs up: a child that is not there.
	for offer in 2,1ff,7f 3,1ff,17f 4,1ff,37f 5,1ff,3ff; do
		"$(hm_helper h_mta)" "$W/mm.sock" -n "$offer" C H M R L N \
		    "B:$body" E=a >"$W/offer.out" 2>&1 || {
			cat "$W/offer.out"
			atf_fail "rspamd when $offer is offered"
		}
	done
	atf_check_equal 4 "$(grep -c 'child=rspamd stage=negotiate fallback=' \
	    "$W/mm.out")"
}

# Twenty clients, each with a session of its own: three messages, of which one
# is refused.
crowd()
{

	begin "$1"
	start_all
	daemon mm "$CHAIN"
	next_port
	mta_listen "$PORT" mm
	start_mta
	calm 0
	before=$(descriptors)
	pids=
	for n in $(seq 20); do
		for k in 1 3; do
			sed "s/^Subject:.*/Subject: session $n message $k/" \
			    "$D/d_mail_plain.eml" >"$M/$n.$k"
		done
		{ mail "$M/$n.1"; mail "$M/gtube1"
		    mail "$M/$n.3" carol@example.org; } | session \
		    >"$W/script.$n"
		${MTA}_talk "$PORT" "$W/crowd.$n" <"$W/script.$n" &
		pids="$pids $!"
	done
	for p in $pids; do
		wait "$p" || atf_fail "a session of the crowd failed"
	done
	for n in $(seq 20); do
		f=$W/crowd.$n
		answered "$f/smtp" 2 '550 5.7.1 Blocked by SpamAssassin'
		for m in 1.bob 2.carol; do
			for t in '^X-Spam-Checker-Version: ' '^X-Spamd-Bar: ' \
			    '^X-Virus-Status: Clean' '^X-Last: added' \
			    '^the footer of the list'; do
				has "$f/$m" "$t"
			done
			verified "$f.exact/$m"
		done
		has "$f/1.bob" "^Subject: session $n message 1\$"
		has "$f/2.carol" "^Subject: session $n message 3\$"
	done
	calm 20
	atf_check_equal "$before" "$(descriptors)"
	atf_check -s exit:1 grep 'fallback=' "$W/mm.out"
}

# calm N: waits until the daemon has closed each session, at least N of them.
calm()
{

	c_i=0
	until awk '/ session opened / { o++ } / session closed / { c++ }
	    END { exit !(o == c && c >= n) }' n="$1" "$W/mm.out"; do
		c_i=$((c_i + 1))
		[ $c_i -gt 300 ] && atf_fail "sessions do not end"
		sleep 0.1
	done
}

# How many files and connections the daemon has open, where that can be seen.
descriptors()
{

	find "/proc/$(hm_pid mm)/fd" -type l 2>/dev/null | wc -l
}

for mta in pf sm; do
	case $mta in
	pf)	name=postfix ;;
	sm)	name=sendmail ;;
	esac
	chain_case ${name}_clean $mta "five filters behind $name leave a \
message as they do without the daemon, and its signature is good"
	chain_case ${name}_refused $mta "viruses, spam and forgeries are refused \
behind $name by the right filter with its own words"
	chain_case ${name}_rspamd $mta "rspamd, which answers only at the end, is \
to $name what it is without the daemon"
	chain_case ${name}_crowd $mta "twenty sessions at once behind $name pass \
all five filters and leave nothing open"
	eval "${name}_clean_body() { clean $mta; }
	${name}_refused_body() { refused $mta; }
	${name}_rspamd_body() { rspamd_alone $mta; }
	${name}_crowd_body() { crowd $mta; }"
done

atf_init_test_cases()
{

	for name in postfix sendmail; do
		for c in clean refused rspamd crowd; do
			atf_add_test_case ${name}_$c
		done
	done
	atf_add_test_case rspamd_offers
}
