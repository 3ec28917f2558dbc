#!/bin/sh
#
# sendmail.sh - Sendmail for the tests, unpacked into build/tools/sendmail.
#
# Debian's packages of it conflict with Postfix's, so they are not installed:
# they are downloaded once, with the libraries that this machine lacks, and
# unpacked beside.  Needs apt and its sources, not root; `bmake clean` leaves
# them there.  Elsewhere, or without a network, the tests with Sendmail skip
# themselves and say so, and this is no failure.
#
# Leaves: sendmail (the program), lib/ (the libraries), cf/ (for m4).

set -u
cd "$(dirname "$0")/.." || exit 1
tools=$PWD/build/tools/sendmail
work=$tools.new

give_up() {
	echo "sendmail: $*; the tests with Sendmail will be skipped"
	rm -rf "$work"
	exit 0
}

if [ -x "$tools/sendmail" ]; then
	exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
	give_up "this system has no apt"
fi

installed() {
	dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
	    grep -q '^installed$'
}

# The libraries that a package depends on.  Its programs need nothing else.
libraries() {
	apt-cache depends --important "$1" 2>/dev/null |
	    sed -n 's/^ *\(Pre\)\{0,1\}Depends: \(lib[^<> ]*\)$/\2/p'
}

# get PACKAGE - downloads it, and what it needs, and so on.
get() {
	case $seen in *" $1 "*) return 0 ;; esac
	seen="$seen$1 "
	# As root, apt complains that its own user may not write here.
	(cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$1") \
	    >"$work/log" 2>&1 || return 1
	for library in $(libraries "$1"); do
		# Of what is installed all that it needs is, too.
		installed "$library" || get "$library" || return 1
	done
}

echo "sendmail: unpacking it into build/tools/sendmail"
rm -rf "$work"
mkdir -p "$work/root" "$work/new/lib" || exit 1
all() {
	seen=" "
	get sendmail-bin && get sendmail-cf
}
# The lists of a fresh machine may be empty or old; only root may renew them.
if ! all && ! { [ "$(id -u)" -eq 0 ] && apt-get -q update >"$work/log" 2>&1 &&
    all; }; then
	cat "$work/log"
	give_up "the packages could not be downloaded"
fi
for package in "$work"/*.deb; do
	dpkg-deb -x "$package" "$work/root" ||
	    give_up "${package##*/} could not be unpacked"
done
cp "$work/root/usr/libexec/sendmail/sendmail" "$work/new/sendmail" &&
    cp -R "$work/root/usr/share/sendmail/cf" "$work/new/cf" ||
    give_up "the packages have another layout"
# A set-group-id program would not look into our lib/.
chmod 755 "$work/new/sendmail"
find "$work/root" -name 'lib*.so.*' -exec cp -P {} "$work/new/lib/" \;
rm -rf "$tools"
mv "$work/new" "$tools" || exit 1
rm -rf "$work"
