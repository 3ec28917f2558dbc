#! /bin/sh
#
# SPDX-License-Identifier: BSD-2-Clause
#
# h_detect.sh - a tree of files as a system has them, and what is found there.
# Owns:      ./root, detect.out, detect.err in the work folder.
# Called by: t_detect*.sh, sourced.
# Must not:  read or write what is outside of the work folder.
#
#	root_file PATH		the standard input is the file ./root/PATH
#	root_script PATH	the same, and it can be executed
#	root_append PATH	the standard input is added to it
#	root_link TARGET PATH	a symbolic link there
#	root_remove PATH...	no longer there
#	detect PLATFORM [OPTION...]
#				prints the candidates that are installed there
#				(see h_detect.c), into detect.out, too
#	expect PLATFORM [OPTION...]
#				that must be the standard input, line by line,
#				and nothing on standard error
#	expect_one PLATFORM NAME LINE...
#				"h_detect -l" says of NAME what each LINE is
#				(NAME alone: it is not installed)
#
# Paths are those that the system would have: "/etc/rc.conf".

root_file()
{

	mkdir -p "./root/$(dirname "$1")" || atf_fail "mkdir for $1"
	rm -f "./root/$1"
	cat > "./root/$1" || atf_fail "write $1"
}

root_script()
{

	root_file "$1"
	chmod +x "./root/$1"
}

root_append()
{

	cat >> "./root/$1" || atf_fail "append to $1"
}

root_link()
{

	mkdir -p "./root/$(dirname "$2")" || atf_fail "mkdir for $2"
	rm -f "./root/$2"
	ln -s "$1" "./root/$2" || atf_fail "link $2"
}

root_remove()
{

	for rr_path in "$@"; do
		rm -rf "./root/$rr_path"
	done
}

detect()
{

	d_platform=$1
	shift
	mkdir -p ./root
	"$(atf_get_srcdir)/h_detect" -p "$d_platform" -r "$PWD/root" "$@" \
	    > detect.out 2> detect.err
	d_status=$?
	cat detect.out
	cat detect.err >&2
	return $d_status
}

expect()
{

	cat > expect.out
	detect "$@" > /dev/null 2>&1 || {
		cat detect.err >&2
		atf_fail "detect $*: status $?"
	}
	diff -u expect.out detect.out >&2 ||
	    atf_fail "detect $* finds something else"
	[ ! -s detect.err ] || atf_fail "detect $*: $(cat detect.err)"
}

expect_one()
{

	eo_platform=$1 eo_name=$2
	shift 2
	detect "$eo_platform" -l > /dev/null || atf_fail "detect"
	awk -v name="$eo_name" '!/^\t/ { on = $1 == name } on' detect.out \
	    > one.out
	[ $# -gt 0 ] || [ ! -s one.out ] || atf_fail "$eo_name is there"
	for eo_line in "$@"; do
		grep -q -x -F -e "$eo_line" -e "	$eo_line" one.out || {
			cat one.out >&2
			atf_fail "$eo_name: not '$eo_line'"
		}
	done
}
