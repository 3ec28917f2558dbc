#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_explain.sh - milter-manager explain tells who would run, and why.

: "${MM_PROGRAM:=milter-manager}"
h_dns="$(atf_get_srcdir)/h_dns"
h_port="$(atf_get_srcdir)/h_port"

# explain_case NAME DESCRIPTION: the body is NAME_body.
explain_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { [ ! -s pids ] || kill \$(cat pids) 2>/dev/null
	    true; }"
}

# conf LINE...: mm.conf, a line each; then child "x" is line n + 1 and n + 2.
conf()
{

	printf '%s\n' "$@" > mm.conf
}

# child NAME [CONDITION...]
child()
{

	c_list=
	echo "milter.$1.connection_spec = \"unix:/run/$1.sock\"" >> mm.conf
	c_name=$1
	shift
	for c_one in "$@"; do
		c_list="$c_list${c_list:+, }\"$c_one\""
	done
	echo "milter.$c_name.applicable_conditions = [$c_list]" >> mm.conf
}

# explain STATUS OPTION...
explain()
{

	e_want=$1
	shift
	"$MM_PROGRAM" explain -f mm.conf "$@" > out 2> err
	e_got=$?
	[ $e_got -eq "$e_want" ] || {
		cat out err >&2
		atf_fail "explain $*: $e_got instead of $e_want"
	}
}

# prints OPTION... -- LINE...: all that is printed; a tab before "> ".
prints()
{

	p_opts=0
	for p_arg in "$@"; do
		[ "$p_arg" != -- ] || break
		p_opts=$((p_opts + 1))
	done
	: > expected
	p_i=0
	for p_arg in "$@"; do
		p_i=$((p_i + 1))
		[ $p_i -gt $((p_opts + 1)) ] || continue
		case $p_arg in
		'> '*)	printf '\t%s\n' "${p_arg#> }" ;;
		*)	printf '%s\n' "$p_arg" ;;
		esac >> expected
	done
	# The options are those that are left when the rest is dropped.
	p_i=0
	for p_arg in "$@"; do
		p_i=$((p_i + 1))
		[ $p_i -gt 1 ] || set --
		[ $p_i -gt $p_opts ] || set -- "$@" "$p_arg"
	done
	explain 0 "$@"
	cmp -s expected out && [ ! -s err ] || {
		cat mm.conf >&2
		diff -u expected out >&2
		cat err >&2
		atf_fail "explain $*"
	}
}

# name_server LINE...: on the port $dns, with a name of 127.0.0.5.
name_server()
{

	printf '%s\n' "$@" '5.0.0.127.in-addr.arpa PTR mail.example.org' > zone
	dns=$("$h_port" free 1)
	"$h_dns" "$dns" zone > queries 2> dns.err &
	echo $! >> pids
	conf "dnsbl.name_servers = [\"127.0.0.1:$dns\"]" \
	    'condition.P.stop_on_connect = ptr("127.0.0.5") != ""'
	child x P
	n_i=0
	until explain 0 && grep -q 'x: stopped' out; do
		n_i=$((n_i + 1))
		[ $n_i -le 400 ] || atf_fail "no name server"
		sleep 0.05
	done
}

explain_case no_condition "a child without conditions runs, one that is not enabled is not named"
no_condition_body()
{

	: > mm.conf
	prints --
	conf 'milter.a.connection_spec = "unix:/run/a"' \
	    'milter.b.connection_spec = "unix:/run/b"' \
	    'milter.b.enabled = false' \
	    'milter.c.connection_spec = "unix:/run/c"'
	prints -- 'a: runs' 'c: runs'
	prints --host h --address 192.0.2.1:25 --helo h --from a@b --to c@d \
	    --auth u --tls TLSv1.3 --macro i=1 --header 'A: b' --body x \
	    --size 10k --connections 7 --mta postfix --time 10:00 -- \
	    'a: runs' 'c: runs'
	# The folder in place of the file.
	mkdir etc
	cp mm.conf etc/milter-manager.conf
	atf_check -o 'inline:a: runs\nc: runs\n' \
	    "$MM_PROGRAM" explain --config-dir="$PWD/etc"
}

