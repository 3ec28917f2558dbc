#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_parallel.sh - children that are asked beside the others, and children that
# reply to what they said they would not.

. "$(atf_get_srcdir)/h_session.sh"

parallel_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# before FILE TEXT1 TEXT2: the first line with the one stands above that with
# the other.
before()
{

	b_1=$(grep -nF -e "$2" "$1" | head -n 1 | cut -d : -f 1)
	b_2=$(grep -nF -e "$3" "$1" | head -n 1 | cut -d : -f 1)
	[ -n "$b_1" ] && [ -n "$b_2" ] && [ "$b_1" -lt "$b_2" ] || {
		tail -n 60 "$1" >&2
		atf_fail "$1: '$2' (line $b_1) is not above '$3' (line $b_2)"
	}
}

# a in the order, b parallel, c in the order.
around()
{

	conf_begin "$@"
	conf_child a
	conf_child b parallel=true
	conf_child c
}

mta_frames()
{

	"$(atf_get_srcdir)/h_mta" mm.sock "$@" > h_mta.out 2>&1 ||
	    { cut -c 1-200 h_mta.out >&2; atf_fail "h_mta"; }
}

# More than a chunk of the wire when there are two of them.
BIG=$(awk 'BEGIN { for (i = 0; i < 5000; i++) printf "12345678\r\n" }')

parallel_case beside "parallel children answer while an earlier one is waited for"
beside_body()
{

	conf_begin
	conf_child a end_of_message_timeout=1 reading_timeout=1
	conf_child b parallel=true
	conf_child c parallel=true
	child a --on=eom=none
	child b
	child c --edit='add-header X-C: c'
	manager
	check_mta -v
	has mta.out 'SMFIR_ADDHEADER <X-C> <c>'
	before mm.log 'child=b stage=eom verdict=continue' \
	    'child=a stage=eom fallback=accept'
	before mm.log 'child=c stage=eom verdict=continue' \
	    'child=a stage=eom fallback=accept'
	stop_manager
	# The same at a command of the envelope.
	around
	echo 'milter.a.reading_timeout = 1' >> mm.conf
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	child a --on=mail=none
	manager
	check_mta -v
	before mm.log 'child=b stage=mail verdict=continue' \
	    'child=a stage=mail fallback=accept'
	before mm.log 'child=a stage=mail fallback=accept' \
	    'child=c stage=mail verdict=continue'
}

parallel_case original "a parallel child sees the original, those behind it its edits"
original_body()
{

	around
	child a --edit='add-header X-A: a' --edit='replace-body BODY-A' \
	    --edit='change-header 1 Subject: new' --edit='add-rcpt <a@a.a>'
	child b --edit='add-header X-B: b' --edit='replace-body BODY-B'
	child c --edit='add-header X-C: c'
	manager
	check_mta -v --header 'Subject: old' --body 'BODY-0' \
	    --write-message=out.eml
	has a.out 'header: <Subject: old>'
	has b.out 'header: <Subject: old>'
	has b.out 'body: <BODY-0'
	lacks b.out 'X-A'
	has c.out 'header: <Subject: new>'
	has c.out 'header: <X-A: a>'
	has c.out 'header: <X-B: b>'
	has c.out 'body: <BODY-B>'
	grep '^< SMFIR_[^C]\|^< SMFIR_CH' mta.out > edits
	cat > want <<-'END'
	< SMFIR_ADDHEADER <X-A> <a>
	< SMFIR_CHGHEADER 1 <Subject> <new>
	< SMFIR_ADDRCPT <<a@a.a>>
	< SMFIR_ADDHEADER <X-B> <b>
	< SMFIR_ADDHEADER <X-C> <c>
	< SMFIR_REPLBODY 6 <BODY-B>
	END
	atf_check -o file:want cat edits
	has mm.log 'child=b stage=eom new body of the original one'
}

parallel_case place "a parallel child's verdict counts where its place is"
place_body()
{

	# b refuses at once; a, before it, has the first word all the same.
	around
	child a --on=mail:1=tempfail --on=eom=discard
	child b --on=mail:1=reject --on=header:1=reject
	child c
	manager
	mta -v --messages=2 > /dev/null
	ntimes mta.out '< SMFIR_TEMPFAIL' 1
	ntimes mta.out '< SMFIR_DISCARD' 1
	lacks mta.out '< SMFIR_REJECT'
	ntimes b.out 'envelope-from:' 2
	ntimes c.out 'envelope-from:' 1
	stop_manager
	# At the content: a takes the whole message, then b's refusal counts.
	for c in a b c; do
		kill "$(cat $c.pid)"; wait "$(cat $c.pid)"
	done
	child a
	child b --on='header:1=replycode 550 5.7.1 early'
	child c
	manager
	check_mta -v --expect=replycode:550
	has mta.out '5.7.1 early'
	has a.out 'end-of-message'
	lacks b.out 'body: <'
	lacks c.out 'header:'
	before mm.log 'child=a stage=eom verdict=continue' \
	    'child=b stage=eom verdict=replycode'
	# c, in the order, was inside of the message; b had ended it itself.
	has c.out 'abort'
	lacks b.out 'abort'
}

