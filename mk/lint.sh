#!/bin/sh
#
# lint.sh SOURCES HEADERS TESTS FUZZ SHIM SHELL_TESTS - each a list of files in
# one word.  One line a check; the output of a check that found something.
# A check whose tool is not installed is said and counted as skipped.
# Called by `bmake lint`, with milter-manager.c written.

set -u
sources=$1 headers=$2 tests=$3 fuzz=$4 shim=$5 shell_tests=$6
warnings=$(cat mk/warnings.txt)
flags="-std=c99 -Isrc -Icompat"
out=build/lint
passed=0 failed=0 skipped=0
rm -rf $out
mkdir -p $out || exit 1

have() {
	command -v "$1" >/dev/null 2>&1
}

# check NAME COMMAND... - passes when the command succeeds and prints nothing.
check() {
	name=$1
	shift
	if "$@" >$out/log 2>&1 && [ ! -s $out/log ]; then
		echo "ok      $name"
		passed=$((passed + 1))
	else
		echo "FAILED  $name"
		sed 's/^/	/' $out/log
		failed=$((failed + 1))
	fi
}

skip() {
	echo "skipped $1: $2"
	skipped=$((skipped + 1))
}

# --- the tree ---------------------------------------------------------------

files_are_listed() {
	sh mk/files.sh | diff mk/files.mk - ||
	    { echo "update it: sh mk/files.sh > mk/files.mk"; return 1; }
}
check "mk/files.mk lists every file" files_are_listed

# Which system it is, is compat/'s to know; src/ asks for features.
no_system_names() {
	! grep -nE '__(linux|gnu_linux|FreeBSD|NetBSD|OpenBSD|DragonFly|APPLE|MACH|sun|CYGWIN|GLIBC)(_[a-z_]*|__)' \
	    $sources $headers | grep -v '^compat/'
}
check "src/ names no operating system" no_system_names

compat_first() {
	for file in $sources; do
		first=$(grep -m 1 '^#[ 	]*include' "$file")
		test "$first" = '#include "compat.h"' ||
		    echo "$file: the first include is: $first"
	done
}
check "compat.h is the first include" compat_first

shape() {
	for file in $sources $headers $tests $fuzz $shim; do
		case $file in
		tests/*) most=1500 ;;	# a table of cases may be long
		*) most=700 ;;
		esac
		awk -v file="$file" -v most=$most '
		NR == 2 && $0 !~ /SPDX-License-Identifier: BSD-2-Clause/ {
			print file ": no SPDX line"
		}
		{
			line = $0
			while ((i = index(line, "\t")) > 0)
				line = substr(line, 1, i - 1) \
				    substr("        ", 1, 8 - (i - 1) % 8) \
				    substr(line, i + 1)
			if (length(line) > 80)
				print file ":" NR ": longer than 80 columns"
		}
		/[ \t]$/ { print file ":" NR ": blank at the end" }
		/(^|[^A-Z_])(TODO|FIXME|XXX)([^A-Z_]|$)/ {
			print file ":" NR ": unfinished: " $0
		}
		END {
			if (NR > most)
				print file ": " NR " lines, the limit is " most
		}' "$file"
	done
}
check "licence, columns, length of files" shape

# A file uses its own floor and lower ones (the folders, from the ground up).
floors="base:1 event:2 config:2 milter:2 net:3 detect:3 message:3 condition:4
manager:5 control:6 tool:6 daemon:7"
arrows() {
	for file in $sources $headers; do
		case $file in src/*/*) ;; *) continue ;; esac
		sed -n 's/^#[ 	]*include "\([a-z]*\)\/.*/\1/p' "$file" |
		while read -r used; do
			echo "$file ${file#src/} $used"
		done
	done | awk -v floors="$floors" '
	BEGIN {
		n = split(floors, pair, /[ \n]+/)
		for (i = 1; i <= n; i++) {
			split(pair[i], part, ":")
			floor[part[1]] = part[2]
		}
	}
	{
		split($2, own, "/")
		if (!($3 in floor) || floor[$3] > floor[own[1]])
			print $1 ": must not use " $3 "/"
	}'
}
check "no file uses a higher floor" arrows

# --- compilers --------------------------------------------------------------