explain_case s25r "S25R is explained by its rule"
s25r_body()
{

	: > mm.conf
	child x S25R
	prints --host mail.google.com --address 192.0.2.1 -- \
	    'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="whitelist /\.google\.com\z/" mm.conf:2'
	prints --host mail.example.com --address 192.0.2.1 -- \
	    'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="not in blacklist" mm.conf:2'
	prints --host unknown --address 192.0.2.1 -- 'x: runs'
	prints --host '[192.0.2.1]' --address 192.0.2.1:1025 -- 'x: runs'
	prints --host unknown --address 2001:db8::1 -- 'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="address.family != "inet"" mm.conf:2'
	prints --host unknown --address '[2001:db8::1]:25' -- 'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="address.family != "inet"" mm.conf:2'
	# Not all of it need be known.
	prints --address 2001:db8::1 -- 'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="address.family != "inet"" mm.conf:2'
	prints --host mail.google.com -- 'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="whitelist /\.google\.com\z/" mm.conf:2'
	prints --host unknown -- 'x: not known' \
	    '> connect: condition="S25R" not known: address.family, no --address'
	prints --address 192.0.2.1 -- 'x: not known' \
	    '> connect: condition="S25R" not known: host, no --host'
	# One's own rule has its own line.
	conf '' 's25r.whitelist += "unknown"'
	child x S25R
	prints --host unknown --address 192.0.2.1 -- 'x: stopped' \
	    '> connect: stopped: condition="S25R" rule="whitelist "unknown"" mm.conf:2'
}

explain_case built_in "each condition that is built in"
built_in_body()
{

	: > mm.conf
	child x 'Remote Network'
	prints --address 198.51.100.1 -- 'x: runs'
	prints --address 10.0.0.1 -- 'x: stopped' \
	    '> connect: stopped: condition="Remote Network" rule="address.local" mm.conf:2'
	prints --address unix -- 'x: stopped' \
	    '> connect: stopped: condition="Remote Network" rule="address.local" mm.conf:2'
	prints --host x -- 'x: not known' \
	    '> connect: condition="Remote Network" not known: address.family, no --address'

	: > mm.conf
	child x Authenticated
	child y Unauthentication
	prints --from a@b --auth u -- 'x: runs' 'y: stopped' \
	    '> envelope_from: stopped: condition="Unauthenticated" rule="authenticated" mm.conf:4'
	prints --from a@b --auth= -- 'x: stopped' \
	    '> envelope_from: stopped: condition="Authenticated" rule="not authenticated" mm.conf:2' \
	    'y: runs'
	prints --from a@b --macro '{auth_type}=PLAIN' -- 'x: runs' \
	    'y: stopped' \
	    '> envelope_from: stopped: condition="Unauthenticated" rule="authenticated" mm.conf:4'
	prints --from a@b -- 'x: not known' \
	    '> envelope_from: condition="Authenticated" not known: authenticated, no --auth' \
	    'y: not known' \
	    '> envelope_from: condition="Unauthenticated" not known: authenticated, no --auth'
	prints --auth u -- 'x: not known' \
	    '> envelope_from: not asked, no --from' 'y: not known' \
	    '> envelope_from: not asked, no --from'

	conf 'stress.threshold_n_connections = 10'
	child x 'No Stress'
	child y 'Stress Notify'
	prints --connections 9 -- 'x: runs' 'y: runs'
	prints --connections 10 -- 'x: stopped' \
	    '> connect: stopped: condition="No Stress" rule="stressed" mm.conf:3' \
	    'y: runs' '> connect: sets macro {stress}="yes"'
	prints -- 'x: not known' \
	    '> connect: condition="No Stress" not known: stressed, no --connections' \
	    'y: runs' \
	    '> connect: condition="Stress Notify" not known: stressed, no --connections'

	: > mm.conf
	child x Trust
	prints --from 'a@GMail.com' -- 'x: runs' \
	    '> envelope_from: sets macro {trusted_domain}="yes"'
	prints --from '<a@example.com> SIZE=1' -- 'x: runs'

	conf 'restrict_accounts.accounts = ["a@b"]'
	child x 'Restrict Accounts'
	prints --to a@b --to c@d -- 'x: stopped' \
	    '> envelope_recipient <c@d>: sets note Restrict Accounts="other"' \
	    '> envelope_recipient <c@d>: hidden: condition="Restrict Accounts" rule="not in accounts" mm.conf:3' \
	    '> data: stopped: condition="Restrict Accounts" rule="note("Restrict Accounts") == "other"" mm.conf:3'
	prints --to a@b -- 'x: runs'
	prints -- 'x: not known' \
	    '> envelope_recipient: not asked, no --to' \
	    '> data: condition="Restrict Accounts" not known: note("Restrict Accounts")'
}

