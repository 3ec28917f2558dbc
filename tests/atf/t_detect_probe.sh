#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_detect_probe.sh - milter-manager detect --probe: who answers, who does not,
# and why.
#
# The milters are children of the configuration; where one that was detected is
# dialled, it is dialled alike.

. "$(atf_get_srcdir)/h_session.sh"

probe_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 120; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# probe STATUS OPTION...: in the out and err files; long lines in one.
probe()
{

	mkdir -p root
	p_want=$1
	shift
	"$MM_PROGRAM" detect -f mm.conf -p freebsd -r "$PWD/root" --probe \
	    -s "manager.event_loop_backend = \"${MM_TEST_BACKEND:-auto}\"" \
	    "$@" > out.raw 2> err
	p_got=$?
	# What was broken to fit into 80 columns.
	awk '/^                   / && sub(/^ +/, "") { line = line " " $0; next }
	    { if (NR > 1) print line; line = $0 }
	    END { print line }' out.raw > out
	[ $p_got -eq "$p_want" ] || {
		cat out.raw err >&2
		atf_fail "detect --probe $*: $p_got instead of $p_want"
	}
}

# told TEXT: what the probe says, and no line is longer than a terminal unless
# it is one word.
told()
{

	has out "    probe:         $1"
	expand out.raw | awk 'length > 80 && NF > 2 && $1 != "probe:" &&
	    $3 !~ /^unix:/ { exit 1 }' || {
		cat out.raw >&2
		atf_fail "wider than 80 columns"
	}
}

# serve NAME < WORDS: in the place of a milter.
serve()
{

	cat > "$1.words"
	rm -f "$1.ready" "$1.sock"
	"$(atf_get_srcdir)/h_stranger" serve "$1.sock" \
	    < "$1.words" > "$1.ready" &
	echo $! >> pids
	wait_for test -s "$1.ready"
}

# A socket that nobody listens on any more.
stale()
{

	"$(atf_get_srcdir)/h_stranger" serve "$1" < /dev/null > stale.ready &
	st_pid=$!
	wait_for test -s stale.ready
	kill -KILL $st_pid
	wait $st_pid 2>/dev/null
	[ -S "$1" ] || atf_fail "no stale socket"
}

probe_case works "a milter that works is told with what it asks for"
works_body()
{

	conf_begin
	conf_child a
	child a
	probe 0
	told 'works: protocol version 6'
	has out '    actions:       add-headers, change-body, '
	has out '    stages:        connect, helo, mail, rcpt, unknown, data, header, eoh, body, eom'
	# It was offered all that the manager offers, and was told goodbye.
	wait_for grep -q finished a.out
	ntimes a.out 'negotiate: version=<6>' 1
	lacks a.out 'connect:'
	kill "$(cat a.pid)"

	# An old one, that changes nothing and wants to see little.
	child b --version-number=2 --actions=0 --protocol=13
	conf_begin
	conf_child b
	probe 0
	told 'works: protocol version 2'
	has out '    actions:       none'
	has out '    stages:        mail, rcpt, header, eoh, eom'
}

probe_case several "all are asked side by side, and each of several sockets"
several_body()
{

	child a
	child b
	conf_begin
	conf_child a
	conf_child b
	: > silent
	for i in 1 2 3 4 5 6 7 8; do
		serve "s$i" < silent
		conf_child "s$i"
	done
	echo 'milter.a.connection_spec = ["unix:a.sock", "unix:none.sock"]' \
	    >> mm.conf
	probe 1 -t 1
	has out '    probe:         unix:a.sock: works: protocol version 6'
	has out '    probe:         unix:none.sock: no socket: none.sock does not exist'
	ntimes out 'silent: no answer within 1s' 8
	# One name: only that is asked.
	probe 0 b
	ntimes out 'probe:' 1
	# What is off is asked, and does not count.
	echo 'milter.s1.enabled = false' >> mm.conf
	probe 0 -t 0.1 s1
	told 'silent: no answer within 0.1s'
}

probe_case missing "a socket that is not there, or a folder before it"
missing_body()
{

	conf_begin
	mkdir there
	: > there/file
	ln -s nowhere there/link
	echo 'milter.a.connection_spec = "unix:'"$PWD"'/there/a.sock"' >> mm.conf
	echo 'milter.b.connection_spec = "unix:'"$PWD"'/no/b/b.sock"' >> mm.conf
	echo 'milter.c.connection_spec = "unix:there/file"' >> mm.conf
	echo 'milter.d.connection_spec = "unix:there/link"' >> mm.conf
	echo 'milter.e.connection_spec = "unix:there/file/e"' >> mm.conf
	probe 1
	told "no socket: $PWD/there/a.sock does not exist"
	told "no socket: the folder $PWD/no does not exist"
	told "no socket: there/file is there and not a socket"
	told "no socket: there/link is a link to nothing"
	told "no socket: there/file/e does not exist"
}

