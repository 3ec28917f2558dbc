#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_fallback.sh - what answers for a child that has failed: each word at each
# stage, by class of client, and for the manager itself.

. "$(atf_get_srcdir)/h_session.sh"

fallback_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

STAGES='negotiate connect helo mail rcpt data header eoh body eom'
# A client that is none of our own.
STRANGER='--connect-address=inet:50443@[192.0.2.7]'

gone()
{

	kill "$(cat "$1.pid")" 2>/dev/null
	wait_for test ! -S "$1.sock"
}

# word STATUS EXPECTED: child a fails at each stage; b lives and edits.
word()
{

	conf_begin 'manager.fallback_status = "reject"'
	conf_child a "fallback_status=\"$1\""
	conf_child b
	child b --edit='add-header X-B: alive'
	manager
	for w_stage in $STAGES; do
		child a --on=$w_stage=close --edit='add-header X-A: never'
		check_mta -v "$STRANGER" -b body --expect="$2"
		grep '^< SMFIR_[ACIQ]' mta.out | grep -v 'CONTINUE' > edits
		case $1 in
		quarantine)
			# Once, with the child's name, among whole edits.
			cat > want <<-'END'
			< SMFIR_QUARANTINE <milter a failed>
			< SMFIR_ADDHEADER <X-B> <alive>
			END
			atf_check -o file:want cat edits
			;;
		accept)
			has edits '< SMFIR_ADDHEADER <X-B> <alive>'
			lacks edits 'X-A'
			;;
		*)
			atf_check cat edits
			;;
		esac
		has mm.log "child=a stage=$w_stage fallback=$1 reason=closed"
		# How often the MTA was told is how often it asked.
		case $1,$w_stage in
		shutdown,connect | shutdown,negotiate)
			atf_check -o match:'^< SMFIR_REPLYCODE <421 ' \
			    sh -c 'grep "^<" mta.out | sed -n 2p'
			;;
		shutdown,*)
			ntimes mta.out '< SMFIR_REPLYCODE <421 ' 1
			;;
		esac
		gone a
	done
	stop_manager
	ntimes mm.log 'session closed' 10
}

for row in accept:pass temporary-failure:temporary-failure reject:reject \
    discard:discard quarantine:quarantine shutdown:replycode:421; do
	name=word_$(echo "${row%%:*}" | tr - _)
	fallback_case "$name" "fallback_status = ${row%%:*}, at each stage"
	eval "${name}_body() { word '${row%%:*}' '${row#*:}'; }"
done

fallback_case quarantine_offer "an MTA that does not quarantine is told to come back"
quarantine_offer_body()
{

	conf_begin
	conf_child a 'fallback_status="quarantine"'
	conf_child b
	child b
	manager
	for stage in negotiate connect rcpt body eom; do
		child a --on=$stage=close
		check_mta -v --actions=1df --expect=temporary-failure
		lacks mta.out '< SMFIR_QUARANTINE'
		has mm.log "child=a stage=$stage fallback=temporary-failure"
		gone a
	done
	ntimes mm.log 'child=a the MTA does not quarantine: temporary-failure instead' 5
	# The action is claimed only by who may use it, and only if offered.
	grep -c 'actions=0x1df' mm.log > n
	stop_manager
	conf_begin
	conf_child a 'fallback_status_local="quarantine"'
	child a --actions=1
	manager
	check_mta -v --expect=pass
	has mm.log 'stage=negotiate version=6 actions=0x21 '
	check_mta -v --actions=1 --expect=pass
	has mm.log 'stage=negotiate version=6 actions=0x1 '
	stop_manager
	conf_begin
	conf_child a 'fallback_status="quarantine"' evaluation_mode=true
	manager
	check_mta -v --expect=pass
	has mm.log 'stage=negotiate version=6 actions=0x1 '
}