explain_case dns "name servers are asked, and who does not answer is told"
dns_body()
{

	name_server '1.2.0.192.bl.example.org A 127.0.0.2' \
	    '9.2.0.192.bl.example.org RCODE 2'
	conf "dnsbl.name_servers = [\"127.0.0.1:$dns\"]" \
	    'dnsbl.services = ["bl.example.org=127.0.0.2"]' \
	    'dnsbl.timeout = 2s'
	child x 'DNSBL Listed'
	child y 'Not DNSBL Listed'
	prints --address 192.0.2.1 -- 'x: runs' 'y: stopped' \
	    '> connect: stopped: condition="Not DNSBL Listed" rule="bl.example.org=127.0.0.2" mm.conf:2'
	prints --address 192.0.2.2 -- 'x: stopped' \
	    '> connect: stopped: condition="DNSBL Listed" rule="not dnsbl(dnsbl.services)" mm.conf:5' \
	    'y: runs'
	prints -- 'x: not known' \
	    '> connect: condition="DNSBL Listed" not known: dnsbl(), no --address' \
	    'y: not known' \
	    '> connect: condition="Not DNSBL Listed" not known: dnsbl(), no --address'
	explain 0 --address 192.0.2.9
	grep -q '^	connect: condition="DNSBL Listed" has no answer: .*9.2.0.192.bl.example.org' out ||
	    { cat out >&2; atf_fail "a failure is not told"; }

	# A name of the machine's own address, for a macro.
	conf "dnsbl.name_servers = [\"127.0.0.1:$dns\"]"
	child x 'Sendmail Compatible'
	prints --mta postfix --macro daemon_addr=127.0.0.5 --macro if_addr= \
	    --macro if_name= --macro helo:i=7 --from a@b -- 'x: runs' \
	    '> connect: sets macro {if_addr}="127.0.0.5"' \
	    '> connect: sets macro {if_name}="mail.example.org"'
	prints --mta postfix --macro daemon_addr=127.0.0.5 --macro if_addr=1 \
	    --macro if_name=2 --macro i= --from a@b -- 'x: runs' \
	    '> envelope_from: sets macro i="dummy-id"'
	prints --mta sendmail --from a@b -- 'x: runs'
	prints --from a@b -- 'x: runs' \
	    '> connect: condition="Sendmail Compatible" not known: postfix, no --mta' \
	    '> envelope_from: condition="Sendmail Compatible" not known: postfix, no --mta'
	echo 'manager.mta = "sendmail"' >> mm.conf
	prints --from a@b -- 'x: runs'
}

explain_case stages "a condition of one's own at each stage"
stages_body()
{

	while IFS='|' read -r st_key st_expr st_opts; do
		conf "condition.C.stop_on_$st_key = $st_expr"
		child x C
		st_who=
		case $st_key in
		header)	st_who=' Subject' ;;
		esac
		eval "set -- $st_opts"
		prints "$@" -- 'x: stopped' \
		    "> $st_key$st_who: stopped: condition=\"C\" rule=\"$st_expr\" mm.conf:1"
	done <<-'EOT'
	connect|host == "h"|--host h
	connect|address.port == 1025|--address 192.0.2.1:1025
	connect|macro("j") == "mx"|--macro '{j}=mx'
	connect|connections > 5|--connections 6
	connect|hour == 23|--time 23:59
	connect|minute == 59|--time 23:59
	connect|weekday == 6|--time 'Sat 00:00'
	connect|weekday == 0|--time 'sunday 00:00'
	helo|helo == "h"|--helo h
	helo|tls|--helo h --tls TLSv1.3
	helo|macro("tls_version") == "TLSv1.3"|--helo h --tls TLSv1.3
	envelope_from|sender == "a@b"|--from a@b
	envelope_from|sender == ""|--from '<>'
	envelope_from|sender.user == "a"|--from '<a@b>'
	envelope_from|sender.param("BODY") == "8BITMIME"|--from 'a@b SIZE=1 BODY=8BITMIME'
	envelope_from|sender.param("BODY") == "7BIT"|--from a@b --from-param SIZE=1 --from-param BODY=7BIT
	envelope_from|size == 1000|--from a@b --from-param SIZE=1000
	envelope_from|size == 1024|--from a@b --size 1k
	envelope_from|macro("i") == "B"|--from a@b --macro i=A --macro M:i=B --macro data:i=C
	data|macro("i") == "C"|--from a@b --macro i=A --macro M:i=B --macro data:i=C
	data|recipients == 2|--from a@b --to c@d --to e@f
	header|header_name == "Subject"|--header 'From: x' --header 'Subject: y'
	header|header_value == "y"|--header 'Subject:y'
	end_of_header|header("subject") == "y"|--header 'Subject: y' --header 'Subject: z'
	end_of_header|header("X") == ""|--header 'X:'
	body|body =~ /virus/|--body 'a virus'
	end_of_message|size > 10k|--size 10241
	EOT
	# Bodies come in pieces of 65535 bytes, and from files.
	conf 'condition.C.stop_on_body = body =~ /\Avirus/'
	child x C
	dd if=/dev/zero bs=65535 count=1 2>/dev/null | tr '\0' x > body
	echo virus >> body
	prints --body @body -- 'x: stopped' \
	    '> body: stopped: condition="C" rule="body =~ /\Avirus/" mm.conf:1'
	prints --body 'no virus' -- 'x: runs'
	explain 66 --body @nowhere
}

