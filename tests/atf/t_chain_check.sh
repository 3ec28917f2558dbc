#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_chain_check.sh - chains that are known to break are warned of, others not.

: "${MM_PROGRAM:=milter-manager}"

# chain_case NAME DESCRIPTION: the body is NAME_body.
chain_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 60; }"
}

# conf LINE...: what is in mm.conf, a line each.
conf()
{

	printf '%s\n' "$@" > mm.conf
}

# child NAME LINE...: appended; lines are "key = value".
child()
{

	c_name=$1
	shift
	echo "milter.\"$c_name\".connection_spec = \"unix:/run/$c_name.sock\"" \
	    >> mm.conf
	for c_line in "$@"; do
		echo "milter.\"$c_name\".$c_line" >> mm.conf
	done
}

# warns LINE...: all that -n says before its last line; it stays good.
warns()
{

	: > expected
	for w_line in "$@"; do
		echo "$PWD/$w_line" >> expected
	done
	echo 'milter-manager: the configuration is good' >> expected
	cat mm.conf
	atf_check -s exit:0 -o empty -e file:expected \
	    "$MM_PROGRAM" -n -f mm.conf
}

# chain NAME...: children of these names, in this order.
chain()
{

	: > mm.conf
	: > mm.conf
	for ch_name in "$@"; do
		child "$ch_name"
	done
}

chain_case quiet "a chain in a good order is not warned of"
quiet_body()
{

	: > mm.conf
	warns
	chain pyspf-milter opendkim openarc opendmarc clamav rspamd
	warns
	chain amavis opendkim
	warns
	# A verifier before, and a signer behind.
	chain opendkim-verify opendmarc mimedefang opendkim-sign
	warns
}

chain_case dmarc "DMARC before the results that it needs"
dmarc_body()
{

	chain opendmarc opendkim
	warns 'mm.conf:1: warning: milter.opendmarc.connection_spec: DMARC needs the result of opendkim, which comes after it'
	chain a OpenDMARC dkimpy pyspf openarc
	warns 'mm.conf:2: warning: milter.OpenDMARC.connection_spec: DMARC needs the result of dkimpy, which comes after it' \
	    'mm.conf:2: warning: milter.OpenDMARC.connection_spec: DMARC needs the result of pyspf, which comes after it' \
	    'mm.conf:2: warning: milter.OpenDMARC.connection_spec: DMARC needs the result of openarc, which comes after it'
	# By its socket; by what is enabled.
	conf 'milter.a.connection_spec = "unix:/run/opendmarc/s"' \
	    'milter.b.connection_spec = ["inet:1@127.0.0.1", "unix:/run/opendkim/s"]'
	warns 'mm.conf:1: warning: milter.a.connection_spec: DMARC needs the result of b, which comes after it'
	echo 'milter.b.enabled = false' >> mm.conf
	warns
	chain opendmarc opendkim
	echo 'milter.opendmarc.enabled = false' >> mm.conf
	warns
}

chain_case signer "a change of the body behind a signature"
signer_body()
{

	for editor in mimedefang altermime my-disclaimer amavisd-milter; do
		chain opendkim "$editor"
		warns "mm.conf:2: warning: milter.$editor.connection_spec: changes of the body break the signature of opendkim, which comes before it"
	done
	chain openarc mimedefang
	warns 'mm.conf:2: warning: milter.mimedefang.connection_spec: changes of the body break the signature of openarc, which comes before it'
	chain opendkim rspamd
	warns
}

chain_case parallel "a parallel signer is not shown what others change"
parallel_body()
{

	: > mm.conf
	child amavis
	child opendkim 'parallel = true'
	warns 'mm.conf:3: warning: milter.opendkim.parallel: it is not shown what amavis makes of the message'
	: > mm.conf
	child opendkim 'parallel = true'
	child clamav 'parallel = true'
	warns
}

chain_case same "two children at one address"
same_body()
{

	conf 'milter.a.connection_spec = "unix:/run/a"' \
	    'milter.b.connection_spec = ["inet:1@127.0.0.1", "unix:/run/a"]' \
	    'milter.c.connection_spec = "inet:1@127.0.0.1"'
	warns 'mm.conf:2: warning: milter.b.connection_spec: the same as that of a' \
	    'mm.conf:3: warning: milter.c.connection_spec: the same as that of b'
	echo 'milter.b.enabled = false' >> mm.conf
	warns
}

chain_case times "more patience than the MTA has"
times_body()
{

	conf 'manager.command_deadline = 0' \
	    'manager.end_of_message_deadline = 301'
	warns 'mm.conf:1: warning: manager.command_deadline: Postfix waits for 30s and goes on without an answer' \
	    'mm.conf:2: warning: manager.end_of_message_deadline: Postfix waits for 300s and goes on without an answer'
	conf 'manager.command_deadline = 30' \
	    'manager.end_of_message_deadline = 300'
	warns
	# A default is nobody's wish, and what is not above has its effect.
	: > mm.conf
	child a 'reading_timeout = 25' 'writing_timeout = 25001ms' \
	    'connection_timeout = 30' 'end_of_message_timeout = 281'
	warns 'mm.conf:4: warning: milter.a.connection_timeout: manager.command_deadline ends before it at a command' \
	    'mm.conf:3: warning: milter.a.writing_timeout: manager.command_deadline ends before it at a command' \
	    'mm.conf:5: warning: milter.a.end_of_message_timeout: manager.end_of_message_deadline ends before it'
}