probe_case refused "a stale socket, and a port on which nobody listens"
refused_body()
{

	conf_begin
	conf_child a
	stale a.sock
	port=$("$(atf_get_srcdir)/h_port" free 1)
	echo "milter.b.connection_spec = \"inet:$port@127.0.0.1\"" >> mm.conf
	echo "milter.c.connection_spec = \"inet:$port@localhost\"" >> mm.conf
	probe 1
	told 'refused: nothing listens on it: one that is gone left it there'
	ntimes out "refused: inet:$port@[127.0.0.1]: Connection refused" 2
}

probe_case port "a milter on a port, by address and by name"
port_body()
{

	port=$("$(atf_get_srcdir)/h_port" free 1)
	"$MM_PROGRAM" test-client -s "inet:$port@127.0.0.1" \
	    --ready-file=ready > a.out 2>&1 &
	echo $! >> pids
	wait_for test -s ready
	conf_begin
	echo "milter.a.connection_spec = \"inet:$port@127.0.0.1\"" >> mm.conf
	echo "milter.b.connection_spec = \"inet:$port@localhost\"" >> mm.conf
	probe 0
	ntimes out 'works: protocol version 6' 2
	# No such name: it is told, and nothing waits for it.
	echo "milter.b.connection_spec = \"inet:$port@x.invalid\"" >> mm.conf
	probe 1
	told "failed: inet:$port@x.invalid: "
	told 'works: protocol version 6'
}

# as_nobody COMMAND...: without the rights of root.
as_nobody()
{

	if [ "$(id -u)" -ne 0 ]; then
		"$@"
	elif command -v setpriv > /dev/null; then
		setpriv --reuid=nobody --clear-groups "$@"
	else
		# shellcheck disable=SC2016 # for that shell
		su -m nobody -c 'exec "$0" "$@"' "$@"
	fi
}

probe_case denied "a folder or a socket that lets us not through is named, with modes and owners"
denied_body()
{

	# Where nobody gets to, whoever runs this.
	work=$(mktemp -d /tmp/mm-probe.XXXXXX) || atf_fail mktemp
	echo "$work" > work
	chmod 711 "$work"
	mkdir "$work/open" "$work/shut"
	cp "$MM_PROGRAM" "$work/mm"
	MM_PROGRAM=$work/mm
	"$MM_PROGRAM" test-client -s "unix:$work/shut/a.sock" \
	    --ready-file="$PWD/a.ready" > a.out 2>&1 &
	echo $! >> pids
	"$MM_PROGRAM" test-client -s "unix:$work/open/b.sock" \
	    --ready-file="$PWD/b.ready" > b.out 2>&1 &
	echo $! >> pids
	wait_for test -s a.ready
	wait_for test -s b.ready
	chmod 0755 "$work/mm" "$work/open"
	chmod 0750 "$work/open/b.sock"
	[ "$(id -u)" -eq 0 ] || chmod 0 "$work/open/b.sock"
	chmod 0 "$work/shut"
	{
		echo "milter.a.connection_spec = \"unix:$work/shut/a.sock\""
		echo "milter.b.connection_spec = \"unix:$work/open/b.sock\""
	} > "$work/mm.conf"
	chmod 644 "$work/mm.conf"
	user=$(as_nobody id -un)
	for form in '' --json; do
		# shellcheck disable=SC2086 # no word when it is empty
		as_nobody "$MM_PROGRAM" detect -f "$work/mm.conf" -p freebsd \
		    -r "$work/open" --probe $form > out.raw$form 2> err
		[ $? -eq 1 ] || {
			cat out.raw$form err >&2
			atf_fail "status $?"
		}
	done
	# Modes and owners have to be those that ls tells.
	owner=$(ls -ld "$work/shut" | awk '{ print $3 ":" $4 }')
	tr -s ' \n' '  ' < out.raw > out
	has out "probe: permission denied: the folder $work/shut does not let user $user through"
	has out "0711 $owner $work 0000 $owner $work/shut <-- here $work/shut/a.sock: Permission denied"
	has out "probe: permission denied: the socket $work/open/b.sock does not let user $user write"
	has out " $owner $work/open/b.sock <-- here"
	has out.raw--json "\"outcome\": \"permission denied\""
	has out.raw--json "\"0000 $owner $work/shut <-- here\""

	# Whoever may go there finds it working.
	[ "$(id -u)" -eq 0 ] || return 0
	"$MM_PROGRAM" detect -f "$work/mm.conf" -p freebsd -r "$work/open" \
	    --probe > out || atf_fail "root is kept out"
	ntimes out 'works' 2
}
denied_cleanup()
{

	. "$(atf_get_srcdir)/h_session.sh"
	stop_all
	[ ! -s work ] || {
		chmod 755 "$(cat work)/shut"
		rm -rf "$(cat work)"
	}
}