explain_case unknown "what is not given is not guessed"
unknown_body()
{

	while IFS='|' read -r un_key un_expr un_opts un_why; do
		conf "condition.C.stop_on_$un_key = $un_expr"
		child y
		child x C
		eval "set -- $un_opts"
		prints "$@" -- 'y: runs' 'x: not known' "> $un_key: $un_why"
	done <<-'EOT'
	connect|host == "h"||condition="C" not known: host, no --host
	connect|address.port == 1|--address 192.0.2.1|condition="C" not known: address.port, no --address
	connect|ptr == "h"||condition="C" not known: ptr, no --address
	connect|macro("j") == ""|--macro i=1|condition="C" not known: macro("j"), no --macro
	connect|connections > 5||condition="C" not known: connections, no --connections
	connect|postfix||condition="C" not known: postfix, no --mta
	helo|true||not asked, no --helo
	helo|tls|--helo x|condition="C" not known: tls, no --tls
	envelope_from|true|--helo x|not asked, no --from
	envelope_from|helo == "x"|--from x|condition="C" not known: helo, no --helo
	envelope_from|size == 0|--from x|condition="C" not known: size, no --size
	data|sender == ""||condition="C" not known: sender, no --from
	data|recipients == 0||condition="C" not known: recipients, no --to
	data|child("y").rejected||condition="C" not known: child("y").rejected
	header|true|--body x|not asked, no --header
	end_of_header|header("X") == ""|--header 'Y: z'|condition="C" not known: header("X"), no --header
	body|true|--header 'Y: z'|not asked, no --body
	end_of_message|size == 1|--from 'a SIZE=1'|condition="C" not known: size, no --size
	EOT
}

explain_case decided "what is not known need not matter"
decided_body()
{

	while IFS='|' read -r de_expr de_opts de_line; do
		conf "condition.C.stop_on_connect = $de_expr"
		child x C
		eval "set -- $de_opts"
		explain 0 "$@"
		[ "$(sed 1q out)" = "$de_line" ] || {
			cat mm.conf out >&2
			atf_fail "$de_expr"
		}
	done <<-'EOT'
	host == "h" or address.local|--address 10.0.0.1|x: stopped
	host == "h" and address.local|--address 192.0.2.1|x: runs
	address.local or host == "h"|--address 10.0.0.1|x: stopped
	host == "h" or address.local|--address 192.0.2.1|x: not known
	host == "h" and address.local|--address 10.0.0.1|x: not known
	not dnsbl("bl.example.org") or address.local||x: not known
	EOT
	# A later condition stops it in any case.
	conf 'condition.C.stop_on_connect = host == "h"' \
	    'condition.D.stop_on_connect = address.local'
	child x C D
	prints --address 10.0.0.1 -- 'x: stopped' \
	    '> connect: condition="C" not known: host, no --host' \
	    '> connect: stopped, if not before: condition="D" rule="address.local" mm.conf:2'
	# What is set makes no difference to whether it runs.
	conf 'condition.C.set_macro."{m}" = connect: host' \
	    'condition.C.stop_on_connect = address.local' \
	    'condition.C.stop_on_data = macro("m") == "h"'
	child x C
	prints --address 192.0.2.1 --host h -- 'x: stopped' \
	    '> connect: sets macro m="h"' \
	    '> data: stopped: condition="C" rule="macro("m") == "h"" mm.conf:3'
	prints --address 192.0.2.1 --macro m=h -- 'x: not known' \
	    '> connect: condition="C" not known: host, no --host' \
	    '> data: condition="C" not known: macro("m"), no --macro'
}