fallback_case quarantine_messages "only messages that the failed child has not ended are held"
quarantine_messages_body()
{

	conf_begin
	conf_child a 'fallback_status="quarantine"'
	conf_child b
	child b --edit='add-header X-B: alive'
	manager
	# It ends the first message and fails in the second.
	child a --on=rcpt:2=close
	check_mta -v --messages=3
	atf_check -o inline:'status: pass
status: quarantine
status: quarantine
' grep '^status' mta.out
	ntimes mta.out '< SMFIR_ADDHEADER <X-B> <alive>' 3
	gone a
	# It has accepted the first message when it fails.
	child a --on=rcpt:1=garbage:000000016100000000
	check_mta -v --messages=2
	atf_check -o inline:'status: pass
status: quarantine
' grep '^status' mta.out
	gone a
	# A message that is refused is not held.
	child a --on=mail=close
	child c
	gone b
	child b --on=eom=reject
	check_mta -v --expect=reject
	lacks mta.out '< SMFIR_QUARANTINE'
}

fallback_case quarantine_chain "the others go on, and all that have failed are named"
quarantine_chain_body()
{

	conf_begin 'manager.fallback_status = "reject"'
	conf_child a 'fallback_status="quarantine"'
	conf_child b
	conf_child c 'fallback_status="quarantine"'
	conf_child d
	child b --edit='replace-body NEW' --edit='quarantine by b'
	child d
	manager
	check_mta -v --mta=sendmail --expect=quarantine
	cat > want <<-'END'
	< SMFIR_QUARANTINE <milters a, c failed>
	< SMFIR_QUARANTINE <by b>
	< SMFIR_REPLBODY 3 <NEW>
	END
	grep '^< SMFIR_[QR]' mta.out > edits
	atf_check -o file:want cat edits
	has d.out 'body: <NEW>'
	# With a child's own one Postfix ends the chain; with this it goes on.
	check_mta -v --mta=postfix --expect=quarantine
	ntimes d.out 'end-of-message' 1
	gone b
	child b --on=mail=accept
	gone d
	child d --on=connect=accept
	# Nobody is left to be asked, and the message still has to be held.
	check_mta -v --mta=postfix --expect=quarantine
	lacks d.out 'header: '
	gone b
	gone d
	check_mta -v --messages=2
	ntimes mta.out 'status: quarantine' 2
	ntimes mta.out '< SMFIR_QUARANTINE <milters a, c failed>' 2
	stop_manager
	has mm.log '[session][end][end-of-message][quarantine]'
}

fallback_case manager_words "the manager's own fallback, when all have failed or it cannot go on"
manager_words_body()
{

	i=0
	while [ $i -lt 80 ]; do
		printf 'X-%d: %01000d\n' $i $i
		i=$((i + 1))
	done > head.eml
	printf '\nbody\n' >> head.eml
	for row in quarantine:quarantine shutdown:replycode:421; do
		conf_begin "manager.fallback_status = \"${row%%:*}\"" \
		    'manager.max_header_size = 64k'
		conf_child a
		conf_child b
		manager
		check_mta -v --messages=2 --expect="${row#*:}"
		[ ${row%%:*} = shutdown ] ||
		    ntimes mta.out '< SMFIR_QUARANTINE <milters a, b failed>' 2
		child a
		child b --edit='add-header X-B: b'
		check_mta -v -m head.eml --expect="${row#*:}"
		[ ${row%%:*} = shutdown ] ||
		    has mta.out '< SMFIR_QUARANTINE <milter-manager failed>'
		lacks mta.out '< SMFIR_ADDHEADER'
		check_mta -v --expect=pass
		gone a
		# One of them alone is not all.
		check_mta -v --expect=pass
		check_mta -v --actions=1df --expect=pass
		gone b
		case $row in
		quarantine*)
			check_mta -v --actions=1df --expect=temporary-failure
			;;
		esac
		stop_manager
	done
	# Without any child, too.
	conf_begin 'manager.fallback_status = "quarantine"'
	manager
	check_mta -v --expect=quarantine
	has mta.out '< SMFIR_QUARANTINE <milter-manager failed>'
	stop_manager
}

# class EXPECTED OPTION...: who gets what, a being down.
class()
{

	c_want=$1
	shift
	check_mta -v -b body "$@" --expect="$c_want"
}

