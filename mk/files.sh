#!/bin/sh
#
# files.sh - writes mk/files.mk to the standard output, from what is in the
# tree.  After adding or removing a file: sh mk/files.sh > mk/files.mk.tmp &&
# mv mk/files.mk.tmp mk/files.mk; `bmake lint` finds out when it was forgotten.

set -eu
LC_ALL=C
export LC_ALL

# list NAME PATTERN... - one make variable of the files that match.
list() {
	name=$1
	shift
	printf '%s=' "$name"
	for file in "$@"; do
		test ! -f "$file" || printf ' \\\n\t%s' "$file"
	done
	printf '\n'
}

cat <<'EOT'
# files.mk - every source file, floor by floor.  Written by mk/files.sh.

EOT
floors=
for floor in base event config milter net detect message condition manager \
    control tool daemon; do
	test -d "src/$floor" || continue
	name=SRCS_$(printf '%s' "$floor" | tr '[:lower:]' '[:upper:]')
	list "$name" "src/$floor"/*.c
	floors="$floors \${$name}"
done
list SRCS_COMPAT compat/*.c
printf 'SRCS= ${SRCS_COMPAT}'
for name in $floors; do
	printf ' \\\n\t%s' "$name"
done
printf ' \\\n\tsrc/main.c\n\n'
list HDRS compat/*.h src/*/*.h
printf '\n'
list SHIM_SRCS tests/atf/kqueue_shim/*.c
list SHIM_HDRS tests/atf/kqueue_shim/*.h tests/atf/kqueue_shim/*/*.h
printf '\n'
list TESTS_C tests/atf/t_*.c
list TESTS_SH tests/atf/t_*.sh
list TEST_PROGS tests/atf/h_*.c
list TEST_HDRS tests/atf/*.h
data=$(find tests/atf -maxdepth 1 -type f ! -name '*.h' \
    \( -name 'h_*.sh' -o -name 'h_*.p[ly]' -o -name 'd_*' \) | sort)
list TEST_DATA $data
list FUZZ_SRCS tests/fuzz/fuzz_*.c
list FUZZ_HDRS tests/fuzz/*.h
