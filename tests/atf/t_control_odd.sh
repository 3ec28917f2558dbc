#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_control_odd.sh - clients of the control socket that no one wants, while mail
# goes on.

. "$(atf_get_srcdir)/h_session.sh"

odd_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() {
		atf_set descr \"$2\"
		atf_set timeout 300
		atf_set require.progs 'curl python3'
	}"
	eval "$1_cleanup() {
		. \"\$(atf_get_srcdir)/h_session.sh\"
		stop_all
	}"
}

# The daemon with a control port in $port, and a program for its clients.
begin()
{

	port=$("$(atf_get_srcdir)/h_port" free 1)
	(umask 077; echo 0123456789abcdef > token)
	conf_begin "controller.connection_spec = \"inet:$port@[127.0.0.1]\"" \
	    "controller.token_file = \"$PWD/token\""
	conf_child one
	child one
	manager
	cat > talk.py <<'END'
import re, socket, sys
PORT = int(sys.argv[1])
HEAD = (b'Host: localhost\r\n'
    b'Authorization: Bearer 0123456789abcdef\r\n')

def new():
    s = socket.create_connection(('127.0.0.1', PORT))
    s.settimeout(100)
    return s

def rest(s):
    """All that comes, to the end of file."""
    data = b''
    try:
        while True:
            more = s.recv(65536)
            if not more:
                return data
            data += more
    except ConnectionError:
        return data

def statuses(data):
    return [int(n) for n in re.findall(rb'HTTP/1\.1 ([0-9]{3}) ', data)]

def check(found, expected):
    if found != expected:
        sys.exit('found %r, expected %r' % (found, expected))
END
	cat > ok.py <<'END'
s = new()
s.sendall(b'GET /healthz HTTP/1.1\r\nConnection: close\r\n' + HEAD + b'\r\n')
check(statuses(rest(s)), [200])
END
}

# talk FILE: the functions above, then that file.
talk()
{

	cat talk.py "$1" > run.py
	python3 run.py "$port" > talk.out 2> talk.err ||
	    atf_fail "$1: $(tail -n 5 talk.err)"
}

# It lives, mail goes on, and so does the control socket.
alive()
{

	check_mta
	talk ok.py
	kill -0 "$(cat mm.pid)" || atf_fail "the daemon is gone"
}

odd_case pipelining "Requests behind each other are answered in their order"
pipelining_body()
{

	begin
	cat > t.py <<'END'
s = new()
# More than one read, in odd pieces; the last one ends it.
get = b'GET /healthz HTTP/1.1\r\n' + HEAD + b'\r\n'
none = b'GET /none HTTP/1.1\r\n' + HEAD + b'\r\n'
post = (b'POST /log-level HTTP/1.1\r\nContent-Length: 3\r\n' + HEAD +
    b'\r\nall')
data = (get + none + post) * 200 + (b'HEAD /healthz HTTP/1.0\r\n' + HEAD +
    b'\r\n') + get
import threading
def send():
    for i in range(0, len(data), 997):
        s.sendall(data[i:i + 997])
threading.Thread(target=send, daemon=True).start()
check(statuses(rest(s)), [200, 404, 200] * 200 + [200])

# 100 comes once, and before the body.
s = new()
s.sendall(b'POST /log-level HTTP/1.1\r\nExpect: 100-continue\r\n'
    b'Content-Length: 3\r\nConnection: close\r\n' + HEAD + b'\r\n')
check(s.recv(100), b'HTTP/1.1 100 Continue\r\n\r\n')
for c in (b'a', b'l', b'l'):
    s.sendall(c)
check(statuses(rest(s)), [200])
# The end of what the client sends is not the end of the answer.
s = new()
s.sendall(get)
s.shutdown(socket.SHUT_WR)
check(statuses(rest(s)), [200])
END
	talk t.py
	alive
}

