#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_stranger.sh - what is no milter where a child was expected, and what is no
# MTA on the daemon's own socket.

. "$(atf_get_srcdir)/h_session.sh"

stranger_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 300; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# serve NAME [-c] < WORDS: in the place of a child.
serve()
{

	s_name=$1
	shift
	cat > "$s_name.words"
	rm -f "$s_name.ready"
	"$(atf_get_srcdir)/h_stranger" serve "$@" "$s_name.sock" \
	    < "$s_name.words" > "$s_name.ready" &
	echo $! >> pids
	echo $! > "$s_name.pid"
	wait_for test -s "$s_name.ready"
}

end_child()
{

	kill "$(cat "$1.pid")"
	wait "$(cat "$1.pid")" 2>/dev/null
	rm -f "$1.sock"
}

# told WORDS: a session passes without child a, and why is told in one line.
told()
{

	manager
	check_mta --expect=temporary-failure
	stop_manager
	ntimes mm.log 'fallback=' 1
	has mm.log "child=a stage=negotiate fallback=temporary-failure reason=$1"
}

strange_conf()
{

	conf_begin
	conf_child a 'fallback_status="temporary-failure"' "$@"
}

stranger_case greets "a child that greets as a server of another kind is named"
greets_body()
{

	strange_conf
	# It stays, or is gone before it has read anything.
	for leave in '' -c; do
		printf '220 mail.example ESMTP\r\n' | serve a $leave
		told 'answers like an SMTP server ("220 mail.example ESMTP"): is connection_spec the milter'\''s socket?'
		end_child a
		printf '* OK ready\r\n' | serve a $leave
		told 'answers like an IMAP server ("* OK ready")'
		end_child a
		printf 'OK' | serve a -c
		told 'answers with text ("OK")'
		end_child a
	done
	printf '\112\000\000\000\0128.0.36\000\014\000\000\000' | serve a
	told 'answers like a MySQL server'
	end_child a
	printf '\377\377\377\377' | serve a
	told 'not a milter frame: '
}

stranger_case largest "words are no frame to wait for, whatever size is allowed"
largest_body()
{

	conf_begin 'manager.max_packet_size = 1g'
	conf_child a 'fallback_status="temporary-failure"' reading_timeout=1h
	printf -- '-ERR Protocol error: too big inline request\r\n' | serve a
	told 'answers like a Redis server ("-ERR Protocol error: too big inline request")'
}

stranger_case answers "a child that answers the offer in another protocol is named"
answers_body()
{

	strange_conf
	# HTTP/1.1 400 Bad Request, UNKNOWN COMMAND, an alert
	child a --on=negotiate=garbage:485454502f312e31203430302042616420526571756573740d0a0d0a
	told 'answers like an HTTP server ("HTTP/1.1 400 Bad Request"): '
	end_child a
	child a --on=negotiate=garbage:554e4b4e4f574e20434f4d4d414e440a
	told 'answers like clamd ("UNKNOWN COMMAND"): connection_spec has to be the socket of clamav-milter, not of clamd'
	end_child a
	child a --on=negotiate=garbage:15030300020246
	told 'answers in TLS (an alert): '
}

stranger_case silent "a child that says nothing, or is gone without a word"
silent_body()
{

	strange_conf reading_timeout=300ms
	serve a < /dev/null
	told 'no reply within 300 ms, not a byte: is connection_spec the milter'\''s socket?'
	end_child a
	printf 'OK' | serve a
	told 'answers with text ("OK")'
	end_child a
	printf '\000\000\000' | serve a
	told 'no reply within 300 ms'
	lacks mm.log 'not a byte'
	end_child a
	child a --on=negotiate=close
	told 'closed the connection without a word'
}

stranger_case later "what a child says behind the negotiation is no stranger's"
later_body()
{

	conf_begin
	conf_child a 'fallback_status="temporary-failure"'
	child a --on=helo=garbage:485454502f
	manager
	check_mta --expect=temporary-failure
	stop_manager
	has mm.log 'child=a stage=helo fallback=temporary-failure reason=not a milter frame: '
	lacks mm.log 'answers like'
}

# from PROGRAM WORDS: the same from a real one, if it is there.
from()
{

	printf 'manager.connection_spec = "unix:mm.sock"\n%s\n%s\n%s\n%s\n' \
	    'log.level = "all"' 'log.use_syslog = false' \
	    "milter.a.connection_spec = \"$real_spec\"" \
	    'milter.a.fallback_status = "temporary-failure"' > mm.conf
	echo 'milter.a.reading_timeout = 1500ms' >> mm.conf
	"$(atf_get_srcdir)/h_port" wait "$real_spec" "$!" 60 || return 0
	told "$1"
	real=$((real + 1))
}

