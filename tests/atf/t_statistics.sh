#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_statistics.sh - the lines that upstream's log analyzer and munin plugins
# read: each has its form, and what they count is what there was.

. "$(atf_get_srcdir)/h_session.sh"

statistics_case()
{

	atf_test_case "$1" cleanup
	eval "$1_head() { atf_set descr \"$2\"; atf_set timeout 200; }"
	eval "$1_cleanup() { . \"\$(atf_get_srcdir)/h_session.sh\"; stop_all; }"
}

# As %g of seconds: no zeros behind the point that say nothing.
NUMBER='(0|[1-9][0-9]*|[0-9]+\.[0-9]*[1-9])'
STAGE='(negotiate|connect|helo|envelope-from|envelope-recipient|data|unknown|'\
'header|end-of-header|body|end-of-message)'
STATUS='(pass|accept|reject|discard|temporary-failure|quarantine|abort|error)'
STOPPED="\\[$NUMBER\\]\\([0-9]+\\): [a-z]+\$"
OBJECTS='total:[0-9]+ Proc:[0-9]+ GLib::Object:[0-9]+$'
END="\\[$STAGE\\]\\[$STATUS\\]\\[$NUMBER\\]\\([0-9]+\\)"

# forms: every line of the statistics is one of those that there are.
forms()
{

	sed -n 's/^\[[^]]*\]: \[statistics\] //p' mm.log > statistics
	grep -vE -e "^\\[session\\]\\[end\\]$END\$" \
	    -e "^\\[milter\\]\\[end\\]$END: [a-z]+\$" \
	    -e "^\\[milter\\]\\[end\\]\\[$STAGE\\]\\[stop\\]$STOPPED" \
	    -e '^\[milter\]\[header\]\[add\]\([0-9]+\): <[^>]+>=<.+>: [a-z]' \
	    -e '^\[session\]\[header\]\[add\]\([0-9]+\): <[^>]+>=<.+>$' \
	    -e '^\[reply\]\[end-of-message\]\[quarantine\]\([0-9]+\)$' \
	    -e '^\[sessions\]\[finished\] [0-9]+\(\+[0-9]+\) [0-9]+$' \
	    -e '^\[maintain\]\[memory\] \([1-9][0-9]*KB\) '"$OBJECTS" \
	    statistics > odd
	atf_check -o empty cat odd
}

# counted KIND [NAME]: what the analyzer counts, as "STATUS N" lines in order.
counted()
{

	c_end="\\(.+\\)${2:+: $2}\$"
	sed -nE "s/^\\[$1\\]\\[end\\]\\[.+\\]\\[(.+)\\]\\[.+\\]$c_end/\\1/p" \
	    statistics | sort | uniq -c | awk '{ print $2, $1 }'
}

# again CHILD OPTION...: the child as it is from now on.
again()
{

	a_child=$1
	shift
	kill "$(cat "$a_child.pid")" 2>/dev/null
	wait "$(cat "$a_child.pid")" 2>/dev/null
	child "$a_child" "$@"
}

statistics_case analyzer "what upstream's analyzer counts is what there was"
analyzer_body()
{

	conf_begin 'log.level = "default"' \
	    'condition.own.stop_on_helo = helo == "own"' \
	    'manager.report_memory_statistics = true'
	conf_child a 'applicable_conditions=["own"]'
	conf_child b
	conf_child c 'evaluation_mode=true'
	child a
	child b --edit='add-header X-Spam-Flag: YES' \
	    --edit='change-header 1 Subject: new' --edit='delete-header 1 To'
	child c --edit='insert-header 0 X-Greylist: Delayed for 1'
	manager
	mta --header 'Subject: old' > mta.last
	mta --helo-fqdn=own --messages=2 > mta.last
	again a --on=mail=reject
	mta > mta.last
	again a --on=data=tempfail
	mta > mta.last
	again a --on=header=discard
	mta > mta.last
	again a --on=helo=accept
	mta > mta.last
	again a --edit='quarantine held'
	mta > mta.last
	again a --on=body=close
	mta > mta.last
	again a --on=eom=delay:30
	mta --abort=data > mta.last
	mta > mta.last
	stop_manager
	forms
	cat > want <<-'END'
	abort 1
	discard 1
	pass 5
	quarantine 1
	reject 1
	temporary-failure 1
	END
	counted session > got
	atf_check -o file:want cat got
	cat > want <<-'END'
	abort 1
	accept 1
	discard 1
	error 1
	pass 2
	quarantine 1
	reject 1
	stop 1
	temporary-failure 1
	END
	counted milter a > got
	atf_check -o file:want cat got
	# Also in evaluation_mode, and with a value only.
	has statistics ': <X-Greylist>=<Delayed for 1>: c'
	has statistics ': <X-Spam-Flag>=<YES>: b'
	has statistics ': <Subject>=<new>: b'
	lacks statistics '<To>'
	atf_check test "$(grep -c '^\[session\]\[header\]\[add\].*X-Spam-Flag' \
	    statistics)" -eq "$(grep -c \
	    '^\[milter\]\[header\]\[add\].*X-Spam-Flag' statistics)"
	ntimes statistics '[session][header][add](1): <X-Spam-Flag>=<YES>' 1
	lacks statistics '[session][header][add](1): <X-Greylist>'
	ntimes statistics '[reply][end-of-message][quarantine]' 1
	# What was waited for counts, with its fraction.
	atf_check -o match:'\[pass\]\[0\.[0-9]+\]\([0-9]+\): a$' tail -n 8 \
	    statistics
}

statistics_case finished "sessions that have ended are told of together"
finished_body()
{

	conf_begin 'log.level = "default"' \
	    'manager.report_memory_statistics = true'
	conf_child a
	child a --on=eom=delay:20
	manager
	mta --sessions=30 --concurrency=30 > mta.last
	mta > mta.last
	stop_manager
	forms
	grep '^\[sessions\]\[finished\]' statistics > got
	# The last one has all, and each says how many more it has.
	atf_check -o inline:'[sessions][finished] 31(+1) 0\n' tail -n 1 got
	sed 's/.*\] \([0-9]*\)(+\([0-9]*\)) .*/\1 \2/' got | \
	    awk '{ sum += $2; if (sum != $1 || $2 == 0) exit 1 }' || \
	    atf_fail 'the numbers do not add up'
	atf_check test "$(wc -l < got)" -lt 31
	atf_check test "$(grep -c '^\[maintain\]' statistics)" -eq \
	    "$(wc -l < got)"
	# Nobody wants them: there are none.
	sed -i.bak 's/"default"/"default|-statistics"/' mm.conf
	manager
	mta > mta.last
	stop_manager
	lacks mm.log '[statistics]'
	has mm.log ' message verdict=pass'
}

atf_init_test_cases()
{

	for tc in analyzer finished; do
		atf_add_test_case $tc
	done
}
