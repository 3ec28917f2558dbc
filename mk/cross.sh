#!/bin/sh
#
# cross.sh SOURCES TESTS - each a list of files in one word.  One line a target;
# what the compiler said when it failed.  CROSS_TARGETS in the environment
# chooses among the targets below.
#
# For each the program is linked against the real symbols of the system, so a
# missing function is an error here, not on a user's machine.  What is not run is
# not optimized: neither the compiler's warnings nor the symbols depend on it,
# and it takes a quarter of the time.  TESTS run, static over musl, on two
# big-endian processors, of 32 and of 64 bits; an emulator takes twenty times as
# long, so that they do less of what they do many thousand times.

set -u
sources=$1 tests=$2
out=build/cross tools=build/tools
bsd="x86_64-freebsd x86_64-netbsd x86_64-openbsd powerpc64-freebsd
mips-netbsd-eabi"
musl="arm-linux-musleabihf aarch64-linux-musl mips-linux-musleabi
s390x-linux-musl"
targets=${CROSS_TARGETS:-$bsd $musl}
# powerpc64: its driver passes an option that its compiler does not use.
warnings="$(cat mk/warnings.txt) -Wno-unused-command-line-argument"
flags="-std=c99 -fno-sanitize=undefined -Isrc -Icompat"
passed=0 failed=0

if ! cmp -s mk/cross.txt $tools/zig/cross.txt; then
	echo "cross: installing the cross compiler into $tools"
	rm -rf $tools/zig
	mkdir -p $tools &&
	    python3 -m venv $tools/zig &&
	    $tools/zig/bin/python -m pip install --quiet \
	    --disable-pip-version-check --only-binary=:all: --require-hashes \
	    -r mk/cross.txt &&
	    cp mk/cross.txt $tools/zig/ || {
		echo "cross: python3 with venv, and PyPI, are needed" >&2
		echo "0 passed, 1 failed"
		exit 1
	}
fi
ZIG_GLOBAL_CACHE_DIR=$PWD/$tools/zig-cache
ZIG_LOCAL_CACHE_DIR=$ZIG_GLOBAL_CACHE_DIR
export ZIG_GLOBAL_CACHE_DIR ZIG_LOCAL_CACHE_DIR

zig=$(find "$PWD/$tools/zig/" -type f -path '*/ziglang/zig' | head -n 1)

# Without the last option, what a function that nobody calls needs is not looked
# up.
link() {
	target=$1
	shift
	"$zig" cc -target "$target" $flags -Wl,--no-gc-sections \
	    -o "$out/$target/milter-manager" "$@"
}

# build TARGET - the program; of those that run tests, from objects, and the
# names of all but main's in $library.
build() {
	dir=$out/$1
	rm -rf "$dir"
	mkdir -p "$dir"
	case $1 in
	mips-linux-* | s390x-linux-*) ;;
	*-musl*)	# dynamic: there is no need to build its libc.a
		link "$1" $warnings -O0 -dynamic $sources
		return
		;;
	*)
		link "$1" $warnings -O0 $sources
		return
		;;
	esac
	library=
	bad=0
	for file in $sources; do
		object=$dir/$(echo "${file%.c}" | tr / -).o
		test "$file" = src/main.c || library="$library $object"
		"$zig" cc -target "$1" $flags $warnings -O2 -c -o "$object" \
		    "$file" || bad=1
	done
	test $bad -eq 0 || return 1
	link "$1" -O2 -static "$dir"/*.o
}

# run_tests TARGET EMULATOR
run_tests() {
	dir=$out/$1
	home=$PWD/tests/atf
	bad=0
	for file in $tests; do
		name=${file##*/}
		name=${name%.c}
		"$zig" cc -target "$1" $flags -O2 -Itests/atf/miniatf \
		    -Itests/atf -static -o "$dir/$name" "$file" \
		    tests/atf/miniatf/atf-c.c $library || return 1
		mkdir -p "$dir/work"
		(cd "$dir/work" && MINIATF_SRCDIR=$home MM_TEST_FEWER=20 \
		    "$2" "../$name") >"$dir/$name.log" 2>&1 || {
			echo "$name:"
			cat "$dir/$name.log"
			bad=1
		}
	done
	return $bad
}

result() {
	if [ "$1" -eq 0 ]; then
		echo "ok      $2"
		passed=$((passed + 1))
	else
		echo "FAILED  $2"
		sed 's/^/	/' $out/log
		failed=$((failed + 1))
	fi
}

mkdir -p $out || exit 1
for target in $targets; do
	build "$target" >$out/log 2>&1
	built=$?
	result $built "$target: program"
	case $target in
	mips-linux-*) emulator=qemu-mips-static ;;
	s390x-linux-*) emulator=qemu-s390x-static ;;
	*) continue ;;
	esac
	test $built -eq 0 || continue
	if ! command -v $emulator >/dev/null; then
		echo "$emulator is not there" >$out/log
		result 1 "$target: unit tests"
		continue
	fi
	run_tests "$target" $emulator >$out/log 2>&1
	status=$?
	result $status "$target: unit tests, $(cat $out/"$target"/t_*.log |
	    grep -c '^passed') cases under $emulator"
done
echo "$passed passed, $failed failed"
test $failed -eq 0