explain_case recipients "recipients are told one by one"
recipients_body()
{

	conf 'condition.C.stop_on_envelope_recipient = recipient.domain == "d"' \
	    'condition.C.set_macro."{m}" = envelope_recipient: recipient if recipient.param("NOTIFY") == "NEVER"' \
	    'condition.E.stop_on_envelope_recipient = macro("m") == "z@e"'
	child x C E
	prints --to c@D --to 'z@e NOTIFY=NEVER' --to '<f@g>' --macro m= -- \
	    'x: runs, 2 of 3 recipients are hidden' \
	    '> envelope_recipient <c@D>: hidden: condition="C" rule="recipient.domain == "d"" mm.conf:1' \
	    '> envelope_recipient <z@e>: sets macro m="z@e"' \
	    '> envelope_recipient <z@e>: hidden: condition="E" rule="macro("m") == "z@e"" mm.conf:3'
	prints -- 'x: runs' '> envelope_recipient: not asked, no --to'
}

explain_case shared "notes, and which children are stopped, reach the others"
shared_body()
{

	conf 'condition.C.set_note."seen" = connect: "1" if host == "h"' \
	    'condition.C.stop_on_helo = helo == "h"' \
	    'condition.N.stop_on_data = note("seen") == "1"' \
	    'condition.S.stop_on_data = child("x").stopped' \
	    'condition.F.stop_on_connect = note("seen") == "1"' \
	    'condition.R.stop_on_data = child("x").rejected'
	child f F
	child x C
	child n N
	child s S
	child r R
	prints --host h --helo h -- 'f: runs' 'x: stopped' \
	    '> connect: sets note seen="1"' \
	    '> helo: stopped: condition="C" rule="helo == "h"" mm.conf:2' \
	    'n: stopped' \
	    '> data: stopped: condition="N" rule="note("seen") == "1"" mm.conf:3' \
	    's: stopped' \
	    '> data: stopped: condition="S" rule="child("x").stopped" mm.conf:4' \
	    'r: runs'
	prints --host g --helo g -- 'f: runs' 'x: runs' 'n: runs' 's: runs' \
	    'r: not known' \
	    '> data: condition="R" not known: child("x").rejected'
	prints --helo g -- 'f: runs' 'x: runs' \
	    '> connect: condition="C" not known: host, no --host' \
	    'n: not known' \
	    '> data: condition="N" not known: note("seen")' \
	    's: runs' 'r: not known' \
	    '> data: condition="R" not known: child("x").rejected'
	prints --host g -- 'f: runs' 'x: not known' \
	    '> helo: not asked, no --helo' 'n: not known' \
	    '> data: condition="N" not known: note("seen")' \
	    's: not known' \
	    '> data: condition="S" not known: child("x").stopped' \
	    'r: not known' \
	    '> data: condition="R" not known: child("x").rejected'
}

explain_case tables "tables are looked up"
tables_body()
{

	printf 'a@b one\nc@d\n' > list
	printf '192.0.2.0/24 yes\n' > cidr
	printf '/\\.example\\.org$/ yes\n' > regexp
	conf "table.l = \"list:$PWD/list\"" "table.c = \"cidr:$PWD/cidr\"" \
	    "table.r = \"regexp:$PWD/regexp\"" \
	    "table.e = \"exec:sleep 0.2; cat $PWD/list\"" \
	    "table.s = \"socketmap:unix:$PWD/none:map\"" \
	    'condition.L.stop_on_envelope_from = sender in table.l' \
	    'condition.C.stop_on_connect = address in table.c' \
	    'condition.R.stop_on_connect = host in table.r' \
	    'condition.E.set_macro."{m}" = envelope_from: lookup(table.e, sender)' \
	    'condition.S.stop_on_connect = host in table.s'
	child l L
	child c C
	child r R
	child e E
	child s S
	explain 0 --host x.example.org --address 192.0.2.7 --from A@b
	sed 's/^> /	/' > expected <<-'EOT'
	l: stopped
	> envelope_from: stopped: condition="L" rule="sender in table.l" mm.conf:6
	c: stopped
	> connect: stopped: condition="C" rule="address in table.c" mm.conf:7
	r: stopped
	> connect: stopped: condition="R" rule="host in table.r" mm.conf:8
	e: runs
	> envelope_from: sets macro m="one"
	s: runs
	EOT
	grep -v 'condition="S" has no answer: ' out > out.rest
	diff -u expected out.rest >&2 || atf_fail "tables"
	grep -q '^	connect: condition="S" has no answer: .*s x.example.org' \
	    out || { cat out >&2; atf_fail "the failure is not told"; }
}