# background PROGRAM OPTION...
background()
{

	"$@" > real.out 2>&1 < /dev/null &
	echo $! >> pids
}

stranger_case programs "real servers of other kinds are named"
programs_body()
{

	PATH=$PATH:/usr/sbin:/usr/local/sbin
	real=0
	port=$("$(atf_get_srcdir)/h_port" free 1)
	real_spec="inet:$port@[127.0.0.1]"
	if command -v openssl > /dev/null &&
	    openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem \
	    -out cert.pem -subj /CN=x -days 2 > req.out 2>&1; then
		background openssl s_server -accept "127.0.0.1:$port" \
		    -key key.pem -cert cert.pem -www
		# It goes without an alert when the first record is none.
		from 'closed the connection without a word'
	fi
	port=$("$(atf_get_srcdir)/h_port" free 1)
	real_spec="inet:$port@[127.0.0.1]"
	if command -v redis-server > /dev/null; then
		# It waits for the end of a line.
		background redis-server --bind 127.0.0.1 --port "$port" \
		    --save '' --dir "$(pwd)"
		from 'no reply within 1500 ms, not a byte: '
	fi
	if command -v clamd > /dev/null; then
		mkdir db
		echo 'x.UNOFFICIAL:0:*:deadbeefdeadbeef' > db/a.ndb
		printf 'LocalSocket %s/clamd.sock\nForeground yes\n%s %s/db\n' \
		    "$(pwd)" DatabaseDirectory "$(pwd)" > clamd.conf
		real_spec="unix:$(pwd)/clamd.sock"
		background clamd --config-file="$(pwd)/clamd.conf"
		from 'answers like clamd ("UNKNOWN COMMAND"): '
	fi
	if [ -x /usr/bin/python3 ]; then
		port=$("$(atf_get_srcdir)/h_port" free 1)
		real_spec="inet:$port@[127.0.0.1]"
		background /usr/bin/python3 -m http.server \
		    --bind 127.0.0.1 "$port"
		from 'no reply within 1500 ms, not a byte: '
	fi
	[ $real -gt 0 ] || atf_skip 'none of these servers is installed'
}

# A connection to the daemon that says what is on standard input.
visit()
{

	"$(atf_get_srcdir)/h_stranger" connect "$@" mm.sock ||
	    atf_fail "connect $*"
}

stranger_case clients "who is no MTA is sent away with one debug line"
clients_body()
{

	conf_begin 'manager.max_packet_size = 1g'
	conf_child a
	child a
	manager
	printf 'GET / HTTP/1.0\r\n\r\n' | visit
	printf 'EHLO x\r\n' | visit
	printf '\026\003\001\002\000\001\000\001\374\003\003' | visit
	printf 'PROXY TCP4 192.0.2.1 192.0.2.2 56324 25\r\n\000\000\000\015' | visit
	printf '\r\n\r\n\000\r\nQUIT\n\040\000\000\000' | visit
	printf '\000\000\000\001Q' | visit
	printf '\000\000' | visit -c
	printf 'hi' | visit -c
	visit -c < /dev/null
	n_gone()
	{

		test "$(grep -c ' no session mta=' mm.log)" -eq 9
	}
	wait_for n_gone
	check_mta --expect=pass
	stop_manager
	for words in 'looks like an HTTP client ("GET / HTTP/1.0")' \
	    'looks like an SMTP client ("EHLO x")' 'looks like a TLS client' \
	    'looks like a PROXY protocol line ("PROXY TCP4' \
	    'looks like a PROXY protocol header' 'not a milter client' \
	    'closed in its first frame' 'looks like text ("hi")' \
	    'connected and said nothing'; do
		ntimes mm.log "reason=$words" 1
	done
	# Neither a session nor a child, but for the real one.
	ntimes mm.log 'session opened' 1
	ntimes mm.log 'session closed' 1
	ntimes mm.log '[session][end]' 1
	ntimes mm.log '[milter][end]' 1
	# Above debug there is not a word.
	conf_begin
	sed 's/^log.level.*/log.level = "default|info"/' mm.conf > quiet.conf
	mv quiet.conf mm.conf
	conf_child a
	manager
	printf 'GET / HTTP/1.0\r\n\r\n' | visit
	visit -c < /dev/null
	stop_manager
	grep -v ' sandbox: \| listening on \| signal 15: \| ended$\| as root, ' \
	    mm.log &&
	    atf_fail 'that is news'
	return 0
}

atf_init_test_cases()
{

	for tc in greets largest answers silent later programs clients; do
		atf_add_test_case $tc
	done
}
