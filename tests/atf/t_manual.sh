#! /usr/bin/env atf-sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# t_manual.sh - what milter-manager.conf(5) says is so: its examples are taken
# by the program, its facts are those of the language, and each item of
# upstream's configuration has its row.

# manual_case NAME DESCRIPTION
manual_case()
{

	atf_test_case "$1"
	eval "$1_head() { atf_set descr \"$2\"; }"
}

# The source tree, which is somewhere above the test, and its manual.
begin()
{

	tree=$(atf_get_srcdir)
	for _ in 1 2 3 4 5; do
		[ -f "$tree/man/milter-manager.conf.5" ] && break
		tree=$tree/..
	done
	page=$tree/man/milter-manager.conf.5
	[ -f "$page" ] || atf_skip "the manual is not above $(atf_get_srcdir)"
}

# unescape: text of mdoc as it is read.
unescape()
{

	sed -e 's/\\e/\\/g' -e 's/\\(dq/"/g' -e 's/\\&//g'
}

# section TITLE: its lines.
section()
{

	awk -v title="$1" '
	    /^\.Sh / { on = substr($0, 5) == title; next }
	    on' "$page"
}

# heads: the terms that lists explain, without quotes around them.
heads()
{

	sed -n -e 's/^\.It Li //p' -e 's/^\.It Ic //p' | grep -v ' Ta ' |
	    sed -e 's/^"\(.*\)"$/\1/' | unescape
}

# Names of keys, as the table of keys has them; NAME is any name.
keys()
{

	"$(atf_get_srcdir)/h_conf" --sample |
	    sed -n -e 's/\."{*name}*" = / = /' \
	    -e 's/^#\([a-z0-9_]*\.[A-Za-z0-9_.]*\) = .*/\1/p'
}

# local_table KIND: paths behind KIND become ones of the work folder, and exist.
local_table()
{

	sed -n "s,.*\"$1:\\(/[^\"]*\\)\".*,\\1,p" conf | while read -r path; do
		mkdir -p "root${path%/*}"
		echo '# empty' > "root$path"
	done
	sed "s,\"$1:/,\"$1:$PWD/root/," conf > conf.new
	mv conf.new conf
}

manual_case examples "each example is a configuration without a fault"
examples_body()
{

	begin
	mkdir -p milters
	echo '# empty' > milters/one.conf
	awk '
	    /^\.Bd / { n = 0; on = 1; next }
	    /^\.Ed/ { on = 0 }
	    on && ++n == 1 { on = $0 == "# example"; k += on }
	    on { print > ("example." k) }' "$page"
	n=0
	for file in example.*; do
		n=$((n + 1))
		unescape < "$file" > conf
		for kind in list cidr regexp; do
			local_table $kind
		done
		if ! "$MM_PROGRAM" -n -f conf > said 2>&1; then
			cat conf said >&2
			atf_fail "$file is not taken"
		fi
	done
	[ $n -ge 20 ] || atf_fail "only $n examples are marked"
}

# A slip in an example has to be found.
manual_case examples_fail "an example with a fault is not taken"
examples_fail_body()
{

	echo 'condition.A.stop_on_connect = hour in 8..19 and hots == "a"' \
	    > conf
	atf_check -s exit:78 -e match:'conf:1: .*host' -o ignore \
	    "$MM_PROGRAM" -n -f conf
}

manual_case facts "the facts, their types and stages are those of the language"
facts_body()
{

	begin
	"$(atf_get_srcdir)/h_conf" --facts |
	    while read -r name argument type stage; do
		case $argument in
		name)	arg='("NAME")' ;;
		services) arg='("ZONE")' ;;
		*)	arg= ;;
		esac
		case $name in
		child.*) name="child$arg.${name#child.}" ;;
		*)	name=$name$arg ;;
		esac
		echo "$name Ta $type Ta $stage"
	done > want
	section EXPRESSIONS | unescape > expressions
	sed -n 's/^\.It Ic \(.* Ta .*\)/\1/p' expressions > found
	[ "$(wc -l < want)" -ge 37 ] || atf_fail "$(cat want)"
	atf_check -o file:want cat found
	# Each has its meaning, too.
	section EXPRESSIONS | heads | tr -s ' ,' '\n' > explained
	sed -e 's/ Ta .*//' -e 's/(.*//' want | sort -u | while read -r name; do
		grep -q "^$name\\((.*\\)*\$" explained ||
		    atf_fail "what is $name?"
	done
}