parallel_case stale "what a parallel child says of a message that is over is nothing"
stale_body()
{

	around
	child a --on=eom:1=reject
	child b --on=eom:1=delay:400:reject --edit='add-header X-B: b' \
	    --on=mail:3=delay:300:accept
	child c
	manager
	mta -v --messages=3 > /dev/null
	before mm.log 'child=a stage=eom verdict=reject' \
	    'child=b <- SMFIR_REJECT'
	ntimes mta.out '< SMFIR_REJECT' 1
	# The second message is whole, with the edit of b on it; so is the third.
	ntimes mta.out '< SMFIR_ADDHEADER <X-B> <b>' 1
	ntimes c.out 'end-of-message' 2
	lacks mm.log 'fallback='
	ntimes b.out 'abort' 1
	stop_manager
	# Also one that was asked about a MAIL that an earlier one refuses.
	for c in a b c; do
		kill "$(cat $c.pid)"; wait "$(cat $c.pid)"
	done
	child a --on=mail:1=reject
	child b --on=mail:1=delay:400 --on=eom=reject
	child c
	manager
	mta -v --messages=2 > /dev/null
	ntimes mta.out '< SMFIR_REJECT' 2
	before mm.log 'child=a stage=mail verdict=reject' \
	    'child=b stage=eom verdict=reject'
	lacks mm.log 'fallback='
}

parallel_case recipients "a recipient that an earlier one refuses is asked about, and no more"
recipients_body()
{

	around
	child a --on=rcpt:1=reject
	child b --on=rcpt:1=delay:200 --on=rcpt:2=reject --on=rcpt:3=accept
	child c
	manager
	mta -v -r 1@x.y -r 2@x.y -r 3@x.y -r 4@x.y > /dev/null
	ntimes mta.out '< SMFIR_REJECT' 2
	has b.out 'envelope-recipient: <<1@x.y'
	lacks c.out 'envelope-recipient: <<1@x.y'
	lacks c.out 'envelope-recipient: <<2@x.y'
	has c.out 'envelope-recipient: <<3@x.y'
	has c.out 'envelope-recipient: <<4@x.y'
	# It has let the message pass at the third.
	lacks b.out 'envelope-recipient: <<4@x.y'
	lacks b.out 'end-of-message'
	has c.out 'end-of-message'
	lacks mm.log 'fallback='
}

parallel_case lost "a parallel child that fails, early or behind its verdict"
lost_body()
{

	around
	echo 'milter.b.fallback_status = "reject"' >> mm.conf
	child a
	child b --on=header:1=close
	child c
	manager
	# Its fallback has its place: a is heard to the end.
	check_mta -v --expect=reject
	has a.out 'end-of-message'
	lacks c.out 'header:'
	ntimes mm.log 'child=b stage=header fallback=reject' 1
	stop_manager
	# A child that ends the connection when it has said its last word.
	kill "$(cat b.pid)"; wait "$(cat b.pid)"
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	child a --on=eom=delay:300
	child b --on=eom='garbage:00000008685800790079000000000163' \
	    --sessions=1
	manager
	mta -v > /dev/null
	stop_manager
	# In evaluation mode nothing of it counts.
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	rm -f b.sock
	around
	echo 'milter.b.evaluation_mode = true' >> mm.conf
	child a
	child b --on=eom=reject --edit='add-header X-B: b'
	manager
	check_mta -v
	lacks mta.out 'X-B'
	has mm.log 'child=b stage=eom verdict=reject evaluated only'
	has c.out 'end-of-message'
}

