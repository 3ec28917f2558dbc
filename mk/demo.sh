#!/bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# demo.sh [HELPERS [PROGRAM]] - real mail through real milters, on the terminal.
#
# Starts a private Postfix, three milters and milter-manager between them, all
# in a temporary folder and on loopback; sends a message, shows what each child
# said and what was delivered; sends the EICAR test message and shows how it is
# refused.  Without root or Postfix, `milter-manager test-server` plays the mail
# server; a milter that is not installed is played by `test-client` or left out.
# Everything that was started is ended.  Exit status 0 only when it all came
# out right.

set -u
cd "$(dirname "$0")/.." || exit 1
helpers=${1:-tests/atf}
MM_PROGRAM=${2:-./milter-manager}
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
case $MM_PROGRAM in
/*) ;;
*)	MM_PROGRAM=$PWD/$MM_PROGRAM ;;
esac
export PATH MM_PROGRAM
if [ ! -x "$MM_PROGRAM" ]; then
	echo "$MM_PROGRAM is not built yet" >&2
	exit 1
fi

. "$helpers/h_milters.sh"
. "$helpers/h_postfix.sh"

if [ -t 1 ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
else
	bold='' plain=''
fi
wrong=0

step() {
	printf '\n%s==> %s%s\n' "$bold" "$*" "$plain"
}

have() {
	command -v "$1" >/dev/null 2>&1
}

# expect WHAT COMMAND...: one line, and the exit status of the whole.
expect() {
	what=$1
	shift
	if "$@" >/dev/null 2>&1; then
		echo "  ok: $what"
	else
		echo "  WRONG: $what"
		wrong=1
	fi
}

# shellcheck disable=SC2329
finish() {
	pf_stop "$W"
	hm_stop_all "$W"
	cd / && rm -rf "$W"
}

# Postfix's own users have to reach it, which root's TMPDIR may not allow.
if [ "$(id -u)" -eq 0 ]; then
	TMPDIR=/tmp
fi
W=$(mktemp -d "${TMPDIR:-/tmp}/mm-demo.XXXXXX") || exit 1
W=$(cd "$W" && pwd -P)
chmod 755 "$W"
trap finish EXIT
trap 'exit 1' HUP INT TERM
hm_init "$W" "$helpers"
hm_ports 4

mta=Postfix
if [ "$(id -u)" -ne 0 ]; then
	mta=test-server
	why="this is not root, as Postfix must be"
elif ! have postfix || ! have postconf; then
	mta=test-server
	why="Postfix is not installed"
fi

# --- the milters ------------------------------------------------------------

step "Starting the milters"
if hm_helper h_libmilter_edit >/dev/null 2>&1; then
	hm_edit edit "unix:$W/edit.sock" -a 'X-Edited-By: edit' \
	    -c '1 Subject: [list] lunch on Friday?' \
	    -b '(this line was added by the first child)' \
	    -A carol@example.org
	echo "  edit  a small libmilter program: changes the subject, adds a"
	echo "        header, a line at the end, and a recipient (carol)"
else
	hm_spawn edit "$MM_PROGRAM" test-client -s "unix:$W/edit.sock" \
	    --edit='add-header X-Edited-By: edit' \
	    --edit='change-header 1 Subject: [list] lunch on Friday?' \
	    --edit='add-rcpt carol@example.org'
	hm_wait edit "unix:$W/edit.sock"
	echo "  edit  milter-manager test-client (libmilter is not installed):"
	echo "        changes the subject, adds a header and a recipient (carol)"
fi
children=edit
if have opendkim && have openssl; then
	hm_key demo example.org
	hm_opendkim opendkim "inet:$HM_PORT1@127.0.0.1"
	children="$children opendkim"
	echo "  opendkim  signs for example.org with a key made just now"
else
	echo "  (opendkim is not installed and left out)"
fi
if have clamd && have clamav-milter; then
	hm_clamd clamd
	hm_clamav clamav "inet:$HM_PORT2@127.0.0.1" clamd
	children="$children clamav"
	echo "  clamav  clamav-milter and clamd with one signature, for EICAR"
else
	hm_spawn clamav "$MM_PROGRAM" test-client \
	    -s "inet:$HM_PORT2@127.0.0.1" \
	    --edit='add-header X-Virus-Status: Not scanned'
	hm_wait clamav "inet:$HM_PORT2@127.0.0.1"
	children="$children clamav"
	echo "  clamav  milter-manager test-client (ClamAV is not installed)"
fi

# --- the manager ------------------------------------------------------------

step "Starting milter-manager with them as its children"
# shellcheck disable=SC2034 # for hm_daemon
HM_LOG_LEVEL='default|info|debug'
hm_daemon manager "inet:$HM_PORT3@127.0.0.1" "$children"
sed 's/^/  | /' "$W/manager.conf"
if [ $mta = Postfix ]; then
	step "Starting a private Postfix with milter-manager as its only milter"
	pf_setup alice bob carol
	pf_listen "$HM_PORT4" "$(hm_list manager)"
	pf_start
	echo "  smtpd_milters = $(hm_list manager)"
else
	step "milter-manager test-server plays the mail server: $why"
fi

# --- the messages -----------------------------------------------------------

cat >"$W/lunch" <<'END'
From: Alice <alice@example.org>
To: Bob <bob@example.org>
Subject: lunch on Friday?
Date: Tue, 3 Mar 2026 10:00:00 +0100
Message-ID: <lunch.1@example.org>

Hello Bob,

shall we have lunch on Friday?

Alice
END
{
	sed -e 's/lunch\.1/eicar.1/' -e 's/^Subject: .*/Subject: look at this/' \
	    -e '/^$/q' "$W/lunch"
	hm_eicar
} >"$W/eicar"