fallback_case classes "strangers, own networks and those who have logged in"
classes_body()
{

	conf_begin
	conf_child a 'fallback_status="reject"' \
	    'fallback_status_local="temporary-failure"' \
	    'fallback_status_authenticated="accept"'
	conf_child b
	child b
	manager
	class reject "$STRANGER"
	class reject '--connect-address=inet6:25@[2001:db8::1]'
	class temporary-failure '--connect-address=inet:1@[10.1.2.3]'
	class temporary-failure '--connect-address=inet6:1@[::1]'
	class temporary-failure '--connect-address=inet6:1@[fe80::1]'
	class temporary-failure --connect-address=unix:/tmp/x
	class temporary-failure --connect-address=unknown
	class pass "$STRANGER" --authenticated-name=joe
	class pass "$STRANGER" --authenticated-type=PLAIN
	class pass '--connect-address=inet:1@[127.0.0.1]' \
	    --authenticated-name=joe
	# Nobody is refused before it could be known that he has logged in.
	class reject "$STRANGER"
	ntimes mta.out '< SMFIR_REJECT' 1
	has mm.log 'child=a stage=mail verdict=reject reason=fallback'
	lacks mm.log 'stage=connect verdict=reject'
	# Whose fallback it will be is not known yet: all are told.
	has mm.log 'child=a stage=negotiate fallback=reject local=temporary-failure authenticated=accept reason=cannot connect'
	# One that fails later: the same, from the stage on where it does.
	for stage in helo rcpt header eom; do
		child a --on=$stage=close
		class reject "$STRANGER"
		class temporary-failure
		class pass "$STRANGER" --authenticated-name=joe
		gone a
	done
	has mm.log 'child=a stage=helo fallback=temporary-failure authenticated=accept reason='
	has mm.log 'child=a stage=rcpt fallback=accept reason='
}

fallback_case class_closed "a class for which it fails closed while others pass"
class_closed_body()
{

	# All children down and accepting: the MTA must not stop asking before
	# the class is known.
	conf_begin
	conf_child a 'fallback_status_authenticated="reject"'
	manager
	class accept "$STRANGER"
	class reject "$STRANGER" --authenticated-name=joe
	stop_manager
	conf_begin
	conf_child a 'fallback_status_local="shutdown"' \
	    'fallback_status_authenticated="quarantine"'
	manager
	class accept "$STRANGER"
	class replycode:421
	class quarantine --authenticated-name=joe
	stop_manager
	# Nobody wants CONNECT, and yet the address has to be known.
	conf_begin
	conf_child a 'fallback_status_local="reject"'
	child a --protocol=41f --on=eom=close
	manager
	class accept "$STRANGER"
	class reject
	# An address alone does it at once.
	gone a
	class reject
	has mm.log 'child=a stage=connect verdict=reject reason=fallback'
}

fallback_case class_message "whoever logs in between two messages is another class"
class_message_body()
{

	conf_begin
	conf_child a 'fallback_status="reject"' \
	    'fallback_status_authenticated="accept"'
	conf_child b
	child b
	manager
	# The second message has no macros of its own at MAIL, the third has
	# none of these; the login of the first is not theirs.
	"$(atf_get_srcdir)/h_mta" mm.sock C=c H=c \
	    'D:M{auth_authen}\0joe\0' M=c R=c T=c L=c N=c B=c E=c M=r A \
	    M=r A 'D:Mi\0x\0' M=r A 'D:M{auth_type}\0PLAIN\0' M=c R=c ||
	    atf_fail h_mta
	class reject "$STRANGER" --envelope-from-macro='auth_authen:'
	class reject "$STRANGER" --connect-macro='auth_authen:joe' \
	    --helo-macro='auth_type:PLAIN' \
	    --envelope-recipient-macro='auth_type:PLAIN'
	class pass "$STRANGER" --envelope-from-macro='auth_authen:joe'
}

atf_init_test_cases()
{

	for tc in word_accept word_temporary_failure word_reject word_discard \
	    word_quarantine word_shutdown quarantine_offer \
	    quarantine_messages quarantine_chain manager_words classes \
	    class_closed class_message; do
		atf_add_test_case $tc
	done
}