probe_case numbers "an owner without a name is told by number"
numbers_head()
{

	atf_set descr "an owner without a name is told by number"
	atf_set require.user root
}
numbers_body()
{

	conf_begin
	work=$(mktemp -d /tmp/mm-probe.XXXXXX) || atf_fail mktemp
	echo "$work" > work
	mkdir "$work/shut"
	stale "$work/shut/a.sock"
	chown 54321:54322 "$work/shut"
	chmod 0700 "$work/shut"
	chmod 711 "$work"
	cp "$MM_PROGRAM" "$work/mm"
	echo "milter.a.connection_spec = \"unix:$work/shut/a.sock\"" \
	    > "$work/mm.conf"
	chmod 644 "$work/mm.conf"
	as_nobody "$work/mm" detect -f "$work/mm.conf" -p freebsd -r "$work" \
	    --probe > out 2> err
	has out "0700 54321:54322 $work/shut"
}
numbers_cleanup()
{

	[ ! -s work ] || rm -rf "$(cat work)"
}

probe_case stranger "who is no milter is named"
stranger_body()
{

	conf_begin
	printf 'HTTP/1.1 400 Bad Request\r\n\r\n' | serve a
	printf '220 mail.example ESMTP\r\n' | serve b
	printf '\0\0\0\1c' | serve c
	printf '\0\0\0\3O\0\0' | serve d
	printf '\377\377\377\377' | serve e
	# Bytes of it are escaped, wherever they stand.
	printf 'hi \033[31m\0there\r\n' | serve f
	# An answer that was not asked for: version 7.
	printf '\0\0\0\015O\0\0\0\007\0\0\0\0\0\0\0\0' | serve g
	for c in a b c d e f g; do
		conf_child $c
	done
	probe 1 -t 0.5
	told 'not a milter: answers like an HTTP server ("HTTP/1.1 400 Bad Request"): '
	told 'not a milter: answers like an SMTP server ("220 mail.example ESMTP"): '
	told 'not a milter: negotiation answered by SMFIR_CONTINUE'
	told 'not a milter: malformed negotiation: '
	told 'not a milter: not a milter frame: '
	told 'failed: negotiation: protocol version above the offered one'
	LC_ALL=C awk '/[^ -~]/ { exit 1 }' out.raw ||
	    atf_fail "bytes of a stranger on the terminal"
}

probe_case silence "silence, half an answer, and a hang-up are told apart"
silence_body()
{

	conf_begin
	conf_child a
	conf_child b
	conf_child c
	: | serve a
	printf '\0\0\0\015O\0\0' | serve b
	: > c.words
	"$(atf_get_srcdir)/h_stranger" serve -c c.sock < c.words > c.ready &
	echo $! >> pids
	wait_for test -s c.ready
	probe 1 --timeout=300ms
	told 'silent: no answer within 0.3s'
	told 'silent: no whole answer within 0.3s'
	has out 'failed: closed the connection'
}

probe_case json "what a probe tells is valid JSON"
json_head()
{

	atf_set descr "what a probe tells is valid JSON"
	atf_set require.progs python3
}
json_body()
{

	conf_begin
	conf_child a
	conf_child b
	child a --macros='connect:j _'
	probe 1 --json
	python3 - out.raw <<-'END' || atf_fail "JSON"
	import json, sys
	a, b = [m for m in json.load(open(sys.argv[1])) if m["used"]]
	assert a["name"] == "a" and a["used"] and not a["candidate"], a
	p = a["probe"][0]
	assert p["outcome"] == "works" and p["version"] == 6, p
	assert "add-headers" in p["actions"] and "rcpt" in p["stages"], p
	assert p["socket"] == "unix:a.sock", p
	assert p["macros"] == ["connect: j _"], p
	p = b["probe"][0]
	assert p["outcome"] == "no socket", p
	assert p["why"] == "b.sock does not exist", p
	END
}

atf_init_test_cases()
{

	for c in works several missing refused port denied numbers stranger \
	    silence json; do
		atf_add_test_case $c
	done
}
