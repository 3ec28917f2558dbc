#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_dns_real.sh - the resolver asks name servers: Unbound, when it is there, and
# the scripted one.

. "$(atf_get_srcdir)/h_session.sh"

dns_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

helper()
{

	h_name=$1
	shift
	"$(atf_get_srcdir)/$h_name" "$@"
}

# served: the name server behind resolv.conf answers.
served()
{

	helper h_ask resolv.conf A up.example > up.out &&
	    ! grep -q failed up.out
}

# resolv PORT...: name servers at these ports.
resolv()
{

	for r_port in "$@"; do
		echo "nameserver [127.0.0.1]:$r_port"
	done > resolv.conf
}

# answers LINE TYPE NAME: that and nothing else is said.
answers()
{

	a_line=$1
	shift
	atf_check -o inline:"$a_line\n" "$(atf_get_srcdir)/h_ask" \
	    resolv.conf "$@"
}

# scripted: h_dns at $port, with the records of the file zone.
scripted()
{

	port=$(helper h_port free 1)
	echo 'up.example A 127.0.0.1' >> zone
	"$(atf_get_srcdir)/h_dns" "$port" zone > dns.out 2> dns.err &
	echo $! >> pids
	resolv "$port"
	wait_for served
}

dns_case unbound "What Unbound serves is what is found"
unbound_body()
{

	unbound=$(PATH=$PATH:/usr/local/sbin:/usr/sbin:/usr/pkg/sbin \
	    command -v unbound) || atf_skip 'Unbound is not installed'
	port=$(helper h_port free 1)
	large=$(printf '%0250d' 0)
	cat > unbound.conf << E
server:
	directory: "$PWD"
	chroot: ""
	username: ""
	pidfile: "$PWD/unbound.pid"
	use-syslog: no
	logfile: ""
	interface: 127.0.0.1
	port: $port
	do-daemonize: no
	do-ip6: no
	access-control: 127.0.0.0/8 allow
	module-config: "iterator"
	local-zone: "example." static
	local-zone: "2.0.192.in-addr.arpa." static
	local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." static
	local-zone: "refused.test." refuse
	local-data: "example. 300 IN SOA ns.example. root.example. 1 2 3 4 60"
	local-data: "up.example. A 127.0.0.1"
	local-data: "www.example. A 192.0.2.1"
	local-data: "www.example. AAAA 2001:db8::1"
	local-data: 'www.example. TXT "v=spf1 -all"'
	local-data: "alias.example. CNAME www.example."
	local-data: "two.example. A 192.0.2.1"
	local-data: "two.example. A 192.0.2.2"
	local-data: "1.2.0.192.in-addr.arpa. PTR www.example."
	local-data-ptr: "2001:db8::1 six.example."
E
	for i in 1 2 3 4 5 6 7 8 9 10; do
		echo "	local-data: 'large.example. TXT \"$i$large\"'"
	done >> unbound.conf
	cat >> unbound.conf << E
remote-control:
	control-enable: no
E
	"$unbound" -d -c unbound.conf > unbound.out 2>&1 &
	echo $! >> pids
	resolv "$port"
	wait_for served
	answers 'www.example: found 192.0.2.1' A www.example
	answers 'WWW.Example: found 192.0.2.1' A WWW.Example
	answers 'www.example: found 2001:db8::1' AAAA www.example
	answers 'www.example: found v=spf1 -all' TXT www.example
	answers '192.0.2.1: found www.example' PTR 192.0.2.1
	answers '2001:db8::1: found six.example' PTR 2001:db8::1
	answers '192.0.2.2: none' PTR 192.0.2.2
	answers 'www.example: none' PTR www.example
	answers 'no.example: none' A no.example
	answers "refused.test: failed inet:$port@[127.0.0.1]: REFUSED" \
	    A refused.test
	helper h_ask resolv.conf A two.example > out || atf_fail 'h_ask'
	has out '192.0.2.1'
	has out '192.0.2.2'
	# Unbound may leave an alias of its local data to who asks.
	atf_check -o match:'^alias.example: (found 192.0.2.1|none)$' \
	    "$(atf_get_srcdir)/h_ask" resolv.conf A alias.example
	# Ten strings of 251 bytes do not fit into 1232.
	helper h_ask resolv.conf TXT large.example > out || atf_fail 'h_ask'
	for i in 1 2 3 4 5 6 7 8 9 10; do
		grep -q "[ ,]$i$large" out || atf_fail "$i: $(cat out)"
	done
	# Many at a time.
	set --
	i=0
	while [ $i -lt 300 ]; do
		set -- "$@" +A "no$i.example" +A www.example
		i=$((i + 1))
	done
	helper h_ask resolv.conf "$@" > out || atf_fail 'h_ask'
	ntimes out ': none' 300
	ntimes out 'found 192.0.2.1' 300
}

dns_case scripts "Names, aliases, truncation and forgeries of a scripted server"
scripts_body()
{

	cat > zone << E
example SOA 60
www.example A 127.0.0.2
alias.example CNAME www.example
large.example TRUNCATED
large.example TXT over TCP
forged.example WRONGID
forged.example A 127.0.0.3
late.example DELAY 300
late.example A 127.0.0.4
old.example NOEDNS
old.example A 127.0.0.5
E
	scripted
	answers 'alias.example: found 127.0.0.2' A alias.example
	answers 'large.example: found over TCP' TXT large.example
	has dns.out 'tcp large.example TXT'
	answers 'forged.example: found 127.0.0.3' A forged.example
	answers 'late.example: found 127.0.0.4' A late.example
	answers 'old.example: found 127.0.0.5' A old.example
	answers 'none.example: none' A none.example
	# The second time it is known.
	atf_check -o inline:'www.example: found 127.0.0.2\nwww.example: found 127.0.0.2\n' \
	    "$(atf_get_srcdir)/h_ask" resolv.conf A www.example A www.example
	ntimes dns.out 'udp www.example A' 1
}

dns_case servers "Of several servers one that answers is enough"
servers_body()
{

	echo 'www.example A 127.0.0.2' > zone
	scripted
	resolv "$(helper h_port free 1)" "$port"
	answers 'www.example: found 127.0.0.2' A www.example
	echo 'www.example RCODE 2' > zone
	resolv "$port"
	answers "www.example: failed inet:$port@[127.0.0.1]: SERVFAIL" \
	    A www.example
}

atf_init_test_cases()
{

	atf_add_test_case unbound
	atf_add_test_case scripts
	atf_add_test_case servers
}