chain_case opposite "a child with a condition and its opposite"
opposite_body()
{

	: > mm.conf
	child a 'applicable_conditions = ["Authenticated", "S25R", "Unauthentication"]'
	child b 'applicable_conditions = ["Not DNSBL Listed"]' \
	    'applicable_conditions += "DNSBL Listed"'
	warns 'mm.conf:2: warning: milter.a.applicable_conditions: with both Authenticated and its opposite it never runs' \
	    'mm.conf:5: warning: milter.b.applicable_conditions: with both DNSBL Listed and its opposite it never runs'
}

chain_case asks "a condition that asks for what cannot be known"
asks_body()
{

	conf 'condition.X.stop_on_data = child("c").accepted or child("c").accepted'
	child a
	child b 'applicable_conditions = ["X"]'
	child c
	warns 'mm.conf:4: warning: milter.b.applicable_conditions: condition "X" asks for .accepted of c, which does not come before this one'
	sed -i.was 's/child("c")/child("b")/g' mm.conf
	warns 'mm.conf:4: warning: milter.b.applicable_conditions: condition "X" asks for .accepted of b, which does not come before this one'
	sed -i.was 's/child("b")/child("a")/g' mm.conf
	warns
	echo 'milter.a.enabled = false' >> mm.conf
	warns 'mm.conf:4: warning: milter.b.applicable_conditions: condition "X" asks for .accepted of a, which is not enabled'
	conf 'condition.X.set_note."n" = data: "1" if child("a").rejected' \
	    'condition.X.set_macro."{m}" = data: "1" if child("a").stopped'
	child a
	child b 'applicable_conditions = ["X"]'
	warns 'mm.conf:5: warning: milter.b.applicable_conditions: condition "X" asks for .rejected of a, after whose word nobody is asked: it has no evaluation_mode'
	echo 'milter.a.evaluation_mode = true' >> mm.conf
	warns
	# That there is no such child is an error, and no warning.
	sed -i.was 's/child("a")/child("z")/' mm.conf
	atf_check -s exit:78 -e match:'there is no child "z"' \
	    -e not-match:'warning' "$MM_PROGRAM" -n -f mm.conf
}

chain_case unused "conditions and tables that nothing asks"
unused_body()
{

	echo a > users
	conf "table.users = \"list:$PWD/users\"" \
	    'condition.X.description = "x"' \
	    'condition.X.stop_on_helo = true' \
	    'condition."Y Z".set_note."n" = connect: "1"' \
	    'condition.W.set_macro."{n}" = connect: "1"'
	warns 'mm.conf:2: warning: condition.X: no child has it' \
	    'mm.conf:4: warning: condition."Y Z": no child has it' \
	    'mm.conf:5: warning: condition.W: no child has it' \
	    'mm.conf:1: warning: table.users: nothing asks it'
	for use in 'condition.X.stop_on_helo = helo in table.users' \
	    'condition.X.stop_on_helo = helo in ["a", table.users]' \
	    'condition.X.set_note."n" = helo: lookup(table.users, helo)' \
	    'condition.X.set_note."n" = helo: "1" if helo in table.users' \
	    's25r.whitelist += table.users'; do
		conf "table.users = \"list:$PWD/users\"" \
		    'condition.X.stop_on_data = true' "$use"
		child a 'applicable_conditions = ["X"]'
		warns
	done
}

chain_case log "the daemon logs them at its start and when it reads again"
log_body()
{

	conf "manager.connection_spec = \"unix:$PWD/mm.sock\"" \
	    'log.use_syslog = false' 'manager.end_of_message_deadline = 0'
	: > mm.log
	"$MM_PROGRAM" -d -f mm.conf 2> mm.log &
	echo $! > pid
	i=0
	until grep -q 'listening' mm.log; do
		i=$((i + 1))
		[ $i -le 400 ] || { cat mm.log >&2; atf_fail "no start"; }
		sleep 0.05
	done
	atf_check -o match:'^1$' grep -c 'mm.conf:3: warning: manager.end_of_message_deadline' mm.log
	kill -HUP "$(cat pid)"
	until grep -q 'reloaded' mm.log; do
		i=$((i + 1))
		[ $i -le 800 ] || { cat mm.log >&2; atf_fail "no reload"; }
		sleep 0.05
	done
	atf_check -o match:'^2$' grep -c 'mm.conf:3: warning: manager.end_of_message_deadline' mm.log
	kill "$(cat pid)"
	wait "$(cat pid)"
}

atf_init_test_cases()
{

	atf_add_test_case quiet
	atf_add_test_case dmarc
	atf_add_test_case signer
	atf_add_test_case parallel
	atf_add_test_case same
	atf_add_test_case times
	atf_add_test_case opposite
	atf_add_test_case asks
	atf_add_test_case unused
	atf_add_test_case log
}