odd_case refused "What is no request is answered and hung up on"
refused_body()
{

	begin
	cat > t.py <<'END'
H = b'Host: localhost\r\n'
for what, status in (
    (b'\0' * 100, 400), (b'\x16\x03\x01\x02\0\x01\0', 400),
    (b'EHLO there\r\nMAIL FROM:<a>\r\n\r\n', 400),
    (b'GET / HTTP/1.1\n' + H, 400),
    (b'GET /' + b'a' * 5000, 414),
    (b'GET / HTTP/1.1\r\nX: ' + b'a' * 20000, 431),
    (b'GET / HTTP/1.1\r\n' + b'X: y\r\n' * 100 + b'\r\n', 431),
    (b'GET / HTTP/2.0\r\n\r\n', 505),
    (b'PUT /config HTTP/1.1\r\nTransfer-Encoding: chunked\r\n' + HEAD +
     b'\r\n', 411),
    (b'POST /stop HTTP/1.1\r\nContent-Length: 0\r\n'
     b'Transfer-Encoding: chunked\r\n' + HEAD + b'\r\n', 400),
    (b'POST /stop HTTP/1.1\r\nContent-Length: 0\r\n'
     b'Content-Length: 5\r\n' + HEAD + b'\r\n', 400),
    # Nothing of a body is read for who has no token.
    (b'PUT /config HTTP/1.1\r\nContent-Length: 1000000\r\n' + H + b'\r\n',
     401),
    (b'PUT /config HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n' +
     HEAD + b'\r\n', 413),
    (b'GET /status HTTP/1.1\r\n\r\n', 400),
):
    s = new()
    try:
        s.sendall(what)
        # What comes behind it is no second request.
        s.sendall(b'POST /stop HTTP/1.1\r\n' + HEAD + b'\r\n')
    except ConnectionError:
        pass
    check(statuses(rest(s)), [status])
END
	talk t.py
	alive
}

odd_case slow "Half a request, and an answer that is not read, are cut"
slow_body()
{

	begin
	cat > t.py <<'END'
import time
half = new()
half.sendall(b'GET /status HTTP/1.1\r\n')
body = new()
body.sendall(b'PUT /config HTTP/1.1\r\nContent-Length: 10\r\n' + HEAD +
    b'\r\nabc')
silent = new()
deaf = new()
deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
many = (b'GET /metrics HTTP/1.1\r\n' + HEAD + b'\r\n') * 2000
deaf.setblocking(False)
try:
    while many:
        n = deaf.send(many)
        many = many[n:]
except BlockingIOError:
    pass
check(statuses(rest(half)), [408])
check(statuses(rest(body)), [408])
check(rest(silent), b'')
# It got what was on its way, far from all, and then the end.
deaf.settimeout(100)
data = rest(deaf)
if len(statuses(data)) >= 2000:
    sys.exit('it was never cut')
END
	talk t.py
	alive
}

odd_case thousand "A thousand connections at once: mail and control go on"
thousand_body()
{

	begin
	ulimit -n 2048 || atf_skip "no 2048 descriptors"
	cat > t.py <<'END'
import time
all = []
for i in range(1000):
    s = socket.socket()
    s.setblocking(False)
    try:
        s.connect(('127.0.0.1', PORT))
    except BlockingIOError:
        pass
    all.append(s)
print('ready', flush=True)
sys.stdin.read()
END
	cat talk.py t.py > run.py
	mkfifo end
	python3 run.py "$port" < end > crowd.out 2>&1 &
	echo $! >> pids
	exec 9> end
	wait_for grep -q ready crowd.out
	check_mta --sessions=5
	# No more than there may be of them.
	if [ -d "/proc/$(cat mm.pid)/fd" ]; then
		n=$(find "/proc/$(cat mm.pid)/fd" -lname 'socket*' |
		    grep -c .)
		[ "$n" -le 90 ] || atf_fail "$n sockets"
	fi
	cat > later.py <<'END'
s = new()
s.sendall(b'GET /healthz HTTP/1.1\r\nConnection: close\r\n' + HEAD + b'\r\n')
check(statuses(rest(s)), [200])
END
	cat talk.py later.py > late.py
	python3 late.py "$port" > late.out 2>&1 ||
	    atf_fail "the one behind them: $(cat late.out)"
	exec 9>&-
	alive
	kill -TERM "$(cat mm.pid)"
	wait "$(cat mm.pid)" || atf_fail "the daemon's exit status is $?"
}

odd_case reloading "Connections outlive a reload that moves the port"
reloading_body()
{

	begin
	cat > t.py <<'END'
import time
kept = new()
get = b'GET /healthz HTTP/1.1\r\n' + HEAD + b'\r\n'
def ask(data):
    kept.sendall(data)
    answer = kept.recv(65536)
    check(statuses(answer), [200])
ask(get)
post = b'POST /reload HTTP/1.1\r\n' + HEAD + b'\r\n'
for i in range(20):
    ask(post)
conf = open('mm.conf').read()
other = socket.socket()
other.bind(('127.0.0.1', 0))
port = other.getsockname()[1]
other.close()
open('mm.conf', 'w').write(conf.replace('inet:%d@' % PORT, 'inet:%d@' % port))
ask(post)
ask(get)
PORT = port
s = new()
s.sendall(get)
check(statuses(s.recv(1000)), [200])
open('mm.conf', 'w').write(''.join(line for line in conf.splitlines(True)
    if not line.startswith('controller')))
ask(post)
check(rest(kept), b'')
check(rest(s), b'')
END
	talk t.py
	check_mta
}

atf_init_test_cases()
{

	for case in pipelining refused slow thousand reloading; do
		atf_add_test_case $case
	done
}