manual_case upstream "each item of upstream has its row, with keys that there are"
upstream_body()
{

	begin
	section "COMING FROM UPSTREAM" > rows
	heads < rows > heads.txt
	cut -d '|' -f 1 "$(atf_get_srcdir)/d_upstream_items" > items.txt
	[ "$(wc -l < items.txt)" -ge 150 ] || atf_fail "$(cat items.txt)"
	[ -z "$(sort items.txt | uniq -d)" ] || atf_fail "$(sort items.txt |
	    uniq -d)"
	# An item, and then nothing that could belong to its name.
	awk 'NR == FNR { head[++n] = $0; next }
	    {
		for (i = 1; i <= n; i++) {
			c = substr(head[i], length($0) + 1, 1)
			if (substr(head[i], 1, length($0)) == $0 &&
			    c !~ /[A-Za-z0-9_.?]/)
				break
		}
		if (i > n)
			print
	    }' heads.txt items.txt > missing
	atf_check cat missing
	# What is named as ours is there.
	keys > keys.txt
	[ "$(wc -l < keys.txt)" -ge 80 ] || atf_fail "$(cat keys.txt)"
	"$(atf_get_srcdir)/h_conf" --facts | sed 's/ .*//' > facts.txt
	# Statements, and other names of keys: "names" tries them.
	cat > also.txt <<-'END'
	load
	load_if_exist
	load_default
	trust.load_envelope_from_domains
	s25r.only_check_ipv4
	dnsbl.name_server
	child
	END
	grep '^\.Ic ' rows | unescape | tr -s ' ' '\n' | tr -d '"' |
	    sed -e 's/(NAME)//' -e 's/(MACRO)//' -e 's/(KEY)//' \
	    -e 's/^condition\.S25R\./condition.NAME./' \
	    -e 's/^milter\.\*\./milter.NAME./' | grep '[a-z]' |
	    grep -v -x -e '\.Ic' -e Ns | sort -u > named
	[ "$(wc -l < named)" -ge 80 ] || atf_fail "$(cat named)"
	atf_check -s exit:1 grep -v -x -F -f keys.txt -f facts.txt \
	    -f also.txt named
	# And what has no key has none.
	awk '/^\.It Li / { head = $0 } /^No key/ { print head }' rows | heads |
	    sed 's/[ ({,].*//' > none
	[ "$(wc -l < none)" -ge 8 ] || atf_fail "$(cat none)"
	atf_check -s exit:1 grep -x -F -f keys.txt none
	# The other way round: an item of the same name is a key of ours.
	awk '/^\.It Li / { head = $0 } /^The same: *$/ { print head }' rows |
	    heads | sed 's/^milter\./milter.NAME./' > same
	[ "$(wc -l < same)" -ge 20 ] || atf_fail "$(cat same)"
	atf_check -s exit:1 grep -v -x -F -f keys.txt same
}

manual_case names "other names that the manual has for keys and conditions work"
names_body()
{

	echo example.org > domains
	cat > conf <<-'END'
	trust.load_envelope_from_domains = "domains"
	s25r.only_check_ipv4 = false
	dnsbl.name_server = ["192.0.2.53"]
	milter.a.connection_spec = "inet:1"
	milter.a.applicable_conditions = ["Authentication", "Unauthentication"]
	END
	atf_check -o save:shown "$MM_PROGRAM" --show-config -f conf
	for line in 's25r.check_only_ipv4 = false' \
	    'dnsbl.name_servers = ["192.0.2.53"]'; do
		grep -qxF "$line" shown || atf_fail "no $line"
	done
	grep '^trust.envelope_from_domains' shown | grep -q example.org ||
	    atf_fail "no domain of the file"
}

atf_init_test_cases()
{

	for tc in examples examples_fail facts upstream names; do
		atf_add_test_case "$tc"
	done
}