explain_case errors "a user's mistake is one line"
errors_body()
{

	child a
	while IFS='|' read -r er_line er_opts; do
		eval "set -- $er_opts"
		"$MM_PROGRAM" explain -f mm.conf "$@" > out 2> err
		[ $? -eq 64 ] || { cat out err >&2; atf_fail "$er_opts"; }
		[ ! -s out ] && [ "$(wc -l < err)" -eq 1 ] &&
		    grep -qF -e "$er_line" err || {
			cat out err >&2
			atf_fail "$er_opts: not one line with $er_line"
		}
	done <<-'EOT'
	--bogus|--bogus
	nonsense: not an option|nonsense
	--address=mail.example.com: expected ADDRESS|--address mail.example.com
	--address=192.0.2.1:x: expected ADDRESS|--address 192.0.2.1:x
	--address=: expected ADDRESS|--address=
	--address=192.0.2.1:70000: expected ADDRESS|--address 192.0.2.1:70000
	--macro=i: expected NAME=VALUE|--macro i
	--macro==1: expected NAME=VALUE|--macro =1
	--macro=bogus:i=1: expected NAME=VALUE|--macro bogus:i=1
	--macro=X:i=1: expected NAME=VALUE|--macro X:i=1
	--macro=M:=1: expected NAME=VALUE|--macro M:=1
	--header=Subject: expected NAME:VALUE|--header Subject
	--header=:x: expected NAME:VALUE|--header :x
	--size=x: expected BYTES|--size x
	--size=99999999999999999999: expected BYTES|--size 99999999999999999999
	--connections=-1: expected N|--connections=-1
	--mta=exim: expected NAME|--mta exim
	--time=24:00: expected HH:MM|--time 24:00
	--time=1000: expected HH:MM|--time 1000
	--time=10:60: expected HH:MM|--time 10:60
	--time=111:0: expected HH:MM|--time 111:0
	--time=sat: expected HH:MM|--time sat
	--from=: expected ADDRESS|--from-param SIZE=1
	EOT
	atf_check -o match:'^usage: milter-manager-explain' \
	    "$MM_PROGRAM" explain --help
	atf_check -o match:'^milter-manager-explain [0-9]' \
	    "$MM_PROGRAM" explain --version
	ln -s "$MM_PROGRAM" milter-manager-explain
	atf_check -o 'inline:a: runs\n' ./milter-manager-explain -f mm.conf
	# The configuration's faults are those of -n.
	echo 'milter.b.bogus = 1' >> mm.conf
	"$MM_PROGRAM" -n -f mm.conf 2> want
	atf_check -s exit:78 -e save:got "$MM_PROGRAM" explain \
	    -f "$PWD/mm.conf"
	atf_check cmp want got
}

explain_case hostile "odd values are printed on one line"
hostile_body()
{

	conf 'condition.C.set_macro."{m}" = envelope_recipient: recipient'
	child x C
	long=$(printf '%05000d' 0)
	for odd in '' '<' '>' '<>' '<<>' ' ' '@' 'a@' '"' '<a> ' \
	    "$(printf 'a\nb\033[1m')" "$long" "<$long" "a $long=$long"; do
		explain 0 --from "$odd" --to "$odd" --helo "$odd" \
		    --host "$odd" --auth "$odd" --macro "m=$odd" \
		    --header "a:$odd" --body "${odd#@}" --from-param "$odd"
		[ "$(wc -l < out)" -le 2 ] || {
			cat -v out >&2
			atf_fail "more than two lines"
		}
		! LC_ALL=C grep -q "$(printf '[\001-\010\013-\037\177]')" out ||
		    atf_fail "bytes that are not printable"
	done
}

atf_init_test_cases()
{

	atf_add_test_case no_condition
	atf_add_test_case s25r
	atf_add_test_case built_in
	atf_add_test_case dns
	atf_add_test_case stages
	atf_add_test_case unknown
	atf_add_test_case decided
	atf_add_test_case recipients
	atf_add_test_case shared
	atf_add_test_case tables
	atf_add_test_case errors
	atf_add_test_case hostile
}
