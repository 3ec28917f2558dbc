#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_fallback_postfix.sh - the fallbacks quarantine and shutdown before a real
# Postfix: beside its own where it has them.

fallback_postfix_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set require.user root
		atf_set require.progs \"postfix postconf postcat\"
		atf_set timeout 120
	}
	$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_milters.sh\"
		. \"\$(atf_get_srcdir)/h_postfix.sh\"
		pf_stop \"\$(pwd -P)/w\"
		hm_stop_all \"\$(pwd -P)/w\"
	}"
}

# A port on which nobody listens for the milter that is down; e1 and e2 live.
begin()
{

	. "$(atf_get_srcdir)/h_milters.sh"
	. "$(atf_get_srcdir)/h_postfix.sh"
	. "$(atf_get_srcdir)/h_differential.sh"
	hm_init "$(pwd -P)/w" "$(atf_get_srcdir)"
	hm_helper h_libmilter_edit >/dev/null 2>&1 ||
	    atf_skip "libmilter is not installed"
	W=$HM_WORK
	D=$HM_SRCDIR
	MTA=pf MARKS=
	hm_ports 12
	pf_setup alice bob carol dave
	filter e1 -a 'X-E1: 1'
	filter e2 -a 'X-E2: 2'
	echo "unix:$W/gone.sock" >"$W/spec/gone"
	A=$HM_PORT3
	B=$HM_PORT4
}

# fallback CHILD... -- LINE...: port B with the daemon before them.
fallback()
{

	f_children=
	while [ "$1" != -- ]; do
		f_children="$f_children $1"
		shift
	done
	shift
	hm_daemon mm "inet:$HM_PORT5@127.0.0.1" "$f_children" "$@"
	pf_listen $B "$(hm_list mm)"
}

fallback_postfix_case quarantine "a message is held as Postfix itself holds it, two in a session"
quarantine_body()
{

	begin
	pf_listen $A "$(hm_spec_postfix e1), { $(hm_spec_postfix gone),
	    default_action=quarantine }"
	fallback e1 gone -- 'milter.gone.fallback_status = "quarantine"'
	pf_start
	MARKS=
	compare held <<-END
	$({ mail "$D/d_mail_plain.eml"
	    mail "$D/d_mail_mime.eml" carol@example.org; } | session)
	END
	for i in 1 2; do
		atf_check -o ignore grep '^X-E1: 1$' "$W/held.b/$i.HOLD"
	done
	atf_check -o match:'END-OF-MESSAGE .*triggers HOLD action' \
	    grep 'to=<carol@example.org>' "$W/pf/log/maillog"
}

fallback_postfix_case goes_on "milters behind a failed one that quarantines still have their say"
goes_on_body()
{

	begin
	fallback gone e2 -- 'milter.gone.fallback_status = "quarantine"'
	pf_start
	session <<-END >script
	$(mail "$D/d_mail_plain.eml")
	END
	pf_talk $B "$W/on" <script
	atf_check -o ignore grep '^X-E2: 2$' "$W/on/1.HOLD"
}

fallback_postfix_case shutdown "the client gets 421 and is hung up on at connect"
shutdown_body()
{

	begin
	fallback e1 gone -- 'milter.gone.fallback_status = "shutdown"'
	pf_start
	{ echo "> EHLO client.example.net"; echo eof; } |
	    "$(hm_helper h_smtp)" $B >out 2>err
	# With the greeting; the text there is Postfix's own.
	atf_check -o match:'^S: 421 ' head -n 1 out
}

fallback_postfix_case shutdown_mail "a fallback that waits for the sender is 421 there"
shutdown_mail_body()
{

	begin
	fallback e1 gone -- 'milter.gone.fallback_status = "accept"' \
	    'milter.gone.fallback_status_local = "shutdown"' \
	    'milter.gone.fallback_status_authenticated = "accept"'
	pf_start
	{
		echo "> EHLO client.example.net"
		echo "> MAIL FROM:<alice@example.org>"
		echo eof
	} >script
	pf_talk $B "$W/out" <script
	atf_check -o match:'^S: 421 4.7.0 ' cat "$W/out/smtp"
	atf_check -o match:'^S: 250' cat "$W/out/smtp"
}

atf_init_test_cases()
{

	for tc in quarantine goes_on shutdown shutdown_mail; do
		atf_add_test_case $tc
	done
}