headers_alone() {
	for file in $headers; do
		case $file in
		*_internal.h | compat/*) continue ;;
		esac
		printf '#include "compat.h"\n#include "%s"\n' "$file" |
		    $1 $flags -I. -fsyntax-only -x c - ||
		    echo "$file: does not compile alone"
	done
}
# gcc sees some of what it warns of when it optimizes; clang never does.
all_sources() {
	case $1 in
	gcc) how="-O2 -c -o $out/o.o" ;;
	*) how=-fsyntax-only ;;
	esac
	for file in $2; do
		$1 $flags $3 $warnings $how "$file"
	done
}
# Without a flag of ours, but for the warnings.
one_file() {
	$1 $warnings -Os -o $out/mm milter-manager.c
}
for cc in gcc clang; do
	have $cc || { skip "$cc" "not installed"; continue; }
	check "$cc: headers compile alone" headers_alone $cc
	check "$cc: the program" all_sources $cc "$sources" ""
	check "$cc: kqueue over the stand-in of the tests" all_sources $cc \
	    "$shim $(echo "$sources" | tr ' ' '\n' | grep kqueue)" \
	    "-DHAVE_KQUEUE=1 -Itests/atf/kqueue_shim"
	check "$cc: fuzz targets" all_sources $cc "$fuzz" ""
	check "$cc: the program in one file" one_file $cc
	if have pkg-config && pkg-config --exists atf-c; then
		check "$cc: tests and their helpers" all_sources $cc "$tests" \
		    "-Itests/atf -Itests/fuzz $(pkg-config --cflags atf-c)"
	else
		skip "$cc: tests and their helpers" "no atf-c"
	fi
done

# Every choice of compat.h must compile where it can be chosen: all of the
# program, and with all warnings what says something else by it.
choices() {
	for choice in -DHAVE_EPOLL=0 -DHAVE_STRLCPY=0; do
		what=${choice#-D}
		all_sources gcc "$(grep -l "${what%=*}" $sources)" "$choice"
		gcc $warnings $choice -o $out/mm milter-manager.c
	done
}
! have gcc || check "gcc: without what a system may lack" choices

# --- analysers --------------------------------------------------------------

# One file a process: the analyzer of version 14 loses track of va_start when
# it is given several.
tidy() {
	printf '%s\n' $sources | xargs -n 1 -P 2 sh -c 'clang-tidy --quiet \
	    --config-file=mk/clang-tidy.yaml "$1" -- $0' "$flags" \
	    2>$out/tidy.err && return 0
	# Its counts of hidden warnings are not findings.
	grep -v ' warnings* generated\.$' $out/tidy.err
	return 1
}
if have clang-tidy; then
	check "clang-tidy" tidy
else
	skip "clang-tidy" "not installed"
fi

# --- manual pages -----------------------------------------------------------

pages=$(ls man/*.[1-9] 2>/dev/null)
# Whether other pages are installed on this machine is not asked; whether ours
# are there that ours refer to, is.
manual() {
	mandoc -Tlint -Wstyle $pages 2>&1 |
	    grep -v -e 'STYLE: referenced manual not found' -e 'mandoc\.db'
	grep -n '^\.Xr milter-' $pages | while read -r _ name section _; do
		test -f "man/$name.$section" || echo "no man/$name.$section"
	done
	return 0
}
if ! have mandoc; then
	skip "mandoc" "not installed"
elif [ -n "$pages" ]; then
	check "mandoc -Tlint -Wstyle" manual
fi

# --- scripts ----------------------------------------------------------------

scripts=$(ls mk/*.sh tests/atf/h_*.sh bench/*.sh rc.d/* pkg/*.openrc \
    pkg/*.procd 2>/dev/null)
syntax() {
	for file in $scripts $shell_tests; do
		$1 -n "$file"
	done
}
if have dash; then
	check "dash -n" syntax dash
else
	check "sh -n" syntax sh
fi
if have shellcheck; then
	# SC2086: word splitting is how these scripts pass lists of flags.
	# SC1091: other files are not followed.
	check "shellcheck" shellcheck -s sh -S warning -e SC1091 $scripts
	# atf-sh: cases are called by name, its functions come from outside,
	# and it offers local.
	test -z "$shell_tests" ||
	    check "shellcheck of the tests" shellcheck -s dash -S warning \
	    -e SC1091,SC2034 $shell_tests
	check "shellcheck of .ci/run" shellcheck -S warning .ci/run
else
	skip "shellcheck" "not installed"
fi

line="$passed passed, $failed failed"
test $skipped -eq 0 || line="$line, $skipped skipped"
echo "$line"
test $failed -eq 0