parallel_case behind "one that lags behind is given the original body, not the new one"
behind_body()
{

	# The end of message brings a piece that has to be cut for children:
	# a is through with it and has replaced the body before b has it all.
	around 'manager.chunk_size = 20000'
	child a --edit='replace-body BODY-A'
	child b --digest --on=body:5=delay:300 --on=body:6=delay:300
	child c
	manager
	mta_frames C H M R T L N "B:$BIG$BIG" "E:$BIG$BIG=bc"
	before mm.log 'child=a stage=eom edit=SMFIR_REPLBODY' \
	    'child=b stage=eom verdict'
	has c.out 'body: <BODY-A>'
	want=$(grep -o 'digest.*' b.out)
	stop_manager
	# The same child alone.
	kill "$(cat b.pid)"; wait "$(cat b.pid)"
	conf_begin 'manager.chunk_size = 20000'
	conf_child b
	child b --digest
	manager
	mta_frames C H M R T L N "B:$BIG$BIG" "E:$BIG$BIG"
	atf_check_equal "$want" "$(grep -o 'digest.*' b.out)"
	[ -n "$want" ] || atf_fail "no digest"
}

parallel_case all "all parallel, over several messages with ABORT"
all_body()
{

	conf_begin
	for c in a b c d; do
		conf_child $c parallel=true
		child $c --edit="add-header X-$c: $c" --on=mail:2=accept
	done
	manager
	check_mta -v --messages=3 --header 'X-a: 0' -b "$BIG" -b "$BIG"
	for c in a b c d; do
		ntimes $c.out 'end-of-message' 2
		lacks $c.out 'header: <X-b'
		ntimes mta.out "< SMFIR_ADDHEADER <X-$c> <$c>" 2
	done
	lacks mm.log 'fallback='
	lacks mm.log 'warning'
}

# --- no-reply bits -----------------------------------------------------------

# A verdict frame, as garbage that test-client sends instead of its own silence.
says()
{

	for s_stage in connect helo mail rcpt data header eoh body; do
		printf -- '--on=%s=garbage:00000001%s\n' "$s_stage" "$1"
	done
}

parallel_case chatty "one that replies to all that it said it would not stays in step"
chatty_body()
{

	conf_begin
	conf_child a
	conf_child b
	# All no-reply bits, continue to everything; edits at the end.
	# shellcheck disable=SC2046	# one option a word
	child a --protocol=ff080 $(says 63) --edit='add-header X-A: a'
	child b
	manager
	check_mta -v --messages=3 -b "$BIG" -b "$BIG"
	ntimes mta.out '< SMFIR_ADDHEADER <X-A> <a>' 3
	ntimes b.out 'header: <X-A: a>' 3
	lacks mm.log 'fallback='
	ntimes mm.log 'replies to what it said it would not' 1
	# Alone, the MTA does not wait either, and all comes at once.
	stop_manager
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	conf_begin
	conf_child a
	# shellcheck disable=SC2046
	child a --protocol=ff080 $(says 63) --on=eom:2=reject
	manager
	mta -v --messages=3 > /dev/null
	ntimes mta.out '< SMFIR_REJECT' 1
	ntimes mta.out 'status: pass' 2
	ntimes a.out 'end-of-message' 3
	lacks mm.log 'fallback='
	# What it says there is nothing: it said so itself.
	stop_manager
	echo 'milter.a.reading_timeout = 1' >> mm.conf
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	child a --protocol=ff080 --on=rcpt=garbage:0000000172
	manager
	check_mta -v --messages=2
	lacks mta.out '< SMFIR_REJECT'
}

parallel_case some "one that replies to some of what it said it would not"
some_body()
{

	conf_begin
	conf_child a
	child a --protocol=c0080 --on=header=garbage:0000000163 \
	    --on=mail=tempfail
	manager
	mta -v > /dev/null
	ntimes mta.out '< SMFIR_TEMPFAIL' 1
	stop_manager
	kill "$(cat a.pid)"; wait "$(cat a.pid)"
	# Headers and body are both silent by its word, headers are not.
	child a --protocol=80080 --on=header:2=garbage:0000000163 \
	    --on=eoh=accept
	manager
	check_mta -v --messages=2 --header 'A: 1' --header 'B: 2' --header 'C: 3'
	lacks mm.log 'fallback='
	lacks a.out 'end-of-message'
}

parallel_case silent "one that keeps its word is not waited for twice"
silent_body()
{

	conf_begin
	conf_child a
	child a --protocol=ff080 --on=eom:2=reject
	manager
	mta -v --messages=3 > /dev/null
	ntimes mta.out '< SMFIR_REJECT' 1
	ntimes mta.out 'status: pass' 2
	lacks mm.log 'replies to what it said'
	lacks mm.log 'fallback='
}

atf_init_test_cases()
{

	for tc in beside original place stale recipients lost behind all \
	    chatty some silent; do
		atf_add_test_case $tc
	done
}