# send NAME: the dialogue to NAME.out/smtp, mail to NAME.out.exact/1.MAILBOX.
send() {
	: >"$W/manager.out"
	if [ $mta = Postfix ]; then
		pf_talk "$HM_PORT4" "$W/$1.out" <<-END
		> EHLO client.example.org
		> MAIL FROM:<alice@example.org>
		> RCPT TO:<bob@example.org>
		> DATA
		data $W/$1
		> QUIT
		END
		grep -v '^S: 250-' "$W/$1.out.exact/smtp" | tr -d '\r' |
		    sed 's/^/  /'
	else
		mkdir -p "$W/$1.out" "$W/$1.out.exact"
		"$MM_PROGRAM" test-server -s "$(hm_spec_daemon manager)" \
		    --mta=postfix -f '<alice@example.org>' \
		    -r '<bob@example.org>' -m "$W/$1" \
		    --connect-address=inet:2525@127.0.0.1 \
		    --connect-macro=j:mail.example.org \
		    --data-macro=i:DEMO --end-of-message-macro=i:DEMO \
		    --write-message="$W/$1.out.exact/1.bob" \
		    >"$W/$1.out/smtp" 2>&1
		sed 's/^/  /' "$W/$1.out/smtp"
	fi
}

# What each child answered, and what it changed, from the manager's own log.
said() {
	hm_i=0
	until awk '
	/session opened/ { ours[$2] = 1 }
	/session closed/ && $2 in ours { done = 1 }
	END { exit !done }' "$W/manager.out" || [ $hm_i -gt 50 ]; do
		hm_i=$((hm_i + 1))
		sleep 0.1
	done
	awk -v children="$children" '
	/ child=/ {
		match($0, /child=[^ ]*/)
		c = substr($0, RSTART + 6, RLENGTH - 6)
		match($0, /stage=[^ ]*/)
		s = substr($0, RSTART + 6, RLENGTH - 6)
		rest = substr($0, RSTART + RLENGTH + 1)
		if (s == "negotiate" || seen[c, s, rest]++)
			next
		if (rest ~ /^verdict=continue/ && s != "eom")
			fine[c] = fine[c] " " s
		else if (rest ~ /^verdict=/)
			text[c] = text[c] "      " s ": " \
			    substr(rest, 9) "\n"
		else if (rest !~ /edit=SMFIR_(ADD|INS)HEADER/)
			text[c] = text[c] "      " s ": " rest "\n"
	}
	/\[milter\]\[header\]\[add\]/ {
		c = $NF
		sub(/^.*\[add\]\([0-9]*\): /, "")
		sub(/: [^ ]*$/, "")
		if (length($0) > 60)
			$0 = substr($0, 1, 57) "..."
		text[c] = text[c] "      eom: header " $0 "\n"
	}
	END {
		n = split(children, name, " ")
		for (i = 1; i <= n; i++) {
			c = name[i]
			if (fine[c] != "")
				text[c] = "      continue at" fine[c] "\n" \
				    text[c]
			if (text[c] == "")
				text[c] = "      was not asked\n"
			printf "  %s\n%s", c, text[c]
		}
	}' "$W/manager.out"
}

step "A message from alice to bob"
send lunch
step "What each child said"
said
step "What was delivered (+ marks what the children did)"
out=$W/lunch.out.exact
tr -d '\r' <"$out/1.bob" | awk -v sent="$W/lunch" '
BEGIN {
	while ((getline line < sent) > 0)
		was[line] = 1
}
# What Postfix itself writes above a message.
/^[^ \t]/ {
	own = $1 ~ /^(Return-Path|X-Original-To|Delivered-To|Received):$/
}
{ print (own || $0 in was ? "    " : "  + ") $0 }'
echo
expect "bob's copy has the changed subject" \
    grep '^Subject: \[list\] lunch on Friday?' "$out/1.bob"
expect "and the added header" grep '^X-Edited-By: edit' "$out/1.bob"
if [ $mta = Postfix ]; then
	expect "carol, whom a child added, has a copy" test -s "$out/1.carol"
fi
case $children in
*opendkim*)
	tr -d '\r' <"$out/1.bob" >"$W/signed"
	verified=$(hm_dkim_verify "$W/signed")
	expect "the signature covers the edits of the child before it" \
	    test "$verified" = succeeded ;;
esac

if have clamd && have clamav-milter; then
	expect "the virus scanner called it clean" \
	    grep '^X-Virus-Status: Clean' "$out/1.bob"
	step "The same with the EICAR test file as its text"
	send eicar
	step "What each child said"
	said
	echo
	expect "it was refused with the scanner's own words" grep \
	    '550.*5\.7\.1.*virus Eicar\.Local\.UNOFFICIAL found' "$W/eicar.out/smtp"
fi

if [ $wrong -eq 0 ]; then
	step "All came out right; ending what was started"
else
	step "Something went WRONG; the manager's log:"
	cat "$W/manager.out"
fi
exit $wrong
